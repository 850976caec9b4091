use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use kubarium::sim::{millis, secs};
use serde_json::{Value, json};

use super::{DEPLOYMENTS, PODS, REPLICA_SETS, list, web};
use crate::common::{bare, created, get};

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn delete(cluster: &mut Cluster, path: &str, policy: &str) {
    let request = Request::new(Method::Delete, path).with_body(json!({
        "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy
    }));
    let response = cluster.request(&request);
    assert!(response.is_success(), "{:?}", response.body);
}

fn running(cluster: &mut Cluster) {
    created(cluster, &web(2, "nginx:1.25", ""));
    cluster.run_for(secs(2));
    assert_eq!(list(cluster, PODS).len(), 2);
}

fn web_path() -> String {
    format!("{DEPLOYMENTS}/web")
}

#[test]
fn in_the_background_the_owner_goes_first() {
    let mut cluster = bare(1);
    running(&mut cluster);
    delete(&mut cluster, &web_path(), "Background");
    assert_eq!(get(&mut cluster, &web_path())["reason"], "NotFound");
    assert_eq!(list(&mut cluster, PODS).len(), 2);
    cluster.run_for(secs(2));
    assert_eq!(list(&mut cluster, REPLICA_SETS), Vec::<Value>::new());
    assert_eq!(list(&mut cluster, PODS), Vec::<Value>::new());
}

#[test]
fn in_the_foreground_the_owner_goes_last() {
    let mut cluster = bare(1);
    running(&mut cluster);
    delete(&mut cluster, &web_path(), "Foreground");
    let finalizers = get(&mut cluster, &web_path())["metadata"]["finalizers"].clone();
    assert_eq!(finalizers, json!(["foregroundDeletion"]));
    for _ in 0..2000 {
        cluster.run_for(millis(1));
        let sets = list(&mut cluster, REPLICA_SETS).len();
        let pods = list(&mut cluster, PODS).len();
        let owner = get(&mut cluster, &web_path())["reason"] != "NotFound";
        assert!(
            owner || sets == 0,
            "the Deployment went before its ReplicaSet"
        );
        assert!(sets > 0 || pods == 0, "the ReplicaSet went before its pods");
    }
    assert_eq!(get(&mut cluster, &web_path())["reason"], "NotFound");
    assert_eq!(list(&mut cluster, PODS), Vec::<Value>::new());
}

#[test]
fn orphans_stay_and_can_be_adopted_again() {
    let mut cluster = bare(1);
    running(&mut cluster);
    let before = list(&mut cluster, PODS);
    delete(&mut cluster, &web_path(), "Orphan");
    cluster.run_for(secs(2));
    assert_eq!(get(&mut cluster, &web_path())["reason"], "NotFound");
    let sets = list(&mut cluster, REPLICA_SETS);
    assert_eq!(sets.len(), 1);
    assert_eq!(sets[0]["metadata"]["ownerReferences"], json!(null));
    created(&mut cluster, &web(2, "nginx:1.25", ""));
    cluster.run_for(secs(2));
    let sets = list(&mut cluster, REPLICA_SETS);
    assert_eq!(sets.len(), 1);
    assert_eq!(sets[0]["metadata"]["ownerReferences"][0]["name"], "web");
    assert_eq!(list(&mut cluster, PODS), before);
}

fn owned(name: &str, owner: &str, uid: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, ownerReferences: \
         [{{apiVersion: v1, kind: ConfigMap, name: {owner}, uid: '{uid}'}}]}}}}"
    )
}

#[test]
fn an_owner_that_never_was_takes_its_dependents_along() {
    let mut cluster = bare(1);
    let real = created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: real}}",
    );
    let uid = real["metadata"]["uid"].as_str().unwrap_or_default();
    created(&mut cluster, &owned("kept", "real", uid));
    created(&mut cluster, &owned("absent", "nobody", "0000"));
    created(&mut cluster, &owned("impostor", "real", "1111"));
    cluster.run_for(secs(1));
    let names: Vec<String> = list(&mut cluster, CONFIG_MAPS)
        .iter()
        .map(|c| c["metadata"]["name"].to_string())
        .collect();
    assert_eq!(names, ["\"kept\"", "\"kube-root-ca.crt\"", "\"real\""]);
}

#[test]
fn one_living_owner_is_enough() {
    let mut cluster = bare(1);
    let mut uids = Vec::new();
    for name in ["a", "b"] {
        let manifest = format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}}}");
        uids.push(created(&mut cluster, &manifest)["metadata"]["uid"].clone());
    }
    let reference = |name: &str, uid: &Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid});
    let shared = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared",
        "ownerReferences": [reference("a", &uids[0]), reference("b", &uids[1])]}});
    created(&mut cluster, &shared.to_string());
    cluster.run_for(secs(1));
    delete(&mut cluster, &format!("{CONFIG_MAPS}/a"), "Background");
    cluster.run_for(secs(1));
    let path = format!("{CONFIG_MAPS}/shared");
    let owners = get(&mut cluster, &path)["metadata"]["ownerReferences"].clone();
    assert_eq!(owners, json!([reference("b", &uids[1])]));
    delete(&mut cluster, &format!("{CONFIG_MAPS}/b"), "Background");
    cluster.run_for(secs(1));
    assert_eq!(get(&mut cluster, &path)["reason"], "NotFound");
}
