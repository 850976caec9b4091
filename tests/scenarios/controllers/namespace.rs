use kubarium::cluster::Cluster;
use kubarium::sim::secs;
use serde_json::json;

use super::{condition, delete, edit};
use crate::common::{bare, create, created, get};

fn namespace(cluster: &mut Cluster) {
    created(
        cluster,
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}",
    );
    cluster.run_for(secs(1));
}

#[test]
fn every_namespace_has_an_account_and_a_certificate() {
    let mut cluster = bare(1);
    namespace(&mut cluster);
    for name in ["default", "shop"] {
        let path = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
        assert_eq!(get(&mut cluster, &path)["metadata"]["name"], "default");
        let path = format!("/api/v1/namespaces/{name}/configmaps/kube-root-ca.crt");
        let ca = get(&mut cluster, &path)["data"]["ca.crt"].to_string();
        assert!(ca.contains("-----BEGIN CERTIFICATE-----"));
    }
    let account = "/api/v1/namespaces/shop/serviceaccounts/default";
    delete(&mut cluster, account);
    cluster.run_for(secs(1));
    assert_eq!(get(&mut cluster, account)["metadata"]["name"], "default");
}

#[test]
fn a_deleted_namespace_is_emptied_first() {
    let mut cluster = bare(1);
    namespace(&mut cluster);
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: shop}}",
    );
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, \
         spec: {nodeName: node-0, containers: [{name: c, image: nginx}]}}",
    );
    cluster.run_for(secs(1));
    delete(&mut cluster, "/api/v1/namespaces/shop");
    cluster.run_for(secs(3));
    let gone = get(&mut cluster, "/api/v1/namespaces/shop");
    assert_eq!(
        gone["status"],
        json!({"phase": "Terminating"}),
        "nothing happens for five seconds"
    );
    let refused = create(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: late, namespace: shop}}",
    );
    assert_eq!(refused.code, 403);
    cluster.run_for(secs(40));
    assert_eq!(
        get(&mut cluster, "/api/v1/namespaces/shop")["reason"],
        "NotFound"
    );
}

#[test]
fn a_finalizer_holds_the_namespace() {
    let mut cluster = bare(1);
    namespace(&mut cluster);
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: held, namespace: shop, \
         finalizers: [example.com/hold]}}",
    );
    delete(&mut cluster, "/api/v1/namespaces/shop");
    cluster.run_for(secs(8));
    let shop = get(&mut cluster, "/api/v1/namespaces/shop");
    assert_eq!(
        condition(&shop, "NamespaceContentRemaining"),
        "True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances"
    );
    assert_eq!(
        condition(&shop, "NamespaceFinalizersRemaining"),
        "True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: \
         example.com/hold in 1 resource instances"
    );
    edit(
        &mut cluster,
        "/api/v1/namespaces/shop/configmaps/held",
        |c| {
            c["metadata"]["finalizers"] = json!(null);
        },
    );
    cluster.run_for(secs(30));
    assert_eq!(
        get(&mut cluster, "/api/v1/namespaces/shop")["reason"],
        "NotFound"
    );
}
