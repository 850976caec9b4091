//! An applied configuration worked into an object, and paths taken out of it
//! (`sigs.k8s.io/structured-merge-diff/typed` merge.go and remove.go).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::compare::{below, element, elements};
use super::schema::{Shape, Type};
use super::set::{Set, field_step};

/// The live object with what the configuration says.
pub fn merge(live: &Value, applied: &Value, kind: Type) -> Value {
    let shape = Shape::Struct {
        of: kind,
        always: true,
    };
    merged(Some(live), Some(applied), shape).unwrap_or_default()
}

fn merged(live: Option<&Value>, applied: Option<&Value>, shape: Shape) -> Option<Value> {
    let (Some(old), Some(new)) = (live, applied) else {
        return applied.or(live).cloned();
    };
    match (old, new) {
        _ if shape == Shape::Atomic => Some(new.clone()),
        (Value::Object(old), Value::Object(new)) => {
            let mut out = old.clone();
            for (name, value) in new {
                let value = merged(old.get(name), Some(value), below(shape, name));
                out.insert(name.clone(), value.unwrap_or_default());
            }
            Some(Value::Object(out))
        }
        (Value::Array(old), Value::Array(new)) => match shape {
            Shape::List { of, .. } => Some(lists(old, new, shape, element(of))),
            Shape::Set => Some(lists(old, new, shape, Shape::Atomic)),
            _ => Some(applied.cloned().unwrap_or_default()),
        },
        _ => Some(new.clone()),
    }
}

/// Two lists whose elements have names: those of both, in an order that both agree with as far as
/// they can; where they do not, the applied one decides.
fn lists(old: &[Value], new: &[Value], shape: Shape, of: Shape) -> Value {
    let (old, new) = (elements(shape, old), elements(shape, new));
    // By step; of those that share one, the first.
    type Named<'v> = BTreeMap<&'v str, &'v Value>;
    fn named(side: &[(String, Value)]) -> Named<'_> {
        side.iter().rev().map(|(s, v)| (s.as_str(), v)).collect()
    }
    let own = |side: Vec<(String, &Value)>| -> Vec<(String, Value)> {
        side.into_iter().map(|(s, v)| (s, v.clone())).collect()
    };
    let (old, new) = (own(old), own(new));
    let (of_old, of_new) = (named(&old), named(&new));
    let mut shared = new.iter().filter(|(s, _)| of_old.contains_key(s.as_str()));
    let mut next = shared.next();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut out = Vec::new();
    let (mut l, mut r) = (0, 0);
    while l < old.len() || r < new.len() {
        if let (Some((left, value)), Some((right, applied))) = (old.get(l), new.get(r)) {
            if left == right {
                done.insert(right);
                out.extend(merged(Some(value), Some(applied), of));
                (l, r) = (l + 1, r + 1);
                next = shared.next();
                continue;
            }
            if of_new.contains_key(left.as_str()) && next.is_some_and(|(step, _)| step != left) {
                l += 1;
                continue;
            }
        }
        if let Some((left, value)) = old.get(l) {
            if !of_new.contains_key(left.as_str()) {
                out.push(value.clone());
                l += 1;
                continue;
            }
            if done.contains(left.as_str()) {
                l += 1;
            }
        }
        if let Some((right, applied)) = new.get(r) {
            done.insert(right);
            out.extend(merged(
                of_old.get(right.as_str()).copied(),
                Some(applied),
                of,
            ));
            r += 1;
            if next.is_some_and(|(step, _)| step == right) {
                next = shared.next();
            }
        }
    }
    Value::Array(out)
}

/// The object without the paths of `set`.
pub fn without(object: &Value, set: &Set, kind: Type) -> Value {
    let shape = Shape::Struct {
        of: kind,
        always: true,
    };
    taken_out(object, set, shape)
}

fn taken_out(value: &Value, set: &Set, shape: Shape) -> Value {
    if shape == Shape::Atomic || set.children.is_empty() {
        return value.clone();
    }
    match value {
        Value::Object(map) => {
            let mut out = Map::new();
            for (name, value) in map {
                match set.child(&field_step(name)) {
                    Some(gone) if gone.member => {}
                    Some(below_it) => {
                        let rest = taken_out(value, below_it, below(shape, name));
                        out.insert(name.clone(), rest);
                    }
                    None => {
                        out.insert(name.clone(), value.clone());
                    }
                }
            }
            match out.is_empty() {
                true => Value::Null,
                false => Value::Object(out),
            }
        }
        Value::Array(items) => {
            let of = match shape {
                Shape::List { of, .. } => element(of),
                Shape::Set => Shape::Atomic,
                _ => return value.clone(),
            };
            let mut out = Vec::new();
            for (step, item) in elements(shape, items) {
                match set.child(&step) {
                    Some(gone) if gone.member => {}
                    Some(below_it) => out.push(taken_out(item, below_it, of)),
                    None => out.push(item.clone()),
                }
            }
            match out.is_empty() {
                true => Value::Null,
                false => Value::Array(out),
            }
        }
        scalar => scalar.clone(),
    }
}
