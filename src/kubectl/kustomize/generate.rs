//! Config maps and secrets out of files and literals, and the hash in their names.
//! Models `api/internal/generators` and `api/hasher`.

use serde_json::{Map, Value, json};

use super::{Builder, Resource, Result, cleaned, resource, strings};
use crate::api::base64;
use crate::kubectl::json::{list, name, text};
use crate::tools::sha256;

pub fn run(
    builder: &Builder<'_>,
    folder: &str,
    kustomization: &Value,
    resources: &mut Vec<Resource>,
) -> Result<()> {
    for (field, kind) in [
        ("configMapGenerator", "ConfigMap"),
        ("secretGenerator", "Secret"),
    ] {
        for entry in list(kustomization, field) {
            let made = one(builder, folder, kustomization, entry, kind)?;
            put(entry, made, resources)?;
        }
    }
    Ok(())
}

/// Puts a generated object among the others, as its `behavior` says.
fn put(entry: &Value, made: Resource, resources: &mut Vec<Resource>) -> Result<()> {
    let behavior = text(entry, "behavior");
    let own = name(&made.object).to_owned();
    let kind = made.kind().to_owned();
    let place = text(&made.object, "metadata.namespace").to_owned();
    let mut found = resources.iter_mut().filter(|r| {
        let there = text(&r.object, "metadata.namespace");
        r.kind() == kind && r.is_called(&own) && (place.is_empty() || there == place)
    });
    let old = found.next();
    match (behavior, old) {
        ("merge" | "replace", None) => Err(format!(
            "merging from generator plugin: id resid.ResId{{Gvk:resid.Gvk{{Group:\"\", Version:\"v1\", Kind:\"{kind}\"}}, Name:\"{own}\", Namespace:\"{place}\"}} does not exist; cannot merge or replace"
        )),
        ("merge", Some(old)) => {
            for part in ["data", "binaryData", "stringData"] {
                let new = made.object[part].as_object().cloned().unwrap_or_default();
                if new.is_empty() {
                    continue;
                }
                match old.object[part].as_object_mut() {
                    Some(map) => map.extend(new),
                    None => old.object[part] = Value::Object(new),
                }
            }
            join_metadata(&mut old.object, &made.object);
            old.hashed |= made.hashed;
            Ok(())
        }
        ("replace", Some(old)) => {
            let metadata = old.object["metadata"].clone();
            old.object = made.object.clone();
            old.object["metadata"] = metadata;
            join_metadata(&mut old.object, &made.object);
            old.hashed |= made.hashed;
            Ok(())
        }
        ("" | "create" | "unspecified", _) => super::add(resources, made),
        (other, _) => Err(format!("unknown behavior {other}")),
    }
}

fn join_metadata(object: &mut Value, more: &Value) {
    for field in ["labels", "annotations"] {
        let Some(new) = more["metadata"][field].as_object().cloned() else {
            continue;
        };
        match object["metadata"][field].as_object_mut() {
            Some(map) => map.extend(new),
            None => object["metadata"][field] = Value::Object(new),
        }
    }
}

fn one(
    builder: &Builder<'_>,
    folder: &str,
    kustomization: &Value,
    entry: &Value,
    kind: &str,
) -> Result<Resource> {
    let own = text(entry, "name");
    if own.is_empty() {
        return Err(format!(
            "a {} needs a name",
            if kind == "Secret" {
                "secretGenerator"
            } else {
                "configMapGenerator"
            }
        ));
    }
    let mut pairs: Vec<(String, String)> = Vec::new();
    for literal in strings(entry, "literals")? {
        let Some((key, value)) = literal.split_once('=') else {
            return Err(format!(
                "loading KV pairs: literal sources [{literal}]: invalid literal source {literal}, expected key=value"
            ));
        };
        pairs.push((key.trim().to_owned(), unquoted(value).to_owned()));
    }
    let read = |path: &str| {
        let path = cleaned(folder, path);
        builder.files.read(&path).ok_or_else(|| {
            format!(
                "loading KV pairs: file sources: [{path}]: evalsymlink failure on '/root/{path}' : lstat /root/{path}: no such file or directory"
            )
        })
    };
    for file in strings(entry, "files")? {
        let (key, path) = match file.split_once('=') {
            Some((key, path)) => (key.to_owned(), path),
            None => (
                file.rsplit('/').next().unwrap_or(&file).to_owned(),
                file.as_str(),
            ),
        };
        pairs.push((key, read(path)?));
    }
    let mut envs = strings(entry, "envs")?;
    if let Some(env) = entry["env"].as_str() {
        envs.push(env.to_owned());
    }
    for env in envs {
        for line in read(&env)?.lines() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((key, value)) = line.split_once('=') {
                pairs.push((key.to_owned(), value.to_owned()));
            }
        }
    }
    let mut data = Map::new();
    for (key, value) in pairs {
        let value = match kind {
            "Secret" => base64::encode(value.as_bytes()),
            _ => value,
        };
        if data.insert(key.clone(), Value::from(value)).is_some() {
            return Err(format!(
                "cannot add key {key}, another key by that name already exists in the configMap"
            ));
        }
    }
    let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": own}});
    if !data.is_empty() {
        object["data"] = Value::Object(data);
    }
    if kind == "Secret" {
        let given = text(entry, "type");
        object["type"] = if given.is_empty() { "Opaque" } else { given }.into();
    }
    let place = text(entry, "namespace");
    if !place.is_empty() {
        object["metadata"]["namespace"] = place.into();
    }
    let mut hashed = true;
    for options in [&kustomization["generatorOptions"], &entry["options"]] {
        for field in ["labels", "annotations"] {
            let Some(new) = options[field].as_object() else {
                continue;
            };
            match object["metadata"][field].as_object_mut() {
                Some(map) => map.extend(new.clone()),
                None => object["metadata"][field] = Value::Object(new.clone()),
            }
        }
        if let Some(off) = options["disableNameSuffixHash"].as_bool() {
            hashed = !off;
        }
        if options["immutable"] == true {
            object["immutable"] = true.into();
        }
    }
    Ok(resource(object, hashed))
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        let inner = value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    value
}

/// Puts the hash of an object's content behind its name.
pub fn add_hash(resource: &mut Resource) {
    if !resource.hashed {
        return;
    }
    let own = name(&resource.object).to_owned();
    resource.names.push(own.clone());
    // Here, other than in `create --append-hash`, the name has no part in it.
    let mut nameless = resource.object.clone();
    nameless["metadata"]["name"] = "".into();
    let hashed = format!("{own}-{}", hash(&nameless));
    resource.object["metadata"]["name"] = hashed.into();
}

/// Ten letters that differ when the content does.
pub fn hash(object: &Value) -> String {
    let or_empty = |field: &str| match &object[field] {
        Value::Null => Value::from(""),
        value => value.clone(),
    };
    let mut content = json!({
        "kind": object["kind"], "name": object["metadata"]["name"], "data": or_empty("data"),
    });
    let also = match text(object, "kind") {
        "Secret" => {
            content["type"] = or_empty("type");
            "stringData"
        }
        _ => "binaryData",
    };
    if object[also].is_object() {
        content[also] = object[also].clone();
    }
    let digest = sha256::hex(crate::api::json::go_json(&content).as_bytes());
    digest
        .chars()
        .take(10)
        .map(|c| match c {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_kustomize() {
        // The cases of upstream's own tests, of kustomize's hasher and of kubectl's.
        for (object, expected) in [
            (
                json!({"kind": "ConfigMap", "metadata": {"name": ""}}),
                "6ct58987ht",
            ),
            (
                json!({"kind": "ConfigMap", "metadata": {"name": ""}, "data": {}}),
                "42745tchd9",
            ),
            (
                json!({"kind": "ConfigMap", "metadata": {"name": ""}, "data": {"one": ""}}),
                "9g67k2htb6",
            ),
            (
                json!({"kind": "ConfigMap", "metadata": {"name": ""}, "data": {"two": 2, "one": "", "three": 3}}),
                "7757f9kkct",
            ),
            (
                json!({"kind": "ConfigMap", "metadata": {"name": ""}, "data": {"two": "2", "one": "", "three": "3"}}),
                "f5h7t85m9b",
            ),
        ] {
            assert_eq!(hash(&object), expected);
        }
    }
}
