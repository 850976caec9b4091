//! JSON Patch (RFC 6902), with the errors of evanphx/json-patch v4, which the API server uses.

use super::{Object, PatchError};
use serde_json::Value;

/// The server's bound on operations in one patch.
const MAX_OPERATIONS: usize = 10_000;
/// The server's bound on what `copy` may add in one patch, in bytes.
const MAX_COPIED_BYTES: usize = 30 * 1024 * 1024;

/// Applies a patch and returns the new document.
///
/// # Errors
/// The first operation that cannot be done; the document is then as it was.
pub fn apply(document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Array(operations) = patch else {
        return Err(PatchError::Malformed(format!(
            "json: cannot unmarshal {} into Go value of type jsonpatch.Patch",
            json_type(patch)
        )));
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(PatchError::TooLarge(format!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let mut target = document.clone();
    let mut copied = 0usize;
    for operation in operations {
        let Value::Object(operation) = operation else {
            return Err(PatchError::Malformed(format!(
                "json: cannot unmarshal {} into Go value of type jsonpatch.Operation",
                json_type(operation)
            )));
        };
        run(&mut target, operation, &mut copied).map_err(PatchError::Inapplicable)?;
    }
    Ok(target)
}

fn run(target: &mut Value, operation: &Object, copied: &mut usize) -> Result<(), String> {
    let kind = match operation.get("op") {
        Some(Value::String(op)) => op.as_str(),
        _ => "unknown",
    };
    let path = pointer(operation, "path");
    let value = operation.get("value").cloned().unwrap_or(Value::Null);
    match kind {
        "add" => add(target, &path.ok_or_else(undecodable(kind))?, value),
        "remove" => remove(target, &path.ok_or_else(undecodable(kind))?),
        "replace" => replace(target, &path.ok_or_else(no_path(kind))?, value),
        "test" => test(target, &path.ok_or_else(no_path(kind))?, operation),
        "move" => {
            let from = pointer(operation, "from").ok_or_else(no_from(kind))?;
            let moved = take(target, &from)?;
            let path = path.ok_or_else(no_path(kind))?;
            let (container, key) = find(target, &path).ok_or_else(|| {
                format!("move operation does not apply: doc is missing destination path: {path}: missing value")
            })?;
            insert(container, &key, moved)
                .map_err(|e| format!("error in move for path: '{path}': {e}"))
        }
        "copy" => {
            let from = pointer(operation, "from").ok_or_else(no_from(kind))?;
            let (container, key) = find(target, &from).ok_or_else(|| {
                format!(
                    "copy operation does not apply: doc is missing from path: {from}: missing value"
                )
            })?;
            let copy = get(container, &key)
                .map_err(|e| format!("error in copy for from: '{from}': {e}"))?
                .clone();
            *copied += copy.to_string().len();
            if *copied > MAX_COPIED_BYTES {
                return Err(format!(
                    "Unable to complete the copy, the accumulated size increase of copy is {copied}, exceeding the limit {MAX_COPIED_BYTES}"
                ));
            }
            let path = path.ok_or_else(undecodable(kind))?;
            let (container, key) = find(target, &path).ok_or_else(|| {
                format!("copy operation does not apply: doc is missing destination path: {path}: missing value")
            })?;
            insert(container, &key, copy)
                .map_err(|e| format!("error while adding value during copy: {e}"))
        }
        other => Err(format!("Unexpected kind: {other}")),
    }
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *target = value;
        return Ok(());
    }
    let (container, key) = find(target, path).ok_or_else(|| {
        format!("add operation does not apply: doc is missing path: \"{path}\": missing value")
    })?;
    insert(container, &key, value).map_err(|e| format!("error in add for path: '{path}': {e}"))
}

fn remove(target: &mut Value, path: &str) -> Result<(), String> {
    let (container, key) = find(target, path).ok_or_else(|| {
        format!("remove operation does not apply: doc is missing path: \"{path}\": missing value")
    })?;
    delete(container, &key)
        .map(|_| ())
        .map_err(|e| format!("error in remove for path: '{path}': {e}"))
}

fn replace(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *target = value;
        return Ok(());
    }
    let (container, key) = find(target, path).ok_or_else(|| {
        format!("replace operation does not apply: doc is missing path: {path}: missing value")
    })?;
    let missing =
        || format!("replace operation does not apply: doc is missing key: {path}: missing value");
    match container {
        Value::Object(map) => *map.get_mut(&key).ok_or_else(missing)? = value,
        Value::Array(items) => {
            let at = index(&key, items.len()).map_err(|_| missing())?;
            *items.get_mut(at).ok_or_else(missing)? = value;
        }
        _ => return Err(missing()),
    }
    Ok(())
}

fn test(target: &mut Value, path: &str, operation: &Object) -> Result<(), String> {
    let want = operation.get("value").unwrap_or(&Value::Null);
    let failed = || format!("testing value {path} failed: test failed");
    if path.is_empty() {
        return if target == want {
            Ok(())
        } else {
            Err(failed())
        };
    }
    let (container, key) = find(target, path).ok_or_else(|| {
        format!("test operation does not apply: is missing path: {path}: missing value")
    })?;
    let have = match (get(container, &key), container.is_object()) {
        (Ok(value), _) => value,
        (Err(_), true) => &Value::Null,
        (Err(e), false) => return Err(format!("error in test for path: '{path}': {e}")),
    };
    if same(have, want) {
        Ok(())
    } else {
        Err(failed())
    }
}

/// Takes a value out, for `move`.
fn take(target: &mut Value, from: &str) -> Result<Value, String> {
    let (container, key) = find(target, from).ok_or_else(|| {
        format!("move operation does not apply: doc is missing from path: {from}: missing value")
    })?;
    delete(container, &key).map_err(|e| format!("error in move for path: '{key}': {e}"))
}

/// The container that holds the last part of a pointer, and that part unescaped.
fn find<'a>(target: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let mut parts: Vec<&str> = path.split('/').collect();
    if parts.len() < 2 {
        return None;
    }
    let key = unescape(parts.pop()?);
    let mut container = target;
    for part in parts.iter().skip(1) {
        container = match container {
            Value::Object(map) => map.get_mut(&unescape(part))?,
            Value::Array(items) => {
                let at = index(part, items.len()).ok()?;
                items.get_mut(at)?
            }
            _ => return None,
        };
    }
    (container.is_object() || container.is_array()).then_some((container, key))
}

fn get<'a>(container: &'a Value, key: &str) -> Result<&'a Value, String> {
    match container {
        Value::Object(map) => map
            .get(key)
            .ok_or_else(|| format!("unable to get nonexistent key: {key}: missing value")),
        Value::Array(items) => {
            let at = index(key, items.len())?;
            items.get(at).ok_or_else(|| bad_index(key))
        }
        _ => Err("unknown object type".to_owned()),
    }
}

fn insert(container: &mut Value, key: &str, value: Value) -> Result<(), String> {
    match container {
        Value::Object(map) => {
            map.insert(key.to_owned(), value);
            Ok(())
        }
        Value::Array(items) if key == "-" => {
            items.push(value);
            Ok(())
        }
        Value::Array(items) => {
            // One past the end is a place to insert.
            let at = index(key, items.len() + 1).map_err(|e| {
                if e.starts_with("strconv") {
                    format!("value was not a proper array index: '{key}': {e}")
                } else {
                    e
                }
            })?;
            items.insert(at, value);
            Ok(())
        }
        _ => Err("unknown object type".to_owned()),
    }
}

fn delete(container: &mut Value, key: &str) -> Result<Value, String> {
    match container {
        Value::Object(map) => map
            .remove(key)
            .ok_or_else(|| format!("Unable to remove nonexistent key: {key}: missing value")),
        Value::Array(items) => {
            let at = index(key, items.len())?;
            Ok(items.remove(at))
        }
        _ => Err("unknown object type".to_owned()),
    }
}

/// A place below `length`; a negative number counts from the end.
fn index(key: &str, length: usize) -> Result<usize, String> {
    let number: i64 = key
        .parse()
        .map_err(|_| format!("strconv.Atoi: parsing \"{key}\": invalid syntax"))?;
    let at = if number < 0 {
        number + length as i64
    } else {
        number
    };
    usize::try_from(at)
        .ok()
        .filter(|at| *at < length)
        .ok_or_else(|| bad_index(key))
}

fn bad_index(key: &str) -> String {
    format!("Unable to access invalid index: {key}: invalid index referenced")
}

/// Equal as JSON: numbers by value, `1` and `1.0` alike.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

fn pointer(operation: &Object, field: &str) -> Option<String> {
    match operation.get(field) {
        Some(Value::String(path)) => Some(path.clone()),
        _ => None,
    }
}

fn undecodable(kind: &str) -> impl Fn() -> String {
    move || format!("{kind} operation failed to decode path: missing value")
}

fn no_path(kind: &str) -> impl Fn() -> String {
    move || {
        format!(
            "{kind} operation failed to decode path: operation missing path field: missing value"
        )
    }
}

fn no_from(kind: &str) -> impl Fn() -> String {
    move || {
        format!(
            "{kind} operation failed to decode from: operation, missing from field: missing value"
        )
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations() {
        let rows = [
            (
                json!({"a": 1}),
                json!([{"op": "add", "path": "/b", "value": 2}]),
                json!({"a": 1, "b": 2}),
            ),
            (
                json!({"a": [1, 3]}),
                json!([{"op": "add", "path": "/a/1", "value": 2}]),
                json!({"a": [1, 2, 3]}),
            ),
            (
                json!({"a": [1]}),
                json!([{"op": "add", "path": "/a/-", "value": 2}]),
                json!({"a": [1, 2]}),
            ),
            (
                json!({"a": [1]}),
                json!([{"op": "add", "path": "/a/1", "value": 2}]),
                json!({"a": [1, 2]}),
            ),
            (
                json!({"a": [1, 2]}),
                json!([{"op": "add", "path": "/a/-1", "value": 3}]),
                json!({"a": [1, 2, 3]}),
            ),
            (
                json!({"a": [1, 2]}),
                json!([{"op": "remove", "path": "/a/-1"}]),
                json!({"a": [1]}),
            ),
            (
                json!({"a": {"b/c": {"~": 1}}}),
                json!([{"op": "remove", "path": "/a/b~1c/~0"}]),
                json!({"a": {"b/c": {}}}),
            ),
            (
                json!({"a": 1}),
                json!([{"op": "replace", "path": "/a", "value": null}]),
                json!({"a": null}),
            ),
            (
                json!({"a": 1}),
                json!([{"op": "replace", "path": "", "value": [1]}]),
                json!([1]),
            ),
            (
                json!({"a": {"b": 1}}),
                json!([{"op": "move", "from": "/a/b", "path": "/c"}]),
                json!({"a": {}, "c": 1}),
            ),
            (
                json!({"a": [1]}),
                json!([{"op": "copy", "from": "/a", "path": "/b"}]),
                json!({"a": [1], "b": [1]}),
            ),
            (
                json!({"a": 1}),
                json!([{"op": "test", "path": "/a", "value": 1.0}]),
                json!({"a": 1}),
            ),
            (
                json!({"a": 1}),
                json!([{"op": "test", "path": "/b", "value": null}]),
                json!({"a": 1}),
            ),
        ];
        for (document, patch, want) in rows {
            assert_eq!(apply(&document, &patch), Ok(want), "{patch}");
        }
    }

    #[test]
    fn refused_in_upstream_words() {
        let document = json!({"a": {"b": 1}, "l": [1, 2]});
        let rows = [
            (
                json!([{"op": "test", "path": "/a/b", "value": 2}]),
                "testing value /a/b failed: test failed",
            ),
            (
                json!([{"op": "remove", "path": "/a/x"}]),
                "error in remove for path: '/a/x': Unable to remove nonexistent key: x: missing value",
            ),
            (
                json!([{"op": "remove", "path": "/x/y"}]),
                "remove operation does not apply: doc is missing path: \"/x/y\": missing value",
            ),
            (
                json!([{"op": "add", "path": "/x/y", "value": 1}]),
                "add operation does not apply: doc is missing path: \"/x/y\": missing value",
            ),
            (
                json!([{"op": "add", "path": "/a/b/c", "value": 1}]),
                "add operation does not apply: doc is missing path: \"/a/b/c\": missing value",
            ),
            (
                json!([{"op": "add", "path": "/l/9", "value": 1}]),
                "error in add for path: '/l/9': Unable to access invalid index: 9: invalid index referenced",
            ),
            (
                json!([{"op": "add", "path": "/l/x", "value": 1}]),
                "error in add for path: '/l/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax",
            ),
            (
                json!([{"op": "add", "value": 1}]),
                "add operation failed to decode path: missing value",
            ),
            (
                json!([{"op": "replace", "path": "/a/x", "value": 1}]),
                "replace operation does not apply: doc is missing key: /a/x: missing value",
            ),
            (
                json!([{"op": "replace", "path": "/x/y", "value": 1}]),
                "replace operation does not apply: doc is missing path: /x/y: missing value",
            ),
            (
                json!([{"op": "move", "path": "/x", "from": "/y"}]),
                "error in move for path: 'y': Unable to remove nonexistent key: y: missing value",
            ),
            (
                json!([{"op": "copy", "path": "/x"}]),
                "copy operation failed to decode from: operation, missing from field: missing value",
            ),
            (
                json!([{"op": "frob", "path": "/a"}]),
                "Unexpected kind: frob",
            ),
            (json!([{"path": "/a"}]), "Unexpected kind: unknown"),
            (
                json!({"op": "add"}),
                "json: cannot unmarshal object into Go value of type jsonpatch.Patch",
            ),
            (
                json!(["add"]),
                "json: cannot unmarshal string into Go value of type jsonpatch.Operation",
            ),
        ];
        for (patch, want) in rows {
            let error = apply(&document, &patch).map_err(|e| e.to_string());
            assert_eq!(error, Err(want.to_owned()), "{patch}");
        }
    }

    #[test]
    fn copying_is_bounded() {
        let double = json!({"op": "copy", "from": "", "path": "/x"});
        assert!(apply(&json!({"a": 1}), &json!([double])).is_err());
        let mut operations = Vec::new();
        for i in 0..40 {
            operations.push(json!({"op": "copy", "from": "/a", "path": format!("/a/x{i}")}));
        }
        let error = apply(
            &json!({"a": {"b": "x".repeat(1000)}}),
            &Value::Array(operations),
        );
        assert!(
            matches!(error, Err(PatchError::Inapplicable(m)) if m.starts_with("Unable to complete the copy"))
        );
        let many = vec![json!({"op": "test", "path": "", "value": 1}); MAX_OPERATIONS + 1];
        assert!(matches!(
            apply(&json!(1), &Value::Array(many)),
            Err(PatchError::TooLarge(_))
        ));
    }
}
