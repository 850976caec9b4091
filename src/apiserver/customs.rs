//! The kinds that CustomResourceDefinitions add to those of the registry.
//!
//! Models `k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go`: a definition
//! is served as soon as it is established, and in each version that it serves.

use std::rc::Rc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionCondition,
};

use super::ApiServer;
use crate::api::custom::{condition, is_established, kinds_of};
use crate::api::kinds::served_versions;
use crate::api::time::api_time;
use crate::api::{Kind, KindInfo, Object, Resource, Result, Status};
use crate::sim::Time;

/// What holds a definition until its objects are gone.
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// What the established definitions serve, by the name of the definition.
#[derive(Clone, Default)]
pub(super) struct Customs {
    served: Vec<(Rc<str>, Vec<Kind>)>,
}

impl Customs {
    /// Takes in a change of an object, if it is one of a definition.
    pub fn note(&mut self, before: Option<&Object>, after: Option<&Object>) {
        let definition = |object: Option<&Object>| {
            object.and_then(|o| o.get::<CustomResourceDefinition>().cloned())
        };
        let (before, after) = (definition(before), definition(after));
        let Some(name) = after
            .as_ref()
            .or(before.as_ref())
            .map(|d| d.name().to_owned())
        else {
            return;
        };
        let is_served = |d: &Rc<CustomResourceDefinition>| is_established(d);
        let same = match (&before, &after) {
            (Some(a), Some(b)) => a.spec == b.spec && is_served(a) == is_served(b),
            _ => false,
        };
        if same {
            return;
        }
        self.served.retain(|(n, _)| **n != *name);
        if let Some(definition) = after.filter(is_served) {
            let kinds = kinds_of(&definition).into_iter().map(Kind::custom);
            self.served.push((name.into(), kinds.collect()));
            self.served.sort_by(|a, b| a.0.cmp(&b.0));
        }
    }

    fn all(&self) -> impl Iterator<Item = Kind> + Clone {
        self.served
            .iter()
            .flat_map(|(_, kinds)| kinds.iter().copied())
    }
}

impl ApiServer {
    /// Every kind that is served: the built-in ones, then the others, each version on its own.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        Kind::all().chain(self.customs.all())
    }

    /// The names of all that is served, in every version.
    pub(super) fn served(&self) -> impl Iterator<Item = &'static KindInfo> {
        served_versions().chain(self.customs.all().map(Kind::info))
    }

    /// By group, version and plural, as a URL names it.
    pub fn kind_by_gvr(&self, group: &str, version: &str, plural: &str) -> Option<Kind> {
        Kind::by_gvr(group, version, plural).or_else(|| {
            self.customs.all().find(|kind| {
                let info = kind.info();
                (info.group, info.version, info.plural) == (group, version, plural)
            })
        })
    }

    /// By `apiVersion` and `kind`, as a manifest names it.
    pub fn kind_by_gvk(&self, api_version: &str, kind: &str) -> Option<Kind> {
        Kind::by_gvk(api_version, kind).or_else(|| {
            self.customs.all().find(|k| {
                let info = k.info();
                info.kind == kind && info.api_version() == api_version
            })
        })
    }

    /// The kind that a definition brought in; `None` while it is not served.
    pub fn kind_of_definition(&self, name: &str) -> Option<Kind> {
        let (_, kinds) = self.customs.served.iter().find(|(n, _)| **n == *name)?;
        kinds.first().copied()
    }

    /// The object in the version that is stored, whatever version it was sent in.
    pub(super) fn as_stored(&self, object: Object) -> Object {
        let Some(definition) = object.kind().definition() else {
            return object;
        };
        if definition.stored {
            return object;
        }
        let kind = object.kind();
        let stored = self
            .customs
            .all()
            .filter(|k| *k == kind)
            .filter_map(Kind::definition)
            .find(|k| k.stored);
        match stored {
            Some(stored) => object.in_version(stored),
            None => object,
        }
    }

    /// An object that was read before its definition changed, under the definition as it is now.
    pub(super) fn under_current(&self, object: Object) -> Object {
        let Some(definition) = object.kind().definition() else {
            return object;
        };
        let kind = object.kind();
        let mut versions = self
            .customs
            .all()
            .filter(|k| *k == kind)
            .filter_map(Kind::definition);
        if versions.clone().any(|k| std::ptr::eq(k, definition)) {
            return object;
        }
        match versions.find(|k| k.info.version == definition.info.version) {
            Some(current) => object.in_version(current),
            None => self.as_stored(object),
        }
    }

    /// Nothing is created while the definition is going.
    pub(super) fn admit_custom(&self, object: &Object) -> Result<()> {
        let info = object.info();
        if object.kind().definition().is_none() {
            return Ok(());
        }
        let name = format!("{}.{}", info.plural, info.group);
        let definition = self.get::<CustomResourceDefinition>(&crate::api::Key::new("", &name));
        match definition {
            Some(d) if condition(&d, "Terminating") => Err(Status::method_not_allowed(format!(
                "create is not supported on resources of kind \"{}.{}\": create not allowed while custom resource definition is terminating",
                info.plural, info.group
            ))),
            _ => Ok(()),
        }
    }
}

/// A definition that is deleted stays until its objects are gone.
pub(super) fn hold(object: &mut Object, now: Time) {
    let Some(definition) = object.edit::<CustomResourceDefinition>() else {
        return;
    };
    let finalizers = definition.metadata.finalizers.get_or_insert_default();
    if definition.metadata.deletion_timestamp.is_some() {
        return;
    }
    if !finalizers.iter().any(|f| f == CLEANUP) {
        finalizers.push(CLEANUP.to_owned());
    }
    let conditions = definition.status.get_or_insert_default();
    let conditions = conditions.conditions.get_or_insert_default();
    conditions.retain(|c| c.type_ != "Terminating");
    conditions.push(CustomResourceDefinitionCondition {
        type_: "Terminating".to_owned(),
        status: "True".to_owned(),
        reason: Some("InstanceDeletionPending".to_owned()),
        message: Some(
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
                .to_owned(),
        ),
        last_transition_time: Some(api_time(now)),
        ..Default::default()
    });
}

/// An object as a client of `kind` sees it: in the version that it asked for.
pub(super) fn as_asked(object: Object, kind: Kind) -> Object {
    match kind.definition() {
        Some(definition) => object.in_version(definition),
        None => object,
    }
}
