//! Volumes, and the sandbox that holds the pod's network (`pkg/kubelet/volumemanager`,
//! `kuberuntime_sandbox.go`).

use super::{Cx, Host, PodEvent, PodWorker, Sandbox};
use crate::kubelet::latency;
use crate::sim::secs;

impl PodWorker {
    /// Begins to set the pod up: its volumes first.
    pub(super) fn set_up(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        self.sandbox = Sandbox::Coming;
        if std::mem::take(&mut self.revived) {
            let message = "Pod sandbox changed, it will be killed and re-created.";
            h.recorder
                .normal(ctx, &self.involved(), "SandboxChanged", message);
        }
        self.mount(h, ctx);
    }

    pub(super) fn mount(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if self.sandbox != Sandbox::Coming || self.ending.is_some() {
            return;
        }
        match self.claimed_disks(h, ctx) {
            Ok(disks) => {
                self.disks = disks;
                self.prepare_disks(ctx);
                self.claims_since = None;
            }
            Err((volumes, why)) => return self.wait_for_claims(&volumes, &why, h, ctx),
        }
        match self.volume_files(h, ctx) {
            Ok(volumes) => {
                let old = std::mem::replace(&mut self.volumes, volumes);
                self.keep_empty_dirs(&old);
                self.plan_refresh(h, ctx);
                let delay = latency::SANDBOX.draw(ctx.rng(h.stream));
                self.after(ctx, delay, PodEvent::SandboxReady);
            }
            Err((volume, reason)) => {
                let message =
                    format!("MountVolume.SetUp failed for volume \"{volume}\" : {reason}");
                h.recorder
                    .warning(ctx, &self.involved(), "FailedMount", &message);
                self.mount_delay = (self.mount_delay * 2)
                    .clamp(latency::MOUNT_RETRY_START, latency::MOUNT_RETRY_MOST);
                self.after(ctx, self.mount_delay, PodEvent::Mount);
            }
        }
    }

    /// The volumes are looked at again and again; now and then people are told.
    fn wait_for_claims(
        &mut self,
        volumes: &[String],
        why: &str,
        h: &mut Host<'_>,
        ctx: &mut Cx<'_>,
    ) {
        let now = ctx.now();
        let since = *self.claims_since.get_or_insert(now);
        if now >= since + latency::MOUNT_TIMEOUT {
            self.claims_since = Some(now);
            let list = volumes.join(" ");
            let message = format!(
                "Unable to attach or mount volumes: unmounted volumes=[{list}], unattached volumes=[], failed to process volumes=[{list}]: {why}"
            );
            h.recorder
                .warning(ctx, &self.involved(), "FailedMount", &message);
        }
        self.after(ctx, latency::MOUNT_POLL, PodEvent::Mount);
    }

    pub(super) fn sandbox_ready(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if self.sandbox != Sandbox::Coming || self.ending.is_some() {
            return;
        }
        if self.is_host_network() {
            self.ip = Some(h.node.address().into());
            h.addresses.join_host(&self.uid);
        } else {
            let Some(ip) = h.addresses.allocate(h.node, &self.uid) else {
                let message = format!(
                    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"{}\": plugin type=\"ptp\" failed (add): failed to allocate for range 0: no IP addresses available in range set: {}",
                    crate::kubelet::runtime::image::hex64(self.uid.as_bytes()),
                    h.node.pod_cidr()
                );
                h.recorder
                    .warning(ctx, &self.involved(), "FailedCreatePodSandBox", &message);
                return self.after(ctx, secs(10), PodEvent::SandboxReady);
            };
            self.ip = Some(ip);
        }
        self.sandbox = Sandbox::Ready;
        self.sync(h, ctx);
    }

    pub(super) fn stop_sandbox(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        match self.sandbox {
            Sandbox::Ready => {
                self.sandbox = Sandbox::Stopping;
                let delay = latency::SANDBOX_STOP.draw(ctx.rng(h.stream));
                self.after(ctx, delay, PodEvent::SandboxStopped);
            }
            Sandbox::None | Sandbox::Coming => {
                self.sandbox = Sandbox::Stopped;
                self.close();
            }
            Sandbox::Stopping | Sandbox::Stopped => {}
        }
    }

    pub(super) fn sandbox_stopped(&mut self, h: &mut Host<'_>) {
        if self.sandbox != Sandbox::Stopping {
            return;
        }
        self.sandbox = Sandbox::Stopped;
        if let Some(ip) = &self.ip {
            h.addresses.release(ip, &self.uid);
        }
        self.close();
    }
}
