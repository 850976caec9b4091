//! Startup, readiness and liveness probes.

use kubarium::sim::{millis, secs};

use super::{condition, container, events, message, pod, reasons, run, simulated};

#[test]
fn readiness_follows_the_answers() {
    let mut cluster = simulated();
    // Well for 20 seconds, then 503.
    run(
        &mut cluster,
        "shop",
        "containers: [{name: shop, image: 'kubarium/shop:v4', readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 2, failureThreshold: 2}}]",
    );
    cluster.run_for(secs(12));
    let ready = pod(&mut cluster, "shop");
    assert_eq!(condition(&ready, "Ready")["status"], "True");
    assert_eq!(container(&ready)["ready"], true);
    cluster.run_for(secs(20));
    let ill = pod(&mut cluster, "shop");
    assert_eq!(condition(&ill, "Ready")["status"], "False");
    assert_eq!(condition(&ill, "Ready")["reason"], "ContainersNotReady");
    assert_eq!(ill["status"]["phase"], "Running");
    assert_eq!(container(&ill)["restartCount"], 0);
    let all = events(&mut cluster, "shop");
    let unhealthy = "Readiness probe failed: HTTP probe failed with statuscode: 503";
    assert!(
        all.iter().any(|(r, m)| r == "Unhealthy" && m == unhealthy),
        "{all:?}"
    );
    // Before it listened, nobody answered.
    let ip = ill["status"]["podIP"].as_str().unwrap_or_default();
    let refused = format!(
        "Readiness probe failed: Get \"http://{ip}:8080/healthz\": dial tcp {ip}:8080: connect: connection refused"
    );
    assert!(all.iter().any(|(_, m)| *m == refused), "{all:?}");
}

#[test]
fn liveness_restarts_what_the_tutorial_breaks() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "live",
        "containers: [{name: liveness, image: registry.k8s.io/busybox, \
         args: [/bin/sh, -c, 'touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600'], \
         livenessProbe: {exec: {command: [cat, /tmp/healthy]}, initialDelaySeconds: 5, periodSeconds: 5}}]",
    );
    cluster.run_for(secs(30));
    assert!(!reasons(&mut cluster, "live").contains(&"Unhealthy".to_owned()));
    cluster.run_for(secs(22));
    assert_eq!(
        message(&mut cluster, "live", "Unhealthy"),
        "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory\n"
    );
    assert_eq!(
        message(&mut cluster, "live", "Killing"),
        "Container liveness failed liveness probe, will be restarted"
    );
    // A shell as the first process ignores SIGTERM: killed after 30 seconds.
    assert_eq!(container(&pod(&mut cluster, "live"))["restartCount"], 0);
    cluster.run_for(secs(28));
    let again = pod(&mut cluster, "live");
    assert_eq!(container(&again)["restartCount"], 1);
    let last = &container(&again)["lastState"]["terminated"];
    assert_eq!(last["exitCode"], 137);
    assert!(container(&again)["state"]["running"].is_object());
}

#[test]
fn a_startup_probe_holds_the_others_back() {
    let mut cluster = simulated();
    // Needs 25 seconds to start.
    run(
        &mut cluster,
        "slow",
        "containers: [{name: shop, image: 'kubarium/shop:v6', \
         startupProbe: {tcpSocket: {port: 8080}, periodSeconds: 5, failureThreshold: 10}, \
         livenessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 2, failureThreshold: 1}}]",
    );
    cluster.run_for(secs(20));
    let early = pod(&mut cluster, "slow");
    assert_eq!(container(&early)["started"], false);
    assert_eq!(container(&early)["ready"], false);
    cluster.run_for(secs(30));
    let late = pod(&mut cluster, "slow");
    assert_eq!(container(&late)["started"], true);
    assert_eq!(container(&late)["ready"], true);
    assert_eq!(container(&late)["restartCount"], 0);
    let ip = late["status"]["podIP"].as_str().unwrap_or_default();
    assert_eq!(
        message(&mut cluster, "slow", "Unhealthy"),
        format!("Startup probe failed: dial tcp {ip}:8080: connect: connection refused")
    );
}

#[test]
fn a_startup_probe_that_never_succeeds_restarts_the_container() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "never",
        "containers: [{name: c, image: nginx, startupProbe: {httpGet: {path: /nowhere, port: 80}, periodSeconds: 1, failureThreshold: 3}}]",
    );
    cluster.run_for(secs(15));
    assert_eq!(
        message(&mut cluster, "never", "Unhealthy"),
        "Startup probe failed: HTTP probe failed with statuscode: 404"
    );
    assert_eq!(
        message(&mut cluster, "never", "Killing"),
        "Container c failed startup probe, will be restarted"
    );
    let restarts = container(&pod(&mut cluster, "never"))["restartCount"].as_i64();
    assert!(restarts >= Some(1));
}

#[test]
fn slow_answers_and_commands_time_out() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "late",
        "containers: [{name: c, image: nginx, readinessProbe: {exec: {command: [sleep, '5']}, timeoutSeconds: 2}}]",
    );
    cluster.run_for(secs(20));
    assert_eq!(
        message(&mut cluster, "late", "Unhealthy"),
        "Readiness probe failed: command \"sleep 5\" timed out"
    );
}

#[test]
fn readiness_gates_are_waited_for() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "gated",
        "readinessGates: [{conditionType: example.com/ok}], containers: [{name: c, image: nginx}]",
    );
    cluster.run_for(secs(15));
    let waits = pod(&mut cluster, "gated");
    assert_eq!(condition(&waits, "ContainersReady")["status"], "True");
    assert_eq!(
        condition(&waits, "Ready")["reason"],
        "ReadinessGatesNotReady"
    );
    assert_eq!(
        condition(&waits, "Ready")["message"],
        "corresponding condition of pod readiness gate \"example.com/ok\" does not exist."
    );
    let mut object = waits;
    let conditions = object["status"]["conditions"].as_array_mut();
    if let Some(conditions) = conditions {
        conditions.push(serde_json::json!({"type": "example.com/ok", "status": "True"}));
    }
    let path = "/api/v1/namespaces/default/pods/gated/status";
    let request = kubarium::apiserver::Request::new(kubarium::apiserver::Method::Put, path);
    assert!(cluster.request(&request.with_body(object)).is_success());
    cluster.run_for(millis(100));
    let ready = pod(&mut cluster, "gated");
    assert_eq!(condition(&ready, "Ready")["status"], "True");
    assert_eq!(condition(&ready, "example.com/ok")["status"], "True");
}
