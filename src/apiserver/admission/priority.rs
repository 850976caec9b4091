//! Priority: the number behind a pod's priority class.
//!
//! Divergence: only the two classes that every cluster has are known.

use k8s_openapi::api::core::v1::Pod;

use super::requested_name;
use crate::api::{Object, Resource, Result, Status};

const SYSTEM_CLASSES: [(&str, i32); 2] = [
    ("system-cluster-critical", 2_000_000_000),
    ("system-node-critical", 2_000_001_000),
];

const PREEMPTION: &str = "PreemptLowerPriority";

pub(super) fn admit(object: &mut Object) -> Result<()> {
    let name = requested_name(object).to_owned();
    let refuse = |detail: String| Status::forbidden(Pod::KIND.info(), &name, &detail);
    let Some(spec) = object.edit::<Pod>().and_then(|p| p.spec.as_mut()) else {
        return Ok(());
    };
    let value = match spec.priority_class_name.as_deref() {
        None | Some("") => 0,
        Some(class) => {
            let known = SYSTEM_CLASSES.iter().find(|(name, _)| *name == class);
            let Some((_, value)) = known else {
                return Err(refuse(format!(
                    "no PriorityClass with name {class} was found"
                )));
            };
            *value
        }
    };
    if let Some(given) = spec.priority
        && given != value
    {
        return Err(refuse(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name"
        )));
    }
    spec.priority = Some(value);
    match spec.preemption_policy.as_deref() {
        None => spec.preemption_policy = Some(PREEMPTION.to_owned()),
        Some(PREEMPTION) => {}
        Some(given) => {
            let detail = format!(
                "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission controller computed {PREEMPTION} from the given PriorityClass name"
            );
            return Err(refuse(detail));
        }
    }
    Ok(())
}

/// An update that leaves the priority out means the one that was computed.
pub(super) fn keep(new: &mut Pod, old: &Pod) {
    if let (Some(new), Some(old)) = (&mut new.spec, &old.spec) {
        if new.priority.is_none() {
            new.priority = old.priority;
        }
        if new.preemption_policy.is_none() {
            new.preemption_policy.clone_from(&old.preemption_policy);
        }
    }
}
