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
error: container nope is not valid for pod web
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
