//! The schema of a resource as CEL sees it.
//!
//! Models `k8s.io/apiserver/pkg/cel/common/schemas.go` and `pkg/cel/types.go`: which fields can be named, by
//! which type, and how large what they hold can get, from which the cost of a rule is estimated.

use std::rc::Rc;

use serde_json::Value;

use super::parse::RESERVED;
use super::types::Type;
use crate::api::custom::schema::flag;

/// What a request may hold at most, in bytes.
pub const LARGEST_REQUEST: u64 = 3 * 1024 * 1024;
const DEEPEST: usize = 120;

/// A part of a schema.
pub struct Decl {
    pub name: String,
    pub kind: Kind,
    /// How many members, characters or bytes it holds at most.
    pub most: u64,
    /// How many bytes it takes at least in JSON.
    pub least_size: u64,
}

pub enum Kind {
    Plain(Type),
    List(Rc<Decl>),
    Map(Rc<Decl>),
    /// By escaped name.
    Object(Vec<(String, Rc<Decl>)>),
}

/// The keys of maps.
fn key() -> Rc<Decl> {
    Rc::new(plain("string", Type::Text, 0, 2))
}

fn plain(name: &str, type_: Type, most: u64, least_size: u64) -> Decl {
    Decl {
        name: name.to_owned(),
        kind: Kind::Plain(type_),
        most,
        least_size,
    }
}

pub fn type_of(decl: &Rc<Decl>) -> Type {
    match &decl.kind {
        Kind::Plain(type_) => type_.clone(),
        Kind::List(of) => Type::list(type_of(of)),
        Kind::Map(of) => Type::map(Type::Text, type_of(of)),
        Kind::Object(_) => Type::Object(Rc::clone(decl)),
    }
}

impl Decl {
    pub fn field(&self, name: &str) -> Option<&Rc<Decl>> {
        match &self.kind {
            Kind::Object(fields) => fields.iter().find(|(n, _)| n == name).map(|(_, d)| d),
            _ => None,
        }
    }

    /// What a list or a map holds.
    pub fn member(&self) -> Option<Rc<Decl>> {
        match &self.kind {
            Kind::List(of) | Kind::Map(of) => Some(Rc::clone(of)),
            _ => None,
        }
    }

    /// What a loop over it goes through: keys of a map.
    pub fn iterated(&self) -> Option<Rc<Decl>> {
        match &self.kind {
            Kind::List(of) => Some(Rc::clone(of)),
            Kind::Map(_) => Some(key()),
            _ => None,
        }
    }
}

/// The declaration of a schema; nothing where its type is not known. `root` of a resource, which has metadata.
pub fn declare(schema: &Value, root: bool, name: &str) -> Option<Rc<Decl>> {
    declare_at(schema, root, name, 0)
}

fn number(schema: &Value, name: &str) -> Option<u64> {
    schema[name].as_i64().map(|n| n.max(0) as u64)
}

fn embedded(schema: &Value) -> bool {
    flag(schema, "x-kubernetes-embedded-resource")
}

fn declare_at(schema: &Value, root: bool, name: &str, depth: usize) -> Option<Rc<Decl>> {
    if depth > DEEPEST || !schema.is_object() {
        return None;
    }
    if flag(schema, "x-kubernetes-int-or-string") {
        return Some(Rc::new(plain("dyn", Type::Dyn, LARGEST_REQUEST - 2, 1)));
    }
    let kind = schema["type"].as_str().unwrap_or_default();
    let decl = match kind {
        "array" => {
            let items = &schema["items"];
            let of = declare_at(items, embedded(items), &format!("{name}.@idx"), depth + 1)?;
            let most =
                number(schema, "maxItems").unwrap_or((LARGEST_REQUEST - 2) / (of.least_size + 1));
            Decl {
                name: "list".to_owned(),
                kind: Kind::List(of),
                most,
                least_size: 2,
            }
        }
        "object" if schema["additionalProperties"].is_object() && !root => {
            let values = &schema["additionalProperties"];
            let of = declare_at(
                values,
                embedded(values),
                &format!("{name}.@elem"),
                depth + 1,
            )?;
            let most = number(schema, "maxProperties")
                .unwrap_or((LARGEST_REQUEST - 2) / (of.least_size + 6));
            Decl {
                name: "map".to_owned(),
                kind: Kind::Map(of),
                most,
                least_size: 2,
            }
        }
        "object" => object(schema, root, name, depth),
        "string" => text(schema),
        "boolean" => plain("bool", Type::Bool, 0, 4),
        "number" => plain("double", Type::Double, 0, 1),
        "integer" => plain("int", Type::Int, 0, 1),
        _ if root => object(schema, root, name, depth),
        _ => return None,
    };
    Some(Rc::new(decl))
}

fn object(schema: &Value, root: bool, name: &str, depth: usize) -> Decl {
    let required = |field: &str| {
        let list = schema["required"].as_array().into_iter().flatten();
        list.filter_map(Value::as_str).any(|r| r == field)
    };
    let mut fields: Vec<(String, Rc<Decl>)> = Vec::new();
    let mut least_size = 2;
    if root {
        let word = || Rc::new(plain("string", Type::Text, LARGEST_REQUEST - 2, 2));
        let names = ["name", "generateName"].map(|field| {
            let given = &schema["properties"]["metadata"]["properties"][field];
            let decl = declare_at(given, false, "", depth + 1);
            (field.to_owned(), decl.unwrap_or_else(word))
        });
        let metadata = Decl {
            name: format!("{name}.metadata"),
            kind: Kind::Object(names.into()),
            most: 0,
            least_size: 2,
        };
        fields.push(("apiVersion".to_owned(), word()));
        fields.push(("kind".to_owned(), word()));
        fields.push(("metadata".to_owned(), Rc::new(metadata)));
    }
    for (field, below) in schema["properties"].as_object().into_iter().flatten() {
        if root && matches!(&**field, "apiVersion" | "kind" | "metadata") {
            continue;
        }
        let below_name = format!("{name}.{field}");
        let Some(decl) = declare_at(below, embedded(below), &below_name, depth + 1) else {
            continue;
        };
        if required(field) && below.get("default").is_none() {
            least_size += field.len() as u64 + decl.least_size + 4;
        }
        if let Some(escaped) = escape(field) {
            fields.push((escaped, decl));
        }
    }
    Decl {
        name: name.to_owned(),
        kind: Kind::Object(fields),
        most: 0,
        least_size,
    }
}

fn text(schema: &Value) -> Decl {
    let longest = number(schema, "maxLength");
    let choices = schema["enum"]
        .as_array()
        .filter(|choices| !choices.is_empty());
    match schema["format"].as_str().unwrap_or_default() {
        "byte" => plain(
            "bytes",
            Type::Bytes,
            longest.unwrap_or(LARGEST_REQUEST - 2),
            2,
        ),
        "duration" => plain("duration", Type::Duration, 32, 4),
        "date" => plain("timestamp", Type::Timestamp, 10, 12),
        "date-time" => plain("timestamp", Type::Timestamp, 27, 22),
        _ => {
            // A character may take four bytes.
            let most = match (longest, choices) {
                (Some(longest), _) => longest.saturating_mul(4),
                (None, Some(choices)) => choices
                    .iter()
                    .filter_map(Value::as_str)
                    .map(|c| c.len() as u64)
                    .max()
                    .unwrap_or_default(),
                (None, None) => LARGEST_REQUEST - 2,
            };
            plain("string", Type::Text, most, 2)
        }
    }
}

/// The name by which a field is known in expressions; nothing where it has none (`pkg/cel/escaping.go`).
pub fn escape(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("__") {
            out.push_str("__underscores__");
            rest = rest.get(2..).unwrap_or_default();
            continue;
        }
        match c {
            '.' => out.push_str("__dot__"),
            '-' => out.push_str("__dash__"),
            '/' => out.push_str("__slash__"),
            c if c.is_ascii_alphanumeric() || c == '_' => out.push(c),
            _ => return None,
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped() {
        for (name, expected) in [
            ("foo", Some("foo")),
            ("namespace", Some("__namespace__")),
            ("x-prop", Some("x__dash__prop")),
            ("a.b/c", Some("a__dot__b__slash__c")),
            ("redact__d", Some("redact__underscores__d")),
            ("_a", Some("_a")),
            ("3x", None),
            ("a b", None),
            ("", None),
        ] {
            assert_eq!(escape(name).as_deref(), expected, "{name}");
        }
    }
}
