//! What kubectl does otherwise since v1.33: the one of the real tests is older.

use super::Bench;

const THREE: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: three}
spec:
  initContainers:
  - {name: first, image: busybox, command: ['true']}
  containers:
  - {name: web, image: nginx}
  - {name: side, image: nginx:alpine}
";

#[test]
fn the_containers_are_listed_when_none_has_the_name() {
    let mut bench = Bench::full(&[("three.yaml", THREE)]);
    bench.run("kubectl apply -f three.yaml && kubectl wait --for=condition=Initialized pod/three; sleep 5; echo x > f");
    bench.check(
        "\
$ kubectl logs three -c nope
error: container nope is not valid for pod three out of: web, side, first (init)
exit=1
$ kubectl logs three nope
error: container nope is not valid for pod three out of: web, side, first (init)
exit=1
$ kubectl exec three -c nope -- ls
error: container nope is not valid for pod three out of: web, side, first (init)
exit=1
$ kubectl attach three -c nope
error: cannot attach to the container: container nope is not valid for pod three out of: web, side, first (init)
exit=1
$ kubectl cp f three:/tmp/f -c nope
error: container nope is not valid for pod three out of: web, side, first (init)
exit=1
$ kubectl annotate pod three kubectl.kubernetes.io/default-container=gone
pod/three annotated
$ kubectl exec three -- ls
error: container gone is not valid for pod three out of: web, side, first (init)
exit=1
$ kubectl annotate pod three --overwrite kubectl.kubernetes.io/default-container=side
pod/three annotated
$ kubectl exec three -- hostname
three
",
    );
}

#[test]
fn labels_that_come_and_go_at_once_are_modified() {
    let mut bench = Bench::bare(&[]);
    bench.run("kubectl create cm c && kubectl label cm c a=1");
    bench.check(
        "\
$ kubectl label cm c a- b=2
configmap/c modified
$ kubectl label cm c a- c=3
label \"a\" not found.
configmap/c labeled
$ kubectl label cm c b- c=3
configmap/c unlabeled
$ kubectl label cm c c- d=4 --dry-run=client
configmap/c modified (dry run)
$ kubectl annotate cm c a=1
configmap/c annotated
$ kubectl annotate cm c a- b=1
configmap/c annotated
",
    );
}

#[test]
fn following_a_log_waits_for_the_container() {
    let mut bench = Bench::full(&[]);
    bench.check(
        "\
$ kubectl run slow --image=busybox --restart=Never -- echo done
pod/slow created
$ sleep 1; kubectl logs slow
Error from server (BadRequest): container \"slow\" in pod \"slow\" is waiting to start: ContainerCreating
exit=1
$ kubectl logs -f slow
done
$ kubectl run wrong --image=nosuch/image:1 --restart=Never; sleep 30
pod/wrong created
$ kubectl logs -f wrong
Error from server (BadRequest): container \"wrong\" in pod \"wrong\" is waiting to start: trying and failing to pull image
exit=1
",
    );
}

#[test]
fn several_conditions_are_waited_for() {
    let mut bench = Bench::full(&[]);
    bench.check(
        "\
$ kubectl run web --image=nginx
pod/web created
$ kubectl wait --for=jsonpath='{.status.phase}'=Running --for=create --for=condition=Ready pod/web
pod/web condition met
$ kubectl wait --for=condition=Ready --for=condition=Nope pod/web --timeout=2s
error: timed out waiting for the condition on pods/web
exit=1
$ kubectl wait --for=condition=Ready --for=x pod/web
error: unrecognized condition: \"x\"
exit=1
$ (sleep 5; kubectl run late --image=nginx > /dev/null) & kubectl wait --for=condition=Ready --for=create pod/late --timeout=60s
[1] ..
pod/late condition met
...
",
    );
}

const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {gone: x, same: a, other: b}
";

const CHANGED: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {same: a, other: c, fresh: d}
";

#[test]
fn differences_of_secrets_are_seen_and_their_values_are_not() {
    let mut bench = Bench::bare(&[("a.yaml", SECRET), ("b.yaml", CHANGED)]);
    bench.run("kubectl apply -f a.yaml");
    bench.check(
        "\
$ kubectl diff -f a.yaml
$ kubectl diff -f b.yaml | grep '^[ +-]  [a-z]*:.*[*]'
+  fresh: '***'
   gone: '***'
-  other: '*** (before)'
+  other: '*** (after)'
   same: '***'
$ kubectl diff -f b.yaml > /dev/null
exit=1
$ kubectl diff -f b.yaml --show-secret | grep '^[+-]  [a-z]*: '
+  fresh: ZA==
-  other: Yg==
+  other: Yw==
",
    );
}

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports:
  - {name: a, port: 80, appProtocol: kubernetes.io/h2c}
  - {name: b, port: 81}
";

#[test]
fn descriptions_tell_the_protocol_of_an_application() {
    let mut bench = Bench::bare(&[("svc.yaml", SERVICE)]);
    bench.run("kubectl apply -f svc.yaml");
    bench.check(
        "\
$ kubectl describe svc web | grep -E '^(Port|TargetPort|AppProtocol):'
Port:                     a  80/TCP
TargetPort:               80/TCP
AppProtocol:              kubernetes.io/h2c
Port:                     b  81/TCP
TargetPort:               81/TCP
",
    );
}

const CLASSES: &str = "\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: one, annotations: {ingressclass.kubernetes.io/is-default-class: 'true'}}
spec: {controller: a.b/c}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: two, annotations: {ingressclass.kubernetes.io/is-default-class: 'false'}}
spec: {controller: a.b/c}
";

#[test]
fn the_default_class_of_ingresses_is_marked() {
    let mut bench = Bench::bare(&[("classes.yaml", CLASSES)]);
    bench.run("kubectl apply -f classes.yaml");
    bench.check(
        "\
$ kubectl get ingressclass one two
NAME            CONTROLLER   PARAMETERS   AGE
one (default)   a.b/c        <none>       ..
two             a.b/c        <none>       ..
$ kubectl get ingressclass one -o name
ingressclass.networking.k8s.io/one
",
    );
}

#[test]
fn a_dry_run_shows_what_the_file_changes() {
    let mut bench = Bench::bare(&[]);
    bench.run("kubectl apply -f web.yaml && sed 's/replicas: 2/replicas: 5/' web.yaml > more.yaml");
    bench.check(
        "\
$ kubectl apply -f more.yaml --dry-run=client
deployment.apps/web configured (dry run)
$ kubectl apply -f more.yaml --dry-run=client -o jsonpath='{.spec.replicas} {.spec.progressDeadlineSeconds}'; echo
5 600
$ kubectl get deploy web -o jsonpath='{.spec.replicas}'; echo
2
",
    );
}

#[test]
fn what_is_scaled_is_printed_with_its_new_replicas() {
    let mut bench = Bench::bare(&[]);
    bench.run("kubectl apply -f web.yaml");
    bench.check(
        "\
$ kubectl scale deploy web --replicas=4 --dry-run=client -o jsonpath='{.spec.replicas}'; echo
4
$ kubectl scale deploy web --replicas=4 --dry-run=server -o jsonpath='{.spec.replicas}'; echo
4
$ kubectl scale deploy web --replicas=3 -o jsonpath='{.spec.replicas}'; echo
3
",
    );
}

#[test]
fn fields_are_explained_to_the_bottom_by_a_letter() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ kubectl explain -r pods.spec.dnsConfig > a; kubectl explain --recursive pods.spec.dnsConfig > b; diff a b && grep -c nameservers a
1
",
    );
}

const WHOLE: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: whole}
spec:
  resources: {requests: {cpu: 500m, memory: 64Mi}, limits: {cpu: '1', memory: 128Mi}}
  containers:
  - {name: web, image: nginx, resources: {requests: {cpu: 100m}}}
";

#[test]
fn nodes_count_what_a_pod_asks_for_as_a_whole() {
    let mut bench = Bench::bare(&[("whole.yaml", WHOLE)]);
    bench.run("kubectl apply -f whole.yaml && sleep 5");
    bench.check(
        "\
$ kubectl describe node $(kubectl get pod whole -o jsonpath={.spec.nodeName}) | grep whole
  default  ..  whole  ..500m (..  1 (..  64Mi (..  128Mi (..
",
    );
}

#[test]
fn events_are_shown_of_a_single_object_with_the_part_that_they_are_about() {
    let mut bench = Bench::full(&[("three.yaml", THREE)]);
    bench.run("kubectl apply -f three.yaml && kubectl run four --image=nginx --labels=app=four");
    bench.run("kubectl wait --for=condition=Ready pod --all");
    bench.check(
        "\
$ kubectl describe pod three | grep -o 'kubelet .*Container created' | tr -s ' '
kubelet spec.initContainers{first}: Container created
kubelet spec.containers{web}: Container created
kubelet spec.containers{side}: Container created
$ kubectl get events --field-selector involvedObject.name=three | grep -c 'pod/three *Container created'
3
$ kubectl describe pods | grep -c Events:
0
exit=1
$ kubectl describe pods --show-events | grep -c Events:
2
$ kubectl describe pods three four | grep -c Events:
0
exit=1
$ kubectl describe pods t | grep -c Events:
1
$ kubectl describe pods -l app=four | grep -c Events:
1
$ kubectl describe pods -l app=four --show-events=false | grep -c Events:
0
exit=1
$ kubectl describe nodes | grep -c Events:
0
exit=1
",
    );
}
