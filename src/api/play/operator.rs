//! Operators: controllers that are written as an object.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::is_default;

/// How many children an object may have, by an operator's rules.
pub const MOST_CHILDREN: usize = 32;

/// A controller without code: for each object of a kind it makes others from templates, and works
/// out the object's status from them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Operator {
    pub metadata: ObjectMeta,
    pub spec: OperatorSpec,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OperatorSpec {
    /// The kind that is looked after.
    pub watch: OperatorKind,
    pub children: Vec<OperatorChild>,
    /// The object's status: an object with placeholders. Fields that others write stay.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub status: Value,
    /// Nothing is done for now.
    #[serde(skip_serializing_if = "is_default")]
    pub paused: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OperatorKind {
    pub api_version: String,
    pub kind: String,
}

/// One object that is made for each object of the kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OperatorChild {
    /// By which templates speak of it: `${.children.NAME.status.readyReplicas}`.
    pub name: String,
    /// A template: the child is there only while it comes to something other than nothing,
    /// `false`, zero or an empty text.
    #[serde(skip_serializing_if = "is_default")]
    pub when: String,
    /// The manifest, with placeholders.
    pub template: Value,
}
