//! Deletes requests that are done with (`pkg/controller/certificates/cleaner/cleaner.go`).
//!
//! Divergence: upstream looks at all requests every hour; here a change sets a timer for the hour at which
//! upstream would delete.

use std::time::Duration;

use k8s_openapi::api::certificates::v1::CertificateSigningRequest as Csr;

use crate::api::kinds::{APPROVED, DENIED, FAILED, certificate_conditions, issued_certificate};
use crate::api::time::from_api;
use crate::api::x509::Certificate;
use crate::api::{Key, Resource};
use crate::apiserver::DeleteOptions;
use crate::controllers::caches::Caches;
use crate::controllers::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::sim::{Time, secs};

/// How often upstream looks.
const PERIOD_NANOS: u64 = 3_600_000_000_000;
/// How long a request stays once it is denied, has failed, or has its certificate.
const DONE: Duration = secs(3600);
/// How long it stays while nobody decides.
const PENDING: Duration = secs(24 * 3600);
const REASON: &str = "it has stayed long enough";

#[derive(Clone)]
pub struct Cleaner;

/// When a request may go, and why.
fn due(csr: &Csr) -> Option<(Time, &'static str)> {
    let conditions = certificate_conditions(csr);
    let certificate = issued_certificate(csr);
    let created = csr.metadata.creation_timestamp.as_ref().map(from_api)?;
    if conditions.is_empty() {
        return Some((created + PENDING, "nobody has decided for long"));
    }
    let done = conditions.iter().filter_map(|condition| {
        let why = match condition.type_.as_str() {
            APPROVED if !certificate.is_empty() => "it was issued long ago",
            DENIED => "it was denied long ago",
            FAILED => "it has failed long ago",
            _ => return None,
        };
        let at = from_api(condition.last_update_time.as_ref()?) + DONE;
        Some((at, why))
    });
    let is_approved = conditions.iter().any(|c| c.type_ == APPROVED);
    let ended = Certificate::parse(certificate).ok().filter(|_| is_approved);
    let ended = ended.map(|c| (Time::from_unix(c.ends, 0), "its certificate has expired"));
    done.chain(ended).min()
}

/// From now to the first look after `at`.
fn until_look(now: Time, at: Time) -> Duration {
    let first = at.0.max(now.0) / PERIOD_NANOS + 1;
    Time(first.saturating_mul(PERIOD_NANOS)).since(now)
}

impl Controller for Cleaner {
    fn name(&self) -> &'static str {
        "certificatesigningrequest-cleaner-controller"
    }

    fn changed(&mut self, change: &Change, _: &Caches, triggers: &mut Triggers) {
        if let Some((_, Some(csr))) = change.of::<Csr>()
            && let Some((at, _)) = due(csr)
        {
            let wait = until_look(triggers.now, at);
            triggers.add_after(csr.key(), wait, REASON);
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(csr) = scope.ctx.get::<Csr>(key) else {
            return Ok(Next::Change);
        };
        let now = scope.now();
        match due(&csr) {
            Some((at, why)) if at < now => {
                scope.decide("CertificateSigningRequest", key, why);
                let options = DeleteOptions {
                    uid: csr.metadata.uid.clone(),
                    ..DeleteOptions::default()
                };
                match scope.ctx.delete::<Csr>(key, &options) {
                    Err(status) if !status.is_not_found() && !status.is_conflict() => Err(status),
                    _ => Ok(Next::Change),
                }
            }
            // Something has changed, and that has set a timer of its own.
            _ => Ok(Next::Change),
        }
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}
