//! What stands behind the API on a node: `ssh` and what can be seen and done there.

use kubarium::sim::secs;

use super::Bench;

#[test]
fn ssh_leads_to_a_node_and_exit_back() {
    let mut bench = Bench::full(&[]);
    assert_eq!(bench.session.prompt(), "$ ");
    bench.check(
        "\
$ ps -ef | grep kubelet
exit=1
$ systemctl status kubelet
systemctl: this terminal is no node; 'ssh NODE' leads to one
exit=1
$ ssh nowhere
ssh: Could not resolve hostname nowhere: Name or service not known
exit=255
$ ssh control-plane ls /etc/kubernetes/manifests
etcd.yaml
kube-apiserver.yaml
kube-controller-manager.yaml
kube-scheduler.yaml
$ ssh root@worker-1
Linux worker-1 ..
",
    );
    assert_eq!(bench.session.prompt(), "root@worker-1:~# ");
    bench.check(
        "\
$ hostname
worker-1
$ uname -a
Linux worker-1 ..
$ ps -ef | grep kubelet
root ..1042 .. /usr/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf ..
$ grep staticPodPath /var/lib/kubelet/config.yaml
staticPodPath: /etc/kubernetes/manifests
$ docker ps
sh: docker: command not found
The nodes run containerd ..
exit=127
$ crictl ps | grep kube-proxy
.. Running .. kube-proxy .. kube-system
$ crictl images | grep coredns
registry.k8s.io/coredns/coredns .. v1.14.2 ..
$ ip route
default via 172.18.0.1 dev eth0
10.244.0.0/24 via 172.18.0.2 dev eth0
10.244.1.0/24 dev cni0 proto kernel scope link src 10.244.1.1
10.244.2.0/24 via 172.18.0.4 dev eth0
172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.3
$ systemctl is-active kubelet
active
$ echo kept > note.txt
$ cat note.txt
kept
$ exit
logout
Connection to worker-1 closed.
$ cat note.txt
cat: note.txt: No such file or directory
exit=1
$ ssh worker-1 cat /root/note.txt
kept
",
    );
}

#[test]
fn a_snapshot_of_etcd_is_taken_and_brought_back() {
    let mut bench = Bench::full(&[]);
    bench.run("kubectl create cm before --from-literal=a=1");
    bench.run("kubectl create deploy web --image=nginx:1.25");
    bench.desk.borrow_mut().run_for(secs(60));
    bench.check(
        "\
$ ssh control-plane
Linux control-plane ..
$ grep data-dir /etc/kubernetes/manifests/etcd.yaml
    - --data-dir=/var/lib/etcd
$ export ETCDCTL_API=3
$ etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key snapshot save /opt/backup.db 2>/dev/null
Snapshot saved at /opt/backup.db
Server version 3.6.8
$ etcdutl snapshot status /opt/backup.db -w table | head -2
+..
|..HASH..|..REVISION..|..TOTAL KEYS..|..TOTAL SIZE..|..VERSION..|
$ etcdctl snapshot status nope.db
Deprecated: Use `etcdutl snapshot status` instead.

Error: stat nope.db: no such file or directory
exit=1
$ etcdutl snapshot restore /etc/hosts --data-dir /x
Error: snapshot missing hash but --skip-hash-check=false
exit=1
$ etcdutl snapshot save x
Error: unknown command \"save\" for \"etcdutl snapshot\"
exit=128
$ exit
logout
Connection to control-plane closed.
$ kubectl create cm after --from-literal=a=1
configmap/after created
$ kubectl delete cm before
configmap \"before\" deleted from default namespace
$ kubectl scale deploy web --replicas=3
deployment.apps/web scaled
",
    );
    bench.desk.borrow_mut().run_for(secs(30));
    bench.check(
        "\
$ ssh control-plane etcdutl snapshot restore /opt/backup.db --data-dir /var/lib/etcd-restored 2>/dev/null
$ ssh control-plane etcdutl snapshot restore /opt/backup.db --data-dir /var/lib/etcd-restored
Error: data-dir \"/var/lib/etcd-restored\" not empty or could not be read
exit=1
$ ssh control-plane
Linux control-plane ..
$ sed -i 's#path: /var/lib/etcd$#path: /var/lib/etcd-restored#' /etc/kubernetes/manifests/etcd.yaml
$ exit
logout
Connection to control-plane closed.
",
    );
    bench.desk.borrow_mut().run_for(secs(90));
    bench.check(
        "\
$ kubectl get cm before after
NAME     DATA   AGE
before   1      ..
Error from server (NotFound): configmaps \"after\" not found
exit=1
$ kubectl get deploy web
NAME   READY   UP-TO-DATE   AVAILABLE   AGE
web    1/1     1            1           ..
$ kubectl get pods -l app=web --no-headers | wc -l
1
$ ssh control-plane
Linux control-plane ..
$ sed -i 's#path: /var/lib/etcd-restored#path: /var/lib/etcd#' /etc/kubernetes/manifests/etcd.yaml
$ exit
logout
Connection to control-plane closed.
",
    );
    // The old folder holds what was there when its etcd ended.
    bench.desk.borrow_mut().run_for(secs(90));
    bench.check(
        "\
$ kubectl get cm before after
NAME    DATA   AGE
after   1      ..
Error from server (NotFound): configmaps \"before\" not found
exit=1
$ kubectl get deploy web --no-headers
web   3/3   3     3     ..
$ ssh control-plane
Linux control-plane ..
$ sed -i 's#path: /var/lib/etcd$#path: /var/lib/etcd-new#' /etc/kubernetes/manifests/etcd.yaml
$ exit
logout
Connection to control-plane closed.
",
    );
    // An empty folder is an empty cluster: the nodes come back by themselves, what people made does not.
    bench.desk.borrow_mut().run_for(secs(120));
    bench.check(
        "\
$ kubectl get deploy -A
No resources found
$ kubectl get ns default -o name
namespace/default
$ kubectl get svc kubernetes --no-headers
kubernetes   ClusterIP   10.96.0.1   <none>   443/TCP   ..
",
    );
}

#[test]
fn rules_of_kube_proxy_are_those_of_the_services() {
    let mut bench = Bench::full(&[]);
    bench.run("kubectl apply -f web.yaml");
    bench.run("kubectl expose deploy web --port=80 --type=NodePort");
    bench.desk.borrow_mut().run_for(secs(30));
    bench.check(
        "\
$ ssh worker-1 iptables -t nat -L KUBE-SERVICES -n | grep default/web
KUBE-SVC-..  tcp  -- 0.0.0.0/0 .. 10../* default/web cluster IP */ tcp dpt:80
$ ssh worker-1 iptables-save | grep -c 'default/web.*probability 0.50000000000'
1
$ ssh worker-1 iptables-save | grep 'default/web.*DNAT'
-A KUBE-SEP-.. -p tcp -m comment --comment \"default/web\" -j DNAT --to-destination 10.244..:80
-A KUBE-SEP-.. -p tcp -m comment --comment \"default/web\" -j DNAT --to-destination 10.244..:80
",
    );
}

#[test]
fn a_stopped_kubelet_leaves_its_containers_running() {
    let mut bench = Bench::full(&[]);
    bench.run("kubectl apply -f web.yaml");
    bench.desk.borrow_mut().run_for(secs(30));
    bench.check(
        "\
$ ssh worker-1 systemctl stop kubelet
$ ssh worker-1 systemctl status kubelet
○ kubelet.service - kubelet: The Kubernetes Node Agent
...
     Active: inactive (dead) since ..
exit=3
$ sleep 60
$ kubectl get node worker-1
NAME       STATUS     ROLES    AGE ..VERSION
worker-1   NotReady   <none>   ..
$ ssh worker-1 crictl ps | grep -c kube-proxy
1
$ ssh worker-1 systemctl start kubelet
$ sleep 10
$ kubectl get node worker-1 --no-headers
worker-1   Ready   <none>   ..
$ ssh worker-1 journalctl -u kubelet --no-pager | grep -c Starting
2
",
    );
}

#[test]
fn static_pods_follow_the_folder() {
    let mut bench = Bench::full(&[]);
    bench.check(
        "\
$ ssh control-plane mv /etc/kubernetes/manifests/kube-scheduler.yaml /tmp
$ sleep 30
$ kubectl get pods -n kube-system | grep -c scheduler
0
exit=1
$ kubectl run one --image=nginx
pod/one created
$ sleep 30
$ kubectl get pod one --no-headers
one   0/1   Pending   0     ..
$ ssh control-plane mv /tmp/kube-scheduler.yaml /etc/kubernetes/manifests/
$ sleep 40
$ kubectl get pod one --no-headers
one   1/1   Running   0     ..
$ kubectl get pods -n kube-system kube-scheduler-control-plane --no-headers
kube-scheduler-control-plane   1/1   Running   0     ..
$ ssh worker-1
...
$ cat > /etc/kubernetes/manifests/extra.yaml <<E
> {apiVersion: v1, kind: Pod, metadata: {name: extra}, spec: {containers: [{name: c, image: nginx}]}}
> E
$ exit
...
$ sleep 20
$ kubectl get pod extra-worker-1 --no-headers
extra-worker-1   1/1   Running   0     ..
$ ssh worker-1 rm /etc/kubernetes/manifests/extra.yaml
$ sleep 20
$ kubectl get pod extra-worker-1
Error from server (NotFound): pods \"extra-worker-1\" not found
exit=1
",
    );
}

#[test]
fn without_an_api_server_nobody_answers() {
    let mut bench = Bench::full(&[]);
    bench.check(
        "\
$ ssh control-plane
...
$ mv /etc/kubernetes/manifests/kube-apiserver.yaml /tmp/
$ sleep 10
$ kubectl get pods
The connection to the server 172.18.0.2:6443 was refused - did you specify the right host or port?
exit=1
$ etcdctl get /registry/namespaces/default --keys-only
/registry/namespaces/default

$ crictl ps | grep -c kube-apiserver
0
exit=1
$ mv /tmp/kube-apiserver.yaml /etc/kubernetes/manifests/
$ sleep 20
$ kubectl get pods -n kube-system kube-apiserver-control-plane --no-headers
kube-apiserver-control-plane   1/1   Running   0     ..
$ mv /etc/kubernetes/manifests/etcd.yaml /tmp/
$ sleep 10
$ etcdctl endpoint health
127.0.0.1:2379 is unhealthy: failed to commit proposal: context deadline exceeded
Error: unhealthy cluster
exit=1
$ kubectl get pods
The connection to the server 172.18.0.2:6443 was refused - did you specify the right host or port?
exit=1
$ mv /tmp/etcd.yaml /etc/kubernetes/manifests/
$ sleep 60
$ kubectl get nodes --no-headers | grep -c ' Ready'
3
",
    );
}

#[test]
fn a_kubelet_answers_behind_the_proxy_of_its_node() {
    let mut bench = Bench::full(&[]);
    bench.run(
        "kubectl run web --image=nginx:1.25 --overrides='{\"spec\":{\"nodeName\":\"worker-1\"}}'",
    );
    bench.desk.borrow_mut().run_for(secs(60));
    bench.check(
        "\
$ kubectl get --raw /api/v1/nodes/worker-1/proxy/healthz; echo
ok
$ kubectl get --raw '/api/v1/nodes/worker-1:10250/proxy/healthz?verbose'
[+]ping ok
[+]log ok
[+]syncloop ok
healthz check passed
$ kubectl get --raw /api/v1/nodes/worker-1/proxy/pods | jq -r '.kind, (.items[] | select(.metadata.name == \"web\") | .status.phase)'
PodList
Running
$ kubectl get --raw /api/v1/nodes/control-plane/proxy/pods | jq -r '.items[] | select(.metadata.name == \"etcd-control-plane\") | .metadata.annotations | keys[]'
kubernetes.io/config.hash
kubernetes.io/config.seen
kubernetes.io/config.source
$ kubectl get --raw /api/v1/nodes/worker-1/proxy/stats/summary | head -6
{
 \"node\": {
  \"nodeName\": \"worker-1\",
  \"startTime\": ..,
  \"cpu\": {
   \"time\": ..
$ kubectl get --raw /api/v1/nodes/worker-1/proxy/stats/summary | jq -c '.pods[] | select(.podRef.name == \"web\") | .containers[].memory.workingSetBytes > 0, (.cpu | keys)'
true
[\"time\",\"usageNanoCores\"]
$ kubectl get --raw '/api/v1/nodes/worker-1/proxy/stats/summary?only_cpu_and_memory=true' | jq -c '.node | keys'
[\"cpu\",\"memory\",\"nodeName\",\"startTime\"]
$ kubectl get --raw /api/v1/nodes/worker-1/proxy/configz | jq -c '.kubeletconfig | [.staticPodPath, .cgroupDriver, .maxPods, .clusterDNS, .syncFrequency, .authentication.webhook, .authentication.x509, .kind]'
[\"/etc/kubernetes/manifests\",\"systemd\",110,[\"10.96.0.10\"],\"1m0s\",{\"cacheTTL\":\"2m0s\",\"enabled\":true},{\"clientCAFile\":\"/etc/kubernetes/pki/ca.crt\"},null]
$ kubectl get --raw '/api/v1/nodes/worker-1/proxy/containerLogs/default/web/web?tailLines=1'
[notice] 1#1: start worker processes
$ kubectl get --raw /api/v1/nodes/worker-1/proxy/containerLogs/default/web/nope
Error from server (NotFound): the server could not find the requested resource
exit=1
$ kubectl get --raw /api/v1/nodes/worker-1/proxy/nowhere
Error from server (NotFound): the server could not find the requested resource
exit=1
$ kubectl get --raw /api/v1/nodes/nope/proxy/healthz
Error from server (NotFound): nodes \"nope\" not found
exit=1
$ kubectl get --raw /api/v1/nodes/ftp:worker-1:1/proxy/healthz
Error from server (BadRequest): invalid node request \"ftp:worker-1:1\"
exit=1
$ kubectl get --raw /api/v1/nodes/worker-1:9/proxy/
Error from server (ServiceUnavailable): error trying to reach service: dial tcp 172.18.0.3:9: connect: connection refused
exit=1
$ kubectl get --raw /api/v1/nodes/worker-1/proxy/healthz --as=jane
Error from server (Forbidden): nodes \"worker-1\" is forbidden: User \"jane\" cannot get resource \"nodes/proxy\" in API group \"\" at the cluster scope
exit=1
$ ssh worker-1 systemctl stop kubelet
$ kubectl get --raw /api/v1/nodes/worker-1/proxy/healthz
Error from server (ServiceUnavailable): error trying to reach service: dial tcp 172.18.0.3:10250: connect: connection refused
exit=1
$ kubectl logs web
Error from server: Get \"https://172.18.0.3:10250/containerLogs/default/web/web\": dial tcp 172.18.0.3:10250: connect: connection refused
exit=1
",
    );
}
