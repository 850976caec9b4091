//! From a decision to a bound pod: assume, reserve, permit, and write the binding a little
//! later, while the next pod is being placed.

use std::rc::Rc;

use super::framework::Refusal;
use super::plugins::PLUGINS;
use super::queue::Queued;
use super::{BIND_MICROS, Event, Scheduler, delay};
use crate::api::Name;
use crate::client::{Ctx, Involved};
use crate::sim::CauseId;

/// A pod on its way to a node.
#[derive(Clone)]
pub(super) struct Binding {
    queued: Queued,
    node: Rc<str>,
    /// The decision.
    cause: CauseId,
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
        let binding = Binding {
            queued,
            node,
            cause: ctx.kernel.cause,
        };
        self.bindings.insert(pod.uid.clone(), binding);
        let delay = delay(ctx, BIND_MICROS);
        ctx.after(delay, Event::Bind(pod.uid.clone()));
    }

    pub(super) fn bind(&mut self, uid: &Name, ctx: &mut Ctx<'_, Event>) {
        let Some(Binding {
            queued,
            node,
            cause,
        }) = self.bindings.remove(uid)
        else {
            return;
        };
        ctx.kernel.cause = cause;
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
