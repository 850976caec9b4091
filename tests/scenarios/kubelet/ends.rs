//! How containers and pods end: signals, grace periods, hooks, memory, deadlines.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use kubarium::sim::{Time, millis, secs};
use serde_json::{Value, json};

use super::{container, events, message, pod, reasons, run, simulated};
use crate::common::get;

fn path(name: &str) -> String {
    format!("/api/v1/namespaces/default/pods/{name}")
}

fn delete(cluster: &mut Cluster, name: &str, grace: Option<i64>) {
    let mut request = Request::new(Method::Delete, path(name));
    if let Some(grace) = grace {
        request = request.with_body(json!({"gracePeriodSeconds": grace}));
    }
    assert!(cluster.request(&request).is_success());
}

fn exists(cluster: &mut Cluster, name: &str) -> bool {
    cluster.request(&Request::get(path(name))).is_success()
}

/// How long a pod takes to go, in seconds.
fn gone_after(cluster: &mut Cluster, name: &str) -> u64 {
    let begun: Time = cluster.now();
    while exists(cluster, name) {
        cluster.run_for(millis(100));
        assert!(cluster.now().since(begun) < secs(400), "{name} stays");
    }
    cluster.now().since(begun).as_secs()
}

#[test]
fn programs_that_listen_to_sigterm_go_at_once() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "web",
        "containers: [{name: web, image: nginx}]",
    );
    cluster.run_for(secs(10));
    delete(&mut cluster, "web", None);
    assert!(exists(&mut cluster, "web"));
    assert_eq!(gone_after(&mut cluster, "web"), 0);
    assert_eq!(
        message(&mut cluster, "web", "Killing"),
        "Stopping container web"
    );
}

#[test]
fn shells_are_killed_when_their_grace_period_is_over() {
    let mut cluster = simulated();
    let spec = "containers: [{name: c, image: busybox, command: [sleep, infinity]}]";
    run(&mut cluster, "sleeper", spec);
    run(
        &mut cluster,
        "short",
        &format!("terminationGracePeriodSeconds: 5, {spec}"),
    );
    run(
        &mut cluster,
        "trap",
        "containers: [{name: c, image: busybox, command: [sh, -c, 'trap \"echo bye; exit 0\" TERM; while true; do sleep 1; done']}]",
    );
    run(&mut cluster, "forced", spec);
    cluster.run_for(secs(20));
    delete(&mut cluster, "sleeper", None);
    cluster.run_for(secs(10));
    let going = pod(&mut cluster, "sleeper");
    assert!(going["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(going["metadata"]["deletionGracePeriodSeconds"], 30);
    // It runs, and is ready, up to its end.
    assert_eq!(container(&going)["ready"], true);
    assert_eq!(10 + gone_after(&mut cluster, "sleeper"), 30);
    delete(&mut cluster, "short", None);
    assert_eq!(gone_after(&mut cluster, "short"), 5);
    delete(&mut cluster, "trap", None);
    assert!(gone_after(&mut cluster, "trap") <= 1);
    delete(&mut cluster, "forced", Some(0));
    assert!(!exists(&mut cluster, "forced"));
}

#[test]
fn the_last_status_says_how_the_containers_ended() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "kept",
        "terminationGracePeriodSeconds: 3, containers: [{name: c, image: busybox, command: [sleep, infinity]}]",
    );
    cluster.run_for(secs(10));
    // A finalizer keeps the object when the node is done with it.
    let mut object = pod(&mut cluster, "kept");
    object["metadata"]["finalizers"] = json!(["example.com/wait"]);
    let put = Request::new(Method::Put, path("kept")).with_body(object);
    assert!(cluster.request(&put).is_success());
    delete(&mut cluster, "kept", None);
    cluster.run_for(secs(10));
    let ended = pod(&mut cluster, "kept");
    assert_eq!(ended["status"]["phase"], "Failed");
    let state = &container(&ended)["state"]["terminated"];
    assert_eq!(state["exitCode"], 137);
    assert_eq!(state["reason"], "Error");
    assert_eq!(container(&ended)["ready"], false);
}

#[test]
fn a_pre_stop_hook_delays_sigterm() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "drained",
        "containers: [{name: c, image: nginx, lifecycle: {preStop: {sleep: {seconds: 7}}}}]",
    );
    run(
        &mut cluster,
        "long",
        "terminationGracePeriodSeconds: 4, containers: [{name: c, image: nginx, lifecycle: {preStop: {exec: {command: [sleep, '60']}}}}]",
    );
    cluster.run_for(secs(15));
    delete(&mut cluster, "drained", None);
    assert_eq!(gone_after(&mut cluster, "drained"), 7);
    // A hook that takes longer than the grace period is cut off.
    delete(&mut cluster, "long", None);
    assert_eq!(gone_after(&mut cluster, "long"), 4);
}

#[test]
fn too_much_memory_kills() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "leak",
        "containers: [{name: shop, image: 'kubarium/shop:v7', resources: {limits: {memory: 64Mi}}}]",
    );
    run(
        &mut cluster,
        "stress",
        "containers: [{name: m, image: polinux/stress, resources: {limits: {memory: 100Mi}}, command: [stress], args: ['--vm', '1', '--vm-bytes', 250M, '--vm-hang', '1']}]",
    );
    // 24 MiB and 8 more each second: over the limit five seconds after it listens.
    cluster.run_for(secs(14));
    let leak = pod(&mut cluster, "leak");
    let last = &container(&leak)["lastState"]["terminated"];
    assert_eq!(last["reason"], "OOMKilled", "{}", container(&leak));
    assert_eq!(last["exitCode"], 137);
    let stress = pod(&mut cluster, "stress");
    let last = &container(&stress)["lastState"]["terminated"];
    assert_eq!(last["reason"], "OOMKilled", "{}", container(&stress));
}

#[test]
fn a_deadline_ends_the_pod() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "limited",
        "activeDeadlineSeconds: 8, containers: [{name: c, image: nginx}]",
    );
    cluster.run_for(secs(12));
    let failed = pod(&mut cluster, "limited");
    assert_eq!(failed["status"]["phase"], "Failed");
    assert_eq!(failed["status"]["reason"], "DeadlineExceeded");
    assert_eq!(
        message(&mut cluster, "limited", "DeadlineExceeded"),
        "Pod was active on the node longer than the specified deadline"
    );
    assert!(reasons(&mut cluster, "limited").contains(&"Killing".to_owned()));
}

#[test]
fn a_new_image_replaces_the_container() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "swap",
        "containers: [{name: c, image: 'nginx:1.26'}]",
    );
    cluster.run_for(secs(10));
    let mut object = pod(&mut cluster, "swap");
    object["spec"]["containers"][0]["image"] = json!("nginx:1.27");
    let put = Request::new(Method::Put, path("swap")).with_body(object);
    assert!(cluster.request(&put).is_success());
    cluster.run_for(secs(10));
    let swapped = pod(&mut cluster, "swap");
    assert_eq!(container(&swapped)["image"], "docker.io/library/nginx:1.27");
    assert_eq!(container(&swapped)["restartCount"], 1);
    let all = events(&mut cluster, "swap");
    let changed = "Container c definition changed, will be restarted";
    assert!(all.iter().any(|(_, m)| m == changed), "{all:?}");
}

#[test]
fn a_mirror_pod_comes_back() {
    let mut cluster = simulated();
    let path = "/api/v1/namespaces/kube-system/pods/etcd-control-plane";
    let before = get(&mut cluster, path);
    assert!(
        cluster
            .request(&Request::new(Method::Delete, path))
            .is_success()
    );
    cluster.run_for(secs(1));
    let after = get(&mut cluster, path);
    assert_ne!(before["metadata"]["uid"], after["metadata"]["uid"]);
    assert_eq!(after["status"]["phase"], "Running");
    assert_eq!(container(&after)["restartCount"], 0);
}

#[test]
fn one_end_may_start_all_containers_anew() {
    let mut cluster = simulated();
    let spec = "restartPolicy: Never, \
        volumes: [{name: v, emptyDir: {}}], \
        initContainers: [{name: i, image: busybox, command: [sh, -c, 'echo again >> /v/i'], volumeMounts: [{name: v, mountPath: /v}]}], \
        containers: [\
          {name: c, image: busybox, command: [sh, -c, 'if [ $(wc -l < /v/i) = 1 ]; then sleep 30; exit 42; fi; sleep 30'], \
           volumeMounts: [{name: v, mountPath: /v}], restartPolicy: Never, \
           restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [42]}}]}, \
          {name: side, image: busybox, command: [sh, -c, 'sleep 60'], \
           lifecycle: {preStop: {exec: {command: [sleep, '20']}}}}]";
    run(&mut cluster, "p", spec);
    cluster.run_for(secs(20));
    let before = pod(&mut cluster, "p");
    let state = |pod: &Value| {
        let all = pod["status"]["conditions"].as_array();
        let mut all = all.into_iter().flatten();
        let found = all.find(|c| c["type"] == "AllContainersRestarting");
        found.map(|c| c["status"].clone())
    };
    assert_eq!(state(&before), Some(json!("False")));
    // It ends, and the other one is stopped at once, whatever its hook would do.
    let told = (0..100).any(|_| {
        cluster.run_for(millis(200));
        state(&pod(&mut cluster, "p")) == Some(json!("True"))
    });
    assert!(told, "{}", pod(&mut cluster, "p")["status"]);
    cluster.run_for(secs(10));
    let now = pod(&mut cluster, "p");
    assert_eq!(state(&now), Some(json!("False")));
    assert_eq!(now["status"]["phase"], "Running");
    assert_eq!(now["status"]["podIP"], before["status"]["podIP"]);
    let statuses = &now["status"]["containerStatuses"];
    for (i, code) in [42, 137].into_iter().enumerate() {
        let status = &statuses[i];
        assert_eq!(status["restartCount"], 1, "{status}");
        assert_eq!(status["lastState"]["terminated"]["exitCode"], code);
        assert_eq!(status["ready"], true, "{status}");
    }
    assert_eq!(now["status"]["initContainerStatuses"][0]["restartCount"], 1);
    // The next ends are no matter for the rule.
    cluster.run_for(secs(90));
    let now = pod(&mut cluster, "p");
    assert_eq!(now["status"]["phase"], "Succeeded");
    assert_eq!(state(&now), Some(json!("False")));
}
