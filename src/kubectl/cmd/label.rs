//! `kubectl label` and `kubectl annotate`.
//! Models `k8s.io/kubectl/pkg/cmd/{label,annotate}`.

use serde_json::{Map, Value, json};

use super::{Command, FILES, OUTPUT};
use crate::api::names::is_label_value;
use crate::api::rfc3339::go_quote;
use crate::apiserver::request::MERGE_PATCH;
use crate::kubectl::error::{Result, all, plain};
use crate::kubectl::json::place;
use crate::kubectl::kube::{DryRun, Kube};
use crate::kubectl::printers::done;
use crate::kubectl::resources::Target;

pub const LABEL: Command = Command {
    path: "label",
    short: "Update the labels on a resource",
    help: "[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]
Labels are what selectors look for. A key has at most 63 letters, digits, '-', '_' and '.', with a domain and '/' before it if you like; so has a value. A key with '-' behind it is removed.

# Set one
kubectl label pods web tier=front

# Change one that is there
kubectl label --overwrite pods web tier=back

# Remove one, from all pods
kubectl label pods --all tier-",
    flags: &[OUTPUT, FILES, "-A,all-namespaces=false all=false dry-run='none'?unchanged field-manager='kubectl-label' field-selector='' list=false local=false overwrite=false resource-version='' -l,selector=''"],
    run: |kube| Box::pin(run(kube, &LABELS)),
};

pub const ANNOTATE: Command = Command {
    path: "annotate",
    short: "Update the annotations on a resource",
    help: "[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]
Annotations are notes that nothing selects by, of any length up to 256 KiB in all. A key with '-' behind it is removed.

# Leave a note
kubectl annotate pods web note='look here'

# Remove it
kubectl annotate pods web note-",
    flags: &[OUTPUT, FILES, "-A,all-namespaces=false all=false dry-run='none'?unchanged field-manager='kubectl-annotate' field-selector='' list=false local=false overwrite=false resource-version='' -l,selector=''"],
    run: |kube| Box::pin(run(kube, &ANNOTATIONS)),
};

/// In what labels and annotations differ.
struct Words {
    field: &'static str,
    noun: &'static str,
    changed: &'static str,
    removed: &'static str,
    /// When some were set and others taken away.
    both: &'static str,
    unchanged: &'static str,
    manager: &'static str,
}

const LABELS: Words = Words {
    field: "labels",
    noun: "label",
    changed: "labeled",
    removed: "unlabeled",
    both: "modified",
    unchanged: "not labeled",
    manager: "kubectl-label",
};

const ANNOTATIONS: Words = Words {
    field: "annotations",
    noun: "annotation",
    changed: "annotated",
    removed: "annotated",
    both: "annotated",
    unchanged: "annotated",
    manager: "kubectl-annotate",
};

const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// What is set, and what is taken away.
struct Changes {
    set: Vec<(String, String)>,
    remove: Vec<String>,
}

async fn run(kube: &Kube, words: &Words) -> Result<()> {
    let arguments = &kube.flags.arguments;
    let is_change = |word: &String| word.find('=').is_some_and(|at| at > 0) || word.ends_with('-');
    let split = arguments
        .iter()
        .position(is_change)
        .unwrap_or(arguments.len());
    let (resources, changes) = arguments.split_at(split);
    if let Some(late) = changes.iter().find(|word| !is_change(word)) {
        return plain(format!(
            "all resources must be specified before {} changes: {late}",
            words.noun
        ));
    }
    if kube.flags.is("all") && !kube.flags.text("selector").is_empty() {
        return plain("cannot set --all and --selector at the same time");
    }
    if kube.flags.is("local") && !resources.is_empty() {
        let file = match words.noun {
            "label" => "pod",
            _ => "rsrc",
        };
        return plain(format!(
            "can only use local files by -f {file}.yaml or --filename={file}.json when --local=true is set"
        ));
    }
    if resources.is_empty() && !kube.flags.names_files() {
        return plain(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        );
    }
    if changes.is_empty() && !kube.flags.is("list") {
        return plain(format!("at least one {} update is required", words.noun));
    }
    let changes = parse(changes, words)?;
    let (objects, mut failures) = kube.chosen_of(resources).await?;
    // Of one object alone nobody has to say which it is.
    let single = kube.flags.names_files() && objects.len() == 1
        || !kube.flags.names_files() && kube.targets(resources).await?.single;
    if !single && kube.flags.given("resource-version") {
        return plain("--resource-version may only be used with a single resource");
    }
    for (target, object) in &objects {
        if kube.flags.is("list") {
            // What is to change is shown as it would be.
            let object = match taken(kube, words, object, &changes) {
                Ok(()) => changed(words, object, &changes),
                Err(failure) => {
                    failures.push(failure);
                    continue;
                }
            };
            let mut indent = "";
            if !single {
                indent = " ";
                let kind = target.kind;
                kube.warn(&format!(
                    "Listing {} for {}.{}/{}:",
                    words.field, kind.kind, kind.group, target.name
                ));
            }
            for (key, value) in object["metadata"][words.field]
                .as_object()
                .into_iter()
                .flatten()
            {
                kube.print(&format!(
                    "{indent}{key}={}",
                    value.as_str().unwrap_or_default()
                ));
            }
            continue;
        }
        if let Err(failure) = change(kube, words, target, object, &changes).await {
            failures.push(failure);
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

fn parse(changes: &[String], words: &Words) -> Result<Changes> {
    let mut out = Changes {
        set: Vec::new(),
        remove: Vec::new(),
    };
    for change in changes {
        if let Some((key, value)) = change.split_once('=') {
            let is_label = words.noun == "label";
            if key.is_empty() || is_label && value.contains('=') {
                return plain(format!("invalid {} spec: {change}", words.noun));
            }
            if is_label {
                let wrong = is_label_value(value);
                if !wrong.is_empty() {
                    return plain(format!(
                        "invalid label value: {}: {}",
                        go_quote(change),
                        wrong.join("; ")
                    ));
                }
            }
            out.set.push((key.to_owned(), value.to_owned()));
        } else if let Some(key) = change.strip_suffix('-') {
            out.remove.push(key.to_owned());
        } else {
            return plain(format!("unknown {} spec: {change}", words.noun));
        }
    }
    let both: Vec<&str> = out
        .remove
        .iter()
        .filter(|key| out.set.iter().any(|(k, _)| k == *key))
        .map(String::as_str)
        .collect();
    if !both.is_empty() {
        return plain(match words.noun {
            "label" => "can not both modify and remove a label in the same command".to_owned(),
            _ => format!(
                "can not both modify and remove the following annotation(s) in the same command: {}",
                both.join(", ")
            ),
        });
    }
    Ok(out)
}

/// The object with its changes.
fn changed(words: &Words, object: &Value, changes: &Changes) -> Value {
    let mut answer = object.clone();
    let map = place(&mut answer, &["metadata", words.field]);
    if map.is_null() {
        *map = json!({});
    }
    for (key, value) in &changes.set {
        map[key] = value.as_str().into();
    }
    for key in &changes.remove {
        map.as_object_mut().map(|map| map.remove(key));
    }
    answer
}

/// Refuses to change a value that is there, unless that is wanted.
fn taken(kube: &Kube, words: &Words, object: &Value, changes: &Changes) -> Result<()> {
    let current = object["metadata"][words.field].as_object();
    let value_of = |key: &str| current.and_then(|m| m.get(key)).and_then(Value::as_str);
    if !kube.flags.is("overwrite") {
        let taken: Vec<String> = changes
            .set
            .iter()
            .filter_map(|(key, value)| match value_of(key) {
                // The cause of a change may always be written anew.
                Some(_) if words.noun == "annotation" && key == CHANGE_CAUSE => None,
                Some(before) if before != value || words.noun == "annotation" => {
                    Some(format!("'{key}' already has a value ({before})"))
                }
                _ => None,
            })
            .collect();
        if !taken.is_empty() {
            return plain(match words.noun {
                "label" => taken
                    .iter()
                    .map(|t| format!("{t}, and --overwrite is false"))
                    .collect::<Vec<_>>()
                    .join("; "),
                _ => format!(
                    "--overwrite is false but found the following declared annotation(s): {}",
                    taken.join("; ")
                ),
            });
        }
    }
    Ok(())
}

async fn change(
    kube: &Kube,
    words: &Words,
    target: &Target,
    object: &Value,
    changes: &Changes,
) -> Result<()> {
    taken(kube, words, object, changes)?;
    let current = object["metadata"][words.field].as_object();
    let value_of = |key: &str| current.and_then(|m| m.get(key)).and_then(Value::as_str);
    let here = kube.dry_run()? == DryRun::Client || kube.flags.is("local");
    let mut patch = Map::new();
    for (key, value) in &changes.set {
        if value_of(key) != Some(value) {
            patch.insert(key.clone(), value.as_str().into());
        }
    }
    let set = !patch.is_empty();
    let mut removed = false;
    for key in &changes.remove {
        match value_of(key) {
            Some(_) => {
                removed = true;
                patch.insert(key.clone(), Value::Null);
            }
            None if words.noun == "label" && !here => {
                kube.print(&format!("label \"{key}\" not found."))
            }
            None => {}
        }
    }
    if patch.is_empty() {
        let object = match here {
            true => &changed(words, object, changes),
            false => object,
        };
        return done(kube, target.kind, object, words.unchanged);
    }
    let mut answer = changed(words, object, changes);
    if !here {
        let mut metadata = json!({});
        metadata[words.field] = Value::Object(patch);
        let version = kube.flags.text("resource-version");
        if !version.is_empty() {
            metadata["resourceVersion"] = version.into();
        }
        answer = kube
            .patch(
                target.kind,
                &target.namespace,
                &target.name,
                MERGE_PATCH,
                json!({ "metadata": metadata }),
                words.manager,
            )
            .await?;
    }
    done(
        kube,
        target.kind,
        &answer,
        match (set, removed) {
            (true, true) => words.both,
            (false, true) => words.removed,
            _ => words.changed,
        },
    )
}
