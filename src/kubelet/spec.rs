//! The machine that a kubelet runs on.

use std::rc::Rc;

/// What runs the containers of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// Nothing: pods are marked Running and Ready as soon as they are seen, as the fake nodes of
    /// the recorded transcripts do. One controller answers for all fake nodes, that of the node
    /// with index 0, so that pod addresses count over the cluster.
    Fake,
    /// Simulated sandboxes, images and processes.
    Simulated,
}

/// A node, before it has registered.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    pub name: Rc<str>,
    pub control_plane: bool,
    /// Position among the nodes: addresses follow from it.
    pub index: u8,
    pub cpu_millis: u64,
    pub memory_bytes: u64,
    pub runtime: Runtime,
    /// The manifests in the kubelet's static pod folder, as YAML.
    pub static_pods: Vec<Rc<str>>,
    /// The images that come with it, beside those of its static pods.
    pub images: Vec<Rc<str>>,
}

/// The version that every node reports.
pub const VERSION: &str = "v1.36.2";

/// How many pods a node takes (`--max-pods`).
pub const MAX_PODS: u64 = 110;

impl NodeSpec {
    /// The node's own address.
    pub fn address(&self) -> String {
        match self.runtime {
            Runtime::Fake => format!("10.200.0.{}", self.index),
            // The first addresses of the network belong to its router.
            Runtime::Simulated => format!("172.18.0.{}", u16::from(self.index) + 2),
        }
    }

    /// The range from which its pods take their addresses.
    pub fn pod_cidr(&self) -> String {
        format!("10.244.{}.0/24", self.index)
    }

    /// The address of the `n`th sandbox, counted round in the node's range: `.0` is the network,
    /// `.1` the bridge, `.255` the broadcast address.
    pub fn pod_address(&self, n: u32) -> String {
        format!("10.244.{}.{}", self.index, 2 + n % 253)
    }

    pub fn is_fake(&self) -> bool {
        self.runtime == Runtime::Fake
    }
}
