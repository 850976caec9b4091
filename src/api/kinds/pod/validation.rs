//! The rules of a pod's spec, for pods and for the templates of everything that makes pods.
//!
//! Models `k8s.io/kubernetes/pkg/apis/core/validation/validation.go` ValidatePodSpec and what it
//! calls. The order of errors is upstream's.

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, PodTemplateSpec, ResourceRequirements};

use super::{annotations as pod_annotations, containers, dns, resources, scheduling, security};
use super::{volumes, windows};
use crate::api::field::{Errors, Path};
use crate::api::names::{
    inclusive_range_error, is_dns1123_label, is_dns1123_subdomain, is_qualified_name,
};
use crate::api::validation::{annotations, labels, one_of};

/// What the kernel takes as a name of a host, in bytes.
const HOSTNAME_MAX: usize = 64;

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
    let given = pod.metadata.annotations.as_ref();
    pod_annotations::agree(given, spec, &path, &mut errors);
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
    let of_annotations = Path::new("metadata");
    pod_annotations::validate(
        pod.metadata.annotations.as_ref(),
        spec,
        &of_annotations.child("annotations"),
        &mut errors,
    );
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    pod_spec(spec, Some(name), &path, &mut errors);
    without_account(spec, &path, &mut errors);
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
    let empty = PodSpec::default();
    let spec = template.spec.as_deref().unwrap_or(&empty);
    let of_annotations = path.child("annotations");
    let meta = template.metadata.as_ref();
    let given = meta.and_then(|m| m.annotations.as_ref());
    labels(
        meta.and_then(|m| m.labels.as_ref()),
        &path.child("labels"),
        errors,
    );
    annotations(given, &of_annotations, errors);
    pod_annotations::validate(given, spec, &of_annotations, errors);
    pod_spec(spec, None, &path.child("spec"), errors);
    pod_annotations::agree(given, spec, &path.child("spec"), errors);
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

/// A token is that of an account (only a pod is sure to have none).
fn without_account(spec: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    if spec.service_account_name.is_some() {
        return;
    }
    let path = path.child("volumes");
    for (i, volume) in spec.volumes.iter().flatten().enumerate() {
        let path = path.index(i);
        let path = path.child("projected");
        let path = path.child("sources");
        let sources = volume.projected.iter().filter_map(|p| p.sources.as_ref());
        for (i, source) in sources.flatten().enumerate() {
            if source.service_account_token.is_some() {
                let detail = "must not be specified when serviceAccountName is not set";
                errors.forbidden(&path.index(i).child("serviceAccountToken"), detail);
            }
        }
    }
}

/// `pod` is the name of the pod, and nothing for a template.
fn pod_spec(spec: &PodSpec, pod: Option<&str>, path: &Path<'_>, errors: &mut Errors) {
    let known = volumes::validate(
        spec.volumes.as_deref().unwrap_or_default(),
        pod,
        &path.child("volumes"),
        errors,
    );
    if let Some(claims) = &spec.resource_claims {
        resources::pod_claims(claims, &path.child("resourceClaims"), errors);
    }
    containers::validate(spec, &known, path, errors);
    if spec.resources.is_some() {
        resources::of_pod(spec, &path.child("resources"), errors);
    }
    if spec.host_network == Some(true) {
        host_network(spec, pod.is_some(), path, errors);
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
    scheduling::affinity(spec.affinity.as_deref(), &path.child("affinity"), errors);
    dns::validate(spec, &path.child("dnsConfig"), errors);
    for (i, gate) in spec.readiness_gates.iter().flatten().enumerate() {
        let path = path.child("readinessGates");
        errors.invalid_each(
            &path.index(i).child("conditionType"),
            &gate.condition_type,
            is_qualified_name(&gate.condition_type),
        );
    }
    if spec.scheduling_gates.is_some() {
        scheduling::gates(spec, &path.child("schedulingGates"), errors);
    }
    if let Some(constraints) = &spec.topology_spread_constraints {
        let path = path.child("topologySpreadConstraints");
        scheduling::spread(constraints, pod.is_some(), &path, errors);
    }
    windows::host_process(spec, path, errors);
    if spec.host_users == Some(false) {
        let detail = "when `pod.Spec.HostUsers` is false";
        for (field, set) in [
            ("hostNetwork", spec.host_network),
            ("HostPID", spec.host_pid),
            ("HostIPC", spec.host_ipc),
        ] {
            if set == Some(true) {
                errors.forbidden(&path.child(field), detail);
            }
        }
    }
    names(spec, path, errors);
    scheduling::tolerations(
        spec.tolerations.as_deref().unwrap_or_default(),
        &path.child("tolerations"),
        errors,
    );
    if spec.host_aliases.is_some() {
        dns::host_aliases(spec, &path.child("hostAliases"), errors);
    }
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
    if let Some(overhead) = &spec.overhead {
        let limits = ResourceRequirements {
            limits: Some(overhead.clone()),
            ..ResourceRequirements::default()
        };
        resources::validate(&limits, &path.child("overhead"), errors);
    }
    if spec.os.is_some() {
        windows::os(spec, path, errors);
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
    if let Some(name) = &spec.hostname_override {
        let path = path.child("hostnameOverride");
        errors.invalid_each(&path, name, is_dns1123_subdomain(name));
        if name.len() > HOSTNAME_MAX {
            errors.too_long(&path, HOSTNAME_MAX);
        }
        for (field, set) in [
            ("hostNetwork", spec.host_network),
            ("setHostnameAsFQDN", spec.set_hostname_as_fqdn),
        ] {
            if set == Some(true) {
                let detail = format!("may not be specified when `{field}` is true");
                errors.forbidden(&path, detail);
            }
        }
    }
}

/// On the host's network a container's ports are the host's. A template's may be left out: they are
/// filled in when the pod is made.
fn host_network(spec: &PodSpec, is_pod: bool, path: &Path<'_>, errors: &mut Errors) {
    let path = path.child("containers");
    for (i, container) in spec.containers.iter().enumerate() {
        let path = path.index(i);
        let path = path.child("ports");
        for (j, port) in container.ports.iter().flatten().enumerate() {
            let host = port.host_port.unwrap_or_default();
            if (is_pod || host != 0) && host != port.container_port {
                errors.invalid(
                    &path.index(j).child("hostPort"),
                    host,
                    "must match `containerPort` when `hostNetwork` is true",
                );
            }
        }
    }
}
