//! The ControllerRevisions of a StatefulSet: which one its pods are of, and which one they are to be
//! (`stateful_set_control.go` getStatefulSetRevisions, `pkg/controller/history`).

use serde_json::Value;

use super::identity::REVISION_LABEL;
use super::sync::Sync;
use crate::api::{Resource, Result, Status};
use crate::controllers::hash;
use crate::controllers::revisions::{self, Revision};
use crate::sim::ordered::Set as BTreeSet;

/// The label with the hash that is part of a revision's name.
const HASH_LABEL: &str = "controller.kubernetes.io/hash";
/// How often another name is tried.
const COLLISIONS: usize = 16;

impl Sync<'_, '_, '_> {
    /// The revisions of the set.
    pub fn revisions(&mut self) -> Result<Vec<Revision>> {
        revisions::controlled(self.scope, &*self.set, &self.selector)
    }

    /// The current revision, the one of the present template, and the number of name collisions.
    /// `all` is sorted, oldest first.
    pub fn current_and_update(&mut self, all: &[Revision]) -> Result<(Revision, Revision, i32)> {
        let status = self.set.status.clone().unwrap_or_default();
        let mut collisions = status.collision_count.unwrap_or_default();
        let number = all.last().map_or(0, |r| r.revision) + 1;
        let snapshot = revisions::snapshot(&self.spec.template);
        let equal = all
            .iter()
            .rfind(|r| revisions::holds(r, &snapshot))
            .cloned();
        let last = all.last().is_some_and(|r| revisions::holds(r, &snapshot));
        let update = match equal {
            Some(revision) if last => all.last().cloned().unwrap_or(revision),
            Some(revision) => revisions::renumber(self.scope, &*self.set, &revision, number)?,
            None => self.record(&snapshot, number, &mut collisions)?,
        };
        let wanted = status.current_revision.unwrap_or_default();
        let current = all.iter().find(|r| r.name() == wanted);
        let current = current.cloned().unwrap_or_else(|| update.clone());
        Ok((current, update, collisions))
    }

    fn record(&mut self, snapshot: &Value, number: i64, collisions: &mut i32) -> Result<Revision> {
        for _ in 0..COLLISIONS {
            let hash = hash::of_text(&snapshot.to_string(), Some(*collisions));
            let (set, template) = (&*self.set, &self.spec.template);
            let hash = (HASH_LABEL, hash);
            match revisions::record(self.scope, set, template, snapshot, number, hash) {
                Err(status) if status.is_already_exists() => {
                    *collisions = collisions.saturating_add(1);
                }
                other => return other,
            }
        }
        Err(Status::internal("too many revisions have the same hash"))
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
        let mut live: BTreeSet<&str> = [current.name(), update.name()].into_iter().collect();
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
            revisions::forget(self.scope, &*self.set, revision, limit)?;
        }
        Ok(())
    }
}
