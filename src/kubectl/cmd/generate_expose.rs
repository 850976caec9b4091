//! `kubectl expose`: a service for the pods of something.

use serde_json::{Map, Value, json};

use super::generate::{known, labels, make, number_or_text};
use super::{Command, FILES, OUTPUT};
use crate::api::kinds::KindInfo;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::json::{list, name, text};
use crate::kubectl::kube::Kube;

pub const EXPOSE: Command = Command {
    path: "expose",
    short: "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
    help: "(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type]
Make a service for the pods of a deployment, service, replica set, replication controller or pod. It selects them by the labels that the object itself selects by.

# Port 80 for port 8080 of the pods
kubectl expose deployment web --port=80 --target-port=8080

# A port on every node
kubectl expose pod web --port=80 --name=frontend --type=NodePort",
    flags: &[OUTPUT, FILES, "cluster-ip='' dry-run='none'?unchanged external-ip='' field-manager='kubectl-expose' -l,labels='' load-balancer-ip='' name='' override-type='merge' overrides='' port='' protocol='' save-config=false selector='' session-affinity='' target-port='' type=''"],
    run: |kube| Box::pin(expose(kube)),
};

async fn expose(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    let objects = match flags.names_files() {
        true => {
            let (objects, failures) = kube.chosen_of(&[]).await?;
            if let Some(failure) = crate::kubectl::error::all(failures) {
                return Err(failure);
            }
            objects
        }
        false => {
            let targets = kube.targets(&flags.arguments).await?.targets;
            let mut objects = Vec::new();
            for target in targets {
                if target.name.is_empty() {
                    return plain("resource(s) were provided, but no name was specified");
                }
                let object = kube
                    .get(target.kind, &target.namespace, &target.name)
                    .await?;
                objects.push((target, object));
            }
            objects
        }
    };
    for (target, object) in objects {
        can_be_exposed(target.kind)?;
        let selector = match flags.text("selector") {
            "" => selector_of(target.kind, &object)?,
            given => labels(given)?,
        };
        let ports = ports_of(flags, &object)?;
        let service_labels = match flags.text("labels") {
            "" => object["metadata"]["labels"].clone(),
            given => Value::Object(labels(given)?),
        };
        let service_name = match flags.text("name") {
            "" => name(&object),
            given => given,
        };
        let mut metadata = json!({"name": service_name});
        if service_labels.is_object() {
            metadata["labels"] = service_labels;
        }
        if !matches!(flags.text("session-affinity"), "" | "None" | "ClientIP") {
            return plain(format!(
                "unknown session affinity: {}",
                flags.text("session-affinity")
            ));
        }
        let mut spec = json!({"selector": selector, "ports": ports});
        for (flag, field) in [
            ("type", "type"),
            ("cluster-ip", "clusterIP"),
            ("session-affinity", "sessionAffinity"),
        ] {
            if !flags.text(flag).is_empty() {
                spec[field] = flags.text(flag).into();
            }
        }
        if !flags.text("external-ip").is_empty() {
            spec["externalIPs"] = json!([flags.text("external-ip")]);
        }
        let service =
            json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec});
        make(
            kube,
            known("v1", "Service")?,
            service,
            "kubectl-expose",
            "",
            "exposed",
        )
        .await?;
    }
    Ok(())
}

/// An expression of a selector as Go prints it.
fn expression_text(expression: &Value) -> String {
    let values = list(expression, "values").iter().filter_map(Value::as_str);
    format!(
        "{{Key:{} Operator:{} Values:[{}]}}",
        text(expression, "key"),
        text(expression, "operator"),
        values.collect::<Vec<_>>().join(" ")
    )
}

/// Kinds whose pods a Service can lead to (`canBeExposed`).
fn can_be_exposed(kind: &KindInfo) -> Result<()> {
    let fits = match kind.group {
        "" => matches!(kind.kind, "Pod" | "Service" | "ReplicationController"),
        "apps" => matches!(kind.kind, "Deployment" | "ReplicaSet"),
        _ => false,
    };
    let gk = match kind.group {
        "" => kind.kind.to_owned(),
        group => format!("{}.{group}", kind.kind),
    };
    match fits {
        true => Ok(()),
        false => plain(format!("cannot expose a {gk}")),
    }
}

fn selector_of(kind: &KindInfo, object: &Value) -> Result<Map<String, Value>> {
    let map = match kind.kind {
        "Pod" => &object["metadata"]["labels"],
        "Service" | "ReplicationController" => &object["spec"]["selector"],
        "Deployment" | "ReplicaSet" => {
            let selector = &object["spec"]["selector"];
            let expressions = list(selector, "matchExpressions");
            if !expressions.is_empty() {
                let shown: Vec<String> = expressions.iter().map(expression_text).collect();
                return plain(format!(
                    "couldn't retrieve selectors via --selector flag or introspection: couldn't convert expressions - \"[{}]\" to map-based selector format",
                    shown.join(" ")
                ));
            }
            &selector["matchLabels"]
        }
        _ => &Value::Null,
    };
    match map.as_object().filter(|m| !m.is_empty()) {
        Some(map) => Ok(map.clone()),
        None => plain(format!(
            "couldn't retrieve selectors via --selector flag or introspection: {}",
            match kind.kind {
                "Pod" => "the pod has no labels and cannot be exposed",
                "Service" => "the service has no pod selector set",
                _ => "no selector can be found",
            }
        )),
    }
}

fn ports_of(flags: &crate::kubectl::flags::Parsed, object: &Value) -> Result<Vec<Value>> {
    let containers = match object["spec"]["template"].is_object() {
        true => list(object, "spec.template.spec.containers"),
        false => list(object, "spec.containers"),
    };
    let mut numbers: Vec<(Value, String)> = Vec::new();
    if flags.text("port").is_empty() {
        for port in containers.iter().flat_map(|c| list(c, "ports")) {
            numbers.push((
                port["containerPort"].clone(),
                text(port, "protocol").to_owned(),
            ));
        }
        for port in list(object, "spec.ports") {
            numbers.push((port["port"].clone(), text(port, "protocol").to_owned()));
        }
    } else {
        for port in flags.text("port").split(',') {
            if port.parse::<i64>().is_err() {
                return plain(format!("strconv.Atoi: parsing \"{port}\": invalid syntax"));
            }
            numbers.push((number_or_text(port), String::new()));
        }
    }
    if numbers.is_empty() {
        return plain("couldn't find port via --port flag or introspection");
    }
    let several = numbers.len() > 1;
    Ok(numbers
        .into_iter()
        .enumerate()
        .map(|(i, (port, protocol))| {
            let protocol = match (flags.text("protocol"), protocol.as_str()) {
                ("", "") => "TCP".to_owned(),
                ("", own) => own.to_owned(),
                (given, _) => given.to_owned(),
            };
            let target = match flags.text("target-port") {
                "" => port.clone(),
                given => number_or_text(given),
            };
            let mut entry = json!({"port": port, "protocol": protocol, "targetPort": target});
            if several {
                entry["name"] = format!("port-{}", i + 1).into();
            }
            entry
        })
        .collect())
}
