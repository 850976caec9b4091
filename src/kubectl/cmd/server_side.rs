//! `kubectl apply --server-side`: the server merges. What earlier applies on the client's side own
//! is handed over (`k8s.io/client-go/util/csaupgrade`).

use serde_json::{Value, json};

use super::apply::field_validation;
use crate::apiserver::patch::apply::LAST_APPLIED;
use crate::apiserver::request::{APPLY_PATCH, JSON_PATCH};
use crate::apiserver::{Method, Request};
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::{annotation, list, name, text};
use crate::kubectl::kube::{Kube, path};
use crate::kubectl::manifests::Manifest;

/// The field manager of `kubectl apply --server-side`.
const MANAGER: &str = "kubectl";

/// Who owns the annotation of client-side apply once the server merges.
const ANNOTATION_MANAGER: &str = "kubectl-last-applied";

/// How often the hand-over is tried again when the object changes meanwhile.
const RETRIES: usize = 5;

/// Applies a manifest; returns the object.
pub async fn apply(kube: &Kube, manifest: &Manifest) -> Result<Value> {
    if manifest.name().is_empty() {
        return plain("resource name may not be empty");
    }
    let object = match send(kube, manifest, &manifest.object, MANAGER).await {
        Ok(object) => object,
        Err(failure) if failure.is_conflict() => return Err(conflict(&failure)),
        Err(failure) => return Err(failure),
    };
    let kept = match keep_annotation(kube, manifest, &object).await {
        Ok(kept) => kept,
        Err(failure) => {
            kube.warn(&format!(
                "Warning: failed to save last-applied annotation: {}",
                failure.message()
            ));
            return Ok(object);
        }
    };
    let object = kept.unwrap_or(object);
    match hand_over(kube, manifest, &object).await {
        Ok(true) => send(kube, manifest, &manifest.object, MANAGER).await,
        Ok(false) => Ok(object),
        Err(failure) => {
            kube.warn(&format!(
                "Warning: server rejected managed fields migration to Server-Side Apply. This is non-fatal and will be retried next time you apply. Error: {}",
                failure.message()
            ));
            Ok(object)
        }
    }
}

async fn send(kube: &Kube, manifest: &Manifest, object: &Value, manager: &str) -> Result<Value> {
    let request = request(kube, manifest, manager)?
        .with_query("fieldValidation", field_validation(kube))
        .with_query("force", kube.flags.is("force-conflicts").to_string())
        .with_body(object.clone());
    kube.json(Request {
        content_type: APPLY_PATCH,
        ..request
    })
    .await
}

fn request(kube: &Kube, manifest: &Manifest, manager: &str) -> Result<Request> {
    let part = kube.flags.text("subresource");
    let place = path(manifest.kind, &manifest.namespace, manifest.name(), part);
    kube.change(Method::Patch, place, manager)
}

/// The manager of this run.
fn manager(kube: &Kube) -> &str {
    match kube.flags.text("field-manager") {
        "" => MANAGER,
        given => given,
    }
}

/// The entries of an object's managers that do `operation` and own the annotation of client-side
/// apply.
fn owners_of_annotation<'o>(object: &'o Value, operation: &str) -> Vec<&'o Value> {
    let field = format!("f:{LAST_APPLIED}");
    let entries = list(object, "metadata.managedFields").iter();
    let owns = |entry: &&Value| {
        text(entry, "operation") == operation
            && entry["fieldsV1"]["f:metadata"]["f:annotations"]
                .get(&field)
                .is_some()
    };
    entries.filter(owns).collect()
}

/// Lets a manager of its own apply the annotation, so that it does not go when the configuration
/// is handed over.
async fn keep_annotation(
    kube: &Kube,
    manifest: &Manifest,
    object: &Value,
) -> Result<Option<Value>> {
    let Some(last) = annotation(object, LAST_APPLIED) else {
        return Ok(None);
    };
    if manager(kube) != MANAGER || !owners_of_annotation(object, "Apply").is_empty() {
        return Ok(None);
    }
    let mut just = json!({
        "apiVersion": object["apiVersion"], "kind": object["kind"],
        "metadata": {"name": name(object), "annotations": {LAST_APPLIED: last}},
    });
    if !manifest.namespace.is_empty() {
        just["metadata"]["namespace"] = Value::from(manifest.namespace.as_str());
    }
    let mut request = request(kube, manifest, ANNOTATION_MANAGER)?.with_body(just);
    for (key, value) in &mut request.query {
        if key == "fieldManager" {
            *value = ANNOTATION_MANAGER.to_owned();
        }
    }
    let request = Request {
        content_type: APPLY_PATCH,
        ..request
    };
    kube.json(request).await.map(Some)
}

/// Makes what client-side apply owned a part of what this manager applies; tells whether there
/// was something.
async fn hand_over(kube: &Kube, manifest: &Manifest, object: &Value) -> Result<bool> {
    let mut object = object.clone();
    for attempt in 0..=RETRIES {
        let Some(entries) = upgraded(&object, manager(kube)) else {
            return Ok(false);
        };
        let patch = json!([
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
            {"op": "replace", "path": "/metadata/resourceVersion",
             "value": text(&object, "metadata.resourceVersion")},
        ]);
        let request = Request {
            content_type: JSON_PATCH,
            ..request(kube, manifest, MANAGER)?.with_body(patch)
        };
        match kube.json(request).await {
            Ok(_) => return Ok(true),
            Err(failure) if failure.is_conflict() && attempt < RETRIES => {
                object = kube
                    .get(manifest.kind, &manifest.namespace, manifest.name())
                    .await?;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(false)
}

/// The entries with those of client-side apply made part of the applier's.
fn upgraded(object: &Value, manager: &str) -> Option<Vec<Value>> {
    let old: Vec<String> = owners_of_annotation(object, "Update")
        .into_iter()
        .map(|entry| text(entry, "manager").to_owned())
        .collect();
    let is_old = |entry: &Value| {
        text(entry, "operation") == "Update"
            && text(entry, "subresource").is_empty()
            && old.iter().any(|name| name == text(entry, "manager"))
    };
    let entries = list(object, "metadata.managedFields");
    let gone: Vec<&Value> = entries.iter().filter(|e| is_old(e)).collect();
    let first = *gone.first()?;
    let mut left: Vec<Value> = entries.iter().filter(|e| !is_old(e)).cloned().collect();
    let applier = left.iter().position(|entry| {
        text(entry, "operation") == "Apply"
            && text(entry, "subresource").is_empty()
            && text(entry, "manager") == manager
    });
    let at = applier.unwrap_or_else(|| {
        let mut entry = first.clone();
        entry["operation"] = Value::from("Apply");
        entry["manager"] = Value::from(manager);
        left.push(entry);
        left.len() - 1
    });
    for entry in gone {
        if let Some(own) = left.get_mut(at) {
            join(&mut own["fieldsV1"], &entry["fieldsV1"]);
        }
    }
    Some(left)
}

/// Adds the fields of one set to another.
fn join(fields: &mut Value, more: &Value) {
    let (Some(fields), Some(more)) = (fields.as_object_mut(), more.as_object()) else {
        return;
    };
    for (step, below) in more {
        match fields.get_mut(step) {
            Some(own) => join(own, below),
            None => {
                fields.insert(step.clone(), below.clone());
            }
        }
    }
}

/// Tells whose fields are in the way, and what may be done.
fn conflict(failure: &Failure) -> Failure {
    Failure::Plain(format!(
        "{}\n\
        Please review the fields above--they currently have other managers. Here\n\
        are the ways you can resolve this warning:\n\
        * If you intend to manage all of these fields, please re-run the apply\n\
        \x20 command with the `--force-conflicts` flag.\n\
        * If you do not intend to manage all of the fields, please edit your\n\
        \x20 manifest to remove references to the fields that should keep their\n\
        \x20 current managers.\n\
        * You may co-own fields by updating your manifest to match the existing\n\
        \x20 value; in this case, you'll become the manager if the other manager(s)\n\
        \x20 stop managing the field (remove it from their configuration).\n\
        See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts",
        failure.message()
    ))
}
