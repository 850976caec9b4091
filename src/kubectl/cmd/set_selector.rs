//! `kubectl set selector`. Models `k8s.io/kubectl/pkg/cmd/set/set_selector.go`.

use serde_json::{Map, Value, json};

use super::{Command, OUTPUT};
use crate::api::selector::{Operator, Selector};
use crate::apiserver::request::MERGE_PATCH;
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::kube::{DryRun, Kube};
use crate::kubectl::printers::done;

pub const SELECTOR: Command = Command {
    path: "set selector",
    short: "Set the selector on a resource",
    help: "(-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version]
The new selector takes the place of the old one. Today this works for services.

# Lead a service to other pods
kubectl set selector service web 'app=web,tier=front'",
    flags: &[
        OUTPUT,
        "all=false dry-run='none'?unchanged field-manager='kubectl-set' -f,filename=[] local=false -R,recursive=true resource-version=''",
    ],
    run: |kube| Box::pin(run(kube)),
};

/// Expressions as Go prints them; `None` when the selector has none.
fn expressions(text: &str) -> Option<String> {
    let selector = Selector::parse(text).ok()?;
    let shown: Vec<String> = selector
        .requirements()
        .iter()
        .filter(|r| !matches!(r.operator(), Operator::Equals | Operator::DoubleEquals))
        .map(|r| {
            let operator = match r.operator() {
                Operator::NotIn | Operator::NotEquals => "NotIn",
                Operator::Exists => "Exists",
                Operator::DoesNotExist => "DoesNotExist",
                _ => "In",
            };
            format!("{{{} {operator} [{}]}}", r.key(), r.values().join(" "))
        })
        .collect();
    (!shown.is_empty()).then(|| format!("[{}]", shown.join(" ")))
}

async fn run(kube: &Kube) -> Result<()> {
    let words = &kube.flags.arguments;
    let (expression, resources) = match words.split_last() {
        Some((last, rest)) => (last.as_str(), rest),
        _ => ("", words.as_slice()),
    };
    if words.is_empty() && !kube.flags.names_files() {
        return plain("one selector is required");
    }
    if resources.is_empty() && !kube.flags.names_files() {
        return plain(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        );
    }
    if !kube.flags.names_files() {
        kube.chosen(resources).await?;
    }
    if expression.contains("!=") {
        return plain("\"!=\" is not a valid label selector operator");
    }
    if let Some(shown) = expressions(expression) {
        return plain(format!(
            "match expression {shown} not supported on this object"
        ));
    }
    let mut selector = Map::new();
    for pair in expression.split(',') {
        match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                let value = value.trim_start_matches('=');
                selector.insert(key.to_owned(), value.into());
            }
            _ => return plain(format!("invalid selector: {expression}")),
        }
    }
    let (objects, mut failures) = kube.chosen_of(resources).await?;
    for (target, before) in objects {
        if target.kind.kind != "Service" {
            failures.push(Failure::Plain(
                "setting a selector is only supported for Services".to_owned(),
            ));
            continue;
        }
        // What is not asked for any more goes.
        let mut wanted = selector.clone();
        for key in before["spec"]["selector"].as_object().into_iter().flatten() {
            wanted.entry(key.0.clone()).or_insert(Value::Null);
        }
        let mut answer = before.clone();
        if kube.dry_run()? != DryRun::Client && !kube.flags.is("local") {
            let mut patch = json!({"spec": {"selector": wanted}});
            let version = kube.flags.text("resource-version");
            if !version.is_empty() {
                patch["metadata"] = json!({"resourceVersion": version});
            }
            let sent = kube
                .patch(
                    target.kind,
                    &target.namespace,
                    &target.name,
                    MERGE_PATCH,
                    patch,
                    "kubectl-set",
                )
                .await;
            match sent {
                Ok(object) => answer = object,
                Err(failure) => {
                    failures.push(failure);
                    continue;
                }
            }
        } else {
            answer["spec"]["selector"] = Value::Object(selector.clone());
        }
        done(kube, target.kind, &answer, "selector updated")?;
    }
    all(failures).map_or(Ok(()), Err)
}
