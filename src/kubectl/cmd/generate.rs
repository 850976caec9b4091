//! What `kubectl create TYPE NAME`, `run` and `expose` have in common: objects made from flags.
//! Models `k8s.io/kubectl/pkg/cmd/{create,run,expose}`.

use serde_json::{Map, Value, json};

use crate::api::Kind;
use crate::api::kinds::KindInfo;
use crate::apiserver::Method;
use crate::apiserver::patch::apply::LAST_APPLIED;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::text;
use crate::kubectl::kube::{DryRun, Kube, path};
use crate::kubectl::printers::done;

/// Flags of all generators.
pub(super) const COMMON: &str = "dry-run='none'?unchanged field-manager='kubectl-create' save-config=false validate='strict'?strict";

pub fn known(api_version: &str, kind: &str) -> Result<&'static KindInfo> {
    match Kind::by_gvk(api_version, kind) {
        Some(kind) => Ok(kind.info()),
        None => plain(format!(
            "no matches for kind \"{kind}\" in version \"{api_version}\""
        )),
    }
}

/// The one name that a generator takes.
pub(super) fn only_name(kube: &Kube) -> Result<String> {
    match kube.flags.arguments.as_slice() {
        [name] => Ok(name.clone()),
        others => kube.usage(&format!(
            "exactly one NAME is required, got {}",
            others.len()
        )),
    }
}

/// Creates an object and says so; `lead` is how its failure begins, if in kubectl's own words.
pub(super) async fn make(
    kube: &Kube,
    kind: &'static KindInfo,
    object: Value,
    manager: &str,
    lead: &str,
    word: &str,
) -> Result<()> {
    let object = made(kube, kind, object, manager, lead).await?;
    done(kube, kind, &object, word)
}

/// As [`make`], without saying so.
pub(super) async fn made(
    kube: &Kube,
    kind: &'static KindInfo,
    mut object: Value,
    manager: &str,
    lead: &str,
) -> Result<Value> {
    let mut namespace = String::new();
    if kind.namespaced {
        namespace = kube.namespace();
        // Only a namespace that is asked for becomes part of the object.
        if kube.namespace_given() {
            object["metadata"]["namespace"] = Value::from(namespace.as_str());
        }
    }
    if !kube.flags.text("overrides").is_empty() {
        object = overridden(kube, kind, object)?;
        as_typed(&mut object);
    }
    // `run` keeps nothing when nothing is made.
    if kube.flags.is("save-config")
        && !(manager == "kubectl-run" && kube.dry_run()? == DryRun::Client)
    {
        let mut kept = object.clone();
        show_empty(&mut kept);
        let text = crate::kubectl::printers::order::json(&kept, None) + "\n";
        *crate::kubectl::json::place(&mut object, &["metadata", "annotations", LAST_APPLIED]) =
            text.into();
    }
    if kube.dry_run()? != DryRun::Client {
        let request = kube
            .change(Method::Post, path(kind, &namespace, "", ""), manager)?
            .with_body(object);
        object = kube.json(request).await.map_err(|failure| match lead {
            "" => failure,
            lead => Failure::Plain(format!("{lead} {}", failure.message())),
        })?;
    } else {
        show_empty(&mut object);
    }
    Ok(object)
}

/// The object as `--overrides` changes it (`k8s.io/kubectl/pkg/cmd/util/override_options.go`).
pub(super) fn overridden(kube: &Kube, kind: &KindInfo, object: Value) -> Result<Value> {
    use crate::apiserver::patch::{json_patch, merge_patch, schema::PatchSchema, strategic};
    let text = kube.flags.text("overrides");
    let patch: Option<Value> = serde_json::from_str(text).ok();
    let type_ = kube.flags.text("override-type");
    let changed = match (type_, patch, object) {
        ("" | "merge", Some(patch @ Value::Object(_)), object) => {
            merge_patch::apply(object, &patch)
        }
        ("" | "merge", _, _) => return plain("Invalid JSON Patch"),
        ("json", Some(patch), object) => json_patch::apply(&object, &patch)
            .map_err(|e| Failure::Plain(e.message().to_owned()))?,
        ("strategic", Some(Value::Object(patch)), Value::Object(object)) => {
            let schema = PatchSchema::of_kind(kind.group, kind.kind)
                .ok_or_else(|| Failure::from("invalid JSON document"))?;
            strategic::apply(object, patch, schema)
                .map(Value::Object)
                .map_err(|e| Failure::Plain(e.message().to_owned()))?
        }
        ("json" | "strategic", _, _) => return plain("invalid JSON document"),
        (other, _, _) => {
            return plain(format!("invalid override type: {other}"));
        }
    };
    let field = |name: &str| changed[name].as_str().unwrap_or_default();
    let (version, kind) = (field("apiVersion"), field("kind"));
    if known(version, kind).is_err() {
        return plain(format!(
            "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"pkg/scheme/scheme.go:28\""
        ));
    }
    Ok(changed)
}

/// An object of a file as Go prints it once it was read into one of its types: with the structs that are empty.
pub fn as_typed(object: &mut Value) {
    show_empty(object);
    if text(object, "kind") == "Deployment" {
        let strategy = crate::kubectl::json::place(object, &["spec", "strategy"]);
        if strategy.is_null() {
            *strategy = json!({});
        }
    }
    for root in [
        &["spec"][..],
        &["spec", "template", "spec"],
        &["spec", "jobTemplate", "spec", "template", "spec"],
    ] {
        let mut spec = Some(&mut *object);
        for field in root {
            spec = spec.and_then(|value| value.get_mut(*field));
        }
        let Some(spec) = spec else {
            continue;
        };
        for field in ["containers", "initContainers"] {
            let containers = spec.get_mut(field).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                show_resources(container);
            }
        }
    }
    if text(object, "kind") == "Service" {
        let ports = object["spec"]
            .get_mut("ports")
            .and_then(Value::as_array_mut);
        for port in ports.into_iter().flatten() {
            if port["targetPort"].is_null() {
                port["targetPort"] = 0.into();
            }
        }
    }
}

fn show_resources(container: &mut Value) {
    if let Some(container) = container.as_object_mut() {
        container.entry("resources").or_insert_with(|| json!({}));
        for variable in container
            .get_mut("env")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            // An empty value is none.
            if variable["value"] == ""
                && let Some(variable) = variable.as_object_mut()
            {
                variable.remove("value");
            }
        }
    }
}

/// What Go prints of structs that are empty: the status of most kinds, a namespace's spec.
fn show_empty(object: &mut Value) {
    let empty = match text(object, "kind") {
        "Deployment" | "Pod" | "Namespace" | "Job" | "CronJob" | "ResourceQuota" => json!({}),
        "Service" | "Ingress" => json!({"loadBalancer": {}}),
        "PodDisruptionBudget" => json!({
            "currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0,
        }),
        "HorizontalPodAutoscaler" => json!({"currentMetrics": null, "desiredReplicas": 0}),
        _ => return,
    };
    if text(object, "kind") == "Namespace" && object["spec"].is_null() {
        object["spec"] = json!({});
    }
    if object["status"].is_null() {
        object["status"] = empty;
    }
}

pub(super) const MANAGER: &str = "kubectl-create";

/// Whether a text may name an image (`github.com/distribution/reference`).
pub(super) fn is_reference(text: &str) -> bool {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    if digest.is_some_and(|d| !d.contains(':') || d.len() < 34) {
        return false;
    }
    let slash = rest.rfind('/').map_or(0, |i| i + 1);
    let (path, tag) = match rest.get(slash..).and_then(|last| last.find(':')) {
        Some(colon) => rest.split_at(slash + colon),
        None => (rest, ""),
    };
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(tag) = tag.strip_prefix(':') {
        let rest = |c: char| word(c) || c == '.' || c == '-';
        if !tag.starts_with(word) || tag.len() > 128 || !tag.chars().all(rest) {
            return false;
        }
    }
    let mut parts = path.split('/').peekable();
    let host = |p: &str| {
        p.starts_with(|c: char| c.is_ascii_alphanumeric())
            && p.chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'))
    };
    if path.contains('/') && parts.peek().is_some_and(|first| host(first)) {
        parts.next();
    }
    let name = |p: &str| {
        let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        p.starts_with(end)
            && p.ends_with(end)
            && p.chars().all(|c| end(c) || matches!(c, '.' | '-' | '_'))
    };
    parts.all(name)
}

pub(super) fn number_or_text(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) => number.into(),
        Err(_) => text.into(),
    }
}

/// `a=b,c=d` as a map.
pub(super) fn labels(text: &str) -> Result<Map<String, Value>> {
    let mut map = Map::new();
    for pair in text.split(',').filter(|p| !p.is_empty()) {
        match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() && !value.contains('=') => {
                map.insert(key.to_owned(), value.into());
            }
            _ => return plain(format!("unexpected label spec: {pair}")),
        }
    }
    Ok(map)
}
