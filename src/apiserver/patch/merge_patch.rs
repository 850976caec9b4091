//! JSON Merge Patch (RFC 7386): objects merge, `null` deletes, everything else replaces.
//!
//! Also the three-way patch that `kubectl apply` makes for kinds without a schema (custom
//! resources); models `k8s.io/apimachinery/pkg/util/jsonmergepatch`.

use super::Object;
use serde_json::Value;

/// Works a patch into a value.
pub fn apply(target: Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else {
        return patch.clone();
    };
    let mut map = match target {
        Value::Object(map) => map,
        _ => Object::new(),
    };
    for (key, change) in changes {
        if change.is_null() {
            map.remove(key);
        } else {
            let before = map.remove(key).unwrap_or(Value::Null);
            map.insert(key.clone(), apply(before, change));
        }
    }
    Value::Object(map)
}

/// The patch that turns one object into another.
pub fn create(original: &Object, modified: &Object) -> Object {
    let mut patch = Object::new();
    for (key, new) in modified {
        match (original.get(key), new) {
            (Some(old), new) if old == new => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                let inner = create(old, new);
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            _ => {
                patch.insert(key.clone(), new.clone());
            }
        }
    }
    for key in original.keys().filter(|key| !modified.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    patch
}

/// The patch that brings `current` to what `modified` says: what was in `original` and is no longer
/// in `modified` is deleted, what only `current` has is left alone.
pub fn create_three_way(original: &Object, modified: &Object, current: &Object) -> Object {
    let changes = filter_nulls(&create(current, modified), false);
    let mut patch = filter_nulls(&create(original, modified), true);
    merge_patches(&mut patch, changes);
    patch
}

/// Keeps either only the deletions of a patch, or everything but them. A branch that holds nothing
/// any more is left out, an object that was empty before counts as a value.
fn filter_nulls(patch: &Object, keep_nulls: bool) -> Object {
    let mut kept = Object::new();
    for (key, value) in patch {
        match value {
            Value::Null if keep_nulls => {
                kept.insert(key.clone(), Value::Null);
            }
            Value::Null => {}
            Value::Object(inner) if !inner.is_empty() => {
                let inner = filter_nulls(inner, keep_nulls);
                if !inner.is_empty() {
                    kept.insert(key.clone(), Value::Object(inner));
                }
            }
            value if !keep_nulls => {
                kept.insert(key.clone(), value.clone());
            }
            _ => {}
        }
    }
    kept
}

/// Adds changes, which hold no `null`, to a patch whose `null`s stay.
fn merge_patches(patch: &mut Object, changes: Object) {
    for (key, change) in changes {
        match (patch.get_mut(&key), change) {
            (Some(Value::Object(into)), Value::Object(from)) => merge_patches(into, from),
            (_, change) => {
                patch.insert(key, change);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn rfc_7386_appendix_a() {
        let rows = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (
                json!({"a": "b", "b": "c"}),
                json!({"a": null}),
                json!({"b": "c"}),
            ),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (
                json!({"e": null}),
                json!({"a": 1}),
                json!({"e": null, "a": 1}),
            ),
            (
                json!([1, 2]),
                json!({"a": "b", "c": null}),
                json!({"a": "b"}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ];
        for (target, patch, want) in rows {
            assert_eq!(apply(target, &patch), want, "{patch}");
        }
    }

    #[test]
    fn a_created_patch_leads_there() {
        let rows = [
            (
                json!({"a": 1, "b": {"c": 1, "d": 2}}),
                json!({"b": {"c": 1, "d": 3}, "e": []}),
            ),
            (json!({}), json!({"a": {}})),
            (json!({"a": {"b": 1}}), json!({"a": [1]})),
            (json!({"a": [1, 2]}), json!({"a": [2, 1]})),
        ];
        for (from, to) in rows {
            let patch = create(&object(from.clone()), &object(to.clone()));
            assert_eq!(apply(from, &Value::Object(patch)), to);
        }
    }

    #[test]
    fn three_way() {
        let rows = [
            // Nothing to do.
            (
                json!({"a": 1}),
                json!({"a": 1}),
                json!({"a": 1, "live": 2}),
                json!({}),
            ),
            // What the user removed goes, what the cluster added stays.
            (
                json!({"a": 1, "b": 2}),
                json!({"a": 1}),
                json!({"a": 1, "b": 2, "live": 3}),
                json!({"b": null}),
            ),
            // Drift is reverted.
            (
                json!({"a": 1}),
                json!({"a": 1}),
                json!({"a": 5}),
                json!({"a": 1}),
            ),
            // Both in one branch.
            (
                json!({"s": {"x": 1, "y": 1}}),
                json!({"s": {"x": 2}}),
                json!({"s": {"x": 1, "y": 1, "z": 1}}),
                json!({"s": {"x": 2, "y": null}}),
            ),
            // An empty object that the user asks for is a value.
            (json!({}), json!({"e": {}}), json!({}), json!({"e": {}})),
            // Lists are replaced.
            (
                json!({"l": [1]}),
                json!({"l": [1, 2]}),
                json!({"l": [1, 3]}),
                json!({"l": [1, 2]}),
            ),
        ];
        for (original, modified, current, want) in rows {
            let patch = create_three_way(
                &object(original),
                &object(modified.clone()),
                &object(current),
            );
            assert_eq!(Value::Object(patch), want, "{modified}");
        }
    }
}
