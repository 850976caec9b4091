//! What kubelets say themselves, below the `proxy` of their nodes: the API server hands a request on to the node.
//! Models `k8s.io/kubernetes/pkg/registry/core/node/rest` (`ProxyREST`), `pkg/kubelet/server`, and
//! `k8s.io/kubelet/pkg/apis/stats/v1alpha1`.
//!
//! Divergence: of what a kubelet serves, only what the simulation knows is there: no traces, no metrics in the form of
//! Prometheus, no files of the machine.

use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::{Value, json};

use super::Cluster;
use crate::api::time::api_time;
use crate::api::{Key, Resource, Result, Status, codec, yaml};
use crate::apiserver::{Method, PodUsage, Request, Response};
use crate::kubelet::{CONFIG_FILE, DISK_BYTES, Kubelet, LogQuery, Logged, SeenPod};
use crate::sim::Time;

/// Where a kubelet listens.
const PORT: &str = "10250";

/// What a kubelet's configuration is where its file does not say otherwise.
const CONFIG: &str = include_str!("../../static/kubelet/configz.json");

/// Node and port of a request to a node's `proxy`, and what is asked of it; `None` of another request.
fn target(request: &Request) -> Option<(&str, &str)> {
    let rest = request.path.strip_prefix("/api/v1/nodes/")?;
    let (id, rest) = rest.split_once('/')?;
    let behind = rest.strip_prefix("proxy")?;
    (behind.is_empty() || behind.starts_with('/')).then_some((id, behind))
}

/// `name`, `name:port` or `scheme:name:port`: the name and the port, which may be empty.
fn split(id: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = id.split(':').collect();
    let (name, port) = match parts.as_slice() {
        [name] => (*name, ""),
        [name, port] | ["" | "http" | "https", name, port] => (*name, *port),
        _ => return None,
    };
    (!name.is_empty()).then_some((name, port))
}

fn text(code: u16, text: impl Into<String>) -> Response {
    Response::text(code, text)
}

fn no_page() -> Response {
    text(404, "404 page not found\n")
}

fn unavailable(why: &str) -> Box<Status> {
    let message = format!("error trying to reach service: {why}");
    Status::new(503, "ServiceUnavailable", message)
}

impl Cluster {
    /// Answers a request to the `proxy` of a node; `None` when it is another request.
    pub(super) fn ask_kubelet(&self, request: &Request) -> Option<Response> {
        let (id, behind) = target(request)?;
        let allowed = self.server.authorized(self.now(), request);
        let answer = allowed.and_then(|_| self.kubelet_says(id, behind, request));
        Some(answer.unwrap_or_else(Response::from))
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn kubelet_says(&self, id: &str, behind: &str, request: &Request) -> Result<Response> {
        let invalid = || Status::bad_request(format!("invalid node request \"{id}\""));
        let (name, port) = split(id).ok_or_else(invalid)?;
        let node = self.server.get::<Node>(&Key::new("", name));
        let node = node.ok_or_else(|| Status::not_found(Node::KIND.info(), name))?;
        let addresses = node
            .status
            .iter()
            .flat_map(|s| s.addresses.iter().flatten());
        let mut internal = addresses.filter(|a| a.type_ == "InternalIP");
        let address = internal.next().map(|a| a.address.clone());
        let refused = |port: &str| {
            let address = address.clone().unwrap_or_default();
            unavailable(&format!(
                "dial tcp {address}:{port}: connect: connection refused"
            ))
        };
        if !matches!(port, "" | PORT) {
            return Err(refused(port));
        }
        let place = self.config().nodes.iter().position(|n| n.name == name);
        let Some((i, part)) = place.and_then(|i| Some((i, self.kubelets.get(i)?))) else {
            return Err(refused(PORT));
        };
        if part.component.node.is_fake() {
            return Err(refused(PORT));
        }
        if let Some(why) = self.unreachable(i) {
            return Err(unavailable(&why));
        }
        Ok(self.page(&part.component, behind, request))
    }

    fn page(&self, kubelet: &Kubelet, path: &str, request: &Request) -> Response {
        let get = request.method == Method::Get;
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            ["healthz"] if request.query("verbose").is_some() => text(
                200,
                "[+]ping ok\n[+]log ok\n[+]syncloop ok\nhealthz check passed\n",
            ),
            ["healthz"] | ["healthz", "ping" | "log" | "syncloop"] => text(200, "ok"),
            ["pods" | "pods/"] | ["pods", ""] if get => Response::json(200, self.pods_of(kubelet)),
            ["configz"] => text(200, config_of(kubelet)),
            ["stats", "summary"] if get => {
                let only = request.query("only_cpu_and_memory") == Some("true");
                text(200, self.summary(kubelet, only))
            }
            ["containerLogs", namespace, pod, container] if get => {
                self.raw_logs(kubelet, [namespace, pod, container], request)
            }
            _ => no_page(),
        }
    }

    /// The pods that are meant to run there, as the kubelet has them: those of its own manifests without what the API
    /// server added.
    fn pods_of(&self, kubelet: &Kubelet) -> Value {
        let node = Some(&*kubelet.node.name);
        let pods = self.server.list::<Pod>(None);
        let here = pods.iter().filter(|pod| {
            let spec = pod.spec.as_ref();
            spec.and_then(|s| s.node_name.as_deref()) == node
        });
        let items: Vec<Value> = here
            .map(|pod| {
                let mut pod = Pod::clone(pod);
                let metadata = &mut pod.metadata;
                let annotations = metadata.annotations.as_mut();
                let mirrored = annotations.and_then(|a| a.remove("kubernetes.io/config.mirror"));
                if let Some(hash) = mirrored {
                    metadata.uid = Some(hash);
                    metadata.resource_version = None;
                    metadata.creation_timestamp = None;
                    metadata.owner_references = None;
                    metadata.generation = None;
                }
                codec::encode(&pod)
            })
            .collect();
        json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items})
    }

    fn raw_logs(&self, kubelet: &Kubelet, of: [&str; 3], request: &Request) -> Response {
        let [namespace, name, container] = of;
        let missing = |message: String| text(404, message);
        let Some(pod) = self.server.get::<Pod>(&Key::new(namespace, name)) else {
            return missing(format!("pod \"{name}\" does not exist\n"));
        };
        if pod.spec.as_ref().and_then(|s| s.node_name.as_deref()) != Some(&*kubelet.node.name) {
            return missing(format!("pod \"{name}\" does not exist\n"));
        }
        if super::logs::container_of(&pod, container).is_err() {
            return missing(format!(
                "container \"{container}\" not found in pod \"{name}\"\n"
            ));
        }
        let number = |field| request.query(field).and_then(|text| text.parse().ok());
        let flag = |field| matches!(request.query(field), Some("true" | "1"));
        let query = LogQuery {
            previous: flag("previous"),
            tail_lines: number("tailLines"),
            since_seconds: number("sinceSeconds"),
            limit_bytes: number("limitBytes"),
            timestamps: flag("timestamps"),
        };
        match kubelet.logs(namespace, name, container, &query, self.now()) {
            Logged::Text(log) => text(200, log),
            Logged::Refused(message) => text(400, message),
            Logged::Unreachable(message) => text(500, message),
        }
    }

    /// `/stats/summary`, as go-restful writes it: with an indent of one blank.
    fn summary(&self, kubelet: &Kubelet, only: bool) -> String {
        let now = self.now();
        let name = &*kubelet.node.name;
        let usage = self.server.pod_metrics(now, "").unwrap_or_default();
        let (cpu, memory) = self.server.node_usage(name, &usage);
        let at = || stamp(now);
        let capacity = kubelet.node.memory_bytes;
        let disks = kubelet.disks();
        let used = disks.iter().map(|(_, bytes)| *bytes);
        let used: u64 = used.fold(0, u64::saturating_add);
        let disk = |used_here: u64| {
            Part::Fields(vec![
                ("time", at()),
                ("availableBytes", told(DISK_BYTES.saturating_sub(used))),
                ("capacityBytes", told(DISK_BYTES)),
                ("usedBytes", told(used_here)),
            ])
        };
        let mut node = vec![
            ("nodeName", told(name)),
            ("startTime", stamp(self.config().start)),
            ("cpu", cpu_of(now, cpu)),
            (
                "memory",
                Part::Fields(vec![
                    ("time", at()),
                    ("availableBytes", told(capacity.saturating_sub(memory))),
                    ("usageBytes", told(memory)),
                    ("workingSetBytes", told(memory)),
                ]),
            ),
        ];
        if !only {
            node.push(("fs", disk(used)));
        }
        let mut pods = Vec::new();
        for pod in kubelet.seen() {
            let same = |u: &&PodUsage| *u.namespace == *pod.namespace && *u.name == *pod.name;
            let mut fields = of_pod(&pod, usage.iter().find(same));
            let own = disks.iter().find(|(uid, _)| *uid == pod.uid);
            if let Some((_, used)) = own.filter(|_| !only) {
                fields.push(("ephemeral-storage", disk(*used)));
            }
            pods.push(Part::Fields(fields));
        }
        let mut out = String::new();
        let whole = [("node", Part::Fields(node)), ("pods", Part::List(pods))];
        Part::Fields(whole.into()).write(0, &mut out);
        out
    }
}

type Fields = Vec<(&'static str, Part)>;

/// JSON whose fields stand in an order of their own.
enum Part {
    Value(Value),
    Fields(Fields),
    List(Vec<Part>),
}

impl Part {
    fn write(&self, depth: usize, out: &mut String) {
        let newline = |out: &mut String, depth: usize| {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', depth));
        };
        match self {
            Part::Value(value) => out.push_str(&value.to_string()),
            Part::Fields(fields) => {
                for (i, (name, part)) in fields.iter().enumerate() {
                    out.push(if i == 0 { '{' } else { ',' });
                    newline(out, depth + 1);
                    out.push_str(&format!("\"{name}\": "));
                    part.write(depth + 1, out);
                }
                newline(out, depth);
                out.push('}');
            }
            Part::List(parts) if parts.is_empty() => out.push_str("[]"),
            Part::List(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    out.push(if i == 0 { '[' } else { ',' });
                    newline(out, depth + 1);
                    part.write(depth + 1, out);
                }
                newline(out, depth);
                out.push(']');
            }
        }
    }
}

fn told(value: impl Into<Value>) -> Part {
    Part::Value(value.into())
}

fn stamp(at: Time) -> Part {
    Part::Value(codec::encode(&api_time(at)))
}

fn cpu_of(at: Time, nanos: u64) -> Part {
    Part::Fields(vec![("time", stamp(at)), ("usageNanoCores", told(nanos))])
}

fn memory_of(at: Time, bytes: u64) -> Part {
    Part::Fields(vec![
        ("time", stamp(at)),
        ("usageBytes", told(bytes)),
        ("workingSetBytes", told(bytes)),
    ])
}

fn of_pod(pod: &SeenPod, usage: Option<&PodUsage>) -> Fields {
    let running = pod.containers.iter().filter(|c| c.ended.is_none());
    let (mut cpu, mut memory) = (0_u64, 0_u64);
    let containers: Vec<Part> = running
        .map(|container| {
            let mut fields = vec![
                ("name", told(container.name.as_str())),
                ("startTime", stamp(container.started)),
            ];
            let used = usage.and_then(|u| u.containers.iter().find(|c| *c.name == *container.name));
            if let (Some(used), Some(usage)) = (used, usage) {
                cpu = cpu.saturating_add(used.cpu_nanos);
                memory = memory.saturating_add(used.memory);
                fields.push(("cpu", cpu_of(usage.at, used.cpu_nanos)));
                fields.push(("memory", memory_of(usage.at, used.memory)));
            }
            Part::Fields(fields)
        })
        .collect();
    let mut fields = vec![
        (
            "podRef",
            Part::Fields(vec![
                ("name", told(&*pod.name)),
                ("namespace", told(&*pod.namespace)),
                ("uid", told(&*pod.uid)),
            ]),
        ),
        ("startTime", stamp(pod.created)),
        ("containers", Part::List(containers)),
    ];
    if let Some(usage) = usage {
        fields.push(("cpu", cpu_of(usage.at, cpu)));
        fields.push(("memory", memory_of(usage.at, memory)));
    }
    fields
}

/// The configuration of a kubelet: its file, and what holds where that does not say anything. What the file leaves
/// alone stays as it is written.
fn config_of(kubelet: &Kubelet) -> String {
    let file = kubelet.folder().get(CONFIG_FILE);
    let file = file.and_then(|text| yaml::parse(text).documents.into_iter().next());
    let file = file.map(|document| document.value).unwrap_or_default();
    let mut written = Vec::new();
    for line in CONFIG.lines() {
        let line = line.trim_end_matches(',');
        let Some((name, value)) = line.strip_prefix('"').and_then(|l| l.split_once("\":")) else {
            continue;
        };
        let usual: Value = serde_json::from_str(value).unwrap_or_default();
        let said = overlaid(&usual, &file[name]);
        match said == usual {
            true => written.push(line.to_owned()),
            false => written.push(format!("\"{name}\":{said}")),
        }
    }
    format!("{{\"kubeletconfig\":{{{}}}}}", written.join(","))
}

/// What a file says instead of what holds without it. Empty texts and spans of no length stand for what holds anyway.
fn overlaid(usual: &Value, said: &Value) -> Value {
    match (usual, said) {
        (Value::Object(usual), Value::Object(said)) => {
            let mut all = usual.clone();
            for (name, said) in said {
                let below = usual.get(name).unwrap_or(&Value::Null);
                all.insert(name.clone(), overlaid(below, said));
            }
            Value::Object(all)
        }
        (usual, Value::Null) => usual.clone(),
        (usual, Value::String(text)) if text.is_empty() || text == "0s" => usual.clone(),
        (_, said) => said.clone(),
    }
}
