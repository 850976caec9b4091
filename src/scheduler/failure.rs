//! When a pod gets no node: what is written, said and done.
//!
//! Models `pkg/scheduler/schedule_one.go` handleSchedulingFailure.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;

use super::conditions::set_condition;
use super::cycle::Failure;
use super::explanation::Record;
use super::fit_error::NO_NODES;
use super::podinfo::PodInfo;
use super::preemption::{self, Candidate, Preemption};
use super::queue::Queued;
use super::{Event, STREAM, Scheduler};
use crate::apiserver::{DeleteOptions, WriteOptions};
use crate::client::{Ctx, Involved};

/// Messages of events are cut off here.
const MAX_MESSAGE: usize = 1024;

impl Scheduler {
    pub(super) fn fail(
        &mut self,
        mut queued: Queued,
        failure: Failure,
        record: &mut Record,
        ctx: &mut Ctx<'_, Event>,
    ) {
        let pod = queued.pod.clone();
        let Failure {
            mut error,
            refused_by,
            candidates,
            state,
        } = failure;
        let rng = ctx.kernel.rng(STREAM);
        let (cache, nominated) = (&self.cache, &self.nominated);
        let found = match error.pre_filter.is_empty() {
            true => preemption::post_filter(cache, nominated, &pod, &state, &candidates, rng),
            // DynamicResources is asked first, and does not find what it would have noted before
            // the nodes were looked at: these are its words.
            false => Preemption::None("not found".to_owned()),
        };
        let mut promised = String::new();
        match &found {
            Preemption::None(words) => {
                record.preemption = words.as_str().into();
                error.post_filter.clone_from(words);
            }
            Preemption::Victims(candidate) => {
                let names: Vec<String> = candidate
                    .victims
                    .iter()
                    .map(|v| v.key.to_string())
                    .collect();
                let words = format!("on {}: {}", candidate.node, names.join(", "));
                record.preemption = words.into();
                promised = candidate.node.to_string();
            }
        }
        let message = error.message();
        record.message = message.as_str().into();
        self.records
            .insert(pod.uid.clone(), Rc::new(record.clone()));
        self.note(&pod.key, &message, ctx);
        if let Preemption::Victims(candidate) = found {
            self.preempt(&pod, &candidate, ctx);
        }
        queued.refused_by = refused_by;
        self.queue.unschedulable(queued, ctx.now());
        self.report(&pod, "Unschedulable", &message, &promised, ctx);
    }

    /// There is nothing to choose from.
    pub(super) fn no_nodes(&mut self, queued: Queued, ctx: &mut Ctx<'_, Event>) {
        let pod = queued.pod.clone();
        self.note(&pod.key, NO_NODES, ctx);
        self.queue.unschedulable(queued, ctx.now());
        self.report(&pod, "Unschedulable", NO_NODES, "", ctx);
    }

    pub(super) fn skip_deleting(&mut self, queued: &Queued, ctx: &mut Ctx<'_, Event>) {
        let message = format!("skip schedule deleting pod: {}", queued.pod.key);
        self.warn(&queued.pod, &message, ctx);
    }

    pub(super) fn binding_failed(
        &mut self,
        queued: Queued,
        message: &str,
        ctx: &mut Ctx<'_, Event>,
    ) {
        let pod = queued.pod.clone();
        let stored = ctx.get::<Pod>(&pod.key);
        let same = |p: &Rc<Pod>| p.metadata.uid.as_deref() == Some(&*pod.uid);
        let waits = |p: &Rc<Pod>| p.spec.as_ref().is_none_or(|s| s.node_name.is_none());
        if !stored.as_ref().is_some_and(|p| same(p) && waits(p)) {
            return;
        }
        self.queue.failed(queued, ctx.now());
        self.report(&pod, "SchedulerError", message, "", ctx);
    }

    /// Tells people and the pod's status why there is no node.
    fn report(
        &mut self,
        pod: &Rc<PodInfo>,
        reason: &str,
        message: &str,
        promised: &str,
        ctx: &mut Ctx<'_, Event>,
    ) {
        self.warn(pod, message, ctx);
        let now = ctx.now();
        // A pod that is gone meanwhile needs no status; a conflict cannot be, nothing is between
        // reading and writing.
        let _ = ctx.patch::<Pod>(&pod.key, &WriteOptions::STATUS, |stored| {
            if stored.metadata.uid.as_deref() != Some(&*pod.uid) {
                return;
            }
            let (reason, message) = (Some(reason), Some(message));
            set_condition(stored, now, "PodScheduled", "False", reason, message);
            let status = stored.status.get_or_insert_default();
            status.nominated_node_name = (!promised.is_empty()).then(|| promised.to_owned());
        });
        if promised.is_empty() {
            self.nominated.remove(&pod.uid);
        } else {
            self.nominated.set(pod, promised);
        }
    }

    fn warn(&mut self, pod: &PodInfo, message: &str, ctx: &mut Ctx<'_, Event>) {
        let mut message = message.to_owned();
        if message.len() > MAX_MESSAGE {
            let cut = (0..=MAX_MESSAGE - 4)
                .rev()
                .find(|i| message.is_char_boundary(*i));
            message.truncate(cut.unwrap_or_default());
            message.push_str(" ...");
        }
        let about = Involved::of(&*pod.pod);
        let recorder = &mut self.recorder;
        recorder.series(
            ctx,
            &about,
            "Warning",
            "FailedScheduling",
            "Scheduling",
            &message,
        );
    }

    /// Sends the victims away. The pod itself waits until they are gone: its promise keeps the
    /// place from pods of lower priority.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    fn preempt(&mut self, pod: &Rc<PodInfo>, candidate: &Candidate, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        for victim in &candidate.victims {
            let words = "default-scheduler: preempting to accommodate a higher priority pod";
            let reason = "PreemptionByScheduler";
            let _ = ctx.patch::<Pod>(&victim.key, &WriteOptions::STATUS, |stored| {
                set_condition(
                    stored,
                    now,
                    "DisruptionTarget",
                    "True",
                    Some(reason),
                    Some(words),
                );
            });
            let options = DeleteOptions {
                uid: Some(victim.uid.to_string()),
                ..DeleteOptions::default()
            };
            // A victim that is gone already is what was wanted.
            let _ = ctx.delete::<Pod>(&victim.key, &options);
            let message = format!("Preempted by pod {} on node {}", pod.uid, candidate.node);
            let about = Involved::of(&*victim.pod);
            let recorder = &mut self.recorder;
            recorder.normal_with_action(ctx, &about, "Normal", "Preempted", "Preempting", &message);
        }
        for other in self.nominated.lower_on(&candidate.node, pod.priority) {
            self.nominated.remove(&other.uid);
            let _ = ctx.patch::<Pod>(&other.key, &WriteOptions::STATUS, |stored| {
                stored.status.get_or_insert_default().nominated_node_name = None;
            });
        }
    }
}
