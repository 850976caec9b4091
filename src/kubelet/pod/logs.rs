//! Reading the logs of a pod's containers (`pkg/registry/core/pod/strategy.go` LogLocation,
//! `pkg/kubelet/kubelet.go` GetKubeletContainerLogs).

use super::{PodWorker, Run};
use crate::api::rfc3339::{SECOND, civil};
use crate::kubelet::runtime::logs::{Line, Logs};
use crate::sim::{Time, secs};

/// Which lines of a container's logs are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Of the run before.
    pub previous: bool,
    pub tail_lines: Option<u64>,
    pub since_seconds: Option<u64>,
    pub limit_bytes: Option<u64>,
    pub timestamps: bool,
}

/// The logs of a container, or why there are none yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logged {
    Text(String),
    /// The request is refused with this message (400).
    Refused(String),
    /// The node does not answer; what the API server says of it (500).
    Unreachable(String),
}

impl PodWorker {
    pub fn logs(&self, container: &str, query: &LogQuery, now: Time) -> Logged {
        let name = |c: usize| self.container_spec(c).map_or("", |s| s.name.as_str());
        let pod = &self.key.name;
        let place = (0..self.containers.len()).find(|c| name(*c) == container);
        let Some(found) = place.and_then(|c| self.containers.get(c)) else {
            return Logged::Refused(format!("container {container} is not valid for pod {pod}"));
        };
        if query.previous {
            return match &found.previous_logs {
                Some(logs) => Logged::Text(text(logs, query, now)),
                // The last run of one that waits to be restarted is the previous one as well.
                None => match (&found.instance, &found.run) {
                    (Some(instance), Run::Ended(_)) if found.waiting.is_some() => {
                        Logged::Text(text(&instance.logs, query, now))
                    }
                    _ => Logged::Refused(format!(
                        "previous terminated container \"{container}\" in pod \"{pod}\" not found"
                    )),
                },
            };
        }
        match (&found.instance, &found.waiting) {
            (Some(instance), _) => Logged::Text(text(&instance.logs, query, now)),
            (None, waiting) => {
                let has_init = self.containers.len() > 1 && self.is_init(0);
                let reason = match waiting {
                    Some(("ErrImagePull" | "ImagePullBackOff", _)) => {
                        return Logged::Refused(format!(
                            "container \"{container}\" in pod \"{pod}\" is waiting to start: trying and failing to pull image"
                        ));
                    }
                    Some((reason, _)) => reason,
                    None if has_init => "PodInitializing",
                    None => "ContainerCreating",
                };
                Logged::Refused(format!(
                    "container \"{container}\" in pod \"{pod}\" is waiting to start: {reason}"
                ))
            }
        }
    }
}

fn text(logs: &Logs, query: &LogQuery, now: Time) -> String {
    let since = query.since_seconds.map_or(Time(0), |s| now - secs(s));
    let lines: Vec<&Line> = logs.lines().filter(|l| l.at >= since).collect();
    let tail = query
        .tail_lines
        .map_or(lines.len(), |n| usize::try_from(n).unwrap_or(usize::MAX));
    let mut out = String::new();
    for line in lines.iter().skip(lines.len().saturating_sub(tail)) {
        if query.timestamps {
            out.push_str(&timestamp(line.at));
            out.push(' ');
        }
        out.push_str(&line.text);
        out.push('\n');
    }
    if let Some(limit) = query.limit_bytes {
        let mut end = usize::try_from(limit).unwrap_or(usize::MAX).min(out.len());
        while !out.is_char_boundary(end) {
            end -= 1;
        }
        out.truncate(end);
    }
    out
}

/// As the runtime stamps lines: RFC 3339 with nanoseconds.
fn timestamp(at: Time) -> String {
    let nanos = i64::try_from(at.0).unwrap_or(i64::MAX);
    let c = civil(nanos - nanos % SECOND);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
        c.year,
        c.month,
        c.day,
        c.hour,
        c.minute,
        c.second,
        at.subsec_nanos()
    )
}
