//! The ControllerRevisions: what the template was at each revision
//! (`k8s.io/kubernetes/pkg/controller/daemon/update.go` constructHistory, cleanupHistory).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use serde_json::Value;

use super::sync::{Sync, label};
use super::template::HASH_LABEL;
use crate::api::{Resource, Result};
use crate::apiserver::WriteOptions;
use crate::controllers::hash;
use crate::controllers::revisions::{self, Revision};
use crate::sim::ordered::Set as BTreeSet;

impl Sync<'_, '_, '_> {
    /// The revision of the present template, made if it is missing, and all others. The present
    /// one has the highest number.
    pub fn construct_history(&mut self) -> Result<(Revision, Vec<Revision>)> {
        let spec = self.set.spec.clone().unwrap_or_default();
        let snapshot = revisions::snapshot(&spec.template);
        let (mut current, mut old) = (Vec::new(), Vec::new());
        for revision in revisions::controlled(self.scope, &*self.set, &self.selector)? {
            let revision = self.ensure_label(revision)?;
            if revisions::holds(&revision, &snapshot) {
                current.push(revision);
            } else {
                old.push(revision);
            }
        }
        let number = old.iter().map(|r| r.revision).max().unwrap_or_default() + 1;
        let latest = current.iter().max_by_key(|r| r.revision).cloned();
        let Some(mut latest) = latest else {
            return Ok((self.record(&spec.template, &snapshot, number)?, old));
        };
        self.merge_duplicates(&latest, &current)?;
        if latest.revision < number {
            latest = revisions::renumber(self.scope, &*self.set, &latest, number)?;
        }
        Ok((latest, old))
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
            revisions::delete(self.scope, duplicate)?;
        }
        Ok(())
    }

    fn record(
        &mut self,
        template: &PodTemplateSpec,
        snapshot: &Value,
        number: i64,
    ) -> Result<Revision> {
        let collisions = self.set.status.as_ref().and_then(|s| s.collision_count);
        let hash = hash::compute(template, collisions);
        let set = self.set.clone();
        let hash = (HASH_LABEL, hash);
        let recorded = revisions::record(self.scope, &*set, template, snapshot, number, hash);
        if matches!(&recorded, Err(status) if status.is_already_exists()) {
            self.count_collision()?;
        }
        recorded
    }

    /// The name is taken by another template with the same hash: the counter makes another hash the next time.
    fn count_collision(&mut self) -> Result<()> {
        let count = |set: &DaemonSet| set.status.as_ref().and_then(|s| s.collision_count);
        let newest = self.scope.ctx.get::<DaemonSet>(&self.set.key());
        // A count that has moved on meanwhile makes another hash already.
        if let Some(newest) = newest.filter(|n| count(n) == count(&self.set)) {
            self.decide("the name of the revision is taken: count a collision");
            let mut changed = (*newest).clone();
            let collisions = count(&newest).unwrap_or_default().saturating_add(1);
            changed.status.get_or_insert_default().collision_count = Some(collisions);
            self.scope.ctx.update_status(changed)?;
        }
        Ok(())
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
            revisions::forget(self.scope, &*self.set, revision, limit)?;
        }
        Ok(())
    }
}
