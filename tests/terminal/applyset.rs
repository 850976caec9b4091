//! `kubectl apply --applyset`, and `kubectl explain` of what a definition brings.

use super::Bench;

const A: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n";
const B: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n";

#[test]
fn an_object_tells_what_is_applied_together() {
    let both = format!("{A}---\n{B}");
    let mut bench = Bench::bare(&[("both.yaml", &both), ("one.yaml", A)]);
    bench.check(
        r#"
$ kubectl apply -f both.yaml --applyset=set --prune
error: unknown flag: --applyset
See 'kubectl apply --help' for usage.
exit=1
$ export KUBECTL_APPLYSET=true; kubectl apply -f both.yaml --applyset=set --prune
configmap/a created
configmap/b created
$ kubectl get secret set -o jsonpath='{.metadata.annotations}{"\n"}{.metadata.labels}{"\n"}'
{"applyset.kubernetes.io/additional-namespaces":"","applyset.kubernetes.io/contains-group-kinds":"ConfigMap","applyset.kubernetes.io/tooling":"kubectl/v1.36.2"}
{"applyset.kubernetes.io/id":"applyset-GzV5QNw0hpfp90Rc5ckxJmVoyyU-gDZeLYpJFDTwDHA-v1"}
$ kubectl get cm -l applyset.kubernetes.io/part-of=applyset-GzV5QNw0hpfp90Rc5ckxJmVoyyU-gDZeLYpJFDTwDHA-v1 -o name
configmap/a
configmap/b
$ kubectl apply -f one.yaml --applyset=set --prune --dry-run=server
configmap/a unchanged (server dry run)
configmap/b pruned (server dry run)
$ kubectl apply -f one.yaml --applyset=set --prune
configmap/a unchanged
configmap/b pruned
$ kubectl apply -f one.yaml --applyset=set
error: --applyset requires --prune
exit=1
$ kubectl apply -f one.yaml --applyset=set --prune --all
error: --all is incompatible with --applyset
exit=1
$ kubectl apply -f one.yaml --applyset=pods/x --prune
error: resource "/v1, Resource=pods" is not permitted as an ApplySet parent
exit=1
$ kubectl create cm other; kubectl apply -f one.yaml --applyset=configmap/other --prune
configmap/other created
error: ApplySet parent object "configmaps./other" already exists and is missing required annotation "applyset.kubernetes.io/tooling"
exit=1
"#,
    );
}

const CRON_TABS: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  names: {plural: crontabs, singular: crontab, kind: CronTab}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: What is wanted.
            required: [replicas]
            properties:
              replicas: {type: integer, description: How many.}
              images: {type: array, items: {type: string}}
";

#[test]
fn fields_of_custom_resources_are_explained() {
    let mut bench = Bench::bare(&[("crd.yaml", CRON_TABS)]);
    bench.run("kubectl apply -f crd.yaml");
    bench.run("sleep 5");
    bench.check(
        r#"
$ kubectl explain crontabs.spec | grep -v '^ *$'
GROUP:      stable.example.com
KIND:       CronTab
VERSION:    v1
FIELD: spec <object>
DESCRIPTION:
    What is wanted.
FIELDS:
  images	<[]string>
    <no description>
  replicas	<integer> -required-
    How many.
$ kubectl explain crontab --recursive | grep -A3 '^  spec'
  spec	<object>
    images	<[]string>
    replicas	<integer> -required-
$ kubectl explain crontab | grep -A1 'metadata.<'
  metadata	<ObjectMeta>
    Standard object's metadata. More info:
$ kubectl explain crontab.spec.nope | tail -1
error: field "nope" does not exist
"#,
    );
}
