//! `kubectl attach`, and what `kubectl run` does when it attaches. Models
//! `k8s.io/kubectl/pkg/cmd/attach` and `cmd/run`.
//!
//! Divergence: a container's process reads nothing. One that would be a shell at a terminal waits,
//! and whoever attaches gets a shell beside it; of any other, the output is shown.

use std::time::Duration;

use serde_json::Value;

use super::exec::{container, pod, talk};
use super::{Command, logs};
use crate::api::Kind;
use crate::apiserver::Method;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::{int, list, name, namespace, text};
use crate::kubectl::kube::{Kube, path};
use crate::sim::secs;

pub const ATTACH: Command = Command {
    path: "attach",
    short: "Attach to a running container",
    help: "(POD | TYPE/NAME) -c CONTAINER
Join a process that already runs in a container.

# See what it writes
kubectl attach web

# Type to it
kubectl attach web -c shell -i -t",
    flags: &[
        "-c,container='' detach-keys='ctrl-p,ctrl-q' pod-running-timeout=1m0s -q,quiet=false -i,stdin=false -t,tty=false",
    ],
    run: |kube| Box::pin(run(kube)),
};

/// How often the output is looked at.
const EVERY: Duration = Duration::from_millis(100);

async fn run(kube: &Kube) -> Result<()> {
    let target = match kube.flags.arguments.as_slice() {
        [] => return plain("at least 1 argument is required for attach"),
        [target] => target,
        all => {
            return kube.usage(&format!(
                "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {}: {}",
                all.len(),
                all.join(" ")
            ));
        }
    };
    let pod = pod(kube, target).await?;
    let phase = text(&pod, "status.phase");
    if matches!(phase, "Succeeded" | "Failed") {
        return plain(format!(
            "cannot attach a container in a completed pod; current phase is {phase}"
        ));
    }
    let container = container(kube, &pod).map_err(|failure| {
        Failure::Plain(format!(
            "cannot attach to the container: {}",
            failure.message()
        ))
    })?;
    if !runs(&pod, &container) {
        return plain(format!(
            "Internal error occurred: unable to upgrade connection: container {container} not found in pod {}_{}",
            name(&pod),
            namespace(&pod)
        ));
    }
    let seen = logs::text_of(kube, namespace(&pod), name(&pod), &container)
        .await?
        .len();
    watch(kube, &pod, &container, seen).await
}

/// Whether the container's process would be a shell at a terminal.
fn is_shell(pod: &Value, container: &str) -> bool {
    let fields = ["containers", "ephemeralContainers"];
    let mut all = fields.iter().flat_map(|field| list(&pod["spec"], field));
    let Some(spec) = all.find(|c| text(c, "name") == container) else {
        return false;
    };
    let words: Vec<&str> = ["command", "args"]
        .iter()
        .flat_map(|field| list(spec, field))
        .filter_map(Value::as_str)
        .collect();
    let first = words
        .first()
        .map_or("", |w| w.rsplit('/').next().unwrap_or(w));
    let bare = words
        .iter()
        .skip(1)
        .all(|w| w.starts_with("-") && !w.ends_with('c'));
    spec["stdin"] == true && (words.is_empty() || (bare && matches!(first, "sh" | "bash" | "ash")))
}

/// Shows what a container prints until it ends, or lends its shell.
pub(super) async fn watch(kube: &Kube, pod: &Value, container: &str, seen: usize) -> Result<()> {
    let flags = &kube.flags;
    if flags.is("stdin") && is_shell(pod, container) {
        if flags.is("tty") && kube.io.input.is_none() && !flags.is("quiet") {
            kube.warn("All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.");
            kube.warn("If you don't see a command prompt, try pressing enter.");
        }
        let shell = ["sh".to_owned()];
        return talk(kube, pod, container, &shell).await;
    }
    let mut seen = seen;
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    loop {
        let now = kube.get(pods, namespace(pod), name(pod)).await;
        let ended = now.as_ref().map_or(true, |p| ended(p, container).is_some());
        let log = logs::text_of(kube, namespace(pod), name(pod), container).await;
        let log = log.unwrap_or_default();
        kube.io.out.write(log.get(seen..).unwrap_or_default());
        seen = seen.max(log.len());
        if ended {
            return Ok(());
        }
        kube.shell.world.sleep(EVERY).await;
    }
}

/// Whether a container runs now.
fn runs(pod: &Value, container: &str) -> bool {
    let fields = [
        "containerStatuses",
        "initContainerStatuses",
        "ephemeralContainerStatuses",
    ];
    let mut all = fields.iter().flat_map(|field| list(&pod["status"], field));
    all.any(|s| text(s, "name") == container && s["state"]["running"].is_object())
}

/// How a container has ended, if it has.
fn ended<'p>(pod: &'p Value, container: &str) -> Option<&'p Value> {
    let fields = ["containerStatuses", "ephemeralContainerStatuses"];
    let mut all = fields.iter().flat_map(|field| list(&pod["status"], field));
    let status = all.find(|s| text(s, "name") == container)?;
    let ended = [&status["state"], &status["lastState"]];
    let ended = ended.into_iter().map(|state| &state["terminated"]);
    ended.into_iter().find(|t| t.is_object())
}

/// Attaches to the pod that `kubectl run` has made, and removes it afterwards if asked to.
pub async fn after_run(kube: &Kube, made: &Value) -> Result<()> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    let (space, name) = (namespace(made).to_owned(), name(made).to_owned());
    let limit = kube
        .flags
        .duration("pod-running-timeout")
        .unwrap_or(secs(60));
    let deadline = kube.now() + limit;
    let mut outcome = loop {
        let pod = kube.get(pods, &space, &name).await?;
        let phase = text(&pod, "status.phase");
        if matches!(phase, "Running" | "Succeeded" | "Failed") {
            break match phase {
                "Running" => watch(kube, &pod, &name, 0).await,
                _ => {
                    let log = logs::text_of(kube, &space, &name, &name).await?;
                    kube.io.out.write(&log);
                    Ok(())
                }
            };
        }
        if kube.now() >= deadline {
            break plain("timed out waiting for the condition");
        }
        kube.shell.world.sleep(EVERY).await;
    };
    let pod = kube.get(pods, &space, &name).await;
    if outcome.is_ok()
        && let Ok(pod) = &pod
        && text(pod, "spec.restartPolicy") != "Always"
        && let Some(end) = ended(pod, &name)
    {
        let code = int(end, "exitCode").unwrap_or_default();
        if code != 0 {
            kube.warn(&format!(
                "pod {space}/{name} terminated ({})",
                text(end, "reason")
            ));
            outcome = Err(Failure::Exit(i32::try_from(code).unwrap_or(1)));
        }
    }
    if kube.flags.is("rm") {
        let request = kube.request(Method::Delete, path(pods, &space, &name, ""));
        kube.json(request).await?;
        kube.print(&format!("pod \"{name}\" deleted from {space} namespace"));
    }
    outcome
}
