//! Components of the control plane lose their rights, and get them back.

use super::Bench;

#[test]
fn a_scheduler_without_its_role_binds_nothing() {
    let mut bench = Bench::full(&[]);
    bench.check(
        "\
$ kubectl logs -n kube-system kube-scheduler-control-plane | grep -c forbidden
0
exit=1
$ kubectl delete clusterrolebinding system:kube-scheduler
clusterrolebinding.rbac.authorization.k8s.io \"system:kube-scheduler\" deleted
$ kubectl run p --image=nginx:1.25; sleep 10; kubectl get pod p --no-headers
pod/p created
p     0/1   Pending   0     10s
$ kubectl get events --field-selector involvedObject.name=p
No resources found in default namespace.
$ kubectl logs -n kube-system kube-scheduler-control-plane | grep -m1 binding
E.. err=\"pods \\\"p\\\" is forbidden: User \\\"system:kube-scheduler\\\" cannot create resource \\\"pods/binding\\\" in API group \\\"\\\" in the namespace \\\"default\\\"\" ..
$ kubectl logs -n kube-system kube-scheduler-control-plane --tail=1 | wc -l
1
$ kubectl create clusterrolebinding system:kube-scheduler --clusterrole=system:kube-scheduler --user=system:kube-scheduler
clusterrolebinding.rbac.authorization.k8s.io/system:kube-scheduler created
$ kubectl wait --for=condition=Ready pod/p --timeout=120s
pod/p condition met
",
    );
}

#[test]
fn a_controller_without_its_role_writes_nothing_and_others_go_on() {
    let mut bench = Bench::full(&[]);
    bench.check(
        "\
$ kubectl delete clusterrolebinding system:controller:deployment-controller
clusterrolebinding.rbac.authorization.k8s.io \"system:controller:deployment-controller\" deleted
$ kubectl apply -f web.yaml; kubectl create job j --image=busybox -- true; sleep 30; kubectl get deploy,rs,job
deployment.apps/web created
job.batch/j created
NAME                  READY   UP-TO-DATE   AVAILABLE   AGE
deployment.apps/web   0/2     0            0           30s

NAME          STATUS     COMPLETIONS   DURATION   AGE
job.batch/j   Complete   1/1           ..
$ kubectl logs -n kube-system kube-controller-manager-control-plane | grep -m1 deployment
E.. User \\\"system:serviceaccount:kube-system:deployment-controller\\\" cannot create resource \\\"replicasets\\\" in API group \\\"apps\\\" in the namespace \\\"default\\\"\" ..
",
    );
}
