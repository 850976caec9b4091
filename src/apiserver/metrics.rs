//! What containers use, as a metrics server tells it: for each its CPU over the last window, and its
//! memory.
//!
//! Nothing is sampled: a kubelet says what a container uses when it starts, and what each request costs
//! when it answers one; the rest is worked out when somebody asks. An idle cluster costs nothing.

use std::rc::Rc;
use std::time::Duration;

use super::ApiServer;
use crate::api::{Key, Name};
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

/// How long a measurement covers, and how often there is one.
pub const METRICS_WINDOW: Duration = Duration::from_secs(15);

/// What one container uses by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    pub started: Time,
    /// Nanoseconds of CPU in each second.
    pub cpu_nanos: u64,
    /// Bytes when it starts, and how many more with each second.
    pub memory: u64,
    pub growth: u64,
}

#[derive(Clone)]
struct Measured {
    profile: Profile,
    /// CPU spent on requests: the window, and the nanoseconds in it. The last two windows are kept.
    spent: [(u64, u64); 2],
}

/// A container, as a metrics server tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerUsage {
    pub name: Rc<str>,
    /// Nanoseconds of CPU in each second.
    pub cpu_nanos: u64,
    pub memory: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodUsage {
    pub namespace: Rc<str>,
    pub name: Rc<str>,
    /// The end of the window.
    pub at: Time,
    pub containers: Vec<ContainerUsage>,
}

/// The metrics server's memory.
#[derive(Clone, Default)]
pub(super) struct Metrics {
    served: bool,
    /// By pod and container.
    containers: BTreeMap<(Key, Name), Measured>,
}

fn place((namespace, pod): (&str, &str), container: &str) -> (Key, Name) {
    (Key::new(namespace, pod), Name::new(container))
}

fn window(now: Time) -> u64 {
    now.0 / METRICS_WINDOW.as_nanos() as u64
}

impl ApiServer {
    /// From now on there is a metrics server.
    pub fn serve_metrics(&mut self) {
        self.metrics.served = true;
    }

    pub fn serves_metrics(&self) -> bool {
        self.metrics.served
    }

    /// A container has started.
    pub fn container_started(&mut self, pod: (&str, &str), container: &str, profile: Profile) {
        if !self.metrics.served {
            return;
        }
        let measured = Measured {
            profile,
            spent: [(0, 0); 2],
        };
        let key = place(pod, container);
        self.metrics.containers.insert(key, measured);
    }

    /// A container has ended.
    pub fn container_ended(&mut self, pod: (&str, &str), container: &str) {
        self.metrics.containers.remove(&place(pod, container));
    }

    /// A container has spent CPU on a request.
    pub fn container_worked(&mut self, now: Time, pod: (&str, &str), container: &str, nanos: u64) {
        let containers = &mut self.metrics.containers;
        let Some(measured) = containers.get_mut(&place(pod, container)) else {
            return;
        };
        let at = window(now);
        let [last, _] = measured.spent;
        if last.0 == at {
            measured.spent[0].1 = last.1.saturating_add(nanos);
        } else {
            measured.spent = [(at, nanos), last];
        }
    }

    /// What the pods of a namespace use, or of all; `None` without a metrics server. A container that has
    /// not run for a whole window is not measured yet.
    pub fn pod_metrics(&self, now: Time, namespace: &str) -> Option<Vec<PodUsage>> {
        if !self.metrics.served {
            return None;
        }
        let current = window(now);
        let end = Time(current * METRICS_WINDOW.as_nanos() as u64);
        let mut all = Vec::new();
        let mut rest = self.metrics.containers.iter().peekable();
        while let Some(((pod, _), _)) = rest.peek() {
            let pod = pod.clone();
            let mut containers = Vec::new();
            while let Some(((_, name), m)) = rest.next_if(|((of, _), _)| *of == pod) {
                containers.push((name, m));
            }
            if !namespace.is_empty() && pod.namespace != *namespace {
                continue;
            }
            let measured = |(_, m): &(&Name, &Measured)| m.profile.started + METRICS_WINDOW <= end;
            if !containers.iter().all(measured) {
                continue;
            }
            let usage = |(name, m): (&Name, &Measured)| {
                let windows = m.spent.iter();
                let spent: u64 = windows
                    .filter(|(at, _)| at + 1 == current)
                    .map(|(_, nanos)| *nanos)
                    .sum();
                let seconds = end.since(m.profile.started).as_secs();
                ContainerUsage {
                    name: name.into(),
                    cpu_nanos: m.profile.cpu_nanos + spent / METRICS_WINDOW.as_secs(),
                    memory: m
                        .profile
                        .memory
                        .saturating_add(m.profile.growth.saturating_mul(seconds)),
                }
            };
            all.push(PodUsage {
                namespace: pod.namespace.into(),
                name: pod.name.into(),
                at: end,
                containers: containers.into_iter().map(usage).collect(),
            });
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::secs;

    #[test]
    fn a_window_is_told_when_it_is_over() {
        let mut server = ApiServer::new();
        let at = |s| Time::EPOCH + secs(s);
        assert_eq!(server.pod_metrics(at(0), ""), None);
        server.serve_metrics();
        let profile = Profile {
            started: at(1),
            cpu_nanos: 1_000_000,
            memory: 100,
            growth: 1,
        };
        let pod = ("default", "web");
        server.container_started(pod, "c", profile);
        server.container_worked(at(20), pod, "c", 15_000_000_000);
        assert_eq!(server.pod_metrics(at(29), "").map(|m| m.len()), Some(0));
        let told = |server: &ApiServer, s| {
            let all = server.pod_metrics(at(s), "default").unwrap_or_default();
            all.first()
                .map(|p| (p.containers[0].cpu_nanos, p.containers[0].memory))
        };
        assert_eq!(told(&server, 30), Some((1_001_000_000, 129)));
        assert_eq!(told(&server, 46), Some((1_000_000, 144)));
        server.container_ended(pod, "c");
        assert_eq!(told(&server, 46), None);
    }
}
