//! `etcdctl` (API version 3): the store behind the API server.
//!
//! Output and errors are those of `etcdctl/ctlv3` of etcd 3.6.

mod lease;
mod print;
mod snapshot;
mod txn;

use std::future::poll_fn;
use std::task::Poll;

use serde_json::{Value, json};

use super::super::state::{Io, Shell};
use super::fail;
use crate::apiserver::{Body, Method, Request};
use print::{Format, Printer};

/// The member's version.
const VERSION: &str = "3.6.8";

const HELP: &str = "\
NAME:
\tetcdctl - A simple command line client for etcd3.

COMMANDS:
\tget <key> [range_end] [--prefix] [--from-key] [--keys-only] [--print-value-only] [--limit N] [--rev N] [--count-only]
\tput <key> [value] [--lease ID] [--prev-kv] [--insist]
\tdel <key> [range_end] [--prefix] [--from-key] [--prev-kv] [--insist]
\twatch <key> [range_end] [--prefix] [--rev N] [--prev-kv]
\tlease grant <ttl> | revoke <id> | timetolive <id> [--keys] | list | keep-alive <id> [--once]
\ttxn [-i]
\tcompaction <revision>
\tendpoint health | status
\tmember list
\tsnapshot save <file> | status <file> | restore <file> --data-dir <folder>
\tversion

OPTIONS:
  -w, --write-out string   fields, json, simple, table (default \"simple\")

Keys below /registry belong to the API server. They can be read freely; put and del of them ask for
--insist.
";

const UTILITY: &str = "\
Usage:
  etcdutl [command]

Available Commands:
  snapshot    status <file> | restore <file> --data-dir <folder>
  version     Prints the version of etcdutl
";

/// Options that take a value.
const VALUED: [&str; 20] = [
    "data-dir",
    "name",
    "initial-cluster",
    "initial-cluster-token",
    "initial-advertise-peer-urls",
    "wal-dir",
    "endpoints",
    "cert",
    "key",
    "cacert",
    "user",
    "password",
    "command-timeout",
    "dial-timeout",
    "write-out",
    "limit",
    "rev",
    "lease",
    "order",
    "sort-by",
];

/// Options that take none.
const PLAIN: [&str; 21] = [
    "skip-hash-check",
    "bump-revision",
    "mark-compacted",
    "prefix",
    "from-key",
    "keys-only",
    "print-value-only",
    "count-only",
    "prev-kv",
    "insist",
    "keys",
    "once",
    "interactive",
    "help",
    "cluster",
    "hex",
    "insecure-skip-tls-verify",
    "insecure-transport",
    "debug",
    "ignore-value",
    "physical",
];

/// Exit code of a command line that cannot be (`ExitBadArgs`).
const BAD_ARGUMENTS: i32 = 128;

/// A command line, read.
#[derive(Default)]
struct Line<'a> {
    words: Vec<&'a str>,
    flags: Vec<(&'a str, &'a str)>,
}

impl<'a> Line<'a> {
    fn read(arguments: &'a [String]) -> Result<Line<'a>, String> {
        let mut line = Line::default();
        let mut words = arguments.iter().map(String::as_str);
        while let Some(word) = words.next() {
            if word == "--" {
                line.words.extend(words.by_ref());
                break;
            }
            let long = match word {
                "-w" => "write-out",
                "-i" => "interactive",
                "-h" => "help",
                _ if word.starts_with("-w") => {
                    let format = word.trim_start_matches("-w");
                    line.flags
                        .push(("write-out", format.trim_start_matches('=')));
                    continue;
                }
                _ => match word.strip_prefix("--") {
                    Some(long) => long,
                    None if word.len() > 1 && word.starts_with('-') => {
                        let letter = word.trim_start_matches('-');
                        return Err(format!("unknown shorthand flag: '{letter}' in {word}"));
                    }
                    None => {
                        line.words.push(word);
                        continue;
                    }
                },
            };
            let (name, given) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            if VALUED.contains(&name) {
                let value = given.or_else(|| words.next());
                let value = value.ok_or_else(|| format!("flag needs an argument: --{name}"))?;
                line.flags.push((name, value));
            } else if PLAIN.contains(&name) {
                line.flags.push((name, given.unwrap_or("true")));
            } else {
                return Err(format!("unknown flag: --{name}"));
            }
        }
        Ok(line)
    }

    fn has(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value != "false")
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        let found = self.flags.iter().rev().find(|(n, _)| *n == name);
        found.map(|(_, value)| *value)
    }

    fn word(&self, i: usize) -> Option<&'a str> {
        self.words.get(i).copied()
    }

    /// A number, in an option that has one.
    fn number(&self, name: &str) -> Result<u64, String> {
        let Some(text) = self.value(name) else {
            return Ok(0);
        };
        text.parse().map_err(|_| {
            format!("invalid argument \"{text}\" for \"--{name}\" flag: strconv.ParseInt: parsing \"{text}\": invalid syntax")
        })
    }

    /// Key, mode and end of the keys that are meant; the first word that says so is at `i`.
    fn span(&self, i: usize, who: &str) -> Result<(&'a str, &'static str, &'a str), String> {
        let (prefix, from) = (self.has("prefix"), self.has("from-key"));
        let end = self.word(i + 1);
        if prefix && from {
            return Err(
                "`--prefix` and `--from-key` cannot be set at the same time, choose one".to_owned(),
            );
        }
        let Some(key) = self.word(i) else {
            return Err(format!(
                "{who} command needs one argument as key and an optional argument as range_end"
            ));
        };
        match (end, prefix, from) {
            (Some(_), true, _) | (Some(_), _, true) => Err(
                "too many arguments, only accept one argument when `--prefix` or `--from-key` is set".to_owned(),
            ),
            (Some(end), ..) => Ok((key, "between", end)),
            (None, true, _) => Ok((key, "prefix", "")),
            (None, _, true) => Ok((key, "from", "")),
            (None, ..) => Ok((key, "", "")),
        }
    }
}

/// Asks the store; what it refuses is an error in its own words.
fn ask(shell: &Shell, request: Request) -> Result<Value, String> {
    let response = shell.world.host.behind(request);
    let success = response.is_success();
    match response.body {
        Body::Json(value) if success => Ok(value),
        Body::Json(value) => Err(value["message"].as_str().unwrap_or("no answer").to_owned()),
        Body::Text(text) => Err(text),
        Body::Empty => Err("no answer".to_owned()),
    }
}

fn read(what: &str) -> Request {
    let mut request = Request::get(format!("/play/etcd/{what}"));
    request.user_agent = "etcdctl".to_owned();
    request
}

fn write(what: &str, body: Value) -> Request {
    let mut request = Request::new(Method::Post, format!("/play/etcd/{what}")).with_body(body);
    request.user_agent = "etcdctl".to_owned();
    request
}

fn spanned(what: &str, (key, mode, end): (&str, &str, &str)) -> Request {
    let request = read(what).with_query("key", key).with_query("mode", mode);
    request.with_query("end", end)
}

/// The error of a request, as etcdctl prints it.
fn failed(io: &Io, message: &str) -> i32 {
    if message.starts_with("dial ") {
        let text = format!(
            "{{\"level\":\"warn\",\"msg\":\"retrying of unary invoker failed\",\"target\":\"127.0.0.1:2379\",\"error\":\"rpc error: code = DeadlineExceeded desc = latest balancer error: connection error: desc = \\\"transport: Error while dialing: {message}\\\"\"}}\nError: context deadline exceeded"
        );
        return fail(io, &text, 1);
    }
    fail(io, &format!("Error: {message}"), 1)
}

fn bad(io: &Io, message: &str) -> i32 {
    fail(io, &format!("Error: {message}"), BAD_ARGUMENTS)
}

/// `etcdutl`: what is done to files, without a member that runs.
pub fn etcdutl(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let line = match Line::read(arguments) {
        Ok(line) => line,
        Err(message) => return bad(io, &message),
    };
    let Some(format) = Format::of(line.value("write-out").unwrap_or("simple")) else {
        return bad(io, "unsupported output format");
    };
    match line.word(0) {
        Some("snapshot") => snapshot::snapshot(shell, &Printer { io, format }, &line, "etcdutl"),
        Some("version") => {
            io.out
                .line(&format!("etcdutl version: {VERSION}\nAPI version: 3.6"));
            0
        }
        Some(other) => {
            let message = format!("unknown command \"{other}\" for \"etcdutl\"");
            fail(
                io,
                &format!("Error: {message}\nRun 'etcdutl --help' for usage."),
                1,
            )
        }
        None => {
            io.out.write(UTILITY);
            0
        }
    }
}

pub async fn etcdctl(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let line = match Line::read(arguments) {
        Ok(line) => line,
        Err(message) => return bad(io, &message),
    };
    let command = line.word(0).unwrap_or("help");
    if line.has("help") || command == "help" {
        io.out.write(HELP);
        return 0;
    }
    let printer = match Format::of(line.value("write-out").unwrap_or("simple")) {
        Some(format) => Printer { io, format },
        None => return bad(io, "unsupported output format"),
    };
    let done = match command {
        "get" => get(shell, &printer, &line),
        "put" => put(shell, &printer, &line).await,
        "del" => del(shell, &printer, &line),
        "watch" => watch(shell, &printer, &line).await,
        "lease" => lease::lease(shell, &printer, &line).await,
        "txn" => txn::txn(shell, &printer, &line).await,
        "compaction" | "compact" => compact(shell, io, &line),
        "endpoint" => endpoint(shell, &printer, &line),
        "member" if line.word(1) == Some("list") => match ask(shell, read("status")) {
            Ok(_) => {
                printer.members();
                Ok(0)
            }
            Err(message) => Ok(failed(io, &message)),
        },
        "snapshot" => Ok(snapshot::snapshot(shell, &printer, &line, "etcdctl")),
        "version" => {
            io.out
                .line(&format!("etcdctl version: {VERSION}\nAPI version: 3.6"));
            Ok(0)
        }
        other => {
            let message = format!("unknown command \"{other}\" for \"etcdctl\"");
            return fail(
                io,
                &format!("Error: {message}\nRun 'etcdctl --help' for usage."),
                1,
            );
        }
    };
    done.unwrap_or_else(|message| bad(io, &message))
}

fn get(shell: &Shell, printer: &Printer<'_>, line: &Line<'_>) -> Result<i32, String> {
    let span = line.span(1, "get")?;
    let (keys_only, values_only) = (line.has("keys-only"), line.has("print-value-only"));
    if keys_only && line.has("count-only") {
        return Err(
            "`--keys-only` and `--count-only` cannot be set at the same time, choose one"
                .to_owned(),
        );
    }
    if line.has("count-only") && !matches!(printer.format, Format::Fields | Format::Json) {
        return Err("--count-only is only for `--write-out=fields`".to_owned());
    }
    let request = spanned("range", span)
        .with_query("rev", line.number("rev")?.to_string())
        .with_query("limit", line.number("limit")?.to_string())
        .with_query("keys_only", keys_only.to_string())
        .with_query("count_only", line.has("count-only").to_string());
    match ask(shell, request) {
        Ok(answer) => {
            printer.range(&answer, keys_only, values_only);
            Ok(0)
        }
        Err(message) => Ok(failed(printer.io, &message)),
    }
}

async fn put(shell: &Shell, printer: &Printer<'_>, line: &Line<'_>) -> Result<i32, String> {
    let key = line.word(1).filter(|_| line.words.len() <= 3);
    let key = key.ok_or("put command needs 1 argument and input from stdin or 2 arguments")?;
    let value = match (line.word(2), &printer.io.input) {
        (Some(value), _) => value.to_owned(),
        (None, Some(pipe)) => pipe.rest().await,
        (None, None) => {
            return Err(
                "put command needs 1 argument and input from stdin or 2 arguments".to_owned(),
            );
        }
    };
    let before = match line.has("prev-kv") {
        true => ask(shell, spanned("range", (key, "", ""))).ok(),
        false => None,
    };
    let lease = lease::id_of(line.value("lease").unwrap_or("0"))?;
    let body = json!({"key": key, "value": value, "lease": lease, "insist": line.has("insist")});
    match ask(shell, write("put", body)) {
        Ok(answer) => {
            printer.put(&answer, before.as_ref().and_then(|b| b["kvs"].get(0)));
            Ok(0)
        }
        Err(message) => Ok(failed(printer.io, &message)),
    }
}

fn del(shell: &Shell, printer: &Printer<'_>, line: &Line<'_>) -> Result<i32, String> {
    let (key, mode, end) = line.span(1, "del")?;
    let body = json!({"key": key, "mode": mode, "end": end, "insist": line.has("insist")});
    match ask(shell, write("delete", body)) {
        Ok(answer) => {
            printer.deleted(&answer, line.has("prev-kv"));
            Ok(0)
        }
        Err(message) => Ok(failed(printer.io, &message)),
    }
}

/// Prints changes as they come, until it is interrupted.
async fn watch(shell: &Shell, printer: &Printer<'_>, line: &Line<'_>) -> Result<i32, String> {
    let span = line.span(1, "watch")?;
    let mut from = match line.number("rev")? {
        0 => match ask(shell, read("status")) {
            Ok(status) => status["revision"].as_u64().unwrap_or_default() + 1,
            Err(message) => return Ok(failed(printer.io, &message)),
        },
        revision => revision,
    };
    let previous = line.has("prev-kv");
    let end = poll_fn(|_| {
        let request = spanned("events", span)
            .with_query("from", from.to_string())
            .with_query("prev_kv", previous.to_string());
        let answer = match ask(shell, request) {
            Ok(answer) => answer,
            // A member that is down comes back, and the client with it.
            Err(message) if message.starts_with("dial ") => return Poll::Pending,
            Err(message) => {
                return Poll::Ready(message);
            }
        };
        let revision = answer["revision"].as_u64().unwrap_or_default();
        if revision + 1 < from {
            return Poll::Ready("etcdserver: the member has gone back in time".to_owned());
        }
        printer.events(&answer);
        from = revision + 1;
        Poll::Pending
    })
    .await;
    printer.io.err.line(&format!("watch was canceled ({end})"));
    Ok(failed(printer.io, "watch is canceled by the server"))
}

fn compact(shell: &Shell, io: &Io, line: &Line<'_>) -> Result<i32, String> {
    let (Some(text), None) = (line.word(1), line.word(2)) else {
        return Err("compaction command needs 1 argument".to_owned());
    };
    let revision: u64 = text
        .parse()
        .map_err(|_| format!("strconv.ParseInt: parsing \"{text}\": invalid syntax"))?;
    match ask(shell, write("compact", json!({ "revision": revision }))) {
        Ok(_) => {
            io.out.line(&format!("compacted revision {revision}"));
            Ok(0)
        }
        Err(message) => Ok(failed(io, &message)),
    }
}

fn endpoint(shell: &Shell, printer: &Printer<'_>, line: &Line<'_>) -> Result<i32, String> {
    let name = line.value("endpoints").unwrap_or("127.0.0.1:2379");
    let status = ask(shell, read("status"));
    match line.word(1) {
        Some("health") => {
            let well = printer.health(name, status.as_ref().err().map(String::as_str));
            Ok(if well {
                0
            } else {
                failed(printer.io, "unhealthy cluster")
            })
        }
        Some("status") => match status {
            Ok(status) => {
                printer.status(name, &status);
                Ok(0)
            }
            Err(message) => Ok(failed(printer.io, &message)),
        },
        _ => Err("endpoint needs a command: health or status".to_owned()),
    }
}
