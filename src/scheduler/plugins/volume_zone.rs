//! A volume with labels of a zone or region is reached from there only.
//!
//! Models `pkg/scheduler/framework/plugins/volumezone`.

use std::rc::Rc;

use k8s_openapi::api::core::v1::PersistentVolume;

use super::volume_binding::is_bound;
use crate::api::storage::{claims_of_pod, volume_of_claim};
use crate::api::{Key, Object};
use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{ClusterEvent, CycleState, Plugin, Points, PreFilter, Refusal};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;

const CONFLICT: &str = "node(s) had no available volume zone";

/// The labels that count, with the name that some nodes still have for each.
const LABELS: [(&str, &str); 4] = [
    (
        "failure-domain.beta.kubernetes.io/zone",
        "topology.kubernetes.io/zone",
    ),
    (
        "failure-domain.beta.kubernetes.io/region",
        "topology.kubernetes.io/region",
    ),
    (
        "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/zone",
    ),
    (
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/region",
    ),
];

pub struct VolumeZone;

/// Where the pod's volumes are: key, its other name, and the values of which one will do.
#[derive(Clone, Default)]
struct Places(Vec<(&'static str, &'static str, Vec<String>)>);

fn places(volume: &PersistentVolume, places: &mut Places) {
    let labels = volume.metadata.labels.as_ref();
    for (key, other) in LABELS {
        if let Some(value) = labels.and_then(|l| l.get(key)) {
            // Several zones are joined by two underscores.
            let values = value.split("__").map(str::to_owned).collect();
            places.0.push((key, other, values));
        }
    }
}

impl Plugin for VolumeZone {
    fn name(&self) -> &'static str {
        "VolumeZone"
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
        let mut found = Places::default();
        for (_, name) in claims_of_pod(&pod.pod) {
            let claim = cache.claims.get(&Key::new(&pod.key.namespace, &name));
            let volume = claim
                .filter(|c| is_bound(c))
                .and_then(|c| cache.volumes.get(&Key::new("", volume_of_claim(c))));
            if let Some(volume) = volume {
                places(Rc::as_ref(volume), &mut found);
            }
        }
        if found.0.is_empty() {
            return PreFilter::Skip;
        }
        state.write(found);
        PreFilter::AllNodes
    }

    fn filter(&self, state: &CycleState, _pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        let Some(places) = state.read::<Places>() else {
            return Ok(());
        };
        let labels = node.labels();
        if !LABELS.iter().any(|(key, _)| labels.contains_key(*key)) {
            // A cluster of a single zone.
            return Ok(());
        }
        let fits = places.0.iter().all(|(key, other, values)| {
            let value = labels.get(*key).or(labels.get(*other));
            value.is_some_and(|value| values.contains(value))
        });
        match fits {
            true => Ok(()),
            false => Err(Refusal::unresolvable(CONFLICT)),
        }
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        match event {
            ClusterEvent::Storage(Object::PersistentVolumeClaim(claim)) => {
                claims_of_pod(&pod.pod).any(|(_, name)| Some(name) == claim.metadata.name)
            }
            ClusterEvent::Storage(_) | ClusterEvent::NodeAdded(_) => true,
            ClusterEvent::NodeUpdated { old, new } => old.labels() != new.labels(),
            _ => false,
        }
    }
}
