//! What every kind of the API has: lists in chunks, watches, deletions, options, limits.

use kubarium::apiserver::request::MERGE_PATCH;
use kubarium::apiserver::{Method, Request, Response};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::secs;
use serde_json::{Value, json};

use crate::common::{bare, created, get, json_of};

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A cluster in which nobody acts but the client.
fn quiet() -> Cluster {
    Cluster::new(Config::bare(1, 0))
}

fn map(cluster: &mut Cluster, name: &str) -> Value {
    created(
        cluster,
        &format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{a: '1'}}}}"
        ),
    )
}

fn query(cluster: &mut Cluster, path: &str, query: &[(&str, &str)]) -> Response {
    let mut request = Request::get(path);
    for (name, value) in query {
        request = request.with_query(name, *value);
    }
    cluster.request(&request)
}

fn refused(response: Response) -> (u16, String) {
    assert!(!response.is_success(), "{:?}", response.body);
    let code = response.code;
    let status = json_of(response);
    let message = status["message"].as_str().unwrap_or_default().to_owned();
    (code, message)
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let name = |item: &'_ Value| item["metadata"]["name"].as_str().map(str::len);
    assert!(items.iter().all(|i| name(i).is_some()));
    items
        .iter()
        .filter_map(|item| item["metadata"]["name"].as_str())
        .collect()
}

#[test]
fn a_list_in_chunks_shows_one_instant() {
    let mut cluster = quiet();
    for name in ["a", "b", "c", "d"] {
        map(&mut cluster, name);
    }
    let first = json_of(query(&mut cluster, CONFIG_MAPS, &[("limit", "2")]));
    assert_eq!(names(&first), ["a", "b"]);
    let token = first["metadata"]["continue"]
        .as_str()
        .expect("there is more")
        .to_owned();
    map(&mut cluster, "bb");
    let next = [("limit", "2"), ("continue", token.as_str())];
    let second = json_of(query(&mut cluster, CONFIG_MAPS, &next));
    assert_eq!(names(&second), ["c", "d"]);
    assert_eq!(
        second["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    assert_eq!(second["metadata"].get("continue"), None);
}

#[test]
fn options_of_lists_that_make_no_sense() {
    let mut cluster = quiet();
    map(&mut cluster, "a");
    let list = "ListOptions.meta.k8s.io \"\" is invalid: ";
    for (options, code, words) in [
        (
            &[("resourceVersionMatch", "Exact")][..],
            422,
            format!("{list}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ),
        (
            &[("resourceVersionMatch", "Exact"), ("resourceVersion", "0")],
            422,
            format!("{list}resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""),
        ),
        (
            &[("sendInitialEvents", "true")],
            422,
            format!("{list}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
        ),
        (
            &[("resourceVersion", "9999")],
            504,
            format!("Timeout: Too large resource version: 9999, current: {}", cluster.server().revision()),
        ),
        (
            &[("continue", "!")],
            400,
            "invalid continue token: continue key is not valid: illegal base64 data at input byte 0".to_owned(),
        ),
        (
            &[("fieldSelector", "data.a=1")],
            400,
            "\"data.a\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"".to_owned(),
        ),
    ] {
        assert_eq!(refused(query(&mut cluster, CONFIG_MAPS, options)), (code, words));
    }
    let pods = query(
        &mut cluster,
        "/api/v1/pods",
        &[("fieldSelector", "spec.foo=1")],
    );
    assert_eq!(
        refused(pods),
        (400, "field label not supported: spec.foo".to_owned())
    );
}

#[test]
fn a_list_whose_revision_is_gone_goes_on_in_the_present() {
    let mut cluster = quiet();
    for name in ["a", "b", "c"] {
        map(&mut cluster, name);
    }
    let first = json_of(query(&mut cluster, CONFIG_MAPS, &[("limit", "1")]));
    let token = first["metadata"]["continue"]
        .as_str()
        .expect("there is more")
        .to_owned();
    for i in 0..10_500 {
        let body = json!({"data": {"a": i.to_string()}});
        let mut request = Request::new(Method::Patch, format!("{CONFIG_MAPS}/a")).with_body(body);
        request.content_type = MERGE_PATCH;
        assert_eq!(cluster.request(&request).code, 200);
    }
    let gone = query(&mut cluster, CONFIG_MAPS, &[("continue", token.as_str())]);
    assert_eq!(gone.code, 410);
    let status = json_of(gone);
    assert_eq!(status["reason"], "Expired");
    let present = status["metadata"]["continue"]
        .as_str()
        .expect("a token")
        .to_owned();
    let rest = json_of(query(
        &mut cluster,
        CONFIG_MAPS,
        &[("continue", present.as_str())],
    ));
    assert_eq!(names(&rest), ["b", "c"]);
}

#[test]
fn a_deletion_can_be_tied_to_what_was_seen() {
    let mut cluster = quiet();
    let object = map(&mut cluster, "a");
    let path = format!("{CONFIG_MAPS}/a");
    let mut delete = |preconditions: Value| {
        let body =
            json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions});
        cluster.request(&Request::new(Method::Delete, path.as_str()).with_body(body))
    };
    let (uid, revision) = (
        object["metadata"]["uid"].as_str().expect("has one"),
        object["metadata"]["resourceVersion"]
            .as_str()
            .expect("has one"),
    );
    let words = "Operation cannot be fulfilled on configmaps \"a\": ";
    assert_eq!(
        refused(delete(json!({"uid": "x"}))),
        (
            409,
            format!(
                "{words}the UID in the precondition (x) does not match the UID in record ({uid}). The object might have been deleted and then recreated"
            )
        )
    );
    assert_eq!(
        refused(delete(json!({"resourceVersion": "1"}))),
        (
            409,
            format!(
                "{words}the ResourceVersion in the precondition (1) does not match the ResourceVersion in record ({revision}). The object might have been modified"
            )
        )
    );
    assert_eq!(
        delete(json!({"uid": uid, "resourceVersion": revision})).code,
        200
    );
}

#[test]
fn a_dry_run_of_a_deletion_deletes_nothing() {
    let mut cluster = quiet();
    map(&mut cluster, "a");
    let delete = Request::new(Method::Delete, CONFIG_MAPS).with_query("dryRun", "All");
    assert_eq!(names(&json_of(cluster.request(&delete))), ["a"]);
    assert_eq!(names(&get(&mut cluster, CONFIG_MAPS)), ["a"]);
    let delete = Request::new(Method::Delete, CONFIG_MAPS).with_query("labelSelector", "no=thing");
    cluster.request(&delete);
    assert_eq!(names(&get(&mut cluster, CONFIG_MAPS)), ["a"]);
    cluster.request(&Request::new(Method::Delete, CONFIG_MAPS));
    assert!(names(&get(&mut cluster, CONFIG_MAPS)).is_empty());
    let bad = Request::new(Method::Delete, CONFIG_MAPS)
        .with_body(json!({"orphanDependents": true, "propagationPolicy": "Background"}));
    assert_eq!(
        refused(cluster.request(&bad)).1,
        "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Background\": orphanDependents and deletionPropagation cannot be both set"
    );
}

#[test]
fn two_thousand_million_replicas_leave_the_tank_alive() {
    let mut cluster = bare(1);
    created(
        &mut cluster,
        "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web}, spec: {replicas: 2000000000, \
         selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, \
         spec: {schedulerName: nobody, containers: [{name: c, image: nginx}]}}}}",
    );
    cluster.run_for(secs(60));
    let pods = cluster
        .server()
        .list::<k8s_openapi::api::core::v1::Pod>(Some("default"));
    assert_eq!(pods.len(), 20_000);
    let events = get(&mut cluster, "/api/v1/namespaces/default/events");
    let failed: Vec<&str> = events["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|e| e["reason"] == "FailedCreate")
        .filter_map(|e| e["message"].as_str())
        .collect();
    assert!(
        failed.contains(&"Error creating: pods \"web-\" is forbidden: exceeded quota: tank, requested: pods=1, used: pods=20000, limited: pods=20000"),
        "{failed:?}"
    );
    let set = get(
        &mut cluster,
        "/apis/apps/v1/namespaces/default/replicasets/web",
    );
    assert_eq!(set["status"]["conditions"][0]["type"], "ReplicaFailure");
}

#[test]
fn events_are_shown_in_two_groups() {
    let mut cluster = bare(1);
    created(
        &mut cluster,
        "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web}, spec: {replicas: 1, \
         selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, \
         spec: {containers: [{name: c, image: nginx}]}}}}",
    );
    cluster.run_for(secs(10));
    let core = get(&mut cluster, "/api/v1/namespaces/default/events");
    const NEW: &str = "/apis/events.k8s.io/v1/namespaces/default/events";
    let new = get(&mut cluster, NEW);
    assert_eq!(names(&core), names(&new));
    assert_eq!(new["apiVersion"], "events.k8s.io/v1");
    let (old, event) = (&core["items"][0], &new["items"][0]);
    assert_eq!(event["apiVersion"], "events.k8s.io/v1");
    assert_eq!(event["note"], old["message"]);
    assert_eq!(event["regarding"], old["involvedObject"]);
    assert_eq!(event["deprecatedCount"], old["count"]);
    assert_eq!(event.get("message"), None);
    let own = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "mine"},
        "eventTime": "2026-01-01T00:00:00.000000Z", "action": "Try", "reason": "Tried",
        "reportingController": "me", "reportingInstance": "me-1", "type": "Normal",
        "note": "it works", "regarding": {"kind": "Pod", "namespace": "default", "name": "x"},
    });
    let made = cluster.request(&Request::new(Method::Post, NEW).with_body(own));
    assert_eq!(made.code, 201, "{:?}", made.body);
    assert_eq!(json_of(made)["note"], "it works");
    let seen = get(&mut cluster, "/api/v1/namespaces/default/events/mine");
    assert_eq!(seen["message"], "it works");
    assert_eq!(seen["reportingComponent"], "me");
    let gone = query(&mut cluster, &format!("{NEW}/nothing"), &[]);
    assert_eq!(
        refused(gone),
        (404, "events.events.k8s.io \"nothing\" not found".to_owned())
    );
}

#[test]
fn what_has_replicas_has_a_scale() {
    let mut cluster = quiet();
    for kind in ["Deployment", "ReplicaSet"] {
        let made = created(
            &mut cluster,
            &format!(
                "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: web}}, spec: {{replicas: 2, \
                 selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, \
                 spec: {{containers: [{{name: c, image: nginx}}]}}}}}}}}"
            ),
        );
        assert_eq!(made["kind"], kind);
        let path = format!(
            "/apis/apps/v1/namespaces/default/{}s/web/scale",
            kind.to_ascii_lowercase()
        );
        let scale = get(&mut cluster, &path);
        assert_eq!(scale["spec"]["replicas"], 2);
        assert_eq!(scale["status"]["selector"], "app=web");
        let mut request =
            Request::new(Method::Patch, path.as_str()).with_body(json!({"spec": {"replicas": 5}}));
        request.content_type = MERGE_PATCH;
        assert_eq!(json_of(cluster.request(&request))["spec"]["replicas"], 5);
        let mut stale = scale.clone();
        stale["spec"]["replicas"] = json!(1);
        let stale = Request::new(Method::Put, path.as_str()).with_body(stale);
        assert_eq!(cluster.request(&stale).code, 409);
    }
}
