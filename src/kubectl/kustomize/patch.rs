//! Patches: strategic merges and JSON patches, with and without a target.
//! Models `PatchTransformer`, `PatchStrategicMergeTransformer` and `PatchJson6902Transformer`.

use serde_json::Value;

use super::{Builder, Resource, Result, cleaned, id_of};
use crate::api::pattern::Pattern;
use crate::api::selector::Selector;
use crate::api::yaml;
use crate::apiserver::patch::{PatchSchema, json_patch, merge_patch, strategic};
use crate::kubectl::json::{entries, list, name, text};

pub fn run(
    builder: &Builder<'_>,
    folder: &str,
    kustomization: &Value,
    resources: &mut Vec<Resource>,
) -> Result<()> {
    for entry in list(kustomization, "patchesStrategicMerge") {
        let Some(entry) = entry.as_str() else {
            return Err("invalid Kustomization: patchesStrategicMerge holds texts".to_owned());
        };
        // A file's name, or the patch itself.
        let source = match builder.files.read(&cleaned(folder, entry)) {
            Some(text) => text,
            None if entry.contains('\n') || entry.contains(':') => entry.to_owned(),
            None => return Err(missing(folder, entry)),
        };
        for patch in documents(&source)? {
            merge_by_name(&patch, resources)?;
        }
    }
    for field in ["patches", "patchesJson6902"] {
        for entry in list(kustomization, field) {
            one(builder, folder, entry, resources)?;
        }
    }
    Ok(())
}

fn missing(folder: &str, path: &str) -> String {
    let path = cleaned(folder, path);
    format!(
        "trouble configuring builtin PatchTransformer: failed to get the patch file from path({path}): evalsymlink failure on '/root/{path}' : lstat /root/{path}: no such file or directory"
    )
}

fn documents(source: &str) -> Result<Vec<Value>> {
    let parsed = yaml::parse(source);
    match parsed.error {
        Some(error) => Err(format!(
            "unable to parse SM or JSON patch from [{}]: {}",
            source.trim_end(),
            error.message
        )),
        None => Ok(parsed.documents.into_iter().map(|d| d.value).collect()),
    }
}

fn one(
    builder: &Builder<'_>,
    folder: &str,
    entry: &Value,
    resources: &mut Vec<Resource>,
) -> Result<()> {
    let (inline, path) = (text(entry, "patch"), text(entry, "path"));
    let source = match (inline, path) {
        ("", "") => {
            return Err(format!(
                "trouble configuring builtin PatchTransformer with config: `\n{}`: must specify one of patch and path in\n{}",
                yaml::to_yaml(entry),
                yaml::to_yaml(entry)
            ));
        }
        (inline, "") => inline.to_owned(),
        ("", path) => builder
            .files
            .read(&cleaned(folder, path))
            .ok_or_else(|| missing(folder, path))?,
        _ => return Err("patch and path can't be set at the same time".to_owned()),
    };
    let target = &entry["target"];
    let patches = documents(&source)?;
    if let [Value::Array(operations)] = patches.as_slice() {
        if !target.is_object() {
            return Err("must specify a target for JSON patch".to_owned());
        }
        let patch = Value::Array(operations.clone());
        for at in selected(target, resources)? {
            let Some(resource) = resources.get_mut(at) else {
                continue;
            };
            let new =
                json_patch::apply(&resource.object, &patch).map_err(|e| e.message().to_owned())?;
            change(resource, new, &entry["options"]);
        }
        return Ok(());
    }
    for patch in patches {
        if !patch.is_object() {
            return Err(format!(
                "unable to parse SM or JSON patch from [{}]",
                source.trim_end()
            ));
        }
        if !target.is_object() {
            merge_by_name(&patch, resources)?;
            continue;
        }
        let mut gone = Vec::new();
        for at in selected(target, resources)? {
            let Some(resource) = resources.get_mut(at) else {
                continue;
            };
            if text(&patch, "$patch") == "delete" {
                gone.push(at);
                continue;
            }
            let new = merged(&resource.object, &patch)?;
            change(resource, new, &entry["options"]);
        }
        for at in gone.into_iter().rev() {
            resources.remove(at);
        }
    }
    Ok(())
}

/// Takes what a patch made of an object; its name and kind stay unless the options say otherwise.
fn change(resource: &mut Resource, mut new: Value, options: &Value) {
    let old = &resource.object;
    if options["allowNameChange"] != true {
        new["metadata"]["name"] = old["metadata"]["name"].clone();
    } else if name(&new) != name(old) {
        resource.names.push(name(old).to_owned());
    }
    if options["allowKindChange"] != true {
        new["kind"] = old["kind"].clone();
    }
    resource.object = new;
}

/// Merges a patch into the object that it names.
fn merge_by_name(patch: &Value, resources: &mut Vec<Resource>) -> Result<()> {
    let group = |object: &Value| {
        let version = text(object, "apiVersion");
        version.split_once('/').map_or("", |(g, _)| g).to_owned()
    };
    let place = text(patch, "metadata.namespace");
    let found: Vec<usize> = resources
        .iter()
        .enumerate()
        .filter(|(_, r)| {
            r.kind() == text(patch, "kind")
                && r.group() == group(patch)
                && r.is_called(name(patch))
                && (place.is_empty() || text(&r.object, "metadata.namespace") == place)
        })
        .map(|(i, _)| i)
        .collect();
    let [at] = found.as_slice() else {
        let id = id_of(patch);
        return Err(match found.is_empty() {
            true => format!(
                "no resource matches strategic merge patch \"{id}\": no matches for Id {id}; failed to find unique target for patch {id}"
            ),
            false => {
                format!("multiple matches for Id {id}; failed to find unique target for patch {id}")
            }
        });
    };
    if text(patch, "$patch") == "delete" {
        resources.remove(*at);
        return Ok(());
    }
    if let Some(resource) = resources.get_mut(*at) {
        let new = merged(&resource.object, patch)?;
        change(resource, new, &Value::Null);
    }
    Ok(())
}

fn merged(object: &Value, patch: &Value) -> Result<Value> {
    let version = text(object, "apiVersion");
    let group = version.split_once('/').map_or("", |(g, _)| g);
    let mut patch = patch.clone();
    // Which object is meant is said by name and namespace; the merge does not move it.
    if let Some(metadata) = patch["metadata"].as_object_mut() {
        metadata.remove("namespace");
    }
    let schema = PatchSchema::of_kind(group, text(object, "kind"));
    match (schema, object, &patch) {
        (Some(schema), Value::Object(object), Value::Object(fields)) => {
            strategic::apply(object.clone(), fields.clone(), schema)
                .map(Value::Object)
                .map_err(|e| e.message().to_owned())
        }
        _ => Ok(merge_patch::apply(object.clone(), &patch)),
    }
}

/// The objects that a target selects.
fn selected(target: &Value, resources: &[Resource]) -> Result<Vec<usize>> {
    for field in target.as_object().into_iter().flat_map(|map| map.keys()) {
        const KNOWN: [&str; 7] = [
            "group",
            "version",
            "kind",
            "name",
            "namespace",
            "labelSelector",
            "annotationSelector",
        ];
        if !KNOWN.contains(&field.as_str()) {
            return Err(format!(
                "invalid Kustomization: json: unknown field \"{field}\""
            ));
        }
    }
    let expression = |field: &str| -> Result<Option<Pattern>> {
        match text(target, field) {
            "" => Ok(None),
            source => Pattern::compile(&format!("^({source})$"), true, false).map(Some),
        }
    };
    let (group, version) = (expression("group")?, expression("version")?);
    let (kind, place) = (expression("kind")?, expression("namespace")?);
    let own = expression("name")?;
    let selector = |field: &str| match text(target, field) {
        "" => Ok(None),
        source => Selector::parse(source).map(Some),
    };
    let (labels, annotations) = (selector("labelSelector")?, selector("annotationSelector")?);
    let fits =
        |pattern: &Option<Pattern>, value: &str| pattern.as_ref().is_none_or(|p| p.is_match(value));
    let selects = |selector: &Option<Selector>, object: &Value, path: &str| {
        selector.as_ref().is_none_or(|s| {
            let own = entries(object, path);
            let own = own.map(|(k, v)| (k.to_owned(), v.as_str().unwrap_or_default().to_owned()));
            s.matches(&own.collect())
        })
    };
    Ok(resources
        .iter()
        .enumerate()
        .filter(|(_, r)| {
            let api_version = text(&r.object, "apiVersion");
            let plain = api_version.rsplit('/').next().unwrap_or(api_version);
            fits(&group, r.group())
                && fits(&version, plain)
                && fits(&kind, r.kind())
                && (fits(&own, name(&r.object)) || r.names.iter().any(|n| fits(&own, n)))
                && fits(&place, text(&r.object, "metadata.namespace"))
                && selects(&labels, &r.object, "metadata.labels")
                && selects(&annotations, &r.object, "metadata.annotations")
        })
        .map(|(i, _)| i)
        .collect())
}
