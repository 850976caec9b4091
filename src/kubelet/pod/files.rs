//! Volumes: what is in them, and where containers see them.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{
    Container as ContainerSpec, DownwardAPIVolumeFile, KeyToPath, PersistentVolume,
    PersistentVolumeClaim, Volume,
};

use super::config::{Variables, resource_field};
use super::{Cx, Host, PodWorker};
use crate::api::Key;
use crate::api::quantity::QuantityExt;
use crate::api::storage::{claim_name, claims_of_pod, disk, phase_of_claim, volume_of_claim};
use crate::kubelet::latency;
use crate::kubelet::runtime::files::{Files, absolute};
use crate::kubelet::runtime::machine::Mount;
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Note, Texts, Time, Usual};

/// The CA bundle that a controller publishes in every namespace; a pod does not wait for it here,
/// as nothing in the simulation checks certificates.
const ROOT_CA: &str = "kube-root-ca.crt";
/// Kubelets clone no repositories any more (KEP-5040).
const NO_GIT: &str = "git-repo volume plugin has been disabled; if necessary, it may be re-enabled by enabling the feature-gate `GitRepoVolumeDriver`";

/// The files of the node, among the volumes of a pod that mounts some of them.
pub const HOST: &str = "/";

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
        let host = self.volumes.get(HOST);
        let volumes = self.pod.spec.as_ref().and_then(|s| s.volumes.as_deref());
        let mut all = BTreeMap::new();
        all.extend(host.map(|files| (HOST.into(), files.clone())));
        for volume in volumes.unwrap_or_default() {
            if claim_name(&self.pod, volume).is_some() {
                continue;
            }
            let files = self
                .files_of(volume, h, ctx)
                .map_err(|reason| (volume.name.clone(), reason))?;
            if let (Some(path), Some(tree)) = (Self::host_path(volume), all.get_mut(HOST)) {
                let type_ = volume.host_path.as_ref().and_then(|p| p.type_.as_deref());
                check_type(&path, type_.unwrap_or_default(), tree)
                    .map_err(|reason| (volume.name.clone(), reason))?;
            }
            all.insert(ctx.kernel.texts.of(&volume.name), files);
        }
        Ok(all)
    }

    fn files_of(&self, volume: &Volume, h: &Host<'_>, ctx: &mut Cx<'_>) -> Result<Files, String> {
        let mut files = Files::with(Usual {
            folder: 0o777,
            file: file_mode(volume),
            changed: ctx.kernel.now,
            ..Usual::default()
        });
        if volume.git_repo.is_some() {
            return Err(NO_GIT.to_owned());
        }
        if let Some(source) = &volume.config_map {
            let optional = source.optional.unwrap_or_default();
            let data = self.config_map(&source.name, optional, ctx)?;
            put(
                &mut files,
                data,
                source.items.as_deref(),
                ("config", optional),
                ctx,
            )?;
        }
        if let Some(source) = &volume.secret {
            let name = source.secret_name.as_deref().unwrap_or_default();
            let optional = source.optional.unwrap_or_default();
            let data = self.secret(name, optional, ctx)?;
            put(
                &mut files,
                data,
                source.items.as_deref(),
                ("secret", optional),
                ctx,
            )?;
        }
        if let Some(source) = &volume.downward_api {
            self.put_downward(&mut files, source.items.as_deref(), h);
        }
        let sources = volume.projected.as_ref().and_then(|p| p.sources.as_deref());
        for source in sources.unwrap_or_default() {
            if let Some(r) = &source.config_map {
                let optional = r.optional.unwrap_or_default() || r.name == ROOT_CA;
                let data = self.config_map(&r.name, optional, ctx)?;
                put(
                    &mut files,
                    data,
                    r.items.as_deref(),
                    ("config", optional),
                    ctx,
                )?;
            }
            if let Some(r) = &source.secret {
                let optional = r.optional.unwrap_or_default();
                let data = self.secret(&r.name, optional, ctx)?;
                put(
                    &mut files,
                    data,
                    r.items.as_deref(),
                    ("secret", optional),
                    ctx,
                )?;
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
                let path = ctx.kernel.texts.of(&absolute("/", &r.path));
                files.share(path.clone(), token.into());
                if let Some(note) = self.token_note(ctx.kernel.now) {
                    files.set_note(&path, note);
                }
            }
        }
        if let Some(group) = self.fs_group() {
            files.give_to_group(group, shows_objects(volume));
        }
        Ok(files)
    }

    /// The group that the pod's volumes are given to.
    fn fs_group(&self) -> Option<u32> {
        let context = self.pod.spec.as_ref()?.security_context.as_ref()?;
        u32::try_from(context.fs_group?).ok()
    }

    /// Whose a token is where not everybody may read it: the group's of the pod's volumes, or the user's that all
    /// containers run as (`collectData` in `pkg/volume/projected/projected.go`).
    fn token_note(&self, now: Time) -> Option<Note> {
        let spec = self.pod.spec.as_ref()?;
        let of_pod = spec.security_context.as_ref().and_then(|s| s.run_as_user);
        let containers = spec
            .init_containers
            .iter()
            .flatten()
            .chain(&spec.containers);
        let users = containers.map(|c| {
            let own = c.security_context.as_ref().and_then(|s| s.run_as_user);
            own.or(of_pod)
        });
        let users: Vec<Option<i64>> = users.collect();
        let first = users.first().copied().flatten();
        let same = first.filter(|user| users.iter().all(|u| *u == Some(*user)));
        let user = match self.fs_group() {
            Some(_) => 0,
            None => u32::try_from(same?).ok()?,
        };
        Some(Note {
            user,
            group: 0,
            mode: 0o600,
            changed: now,
        })
    }

    /// Makes the disks behind the pod's claims that nobody has used yet, and gives those of drivers to the pod's group;
    /// folders of nodes and of other hosts stay as they are.
    pub(super) fn prepare_disks(&self, ctx: &mut Cx<'_>) {
        let now = ctx.kernel.now;
        for (_, name) in &self.disks {
            let usual = Usual {
                folder: 0o777,
                changed: now,
                ..Usual::default()
            };
            let disks = &mut ctx.kernel.disks;
            let new = || Files::with(usual).into();
            let disk = disks.entry(name.clone()).or_insert_with(new);
            if let Some(group) = self.fs_group().filter(|_| name.starts_with("csi://")) {
                let mut files = Files::from(std::mem::take(disk));
                files.give_to_group(group, false);
                *disk = files.into();
            }
        }
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
                // Other volumes of the same claim are shown where they are mounted.
                Ok(disk) if disks.iter().any(|(_, d): &(Rc<str>, Rc<str>)| **d == disk) => {}
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
                let whole = spec.and_then(|s| s.resources.as_ref());
                container
                    .map(|c| resource_field(resource, c, whole, h))
                    .unwrap_or_default()
            } else {
                continue;
            };
            let path = absolute("/", &item.path);
            files.put(&path, &text);
            if let Some(mode) = item.mode.and_then(|m| u16::try_from(m).ok()) {
                files.set_mode(&path, mode);
            }
        }
    }

    /// Where a container sees the volumes.
    pub(super) fn mounts(&mut self, c: usize, spec: &ContainerSpec, texts: &Texts) -> Vec<Mount> {
        let mut mounts = self.mounts_of(spec, texts);
        // A part of a volume that is mounted by itself stays as it was at the start.
        for (i, mount) in mounts.iter_mut().enumerate() {
            if !mount.fixed || mount.inside.is_empty() {
                continue;
            }
            let Some(files) = self.volumes.get(&mount.volume).cloned() else {
                continue;
            };
            mount.volume = format!("{}/{c}/{i}", mount.volume).into();
            self.volumes.insert(mount.volume.clone(), files);
        }
        mounts
    }

    /// The path of the node's files that a volume shows.
    fn host_path(volume: &Volume) -> Option<String> {
        volume.host_path.as_ref().map(|h| absolute("/", &h.path))
    }

    /// Whether the pod sees files of its node.
    pub fn uses_host(&self) -> bool {
        let volumes = self.pod.spec.as_ref().and_then(|s| s.volumes.as_deref());
        volumes
            .unwrap_or_default()
            .iter()
            .any(|v| v.host_path.is_some())
    }

    /// Gives the pod the node's files, or takes them back.
    pub fn lend(&mut self, files: Files) {
        self.volumes.insert(HOST.into(), files);
    }

    pub fn give_back(&mut self) -> Option<Files> {
        self.volumes.remove(HOST)
    }

    /// Whether what a volume shows can change while the pod runs.
    fn is_live(&self) -> bool {
        let volumes = self.pod.spec.as_ref().and_then(|s| s.volumes.as_deref());
        volumes.unwrap_or_default().iter().any(|v| {
            let of_projected = v.projected.iter().flat_map(|p| p.sources.iter().flatten());
            let mut sources = of_projected.filter(|s| {
                s.secret.is_some() || s.config_map.as_ref().is_some_and(|c| c.name != ROOT_CA)
            });
            v.config_map.is_some()
                || v.secret.is_some()
                || v.downward_api.is_some()
                || sources.next().is_some()
        })
    }

    /// Looks again at what volumes show, and again after the next sync.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub(super) fn refresh(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if self.over || self.ending.is_some() || !self.is_live() {
            return;
        }
        let volumes = self.pod.spec.as_ref().and_then(|s| s.volumes.clone());
        for volume in volumes.iter().flatten() {
            if !shows_objects(volume) {
                continue;
            }
            match self.files_of(volume, h, ctx) {
                Ok(files) => {
                    let old = self.volumes.get(volume.name.as_str());
                    // What says the same is not written again.
                    if !old.is_some_and(|old| files.says_the_same(old)) {
                        self.volumes.insert(volume.name.as_str().into(), files);
                    }
                }
                Err(reason) => {
                    let message = format!(
                        "MountVolume.SetUp failed for volume \"{}\" : {reason}",
                        volume.name
                    );
                    h.recorder
                        .warning(ctx, &self.involved(), "FailedMount", &message);
                }
            }
        }
        self.plan_refresh(h, ctx);
    }

    pub(super) fn plan_refresh(&mut self, h: &Host<'_>, ctx: &mut Cx<'_>) {
        if self.is_live() {
            let delay = latency::VOLUME_SYNC.draw(ctx.rng(h.stream));
            self.after(ctx, delay, super::PodEvent::Refresh);
        }
    }

    fn mounts_of(&self, spec: &ContainerSpec, texts: &Texts) -> Vec<Mount> {
        let volumes = self.pod.spec.as_ref().and_then(|s| s.volumes.as_deref());
        let fixed = |name: &str| {
            let volume = volumes.unwrap_or_default().iter().find(|v| v.name == name);
            volume.is_some_and(|v| {
                shows_objects(v)
                    || v.persistent_volume_claim
                        .as_ref()
                        .is_some_and(|c| c.read_only == Some(true))
            })
        };
        let mounts = spec.volume_mounts.iter().flatten();
        mounts
            .map(|m| {
                let sub_path = m.sub_path.as_deref().filter(|p| !p.is_empty());
                let inside = sub_path.map_or_else(String::new, |p| absolute("/", p));
                let volume = volumes
                    .unwrap_or_default()
                    .iter()
                    .find(|v| v.name == m.name);
                let host = volume.and_then(Self::host_path);
                let fixed = fixed(&m.name);
                // Two volumes of one claim are one disk: that of the first.
                let claim_of = |v: &Volume| {
                    let claim = v.persistent_volume_claim.as_ref()?;
                    Some(claim.claim_name.clone())
                };
                let claim = volume.and_then(claim_of);
                let first = volumes.unwrap_or_default().iter();
                let mut first = first.filter(|v| claim.is_some() && claim_of(v) == claim);
                let name = first.next().map_or(&m.name, |v| &v.name);
                Mount {
                    path: texts.of(&absolute("/", &m.mount_path)),
                    volume: match &host {
                        Some(_) => texts.of(HOST),
                        None => texts.of(name),
                    },
                    inside: match host.as_deref() {
                        Some("/") | None => texts.of(&inside),
                        Some(host) => texts.of(&format!("{host}{inside}")),
                    },
                    read_only: m.read_only.unwrap_or_default() || fixed,
                    fixed,
                    whole: inside.is_empty() && volume.is_some_and(shows_objects),
                    room: volume.and_then(|v| {
                        let folder = v.empty_dir.as_ref()?;
                        let in_memory = folder.medium.as_deref() == Some("Memory");
                        let limit = folder.size_limit.as_ref().filter(|_| in_memory)?;
                        u64::try_from(limit.amount().value()).ok()
                    }),
                }
            })
            .collect()
    }
}

/// Whether what a volume shows comes from objects of the API.
fn shows_objects(volume: &Volume) -> bool {
    volume.config_map.is_some()
        || volume.secret.is_some()
        || volume.downward_api.is_some()
        || volume.projected.is_some()
}

/// The mode of files of a volume where no item says another.
fn file_mode(volume: &Volume) -> u16 {
    let of_config = volume.config_map.as_ref().and_then(|s| s.default_mode);
    let of_secret = volume.secret.as_ref().and_then(|s| s.default_mode);
    let of_downward = volume.downward_api.as_ref().and_then(|s| s.default_mode);
    let of_projected = volume.projected.as_ref().and_then(|s| s.default_mode);
    let mode = of_config.or(of_secret).or(of_downward).or(of_projected);
    mode.and_then(|m| u16::try_from(m).ok()).unwrap_or(0o644)
}

/// Puts all of some data into a volume, or the keys that are named, under the paths given.
///
/// # Errors
/// A key that is named does not exist.
fn put(
    files: &mut Files,
    data: Option<Variables>,
    items: Option<&[KeyToPath]>,
    (what, optional): (&str, bool),
    ctx: &Cx<'_>,
) -> Result<(), String> {
    let texts = &ctx.kernel.texts;
    let data = data.unwrap_or_default();
    match items {
        Some(items) => {
            for item in items {
                match data.get(&*item.key) {
                    Some(text) => {
                        let path = texts.of(&absolute("/", &item.path));
                        files.share(path.clone(), text.clone());
                        if let Some(mode) = item.mode.and_then(|m| u16::try_from(m).ok()) {
                            files.set_mode(&path, mode);
                        }
                    }
                    None if optional => {}
                    None => {
                        return Err(format!("references non-existent {what} key: {}", item.key));
                    }
                }
            }
        }
        None => {
            for (name, text) in data {
                files.share(texts.of(&format!("/{name}")), text);
            }
        }
    }
    Ok(())
}

/// Whether what stands at a path of the node is what the volume says; makes what may be made
/// (`pkg/volume/hostpath/host_path.go`).
fn check_type(path: &str, type_: &str, tree: &mut Files) -> Result<(), String> {
    let failed = |what: &str| Err(format!("hostPath type check failed: {path} is not {what}"));
    let (file, folder) = (tree.read(path).is_ok(), tree.is_folder(path));
    match type_ {
        "Directory" if !folder => failed("a directory"),
        "DirectoryOrCreate" if file => failed("a directory"),
        "" | "DirectoryOrCreate" if !file && !folder => {
            tree.make_folder(path);
            Ok(())
        }
        "File" if !file => failed("a file"),
        "FileOrCreate" if folder => failed("a file"),
        "FileOrCreate" if !file => {
            tree.put(path, "");
            Ok(())
        }
        "Socket" if !path.ends_with(".sock") || !file => failed("a socket file"),
        "CharDevice" if !path.starts_with("/dev/") => failed("a character device"),
        "BlockDevice" if !path.starts_with("/dev/") => failed("a block device"),
        _ => Ok(()),
    }
}

/// What is on a node from the start.
pub fn of_node(name: &str) -> Files {
    let mut files = Files::default();
    for folder in [
        "/tmp",
        "/mnt",
        "/opt",
        "/srv",
        "/home",
        "/root",
        "/proc",
        "/sys",
        "/dev",
        "/usr/share",
        "/lib/modules",
        "/var/log/pods",
        "/var/log/containers",
        "/var/lib/kubelet/pods",
        "/var/lib/etcd",
        "/etc/ssl/certs",
        "/etc/cni/net.d",
        "/etc/kubernetes/manifests",
        "/run/xtables.lock.d",
        "/usr/share/ca-certificates",
        "/etc/ca-certificates",
        "/usr/local/share/ca-certificates",
        "/etc/kubernetes/pki",
    ] {
        files.make_folder(folder);
    }
    files.set_mode("/tmp", 0o1777);
    files.set_mode("/root", 0o700);
    files.put("/etc/hostname", &format!("{name}\n"));
    files.put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    files.put("/run/containerd/containerd.sock", "");
    files
}
