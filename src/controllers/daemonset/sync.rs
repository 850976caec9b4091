//! What a sync does, in which order (`daemon_controller.go` syncDaemonSet, updateDaemonSet).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::placement::{Placement, Verdict, target_node};
use super::{DaemonSetController, status, template};
use crate::api::selector::Selector;
use crate::api::{Key, Resource, Result};
use crate::client::Involved;
use crate::controllers::claim::claim;
use crate::controllers::controller::{Next, Outcome, Scope};
use crate::controllers::pods;
use crate::sim::ordered::Map as BTreeMap;

/// The pods of a set by the node that each is for.
pub type ByNode = BTreeMap<Rc<str>, Vec<Rc<Pod>>>;

/// One sync of one set.
pub struct Sync<'s, 'a, 'c> {
    pub controller: &'s mut DaemonSetController,
    pub scope: &'s mut Scope<'a, 'c>,
    pub set: Rc<DaemonSet>,
    pub selector: Selector,
    /// All pods of the set, ended ones too.
    pub pods: Vec<Rc<Pod>>,
    /// Without those that have ended and are being deleted: nothing is left to do about them.
    pub by_node: ByNode,
    /// What each node is to the set.
    pub verdicts: BTreeMap<Rc<str>, Verdict>,
    /// The label of the present revision.
    pub hash: String,
}

pub fn sync(controller: &mut DaemonSetController, scope: &mut Scope<'_, '_>, key: &Key) -> Outcome {
    let caches = scope.caches;
    let Some(set) = caches.daemon_sets.get(key).cloned() else {
        controller.expectations.forget(key);
        return Ok(Next::Change);
    };
    let Some(spec) = &set.spec else {
        return Ok(Next::Change);
    };
    if spec.selector == LabelSelector::default() {
        controller.recorder.warning(
            scope.ctx,
            &Involved::of(&*set),
            "SelectingAll",
            "This daemon set is selecting all pods. A non-empty selector is required.",
        );
        return Ok(Next::Change);
    }
    let Ok(selector) = Selector::from_api(Some(&spec.selector)) else {
        // Validation refuses such selectors; nothing will change until the object does.
        return Ok(Next::Change);
    };
    if set.metadata.deletion_timestamp.is_some() {
        // Revisions and pods are collected in any order: there is no status to tell from them.
        return Ok(Next::Change);
    }
    let candidates: Vec<Rc<Pod>> = caches
        .pods
        .owned_by(set.uid())
        .chain(caches.orphans(set.namespace()))
        .cloned()
        .collect();
    scope.look(candidates.len() + caches.nodes.len());
    let pods = claim(scope, &*set, &selector, candidates)?;
    let placement = Placement::of(&set);
    let nodes = caches.nodes.iter();
    let verdicts = nodes.map(|n| (n.name().into(), placement.verdict(n)));
    let verdicts = verdicts.collect();
    Sync {
        controller,
        scope,
        selector,
        by_node: group(&pods),
        pods,
        verdicts,
        hash: String::new(),
        set: set.clone(),
    }
    .run(key)
}

impl Sync<'_, '_, '_> {
    fn run(mut self, key: &Key) -> Outcome {
        let (current, old) = self.construct_history()?;
        self.hash = label(&current).to_owned();
        if !self.is_satisfied(key) {
            // What was asked for is under way: the counts are kept, the generation is not seen.
            return self.keep_status(false);
        }
        let updated = self.update(key, &old);
        let next = self.keep_status(true);
        updated?;
        next
    }

    fn is_satisfied(&self, key: &Key) -> bool {
        let now = self.scope.now();
        self.controller.expectations.satisfied(key, now)
    }

    fn update(&mut self, key: &Key, old: &[Rc<ControllerRevision>]) -> Result<()> {
        self.manage()?;
        if self.is_satisfied(key) && self.is_rolling_update() {
            self.rolling_update()?;
        }
        self.clean_up_history(old)
    }

    fn is_rolling_update(&self) -> bool {
        let strategy = self
            .set
            .spec
            .as_ref()
            .and_then(|s| s.update_strategy.as_ref());
        strategy.and_then(|s| s.type_.as_deref()) == Some("RollingUpdate")
    }

    /// Writes the counts, and asks for another sync when pods become available by waiting.
    fn keep_status(&mut self, generation_seen: bool) -> Outcome {
        let now = self.scope.now();
        let counts = status::count(self, now);
        status::write(self, &counts, generation_seen)?;
        // Every pod counts, not only the senior of its node: a surge waits for the other.
        let min_ready = self.min_ready_seconds();
        let waits = pods::next_availability(self.pods.iter().map(|p| &**p), min_ready, now);
        Ok(match waits {
            Some(wait) => Next::After(wait, "minReadySeconds have passed"),
            None => Next::Change,
        })
    }

    pub fn min_ready_seconds(&self) -> i32 {
        let spec = self.set.spec.as_ref();
        spec.and_then(|s| s.min_ready_seconds).unwrap_or_default()
    }

    pub fn decide(&mut self, note: &str) {
        self.scope.decide("DaemonSet", &self.set.key(), note);
    }
}

/// The label by which a revision's pods are known.
pub fn label(revision: &ControllerRevision) -> &str {
    let labels = revision.metadata.labels.as_ref();
    labels
        .and_then(|l| l.get(template::HASH_LABEL))
        .map(String::as_str)
        .unwrap_or_default()
}

fn group(pods: &[Rc<Pod>]) -> ByNode {
    let mut by_node = ByNode::new();
    for pod in pods {
        if pods::is_terminal(pod) && pods::is_deleting(pod) {
            continue;
        }
        if let Some(node) = target_node(pod) {
            by_node.entry(node.into()).or_default().push(pod.clone());
        }
    }
    by_node
}
