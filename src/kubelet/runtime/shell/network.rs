//! The commands that look at the network: names and connections. HTTP is in `http.rs`.

use std::rc::Rc;
use std::time::Duration;

use super::Machine;
use super::dig::Query;
use super::http::Fetch;
use super::run::{Outcome, Shell};
use crate::client::wire::{Ask, Ending};
use crate::sim::secs;

/// What is done with the answer to a request.
pub enum Plan {
    Lookup {
        tool: String,
        host: String,
        /// Whether records of another type than addresses are asked for.
        records: bool,
    },
    Connect {
        host: String,
        port: u16,
        verbose: bool,
    },
    Ping {
        host: String,
        count: u64,
    },
    Fetch(Box<Fetch>),
    Dig(Box<Query>),
}

pub(super) fn ask(method: &str, host: &str, port: u16, timeout: Option<Duration>) -> Ask {
    Ask {
        host: host.to_owned(),
        port,
        path: "/".to_owned(),
        method: method.to_owned(),
        host_header: host.to_owned(),
        token: "".into(),
        body: "".into(),
        timeout,
    }
}

fn answer(text: String) -> Ending {
    Ending::Answer {
        status: 200,
        headers: Vec::new(),
        body: text.into(),
    }
}

impl Shell {
    pub(super) fn network(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        match name {
            "wget" | "curl" => return self.fetch(name == "curl", args, m),
            "dig" | "host" => return self.dig(name, args, m),
            _ => {}
        }
        // Flags that take a value hide it from the operands.
        let (mut flags, mut operands, mut taken) = (String::new(), Vec::new(), None);
        let (mut wait, mut count) = (None, None);
        for arg in args {
            if let Some(flag) = taken.take() {
                match flag {
                    'w' | 'W' => wait = arg.parse().ok().map(secs),
                    'c' => count = arg.parse().ok(),
                    _ => {}
                }
                continue;
            }
            match arg.strip_prefix('-').filter(|f| !f.is_empty()) {
                Some(letters) => {
                    flags.push_str(letters);
                    taken = letters
                        .chars()
                        .last()
                        .filter(|c| "wWcipqst".contains(*c) && letters.len() < 4);
                    if let Some(number) = letters.strip_prefix('c').filter(|n| !n.is_empty()) {
                        (count, taken) = (number.parse().ok(), None);
                    }
                    if let Some(number) = letters.strip_prefix('w').filter(|n| !n.is_empty()) {
                        (wait, taken) = (number.parse().ok().map(secs), None);
                    }
                    if name == "nslookup" {
                        taken = None;
                    }
                }
                None => operands.push(&**arg),
            }
        }
        let (plan, ask) = match (name, operands.as_slice()) {
            ("nc", [host, port, ..]) => {
                let (host, port) = ((*host).to_owned(), port.parse().unwrap_or(0));
                let ask = ask("CONNECT", &host, port, wait);
                let verbose = flags.contains('v');
                let plan = Plan::Connect {
                    host,
                    port,
                    verbose,
                };
                (plan, ask)
            }
            // It listens, and nobody comes.
            ("nc", _) if flags.contains('l') => return Outcome::Forever,
            ("getent", [_, host, ..]) | ("nslookup" | "ping", [host, ..]) => {
                let host = (*host).to_owned();
                let mut ask = ask("RESOLVE", &host, 53, None);
                let type_ = record_type(name, &host, args);
                ask.path = format!("/{type_}");
                let plan = match name {
                    "ping" => Plan::Ping {
                        host,
                        count: count.unwrap_or(4).min(100),
                    },
                    tool => Plan::Lookup {
                        tool: tool.to_owned(),
                        host,
                        records: !type_.is_empty(),
                    },
                };
                (plan, ask)
            }
            _ => return Outcome::Status(1),
        };
        self.ask(plan, ask, m)
    }

    /// Makes a request, of this host or of another.
    pub(super) fn ask(&mut self, plan: Plan, ask: Ask, m: &mut dyn Machine) -> Outcome {
        let resolves = ask.method == "RESOLVE";
        if !resolves && m.is_own(&ask.host) {
            let ending = if ask.method == "CONNECT" {
                match m.connects(&ask.host, ask.port) {
                    true => answer(String::new()),
                    false => Ending::Refused,
                }
            } else {
                match m.fetch(&ask.host, ask.port, &ask.path) {
                    Ok((status, body)) => Ending::Answer {
                        status,
                        headers: Vec::new(),
                        body: body.into(),
                    },
                    Err(_) => Ending::Refused,
                }
            };
            return Outcome::Status(self.answered(&plan, ending, m));
        }
        let host = ask.host.clone();
        if let Some(id) = m.call(ask) {
            self.calls.awaits = Some(id);
            return Outcome::Asked(Box::new(plan));
        }
        let ending = match m.resolve(&host) {
            Some(addresses) if resolves => answer(format!("{host}\n{}", addresses.join("\n"))),
            Some(_) => Ending::Unreachable,
            None => Ending::NoSuchName,
        };
        Outcome::Status(self.answered(&plan, ending, m))
    }

    /// An answer has come; the status of the command.
    pub(super) fn answered(&mut self, plan: &Plan, ending: Ending, m: &mut dyn Machine) -> i32 {
        match plan {
            Plan::Fetch(fetch) => self.fetched(fetch, ending, m),
            Plan::Dig(query) => self.dug(query, &ending, m),
            Plan::Lookup {
                tool,
                host,
                records,
            } => {
                let small = m.is_small();
                let (text, status) = lookup((tool, *records), host, &ending, &m.resolver(), small);
                self.print(1, &text, m);
                status
            }
            Plan::Ping { host, count } => {
                let Ending::Answer { body, .. } = ending else {
                    self.print(2, &format!("ping: bad address '{host}'\n"), m);
                    return 1;
                };
                let ip = body.lines().nth(1).unwrap_or_default().to_owned();
                let (text, status) = ping(host, &ip, *count);
                self.print(1, &text, m);
                status
            }
            Plan::Connect {
                host,
                port,
                verbose,
            } => {
                let trouble = match ending {
                    Ending::Answer { body, .. } => {
                        if *verbose {
                            self.print(2, &format!("{host} ({host}:{port}) open\n"), m);
                        }
                        self.print(1, &body, m);
                        return 0;
                    }
                    Ending::NoSuchName | Ending::NoResolver => {
                        self.print(2, &format!("nc: bad address '{host}'\n"), m);
                        return 1;
                    }
                    Ending::Refused | Ending::Reset => "Connection refused",
                    Ending::Unreachable => "Host is unreachable",
                    Ending::TimedOut => "Connection timed out",
                };
                if *verbose || trouble != "Connection timed out" {
                    self.print(2, &format!("nc: {host} ({host}:{port}): {trouble}\n"), m);
                }
                1
            }
        }
    }
}

/// The type of records that `nslookup` is asked for, if not addresses.
fn record_type(tool: &str, host: &str, args: &[Rc<str>]) -> String {
    if tool != "nslookup" {
        return String::new();
    }
    let given = args.iter().find_map(|a| {
        let option = a.trim_start_matches('-');
        ["type=", "query=", "q="]
            .iter()
            .find_map(|name| option.strip_prefix(name))
    });
    let type_ = given.unwrap_or_default().to_ascii_uppercase();
    match type_.as_str() {
        "SRV" | "CNAME" | "PTR" => type_,
        "" if host.parse::<std::net::Ipv4Addr>().is_ok() => "PTR".to_owned(),
        _ => String::new(),
    }
}

/// The body of an answer about a name: the full name, then an address on each line.
fn lookup(
    (tool, records): (&str, bool),
    host: &str,
    ending: &Ending,
    resolver: &str,
    small: bool,
) -> (String, i32) {
    let sign = if small { ':' } else { '#' };
    let head = format!("Server:\t\t{resolver}\nAddress:\t{resolver}{sign}53\n\n");
    match (tool, ending) {
        ("nslookup", Ending::Answer { body, .. }) if records => (format!("{head}{body}\n\n"), 0),
        ("nslookup", Ending::Answer { body, .. }) => {
            let mut lines = body.lines();
            let name = lines.next().unwrap_or(host);
            let answers: String = lines
                .map(|ip| format!("Name:\t{name}\nAddress: {ip}\n"))
                .collect();
            (format!("{head}{answers}\n"), 0)
        }
        ("nslookup", Ending::NoSuchName) => (
            format!("{head}** server can't find {host}: NXDOMAIN\n\n"),
            1,
        ),
        ("nslookup", _) => (
            ";; connection timed out; no servers could be reached\n\n".to_owned(),
            1,
        ),
        (_, Ending::Answer { body, .. }) => {
            let mut lines = body.lines();
            let name = lines.next().unwrap_or(host);
            (lines.map(|ip| format!("{ip:<15} {name}\n")).collect(), 0)
        }
        _ => (String::new(), 2),
    }
}

/// Addresses of Services answer no pings: kube-proxy has no rule for them.
fn ping(host: &str, ip: &str, count: u64) -> (String, i32) {
    let silent = ip.starts_with("10.96.") || ip.starts_with("10.97.");
    let mut text = format!("PING {host} ({ip}): 56 data bytes\n");
    let received = if silent { 0 } else { count };
    for seq in 0..received {
        text.push_str(&format!(
            "64 bytes from {ip}: seq={seq} ttl=62 time=0.{} ms\n",
            100 + seq * 7 % 90
        ));
    }
    let loss = if silent { 100 } else { 0 };
    text.push_str(&format!(
        "\n--- {host} ping statistics ---\n{count} packets transmitted, {received} packets received, {loss}% packet loss\n"
    ));
    if !silent {
        text.push_str("round-trip min/avg/max = 0.100/0.114/0.121 ms\n");
    }
    (text, i32::from(silent))
}
