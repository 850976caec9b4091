//! The files of a node that people read and edit, and the static pods that follow from them
//! (`pkg/kubelet/config/file.go`: every file of the folder that does not begin with a dot).

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;

use super::statics::read;
use super::workers::MIRROR;
use super::{Event, Kubelet, NodeSpec, lease};
use crate::api::{Key, Resource, yaml};
use crate::apiserver::DeleteOptions;
use crate::client::Ctx;
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::secs;

/// Where the kubelet looks for static pods (`staticPodPath`).
pub const MANIFESTS: &str = "/etc/kubernetes/manifests/";

/// Where an etcd keeps its keys, below its data directory.
pub const DATABASE: &str = "member/snap/db";
/// What stands there while it runs: its keys change all the time.
pub const LIVE: &str = "etcd database, in use\n";
/// Where the etcd of a node keeps its data at first.
pub const ETCD: &str = "/var/lib/etcd";

/// No node keeps more files, nor larger ones.
const MOST_FILES: usize = 200;
const MOST_BYTES: usize = 256 << 10;

/// The files of a node, by path.
pub type Folder = BTreeMap<Rc<str>, Rc<str>>;

/// The configuration that kubeadm writes for a kubelet.
const CONFIG: &str = "\
apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  webhook:
    cacheTTL: 0s
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
  webhook:
    cacheAuthorizedTTL: 0s
    cacheUnauthorizedTTL: 0s
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cpuManagerReconcilePeriod: 0s
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
httpCheckFrequency: 0s
imageMinimumGCAge: 0s
kind: KubeletConfiguration
nodeStatusReportFrequency: 0s
nodeStatusUpdateFrequency: 0s
rotateCertificates: true
runtimeRequestTimeout: 0s
shutdownGracePeriod: 0s
shutdownGracePeriodCriticalPods: 0s
staticPodPath: /etc/kubernetes/manifests
streamingConnectionIdleTimeout: 0s
syncFrequency: 0s
volumeStatsAggPeriod: 0s
";

/// Where a kubelet finds that.
pub const CONFIG_FILE: &str = "/var/lib/kubelet/config.yaml";

const RELEASE: &str = "\
PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"
NAME=\"Debian GNU/Linux\"
VERSION_ID=\"13\"
VERSION=\"13 (trixie)\"
VERSION_CODENAME=trixie
ID=debian
";

/// The files that a node comes with.
pub fn of(node: &NodeSpec) -> Folder {
    let mut folder = Folder::new();
    if node.is_fake() {
        return folder;
    }
    for manifest in &node.static_pods {
        let document = yaml::parse(manifest).documents.into_iter().next();
        let name = document.map(|d| {
            d.value["metadata"]["name"]
                .as_str()
                .unwrap_or("pod")
                .to_owned()
        });
        let name = name.unwrap_or_default();
        folder.insert(format!("{MANIFESTS}{name}.yaml").into(), manifest.clone());
    }
    let hosts = format!("127.0.0.1\tlocalhost\n{}\t{}\n", node.address(), node.name);
    for (path, text) in [
        ("/etc/hostname", format!("{}\n", node.name)),
        ("/etc/hosts", hosts),
        ("/etc/os-release", RELEASE.to_owned()),
        ("/etc/issue", "Debian GNU/Linux 13 \\n \\l\n\n".to_owned()),
        (CONFIG_FILE, CONFIG.to_owned()),
    ] {
        folder.insert(path.into(), text.into());
    }
    if node.control_plane {
        folder.insert(format!("{ETCD}/{DATABASE}").into(), LIVE.into());
    }
    folder
}

/// Whether a file is a manifest for the kubelet.
fn is_manifest(path: &str) -> bool {
    let name = path.strip_prefix(MANIFESTS);
    name.is_some_and(|name| !name.contains('/') && !name.starts_with('.'))
}

impl Kubelet {
    /// The files of the node.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The manifests of the node's folder, in order.
    pub(super) fn manifests(&self) -> Vec<Rc<str>> {
        let all = self.folder.iter().filter(|(path, _)| is_manifest(path));
        all.map(|(_, text)| text.clone()).collect()
    }

    /// Writes a file, or removes it.
    ///
    /// # Errors
    /// The disk takes no more.
    pub fn write_file(
        &mut self,
        path: &str,
        text: Option<&str>,
        ctx: &mut Ctx<'_, Event>,
    ) -> Result<(), String> {
        match text {
            Some(text) => {
                let full = self.folder.len() >= MOST_FILES && !self.folder.contains_key(path);
                if full || text.len() > MOST_BYTES {
                    return Err("No space left on device".to_owned());
                }
                self.folder.insert(path.into(), text.into());
            }
            None => drop(self.folder.remove(path)),
        }
        if is_manifest(path) {
            // inotify tells at once; the file is read a moment later.
            ctx.after(secs(1), Event::Manifests);
        }
        Ok(())
    }

    /// Brings the static pods to what the folder says.
    pub(super) fn sync_manifests(&mut self, ctx: &mut Ctx<'_, Event>) {
        if !self.ready {
            return;
        }
        let mut wanted: BTreeMap<Key, Pod> = BTreeMap::new();
        for manifest in self.manifests() {
            if let Some(pod) = read(&manifest, &self.node.name, ctx.now()) {
                wanted.insert(pod.key(), pod);
            }
        }
        let running: Vec<(Key, Rc<str>)> = self.statics.all().collect();
        for (key, uid) in running {
            if wanted.get(&key).is_some_and(|pod| *pod.uid() == *uid) {
                wanted.remove(&key);
                continue;
            }
            self.statics.remove(&key);
            self.with_worker(&uid, ctx, |w, h, ctx| w.removed(h, ctx));
            self.delete_mirror(&key, ctx);
        }
        let mut waits = false;
        for (key, pod) in wanted {
            // The new one starts when the old one of its name has ended.
            if self.pods.values().any(|w| w.is_static && w.key == key) {
                waits = true;
                continue;
            }
            self.start_static(pod, ctx);
        }
        if waits {
            ctx.after(secs(1), Event::Manifests);
        }
    }

    fn delete_mirror(&mut self, key: &Key, ctx: &mut Ctx<'_, Event>) {
        let options = DeleteOptions {
            grace_period_seconds: Some(0),
            ..DeleteOptions::default()
        };
        // What cannot be reached now is deleted when it can.
        let _ = ctx.delete::<Pod>(key, &options);
    }

    /// Mirrors that came about, or did not, while the API server could not be reached.
    pub(super) fn mend_mirrors(&mut self, ctx: &mut Ctx<'_, Event>) {
        for (key, uid) in self.statics.all().collect::<Vec<_>>() {
            if ctx.get::<Pod>(&key).is_none()
                && let Some(worker) = self.pods.get(&uid)
            {
                let pod = worker.pod.clone();
                self.create_mirror(&pod, ctx);
            }
        }
        if !self.node.control_plane && self.folder.keys().all(|path| !is_manifest(path)) {
            return;
        }
        let stale: Vec<Key> = ctx
            .list::<Pod>(None)
            .iter()
            .filter(|pod| {
                let node = pod.spec.as_ref().and_then(|s| s.node_name.as_deref());
                let annotations = pod.metadata.annotations.as_ref();
                node == Some(&*self.node.name)
                    && annotations.is_some_and(|a| a.contains_key(MIRROR))
                    && !self.statics.has(&pod.key())
            })
            .map(|pod| pod.key())
            .collect();
        for key in stale {
            self.delete_mirror(&key, ctx);
        }
    }

    /// Whether the containers of a static pod run.
    pub fn runs_static(&self, name: &str) -> bool {
        let full = format!("{name}-{}", self.node.name);
        let mut workers = self.pods.values().filter(|w| w.is_static);
        workers.any(|w| *w.key.name == *full && w.runs())
    }

    /// The folder of the node in which its etcd keeps what it stores: that of `--data-dir`, as it is mounted; `None`
    /// when nothing of the node is mounted there.
    pub fn data_folder(&self) -> Option<String> {
        let full = format!("etcd-{}", self.node.name);
        let mut workers = self.pods.values().filter(|w| w.is_static);
        let worker = workers.find(|w| *w.key.name == *full)?;
        let spec = worker.pod.spec.as_ref()?;
        let container = spec.containers.iter().find(|c| c.name == "etcd")?;
        let words = container.command.iter().chain(&container.args).flatten();
        let folder = words
            .filter_map(|word| word.strip_prefix("--data-dir="))
            .next_back()?;
        let mounts = container.volume_mounts.iter().flatten();
        let below = mounts.filter_map(|mount| {
            let rest = folder.strip_prefix(mount.mount_path.trim_end_matches('/'))?;
            (rest.is_empty() || rest.starts_with('/')).then_some((mount, rest))
        });
        let (mount, rest) = below.max_by_key(|(mount, _)| mount.mount_path.len())?;
        let mut volumes = spec.volumes.iter().flatten();
        let volume = volumes.find(|volume| volume.name == mount.name)?;
        let host = volume.host_path.as_ref()?;
        Some(format!("{}{rest}", host.path.trim_end_matches('/')))
    }

    /// The kubelet's process has been started again.
    pub fn restarted(&mut self, ctx: &mut Ctx<'_, Event>) {
        self.node_event(ctx, "Starting", "Starting kubelet.");
        lease::renew(ctx, &self.node.name);
        self.write_status(ctx);
        self.sync_manifests(ctx);
    }
}
