//! What `kubectl describe` says of an object, a file per kind.
//! Models `k8s.io/kubectl/pkg/describe`.
//!
//! Describers write lines with tabs; the tabs become columns when the whole page is laid out.

mod autoscaler;
mod certificate;
mod config;
mod container;
mod daemon_set;
mod deployment;
mod endpoints;
mod events;
mod generic;
mod job;
mod limits;
mod namespace;
mod networking;
mod node;
mod page;
mod pod;
mod rbac;
mod replica_set;
mod replication_controller;
mod service;
mod stateful_set;
mod storage;
mod template;
mod volume;

use serde_json::Value;

use super::kube::Kube;
use super::tabwriter::TabWriter;
use crate::api::kinds::KindInfo;
use page::Page;

pub use container::resource_value;
pub use events::interval as event_interval;
pub use page::{flat_labels as flat_labels_text, selector as selector_text};
pub use rbac::rules_table;
pub use template::pod_template;

/// The description of an object, laid out, with its events if they are asked for.
pub async fn describe(
    kube: &Kube,
    kind: &'static KindInfo,
    object: &Value,
    events: bool,
) -> String {
    let mut page = Page {
        events,
        ..Page::default()
    };
    match (kind.group, kind.kind) {
        ("", "Pod") => pod::describe(kube, object, &mut page).await,
        ("apps", "Deployment") => deployment::describe(kube, object, &mut page).await,
        ("apps", "DaemonSet") => daemon_set::describe(kube, object, &mut page).await,
        ("apps", "StatefulSet") => stateful_set::describe(kube, object, &mut page).await,
        ("batch", "Job") => job::job(kube, object, &mut page).await,
        ("batch", "CronJob") => job::cron_job(kube, object, &mut page).await,
        ("", "ReplicationController") => {
            replication_controller::describe(kube, object, &mut page).await;
        }
        ("apps", "ReplicaSet") => replica_set::describe(kube, object, &mut page).await,
        ("", "Service") => service::describe(kube, object, &mut page).await,
        ("", "Node") => node::describe(kube, object, &mut page).await,
        ("", "Namespace") => namespace::describe(kube, object, &mut page).await,
        ("", "ConfigMap") => config::config_map(kube, object, &mut page).await,
        ("", "Secret") => config::secret(object, &mut page),
        ("", "ServiceAccount") => config::service_account(kube, object, &mut page).await,
        ("", "PersistentVolume") => storage::volume(kube, object, &mut page).await,
        ("", "PersistentVolumeClaim") => storage::claim(kube, object, &mut page).await,
        ("networking.k8s.io", "Ingress") => networking::ingress(kube, object, &mut page).await,
        ("networking.k8s.io", "IngressClass") => {
            networking::ingress_class(kube, object, &mut page).await;
        }
        ("networking.k8s.io", "NetworkPolicy") => networking::policy(object, &mut page),
        ("networking.k8s.io", "IPAddress") => networking::ip_address(kube, object, &mut page).await,
        ("networking.k8s.io", "ServiceCIDR") => {
            networking::service_cidr(kube, object, &mut page).await;
        }
        ("storage.k8s.io", "StorageClass") => {
            storage::storage_class(kube, object, &mut page).await;
        }
        ("storage.k8s.io", "CSINode") => storage::csi_node(kube, object, &mut page).await,
        ("", "Endpoints") => endpoints::endpoints(kube, object, &mut page).await,
        ("discovery.k8s.io", "EndpointSlice") => {
            endpoints::endpoint_slice(kube, object, &mut page).await;
        }
        ("", "ResourceQuota") => limits::quota(object, &mut page),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            autoscaler::describe(kube, object, &mut page).await;
        }
        ("certificates.k8s.io", "CertificateSigningRequest") => {
            certificate::describe(kube, object, &mut page).await;
        }
        ("", "LimitRange") => limits::limit_range(object, &mut page),
        ("scheduling.k8s.io", "PriorityClass") => {
            limits::priority_class(kube, object, &mut page).await;
        }
        ("policy", "PodDisruptionBudget") => {
            limits::disruption_budget(kube, object, &mut page).await;
        }
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => rbac::role(object, &mut page),
        ("rbac.authorization.k8s.io", _) => rbac::binding(object, &mut page),
        _ => generic::describe(kube, object, &mut page).await,
    }
    TabWriter::describe().align(&page.text)
}

/// A pod template as `rollout history` shows it: its tabs stay tabs.
pub fn template_text(template: &Value) -> String {
    let mut page = Page::default();
    pod_template(template, &mut page);
    page.text
}
