//! The rules of containers: names, images, ports, policies.

use k8s_openapi::api::core::v1::{Container, ContainerPort, ContainerRestartRule, PodSpec};

use super::volumes::Known;
use super::{env, mounts, probes, resources, security};
use crate::api::field::{Errors, Path};
use crate::api::names::{is_dns1123_label, is_valid_port_name, is_valid_port_num};
use crate::api::validation::{each, one_of};
use crate::sim::ordered::Set as BTreeSet;

pub(super) const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];

const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;

/// Checks the containers and the init containers of a pod.
pub(super) fn validate(spec: &PodSpec, known: &Known<'_>, path: &Path<'_>, errors: &mut Errors) {
    let of_pod = Context::of(spec, known);
    of_pod.regular(&spec.containers, &path.child("containers"), errors);
    let init = spec.init_containers.as_deref().unwrap_or_default();
    of_pod.init(
        init,
        &spec.containers,
        &path.child("initContainers"),
        errors,
    );
}

/// Checks a container that is put into a pod that runs.
pub(super) fn ephemeral(
    container: &Container,
    known: &Known<'_>,
    spec: &PodSpec,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    Context::of(spec, known).common(container, path, errors);
}

/// What the rules of a container need to know of its pod.
struct Context<'c> {
    known: &'c Known<'c>,
    /// Seconds between SIGTERM and SIGKILL.
    grace: i64,
    restart: Option<&'c str>,
    claims: Vec<&'c str>,
    /// Whether the pod has users of its own.
    own_users: bool,
}

impl<'c> Context<'c> {
    fn of(spec: &'c PodSpec, known: &'c Known<'c>) -> Self {
        let claims = spec.resource_claims.iter().flatten();
        let claims = claims.map(|c| c.name.as_str()).filter(|n| !n.is_empty());
        Context {
            known,
            grace: spec.termination_grace_period_seconds.unwrap_or(30),
            restart: spec.restart_policy.as_deref(),
            claims: claims.collect(),
            own_users: spec.host_users == Some(false),
        }
    }

    fn regular(&self, list: &[Container], path: &Path<'_>, errors: &mut Errors) {
        if list.is_empty() {
            errors.required(path, "");
            return;
        }
        let mut names = BTreeSet::new();
        for (i, container) in list.iter().enumerate() {
            let path = path.index(i);
            self.common(container, &path, errors);
            if !names.insert(container.name.as_str()) {
                errors.duplicate(&path.child("name"), &container.name);
            }
            self.running(container, &path, errors);
            restart_policy(container, &path, errors);
        }
        host_ports(list, path, errors);
    }

    fn init(
        &self,
        list: &[Container],
        regular: &[Container],
        path: &Path<'_>,
        errors: &mut Errors,
    ) {
        let mut names: BTreeSet<&str> = regular.iter().map(|c| c.name.as_str()).collect();
        for (i, container) in list.iter().enumerate() {
            let of_all = path;
            let path = path.index(i);
            self.common(container, &path, errors);
            restart_policy(container, &path, errors);
            if !names.insert(&container.name) && !container.name.is_empty() {
                errors.duplicate(&path.child("name"), &container.name);
            }
            host_ports(std::slice::from_ref(container), of_all, errors);
            if container.restart_policy.as_deref() == Some("Always") {
                self.running(container, &path, errors);
                continue;
            }
            for (field, set) in [
                ("lifecycle", container.lifecycle.is_some()),
                ("livenessProbe", container.liveness_probe.is_some()),
                ("readinessProbe", container.readiness_probe.is_some()),
                ("startupProbe", container.startup_probe.is_some()),
            ] {
                if set {
                    errors.forbidden(
                        &path.child(field),
                        "may not be set for init containers without restartPolicy=Always",
                    );
                }
            }
        }
    }

    /// The rules of containers that go on running: hooks and probes.
    fn running(&self, container: &Container, path: &Path<'_>, errors: &mut Errors) {
        if let Some(lifecycle) = &container.lifecycle {
            probes::lifecycle(lifecycle, self.grace, &path.child("lifecycle"), errors);
        }
        probes::validate(container, self.grace, path, errors);
    }

    /// The rules of every container.
    fn common(&self, container: &Container, path: &Path<'_>, errors: &mut Errors) {
        let name = path.child("name");
        if container.name.is_empty() {
            errors.required(&name, "");
        } else {
            errors.invalid_each(&name, &container.name, is_dns1123_label(&container.name));
        }
        if container.image.as_deref().unwrap_or_default().is_empty() {
            errors.required(&path.child("image"), "");
        }
        one_of(
            container.termination_message_policy.as_deref(),
            &["File", "FallbackToLogsOnError"],
            &path.child("terminationMessagePolicy"),
            errors,
        );
        let listed = container.ports.as_deref().unwrap_or_default();
        ports(listed, &path.child("ports"), errors);
        env::vars(
            container.env.as_deref().unwrap_or_default(),
            &path.child("env"),
            errors,
        );
        env::from(
            container.env_from.as_deref().unwrap_or_default(),
            &path.child("envFrom"),
            errors,
        );
        mounts::validate(container, self.known, path, errors);
        one_of(
            container.image_pull_policy.as_deref(),
            &["Always", "IfNotPresent", "Never"],
            &path.child("imagePullPolicy"),
            errors,
        );
        if let Some(needed) = &container.resources {
            let path = path.child("resources");
            resources::validate(needed, &path, errors);
            resources::claims(needed, &self.claims, &path.child("claims"), errors);
        }
        resources::resizing(
            container.resize_policy.as_deref().unwrap_or_default(),
            self.restart,
            &path.child("resizePolicy"),
            errors,
        );
        if let Some(context) = &container.security_context {
            let path = path.child("securityContext");
            security::container(context, self.own_users, &path, errors);
        }
    }
}

/// When a container is started again, in place of what the pod says (`validateContainerRestartPolicy`,
/// KEP-5307).
fn restart_policy(container: &Container, path: &Path<'_>, errors: &mut Errors) {
    let rules = container
        .restart_policy_rules
        .as_deref()
        .unwrap_or_default();
    let of_policy = path.child("restartPolicy");
    match container.restart_policy.as_deref() {
        None if rules.is_empty() => {}
        None => {
            let detail = "must specify restartPolicy when restart rules are used";
            errors.required(&of_policy, detail);
        }
        Some("Always" | "Never" | "OnFailure") => {}
        Some(other) => {
            errors.not_supported(&of_policy, other, &["Always", "Never", "OnFailure"]);
        }
    }
    let path = path.child("restartPolicyRules");
    if rules.len() > RULES_MAX {
        errors.too_many(&path, rules.len(), RULES_MAX);
    }
    for (i, rule) in rules.iter().enumerate() {
        restart_rule(rule, &path.index(i), errors);
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
fn restart_rule(rule: &ContainerRestartRule, path: &Path<'_>, errors: &mut Errors) {
    let actions = ["Restart", "RestartAllContainers"];
    if !actions.contains(&rule.action.as_str()) {
        errors.not_supported(&path.child("action"), &rule.action, &actions);
    }
    let path = path.child("exitCodes");
    let Some(codes) = &rule.exit_codes else {
        errors.required(&path, "must be specified");
        return;
    };
    let operators = ["In", "NotIn"];
    if !operators.contains(&codes.operator.as_str()) {
        errors.not_supported(&path.child("operator"), &codes.operator, &operators);
    }
    let count = codes.values.as_ref().map_or(0, Vec::len);
    if count > EXIT_CODES_MAX {
        errors.too_many(&path.child("values"), count, EXIT_CODES_MAX);
    }
}

fn ports(ports: &[ContainerPort], path: &Path<'_>, errors: &mut Errors) {
    let mut names = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        if let Some(name) = port.name.as_deref().filter(|n| !n.is_empty()) {
            let messages = is_valid_port_name(name);
            if messages.is_empty() && !names.insert(name) {
                errors.duplicate(&path.child("name"), name);
            }
            errors.invalid_each(&path.child("name"), name, messages);
        }
        if port.container_port == 0 {
            errors.required(&path.child("containerPort"), "");
        } else {
            let messages = is_valid_port_num(port.container_port.into());
            each(
                &path.child("containerPort"),
                port.container_port,
                messages,
                errors,
            );
        }
        if let Some(host) = port.host_port.filter(|p| *p != 0) {
            each(
                &path.child("hostPort"),
                host,
                is_valid_port_num(host.into()),
                errors,
            );
        }
        one_of(
            port.protocol.as_deref(),
            PROTOCOLS,
            &path.child("protocol"),
            errors,
        );
    }
}

/// No two containers of a pod can have the same port of the host.
fn host_ports(list: &[Container], path: &Path<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (i, container) in list.iter().enumerate() {
        for (j, port) in container.ports.iter().flatten().enumerate() {
            let Some(number) = port.host_port.filter(|p| *p != 0) else {
                continue;
            };
            let text = format!(
                "{}/{}/{number}",
                port.protocol.as_deref().unwrap_or_default(),
                port.host_ip.as_deref().unwrap_or_default()
            );
            if seen.contains(&text) {
                let ports = path.index(i);
                let ports = ports.child("ports");
                errors.duplicate(&ports.index(j).child("hostPort"), &text);
            } else {
                seen.insert(text);
            }
        }
    }
}
