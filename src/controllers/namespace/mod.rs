//! The namespace controller: empties a namespace that is being deleted, then lets it go
//! (`k8s.io/kubernetes/pkg/controller/namespace`).

mod conditions;
mod content;

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::api::{Key, Resource, Result, Status};
use crate::apiserver::WriteOptions;
use crate::sim::secs;

/// Objects that were created in the last moment get this long to show up.
const GRACE: Duration = secs(5);
const FINALIZER: &str = "kubernetes";

/// Whether things may be created in the namespace.
pub fn is_active(namespace: &Namespace) -> bool {
    let phase = namespace.status.as_ref().and_then(|s| s.phase.as_deref());
    namespace.metadata.deletion_timestamp.is_none() && phase != Some("Terminating")
}

#[derive(Clone, Default)]
pub struct NamespaceController;

impl Controller for NamespaceController {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    fn changed(&mut self, change: &Change, _caches: &Caches, triggers: &mut Triggers) {
        if let Some((_, Some(namespace))) = change.of::<Namespace>()
            && namespace.metadata.deletion_timestamp.is_some()
        {
            triggers.add_after(namespace.key(), GRACE, "last objects may still show up");
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        // Not from the cache: nothing may be deleted on old news.
        let Some(namespace) = scope.ctx.get::<Namespace>(key) else {
            return Ok(Next::Change);
        };
        if namespace.metadata.deletion_timestamp.is_none() || finalizers(&namespace).is_empty() {
            return Ok(Next::Change);
        }
        let content = content::delete_all(scope, &namespace);
        let now = scope.now();
        scope
            .ctx
            .patch::<Namespace>(key, &WriteOptions::STATUS, |n| {
                let status = n.status.get_or_insert_default();
                status.phase = Some("Terminating".to_owned());
                conditions::update(status, &content, now);
            })?;
        if let Some(message) = content.failures.first() {
            return Err(Status::internal(message.as_str()));
        }
        if content.estimate_seconds > 0 {
            let wait = secs(content.estimate_seconds / 2 + 1);
            return Ok(Next::After(wait, "the content of the namespace is going"));
        }
        finalize(scope, key)?;
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

fn finalizers(namespace: &Namespace) -> &[String] {
    let spec = namespace.spec.as_ref();
    spec.and_then(|s| s.finalizers.as_deref())
        .unwrap_or_default()
}

/// Takes our finalizer away; the API server then deletes the namespace.
fn finalize(scope: &mut Scope<'_, '_>, key: &Key) -> Result<()> {
    scope.decide("Namespace", key, "nothing is left in it");
    let options = WriteOptions {
        subresource: "finalize",
        ..WriteOptions::default()
    };
    let written = scope.ctx.patch::<Namespace>(key, &options, |n| {
        let spec = n.spec.get_or_insert_default();
        if let Some(finalizers) = &mut spec.finalizers {
            finalizers.retain(|f| f != FINALIZER);
        }
    });
    match written {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}
