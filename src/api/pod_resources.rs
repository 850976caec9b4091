//! What a pod as a whole asks for (`k8s.io/component-helpers/resource/helpers.go`).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use super::quantity::{Quantity, QuantityExt};

/// Amounts by the name of the resource.
pub type Amounts = BTreeMap<String, Quantity>;

type List = BTreeMap<String, ApiQuantity>;

/// Adds `more` to `sum`.
pub fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let total = sum.get(name).map_or(*amount, |old| old.add(amount));
        sum.insert(name.clone(), total);
    }
}

/// Raises `sum` to `other` where that is more.
fn raise(sum: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        if sum.get(name).is_none_or(|old| old < amount) {
            sum.insert(name.clone(), *amount);
        }
    }
}

fn amounts(list: Option<&List>) -> Amounts {
    let list = list.into_iter().flatten();
    list.map(|(name, q)| (name.clone(), q.amount())).collect()
}

/// What the pod requests: its containers together, or its init containers where they need more.
pub fn requests(spec: &PodSpec) -> Amounts {
    let mut sum = total(spec, |r| r.requests.as_ref());
    add(&mut sum, &amounts(spec.overhead.as_ref()));
    sum
}

/// What the pod is limited to.
pub fn limits(spec: &PodSpec) -> Amounts {
    let mut sum = total(spec, |r| r.limits.as_ref());
    for (name, overhead) in amounts(spec.overhead.as_ref()) {
        if let Some(limit) = sum.get_mut(&name).filter(|l| !l.is_zero()) {
            *limit = limit.add(&overhead);
        }
    }
    sum
}

fn total(spec: &PodSpec, list: fn(&ResourceRequirements) -> Option<&List>) -> Amounts {
    let of = |c: &Container| amounts(c.resources.as_ref().and_then(list));
    let mut sum = Amounts::new();
    for container in &spec.containers {
        add(&mut sum, &of(container));
    }
    // Sidecars run beside everything that comes after them.
    let (mut sidecars, mut peak) = (Amounts::new(), Amounts::new());
    for container in spec.init_containers.iter().flatten() {
        let mut own = of(container);
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut sum, &own);
            add(&mut sidecars, &own);
            own.clone_from(&sidecars);
        } else {
            add(&mut own, &sidecars);
        }
        raise(&mut peak, &own);
    }
    raise(&mut sum, &peak);
    // What is said of the pod as a whole counts for the resources it speaks of.
    for (name, amount) in amounts(spec.resources.as_ref().and_then(list)) {
        if matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-") {
            sum.insert(name, amount);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(cpu: &str, sidecar: bool) -> Container {
        let requests = List::from([("cpu".to_owned(), ApiQuantity(cpu.to_owned()))]);
        Container {
            resources: Some(ResourceRequirements {
                requests: Some(requests),
                ..Default::default()
            }),
            restart_policy: sidecar.then(|| "Always".to_owned()),
            ..Default::default()
        }
    }

    #[test]
    fn init_containers_count_where_they_need_more() {
        let cpu = |spec: &PodSpec| requests(spec)["cpu"].to_string();
        let mut spec = PodSpec {
            containers: vec![container("100m", false), container("200m", false)],
            init_containers: Some(vec![container("250m", false)]),
            ..Default::default()
        };
        assert_eq!(cpu(&spec), "300m");
        spec.init_containers = Some(vec![container("400m", false)]);
        assert_eq!(cpu(&spec), "400m");
        spec.init_containers = Some(vec![container("50m", true), container("400m", false)]);
        assert_eq!(cpu(&spec), "450m");
        spec.init_containers = Some(vec![container("400m", false), container("150m", true)]);
        assert_eq!(cpu(&spec), "450m");
        spec.overhead = Some(List::from([(
            "cpu".to_owned(),
            ApiQuantity("1".to_owned()),
        )]));
        assert_eq!(cpu(&spec), "1450m");
    }
}
