//! A way to run containers.
//!
//! Models `k8s.io/kubernetes/pkg/apis/node/validation/validation.go`.

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::api::node::v1::RuntimeClass as Kind;

use super::KindInfo;
use super::pod::warnings::OLD_NODE_LABELS;
use super::pod::{resources, scheduling};
use crate::api::field::{Errors, Path, quote};
use crate::api::names::is_dns1123_label;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::{IMMUTABLE, labels};
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "node.k8s.io",
    version: "v1",
    kind: "RuntimeClass",
    plural: "runtimeclasses",
    singular: "runtimeclass",
    short_names: &[],
    namespaced: false,
    categories: &[],
    subresources: &[],
    prefix: "runtimeclasses",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn needs_revision(&self) -> bool {
        true
    }

    fn put_creates(&self) -> bool {
        true
    }

    fn validate(&self, class: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("handler");
        errors.invalid_each(&path, &class.handler, is_dns1123_label(&class.handler));
        if let Some(overhead) = &class.overhead {
            let needed = ResourceRequirements {
                limits: overhead.pod_fixed.clone(),
                ..ResourceRequirements::default()
            };
            resources::validate(&needed, &Path::new("overhead"), &mut errors);
        }
        if let Some(rules) = &class.scheduling {
            let path = Path::new("scheduling");
            let of_labels = path.child("nodeSelector");
            labels(rules.node_selector.as_ref(), &of_labels, &mut errors);
            let tolerations = rules.tolerations.as_deref().unwrap_or_default();
            let of_list = path.child("tolerations");
            scheduling::tolerations(tolerations, &of_list, &mut errors);
            for (i, toleration) in tolerations.iter().enumerate() {
                let earlier = tolerations.get(..i).unwrap_or_default();
                if earlier.contains(toleration) {
                    let shown = super::pod::go_spec::toleration(toleration);
                    errors.duplicate_raw(&of_list.index(i), &shown);
                }
            }
        }
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = Errors::default();
        if new.handler != old.handler {
            errors.invalid(&Path::new("handler"), &new.handler, IMMUTABLE);
        }
        errors
    }

    fn warnings(&self, class: &Kind) -> Vec<String> {
        let rules = class.scheduling.as_ref();
        let selector = rules.and_then(|s| s.node_selector.as_ref());
        OLD_NODE_LABELS
            .iter()
            .filter(|(old, ..)| selector.is_some_and(|s| s.contains_key(*old)))
            .map(|(_, since, new)| {
                let new = quote(new);
                format!("scheduling.nodeSelector: deprecated since {since}; use {new} instead")
            })
            .collect()
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[column("Name"), column("Handler"), column("Age")];
        COLUMNS
    }

    fn row(&self, class: &Kind, now: Time) -> Vec<String> {
        vec![
            class.metadata.name.clone().unwrap_or_default(),
            class.handler.clone(),
            age(&class.metadata, now),
        ]
    }
}
