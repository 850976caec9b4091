//! Whole tutorials, typed from their first command to their last, on the cluster that the page opens
//! on. Names, ages, addresses and versions are those of this cluster; where the words are not those
//! of the tutorial, docs/fidelity.md says why.

use super::Bench;

const NGINX: &str =
    "{image: 'nginx:1.9.1', name: nginx, ports: [{containerPort: 80, protocol: TCP}]}";

fn pod(name: &str, labels: &str, selector: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n{labels}spec:\n{selector}  containers:\n  - {NGINX}\n"
    )
}

fn of_apps(kind: &str, name: &str, app: &str, more: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{more}  selector: {{matchLabels: {{app: {app}}}}}\n  template:\n    metadata: {{labels: {{app: {app}}}}}\n    spec: {spec}\n"
    )
}

/// Pods, labels, selectors, namespaces, ReplicaSets, DaemonSets, Jobs.
#[test]
fn pods_labels_and_controllers() {
    let manual = pod("nginx-manual", "", "");
    let labels = "  labels: {creation_method: manual, rel: beta}\n";
    let labelled = pod("nginx-manual-v2", labels, "");
    let gpu = pod("nginx-gpu", "", "  nodeSelector: {gpu: 'true'}\n");
    let rs = of_apps(
        "ReplicaSet",
        "nginx",
        "nginx",
        "  replicas: 3\n",
        "{containers: [{name: nginx, image: 'nginx:1.9.1'}]}",
    );
    let mysql = of_apps(
        "DaemonSet",
        "mysql-ds",
        "mysql",
        "",
        "{containers: [{name: mysql, image: 'mysql:5.7', env: [{name: MYSQL_ROOT_PASSWORD, value: Az123456_}]}]}",
    );
    let tomcat = of_apps(
        "DaemonSet",
        "tomcat-ssd",
        "tomcat",
        "",
        "{nodeSelector: {disk1: ssd1}, containers: [{name: tomcat, image: 'kubeguide/tomcat-app:v1'}]}",
    );
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: batch-job}\nspec:\n  template:\n    metadata: {labels: {app: batch-job}}\n    spec: {restartPolicy: OnFailure, containers: [{name: main, image: luksa/batch-job}]}\n";
    let many = |name: &str, spec: &str| {
        job.replace(
            "name: batch-job}\nspec:\n",
            &format!("name: {name}}}\nspec:\n{spec}"),
        )
    };
    let ten = many("ten", "  completions: 10\n");
    let three = many("three", "  completions: 10\n  parallelism: 3\n");
    let expressions = "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: nginx-expressions}\nspec:\n  selector:\n    matchExpressions:\n    - {key: app, operator: In, values: [nginx]}\n  template:\n    metadata: {labels: {app: nginx}}\n    spec: {containers: [{name: nginx, image: 'nginx:1.9.1'}]}\n";
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: test1-namespace}\n";
    let mut bench = Bench::full(&[
        ("nginx-manual.yaml", &manual),
        ("nginx-manual-with-labels.yaml", &labelled),
        ("nginx-gpu.yaml", &gpu),
        ("test1-namespace.yaml", namespace),
        ("nginx-replicaset.yaml", &rs),
        ("mysql-ds.yaml", &mysql),
        ("tomcat-ssd.yaml", &tomcat),
        ("sleep.yaml", job),
        ("ten.yaml", &ten),
        ("three.yaml", &three),
        ("nginx-expressions.yaml", expressions),
    ]);
    bench.check(include_str!("tutorials/pods.txt"));
}

/// The components, etcd, edits, Services, rolling updates, static pods, kinds, finalizers.
#[test]
fn components_and_objects() {
    let nginx = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: nginx\n  labels:\n    app: web\nspec:\n  containers:\n  - name: nginx\n    image: nginx\n    ports:\n    - containerPort: 80\n";
    let deployment = of_apps(
        "Deployment",
        "nginx-deployment",
        "nginx",
        "  replicas: 1\n",
        "{containers: [{name: nginx, image: nginx}]}",
    );
    let volume = "apiVersion: v1\nkind: Pod\nmetadata: {name: nginx-volume}\nspec:\n  containers:\n  - {image: nginx, name: nginx, volumeMounts: [{name: data, mountPath: /data}]}\n  volumes: [{name: data, emptyDir: {}}]\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: nginx}\nspec:\n  selector: {app: nginx}\n  ports: [{protocol: TCP, port: 8078, targetPort: 80}]\n";
    let mut bench = Bench::full(&[
        ("nginx.yaml", nginx),
        ("nginx-deployment.yaml", &deployment),
        ("nginx-volume.yaml", volume),
        ("nginx-service.yaml", service),
    ]);
    bench.check(include_str!("tutorials/components.txt"));
}

fn controller(name: &str, image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ReplicationController\nmetadata: {{name: {name}}}\nspec:\n  replicas: 1\n  selector: {{app: {name}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: [{{name: {name}, image: {image}, env: [{{name: MYSQL_ROOT_PASSWORD, value: '123456'}}]}}]}}\n"
    )
}

/// A pod's phase, as it stands in its status.
#[test]
fn a_pod_that_runs() {
    let mut bench = Bench::full(&[
        ("mysql-rc.yaml", &controller("mysql", "mysql")),
        (
            "myweb-rc.yaml",
            &controller("myweb", "'kubeguide/tomcat-app:v1'"),
        ),
    ]);
    bench.check(include_str!("tutorials/first.txt"));
}

/// Where to look when a pod does not do what it should, with the names as the tutorial leaves them open, too.
#[test]
fn steps_of_troubleshooting() {
    let mut bench = Bench::full(&[("mysql-rc.yaml", &controller("mysql", "mysql"))]);
    bench.check(include_str!("tutorials/troubleshooting.txt"));
}

/// A pod for every state that tables of tutorials name.
const STATES: &str = "\
{apiVersion: v1, kind: Pod, metadata: {name: done}, spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [sh, -c, exit 0]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: failed}, spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [sh, -c, exit 3]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: loop}, spec: {containers: [{name: c, image: busybox, command: [sh, -c, exit 1]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: onfailure}, spec: {restartPolicy: OnFailure, volumes: [{name: v, emptyDir: {}}], containers: [{name: c, image: busybox, volumeMounts: [{name: v, mountPath: /v}], command: [sh, -c, 'test -f /v/x || { touch /v/x; exit 1; }']}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: noimage}, spec: {containers: [{name: c, image: 'nginx:nosuchtag'}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: nowhere}, spec: {nodeSelector: {no: where}, containers: [{name: c, image: nginx}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: c, image: nginx}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: broken}, spec: {containers: [{name: c, image: nginx, envFrom: [{configMapRef: {name: none}}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: forbidden}, spec: {securityContext: {sysctls: [{name: kernel.msgmax, value: '65536'}]}, containers: [{name: c, image: nginx}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: starved}, spec: {restartPolicy: Never, containers: [{name: c, image: nginx, resources: {limits: {memory: 2Mi}}}]}}
";

/// Phases, restart policies, and the words of the column STATUS.
#[test]
fn states_have_their_words() {
    let mut bench = Bench::full(&[("states.yaml", STATES)]);
    bench.check(include_str!("tutorials/states.txt"));
}
