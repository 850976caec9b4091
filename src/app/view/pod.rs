//! A pod as a tile: what it says without colour, in few words and in full ones.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use crate::api::{Key, Object, Resource, controller_of};
use crate::app::Shared;
use crate::app::words;
use crate::app::{Text, say};
use crate::sim::Time;

use super::revisions::{Revision, Revisions, workload_of};

/// The shape of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Not bound to a node yet.
    Pending,
    /// On its node: pulling images, starting containers.
    Starting,
    /// Runs, but is not ready for traffic.
    Running,
    Ready,
    Terminating,
    /// Something is wrong that does not mend by waiting a moment.
    Failing,
    Succeeded,
}

impl Phase {
    /// Names the shape in the style sheet.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Pending => "pending",
            Phase::Starting => "starting",
            Phase::Running => "running",
            Phase::Ready => "ready",
            Phase::Terminating => "terminating",
            Phase::Failing => "failing",
            Phase::Succeeded => "succeeded",
        }
    }
}

/// A pod, small.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    pub uid: Rc<str>,
    pub key: Key,
    /// What tells it from its siblings.
    pub short: Rc<str>,
    /// What a person wrote that it came from: "web".
    pub workload: Rc<str>,
    /// The uid of its controller.
    pub owner: Rc<str>,
    pub node: Option<Rc<str>>,
    pub revision: Option<Revision>,
    pub phase: Phase,
    /// As `kubectl get pods` says it: "ContainerCreating".
    pub status: Rc<str>,
    pub restarts: u32,
    pub ready: (u32, u32),
    /// One of the cluster's own.
    pub system: bool,
    pub ip: Rc<str>,
    /// What it holds of its node: thousandths of a CPU, and bytes. Nothing once it has ended.
    pub requests: (i64, i64),
    /// Everything above in a sentence.
    pub words: Text,
}

/// Tiles in the order of their pods; a pod that has not changed keeps its tile.
#[derive(Clone, Default)]
pub struct Tiles {
    /// How many pods were looked at so far.
    looked_at: u64,
    /// How often the pods had changed when they were looked at last.
    changes: Option<u64>,
    known: Vec<(Rc<Pod>, Shared<Tile>)>,
}

impl Tiles {
    pub fn looked_at(&self) -> u64 {
        self.looked_at
    }

    /// Whether the pods may have changed since this was asked last; `changes` counts how often
    /// they did.
    pub fn are_stale(&mut self, changes: u64) -> bool {
        self.changes.replace(changes) != Some(changes)
    }

    /// The tiles of `pods`, which come by namespace and name, in the same order.
    pub fn of<'p>(
        &mut self,
        pods: impl Iterator<Item = &'p Rc<Pod>>,
        revisions: &mut Revisions,
    ) -> Vec<Shared<Tile>> {
        let before = std::mem::take(&mut self.known);
        let mut before = before.into_iter().peekable();
        let mut tiles = Vec::new();
        for pod in pods {
            self.looked_at += 1;
            let known = match before.peek() {
                Some((known, _)) if Rc::ptr_eq(known, pod) => before.next(),
                _ => {
                    let key = pod.key();
                    while before.next_if(|(_, tile)| tile.key < key).is_some() {}
                    before.next_if(|(_, tile)| tile.key == key)
                }
            };
            let tile = match known {
                Some((known, tile)) if Rc::ptr_eq(&known, pod) => tile,
                Some((_, mut tile)) => {
                    tile.keep(tile_of(pod, revisions));
                    tile
                }
                None => Shared::new(tile_of(pod, revisions)),
            };
            tiles.push(tile.clone());
            self.known.push((pod.clone(), tile));
        }
        tiles
    }
}

fn tile_of(pod: &Rc<Pod>, revisions: &mut Revisions) -> Tile {
    let spec = pod.spec.as_ref();
    let node: Option<Rc<str>> = spec
        .and_then(|s| s.node_name.as_deref())
        .filter(|n| !n.is_empty())
        .map(Rc::from);
    let phase = phase(pod);
    let status = status_text(pod);
    let statuses = container_statuses(pod);
    let restarts: u32 = statuses
        .iter()
        .map(|c| u32::try_from(c.restart_count).unwrap_or_default())
        .sum();
    let ready = statuses.iter().filter(|c| c.ready).count() as u32;
    let total = spec.map_or(0, |s| s.containers.len()) as u32;
    let owner = controller_of(&pod.metadata);
    let revision = revisions.of_pod(pod);
    let hash = pod
        .metadata
        .labels
        .as_ref()
        .and_then(|l| l.get("pod-template-hash"))
        .map_or("", String::as_str);
    let workload = owner.map_or("", |o| workload_of(&o.kind, &o.name, hash));
    let short = owner.map_or(pod.name(), |o| words::short_name(pod.name(), &o.name));
    let words = sentence(
        pod,
        node.as_deref(),
        revision,
        &status,
        (ready, total),
        restarts,
    );
    Tile {
        uid: pod.uid().into(),
        key: pod.key(),
        short: short.into(),
        workload: workload.into(),
        owner: owner.map_or("", |o| &*o.uid).into(),
        node,
        revision,
        phase,
        status: status.into(),
        restarts,
        ready: (ready, total),
        system: pod.namespace() == "kube-system",
        requests: match super::nodes::is_over(pod) {
            true => (0, 0),
            false => super::nodes::requests(pod),
        },
        ip: pod
            .status
            .as_ref()
            .and_then(|s| s.pod_ip.as_deref())
            .unwrap_or_default()
            .into(),
        words,
    }
}

fn sentence(
    pod: &Pod,
    node: Option<&str>,
    revision: Option<Revision>,
    status: &str,
    ready: (u32, u32),
    restarts: u32,
) -> Text {
    let mut parts = vec![say!("tile.pod", name = pod.name(), status = status)];
    if ready.1 > 0 {
        parts.push(say!("tile.ready", ready = ready.0, total = ready.1));
    }
    if restarts > 0 {
        parts.push(say!("tile.restarts", n = restarts));
    }
    if let Some(revision) = revision {
        parts.push(say!("tile.revision", letter = revision.letter()));
    }
    parts.push(match node {
        Some(node) => say!("tile.node", node = node),
        None => say!("tile.unbound"),
    });
    Text::list(parts)
}

fn container_statuses(pod: &Pod) -> &[ContainerStatus] {
    pod.status
        .as_ref()
        .and_then(|s| s.container_statuses.as_deref())
        .unwrap_or_default()
}

fn init_statuses(pod: &Pod) -> &[ContainerStatus] {
    pod.status
        .as_ref()
        .and_then(|s| s.init_container_statuses.as_deref())
        .unwrap_or_default()
}

/// What `kubectl get pods` prints under STATUS, from the same rules.
pub fn status_text(pod: &Rc<Pod>) -> String {
    let strategy = Pod::KIND.info().strategy;
    let column = strategy
        .columns()
        .iter()
        .position(|c| c.name.eq_ignore_ascii_case("status"));
    let object: Object = Pod::into_object(pod.clone());
    column
        .and_then(|i| strategy.row(&object, Time(0)).into_iter().nth(i))
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "Pending".to_owned())
}

/// Waiting for these is part of a normal start.
const STARTING: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// The shape that a pod has.
pub fn phase(pod: &Pod) -> Phase {
    if pod.metadata.deletion_timestamp.is_some() {
        return Phase::Terminating;
    }
    let status = pod.status.as_ref();
    let stated = status.and_then(|s| s.phase.as_deref()).unwrap_or("Pending");
    match stated {
        "Succeeded" => return Phase::Succeeded,
        "Failed" => return Phase::Failing,
        _ => {}
    }
    if !failure(pod).is_empty() {
        return Phase::Failing;
    }
    if stated == "Running" {
        let ready = status
            .and_then(|s| s.conditions.as_deref())
            .unwrap_or_default()
            .iter()
            .any(|c| c.type_ == "Ready" && c.status == "True");
        return if ready { Phase::Ready } else { Phase::Running };
    }
    let bound = pod
        .spec
        .as_ref()
        .and_then(|s| s.node_name.as_deref())
        .is_some_and(|n| !n.is_empty());
    if bound {
        Phase::Starting
    } else {
        Phase::Pending
    }
}

/// Why a pod does not get on: the reason of a container, or of the pod; empty when nothing is wrong.
pub fn failure(pod: &Pod) -> &str {
    let status = pod.status.as_ref();
    if status.and_then(|s| s.phase.as_deref()) == Some("Failed") {
        let reason = status.and_then(|s| s.reason.as_deref()).unwrap_or_default();
        return if reason.is_empty() { "Error" } else { reason };
    }
    for container in init_statuses(pod).iter().chain(container_statuses(pod)) {
        let Some(state) = &container.state else {
            continue;
        };
        if let Some(waiting) = &state.waiting {
            let reason = waiting.reason.as_deref().unwrap_or_default();
            if !reason.is_empty() && !STARTING.contains(&reason) {
                return reason;
            }
        }
        if let Some(ended) = &state.terminated
            && ended.exit_code != 0
        {
            return ended.reason.as_deref().unwrap_or("Error");
        }
    }
    ""
}

/// Whether two reasons are the same trouble, at different moments.
pub fn same_failure(a: &str, b: &str) -> bool {
    let class = |reason: &str| match reason {
        "ErrImagePull" | "ImagePullBackOff" => 1,
        "Error" | "CrashLoopBackOff" | "OOMKilled" | "Completed" => 2,
        _ => 0,
    };
    a == b || class(a) != 0 && class(a) == class(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Kind;
    use serde_json::{Value, json};

    fn pod(spec: Value, status: Value, deleting: bool) -> Rc<Pod> {
        let mut value = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "web-1", "namespace": "default", "uid": "u1" },
            "spec": spec, "status": status,
        });
        if deleting {
            value["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        let kind = Kind::by_gvk("v1", "Pod").unwrap();
        let (object, _) = kind.decode(&value).unwrap();
        object.get::<Pod>().unwrap().clone()
    }

    fn waiting(reason: &str) -> Value {
        json!({ "phase": "Pending", "containerStatuses": [{
            "name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 2,
            "state": { "waiting": { "reason": reason } },
        }] })
    }

    #[test]
    fn every_phase_has_its_shape() {
        let bound = json!({ "nodeName": "worker-1", "containers": [{ "name": "c" }] });
        let ready = json!({ "phase": "Running", "conditions": [
            { "type": "Ready", "status": "True" }
        ] });
        let rows = [
            (json!({ "containers": [] }), json!({}), Phase::Pending),
            (
                bound.clone(),
                json!({ "phase": "Pending" }),
                Phase::Starting,
            ),
            (bound.clone(), waiting("ContainerCreating"), Phase::Starting),
            (bound.clone(), waiting("ImagePullBackOff"), Phase::Failing),
            (bound.clone(), json!({ "phase": "Running" }), Phase::Running),
            (bound.clone(), ready, Phase::Ready),
            (
                bound.clone(),
                json!({ "phase": "Succeeded" }),
                Phase::Succeeded,
            ),
            (bound.clone(), json!({ "phase": "Failed" }), Phase::Failing),
        ];
        for (spec, status, expected) in rows {
            assert_eq!(
                phase(&pod(spec, status.clone(), false)),
                expected,
                "{status}"
            );
        }
        let leaving = pod(bound, json!({ "phase": "Running" }), true);
        assert_eq!(phase(&leaving), Phase::Terminating);
    }

    #[test]
    fn an_unchanged_pod_keeps_its_tile() {
        let (mut tiles, mut revisions) = (Tiles::default(), Revisions::default());
        let spec = json!({ "nodeName": "n", "containers": [{ "name": "c" }] });
        let one = pod(spec.clone(), waiting("ErrImagePull"), false);
        let first = tiles.of([&one].into_iter(), &mut revisions);
        let again = tiles.of([&one].into_iter(), &mut revisions);
        assert_eq!(first, again);
        // The same content in another object is the same tile too.
        let twin = pod(spec.clone(), waiting("ErrImagePull"), false);
        assert_eq!(first, tiles.of([&twin].into_iter(), &mut revisions));
        let other = pod(spec, json!({ "phase": "Running" }), false);
        assert_ne!(first, tiles.of([&other].into_iter(), &mut revisions));
        assert_eq!(first[0].restarts, 2);
        assert!(first[0].words.english().contains("2 restarts"));
    }

    #[test]
    fn a_back_off_is_not_a_new_failure() {
        assert!(same_failure("ErrImagePull", "ImagePullBackOff"));
        assert!(same_failure("Error", "CrashLoopBackOff"));
        assert!(!same_failure("ImagePullBackOff", "CrashLoopBackOff"));
    }
}
