//! Deletion that leaves the dependents: they lose their owner first
//! (`pkg/controller/garbagecollector/garbagecollector.go` orphanDependents).

use super::graph::Identity;
use super::{GarbageCollector, ORPHAN, live, remove_finalizer, remove_owners};
use crate::api::{Name, Result};
use crate::controllers::controller::Scope;

impl GarbageCollector {
    pub(super) fn orphan_dependents(
        &mut self,
        scope: &mut Scope<'_, '_>,
        uid: &Name,
    ) -> Result<()> {
        let Some(node) = self.graph.get(uid) else {
            return Ok(());
        };
        let identity = node.identity.clone();
        let dependents: Vec<Identity> = self
            .graph
            .dependents(uid)
            .map(|d| d.identity.clone())
            .collect();
        scope.look(dependents.len());
        let kind = identity.kind.map_or("", |k| k.info().kind);
        scope.decide(
            kind,
            &identity.key,
            &format!("{} dependents lose their owner", dependents.len()),
        );
        for dependent in &dependents {
            if let Some(object) = live(scope, dependent) {
                remove_owners(scope, &object, std::slice::from_ref(uid))?;
            }
        }
        match live(scope, &identity) {
            Some(owner) => remove_finalizer(scope, &owner, ORPHAN),
            None => Ok(()),
        }
    }
}
