//! `kubectl edit`, `apply edit-last-applied` and `create --edit`: objects in an editor, until what
//! is saved is taken or nothing is changed any more.
//! Models `k8s.io/kubectl/pkg/cmd/util/editor/editoptions.go`.

use serde_json::{Map, Value, json};

use super::apply::field_validation;
use super::{Command, FILES, OUTPUT};
use crate::api::json::go_json;
use crate::api::kinds::KindInfo;
use crate::api::yaml;
use crate::apiserver::patch::apply::{LAST_APPLIED, with_last_applied};
use crate::apiserver::patch::{PatchSchema, diff, merge_patch};
use crate::apiserver::request::{MERGE_PATCH, STRATEGIC_MERGE_PATCH};
use crate::apiserver::{Method, Request};
use crate::kubectl::editor::{TempFile, without_comment_lines, without_comments};
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::{annotation, list, name, namespace, text};
use crate::kubectl::kube::{Kube, path};
use crate::kubectl::manifests::Manifest;
use crate::kubectl::printers::{self, done};
use crate::kubectl::resources::Target;

pub const EDIT: Command = Command {
    path: "edit",
    short: "Edit a resource on the server",
    help: "(RESOURCE/NAME | -f FILENAME)
Open an object in an editor and send what was changed. KUBE_EDITOR or EDITOR names the editor.

# A service
kubectl edit svc/web

# As JSON, in a certain version of the API
kubectl edit deployment.v1.apps/web -o json",
    flags: &[
        OUTPUT,
        FILES,
        "field-manager='kubectl-edit' output-patch=false save-config=false subresource='' validate='strict'?strict windows-line-endings=false",
    ],
    run: |kube| Box::pin(edit(kube)),
};

pub const LAST: Command = Command {
    path: "apply edit-last-applied",
    short: "Edit latest last-applied-configuration annotations of a resource/object",
    help: "(RESOURCE/NAME | -f FILENAME)
Open what was applied last in an editor. The object itself stays as it is.

# A deployment
kubectl apply edit-last-applied deployment/web",
    flags: &[
        OUTPUT,
        FILES,
        "field-manager='kubectl-client-side-apply' validate='strict'?strict windows-line-endings=false",
    ],
    run: |kube| Box::pin(edit_last_applied(kube)),
};

/// What is done with what was edited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Patch,
    LastApplied,
    Create,
}

/// An object that is edited.
struct Original {
    target: Target,
    object: Value,
}

/// Why the editor is opened again: comments above the text.
struct Reason {
    head: String,
    others: Vec<String>,
}

async fn edit(kube: &Kube) -> Result<()> {
    super::needs_files(&kube.flags)?;
    let subresource = kube.flags.text("subresource");
    if !matches!(subresource, "" | "status" | "resize") {
        return plain(format!(
            "invalid subresource value: {}. Must be one of [resize status]",
            crate::api::rfc3339::go_quote(subresource)
        ));
    }
    let originals = originals(kube).await?;
    if originals.is_empty() {
        return plain("edit cancelled, no objects found");
    }
    session(kube, originals, Mode::Patch).await
}

/// The objects that words or files name, as they are now.
async fn originals(kube: &Kube) -> Result<Vec<Original>> {
    let words = &kube.flags.arguments;
    let (objects, failures) = match !kube.flags.names_files() {
        true => {
            let targets = kube.targets(words).await?.targets;
            kube.objects(&targets).await
        }
        false => kube.chosen_of(words).await?,
    };
    if let Some(failure) = crate::kubectl::error::all(failures) {
        return Err(failure);
    }
    let subresource = kube.flags.text("subresource");
    let mut originals = Vec::new();
    for (target, mut object) in objects {
        if subresource == "status" {
            let at = path(target.kind, &target.namespace, &target.name, subresource);
            object = kube.json(kube.request(Method::Get, at)).await?;
        }
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        originals.push(Original { target, object });
    }
    Ok(originals)
}

async fn edit_last_applied(kube: &Kube) -> Result<()> {
    super::needs_files(&kube.flags)?;
    let mut configurations = Vec::new();
    for original in originals(kube).await? {
        let Some(kept) = annotation(&original.object, LAST_APPLIED) else {
            continue;
        };
        let object: Value =
            serde_json::from_str(kept).map_err(|error| Failure::Plain(error.to_string()))?;
        configurations.push(Original { object, ..original });
    }
    if configurations.is_empty() {
        return plain(
            "no last-applied-configuration annotation found on resources, to create the annotation, use command `kubectl apply set-last-applied --create-annotation`",
        );
    }
    session(kube, configurations, Mode::LastApplied).await
}

/// `create --edit`: each object is edited before it is created.
pub async fn before_create(kube: &Kube, manifests: Vec<Manifest>) -> Result<()> {
    for manifest in manifests {
        let target = Target {
            kind: manifest.kind,
            name: manifest.name().to_owned(),
            namespace: manifest.namespace,
        };
        let original = Original {
            target,
            object: manifest.object,
        };
        session(kube, vec![original], Mode::Create).await?;
    }
    Ok(())
}

fn header(mode: Mode, reasons: &[Reason]) -> String {
    let mut out = match mode {
        Mode::LastApplied => {
            "# Please edit the 'last-applied-configuration' annotations below.\n\
             # Lines beginning with a '#' will be ignored, and an empty file will abort the edit.\n#\n"
        }
        _ => {
            "# Please edit the object below. Lines beginning with a '#' will be ignored,\n\
             # and an empty file will abort the edit. If an error occurs while saving this file will be\n\
             # reopened with the relevant failures.\n#\n"
        }
    }
    .to_owned();
    let comment = |text: &str| text.replace('\n', "\n# ");
    for reason in reasons {
        let colon = if reason.others.is_empty() { "" } else { ":" };
        out.push_str(&format!("# {}{colon}\n", comment(&reason.head)));
        for other in &reason.others {
            out.push_str(&format!("# * {}\n", comment(other)));
        }
        out.push_str("#\n");
    }
    out
}

/// How often the editor is opened again at the most.
const MOST_ROUNDS: usize = 100;

/// Opens the editor until what is saved is taken, or nothing more is changed.
async fn session(kube: &Kube, originals: Vec<Original>, mode: Mode) -> Result<()> {
    let as_json = match kube.flags.text("output") {
        "" | "yaml" => false,
        "json" => true,
        _ if mode == Mode::Create => false,
        other => {
            return plain(format!(
                "unable to match a printer suitable for the output format \"{other}\", allowed formats are: json,yaml"
            ));
        }
    };
    let shown = match originals.as_slice() {
        [one] => one.object.clone(),
        many => {
            let items: Vec<&Value> = many.iter().map(|o| &o.object).collect();
            json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}})
        }
    };
    let shown = match as_json {
        true => printers::json(&shown),
        false => printers::yaml(&shown),
    };
    let mut reasons: Vec<Reason> = Vec::new();
    let mut edited = String::new();
    let mut again = false;
    let mut last: Option<TempFile<'_>> = None;
    for _ in 0..MOST_ROUNDS {
        let body = match again {
            true => without_comment_lines(&edited),
            false => shown.clone(),
        };
        let text = match as_json {
            true => body.clone(),
            false => header(mode, &reasons) + &body,
        };
        let before = edited;
        let mut file = TempFile::new(kube, if as_json { ".json" } else { ".yaml" });
        edited = match file.edit(&text).await {
            Ok(edited) => edited,
            Err(failure) => {
                if let Some(last) = &mut last {
                    last.keep();
                }
                return Err(failure);
            }
        };
        if again && without_comments(&before) == without_comments(&edited) {
            file.keep();
            return plain("Edit cancelled, no valid changes were saved.");
        }
        reasons.clear();
        if without_comments(&shown) == without_comments(&edited) {
            kube.warn("Edit cancelled, no changes made.");
            return Ok(());
        }
        let says = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        if !edited.lines().any(says) {
            kube.warn("Edit cancelled, saved file was empty.");
            return Ok(());
        }
        if let Some(wrong) = invalid(kube, &edited) {
            let cause =
                format!("<nil>: Invalid value: \"The edited file failed validation\": {wrong}");
            let target = originals.first().map(|o| &o.target);
            reasons.extend(target.map(|target| refused(kube, target, vec![cause])));
            again = true;
            last = Some(file);
            continue;
        }
        let mut manifests = Vec::new();
        if let Err(failure) = kube.read("edited-file", &edited, &mut manifests).await {
            reasons.push(Reason {
                head: format!("The edited file had a syntax error: {}", failure.message()),
                others: Vec::new(),
            });
            again = true;
            last = Some(file);
            continue;
        }
        match send(kube, &originals, &manifests, mode, &mut reasons).await {
            Ok(Sent::Done) => {}
            Ok(Sent::TryAgain) => {
                file.leave();
                kube.warn(&format!(
                    "You can run `kubectl replace -f {}` to try this update again.",
                    file.name
                ));
                return Err(Failure::Exit(1));
            }
            Ok(Sent::Gone) => {
                file.leave();
                kube.warn(&format!(
                    "The edits you made on deleted resources have been saved to {}",
                    crate::api::rfc3339::go_quote(&file.name)
                ));
                return Err(Failure::Exit(1));
            }
            Err(failure) => {
                file.keep();
                return Err(failure);
            }
        }
        if reasons.is_empty() {
            return Ok(());
        }
        again = true;
        last = Some(file);
    }
    plain("Edit cancelled, no valid changes were saved.")
}

/// What is wrong with a text before any object is read from it.
fn invalid(kube: &Kube, edited: &str) -> Option<String> {
    if matches!(kube.flags.text("validate"), "false" | "ignore") {
        return None;
    }
    let parsed = yaml::parse(edited);
    if let Some(error) = parsed.error {
        let message = error.message.as_str();
        let message = message.strip_prefix("error converting YAML to JSON: ");
        return Some(message.unwrap_or(&error.message).to_owned());
    }
    let document = parsed.documents.first().map(|d| &d.value)?;
    if !document.is_object() {
        return Some("invalid object to validate".to_owned());
    }
    let mut wrong = Vec::new();
    for field in ["apiVersion", "kind"] {
        match &document[field] {
            Value::String(text) if !text.is_empty() => {}
            Value::String(_) | Value::Null => wrong.push(format!("{field} not set")),
            _ => wrong.push(format!("{field} isn't string type")),
        }
    }
    match wrong.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("[{}]", many.join(", "))),
    }
}

fn resource_of(kind: &KindInfo) -> String {
    match kind.group {
        "" => kind.plural.to_owned(),
        group => format!("{}.{group}", kind.plural),
    }
}

/// Tells that an object was refused for what it says; the reason to show in the editor.
fn refused(kube: &Kube, target: &Target, others: Vec<String>) -> Reason {
    let resource = resource_of(target.kind);
    kube.warn(&format!("error: {resource} \"{}\" is invalid", target.name));
    Reason {
        head: format!("{resource} \"{}\" was not valid", target.name),
        others,
    }
}

/// How sending went, apart from objects that are to be edited again.
enum Sent {
    Done,
    TryAgain,
    Gone,
}

async fn send(
    kube: &Kube,
    originals: &[Original],
    manifests: &[Manifest],
    mode: Mode,
    reasons: &mut Vec<Reason>,
) -> Result<Sent> {
    let (mut retryable, mut gone) = (false, false);
    for manifest in manifests {
        let here = kube.namespace();
        if manifest.kind.namespaced && manifest.namespace != here && mode != Mode::Create {
            return plain(format!(
                "the namespace from the provided object \"{}\" does not match the namespace \"{here}\". You must pass '--namespace={}' to perform this operation.",
                manifest.namespace, manifest.namespace
            ));
        }
        let mut object = manifest.object.clone();
        if kube.flags.is("save-config")
            && let Value::Object(map) = &object
        {
            object = Value::Object(with_last_applied(map));
        }
        if mode == Mode::Create {
            let request = kube
                .change(
                    Method::Post,
                    path(manifest.kind, &manifest.namespace, "", ""),
                    "kubectl-create",
                )?
                .with_query("fieldValidation", field_validation(kube))
                .with_body(object);
            let made = kube.json(request).await?;
            said(kube, manifest.kind, &made, "created")?;
            continue;
        }
        let original = match mode {
            Mode::Patch => originals
                .iter()
                .find(|o| text(&o.object, "metadata.uid") == text(&object, "metadata.uid")),
            _ => originals.iter().find(|o| {
                o.target.kind.kind == manifest.kind.kind && o.target.name == manifest.name()
            }),
        };
        let Some(original) = original else {
            return plain(match mode {
                Mode::Patch => "no original object found for the edited one: its uid was changed",
                _ => "At least one of apiVersion, kind and name was changed",
            });
        };
        if original.object == object {
            said(kube, manifest.kind, &object, "skipped")?;
            continue;
        }
        let (patch, content_type) = match mode {
            Mode::Patch => patch_of(original, &object)?,
            _ => {
                let Value::Object(map) = &object else {
                    return plain("the object is not an object");
                };
                let kept = Value::Object(with_last_applied(map));
                let kept = annotation(&kept, LAST_APPLIED).unwrap_or_default();
                let patch = json!({"metadata": {"annotations": {LAST_APPLIED: kept}}});
                (patch, MERGE_PATCH)
            }
        };
        if kube.flags.is("output-patch") {
            kube.print(&format!("Patch: {}", go_json(&patch)));
        }
        let target = &original.target;
        let manager = match mode {
            Mode::Patch => "kubectl-edit",
            _ => "kubectl-client-side-apply",
        };
        let at = path(
            target.kind,
            &target.namespace,
            &target.name,
            kube.flags.text("subresource"),
        );
        let request = kube
            .change(Method::Patch, at, manager)?
            .with_query("fieldValidation", field_validation(kube))
            .with_body(patch);
        let answer = kube
            .json(Request {
                content_type,
                ..request
            })
            .await;
        let failure = match answer {
            Ok(object) => {
                said(kube, target.kind, &object, "edited")?;
                continue;
            }
            Err(failure) if mode == Mode::LastApplied => return Err(failure),
            Err(failure) => failure,
        };
        let resource = resource_of(target.kind);
        match failure.reason() {
            "Invalid" => {
                let causes = match &failure {
                    Failure::Status(status) => list(&status["details"], "causes"),
                    _ => &[],
                };
                let causes = causes
                    .iter()
                    .map(|c| format!("{}: {}", text(c, "field"), text(c, "message")));
                reasons.push(refused(kube, target, causes.collect()));
            }
            "NotFound" => {
                gone = true;
                kube.warn(&format!(
                    "error: {resource} \"{}\" could not be found on the server",
                    target.name
                ));
            }
            _ => {
                retryable = true;
                kube.warn(&format!(
                    "error: {resource} \"{}\" could not be patched: {}",
                    target.name,
                    failure.message()
                ));
            }
        }
    }
    Ok(match (retryable, gone) {
        (true, _) => Sent::TryAgain,
        (false, true) => Sent::Gone,
        (false, false) => Sent::Done,
    })
}

/// What became of an object. The format of `-o` is that of the text to edit; what is said is said
/// in words.
fn said(kube: &Kube, kind: &KindInfo, object: &Value, word: &str) -> Result<()> {
    if kube.path == "kubectl create" {
        return done(kube, kind, object, word);
    }
    kube.print(&format!(
        "{} {word}",
        crate::kubectl::resources::label(kind, name(object))
    ));
    Ok(())
}

/// The patch between an object and what it was edited to.
fn patch_of(original: &Original, edited: &Value) -> Result<(Value, &'static str)> {
    const MOVED: &str = "At least one of apiVersion, kind and name was changed";
    let (Value::Object(old), Value::Object(new)) = (&original.object, edited) else {
        return plain("the object is not an object");
    };
    let kind = original.target.kind;
    let (patch, content_type): (Map<String, Value>, _) =
        match PatchSchema::of_kind(kind.group, kind.kind) {
            Some(schema) => (
                diff::create_two_way(old, new, schema)
                    .map_err(|e| Failure::Plain(e.message().to_owned()))?,
                STRATEGIC_MERGE_PATCH,
            ),
            None => (merge_patch::create(old, new), MERGE_PATCH),
        };
    let patch = Value::Object(patch);
    let moved = patch.get("apiVersion").is_some()
        || patch.get("kind").is_some()
        || patch["metadata"].get("name").is_some()
        || namespace(edited) != namespace(&original.object);
    match moved {
        true => plain(MOVED),
        false => Ok((patch, content_type)),
    }
}
