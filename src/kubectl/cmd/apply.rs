//! `kubectl apply`: creates what is not there, and patches what is, from the configuration that
//! was applied last, the one to apply, and the live object.
//! Models `k8s.io/kubectl/pkg/cmd/apply`.

use serde_json::Value;

use super::{Command, FILES, OUTPUT, needs_files};
use crate::apiserver::patch::apply::{self as patching, LAST_APPLIED, Patch};
use crate::apiserver::patch::{PatchSchema, strategic};
use crate::apiserver::request::{MERGE_PATCH, STRATEGIC_MERGE_PATCH};
use crate::apiserver::{Method, Request};
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::{annotation, name, text};
use crate::kubectl::kube::{APPLY_MANAGER, DryRun, Kube, path};
use crate::kubectl::manifests::Manifest;
use crate::kubectl::printers::{self, Format, format};

pub const APPLY: Command = Command {
    path: "apply",
    short: "Apply a configuration to a resource by file name or stdin",
    help: "(-f FILENAME | -k DIRECTORY)
Make objects be as files say: create what is missing, change what differs, and leave alone what the files never named.

# A file, or a folder of them
kubectl apply -f web.yaml
kubectl apply -f manifests/

# A folder with a kustomization
kubectl apply -k overlays/test

# Let the server merge
kubectl apply --server-side -f web.yaml

# And delete what was applied before and is in no file now
kubectl apply --prune -f manifests/ -l app=web",
    flags: &[OUTPUT, FILES, "all=false .applyset='' cascade='background'?background dry-run='none'?unchanged field-manager='kubectl-client-side-apply' force-conflicts=false force=false grace-period=-1 openapi-patch=true overwrite=true prune-allowlist=[]* prune=false -l,selector='' server-side=false subresource='' timeout=0s validate='strict'?strict wait=false"],
    run: |kube| Box::pin(run(kube)),
};

/// A conflicting write is tried again this often.
const RETRIES: usize = 5;

async fn run(kube: &Kube) -> Result<()> {
    needs_files(&kube.flags)?;
    let flags = &kube.flags;
    if !flags.arguments.is_empty() {
        return kube.usage(&format!("Unexpected args: [{}]", flags.arguments.join(" ")));
    }
    if !flags.names_files() {
        return plain("must specify one of -f and -k");
    }
    if flags.is("force-conflicts") && !flags.is("server-side") {
        return plain("--force-conflicts only works with --server-side");
    }
    if flags.given("subresource") && !flags.is("server-side") {
        return plain("--subresource can only be specified for --server-side");
    }
    if flags.is("force") && flags.is("server-side") {
        return plain("--force cannot be used with --server-side");
    }
    let dry_run = kube.dry_run()?;
    if flags.is("force") && dry_run == DryRun::Server {
        return plain("--dry-run=server cannot be used with --force");
    }
    if flags.is("server-side") && dry_run == DryRun::Client {
        return plain(
            "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
        );
    }
    if !matches!(
        flags.text("cascade"),
        "" | "background" | "foreground" | "orphan" | "true" | "false"
    ) {
        return plain(format!(
            "invalid cascade value ({}). Must be \"background\", \"foreground\", or \"orphan\"",
            flags.text("cascade")
        ));
    }
    let mut set = super::applyset::of(kube).await?;
    super::prune::check(kube)?;
    check_validation(kube)?;
    let format = format(kube, false)?;
    let (mut manifests, mut failures) = kube.manifests().await;
    kube.select(&mut manifests)?;
    if manifests.is_empty() && failures.is_empty() {
        return plain("no objects passed to apply");
    }
    if let Some(set) = &mut set {
        set.begin(kube, &mut manifests).await?;
    }
    let mut results = Vec::new();
    let mut applied = Vec::new();
    for manifest in &manifests {
        let done = match (named(manifest), flags.is("server-side")) {
            (Err(failure), _) => Err(failure),
            (Ok(()), true) => super::server_side::apply(kube, manifest)
                .await
                .map(|object| (object, "serverside-applied")),
            (Ok(()), false) => client_side(kube, manifest).await,
        };
        match done {
            Ok((object, operation)) => {
                applied.push(text(&object, "metadata.uid").to_owned());
                match &format {
                    None => printers::done(kube, manifest.kind, &object, operation)?,
                    Some(_) => results.push(object),
                }
            }
            Err(failure) => failures.push(failure),
        }
    }
    if let Some(format) = &format {
        print_all(kube, format, results)?;
    }
    if let Some(failure) = all(failures) {
        return Err(failure);
    }
    if let Some(set) = &set {
        return set.end(kube, &manifests, &applied).await;
    }
    if flags.is("prune") {
        let mut places: Vec<String> = manifests.iter().map(|m| m.namespace.clone()).collect();
        places.sort();
        places.dedup();
        super::prune::run(kube, &applied, &places).await?;
    }
    Ok(())
}

fn print_all(kube: &Kube, format: &Format, results: Vec<Value>) -> Result<()> {
    match results.as_slice() {
        [] => Ok(()),
        [one] => format.print(kube, one),
        many if matches!(format, Format::Name) => {
            many.iter().try_for_each(|o| format.print(kube, o))
        }
        many => {
            let list = serde_json::json!({
                "apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": many,
            });
            format.print(kube, &list)
        }
    }
}

/// Refuses values of `--validate` that mean nothing.
pub fn check_validation(kube: &Kube) -> Result<()> {
    match kube.flags.text("validate") {
        "" | "true" | "strict" | "warn" | "false" | "ignore" => Ok(()),
        other => plain(format!(
            "invalid - validate option \"{other}\"; must be one of: strict (or true), warn, ignore (or false)"
        )),
    }
}

/// How strictly the server is to look at unknown fields.
pub fn field_validation(kube: &Kube) -> &'static str {
    match kube.flags.text("validate") {
        "warn" => "Warn",
        "false" | "ignore" => "Ignore",
        _ => "Strict",
    }
}

async fn client_side(kube: &Kube, manifest: &Manifest) -> Result<(Value, &'static str)> {
    let Some(configuration) = manifest.object.as_object() else {
        return plain("the object is not an object");
    };
    let modified = patching::with_last_applied(configuration);
    let live = match kube
        .get(manifest.kind, &manifest.namespace, manifest.name())
        .await
    {
        Ok(live) => live,
        Err(failure) if failure.is_not_found() => {
            let object = create(kube, manifest, Value::Object(modified)).await?;
            return Ok((object, "created"));
        }
        Err(failure) => {
            return Err(failure.when(format!(
                "error when retrieving current configuration of:\n{}\nfrom server for: \"{}\":",
                describe(manifest),
                manifest.source
            )));
        }
    };
    let here = kube.dry_run()? == DryRun::Client;
    if !here
        && annotation(&live, LAST_APPLIED).is_none()
        && !text(&live, "metadata.resourceVersion").is_empty()
    {
        kube.warn(&format!(
            "Warning: resource {}/{} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.",
            manifest.kind.plural,
            name(&live)
        ));
    }
    patch(kube, manifest, &modified, live).await
}

/// What is applied again and again has to have one name.
fn named(manifest: &Manifest) -> Result<()> {
    match text(&manifest.object, "metadata.generateName") {
        "" => Ok(()),
        _ if !manifest.name().is_empty() => Ok(()),
        given => plain(format!("from {given}: cannot use generate name with apply")),
    }
}

async fn create(kube: &Kube, manifest: &Manifest, object: Value) -> Result<Value> {
    if kube.dry_run()? == DryRun::Client {
        return Ok(object);
    }
    let request = kube
        .change(
            Method::Post,
            path(manifest.kind, &manifest.namespace, "", ""),
            APPLY_MANAGER,
        )?
        .with_query("fieldValidation", field_validation(kube))
        .with_body(object);
    kube.json(request)
        .await
        .map_err(|f| f.when_doing("creating", &manifest.source))
}

type Object = serde_json::Map<String, Value>;

/// The patch between the live object and the configuration.
pub fn patch_for(manifest: &Manifest, modified: &Object, live: &Value) -> Result<Patch> {
    let schema = PatchSchema::of_kind(manifest.kind.group, manifest.kind.kind);
    let live = live.as_object().cloned().unwrap_or_default();
    patching::create_patch(modified, &live, schema).map_err(|e| {
        Failure::Plain(format!(
            "error when creating patch for: \"{}\": {}",
            manifest.source,
            e.message()
        ))
    })
}

async fn patch(
    kube: &Kube,
    manifest: &Manifest,
    modified: &Object,
    mut live: Value,
) -> Result<(Value, &'static str)> {
    for attempt in 0..=RETRIES {
        let patch = patch_for(manifest, modified, &live)?;
        if patch.is_empty() {
            // Without a server nobody says that nothing changed.
            let word = match kube.dry_run()? {
                DryRun::Client => "configured",
                _ => "unchanged",
            };
            return Ok((live, word));
        }
        if !text(&live, "metadata.deletionTimestamp").is_empty() {
            kube.warn(&format!(
                "Warning: Detected changes to resource {} which is currently being deleted.",
                name(&live)
            ));
        }
        if kube.dry_run()? == DryRun::Client {
            return Ok((locally(manifest, patch, live), "configured"));
        }
        match send_patch(kube, manifest, &patch).await {
            Ok(object) => return Ok((object, "configured")),
            Err(failure) if failure.is_conflict() && attempt < RETRIES => {
                live = kube
                    .get(manifest.kind, &manifest.namespace, manifest.name())
                    .await?;
            }
            Err(failure) => {
                let body = crate::api::json::go_json(&Value::Object(patch.object().clone()));
                let source = &manifest.source;
                return Err(failure.when_doing("patching", source).when(format!(
                    "error when applying patch:\n{body}\nto:\n{}\nfor: \"{source}\":",
                    describe(manifest),
                )));
            }
        }
    }
    plain("the object was changed again and again while it was applied")
}

/// What the patch makes of the live object, without asking the server.
fn locally(manifest: &Manifest, patch: Patch, live: Value) -> Value {
    let schema = PatchSchema::of_kind(manifest.kind.group, manifest.kind.kind);
    match (patch, schema, live) {
        (Patch::Strategic(patch), Some(schema), Value::Object(live)) => {
            match strategic::apply(live.clone(), patch, schema) {
                Ok(object) => Value::Object(object),
                Err(_) => Value::Object(live),
            }
        }
        (patch, _, live) => crate::apiserver::patch::merge_patch::apply(
            live,
            &Value::Object(patch.object().clone()),
        ),
    }
}

async fn send_patch(kube: &Kube, manifest: &Manifest, patch: &Patch) -> Result<Value> {
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
        .with_query("fieldValidation", field_validation(kube))
        .with_body(Value::Object(patch.object().clone()));
    kube.json(Request {
        content_type,
        ..request
    })
    .await
}

fn describe(manifest: &Manifest) -> String {
    let kind = manifest.kind;
    let group = kind.group;
    format!(
        "Resource: \"{}\", GroupVersionKind: \"{group}/{}, Kind={}\"\nName: \"{}\", Namespace: \"{}\"",
        gvr(kind),
        kind.version,
        kind.kind,
        manifest.name(),
        manifest.namespace
    )
}

fn gvr(kind: &crate::api::kinds::KindInfo) -> String {
    format!("{}/{}, Resource={}", kind.group, kind.version, kind.plural)
}
