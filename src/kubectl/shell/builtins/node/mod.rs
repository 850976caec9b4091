//! What stands behind the API on a node: `ssh`, `systemctl`, `journalctl`, `crictl`, `ps`, and the
//! network as the kernel has it.

pub mod crictl;
pub mod packets;

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use serde_json::{Value, json};

use super::super::run::run_line;
use super::super::state::{Io, Shell};
use super::fail;
use crate::api::rfc3339::{format_rfc1123, format_time, go_duration};
use crate::client::LocalFuture;
use crate::kubectl::host::World;
use crate::kubectl::machine::{Machine, ask, tell};
use crate::sim::Time;

/// The node on which a command runs; says so when it runs on none.
pub(super) fn here(shell: &Shell, io: &Io, who: &str) -> Option<String> {
    let node = shell.world.host.machine();
    if node.is_none() {
        let message = format!("{who}: this terminal is no node; 'ssh NODE' leads to one");
        io.err.line(&message);
    }
    node
}

/// What a node says; its refusal is printed.
pub(super) fn asked(shell: &Shell, io: &Io, node: &str, what: &str) -> Option<Value> {
    match ask(&*shell.world.host, node, what) {
        Ok(answer) => Some(answer),
        Err(message) => {
            io.err.line(&message);
            None
        }
    }
}

pub(super) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// `ssh [-options] [USER@]NODE [COMMAND...]`
pub fn ssh<'a>(shell: &'a Rc<Shell>, io: &'a Io, arguments: &'a [String]) -> LocalFuture<'a, i32> {
    Box::pin(async move {
        let mut words = arguments.iter().map(String::as_str).peekable();
        while let Some(option) = words.next_if(|w| w.starts_with('-')) {
            if matches!(option, "-i" | "-l" | "-o" | "-p" | "-F" | "-J") {
                words.next();
            }
        }
        let Some(target) = words.next() else {
            return fail(io, "usage: ssh [USER@]NODE [COMMAND]", 255);
        };
        let name = target.rsplit('@').next().unwrap_or(target);
        let command: Vec<&str> = words.collect();
        let host = &shell.world.host;
        if let Err(message) = ask(&**host, name, "") {
            return fail(io, &message, 255);
        }
        if command.is_empty() {
            shell.state.borrow_mut().node = Some(name.to_owned());
            let release = "Linux .. 6.12.57+deb13-amd64 #1 SMP PREEMPT_DYNAMIC x86_64";
            io.out.line(&release.replace("..", name));
            return 0;
        }
        let inner = Rc::new(Shell {
            world: World::new(Rc::new(Machine::new(host.clone(), name))),
            state: shell.state.clone(),
        });
        let source = command.join(" ");
        let run = run_line(&inner, io, &source);
        shell.world.through(&inner.world, run).await
    })
}

fn unit_is_kubelet(name: &str) -> bool {
    matches!(name, "kubelet" | "kubelet.service")
}

/// `systemctl start|stop|restart|status|is-active kubelet`
pub fn systemctl(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let Some(node) = here(shell, io, "systemctl") else {
        return 1;
    };
    let words: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|w| !w.starts_with('-'))
        .collect();
    let (action, unit) = match words.as_slice() {
        ["daemon-reload"] => return 0,
        [action, unit] => (*action, *unit),
        _ => {
            return fail(
                io,
                "usage: systemctl start|stop|restart|status|is-active UNIT",
                1,
            );
        }
    };
    let known = matches!(unit, "containerd" | "containerd.service");
    let asks = known && matches!(action, "status" | "is-active");
    if !(unit_is_kubelet(unit) || asks) {
        return match known {
            true => fail(io, "Failed: containerd is never stopped here", 1),
            false => {
                let code = if action == "status" { 4 } else { 5 };
                fail(
                    io,
                    &format!("Unit {unit}.service could not be found."),
                    code,
                )
            }
        };
    }
    match action {
        "start" | "stop" | "restart" => {
            match tell(
                &*shell.world.host,
                &node,
                "kubelet",
                json!({ "action": action }),
            ) {
                Ok(_) => 0,
                Err(message) => fail(io, &message, 1),
            }
        }
        "enable" | "disable" => 0,
        "status" | "is-active" => {
            let Some(about) = asked(shell, io, &node, "") else {
                return 1;
            };
            let state = if known {
                "active"
            } else {
                text(&about, "kubelet")
            };
            let code = if state == "active" { 0 } else { 3 };
            if action == "is-active" {
                io.out.line(state);
                return code;
            }
            let since = Time(about["since"].as_u64().unwrap_or_default());
            let ago = go_duration(shell.world.now().since(since).as_secs() as i64 * 1_000_000_000);
            let (what, about_unit) = match known {
                true => ("containerd.service", "containerd container runtime"),
                false => ("kubelet.service", "kubelet: The Kubernetes Node Agent"),
            };
            let (dot, word) = match state {
                "active" => ("\u{25cf}", "active (running)"),
                _ => ("\u{25cb}", "inactive (dead)"),
            };
            let stamp = format_rfc1123(i64::try_from(since.0).unwrap_or_default());
            io.out.line(&format!(
                "{dot} {what} - {about_unit}\n     Loaded: loaded (/usr/lib/systemd/system/{what}; enabled; preset: enabled)\n     Active: {word} since {stamp}; {ago} ago"
            ));
            if state == "active" {
                let (pid, program) = if known {
                    (701, "containerd")
                } else {
                    (1042, "kubelet")
                };
                io.out.line(&format!("   Main PID: {pid} ({program})"));
            }
            code
        }
        other => fail(io, &format!("Unknown command verb '{other}'."), 1),
    }
}

/// `journalctl [-u kubelet] [-f] [-n LINES] [--since WHEN]`
pub async fn journalctl(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let Some(node) = here(shell, io, "journalctl") else {
        return 1;
    };
    let (mut follow, mut most, mut since) = (false, None, None);
    let (mut until, mut reverse) = (None, false);
    let apart = spread(arguments);
    let mut words = apart.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let (name, given) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        match name {
            "-f" | "--follow" => follow = true,
            "-u" | "--unit" => {
                let unit = given.or_else(|| words.next()).unwrap_or_default();
                if !unit_is_kubelet(unit) {
                    io.out.line("-- No entries --");
                    return 0;
                }
            }
            "-n" | "--lines" => {
                let count = given.or_else(|| words.next()).unwrap_or("10");
                match count.parse::<usize>() {
                    Ok(count) => most = Some(count),
                    Err(_) => return fail(io, &format!("Failed to parse lines '{count}'"), 1),
                }
            }
            "--since" | "-S" => {
                let when = given.or_else(|| words.next()).unwrap_or_default();
                match instant(when, shell.world.now()) {
                    Some(at) => since = Some(at),
                    None => return fail(io, &format!("Failed to parse timestamp: {when}"), 1),
                }
            }
            "--until" | "-U" => {
                let when = given.or_else(|| words.next()).unwrap_or_default();
                match instant(when, shell.world.now()) {
                    Some(at) => until = Some(at),
                    None => return fail(io, &format!("Failed to parse timestamp: {when}"), 1),
                }
            }
            "-r" | "--reverse" => reverse = true,
            // Whoever goes to the end sees the last thousand.
            "-e" | "--pager-end" => most = most.or(Some(1000)),
            "-o" | "--output" => {
                let format = given.or_else(|| words.next()).unwrap_or_default();
                if !matches!(format, "short" | "cat" | "short-iso" | "with-unit") {
                    return fail(io, &format!("Unknown output format '{format}'."), 1);
                }
            }
            "-x" | "--catalog" | "--no-pager" | "-b" | "--boot" | "-q" | "--quiet" | "-a" => {}
            other => return fail(io, &format!("journalctl: unrecognized option '{other}'"), 1),
        }
    }
    let mut printed = 0_usize;
    let mut last = Vec::new();
    let end = poll_fn(|_| {
        let answer = match ask(&*shell.world.host, &node, "journal") {
            Ok(answer) => answer,
            Err(message) => return Poll::Ready(message),
        };
        let all: Vec<(u64, String)> = list(&answer, "lines")
            .iter()
            .filter_map(|l| Some((l[0].as_u64()?, l[1].as_str()?.to_owned())))
            .filter(|(at, _)| since.is_none_or(|since: Time| *at >= since.0))
            .filter(|(at, _)| until.is_none_or(|until: Time| *at <= until.0))
            .collect();
        let fresh: Vec<&(u64, String)> = match printed {
            0 => {
                let most = most.or(follow.then_some(10)).unwrap_or(usize::MAX);
                all.iter().skip(all.len().saturating_sub(most)).collect()
            }
            _ => all.iter().filter(|line| !last.contains(*line)).collect(),
        };
        let mut fresh = fresh;
        if reverse {
            fresh.reverse();
        }
        for (at, line) in fresh {
            let stamp = format_time(i64::try_from(*at).unwrap_or_default());
            io.out
                .line(&format!("{} {node} kubelet[1042]: {line}", month(&stamp)));
        }
        printed += 1;
        last = all;
        match follow {
            true => Poll::Pending,
            false => Poll::Ready(String::new()),
        }
    })
    .await;
    match end.is_empty() {
        true => 0,
        false => fail(io, &end, 1),
    }
}

/// `Nov 30 03:55:00` of `2026-11-30T03:55:00Z`.
fn month(stamp: &str) -> String {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let part = |from, to| stamp.get(from..to).unwrap_or_default();
    let number: usize = part(5, 7).parse().unwrap_or(1);
    let name = NAMES.get(number.saturating_sub(1)).unwrap_or(&"Jan");
    format!("{name} {} {}", part(8, 10), part(11, 19))
}

/// `-xeu kubelet` is `-x -e -u kubelet`, and `-n5` is `-n 5`.
fn spread(arguments: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    for word in arguments {
        let Some(letters) = word.strip_prefix('-').filter(|l| !l.starts_with('-')) else {
            out.push(word.clone());
            continue;
        };
        for (at, letter) in letters.char_indices() {
            out.push(format!("-{letter}"));
            let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
            if "unSUo".contains(letter) && !rest.is_empty() {
                out.push(rest.trim_start_matches('=').to_owned());
                break;
            }
        }
    }
    out
}

/// `5 min ago`, `-5m`, `1 hour ago`, `today`, `2026-11-30 03:55:00`.
fn instant(when: &str, now: Time) -> Option<Time> {
    if when == "now" {
        return Some(now);
    }
    if matches!(when, "today" | "yesterday") {
        let day = now.0 / 86_400_000_000_000 - u64::from(when == "yesterday");
        return Some(Time(day * 86_400_000_000_000));
    }
    let back = when.strip_suffix(" ago").or_else(|| when.strip_prefix('-'));
    if let Some(back) = back {
        let digits: String = back.chars().take_while(char::is_ascii_digit).collect();
        let unit = back.get(digits.len()..)?.trim();
        let seconds = match unit {
            "" | "s" | "sec" | "second" | "seconds" => 1,
            "m" | "min" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3600,
            "d" | "day" | "days" => 86_400,
            _ => return None,
        };
        let span = digits
            .parse::<u64>()
            .ok()?
            .checked_mul(seconds * 1_000_000_000)?;
        return Some(Time(now.0.saturating_sub(span)));
    }
    let nanos = crate::tools::instant(when, i64::try_from(now.0).ok()?)?;
    u64::try_from(nanos).ok().map(Time)
}

/// `ps [-ef|aux]`
pub fn ps(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let full = arguments.iter().any(|a| a.contains(['f', 'u']));
    let all = arguments.iter().any(|a| a.contains(['e', 'A', 'x', 'a']));
    let answer = match shell.world.host.machine() {
        Some(node) if all => asked(shell, io, &node, "processes"),
        _ => Some(json!({"processes": [[4242, 1, shell.world.now().0, "-bash"]]})),
    };
    let Some(answer) = answer else { return 1 };
    match full {
        true => io
            .out
            .line("UID          PID    PPID  C STIME TTY          TIME CMD"),
        false => io.out.line("    PID TTY          TIME CMD"),
    }
    for process in list(&answer, "processes") {
        let number = |i: usize| process[i].as_u64().unwrap_or_default();
        let command = process[3].as_str().unwrap_or_default();
        let started = format_time(i64::try_from(number(2)).unwrap_or_default());
        let started = started.get(11..16).unwrap_or_default();
        let (pid, parent) = (number(0), number(1));
        match full {
            true => io.out.line(&format!(
                "root     {pid:>7} {parent:>7}  0 {started} ?        00:00:00 {command}"
            )),
            false => io
                .out
                .line(&format!("{pid:>7} ?        00:00:00 {command}")),
        }
    }
    0
}

/// `docker` and its like: not here any more.
pub fn docker(io: &Io) -> i32 {
    let message = "sh: docker: command not found\nThe nodes run containerd (since v1.24 Kubernetes has no dockershim): use crictl.";
    fail(io, message, 127)
}
