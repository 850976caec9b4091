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

/// Who is who, by the name under which a component speaks.
const PARTS: [(&str, &str); 5] = [
    ("You", "kubectl and this page"),
    ("kube-scheduler", "chooses a node for each pod"),
    (
        "kube-controller-manager",
        "makes what is match what was asked for",
    ),
    ("kubelet", "runs the pods of its node"),
    ("kube-apiserver", "checks, stores and tells"),
];

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
        for write in history.writes(revision) {
            let name = part_of(&write.actor);
            if let Some(part) = parts.iter_mut().find(|p| p.name == name && p.last == 0) {
                part.last = write.revision;
                part.words = words(write).into();
            }
            if writes.len() < LISTED {
                writes.push(write.clone());
            }
        }
        ControlPlane {
            revision,
            parts,
            writes,
        }
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
