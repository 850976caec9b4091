//! A story whose trace hash has to be the same in every run and on every target.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::secs;
use serde_json::{Value, json};

/// What `cargo test --test determinism` wrote with `UPDATE_EXPECT=1`, natively: the hash and the
/// number of things that happened.
pub const EXPECTED: &str = include_str!("expected.txt");

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

/// Two minutes of a cluster: a rollout under traffic, a bad image, a deleted pod, an undo.
pub fn story() -> String {
    let mut cluster = Cluster::new(Config::playground(7, 3));
    cluster.run_for(secs(20));
    post(&mut cluster, DEPLOYMENTS, deployment("nginx:1.27"));
    post(
        &mut cluster,
        "/api/v1/namespaces/default/services",
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        }),
    );
    post(
        &mut cluster,
        "/apis/play.kubarium.dev/v1alpha1/namespaces/default/traffics",
        json!({
            "apiVersion": "play.kubarium.dev/v1alpha1", "kind": "Traffic",
            "metadata": {"name": "visitors"}, "spec": {"url": "http://web/", "rate": 20},
        }),
    );
    cluster.run_for(secs(30));
    for image in ["nginx:1.28", "nginx:does-not-exist", "nginx:1.28"] {
        let path = format!("{DEPLOYMENTS}/web");
        let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}});
        let mut request = Request::new(Method::Patch, path).with_body(patch);
        request.content_type = kubarium::apiserver::request::STRATEGIC_MERGE_PATCH;
        let response = cluster.request(&request);
        assert!(response.is_success(), "{:?}", response.body);
        cluster.run_for(secs(25));
    }
    let trace = cluster.kernel().trace;
    format!("{:016x} {}\n", trace.hash(), trace.length())
}

fn post(cluster: &mut Cluster, path: &str, body: Value) {
    let response = cluster.request(&Request::new(Method::Post, path).with_body(body));
    assert!(response.is_success(), "{:?}", response.body);
}

fn deployment(image: &str) -> Value {
    let labels = json!({"app": "web"});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": 4, "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{
                    "name": "web", "image": image,
                    "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 2},
                }]},
            },
        },
    })
}
