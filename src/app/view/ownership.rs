//! Who owns whom, by ownerReferences; and who only selects, by labels.

use std::rc::Rc;

use crate::api::selector::Selector;
use crate::api::{Key, Kind, Object, Resource};
use crate::app::{Mirror, Shared};
use crate::app::{Text, say};
use crate::sim::ordered::Map as BTreeMap;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, ReplicationController, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::pod::Tile;
use super::revisions::{Revision, Revisions};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnershipView {
    /// The columns that there are, from left to right, and what they hold.
    pub columns: Vec<(Column, Rc<str>)>,
    pub items: Vec<Item>,
    pub edges: Vec<Edge>,
}

/// Where an object stands, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// Objects of other kinds, custom ones first of all, that own some of the rest; only where there are any.
    Owners,
    Written,
    Made,
    Pods,
    /// Claims; only where there are any.
    Claims,
    Services,
    Slices,
}

/// Owners that stand in no column of their own kind; more are not looked for.
const MOST_OWNERS: usize = 50;

/// Finds an owner in a namespace.
pub type FindOwner<'f> = &'f dyn Fn(&str, &OwnerReference) -> Option<Object>;

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub uid: Rc<str>,
    pub kind: Kind,
    pub key: Key,
    pub column: Column,
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
    /// The first has a volume that is the second.
    Uses,
}

impl OwnershipView {
    /// The objects that people made, and what came of them; the cluster's own are left out.
    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    pub fn build(
        mirror: &Mirror,
        tiles: &[Shared<Tile>],
        revisions: &mut Revisions,
        find: FindOwner<'_>,
    ) -> OwnershipView {
        let mut items = Vec::new();
        for deployment in mirror.deployments.iter().filter(|d| is_own(&d.metadata)) {
            let wanted = deployment.spec.as_ref().and_then(|s| s.replicas);
            let detail = replicas(wanted.unwrap_or(1));
            items.push(item(&**deployment, Column::Written, detail, None));
        }
        let workloads = mirror.workloads.values();
        let workloads = workloads.filter(|o| o.kind() != PersistentVolumeClaim::KIND);
        let mut workloads: Vec<&Object> = workloads.filter(|o| is_own(o.meta())).collect();
        workloads.sort_by_key(|o| (o.info().kind, o.key()));
        for object in workloads {
            items.push(Item {
                uid: object.uid().into(),
                kind: object.kind(),
                key: object.key(),
                column: match object.kind() == Job::KIND {
                    true => Column::Made,
                    false => Column::Written,
                },
                // The column is named after another kind.
                detail: Text::row([object.info().kind.into(), wants(object)], &" · ".into()),
                revision: None,
                tile: None,
            });
        }
        for set in mirror.replica_sets.iter().filter(|s| is_own(&s.metadata)) {
            let revision = revisions.of_set(set);
            let wanted = set.spec.as_ref().and_then(|s| s.replicas);
            let detail = replicas(wanted.unwrap_or(1));
            items.push(item(&**set, Column::Made, detail, revision));
        }
        let by_uid: BTreeMap<&str, &Shared<Tile>> = tiles.iter().map(|t| (&*t.uid, t)).collect();
        for pod in mirror.pods.iter().filter(|p| is_own(&p.metadata)) {
            let tile = by_uid.get(pod.uid()).copied();
            let detail = tile.map_or_else(Text::default, |t| Text::from(&t.status));
            items.push(Item {
                tile: tile.cloned(),
                ..item(&**pod, Column::Pods, detail, tile.and_then(|t| t.revision))
            });
        }
        for service in mirror.services.iter().filter(|s| is_own(&s.metadata)) {
            let ip = service.spec.as_ref().and_then(|s| s.cluster_ip.clone());
            items.push(item(
                &**service,
                Column::Services,
                ip.unwrap_or_default().into(),
                None,
            ));
        }
        for slice in mirror
            .endpoint_slices
            .iter()
            .filter(|s| is_own(&s.metadata))
        {
            let n = slice.endpoints.as_ref().map_or(0, Vec::len);
            let detail = say!("count.endpoints", n = n);
            items.push(item(&**slice, Column::Slices, detail, None));
        }
        items.extend(claims(mirror));
        add_owners(&mut items, mirror, find);
        OwnershipView {
            columns: columns(&items),
            edges: edges(&items, mirror, find),
            items,
        }
    }
}

/// The claims of storage.
fn claims(mirror: &Mirror) -> Vec<Item> {
    let all = mirror.workloads.values();
    let own = all.filter(|o| is_own(o.meta()));
    let mut claims: Vec<Item> = own
        .filter_map(|o| o.get::<PersistentVolumeClaim>())
        .map(|claim| {
            let status = claim.status.as_ref();
            let phase = status.and_then(|s| s.phase.as_deref()).unwrap_or_default();
            let room = status.and_then(|s| s.capacity.as_ref()?.get("storage"));
            let room = room.map(|q| q.0.as_str()).unwrap_or_default();
            let detail = match room {
                "" => phase.into(),
                room => Text::row([phase.into(), room.into()], &" · ".into()),
            };
            item(&**claim, Column::Claims, detail, None)
        })
        .collect();
    claims.sort_by(|a, b| a.key.cmp(&b.key));
    claims
}

/// Adds what owns an item and is none yet.
fn add_owners(items: &mut Vec<Item>, mirror: &Mirror, find: FindOwner<'_>) {
    let (mut next, first) = (0, items.len());
    while let Some(item) = items.get(next) {
        let namespace = item.key.namespace.to_string();
        let found: Vec<Object> = owners(item, mirror, find)
            .iter()
            .filter(|owner| items.iter().all(|i| *i.uid != *owner.uid))
            .filter_map(|owner| find(&namespace, owner))
            .collect();
        for object in found {
            let known = items.iter().any(|i| *i.uid == *object.uid());
            if !known && items.len() < first + MOST_OWNERS {
                items.push(Item {
                    uid: object.uid().into(),
                    kind: object.kind(),
                    key: object.key(),
                    column: Column::Owners,
                    detail: object.info().kind.into(),
                    revision: None,
                    tile: None,
                });
            }
        }
        next += 1;
    }
}

/// The columns that items need, with the names of what is in them.
fn columns(items: &[Item]) -> Vec<(Column, Rc<str>)> {
    let mut others: Vec<&str> = Vec::new();
    for item in items.iter().filter(|i| i.column == Column::Owners) {
        let kind = item.kind.info().kind;
        if !others.contains(&kind) && others.len() < 3 {
            others.push(kind);
        }
    }
    let has_claims = items.iter().any(|i| i.column == Column::Claims);
    let others = (!others.is_empty()).then(|| (Column::Owners, others.join(", ").into()));
    let claims = has_claims.then(|| (Column::Claims, "PersistentVolumeClaim".into()));
    let fixed = |column, name: &str| Some((column, Rc::from(name)));
    let all = [
        others,
        fixed(Column::Written, "Deployment"),
        fixed(Column::Made, "ReplicaSet"),
        fixed(Column::Pods, "Pod"),
        claims,
        fixed(Column::Services, "Service"),
        fixed(Column::Slices, "EndpointSlice"),
    ];
    all.into_iter().flatten().collect()
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

fn item<T: Resource>(object: &T, column: Column, detail: Text, revision: Option<Revision>) -> Item {
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

fn edges(items: &[Item], mirror: &Mirror, find: FindOwner<'_>) -> Vec<Edge> {
    let position: BTreeMap<&str, usize> = items
        .iter()
        .enumerate()
        .map(|(i, item)| (&*item.uid, i))
        .collect();
    let mut edges = Vec::new();
    for (to, item) in items.iter().enumerate() {
        for owner in owners(item, mirror, find) {
            if let Some(from) = position.get(&*owner.uid) {
                edges.push(Edge {
                    from: *from,
                    to,
                    relation: Relation::Owns,
                });
            }
        }
        if item.kind == Pod::KIND
            && let Some(pod) = mirror.pods.get(&item.key)
        {
            let volumes = pod.spec.iter().flat_map(|s| s.volumes.iter().flatten());
            for claim in volumes.filter_map(|v| v.persistent_volume_claim.as_ref()) {
                let key = Key::new(&item.key.namespace, &claim.claim_name);
                let is = |i: &Item| i.column == Column::Claims && i.key == key;
                if let Some(claim) = items.iter().position(is) {
                    edges.push(Edge {
                        from: to,
                        to: claim,
                        relation: Relation::Uses,
                    });
                }
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

/// An object's ownerReferences.
fn owners(item: &Item, mirror: &Mirror, find: FindOwner<'_>) -> Vec<OwnerReference> {
    let key = &item.key;
    let meta: Option<&ObjectMeta> = if item.kind == Pod::KIND {
        mirror.pods.get(key).map(|o| &o.metadata)
    } else if item.kind == ReplicaSet::KIND {
        mirror.replica_sets.get(key).map(|o| &o.metadata)
    } else if item.kind == EndpointSlice::KIND {
        mirror.endpoint_slices.get(key).map(|o| &o.metadata)
    } else if item.kind == Deployment::KIND {
        mirror.deployments.get(key).map(|o| &o.metadata)
    } else if item.kind == Service::KIND {
        mirror.services.get(key).map(|o| &o.metadata)
    } else if item.column == Column::Owners {
        // The mirror does not follow them.
        let itself = OwnerReference {
            api_version: item.kind.info().api_version(),
            kind: item.kind.info().kind.to_owned(),
            name: key.name.to_string(),
            uid: item.uid.to_string(),
            ..OwnerReference::default()
        };
        let object = find(&key.namespace, &itself);
        return object.map(|o| owners_of(o.meta())).unwrap_or_default();
    } else {
        mirror.workloads.get(&*item.uid).map(Object::meta)
    };
    meta.map(owners_of).unwrap_or_default()
}

fn owners_of(meta: &ObjectMeta) -> Vec<OwnerReference> {
    let owners = meta.owner_references.iter().flatten();
    owners.map(|owner| (**owner).clone()).collect()
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
                "{:?} {} {} of {owner}",
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
            "Written StatefulSet db of nobody",
            "Pods Pod db-0 of db",
            "Pods Pod db-1 of db",
            "Written CronJob tick of nobody",
        ] {
            assert!(drawn.iter().any(|d| d == expected), "{expected}: {drawn:?}");
        }
        let job = drawn.iter().find(|d| d.starts_with("Made Job tick-"));
        assert!(job.is_some_and(|d| d.ends_with(" of tick")), "{drawn:?}");
        let pod = drawn.iter().find(|d| d.starts_with("Pods Pod tick-"));
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

    #[test]
    fn claims_and_owners_of_other_kinds_are_there_too() {
        let mut app = App::fresh(1);
        app.dispatch(Msg::Show(View::Ownership));
        let columns = |app: &App| {
            let columns = &app.model().scene.ownership.columns;
            let names = columns.iter().map(|(_, name)| name.to_string());
            names.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            columns(&app),
            "Deployment ReplicaSet Pod Service EndpointSlice"
        );
        let yaml = "cat <<EOF | kubectl apply -f -\n\
            {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: 2, serviceName: db, \
            selector: {matchLabels: {a: db}}, template: {metadata: {labels: {a: db}}, spec: {containers: [{name: c, image: nginx, \
            volumeMounts: [{name: data, mountPath: /d}]}]}}, volumeClaimTemplates: [{metadata: {name: data}, spec: \
            {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}}\n\
            ---\n\
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: sites.example.com}, spec: \
            {group: example.com, scope: Namespaced, names: {kind: Site, plural: sites, singular: site}, versions: [{name: v1, \
            served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}\nEOF";
        app.run_at_once(yaml);
        app.run_on(crate::sim::secs(60));
        app.run_at_once("echo '{apiVersion: example.com/v1, kind: Site, metadata: {name: blog}}' | kubectl apply -f -");
        app.run_at_once(
            "kubectl create deploy blog --image=nginx && kubectl patch deploy blog --type=merge -p \
             \"{\\\"metadata\\\":{\\\"ownerReferences\\\":[{\\\"apiVersion\\\":\\\"example.com/v1\\\",\\\"kind\\\":\\\"Site\\\",\
             \\\"name\\\":\\\"blog\\\",\\\"uid\\\":\\\"$(kubectl get site blog -o jsonpath={.metadata.uid})\\\"}]}}\"",
        );
        app.run_on(crate::sim::secs(10));
        app.catch_up();
        let view = &app.model().scene.ownership;
        let drawn = drawn(view);
        for expected in [
            "Claims PersistentVolumeClaim data-db-0 of nobody",
            "Owners Site blog of nobody",
            "Written Deployment blog of blog",
        ] {
            assert!(drawn.iter().any(|d| d == expected), "{expected}: {drawn:?}");
        }
        assert_eq!(
            columns(&app),
            "Site Deployment ReplicaSet Pod PersistentVolumeClaim Service EndpointSlice"
        );
        let name = |i: usize| view.items.get(i).map_or("", |i| &*i.key.name);
        let uses = view.edges.iter().filter(|e| e.relation == Relation::Uses);
        let mut uses: Vec<(&str, &str)> = uses.map(|e| (name(e.from), name(e.to))).collect();
        uses.sort_unstable();
        assert_eq!(uses, [("db-0", "data-db-0"), ("db-1", "data-db-1")]);
    }
}
