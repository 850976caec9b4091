//! What differs between two objects, path by path, and which paths a configuration has
//! (`sigs.k8s.io/structured-merge-diff/typed` compare.go and tofieldset.go).

use serde_json::{Map, Value, json};

use super::schema::{ATOMIC, Keys, Shape, Type};
use super::set::{Set, field_step};

/// What became of the paths of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    pub added: Set,
    pub modified: Set,
    pub removed: Set,
}

impl Comparison {
    /// Forgets what lies below these paths.
    pub fn ignore(&mut self, paths: &Set) {
        for set in [&mut self.added, &mut self.modified, &mut self.removed] {
            set.subtract_below(paths);
        }
    }
}

/// The shape of an element of a list.
pub fn element(of: Type) -> Shape {
    if of == ATOMIC {
        return Shape::Atomic;
    }
    Shape::Struct { of, always: false }
}

/// What stands below a field of this name, of a struct or map of this shape.
pub fn below(shape: Shape, name: &str) -> Shape {
    match shape {
        Shape::Struct { of, .. } => of.field(name),
        _ => Shape::UNKNOWN,
    }
}

/// The elements of a list with the steps that lead to them, in order. An element without all of
/// its keys is named by its index.
pub fn elements(shape: Shape, items: &[Value]) -> Vec<(String, &Value)> {
    let step = |(i, item): (usize, &Value)| match shape {
        Shape::Set => format!("v:{item}"),
        Shape::List { keys, .. } => keyed(keys, item).unwrap_or_else(|| format!("i:{i}")),
        _ => format!("i:{i}"),
    };
    items.iter().enumerate().map(|e| (step(e), e.1)).collect()
}

/// The step to an element with keys; `None` when it lacks one that has no default.
pub fn keyed(keys: Keys, item: &Value) -> Option<String> {
    let mut step = Map::new();
    for (name, default) in keys.all() {
        let value = item.get(name).filter(|v| !v.is_null()).cloned();
        step.insert(name.to_owned(), value.or(default)?);
    }
    let mut names: Vec<_> = step.into_iter().collect();
    names.sort_by(|a, b| a.0.cmp(&b.0));
    let parts: Vec<String> = names
        .iter()
        .map(|(name, value)| format!("{}:{value}", json!(name)))
        .collect();
    Some(format!("k:{{{}}}", parts.join(",")))
}

/// Whether a list is taken apart.
fn is_granular(shape: Shape) -> bool {
    matches!(shape, Shape::Set | Shape::List { .. })
}

/// Compares two objects of a kind. Of their identity nothing is compared.
pub fn compare(old: &Value, new: &Value, kind: Type) -> Comparison {
    let mut walk = Walk {
        found: Comparison::default(),
        path: Vec::new(),
    };
    let shape = Shape::Struct {
        of: kind,
        always: true,
    };
    walk.visit(Some(old), Some(new), shape);
    walk.found
}

struct Walk {
    found: Comparison,
    path: Vec<String>,
}

impl Walk {
    fn step(&mut self, step: String, old: Option<&Value>, new: Option<&Value>, shape: Shape) {
        self.path.push(step);
        self.visit(old, new, shape);
        self.path.pop();
    }

    fn visit(&mut self, old: Option<&Value>, new: Option<&Value>, shape: Shape) {
        match (shape, old, new) {
            (_, None, None) => return,
            (Shape::Atomic | Shape::Zero, ..) => return self.leaf(old, new),
            _ => {}
        }
        let is = |test: fn(&Value) -> bool| old.is_some_and(test) || new.is_some_and(test);
        if is(Value::is_object) {
            self.map(old, new, shape);
        } else if is(Value::is_array) && is_granular(shape) {
            self.list(old, new, shape);
        } else {
            self.leaf(old, new);
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (None, Some(_)) => self.found.added.insert(&self.path),
            (Some(_), None) => self.found.removed.insert(&self.path),
            (old, new) if old != new => self.found.modified.insert(&self.path),
            _ => {}
        }
    }

    /// A list or map that is new, or gone, is itself a path, beside what is in it.
    fn itself(&mut self, old: Option<&Value>, new: Option<&Value>) {
        if old.is_none() || new.is_none() {
            self.leaf(old, new);
        }
    }

    fn map(&mut self, old: Option<&Value>, new: Option<&Value>, shape: Shape) {
        let none = Map::new();
        let (was, is) = (
            old.and_then(Value::as_object).unwrap_or(&none),
            new.and_then(Value::as_object).unwrap_or(&none),
        );
        if was.is_empty() && is.is_empty() {
            return self.leaf(old, new);
        }
        for (name, value) in is {
            self.field(name, (old, was.get(name)), (new, Some(value)), shape);
        }
        for (name, value) in was.iter().filter(|(name, _)| !is.contains_key(*name)) {
            self.field(name, (old, Some(value)), (new, None), shape);
        }
        if let Shape::Struct { of, .. } = shape {
            for name in of.zero_fields() {
                if !was.contains_key(name) && !is.contains_key(name) {
                    self.field(name, (old, None), (new, None), shape);
                }
            }
        }
        self.itself(old, new);
    }

    /// A field, with the structs that it is in: what is always written is there when its struct is.
    fn field(
        &mut self,
        name: &str,
        (old_in, mut old): (Option<&Value>, Option<&Value>),
        (new_in, mut new): (Option<&Value>, Option<&Value>),
        shape: Shape,
    ) {
        let below = below(shape, name);
        let default = match below {
            Shape::Struct { .. } => Value::Object(Map::new()),
            Shape::List { .. } => Value::Null,
            _ => zero_like(old.or(new)),
        };
        if below.always() {
            old = old.or(old_in.map(|_| &default));
            new = new.or(new_in.map(|_| &default));
        }
        self.step(field_step(name), old, new, below);
    }

    fn list(&mut self, old: Option<&Value>, new: Option<&Value>, shape: Shape) {
        let items = |value: Option<&Value>| -> Vec<Value> {
            value.and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let (was, is) = (items(old), items(new));
        if was.is_empty() && is.is_empty() {
            return self.leaf(old, new);
        }
        let (was, is) = (elements(shape, &was), elements(shape, &is));
        let of = match shape {
            Shape::List { of, .. } => element(of),
            _ => Shape::Atomic,
        };
        // Those of one step together, the old ones first.
        let mut all: Vec<(&str, bool, &Value)> = Vec::with_capacity(was.len() + is.len());
        all.extend(was.iter().map(|(step, item)| (step.as_str(), false, *item)));
        all.extend(is.iter().map(|(step, item)| (step.as_str(), true, *item)));
        all.sort_by(|a, b| a.0.cmp(b.0));
        for same in all.chunk_by(|a, b| a.0 == b.0) {
            let step = same.first().map_or("", |(step, ..)| step);
            let of_side = |side: bool| -> Vec<Value> {
                let items = same.iter().filter(|(_, is_new, _)| *is_new == side);
                items.map(|(.., item)| (*item).clone()).collect()
            };
            let (before, after) = (of_side(false), of_side(true));
            if before.len() > 1 || after.len() > 1 {
                // Elements that share their keys cannot be told apart: all are one.
                let whole = |items: Vec<Value>| (!items.is_empty()).then_some(Value::Array(items));
                let (before, after) = (whole(before), whole(after));
                self.step(
                    step.to_owned(),
                    before.as_ref(),
                    after.as_ref(),
                    Shape::Atomic,
                );
            } else {
                self.step(step.to_owned(), before.first(), after.first(), of);
            }
        }
        self.itself(old, new);
    }
}

/// The zero value of the type that a scalar has.
fn zero_like(value: Option<&Value>) -> Value {
    match value {
        Some(Value::Number(_)) => json!(0),
        Some(Value::String(text)) if !looks_like_time(text) => json!(""),
        Some(Value::Bool(_)) => json!(false),
        _ => Value::Null,
    }
}

/// Times are written as `null` when they are zero.
fn looks_like_time(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && crate::api::rfc3339::parse_time(text).is_some()
}

/// The paths that an applied configuration claims.
pub fn paths_of(object: &Value, kind: Type) -> Set {
    let mut set = Set::default();
    let shape = Shape::Struct {
        of: kind,
        always: true,
    };
    claim(object, shape, &mut set);
    set.member = false;
    set
}

fn claim(value: &Value, shape: Shape, set: &mut Set) {
    match value {
        _ if matches!(shape, Shape::Atomic | Shape::Zero) => set.member = true,
        Value::Object(map) => {
            for (name, value) in map {
                let mut child = Set::default();
                claim(value, below(shape, name), &mut child);
                child.member |= is_nothing(value) || is_entry(shape, name);
                if !child.is_empty() {
                    set.children.insert(field_step(name), child);
                }
            }
        }
        Value::Array(items) if is_granular(shape) => {
            let of = match shape {
                Shape::List { of, .. } => element(of),
                _ => Shape::Atomic,
            };
            for (step, item) in elements(shape, items) {
                let child = set.children.entry(step).or_default();
                claim(item, of, child);
                child.member = true;
            }
        }
        _ => set.member = true,
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

/// Whether a name is one of a map's own, and no field of a struct.
pub fn is_entry(shape: Shape, _name: &str) -> bool {
    shape == Shape::Map
}

/// The set with the structs that lead to its members as members.
pub fn with_structs(set: &Set, shape: Shape) -> Set {
    let mut all = Set {
        member: set.member,
        children: Default::default(),
    };
    for (step, child) in &set.children {
        let (next, named) = match step.strip_prefix("f:") {
            Some(name) => (below(shape, name), !is_entry(shape, name)),
            None => match shape {
                Shape::List { of, .. } => (element(of), false),
                _ => (Shape::Atomic, false),
            },
        };
        let mut child = with_structs(child, next);
        child.member |= named;
        all.children.insert(step.clone(), child);
    }
    all
}
