//! The control plane: who wrote last, and what.

use crate::app::history::{History, Write};
use crate::app::{Text, say};

/// How many writes are listed.
const LISTED: usize = 12;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControlPlane {
    /// etcd's revision.
    pub revision: u64,
    pub parts: Vec<Part>,
    /// Newest first.
    pub writes: Vec<Write>,
}

/// A component that writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub name: Name,
    /// What it is for, in a few words.
    pub role: Text,
    /// The revision of its last write; zero when it has not written lately.
    pub last: u64,
    /// "bound pod web-1".
    pub words: Text,
}

/// Who is who; the last two are where writes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    You,
    Scheduler,
    ControllerManager,
    Kubelet,
    ApiServer,
    Etcd,
}

impl Name {
    const ALL: [Name; 6] = [
        Name::You,
        Name::Scheduler,
        Name::ControllerManager,
        Name::Kubelet,
        Name::ApiServer,
        Name::Etcd,
    ];

    pub fn label(self) -> Text {
        match self {
            Name::You => say!("part.you"),
            Name::Scheduler => "kube-scheduler".into(),
            Name::ControllerManager => "kube-controller-manager".into(),
            Name::Kubelet => "kubelet".into(),
            Name::ApiServer => "kube-apiserver".into(),
            Name::Etcd => "etcd".into(),
        }
    }

    fn role(self) -> Text {
        match self {
            Name::You => say!("part.you.role"),
            Name::Scheduler => say!("part.scheduler.role"),
            Name::ControllerManager => say!("part.controllers.role"),
            Name::Kubelet => say!("part.kubelet.role"),
            Name::ApiServer => say!("part.apiserver.role"),
            Name::Etcd => Text::default(),
        }
    }
}

/// The positions of the API server and of etcd among the parts.
pub const SERVER: usize = 4;
pub const STORE: usize = 5;

fn part_of(actor: &str) -> Name {
    if actor.starts_with("node:") || actor.starts_with("kubelet") {
        return Name::Kubelet;
    }
    if actor.contains("scheduler") {
        return Name::Scheduler;
    }
    if actor.contains("controller") {
        return Name::ControllerManager;
    }
    if actor.contains("apiserver") {
        return Name::ApiServer;
    }
    Name::You
}

impl ControlPlane {
    pub fn build(history: &History, revision: u64) -> ControlPlane {
        let mut parts: Vec<Part> = Name::ALL
            .into_iter()
            .map(|name| Part {
                name,
                role: name.role(),
                last: 0,
                words: Text::default(),
            })
            .collect();
        let mut writes = Vec::new();
        // Events are for people: everyone writes them beside what matters.
        for write in history.writes(revision).filter(|w| w.kind != "Event") {
            let name = part_of(&write.actor);
            if let Some(part) = parts.iter_mut().find(|p| p.name == name && p.last == 0) {
                part.last = write.revision;
                part.words = words(write);
            }
            if writes.len() < LISTED {
                writes.push(write.clone());
            }
        }
        if let Some(store) = parts.get_mut(STORE) {
            store.words = say!("part.etcd.revision", n = revision);
        }
        ControlPlane {
            revision,
            parts,
            writes,
        }
    }

    /// The revision of the newest write that is shown.
    pub fn newest(&self) -> u64 {
        self.writes.first().map_or(0, |write| write.revision)
    }

    /// Who made it, by position among the parts.
    pub fn writer(&self) -> Option<usize> {
        let name = part_of(&self.writes.first()?.actor);
        self.parts.iter().position(|part| part.name == name)
    }
}

/// "updated Pod web-1".
pub fn words(write: &Write) -> Text {
    let (kind, name) = (write.kind, &write.name);
    match write.verb {
        "create" => say!("write.created", kind = kind, name = name),
        "delete" => say!("write.deleted", kind = kind, name = name),
        _ => say!("write.updated", kind = kind, name = name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_are_told_apart_by_their_names() {
        assert_eq!(part_of("node:worker-1"), Name::Kubelet);
        assert_eq!(part_of("kube-scheduler"), Name::Scheduler);
        assert_eq!(part_of("kube-controller-manager"), Name::ControllerManager);
        assert_eq!(part_of("kubectl-client-side-apply"), Name::You);
    }
}
