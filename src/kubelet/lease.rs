//! The node's heartbeat: a Lease in `kube-node-lease` (`pkg/kubelet` node lease controller).

use k8s_openapi::Shared;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::latency::LEASE_DURATION_SECS;
use crate::api::time::micro_time;
use crate::api::{Key, Resource};
use crate::apiserver::WriteOptions;
use crate::client::Ctx;

const NAMESPACE: &str = "kube-node-lease";

/// Renews the node's lease, or makes it. Without a Node there is nothing to hold a lease for.
pub fn renew<E>(ctx: &mut Ctx<'_, E>, node: &str) {
    let now = micro_time(ctx.now());
    let renewed = ctx.patch::<Lease>(
        &Key::new(NAMESPACE, node),
        &WriteOptions::default(),
        |lease| {
            let spec = lease.spec.get_or_insert_default();
            spec.holder_identity = Some(node.to_owned());
            spec.lease_duration_seconds = Some(LEASE_DURATION_SECS);
            spec.renew_time = Some(now.clone());
        },
    );
    if !matches!(renewed, Ok(None)) {
        return;
    }
    let Some(owner) = ctx.get::<Node>(&Key::new("", node)) else {
        return;
    };
    // A lease that could not be made now is made at the next renewal.
    let _ = ctx.create(Lease {
        metadata: ObjectMeta {
            name: Some(node.to_owned()),
            namespace: Some(NAMESPACE.to_owned()),
            owner_references: Some(vec![Shared::from(OwnerReference {
                api_version: "v1".to_owned(),
                kind: "Node".to_owned(),
                name: node.to_owned(),
                uid: owner.uid().to_owned(),
                ..OwnerReference::default()
            })]),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: Some(node.to_owned()),
            lease_duration_seconds: Some(LEASE_DURATION_SECS),
            renew_time: Some(now),
            ..LeaseSpec::default()
        }),
    });
}
