//! Who owns whom, by ownerReferences; and who only selects, by labels.

use std::rc::Rc;

use crate::api::selector::Selector;
use crate::api::{Key, Kind, Object, Resource};
use crate::app::{Mirror, Shared};
use crate::app::{Text, say};
use crate::sim::ordered::Map as BTreeMap;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Pod, ReplicationController, Service};
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
    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
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
        let workloads = mirror.workloads.values();
        let mut workloads: Vec<&Object> = workloads.filter(|o| is_own(o.meta())).collect();
        workloads.sort_by_key(|o| (o.info().kind, o.key()));
        for object in workloads {
            items.push(Item {
                uid: object.uid().into(),
                kind: object.kind(),
                key: object.key(),
                column: u8::from(object.kind() == Job::KIND),
                // The column is named after another kind.
                detail: Text::row([object.info().kind.into(), wants(object)], &" · ".into()),
                revision: None,
                tile: None,
            });
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

/// What a workload is to make, in short.
fn wants(object: &Object) -> Text {
    if let Some(set) = object.get::<StatefulSet>() {
        return replicas(set.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1));
    }
    if let Some(set) = object.get::<ReplicationController>() {
        return replicas(set.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1));
    }
    if let Some(set) = object.get::<DaemonSet>() {
        let status = set.status.as_ref();
        let n = status.map_or(0, |s| s.desired_number_scheduled);
        return say!("count.pods", n = n);
    }
    if let Some(job) = object.get::<Job>() {
        // As the column COMPLETIONS has it.
        let done = job.status.as_ref().and_then(|s| s.succeeded);
        let of = job.spec.as_ref().and_then(|s| s.completions);
        return format!("{}/{}", done.unwrap_or(0), of.unwrap_or(1)).into();
    }
    let job = object.get::<CronJob>();
    let schedule = job.map(|job| &*job.spec.schedule);
    schedule.unwrap_or_default().into()
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
        mirror.workloads.get(&*item.uid).map(Object::meta)
    };
    meta.and_then(|m| m.owner_references.as_deref())
        .unwrap_or_default()
        .iter()
        .map(|reference| reference.uid.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{App, Msg, View};

    /// Kind, name and column of what is there, and what owns it.
    fn drawn(view: &OwnershipView) -> Vec<String> {
        let owner = |i: usize| {
            view.edges
                .iter()
                .find(|e| e.to == i && e.relation == Relation::Owns)
        };
        let items = view.items.iter().enumerate().map(|(i, item)| {
            let owner = owner(i).and_then(|e| view.items.get(e.from));
            let owner = owner.map_or("nobody", |o| &*o.key.name);
            format!(
                "{} {} {} of {owner}",
                item.column,
                item.kind.info().kind,
                item.key.name
            )
        });
        items.collect()
    }

    #[test]
    fn every_maker_of_pods_is_there_with_its_pods() {
        let mut app = App::fresh(1);
        app.dispatch(Msg::Show(View::Ownership));
        let yaml = "cat <<EOF | kubectl apply -f -\n\
            {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: 2, serviceName: db, \
            selector: {matchLabels: {a: db}}, template: {metadata: {labels: {a: db}}, spec: {containers: [{name: c, image: nginx}]}}}}\n\
            ---\n\
            {apiVersion: batch/v1, kind: CronJob, metadata: {name: tick}, spec: {schedule: '* * * * *', jobTemplate: {spec: \
            {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [sleep, '1000']}]}}}}}}\nEOF";
        app.run_at_once(yaml);
        app.run_on(crate::sim::secs(90));
        app.catch_up();
        let drawn = drawn(&app.model().scene.ownership);
        for expected in [
            "0 StatefulSet db of nobody",
            "2 Pod db-0 of db",
            "2 Pod db-1 of db",
            "0 CronJob tick of nobody",
        ] {
            assert!(drawn.iter().any(|d| d == expected), "{expected}: {drawn:?}");
        }
        let job = drawn.iter().find(|d| d.starts_with("1 Job tick-"));
        assert!(job.is_some_and(|d| d.ends_with(" of tick")), "{drawn:?}");
        let pod = drawn.iter().find(|d| d.starts_with("2 Pod tick-"));
        assert!(pod.is_some_and(|d| d.contains(" of tick-")), "{drawn:?}");
        let details = app
            .model()
            .scene
            .ownership
            .items
            .iter()
            .find(|i| &*i.key.name == "db");
        let words = crate::app::Words::english();
        assert_eq!(
            details.map(|i| words.say(&i.detail)).as_deref(),
            Some("StatefulSet · 2 replicas")
        );
    }
}
