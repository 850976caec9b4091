//! Rewind, replay, fork: a cluster is a value, and its history follows from its inputs.

use std::time::Duration;

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Config, Timeline};
use kubarium::sim::{Time, secs};
use serde_json::json;

use crate::common::json_of;

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn deployment(name: &str, replicas: i32) -> Request {
    let labels = json!({"app": name});
    Request::new(Method::Post, DEPLOYMENTS).with_body(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]},
            },
        },
    }))
}

fn run(timeline: &mut Timeline, span: Duration) {
    let until = timeline.now() + span;
    while !timeline.run_until(until, 1000) {}
}

fn names(timeline: &mut Timeline, path: &str) -> Vec<String> {
    let list = json_of(timeline.request(&Request::get(path)));
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items
        .iter()
        .filter_map(|i| i["metadata"]["name"].as_str().map(str::to_owned))
        .collect()
}

/// A timeline with two Deployments, made at 1 s and at 11 s, run to 31 s.
fn two_deployments() -> Timeline {
    let mut timeline = Timeline::new(Config::playground(3, 2));
    run(&mut timeline, secs(1));
    assert!(timeline.request(&deployment("one", 2)).is_success());
    run(&mut timeline, secs(10));
    assert!(timeline.request(&deployment("two", 1)).is_success());
    run(&mut timeline, secs(20));
    timeline
}

fn hash(timeline: &Timeline) -> u64 {
    timeline.cluster().kernel().trace.hash()
}

#[test]
fn the_same_inputs_give_the_same_history() {
    let first = two_deployments();
    assert_eq!(hash(&first), hash(&two_deployments()));
    let mut replayed =
        Timeline::with_inputs(first.cluster().config().clone(), first.inputs().to_vec());
    replayed.seek(first.end());
    let rest = first.now().since(replayed.now());
    run(&mut replayed, rest);
    assert_eq!(hash(&first), hash(&replayed));
}

#[test]
fn seeking_back_shows_the_past_and_forward_the_same_present() {
    let mut timeline = two_deployments();
    let (end, present) = (timeline.now(), hash(&timeline));
    let start = timeline.start();
    timeline.seek(start + secs(5));
    assert_eq!(timeline.now(), start + secs(5));
    assert!(timeline.is_in_the_past());
    assert_eq!(names(&mut timeline, DEPLOYMENTS), ["one"]);
    timeline.seek(start);
    assert!(names(&mut timeline, DEPLOYMENTS).is_empty());
    timeline.seek(end);
    assert_eq!(names(&mut timeline, DEPLOYMENTS), ["one", "two"]);
    assert_eq!(hash(&timeline), present);
}

#[test]
fn both_ends_hold() {
    let mut timeline = two_deployments();
    let end = timeline.end();
    timeline.seek(Time(0));
    assert_eq!(timeline.now(), timeline.start());
    timeline.seek(Time::MAX);
    assert_eq!(timeline.now(), end);
}

#[test]
fn acting_in_the_past_forgets_the_future() {
    let mut timeline = two_deployments();
    let then = timeline.start() + secs(5);
    let fork = timeline.clone();
    timeline.seek(then);
    assert!(timeline.request(&deployment("other", 1)).is_success());
    assert_eq!(timeline.end(), then);
    assert!(!timeline.is_in_the_past());
    run(&mut timeline, secs(30));
    assert_eq!(names(&mut timeline, DEPLOYMENTS), ["one", "other"]);
    assert_eq!(timeline.inputs().len(), 2);
    // The copy went its own way.
    assert_eq!(fork.inputs().len(), 2);
    assert_ne!(hash(&fork), hash(&timeline));
}

#[test]
fn reading_leaves_no_trace() {
    let mut read = two_deployments();
    let mut unread = two_deployments();
    for _ in 0..10 {
        names(&mut read, "/api/v1/pods");
        run(&mut read, secs(1));
        run(&mut unread, secs(1));
    }
    assert_eq!(hash(&read), hash(&unread));
    assert_eq!(read.inputs(), unread.inputs());
}
