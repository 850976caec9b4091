//! `kubectl wait`: until a condition holds, a field has a value, or an object is gone.
//! Models `k8s.io/kubectl/pkg/cmd/wait`.

use std::time::Duration;

use serde_json::Value;

use super::delete::gone;
use super::{Command, OUTPUT};
use crate::api::jsonpath::Template;
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::{int, list, name, scalar, text};
use crate::kubectl::kube::Kube;
use crate::kubectl::printers::done;
use crate::kubectl::resources::Target;
use crate::sim::Time;

pub const WAIT: Command = Command {
    path: "wait",
    short: "Wait for a specific condition on one or many resources",
    help: "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]
Wait until objects have a condition, a field has a value, or they exist or are gone.

# A pod that is ready
kubectl wait --for=condition=Ready pod/web --timeout=60s

# A field
kubectl wait --for=jsonpath='{.status.phase}'=Running pod/web

# A pod that is not there yet, until it is ready
kubectl wait --for=create --for=condition=Ready pod/web

# Pods that are gone
kubectl wait --for=delete pod -l app=web",
    flags: &[OUTPUT, "-A,all-namespaces=false all=false field-selector='' -f,filename=[] for=[]* local=false -R,recursive=true -l,selector='' timeout=30s"],
    run: |kube| Box::pin(run(kube)),
};

enum Goal {
    Deleted,
    Created,
    Condition {
        type_: String,
        status: String,
    },
    Field {
        template: Template,
        value: Option<String>,
    },
}

async fn run(kube: &Kube) -> Result<()> {
    // All must hold, one after the other.
    let mut goals = Vec::new();
    for goal in kube.flags.list("for") {
        goals.push(parse(goal)?);
    }
    if goals.is_empty() {
        goals.push(parse("")?);
    }
    let timeout = match kube.flags.nanos("timeout") {
        None => Duration::from_secs(30),
        Some(n) if n < 0 => Duration::from_secs(7 * 24 * 3600),
        Some(n) => Duration::from_nanos(n as u64),
    };
    let deadline = kube.deadline(Some(timeout));
    // Whatever else is waited for, first it has to be there.
    if goals.iter().any(|goal| matches!(goal, Goal::Created)) {
        created(kube, deadline).await?;
    }
    let deleted = goals.iter().any(|goal| matches!(goal, Goal::Deleted));
    let (objects, mut failures) = match kube.chosen_objects().await {
        Ok(found) => found,
        Err(failure) => return Err(failure),
    };
    if deleted {
        failures.retain(|f| !f.is_not_found());
    }
    if objects.is_empty() && failures.is_empty() {
        return match deleted {
            true => Ok(()),
            false => plain("no matching resources found"),
        };
    }
    for (target, object) in objects {
        // They share the time: when it is up, the others are not looked at any more.
        let begun = kube.flags.nanos("timeout") != Some(0);
        if begun && deadline.is_some_and(|deadline| kube.now() >= deadline) {
            failures.push(timed_out(&target));
            continue;
        }
        let met = all_of(kube, &goals, &target, object, deadline).await;
        match met {
            Ok(object) => done(kube, target.kind, &object, "condition met")?,
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Waits for one goal after the other.
async fn all_of(
    kube: &Kube,
    goals: &[Goal],
    target: &Target,
    mut object: Value,
    deadline: Option<Time>,
) -> Result<Value> {
    for goal in goals {
        match goal {
            Goal::Deleted => {
                let uid = text(&object, "metadata.uid");
                let (namespace, name) = (&target.namespace, &target.name);
                gone(kube, target.kind, namespace, name, uid, deadline).await?;
            }
            goal => object = holds(kube, goal, target, object, deadline).await?,
        }
    }
    Ok(object)
}

/// Cuts at every `=` that stands alone (`splitJSONPathInput`).
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, parts.last_mut()) {
            ('=', Some(part)) if letters.next_if_eq(&'=').is_some() => part.push_str("=="),
            ('=', _) => parts.push(String::new()),
            (letter, Some(part)) => part.push(letter),
            (_, None) => {}
        }
    }
    parts
}

fn parse(text: &str) -> Result<Goal> {
    if text.eq_ignore_ascii_case("delete") {
        return Ok(Goal::Deleted);
    }
    if text.eq_ignore_ascii_case("create") {
        return Ok(Goal::Created);
    }
    if let Some(condition) = text.strip_prefix("condition=") {
        let (type_, status) = condition.split_once('=').unwrap_or((condition, "true"));
        return Ok(Goal::Condition {
            type_: type_.to_owned(),
            status: status.to_owned(),
        });
    }
    if let Some(path) = text.strip_prefix("jsonpath=") {
        let parts = split(path);
        let (path, value) = match parts.as_slice() {
            [path] => (path, None),
            [path, value] => (path, Some(value.trim_matches(['"', '\'']))),
            _ => {
                return plain(
                    "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'",
                );
            }
        };
        let template = Template::relaxed(path);
        if let Err(message) = &template
            && message.starts_with("unexpected path string")
            && !path.is_empty()
        {
            return plain(message.clone());
        }
        if value.is_some_and(str::is_empty) {
            return plain(
                "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
            );
        }
        if path.is_empty() {
            return plain("jsonpath expression cannot be empty");
        }
        let template =
            template.map_err(|e| Failure::Plain(format!("error parsing jsonpath {path}, {e}")))?;
        return Ok(Goal::Field {
            template,
            value: value.map(str::to_owned),
        });
    }
    plain(format!("unrecognized condition: \"{text}\""))
}

fn is_met(goal: &Goal, object: &Value) -> bool {
    match goal {
        Goal::Deleted | Goal::Created => true,
        Goal::Condition { type_, status } => list(object, "status.conditions").iter().any(|c| {
            let observed =
                int(c, "observedGeneration").or(int(object, "status.observedGeneration"));
            let current = int(object, "metadata.generation").unwrap_or(0);
            text(c, "type").eq_ignore_ascii_case(type_)
                && text(c, "status").eq_ignore_ascii_case(status)
                && observed.is_none_or(|o| o >= current)
        }),
        Goal::Field { template, value } => match template.find(object) {
            Ok(found) => match (found.as_slice(), value) {
                ([], _) => false,
                ([one, ..], Some(value)) => scalar(one) == *value,
                (_, None) => true,
            },
            Err(_) => false,
        },
    }
}

/// A value is compared with one, which is no list and no object.
fn misread(goal: &Goal, object: &Value) -> Result<()> {
    let Goal::Field {
        template,
        value: Some(_),
    } = goal
    else {
        return Ok(());
    };
    match template.find(object).unwrap_or_default().as_slice() {
        [_, _, ..] => plain("given jsonpath expression matches more than one value"),
        [Value::Array(_) | Value::Object(_)] => {
            plain("jsonpath leads to a nested object or list which is not supported")
        }
        _ => Ok(()),
    }
}

async fn holds(
    kube: &Kube,
    goal: &Goal,
    target: &Target,
    object: Value,
    deadline: Option<Time>,
) -> Result<Value> {
    misread(goal, &object)?;
    if is_met(goal, &object) {
        return Ok(object);
    }
    if kube.flags.nanos("timeout") == Some(0) {
        return plain(format!(
            "condition not met for {}/{}",
            target.kind.plural, target.name
        ));
    }
    let from = text(&object, "metadata.resourceVersion").to_owned();
    let mut watch = kube.watch_one(target.kind, &target.namespace, &target.name, &from);
    loop {
        match kube.shell.world.before(deadline, watch.next()).await {
            Some(Some(event)) => match text(&event, "type") {
                "DELETED" => {
                    return plain(format!(
                        "{} \"{}\" was deleted",
                        target.kind.plural,
                        name(&event["object"])
                    ));
                }
                "ADDED" | "MODIFIED" if is_met(goal, &event["object"]) => {
                    return Ok(event["object"].clone());
                }
                _ => {}
            },
            _ => {
                return Err(timed_out(target));
            }
        }
    }
}

fn timed_out(target: &Target) -> Failure {
    Failure::Plain(format!(
        "timed out waiting for the condition on {}/{}",
        target.kind.plural, target.name
    ))
}

/// Waits until what is named exists.
async fn created(kube: &Kube, deadline: Option<Time>) -> Result<()> {
    loop {
        let (objects, failures) = kube.chosen_objects().await?;
        let (missing, other): (Vec<Failure>, Vec<Failure>) =
            failures.into_iter().partition(Failure::is_not_found);
        if let Some(failure) = all(other) {
            return Err(failure);
        }
        if missing.is_empty() && objects.is_empty() {
            return plain("no matching resources found");
        }
        if missing.is_empty() {
            return Ok(());
        }
        if deadline.is_some_and(|d| kube.now() >= d) {
            return plain("timed out waiting for the condition");
        }
        kube.shell.world.sleep(Duration::from_millis(500)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_values_are_cut_as_kubectl_cuts_them() {
        assert_eq!(split("{.a}"), ["{.a}"]);
        assert_eq!(split("{.a}=b"), ["{.a}", "b"]);
        assert_eq!(split("a.b.c====d.e===g="), ["a.b.c====d.e==", "g", ""]);
        let words = |text: &str| parse(text).err().map(|failure| failure.message());
        assert_eq!(words("jsonpath={.a[?(@.b==\"c\")].d}=e"), None);
        let format = words("jsonpath={.a[?(@.b!=\"c\")].d}=e").unwrap_or_default();
        assert!(
            format.starts_with("jsonpath wait format must be"),
            "{format}"
        );
        let value = words("jsonpath={.a}=").unwrap_or_default();
        assert!(value.starts_with("jsonpath wait has to have"), "{value}");
        let empty = words("jsonpath=");
        assert_eq!(
            empty.as_deref(),
            Some("jsonpath expression cannot be empty")
        );
        assert_eq!(words("x").as_deref(), Some("unrecognized condition: \"x\""));
    }
}
