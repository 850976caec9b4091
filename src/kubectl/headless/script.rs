//! Scripts of commands, in the forms in which people keep them.
//!
//! - one command to a line; blank lines and comments (`#`) are left out;
//! - a transcript: where any line begins with `$ `, only those are commands, and what stands between them is
//!   what they once printed;
//! - a list with headings, `012 rollout-status: kubectl rollout status deploy/web` or
//!   `012-rollout-status: kubectl ...`.
//!
//! A command goes on over several lines where a shell would wait for more: an open quote, a
//! here-document, a loop, a backslash at the end. In a transcript these may begin with `> `.

use crate::kubectl::Session;

/// One command of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What stands before the colon, as one word; empty when nothing does.
    pub name: String,
    pub command: String,
}

/// A script, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    pub lines: Vec<Line>,
    /// The commands have headings: a recorded scenario.
    pub headed: bool,
}

/// No command is longer than so many lines.
const MOST_LINES: usize = 100_000;

impl Script {
    pub fn parse(text: &str) -> Script {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let transcript = text.lines().any(|line| prompted(line).is_some());
        let first = text.lines().find(|line| !is_idle(line));
        let headed = !transcript && first.is_some_and(|line| heading(line).is_some());
        let mut script = Script {
            lines: Vec::new(),
            headed,
        };
        let mut lines = text.lines().take(MOST_LINES);
        while let Some(line) = lines.next() {
            let (name, begin) = if transcript {
                match prompted(line) {
                    Some(command) => ("", command),
                    None => continue,
                }
            } else if is_idle(line) {
                continue;
            } else {
                heading(line)
                    .filter(|_| headed)
                    .unwrap_or(("", line.trim()))
            };
            if begin.is_empty() || begin.starts_with('#') {
                continue;
            }
            let mut command = begin.to_owned();
            while waits(&command) {
                let Some(next) = lines.next() else {
                    break;
                };
                let next = match transcript {
                    true => next.strip_prefix("> ").unwrap_or(next),
                    false => next,
                };
                // A backslash at the end joins lines; elsewhere the newline counts.
                match joins(&command) {
                    true => drop(command.pop()),
                    false => command.push('\n'),
                }
                command.push_str(next);
            }
            script.lines.push(Line {
                name: name.replace(' ', "-"),
                command,
            });
        }
        script
    }
}

/// A line with nothing to run.
fn is_idle(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

fn prompted(line: &str) -> Option<&str> {
    line.strip_prefix("$ ").map(str::trim)
}

/// `001 version: kubectl version`, `001-version: ...`, `001: ...`: the heading and the command.
fn heading(line: &str) -> Option<(&str, &str)> {
    let (heading, command) = line.split_once(':')?;
    let command = command.strip_prefix([' ', '\t'])?;
    let digits = heading.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &heading[digits..];
    let word = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
    let fits = digits > 0 && (rest.is_empty() || rest.starts_with(['-', ' ', '_', '.']));
    (fits && rest.chars().all(word)).then(|| (heading, command.trim()))
}

/// An odd number of backslashes at the end.
fn joins(command: &str) -> bool {
    command.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

fn waits(command: &str) -> bool {
    joins(command) || Session::is_incomplete(command)
}

/// The text of a command as a transcript shows it.
impl Line {
    pub fn shown(&self) -> String {
        self.command.replace('\n', "\n> ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(text: &str) -> Vec<(String, String)> {
        let lines = Script::parse(text).lines.into_iter();
        lines.map(|line| (line.name, line.command)).collect()
    }

    fn unnamed(commands: &[&str]) -> Vec<(String, String)> {
        let pairs = commands.iter();
        pairs.map(|c| (String::new(), (*c).to_owned())).collect()
    }

    #[test]
    fn scripts_are_read_in_every_form() {
        for (text, expected) in [
            ("", unnamed(&[])),
            (
                "kubectl get pods\n\n# none\n  kubectl get ns \n",
                unnamed(&["kubectl get pods", "kubectl get ns"]),
            ),
            (
                "# a transcript\n$ kubectl get pods\nNo resources found\nexit=0\n$ echo a: b\na: b\n",
                unnamed(&["kubectl get pods", "echo a: b"]),
            ),
            (
                "$ cat <<E\n> x\n> E\nx\nexit=0\n",
                unnamed(&["cat <<E\nx\nE"]),
            ),
            (
                "cat <<E\n# kept\n\nE\nkubectl get \\\n  pods\n",
                unnamed(&["cat <<E\n# kept\n\nE", "kubectl get   pods"]),
            ),
            (
                "curl http: x\n2: kubectl\n",
                unnamed(&["curl http: x", "2: kubectl"]),
            ),
        ] {
            assert_eq!(commands(text), expected, "{text}");
        }
        let headed = "001 version: kubectl version\n002-get: echo a: b\n3: true\n";
        let expected = [
            ("001-version", "kubectl version"),
            ("002-get", "echo a: b"),
            ("3", "true"),
        ];
        assert_eq!(
            commands(headed),
            expected.map(|(n, c)| (n.to_owned(), c.to_owned()))
        );
        assert!(Script::parse(headed).headed);
        assert!(!Script::parse("kubectl version").headed);
    }
}
