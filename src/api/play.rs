//! The kinds of the group `play.kubarium.dev`: what a simulator needs and a real cluster has not.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

pub const GROUP: &str = "play.kubarium.dev";
pub const VERSION: &str = "v1alpha1";

/// What a container image does when it runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Image {
    pub metadata: ObjectMeta,
    pub spec: ImageSpec,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ImageSpec {
    /// The name without tag, as manifests write it: "nginx", "ghcr.io/acme/shop".
    pub repository: String,
    /// The tags that exist; none given means that every tag exists.
    pub tags: Vec<String>,
    /// What a node has to pull.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// What runs when a container gives no `command` that says otherwise.
    pub program: Program,
}

/// The behaviour of a process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Program {
    /// TCP ports that it listens on once it has started.
    pub ports: Vec<i32>,
    /// HTTP answers by path; the longest matching prefix wins.
    pub http: Vec<HttpAnswer>,
    /// How long it takes from start to listening, in milliseconds.
    pub startup_millis: u64,
    /// How long one request takes, in milliseconds.
    pub latency_millis: u64,
    /// What it logs on start.
    pub logs: Vec<String>,
    /// What it logs for each request; `{client}`, `{path}`, `{status}` are replaced.
    pub access_log: String,
    /// Ends by itself after so many milliseconds; absent for a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_after_millis: Option<u64>,
    /// With which code it ends by itself.
    pub exit_code: i32,
    /// Whether it ends on SIGTERM at once; a program that ignores it is killed after the grace
    /// period.
    pub ignores_sigterm: bool,
    /// How long it goes on serving after SIGTERM before it exits, in milliseconds.
    pub drain_millis: u64,
    /// What it does when a container gives it as `command`, by the first word.
    pub commands: BTreeMap<String, String>,
    /// Environment variables without which it refuses to start, with the line it then logs.
    pub requires_env: BTreeMap<String, String>,
    /// Memory in use once it has started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HttpAnswer {
    pub path: String,
    pub status: u16,
    pub body: String,
}

/// The most that a [`Traffic`] may ask for: requests per second, and clients.
pub const MOST_RATE: u32 = 1000;
pub const MOST_CLIENTS: u32 = 64;

/// A simulated client that sends requests at a steady rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Traffic {
    pub metadata: ObjectMeta,
    pub spec: TrafficSpec,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TrafficSpec {
    /// Where the requests go: "http://web/", "http://web.shop.svc.cluster.local:8080/cart",
    /// or a node's address and port.
    pub url: String,
    /// Requests per second of virtual time, over all clients. 10 when absent.
    pub rate: u32,
    /// How many clients share the rate; each has its own address. 1 when absent.
    pub clients: u32,
    /// A request without an answer fails after so many milliseconds; 1000 when
    /// absent.
    pub timeout_millis: u64,
    pub paused: bool,
}
