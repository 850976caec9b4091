//! The default plugins of v1.36, one file each. A new plugin is one file and one line in the
//! list.
//!
//! Not modelled, since nothing in the cluster could make it speak: DynamicResources (no resource claims)
//! but for its words after a failure.

mod balanced_allocation;
mod default_binder;
mod fit;
mod image_locality;
mod interpod_affinity;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_unschedulable;
mod node_volume_limits;
pub mod priority_sort;
mod scheduling_gates;
mod spread;
mod spread_score;
pub mod taint_toleration;
pub mod volume_binding;
mod volume_restrictions;
mod volume_zone;

use super::framework::Plugin;

/// In the order in which their filters are asked (`apis/config/v1/default_plugins.go`).
pub static PLUGINS: &[&dyn Plugin] = &[
    &scheduling_gates::SchedulingGates,
    &node_unschedulable::NodeUnschedulable,
    &node_name::NodeName,
    &taint_toleration::TaintToleration,
    &node_affinity::NodeAffinity,
    &node_ports::NodePorts,
    &fit::Fit,
    &volume_restrictions::VolumeRestrictions,
    &node_volume_limits::NodeVolumeLimits,
    &volume_binding::VolumeBinding,
    &volume_zone::VolumeZone,
    &spread::PodTopologySpread,
    &interpod_affinity::InterPodAffinity,
    &balanced_allocation::BalancedAllocation,
    &image_locality::ImageLocality,
    &default_binder::DefaultBinder,
];

/// The place of a plugin in the list.
#[cfg(test)]
pub fn index_of(name: &str) -> Option<usize> {
    PLUGINS.iter().position(|p| p.name() == name)
}
