//! `kubectl rollout undo`: back to the template of an earlier revision.

use serde_json::{Map, Value, json};

use super::{controller_revisions, need_resource, need_rollout, revisions};
use crate::apiserver::patch::apply::LAST_APPLIED;
use crate::apiserver::request::JSON_PATCH;
use crate::kubectl::describe::template_text;
use crate::kubectl::error::{Result, all, plain};
use crate::kubectl::json::{annotation, at, flag, name};
use crate::kubectl::kube::{DryRun, Kube};
use crate::kubectl::printers::done;
use crate::kubectl::resources::Target;

/// Annotations of the Deployment itself: a rollback leaves them.
const KEPT: [&str; 6] = [
    LAST_APPLIED,
    revisions::REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

pub async fn run(kube: &Kube) -> Result<()> {
    need_resource(kube)?;
    let wanted = kube.flags.int("to-revision").unwrap_or(0);
    let (objects, mut failures) = kube.chosen_objects().await?;
    for (target, object) in &objects {
        let undone = match need_rollout(kube, target) {
            Ok(()) => undo(kube, target, object, wanted).await,
            Err(failure) => Err(failure),
        };
        match undone {
            Ok(word) => done(kube, target.kind, object, &word)?,
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

async fn undo(kube: &Kube, target: &Target, deployment: &Value, wanted: i64) -> Result<String> {
    if wanted < 0 {
        return plain(format!("revision must be a positive integer: {wanted}"));
    }
    if annotation(deployment, LAST_APPLIED).is_some() {
        kube.warn(&format!(
            "Warning: resource {}/{} was previously managed with 'kubectl apply'. Rolling back will not update the {LAST_APPLIED} annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.",
            target.kind.plural,
            name(deployment)
        ));
    }
    if target.kind.kind != "Deployment" {
        return controller_revisions::undo(kube, target, deployment, wanted).await;
    }
    let sets = revisions::owned(kube, deployment).await?;
    let set = revision_to(&sets, wanted, name(deployment))?;
    if kube.dry_run()? == DryRun::Client {
        return Ok(template_text(at(set, "spec.template")));
    }
    if flag(deployment, "spec.paused") {
        return plain(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
        );
    }
    let template = revisions::without_hash(at(set, "spec.template"));
    if template == revisions::without_hash(at(deployment, "spec.template")) {
        return Ok(format!(
            "skipped rollback (current template already matches revision {})",
            revisions::revision(set)
        ));
    }
    let patch = json!([
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": annotations(deployment, set)},
    ]);
    kube.patch(
        target.kind,
        &target.namespace,
        &target.name,
        JSON_PATCH,
        patch,
        "kubectl",
    )
    .await
    .map_err(|failure| failure.when(format!("failed restoring revision {wanted}:")))?;
    Ok("rolled back".to_owned())
}

/// The annotations after the rollback: the Deployment's own, and those of the revision.
fn annotations(deployment: &Value, set: &Value) -> Value {
    let mut annotations = Map::new();
    for key in KEPT {
        if let Some(value) = annotation(deployment, key) {
            annotations.insert(key.to_owned(), value.into());
        }
    }
    for (key, value) in crate::kubectl::json::entries(set, "metadata.annotations") {
        if !KEPT.contains(&key) {
            annotations.insert(key.to_owned(), value.clone());
        }
    }
    Value::Object(annotations)
}

/// The revision that was asked for; zero is the one before the latest.
fn revision_to<'s>(sets: &'s [Value], wanted: i64, name: &str) -> Result<&'s Value> {
    if wanted > 0 {
        return match sets.iter().find(|s| revisions::revision(s) == wanted) {
            Some(set) => Ok(set),
            None => plain(format!(
                "unable to find specified revision {wanted} in history"
            )),
        };
    }
    let mut by_revision: Vec<&Value> = sets.iter().filter(|s| revisions::revision(s) > 0).collect();
    by_revision.sort_by_key(|s| revisions::revision(s));
    match by_revision.as_slice() {
        [.., previous, _latest] => Ok(previous),
        _ => plain(format!(
            "no rollout history found for deployment \"{name}\""
        )),
    }
}
