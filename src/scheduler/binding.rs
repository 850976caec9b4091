//! From a decision to a bound pod: assume, reserve, permit, and write the binding a little
//! later, while the next pod is being placed.

use std::rc::Rc;

use super::framework::Refusal;
use super::plugins::PLUGINS;
use super::podinfo::PodInfo;
use super::queue::Queued;
use super::{BIND_MICROS, Event, Scheduler, delay, volumes};
use crate::api::Name;
use crate::client::{Ctx, Involved};
use crate::sim::{CauseId, Time};

/// A pod on its way to a node.
#[derive(Clone)]
pub(super) struct Binding {
    queued: Queued,
    node: Rc<str>,
    /// The decision.
    cause: CauseId,
    /// Until when it waits for its volumes.
    waits_until: Option<Time>,
}

impl Binding {
    /// The pod, if it waits for its volumes.
    pub(super) fn waiting_pod(&self) -> Option<&PodInfo> {
        self.waits_until.map(|_| &*self.queued.pod)
    }

    /// The volumes are there.
    pub(super) fn go_on(&mut self) {
        self.waits_until = None;
    }
}

impl Scheduler {
    /// The pod counts on the node from now on; its binding is written after a while.
    pub(super) fn assume(&mut self, queued: Queued, node: Rc<str>, ctx: &mut Ctx<'_, Event>) {
        let pod = queued.pod.clone();
        self.cache.add_pod(&pod, &node, true);
        self.nominated.remove(&pod.uid);
        let ready = PLUGINS.iter().try_for_each(|plugin| {
            plugin.reserve(&pod, &node)?;
            plugin.permit(&pod, &node)
        });
        if let Err(refusal) = ready {
            self.forget(queued, &refusal, ctx);
            return;
        }
        let waits = match self.bind_volumes(&pod, &node, ctx) {
            Ok(waits) => waits,
            Err(why) => {
                let words = format!("running Reserve plugin \"VolumeBinding\": {why}");
                return self.forget(queued, &Refusal::unschedulable(words), ctx);
            }
        };
        let waits_until = waits.then(|| ctx.now() + volumes::TIMEOUT);
        let binding = Binding {
            queued,
            node,
            cause: ctx.kernel.cause,
            waits_until,
        };
        self.bindings.insert(pod.uid.clone(), binding);
        if let Some(at) = waits_until {
            return ctx.at(at, Event::Bind(pod.uid.clone()));
        }
        let delay = delay(ctx, BIND_MICROS);
        ctx.after(delay, Event::Bind(pod.uid.clone()));
    }

    pub(super) fn bind(&mut self, uid: &Name, ctx: &mut Ctx<'_, Event>) {
        let waits = self.bindings.get(uid).and_then(|b| b.waits_until);
        if waits.is_some_and(|until| until > ctx.now()) {
            // The alarm of an earlier attempt.
            return;
        }
        let Some(Binding {
            queued,
            node,
            cause,
            waits_until,
        }) = self.bindings.remove(uid)
        else {
            return;
        };
        ctx.kernel.cause = cause;
        if waits_until.is_some() {
            let words = "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded";
            return self.forget(queued, &Refusal::unschedulable(words), ctx);
        }
        let pod = queued.pod.clone();
        let prepared = PLUGINS.iter().try_for_each(|p| p.pre_bind(&pod, &node));
        if let Err(refusal) = prepared {
            self.forget(queued, &refusal, ctx);
            return;
        }
        let bound = PLUGINS.iter().find_map(|p| p.bind(ctx, &pod, &node));
        match bound {
            Some(Ok(())) => {
                let message = format!("Successfully assigned {} to {node}", pod.key);
                let about = Involved::of(&*pod.pod);
                let recorder = &mut self.recorder;
                recorder.normal_with_action(
                    ctx,
                    &about,
                    "Normal",
                    "Scheduled",
                    "Binding",
                    &message,
                );
                PLUGINS.iter().for_each(|p| p.post_bind(&pod, &node));
            }
            Some(Err(status)) => {
                let words = format!(
                    "binding rejected: running Bind plugin \"DefaultBinder\": {}",
                    status.message
                );
                self.forget(queued, &Refusal::unschedulable(words), ctx);
            }
            None => {}
        }
    }

    /// Takes back an assumed pod, and tries it again later.
    fn forget(&mut self, queued: Queued, refusal: &Refusal, ctx: &mut Ctx<'_, Event>) {
        self.cache.remove_pod(&queued.pod.uid);
        let words = refusal.reasons.join(", ");
        self.binding_failed(queued, &words, ctx);
    }
}
