//! How a lesson's cluster is set up, and when it has settled.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;

use crate::api::Resource;
use crate::api::play::lesson::Start;
use crate::api::rfc3339::parse_go_duration;
use crate::cluster::{Cluster, Config};
use crate::sim::secs;

/// A new cluster runs for so long before anything is done to it: its nodes are ready.
pub const WARM_UP: Duration = secs(40);

const SETTLE: Duration = secs(60);

impl Start {
    pub fn config(&self) -> Config {
        Config::playground(self.seed, self.workers())
    }

    /// How long to wait, at most, until the cluster has settled.
    pub fn patience(&self) -> Duration {
        span(&self.settle).unwrap_or(SETTLE)
    }
}

/// A duration as lessons write it: "30s". `None` when nothing is given.
pub fn span(text: &str) -> Option<Duration> {
    let nanos = parse_go_duration(text).ok()?;
    u64::try_from(nanos)
        .ok()
        .filter(|n| *n > 0)
        .map(Duration::from_nanos)
}

/// Whether every pod is ready or has ended, and every Deployment has the pods that it wants.
pub fn is_settled(cluster: &Cluster) -> bool {
    let server = cluster.server();
    let pods = server.list::<Pod>(None);
    let deployments = server.list::<Deployment>(None);
    pods.iter().all(|pod| pod_is_settled(pod)) && deployments.iter().all(|d| is_available(d))
}

fn pod_is_settled(pod: &Pod) -> bool {
    let Some(status) = &pod.status else {
        return false;
    };
    match status.phase.as_deref() {
        Some("Succeeded" | "Failed") => true,
        _ => {
            let conditions = status.conditions.iter().flatten();
            let mut ready = conditions.filter(|c| c.type_ == "Ready");
            ready.any(|c| c.status == "True") && pod.meta().deletion_timestamp.is_none()
        }
    }
}

fn is_available(deployment: &Deployment) -> bool {
    let wanted = deployment.spec.as_ref().and_then(|s| s.replicas);
    let status = deployment.status.as_ref();
    let updated = status.and_then(|s| s.updated_replicas).unwrap_or_default();
    let available = status
        .and_then(|s| s.available_replicas)
        .unwrap_or_default();
    let observed = status.and_then(|s| s.observed_generation);
    observed == deployment.metadata.generation && updated.min(available) >= wanted.unwrap_or(1)
}
