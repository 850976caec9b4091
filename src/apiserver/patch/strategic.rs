//! Working a strategic merge patch into an object.
//!
//! Objects merge member by member, lists merge by the key that [`PatchSchema`] names or are
//! replaced. Directives in the patch say more: `$patch: delete|replace`, `$retainKeys`,
//! `$setElementOrder/<list>` and `$deleteFromPrimitiveList/<list>`.
//!
//! Models `k8s.io/apimachinery/pkg/util/strategicpatch` `StrategicMergeMapPatch`. Where upstream
//! walks a Go map in random order, members are taken in the order of their names.

use super::{Object, PatchError, PatchSchema, go_type, go_value};
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};
use serde_json::Value;

pub(super) const PATCH: &str = "$patch";
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
pub(super) const SET_ELEMENT_ORDER: &str = "$setElementOrder";
pub(super) const DELETE_FROM_PRIMITIVE_LIST: &str = "$deleteFromPrimitiveList";

/// Works a patch into an object of the given schema.
///
/// # Errors
/// A directive that cannot be understood, or an element of a merging list without its key.
pub fn apply(original: Object, patch: Object, schema: PatchSchema) -> Result<Object, PatchError> {
    merge_objects(original, patch, schema, Mode::Object).map_err(PatchError::Inapplicable)
}

/// What a patch is merged into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Into an object: directives are carried out, and `null` only deletes.
    Object,
    /// Into another patch, as the three-way patch is made: directives and `null`s stay.
    Patch,
}

pub(super) fn merge_objects(
    mut original: Object,
    mut patch: Object,
    schema: PatchSchema,
    mode: Mode,
) -> Result<Object, String> {
    if let Some(directive) = patch.remove(PATCH) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Object::new()),
            _ => {
                let directive_text = go_value(&directive);
                patch.insert(PATCH.to_owned(), directive);
                Err(format!(
                    "unknown patch type: {directive_text} in map: {}",
                    go_value(&Value::Object(patch))
                ))
            }
        };
    }
    retain_keys(&mut original, &mut patch, mode)?;
    set_element_orders(&mut original, &mut patch, schema, mode)?;
    for (key, change) in patch {
        let (key, deletes_elements) = match key.strip_prefix(DELETE_FROM_PRIMITIVE_LIST) {
            Some(_) if mode == Mode::Patch => {
                original.insert(key, change);
                continue;
            }
            Some(rest) => match rest.strip_prefix('/') {
                Some(list) => (list.to_owned(), true),
                None => return Err("invalid patch format of primitive list".to_owned()),
            },
            None => (key, false),
        };
        if change.is_null() {
            original.remove(&key);
            if mode == Mode::Object {
                continue;
            }
        }
        let Some(before) = original.remove(&key) else {
            if !deletes_elements {
                original.insert(key, settle(change, mode));
            }
            continue;
        };
        let field = schema.field(&key);
        let merged = match (before, change) {
            (Value::Object(before), Value::Object(change)) if !field.replace => {
                Value::Object(merge_objects(before, change, field.schema, mode)?)
            }
            (Value::Array(before), Value::Array(change)) if field.merge => {
                let list = ListPatch {
                    schema: field.schema,
                    merge_key: field.merge_key,
                    mode,
                };
                Value::Array(if deletes_elements {
                    list.delete_elements(before, &change)?
                } else {
                    list.merge(before, change)?
                })
            }
            (before, _) if deletes_elements => before,
            (_, change) => settle(change, mode),
        };
        original.insert(key, merged);
    }
    Ok(original)
}

/// Makes a value out of a part of a patch that meets nothing to be merged into: its `null`s and
/// directives have nothing to act on and go.
fn settle(value: Value, mode: Mode) -> Value {
    if mode == Mode::Patch {
        return value;
    }
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(key, value)| !value.is_null() && !is_directive(key))
                .map(|(key, value)| (key, settle(value, mode)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .filter(|item| item.get(PATCH).is_none_or(|d| d != "delete"))
                .filter(|item| !is_lone_directive(item))
                .map(|item| settle(item, mode))
                .collect(),
        ),
        other => other,
    }
}

fn is_directive(key: &str) -> bool {
    key == PATCH
        || key == RETAIN_KEYS
        || key.starts_with(SET_ELEMENT_ORDER)
        || key.starts_with(DELETE_FROM_PRIMITIVE_LIST)
}

/// True for the element `{"$patch": "replace"}`, which only speaks about its list.
fn is_lone_directive(item: &Value) -> bool {
    matches!(item, Value::Object(map) if map.len() == 1 && map.contains_key(PATCH))
}

/// Carries out `$retainKeys`: what it does not name is dropped.
fn retain_keys(original: &mut Object, patch: &mut Object, mode: Mode) -> Result<(), String> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    if mode == Mode::Patch {
        return match original.get(RETAIN_KEYS) {
            Some(before) if *before != retained => Err(format!(
                "{} and {} are not deep equal: this may happen when calculating the 3-way diff patch",
                go_value(before),
                go_value(&retained)
            )),
            Some(_) => Ok(()),
            None => {
                original.insert(RETAIN_KEYS.to_owned(), retained);
                Ok(())
            }
        };
    }
    let bad = || "invalid patch format of retainKeys".to_owned();
    let Value::Array(retained) = retained else {
        return Err(bad());
    };
    let retained: BTreeSet<&str> = retained.iter().filter_map(Value::as_str).collect();
    let stray = patch.iter().any(|(key, value)| {
        !value.is_null()
            && !key.starts_with(DELETE_FROM_PRIMITIVE_LIST)
            && !key.starts_with(SET_ELEMENT_ORDER)
            && !retained.contains(key.as_str())
    });
    if stray {
        return Err(bad());
    }
    original.retain(|key, _| retained.contains(key.as_str()));
    Ok(())
}

/// Carries out every `$setElementOrder/<list>`, and merges those lists on the way.
fn set_element_orders(
    original: &mut Object,
    patch: &mut Object,
    schema: PatchSchema,
    mode: Mode,
) -> Result<(), String> {
    let directives: Vec<String> = patch
        .keys()
        .filter(|key| key.starts_with(SET_ELEMENT_ORDER))
        .cloned()
        .collect();
    for directive in directives {
        let bad = || "invalid patch format of setElementOrder list".to_owned();
        let Some(order) = patch.remove(&directive) else {
            continue;
        };
        if mode == Mode::Patch {
            match original.get(&directive) {
                Some(before) if *before != order => return Err(bad()),
                Some(_) => {}
                None => {
                    original.insert(directive.clone(), order.clone());
                }
            }
        }
        let name = directive
            .strip_prefix(SET_ELEMENT_ORDER)
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or_else(bad)?
            .to_owned();
        let order = into_list(order)?;
        let before = original.remove(&name).map(into_list).transpose()?;
        let change = patch.remove(&name).map(into_list).transpose()?;
        let field = schema.field(&name);
        let list = ListPatch {
            schema: field.schema,
            merge_key: field.merge_key,
            mode,
        };
        list.check_order(change.as_deref().unwrap_or_default(), &order)?;
        let server_order = before.clone().unwrap_or_default();
        let merged = match (before, change) {
            (None, None) => continue,
            (Some(before), None) => before,
            (None, Some(change)) => change,
            (Some(before), Some(change)) if field.merge => list.merge(before, change)?,
            (Some(_), Some(change)) => change,
        };
        let ordered = list.normalize(merged, &order, &server_order)?;
        original.insert(name, Value::Array(ordered));
    }
    Ok(())
}

fn into_list(value: Value) -> Result<Vec<Value>, String> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(format!(
            "expected a []interface {{}}, but received a {}",
            go_type(&other)
        )),
    }
}

/// The elements of two lists are all objects or all scalars.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Elements {
    Objects,
    Scalars,
}

/// Looks at the elements of the lists together; they must have one type.
pub(super) fn element_type(lists: &[&[Value]]) -> Result<Elements, String> {
    let mut elements = lists.iter().flat_map(|list| list.iter());
    let Some(first) = elements.next() else {
        return Err("no elements in any of the given slices".to_owned());
    };
    if first.is_array() {
        return Err("lists of lists are not supported".to_owned());
    }
    if elements.any(|e| go_type(e) != go_type(first)) {
        let shown: Vec<String> = lists
            .iter()
            .map(|list| go_value(&Value::Array(list.to_vec())))
            .collect();
        return Err(format!(
            "list element types are not identical: [{}]",
            shown.join(" ")
        ));
    }
    Ok(if first.is_object() {
        Elements::Objects
    } else {
        Elements::Scalars
    })
}

/// What names an element: its merge key's value, or itself, as JSON text.
pub(super) fn identity(element: &Value, merge_key: &str) -> Result<String, String> {
    if merge_key.is_empty() {
        return Ok(element.to_string());
    }
    match element {
        Value::Object(map) => match map.get(merge_key) {
            Some(value) => Ok(value.to_string()),
            None => Err(no_merge_key(element, merge_key)),
        },
        other => Err(format!(
            "expected a map[string]interface {{}}, but received a {}",
            go_type(other)
        )),
    }
}

fn no_merge_key(element: &Value, merge_key: &str) -> String {
    format!(
        "map: {} does not contain declared merge key: {merge_key}",
        go_value(element)
    )
}

fn places(list: &[Value], merge_key: &str) -> BTreeMap<String, usize> {
    let mut places = BTreeMap::new();
    for (at, element) in list.iter().enumerate() {
        if let Ok(id) = identity(element, merge_key) {
            places.entry(id).or_insert(at);
        }
    }
    places
}

/// Sorts elements by the place that a list gives them; those marked for deletion go to the end.
pub(super) fn sort_by_order(
    list: Vec<Value>,
    order: &[Value],
    merge_key: &str,
) -> Result<Vec<Value>, String> {
    for element in list.iter().chain(order) {
        identity(element, merge_key)?;
    }
    let places = places(order, merge_key);
    let (deleted, kept): (Vec<Value>, Vec<Value>) = list
        .into_iter()
        .partition(|e| !merge_key.is_empty() && e.get(PATCH).is_some_and(|d| d == "delete"));
    let mut keyed: Vec<(Option<usize>, Value)> = Vec::with_capacity(kept.len());
    for element in kept {
        let place = places.get(&identity(&element, merge_key)?).copied();
        keyed.push((place, element));
    }
    // An element that the order does not know goes in front, as upstream's comparison has it.
    keyed.sort_by_key(|(place, _)| place.map_or(0, |p| p + 1));
    Ok(keyed.into_iter().map(|(_, e)| e).chain(deleted).collect())
}

/// How one list is merged.
struct ListPatch {
    schema: PatchSchema,
    merge_key: &'static str,
    mode: Mode,
}

/// The merged list, the order before, and the patch without its directives.
type Merged = (Vec<Value>, Vec<Value>, Vec<Value>);

impl ListPatch {
    fn merge(&self, before: Vec<Value>, change: Vec<Value>) -> Result<Vec<Value>, String> {
        if before.is_empty() && change.is_empty() {
            return Ok(before);
        }
        let (merged, server_order, patch_order) = match element_type(&[&before, &change])? {
            Elements::Scalars => {
                let mut seen = BTreeSet::new();
                let server_order = before.clone();
                let mut both = before;
                both.extend(change.iter().cloned());
                both.retain(|e| seen.insert(e.to_string()));
                (both, server_order, change)
            }
            Elements::Objects => {
                if self.merge_key.is_empty() {
                    return Err("cannot merge lists without merge key for type struct".to_owned());
                }
                self.merge_elements(before, change)?
            }
        };
        self.normalize(merged, &patch_order, &server_order)
    }

    /// Merges lists of objects. Gives the merged list, the order before, and the patch without its
    /// directives.
    fn merge_elements(&self, mut before: Vec<Value>, change: Vec<Value>) -> Result<Merged, String> {
        let mut changes = Vec::with_capacity(change.len());
        let mut deleted = BTreeSet::new();
        let mut replaces = false;
        for element in change {
            let directive = element.get(PATCH);
            match directive.and_then(Value::as_str) {
                _ if directive.is_none() => changes.push(element),
                Some("delete") => {
                    deleted.insert(identity(&element, self.merge_key)?);
                }
                Some("replace") => replaces = true,
                Some("merge") => {
                    return Err("merging lists cannot yet be specified in the patch".to_owned());
                }
                _ => {
                    return Err(format!(
                        "unknown patch type: {} in map: {}",
                        directive.map(go_value).unwrap_or_default(),
                        go_value(&element)
                    ));
                }
            }
        }
        if replaces {
            let changes: Vec<Value> = changes.into_iter().map(|e| settle(e, self.mode)).collect();
            return Ok((changes.clone(), changes, Vec::new()));
        }
        if !deleted.is_empty() {
            before
                .retain(|e| identity(e, self.merge_key).map_or(true, |id| !deleted.contains(&id)));
        }
        let server_order = before.clone();
        let mut places = places(&before, self.merge_key);
        for element in &changes {
            let id = identity(element, self.merge_key)?;
            match places.get(&id) {
                Some(at) => {
                    let slot = before.get_mut(*at).map(std::mem::take);
                    let (Some(Value::Object(old)), Value::Object(new)) = (slot, element) else {
                        return Err(format!("value for key {at} is not a map."));
                    };
                    let merged = merge_objects(old, new.clone(), self.schema, self.mode)?;
                    if let Some(slot) = before.get_mut(*at) {
                        *slot = Value::Object(merged);
                    }
                }
                None => {
                    places.insert(id, before.len());
                    before.push(settle(element.clone(), self.mode));
                }
            }
        }
        Ok((before, server_order, changes))
    }

    /// Takes the listed scalars out.
    fn delete_elements(&self, before: Vec<Value>, gone: &[Value]) -> Result<Vec<Value>, String> {
        if before.is_empty() && gone.is_empty() {
            return Ok(before);
        }
        if element_type(&[&before, gone])? == Elements::Objects {
            return self.merge(before, gone.to_vec());
        }
        let gone: BTreeSet<String> = gone.iter().map(Value::to_string).collect();
        Ok(before
            .into_iter()
            .filter(|e| !gone.contains(&e.to_string()))
            .collect())
    }

    /// Puts a merged list in order: what the patch knows in the patch's order, what only the server
    /// knows in between, where it stood.
    fn normalize(
        &self,
        merged: Vec<Value>,
        patch_order: &[Value],
        server_order: &[Value],
    ) -> Result<Vec<Value>, String> {
        let known = places(patch_order, self.merge_key);
        let mut from_patch = Vec::new();
        let mut server_only = Vec::new();
        for element in merged {
            if known.contains_key(&identity(&element, self.merge_key)?) {
                from_patch.push(element);
            } else {
                server_only.push(element);
            }
        }
        let from_patch = sort_by_order(from_patch, patch_order, self.merge_key)?;
        let server_only = sort_by_order(server_only, server_order, self.merge_key)?;
        let places = places(server_order, self.merge_key);
        let place = |e: &Value| {
            identity(e, self.merge_key)
                .ok()
                .and_then(|id| places.get(&id))
        };
        let mut ordered = Vec::with_capacity(from_patch.len() + server_only.len());
        let mut left = server_only.into_iter().peekable();
        let mut right = from_patch.into_iter().peekable();
        loop {
            let take_left = match (left.peek(), right.peek()) {
                (None, None) => return Ok(ordered),
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (Some(l), Some(r)) => {
                    matches!((place(l), place(r)), (Some(l), Some(r)) if l < r)
                }
            };
            ordered.extend(if take_left { left.next() } else { right.next() });
        }
    }

    /// The patch list must be in the order that `$setElementOrder` gives, and within it.
    fn check_order(&self, change: &[Value], order: &[Value]) -> Result<(), String> {
        if change.is_empty() || order.is_empty() {
            return Ok(());
        }
        let mut listed = order.iter();
        for element in change {
            if !self.merge_key.is_empty() && element.get(PATCH).is_some() {
                continue;
            }
            let id = identity(element, self.merge_key)?;
            let mut found = false;
            for place in listed.by_ref() {
                if identity(place, self.merge_key)? == id {
                    found = true;
                    break;
                }
            }
            if !found {
                return Err(format!(
                    "The order in patch list:\n{}\n doesn't match {SET_ELEMENT_ORDER} list:\n{}\n",
                    go_value(&Value::Array(change.to_vec())),
                    go_value(&Value::Array(order.to_vec()))
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(kind: (&str, &str), original: Value, patch: Value) -> Result<Value, String> {
        let schema = PatchSchema::of_kind(kind.0, kind.1).unwrap();
        let (Value::Object(original), Value::Object(patch)) = (original, patch) else {
            panic!("rows are objects");
        };
        apply(original, patch, schema)
            .map(Value::Object)
            .map_err(|e| e.to_string())
    }

    const POD: (&str, &str) = ("", "Pod");

    fn containers(list: Value) -> Value {
        json!({"spec": {"containers": list}})
    }

    #[test]
    fn lists_of_objects_merge_by_key() {
        let rows = [
            // Changed in place, others stay where they are.
            (
                json!([{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]),
                json!([{"name": "b", "image": "2"}]),
                json!([{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]),
            ),
            // New ones go in front: nothing says where they belong.
            (
                json!([{"name": "a"}]),
                json!([{"name": "b", "image": null, "env": [{"name": "X", "value": null}]}]),
                json!([{"name": "b", "env": [{"name": "X"}]}, {"name": "a"}]),
            ),
            // Deleted by directive.
            (
                json!([{"name": "a"}, {"name": "b"}]),
                json!([{"name": "a", "$patch": "delete"}]),
                json!([{"name": "b"}]),
            ),
            // Replaced as a whole.
            (
                json!([{"name": "a"}, {"name": "b"}]),
                json!([{"$patch": "replace"}, {"name": "c"}]),
                json!([{"name": "c"}]),
            ),
            // An element replaced as a whole.
            (
                json!([{"name": "a", "image": "1", "tty": true}]),
                json!([{"name": "a", "env": [{"name": "X", "value": "1"}]}]),
                json!([{"name": "a", "image": "1", "tty": true, "env": [{"name": "X", "value": "1"}]}]),
            ),
            // Nested lists have keys of their own; command has none and is replaced.
            (
                json!([{"name": "a", "command": ["x", "y"], "ports": [{"containerPort": 80, "name": "http"}]}]),
                json!([{"name": "a", "command": ["z"], "ports": [{"containerPort": 80, "protocol": "TCP"}]}]),
                json!([{"name": "a", "command": ["z"], "ports": [{"containerPort": 80, "name": "http", "protocol": "TCP"}]}]),
            ),
        ];
        for (before, patch, after) in rows {
            assert_eq!(
                patched(POD, containers(before), containers(patch.clone())),
                Ok(containers(after)),
                "{patch}"
            );
        }
    }

    #[test]
    fn directives() {
        // The order is set, elements that only the server knows keep their place.
        let before = containers(json!([{"name": "a"}, {"name": "s"}, {"name": "b"}]));
        let patch = json!({"spec": {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            "containers": [{"name": "b", "image": "2"}],
        }});
        assert_eq!(
            patched(POD, before.clone(), patch),
            Ok(containers(
                json!([{"name": "s"}, {"name": "b", "image": "2"}, {"name": "a"}])
            ))
        );
        // An order alone moves elements.
        let patch = json!({"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}, {"name": "s"}]}});
        assert_eq!(
            patched(POD, before, patch),
            Ok(containers(
                json!([{"name": "b"}, {"name": "a"}, {"name": "s"}])
            ))
        );
        // Sets of scalars.
        let before = json!({"metadata": {"finalizers": ["a", "b", "c"]}});
        let patch = json!({"metadata": {
            "$deleteFromPrimitiveList/finalizers": ["b"],
            "$setElementOrder/finalizers": ["c", "d", "a"],
            "finalizers": ["d"],
        }});
        assert_eq!(
            patched(POD, before, patch),
            Ok(json!({"metadata": {"finalizers": ["c", "d", "a"]}}))
        );
        // Only what is retained stays.
        let before = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
        let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
        assert_eq!(
            patched(("apps", "Deployment"), before, patch),
            Ok(json!({"spec": {"strategy": {"type": "Recreate"}}}))
        );
        // Objects.
        let before = json!({"metadata": {"labels": {"a": "1", "b": "2"}}});
        let with = |labels: Value| json!({"metadata": {"labels": labels}});
        assert_eq!(
            patched(
                POD,
                before.clone(),
                with(json!({"$patch": "replace", "c": "3"}))
            ),
            Ok(with(json!({"c": "3"})))
        );
        assert_eq!(
            patched(POD, before.clone(), with(json!({"$patch": "delete"}))),
            Ok(with(json!({})))
        );
        assert_eq!(
            patched(POD, before, with(json!({"a": null, "x": null}))),
            Ok(with(json!({"b": "2"})))
        );
        // A selector of a budget is one value.
        let selector = |s: Value| json!({"spec": {"selector": s}});
        assert_eq!(
            patched(
                ("policy", "PodDisruptionBudget"),
                selector(json!({"matchLabels": {"a": "1"}})),
                selector(json!({"matchLabels": {"b": "1"}}))
            ),
            Ok(selector(json!({"matchLabels": {"b": "1"}})))
        );
    }

    #[test]
    fn directives_that_meet_nothing_leave_no_trace() {
        let patch = json!({"spec": {
            "$setElementOrder/volumes": [{"name": "v"}],
            "volumes": [{"name": "v", "$retainKeys": ["name", "emptyDir"], "emptyDir": {"medium": null}}],
            "containers": [{"name": "c", "$setElementOrder/env": [{"name": "E"}], "env": [{"name": "E", "value": "1"}, {"name": "F", "$patch": "delete"}]}],
        }});
        assert_eq!(
            patched(POD, json!({}), patch),
            Ok(json!({"spec": {
                "volumes": [{"name": "v", "emptyDir": {}}],
                "containers": [{"name": "c", "env": [{"name": "E", "value": "1"}]}],
            }}))
        );
    }

    #[test]
    fn refused_in_upstream_words() {
        let before = || json!({"spec": {"containers": [{"name": "a"}], "nodeSelector": {}}, "metadata": {"finalizers": ["a"]}});
        let rows = [
            (
                containers(json!([{"image": "x"}])),
                "map: map[image:x] does not contain declared merge key: name",
            ),
            (
                containers(json!(["x"])),
                "list element types are not identical: [[map[name:a]] [x]]",
            ),
            (
                containers(json!([["x"]])),
                "list element types are not identical: [[map[name:a]] [[x]]]",
            ),
            (
                containers(json!([{"name": "a", "$patch": "merge"}])),
                "merging lists cannot yet be specified in the patch",
            ),
            (
                containers(json!([{"name": "a", "$patch": "x"}])),
                "unknown patch type: x in map: map[$patch:x name:a]",
            ),
            (
                json!({"spec": {"nodeSelector": {"$patch": "merge"}}}),
                "unknown patch type: merge in map: map[$patch:merge]",
            ),
            (
                json!({"spec": {"$retainKeys": ["a"], "b": 1}}),
                "invalid patch format of retainKeys",
            ),
            (
                json!({"spec": {"$retainKeys": "a"}}),
                "invalid patch format of retainKeys",
            ),
            (
                json!({"metadata": {"$deleteFromPrimitiveList": ["a"]}}),
                "invalid patch format of primitive list",
            ),
            (
                json!({"spec": {"$setElementOrder": []}}),
                "invalid patch format of setElementOrder list",
            ),
            (
                json!({"spec": {"$setElementOrder/containers": "x"}}),
                "expected a []interface {}, but received a string",
            ),
            (
                json!({"spec": {"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "b"}]}}),
                "The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
            ),
        ];
        for (patch, want) in rows {
            assert_eq!(
                patched(POD, before(), patch.clone()),
                Err(want.to_owned()),
                "{patch}"
            );
        }
    }
}
