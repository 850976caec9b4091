//! What has happened, as the page remembers it: marks on the scrubber, curves of a rollout, writes.
//!
//! Everything is filed under the revision that it belongs to, so that living through the same
//! history a second time, after a rewind, records nothing twice.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Node, Pod};

use crate::api::Resource;
use crate::apiserver::{EventType, WatchEvent};
use crate::cluster::{Cluster, Recorded};
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{CauseId, Time};

use super::text::{Text, say};
use super::view::marks::{self, Mark, MarkKind};
use super::view::pod;

/// How many marks, samples and writes are kept before the oldest are forgotten.
const MARKS_KEPT: usize = 400;
const SAMPLES_KEPT: usize = 2_000;
const WRITES_KEPT: usize = 300;

/// A Deployment's numbers at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub at: Time,
    pub available: i32,
    pub total: i32,
    pub desired: i32,
}

/// One write to the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    pub at: Time,
    pub revision: u64,
    pub actor: Rc<str>,
    pub verb: &'static str,
    pub kind: &'static str,
    pub name: Rc<str>,
    pub cause: CauseId,
}

#[derive(Clone, Default)]
pub struct History {
    /// By revision, what the cluster did.
    marks: BTreeMap<u64, Mark>,
    /// By the uid of a Deployment, then by revision.
    samples: BTreeMap<Rc<str>, BTreeMap<u64, Sample>>,
    writes: BTreeMap<u64, Write>,
    /// Pods that have failed, with the reason that was marked last: a pod that backs off for the
    /// tenth time says nothing new.
    failing: BTreeMap<Rc<str>, Rc<str>>,
    lost: BTreeMap<Rc<str>, bool>,
}

impl History {
    /// Takes in what the page has just seen, in order.
    pub fn observe(&mut self, events: &[WatchEvent], cluster: &Cluster) {
        for event in events {
            let cause = cluster.kernel().causes.get(event.cause);
            let at = cause.map_or(cluster.now(), |cause| cause.at);
            self.write(event, cluster, at);
            if let Some(pod) = event.object.get::<Pod>() {
                self.pod(pod, event, at);
            } else if let Some(node) = event.object.get::<Node>() {
                self.node(node, event.revision, at);
            } else if let Some(deployment) = event.object.get::<Deployment>() {
                self.deployment(deployment, event, at);
            }
        }
        while self.marks.len() > MARKS_KEPT {
            self.marks.pop_first();
        }
        while self.writes.len() > WRITES_KEPT {
            self.writes.pop_first();
        }
    }

    /// Forgets what comes after `revision`: another future has begun.
    pub fn cut(&mut self, revision: u64) {
        let after = revision.saturating_add(1);
        self.marks.split_off(&after);
        self.writes.split_off(&after);
        for samples in self.samples.values_mut() {
            samples.split_off(&after);
        }
        self.failing.clear();
        self.lost.clear();
    }

    /// The marks of the scrubber: what people did, and what went wrong.
    pub fn marks(&self, inputs: &[Recorded]) -> Vec<Mark> {
        let mut all = marks::of_inputs(inputs);
        all.extend(self.marks.values().cloned());
        all.sort_by_key(|mark| mark.at);
        all
    }

    /// A Deployment's samples up to `now`, oldest first.
    pub fn samples(&self, uid: &str, now: Time) -> impl DoubleEndedIterator<Item = &Sample> {
        self.samples
            .get(uid)
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter(move |sample| sample.at <= now)
    }

    /// The writes up to `revision`, newest first.
    pub fn writes(&self, revision: u64) -> impl Iterator<Item = &Write> {
        self.writes.range(..=revision).rev().map(|(_, write)| write)
    }

    fn write(&mut self, event: &WatchEvent, cluster: &Cluster, at: Time) {
        let Some(cause) = cluster.kernel().causes.get(event.cause) else {
            return;
        };
        self.writes.insert(
            event.revision,
            Write {
                at,
                revision: event.revision,
                actor: cause.actor.clone(),
                verb: match event.event {
                    EventType::Added => "create",
                    EventType::Modified => "update",
                    EventType::Deleted => "delete",
                },
                kind: event.object.info().kind,
                name: event.object.name().into(),
                cause: event.cause,
            },
        );
    }

    fn pod(&mut self, pod: &Pod, event: &WatchEvent, at: Time) {
        let uid: Rc<str> = pod.uid().into();
        if event.event == EventType::Deleted {
            self.failing.remove(&uid);
            return;
        }
        if pod::phase(pod) != pod::Phase::Failing {
            return;
        }
        // ErrImagePull and ImagePullBackOff are one failure, told twice.
        let reason: Rc<str> = pod::failure(pod).into();
        let known = self.failing.get(&uid);
        if known.is_some_and(|known| pod::same_failure(known, &reason)) {
            return;
        }
        let text = say!("mark.failed", name = pod.name(), reason = &reason);
        self.failing.insert(uid, reason);
        self.mark(event.revision, at, MarkKind::Failed, text);
    }

    fn node(&mut self, node: &Node, revision: u64, at: Time) {
        let lost = super::view::nodes::condition(node, "Ready")
            .is_some_and(|condition| condition.status == "Unknown");
        let uid: Rc<str> = node.uid().into();
        let was = self.lost.insert(uid, lost).unwrap_or_default();
        if lost && !was {
            let text = say!("mark.node.lost", name = node.name());
            self.mark(revision, at, MarkKind::NodeLost, text);
        } else if was && !lost {
            let text = say!("mark.node.back", name = node.name());
            self.mark(revision, at, MarkKind::NodeBack, text);
        }
    }

    fn deployment(&mut self, deployment: &Deployment, event: &WatchEvent, at: Time) {
        let status = deployment.status.as_ref();
        let gone = event.event == EventType::Deleted;
        let number = |value: Option<i32>| if gone { 0 } else { value.unwrap_or_default() };
        let sample = Sample {
            at,
            available: number(status.and_then(|s| s.available_replicas)),
            total: number(status.and_then(|s| s.replicas)),
            desired: number(deployment.spec.as_ref().and_then(|s| s.replicas)),
        };
        let samples = self.samples.entry(deployment.uid().into()).or_default();
        samples.insert(event.revision, sample);
        while samples.len() > SAMPLES_KEPT {
            samples.pop_first();
        }
    }

    fn mark(&mut self, revision: u64, at: Time, kind: MarkKind, text: Text) {
        self.marks.insert(revision, Mark { at, kind, text });
    }
}
