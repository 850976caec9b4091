//! `kubectl top`. Models `k8s.io/kubectl/pkg/cmd/top` and `pkg/metricsutil`.

use std::cmp::Reverse;

use serde_json::Value;

use super::Command;
use super::generate::known;
use crate::api::quantity::Quantity;
use crate::apiserver::Method;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::{at, list, name, namespace, text};
use crate::kubectl::kube::Kube;
use crate::kubectl::tabwriter::TabWriter;

pub const PODS: Command = Command {
    path: "top pod",
    short: "Display resource (CPU/memory) usage of pods",
    help: "[NAME | -l label]
# Pods of the namespace
kubectl top pod

# Each container of the pods with a label
kubectl top pod -l app=web --containers",
    flags: &[
        "-A,all-namespaces=false containers=false field-selector='' no-headers=false -l,selector='' show-swap=false sort-by='' sum=false use-protocol-buffers=true",
    ],
    run: |kube| Box::pin(pods(kube)),
};

pub const NODES: Command = Command {
    path: "top node",
    short: "Display resource (CPU/memory) usage of nodes",
    help: "[NAME | -l label]
# All nodes
kubectl top node

# One
kubectl top node worker-1",
    flags: &[
        "no-headers=false -l,selector='' show-capacity=false show-swap=false sort-by='' use-protocol-buffers=true",
    ],
    run: |kube| Box::pin(nodes(kube)),
};

/// CPU in thousandths, memory in bytes.
#[derive(Clone, Copy, Default)]
struct Usage {
    cpu: i64,
    memory: i64,
}

impl Usage {
    fn of(value: &Value) -> Usage {
        let read = |name: &str| Quantity::from_json(at(value, name)).unwrap_or_default();
        Usage {
            cpu: read("cpu").milli_value(),
            memory: read("memory").value(),
        }
    }

    fn add(self, other: Usage) -> Usage {
        Usage {
            cpu: self.cpu + other.cpu,
            memory: self.memory + other.memory,
        }
    }

    fn cells(self) -> String {
        format!("{}m\t{}Mi", self.cpu, self.memory >> 20)
    }
}

fn sort_by(kube: &Kube) -> Result<&str> {
    match kube.flags.text("sort-by") {
        field @ ("" | "cpu" | "memory") => Ok(field),
        _ => plain("--sort-by accepts only cpu or memory"),
    }
}

/// Asks the metrics server; says so when there is none.
async fn measured(kube: &Kube, place: &str, only: &str) -> Result<Vec<Value>> {
    let mut path = format!("/apis/metrics.k8s.io/v1beta1/{place}");
    if !only.is_empty() {
        path.push_str(&format!("/{only}"));
    }
    let discovery = kube.request(Method::Get, "/apis/metrics.k8s.io/v1beta1".to_owned());
    if kube.json(discovery).await.is_err() {
        return plain("Metrics API not available");
    }
    let mut request = kube.request(Method::Get, path);
    let selector = kube.flags.text("selector");
    if !selector.is_empty() {
        request = request.with_query("labelSelector", selector);
    }
    let mut found = kube.json(request).await?;
    Ok(match found["items"].take() {
        Value::Array(items) => items,
        _ => vec![found],
    })
}

fn only(kube: &Kube) -> Result<&str> {
    match kube.flags.arguments.as_slice() {
        [] => Ok(""),
        [one] => match kube.flags.text("selector") {
            "" => Ok(one),
            _ => plain("only one of NAME or selector can be provided"),
        },
        _ => kube.usage("unexpected args: only one NAME is allowed"),
    }
}

async fn pods(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    let field = sort_by(kube)?;
    let only = only(kube)?;
    let everywhere = flags.is("all-namespaces");
    let place = match everywhere {
        true => "pods".to_owned(),
        false => format!("namespaces/{}/pods", kube.namespace()),
    };
    let found = measured(kube, &place, only).await?;
    if found.is_empty() {
        return none_yet(kube, everywhere).await;
    }
    let mut rows: Vec<(Value, Usage)> = found
        .into_iter()
        .map(|pod| {
            let all = list(&pod, "containers").iter();
            let sum = all.fold(Usage::default(), |sum, c| sum.add(Usage::of(&c["usage"])));
            (pod, sum)
        })
        .collect();
    rows.sort_by_cached_key(|(pod, usage)| {
        let most = match field {
            "cpu" => usage.cpu,
            "memory" => usage.memory,
            _ => 0,
        };
        let place = if everywhere { namespace(pod) } else { "" };
        (Reverse(most), place.to_owned(), name(pod).to_owned())
    });
    let containers = flags.is("containers");
    let mut lead = Vec::new();
    if everywhere {
        lead.push("NAMESPACE");
    }
    if containers {
        lead.push("POD");
    }
    lead.push("NAME");
    let mut page = String::new();
    if !flags.is("no-headers") {
        page.push_str(&format!("{}\tCPU(cores)\tMEMORY(bytes)\n", lead.join("\t")));
    }
    let mut total = Usage::default();
    for (pod, usage) in &rows {
        total = total.add(*usage);
        let place = match everywhere {
            true => format!("{}\t", namespace(pod)),
            false => String::new(),
        };
        if !containers {
            page.push_str(&format!("{place}{}\t{}\n", name(pod), usage.cells()));
            continue;
        }
        let mut inner: Vec<(&str, Usage)> = list(pod, "containers")
            .iter()
            .map(|c| (text(c, "name"), Usage::of(&c["usage"])))
            .collect();
        inner.sort_by_key(|(name, usage)| match field {
            "cpu" => (Reverse(usage.cpu), *name),
            "memory" => (Reverse(usage.memory), *name),
            _ => (Reverse(0), *name),
        });
        for (container, usage) in inner {
            let cells = usage.cells();
            page.push_str(&format!("{place}{}\t{container}\t{cells}\n", name(pod)));
        }
    }
    if flags.is("sum") {
        let blank = "\t".repeat(lead.len());
        page.push_str(&format!(
            "{blank}________\t________\n{blank}{}\n",
            total.cells()
        ));
    }
    kube.io.out.write(&TabWriter::list().align(&page));
    Ok(())
}

/// Nothing is measured: there are no pods, or they are too young.
async fn none_yet(kube: &Kube, everywhere: bool) -> Result<()> {
    let place = match everywhere {
        true => String::new(),
        false => kube.namespace(),
    };
    let query = [("labelSelector", kube.flags.text("selector").to_owned())];
    let pods = kube.list(known("v1", "Pod")?, &place, &query).await?;
    if !pods.is_empty() {
        return plain("metrics not available yet");
    }
    kube.warn(&match everywhere {
        true => "No resources found".to_owned(),
        false => format!("No resources found in {place} namespace."),
    });
    Ok(())
}

async fn nodes(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    let field = sort_by(kube)?;
    let only = only(kube)?;
    let found = measured(kube, "nodes", only).await?;
    if found.is_empty() {
        return Err(Failure::from("metrics not available yet"));
    }
    let kind = known("v1", "Node")?;
    let query = [("labelSelector", flags.text("selector").to_owned())];
    let all = match only {
        "" => kube.list(kind, "", &query).await?,
        name => vec![kube.get(kind, "", name).await?],
    };
    let whole = match flags.is("show-capacity") {
        true => "status.capacity",
        false => "status.allocatable",
    };
    let mut rows: Vec<(&str, Usage)> = found
        .iter()
        .map(|node| (name(node), Usage::of(&node["usage"])))
        .collect();
    rows.sort_by_key(|(name, usage)| match field {
        "cpu" => (Reverse(usage.cpu), *name),
        "memory" => (Reverse(usage.memory), *name),
        _ => (Reverse(0), *name),
    });
    let mut page = String::new();
    if !flags.is("no-headers") {
        page.push_str("NAME\tCPU(cores)\tCPU(%)\tMEMORY(bytes)\tMEMORY(%)\n");
    }
    for (node, usage) in &rows {
        let object = all.iter().find(|n| name(n) == *node);
        let there = object.map_or(Usage::default(), |n| Usage::of(at(n, whole)));
        let share = |used: i64, all: i64| match all {
            0 => "<unknown>".to_owned(),
            all => format!("{}%", used * 100 / all),
        };
        page.push_str(&format!(
            "{node}\t{}m\t{}\t{}Mi\t{}\n",
            usage.cpu,
            share(usage.cpu, there.cpu),
            usage.memory >> 20,
            share(usage.memory, there.memory)
        ));
    }
    // Nodes that nobody measures come last.
    for node in all
        .iter()
        .filter(|n| !rows.iter().any(|(row, _)| *row == name(n)))
    {
        let row = "<unknown>\t<unknown>\t<unknown>\t<unknown>";
        page.push_str(&format!("{}\t{row}\n", name(node)));
    }
    kube.io.out.write(&TabWriter::list().align(&page));
    Ok(())
}
