//! A way to get volumes made.
//!
//! Models `k8s.io/kubernetes/pkg/apis/storage/validation/validation.go` and `v1/defaults.go`.

use k8s_openapi::api::core::v1::TopologySelectorTerm;
use k8s_openapi::api::storage::v1::StorageClass as Kind;

use super::KindInfo;
use super::pod::warnings::old_node_label;
use crate::api::field::{Errors, Path};
use crate::api::names::is_qualified_name;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::{IMMUTABLE, label_key};
use crate::sim::Time;
use crate::sim::ordered::Set as BTreeSet;

pub const INFO: KindInfo = KindInfo {
    group: "storage.k8s.io",
    version: "v1",
    kind: "StorageClass",
    plural: "storageclasses",
    singular: "storageclass",
    short_names: &["sc"],
    namespaced: false,
    categories: &[],
    subresources: &[],
    prefix: "storageclasses",
    strategy: &Typed(Rules),
};

const PARAMETERS_MAX: usize = 512;
const PARAMETERS_SIZE_MAX: usize = 256 << 10;
const NOT_SET: &str = "";

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, class: &mut Kind) {
        class
            .reclaim_policy
            .get_or_insert_with(|| "Delete".to_owned());
        class
            .volume_binding_mode
            .get_or_insert_with(|| "Immediate".to_owned());
    }

    fn validate(&self, class: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("provisioner");
        if class.provisioner.is_empty() {
            errors.required(&path, NOT_SET);
        } else {
            let messages = is_qualified_name(&class.provisioner.to_lowercase());
            errors.invalid_each(&path, &class.provisioner.to_lowercase(), messages);
        }
        parameters(class, &mut errors);
        if let Some(policy) = class.reclaim_policy.as_deref().filter(|p| !p.is_empty())
            && !["Delete", "Retain"].contains(&policy)
        {
            let path = Path::new("reclaimPolicy");
            errors.not_supported(&path, policy, &["Delete", "Retain"]);
        }
        let mode = class.volume_binding_mode.as_deref().unwrap_or_default();
        const MODES: [&str; 2] = ["Immediate", "WaitForFirstConsumer"];
        if !MODES.contains(&mode) {
            errors.not_supported(&Path::new("volumeBindingMode"), mode, &MODES);
        }
        topologies(
            class.allowed_topologies.as_deref().unwrap_or_default(),
            &mut errors,
        );
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = Errors::default();
        let none = Default::default();
        let of = |class: &Kind| {
            class
                .parameters
                .clone()
                .unwrap_or_else(|| Clone::clone(&none))
        };
        if of(new) != of(old) {
            let detail = "updates to parameters are forbidden.";
            errors.forbidden(&Path::new("parameters"), detail);
        }
        if new.provisioner != old.provisioner {
            let detail = "updates to provisioner are forbidden.";
            errors.forbidden(&Path::new("provisioner"), detail);
        }
        if new.reclaim_policy != old.reclaim_policy {
            let detail = "updates to reclaimPolicy are forbidden.";
            errors.forbidden(&Path::new("reclaimPolicy"), detail);
        }
        if new.volume_binding_mode != old.volume_binding_mode {
            let mode = new.volume_binding_mode.as_deref().unwrap_or_default();
            errors.invalid(&Path::new("volumeBindingMode"), mode, IMMUTABLE);
        }
        errors
    }

    fn warnings(&self, class: &Kind) -> Vec<String> {
        let mut warnings = Vec::new();
        for (i, term) in class.allowed_topologies.iter().flatten().enumerate() {
            for (j, rule) in term.match_label_expressions.iter().flatten().enumerate() {
                let path = format!("allowedTopologies[{i}].matchLabelExpressions[{j}].key");
                warnings.extend(old_node_label(&rule.key, &path));
            }
        }
        warnings
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Provisioner"),
            column("ReclaimPolicy"),
            column("VolumeBindingMode"),
            column("AllowVolumeExpansion"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, class: &Kind, now: Time) -> Vec<String> {
        let mut name = class.metadata.name.clone().unwrap_or_default();
        if crate::api::storage::is_default_class(&class.metadata) {
            name.push_str(" (default)");
        }
        let or =
            |text: &Option<String>, other: &str| text.clone().unwrap_or_else(|| other.to_owned());
        vec![
            name,
            class.provisioner.clone(),
            or(&class.reclaim_policy, "Delete"),
            or(&class.volume_binding_mode, "Immediate"),
            class.allow_volume_expansion.unwrap_or_default().to_string(),
            age(&class.metadata, now),
        ]
    }
}

fn parameters(class: &Kind, errors: &mut Errors) {
    let path = Path::new("parameters");
    let Some(parameters) = &class.parameters else {
        return;
    };
    if parameters.len() > PARAMETERS_MAX {
        errors.too_long(&path, PARAMETERS_MAX);
        return;
    }
    let mut total = 0;
    for (key, value) in parameters {
        if key.is_empty() {
            errors.invalid(&path, key, "field can not be empty.");
        }
        total += key.len() + value.len();
    }
    if total > PARAMETERS_SIZE_MAX {
        errors.too_long(&path, PARAMETERS_SIZE_MAX);
    }
}

fn topologies(terms: &[TopologySelectorTerm], errors: &mut Errors) {
    let path = Path::new("allowedTopologies");
    for (i, term) in terms.iter().enumerate() {
        let path = path.index(i);
        let path = path.child("matchLabelExpressions");
        let mut keys = BTreeSet::new();
        for (j, rule) in term.match_label_expressions.iter().flatten().enumerate() {
            let path = path.index(j);
            let of_values = path.child("values");
            if rule.values.is_empty() {
                errors.required(&of_values, "");
            }
            let mut values = BTreeSet::new();
            for (k, value) in rule.values.iter().enumerate() {
                if !values.insert(value) {
                    errors.duplicate(&of_values.index(k), value);
                }
            }
            label_key(&rule.key, &path.child("key"), errors);
            if !keys.insert(&rule.key) {
                errors.duplicate(&path.child("key"), &rule.key);
            }
        }
        let known = terms.get(..i).unwrap_or_default();
        if known.contains(term) {
            errors.duplicate(&path, "");
        }
    }
}
