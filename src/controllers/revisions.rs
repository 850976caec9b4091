//! ControllerRevisions: the templates that a DaemonSet or a StatefulSet has had
//! (`k8s.io/kubernetes/pkg/controller/history`).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde_json::{Value, json};

use super::claim::claim;
use super::controller::Scope;
use crate::api::selector::Selector;
use crate::api::{Key, Resource, Result, codec, controller_ref};
use crate::apiserver::DeleteOptions;

pub type Revision = Rc<ControllerRevision>;

/// The revisions of a set; orphans that it selects become its own.
///
/// # Errors
/// The first adoption or release that failed.
pub fn controlled<O: Resource>(
    scope: &mut Scope<'_, '_>,
    set: &O,
    selector: &Selector,
) -> Result<Vec<Revision>> {
    let caches = scope.caches;
    let candidates: Vec<Revision> = caches
        .controller_revisions
        .owned_by(set.uid())
        .chain(caches.orphan_revisions(set.namespace()))
        .cloned()
        .collect();
    scope.look(candidates.len());
    claim(scope, set, selector, candidates)
}

/// A template as the patch that brings it back (getPatch).
pub fn snapshot(template: &PodTemplateSpec) -> Value {
    let mut template = codec::encode(template);
    if let Value::Object(fields) = &mut template {
        fields.insert("$patch".to_owned(), json!("replace"));
    }
    json!({"spec": {"template": template}})
}

/// Whether a revision is of the template that this is a snapshot of.
pub fn holds(revision: &ControllerRevision, snapshot: &Value) -> bool {
    let data = revision.data.as_ref();
    data.is_some_and(|data| data.0 == *snapshot)
}

/// Records a snapshot as a revision of `set` that is named by a hash; it has the labels of the template, and one
/// with the hash.
///
/// # Errors
/// That of the request; "already exists" where the name is taken by another template. Where it is taken by this
/// one, which the cache does not show yet, that revision is the answer.
pub fn record<O: Resource>(
    scope: &mut Scope<'_, '_>,
    set: &O,
    template: &PodTemplateSpec,
    snapshot: &Value,
    number: i64,
    (label, hash): (&str, String),
) -> Result<Revision> {
    let name = format!("{}-{hash}", set.name());
    let labels = template.metadata.as_ref().and_then(|m| m.labels.clone());
    let mut labels = labels.unwrap_or_default();
    labels.insert(label.to_owned(), hash);
    let note = format!("record the template as revision {number}, {name}");
    scope.decide(O::KIND.info().kind, &set.key(), &note);
    let key = Key::new(set.namespace(), &name);
    let revision = ControllerRevision {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: Some(set.namespace().to_owned()),
            labels: Some(labels),
            annotations: set.meta().annotations.clone(),
            owner_references: Some(vec![controller_ref(set)]),
            ..ObjectMeta::default()
        },
        data: Some(RawExtension(snapshot.clone())),
        revision: number,
    };
    match scope.ctx.create(revision) {
        Err(status) if status.is_already_exists() => {
            let existing = scope.ctx.get::<ControllerRevision>(&key);
            existing.filter(|r| holds(r, snapshot)).ok_or(status)
        }
        other => other,
    }
}

/// Makes a revision the newest again.
///
/// # Errors
/// That of the request.
pub fn renumber<O: Resource>(
    scope: &mut Scope<'_, '_>,
    set: &O,
    revision: &ControllerRevision,
    number: i64,
) -> Result<Revision> {
    let note = format!("go back to revision {}: now {number}", revision.revision);
    scope.decide(O::KIND.info().kind, &set.key(), &note);
    let mut changed = revision.clone();
    changed.revision = number;
    scope.ctx.update(changed)
}

/// Deletes a revision that is too old: `limit` are kept.
///
/// # Errors
/// That of the request; that it is gone already is none.
pub fn forget<O: Resource>(
    scope: &mut Scope<'_, '_>,
    set: &O,
    revision: &ControllerRevision,
    limit: usize,
) -> Result<()> {
    let number = revision.revision;
    let note = format!("forget revision {number}: {limit} old ones are kept");
    scope.decide(O::KIND.info().kind, &set.key(), &note);
    delete(scope, revision)
}

/// Deletes a revision.
///
/// # Errors
/// That of the request; that it is gone already is none.
pub fn delete(scope: &mut Scope<'_, '_>, revision: &ControllerRevision) -> Result<()> {
    let options = DeleteOptions::default();
    let key = revision.key();
    match scope.ctx.delete::<ControllerRevision>(&key, &options) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}
