//! What reads text and prints some of it.

use std::rc::Rc;

use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::shell::run::Shell;
use crate::tools::{Cut, Grep, Sort, Tr, Uniq, Wc, options};

/// `head` and `tail`: how many lines, or bytes, and the files. `-5` means `-n 5`.
fn counted(args: &[Rc<str>]) -> (&str, bool, Vec<&str>) {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if let Some((first, rest)) = args.split_first()
        && let Some(count) = first.strip_prefix('-').filter(|c| digits(c))
    {
        return (count, false, options(rest, "nc").1);
    }
    let (flags, files) = options(args, "nc");
    let bytes = flags.iter().find(|(l, _)| *l == 'c');
    let lines = flags.iter().find(|(l, _)| *l == 'n');
    let count = bytes.or(lines).map_or("10", |(_, count)| *count);
    (count, bytes.is_some(), files)
}

/// The part of a text that `head` or `tail` shows.
fn end_of(text: &str, name: &str, count: &str, bytes: bool) -> String {
    let number = count.trim_start_matches(['+', '-']).parse().unwrap_or(0);
    let parts: Vec<&str> = match bytes {
        true => text.split_inclusive(|_| true).collect(),
        false => text.split_inclusive('\n').collect(),
    };
    let from_start = match (name, count.chars().next()) {
        ("head", Some('-')) => parts.len().saturating_sub(number),
        ("head", _) => number.min(parts.len()),
        (_, Some('+')) => usize::min(number.saturating_sub(1), parts.len()),
        _ => parts.len().saturating_sub(number),
    };
    let (before, after) = parts.split_at(from_start);
    match name {
        "head" => before.concat(),
        _ => after.concat(),
    }
}

impl Shell {
    pub(super) fn filter(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let lines = |lines: Vec<&str>| lines.iter().map(|l| format!("{l}\n")).collect::<String>();
        let (text, status) = match name {
            "head" | "tail" => {
                let (count, bytes, files) = counted(args);
                let (text, status) = self.input_of(name, &files, m);
                (end_of(&text, name, count, bytes), status)
            }
            "sort" => {
                let (sort, files) = Sort::parse(args);
                let (text, status) = self.input_of(name, &files, m);
                (lines(sort.run(&text)), status)
            }
            "uniq" => {
                let (uniq, files) = Uniq::parse(args);
                let (text, status) = self.input_of(name, &files, m);
                (uniq.run(&text), status)
            }
            "wc" => {
                let (wc, files) = Wc::parse(args);
                let (text, status) = self.input_of(name, &files, m);
                (wc.run(&text, &files.join(" ")), status)
            }
            "cut" => match Cut::parse(args) {
                Ok((cut, files)) => {
                    let (text, status) = self.input_of(name, &files, m);
                    let cut = text.lines().filter_map(|line| cut.line(line));
                    (cut.map(|l| format!("{l}\n")).collect(), status)
                }
                Err(message) => {
                    self.print(2, &format!("{message}\n"), m);
                    return 1;
                }
            },
            "tr" => {
                let text = Tr::parse(args).run(self.input.text());
                (text, 0)
            }
            _ => {
                let (_, files) = options(args, "");
                let (text, status) = self.input_of(name, &files, m);
                let text = match name {
                    "tac" => lines(text.lines().rev().collect()),
                    "rev" => {
                        let turned = text.lines().map(|l| l.chars().rev().collect::<String>());
                        turned.map(|l| format!("{l}\n")).collect()
                    }
                    _ => text,
                };
                (text, status)
            }
        };
        self.print(1, &text, m);
        status
    }

    pub(super) fn grep(&mut self, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let (mut grep, files) = match Grep::parse(args) {
            Ok(parsed) => parsed,
            Err(message) => {
                self.print(2, &format!("{message}\n"), m);
                return 2;
            }
        };
        let (text, failed) = self.input_of("grep", &files, m);
        let mut out = String::new();
        let _ = text.lines().all(|line| grep.line(line, &mut out));
        if grep.counts {
            out = format!("{}\n", grep.found);
        }
        if !grep.quiet {
            self.print(1, &out, m);
        }
        match (failed, grep.found) {
            (1.., _) => 2,
            (_, 0) => 1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::end_of;

    #[test]
    fn ends_of_texts() {
        let text = "1\n2\n3\n";
        for (name, count, bytes, expected) in [
            ("head", "2", false, "1\n2\n"),
            ("head", "-1", false, "1\n2\n"),
            ("tail", "1", false, "3\n"),
            ("tail", "+2", false, "2\n3\n"),
            ("head", "3", true, "1\n2"),
            ("tail", "2", true, "3\n"),
            ("tail", "9", false, text),
        ] {
            assert_eq!(end_of(text, name, count, bytes), expected, "{name} {count}");
        }
    }
}
