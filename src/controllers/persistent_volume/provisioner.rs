//! Two provisioners of volumes, which in a real cluster are pods of their own.
//!
//! `rancher.io/local-path` (`github.com/rancher/local-path-provisioner`) makes a folder on the node
//! that the scheduler chose: the default class `standard` is its own, as in a kind cluster.
//! `hostpath.csi.k8s.io` stands for a driver of network disks: its volumes are reached from every
//! node, bind at once if their class says so, and can grow. It has no class until somebody makes one.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{
    CSIPersistentVolumeSource, HostPathVolumeSource, NodeSelector, NodeSelectorRequirement,
    NodeSelectorTerm, PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec,
    VolumeNodeAffinity,
};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::caches::Caches;
use super::super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::bind::reference_to;
use crate::api::storage::{
    BIND_COMPLETED, PROVISIONED_BY, SELECTED_NODE, STORAGE_PROVISIONER, annotation, claim_class,
    disk, phase_of_volume, volume_of_claim,
};
use crate::api::{Key, Resource, Result};
use crate::apiserver::{DeleteOptions, WriteOptions};
use crate::client::{EventRecorder, Involved};
use crate::sim::{Time, millis};

pub const LOCAL_PATH: &str = "rancher.io/local-path";
pub const CSI_DRIVER: &str = "hostpath.csi.k8s.io";
const IDENTITY: &str = "8081a3d2-6a0c-4c2c-9f8e-3f0b7a5d1c66";
const HELD: &str = "external-provisioner.volume.kubernetes.io/finalizer";

/// A helper pod has to run on the node, or a disk has to be made, in milliseconds.
const TAKES: (u64, u64) = (1_500, 3_500);

/// One provisioner.
#[derive(Clone)]
pub struct Provisioner {
    name: &'static str,
    recorder: EventRecorder,
    /// What is under way, and when it is done.
    begun: BTreeMap<Key, Time>,
}

impl Provisioner {
    pub fn local_path() -> Self {
        let pod = format!("{LOCAL_PATH}_local-path-provisioner-7dc846544d-mxk5p_{IDENTITY}");
        Provisioner::new(LOCAL_PATH, &pod)
    }

    pub fn csi() -> Self {
        let pod = format!("{CSI_DRIVER}_csi-hostpathplugin-0_{IDENTITY}");
        Provisioner::new(CSI_DRIVER, &pod)
    }

    fn new(name: &'static str, component: &str) -> Self {
        Provisioner {
            name,
            recorder: EventRecorder::new(component, ""),
            begun: BTreeMap::new(),
        }
    }

    fn is_local(&self) -> bool {
        self.name == LOCAL_PATH
    }

    /// Whether the time that a piece of work takes is over; begins it if it is not begun.
    fn wait(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Option<Duration> {
        let now = scope.now();
        let due = match self.begun.get(key) {
            Some(due) => *due,
            None => {
                let rng = scope.ctx.rng("provisioner");
                let due = now + millis(rng.between(TAKES.0, TAKES.1));
                self.begun.insert(key.clone(), due);
                due
            }
        };
        (due > now).then(|| due.since(now))
    }

    fn provision(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(claim) = scope.ctx.get::<PersistentVolumeClaim>(key) else {
            self.begun.remove(key);
            return Ok(Next::Change);
        };
        let class = Key::new("", claim_class(&claim));
        let class = scope.ctx.get::<StorageClass>(&class);
        let class = class.filter(|c| c.provisioner == self.name);
        let (true, Some(class)) = (is_wanted(&claim, self.name), class) else {
            self.begun.remove(key);
            return Ok(Next::Change);
        };
        let about = Involved::of(&*claim);
        let later = class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer");
        let node = annotation(&claim.metadata, SELECTED_NODE).map(str::to_owned);
        if later && node.is_none() {
            return Ok(Next::Change);
        }
        if !self.begun.contains_key(key) {
            let message =
                format!("External provisioner is provisioning volume for claim \"{key}\"");
            self.recorder
                .normal(scope.ctx, &about, "Provisioning", &message);
        }
        if let Some(left) = self.wait(key, scope) {
            return Ok(Next::After(left, "the volume is being made"));
        }
        self.begun.remove(key);
        if let Some(why) = self.refuses(&claim, node.as_deref()) {
            let message = format!(
                "failed to provision volume with StorageClass \"{}\": {why}",
                class.name()
            );
            self.recorder
                .warning(scope.ctx, &about, "ProvisioningFailed", &message);
            return Ok(Next::After(millis(15_000), "provisioning failed"));
        }
        let volume = self.volume(&claim, &class, node.as_deref());
        let name = volume.name().to_owned();
        match scope.ctx.create(volume) {
            Err(status) if !status.is_already_exists() => return Err(status),
            _ => {}
        }
        let message = format!("Successfully provisioned volume {name}");
        self.recorder
            .normal(scope.ctx, &about, "ProvisioningSucceeded", &message);
        Ok(Next::Change)
    }

    fn refuses(&self, claim: &PersistentVolumeClaim, node: Option<&str>) -> Option<&'static str> {
        let spec = claim.spec.as_ref()?;
        if !self.is_local() {
            return None;
        }
        if spec.selector.is_some() {
            return Some("claim.Spec.Selector is not supported");
        }
        let single = |m: &String| matches!(m.as_str(), "ReadWriteOnce" | "ReadWriteOncePod");
        if !spec.access_modes.iter().flatten().all(single) {
            return Some(
                "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes",
            );
        }
        node.is_none()
            .then_some("configuration error, no node was specified")
    }

    fn volume(
        &self,
        claim: &PersistentVolumeClaim,
        class: &StorageClass,
        node: Option<&str>,
    ) -> PersistentVolume {
        let name = format!("pvc-{}", claim.uid());
        let none = Default::default();
        let wanted = claim.spec.as_ref().unwrap_or(&none);
        let mut annotations = BTreeMap::from([(PROVISIONED_BY.to_owned(), self.name.to_owned())]);
        let mut spec = PersistentVolumeSpec {
            access_modes: wanted.access_modes.clone(),
            capacity: wanted.resources.as_ref().and_then(|r| r.requests.clone()),
            claim_ref: Some(reference_to(claim)),
            mount_options: class.mount_options.clone(),
            persistent_volume_reclaim_policy: class.reclaim_policy.clone(),
            storage_class_name: class.metadata.name.clone(),
            volume_mode: wanted.volume_mode.clone(),
            ..PersistentVolumeSpec::default()
        };
        if let Some(capacity) = &mut spec.capacity {
            capacity.retain(|resource, _| resource == "storage");
        }
        let mut finalizers = None;
        if self.is_local() {
            let node = node.unwrap_or_default();
            annotations.insert(
                "local.path.provisioner/selected-node".to_owned(),
                node.to_owned(),
            );
            let folder = format!("{name}_{}_{}", claim.namespace(), claim.name());
            spec.host_path = Some(HostPathVolumeSource {
                path: format!("/var/local-path-provisioner/{folder}"),
                type_: Some("DirectoryOrCreate".to_owned()),
            });
            spec.node_affinity = Some(on_node(node));
        } else {
            annotations.insert(
                "volume.kubernetes.io/provisioner-deletion-secret-name".to_owned(),
                String::new(),
            );
            annotations.insert(
                "volume.kubernetes.io/provisioner-deletion-secret-namespace".to_owned(),
                String::new(),
            );
            let identity = format!("{IDENTITY}-{CSI_DRIVER}");
            spec.csi = Some(CSIPersistentVolumeSource {
                driver: CSI_DRIVER.to_owned(),
                volume_handle: claim.uid().to_owned(),
                volume_attributes: Some(BTreeMap::from([(
                    "storage.kubernetes.io/csiProvisionerIdentity".to_owned(),
                    identity,
                )])),
                ..CSIPersistentVolumeSource::default()
            });
            finalizers = Some(vec![HELD.to_owned()]);
        }
        PersistentVolume {
            metadata: ObjectMeta {
                name: Some(name),
                annotations: Some(annotations),
                finalizers,
                ..ObjectMeta::default()
            },
            spec: Some(spec),
            ..PersistentVolume::default()
        }
    }

    /// Deletes a volume that was released, with its data.
    fn delete(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let volume = scope.ctx.get::<PersistentVolume>(key);
        let volume = volume.filter(|v| is_released(v, self.name));
        let Some(volume) = volume else {
            self.begun.remove(key);
            return Ok(Next::Change);
        };
        if let Some(left) = self.wait(key, scope) {
            return Ok(Next::After(left, "the volume is being deleted"));
        }
        self.begun.remove(key);
        let node = annotation(&volume.metadata, "local.path.provisioner/selected-node");
        if let Some(id) = disk(&volume, node.unwrap_or_default()) {
            scope.ctx.kernel.disks.remove(id.as_str());
        }
        scope
            .ctx
            .patch::<PersistentVolume>(key, &WriteOptions::default(), |volume| {
                if let Some(finalizers) = &mut volume.metadata.finalizers {
                    finalizers.retain(|f| f != HELD);
                }
            })?;
        deleted(scope, key)?;
        Ok(Next::Change)
    }
}

fn deleted(scope: &mut Scope<'_, '_>, key: &Key) -> Result<()> {
    let options = DeleteOptions::default();
    match scope.ctx.delete::<PersistentVolume>(key, &options) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

fn on_node(node: &str) -> VolumeNodeAffinity {
    let rule = NodeSelectorRequirement {
        key: "kubernetes.io/hostname".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![node.to_owned()]),
    };
    VolumeNodeAffinity {
        required: Some(NodeSelector {
            node_selector_terms: vec![NodeSelectorTerm {
                match_expressions: Some(vec![rule]),
                match_fields: None,
            }],
        }),
    }
}

/// Whether a claim asks this provisioner for a volume.
fn is_wanted(claim: &PersistentVolumeClaim, provisioner: &str) -> bool {
    annotation(&claim.metadata, STORAGE_PROVISIONER) == Some(provisioner)
        && annotation(&claim.metadata, BIND_COMPLETED).is_none()
        && volume_of_claim(claim).is_empty()
        && claim.metadata.deletion_timestamp.is_none()
}

/// Whether a volume of this provisioner is to be deleted.
fn is_released(volume: &PersistentVolume, provisioner: &str) -> bool {
    let spec = volume.spec.as_ref();
    let policy = spec.and_then(|s| s.persistent_volume_reclaim_policy.as_deref());
    annotation(&volume.metadata, PROVISIONED_BY) == Some(provisioner)
        && policy == Some("Delete")
        && matches!(phase_of_volume(volume), "Released" | "Failed")
}

impl Controller for Provisioner {
    fn name(&self) -> &'static str {
        self.name
    }

    fn changed(&mut self, change: &Change, _caches: &Caches, triggers: &mut Triggers) {
        if let Some((_, Some(claim))) = change.of::<PersistentVolumeClaim>() {
            if is_wanted(claim, self.name) {
                triggers.add(claim.key());
            }
        } else if let Some((_, Some(volume))) = change.of::<PersistentVolume>()
            && is_released(volume, self.name)
        {
            triggers.add(volume.key());
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        if key.namespace.is_empty() {
            self.delete(key, scope)
        } else {
            self.provision(key, scope)
        }
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}
