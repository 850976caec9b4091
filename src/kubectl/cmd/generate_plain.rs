//! `kubectl create namespace` and `serviceaccount`: objects that are a name.

use serde_json::json;

use super::generate::{COMMON, MANAGER, known, make, only_name};
use super::{Command, OUTPUT};
use crate::kubectl::error::Result;
use crate::kubectl::kube::Kube;

pub const NAMESPACE: Command = Command {
    path: "create namespace",
    short: "Create a namespace with the specified name",
    help: "NAME [--dry-run=server|client|none]
# A namespace called shop
kubectl create namespace shop",
    flags: &[OUTPUT, COMMON],
    run: |kube| Box::pin(namespace(kube)),
};

pub const SERVICE_ACCOUNT: Command = Command {
    path: "create serviceaccount",
    short: "Create a service account with the specified name",
    help: "NAME [--dry-run=server|client|none]
# An account for a robot
kubectl create serviceaccount robot",
    flags: &[OUTPUT, COMMON],
    run: |kube| Box::pin(service_account(kube)),
};

async fn namespace(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let kind = known("v1", "Namespace")?;
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    make(kube, kind, object, MANAGER, "", "created").await
}

async fn service_account(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let kind = known("v1", "ServiceAccount")?;
    let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
    make(
        kube,
        kind,
        object,
        MANAGER,
        "failed to create serviceaccount:",
        "created",
    )
    .await
}
