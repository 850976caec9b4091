//! What the API server does with objects of one kind: the same verbs for every kind
//! (`k8s.io/apiserver/pkg/registry/rest` create, update and delete strategies).

use crate::sim::Time;

use serde_json::Value;

use super::field::Errors;
use super::kinds::KindInfo;
use super::object::{Object, Resource};

/// One column of a kind's table (`k8s.io/kubernetes/pkg/printers/internalversion`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    /// Shown with `-o wide` only.
    pub wide: bool,
}

/// A column that is always shown.
pub const fn column(name: &'static str) -> Column {
    Column { name, wide: false }
}

/// A column that is shown with `-o wide`.
pub const fn wide(name: &'static str) -> Column {
    Column { name, wide: true }
}

/// Another version in which a kind is served: the same objects in another form.
pub struct OtherVersion {
    /// The names of the kind in this version.
    pub info: &'static KindInfo,
    /// From the stored form to this one.
    pub to: fn(Value) -> Value,
    /// From this form to the stored one. What it does not know stays where it is, and is found when
    /// the object is decoded.
    pub from: fn(Value) -> Value,
}

const NAME_AND_AGE: &[Column] = &[column("Name"), column("Age")];

/// The rules of a kind, over any object. Write [`KindStrategy`] and wrap it in [`Typed`].
pub trait Strategy: Sync {
    fn default(&self, _object: &mut Object) {}
    fn default_over(&self, new: &mut Object, _old: &Object) {
        self.default(new);
    }
    fn prepare_for_create(&self, _object: &mut Object) {}
    fn read_back(&self, _object: &mut Object) {}
    fn prepare_for_update(&self, _new: &mut Object, _old: &Object) {}
    fn prepare_for_status_update(&self, _new: &mut Object, _old: &Object) {}
    fn prepare_for_part_update(&self, _part: &str, _new: &mut Object, _old: &Object) {}
    fn validate_part_update(&self, _part: &str, _new: &Object, _old: &Object) -> Errors {
        Errors::default()
    }
    fn name_errors(&self, name: &str) -> Vec<String> {
        super::names::is_dns1123_subdomain(name)
    }
    fn validate(&self, _object: &Object) -> Errors {
        Errors::default()
    }
    fn validate_update(&self, _new: &Object, _old: &Object) -> Errors {
        Errors::default()
    }
    fn validate_status_update(&self, _new: &Object, _old: &Object) -> Errors {
        Errors::default()
    }
    fn warnings(&self, _object: &Object) -> Vec<String> {
        Vec::new()
    }
    fn warnings_on_update(&self, _new: &Object, _old: &Object) -> Vec<String> {
        Vec::new()
    }
    fn put_creates(&self) -> bool {
        false
    }
    fn needs_revision(&self) -> bool {
        false
    }
    fn grace_period(&self, _object: &Object, _requested: Option<i64>) -> Option<i64> {
        None
    }
    fn field(&self, _object: &Object, _path: &str) -> Option<String> {
        None
    }
    fn selectable(&self) -> &'static [&'static str] {
        &[]
    }
    fn deprecation(&self) -> &'static str {
        ""
    }
    fn always_written(&self) -> &'static [&'static str] {
        &[]
    }
    fn other_versions(&self) -> &'static [OtherVersion] {
        &[]
    }
    fn columns(&self) -> &'static [Column] {
        NAME_AND_AGE
    }
    fn row(&self, object: &Object, now: Time) -> Vec<String> {
        vec![
            object.name().to_owned(),
            super::time::age(object.meta(), now),
        ]
    }
}

/// The rules of a kind of which nothing is known but its name.
pub struct NoRules;

pub static NO_RULES: NoRules = NoRules;

impl Strategy for NoRules {}

/// The rules of one kind. Every method has the answer of a plain object with no rules.
pub trait KindStrategy: Sync {
    type Kind: Resource;

    /// Fills in what was left out. Runs on everything that is decoded; must be idempotent.
    fn default(&self, _object: &mut Self::Kind) {}

    /// As `default`, for an object that takes the place of another one: what the two share has its defaults.
    fn default_over(&self, new: &mut Self::Kind, _old: &Self::Kind) {
        self.default(new);
    }

    /// Before the first write: clears what only the cluster may set.
    fn prepare_for_create(&self, _object: &mut Self::Kind) {}

    /// What the defaults add when a new object is read back from where it is kept, after it was found valid.
    fn read_back(&self, _object: &mut Self::Kind) {}

    /// Before a write to the object itself: keeps its status, and counts its generation.
    fn prepare_for_update(&self, _new: &mut Self::Kind, _old: &Self::Kind) {}

    /// Before a write to the `status` subresource: keeps everything but the status.
    fn prepare_for_status_update(&self, _new: &mut Self::Kind, _old: &Self::Kind) {}

    /// Before a write to another subresource that has the form of the object: keeps everything
    /// but the part that it is about.
    fn prepare_for_part_update(&self, _part: &str, _new: &mut Self::Kind, _old: &Self::Kind) {}

    /// The rules for such a write.
    fn validate_part_update(&self, _part: &str, _new: &Self::Kind, _old: &Self::Kind) -> Errors {
        Errors::default()
    }

    /// What is wrong with an object's name.
    fn name_errors(&self, name: &str) -> Vec<String> {
        super::names::is_dns1123_subdomain(name)
    }

    /// The rules of the kind beside those of the metadata.
    fn validate(&self, _object: &Self::Kind) -> Errors {
        Errors::default()
    }

    /// The rules for a change; the pipeline calls this and not `validate` as well.
    fn validate_update(&self, new: &Self::Kind, _old: &Self::Kind) -> Errors {
        self.validate(new)
    }

    fn validate_status_update(&self, _new: &Self::Kind, _old: &Self::Kind) -> Errors {
        Errors::default()
    }

    /// What the client is told although the request succeeds (`Warning:` headers).
    fn warnings(&self, _object: &Self::Kind) -> Vec<String> {
        Vec::new()
    }

    /// As [`warnings`](Self::warnings), for a change. Kinds that count generations are silent
    /// about what stays as it was, and a name is told of once.
    fn warnings_on_update(&self, new: &Self::Kind, old: &Self::Kind) -> Vec<String> {
        let (meta, before) = (new.meta(), old.meta());
        let counted = meta.generation.is_some_and(|generation| generation != 0);
        if counted && meta.generation == before.generation {
            return Vec::new();
        }
        let mut found = self.warnings(new);
        found.retain(|warning| !warning.starts_with("metadata.name: "));
        found
    }

    /// Whether a PUT makes the object when there is none (`AllowCreateOnUpdate`).
    fn put_creates(&self) -> bool {
        false
    }

    /// Whether a PUT has to say which revision it was made from (the contrary of
    /// `AllowUnconditionalUpdate`).
    fn needs_revision(&self) -> bool {
        false
    }

    /// How many seconds a deleted object stays with a deletion timestamp; `None` to delete it at
    /// once. `requested` is what the client asked for.
    fn grace_period(&self, _object: &Self::Kind, _requested: Option<i64>) -> Option<i64> {
        None
    }

    /// The value of a selectable field other than `metadata.name` and `metadata.namespace`;
    /// `None` where the kind does not support selecting by it.
    fn field(&self, _object: &Self::Kind, _path: &str) -> Option<String> {
        None
    }

    /// The fields by which objects can be selected, beside name and namespace.
    fn selectable(&self) -> &'static [&'static str] {
        &[]
    }

    /// What every client of the kind is told; empty unless the kind is deprecated.
    fn deprecation(&self) -> &'static str {
        ""
    }

    /// Fields of the object that are written as `null` when they are not set.
    fn always_written(&self) -> &'static [&'static str] {
        &[]
    }

    /// The versions in which the kind is served, beside the stored one.
    fn other_versions(&self) -> &'static [OtherVersion] {
        &[]
    }

    fn columns(&self) -> &'static [Column] {
        NAME_AND_AGE
    }

    /// The cells of the object's row, one per column.
    fn row(&self, object: &Self::Kind, now: Time) -> Vec<String> {
        vec![
            object.name().to_owned(),
            super::time::age(object.meta(), now),
        ]
    }
}

/// Makes a [`KindStrategy`] a [`Strategy`] over any object; objects of other kinds are ignored.
pub struct Typed<S>(pub S);

impl<S: KindStrategy> Strategy for Typed<S> {
    fn default(&self, object: &mut Object) {
        if let Some(object) = object.edit() {
            self.0.default(object);
        }
    }

    fn default_over(&self, new: &mut Object, old: &Object) {
        if let (Some(new), Some(old)) = (new.edit(), old.get()) {
            self.0.default_over(new, old);
        }
    }

    fn prepare_for_create(&self, object: &mut Object) {
        if let Some(object) = object.edit() {
            self.0.prepare_for_create(object);
        }
    }

    fn read_back(&self, object: &mut Object) {
        if let Some(object) = object.edit() {
            self.0.read_back(object);
        }
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        if let (Some(new), Some(old)) = (new.edit(), old.get::<S::Kind>()) {
            self.0.prepare_for_update(new, old);
        }
    }

    fn prepare_for_status_update(&self, new: &mut Object, old: &Object) {
        if let (Some(new), Some(old)) = (new.edit(), old.get::<S::Kind>()) {
            self.0.prepare_for_status_update(new, old);
        }
    }

    fn prepare_for_part_update(&self, part: &str, new: &mut Object, old: &Object) {
        if let (Some(new), Some(old)) = (new.edit(), old.get::<S::Kind>()) {
            self.0.prepare_for_part_update(part, new, old);
        }
    }

    fn validate_part_update(&self, part: &str, new: &Object, old: &Object) -> Errors {
        match (new.get(), old.get()) {
            (Some(new), Some(old)) => self.0.validate_part_update(part, new, old),
            _ => Errors::default(),
        }
    }

    fn name_errors(&self, name: &str) -> Vec<String> {
        self.0.name_errors(name)
    }

    fn validate(&self, object: &Object) -> Errors {
        object.get().map(|o| self.0.validate(o)).unwrap_or_default()
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        match (new.get(), old.get()) {
            (Some(new), Some(old)) => self.0.validate_update(new, old),
            _ => Errors::default(),
        }
    }

    fn validate_status_update(&self, new: &Object, old: &Object) -> Errors {
        match (new.get(), old.get()) {
            (Some(new), Some(old)) => self.0.validate_status_update(new, old),
            _ => Errors::default(),
        }
    }

    fn warnings(&self, object: &Object) -> Vec<String> {
        object.get().map(|o| self.0.warnings(o)).unwrap_or_default()
    }

    fn warnings_on_update(&self, new: &Object, old: &Object) -> Vec<String> {
        match (new.get(), old.get()) {
            (Some(new), Some(old)) => self.0.warnings_on_update(new, old),
            _ => Vec::new(),
        }
    }

    fn put_creates(&self) -> bool {
        self.0.put_creates()
    }

    fn needs_revision(&self) -> bool {
        self.0.needs_revision()
    }

    fn grace_period(&self, object: &Object, requested: Option<i64>) -> Option<i64> {
        object.get().and_then(|o| self.0.grace_period(o, requested))
    }

    fn field(&self, object: &Object, path: &str) -> Option<String> {
        object.get().and_then(|o| self.0.field(o, path))
    }

    fn selectable(&self) -> &'static [&'static str] {
        self.0.selectable()
    }

    fn deprecation(&self) -> &'static str {
        self.0.deprecation()
    }

    fn always_written(&self) -> &'static [&'static str] {
        self.0.always_written()
    }

    fn other_versions(&self) -> &'static [OtherVersion] {
        self.0.other_versions()
    }

    fn columns(&self) -> &'static [Column] {
        self.0.columns()
    }

    fn row(&self, object: &Object, now: Time) -> Vec<String> {
        object.get().map(|o| self.0.row(o, now)).unwrap_or_default()
    }
}
