//! A template that stands by itself.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/podtemplate/strategy.go`.

use k8s_openapi::api::core::v1::PodTemplate as Kind;

use super::pod::defaults;
use super::pod::validation;
use super::workload::{count_generation, template_warnings};
use super::{KindInfo, cells};
use crate::api::field::{Errors, Path};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "PodTemplate",
    plural: "podtemplates",
    singular: "podtemplate",
    short_names: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "podtemplates",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, object: &mut Kind) {
        defaults::pod_template(object.template.get_or_insert_default());
    }

    fn prepare_for_create(&self, object: &mut Kind) {
        object.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        count_generation(
            &mut new.metadata,
            &old.metadata,
            new.template != old.template,
        );
    }

    fn validate(&self, object: &Kind) -> Errors {
        let mut errors = Errors::default();
        let empty = Default::default();
        let template = object.template.as_ref().unwrap_or(&empty);
        validation::pod_template(template, &Path::new("template"), &mut errors);
        errors
    }

    fn warnings(&self, object: &Kind) -> Vec<String> {
        let mut found = Vec::new();
        template_warnings(object.template.as_ref(), &Path::new("template"), &mut found);
        // The template is at the top here, not below a spec.
        found
            .iter()
            .map(|w| w.trim_start_matches('.').to_owned())
            .collect()
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Containers"),
            column("Images"),
            column("Pod Labels"),
        ];
        COLUMNS
    }

    fn row(&self, object: &Kind, _: Time) -> Vec<String> {
        let template = object.template.as_ref();
        let (containers, images) = cells::containers(template);
        let meta = template.and_then(|t| t.metadata.as_ref());
        vec![
            object.metadata.name.clone().unwrap_or_default(),
            containers,
            images,
            cells::labels(meta.and_then(|m| m.labels.as_ref())),
        ]
    }
}
