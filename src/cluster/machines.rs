//! The machines under the nodes, for whoever logs in: files, containers, the kubelet's service, the
//! rules of kube-proxy. Requests below `/play/nodes/NAME`; what changes something is a POST, and so
//! part of the history.
//!
//! A component of the control plane whose static pod does not run does not act: without
//! kube-scheduler nothing is scheduled, without kube-apiserver or etcd no request is answered.

mod journal;
mod processes;

use std::rc::Rc;

use serde_json::{Value, json};

use super::faults::Troubles;
use super::{Cluster, Event};
use crate::api::{Result, Status};
use crate::apiserver::{Body, Method, Request, Response, Upstream};
use crate::kubelet::{DATABASE, ETCD, LIVE};
use crate::network::{Door, Mode};
use crate::sim::ordered::Set as BTreeSet;
use crate::sim::{Time, hash_bytes};

/// The components that run as static pods, in the order of their names.
const COMPONENTS: [&str; 4] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];

/// What people have done to the machines.
#[derive(Clone, Default)]
pub struct Machines {
    /// Nodes whose kubelet's service is stopped, and since when.
    stopped: Vec<(Rc<str>, Time)>,
    /// When a kubelet was started by hand.
    started: Vec<(Rc<str>, Time)>,
    /// Whether manifests of the control plane were ever touched: before, nobody looks whether
    /// they run.
    touched: bool,
    /// Components whose pods do not run.
    down: BTreeSet<&'static str>,
    /// Where the etcd that ran last kept its data, if not where it did at first.
    data: Option<Rc<str>>,
}

impl Machines {
    /// Adds what they do to the processes of the cluster.
    pub fn trouble(&self, troubles: &mut Troubles) {
        for (node, _) in &self.stopped {
            troubles.pause("kubelet", Some(node));
        }
        for component in &["kube-controller-manager", "kube-scheduler"] {
            if self.down.contains(component) || self.is_deaf() {
                troubles.pause(component, None);
            }
        }
        troubles.deaf = self.is_deaf();
    }

    /// Whether somebody has stopped the kubelet of a node.
    pub fn is_stopped(&self, node: &str) -> bool {
        self.stopped.iter().any(|(name, _)| **name == *node)
    }

    /// No request is answered.
    pub fn is_deaf(&self) -> bool {
        self.down.contains("kube-apiserver") || self.down.contains("etcd")
    }

    pub fn is_etcd_down(&self) -> bool {
        self.down.contains("etcd")
    }
}

fn not_found(node: &str) -> Box<Status> {
    let message = format!("ssh: Could not resolve hostname {node}: Name or service not known");
    Status::new(404, "NotFound", message)
}

impl Cluster {
    /// Answers a request about a machine, or refuses one that nobody can answer now; `None` when
    /// it is another request.
    pub(super) fn machine(&mut self, request: &Request) -> Option<Response> {
        if let Some(rest) = request.path.strip_prefix("/play/nodes/") {
            let (node, what) = rest.split_once('/').unwrap_or((rest, ""));
            let allowed = self.server.authorized(self.now(), request);
            let answer = allowed.and_then(|_| self.on_machine(node, what, request));
            return Some(answer.unwrap_or_else(Response::from));
        }
        if request.path.starts_with("/play/etcd/") {
            let message = "dial tcp 127.0.0.1:2379: connect: connection refused";
            let down = self.machines.is_etcd_down();
            return down.then(|| Response::from(Status::new(503, "ConnectionRefused", message)));
        }
        if let (Some(path), false) = (
            request.path.strip_prefix("/play/upstream"),
            self.machines.is_deaf(),
        ) {
            return Some(self.upstream(path, request));
        }
        let address = self.kubelets.first().map(|k| k.component.node.address());
        self.machines.is_deaf().then(|| {
            let address = address.unwrap_or_default();
            let message = format!("dial tcp {address}:6443: connect: connection refused");
            Response::from(Status::new(503, "ConnectionRefused", message))
        })
    }

    /// Where the API server would send on a request to the `proxy` of a pod or a service, which is read from the
    /// path behind `/play/upstream`; its method stands in the query.
    fn upstream(&self, path: &str, request: &Request) -> Response {
        let mut inner = request.clone();
        inner.path = path.to_owned();
        let methods = [Method::Post, Method::Put, Method::Patch, Method::Delete];
        let asked = methods
            .into_iter()
            .find(|method| request.query("method") == Some(method.name()));
        inner.method = asked.unwrap_or(Method::Get);
        let chance = hash_bytes(self.now().0, path.as_bytes());
        match self.server.upstream(self.now(), &inner, chance) {
            Ok(Upstream { host, port, path }) => {
                Response::json(200, json!({ "host": host, "port": port, "path": path }))
            }
            Err(status) => Response::from(status),
        }
    }

    fn on_machine(&mut self, node: &str, what: &str, request: &Request) -> Result<Response> {
        let place = self.config.nodes.iter().position(|n| n.name == node);
        let i = place.ok_or_else(|| not_found(node))?;
        let part = self.kubelets.get(i).ok_or_else(|| not_found(node))?;
        let kubelet = &part.component;
        if kubelet.node.is_fake() {
            return Err(Status::bad_request(format!(
                "ssh: connect to host {node} port 22: Connection refused (a fake node has no machine)"
            )));
        }
        if self.world.is_dark(node) {
            let message = format!("ssh: connect to host {node} port 22: No route to host");
            return Err(Status::bad_request(message));
        }
        let empty = Value::Null;
        let body = match &request.body {
            Body::Json(body) => body,
            _ => &empty,
        };
        let answer = match (request.method, what) {
            (Method::Get, "") => self.about(i),
            (Method::Get, "files") => {
                let files = kubelet.folder().iter();
                let files: Vec<Value> = files.map(|(path, text)| json!([**path, **text])).collect();
                json!({ "files": files })
            }
            (Method::Post, "files") => {
                let path = body["path"].as_str().unwrap_or_default().to_owned();
                if !path.starts_with('/') {
                    return Err(Status::bad_request("a file has an absolute path"));
                }
                let text = body["text"].as_str().map(str::to_owned);
                let mut written = Ok(());
                self.on_node(i, |kubelet, ctx| {
                    written = kubelet.write_file(&path, text.as_deref(), ctx);
                });
                written.map_err(Status::bad_request)?;
                let main = self.config.nodes.get(i).is_some_and(|n| n.control_plane);
                self.machines.touched |= main && path.starts_with(crate::kubelet::MANIFESTS);
                json!({})
            }
            (Method::Get, "pods") => self.seen_pods(i),
            (Method::Get, "images") => {
                let images = kubelet.image_list().into_iter();
                let images: Vec<Value> = images
                    .map(|image| json!({"names": image.names, "size": image.size_bytes}))
                    .collect();
                json!({ "images": images })
            }
            (Method::Get, "proxy") => self.proxy_rules(node),
            (Method::Get, "routes") => {
                let nodes = self.config.nodes.iter().zip(&self.kubelets);
                let routes: Vec<Value> = nodes
                    .map(|(_, part)| {
                        let spec = &part.component.node;
                        json!([spec.pod_cidr(), spec.address(), &*spec.name])
                    })
                    .collect();
                json!({ "routes": routes })
            }
            (Method::Get, "journal") => json!({ "lines": self.journal(i) }),
            (Method::Get, "processes") => json!({ "processes": self.processes(i) }),
            (Method::Post, "kubelet") => {
                let action = body["action"].as_str().unwrap_or_default();
                self.kubelet_service(i, action)?;
                json!({})
            }
            _ => return Err(Status::no_such_resource()),
        };
        Ok(Response::json(200, answer))
    }

    fn about(&self, i: usize) -> Value {
        let (Some(config), Some(part)) = (self.config.nodes.get(i), self.kubelets.get(i)) else {
            return Value::Null;
        };
        let find = |list: &[(Rc<str>, Time)]| {
            let mut all = list.iter();
            all.find(|(name, _)| **name == *config.name)
                .map(|(_, at)| at.0)
        };
        let stopped = find(&self.machines.stopped);
        let since = stopped.or_else(|| find(&self.machines.started));
        json!({
            "name": config.name, "controlPlane": config.control_plane,
            "address": part.component.node.address(), "podCIDR": part.component.node.pod_cidr(),
            "cpuMillis": config.cpu_millis, "memoryBytes": config.memory_bytes,
            "kubelet": if stopped.is_some() { "inactive" } else { "active" },
            "since": since.unwrap_or(self.config.start.0),
        })
    }

    fn seen_pods(&self, i: usize) -> Value {
        let pods = self.kubelets.get(i).map(|p| p.component.seen());
        let pods: Vec<Value> = pods
            .unwrap_or_default()
            .into_iter()
            .map(|pod| {
                let containers: Vec<Value> = pod
                    .containers
                    .iter()
                    .map(|c| {
                        json!({
                            "name": c.name, "id": *c.id, "image": *c.image, "attempt": c.attempt,
                            "started": c.started.0, "ended": c.ended.map(|(at, _)| at.0),
                            "exitCode": c.ended.map(|(_, code)| code), "command": c.command,
                        })
                    })
                    .collect();
                json!({
                    "namespace": *pod.namespace, "name": *pod.name, "uid": *pod.uid, "id": pod.id,
                    "ready": pod.ready, "created": pod.created.0, "ip": pod.ip.as_deref(),
                    "containers": containers,
                })
            })
            .collect();
        json!({ "pods": pods })
    }

    fn proxy_rules(&self, node: &str) -> Value {
        let table = self.network().proxy_table(node, self.now());
        let rules: Vec<Value> = table
            .rules
            .iter()
            .map(|rule| {
                let endpoints: Vec<Value> = rule
                    .endpoints
                    .iter()
                    .map(|e| {
                        json!({
                            "address": *e.address, "port": e.port, "chain": e.chain,
                            "oneIn": e.one_in, "active": e.active, "inactive": e.inactive,
                        })
                    })
                    .collect();
                let door = match rule.door {
                    Door::ClusterIp => "clusterIP",
                    Door::ExternalIp => "externalIP",
                    Door::LoadBalancer => "loadBalancer",
                    Door::NodePort => "nodePort",
                };
                json!({
                    "service": rule.service.to_string(), "portName": *rule.port_name,
                    "protocol": *rule.protocol, "door": door, "address": *rule.address,
                    "port": rule.port, "chain": rule.chain, "affinity": rule.affinity,
                    "endpoints": endpoints,
                })
            })
            .collect();
        let (mode, scheduler) = match &table.mode {
            Mode::Iptables => ("iptables", ""),
            Mode::Nftables => ("nftables", ""),
            Mode::Ipvs(scheduler) => ("ipvs", &**scheduler),
        };
        json!({"mode": mode, "scheduler": scheduler, "rules": rules})
    }

    /// `systemctl stop|start|restart kubelet`.
    fn kubelet_service(&mut self, i: usize, action: &str) -> Result<()> {
        let now = self.now();
        let Some(name) = self.config.nodes.get(i).map(|n| Rc::<str>::from(&*n.name)) else {
            return Ok(());
        };
        let was = self.machines.stopped.iter().any(|(n, _)| *n == name);
        match action {
            "stop" if !was => self.machines.stopped.push((name, now)),
            "stop" => return Ok(()),
            "start" if !was => return Ok(()),
            "start" | "restart" => {
                self.machines.stopped.retain(|(n, _)| *n != name);
                self.machines.started.retain(|(n, _)| *n != name);
                self.machines.started.push((name, now));
            }
            _ => return Err(Status::bad_request(format!("Unknown operation {action}."))),
        }
        self.bring_about();
        if action != "stop" {
            self.on_node(i, |kubelet, ctx| kubelet.restarted(ctx));
        }
        Ok(())
    }

    /// Looks whether the pods of the control plane run, once somebody has touched them.
    pub(super) fn look_at_components(&mut self, event_of: Option<u32>) {
        if !self.machines.touched {
            return;
        }
        let main = self.config.nodes.iter().position(|n| n.control_plane);
        let Some(i) = main.filter(|i| event_of.is_none_or(|of| of as usize == *i)) else {
            return;
        };
        let Some(part) = self.kubelets.get(i) else {
            return;
        };
        let mut down = BTreeSet::new();
        for name in COMPONENTS {
            if !part.component.runs_static(name) {
                down.insert(name);
            }
        }
        if !down.contains("etcd") && !self.can_read_data(i) {
            down.insert("etcd");
        }
        if down.iter().ne(self.machines.down.iter()) {
            let (was, is) = (self.machines.is_etcd_down(), down.contains("etcd"));
            self.machines.down = down;
            match (was, is) {
                (false, true) => self.close_data(i),
                (true, false) => self.open_data(i),
                _ => {}
            }
            self.bring_about();
        }
    }

    /// The file in which the etcd of a node finds its keys: where it is, and what stands in it.
    fn database(&self, i: usize) -> Option<(String, Option<Rc<str>>)> {
        let kubelet = &self.kubelets.get(i)?.component;
        let path = format!("{}/{DATABASE}", kubelet.data_folder()?);
        let text = kubelet.folder().get(&*path).cloned();
        Some((path, text))
    }

    /// Whether etcd can begin with what it finds: nothing, its own data, or a snapshot. With anything else it fails
    /// as it starts.
    fn can_read_data(&self, i: usize) -> bool {
        match self.database(i) {
            Some((_, Some(text))) => *text == *LIVE || self.server.knows_snapshot(&text),
            _ => true,
        }
    }

    /// Leaves behind what was stored, in the folder of the etcd that has ended.
    fn close_data(&mut self, i: usize) {
        let folder = self.machines.data.as_deref().unwrap_or(ETCD);
        let path = format!("{folder}/{DATABASE}");
        let kubelet = self.kubelets.get(i).map(|part| &part.component);
        let text = kubelet.and_then(|kubelet| kubelet.folder().get(&*path));
        if text.is_some_and(|text| **text == *LIVE) {
            let file = self.server.save_snapshot();
            self.write_data(i, &path, &file);
        }
    }

    /// Begins with what stands in the folder of the etcd that has started.
    fn open_data(&mut self, i: usize) {
        let found = self.database(i);
        let (path, text) = match &found {
            Some((path, text)) => (Some(path), text.as_deref()),
            None => (None, None),
        };
        match text {
            Some(LIVE) => {}
            Some(file) => self.server.restore_snapshot(&mut self.kernel, Some(file)),
            None => {
                self.server.restore_snapshot(&mut self.kernel, None);
                self.bootstrap_server();
            }
        }
        if let Some(path) = path {
            self.write_data(i, path, LIVE);
            let folder = path.strip_suffix(DATABASE).unwrap_or(path);
            self.machines.data = Some(folder.trim_end_matches('/').into());
        }
    }

    fn write_data(&mut self, i: usize, path: &str, text: &str) {
        self.on_node(i, |kubelet, ctx| {
            // A disk that is full takes no more; the file stays what it was.
            let _ = kubelet.write_file(path, Some(text), ctx);
        });
    }

    /// The node of a kubelet's event.
    pub(super) fn kubelet_of(event: &Event) -> Option<u32> {
        match event {
            Event::Kubelet(i, ..) => Some(*i),
            _ => None,
        }
    }
}
