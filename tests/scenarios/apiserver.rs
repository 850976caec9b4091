//! The pipeline of the API server, as its clients see it.

use kubarium::apiserver::request::{JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH};
use kubarium::apiserver::{Method, Request, Response};
use kubarium::cluster::{Cluster, Config};
use serde_json::{Value, json};

use crate::common::{create, created, get, json_of};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A cluster in which nobody acts but the client.
fn quiet() -> Cluster {
    Cluster::new(Config::bare(1, 0))
}

fn deployment(name: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}, spec: {{\
         selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, \
         spec: {{containers: [{{name: c, image: nginx}}]}}}}}}}}"
    )
}

fn send(cluster: &mut Cluster, method: Method, path: &str, body: Value) -> Response {
    cluster.request(&Request::new(method, path).with_body(body))
}

fn patch(cluster: &mut Cluster, path: &str, format: &'static str, patch: Value) -> Response {
    let mut request = Request::new(Method::Patch, path).with_body(patch);
    request.content_type = format;
    cluster.request(&request)
}

fn message(response: Response) -> String {
    assert!(!response.is_success(), "{:?}", response.body);
    json_of(response)["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn what_was_left_out_is_filled_in() {
    let mut cluster = quiet();
    let object = created(&mut cluster, &deployment("web"));
    assert_eq!(object["metadata"]["generation"], 1);
    assert_eq!(
        object["spec"],
        json!({
            "progressDeadlineSeconds": 600, "replicas": 1, "revisionHistoryLimit": 10,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
                "type": "RollingUpdate",
            },
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "containers": [{
                        "image": "nginx", "imagePullPolicy": "Always", "name": "c",
                        "resources": {}, "terminationMessagePath": "/dev/termination-log",
                        "terminationMessagePolicy": "File",
                    }],
                    "dnsPolicy": "ClusterFirst", "restartPolicy": "Always",
                    "schedulerName": "default-scheduler", "securityContext": {},
                    "terminationGracePeriodSeconds": 30,
                },
            },
        })
    );
    assert_eq!(object["status"], json!({}));
}

#[test]
fn the_second_of_two_writers_loses() {
    let mut cluster = quiet();
    let first = created(&mut cluster, &deployment("web"));
    let path = format!("{DEPLOYMENTS}/web");
    let mut mine = first.clone();
    mine["spec"]["replicas"] = json!(2);
    let mut theirs = first;
    theirs["spec"]["replicas"] = json!(3);
    let won = json_of(send(&mut cluster, Method::Put, &path, mine));
    assert_eq!(won["metadata"]["generation"], 2);
    let lost = send(&mut cluster, Method::Put, &path, theirs);
    assert_eq!(lost.code, 409);
    assert_eq!(
        message(lost),
        "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; please apply your changes to the latest version and try again"
    );
}

#[test]
fn status_and_spec_are_written_apart() {
    let mut cluster = quiet();
    let mut object = created(&mut cluster, &deployment("web"));
    let path = format!("{DEPLOYMENTS}/web");
    object["spec"]["replicas"] = json!(5);
    object["status"] = json!({"replicas": 4});
    let written = json_of(send(&mut cluster, Method::Put, &path, object.clone()));
    assert_eq!(written["status"], json!({}));
    object = written;
    object["spec"]["replicas"] = json!(7);
    object["status"] = json!({"replicas": 4});
    let written = json_of(send(
        &mut cluster,
        Method::Put,
        &format!("{path}/status"),
        object,
    ));
    assert_eq!(written["status"]["replicas"], 4);
    assert_eq!(written["spec"]["replicas"], 5);
    assert_eq!(written["metadata"]["generation"], 2);
}

#[test]
fn three_formats_of_patches() {
    let mut cluster = quiet();
    created(&mut cluster, &deployment("web"));
    let path = format!("{DEPLOYMENTS}/web");
    let replicas = |r: Response| json_of(r)["spec"]["replicas"].clone();
    let merged = patch(
        &mut cluster,
        &path,
        MERGE_PATCH,
        json!({"spec": {"replicas": 2}}),
    );
    assert_eq!(replicas(merged), 2);
    let operations = json!([{"op": "replace", "path": "/spec/replicas", "value": 3}]);
    assert_eq!(
        replicas(patch(&mut cluster, &path, JSON_PATCH, operations)),
        3
    );
    let sidecar =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "d", "image": "x"}]}}}});
    let both = json_of(patch(&mut cluster, &path, STRATEGIC_MERGE_PATCH, sidecar));
    let containers = &both["spec"]["template"]["spec"]["containers"];
    assert_eq!(containers.as_array().map(Vec::len), Some(2));
    assert_eq!(both["metadata"]["generation"], 4);
    // A patch that changes nothing makes no revision.
    let before = both["metadata"]["resourceVersion"].clone();
    let same = json_of(patch(
        &mut cluster,
        &path,
        MERGE_PATCH,
        json!({"spec": {"replicas": 3}}),
    ));
    assert_eq!(same["metadata"]["resourceVersion"], before);
}

#[test]
fn patches_are_refused_in_the_servers_words() {
    let mut cluster = quiet();
    created(&mut cluster, &deployment("web"));
    let path = format!("{DEPLOYMENTS}/web");
    let wrong = json!({"spec": {"replicas": "three"}});
    let refused = patch(&mut cluster, &path, STRATEGIC_MERGE_PATCH, wrong);
    assert_eq!(refused.code, 422);
    assert_eq!(
        message(refused),
        " \"\" is invalid: patch: Invalid value: \"map[spec:map[replicas:three]]\": unrecognized type: int32"
    );
    let missing = json!([{"op": "remove", "path": "/spec/nope"}]);
    assert_eq!(
        message(patch(&mut cluster, &path, JSON_PATCH, missing)),
        "the server rejected our request due to an error in our request"
    );
    let renamed = patch(
        &mut cluster,
        &path,
        MERGE_PATCH,
        json!({"metadata": {"name": "x"}}),
    );
    assert_eq!(
        message(renamed),
        "the name of the object (x) does not match the name on the URL (web)"
    );
}

#[test]
fn finalizers_hold_what_is_deleted() {
    let mut cluster = quiet();
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: held, finalizers: [example.com/hold]}}",
    );
    let path = format!("{CONFIG_MAPS}/held");
    let first = send(&mut cluster, Method::Delete, &path, json!({}));
    let marked = json_of(first);
    assert_eq!(marked["metadata"]["deletionGracePeriodSeconds"], 0);
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    let released = json!({"metadata": {"finalizers": null}});
    assert!(patch(&mut cluster, &path, MERGE_PATCH, released).is_success());
    assert_eq!(cluster.request(&Request::get(path)).code, 404);
}

#[test]
fn lists_are_selected_and_come_in_chunks() {
    let mut cluster = quiet();
    for (i, tier) in ["a", "b", "a", "a"].iter().enumerate() {
        created(
            &mut cluster,
            &format!(
                "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c{i}, labels: {{tier: {tier}}}}}}}"
            ),
        );
    }
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items
            .iter()
            .map(|i| {
                i["metadata"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    };
    let query = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .fold(Request::get(CONFIG_MAPS), |r, (k, v)| r.with_query(k, *v))
    };
    let chosen = json_of(cluster.request(&query(&[("labelSelector", "tier in (a)")])));
    assert_eq!(names(&chosen), ["c0", "c2", "c3"]);
    let named = json_of(cluster.request(&query(&[("fieldSelector", "metadata.name=c1")])));
    assert_eq!(names(&named), ["c1"]);
    let refused = cluster.request(&query(&[("fieldSelector", "spec.x=1")]));
    assert_eq!(
        message(refused),
        "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
    );
    let first = json_of(cluster.request(&query(&[("limit", "3")])));
    assert_eq!(names(&first), ["c0", "c1", "c2"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    // What is created between two chunks belongs to neither.
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: c9}}",
    );
    let token = first["metadata"]["continue"].as_str().unwrap_or_default();
    let rest = json_of(cluster.request(&query(&[("limit", "3"), ("continue", token)])));
    assert_eq!(names(&rest), ["c3"]);
    assert_eq!(
        rest["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
}

#[test]
fn scale_is_a_part_of_what_makes_replicas() {
    let mut cluster = quiet();
    created(&mut cluster, &deployment("web"));
    let path = format!("{DEPLOYMENTS}/web/scale");
    let mut scale = get(&mut cluster, &path);
    assert_eq!(scale["status"]["selector"], "app=web");
    scale["spec"]["replicas"] = json!(4);
    let written = json_of(send(&mut cluster, Method::Put, &path, scale.clone()));
    assert_eq!(written["spec"]["replicas"], 4);
    // The revision in it is now stale.
    assert_eq!(send(&mut cluster, Method::Put, &path, scale).code, 409);
    let negative = json!({"spec": {"replicas": -1}});
    assert_eq!(
        message(patch(&mut cluster, &path, MERGE_PATCH, negative)),
        "Scale.autoscaling \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    );
    assert_eq!(
        get(&mut cluster, &format!("{DEPLOYMENTS}/web"))["spec"]["replicas"],
        4
    );
}

#[test]
fn services_get_addresses_and_give_them_back() {
    let mut cluster = quiet();
    let service = |name: &str, rest: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{ports: [{{port: 80{rest}}}]"
        )
    };
    let free = created(&mut cluster, &(service("free", "") + "}}"));
    let ip = free["spec"]["clusterIP"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(ip.starts_with("10."), "{ip}");
    assert_eq!(free["spec"]["clusterIPs"], json!([ip]));
    assert_eq!(free["spec"]["ports"][0]["targetPort"], 80);
    let taken = service("taken", "") + &format!(", clusterIP: {ip}}}}}");
    assert_eq!(
        message(create(&mut cluster, &taken)),
        format!(
            "Service \"taken\" is invalid: spec.clusterIPs: Invalid value: [\"{ip}\"]: failed to allocate IP {ip}: provided IP is already allocated"
        )
    );
    let path = "/api/v1/namespaces/default/services/free";
    assert!(send(&mut cluster, Method::Delete, path, json!({})).is_success());
    assert_eq!(created(&mut cluster, &taken)["spec"]["clusterIP"], ip);
    let port = |name| service(name, ", nodePort: 30080") + ", type: NodePort}}";
    created(&mut cluster, &port("first"));
    assert_eq!(
        message(create(&mut cluster, &port("second"))),
        "Service \"second\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"
    );
    // An update that leaves the address out keeps it.
    let mut replaced = get(&mut cluster, "/api/v1/namespaces/default/services/taken");
    for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        replaced["spec"].as_object_mut().map(|s| s.remove(field));
    }
    replaced["metadata"]["resourceVersion"] = Value::Null;
    let path = "/api/v1/namespaces/default/services/taken";
    let kept = json_of(send(&mut cluster, Method::Put, path, replaced));
    assert_eq!(kept["spec"]["clusterIP"], ip);
}

#[test]
fn unknown_fields_warn_unless_the_client_is_strict() {
    let mut cluster = quiet();
    let manifest = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "labelz": {}}, "foo": 1,
    });
    let request = |mode: &str| {
        Request::new(Method::Post, CONFIG_MAPS)
            .with_body(manifest.clone())
            .with_query("fieldValidation", mode)
            .with_query("dryRun", "All")
    };
    let strict = cluster.request(&request("Strict"));
    assert_eq!(
        message(strict),
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"foo\", unknown field \"metadata.labelz\""
    );
    let warned = cluster.request(&request("Warn"));
    assert_eq!(warned.code, 201);
    assert_eq!(
        warned.warnings,
        ["unknown field \"foo\"", "unknown field \"metadata.labelz\""]
    );
    assert_eq!(
        get(&mut cluster, CONFIG_MAPS)["items"]
            .as_array()
            .map(Vec::len),
        Some(0)
    );
}

#[test]
fn people_without_rights_are_told_what_they_lack() {
    let mut cluster = quiet();
    let mut request = Request::get("/api/v1/namespaces/golden/pods");
    request.impersonate = "system:serviceaccount:golden:robot".to_owned();
    assert_eq!(
        message(cluster.request(&request)),
        "pods is forbidden: User \"system:serviceaccount:golden:robot\" cannot list resource \"pods\" in API group \"\" in the namespace \"golden\""
    );
}

#[test]
fn paths_that_are_not_served() {
    let mut cluster = quiet();
    for path in [
        "/apis/foo",
        "/api/v1/nopes",
        "/apis/apps/v1/pods",
        "/api/v1/pods/x",
        "/x",
    ] {
        let response = cluster.request(&Request::get(path));
        assert_eq!(response.code, 404, "{path}");
        let status = json_of(response);
        assert_eq!(
            status["message"],
            "the server could not find the requested resource"
        );
    }
}
