//! A scope for names.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/namespace/strategy.go`.

use k8s_openapi::api::core::v1::Namespace as Kind;

use super::KindInfo;
use crate::api::field::{Errors, Path};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::finalizer_name;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short_names: &["ns"],
    namespaced: false,
    categories: &[],
    subresources: &["finalize", "status"],
    prefix: "namespaces",
    strategy: &Typed(Rules),
};

/// The label by which selectors find a namespace by its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

const FINALIZER: &str = "kubernetes";

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, namespace: &mut Kind) {
        namespace.spec.get_or_insert_default();
        let status = namespace.status.get_or_insert_default();
        status.phase.get_or_insert_with(|| "Active".to_owned());
        if let Some(name) = namespace.metadata.name.clone().filter(|n| !n.is_empty()) {
            let labels = namespace.metadata.labels.get_or_insert_default();
            labels.insert(NAME_LABEL.to_owned(), name);
        }
    }

    fn name_errors(&self, name: &str) -> Vec<String> {
        crate::api::names::is_dns1123_label(name)
    }

    fn prepare_for_create(&self, namespace: &mut Kind) {
        namespace.status = Some(Default::default());
        let status = namespace.status.get_or_insert_default();
        status.phase = Some("Active".to_owned());
        let finalizers = namespace
            .spec
            .get_or_insert_default()
            .finalizers
            .get_or_insert_default();
        if !finalizers.iter().any(|f| f == FINALIZER) {
            finalizers.push(FINALIZER.to_owned());
        }
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        let spec = new.spec.get_or_insert_default();
        spec.finalizers = old.spec.as_ref().and_then(|s| s.finalizers.clone());
        new.status.clone_from(&old.status);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, namespace: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("spec");
        let path = path.child("finalizers");
        for finalizer in namespace
            .spec
            .iter()
            .filter_map(|s| s.finalizers.as_ref())
            .flatten()
        {
            finalizer_name(finalizer, &path, &mut errors);
        }
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = Errors::default();
        let given = |namespace: &Kind| namespace.spec.clone().unwrap_or_default().finalizers;
        // Only the subresource `finalize` changes them.
        if given(new) != given(old) {
            let path = Path::new("spec");
            let path = path.child("finalizers");
            for (i, finalizer) in given(new).iter().flatten().enumerate() {
                finalizer_name(finalizer, &path.index(i), &mut errors);
            }
        }
        errors
    }

    fn validate_status_update(&self, new: &Kind, _old: &Kind) -> Errors {
        let mut errors = Errors::default();
        let (wanted, when) = match new.metadata.deletion_timestamp {
            None => ("Active", "empty"),
            Some(_) => ("Terminating", "not empty"),
        };
        let phase = new.status.as_ref().and_then(|s| s.phase.as_deref());
        let phase = phase.unwrap_or_default();
        if phase != wanted {
            let path = Path::new("status");
            let detail = format!("may only be '{wanted}' if `deletionTimestamp` is {when}");
            errors.invalid(&path.child("Phase"), phase, detail);
        }
        errors
    }

    fn selectable(&self) -> &'static [&'static str] {
        &["name", "status.phase"]
    }

    fn field(&self, namespace: &Kind, path: &str) -> Option<String> {
        match path {
            "status.phase" => Some(phase(namespace)),
            "name" => Some(namespace.metadata.name.clone().unwrap_or_default()),
            _ => None,
        }
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[column("Name"), column("Status"), column("Age")];
        COLUMNS
    }

    fn row(&self, namespace: &Kind, now: Time) -> Vec<String> {
        vec![
            namespace.metadata.name.clone().unwrap_or_default(),
            phase(namespace),
            age(&namespace.metadata, now),
        ]
    }
}

fn phase(namespace: &Kind) -> String {
    let status = namespace.status.as_ref();
    status.and_then(|s| s.phase.clone()).unwrap_or_default()
}
