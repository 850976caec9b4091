//! What the container runtime of a node shows of a pod, as plain data.

use std::rc::Rc;

use super::{PodWorker, Role, Run, Sandbox};
use crate::api::Name;
use crate::kubelet::runtime::image::hex64;
use crate::sim::Time;

/// A pod as the runtime has it: its sandbox and the containers in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPod {
    pub namespace: Name,
    pub name: Name,
    pub uid: Rc<str>,
    /// The sandbox's.
    pub id: String,
    pub ready: bool,
    pub created: Time,
    pub ip: Option<Rc<str>>,
    pub containers: Vec<SeenContainer>,
}

/// A container that runs, or that has run last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenContainer {
    pub name: String,
    pub id: Rc<str>,
    pub image: Rc<str>,
    pub attempt: i32,
    pub started: Time,
    /// When it ended, and with which exit code.
    pub ended: Option<(Time, i32)>,
    /// Its command line.
    pub command: String,
}

impl PodWorker {
    /// Whether all its containers run.
    pub fn runs(&self) -> bool {
        let main = self.containers.iter().filter(|c| c.role == Role::Main);
        !self.gone && main.into_iter().all(|c| c.run == Run::Running)
    }

    /// What the runtime shows; `None` before there is a sandbox.
    pub fn seen(&self) -> Option<SeenPod> {
        if matches!(self.sandbox, Sandbox::None | Sandbox::Coming) {
            return None;
        }
        let mut containers = Vec::new();
        for (i, container) in self.containers.iter().enumerate() {
            let spec = self.container_spec(i);
            let words = spec.map(|s| {
                let command = s.command.iter().flatten();
                let all: Vec<&str> = command
                    .chain(s.args.iter().flatten())
                    .map(String::as_str)
                    .collect();
                all.join(" ")
            });
            let (id, started, ended) = match (&container.run, &container.instance) {
                (Run::Running, Some(instance)) => (instance.id.clone(), instance.started, None),
                (Run::Ended(e), _) => (e.id.clone(), e.started, Some((e.finished, e.exit.code))),
                _ => continue,
            };
            containers.push(SeenContainer {
                name: self.container_name(i).unwrap_or_default(),
                id,
                image: container.image_name.clone(),
                attempt: container.restarts,
                started,
                ended,
                command: words.unwrap_or_default(),
            });
        }
        Some(SeenPod {
            namespace: self.key.namespace.clone(),
            name: self.key.name.clone(),
            uid: self.uid.clone(),
            id: hex64(format!("{}/sandbox", self.uid).as_bytes()),
            ready: self.sandbox == Sandbox::Ready,
            created: self.start_time.unwrap_or(self.added),
            ip: self.ip.clone(),
            containers,
        })
    }
}
