//! `kubectl diff`: what an apply would change. Models `k8s.io/kubectl/pkg/cmd/diff`.

use serde_json::{Map, Value};

use super::apply::patch_for;
use super::{Command, FILES, needs_files};
use crate::api::rfc3339::format_time;
use crate::api::yaml::to_yaml;
use crate::apiserver::patch::apply::Patch;
use crate::apiserver::request::{APPLY_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH};
use crate::apiserver::{Method, Request};
use crate::kubectl::diff::unified;
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::place;
use crate::kubectl::kube::{APPLY_MANAGER, Kube, path};
use crate::kubectl::manifests::Manifest;

pub const DIFF: Command = Command {
    path: "diff",
    short: "Diff the live version against a would-be applied version",
    help: "-f FILENAME
Show how the objects of the cluster would change if files were applied. The exit code is 0 without differences, 1 with, and more than 1 when something failed. KUBECTL_EXTERNAL_DIFF names another program to compare with.

# A file
kubectl diff -f web.yaml

# What comes through a pipe
cat web.yaml | kubectl diff -f -",
    flags: &[FILES, "concurrency=1 field-manager='kubectl-client-side-apply' force-conflicts=false prune-allowlist=[]* prune=false -l,selector='' server-side=false show-managed-fields=false show-secret=false"],
    run: |kube| Box::pin(run(kube)),
};

/// 1 says that there are differences; what goes wrong is more than that.
async fn run(kube: &Kube) -> Result<()> {
    match differences(kube).await {
        Ok(false) => Ok(()),
        Ok(true) => Err(Failure::Exit(1)),
        Err(failure) => {
            kube.io.err.write(&failure.report().0);
            Err(Failure::Exit(2))
        }
    }
}

async fn differences(kube: &Kube) -> Result<bool> {
    if !kube.flags.arguments.is_empty() {
        return kube.usage(&format!(
            "Unexpected args: [{}]",
            kube.flags.arguments.join(" ")
        ));
    }
    needs_files(&kube.flags)?;
    if !kube.flags.names_files() {
        return plain("must specify one of -f and -k");
    }
    let (mut manifests, failures) = kube.manifests().await;
    kube.select(&mut manifests)?;
    if let Some(failure) = all(failures) {
        return Err(failure);
    }
    let mut differs = false;
    for manifest in &manifests {
        differs |= one(kube, manifest).await?;
    }
    Ok(differs)
}

async fn one(kube: &Kube, manifest: &Manifest) -> Result<bool> {
    let live = match kube
        .get(manifest.kind, &manifest.namespace, manifest.name())
        .await
    {
        Ok(live) => Some(live),
        Err(failure) if failure.is_not_found() => None,
        Err(failure) => return Err(failure),
    };
    let merged = match kube.flags.is("server-side") {
        true => applied(kube, manifest).await?,
        false => merged(kube, manifest, live.as_ref()).await?,
    };
    let mut live = live.as_ref().map(|object| shown(kube, object));
    let mut merged = shown(kube, &merged);
    let is_secret = manifest.kind.kind == "Secret" && manifest.kind.version == "v1";
    if is_secret && !kube.flags.is("show-secret") {
        mask(live.as_mut(), &mut merged);
    }
    let (old, new) = (
        live.as_ref().map(to_yaml).unwrap_or_default(),
        to_yaml(&merged),
    );
    if old == new {
        return Ok(false);
    }
    let info = manifest.kind;
    let group = match info.group {
        "" => String::new(),
        group => format!("{group}."),
    };
    let file = format!(
        "{group}{}.{}.{}.{}",
        info.version,
        info.kind,
        manifest.namespace,
        manifest.name()
    );
    let now = stamp(kube);
    kube.print(&format!("diff -u -N LIVE/{file} MERGED/{file}"));
    let (from, to) = (
        format!("LIVE/{file}\t{now}"),
        format!("MERGED/{file}\t{now}"),
    );
    kube.io.out.write(&unified(&from, &to, &old, &new));
    Ok(true)
}

/// The present as `diff` writes the time of a file.
fn stamp(kube: &Kube) -> String {
    let nanos = kube.now().0 as i64;
    let seconds = format_time(nanos).replace('T', " ");
    format!(
        "{}.{:09} +0000",
        seconds.trim_end_matches('Z'),
        kube.now().subsec_nanos()
    )
}

/// The object after a server-side apply, from a dry run.
async fn applied(kube: &Kube, manifest: &Manifest) -> Result<Value> {
    let place = path(manifest.kind, &manifest.namespace, manifest.name(), "");
    let request = kube
        .change(Method::Patch, place, "kubectl")?
        .with_query("force", kube.flags.is("force-conflicts").to_string())
        .with_query("dryRun", "All")
        .with_body(manifest.object.clone());
    kube.json(Request {
        content_type: APPLY_PATCH,
        ..request
    })
    .await
}

/// The object after the apply, from a dry run of the server.
async fn merged(kube: &Kube, manifest: &Manifest, live: Option<&Value>) -> Result<Value> {
    let Some(live) = live else {
        let request = kube
            .change(
                Method::Post,
                path(manifest.kind, &manifest.namespace, "", ""),
                APPLY_MANAGER,
            )?
            .with_query("dryRun", "All")
            .with_body(manifest.object.clone());
        return kube.json(request).await;
    };
    // As the last configuration was kept: with annotations, though there be none.
    let mut configuration = manifest.object.clone();
    let annotations = place(&mut configuration, &["metadata", "annotations"]);
    if annotations.is_null() {
        *annotations = Value::Object(serde_json::Map::new());
    }
    let Value::Object(configuration) = configuration else {
        return plain("the object is not an object");
    };
    let patch = patch_for(manifest, &configuration, live)?;
    let content_type = match patch {
        Patch::Strategic(_) => STRATEGIC_MERGE_PATCH,
        Patch::Merge(_) => MERGE_PATCH,
    };
    let request = kube
        .change(
            Method::Patch,
            path(manifest.kind, &manifest.namespace, manifest.name(), ""),
            APPLY_MANAGER,
        )?
        .with_query("dryRun", "All")
        .with_body(Value::Object(patch.object().clone()));
    kube.json(Request {
        content_type,
        ..request
    })
    .await
}

/// What of an object is compared: managed fields only on demand.
fn shown(kube: &Kube, object: &Value) -> Value {
    let mut object = object.clone();
    if !kube.flags.is("show-managed-fields")
        && let Some(metadata) = object["metadata"].as_object_mut()
    {
        metadata.remove("managedFields");
    }
    object
}

/// Hides the values of a secret, so that one still sees which of them differ (`Masker`).
fn mask(from: Option<&mut Value>, to: &mut Value) {
    let data = |object: &Value| object["data"].as_object().cloned().unwrap_or_default();
    let old = from.as_deref().map(data).unwrap_or_default();
    let new = data(to);
    let hide = |object: &mut Value, other: &Map<String, Value>, differs: &str| {
        let Some(data) = object.get_mut("data").and_then(Value::as_object_mut) else {
            return;
        };
        for (key, value) in data {
            let hidden = match other.get(key).is_some_and(|other| other != value) {
                true => differs,
                false => "***",
            };
            *value = hidden.into();
        }
    };
    if let Some(from) = from {
        hide(from, &new, "*** (before)");
    }
    hide(to, &old, "*** (after)");
}
