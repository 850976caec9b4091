//! An object of a custom kind: typed metadata, and the rest as it came.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

use super::{CustomKind, schema};
use crate::api::codec::{self, DecodeError};
use crate::api::kinds::Object;

use std::rc::Rc;

/// An object of a kind that is not built in.
#[derive(Clone)]
pub struct CustomObject {
    pub kind: &'static CustomKind,
    pub metadata: ObjectMeta,
    /// All members but `apiVersion`, `kind` and `metadata`.
    pub fields: Map<String, Value>,
}

impl PartialEq for CustomObject {
    fn eq(&self, other: &Self) -> bool {
        self.kind.info.version == other.kind.info.version
            && self.metadata == other.metadata
            && self.fields == other.fields
    }
}

impl std::fmt::Debug for CustomObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.info.kind, self.encode())
    }
}

impl CustomObject {
    /// As JSON, without `apiVersion` and `kind`.
    pub fn encode(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("metadata".to_owned(), codec::encode(&self.metadata));
        Value::Object(fields)
    }

    /// The value at a dotted path; `Null` where there is none.
    pub fn at(&self, path: &str) -> &Value {
        let mut steps = path.split('.');
        let first = steps.next().and_then(|name| self.fields.get(name));
        steps.fold(first.unwrap_or(&Value::Null), |value, name| &value[name])
    }
}

impl CustomObject {
    /// Sets the value at a dotted path; objects on the way are made.
    pub fn set(&mut self, path: &str, value: Value) {
        let mut steps = path.split('.');
        let Some(first) = steps.next() else {
            return;
        };
        let mut place = self.fields.entry(first).or_insert(Value::Null);
        for step in steps {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[step];
        }
        *place = value;
    }
}

impl Object {
    /// The object in another version of its kind: what differs is the version's name alone
    /// (conversion strategy `None`), and what its schema prunes and defaults.
    pub fn in_version(self, kind: &'static CustomKind) -> Object {
        let Object::Custom(object) = &self else {
            return self;
        };
        if std::ptr::eq(object.kind, kind) {
            return self;
        }
        let mut object = CustomObject::clone(object);
        object.kind = kind;
        let mut fields = Value::Object(std::mem::take(&mut object.fields));
        schema::prune(&mut fields, kind.schema(), &mut Vec::new());
        schema::default(&mut fields, kind.schema());
        if let Value::Object(fields) = fields {
            object.fields = fields;
        }
        Object::Custom(Rc::new(object))
    }
}

pub(super) fn decode(
    kind: &'static CustomKind,
    value: &Value,
) -> Result<(Object, Vec<String>), DecodeError> {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(default)]
        metadata: ObjectMeta,
    }
    let mut head = Map::new();
    if let Some(metadata) = value.get("metadata") {
        head.insert("metadata".to_owned(), metadata.clone());
    }
    let (head, mut unknown) = codec::decode::<Head>(&Value::Object(head), kind.info.version)?;
    let mut fields = value.clone();
    if let Value::Object(fields) = &mut fields {
        for name in ["apiVersion", "kind", "metadata"] {
            fields.remove(name);
        }
    }
    schema::prune(&mut fields, kind.schema(), &mut unknown);
    let fields = match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let object = CustomObject {
        kind,
        metadata: head.metadata,
        fields,
    };
    Ok((Object::Custom(Rc::new(object)), unknown))
}
