//! The images on a node, and the pulls that bring them, one at a time
//! (`serializeImagePulls`, which is on by default).

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::ContainerImage;

use super::latency;
use super::runtime::image::{Content, Reference};
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Rng, Time};

/// An image that is on the node.
#[derive(Clone, Debug)]
pub struct Present {
    pub reference: Rc<Reference>,
    pub content: Content,
}

/// A pull that is under way.
#[derive(Clone, Copy, Debug)]
pub struct Pull {
    pub asked: Time,
    pub began: Time,
    pub ends: Time,
}

#[derive(Clone, Default)]
pub struct ImageStore {
    /// By full name.
    present: BTreeMap<Rc<str>, Present>,
    /// Until when the puller is busy.
    busy: Time,
    /// Images that are being pulled, and until when.
    coming: BTreeMap<Rc<str>, Time>,
}

impl ImageStore {
    pub fn get(&self, full: &str) -> Option<&Present> {
        self.present.get(full)
    }

    /// Forgets the pulls that are under way: the machine has lost its power.
    pub fn stop(&mut self) {
        self.busy = Time(0);
        self.coming = BTreeMap::new();
    }

    /// Queues a pull. `size` is `None` when the registry will refuse it, after `patience`.
    pub fn pull(
        &mut self,
        full: &str,
        (size, patience): (Option<u64>, Duration),
        now: Time,
        rng: &mut Rng,
    ) -> Pull {
        let began = self.busy.max(now);
        // Layers that are here, or will be by then, are not pulled again.
        let known = self.present.contains_key(full) || self.coming.contains_key(full);
        let bytes = size.filter(|_| !known).unwrap_or_default();
        let ends = began + patience + latency::pull(rng, bytes);
        self.busy = ends;
        if size.is_some() {
            self.coming.insert(full.into(), ends);
        }
        Pull {
            asked: now,
            began,
            ends,
        }
    }

    /// A pull has come to its end; tells whether the image is new on the node.
    pub fn arrived(&mut self, full: &str, reference: &Reference, content: Content) -> bool {
        self.coming.remove(full);
        let present = Present {
            reference: Rc::new(reference.clone()),
            content,
        };
        self.present.insert(full.into(), present).is_none()
    }

    /// As the node's status lists them.
    pub fn list(&self) -> Vec<ContainerImage> {
        self.present
            .values()
            .map(|p| ContainerImage {
                names: Some(vec![p.reference.id(), p.reference.full()]),
                size_bytes: Some(p.content.size as i64),
            })
            .collect()
    }
}

/// As the kubelet writes how long a pull took: `1.2s`, cut off to milliseconds.
pub fn took(span: Duration) -> String {
    crate::api::rfc3339::go_duration((span.as_millis() as i64).saturating_mul(1_000_000))
}
