//! Ingresses, network policies, load balancers and their like.

mod balancers;
mod endpoints;
mod ingress;
mod kinds;
mod modes;
mod names;
mod policies;

use kubarium::kubectl::headless::Terminal;
use kubarium::sim::secs;

use crate::common::settled as terminal;

fn wait(terminal: &mut Terminal, seconds: u64) {
    terminal.desk.borrow_mut().run_for(secs(seconds));
}

/// Text and exit code of a line.
fn run(terminal: &mut Terminal, line: &str) -> (String, i32) {
    let outcome = terminal.run(line);
    assert!(!outcome.interrupted, "{line}: {}", outcome.text);
    (outcome.text, outcome.exit_code)
}

/// The text of a line that has to succeed.
fn says(terminal: &mut Terminal, line: &str) -> String {
    let (text, code) = run(terminal, line);
    assert_eq!(code, 0, "{line}: {text}");
    text
}

fn applied(terminal: &mut Terminal, yaml: &str) {
    says(
        terminal,
        &format!("cat <<EOF | kubectl apply -f -\n{yaml}\nEOF"),
    );
}

/// A pod of a web server that says its name.
fn server(name: &str, labels: &str, more: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{{labels}}}}}, spec: {{{more} containers: [{{name: c, image: registry.k8s.io/e2e-test-images/agnhost:2.53, args: [netexec, --http-port=8080], ports: [{{name: http, containerPort: 8080}}], readinessProbe: {{httpGet: {{path: /healthz, port: 8080}}, periodSeconds: 1}}}}]}}}}"
    )
}

/// A pod to ask from.
fn client(name: &str, labels: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{{labels}}}}}, spec: {{terminationGracePeriodSeconds: 0, containers: [{{name: c, image: busybox, command: [sleep, infinity]}}]}}}}"
    )
}

fn service(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80, targetPort: 8080}}]{spec}}}}}"
    )
}

/// What answers a request, or with which code curl ends.
fn answer(terminal: &mut Terminal, request: &str) -> String {
    let (text, code) = run(terminal, &format!("curl -s -m 5 {request}"));
    match code {
        0 => text.trim().to_owned(),
        code => format!("curl: {code}"),
    }
}

/// The same from inside a pod; `wget` of busybox.
fn asked_from(terminal: &mut Terminal, pod: &str, url: &str) -> String {
    let line = format!("kubectl exec {pod} -- wget -q -O- -T 5 {url}");
    let (text, _) = run(terminal, &line);
    text.trim().to_owned()
}
