//! Which sets a change matters to (the event handlers of `daemon_controller.go`).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::DaemonSetController;
use super::placement::{Placement, Verdict};
use crate::api::selector::Selector;
use crate::api::{Key, Resource, controller_of};
use crate::controllers::caches::Caches;
use crate::controllers::claim::matches;
use crate::controllers::controller::{Change, Triggers};
use crate::controllers::pods;

impl DaemonSetController {
    pub(super) fn triggered(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<DaemonSet>() {
            let replaced = old.zip(new).is_some_and(|(o, n)| o.uid() != n.uid());
            if let Some(set) = new.or(old) {
                if new.is_none() || replaced {
                    self.expectations.forget(&set.key());
                }
                triggers.add(set.key());
            }
        } else if let Some((old, new)) = change.of::<Pod>() {
            match new {
                Some(pod) if !pods::is_deleting(pod) => {
                    self.pod_changed(old, pod, caches, triggers);
                }
                new => self.pod_gone(new.or(old), caches, triggers),
            }
        } else if let Some((old, Some(node))) = change.of::<Node>() {
            node_changed(old, node, caches, triggers);
        } else if let Some((old, new)) = change.of::<ControllerRevision>() {
            owned_changed(old, new, caches, triggers);
        }
    }

    fn pod_changed(
        &mut self,
        old: Option<&Rc<Pod>>,
        pod: &Rc<Pod>,
        caches: &Caches,
        triggers: &mut Triggers,
    ) {
        owned_changed(old, Some(pod), caches, triggers);
        let Some(set) = owner_of(&pod.metadata, caches) else {
            return;
        };
        if old.is_none() {
            self.expectations.creation_observed(&set.key());
        }
    }

    /// A pod that is going still exists for its grace period; what was asked for is done.
    fn pod_gone(&mut self, pod: Option<&Rc<Pod>>, caches: &Caches, triggers: &mut Triggers) {
        if let Some(pod) = pod
            && let Some(set) = owner_of(&pod.metadata, caches)
        {
            self.expectations.deletion_observed(&set.key(), pod.uid());
            triggers.add(set.key());
        }
    }
}

/// A pod or a revision: whose it was, whose it is, and who may adopt it.
fn owned_changed<T: Resource>(
    old: Option<&Rc<T>>,
    new: Option<&Rc<T>>,
    caches: &Caches,
    triggers: &mut Triggers,
) {
    let owner = |o: &Rc<T>| owner_of(o.meta(), caches).map(|set| set.key());
    let (before, now) = (old.and_then(owner), new.and_then(owner));
    if before != now
        && let Some(before) = before
    {
        triggers.add(before);
    }
    let Some(object) = new else {
        return;
    };
    if let Some(now) = now {
        triggers.add(now);
        return;
    }
    let labels_changed = old.is_none_or(|o| o.meta().labels != object.meta().labels);
    let lost_owner = old.is_some_and(|o| controller_of(o.meta()).is_some());
    if controller_of(object.meta()).is_none() && (labels_changed || lost_owner) {
        for set in caches.daemon_sets.in_namespace(object.namespace()) {
            let selector = set.spec.as_ref().map(|s| &s.selector);
            if Selector::from_api(selector).is_ok_and(|s| matches(&s, &**object)) {
                triggers.add(set.key());
            }
        }
    }
}

/// Of a node only labels and taints matter; most changes are heartbeats.
fn node_changed(old: Option<&Rc<Node>>, node: &Rc<Node>, caches: &Caches, triggers: &mut Triggers) {
    let taints = |node: &Node| node.spec.as_ref().and_then(|s| s.taints.clone());
    if let Some(old) = old
        && old.metadata.labels == node.metadata.labels
        && taints(old) == taints(node)
    {
        return;
    }
    for set in caches.daemon_sets.iter() {
        let placement = Placement::of(set);
        let now = placement.verdict(node);
        let matters = match old {
            Some(old) => placement.verdict(old) != now,
            None => now == Verdict::Run,
        };
        if matters {
            triggers.add(set.key());
        }
    }
}

/// The set that controls an object, if it exists.
fn owner_of<'c>(meta: &ObjectMeta, caches: &'c Caches) -> Option<&'c Rc<DaemonSet>> {
    let owner = controller_of(meta).filter(|o| o.kind == "DaemonSet")?;
    let key = Key::new(meta.namespace.as_deref().unwrap_or_default(), &owner.name);
    let set = caches.daemon_sets.get(&key)?;
    (set.uid() == owner.uid).then_some(set)
}
