//! What a pod, and every pod template, is filled up with.
//!
//! Models `k8s.io/kubernetes/pkg/apis/core/v1/defaults.go` (`SetDefaults_Pod` and what it calls)
//! and the conversion that keeps `serviceAccount` beside `serviceAccountName`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EmptyDirVolumeSource, EnvVar, EphemeralContainer, HTTPGetAction,
    LifecycleHandler, ObjectFieldSelector, Pod, PodSpec, PodTemplateSpec, Probe,
    ResourceFieldSelector, ResourceRequirements, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use crate::api::kinds::persistent_volume_claim::spec_defaults;
use crate::api::pod_resources;
use crate::api::quantity::QuantityExt;

/// Fills `field` when nothing, or the empty text, was given.
pub(in crate::api::kinds) fn text(field: &mut Option<String>, value: &str) {
    if field.as_deref().unwrap_or_default().is_empty() {
        *field = Some(value.to_owned());
    }
}

/// Go leaves a plain `false` out when it writes an object; so do we.
pub(in crate::api::kinds) fn drop_false(field: &mut Option<bool>) {
    if *field == Some(false) {
        *field = None;
    }
}

/// As [`drop_false`], for a plain number.
pub(in crate::api::kinds) fn drop_zero(field: &mut Option<i32>) {
    if *field == Some(0) {
        *field = None;
    }
}

/// As [`drop_false`], for a plain text.
pub(in crate::api::kinds) fn drop_empty(field: &mut Option<String>) {
    if field.as_deref() == Some("") {
        *field = None;
    }
}

fn number(field: &mut Option<i32>, value: i32) {
    if field.unwrap_or_default() == 0 {
        *field = Some(value);
    }
}

pub(super) fn pod(pod: &mut Pod) {
    pod.status.get_or_insert_default();
    let spec: &mut PodSpec = pod.spec.get_or_insert_default();
    pod_spec(spec);
    if spec.enable_service_links.is_none() {
        spec.enable_service_links = Some(true);
    }
    let host_network = spec.host_network == Some(true);
    for container in spec
        .init_containers
        .iter_mut()
        .flatten()
        .chain(&mut spec.containers)
    {
        requests_from_limits(&mut container.resources);
        if host_network {
            for port in container.ports.iter_mut().flatten() {
                if port.host_port.unwrap_or_default() == 0 {
                    port.host_port = Some(port.container_port);
                }
            }
        }
    }
    if spec.resources.is_some() {
        whole_pod(spec);
    }
}

/// What a pod as a whole requests, where it says a part of it: what its containers request together, else
/// what it is limited to (`defaultPodRequests`).
fn whole_pod(spec: &mut PodSpec) {
    let apart = PodSpec {
        containers: spec.containers.clone(),
        init_containers: spec.init_containers.clone(),
        ..PodSpec::default()
    };
    let Some(resources) = &mut spec.resources else {
        return;
    };
    let is_supported =
        |name: &str| matches!(name, "cpu" | "memory") || name.starts_with("hugepages-");
    let mut requests = resources.requests.take().unwrap_or_default();
    for (name, amount) in pod_resources::requests(&apart) {
        if matches!(name.as_str(), "cpu" | "memory") {
            requests.entry(name).or_insert_with(|| amount.into());
        }
    }
    for (name, limit) in resources.limits.iter().flatten() {
        if is_supported(name) {
            requests
                .entry(name.clone())
                .or_insert_with(|| limit.clone());
        }
    }
    resources.requests = Some(requests).filter(|r| !r.is_empty());
}

/// For the template of anything that makes pods.
pub(in crate::api::kinds) fn pod_template(template: &mut PodTemplateSpec) {
    template.metadata.get_or_insert_default();
    pod_spec(template.spec.get_or_insert_default());
}

fn pod_spec(spec: &mut PodSpec) {
    text(&mut spec.dns_policy, "ClusterFirst");
    text(&mut spec.restart_policy, "Always");
    text(&mut spec.scheduler_name, "default-scheduler");
    spec.security_context.get_or_insert_default();
    if spec.termination_grace_period_seconds.is_none() {
        spec.termination_grace_period_seconds = Some(30);
    }
    // The old name of the field follows the new one.
    drop_empty(&mut spec.service_account_name);
    drop_empty(&mut spec.service_account);
    if spec.service_account_name.is_none() {
        spec.service_account_name = spec.service_account.take();
    }
    if spec.service_account != spec.service_account_name {
        spec.service_account.clone_from(&spec.service_account_name);
    }
    drop_false(&mut spec.host_network);
    drop_false(&mut spec.host_pid);
    drop_false(&mut spec.host_ipc);
    for field in [
        &mut spec.node_name,
        &mut spec.hostname,
        &mut spec.subdomain,
        &mut spec.priority_class_name,
    ] {
        drop_empty(field);
    }
    for container in spec
        .init_containers
        .iter_mut()
        .flatten()
        .chain(&mut spec.containers)
    {
        self::container(container);
    }
    for container in spec.ephemeral_containers.iter_mut().flatten() {
        ephemeral_container(container);
    }
    for volume in spec.volumes.iter_mut().flatten() {
        self::volume(volume);
    }
    if let Some(overhead) = &mut spec.overhead {
        round_up(overhead);
    }
    if let Some(resources) = &mut spec.resources {
        resource_requirements(resources);
    }
}

fn container(c: &mut Container) {
    pull_policy(c.image.as_deref(), &mut c.image_pull_policy);
    text(&mut c.termination_message_path, "/dev/termination-log");
    text(&mut c.termination_message_policy, "File");
    resource_requirements(c.resources.get_or_insert_default());
    container_ports(c.ports.as_deref_mut());
    env(c.env.as_deref_mut());
    for field in [&mut c.stdin, &mut c.stdin_once, &mut c.tty] {
        drop_false(field);
    }
    drop_empty(&mut c.working_dir);
    for mount in c.volume_mounts.iter_mut().flatten() {
        drop_false(&mut mount.read_only);
        drop_empty(&mut mount.sub_path);
    }
    let probes = [
        &mut c.liveness_probe,
        &mut c.readiness_probe,
        &mut c.startup_probe,
    ];
    for p in probes.into_iter().flatten() {
        probe(p);
    }
    if let Some(lifecycle) = c.lifecycle.as_deref_mut() {
        for h in [&mut lifecycle.post_start, &mut lifecycle.pre_stop] {
            h.as_mut().map(handler);
        }
    }
}

fn ephemeral_container(c: &mut EphemeralContainer) {
    pull_policy(c.image.as_deref(), &mut c.image_pull_policy);
    text(&mut c.termination_message_path, "/dev/termination-log");
    text(&mut c.termination_message_policy, "File");
    resource_requirements(c.resources.get_or_insert_default());
    container_ports(c.ports.as_deref_mut());
    env(c.env.as_deref_mut());
    // These are refused, in their whole form.
    let probes = [
        &mut c.liveness_probe,
        &mut c.readiness_probe,
        &mut c.startup_probe,
    ];
    for p in probes.into_iter().flatten() {
        probe(p);
    }
}

/// `Always` for the tag `latest`, said or meant; else `IfNotPresent`.
fn pull_policy(image: Option<&str>, policy: &mut Option<String>) {
    if policy.as_deref().unwrap_or_default().is_empty() {
        let latest = image.is_some_and(is_latest);
        *policy = Some(if latest { "Always" } else { "IfNotPresent" }.to_owned());
    }
}

/// Whether the image is named without digest, and without tag or by the tag `latest`.
fn is_latest(image: &str) -> bool {
    if image.is_empty() || image.contains('@') {
        return false;
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    match last.split_once(':') {
        Some((_, tag)) => tag == "latest",
        None => true,
    }
}

fn container_ports(ports: Option<&mut [ContainerPort]>) {
    for port in ports.into_iter().flatten() {
        text(&mut port.protocol, "TCP");
        drop_zero(&mut port.host_port);
        drop_empty(&mut port.name);
        drop_empty(&mut port.host_ip);
    }
}

fn env(env: Option<&mut [EnvVar]>) {
    for var in env.into_iter().flatten() {
        drop_empty(&mut var.value);
        let Some(from) = &mut var.value_from else {
            continue;
        };
        if let Some(field) = &mut from.field_ref {
            field_ref(field);
        }
        from.resource_field_ref.as_mut().map(resource_field);
        if let Some(file) = &mut from.file_key_ref
            && file.optional.is_none()
        {
            file.optional = Some(false);
        }
    }
}

/// Go writes a quantity that nobody gave as zero.
fn resource_field(field: &mut ResourceFieldSelector) {
    field
        .divisor
        .get_or_insert_with(|| ApiQuantity("0".to_owned()));
}

fn field_ref(field: &mut ObjectFieldSelector) {
    text(&mut field.api_version, "v1");
}

fn probe(probe: &mut Probe) {
    number(&mut probe.timeout_seconds, 1);
    number(&mut probe.period_seconds, 10);
    number(&mut probe.success_threshold, 1);
    number(&mut probe.failure_threshold, 3);
    drop_zero(&mut probe.initial_delay_seconds);
    probe.http_get.as_mut().map(http_get);
    if let Some(grpc) = &mut probe.grpc {
        grpc.service.get_or_insert_default();
    }
}

fn handler(handler: &mut LifecycleHandler) {
    handler.http_get.as_mut().map(http_get);
}

fn http_get(get: &mut HTTPGetAction) {
    text(&mut get.path, "/");
    text(&mut get.scheme, "HTTP");
}

fn resource_requirements(resources: &mut ResourceRequirements) {
    for list in [&mut resources.limits, &mut resources.requests] {
        list.as_mut().map(round_up);
    }
}

/// Amounts below a thousandth are not kept (`SetDefaults_ResourceList`).
fn round_up(list: &mut BTreeMap<String, ApiQuantity>) {
    for quantity in list.values_mut() {
        // Only forms with these letters, or a long fraction, can be finer than a thousandth.
        if quantity.0.ends_with(['n', 'u']) {
            let amount = quantity.amount();
            if !amount.is_milli() {
                quantity.0 = format!("{}m", amount.milli_value());
                quantity.canonicalize();
            }
        }
    }
}

/// What is limited and not requested is requested up to the limit.
fn requests_from_limits(resources: &mut Option<ResourceRequirements>) {
    let Some(resources) = resources else { return };
    let Some(limits) = &resources.limits else {
        return;
    };
    let requests = resources.requests.get_or_insert_default();
    for (name, limit) in limits {
        if !requests.contains_key(name) {
            requests.insert(name.clone(), limit.clone());
        }
    }
}

/// The permissions of files that stand for API objects: 0644.
const FILE_MODE: i32 = 420;

fn volume(volume: &mut Volume) {
    if !super::volumes::has_source(volume) {
        volume.empty_dir = Some(EmptyDirVolumeSource::default().into());
    }
    if let Some(template) = volume
        .ephemeral
        .as_mut()
        .and_then(|e| e.volume_claim_template.as_mut())
    {
        template.metadata.get_or_insert_default();
        spec_defaults(&mut template.spec);
    }
    if let Some(source) = &mut volume.secret {
        source.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(source) = &mut volume.config_map {
        source.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(source) = &mut volume.downward_api {
        source.default_mode.get_or_insert(FILE_MODE);
        for item in source.items.iter_mut().flatten() {
            item.field_ref.as_mut().map(field_ref);
            item.resource_field_ref.as_mut().map(resource_field);
        }
    }
    if let Some(source) = &mut volume.host_path {
        source.type_.get_or_insert_default();
    }
    if let Some(source) = &mut volume.projected {
        source.default_mode.get_or_insert(FILE_MODE);
        for source in source.sources.iter_mut().flatten() {
            if let Some(token) = &mut source.service_account_token {
                token.expiration_seconds.get_or_insert(3600);
            }
            let items = source
                .downward_api
                .iter_mut()
                .filter_map(|d| d.items.as_mut());
            for item in items.flatten() {
                item.field_ref.as_mut().map(field_ref);
                item.resource_field_ref.as_mut().map(resource_field);
            }
        }
    }
    if let Some(source) = &mut volume.persistent_volume_claim {
        drop_false(&mut source.read_only);
    }
    if let Some(source) = volume.image.as_deref_mut() {
        pull_policy(source.reference.as_deref(), &mut source.pull_policy);
    }
    if let Some(source) = &mut volume.rbd {
        text(&mut source.pool, "rbd");
        text(&mut source.user, "admin");
        text(&mut source.keyring, "/etc/ceph/keyring");
    }
    if let Some(source) = &mut volume.azure_disk {
        text(&mut source.caching_mode, "ReadWrite");
        text(&mut source.kind, "Shared");
        text(&mut source.fs_type, "ext4");
        source.read_only.get_or_insert(false);
    }
    if let Some(source) = &mut volume.scale_io {
        text(&mut source.storage_mode, "ThinProvisioned");
        text(&mut source.fs_type, "xfs");
    }
    if let Some(source) = &mut volume.iscsi {
        text(&mut source.iscsi_interface, "default");
    }
    if let Some(template) = volume
        .ephemeral
        .as_mut()
        .and_then(|e| e.volume_claim_template.as_mut())
    {
        text(&mut template.spec.volume_mode, "Filesystem");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_decides_the_pull_policy() {
        for (image, want) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1.25", "IfNotPresent"),
            ("registry:5000/nginx", "Always"),
            ("registry:5000/nginx:1", "IfNotPresent"),
            ("nginx@sha256:0123", "IfNotPresent"),
            ("nginx:latest@sha256:0123", "IfNotPresent"),
            ("", "IfNotPresent"),
        ] {
            let mut policy = None;
            pull_policy(Some(image), &mut policy);
            assert_eq!(policy.as_deref(), Some(want), "{image}");
        }
    }
}
