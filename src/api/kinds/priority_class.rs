//! A name for how important pods are.
//!
//! Models `k8s.io/kubernetes/pkg/apis/scheduling/validation/validation.go`.

use k8s_openapi::api::scheduling::v1::PriorityClass as Kind;

use super::KindInfo;
use crate::api::field::{Errors, Path};
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::api::validation::one_of;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "scheduling.k8s.io",
    version: "v1",
    kind: "PriorityClass",
    plural: "priorityclasses",
    singular: "priorityclass",
    short_names: &["pc"],
    namespaced: false,
    categories: &[],
    subresources: &[],
    prefix: "priorityclasses",
    strategy: &Typed(Rules),
};

/// The most that people can give; what is above is the system's.
const VALUE_MAX: i32 = 1_000_000_000;

/// The classes that every cluster has.
const SYSTEM_CLASSES: [(&str, i32); 2] = [
    ("system-cluster-critical", 2_000_000_000),
    ("system-node-critical", 2_000_001_000),
];

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, class: &mut Kind) {
        class.value.get_or_insert_default();
        class
            .preemption_policy
            .get_or_insert_with(|| "PreemptLowerPriority".to_owned());
        if class.global_default == Some(false) {
            class.global_default = None;
        }
    }

    fn prepare_for_create(&self, class: &mut Kind) {
        class.metadata.generation = Some(1);
    }

    fn validate(&self, class: &Kind) -> Errors {
        let mut errors = Errors::default();
        let name = class.metadata.name.as_deref().unwrap_or_default();
        if name.starts_with("system-") {
            let path = Path::new("metadata");
            if let Err(why) = known_to_the_system(class, name) {
                let detail = format!(
                    "priority class names with 'system-' prefix are reserved for system use only. error: {why}"
                );
                errors.forbidden(&path.child("name"), detail);
            }
        } else if class.value.unwrap_or_default() > VALUE_MAX {
            let detail = format!("maximum allowed value of a user defined priority is {VALUE_MAX}");
            errors.forbidden(&Path::new("value"), detail);
        }
        one_of(
            class.preemption_policy.as_deref(),
            &["PreemptLowerPriority", "Never"],
            &Path::new("preemptionPolicy"),
            &mut errors,
        );
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = Errors::default();
        if new.value != old.value {
            let detail = "may not be changed in an update.";
            errors.forbidden(&Path::new("value"), detail);
        }
        if new.preemption_policy != old.preemption_policy {
            let detail = "field is immutable";
            let policy = new.preemption_policy.as_deref().unwrap_or_default();
            errors.invalid(&Path::new("preemptionPolicy"), policy, detail);
        }
        errors
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Value"),
            column("Global-Default"),
            column("Age"),
            wide("PreemptionPolicy"),
        ];
        COLUMNS
    }

    fn row(&self, class: &Kind, now: Time) -> Vec<String> {
        vec![
            class.metadata.name.clone().unwrap_or_default(),
            class.value.unwrap_or_default().to_string(),
            class.global_default.unwrap_or_default().to_string(),
            age(&class.metadata, now),
            class.preemption_policy.clone().unwrap_or_default(),
        ]
    }
}

/// Whether the class is one of the two that the system has (`IsKnownSystemPriorityClass`).
fn known_to_the_system(class: &Kind, name: &str) -> Result<(), String> {
    let Some((_, value)) = SYSTEM_CLASSES.iter().find(|(known, _)| *known == name) else {
        return Err(format!("{name} is not a known system priority class"));
    };
    if class.value != Some(*value) {
        return Err(format!("value of {name} PriorityClass must be {value}"));
    }
    match class.global_default.unwrap_or_default() {
        true => Err(format!(
            "globalDefault of {name} PriorityClass must be false"
        )),
        false => Ok(()),
    }
}
