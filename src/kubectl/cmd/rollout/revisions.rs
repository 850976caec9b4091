//! The ReplicaSets of a Deployment: which one is new, which are old, and their revisions.
//! Models `k8s.io/kubectl/pkg/util/deployment` and the history viewer.

use serde_json::Value;

use crate::api::Kind;
use crate::kubectl::describe::selector_text;
use crate::kubectl::error::Result;
use crate::kubectl::json::{annotation, at, list, name, namespace, text};
use crate::kubectl::kube::Kube;

pub const REVISION: &str = "deployment.kubernetes.io/revision";
pub const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";
const TEMPLATE_HASH: &str = "pod-template-hash";

/// The ReplicaSets that a Deployment controls, oldest first.
pub async fn owned(kube: &Kube, deployment: &Value) -> Result<Vec<Value>> {
    let Some(kind) = Kind::by_gvk("apps/v1", "ReplicaSet") else {
        return Ok(Vec::new());
    };
    let selector = selector_text(&deployment["spec"]["selector"]);
    let mut sets = kube
        .list(
            kind.info(),
            namespace(deployment),
            &[("labelSelector", selector)],
        )
        .await?;
    let uid = text(deployment, "metadata.uid");
    sets.retain(|set| {
        list(set, "metadata.ownerReferences")
            .iter()
            .any(|o| o["controller"].as_bool() == Some(true) && text(o, "uid") == uid)
    });
    let key = |set: &Value| {
        (
            text(set, "metadata.creationTimestamp").to_owned(),
            name(set).to_owned(),
        )
    };
    sets.sort_by_key(key);
    Ok(sets)
}

/// The ReplicaSets that have a revision, by its number.
pub async fn numbered(kube: &Kube, deployment: &Value) -> Result<Vec<(i64, Value)>> {
    let sets = owned(kube, deployment).await?;
    let mut sets: Vec<(i64, Value)> = sets
        .into_iter()
        .map(|set| (revision(&set), set))
        .filter(|(number, _)| *number > 0)
        .collect();
    sets.sort_by_key(|(number, _)| *number);
    Ok(sets)
}

/// The ReplicaSet whose template is the Deployment's, and the others.
pub async fn new_and_old(kube: &Kube, deployment: &Value) -> (Option<Value>, Vec<Value>) {
    let mut sets = owned(kube, deployment).await.unwrap_or_default();
    let template = without_hash(at(deployment, "spec.template"));
    let position = sets
        .iter()
        .position(|set| without_hash(at(set, "spec.template")) == template);
    let new = position.map(|i| sets.remove(i));
    (new, sets)
}

/// A template without the label that the controller gives to it.
pub fn without_hash(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(labels) = template
        .get_mut("metadata")
        .and_then(|m| m.get_mut("labels"))
        .and_then(Value::as_object_mut)
    {
        labels.remove(TEMPLATE_HASH);
    }
    template
}

/// The number of a ReplicaSet's revision; zero when it has none.
pub fn revision(object: &Value) -> i64 {
    annotation(object, REVISION)
        .and_then(|r| r.parse().ok())
        .unwrap_or(0)
}
