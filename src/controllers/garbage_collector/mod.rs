//! The garbage collector: what has no living owner goes
//! (`k8s.io/kubernetes/pkg/controller/garbagecollector`).
//!
//! A graph of owners and dependents is kept by the watches of all kinds; a deletion looks at the
//! dependents of the deleted object only, never at all objects. Owners are asked for at the API
//! server before anything is deleted, since the graph may be behind.

mod attempt;
mod graph;
mod orphan;

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::api::{Key, Kind, Name, Object, Result};
use crate::apiserver::{EventType, Propagation};

use graph::{Graph, Identity};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// What is to be done with an object: the namespace of a queue's key, whose name is the uid.
const DELETE: &str = "delete";
const RELEASE: &str = "orphan";

#[derive(Clone, Default)]
pub struct GarbageCollector {
    graph: Graph,
}

fn attempt_to_delete(uid: &str) -> Key {
    Key::new(DELETE, uid)
}

impl Controller for GarbageCollector {
    fn name(&self) -> &'static str {
        "generic-garbage-collector"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        let object = &change.object;
        if change.event == EventType::Deleted {
            for uid in self.graph.remove(&Name::new(object.uid())) {
                triggers.add(attempt_to_delete(&uid));
            }
            return;
        }
        let observed = self.graph.observe(object, &caches.custom_kinds);
        for uid in observed.to_check {
            triggers.add(attempt_to_delete(&uid));
        }
        if observed.starts_orphaning {
            triggers.add(Key::new(RELEASE, object.uid()));
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        if &*key.namespace == RELEASE {
            self.orphan_dependents(scope, &key.name)?;
        } else {
            self.attempt(scope, &key.name)?;
        }
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

/// The object that an identity names, if it is still the one of that uid.
fn live(scope: &Scope<'_, '_>, identity: &Identity) -> Option<Object> {
    let (namespace, name) = (&identity.key.namespace, &identity.key.name);
    let object = scope
        .ctx
        .server
        .get_object(identity.kind?, namespace, name)
        .ok()?;
    (object.uid() == &*identity.uid).then_some(object)
}

/// Takes a finalizer from an object; nothing to do when the object is gone.
fn remove_finalizer(scope: &mut Scope<'_, '_>, object: &Object, finalizer: &str) -> Result<()> {
    change(scope, object, |object| {
        let meta = object.meta_mut();
        if let Some(finalizers) = &mut meta.finalizers {
            finalizers.retain(|f| f != finalizer);
        }
        if meta.finalizers.as_ref().is_some_and(Vec::is_empty) {
            meta.finalizers = None;
        }
    })
}

/// Takes owners from an object.
fn remove_owners(scope: &mut Scope<'_, '_>, object: &Object, uids: &[Name]) -> Result<()> {
    change(scope, object, |object| {
        let meta = object.meta_mut();
        if let Some(owners) = &mut meta.owner_references {
            owners.retain(|o| !uids.iter().any(|uid| **uid == *o.uid));
        }
        if meta.owner_references.as_ref().is_some_and(Vec::is_empty) {
            meta.owner_references = None;
        }
    })
}

/// Changes the metadata of an object that was just read.
fn change(
    scope: &mut Scope<'_, '_>,
    object: &Object,
    change: impl FnOnce(&mut Object),
) -> Result<()> {
    let mut object = object.clone();
    change(&mut object);
    match scope.ctx.update_any(object) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

/// How the deletion of a dependent goes on: as its own finalizers say.
fn propagation(object: &Object) -> Propagation {
    let has = |finalizer: &str| {
        let finalizers = object.meta().finalizers.iter().flatten();
        finalizers.into_iter().any(|f| f == finalizer)
    };
    if has(ORPHAN) {
        Propagation::Orphan
    } else if has(FOREGROUND) {
        Propagation::Foreground
    } else {
        Propagation::Background
    }
}

/// The kind that a reference names, if it is served.
fn kind_of(api_version: &str, kind: &str, customs: &[Kind]) -> Option<Kind> {
    Kind::by_gvk(api_version, kind).or_else(|| {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let named = |k: &&Kind| k.info().kind == kind && k.info().group == group;
        customs.iter().find(named).copied()
    })
}
