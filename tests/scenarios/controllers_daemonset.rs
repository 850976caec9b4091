//! DaemonSets, seen through the API: nodes come and go, templates change.

mod random;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use kubarium::api::Resource;
use kubarium::apiserver::{Method, Request, request::STRATEGIC_MERGE_PATCH};
use kubarium::cluster::Cluster;
use kubarium::sim::{millis, secs};
use serde_json::{Value, json};

use crate::common::{bare, create, created, get};
use crate::controllers::{EVENTS, PODS, delete, edit, events, list};

const SETS: &str = "/apis/apps/v1/namespaces/default/daemonsets";
const REVISIONS: &str = "/apis/apps/v1/namespaces/default/controllerrevisions";
const NODES: &str = "/api/v1/nodes";

/// A DaemonSet named `agent` with one container `c`; `extra` goes into its spec, `pod` into the
/// pod's.
fn agent(extra: &str, pod: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: DaemonSet, metadata: {{name: agent}}, \
          spec: {{selector: {{matchLabels: {{app: agent}}}}, {extra} \
          template: {{metadata: {{labels: {{app: agent}}}}, \
          spec: {{{pod} containers: [{{name: c, image: 'busybox:1'}}]}}}}}}}}"
    )
}

fn rolling(bounds: &str) -> String {
    format!("updateStrategy: {{type: RollingUpdate, rollingUpdate: {{{bounds}}}}},")
}

fn path() -> String {
    format!("{SETS}/agent")
}

fn set(cluster: &mut Cluster) -> Value {
    get(cluster, &path())
}

fn set_image(cluster: &mut Cluster, image: &str) {
    edit(cluster, &path(), |ds| {
        ds["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
    });
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Node, image and readiness of each pod that is not going, by node.
fn running(cluster: &mut Cluster) -> Vec<String> {
    let mut lines: Vec<String> = list(cluster, PODS)
        .iter()
        .filter(|p| p["metadata"]["deletionTimestamp"].is_null())
        .map(|p| {
            let image = text(p, "/spec/containers/0/image");
            format!("{} {image}", text(p, "/spec/nodeName"))
        })
        .collect();
    lines.sort();
    lines
}

/// "desired current ready updated available misscheduled" of the set's status.
fn counts(cluster: &mut Cluster) -> String {
    let status = set(cluster)["status"].clone();
    let fields = [
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberMisscheduled",
    ];
    let number = |field: &&str| status[*field].as_i64().unwrap_or_default().to_string();
    fields.iter().map(number).collect::<Vec<_>>().join(" ")
}

/// Image and number of each revision, by number.
fn revisions(cluster: &mut Cluster) -> Vec<(i64, String)> {
    let mut all: Vec<(i64, String)> = list(cluster, REVISIONS)
        .iter()
        .map(|r| {
            let image = text(r, "/data/spec/template/spec/containers/0/image");
            (r["revision"].as_i64().unwrap_or_default(), image.to_owned())
        })
        .collect();
    all.sort();
    all
}

fn by_image(pod: &Pod) -> &str {
    let containers = pod.spec.as_ref().map(|s| s.containers.as_slice());
    let first = containers.and_then(|c| c.first());
    first.and_then(|c| c.image.as_deref()).unwrap_or_default()
}

/// Pods per node that are ready and not going, and that exist at all.
fn by_node(cluster: &Cluster) -> BTreeMap<String, (usize, usize)> {
    let mut nodes = BTreeMap::new();
    let pods = cluster.server().list::<Pod>(Some("default"));
    for pod in pods {
        let node = pod.spec.as_ref().and_then(|s| s.node_name.clone());
        let going = pod.meta().deletion_timestamp.is_some();
        let conditions = pod.status.as_ref().and_then(|s| s.conditions.clone());
        let ready = conditions.into_iter().flatten();
        let ready = ready
            .into_iter()
            .any(|c| c.type_ == "Ready" && c.status == "True");
        let entry: &mut (usize, usize) = nodes.entry(node.unwrap_or_default()).or_default();
        entry.0 += usize::from(ready && !going);
        entry.1 += usize::from(!going);
    }
    nodes
}

#[test]
fn every_node_gets_one_pod() {
    let mut cluster = bare(4);
    let set = created(&mut cluster, &agent("", ""));
    assert_eq!(set["spec"]["revisionHistoryLimit"], 10);
    assert_eq!(
        set["spec"]["updateStrategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}})
    );
    cluster.run_for(secs(5));
    assert_eq!(
        running(&mut cluster),
        [
            "node-0 busybox:1",
            "node-1 busybox:1",
            "node-2 busybox:1",
            "node-3 busybox:1"
        ]
    );
    let status = get(&mut cluster, &path())["status"].clone();
    assert_eq!(
        status,
        json!({
            "currentNumberScheduled": 4, "desiredNumberScheduled": 4, "numberAvailable": 4,
            "numberMisscheduled": 0, "numberReady": 4, "observedGeneration": 1,
            "updatedNumberScheduled": 4,
        })
    );
    let told = events(&mut cluster, "DaemonSet");
    assert_eq!(told.len(), 4);
    assert!(
        told.iter()
            .all(|e| e.starts_with("SuccessfulCreate Created pod: agent-")),
        "{told:?}"
    );
    let source = list(&mut cluster, EVENTS);
    let source = source
        .iter()
        .find(|e| e["involvedObject"]["kind"] == "DaemonSet");
    assert_eq!(
        source.map(|e| e["source"]["component"].clone()),
        Some(json!("daemonset-controller"))
    );

    let pods = list(&mut cluster, PODS);
    let pod = &pods[0];
    let owner = &pod["metadata"]["ownerReferences"][0];
    assert_eq!(
        (&owner["kind"], &owner["controller"]),
        (&json!("DaemonSet"), &json!(true))
    );
    assert_eq!(pod["metadata"]["labels"]["pod-template-generation"], "1");
    let revision = list(&mut cluster, REVISIONS);
    let hash = &revision[0]["metadata"]["labels"]["controller-revision-hash"];
    assert_eq!(&pod["metadata"]["labels"]["controller-revision-hash"], hash);
    assert_eq!(
        text(&revision[0], "/metadata/name"),
        format!("agent-{}", hash.as_str().unwrap_or("?"))
    );
    assert_eq!(revision[0]["data"]["spec"]["template"]["$patch"], "replace");
    let node = text(pod, "/spec/nodeName");
    let term = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/\
                nodeSelectorTerms/0/matchFields/0";
    assert_eq!(
        pod.pointer(term),
        Some(&json!({"key": "metadata.name", "operator": "In", "values": [node]}))
    );
    let tolerated: Vec<String> = pod["spec"]["tolerations"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|t| format!("{}:{}", text(t, "/key"), text(t, "/effect")))
        .collect();
    assert_eq!(
        tolerated,
        [
            "node.kubernetes.io/not-ready:NoExecute",
            "node.kubernetes.io/unreachable:NoExecute",
            "node.kubernetes.io/disk-pressure:NoSchedule",
            "node.kubernetes.io/memory-pressure:NoSchedule",
            "node.kubernetes.io/pid-pressure:NoSchedule",
            "node.kubernetes.io/unschedulable:NoSchedule",
        ]
    );
}

#[test]
fn an_idle_set_causes_no_work() {
    let mut cluster = bare(5);
    created(&mut cluster, &agent("", ""));
    cluster.run_for(secs(5));
    let acts = |cluster: &Cluster| {
        let causes = cluster.kernel().causes.iter();
        causes
            .filter(|(_, c)| &*c.actor == "daemonset-controller")
            .count()
    };
    let (version, before) = (
        set(&mut cluster)["metadata"]["resourceVersion"].clone(),
        acts(&cluster),
    );
    assert!(before > 0);
    cluster.run_for(secs(120));
    assert_eq!(set(&mut cluster)["metadata"]["resourceVersion"], version);
    assert_eq!(acts(&cluster), before);
}

#[test]
fn labels_of_nodes_choose() {
    let mut cluster = bare(3);
    created(&mut cluster, &agent("", "nodeSelector: {disk: ssd},"));
    cluster.run_for(secs(2));
    assert_eq!(counts(&mut cluster), "0 0 0 0 0 0");
    let node = format!("{NODES}/node-1");
    edit(&mut cluster, &node, |n| {
        n["metadata"]["labels"]["disk"] = json!("ssd")
    });
    cluster.run_for(secs(2));
    assert_eq!(running(&mut cluster), ["node-1 busybox:1"]);
    assert_eq!(counts(&mut cluster), "1 1 1 1 1 0");
    edit(&mut cluster, &node, |n| {
        n["metadata"]["labels"]["disk"] = json!("hdd")
    });
    cluster.run_for(secs(60));
    assert_eq!(running(&mut cluster), [""; 0]);
    assert_eq!(counts(&mut cluster), "0 0 0 0 0 0");
    let told = events(&mut cluster, "DaemonSet");
    assert!(
        told.iter()
            .any(|e| e.starts_with("SuccessfulDelete Deleted pod: agent-")),
        "{told:?}"
    );
}

#[test]
fn taints_keep_away_and_drive_out() {
    let mut cluster = bare(3);
    created(&mut cluster, &agent("", ""));
    cluster.run_for(secs(2));
    let taint = |effect: &str| json!([{"key": "team", "value": "a", "effect": effect}]);
    // A pod that is there may stay where none may start.
    edit(&mut cluster, &format!("{NODES}/node-0"), |n| {
        n["spec"]["taints"] = taint("NoSchedule")
    });
    cluster.run_for(secs(5));
    assert_eq!(counts(&mut cluster), "2 2 2 2 2 1");
    assert_eq!(running(&mut cluster).len(), 3);
    let pods = list(&mut cluster, PODS);
    let first = pods.iter().find(|p| p["spec"]["nodeName"] == "node-0");
    let name = first
        .map(|p| text(p, "/metadata/name").to_owned())
        .unwrap_or_default();
    delete(&mut cluster, &format!("{PODS}/{name}"));
    cluster.run_for(secs(60));
    assert_eq!(
        running(&mut cluster),
        ["node-1 busybox:1", "node-2 busybox:1"]
    );
    // Where it may not be, it goes.
    edit(&mut cluster, &format!("{NODES}/node-1"), |n| {
        n["spec"]["taints"] = taint("NoExecute")
    });
    cluster.run_for(secs(60));
    assert_eq!(running(&mut cluster), ["node-2 busybox:1"]);
    assert_eq!(counts(&mut cluster), "1 1 1 1 1 0");
    // A toleration brings it back, by a new template.
    edit(&mut cluster, &path(), |ds| {
        ds["spec"]["template"]["spec"]["tolerations"] =
            json!([{"key": "team", "operator": "Exists"}]);
    });
    cluster.run_for(secs(120));
    assert_eq!(running(&mut cluster).len(), 3);
    assert_eq!(counts(&mut cluster), "3 3 3 3 3 0");
}

#[test]
fn nodes_join_and_leave() {
    let mut cluster = bare(1);
    created(&mut cluster, &agent("", ""));
    cluster.run_for(secs(2));
    let node = "{apiVersion: v1, kind: Node, metadata: {name: late}, \
                spec: {taints: [{key: team, effect: NoSchedule}]}}";
    created(&mut cluster, node);
    edit(&mut cluster, &format!("{NODES}/late/status"), |n| {
        n["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
    });
    cluster.run_for(secs(2));
    assert_eq!(counts(&mut cluster), "1 1 1 1 1 0");
    edit(&mut cluster, &format!("{NODES}/late"), |n| {
        n["spec"]["taints"] = json!([{"key": "other", "effect": "PreferNoSchedule"}]);
    });
    cluster.run_for(secs(2));
    // It has room for no pod: the one for it waits.
    assert_eq!(counts(&mut cluster), "2 2 1 2 1 0");
    let waiting = list(&mut cluster, PODS);
    assert_eq!(
        waiting
            .iter()
            .filter(|p| p["spec"]["nodeName"].is_null())
            .count(),
        1
    );
    delete(&mut cluster, &format!("{NODES}/late"));
    set_image(&mut cluster, "busybox:2");
    cluster.run_for(secs(60));
    assert_eq!(running(&mut cluster), ["node-0 busybox:2"]);
    assert_eq!(counts(&mut cluster), "1 1 1 1 1 0");
}

#[test]
fn a_rolling_update_keeps_its_bound() {
    for (bound, most) in [("1", 1), ("2", 2), ("'30%'", 2), ("'100%'", 5)] {
        let mut cluster = bare(5);
        created(
            &mut cluster,
            &agent(&rolling(&format!("maxUnavailable: {bound}")), ""),
        );
        cluster.run_for(secs(3));
        set_image(&mut cluster, "busybox:2");
        let until = cluster.now() + secs(600);
        let mut worst = 0;
        while cluster.step(until) {
            let nodes = by_node(&cluster);
            let missing = 5 - nodes.values().filter(|(ready, _)| *ready > 0).count();
            worst = worst.max(missing);
            assert!(missing <= most, "{bound}: {nodes:?}");
            let alone =
                |(node, (_, pods)): (&String, &(usize, usize))| node.is_empty() || *pods <= 1;
            assert!(nodes.iter().all(alone), "{bound}: {nodes:?}");
        }
        assert_eq!(worst, most, "{bound} is used");
        let all = running(&mut cluster);
        assert!(
            all.len() == 5 && all.iter().all(|l| l.ends_with("busybox:2")),
            "{all:?}"
        );
        assert_eq!(counts(&mut cluster), "5 5 5 5 5 0");
        let expected = [(1, "busybox:1".to_owned()), (2, "busybox:2".to_owned())];
        assert_eq!(revisions(&mut cluster), expected);
        assert_eq!(set(&mut cluster)["status"]["observedGeneration"], 2);
    }
}

#[test]
fn a_surge_leaves_no_gap() {
    let mut cluster = bare(5);
    created(
        &mut cluster,
        &agent(&rolling("maxUnavailable: 0, maxSurge: 2"), ""),
    );
    cluster.run_for(secs(3));
    set_image(&mut cluster, "busybox:2");
    let until = cluster.now() + secs(600);
    let mut most = 0;
    while cluster.step(until) {
        let nodes = by_node(&cluster);
        assert!(
            nodes
                .iter()
                .all(|(node, (ready, _))| node.is_empty() || *ready > 0),
            "{nodes:?}"
        );
        most = most.max(nodes.values().map(|(_, pods)| pods).sum::<usize>());
    }
    assert_eq!(most, 7, "five pods and a surge of two");
    let all = running(&mut cluster);
    assert!(
        all.len() == 5 && all.iter().all(|l| l.ends_with("busybox:2")),
        "{all:?}"
    );
    assert_eq!(counts(&mut cluster), "5 5 5 5 5 0");
}

#[test]
fn on_delete_waits_for_someone_to_delete() {
    let mut cluster = bare(2);
    created(
        &mut cluster,
        &agent("updateStrategy: {type: OnDelete},", ""),
    );
    cluster.run_for(secs(3));
    assert_eq!(
        set(&mut cluster)["spec"]["updateStrategy"],
        json!({"type": "OnDelete"})
    );
    set_image(&mut cluster, "busybox:2");
    cluster.run_for(secs(60));
    assert_eq!(
        running(&mut cluster),
        ["node-0 busybox:1", "node-1 busybox:1"]
    );
    assert_eq!(counts(&mut cluster), "2 2 2 0 2 0");
    let pods = list(&mut cluster, PODS);
    let last = pods.iter().find(|p| p["spec"]["nodeName"] == "node-1");
    let name = last
        .map(|p| text(p, "/metadata/name").to_owned())
        .unwrap_or_default();
    delete(&mut cluster, &format!("{PODS}/{name}"));
    cluster.run_for(secs(60));
    assert_eq!(
        running(&mut cluster),
        ["node-0 busybox:1", "node-1 busybox:2"]
    );
    assert_eq!(counts(&mut cluster), "2 2 2 1 2 0");
}

#[test]
fn pods_count_as_available_after_min_ready_seconds() {
    let mut cluster = bare(4);
    created(&mut cluster, &agent("minReadySeconds: 20,", ""));
    cluster.run_for(secs(10));
    assert_eq!(counts(&mut cluster), "4 4 4 4 0 0");
    cluster.run_for(secs(15));
    assert_eq!(counts(&mut cluster), "4 4 4 4 4 0");
    // A new pod counts as missing until it has been ready for long enough.
    set_image(&mut cluster, "busybox:2");
    cluster.run_for(secs(15));
    assert_eq!(counts(&mut cluster), "4 4 4 1 3 0");
    assert_eq!(set(&mut cluster)["status"]["numberUnavailable"], 1);
    cluster.run_for(secs(180));
    assert_eq!(counts(&mut cluster), "4 4 4 4 4 0");
}

#[test]
fn history_is_kept_and_returned_to() {
    let mut cluster = bare(1);
    created(&mut cluster, &agent("revisionHistoryLimit: 2,", ""));
    for image in ["busybox:2", "busybox:3", "busybox:4", "busybox:5"] {
        cluster.run_for(secs(60));
        set_image(&mut cluster, image);
    }
    cluster.run_for(secs(60));
    let image = |n: i64| format!("busybox:{n}");
    assert_eq!(
        revisions(&mut cluster),
        [(3, image(3)), (4, image(4)), (5, image(5))]
    );
    // The template of an earlier revision is that revision, under a new number.
    set_image(&mut cluster, "busybox:4");
    cluster.run_for(secs(60));
    assert_eq!(
        revisions(&mut cluster),
        [(3, image(3)), (5, image(5)), (6, image(4))]
    );
    assert_eq!(running(&mut cluster), ["node-0 busybox:4"]);
    let table = set(&mut cluster);
    assert_eq!(
        table["metadata"]["annotations"]["deprecated.daemonset.template.generation"],
        "6"
    );
}

#[test]
fn a_revision_is_a_patch_that_brings_its_template_back() {
    let mut cluster = bare(1);
    created(
        &mut cluster,
        &agent("", "nodeSelector: {kubernetes.io/os: linux},"),
    );
    cluster.run_for(secs(5));
    edit(&mut cluster, &path(), |ds| {
        let spec = &mut ds["spec"]["template"]["spec"];
        spec["nodeSelector"] = Value::Null;
        spec["hostNetwork"] = json!(true);
        spec["containers"][0]["name"] = json!("other");
    });
    cluster.run_for(secs(60));
    let all = list(&mut cluster, REVISIONS);
    let first = all
        .iter()
        .find(|r| r["revision"] == 1)
        .cloned()
        .unwrap_or_default();
    let mut request = Request::new(Method::Patch, path()).with_body(first["data"].clone());
    request.content_type = STRATEGIC_MERGE_PATCH;
    let restored = crate::common::json_of(cluster.request(&request));
    let mut template = first["data"]["spec"]["template"].clone();
    template.as_object_mut().map(|t| t.remove("$patch"));
    assert_eq!(restored["spec"]["template"], template);
    cluster.run_for(secs(60));
    let numbers: Vec<i64> = revisions(&mut cluster)
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(numbers, [2, 3]);
    assert_eq!(counts(&mut cluster), "1 1 1 1 1 0");
}

#[test]
fn orphans_outlive_their_set_and_are_adopted_by_the_next() {
    let mut cluster = bare(2);
    created(&mut cluster, &agent("", ""));
    cluster.run_for(secs(5));
    let names = |cluster: &mut Cluster| -> Vec<String> {
        let pods = list(cluster, PODS);
        pods.iter()
            .map(|p| text(p, "/metadata/name").to_owned())
            .collect()
    };
    let before = names(&mut cluster);
    let request = Request::new(Method::Delete, path()).with_query("propagationPolicy", "Orphan");
    assert!(cluster.request(&request).is_success());
    cluster.run_for(secs(30));
    assert_eq!(list(&mut cluster, SETS).len(), 0);
    assert_eq!(names(&mut cluster), before);
    created(&mut cluster, &agent("", ""));
    cluster.run_for(secs(30));
    assert_eq!(names(&mut cluster), before);
    assert_eq!(revisions(&mut cluster).len(), 1);
    assert_eq!(counts(&mut cluster), "2 2 2 2 2 0");
}

#[test]
fn a_name_that_is_taken_counts_a_collision() {
    let mut cluster = bare(1);
    let mut fork = cluster.clone();
    created(&mut fork, &agent("", ""));
    fork.run_for(secs(1));
    let name = text(&list(&mut fork, REVISIONS)[0], "/metadata/name").to_owned();
    created(
        &mut cluster,
        &format!(
            "{{apiVersion: apps/v1, kind: ControllerRevision, metadata: {{name: {name}}}, \
              revision: 1, data: {{spec: {{}}}}}}"
        ),
    );
    created(&mut cluster, &agent("", ""));
    cluster.run_for(secs(5));
    assert_eq!(set(&mut cluster)["status"]["collisionCount"], 1);
    assert_eq!(running(&mut cluster).len(), 1);
    let names: Vec<String> = list(&mut cluster, REVISIONS)
        .iter()
        .map(|r| text(r, "/metadata/name").to_owned())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&name));
}

#[test]
fn failed_pods_are_replaced_later_each_time() {
    let mut cluster = bare(1);
    created(&mut cluster, &agent("", ""));
    cluster.run_for(secs(2));
    let fail = |cluster: &mut Cluster| -> String {
        let pods = list(cluster, PODS);
        let name = text(&pods[0], "/metadata/name").to_owned();
        edit(cluster, &format!("{PODS}/{name}/status"), |p| {
            p["status"]["phase"] = json!("Failed")
        });
        name
    };
    let first = fail(&mut cluster);
    cluster.run_for(millis(500));
    let pods = list(&mut cluster, PODS);
    assert!(
        pods.iter().all(|p| p["metadata"]["name"] != *first),
        "the first goes at once"
    );
    // The next one waits: one second since the first, then two, ...
    let second = fail(&mut cluster);
    cluster.run_for(millis(200));
    assert_eq!(text(&list(&mut cluster, PODS)[0], "/metadata/name"), second);
    cluster.run_for(secs(2));
    assert!(
        list(&mut cluster, PODS)
            .iter()
            .all(|p| p["metadata"]["name"] != *second)
    );
    let told = events(&mut cluster, "DaemonSet");
    let expected = format!(
        "FailedDaemonPod Found failed daemon pod default/{first} on node node-0, will try to kill it"
    );
    assert!(told.contains(&expected), "{told:?}");
}

#[test]
fn pods_without_an_owner_are_adopted() {
    let mut cluster = bare(2);
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: lone, labels: {app: agent}}, \
         spec: {nodeName: node-0, containers: [{name: c, image: 'busybox:1'}]}}",
    );
    cluster.run_for(secs(1));
    created(
        &mut cluster,
        &agent("updateStrategy: {type: OnDelete},", ""),
    );
    cluster.run_for(secs(5));
    let lone = get(&mut cluster, &format!("{PODS}/lone"));
    assert_eq!(lone["metadata"]["ownerReferences"][0]["kind"], "DaemonSet");
    assert_eq!(running(&mut cluster).len(), 2);
    assert_eq!(counts(&mut cluster), "2 2 2 1 2 0");
}

#[test]
fn generations_count_what_changed() {
    let mut cluster = bare(0);
    created(&mut cluster, &agent("", ""));
    let state = |ds: &Value| {
        let annotation = "/metadata/annotations/deprecated.daemonset.template.generation";
        (
            ds["metadata"]["generation"].clone(),
            text(ds, annotation).to_owned(),
        )
    };
    assert_eq!(state(&set(&mut cluster)), (json!(1), "1".to_owned()));
    let changed = edit(&mut cluster, &path(), |ds| {
        ds["spec"]["minReadySeconds"] = json!(3)
    });
    assert_eq!(state(&changed), (json!(2), "1".to_owned()));
    // The annotation is the server's own.
    let changed = edit(&mut cluster, &path(), |ds| {
        ds["metadata"]["annotations"] = json!({"team": "a"});
    });
    assert_eq!(state(&changed), (json!(2), "1".to_owned()));
    set_image(&mut cluster, "busybox:2");
    assert_eq!(state(&set(&mut cluster)), (json!(3), "2".to_owned()));
}

#[test]
fn tables_show_sets_and_revisions() {
    let mut cluster = bare(2);
    created(
        &mut cluster,
        &agent("", "nodeSelector: {kubernetes.io/os: linux},"),
    );
    cluster.run_for(secs(5));
    let table = |cluster: &mut Cluster, path: &str| -> Vec<String> {
        let mut request = kubarium::apiserver::Request::get(path);
        request.accept = "application/json;as=Table;g=meta.k8s.io;v=v1";
        let table = crate::common::json_of(cluster.request(&request));
        let cells = table["rows"][0]["cells"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let show = |cell: &Value| cell.as_str().map_or(cell.to_string(), str::to_owned);
        cells.iter().map(show).collect()
    };
    assert_eq!(
        table(&mut cluster, SETS),
        [
            "agent",
            "2",
            "2",
            "2",
            "2",
            "2",
            "kubernetes.io/os=linux",
            "5s",
            "c",
            "busybox:1",
            "app=agent"
        ]
    );
    let revision = table(&mut cluster, REVISIONS);
    assert_eq!(revision[1..], ["daemonset.apps/agent", "1", "5s"]);
}

#[test]
fn what_cannot_be_is_refused() {
    let mut cluster = bare(0);
    let strategy = |text: &str| agent(&format!("updateStrategy: {text},"), "");
    for (manifest, message) in [
        (
            strategy("{type: Recreate}"),
            "DaemonSet.apps \"agent\" is invalid: spec.updateStrategy: Unsupported value: \
             {\"Type\":\"Recreate\",\"RollingUpdate\":null}: supported values: \
             \"RollingUpdate\", \"OnDelete\"",
        ),
        (
            strategy("{rollingUpdate: {maxUnavailable: 0}}"),
            "DaemonSet.apps \"agent\" is invalid: \
             spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: \
             cannot be 0 when maxSurge is 0",
        ),
        (
            strategy("{rollingUpdate: {maxUnavailable: 1, maxSurge: '10%'}}"),
            "DaemonSet.apps \"agent\" is invalid: \
             spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: \"10%\": \
             may not be set when maxUnavailable is non-zero",
        ),
        (
            agent("", "restartPolicy: Never,"),
            "DaemonSet.apps \"agent\" is invalid: spec.template.spec.restartPolicy: \
             Unsupported value: \"Never\": supported values: \"Always\"",
        ),
    ] {
        let response = create(&mut cluster, &manifest);
        let body = crate::common::json_of(response);
        assert_eq!(text(&body, "/message"), message);
    }
}
