//! The token controller: fills secrets of type `kubernetes.io/service-account-token`, and deletes
//! them with their account (`k8s.io/kubernetes/pkg/controller/serviceaccount/tokens_controller.go`).

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::root_ca::CA;
use crate::api::{Key, Resource};
use crate::apiserver::DeleteOptions;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

const TYPE: &str = "kubernetes.io/service-account-token";
const NAME: &str = "kubernetes.io/service-account.name";
const UID: &str = "kubernetes.io/service-account.uid";

#[derive(Clone, Default)]
pub struct TokenController {
    /// The secrets of each account.
    secrets: BTreeMap<Key, BTreeSet<Key>>,
}

/// The account that a secret is for.
fn account_of(secret: &Secret) -> Option<Key> {
    let name = note(secret, NAME);
    (secret.type_.as_deref() == Some(TYPE) && !name.is_empty())
        .then(|| Key::new(secret.namespace(), name))
}

fn note<'s>(secret: &'s Secret, key: &str) -> &'s str {
    let notes = secret.metadata.annotations.as_ref();
    notes.and_then(|n| n.get(key)).map_or("", String::as_str)
}

impl Controller for TokenController {
    fn name(&self) -> &'static str {
        "serviceaccount-token-controller"
    }

    fn changed(&mut self, change: &Change, _caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<Secret>() {
            if let Some(secret) = old
                && let Some(account) = account_of(secret)
                && let Some(secrets) = self.secrets.get_mut(&account)
            {
                secrets.remove(&secret.key());
                if secrets.is_empty() {
                    self.secrets.remove(&account);
                }
            }
            if let Some(secret) = new
                && let Some(account) = account_of(secret)
            {
                let secrets = self.secrets.entry(account).or_default();
                secrets.insert(secret.key());
                triggers.add(secret.key());
            }
        } else if let Some(key) = change.key_of::<ServiceAccount>()
            && let Some(secrets) = self.secrets.get(&key)
        {
            for secret in secrets {
                triggers.add(secret.clone());
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(secret) = scope.caches.secrets.get(key).cloned() else {
            return Ok(Next::Change);
        };
        let Some(account) = account_of(&secret) else {
            return Ok(Next::Change);
        };
        // The cache may not show an account that is as new as its secret.
        let account = scope.ctx.get::<ServiceAccount>(&account);
        let uid = note(&secret, UID);
        let account = account.filter(|a| uid.is_empty() || a.uid() == uid);
        let Some(account) = account else {
            let options = DeleteOptions {
                uid: secret.metadata.uid.clone(),
                ..DeleteOptions::default()
            };
            return match scope.ctx.delete::<Secret>(key, &options) {
                Err(status) if !status.is_not_found() && !status.is_conflict() => Err(status),
                _ => Ok(Next::Change),
            };
        };
        let mut filled = (*secret).clone();
        let data = filled.data.get_or_insert_default();
        let lacks = |value: Option<&ByteString>| value.is_none_or(|v| v.0.is_empty());
        if lacks(data.get("token")) {
            let ctx = &mut *scope.ctx;
            let token = ctx
                .server
                .sign_legacy_token(ctx.kernel, &account, secret.name());
            data.insert("token".to_owned(), ByteString(token.into_bytes()));
        }
        if data.get("ca.crt").is_none_or(|v| v.0 != CA.as_bytes()) {
            data.insert("ca.crt".to_owned(), ByteString(CA.as_bytes().to_vec()));
        }
        if lacks(data.get("namespace")) {
            let namespace = secret.namespace().as_bytes().to_vec();
            data.insert("namespace".to_owned(), ByteString(namespace));
        }
        let notes = filled.metadata.annotations.get_or_insert_default();
        notes.insert(UID.to_owned(), account.uid().to_owned());
        if filled != *secret {
            match scope.ctx.update(filled) {
                Err(status) if status.is_not_found() || status.is_conflict() => {}
                Err(status) => return Err(status),
                Ok(_) => {}
            }
        }
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}
