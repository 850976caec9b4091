//! Patches: how a client says what should change, and how the change is worked in.
//!
//! Three formats on plain JSON values: JSON Patch (RFC 6902), JSON Merge Patch (RFC 7386) and
//! Kubernetes' strategic merge patch, which knows the lists whose elements have a key. `apply`
//! makes the patch that `kubectl apply` sends. Errors carry the words of the libraries upstream
//! uses. Nothing here looks at time, storage or who asks.

pub mod apply;
pub mod diff;
pub mod json_patch;
pub mod merge_patch;
pub mod schema;
pub mod strategic;

use serde_json::{Map, Value};
use std::fmt;

pub use schema::PatchSchema;

/// A JSON object.
pub type Object = Map<String, Value>;

/// Why a patch was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatchError {
    /// The patch is not of its format (400 Bad Request).
    Malformed(String),
    /// The patch cannot be worked into this object (422 Unprocessable Entity).
    Inapplicable(String),
    /// The patch asks for more than the server is willing to do (413 Request Entity Too Large).
    TooLarge(String),
}

impl PatchError {
    /// The message alone.
    pub fn message(&self) -> &str {
        match self {
            PatchError::Malformed(m) | PatchError::Inapplicable(m) | PatchError::TooLarge(m) => m,
        }
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for PatchError {}

/// A value as Go's `%v` prints decoded JSON: `map[a:1 b:[x y]]`. Cut off when it gets long.
pub fn go_value(value: &Value) -> String {
    const LONGEST: usize = 10_000;
    let mut out = String::new();
    write_go_value(value, &mut out, LONGEST);
    out
}

fn write_go_value(value: &Value, out: &mut String, longest: usize) {
    if out.len() > longest {
        return;
    }
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(&n.to_string()),
        Value::String(s) => out.push_str(s),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                write_go_value(item, out, longest);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push_str("map[");
            for (i, (key, item)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                write_go_value(item, out, longest);
            }
            out.push(']');
        }
    }
}

/// The Go type of decoded JSON, as error messages name it.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
