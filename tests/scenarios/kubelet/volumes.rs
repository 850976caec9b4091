//! What containers see of their volumes, and as whom they run.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use kubarium::sim::{millis, secs};
use serde_json::{Value, json};

use super::{container, message, pod, run, simulated};
use crate::common::{created, get, json_of};

/// Runs a script in the first container of a pod; what it prints.
fn exec(cluster: &mut Cluster, name: &str, script: &str) -> String {
    exec_in(cluster, name, "", script)
}

/// The same in a container that is named.
fn exec_in(cluster: &mut Cluster, name: &str, container: &str, script: &str) -> String {
    let path = format!("/api/v1/namespaces/default/pods/{name}/exec");
    let mut request = Request::new(Method::Post, path.clone());
    if !container.is_empty() {
        request = request.with_query("container", container);
    }
    for word in ["sh", "-c", script] {
        request = request.with_query("command", word);
    }
    let started = json_of(cluster.request(&request));
    let session = started["session"].to_string();
    cluster.run_for(millis(100));
    let state = get_with(cluster, &path, &session);
    assert!(state["exitCode"].is_i64(), "{started} {state}");
    let text = |name: &str| state[name].as_str().unwrap_or_default().to_owned();
    text("stdout") + &text("stderr")
}

fn get_with(cluster: &mut Cluster, path: &str, session: &str) -> Value {
    json_of(cluster.request(&Request::get(path).with_query("session", session)))
}

fn patch(cluster: &mut Cluster, path: &str, body: Value) {
    let mut request = Request::new(Method::Patch, path).with_body(body);
    request.content_type = "application/merge-patch+json";
    let response = cluster.request(&request);
    assert!(response.is_success(), "{:?}", response.body);
}

#[test]
fn config_maps_follow_changes_but_not_in_parts() {
    let mut cluster = simulated();
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: words}, data: {a: one, b: two}}",
    );
    run(
        &mut cluster,
        "box",
        "volumes: [{name: all, configMap: {name: words}}, {name: some, configMap: {name: words, items: [{key: b, path: deep/b}]}}], \
         containers: [{name: c, image: busybox, command: [sleep, infinity], volumeMounts: [{name: all, mountPath: /all}, \
         {name: some, mountPath: /some}, {name: all, mountPath: /etc/part, subPath: a}]}]",
    );
    cluster.run_for(secs(10));
    let script = "cat /all/a /some/deep/b /etc/part; ls /all; echo x > /all/a";
    assert_eq!(
        exec(&mut cluster, "box", script),
        "onetwoonea\nb\nsh: can't create /all/a: Read-only file system\n"
    );
    patch(
        &mut cluster,
        "/api/v1/namespaces/default/configmaps/words",
        json!({ "data": { "a": "ONE", "c": "three" } }),
    );
    cluster.run_for(secs(30));
    assert_eq!(exec(&mut cluster, "box", "cat /all/a"), "one");
    cluster.run_for(secs(70));
    assert_eq!(
        exec(&mut cluster, "box", "cat /all/a /all/c /etc/part"),
        "ONEthreeone"
    );
}

#[test]
fn a_key_that_is_not_there_is_waited_for() {
    let mut cluster = simulated();
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: one}}",
    );
    run(
        &mut cluster,
        "box",
        "volumes: [{name: v, secret: {secretName: s, items: [{key: b, path: b}]}}], \
         containers: [{name: c, image: nginx, volumeMounts: [{name: v, mountPath: /v}]}]",
    );
    cluster.run_for(secs(10));
    assert_eq!(
        message(&mut cluster, "box", "FailedMount"),
        "MountVolume.SetUp failed for volume \"v\" : references non-existent secret key: b"
    );
}

#[test]
fn no_repositories_are_cloned() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "box",
        "volumes: [{name: v, gitRepo: {repository: 'https://example.com/x'}}], \
         containers: [{name: c, image: nginx, volumeMounts: [{name: v, mountPath: /v}]}]",
    );
    cluster.run_for(secs(10));
    assert_eq!(
        message(&mut cluster, "box", "FailedMount"),
        "MountVolume.SetUp failed for volume \"v\" : git-repo volume plugin has been disabled; if necessary, it may \
         be re-enabled by enabling the feature-gate `GitRepoVolumeDriver`"
    );
}

#[test]
fn pods_of_a_node_share_its_files() {
    let mut cluster = simulated();
    let spec = |script: &str, type_: &str| {
        format!(
            "volumes: [{{name: v, hostPath: {{path: /data/x, type: {type_}}}}}], containers: [{{name: c, image: busybox, \
             command: [sh, -c, '{script}; sleep infinity'], volumeMounts: [{{name: v, mountPath: /v}}]}}]"
        )
    };
    run(&mut cluster, "strict", &spec("true", "Directory"));
    cluster.run_for(secs(5));
    assert_eq!(
        message(&mut cluster, "strict", "FailedMount"),
        "MountVolume.SetUp failed for volume \"v\" : hostPath type check failed: /data/x is not a directory"
    );
    run(
        &mut cluster,
        "writer",
        &spec("echo kept > /v/f", "DirectoryOrCreate"),
    );
    cluster.run_for(secs(10));
    run(&mut cluster, "reader", &spec("true", "Directory"));
    cluster.run_for(secs(10));
    assert_eq!(exec(&mut cluster, "reader", "cat /v/f"), "kept\n");
    // With the folder there, the first pod starts too.
    cluster.run_for(secs(60));
    assert_eq!(pod(&mut cluster, "strict")["status"]["phase"], "Running");
}

#[test]
fn an_empty_folder_is_shared_by_the_containers_and_goes_with_the_pod() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "box",
        "volumes: [{name: v, emptyDir: {}}], containers: [\
         {name: a, image: busybox, command: [sh, -c, 'cat /in/f; sleep infinity'], volumeMounts: [{name: v, mountPath: /in, readOnly: true}]}, \
         {name: b, image: busybox, command: [sh, -c, 'echo hi > /out/f; sleep infinity'], volumeMounts: [{name: v, mountPath: /out}]}]",
    );
    cluster.run_for(secs(10));
    let path = "/api/v1/namespaces/default/pods/box/exec";
    let request = Request::new(Method::Post, path)
        .with_query("container", "a")
        .with_query("command", "sh")
        .with_query("command", "-c")
        .with_query("command", "cat /in/f; touch /in/g");
    let started = json_of(cluster.request(&request));
    let state = get_with(&mut cluster, path, &started["session"].to_string());
    assert_eq!(state["stdout"], "hi\n");
    assert_eq!(state["stderr"], "touch: /in/g: Read-only file system\n");
}

#[test]
fn containers_fetch_each_others_pages() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "pair",
        "volumes: [{name: pages, emptyDir: {}}], \
         containers: [{name: writer, image: busybox, command: [sleep, infinity], volumeMounts: [{name: pages, mountPath: /pages}]}, \
         {name: web, image: nginx, volumeMounts: [{name: pages, mountPath: /usr/share/nginx/html}]}]",
    );
    run(
        &mut cluster,
        "plain",
        "containers: [{name: asks, image: busybox, command: [sleep, infinity]}, {name: web, image: nginx}]",
    );
    cluster.run_for(secs(10));
    let script = "echo hi > /pages/index.html; wget -qO- 127.0.0.1; wget -qO- localhost/nosuch";
    assert_eq!(
        exec_in(&mut cluster, "pair", "writer", script),
        "hi\nwget: server returned error: HTTP/1.1 404 Not Found\n"
    );
    let page = exec_in(
        &mut cluster,
        "plain",
        "asks",
        "wget -qO- 127.0.0.1 | grep title",
    );
    assert!(page.contains("Welcome to nginx!"), "{page}");
}

#[test]
fn who_a_container_runs_as() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "plain",
        "securityContext: {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000}, containers: [{name: c, image: busybox, \
         command: [sh, -c, sleep 1h], securityContext: {readOnlyRootFilesystem: true}}]",
    );
    run(
        &mut cluster,
        "rootless",
        "securityContext: {runAsNonRoot: true}, containers: [{name: c, image: nginx}]",
    );
    run(
        &mut cluster,
        "tuned",
        "securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: '0'}, {name: kernel.msgmax, value: '65536'}]}, \
         containers: [{name: c, image: nginx}]",
    );
    cluster.run_for(secs(10));
    assert_eq!(
        exec(&mut cluster, "plain", "id; ps; touch /f"),
        "uid=1000 gid=3000 groups=3000,2000\nPID   USER     TIME  COMMAND\n    1 1000     0:00 sh -c sleep 1h\n    \
         9 1000     0:00 ps\ntouch: /f: Read-only file system\n"
    );
    let waits = pod(&mut cluster, "rootless");
    let uid = waits["metadata"]["uid"].as_str().unwrap_or_default();
    let waiting = &container(&waits)["state"]["waiting"];
    assert_eq!(waiting["reason"], "CreateContainerConfigError");
    assert_eq!(
        waiting["message"],
        format!(
            "container has runAsNonRoot and image will run as root (pod: \"rootless_default({uid})\", container: c)"
        )
    );
    let refused = pod(&mut cluster, "tuned");
    assert_eq!(refused["status"]["phase"], "Failed");
    assert_eq!(refused["status"]["reason"], "SysctlForbidden");
    assert_eq!(
        refused["status"]["message"],
        "Pod was rejected: forbidden sysctl: \"kernel.msgmax\" not allowlisted"
    );
}

#[test]
fn images_do_what_their_arguments_say() {
    let mut cluster = simulated();
    for (name, spec) in [
        (
            "echo",
            "image: hashicorp/http-echo, args: ['-text=hello you', '-listen=:8081']",
        ),
        (
            "agn",
            "image: 'registry.k8s.io/e2e-test-images/agnhost:2.53', args: [netexec, --http-port=8085]",
        ),
        ("db", "image: 'mysql:8'"),
        (
            "full",
            "image: 'mysql:8', env: [{name: MYSQL_ROOT_PASSWORD, value: x}]",
        ),
        (
            "py",
            "image: 'python:3', command: [python3, -m, http.server, '9000']",
        ),
    ] {
        run(
            &mut cluster,
            name,
            &format!("containers: [{{name: c, {spec}}}]"),
        );
    }
    run(
        &mut cluster,
        "box",
        "containers: [{name: c, image: curlimages/curl, command: [sleep, infinity]}]",
    );
    cluster.run_for(secs(45));
    let ip = |cluster: &mut Cluster, name: &str| {
        let pod = pod(cluster, name);
        pod["status"]["podIP"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let at = ip(&mut cluster, "echo");
    let log = get(&mut cluster, "/api/v1/namespaces/default/pods/echo/log");
    assert!(
        log.to_string().contains("server is listening on :8081"),
        "{log}"
    );
    assert_eq!(
        exec(&mut cluster, "box", &format!("wget -qO- {at}:8081")),
        "hello you\n"
    );
    let at = ip(&mut cluster, "agn");
    let script = format!("curl -s {at}:8085/hostname; echo; curl -s \"{at}:8085/echo?msg=hi\"");
    assert_eq!(exec(&mut cluster, "box", &script), "agn\nhi");
    let at = ip(&mut cluster, "full");
    assert_eq!(
        exec(
            &mut cluster,
            "box",
            &format!("nc -z {at} 3306 && echo open")
        ),
        "open\n"
    );
    let at = ip(&mut cluster, "py");
    let script = format!("curl -s -o /dev/null -w '%{{http_code}}' {at}:9000/nosuch");
    assert_eq!(exec(&mut cluster, "box", &script), "404");
    let crashed = pod(&mut cluster, "db");
    assert_eq!(
        container(&crashed)["lastState"]["terminated"]["exitCode"],
        1
    );
    let log = get(&mut cluster, "/api/v1/namespaces/default/pods/db/log");
    let log = log.as_str().unwrap_or_default();
    assert!(
        log.contains("[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n    You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n"),
        "{log}"
    );
}

#[test]
fn two_volumes_of_one_claim_are_one_disk() {
    let mut cluster = simulated();
    created(
        &mut cluster,
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, \
         spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}",
    );
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {\
         volumes: [{name: a, persistentVolumeClaim: {claimName: c}}, {name: b, persistentVolumeClaim: {claimName: c}}], \
         containers: [{name: c, image: busybox, command: [sleep, '999'], \
           volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}]}]}}",
    );
    cluster.run_for(secs(30));
    assert_eq!(exec(&mut cluster, "p", "echo hi > /a/x; cat /b/x"), "hi\n");
    // It is kept for the next pod.
    let path = "/api/v1/namespaces/default/pods/p";
    cluster.request(&Request::new(Method::Delete, path));
    cluster.run_for(secs(60));
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {\
         volumes: [{name: b, persistentVolumeClaim: {claimName: c}}], \
         containers: [{name: c, image: busybox, command: [sleep, '999'], volumeMounts: [{name: b, mountPath: /b}]}]}}",
    );
    cluster.run_for(secs(30));
    assert_eq!(exec(&mut cluster, "q", "cat /b/x"), "hi\n");
}

#[test]
fn a_pod_with_resources_of_its_own_tells_its_containers_and_its_readers() {
    let mut cluster = simulated();
    let env = |name: &str, resource: &str| {
        format!("{{name: {name}, valueFrom: {{resourceFieldRef: {{resource: {resource}}}}}}}")
    };
    let spec = format!(
        "resources: {{limits: {{cpu: 2, memory: 100Mi}}}}, containers: [{{name: c, image: busybox, \
         command: [sleep, '999'], env: [{}, {}, {}]}}]",
        env("L", "limits.cpu"),
        env("M", "limits.memory"),
        env("R", "requests.cpu"),
    );
    run(&mut cluster, "p", &spec);
    cluster.run_for(secs(30));
    assert_eq!(exec(&mut cluster, "p", "echo $L $M $R"), "2 104857600 0\n");
    let status = &pod(&mut cluster, "p")["status"];
    let given = json!({"cpu": "2", "memory": "100Mi"});
    assert_eq!(status["allocatedResources"], given);
    assert_eq!(
        status["resources"],
        json!({"limits": given, "requests": given})
    );
}
