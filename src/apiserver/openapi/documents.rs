//! The documents that a server hands out: `/openapi/v3`, one document for each group and version below it,
//! and `/openapi/v2` with everything.
//!
//! They say enough for kubectl: which kinds stand under which paths, which parameters a patch takes, and
//! what the types hold.

use serde_json::{Map, Value, json};

use super::{REFERENCE, Schema, definition_name, reference};
use crate::api::KindInfo;
use crate::api::kinds::served_versions;
use crate::apiserver::Response;

const V2_REFERENCE: &str = "#/definitions/";

impl Schema {
    /// Answers a GET below `/openapi`; `None` for any other path.
    pub fn answer(&self, path: &str) -> Option<Response> {
        let rest = path.strip_prefix("/openapi/")?.trim_end_matches('/');
        let value = match rest {
            "v2" => self.v2(),
            "v3" => self.index(),
            rest => self.v3(rest.strip_prefix("v3/")?)?,
        };
        Some(Response::json(200, value))
    }

    /// Which documents there are. A hash tells clients whether theirs is still good.
    fn index(&self) -> Value {
        let mut paths = Map::new();
        for (root, _) in roots() {
            let hash = self
                .v3(&root)
                .map_or(0, |document| fnv(&document.to_string()));
            let url = format!("/openapi/v3/{root}?hash={hash:032X}");
            paths.insert(root, json!({"serverRelativeURL": url}));
        }
        json!({"paths": paths})
    }

    /// The document of `api/v1` or `apis/apps/v1`.
    fn v3(&self, root: &str) -> Option<Value> {
        let (_, kinds) = roots().into_iter().find(|(r, _)| r == root)?;
        let mut schemas = Map::new();
        let mut paths = Map::new();
        for info in kinds {
            let name = definition_name(info.group, info.version, info.kind);
            self.collect(&name, &mut schemas);
            add_paths(&mut paths, root, info);
        }
        Some(json!({
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": "v1.36.2"},
            "paths": paths,
            "components": {"schemas": schemas},
        }))
    }

    /// Everything at once, in the older form.
    fn v2(&self) -> Value {
        let mut definitions = Map::new();
        let mut paths = Map::new();
        for (root, kinds) in roots() {
            for info in kinds {
                let name = definition_name(info.group, info.version, info.kind);
                self.collect(&name, &mut definitions);
                add_paths(&mut paths, &root, info);
            }
        }
        let mut definitions = Value::Object(definitions);
        older(&mut definitions);
        json!({
            "swagger": "2.0",
            "info": {"title": "Kubernetes", "version": "v1.36.2"},
            "paths": paths,
            "definitions": definitions,
        })
    }

    /// Adds a definition and those that it refers to.
    fn collect(&self, name: &str, into: &mut Map<String, Value>) {
        if into.contains_key(name) {
            return;
        }
        let Some(definition) = self.definition(name) else {
            return;
        };
        into.insert(name.to_owned(), definition.clone());
        self.collect_below(definition, into);
    }

    fn collect_below(&self, value: &Value, into: &mut Map<String, Value>) {
        if let Some(name) = reference(value) {
            self.collect(name, into);
        }
        match value {
            Value::Object(fields) => fields.values().for_each(|v| self.collect_below(v, into)),
            Value::Array(items) => items.iter().for_each(|v| self.collect_below(v, into)),
            _ => {}
        }
    }
}

/// The paths of documents with the kinds in them.
fn roots() -> Vec<(String, Vec<&'static KindInfo>)> {
    let mut roots: Vec<(String, Vec<&'static KindInfo>)> = Vec::new();
    for info in served_versions() {
        let root = match info.group {
            "" => format!("api/{}", info.version),
            group => format!("apis/{group}/{}", info.version),
        };
        match roots.iter_mut().find(|(r, _)| *r == root) {
            Some((_, kinds)) => kinds.push(info),
            None => roots.push((root, vec![info])),
        }
    }
    roots
}

/// The paths of a kind: its list, and one object.
fn add_paths(paths: &mut Map<String, Value>, root: &str, info: &KindInfo) {
    let of_kind = json!({
        "group": info.group, "version": info.version, "kind": info.kind,
    });
    let operation = |action: &str, parameters: &[&str]| {
        let parameters: Vec<Value> = parameters
            .iter()
            .map(|name| {
                json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}})
            })
            .collect();
        json!({
            "x-kubernetes-action": action, "x-kubernetes-group-version-kind": of_kind,
            "parameters": parameters, "responses": {},
        })
    };
    let write = ["dryRun", "fieldManager", "fieldValidation"];
    let list = match info.namespaced {
        true => format!("/{root}/namespaces/{{namespace}}/{}", info.plural),
        false => format!("/{root}/{}", info.plural),
    };
    let one = format!("{list}/{{name}}");
    let lists = [
        "labelSelector",
        "fieldSelector",
        "limit",
        "continue",
        "watch",
    ];
    if info.namespaced {
        let everywhere = format!("/{root}/{}", info.plural);
        paths.insert(everywhere, json!({"get": operation("list", &lists)}));
    }
    paths.insert(
        list,
        json!({"get": operation("list", &lists), "post": operation("post", &write)}),
    );
    paths.insert(
        one,
        json!({
            "get": operation("get", &[]),
            "put": operation("put", &write),
            "patch": operation("patch", &["dryRun", "fieldManager", "fieldValidation", "force"]),
            "delete": operation("delete", &["dryRun", "gracePeriodSeconds", "propagationPolicy"]),
        }),
    );
}

/// The older form: references stand alone and lead elsewhere, and a type has one form only.
fn older(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::Array(all)) = fields.remove("allOf") {
                for part in all {
                    if let Value::Object(part) = part {
                        fields.extend(part);
                    }
                }
            }
            if fields.remove("oneOf").is_some() {
                fields.insert("type".to_owned(), Value::from("string"));
            }
            if let Some(Value::String(target)) = fields.get_mut("$ref")
                && let Some(name) = target.strip_prefix(REFERENCE)
            {
                *target = format!("{V2_REFERENCE}{name}");
            }
            fields.values_mut().for_each(older);
        }
        Value::Array(items) => items.iter_mut().for_each(older),
        _ => {}
    }
}

/// FNV-1a.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
