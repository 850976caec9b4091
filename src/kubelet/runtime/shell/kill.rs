//! `kill`, `killall` and `pkill`: the processes of a container, and signals to them
//! (`signal(7)`, busybox `procps/kill.c`).

use std::rc::Rc;

use super::run::{Outcome, Shell};
use super::{Machine, base};

pub const HUP: u8 = 1;
pub const INT: u8 = 2;
pub const QUIT: u8 = 3;
pub const USR1: u8 = 10;
pub const USR2: u8 = 12;
pub const TERM: u8 = 15;

/// By number, from 1.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "POLL", "PWR", "SYS",
];

/// A process that others in its container see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub pid: u32,
    pub user: i64,
    pub title: Rc<str>,
}

/// The number that a command beside the container's process has.
pub const BESIDE: u32 = 31;

/// A signal by its number or its name, with or without `SIG`.
pub fn signal(word: &str) -> Option<u8> {
    if let Ok(number) = word.parse::<u8>() {
        return (number < 65).then_some(number);
    }
    let upper = word.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let at = NAMES.iter().position(|known| *known == name)?;
    u8::try_from(at + 1).ok()
}

/// Whether a process that does nothing about it goes on; a stopped one does too: nothing stops here.
pub fn is_harmless(signal: u8) -> bool {
    matches!(signal, 0 | 17..=23 | 28)
}

impl Shell {
    pub(super) fn kill(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        let (mut chosen, mut given) = (TERM, false);
        let mut whole = false;
        let mut targets: Vec<Rc<str>> = Vec::new();
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let flag = word.strip_prefix('-').filter(|f| !f.is_empty());
            let wanted = match flag {
                Some("l") if name == "kill" => {
                    let all: Vec<String> = NAMES
                        .iter()
                        .enumerate()
                        .map(|(i, name)| format!("{:2}) {name}\n", i + 1))
                        .collect();
                    self.print(1, &all.concat(), m);
                    return Outcome::Status(0);
                }
                Some("s") => words.next().map_or("", |w| &**w),
                Some("-") => {
                    targets.extend(words.by_ref().cloned());
                    break;
                }
                Some("f") if name == "pkill" => {
                    whole = true;
                    continue;
                }
                // A number behind the signal is for all processes.
                Some(flag) if targets.is_empty() && !given => flag,
                _ => {
                    targets.push(word.clone());
                    continue;
                }
            };
            match signal(wanted) {
                Some(number) => (chosen, given) = (number, true),
                None => return self.unkilled(&format!("{name}: bad signal name '{wanted}'"), m),
            }
        }
        if targets.is_empty() {
            let text = format!("{name}: you need to specify whom to kill");
            return self.unkilled(&text, m);
        }
        let mut status = 0;
        for target in &targets {
            let outcome = match name {
                "kill" => self.kill_one(target, chosen, m),
                _ => self.kill_named(name, target, chosen, whole, m),
            };
            match outcome {
                Ok(Some(outcome)) => return outcome,
                Ok(None) => {}
                Err(why) => {
                    self.print(2, &format!("{why}\n"), m);
                    status = 1;
                }
            }
        }
        Outcome::Status(status)
    }

    fn unkilled(&mut self, why: &str, m: &mut dyn Machine) -> Outcome {
        self.print(2, &format!("{why}\n"), m);
        Outcome::Status(1)
    }

    /// One process by its number, or a job of this shell.
    fn kill_one(
        &mut self,
        word: &str,
        signal: u8,
        m: &mut dyn Machine,
    ) -> Result<Option<Outcome>, String> {
        if let Some(number) = word.strip_prefix('%') {
            let at = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            return match at.filter(|at| *at < self.jobs.len()) {
                Some(at) => {
                    if !is_harmless(signal) {
                        self.jobs.remove(at);
                    }
                    Ok(None)
                }
                None => Err(format!("kill: %{number}: no such job")),
            };
        }
        let Ok(pid) = word.parse::<i64>() else {
            return Err(format!("kill: invalid number '{word}'"));
        };
        if pid == -1 {
            // All but the first one, and oneself.
            for seen in m.processes().iter().filter(|seen| seen.pid != 1) {
                if may(m, seen) {
                    m.signal(seen.pid, signal);
                }
            }
            return Ok(None);
        }
        if self.beside && pid == i64::from(BESIDE) {
            return Ok((!is_harmless(signal)).then(|| Outcome::Exit(128 + i32::from(signal))));
        }
        let is_job = |job: &Shell| i64::from(job.job) == pid;
        if let Some(at) = self.jobs.iter().position(is_job) {
            if !is_harmless(signal) {
                self.jobs.remove(at);
            }
            return Ok(None);
        }
        let processes = m.processes();
        let seen = processes.iter().find(|seen| i64::from(seen.pid) == pid);
        match seen {
            None => Err(format!("kill: can't kill pid {pid}: No such process")),
            Some(seen) if !may(m, seen) => Err(format!(
                "kill: can't kill pid {pid}: Operation not permitted"
            )),
            Some(seen) => {
                m.signal(seen.pid, signal);
                Ok(None)
            }
        }
    }

    /// All processes of a name.
    fn kill_named(
        &mut self,
        tool: &str,
        name: &str,
        signal: u8,
        whole: bool,
        m: &mut dyn Machine,
    ) -> Result<Option<Outcome>, String> {
        let mut found = false;
        for seen in m.processes().iter() {
            let first = seen.title.split(' ').next().unwrap_or_default();
            let is_meant = match (tool, whole) {
                ("killall", _) => base(first) == name,
                (_, true) => seen.title.contains(name),
                (_, false) => base(first).contains(name),
            };
            if !is_meant {
                continue;
            }
            found = true;
            if !may(m, seen) {
                let pid = seen.pid;
                return Err(format!(
                    "{tool}: can't kill pid {pid}: Operation not permitted"
                ));
            }
            m.signal(seen.pid, signal);
        }
        match (found, tool) {
            (true, _) => Ok(None),
            (false, "killall") => Err(format!("killall: {name}: no process killed")),
            (false, _) => Ok(Some(Outcome::Status(1))),
        }
    }
}

/// Whether the user of a process may send signals to another one.
fn may(m: &dyn Machine, seen: &Seen) -> bool {
    let user = m.user().0;
    user == 0 || user == seen.user
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        for (word, number) in [
            ("9", Some(9)),
            ("TERM", Some(TERM)),
            ("SIGQUIT", Some(QUIT)),
            ("usr2", Some(USR2)),
            ("SYS", Some(31)),
            ("0", Some(0)),
            ("FOO", None),
            ("", None),
            ("999", None),
            ("SIG", None),
        ] {
            assert_eq!(signal(word), number, "{word}");
        }
    }
}
