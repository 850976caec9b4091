//! Files that `-f` names: what is wrong with them, in the words of kubectl.

use super::Bench;

#[test]
fn what_looks_like_json_is_told_as_json() {
    let map = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "NAME"}}"#;
    let named = |name: &str| map.replace("NAME", name);
    let several = format!("{}\n{}\n{{\"kind\": 1,}}\n", named("a"), named("b"));
    let then_yaml = format!("{}\n---\n{}", named("c"), named("d").replace('"', "'"));
    let mut bench = Bench::bare(&[
        ("cut.json", map.trim_end_matches('}')),
        ("comma.json", r#"{"apiVersion": "v1" "kind": "ConfigMap"}"#),
        ("several.json", &several),
        ("then.yaml", &then_yaml),
        (
            "extra.json",
            r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "e",},}"#,
        ),
    ]);
    bench.check(
        "\
$ kubectl apply -f cut.json
error: error parsing cut.json: unexpected EOF
exit=1
$ kubectl apply -f comma.json
error: error parsing comma.json: json: offset 21: invalid character '\"' after object key:value pair
exit=1
$ kubectl apply -f several.json
configmap/a created
configmap/b created
error: error parsing several.json: invalid character '}' looking for beginning of object key string
exit=1
$ kubectl apply -f then.yaml
configmap/c created
configmap/d created
$ kubectl apply -f extra.json
configmap/e created
",
    );
}

#[test]
fn lists_are_checked_by_kubectl_and_what_is_in_them() {
    let mut bench = Bench::bare(&[
        (
            "field.yaml",
            "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, foo: x}]}",
        ),
        (
            "kinds.yaml",
            "{apiVersion: v1, kind: List, items: [{apiVersion: v1}, {kind: ConfigMap}]}",
        ),
        ("map.yaml", "{apiVersion: v1, kind: List, items: {a: b}}"),
        ("text.yaml", "hello"),
        ("nokind.yaml", "{apiVersion: v1, metadata: {name: a}}"),
        (
            "list.yaml",
            "{apiVersion: v1, kind: ConfigMap, metadata: []}",
        ),
        (
            "age.yaml",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, creationTimestamp: '2020-01-01'}}",
        ),
        (
            "named.yaml",
            "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: a-}}",
        ),
        ("nameless.yaml", "{apiVersion: v1, kind: ConfigMap}"),
    ]);
    bench.check(
        "\
$ kubectl apply -f field.yaml
error: error validating \"field.yaml\": error validating data: ValidationError(ConfigMap): unknown field \"foo\" in io.k8s.api.core.v1.ConfigMap; if you choose to ignore these errors, turn validation off with --validate=false
exit=1
$ kubectl apply --validate=false -f field.yaml
configmap/a created
$ kubectl apply -f kinds.yaml
error: error validating \"kinds.yaml\": error validating data: [kind not set, apiVersion not set]; if you choose to ignore these errors, turn validation off with --validate=false
exit=1
$ kubectl apply -f map.yaml
error: error validating \"map.yaml\": error validating data: invalid object to validate; if you choose to ignore these errors, turn validation off with --validate=false
exit=1
$ kubectl apply --validate=false -f map.yaml
error: unable to decode \"map.yaml\": json: cannot unmarshal object into Go struct field decodeList.items of type []json.RawMessage
exit=1
$ kubectl apply --validate=false -f text.yaml
error: unable to decode \"text.yaml\": json: cannot unmarshal string into Go value of type unstructured.detector
exit=1
$ kubectl delete -f nokind.yaml
error: unable to decode \"nokind.yaml\": Object 'Kind' is missing in '{\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}'
exit=1
$ kubectl apply -f list.yaml
error: unable to decode \"list.yaml\": json: cannot unmarshal array into Go struct field metadataOnlyObject.metadata of type v1.ObjectMeta
exit=1
$ kubectl apply -f age.yaml
error: unable to decode \"age.yaml\": parsing time \"2020-01-01\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\"
exit=1
$ kubectl apply --server-side -f named.yaml
error: from a-: cannot use generate name with apply
exit=1
$ kubectl apply --server-side -f nameless.yaml
error: resource name may not be empty
exit=1
",
    );
}

#[test]
fn raw_watches_go_on_until_their_time_is_over() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ kubectl create cm a --from-literal=x=y
configmap/a created
$ (sleep 1; kubectl delete cm a; kubectl create cm b) > /dev/null & kubectl get --raw '/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=2&fieldSelector=metadata.name!=kube-root-ca.crt'
[1] ..
{\"type\":\"ADDED\",\"object\":{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",..
{\"type\":\"DELETED\",\"object\":{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",..
{\"type\":\"ADDED\",\"object\":{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"b\",..
[1]+  Done ..
$ kubectl get --raw '/api/v1/namespaces/default/configmaps/b?watch=true'
{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"b\",..
$ kubectl get --raw '/api/v1/pods?watch=true&resourceVersion=1000000'
Error from server (Timeout): Timeout: Too large resource version: 1000000, current: ..
exit=1
$ kubectl get --raw '/api/v1/pods?watch=true' --as=nobody
Error from server (Forbidden): pods is forbidden: User \"nobody\" cannot watch resource \"pods\" in API group \"\" at the cluster scope
exit=1
",
    );
}

#[test]
fn what_has_no_version_is_asked_for_where_nothing_is() {
    let mut bench = Bench::bare(&[
        (
            "core.yaml",
            "{apiVersion: '', kind: ConfigMap, metadata: {name: a}, data: {b: c}}",
        ),
        ("none.yaml", "{kind: ConfigMap, metadata: {name: a}}"),
        (
            "other.yaml",
            "{apiVersion: '', kind: Deployment, metadata: {name: a}}",
        ),
    ]);
    bench.check(
        "\
$ kubectl apply -f core.yaml
Error from server (NotFound): error when creating \"core.yaml\": the server could not find the requested resource
exit=1
$ kubectl create -f core.yaml
Error from server (NotFound): error when creating \"core.yaml\": the server could not find the requested resource
exit=1
$ kubectl create -f core.yaml --dry-run=client -o yaml
apiVersion: \"\"
data:
  b: c
kind: ConfigMap
metadata:
  name: a
  namespace: default
$ kubectl delete -f core.yaml
Error from server (NotFound): error when deleting \"core.yaml\": the server could not find the requested resource
exit=1
$ kubectl apply -f none.yaml
error: error validating \"none.yaml\": error validating data: apiVersion not set; if you choose to ignore these errors, turn validation off with --validate=false
exit=1
$ kubectl create -f none.yaml --validate=false
Error from server (NotFound): error when creating \"none.yaml\": the server could not find the requested resource
exit=1
$ kubectl apply -f other.yaml
error: resource mapping not found for name: \"a\" namespace: \"\" from \"other.yaml\": no matches for kind \"Deployment\" in version \"\"
ensure CRDs are installed first
exit=1
",
    );
}

#[test]
fn raw_answers_stand_as_the_servers_types_have_them() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ kubectl create cm a --from-literal=b=c
configmap/a created
$ kubectl get --raw /api/v1/namespaces/default/configmaps/a | sed -E 's/(uid|resourceVersion|creationTimestamp|time)\":\"[^\"]*/\\1\":\"X/g'
{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",\"namespace\":\"default\",\"uid\":\"X\",\"resourceVersion\":\"X\",\"creationTimestamp\":\"X\",\"managedFields\":[{\"manager\":\"kubectl-create\",\"operation\":\"Update\",\"apiVersion\":\"v1\",\"time\":\"X\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:data\":{\".\":{},\"f:b\":{}}}}]},\"data\":{\"b\":\"c\"}}
$ kubectl get --raw '/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name=a' | cut -c 1-60
{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"metadata\":{\"resou
$ kubectl get --raw '/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name=a' | grep -o 'items.*name\":\"a\"'
items\":[{\"metadata\":{\"name\":\"a\"
$ kubectl get --raw /api/v1/namespaces/default/serviceaccounts/default | grep -c managedFields
0
exit=1
$ kubectl get --raw /version | head -3
{
  \"major\": \"1\",
  \"minor\": \"36\",
$ kubectl get --raw /apis/apps
{\"kind\":\"APIGroup\",\"apiVersion\":\"v1\",\"name\":\"apps\",\"versions\":[{\"groupVersion\":\"apps/v1\",\"version\":\"v1\"}],\"preferredVersion\":{\"groupVersion\":\"apps/v1\",\"version\":\"v1\"}}
",
    );
}

#[test]
fn what_has_no_name_is_unknown() {
    let mut bench = Bench::bare(&[
        (
            "ask.yaml",
            "{apiVersion: authorization.k8s.io/v1, kind: SelfSubjectAccessReview, spec: {resourceAttributes: {verb: get, resource: pods}}}",
        ),
        (
            "token.yaml",
            "{apiVersion: authentication.k8s.io/v1, kind: TokenReview, spec: {}}",
        ),
    ]);
    bench.check(
        "\
$ kubectl create -f ask.yaml
selfsubjectaccessreview.authorization.k8s.io/<unknown> created
$ kubectl create -f token.yaml
Error from server (BadRequest): error when creating \"token.yaml\": token is required for TokenReview in authentication
exit=1
",
    );
}

#[test]
fn what_is_looked_at_one_by_one_is_told_bare() {
    let mut bench = Bench::bare(&[
        (
            "two.yaml",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: kube-root-ca.crt}}\n---\n{apiVersion: x/v1, kind: Nope, metadata: {name: a}}\n",
        ),
        ("cut.yaml", "a: [\n"),
        (
            "new.yaml",
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: new}}",
        ),
    ]);
    bench.check(
        "\
$ kubectl get -f two.yaml
NAME               DATA   AGE
kube-root-ca.crt   1      ..
resource mapping not found for name: \"a\" namespace: \"\" from \"two.yaml\": no matches for kind \"Nope\" in version \"x/v1\"
ensure CRDs are installed first
exit=1
$ kubectl get -o name -f two.yaml
error: resource mapping not found for name: \"a\" namespace: \"\" from \"two.yaml\": no matches for kind \"Nope\" in version \"x/v1\"
ensure CRDs are installed first
exit=1
$ kubectl describe -f cut.yaml
error parsing cut.yaml: error converting YAML to JSON: yaml: line 1: did not find expected node content
exit=1
$ kubectl get -f gone.yaml
error: the path \"gone.yaml\" does not exist
exit=1
$ kubectl scale --replicas=1 -f cut.yaml
error: no objects passed to scale error parsing cut.yaml: error converting YAML to JSON: yaml: line 1: did not find expected node content
exit=1
$ kubectl scale --replicas=1 -f two.yaml
Error from server (NotFound): the server could not find the requested resource
exit=1
$ kubectl scale --replicas=1 -f new.yaml
Error from server (NotFound): deployments.apps \"new\" not found
exit=1
$ kubectl scale --replicas=1 -f gone.yaml
error: the path \"gone.yaml\" does not exist
exit=1
",
    );
}

#[test]
fn a_selector_goes_over_the_objects_of_files() {
    let maps = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: a, labels: {app: a}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b, labels: {app: b}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
";
    let mut bench = Bench::bare(&[("f.yaml", maps), ("d.yaml", DEPLOYMENT)]);
    // Compared with kubectl 1.32, line by line.
    bench.check(
        "\
$ kubectl apply -f f.yaml
configmap/a created
configmap/b created
configmap/c created
$ kubectl label cm c app=a
configmap/c labeled
$ kubectl get -f f.yaml -l app=a -o name
configmap/a
configmap/c
$ kubectl get -f f.yaml -l app=a
No resources found in default namespace.
$ kubectl get -f f.yaml -l app!=a
NAME   DATA   AGE
a      0      ..
b      0      ..
c      0      ..
$ kubectl get -f f.yaml -l app=zzz -o name
$ kubectl get -f f.yaml -l app=zzz -o yaml
apiVersion: v1
items: []
kind: List
metadata:
  resourceVersion: \"\"
$ kubectl get -f f.yaml -l 'app in ('
error: the provided selector \"app in (\" is not valid: unable to parse requirement: found '', expected: ',', ')' or identifier
exit=1
$ kubectl apply -f f.yaml -l 'app in ('
error: the provided selector \"app in (\" is not valid: unable to parse requirement: found '', expected: ',', ')' or identifier
exit=1
$ kubectl describe -f f.yaml -l app=a | grep Name:
Name:         a
$ kubectl describe -f f.yaml -l app=zzz
No resources found in default namespace.
$ kubectl label -f f.yaml -l app=a x=y
configmap/a labeled
configmap/c labeled
$ kubectl label -f f.yaml -l app=zzz x=z
$ kubectl wait --for=jsonpath={.metadata.name}=a -f f.yaml -l app=b --timeout=2s
error: timed out waiting for the condition on configmaps/b
exit=1
$ kubectl wait --for=jsonpath={.metadata.name}=a -f f.yaml -l app=zz --timeout=2s
error: no matching resources found
exit=1
$ kubectl delete -f f.yaml -l app=zzz
No resources found
$ kubectl apply -f d.yaml
deployment.apps/w created
$ kubectl set image -f d.yaml w=nginx:1 -l app=zz
$ kubectl rollout restart -f d.yaml -l app=zz
No resources found in default namespace.
$ kubectl rollout status -f d.yaml -l app=zz
No resources found in default namespace.
$ kubectl rollout history -f d.yaml -l app=zz
$ kubectl rollout undo -f d.yaml -l app=zz
$ kubectl scale --replicas=2 -f d.yaml -l app=zz
error: no objects passed to scale
exit=1
",
    );
}

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: w, labels: {app: w}}
spec:
  selector: {matchLabels: {a: w}}
  template:
    metadata: {labels: {a: w}}
    spec: {containers: [{name: w, image: nginx}]}
";

#[test]
fn commands_that_read_types_know_no_other_kinds() {
    let typo = DEPLOYMENT.replace("kind: Deployment", "kind: Deploymnt");
    let none = "kind: Deployment\nmetadata: {name: w}\n";
    let mut bench = Bench::bare(&[("typo.yaml", &typo), ("none.yaml", none)]);
    // Compared with kubectl 1.32.
    let unknown = "unable to decode \"typo.yaml\": no kind \"Deploymnt\" is registered for version \"apps/v1\" in scheme \"pkg/scheme/scheme.go:28\"";
    for command in [
        "rollout status",
        "rollout history",
        "rollout undo",
        "set image w=nginx:1",
        "set env A=b",
        "set resources --limits=cpu=1",
        "set serviceaccount x",
        "expose --port=80",
    ] {
        bench.check(&format!(
            "$ kubectl {command} -f typo.yaml\nerror: {unknown}\nexit=1\n"
        ));
    }
    for command in ["pause", "restart"] {
        bench.check(&format!(
            "$ kubectl rollout {command} -f typo.yaml\n{unknown}\nexit=1\n"
        ));
    }
    bench.check(
        "\
$ kubectl rollout status -f none.yaml
error: unable to decode \"none.yaml\": Object 'apiVersion' is missing in '{\"kind\":\"Deployment\",\"metadata\":{\"name\":\"w\"}}'
exit=1
$ kubectl autoscale --max=3 -f typo.yaml
error: resource mapping not found for name: \"w\" namespace: \"\" from \"typo.yaml\": no matches for kind \"Deploymnt\" in version \"apps/v1\"
ensure CRDs are installed first
exit=1
",
    );
}
