//! `etcdctl`: the store behind the API server.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Config, Timeline};
use kubarium::sim::secs;
use serde_json::json;

use super::Bench;

#[test]
fn keys_have_revisions_and_versions() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ export ETCDCTL_API=3
$ etcdctl version
etcdctl version: 3.6.8
API version: 3.6
$ etcdctl put /demo/a one
OK
$ sudo etcdctl --endpoints=https://127.0.0.1:2379 --cacert=ca.crt --cert server.crt --key server.key put /demo/b two
OK
$ etcdctl put --prev-kv /demo/a 'three words here'
OK
/demo/a
one
$ etcdctl get /demo --prefix
/demo/a
three words here
/demo/b
two
$ etcdctl get /demo/a -w fields
\"ClusterID\" : 14841639068965178418
\"MemberID\" : 10276657743932975437
\"Revision\" : ..
\"RaftTerm\" : 2
\"Key\" : \"/demo/a\"
\"CreateRevision\" : ..
\"ModRevision\" : ..
\"Version\" : 2
\"Value\" : \"three words here\"
\"Lease\" : 0
\"More\" : false
\"Count\" : 1
$ etcdctl get /demo/b -w json
{\"header\":{\"cluster_id\":14841639068965178418,\"member_id\":10276657743932975437,\"revision\":..,\"raft_term\":2},\"kvs\":[{\"key\":\"L2RlbW8vYg==\",\"create_revision\":..,\"mod_revision\":..,\"version\":1,\"value\":\"dHdv\"}],\"count\":1}
$ etcdctl get /demo/ --prefix --keys-only --limit 1
/demo/a

$ etcdctl get --from-key /demo/b --print-value-only --limit=1
two
$ etcdctl get /demo --prefix --count-only
Error: --count-only is only for `--write-out=fields`
exit=128
$ etcdctl del /demo/a /demo/b
1
$ etcdctl del --prefix /demo
1
$ etcdctl get /demo/b
$ etcdctl get /demo/b --rev 999999
Error: etcdserver: mvcc: required revision is a future revision
exit=1
$ etcdctl get
Error: get command needs one argument as key and an optional argument as range_end
exit=128
$ etcdctl put --frob
Error: unknown flag: --frob
exit=128
$ etcdctl endpoint health
127.0.0.1:2379 is healthy: successfully committed proposal: took = ..
$ etcdctl member list
8e9e05c52164694d, started, control-plane, https://172.18.0.2:2380, https://172.18.0.2:2379, false
$ etcdctl endpoint status -w table | wc -l
5
",
    );
}

#[test]
fn transactions_and_compaction() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ etcdctl put /demo/n 1
OK
$ etcdctl txn <<E
> value(\"/demo/n\") = \"1\"
> version(\"/demo/m\") = \"0\"
>
> put /demo/n \"2 and more\"
> get /demo/n
>
> del /demo/n
> E
SUCCESS

OK

/demo/n
2 and more
$ etcdctl txn <<E
> value(\"/demo/n\") = \"1\"
>
>
> del /demo --prefix
> E
FAILURE

1
$ etcdctl txn <<E
>
> put /demo/n 1
> put /demo/n 2
> E
Error: etcdserver: duplicate key given in txn request
exit=1
$ etcdctl put /demo/n 1
OK
$ R=$(etcdctl get /demo/n -w fields | grep ModRevision | awk '{print $3}')
$ etcdctl put /demo/n 2
OK
$ etcdctl get /demo/n --rev $R --print-value-only
1
$ etcdctl compact $R
compacted revision ..
$ etcdctl compact $R
Error: etcdserver: mvcc: required revision has been compacted
exit=1
$ etcdctl get /demo/n --rev 2
Error: etcdserver: mvcc: required revision has been compacted
exit=1
",
    );
}

#[test]
fn leases_end_in_virtual_time() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ L=$(etcdctl lease grant 30 | awk '{print $2}')
$ etcdctl put --lease=$L /demo/short here
OK
$ etcdctl lease timetolive $L --keys
lease .. granted with TTL(30s), remaining(..s), attached keys([/demo/short])
$ sleep 20
$ etcdctl lease keep-alive --once $L
lease .. keepalived with TTL(30)
$ sleep 20
$ etcdctl get /demo/short --print-value-only
here
$ sleep 11
$ etcdctl get /demo/short
$ etcdctl lease timetolive $L
lease .. already expired
$ etcdctl lease revoke $L
Error: etcdserver: requested lease not found
exit=1
$ L=$(etcdctl lease grant 300 | awk '{print $2}')
$ etcdctl put /demo/x 1 --lease=$L
OK
$ etcdctl lease revoke $L
lease .. revoked
$ etcdctl get /demo/x
",
    );
}

#[test]
fn objects_are_keys_of_the_registry() {
    let mut bench = Bench::bare(&[]);
    bench.run("kubectl apply -f web.yaml");
    bench.desk.borrow_mut().run_for(secs(10));
    bench.check(
        "\
$ etcdctl get /registry/deployments --prefix --keys-only
/registry/deployments/default/web

$ etcdctl get /registry/deployments/default/web --print-value-only | grep -o '\"kind\":\"Deployment\"'
\"kind\":\"Deployment\"
$ P=$(etcdctl get /registry/pods/default/ --prefix --keys-only --limit 1)
$ etcdctl del $P
Error: /registry/pods/default/web-.. belongs to the API server: ..
exit=1
$ kubectl get pods --no-headers | wc -l
2
$ etcdctl del --insist $P
1
$ sleep 5
$ kubectl get pods --no-headers | wc -l
2
$ etcdctl get $P
$ etcdctl put --insist /registry/configmaps/default/c 'no json'
Error: /registry/configmaps/default/c: the API server could not read it: it is not JSON ..
exit=1
$ etcdctl get /registry/deployments/default/web --print-value-only | sed 's/\"replicas\":2/\"replicas\":3/' | etcdctl put --insist /registry/deployments/default/web
OK
$ sleep 5
$ kubectl get deploy web
NAME   READY   UP-TO-DATE   AVAILABLE   AGE
web    3/3     3            3           ..
$ timeout 1 etcdctl watch /registry/configmaps --prefix --rev 2 | head -2
PUT
/registry/configmaps/..
",
    );
}

#[test]
fn a_pod_that_vanishes_takes_its_containers_along() {
    let mut bench = Bench::full(&[]);
    bench.run("kubectl run one --image=nginx");
    bench.desk.borrow_mut().run_for(secs(30));
    bench.check(
        "\
$ kubectl get pod one --no-headers
one   1/1   Running   0     ..
$ N=$(kubectl get pod one -o jsonpath='{.spec.nodeName}')
$ etcdctl del /registry/pods/default/one --insist
1
$ sleep 40
$ kubectl get pod one
Error from server (NotFound): pods \"one\" not found
exit=1
$ kubectl get events --field-selector reason=Killing,involvedObject.name=one --no-headers | wc -l
1
",
    );
}

/// Writes past the API server are inputs: they are replayed.
#[test]
fn what_is_written_belongs_to_the_history() {
    let mut timeline = Timeline::new(Config::bare(1, 2));
    let run = |timeline: &mut Timeline, span| {
        let until = timeline.now() + secs(span);
        while !timeline.run_until(until, 1000) {}
    };
    let write =
        |what: &str, body| Request::new(Method::Post, format!("/play/etcd/{what}")).with_body(body);
    run(&mut timeline, 5);
    let lease = timeline.request(&write("lease", json!({"op": "grant", "ttl": 20})));
    let kubarium::apiserver::Body::Json(lease) = lease.body else {
        panic!("a lease");
    };
    let put = json!({"key": "/demo/a", "value": "1", "lease": lease["id"]});
    assert!(timeline.request(&write("put", put)).is_success());
    run(&mut timeline, 60);
    let hash = |t: &Timeline| {
        (
            t.cluster().kernel().trace.hash(),
            t.cluster().server().revision(),
        )
    };
    let (end, first) = (timeline.now(), hash(&timeline));
    let count = |t: &mut Timeline| {
        let read = Request::get("/play/etcd/range").with_query("key", "/demo/a");
        match t.request(&read).body {
            kubarium::apiserver::Body::Json(answer) => answer["count"].as_u64(),
            _ => None,
        }
    };
    assert_eq!(count(&mut timeline), Some(0));
    timeline.seek(end - secs(50));
    assert_eq!(count(&mut timeline), Some(1));
    timeline.seek(end);
    assert_eq!(hash(&timeline), first);
}
