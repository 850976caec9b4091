//! `kubectl cordon`, `uncordon` and `taint`.
//! Models `k8s.io/kubectl/pkg/cmd/{drain,taint}`.

use serde_json::{Value, json};

use super::generate::known as generate_kind;
use super::{CHANGE, Command, OUTPUT, SELECT};
use crate::kubectl::error::{Result, all, plain};
use crate::kubectl::flags::{Flag, Value as F, flag};
use crate::kubectl::json::{flag as is, list, text};
use crate::kubectl::kube::Kube;
use crate::kubectl::printers::done;
use crate::kubectl::resources::Target;

pub const CORDON: Command = Command {
    path: "cordon",
    short: "Mark node as unschedulable",
    flags: &[SELECT, CHANGE],
    run: |kube| Box::pin(cordon(kube, true)),
};
pub const UNCORDON: Command = Command {
    path: "uncordon",
    short: "Mark node as schedulable",
    flags: &[SELECT, CHANGE],
    run: |kube| Box::pin(cordon(kube, false)),
};
pub const TAINT: Command = Command {
    path: "taint",
    short: "Update the taints on one or more nodes",
    flags: &[TAINT_FLAGS, OUTPUT, SELECT, CHANGE],
    run: |kube| Box::pin(taint(kube)),
};

const TAINT_FLAGS: &[Flag] = &[
    flag("overwrite", F::Bool),
    flag("all", F::Bool),
    flag("validate", F::Optional("strict")),
];

/// Marks nodes as unschedulable, or as schedulable again.
pub async fn cordon(kube: &Kube, unschedulable: bool) -> Result<()> {
    let names = &kube.flags.arguments;
    if names.is_empty() && kube.flags.text("selector").is_empty() {
        return kube.usage(&format!(
            "USAGE: {} NODE [flags]",
            kube.path.trim_start_matches("kubectl ")
        ));
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
    let word = if unschedulable {
        "cordoned"
    } else {
        "uncordoned"
    };
    for (target, before) in objects {
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
        None => Ok(()),
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

fn parse(word: &str) -> Result<Spec> {
    let (rest, remove) = match word.strip_suffix('-') {
        Some(rest) => (rest, true),
        None => (word, false),
    };
    let (pair, effect) = rest.split_once(':').unwrap_or((rest, ""));
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    let known = matches!(effect, "NoSchedule" | "PreferNoSchedule" | "NoExecute");
    if key.is_empty() || (!remove && effect.is_empty()) {
        return plain(format!("invalid taint spec: {word}"));
    }
    if !effect.is_empty() && !known {
        return plain(format!(
            "invalid taint effect: {effect}, unsupported taint effect"
        ));
    }
    Ok(Spec {
        key: key.to_owned(),
        value: value.to_owned(),
        effect: effect.to_owned(),
        remove,
    })
}

async fn taint(kube: &Kube) -> Result<()> {
    let words = &kube.flags.arguments;
    let is_taint = |w: &String| w.contains(['=', ':']) || w.ends_with('-');
    let split = words.iter().position(is_taint).unwrap_or(words.len());
    let (resources, taints) = words.split_at(split);
    if resources.is_empty() {
        return plain(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        );
    }
    if taints.is_empty() {
        return plain("at least one taint update is required");
    }
    let mut specs = Vec::new();
    for word in taints {
        specs.push(parse(word)?);
    }
    let (objects, mut failures) = kube.chosen_of(resources).await?;
    for (target, before) in objects {
        if target.kind.kind != "Node" {
            return plain(format!(
                "invalid resource type {}, only node(s) is supported",
                target.kind.plural
            ));
        }
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
            (true, true) => "modified",
            (false, true) => "untainted",
            _ => "tainted",
        };
        match kube
            .send_changes(&target, &before, after, "kubectl-taint")
            .await
        {
            Ok(object) => done(kube, target.kind, &object.unwrap_or(before), word)?,
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}
