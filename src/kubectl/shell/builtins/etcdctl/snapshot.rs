//! `etcdctl snapshot` and `etcdutl snapshot` (`etcdutl/snapshot/v3_snapshot.go`): a copy of all keys in a file, and a
//! data directory made of one.

use serde_json::{Value, json};

use super::super::super::state::{Io, Shell};
use super::print::Printer;
use super::{Line, VERSION, ask, bad, failed, write};
use crate::api::rfc3339::format_time;
use crate::apiserver::snapshot_described;
use crate::kubelet::DATABASE;

const HELP: &str = "\
NAME:
\tsnapshot - Manages etcd node snapshots

COMMANDS:
\tsave <filename>                              a copy of all keys, in a file
\tstatus <filename> [-w table]                 what a file holds
\trestore <filename> --data-dir <folder>       a data directory out of a file
";

/// The letters of a line of etcd's log.
fn log(shell: &Shell, io: &Io, message: &str, fields: &[(&str, String)]) {
    let stamp = format_time(i64::try_from(shell.world.now().0).unwrap_or_default());
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!(",\"{name}\":{}", Value::from(value.as_str())))
        .collect();
    io.err.line(&format!(
        "{{\"level\":\"info\",\"ts\":\"{stamp}\",\"caller\":\"snapshot/v3_snapshot.go\",\"msg\":\"{message}\"{}}}",
        fields.concat()
    ));
}

/// A command whose first word is `snapshot`; `who` is the program.
pub(super) fn snapshot(shell: &Shell, printer: &Printer<'_>, line: &Line<'_>, who: &str) -> i32 {
    let io = printer.io;
    let file = match (line.word(2), line.word(3)) {
        (Some(file), None) => file,
        _ => "",
    };
    match line.word(1) {
        Some("save") if who == "etcdutl" => {
            bad(io, "unknown command \"save\" for \"etcdutl snapshot\"")
        }
        Some("save") if file.is_empty() => bad(io, "snapshot save expects one argument"),
        Some("save") => save(shell, printer, line, file),
        Some("status") => {
            deprecated(io, who, "status");
            match file {
                "" => bad(io, "snapshot status requires exactly one argument"),
                file => status(shell, printer, file),
            }
        }
        Some("restore") => {
            deprecated(io, who, "restore");
            match file {
                "" => bad(io, "snapshot restore requires exactly one argument"),
                file => restore(shell, io, line, file),
            }
        }
        _ => {
            io.out.write(HELP);
            0
        }
    }
}

/// What works on files alone has moved to a program of its own.
fn deprecated(io: &Io, who: &str, command: &str) {
    if who == "etcdctl" {
        io.err.line(&format!(
            "Deprecated: Use `etcdutl snapshot {command}` instead.\n"
        ));
    }
}

fn save(shell: &Shell, printer: &Printer<'_>, line: &Line<'_>, file: &str) -> i32 {
    let io = printer.io;
    let endpoint = line.value("endpoints").unwrap_or("127.0.0.1:2379");
    if endpoint.contains(',') {
        return bad(
            io,
            "snapshot must be requested to one selected node, not multiple",
        );
    }
    let answer = match ask(shell, write("snapshot", json!({}))) {
        Ok(answer) => answer,
        Err(message) => return failed(io, &message),
    };
    let text = answer["file"].as_str().unwrap_or_default();
    let part = format!("{file}.part");
    log(shell, io, "created temporary db file", &[("path", part)]);
    log(
        shell,
        io,
        "fetching snapshot",
        &[("endpoint", endpoint.to_owned())],
    );
    let size = super::print::size(answer["bytes"].as_u64().unwrap_or_default());
    log(
        shell,
        io,
        "fetched snapshot",
        &[("endpoint", endpoint.to_owned()), ("size", size)],
    );
    shell.world.host.write_file(file, text);
    log(shell, io, "saved", &[("path", file.to_owned())]);
    io.out.line(&format!(
        "Snapshot saved at {file}\nServer version {VERSION}"
    ));
    0
}

fn status(shell: &Shell, printer: &Printer<'_>, file: &str) -> i32 {
    let Some(text) = shell.read_file(file) else {
        return super::fail(
            printer.io,
            &format!("Error: stat {file}: no such file or directory"),
            1,
        );
    };
    match snapshot_described(&text) {
        Some(about) => {
            printer.snapshot(about);
            0
        }
        None => super::fail(printer.io, "Error: invalid database", 1),
    }
}

fn restore(shell: &Shell, io: &Io, line: &Line<'_>, file: &str) -> i32 {
    let Some(text) = shell.read_file(file) else {
        return super::fail(
            io,
            &format!("Error: open {file}: no such file or directory"),
            1,
        );
    };
    if snapshot_described(&text).is_none() {
        let message = "Error: snapshot missing hash but --skip-hash-check=false";
        return super::fail(io, message, 1);
    }
    let name = line.value("name").unwrap_or("default");
    let own = format!("{name}.etcd");
    let folder = line.value("data-dir").unwrap_or(&own).trim_end_matches('/');
    let host = &shell.world.host;
    let lead = format!("{}/", crate::kubectl::host::plain(folder));
    if host.files().iter().any(|path| path.starts_with(&lead)) {
        let message = format!("Error: data-dir \"{folder}\" not empty or could not be read");
        return super::fail(io, &message, 1);
    }
    let fields = [
        ("path", file.to_owned()),
        ("wal-dir", format!("{folder}/member/wal")),
        ("data-dir", folder.to_owned()),
        ("snap-dir", format!("{folder}/member/snap")),
    ];
    log(shell, io, "restoring snapshot", &fields);
    host.write_file(&format!("{folder}/{DATABASE}"), &text);
    log(shell, io, "restored snapshot", &fields);
    0
}
