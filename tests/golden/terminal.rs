//! What a terminal does beside single commands: watching, Ctrl-C, pipes, scripts, completion.

use std::collections::BTreeMap;
use std::time::Duration;

use kubarium::cluster::{Cluster, Config};
use kubarium::kubectl::{Session, complete};
use kubarium::sim::secs;

use super::host::{Desk, Outcome, World, run};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: c, image: 'nginx:1.25'}
";

fn terminal() -> (Session, Desk) {
    let mut cluster = Cluster::new(Config::bare(1, 3));
    cluster.run_for(secs(10));
    let files = BTreeMap::from([("web.yaml".to_owned(), WEB.to_owned())]);
    let (world, desk) = World::new(cluster, files, Duration::ZERO);
    (Session::new(world, "default"), desk)
}

fn check(session: &mut Session, desk: &Desk, line: &str, printed: &str, exit_code: i32) {
    let outcome = run(session, desk, line);
    let expected = Outcome {
        text: printed.to_owned(),
        exit_code,
        interrupted: false,
    };
    assert_eq!(outcome, expected, "{line}");
}

#[test]
fn a_shell_around_kubectl() {
    let (mut session, desk) = terminal();
    for (line, printed, code) in [
        ("echo a  'b  c' \"d\"e", "a b  c de\n", 0),
        (
            "A=1; B=\"x $A\"; echo $B ${C:-none} '$A'",
            "x 1 none $A\n",
            0,
        ),
        (
            "echo b a c | tr ' ' '\\n' | sort | head -2 | wc -l",
            "2\n",
            0,
        ),
        ("false || echo no && echo yes", "no\nyes\n", 0),
        ("nope", "sh: nope: command not found\n", 127),
        ("nope 2>/dev/null; echo $?", "127\n", 0),
        ("V=$(false); echo $?; V=$(true); echo $?", "1\n0\n", 0),
        (
            "echo hi > f.txt; cat f.txt; echo ho >> f.txt; wc -l f.txt",
            "hi\n2 f.txt\n",
            0,
        ),
        ("for i in 1 2; do echo n$i; done", "n1\nn2\n", 0),
        (
            "if grep -q nginx web.yaml; then echo found; else echo not; fi",
            "found\n",
            0,
        ),
        ("ls *.yaml", "web.yaml\n", 0),
        (
            "X=$(echo a; echo b); echo \"$X\"; echo $X",
            "a\nb\na b\n",
            0,
        ),
        (
            "echo 'unfinished",
            "sh: unexpected end of input while looking for matching `''\n",
            2,
        ),
        ("sed -n '2,$p' web.yaml | head -1", "kind: Deployment\n", 0),
        ("while true; do echo x; done | head -3", "x\nx\nx\n", 0),
        (
            "k get foo",
            "error: the server doesn't have a resource type \"foo\"\n",
            1,
        ),
        (
            "kubectl gte pods",
            "error: unknown command \"gte\" for \"kubectl\"\n\nDid you mean this?\n\tget\n",
            1,
        ),
    ] {
        check(&mut session, &desk, line, printed, code);
    }
    let line = "kubectl apply -f - <<EOF\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: n-$A\ndata: {a: b}\nEOF";
    check(&mut session, &desk, line, "configmap/n-1 created\n", 0);
}

#[test]
fn a_watch_tells_every_change_until_it_is_interrupted() {
    let (mut session, desk) = terminal();
    let mut watch = session.start("kubectl get deploy -w");
    let mut text = String::new();
    let mut poll = |job: &mut kubarium::kubectl::Job| {
        let progress = job.poll();
        text.extend(progress.output.into_iter().map(|span| span.text));
        progress.exit_code
    };
    assert_eq!(poll(&mut watch), None);
    let mut other = Session::new(session.host().clone(), "default");
    let applied = run(&mut other, &desk, "kubectl apply -f web.yaml");
    assert_eq!(applied.text, "deployment.apps/web created\n");
    for _ in 0..200 {
        let limit = desk.borrow().now() + secs(1);
        desk.borrow_mut().step(limit);
        assert_eq!(poll(&mut watch), None);
    }
    watch.interrupt();
    assert!(watch.is_done());
    assert_eq!(poll(&mut watch), Some(130));
    let first = text.lines().nth(1).unwrap_or_default();
    assert!(
        text.starts_with("NAME   READY   UP-TO-DATE   AVAILABLE   AGE\n"),
        "{text}"
    );
    assert!(
        first.starts_with("web    0/2     0            0           0s"),
        "{text}"
    );
    assert!(text.contains("web    2/2     2            2 "), "{text}");
}

#[test]
fn completion_offers_what_may_stand_there() {
    let (mut session, desk) = terminal();
    assert_eq!(
        run(&mut session, &desk, "kubectl apply -f web.yaml").exit_code,
        0
    );
    desk.borrow_mut().run_for(secs(5));
    for (line, start, expected) in [
        ("kub", 0, vec!["kubectl"]),
        ("kubectl rollout st", 16, vec!["status"]),
        ("k des", 2, vec!["describe"]),
        ("kubectl get deploym", 12, vec!["deployments"]),
        ("kubectl get deploy w", 19, vec!["web"]),
        ("kubectl get deploy/", 12, vec!["deploy/web"]),
        ("echo x | kubectl scale deploy/w", 23, vec!["deploy/web"]),
        ("kubectl apply -f w", 17, vec!["web.yaml"]),
        ("kubectl get pods -n kube-s", 20, vec!["kube-system"]),
        (
            "kubectl get pods --namespace=kube-p",
            17,
            vec!["--namespace=kube-public"],
        ),
        ("kubectl get pods --show-l", 17, vec!["--show-labels"]),
        ("kubectl get pods -o y", 20, vec!["yaml"]),
        ("kubectl set image deploy/web c", 29, vec!["c="]),
        ("cat w", 4, vec!["web.yaml"]),
        ("kubectl nonsense ", 17, vec![]),
    ] {
        let completion = complete(&session, line, line.len());
        assert_eq!(
            (completion.start, completion.words),
            (start, expected.into_iter().map(str::to_owned).collect()),
            "{line}"
        );
    }
}

#[test]
fn a_node_is_drained() {
    let (mut session, desk) = terminal();
    let line = "kubectl apply -f web.yaml && kubectl rollout status deploy/web && kubectl run lone --image=nginx && sleep 1";
    assert_eq!(run(&mut session, &desk, line).exit_code, 0);
    let node = run(
        &mut session,
        &desk,
        "kubectl get pod lone -o jsonpath='{.spec.nodeName}'",
    )
    .text;
    let refused = run(&mut session, &desk, &format!("kubectl drain {node}"));
    assert_eq!(refused.exit_code, 1);
    assert!(
        refused.text.contains(
            "cannot delete Pods that declare no controller (use --force to override): default/lone"
        ),
        "{}",
        refused.text
    );
    let drained = run(
        &mut session,
        &desk,
        &format!("kubectl drain {node} --force"),
    );
    assert_eq!(drained.exit_code, 0, "{}", drained.text);
    assert!(
        drained.text.contains("evicting pod default/lone\n"),
        "{}",
        drained.text
    );
    assert!(
        drained.text.ends_with(&format!("node/{node} drained\n")),
        "{}",
        drained.text
    );
    let line = format!("kubectl get pods --field-selector=spec.nodeName={node} -o name");
    check(&mut session, &desk, &line, "", 0);
}

#[test]
fn curl_reaches_a_service_by_name() {
    let mut cluster = Cluster::new(Config::playground(1, 2));
    cluster.run_for(secs(60));
    let files = BTreeMap::from([("web.yaml".to_owned(), WEB.to_owned())]);
    let (world, desk) = World::new(cluster, files, Duration::ZERO);
    let mut session = Session::new(world, "default");
    let line = "kubectl apply -f web.yaml && kubectl rollout status deploy/web && kubectl expose deploy web --port=80";
    let outcome = run(&mut session, &desk, line);
    assert_eq!(outcome.exit_code, 0, "{}", outcome.text);
    desk.borrow_mut().run_for(secs(2));
    let outcome = run(
        &mut session,
        &desk,
        "curl -s -o /dev/null -w '%{http_code}\\n' http://web",
    );
    assert_eq!(outcome.text, "200\n");
    let outcome = run(&mut session, &desk, "curl -s web | head -1");
    assert_eq!(outcome.text, "<!DOCTYPE html>\n");
    check(
        &mut session,
        &desk,
        "curl http://nowhere",
        "curl: (6) Could not resolve host: nowhere\n",
        6,
    );
}
