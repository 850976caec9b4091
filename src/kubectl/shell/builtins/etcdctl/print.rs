//! How etcdctl prints (`etcdctl/ctlv3/command/printer*.go`).

use serde_json::{Value, json};

use super::super::super::state::Io;
use super::VERSION;

/// The ids of a cluster of one member.
const CLUSTER: u64 = 14_841_639_068_965_178_418;
const MEMBER: u64 = 10_276_657_743_932_975_437;
const TERM: u64 = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Simple,
    Json,
    Fields,
    Table,
}

impl Format {
    pub fn of(name: &str) -> Option<Format> {
        Some(match name {
            "simple" => Format::Simple,
            "json" => Format::Json,
            "fields" => Format::Fields,
            "table" => Format::Table,
            _ => return None,
        })
    }
}

pub(super) struct Printer<'i> {
    pub io: &'i Io,
    pub format: Format,
}

/// A size as people read it.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn encoded(text: &str) -> String {
    crate::api::base64::encode(text.as_bytes())
}

/// Names and values of an object, in the order of etcd's own structs.
type Fields = Vec<(&'static str, String)>;

fn object(fields: &[(&'static str, String)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", fields.join(","))
}

fn header(revision: &Value) -> String {
    object(&[
        ("cluster_id", CLUSTER.to_string()),
        ("member_id", MEMBER.to_string()),
        ("revision", revision.to_string()),
        ("raft_term", TERM.to_string()),
    ])
}

/// A key with its value as JSON has it: in base64, without what is nothing.
fn kv_json(kv: &Value) -> String {
    let mut fields: Fields = vec![("key", Value::from(encoded(text(kv, "key"))).to_string())];
    for name in ["create_revision", "mod_revision", "version"] {
        if kv[name].as_u64().unwrap_or_default() > 0 {
            fields.push((name, kv[name].to_string()));
        }
    }
    if !text(kv, "value").is_empty() {
        fields.push(("value", Value::from(encoded(text(kv, "value"))).to_string()));
    }
    if kv["lease"].as_u64().unwrap_or_default() > 0 {
        fields.push(("lease", kv["lease"].to_string()));
    }
    object(&fields)
}

impl Printer<'_> {
    fn line(&self, text: &str) {
        self.io.out.line(text);
    }

    /// An answer as JSON, behind its header.
    pub fn json(&self, rest: Fields, answer: &Value) {
        let mut fields = vec![("header", header(&answer["revision"]))];
        fields.extend(rest);
        self.line(&object(&fields));
    }

    fn header(&self, answer: &Value) {
        self.line(&format!(
            "\"ClusterID\" : {CLUSTER}\n\"MemberID\" : {MEMBER}\n\"Revision\" : {}\n\"RaftTerm\" : {TERM}",
            answer["revision"]
        ));
    }

    fn kv_fields(&self, kv: &Value) {
        self.line(&format!("\"Key\" : {}", kv["key"]));
        for (name, field) in [
            ("CreateRevision", "create_revision"),
            ("ModRevision", "mod_revision"),
            ("Version", "version"),
        ] {
            self.line(&format!(
                "\"{name}\" : {}",
                kv[field].as_u64().unwrap_or_default()
            ));
        }
        self.line(&format!("\"Value\" : {}", Value::from(text(kv, "value"))));
        self.line(&format!(
            "\"Lease\" : {}",
            kv["lease"].as_u64().unwrap_or_default()
        ));
    }

    fn kv_simple(&self, kv: &Value, values_only: bool) {
        if !values_only {
            self.line(text(kv, "key"));
        }
        self.line(text(kv, "value"));
    }

    pub fn range(&self, answer: &Value, keys_only: bool, values_only: bool) {
        let kvs = list(answer, "kvs");
        match self.format {
            Format::Simple | Format::Table => {
                for kv in kvs {
                    self.kv_simple(kv, values_only && !keys_only);
                }
            }
            Format::Json => {
                let mut rest = Fields::new();
                if !kvs.is_empty() {
                    let kvs: Vec<String> = kvs.iter().map(kv_json).collect();
                    rest.push(("kvs", format!("[{}]", kvs.join(","))));
                }
                if answer["more"] == true {
                    rest.push(("more", "true".to_owned()));
                }
                if answer["count"].as_u64().unwrap_or_default() > 0 {
                    rest.push(("count", answer["count"].to_string()));
                }
                self.json(rest, answer);
            }
            Format::Fields => {
                self.header(answer);
                kvs.iter().for_each(|kv| self.kv_fields(kv));
                self.line(&format!(
                    "\"More\" : {}\n\"Count\" : {}",
                    answer["more"], answer["count"]
                ));
            }
        }
    }

    pub fn put(&self, answer: &Value, before: Option<&Value>) {
        match self.format {
            Format::Json => {
                let rest = before.map(|kv| ("prev_kv", kv_json(kv)));
                self.json(rest.into_iter().collect(), answer);
            }
            Format::Fields => self.header(answer),
            _ => {
                self.line("OK");
                if let Some(kv) = before {
                    self.kv_simple(kv, false);
                }
            }
        }
    }

    pub fn deleted(&self, answer: &Value, with_previous: bool) {
        match self.format {
            Format::Json => self.json(vec![("deleted", answer["deleted"].to_string())], answer),
            Format::Fields => {
                self.header(answer);
                self.line(&format!("\"Deleted\" : {}", answer["deleted"]));
            }
            _ => {
                self.line(&answer["deleted"].to_string());
                for kv in list(answer, "prev_kvs").iter().filter(|_| with_previous) {
                    self.kv_simple(kv, false);
                }
            }
        }
    }

    pub fn events(&self, answer: &Value) {
        for event in list(answer, "events") {
            let (kind, kv) = (text(event, "type"), &event["kv"]);
            match self.format {
                Format::Json => {
                    let mut shown: Fields = Vec::new();
                    if kind == "DELETE" {
                        shown.push(("type", "1".to_owned()));
                    }
                    shown.push(("kv", kv_json(kv)));
                    self.line(&object(&[
                        ("Header", header(&kv["mod_revision"])),
                        ("Events", format!("[{}]", object(&shown))),
                        ("CompactRevision", "0".to_owned()),
                        ("Canceled", "false".to_owned()),
                        ("Created", "false".to_owned()),
                    ]));
                }
                Format::Fields => {
                    self.line(&format!("\"Type\" : \"{kind}\""));
                    self.kv_fields(kv);
                }
                _ => {
                    self.line(kind);
                    if let Some(previous) = event.get("prev_kv") {
                        self.kv_simple(previous, false);
                    }
                    self.kv_simple(kv, false);
                }
            }
        }
    }

    pub fn txn(&self, answer: &Value) {
        if self.format == Format::Json {
            return self.json(vec![("succeeded", answer["succeeded"].to_string())], answer);
        }
        self.line(match answer["succeeded"] == true {
            true => "SUCCESS",
            false => "FAILURE",
        });
        for response in list(answer, "responses") {
            self.line("");
            match text(response, "op") {
                "put" => self.line("OK"),
                "del" => self.line(&response["deleted"].to_string()),
                _ => list(response, "kvs")
                    .iter()
                    .for_each(|kv| self.kv_simple(kv, false)),
            }
        }
    }

    /// Tells whether the member is well.
    pub fn health(&self, name: &str, trouble: Option<&str>) -> bool {
        match trouble {
            None => {
                let took = "took = 1.632774ms";
                let text = format!("{name} is healthy: successfully committed proposal: {took}");
                match self.format {
                    Format::Json => self.line(&format!(
                        "[{{\"endpoint\":\"{name}\",\"health\":true,\"took\":\"1.632774ms\"}}]"
                    )),
                    Format::Table => self.table(
                        &["ENDPOINT", "HEALTH", "TOOK", "ERROR"],
                        &[
                            name.to_owned(),
                            "true".into(),
                            "1.632774ms".into(),
                            String::new(),
                        ],
                    ),
                    _ => self.line(&text),
                }
            }
            Some(_) => {
                let why = "failed to commit proposal: context deadline exceeded";
                self.io.err.line(&format!("{name} is unhealthy: {why}"));
            }
        }
        trouble.is_none()
    }

    pub fn status(&self, name: &str, status: &Value) {
        let bytes = status["bytes"].as_u64().unwrap_or_default();
        let size = size(bytes);
        let index = status["revision"].to_string();
        let cells = [
            name.to_owned(),
            format!("{MEMBER:x}"),
            VERSION.to_owned(),
            "3.6.0".to_owned(),
            size.clone(),
            size,
            "0%".to_owned(),
            "2.1 GB".to_owned(),
            "true".to_owned(),
            "false".to_owned(),
            TERM.to_string(),
            index.clone(),
            index,
            String::new(),
            String::new(),
            "false".to_owned(),
        ];
        match self.format {
            Format::Table => self.table(
                &[
                    "ENDPOINT",
                    "ID",
                    "VERSION",
                    "STORAGE VERSION",
                    "DB SIZE",
                    "IN USE",
                    "PERCENTAGE NOT IN USE",
                    "QUOTA",
                    "IS LEADER",
                    "IS LEARNER",
                    "RAFT TERM",
                    "RAFT INDEX",
                    "RAFT APPLIED INDEX",
                    "ERRORS",
                    "DOWNGRADE TARGET VERSION",
                    "DOWNGRADE ENABLED",
                ],
                &cells,
            ),
            Format::Json => {
                let revision = &status["revision"];
                let whole = json!([{"Endpoint": name, "Status": {
                    "header": {"cluster_id": CLUSTER, "member_id": MEMBER, "revision": revision, "raft_term": TERM},
                    "version": VERSION, "dbSize": bytes, "leader": MEMBER, "raftIndex": revision,
                    "raftTerm": TERM, "raftAppliedIndex": revision, "dbSizeInUse": bytes,
                }}]);
                self.line(&whole.to_string());
            }
            _ => self.line(&cells.join(", ")),
        }
    }

    pub fn members(&self) {
        let cells = [
            format!("{MEMBER:x}"),
            "started".to_owned(),
            "control-plane".to_owned(),
            "https://172.18.0.2:2380".to_owned(),
            "https://172.18.0.2:2379".to_owned(),
            "false".to_owned(),
        ];
        match self.format {
            Format::Table => self.table(
                &[
                    "ID",
                    "STATUS",
                    "NAME",
                    "PEER ADDRS",
                    "CLIENT ADDRS",
                    "IS LEARNER",
                ],
                &cells,
            ),
            _ => self.line(&cells.join(", ")),
        }
    }

    /// One row, framed.
    /// What the file of a snapshot holds: hash, revision, keys and size.
    pub fn snapshot(&self, (hash, revision, keys, bytes): (u32, u64, u64, u64)) {
        let storage = "3.6.0";
        match self.format {
            Format::Json => self.line(&object(&[
                ("hash", hash.to_string()),
                ("revision", revision.to_string()),
                ("totalKey", keys.to_string()),
                ("totalSize", bytes.to_string()),
                ("version", format!("\"{storage}\"")),
            ])),
            Format::Fields => {
                for (name, value) in [
                    ("Hash", u64::from(hash)),
                    ("Revision", revision),
                    ("Keys", keys),
                    ("Size", bytes),
                ] {
                    self.line(&format!("\"{name}\" : {value}"));
                }
                self.line(&format!("\"Version\" : \"{storage}\""));
            }
            _ => {
                let cells = [
                    format!("{hash:x}"),
                    revision.to_string(),
                    keys.to_string(),
                    size(bytes),
                    storage.to_owned(),
                ];
                match self.format {
                    Format::Table => self.table(
                        &["HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE", "VERSION"],
                        &cells,
                    ),
                    _ => self.line(&cells.join(", ")),
                }
            }
        }
    }

    fn table(&self, titles: &[&str], cells: &[String]) {
        let widths: Vec<usize> = titles
            .iter()
            .zip(cells)
            .map(|(title, cell)| title.chars().count().max(cell.chars().count()))
            .collect();
        let rule: Vec<String> = widths.iter().map(|w| "-".repeat(w + 2)).collect();
        let rule = format!("+{}+", rule.join("+"));
        let row = |cells: Vec<String>, centred: bool| {
            let cells: Vec<String> = cells
                .iter()
                .zip(&widths)
                .map(|(cell, w)| match centred {
                    true => format!(" {cell:^w$} "),
                    false => format!(" {cell:>w$} "),
                })
                .collect();
            format!("|{}|", cells.join("|"))
        };
        self.line(&rule);
        self.line(&row(titles.iter().map(|t| (*t).to_owned()).collect(), true));
        self.line(&rule);
        self.line(&row(cells.to_vec(), false));
        self.line(&rule);
    }
}
