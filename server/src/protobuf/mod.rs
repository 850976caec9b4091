//! Objects out of protobuf, which Go clients send for the built-in kinds. Answers stay JSON: a client that
//! offers to read protobuf reads JSON too.
//!
//! `fields.txt` says which number a field has in which message, one message to a line:
//! `TYPE NUMBER:NAME:KIND ...`. A name of `~` is a message whose fields are those of the outer object.
//! Kinds are `s` (string), `b` (boolean), `i` (integer), `d` (float), `y` (bytes) or a type; `*` before one
//! is a list, `{` a map. They are facts of the API: the numbers of `k8s.io/api` (as the crate `k8s-pb` has
//! them) with the names of the JSON form.

mod wire;

use kubarium::api::rfc3339::format_time;
use serde_json::{Map, Value, json};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wire::{Field, fields};

const TABLE: &str = include_str!("fields.txt");

/// What every body begins with (`k8s.io/apimachinery/pkg/runtime/serializer/protobuf`).
const MAGIC: &[u8] = b"k8s\0";

/// No message is nested deeper.
const DEEPEST: usize = 64;

/// The object in a body; `None` when it is none that we know.
pub fn object(bytes: &[u8]) -> Option<Value> {
    let mut api_version = String::new();
    let mut kind = String::new();
    let mut raw: &[u8] = &[];
    for (number, field) in fields(bytes.strip_prefix(MAGIC)?)? {
        match (number, field) {
            (1, Field::Bytes(meta)) => {
                for (number, field) in fields(meta)? {
                    match number {
                        1 => api_version = text(field),
                        2 => kind = text(field),
                        _ => {}
                    }
                }
            }
            (2, Field::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
    // Packages are named by the first part of the group.
    let package = match (group, kind.as_str()) {
        (_, "DeleteOptions") => "meta",
        ("", _) => "core",
        (group, _) => group.split('.').next().unwrap_or_default(),
    };
    let name = match kind.as_str() {
        "DeleteOptions" => "meta.v1.DeleteOptions".to_owned(),
        kind => format!("{package}.{version}.{kind}"),
    };
    let mut object = message(&name, raw, 0)?;
    let fields = object.as_object_mut()?;
    fields.insert("apiVersion".to_owned(), Value::from(api_version));
    fields.insert("kind".to_owned(), Value::from(kind));
    Some(object)
}

fn text(field: Field<'_>) -> String {
    match field {
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    }
}

/// The fields of a type, in the form of the table.
fn shape(name: &str) -> Option<&'static str> {
    TABLE.lines().find_map(|line| {
        let (type_, rest) = line.split_once(' ').unwrap_or((line, ""));
        (type_ == name).then_some(rest)
    })
}

/// The value of a message.
fn message(name: &str, bytes: &[u8], depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    if let Some(value) = special(name, bytes) {
        return value;
    }
    let shape: Vec<(u64, &str, &str)> = shape(name)?
        .split(' ')
        .filter_map(|field| {
            let mut parts = field.splitn(3, ':');
            Some((parts.next()?.parse().ok()?, parts.next()?, parts.next()?))
        })
        .collect();
    let mut out = Map::new();
    for (number, field) in fields(bytes)? {
        // What is newer than the table is left out, as any server leaves out what it does not know.
        let Some((_, name, kind)) = shape.iter().find(|(n, _, _)| *n == number) else {
            continue;
        };
        if let Some(kind) = kind.strip_prefix('*') {
            let item = value(kind, field, depth)?;
            if let Value::Array(items) = out.entry(*name).or_insert_with(|| json!([])) {
                items.push(item);
            }
        } else if let Some(kind) = kind.strip_prefix('{') {
            let (key, item) = entry(kind, field, depth)?;
            if let Value::Object(map) = out.entry(*name).or_insert_with(|| json!({})) {
                map.insert(key, item);
            }
        } else if *name == "~" {
            if let Value::Object(inner) = value(kind, field, depth)? {
                out.extend(inner);
            }
        } else {
            let value = value(kind, field, depth)?;
            if !is_left_out(name, &value) {
                out.insert((*name).to_owned(), value);
            }
        }
    }
    Some(Value::Object(out))
}

fn value(kind: &str, field: Field<'_>, depth: usize) -> Option<Value> {
    Some(match (kind, field) {
        ("s", Field::Bytes(bytes)) => Value::from(String::from_utf8_lossy(bytes)),
        ("y", Field::Bytes(bytes)) => Value::from(STANDARD.encode(bytes)),
        ("b", Field::Number(number)) => Value::from(number != 0),
        // Negative numbers are in two's complement.
        ("i", Field::Number(number)) => Value::from(number as i64),
        ("d", Field::Fixed64(bits)) => Value::from(f64::from_bits(bits)),
        (kind, Field::Bytes(bytes)) => message(kind, bytes, depth + 1)?,
        _ => return None,
    })
}

fn entry(kind: &str, field: Field<'_>, depth: usize) -> Option<(String, Value)> {
    let Field::Bytes(bytes) = field else {
        return None;
    };
    let (mut key, mut item) = (String::new(), None);
    for (number, field) in fields(bytes)? {
        match number {
            1 => key = text(field),
            2 => item = Some(value(kind, field, depth)?),
            _ => {}
        }
    }
    let empty = || match kind {
        "s" | "y" => Value::from(""),
        _ => json!({}),
    };
    Some((key, item.unwrap_or_else(empty)))
}

/// Numbers and booleans that mean something when they are zero: the others are written whether they were
/// set or not, and in JSON they would not stand.
const KEPT: [&str; 33] = [
    "activeDeadlineSeconds",
    "allocateLoadBalancerNodePorts",
    "allowPrivilegeEscalation",
    "allowed",
    "automountServiceAccountToken",
    "averageUtilization",
    "backoffLimit",
    "blockOwnerDeletion",
    "completions",
    "controller",
    "defaultMode",
    "enableServiceLinks",
    "expirationSeconds",
    "failedJobsHistoryLimit",
    "fsGroup",
    "gracePeriodSeconds",
    "immutable",
    "minReplicas",
    "mode",
    "optional",
    "orphanDependents",
    "parallelism",
    "readOnlyRootFilesystem",
    "replicas",
    "revisionHistoryLimit",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "successfulJobsHistoryLimit",
    "suspend",
    "terminationGracePeriodSeconds",
    "ttlSecondsAfterFinished",
    "value",
];

fn is_left_out(name: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Bool(false) => !KEPT.contains(&name),
        Value::Number(number) => number.as_i64() == Some(0) && !KEPT.contains(&name),
        _ => false,
    }
}

/// Types whose JSON is not an object of their fields; `None` for all others.
fn special(name: &str, bytes: &[u8]) -> Option<Option<Value>> {
    let read = || fields(bytes);
    let number = |wanted: u64| {
        let found = read()?.into_iter().rev().find(|(n, _)| *n == wanted)?;
        match found.1 {
            Field::Number(number) => Some(number as i64),
            _ => None,
        }
    };
    let string = |wanted: u64| {
        let found = read()?.into_iter().rev().find(|(n, _)| *n == wanted)?;
        Some(text(found.1))
    };
    let value = match name {
        "meta.v1.Time" | "meta.v1.MicroTime" => {
            let seconds = number(1).unwrap_or_default();
            match seconds {
                0 => Value::Null,
                seconds => {
                    let nanos = seconds.saturating_mul(1_000_000_000);
                    let micros = number(2).unwrap_or_default() / 1000;
                    let time = format_time(nanos);
                    match name {
                        "meta.v1.MicroTime" => {
                            let time = time.trim_end_matches('Z');
                            Value::from(format!("{time}.{micros:06}Z"))
                        }
                        _ => Value::from(time),
                    }
                }
            }
        }
        "api.resource.Quantity" => Value::from(string(1).unwrap_or_default()),
        "util.intstr.IntOrString" => match number(1).unwrap_or_default() {
            0 => Value::from(number(2).unwrap_or_default()),
            _ => Value::from(string(3).unwrap_or_default()),
        },
        "meta.v1.Duration" => {
            let nanos = number(1).unwrap_or_default();
            Value::from(format!("{}s", nanos as f64 / 1e9))
        }
        "meta.v1.FieldsV1" | "pkg.runtime.RawExtension" | "apiextensions.v1.JSON" => {
            let raw = string(1).unwrap_or_default();
            serde_json::from_str(&raw).unwrap_or(Value::Null)
        }
        "authentication.v1.ExtraValue"
        | "authorization.v1.ExtraValue"
        | "certificates.v1.ExtraValue"
        | "meta.v1.Verbs" => {
            let Some(items) = read() else {
                return Some(None);
            };
            let items = items.into_iter().map(|(_, field)| Value::from(text(field)));
            Value::Array(items.collect())
        }
        _ => return None,
    };
    Some(read().map(|_| value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a field of bytes.
    fn put(number: u64, bytes: &[u8]) -> Vec<u8> {
        assert!(bytes.len() < 128);
        let mut out = vec![(number << 3 | 2) as u8, bytes.len() as u8];
        out.extend(bytes);
        out
    }

    fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let meta = [put(1, api_version.as_bytes()), put(2, kind.as_bytes())].concat();
        let mut out = MAGIC.to_vec();
        out.extend([put(1, &meta), put(2, raw)].concat());
        out
    }

    #[test]
    fn a_body_becomes_the_object_that_json_would_have_been() {
        let meta = [
            put(1, b"web"),
            put(2, b""),
            put(8, b""),
            put(11, &[put(1, b"app"), put(2, b"web")].concat()),
        ]
        .concat();
        // replicas: 0, then minReadySeconds: 0.
        let spec = [vec![1 << 3, 0], vec![5 << 3, 0]].concat();
        let raw = [put(1, &meta), put(2, &spec)].concat();
        assert_eq!(
            object(&envelope("apps/v1", "Deployment", &raw)),
            Some(json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "web", "labels": {"app": "web"}},
                "spec": {"replicas": 0},
            }))
        );
        let data = put(2, &[put(1, b"k"), put(2, b"v")].concat());
        let secret = object(&envelope("v1", "Secret", &data)).unwrap();
        assert_eq!(secret["data"], json!({"k": "dg=="}));
    }

    #[test]
    fn inner_messages_special_types_and_numbers() {
        // Probe { handler (inline): httpGet { path, port: IntOrString 80 }, periodSeconds: 5 }
        let port = [vec![1 << 3, 0], vec![2 << 3, 80]].concat();
        let get = [put(1, b"/"), put(2, &port)].concat();
        let probe = [put(1, &put(2, &get)), vec![4 << 3, 5]].concat();
        assert_eq!(
            message("core.v1.Probe", &probe, 0),
            Some(json!({"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5}))
        );
        let time = [1 << 3, 0x80, 0xa8, 0xd9, 0xca, 0x06];
        let value = message("meta.v1.Time", &time, 0).unwrap();
        assert!(value.as_str().unwrap().ends_with('Z'), "{value}");
        let minus_one = [[2 << 3].as_slice(), &[0xff; 9], &[1]].concat();
        let port = message("util.intstr.IntOrString", &minus_one, 0);
        assert_eq!(port, Some(json!(-1)));
    }

    #[test]
    fn what_is_cut_off_or_unknown_is_refused() {
        let whole = envelope("v1", "ConfigMap", &put(1, &put(1, b"a")));
        assert!(object(&whole).is_some());
        for end in 0..whole.len() {
            // Whatever is left of it: no panic.
            let _ = object(&whole[..end]);
        }
        assert_eq!(object(&envelope("x/v1", "Thing", b"")), None);
        assert_eq!(object(b"{}"), None);
    }

    #[test]
    fn every_type_of_the_table_is_in_the_table() {
        for line in TABLE.lines() {
            for field in line.split(' ').skip(1) {
                let kind = field.rsplit(':').next().unwrap();
                let kind = kind.trim_start_matches(['*', '{']);
                assert!(kind.len() == 1 || shape(kind).is_some(), "{line}: {kind}");
            }
        }
    }
}
