//! RollingUpdate: which old pods make way in this step, and where new ones go beside them
//! (`k8s.io/kubernetes/pkg/controller/daemon/update.go` rollingUpdate).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{DaemonSet, RollingUpdateDaemonSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::manage::Plan;
use super::placement::Verdict;
use super::sync::Sync;
use super::template;
use crate::api::Result;
use crate::controllers::deployment::scaled;
use crate::controllers::pods;
use crate::sim::ordered::Map as BTreeMap;

/// What a step is decided on.
struct View<'v> {
    /// The pods of each node that has some or should have one.
    nodes: BTreeMap<&'v Rc<str>, &'v [Rc<Pod>]>,
    verdicts: &'v BTreeMap<Rc<str>, Verdict>,
    is_updated: &'v dyn Fn(&Pod) -> bool,
    is_available: &'v dyn Fn(&Pod) -> bool,
}

impl Sync<'_, '_, '_> {
    pub fn rolling_update(&mut self) -> Result<()> {
        let (set, hash) = (self.set.clone(), self.hash.clone());
        let (now, min_ready) = (self.scope.now(), self.min_ready_seconds());
        let wanting = self.verdicts.iter().filter(|(_, v)| v.should_run());
        let wanting: Vec<&Rc<str>> = wanting.map(|(node, _)| node).collect();
        let desired = wanting.len();
        let none: &[Rc<Pod>] = &[];
        let mut nodes: BTreeMap<_, _> = wanting.into_iter().map(|node| (node, none)).collect();
        nodes.extend(self.by_node.iter().map(|(node, pods)| (node, &pods[..])));
        let view = View {
            nodes,
            verdicts: &self.verdicts,
            is_updated: &|pod| template::is_updated(pod, &set, &hash),
            is_available: &|pod| pods::is_available(pod, min_ready, now),
        };
        let total = i32::try_from(desired).unwrap_or(i32::MAX);
        let surge = max_surge(&set, total);
        let plan = if surge == 0 {
            // Neither a surge nor a gap would be a rollout that cannot move.
            let unavailable = max_unavailable(&set, total).max(i32::from(total > 0));
            view.replace(unavailable as usize)
        } else {
            view.surge(surge as usize, desired)
        };
        self.carry_out(&plan)
    }
}

/// How many nodes may have a new pod beside the old one, of `total` that have pods.
pub fn max_surge(set: &DaemonSet, total: i32) -> i32 {
    bound(set, total, |r| r.max_surge.as_ref())
}

/// How many nodes may lack an available pod, of `total` that should have one.
fn max_unavailable(set: &DaemonSet, total: i32) -> i32 {
    bound(set, total, |r| r.max_unavailable.as_ref())
}

/// Both bounds are rounded up.
fn bound(
    set: &DaemonSet,
    total: i32,
    part: fn(&RollingUpdateDaemonSet) -> Option<&IntOrString>,
) -> i32 {
    let strategy = set.spec.as_ref().and_then(|s| s.update_strategy.as_ref());
    let rolling = strategy
        .filter(|s| s.type_.as_deref() == Some("RollingUpdate"))
        .and_then(|s| s.rolling_update.as_ref());
    scaled(rolling.and_then(part), total, true)
}

/// The new and the old pod of a node.
struct Pair<'p> {
    new: Option<&'p Rc<Pod>>,
    old: Option<&'p Rc<Pod>>,
}

impl<'v> View<'v> {
    /// Tells the pods of a node apart; `None` when there are several of a sort, which managing
    /// the node has to put right first.
    fn pair(&self, pods: &'v [Rc<Pod>]) -> Option<Pair<'v>> {
        let mut pair = Pair {
            new: None,
            old: None,
        };
        for pod in pods.iter().filter(|p| !pods::is_deleting(p)) {
            let side = if (self.is_updated)(pod) {
                &mut pair.new
            } else {
                &mut pair.old
            };
            if side.replace(pod).is_some() {
                return None;
            }
        }
        Some(pair)
    }

    /// Deletes old pods, so that no more nodes than `max_unavailable` lack an available one. Old
    /// pods that are not available anyway go at once. Managing the nodes makes the new pods.
    fn replace(&self, max_unavailable: usize) -> Plan {
        let mut unavailable = 0usize;
        let mut delete = Vec::new();
        let mut candidates = Vec::new();
        for pods in self.nodes.values() {
            match self.pair(pods) {
                None
                | Some(Pair {
                    new: None,
                    old: None,
                })
                | Some(Pair {
                    new: Some(_),
                    old: Some(_),
                }) => unavailable += 1,
                Some(Pair {
                    new: Some(new),
                    old: None,
                }) => {
                    unavailable += usize::from(!(self.is_available)(new));
                }
                Some(Pair {
                    new: None,
                    old: Some(old),
                }) => {
                    if (self.is_available)(old) {
                        candidates.push(old.clone());
                    } else {
                        delete.push(old.clone());
                    }
                }
            }
        }
        let room = max_unavailable.saturating_sub(unavailable);
        delete.extend(candidates.into_iter().take(room));
        Plan {
            create: Vec::new(),
            delete,
        }
    }

    /// Creates new pods beside available old ones on at most `max_surge` nodes, and at once
    /// beside old ones that are not available; deletes an old pod when its successor is
    /// available.
    fn surge(&self, max_surge: usize, desired: usize) -> Plan {
        let (mut surging, mut available) = (0usize, 0usize);
        let mut plan = Plan::default();
        let mut candidates = Vec::new();
        let mut leaving = Vec::new();
        for (node, pods) in &self.nodes {
            let Some(pair) = self.pair(pods) else {
                surging += 1;
                continue;
            };
            let counted = pair.old.or(pair.new);
            available += usize::from(counted.is_some_and(|p| (self.is_available)(p)));
            let Some(old) = pair.old else {
                continue;
            };
            if let Some(new) = pair.new {
                if (self.is_available)(new) {
                    plan.delete.push(old.clone());
                } else {
                    surging += 1;
                }
                continue;
            }
            let Some(verdict) = self.verdicts.get(*node) else {
                // The node is gone, and its pods will be.
                continue;
            };
            match ((self.is_available)(old), verdict.should_run()) {
                (false, false) => plan.delete.push(old.clone()),
                (false, true) => plan.create.push((*node).clone()),
                (true, false) => leaving.push(old.clone()),
                (true, true) => candidates.push((*node).clone()),
            }
        }
        // A pod that has to leave its node waits until the others carry the load.
        let spare = available.saturating_sub(desired);
        plan.delete.extend(leaving.into_iter().take(spare));
        let room = max_surge.saturating_sub(surging);
        plan.create.extend(candidates.into_iter().take(room));
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Resource;
    use k8s_openapi::api::core::v1::{PodCondition, PodStatus};

    /// Pods by letters: `O`/`N` an available old or new pod, `o`/`n` one that is not available,
    /// `x` one that is being deleted.
    fn pod(node: &str, i: usize, letter: char) -> Rc<Pod> {
        let mut pod = Pod::default();
        pod.metadata.name = Some(format!("{node}{i}"));
        let revision = if letter.eq_ignore_ascii_case(&'n') {
            "new"
        } else {
            "old"
        };
        pod.metadata.labels = Some([("rev".to_owned(), revision.to_owned())].into());
        if letter == 'x' {
            pod.metadata.deletion_timestamp =
                Some(crate::api::time::api_time(crate::sim::Time::EPOCH));
        }
        let ready = if letter.is_uppercase() {
            "True"
        } else {
            "False"
        };
        let status = PodStatus {
            conditions: Some(vec![
                PodCondition {
                    type_: "Ready".into(),
                    status: ready.into(),
                    ..PodCondition::default()
                }
                .into(),
            ]),
            ..PodStatus::default()
        };
        pod.status = Some(status.into());
        Rc::new(pod)
    }

    /// `cluster` is a word per node: its pods, or `-` for none; `!` before the pods of a node
    /// where none should run. Nodes are called a, b, c, ...
    fn step(cluster: &str, decide: impl Fn(&View<'_>) -> Plan) -> (String, String) {
        let mut by_node: BTreeMap<Rc<str>, Vec<Rc<Pod>>> = BTreeMap::new();
        let mut verdicts = BTreeMap::new();
        for (i, word) in cluster.split_whitespace().enumerate() {
            let node: Rc<str> = char::from(b'a' + i as u8).to_string().into();
            let letters = word.trim_start_matches('!');
            let verdict = if letters == word {
                Verdict::Run
            } else {
                Verdict::Keep
            };
            verdicts.insert(node.clone(), verdict);
            let pods = letters.chars().filter(|c| *c != '-').enumerate();
            by_node.insert(node.clone(), pods.map(|(i, c)| pod(&node, i, c)).collect());
        }
        let view = View {
            nodes: by_node.iter().map(|(n, p)| (n, &p[..])).collect(),
            verdicts: &verdicts,
            is_updated: &|p| {
                p.metadata
                    .labels
                    .as_ref()
                    .and_then(|l| l.get("rev"))
                    .is_some_and(|r| r == "new")
            },
            is_available: &pods::is_ready,
        };
        let plan = decide(&view);
        let deleted: Vec<&str> = plan.delete.iter().map(|p| p.name()).collect();
        (plan.create.join(" "), deleted.join(" "))
    }

    #[test]
    fn old_pods_make_way_within_the_bound() {
        // (nodes, maxUnavailable, pods that are deleted)
        for (nodes, bound, deleted) in [
            ("O O O", 1, "a0"),
            ("O O O", 2, "a0 b0"),
            ("O O O", 9, "a0 b0 c0"),
            // A new pod that is not available, a node without pods, one whose pod is going: each
            // counts against the bound.
            ("n O O", 1, ""),
            ("n O O", 2, "b0"),
            ("- O O", 1, ""),
            ("x O O", 1, ""),
            ("N O O", 1, "b0"),
            // Old pods that do not work go at once, whatever the bound.
            ("o o O", 1, "a0 b0 c0"),
            ("o o O n", 1, "a0 b0"),
            ("N N N", 1, ""),
            // Too many of a sort: for managing the node to put right.
            ("OO O", 1, ""),
            ("NO O", 1, ""),
        ] {
            let plan = step(nodes, |view| view.replace(bound));
            assert_eq!(plan, (String::new(), deleted.to_owned()), "{nodes} {bound}");
        }
    }

    #[test]
    fn new_pods_go_beside_old_ones_within_the_bound() {
        // (nodes, maxSurge, nodes that get a pod, pods that are deleted)
        for (nodes, bound, created, deleted) in [
            ("O O O", 1, "a", ""),
            ("O O O", 2, "a b", ""),
            ("On O O", 1, "", ""),
            ("On O O", 2, "b", ""),
            ("ON O O", 1, "b", "a0"),
            ("N O O", 1, "b", ""),
            // Where the old pod does not work, its successor need not wait.
            ("o o O", 1, "a b c", ""),
            ("o On O", 1, "a", ""),
            ("N N N", 1, "", ""),
            // A node that should have none: its pod leaves once the others are available.
            ("O !O", 1, "a", "b0"),
            ("o !O", 1, "a", ""),
            ("o !o", 1, "a", "b0"),
            ("OO O", 1, "", ""),
        ] {
            let desired = nodes
                .split_whitespace()
                .filter(|w| !w.starts_with('!'))
                .count();
            let plan = step(nodes, |view| view.surge(bound, desired));
            let expected = (created.to_owned(), deleted.to_owned());
            assert_eq!(plan, expected, "{nodes} {bound}");
        }
    }
}
