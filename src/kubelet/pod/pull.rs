//! Making sure that a container's image is on the node (`pkg/kubelet/images/image_manager.go`).

use std::rc::Rc;

use super::{Cx, Host, PodEvent, PodWorker};
use crate::api::play::Image;
use crate::kubelet::images::{Present, took};
use crate::kubelet::latency;
use crate::kubelet::registry;
use crate::kubelet::runtime::image::{Content, Reference};
use crate::sim::{Time, millis};

/// What a pull from here brings now.
///
/// # Errors
/// The runtime's error when it cannot be pulled.
fn fetch(reference: &Reference, h: &Host<'_>, ctx: &Cx<'_>) -> Result<Content, String> {
    match registry::outage(ctx.world, &h.node.name, reference) {
        Some(error) => Err(error),
        None => reference.pull(&ctx.list::<Image>(None)),
    }
}

/// What became of the wish for an image.
pub(super) enum Ensured {
    Here(Present),
    /// An event will tell.
    Coming,
    /// The container waits, with the reason that it shows.
    Waits,
}

impl PodWorker {
    pub(super) fn ensure_image(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) -> Ensured {
        let Some(spec) = self.container_spec(c) else {
            return Ensured::Waits;
        };
        let name = spec.image.clone().unwrap_or_default();
        let policy = spec.image_pull_policy.clone().unwrap_or_default();
        let reference = match Reference::parse(&name) {
            Ok(reference) => reference,
            Err(error) => {
                let message = format!(
                    "Failed to apply default image tag \"{name}\": couldn't parse image name \"{name}\": {error}"
                );
                self.warning(c, "InspectFailed", &message, h, ctx);
                return self.image_fails(c, "InvalidImageName", &message, h, ctx);
            }
        };
        let full = reference.full();
        let present = h.images.get(&full).cloned();
        if let (Some(present), "Never" | "IfNotPresent" | "") = (&present, policy.as_str()) {
            let message = format!(
                "Container image \"{name}\" already present on machine and can be accessed by the pod"
            );
            self.normal(c, "Pulled", &message, h, ctx);
            return Ensured::Here(present.clone());
        }
        if policy == "Never" {
            let message =
                format!("Container image \"{name}\" is not present with pull policy of Never");
            self.warning(c, "ErrImageNeverPull", &message, h, ctx);
            return self.image_fails(c, "ErrImageNeverPull", &message, h, ctx);
        }
        let now = ctx.now();
        let Some(container) = self.containers.get_mut(c) else {
            return Ensured::Waits;
        };
        if let Some(error) = &container.pull_error
            && let Some(until) = container.pulls.until(container.retry_since())
            && until > now
        {
            let message = format!("Back-off pulling image \"{name}\"");
            let detail = format!("{message}: ErrImagePull: {error}");
            container.retry_at = until;
            container.waiting = Some(("ImagePullBackOff", detail.into()));
            self.normal(c, "BackOff", &message, h, ctx);
            self.warning(c, "Failed", "Error: ImagePullBackOff", h, ctx);
            return Ensured::Waits;
        }
        let content = fetch(&reference, h, ctx);
        let size = content.as_ref().ok().map(|c| c.size);
        let patience = registry::patience(content.as_ref().err());
        let pull = h
            .images
            .pull(&full, (size, patience), now, ctx.rng(h.stream));
        container.attempt += 1;
        container.pull = Some(pull);
        let event = PodEvent::Pulled {
            c: c as u16,
            n: container.attempt,
        };
        self.normal(c, "Pulling", &format!("Pulling image \"{name}\""), h, ctx);
        self.busy = Some(c);
        self.at(ctx, pull.ends, event);
        Ensured::Coming
    }

    /// A pull has come to its end, well or not.
    pub(super) fn pulled(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        self.busy = None;
        let name = self.container_spec(c).and_then(|s| s.image.clone());
        let name = name.unwrap_or_default();
        let now = ctx.now();
        let Some(pull) = self.containers.get_mut(c).and_then(|x| x.pull.take()) else {
            return;
        };
        let Ok(reference) = Reference::parse(&name) else {
            return self.sync(h, ctx);
        };
        match fetch(&reference, h, ctx) {
            Ok(content) => {
                let message = format!(
                    "Successfully pulled image \"{name}\" in {} ({} including waiting). Image size: {} bytes.",
                    took(now.since(pull.began)),
                    took(now.since(pull.asked)),
                    content.size
                );
                let full = reference.full();
                h.new_image |= h.images.arrived(&full, &reference, content);
                self.normal(c, "Pulled", &message, h, ctx);
                if self.ending.is_some() {
                    return self.sync(h, ctx);
                }
                if let Some(container) = self.containers.get_mut(c) {
                    container.pull_error = None;
                }
                match h.images.get(&full).cloned() {
                    Some(present) => self.create(c, present, h, ctx),
                    None => self.sync(h, ctx),
                }
            }
            Err(error) => {
                let message = format!("Failed to pull image \"{name}\": {error}");
                self.warning(c, "Failed", &message, h, ctx);
                self.warning(c, "Failed", "Error: ErrImagePull", h, ctx);
                // The next sync comes with the next relist, and finds the back-off.
                let soon = latency::RELIST.draw(ctx.rng(h.stream)) + millis(500);
                if let Some(container) = self.containers.get_mut(c) {
                    container.pulls.next(now);
                    container.pull_error = Some(error.as_str().into());
                    container.waiting = Some(("ErrImagePull", error.into()));
                    container.retry_at = now + soon;
                }
                self.sync(h, ctx);
            }
        }
    }

    /// The image cannot be had, and a pull would not help.
    fn image_fails(
        &mut self,
        c: usize,
        reason: &'static str,
        message: &str,
        h: &mut Host<'_>,
        ctx: &mut Cx<'_>,
    ) -> Ensured {
        self.warning(c, "Failed", &format!("Error: {reason}"), h, ctx);
        self.wait_for_sync(c, reason, message.into(), h, ctx);
        Ensured::Waits
    }

    /// The container waits for the next regular sync.
    pub(super) fn wait_for_sync(
        &mut self,
        c: usize,
        reason: &'static str,
        message: Rc<str>,
        h: &mut Host<'_>,
        ctx: &mut Cx<'_>,
    ) {
        let at = ctx.now() + latency::SYNC_RETRY.draw(ctx.rng(h.stream));
        if let Some(container) = self.containers.get_mut(c) {
            container.retry_at = at;
            container.waiting = Some((reason, message));
        }
    }
}

impl super::Container {
    /// When the last pull failed.
    fn retry_since(&self) -> Time {
        self.pulls.updated()
    }
}
