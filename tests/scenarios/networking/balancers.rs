//! Services of the type LoadBalancer, from their address to their end.

use super::{answer, applied, run, says, server, service, terminal, wait};

fn field(t: &mut super::Terminal, path: &str) -> String {
    says(
        t,
        &format!("kubectl get service web -o jsonpath='{{{path}}}'"),
    )
}

#[test]
fn a_load_balancer_gets_an_address_and_gives_it_back() {
    let mut t = terminal(2);
    applied(&mut t, &server("web", "app: web", ""));
    applied(&mut t, &service("web", ", type: LoadBalancer"));
    let pending = says(&mut t, "kubectl get service web --no-headers");
    assert!(pending.contains("<pending>"), "{pending}");
    wait(&mut t, 40);
    let row = says(&mut t, "kubectl get service web --no-headers");
    assert!(row.contains("172.18.255.1 "), "{row}");
    assert_eq!(
        field(&mut t, ".metadata.finalizers[*]"),
        "service.kubernetes.io/load-balancer-cleanup"
    );
    assert_eq!(
        field(&mut t, ".status.loadBalancer.ingress[0].ipMode"),
        "VIP"
    );
    let page = says(&mut t, "kubectl describe service web");
    for word in [
        "EnsuringLoadBalancer",
        "service-controller",
        "Ensuring load balancer",
        "EnsuredLoadBalancer",
        "Ensured load balancer",
        "172.18.255.1 (VIP)",
    ] {
        assert!(page.contains(word), "{word}: {page}");
    }
    assert_eq!(answer(&mut t, "http://172.18.255.1/hostname"), "web");
    // A node passes it on in its own name.
    let seen = answer(&mut t, "http://172.18.255.1/clientip");
    assert!(seen.starts_with("172.18.0."), "{seen}");
    // No node listens there.
    assert_eq!(answer(&mut t, "http://172.18.255.1:81/"), "curl: 28");

    // Another set of nodes is told to it.
    says(
        &mut t,
        "kubectl label node worker-2 node.kubernetes.io/exclude-from-external-load-balancers=",
    );
    wait(&mut t, 3);
    let events = says(&mut t, "kubectl get events");
    assert!(
        events.contains("Updated load balancer with new hosts"),
        "{events}"
    );
    for _ in 0..5 {
        let node = says(
            &mut t,
            "kubectl get node worker-1 -o jsonpath={.status.addresses[0].address}",
        );
        assert_eq!(answer(&mut t, "http://172.18.255.1/clientip"), node);
    }

    // It lives as long as its load balancer.
    says(&mut t, "kubectl delete service web --wait=false");
    let (_, code) = run(&mut t, "kubectl get service web");
    assert_eq!(code, 0);
    wait(&mut t, 10);
    let (_, code) = run(&mut t, "kubectl get service web");
    assert_eq!(code, 1);
    assert_eq!(answer(&mut t, "http://172.18.255.1/"), "curl: 28");
    let events = says(&mut t, "kubectl get events");
    assert!(events.contains("DeletedLoadBalancer"), "{events}");
    // The address is free again.
    applied(&mut t, &service("web", ", type: LoadBalancer"));
    wait(&mut t, 10);
    assert_eq!(
        field(&mut t, ".status.loadBalancer.ingress[0].ip"),
        "172.18.255.1"
    );
}

#[test]
fn a_service_that_turns_away_from_load_balancers_loses_its_own() {
    let mut t = terminal(1);
    applied(&mut t, &server("web", "app: web", ""));
    applied(&mut t, &service("web", ", type: LoadBalancer"));
    applied(
        &mut t,
        &service(
            "other",
            ", type: LoadBalancer, loadBalancerClass: example.com/x",
        ),
    );
    wait(&mut t, 40);
    says(
        &mut t,
        "kubectl patch service web -p '{\"spec\": {\"type\": \"ClusterIP\"}}'",
    );
    wait(&mut t, 10);
    assert_eq!(field(&mut t, ".status.loadBalancer.ingress"), "");
    assert_eq!(field(&mut t, ".metadata.finalizers"), "");
    // What names another class is left to others.
    let row = says(&mut t, "kubectl get service other --no-headers");
    assert!(row.contains("<pending>"), "{row}");
    says(&mut t, "kubectl delete service other");
}

#[test]
fn local_policy_keeps_the_clients_address_and_the_node() {
    let mut t = terminal(3);
    applied(&mut t, &server("web", "app: web", "nodeName: worker-2,"));
    applied(
        &mut t,
        &service("web", ", type: LoadBalancer, externalTrafficPolicy: Local"),
    );
    wait(&mut t, 40);
    for _ in 0..5 {
        let seen = answer(&mut t, "http://172.18.255.1/clientip");
        assert!(seen.starts_with("10.245."), "{seen}");
    }
    // Each node says whether it takes part.
    let port = field(&mut t, ".spec.healthCheckNodePort");
    let nodes = says(
        &mut t,
        "kubectl get nodes -o jsonpath='{range .items[*]}{.metadata.name} {.status.addresses[0].address}{\"\\n\"}{end}'",
    );
    for line in nodes.lines() {
        let (name, address) = line.split_once(' ').expect("name and address");
        let (text, _) = run(
            &mut t,
            &format!("curl -s -w ' %{{http_code}}' http://{address}:{port}/healthz"),
        );
        let (count, code) = match name {
            "worker-2" => ("\"localEndpoints\": 1", " 200"),
            _ => ("\"localEndpoints\": 0", " 503"),
        };
        assert!(
            text.contains(count) && text.trim_end().ends_with(code),
            "{name}: {text}"
        );
    }
    // By a node's port it works there only; from inside the cluster everywhere.
    let node_port = field(&mut t, ".spec.ports[0].nodePort");
    let address = |name: &str| {
        let line = nodes
            .lines()
            .find(|l| l.starts_with(name))
            .expect("the node");
        line.rsplit(' ').next().unwrap_or_default().to_owned()
    };
    let (here, there) = (address("worker-2"), address("worker-1"));
    assert_eq!(
        answer(&mut t, &format!("http://{here}:{node_port}/hostname")),
        "web"
    );
    assert_eq!(
        answer(&mut t, &format!("http://{there}:{node_port}/hostname")),
        "curl: 28"
    );
    applied(&mut t, &super::client("me", "a: b"));
    wait(&mut t, 20);
    let url = format!("http://{there}:{node_port}/hostname");
    assert_eq!(super::asked_from(&mut t, "me", &url), "web");
    assert_eq!(
        super::asked_from(&mut t, "me", "http://172.18.255.1/hostname"),
        "web"
    );
}

#[test]
fn source_ranges_and_wanted_addresses_are_heeded() {
    let mut t = terminal(1);
    applied(&mut t, &server("web", "app: web", ""));
    applied(
        &mut t,
        &service(
            "web",
            ", type: LoadBalancer, loadBalancerIP: 172.18.255.77, loadBalancerSourceRanges: [192.0.2.0/24]",
        ),
    );
    wait(&mut t, 40);
    assert_eq!(
        field(&mut t, ".status.loadBalancer.ingress[0].ip"),
        "172.18.255.77"
    );
    assert_eq!(answer(&mut t, "http://172.18.255.77/"), "curl: 28");
    says(
        &mut t,
        "kubectl patch service web -p '{\"spec\": {\"loadBalancerSourceRanges\": [\"10.245.0.0/16\"]}}'",
    );
    wait(&mut t, 10);
    assert_eq!(answer(&mut t, "http://172.18.255.77/hostname"), "web");
    says(
        &mut t,
        "kubectl patch service web -p '{\"spec\": {\"loadBalancerIP\": \"10.0.0.1\"}}'",
    );
    wait(&mut t, 10);
    let events = says(&mut t, "kubectl get events");
    assert!(events.contains("SyncLoadBalancerFailed"), "{events}");
}
