//! The volume controller: brings claims and volumes together, and reclaims volumes whose claim is
//! gone (`k8s.io/kubernetes/pkg/controller/volume/persistentvolume`).
//!
//! Claims have keys with a namespace, volumes have keys without. What is unbound is looked at again
//! every 15 seconds, as upstream does; after 25 times every five minutes, which is what the filter
//! of repeated events leaves of it.

mod bind;
mod claim;
pub mod ephemeral;
pub mod expand;
pub mod protection;
pub mod provisioner;
mod reclaim;
mod volume;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::api::storage::{claim_class, claim_key, is_default_class, volume_of_claim};
use crate::api::{Key, Resource};
use crate::client::EventRecorder;
use crate::sim::secs;

const RESYNC: Duration = secs(15);
const LATER_RESYNC: Duration = secs(300);
const FREQUENT_RESYNCS: u32 = 25;

#[derive(Clone)]
pub struct PersistentVolumeController {
    recorder: EventRecorder,
    /// Claims that are not bound, and how often they were looked at.
    unbound: BTreeMap<Key, u32>,
    /// The claims by the name of their volume.
    by_volume: BTreeMap<Key, BTreeSet<Key>>,
}

impl Default for PersistentVolumeController {
    fn default() -> Self {
        PersistentVolumeController {
            recorder: EventRecorder::new("persistentvolume-controller", ""),
            unbound: BTreeMap::new(),
            by_volume: BTreeMap::new(),
        }
    }
}

impl PersistentVolumeController {
    #[inline(never)] // it waits in the second file of the wasm until there is a claim
    fn claim_changed(
        &mut self,
        old: Option<&PersistentVolumeClaim>,
        new: Option<&PersistentVolumeClaim>,
        triggers: &mut Triggers,
    ) {
        let named = |c: &PersistentVolumeClaim| match volume_of_claim(c) {
            "" => None,
            volume => Some(Key::new("", volume)),
        };
        if let Some(old) = old {
            if let Some(volume) = named(old) {
                if let Some(claims) = self.by_volume.get_mut(&volume) {
                    claims.remove(&old.key());
                    if claims.is_empty() {
                        self.by_volume.remove(&volume);
                    }
                }
                triggers.add(volume);
            }
            if new.is_none() {
                self.unbound.remove(&old.key());
                triggers.add(old.key());
            }
        }
        if let Some(new) = new {
            if let Some(volume) = named(new) {
                self.by_volume
                    .entry(volume.clone())
                    .or_default()
                    .insert(new.key());
                triggers.add(volume);
            }
            triggers.add(new.key());
        }
    }

    #[inline(never)] // as above
    fn volume_changed(&mut self, key: Key, volume: &PersistentVolume, triggers: &mut Triggers) {
        let claim = volume.spec.as_ref().and_then(|s| s.claim_ref.as_ref());
        match claim {
            Some(claim) => triggers.add(claim_key(claim)),
            // What is free may be what somebody waits for.
            None => self.unbound.keys().for_each(|k| triggers.add(k.clone())),
        }
        if let Some(claims) = self.by_volume.get(&key) {
            claims.iter().for_each(|k| triggers.add(k.clone()));
        }
        triggers.add(key);
    }

    /// When to look at an unbound claim again.
    fn resync(&mut self, key: &Key) -> Next {
        let looked = self.unbound.entry(key.clone()).or_default();
        *looked = looked.saturating_add(1);
        let delay = match *looked > FREQUENT_RESYNCS {
            true => LATER_RESYNC,
            false => RESYNC,
        };
        Next::After(delay, "the claim is not bound")
    }
}

impl Controller for PersistentVolumeController {
    fn name(&self) -> &'static str {
        "persistent-volume-binder"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<PersistentVolumeClaim>() {
            self.claim_changed(old.map(|o| &**o), new.map(|n| &**n), triggers);
        } else if let Some((old, new)) = change.of::<PersistentVolume>() {
            if let Some(volume) = new.or(old) {
                self.volume_changed(volume.key(), volume, triggers);
            }
        } else if let Some((_, Some(class))) = change.of::<StorageClass>() {
            let default = is_default_class(&class.metadata);
            for key in self.unbound.keys() {
                let claim = caches.persistent_volume_claims.get(key);
                let of = claim.map(|c| claim_class(c)).unwrap_or_default();
                if of == class.name() || (of.is_empty() && default) {
                    triggers.add(key.clone());
                }
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        if key.namespace.is_empty() {
            self.sync_volume(key, scope)
        } else {
            self.sync_claim(key, scope)
        }
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

/// The pods of a namespace that use a claim.
fn users<'c>(caches: &'c Caches, claim: &'c Key) -> impl Iterator<Item = &'c Pod> {
    caches
        .pods
        .in_namespace(&claim.namespace)
        .map(|pod| &**pod)
        .filter(|pod| crate::api::storage::claims_of_pod(pod).any(|(_, name)| name == *claim.name))
}
