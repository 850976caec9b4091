//! Which revision of its workload a pod belongs to: a letter and a colour that stay with it.

use std::collections::BTreeMap as Labels;
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

/// What says which application a pod is of, whichever of its workloads made it.
const APPLICATION: [&str; 2] = ["app.kubernetes.io/name", "app"];

/// The first revision of an application is A, the next one B: a canary beside the Deployment it is to follow is told
/// from that as its next revision would be.
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

/// A workload, by namespace and name, and the hash of one of its templates.
type Template = (Rc<str>, Rc<str>);

/// Letters that were given out. They are never taken back, so that a revision keeps its letter
/// through rollbacks and rewinds.
#[derive(Clone, Debug, Default)]
pub struct Revisions {
    /// By namespace and application, in the order of the letters.
    given: BTreeMap<Rc<str>, Vec<Template>>,
    /// The application of a workload, by its namespace and name: the one of the first pod of it that was met.
    applications: BTreeMap<Rc<str>, Rc<str>>,
    /// The [`Mirror::arrivals`] up to which all that was there has a letter.
    met: u64,
}

impl Revisions {
    /// Gives letters to what is met at once, in one picture or after a reload or a jump in time, in the order in which it
    /// came to be.
    pub fn meet(&mut self, mirror: &Mirror) {
        if self.met == mirror.arrivals() {
            return;
        }
        self.met = mirror.arrivals();
        let mut sets: Vec<&Rc<ReplicaSet>> = mirror.replica_sets.iter().collect();
        sets.sort_by_cached_key(|set| age(mirror, set));
        for set in sets {
            self.of_set(set);
        }
        for set in mirror.workloads.values() {
            let Some(set) = set.get::<StatefulSet>() else {
                continue;
            };
            let template = set.spec.as_ref().and_then(|s| s.template.metadata.as_ref());
            let labels = template.and_then(|m| m.labels.as_ref());
            let status = set.status.iter();
            let hashes = status.flat_map(|s| [&s.current_revision, &s.update_revision]);
            for hash in hashes.flatten() {
                self.of(set.namespace(), set.name(), labels, hash);
            }
        }
    }

    /// The letter of a template hash of a workload, whose pods have these labels; the next free one of the application
    /// when it is new.
    fn of(
        &mut self,
        namespace: &str,
        workload: &str,
        labels: Option<&Labels<String, String>>,
        hash: &str,
    ) -> Revision {
        let workload: Rc<str> = format!("{namespace}/{workload}").into();
        let application = match self.applications.get(&workload) {
            Some(known) => known.clone(),
            None => {
                let name = APPLICATION.iter().find_map(|l| labels?.get(*l));
                // No namespace has a colon in its name: an application is not taken for a workload.
                let application: Rc<str> = match name {
                    Some(name) => format!("{namespace}:{name}").into(),
                    None => workload.clone(),
                };
                self.applications
                    .insert(workload.clone(), application.clone());
                application
            }
        };
        let known = self.given.entry(application).or_default();
        let index = known
            .iter()
            .position(|(w, h)| *w == workload && **h == *hash)
            .unwrap_or_else(|| {
                known.push((workload, hash.into()));
                known.len() - 1
            });
        Revision(index.min(usize::from(u8::MAX)) as u8)
    }

    /// The revision of a ReplicaSet; `None` when it is no Deployment's. One that was made by hand has no hash.
    pub fn of_set(&mut self, set: &ReplicaSet) -> Option<Revision> {
        let owner = controller_of(&set.metadata)?;
        let labels = set.metadata.labels.as_ref();
        let hash = labels.and_then(|l| l.get("pod-template-hash"));
        let hash = hash.map_or("", String::as_str);
        Some(self.of(set.namespace(), &owner.name, labels, hash))
    }

    /// The revision of a pod; `None` when nothing that has revisions controls it.
    pub fn of_pod(&mut self, pod: &Pod) -> Option<Revision> {
        let owner = controller_of(&pod.metadata)?;
        let labels = pod.metadata.labels.as_ref();
        let hash = HASHES.iter().find_map(|label| labels?.get(*label))?;
        let workload = workload_of(&owner.kind, &owner.name, hash);
        Some(self.of(pod.namespace(), workload, labels, hash))
    }
}

/// What the Deployment controller counts its ReplicaSets with, as it wrote it on one of them or on the Deployment.
pub fn number_on(metadata: &ObjectMeta) -> &str {
    let annotations = metadata.annotations.as_ref();
    let number = annotations.and_then(|a| a.get("deployment.kubernetes.io/revision"));
    number.map_or("", String::as_str)
}

/// By this, ReplicaSets that are seen for the first time together get their letters: their time, which has whole seconds,
/// then what they came with. The number is last: an undone rollout gives an old one a new number.
pub fn age(mirror: &Mirror, set: &ReplicaSet) -> (Option<Time>, u64, u64) {
    let created = set.metadata.creation_timestamp.as_ref();
    let number = number_on(&set.metadata).parse().unwrap_or_default();
    (created.map(from_api), mirror.born(set), number)
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
        let mut of = |workload, hash| revisions.of("default", workload, None, hash).letter();
        assert_eq!(of("web", "aaa"), 'A');
        assert_eq!(of("web", "bbb"), 'B');
        assert_eq!(of("web", "aaa"), 'A');
        assert_eq!(of("api", "bbb"), 'A');
    }

    #[test]
    fn workloads_of_one_application_have_different_letters() {
        let mut revisions = Revisions::default();
        let mut of = |namespace, workload, label: &str, app: &str, hash| {
            let labels = Labels::from([(label.to_owned(), app.to_owned())]);
            revisions
                .of(namespace, workload, Some(&labels), hash)
                .letter()
        };
        let name = "app.kubernetes.io/name";
        assert_eq!(of("default", "shop", "app", "shop", "aaa"), 'A');
        assert_eq!(of("default", "shop-canary", "app", "shop", "bbb"), 'B');
        assert_eq!(of("default", "shop", "app", "shop", "ccc"), 'C');
        assert_eq!(of("default", "shop", "app", "shop", "aaa"), 'A');
        assert_eq!(of("default", "blue", name, "shop", "bbb"), 'D');
        assert_eq!(of("other", "shop", "app", "shop", "aaa"), 'A');
        assert_eq!(of("default", "api", "app", "api", "aaa"), 'A');
        assert_eq!(of("default", "db", "tier", "shop", "aaa"), 'A');
        // Another label on one of its pods does not move a workload.
        assert_eq!(of("default", "shop-canary", "app", "debug", "bbb"), 'B');
    }

    #[test]
    fn the_workload_is_the_name_without_the_hash() {
        assert_eq!(workload_of("ReplicaSet", "web-5d8f", "5d8f"), "web");
        assert_eq!(workload_of("StatefulSet", "db", "db-77"), "db");
        assert_eq!(workload_of("ReplicaSet", "alone", "5d8f"), "alone");
    }
}
