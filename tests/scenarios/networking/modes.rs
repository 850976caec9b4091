//! How kube-proxy picks endpoints: by chance, or as IPVS does; and what it shows of its rules.

use std::collections::BTreeMap;

use kubarium::network::{Door, Mode};

use super::{Terminal, answer, applied, says, server, service, terminal, wait};

fn pods(t: &mut Terminal) {
    for name in ["a", "b", "c"] {
        applied(t, &server(name, "app: web", ""));
    }
    wait(t, 40);
}

/// Which pods answer so many requests, in order.
fn asked(t: &mut Terminal, times: usize) -> String {
    (0..times)
        .map(|_| answer(t, "http://web/hostname"))
        .collect()
}

fn mode(t: &mut Terminal, config: &str) {
    says(
        t,
        &format!(
            "kubectl patch configmap kube-proxy -n kube-system -p '{{\"data\": {{\"config.conf\": \"{config}\"}}}}'"
        ),
    );
}

#[test]
fn the_mode_changes_when_the_proxies_are_restarted() {
    let mut t = terminal(2);
    applied(&mut t, &service("web", ""));
    pods(&mut t);
    let by_chance = asked(&mut t, 24);
    let turns = |text: &str| {
        let letters: Vec<char> = text.chars().collect();
        letters
            .windows(3)
            .all(|w| matches!(w, [a, b, c] if a != b && b != c && a != c))
    };
    assert!(!turns(&by_chance), "{by_chance}");
    mode(&mut t, "mode: ipvs\\nipvs:\\n  scheduler: rr\\n");
    wait(&mut t, 30);
    assert!(
        !turns(&asked(&mut t, 24)),
        "the proxies still run with the old one"
    );
    says(
        &mut t,
        "kubectl rollout restart daemonset kube-proxy -n kube-system",
    );
    wait(&mut t, 180);
    let in_turn = asked(&mut t, 24);
    assert!(turns(&in_turn), "{in_turn}");
    let cluster = t.desk.borrow();
    let table = cluster.network().proxy_table("worker-1", cluster.now());
    assert_eq!(table.mode, Mode::Ipvs("rr".into()));
}

#[test]
fn the_rules_can_be_looked_at() {
    let mut t = terminal(1);
    applied(
        &mut t,
        &service("web", ", type: NodePort, sessionAffinity: ClientIP"),
    );
    pods(&mut t);
    let cluster = t.desk.borrow();
    let table = cluster.network().proxy_table("worker-1", cluster.now());
    assert_eq!(table.mode, Mode::Iptables);
    let of: BTreeMap<(String, String), usize> = table
        .rules
        .iter()
        .map(|r| {
            (
                (r.service.name.to_string(), r.protocol.to_string()),
                r.endpoints.len(),
            )
        })
        .collect();
    assert_eq!(of[&("kube-dns".to_owned(), "UDP".to_owned())], 2);
    assert_eq!(of[&("kubernetes".to_owned(), "TCP".to_owned())], 1);
    let web: Vec<_> = table
        .rules
        .iter()
        .filter(|r| &*r.service.name == "web")
        .collect();
    assert_eq!(web.len(), 2);
    assert_eq!(
        (web[0].door, web[1].door),
        (Door::ClusterIp, Door::NodePort)
    );
    let share: Vec<usize> = web[0].endpoints.iter().map(|e| e.one_in).collect();
    assert_eq!(share, [3, 2, 1]);
    assert_eq!(web[0].affinity, Some(10_800));
    assert!(web[0].chain.starts_with("KUBE-SVC-") && web[0].chain.len() == 25);
    assert!(web[0].endpoints[0].chain.starts_with("KUBE-SEP-"));
}

#[test]
fn affinity_ends_with_its_timeout() {
    let mut t = terminal(1);
    applied(
        &mut t,
        &service(
            "web",
            ", sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 30}}",
        ),
    );
    pods(&mut t);
    let same = asked(&mut t, 8);
    assert!(same.chars().all(|c| same.starts_with(c)), "{same}");
    let mut later = std::collections::BTreeSet::new();
    for _ in 0..12 {
        wait(&mut t, 31);
        later.insert(answer(&mut t, "http://web/hostname"));
    }
    assert!(later.len() > 1, "{later:?}");
}
