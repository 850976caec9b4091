//! Webhooks of admission: whether they can be called (`k8s.io/apiserver/pkg/admission/plugin/webhook`).
//!
//! Divergence: nothing in the cluster speaks TLS or knows how to judge. A webhook whose Service has endpoints that are
//! ready counts as one that was called, allowed the request, and changed nothing; any other fails, and what it was
//! meant to guard cannot be written, unless its `failurePolicy` is `Ignore`.

use k8s_openapi::api::core::v1::{Endpoints, Service};
use serde_json::Value;

use super::matching::{Asked, custom, is_exempt, list, text};
use super::policies;
use crate::api::custom::cel::{Came, Given, Program, Wanted};
use crate::api::url::Url;
use crate::api::{Key, Kind, Object, Result, Status};
use crate::apiserver::ApiServer;

impl ApiServer {
    /// Asks the webhooks of a kind of configurations, in the order of their names.
    ///
    /// # Errors
    /// One cannot be called, and its failure counts.
    pub(in crate::apiserver) fn admit_webhooks(
        &self,
        configurations: Option<Kind>,
        asked: &Asked<'_>,
        object: Option<&Object>,
        old: Option<&Object>,
    ) -> Result<()> {
        match configurations.filter(|kind| self.any(*kind, None)) {
            Some(kind) => self.call_webhooks(kind, asked, object, old),
            None => Ok(()),
        }
    }

    #[inline(never)] // it waits in the second file of the wasm until there is a webhook
    fn call_webhooks(
        &self,
        kind: Kind,
        asked: &Asked<'_>,
        object: Option<&Object>,
        old: Option<&Object>,
    ) -> Result<()> {
        let Some(subject) = object.or(old).filter(|subject| !is_exempt(subject)) else {
            return Ok(());
        };
        let all = self.list_objects(kind, None);
        let webhooks = all
            .iter()
            .filter_map(custom)
            .filter_map(|c| c.fields.get("webhooks"));
        for webhook in webhooks.filter_map(Value::as_array).flatten() {
            if list(webhook, "rules").is_empty() || !self.is_matched(webhook, asked, subject, old) {
                continue;
            }
            let (name, ignores) = (
                text(webhook, "name"),
                text(webhook, "failurePolicy") == "Ignore",
            );
            let failure = match self.is_meant(webhook, asked, object, old) {
                Ok(false) => continue,
                Ok(true) if asked.dry_run && !is_harmless(webhook) => {
                    let message = format!("admission webhook \"{name}\" does not support dry run");
                    return Err(Status::bad_request(message));
                }
                Ok(true) => self.unreachable_webhook(&webhook["clientConfig"], webhook),
                Err(why) => Some(why),
            };
            if let Some(why) = failure.filter(|_| !ignores) {
                let message =
                    format!("failed calling webhook \"{name}\": failed to call webhook: {why}");
                return Err(Status::internal(message));
            }
        }
        Ok(())
    }

    /// Whether its conditions hold.
    fn is_meant(
        &self,
        webhook: &Value,
        asked: &Asked<'_>,
        object: Option<&Object>,
        old: Option<&Object>,
    ) -> std::result::Result<bool, String> {
        let conditions = list(webhook, "matchConditions");
        let Some(subject) = object.or(old).filter(|_| !conditions.is_empty()) else {
            return Ok(true);
        };
        let value =
            |object: Option<&Object>| Given::of(&object.map_or(Value::Null, Object::to_value));
        let request = Given::of(&policies::request(asked, subject, object.is_some()));
        let (object, old) = (value(object), value(old));
        let given = [
            ("object", &object),
            ("oldObject", &old),
            ("request", &request),
        ];
        for condition in conditions {
            let names = given.map(|(name, _)| name);
            let program = Program::new(text(condition, "expression"), &names, Wanted::Bool)?;
            if program.run(&given)? != Came::Bool(true) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Why a webhook cannot be called.
    fn unreachable_webhook(&self, client: &Value, webhook: &Value) -> Option<String> {
        let seconds = webhook["timeoutSeconds"].as_u64().unwrap_or(10);
        let service = &client["service"];
        if !service.is_object() {
            let url = text(client, "url");
            let host = Url::parse(url.trim_start_matches("https://"))
                .map(|url| url.host)
                .unwrap_or_default();
            return Some(format!(
                "Post \"{url}?timeout={seconds}s\": dial tcp: lookup {host}: no such host"
            ));
        }
        let (namespace, name) = (text(service, "namespace"), text(service, "name"));
        let port = service["port"].as_u64().unwrap_or(443);
        let path = text(service, "path").trim_start_matches('/');
        let key = Key::new(namespace, name);
        let ready = |endpoints: std::rc::Rc<Endpoints>| {
            let mut subsets = endpoints.subsets.iter().flatten();
            subsets.any(|s| s.addresses.as_ref().is_some_and(|a| !a.is_empty()))
        };
        let why = match (
            self.get::<Service>(&key),
            self.get::<Endpoints>(&key).is_some_and(ready),
        ) {
            (None, _) => format!("service \"{name}\" not found"),
            (Some(_), false) => format!("no endpoints available for service \"{name}\""),
            (Some(_), true) => return None,
        };
        Some(format!(
            "Post \"https://{name}.{namespace}.svc:{port}/{path}?timeout={seconds}s\": {why}"
        ))
    }
}

/// Whether a request that is not meant may be shown to it.
fn is_harmless(webhook: &Value) -> bool {
    ["None", "NoneOnDryRun"].contains(&text(webhook, "sideEffects"))
}
