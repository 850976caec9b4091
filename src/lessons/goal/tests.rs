use serde_json::json;

use super::*;
use crate::api::codec::decode;
use crate::api::play::lesson::Goal;
use crate::apiserver::{Method, Request};
use crate::cluster::{Cluster, Config};
use crate::sim::{millis, secs};

fn goal(value: serde_json::Value) -> Goal {
    decode::<Goal>(&value, "v1alpha1").expect("decodes").0
}

fn cluster() -> Cluster {
    let mut cluster = Cluster::new(Config::bare(7, 2));
    cluster.run_for(secs(7));
    cluster
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn deploy(cluster: &mut Cluster, replicas: u32) {
    let body = json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]},
            },
        },
    });
    let made = cluster.request(&Request::new(Method::Post, DEPLOYMENTS).with_body(body));
    assert!(made.is_success());
}

fn scale(cluster: &mut Cluster, replicas: u32) {
    let path = format!("{DEPLOYMENTS}/web");
    let mut request =
        Request::new(Method::Patch, path).with_body(json!({"spec": {"replicas": replicas}}));
    request.content_type = "application/merge-patch+json";
    assert!(cluster.request(&request).is_success());
}

fn states(judge: &Judge) -> Vec<(Standing, String)> {
    let states = judge.states().into_iter();
    states
        .map(|s| (s.standing, s.missing.map(|m| m.words()).unwrap_or_default()))
        .collect()
}

#[test]
fn goals_say_what_is_missing_until_they_are_met() {
    let mut cluster = cluster();
    let goals = [
        goal(
            json!({"text": "a", "object": "deploy/web", "where": [{"path": ".status.readyReplicas", "equals": 3}]}),
        ),
        goal(
            json!({"text": "b", "object": "pods", "selector": "app=web", "where": [{"condition": "Ready"}], "count": {"equals": 3}}),
        ),
        goal(
            json!({"text": "c", "event": {"reason": "ScalingReplicaSet", "about": "deployment/web"}}),
        ),
        goal(json!({"text": "d", "object": "pods", "selector": "app=db", "absent": true})),
        goal(
            json!({"text": "e", "anyOf": [{"object": "svc/web"}, {"object": "deployment.apps/web"}]}),
        ),
    ];
    let mut judge = Judge::begin(&goals, &cluster);
    assert_eq!(
        states(&judge),
        [
            (Standing::NotYet, "no deployment web yet".to_owned()),
            (Standing::NotYet, "0 pods that fit, not 3".to_owned()),
            (
                Standing::NotYet,
                "no event ScalingReplicaSet of a deployment yet".to_owned()
            ),
            (Standing::Met, String::new()),
            (Standing::NotYet, "no service web yet".to_owned()),
        ]
    );
    deploy(&mut cluster, 3);
    judge.observe(&cluster);
    assert_eq!(states(&judge)[0].1, "web: 0 of 3 ready");
    assert_eq!(judge.done(), None);
    cluster.run_for(secs(10));
    judge.observe(&cluster);
    assert!(
        states(&judge).iter().all(|(s, _)| *s == Standing::Met),
        "{:?}",
        states(&judge)
    );
    let done = judge.done().expect("done");
    assert!(
        done < cluster.now(),
        "it was done when it was, not when it was looked at"
    );
}

#[test]
fn what_has_to_hold_all_the_time_fails_once_it_was_broken_between_two_looks() {
    let mut cluster = cluster();
    deploy(&mut cluster, 3);
    cluster.run_for(secs(10));
    let goals = [
        goal(
            json!({"text": "a", "object": "deploy/web", "throughout": true, "where": [{"path": ".status.availableReplicas", "atLeast": 3}]}),
        ),
        goal(json!({"text": "b", "object": "svc/web"})),
    ];
    let mut judge = Judge::begin(&goals, &cluster);
    assert_eq!(states(&judge)[0].0, Standing::Met);
    let before = cluster.clone();
    scale(&mut cluster, 2);
    cluster.run_for(secs(5));
    scale(&mut cluster, 3);
    cluster.run_for(secs(5));
    judge.observe(&cluster);
    assert_eq!(
        states(&judge)[0],
        (Standing::Failed, "broken: web: 2 of 3 available".to_owned())
    );
    // Before it was broken, it was not.
    judge.observe(&before);
    assert_eq!(states(&judge)[0].0, Standing::Met);
}

#[test]
fn what_is_held_counts_from_when_it_began_to_hold() {
    let mut cluster = cluster();
    let goals = [goal(
        json!({"text": "a", "object": "deploy/web", "held": "10s"}),
    )];
    let mut judge = Judge::begin(&goals, &cluster);
    cluster.run_for(secs(1));
    deploy(&mut cluster, 1);
    let from = cluster.now();
    cluster.run_for(secs(4));
    judge.observe(&cluster);
    assert_eq!(states(&judge)[0].1, "holds for 4 of 10 s");
    let early = cluster.clone();
    cluster.run_for(secs(7));
    judge.observe(&cluster);
    assert_eq!(states(&judge)[0].0, Standing::Met);
    assert!(judge.done().expect("done") >= from + secs(10));
    judge.observe(&early);
    assert_eq!(
        (states(&judge)[0].0, judge.done()),
        (Standing::NotYet, None)
    );
}

#[test]
fn only_what_is_new_counts_where_that_is_asked() {
    let mut cluster = cluster();
    deploy(&mut cluster, 2);
    cluster.run_for(secs(10));
    let goals = [goal(
        json!({"text": "a", "object": "pods", "selector": "app=web", "new": true}),
    )];
    let mut judge = Judge::begin(&goals, &cluster);
    assert_eq!(states(&judge)[0].1, "no new pod yet");
    scale(&mut cluster, 3);
    cluster.run_for(millis(500));
    judge.observe(&cluster);
    assert_eq!(states(&judge)[0].0, Standing::Met);
}

#[test]
fn before_a_step_begins_nothing_is_met() {
    let mut cluster = cluster();
    let early = cluster.clone();
    deploy(&mut cluster, 1);
    cluster.run_for(secs(10));
    let goals = [goal(json!({"text": "a", "object": "deploy/web"}))];
    let mut judge = Judge::begin(&goals, &cluster);
    assert!(judge.done().is_some());
    judge.observe(&early);
    assert_eq!(
        states(&judge),
        [(Standing::NotYet, "the step begins later".to_owned())]
    );
    judge.observe(&cluster);
    assert_eq!(states(&judge)[0].0, Standing::Met);
}
