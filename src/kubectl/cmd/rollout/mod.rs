//! `kubectl rollout`: what a Deployment, a DaemonSet or a StatefulSet is at, was, and is to be again.
//! Models `k8s.io/kubectl/pkg/cmd/rollout` and `pkg/polymorphichelpers`.

mod controller_revisions;
pub mod revisions;
mod status;
mod undo;

use serde_json::{Value, json};

use super::{Command, FILES, OUTPUT};
use crate::api::rfc3339::format_time;
use crate::kubectl::describe::template_text;
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::{annotation, at, flag as is, int, name, place};
use crate::kubectl::kube::Kube;
use crate::kubectl::manifests::said;
use crate::kubectl::printers::done;
use crate::kubectl::resources::{Target, label};
use crate::kubectl::tabwriter::TabWriter;

pub const STATUS: Command = Command {
    path: "rollout status",
    short: "Show the status of the rollout",
    help: "(TYPE NAME | TYPE/NAME) [flags]
Wait until the latest rollout is done. With --watch=false, say how far it is.

# A deployment
kubectl rollout status deployment/web --timeout=2m",
    flags: &[FILES, "revision=0 -l,selector='' timeout=0s -w,watch=true"],
    run: |kube| Box::pin(status::run(kube)),
};
pub const HISTORY: Command = Command {
    path: "rollout history",
    short: "View rollout history",
    help: "(TYPE NAME | TYPE/NAME) [flags]
# The revisions of a deployment
kubectl rollout history deployment/web

# One of them in full
kubectl rollout history deployment/web --revision=3",
    flags: &[OUTPUT, FILES, "revision=0 -l,selector=''"],
    run: |kube| Box::pin(history(kube)),
};
pub const UNDO: Command = Command {
    path: "rollout undo",
    short: "Undo a previous rollout",
    help: "(TYPE NAME | TYPE/NAME) [flags]
# To the revision before
kubectl rollout undo deployment/web

# To a certain one
kubectl rollout undo daemonset/agent --to-revision=3",
    flags: &[
        OUTPUT,
        FILES,
        "dry-run='none'?unchanged -l,selector='' to-revision=0",
    ],
    run: |kube| Box::pin(undo::run(kube)),
};
pub const PAUSE: Command = Command {
    path: "rollout pause",
    short: "Mark the provided resource as paused",
    help: "RESOURCE
The controller leaves a paused object as it is until it is resumed. Today deployments can be paused.

# Change several things, then roll out once
kubectl rollout pause deployment/web",
    flags: &[
        OUTPUT,
        FILES,
        "field-manager='kubectl-rollout' -l,selector=''",
    ],
    run: |kube| Box::pin(change(kube, "paused", &pause)),
};
pub const RESUME: Command = Command {
    path: "rollout resume",
    short: "Resume a paused resource",
    help: "RESOURCE
# Let a paused deployment go on
kubectl rollout resume deployment/web",
    flags: &[
        OUTPUT,
        FILES,
        "field-manager='kubectl-rollout' -l,selector=''",
    ],
    run: |kube| Box::pin(change(kube, "resumed", &resume)),
};
pub const RESTART: Command = Command {
    path: "rollout restart",
    short: "Restart a resource",
    help: "RESOURCE
Replace all pods, a few at a time, by new ones of the same template.

# A deployment
kubectl rollout restart deployment/web

# Each deployment with a label
kubectl rollout restart deployment --selector=app=web",
    flags: &[
        OUTPUT,
        FILES,
        "field-manager='kubectl-rollout' -l,selector=''",
    ],
    run: |kube| Box::pin(change(kube, "restarted", &restart)),
};

/// Refuses commands that name nothing.
fn need_resource(kube: &Kube) -> Result<()> {
    if kube.flags.arguments.is_empty() && !kube.flags.names_files() {
        return plain("required resource not specified");
    }
    Ok(())
}

/// Refuses kinds that have no rollout; only a Deployment's can be paused.
fn need_rollout(kube: &Kube, target: &Target) -> Result<()> {
    let pausing = matches!(
        kube.path.as_str(),
        "kubectl rollout pause" | "kubectl rollout resume"
    );
    match target.kind.kind {
        "Deployment" => return Ok(()),
        "DaemonSet" | "StatefulSet" if !pausing => return Ok(()),
        _ => {}
    }
    let kind = target.kind;
    let resource = match kind.group {
        "" => kind.plural.to_owned(),
        group => format!("{}.{group}", kind.plural),
    };
    let place = format!("{resource} \"{}\"", target.name);
    let gk = match kind.group {
        "" => kind.kind.to_owned(),
        group => format!("{}.{group}", kind.kind),
    };
    plain(match kube.path.as_str() {
        "kubectl rollout status" => format!("no status viewer has been implemented for {gk}"),
        "kubectl rollout history" => {
            // Of some kinds it is known that they have none.
            match kind.kind {
                "Pod" | "ReplicationController" | "ReplicaSet" | "Job" | "CronJob" => {
                    format!("no history viewer has been implemented for \"{gk}\"")
                }
                _ => format!(
                    "error retrieving history for \"{gk}\", no visitor method exists for {{{} {}}}",
                    kind.group, kind.kind
                ),
            }
        }
        "kubectl rollout undo" => format!("no rollbacker has been implemented for \"{gk}\""),
        "kubectl rollout pause" => {
            format!("{place} pausing is not supported")
        }
        "kubectl rollout resume" => {
            format!("{place} resuming is not supported")
        }
        _ => format!("{place} restarting is not supported"),
    })
}

/// Changes an object, or tells why not.
type Edit = dyn Fn(&Kube, &Target, &mut Value) -> Result<()>;

async fn change(kube: &Kube, word: &str, edit: &Edit) -> Result<()> {
    need_resource(kube)?;
    let (objects, failures) = kube.chosen_objects().await?;
    let mut failures: Vec<Failure> = failures.into_iter().map(said).collect();
    if objects.is_empty() && failures.is_empty() {
        kube.warn(&format!(
            "No resources found in {} namespace.",
            kube.namespace()
        ));
    }
    for (target, before) in objects {
        let mut after = before.clone();
        let edited = need_rollout(kube, &target).and_then(|()| edit(kube, &target, &mut after));
        if let Err(failure) = edited {
            failures.push(failure);
            continue;
        }
        match kube
            .send_changes(&target, &before, after, "kubectl-rollout")
            .await
        {
            Ok(Some(object)) => done(kube, target.kind, &object, word)?,
            Ok(None) => done(kube, target.kind, &before, word)?,
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

fn pause(_: &Kube, target: &Target, object: &mut Value) -> Result<()> {
    if is(object, "spec.paused") {
        return plain(format!(
            "deployments.apps \"{}\" is already paused",
            target.name
        ));
    }
    object["spec"]["paused"] = json!(true);
    Ok(())
}

fn resume(_: &Kube, target: &Target, object: &mut Value) -> Result<()> {
    if !is(object, "spec.paused") {
        return plain(format!(
            "deployments.apps \"{}\" is not paused",
            target.name
        ));
    }
    if let Some(spec) = object["spec"].as_object_mut() {
        spec.remove("paused");
    }
    Ok(())
}

const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

fn restart(kube: &Kube, target: &Target, object: &mut Value) -> Result<()> {
    if is(object, "spec.paused") {
        return plain(format!(
            "deployments.apps \"{}\" can't restart paused deployment (run rollout resume first)",
            target.name
        ));
    }
    let now = format_time(kube.now().0 as i64);
    *place(
        object,
        &["spec", "template", "metadata", "annotations", RESTARTED_AT],
    ) = now.into();
    Ok(())
}

async fn history(kube: &Kube) -> Result<()> {
    need_resource(kube)?;
    let wanted = kube.flags.int("revision").unwrap_or(0);
    if wanted < 0 {
        return plain(format!("revision must be a positive integer: {wanted}"));
    }
    let format = crate::kubectl::printers::format(kube, false)?;
    let (objects, mut failures) = kube.chosen_objects().await?;
    for (target, object) in objects {
        if let (Some(format), Ok(())) = (&format, need_rollout(kube, &target)) {
            let mut kept = match target.kind.kind {
                "Deployment" => revisions::numbered(kube, &object).await?,
                _ => controller_revisions::numbered(kube, &target, &object).await?,
            };
            if wanted > 0 {
                kept.retain(|(number, _)| *number == wanted);
                if kept.is_empty() {
                    failures.push("unable to find the specified revision".into());
                }
            }
            for (_, object) in kept {
                format.print(kube, &object)?;
            }
            continue;
        }
        let text = match need_rollout(kube, &target) {
            Ok(()) if target.kind.kind != "Deployment" => {
                controller_revisions::history(kube, &object, wanted).await
            }
            Ok(()) => history_of(kube, &object, wanted).await,
            Err(failure) => Err(failure),
        };
        match text {
            Ok(text) => {
                let with = match wanted {
                    0 => String::new(),
                    n => format!("with revision #{n}"),
                };
                kube.print(&format!(
                    "{} {with}\n{text}",
                    label(target.kind, name(&object))
                ));
            }
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

async fn history_of(kube: &Kube, deployment: &Value, wanted: i64) -> Result<String> {
    let sets = revisions::numbered(kube, deployment).await?;
    if wanted > 0 {
        let set = sets.iter().find(|(number, _)| *number == wanted);
        let Some((_, set)) = set else {
            return Err(Failure::Plain(
                "unable to find the specified revision".to_owned(),
            ));
        };
        let mut template = at(set, "spec.template").clone();
        if let Some(cause) = annotation(set, revisions::CHANGE_CAUSE).filter(|c| !c.is_empty()) {
            *place(
                &mut template,
                &["metadata", "annotations", revisions::CHANGE_CAUSE],
            ) = cause.into();
        }
        return Ok(template_text(&template));
    }
    Ok(overview(sets.iter().map(|(number, set)| (*number, set))))
}

/// The revisions with the causes of their changes, as a table.
fn overview<'r>(revisions: impl Iterator<Item = (i64, &'r Value)>) -> String {
    let mut text = "REVISION\tCHANGE-CAUSE\n".to_owned();
    let header = text.len();
    for (number, object) in revisions {
        let cause = annotation(object, revisions::CHANGE_CAUSE).filter(|c| !c.is_empty());
        text.push_str(&format!("{number}\t{}\n", cause.unwrap_or("<none>")));
    }
    match text.len() == header {
        true => "No rollout history found.".to_owned(),
        false => TabWriter::describe().align(&text),
    }
}

/// The number of replicas that a Deployment wants.
fn desired(deployment: &Value) -> i64 {
    int(deployment, "spec.replicas").unwrap_or(1)
}
