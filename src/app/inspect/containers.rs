//! The containers of a pod: what each was asked to be, and what it is.

use std::rc::Rc;

use serde_json::Value;

use super::json::{flag, int, list, pairs, plain, text, time};
use crate::app::words;
use crate::sim::Time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerKind {
    Init,
    /// An init container that keeps running.
    Sidecar,
    Regular,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    pub name: Rc<str>,
    pub image: Rc<str>,
    pub kind: ContainerKind,
    /// "Runs", "Waits: ImagePullBackOff", "Ended: Error, exit code 1".
    pub state: Rc<str>,
    /// The message that came with the state.
    pub detail: Rc<str>,
    pub since: Option<Time>,
    /// Whether the state is one that does not mend by waiting.
    pub bad: bool,
    pub ready: bool,
    pub restarts: i64,
    /// How the life before this one ended; empty when there was none.
    pub before: Rc<str>,
    /// What else was asked for: ports, probes, requests and limits.
    pub asked: Vec<(&'static str, String)>,
}

/// All containers, in the order in which they start.
pub fn containers(pod: &Value) -> Vec<Container> {
    let init = list(pod, "/spec/initContainers").iter().map(|spec| {
        let kind = match text(spec, "/restartPolicy") {
            "Always" => ContainerKind::Sidecar,
            _ => ContainerKind::Init,
        };
        container(spec, list(pod, "/status/initContainerStatuses"), kind)
    });
    let regular = list(pod, "/spec/containers").iter().map(|spec| {
        let statuses = list(pod, "/status/containerStatuses");
        container(spec, statuses, ContainerKind::Regular)
    });
    init.chain(regular).collect()
}

fn container(spec: &Value, statuses: &[Value], kind: ContainerKind) -> Container {
    let name = text(spec, "/name");
    let none = Value::Null;
    let status = statuses
        .iter()
        .find(|s| text(s, "/name") == name)
        .unwrap_or(&none);
    let (state, detail, since, bad) = state(&status["state"]);
    let before = match &status["lastState"]["terminated"] {
        Value::Null => String::new(),
        ended => ended_words(ended),
    };
    Container {
        name: name.into(),
        image: text(spec, "/image").into(),
        kind,
        state: state.into(),
        detail: detail.into(),
        since,
        bad,
        ready: flag(status, "/ready"),
        restarts: int(status, "/restartCount"),
        before: before.into(),
        asked: asked(spec),
    }
}

/// State, detail, since when, whether it is bad.
fn state(state: &Value) -> (String, String, Option<Time>, bool) {
    if let Value::Object(_) = &state["running"] {
        let since = time(state, "/running/startedAt");
        return ("Runs".to_owned(), String::new(), since, false);
    }
    if let Value::Object(_) = &state["waiting"] {
        let reason = text(state, "/waiting/reason");
        let message = text(state, "/waiting/message").to_owned();
        let normal = ["", "ContainerCreating", "PodInitializing"].contains(&reason);
        let words = match reason {
            "" => "Waits".to_owned(),
            reason => format!("Waits: {reason}"),
        };
        return (words, message, None, !normal);
    }
    let ended = &state["terminated"];
    if ended.is_object() {
        let words = ended_words(ended);
        let bad = int(ended, "/exitCode") != 0;
        let message = text(ended, "/message").to_owned();
        return (words, message, time(ended, "/finishedAt"), bad);
    }
    ("Has not started".to_owned(), String::new(), None, false)
}

fn ended_words(ended: &Value) -> String {
    let mut words = format!(
        "Ended: {}, exit code {}",
        match text(ended, "/reason") {
            "" => "for no stated reason",
            reason => reason,
        },
        int(ended, "/exitCode")
    );
    if let (Some(start), Some(end)) = (time(ended, "/startedAt"), time(ended, "/finishedAt"))
        && end >= start
    {
        words += &format!(", after {}", words::span(end.since(start)));
    }
    words
}

fn asked(spec: &Value) -> Vec<(&'static str, String)> {
    let mut asked = Vec::new();
    let ports: Vec<String> = list(spec, "/ports")
        .iter()
        .map(|port| {
            let number = int(port, "/containerPort");
            let protocol = match text(port, "/protocol") {
                "" => "TCP",
                given => given,
            };
            match text(port, "/name") {
                "" => format!("{number}/{protocol}"),
                name => format!("{name} {number}/{protocol}"),
            }
        })
        .collect();
    let mut add = |term, value: String| {
        if !value.is_empty() {
            asked.push((term, value));
        }
    };
    add("Ports", ports.join(", "));
    let command: Vec<String> = list(spec, "/command")
        .iter()
        .chain(list(spec, "/args"))
        .map(plain)
        .collect();
    add("Command", command.join(" "));
    let amounts = |pointer: &str| -> String {
        let pairs = pairs(spec, pointer);
        let list: Vec<String> = pairs.iter().map(|(n, v)| format!("{n} {v}")).collect();
        list.join(", ")
    };
    add("Requests", amounts("/resources/requests"));
    add("Limits", amounts("/resources/limits"));
    for (term, field) in [
        ("Startup probe", "startupProbe"),
        ("Readiness probe", "readinessProbe"),
        ("Liveness probe", "livenessProbe"),
    ] {
        add(term, probe(&spec[field]));
    }
    asked
}

/// "GET :80/ every 2 s, fails after 3".
fn probe(probe: &Value) -> String {
    if !probe.is_object() {
        return String::new();
    }
    let act = if probe["httpGet"].is_object() {
        let port = plain(&probe["httpGet"]["port"]);
        format!("GET :{port}{}", text(probe, "/httpGet/path"))
    } else if probe["tcpSocket"].is_object() {
        format!("connect to :{}", plain(&probe["tcpSocket"]["port"]))
    } else if probe["grpc"].is_object() {
        format!("gRPC :{}", plain(&probe["grpc"]["port"]))
    } else {
        let command: Vec<String> = list(probe, "/exec/command").iter().map(plain).collect();
        format!("run {}", command.join(" "))
    };
    let mut words = format!("{act} every {} s", int(probe, "/periodSeconds").max(1));
    let delay = int(probe, "/initialDelaySeconds");
    if delay > 0 {
        words += &format!(", first after {delay} s");
    }
    format!(
        "{words}, fails after {}",
        int(probe, "/failureThreshold").max(1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_state_has_its_words() {
        for (given, words, bad) in [
            (json!({}), "Has not started", false),
            (json!({"waiting": {}}), "Waits", false),
            (
                json!({"waiting": {"reason": "ContainerCreating"}}),
                "Waits: ContainerCreating",
                false,
            ),
            (
                json!({"waiting": {"reason": "ErrImagePull", "message": "m"}}),
                "Waits: ErrImagePull",
                true,
            ),
            (
                json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}}),
                "Runs",
                false,
            ),
            (
                json!({"terminated": {"exitCode": 137, "reason": "OOMKilled",
                    "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:01:05Z"}}),
                "Ended: OOMKilled, exit code 137, after 1 min 5 s",
                true,
            ),
        ] {
            let (found, _, _, is_bad) = state(&given);
            assert_eq!((found.as_str(), is_bad), (words, bad), "{given}");
        }
    }

    #[test]
    fn what_was_asked_for_is_told() {
        let pod = json!({
            "spec": {
                "initContainers": [{"name": "wait", "image": "busybox"}, {"name": "proxy", "restartPolicy": "Always"}],
                "containers": [{
                    "name": "c", "image": "nginx",
                    "ports": [{"containerPort": 80, "name": "http", "protocol": "TCP"}],
                    "command": ["sh", "-c"], "args": ["sleep 1"],
                    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
                    "livenessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 10, "failureThreshold": 3},
                    "readinessProbe": {"httpGet": {"path": "/x", "port": 80}, "periodSeconds": 2, "initialDelaySeconds": 5, "failureThreshold": 1},
                }],
            },
            "status": {"containerStatuses": [{"name": "c", "ready": true, "restartCount": 2, "state": {"running": {}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]},
        });
        let all = containers(&pod);
        let kinds: Vec<ContainerKind> = all.iter().map(|c| c.kind).collect();
        assert_eq!(
            kinds,
            [
                ContainerKind::Init,
                ContainerKind::Sidecar,
                ContainerKind::Regular
            ]
        );
        let c = &all[2];
        assert_eq!(
            (c.restarts, c.ready, &*c.before),
            (2, true, "Ended: Error, exit code 1")
        );
        let asked: Vec<String> = c.asked.iter().map(|(t, v)| format!("{t}: {v}")).collect();
        assert_eq!(
            asked,
            [
                "Ports: http 80/TCP",
                "Command: sh -c sleep 1",
                "Requests: cpu 100m, memory 64Mi",
                "Readiness probe: GET :80/x every 2 s, first after 5 s, fails after 1",
                "Liveness probe: connect to :http every 10 s, fails after 3",
            ]
        );
    }
}
