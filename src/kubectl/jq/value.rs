//! Values of jq: objects keep the order in which their keys came, numbers keep how they were written.

use std::cmp::Ordering;
use std::rc::Rc;

use super::json;

/// Values nest no deeper.
pub const DEEPEST: u32 = 400;

/// A JSON value; copies share what is inside.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(Rc<str>),
    Array(Rc<Array>),
    Object(Rc<Object>),
}

/// A number. One that was read and not calculated with is written again as it was.
#[derive(Clone, Debug)]
pub struct Number {
    pub value: f64,
    /// In digits, where those of `value` would be others.
    pub literal: Option<Rc<str>>,
}

#[derive(Clone, Debug, Default)]
pub struct Array {
    pub items: Vec<Value>,
    depth: u32,
}

/// Keys and values in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: Vec<(Rc<str>, Value)>,
    /// Places in `entries`, by key.
    order: Vec<u32>,
    depth: u32,
}

impl Array {
    /// Changes an item; the list grows to reach it.
    pub fn change(&mut self, at: usize, value: Value) {
        if self.items.len() <= at {
            self.items.resize(at + 1, Value::Null);
        }
        self.depth = self.depth.max(1 + value.depth());
        if let Some(item) = self.items.get_mut(at) {
            *item = value;
        }
    }

    /// Takes an item out and leaves null: it comes back changed.
    pub fn take(&mut self, at: usize) -> Value {
        let item = self.items.get_mut(at);
        item.map_or(Value::Null, |item| std::mem::replace(item, Value::Null))
    }

    pub fn extend(&mut self, more: &Array) {
        self.items.extend(more.items.iter().cloned());
        self.depth = self.depth.max(more.depth);
    }
}

impl Object {
    fn place(&self, key: &str) -> Result<usize, usize> {
        self.order.binary_search_by(|at| {
            let entry = self.entries.get(*at as usize);
            entry.map_or(Ordering::Less, |(k, _)| (**k).cmp(key))
        })
    }

    fn at(&self, place: usize) -> usize {
        self.order.get(place).map_or(usize::MAX, |at| *at as usize)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        let at = self.at(self.place(key).ok()?);
        self.entries.get(at).map(|(_, value)| value)
    }

    pub fn set(&mut self, key: Rc<str>, value: Value) {
        self.depth = self.depth.max(value.depth());
        match self.place(&key) {
            Ok(place) => {
                let at = self.at(place);
                if let Some((_, old)) = self.entries.get_mut(at) {
                    *old = value;
                }
            }
            Err(place) => {
                self.order.insert(place, self.entries.len() as u32);
                self.entries.push((key, value));
            }
        }
    }

    /// Takes a value out and leaves null: it comes back changed.
    pub fn take(&mut self, key: &str) -> Value {
        let Ok(place) = self.place(key) else {
            return Value::Null;
        };
        let at = self.at(place);
        match self.entries.get_mut(at) {
            Some((_, value)) => std::mem::replace(value, Value::Null),
            None => Value::Null,
        }
    }

    pub fn remove(&mut self, key: &str) {
        let Ok(place) = self.place(key) else {
            return;
        };
        let at = self.at(place);
        self.order.remove(place);
        self.entries.remove(at);
        for other in &mut self.order {
            if *other as usize > at {
                *other -= 1;
            }
        }
    }

    pub fn entry(&self, at: usize) -> Option<(&Rc<str>, &Value)> {
        self.entries.get(at).map(|(k, v)| (k, v))
    }

    /// In the order in which the keys came.
    pub fn iter(&self) -> impl Iterator<Item = (&Rc<str>, &Value)> {
        self.entries.iter().map(|(k, v)| (k, v))
    }

    /// By key.
    pub fn sorted(&self) -> impl Iterator<Item = (&Rc<str>, &Value)> {
        let found = self.order.iter();
        found.filter_map(|at| self.entries.get(*at as usize).map(|(k, v)| (k, v)))
    }
}

impl Value {
    pub fn text(text: &str) -> Value {
        Value::Text(Rc::from(text))
    }

    pub fn number(value: f64) -> Value {
        let literal = None;
        Value::Number(Number { value, literal })
    }

    pub fn count(value: usize) -> Value {
        Value::number(value as f64)
    }

    pub fn array(items: Vec<Value>) -> Value {
        let depth = 1 + items.iter().map(Value::depth).max().unwrap_or(0);
        Value::Array(Rc::new(Array { items, depth }))
    }

    pub fn object(object: Object) -> Value {
        Value::Object(Rc::new(object))
    }

    /// An object of a few named values.
    pub fn record<const N: usize>(entries: [(&str, Value); N]) -> Value {
        let mut object = Object::default();
        for (key, value) in entries {
            object.set(Rc::from(key), value);
        }
        Value::object(object)
    }

    /// How deep it nests, at most.
    pub fn depth(&self) -> u32 {
        match self {
            Value::Array(array) => array.depth,
            Value::Object(object) => object.depth + 1,
            _ => 0,
        }
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::Text(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }

    pub fn truthy(&self) -> bool {
        !matches!(self, Value::Null | Value::Bool(false))
    }

    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(number.value),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn items(&self) -> Option<&[Value]> {
        match self {
            Value::Array(array) => Some(&array.items),
            _ => None,
        }
    }

    /// A text as it is, anything else as JSON.
    pub fn shown(&self) -> Rc<str> {
        match self {
            Value::Text(text) => text.clone(),
            other => Rc::from(json::compact(other)),
        }
    }

    /// `number (1)`; long values are cut as upstream cuts them, to eleven bytes.
    pub fn described(&self) -> String {
        let text = json::compact(self);
        let mut end = 11;
        while !text.is_char_boundary(end.min(text.len())) {
            end -= 1;
        }
        match text.len() > 14 {
            true => format!("{} ({}...)", self.kind(), text.get(..end).unwrap_or("")),
            false => format!("{} ({text})", self.kind()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Bool(false) => 1,
            Value::Bool(true) => 2,
            Value::Number(_) => 3,
            Value::Text(_) => 4,
            Value::Array(_) => 5,
            Value::Object(_) => 6,
        }
    }

    /// The order of jq: by type, then by value; of objects first by their keys.
    pub fn compare(&self, other: &Value) -> Ordering {
        match (self, other) {
            // What is no number is less than any.
            (Value::Number(a), Value::Number(b)) => match a.value.is_nan() {
                true => Ordering::Less,
                false => a.value.partial_cmp(&b.value).unwrap_or(Ordering::Greater),
            },
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Array(a), Value::Array(b)) => {
                for (a, b) in a.items.iter().zip(&b.items) {
                    let order = a.compare(b);
                    if order != Ordering::Equal {
                        return order;
                    }
                }
                a.items.len().cmp(&b.items.len())
            }
            (Value::Object(a), Value::Object(b)) => {
                let keys = a.sorted().map(|(k, _)| k).cmp(b.sorted().map(|(k, _)| k));
                if keys != Ordering::Equal {
                    return keys;
                }
                for ((_, a), (_, b)) in a.sorted().zip(b.sorted()) {
                    let order = a.compare(b);
                    if order != Ordering::Equal {
                        return order;
                    }
                }
                Ordering::Equal
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }

    pub fn equals(&self, other: &Value) -> bool {
        self.compare(other) == Ordering::Equal
    }

    /// How much room it takes by itself, more or less.
    pub fn size(&self) -> usize {
        match self {
            Value::Text(text) => 32 + text.len(),
            Value::Array(array) => 48 + 24 * array.items.len(),
            Value::Object(object) => 64 + 48 * object.len(),
            _ => 24,
        }
    }
}

impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match value {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => json::number(&number.to_string()).unwrap_or(Value::Null),
            Json::String(text) => Value::text(text),
            Json::Array(items) => Value::array(items.iter().map(Value::from).collect()),
            Json::Object(map) => {
                let mut object = Object::default();
                for (key, value) in map {
                    object.set(Rc::from(key.as_str()), Value::from(value));
                }
                Value::object(object)
            }
        }
    }
}

impl Value {
    /// As the rest of the terminal holds it: keys are sorted there.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(_) => serde_json::from_str(&json::compact(self)).unwrap_or(Json::Null),
            Value::Text(text) => Json::from(&**text),
            Value::Array(array) => array.items.iter().map(Value::to_json).collect(),
            Value::Object(object) => {
                let entries = object.iter();
                Json::Object(entries.map(|(k, v)| (k.to_string(), v.to_json())).collect())
            }
        }
    }
}
