//! Scenarios at the API level in virtual time: apply, run, look.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::secs;
use serde_json::json;

#[test]
fn a_config_map_is_kept() {
    let mut cluster = Cluster::new(Config::bare(1, 3));
    let path = "/api/v1/namespaces/default/configmaps";
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}});
    let response = cluster.request(&Request::new(Method::Post, path).with_body(body));
    assert_eq!(response.code, 201, "{:?}", response.body);
    cluster.run_for(secs(60));
    let response = cluster.request(&Request::get(format!("{path}/c")));
    assert_eq!(response.code, 200);
}
