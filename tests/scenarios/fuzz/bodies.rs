//! Random bodies through the API.

use kubarium::api::{Kind, yaml};
use kubarium::apiserver::request::{
    ACCEPT_TABLE, APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH,
};
use kubarium::apiserver::{Body, Method, Request, Response};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::{Rng, secs};
use serde_json::{Value, json};

use super::{mutate, with_seeds};
use crate::common::{collection, get, json_of};

const OBJECTS: &str = include_str!("objects.yaml");
const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";

fn objects() -> Vec<Value> {
    let parsed = yaml::parse(OBJECTS);
    assert!(parsed.error.is_none(), "{:?}", parsed.error);
    let values = parsed.documents.into_iter().map(|d| d.value);
    values.filter(Value::is_object).collect()
}

#[test]
fn every_kind_that_is_kept_has_an_example() {
    let objects = objects();
    for kind in Kind::all().filter(|k| k.definition().is_none()) {
        let (version, name) = (kind.info().api_version(), kind.info().kind);
        let found = objects
            .iter()
            .any(|o| o["kind"] == name && o["apiVersion"] == version);
        assert!(found, "{version} {name}");
    }
}

#[test]
fn the_examples_are_valid() {
    let mut cluster = Cluster::new(Config::bare(1, 0));
    for object in objects() {
        let at = collection(&object, "default");
        let made = send(&mut cluster, Method::Post, &at, object);
        assert!(made.is_success(), "{at}: {:?}", made.body);
    }
}

/// A pod with what Go writes although nobody said it.
const UNSAID: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: unsaid}
spec:
  containers: [{name: c, image: nginx, env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}]}]
  volumes:
  - {name: d, downwardAPI: {items: [{path: cpu, resourceFieldRef: {containerName: c, resource: limits.cpu}}]}}
  - {name: p, projected: {sources: [{downwardAPI: {items: [{path: a, resourceFieldRef: {containerName: c, resource: limits.cpu}}]}}]}}
  - {name: none, projected: {}}
  - {name: e, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}
";

#[test]
fn what_is_read_and_written_back_is_the_same() {
    let mut cluster = Cluster::new(Config::bare(1, 1));
    let mut objects = objects();
    objects.extend(yaml::parse(UNSAID).documents.into_iter().map(|d| d.value));
    for object in objects {
        let at = collection(&object, "default");
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let made = json_of(send(&mut cluster, Method::Post, &at, object));
        let Some(name) = made["metadata"]["name"].as_str().map(str::to_owned) else {
            continue; // a question, such as a review
        };
        let path = format!("{at}/{name}");
        // As it was made, and after the controllers have seen it.
        for time in [0, 2] {
            cluster.run_for(secs(time));
            let Response {
                code: 200,
                body: Body::Json(before),
                ..
            } = cluster.request(&Request::get(&*path))
            else {
                continue; // gone, or not stored
            };
            let mut empty = Request::new(Method::Patch, &*path).with_body(json!({}));
            empty.content_type = MERGE_PATCH;
            let put = Request::new(Method::Put, &*path).with_body(before.clone());
            for request in [empty, put] {
                let answer = cluster.request(&request);
                assert!(answer.is_success(), "{kind} {:?}", answer.body);
                let after = json_of(answer);
                assert_eq!(after, before, "{kind}");
            }
        }
    }
}

fn send(cluster: &mut Cluster, method: Method, path: &str, body: Value) -> Response {
    cluster.request(&Request::new(method, path).with_body(body))
}

/// Checks an answer: what is refused has a code, a message and a size that somebody can read.
fn check(response: &Response, what: &Value) {
    if response.is_success() {
        return;
    }
    let Body::Json(status) = &response.body else {
        panic!("{} without a Status, of {what}", response.code);
    };
    let message = status["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty(), "{status} of {what}");
    // What is wrong with an apply patch is told as a mistake of the server's, as upstream does: a value
    // of the wrong type, and one of the right type that means nothing. So is a revision that is no
    // number.
    let known = [
        "failed to create typed patch object (",
        "failed to convert new object (",
        "strconv.ParseUint: parsing ",
    ];
    let known = known.iter().any(|begin| message.starts_with(begin));
    assert!(
        response.code < 500 || response.code == 504 || known,
        "{status} of {what}"
    );
}

/// Sends a change to an object. A refusal leaves it as it was.
fn attempt(cluster: &mut Cluster, path: &str, rng: &mut Rng) {
    let before = get(cluster, path);
    let (media, body, method) = match rng.below(8) {
        0..4 => ("", mutate::mutated(&before, rng), Method::Put),
        4 => (JSON_PATCH, mutate::json_patch(&before, rng), Method::Patch),
        5 => (
            MERGE_PATCH,
            mutate::merge_patch(&before, rng),
            Method::Patch,
        ),
        6 => (
            STRATEGIC_MERGE_PATCH,
            mutate::merge_patch(&before, rng),
            Method::Patch,
        ),
        _ => (
            APPLY_PATCH,
            mutate::merge_patch(&before, rng),
            Method::Patch,
        ),
    };
    let sub = ["", "", "", "", "", "/status", "/scale"];
    let sub = sub[rng.below(sub.len() as u64) as usize];
    let mut request = Request::new(method, format!("{path}{sub}")).with_body(body.clone());
    request.content_type = media;
    if media == APPLY_PATCH {
        request = request.with_query("fieldManager", "fuzz");
        if rng.chance(500) {
            request = request.with_query("force", "true");
        }
    }
    if rng.chance(100) {
        request = request.with_query("dryRun", "All");
    }
    let dry = request.query("dryRun").is_some();
    let response = cluster.request(&request);
    check(&response, &body);
    let after = get(cluster, path);
    if !response.is_success() || dry {
        assert_eq!(before, after, "refused or rehearsed, and changed: {body}");
        return;
    }
    if before["kind"] == "Status" {
        // It was not there; a PUT or an apply may have made it.
        return;
    }
    let gone = after["kind"] == "Status";
    assert!(
        !gone || !before["metadata"]["deletionTimestamp"].is_null(),
        "lost by {body}"
    );
    if !gone {
        for field in ["name", "namespace", "uid", "creationTimestamp"] {
            assert_eq!(
                before["metadata"][field], after["metadata"][field],
                "{body}"
            );
        }
    }
}

/// Reads it in every way.
fn read(cluster: &mut Cluster, path: &str) {
    let mut table = Request::get(path);
    table.accept = ACCEPT_TABLE;
    cluster.request(&table);
    let mut list = Request::get(path.rsplit_once('/').map_or(path, |(list, _)| list));
    list.accept = ACCEPT_TABLE;
    assert!(cluster.request(&list).is_success());
}

#[test]
fn random_changes_to_every_kind_of_object_are_taken_or_refused() {
    let objects = objects();
    with_seeds(3, |rng| {
        let mut cluster = Cluster::new(Config::bare(rng.next_u64(), 2));
        cluster.run_for(secs(10));
        for object in &objects {
            let at = collection(object, "default");
            let path = format!(
                "{at}/{}",
                object["metadata"]["name"].as_str().unwrap_or("x")
            );
            let made = send(&mut cluster, Method::Post, &at, object.clone());
            // What was taken of the kinds before may forbid it; it is never a mistake of the server's.
            check(&made, object);
            for _ in 0..12 {
                attempt(&mut cluster, &path, rng);
            }
            read(&mut cluster, &path);
            for _ in 0..6 {
                let mut other = object.clone();
                other["metadata"]["name"] = json!(format!("y-{}", rng.below(4)));
                let other = mutate::mutated(&other, rng);
                let made = send(&mut cluster, Method::Post, &at, other.clone());
                check(&made, &other);
            }
            for size in [
                json!({"spec": {"size": 3}}),
                json!({"spec": mutate::scalar(rng)}),
            ] {
                let mut widget = json!({"apiVersion": "example.com/v1", "kind": "Widget",
                    "metadata": {"generateName": "w-"}});
                widget["spec"] = size["spec"].clone();
                send(
                    &mut cluster,
                    Method::Post,
                    WIDGETS,
                    mutate::mutated(&widget, rng),
                );
            }
            // What was taken is acted upon.
            cluster.run_for(secs(2));
        }
        cluster.run_for(secs(60));
        for object in &objects {
            let at = collection(object, "default");
            let list = get(&mut cluster, &at);
            for item in list["items"].as_array().into_iter().flatten() {
                let name = item["metadata"]["name"].as_str().unwrap_or_default();
                read(&mut cluster, &format!("{at}/{name}"));
            }
        }
    });
}

#[test]
fn selectors_in_a_query_are_understood_or_refused() {
    const PARTS: &[&str] = &[
        "a",
        "app",
        "=",
        "==",
        "!=",
        "!",
        ",",
        "in",
        "notin",
        "(",
        ")",
        " ",
        "metadata.name",
        "x",
        "spec.nodeName",
        "status.phase",
        "a/b",
        "<",
        ">",
        "1",
        "\\",
        "é",
        "metadata.namespace",
    ];
    with_seeds(20, |rng| {
        let mut cluster = Cluster::new(Config::bare(1, 0));
        for _ in 0..40 {
            let text = super::texts::soup(rng, PARTS, 9);
            for name in ["labelSelector", "fieldSelector"] {
                let path = ["pods", "services", "events"][rng.below(3) as usize];
                let list = Request::get(format!("/api/v1/{path}")).with_query(name, text.clone());
                let response = cluster.request(&list);
                assert!(
                    matches!(response.code, 200 | 400),
                    "{} of {text:?}",
                    response.code
                );
            }
        }
    });
}

#[test]
fn random_paths_and_bodies_of_no_shape_are_refused() {
    const PARTS: &[&str] = &[
        "/",
        "api",
        "apis",
        "v1",
        "apps",
        "namespaces",
        "default",
        "pods",
        "x",
        "status",
        "log",
        "exec",
        "scale",
        "..",
        "%2f",
        "deployments",
        "eviction",
        "binding",
        "token",
        "",
        "openapi",
        "v3",
    ];
    let methods = [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];
    with_seeds(20, |rng| {
        let mut cluster = Cluster::new(Config::bare(1, 1));
        cluster.run_for(secs(5));
        for _ in 0..60 {
            let path: Vec<&str> = (0..rng.between(1, 8))
                .map(|_| PARTS[rng.below(PARTS.len() as u64) as usize])
                .collect();
            let path = format!("/{}", path.join("/"));
            let mut request =
                Request::new(*rng.pick(&methods).unwrap_or(&Method::Get), path.clone());
            request.body = match rng.below(3) {
                0 => Body::Empty,
                1 => Body::Text(super::texts::soup(
                    rng,
                    &["{", "}", "[", "a", ":", "\"", "- "],
                    12,
                )),
                _ => Body::Json(mutate::scalar(rng)),
            };
            let response = cluster.request(&request);
            assert!(
                response.code < 500,
                "{} {path}: {:?}",
                response.code,
                response.body
            );
        }
        assert_eq!(
            get(&mut cluster, "/api/v1/namespaces/default")["kind"],
            "Namespace"
        );
    });
}

#[test]
fn too_much_is_refused_and_nothing_is_lost() {
    let mut cluster = Cluster::new(Config::bare(1, 0));
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "1"}});
    let at = collection(&map, "default");
    assert!(send(&mut cluster, Method::Post, &at, map.clone()).is_success());
    let path = format!("{at}/x");
    let before = get(&mut cluster, &path);

    let mut long = before.clone();
    long["data"]["a"] = json!("x".repeat(3 * 1024 * 1024));
    let answer = send(&mut cluster, Method::Put, &path, long);
    assert_eq!(answer.code, 413);
    assert_eq!(json_of(answer)["reason"], "RequestEntityTooLarge");

    // Smaller than a request may be, and larger than a ConfigMap may be.
    let mut large = before.clone();
    large["data"]["a"] = json!("x".repeat(1024 * 1024 + 1));
    let answer = send(&mut cluster, Method::Put, &path, large);
    assert_eq!(answer.code, 422, "{:?}", answer.body);

    let bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned()
        + &('b'..='z')
            .map(|c| {
                let before = char::from(c as u8 - 1);
                format!(
                    "{c}: &{c} [{}]\n",
                    vec![format!("*{before}"); 10].join(", ")
                )
            })
            .collect::<String>();
    let parsed = yaml::parse(&bomb);
    let error = parsed.error.map(|e| e.to_string()).unwrap_or_default();
    assert!(error.contains("excessive aliasing"), "{error}");

    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        let deep = open.repeat(10_000) + &close.repeat(10_000);
        assert!(yaml::parse(&deep).error.is_some(), "{open}");
    }
    assert_eq!(get(&mut cluster, &path), before);
}
