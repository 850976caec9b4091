//! The ControllerRevisions: what the template was at each revision
//! (`k8s.io/kubernetes/pkg/controller/daemon/update.go` constructHistory, cleanupHistory).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde_json::{Value, json};

use super::sync::{Sync, label};
use super::template::HASH_LABEL;
use crate::api::{Key, Resource, Result, Status, codec, controller_ref};
use crate::apiserver::{DeleteOptions, WriteOptions};
use crate::controllers::claim::claim;
use crate::controllers::hash;
use crate::sim::ordered::Set as BTreeSet;

type Revision = Rc<ControllerRevision>;

impl Sync<'_, '_, '_> {
    /// The revision of the present template, made if it is missing, and all others. The present
    /// one has the highest number.
    pub fn construct_history(&mut self) -> Result<(Revision, Vec<Revision>)> {
        let template = snapshot_of(&self.set);
        let (mut current, mut old) = (Vec::new(), Vec::new());
        for revision in self.controlled_history()? {
            let revision = self.ensure_label(revision)?;
            if holds(&revision, &template) {
                current.push(revision);
            } else {
                old.push(revision);
            }
        }
        let number = old.iter().map(|r| r.revision).max().unwrap_or_default() + 1;
        let latest = current.iter().max_by_key(|r| r.revision).cloned();
        let Some(mut latest) = latest else {
            return Ok((self.snapshot(template, number)?, old));
        };
        self.merge_duplicates(&latest, &current)?;
        if latest.revision < number {
            self.decide(&format!(
                "go back to revision {}: now {number}",
                latest.revision
            ));
            let mut changed = (*latest).clone();
            changed.revision = number;
            latest = self.scope.ctx.update(changed)?;
        }
        Ok((latest, old))
    }

    fn controlled_history(&mut self) -> Result<Vec<Revision>> {
        let caches = self.scope.caches;
        let candidates: Vec<_> = caches
            .controller_revisions
            .owned_by(self.set.uid())
            .chain(caches.orphan_revisions(self.set.namespace()))
            .cloned()
            .collect();
        self.scope.look(candidates.len());
        claim(self.scope, &*self.set, &self.selector, candidates)
    }

    /// Revisions that were made without a label get their name as one.
    fn ensure_label(&mut self, revision: Revision) -> Result<Revision> {
        if !label(&revision).is_empty() {
            return Ok(revision);
        }
        let mut changed = (*revision).clone();
        let name = changed.name().to_owned();
        let labels = changed.metadata.labels.get_or_insert_default();
        labels.insert(HASH_LABEL.to_owned(), name);
        self.scope.ctx.update(changed)
    }

    /// Of several revisions with the same template the latest stays; pods of the others become
    /// its own.
    fn merge_duplicates(&mut self, keep: &Revision, current: &[Revision]) -> Result<()> {
        for duplicate in current.iter().filter(|r| r.name() != keep.name()) {
            let hash = label(keep).to_owned();
            for pod in &self.pods {
                let labels = pod.metadata.labels.as_ref();
                if labels.and_then(|l| l.get(HASH_LABEL)) == Some(&hash) {
                    continue;
                }
                let options = WriteOptions::default();
                self.scope.ctx.patch::<Pod>(&pod.key(), &options, |pod| {
                    let labels = pod.metadata.labels.get_or_insert_default();
                    labels.insert(HASH_LABEL.to_owned(), hash.clone());
                })?;
            }
            self.forget_revision(duplicate)?;
        }
        Ok(())
    }

    fn snapshot(&mut self, template: Value, number: i64) -> Result<Revision> {
        let spec = self.set.spec.clone().unwrap_or_default();
        let collisions = self.set.status.as_ref().and_then(|s| s.collision_count);
        let hash = hash::compute(&spec.template, collisions);
        let name = format!("{}-{hash}", self.set.name());
        let labels = spec.template.metadata.and_then(|m| m.labels);
        let mut labels = labels.unwrap_or_default();
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
                self.resolve_collision(&name, &template, status)
            }
            other => other,
        }
    }

    /// The name is taken. By our own revision, which the cache does not show yet: that is it. By
    /// another template with the same hash: the counter makes another hash the next time.
    fn resolve_collision(
        &mut self,
        name: &str,
        template: &Value,
        status: Box<Status>,
    ) -> Result<Revision> {
        let key = Key::new(self.set.namespace(), name);
        let existing = self.scope.ctx.get::<ControllerRevision>(&key);
        if let Some(existing) = existing.filter(|r| holds(r, template)) {
            return Ok(existing);
        }
        let count = |set: &DaemonSet| set.status.as_ref().and_then(|s| s.collision_count);
        let newest = self.scope.ctx.get::<DaemonSet>(&self.set.key());
        // A count that has moved on meanwhile makes another hash already.
        if let Some(newest) = newest.filter(|n| count(n) == count(&self.set)) {
            self.decide(&format!("the name {name} is taken: count a collision"));
            let mut changed = (*newest).clone();
            let collisions = count(&newest).unwrap_or_default().saturating_add(1);
            changed.status.get_or_insert_default().collision_count = Some(collisions);
            self.scope.ctx.update_status(changed)?;
        }
        Err(status)
    }

    /// Deletes the oldest revisions beyond `revisionHistoryLimit` that no pod has any more.
    pub fn clean_up_history(&mut self, old: &[Revision]) -> Result<()> {
        let spec = self.set.spec.as_ref();
        let limit = spec.and_then(|s| s.revision_history_limit).unwrap_or(10);
        let limit = usize::try_from(limit).unwrap_or_default();
        let excess = old.len().saturating_sub(limit);
        if excess == 0 {
            return Ok(());
        }
        let of_pod = |pod: &Rc<Pod>| pod.metadata.labels.as_ref()?.get(HASH_LABEL).cloned();
        let live: BTreeSet<String> = self.pods.iter().filter_map(of_pod).collect();
        let mut oldest: Vec<&Revision> = old.iter().collect();
        oldest.sort_by_key(|r| r.revision);
        let dead = oldest.into_iter().filter(|r| !live.contains(label(r)));
        for revision in dead.take(excess) {
            let number = revision.revision;
            self.decide(&format!(
                "forget revision {number}: {limit} old ones are kept"
            ));
            self.forget_revision(revision)?;
        }
        Ok(())
    }

    fn forget_revision(&mut self, revision: &Revision) -> Result<()> {
        let options = DeleteOptions::default();
        let key = revision.key();
        match self.scope.ctx.delete::<ControllerRevision>(&key, &options) {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(()),
        }
    }
}

/// The template as a patch that brings it back (getPatch).
fn snapshot_of(set: &DaemonSet) -> Value {
    let template = set.spec.as_ref().map(|s| codec::encode(&s.template));
    let mut template = template.unwrap_or_else(|| json!({}));
    if let Value::Object(fields) = &mut template {
        fields.insert("$patch".to_owned(), json!("replace"));
    }
    json!({"spec": {"template": template}})
}

fn holds(revision: &ControllerRevision, template: &Value) -> bool {
    revision
        .data
        .as_ref()
        .is_some_and(|data| data.0 == *template)
}
