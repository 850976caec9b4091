//! Containers of a pod, and of a pod template.

use serde_json::Value;

use super::page::{Page, capital, or_none, time};
use crate::api::quantity::Quantity;
use crate::api::rfc3339::go_quote;
use crate::kubectl::json::{entries, flag, int, list, scalar, text};

/// Writes containers under a title. In templates there are no statuses, and `space` indents.
pub fn containers(
    title: &str,
    containers: &[Value],
    statuses: &[Value],
    pod: Option<&Value>,
    space: &str,
    page: &mut Page,
) {
    let none = if containers.is_empty() { " <none>" } else { "" };
    page.line(0, &format!("{space}{title}:{none}"));
    for container in containers {
        let name = text(container, "name");
        let status = statuses.iter().find(|s| text(s, "name") == name);
        let indent = if space.is_empty() { "" } else { " " };
        page.line(1, &format!("{indent}{name}:"));
        basics(container, status, page);
        words("Command", list(container, "command"), page);
        words("Args", list(container, "args"), page);
        if let Some(status) = status {
            state("State", &status["state"], page);
            if status["lastState"]["terminated"].is_object() {
                state("Last State", &status["lastState"], page);
            }
            page.line(2, &format!("Ready:\t{}", capital(flag(status, "ready"))));
            let restarts = int(status, "restartCount").unwrap_or(0);
            page.line(2, &format!("Restart Count:\t{restarts}"));
        }
        resources(&container["resources"], 2, page);
        for (title, field) in [
            ("Liveness", "livenessProbe"),
            ("Readiness", "readinessProbe"),
            ("Startup", "startupProbe"),
        ] {
            if container[field].is_object() {
                page.line(2, &format!("{title}:\t{}", probe(&container[field])));
            }
        }
        environment(container, pod, page);
        mounts(container, page);
    }
}

fn basics(container: &Value, status: Option<&Value>, page: &mut Page) {
    if let Some(status) = status {
        page.line(
            2,
            &format!("Container ID:\t{}", text(status, "containerID")),
        );
    }
    page.line(2, &format!("Image:\t{}", text(container, "image")));
    if let Some(status) = status {
        page.line(2, &format!("Image ID:\t{}", text(status, "imageID")));
    }
    for (one, several, field) in [
        ("Port", "Ports", "containerPort"),
        ("Host Port", "Host Ports", "hostPort"),
    ] {
        let ports: Vec<String> = list(container, "ports")
            .iter()
            .map(|port| {
                let number = int(port, field).unwrap_or(0);
                let name = match text(port, "name") {
                    "" => String::new(),
                    name => format!(" ({name})"),
                };
                format!("{number}/{}{name}", text(port, "protocol"))
            })
            .collect();
        let title = if ports.len() > 1 { several } else { one };
        page.line(2, &format!("{title}:\t{}", or_none(&ports.join(", "))));
    }
    let profile = &container["securityContext"]["seccompProfile"];
    if profile.is_object() {
        page.line(2, &format!("SeccompProfile:\t{}", text(profile, "type")));
        if text(profile, "type") == "Localhost" {
            page.line(
                3,
                &format!("LocalhostProfile:\t{}", text(profile, "localhostProfile")),
            );
        }
    }
}

fn words(title: &str, words: &[Value], page: &mut Page) {
    if words.is_empty() {
        return;
    }
    page.line(2, &format!("{title}:"));
    for word in words.iter().filter_map(Value::as_str) {
        for line in word.split('\n') {
            page.line(3, line);
        }
    }
}

fn state(title: &str, state: &Value, page: &mut Page) {
    if state["running"].is_object() {
        page.line(2, &format!("{title}:\tRunning"));
        page.line(
            3,
            &format!("Started:\t{}", time(text(state, "running.startedAt"))),
        );
    } else if state["terminated"].is_object() {
        let end = &state["terminated"];
        page.line(2, &format!("{title}:\tTerminated"));
        for (key, field) in [("Reason", "reason"), ("Message", "message")] {
            let value = text(end, field);
            if !value.is_empty() {
                page.line(3, &format!("{key}:\t{value}"));
            }
        }
        page.line(
            3,
            &format!("Exit Code:\t{}", int(end, "exitCode").unwrap_or(0)),
        );
        if let Some(signal) = int(end, "signal").filter(|s| *s > 0) {
            page.line(3, &format!("Signal:\t{signal}"));
        }
        page.line(3, &format!("Started:\t{}", time(text(end, "startedAt"))));
        page.line(3, &format!("Finished:\t{}", time(text(end, "finishedAt"))));
    } else {
        page.line(2, &format!("{title}:\tWaiting"));
        let reason = text(state, "waiting.reason");
        if !reason.is_empty() {
            page.line(3, &format!("Reason:\t{reason}"));
        }
    }
}

/// Limits and requests.
pub fn resources(resources: &Value, level: usize, page: &mut Page) {
    for (title, field) in [("Limits", "limits"), ("Requests", "requests")] {
        if resources[field].as_object().is_some_and(|m| !m.is_empty()) {
            page.line(level, &format!("{title}:"));
        }
        for (name, quantity) in entries(resources, field) {
            page.line(level + 1, &format!("{name}:\t{}", scalar(quantity)));
        }
    }
}

/// A probe in one line.
pub fn probe(probe: &Value) -> String {
    let number = |field: &str| int(probe, field).unwrap_or(0);
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        number("initialDelaySeconds"),
        number("timeoutSeconds"),
        number("periodSeconds"),
        number("successThreshold"),
        number("failureThreshold")
    );
    if probe["exec"].is_object() {
        let command: Vec<&str> = list(probe, "exec.command")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        return format!("exec [{}] {attributes}", command.join(" "));
    }
    if probe["httpGet"].is_object() {
        let get = &probe["httpGet"];
        let host = match scalar(&get["port"]) {
            port if port.is_empty() => text(get, "host").to_owned(),
            port => format!("{}:{port}", text(get, "host")),
        };
        return format!(
            "http-get {}://{host}{} {attributes}",
            text(get, "scheme").to_ascii_lowercase(),
            crate::api::url::escaped(
                &match text(get, "path") {
                    path if path.is_empty() || path.starts_with('/') => path.to_owned(),
                    path => format!("/{path}"),
                },
                "$&+,/:;=@"
            )
        );
    }
    if probe["tcpSocket"].is_object() {
        let socket = &probe["tcpSocket"];
        return format!(
            "tcp-socket {}:{} {attributes}",
            text(socket, "host"),
            scalar(&socket["port"])
        );
    }
    if probe["grpc"].is_object() {
        let grpc = &probe["grpc"];
        return format!(
            "grpc <pod>:{} {} {attributes}",
            int(grpc, "port").unwrap_or(0),
            text(grpc, "service")
        );
    }
    format!("unknown {attributes}")
}

fn environment(container: &Value, pod: Option<&Value>, page: &mut Page) {
    let sources = list(container, "envFrom");
    if !sources.is_empty() {
        page.line(2, "Environment Variables from:");
    }
    for source in sources {
        let (from, reference) = match source["configMapRef"].is_object() {
            true => ("ConfigMap", &source["configMapRef"]),
            false => ("Secret", &source["secretRef"]),
        };
        let prefix = match text(source, "prefix") {
            "" => String::new(),
            prefix => format!(" with prefix '{prefix}'"),
        };
        page.line(
            3,
            &format!(
                "{}\t{from}{prefix}\tOptional: {}",
                text(reference, "name"),
                flag(reference, "optional")
            ),
        );
    }
    let variables = list(container, "env");
    let none = if variables.is_empty() { "\t<none>" } else { "" };
    page.line(2, &format!("Environment:{none}"));
    for variable in variables {
        let name = text(variable, "name");
        let from = &variable["valueFrom"];
        if from["fieldRef"].is_object() {
            let path = text(from, "fieldRef.fieldPath");
            // Of one label or annotation kubectl does not know the value.
            let pod = pod.filter(|_| !path.contains('['));
            let value = pod.map(|pod| field_of(pod, path)).unwrap_or_default();
            let version = text(from, "fieldRef.apiVersion");
            page.line(3, &format!("{name}:\t{value} ({version}:{path})"));
        } else if from["resourceFieldRef"].is_object() {
            let reference = &from["resourceFieldRef"];
            let resource = text(reference, "resource");
            let value = match resource_value(container, reference).as_deref() {
                // What is not limited may use all that the node has to give.
                Some("0") if ["limits.cpu", "limits.memory"].contains(&resource) => {
                    "node allocatable".to_owned()
                }
                value => value.unwrap_or_default().to_owned(),
            };
            page.line(3, &format!("{name}:\t{value} ({resource})"));
        } else if from["secretKeyRef"].is_object() {
            let reference = &from["secretKeyRef"];
            page.line(
                3,
                &format!(
                    "{name}:\t<set to the key '{}' in secret '{}'>\tOptional: {}",
                    text(reference, "key"),
                    text(reference, "name"),
                    flag(reference, "optional")
                ),
            );
        } else if from["configMapKeyRef"].is_object() {
            let reference = &from["configMapKeyRef"];
            page.line(
                3,
                &format!(
                    "{name}:\t<set to the key '{}' of config map '{}'>\tOptional: {}",
                    text(reference, "key"),
                    text(reference, "name"),
                    flag(reference, "optional")
                ),
            );
        } else {
            for (i, line) in text(variable, "value").split('\n').enumerate() {
                match i {
                    0 => page.line(3, &format!("{name}:\t{line}")),
                    _ => page.line(3, &format!("\t{line}")),
                }
            }
        }
    }
}

/// The value of a field of the pod, as a variable gets it.
fn field_of(pod: &Value, path: &str) -> String {
    if let Some((map, key)) = path.strip_suffix("']").and_then(|p| p.split_once("['")) {
        return scalar(&crate::kubectl::json::at(pod, map)[key]);
    }
    match path {
        "metadata.name" | "metadata.namespace" | "metadata.uid" => text(pod, path).to_owned(),
        "metadata.labels" | "metadata.annotations" => {
            // As a volume of the downward API holds them.
            let lines = entries(pod, path).map(|(key, value)| {
                format!("{key}={}", go_quote(value.as_str().unwrap_or_default()))
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        // What only the node knows is left open.
        _ => String::new(),
    }
}

/// What a reference to a container's own resources yields: the amount in units of the divisor, rounded up
/// (`ExtractContainerResourceValue`).
pub fn resource_value(container: &Value, reference: &Value) -> Option<String> {
    let amount = crate::kubectl::json::at(&container["resources"], text(reference, "resource"));
    let amount = Quantity::parse(&scalar(amount)).ok();
    let divisor = Quantity::parse(&scalar(&reference["divisor"])).ok();
    let divisor = divisor.map_or(0, |d| d.milli_value()).max(0);
    let divisor = if divisor == 0 { 1000 } else { divisor };
    let amount = amount.map_or(0, |a| a.milli_value());
    Some(
        amount
            .div_euclid(divisor)
            .saturating_add(i64::from(amount.rem_euclid(divisor) > 0))
            .to_string(),
    )
}

fn mounts(container: &Value, page: &mut Page) {
    let mut mounts: Vec<&Value> = list(container, "volumeMounts").iter().collect();
    let none = if mounts.is_empty() { "\t<none>" } else { "" };
    page.line(2, &format!("Mounts:{none}"));
    mounts.sort_by(|a, b| text(a, "mountPath").cmp(text(b, "mountPath")));
    for mount in mounts {
        let mut flags = vec![if flag(mount, "readOnly") { "ro" } else { "rw" }.to_owned()];
        let path = text(mount, "subPath");
        if !path.is_empty() {
            flags.push(format!("path={}", go_quote(path)));
        }
        page.line(
            3,
            &format!(
                "{} from {} ({})",
                text(mount, "mountPath"),
                text(mount, "name"),
                flags.join(",")
            ),
        );
    }
    let mut devices: Vec<&Value> = list(container, "volumeDevices").iter().collect();
    devices.sort_by(|a, b| text(a, "devicePath").cmp(text(b, "devicePath")));
    if !devices.is_empty() {
        page.line(2, "Devices:");
    }
    for device in devices {
        page.line(
            3,
            &format!(
                "{} from {}",
                text(device, "devicePath"),
                text(device, "name")
            ),
        );
    }
}
