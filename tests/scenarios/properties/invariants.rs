//! What holds after every event.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kubarium::api::quantity::Quantity;
use kubarium::api::time::from_api;
use kubarium::api::{Key, Resource, controller_of};
use kubarium::cluster::Cluster;
use kubarium::sim::{Time, secs};

use super::plan::Plan;

pub struct Invariants<'p> {
    plan: &'p Plan,
    /// The revision at the last look: without a write there is nothing to check.
    revision: u64,
    /// By generation of the Deployment: how many pods it allows.
    ceilings: BTreeMap<i64, i32>,
    /// By uid and generation of a ReplicaSet: how many pods it asks for.
    sizes: BTreeMap<String, BTreeMap<i64, i32>>,
    /// By uid of a ReplicaSet: how many pods it had.
    owned: BTreeMap<String, i32>,
    /// Enough pods were available, and nothing was done since that takes some away.
    is_available: bool,
}

/// What a percentage or number of `total` comes to.
fn scaled(value: Option<&IntOrString>, total: i32, up: bool) -> i32 {
    match value {
        Some(IntOrString::Int(n)) => *n,
        Some(IntOrString::String(s)) => {
            let percent: i32 = s.trim_end_matches('%').parse().unwrap_or_default();
            (total * percent + if up { 99 } else { 0 }) / 100
        }
        None => 0,
    }
}

/// The least and the most pods that a Deployment may have while it rolls.
fn bounds(d: &Deployment) -> (i32, i32) {
    let spec = d.spec.as_ref().expect("a spec");
    let desired = spec.replicas.unwrap_or(1);
    let rolling = spec
        .strategy
        .as_ref()
        .and_then(|s| s.rolling_update.as_ref());
    let Some(rolling) = rolling else {
        return (0, desired);
    };
    let surge = scaled(rolling.max_surge.as_ref(), desired, true);
    let mut missing = scaled(rolling.max_unavailable.as_ref(), desired, false);
    if surge == 0 && missing == 0 {
        missing = 1;
    }
    ((desired - missing).max(0), desired + surge)
}

fn deployment(cluster: &Cluster) -> Option<Rc<Deployment>> {
    cluster.server().get(&Key::new("default", "web"))
}

fn sets(cluster: &Cluster) -> Vec<Rc<ReplicaSet>> {
    cluster.server().list(Some("default"))
}

fn pods(cluster: &Cluster) -> Vec<Rc<Pod>> {
    cluster.server().list(Some("default"))
}

fn replicas(rs: &ReplicaSet) -> i32 {
    rs.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1)
}

fn is_active(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
    pod.metadata.deletion_timestamp.is_none() && !matches!(phase, Some("Failed" | "Succeeded"))
}

fn is_available(pod: &Pod, min_ready_seconds: u64, now: Time) -> bool {
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|c| c.type_ == "Ready" && c.status == "True");
    let since = ready
        .and_then(|c| c.last_transition_time.as_ref())
        .map(from_api);
    is_active(pod) && since.is_some_and(|since| since + secs(min_ready_seconds) <= now)
}

impl<'p> Invariants<'p> {
    pub fn new(cluster: &Cluster, plan: &'p Plan) -> Self {
        Invariants {
            plan,
            revision: cluster.server().revision(),
            ceilings: BTreeMap::new(),
            sizes: BTreeMap::new(),
            owned: BTreeMap::new(),
            is_available: false,
        }
    }

    pub fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// Something is done that may take pods away, or ask for more than there are.
    pub fn disturb(&mut self) {
        self.is_available = false;
    }

    pub fn check(&mut self, cluster: &Cluster) -> Result<(), String> {
        let revision = cluster.server().revision();
        if revision == self.revision {
            return Ok(());
        }
        if revision < self.revision {
            return Err(format!(
                "the revision fell from {} to {revision}",
                self.revision
            ));
        }
        self.revision = revision;
        let Some(d) = deployment(cluster) else {
            return Ok(());
        };
        let (sets, pods) = (sets(cluster), pods(cluster));
        self.check_ceiling(&d, &sets)
            .and_then(|()| self.check_sets(&sets, &pods))
            .and_then(|()| self.check_floor(&d, &sets, &pods, cluster.now()))
            .and_then(|()| check_nodes(cluster, &pods))
            .map_err(|why| format!("{why}\n{}", story(cluster)))
    }

    /// The ReplicaSets together ask for no more than the surge allows. A controller may still act
    /// on any generation that it has not reported to have seen.
    fn check_ceiling(&mut self, d: &Deployment, sets: &[Rc<ReplicaSet>]) -> Result<(), String> {
        let generation = d.metadata.generation.unwrap_or_default();
        let status = d.status.as_ref();
        let observed = status
            .and_then(|s| s.observed_generation)
            .unwrap_or_default();
        if observed > generation {
            return Err(format!(
                "generation {observed} was observed before {generation} was"
            ));
        }
        self.ceilings.insert(generation, bounds(d).1);
        self.ceilings.retain(|g, _| *g >= observed);
        let most = self.ceilings.values().max().copied().unwrap_or_default();
        let total: i32 = sets.iter().map(|rs| replicas(rs)).sum();
        if total > most {
            return Err(format!(
                "the ReplicaSets ask for {total} pods, {most} are allowed"
            ));
        }
        Ok(())
    }

    /// No ReplicaSet gets more pods than it asks for, or asked for a moment ago.
    fn check_sets(&mut self, sets: &[Rc<ReplicaSet>], pods: &[Rc<Pod>]) -> Result<(), String> {
        for rs in sets {
            let sizes = self.sizes.entry(rs.uid().to_owned()).or_default();
            let generation = rs.metadata.generation.unwrap_or_default();
            sizes.insert(generation, replicas(rs));
            let status = rs.status.as_ref();
            let observed = status
                .and_then(|s| s.observed_generation)
                .unwrap_or_default();
            sizes.retain(|g, _| *g >= observed);
            let most = sizes.values().max().copied().unwrap_or_default();
            let owned = pods
                .iter()
                .filter(|p| is_active(p))
                .filter(|p| controller_of(&p.metadata).is_some_and(|o| o.uid == rs.uid()))
                .count() as i32;
            let before = self.owned.insert(rs.uid().to_owned(), owned);
            if owned > most && owned > before.unwrap_or_default() {
                return Err(format!(
                    "{} has {owned} pods, asked for were {most}",
                    rs.name()
                ));
            }
        }
        Ok(())
    }

    /// Once enough pods were available, a rollout never leaves fewer.
    fn check_floor(
        &mut self,
        d: &Deployment,
        sets: &[Rc<ReplicaSet>],
        pods: &[Rc<Pod>],
        now: Time,
    ) -> Result<(), String> {
        let least = bounds(d).0;
        let count = pods
            .iter()
            .filter(|p| is_available(p, self.plan.min_ready_seconds, now))
            .count() as i32;
        if count >= least {
            // The controllers have to know it, too: they may still act on what was before.
            let status = d.status.clone().unwrap_or_default();
            let active = pods.iter().filter(|p| is_active(p)).count() as i32;
            let asked: i32 = sets.iter().map(|rs| replicas(rs)).sum();
            self.is_available |= status.observed_generation == d.metadata.generation
                && asked == active
                && status.available_replicas.unwrap_or_default() == count
                && status.replicas.unwrap_or_default() == active;
        } else if self.is_available && !self.plan.recreate {
            return Err(format!("{count} pods are available, {least} have to be"));
        }
        Ok(())
    }
}

/// The decisions that led here, for whoever looks into a failure.
fn story(cluster: &Cluster) -> String {
    let log = &cluster.kernel().causes;
    let ids = (1..=log.len() as u64 + 1_000_000).map(kubarium::sim::CauseId);
    let start = cluster.config().start;
    let lines: Vec<String> = ids
        .map_while(|id| log.get(id))
        .filter(|c| c.verb == "sync" || c.verb == "request" || c.verb == "retry")
        .map(|c| {
            let at = c.at.since(start).as_micros();
            format!(
                "{at:>10} µs {} {} {}: {}",
                c.actor, c.verb, c.subject, c.note
            )
        })
        .collect();
    let mut lines: Vec<String> = lines.into_iter().rev().take(40).collect();
    lines.reverse();
    for rs in sets(cluster) {
        let status = rs.status.clone().unwrap_or_default();
        let counts = (replicas(&rs), status.replicas, status.available_replicas);
        lines.push(format!("{} asks, has, available: {counts:?}", rs.name()));
    }
    lines.join("\n")
}

/// No node is given more than it has.
pub fn check_nodes(cluster: &Cluster, pods: &[Rc<Pod>]) -> Result<(), String> {
    let mut used: BTreeMap<&str, i64> = BTreeMap::new();
    for pod in pods.iter().filter(|p| {
        let phase = p.status.as_ref().and_then(|s| s.phase.as_deref());
        !matches!(phase, Some("Failed" | "Succeeded"))
    }) {
        let Some(spec) = &pod.spec else { continue };
        let Some(node) = &spec.node_name else {
            continue;
        };
        for container in &spec.containers {
            let requests = container
                .resources
                .as_ref()
                .and_then(|r| r.requests.as_ref());
            let cpu = requests.and_then(|r| r.get("cpu"));
            let cpu = cpu.and_then(|q| Quantity::parse(&q.0).ok());
            *used.entry(node).or_default() += cpu.map_or(0, |q| q.milli_value());
        }
    }
    for (name, used) in used {
        let node = cluster.server().get::<Node>(&Key::new("", name));
        let allocatable = node.and_then(|n| n.status.as_ref()?.allocatable.clone());
        let cpu = allocatable.and_then(|a| a.get("cpu").cloned());
        let has = cpu
            .and_then(|q| Quantity::parse(&q.0).ok())
            .map_or(0, |q| q.milli_value());
        if used > has {
            return Err(format!(
                "{name} has {has}m of CPU, and pods were given {used}m"
            ));
        }
    }
    Ok(())
}

/// What has not come to rest, if anything.
pub fn pending(cluster: &Cluster) -> Option<String> {
    let d = deployment(cluster)?;
    let desired = d.spec.as_ref()?.replicas.unwrap_or(1);
    let status = d.status.clone().unwrap_or_default();
    let count = |n: Option<i32>| n.unwrap_or_default();
    if status.observed_generation != d.metadata.generation {
        return Some("the Deployment controller has not seen the last change".to_owned());
    }
    for (what, n) in [
        ("replicas", status.replicas),
        ("updated", status.updated_replicas),
        ("ready", status.ready_replicas),
        ("available", status.available_replicas),
    ] {
        if count(n) != desired {
            return Some(format!("{} {what} of {desired}", count(n)));
        }
    }
    let active: i32 = sets(cluster).iter().map(|rs| replicas(rs)).sum();
    if active != desired {
        return Some(format!("the ReplicaSets ask for {active} of {desired}"));
    }
    let pods = pods(cluster);
    if pods.len() as i32 != desired {
        return Some(format!("{} pods of {desired}", pods.len()));
    }
    let orphan = pods.iter().find(|p| controller_of(&p.metadata).is_none());
    if let Some(pod) = orphan {
        return Some(format!("{} has no owner", pod.name()));
    }
    let progressing = status
        .conditions
        .iter()
        .flatten()
        .find(|c| c.type_ == "Progressing");
    match progressing.and_then(|c| c.reason.as_deref()) {
        Some("NewReplicaSetAvailable") => None,
        reason => Some(format!("Progressing says {reason:?}")),
    }
}

/// After the Deployment was deleted, nothing of it is left.
pub fn nothing_left(cluster: &Cluster) -> Result<(), String> {
    let (sets, pods) = (sets(cluster).len(), pods(cluster).len());
    if sets + pods > 0 {
        return Err(format!(
            "{sets} ReplicaSets and {pods} pods outlived their owner"
        ));
    }
    Ok(())
}
