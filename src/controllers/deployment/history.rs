//! Which ReplicaSet is the new one, which revision it has, and which old ones are forgotten.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::progress::{PROGRESSING, condition, find, set_condition};
use super::sync::{Rollout, Sets};
use super::{rolling, util};
use crate::api::{Key, Resource, Result, Status, controller_of, controller_ref};
use crate::apiserver::DeleteOptions;
use crate::client::Involved;
use crate::controllers::hash;
use crate::controllers::replicaset::is_namespace_terminating;

/// How long the list of earlier revisions in an annotation may get.
const HISTORY_CHARS: usize = 2000;

/// Annotations that belong to the Deployment alone.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    util::REVISION,
    util::REVISION_HISTORY,
    util::DESIRED_REPLICAS,
    util::MAX_REPLICAS,
    "deprecated.deployment.rollback.to",
];

impl Rollout<'_, '_, '_> {
    /// Tells the new ReplicaSet from the old ones, and keeps revisions in step: the new one has
    /// the highest. Creates it if it is missing and `create` says so.
    pub fn tell_apart(&mut self, sets: &[Rc<ReplicaSet>], create: bool) -> Result<Sets> {
        let found = util::find_new(&self.d, sets);
        let old = util::find_old(sets, found.as_ref());
        let revision = old.iter().map(|rs| util::revision(rs)).max().unwrap_or(0) + 1;
        let new = match found {
            Some(rs) => Some(self.keep_new(rs, revision)?),
            None if create => Some(self.create_new(&old, revision)?),
            None => None,
        };
        Ok(Sets { new, old })
    }

    /// Brings the new ReplicaSet's annotations and the Deployment's revision up to date.
    fn keep_new(&mut self, found: Rc<ReplicaSet>, revision: i64) -> Result<Rc<ReplicaSet>> {
        let mut rs = (*found).clone();
        let mut changed = annotate(&self.d, &mut rs.metadata, revision, true);
        let min_ready = self.d.spec.as_ref().and_then(|s| s.min_ready_seconds);
        if let Some(spec) = &mut rs.spec
            && spec.min_ready_seconds.unwrap_or_default() != min_ready.unwrap_or_default()
        {
            spec.min_ready_seconds = min_ready;
            changed = true;
        }
        if changed {
            return self.write_set(&found, rs);
        }
        let mut d = (*self.d).clone();
        let own = util::annotation(&found.metadata, util::REVISION).unwrap_or_default();
        let mut changed = set_revision(&mut d, own);
        if util::progress_deadline(&d).is_some() && find(d.status.as_ref(), PROGRESSING).is_none() {
            let message = format!("Found new replica set \"{}\"", found.name());
            self.add_progress(&mut d, "True", "FoundNewReplicaSet", &message);
            changed = true;
        }
        if changed {
            self.write(d)?;
        }
        Ok(found)
    }

    fn create_new(&mut self, old: &[Rc<ReplicaSet>], revision: i64) -> Result<Rc<ReplicaSet>> {
        let mut rs = self.describe_new();
        let count = rolling::new_replicas(&self.d, util::sum(old, util::replicas), 0);
        if let Some(spec) = &mut rs.spec {
            spec.replicas = Some(count);
        }
        annotate(&self.d, &mut rs.metadata, revision, false);
        let name = rs.name().to_owned();
        self.decide(&format!(
            "create ReplicaSet {name} for revision {revision} with {count} of {}",
            util::desired(&self.d)
        ));
        let template = rs.spec.as_ref().and_then(|s| s.template.clone());
        let (created, existed) = match self.create_set(rs) {
            Ok(created) => (created, false),
            Err(status) if status.is_already_exists() => {
                (self.resolve_collision(&name, template, status)?, true)
            }
            Err(status) if is_namespace_terminating(&status) => return Err(status),
            Err(status) => return Err(self.tell_failed_create(&name, status)),
        };
        if !existed && count > 0 {
            let message = format!("Scaled up replica set {name} from 0 to {count}");
            self.tell_scaled(&message);
        }
        let mut d = (*self.d).clone();
        let mut changed = set_revision(&mut d, &revision.to_string());
        if !existed && util::progress_deadline(&d).is_some() {
            let message = format!("Created new replica set \"{name}\"");
            self.add_progress(&mut d, "True", "NewReplicaSetCreated", &message);
            changed = true;
        }
        if changed {
            self.write(d)?;
        }
        Ok(created)
    }

    /// The ReplicaSet for the Deployment's template, without replicas.
    fn describe_new(&self) -> ReplicaSet {
        let spec = self.d.spec.clone().unwrap_or_default();
        let collisions = self.d.status.as_ref().and_then(|s| s.collision_count);
        let mut template = spec.template;
        let hash = hash::compute(&template, collisions);
        let labels = template.metadata.get_or_insert_default();
        let labels = labels.labels.get_or_insert_default();
        labels.insert(util::HASH_LABEL.to_owned(), hash.clone());
        let labels = labels.clone();
        let mut selector = spec.selector;
        selector
            .match_labels
            .get_or_insert_default()
            .insert(util::HASH_LABEL.to_owned(), hash.clone());
        ReplicaSet {
            metadata: ObjectMeta {
                name: Some(format!("{}-{hash}", self.d.name())),
                namespace: Some(self.d.namespace().to_owned()),
                labels: Some(labels),
                owner_references: Some(vec![controller_ref(&*self.d)]),
                ..ObjectMeta::default()
            },
            spec: Some(ReplicaSetSpec {
                replicas: Some(0),
                min_ready_seconds: spec.min_ready_seconds,
                selector,
                template: Some(template),
            }),
            status: None,
        }
    }

    /// The name is taken. By our own ReplicaSet, which the cache does not show yet: that is it.
    /// By another template with the same hash: the counter makes another hash the next time.
    fn resolve_collision(
        &mut self,
        name: &str,
        template: Option<k8s_openapi::api::core::v1::PodTemplateSpec>,
        status: Box<Status>,
    ) -> Result<Rc<ReplicaSet>> {
        let key = Key::new(self.d.namespace(), name);
        let Some(existing) = self.scope.caches.replica_sets.get(&key).cloned() else {
            return Err(status);
        };
        let ours = controller_of(&existing.metadata).is_some_and(|o| o.uid == self.d.uid());
        let theirs = existing.spec.as_ref().and_then(|s| s.template.as_ref());
        if ours && util::same_template(template.as_ref(), theirs) {
            return Ok(existing);
        }
        let mut changed = self.status();
        changed.collision_count = Some(changed.collision_count.unwrap_or_default() + 1);
        self.decide(&format!("the name {name} is taken: count a collision"));
        self.write_status(changed)?;
        Err(status)
    }

    fn tell_failed_create(&mut self, name: &str, status: Box<Status>) -> Box<Status> {
        let message = format!(
            "Failed to create new replica set \"{name}\": {}",
            status.message
        );
        if util::progress_deadline(&self.d).is_some() {
            let mut d = (*self.d).clone();
            self.add_progress(&mut d, "False", "ReplicaSetCreateError", &message);
            // The failure to create is the one to report.
            let _ = self.write(d);
        }
        self.recorder.warning(
            self.scope.ctx,
            &Involved::of(&*self.d),
            "ReplicaSetCreateError",
            &message,
        );
        status
    }

    fn add_progress(&self, d: &mut Deployment, status: &str, reason: &str, message: &str) {
        let new = condition(PROGRESSING, status, reason, message, self.scope.now());
        set_condition(d.status.get_or_insert_default(), new);
    }

    /// Deletes the oldest of the empty ReplicaSets beyond `revisionHistoryLimit`.
    pub fn clean_up(&mut self, old: &[Rc<ReplicaSet>]) -> Result<()> {
        let limit = self.d.spec.as_ref().and_then(|s| s.revision_history_limit);
        let Some(limit) = limit.and_then(|n| usize::try_from(n).ok()) else {
            return Ok(());
        };
        let mut cleanable: Vec<_> = old
            .iter()
            .filter(|rs| rs.metadata.deletion_timestamp.is_none())
            .cloned()
            .collect();
        let excess = cleanable.len().saturating_sub(limit);
        cleanable.sort_by(|a, b| {
            util::revision(a)
                .cmp(&util::revision(b))
                .then_with(|| util::age_order(a, b))
        });
        for rs in cleanable.into_iter().take(excess) {
            let observed = rs.status.as_ref().and_then(|s| s.observed_generation);
            let lags = rs.metadata.generation > observed;
            if util::actual(&rs) != 0 || util::replicas(&rs) != 0 || lags {
                continue;
            }
            self.decide(&format!(
                "forget revision {}: {limit} old ones are kept",
                util::revision(&rs)
            ));
            let options = DeleteOptions::default();
            match self.scope.ctx.delete::<ReplicaSet>(&rs.key(), &options) {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {}
            }
        }
        Ok(())
    }
}

fn set(annotations: &mut BTreeMap<String, String>, key: &str, value: &str) -> bool {
    if annotations.get(key).map(String::as_str) == Some(value) {
        return false;
    }
    annotations.insert(key.to_owned(), value.to_owned());
    true
}

/// Sets the Deployment's revision; tells whether that changed anything.
fn set_revision(d: &mut Deployment, revision: &str) -> bool {
    let annotations = d.metadata.annotations.get_or_insert_default();
    set(annotations, util::REVISION, revision)
}

/// Sets how many replicas are asked for, and how many may exist, for proportional scaling.
pub fn set_replicas_annotations(meta: &mut ObjectMeta, d: &Deployment) -> bool {
    let (desired, surge) = (util::desired(d), util::max_surge(d));
    let annotations = meta.annotations.get_or_insert_default();
    let a = set(annotations, util::DESIRED_REPLICAS, &desired.to_string());
    let most = desired.saturating_add(surge);
    let b = set(annotations, util::MAX_REPLICAS, &most.to_string());
    a || b
}

/// Copies the Deployment's annotations to its new ReplicaSet, and gives that a revision
/// (SetNewReplicaSetAnnotations). Tells whether anything changed.
fn annotate(d: &Deployment, meta: &mut ObjectMeta, revision: i64, exists: bool) -> bool {
    let mut changed = false;
    let annotations = meta.annotations.get_or_insert_default();
    for (key, value) in d.metadata.annotations.iter().flatten() {
        if !NOT_COPIED.contains(&key.as_str()) {
            changed |= set(annotations, key, value);
        }
    }
    let old = annotations.get(util::REVISION).cloned();
    let old_number = match old.as_deref() {
        None | Some("") => 0,
        Some(text) => match text.parse::<i64>() {
            Ok(number) => number,
            // Somebody wrote nonsense: leave it to them.
            Err(_) => return changed,
        },
    };
    if old_number < revision {
        changed |= set(annotations, util::REVISION, &revision.to_string());
        if let Some(old) = old {
            let history = annotations.get(util::REVISION_HISTORY);
            if let Some(history) = longer_history(history.map_or("", String::as_str), &old) {
                set(annotations, util::REVISION_HISTORY, &history);
            }
        }
    }
    if annotations.is_empty() {
        meta.annotations = None;
    }
    if !exists {
        changed |= set_replicas_annotations(meta, d);
    }
    changed
}

/// Adds a revision to the list of those that a ReplicaSet has had; drops the oldest when it gets
/// too long.
fn longer_history(history: &str, revision: &str) -> Option<String> {
    if history.is_empty() {
        return Some(revision.to_owned());
    }
    let mut kept: Vec<&str> = history.split(',').collect();
    kept.push(revision);
    while kept.len() > 1 && kept.iter().map(|r| r.len() + 1).sum::<usize>() - 1 > HISTORY_CHARS {
        kept.remove(0);
    }
    Some(kept.join(",")).filter(|h| h.len() <= HISTORY_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_grow_at_the_end_and_lose_the_oldest() {
        assert_eq!(longer_history("", "1").as_deref(), Some("1"));
        assert_eq!(longer_history("1,3", "5").as_deref(), Some("1,3,5"));
        let long = vec!["1234"; 400].join(",");
        assert_eq!(long.len(), 1999);
        let longer = longer_history(&long, "9").unwrap_or_default();
        assert!(longer.len() <= HISTORY_CHARS);
        assert!(longer.ends_with(",1234,9"));
    }

    #[test]
    fn a_rollback_gives_the_old_replica_set_the_newest_revision() {
        let mut d = Deployment::default();
        d.metadata.annotations = Some(BTreeMap::from([
            ("team".to_owned(), "a".to_owned()),
            (util::REVISION.to_owned(), "2".to_owned()),
        ]));
        let mut meta = ObjectMeta {
            annotations: Some(BTreeMap::from([(
                util::REVISION.to_owned(),
                "1".to_owned(),
            )])),
            ..ObjectMeta::default()
        };
        assert!(annotate(&d, &mut meta, 3, true));
        let annotations = meta.annotations.clone().unwrap_or_default();
        assert_eq!(annotations[util::REVISION], "3");
        assert_eq!(annotations[util::REVISION_HISTORY], "1");
        assert_eq!(annotations["team"], "a");
        assert!(
            !annotate(&d, &mut meta, 3, true),
            "nothing is left to change"
        );
    }
}
