//! Managed fields and server-side apply, as clients see them.

use kubarium::apiserver::request::{APPLY_PATCH, JSON_PATCH, MERGE_PATCH};
use kubarium::apiserver::{Method, Request, Response};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::secs;
use serde_json::{Value, json};

use crate::common::{bare, created, get, json_of};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A cluster in which nobody acts but the client.
fn quiet() -> Cluster {
    Cluster::new(Config::bare(1, 0))
}

fn patch(
    cluster: &mut Cluster,
    path: &str,
    format: &'static str,
    manager: &str,
    body: Value,
) -> Response {
    let mut request = Request::new(Method::Patch, path)
        .with_query("fieldManager", manager)
        .with_body(body);
    request.content_type = format;
    cluster.request(&request)
}

fn apply(cluster: &mut Cluster, path: &str, manager: &str, body: Value) -> Response {
    patch(cluster, path, APPLY_PATCH, manager, body)
}

fn forced(cluster: &mut Cluster, path: &str, manager: &str, body: Value) -> Response {
    let mut request = Request::new(Method::Patch, path)
        .with_query("fieldManager", manager)
        .with_query("force", "true")
        .with_body(body);
    request.content_type = APPLY_PATCH;
    cluster.request(&request)
}

/// (manager, operation, subresource) of the entries, in order.
fn managers(object: &Value) -> Vec<(String, String, String)> {
    let entries = object["metadata"]["managedFields"].as_array();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries
        .into_iter()
        .flatten()
        .map(|e| {
            (
                text(&e["manager"]),
                text(&e["operation"]),
                text(&e["subresource"]),
            )
        })
        .collect()
}

fn entry(manager: &str, operation: &str, subresource: &str) -> (String, String, String) {
    (
        manager.to_owned(),
        operation.to_owned(),
        subresource.to_owned(),
    )
}

fn fields<'o>(object: &'o Value, manager: &str) -> &'o Value {
    let entries = object["metadata"]["managedFields"].as_array();
    entries
        .into_iter()
        .flatten()
        .find(|e| e["manager"] == manager)
        .map_or(&Value::Null, |e| &e["fieldsV1"])
}

fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

fn refused(response: Response) -> (u16, String, Value) {
    assert!(!response.is_success(), "{:?}", response.body);
    let code = response.code;
    let mut status = json_of(response);
    let message = status["message"].as_str().unwrap_or_default().to_owned();
    (code, message, status["details"]["causes"].take())
}

#[test]
fn who_writes_owns_what_it_changed() {
    let mut cluster = bare(1);
    created(
        &mut cluster,
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, \
         selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, \
         spec: {containers: [{name: c, image: nginx}]}}}}",
    );
    let path = format!("{DEPLOYMENTS}/web");
    cluster.run_for(secs(20));
    let mut scale = get(&mut cluster, &format!("{path}/scale"));
    scale["spec"]["replicas"] = json!(3);
    let mut request = Request::new(Method::Put, format!("{path}/scale")).with_body(scale);
    request.user_agent = "kubectl/v1.36.2 (linux/amd64) kubernetes/abc".to_owned();
    assert_eq!(cluster.request(&request).code, 200);
    let object = get(&mut cluster, &path);
    assert_eq!(
        managers(&object),
        [
            // Within one second, names decide.
            entry("kube-controller-manager", "Update", "status"),
            entry("kubectl", "Update", ""),
            entry("kubectl", "Update", "scale"),
        ]
    );
    assert_eq!(
        object["metadata"]["managedFields"][2]["fieldsV1"],
        json!({"f:spec": {"f:replicas": {}}})
    );
    assert_eq!(
        object["metadata"]["managedFields"][1]["fieldsV1"]["f:spec"].get("f:replicas"),
        None
    );
}

#[test]
fn pods_of_one_template_have_the_same_owners() {
    let mut cluster = Cluster::new(Config::playground(1, 2));
    cluster.run_for(secs(30));
    created(
        &mut cluster,
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, \
         selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, \
         spec: {containers: [{name: c, image: nginx}]}}}}",
    );
    cluster.run_for(secs(60));
    let pods = get(&mut cluster, "/api/v1/namespaces/default/pods");
    let pods = pods["items"].as_array().expect("a list");
    assert_eq!(pods.len(), 2);
    for pod in pods {
        assert_eq!(
            managers(pod),
            [
                entry("kube-controller-manager", "Update", ""),
                entry("kubelet", "Update", "status"),
            ]
        );
        let owner = pod["metadata"]["ownerReferences"][0]["uid"]
            .as_str()
            .unwrap_or_default();
        let made = fields(pod, "kube-controller-manager");
        assert_eq!(
            made["f:metadata"],
            json!({
                "f:generateName": {},
                "f:labels": {".": {}, "f:app": {}, "f:pod-template-hash": {}},
                "f:ownerReferences": {".": {}, format!("k:{{\"uid\":\"{owner}\"}}"): {}},
            })
        );
        // What admission adds is nobody's.
        assert_eq!(made["f:spec"].get("f:tolerations"), None);
        assert_eq!(made["f:spec"].get("f:volumes"), None);
        assert_eq!(made["f:spec"].get("f:nodeName"), None);
        let status = &fields(pod, "kubelet")["f:status"];
        assert_eq!(status["f:containerStatuses"], json!({}));
        assert_eq!(
            status["f:conditions"]["k:{\"type\":\"Ready\"}"]["f:lastProbeTime"],
            json!({})
        );
        // The condition is the scheduler's; the kubelet tells which generation it has seen.
        assert_eq!(
            status["f:conditions"]["k:{\"type\":\"PodScheduled\"}"],
            json!({"f:observedGeneration": {}})
        );
        assert!(status["f:podIPs"].get(".").is_some());
    }
}

#[test]
fn an_apply_creates_and_then_changes() {
    let mut cluster = quiet();
    let path = format!("{CONFIG_MAPS}/conf");
    let first = apply(
        &mut cluster,
        &path,
        "one",
        config_map("conf", json!({"a": "1", "b": "1"})),
    );
    assert_eq!(first.code, 201);
    let object = json_of(first);
    assert_eq!(managers(&object), [entry("one", "Apply", "")]);
    assert_eq!(
        fields(&object, "one"),
        &json!({"f:data": {"f:a": {}, "f:b": {}}})
    );
    let again = apply(
        &mut cluster,
        &path,
        "one",
        config_map("conf", json!({"a": "1", "b": "1"})),
    );
    assert_eq!(again.code, 200);
    assert_eq!(
        json_of(again)["metadata"]["resourceVersion"],
        object["metadata"]["resourceVersion"],
        "nothing changed"
    );
    // What is not applied any more goes.
    let less = json_of(apply(
        &mut cluster,
        &path,
        "one",
        config_map("conf", json!({"a": "1"})),
    ));
    assert_eq!(less["data"], json!({"a": "1"}));
    // Unless somebody else applies it too.
    let shared = apply(
        &mut cluster,
        &path,
        "two",
        config_map("conf", json!({"a": "1"})),
    );
    assert_eq!(shared.code, 200);
    let nothing = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}});
    let left = json_of(apply(&mut cluster, &path, "one", nothing));
    assert_eq!(left["data"], json!({"a": "1"}));
    assert_eq!(managers(&left), [entry("two", "Apply", "")]);
}

#[test]
fn fields_of_others_are_conflicts() {
    let mut cluster = quiet();
    let path = format!("{CONFIG_MAPS}/conf");
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: conf}, data: {a: '1', b: '1'}}",
    );
    let wanted = config_map("conf", json!({"a": "2"}));
    let (code, message, causes) = refused(apply(&mut cluster, &path, "me", wanted.clone()));
    assert_eq!(code, 409);
    assert_eq!(
        message,
        "Apply failed with 1 conflict: conflict with \"kubectl\" using v1: .data.a"
    );
    assert_eq!(
        causes,
        json!([{
            "reason": "FieldManagerConflict",
            "message": "conflict with \"kubectl\" using v1", "field": ".data.a",
        }])
    );
    let two = config_map("conf", json!({"a": "2", "b": "2"}));
    let (_, message, _) = refused(apply(&mut cluster, &path, "me", two));
    assert_eq!(
        message,
        "Apply failed with 2 conflicts: conflicts with \"kubectl\" using v1:\n- .data.a\n- .data.b"
    );
    let object = json_of(forced(&mut cluster, &path, "me", wanted));
    assert_eq!(object["data"], json!({"a": "2", "b": "1"}));
    assert_eq!(fields(&object, "me"), &json!({"f:data": {"f:a": {}}}));
    assert_eq!(
        fields(&object, "kubectl"),
        &json!({"f:data": {".": {}, "f:b": {}}})
    );
}

#[test]
fn what_an_apply_may_not_say() {
    let mut cluster = quiet();
    let path = format!("{DEPLOYMENTS}/web");
    let deployment = |spec: Value| json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"}, "spec": spec});
    let container =
        |container: Value| deployment(json!({"template": {"spec": {"containers": [container]}}}));
    let double = json!({"template": {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}});
    let typed = "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): ";
    for (body, code, message) in [
        (
            deployment(json!({"foo": 1})),
            500,
            format!("{typed}.spec.foo: field not declared in schema"),
        ),
        (
            container(json!({"name": "a", "imagee": "x"})),
            500,
            format!("{typed}.spec.template.spec.containers[name=\"a\"].imagee: field not declared in schema"),
        ),
        (
            deployment(json!({"replicas": "three"})),
            500,
            format!("{typed}.spec.replicas: expected numeric (int or float), got string"),
        ),
        (
            deployment(double),
            500,
            format!("{typed}.spec.template.spec.containers: duplicate entries for key [name=\"a\"]"),
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}),
            400,
            "invalid object type: /v1, Kind=ConfigMap".to_owned(),
        ),
        (
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "managedFields": []}}),
            400,
            "metadata.managedFields must be nil".to_owned(),
        ),
        (
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "uid": "x"}}),
            409,
            "Operation cannot be fulfilled on deployments.apps \"web\": uid mismatch: the provided object specified uid x, and no existing object was found".to_owned(),
        ),
        (
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "other"}}),
            400,
            "the name of the object (other) does not match the name on the URL (web)".to_owned(),
        ),
    ] {
        let (found, words, _) = refused(apply(&mut cluster, &path, "me", body.clone()));
        assert_eq!((found, words), (code, message), "{body}");
    }
    let nobody = apply(&mut cluster, &path, "", deployment(json!({})));
    assert_eq!(
        refused(nobody).1,
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
    );
    let status = apply(
        &mut cluster,
        &format!("{path}/status"),
        "me",
        deployment(json!({})),
    );
    assert_eq!(refused(status).0, 404);
}

#[test]
fn owners_can_be_forgotten_and_begin_anew() {
    let mut cluster = quiet();
    let path = format!("{CONFIG_MAPS}/conf");
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: conf}, data: {a: '1'}}",
    );
    let reset = json!([{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]);
    let object = json_of(patch(&mut cluster, &path, JSON_PATCH, "me", reset));
    assert_eq!(object["metadata"].get("managedFields"), None);
    let change = json!({"data": {"b": "1"}});
    let object = json_of(patch(&mut cluster, &path, MERGE_PATCH, "me", change));
    assert_eq!(object["metadata"].get("managedFields"), None);
    let object = json_of(apply(
        &mut cluster,
        &path,
        "me",
        config_map("conf", json!({"b": "1"})),
    ));
    assert_eq!(
        managers(&object),
        [
            entry("me", "Apply", ""),
            entry("before-first-apply", "Update", "")
        ]
    );
}

#[test]
fn a_write_that_changes_nothing_keeps_the_time() {
    let mut cluster = quiet();
    let path = format!("{CONFIG_MAPS}/conf");
    let before = created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: conf}, data: {a: '1'}}",
    );
    cluster.run_for(secs(100));
    let same = json!({"data": {"a": "1"}});
    let after = json_of(patch(&mut cluster, &path, MERGE_PATCH, "somebody", same));
    assert_eq!(after, before);
}

#[test]
fn a_dry_run_tells_conflicts_and_writes_nothing() {
    let mut cluster = quiet();
    let path = format!("{CONFIG_MAPS}/conf");
    let before = created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: conf}, data: {a: '1'}}",
    );
    let dry = |data: Value| {
        let mut request = Request::new(Method::Patch, path.as_str())
            .with_query("fieldManager", "me")
            .with_query("dryRun", "All")
            .with_body(config_map("conf", data));
        request.content_type = APPLY_PATCH;
        request
    };
    assert_eq!(cluster.request(&dry(json!({"a": "2"}))).code, 409);
    let would = json_of(cluster.request(&dry(json!({"b": "2"}))));
    assert_eq!(would["data"], json!({"a": "1", "b": "2"}));
    assert_eq!(
        managers(&would),
        [entry("me", "Apply", ""), entry("kubectl", "Update", "")]
    );
    assert_eq!(get(&mut cluster, &path), before);
}

#[test]
fn lists_of_custom_resources_are_what_their_schema_says() {
    let mut cluster = quiet();
    let names = |list_type: &str| json!({"type": "array", "x-kubernetes-list-type": list_type, "items": {"type": "string"}});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "boats.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "boats", "singular": "boat", "kind": "Boat"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": {"type": "object", "properties": {
                    "crew": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "deck"],
                        "items": {"type": "object", "required": ["name"], "properties": {
                            "name": {"type": "string"}, "deck": {"type": "string", "default": "main"}, "age": {"type": "integer"}}}},
                    "flags": names("set"), "stops": names("atomic"), "notes": {"type": "array", "items": {"type": "string"}},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "engine": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"fuel": {"type": "string"}, "power": {"type": "integer"}}},
                }}}}}}]},
    });
    let at = crate::common::collection(&definition, "");
    let made = cluster.request(&Request::new(Method::Post, at).with_body(definition));
    assert!(made.is_success(), "{:?}", made.body);
    cluster.run_for(secs(5));
    let path = "/apis/example.com/v1/namespaces/default/boats/b";
    let boat = |spec: Value| json!({"apiVersion": "example.com/v1", "kind": "Boat", "metadata": {"name": "b"}, "spec": spec});
    let one = boat(json!({
        "crew": [{"name": "ann", "age": 40}], "flags": ["de"], "stops": ["x"], "notes": ["n"],
        "labels": {"a": "1"}, "engine": {"fuel": "oil"},
    }));
    let made = apply(&mut cluster, path, "one", one);
    assert_eq!(made.code, 201, "{:?}", made.body);
    let two = boat(json!({
        "crew": [{"name": "bob", "age": 30}, {"name": "ann", "deck": "upper"}], "flags": ["fr"], "labels": {"b": "2"},
    }));
    let both = apply(&mut cluster, path, "two", two);
    assert!(both.is_success(), "{:?}", both.body);
    let spec = json_of(both)["spec"].clone();
    let crew = spec["crew"].as_array().unwrap().iter();
    let crew: Vec<String> = crew
        .map(|c| format!("{}/{}", c["name"], c["deck"]))
        .collect();
    assert_eq!(crew.len(), 3, "{spec}");
    assert!(crew.contains(&"\"ann\"/\"main\"".to_owned()), "{crew:?}");
    assert_eq!(spec["flags"], json!(["de", "fr"]));
    assert_eq!(spec["labels"], json!({"a": "1", "b": "2"}));

    // What is one has one owner.
    for (change, field) in [
        (json!({"stops": ["x", "y"]}), ".spec.stops"),
        (json!({"notes": ["m"]}), ".spec.notes"),
        (json!({"engine": {"power": 3}}), ".spec.engine"),
        (
            json!({"crew": [{"name": "ann", "age": 41}]}),
            ".spec.crew[deck=\"main\",name=\"ann\"].age",
        ),
    ] {
        let (code, message, _) = refused(apply(&mut cluster, path, "three", boat(change)));
        assert_eq!(code, 409, "{field}");
        assert_eq!(
            message,
            format!("Apply failed with 1 conflict: conflict with \"one\": {field}")
        );
    }
    // What an applier gives up goes, and nothing else.
    let rest = apply(&mut cluster, path, "two", boat(json!({"flags": ["fr"]})));
    let spec = json_of(rest)["spec"].clone();
    assert_eq!(
        spec["crew"],
        json!([{"name": "ann", "deck": "main", "age": 40}])
    );
    assert_eq!(spec["labels"], json!({"a": "1"}));
    let (code, message, _) = refused(apply(
        &mut cluster,
        path,
        "two",
        boat(json!({"flags": ["a", "a"]})),
    ));
    assert_eq!(code, 500);
    assert!(
        message.contains(".spec.flags: duplicate entries for key [=\"a\"]"),
        "{message}"
    );
}

#[test]
fn all_that_is_wrong_with_an_applied_configuration_is_told_in_upstreams_words() {
    let mut cluster = quiet();
    let web = |spec: Value| json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": spec});
    let path = "/api/v1/namespaces/default/resourcequotas/q";
    let (code, message, _) = refused(apply(
        &mut cluster,
        path,
        "me",
        web(json!({"scopes": "x", "unknown": 1, "hard": ["a"]})),
    ));
    assert_eq!(code, 500);
    assert!(
        message.starts_with(
            "failed to create typed patch object (/q; /v1, Kind=ResourceQuota): errors:\n  "
        ),
        "{message}"
    );
    for wrong in [
        ".spec.scopes: expected list",
        ".spec.hard: expected map",
        ".spec.unknown: field not declared in schema",
    ] {
        assert!(message.contains(wrong), "{message}");
    }
    let (code, message, _) = refused(apply(
        &mut cluster,
        path,
        "me",
        web(json!({"hard": {"pods": "many"}})),
    ));
    assert_eq!(code, 500);
    assert!(
        message.starts_with("failed to convert new object (/q; /v1, Kind=ResourceQuota) to proper version: unable to convert unstructured object to /v1, Kind=ResourceQuota: error decoding from json: quantities must match the regular expression"),
        "{message}"
    );
}

/// The store keeps an event that was written once in few bytes; clients see nothing of it.
#[test]
fn an_event_is_what_was_written_and_so_are_its_owners() {
    const EVENTS: &str = "/api/v1/namespaces/default/events";
    let mut cluster = quiet();
    for (name, extra) in [
        ("plain", json!({"message": "it rains", "count": 1})),
        ("again", json!({"message": "it rains", "count": 1})),
        (
            "rich",
            json!({
                "message": "it snows", "action": "Snow", "eventTime": "2026-01-01T00:00:00.123456Z",
                "series": {"count": 3, "lastObservedTime": "2026-01-01T00:00:01.000000Z"},
                "related": {"kind": "Node", "name": "worker-1"},
                "source": {"component": "sky", "host": "worker-1"},
                "reportingComponent": "sky", "reportingInstance": "worker-1",
            }),
        ),
    ] {
        let mut event = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": name, "labels": {"weather": name}},
            "involvedObject": {"kind": "Pod", "name": "web", "namespace": "default", "uid": "u-1"},
            "reason": "Weather", "type": "Normal", "lastTimestamp": "2026-01-01T00:00:00Z",
        });
        if name != "rich" {
            event["metadata"]["labels"] = Value::Null;
        }
        for (key, value) in extra.as_object().into_iter().flatten() {
            event[key.as_str()] = value.clone();
        }
        let request = Request::new(Method::Post, EVENTS)
            .with_query("fieldManager", "meteorologist")
            .with_body(event.clone());
        let made = json_of(cluster.request(&request));
        let path = format!("{EVENTS}/{name}");
        let read = get(&mut cluster, &path);
        assert_eq!(read, made);
        for key in ["message", "reason", "involvedObject", "series", "related"] {
            assert_eq!(read[key], event[key], "{key} of {name}");
        }
        assert_eq!(managers(&read), [entry("meteorologist", "Update", "")]);
        cluster.run_for(secs(2));
        let count = json!({"count": 2});
        let changed = json_of(patch(&mut cluster, &path, MERGE_PATCH, "janitor", count));
        assert_eq!(
            (&changed["count"], &changed["reason"]),
            (&json!(2), &json!("Weather"))
        );
        assert_eq!(
            managers(&changed),
            [
                entry("meteorologist", "Update", ""),
                entry("janitor", "Update", "")
            ]
        );
        assert_eq!(get(&mut cluster, &path), changed);
        let deleted = cluster.request(&Request::new(Method::Delete, path.as_str()));
        assert!(deleted.is_success(), "{:?}", deleted.body);
    }
}
