//! Kinds that are served and that nothing acts upon, component statuses, and bindings that name their pod.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::secs;
use serde_json::{Value, json};

use crate::common::json_of;

fn send(cluster: &mut Cluster, method: Method, path: &str, body: Value) -> (bool, Value) {
    let response = cluster.request(&Request::new(method, path).with_body(body));
    (response.is_success(), json_of(response))
}

fn get(cluster: &mut Cluster, path: &str) -> Value {
    json_of(cluster.request(&Request::new(Method::Get, path)))
}

#[test]
fn an_inert_kind_is_kept_checked_and_printed() {
    let mut cluster = Cluster::new(Config::bare(1, 0));
    let path = "/apis/storage.k8s.io/v1/csidrivers";
    let driver = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver",
        "metadata": {"name": "disks.example.com"}, "spec": {"attachRequired": false},
    });
    let (ok, made) = send(&mut cluster, Method::Post, path, driver.clone());
    assert!(ok, "{made}");
    assert!(made["metadata"]["uid"].is_string());

    let mut wrong = driver;
    wrong["metadata"]["name"] = "other.example.com".into();
    wrong["spec"]["attachRequired"] = "no".into();
    let (ok, refused) = send(&mut cluster, Method::Post, path, wrong);
    assert!(!ok);
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("spec.attachRequired"), "{message}");

    let mut request = Request::new(Method::Get, path);
    request.accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let table = json_of(cluster.request(&request));
    assert_eq!(table["columnDefinitions"][1]["name"], "AttachRequired");
    assert_eq!(
        table["rows"][0]["cells"].as_array().unwrap()[..4],
        ["disks.example.com", "false", "false", "false"].map(Value::from)
    );
}

#[test]
fn objects_of_inert_kinds_go_with_their_namespace() {
    let mut cluster = Cluster::new(Config::bare(1, 0));
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lab"}});
    assert!(send(&mut cluster, Method::Post, "/api/v1/namespaces", namespace).0);
    let path = "/apis/resource.k8s.io/v1/namespaces/lab/resourceclaims";
    let claim = json!({
        "apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim",
        "metadata": {"name": "gpu"}, "spec": {"devices": {}},
    });
    assert!(send(&mut cluster, Method::Post, path, claim).0);
    cluster.run_for(secs(1));
    send(
        &mut cluster,
        Method::Delete,
        "/api/v1/namespaces/lab",
        Value::Null,
    );
    cluster.run_for(secs(20));
    assert_eq!(get(&mut cluster, "/api/v1/namespaces/lab")["code"], 404);
}

#[test]
fn component_statuses_follow_the_static_pods() {
    let mut cluster = Cluster::new(Config::playground(1, 2));
    cluster.run_for(secs(60));
    let path = "/api/v1/componentstatuses";
    let list = get(&mut cluster, path);
    let names: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["controller-manager", "etcd-0", "scheduler"]);
    for item in list["items"].as_array().unwrap() {
        assert_eq!(item["conditions"][0]["status"], "True", "{item}");
    }
    assert_eq!(get(&mut cluster, &format!("{path}/none"))["code"], 404);
}

#[test]
fn a_binding_may_name_its_pod() {
    let mut cluster = Cluster::new(Config::bare(1, 1));
    cluster.run_for(secs(5));
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"schedulerName": "mine", "containers": [{"name": "c", "image": "nginx"}]},
    });
    assert!(
        send(
            &mut cluster,
            Method::Post,
            "/api/v1/namespaces/default/pods",
            pod
        )
        .0
    );
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"},
        "target": {"apiVersion": "v1", "kind": "Node", "name": "node-0"},
    });
    let path = "/api/v1/namespaces/default/bindings";
    let (ok, answer) = send(&mut cluster, Method::Post, path, binding);
    assert!(ok, "{answer}");
    let pod = get(&mut cluster, "/api/v1/namespaces/default/pods/p");
    assert_eq!(pod["spec"]["nodeName"], "node-0");
}
