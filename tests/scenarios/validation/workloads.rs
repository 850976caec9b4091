//! What of objects that make pods is refused, and what is warned of.

use super::check;

#[test]
fn templates() {
    check(
        &[
            (
                "nodeSelector: {beta.kubernetes.io/os: linux}",
                "spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
            ),
            ("hostNetwork: true", ""),
            ("volumes: [{name: v, image: {}}]", ""),
        ],
        |spec| {
            format!(
                "{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: d}}, spec: {{selector: {{matchLabels: {{a: b}}}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: c, image: x}}], {spec}}}}}}}}}"
            )
        },
    );
}

#[test]
fn pod_templates() {
    check(
        &[(
            "imagePullSecrets: [{name: ''}]",
            "template.spec.imagePullSecrets[0].name: invalid empty name \"\"",
        )],
        |spec| {
            format!(
                "{{apiVersion: v1, kind: PodTemplate, metadata: {{name: d}}, template: {{spec: {{containers: [{{name: c, image: x}}], {spec}}}}}}}"
            )
        },
    );
}
