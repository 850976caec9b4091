//! `dig` and `host`: names, as the tools of BIND ask for them.

use std::rc::Rc;

use super::Machine;
use super::network::{Plan, ask};
use super::run::{Outcome, Shell};
use crate::api::rfc3339;
use crate::client::wire::Ending;
use crate::sim::hash_bytes;

/// What the command line asks.
pub struct Query {
    host_tool: bool,
    name: String,
    /// `A`, `SRV`, `CNAME`, `PTR`, or one that nobody has records of.
    kind: String,
    short: bool,
    /// Whether the name is looked for in the domains of `/etc/resolv.conf`.
    searches: bool,
    /// Which sections are shown.
    comments: bool,
    question: bool,
    answer: bool,
    stats: bool,
    command: bool,
    server: String,
    words: String,
}

const KINDS: [&str; 10] = [
    "A", "AAAA", "SRV", "CNAME", "PTR", "NS", "MX", "TXT", "SOA", "ANY",
];

/// `1.0.96.10.in-addr.arpa` of an address, or the other way round.
fn turned(address: &str) -> String {
    let mut parts: Vec<&str> = address.split('.').collect();
    parts.reverse();
    parts.join(".")
}

impl Shell {
    pub(super) fn dig(&mut self, tool: &str, args: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        let host_tool = tool == "host";
        let mut query = Query {
            host_tool,
            name: String::new(),
            kind: String::new(),
            short: false,
            searches: host_tool,
            comments: true,
            question: true,
            answer: true,
            stats: true,
            command: true,
            server: m.resolver(),
            words: args.join(" "),
        };
        let mut words = args.iter().map(|a| &**a);
        while let Some(word) = words.next() {
            match word {
                "+short" => query.short = true,
                "+search" => query.searches = true,
                "+nosearch" => query.searches = false,
                "+noall" => {
                    (query.comments, query.question) = (false, false);
                    (query.answer, query.stats, query.command) = (false, false, false);
                }
                "+all" => {
                    (query.comments, query.question) = (true, true);
                    (query.answer, query.stats) = (true, true);
                }
                "+answer" => query.answer = true,
                "+noanswer" => query.answer = false,
                "+stats" => query.stats = true,
                "+nostats" => query.stats = false,
                "+question" => query.question = true,
                "+noquestion" => query.question = false,
                "+comments" => query.comments = true,
                "+nocomments" => query.comments = false,
                "+cmd" => query.command = true,
                "+nocmd" => query.command = false,
                "-x" => {
                    query.name = words.next().unwrap_or_default().to_owned();
                    query.kind = "PTR".to_owned();
                }
                "-t" => query.kind = words.next().unwrap_or_default().to_uppercase(),
                "-q" => query.name = words.next().unwrap_or_default().to_owned(),
                "-p" | "-b" | "-c" | "-k" | "-W" | "-R" | "-N" => {
                    words.next();
                }
                word if word.starts_with('@') => query.server = word.replace('@', ""),
                word if word.starts_with(['+', '-']) => {}
                word if !host_tool && KINDS.contains(&word.to_uppercase().as_str()) => {
                    query.kind = word.to_uppercase();
                }
                "IN" | "in" => {}
                word if query.name.is_empty() => query.name = word.to_owned(),
                word if host_tool => query.server = word.to_owned(),
                _ => {}
            }
        }
        if query.name.is_empty() {
            let usage = "Usage: host [-t type] {name} [server]\n";
            if host_tool {
                self.print(2, usage, m);
                return Outcome::Status(1);
            }
            (query.name, query.kind) = (".".to_owned(), "NS".to_owned());
        }
        if query.kind.is_empty() {
            let address = query.name.parse::<std::net::Ipv4Addr>().is_ok();
            query.kind = if address && host_tool { "PTR" } else { "A" }.to_owned();
        }
        if let Some(address) = query.name.strip_suffix(".in-addr.arpa") {
            query.name = turned(address);
        }
        // Without domains to look in, a name is whole.
        let whole = query.searches || query.kind == "PTR" || query.name.ends_with('.');
        let asked = match whole {
            true => query.name.clone(),
            false => format!("{}.", query.name),
        };
        let mut ask = ask("RESOLVE", &asked, 53, None);
        ask.path = match query.kind.as_str() {
            "A" | "ANY" => "/".to_owned(),
            kind => format!("/{kind}"),
        };
        self.ask(Plan::Dig(Box::new(query)), ask, m)
    }

    pub(super) fn dug(&mut self, query: &Query, ending: &Ending, m: &mut dyn Machine) -> i32 {
        let body = match ending {
            Ending::Answer { body, .. } => Some(body.to_string()),
            Ending::NoSuchName => None,
            _ => {
                let text = match query.host_tool {
                    true => ";; connection timed out; no servers could be reached\n".to_owned(),
                    false => format!(
                        ";; communications error to {0}#53: timed out\n;; communications error to {0}#53: timed out\n;; no servers could be reached\n",
                        query.server
                    ),
                };
                self.print(1, &text, m);
                return if query.host_tool { 1 } else { 9 };
            }
        };
        let records = records(query, body.as_deref());
        let (text, status) = match (query.host_tool, query.short) {
            (true, _) => as_host(query, &records),
            (false, true) => {
                let lines = records.iter().map(|r| format!("{}\n", r.data));
                (lines.collect(), 0)
            }
            (false, false) => (as_dig(query, &records, m), 0),
        };
        self.print(1, &text, m);
        status
    }
}

/// A record of an answer.
struct Record {
    name: String,
    kind: &'static str,
    data: String,
}

/// The records in what the network says of a name: full name and addresses, or lines as `nslookup` has them.
fn records(query: &Query, body: Option<&str>) -> Vec<Record> {
    let mut lines = body.unwrap_or_default().lines();
    if matches!(query.kind.as_str(), "A" | "ANY") {
        let name = lines.next().unwrap_or_default().to_owned();
        return lines
            .map(|address| Record {
                name: name.clone(),
                kind: "A",
                data: address.to_owned(),
            })
            .collect();
    }
    lines
        .filter_map(|line| {
            let (name, rest) = line.split_once('\t')?;
            let (what, data) = rest.split_once(" = ")?;
            let (kind, data) = match what {
                "service" => ("SRV", data.to_owned()),
                "canonical name" => ("CNAME", data.to_owned()),
                "name" => ("PTR", data.to_owned()),
                _ => return None,
            };
            Some(Record {
                name: name.to_owned(),
                kind,
                data,
            })
        })
        .collect()
}

fn dotted(name: &str) -> String {
    match name.ends_with('.') {
        true => name.to_owned(),
        false => format!("{name}."),
    }
}

/// The name that is asked for, as it goes over the wire.
fn question(query: &Query) -> String {
    match query.kind.as_str() {
        "PTR" => format!("{}.in-addr.arpa.", turned(query.name.trim_end_matches('.'))),
        _ => dotted(&query.name),
    }
}

fn as_host(query: &Query, records: &[Record]) -> (String, i32) {
    let name = query.name.trim_end_matches('.');
    if records.is_empty() {
        let shown = match query.kind.as_str() {
            "PTR" => question(query),
            _ => name.to_owned(),
        };
        return (format!("Host {shown} not found: 3(NXDOMAIN)\n"), 1);
    }
    let line = |r: &Record| match r.kind {
        "A" => format!("{} has address {}\n", r.name, r.data),
        "SRV" => format!("{} has SRV record {}\n", r.name, r.data),
        "CNAME" => format!("{} is an alias for {}\n", r.name, dotted(&r.data)),
        _ => format!(
            "{} domain name pointer {}\n",
            question(query).trim_end_matches('.'),
            dotted(&r.data)
        ),
    };
    (records.iter().map(line).collect(), 0)
}

fn as_dig(query: &Query, records: &[Record], m: &dyn Machine) -> String {
    let mut out = String::new();
    let asked = question(query);
    if query.command {
        out.push_str(&format!(
            "\n; <<>> DiG 9.20.15 <<>> {}\n;; global options: +cmd\n",
            query.words
        ));
    }
    let cluster = asked.ends_with("cluster.local.") || query.kind == "PTR";
    let found = !records.is_empty();
    if query.comments {
        let id = hash_bytes(m.now().0, query.words.as_bytes()) % 65_536;
        let status = if found { "NOERROR" } else { "NXDOMAIN" };
        let flags = if cluster { "qr aa rd" } else { "qr rd ra" };
        out.push_str(&format!(
            ";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {status}, id: {id}\n;; flags: {flags}; QUERY: 1, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: 1\n",
            records.len(),
            u8::from(!found),
        ));
        if cluster {
            out.push_str(";; WARNING: recursion requested but not available\n");
        }
        out.push_str("\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n");
    }
    if query.question {
        if query.comments {
            out.push_str(";; QUESTION SECTION:\n");
        }
        out.push_str(&format!(";{asked}\t{}IN\t{}\n\n", tabs(&asked), query.kind));
    }
    if query.answer && found {
        if query.comments {
            out.push_str(";; ANSWER SECTION:\n");
        }
        for r in records {
            let name = match r.kind {
                "PTR" => asked.clone(),
                _ => dotted(&r.name),
            };
            let data = match r.kind {
                "A" => r.data.clone(),
                _ => dotted(&r.data),
            };
            out.push_str(&format!("{name}{}30\tIN\t{}\t{data}\n", gap(&name), r.kind));
        }
        if query.comments {
            out.push('\n');
        }
    }
    if query.comments && !found {
        let zone = if cluster { "cluster.local." } else { "." };
        let serial = m.now().unix_secs();
        let mail = match cluster {
            true => format!(
                "ns.dns.cluster.local. hostmaster.cluster.local. {serial} 7200 1800 86400 30"
            ),
            false => format!(
                "a.root-servers.net. nstld.verisign-grs.com. {serial} 1800 900 604800 86400"
            ),
        };
        out.push_str(&format!(
            ";; AUTHORITY SECTION:\n{zone}{}30\tIN\tSOA\t{mail}\n\n",
            gap(zone)
        ));
    }
    if query.stats {
        let size = 60 + asked.len() + records.iter().map(|r| 16 + r.name.len()).sum::<usize>();
        let when = rfc3339::format_rfc1123(i64::try_from(m.now().0).unwrap_or_default());
        // `Thu, 01 Jan 2026 00:01:00 +0000` as `date` writes it.
        let words: Vec<&str> = when.split([' ', ',']).filter(|w| !w.is_empty()).collect();
        let when = match words.as_slice() {
            [weekday, day, month, year, time, ..] => {
                format!("{weekday} {month} {day} {time} UTC {year}")
            }
            _ => when.clone(),
        };
        out.push_str(&format!(
            ";; Query time: 1 msec\n;; SERVER: {0}#53({0}) (UDP)\n;; WHEN: {when}\n;; MSG SIZE  rcvd: {size}\n\n",
            query.server
        ));
    }
    out
}

/// What stands between a name and what follows it: up to the column of the numbers.
fn gap(name: &str) -> String {
    let columns = (24usize.saturating_sub(name.len())).div_ceil(8).max(1);
    match name.len() {
        // A long name is followed by one blank.
        24.. => " ".to_owned(),
        _ => "\t".repeat(columns),
    }
}

fn tabs(name: &str) -> &'static str {
    match name.len() + 1 {
        0..=7 => "\t\t\t",
        8..=15 => "\t\t",
        16..=23 => "\t",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, kind: &str) -> Query {
        Query {
            host_tool: false,
            name: name.to_owned(),
            kind: kind.to_owned(),
            short: false,
            searches: false,
            comments: true,
            question: true,
            answer: true,
            stats: true,
            command: true,
            server: "10.96.0.10".to_owned(),
            words: name.to_owned(),
        }
    }

    #[test]
    fn answers_as_host_tells_them() {
        let told = |name: &str, kind: &str, body: &str| {
            let query = query(name, kind);
            let body = (!body.is_empty()).then_some(body);
            as_host(&query, &records(&query, body)).0
        };
        for (name, kind, body, expected) in [
            (
                "web",
                "A",
                "web.default.svc.cluster.local\n10.96.1.2",
                "web.default.svc.cluster.local has address 10.96.1.2\n",
            ),
            (
                "_http._tcp.web",
                "SRV",
                "_http._tcp.web.default.svc.cluster.local\tservice = 0 100 80 web.default.svc.cluster.local.",
                "_http._tcp.web.default.svc.cluster.local has SRV record 0 100 80 web.default.svc.cluster.local.\n",
            ),
            (
                "10.96.0.1",
                "PTR",
                "1.0.96.10.in-addr.arpa\tname = kubernetes.default.svc.cluster.local.",
                "1.0.96.10.in-addr.arpa domain name pointer kubernetes.default.svc.cluster.local.\n",
            ),
            ("nope", "A", "", "Host nope not found: 3(NXDOMAIN)\n"),
        ] {
            assert_eq!(told(name, kind, body), expected);
        }
    }
}
