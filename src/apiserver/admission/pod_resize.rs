//! PodResizeValidator: a pod may not grow beyond what its node has.
//!
//! Models `k8s.io/kubernetes/plugin/pkg/admission/podresize`, on since v1.36. Before, the kubelet said so
//! in the pod's status.

use k8s_openapi::api::core::v1::{Node, Pod};

use crate::api::quantity::{Quantity, QuantityExt};
use crate::api::status::Cause;
use crate::api::{Key, Object, Resource, Result, Status, pod_resources};
use crate::apiserver::ApiServer;

impl ApiServer {
    /// # Errors
    /// 403 where the requests of a pod that is resized exceed what pods may use of its node, or where that node
    /// does not run Linux.
    #[inline(never)] // it waits in the second file of the wasm until somebody resizes a pod
    pub(in crate::apiserver) fn admit_pod_resize(
        &self,
        object: &Object,
        old: &Object,
    ) -> Result<()> {
        let (Some(pod), Some(old)) = (object.get::<Pod>(), old.get::<Pod>()) else {
            return Ok(());
        };
        let Some(spec) = pod.spec.as_ref().filter(|_| pod.spec != old.spec) else {
            return Ok(());
        };
        let Some(name) = spec.node_name.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(());
        };
        let refuse = |detail: &str| Status::forbidden(Pod::KIND.info(), pod.name(), detail);
        let because = |reason: &str, detail: &str| {
            let mut status = refuse(detail);
            status.causes.push(Cause {
                reason: reason.to_owned(),
                message: String::new(),
                field: String::new(),
            });
            Err(status)
        };
        let Some(node) = self.get::<Node>(&Key::new("", name)) else {
            return Err(refuse(&format!("node \"{name}\" not found")));
        };
        let has = node.status.as_ref().and_then(|s| s.allocatable.as_ref());
        let asked = pod_resources::requests(spec);
        let mut lacking = Vec::new();
        // CPU is counted in thousandths, memory in bytes.
        for resource in ["cpu", "memory"] {
            let counted = |amount: &Quantity| match resource {
                "cpu" => amount.milli_value(),
                _ => amount.value(),
            };
            let wanted = asked.get(resource).map_or(0, counted);
            let there = has.and_then(|h| h.get(resource));
            let there = there.map_or(0, |q| counted(&q.amount()));
            if wanted > there {
                lacking.push(format!(
                    "{resource}, requested: {wanted}, allocatable: {there}"
                ));
            }
        }
        if !lacking.is_empty() {
            let detail = format!(
                "Node didn't have enough allocatable resources: {}",
                lacking.join("; ")
            );
            return because("NodeCapacity", &detail);
        }
        let labels = node.metadata.labels.as_ref();
        let system = labels.and_then(|l| l.get("kubernetes.io/os"));
        let system = system.map_or("", String::as_str);
        if system != "linux" {
            let detail = format!(
                "pod resize is only supported on linux nodes, node \"{name}\" is \"{system}\""
            );
            return because("UnsupportedPlatform", &detail);
        }
        Ok(())
    }
}
