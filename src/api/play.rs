//! The kinds of the group `play.kubarium.dev`: what a simulator needs and a real cluster has not.

mod fault;
pub mod lesson;
mod operator;
pub mod picture;
pub mod template;

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

pub use fault::{
    CONTROLLERS, FAULT_TYPES, Fault, FaultPeer, FaultPods, FaultSpec, FaultStatus, PROCESSES,
    REGISTRY_FAILURES, parse_duration,
};
pub use lesson::Lesson;
pub use operator::{MOST_CHILDREN, Operator, OperatorChild, OperatorKind, OperatorSpec};

pub const GROUP: &str = "play.kubarium.dev";
pub const VERSION: &str = "v1alpha1";

/// What a container image does when it runs. A repository that no `Image` names behaves as
/// `kubelet::runtime::image` says.
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
    /// The tags that exist; `*` stands for any text. None given means that every tag exists.
    #[serde(skip_serializing_if = "is_default")]
    pub tags: Vec<String>,
    /// What a node has to pull: the compressed size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// What runs when a container gives no `command` that says otherwise.
    #[serde(skip_serializing_if = "is_default")]
    pub program: Program,
    /// Tags that differ from the rest; the first that matches counts.
    #[serde(skip_serializing_if = "is_default")]
    pub versions: Vec<ImageVersion>,
}

/// Tags of an image that differ from the rest. They exist, whether or not `tags` lists them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ImageVersion {
    /// `*` stands for any text.
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// Replaces the program of the image as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
}

/// The behaviour of a process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Program {
    /// The name of the executable: a `command` or `args` that begins with it runs this program.
    /// Absent, it is the last part of the repository.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// Whether the image has an entrypoint: `args` without `command` are then always the
    /// program's own arguments.
    #[serde(skip_serializing_if = "is_default")]
    pub entrypoint: bool,
    /// A shell script that is run instead of a server.
    #[serde(skip_serializing_if = "is_default")]
    pub script: String,
    /// TCP ports that it listens on once it has started.
    #[serde(skip_serializing_if = "is_default")]
    pub ports: Vec<i32>,
    /// HTTP answers by path; the longest matching prefix wins, and among equals the first that
    /// holds at the time.
    #[serde(skip_serializing_if = "is_default")]
    pub http: Vec<HttpAnswer>,
    /// A folder whose files are served before `http` is asked.
    #[serde(skip_serializing_if = "is_default")]
    pub document_root: String,
    /// How long it takes from start to listening, in milliseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub startup_millis: u64,
    /// How long one request takes, in milliseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub latency_millis: u64,
    /// What it logs on start.
    #[serde(skip_serializing_if = "is_default")]
    pub logs: Vec<String>,
    /// What it logs for each request; `{client}`, `{time}`, `{method}`, `{path}`, `{status}`,
    /// `{bytes}` are replaced.
    #[serde(skip_serializing_if = "is_default")]
    pub access_log: String,
    /// What it logs when it is told to stop.
    #[serde(skip_serializing_if = "is_default")]
    pub stop_logs: Vec<String>,
    /// Ends by itself after so many milliseconds; absent for a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_after_millis: Option<u64>,
    /// With which code it ends by itself.
    #[serde(skip_serializing_if = "is_default")]
    pub exit_code: i32,
    /// A program that ignores SIGTERM is killed after the grace period.
    #[serde(skip_serializing_if = "is_default")]
    pub ignores_sigterm: bool,
    /// How long it lives after SIGTERM before it exits, in milliseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub drain_millis: u64,
    /// Whether it takes new connections while it drains; others are refused at once.
    #[serde(skip_serializing_if = "is_default")]
    pub accepts_while_draining: bool,
    /// Further executables of the image: shell scripts by name.
    #[serde(skip_serializing_if = "is_default")]
    pub commands: BTreeMap<String, String>,
    /// Programs that a script of the image may turn into, by name: `become NAME [--port N]
    /// [--body TEXT] [--root FOLDER]`.
    #[serde(skip_serializing_if = "is_default")]
    pub modes: BTreeMap<String, Program>,
    /// Files of the image, by path.
    #[serde(skip_serializing_if = "is_default")]
    pub files: BTreeMap<String, String>,
    /// As which user it runs when the pod does not say; absent, as root.
    #[serde(skip_serializing_if = "is_default")]
    pub user: i64,
    /// Whether the image lacks a shell and the usual tools.
    #[serde(skip_serializing_if = "is_default")]
    pub no_shell: bool,
    /// Environment variables without which it refuses to start, with the line it then logs.
    #[serde(skip_serializing_if = "is_default")]
    pub requires_env: BTreeMap<String, String>,
    /// CPU in use while nothing is asked of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Seconds of CPU that a request costs: `5m` are five milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_per_request: Option<Quantity>,
    /// Memory in use once it has started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
    /// How much more it uses with each second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_growth_per_second: Option<Quantity>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HttpAnswer {
    pub path: String,
    pub status: u16,
    #[serde(skip_serializing_if = "is_default")]
    pub body: String,
    /// Holds from so many milliseconds after the start on.
    #[serde(skip_serializing_if = "is_default")]
    pub from_millis: u64,
    /// Holds up to so many milliseconds after the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_millis: Option<u64>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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
