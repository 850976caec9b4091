//! Static pods: manifests in a folder of the node, and the objects that mirror them in the API
//! (`pkg/kubelet/config/file.go`, `pkg/kubelet/pod/mirror_client.go`).

use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{Node, Pod, PodStatus, Toleration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::workers::MIRROR;
use super::{Event, Kubelet};
use crate::api::play::Image;
use crate::api::rfc3339::format_time;
use crate::api::{Key, Resource, yaml};
use crate::apiserver::{DeleteOptions, EventType};
use crate::client::Ctx;
use crate::kubelet::runtime::image::{Reference, hex64};
use crate::sim::ordered::Map as BTreeMap;

const HASH: &str = "kubernetes.io/config.hash";
const SEEN: &str = "kubernetes.io/config.seen";
const SOURCE: &str = "kubernetes.io/config.source";

/// The static pods of a node, by key: the uid of each.
#[derive(Clone, Default)]
pub struct Statics {
    uids: BTreeMap<Key, Rc<str>>,
}

impl Statics {
    pub(super) fn all(&self) -> impl Iterator<Item = (Key, Rc<str>)> {
        self.uids
            .iter()
            .map(|(key, uid)| (key.clone(), uid.clone()))
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.uids.contains_key(key)
    }

    pub(super) fn remove(&mut self, key: &Key) {
        self.uids.remove(key);
    }
}

/// Reads a manifest as the kubelet does: the name gets the node's appended.
pub(super) fn read(manifest: &str, node: &str, now: crate::sim::Time) -> Option<Pod> {
    let document = yaml::parse(manifest).documents.into_iter().next()?;
    let (object, _) = Pod::KIND.decode(&document.value).ok()?;
    let mut pod = (**object.get::<Pod>()?).clone();
    let hash: String = hex64(format!("{node}{manifest}").as_bytes())
        .chars()
        .take(32)
        .collect();
    let name = format!("{}-{node}", pod.name());
    let seen = format_time(i64::try_from(now.0).unwrap_or_default());
    pod.metadata.name = Some(name);
    pod.metadata
        .namespace
        .get_or_insert_with(|| "default".to_owned());
    pod.metadata.uid = Some(hash.clone());
    let annotations = pod.metadata.annotations.get_or_insert_default();
    annotations.insert(HASH.to_owned(), hash);
    annotations.insert(SEEN.to_owned(), seen);
    annotations.insert(SOURCE.to_owned(), "file".to_owned());
    let spec = pod.spec.as_mut()?;
    spec.node_name = Some(node.to_owned());
    // Nothing moves a static pod off its node.
    spec.tolerations = Some(vec![Shared::from(Toleration {
        effect: Some("NoExecute".to_owned()),
        operator: Some("Exists".to_owned()),
        ..Toleration::default()
    })]);
    for container in spec.containers.iter_mut() {
        container
            .image_pull_policy
            .get_or_insert_with(|| "IfNotPresent".to_owned());
    }
    Some(pod)
}

impl Kubelet {
    /// Runs the manifests of the node's folder.
    pub(super) fn start_statics(&mut self, ctx: &mut Ctx<'_, Event>) {
        for manifest in self.manifests() {
            // A manifest that is none is left out, as the kubelet only logs it.
            if let Some(pod) = read(&manifest, &self.node.name, ctx.now()) {
                self.start_static(pod, ctx);
            }
        }
    }

    pub(super) fn start_static(&mut self, pod: Pod, ctx: &mut Ctx<'_, Event>) {
        self.statics.uids.insert(pod.key(), pod.uid().into());
        self.create_mirror(&pod, ctx);
        self.add(Rc::new(pod), true, ctx);
    }

    /// Puts the images on the node that it comes with.
    pub(super) fn preload(&mut self, ctx: &Ctx<'_, Event>) {
        let declared = ctx.list::<Image>(None);
        let mut names: Vec<String> = self.node.images.iter().map(ToString::to_string).collect();
        for manifest in self.manifests() {
            let pod = read(&manifest, &self.node.name, ctx.now());
            let spec = pod.and_then(|p| p.spec).unwrap_or_default();
            names.extend(spec.containers.iter().filter_map(|c| c.image.clone()));
        }
        for name in names {
            // An image that cannot be had is not on the node.
            if let Ok(reference) = Reference::parse(&name)
                && let Ok(content) = reference.pull(&declared)
            {
                self.images.arrived(&reference.full(), &reference, content);
            }
        }
    }

    pub(super) fn create_mirror(&self, pod: &Pod, ctx: &mut Ctx<'_, Event>) {
        let mut mirror = pod.clone();
        let hash = mirror.metadata.uid.take().unwrap_or_default();
        let annotations = mirror.metadata.annotations.get_or_insert_default();
        annotations.insert(MIRROR.to_owned(), hash);
        if let Some(node) = ctx.get::<Node>(&Key::new("", &self.node.name)) {
            mirror.metadata.owner_references = Some(vec![Shared::from(OwnerReference {
                api_version: "v1".to_owned(),
                kind: "Node".to_owned(),
                name: node.name().to_owned(),
                uid: node.uid().to_owned(),
                controller: Some(true),
                block_owner_deletion: None,
            })]);
        }
        let pending = PodStatus {
            phase: Some("Pending".to_owned()),
            ..PodStatus::default()
        };
        mirror.status = Some(pending.into());
        // One that is there already is the mirror.
        let _ = ctx.create(mirror);
    }

    /// The mirror of a static pod was changed. Deleted, it comes back: only the manifest counts.
    pub(super) fn mirror_changed(
        &mut self,
        event: EventType,
        mirror: &Rc<Pod>,
        ctx: &mut Ctx<'_, Event>,
    ) {
        let key = mirror.key();
        let uid = self.statics.uids.get(&key).cloned();
        let deleting = mirror.metadata.deletion_timestamp.is_some();
        if event != EventType::Deleted {
            if deleting || uid.is_none() {
                let options = DeleteOptions {
                    grace_period_seconds: Some(0),
                    uid: mirror.metadata.uid.clone(),
                    ..DeleteOptions::default()
                };
                // What is gone already needs no deleting.
                let _ = ctx.delete::<Pod>(&key, &options);
            }
            return;
        }
        let Some(uid) = uid else { return };
        let Some(worker) = self.pods.get(&uid) else {
            return;
        };
        let pod = worker.pod.clone();
        self.create_mirror(&pod, ctx);
        self.with_worker(&uid, ctx, |w, h, ctx| w.report_anew(h, ctx));
    }
}
