//! Tokens of service accounts (`TokenRequest`): who has one is that account.
//!
//! Divergence: the signature is random, for nobody checks it.

use serde_json::{Value, json};

use super::body;
use super::list::encode_base64;
use super::path::Target;
use crate::api::rfc3339::format_time;
use crate::api::{Result, Status};
use crate::apiserver::request::{Request, Response};
use crate::apiserver::{ApiServer, meta};
use crate::sim::Kernel;

const AUDIENCE: &str = "https://kubernetes.default.svc.cluster.local";
const DEFAULT_SECONDS: i64 = 3600;
const LEAST_SECONDS: i64 = 600;
const SIGNATURE_BYTES: usize = 256;

impl ApiServer {
    pub(super) fn issue_token(
        &self,
        kernel: &mut Kernel,
        target: &Target<'_>,
        name: &str,
        request: &Request,
    ) -> Result<Response> {
        let asked = &body::json(request)?["spec"];
        let namespace = target.namespace.unwrap_or_default();
        let account = self.get_object(target.kind, namespace, name)?;
        let seconds = asked["expirationSeconds"]
            .as_i64()
            .unwrap_or(DEFAULT_SECONDS);
        if seconds < LEAST_SECONDS {
            return Err(Status::new(
                422,
                "Invalid",
                format!(
                    "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: {seconds}: may not specify a duration less than 10 minutes"
                ),
            ));
        }
        let audiences = match &asked["audiences"] {
            Value::Array(given) if !given.is_empty() => Value::Array(given.clone()),
            _ => json!([AUDIENCE]),
        };
        let issued = kernel.now.unix_secs();
        let ends = issued.saturating_add(seconds);
        let rng = kernel.rng("apiserver/tokens");
        let header = json!({"alg": "RS256", "kid": meta::random_suffix(rng, 43)});
        let claims = json!({
            "aud": audiences, "exp": ends, "iat": issued, "iss": AUDIENCE,
            "jti": meta::random_uid(rng), "nbf": issued,
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": {"name": name, "uid": account.uid()},
            },
            "sub": format!("system:serviceaccount:{namespace}:{name}"),
        });
        let signature: Vec<u8> = (0..SIGNATURE_BYTES).map(|_| rng.next_u64() as u8).collect();
        let token = [
            encode_base64(header.to_string().as_bytes()),
            encode_base64(claims.to_string().as_bytes()),
            encode_base64(&signature),
        ]
        .join(".");
        let stamp = |seconds: i64| format_time(seconds.saturating_mul(1_000_000_000));
        Ok(Response::json(
            201,
            json!({
                "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
                "metadata": {"name": name, "namespace": namespace, "creationTimestamp": stamp(issued)},
                "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": null},
                "status": {"token": token, "expirationTimestamp": stamp(ends)},
            }),
        ))
    }
}
