//! How pods start: init containers, sidecars, hooks, configuration, refusals, images.

use kubarium::apiserver::{Body, Request};
use kubarium::cluster::Cluster;
use kubarium::sim::{millis, secs};
use serde_json::Value;

use super::{condition, container, events, message, pod, reasons, run, simulated};
use crate::common::{created, get};

#[test]
fn init_containers_run_in_order() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "init",
        "volumes: [{name: html, emptyDir: {}}], \
         initContainers: [{name: first, image: busybox, command: [sh, -c, 'sleep 3; echo hello from init > /work/index.html'], volumeMounts: [{name: html, mountPath: /work}]}, \
         {name: second, image: busybox, command: [sleep, '2']}], \
         containers: [{name: web, image: nginx, volumeMounts: [{name: html, mountPath: /usr/share/nginx/html}], \
         readinessProbe: {exec: {command: [sh, -c, 'curl -s localhost | grep -q init']}}}]",
    );
    cluster.run_for(millis(2500));
    let early = pod(&mut cluster, "init");
    assert_eq!(early["status"]["phase"], "Pending");
    assert_eq!(
        condition(&early, "Initialized")["reason"],
        "ContainersNotInitialized"
    );
    assert_eq!(
        condition(&early, "Initialized")["message"],
        "containers with incomplete status: [first second]"
    );
    assert_eq!(
        container(&early)["state"]["waiting"]["reason"],
        "PodInitializing"
    );
    let init = &early["status"]["initContainerStatuses"];
    assert!(init[0]["state"]["running"].is_object(), "{init}");
    assert!(init[1]["state"]["waiting"].is_object(), "{init}");
    cluster.run_for(secs(30));
    let late = pod(&mut cluster, "init");
    assert_eq!(late["status"]["phase"], "Running");
    assert_eq!(condition(&late, "Initialized")["status"], "True");
    let init = &late["status"]["initContainerStatuses"];
    assert_eq!(init[0]["state"]["terminated"]["reason"], "Completed");
    assert_eq!(init[0]["ready"], true);
    // What the first wrote, nginx serves.
    assert_eq!(container(&late)["ready"], true);
}

#[test]
fn an_init_container_that_fails_is_tried_again_or_fails_the_pod() {
    let mut cluster = simulated();
    let init = "initContainers: [{name: i, image: busybox, command: [sh, -c, 'exit 1']}], containers: [{name: c, image: nginx}]";
    run(&mut cluster, "again", init);
    run(
        &mut cluster,
        "never",
        &format!("restartPolicy: Never, {init}"),
    );
    cluster.run_for(secs(25));
    let again = pod(&mut cluster, "again");
    assert_eq!(again["status"]["phase"], "Pending");
    let status = &again["status"]["initContainerStatuses"][0];
    assert!(status["restartCount"].as_i64() >= Some(1), "{status}");
    let never = pod(&mut cluster, "never");
    assert_eq!(never["status"]["phase"], "Failed");
    assert_eq!(
        container(&never)["state"]["waiting"]["reason"],
        "PodInitializing"
    );
}

#[test]
fn sidecars_start_first_and_stop_last() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "side",
        "restartPolicy: Never, \
         initContainers: [{name: proxy, image: nginx, restartPolicy: Always, startupProbe: {httpGet: {port: 80, path: /}, periodSeconds: 1}}], \
         containers: [{name: work, image: busybox, command: [sh, -c, 'wget -qO- localhost > /dev/null && sleep 5']}]",
    );
    cluster.run_for(secs(8));
    let both = pod(&mut cluster, "side");
    assert_eq!(both["status"]["phase"], "Running");
    assert_eq!(both["status"]["initContainerStatuses"][0]["ready"], true);
    assert_eq!(condition(&both, "Ready")["status"], "True");
    cluster.run_for(secs(10));
    let done = pod(&mut cluster, "side");
    assert_eq!(done["status"]["phase"], "Succeeded", "{}", done["status"]);
    assert_eq!(condition(&done, "Ready")["reason"], "PodCompleted");
    assert_eq!(
        message(&mut cluster, "side", "Killing"),
        "Stopping container proxy"
    );
}

#[test]
fn what_ends_well_completes() {
    let mut cluster = simulated();
    let spec = |policy: &str, code: i32| {
        format!(
            "restartPolicy: {policy}, containers: [{{name: c, image: busybox, command: [sh, -c, 'sleep 1; exit {code}']}}]"
        )
    };
    run(&mut cluster, "good", &spec("Never", 0));
    run(&mut cluster, "bad", &spec("Never", 7));
    run(&mut cluster, "retried", &spec("OnFailure", 7));
    cluster.run_for(secs(10));
    let good = pod(&mut cluster, "good");
    assert_eq!(good["status"]["phase"], "Succeeded");
    assert_eq!(
        container(&good)["state"]["terminated"]["reason"],
        "Completed"
    );
    assert_eq!(
        condition(&good, "PodReadyToStartContainers")["status"],
        "False"
    );
    let bad = pod(&mut cluster, "bad");
    assert_eq!(bad["status"]["phase"], "Failed");
    assert_eq!(container(&bad)["state"]["terminated"]["exitCode"], 7);
    let retried = pod(&mut cluster, "retried");
    assert_eq!(retried["status"]["phase"], "Running");
    assert!(container(&retried)["restartCount"].as_i64() >= Some(1));
}

#[test]
fn what_a_container_needs_is_waited_for() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "env",
        "containers: [{name: c, image: busybox, command: [sh, -c, 'echo $GREETING; sleep infinity'], \
         env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: words, key: hello}}}]}]",
    );
    run(
        &mut cluster,
        "volume",
        "volumes: [{name: v, configMap: {name: words}}], containers: [{name: c, image: nginx, volumeMounts: [{name: v, mountPath: /v}]}]",
    );
    cluster.run_for(secs(10));
    let waits = pod(&mut cluster, "env");
    let waiting = &container(&waits)["state"]["waiting"];
    assert_eq!(waiting["reason"], "CreateContainerConfigError");
    assert_eq!(waiting["message"], "configmap \"words\" not found");
    assert_eq!(
        message(&mut cluster, "env", "Failed"),
        "Error: configmap \"words\" not found"
    );
    let mounts = pod(&mut cluster, "volume");
    assert_eq!(
        container(&mounts)["state"]["waiting"]["reason"],
        "ContainerCreating"
    );
    assert_eq!(
        message(&mut cluster, "volume", "FailedMount"),
        "MountVolume.SetUp failed for volume \"v\" : configmap \"words\" not found"
    );
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: words}, data: {other: x}}",
    );
    cluster.run_for(secs(30));
    assert_eq!(pod(&mut cluster, "volume")["status"]["phase"], "Running");
    let waits = pod(&mut cluster, "env");
    assert_eq!(
        container(&waits)["state"]["waiting"]["message"],
        "couldn't find key hello in ConfigMap default/words"
    );
}

#[test]
fn hooks_run_after_the_start() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "hooked",
        "containers: [{name: c, image: nginx, lifecycle: {postStart: {exec: {command: [sh, -c, 'sleep 4; touch /tmp/done']}}}}]",
    );
    run(
        &mut cluster,
        "broken",
        "containers: [{name: c, image: nginx, imagePullPolicy: IfNotPresent, lifecycle: {postStart: {exec: {command: [sh, -c, 'exit 9']}}}}]",
    );
    cluster.run_for(secs(5));
    let early = pod(&mut cluster, "hooked");
    assert_eq!(
        container(&early)["state"]["waiting"]["reason"],
        "ContainerCreating"
    );
    cluster.run_for(secs(5));
    assert_eq!(container(&pod(&mut cluster, "hooked"))["ready"], true);
    assert!(message(&mut cluster, "broken", "FailedPostStartHook").contains("exited with 9"));
    assert!(reasons(&mut cluster, "broken").contains(&"Killing".to_owned()));
    assert!(container(&pod(&mut cluster, "broken"))["restartCount"].as_i64() >= Some(1));
}

#[test]
fn a_full_node_refuses_pods() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "large",
        "containers: [{name: c, image: nginx, resources: {requests: {cpu: 5}}}]",
    );
    cluster.run_for(secs(2));
    let refused = pod(&mut cluster, "large");
    assert_eq!(refused["status"]["phase"], "Failed");
    assert_eq!(refused["status"]["reason"], "OutOfcpu");
    // What pods of the system use there is theirs.
    let told = message(&mut cluster, "large", "OutOfcpu");
    assert!(told.starts_with("Node didn't have enough resource: cpu, requested: 5000, used: "));
    assert!(told.ends_with(", capacity: 4000"), "{told}");
    assert_eq!(
        refused["status"]["message"],
        format!("Pod was rejected: {told}")
    );
    run(
        &mut cluster,
        "elsewhere",
        "nodeSelector: {disk: ssd}, containers: [{name: c, image: nginx}]",
    );
    cluster.run_for(secs(2));
    assert_eq!(
        pod(&mut cluster, "elsewhere")["status"]["reason"],
        "NodeAffinity"
    );
}

#[test]
fn images_that_cannot_be_are_named() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "upper",
        "containers: [{name: c, image: 'Nginx:1'}]",
    );
    run(
        &mut cluster,
        "absent",
        "containers: [{name: c, image: 'acme/x:1', imagePullPolicy: Never}]",
    );
    run(
        &mut cluster,
        "typo",
        "containers: [{name: c, image: 'nginx:1.161x'}]",
    );
    run(
        &mut cluster,
        "exec",
        "containers: [{name: c, image: nginx, command: [no-such-program]}]",
    );
    cluster.run_for(secs(8));
    let waiting = |cluster: &mut _, name: &str| {
        container(&pod(cluster, name))["state"]["waiting"]["reason"].clone()
    };
    assert_eq!(waiting(&mut cluster, "upper"), "InvalidImageName");
    assert_eq!(waiting(&mut cluster, "absent"), "ErrImageNeverPull");
    assert_eq!(
        message(&mut cluster, "absent", "ErrImageNeverPull"),
        "Container image \"acme/x:1\" is not present with pull policy of Never"
    );
    assert_eq!(waiting(&mut cluster, "typo"), "ImagePullBackOff");
    let started = pod(&mut cluster, "exec");
    let last = match container(&started)["lastState"]["terminated"].is_object() {
        true => &container(&started)["lastState"]["terminated"],
        false => &container(&started)["state"]["terminated"],
    };
    assert_eq!(last["reason"], "StartError", "{}", container(&started));
    assert_eq!(last["exitCode"], 128);
    let all = events(&mut cluster, "exec");
    let missing = "exec: \"no-such-program\": executable file not found in $PATH";
    assert!(
        all.iter()
            .any(|(r, m)| r == "Failed" && m.ends_with(missing)),
        "{all:?}"
    );
}

#[test]
fn two_runs_are_the_same() {
    let run = || {
        let mut cluster = simulated();
        run(&mut cluster, "a", "containers: [{name: c, image: redis}]");
        cluster.run_for(secs(60));
        cluster.kernel().trace.hash()
    };
    assert_eq!(run(), run());
}

#[test]
fn the_node_says_what_it_is() {
    let mut cluster = simulated();
    let node = get(&mut cluster, "/api/v1/nodes/worker-1");
    assert_eq!(node["spec"]["podCIDR"], "10.244.1.0/24");
    assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], "v1.36.2");
    assert_eq!(
        node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"],
        10250
    );
    assert_eq!(condition(&node, "Ready")["status"], "True");
    let heartbeat = condition(&node, "Ready")["lastHeartbeatTime"].clone();
    // Without changes the status is written every five minutes.
    cluster.run_for(secs(310));
    let node = get(&mut cluster, "/api/v1/nodes/worker-1");
    assert_ne!(condition(&node, "Ready")["lastHeartbeatTime"], heartbeat);
    let control = get(&mut cluster, "/api/v1/nodes/control-plane");
    assert_eq!(
        control["spec"]["taints"][0]["key"],
        "node-role.kubernetes.io/control-plane"
    );
}

/// What the container `c` of a pod has said.
fn said(cluster: &mut Cluster, name: &str) -> Value {
    let path = format!("/api/v1/namespaces/default/pods/{name}/log");
    let request = Request::get(path).with_query("container", "c");
    match cluster.request(&request).body {
        Body::Text(text) => text.into(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn a_pod_says_what_its_host_is_called() {
    let mut cluster = simulated();
    for (name, more, hostname, hosts) in [
        ("plain", "", "plain", "plain"),
        (
            "own",
            "hostname: web, subdomain: sub, ",
            "web",
            "web.sub.default.svc.cluster.local\tweb",
        ),
        (
            "whole",
            "hostname: web, subdomain: sub, setHostnameAsFQDN: true, ",
            "web.sub.default.svc.cluster.local",
            "web.sub.default.svc.cluster.local\tweb",
        ),
        (
            "other",
            "hostnameOverride: my.host, subdomain: sub, ",
            "my.host",
            "my.host",
        ),
    ] {
        let script = "hostname; tail -n 1 /etc/hosts | cut -f 2-; sleep 999";
        let spec = format!(
            "{more}containers: [{{name: c, image: busybox, command: [sh, -c, '{script}']}}]"
        );
        run(&mut cluster, name, &spec);
        cluster.run_for(secs(20));
        assert_eq!(
            said(&mut cluster, name),
            format!("{hostname}\n{hosts}\n"),
            "{name}"
        );
    }
}

#[test]
fn a_variable_comes_from_a_file() {
    let mut cluster = simulated();
    let with = |script: &str, key: &str| {
        let script = Value::from(script);
        format!(
            "volumes: [{{name: v, emptyDir: {{}}}}], \
             initContainers: [{{name: i, image: busybox, command: [sh, -c, {script}], \
               volumeMounts: [{{name: v, mountPath: /v}}]}}], \
             containers: [{{name: c, image: busybox, command: [sh, -c, 'echo $A; sleep 999'], \
               env: [{{name: A, valueFrom: {{fileKeyRef: {{volumeName: v, path: a.env, {key}}}}}}}]}}]"
        )
    };
    let good = "echo \"A='one'\" > /v/a.env";
    run(&mut cluster, "good", &with(good, "key: A"));
    run(
        &mut cluster,
        "optional",
        &with(good, "key: B, optional: true"),
    );
    run(
        &mut cluster,
        "none",
        &with("true", "key: B, optional: true"),
    );
    run(&mut cluster, "missing", &with(good, "key: B"));
    run(
        &mut cluster,
        "bare",
        &with("echo A=one > /v/a.env", "key: A"),
    );
    cluster.run_for(secs(30));
    assert_eq!(said(&mut cluster, "good"), "one\n");
    assert_eq!(said(&mut cluster, "optional"), "\n");
    assert_eq!(said(&mut cluster, "none"), "\n");
    for (name, message) in [
        (
            "missing",
            "environment variable key \"B\" not found in file \"a.env\"",
        ),
        ("bare", "couldn't parse env file"),
    ] {
        let now = pod(&mut cluster, name);
        let waiting = &now["status"]["containerStatuses"][0]["state"]["waiting"];
        assert_eq!(waiting["reason"], "CreateContainerConfigError", "{name}");
        assert_eq!(waiting["message"], message, "{name}");
    }
}
