//! `kubectl create` and `kubectl replace` from files; the generators have files of their own.
//! Models `k8s.io/kubectl/pkg/cmd/create`.

use std::time::Duration;

use serde_json::Value;

use super::apply::field_validation;
use super::delete::{self, Doomed};
use super::{Command, FILES, OUTPUT, needs_files};
use crate::apiserver::Method;
use crate::apiserver::patch::apply::with_last_applied;
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::text;
use crate::kubectl::kube::{DryRun, Kube, path};
use crate::kubectl::manifests::Manifest;
use crate::kubectl::printers::{self, done};

pub const CREATE: Command = Command {
    path: "create",
    short: "Create a resource from a file or from stdin",
    help: "-f FILENAME
Create objects from files or from standard input, as JSON or YAML.

# What a file describes
kubectl create -f pod.yaml

# What comes through a pipe
cat pod.yaml | kubectl create -f -",
    flags: &[
        OUTPUT,
        FILES,
        "dry-run='none'?unchanged edit=false field-manager='kubectl-create' raw='' save-config=false -l,selector='' validate='strict'?strict windows-line-endings=false",
    ],
    run: |kube| Box::pin(run(kube, "created")),
};

pub const REPLACE: Command = Command {
    path: "replace",
    short: "Replace a resource by file name or stdin",
    help: "-f FILENAME
Put an object in the place of the one there is. The whole object has to be given.

# From a file
kubectl replace -f web.yaml

# Delete it and create it anew
kubectl replace --force -f web.yaml",
    flags: &[
        OUTPUT,
        FILES,
        "cascade='background'?background dry-run='none'?unchanged field-manager='kubectl-replace' force=false grace-period=-1 raw='' save-config=false subresource='' timeout=0s validate='strict'?strict wait=false",
    ],
    run: |kube| Box::pin(run(kube, "replaced")),
};

async fn run(kube: &Kube, operation: &'static str) -> Result<()> {
    needs_files(&kube.flags)?;
    super::apply::check_validation(kube)?;
    if operation == "created" && !kube.flags.arguments.is_empty() {
        return kube.usage(&format!(
            "Unexpected args: [{}]",
            kube.flags.arguments.join(" ")
        ));
    }
    if !kube.flags.names_files() {
        return plain("must specify one of -f and -k");
    }
    let address = kube.flags.text("raw");
    if !address.is_empty() {
        if operation == "created" && kube.flags.is("edit") {
            return plain("--raw and --edit are mutually exclusive");
        }
        let file = super::raw::file(kube, 1)?;
        let method = match operation {
            "created" => Method::Post,
            _ => Method::Put,
        };
        return super::raw::send(kube, method, address, file).await;
    }
    if operation == "replaced" && kube.flags.is("force") && kube.dry_run()? != DryRun::None {
        return plain("--dry-run can not be used when --force is set");
    }
    if operation == "replaced" && !kube.flags.is("force") {
        if kube.flags.int("grace-period").is_some_and(|n| n >= 0) {
            return plain("--grace-period must have --force specified");
        }
        if kube.flags.nanos("timeout").is_some_and(|n| n != 0) {
            return plain("--timeout must have --force specified");
        }
    }
    printers::format(kube, false)?;
    let (mut manifests, mut failures) = kube.manifests().await;
    kube.select(&mut manifests)?;
    if manifests.is_empty() && failures.is_empty() {
        return plain(match operation {
            "created" => "no objects passed to create",
            _ => "no objects passed to replace",
        });
    }
    if operation == "created" && kube.flags.is("edit") {
        if let Some(failure) = all(failures) {
            return Err(failure);
        }
        return super::edit::before_create(kube, manifests).await;
    }
    let forced = operation == "replaced" && kube.flags.is("force");
    if forced {
        if let Some(failure) = all(std::mem::take(&mut failures)) {
            return Err(failure);
        }
        make_room(kube, &manifests).await?;
    }
    for manifest in &manifests {
        let result = match operation {
            "replaced" if forced => create(kube, manifest).await,
            "created" => create(kube, manifest).await,
            _ => replace(kube, manifest).await,
        };
        match result {
            Ok(object) => done(kube, manifest.kind, &object, operation)?,
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// `replace --force`: deletes what is there, and waits until it is gone.
async fn make_room(kube: &Kube, manifests: &[Manifest]) -> Result<()> {
    let grace = match kube.flags.int("grace-period").unwrap_or(-1) {
        // A last chance for the object to go by itself.
        0 => 1,
        grace => grace,
    };
    let propagation = match kube.flags.text("cascade") {
        "orphan" | "false" => "Orphan",
        "foreground" => "Foreground",
        _ => "Background",
    };
    if kube.dry_run()? == DryRun::Client {
        return Ok(());
    }
    let mut going = Vec::new();
    for manifest in manifests {
        let doomed = Doomed {
            kind: manifest.kind,
            namespace: manifest.namespace.clone(),
            name: manifest.name().to_owned(),
            source: manifest.source.clone(),
        };
        match delete::send(kube, &doomed, grace, propagation).await {
            Ok(_) => {
                printers::deleted(
                    kube,
                    doomed.kind,
                    &doomed.namespace,
                    &doomed.name,
                    "deleted",
                )?;
                going.push(doomed);
            }
            Err(failure) if failure.is_not_found() => {}
            Err(failure) => return Err(failure),
        }
    }
    if kube.dry_run()? != DryRun::None {
        return Ok(());
    }
    let timeout = kube.flags.duration("timeout");
    let deadline = kube.deadline(timeout.or(Some(Duration::from_secs(300))));
    for doomed in &going {
        delete::gone(
            kube,
            doomed.kind,
            &doomed.namespace,
            &doomed.name,
            "",
            deadline,
        )
        .await?;
    }
    Ok(())
}

fn prepared(kube: &Kube, manifest: &Manifest) -> Value {
    match (kube.flags.is("save-config"), &manifest.object) {
        (true, Value::Object(object)) => Value::Object(with_last_applied(object)),
        (_, object) => object.clone(),
    }
}

async fn create(kube: &Kube, manifest: &Manifest) -> Result<Value> {
    let object = prepared(kube, manifest);
    if kube.dry_run()? == DryRun::Client {
        return Ok(object);
    }
    let request = kube
        .change(
            Method::Post,
            path(manifest.kind, &manifest.namespace, "", ""),
            "kubectl-create",
        )?
        .with_query("fieldValidation", field_validation(kube))
        .with_body(object);
    kube.json(request)
        .await
        .map_err(|f| f.when_doing("creating", &manifest.source))
}

async fn replace(kube: &Kube, manifest: &Manifest) -> Result<Value> {
    let mut object = prepared(kube, manifest);
    let failed = |failure: Failure| failure.when_doing("replacing", &manifest.source);
    let live = kube
        .get(manifest.kind, &manifest.namespace, manifest.name())
        .await
        .map_err(failed)?;
    if text(&object, "metadata.resourceVersion").is_empty() {
        object["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
    }
    if kube.dry_run()? == DryRun::Client {
        return Ok(object);
    }
    let request = kube
        .change(
            Method::Put,
            path(manifest.kind, &manifest.namespace, manifest.name(), ""),
            "kubectl-replace",
        )?
        .with_query("fieldValidation", field_validation(kube))
        .with_body(object);
    kube.json(request).await.map_err(failed)
}
