//! What `journalctl -u kubelet` shows: what the kubelet did, in the form of its log.
//!
//! Divergence: the lines are made of the events that the kubelet recorded and of the causes that are
//! kept; a real kubelet logs more, and what it logs depends on its verbosity.

use k8s_openapi::api::core::v1::Event as ApiEvent;
use serde_json::{Value, json};

use crate::api::Key;
use crate::api::rfc3339::format_time;
use crate::cluster::Cluster;
use crate::sim::Time;

/// The newest lines that are shown.
const MOST: usize = 2000;

/// A line of the log: when, how grave, where in the source, and what.
struct Line {
    at: Time,
    letter: char,
    place: &'static str,
    text: String,
}

/// Where in the kubelet's source what is told happens.
fn place_of(reason: &str) -> (&'static str, &'static str) {
    match reason {
        "Starting" | "NodeAllocatableEnforced" => ("server.go", "Started kubelet"),
        "NodeReady" | "NodeNotReady" => ("kubelet_node_status.go", "Fast updating node status"),
        "Scheduled" => ("kubelet.go", "SyncLoop ADD"),
        "Pulling" | "Pulled" => ("kuberuntime_image.go", "Image pull"),
        "Created" | "Started" => ("kubelet.go", "SyncLoop (PLEG): event for pod"),
        "Killing" => (
            "kuberuntime_container.go",
            "Killing container with a grace period",
        ),
        "Unhealthy" | "ProbeWarning" => ("prober.go", "Probe failed"),
        "BackOff" | "Failed" => ("pod_workers.go", "Error syncing pod, skipping"),
        "Evicted" => (
            "eviction_manager.go",
            "Eviction manager: pod is evicted successfully",
        ),
        _ => ("event.go", "Event occurred"),
    }
}

impl Cluster {
    /// The kubelet's log, oldest first: `[time in ns, text]`.
    pub(super) fn journal(&self, i: usize) -> Vec<Value> {
        let Some(name) = self.config.nodes.get(i).map(|n| n.name.as_str()) else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        for event in self.server.list::<ApiEvent>(None) {
            self.event_lines(name, &event, &mut lines);
        }
        self.binding_lines(name, &mut lines);
        for (_, at) in self.machines.stopped.iter().filter(|(n, _)| **n == *name) {
            lines.push(Line {
                at: *at,
                letter: 'I',
                place: "server.go",
                text: "\"Received signal, shutting down\" signal=\"terminated\"".to_owned(),
            });
        }
        lines.sort_by_key(|line| line.at);
        let skip = lines.len().saturating_sub(MOST);
        lines
            .into_iter()
            .skip(skip)
            .map(|line| shown(&line))
            .collect()
    }

    fn event_lines(&self, node: &str, event: &ApiEvent, lines: &mut Vec<Line>) {
        let source = event.source.as_ref();
        let from = |s: &k8s_openapi::api::core::v1::EventSource| {
            s.component.as_deref() == Some("kubelet") && s.host.as_deref() == Some(node)
        };
        if !source.is_some_and(from) {
            return;
        }
        let reason = event.reason.as_deref().unwrap_or_default();
        let (place, title) = place_of(reason);
        let letter = match (event.type_.as_deref(), reason) {
            (Some("Warning"), "Unhealthy") => 'I',
            (Some("Warning"), _) => 'E',
            _ => 'I',
        };
        let about = &event.involved_object;
        let object = match about.namespace.as_deref() {
            Some(namespace) => format!("{namespace}/{}", about.name.as_deref().unwrap_or_default()),
            None => about.name.clone().unwrap_or_default(),
        };
        let subject = match about.kind.as_deref() {
            Some("Pod") => format!(
                "pod=\"{object}\" podUID=\"{}\"",
                about.uid.as_deref().unwrap_or_default()
            ),
            _ => format!("node=\"{object}\""),
        };
        let message = Value::from(event.message.as_deref().unwrap_or_default());
        let what = match letter {
            'E' => format!("err={message}"),
            _ => format!("reason=\"{reason}\" message={message}"),
        };
        let text = format!("\"{title}\" {subject} {what}");
        let times = [&event.first_timestamp, &event.last_timestamp];
        let mut told = None;
        for time in times.into_iter().flatten() {
            let at = crate::api::time::from_api(time);
            if told != Some(at) {
                told = Some(at);
                lines.push(Line {
                    at,
                    letter,
                    place,
                    text: text.clone(),
                });
            }
        }
    }

    /// Pods that came to the node and went: the kubelet's own changes of state.
    fn binding_lines(&self, node: &str, lines: &mut Vec<Line>) {
        let kubelet = format!("node:{node}");
        for (_, cause) in self.kernel.causes.iter() {
            let Some(pod) = cause.subject.strip_prefix("/registry/pods/") else {
                continue;
            };
            let (place, text) = match cause.verb {
                "delete" if *cause.actor == *kubelet => (
                    "kubelet.go",
                    format!("\"SyncLoop REMOVE\" source=\"api\" pods=[\"{pod}\"]"),
                ),
                "bind" => {
                    let (namespace, name) = pod.split_once('/').unwrap_or(("", pod));
                    let key = Key::new(namespace, name);
                    let bound = self.server.get::<k8s_openapi::api::core::v1::Pod>(&key);
                    let on = bound.and_then(|p| p.spec.as_ref()?.node_name.clone());
                    if on.as_deref() != Some(node) {
                        continue;
                    }
                    (
                        "kubelet.go",
                        format!("\"SyncLoop ADD\" source=\"api\" pods=[\"{pod}\"]"),
                    )
                }
                _ => continue,
            };
            lines.push(Line {
                at: cause.at,
                letter: 'I',
                place,
                text,
            });
        }
    }
}

/// `[ns, "I1130 03:55:00.123456    1042 kubelet.go:2537] ..."`.
fn shown(line: &Line) -> Value {
    let stamp = format_time(i64::try_from(line.at.0).unwrap_or_default());
    let part = |from, to| stamp.get(from..to).unwrap_or_default().to_owned();
    let micros = line.at.subsec_nanos() / 1000;
    let number = crate::sim::hash_bytes(7, line.place.as_bytes()) % 1500 + 100;
    let text = format!(
        "{}{}{} {}.{micros:06}    1042 {}:{number}] {}",
        line.letter,
        part(5, 7),
        part(8, 10),
        part(11, 19),
        line.place,
        line.text
    );
    json!([line.at.0, text])
}
