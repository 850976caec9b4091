//! `kubectl debug`: a container beside those of a pod, a copy of a pod, or a pod on a node.
//! Models `k8s.io/kubectl/pkg/cmd/debug`.

use serde_json::{Value, json};

use super::{Command, attach};
use crate::api::Kind;
use crate::apiserver::request::STRATEGIC_MERGE_PATCH;
use crate::apiserver::{Method, Request};
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::{list, name, namespace, text};
use crate::kubectl::kube::{Kube, path};
use crate::sim::millis;

pub const DEBUG: Command = Command {
    path: "debug",
    short: "Create debugging sessions for troubleshooting workloads and nodes",
    help: "(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]
Look into a pod with an ephemeral container, into a copy of it, or into a node with a pod that sees its file system at /host.

# A shell beside the containers of a pod
kubectl debug web -it --image=busybox

# In a copy, with another command
kubectl debug web -it --copy-to=web-debug --container=web -- sh

# On a node
kubectl debug node/worker-1 -it --image=busybox",
    flags: &["arguments-only=false attach=false -c,container='' copy-to='' custom='' env=[]= -f,filename=[] image-pull-policy='' image='' keep-annotations=false keep-init-containers=true keep-labels=false keep-liveness=false keep-readiness=false keep-startup=false profile='general' -q,quiet=false replace=false same-node=false set-image=[]= share-processes=true -i,stdin=false target='' -t,tty=false"],
    run: |kube| Box::pin(run(kube)),
};

async fn run(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    let words = &flags.arguments;
    let (targets, command) = words.split_at(flags.dash.unwrap_or(words.len()).min(words.len()));
    check(kube, targets, command)?;
    let mut targets = targets.to_vec();
    // A name alone is that of a pod.
    if targets.iter().all(|t| !t.contains('/')) {
        targets = targets.iter().map(|t| format!("pod/{t}")).collect();
    }
    for target in kube.targets(&targets).await?.targets {
        let object = kube
            .get(target.kind, &target.namespace, &target.name)
            .await?;
        let (pod, container) = match target.kind.kind {
            "Node" => on_node(kube, &object, command).await?,
            "Pod" if flags.text("copy-to").is_empty() => beside(kube, &object, command).await?,
            "Pod" => copy(kube, &object, command).await?,
            other => {
                return plain(format!(
                    "\"{}/{}, Kind={other}\" not supported by debug",
                    target.kind.group, target.kind.version
                ));
            }
        };
        if flags.is_or("attach", flags.is("stdin")) {
            attached(kube, &pod, &container).await?;
        }
    }
    Ok(())
}

fn check(kube: &Kube, targets: &[String], command: &[String]) -> Result<()> {
    let flags = &kube.flags;
    let (image, sets) = (flags.text("image"), flags.list("set-image"));
    if !flags.text("copy-to").is_empty() {
        if image.is_empty() && sets.is_empty() && command.is_empty() {
            return plain("you must specify --image, --set-image or command arguments.");
        }
        if !command.is_empty() && flags.text("container").is_empty() && image.is_empty() {
            return plain(
                "you must specify an existing container or a new image when specifying args.",
            );
        }
        if !flags.text("target").is_empty() {
            return plain(
                "--target is incompatible with --copy-to. Use --share-processes instead.",
            );
        }
    } else {
        for only in ["replace", "same-node", "set-image"] {
            if flags.given(only) {
                return plain(format!("--{only} may only be used with --copy-to."));
            }
        }
        if image.is_empty() {
            return plain("you must specify --image when not using --copy-to.");
        }
    }
    if targets.is_empty() {
        return plain("NAME or filename is required for debug");
    }
    if flags.is("tty") && !flags.is("stdin") {
        return plain("-i/--stdin is required for containers with -t/--tty=true");
    }
    match flags.text("profile") {
        "" | "general" | "baseline" | "netadmin" | "restricted" | "sysadmin" => Ok(()),
        "legacy" => {
            kube.warn("--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, for example \"--profile=general\".");
            Ok(())
        }
        other => plain(format!("unknown profile: {other}")),
    }
}

/// Five letters that no other name has yet.
fn suffix(kube: &Kube) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut state = kube.shell.state.borrow_mut();
    state.temporary += 1;
    let mut number = kube.now().0 / 1000 + 7_919_777 * state.temporary;
    let mut out = String::new();
    for _ in 0..5 {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = (number >> 33) as usize % LETTERS.len();
        out.extend(LETTERS.get(at).map(|b| char::from(*b)));
    }
    out
}

/// The container to debug with, as the profile has it.
fn container(kube: &Kube, name: &str, command: &[String], on_node: bool) -> Value {
    let flags = &kube.flags;
    let mut made = json!({
        "name": name,
        "image": flags.text("image"),
        "resources": {},
        "terminationMessagePolicy": "File",
    });
    let policy = flags.text("image-pull-policy");
    if !policy.is_empty() {
        made["imagePullPolicy"] = policy.into();
    }
    for (field, flag) in [("stdin", "stdin"), ("tty", "tty")] {
        if flags.is(flag) {
            made[field] = true.into();
        }
    }
    if !command.is_empty() {
        let field = if flags.is("arguments-only") {
            "args"
        } else {
            "command"
        };
        made[field] = command.iter().map(String::as_str).collect();
    }
    let env: Vec<Value> = flags
        .list("env")
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    if !env.is_empty() {
        made["env"] = Value::Array(env);
    }
    let context = match flags.text("profile") {
        "legacy" | "baseline" => Value::Null,
        "restricted" => json!({
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": true,
            "seccompProfile": {"type": "RuntimeDefault"},
        }),
        "netadmin" => json!({"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}}),
        "sysadmin" => json!({"privileged": true}),
        _ if on_node => Value::Null,
        _ => json!({"capabilities": {"add": ["SYS_PTRACE"]}}),
    };
    if context.is_object() {
        made["securityContext"] = context;
    }
    made
}

/// The name of the container; one is made up if none is given.
fn container_name(kube: &Kube, pod: &Value) -> String {
    let given = kube.flags.text("container");
    if !given.is_empty() {
        return given.to_owned();
    }
    let fields = ["containers", "initContainers", "ephemeralContainers"];
    let taken: Vec<&str> = fields
        .iter()
        .flat_map(|field| list(&pod["spec"], field))
        .map(|c| text(c, "name"))
        .collect();
    let mut name = format!("debugger-{}", suffix(kube));
    while taken.contains(&name.as_str()) {
        name = format!("debugger-{}", suffix(kube));
    }
    if !kube.flags.is("quiet") {
        kube.warn(&format!("Defaulting debug container name to {name}."));
    }
    name
}

/// An ephemeral container in the pod itself.
async fn beside(kube: &Kube, pod: &Value, command: &[String]) -> Result<(Value, String)> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    let target = kube.flags.text("target");
    if !target.is_empty() && !kube.flags.is("quiet") {
        kube.warn(&format!(
            "Targeting container \"{target}\". If you don't see processes from this container it may be because the container runtime doesn't support this feature."
        ));
    }
    let own = container_name(kube, pod);
    let mut made = container(kube, &own, command, false);
    if let Some(made) = made.as_object_mut() {
        made.remove("resources");
    }
    if !target.is_empty() {
        made["targetContainerName"] = target.into();
    }
    let at = path(pods, namespace(pod), name(pod), "ephemeralcontainers");
    let request = kube
        .change(Method::Patch, at, "kubectl-debug")?
        .with_body(json!({"spec": {"ephemeralContainers": [made]}}));
    let sent = kube
        .json(Request {
            content_type: STRATEGIC_MERGE_PATCH,
            ..request
        })
        .await;
    match sent {
        Ok(pod) => Ok((pod, own)),
        Err(failure) if failure.is_not_found() && failure.message().contains("could not find") => {
            plain(format!(
                "ephemeral containers are disabled for this cluster (error from server: {}).",
                crate::api::rfc3339::go_quote(&failure.message())
            ))
        }
        Err(failure) => Err(failure),
    }
}

/// A pod on the node, in its namespaces, with its files under `/host`.
async fn on_node(kube: &Kube, node: &Value, command: &[String]) -> Result<(Value, String)> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    let own = match kube.flags.text("container") {
        "" => "debugger",
        given => given,
    };
    let mut lead = format!("node-debugger-{}", name(node));
    lead.truncate(57);
    let pod_name = format!("{lead}-{}", suffix(kube));
    let profile = kube.flags.text("profile");
    let mut made = container(kube, own, command, true);
    let mut spec = json!({
        "nodeName": name(node), "restartPolicy": "Never",
        "tolerations": [{"operator": "Exists"}],
    });
    if profile != "restricted" {
        if profile != "baseline" {
            for field in ["hostIPC", "hostNetwork", "hostPID"] {
                spec[field] = true.into();
            }
        }
        if !matches!(profile, "baseline" | "netadmin") {
            made["volumeMounts"] = json!([{"mountPath": "/host", "name": "host-root"}]);
            spec["volumes"] = json!([{"name": "host-root", "hostPath": {"path": "/"}}]);
        }
    }
    spec["containers"] = json!([made]);
    let place = kube.namespace();
    let object = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": pod_name, "namespace": place,
            "labels": {"app.kubernetes.io/managed-by": "kubectl-debug"},
        },
        "spec": spec,
    });
    if !kube.flags.is("quiet") {
        kube.print(&format!(
            "Creating debugging pod {pod_name} with container {own} on node {}.",
            name(node)
        ));
    }
    let at = path(pods, &place, "", "");
    let request = kube
        .change(Method::Post, at, "kubectl-debug")?
        .with_body(object);
    Ok((kube.json(request).await?, own.to_owned()))
}

/// A copy of the pod, with another container or other images.
async fn copy(kube: &Kube, pod: &Value, command: &[String]) -> Result<(Value, String)> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    let flags = &kube.flags;
    let mut spec = pod["spec"].clone();
    let forget: &[&str] = match flags.is("same-node") {
        true => &["ephemeralContainers"],
        false => &["ephemeralContainers", "nodeName"],
    };
    if let Some(spec) = spec.as_object_mut() {
        forget.iter().for_each(|field| drop(spec.remove(*field)));
        if !flags.is_or("keep-init-containers", true) {
            spec.remove("initContainers");
        }
    }
    for probe in ["liveness", "readiness", "startup"] {
        if flags.is(&format!("keep-{probe}")) {
            continue;
        }
        for one in spec["containers"].as_array_mut().into_iter().flatten() {
            if let Some(one) = one.as_object_mut() {
                one.remove(&format!("{probe}Probe"));
            }
        }
    }
    for pair in flags.list("set-image") {
        let Some((wanted, image)) = pair.split_once('=') else {
            return plain(format!(
                "invalid --set-image: {}",
                crate::api::rfc3339::go_quote(pair)
            ));
        };
        for one in spec["containers"].as_array_mut().into_iter().flatten() {
            if wanted == "*" || text(one, "name") == wanted {
                one["image"] = image.into();
            }
        }
    }
    let given = flags.text("container");
    let known = list(&spec, "containers")
        .iter()
        .any(|c| text(c, "name") == given);
    let own = if known {
        for one in spec["containers"].as_array_mut().into_iter().flatten() {
            if text(one, "name") != given {
                continue;
            }
            if !flags.text("image").is_empty() {
                one["image"] = flags.text("image").into();
            }
            if !command.is_empty() {
                let field = if flags.is("arguments-only") {
                    "args"
                } else {
                    "command"
                };
                one[field] = command.iter().map(String::as_str).collect();
                if field == "command"
                    && let Some(one) = one.as_object_mut()
                {
                    one.remove("args");
                }
            }
            for field in ["stdin", "tty"] {
                if flags.is(field) {
                    one[field] = true.into();
                }
            }
        }
        given.to_owned()
    } else if flags.text("image").is_empty() {
        match list(&spec, "containers").first() {
            Some(first) => text(first, "name").to_owned(),
            None => return plain("the pod has no container"),
        }
    } else {
        let own = container_name(kube, pod);
        let made = container(kube, &own, command, false);
        if let Some(all) = spec["containers"].as_array_mut() {
            all.push(made);
        }
        if flags.is_or("share-processes", true) {
            spec["shareProcessNamespace"] = true.into();
        }
        own
    };
    let mut metadata = json!({"name": flags.text("copy-to"), "namespace": namespace(pod)});
    for (field, flag) in [
        ("labels", "keep-labels"),
        ("annotations", "keep-annotations"),
    ] {
        if flags.is(flag) {
            metadata[field] = pod["metadata"][field].clone();
        }
    }
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    if flags.is("replace") {
        let at = path(pods, namespace(pod), name(pod), "");
        kube.json(kube.request(Method::Delete, at)).await?;
    }
    let at = path(pods, namespace(pod), "", "");
    let request = kube
        .change(Method::Post, at, "kubectl-debug")?
        .with_body(object);
    let made = kube.json(request).await.map_err(|failure| match failure {
        Failure::Plain(message) => Failure::Plain(message),
        other => other,
    })?;
    Ok((made, own))
}

/// Waits until the container runs, and attaches to it.
async fn attached(kube: &Kube, pod: &Value, own: &str) -> Result<()> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    let mut said = String::new();
    loop {
        let now = kube.get(pods, namespace(pod), name(pod)).await?;
        let fields = ["containerStatuses", "ephemeralContainerStatuses"];
        let mut statuses = fields.iter().flat_map(|field| list(&now["status"], field));
        let state = statuses
            .find(|s| text(s, "name") == own)
            .map(|s| &s["state"]);
        if let Some(state) = state {
            if state["running"].is_object() || state["terminated"].is_object() {
                return attach::watch(kube, &now, own, true).await;
            }
            let waiting = &state["waiting"];
            let why = text(waiting, "message");
            if !why.is_empty() && why != said && !kube.flags.is("quiet") {
                kube.warn(&format!("Warning: container {own}: {why}"));
                said = why.to_owned();
            }
        }
        kube.shell.world.sleep(millis(200)).await;
    }
}
