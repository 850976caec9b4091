//! The rules of probes and of lifecycle hooks: what is called, how often, how long.

use k8s_openapi::api::core::v1::{
    Container, ExecAction, GRPCAction, HTTPGetAction, Lifecycle, LifecycleHandler, Probe,
    SleepAction, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::api::field::{Errors, Path};
use crate::api::names::{is_http_header_name, is_valid_port_name, is_valid_port_num};
use crate::api::validation::{each, not_negative, one_of};

/// What a probe or hook calls.
#[derive(Default)]
struct Handler<'h> {
    exec: Option<&'h ExecAction>,
    http_get: Option<&'h HTTPGetAction>,
    tcp_socket: Option<&'h TCPSocketAction>,
    grpc: Option<&'h GRPCAction>,
    sleep: Option<&'h SleepAction>,
}

pub(super) fn validate(container: &Container, grace: i64, path: &Path<'_>, errors: &mut Errors) {
    if let Some(liveness) = &container.liveness_probe {
        let path = path.child("livenessProbe");
        probe(liveness, grace, &path, errors);
        succeeds_at_once(liveness, &path, errors);
    }
    if let Some(readiness) = &container.readiness_probe {
        let path = path.child("readinessProbe");
        probe(readiness, grace, &path, errors);
        if let Some(seconds) = readiness.termination_grace_period_seconds {
            errors.invalid(
                &path.child("terminationGracePeriodSeconds"),
                seconds,
                "must not be set for readinessProbes",
            );
        }
    }
    if let Some(startup) = &container.startup_probe {
        let path = path.child("startupProbe");
        probe(startup, grace, &path, errors);
        succeeds_at_once(startup, &path, errors);
    }
}

fn probe(probe: &Probe, grace: i64, path: &Path<'_>, errors: &mut Errors) {
    let called = Handler {
        exec: probe.exec.as_ref(),
        http_get: probe.http_get.as_ref(),
        tcp_socket: probe.tcp_socket.as_ref(),
        grpc: probe.grpc.as_ref(),
        sleep: None,
    };
    handler(&called, grace, path, errors);
    for (field, value) in [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ] {
        not_negative(value.unwrap_or_default(), &path.child(field), errors);
    }
    if let Some(seconds) = probe.termination_grace_period_seconds
        && seconds <= 0
    {
        let path = path.child("terminationGracePeriodSeconds");
        errors.invalid(&path, seconds, "must be greater than 0");
    }
}

fn succeeds_at_once(probe: &Probe, path: &Path<'_>, errors: &mut Errors) {
    let threshold = probe.success_threshold.unwrap_or(1);
    if threshold != 1 {
        errors.invalid(&path.child("successThreshold"), threshold, "must be 1");
    }
}

pub(super) fn lifecycle(lifecycle: &Lifecycle, grace: i64, path: &Path<'_>, errors: &mut Errors) {
    for (field, hook) in [
        ("postStart", &lifecycle.post_start),
        ("preStop", &lifecycle.pre_stop),
    ] {
        if let Some(hook) = hook {
            self::hook(hook, grace, &path.child(field), errors);
        }
    }
}

fn hook(hook: &LifecycleHandler, grace: i64, path: &Path<'_>, errors: &mut Errors) {
    let called = Handler {
        exec: hook.exec.as_ref(),
        http_get: hook.http_get.as_ref(),
        tcp_socket: hook.tcp_socket.as_ref(),
        grpc: None,
        sleep: hook.sleep.as_ref(),
    };
    handler(&called, grace, path, errors);
}

fn handler(handler: &Handler<'_>, grace: i64, path: &Path<'_>, errors: &mut Errors) {
    let mut handlers = 0;
    let mut only_one = |field: &'static str, errors: &mut Errors| {
        handlers += 1;
        if handlers > 1 {
            let detail = "may not specify more than 1 handler type";
            errors.forbidden(&path.child(field), detail);
        }
        handlers == 1
    };
    if let Some(exec) = handler.exec
        && only_one("exec", errors)
        && exec.command.as_ref().is_none_or(Vec::is_empty)
    {
        errors.required(&path.child("exec").child("command"), "");
    }
    if let Some(get) = handler.http_get
        && only_one("httpGet", errors)
    {
        http_get(get, &path.child("httpGet"), errors);
    }
    if let Some(socket) = handler.tcp_socket
        && only_one("tcpSocket", errors)
    {
        port(&socket.port, &path.child("tcpSocket").child("port"), errors);
    }
    if let Some(grpc) = handler.grpc
        && only_one("grpc", errors)
    {
        let path = path.child("grpc");
        let messages = is_valid_port_num(grpc.port.into());
        each(&path.child("port"), grpc.port, messages, errors);
    }
    if let Some(sleep) = handler.sleep
        && only_one("sleep", errors)
        && !(0..=grace).contains(&sleep.seconds)
    {
        let detail =
            format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        errors.invalid(&path.child("sleep"), sleep.seconds, detail);
    }
    if handlers == 0 {
        errors.required(path, "must specify a handler type");
    }
}

fn http_get(get: &HTTPGetAction, path: &Path<'_>, errors: &mut Errors) {
    if get.path.as_deref().unwrap_or_default().is_empty() {
        errors.required(&path.child("path"), "");
    }
    port(&get.port, &path.child("port"), errors);
    one_of(
        get.scheme.as_deref(),
        &["HTTP", "HTTPS"],
        &path.child("scheme"),
        errors,
    );
    for header in get.http_headers.iter().flatten() {
        let messages = is_http_header_name(&header.name);
        errors.invalid_each(&path.child("httpHeaders"), &header.name, messages);
    }
}

/// A port by its number or by its name.
pub(in crate::api::kinds) fn port(port: &IntOrString, path: &Path<'_>, errors: &mut Errors) {
    match port {
        IntOrString::Int(number) => {
            each(path, *number, is_valid_port_num((*number).into()), errors);
        }
        IntOrString::String(name) => errors.invalid_each(path, name, is_valid_port_name(name)),
    }
}
