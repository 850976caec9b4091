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

const PODS: &str = "/api/v1/namespaces/default/pods";

fn pod(name: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: [{{name: c, image: nginx}}]}}}}"
    )
}

fn bind(cluster: &mut Cluster, pod: &str, node: &str) -> Response {
    let binding = json!({"target": {"kind": "Node", "name": node}});
    send(
        cluster,
        Method::Post,
        &format!("{PODS}/{pod}/binding"),
        binding,
    )
}

#[test]
fn pods_are_admitted_with_what_a_cluster_gives_them() {
    let mut cluster = quiet();
    let pod = created(&mut cluster, &pod("p"));
    let spec = &pod["spec"];
    assert_eq!(spec["serviceAccount"], "default");
    assert_eq!(spec["serviceAccountName"], "default");
    assert_eq!(
        (&spec["priority"], &spec["enableServiceLinks"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(spec["preemptionPolicy"], "PreemptLowerPriority");
    let tolerated: Vec<&str> = spec["tolerations"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|t| t["key"].as_str())
        .collect();
    assert_eq!(
        tolerated,
        [
            "node.kubernetes.io/not-ready",
            "node.kubernetes.io/unreachable"
        ]
    );
    let volume = &spec["volumes"][0];
    let name = volume["name"].as_str().unwrap_or_default();
    assert!(name.starts_with("kube-api-access-"), "{name}");
    assert_eq!(
        volume["projected"]["sources"][0],
        json!({"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}})
    );
    assert_eq!(
        spec["containers"][0]["volumeMounts"],
        json!([{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": name, "readOnly": true}])
    );
    assert_eq!(
        pod["status"],
        json!({"phase": "Pending", "qosClass": "BestEffort"})
    );
}

#[test]
fn a_pod_is_bound_once() {
    let mut cluster = quiet();
    created(&mut cluster, &pod("p"));
    assert_eq!(bind(&mut cluster, "p", "a").code, 201);
    let bound = get(&mut cluster, &format!("{PODS}/p"));
    assert_eq!(bound["spec"]["nodeName"], "a");
    let condition = &bound["status"]["conditions"][0];
    assert_eq!(
        (&condition["type"], &condition["status"]),
        (&json!("PodScheduled"), &json!("True"))
    );
    assert_eq!(
        message(bind(&mut cluster, "p", "b")),
        "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"a\""
    );
}

#[test]
fn a_running_pod_gets_time_to_end() {
    let mut cluster = quiet();
    for name in ["unbound", "bound"] {
        created(&mut cluster, &pod(name));
    }
    bind(&mut cluster, "bound", "a");
    // Nobody runs it, so nobody has to be waited for.
    let path = format!("{PODS}/unbound");
    assert!(send(&mut cluster, Method::Delete, &path, json!({})).is_success());
    assert_eq!(cluster.request(&Request::get(path)).code, 404);
    let path = format!("{PODS}/bound");
    let going = json_of(send(&mut cluster, Method::Delete, &path, json!({})));
    assert_eq!(going["metadata"]["deletionGracePeriodSeconds"], 30);
    assert_eq!(going["metadata"]["generation"], 2);
    // The period can be shortened, not prolonged.
    let longer = json!({"gracePeriodSeconds": 60});
    let same = json_of(send(&mut cluster, Method::Delete, &path, longer));
    assert_eq!(same["metadata"]["deletionGracePeriodSeconds"], 30);
    let shorter = json!({"gracePeriodSeconds": 5});
    let sooner = json_of(send(&mut cluster, Method::Delete, &path, shorter));
    assert_eq!(sooner["metadata"]["deletionGracePeriodSeconds"], 5);
    let now = json!({"gracePeriodSeconds": 0});
    assert!(send(&mut cluster, Method::Delete, &path, now).is_success());
    assert_eq!(cluster.request(&Request::get(path)).code, 404);
}

#[test]
fn little_of_a_pod_can_be_changed() {
    let mut cluster = quiet();
    created(&mut cluster, &pod("p"));
    let path = format!("{PODS}/p");
    let image = json!({"spec": {"containers": [{"name": "c", "image": "nginx:2"}]}});
    let changed = json_of(patch(&mut cluster, &path, STRATEGIC_MERGE_PATCH, image));
    assert_eq!(changed["metadata"]["generation"], 2);
    let moved = patch(
        &mut cluster,
        &path,
        MERGE_PATCH,
        json!({"spec": {"hostname": "x"}}),
    );
    let text = message(moved);
    assert!(
        text.starts_with("Pod \"p\" is invalid: spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"),
        "{text}"
    );
    let difference = text.split_once("negative)\n").expect("a difference").1;
    assert!(
        difference.ends_with(
            " @@\n   \"SELinuxChangePolicy\": null\n  },\n  \"ImagePullSecrets\": null,\n- \"Hostname\": \"\",\n+ \"Hostname\": \"x\",\n  \"Subdomain\": \"\",\n  \"SetHostnameAsFQDN\": null,\n  \"Affinity\": null,\n"
        ) && difference.starts_with("@@ -"),
        "{text}"
    );
}

#[test]
fn selectors_of_deployments_stay() {
    let mut cluster = quiet();
    let mut object = created(&mut cluster, &deployment("web"));
    let other = json!({"app": "other"});
    object["spec"]["selector"]["matchLabels"] = other.clone();
    object["spec"]["template"]["metadata"]["labels"] = other;
    let refused = send(
        &mut cluster,
        Method::Put,
        &format!("{DEPLOYMENTS}/web"),
        object,
    );
    assert_eq!(
        message(refused),
        "Deployment.apps \"web\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is immutable"
    );
}

#[test]
fn generated_names_are_free() {
    let mut cluster = quiet();
    let names: std::collections::BTreeSet<String> = (0..20)
        .map(|_| {
            let object = created(
                &mut cluster,
                "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: job-}}",
            );
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            assert!(name.starts_with("job-") && name.len() == 9, "{name}");
            name.to_owned()
        })
        .collect();
    assert_eq!(names.len(), 20);
}

#[test]
fn rows_are_what_clients_print() {
    let mut cluster = quiet();
    created(&mut cluster, &pod("p"));
    let mut request = Request::get(PODS);
    request.accept = kubarium::apiserver::request::ACCEPT_TABLE;
    let table = json_of(cluster.request(&request));
    let columns: Vec<&str> = table["columnDefinitions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|c| c["priority"] == 0)
        .filter_map(|c| c["name"].as_str())
        .collect();
    assert_eq!(columns, ["Name", "Ready", "Status", "Restarts", "Age"]);
    let cells = &table["rows"][0]["cells"];
    assert_eq!(
        *cells,
        json!([
            "p", "0/1", "Pending", "0", "0s", "<none>", "<none>", "<none>", "<none>"
        ])
    );
    let object = &table["rows"][0]["object"];
    assert_eq!(object["kind"], "PartialObjectMetadata");
    assert_eq!(object["metadata"]["name"], "p");
}

#[test]
fn collections_are_deleted_by_selector() {
    let mut cluster = quiet();
    for (name, tier) in [("a", "x"), ("b", "y")] {
        created(
            &mut cluster,
            &format!(
                "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, labels: {{tier: {tier}}}}}}}"
            ),
        );
    }
    let request = Request::new(Method::Delete, CONFIG_MAPS).with_query("labelSelector", "tier=x");
    let gone = json_of(cluster.request(&request));
    assert_eq!(gone["items"][0]["metadata"]["name"], "a");
    let left = get(&mut cluster, CONFIG_MAPS);
    assert_eq!(left["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_server_says_what_it_serves_and_how_it_is() {
    let mut cluster = quiet();
    assert_eq!(get(&mut cluster, "/version")["gitVersion"], "v1.36.2");
    let ready = cluster.request(&Request::get("/readyz").with_query("verbose", ""));
    let text = json_of(ready);
    let text = text.as_str().unwrap_or_default();
    assert!(text.starts_with("[+]ping ok\n") && text.ends_with("readyz check passed\n"));
    let apps = get(&mut cluster, "/apis/apps/v1");
    let names: Vec<&str> = apps["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|r| r["name"].as_str())
        .collect();
    assert!(names.contains(&"deployments/scale"), "{names:?}");
    let warned = cluster.request(&Request::get("/api/v1/endpoints"));
    assert_eq!(
        warned.warnings,
        ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]
    );
}

#[test]
fn service_accounts_get_tokens() {
    let mut cluster = quiet();
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot}}",
    );
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    let path = format!("{accounts}/robot/token");
    let answer = json_of(send(&mut cluster, Method::Post, &path, json!({"spec": {}})));
    let token = answer["status"]["token"].as_str().unwrap_or_default();
    assert!(token.starts_with("eyJhbGciOiJSUzI1NiIs"), "{token}");
    assert_eq!(token.split('.').count(), 3);
    assert_eq!(answer["spec"]["expirationSeconds"], 3600);
    let brief = json!({"spec": {"expirationSeconds": 60}});
    assert_eq!(
        message(send(&mut cluster, Method::Post, &path, brief)),
        "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"
    );
    let nobody = format!("{accounts}/nobody/token");
    assert_eq!(
        message(send(&mut cluster, Method::Post, &nobody, json!({}))),
        "serviceaccounts \"nobody\" not found"
    );
}

#[test]
fn parts_of_objects_are_decoded_as_objects_are() {
    let mut cluster = quiet();
    created(&mut cluster, &deployment("web"));
    created(&mut cluster, &pod("p"));
    let scale = format!("{DEPLOYMENTS}/web/scale");
    let put = |cluster: &mut Cluster, body: Value, strict: &str| {
        let request = Request::new(Method::Put, scale.as_str()).with_body(body);
        cluster.request(&request.with_query("fieldValidation", strict))
    };
    assert_eq!(
        message(put(&mut cluster, json!({"spec": {"replicas": "3"}}), "")),
        "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32"
    );
    let more = json!({"spec": {"replicas": 3, "most": 5}});
    assert_eq!(
        message(put(&mut cluster, more.clone(), "Strict")),
        "Scale in version \"v1\" cannot be handled as a Scale: strict decoding error: unknown field \"spec.most\""
    );
    let response = put(&mut cluster, more, "Warn");
    assert_eq!(response.warnings, ["unknown field \"spec.most\""]);
    let eviction = json!({"metadata": {"name": "p"}, "deleteOptions": {"gracePeriodSeconds": "x"}});
    let path = format!("{PODS}/p/eviction");
    assert_eq!(
        message(send(&mut cluster, Method::Post, &path, eviction)),
        "Eviction in version \"v1\" cannot be handled as a Eviction: json: cannot unmarshal string into Go struct field DeleteOptions.deleteOptions.gracePeriodSeconds of type int64"
    );
    let eviction =
        json!({"apiVersion": "policy/v2", "kind": "Eviction", "metadata": {"name": "p"}});
    assert_eq!(
        message(send(&mut cluster, Method::Post, &path, eviction)),
        "the API version in the data (policy/v2) does not match the expected API version (policy/v1)"
    );
    let eviction =
        json!({"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": "p"}});
    let request = Request::new(Method::Post, path)
        .with_body(eviction)
        .with_query("dryRun", "All");
    assert!(cluster.request(&request).is_success());
    let binding = json!({"target": {"kind": "Node", "name": "node-0", "node": "x"}});
    let request = Request::new(Method::Post, format!("{PODS}/p/binding"))
        .with_body(binding)
        .with_query("fieldValidation", "Strict");
    assert_eq!(
        message(cluster.request(&request)),
        "Binding in version \"v1\" cannot be handled as a Binding: strict decoding error: unknown field \"target.node\""
    );
    assert!(get(&mut cluster, &format!("{PODS}/p"))["spec"]["nodeName"].is_null());
}

#[test]
fn a_status_of_a_pod_has_to_make_sense() {
    let mut cluster = quiet();
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {restartPolicy: Never, containers: [{name: c, image: nginx}]}}",
    );
    let path = format!("{PODS}/p/status");
    let state = |state: Value| json!({"status": {"containerStatuses": [{"name": "c", "image": "nginx", "imageID": "", "ready": false, "restartCount": 0, "state": state}]}});
    let ended = state(json!({"terminated": {"exitCode": 0}}));
    assert!(patch(&mut cluster, &path, MERGE_PATCH, ended).is_success());
    for (status, expected) in [
        (
            json!({"status": {"podIP": "300.1.1.1"}}),
            "status.podIPs[0]: Invalid value: \"300.1.1.1\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        ),
        (
            json!({"status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]}}),
            "status.podIPs: Invalid value: [{\"IP\":\"10.0.0.1\"},{\"IP\":\"10.0.0.2\"}]: may specify no more than one IP for each IP family",
        ),
        (
            json!({"status": {"hostIP": "1.1.1.1", "hostIPs": [{"ip": "1.1.1.2"}]}}),
            "status.hostIPs[0].ip: Invalid value: \"1.1.1.2\": must be equal to `hostIP`",
        ),
        (
            json!({"status": {"qosClass": "Guaranteed"}}),
            "status.qosClass: Invalid value: \"Guaranteed\": field is immutable",
        ),
        (
            state(json!({"running": {}})),
            "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state",
        ),
    ] {
        let said = message(patch(&mut cluster, &path, MERGE_PATCH, status.clone()));
        assert_eq!(
            said,
            format!("Pod \"p\" is invalid: {expected}"),
            "{status}"
        );
    }
    let condition = json!({"status": {"conditions": [{"type": "no type", "status": "True"}]}});
    let said = message(patch(&mut cluster, &path, MERGE_PATCH, condition));
    assert!(
        said.contains(
            "metadata.conditions[0].Type: Invalid value: \"no type\": name part must consist of"
        ),
        "{said}"
    );
    let nominated = json!({"status": {"nominatedNodeName": "Bad_Name"}});
    let said = message(patch(&mut cluster, &path, MERGE_PATCH, nominated));
    assert!(
        said.contains("status.nominatedNodeName: Invalid value: \"Bad_Name\""),
        "{said}"
    );
    // The one address stands for the list of them.
    let address = json!({"status": {"podIP": "10.0.0.9"}});
    let written = json_of(patch(&mut cluster, &path, MERGE_PATCH, address));
    assert_eq!(written["status"]["podIPs"], json!([{"ip": "10.0.0.9"}]));
}

#[test]
fn a_status_keeps_rules_too() {
    let mut cluster = quiet();
    created(&mut cluster, &deployment("web"));
    for object in [
        "{apiVersion: v1, kind: Service, metadata: {name: outer}, spec: {type: LoadBalancer, ports: [{port: 80}]}}",
        "{apiVersion: v1, kind: Service, metadata: {name: inner}, spec: {ports: [{port: 80}]}}",
        "{apiVersion: v1, kind: Node, metadata: {name: n}}",
    ] {
        created(&mut cluster, object);
    }
    let services = "/api/v1/namespaces/default/services";
    for (path, status, expected) in [
        (
            "/apis/apps/v1/namespaces/default/deployments/web".to_owned(),
            json!({"replicas": -1, "readyReplicas": 2, "availableReplicas": 3, "unavailableReplicas": -1, "collisionCount": -1, "observedGeneration": -1}),
            "[status.observedGeneration: Invalid value: -1: must be greater than or equal to 0, status.replicas: Invalid value: -1: must be greater than or equal to 0, status.unavailableReplicas: Invalid value: -1: must be greater than or equal to 0, status.collisionCount: Invalid value: -1: must be greater than or equal to 0, status.updatedReplicas: Invalid value: 0: cannot be greater than status.replicas, status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas, status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas, status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas, status.collisionCount: Invalid value: -1: cannot be decremented]",
        ),
        (
            format!("{services}/outer"),
            json!({"loadBalancer": {"ingress": [{"ip": "x", "ipMode": "Foo"}, {"hostname": "1.2.3.4", "ipMode": "VIP"}]}}),
            "[status.loadBalancer.ingress[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff), status.loadBalancer.ingress[0].ipMode: Unsupported value: \"Foo\": supported values: \"Proxy\", \"VIP\", status.loadBalancer.ingress[1].ipMode: Forbidden: may not be specified when `ip` is not set, status.loadBalancer.ingress[1].hostname: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address]",
        ),
        (
            format!("{services}/inner"),
            json!({"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}),
            "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is \"LoadBalancer\"",
        ),
        (
            "/api/v1/nodes/n".to_owned(),
            json!({"capacity": {"cpu": "-1", "pods": "1500m"}, "allocatable": {"memory": "-1"}}),
            "[status.capacity.cpu: Invalid value: \"-1\": must be greater than or equal to 0, status.capacity.pods: Invalid value: \"1500m\": must be an integer, status.allocatable.memory: Invalid value: \"-1\": must be greater than or equal to 0]",
        ),
    ] {
        let body = json!({"status": status});
        let text = message(patch(
            &mut cluster,
            &format!("{path}/status"),
            MERGE_PATCH,
            body,
        ));
        assert!(
            text.ends_with(&format!(" is invalid: {expected}")),
            "{text}"
        );
    }
    let body = json!({"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}});
    let told = patch(
        &mut cluster,
        &format!("{services}/outer/status"),
        MERGE_PATCH,
        body,
    );
    assert_eq!(
        json_of(told)["status"]["loadBalancer"]["ingress"],
        json!([{"ip": "1.2.3.4", "ipMode": "VIP"}])
    );
}
