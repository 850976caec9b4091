use kubarium::cluster::Cluster;
use kubarium::sim::{millis, secs};
use serde_json::{Value, json};

use super::{delete, edit, list, web};
use crate::common::{bare, created, get};

const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
const ENDPOINTS: &str = "/api/v1/namespaces/default/endpoints/web";
const SERVICE: &str = "/api/v1/namespaces/default/services/web";

fn service(extra: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: web, labels: {{team: a}}}}, \
          spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: http, protocol: TCP}}] {extra}}}}}"
    )
}

/// Three running pods whose port `http` is 8080.
fn backends(cluster: &mut Cluster) {
    let manifest = web(3, "nginx:1.25", "").replace(
        "image: 'nginx:1.25'",
        "image: 'nginx:1.25', ports: [{name: http, containerPort: 8080, protocol: TCP}]",
    );
    created(cluster, &manifest);
}

fn slices(cluster: &mut Cluster) -> Vec<Value> {
    list(cluster, SLICES)
        .into_iter()
        .filter(|s| s["metadata"]["labels"]["kubernetes.io/service-name"] == "web")
        .collect()
}

#[test]
fn a_service_gets_the_addresses_of_its_ready_pods() {
    let mut cluster = bare(1);
    created(&mut cluster, &service(""));
    cluster.run_for(secs(1));
    let empty = slices(&mut cluster);
    assert_eq!(empty.len(), 1, "an empty slice says that nobody is there");
    assert_eq!(empty[0]["endpoints"], json!(null));
    assert_eq!(get(&mut cluster, ENDPOINTS)["subsets"], json!(null));
    backends(&mut cluster);
    cluster.run_for(secs(2));

    let all = slices(&mut cluster);
    assert_eq!(all.len(), 1);
    let slice = &all[0];
    let labels = &slice["metadata"]["labels"];
    assert_eq!(labels["team"], "a");
    assert_eq!(
        labels["endpointslice.kubernetes.io/managed-by"],
        "endpointslice-controller.k8s.io"
    );
    assert_eq!(slice["metadata"]["ownerReferences"][0]["kind"], "Service");
    assert_eq!(slice["addressType"], "IPv4");
    assert_eq!(
        slice["ports"],
        json!([{"name": "", "port": 8080, "protocol": "TCP"}])
    );
    let endpoints = slice["endpoints"].as_array().expect("endpoints");
    assert_eq!(endpoints.len(), 3);
    assert_eq!(
        endpoints[0]["conditions"],
        json!({"ready": true, "serving": true, "terminating": false})
    );
    assert_eq!(endpoints[0]["nodeName"], "node-0");
    assert_eq!(endpoints[0]["targetRef"]["kind"], "Pod");

    let endpoints = get(&mut cluster, ENDPOINTS);
    assert_eq!(
        endpoints["metadata"]["labels"]["endpoints.kubernetes.io/managed-by"],
        "endpoint-controller"
    );
    let subset = &endpoints["subsets"][0];
    assert_eq!(subset["ports"], json!([{"port": 8080, "protocol": "TCP"}]));
    let ips: Vec<&str> = subset["addresses"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|a| a["ip"].as_str())
        .collect();
    assert_eq!(ips, ["10.64.0.1", "10.64.0.2", "10.64.0.3"]);

    // One sync for all: what is told of its cause is when the last of its pods became ready.
    created(
        &mut cluster,
        &service("").replace("name: web", "name: late"),
    );
    cluster.run_for(secs(1));
    let late = get(&mut cluster, &ENDPOINTS.replace("/web", "/late"));
    let trigger =
        &late["metadata"]["annotations"]["endpoints.kubernetes.io/last-change-trigger-time"];
    assert!(
        trigger
            .as_str()
            .is_some_and(|t| t.starts_with("2026-01-01T00:00:0")),
        "{late}"
    );
}

#[test]
fn a_pod_that_is_not_ready_is_told_apart() {
    let mut cluster = bare(1);
    created(&mut cluster, &service(""));
    backends(&mut cluster);
    cluster.run_for(secs(2));
    let pod = list(&mut cluster, super::PODS)[0].clone();
    let path = format!(
        "{}/{}/status",
        super::PODS,
        pod["metadata"]["name"].as_str().unwrap_or("?")
    );
    let mut changed = pod.clone();
    for c in changed["status"]["conditions"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        if c["type"] == "Ready" {
            c["status"] = json!("False");
        }
    }
    let put = kubarium::apiserver::Request::new(kubarium::apiserver::Method::Put, path);
    assert!(cluster.request(&put.with_body(changed)).is_success());
    cluster.run_for(millis(100));
    let endpoints = get(&mut cluster, ENDPOINTS);
    assert_eq!(
        endpoints["subsets"][0]["addresses"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    assert_eq!(
        endpoints["subsets"][0]["notReadyAddresses"][0]["targetRef"]["name"],
        pod["metadata"]["name"]
    );
    let slice = &slices(&mut cluster)[0];
    let unready: Vec<&Value> = slice["endpoints"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|e| e["conditions"]["ready"] == false)
        .collect();
    assert_eq!(unready.len(), 1);
    // Unless the service wants them all the same.
    edit(&mut cluster, SERVICE, |s| {
        s["spec"]["publishNotReadyAddresses"] = json!(true)
    });
    cluster.run_for(millis(100));
    let endpoints = get(&mut cluster, ENDPOINTS);
    assert_eq!(
        endpoints["subsets"][0]["addresses"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
}

#[test]
fn endpoints_go_with_their_service() {
    let mut cluster = bare(1);
    created(&mut cluster, &service(""));
    backends(&mut cluster);
    cluster.run_for(secs(2));
    delete(&mut cluster, SERVICE);
    cluster.run_for(secs(2));
    assert_eq!(get(&mut cluster, ENDPOINTS)["reason"], "NotFound");
    assert_eq!(slices(&mut cluster).len(), 0);
}
