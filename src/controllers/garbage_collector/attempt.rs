//! Whether an object has to go (`pkg/controller/garbagecollector/garbagecollector.go`
//! attemptToDeleteItem).

use k8s_openapi::Shared;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::graph::{Identity, Node, owner_key};
use super::{FOREGROUND, GarbageCollector, attempt_to_delete, kind_of, live, propagation};
use crate::api::{Name, Object, Result};
use crate::apiserver::{DeleteOptions, Propagation};
use crate::controllers::controller::Scope;

/// The owners of an object, told apart by their state at the API server.
#[derive(Default)]
struct Owners {
    solid: usize,
    /// Gone, or another object of the same name.
    dangling: Vec<Name>,
    /// Being deleted in the foreground: they wait for this object.
    waiting: Vec<Name>,
}

impl GarbageCollector {
    pub(super) fn attempt(&mut self, scope: &mut Scope<'_, '_>, uid: &Name) -> Result<()> {
        let Some(node) = self.graph.get(uid).cloned() else {
            return Ok(());
        };
        if node.being_deleted && !node.deleting_dependents {
            return Ok(());
        }
        let identity = &node.identity;
        if identity.kind.is_none() {
            // Objects of a kind that is not served cannot be asked for: nothing is deleted.
            return Ok(());
        }
        let Some(object) = live(scope, identity) else {
            // Gone, or never there: as if its deletion had been seen.
            for uid in self.graph.remove(uid) {
                scope.trigger(attempt_to_delete(&uid));
            }
            return Ok(());
        };
        if node.deleting_dependents {
            return self.wait_for_dependents(scope, &node, &object);
        }
        let references = object.meta().owner_references.clone().unwrap_or_default();
        if references.is_empty() {
            return Ok(());
        }
        scope.look(references.len());
        let owners = classify(scope, identity, &references);
        if owners.solid > 0 {
            let gone = [owners.dangling, owners.waiting].concat();
            if !gone.is_empty() {
                let note = format!("{} of its owners are gone", gone.len());
                scope.decide(object.info().kind, &identity.key, &note);
                super::remove_owners(scope, &object, &gone)?;
            }
            return Ok(());
        }
        if !owners.waiting.is_empty() && !node.dependents.is_empty() {
            self.break_circle(scope, &node, &object)?;
            let note = "its owner waits for it to be deleted, and it has dependents of its own";
            return delete(scope, identity, note, Propagation::Foreground);
        }
        let note = if owners.waiting.is_empty() {
            "its owner is gone"
        } else {
            "its owner waits for it to be deleted"
        };
        delete(scope, identity, note, propagation(&object))
    }

    /// A foreground deletion ends when no dependent blocks it any longer.
    fn wait_for_dependents(
        &mut self,
        scope: &mut Scope<'_, '_>,
        node: &Node,
        object: &Object,
    ) -> Result<()> {
        let uid = &node.identity.uid;
        let blocking: Vec<&Node> = self
            .graph
            .dependents(uid)
            .filter(|d| d.blocks(uid))
            .collect();
        scope.look(node.dependents.len());
        if blocking.is_empty() {
            scope.decide(
                object.info().kind,
                &node.identity.key,
                "all its dependents are gone",
            );
            return super::remove_finalizer(scope, object, FOREGROUND);
        }
        for dependent in blocking.iter().filter(|d| !d.deleting_dependents) {
            scope.trigger(attempt_to_delete(&dependent.identity.uid));
        }
        Ok(())
    }

    /// Two objects that own each other would wait for each other for ever: one stops blocking.
    fn break_circle(
        &mut self,
        scope: &mut Scope<'_, '_>,
        node: &Node,
        object: &Object,
    ) -> Result<()> {
        let uid = &node.identity.uid;
        if !self.graph.dependents(uid).any(|d| d.deleting_dependents) {
            return Ok(());
        }
        super::change(scope, object, |object| {
            for owner in object.meta_mut().owner_references.iter_mut().flatten() {
                owner.block_owner_deletion = Some(false);
            }
        })
    }
}

fn classify(
    scope: &Scope<'_, '_>,
    dependent: &Identity,
    references: &[Shared<OwnerReference>],
) -> Owners {
    let mut owners = Owners::default();
    for reference in references {
        let kind = kind_of(
            &reference.api_version,
            &reference.kind,
            &scope.caches.custom_kinds,
        );
        let namespaced = kind.is_some_and(|k| k.info().namespaced);
        if kind.is_none() || namespaced && dependent.key.namespace.is_empty() {
            // A kind that is not served, or an owner in no namespace: it cannot be asked for, and
            // on no answer nothing is deleted.
            owners.solid += 1;
            continue;
        }
        let uid = Name::new(&reference.uid);
        let identity = Identity {
            kind,
            key: owner_key(kind, reference, dependent),
            uid: uid.clone(),
        };
        match live(scope, &identity) {
            None => owners.dangling.push(uid),
            Some(owner) if owner.is_deleting() && is_foreground(&owner) => {
                owners.waiting.push(uid);
            }
            Some(_) => owners.solid += 1,
        }
    }
    owners
}

fn is_foreground(object: &Object) -> bool {
    let mut finalizers = object.meta().finalizers.iter().flatten();
    finalizers.any(|f| f == FOREGROUND)
}

fn delete(
    scope: &mut Scope<'_, '_>,
    identity: &Identity,
    why: &str,
    propagation: Propagation,
) -> Result<()> {
    let Some(kind) = identity.kind else {
        return Ok(());
    };
    scope.decide(kind.info().kind, &identity.key, why);
    let options = DeleteOptions {
        uid: Some(identity.uid.to_string()),
        propagation: Some(propagation),
        ..DeleteOptions::default()
    };
    match scope.ctx.delete_any(kind, &identity.key, &options) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}
