//! What is served: groups, versions and kinds, from the registry.

use serde_json::{Value, json};

use crate::api::KindInfo;
use crate::apiserver::ApiServer;
use crate::apiserver::request::{Request, Response};

pub(super) fn answer(server: &ApiServer, parts: &[&str], request: &Request) -> Option<Response> {
    // Longer paths are those of objects.
    (parts.len() <= 3).then(|| document(server, parts, request))?
}

#[inline(never)] // it waits in the second file of the wasm until somebody wants it
fn document(server: &ApiServer, parts: &[&str], request: &Request) -> Option<Response> {
    let aggregated = request.accept.contains("as=APIGroupDiscoveryList");
    let value = match parts {
        ["api"] if aggregated => whole(server, &[("", vec!["v1"])]),
        ["apis"] if aggregated => whole(server, &groups(server)),
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [
                {"clientCIDR": "0.0.0.0/0", "serverAddress": "10.96.0.1:443"}
            ],
        }),
        ["apis"] => {
            let groups: Vec<Value> = groups(server)
                .into_iter()
                .map(|(g, v)| group(g, &v))
                .collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", name] => {
            let versions = groups(server).into_iter().find(|(g, _)| g == name)?.1;
            let mut value = group(name, &versions);
            value["kind"] = Value::from("APIGroup");
            value["apiVersion"] = Value::from("v1");
            value
        }
        ["api", version] => resources(server, "", version)?,
        ["apis", group, version] => resources(server, group, version)?,
        [] => json!({"paths": paths(server)}),
        _ => return None,
    };
    Some(Response::json(200, value))
}

/// The named groups in the registry's order, with their versions.
fn groups(server: &ApiServer) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    let named = server.served().filter(|i| !i.group.is_empty());
    for info in named.filter(|i| !server.is_plain || i.group != crate::api::play::GROUP) {
        match groups.iter_mut().find(|(g, _)| *g == info.group) {
            Some((_, versions)) if versions.contains(&info.version) => {}
            Some((_, versions)) => versions.push(info.version),
            None => groups.push((info.group, vec![info.version])),
        }
    }
    if server.serves_metrics() {
        groups.push(("metrics.k8s.io", vec!["v1beta1"]));
    }
    groups
}

fn group(name: &str, versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|v| json!({"groupVersion": format!("{name}/{v}"), "version": v}))
        .collect();
    json!({"name": name, "preferredVersion": versions.first(), "versions": versions})
}

fn resources(server: &ApiServer, group: &str, version: &str) -> Option<Value> {
    if (group, version) == ("metrics.k8s.io", "v1beta1") && server.serves_metrics() {
        return Some(super::usage::resources());
    }
    let mut kinds: Vec<&KindInfo> = server
        .served()
        .filter(|i| i.group == group && i.version == version)
        .collect();
    if kinds.is_empty() {
        return None;
    }
    kinds.sort_by_key(|i| i.plural);
    let mut resources = Vec::new();
    for info in kinds {
        resources.push(resource(info));
        resources.extend(info.subresources.iter().map(|s| subresource(info, s)));
    }
    let group_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version,
        "resources": resources,
    }))
}

/// Groups with everything in them, in one answer (`apidiscovery.k8s.io/v2`).
fn whole(server: &ApiServer, groups: &[(&'static str, Vec<&'static str>)]) -> Value {
    let items: Vec<Value> = groups
        .iter()
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| {
                    let resources = resources(server, group, version).map_or(Vec::new(), |list| {
                        aggregate(
                            list["resources"].as_array().map_or(&[], Vec::as_slice),
                            group,
                            version,
                        )
                    });
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            let metadata = match *group {
                "" => json!({"creationTimestamp": null}),
                group => json!({"name": group, "creationTimestamp": null}),
            };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
        "items": items,
    })
}

/// Resources with their subresources inside, out of the flat list.
fn aggregate(flat: &[Value], group: &str, version: &str) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for entry in flat {
        let text = |field: &str, other: &str| match entry[field].as_str() {
            Some(text) => text.to_owned(),
            None => other.to_owned(),
        };
        let kind = json!({
            "group": text("group", group), "version": text("version", version),
            "kind": text("kind", ""),
        });
        let name = text("name", "");
        if let Some((_, part)) = name.split_once('/') {
            let part = json!({
                "subresource": part, "responseKind": kind, "verbs": entry["verbs"],
            });
            if let Some(last) = out.last_mut() {
                match &mut last["subresources"] {
                    Value::Array(parts) => parts.push(part),
                    none => *none = json!([part]),
                }
            }
            continue;
        }
        let namespaced = entry["namespaced"].as_bool().unwrap_or_default();
        let mut resource = json!({
            "resource": name, "responseKind": kind,
            "scope": if namespaced { "Namespaced" } else { "Cluster" },
            "singularResource": entry["singularName"], "verbs": entry["verbs"],
        });
        for field in ["shortNames", "categories"] {
            if !entry[field].is_null() {
                resource[field] = entry[field].clone();
            }
        }
        out.push(resource);
    }
    out
}

fn resource(info: &KindInfo) -> Value {
    let mut value = json!({
        "name": info.plural, "singularName": info.singular, "namespaced": info.namespaced,
        "kind": info.kind, "verbs": info.verbs(),
    });
    if !info.short_names.is_empty() {
        value["shortNames"] = json!(info.short_names);
    }
    if !info.categories.is_empty() {
        value["categories"] = json!(info.categories);
    }
    value
}

fn subresource(info: &KindInfo, name: &str) -> Value {
    let (kind, group, verbs): (&str, Option<(&str, &str)>, &[&str]) = match name {
        "scale" => (
            "Scale",
            Some(("autoscaling", "v1")),
            &["get", "patch", "update"],
        ),
        "binding" => ("Binding", None, &["create"]),
        "eviction" => ("Eviction", Some(("policy", "v1")), &["create"]),
        "token" => (
            "TokenRequest",
            Some(("authentication.k8s.io", "v1")),
            &["create"],
        ),
        "finalize" => (info.kind, None, &["update"]),
        "log" => (info.kind, None, &["get"]),
        "attach" => ("PodAttachOptions", None, &["create", "get"]),
        "exec" => ("PodExecOptions", None, &["create", "get"]),
        "portforward" => ("PodPortForwardOptions", None, &["create", "get"]),
        "proxy" => (
            match info.kind {
                "Node" => "NodeProxyOptions",
                "Service" => "ServiceProxyOptions",
                _ => "PodProxyOptions",
            },
            None,
            &["create", "delete", "get", "patch", "update"],
        ),
        _ => (info.kind, None, &["get", "patch", "update"]),
    };
    let mut value = json!({
        "name": format!("{}/{name}", info.plural), "singularName": "",
        "namespaced": info.namespaced, "kind": kind, "verbs": verbs,
    });
    if let Some((group, version)) = group {
        value["group"] = Value::from(group);
        value["version"] = Value::from(version);
    }
    value
}

/// The paths at the root.
fn paths(server: &ApiServer) -> Vec<String> {
    let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
    for (group, versions) in groups(server) {
        paths.push(format!("/apis/{group}"));
        paths.extend(versions.iter().map(|v| format!("/apis/{group}/{v}")));
    }
    paths.extend(["/healthz", "/livez", "/readyz", "/version"].map(str::to_owned));
    paths
}
