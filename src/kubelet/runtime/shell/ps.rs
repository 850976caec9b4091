//! `ps`: busybox's (`procps/ps.c`), and that of the images that come with procps (`ps(1)`).

use std::rc::Rc;

use super::kill::{BESIDE, Seen};
use super::run::Shell;
use super::{Machine, base};
use crate::api::rfc3339::civil;
use crate::kubelet::runtime::standard;

/// Which columns procps is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The processes of one's own terminal.
    Own,
    /// All of them (`-e`, `-A`).
    All,
    /// `-f`
    Full,
    /// `u`, as in `aux`.
    User,
}

fn form(args: &[Rc<str>]) -> (Form, bool) {
    let mut letters = String::new();
    for arg in args {
        letters.push_str(arg.trim_start_matches('-'));
    }
    let all = letters.contains(['e', 'A', 'a', 'x']);
    let form = match letters.as_str() {
        _ if letters.contains('f') => Form::Full,
        _ if letters.contains('u') => Form::User,
        _ if all => Form::All,
        _ => Form::Own,
    };
    (form, all)
}

impl Shell {
    /// What `ps` prints: itself last.
    #[inline(never)] // it waits in the second file of the wasm until somebody looks
    pub(super) fn processes(&self, command: &str, args: &[Rc<str>], m: &dyn Machine) -> String {
        let mut all: Vec<Seen> = m.processes().to_vec();
        let own = all.iter().map(|seen| seen.pid).max().unwrap_or(1) + 8;
        let user = m.user().0;
        if m.is_small() {
            all.push(Seen {
                pid: own,
                user,
                title: command.into(),
            });
            return small(&all);
        }
        let shell = self.args.first().cloned().unwrap_or_else(|| "sh".into());
        // It may be the command that runs beside the container's process, or be run by a shell there.
        let own = match self.beside && base(&shell) == "ps" {
            true => BESIDE,
            false => own.max(BESIDE + 7),
        };
        if self.beside && own != BESIDE {
            all.push(Seen {
                pid: BESIDE,
                user,
                title: shell,
            });
        }
        all.push(Seen {
            pid: own,
            user,
            title: command.into(),
        });
        let (form, everyone) = form(args);
        let parent = match self.beside {
            true if own == BESIDE => 0,
            true => BESIDE,
            false => m.own_pid(),
        };
        let now = civil(i64::try_from(m.now().0).unwrap_or_default());
        let clock = format!("{:02}:{:02}", now.hour, now.minute);
        let mut text = match form {
            Form::Own | Form::All => "    PID TTY          TIME CMD\n",
            Form::Full => "UID          PID    PPID  C STIME TTY          TIME CMD\n",
            Form::User => {
                "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
            }
        }
        .to_owned();
        for seen in &all {
            let mine = seen.pid == own || seen.pid == parent;
            if !mine && !everyone {
                continue;
            }
            let (pid, user) = (seen.pid, user_name(seen.user));
            let tty = if mine { "pts/0" } else { "?" };
            let title = &*seen.title;
            let name = base(title.split_whitespace().next().unwrap_or_default());
            let parent = if pid == own { parent } else { 0 };
            text.push_str(&match form {
                Form::Own | Form::All => format!("{pid:7} {tty:<8} 00:00:00 {name}\n"),
                Form::Full => {
                    format!("{user:<8} {pid:7} {parent:7}  0 {clock} {tty:<8} 00:00:00 {title}\n")
                }
                Form::User => {
                    let state = if pid == own { "R+" } else { "Ss" };
                    format!(
                        "{user:<8} {pid:7}  0.0  0.0   4624  3456 {tty:<8} {state:<4} {clock}   0:00 {title}\n"
                    )
                }
            });
        }
        text
    }
}

fn user_name(user: i64) -> String {
    standard::user_name(user).map_or_else(|| user.to_string(), str::to_owned)
}

/// Busybox knows one form, whatever it is asked for.
fn small(all: &[Seen]) -> String {
    let mut text = "PID   USER     TIME  COMMAND\n".to_owned();
    for seen in all {
        let user = match seen.user {
            0 => "root".to_owned(),
            user => user.to_string(),
        };
        let (pid, title) = (seen.pid, &seen.title);
        text.push_str(&format!("{pid:5} {user:<8} 0:00 {title}\n"));
    }
    text
}
