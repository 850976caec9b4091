//! DefaultTolerationSeconds: a pod stays for five minutes on a node that is not ready or cannot be
//! reached, unless it says otherwise.

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{Pod, Toleration};

use crate::api::Object;

const SECONDS: i64 = 300;
const TAINTS: [&str; 2] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
];

/// What pods tolerate by default, one for each taint: the same for all pods.
pub type Defaults = [Shared<Toleration>; 2];

pub fn defaults() -> Defaults {
    TAINTS.map(|key| {
        Shared::from(Toleration {
            key: Some(key.to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some("NoExecute".to_owned()),
            toleration_seconds: Some(SECONDS),
            value: None,
        })
    })
}

pub(super) fn admit(object: &mut Object, defaults: &Defaults) {
    let missing = missing(object);
    if missing.iter().all(|m| !m) {
        return;
    }
    let Some(spec) = object.edit::<Pod>().and_then(|p| p.spec.as_mut()) else {
        return;
    };
    let tolerations = spec.tolerations.get_or_insert_default();
    let added = defaults.iter().zip(missing).filter(|(_, missing)| *missing);
    tolerations.reserve_exact(added.clone().count());
    tolerations.extend(added.map(|(toleration, _)| toleration.clone()));
}

/// Which of the taints the pod says nothing of.
fn missing(object: &Object) -> [bool; 2] {
    let spec = object.get::<Pod>().and_then(|p| p.spec.as_ref());
    let tolerations = spec
        .and_then(|s| s.tolerations.as_deref())
        .unwrap_or_default();
    let is = |text: &Option<String>, wanted: &str| match text.as_deref() {
        None | Some("") => true,
        Some(text) => text == wanted,
    };
    TAINTS.map(|taint| {
        !tolerations
            .iter()
            .any(|t| is(&t.key, taint) && is(&t.effect, "NoExecute"))
    })
}
