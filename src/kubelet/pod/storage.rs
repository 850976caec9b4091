//! Pods that use more of their node's disk than they may leave it
//! (`pkg/kubelet/eviction/eviction_manager.go` localStorageEviction).
//!
//! Divergence: logs are not counted, and neither are the layers of images: a container uses what was
//! written in it.

use super::PodWorker;
use crate::api::quantity::QuantityExt;
use crate::kubelet::runtime::files::Files;
use k8s_openapi::api::core::v1::{Container, EmptyDirVolumeSource, Pod, Volume};

const RESOURCE: &str = "ephemeral-storage";

/// The limit of a container, in bytes, and as it is written.
fn limit(container: &Container) -> Option<(i64, String)> {
    let limits = container.resources.as_ref()?.limits.as_ref()?;
    let limit = limits.get(RESOURCE)?;
    Some((limit.amount().value(), limit.0.clone())).filter(|(bytes, _)| *bytes > 0)
}

/// Whether anything bounds what a pod writes.
pub fn is_bounded(pod: &Pod) -> bool {
    let spec = pod.spec.as_ref();
    let mut volumes = spec.into_iter().flat_map(|s| s.volumes.iter().flatten());
    let mut containers = spec.into_iter().flat_map(|s| &s.containers);
    let folder = |v: &Volume| v.empty_dir.as_ref().is_some_and(|e| e.size_limit.is_some());
    volumes.any(folder) || containers.any(|c| limit(c).is_some())
}

impl PodWorker {
    /// The volumes of the pod's own that lie on the node's disk.
    fn folders(&self) -> impl Iterator<Item = (&Volume, &EmptyDirVolumeSource)> {
        let spec = self.pod.spec.as_ref();
        let volumes = spec.into_iter().flat_map(|s| s.volumes.iter().flatten());
        let folders = volumes.filter_map(|v| Some((v, v.empty_dir.as_deref()?)));
        folders.filter(|(_, folder)| folder.medium.as_deref() != Some("Memory"))
    }

    /// How many bytes of its node's disk the pod uses.
    pub fn disk(&self) -> u64 {
        if !self.is_active() || self.is_ending() {
            return 0;
        }
        let folders = self
            .folders()
            .filter_map(|(v, _)| self.volumes.get(v.name.as_str()));
        let own = self.containers.iter().filter_map(|c| c.instance.as_ref());
        let all = folders.chain(own.map(|i| &i.files));
        all.map(|files| files.used("/"))
            .fold(0, u64::saturating_add)
    }

    /// Whether it has files that are large.
    pub fn fills(&self) -> bool {
        let mut own = self.containers.iter().filter_map(|c| c.instance.as_ref());
        own.any(|i| i.files.is_large()) || self.volumes.values().any(Files::is_large)
    }

    /// What the pod has exceeded, in the words of an eviction.
    pub fn exceeded(&self) -> Option<String> {
        if !self.bounded || !self.is_active() || self.is_ending() {
            return None;
        }
        let spec = self.pod.spec.as_ref()?;
        let used = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let mut all = 0_i64;
        for (volume, folder) in self.folders() {
            let files = self.volumes.get(volume.name.as_str());
            let bytes = used(files.map_or(0, |f| f.used("/")));
            all = all.saturating_add(bytes);
            let limit = folder.size_limit.as_ref();
            if let Some(limit) =
                limit.filter(|l| l.amount().value() > 0 && bytes > l.amount().value())
            {
                return Some(format!(
                    "Usage of EmptyDir volume \"{}\" exceeds the limit \"{}\". ",
                    volume.name, limit.0
                ));
            }
        }
        let mut over = None;
        let mut sum = Some(0_i64);
        for (c, container) in self.containers.iter().enumerate() {
            let (Some(spec), Some(instance)) = (self.container_spec(c), &container.instance) else {
                continue;
            };
            let bytes = used(instance.files.used("/"));
            all = all.saturating_add(bytes);
            let limit = limit(spec);
            if let Some((most, text)) = limit.as_ref().filter(|(most, _)| bytes > *most) {
                let _ = most;
                over.get_or_insert_with(|| {
                    format!(
                        "Container {} exceeded its local ephemeral storage limit \"{text}\". ",
                        spec.name
                    )
                });
            }
        }
        // The pod as a whole is bounded where all of its containers are.
        for container in &spec.containers {
            sum = match (sum, limit(container)) {
                (Some(sum), Some((most, _))) => Some(sum.saturating_add(most)),
                _ => None,
            };
        }
        if let Some(most) = sum.filter(|most| *most > 0 && all > *most) {
            let most = crate::api::quantity::Quantity::from_bytes(most);
            return Some(format!(
                "Pod ephemeral local storage usage exceeds the total limit of containers {most}. "
            ));
        }
        over
    }
}
