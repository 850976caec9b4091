//! What a process sees of its container: files, volumes, names, and the servers beside it.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Endpoints, Node, PodSpec, Service};

use super::files::{ENTER, FileError, Files, READ};
use super::image::Content;
use super::process::Server;
use super::resolv;
use super::shell::{FetchError, Machine, Seen, base};
use super::standard;
use super::tree::mounted;
use super::typed::Typed;
use crate::api::Key;
use crate::api::quantity::QuantityExt;
use crate::apiserver::ApiServer;
use crate::client::wire::Ask;
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Note, Rng, Time};

/// A volume in a container.
#[derive(Clone, Debug, PartialEq)]
pub struct Mount {
    pub path: Rc<str>,
    pub volume: Rc<str>,
    /// The part of the volume that is mounted; empty, or beginning with `/`.
    pub inside: Rc<str>,
    pub read_only: bool,
    /// What it shows comes from objects of the API, or is a claim that is only to be read.
    pub fixed: bool,
    /// It is written at once, as a whole: behind `..data`.
    pub whole: bool,
    /// How many bytes it has room for, where it lies in memory.
    pub room: Option<u64>,
}

/// As whom a container's process runs, and under which title.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    pub user: i64,
    pub group: i64,
    pub groups: Vec<i64>,
    /// The container's own files cannot be written.
    pub read_only: bool,
    pub title: Rc<str>,
}

/// The container around a process that runs now.
pub struct Surroundings<'s> {
    pub now: Time,
    pub files: &'s mut Files,
    pub volumes: &'s mut BTreeMap<Rc<str>, Files>,
    pub mounts: &'s [Mount],
    pub identity: &'s Identity,
    pub namespace: &'s str,
    pub spec: Option<&'s PodSpec>,
    pub hostname: &'s str,
    pub address: &'s str,
    pub content: &'s Content,
    /// The name of the image.
    pub image: &'s str,
    /// What is taken from the mode of new files.
    pub mask: u16,
    /// The servers of the pod, which share its addresses.
    pub servers: Vec<Neighbour>,
    /// Read for names, as CoreDNS reads it.
    pub api: &'s ApiServer,
    pub rng: &'s mut Rng,
    /// Requests to other hosts, with their numbers; where nobody would wait for their endings,
    /// none are made.
    pub calls: Option<Vec<(u64, Ask)>>,
    /// The number of the next one.
    pub next_call: u64,
    /// The processes that the container's see, and the number of its own.
    pub processes: Rc<[Seen]>,
    pub own_pid: u32,
    /// Signals that were sent: when, to whom, which.
    pub signals: Vec<(Time, u32, u8)>,
    /// What is typed at the process.
    pub typed: Typed,
}

/// A server of the pod.
pub struct Neighbour {
    pub server: Server,
    /// The files and mounts of its container, when it serves documents and is another one.
    pub home: Option<(Files, Rc<[Mount]>)>,
}

impl Surroundings<'_> {
    /// The document that a server of the pod has for a path, read where the server runs.
    fn document(&self, near: &Neighbour, path: &str) -> Option<Rc<str>> {
        let path = near.server.document(path)?;
        let Some((files, mounts)) = &near.home else {
            return self.text(&path).ok();
        };
        match mounted(mounts, &path) {
            Some((mount, inside)) => self.volumes.get(&mount.volume)?.read(&inside).ok(),
            None => files.read(&path).ok(),
        }
    }

    /// The files that say how names are found, and what the host is called.
    pub(super) fn of_names(&self, path: &str) -> Option<String> {
        if path == "/etc/hostname" {
            return Some(format!("{}\n", self.hostname));
        }
        let spec = self.spec?;
        match path {
            "/etc/hosts" => Some(resolv::hosts_file(
                spec,
                self.namespace,
                self.address,
                self.hostname,
            )),
            "/etc/resolv.conf" => Some(resolv::resolv_conf(
                spec,
                self.namespace,
                Some(&self.resolver()),
            )),
            _ => None,
        }
    }

    fn service_of(&self, host: &str) -> Option<Rc<Service>> {
        let host = host.trim_end_matches('.');
        let host = host
            .strip_suffix(".svc.cluster.local")
            .or(host.strip_suffix(".svc"))
            .unwrap_or(host);
        let mut parts = host.split('.');
        let name = parts.next()?;
        let namespace = parts.next().unwrap_or(self.namespace);
        match parts.next() {
            None => self.api.get::<Service>(&Key::new(namespace, name)),
            Some(_) => None,
        }
    }
}

impl Machine for Surroundings<'_> {
    fn typed(&mut self) -> &mut Typed {
        &mut self.typed
    }

    fn now(&self) -> Time {
        self.now
    }

    fn read(&self, path: &str) -> Result<Rc<str>, FileError> {
        let path = self.followed(path, true);
        match self.text(&path) {
            Err(FileError::Missing) => Err(FileError::Missing),
            text => self.check(&path, READ).and(text),
        }
    }

    fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), FileError> {
        self.change_file(path, |files, inside| files.write(inside, text, append))
    }

    fn fill(&mut self, path: &str, bytes: u64) -> Result<(), FileError> {
        let room = mounted(self.mounts, path).and_then(|(mount, _)| mount.room);
        self.change_file(path, |files, inside| {
            let others = files.used("/").saturating_sub(files.used(inside));
            if room.is_some_and(|room| others.saturating_add(bytes) > room) {
                return Err(FileError::Full);
            }
            files.fill(inside, bytes)
        })
    }

    fn used(&self, path: &str) -> u64 {
        let path = &*self.followed(path, true);
        match mounted(self.mounts, path) {
            Some((mount, _)) if self.volumes.get(&mount.volume).is_none() => 0,
            Some(_) => self.tree(path).map_or(0, |(f, inside)| f.used(&inside)),
            None => match self.files.used(path) {
                0 => self.text(path).map_or(0, |text| text.len() as u64),
                used => used,
            },
        }
    }

    fn remove(&mut self, path: &str) -> Result<(), FileError> {
        self.take_away(path)
    }

    fn is_folder(&self, path: &str) -> bool {
        self.has_folder(&self.followed(path, true))
    }

    fn make_folder(&mut self, path: &str) -> Result<(), FileError> {
        self.add_folder(path)
    }

    fn enter(&self, path: &str) -> Result<(), FileError> {
        self.check(&self.followed(path, true), ENTER).map(|_| ())
    }

    fn list(&self, path: &str) -> Result<Vec<String>, FileError> {
        self.names_in(path)
    }

    fn note(&self, path: &str) -> Option<Note> {
        self.note_at(&self.followed(path, false))
    }

    fn set_note(&mut self, path: &str, note: Note) -> Result<(), FileError> {
        self.change_note(path, note)
    }

    fn link(&self, path: &str) -> Option<Rc<str>> {
        self.link_at(&self.followed(path, false))
    }

    fn make_link(&mut self, path: &str, target: &str) -> Result<(), FileError> {
        self.add_link(path, target)
    }

    fn make_twin(&mut self, path: &str, of: &str) -> Result<(), FileError> {
        self.add_twin(path, of)
    }

    fn names_of(&self, path: &str) -> usize {
        let path = &*self.followed(path, false);
        let found = self.tree(path);
        found.map_or(1, |(files, inside)| {
            files.twins(&inside).map_or(1, Vec::len)
        })
    }

    fn set_mask(&mut self, mask: u16) {
        self.mask = mask;
    }

    fn mounts(&self) -> String {
        self.mount_table()
    }

    fn user(&self) -> (i64, i64, Vec<i64>) {
        let identity = self.identity;
        (identity.user, identity.group, identity.groups.clone())
    }

    fn processes(&self) -> Rc<[Seen]> {
        self.processes.clone()
    }

    fn own_pid(&self) -> u32 {
        self.own_pid
    }

    fn signal(&mut self, pid: u32, signal: u8) {
        // Nobody has use for more.
        if self.signals.len() < 64 {
            self.signals.push((self.now, pid, signal));
        }
    }

    fn hostname(&self) -> String {
        self.hostname.to_owned()
    }

    fn resolve(&self, host: &str) -> Option<Vec<String>> {
        if host.split('.').count() == 4 && host.split('.').all(|p| p.parse::<u8>().is_ok()) {
            return Some(vec![host.to_owned()]);
        }
        if host == "localhost" {
            return Some(vec!["127.0.0.1".to_owned()]);
        }
        if host == self.hostname {
            return Some(vec![self.address.to_owned()]);
        }
        let service = self.service_of(host)?;
        let ip = service
            .spec
            .as_ref()?
            .cluster_ip
            .clone()
            .unwrap_or_default();
        if ip != "None" {
            return (!ip.is_empty()).then(|| vec![ip]);
        }
        let key = crate::api::Resource::key(&*service);
        let endpoints = self.api.get::<Endpoints>(&key)?;
        let ips = endpoints
            .subsets
            .iter()
            .flatten()
            .flat_map(|s| s.addresses.iter().flatten());
        let ips: Vec<String> = ips.map(|a| a.ip.clone()).collect();
        (!ips.is_empty()).then_some(ips)
    }

    fn fetch(&mut self, host: &str, port: u16, path: &str) -> Result<(u16, String), FetchError> {
        if !self.is_own(host) {
            return Err(match self.resolve(host) {
                Some(_) => FetchError::Elsewhere,
                None => FetchError::UnknownHost,
            });
        }
        let now = self.now;
        let near = self.servers.iter().find(|s| s.server.listens(port, now));
        let near = near.ok_or(FetchError::Refused)?;
        let file = self.document(near, path);
        let answer = near.server.answer(path, self.hostname, file, now);
        let answer = answer.ok_or(FetchError::Refused)?;
        Ok((answer.status, answer.body))
    }

    fn call(&mut self, ask: Ask) -> Option<u64> {
        let calls = self.calls.as_mut()?;
        let id = self.next_call;
        self.next_call += 1;
        calls.push((id, ask));
        Some(id)
    }

    fn resolver(&self) -> String {
        let dns = self
            .api
            .get::<Service>(&Key::new("kube-system", "kube-dns"));
        let ip = dns.and_then(|s| s.spec.as_ref()?.cluster_ip.clone());
        ip.unwrap_or_else(|| "10.96.0.10".to_owned())
    }

    fn is_own(&self, host: &str) -> bool {
        host == "localhost"
            || host.starts_with("127.")
            || host == self.address
            || host == self.hostname
    }

    fn connects(&mut self, host: &str, port: u16) -> bool {
        self.is_own(host)
            && self
                .servers
                .iter()
                .any(|s| s.server.listens(port, self.now))
    }

    fn command(&self, name: &str) -> Option<Rc<str>> {
        self.content
            .program
            .commands
            .get(name)
            .map(|s| s.as_str().into())
    }

    fn is_program(&self, name: &str) -> bool {
        self.content.program.name == name
    }

    fn is_undeclared(&self) -> bool {
        !self.content.declared
    }

    fn lacks(&self, name: &str) -> bool {
        self.content.declared
            && !self.content.program.commands.contains_key(name)
            && !self.is_program(name)
            && standard::lacks(self.image, name)
    }

    fn is_small(&self) -> bool {
        standard::is_small(self.image)
    }

    fn memory(&self) -> u64 {
        let name = self.spec.and_then(|s| s.node_name.as_deref());
        let node = name.and_then(|name| self.api.get::<Node>(&Key::new("", name)));
        let capacity = node.and_then(|n| {
            let all = n.status.as_ref()?.capacity.as_ref()?;
            u64::try_from(all.get("memory")?.amount().value()).ok()
        });
        capacity.unwrap_or(8 << 30)
    }

    fn listening(&self) -> Vec<(u16, u32, Rc<str>)> {
        let mut all = Vec::new();
        for near in &self.servers {
            let own = self.processes.iter();
            let name = near.server.name();
            let seen = own.into_iter().find(|p| base(&p.title) == name);
            for port in near.server.listening(self.now) {
                all.push((port, seen.map_or(0, |p| p.pid), name.into()));
            }
        }
        all.sort();
        all.dedup();
        all
    }

    fn random(&mut self, bound: u64) -> u64 {
        self.rng.below(bound)
    }
}
