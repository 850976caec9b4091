//! What a controller's object looked like at one of its revisions.
//!
//! Models `k8s.io/kubernetes/pkg/registry/apps/controllerrevision/strategy.go`.

use k8s_openapi::api::apps::v1::ControllerRevision as Kind;

use super::KindInfo;
use super::cells::NONE;
use crate::api::controller_of;
use crate::api::field::{Errors, Path};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::{IMMUTABLE, not_negative};
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "apps",
    version: "v1",
    kind: "ControllerRevision",
    plural: "controllerrevisions",
    singular: "controllerrevision",
    short_names: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "controllerrevisions",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn validate(&self, revision: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("data");
        match &revision.data {
            None => errors.required(&path, "data is mandatory"),
            Some(data) if !data.0.is_object() => {
                errors.invalid(&path, "<value omitted>", "data must be a valid JSON object");
            }
            Some(_) => {}
        }
        not_negative(revision.revision, &Path::new("revision"), &mut errors);
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = self.validate(new);
        if new.data != old.data {
            errors.invalid_json(&Path::new("data"), &new.data, IMMUTABLE);
        }
        errors
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Controller"),
            column("Revision"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, revision: &Kind, now: Time) -> Vec<String> {
        let controller = controller_of(&revision.metadata).map(|owner| {
            let kind = owner.kind.to_lowercase();
            match owner.api_version.split_once('/') {
                Some((group, _)) => format!("{kind}.{group}/{}", owner.name),
                None => format!("{kind}/{}", owner.name),
            }
        });
        vec![
            revision.metadata.name.clone().unwrap_or_default(),
            controller.unwrap_or_else(|| NONE.to_owned()),
            revision.revision.to_string(),
            age(&revision.metadata, now),
        ]
    }
}
