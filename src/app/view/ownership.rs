//! Who owns whom, by ownerReferences; and who only selects, by labels.

use std::rc::Rc;

use crate::api::selector::Selector;
use crate::api::{Key, Kind, Resource};
use crate::app::{Mirror, Shared};
use crate::app::{Text, say};
use crate::sim::ordered::Map as BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::pod::Tile;
use super::revisions::{Revision, Revisions};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnershipView {
    pub items: Vec<Item>,
    pub edges: Vec<Edge>,
}

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub uid: Rc<str>,
    pub kind: Kind,
    pub key: Key,
    /// From left to right: what was written, what it made, pods, services, their slices.
    pub column: u8,
    /// "3 replicas", "10.96.0.7".
    pub detail: Text,
    pub revision: Option<Revision>,
    pub tile: Option<Shared<Tile>>,
}

/// A relation between two items, by their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    pub relation: Relation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The second has an ownerReference to the first.
    Owns,
    /// The first has a selector that matches the labels of the second.
    Selects,
}

impl OwnershipView {
    /// The objects that people made, and what came of them; the cluster's own are left out.
    pub fn build(
        mirror: &Mirror,
        tiles: &[Shared<Tile>],
        revisions: &mut Revisions,
    ) -> OwnershipView {
        let mut items = Vec::new();
        for deployment in mirror.deployments.iter().filter(|d| is_own(&d.metadata)) {
            let wanted = deployment.spec.as_ref().and_then(|s| s.replicas);
            let detail = replicas(wanted.unwrap_or(1));
            items.push(item(&**deployment, 0, detail, None));
        }
        for set in mirror.replica_sets.iter().filter(|s| is_own(&s.metadata)) {
            let owner = crate::api::controller_of(&set.metadata).map(|o| o.name.as_str());
            let hash = set
                .metadata
                .labels
                .as_ref()
                .and_then(|l| l.get("pod-template-hash"));
            let revision = match (owner, hash) {
                (Some(owner), Some(hash)) => {
                    Some(revisions.of(&format!("{}/{owner}", set.namespace()), hash))
                }
                _ => None,
            };
            let wanted = set.spec.as_ref().and_then(|s| s.replicas);
            let detail = replicas(wanted.unwrap_or(1));
            items.push(item(&**set, 1, detail, revision));
        }
        let by_uid: BTreeMap<&str, &Shared<Tile>> = tiles.iter().map(|t| (&*t.uid, t)).collect();
        for pod in mirror.pods.iter().filter(|p| is_own(&p.metadata)) {
            let tile = by_uid.get(pod.uid()).copied();
            let detail = tile.map_or_else(Text::default, |t| Text::from(&t.status));
            items.push(Item {
                tile: tile.cloned(),
                ..item(&**pod, 2, detail, tile.and_then(|t| t.revision))
            });
        }
        for service in mirror.services.iter().filter(|s| is_own(&s.metadata)) {
            let ip = service.spec.as_ref().and_then(|s| s.cluster_ip.clone());
            items.push(item(&**service, 3, ip.unwrap_or_default().into(), None));
        }
        for slice in mirror
            .endpoint_slices
            .iter()
            .filter(|s| is_own(&s.metadata))
        {
            let n = slice.endpoints.as_ref().map_or(0, Vec::len);
            let detail = say!("count.endpoints", n = n);
            items.push(item(&**slice, 4, detail, None));
        }
        let edges = edges(&items, mirror);
        OwnershipView { items, edges }
    }
}

fn replicas(n: i32) -> Text {
    say!("count.replicas", n = n)
}

/// Not one of the cluster's own objects.
fn is_own(meta: &ObjectMeta) -> bool {
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    let name = meta.name.as_deref().unwrap_or_default();
    namespace != "kube-system" && !(namespace == "default" && name == "kubernetes")
}

fn item<T: Resource>(object: &T, column: u8, detail: Text, revision: Option<Revision>) -> Item {
    Item {
        uid: object.uid().into(),
        kind: T::KIND,
        key: object.key(),
        column,
        detail,
        revision,
        tile: None,
    }
}

fn edges(items: &[Item], mirror: &Mirror) -> Vec<Edge> {
    let position: BTreeMap<&str, usize> = items
        .iter()
        .enumerate()
        .map(|(i, item)| (&*item.uid, i))
        .collect();
    let mut edges = Vec::new();
    for (to, item) in items.iter().enumerate() {
        for owner in owners(item, mirror) {
            if let Some(from) = position.get(owner) {
                edges.push(Edge {
                    from: *from,
                    to,
                    relation: Relation::Owns,
                });
            }
        }
        if item.kind != Service::KIND {
            continue;
        }
        let Some(service) = mirror.services.get(&item.key) else {
            continue;
        };
        let selector = service.spec.as_ref().and_then(|s| s.selector.as_ref());
        let Some(selector) = selector.filter(|s| !s.is_empty()) else {
            continue;
        };
        let selector = Selector::from_labels(selector);
        for pod in mirror.pods.in_namespace(&item.key.namespace) {
            let matches = pod
                .metadata
                .labels
                .as_ref()
                .is_some_and(|l| selector.matches(l));
            if let Some(pod) = position.get(pod.uid()).filter(|_| matches) {
                edges.push(Edge {
                    from: to,
                    to: *pod,
                    relation: Relation::Selects,
                });
            }
        }
    }
    edges
}

/// The uids in an object's ownerReferences.
fn owners<'m>(item: &Item, mirror: &'m Mirror) -> impl Iterator<Item = &'m str> {
    let key = &item.key;
    let meta: Option<&ObjectMeta> = if item.kind == Pod::KIND {
        mirror.pods.get(key).map(|o| &o.metadata)
    } else if item.kind == ReplicaSet::KIND {
        mirror.replica_sets.get(key).map(|o| &o.metadata)
    } else if item.kind == EndpointSlice::KIND {
        mirror.endpoint_slices.get(key).map(|o| &o.metadata)
    } else if item.kind == Deployment::KIND {
        mirror.deployments.get(key).map(|o| &o.metadata)
    } else {
        None
    };
    meta.and_then(|m| m.owner_references.as_deref())
        .unwrap_or_default()
        .iter()
        .map(|reference| reference.uid.as_str())
}
