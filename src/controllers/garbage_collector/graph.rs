//! Who owns whom, by uid (`pkg/controller/garbagecollector/graph_builder.go`).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::{FOREGROUND, ORPHAN, kind_of};
use crate::api::{Key, Kind, Name, Object};
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

/// What an object is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `None` for a kind that is not served.
    pub kind: Option<Kind>,
    pub key: Key,
    pub uid: Name,
}

/// An owner as a dependent names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub uid: Name,
    /// A foreground deletion of the owner waits for this dependent.
    pub blocks: bool,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub identity: Identity,
    pub owners: Vec<Owner>,
    pub dependents: BTreeSet<Name>,
    pub being_deleted: bool,
    /// Being deleted in the foreground: it waits for its dependents.
    pub deleting_dependents: bool,
    orphaning: bool,
}

impl Node {
    pub fn blocks(&self, owner: &str) -> bool {
        self.owners.iter().any(|o| *o.uid == *owner && o.blocks)
    }
}

/// What the watch of an object brought to light.
#[derive(Default)]
pub struct Observed {
    /// Objects whose owners are to be checked.
    pub to_check: Vec<Name>,
    pub starts_orphaning: bool,
}

/// The graph. Nodes that nobody refers to and that own nothing are kept as well: they may become
/// owners, and the cost is one small node per object.
#[derive(Clone, Default)]
pub struct Graph {
    nodes: BTreeMap<Name, Node>,
}

impl Graph {
    pub fn get(&self, uid: &Name) -> Option<&Node> {
        self.nodes.get(uid)
    }

    /// The nodes that depend on `uid`.
    pub fn dependents<'g>(&'g self, uid: &Name) -> impl Iterator<Item = &'g Node> {
        self.nodes
            .get(uid)
            .into_iter()
            .flat_map(|n| &n.dependents)
            .filter_map(|d| self.nodes.get(d))
    }

    /// Takes in an object as it is now.
    pub fn observe(&mut self, object: &Object, customs: &[Kind]) -> Observed {
        let mut observed = Observed::default();
        let uid = Name::new(object.uid());
        let references = object.meta().owner_references.as_deref();
        let references = references.unwrap_or_default();
        let owners: Vec<Owner> = references.iter().map(|r| owner(r)).collect();
        let has = |finalizer: &str| {
            let mut finalizers = object.meta().finalizers.iter().flatten();
            finalizers.any(|f| f == finalizer)
        };
        let deleting = object.is_deleting();
        let (foreground, orphaning) = (deleting && has(FOREGROUND), deleting && has(ORPHAN));

        let is_known = self.nodes.get(&uid).is_some_and(|node| {
            let key = &node.identity.key;
            node.owners == owners
                && node.identity.kind == Some(object.kind())
                && (&*key.namespace, &*key.name) == (object.namespace(), object.name())
                && node.being_deleted == deleting
                && node.deleting_dependents == foreground
                && node.orphaning == orphaning
        });
        if is_known {
            // Most changes are of a status.
            return observed;
        }

        // Taken out, not cloned: an owner may have thousands of dependents.
        let mut old = self.nodes.remove(&uid);
        let before = old.as_mut().map(|n| std::mem::take(&mut n.owners));
        let before = before.unwrap_or_default();
        for lost in before.iter().filter(|o| !owners.contains(o)) {
            self.lose_owner(&uid, lost, &owners, &mut observed);
        }
        let identity = Identity {
            kind: Some(object.kind()),
            key: object.key(),
            uid: uid.clone(),
        };
        for reference in references {
            if before.iter().any(|o| *o.uid == *reference.uid) {
                continue;
            }
            self.gain_owner(&identity, reference, customs, &mut observed);
        }
        let dependents = old.as_mut().map(|n| std::mem::take(&mut n.dependents));
        let dependents = dependents.unwrap_or_default();
        let node = Node {
            identity,
            owners,
            dependents,
            being_deleted: deleting,
            deleting_dependents: foreground,
            orphaning,
        };
        if foreground && !old.as_ref().is_some_and(|n| n.deleting_dependents) {
            observed.to_check.extend(node.dependents.iter().cloned());
            observed.to_check.push(uid.clone());
        }
        observed.starts_orphaning = orphaning && !old.is_some_and(|n| n.orphaning);
        self.nodes.insert(uid, node);
        observed
    }

    /// A dependent no longer names an owner, or no longer blocks its deletion.
    fn lose_owner(&mut self, uid: &Name, lost: &Owner, owners: &[Owner], observed: &mut Observed) {
        let Some(node) = self.nodes.get_mut(&lost.uid) else {
            return;
        };
        if !owners.iter().any(|o| o.uid == lost.uid) {
            node.dependents.remove(uid);
        }
        if lost.blocks && node.deleting_dependents {
            observed.to_check.push(lost.uid.clone());
        }
    }

    fn gain_owner(
        &mut self,
        dependent: &Identity,
        reference: &OwnerReference,
        customs: &[Kind],
        observed: &mut Observed,
    ) {
        let uid = Name::new(&reference.uid);
        let kind = kind_of(&reference.api_version, &reference.kind, customs);
        if let Some(node) = self.nodes.get_mut(&uid) {
            node.dependents.insert(dependent.uid.clone());
            // A dependent that names its owner by another name or namespace than it has does
            // not have this owner.
            let here = owner_key(kind, reference, dependent);
            let matches = node.identity.kind == kind && node.identity.key == here;
            if !matches || node.deleting_dependents {
                observed.to_check.push(dependent.uid.clone());
            }
            return;
        }
        // Never seen: it may come, or be gone already. The node is checked at the API server.
        let node = Node {
            identity: Identity {
                kind,
                key: owner_key(kind, reference, dependent),
                uid: uid.clone(),
            },
            owners: Vec::new(),
            dependents: BTreeSet::from([dependent.uid.clone()]),
            being_deleted: false,
            deleting_dependents: false,
            orphaning: false,
        };
        self.nodes.insert(uid.clone(), node);
        observed.to_check.push(uid);
    }

    /// Forgets an object that is gone. Returns those whose owners are to be checked: its
    /// dependents, and owners that waited for it.
    pub fn remove(&mut self, uid: &Name) -> Vec<Name> {
        let Some(node) = self.nodes.remove(uid) else {
            return Vec::new();
        };
        let mut to_check: Vec<Name> = node.dependents.iter().cloned().collect();
        for owner in node.owners {
            if let Some(above) = self.nodes.get_mut(&owner.uid) {
                above.dependents.remove(uid);
                if above.deleting_dependents {
                    to_check.push(owner.uid);
                }
            }
        }
        to_check
    }
}

fn owner(reference: &OwnerReference) -> Owner {
    Owner {
        uid: reference.uid.as_str().into(),
        blocks: reference.block_owner_deletion.unwrap_or_default(),
    }
}

/// Where the owner is, seen from a dependent: in its namespace, or of the cluster.
pub fn owner_key(kind: Option<Kind>, reference: &OwnerReference, dependent: &Identity) -> Key {
    let namespaced = kind.is_none_or(|k| k.info().namespaced);
    let namespace = if namespaced {
        &*dependent.key.namespace
    } else {
        ""
    };
    Key::new(namespace, &reference.name)
}
