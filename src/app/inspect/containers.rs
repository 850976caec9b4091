//! The containers of a pod: what each was asked to be, and what it is.

use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::json::{flag, int, list, pairs, plain, text, time};
use crate::app::words;
use crate::app::{Text, say};
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
    pub state: State,
    /// The message that came with the state.
    pub detail: Rc<str>,
    pub since: Option<Time>,
    /// Whether the state is one that does not mend by waiting.
    pub bad: bool,
    pub ready: bool,
    pub restarts: i64,
    /// How the life before this one ended.
    pub before: Option<State>,
    /// What else was asked for: ports, probes, requests and limits.
    pub asked: Vec<(Text, Text)>,
}

/// What a container is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    New,
    Runs,
    /// For what it waits; may be empty.
    Waits {
        reason: Rc<str>,
    },
    /// The reason may be empty.
    Ended {
        reason: Rc<str>,
        code: i64,
        lasted: Option<Duration>,
    },
}

impl State {
    /// "Runs", "Waits: ImagePullBackOff", "Ended: Error, exit code 1".
    pub fn words(&self) -> Text {
        match self {
            State::New => say!("container.new"),
            State::Runs => say!("container.runs"),
            State::Waits { reason } if reason.is_empty() => say!("container.waits"),
            State::Waits { reason } => say!("container.waits.for", reason = reason),
            State::Ended {
                reason,
                code,
                lasted,
            } => {
                let reason = stated(reason);
                match lasted {
                    None => say!("container.ended", reason = reason, code = *code),
                    Some(span) => say!(
                        "container.ended.after",
                        reason = reason,
                        code = *code,
                        span = words::span(*span)
                    ),
                }
            }
        }
    }

    /// The same inside of a sentence.
    pub fn inside(&self) -> Text {
        match self {
            State::New => say!("in.new"),
            State::Runs => say!("in.runs"),
            State::Waits { reason } if reason.is_empty() => say!("in.waits"),
            State::Waits { reason } => say!("in.waits.for", reason = reason),
            State::Ended {
                reason,
                code,
                lasted,
            } => {
                let reason = stated(reason);
                match lasted {
                    None => say!("in.ended", reason = reason, code = *code),
                    Some(span) => say!(
                        "in.ended.after",
                        reason = reason,
                        code = *code,
                        span = words::span(*span)
                    ),
                }
            }
        }
    }
}

fn stated(reason: &Rc<str>) -> Text {
    match reason.is_empty() {
        true => say!("container.no-reason"),
        false => reason.into(),
    }
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
        Value::Null => None,
        ended => Some(ending(ended)),
    };
    Container {
        name: name.into(),
        image: text(spec, "/image").into(),
        kind,
        state,
        detail: detail.into(),
        since,
        bad,
        ready: flag(status, "/ready"),
        restarts: int(status, "/restartCount"),
        before,
        asked: asked(spec),
    }
}

/// State, detail, since when, whether it is bad.
fn state(state: &Value) -> (State, String, Option<Time>, bool) {
    if let Value::Object(_) = &state["running"] {
        let since = time(state, "/running/startedAt");
        return (State::Runs, String::new(), since, false);
    }
    if let Value::Object(_) = &state["waiting"] {
        let reason = text(state, "/waiting/reason");
        let message = text(state, "/waiting/message").to_owned();
        let normal = ["", "ContainerCreating", "PodInitializing"].contains(&reason);
        let reason = reason.into();
        return (State::Waits { reason }, message, None, !normal);
    }
    let ended = &state["terminated"];
    if ended.is_object() {
        let bad = int(ended, "/exitCode") != 0;
        let message = text(ended, "/message").to_owned();
        return (ending(ended), message, time(ended, "/finishedAt"), bad);
    }
    (State::New, String::new(), None, false)
}

fn ending(ended: &Value) -> State {
    let lasted = match (time(ended, "/startedAt"), time(ended, "/finishedAt")) {
        (Some(start), Some(end)) if end >= start => Some(end.since(start)),
        _ => None,
    };
    State::Ended {
        reason: text(ended, "/reason").into(),
        code: int(ended, "/exitCode"),
        lasted,
    }
}

fn asked(spec: &Value) -> Vec<(Text, Text)> {
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
    let mut add = |term, value: Text| {
        if !value.is_empty() {
            asked.push((term, value));
        }
    };
    add(say!("asked.ports"), ports.join(", ").into());
    let command: Vec<String> = list(spec, "/command")
        .iter()
        .chain(list(spec, "/args"))
        .map(plain)
        .collect();
    add(say!("asked.command"), command.join(" ").into());
    let amounts = |pointer: &str| -> Text {
        let pairs = pairs(spec, pointer);
        let list: Vec<String> = pairs.iter().map(|(n, v)| format!("{n} {v}")).collect();
        list.join(", ").into()
    };
    add(say!("asked.requests"), amounts("/resources/requests"));
    add(say!("asked.limits"), amounts("/resources/limits"));
    for (term, field) in [
        (say!("asked.startup"), "startupProbe"),
        (say!("asked.readiness"), "readinessProbe"),
        (say!("asked.liveness"), "livenessProbe"),
    ] {
        add(term, probe(&spec[field]));
    }
    asked
}

/// "GET :80/ every 2 s, fails after 3".
fn probe(probe: &Value) -> Text {
    if !probe.is_object() {
        return Text::default();
    }
    let act = if probe["httpGet"].is_object() {
        let port = plain(&probe["httpGet"]["port"]);
        Text::from(format!("GET :{port}{}", text(probe, "/httpGet/path")))
    } else if probe["tcpSocket"].is_object() {
        say!("probe.connect", port = plain(&probe["tcpSocket"]["port"]))
    } else if probe["grpc"].is_object() {
        Text::from(format!("gRPC :{}", plain(&probe["grpc"]["port"])))
    } else {
        let command: Vec<String> = list(probe, "/exec/command").iter().map(plain).collect();
        say!("probe.run", command = command.join(" "))
    };
    let period = int(probe, "/periodSeconds").max(1);
    let failures = int(probe, "/failureThreshold").max(1);
    match int(probe, "/initialDelaySeconds") {
        delay if delay > 0 => say!(
            "probe.delayed",
            act = act,
            period = period,
            delay = delay,
            failures = failures
        ),
        _ => say!("probe", act = act, period = period, failures = failures),
    }
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
            assert_eq!(
                (found.words().english().as_str(), is_bad),
                (words, bad),
                "{given}"
            );
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
            (
                c.restarts,
                c.ready,
                c.before.as_ref().map(|b| b.inside().english())
            ),
            (2, true, Some("ended: Error, exit code 1".to_owned()))
        );
        let asked: Vec<String> = c
            .asked
            .iter()
            .map(|(t, v)| format!("{}: {}", t.english(), v.english()))
            .collect();
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
