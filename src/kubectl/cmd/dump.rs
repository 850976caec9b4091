//! `kubectl cluster-info dump`: what is needed to see what is wrong with a cluster.
//! Models `k8s.io/kubectl/pkg/cmd/clusterinfo/clusterinfo_dump.go`.

use serde_json::{Value, json};

use super::{Command, logs};
use crate::api::Kind;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::json::{list, name, text};
use crate::kubectl::kube::Kube;
use crate::kubectl::printers::{json as json_text, yaml};

pub const DUMP: Command = Command {
    path: "cluster-info dump",
    short: "Dump relevant information for debugging and diagnosis",
    help: "[flags]
Write out objects and logs that help to find what is wrong: kube-system and the current namespace, unless other namespaces are named.

# To the terminal
kubectl cluster-info dump

# To files, of all namespaces
kubectl cluster-info dump --all-namespaces --output-directory=dump",
    flags: &["-A,all-namespaces=false allow-missing-template-keys=true namespaces=[] output-directory='' -o,output='json' pod-running-timeout=20s show-managed-fields=false template=''"],
    run: |kube| Box::pin(run(kube)),
};

const KINDS: [(&str, &str, &str); 7] = [
    ("v1", "Event", "events"),
    ("v1", "ReplicationController", "replication-controllers"),
    ("v1", "Service", "services"),
    ("apps/v1", "DaemonSet", "daemonsets"),
    ("apps/v1", "Deployment", "deployments"),
    ("apps/v1", "ReplicaSet", "replicasets"),
    ("v1", "Pod", "pods"),
];

async fn run(kube: &Kube) -> Result<()> {
    let nodes = of_kind(kube, "v1", "Node", "").await?;
    show(kube, "nodes", &nodes)?;
    let mut places: Vec<String> = kube.flags.list("namespaces").to_vec();
    if kube.flags.is("all-namespaces") {
        let all = of_kind(kube, "v1", "Namespace", "").await?;
        places = list(&all, "items")
            .iter()
            .map(|n| name(n).to_owned())
            .collect();
    } else if places.is_empty() {
        places = vec!["kube-system".to_owned()];
        let own = kube.namespace();
        if own != "kube-system" {
            places.push(own);
        }
    }
    for place in &places {
        let mut pods = Value::Null;
        for (version, kind, file) in KINDS {
            let found = of_kind(kube, version, kind, place).await?;
            show(kube, &format!("{place}/{file}"), &found)?;
            if kind == "Pod" {
                pods = found;
            }
        }
        for pod in list(&pods, "items") {
            let mut text_of_logs = String::new();
            for container in list(&pod["spec"], "containers") {
                let own = text(container, "name");
                let about = format!("container {own} of pod {place}/{}", name(pod));
                text_of_logs.push_str(&format!("==== START logs for {about} ====\n"));
                match logs::text_of(kube, place, name(pod), own).await {
                    Ok(log) => text_of_logs.push_str(&log),
                    Err(failure) => {
                        text_of_logs
                            .push_str(&format!("Request log error: {}\n", failure.message()));
                    }
                }
                text_of_logs.push_str(&format!("==== END logs for {about} ====\n"));
            }
            write(
                kube,
                &format!("{place}/{}/logs.txt", name(pod)),
                &text_of_logs,
            );
        }
    }
    let folder = kube.flags.text("output-directory");
    if !matches!(folder, "" | "-" | "stdout") {
        kube.print(&format!("Cluster info dumped to {folder}"));
    }
    Ok(())
}

async fn of_kind(kube: &Kube, version: &str, kind: &str, place: &str) -> Result<Value> {
    let Some(info) = Kind::by_gvk(version, kind).map(Kind::info) else {
        return plain(format!("{kind} is not served"));
    };
    let items = kube.list(info, place, &[]).await?;
    Ok(json!({
        "kind": format!("{kind}List"), "apiVersion": version, "metadata": {}, "items": items,
    }))
}

fn show(kube: &Kube, file: &str, value: &Value) -> Result<()> {
    let mut value = value.clone();
    for item in value["items"].as_array_mut().into_iter().flatten() {
        if let Some(metadata) = item["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
    }
    let (text, extension) = match kube.flags.text("output") {
        "" | "json" => (json_text(&value), "json"),
        "yaml" => (yaml(&value), "yaml"),
        other => {
            return plain(format!(
                "the output format must be yaml or json, not {other}"
            ));
        }
    };
    write(kube, &format!("{file}.{extension}"), &text);
    Ok(())
}

/// Into a file below the folder that was named, or to the screen.
fn write(kube: &Kube, file: &str, text: &str) {
    match kube.flags.text("output-directory") {
        "" | "-" | "stdout" => kube.io.out.write(text),
        folder => {
            let folder = folder.trim_end_matches('/');
            kube.shell
                .world
                .host
                .write_file(&format!("{folder}/{file}"), text);
        }
    }
}
