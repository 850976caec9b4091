//! `kubectl exec`. Models `k8s.io/kubectl/pkg/cmd/exec` and `cmd/util/podcmd`.

use std::time::Duration;

use serde_json::{Value, json};

use super::Command;
use crate::api::Kind;
use crate::apiserver::Method;
use crate::kubectl::describe::selector_text;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::host::END;
use crate::kubectl::json::{annotation, int, list, name, namespace, text};
use crate::kubectl::kube::{Kube, path};
use crate::kubectl::resources::Target;

pub const EXEC: Command = Command {
    path: "exec",
    short: "Execute a command in a container",
    help: "(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]
Run a command in a container.

# See the date there
kubectl exec web -- date

# A shell
kubectl exec -it web -c main -- sh

# In some pod of a deployment
kubectl exec deploy/web -- env",
    flags: &[
        "-c,container='' -f,filename=[] pod-running-timeout=1m0s -q,quiet=false -i,stdin=false -t,tty=false",
    ],
    run: |kube| Box::pin(run(kube)),
};

/// How often a command that runs is looked at: at first, and at most.
const EVERY: Duration = Duration::from_millis(10);
const SELDOM: Duration = Duration::from_millis(200);

async fn run(kube: &Kube) -> Result<()> {
    let words = &kube.flags.arguments;
    let dash = kube.flags.dash;
    let (target, command): (&[String], &[String]) = match dash {
        Some(at) => words.split_at(at.min(words.len())),
        None => words.split_at(words.len().min(1)),
    };
    let files = !kube.flags.list("filename").is_empty();
    if dash.is_none() && (!command.is_empty() || files && !target.is_empty()) {
        return kube.usage(
            "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead",
        );
    }
    if target.is_empty() && !files {
        return plain("pod, type/name or --filename must be specified");
    }
    if !target.is_empty() && files {
        return plain("resource/name arguments cannot be provided when a path is specified");
    }
    if command.is_empty() {
        return plain("you must specify at least one command for the container");
    }
    let pod = match target.first() {
        Some(target) => pod(kube, target).await?,
        None => pod_of_file(kube).await?,
    };
    let phase = text(&pod, "status.phase");
    if matches!(phase, "Succeeded" | "Failed") {
        return plain(format!(
            "cannot exec into a container in a completed pod; current phase is {phase}"
        ));
    }
    let container = container(kube, &pod)?;
    talk(kube, &pod, &container, Call::Run(command)).await
}

/// The pod that is meant: by name, or one behind an object.
pub(super) async fn pod(kube: &Kube, target: &str) -> Result<Value> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    if !target.contains('/') {
        return kube.get(pods, &kube.namespace(), target).await;
    }
    let targets = kube
        .targets(std::slice::from_ref(&target.to_owned()))
        .await?
        .targets;
    let Some(target) = targets.into_iter().next() else {
        return plain("no resource was named");
    };
    let object = kube
        .get(target.kind, &target.namespace, &target.name)
        .await?;
    pod_behind(kube, &target, object).await
}

/// The pod of what a file names.
async fn pod_of_file(kube: &Kube) -> Result<Value> {
    let (objects, failures) = kube.chosen_of(&[]).await?;
    if let Some(failure) = crate::kubectl::error::all(failures) {
        return Err(failure);
    }
    match objects.into_iter().next() {
        Some((target, object)) => pod_behind(kube, &target, object).await,
        None => plain("no objects passed to exec"),
    }
}

/// A pod itself, or one behind an object.
async fn pod_behind(kube: &Kube, target: &Target, object: Value) -> Result<Value> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    let selector = match target.kind.kind {
        "Pod" => return Ok(object),
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" | "Job" => {
            selector_text(&object["spec"]["selector"])
        }
        "Service" | "ReplicationController" => {
            crate::kubectl::describe::flat_labels_text(&object["spec"]["selector"])
        }
        other => {
            return plain(format!(
                "cannot attach to *v1.{other}: selector for *v1.{other} not implemented"
            ));
        }
    };
    let mut found = kube
        .list(pods, &target.namespace, &[("labelSelector", selector)])
        .await?;
    // Those that run come first.
    found.sort_by_key(|pod| (text(pod, "status.phase") != "Running", name(pod).to_owned()));
    match found.into_iter().next() {
        Some(pod) => Ok(pod),
        None => plain("timed out waiting for the condition"),
    }
}

/// The names of all containers of a pod, the last two kinds of them marked
/// (`podcmd.AllContainerNames`).
fn all_names(pod: &Value) -> String {
    let kinds = [
        ("containers", ""),
        ("ephemeralContainers", " (ephem)"),
        ("initContainers", " (init)"),
    ];
    let all = kinds.iter().flat_map(|(field, mark)| {
        let of_kind = list(&pod["spec"], field).iter();
        of_kind.map(move |c| format!("{}{mark}", text(c, "name")))
    });
    all.collect::<Vec<_>>().join(", ")
}

/// Refuses a name that no container of the pod has.
pub(super) fn known(pod: &Value, container: &str) -> Result<()> {
    let fields = ["containers", "initContainers", "ephemeralContainers"];
    let mut all = fields.iter().flat_map(|field| list(&pod["spec"], field));
    if all.any(|c| text(c, "name") == container) {
        return Ok(());
    }
    plain(format!(
        "container {container} is not valid for pod {} out of: {}",
        name(pod),
        all_names(pod)
    ))
}

/// The container that is meant; tells when it had to choose
/// (`podcmd.FindOrDefaultContainerByName`).
pub(super) fn container(kube: &Kube, pod: &Value) -> Result<String> {
    let main = list(&pod["spec"], "containers");
    let Some(first) = main.first() else {
        return plain(format!(
            "pod {}/{} does not have any containers",
            namespace(pod),
            name(pod)
        ));
    };
    let named = match kube.flags.text("container") {
        "" => annotation(pod, "kubectl.kubernetes.io/default-container").unwrap_or_default(),
        given => given,
    };
    if !named.is_empty() {
        known(pod, named)?;
        return Ok(named.to_owned());
    }
    let others = ["initContainers", "ephemeralContainers"];
    let several = main.len() > 1
        || others
            .iter()
            .any(|field| !list(&pod["spec"], field).is_empty());
    let first = text(first, "name");
    if several && !kube.flags.is("quiet") {
        kube.warn(&format!(
            "Defaulted container \"{first}\" out of: {}",
            all_names(pod)
        ));
    }
    Ok(first.to_owned())
}

/// What the server could not do is told in its own words.
fn said(failure: Failure) -> Failure {
    match failure.reason() {
        "InternalError" => Failure::Plain(failure.message()),
        _ => failure,
    }
}

/// What is talked to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call<'c> {
    Run(&'c [String]),
    /// The process of the container, at its terminal if it has one; what it wrote before is seen, or not.
    Attach {
        whole: bool,
        tty: bool,
    },
}

/// Starts a command or attaches to the process, brings it its input, and shows its output until it ends.
pub(super) async fn talk(kube: &Kube, pod: &Value, container: &str, call: Call<'_>) -> Result<()> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    let (subresource, command, mut tty) = match call {
        Call::Run(command) => ("exec", command, kube.flags.is("tty")),
        Call::Attach { tty, .. } => ("attach", Default::default(), tty),
    };
    let at = path(pods, namespace(pod), name(pod), subresource);
    let stdin = kube.flags.is("stdin");
    let no_tty = "Unable to use a TTY - input is not a terminal or the right kind of file";
    if tty && !stdin && !command.is_empty() {
        kube.warn(no_tty);
        tty = false;
    }
    let mut request = kube
        .request(Method::Post, at.clone())
        .with_query("container", container)
        .with_query("stdout", "true");
    for word in command {
        request = request.with_query("command", word.as_str());
    }
    if let Call::Attach { whole: true, .. } = call {
        request = request.with_query("whole", "true");
    }
    let world = &kube.shell.world;
    let (mut typed, mut piped) = (false, None);
    if stdin {
        request = request.with_query("stdin", "true");
        match &kube.io.input {
            Some(pipe) => {
                if tty && !command.is_empty() {
                    tty = false;
                    kube.warn(no_tty);
                }
                piped = Some(json!({ "stdin": pipe.rest().await, "eof": true }));
            }
            None => typed = true,
        }
    }
    request = match tty {
        true => request.with_query("tty", "true"),
        false => request.with_query("stderr", "true"),
    };
    let started = kube.json(request).await.map_err(said)?;
    let session = match &started["session"] {
        Value::String(mark) => mark.clone(),
        number => number.to_string(),
    };
    let bring = async |given: Value| {
        let request = kube.request(Method::Post, at.clone());
        let request = request.with_query("session", session.as_str());
        kube.json(request.with_body(given)).await.map_err(said)
    };
    if let Some(given) = piped {
        bring(given).await?;
    }
    let (mut out, mut err, mut every) = (0, 0, EVERY);
    loop {
        let request = kube
            .request(Method::Get, at.clone())
            .with_query("session", session.as_str())
            .with_query("stdoutFrom", out.to_string())
            .with_query("stderrFrom", err.to_string());
        let state = kube.json(request).await.map_err(said)?;
        let (new_out, new_err) = (text(&state, "stdout"), text(&state, "stderr"));
        kube.io.out.write(new_out);
        kube.io.err.write(new_err);
        if !new_out.is_empty() || !new_err.is_empty() {
            every = EVERY;
        }
        (out, err) = (out + new_out.len(), err + new_err.len());
        match int(&state, "exitCode") {
            Some(0) => return Ok(()),
            Some(code) => {
                kube.warn(&format!("command terminated with exit code {code}"));
                return Err(Failure::Exit(i32::try_from(code).unwrap_or(1)));
            }
            None => {}
        }
        let line = match typed {
            true => world.typed(every).await,
            false => {
                world.sleep(every).await;
                None
            }
        };
        every = (every * 2).min(SELDOM);
        if let Some(line) = line {
            every = EVERY;
            bring(match line.as_str() {
                END => json!({ "eof": true }),
                line => json!({ "stdin": format!("{line}\n") }),
            })
            .await?;
        }
    }
}
