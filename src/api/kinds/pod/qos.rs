//! The quality of service of a pod: who is evicted first when a node runs out of memory.
//!
//! Models `k8s.io/kubernetes/pkg/apis/core/v1/helper/qos` `ComputePodQOS`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use crate::api::quantity::{Quantity, QuantityExt};

const COUNTED: [&str; 2] = ["cpu", "memory"];

type List = BTreeMap<String, ApiQuantity>;

/// "Guaranteed", "Burstable" or "BestEffort".
pub fn class(pod: &Pod) -> &'static str {
    let Some(spec) = &pod.spec else {
        return "BestEffort";
    };
    let mut requests = [Quantity::ZERO; 2];
    let mut limits = [Quantity::ZERO; 2];
    let mut all_limited = true;
    let mut add = |resources: Option<&ResourceRequirements>| {
        let asked = resources.and_then(|r| r.requests.as_ref());
        let limit = resources.and_then(|r| r.limits.as_ref());
        for (i, name) in COUNTED.iter().enumerate() {
            requests[i] = requests[i].add(&amount(asked, name));
            let limited = amount(limit, name);
            all_limited &= !limited.is_zero();
            limits[i] = limits[i].add(&limited);
        }
    };
    if let Some(resources) = &spec.resources {
        add(Some(resources));
    } else {
        for container in spec
            .init_containers
            .iter()
            .flatten()
            .chain(&spec.containers)
        {
            add(container.resources.as_ref());
        }
    }
    let none = |list: &[Quantity; 2]| list.iter().all(Quantity::is_zero);
    if none(&requests) && none(&limits) {
        "BestEffort"
    } else if all_limited && requests == limits {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

fn amount(list: Option<&List>, name: &str) -> Quantity {
    let amount = list.and_then(|l| l.get(name)).map(ApiQuantity::amount);
    amount.filter(|q| q.sign() > 0).unwrap_or(Quantity::ZERO)
}
