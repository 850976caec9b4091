//! Fake nodes: pods that are bound to one are marked Running and Ready soon after they are seen,
//! without events, and go as soon as they are deleted. Pods that are not always restarted complete.
//!
//! One controller answers for all fake nodes, so that pod addresses count over the cluster.

use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStatus,
    HostIP, Node, Pod, PodCondition, PodIP, PodStatus,
};

use super::latency::{FAKE_RUN, FAKE_START};
use crate::api::time::api_time;
use crate::api::{Key, Resource};
use crate::apiserver::{DeleteOptions, EventType, WatchEvent, WriteOptions};
use crate::client::Ctx;
use crate::sim::Time;

/// What the fake nodes remember.
#[derive(Clone, Default)]
pub struct Fake {
    /// How many addresses have been handed out.
    addresses: u32,
}

/// What the fake nodes schedule for themselves.
#[derive(Clone)]
pub enum Event {
    /// The containers of a pod that was seen run.
    Start(Key, Rc<str>),
    /// The containers of a pod that may end come to their end.
    Complete(Key, Rc<str>),
}

impl Fake {
    /// Takes in a change of a pod; returns what is to happen later.
    #[inline(never)] // it waits in the second file of the wasm until somebody makes a fake node
    pub fn watched<E>(
        &mut self,
        event: &WatchEvent,
        ctx: &mut Ctx<'_, E>,
    ) -> Option<(Time, Event)> {
        let seen = event.object.get::<Pod>()?;
        let key = seen.key();
        if event.event == EventType::Deleted {
            return None;
        }
        // The present state decides, so that an old event does nothing twice.
        let pod = ctx.get::<Pod>(&key).filter(|p| p.uid() == seen.uid())?;
        pod.spec.as_ref()?.node_name.as_ref()?;
        if pod.metadata.deletion_timestamp.is_some() {
            let options = DeleteOptions {
                grace_period_seconds: Some(0),
                uid: pod.metadata.uid.clone(),
                ..DeleteOptions::default()
            };
            // A finalizer may hold it; then there is nothing left to do here.
            let _ = ctx.delete::<Pod>(&key, &options);
            return None;
        }
        let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
        if !matches!(phase, None | Some("Pending" | "")) {
            return None;
        }
        Some((ctx.now() + FAKE_START, Event::Start(key, pod.uid().into())))
    }

    /// Does what was scheduled; returns what is to happen later.
    #[inline(never)] // it waits in the second file of the wasm until somebody makes a fake node
    pub fn handle<E>(&mut self, event: Event, ctx: &mut Ctx<'_, E>) -> Option<(Time, Event)> {
        let (Event::Start(key, uid) | Event::Complete(key, uid)) = &event;
        let pod = ctx.get::<Pod>(key).filter(|p| *p.uid() == **uid)?;
        let now = ctx.now();
        match event {
            Event::Complete(..) if pod.metadata.deletion_timestamp.is_some() => None,
            Event::Complete(key, _) => {
                let _ = ctx.patch::<Pod>(&key, &WriteOptions::STATUS, |pod| complete(pod, now));
                None
            }
            Event::Start(key, uid) => {
                let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
                if !matches!(phase, None | Some("Pending" | "")) {
                    return None;
                }
                let host = host_address(ctx, pod.spec.as_ref()?.node_name.as_deref()?)?;
                self.addresses += 1;
                let n = self.addresses;
                let ip = format!("10.64.{}.{}", n >> 8 & 0xff, n & 0xff);
                let _ = ctx.patch::<Pod>(&key, &WriteOptions::STATUS, |pod| {
                    run(pod, &host, &ip, now);
                });
                let policy = pod.spec.as_ref()?.restart_policy.as_deref();
                let ends = policy.is_some_and(|p| p != "Always");
                ends.then(|| (now + FAKE_RUN, Event::Complete(key, uid)))
            }
        }
    }
}

fn host_address<E>(ctx: &Ctx<'_, E>, node: &str) -> Option<String> {
    let node = ctx.get::<Node>(&Key::new("", node))?;
    let addresses = node.status.as_ref()?.addresses.as_ref()?;
    let internal = addresses.iter().find(|a| a.type_ == "InternalIP")?;
    Some(internal.address.clone())
}

const CONDITIONS: [&str; 5] = [
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
];

fn run(pod: &mut Pod, host: &str, ip: &str, now: Time) {
    let uid = pod.uid().to_owned();
    let generation = pod.metadata.generation;
    let spec = pod.spec.clone().unwrap_or_default();
    let host_network = spec.host_network.unwrap_or_default();
    let ip = if host_network { host } else { ip };
    let status = pod.status.get_or_insert_default();
    status.phase = Some("Running".to_owned());
    status.host_ip = Some(host.to_owned());
    status.host_ips = Some(vec![HostIP {
        ip: host.to_owned(),
    }]);
    status.pod_ip = Some(ip.to_owned());
    status.pod_ips = Some(vec![PodIP { ip: ip.to_owned() }]);
    status.start_time = Some(api_time(now));
    status.observed_generation = generation;
    let running = |c: &Container| ContainerStatus {
        state: Some(ContainerState {
            running: Some(ContainerStateRunning {
                started_at: Some(api_time(now)),
            }),
            ..ContainerState::default()
        }),
        ready: true,
        started: Some(true),
        ..identity(c, &uid)
    };
    let done = |c: &Container| match c.restart_policy.as_deref() {
        Some("Always") => running(c),
        _ => ContainerStatus {
            state: Some(terminated(&identity(c, &uid), Some(api_time(now)), now)),
            ready: true,
            started: Some(false),
            ..identity(c, &uid)
        },
    };
    status.container_statuses = Some(spec.containers.iter().map(running).collect());
    let init = spec.init_containers.as_deref().unwrap_or(&[]);
    status.init_container_statuses = (!init.is_empty()).then(|| init.iter().map(done).collect());
    for type_ in CONDITIONS {
        set(status, type_, "True", None, generation, now);
    }
}

fn identity(container: &Container, uid: &str) -> ContainerStatus {
    let image = container.image.clone().unwrap_or_default();
    ContainerStatus {
        container_id: Some(format!("fake://{uid}/{}", container.name)),
        image_id: format!("fake://{image}"),
        image,
        last_state: Some(ContainerState::default()),
        name: container.name.clone(),
        ..ContainerStatus::default()
    }
}

fn terminated(
    status: &ContainerStatus,
    started: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    now: Time,
) -> ContainerState {
    let terminated = ContainerStateTerminated {
        container_id: status.container_id.clone(),
        exit_code: 0,
        finished_at: Some(api_time(now)),
        reason: Some("Completed".to_owned()),
        started_at: started,
        ..ContainerStateTerminated::default()
    };
    ContainerState {
        terminated: Some(terminated.into()),
        ..ContainerState::default()
    }
}

fn complete(pod: &mut Pod, now: Time) {
    let generation = pod.metadata.generation;
    let Some(status) = pod.status.as_mut() else {
        return;
    };
    status.phase = Some("Succeeded".to_owned());
    for container in status.container_statuses.iter_mut().flatten() {
        let running = container.state.as_ref().and_then(|s| s.running.as_ref());
        let started = running.and_then(|r| r.started_at.clone());
        container.state = Some(terminated(container, started, now));
        container.ready = false;
        container.started = Some(false);
    }
    let reason = Some("PodCompleted");
    set(
        status,
        "PodReadyToStartContainers",
        "False",
        None,
        generation,
        now,
    );
    set(status, "Initialized", "True", reason, generation, now);
    set(status, "Ready", "False", reason, generation, now);
    set(status, "ContainersReady", "False", reason, generation, now);
}

/// Sets a condition in its place in [`CONDITIONS`], behind those of others.
fn set(
    status: &mut PodStatus,
    type_: &str,
    value: &str,
    reason: Option<&str>,
    generation: Option<i64>,
    now: Time,
) {
    let conditions = status.conditions.get_or_insert_default();
    let rank = |t: &str| CONDITIONS.iter().position(|c| *c == t);
    let old = conditions.iter().position(|c| c.type_ == type_);
    let old = old.map(|i| conditions.remove(i));
    let since = old
        .filter(|c| c.status == value)
        .and_then(|c| c.last_transition_time.clone())
        .unwrap_or_else(|| api_time(now));
    let place = conditions
        .iter()
        .position(|c| rank(&c.type_) > rank(type_))
        .unwrap_or(conditions.len());
    conditions.insert(
        place,
        Shared::from(PodCondition {
            last_transition_time: Some(since),
            observed_generation: generation,
            reason: reason.map(str::to_owned),
            status: value.to_owned(),
            type_: type_.to_owned(),
            ..PodCondition::default()
        }),
    );
}
