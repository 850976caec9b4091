//! Server-side apply: a configuration worked into an object, with owners and conflicts.
//!
//! Models `k8s.io/apimachinery/pkg/util/managedfields/internal` structuredmerge.go,
//! lastappliedmanager.go, lastappliedupdater.go, skipnonapplied.go and conflict.go.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::compare::{compare, elements, paths_of};
use super::managers::{self, Conflicts, Manager};
use super::owners::{Owners, reset_fields};
use super::schema::{Shape, Type};
use super::set::readable;
use crate::api::codec::DecodeError;
use crate::api::status::Cause;
use crate::api::{Kind, Object, Result, Status};
use crate::apiserver::patch::apply::{LAST_APPLIED, last_applied_text};

/// The object after an apply, with its owners.
pub struct Applied {
    pub object: Value,
    pub managers: Vec<Manager>,
}

/// How many values of the wrong type are told at once.
const MOST_WRONG: usize = 20;

/// The manager whose applies also take over what its client-side applies set.
const KUBECTL: &str = "kubectl";

/// Works `applied` into the live object, or into none.
pub fn apply(
    kind: Kind,
    live: Option<(&Object, &Owners)>,
    applied: &Value,
    writer: Manager,
    force: bool,
) -> Result<Applied> {
    let info = kind.info();
    let version = info.api_version();
    let text = |field: &str| applied[field].as_str().unwrap_or_default();
    if text("apiVersion") != version || text("kind") != info.kind {
        let (group, short) = match text("apiVersion").rsplit_once('/') {
            Some((group, version)) => (group, version),
            None => ("", text("apiVersion")),
        };
        let message = format!(
            "invalid object type: {group}/{short}, Kind={}",
            text("kind")
        );
        return Err(Status::bad_request(message));
    }
    if !applied["metadata"]["managedFields"].is_null() {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    let type_ = Type::of_kind(kind);
    let wrong = wrong_types(kind, type_, applied);
    if !wrong.is_empty() {
        let list = match wrong.as_slice() {
            [one] => one.clone(),
            many => format!("errors:\n  {}", many.join("\n  ")),
        };
        let described = described(kind, applied);
        let message = format!("failed to create typed patch object ({described}): {list}");
        return Err(Status::new(500, "", message));
    }
    let nothing = Value::Object(Map::new());
    let old = live.map(|(object, _)| object.to_value());
    let base = old.as_ref().unwrap_or(&nothing);
    let mut managers = live.map(|(_, owners)| owners.managers().to_vec());
    if let (Some(managers), Some(_)) = (&mut managers, &old)
        && managers.is_empty()
    {
        before_first_apply(managers, base, type_, &writer);
    }
    let managers = managers.unwrap_or_default();
    let ignored = reset_fields(info, &writer.subresource);
    let attempt = |force: bool| {
        let mut managers = managers.clone();
        managers::apply(
            &mut managers,
            &writer,
            base,
            applied,
            type_,
            &ignored,
            force,
        )
        .map(|object| Applied { object, managers })
    };
    let outcome = attempt(force).or_else(|conflicts| {
        let left = match writer.name.as_str() {
            KUBECTL => beyond_last_applied(conflicts, base, type_),
            _ => conflicts,
        };
        if left.is_empty() {
            attempt(true)
        } else {
            Err(left)
        }
    });
    let mut done = outcome.map_err(|conflicts| refused(&conflicts))?;
    if writer.name == KUBECTL {
        renew_last_applied(&mut done.object, applied);
    }
    Ok(done)
}

/// A kind as Go prints it: `apps/v1, Kind=Deployment`.
fn printed(kind: Kind) -> String {
    let info = kind.info();
    format!("{}/{}, Kind={}", info.group, info.version, info.kind)
}

/// A configuration, as messages name it.
fn described(kind: Kind, applied: &Value) -> String {
    let name = |field: &str| applied["metadata"][field].as_str().unwrap_or_default();
    format!("{}/{}; {}", name("namespace"), name("name"), printed(kind))
}

/// The refusal of a configuration whose types fit, but not a value: a quantity that is none.
pub fn unfit(kind: Kind, applied: &Value, error: &DecodeError) -> Box<Status> {
    let wanted = error.message.rsplit_once("of type ").map(|(_, t)| t);
    let why = match wanted.filter(|t| t.starts_with("int") || t.starts_with("uint")) {
        Some(type_) => format!("cannot convert float64 to {type_}"),
        None => format!("error decoding from json: {}", error.message),
    };
    let message = format!(
        "failed to convert new object ({}) to proper version: unable to convert unstructured object to {}: {why}",
        described(kind, applied),
        printed(kind)
    );
    Status::new(500, "", message)
}

/// An object whose owners nobody knows belongs, as it is, to everybody who wrote before.
fn before_first_apply(managers: &mut Vec<Manager>, live: &Value, type_: Type, writer: &Manager) {
    let found = compare(&Value::Object(Map::new()), live, type_);
    let earlier = Manager {
        name: "before-first-apply".to_owned(),
        applies: false,
        ..writer.clone()
    };
    managers::update(managers, &earlier, &found);
}

/// The conflicts that `kubectl` has not caused itself, by applying on the client's side before.
fn beyond_last_applied(conflicts: Conflicts, live: &Value, type_: Type) -> Conflicts {
    let last = live["metadata"]["annotations"][LAST_APPLIED].as_str();
    let Some(last) = last.and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
        return conflicts;
    };
    let mut own = paths_of(&last, type_);
    let found = compare(&last, live, type_);
    for set in [&found.modified, &found.added, &found.removed] {
        own.subtract(set);
    }
    let left = conflicts.into_iter().map(|(manager, mut set)| {
        set.subtract(&own);
        (manager, set)
    });
    left.filter(|(_, set)| !set.is_empty()).collect()
}

/// Keeps the annotation of client-side apply in step, where there is one.
fn renew_last_applied(object: &mut Value, applied: &Value) {
    let annotation = object
        .pointer_mut("/metadata/annotations")
        .and_then(Value::as_object_mut)
        .and_then(|annotations| annotations.get_mut(LAST_APPLIED));
    if let Some(annotation) = annotation {
        let configuration = applied.as_object().cloned().unwrap_or_default();
        *annotation = Value::from(last_applied_text(&configuration));
    }
}

fn refused(conflicts: &Conflicts) -> Box<Status> {
    let mut causes = Vec::new();
    let mut lists = Vec::new();
    let mut sorted: Vec<(String, Vec<String>)> = conflicts
        .iter()
        .map(|(manager, set)| (manager.quoted(), set.paths()))
        .collect();
    sorted.sort();
    for (manager, paths) in &sorted {
        lists.push(format!("conflicts with {manager}:"));
        for path in paths {
            lists.push(format!("- {path}"));
            causes.push(Cause {
                reason: "FieldManagerConflict".to_owned(),
                message: format!("conflict with {manager}"),
                field: path.clone(),
            });
        }
    }
    let message = match (sorted.as_slice(), causes.as_slice()) {
        ([(manager, _)], [one]) => format!(
            "Apply failed with 1 conflict: conflict with {manager}: {}",
            one.field
        ),
        _ => format!(
            "Apply failed with {} conflicts: {}",
            causes.len(),
            lists.join("\n")
        ),
    };
    let mut status = Status::new(409, "Conflict", message);
    status.causes = causes;
    status
}

/// What of a configuration does not fit the types of its kind, in the words of
/// `sigs.k8s.io/structured-merge-diff/typed` validate.go.
fn wrong_types(kind: Kind, type_: Type, applied: &Value) -> Vec<String> {
    let shape = Shape::Struct {
        of: type_,
        always: true,
    };
    let mut wrong = Vec::new();
    doubles(applied, shape, &mut String::new(), &mut wrong);
    // What is wrong hides what comes after it; it is taken out, and the rest is looked at.
    let mut rest = applied.clone();
    for _ in 0..MOST_WRONG {
        match kind.decode(&rest) {
            Ok((_, unknown)) => {
                for path in unknown {
                    let path = place(applied, shape, &path);
                    wrong.push(format!("{path}: field not declared in schema"));
                }
                break;
            }
            Err(error) => {
                wrong.extend(wrong_type(applied, shape, &error));
                let value = at_mut(&mut rest, &error.path);
                if value.as_ref().is_none_or(|v| v.is_null()) {
                    break;
                }
                if let Some(value) = value {
                    *value = Value::Null;
                }
            }
        }
    }
    wrong
}

/// A value of another type than its field; `None` where the schema would take it.
fn wrong_type(applied: &Value, shape: Shape, error: &DecodeError) -> Option<String> {
    let path = place(applied, shape, &error.path);
    let found = at(applied, &error.path);
    let wanted = error.message.rsplit_once("of type ").map(|(_, t)| t);
    let words = match wanted? {
        "bool" => format!("expected boolean, got &{{{}}}", go(found)),
        t if t.starts_with("int") || t.starts_with("float") => {
            let found = match found {
                Value::String(_) => "string",
                Value::Bool(_) => "bool",
                Value::Array(_) => "[]interface {}",
                Value::Object(_) => "map[string]interface {}",
                _ => return None,
            };
            format!("expected numeric (int or float), got {found}")
        }
        "string" => format!(
            "expected string, got &value.valueUnstructured{{Value:{}}}",
            go_syntax(found)
        ),
        t if t.starts_with("[]") => format!("expected list, got &{{{}}}", go(found)),
        _ => format!("expected map, got &{{{}}}", go(found)),
    };
    Some(format!("{path}: {words}"))
}

fn go(value: &Value) -> String {
    crate::apiserver::patch::go_value(value)
}

/// A value as Go writes it in its source.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let items = map.iter().map(|(k, v)| format!("{k:?}:{}", go_syntax(v)));
            let items: Vec<String> = items.collect();
            format!("map[string]interface {{}}{{{}}}", items.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// Elements of lists with keys that are there twice.
fn doubles(value: &Value, shape: Shape, path: &mut String, wrong: &mut Vec<String>) {
    if shape == Shape::Atomic {
        return;
    }
    let mut below = |name: &str, value: &Value, shape: Shape| {
        let length = path.len();
        path.push_str(name);
        doubles(value, shape, path, wrong);
        path.truncate(length);
    };
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                below(
                    &format!(".{name}"),
                    value,
                    super::compare::below(shape, name),
                );
            }
        }
        Value::Array(items) => {
            let of = match shape {
                Shape::List { of, .. } => super::compare::element(of),
                Shape::Set => Shape::Atomic,
                _ => return,
            };
            let mut seen: BTreeSet<String> = BTreeSet::new();
            let mut twice = Vec::new();
            for (step, item) in elements(shape, items) {
                if let (Some(index), Shape::List { keys, .. }) = (step.strip_prefix("i:"), shape) {
                    let without = keys
                        .all()
                        .into_iter()
                        .filter(|(_, default)| default.is_none());
                    let missing = without.map(|(key, _)| key).filter(|k| item[*k].is_null());
                    let missing: Vec<&str> = missing.collect();
                    twice.push(format!(
                        "element {index}: associative list with keys has an element that omits key field \"{}\" (and doesn't have default value)",
                        missing.join(",")
                    ));
                } else if seen.contains(&step) {
                    twice.push(format!("duplicate entries for key {}", readable(&step)));
                }
                below(&readable(&step), item, of);
                seen.insert(step);
            }
            wrong.extend(twice.into_iter().map(|words| format!("{path}: {words}")));
        }
        _ => {}
    }
}

/// The steps of a path with indices: `spec.containers[0].image`. Names of annotations may have
/// dots; a step that leads nowhere takes in what follows it.
fn steps(path: &str) -> Vec<&str> {
    path.split(['.', '['])
        .map(|s| s.trim_end_matches(']'))
        .filter(|s| !s.is_empty())
        .collect()
}

fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    steps(path)
        .into_iter()
        .fold(value, |value, step| match value {
            Value::Array(items) => {
                let index = step.parse::<usize>().ok();
                index.and_then(|i| items.get(i)).unwrap_or(&Value::Null)
            }
            other => &other[step],
        })
}

fn at_mut<'v>(value: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    let mut found = value;
    for step in steps(path) {
        found = match found {
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?)?,
            other => other.get_mut(step)?,
        };
    }
    Some(found)
}

/// A path with the keys of elements in place of their indices.
fn place(applied: &Value, shape: Shape, path: &str) -> String {
    let mut text = String::new();
    let (mut value, mut shape) = (applied, shape);
    for step in steps(path) {
        match value {
            Value::Array(items) => {
                let index = step.parse::<usize>().unwrap_or_default();
                match elements(shape, items).get(index) {
                    Some((key, _)) => text.push_str(&readable(key)),
                    None => text.push_str(&format!("[{index}]")),
                }
                value = items.get(index).unwrap_or(&Value::Null);
                shape = match shape {
                    Shape::List { of, .. } => super::compare::element(of),
                    _ => Shape::UNKNOWN,
                };
            }
            _ => {
                text.push_str(&format!(".{step}"));
                value = &value[step];
                shape = super::compare::below(shape, step);
            }
        }
    }
    text
}
