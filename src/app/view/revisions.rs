//! Which revision of its workload a pod belongs to: a letter and a colour that stay with it.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::time::from_api;
use crate::api::{Resource, controller_of};
use crate::app::Mirror;
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

/// The labels by which controllers tell the revisions of their pods apart.
const HASHES: [&str; 2] = ["pod-template-hash", "controller-revision-hash"];

/// The first revision of a workload is A, the next one B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(pub u8);

impl Revision {
    /// How many colours the style sheet has for revisions.
    pub const COLOURS: u8 = 6;

    pub fn letter(self) -> char {
        char::from(b'A' + self.0 % 26)
    }

    /// Which of the revision colours it wears.
    pub fn colour(self) -> u8 {
        self.0 % Self::COLOURS
    }
}

/// Letters that were given out. They are never taken back, so that a revision keeps its letter
/// through rollbacks and rewinds.
#[derive(Clone, Debug, Default)]
pub struct Revisions {
    given: BTreeMap<Rc<str>, Vec<Rc<str>>>,
    /// The [`Mirror::lists`] up to which all that was there has a letter.
    met: u64,
}

impl Revisions {
    /// Gives letters to what is met all at once, after a reload or a jump in time, in the order in which it came to be.
    pub fn meet(&mut self, mirror: &Mirror) {
        if self.met == mirror.lists() {
            return;
        }
        self.met = mirror.lists();
        let mut sets: Vec<&Rc<ReplicaSet>> = mirror.replica_sets.iter().collect();
        sets.sort_by_cached_key(|set| age(set));
        for set in sets {
            let labels = set.metadata.labels.as_ref();
            let hash = labels.and_then(|l| l.get("pod-template-hash"));
            if let (Some(owner), Some(hash)) = (controller_of(&set.metadata), hash) {
                self.of(&format!("{}/{}", set.namespace(), owner.name), hash);
            }
        }
        for set in mirror.workloads.values() {
            let Some(set) = set.get::<StatefulSet>() else {
                continue;
            };
            let key = format!("{}/{}", set.namespace(), set.name());
            let status = set.status.iter();
            let hashes = status.flat_map(|s| [&s.current_revision, &s.update_revision]);
            for hash in hashes.flatten() {
                self.of(&key, hash);
            }
        }
    }

    /// The letter of a template hash within a workload; the next free one when it is new.
    pub fn of(&mut self, workload: &str, hash: &str) -> Revision {
        if let Some(known) = self.given.get(workload)
            && let Some(index) = known.iter().position(|h| **h == *hash)
        {
            return Revision(index as u8);
        }
        let known = self.given.entry(workload.into()).or_default();
        known.push(hash.into());
        Revision((known.len() - 1).min(usize::from(u8::MAX)) as u8)
    }

    /// The revision of a pod; `None` when nothing that has revisions controls it.
    pub fn of_pod(&mut self, pod: &Pod) -> Option<Revision> {
        let owner = controller_of(&pod.metadata)?;
        let labels = pod.metadata.labels.as_ref()?;
        let hash = HASHES.iter().find_map(|label| labels.get(*label))?;
        let workload = workload_of(&owner.kind, &owner.name, hash);
        let key = format!("{}/{workload}", pod.namespace());
        Some(self.of(&key, hash))
    }
}

/// What the Deployment controller counts its ReplicaSets with, as it wrote it on one of them or on the Deployment.
pub fn number_on(metadata: &ObjectMeta) -> &str {
    let annotations = metadata.annotations.as_ref();
    let number = annotations.and_then(|a| a.get("deployment.kubernetes.io/revision"));
    number.map_or("", String::as_str)
}

/// By this, ReplicaSets that are seen for the first time together get their letters: an undone rollout gives an old one a
/// new number.
pub fn age(set: &ReplicaSet) -> (Option<Time>, u64) {
    let created = set.metadata.creation_timestamp.as_ref();
    let number = number_on(&set.metadata).parse().unwrap_or_default();
    (created.map(from_api), number)
}

/// The name of what a person wrote, from the name of what it made: a ReplicaSet is called like its
/// Deployment with the template's hash.
pub fn workload_of<'n>(owner_kind: &str, owner: &'n str, hash: &str) -> &'n str {
    if owner_kind != "ReplicaSet" {
        return owner;
    }
    owner
        .strip_suffix(hash)
        .and_then(|name| name.strip_suffix('-'))
        .unwrap_or(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stay_with_their_revision() {
        let mut revisions = Revisions::default();
        assert_eq!(revisions.of("default/web", "aaa").letter(), 'A');
        assert_eq!(revisions.of("default/web", "bbb").letter(), 'B');
        assert_eq!(revisions.of("default/web", "aaa").letter(), 'A');
        assert_eq!(revisions.of("default/api", "bbb").letter(), 'A');
    }

    #[test]
    fn the_workload_is_the_name_without_the_hash() {
        assert_eq!(workload_of("ReplicaSet", "web-5d8f", "5d8f"), "web");
        assert_eq!(workload_of("StatefulSet", "db", "db-77"), "db");
        assert_eq!(workload_of("ReplicaSet", "alone", "5d8f"), "alone");
    }
}
