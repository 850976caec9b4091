//! `kubectl drain`: cordons a node, and evicts its pods.
//! Models `k8s.io/kubectl/pkg/drain`.

use serde_json::{Value, json};

use super::delete::gone;
use super::generate::known;
use super::nodes::cordon;
use super::{CHANGE, Command, SELECT};
use crate::apiserver::Method;
use crate::kubectl::error::{Failure, Result};
use crate::kubectl::flags::{Flag, Value as F, flag};
use crate::kubectl::json::{annotation, list, name, namespace, text};
use crate::kubectl::kube::{DryRun, Kube, path};

pub const DRAIN: Command = Command {
    path: "drain",
    short: "Drain node in preparation for maintenance",
    flags: &[FLAGS, SELECT, CHANGE],
    run: |kube| Box::pin(run(kube)),
};

const FLAGS: &[Flag] = &[
    flag("ignore-daemonsets", F::Bool),
    flag("force", F::Bool),
    flag("delete-emptydir-data", F::Bool),
    flag("disable-eviction", F::Bool),
    flag("grace-period", F::Int),
    flag("timeout", F::Duration),
    flag("pod-selector", F::Text),
    flag("chunk-size", F::Int),
    flag("skip-wait-for-delete-timeout", F::Int),
];

async fn run(kube: &Kube) -> Result<()> {
    cordon(kube, true).await?;
    for node in &kube.flags.arguments {
        drain(kube, node.trim_start_matches("node/")).await?;
        let suffix = kube.dry_run()?.suffix();
        kube.print(&format!("node/{node} drained{suffix}"));
    }
    Ok(())
}

async fn drain(kube: &Kube, node: &str) -> Result<()> {
    let pods = known("v1", "Pod")?;
    let query = [
        ("fieldSelector", format!("spec.nodeName={node}")),
        ("labelSelector", kube.flags.text("pod-selector").to_owned()),
    ];
    let found = kube.list(pods, "", &query).await?;
    let going = chosen(kube, node, &found)?;
    if kube.dry_run()? != DryRun::None {
        for pod in going {
            kube.print(&format!("evicting pod {}/{}", namespace(pod), name(pod)));
        }
        return Ok(());
    }
    let deadline = kube.deadline(kube.flags.duration("timeout"));
    for pod in &going {
        kube.print(&format!("evicting pod {}/{}", namespace(pod), name(pod)));
        evict(kube, pod).await?;
    }
    for pod in &going {
        let uid = text(pod, "metadata.uid");
        gone(kube, pods, namespace(pod), name(pod), uid, deadline).await?;
        kube.print(&format!("pod/{} evicted", name(pod)));
    }
    Ok(())
}

async fn evict(kube: &Kube, pod: &Value) -> Result<()> {
    let pods = known("v1", "Pod")?;
    let mut options = json!({});
    if let Some(grace) = kube.flags.int("grace-period").filter(|g| *g >= 0) {
        options["gracePeriodSeconds"] = grace.into();
    }
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": name(pod), "namespace": namespace(pod)},
        "deleteOptions": options,
    });
    let place = path(pods, namespace(pod), name(pod), "eviction");
    let request = kube.request(Method::Post, place).with_body(eviction);
    match kube.json(request).await {
        Ok(_) => Ok(()),
        Err(failure) if failure.is_not_found() => Ok(()),
        Err(failure) => Err(failure.when(format!(
            "error when evicting pods/\"{}\" -n \"{}\":",
            name(pod),
            namespace(pod)
        ))),
    }
}

/// The pods that go. Some go only when flags say so, and some never.
fn chosen<'p>(kube: &Kube, node: &str, pods: &'p [Value]) -> Result<Vec<&'p Value>> {
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
            (_, false) => refused.push(format!("cannot delete {refusal}: {pods}")),
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
    if !refused.is_empty() {
        let reasons = refused.join(", ");
        kube.warn(&format!(
            "error: unable to drain node \"{node}\" due to error: {reasons}, continuing command..."
        ));
        kube.warn("There are pending nodes to be drained:");
        kube.warn(&format!(" {node}"));
        kube.warn(&reasons);
        return Err(Failure::Exit(1));
    }
    if !warned.is_empty() {
        kube.warn(&format!("Warning: {}", warned.join("; ")));
    }
    Ok(going)
}
