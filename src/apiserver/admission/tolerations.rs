//! DefaultTolerationSeconds: a pod stays for five minutes on a node that is not ready or cannot be
//! reached, unless it says otherwise.

use k8s_openapi::api::core::v1::{Pod, Toleration};

use crate::api::Object;

const SECONDS: i64 = 300;
const TAINTS: [&str; 2] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
];

pub(super) fn admit(object: &mut Object) {
    let missing = missing(object);
    if missing.iter().all(|m| !m) {
        return;
    }
    let Some(spec) = object.edit::<Pod>().and_then(|p| p.spec.as_mut()) else {
        return;
    };
    for (key, _) in TAINTS.iter().zip(missing).filter(|(_, m)| *m) {
        spec.tolerations.get_or_insert_default().push(Toleration {
            key: Some((*key).to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some("NoExecute".to_owned()),
            toleration_seconds: Some(SECONDS),
            value: None,
        });
    }
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
