//! `etcdctl lease`.

use serde_json::{Value, json};

use super::super::super::state::Shell;
use super::print::{Format, Printer};
use super::{Line, ask, failed, read, write};
use crate::sim::secs;

/// Leases are named in hexadecimal.
pub(super) fn id_of(text: &str) -> Result<u64, String> {
    u64::from_str_radix(text, 16)
        .map_err(|_| format!("bad lease ID arg (strconv.ParseInt: parsing \"{text}\": invalid syntax), expecting ID in Hex"))
}

pub(super) async fn lease(
    shell: &Shell,
    printer: &Printer<'_>,
    line: &Line<'_>,
) -> Result<i32, String> {
    let io = printer.io;
    let out = &io.out;
    let id = || {
        let text = line.word(2);
        let text = text.ok_or_else(|| "lease command needs a lease ID as argument".to_owned());
        text.and_then(id_of)
    };
    let done = match line.word(1).unwrap_or_default() {
        "grant" => {
            let text = line
                .word(2)
                .ok_or("lease grant command needs TTL argument")?;
            let ttl: u64 = text.parse().map_err(|_| {
                format!("bad TTL (strconv.ParseInt: parsing \"{text}\": invalid syntax)")
            })?;
            ask(shell, write("lease", json!({"op": "grant", "ttl": ttl}))).map(|answer| {
                let id = answer["id"].as_u64().unwrap_or_default();
                let ttl = &answer["ttl"];
                match printer.format {
                    Format::Json => printer.json(
                        vec![("ID", id.to_string()), ("TTL", ttl.to_string())],
                        &answer,
                    ),
                    _ => out.line(&format!("lease {id:016x} granted with TTL({ttl}s)")),
                }
            })
        }
        "revoke" => {
            let id = id()?;
            let revoked = ask(shell, write("lease", json!({"op": "revoke", "id": id})));
            revoked.map(|_| out.line(&format!("lease {id:016x} revoked")))
        }
        "timetolive" => {
            let id = id()?;
            ask(shell, read("leases")).map(|answer| {
                let Some(lease) = find(&answer, id) else {
                    return out.line(&format!("lease {id:016x} already expired"));
                };
                let (granted, left) = (&lease["granted"], &lease["remaining"]);
                let mut text =
                    format!("lease {id:016x} granted with TTL({granted}s), remaining({left}s)");
                if line.has("keys") {
                    let keys = lease["keys"].as_array().into_iter().flatten();
                    let keys: Vec<&str> = keys.filter_map(Value::as_str).collect();
                    text.push_str(&format!(", attached keys([{}])", keys.join(" ")));
                }
                out.line(&text);
            })
        }
        "list" => ask(shell, read("leases")).map(|answer| {
            let leases = answer["leases"].as_array().map_or(&[][..], Vec::as_slice);
            out.line(&format!("found {} leases", leases.len()));
            for lease in leases {
                let id = lease["id"].as_u64().unwrap_or_default();
                out.line(&format!("{id:016x}"));
            }
        }),
        "keep-alive" => {
            let id = id()?;
            loop {
                let kept = ask(shell, write("lease", json!({"op": "keepalive", "id": id})));
                match kept {
                    Ok(answer) => {
                        let ttl = answer["ttl"].as_u64().unwrap_or_default();
                        out.line(&format!("lease {id:016x} keepalived with TTL({ttl})"));
                        if line.has("once") {
                            return Ok(0);
                        }
                        // A client keeps a lease alive three times in its span.
                        shell.world.sleep(secs((ttl / 3).max(1))).await;
                    }
                    Err(message) if message.contains("lease not found") => {
                        out.line(&format!("lease {id:016x} expired or revoked."));
                        return Ok(0);
                    }
                    Err(message) => return Ok(failed(io, &message)),
                }
            }
        }
        other => return Err(format!("unknown command \"{other}\" for \"etcdctl lease\"")),
    };
    Ok(match done {
        Ok(()) => 0,
        Err(message) => failed(io, &message),
    })
}

fn find(answer: &Value, id: u64) -> Option<&Value> {
    let mut leases = answer["leases"].as_array()?.iter();
    leases.find(|lease| lease["id"].as_u64() == Some(id))
}
