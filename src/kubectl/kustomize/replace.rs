//! Values that go from one object into others: `replacements`, and `vars` before them.
//! Models `ReplacementTransformer` (`api/filters/replacement`) and `api/internal/accumulator/refvartransformer.go`.

use serde_json::{Map, Value};

use super::{Builder, Resource, Result, cleaned};
use crate::api::yaml;
use crate::kubectl::json::{list, name, scalar, text};

/// Lists are not made longer than that for an index.
const MOST: usize = 1000;

pub fn run(
    builder: &Builder<'_>,
    folder: &str,
    kustomization: &Value,
    resources: &mut [Resource],
) -> Result<()> {
    for entry in list(kustomization, "replacements") {
        let path = text(entry, "path");
        if path.is_empty() {
            one(entry, resources)?;
            continue;
        }
        let path = cleaned(folder, path);
        let Some(source) = builder.files.read(&path) else {
            return Err(format!(
                "evalsymlink failure on '/root/{path}' : lstat /root/{path}: no such file or directory"
            ));
        };
        for document in yaml::parse(&source).documents {
            match &document.value {
                Value::Array(items) => items.iter().try_for_each(|item| one(item, resources))?,
                item => one(item, resources)?,
            }
        }
    }
    Ok(())
}

fn one(entry: &Value, resources: &mut [Resource]) -> Result<()> {
    let (source, targets) = (&entry["source"], list(entry, "targets"));
    if !source.is_object() || targets.is_empty() {
        return Err("replacements must specify a source and at least one target".to_owned());
    }
    let value = value_of(source, resources)?;
    for target in targets {
        let select = &target["select"];
        if !select.is_object() {
            return Err("target must specify resources to select".to_owned());
        }
        let paths: Vec<&str> = match list(target, "fieldPaths") {
            [] => vec!["metadata.name"],
            paths => paths.iter().filter_map(Value::as_str).collect(),
        };
        let create = target["options"]["create"] == true;
        for resource in resources.iter_mut() {
            let rejected = list(target, "reject").iter();
            if !is_selected(select, resource)
                || rejected.clone().any(|reject| is_selected(reject, resource))
            {
                continue;
            }
            for path in &paths {
                let parts = split(path);
                let mut found = 0;
                each(&mut resource.object, &parts, create, &mut |field| {
                    found += 1;
                    put(field, &value, &target["options"])
                })?;
                if found == 0 {
                    return Err(match create {
                        true => format!(
                            "unable to find or create field \"{path}\" in replacement target"
                        ),
                        false => format!("unable to find field \"{path}\" in replacement target"),
                    });
                }
            }
        }
    }
    Ok(())
}

/// Whether a selector means an object, by what it is called or was called once.
fn is_selected(select: &Value, resource: &Resource) -> bool {
    let version = text(&resource.object, "apiVersion");
    let version = version.rsplit('/').next().unwrap_or_default();
    let fits =
        |field: &str, own: &str| matches!(text(select, field), "") || text(select, field) == own;
    fits("group", resource.group())
        && fits("version", version)
        && fits("kind", resource.kind())
        && fits("namespace", text(&resource.object, "metadata.namespace"))
        && (text(select, "name").is_empty() || resource.is_called(text(select, "name")))
}

/// `Service.[noVer].[noGrp]/web.[noNs]`
fn shown(select: &Value) -> String {
    let or = |field: &str, none: &'static str| match text(select, field) {
        "" => none.to_owned(),
        text => text.to_owned(),
    };
    format!(
        "{}.{}.{}/{}.{}",
        or("kind", "[noKind]"),
        or("version", "[noVer]"),
        or("group", "[noGrp]"),
        or("name", "[noName]"),
        or("namespace", "[noNs]"),
    )
}

fn value_of(source: &Value, resources: &[Resource]) -> Result<Value> {
    let path = match text(source, "fieldPath") {
        "" => "metadata.name",
        path => path,
    };
    let mut found = resources.iter().filter(|r| is_selected(source, r));
    let resource = match (found.next(), found.next()) {
        (Some(one), None) => one,
        (None, _) => return Err(format!("nothing selected by {}", shown(source))),
        (Some(_), Some(_)) => {
            return Err(format!("multiple matches for selector {}", shown(source)));
        }
    };
    let mut values = Vec::new();
    let mut object = resource.object.clone();
    each(&mut object, &split(path), false, &mut |field| {
        values.push(field.clone());
        Ok(())
    })?;
    let Some(value) = values.into_iter().next().filter(|v| !v.is_null()) else {
        return Err(format!(
            "fieldPath `{path}` is missing for replacement source {}",
            shown(source)
        ));
    };
    let options = &source["options"];
    let delimiter = text(options, "delimiter");
    if delimiter.is_empty() {
        return Ok(value);
    }
    if value.is_array() || value.is_object() {
        return Err("delimiter option can only be used with scalar nodes".to_owned());
    }
    let whole = scalar(&value);
    let index = options["index"].as_i64().unwrap_or(0);
    let part = usize::try_from(index)
        .ok()
        .and_then(|i| whole.split(delimiter).nth(i));
    match part {
        Some(part) => Ok(part.into()),
        None => Err(format!(
            "options.index {index} is out of bounds for value {whole}"
        )),
    }
}

/// Puts a value into a field, or into a part of its text. A scalar stays of its type.
fn put(field: &mut Value, value: &Value, options: &Value) -> Result<()> {
    let delimiter = text(options, "delimiter");
    let mut value = value.clone();
    if !delimiter.is_empty() {
        if field.is_array() || field.is_object() {
            return Err("delimiter option can only be used with scalar nodes".to_owned());
        }
        let whole = scalar(field);
        let mut parts: Vec<String> = whole.split(delimiter).map(str::to_owned).collect();
        let index = options["index"].as_i64().unwrap_or(0);
        match usize::try_from(index) {
            Err(_) => parts.insert(0, scalar(&value)),
            Ok(at) => match parts.get_mut(at) {
                Some(part) => *part = scalar(&value),
                None => parts.push(scalar(&value)),
            },
        }
        value = parts.join(delimiter).into();
    }
    if value.is_array() || value.is_object() {
        *field = value;
        return Ok(());
    }
    let text = scalar(&value);
    *field = match field {
        Value::String(_) => text.into(),
        Value::Number(_) | Value::Bool(_) => {
            serde_json::from_str(&text).unwrap_or_else(|_| text.clone().into())
        }
        _ => value,
    };
    Ok(())
}

/// The parts of a path: dots part it, but for those between brackets.
fn split(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'.') => {
                chars.next();
                parts
                    .last_mut()
                    .map(|part| part.push('.'))
                    .unwrap_or_default();
                continue;
            }
            '[' => inside = true,
            ']' => inside = false,
            '.' if !inside => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

/// Visits the fields that a path leads to.
fn each(
    value: &mut Value,
    path: &[String],
    create: bool,
    visit: &mut dyn FnMut(&mut Value) -> Result<()>,
) -> Result<()> {
    let Some((first, rest)) = path.split_first() else {
        return visit(value);
    };
    if create && value.is_null() {
        let is_element = first.starts_with('[') && first.contains('=') || first == "-";
        *value = match is_element {
            true => Value::Array(Vec::new()),
            false => Value::Object(Map::new()),
        };
    }
    let inner = first.strip_prefix('[').and_then(|f| f.strip_suffix(']'));
    match value {
        Value::Array(items) if first == "*" => items
            .iter_mut()
            .try_for_each(|item| each(item, rest, create, visit)),
        Value::Array(items) => {
            if let Some((key, wanted)) = inner.and_then(|inner| inner.split_once('=')) {
                let is = |item: &Value| match key {
                    "" => scalar(item) == wanted,
                    key => !item[key].is_null() && scalar(&item[key]) == wanted,
                };
                if create && !items.iter().any(is) && items.len() < MOST {
                    let mut new = Map::new();
                    new.insert(key.to_owned(), wanted.into());
                    items.push(Value::Object(new));
                }
                let found = items.iter_mut().filter(|item| is(item));
                for item in found {
                    each(item, rest, create, visit)?;
                }
                return Ok(());
            }
            if first == "-" {
                if !create || items.len() >= MOST {
                    return Ok(());
                }
                items.push(Value::Null);
                return items
                    .last_mut()
                    .map_or(Ok(()), |item| each(item, rest, create, visit));
            }
            let at = first.parse::<usize>().ok();
            match at.and_then(|at| items.get_mut(at)) {
                Some(item) => each(item, rest, create, visit),
                None => Ok(()),
            }
        }
        Value::Object(map) => {
            let key = inner.unwrap_or(first);
            if create && !map.contains_key(key) {
                let mut new = Value::Null;
                each(&mut new, rest, create, visit)?;
                map.insert(key.to_owned(), new);
                return Ok(());
            }
            match map.get_mut(key) {
                Some(field) => each(field, rest, create, visit),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Puts the values of variables where `$(NAME)` stands, in the fields that may hold one.
pub fn variables(vars: &[Value], resources: &mut [Resource]) -> Result<()> {
    let mut values: Vec<(String, String)> = Vec::new();
    for var in vars {
        let reference = &var["objref"];
        let version = text(reference, "apiVersion");
        let mut found = resources.iter().filter(|r| {
            r.kind() == text(reference, "kind")
                && r.is_called(text(reference, "name"))
                && (version.is_empty() || text(&r.object, "apiVersion") == version)
        });
        let path = match text(var, "fieldref.fieldpath") {
            "" => "metadata.name",
            path => path,
        };
        let own = text(var, "name");
        let Some(resource) = found.next() else {
            continue;
        };
        let mut object = resource.object.clone();
        let mut value = None;
        each(&mut object, &split(path), false, &mut |field| {
            value = Some(scalar(field));
            Ok(())
        })?;
        match value {
            Some(value) => values.push((own.to_owned(), value)),
            None => {
                return Err(format!(
                    "field specified in var '{{{own} {} {{{path}}}}}' not found in corresponding resource",
                    name(reference)
                ));
            }
        }
    }
    if values.is_empty() {
        return Ok(());
    }
    for resource in resources {
        for path in HOLDERS {
            let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
            each(&mut resource.object, &parts, false, &mut |field| {
                expand(field, &values);
                Ok(())
            })?;
        }
        for root in [
            "spec",
            "spec/template/spec",
            "spec/jobTemplate/spec/template/spec",
        ] {
            for containers in ["containers", "initContainers"] {
                for field in [
                    "args/*",
                    "command/*",
                    "env/*/value",
                    "volumeMounts/*/mountPath",
                ] {
                    let path = format!("{root}/{containers}/*/{field}");
                    let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
                    each(&mut resource.object, &parts, false, &mut |field| {
                        expand(field, &values);
                        Ok(())
                    })?;
                }
            }
        }
    }
    Ok(())
}

/// Other fields that may hold a variable.
const HOLDERS: [&str; 5] = [
    "metadata/labels",
    "metadata/annotations",
    "spec/rules/*/host",
    "spec/tls/*/hosts/*",
    "spec/tls/*/secretName",
];

fn expand(field: &mut Value, values: &[(String, String)]) {
    match field {
        Value::String(text) => {
            for (name, value) in values {
                let holder = format!("$({name})");
                if text.contains(&holder) {
                    *text = text.replace(&holder, value);
                }
            }
        }
        Value::Object(map) => map
            .iter_mut()
            .filter(|(_, value)| value.is_string())
            .for_each(|(_, value)| expand(value, values)),
        _ => {}
    }
}
