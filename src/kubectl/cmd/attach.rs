//! `kubectl attach`, and what `kubectl run` does when it attaches. Models
//! `k8s.io/kubectl/pkg/cmd/attach` and `cmd/run`.
//!
//! Since v1.36, `run` first shows what was written before it could attach (kubernetes#136010).
//!
//! Divergence: so does `debug`, which misses it in a real cluster.

use std::time::Duration;

use serde_json::Value;

use super::exec::{Call, container, pod, talk};
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
    watch(kube, &pod, &container, false).await
}

/// The container's spec.
fn spec_of<'p>(pod: &'p Value, container: &str) -> Option<(&'p Value, bool)> {
    let fields = ["containers", "initContainers", "ephemeralContainers"];
    fields.iter().find_map(|field| {
        let mut all = list(&pod["spec"], field).iter();
        let found = all.find(|c| text(c, "name") == container)?;
        Some((found, *field == "ephemeralContainers"))
    })
}

/// Shows what a container writes until it ends, all of it or from now on, and types at it
/// (`AttachOptions.Run`).
pub(super) async fn watch(kube: &Kube, pod: &Value, container: &str, whole: bool) -> Result<()> {
    let flags = &kube.flags;
    let quiet = flags.is("quiet");
    let (spec, is_ephemeral) = spec_of(pod, container).unwrap_or((&Value::Null, false));
    let has_tty = spec["tty"] == true;
    let mut tty = flags.is("tty") || has_tty;
    if flags.is("tty") && !has_tty {
        tty = false;
        if !quiet {
            kube.warn(&format!(
                "error: Unable to use a TTY - container {container} did not allocate one"
            ));
        }
    }
    let raw = tty && kube.io.input.is_none();
    if !quiet {
        kube.warn("All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.");
        kube.warn("If you don't see a command prompt, try pressing enter.");
    }
    talk(kube, pod, container, Call::Attach { whole, tty }).await?;
    if quiet || !flags.is("stdin") || !raw || text(pod, "spec.restartPolicy") != "Always" {
        return Ok(());
    }
    // The namespace is named since v1.36 (kubernetes#135790).
    let again = format!(
        "'kubectl attach {} -c {container} -n {} -i -t'",
        name(pod),
        namespace(pod)
    );
    kube.print(&match is_ephemeral {
        true => format!(
            "Session ended, the ephemeral container will not be restarted but may be reattached using {again} if it is still running"
        ),
        false => format!("Session ended, resume using {again} command when the pod is running"),
    });
    Ok(())
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

/// How the pod of `run` has failed, if it has: its only container's exit code is that of the command (`run.go`
/// `attachAndWait`).
fn outcome(pod: &Value) -> Result<Option<(String, i32)>> {
    let (space, name, phase) = (namespace(pod), name(pod), text(pod, "status.phase"));
    let end = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
    let code = int(end, "exitCode").unwrap_or_default();
    match phase {
        "Succeeded" => Ok(None),
        "Failed" if code == 0 => plain(format!("pod {space}/{name} failed with unknown exit code")),
        "Failed" => {
            let (reason, message) = (text(end, "reason"), text(end, "message"));
            let said = format!("pod {space}/{name} terminated ({reason})\n{message}");
            let code = i32::try_from(code).unwrap_or(1);
            Ok(Some((said.trim_end_matches('\n').to_owned(), code)))
        }
        phase => plain(format!("pod {space}/{name} left in phase {phase}")),
    }
}

/// Attaches to the pod that `kubectl run` has made, and removes it afterwards if asked to.
pub async fn after_run(kube: &Kube, made: &Value) -> Result<()> {
    let outcome = attached(kube, made).await;
    if kube.flags.is("rm")
        && let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info)
    {
        let (space, name) = (namespace(made), name(made));
        let request = kube.request(Method::Delete, path(pods, space, name, ""));
        kube.json(request).await?;
        kube.print(&format!("pod \"{name}\" deleted from {space} namespace"));
    }
    match outcome? {
        None => Ok(()),
        Some((said, code)) => {
            kube.warn(&said);
            Err(Failure::Exit(code))
        }
    }
}

/// The pod, once it is in one of some phases.
async fn waited(kube: &Kube, made: &Value, phases: &[&str]) -> Result<Value> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    let limit = kube.flags.duration("pod-running-timeout");
    let deadline = kube.now() + limit.unwrap_or(secs(60));
    loop {
        let pod = kube.get(pods, namespace(made), name(made)).await?;
        if phases.contains(&text(&pod, "status.phase")) {
            return Ok(pod);
        }
        if kube.now() >= deadline {
            return plain("timed out waiting for the condition");
        }
        kube.shell.world.sleep(EVERY).await;
    }
}

async fn attached(kube: &Kube, made: &Value) -> Result<Option<(String, i32)>> {
    let pod = waited(kube, made, &["Running", "Succeeded", "Failed"]).await?;
    match text(&pod, "status.phase") {
        "Running" => watch(kube, &pod, name(made), true).await?,
        _ => {
            let log = logs::text_of(kube, namespace(made), name(made), name(made)).await?;
            kube.io.out.write(&log);
        }
    }
    let ended: &[&str] = match text(made, "spec.restartPolicy") {
        "Never" => &["Succeeded", "Failed"],
        "OnFailure" => &["Succeeded"],
        _ => return Ok(None),
    };
    if kube.flags.is("leave-stdin-open") {
        return Ok(None);
    }
    outcome(&waited(kube, made, ended).await?)
}
