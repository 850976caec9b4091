//! Volumes: what is in them, and where containers see them.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{
    Container as ContainerSpec, DownwardAPIVolumeFile, KeyToPath, PersistentVolume,
    PersistentVolumeClaim, Volume,
};

use super::config::{Variables, resource_field};
use super::{Cx, Host, PodWorker};
use crate::api::Key;
use crate::api::storage::{claim_name, claims_of_pod, disk, phase_of_claim, volume_of_claim};
use crate::kubelet::runtime::files::{Files, absolute};
use crate::kubelet::runtime::machine::Mount;
use crate::sim::ordered::Map as BTreeMap;

/// The CA bundle that a controller publishes in every namespace; a pod does not wait for it here,
/// as nothing in the simulation checks certificates.
const ROOT_CA: &str = "kube-root-ca.crt";

/// How long a token lasts whose volume does not say.
const TOKEN_SECONDS: i64 = 3600;

/// Volumes whose files are on a disk that outlives the pod: the volume and the disk.
pub(super) type Disks = Vec<(Rc<str>, Rc<str>)>;

impl PodWorker {
    /// The files of all volumes.
    ///
    /// # Errors
    /// The volume that cannot be mounted, and why.
    pub(super) fn volume_files(
        &self,
        h: &Host<'_>,
        ctx: &mut Cx<'_>,
    ) -> Result<BTreeMap<Rc<str>, Files>, (String, String)> {
        let volumes = self.pod.spec.as_ref().and_then(|s| s.volumes.as_deref());
        let mut all = BTreeMap::new();
        for volume in volumes.unwrap_or_default() {
            if claim_name(&self.pod, volume).is_some() {
                continue;
            }
            let files = self
                .files_of(volume, h, ctx)
                .map_err(|reason| (volume.name.clone(), reason))?;
            all.insert(volume.name.as_str().into(), files);
        }
        Ok(all)
    }

    fn files_of(&self, volume: &Volume, h: &Host<'_>, ctx: &mut Cx<'_>) -> Result<Files, String> {
        let mut files = Files::default();
        if let Some(source) = &volume.config_map {
            let optional = source.optional.unwrap_or_default();
            let data = self.config_map(&source.name, optional, ctx)?;
            put(&mut files, data, source.items.as_deref());
        }
        if let Some(source) = &volume.secret {
            let name = source.secret_name.as_deref().unwrap_or_default();
            let data = self.secret(name, source.optional.unwrap_or_default(), ctx)?;
            put(&mut files, data, source.items.as_deref());
        }
        if let Some(source) = &volume.downward_api {
            self.put_downward(&mut files, source.items.as_deref(), h);
        }
        let sources = volume.projected.as_ref().and_then(|p| p.sources.as_deref());
        for source in sources.unwrap_or_default() {
            if let Some(r) = &source.config_map {
                let optional = r.optional.unwrap_or_default() || r.name == ROOT_CA;
                let data = self.config_map(&r.name, optional, ctx)?;
                put(&mut files, data, r.items.as_deref());
            }
            if let Some(r) = &source.secret {
                let data = self.secret(&r.name, r.optional.unwrap_or_default(), ctx)?;
                put(&mut files, data, r.items.as_deref());
            }
            if let Some(r) = &source.downward_api {
                self.put_downward(&mut files, r.items.as_deref(), h);
            }
            if let Some(r) = &source.service_account_token {
                // What the kubelet asks for with a TokenRequest that names the pod.
                let audience = r.audience.as_deref().unwrap_or_default();
                let seconds = r.expiration_seconds.unwrap_or(TOKEN_SECONDS);
                let token = ctx
                    .server
                    .sign_pod_token(ctx.kernel, &self.pod, audience, seconds);
                let token = token.map_err(|e| format!("failed to fetch token: {}", e.message))?;
                files.put(&absolute("/", &r.path), &token);
            }
        }
        Ok(files)
    }

    /// The disks behind the pod's claims, by volume.
    ///
    /// # Errors
    /// The volumes whose claims cannot be used yet, and why the first cannot.
    pub(super) fn claimed_disks(
        &self,
        h: &Host<'_>,
        ctx: &Cx<'_>,
    ) -> Result<Disks, (Vec<String>, String)> {
        let mut disks = Vec::new();
        let mut waiting = Vec::new();
        let mut why = String::new();
        for (volume, name) in claims_of_pod(&self.pod) {
            match self.disk_of(&name, h, ctx) {
                Ok(disk) => disks.push((volume.name.as_str().into(), disk.into())),
                Err(reason) => {
                    waiting.push(volume.name.clone());
                    if why.is_empty() {
                        why = format!(
                            "error processing PVC {}/{name}: {reason}",
                            self.key.namespace
                        );
                    }
                }
            }
        }
        match waiting.is_empty() {
            true => Ok(disks),
            false => Err((waiting, why)),
        }
    }

    fn disk_of(&self, claim: &str, h: &Host<'_>, ctx: &Cx<'_>) -> Result<String, String> {
        let key = Key::new(&self.key.namespace, claim);
        let Some(claim) = ctx.get::<PersistentVolumeClaim>(&key) else {
            return Err(format!(
                "failed to fetch PVC from API server: persistentvolumeclaims \"{claim}\" not found"
            ));
        };
        if claim.metadata.deletion_timestamp.is_some() {
            return Err("can't start pod because PVC is being deleted".to_owned());
        }
        let volume = volume_of_claim(&claim);
        if phase_of_claim(&claim) != "Bound" || volume.is_empty() {
            return Err("PVC is not bound".to_owned());
        }
        let volume = ctx.get::<PersistentVolume>(&Key::new("", volume));
        volume
            .and_then(|v| disk(&v, &h.node.name))
            .ok_or_else(|| "failed to fetch PV from API server".to_owned())
    }

    fn put_downward(
        &self,
        files: &mut Files,
        items: Option<&[DownwardAPIVolumeFile]>,
        h: &Host<'_>,
    ) {
        for item in items.unwrap_or_default() {
            let text = if let Some(field) = &item.field_ref {
                self.field(field, h).unwrap_or_default()
            } else if let Some(resource) = &item.resource_field_ref {
                let name = resource.container_name.as_deref().unwrap_or_default();
                let spec = self.pod.spec.as_ref();
                let container = spec.and_then(|s| s.containers.iter().find(|c| c.name == name));
                container
                    .map(|c| resource_field(resource, c))
                    .unwrap_or_default()
            } else {
                continue;
            };
            files.put(&absolute("/", &item.path), &text);
        }
    }

    /// Where a container sees the volumes.
    pub(super) fn mounts(&self, spec: &ContainerSpec) -> Vec<Mount> {
        let volumes = self.pod.spec.as_ref().and_then(|s| s.volumes.as_deref());
        let fixed = |name: &str| {
            let volume = volumes.unwrap_or_default().iter().find(|v| v.name == name);
            volume.is_some_and(|v| {
                v.config_map.is_some()
                    || v.secret.is_some()
                    || v.projected.is_some()
                    || v.downward_api.is_some()
                    || v.persistent_volume_claim
                        .as_ref()
                        .is_some_and(|c| c.read_only == Some(true))
            })
        };
        let mounts = spec.volume_mounts.iter().flatten();
        mounts
            .map(|m| {
                let sub_path = m.sub_path.as_deref().filter(|p| !p.is_empty());
                Mount {
                    path: absolute("/", &m.mount_path).into(),
                    volume: m.name.as_str().into(),
                    inside: sub_path
                        .map_or_else(String::new, |p| absolute("/", p))
                        .into(),
                    read_only: m.read_only.unwrap_or_default() || fixed(&m.name),
                }
            })
            .collect()
    }
}

/// Puts all of some data into a volume, or the keys that are named, under the paths given.
fn put(files: &mut Files, data: Option<Variables>, items: Option<&[KeyToPath]>) {
    let data = data.unwrap_or_default();
    match items {
        Some(items) => {
            for item in items {
                if let Some(text) = data.get(&*item.key) {
                    files.put(&absolute("/", &item.path), text);
                }
            }
        }
        None => {
            for (name, text) in &data {
                files.put(&format!("/{name}"), text);
            }
        }
    }
}
