//! Changes of the cluster that may let a refused pod pass.

use crate::api::Object;
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;

/// Models `framework.ClusterEvent` with the objects that a queueing hint gets.
#[derive(Clone, Copy)]
pub enum ClusterEvent<'a> {
    NodeAdded(&'a NodeInfo),
    /// Labels, taints, allocatable, conditions, or whether it is unschedulable.
    NodeUpdated {
        old: &'a NodeInfo,
        new: &'a NodeInfo,
    },
    NodeDeleted,
    /// A pod has got a node.
    PodAssigned(&'a PodInfo),
    /// The labels of a pod with a node changed, or it began to terminate.
    PodUpdated {
        old: &'a PodInfo,
        new: &'a PodInfo,
    },
    /// A pod with a node is gone, or has ended.
    PodDeleted(&'a PodInfo),
    /// The waiting pod itself changed.
    Own {
        old: &'a PodInfo,
        new: &'a PodInfo,
    },
    NamespaceLabels,
    /// A claim, a volume or a class of storage is new or has changed.
    Storage(&'a Object),
}
