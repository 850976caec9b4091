//! Priority: the number behind a pod's priority class.
//!
//! Models `k8s.io/kubernetes/plugin/pkg/admission/priority/admission.go`. The two classes of the
//! system need no object.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::scheduling::v1::PriorityClass;

use super::requested_name;
use crate::api::{Key, Object, Resource, Result, Status};
use crate::apiserver::ApiServer;

const SYSTEM_CLASSES: [(&str, i32); 2] = [
    ("system-cluster-critical", 2_000_000_000),
    ("system-node-critical", 2_000_001_000),
];

const PREEMPTION: &str = "PreemptLowerPriority";

/// What a class means for a pod.
struct Meaning {
    /// Empty when the pod names no class and there is no default.
    class: String,
    value: i32,
    preemption: String,
}

impl ApiServer {
    pub(super) fn admit_priority(&self, object: &mut Object) -> Result<()> {
        let name = requested_name(object).to_owned();
        let refuse = |detail: String| Status::forbidden(Pod::KIND.info(), &name, &detail);
        let spec = object.get::<Pod>().and_then(|p| p.spec.as_ref());
        let class = spec.and_then(|s| s.priority_class_name.as_deref());
        let class = class.unwrap_or_default();
        let Some(meaning) = self.meaning(class) else {
            let detail = format!("no PriorityClass with name {class} was found");
            return Err(refuse(detail));
        };
        let Some(spec) = object.edit::<Pod>().and_then(|p| p.spec.as_mut()) else {
            return Ok(());
        };
        let Meaning {
            class,
            value,
            preemption,
        } = meaning;
        if let Some(given) = spec.priority
            && given != value
        {
            return Err(refuse(format!(
                "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name"
            )));
        }
        if let Some(given) = &spec.preemption_policy
            && *given != preemption
        {
            return Err(refuse(format!(
                "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission controller computed {preemption} from the given PriorityClass name"
            )));
        }
        spec.priority_class_name = (!class.is_empty()).then_some(class);
        spec.priority = Some(value);
        spec.preemption_policy = Some(preemption);
        Ok(())
    }

    fn meaning(&self, class: &str) -> Option<Meaning> {
        let of = |class: &PriorityClass| Meaning {
            class: class.name().to_owned(),
            value: class.value.unwrap_or_default(),
            preemption: class
                .preemption_policy
                .clone()
                .unwrap_or_else(|| PREEMPTION.to_owned()),
        };
        let plain = |class: &str, value: i32| Meaning {
            class: class.to_owned(),
            value,
            preemption: PREEMPTION.to_owned(),
        };
        if class.is_empty() {
            // Of several defaults, the least important one.
            let classes = self.list::<PriorityClass>(None);
            let defaults = classes.iter().filter(|c| c.global_default == Some(true));
            let chosen = defaults.min_by_key(|c| c.value);
            return Some(chosen.map_or_else(|| plain("", 0), |c| of(c)));
        }
        let system = SYSTEM_CLASSES.iter().find(|(name, _)| *name == class);
        match system {
            Some((name, value)) => Some(plain(name, *value)),
            None => self
                .get::<PriorityClass>(&Key::new("", class))
                .map(|c| of(&c)),
        }
    }
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
