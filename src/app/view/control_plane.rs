//! The control plane: who wrote last, and what.

use std::rc::Rc;

use crate::app::history::{History, Write};

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
    pub name: &'static str,
    /// What it is for, in a few words.
    pub role: &'static str,
    /// The revision of its last write; zero when it has not written lately.
    pub last: u64,
    /// "bound pod web-1".
    pub words: Rc<str>,
}

/// Who is who, by the name under which a component speaks; the last two are where writes go.
const PARTS: [(&str, &str); 6] = [
    ("You", "kubectl and this page"),
    ("kube-scheduler", "chooses a node for each pod"),
    (
        "kube-controller-manager",
        "makes what is match what was asked for",
    ),
    ("kubelet", "runs the pods of its node"),
    ("kube-apiserver", "checks, stores and tells"),
    ("etcd", ""),
];

/// The positions of the API server and of etcd among the parts.
pub const SERVER: usize = 4;
pub const STORE: usize = 5;

fn part_of(actor: &str) -> &'static str {
    if actor.starts_with("node:") || actor.starts_with("kubelet") {
        return "kubelet";
    }
    if actor.contains("scheduler") {
        return "kube-scheduler";
    }
    if actor.contains("controller") {
        return "kube-controller-manager";
    }
    if actor.contains("apiserver") {
        return "kube-apiserver";
    }
    "You"
}

impl ControlPlane {
    pub fn build(history: &History, revision: u64) -> ControlPlane {
        let mut parts: Vec<Part> = PARTS
            .into_iter()
            .map(|(name, role)| Part {
                name,
                role,
                last: 0,
                words: "".into(),
            })
            .collect();
        let mut writes = Vec::new();
        // Events are for people: everyone writes them beside what matters.
        for write in history.writes(revision).filter(|w| w.kind != "Event") {
            let name = part_of(&write.actor);
            if let Some(part) = parts.iter_mut().find(|p| p.name == name && p.last == 0) {
                part.last = write.revision;
                part.words = words(write).into();
            }
            if writes.len() < LISTED {
                writes.push(write.clone());
            }
        }
        if let Some(store) = parts.get_mut(STORE) {
            store.words = format!("revision {revision}").into();
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
pub fn words(write: &Write) -> String {
    let verb = match write.verb {
        "create" => "created",
        "delete" => "deleted",
        _ => "updated",
    };
    format!("{verb} {} {}", write.kind, write.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_are_told_apart_by_their_names() {
        assert_eq!(part_of("node:worker-1"), "kubelet");
        assert_eq!(part_of("kube-scheduler"), "kube-scheduler");
        assert_eq!(
            part_of("kube-controller-manager"),
            "kube-controller-manager"
        );
        assert_eq!(part_of("kubectl-client-side-apply"), "You");
    }
}
