//! The service account controller: every namespace has a ServiceAccount `default`
//! (`k8s.io/kubernetes/pkg/controller/serviceaccount`).

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::namespace::is_active;
use super::replicaset::is_namespace_terminating;
use crate::api::{Key, Resource};

const NAME: &str = "default";

#[derive(Clone, Default)]
pub struct ServiceAccountController;

impl Controller for ServiceAccountController {
    fn name(&self) -> &'static str {
        "serviceaccount-controller"
    }

    fn changed(&mut self, change: &Change, _caches: &Caches, triggers: &mut Triggers) {
        if let Some((_, Some(namespace))) = change.of::<Namespace>() {
            triggers.add(namespace.key());
        } else if let Some((Some(gone), None)) = change.of::<ServiceAccount>() {
            triggers.add(Key::new("", gone.namespace()));
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let caches = scope.caches;
        let account = Key::new(&key.name, NAME);
        if !caches.namespaces.get(key).is_some_and(|n| is_active(n))
            || caches.service_accounts.get(&account).is_some()
        {
            return Ok(Next::Change);
        }
        let created = scope.ctx.create(ServiceAccount {
            metadata: ObjectMeta {
                name: Some(NAME.to_owned()),
                namespace: Some(key.name.to_string()),
                ..ObjectMeta::default()
            },
            ..ServiceAccount::default()
        });
        match created {
            Err(status) if status.is_already_exists() || is_namespace_terminating(&status) => {
                Ok(Next::Change)
            }
            Err(status) => Err(status),
            Ok(_) => Ok(Next::Change),
        }
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}
