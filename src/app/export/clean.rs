//! An object without what the cluster added to it: what is left is what one would write by hand.

use serde_json::{Map, Value};

use crate::api::Kind;

/// How often fields may be tried in all; beyond that, defaults are left in.
const MOST_TRIALS: usize = 8000;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Notes of controllers and of kubectl.
const ANNOTATIONS: [&str; 8] = [
    LAST_APPLIED,
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
    "kubectl.kubernetes.io/restartedAt",
    "batch.kubernetes.io/job-tracking",
    "control-plane.alpha.kubernetes.io/leader",
    "endpoints.kubernetes.io/last-change-trigger-time",
    "kubernetes.io/service-account.uid",
];
const ANNOTATION_DOMAINS: [&str; 2] = ["pv.kubernetes.io/", "volume.kubernetes.io/"];
const FINALIZERS: [&str; 5] = [
    "kubernetes.io/pvc-protection",
    "kubernetes.io/pv-protection",
    "customresourcecleanup.apiextensions.k8s.io",
    "batch.kubernetes.io/job-tracking",
    "kubernetes",
];
/// What the Job controller writes into a template to tell its pods from others.
const JOB_LABELS: [&str; 4] = [
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];

/// Cleans one object after the other, with an eye on what that costs.
#[derive(Default)]
pub struct Pruner {
    trials: usize,
}

impl Pruner {
    pub fn clean(&mut self, kind: Kind, mut object: Value) -> Value {
        let written = last_applied(&object);
        let Some(map) = object.as_object_mut() else {
            return object;
        };
        map.remove("status");
        if let Some(Value::Object(meta)) = map.get_mut("metadata") {
            metadata(meta);
        }
        let name = kind.info().kind;
        match name {
            "Namespace" => {
                remove(
                    &mut object,
                    &["metadata", "labels"],
                    "kubernetes.io/metadata.name",
                );
                remove(&mut object, &["spec"], "finalizers");
            }
            "Service" => service(&mut object, &written),
            "Pod" => pod(&mut object, &written),
            "Job" => job(&mut object),
            "PersistentVolumeClaim" if written["spec"]["volumeName"].is_null() => {
                remove(&mut object, &["spec"], "volumeName");
            }
            "PersistentVolume" => {
                for field in ["uid", "resourceVersion"] {
                    remove(&mut object, &["spec", "claimRef"], field);
                }
            }
            "Secret" if object["type"] == "kubernetes.io/service-account-token" => {
                // The cluster that it goes to has tokens of its own.
                remove(&mut object, &[], "data");
            }
            _ => {}
        }
        if kind.definition().is_none() {
            self.prune(kind, &mut object);
        }
        drop_empty(&mut object);
        object
    }

    /// Takes out every field that would be filled in again as it is.
    fn prune(&mut self, kind: Kind, object: &mut Value) {
        let Some(whole) = filled_in(kind, object) else {
            return;
        };
        let names: Vec<String> = object
            .as_object()
            .into_iter()
            .flatten()
            .map(|(n, _)| n.clone())
            .collect();
        for name in names {
            if !matches!(
                &*name,
                "apiVersion" | "kind" | "metadata" | "data" | "binaryData"
            ) {
                self.try_without(kind, object, &whole, &mut vec![Step::Field(name)]);
            }
        }
    }

    fn try_without(&mut self, kind: Kind, object: &mut Value, whole: &Value, path: &mut Vec<Step>) {
        if self.trials >= MOST_TRIALS {
            return;
        }
        if let Some(Step::Field(name)) = path.last().cloned() {
            self.trials += 1;
            let Some(Value::Object(parent)) =
                at(object, path.get(..path.len() - 1).unwrap_or_default())
            else {
                return;
            };
            let Some(taken) = parent.remove(&name) else {
                return;
            };
            if filled_in(kind, object).as_ref() == Some(whole) {
                return;
            }
            if let Some(Value::Object(parent)) =
                at(object, path.get(..path.len() - 1).unwrap_or_default())
            {
                parent.insert(name, taken);
            }
        }
        let inner: Vec<Step> = match at(object, path) {
            Some(Value::Object(map)) => map.keys().map(|k| Step::Field(k.clone())).collect(),
            Some(Value::Array(items)) => (0..items.len()).map(Step::Item).collect(),
            _ => Vec::new(),
        };
        for step in inner {
            path.push(step);
            self.try_without(kind, object, whole, path);
            path.pop();
        }
    }
}

#[derive(Clone)]
enum Step {
    Field(String),
    Item(usize),
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Field(name) => value.get_mut(name),
        Step::Item(i) => value.get_mut(*i),
    })
}

/// The object as the API server would take it in; `None` when it would not.
fn filled_in(kind: Kind, value: &Value) -> Option<Value> {
    let (mut object, _) = kind.decode(value).ok()?;
    kind.info().strategy.default(&mut object);
    Some(object.to_value())
}

fn last_applied(object: &Value) -> Value {
    let text = object["metadata"]["annotations"][LAST_APPLIED].as_str();
    text.and_then(|t| serde_json::from_str(t).ok())
        .unwrap_or_default()
}

fn metadata(meta: &mut Map<String, Value>) {
    for field in [
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "selfLink",
        "ownerReferences",
        "deletionGracePeriodSeconds",
        "generateName",
    ] {
        meta.remove(field);
    }
    if let Some(Value::Object(annotations)) = meta.get_mut("annotations") {
        annotations.retain(|name, _| {
            !ANNOTATIONS.contains(&&**name)
                && !ANNOTATION_DOMAINS.iter().any(|d| name.starts_with(d))
        });
    }
    if let Some(Value::Array(finalizers)) = meta.get_mut("finalizers") {
        finalizers.retain(|f| !f.as_str().is_some_and(|f| FINALIZERS.contains(&f)));
    }
    if meta.get("namespace").is_some_and(|n| n == "default") {
        meta.remove("namespace");
    }
}

fn remove(object: &mut Value, path: &[&str], field: &str) {
    let inner = path
        .iter()
        .try_fold(object, |value, name| value.get_mut(name));
    if let Some(Value::Object(map)) = inner {
        map.remove(field);
    }
}

/// Addresses are the cluster's to give, unless somebody asked for these.
fn service(object: &mut Value, written: &Value) {
    let headless = object["spec"]["clusterIP"] == "None";
    if written["spec"]["clusterIP"].is_null() && !headless {
        remove(object, &["spec"], "clusterIP");
    }
    for field in [
        "clusterIPs",
        "ipFamilies",
        "ipFamilyPolicy",
        "healthCheckNodePort",
    ] {
        if written["spec"][field].is_null() {
            remove(object, &["spec"], field);
        }
    }
    let wanted: Vec<Value> = written["spec"]["ports"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for port in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
        let asked = wanted
            .iter()
            .any(|w| !w["nodePort"].is_null() && w["nodePort"] == port["nodePort"]);
        if let Some(port) = port.as_object_mut().filter(|_| !asked) {
            port.remove("nodePort");
        }
    }
}

/// What the scheduler and the admission of pods added.
fn pod(object: &mut Value, written: &Value) {
    let Some(Value::Object(spec)) = object.get_mut("spec") else {
        return;
    };
    let written = &written["spec"];
    for field in [
        "nodeName",
        "serviceAccountName",
        "priority",
        "preemptionPolicy",
    ] {
        let is_default =
            field != "serviceAccountName" || spec.get(field).is_some_and(|n| n == "default");
        if written[field].is_null() && is_default {
            spec.remove(field);
        }
    }
    // An old name of `serviceAccountName`.
    spec.remove("serviceAccount");
    let token = |volume: &Value| {
        let name = volume["name"].as_str();
        name.is_some_and(|n| n.starts_with("kube-api-access-"))
    };
    if let Some(Value::Array(volumes)) = spec.get_mut("volumes") {
        volumes.retain(|v| !token(v));
    }
    for list in ["containers", "initContainers"] {
        for container in spec
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(Value::Array(mounts)) = container.get_mut("volumeMounts") {
                mounts.retain(|m| !token(m));
            }
        }
    }
    if let Some(Value::Array(tolerations)) = spec.get_mut("tolerations") {
        tolerations.retain(|t| {
            let key = t["key"].as_str().unwrap_or_default();
            let added = matches!(
                key,
                "node.kubernetes.io/not-ready" | "node.kubernetes.io/unreachable"
            );
            !(added && t["tolerationSeconds"] == 300)
        });
    }
}

fn job(object: &mut Value) {
    if object["spec"]["manualSelector"] == true {
        return;
    }
    remove(object, &["spec"], "selector");
    for labels in [
        &["metadata", "labels"][..],
        &["spec", "template", "metadata", "labels"],
    ] {
        for name in JOB_LABELS {
            remove(object, labels, name);
        }
    }
}

/// Takes out empty maps and lists of the metadata, and of what else is left empty.
fn drop_empty(object: &mut Value) {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    for path in [
        &["metadata"][..],
        &["spec"],
        &["spec", "template", "metadata"],
    ] {
        let inner = path
            .iter()
            .try_fold(&mut *object, |value, name| value.get_mut(name));
        if let Some(Value::Object(map)) = inner {
            map.retain(|name, value| {
                let means_something = matches!(
                    &**name,
                    "selector" | "podSelector" | "template" | "rules" | "emptyDir"
                );
                means_something || !empty(value)
            });
        }
    }
    // Containers lose the list of mounts when the token's was the only one.
    for list in ["containers", "initContainers", "volumes"] {
        let items = object["spec"].get_mut(list).and_then(Value::as_array_mut);
        for container in items.into_iter().flatten() {
            if let Some(map) = container.as_object_mut() {
                map.retain(|name, value| {
                    name == "emptyDir" || !empty(value) || name == "securityContext"
                });
            }
        }
    }
    if let Some(map) = object.as_object_mut() {
        map.retain(|name, value| name != "spec" || !empty(value));
    }
}
