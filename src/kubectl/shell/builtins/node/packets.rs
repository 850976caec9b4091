//! The network of a node as its kernel has it: kube-proxy's rules, routes, addresses.

use serde_json::Value;

use super::super::super::state::{Io, Shell};
use super::{asked, fail, here, list, text};

/// A port's name as the comments of rules have it: `default/web:http`.
fn name_of(rule: &Value) -> String {
    match text(rule, "portName") {
        "" => text(rule, "service").to_owned(),
        port => format!("{}:{port}", text(rule, "service")),
    }
}

fn protocol(rule: &Value) -> String {
    text(rule, "protocol").to_lowercase()
}

/// `statistic mode random probability 0.33333333349`: one in so many, in the kernel's 31 bits.
fn probability(one_in: u64) -> String {
    const STEPS: u64 = 1 << 31;
    let rounded = (STEPS + one_in / 2) / one_in.max(1);
    let digits =
        (u128::from(rounded) * 100_000_000_000 + u128::from(STEPS / 2)) / u128::from(STEPS);
    format!("0.{digits:011}")
}

/// A rule of a chain: what it matches, and where it jumps to.
struct Jump {
    chain: String,
    target: String,
    protocol: String,
    source: String,
    destination: String,
    comment: String,
    port: Option<u64>,
    one_in: Option<u64>,
    to: Option<String>,
    nodes: bool,
}

impl Jump {
    fn new(chain: &str, target: &str, comment: &str) -> Jump {
        Jump {
            chain: chain.to_owned(),
            target: target.to_owned(),
            protocol: "all".to_owned(),
            source: String::new(),
            destination: String::new(),
            comment: comment.to_owned(),
            port: None,
            one_in: None,
            to: None,
            nodes: false,
        }
    }

    /// As `iptables -L -n` shows it.
    fn listed(&self) -> String {
        let any = |text: &str| match text {
            "" => "0.0.0.0/0".to_owned(),
            text => text.to_owned(),
        };
        let mut line = format!(
            "{:<26} {:<4} -- {:<20} {:<20}",
            self.target,
            self.protocol,
            any(&self.source),
            any(&self.destination)
        );
        line.push_str(&format!(" /* {} */", self.comment));
        if let Some(port) = self.port {
            line.push_str(&format!(" {} dpt:{port}", self.protocol));
        }
        if let Some(one_in) = self.one_in {
            line.push_str(&format!(
                " statistic mode random probability {}",
                probability(one_in)
            ));
        }
        if let Some(to) = &self.to {
            line.push_str(&format!(" {} to:{to}", self.protocol));
        }
        if self.nodes {
            line.push_str(" ADDRTYPE match dst-type LOCAL");
        }
        line
    }

    /// As `iptables-save` shows it.
    fn saved(&self) -> String {
        let mut line = format!("-A {}", self.chain);
        for (flag, address) in [("-s", &self.source), ("-d", &self.destination)] {
            if !address.is_empty() {
                line.push_str(&format!(" {flag} {address}/32"));
            }
        }
        if self.protocol != "all" {
            line.push_str(&format!(" -p {}", self.protocol));
        }
        line.push_str(&format!(" -m comment --comment \"{}\"", self.comment));
        if let Some(port) = self.port {
            line.push_str(&format!(" -m {} --dport {port}", self.protocol));
        }
        if let Some(one_in) = self.one_in {
            line.push_str(&format!(
                " -m statistic --mode random --probability {}",
                probability(one_in)
            ));
        }
        if self.nodes {
            line.push_str(" -m addrtype --dst-type LOCAL");
        }
        line.push_str(&format!(" -j {}", self.target));
        if let Some(to) = &self.to {
            line.push_str(&format!(" --to-destination {to}"));
        }
        line
    }
}

/// The rules of the table `nat`, by chain in the order in which the kernel lists them.
fn jumps(table: &Value) -> Vec<Jump> {
    let portals = "kubernetes service portals";
    let mut all = vec![
        Jump::new("PREROUTING", "KUBE-SERVICES", portals),
        Jump::new("OUTPUT", "KUBE-SERVICES", portals),
        Jump::new(
            "POSTROUTING",
            "KUBE-POSTROUTING",
            "kubernetes postrouting rules",
        ),
    ];
    let rules = list(table, "rules");
    for rule in rules {
        let name = name_of(rule);
        let node_port = text(rule, "door") == "nodePort";
        let (chain, what) = match text(rule, "door") {
            "clusterIP" => ("KUBE-SERVICES", "cluster IP"),
            "nodePort" => ("KUBE-NODEPORTS", ""),
            "loadBalancer" => ("KUBE-SERVICES", "loadbalancer IP"),
            _ => ("KUBE-SERVICES", "external IP"),
        };
        let comment = match what {
            "" => name.clone(),
            what => format!("{name} {what}"),
        };
        if list(rule, "endpoints").is_empty() {
            // Such rules are in the table filter: they reject.
            continue;
        }
        let mut jump = Jump::new(chain, text(rule, "chain"), &comment);
        jump.protocol = protocol(rule);
        jump.port = rule["port"].as_u64();
        if !node_port {
            jump.destination = text(rule, "address").to_owned();
        }
        all.push(jump);
    }
    let last = "kubernetes service nodeports; NOTE: this must be the last rule in this chain";
    let mut nodeports = Jump::new("KUBE-SERVICES", "KUBE-NODEPORTS", last);
    nodeports.nodes = true;
    all.push(nodeports);
    let mut seen: Vec<&str> = Vec::new();
    for rule in rules {
        let chain = text(rule, "chain");
        if seen.contains(&chain) {
            continue;
        }
        seen.push(chain);
        let name = name_of(rule);
        for endpoint in list(rule, "endpoints") {
            let (address, port) = (text(endpoint, "address"), &endpoint["port"]);
            let to = format!("{address}:{port}");
            let mut jump = Jump::new(chain, text(endpoint, "chain"), &format!("{name} -> {to}"));
            jump.one_in = endpoint["oneIn"].as_u64().filter(|n| *n > 1);
            all.push(jump);
        }
        for endpoint in list(rule, "endpoints") {
            let (address, port) = (text(endpoint, "address"), &endpoint["port"]);
            let own = text(endpoint, "chain");
            let mut marked = Jump::new(own, "KUBE-MARK-MASQ", &name);
            marked.source = address.to_owned();
            all.push(marked);
            let mut translated = Jump::new(own, "DNAT", &name);
            translated.protocol = protocol(rule);
            translated.to = Some(format!("{address}:{port}"));
            all.push(translated);
        }
    }
    all
}

/// The chains that have rules, and those of the kernel.
fn chains(jumps: &[Jump]) -> Vec<String> {
    let mut chains: Vec<String> = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]
        .map(str::to_owned)
        .to_vec();
    let mut own: Vec<String> = jumps.iter().map(|j| j.chain.clone()).collect();
    own.extend(["KUBE-MARK-MASQ", "KUBE-NODEPORTS", "KUBE-POSTROUTING"].map(str::to_owned));
    own.sort();
    own.dedup();
    own.retain(|chain| !chains.contains(chain));
    chains.extend(own);
    chains
}

/// `iptables -t nat -L [CHAIN] [-n] [-v]`
pub fn iptables(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let Some(node) = here(shell, io, "iptables") else {
        return 1;
    };
    let Some(table) = asked(shell, io, &node, "proxy") else {
        return 1;
    };
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let after = |flag: &str| {
        let place = words.iter().position(|w| *w == flag)?;
        words
            .get(place + 1)
            .copied()
            .filter(|w| !w.starts_with('-'))
    };
    if words.contains(&"-S") {
        return save(io, &table);
    }
    if !words
        .iter()
        .any(|w| w.starts_with("-L") || *w == "--list" || w.starts_with("-n"))
    {
        return fail(
            io,
            "iptables: rules are kube-proxy's here; -L and -S show them",
            2,
        );
    }
    let nat = after("-t") == Some("nat");
    let chain = after("-L").or_else(|| after("--list"));
    let all = match nat && text(&table, "mode") == "iptables" {
        true => jumps(&table),
        false => Vec::new(),
    };
    let shown = match nat {
        true => chains(&all),
        false => ["INPUT", "FORWARD", "OUTPUT"].map(str::to_owned).to_vec(),
    };
    if let Some(chain) = chain
        && !shown.iter().any(|c| c == chain)
    {
        let message = "iptables: No chain/target/match by that name.";
        return fail(io, message, 1);
    }
    let mut first = true;
    for name in shown
        .iter()
        .filter(|c| chain.is_none_or(|wanted| wanted == c.as_str()))
    {
        if !std::mem::take(&mut first) {
            io.out.line("");
        }
        let references = all.iter().filter(|j| j.target == *name).count();
        match name.starts_with("KUBE") {
            true => io
                .out
                .line(&format!("Chain {name} ({references} references)")),
            false => io.out.line(&format!("Chain {name} (policy ACCEPT)")),
        }
        io.out
            .line("target                     prot opt source               destination");
        for jump in all.iter().filter(|j| j.chain == *name) {
            io.out.line(jump.listed().trim_end());
        }
    }
    0
}

/// `iptables-save [-t nat]`
pub fn iptables_save(shell: &Shell, io: &Io, _: &[String]) -> i32 {
    let Some(node) = here(shell, io, "iptables-save") else {
        return 1;
    };
    match asked(shell, io, &node, "proxy") {
        Some(table) => save(io, &table),
        None => 1,
    }
}

fn save(io: &Io, table: &Value) -> i32 {
    let all = match text(table, "mode") {
        "iptables" => jumps(table),
        _ => Vec::new(),
    };
    io.out.line("*nat");
    for chain in chains(&all) {
        let policy = if chain.starts_with("KUBE") {
            "-"
        } else {
            "ACCEPT"
        };
        io.out.line(&format!(":{chain} {policy} [0:0]"));
    }
    for chain in chains(&all) {
        for jump in all.iter().filter(|j| j.chain == chain) {
            io.out.line(&jump.saved());
        }
    }
    io.out.line("COMMIT");
    0
}

/// `ipvsadm -Ln`
pub fn ipvsadm(shell: &Shell, io: &Io, _: &[String]) -> i32 {
    let Some(node) = here(shell, io, "ipvsadm") else {
        return 1;
    };
    let (Some(table), Some(about)) = (
        asked(shell, io, &node, "proxy"),
        asked(shell, io, &node, ""),
    ) else {
        return 1;
    };
    io.out.line("IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn");
    if text(&table, "mode") != "ipvs" {
        return 0;
    }
    let scheduler = text(&table, "scheduler");
    for rule in list(&table, "rules") {
        let address = match text(rule, "address") {
            "" => text(&about, "address"),
            address => address,
        };
        let sticky = rule["affinity"]
            .as_u64()
            .map(|s| format!(" persistent {s}"));
        io.out.line(&format!(
            "{}  {address}:{} {scheduler}{}",
            text(rule, "protocol"),
            rule["port"],
            sticky.unwrap_or_default()
        ));
        for e in list(rule, "endpoints") {
            let to = format!("{}:{}", text(e, "address"), e["port"]);
            io.out.line(&format!(
                "  -> {to:<28} Masq    1      {:<10} {:<10}",
                e["active"], e["inactive"]
            ));
        }
    }
    0
}

/// `ip route`, `ip addr`
pub fn ip(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let Some(node) = here(shell, io, "ip") else {
        return 1;
    };
    let Some(about) = asked(shell, io, &node, "") else {
        return 1;
    };
    let (own, range) = (text(&about, "address"), text(&about, "podCIDR"));
    let bridge = range.replace(".0/24", ".1");
    let mut words = arguments
        .iter()
        .map(String::as_str)
        .filter(|w| !w.starts_with('-'));
    match words.next().unwrap_or_default() {
        "r" | "ro" | "route" => {
            let Some(routes) = asked(shell, io, &node, "routes") else {
                return 1;
            };
            io.out.line("default via 172.18.0.1 dev eth0");
            for route in list(&routes, "routes") {
                let part = |i: usize| route[i].as_str().unwrap_or_default();
                match part(2) == node {
                    true => io.out.line(&format!(
                        "{} dev cni0 proto kernel scope link src {bridge}",
                        part(0)
                    )),
                    false => io
                        .out
                        .line(&format!("{} via {} dev eth0", part(0), part(1))),
                }
            }
            io.out.line(&format!(
                "172.18.0.0/16 dev eth0 proto kernel scope link src {own}"
            ));
            0
        }
        "a" | "addr" | "address" => {
            let mut links = vec![
                ("lo", "LOOPBACK", "127.0.0.1/8".to_owned(), "host"),
                ("eth0", "BROADCAST,MULTICAST", format!("{own}/16"), "global"),
                (
                    "cni0",
                    "BROADCAST,MULTICAST",
                    format!("{bridge}/24"),
                    "global",
                ),
            ];
            let table = asked(shell, io, &node, "proxy").unwrap_or_default();
            if text(&table, "mode") == "ipvs" {
                for rule in list(&table, "rules")
                    .iter()
                    .filter(|r| !text(r, "address").is_empty())
                {
                    links.push((
                        "kube-ipvs0",
                        "BROADCAST,NOARP",
                        format!("{}/32", text(rule, "address")),
                        "global",
                    ));
                }
            }
            let mut before = "";
            let mut number = 0;
            for (name, kind, address, scope) in links {
                if name != before {
                    number += 1;
                    let state = if name == "lo" { "UNKNOWN" } else { "UP" };
                    io.out.line(&format!("{number}: {name}: <{kind},UP,LOWER_UP> mtu 1500 state {state} group default"));
                }
                before = name;
                io.out
                    .line(&format!("    inet {address} scope {scope} {name}"));
            }
            0
        }
        other => fail(
            io,
            &format!("Object \"{other}\" is unknown, try \"ip help\"."),
            1,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::probability;

    #[test]
    fn probabilities_are_those_of_the_kernel() {
        for (one_in, shown) in [
            (2, "0.50000000000"),
            (3, "0.33333333349"),
            (4, "0.25000000000"),
        ] {
            assert_eq!(probability(one_in), shown);
        }
    }
}
