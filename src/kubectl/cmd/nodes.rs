//! `kubectl cordon`, `uncordon` and `taint`.
//! Models `k8s.io/kubectl/pkg/cmd/{drain,taint}`.

use serde_json::{Value, json};

use super::generate::known as generate_kind;
use super::{Command, OUTPUT};
use crate::api::names::{is_label_value, is_qualified_name};
use crate::kubectl::error::{Result, all, plain};
use crate::kubectl::json::{flag as is, list, text};
use crate::kubectl::kube::Kube;
use crate::kubectl::printers::done;
use crate::kubectl::resources::Target;

pub const CORDON: Command = Command {
    path: "cordon",
    short: "Mark node as unschedulable",
    help: "NODE
No new pods come to a node that is cordoned. Those that run there stay.

# One node
kubectl cordon worker-1",
    flags: &["dry-run='none'?unchanged -l,selector=''"],
    run: |kube| Box::pin(async move { cordon(kube, true).await.map(drop) }),
};
pub const UNCORDON: Command = Command {
    path: "uncordon",
    short: "Mark node as schedulable",
    help: "NODE
# Let pods come again
kubectl uncordon worker-1",
    flags: &["dry-run='none'?unchanged -l,selector=''"],
    run: |kube| Box::pin(async move { cordon(kube, false).await.map(drop) }),
};
pub const TAINT: Command = Command {
    path: "taint",
    short: "Update the taints on one or more nodes",
    help: "NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N
A taint keeps pods away that do not tolerate it. It is a key, a value if you like, and an effect: NoSchedule, PreferNoSchedule or NoExecute.

# For pods that tolerate it alone
kubectl taint nodes worker-1 gpu=yes:NoSchedule

# Remove one effect, and all
kubectl taint nodes worker-1 gpu:NoSchedule-
kubectl taint nodes worker-1 gpu-",
    flags: &[OUTPUT, "all=false dry-run='none'?unchanged field-manager='kubectl-taint' overwrite=false -l,selector='' validate='strict'?strict"],
    run: |kube| Box::pin(taint(kube)),
};

/// Marks nodes as unschedulable, or as schedulable again; their names.
pub async fn cordon(kube: &Kube, unschedulable: bool) -> Result<Vec<String>> {
    let names = &kube.flags.arguments;
    if names.is_empty() && kube.flags.text("selector").is_empty() {
        return kube.usage(&format!(
            "USAGE: {} NODE [flags]",
            kube.path.trim_start_matches("kubectl ")
        ));
    }
    if !names.is_empty() && !kube.flags.text("selector").is_empty() {
        return kube.usage("cannot specify both a node name and a --selector option");
    }
    let kind = generate_kind("v1", "Node")?;
    let targets: Vec<Target> = match names.is_empty() {
        true => vec![node(kind, "")],
        false => names
            .iter()
            .map(|name| {
                node(
                    kind,
                    name.trim_start_matches("node/")
                        .trim_start_matches("nodes/"),
                )
            })
            .collect(),
    };
    let (objects, mut failures) = kube.objects(&targets).await;
    // Nothing is done to any when one is not there.
    if !failures.is_empty() {
        return all(failures).map_or(Ok(Vec::new()), Err);
    }
    let word = if unschedulable {
        "cordoned"
    } else {
        "uncordoned"
    };
    let mut nodes = Vec::new();
    for (target, before) in objects {
        nodes.push(target.name.clone());
        if is(&before, "spec.unschedulable") == unschedulable {
            done(kube, kind, &before, &format!("already {word}"))?;
            continue;
        }
        let mut after = before.clone();
        match (unschedulable, after["spec"].as_object_mut()) {
            (false, Some(spec)) => {
                spec.remove("unschedulable");
            }
            _ => after["spec"]["unschedulable"] = json!(true),
        }
        match kube.send_changes(&target, &before, after, "kubectl").await {
            Ok(object) => done(kube, kind, &object.unwrap_or(before), word)?,
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(nodes),
    }
}

fn node(kind: &'static crate::api::kinds::KindInfo, name: &str) -> Target {
    Target {
        kind,
        namespace: String::new(),
        name: name.to_owned(),
    }
}

/// A taint of the command line: `key=value:effect`, `key:effect-`, `key-`.
struct Spec {
    key: String,
    value: String,
    effect: String,
    remove: bool,
}

fn parse(word: &str) -> std::result::Result<Spec, String> {
    let (rest, remove) = match word.strip_suffix('-') {
        Some(rest) => (rest, true),
        None => (word, false),
    };
    let mut parts = rest.split(':');
    let (first, effect) = (parts.next().unwrap_or_default(), parts.next());
    let refused = |wrong: &[String]| match wrong {
        [] => format!("invalid taint spec: {rest}"),
        wrong => format!("invalid taint spec: {rest}, {}", wrong.join("; ")),
    };
    if parts.next().is_some() {
        return Err(refused(&[]));
    }
    let (mut key, mut value) = (first, "");
    if let Some(effect) = effect {
        if !matches!(effect, "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
            return Err(format!(
                "invalid taint effect: {effect}, unsupported taint effect"
            ));
        }
        if let Some((left, right)) = first.split_once('=') {
            (key, value) = (left, right);
            if value.contains('=') {
                return Err(refused(&[]));
            }
            let wrong = is_label_value(value);
            if !wrong.is_empty() {
                return Err(refused(&wrong));
            }
        }
    }
    let wrong = is_qualified_name(key);
    if !wrong.is_empty() {
        return Err(refused(&wrong));
    }
    if !remove && effect.is_none() {
        return Err(refused(&[]));
    }
    Ok(Spec {
        key: key.to_owned(),
        value: value.to_owned(),
        effect: effect.unwrap_or_default().to_owned(),
        remove,
    })
}

/// Refuses taints that the command names twice, or sets and removes.
fn check(specs: &[Spec]) -> std::result::Result<(), String> {
    for (i, spec) in specs.iter().enumerate().filter(|(_, s)| !s.remove) {
        let same = |s: &Spec| !s.remove && s.key == spec.key && s.effect == spec.effect;
        if specs.iter().take(i).any(same) {
            return Err(format!(
                "duplicated taints with the same key and effect: {{{} {} {} <nil>}}",
                spec.key, spec.value, spec.effect
            ));
        }
    }
    Ok(())
}

/// Taints that are to be set and to be removed at once.
fn conflicts(specs: &[Spec]) -> Vec<String> {
    let mut out = Vec::new();
    for add in specs.iter().filter(|s| !s.remove) {
        for gone in specs.iter().filter(|s| s.remove && s.key == add.key) {
            if gone.effect.is_empty() || gone.effect == add.effect {
                out.push(match gone.effect.as_str() {
                    "" => format!("{}=", gone.key),
                    effect => format!("{}=:{effect}", gone.key),
                });
            }
        }
    }
    out
}

async fn taint(kube: &Kube) -> Result<()> {
    let words = &kube.flags.arguments;
    let is_taint = |w: &String| w.contains(['=', ':']) || w.ends_with('-');
    let split = words.iter().position(is_taint).unwrap_or(words.len());
    let (resources, taints) = words.split_at(split);
    if resources.is_empty() {
        return plain("one or more resources must be specified as <resource> <name>");
    }
    if taints.is_empty() {
        return plain("at least one taint update is required");
    }
    let mut specs = Vec::new();
    for word in taints {
        if !is_taint(word) {
            return plain(format!(
                "all resources must be specified before taint changes: {word}"
            ));
        }
        match parse(word) {
            Ok(spec) => specs.push(spec),
            Err(message) => return kube.usage(&message),
        }
    }
    if let Err(message) = check(&specs) {
        return kube.usage(&message);
    }
    let (first, names) = resources
        .split_first()
        .map_or(("", resources), |(f, n)| (f, n));
    let named = first.split_once('/').map_or(first, |(kind, _)| kind);
    for kind in kube.kinds_of(named)? {
        if kind.kind != "Node" {
            return plain(format!(
                "invalid resource type {}, only node types are supported",
                first.to_ascii_lowercase()
            ));
        }
    }
    let conflicts = conflicts(&specs);
    if !conflicts.is_empty() {
        return plain(format!(
            "can not both modify and remove the following taint(s) in the same command: {}",
            conflicts.join(", ")
        ));
    }
    let selector = kube.flags.text("selector");
    if kube.flags.is("all") && !selector.is_empty() {
        return plain("setting 'all' parameter with a non empty selector is prohibited");
    }
    if !kube.flags.is("all") && selector.is_empty() && names.is_empty() && named == first {
        return plain(
            "at least one resource name must be specified since 'all' parameter is not set",
        );
    }
    if named != first {
        return Err(crate::kubectl::error::Failure::Said(format!(
            "the server doesn't have a resource type \"{first}\""
        )));
    }
    // With --all, names count for nothing.
    let words = match kube.flags.is("all") {
        true => resources.get(..1).unwrap_or_default(),
        false => resources,
    };
    let (objects, mut failures) = kube.chosen_of(words).await?;
    for (target, before) in objects {
        let mut taints = list(&before, "spec.taints").to_vec();
        let mut removed = false;
        let mut added = false;
        for spec in &specs {
            let same = |t: &Value| {
                text(t, "key") == spec.key
                    && (spec.effect.is_empty() || text(t, "effect") == spec.effect)
            };
            if spec.remove {
                let before = taints.len();
                taints.retain(|t| !same(t));
                if taints.len() == before {
                    let what = match spec.effect.as_str() {
                        "" => spec.key.clone(),
                        effect => format!("{}:{effect}", spec.key),
                    };
                    return plain(format!("taint \"{what}\" not found"));
                }
                removed = true;
                continue;
            }
            if taints.iter().any(same) && !kube.flags.is("overwrite") {
                return plain(format!(
                    "node {} already has {} taint(s) with same effect(s) and --overwrite is false",
                    target.name, spec.key
                ));
            }
            taints.retain(|t| !same(t));
            let mut taint = json!({"key": spec.key, "effect": spec.effect});
            if !spec.value.is_empty() {
                taint["value"] = spec.value.as_str().into();
            }
            taints.push(taint);
            added = true;
        }
        let mut after = before.clone();
        match (taints.is_empty(), after["spec"].as_object_mut()) {
            (true, Some(spec)) => {
                spec.remove("taints");
            }
            _ => after["spec"]["taints"] = Value::Array(taints),
        }
        let word = match (added, removed) {
            _ if kube.flags.is("overwrite") => "modified",
            (true, true) => "modified",
            (false, true) => "untainted",
            _ => "tainted",
        };
        match kube
            .send_changes(&target, &before, after, "kubectl-taint")
            .await
        {
            Ok(object) => {
                crate::kubectl::printers::done_without_suffix(
                    kube,
                    target.kind,
                    &object.unwrap_or(before),
                    word,
                )?;
            }
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}
