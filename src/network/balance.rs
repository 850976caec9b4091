//! How a node's kube-proxy picks one endpoint among several, as its configuration says.
//!
//! In the modes `iptables` and `nftables` each endpoint is as likely as any other. In the mode
//! `ipvs` the kernel's scheduler decides: round robin, least connections, by the client's
//! address, and so on (`net/netfilter/ipvs/ip_vs_*.c`; all weights are 1, as kube-proxy sets them).
//! A proxy reads its configuration when it starts (`pkg/proxy/apis/config`): who changes the
//! ConfigMap has to restart the pods.

use std::collections::VecDeque;
use std::rc::Rc;

use super::rules::Backend;
use crate::api::{Key, yaml};
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Rng, Time, hash_bytes, secs};

/// For how long IPVS remembers a connection that has ended (its `tcpfin` timeout).
const REMEMBERED_SECS: u64 = 120;
/// Ended connections that are remembered for one endpoint.
const MOST_ENDED: usize = 1024;

/// How a node's kube-proxy works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Iptables,
    Nftables,
    /// With the name of the scheduler: "rr".
    Ipvs(Rc<str>),
}

impl Mode {
    /// Reads a `KubeProxyConfiguration`. What does not say a mode means `iptables`.
    pub fn read(config: &str) -> Mode {
        let parsed = yaml::parse(config);
        let Some(document) = parsed.documents.first() else {
            return Mode::Iptables;
        };
        let value = &document.value;
        match value["mode"].as_str() {
            Some("ipvs") => {
                let scheduler = value["ipvs"]["scheduler"].as_str().unwrap_or_default();
                Mode::Ipvs(
                    if scheduler.is_empty() {
                        "rr"
                    } else {
                        scheduler
                    }
                    .into(),
                )
            }
            Some("nftables") => Mode::Nftables,
            _ => Mode::Iptables,
        }
    }

    /// "iptables", "ipvs", "nftables".
    pub fn name(&self) -> &'static str {
        match self {
            Mode::Iptables => "iptables",
            Mode::Nftables => "nftables",
            Mode::Ipvs(_) => "ipvs",
        }
    }
}

/// A port of a Service on a node.
pub type Server = (Rc<str>, Key, u16);

/// An open connection, as a node counts it: its endpoint by address and port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    server: Server,
    address: Rc<str>,
    port: u16,
}

/// The connections of one node to one endpoint.
#[derive(Clone, Debug, Default)]
struct Count {
    active: u64,
    ended: VecDeque<Time>,
}

impl Count {
    fn inactive(&self, now: Time) -> u64 {
        let fresh = |t: &&Time| now.since(**t) < secs(REMEMBERED_SECS);
        self.ended.iter().rev().take_while(fresh).count() as u64
    }
}

/// What the nodes' proxies remember.
#[derive(Clone, Default)]
pub struct Balance {
    /// Of nodes that are not in the default mode.
    modes: BTreeMap<Rc<str>, Mode>,
    /// Which endpoint was used last, for round robin.
    last: BTreeMap<Server, (Rc<str>, u16)>,
    counts: BTreeMap<Slot, Count>,
}

impl Balance {
    pub fn mode(&self, node: &str) -> Mode {
        self.modes.get(node).cloned().unwrap_or_default()
    }

    /// A node's proxy has started; what the one before it had remembered is flushed if the mode
    /// is another one.
    pub fn start(&mut self, node: &str, mode: Mode) {
        if self.mode(node) == mode {
            return;
        }
        self.last.retain(|(n, ..), _| **n != *node);
        self.counts.retain(|slot, _| *slot.server.0 != *node);
        match mode {
            Mode::Iptables => self.modes.remove(node),
            mode => self.modes.insert(node.into(), mode),
        };
    }

    /// The Service is gone.
    pub fn forget(&mut self, service: &Key) {
        self.last.retain(|(_, key, _), _| key != service);
        self.counts.retain(|slot, _| slot.server.1 != *service);
    }

    /// Forgets endpoints to which nothing is open, and was not of late.
    pub fn prune(&mut self, now: Time) {
        self.counts
            .retain(|_, count| count.active > 0 || count.inactive(now) > 0);
    }

    fn scheduler(&self, node: &str) -> Option<&str> {
        match self.modes.get(node)? {
            Mode::Ipvs(scheduler) => Some(scheduler),
            _ => None,
        }
    }

    /// Active and inactive connections of a node to an endpoint of a Service's port.
    pub fn connections(&self, server: &Server, backend: &Backend, now: Time) -> (u64, u64) {
        let slot = Slot {
            server: server.clone(),
            address: backend.address.clone(),
            port: backend.port,
        };
        let count = self.counts.get(&slot);
        count.map_or((0, 0), |c| (c.active, c.inactive(now)))
    }

    /// Picks one of the endpoints, which are in the order of their addresses.
    pub fn pick<'b>(
        &mut self,
        server: &Server,
        from: &str,
        usable: &[&'b Backend],
        now: Time,
        rng: &mut Rng,
    ) -> Option<&'b Backend> {
        let Some(scheduler) = self.scheduler(&server.0) else {
            return rng.pick(usable).copied();
        };
        let by_hash = |text: &str| {
            let hash = hash_bytes(0, text.as_bytes());
            let place = hash % (usable.len().max(1) as u64);
            usable
                .get(usize::try_from(place).unwrap_or_default())
                .copied()
        };
        let load = |of: fn(u64, u64) -> u64| {
            usable.iter().copied().min_by_key(|b| {
                let (active, inactive) = self.connections(server, b, now);
                of(active, inactive)
            })
        };
        match scheduler {
            "sh" | "mh" => by_hash(from),
            "dh" => by_hash(&server.1.to_string()),
            // Connections that have ended weigh little, but they do.
            "lc" | "wlc" | "lblc" | "lblcr" => load(|active, inactive| active * 256 + inactive),
            // The shortest expected delay; the never-queue scheduler takes an idle one before,
            // which among equals comes to the same.
            "sed" | "nq" => load(|active, _| active + 1),
            _ => {
                let last = self.last.get(server);
                let after = |b: &&&'b Backend| {
                    last.is_none_or(|(address, port)| (&b.address, b.port) > (address, *port))
                };
                let next = usable.iter().find(after).or(usable.first()).copied()?;
                let place = (next.address.clone(), next.port);
                self.last.insert(server.clone(), place);
                Some(next)
            }
        }
    }

    /// A connection was opened: counted where the scheduler counts.
    pub fn opened(&mut self, node: &str, key: &Key, port: u16, to: &Backend) -> Option<Slot> {
        self.scheduler(node)?;
        let slot = Slot {
            server: (node.into(), key.clone(), port),
            address: to.address.clone(),
            port: to.port,
        };
        self.counts.entry(slot.clone()).or_default().active += 1;
        Some(slot)
    }

    pub fn closed(&mut self, slot: &Slot, now: Time) {
        if let Some(count) = self.counts.get_mut(slot) {
            count.active = count.active.saturating_sub(1);
            if count.ended.len() >= MOST_ENDED {
                count.ended.pop_front();
            }
            count.ended.push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::rules::backends;
    use crate::network::testing::slice;

    #[test]
    fn the_mode_stands_in_the_configuration() {
        let cases = [
            ("", Mode::Iptables),
            ("mode: ''", Mode::Iptables),
            ("mode: nftables", Mode::Nftables),
            ("mode: ipvs", Mode::Ipvs("rr".into())),
            (
                "mode: ipvs\nipvs:\n  scheduler: lc",
                Mode::Ipvs("lc".into()),
            ),
            ("mode: [", Mode::Iptables),
        ];
        for (config, mode) in cases {
            assert_eq!(Mode::read(config), mode, "{config}");
        }
    }

    /// Which endpoints six connections in a row go to, each closed before the next if `closes`.
    fn six(scheduler: &str, from: [&str; 6], closes: bool) -> String {
        let slice = slice(
            "{metadata: {name: s, namespace: d}, addressType: IPv4, ports: [{name: '', port: 80}], endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}, {addresses: [10.0.0.3]}]}",
        );
        let backends = backends("", "TCP", "d", &[&slice]);
        let usable: Vec<&Backend> = backends.iter().collect();
        let mut balance = Balance::default();
        balance.start("a", Mode::Ipvs(scheduler.into()));
        let server = ("a".into(), Key::new("d", "web"), 80);
        let mut rng = Rng::new(1);
        let mut picked = String::new();
        for client in from {
            let now = Time::EPOCH;
            let b = balance.pick(&server, client, &usable, now, &mut rng);
            let b = b.expect("there are endpoints");
            picked.push_str(&b.address[7..]);
            let slot = balance.opened("a", &server.1, 80, b).expect("counted");
            if closes {
                balance.closed(&slot, now);
            }
        }
        picked
    }

    #[test]
    fn schedulers_differ() {
        let same = ["x"; 6];
        assert_eq!(six("rr", same, true), "123123");
        assert_eq!(six("wrr", same, true), "123123");
        assert_eq!(six("lc", same, false), "123123");
        assert_eq!(six("sed", same, true), "111111", "nothing is active");
        let one = six("sh", same, true);
        assert!(one.chars().all(|c| one.starts_with(c)), "{one}");
        let many = six("sh", ["a", "b", "c", "d", "e", "f"], true);
        assert!(many.chars().any(|c| !many.starts_with(c)), "{many}");
    }

    #[test]
    fn least_connections_look_at_what_is_open() {
        let slice = slice(
            "{metadata: {name: s, namespace: d}, addressType: IPv4, ports: [{name: '', port: 80}], endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}]}",
        );
        let backends = backends("", "TCP", "d", &[&slice]);
        let usable: Vec<&Backend> = backends.iter().collect();
        let mut balance = Balance::default();
        balance.start("a", Mode::Ipvs("lc".into()));
        let server = ("a".into(), Key::new("d", "web"), 80);
        let (now, mut rng) = (Time::EPOCH, Rng::new(1));
        let slow = balance
            .opened("a", &server.1, 80, usable[0])
            .expect("counted");
        for _ in 0..9 {
            let picked = balance.pick(&server, "x", &usable, now, &mut rng);
            let picked = picked.expect("an endpoint");
            assert_eq!(&*picked.address, "10.0.0.2");
            let slot = balance.opened("a", &server.1, 80, picked).expect("counted");
            balance.closed(&slot, now);
        }
        balance.closed(&slow, now);
        let picked = balance.pick(&server, "x", &usable, now, &mut rng);
        assert_eq!(picked.map(|b| &*b.address), Some("10.0.0.1"));
        assert_eq!(balance.connections(&server, usable[1], now), (0, 9));
        let later = now + secs(REMEMBERED_SECS);
        assert_eq!(balance.connections(&server, usable[1], later), (0, 0));
        balance.prune(now);
        assert_eq!(balance.counts.len(), 2);
        balance.prune(later);
        assert!(balance.counts.is_empty());
    }
}
