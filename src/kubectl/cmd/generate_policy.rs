//! `kubectl create quota`, `create poddisruptionbudget` and `create priorityclass`.
//! Models `k8s.io/kubectl/pkg/cmd/create`.

use serde_json::{Map, Value, json};

use super::generate::{COMMON, MANAGER, known, make, only_name};
use super::{Command, OUTPUT};
use crate::api::quantity::Quantity;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::kube::Kube;

pub const QUOTA: Command = Command {
    path: "create quota",
    short: "Create a quota with the specified name",
    help: "NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] [--dry-run=server|client|none]
# At most ten pods and two CPUs
kubectl create quota small --hard=pods=10,requests.cpu=2

# For pods without requests alone
kubectl create quota best-effort --hard=pods=5 --scopes=BestEffort",
    flags: &[OUTPUT, COMMON, "hard='' scopes=''"],
    run: |kube| Box::pin(quota(kube)),
};

pub const DISRUPTION_BUDGET: Command = Command {
    path: "create poddisruptionbudget",
    short: "Create a pod disruption budget with the specified name",
    help: "NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none]
# Two pods have to stay
kubectl create poddisruptionbudget web --selector=app=web --min-available=2

# A quarter of them may be missing
kubectl create pdb web --selector=app=web --max-unavailable=25%",
    flags: &[
        OUTPUT,
        COMMON,
        "max-unavailable='' min-available='' selector=''",
    ],
    run: |kube| Box::pin(disruption_budget(kube)),
};

pub const PRIORITY_CLASS: Command = Command {
    path: "create priorityclass",
    short: "Create a priority class with the specified name",
    help: r#"NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none]
# Pods that go first
kubectl create priorityclass high --value=1000 --description="for the shop"

# Pods that wait for room and drive nobody out
kubectl create priorityclass patient --value=500 --preemption-policy="Never""#,
    flags: &[
        OUTPUT,
        COMMON,
        "description='' global-default=false preemption-policy='PreemptLowerPriority' value=0/32",
    ],
    run: |kube| Box::pin(priority_class(kube)),
};

async fn quota(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let mut spec = json!({});
    let hard = kube.flags.text("hard");
    if !hard.is_empty() {
        let mut amounts = Map::new();
        for statement in hard.split(',') {
            let parts: Vec<&str> = statement.split('=').collect();
            let [resource, amount] = parts.as_slice() else {
                return plain(format!(
                    "Invalid argument syntax {statement}, expected <resource>=<value>"
                ));
            };
            match Quantity::parse(amount) {
                Ok(amount) => amounts.insert((*resource).to_owned(), amount.to_string().into()),
                Err(error) => return plain(error.to_string()),
            };
        }
        spec["hard"] = Value::Object(amounts);
    }
    let scopes = kube.flags.text("scopes");
    if !scopes.is_empty() {
        let scopes: Vec<&str> = scopes.split(',').collect();
        if scopes.contains(&"") {
            return plain("invalid resource quota scope \"\"");
        }
        spec["scopes"] = json!(scopes);
    }
    let object = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": spec,
    });
    let kind = known("v1", "ResourceQuota")?;
    make(
        kube,
        kind,
        object,
        MANAGER,
        "failed to create quota:",
        "created",
    )
    .await
}

/// A whole number, or one of per cent.
fn number_or_percent(text: &str) -> Option<Value> {
    let digits = text.strip_suffix('%').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match text.parse::<i32>() {
        Ok(number) => Some(number.into()),
        Err(_) => Some(text.into()),
    }
}

async fn disruption_budget(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let flags = &kube.flags;
    if flags.text("selector").is_empty() {
        return plain("a selector must be specified");
    }
    let (least, most) = (flags.text("min-available"), flags.text("max-unavailable"));
    let (field, flag, text) = match (least, most) {
        ("", "") => return plain("one of min-available or max-unavailable must be specified"),
        (least, "") => ("minAvailable", "min-available", least),
        ("", most) => ("maxUnavailable", "max-unavailable", most),
        _ => return plain("min-available and max-unavailable cannot be both specified"),
    };
    let Some(number) = number_or_percent(text) else {
        return plain(format!("invalid format specified for {flag}"));
    };
    let selector = selector(flags.text("selector"))?;
    let object = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
        "spec": {"selector": selector, field: number},
    });
    let kind = known("policy/v1", "PodDisruptionBudget")?;
    let lead = "failed to create poddisruptionbudgets:";
    make(kube, kind, object, MANAGER, lead, "created").await
}

/// A selector of labels as the API has it (`metav1.ParseToLabelSelector`).
fn selector(text: &str) -> Result<Value> {
    use crate::api::selector::{Operator, Selector};
    let parsed = match Selector::parse(text) {
        Ok(parsed) => parsed,
        Err(message) => {
            return plain(format!(
                "couldn't parse the selector string \"{text}\": {message}"
            ));
        }
    };
    let (mut labels, mut expressions) = (Map::new(), Vec::new());
    for requirement in parsed.requirements() {
        let mut values = requirement.values().to_vec();
        let operator = match requirement.operator() {
            Operator::Equals | Operator::DoubleEquals => {
                let value = values.pop().unwrap_or_default();
                labels.insert(requirement.key().to_owned(), value.into());
                continue;
            }
            Operator::In => "In",
            Operator::NotIn | Operator::NotEquals => "NotIn",
            Operator::Exists => "Exists",
            Operator::DoesNotExist => "DoesNotExist",
            _ => {
                return plain(format!(
                    "\"{requirement}\" isn't supported in label selectors"
                ));
            }
        };
        let mut expression = json!({"key": requirement.key(), "operator": operator});
        if !values.is_empty() {
            expression["values"] = json!(values);
        }
        expressions.push(expression);
    }
    let mut selector = json!({});
    if !labels.is_empty() {
        selector["matchLabels"] = Value::Object(labels);
    }
    if !expressions.is_empty() {
        selector["matchExpressions"] = Value::Array(expressions);
    }
    Ok(selector)
}

async fn priority_class(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let flags = &kube.flags;
    let policy = match flags.text("preemption-policy") {
        "" => "PreemptLowerPriority",
        given => given,
    };
    let mut object = json!({
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
        "value": flags.int("value").unwrap_or(0), "preemptionPolicy": policy,
    });
    if flags.is("global-default") {
        object["globalDefault"] = true.into();
    }
    if !flags.text("description").is_empty() {
        object["description"] = flags.text("description").into();
    }
    let kind = known("scheduling.k8s.io/v1", "PriorityClass")?;
    let lead = "failed to create priorityclass:";
    make(kube, kind, object, MANAGER, lead, "created").await
}
