//! Stored objects: immutable values, shared by everyone who looks at them.

use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::{Map, Value};

use super::codec::{self, DecodeError};
use super::key::Key;
use super::kinds::{Kind, KindInfo};

pub use super::kinds::Object;

/// A type that is served by the API.
pub trait Resource:
    Clone + Default + serde::Serialize + for<'de> serde::Deserialize<'de> + 'static
{
    const KIND: Kind;

    fn meta(&self) -> &ObjectMeta;
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    fn into_object(this: Rc<Self>) -> Object;
    fn from_object(object: &Object) -> Option<&Rc<Self>>;
    fn from_object_mut(object: &mut Object) -> Option<&mut Rc<Self>>;

    /// The object's name; empty while it has none.
    fn name(&self) -> &str {
        self.meta().name.as_deref().unwrap_or_default()
    }

    /// The namespace; empty for objects of the cluster.
    fn namespace(&self) -> &str {
        self.meta().namespace.as_deref().unwrap_or_default()
    }

    fn uid(&self) -> &str {
        self.meta().uid.as_deref().unwrap_or_default()
    }

    fn key(&self) -> Key {
        Key::new(self.namespace(), self.name())
    }
}

impl Object {
    pub fn info(&self) -> &'static KindInfo {
        self.kind().info()
    }

    pub fn name(&self) -> &str {
        self.meta().name.as_deref().unwrap_or_default()
    }

    pub fn namespace(&self) -> &str {
        self.meta().namespace.as_deref().unwrap_or_default()
    }

    pub fn uid(&self) -> &str {
        self.meta().uid.as_deref().unwrap_or_default()
    }

    pub fn key(&self) -> Key {
        Key::new(self.namespace(), self.name())
    }

    /// The revision of the last write; zero for objects that are not stored.
    pub fn revision(&self) -> u64 {
        self.meta()
            .resource_version
            .as_deref()
            .and_then(|v| v.parse().ok())
            .unwrap_or_default()
    }

    pub fn is_deleting(&self) -> bool {
        self.meta().deletion_timestamp.is_some()
    }

    pub fn controller(&self) -> Option<&OwnerReference> {
        controller_of(self.meta())
    }

    /// As JSON, with `apiVersion` and `kind`.
    pub fn to_value(&self) -> Value {
        let info = self.info();
        let mut value = self.encode();
        if let Value::Object(map) = &mut value {
            map.insert("apiVersion".to_owned(), Value::from(info.api_version()));
            map.insert("kind".to_owned(), Value::from(info.kind));
            for name in info.strategy.always_written() {
                map.entry(*name).or_insert(Value::Null);
            }
        }
        value
    }

    /// The metadata alone, as JSON: `{"metadata": ...}`.
    pub fn meta_value(&self) -> Value {
        let mut value = Value::Object(Default::default());
        value["metadata"] = codec::encode(self.meta());
        value
    }

    /// Workloads refuse an empty selector and a missing one in different words, and their types
    /// do not tell the two apart: an empty one gets an empty map of labels.
    fn note_empty_selector(&mut self) {
        let selector = if let Some(deployment) = self.edit::<Deployment>() {
            deployment.spec.as_mut().map(|s| &mut s.selector)
        } else if let Some(set) = self.edit::<ReplicaSet>() {
            set.spec.as_mut().map(|s| &mut s.selector)
        } else if let Some(set) = self.edit::<DaemonSet>() {
            set.spec.as_mut().map(|s| &mut s.selector)
        } else if let Some(set) = self.edit::<StatefulSet>() {
            set.spec.as_mut().map(|s| &mut s.selector)
        } else {
            None
        };
        if let Some(selector) = selector {
            selector.match_labels.get_or_insert_default();
        }
    }

    /// The object as `T`, when it is one.
    pub fn get<T: Resource>(&self) -> Option<&Rc<T>> {
        T::from_object(self)
    }

    /// The object as `T` to be changed; copies it when it is shared.
    pub fn edit<T: Resource>(&mut self) -> Option<&mut T> {
        T::from_object_mut(self).map(Rc::make_mut)
    }
}

/// The owner that manages the object (`metav1.GetControllerOf`).
pub fn controller_of(meta: &ObjectMeta) -> Option<&OwnerReference> {
    let mut owners = meta.owner_references.as_ref()?.iter();
    owners
        .find(|o| o.controller == Some(true))
        .map(|owner| &**owner)
}

/// The reference by which `owner` controls another object (`metav1.NewControllerRef`).
pub fn controller_ref<T: Resource>(owner: &T) -> Shared<OwnerReference> {
    let info = T::KIND.info();
    Shared::from(OwnerReference {
        api_version: info.api_version(),
        kind: info.kind.to_owned(),
        name: owner.name().to_owned(),
        uid: owner.uid().to_owned(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    })
}

/// Decodes one kind of object; the kind's table entry points here.
pub(super) fn decode_as<T: Resource>(
    value: &Value,
    version: &str,
) -> Result<(Object, Vec<String>), DecodeError> {
    let (object, mut unknown) = codec::decode::<T>(value, version)?;
    // Our own types do not keep what says of which type an object is.
    unknown.retain(|path| path != "apiVersion" && path != "kind");
    let mut object = T::into_object(Rc::new(object));
    if value["spec"]["selector"]
        .as_object()
        .is_some_and(Map::is_empty)
    {
        object.note_empty_selector();
    }
    Ok((object, unknown))
}
