//! Tokens of service accounts: made, signed, and read again
//! (`k8s.io/kubernetes/pkg/serviceaccount`, `pkg/registry/core/serviceaccount/storage/token.go`).
//!
//! Divergence: the signature has the size of RSA's and is checked, but is a keyed hash of our own:
//! it keeps honest clients apart, and nobody else.

use k8s_openapi::api::core::v1::{Node, Pod, Secret, ServiceAccount};
use serde_json::{Map, Value, json};

use super::ApiServer;
use super::caller::{ACCOUNT, AUTHENTICATED, CREDENTIAL, Caller, account_groups};
use crate::api::base64::{decode_url, encode_url};
use crate::api::rfc3339::format_time;
use crate::api::{Key, Result, Status};
use crate::apiserver::meta;
use crate::sim::{Kernel, Rng, Time, seal};

/// Who issues tokens, and whom they are for unless somebody else is named.
pub(in crate::apiserver) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";
const SIGNATURE_WORDS: usize = 32;
/// For how long a bound token outlives the deletion mark of what it is bound to.
const LEEWAY_SECONDS: u64 = 60;

/// The key with which a cluster signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::apiserver) struct SigningKey([u64; 2]);

/// A token that holds.
pub(in crate::apiserver) struct Verified {
    pub caller: Caller,
    pub audiences: Vec<String>,
}

/// What a token is to be.
pub(in crate::apiserver) struct TokenSpec<'a> {
    pub namespace: &'a str,
    pub account: &'a ServiceAccount,
    pub audiences: Vec<String>,
    pub seconds: i64,
    /// Kind, name and uid of the object without which the token is void.
    pub bound: Option<(&'a str, &'a str, String)>,
    /// The node of the pod, with its uid.
    pub node: Option<(String, String)>,
}

impl ApiServer {
    fn signing_key(&mut self, kernel: &mut Kernel) -> SigningKey {
        *self.signing_key.get_or_insert_with(|| {
            let rng = kernel.rng("apiserver/signing-key");
            SigningKey([rng.next_u64(), rng.next_u64()])
        })
    }

    /// A signed token.
    pub(in crate::apiserver) fn sign_token(
        &mut self,
        kernel: &mut Kernel,
        spec: &TokenSpec<'_>,
    ) -> String {
        let name = spec.account.metadata.name.as_deref().unwrap_or_default();
        let issued = kernel.now.unix_secs();
        let mut about = Map::new();
        about.insert("namespace".into(), spec.namespace.into());
        let reference = |name: &str, uid: &str| json!({"name": name, "uid": uid});
        if let Some((name, uid)) = &spec.node {
            about.insert("node".into(), reference(name, uid));
        }
        if let Some((kind, name, uid)) = &spec.bound {
            about.insert(kind.to_ascii_lowercase(), reference(name, uid));
        }
        let uid = spec.account.metadata.uid.as_deref().unwrap_or_default();
        about.insert("serviceaccount".into(), reference(name, uid));
        let claims = json!({
            "aud": spec.audiences, "exp": issued.saturating_add(spec.seconds), "iat": issued,
            "iss": ISSUER, "jti": meta::random_uid(kernel.rng("apiserver/tokens")),
            "kubernetes.io": about, "nbf": issued,
            "sub": format!("{ACCOUNT}{}:{name}", spec.namespace),
        });
        self.signed(kernel, &claims)
    }

    /// The token of a secret of type `kubernetes.io/service-account-token`: it never ends.
    pub fn sign_legacy_token(
        &mut self,
        kernel: &mut Kernel,
        account: &ServiceAccount,
        secret: &str,
    ) -> String {
        let meta = &account.metadata;
        let namespace = meta.namespace.as_deref().unwrap_or_default();
        let name = meta.name.as_deref().unwrap_or_default();
        let claims = json!({
            "iss": LEGACY_ISSUER,
            "kubernetes.io/serviceaccount/namespace": namespace,
            "kubernetes.io/serviceaccount/secret.name": secret,
            "kubernetes.io/serviceaccount/service-account.name": name,
            "kubernetes.io/serviceaccount/service-account.uid": meta.uid,
            "sub": format!("{ACCOUNT}{namespace}:{name}"),
        });
        self.signed(kernel, &claims)
    }

    /// The token that a kubelet asks for in the name of a pod.
    ///
    /// # Errors
    /// The account does not exist.
    pub fn sign_pod_token(
        &mut self,
        kernel: &mut Kernel,
        pod: &Pod,
        audience: &str,
        seconds: i64,
    ) -> Result<String> {
        use crate::api::Resource as _;
        let account = pod.spec.as_ref();
        let account = account.and_then(|s| s.service_account_name.as_deref());
        let account = account.unwrap_or("default");
        let key = Key::new(pod.namespace(), account);
        let Some(account) = self.get::<ServiceAccount>(&key) else {
            return Err(Status::not_found(ServiceAccount::KIND.info(), &key.name));
        };
        let audience = if audience.is_empty() {
            ISSUER
        } else {
            audience
        };
        let node = self.node_of(pod);
        let spec = TokenSpec {
            namespace: pod.namespace(),
            account: &account,
            audiences: vec![audience.to_owned()],
            seconds,
            bound: Some(("Pod", pod.name(), pod.uid().to_owned())),
            node,
        };
        Ok(self.sign_token(kernel, &spec))
    }

    /// Name and uid of the node that a pod is bound to.
    pub(in crate::apiserver) fn node_of(&self, pod: &Pod) -> Option<(String, String)> {
        let name = pod.spec.as_ref()?.node_name.as_deref()?;
        let node = self.get::<Node>(&Key::new("", name))?;
        Some((
            name.to_owned(),
            node.metadata.uid.clone().unwrap_or_default(),
        ))
    }

    fn signed(&mut self, kernel: &mut Kernel, claims: &Value) -> String {
        let key = self.signing_key(kernel);
        let header = json!({"alg": "RS256", "kid": key.id()});
        let mut token = encode_url(header.to_string().as_bytes());
        token.push('.');
        token.push_str(&encode_url(claims.to_string().as_bytes()));
        let signature = key.signature(&token);
        token.push('.');
        token.push_str(&signature);
        token
    }

    /// Who holds a token. `audiences` are those it has to be for; the server's own when empty.
    ///
    /// # Errors
    /// What is wrong with it; empty when it is no token of this cluster at all.
    pub(in crate::apiserver) fn verify_token(
        &self,
        now: Time,
        token: &str,
        audiences: &[String],
    ) -> std::result::Result<Verified, String> {
        let none = String::new;
        let (signed, signature) = token.rsplit_once('.').ok_or_else(none)?;
        let key = self.signing_key.ok_or_else(none)?;
        if key.signature(signed) != signature {
            return Err(none());
        }
        let (_, claims) = signed.split_once('.').ok_or_else(none)?;
        let claims = decode_url(claims).ok_or_else(none)?;
        let claims: Value = serde_json::from_slice(&claims).map_err(|_| none())?;
        if claims["iss"] == LEGACY_ISSUER {
            return self.verify_legacy(token, &claims);
        }
        let seconds = |field: &str| claims[field].as_i64().unwrap_or_default();
        if now.unix_secs() >= seconds("exp") {
            return Err("service account token has expired".to_owned());
        }
        if now.unix_secs() < seconds("nbf") {
            return Err("service account token is not valid yet".to_owned());
        }
        let meant: Vec<String> = claims["aud"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|a| a.as_str().map(str::to_owned))
            .collect();
        let own = [ISSUER.to_owned()];
        let wanted = if audiences.is_empty() {
            &own
        } else {
            audiences
        };
        let matching: Vec<String> = wanted
            .iter()
            .filter(|a| meant.contains(a))
            .cloned()
            .collect();
        if matching.is_empty() {
            return Err(format!(
                "token audiences {} is invalid for the target audiences {}",
                super::rules::quoted_list(&meant),
                super::rules::quoted_list(wanted)
            ));
        }
        let about = &claims["kubernetes.io"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let namespace = text(&about["namespace"]);
        let account = &about["serviceaccount"];
        let mut caller =
            self.account_caller(&namespace, &text(&account["name"]), &text(&account["uid"]))?;
        let jti = text(&claims["jti"]);
        caller
            .extra
            .push((CREDENTIAL.into(), vec![format!("JTI={jti}")]));
        for (kind, has_extra) in [("node", true), ("pod", true), ("secret", false)] {
            let reference = &about[kind];
            if reference.is_null() {
                continue;
            }
            let (name, uid) = (text(&reference["name"]), text(&reference["uid"]));
            let is_bound_to = kind != "node" || about["pod"].is_null();
            if is_bound_to && !self.is_there(now, kind, &namespace, &name, &uid) {
                return Err("service account token has been invalidated".to_owned());
            }
            if has_extra {
                let field = |what: &str| format!("authentication.kubernetes.io/{kind}-{what}");
                caller.extra.push((field("name").into(), vec![name]));
                caller.extra.push((field("uid").into(), vec![uid]));
            }
        }
        caller.extra.sort();
        Ok(Verified {
            caller,
            audiences: matching,
        })
    }

    fn verify_legacy(&self, token: &str, claims: &Value) -> std::result::Result<Verified, String> {
        let claim = |name: &str| {
            let value = claims[format!("kubernetes.io/serviceaccount/{name}")].as_str();
            value.unwrap_or_default().to_owned()
        };
        let (namespace, secret) = (claim("namespace"), claim("secret.name"));
        let stored = self.get::<Secret>(&Key::new(&namespace, &secret));
        let kept = stored.as_ref().and_then(|s| s.data.as_ref()?.get("token"));
        if kept.is_none_or(|kept| kept.0 != token.as_bytes()) {
            return Err("service account token has been invalidated".to_owned());
        }
        let caller = self.account_caller(
            &namespace,
            &claim("service-account.name"),
            &claim("service-account.uid"),
        )?;
        Ok(Verified {
            caller,
            audiences: vec![ISSUER.to_owned()],
        })
    }

    /// The identity of an account that still exists.
    fn account_caller(
        &self,
        namespace: &str,
        name: &str,
        uid: &str,
    ) -> std::result::Result<Caller, String> {
        let account = self.get::<ServiceAccount>(&Key::new(namespace, name));
        let Some(account) = account else {
            return Err(format!("serviceaccounts \"{name}\" not found"));
        };
        let own = account.metadata.uid.as_deref().unwrap_or_default();
        if own != uid {
            return Err(format!(
                "service account UID ({own}) does not match claim ({uid})"
            ));
        }
        let mut caller = Caller::new(&format!("{ACCOUNT}{namespace}:{name}"), &[], "");
        caller.uid = uid.into();
        caller.groups = account_groups(namespace);
        caller.groups.push(AUTHENTICATED.into());
        Ok(caller)
    }

    /// Whether the object that a token is bound to exists, and is not long being deleted.
    fn is_there(&self, now: Time, kind: &str, namespace: &str, name: &str, uid: &str) -> bool {
        use crate::api::Resource as _;
        let key = Key::new(if kind == "node" { "" } else { namespace }, name);
        let alive = |meta: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta| {
            let deleted = meta.deletion_timestamp.as_ref();
            let deleted = deleted.map(|at| crate::api::time::from_api(at).0);
            meta.uid.as_deref() == Some(uid)
                && deleted.is_none_or(|at| now.0 <= at + LEEWAY_SECONDS * 1_000_000_000)
        };
        match kind {
            "pod" => self.get::<Pod>(&key).is_some_and(|o| alive(o.meta())),
            "node" => self.get::<Node>(&key).is_some_and(|o| alive(o.meta())),
            _ => self.get::<Secret>(&key).is_some_and(|o| alive(o.meta())),
        }
    }
}

impl SigningKey {
    /// The name of the key, as the header of a token tells it.
    fn id(self) -> String {
        let mut rng = Rng::new(self.0[0] ^ 0x6b69_6421);
        meta::random_suffix(&mut rng, 43)
    }

    fn signature(self, text: &str) -> String {
        encode_url(&seal(self.0, text.as_bytes(), SIGNATURE_WORDS))
    }
}

/// A time of the API in `seconds` since the epoch.
pub(in crate::apiserver) fn stamp(seconds: i64) -> String {
    format_time(seconds.saturating_mul(1_000_000_000))
}
