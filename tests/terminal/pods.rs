//! Commands that reach into pods: port-forward, cp, debug, and signals by exec.

use super::Bench;

#[test]
fn a_forwarded_port_answers_in_the_terminal() {
    let mut bench = Bench::full(&[]);
    bench.run("kubectl apply -f web.yaml && kubectl expose deploy web --port=80 && kubectl rollout status deploy web");
    bench.check(
        "\
$ curl localhost:8080
curl: (7) Failed to connect to localhost port 8080 after 0 ms: Could not connect to server
exit=7
$ kubectl port-forward svc/web 8080:80 &
[1] 4301
Forwarding from 127.0.0.1:8080 -> 80
Forwarding from [::1]:8080 -> 80
$ curl -s localhost:8080 | grep -c nginx; sleep 1
...
Handling connection for 8080
...
$ curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8080/; sleep 1
Handling connection for 8080
200
$ kubectl port-forward deploy/web 8080:80
Unable to listen on port 8080: ..
error: unable to listen on any of the requested ports: [{8080 80}]
exit=1
$ kill %1; sleep 1
[1]+  Terminated              kubectl port-forward svc/web 8080:80
$ curl -s localhost:8080; echo $?
7
$ kubectl port-forward svc/web 9999
error: Service web does not have a service port 9999
exit=1
$ kubectl port-forward svc/web
error: TYPE/NAME and list of ports are required for port-forward
See 'kubectl port-forward -h' for help and examples
exit=1
$ kubectl port-forward deploy/web 8081:81 > out.txt 2>&1 &
[1] 4302
$ sleep 1; curl -sS localhost:8081; echo $?; sleep 1; tail -1 out.txt
curl: (52) Empty reply from server
52
error: lost connection to pod
[1]+  Exit 1                  kubectl port-forward deploy/web 8081:81 > out.txt 2>&1
",
    );
}

#[test]
fn the_api_answers_at_a_port_of_the_terminal() {
    let mut bench = Bench::full(&[("site/index.html", "hello\n")]);
    bench.run("kubectl apply -f web.yaml && kubectl expose deploy web --port=80 && kubectl rollout status deploy web && sleep 2");
    bench.check(
        "\
$ kubectl proxy --www=site &
[1] 4301
Starting to serve on 127.0.0.1:8001
$ curl -s localhost:8001/api/v1/namespaces/default | head -4
{
  \"kind\": \"Namespace\",
  \"apiVersion\": \"v1\",
  \"metadata\": {
$ curl -s 'http://127.0.0.1:8001/api/v1/pods?labelSelector=k8s-app%3Dkube-dns&limit=1' | jq -r .items[].metadata.namespace
kube-system
$ curl -s localhost:8001/healthz; echo
ok
$ curl -s localhost:8001/static/index.html
hello
$ curl -s localhost:8001/static/nope.html
404 page not found
$ curl -s -X POST -H 'Content-Type: application/json' -d '{\"metadata\":{\"name\":\"a\"},\"data\":{\"x\":\"1\"}}' localhost:8001/api/v1/namespaces/default/configmaps | jq -c .data
{\"x\":\"1\"}
$ curl -s -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{\"data\":{\"y\":\"2\"}}' localhost:8001/api/v1/namespaces/default/configmaps/a | jq -c .data
{\"x\":\"1\",\"y\":\"2\"}
$ curl -s localhost:8001/api/v1/namespaces/default/services/web/proxy/ | grep '<title>'
<title>Welcome to nginx!</title>
$ curl -s -o /dev/null -w '%{http_code}\\n' localhost:8001/api/v1/namespaces/default/services/web:80/proxy/nope
404
$ curl -s localhost:8001/api/v1/namespaces/default/services/nope/proxy/ | jq -r .message
services \"nope\" not found
$ curl -s localhost:8001/api/v1/namespaces/default/pods/$(kubectl get pod -l app=web -o name | head -1 | cut -d/ -f2)/proxy/ | grep '<title>'
<title>Welcome to nginx!</title>
$ curl -s localhost:8001/api/v1/namespaces/default/pods/web/exec
Forbidden
$ curl -sI localhost:8001/version | head -2
HTTP/1.1 200 OK
Content-Type: application/json
$ kubectl proxy
error: listen tcp 127.0.0.1:8001: bind: address already in use
exit=1
$ kubectl proxy aside --port=0 --api-prefix=/k8s --reject-methods=POST,DELETE &
[2] 4302
Starting to serve on 127.0.0.1:40001
$ curl -s localhost:40001/k8s/api/v1/namespaces/default | jq -r .kind; curl -s localhost:40001/api
Namespace
404 page not found
$ curl -s -X DELETE localhost:40001/k8s/api/v1/namespaces/default/configmaps/a
Forbidden
$ kubectl proxy --port=8002 --reject-paths='('
F proxy_server.go:83] Error compiling re: error parsing regexp: ..: `(`
exit=255
$ kubectl proxy --port=99999
error: listen tcp: address 99999: invalid port
exit=1
$ curl -s -H 'Host: evil:80' localhost:8001/api
Forbidden
$ curl -s -H 'Host: localhost:9' localhost:8001/api | jq -r .kind
APIVersions
$ kill %2; kill %1; sleep 1
...
$ curl -s localhost:8001; echo $?
7
",
    );
}

#[test]
fn what_stands_behind_a_proxy_answers_raw_requests() {
    let mut bench = Bench::full(&[]);
    bench.run("kubectl run web --image=nginx --port=80 --expose && kubectl wait --for=condition=Ready pod/web && kubectl create service clusterip none --tcp=80 && sleep 2");
    bench.check(
        "\
$ kubectl get --raw /api/v1/namespaces/default/services/web/proxy/ | grep '<title>'
<title>Welcome to nginx!</title>
$ kubectl get --raw /api/v1/namespaces/default/services/http:web:80/proxy/nope
Error from server (NotFound): the server could not find the requested resource
exit=1
$ kubectl get --raw /api/v1/namespaces/default/services/web:81/proxy/
Error from server (ServiceUnavailable): no service port 81 found for service \"web\"
exit=1
$ kubectl get --raw /api/v1/namespaces/default/services/none/proxy/
Error from server (ServiceUnavailable): no endpoints available for service \"none\"
exit=1
$ kubectl get --raw /api/v1/namespaces/default/services/ftp:web:21/proxy/
Error from server (BadRequest): invalid service request \"ftp:web:21\"
exit=1
$ kubectl get --raw /api/v1/namespaces/default/pods/web:81/proxy/
Error from server (ServiceUnavailable): error trying to reach service: dial tcp ..:81: connect: connection refused
exit=1
$ kubectl get --raw /api/v1/namespaces/default/pods/web/proxy/ --as=jane
Error from server (Forbidden): pods \"web\" is forbidden: User \"jane\" cannot get resource \"pods/proxy\" in API group \"\" in the namespace \"default\"
exit=1
",
    );
}

#[test]
fn files_are_copied_to_containers_and_back() {
    let mut bench = Bench::full(&[("site/index.html", "hello\n"), ("site/a/b.txt", "deep\n")]);
    bench.run("kubectl run web --image=nginx && kubectl wait --for=condition=Ready pod/web");
    bench.check(
        "\
$ kubectl cp site/index.html web:/tmp/index.html; kubectl exec web -- cat /tmp/index.html
hello
$ kubectl cp web:/tmp/index.html back.html; cat back.html
tar: Removing leading `/' from member names
hello
$ kubectl cp site web:/tmp/site; kubectl exec web -- cat /tmp/site/a/b.txt
deep
$ kubectl cp web:/nope x
tar: Removing leading `/' from member names
tar: nope: Cannot stat: No such file or directory
tar: Exiting with failure status due to previous errors
command terminated with exit code 2
exit=1
$ kubectl cp nope web:/tmp
error: nope doesn't exist in local filesystem
exit=1
$ kubectl cp a b
error: one of src or dest must be a remote file specification
exit=1
$ kubectl cp a
error: source and destination are required
exit=1
",
    );
}

#[test]
fn a_node_and_a_copy_are_debugged() {
    let mut bench = Bench::full(&[]);
    bench.run("kubectl run web --image=nginx && kubectl wait --for=condition=Ready pod/web");
    bench.check(
        "\
$ kubectl debug web
error: you must specify --image when not using --copy-to.
exit=1
$ kubectl debug
error: you must specify --image when not using --copy-to.
exit=1
$ kubectl debug web --copy-to=web-debug --set-image='*=nginx:1.27' --share-processes
$ kubectl get pod web-debug -o jsonpath='{.spec.containers[0].image}'
nginx:1.27
$ N=$(kubectl get nodes -o name | tail -1); kubectl debug $N --image=busybox -- sleep 1000
Creating debugging pod node-debugger-.. with container debugger on node ...
$ kubectl get pods -o name | grep node-debugger
pod/node-debugger-..
",
    );
}

#[test]
fn what_a_debugging_container_wrote_can_be_read() {
    let mut bench = Bench::full(&[]);
    bench.run("kubectl run web --image=nginx && kubectl wait --for=condition=Ready pod/web");
    bench.run("kubectl debug web --image=busybox -c tools -- wget -qO- http://127.0.0.1/");
    bench.run("sleep 5");
    bench.check(
        "\
$ kubectl logs web -c tools | grep -c Welcome
2
$ kubectl logs web > /dev/null
Defaulted container \"web\" out of: web, tools (ephem)
$ kubectl logs web -c nope
error: container nope is not valid for pod web out of: web, tools (ephem)
exit=1
",
    );
}

#[test]
fn a_container_is_debugged_beside_its_process() {
    let mut bench = Bench::full(&[]);
    bench.run("kubectl run web --image=nginx && kubectl wait --for=condition=Ready pod/web");
    bench.check(
        "\
$ kubectl debug web --image=busybox --target=web -c probe -- sleep 1000
Targeting container \"web\". If you don't see processes from this container it may be because the container runtime doesn't support this feature.
$ sleep 20; kubectl get pod web -o jsonpath='{.status.ephemeralContainerStatuses[0].name}'
probe
$ kubectl exec web -c probe -- ps | grep -c -e nginx
1
$ kubectl exec web -c probe -- ps | tail -n +2 | cut -d: -f2 | cut -c4-
nginx
sleep 1000
ps
$ kubectl exec web -c web -- kill -9 1; sleep 5; kubectl get pod web -o jsonpath='{.status.containerStatuses[0].restartCount}'
0
$ kubectl exec web -c probe -- kill -QUIT 1; sleep 5; kubectl get pod web -o jsonpath='{.status.containerStatuses[0].restartCount}'
1
",
    );
}

#[test]
fn a_signal_ends_a_process_as_far_as_it_reaches_it() {
    let mut bench = Bench::full(&[(
        "shared.yaml",
        "{apiVersion: v1, kind: Pod, metadata: {name: shared}, spec: {shareProcessNamespace: true, \
         restartPolicy: Never, containers: [{name: a, image: busybox, command: [sleep, '9000']}, \
         {name: b, image: busybox, command: [sleep, '9001']}]}}\n",
    )]);
    bench.run("kubectl run web --image=nginx && kubectl wait --for=condition=Ready pod/web");
    bench.run("kubectl run sleeper --image=busybox -- sleep 9000");
    bench.run(
        "kubectl apply -f shared.yaml && kubectl wait --for=condition=Ready pod/shared pod/sleeper",
    );
    bench.check(
        "\
$ kubectl exec web -- kill 1; sleep 5
$ kubectl get pod web -o jsonpath='{.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].lastState.terminated.exitCode} {.status.containerStatuses[0].lastState.terminated.reason}'
1 0 Completed
$ kubectl exec sleeper -- kill 1; kubectl exec sleeper -- kill -9 1; sleep 5
$ kubectl get pod sleeper -o jsonpath='{.status.containerStatuses[0].restartCount}'
0
$ kubectl exec web -- kill 99
kill: can't kill pid 99: No such process
command terminated with exit code 1
exit=1
$ kubectl exec web -- kill -FOO 1
kill: bad signal name 'FOO'
command terminated with exit code 1
exit=1
$ kubectl exec shared -c a -- pkill -f 9001; kubectl exec shared -c a -- ps | grep -c pause; sleep 5
1
$ kubectl get pod shared -o jsonpath='{.status.containerStatuses[1].state.terminated.exitCode}'
143
$ kubectl exec shared -c a -- kill -9 -1; sleep 5
$ kubectl get pod shared -o jsonpath='{.status.containerStatuses[0].state.terminated.exitCode}'
137
",
    );
}

#[test]
fn a_cluster_is_dumped_and_requests_are_shown() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ kubectl cluster-info dump --output-directory=dump
Cluster info dumped to dump
$ jq -r .kind dump/nodes.json; ls dump
NodeList
default
kube-system
nodes.json
$ kubectl get ns default -v=9 2>&1 | grep -A1 curlCommand
I.. round_trippers.go:517] \"Request\" curlCommand=<
	curl -v -XGET  -H \"Accept: ..\"  -H \"User-Agent: kubectl/..\" 'https://SERVER/api/v1/namespaces/default'
",
    );
}

#[test]
fn containers_are_found_by_files_and_by_name() {
    let mut bench = Bench::full(&[(
        "p.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: c, image: busybox, command: [sleep, '1000']}\n",
    )]);
    bench.run("kubectl apply -f p.yaml");
    bench.run("kubectl wait --for=condition=ready pod/p");
    bench.check(
        "\
$ kubectl exec -f p.yaml -- hostname
p
$ kubectl exec p -f p.yaml -- hostname
error: resource/name arguments cannot be provided when a path is specified
exit=1
$ kubectl exec -f nofile.yaml -- hostname
error: the path \"nofile.yaml\" does not exist
exit=1
$ kubectl exec -f p.yaml
error: you must specify at least one command for the container
exit=1
$ kubectl exec -f p.yaml hostname
error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead
See 'kubectl exec -h' for help and examples
exit=1
$ kubectl attach p -c nope
error: cannot attach to the container: container nope is not valid for pod p out of: ..
exit=1
$ kubectl run wait --image=no-such; sleep 5; kubectl attach wait; kubectl exec wait -- ls; kubectl cp wait:/x y
pod/wait created
error: Internal error occurred: unable to upgrade connection: container wait not found in pod wait_default
error: Internal error occurred: unable to upgrade connection: container not found (\"wait\")
error: Internal error occurred: unable to upgrade connection: container not found (\"wait\")
exit=1
$ kubectl exec p -c nope -- date
error: container nope is not valid for pod p out of: ..
exit=1
$ kubectl edit pod p -o nope
error: unable to match a printer suitable for the output format \"nope\", allowed formats are: json,yaml
exit=1
$ kubectl edit pod nope -o nope
Error from server (NotFound): pods \"nope\" not found
exit=1
",
    );
}

const VOLUMES: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: cfg}
data: {a: '1', b.txt: hello}
---
apiVersion: v1
kind: Pod
metadata: {name: v, labels: {app: v}}
spec:
  volumes:
  - {name: cm, configMap: {name: cfg, items: [{key: a, path: a}, {key: b.txt, path: sub/b.txt}]}}
  - {name: dw, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
  containers:
  - name: c
    image: busybox
    command: [sleep, infinity]
    volumeMounts:
    - {name: cm, mountPath: /etc/cm}
    - {name: cm, mountPath: /one, subPath: a}
    - {name: dw, mountPath: /etc/dw}
";

#[test]
fn volumes_of_objects_are_links_to_what_was_written_last() {
    let mut bench = Bench::full(&[("v.yaml", VOLUMES)]);
    bench.run("kubectl apply -f v.yaml");
    bench.run("kubectl wait --for=condition=ready pod/v");
    bench.check(
        r#"
$ v() { kubectl exec v -- sh -c "$1"; }; v 'ls /etc/cm; ls -A /etc/cm | sed "s/2026.*/TIME/"; cat /etc/cm/a /etc/cm/sub/b.txt /etc/cm/..data/a /one'; echo
a
sub
..TIME
..data
a
sub
1hello11
$ v 'ls -l /etc/cm | tail -n +2 | cut -c1-47; readlink /etc/cm/a; readlink /etc/cm/..data | cut -c1-22; cd /etc/cm/..data && ls; readlink -f ../a | cut -c1-30'
lrwxrwxrwx    1 root     root             8 Jan
lrwxrwxrwx    1 root     root            10 Jan
..data/a
..2026_01_01_00_01_00.
a
sub
/etc/cm/..2026_01_01_00_01_00.
$ v 'ls -la /etc/dw | cut -c1-32; ls -l /etc/dw/..data/ | tail -1 | cut -c1-32'
total 12
drwxrwxrwx    3 root     root   
drwxr-xr-x    4 root     root   
drwxr-xr-x    2 root     root   
lrwxrwxrwx    1 root     root   
lrwxrwxrwx    1 root     root   
-rw-r--r--    1 root     root   
$ v 'find /etc/cm -type l; find /etc/cm -type f | sed "s/2026[^/]*/TIME/"; find /etc/cm -maxdepth 1 -type d | wc -l'
/etc/cm/..data
/etc/cm/a
/etc/cm/sub
/etc/cm/..TIME/a
/etc/cm/..TIME/sub/b.txt
2
$ v 'cp /etc/cm/a /tmp/x; [ -L /tmp/x ] || cat /tmp/x; rm /etc/cm/a'; v 'ls -d /run/secrets/kubernetes.io/serviceaccount/..data'
1rm: can't remove '/etc/cm/a': Read-only file system
command terminated with exit code 1
ls: /run/secrets/kubernetes.io/serviceaccount/..data: No such file or directory
command terminated with exit code 1
exit=1
$ old=$(v 'readlink /etc/cm/..data'); kubectl patch cm cfg -p '{"data":{"a":"2"}}'; sleep 100; [ "$old" = "$(v 'readlink /etc/cm/..data')" ] || echo swapped; v 'cat /etc/cm/a /one'; echo
configmap/cfg patched
swapped
21
$ old=$(v 'readlink /etc/cm/..data'); sleep 200; [ "$old" = "$(v 'readlink /etc/cm/..data')" ] && echo the same
the same
$ v 'cd /tmp; echo a > a; ln a b; echo c >> b; cat a; stat -c "%h %N" a; chmod 600 b; ls -l a | cut -c1-16; rm a; cat b; stat -c %h b; ln b /etc/dw/c; ln nope d; ln /tmp /t; mv b e; ls -l e | cut -c1-16'
a
c
2 a
-rw-------    2 
a
c
1
-rw-------    1 
ln: /etc/dw/c: Cross-device link
ln: d: No such file or directory
ln: /t: Operation not permitted
"#,
    );
}

#[test]
fn images_have_their_own_tools() {
    let mut bench = Bench::full(&[]);
    for line in [
        "kubectl create deploy web --image=nginx",
        "kubectl expose deploy web --port=80",
        "kubectl run box --image=busybox --command -- sleep infinity",
        "kubectl run deb --image=nginx",
        "kubectl run curl --image=curlimages/curl --command -- sleep infinity",
        "kubectl run net --image=nicolaka/netshoot --command -- sleep infinity",
        "kubectl run wrong --image=busybox -- curl web",
        "kubectl wait --for=condition=ready pod/box pod/deb pod/curl pod/net",
        "kubectl rollout status deploy web",
    ] {
        bench.run(line);
    }
    bench.check(
        r#"
$ kubectl exec box -- curl web 2>&1 | cut -d: -f9-; kubectl exec deb -- ps 2>&1 | cut -d: -f9-
 exec: "curl": executable file not found in $PATH: unknown
 exec: "ps": executable file not found in $PATH: unknown
$ kubectl exec box -- sh -c 'curl web; which curl wget; bash'; kubectl get pod wrong --no-headers | awk '{print $3}'
/bin/wget
sh: curl: not found
sh: bash: not found
command terminated with exit code 127
RunContainerError
$ kubectl exec deb -- bash -c 'curl -s localhost | grep title'
<title>Welcome to nginx!</title>
$ kubectl exec box -- free; kubectl exec net -- free -h
              total        used        free      shared  buff/cache   available
Mem:        8388608     1048576     5242880        4096     2097152     6815744
Swap:             0           0           0
               total        used        free      shared  buff/cache   available
Mem:           8.0Gi       1.0Gi       5.0Gi       4.0Mi       2.0Gi       6.5Gi
Swap:             0B          0B          0B
$ kubectl exec box -- netstat -tln; kubectl debug deb --image=nicolaka/netshoot -q -- sleep 100; sleep 20; kubectl exec deb -c $(kubectl get pod deb -o jsonpath='{.spec.ephemeralContainers[0].name}') -- ss -tln
Active Internet connections (only servers)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       
State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
LISTEN 0      511            0.0.0.0:80         0.0.0.0:*
$ ip=$(kubectl get svc web -o jsonpath='{.spec.clusterIP}'); kubectl exec net -- dig +short web.default.svc.cluster.local | sed s/$ip/IP/; kubectl exec net -- dig +short +search web | sed s/$ip/IP/; kubectl exec net -- dig +short web; kubectl exec net -- dig +short -x 10.96.0.1
IP
IP
kubernetes.default.svc.cluster.local.
$ kubectl exec net -- host web | sed s/$ip/IP/; kubectl exec net -- host nosuch; kubectl exec net -- dig kubernetes.default.svc.cluster.local | grep -v -e WHEN -e id: -e SIZE
web.default.svc.cluster.local has address IP
Host nosuch not found: 3(NXDOMAIN)
command terminated with exit code 1

; <<>> DiG 9.20.15 <<>> kubernetes.default.svc.cluster.local
;; global options: +cmd
;; Got answer:
;; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1
;; WARNING: recursion requested but not available

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags:; udp: 1232
;; QUESTION SECTION:
;kubernetes.default.svc.cluster.local.	IN	A

;; ANSWER SECTION:
kubernetes.default.svc.cluster.local. 30	IN	A	10.96.0.1

;; Query time: 1 msec
;; SERVER: 10.96.0.10#53(10.96.0.10) (UDP)

$ kubectl exec box -- wget -S --spider web 2>&1 | sed "s/$ip/IP/"; kubectl exec box -- wget -q -P /tmp web/index.html; kubectl exec box -- grep -c title /tmp/index.html
Connecting to web (IP:80)
  HTTP/1.1 200 OK
  Server: nginx
  Content-Type: text/html
  Content-Length: 164
remote file exists
1
$ kubectl exec curl -- curl -s -o /dev/null -w '%{http_code} %{size_download} %{content_type} %{remote_ip} %{url_effective} %{method}%%\n' -G -d a=b -d c=d web | sed "s/$ip/IP/"
200 164 text/html IP http://web/?a=b&c=d GET%
$ kubectl exec curl -- curl -s -m 1 -w '%{http_code} %{exitcode}\n' 10.96.250.250; kubectl exec curl -- curl --bogus web; kubectl exec curl -- curl -b c=d --retry 2 -e x -s web -o /dev/null
000 28
command terminated with exit code 28
curl: option --bogus: is unknown
curl: try 'curl --help' or 'curl --manual' for more information
command terminated with exit code 2
"#,
    );
}

#[test]
fn a_file_that_grows_is_followed() {
    let mut bench = Bench::full(&[(
        "p.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  volumes: [{name: v, emptyDir: {}}]\n  containers:\n  - {name: w, image: busybox, command: [sh, -c, 'i=0; while true; do i=$((i+1)); echo line $i >> /v/log; sleep 1; done'], volumeMounts: [{name: v, mountPath: /v}]}\n  - {name: r, image: busybox, command: [sh, -c, 'sleep 3; tail -n+1 -f /v/log'], volumeMounts: [{name: v, mountPath: /v}]}\n  - {name: idle, image: busybox, command: [tail, -f, /dev/null]}\n  - {name: none, image: busybox, command: [tail, -f, /none]}\n",
    )]);
    bench.run("kubectl apply -f p.yaml");
    bench.run("sleep 20");
    bench.check(
        r#"
$ kubectl logs p -c r | head -3; [ $(kubectl logs p -c r | wc -l) -gt 10 ] && echo more
line 1
line 2
line 3
more
$ kubectl logs p -c idle; kubectl logs p -c none
tail: can't open '/none': No such file or directory
tail: no files
$ timeout 3 kubectl exec p -c w -- tail -n 1 -f /v/log | wc -l
3
"#,
    );
}
