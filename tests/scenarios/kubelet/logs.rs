//! Reading logs through the API.

use kubarium::apiserver::{Body, Request};
use kubarium::cluster::Cluster;
use kubarium::sim::{millis, secs};

use super::{run, simulated};

/// The answer's code and its text or message.
fn logs(cluster: &mut Cluster, name: &str, query: &[(&str, &str)]) -> (u16, String) {
    let mut request = Request::get(format!("/api/v1/namespaces/default/pods/{name}/log"));
    for (key, value) in query {
        request = request.with_query(key, *value);
    }
    let response = cluster.request(&request);
    let text = match response.body {
        Body::Text(text) => text,
        Body::Json(value) => value["message"].as_str().unwrap_or_default().to_owned(),
        Body::Empty => String::new(),
    };
    (response.code, text)
}

#[test]
fn lines_are_kept_and_chosen() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "count",
        "containers: [{name: count, image: busybox, env: [{name: WHO, value: you}], \
         args: [/bin/sh, -c, 'i=0; while true; do echo \"$i: hello $WHO\"; i=$((i+1)); sleep 1; done']}]",
    );
    cluster.run_for(secs(10));
    let (code, all) = logs(&mut cluster, "count", &[]);
    assert_eq!(code, 200);
    assert!(all.starts_with("0: hello you\n1: hello you\n"), "{all}");
    let (_, tail) = logs(&mut cluster, "count", &[("tailLines", "2")]);
    assert_eq!(tail.lines().count(), 2);
    assert!(all.ends_with(&tail));
    let (_, recent) = logs(&mut cluster, "count", &[("sinceSeconds", "3")]);
    assert!((2..=4).contains(&recent.lines().count()), "{recent}");
    let (_, cut) = logs(&mut cluster, "count", &[("limitBytes", "4")]);
    assert_eq!(cut, "0: h");
    let (_, stamped) = logs(
        &mut cluster,
        "count",
        &[("timestamps", "true"), ("tailLines", "1")],
    );
    assert!(stamped.starts_with("2026-01-01T00:00:1"), "{stamped}");
    assert!(stamped.contains("Z "), "{stamped}");
}

#[test]
fn there_are_reasons_for_having_no_logs() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "two",
        "initContainers: [{name: i, image: busybox, command: ['true']}], containers: [{name: a, image: nginx}, {name: b, image: redis}]",
    );
    run(
        &mut cluster,
        "bad",
        "containers: [{name: c, image: 'nginx:nope'}]",
    );
    cluster.run_for(millis(200));
    assert_eq!(
        logs(&mut cluster, "two", &[("container", "a")]),
        (
            400,
            "container \"a\" in pod \"two\" is waiting to start: PodInitializing".to_owned()
        )
    );
    assert_eq!(
        logs(&mut cluster, "bad", &[]).1,
        "container \"c\" in pod \"bad\" is waiting to start: ContainerCreating"
    );
    assert_eq!(
        logs(&mut cluster, "two", &[]).1,
        "a container name must be specified for pod two, choose one of: [a b] or one of the init containers: [i]"
    );
    assert_eq!(
        logs(&mut cluster, "two", &[("container", "x")]).1,
        "container x is not valid for pod two"
    );
    assert_eq!(logs(&mut cluster, "none", &[]).0, 404);
    cluster.run_for(secs(6));
    assert_eq!(
        logs(&mut cluster, "bad", &[]).1,
        "container \"c\" in pod \"bad\" is waiting to start: trying and failing to pull image"
    );
}

#[test]
fn the_run_before_is_remembered() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "crash",
        "containers: [{name: c, image: busybox, command: [sh, -c, 'date +%s; sleep 8; exit 1']}]",
    );
    cluster.run_for(secs(6));
    assert_eq!(
        logs(&mut cluster, "crash", &[("previous", "true")]).1,
        "previous terminated container \"c\" in pod \"crash\" not found"
    );
    let first = logs(&mut cluster, "crash", &[]).1;
    cluster.run_for(secs(8));
    let second = logs(&mut cluster, "crash", &[]).1;
    assert_ne!(first, second);
    assert_eq!(
        logs(&mut cluster, "crash", &[("previous", "true")]).1,
        first
    );
}
