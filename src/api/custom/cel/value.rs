//! Values of CEL: where they come from, when they are equal, and how they are ordered.
//!
//! Models `k8s.io/apiserver/pkg/cel/common/values.go` and `common/types` of cel-go.

use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::Value as Json;

use super::declare::escape;
use super::time;
use crate::api::base64;
use crate::api::custom::schema::flag;
use crate::api::names::Ip;
use crate::api::quantity::Quantity;

#[derive(Clone)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    /// In nanoseconds.
    Duration(i64),
    Timestamp(i128),
    List(Rc<List>),
    Map(Rc<Map>),
    /// A type, by its name.
    Type(Rc<str>),
    Optional(Option<Rc<Value>>),
    Quantity(Quantity),
    Url(Rc<Url>),
    Ip(Ip),
    Cidr(Ip, u8),
    Semver(Rc<Semver>),
    /// One of the named formats.
    Format(Rc<str>),
}

pub struct List {
    pub items: Vec<Value>,
    pub kind: ListKind,
}

/// What `==` and `+` mean for a list (`x-kubernetes-list-type`).
#[derive(Clone)]
pub enum ListKind {
    Atomic,
    Set,
    /// By these keys, escaped.
    Keyed(Rc<[String]>),
}

/// A map, or an object of a schema, whose keys are its escaped field names.
pub struct Map {
    pub entries: Vec<(Value, Value)>,
}

pub struct Url {
    pub scheme: String,
    pub host: String,
    pub path: String,
    pub query: Vec<(String, Vec<String>)>,
}

pub struct Semver {
    pub numbers: [u64; 3],
    pub pre: Vec<String>,
    pub build: String,
}

const DEEPEST: usize = 120;

impl Value {
    pub fn text(text: &str) -> Value {
        Value::Text(Rc::from(text))
    }

    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Rc::new(List {
            items,
            kind: ListKind::Atomic,
        }))
    }

    pub fn map(entries: Vec<(Value, Value)>) -> Value {
        Value::Map(Rc::new(Map { entries }))
    }

    pub fn some(value: Value) -> Value {
        Value::Optional(Some(Rc::new(value)))
    }

    /// What stands in an object, as its schema says; unknown fields cannot be named, so they are left out.
    pub fn of_json(json: &Json, schema: &Json, root: bool) -> Value {
        of_json(json, schema, root, 0)
    }

    /// What stands in an object of which no schema says what it is.
    pub fn free(json: &Json, depth: usize) -> Value {
        match json {
            _ if depth > DEEPEST => Value::Null,
            Json::Array(items) => {
                Value::list(items.iter().map(|i| Value::free(i, depth + 1)).collect())
            }
            Json::Object(fields) => {
                let entries = fields
                    .iter()
                    .map(|(name, value)| (Value::text(name), Value::free(value, depth + 1)));
                Value::map(entries.collect())
            }
            scalar => of_json(scalar, &Json::Null, false, depth),
        }
    }

    pub fn member(&self, key: &Value) -> Option<&Value> {
        match self {
            Value::Map(map) => map.get(key),
            _ => None,
        }
    }

    pub fn field(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Map(map) => {
                let found = |k: &Value| matches!(k, Value::Text(t) if **t == *name);
                map.entries.iter().find(|(k, _)| found(k)).map(|(_, v)| v)
            }
            _ => None,
        }
    }

    /// The name of its type (`type(x)`).
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null_type",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Uint(_) => "uint",
            Value::Double(_) => "double",
            Value::Text(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::Duration(_) => "google.protobuf.Duration",
            Value::Timestamp(_) => "google.protobuf.Timestamp",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Type(_) => "type",
            Value::Optional(_) => "optional_type",
            Value::Quantity(_) => "kubernetes.Quantity",
            Value::Url(_) => "kubernetes.URL",
            Value::Ip(_) => "net.IP",
            Value::Cidr(..) => "net.CIDR",
            Value::Semver(_) => "kubernetes.Semver",
            Value::Format(_) => "kubernetes.NamedFormat",
        }
    }

    /// Whether it is what nothing set has (`optional.ofNonZeroValue`).
    pub fn is_zero(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Bool(b) => !b,
            Value::Int(n) | Value::Duration(n) => *n == 0,
            Value::Uint(n) => *n == 0,
            Value::Double(n) => *n == 0.0,
            Value::Text(text) => text.is_empty(),
            Value::Bytes(bytes) => bytes.is_empty(),
            Value::List(list) => list.items.is_empty(),
            Value::Map(map) => map.entries.is_empty(),
            Value::Optional(value) => value.is_none(),
            _ => false,
        }
    }

    /// How many members, characters or bytes; 1 of what has none.
    pub fn size(&self) -> u64 {
        match self {
            Value::Text(text) => text.chars().count() as u64,
            Value::Bytes(bytes) => bytes.len() as u64,
            Value::List(list) => list.items.len() as u64,
            Value::Map(map) => map.entries.len() as u64,
            _ => 1,
        }
    }

    pub fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Text(a), Value::Text(b)) | (Value::Type(a), Value::Type(b)) => a == b,
            (Value::Format(a), Value::Format(b)) => a == b,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::Duration(a), Value::Duration(b)) => a == b,
            (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
            (Value::List(a), Value::List(b)) => a.equals(b),
            (Value::Map(a), Value::Map(b)) => {
                a.entries.len() == b.entries.len()
                    && a.entries
                        .iter()
                        .all(|(key, value)| b.get(key).is_some_and(|other| value.equals(other)))
            }
            (Value::Optional(a), Value::Optional(b)) => match (a, b) {
                (Some(a), Some(b)) => a.equals(b),
                (None, None) => true,
                _ => false,
            },
            (Value::Quantity(a), Value::Quantity(b)) => a == b,
            (Value::Url(a), Value::Url(b)) => a.text() == b.text(),
            (Value::Ip(a), Value::Ip(b)) => a == b,
            (Value::Cidr(a, x), Value::Cidr(b, y)) => a == b && x == y,
            (Value::Semver(a), Value::Semver(b)) => a.order(b) == Ordering::Equal,
            _ => self.numbers(other) == Some(Ordering::Equal),
        }
    }

    /// The order of two numbers of any kind; nothing where one is none, or not a number.
    fn numbers(&self, other: &Value) -> Option<Ordering> {
        let whole = |value: &Value| match value {
            Value::Int(n) => Some(i128::from(*n)),
            Value::Uint(n) => Some(i128::from(*n)),
            _ => None,
        };
        match (self, other) {
            (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
            (Value::Double(a), b) => against(*a, whole(b)?),
            (a, Value::Double(b)) => against(*b, whole(a)?).map(Ordering::reverse),
            (a, b) => Some(whole(a)?.cmp(&whole(b)?)),
        }
    }

    /// The order of two values; nothing where they have none.
    pub fn order(&self, other: &Value) -> Option<Ordering> {
        Some(match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
            (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
            (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
            _ => return self.numbers(other),
        })
    }

    pub fn is_number(&self) -> bool {
        matches!(self, Value::Int(_) | Value::Uint(_) | Value::Double(_))
    }
}

/// A double against a whole number.
fn against(double: f64, whole: i128) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // Beyond these bounds no 64-bit number is equal.
    let bound = 4e19;
    if double > bound {
        return Some(Ordering::Greater);
    }
    if double < -bound {
        return Some(Ordering::Less);
    }
    let floor = double.floor();
    let order = (floor as i128).cmp(&whole);
    Some(match order {
        Ordering::Equal if double > floor => Ordering::Greater,
        order => order,
    })
}

impl Map {
    pub fn get(&self, key: &Value) -> Option<&Value> {
        let found = self.entries.iter().find(|(k, _)| k.equals(key));
        found.map(|(_, value)| value)
    }
}

impl List {
    pub fn contains(&self, value: &Value) -> bool {
        self.items.iter().any(|item| item.equals(value))
    }

    /// The item with the same keys.
    fn counterpart(&self, item: &Value, keys: &[String]) -> Option<usize> {
        let same = |a: &Value, b: &Value, key: &String| match (a.field(key), b.field(key)) {
            (Some(a), Some(b)) => a.equals(b),
            (None, None) => true,
            _ => false,
        };
        self.items
            .iter()
            .position(|other| keys.iter().all(|key| same(item, other, key)))
    }

    fn equals(&self, other: &List) -> bool {
        if self.items.len() != other.items.len() {
            return false;
        }
        match (&self.kind, &other.kind) {
            (ListKind::Set, _) | (_, ListKind::Set) => {
                self.items.iter().all(|item| other.contains(item))
                    && other.items.iter().all(|item| self.contains(item))
            }
            (ListKind::Keyed(keys), _) | (_, ListKind::Keyed(keys)) => {
                self.items.iter().all(|item| {
                    let found = other.counterpart(item, keys);
                    let found = found.and_then(|i| other.items.get(i));
                    found.is_some_and(|other| item.equals(other))
                })
            }
            _ => {
                let mut pairs = self.items.iter().zip(&other.items);
                pairs.all(|(a, b)| a.equals(b))
            }
        }
    }

    /// Both lists as one. Of sets, what is there already is not added; of lists by keys, it is replaced.
    pub fn plus(&self, other: &List) -> List {
        let mut items = self.items.clone();
        for item in &other.items {
            let there = match &self.kind {
                ListKind::Atomic => None,
                ListKind::Set => self.items.iter().position(|i| i.equals(item)),
                ListKind::Keyed(keys) => self.counterpart(item, keys),
            };
            match there.and_then(|i| items.get_mut(i)) {
                Some(place) => *place = item.clone(),
                None => items.push(item.clone()),
            }
        }
        List {
            items,
            kind: self.kind.clone(),
        }
    }
}

fn of_json(json: &Json, schema: &Json, root: bool, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    let embedded = |schema: &Json| flag(schema, "x-kubernetes-embedded-resource");
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(number) => {
            let double = || Value::Double(number.as_f64().unwrap_or_default());
            match schema["type"].as_str() {
                Some("number") => double(),
                Some("integer") => match number.as_i64() {
                    Some(n) => Value::Int(n),
                    None => Value::Int(number.as_f64().unwrap_or_default() as i64),
                },
                _ => number.as_i64().map_or_else(double, Value::Int),
            }
        }
        Json::String(text) => of_text(text, schema),
        Json::Array(items) => {
            let below = &schema["items"];
            let nested = embedded(below);
            let items = items.iter().map(|i| of_json(i, below, nested, depth + 1));
            let kind = match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => ListKind::Set,
                Some("map") => {
                    let keys = schema["x-kubernetes-list-map-keys"].as_array();
                    let keys = keys.into_iter().flatten().filter_map(Json::as_str);
                    ListKind::Keyed(keys.filter_map(escape).collect())
                }
                _ => ListKind::Atomic,
            };
            Value::List(Rc::new(List {
                items: items.collect(),
                kind,
            }))
        }
        Json::Object(fields) => {
            let mut entries = Vec::new();
            let additional = &schema["additionalProperties"];
            if additional.is_object() && !root {
                let nested = embedded(additional);
                for (name, value) in fields {
                    let value = of_json(value, additional, nested, depth + 1);
                    entries.push((Value::text(name), value));
                }
                return Value::map(entries);
            }
            for (name, value) in fields {
                // A field that is null counts as absent.
                if value.is_null() {
                    continue;
                }
                let below = &schema["properties"][name.as_str()];
                let value = match &**name {
                    "apiVersion" | "kind" if root => of_json(value, &Json::Null, false, depth + 1),
                    "metadata" if root => names(value),
                    _ if below.is_object() => of_json(value, below, embedded(below), depth + 1),
                    _ => continue,
                };
                if let Some(name) = escape(name) {
                    entries.push((Value::text(&name), value));
                }
            }
            Value::map(entries)
        }
    }
}

/// Of the metadata, rules see the names.
fn names(metadata: &Json) -> Value {
    let names = ["name", "generateName"].into_iter().filter_map(|name| {
        let value = metadata[name].as_str().filter(|v| !v.is_empty())?;
        Some((Value::text(name), Value::text(value)))
    });
    Value::map(names.collect())
}

fn of_text(text: &str, schema: &Json) -> Value {
    let known = match schema["format"].as_str() {
        Some("byte") => base64::decode(text).map(|bytes| Value::Bytes(bytes.into())),
        Some("duration") => time::duration(text).map(Value::Duration),
        Some("date") => time::parse(&format!("{text}T00:00:00Z")).map(Value::Timestamp),
        Some("date-time") => time::parse(text).map(Value::Timestamp),
        _ => None,
    };
    known.unwrap_or_else(|| Value::text(text))
}

impl Url {
    pub fn text(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out = format!("{}://", self.scheme);
        }
        out.push_str(&self.host);
        out.push_str(&self.path);
        for (i, (name, values)) in self.query.iter().enumerate() {
            out.push(if i == 0 { '?' } else { '&' });
            out.push_str(name);
            for value in values {
                out.push('=');
                out.push_str(value);
            }
        }
        out
    }
}

impl Semver {
    /// The order of versions; what was built does not count.
    pub fn order(&self, other: &Semver) -> Ordering {
        let numbers = self.numbers.cmp(&other.numbers);
        if numbers != Ordering::Equal {
            return numbers;
        }
        match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            _ => {}
        }
        for (a, b) in self.pre.iter().zip(&other.pre) {
            let order = match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                _ => a.cmp(b),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        self.pre.len().cmp(&other.pre.len())
    }
}
