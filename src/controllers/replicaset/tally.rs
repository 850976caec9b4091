//! Counts of the pods of each ReplicaSet, kept up with every change of a pod. A sync that has only
//! a status to write so costs the same however many pods there are.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::api::selector::Selector;
use crate::api::{Resource, controller_of};
use crate::apiserver::EventType;
use crate::controllers::caches::Caches;
use crate::controllers::claim::matches;
use crate::controllers::controller::Change;
use crate::controllers::pods;
use crate::sim::Time;
use crate::sim::ordered::Map;

/// How many pods of a ReplicaSet there are of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Neither ended nor going; the next three are among them.
    pub active: usize,
    pub fully_labeled: usize,
    pub ready: usize,
    pub available: usize,
    pub terminating: usize,
}

impl Counts {
    /// Counts pods that were claimed one by one.
    pub fn of(rs: &ReplicaSet, active: &[Rc<Pod>], terminating: usize, now: Time) -> Self {
        let spec = rs.spec.as_ref();
        let min_ready = spec.and_then(|s| s.min_ready_seconds).unwrap_or_default();
        let template = template_selector(rs);
        let number = |wanted: &dyn Fn(&Pod) -> bool| active.iter().filter(|p| wanted(p)).count();
        Counts {
            active: active.len(),
            fully_labeled: number(&|p| matches(&template, p)),
            ready: number(&pods::is_ready),
            available: number(&|p| pods::is_available(p, min_ready, now)),
            terminating,
        }
    }
}

/// The pods that one ReplicaSet controls, counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// The labels to count by are the ReplicaSet's of this selector and these template labels.
    asked: LabelSelector,
    labels: BTreeMap<String, String>,
    selector: Selector,
    template: Selector,
    /// Whoever is ready counts as available: for ReplicaSets without `minReadySeconds`.
    counts: Counts,
    /// Active pods that the selector does not match: they are to be released.
    strangers: usize,
}

impl Tally {
    fn new<'p>(
        rs: &ReplicaSet,
        selector: &Selector,
        owned: impl Iterator<Item = &'p Rc<Pod>>,
    ) -> Self {
        let mut tally = Tally {
            asked: asked(rs).cloned().unwrap_or_default(),
            labels: template_labels(rs).cloned().unwrap_or_default(),
            selector: selector.clone(),
            template: template_selector(rs),
            counts: Counts::default(),
            strangers: 0,
        };
        owned.for_each(|pod| tally.change(pod, |n| *n += 1));
        tally
    }

    /// What the pods come to when nobody has to wait for `minReadySeconds`; `None` when there are
    /// pods to be released.
    pub fn counts(&self) -> Option<Counts> {
        (self.strangers == 0).then_some(self.counts)
    }

    fn is_of(&self, rs: &ReplicaSet) -> bool {
        asked(rs) == Some(&self.asked)
            && match template_labels(rs) {
                Some(labels) => *labels == self.labels,
                None => self.labels.is_empty(),
            }
    }

    /// Applies `change` to all the counts that a pod is part of.
    fn change(&mut self, pod: &Pod, change: impl Fn(&mut usize)) {
        let member = matches(&self.selector, pod);
        if !pods::is_active(pod) {
            if member && pods::is_terminating(pod) {
                change(&mut self.counts.terminating);
            }
            return;
        }
        if !member {
            change(&mut self.strangers);
            return;
        }
        change(&mut self.counts.active);
        if matches(&self.template, pod) {
            change(&mut self.counts.fully_labeled);
        }
        if pods::is_ready(pod) {
            change(&mut self.counts.ready);
            change(&mut self.counts.available);
        }
    }
}

/// The tallies of the ReplicaSets that were synced, by uid.
///
/// Invariant: each is what counting the pods in the cache would come to.
#[derive(Clone, Default)]
pub struct Tallies {
    by_set: Map<Rc<str>, Tally>,
}

impl Tallies {
    /// Takes in a change of a pod.
    pub fn observe(&mut self, change: &Change) {
        let before = change.old.as_ref().and_then(|o| o.get::<Pod>());
        let after = change.object.get::<Pod>();
        if let Some(pod) = before
            && let Some(tally) = self.of_owner(pod)
        {
            tally.change(pod, |n| *n = n.saturating_sub(1));
        }
        if let Some(pod) = after.filter(|_| change.event != EventType::Deleted)
            && let Some(tally) = self.of_owner(pod)
        {
            tally.change(pod, |n| *n += 1);
        }
    }

    fn of_owner(&mut self, pod: &Pod) -> Option<&mut Tally> {
        let owner = controller_of(&pod.metadata)?;
        self.by_set.get_mut(&*owner.uid)
    }

    /// The tally of a ReplicaSet. Counts its pods when it has none, or one for other labels.
    pub fn of(&mut self, rs: &ReplicaSet, selector: &Selector, caches: &Caches) -> &Tally {
        let uid: Rc<str> = rs.uid().into();
        let count = || Tally::new(rs, selector, caches.pods.owned_by(rs.uid()));
        if self.by_set.get(&uid).is_some_and(|t| !t.is_of(rs)) {
            self.by_set.remove(&uid);
        }
        let tally = self.by_set.entry(uid).or_insert_with(count);
        debug_assert_eq!(*tally, count(), "a change of a pod was missed");
        tally
    }

    pub fn forget(&mut self, uid: &str) {
        self.by_set.remove(uid);
    }
}

fn asked(rs: &ReplicaSet) -> Option<&LabelSelector> {
    rs.spec.as_ref().map(|s| &s.selector)
}

fn template_labels(rs: &ReplicaSet) -> Option<&BTreeMap<String, String>> {
    let template = rs.spec.as_ref()?.template.as_ref()?;
    template.metadata.as_ref()?.labels.as_ref()
}

fn template_selector(rs: &ReplicaSet) -> Selector {
    template_labels(rs).map_or_else(Selector::everything, Selector::from_labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Object;
    use crate::api::controller_ref;
    use k8s_openapi::api::apps::v1::ReplicaSetSpec;
    use k8s_openapi::api::core::v1::{PodCondition, PodStatus};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time as ApiTime};

    fn labels(app: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("app".to_owned(), app.to_owned())])
    }

    fn replica_set() -> ReplicaSet {
        ReplicaSet {
            metadata: ObjectMeta {
                name: Some("web".into()),
                namespace: Some("default".into()),
                uid: Some("rs".into()),
                ..ObjectMeta::default()
            },
            spec: Some(ReplicaSetSpec {
                selector: LabelSelector {
                    match_labels: Some(labels("web")),
                    ..LabelSelector::default()
                },
                ..ReplicaSetSpec::default()
            }),
            status: None,
        }
    }

    fn pod(app: &str, phase: &str, ready: &str, deleted: bool) -> Object {
        let condition = PodCondition {
            type_: "Ready".to_owned(),
            status: ready.to_owned(),
            ..PodCondition::default()
        };
        let now = crate::api::time::api_time(Time::EPOCH);
        let deletion: Option<ApiTime> = deleted.then_some(now);
        let status = PodStatus {
            phase: Some(phase.to_owned()),
            conditions: Some(vec![condition.into()]),
            ..PodStatus::default()
        };
        Pod::into_object(Rc::new(Pod {
            metadata: ObjectMeta {
                name: Some("web-1".into()),
                namespace: Some("default".into()),
                uid: Some("pod".into()),
                labels: Some(labels(app)),
                deletion_timestamp: deletion,
                owner_references: Some(vec![controller_ref(&replica_set())]),
                ..ObjectMeta::default()
            },
            spec: None,
            status: Some(status.into()),
        }))
    }

    #[test]
    fn a_pod_is_counted_as_what_it_is_now() {
        let rs = replica_set();
        let selector = Selector::from_api(rs.spec.as_ref().map(|s| &s.selector)).unwrap();
        let mut tallies = Tallies::default();
        let empty = Caches::default();
        assert_eq!(
            tallies.of(&rs, &selector, &empty).counts(),
            Some(Counts::default())
        );
        // (the pod, [active, ready, terminating]; none when it is to be released)
        let life = [
            (pod("web", "Pending", "False", false), Some([1, 0, 0])),
            (pod("web", "Running", "True", false), Some([1, 1, 0])),
            (pod("other", "Running", "True", false), None),
            (pod("web", "Running", "True", true), Some([0, 0, 1])),
            (pod("web", "Succeeded", "False", true), Some([0, 0, 0])),
        ];
        let mut old = None;
        for (i, (object, want)) in life.into_iter().enumerate() {
            let change = Change {
                event: EventType::Modified,
                object: object.clone(),
                old: old.replace(object),
            };
            tallies.observe(&change);
            let counts = tallies.by_set.get("rs").and_then(Tally::counts);
            assert_eq!(
                counts.map(|c| [c.active, c.ready, c.terminating]),
                want,
                "{i}"
            );
            assert!(counts.is_none_or(|c| c.available == c.ready));
        }
    }
}
