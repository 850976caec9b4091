//! Taints and what tolerates them (`k8s.io/component-helpers/scheduling/corev1`).

use k8s_openapi::api::core::v1::{Node, Taint};

pub use crate::api::scheduling::tolerates;

pub const NOT_READY: &str = "node.kubernetes.io/not-ready";
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
pub const NO_EXECUTE: &str = "NoExecute";
pub const NO_SCHEDULE: &str = "NoSchedule";

pub fn of(node: &Node) -> &[Taint] {
    let spec = node.spec.as_ref();
    spec.and_then(|s| s.taints.as_deref()).unwrap_or_default()
}

/// The taints that make pods leave.
pub fn no_execute(node: &Node) -> Vec<&Taint> {
    of(node).iter().filter(|t| t.effect == NO_EXECUTE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Toleration;

    #[test]
    fn tolerations_match_by_effect_key_and_value() {
        let taint = |key: &str, value: &str| Taint {
            key: key.to_owned(),
            value: Some(value.to_owned()).filter(|v| !v.is_empty()),
            effect: NO_EXECUTE.to_owned(),
            time_added: None,
        };
        // (key, operator, value, effect) of the toleration, and whether it tolerates a=b
        for (key, operator, value, effect, expected) in [
            ("a", "Equal", "b", "NoExecute", true),
            ("a", "", "b", "", true),
            ("a", "Equal", "c", "", false),
            ("a", "Exists", "", "", true),
            ("", "Exists", "", "", true),
            ("x", "Exists", "", "", false),
            ("a", "Exists", "", "NoSchedule", false),
        ] {
            let some = |t: &str| Some(t.to_owned()).filter(|t| !t.is_empty());
            let toleration = Toleration {
                key: some(key),
                operator: some(operator),
                value: some(value),
                effect: some(effect),
                toleration_seconds: None,
            };
            assert_eq!(
                tolerates(&toleration, &taint("a", "b")),
                expected,
                "{key} {operator} {value} {effect}"
            );
        }
    }
}
