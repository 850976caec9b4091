//! `kubectl logs`. Models `k8s.io/kubectl/pkg/cmd/logs`.

use std::time::Duration;

use serde_json::Value;

use super::Command;
use crate::api::Kind;
use crate::apiserver::{Body, Method};
use crate::kubectl::describe::selector_text;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::{list, name, namespace, text};
use crate::kubectl::kube::{Kube, path};

pub const LOGS: Command = Command {
    path: "logs",
    short: "Print the logs for a container in a pod",
    help: "[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]
Print what a container wrote. The container can be left out if there is one, or one is the default.

# A pod
kubectl logs web

# Go on as lines come, from the last twenty
kubectl logs -f deployment/web --tail=20

# Before the last restart
kubectl logs web -c sidecar --previous

# All pods with a label, each line with its pod
kubectl logs -l app=web --prefix",
    flags: &[
        "all-containers=false all-pods=false -c,container='' -f,follow=false ignore-errors=false insecure-skip-tls-verify-backend=false limit-bytes=0 max-log-requests=5 pod-running-timeout=20s prefix=false -p,previous=false -l,selector='' since-time='' since=0s tail=-1 timestamps=false",
    ],
    run: |kube| Box::pin(run(kube)),
};

/// How often a followed log is looked at.
const EVERY: Duration = Duration::from_millis(250);

/// One log that is read.
struct Source {
    namespace: String,
    pod: String,
    container: String,
    /// What has been printed of it, in bytes.
    printed: usize,
    begun: bool,
    done: bool,
}

async fn run(kube: &Kube) -> Result<()> {
    check(kube)?;
    let mut sources = sources(kube).await?;
    let prefix = kube.flags.is("prefix");
    let follow = kube.flags.is("follow");
    loop {
        for source in &mut sources {
            if source.done {
                continue;
            }
            let log = match read(kube, source).await {
                Ok(log) => log,
                // It will start: whoever follows it waits for that.
                Err(failure) if follow && is_starting(&failure) => continue,
                Err(failure) if kube.flags.is("ignore-errors") => {
                    kube.warn(&failure.message());
                    source.done = true;
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            if let (false, Some(lines)) = (source.begun, kube.flags.int("tail").filter(|n| *n >= 0))
            {
                source.printed = tail_start(&log, lines);
            }
            source.begun = true;
            let fresh = log.get(source.printed..).unwrap_or_default();
            match prefix {
                true => {
                    for line in fresh.lines() {
                        kube.print(&format!("[pod/{}/{}] {line}", source.pod, source.container));
                    }
                }
                false => kube.io.out.write(fresh),
            }
            source.printed = log.len().max(source.printed);
            source.done = !follow || has_ended(kube, source).await;
        }
        if sources.iter().all(|s| s.done) {
            return Ok(());
        }
        kube.shell.world.sleep(EVERY).await;
    }
}

/// Whether a log is refused because its container is still being made.
fn is_starting(failure: &Failure) -> bool {
    let message = failure.message();
    failure.reason() == "BadRequest"
        && ["ContainerCreating", "PodInitializing"]
            .iter()
            .any(|reason| message.ends_with(&format!("is waiting to start: {reason}")))
}

/// What cannot be asked for (`LogsOptions.Validate`).
fn check(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    if flags.int("limit-bytes").is_some_and(|n| n < 0) {
        return plain("--limit-bytes must be greater than 0");
    }
    if flags.nanos("since").is_some_and(|n| n < 0) {
        return plain("--since must be greater than 0");
    }
    if flags.given("since") && flags.given("since-time") {
        return plain("at most one of `sinceTime` or `sinceSeconds` may be specified");
    }
    if flags.given("since-time")
        && crate::api::rfc3339::parse_time(flags.text("since-time")).is_none()
    {
        let stamp = flags.text("since-time");
        return plain(format!(
            "parsing time \"{stamp}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{stamp}\" as \"2006\""
        ));
    }
    let container = match flags.text("container") {
        "" => flags.arguments.get(1).map_or("", String::as_str),
        named => named,
    };
    if flags.is("all-containers") && !container.is_empty() {
        return plain(format!(
            "--all-containers=true should not be specified with container name {container}"
        ));
    }
    if flags.int("tail").is_some_and(|n| n < -1) {
        return plain("--tail must be greater than or equal to -1");
    }
    Ok(())
}

/// Whether a container will write no more.
async fn has_ended(kube: &Kube, source: &Source) -> bool {
    let Some(kind) = Kind::by_gvk("v1", "Pod") else {
        return true;
    };
    match kube.get(kind.info(), &source.namespace, &source.pod).await {
        Ok(pod) => {
            let all = ["containerStatuses", "initContainerStatuses"];
            let mut statuses = all.iter().flat_map(|field| list(&pod["status"], field));
            statuses
                .find(|s| text(s, "name") == source.container)
                .is_some_and(|s| s["state"]["terminated"].is_object())
        }
        Err(_) => true,
    }
}

async fn read(kube: &Kube, source: &Source) -> Result<String> {
    let Some(kind) = Kind::by_gvk("v1", "Pod") else {
        return plain("pods are not served");
    };
    let flags = &kube.flags;
    let mut request = kube
        .request(
            Method::Get,
            path(kind.info(), &source.namespace, &source.pod, "log"),
        )
        .with_query("container", source.container.as_str());
    for (query, flag) in [("previous", "previous"), ("timestamps", "timestamps")] {
        if flags.is(flag) {
            request = request.with_query(query, "true");
        }
    }
    if let Some(bytes) = flags.int("limit-bytes") {
        request = request.with_query("limitBytes", bytes.to_string());
    }
    if let Some(since) = flags.nanos("since").filter(|n| *n > 0) {
        let seconds = (since + 999_999_999) / 1_000_000_000;
        request = request.with_query("sinceSeconds", seconds.to_string());
    }
    if flags.given("since-time") {
        request = request.with_query("sinceTime", flags.text("since-time"));
    }
    Ok(match kube.send(request).await? {
        Body::Text(text) => text,
        Body::Json(value) => crate::kubectl::json::scalar(&value),
        Body::Empty => String::new(),
    })
}

/// All that a container has printed.
pub(super) async fn text_of(
    kube: &Kube,
    namespace: &str,
    pod: &str,
    container: &str,
) -> Result<String> {
    let source = Source {
        namespace: namespace.to_owned(),
        pod: pod.to_owned(),
        container: container.to_owned(),
        printed: 0,
        begun: false,
        done: false,
    };
    read(kube, &source).await
}

/// Where the last lines of a log begin.
fn tail_start(log: &str, lines: i64) -> usize {
    let all: Vec<&str> = log.split_inclusive('\n').collect();
    let skip = all
        .len()
        .saturating_sub(usize::try_from(lines).unwrap_or(0));
    all.iter().take(skip).map(|l| l.len()).sum()
}

/// The logs that the words name.
/// What `logs` says of a name that nothing has.
fn not_there(kube: &Kube, failure: Failure) -> Failure {
    match failure.is_not_found() {
        true => Failure::Plain(format!(
            "error from server (NotFound): {} in namespace \"{}\"",
            failure.message(),
            kube.namespace()
        )),
        false => failure,
    }
}

async fn sources(kube: &Kube) -> Result<Vec<Source>> {
    let flags = &kube.flags;
    let selector = flags.text("selector");
    let words = &flags.arguments;
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    if !selector.is_empty() {
        if !words.is_empty() {
            return kube.usage("only a selector (-l) or a POD name is allowed");
        }
        let query = [("labelSelector", selector.to_owned())];
        let found = kube.list(pods, &kube.namespace(), &query).await?;
        if found.is_empty() {
            kube.warn(&format!(
                "No resources found in {} namespace.",
                kube.namespace()
            ));
        }
        let mut sources = Vec::new();
        for pod in &found {
            sources.extend(containers(kube, pod)?);
        }
        return Ok(sources);
    }
    let (first, container) = match words.as_slice() {
        [] => {
            return plain(
                "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command\nSee 'kubectl logs -h' for help and examples",
            );
        }
        [pod] => (pod, ""),
        [pod, container] => (pod, container.as_str()),
        _ => {
            return plain(
                "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command\nSee 'kubectl logs -h' for help and examples",
            );
        }
    };
    if !first.contains('/') {
        let pod = kube.get(pods, &kube.namespace(), first).await;
        let pod = pod.map_err(|failure| not_there(kube, failure))?;
        return with_container(kube, &pod, container);
    }
    let targets = kube.targets(std::slice::from_ref(first)).await?.targets;
    let Some(target) = targets.into_iter().next() else {
        return plain("no resource was named");
    };
    let object = kube
        .get(target.kind, &target.namespace, &target.name)
        .await
        .map_err(|failure| not_there(kube, failure))?;
    if target.kind.kind == "Pod" {
        return with_container(kube, &object, container);
    }
    let selector = match target.kind.kind {
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" | "Job" => {
            selector_text(&object["spec"]["selector"])
        }
        "Service" | "ReplicationController" => {
            let selector = &object["spec"]["selector"];
            if selector.as_object().is_none_or(|s| s.is_empty()) {
                return plain(format!(
                    "cannot get the logs from *v1.{}: invalid service '{}': Service is defined without a selector",
                    target.kind.kind,
                    name(&object)
                ));
            }
            crate::kubectl::describe::flat_labels_text(&object["spec"]["selector"])
        }
        _ => {
            let type_ = format!("*{}.{}", target.kind.version, target.kind.kind);
            return plain(format!(
                "cannot get the logs from {type_}: selector for {type_} not implemented"
            ));
        }
    };
    let mut found = kube
        .list(pods, &target.namespace, &[("labelSelector", selector)])
        .await?;
    // Those that run come first.
    found.sort_by_key(|pod| (text(pod, "status.phase") != "Running", name(pod).to_owned()));
    if flags.is("all-pods") {
        let mut sources = Vec::new();
        for pod in &found {
            sources.extend(containers(kube, pod)?);
        }
        return Ok(sources);
    }
    let Some(pod) = found.first() else {
        return Err(Failure::Plain(
            "timed out waiting for the condition".to_owned(),
        ));
    };
    if found.len() > 1 {
        kube.warn(&format!(
            "Found {} pods, using pod/{}",
            found.len(),
            name(pod)
        ));
    }
    with_container(kube, pod, container)
}

fn with_container(kube: &Kube, pod: &Value, container: &str) -> Result<Vec<Source>> {
    match container {
        "" => containers(kube, pod),
        container => {
            super::exec::known(pod, container)?;
            Ok(vec![source(pod, container)])
        }
    }
}

fn source(pod: &Value, container: &str) -> Source {
    Source {
        namespace: namespace(pod).to_owned(),
        pod: name(pod).to_owned(),
        container: container.to_owned(),
        printed: 0,
        begun: false,
        done: false,
    }
}

fn containers(kube: &Kube, pod: &Value) -> Result<Vec<Source>> {
    let names = |field: &str| -> Vec<&str> {
        list(&pod["spec"], field)
            .iter()
            .map(|c| text(c, "name"))
            .collect()
    };
    let (init, main) = (names("initContainers"), names("containers"));
    let ephemeral = names("ephemeralContainers");
    if kube.flags.is("all-containers") {
        let order = init.iter().chain(&main).chain(&ephemeral);
        return Ok(order.map(|c| source(pod, c)).collect());
    }
    Ok(vec![source(pod, &super::exec::container(kube, pod)?)])
}
