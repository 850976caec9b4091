use kubarium::sim::{millis, secs};
use serde_json::json;

use super::{PODS, REPLICA_SETS, by_image, condition, deployment, edit, events, list, web};
use crate::common::{bare, created};

const WEB: &str = "/apis/apps/v1/namespaces/default/deployments/web";

#[test]
fn a_deployment_becomes_available() {
    let mut cluster = bare(1);
    created(&mut cluster, &web(3, "nginx:1.25", ""));
    cluster.run_for(secs(2));
    let d = deployment(&mut cluster, "web");
    assert_eq!(
        d["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        "1"
    );
    let status = &d["status"];
    for field in [
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
    ] {
        assert_eq!(status[field], 3, "{field}");
    }
    assert_eq!(status["terminatingReplicas"], 0);
    assert_eq!(status["unavailableReplicas"], json!(null));
    assert_eq!(status["observedGeneration"], 1);
    let rs = &list(&mut cluster, REPLICA_SETS)[0];
    let name = rs["metadata"]["name"].as_str().unwrap_or_default();
    let hash = rs["metadata"]["labels"]["pod-template-hash"]
        .as_str()
        .unwrap_or_default();
    assert_eq!(name, format!("web-{hash}"));
    assert_eq!(
        rs["spec"]["selector"]["matchLabels"]["pod-template-hash"],
        hash
    );
    assert_eq!(
        rs["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"],
        "3"
    );
    assert_eq!(
        rs["metadata"]["annotations"]["deployment.kubernetes.io/max-replicas"],
        "4"
    );
    assert_eq!(rs["status"]["fullyLabeledReplicas"], 3);
    assert_eq!(
        condition(&d, "Progressing"),
        format!("True NewReplicaSetAvailable: ReplicaSet \"{name}\" has successfully progressed.")
    );
    assert_eq!(
        condition(&d, "Available"),
        "True MinimumReplicasAvailable: Deployment has minimum availability."
    );
    assert_eq!(
        events(&mut cluster, "Deployment"),
        [format!(
            "ScalingReplicaSet Scaled up replica set {name} from 0 to 3"
        )]
    );
    let created = events(&mut cluster, "ReplicaSet");
    assert_eq!(created.len(), 3);
    assert!(created[0].starts_with(&format!("SuccessfulCreate Created pod: {name}-")));
}

#[test]
fn a_rolling_update_takes_the_steps_of_a_real_cluster() {
    let mut cluster = bare(1);
    created(&mut cluster, &web(3, "nginx:1.25", ""));
    cluster.run_for(secs(1));
    edit(&mut cluster, WEB, |d| d["spec"]["replicas"] = json!(5));
    cluster.run_for(secs(1));
    edit(&mut cluster, WEB, |d| {
        d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:1.26");
    });
    cluster.run_for(secs(5));
    let d = deployment(&mut cluster, "web");
    assert_eq!(d["status"]["updatedReplicas"], 5);
    assert_eq!(d["status"]["replicas"], 5);
    assert_eq!(
        d["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        "2"
    );
    let events = events(&mut cluster, "Deployment");
    let events = by_image(&mut cluster, events);
    assert_eq!(
        events[..4],
        [
            "ScalingReplicaSet Scaled up replica set nginx:1.25 from 0 to 3",
            "ScalingReplicaSet Scaled up replica set nginx:1.25 from 3 to 5",
            "ScalingReplicaSet Scaled up replica set nginx:1.26 from 0 to 2",
            "ScalingReplicaSet Scaled down replica set nginx:1.25 from 5 to 4",
        ]
    );
    let last = events.last().map_or("", String::as_str);
    assert!(
        last.contains("Scaled down replica set nginx:1.25 from "),
        "{last}"
    );
    assert!(last.ends_with(" to 0"), "{last}");
    let images: Vec<_> = list(&mut cluster, PODS)
        .iter()
        .map(|p| p["spec"]["containers"][0]["image"].clone())
        .collect();
    assert_eq!(images, vec![json!("nginx:1.26"); 5]);
}

#[test]
fn a_rollout_that_cannot_move_times_out() {
    let mut cluster = bare(1);
    created(
        &mut cluster,
        &web(4, "nginx:1.25", "progressDeadlineSeconds: 3"),
    );
    cluster.run_for(secs(2));
    // No node has the label, and nobody schedules here.
    edit(&mut cluster, WEB, |d| {
        d["spec"]["template"]["spec"]["nodeName"] = json!(null);
        d["spec"]["template"]["spec"]["nodeSelector"] = json!({"no": "where"});
    });
    cluster.run_for(secs(8));
    let d = deployment(&mut cluster, "web");
    let progressing = condition(&d, "Progressing");
    assert!(
        progressing.starts_with("False ProgressDeadlineExceeded: ReplicaSet \"web-"),
        "{progressing}"
    );
    assert!(
        progressing.ends_with("\" has timed out progressing."),
        "{progressing}"
    );
    assert_eq!(d["status"]["availableReplicas"], 3);
    assert_eq!(d["status"]["unavailableReplicas"], 2);
    assert_eq!(d["status"]["updatedReplicas"], 2);
}

#[test]
fn recreate_waits_for_the_last_old_pod() {
    let mut cluster = bare(1);
    created(
        &mut cluster,
        &web(3, "nginx:1.25", "strategy: {type: Recreate}"),
    );
    cluster.run_for(secs(1));
    edit(&mut cluster, WEB, |d| {
        d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:1.26");
    });
    for _ in 0..2000 {
        cluster.run_for(millis(1));
        let mut images: Vec<_> = list(&mut cluster, PODS)
            .iter()
            .map(|p| p["spec"]["containers"][0]["image"].to_string())
            .collect();
        images.dedup();
        assert!(images.len() <= 1, "{images:?}");
    }
    let d = deployment(&mut cluster, "web");
    assert_eq!(d["status"]["updatedReplicas"], 3);
    assert_eq!(d["status"]["availableReplicas"], 3);
}

#[test]
fn pausing_and_resuming_is_told_in_the_conditions() {
    let mut cluster = bare(1);
    created(&mut cluster, &web(2, "nginx:1.25", ""));
    cluster.run_for(secs(1));
    edit(&mut cluster, WEB, |d| {
        d["spec"]["paused"] = json!(true);
        d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:1.26");
    });
    cluster.run_for(secs(1));
    let d = deployment(&mut cluster, "web");
    assert_eq!(
        condition(&d, "Progressing"),
        "Unknown DeploymentPaused: Deployment is paused"
    );
    assert_eq!(list(&mut cluster, REPLICA_SETS).len(), 1);
    assert_eq!(d["status"]["updatedReplicas"], json!(null));
    // A paused Deployment can be scaled.
    edit(&mut cluster, WEB, |d| d["spec"]["replicas"] = json!(4));
    cluster.run_for(secs(1));
    assert_eq!(list(&mut cluster, PODS).len(), 4);
    edit(&mut cluster, WEB, |d| d["spec"]["paused"] = json!(false));
    cluster.run_for(secs(3));
    let d = deployment(&mut cluster, "web");
    assert!(condition(&d, "Progressing").starts_with("True NewReplicaSetAvailable"));
    assert_eq!(d["status"]["updatedReplicas"], 4);
}

#[test]
fn old_revisions_beyond_the_limit_are_forgotten() {
    let mut cluster = bare(1);
    created(
        &mut cluster,
        &web(1, "nginx:1.0", "revisionHistoryLimit: 2"),
    );
    cluster.run_for(secs(1));
    for i in 1..6 {
        edit(&mut cluster, WEB, |d| {
            d["spec"]["template"]["spec"]["containers"][0]["image"] = json!(format!("nginx:1.{i}"));
        });
        cluster.run_for(secs(2));
    }
    let mut images: Vec<_> = list(&mut cluster, REPLICA_SETS)
        .iter()
        .map(|rs| rs["spec"]["template"]["spec"]["containers"][0]["image"].to_string())
        .collect();
    images.sort();
    assert_eq!(images, ["\"nginx:1.3\"", "\"nginx:1.4\"", "\"nginx:1.5\""]);
}

#[test]
fn an_old_template_comes_back_as_the_newest_revision() {
    let mut cluster = bare(1);
    created(&mut cluster, &web(2, "nginx:1.25", ""));
    cluster.run_for(secs(1));
    for image in ["nginx:1.26", "nginx:1.25"] {
        edit(&mut cluster, WEB, |d| {
            d["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
        });
        cluster.run_for(secs(3));
    }
    let sets = list(&mut cluster, REPLICA_SETS);
    assert_eq!(sets.len(), 2);
    let old = sets
        .iter()
        .find(|rs| rs["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1.25")
        .expect("the first ReplicaSet is still there");
    let annotations = &old["metadata"]["annotations"];
    assert_eq!(annotations["deployment.kubernetes.io/revision"], "3");
    assert_eq!(
        annotations["deployment.kubernetes.io/revision-history"],
        "1"
    );
    assert_eq!(old["spec"]["replicas"], 2);
}

#[test]
fn why_leads_from_a_pod_back_to_the_request() {
    let mut cluster = bare(1);
    created(&mut cluster, &web(1, "nginx:1.25", ""));
    cluster.run_for(secs(1));
    let pod = list(&mut cluster, PODS)[0]["metadata"]["name"].to_string();
    let pod = format!("/registry/pods/default/{}", pod.trim_matches('"'));
    let log = &cluster.kernel().causes;
    let last = (1..)
        .map(kubarium::sim::CauseId)
        .take(log.len())
        .find(|id| {
            log.get(*id)
                .is_some_and(|c| *c.subject == *pod && c.verb == "create")
        })
        .expect("the creation of the pod is recorded");
    let chain: Vec<String> = log
        .chain(last)
        .map(|(_, c)| {
            let subject = c.subject.split_once("web-").map_or(&*c.subject, |(s, _)| s);
            format!("{} {} {subject} {}", c.actor, c.verb, c.note)
                .trim_end()
                .to_owned()
        })
        .collect();
    assert_eq!(
        chain[..2],
        [
            "kube-controller-manager create /registry/pods/default/",
            "replicaset-controller sync ReplicaSet default/ create 1 more: 0 pods of 1",
        ]
    );
    let actors: Vec<&str> = log.chain(last).map(|(_, c)| &*c.actor).collect();
    assert!(actors.contains(&"deployment-controller"), "{actors:?}");
    assert_eq!(actors.last(), Some(&"kubectl"), "{actors:?}");
}

/// The example of the documentation: ten pods, a broken image, then fifteen.
#[test]
fn scaling_in_the_middle_of_a_rollout_is_shared() {
    let mut cluster = bare(1);
    let bounds = "strategy: {rollingUpdate: {maxSurge: 3, maxUnavailable: 2}}";
    created(&mut cluster, &web(10, "nginx:1.25", bounds));
    cluster.run_for(secs(2));
    edit(&mut cluster, WEB, |d| {
        d["spec"]["template"]["spec"]["nodeName"] = json!(null);
        d["spec"]["template"]["spec"]["nodeSelector"] = json!({"no": "where"});
    });
    cluster.run_for(secs(2));
    let sizes = |cluster: &mut kubarium::cluster::Cluster| {
        let sets = list(cluster, REPLICA_SETS);
        let mut sizes: Vec<i64> = sets
            .iter()
            .filter_map(|rs| rs["spec"]["replicas"].as_i64())
            .collect();
        sizes.sort();
        sizes
    };
    assert_eq!(sizes(&mut cluster), [5, 8]);
    edit(&mut cluster, WEB, |d| d["spec"]["replicas"] = json!(15));
    cluster.run_for(secs(2));
    assert_eq!(sizes(&mut cluster), [7, 11]);
}

#[test]
fn another_set_of_the_same_name_is_a_collision() {
    let mut cluster = bare(1);
    created(&mut cluster, &web(1, "nginx:1.25", ""));
    cluster.run_for(secs(1));
    let name = list(&mut cluster, REPLICA_SETS)[0]["metadata"]["name"].clone();
    let name = name.as_str().unwrap_or_default();
    super::delete(&mut cluster, WEB);
    cluster.run_for(secs(2));
    assert_eq!(list(&mut cluster, REPLICA_SETS).len(), 0);
    created(
        &mut cluster,
        &format!(
            "{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: {name}}}, \
             spec: {{replicas: 0, selector: {{matchLabels: {{app: other}}}}, \
             template: {{metadata: {{labels: {{app: other}}}}, \
             spec: {{containers: [{{name: c, image: busybox}}]}}}}}}}}"
        ),
    );
    cluster.run_for(secs(1));
    created(&mut cluster, &web(1, "nginx:1.25", ""));
    cluster.run_for(secs(2));
    let d = deployment(&mut cluster, "web");
    assert_eq!(d["status"]["collisionCount"], 1);
    assert_eq!(d["status"]["availableReplicas"], 1);
    assert_eq!(list(&mut cluster, REPLICA_SETS).len(), 2);
}

#[test]
fn a_failure_to_create_pods_is_told() {
    let mut cluster = bare(1);
    let manifest = web(2, "nginx:1.25", "");
    let manifest = manifest.replace("nodeName: node-0", "priorityClassName: nope");
    created(&mut cluster, &manifest);
    cluster.run_for(secs(2));
    let why = "is forbidden: no PriorityClass with name nope was found";
    let d = deployment(&mut cluster, "web");
    let failure = condition(&d, "ReplicaFailure");
    assert!(
        failure.starts_with("True FailedCreate: pods \"web-"),
        "{failure}"
    );
    assert!(failure.ends_with(why), "{failure}");
    let told = events(&mut cluster, "ReplicaSet");
    assert!(
        told[0].starts_with("FailedCreate Error creating: pods \"web-"),
        "{told:?}"
    );
    assert!(list(&mut cluster, PODS).is_empty());
    assert_eq!(
        condition(&d, "Available"),
        "False MinimumReplicasUnavailable: Deployment does not have minimum availability."
    );
}
