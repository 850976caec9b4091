//! `kubectl patch`.

use serde_json::{Value, json};

use super::{Command, FILES, OUTPUT};
use crate::api::yaml;
use crate::apiserver::patch::{PatchError, PatchSchema, json_patch, merge_patch, strategic};
use crate::apiserver::request::{JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH};
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::kube::{DryRun, Kube};
use crate::kubectl::printers::done_without_suffix as done;
use crate::kubectl::resources::Target;

pub const PATCH: Command = Command {
    path: "patch",
    short: "Update fields of a resource",
    help: r#"(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]
Change some fields of an object with a strategic merge patch, a JSON merge patch or a JSON patch.

# Two replicas
kubectl patch deployment web -p '{"spec":{"replicas":2}}'

# Operations on places
kubectl patch pod web --type='json' -p='[{"op":"replace","path":"/spec/containers/0/image","value":"nginx:1.28"}]'

# A part of the object
kubectl patch deployment web --subresource='scale' --type='merge' -p '{"spec":{"replicas":2}}'"#,
    flags: &[
        OUTPUT,
        FILES,
        "dry-run='none'?unchanged field-manager='kubectl-patch' local=false patch-file='' -p,patch='' subresource='' type='strategic'",
    ],
    run: |kube| Box::pin(run(kube)),
};

async fn run(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    let source = match (flags.text("patch"), flags.text("patch-file")) {
        ("", "") => {
            return plain(
                "must specify --patch or --patch-file containing the contents of the patch",
            );
        }
        (text, "") => text.to_owned(),
        ("", file) => match kube.shell.read_file(file) {
            Some(text) => text,
            None => {
                return plain(format!(
                    "unable to read patch file: open {file}: no such file or directory"
                ));
            }
        },
        _ => return plain("cannot specify --patch and --patch-file together"),
    };
    let kind_of_patch = match flags.text("type") {
        "" => "strategic",
        given @ ("json" | "merge" | "strategic") => given,
        other => {
            return plain(format!(
                "--type must be one of [json merge strategic], not \"{other}\""
            ));
        }
    };
    // What looks like JSON goes to the server as it is; it says what is wrong.
    if source.trim_start().starts_with('{')
        && serde_json::from_str::<serde::de::IgnoredAny>(&source).is_err()
    {
        if kube.flags.is("local") || kube.dry_run()? == DryRun::Client {
            // What works it out here has words of its own.
            return plain(match kind_of_patch {
                "merge" => "Invalid JSON Patch",
                "json" => "unexpected end of JSON input",
                _ => "invalid JSON document",
            });
        }
        return Err(Failure::Status(Box::new(json!({
            "kind": "Status", "status": "Failure", "reason": "BadRequest", "code": 400,
            "message": crate::api::json::go_syntax_error(source.as_bytes()),
        }))));
    }
    if flags.is("local") && !flags.arguments.is_empty() {
        return plain("cannot specify --local and server resources");
    }
    let parsed = yaml::parse(&source);
    if let Some(error) = parsed.error {
        let message = error.message.as_str();
        let message = message
            .strip_prefix("error converting YAML to JSON: ")
            .unwrap_or(message);
        return plain(format!("unable to parse \"{source}\": {message}"));
    }
    let patch = match parsed.documents.into_iter().next() {
        Some(document) => document.value,
        None => Value::Null,
    };
    let (objects, mut failures) = kube.chosen_objects().await?;
    if objects.is_empty() && failures.is_empty() {
        return plain("no objects passed to patch");
    }
    for (target, before) in objects {
        let content_type = match kind_of_patch {
            "json" => JSON_PATCH,
            "merge" => MERGE_PATCH,
            _ => STRATEGIC_MERGE_PATCH,
        };
        if kube.dry_run()? == DryRun::Client || flags.is("local") {
            match patched(&target, &before, &patch, kind_of_patch) {
                Ok(after) => done(kube, target.kind, &after, word(&before, &after))?,
                Err(failure) => failures.push(failure),
            }
            continue;
        }
        let name = match flags.text("subresource") {
            "" => target.name.clone(),
            subresource => format!("{}/{subresource}", target.name),
        };
        let sent = kube
            .patch(
                target.kind,
                &target.namespace,
                &name,
                content_type,
                patch.clone(),
                "kubectl-patch",
            )
            .await;
        match sent {
            Ok(after) => done(kube, target.kind, &after, word(&before, &after))?,
            Err(failure) if failure.reason() == "UnsupportedMediaType" => {
                let kind = target.kind;
                failures.push(Failure::Plain(format!(
                    "{content_type} is not supported by {}, Kind={}: {}",
                    kind.api_version(),
                    kind.kind,
                    failure.message()
                )));
            }
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

fn word(before: &Value, after: &Value) -> &'static str {
    match before == after {
        true => "patched (no change)",
        false => "patched",
    }
}

/// What a patch makes of an object, worked out here.
fn patched(target: &Target, before: &Value, patch: &Value, kind_of_patch: &str) -> Result<Value> {
    let failed = |error: PatchError| Failure::Plain(error.message().to_owned());
    match kind_of_patch {
        "json" => json_patch::apply(before, patch).map_err(failed),
        "merge" => Ok(merge_patch::apply(before.clone(), patch)),
        _ => {
            let Some(schema) = PatchSchema::of_kind(target.kind.group, target.kind.kind) else {
                return plain(format!(
                    "strategic merge patch is not supported for {} locally, try --type merge",
                    target.kind.kind
                ));
            };
            let object = before.as_object().cloned().unwrap_or_default();
            let patch = patch.as_object().cloned().unwrap_or_default();
            strategic::apply(object, patch, schema)
                .map(Value::Object)
                .map_err(failed)
        }
    }
}
