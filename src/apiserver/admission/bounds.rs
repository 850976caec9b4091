//! What the tank holds: a bound on objects, so that a page stays alive whatever it is asked for.
//!
//! Divergence: a real cluster has no such bound of its own; an administrator sets one with a
//! ResourceQuota, whose words these are.

use k8s_openapi::api::core::v1::Pod;

use super::requested_name;
use crate::api::{Object, Resource, Result, Status};
use crate::apiserver::ApiServer;

/// How many pods there may be.
pub(in crate::apiserver) const MOST_PODS: usize = 20_000;

/// How many objects there may be, pods and all.
const MOST_OBJECTS: usize = 120_000;

impl ApiServer {
    pub(super) fn admit_bounds(&self, object: &Object) -> Result<()> {
        let (what, used, most) = if object.kind() == Pod::KIND && self.pods >= MOST_PODS {
            ("pods", self.pods, MOST_PODS)
        } else if self.store.len() >= MOST_OBJECTS {
            ("count/objects", self.store.len(), MOST_OBJECTS)
        } else {
            return Ok(());
        };
        let detail = format!(
            "exceeded quota: tank, requested: {what}=1, used: {what}={used}, limited: {what}={most}"
        );
        Err(Status::forbidden(
            object.info(),
            requested_name(object),
            &detail,
        ))
    }
}
