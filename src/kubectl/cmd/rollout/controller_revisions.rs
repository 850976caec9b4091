//! The history of what keeps its templates as ControllerRevisions: showing it, and going back.
//! Models `k8s.io/kubectl/pkg/polymorphichelpers/{history,rollback}.go`.

use serde_json::Value;

use super::overview;
use crate::api::Kind;
use crate::apiserver::patch::{PatchSchema, strategic};
use crate::apiserver::request::STRATEGIC_MERGE_PATCH;
use crate::kubectl::describe::{selector_text, template_text};
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::{at, int, list, namespace, text};
use crate::kubectl::kube::{DryRun, Kube};
use crate::kubectl::resources::Target;

/// The revisions that an object controls, oldest first.
async fn owned(kube: &Kube, owner: &Value) -> Result<Vec<Value>> {
    let Some(kind) = Kind::by_gvk("apps/v1", "ControllerRevision") else {
        return Ok(Vec::new());
    };
    let query = [("labelSelector", selector_text(&owner["spec"]["selector"]))];
    let mut all = kube.list(kind.info(), namespace(owner), &query).await?;
    let uid = text(owner, "metadata.uid");
    let ours = |o: &Value| o["controller"].as_bool() == Some(true) && text(o, "uid") == uid;
    all.retain(|revision| list(revision, "metadata.ownerReferences").iter().any(ours));
    all.sort_by_key(number);
    Ok(all)
}

fn number(revision: &Value) -> i64 {
    int(revision, "revision").unwrap_or(0)
}

/// The template that a revision holds, without the directive that makes it a patch.
fn template(revision: &Value) -> Value {
    let mut template = at(revision, "data.spec.template").clone();
    if let Some(fields) = template.as_object_mut() {
        fields.remove("$patch");
    }
    template
}

/// The object as it was at each revision, by its number.
pub async fn numbered(kube: &Kube, target: &Target, owner: &Value) -> Result<Vec<(i64, Value)>> {
    let schema = PatchSchema::of_kind(target.kind.group, target.kind.kind);
    let mut all = Vec::new();
    for revision in owned(kube, owner).await? {
        let then = match (owner, &revision["data"], schema) {
            (Value::Object(object), Value::Object(patch), Some(schema)) => {
                strategic::apply(object.clone(), patch.clone(), schema)
                    .map(Value::Object)
                    .map_err(|e| Failure::Plain(e.message().to_owned()))?
            }
            _ => owner.clone(),
        };
        all.push((number(&revision), then));
    }
    Ok(all)
}

/// The table of revisions, or the template of the one that is `wanted`.
pub async fn history(kube: &Kube, owner: &Value, wanted: i64) -> Result<String> {
    let all = owned(kube, owner).await?;
    if wanted <= 0 || all.is_empty() {
        return Ok(overview(all.iter().map(|r| (number(r), r))));
    }
    match all.iter().find(|r| number(r) == wanted) {
        Some(revision) => Ok(template_text(&template(revision))),
        None => plain("unable to find the specified revision"),
    }
}

/// Goes back to revision `wanted`, or to the one before the latest; returns what was done.
pub async fn undo(kube: &Kube, target: &Target, owner: &Value, wanted: i64) -> Result<String> {
    let all = owned(kube, owner).await?;
    let found = match (wanted, all.as_slice()) {
        (0, [.., previous, _latest]) => Some(previous),
        (0, _) => return plain("no last revision to roll back to"),
        _ => all.iter().find(|r| number(r) == wanted),
    };
    let Some(revision) = found else {
        return plain(format!(
            "unable to find specified revision {wanted} in history"
        ));
    };
    if kube.dry_run()? == DryRun::Client {
        return Ok(template_text(&template(revision)));
    }
    if template(revision) == *at(owner, "spec.template") {
        return Ok(format!(
            "skipped rollback (current template already matches revision {wanted})"
        ));
    }
    kube.patch(
        target.kind,
        &target.namespace,
        &target.name,
        STRATEGIC_MERGE_PATCH,
        revision["data"].clone(),
        "kubectl",
    )
    .await
    .map_err(|failure| failure.when(format!("failed restoring revision {wanted}:")))?;
    Ok("rolled back".to_owned())
}
