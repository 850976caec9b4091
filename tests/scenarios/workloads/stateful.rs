//! StatefulSets: one pod after the other, by name.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use kubarium::sim::{millis, secs};
use serde_json::{Value, json};

use super::{name, pods, refused, text};
use crate::common::{bare, created, get};
use crate::controllers::{PODS, delete, edit, events, list};

const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";
const REVISIONS: &str = "/apis/apps/v1/namespaces/default/controllerrevisions";
const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";

pub fn set(replicas: u32, extra: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: db}}, \
          spec: {{replicas: {replicas}, serviceName: db, {extra} \
          selector: {{matchLabels: {{app: db}}}}, \
          template: {{metadata: {{labels: {{app: db}}}}, \
          spec: {{containers: [{{name: c, image: 'postgres:16'}}]}}}}}}}}"
    )
}

fn path() -> String {
    format!("{SETS}/db")
}

fn scale(cluster: &mut Cluster, replicas: u32) {
    edit(cluster, &path(), |s| {
        s["spec"]["replicas"] = json!(replicas)
    });
}

fn set_image(cluster: &mut Cluster, image: &str) {
    edit(cluster, &path(), |s| {
        s["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
    });
}

/// "db-0 postgres:16", for pods that are not going.
fn images(cluster: &mut Cluster) -> Vec<String> {
    let all = list(cluster, PODS);
    all.iter()
        .filter(|p| p["metadata"]["deletionTimestamp"].is_null())
        .map(|p| format!("{} {}", name(p), text(p, "/spec/containers/0/image")))
        .collect()
}

#[test]
fn pods_are_made_in_order_and_deleted_in_reverse() {
    let mut cluster = bare(3);
    created(&mut cluster, &set(3, ""));
    cluster.run_for(secs(3));
    assert_eq!(pods(&mut cluster), ["db-0", "db-1", "db-2"]);
    let pod = get(&mut cluster, &format!("{PODS}/db-1"));
    assert_eq!(pod["spec"]["hostname"], "db-1");
    assert_eq!(pod["spec"]["subdomain"], "db");
    let labels = &pod["metadata"]["labels"];
    assert_eq!(labels["statefulset.kubernetes.io/pod-name"], "db-1");
    assert_eq!(labels["apps.kubernetes.io/pod-index"], "1");
    let status = get(&mut cluster, &path())["status"].clone();
    assert_eq!(labels["controller-revision-hash"], status["updateRevision"]);
    assert_eq!(status["currentRevision"], status["updateRevision"]);
    for field in [
        "replicas",
        "readyReplicas",
        "availableReplicas",
        "currentReplicas",
        "updatedReplicas",
    ] {
        assert_eq!(status[field], 3, "{field}");
    }
    scale(&mut cluster, 1);
    cluster.run_for(secs(3));
    assert_eq!(pods(&mut cluster), ["db-0"]);
    assert_eq!(
        events(&mut cluster, "StatefulSet"),
        [
            "SuccessfulCreate create Pod db-0 in StatefulSet db successful",
            "SuccessfulCreate create Pod db-1 in StatefulSet db successful",
            "SuccessfulCreate create Pod db-2 in StatefulSet db successful",
            "SuccessfulDelete delete Pod db-2 in StatefulSet db successful",
            "SuccessfulDelete delete Pod db-1 in StatefulSet db successful",
        ]
    );
}

/// A pod that is not ready holds up those behind it, unless they are made in parallel.
#[test]
fn a_pod_waits_for_the_one_before_it() {
    for (policy, there) in [("OrderedReady", 1), ("Parallel", 3)] {
        let mut cluster = bare(1);
        let taint = json!([{"key": "full", "effect": "NoSchedule"}]);
        edit(&mut cluster, "/api/v1/nodes/node-0", |n| {
            n["spec"]["taints"] = taint
        });
        created(
            &mut cluster,
            &set(3, &format!("podManagementPolicy: {policy},")),
        );
        cluster.run_for(secs(5));
        assert_eq!(pods(&mut cluster).len(), there, "{policy}");
    }
}

#[test]
fn ordinals_may_begin_anywhere() {
    let mut cluster = bare(3);
    created(&mut cluster, &set(2, "ordinals: {start: 5},"));
    cluster.run_for(secs(2));
    assert_eq!(pods(&mut cluster), ["db-5", "db-6"]);
    edit(&mut cluster, &path(), |s| {
        s["spec"]["ordinals"]["start"] = json!(6)
    });
    cluster.run_for(secs(3));
    assert_eq!(pods(&mut cluster), ["db-6", "db-7"]);
}

#[test]
fn updates_go_from_the_last_to_the_first_and_stop_at_the_partition() {
    let mut cluster = bare(3);
    created(
        &mut cluster,
        &set(3, "updateStrategy: {rollingUpdate: {partition: 2}},"),
    );
    cluster.run_for(secs(3));
    set_image(&mut cluster, "postgres:17");
    cluster.run_for(secs(3));
    let expected = ["db-0 postgres:16", "db-1 postgres:16", "db-2 postgres:17"];
    assert_eq!(images(&mut cluster), expected);
    let status = get(&mut cluster, &path())["status"].clone();
    assert_ne!(status["currentRevision"], status["updateRevision"]);
    assert_eq!(status["updatedReplicas"], 1);
    assert_eq!(status["currentReplicas"], 2);
    // One below the partition comes back as it was.
    delete(&mut cluster, &format!("{PODS}/db-0"));
    cluster.run_for(secs(3));
    assert_eq!(images(&mut cluster), expected);
    edit(&mut cluster, &path(), |s| {
        s["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = json!(0);
    });
    cluster.run_for(secs(4));
    assert!(images(&mut cluster).iter().all(|i| i.ends_with(":17")));
    let status = get(&mut cluster, &path())["status"].clone();
    assert_eq!(status["currentRevision"], status["updateRevision"]);
    let deletions: Vec<String> = events(&mut cluster, "StatefulSet")
        .into_iter()
        .filter(|e| e.starts_with("SuccessfulDelete"))
        .collect();
    assert_eq!(
        deletions,
        [
            "SuccessfulDelete delete Pod db-2 in StatefulSet db successful",
            "SuccessfulDelete delete Pod db-1 in StatefulSet db successful",
            "SuccessfulDelete delete Pod db-0 in StatefulSet db successful",
        ]
    );
}

#[test]
fn nothing_is_replaced_until_it_is_deleted_by_hand() {
    let mut cluster = bare(3);
    created(&mut cluster, &set(2, "updateStrategy: {type: OnDelete},"));
    cluster.run_for(secs(3));
    set_image(&mut cluster, "postgres:17");
    cluster.run_for(secs(3));
    assert_eq!(
        images(&mut cluster),
        ["db-0 postgres:16", "db-1 postgres:16"]
    );
    delete(&mut cluster, &format!("{PODS}/db-0"));
    cluster.run_for(secs(3));
    assert_eq!(
        images(&mut cluster),
        ["db-0 postgres:17", "db-1 postgres:16"]
    );
}

/// Going back does not mend a pod that will never be ready: it has to be deleted by hand.
#[test]
fn a_broken_pod_stays_after_the_way_back() {
    let mut cluster = bare(3);
    created(&mut cluster, &set(2, ""));
    cluster.run_for(secs(3));
    edit(&mut cluster, &path(), |s| {
        s["spec"]["template"]["spec"]["nodeSelector"] = json!({"none": "such"});
    });
    cluster.run_for(secs(3));
    edit(&mut cluster, &path(), |s| {
        s["spec"]["template"]["spec"]["nodeSelector"] = Value::Null;
    });
    cluster.run_for(secs(5));
    let broken = get(&mut cluster, &format!("{PODS}/db-1"));
    assert_eq!(broken["spec"]["nodeSelector"]["none"], "such");
    delete(&mut cluster, &format!("{PODS}/db-1"));
    cluster.run_for(secs(3));
    let mended = get(&mut cluster, &format!("{PODS}/db-1"));
    assert_eq!(mended["spec"]["nodeSelector"], Value::Null);
    // The same template is the same revision, with a new number.
    let numbers: Vec<i64> = list(&mut cluster, REVISIONS)
        .iter()
        .filter_map(|r| r["revision"].as_i64())
        .collect();
    assert_eq!(numbers.len(), 2);
    assert!(numbers.contains(&3) && numbers.contains(&2), "{numbers:?}");
}

#[test]
fn a_pod_has_to_be_ready_for_a_while() {
    let mut cluster = bare(3);
    created(&mut cluster, &set(2, "minReadySeconds: 10,"));
    cluster.run_for(secs(5));
    assert_eq!(pods(&mut cluster), ["db-0"]);
    let status = get(&mut cluster, &path())["status"].clone();
    assert_eq!(
        (&status["readyReplicas"], &status["availableReplicas"]),
        (&json!(1), &json!(0))
    );
    cluster.run_for(secs(7));
    assert_eq!(pods(&mut cluster), ["db-0", "db-1"]);
}

#[test]
fn old_revisions_are_forgotten() {
    let mut cluster = bare(3);
    created(&mut cluster, &set(1, "revisionHistoryLimit: 1,"));
    for image in ["postgres:17", "postgres:18", "postgres:19"] {
        cluster.run_for(secs(3));
        set_image(&mut cluster, image);
    }
    cluster.run_for(secs(3));
    assert_eq!(list(&mut cluster, REVISIONS).len(), 2);
}

const CLAIM: &str = "volumeClaimTemplates: [{metadata: {name: data}, spec: \
    {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}],";

#[test]
fn claims_outlive_their_pods_unless_the_policy_says_otherwise() {
    for (policy, left) in [("Retain", 2), ("Delete", 1)] {
        let mut cluster = bare(3);
        let retention = format!("persistentVolumeClaimRetentionPolicy: {{whenScaled: {policy}}},");
        let parallel = "podManagementPolicy: Parallel,";
        created(
            &mut cluster,
            &set(2, &format!("{CLAIM} {retention} {parallel}")),
        );
        cluster.run_for(secs(3));
        let names: Vec<String> = list(&mut cluster, CLAIMS).iter().map(name).collect();
        assert_eq!(names, ["data-db-0", "data-db-1"]);
        let pod = get(&mut cluster, &format!("{PODS}/db-1"));
        let volumes = &pod["spec"]["volumes"];
        assert_eq!(volumes[0]["name"], "data");
        assert_eq!(
            volumes[0]["persistentVolumeClaim"]["claimName"],
            "data-db-1"
        );
        scale(&mut cluster, 1);
        cluster.run_for(secs(20));
        let claims = list(&mut cluster, CLAIMS);
        let stays = |c: &&Value| c["metadata"]["deletionTimestamp"].is_null();
        assert_eq!(claims.iter().filter(stays).count(), left, "{policy}");
        let claim = "SuccessfulCreate create Claim data-db-0 Pod db-0 in StatefulSet db success";
        assert!(
            events(&mut cluster, "StatefulSet")
                .iter()
                .any(|e| e == claim)
        );
    }
}

#[test]
fn what_may_not_change_is_told() {
    let mut cluster = bare(1);
    created(&mut cluster, &set(1, ""));
    let mut object = get(&mut cluster, &path());
    object["spec"]["serviceName"] = json!("other");
    let told = refused(&mut cluster, Method::Put, &path(), object);
    assert!(
        told.contains("updates to statefulset spec for fields other than 'replicas', 'ordinals'"),
        "{told}"
    );
    let scale = get(&mut cluster, &format!("{}/scale", path()));
    assert_eq!(scale["status"]["selector"], "app=db");
    let put = Request::new(Method::Put, format!("{}/scale", path()))
        .with_body(json!({"metadata": {"name": "db"}, "spec": {"replicas": 4}}));
    assert!(cluster.request(&put).is_success());
    cluster.run_for(millis(1));
    assert_eq!(get(&mut cluster, &path())["spec"]["replicas"], 4);
}
