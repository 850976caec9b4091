//! Any other kind: its fields, one to a line, under names made of the field names.

use serde_json::Value;

use super::events;
use super::page::Page;
use crate::kubectl::json::scalar;
use crate::kubectl::kube::Kube;

/// Deeper fields are left out.
const DEEPEST: usize = 24;

pub async fn describe(kube: &Kube, object: &Value, page: &mut Page) {
    page.name_and_namespace(object);
    page.labels_and_annotations(object);
    const SHOWN: [&str; 5] = [
        "name",
        "namespace",
        "labels",
        "annotations",
        "managedFields",
    ];
    for (key, value) in object.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
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
                    other => page.line(level + 1, &shown(other)),
                }
            }
        }
        other => page.line(level, &format!("{title}:\t{}", shown(other))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        other => scalar(other),
    }
}

/// `lastTransitionTime` becomes `Last Transition Time`, `apiVersion` becomes `API Version`; keys that are no field
/// names stay (`smartLabelFor`).
fn title(key: &str) -> String {
    if key.chars().any(|c| !c.is_alphabetic() && c != '-') {
        return key.to_owned();
    }
    let parts: Vec<String> = parts(key)
        .into_iter()
        .map(|part| {
            let upper = part.to_uppercase();
            if ["API", "URL", "UID", "OSB", "GUID"].contains(&upper.as_str()) {
                return upper;
            }
            let mut letters = part.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters).collect()
        })
        .collect();
    parts.join(" ")
}

/// The words of a name in camel case: runs of letters of one kind, where the last capital of several belongs to
/// the small letters behind it, unless these are the s of a plural (kubernetes#135683).
fn parts(key: &str) -> Vec<String> {
    let class = |c: char| match c {
        c if c.is_lowercase() => 0,
        c if c.is_uppercase() => 1,
        _ => 2,
    };
    let mut parts: Vec<String> = Vec::new();
    let mut before = None;
    for c in key.chars() {
        match parts.last_mut() {
            Some(part) if before == Some(class(c)) => part.push(c),
            _ => parts.push(c.to_string()),
        }
        before = Some(class(c));
    }
    for i in 1..parts.len() {
        let (Some(word), Some(next)) = (parts.get(i - 1), parts.get(i)) else {
            break;
        };
        let (capitals, small) = (
            word.ends_with(char::is_uppercase),
            next.starts_with(char::is_lowercase),
        );
        if next == "s" && word.chars().nth(1).is_some_and(char::is_uppercase) {
            let plural = parts.get_mut(i).map(std::mem::take).unwrap_or_default();
            if let Some(word) = parts.get_mut(i - 1) {
                word.push_str(&plural);
            }
        } else if capitals && small {
            let last = parts.get_mut(i - 1).and_then(String::pop);
            if let (Some(last), Some(next)) = (last, parts.get_mut(i)) {
                next.insert(0, last);
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn names_of_fields_become_titles() {
        for (key, expected) in [
            ("lastTransitionTime", "Last Transition Time"),
            ("apiVersion", "API Version"),
            ("URLPath", "URL Path"),
            ("uid", "UID"),
            ("respectPDBs", "Respect PDBs"),
            ("clientCIDRsSeen", "Client CIDRs Seen"),
            ("isSet", "Is Set"),
            ("openAPIV3Schema", "openAPIV3Schema"),
            (
                "x-kubernetes-preserve-unknown-fields",
                "X - Kubernetes - Preserve - Unknown - Fields",
            ),
            ("jsonPath", "Json Path"),
            ("a.b/c", "a.b/c"),
        ] {
            assert_eq!(title(key), expected);
        }
    }
}
