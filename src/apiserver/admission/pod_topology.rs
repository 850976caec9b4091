//! PodTopologyLabels: a pod that is on a node has the zone and the region of the node as labels.
//!
//! Models `k8s.io/kubernetes/plugin/pkg/admission/podtopologylabels`, on since v1.35.

use k8s_openapi::api::core::v1::{Node, Pod};

use crate::api::{Key, Object};
use crate::apiserver::ApiServer;

const LABELS: [&str; 2] = [
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
];

impl ApiServer {
    /// A pod that is created on a node gets its labels.
    pub(super) fn admit_topology(&self, object: &mut Object) {
        let placed = |pod: &Pod| Some(!pod.spec.as_ref()?.node_name.as_ref()?.is_empty());
        if object.get::<Pod>().and_then(|p| placed(p)) == Some(true)
            && let Some(pod) = object.edit::<Pod>()
        {
            self.label_topology(pod);
        }
    }

    /// Gives a pod the labels of the node that it is on, whatever it said itself.
    pub(in crate::apiserver) fn label_topology(&self, pod: &mut Pod) {
        let spec = pod.spec.as_ref();
        let Some(name) = spec.and_then(|s| s.node_name.as_deref()) else {
            return;
        };
        let Some(node) = self.get::<Node>(&Key::new("", name)) else {
            return;
        };
        let of_node = node.metadata.labels.as_ref();
        for label in LABELS {
            if let Some(value) = of_node.and_then(|labels| labels.get(label)) {
                let labels = pod.metadata.labels.get_or_insert_default();
                labels.insert(label.to_owned(), value.clone());
            }
        }
    }
}
