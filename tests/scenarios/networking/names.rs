//! Names as pods ask for them.

use super::{applied, asked_from, client, run, says, server, service, terminal, wait};

#[test]
fn pods_ask_for_more_than_addresses() {
    let mut t = terminal(1);
    applied(
        &mut t,
        &server("db-0", "app: db", "hostname: db-0, subdomain: db,"),
    );
    applied(&mut t, &service("db", ", clusterIP: None"));
    applied(&mut t, &service("web", ""));
    applied(&mut t, &client("me", "a: b"));
    wait(&mut t, 40);
    let srv = says(
        &mut t,
        "kubectl exec me -- nslookup -type=srv _http._tcp.db",
    );
    assert!(
        srv.contains("_http._tcp.db.default.svc.cluster.local\tservice = 0 100 8080 db-0.db.default.svc.cluster.local."),
        "{srv}"
    );
    let address = says(
        &mut t,
        "kubectl get service web -o jsonpath={.spec.clusterIP}",
    );
    let reverse = says(&mut t, &format!("kubectl exec me -- nslookup {address}"));
    assert!(
        reverse.contains("name = web.default.svc.cluster.local."),
        "{reverse}"
    );
    assert_eq!(
        asked_from(&mut t, "me", "http://db-0.db:8080/hostname"),
        "db-0"
    );
    let (text, code) = run(
        &mut t,
        "kubectl exec me -- nslookup -type=srv _none._tcp.db",
    );
    assert!(code == 1 && text.contains("NXDOMAIN"), "{text}");
}

#[test]
fn a_pods_own_rules_say_whom_it_asks() {
    let mut t = terminal(1);
    applied(&mut t, &server("web", "app: web", ""));
    applied(&mut t, &service("web", ""));
    let with = |name: &str, dns: &str| {
        client(name, "a: b").replace("spec: {", &format!("spec: {{{dns}, "))
    };
    applied(&mut t, &with("default", "dnsPolicy: Default"));
    applied(
        &mut t,
        &with(
            "own",
            "dnsPolicy: None, dnsConfig: {nameservers: [10.96.0.10], searches: [default.svc.cluster.local]}",
        ),
    );
    applied(
        &mut t,
        &with(
            "alias",
            "hostAliases: [{ip: 192.0.2.9, hostnames: [far, far.example]}]",
        ),
    );
    wait(&mut t, 40);
    let conf = says(&mut t, "kubectl exec alias -- cat /etc/resolv.conf");
    assert!(
        conf.contains("nameserver 10.96.0.10") && conf.contains("ndots:5"),
        "{conf}"
    );
    let hosts = says(&mut t, "kubectl exec alias -- cat /etc/hosts");
    assert!(hosts.contains("192.0.2.9\tfar\tfar.example"), "{hosts}");
    let found = says(&mut t, "kubectl exec alias -- ping -c 1 far");
    assert!(found.starts_with("PING far (192.0.2.9)"), "{found}");
    let failed = asked_from(&mut t, "default", "http://web/hostname");
    assert!(failed.contains("bad address"), "{failed}");
    assert_eq!(asked_from(&mut t, "own", "http://web/hostname"), "web");
    let failed = asked_from(&mut t, "own", "http://web.default/hostname");
    assert!(failed.contains("bad address"), "{failed}");
}
