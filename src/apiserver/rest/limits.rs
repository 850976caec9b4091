//! How much a request may hold (`k8s.io/apiserver/pkg/server/config.go` MaxRequestBodyBytes, and
//! the depth that `encoding/json` reads).

use serde_json::Value;

use crate::api::Status;
use crate::apiserver::request::{Body, Request};

/// How long a body may be, in bytes.
const MOST_BYTES: usize = 3 * 1024 * 1024;

/// How deep lists and maps may be in each other.
const DEEPEST: usize = 10_000;

/// Why the request is too much; `None` when it is not.
pub(super) fn refused(request: &Request) -> Option<Box<Status>> {
    let size = match &request.body {
        Body::Empty => return None,
        Body::Text(text) => text.len(),
        Body::Json(value) => match measured(value) {
            Some(size) => size,
            None => return Some(Status::bad_request("json: exceeded max depth")),
        },
    };
    (size > MOST_BYTES)
        .then(|| Status::too_large(format!("Request entity too large: limit is {MOST_BYTES}")))
}

/// How long a value is as JSON, or about that; stops counting when it is too long anyway. `None`
/// when it is too deep. Keeps its own stack, for the value may be deeper than the thread's.
fn measured(value: &Value) -> Option<usize> {
    let mut size = 0;
    let mut open = vec![(value, 1)];
    while let Some((value, depth)) = open.pop() {
        if depth > DEEPEST {
            return None;
        }
        size += match value {
            Value::Null | Value::Bool(_) => 4,
            Value::Number(_) => 1,
            Value::String(text) => text.len() + 2,
            Value::Array(items) => {
                open.extend(items.iter().map(|item| (item, depth + 1)));
                items.len() + 2
            }
            Value::Object(map) => {
                open.extend(map.values().map(|item| (item, depth + 1)));
                map.keys().map(|key| key.len() + 4).sum::<usize>() + 2
            }
        };
        if size > MOST_BYTES {
            return Some(size);
        }
    }
    Some(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::Method;
    use serde_json::json;

    #[test]
    fn what_is_too_much_is_refused() {
        let request =
            |body: Value| Request::new(Method::Post, "/api/v1/namespaces").with_body(body);
        assert_eq!(refused(&request(json!({"a": [1, 2]}))), None);
        let long = refused(&request(json!({"a": "x".repeat(MOST_BYTES)})));
        let long = long.map(|s| (s.code, s.message)).unwrap_or_default();
        assert_eq!(
            long,
            (413, "Request entity too large: limit is 3145728".to_owned())
        );
        let mut deep = json!(1);
        for _ in 0..DEEPEST {
            deep = Value::Array(vec![deep]);
        }
        assert_eq!(measured(&deep), None);
        // A value this deep cannot be dropped by recursion.
        while let Value::Array(mut items) = deep {
            deep = items.pop().unwrap_or_default();
        }
    }
}
