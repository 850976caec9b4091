//! Which pods may have what they ask for anew (`pkg/kubelet/allocation/allocation_manager.go`).

use std::rc::Rc;

use k8s_openapi::api::core::v1::Node;

use super::pod::{PodWorker, admission};
use super::{Event, Kubelet};
use crate::api::Key;
use crate::client::Ctx;

impl Kubelet {
    /// Looks at the pods whose spec asks for other amounts than they are allocated.
    pub(super) fn resize_pods(&mut self, ctx: &mut Ctx<'_, Event>) {
        let waits = |w: &PodWorker| w.wants_resize();
        if !self.pods.is_resizing() {
            return;
        }
        let Some(node) = ctx.get::<Node>(&Key::new("", &self.node.name)) else {
            return;
        };
        let waiting: Vec<Rc<str>> = self
            .pods
            .values()
            .filter(|w| waits(w))
            .map(|w| w.uid.clone())
            .collect();
        for uid in waiting {
            let Some(worker) = self.pods.get(&uid) else {
                continue;
            };
            let others = self.pods.values();
            let others = others.filter(|w| w.uid != uid && w.is_active());
            let others: Vec<&PodWorker> = others.map(|w| &**w).collect();
            let refusal = admission::refuse_resize(worker, &others, &node);
            self.with_worker(&uid, ctx, |w, h, ctx| w.judge_resize(refusal, h, ctx));
        }
    }
}
