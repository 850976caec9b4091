//! Commands about the cluster and the client: `version`, `cluster-info`, `api-resources`,
//! `api-versions`, `config`, `top`, `auth`.

use serde_json::{Value, json};

use super::Command;
use crate::api::kinds::KindInfo;
use crate::apiserver::Method;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::json::{int, list, name, text};
use crate::kubectl::kube::Kube;
use crate::kubectl::tabwriter::TabWriter;

/// The release of kubectl that this one follows.
pub(super) const VERSION: &str = "v1.36.2";

pub const VERSION_COMMAND: Command = Command {
    path: "version",
    short: "Print the client and server version information",
    help: "[flags]
# Of the client and of the server
kubectl version",
    flags: &["client=false -o,output=''"],
    run: |kube| Box::pin(version(kube)),
};
pub const CLUSTER_INFO: Command = Command {
    path: "cluster-info",
    short: "Display cluster information",
    help: "[flags]
Say where the control plane answers, and the services that are marked as its own.

# Addresses
kubectl cluster-info",
    flags: &[],
    run: |kube| Box::pin(cluster_info(kube)),
};
pub const API_RESOURCES: Command = Command {
    path: "api-resources",
    short: "Print the supported API resources on the server",
    help: "[flags]
# All, with their short names
kubectl api-resources

# Those that can be listed, outside of namespaces
kubectl api-resources --verbs=list --namespaced=false

# Of one group
kubectl api-resources --api-group=apps",
    flags: &[
        "api-group='' cached=false categories=[] namespaced=true no-headers=false -o,output='' sort-by='' verbs=[]",
    ],
    run: |kube| {
        Box::pin(async move {
            kube.discover().await;
            api_resources(kube)
        })
    },
};
pub const API_VERSIONS: Command = Command {
    path: "api-versions",
    short: "Print the supported API versions on the server, in the form of \"group/version\"",
    help: "
# All
kubectl api-versions",
    flags: &[],
    run: |kube| {
        Box::pin(async move {
            kube.discover().await;
            api_versions(kube)
        })
    },
};
async fn version(kube: &Kube) -> Result<()> {
    if !kube.flags.arguments.is_empty() {
        return plain(format!(
            "extra arguments: [{}]",
            kube.flags.arguments.join(" ")
        ));
    }
    let client = json!({"gitVersion": VERSION});
    let mut server = Value::Null;
    if !kube.flags.is("client") {
        server = kube
            .json(kube.request(Method::Get, "/version".to_owned()))
            .await?;
    }
    match kube.flags.text("output") {
        "" => {
            kube.print(&format!("Client Version: {VERSION}"));
            kube.print("Kustomize Version: v5.8.1");
            if server.is_object() {
                kube.print(&format!("Server Version: {}", text(&server, "gitVersion")));
            }
        }
        "json" | "yaml" => {
            let mut all = json!({"clientVersion": client});
            if server.is_object() {
                all["serverVersion"] = server;
            }
            let text = match kube.flags.text("output") {
                "json" => crate::kubectl::printers::json(&all),
                _ => crate::kubectl::printers::yaml(&all),
            };
            kube.io.out.write(&text);
        }
        _ => return plain("--output must be 'yaml' or 'json'"),
    }
    Ok(())
}

async fn cluster_info(kube: &Kube) -> Result<()> {
    let server = kube.shell.world.host.server();
    kube.print(&format!("Kubernetes control plane is running at {server}"));
    let services = super::generate::known("v1", "Service")?;
    let query = [(
        "labelSelector",
        "kubernetes.io/cluster-service=true".to_owned(),
    )];
    for service in kube.list(services, "kube-system", &query).await? {
        let title = match text(&service["metadata"]["labels"], "kubernetes.io/name") {
            "" => service["metadata"]["labels"]["kubernetes.io/name"]
                .as_str()
                .unwrap_or(name(&service)),
            title => title,
        };
        let port = list(&service, "spec.ports")
            .first()
            .map(|p| match text(p, "name") {
                "" => int(p, "port").unwrap_or(0).to_string(),
                name => name.to_owned(),
            });
        kube.print(&format!(
            "{title} is running at {server}/api/v1/namespaces/kube-system/services/{}:{}/proxy",
            name(&service),
            port.unwrap_or_default()
        ));
    }
    kube.print(
        "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.",
    );
    Ok(())
}

/// Refuses words that mean nothing to the command.
fn no_words(kube: &Kube) -> Result<()> {
    match kube.flags.arguments.as_slice() {
        [] => Ok(()),
        words => kube.usage(&format!("unexpected arguments: [{}]", words.join(" "))),
    }
}

fn api_resources(kube: &Kube) -> Result<()> {
    no_words(kube)?;
    let flags = &kube.flags;
    if !["", "wide", "name", "json", "yaml", "kyaml"].contains(&flags.text("output")) {
        return plain(format!(
            "--output {} is not available",
            flags.text("output")
        ));
    }
    let mut kinds = kube.kinds();
    kinds.sort_by_key(|k| (k.group, k.plural));
    // Of several versions, the preferred one comes first.
    kinds.dedup_by_key(|k| (k.group, k.plural));
    if flags.given("namespaced") {
        kinds.retain(|k| k.namespaced == flags.is("namespaced"));
    }
    if flags.given("api-group") {
        kinds.retain(|k| k.group == flags.text("api-group"));
    }
    let categories = flags.list("categories");
    kinds.retain(|k| {
        categories
            .iter()
            .all(|c| k.categories.contains(&c.as_str()))
    });
    let verbs = flags.list("verbs");
    kinds.retain(|k| verbs.iter().all(|verb| k.verbs().contains(&verb.as_str())));
    match flags.text("sort-by") {
        "" => kinds.sort_by_key(|k| (k.group, k.plural)),
        "name" => kinds.sort_by_key(|k| k.plural),
        "kind" => kinds.sort_by_key(|k| k.kind),
        _ => return plain("--sort-by accepts only name or kind"),
    }
    let mut text = String::new();
    let output = flags.text("output");
    if output == "name" {
        for kind in kinds {
            text.push_str(&match kind.group {
                "" => format!("{}\n", kind.plural),
                group => format!("{}.{group}\n", kind.plural),
            });
        }
        kube.io.out.write(&text);
        return Ok(());
    }
    if let Some(format) = crate::kubectl::printers::format(kube, true)? {
        return format.print(kube, &resource_list(&kinds));
    }
    let wide = output == "wide";
    if !flags.is("no-headers") {
        text.push_str("NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND");
        text.push_str(if wide { "\tVERBS\tCATEGORIES\n" } else { "\n" });
    }
    for kind in kinds {
        text.push_str(&format!(
            "{}\t{}\t{}\t{}\t{}",
            kind.plural,
            kind.short_names.join(","),
            kind.api_version(),
            kind.namespaced,
            kind.kind
        ));
        if wide {
            let verbs = kind.verbs().join(",");
            text.push_str(&format!("\t{verbs}\t{}", kind.categories.join(",")));
        }
        text.push('\n');
    }
    kube.io.out.write(&TabWriter::list().align(&text));
    Ok(())
}

/// The kinds as one list of the discovery API.
fn resource_list(kinds: &[&'static KindInfo]) -> Value {
    let resources: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            let mut resource = json!({
                "kind": kind.kind, "name": kind.plural, "namespaced": kind.namespaced,
                "singularName": kind.kind.to_ascii_lowercase(), "verbs": kind.verbs(), "version": kind.version,
            });
            if !kind.group.is_empty() {
                resource["group"] = kind.group.into();
            }
            if !kind.short_names.is_empty() {
                resource["shortNames"] = json!(kind.short_names);
            }
            if !kind.categories.is_empty() {
                resource["categories"] = json!(kind.categories);
            }
            resource
        })
        .collect();
    json!({
        "apiVersion": "v1", "groupVersion": "", "kind": "APIResourceList", "resources": resources,
    })
}

fn api_versions(kube: &Kube) -> Result<()> {
    no_words(kube)?;
    let mut versions: Vec<String> = kube.kinds().iter().map(|k| k.api_version()).collect();
    versions.sort();
    versions.dedup();
    kube.print(&versions.join("\n"));
    Ok(())
}
