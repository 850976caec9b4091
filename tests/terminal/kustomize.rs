//! `kubectl kustomize`, `-k`, and `apply --prune`.

use super::Bench;

const APP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
      - name: c
        image: nginx:1.25
        envFrom:
        - configMapRef: {name: settings}
---
apiVersion: v1
kind: Service
metadata: {name: app}
spec:
  selector: {app: app}
  ports: [{port: 80}]
";

const BASE: &str = "\
resources: [app.yaml]
configMapGenerator:
- name: settings
  literals: [LEVEL=info]
";

const OVERLAY: &str = "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../base]
namePrefix: prod-
namespace: prod
labels:
- pairs: {env: prod}
commonAnnotations: {note: hello}
images:
- {name: nginx, newTag: '1.27'}
replicas:
- {name: app, count: 3}
configMapGenerator:
- name: settings
  behavior: merge
  literals: [EXTRA=yes]
patches:
- path: limits.yaml
- target: {kind: Service}
  patch: |
    - op: replace
      path: /spec/ports/0/port
      value: 8080
";

const LIMITS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  template:
    spec:
      containers:
      - name: c
        resources: {limits: {memory: 64Mi}}
";

fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("base/app.yaml", APP),
        ("base/kustomization.yaml", BASE),
        ("prod/kustomization.yaml", OVERLAY),
        ("prod/limits.yaml", LIMITS),
    ]
}

#[test]
fn an_overlay_changes_its_base() {
    let mut bench = Bench::bare(&files());
    bench.check(
        "\
$ kubectl kustomize prod
apiVersion: v1
data:
  EXTRA: \"yes\"
  LEVEL: info
kind: ConfigMap
metadata:
  annotations:
    note: hello
  labels:
    env: prod
  name: prod-settings-..
  namespace: prod
---
apiVersion: v1
kind: Service
metadata:
  annotations:
    note: hello
  labels:
    env: prod
  name: prod-app
  namespace: prod
spec:
  ports:
  - port: 8080
  selector:
    app: app
---
apiVersion: apps/v1
kind: Deployment
metadata:
  annotations:
    note: hello
  labels:
    env: prod
  name: prod-app
  namespace: prod
spec:
  replicas: 3
  selector:
    matchLabels:
      app: app
  template:
    metadata:
      annotations:
        note: hello
      labels:
        app: app
    spec:
      containers:
      - envFrom:
        - configMapRef:
            name: prod-settings-..
        image: nginx:1.27
        name: c
        resources:
          limits:
            memory: 64Mi
$ kubectl create ns prod
namespace/prod created
$ kubectl apply -k prod
configmap/prod-settings-.. created
service/prod-app created
deployment.apps/prod-app created
$ kubectl get -k prod -o name | tail -1
deployment.apps/prod-app
$ kubectl diff -k prod
$ kubectl delete -k prod
configmap \"prod-settings-..\" deleted from prod namespace
service \"prod-app\" deleted from prod namespace
deployment.apps \"prod-app\" deleted from prod namespace
",
    );
}

#[test]
fn what_is_wrong_with_a_kustomization() {
    let mut bench = Bench::bare(&[
        ("empty/a.yaml", "a: 1\n"),
        ("odd/kustomization.yaml", "resorces: []\n"),
        ("gone/kustomization.yaml", "resources: [nope.yaml]\n"),
        ("round/kustomization.yaml", "resources: [../round]\n"),
        (
            "lost/kustomization.yaml",
            "patches:\n- patch: |\n    apiVersion: v1\n    kind: Pod\n    metadata: {name: x}\n",
        ),
    ]);
    bench.check(
        "\
$ kubectl kustomize empty
error: unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '/root/empty'
exit=1
$ kubectl kustomize odd
error: invalid Kustomization: json: unknown field \"resorces\"
exit=1
$ kubectl kustomize gone
error: accumulating resources: accumulation err='accumulating resources from 'nope.yaml': evalsymlink failure on '/root/gone/nope.yaml' : ..
exit=1
$ kubectl kustomize round
error: ..cycle detected: ..
exit=1
$ kubectl kustomize lost
error: no resource matches strategic merge patch \"Pod.v1.[noGrp]/x.[noNs]\": ..
exit=1
$ kubectl apply -k empty -f web.yaml
error: ..
exit=1
",
    );
}

#[test]
fn what_is_no_longer_there_is_pruned() {
    let both = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {app: x}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, labels: {app: x}}\n";
    let one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {app: x}}\n";
    let mut bench = Bench::bare(&[
        ("both.yaml", both),
        ("one.yaml", one),
        ("d/one.yaml", one),
        ("d/e/both.yaml", both),
    ]);
    bench.check(
        "\
$ kubectl apply -f both.yaml
configmap/a created
configmap/b created
$ kubectl create cm other; kubectl label cm other app=x
configmap/other created
configmap/other labeled
$ kubectl apply -f one.yaml --prune
error: all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector
exit=1
$ kubectl apply -f one.yaml --prune -l app=x --dry-run=server
configmap/a unchanged (server dry run)
configmap/b pruned (server dry run)
Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice
$ kubectl apply -f one.yaml --prune -l app=x --prune-allowlist=core/v1/Secret
configmap/a unchanged
$ kubectl apply -f one.yaml --prune -l app=x
configmap/a unchanged
configmap/b pruned
Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice
$ kubectl get cm -l app=x -o name
configmap/a
configmap/other
$ kubectl apply -f d
configmap/a unchanged
$ kubectl apply -f d/ -R
configmap/a unchanged
configmap/b created
configmap/a unchanged
",
    );
}
