//! What a cluster is made of before anything has happened in it.

use std::rc::Rc;

use super::bootstrap::{CONTROL_PLANE, PRELOADED};
use crate::apiserver::Latency;
use crate::kubelet::{NodeSpec, Runtime};
use crate::sim::Time;

/// The start of a cluster. Two clusters of equal configuration have the same history.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub seed: u64,
    pub start: Time,
    pub nodes: Vec<NodeConfig>,
    /// No control-plane node, no system pods and services, fake nodes: the cluster that recorded transcripts
    /// come from.
    pub bare: bool,
    /// How long a change takes to reach a component's cache.
    pub watch_latency: Latency,
}

/// One machine.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeConfig {
    pub name: String,
    pub control_plane: bool,
    /// Position among the nodes: addresses follow from it.
    pub index: u8,
    pub cpu_millis: u64,
    pub memory_bytes: u64,
    pub runtime: Runtime,
}

impl NodeConfig {
    /// A worker with 4 CPUs and 8 GiB.
    pub fn worker(name: &str, index: u8) -> Self {
        NodeConfig {
            name: name.to_owned(),
            control_plane: false,
            index,
            cpu_millis: 4000,
            memory_bytes: 8 << 30,
            runtime: Runtime::Simulated,
        }
    }

    /// The manifests in the node's static pod folder.
    fn static_pods(&self) -> Vec<Rc<str>> {
        let manifests = CONTROL_PLANE.iter().filter(|_| self.control_plane);
        manifests.map(|m| (*m).into()).collect()
    }

    pub(super) fn kubelet(&self) -> NodeSpec {
        NodeSpec {
            name: self.name.as_str().into(),
            control_plane: self.control_plane,
            index: self.index,
            cpu_millis: self.cpu_millis,
            memory_bytes: self.memory_bytes,
            runtime: self.runtime,
            static_pods: self.static_pods(),
            images: PRELOADED.map(Into::into).to_vec(),
        }
    }
}

impl Config {
    /// The cluster that the page opens on: a control plane and `workers` workers.
    pub fn playground(seed: u64, workers: u8) -> Self {
        let mut nodes = vec![NodeConfig {
            control_plane: true,
            ..NodeConfig::worker("control-plane", 0)
        }];
        nodes.extend((1..=workers).map(|i| NodeConfig::worker(&format!("worker-{i}"), i)));
        Config {
            seed,
            start: Time::EPOCH,
            nodes,
            bare: false,
            watch_latency: LATENCY,
        }
    }

    /// Only workers, `node-0` to `node-(n-1)`, each with 32 CPUs and 256 GiB.
    pub fn bare(seed: u64, nodes: u8) -> Self {
        let node = |i: u8| NodeConfig {
            cpu_millis: 32_000,
            memory_bytes: 256 << 30,
            runtime: Runtime::Fake,
            ..NodeConfig::worker(&format!("node-{i}"), i)
        };
        Config {
            seed,
            start: Time::EPOCH,
            nodes: (0..nodes).map(node).collect(),
            bare: true,
            watch_latency: LATENCY,
        }
    }
}

/// 1 to 5 milliseconds: a watch event within one data centre.
const LATENCY: Latency = Latency {
    least_nanos: 1_000_000,
    most_nanos: 5_000_000,
};
