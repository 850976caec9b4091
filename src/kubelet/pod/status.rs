//! What a pod has come to, as its status says it (`pkg/kubelet/kubelet_pods.go`
//! generateAPIPodStatus, `pkg/kubelet/status/generate.go`).

use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{
    Container as ContainerSpec, ContainerState, ContainerStateRunning, ContainerStateTerminated,
    ContainerStateWaiting, ContainerStatus, ContainerUser, HostIP, LinuxContainerUser, Pod,
    PodCondition, PodIP, PodStatus, ResourceRequirements, VolumeMountStatus,
};

use super::{Container, Cx, Ended, Ending, Host, PodEvent, PodWorker, Role, Run, Sandbox};
use crate::api::Resource;
use crate::api::time::api_time;
use crate::apiserver::WriteOptions;
use crate::kubelet::latency;
use crate::sim::Time;

/// The conditions that the kubelet writes, in their order.
const OWN: [&str; 8] = [
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
    "PodResizePending",
    "PodResizeInProgress",
    "AllContainersRestarting",
];

impl PodWorker {
    /// Writes the status if it has changed, and lets the object of a deleted pod go when nothing
    /// of it runs any more.
    pub(super) fn report(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if self.gone || !(self.admitted || self.rejected.is_some()) {
            return;
        }
        let status = self.status(h, ctx.now());
        if !self.written_status().is_some_and(|w| says(w, &status)) {
            let (uid, is_static) = (&self.uid, self.is_static);
            let mut fresh = Some(status);
            // A pod that is gone, or replaced by another of its name, takes no status.
            let written = ctx.patch::<Pod>(&self.key, &WriteOptions::STATUS, |pod| {
                if (is_static || *pod.uid() == **uid)
                    && let Some(status) = fresh.take()
                {
                    merge(pod, status);
                }
            });
            self.written = match (written, fresh) {
                (Ok(Some(pod)), None) => Some(pod),
                (_, fresh) => {
                    let status = fresh.unwrap_or_else(|| self.status(h, ctx.now()));
                    Some(Rc::new(Pod {
                        status: Some(status.into()),
                        ..Pod::default()
                    }))
                }
            };
        }
        let deleted = matches!(self.ending, Some(Ending::Deleted));
        if self.over && deleted && !self.is_static {
            self.delete(ctx);
        }
    }

    fn written_status(&self) -> Option<&PodStatus> {
        self.written.as_ref()?.status.as_deref()
    }

    /// Lets go of the version of the pod that it wrote, if the newest one has the same status.
    pub(super) fn share_written(&mut self) {
        let older = |written: &&mut Rc<Pod>| {
            !Rc::ptr_eq(written, &self.pod) && written.status == self.pod.status
        };
        if let Some(written) = self.written.as_mut().filter(older) {
            *written = self.pod.clone();
        }
    }

    fn status(&self, h: &Host<'_>, now: Time) -> PodStatus {
        let generation = self.pod.metadata.generation;
        if let Some((reason, message)) = &self.rejected {
            return PodStatus {
                phase: Some("Failed".to_owned()),
                reason: Some((*reason).to_owned()),
                message: Some(message.to_string()),
                start_time: Some(api_time(self.start_time.unwrap_or(now))),
                observed_generation: generation,
                ..PodStatus::default()
            };
        }
        let phase = self.phase();
        let statuses = |roles: &[Role]| -> Option<Vec<ContainerStatus>> {
            let all = self.containers.iter().enumerate();
            let all = all.filter(|(_, c)| roles.contains(&c.role));
            // A list that grows by itself makes room for four, and each of them is large.
            let mut list = Vec::with_capacity(all.clone().count());
            list.extend(
                all.filter_map(|(i, c)| Some(self.container_status(c, self.container_spec(i)?))),
            );
            (!list.is_empty()).then_some(list)
        };
        let (init, main) = (
            statuses(&[Role::Init, Role::Sidecar]),
            statuses(&[Role::Main]),
        );
        let host = h.node.address();
        let mut status = PodStatus {
            phase: Some(phase.to_owned()),
            start_time: self.start_time.map(api_time),
            host_ip: Some(host.clone()),
            host_ips: Some(vec![HostIP { ip: host }]),
            pod_ip: self.ip.as_ref().map(ToString::to_string),
            pod_ips: self
                .ip
                .as_ref()
                .map(|ip| vec![PodIP { ip: ip.to_string() }]),
            init_container_statuses: init,
            container_statuses: main,
            ephemeral_container_statuses: statuses(&[Role::Ephemeral]),
            observed_generation: generation,
            ..PodStatus::default()
        };
        // Since v1.36 a pod that has resources of its own says what it was given.
        let whole = self.pod.spec.as_ref().and_then(|s| s.resources.as_ref());
        if let Some(whole) = whole {
            status.allocated_resources.clone_from(&whole.requests);
            status.resources = Some(whole.clone());
        }
        if let Some(Ending::Failed(reason, message)) = &self.ending {
            status.reason = Some((*reason).to_owned());
            status.message = Some(message.to_string());
        }
        let mut conditions = self.conditions(phase, now);
        let before = self.written_status().and_then(|s| s.conditions.as_ref());
        conditions.extend(self.disruption().map(|c| {
            let mut all = before.into_iter().flatten();
            let old = all.find(|old| old.type_ == c.type_);
            let since = old.and_then(|old| old.last_transition_time.clone());
            PodCondition {
                last_transition_time: Some(since.unwrap_or_else(|| api_time(now))),
                observed_generation: generation,
                ..c
            }
        }));
        status.conditions = Some(conditions.into_iter().map(Shared::from).collect());
        status
    }

    /// Models getPhase.
    fn phase(&self) -> &'static str {
        if self.over {
            return self.final_phase();
        }
        if matches!(self.ending, Some(Ending::Failed(..))) {
            return "Failed";
        }
        let initialized = |c: &Container| match c.role {
            Role::Main | Role::Ephemeral => true,
            Role::Init => c.ended().is_some_and(|e| e.exit.code == 0),
            Role::Sidecar => c.started || c.ended().is_some(),
        };
        let main = || self.containers.iter().filter(|c| c.role == Role::Main);
        let begun = main().any(|c| c.run != Run::Never);
        if !begun && !self.containers.iter().all(initialized) {
            return "Pending";
        }
        match main().any(|c| c.run == Run::Never || self.is_hidden(c)) {
            true => "Pending",
            false => "Running",
        }
    }

    /// Whether a container does not count as running yet, as its post-start hook still runs.
    fn is_hidden(&self, c: &Container) -> bool {
        c.run == Run::Running && !c.hooked && c.last.is_none() && c.stop.is_none()
    }

    fn container_status(&self, c: &Container, spec: &ContainerSpec) -> ContainerStatus {
        let instance = c.instance.as_deref();
        let hidden = self.is_hidden(c);
        let id = match &c.run {
            Run::Running if !hidden => instance.map(|i| i.id.clone()),
            Run::Ended(ended) => Some(ended.id.clone()),
            _ => c.last.as_ref().map(|l| l.id.clone()),
        };
        let (state, last) = self.states(c, hidden);
        let running = c.run == Run::Running && !hidden;
        let has_run = id.is_some();
        let image = c.image.as_ref().filter(|_| has_run);
        ContainerStatus {
            name: spec.name.clone(),
            state: Some(state),
            last_state: Some(last),
            ready: match c.role {
                Role::Init => c.ended().is_some_and(|e| e.exit.code == 0),
                Role::Ephemeral => false,
                _ => running && c.started && c.ready,
            },
            restart_count: c.restarts,
            image: match image {
                Some(image) => image.reference.full(),
                None => spec.image.clone().unwrap_or_default(),
            },
            image_id: image.map_or_else(String::new, |i| i.reference.id()),
            container_id: id.map(|id| format!("containerd://{id}")),
            started: (c.role != Role::Ephemeral).then_some(running && c.started),
            allocated_resources: c.allocated.as_ref().and_then(|r| r.requests.clone()),
            resources: has_run.then(|| ResourceRequirements {
                claims: None,
                ..c.given.clone().unwrap_or_default()
            }),
            user: running.then(|| user(spec)),
            volume_mounts: volume_mounts(spec),
            ..ContainerStatus::default()
        }
    }

    /// The state, and the state before.
    fn states(&self, c: &Container, hidden: bool) -> (ContainerState, ContainerState) {
        let last = c.last.as_ref().map(terminated).unwrap_or_default();
        match &c.run {
            Run::Running if !hidden => {
                let started = c.instance.as_ref().map(|i| api_time(i.started));
                let state = ContainerState {
                    running: Some(ContainerStateRunning {
                        started_at: started,
                    }),
                    ..ContainerState::default()
                };
                (state, last)
            }
            // What the kubelet has not seen yet still runs for it.
            Run::Ended(ended) if !ended.noticed => {
                let state = ContainerState {
                    running: Some(ContainerStateRunning {
                        started_at: Some(api_time(ended.started)),
                    }),
                    ..ContainerState::default()
                };
                (state, last)
            }
            Run::Ended(ended) => match &c.waiting {
                Some((reason, message)) if self.ending.is_none() => {
                    (waiting(reason, message), terminated(ended))
                }
                _ => (terminated(ended), last),
            },
            _ => match &c.waiting {
                Some((reason, message)) => (waiting(reason, message), last),
                None => {
                    let of_init = |c: &Container| matches!(c.role, Role::Init | Role::Sidecar);
                    let has_init = self.containers.iter().any(of_init);
                    let begun = self.busy.is_some_and(|b| {
                        self.containers.get(b).is_some_and(|b| b.role == Role::Main)
                    });
                    let initializing =
                        has_init && c.role != Role::Ephemeral && !(begun && c.role == Role::Main);
                    let reason = match initializing {
                        true => "PodInitializing",
                        false => "ContainerCreating",
                    };
                    (waiting(reason, ""), last)
                }
            },
        }
    }

    fn conditions(&self, phase: &str, now: Time) -> Vec<PodCondition> {
        let old = self.written_status().and_then(|s| s.conditions.as_deref());
        let seen = self
            .pod
            .status
            .as_ref()
            .and_then(|s| s.conditions.as_deref());
        let generation = self.pod.metadata.generation;
        let condition = |type_: &str, (holds, reason, message): Verdict| {
            let status = if holds { "True" } else { "False" };
            let same = |list: Option<&[Shared<PodCondition>]>| {
                let list = list.unwrap_or_default();
                let same = list.iter().find(|c| c.type_ == type_ && c.status == status);
                same.and_then(|c| c.last_transition_time.clone())
            };
            let since = same(old).or_else(|| same(seen));
            PodCondition {
                type_: type_.to_owned(),
                status: status.to_owned(),
                reason: (!reason.is_empty()).then(|| reason.to_owned()),
                message: (!message.is_empty()).then_some(message),
                last_transition_time: Some(since.unwrap_or_else(|| api_time(now))),
                observed_generation: generation,
                ..PodCondition::default()
            }
        };
        let yes = || (true, "", String::new());
        let containers = self.containers_ready(phase);
        let ready = self.ready(phase, &containers);
        let up = self.sandbox == Sandbox::Ready;
        let mut all = vec![
            condition("PodReadyToStartContainers", (up, "", String::new())),
            condition("Initialized", self.initialized(phase)),
            condition("Ready", ready),
            condition("ContainersReady", containers),
            condition("PodScheduled", yes()),
        ];
        let resize = self.resize_verdicts();
        all.extend(resize.map(|(type_, verdict)| condition(type_, verdict)));
        let anew = self.all_restarting(phase);
        all.extend(anew.map(|verdict| condition("AllContainersRestarting", verdict)));
        all
    }

    fn initialized(&self, phase: &str) -> Verdict {
        if phase == "Succeeded" {
            return (true, "PodCompleted", String::new());
        }
        // Once its own containers have begun, a pod stays initialized.
        let begun = |c: &Container| c.role == Role::Main && c.run != Run::Never;
        let done = |c: &Container| match c.role {
            Role::Main | Role::Ephemeral => true,
            Role::Init => c.ended().is_some_and(|e| e.exit.code == 0),
            Role::Sidecar => c.run == Run::Running && c.started,
        };
        if self.containers.iter().any(begun) || self.containers.iter().all(done) {
            return (true, "", String::new());
        }
        let names = self.names(|c| !done(c));
        let message = format!("containers with incomplete status: [{names}]");
        (false, "ContainersNotInitialized", message)
    }

    fn containers_ready(&self, phase: &str) -> Verdict {
        match phase {
            "Succeeded" => return (false, "PodCompleted", String::new()),
            "Failed" => return (false, "PodFailed", String::new()),
            _ => {}
        }
        let unready = self.names(|c| {
            let running = c.run == Run::Running && !self.is_hidden(c);
            matches!(c.role, Role::Main | Role::Sidecar) && !(running && c.started && c.ready)
        });
        match unready.is_empty() {
            true => (true, "", String::new()),
            false => {
                let message = format!("containers with unready status: [{unready}]");
                (false, "ContainersNotReady", message)
            }
        }
    }

    /// Containers and readiness gates together.
    fn ready(&self, phase: &str, containers: &Verdict) -> Verdict {
        if !containers.0 || matches!(phase, "Succeeded" | "Failed") {
            return containers.clone();
        }
        let spec = self.pod.spec.as_ref();
        let gates = spec
            .and_then(|s| s.readiness_gates.as_deref())
            .unwrap_or_default();
        let seen = self
            .pod
            .status
            .as_ref()
            .and_then(|s| s.conditions.as_deref());
        let mut messages = Vec::new();
        for gate in gates {
            let type_ = &gate.condition_type;
            let held = seen.unwrap_or_default().iter().find(|c| c.type_ == *type_);
            match held.map(|c| c.status.as_str()) {
                Some("True") => {}
                Some(_) => messages.push(format!(
                    "the status of pod readiness gate \"{type_}\" is not \"True\", but False"
                )),
                None => messages.push(format!(
                    "corresponding condition of pod readiness gate \"{type_}\" does not exist."
                )),
            }
        }
        match messages.is_empty() {
            true => (true, "", String::new()),
            false => (false, "ReadinessGatesNotReady", messages.join(", ")),
        }
    }

    /// The names of some containers, as condition messages list them.
    fn names(&self, which: impl Fn(&Container) -> bool) -> String {
        let all = self.containers.iter().enumerate().filter(|(_, c)| which(c));
        let names: Vec<&str> = all
            .filter_map(|(i, _)| self.container_spec(i))
            .map(|s| s.name.as_str())
            .collect();
        names.join(" ")
    }
}

/// Whether a condition holds, its reason and its message.
pub(super) type Verdict = (bool, &'static str, String);

fn waiting(reason: &str, message: &str) -> ContainerState {
    ContainerState {
        waiting: Some(ContainerStateWaiting {
            reason: Some(reason.to_owned()),
            message: (!message.is_empty()).then(|| message.to_owned()),
        }),
        ..ContainerState::default()
    }
}

fn terminated(ended: &Ended) -> ContainerState {
    let reason = match (ended.reason, ended.exit) {
        (Some(reason), _) => reason,
        (None, exit) if exit.out_of_memory => "OOMKilled",
        (None, exit) if exit.code == 0 => "Completed",
        (None, _) => "Error",
    };
    let terminated = ContainerStateTerminated {
        container_id: Some(format!("containerd://{}", ended.id)),
        exit_code: ended.exit.code,
        started_at: Some(api_time(ended.started)),
        finished_at: Some(api_time(ended.finished)),
        reason: Some(reason.to_owned()),
        message: (!ended.message.is_empty()).then(|| ended.message.to_string()),
        signal: None,
    };
    ContainerState {
        terminated: Some(terminated.into()),
        ..ContainerState::default()
    }
}

fn user(spec: &ContainerSpec) -> ContainerUser {
    let context = spec.security_context.as_ref();
    let gid = context.and_then(|s| s.run_as_group).unwrap_or_default();
    ContainerUser {
        linux: Some(LinuxContainerUser {
            uid: context.and_then(|s| s.run_as_user).unwrap_or_default(),
            gid,
            supplemental_groups: Some(vec![gid]),
        }),
    }
}

fn volume_mounts(spec: &ContainerSpec) -> Option<Vec<VolumeMountStatus>> {
    let mounts = spec.volume_mounts.as_ref()?;
    let status = |m: &k8s_openapi::api::core::v1::VolumeMount| VolumeMountStatus {
        mount_path: m.mount_path.clone(),
        name: m.name.clone(),
        read_only: m.read_only,
        recursive_read_only: (m.read_only == Some(true)).then(|| "Disabled".to_owned()),
        ..VolumeMountStatus::default()
    };
    Some(mounts.iter().map(status).collect())
}

/// Puts the kubelet's status into the object; what others wrote stays.
fn merge(pod: &mut Pod, fresh: PodStatus) {
    let old = pod.status.take().unwrap_or_default();
    let owned = |c: &PodCondition| OWN.contains(&c.type_.as_str());
    let replaced = |c: &PodCondition| {
        let new = fresh.conditions.as_ref();
        new.is_some_and(|new| owned(c) || new.iter().any(|n| n.type_ == c.type_))
    };
    let others = old.conditions.iter().flatten().filter(|c| !replaced(c));
    let mut conditions: Vec<Shared<PodCondition>> = others.cloned().collect();

    conditions.extend(fresh.conditions.unwrap_or_default());
    let merged = PodStatus {
        conditions: (!conditions.is_empty()).then_some(conditions),
        qos_class: old.qos_class.clone(),
        nominated_node_name: old.nominated_node_name.clone(),
        resource_claim_statuses: old.resource_claim_statuses.clone(),
        ephemeral_container_statuses: fresh
            .ephemeral_container_statuses
            .or_else(|| old.ephemeral_container_statuses.clone()),
        ..fresh
    };
    pod.status = Some(merged.into());
}

/// Whether a status that was written says what `fresh` does: whether [`merge`] would change nothing.
fn says(written: &PodStatus, fresh: &PodStatus) -> bool {
    let PodStatus {
        allocated_resources,
        conditions,
        container_statuses,
        ephemeral_container_statuses,
        extended_resource_claim_status,
        host_ip,
        host_ips,
        init_container_statuses,
        message,
        node_allocatable_resource_claim_statuses,
        observed_generation,
        phase,
        pod_ip,
        pod_ips,
        reason,
        resize,
        resources,
        start_time,
        // What others write.
        nominated_node_name: _,
        qos_class: _,
        resource_claim_statuses: _,
    } = fresh;
    let others = written.conditions.as_deref().unwrap_or_default();
    let own = conditions.as_deref().unwrap_or_default();
    let same_conditions = others.split_at_checked(others.len().wrapping_sub(own.len()));
    let same_conditions = same_conditions.is_some_and(|(others, last)| {
        let owned = |c: &Shared<PodCondition>| {
            OWN.contains(&c.type_.as_str()) || own.iter().any(|o| o.type_ == c.type_)
        };
        last == own && (own.is_empty() || !others.iter().any(owned))
    });
    same_conditions
        && *phase == written.phase
        && *container_statuses == written.container_statuses
        && *init_container_statuses == written.init_container_statuses
        && (ephemeral_container_statuses.is_none()
            || *ephemeral_container_statuses == written.ephemeral_container_statuses)
        && *pod_ip == written.pod_ip
        && *pod_ips == written.pod_ips
        && *host_ip == written.host_ip
        && *host_ips == written.host_ips
        && *start_time == written.start_time
        && *reason == written.reason
        && *message == written.message
        && *observed_generation == written.observed_generation
        && *resize == written.resize
        && *resources == written.resources
        && *allocated_resources == written.allocated_resources
        && *extended_resource_claim_status == written.extended_resource_claim_status
        && *node_allocatable_resource_claim_statuses
            == written.node_allocatable_resource_claim_statuses
}

fn says_ready(status: Option<&PodStatus>) -> bool {
    let conditions = status.and_then(|s| s.conditions.as_ref());
    let mut all = conditions.into_iter().flatten();
    all.any(|c| c.type_ == "Ready" && c.status == "True")
}

impl PodWorker {
    /// Whether somebody else has written that the pod is not ready, as the node controller does
    /// while the node is silent.
    fn is_overruled(&self) -> bool {
        says_ready(self.written_status()) && !says_ready(self.pod.status.as_deref())
    }

    /// The status manager compares what it wrote with what the API says (`needsReconcile`).
    pub(super) fn plan_reconcile(&mut self, ctx: &mut Cx<'_>) {
        if !self.reconciles && !self.over && self.is_overruled() {
            self.reconciles = true;
            self.after(ctx, latency::STATUS_SYNC, PodEvent::Reconcile);
        }
    }

    pub(super) fn reconcile(&mut self) {
        self.reconciles = false;
        if self.is_overruled() {
            self.written = None;
        }
    }

    /// Writes the status again: the object that had it was replaced.
    pub fn report_anew(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        self.written = None;
        self.report(h, ctx);
    }
}
