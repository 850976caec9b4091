//! Field errors: what is wrong, where, as `k8s.io/apimachinery/pkg/util/validation/field` words it.

use std::fmt::{self, Display, Write as _};

use serde::Serialize;
use serde_json::Value;

use super::codec::encode;

/// Where in an object a field is: a list from the leaf to the root, on the stack.
#[derive(Clone, Copy)]
pub struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Field(&'p str),
    Index(usize),
    Key(&'p str),
}

impl<'p> Path<'p> {
    pub const fn new(name: &'p str) -> Self {
        Path {
            parent: None,
            step: Step::Field(name),
        }
    }

    pub const fn child(&'p self, name: &'p str) -> Path<'p> {
        Path {
            parent: Some(self),
            step: Step::Field(name),
        }
    }

    pub const fn index(&'p self, index: usize) -> Path<'p> {
        Path {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    pub const fn key(&'p self, key: &'p str) -> Path<'p> {
        Path {
            parent: Some(self),
            step: Step::Key(key),
        }
    }
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Field(name) if self.parent.is_some() => write!(f, ".{name}"),
            Step::Field(name) => f.write_str(name),
            Step::Index(i) => write!(f, "[{i}]"),
            Step::Key(key) => write!(f, "[{key}]"),
        }
    }
}

/// The kinds of field errors; their names are the causes' reasons in a `Status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    NotFound,
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
    Internal,
    TypeInvalid,
}

impl ErrorType {
    /// How the error begins in prose.
    fn words(self) -> &'static str {
        match self {
            ErrorType::NotFound => "Not found",
            ErrorType::Required => "Required value",
            ErrorType::Duplicate => "Duplicate value",
            ErrorType::Invalid | ErrorType::TypeInvalid => "Invalid value",
            ErrorType::NotSupported => "Unsupported value",
            ErrorType::Forbidden => "Forbidden",
            ErrorType::TooLong => "Too long",
            ErrorType::TooMany => "Too many",
            ErrorType::Internal => "Internal error",
        }
    }

    /// The `reason` of the cause in a `Status`.
    pub fn reason(self) -> &'static str {
        match self {
            ErrorType::NotFound => "FieldValueNotFound",
            ErrorType::Required => "FieldValueRequired",
            ErrorType::Duplicate => "FieldValueDuplicate",
            ErrorType::Invalid => "FieldValueInvalid",
            ErrorType::NotSupported => "FieldValueNotSupported",
            ErrorType::Forbidden => "FieldValueForbidden",
            ErrorType::TooLong => "FieldValueTooLong",
            ErrorType::TooMany => "FieldValueTooMany",
            ErrorType::Internal => "InternalError",
            ErrorType::TypeInvalid => "FieldValueTypeInvalid",
        }
    }
}

/// One thing that is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: ErrorType,
    pub field: String,
    /// The offending value as it is printed; empty when it is not.
    pub value: String,
    pub detail: String,
}

impl Error {
    /// The error without its field, as a `Status` cause carries it.
    pub fn body(&self) -> String {
        let mut text = self.kind.words().to_owned();
        if !self.value.is_empty() {
            let _ = write!(text, ": {}", self.value);
        }
        if !self.detail.is_empty() {
            let _ = write!(text, ": {}", self.detail);
        }
        text
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

/// All that is wrong with an object, in the order in which it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors(pub Vec<Error>);

/// How Go prints a string in quotes (`%q`): JSON's escapes serve.
pub fn quote(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

impl Errors {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn append(&mut self, mut other: Errors) {
        self.0.append(&mut other.0);
    }

    fn push(&mut self, kind: ErrorType, path: &Path<'_>, value: String, detail: impl Into<String>) {
        self.0.push(Error {
            kind,
            field: path.to_string(),
            value,
            detail: detail.into(),
        });
    }

    /// The field must be set. `detail` may be empty.
    pub fn required(&mut self, path: &Path<'_>, detail: impl Into<String>) {
        self.push(ErrorType::Required, path, String::new(), detail);
    }

    /// The value is malformed or out of range; strings are quoted.
    pub fn invalid(&mut self, path: &Path<'_>, value: impl Shown, detail: impl Into<String>) {
        self.push(ErrorType::Invalid, path, value.shown(), detail);
    }

    /// As [`Errors::invalid`], for a value that is printed as JSON.
    pub fn invalid_json<T: Serialize>(&mut self, path: &Path<'_>, value: &T, detail: &str) {
        self.push(ErrorType::Invalid, path, go_order(&encode(value)), detail);
    }

    /// As [`Errors::invalid`], with a value that is printed as it stands.
    pub fn invalid_raw(&mut self, path: &Path<'_>, value: &str, detail: impl Into<String>) {
        self.push(ErrorType::Invalid, path, value.to_owned(), detail);
    }

    /// The value is not one of `supported`, which are listed in alphabetical order.
    pub fn not_supported(&mut self, path: &Path<'_>, value: impl Shown, supported: &[&str]) {
        let mut sorted: Vec<String> = supported.iter().map(|s| quote(s)).collect();
        sorted.sort();
        let detail = format!("supported values: {}", sorted.join(", "));
        self.push(ErrorType::NotSupported, path, value.shown(), detail);
    }

    /// As [`Errors::not_supported`], with a value printed as it stands and the order kept.
    pub fn not_supported_raw(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        let listed: Vec<String> = supported.iter().map(|s| quote(s)).collect();
        let detail = format!("supported values: {}", listed.join(", "));
        self.push(ErrorType::NotSupported, path, value.to_owned(), detail);
    }

    pub fn duplicate(&mut self, path: &Path<'_>, value: impl Shown) {
        self.push(ErrorType::Duplicate, path, value.shown(), "");
    }

    pub fn duplicate_raw(&mut self, path: &Path<'_>, value: &str) {
        self.push(ErrorType::Duplicate, path, value.to_owned(), "");
    }

    pub fn not_found(&mut self, path: &Path<'_>, value: impl Shown) {
        self.push(ErrorType::NotFound, path, value.shown(), "");
    }

    pub fn forbidden(&mut self, path: &Path<'_>, detail: impl Into<String>) {
        self.push(ErrorType::Forbidden, path, String::new(), detail);
    }

    pub fn too_long(&mut self, path: &Path<'_>, max: usize) {
        self.push(
            ErrorType::TooLong,
            path,
            String::new(),
            format!("may not be more than {max} bytes"),
        );
    }

    pub fn too_many(&mut self, path: &Path<'_>, actual: usize, max: usize) {
        let detail = format!("must have at most {max} items");
        self.push(ErrorType::TooMany, path, actual.to_string(), detail);
    }

    pub fn internal(&mut self, path: &Path<'_>, detail: impl Into<String>) {
        self.push(ErrorType::Internal, path, String::new(), detail);
    }

    /// One `Invalid value` per message, as checks of names return them.
    pub fn invalid_each(&mut self, path: &Path<'_>, value: &str, messages: Vec<String>) {
        for message in messages {
            self.invalid(path, value, message);
        }
    }
}

/// A value as an error message shows it.
pub trait Shown {
    fn shown(&self) -> String;
}

impl Shown for &str {
    fn shown(&self) -> String {
        quote(self)
    }
}

impl Shown for &String {
    fn shown(&self) -> String {
        quote(self)
    }
}

macro_rules! shown_plain {
    ($($ty:ty),*) => {$(impl Shown for $ty {
        fn shown(&self) -> String {
            self.to_string()
        }
    })*};
}
shown_plain!(i32, i64, usize, bool);

/// A value as JSON. A label selector has its fields in the order of Go's type, which is not that
/// of the alphabet as it is with most.
fn go_order(value: &Value) -> String {
    match (&value["matchLabels"], &value["matchExpressions"]) {
        (labels @ Value::Object(_), expressions @ Value::Array(_)) => {
            format!("{{\"matchLabels\":{labels},\"matchExpressions\":{expressions}}}")
        }
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_kubernetes_writes_them() {
        let spec = Path::new("spec");
        let containers = spec.child("containers");
        let first = containers.index(0);
        let mut errors = Errors::default();
        errors.required(&first.child("image"), "");
        errors.not_supported(
            &first.child("imagePullPolicy"),
            "Sometimes",
            &["Never", "Always"],
        );
        errors.invalid(
            &spec.child("replicas"),
            -1,
            "must be greater than or equal to 0",
        );
        errors.duplicate(&first.child("name"), "c");
        let limits = first.child("limits");
        errors.invalid(&limits.key("nvidia.com/gpu"), "500m", "must be an integer");
        let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.containers[0].image: Required value",
                "spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\"",
                "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
                "spec.containers[0].name: Duplicate value: \"c\"",
                "spec.containers[0].limits[nvidia.com/gpu]: Invalid value: \"500m\": must be an integer",
            ]
        );
    }
}
