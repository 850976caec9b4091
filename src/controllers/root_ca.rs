//! The root CA publisher: every namespace has a ConfigMap `kube-root-ca.crt`, by which pods check
//! whom they talk to (`k8s.io/kubernetes/pkg/controller/certificates/rootcacertpublisher`).

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::namespace::is_active;
use super::replicaset::is_namespace_terminating;
use crate::api::{Key, Resource};

const NAME: &str = "kube-root-ca.crt";
const DESCRIPTION: &str = "kubernetes.io/description";
const DESCRIPTION_TEXT: &str = "Contains a CA bundle that can be used to verify the \
    kube-apiserver when using internal endpoints such as the internal service IP or \
    kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes \
    clusters.";

/// Divergence: the simulated network has no TLS, so the certificate is a text in PEM armour.
pub(super) const CA: &str = "-----BEGIN CERTIFICATE-----\n\
S3ViYXJpdW0gc2ltdWxhdGVzIGl0cyBuZXR3b3JrOiB0aGVyZSBpcyBubyBjZXJ0\n\
aWZpY2F0ZSBhdXRob3JpdHkgYmVoaW5kIHRoaXMgdGV4dCwgYW5kIG5vdGhpbmcg\n\
dmVyaWZpZXMgaXQuIEluIGEgcmVhbCBjbHVzdGVyIHRoaXMgaXMgdGhlIENBIHRo\n\
YXQgc2lnbmVkIHRoZSBzZXJ2aW5nIGNlcnRpZmljYXRlIG9mIHRoZSBBUEkgc2Vy\n\
dmVyLg==\n\
-----END CERTIFICATE-----\n";

#[derive(Clone, Default)]
pub struct RootCaPublisher;

impl Controller for RootCaPublisher {
    fn name(&self) -> &'static str {
        "root-ca-certificate-publisher-controller"
    }

    fn changed(&mut self, change: &Change, _caches: &Caches, triggers: &mut Triggers) {
        if let Some((_, Some(namespace))) = change.of::<Namespace>() {
            triggers.add(namespace.key());
        } else if let Some(key) = change.key_of::<ConfigMap>().filter(|k| &*k.name == NAME) {
            triggers.add(Key::new("", &key.namespace));
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        if !scope
            .caches
            .namespaces
            .get(key)
            .is_some_and(|n| is_active(n))
        {
            return Ok(Next::Change);
        }
        let data = BTreeMap::from([("ca.crt".to_owned(), CA.to_owned())]);
        let written = match scope.caches.config_maps.get(&Key::new(&key.name, NAME)) {
            None => scope.ctx.create(ConfigMap {
                metadata: ObjectMeta {
                    name: Some(NAME.to_owned()),
                    namespace: Some(key.name.to_string()),
                    annotations: Some(BTreeMap::from([(
                        DESCRIPTION.to_owned(),
                        DESCRIPTION_TEXT.to_owned(),
                    )])),
                    ..ObjectMeta::default()
                },
                data: Some(data),
                ..ConfigMap::default()
            }),
            Some(map) if map.data.as_ref() == Some(&data) && is_described(map) => {
                return Ok(Next::Change);
            }
            Some(map) => {
                let mut map = (**map).clone();
                map.data = Some(data);
                let annotations = map.metadata.annotations.get_or_insert_default();
                annotations.insert(DESCRIPTION.to_owned(), DESCRIPTION_TEXT.to_owned());
                scope.ctx.update(map)
            }
        };
        match written {
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

fn is_described(map: &ConfigMap) -> bool {
    let annotations = map.metadata.annotations.as_ref();
    annotations
        .and_then(|a| a.get(DESCRIPTION))
        .is_some_and(|d| d == DESCRIPTION_TEXT)
}
