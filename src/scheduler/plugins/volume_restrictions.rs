//! A claim that only one pod may use at a time.
//!
//! Models `pkg/scheduler/framework/plugins/volumerestrictions`, but for the disks of clouds that
//! one node can use at a time: no such cloud is simulated.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::api::Key;
use crate::api::storage::claims_of_pod;
use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{ClusterEvent, CycleState, Plugin, Points, PreFilter, Refusal};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;

const IN_USE: &str =
    "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";

pub struct VolumeRestrictions;

/// The pod's claims that are for one pod, and how many other pods use one of them.
#[derive(Clone)]
struct Single {
    claims: Rc<BTreeSet<String>>,
    users: usize,
}

fn uses(pod: &PodInfo, namespace: &str, claims: &BTreeSet<String>) -> usize {
    match *pod.key.namespace == *namespace {
        true => claims_of_pod(&pod.pod)
            .filter(|(_, name)| claims.contains(name))
            .count(),
        false => 0,
    }
}

impl Plugin for VolumeRestrictions {
    fn name(&self) -> &'static str {
        "VolumeRestrictions"
    }

    fn points(&self) -> Points {
        Points::FILTER
    }

    fn pre_filter(
        &self,
        state: &mut CycleState,
        cache: &SchedulerCache,
        pod: &PodInfo,
    ) -> PreFilter {
        let mut claims = BTreeSet::new();
        for (volume, name) in claims_of_pod(&pod.pod) {
            if volume.ephemeral.is_some() {
                continue;
            }
            let Some(claim) = cache.claims.get(&Key::new(&pod.key.namespace, &name)) else {
                let why = format!("persistentvolumeclaim \"{name}\" not found");
                return PreFilter::Refuse(Refusal::unresolvable(why));
            };
            let modes = claim.spec.as_ref().and_then(|s| s.access_modes.as_ref());
            if modes.is_some_and(|m| m.iter().any(|m| m == "ReadWriteOncePod")) {
                claims.insert(name);
            }
        }
        if claims.is_empty() {
            return PreFilter::Skip;
        }
        let namespace = &pod.key.namespace;
        let users = cache
            .nodes()
            .flat_map(|node| node.pods.values())
            .map(|other| uses(other, namespace, &claims))
            .sum();
        state.write(Single {
            claims: Rc::new(claims),
            users,
        });
        PreFilter::AllNodes
    }

    fn add_pod(
        &self,
        state: &mut CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
        added: &PodInfo,
        _node: &NodeInfo,
    ) {
        if let Some(single) = state.read_mut::<Single>() {
            single.users += uses(added, &pod.key.namespace, &single.claims);
        }
    }

    fn remove_pod(
        &self,
        state: &mut CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
        removed: &PodInfo,
        _node: &NodeInfo,
    ) {
        if let Some(single) = state.read_mut::<Single>() {
            let users = uses(removed, &pod.key.namespace, &single.claims);
            single.users = single.users.saturating_sub(users);
        }
    }

    fn filter(&self, state: &CycleState, _pod: &PodInfo, _node: &NodeInfo) -> Result<(), Refusal> {
        match state.read::<Single>() {
            Some(single) if single.users > 0 => Err(Refusal::unschedulable(IN_USE)),
            _ => Ok(()),
        }
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        let names = || claims_of_pod(&pod.pod).map(|(_, name)| name).collect();
        match event {
            ClusterEvent::PodDeleted(gone) => uses(gone, &pod.key.namespace, &names()) > 0,
            ClusterEvent::Storage(crate::api::Object::PersistentVolumeClaim(claim)) => {
                claims_of_pod(&pod.pod).any(|(_, name)| Some(name) == claim.metadata.name)
            }
            _ => false,
        }
    }
}
