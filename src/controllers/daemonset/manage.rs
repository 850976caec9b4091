//! Which nodes lack a pod, and which pods are too many (`daemon_controller.go` manage,
//! podsShouldBeOnNode).

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;

use super::placement::{Verdict, seniority};
use super::sync::Sync;
use super::{rolling, template};
use crate::api::{Resource, Result};
use crate::client::Involved;
use crate::controllers::pods;
use crate::sim::Time;

/// What is to be done about nodes.
#[derive(Default)]
pub struct Plan {
    /// The nodes that get a pod.
    pub create: Vec<Rc<str>>,
    pub delete: Vec<Rc<Pod>>,
}

impl Sync<'_, '_, '_> {
    pub fn manage(&mut self) -> Result<()> {
        let mut plan = Plan::default();
        let verdicts = std::mem::take(&mut self.verdicts);
        for (node, verdict) in &verdicts {
            self.manage_node(node, *verdict, &mut plan);
        }
        // Pods that wait for a node that is gone: nobody else will find them.
        for (node, pods) in &self.by_node {
            if !verdicts.contains_key(node) {
                let waiting = pods.iter().filter(|p| pods::node_name(p).is_empty());
                plan.delete.extend(waiting.cloned());
            }
        }
        self.verdicts = verdicts;
        self.carry_out(&plan)
    }

    fn manage_node(&mut self, node: &Rc<str>, verdict: Verdict, plan: &mut Plan) {
        let Some(pods) = self.by_node.get(node).cloned() else {
            if verdict.should_run() {
                plan.create.push(node.clone());
            }
            return;
        };
        let live = pods.into_iter().filter(|p| !pods::is_deleting(p));
        if !verdict.may_stay() {
            plan.delete.extend(live);
            return;
        }
        let mut running = Vec::new();
        for pod in live {
            match pods::phase(&pod) {
                "Failed" if self.waits_to_end(&pod, node) => {}
                "Failed" | "Succeeded" => {
                    self.tell_ended(&pod, node);
                    plan.delete.push(pod);
                }
                _ => running.push(pod),
            }
        }
        running.sort_by(seniority);
        if rolling::max_surge(&self.set, 1) == 0 {
            plan.delete.extend(running.into_iter().skip(1));
        } else if running.is_empty() && verdict.should_run() {
            // The last one is going; with a surge allowed its successor need not wait.
            plan.create.push(node.clone());
        } else {
            let now = self.scope.now();
            let min_ready = self.min_ready_seconds();
            let excess = excess_of_surge(&running, &self.hash, min_ready, now);
            plan.delete.extend(excess);
        }
    }

    /// Whether a failed pod is left for a while: one that fails at once must not be replaced
    /// without end.
    fn waits_to_end(&mut self, pod: &Rc<Pod>, node: &str) -> bool {
        let now = self.scope.now();
        let observed = self.set.status.as_ref().and_then(|s| s.observed_generation);
        let generation = observed.unwrap_or_default();
        let key = format!("{}/{generation}/{node}", self.set.uid());
        if let Some(delay) = self.controller.failed_pods.waits(&key, now) {
            let set = self.set.key();
            let reason = "the back-off of a failed pod is over";
            self.scope.triggers.add_after(set, delay, reason);
            return true;
        }
        self.controller.failed_pods.next(&key, now);
        let message = format!(
            "Found failed daemon pod {} on node {node}, will try to kill it",
            pod.key()
        );
        let about = Involved::of(&*self.set);
        let recorder = &mut self.controller.recorder;
        recorder.warning(self.scope.ctx, &about, "FailedDaemonPod", &message);
        false
    }

    fn tell_ended(&mut self, pod: &Rc<Pod>, node: &str) {
        if pods::phase(pod) != "Succeeded" {
            return;
        }
        let message = format!(
            "Found succeeded daemon pod {} on node {node}, will try to delete it",
            pod.key()
        );
        let about = Involved::of(&*self.set);
        let recorder = &mut self.controller.recorder;
        recorder.normal(self.scope.ctx, &about, "SucceededDaemonPod", &message);
    }
}

/// With a surge, a node may have an old pod beside a new one until the new one is available, as
/// long as the old one is ready. All others are too many.
fn excess_of_surge(running: &[Rc<Pod>], hash: &str, min_ready: i32, now: Time) -> Vec<Rc<Pod>> {
    if running.len() <= 1 {
        return Vec::new();
    }
    let (mut new, mut old) = (None, None);
    let mut excess = Vec::new();
    for pod in running {
        let labels = pod.metadata.labels.as_ref();
        let is_new = labels
            .and_then(|l| l.get(template::HASH_LABEL))
            .is_some_and(|h| h == hash);
        let first = if is_new { &mut new } else { &mut old };
        match first {
            None => *first = Some(pod),
            Some(_) => excess.push(pod.clone()),
        }
    }
    if let (Some(new), Some(old)) = (new, old)
        && (!pods::is_ready(old) || pods::is_available(new, min_ready, now))
    {
        excess.push(old.clone());
    }
    excess
}
