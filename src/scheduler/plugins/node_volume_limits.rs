//! How many volumes of a storage driver a node takes, as its CSINode says.
//!
//! Models `pkg/scheduler/framework/plugins/nodevolumelimits` csi.go.
//!
//! Divergence: VolumeAttachments are not made, so what a node has attached is what its pods use; a driver
//! of which the CSINode says nothing has no limit.

use std::rc::Rc;

use crate::api::storage::{claim_class, claims_of_pod, volume_of_claim};
use crate::api::{Key, Object};
use crate::scheduler::cache::{SchedulerCache, VolumeLimits};
use crate::scheduler::framework::{ClusterEvent, CycleState, Plugin, Points, PreFilter, Refusal};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;
use crate::sim::ordered::Map;

const TOO_MANY: &str = "node(s) exceed max volume count";

pub struct NodeVolumeLimits;

/// A volume: its driver, and by what the driver knows it.
type Volume = (Rc<str>, Rc<str>);

/// What the pod needs, and what is on the nodes that have limits. A volume stands there once for each pod
/// that uses it.
#[derive(Clone)]
struct Attached {
    wanted: Rc<Vec<Volume>>,
    nodes: Map<Rc<str>, Vec<Volume>>,
    limits: Rc<VolumeLimits>,
}

/// The volumes of a pod's claims that storage drivers serve.
fn volumes_of(cache: &SchedulerCache, pod: &PodInfo) -> Vec<Volume> {
    let mut out = Vec::new();
    for (_, name) in claims_of_pod(&pod.pod) {
        let Some(claim) = cache.claims.get(&Key::new(&pod.key.namespace, &name)) else {
            continue;
        };
        let volume = cache.volumes.get(&Key::new("", volume_of_claim(claim)));
        let found = match volume {
            Some(volume) => volume.spec.as_ref().and_then(|spec| {
                let csi = spec.csi.as_ref()?;
                Some((
                    csi.driver.as_str().into(),
                    csi.volume_handle.as_str().into(),
                ))
            }),
            // It will be made: its class says by whom.
            None => cache
                .classes
                .get(&Key::new("", claim_class(claim)))
                .map(|class| {
                    let handle = format!("{}/{name}", pod.key.namespace);
                    (class.provisioner.as_str().into(), handle.into())
                }),
        };
        out.extend(found);
    }
    out
}

impl Attached {
    fn exceeds(&self, node: &str) -> bool {
        let Some(limits) = self.limits.get(node) else {
            return false;
        };
        let mut all: Vec<&Volume> = self.nodes.get(node).into_iter().flatten().collect();
        let mut fresh: Vec<&Rc<str>> = Vec::new();
        for volume in self.wanted.iter() {
            if !all.contains(&volume) {
                fresh.push(&volume.0);
                all.push(volume);
            }
        }
        all.sort();
        all.dedup();
        limits.iter().any(|(driver, most)| {
            let count = all.iter().filter(|(d, _)| d == driver).count();
            fresh.contains(&driver) && i64::try_from(count).is_ok_and(|count| count > *most)
        })
    }
}

impl Plugin for NodeVolumeLimits {
    fn name(&self) -> &'static str {
        "NodeVolumeLimits"
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
        if cache.volume_limits.is_empty() {
            return PreFilter::Skip;
        }
        let wanted = volumes_of(cache, pod);
        if wanted.is_empty() {
            return PreFilter::Skip;
        }
        let mut nodes = Map::default();
        for name in cache.volume_limits.keys() {
            let pods = cache.node(name).into_iter().flat_map(|n| n.pods.values());
            let volumes = pods.flat_map(|other| volumes_of(cache, other)).collect();
            nodes.insert(name.clone(), volumes);
        }
        state.write(Attached {
            wanted: Rc::new(wanted),
            nodes,
            limits: Rc::new(cache.volume_limits.clone()),
        });
        PreFilter::AllNodes
    }

    fn add_pod(
        &self,
        state: &mut CycleState,
        cache: &SchedulerCache,
        _pod: &PodInfo,
        added: &PodInfo,
        node: &NodeInfo,
    ) {
        let on = state.read_mut::<Attached>();
        if let Some(on) = on.and_then(|a| a.nodes.get_mut(&*node.name)) {
            on.extend(volumes_of(cache, added));
        }
    }

    fn remove_pod(
        &self,
        state: &mut CycleState,
        cache: &SchedulerCache,
        _pod: &PodInfo,
        removed: &PodInfo,
        node: &NodeInfo,
    ) {
        let on = state.read_mut::<Attached>();
        if let Some(on) = on.and_then(|a| a.nodes.get_mut(&*node.name)) {
            for volume in volumes_of(cache, removed) {
                if let Some(at) = on.iter().position(|v| *v == volume) {
                    on.swap_remove(at);
                }
            }
        }
    }

    fn filter(&self, state: &CycleState, _pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        match state.read::<Attached>() {
            Some(attached) if attached.exceeds(&node.name) => Err(Refusal::unschedulable(TOO_MANY)),
            _ => Ok(()),
        }
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        match event {
            ClusterEvent::PodDeleted(gone) => claims_of_pod(&gone.pod).next().is_some(),
            ClusterEvent::Storage(Object::PersistentVolumeClaim(claim)) => {
                claims_of_pod(&pod.pod).any(|(_, name)| Some(name) == claim.metadata.name)
            }
            ClusterEvent::Storage(Object::Custom(_)) | ClusterEvent::NodeAdded(_) => true,
            _ => false,
        }
    }
}
