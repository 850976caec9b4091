//! Any other kind: its fields, one to a line, under names made of the field names.

use serde_json::Value;

use super::events;
use super::page::Page;
use crate::kubectl::json::{scalar, text};
use crate::kubectl::kube::Kube;

/// Deeper fields are left out.
const DEEPEST: usize = 24;

pub async fn describe(kube: &Kube, object: &Value, page: &mut Page) {
    page.name_and_namespace(object);
    page.labels_and_annotations(object);
    page.pair("API Version", text(object, "apiVersion"));
    page.pair("Kind", text(object, "kind"));
    const SHOWN: [&str; 5] = [
        "name",
        "namespace",
        "labels",
        "annotations",
        "managedFields",
    ];
    for (key, value) in object.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("apiVersion" | "kind", _) => {}
            ("metadata", Value::Object(metadata)) => {
                let rest: Vec<(&String, &Value)> = metadata
                    .iter()
                    .filter(|(k, _)| !SHOWN.contains(&k.as_str()))
                    .collect();
                page.line(0, "Metadata:");
                for (key, value) in rest {
                    field(key, value, 1, page);
                }
            }
            _ => field(key, value, 0, page),
        }
    }
    events::write(kube, object, page).await;
}

fn field(key: &str, value: &Value, level: usize, page: &mut Page) {
    if level > DEEPEST {
        return;
    }
    let title = title(key);
    match value {
        Value::Object(map) => {
            page.line(level, &format!("{title}:"));
            for (key, value) in map {
                field(key, value, level + 1, page);
            }
        }
        Value::Array(items) => {
            page.line(level, &format!("{title}:"));
            for item in items {
                match item {
                    Value::Object(map) => {
                        for (key, value) in map {
                            field(key, value, level + 1, page);
                        }
                    }
                    other => page.line(level + 1, &scalar(other)),
                }
            }
        }
        other => page.line(level, &format!("{title}:\t{}", scalar(other))),
    }
}

/// `lastTransitionTime` becomes `Last Transition Time`; keys that are no field names stay.
fn title(key: &str) -> String {
    if key.contains(['.', '/', '-']) {
        return key.to_owned();
    }
    let mut out = String::new();
    let mut before = ' ';
    for (i, c) in key.chars().enumerate() {
        if i == 0 {
            out.extend(c.to_uppercase());
        } else {
            if c.is_uppercase() && before.is_lowercase() {
                out.push(' ');
            }
            out.push(c);
        }
        before = c;
    }
    match out.as_str() {
        "Uid" => "UID".to_owned(),
        _ => out,
    }
}
