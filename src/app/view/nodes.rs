//! The nodes as tanks, how full they are, and the pods in them.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Node, NodeCondition, Pod};

use crate::api::Resource;
use crate::api::quantity::Quantity;
use crate::app::{Mirror, Shared};
use crate::app::{Text, say};
use crate::sim::ordered::Map as BTreeMap;

use super::pod::{Phase, Tile, Tiles};
use super::revisions::Revisions;

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Tank {
    pub name: Rc<str>,
    pub uid: Rc<str>,
    /// "control-plane" or "worker".
    pub role: Rc<str>,
    pub health: Health,
    /// Conditions that are not as they should be, and what else a scheduler minds, in words.
    pub remarks: Vec<Rc<str>>,
    pub taints: Vec<Rc<str>>,
    pub cpu: Fill,
    pub memory: Fill,
    pub address: Rc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Ready,
    NotReady,
    /// The kubelet has not been heard of.
    Unknown,
}

impl Health {
    pub fn word(self) -> &'static str {
        match self {
            Health::Ready => "Ready",
            Health::NotReady => "NotReady",
            Health::Unknown => "Unknown",
        }
    }
}

/// What the pods of a node have requested of what it has: thousandths of a CPU, or bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    pub used: i64,
    pub of: i64,
}

impl Fill {
    /// In thousandths.
    pub fn milli(self) -> u32 {
        if self.of <= 0 {
            return 0;
        }
        let milli = i128::from(self.used.max(0)) * 1000 / i128::from(self.of);
        u32::try_from(milli.min(1000)).unwrap_or(1000)
    }
}

/// The cluster as nodes and pods.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodesView {
    pub tanks: Vec<Shared<Tank>>,
    /// Every pod, by namespace and name.
    pub tiles: Rc<[Shared<Tile>]>,
    /// How many pods are in each phase, the cluster's own left out.
    pub totals: BTreeMap<&'static str, u32>,
    /// How many more ReplicaSets are about to make.
    pub coming: usize,
    /// How many are on their way to a node, or end. Those that no node takes stay where they are.
    pub moving: usize,
}

impl NodesView {
    /// Builds the view; parts that are as in `before` keep their identity.
    pub fn build(
        mirror: &Mirror,
        tiles: &mut Tiles,
        revisions: &mut Revisions,
        before: &NodesView,
    ) -> NodesView {
        let coming = coming(mirror);
        if !tiles.are_stale(mirror.pod_changes()) {
            return NodesView {
                tanks: tanks(mirror, before, &mut |node| sums_of(node, before)),
                tiles: before.tiles.clone(),
                totals: before.totals.clone(),
                coming,
                moving: before.moving,
            };
        }
        let tiles = tiles.of(mirror.pods.iter(), revisions);
        let mut used: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for tile in &tiles {
            if let Some(node) = &tile.node {
                let sum = used.entry(node).or_default();
                sum.0 = sum.0.saturating_add(tile.requests.0);
                sum.1 = sum.1.saturating_add(tile.requests.1);
            }
        }
        let tanks = tanks(mirror, before, &mut |node| {
            used.get(node).copied().unwrap_or_default()
        });
        let mut totals = BTreeMap::new();
        for tile in tiles.iter().filter(|t| !t.system) {
            *totals.entry(tile.phase.name()).or_default() += 1;
        }
        NodesView {
            tanks,
            tiles: tiles.into(),
            totals,
            coming,
            moving: mirror.pods.iter().filter(|pod| is_moving(pod)).count(),
        }
    }

    /// How many pods come or go at the moment.
    pub fn unrest(&self) -> usize {
        self.coming + self.moving
    }

    /// "5 pods: 3 ready, 2 starting".
    pub fn summary(&self) -> Text {
        const ORDER: [Phase; 7] = [
            Phase::Ready,
            Phase::Running,
            Phase::Starting,
            Phase::Pending,
            Phase::Failing,
            Phase::Terminating,
            Phase::Succeeded,
        ];
        let total: u32 = self.totals.values().sum();
        if total == 0 {
            return say!("summary.none");
        }
        let phases = ORDER.iter().filter_map(|phase| {
            let n = *self.totals.get(phase.name())?;
            Some(match phase {
                Phase::Ready => say!("summary.ready", n = n),
                Phase::Running => say!("summary.running", n = n),
                Phase::Starting => say!("summary.starting", n = n),
                Phase::Pending => say!("summary.pending", n = n),
                Phase::Failing => say!("summary.failing", n = n),
                Phase::Terminating => say!("summary.terminating", n = n),
                Phase::Succeeded => say!("summary.succeeded", n = n),
            })
        });
        let pods = say!("count.pods", n = total);
        say!("summary", pods = pods, phases = Text::list(phases))
    }
}

/// How many pods ReplicaSets have still to make. One that is refused them has none to come.
fn coming(mirror: &Mirror) -> usize {
    let missing = |set: &Rc<ReplicaSet>| {
        let wanted = set.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
        let wanted = usize::try_from(wanted).unwrap_or_default();
        let missing = wanted.saturating_sub(mirror.pods.owned_count(set.uid()));
        if missing > 0 && is_refused(set) {
            0
        } else {
            missing
        }
    };
    mirror.replica_sets.iter().map(missing).sum()
}

fn is_moving(pod: &Pod) -> bool {
    let bound = pod.spec.as_ref().is_some_and(|s| s.node_name.is_some());
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_deref());
    let mut conditions = conditions.unwrap_or_default().iter();
    pod.metadata.deletion_timestamp.is_some()
        || !bound && !conditions.any(|c| c.reason.as_deref() == Some("Unschedulable"))
}

fn is_refused(set: &ReplicaSet) -> bool {
    let conditions = set.status.as_ref().and_then(|s| s.conditions.as_deref());
    let mut conditions = conditions.unwrap_or_default().iter();
    conditions.any(|c| c.type_ == "ReplicaFailure" && c.status == "True")
}

/// The nodes as tanks, the control plane first; those that are as before keep their identity.
fn tanks(
    mirror: &Mirror,
    before: &NodesView,
    sums: &mut dyn FnMut(&str) -> (i64, i64),
) -> Vec<Shared<Tank>> {
    let mut nodes: Vec<&Rc<Node>> = mirror.nodes.iter().collect();
    nodes.sort_by_key(|node| !is_control_plane(node));
    nodes
        .into_iter()
        .map(|node| {
            let tank = tank_of(node, sums(node.name()));
            let known = before.tanks.iter().find(|t| t.name == tank.name);
            match known {
                Some(known) => {
                    let mut shared = known.clone();
                    shared.keep(tank);
                    shared
                }
                None => Shared::new(tank),
            }
        })
        .collect()
}

/// What the pods of a node had requested in an earlier view.
fn sums_of(node: &str, before: &NodesView) -> (i64, i64) {
    if let Some(tank) = before.tanks.iter().find(|t| *t.name == *node) {
        return (tank.cpu.used, tank.memory.used);
    }
    let own = |tile: &&Shared<Tile>| tile.node.as_deref() == Some(node);
    let add = |sum: (i64, i64), tile: &Shared<Tile>| {
        let (cpu, memory) = tile.requests;
        (sum.0.saturating_add(cpu), sum.1.saturating_add(memory))
    };
    before.tiles.iter().filter(own).fold((0, 0), add)
}

fn is_control_plane(node: &Node) -> bool {
    node.metadata
        .labels
        .as_ref()
        .is_some_and(|l| l.contains_key("node-role.kubernetes.io/control-plane"))
        || node.name() == "control-plane"
}

/// A pod that has ended holds nothing.
pub(super) fn is_over(pod: &Pod) -> bool {
    matches!(
        pod.status.as_ref().and_then(|s| s.phase.as_deref()),
        Some("Succeeded" | "Failed")
    )
}

/// A condition of a node, by type.
pub fn condition<'n>(node: &'n Node, name: &str) -> Option<&'n NodeCondition> {
    node.status
        .as_ref()?
        .conditions
        .as_ref()?
        .iter()
        .find(|c| c.type_ == name)
}

fn tank_of(node: &Node, used: (i64, i64)) -> Tank {
    let status = node.status.as_ref();
    let spec = node.spec.as_ref();
    let health = match condition(node, "Ready").map(|c| c.status.as_str()) {
        Some("True") => Health::Ready,
        Some("Unknown") | None => Health::Unknown,
        Some(_) => Health::NotReady,
    };
    let mut remarks: Vec<Rc<str>> = Vec::new();
    if spec.and_then(|s| s.unschedulable) == Some(true) {
        remarks.push("SchedulingDisabled".into());
    }
    let conditions = status
        .and_then(|s| s.conditions.as_deref())
        .unwrap_or_default();
    for c in conditions
        .iter()
        .filter(|c| c.type_ != "Ready" && c.status == "True")
    {
        remarks.push(c.type_.as_str().into());
    }
    let taints = spec
        .and_then(|s| s.taints.as_deref())
        .unwrap_or_default()
        .iter()
        .map(|t| {
            let value = t.value.as_deref().unwrap_or_default();
            let equals = if value.is_empty() { "" } else { "=" };
            Rc::from(format!("{}{equals}{value}:{}", t.key, t.effect))
        })
        .collect();
    let allocatable = |name: &str, milli: bool| {
        let quantity = status
            .and_then(|s| s.allocatable.as_ref().or(s.capacity.as_ref()))
            .and_then(|map| map.get(name));
        quantity.map_or(0, |q| amount(&q.0, milli))
    };
    let role = if is_control_plane(node) {
        "control-plane"
    } else {
        "worker"
    };
    let address = status
        .and_then(|s| s.addresses.as_deref())
        .unwrap_or_default()
        .iter()
        .find(|a| a.type_ == "InternalIP")
        .map_or("", |a| a.address.as_str());
    Tank {
        name: node.name().into(),
        uid: node.uid().into(),
        role: role.into(),
        health,
        remarks,
        taints,
        cpu: Fill {
            used: used.0,
            of: allocatable("cpu", true),
        },
        memory: Fill {
            used: used.1,
            of: allocatable("memory", false),
        },
        address: address.into(),
    }
}

fn amount(text: &str, milli: bool) -> i64 {
    Quantity::parse(text).map_or(0, |q| if milli { q.milli_value() } else { q.value() })
}

/// What a pod asks for: the sum of its containers, or its greediest init container if that is more
/// (`k8s.io/component-helpers/resource.PodRequests`). Thousandths of a CPU, and bytes.
pub(super) fn requests(pod: &Pod) -> (i64, i64) {
    let Some(spec) = pod.spec.as_ref() else {
        return (0, 0);
    };
    let of = |container: &k8s_openapi::api::core::v1::Container| {
        let requests = container
            .resources
            .as_ref()
            .and_then(|r| r.requests.as_ref());
        let get = |name: &str, milli| {
            requests
                .and_then(|r| r.get(name))
                .map_or(0, |q| amount(&q.0, milli))
        };
        (get("cpu", true), get("memory", false))
    };
    let add = |a: (i64, i64), b: (i64, i64)| (a.0.saturating_add(b.0), a.1.saturating_add(b.1));
    let sum = spec.containers.iter().map(of).fold((0, 0), add);
    // A sidecar runs on beside what starts after it; an ordinary init container runs alone.
    let mut sidecars = (0, 0);
    let mut peak = (0, 0);
    for init in spec.init_containers.as_deref().unwrap_or_default() {
        let own = of(init);
        let with = add(own, sidecars);
        if init.restart_policy.as_deref() == Some("Always") {
            sidecars = with;
        }
        peak = (peak.0.max(with.0), peak.1.max(with.1));
    }
    let running = add(sum, sidecars);
    (running.0.max(peak.0), running.1.max(peak.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Kind;
    use serde_json::json;

    #[test]
    fn requests_count_the_greediest_init_container_and_sidecars() {
        let value = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p", "namespace": "d" },
            "spec": {
                "initContainers": [
                    { "name": "side", "restartPolicy": "Always",
                      "resources": { "requests": { "cpu": "100m" } } },
                    { "name": "init", "resources": { "requests": { "cpu": "1", "memory": "1Gi" } } },
                ],
                "containers": [{ "name": "c",
                    "resources": { "requests": { "cpu": "250m", "memory": "64Mi" } } }],
            },
        });
        let (object, _) = Kind::by_gvk("v1", "Pod").unwrap().decode(&value).unwrap();
        assert_eq!(
            requests(object.get::<Pod>().unwrap()),
            (1100, 1 << 30),
            "init beside the sidecar is the peak"
        );
    }

    #[test]
    fn a_fill_never_overflows_its_bar() {
        assert_eq!(Fill { used: 9, of: 3 }.milli(), 1000);
        assert_eq!(Fill { used: 1, of: 0 }.milli(), 0);
        assert_eq!(Fill { used: 1, of: 4 }.milli(), 250);
    }
}
