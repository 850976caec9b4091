//! `kubectl port-forward`: ports of this terminal that lead into a pod.
//! Models `k8s.io/kubectl/pkg/cmd/portforward` and `k8s.io/client-go/tools/portforward`.
//!
//! Divergence: requests go to the pod's address over the simulated network, so a process that
//! listens on its own localhost alone is not reached; the right to `pods/portforward` is not asked.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use serde_json::Value;

use super::Command;
use super::exec::pod;
use crate::api::Kind;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::json::{int, list, name, namespace, text};
use crate::kubectl::kube::Kube;
use crate::kubectl::network::Forward;
use crate::kubectl::shell::Shell;

pub const PORT_FORWARD: Command = Command {
    path: "port-forward",
    short: "Forward one or more local ports to a pod",
    help: "TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]
Ports here lead to ports of a pod, for as long as the command runs. A deployment or service stands for one of its pods.

# Port 8080 here is port 80 there
kubectl port-forward service/web 8080:80

# The same port on both sides, and a free one here
kubectl port-forward pod/web 5000 :6000",
    flags: &["address=[localhost] pod-running-timeout=1m0s"],
    run: |kube| Box::pin(run(kube)),
};

/// The first port that is chosen when none is named.
pub const FIRST_FREE: u16 = 40_001;

async fn run(kube: &Kube) -> Result<()> {
    let Some((target, ports)) = kube.flags.arguments.split_first() else {
        return kube.usage("TYPE/NAME and list of ports are required for port-forward");
    };
    if ports.is_empty() {
        return kube.usage("TYPE/NAME and list of ports are required for port-forward");
    }
    let mut service = Value::Null;
    if target.contains('/') {
        let words = std::slice::from_ref(target);
        let named = kube.targets(words).await?.targets;
        if let Some(named) = named.first().filter(|t| t.kind.kind == "Service") {
            service = kube.get(named.kind, &named.namespace, &named.name).await?;
        }
    }
    let pod = pod(kube, target).await?;
    let mut pairs = Vec::new();
    for port in ports {
        pairs.push(pair(port, &service, &pod)?);
    }
    let phase = text(&pod, "status.phase");
    if phase != "Running" {
        return plain(format!(
            "unable to forward port because pod is not running. Current status={phase}"
        ));
    }
    let open = Open::new(kube, &pod, &pairs)?;
    for address in addresses(kube)? {
        for (local, to) in &open.ports {
            kube.print(&format!("Forwarding from {address}:{local} -> {to}"));
        }
    }
    serve(kube, &pod, &open).await
}

/// Where the terminal listens, as it is said.
fn addresses(kube: &Kube) -> Result<Vec<String>> {
    let given = kube.flags.list("address");
    let mut out = Vec::new();
    for address in given {
        match address.as_str() {
            "localhost" => out.extend(["127.0.0.1".to_owned(), "[::1]".to_owned()]),
            address if address.contains(':') => out.push(format!("[{address}]")),
            address if address.split('.').count() == 4 => out.push(address.to_owned()),
            address => return plain(format!("{address} is not a valid IP")),
        }
    }
    if given.is_empty() {
        out.extend(["127.0.0.1".to_owned(), "[::1]".to_owned()]);
    }
    Ok(out)
}

/// `8080:80`, `80`, `:80`, `8080:http`: the port here (0 for any) and the one there.
fn pair(word: &str, service: &Value, pod: &Value) -> Result<(u16, u16)> {
    let (local, remote) = match word.split_once(':') {
        Some((local, remote)) => (local, remote),
        None => (word, word),
    };
    let bad = |which: &str, value: &str| {
        plain(format!(
            "error parsing {which} port '{value}': strconv.ParseUint: parsing \"{value}\": invalid syntax"
        ))
    };
    let to = match service.is_object() {
        true => through_service(remote, service, pod)?,
        false => match remote.parse::<u16>() {
            Ok(number) => number,
            Err(_) if remote.bytes().all(|b| b.is_ascii_digit()) => {
                return bad("remote", remote);
            }
            Err(_) => named_port(pod, remote)?,
        },
    };
    if to == 0 {
        return plain("remote port must be > 0");
    }
    let local = match local {
        "" => 0,
        local => match local.parse::<u16>() {
            Ok(number) => number,
            // A name alone: the same number on both sides.
            Err(_) if !word.contains(':') => to,
            Err(_) => return bad("local", local),
        },
    };
    Ok((local, to))
}

/// The port of a container by its name.
fn named_port(pod: &Value, wanted: &str) -> Result<u16> {
    let containers = list(&pod["spec"], "containers").iter();
    let mut ports = containers.flat_map(|c| list(c, "ports"));
    let found = ports.find(|p| text(p, "name") == wanted);
    match found.and_then(|p| int(p, "containerPort")) {
        Some(port) => Ok(u16::try_from(port).unwrap_or(0)),
        None => plain(format!(
            "Pod '{}' does not have a named port '{wanted}'",
            name(pod)
        )),
    }
}

/// Where a service's port leads in the pod.
fn through_service(remote: &str, service: &Value, pod: &Value) -> Result<u16> {
    let number = remote.parse::<i64>().ok();
    let ports = list(&service["spec"], "ports").iter();
    let found = ports.clone().find(|p| match number {
        Some(number) => int(p, "port") == Some(number),
        None => text(p, "name") == remote,
    });
    let Some(port) = found else {
        return plain(match number {
            Some(_) => format!(
                "Service {} does not have a service port {remote}",
                name(service)
            ),
            None => format!(
                "Service '{}' does not have a named port '{remote}'",
                name(service)
            ),
        });
    };
    match &port["targetPort"] {
        Value::String(wanted) => named_port(pod, wanted),
        Value::Number(to) => Ok(to.as_u64().and_then(|n| u16::try_from(n).ok()).unwrap_or(0)),
        _ => Ok(int(port, "port")
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or(0)),
    }
}

/// Ports that are open until this is dropped.
struct Open {
    shell: Rc<Shell>,
    number: u64,
    /// Here and there.
    ports: Vec<(u16, u16)>,
}

impl Open {
    fn new(kube: &Kube, pod: &Value, pairs: &[(u16, u16)]) -> Result<Open> {
        let shell = kube.shell.clone();
        let mut state = shell.state.borrow_mut();
        state.temporary += 1;
        let number = state.temporary;
        let mut ports = Vec::new();
        for (local, to) in pairs {
            let local = match local {
                0 => (FIRST_FREE..u16::MAX)
                    .find(|port| !state.is_taken(*port))
                    .unwrap_or(0),
                local => *local,
            };
            if state.is_taken(local) {
                kube.warn(&format!(
                    "Unable to listen on port {local}: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:{local}: bind: address already in use unable to create listener: Error listen tcp6 [::1]:{local}: bind: address already in use]"
                ));
                continue;
            }
            state.forwards.push(Forward {
                port: local,
                host: text(pod, "status.podIP").to_owned(),
                to: *to,
                number,
                connections: 0,
                refused: 0,
            });
            ports.push((local, *to));
        }
        drop(state);
        let open = Open {
            shell,
            number,
            ports,
        };
        if open.ports.is_empty() {
            let wanted: Vec<String> = pairs
                .iter()
                .map(|(local, to)| format!("{{{local} {to}}}"))
                .collect();
            return plain(format!(
                "unable to listen on any of the requested ports: [{}]",
                wanted.join(" ")
            ));
        }
        Ok(open)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut state = self.shell.state.borrow_mut();
        state.forwards.retain(|f| f.number != self.number);
    }
}

/// Tells of every connection until the pod is gone.
async fn serve(kube: &Kube, pod: &Value, open: &Open) -> Result<()> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    let revision = text(pod, "metadata.resourceVersion");
    let mut watch = kube.watch_one(pods, namespace(pod), name(pod), revision);
    let mut said: Vec<(u16, u64)> = open.ports.iter().map(|(port, _)| (*port, 0)).collect();
    loop {
        let event = {
            let mut next = pin!(watch.next());
            poll_fn(|cx| {
                let mut refused = None;
                for forward in &kube.shell.state.borrow().forwards {
                    if forward.number != open.number {
                        continue;
                    }
                    for (_, seen) in said.iter_mut().filter(|(port, _)| *port == forward.port) {
                        while *seen < forward.connections {
                            *seen += 1;
                            kube.print(&format!("Handling connection for {}", forward.port));
                        }
                    }
                    if forward.refused > 0 {
                        refused = Some((forward.port, forward.to));
                    }
                }
                if let Some(refused) = refused {
                    return Poll::Ready(Err(refused));
                }
                next.as_mut().poll(cx).map(Ok)
            })
            .await
        };
        match event {
            Err((local, to)) => {
                kube.warn(&format!(
                    "E portforward.go:424] \"Unhandled Error\" err=\"an error occurred forwarding {local} -> {to}: error forwarding port {to} to pod {}, uid : failed to connect to localhost:{to} inside namespace \\\"{}\\\", IPv4: dial tcp4 127.0.0.1:{to}: connect: connection refused IPv6 dial tcp6 [::1]:{to}: connect: connection refused\"",
                    name(pod),
                    text(pod, "metadata.uid"),
                ));
                return plain("lost connection to pod");
            }
            Ok(None) => return plain("lost connection to pod"),
            Ok(Some(event)) => {
                let phase = text(&event["object"], "status.phase");
                if text(&event, "type") == "DELETED" || matches!(phase, "Succeeded" | "Failed") {
                    return plain("lost connection to pod");
                }
            }
        }
    }
}
