//! `kubectl drain`: cordons a node, and evicts its pods.
//! Models `k8s.io/kubectl/pkg/drain`.

use std::time::Duration;

use serde_json::{Value, json};

use super::Command;
use super::generate::known;
use super::nodes::cordon;
use crate::apiserver::Method;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::{annotation, list, name, namespace, text};
use crate::kubectl::kube::{DryRun, Kube, path};
use crate::sim::Time;

pub const DRAIN: Command = Command {
    path: "drain",
    short: "Drain node in preparation for maintenance",
    help: "NODE
Cordon a node and evict its pods, as disruption budgets allow. Static pods stay; pods of daemon sets, pods of no controller and pods with data in an emptyDir stop it unless flags say otherwise.

# For maintenance
kubectl drain worker-1 --ignore-daemonsets

# Although pods belong to no controller, with three minutes to end
kubectl drain worker-1 --force --grace-period=180",
    flags: &["chunk-size=500 delete-emptydir-data=false disable-eviction=false dry-run='none'?unchanged force=false grace-period=-1 ignore-daemonsets=false pod-selector='' -l,selector='' skip-wait-for-delete-timeout=0 timeout=0s"],
    run: |kube| Box::pin(run(kube)),
};

/// How long an eviction that a budget refuses waits before it is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// How often pods are looked after that are going.
const POLL: Duration = Duration::from_secs(1);

async fn run(kube: &Kube) -> Result<()> {
    if !kube.flags.arguments.is_empty() && !kube.flags.text("selector").is_empty() {
        return kube.usage("cannot specify both a node name and a --selector option");
    }
    let pods = kube.flags.text("pod-selector");
    if crate::api::selector::Selector::parse(pods).is_err() {
        return plain("--pod-selector=<pod_selector> must be a valid label selector");
    }
    let nodes = cordon(kube, true).await?;
    let mut failed: Vec<(String, Failure)> = Vec::new();
    for name in &nodes {
        match drain(kube, name).await {
            Ok(()) => {
                let suffix = kube.dry_run()?.suffix();
                kube.print(&format!("node/{name} drained{suffix}"));
            }
            Err(failure) => {
                let reason = failure.message();
                kube.warn(&format!(
                    "error: unable to drain node \"{name}\" due to error: {reason}, continuing command..."
                ));
                failed.push((name.to_owned(), failure));
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    kube.warn("There are pending nodes to be drained:");
    for (node, _) in &failed {
        kube.warn(&format!(" {node}"));
    }
    for (_, failure) in &failed {
        match failure {
            Failure::Many(failures) => failures.iter().for_each(|f| kube.warn(&f.message())),
            failure => kube.warn(&failure.message()),
        }
    }
    Err(Failure::Exit(1))
}

async fn on_node(kube: &Kube, node: &str) -> Result<Vec<Value>> {
    let pods = known("v1", "Pod")?;
    let query = [
        ("fieldSelector", format!("spec.nodeName={node}")),
        ("labelSelector", kube.flags.text("pod-selector").to_owned()),
    ];
    kube.list(pods, "", &query).await
}

async fn drain(kube: &Kube, node: &str) -> Result<()> {
    let found = on_node(kube, node).await?;
    let (going, warnings) = chosen(kube, &found)?;
    if !warnings.is_empty() {
        kube.warn(&format!("Warning: {warnings}"));
    }
    match kube.dry_run()? {
        DryRun::None => {}
        dry => {
            for pod in going {
                let (namespace, name) = (namespace(pod), name(pod));
                kube.print(&format!("evicting pod {namespace}/{name}{}", dry.suffix()));
            }
            return Ok(());
        }
    }
    let Err(failure) = evict_all(kube, &going).await else {
        return Ok(());
    };
    let left = on_node(kube, node).await?;
    if let Ok((pending, _)) = chosen(kube, &left)
        && !pending.is_empty()
    {
        kube.warn(&format!(
            "There are pending pods in node \"{node}\" when an error occurred: {}",
            failure.message()
        ));
        for pod in pending {
            kube.warn(&format!("pod/{}", name(pod)));
        }
    }
    Err(failure)
}

/// A pod on its way out.
enum Step {
    /// Its eviction is asked for, at this time.
    Evict(Time),
    /// It is waited for, and looked after at this time.
    Going(Time),
    Done,
}

/// Evicts the pods side by side, each again when its budget has no room, and waits until they are gone.
async fn evict_all(kube: &Kube, pods: &[&Value]) -> Result<()> {
    let timeout = kube.flags.duration("timeout");
    let deadline = kube.deadline(timeout);
    let over = format!("global timeout reached: {}", kube.flags.text("timeout"));
    let expired = |kube: &Kube| deadline.is_some_and(|d| kube.now() >= d);
    let mut steps: Vec<Step> = pods.iter().map(|_| Step::Evict(kube.now())).collect();
    let mut failures: Vec<Failure> = Vec::new();
    loop {
        for (pod, step) in pods.iter().zip(&mut steps) {
            let (namespace, name) = (namespace(pod), name(pod));
            match *step {
                Step::Evict(at) if kube.now() >= at => {
                    kube.print(&format!("evicting pod {namespace}/{name}"));
                    *step = if expired(kube) {
                        failures.push(Failure::Plain(format!(
                            "error when evicting pods/\"{name}\" -n \"{namespace}\": {over}"
                        )));
                        Step::Done
                    } else {
                        match evict(kube, pod).await {
                            Ok(Some(later)) => Step::Evict(kube.now() + later),
                            Ok(None) => Step::Going(kube.now()),
                            Err(failure) => {
                                failures.push(failure);
                                Step::Done
                            }
                        }
                    };
                }
                Step::Going(at) if kube.now() >= at => {
                    *step = if is_gone(kube, pod).await? {
                        kube.print(&format!("pod/{name} evicted"));
                        Step::Done
                    } else if expired(kube) {
                        failures.push(Failure::Plain(format!(
                            "error when waiting for pod \"{name}\" in namespace \"{namespace}\" to terminate: {over}"
                        )));
                        Step::Done
                    } else {
                        Step::Going(kube.now() + POLL)
                    };
                }
                _ => {}
            }
        }
        let next = steps.iter().filter_map(|step| match step {
            Step::Evict(at) | Step::Going(at) => Some(*at),
            Step::Done => None,
        });
        match next.min() {
            Some(at) => kube.shell.world.sleep_until(at).await,
            None => break,
        }
    }
    match failures.as_slice() {
        [] => Ok(()),
        [one] => Err(Failure::Plain(one.message())),
        many => {
            let texts: Vec<String> = many.iter().map(Failure::message).collect();
            Err(Failure::Plain(format!("[{}]", texts.join(", "))))
        }
    }
}

async fn is_gone(kube: &Kube, pod: &Value) -> Result<bool> {
    let pods = known("v1", "Pod")?;
    match kube.get(pods, namespace(pod), name(pod)).await {
        Ok(found) => Ok(text(&found, "metadata.uid") != text(pod, "metadata.uid")),
        Err(failure) if failure.is_not_found() => Ok(true),
        Err(failure) => Err(failure),
    }
}

/// Asks for an eviction; returns after which time to ask again if it was refused for now.
async fn evict(kube: &Kube, pod: &Value) -> Result<Option<Duration>> {
    let pods = known("v1", "Pod")?;
    let mut options = json!({});
    if let Some(grace) = kube.flags.int("grace-period").filter(|g| *g >= 0) {
        options["gracePeriodSeconds"] = grace.into();
    }
    let request = if kube.flags.is("disable-eviction") {
        let place = path(pods, namespace(pod), name(pod), "");
        kube.request(Method::Delete, place).with_body(options)
    } else {
        let eviction = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": name(pod), "namespace": namespace(pod)},
            "deleteOptions": options,
        });
        let place = path(pods, namespace(pod), name(pod), "eviction");
        kube.request(Method::Post, place).with_body(eviction)
    };
    let lead = format!(
        "error when evicting pods/\"{}\" -n \"{}\"",
        name(pod),
        namespace(pod)
    );
    match kube.json(request).await {
        Ok(_) => Ok(None),
        Err(failure) if failure.is_not_found() => Ok(None),
        Err(failure) if failure.reason() == "TooManyRequests" => {
            let message = failure.message();
            kube.warn(&format!("{lead} (will retry after 5s): {message}"));
            Ok(Some(RETRY))
        }
        Err(failure) => Err(failure.when(format!("{lead}:"))),
    }
}

/// The pods that go. Some go only when flags say so, and some never.
fn chosen<'p>(kube: &Kube, pods: &'p [Value]) -> Result<(Vec<&'p Value>, String)> {
    let flags = &kube.flags;
    let mut going = Vec::new();
    let (mut daemons, mut bare, mut local) = (Vec::new(), Vec::new(), Vec::new());
    for pod in pods {
        if annotation(pod, "kubernetes.io/config.mirror").is_some() {
            continue;
        }
        let label = format!("{}/{}", namespace(pod), name(pod));
        let finished = matches!(text(pod, "status.phase"), "Succeeded" | "Failed");
        let mut owners = list(pod, "metadata.ownerReferences").iter();
        let owner = owners.find(|o| o["controller"].as_bool() == Some(true));
        if owner.is_some_and(|o| text(o, "kind") == "DaemonSet") && !finished {
            daemons.push(label);
            continue;
        }
        let volumes = list(pod, "spec.volumes").iter();
        if !finished && volumes.clone().any(|v| v["emptyDir"].is_object()) {
            local.push(label.clone());
            // The first objection is the one that is told.
            if !flags.is("delete-emptydir-data") {
                continue;
            }
        }
        if owner.is_none() && !finished {
            bare.push(label);
        }
        going.push(pod);
    }
    let (mut refused, mut warned) = (Vec::new(), Vec::new());
    let mut judge = |pods: &[String], allowed: bool, refusal: &str, warning: &str| {
        let pods = pods.join(", ");
        match (pods.is_empty(), allowed) {
            (true, _) => {}
            (_, true) if warning.is_empty() => {}
            (_, true) => warned.push(format!("{warning}: {pods}")),
            (_, false) => refused.push(Failure::Plain(format!("cannot delete {refusal}: {pods}"))),
        }
    };
    judge(
        &daemons,
        flags.is("ignore-daemonsets"),
        "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
        "ignoring DaemonSet-managed Pods",
    );
    judge(
        &local,
        flags.is("delete-emptydir-data"),
        "Pods with local storage (use --delete-emptydir-data to override)",
        "",
    );
    judge(
        &bare,
        flags.is("force"),
        "Pods that declare no controller (use --force to override)",
        "deleting Pods that declare no controller",
    );
    if let Some(failure) = crate::kubectl::error::all(refused) {
        return Err(failure);
    }
    warned.sort();
    Ok((going, warned.join("; ")))
}
