//! What scenarios share: a cluster, requests as a client makes them, and YAML.

use std::collections::BTreeMap;

use kubarium::apiserver::{Body, Method, Request, Response};
use kubarium::cluster::{Cluster, Config};
use kubarium::kubectl::headless;
use serde_json::Value;

/// The cluster of the transcripts: `nodes` workers that run every pod at once.
pub fn bare(nodes: u8) -> Cluster {
    Cluster::new(Config::bare(1, nodes))
}

/// A terminal beside a cluster with a control plane and so many workers, which has settled.
pub fn settled(nodes: u8) -> headless::Terminal {
    let options = headless::Options {
        nodes,
        bare: false,
        seed: 1,
    };
    headless::Terminal::new(options.cluster(), BTreeMap::new(), "default")
}

/// A terminal beside the cluster of the transcripts, for tests that read what commands print.
pub struct Terminal(headless::Terminal);

impl Terminal {
    pub fn new(nodes: u8) -> Self {
        let options = headless::Options {
            nodes,
            bare: true,
            seed: 1,
        };
        Terminal(headless::Terminal::new(
            options.cluster(),
            BTreeMap::new(),
            "default",
        ))
    }

    pub fn run(&mut self, line: &str) -> String {
        self.0.run(line).text
    }

    pub fn apply(&mut self, yaml: &str) -> String {
        self.run(&format!("kubectl apply -f - <<'EOF'\n{yaml}\nEOF"))
    }
}

/// The path of a kind's collection, from a manifest.
pub fn collection(manifest: &Value, namespace: &str) -> String {
    let api_version = manifest["apiVersion"].as_str().unwrap_or("v1");
    let kind = manifest["kind"].as_str().unwrap_or_default();
    let info = kubarium::api::Kind::by_gvk(api_version, kind)
        .expect("a known kind")
        .info();
    let root = if info.group.is_empty() {
        "/api"
    } else {
        "/apis"
    };
    match info.namespaced {
        true => format!(
            "{root}/{api_version}/namespaces/{namespace}/{}",
            info.plural
        ),
        false => format!("{root}/{api_version}/{}", info.plural),
    }
}

/// Creates the object of a YAML manifest in its namespace or in `default`.
pub fn create(cluster: &mut Cluster, yaml: &str) -> Response {
    let manifest: Value = serde_yaml::from_str(yaml).expect("test manifests are YAML");
    let namespace = manifest["metadata"]["namespace"]
        .as_str()
        .unwrap_or("default");
    let path = collection(&manifest, namespace);
    cluster.request(&Request::new(Method::Post, path).with_body(manifest))
}

/// As [`create`]; the request has to succeed.
pub fn created(cluster: &mut Cluster, yaml: &str) -> Value {
    let response = create(cluster, yaml);
    assert!(response.is_success(), "{:?}", response.body);
    json_of(response)
}

/// The JSON at a path of the API.
pub fn get(cluster: &mut Cluster, path: &str) -> Value {
    json_of(cluster.request(&Request::get(path)))
}

pub fn json_of(response: Response) -> Value {
    match response.body {
        Body::Json(value) => value,
        Body::Text(text) => Value::String(text),
        Body::Empty => Value::Null,
    }
}
