//! What a node comes through: loss of power, a network that leads nowhere, containers that are
//! made to end.

use std::rc::Rc;

use super::runtime::process::Exit;
use super::{Event, Kubelet, NodeReport, lease, node};
use crate::client::{Component, Ctx};

impl Kubelet {
    fn uids(&self) -> Vec<Rc<str>> {
        self.pods.values().map(|w| w.uid.clone()).collect()
    }

    /// The machine is off from now on: nothing on it runs, and nobody is told.
    pub fn lose_power(&mut self, ctx: &mut Ctx<'_, Event>) {
        for worker in self.pods.values() {
            worker.lose_power(ctx);
        }
        self.images.stop();
        self.ready = self.node.is_fake();
    }

    /// The machine starts anew. Its disk is as it was; the pods that ran are found dead.
    pub fn boot(&mut self, ctx: &mut Ctx<'_, Event>) {
        self.boots += 1;
        self.status = NodeReport::default();
        self.addresses = Default::default();
        self.statics = Default::default();
        self.pressure = Default::default();
        self.past = self.pods.take();
        self.start(ctx);
    }

    /// The API server can be reached again: it is told what has come about.
    pub fn reconnected(&mut self, ctx: &mut Ctx<'_, Event>) {
        lease::renew(ctx, &self.node.name);
        self.write_status(ctx);
        self.mend_mirrors(ctx);
        for uid in self.uids() {
            self.with_worker(&uid, ctx, |w, h, ctx| w.report_anew(h, ctx));
        }
    }

    /// A container ends now, whatever it does; the first of the pod when `container` is empty.
    pub fn harm(&mut self, pod: &Rc<str>, container: &str, exit: Exit, ctx: &mut Ctx<'_, Event>) {
        self.with_worker(pod, ctx, |w, h, ctx| w.harm(container, exit, h, ctx));
    }

    pub(super) fn tell_reboot(&mut self, ctx: &mut Ctx<'_, Event>) {
        self.past_pods_go();
        if self.boots == 0 {
            return;
        }
        let message = format!(
            "Node {} has been rebooted, boot id: {}",
            self.node.name,
            node::boot_id(&self.node, self.boots)
        );
        self.node_warning(ctx, "Rebooted", &message);
    }

    /// What has not been seen again by now is gone from the API; static pods come later.
    fn past_pods_go(&mut self) {
        let past = std::mem::take(&mut self.past);
        self.past = past.into_iter().filter(|(_, w)| w.is_static).collect();
    }
}
