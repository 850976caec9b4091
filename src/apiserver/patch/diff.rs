//! Making a strategic merge patch from two or three versions of an object.
//!
//! Models `k8s.io/apimachinery/pkg/util/strategicpatch` `CreateTwoWayMergePatch` and
//! `CreateThreeWayMergePatch`.

use super::strategic::{
    DELETE_FROM_PRIMITIVE_LIST, Elements, Mode, PATCH, RETAIN_KEYS, SET_ELEMENT_ORDER,
    element_type, identity, merge_objects, sort_by_order,
};
use super::{Object, PatchError, PatchSchema, go_type, go_value};
use crate::sim::ordered::Map as BTreeMap;
use serde_json::Value;
use std::cmp::Ordering;

/// The patch that turns `original` into `modified`.
///
/// # Errors
/// An element of a merging list without its key.
pub fn create_two_way(
    original: &Object,
    modified: &Object,
    schema: PatchSchema,
) -> Result<Object, PatchError> {
    diff_objects(original, modified, schema, Part::All, false).map_err(PatchError::Malformed)
}

/// The patch that brings `current` to what `modified` says, and deletes what `original` said and
/// `modified` says no longer. What only `current` has is left alone.
///
/// # Errors
/// An element of a merging list without its key.
pub fn create_three_way(
    original: &Object,
    modified: &Object,
    current: &Object,
    schema: PatchSchema,
) -> Result<Object, PatchError> {
    let make = || {
        let changes = diff_objects(current, modified, schema, Part::Changes, false)?;
        let deletions = diff_objects(original, modified, schema, Part::Deletions, false)?;
        merge_objects(deletions, changes, schema, Mode::Patch)
    };
    make().map_err(PatchError::Malformed)
}

/// Which differences go into the patch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    /// What is new or different.
    Changes,
    /// What is gone.
    Deletions,
}

impl Part {
    fn changes(self) -> bool {
        self != Part::Deletions
    }

    fn deletions(self) -> bool {
        self != Part::Changes
    }
}

fn diff_objects(
    original: &Object,
    modified: &Object,
    schema: PatchSchema,
    part: Part,
    retain_keys: bool,
) -> Result<Object, String> {
    let mut patch = Object::new();
    for (key, new) in modified {
        let Some(old) = original.get(key) else {
            if part.changes() {
                patch.insert(key.clone(), new.clone());
            }
            continue;
        };
        if key == PATCH {
            if !old.is_string() || !new.is_string() {
                return Err(format!("invalid value for special key: {PATCH}"));
            }
            if old != new {
                patch.insert(key.clone(), new.clone());
            }
            continue;
        }
        let field = schema.field(key);
        match (old, new) {
            (Value::Object(_), Value::Object(new)) if field.replace => {
                // Sent even when it is the same, so applying a PodDisruptionBudget again always
                // says "configured", as upstream's does.
                if part.changes() {
                    patch.insert(key.clone(), Value::Object(new.clone()));
                }
            }
            (Value::Object(old), Value::Object(new)) => {
                let inner = diff_objects(old, new, field.schema, part, field.retain_keys)?;
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            (Value::Array(old), Value::Array(new)) if field.merge => {
                let list = ListDiff {
                    schema: field.schema,
                    merge_key: field.merge_key,
                    retain_keys: field.retain_keys,
                    part,
                };
                let diff = list.diff(old, new)?;
                let mut put = |key: String, list: Vec<Value>| {
                    if !list.is_empty() {
                        patch.insert(key, Value::Array(list));
                    }
                };
                put(key.clone(), diff.patch);
                put(format!("{DELETE_FROM_PRIMITIVE_LIST}/{key}"), diff.deleted);
                put(format!("{SET_ELEMENT_ORDER}/{key}"), diff.order);
            }
            (old, new) => {
                if part.changes() && (go_type(old) != go_type(new) || old != new) {
                    patch.insert(key.clone(), new.clone());
                }
            }
        }
    }
    if part.deletions() {
        for key in original.keys().filter(|key| !modified.contains_key(*key)) {
            patch.insert(key.clone(), Value::Null);
        }
    }
    if retain_keys {
        let retained: Vec<Value> = modified
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, _)| Value::String(key.clone()))
            .collect();
        let drops = original
            .iter()
            .any(|(key, value)| !value.is_null() && !modified.contains_key(key));
        if !retained.is_empty() && (!patch.is_empty() || drops) {
            patch.insert(RETAIN_KEYS.to_owned(), Value::Array(retained));
        }
    }
    Ok(patch)
}

/// How one merging list is compared.
struct ListDiff {
    schema: PatchSchema,
    merge_key: &'static str,
    retain_keys: bool,
    part: Part,
}

/// What the patch of a list is made of.
#[derive(Default)]
struct Lists {
    patch: Vec<Value>,
    deleted: Vec<Value>,
    order: Vec<Value>,
}

impl ListDiff {
    fn diff(&self, original: &[Value], modified: &[Value]) -> Result<Lists, String> {
        if original.is_empty() {
            return Ok(Lists {
                patch: if self.part.changes() {
                    modified.to_vec()
                } else {
                    Vec::new()
                },
                ..Lists::default()
            });
        }
        match element_type(&[original, modified])? {
            Elements::Objects => self.diff_objects(original, modified),
            Elements::Scalars => self.diff_scalars(original, modified),
        }
    }

    fn diff_objects(&self, original: &[Value], modified: &[Value]) -> Result<Lists, String> {
        let old = by_key(original, self.merge_key)?;
        let new = by_key(modified, self.merge_key)?;
        let mut patch = Vec::new();
        let mut deletions = Vec::new();
        let (mut olds, mut news) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let order = match (olds.peek(), news.peek()) {
                (None, None) => break,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some((a, _)), Some((b, _))) => a.cmp(b),
            };
            match order {
                Ordering::Equal => {
                    if let (Some((_, old)), Some((_, new))) = (olds.next(), news.next()) {
                        let mut change =
                            diff_objects(old, new, self.schema, self.part, self.retain_keys)?;
                        if !change.is_empty() {
                            if let Some(key) = new.get(self.merge_key) {
                                change.insert(self.merge_key.to_owned(), key.clone());
                            }
                            patch.push(Value::Object(change));
                        }
                    }
                }
                Ordering::Greater => {
                    if let Some((_, new)) = news.next()
                        && self.part.changes()
                    {
                        patch.push(Value::Object((*new).clone()));
                    }
                }
                Ordering::Less => {
                    if let Some((_, old)) = olds.next()
                        && self.part.deletions()
                        && let Some(key) = old.get(self.merge_key)
                    {
                        let mut deletion = Object::new();
                        deletion.insert(self.merge_key.to_owned(), key.clone());
                        deletion.insert(PATCH.to_owned(), Value::from("delete"));
                        deletions.push(Value::Object(deletion));
                    }
                }
            }
        }
        let mut patch = sort_by_order(patch, modified, self.merge_key)?;
        let order_same = original.len() == modified.len() && {
            let mut same = true;
            for (old, new) in original.iter().zip(modified) {
                same &= identity(old, self.merge_key)? == identity(new, self.merge_key)?;
            }
            same
        };
        patch.append(&mut deletions);
        let reorders = (self.part.changes() && (!patch.is_empty() || !order_same))
            || (self.part.deletions() && !patch.is_empty());
        let order = if reorders {
            modified
                .iter()
                .map(|element| {
                    let mut only_key = Object::new();
                    let key = element.get(self.merge_key).cloned().unwrap_or_default();
                    only_key.insert(self.merge_key.to_owned(), key);
                    Value::Object(only_key)
                })
                .collect()
        } else {
            Vec::new()
        };
        Ok(Lists {
            patch,
            deleted: Vec::new(),
            order,
        })
    }

    fn diff_scalars(&self, original: &[Value], modified: &[Value]) -> Result<Lists, String> {
        // Compared and sorted by what Go prints, each value as often as it stands there.
        let count = |list: &[Value]| {
            let mut counts: BTreeMap<String, (usize, Value)> = BTreeMap::new();
            for value in list {
                counts
                    .entry(go_value(value))
                    .or_insert_with(|| (0, value.clone()))
                    .0 += 1;
            }
            counts
        };
        let (old, new) = (count(original), count(modified));
        let mut added = Vec::new();
        let mut deleted = Vec::new();
        if self.part.changes() {
            for (text, (times, value)) in &new {
                let before = old.get(text).map_or(0, |(times, _)| *times);
                added.extend(std::iter::repeat_n(
                    value.clone(),
                    times.saturating_sub(before),
                ));
            }
        }
        if self.part.deletions() {
            for (text, (times, value)) in &old {
                if *times > new.get(text).map_or(0, |(times, _)| *times) {
                    deleted.push(value.clone());
                }
            }
        }
        let reorders = (self.part.deletions() && !deleted.is_empty())
            || (self.part.changes() && original != modified);
        Ok(Lists {
            patch: sort_by_order(added, modified, "")?,
            deleted,
            order: if reorders {
                modified.to_vec()
            } else {
                Vec::new()
            },
        })
    }
}

/// The elements by the printed value of their key, sorted by it.
fn by_key<'a>(list: &'a [Value], merge_key: &str) -> Result<Vec<(String, &'a Object)>, String> {
    let mut keyed = Vec::with_capacity(list.len());
    for element in list {
        identity(element, merge_key)?;
        if let Value::Object(map) = element {
            keyed.push((map.get(merge_key).map(go_value).unwrap_or_default(), map));
        }
    }
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(keyed)
}

#[cfg(test)]
mod tests {
    use super::super::strategic;
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    fn schema() -> PatchSchema {
        PatchSchema::of_kind("apps", "Deployment").unwrap()
    }

    fn template(spec: Value) -> Value {
        json!({"spec": {"template": {"spec": spec}}})
    }

    #[test]
    fn two_ways() {
        let rows = [
            (json!({"a": 1}), json!({"a": 1}), json!({})),
            (
                json!({"a": 1, "b": 1}),
                json!({"a": "1", "c": 1}),
                json!({"a": "1", "b": null, "c": 1}),
            ),
            (
                template(json!({"containers": [{"name": "a", "image": "1"}, {"name": "b"}]})),
                template(json!({"containers": [{"name": "c"}, {"name": "a", "image": "2"}]})),
                template(json!({
                    "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
                    "containers": [{"name": "c"}, {"name": "a", "image": "2"}, {"name": "b", "$patch": "delete"}],
                })),
            ),
            (
                template(json!({"tolerations": [{"key": "a"}]})),
                template(json!({"tolerations": [{"key": "b"}]})),
                template(json!({"tolerations": [{"key": "b"}]})),
            ),
            (
                json!({"metadata": {"finalizers": ["a", "b"]}}),
                json!({"metadata": {"finalizers": ["c", "b"]}}),
                json!({"metadata": {
                    "$deleteFromPrimitiveList/finalizers": ["a"],
                    "$setElementOrder/finalizers": ["c", "b"],
                    "finalizers": ["c"],
                }}),
            ),
            (
                json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}),
                json!({"spec": {"strategy": {"type": "Recreate"}}}),
                json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate", "rollingUpdate": null}}}),
            ),
            (
                template(json!({"volumes": [{"name": "v", "emptyDir": {}}]})),
                template(json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]})),
                template(json!({
                    "$setElementOrder/volumes": [{"name": "v"}],
                    "volumes": [{"name": "v", "$retainKeys": ["hostPath", "name"], "hostPath": {"path": "/"}, "emptyDir": null}],
                })),
            ),
        ];
        for (from, to, want) in rows {
            let patch =
                create_two_way(&object(from.clone()), &object(to.clone()), schema()).unwrap();
            assert_eq!(Value::Object(patch.clone()), want);
            let there = strategic::apply(object(from), patch, schema()).unwrap();
            assert_eq!(Value::Object(there), to);
        }
    }

    #[test]
    fn three_ways() {
        let original = template(
            json!({"containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "old", "image": "1"}]}),
        );
        let modified = template(json!({"containers": [{"name": "a", "image": "2"}]}));
        let current = template(json!({
            "containers": [
                {"name": "sidecar", "image": "9"},
                {"name": "a", "image": "1", "imagePullPolicy": "Always", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "1"}]},
                {"name": "old", "image": "1"},
            ],
            "restartPolicy": "Always",
        }));
        let patch = create_three_way(
            &object(original),
            &object(modified),
            &object(current.clone()),
            schema(),
        )
        .unwrap();
        assert_eq!(
            Value::Object(patch.clone()),
            template(json!({
                "$setElementOrder/containers": [{"name": "a"}],
                "containers": [
                    {"name": "a", "image": "2", "env": null},
                    {"name": "old", "$patch": "delete"},
                ],
            }))
        );
        let there = strategic::apply(object(current), patch, schema()).unwrap();
        assert_eq!(
            Value::Object(there),
            template(json!({
                "containers": [
                    {"name": "sidecar", "image": "9"},
                    {"name": "a", "image": "2", "imagePullPolicy": "Always"},
                ],
                "restartPolicy": "Always",
            }))
        );
    }

    #[test]
    fn three_ways_of_small_things() {
        let rows = [
            // Applied again: nothing to do, though the cluster added defaults.
            (
                json!({"spec": {"replicas": 3}}),
                json!({"spec": {"replicas": 3}}),
                json!({"spec": {"replicas": 3, "paused": false}}),
                json!({}),
            ),
            // A field that was never applied is not deleted.
            (
                json!({"spec": {}}),
                json!({"spec": {}}),
                json!({"spec": {"replicas": 3}}),
                json!({}),
            ),
            // Removed from the manifest: deleted.
            (
                json!({"spec": {"replicas": 3}}),
                json!({"spec": {}}),
                json!({"spec": {"replicas": 3}}),
                json!({"spec": {"replicas": null}}),
            ),
            // A strategy without its former members.
            (
                json!({"spec": {"strategy": {"type": "RollingUpdate"}}}),
                json!({"spec": {"strategy": {"type": "Recreate"}}}),
                json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}}}),
                json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
            ),
            // No last-applied annotation yet: nothing is deleted.
            (json!({}), json!({"a": 1}), json!({"b": 1}), json!({"a": 1})),
        ];
        for (original, modified, current, want) in rows {
            let patch = create_three_way(
                &object(original),
                &object(modified.clone()),
                &object(current),
                schema(),
            )
            .unwrap();
            assert_eq!(Value::Object(patch), want, "{modified}");
        }
    }

    #[test]
    fn an_element_without_its_key_is_refused() {
        let from = template(json!({"containers": [{"name": "a"}]}));
        let to = template(json!({"containers": [{"image": "a"}]}));
        let error = create_two_way(&object(from), &object(to), schema()).unwrap_err();
        assert_eq!(
            error.message(),
            "map: map[image:a] does not contain declared merge key: name"
        );
    }
}
