//! The rules of a pod's spec, for pods and for the templates of everything that makes pods.
//!
//! Models `k8s.io/kubernetes/pkg/apis/core/validation/validation.go` ValidatePodSpec and what it
//! calls. The order of errors is upstream's.

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, PodTemplateSpec};

use super::{containers, dns, scheduling, security, volumes};
use crate::api::field::{Errors, Path};
use crate::api::names::{
    inclusive_range_error, is_dns1123_label, is_dns1123_subdomain, is_qualified_name,
};
use crate::api::validation::{annotations, labels, one_of};

/// A pod itself; its metadata is checked elsewhere.
pub(super) fn pod(pod: &Pod) -> Errors {
    let mut errors = pod_in_general(pod);
    let Some(spec) = &pod.spec else {
        return errors;
    };
    let path = Path::new("spec");
    if spec
        .ephemeral_containers
        .as_ref()
        .is_some_and(|c| !c.is_empty())
    {
        errors.forbidden(
            &path.child("ephemeralContainers"),
            "cannot be set on create",
        );
    }
    let gated = spec
        .scheduling_gates
        .as_ref()
        .is_some_and(|g| !g.is_empty());
    if gated && spec.node_name.is_some() {
        errors.forbidden(
            &path.child("nodeName"),
            "cannot be set until all schedulingGates have been cleared",
        );
    }
    errors
}

/// What holds for new and changed pods alike.
pub(super) fn pod_in_general(pod: &Pod) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    let Some(spec) = &pod.spec else {
        errors.required(&path.child("containers"), "");
        return errors;
    };
    pod_spec(spec, true, &path, &mut errors);
    let trimmed = |list: &[Container], path: &Path<'_>, errors: &mut Errors| {
        for (i, container) in list.iter().enumerate() {
            let image = container.image.as_deref().unwrap_or_default();
            if image.trim() != image {
                let detail = "must not have leading or trailing whitespace";
                errors.invalid(&path.index(i).child("image"), image, detail);
            }
        }
    };
    trimmed(&spec.containers, &path.child("containers"), &mut errors);
    let init = spec.init_containers.as_deref().unwrap_or_default();
    trimmed(init, &path.child("initContainers"), &mut errors);
    errors
}

/// The template of something that makes pods.
pub(in crate::api::kinds) fn pod_template(
    template: &PodTemplateSpec,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if let Some(meta) = &template.metadata {
        labels(meta.labels.as_ref(), &path.child("labels"), errors);
        annotations(
            meta.annotations.as_ref(),
            &path.child("annotations"),
            errors,
        );
    }
    let empty = PodSpec::default();
    let spec = template.spec.as_ref().unwrap_or(&empty);
    pod_spec(spec, false, &path.child("spec"), errors);
    if spec
        .ephemeral_containers
        .as_ref()
        .is_some_and(|c| !c.is_empty())
    {
        errors.forbidden(
            &path.child("spec").child("ephemeralContainers"),
            "ephemeral containers not allowed in pod template",
        );
    }
}

fn pod_spec(spec: &PodSpec, is_pod: bool, path: &Path<'_>, errors: &mut Errors) {
    let known = volumes::validate(
        spec.volumes.as_deref().unwrap_or_default(),
        &path.child("volumes"),
        errors,
    );
    containers::validate(spec, &known, path, errors);
    if spec.host_network == Some(true) {
        host_network(spec, is_pod, path, errors);
    }
    one_of(
        spec.restart_policy.as_deref(),
        &["Always", "OnFailure", "Never"],
        &path.child("restartPolicy"),
        errors,
    );
    one_of(
        spec.dns_policy.as_deref(),
        &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
        &path.child("dnsPolicy"),
        errors,
    );
    labels(
        spec.node_selector.as_ref(),
        &path.child("nodeSelector"),
        errors,
    );
    security::pod(spec, &path.child("securityContext"), errors);
    for (i, secret) in spec.image_pull_secrets.iter().flatten().enumerate() {
        if secret.name.is_empty() {
            let path = path.child("imagePullSecrets");
            errors.required(&path.index(i).child("name"), "");
        }
    }
    scheduling::affinity(spec.affinity.as_ref(), &path.child("affinity"), errors);
    dns::validate(spec, &path.child("dnsConfig"), errors);
    for (i, gate) in spec.readiness_gates.iter().flatten().enumerate() {
        let path = path.child("readinessGates");
        errors.invalid_each(
            &path.index(i).child("conditionType"),
            &gate.condition_type,
            is_qualified_name(&gate.condition_type),
        );
    }
    scheduling::gates(spec, &path.child("schedulingGates"), errors);
    scheduling::spread(
        spec.topology_spread_constraints
            .as_deref()
            .unwrap_or_default(),
        &path.child("topologySpreadConstraints"),
        errors,
    );
    names(spec, path, errors);
    scheduling::tolerations(
        spec.tolerations.as_deref().unwrap_or_default(),
        &path.child("tolerations"),
        errors,
    );
    dns::host_aliases(spec, &path.child("hostAliases"), errors);
    if let Some(class) = &spec.priority_class_name {
        errors.invalid_each(
            &path.child("priorityClassName"),
            class,
            is_dns1123_subdomain(class),
        );
    }
    if let Some(class) = &spec.runtime_class_name {
        errors.invalid_each(
            &path.child("runtimeClassName"),
            class,
            is_dns1123_subdomain(class),
        );
    }
    if let Some(policy) = &spec.preemption_policy {
        one_of(
            Some(policy),
            &["PreemptLowerPriority", "Never"],
            &path.child("preemptionPolicy"),
            errors,
        );
    }
    if let Some(os) = &spec.os {
        let path = path.child("os");
        one_of(
            Some(&os.name),
            &["linux", "windows"],
            &path.child("name"),
            errors,
        );
    }
}

fn names(spec: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    if let Some(name) = &spec.service_account_name {
        errors.invalid_each(
            &path.child("serviceAccountName"),
            name,
            is_dns1123_subdomain(name),
        );
    }
    if let Some(name) = &spec.node_name {
        errors.invalid_each(&path.child("nodeName"), name, is_dns1123_subdomain(name));
    }
    if let Some(seconds) = spec.active_deadline_seconds {
        let most = i64::from(i32::MAX);
        if !(1..=most).contains(&seconds) {
            errors.invalid(
                &path.child("activeDeadlineSeconds"),
                seconds,
                inclusive_range_error(1, most),
            );
        }
    }
    for (field, name) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        if let Some(name) = name {
            errors.invalid_each(&path.child(field), name, is_dns1123_label(name));
        }
    }
}

/// On the host's network a container's ports are the host's.
fn host_network(spec: &PodSpec, is_pod: bool, path: &Path<'_>, errors: &mut Errors) {
    let mut check = |list: &[Container], path: &Path<'_>| {
        for (i, container) in list.iter().enumerate() {
            for (j, port) in container.ports.iter().flatten().enumerate() {
                let host = port.host_port.unwrap_or_default();
                if (is_pod || host != 0) && host != port.container_port {
                    let ports = path.index(i);
                    let ports = ports.child("ports");
                    errors.invalid(
                        &ports.index(j).child("containerPort"),
                        port.container_port,
                        "must match `hostPort` when `hostNetwork` is true",
                    );
                }
            }
        }
    };
    check(&spec.containers, &path.child("containers"));
    let init = spec.init_containers.as_deref().unwrap_or_default();
    check(init, &path.child("initContainers"));
}
