//! What network policies let through, as pods and outside clients see it.

use kubarium::network::{Direction, Outcome};
use kubarium::sim::secs;

use super::{answer, applied, asked_from, client, run, says, server, service, terminal, wait};

fn policy(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}}}, spec: {spec}}}"
    )
}

#[test]
fn policies_isolate_pods_and_let_through_what_one_of_them_allows() {
    let mut t = terminal(2);
    applied(&mut t, &server("db", "app: db", ""));
    applied(&mut t, &service("db", ""));
    applied(&mut t, &client("friend", "role: friend"));
    applied(&mut t, &client("stranger", "role: stranger"));
    wait(&mut t, 40);
    assert_eq!(asked_from(&mut t, "friend", "http://db/hostname"), "db");
    assert_eq!(asked_from(&mut t, "stranger", "http://db/hostname"), "db");
    assert_eq!(answer(&mut t, "http://db/hostname"), "db");

    applied(
        &mut t,
        &policy("deny", "{podSelector: {}, policyTypes: [Ingress]}"),
    );
    wait(&mut t, 1);
    // Dropped, not refused: the client waits until it gives up.
    let before = t.desk.borrow().now();
    let (text, code) = run(
        &mut t,
        "kubectl exec friend -- wget -q -O- -T 5 http://db/hostname",
    );
    assert_ne!(code, 0);
    assert!(text.contains("download timed out"), "{text}");
    assert!(t.desk.borrow().now().since(before) >= secs(5));
    assert_eq!(answer(&mut t, "http://db/hostname"), "curl: 28");

    applied(
        &mut t,
        &policy(
            "allow",
            "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {role: friend}}}], ports: [{port: http}]}]}",
        ),
    );
    wait(&mut t, 1);
    assert_eq!(asked_from(&mut t, "friend", "http://db/hostname"), "db");
    let refused = asked_from(&mut t, "stranger", "http://db/hostname");
    assert!(refused.contains("timed out"), "{refused}");
    // The kubelet's probes come from the pod's own node.
    wait(&mut t, 30);
    let ready = says(&mut t, "kubectl get pod db --no-headers");
    assert!(ready.contains("1/1"), "{ready}");

    // The record of requests says which policies it was.
    let cluster = t.desk.borrow();
    let flows: Vec<_> = cluster.network().flows_since(0).collect();
    let dropped = flows.iter().rev().find(|f| f.denial.is_some());
    let dropped = dropped.expect("a request that was dropped");
    assert_eq!(dropped.outcome, Outcome::Timeout);
    let denial = dropped.denial.clone().expect("why");
    assert_eq!(denial.direction, Direction::Ingress);
    assert_eq!(&*denial.pod.name, "db");
    let names: Vec<&str> = denial.policies.iter().map(|n| &**n).collect();
    assert_eq!(names, ["allow", "deny"]);
    assert!(dropped.endpoint.is_some(), "it fails at the pod");
    let stats = cluster.network().stats("default", "db", 100, cluster.now());
    assert!(
        stats.denied >= 1 && stats.timeouts >= stats.denied,
        "{stats:?}"
    );
}

#[test]
fn egress_rules_hold_names_back_too() {
    let mut t = terminal(2);
    applied(&mut t, &server("db", "app: db", ""));
    applied(&mut t, &service("db", ""));
    applied(&mut t, &client("me", "role: me"));
    wait(&mut t, 40);
    let to_db = "to: [{podSelector: {matchLabels: {app: db}}}]";
    applied(
        &mut t,
        &policy(
            "out",
            &format!(
                "{{podSelector: {{matchLabels: {{role: me}}}}, policyTypes: [Egress], egress: [{{{to_db}}}]}}"
            ),
        ),
    );
    wait(&mut t, 1);
    // By address it goes; by name nobody may be asked.
    let address = says(
        &mut t,
        "kubectl get service db -o jsonpath={.spec.clusterIP}",
    );
    let by_address = asked_from(&mut t, "me", &format!("http://{address}/hostname"));
    assert_eq!(by_address, "db");
    let (text, code) = run(&mut t, "kubectl exec me -- nslookup db");
    assert_eq!(code, 1);
    assert!(text.contains("no servers could be reached"), "{text}");

    applied(
        &mut t,
        &policy(
            "out",
            &format!(
                "{{podSelector: {{matchLabels: {{role: me}}}}, policyTypes: [Egress], egress: [{{{to_db}}}, {{to: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: kube-system}}}}, podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}], ports: [{{port: 53, protocol: UDP}}]}}]}}"
            ),
        ),
    );
    wait(&mut t, 1);
    assert_eq!(asked_from(&mut t, "me", "http://db/hostname"), "db");
    says(&mut t, "kubectl delete networkpolicy out");
    wait(&mut t, 1);
    assert_eq!(asked_from(&mut t, "me", "http://db/hostname"), "db");
}

#[test]
fn pods_of_the_hosts_network_are_exempt() {
    let mut t = terminal(1);
    applied(&mut t, &server("host", "app: host", "hostNetwork: true,"));
    applied(&mut t, &service("host", ""));
    applied(&mut t, &policy("deny", "{podSelector: {}}"));
    wait(&mut t, 40);
    let name = answer(&mut t, "http://host/hostname");
    assert_eq!(name, "worker-1");
}
