//! Deleting what a namespace holds, kind by kind, pods first (KEP-5080)
//! (`pkg/controller/namespace/deletion/namespaced_resources_deleter.go`).

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Namespace, Pod};

use crate::api::time::from_api;
use crate::api::{Key, Kind, Object, Resource, status::qualified};
use crate::apiserver::{DeleteOptions, Propagation};
use crate::controllers::controller::Scope;
use crate::controllers::pods;
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

/// How long to wait for finalizers of others before looking again.
const FINALIZERS_SECONDS: u64 = 15;

/// What a round of deleting came to.
#[derive(Default)]
pub struct Content {
    /// How long until it is worth to look again; zero when nothing is left.
    pub estimate_seconds: u64,
    /// How many objects are left, by resource: "configmaps.", "deployments.apps".
    pub remaining: BTreeMap<String, usize>,
    pub finalizers: BTreeMap<String, usize>,
    pub failures: Vec<String>,
}

pub fn delete_all(scope: &mut Scope<'_, '_>, namespace: &Namespace) -> Content {
    let mut content = Content::default();
    delete_kind(scope, namespace, Pod::KIND, &mut content);
    if !content.remaining.is_empty() {
        // What pods may need to end well (secrets, policies) stays until they are gone.
        return content;
    }
    let mut customs = scope.caches.custom_kinds.clone();
    customs.retain(|k| k.info().namespaced);
    let kinds = Kind::all().filter(|k| k.info().namespaced && *k != Pod::KIND);
    for kind in kinds.chain(customs) {
        delete_kind(scope, namespace, kind, &mut content);
    }
    content
}

fn delete_kind(
    scope: &mut Scope<'_, '_>,
    namespace: &Namespace,
    kind: Kind,
    content: &mut Content,
) {
    let info = kind.info();
    let name = namespace.name();
    let objects = scope.ctx.server.list_objects(kind, Some(name));
    if objects.is_empty() {
        return;
    }
    scope.look(objects.len());
    let estimate = graceful_termination(&objects, namespace, scope.now());
    let options = DeleteOptions {
        propagation: Some(Propagation::Background),
        ..DeleteOptions::default()
    };
    for object in objects.iter().filter(|o| !o.is_deleting()) {
        let key = Key::new(name, object.name());
        let deleted = scope.ctx.delete_any(kind, &key, &options);
        if let Err(status) = deleted
            && !status.is_not_found()
        {
            content.failures.push(status.message.clone());
        }
    }
    let left = scope.ctx.server.list_objects(kind, Some(name));
    if left.is_empty() {
        return;
    }
    let resource = if info.group.is_empty() {
        format!("{}.", info.plural)
    } else {
        qualified(info.plural, info.group)
    };
    let finalizers = left
        .iter()
        .flat_map(|o| o.meta().finalizers.iter().flatten());
    let mut held = false;
    for finalizer in finalizers {
        held = true;
        *content.finalizers.entry(finalizer.clone()).or_default() += 1;
    }
    content.remaining.insert(resource, left.len());
    let wait = match estimate {
        0 if held => FINALIZERS_SECONDS,
        0 => 1,
        estimate => estimate,
    };
    content.estimate_seconds = content.estimate_seconds.max(wait);
}

/// How many seconds the longest grace period of the pods still takes.
fn graceful_termination(objects: &[Object], namespace: &Namespace, now: Time) -> u64 {
    let pods = objects.iter().filter_map(|o| o.get::<Pod>());
    let grace = |pod: &Rc<Pod>| {
        let spec = pod.spec.as_ref();
        spec.and_then(|s| s.termination_grace_period_seconds)
            .unwrap_or_default()
    };
    let longest = pods
        .filter(|p| !pods::is_terminal(p))
        .map(grace)
        .max()
        .unwrap_or_default();
    let deleted = namespace.metadata.deletion_timestamp.as_ref();
    let passed = deleted.map_or(0, |t| now.since(from_api(t)).as_secs());
    u64::try_from(longest)
        .unwrap_or_default()
        .saturating_sub(passed)
}
