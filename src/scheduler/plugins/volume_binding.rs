//! A pod goes where its volumes are, or where they can be.
//!
//! Models `pkg/scheduler/framework/plugins/volumebinding`. The writes that bind claims to volumes
//! are made by `scheduler/volumes.rs` once a node is chosen.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;

use crate::api::storage::{
    BIND_COMPLETED, SELECTED_NODE, annotation, claim_class, claims_of_pod, find_volume, is_for_pod,
    is_reached_from, phase_of_claim, volume_class, volume_of_claim,
};
use crate::api::{Key, Object, Resource};
use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{ClusterEvent, CycleState, Plugin, Points, PreFilter, Refusal};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;

const NODE_CONFLICT: &str = "node(s) didn't match PersistentVolume's node affinity";
const BIND_CONFLICT: &str = "node(s) didn't find available persistent volumes to bind";
const NO_VOLUME: &str = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
const UNBOUND: &str = "pod has unbound immediate PersistentVolumeClaims";

/// Volumes of such a class are made by hand.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

pub struct VolumeBinding;

/// A claim that is bound once a node is chosen.
#[derive(Clone)]
struct Late {
    claim: Rc<PersistentVolumeClaim>,
    class: Rc<StorageClass>,
    /// The volumes of the class.
    volumes: Vec<Rc<PersistentVolume>>,
}

/// The volumes of the pod.
#[derive(Clone, Default)]
struct Volumes {
    bound: Vec<Rc<PersistentVolume>>,
    /// A claim is bound to a volume that does not exist.
    missing: bool,
    late: Vec<Late>,
}

/// What a claim needs on a node.
pub enum Need {
    /// This volume.
    Volume(Rc<PersistentVolume>),
    /// A new one.
    Provision,
}

pub fn is_bound(claim: &PersistentVolumeClaim) -> bool {
    !volume_of_claim(claim).is_empty() && annotation(&claim.metadata, BIND_COMPLETED).is_some()
}

fn class_of(cache: &SchedulerCache, claim: &PersistentVolumeClaim) -> Option<Rc<StorageClass>> {
    let key = Key::new("", claim_class(claim));
    let class = cache.classes.get(&key)?;
    let mode = class.volume_binding_mode.as_deref();
    (mode == Some("WaitForFirstConsumer")).then(|| class.clone())
}

/// The claims of the pod that are bound once it has a node, and what each needs there; `None`
/// when the node cannot have them.
pub fn needs(
    cache: &SchedulerCache,
    pod: &PodInfo,
    node: &Node,
) -> Option<Vec<(Rc<PersistentVolumeClaim>, Need)>> {
    let mut late = Vec::new();
    for (_, name) in claims_of_pod(&pod.pod) {
        let claim = cache.claims.get(&Key::new(&pod.key.namespace, &name))?;
        if let Some(class) = class_of(cache, claim).filter(|_| !is_bound(claim)) {
            late.push(with_volumes(cache, claim, class));
        }
    }
    choose(&late, node)
}

fn with_volumes(
    cache: &SchedulerCache,
    claim: &Rc<PersistentVolumeClaim>,
    class: Rc<StorageClass>,
) -> Late {
    let of_class = |v: &&Rc<PersistentVolume>| {
        volume_class(v) == class.name() && !cache.taken.contains(v.name())
    };
    Late {
        claim: claim.clone(),
        volumes: cache.volumes.iter().filter(of_class).cloned().collect(),
        class,
    }
}

/// The smallest claim chooses first (`findMatchingVolumes`).
fn choose(late: &[Late], node: &Node) -> Option<Vec<(Rc<PersistentVolumeClaim>, Need)>> {
    let mut order: Vec<&Late> = late.iter().collect();
    order.sort_by_key(|l| crate::api::storage::requested(&l.claim));
    let mut chosen: Vec<(Rc<PersistentVolumeClaim>, Need)> = Vec::new();
    for Late {
        claim,
        class,
        volumes,
    } in order
    {
        let selected = annotation(&claim.metadata, SELECTED_NODE);
        if selected.is_some_and(|n| n != node.name()) {
            return None;
        }
        let free = volumes.iter().filter(|v| {
            let taken = |(_, need): &(_, Need)| match need {
                Need::Volume(other) => Rc::ptr_eq(other, v),
                Need::Provision => false,
            };
            !chosen.iter().any(taken)
        });
        let found = match selected {
            Some(_) => None,
            None => find_volume(free, claim, Some(node), true),
        };
        let need = match found {
            Some(volume) => Need::Volume(volume.clone()),
            None if class.provisioner != NO_PROVISIONER && is_allowed(class, node) => {
                Need::Provision
            }
            None => return None,
        };
        chosen.push((claim.clone(), need));
    }
    Some(chosen)
}

/// Whether volumes of a class can be made for a node.
fn is_allowed(class: &StorageClass, node: &Node) -> bool {
    let terms = class.allowed_topologies.as_deref().unwrap_or_default();
    let labels = node.metadata.labels.as_ref();
    let label = |key: &String| labels.and_then(|l| l.get(key));
    terms.is_empty()
        || terms.iter().any(|term| {
            let mut rules = term.match_label_expressions.iter().flatten();
            rules.all(|r| label(&r.key).is_some_and(|value| r.values.contains(value)))
        })
}

impl VolumeBinding {
    fn collect(cache: &SchedulerCache, pod: &PodInfo) -> Result<Option<Volumes>, String> {
        let mut volumes = Volumes::default();
        let mut has_claims = false;
        let mut immediate = false;
        for (volume, name) in claims_of_pod(&pod.pod) {
            has_claims = true;
            let Some(claim) = cache.claims.get(&Key::new(&pod.key.namespace, &name)) else {
                return Err(match volume.ephemeral {
                    Some(_) => format!(
                        "waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\""
                    ),
                    None => format!("persistentvolumeclaim \"{name}\" not found"),
                });
            };
            if phase_of_claim(claim) == "Lost" {
                return Err(format!(
                    "persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{}\"",
                    volume_of_claim(claim)
                ));
            }
            if claim.metadata.deletion_timestamp.is_some() {
                return Err(format!("persistentvolumeclaim \"{name}\" is being deleted"));
            }
            if volume.ephemeral.is_some() && !is_for_pod(&pod.pod, claim) {
                return Err(format!(
                    "PVC {}/{name} was not created for pod {} (pod is not owner)",
                    pod.key.namespace, pod.key
                ));
            }
            if is_bound(claim) {
                match cache.volumes.get(&Key::new("", volume_of_claim(claim))) {
                    Some(volume) => volumes.bound.push(volume.clone()),
                    None => volumes.missing = true,
                }
            } else if let Some(class) =
                class_of(cache, claim).filter(|_| volume_of_claim(claim).is_empty())
            {
                volumes.late.push(with_volumes(cache, claim, class));
            } else {
                immediate = true;
            }
        }
        if immediate {
            return Err(UNBOUND.to_owned());
        }
        Ok(has_claims.then_some(volumes))
    }
}

impl Plugin for VolumeBinding {
    fn name(&self) -> &'static str {
        "VolumeBinding"
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
        match VolumeBinding::collect(cache, pod) {
            Err(why) => PreFilter::Refuse(Refusal::unresolvable(why)),
            Ok(None) => PreFilter::Skip,
            Ok(Some(volumes)) => {
                state.write(volumes);
                PreFilter::AllNodes
            }
        }
    }

    fn filter(&self, state: &CycleState, _pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        let (Some(volumes), Some(node)) = (state.read::<Volumes>(), &node.node) else {
            return Ok(());
        };
        let mut reasons = Vec::new();
        if !volumes.bound.iter().all(|v| is_reached_from(v, node)) {
            reasons.push(NODE_CONFLICT.into());
        }
        if choose(&volumes.late, node).is_none() {
            reasons.push(BIND_CONFLICT.into());
        }
        if volumes.missing {
            reasons.push(NO_VOLUME.into());
        }
        if reasons.is_empty() {
            return Ok(());
        }
        Err(Refusal {
            unresolvable: true,
            reasons,
        })
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        match event {
            ClusterEvent::Storage(Object::PersistentVolumeClaim(claim)) => {
                *pod.key.namespace == *claim.namespace()
                    && claims_of_pod(&pod.pod).any(|(_, name)| name == claim.name())
            }
            ClusterEvent::Storage(_) | ClusterEvent::NodeAdded(_) => true,
            ClusterEvent::NodeUpdated { old, new } => old.labels() != new.labels(),
            _ => false,
        }
    }
}
