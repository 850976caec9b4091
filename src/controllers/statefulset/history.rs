//! The ControllerRevisions of a StatefulSet: which one its pods are of, and which one they are to be
//! (`stateful_set_control.go` getStatefulSetRevisions, `pkg/controller/history`).

use std::collections::BTreeSet;
use std::rc::Rc;

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde_json::{Value, json};

use super::identity::REVISION_LABEL;
use super::sync::Sync;
use crate::api::{Key, Resource, Result, codec, controller_ref};
use crate::apiserver::DeleteOptions;
use crate::controllers::claim::claim;
use crate::controllers::hash;

type Revision = Rc<ControllerRevision>;

/// The label with the hash that is part of a revision's name.
const HASH_LABEL: &str = "controller.kubernetes.io/hash";
/// How often another name is tried.
const COLLISIONS: usize = 16;

impl Sync<'_, '_, '_> {
    /// The revisions of the set; orphans that it selects become its own.
    pub fn revisions(&mut self) -> Result<Vec<Revision>> {
        let caches = self.scope.caches;
        let candidates: Vec<Revision> = caches
            .controller_revisions
            .owned_by(self.set.uid())
            .chain(caches.orphan_revisions(self.set.namespace()))
            .cloned()
            .collect();
        self.scope.look(candidates.len());
        claim(self.scope, &*self.set, &self.selector, candidates)
    }

    /// The current revision, the one of the present template, and the number of name collisions.
    /// `all` is sorted, oldest first.
    pub fn current_and_update(&mut self, all: &[Revision]) -> Result<(Revision, Revision, i32)> {
        let status = self.set.status.clone().unwrap_or_default();
        let mut collisions = status.collision_count.unwrap_or_default();
        let number = all.last().map_or(0, |r| r.revision) + 1;
        let template = self.snapshot();
        let equal = all.iter().rfind(|r| holds(r, &template)).cloned();
        let last = all.last().is_some_and(|r| holds(r, &template));
        let update = match equal {
            Some(revision) if last => all.last().cloned().unwrap_or(revision),
            Some(revision) => {
                self.decide(&format!(
                    "go back to revision {}: now {number}",
                    revision.revision
                ));
                let mut changed = (*revision).clone();
                changed.revision = number;
                self.scope.ctx.update(changed)?
            }
            None => self.record(template, number, &mut collisions)?,
        };
        let wanted = status.current_revision.unwrap_or_default();
        let current = all.iter().find(|r| r.name() == wanted);
        let current = current.cloned().unwrap_or_else(|| update.clone());
        Ok((current, update, collisions))
    }

    /// The template as a patch that brings it back.
    fn snapshot(&self) -> Value {
        let mut template = codec::encode(&self.spec.template);
        if let Value::Object(fields) = &mut template {
            fields.insert("$patch".to_owned(), json!("replace"));
        }
        json!({"spec": {"template": template}})
    }

    fn record(&mut self, template: Value, number: i64, collisions: &mut i32) -> Result<Revision> {
        let labels = self.spec.template.metadata.as_ref();
        let labels = labels.and_then(|m| m.labels.clone()).unwrap_or_default();
        for _ in 0..COLLISIONS {
            let hash = hash::of_text(&template.to_string(), Some(*collisions));
            let name = format!("{}-{hash}", self.set.name());
            let mut labels = labels.clone();
            labels.insert(HASH_LABEL.to_owned(), hash);
            let revision = ControllerRevision {
                metadata: ObjectMeta {
                    name: Some(name.clone()),
                    namespace: Some(self.set.namespace().to_owned()),
                    labels: Some(labels),
                    annotations: self.set.metadata.annotations.clone(),
                    owner_references: Some(vec![controller_ref(&*self.set)]),
                    ..ObjectMeta::default()
                },
                data: Some(RawExtension(template.clone())),
                revision: number,
            };
            self.decide(&format!("record the template as revision {number}, {name}"));
            match self.scope.ctx.create(revision) {
                Err(status) if status.is_already_exists() => {
                    let key = Key::new(self.set.namespace(), &name);
                    let existing = self.scope.ctx.get::<ControllerRevision>(&key);
                    // Our own, which the cache does not show yet; or another with this hash.
                    if let Some(existing) = existing.filter(|r| holds(r, &template)) {
                        return Ok(existing);
                    }
                    *collisions = collisions.saturating_add(1);
                }
                other => return other,
            }
        }
        Err(crate::api::Status::internal(
            "too many revisions have the same hash",
        ))
    }

    /// Deletes the oldest revisions beyond the limit that nothing is of.
    pub fn truncate_history(
        &mut self,
        all: &[Revision],
        current: &Revision,
        update: &Revision,
    ) -> Result<()> {
        let limit = self.spec.revision_history_limit.unwrap_or(10);
        let Ok(limit) = usize::try_from(limit) else {
            return Ok(());
        };
        let mut live: BTreeSet<&str> = BTreeSet::from([current.name(), update.name()]);
        for pod in &self.pods {
            let labels = pod.metadata.labels.as_ref();
            live.extend(
                labels
                    .and_then(|l| l.get(REVISION_LABEL))
                    .map(String::as_str),
            );
        }
        let dead: Vec<Revision> = all
            .iter()
            .filter(|r| !live.contains(r.name()))
            .cloned()
            .collect();
        let excess = dead.len().saturating_sub(limit);
        for revision in dead.iter().take(excess) {
            let number = revision.revision;
            self.decide(&format!(
                "forget revision {number}: {limit} old ones are kept"
            ));
            let options = DeleteOptions::default();
            match self
                .scope
                .ctx
                .delete::<ControllerRevision>(&revision.key(), &options)
            {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {}
            }
        }
        Ok(())
    }
}

fn holds(revision: &ControllerRevision, template: &Value) -> bool {
    revision
        .data
        .as_ref()
        .is_some_and(|data| data.0 == *template)
}
