//! What reads text and prints some of it.

use std::rc::Rc;

use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::shell::expand::matches;
use crate::kubelet::runtime::shell::run::Shell;

impl Shell {
    pub(super) fn filter(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let mut count = 10usize;
        let mut operands = Vec::new();
        let mut words = args.iter();
        let mut flags = String::new();
        while let Some(word) = words.next() {
            match word.strip_prefix('-').filter(|f| !f.is_empty()) {
                Some("n" | "c") if matches!(name, "head" | "tail") => {
                    count = words.next().and_then(|n| n.parse().ok()).unwrap_or(count);
                }
                Some(flag) => {
                    let digits = flag.trim_start_matches(['n', 'c']);
                    count = digits.parse().unwrap_or(count);
                    flags.push_str(flag);
                }
                None => operands.push(&**word),
            }
        }
        let (text, status) = self.input_of(name, &operands, m);
        let mut lines: Vec<&str> = text.lines().collect();
        match name {
            "cat" => {
                self.print(1, &text, m);
                return status;
            }
            "head" => lines.truncate(count),
            "tail" => lines = lines.split_off(lines.len().saturating_sub(count)),
            "sort" => {
                lines.sort_unstable();
                if flags.contains('u') {
                    lines.dedup();
                }
                if flags.contains('r') {
                    lines.reverse();
                }
            }
            "uniq" => lines.dedup(),
            "tac" => lines.reverse(),
            "wc" => {
                let n = match flags.chars().next() {
                    Some('c' | 'm') => text.len(),
                    Some('w') => text.split_whitespace().count(),
                    _ => lines.len(),
                };
                self.print(1, &format!("{n}\n"), m);
                return status;
            }
            _ => {}
        }
        let output: String = lines.iter().map(|l| format!("{l}\n")).collect();
        self.print(1, &output, m);
        status
    }

    /// Plain texts, `^`, `$` and `.*` only; `-q -v -i -c`.
    pub(super) fn grep(&mut self, flags: &str, operands: &[&str], m: &mut dyn Machine) -> i32 {
        let Some((pattern, files)) = operands.split_first() else {
            return 2;
        };
        let (text, failed) = self.input_of("grep", files, m);
        let fold = |s: &str| match flags.contains('i') {
            true => s.to_lowercase(),
            false => s.to_owned(),
        };
        let inner = pattern.trim_start_matches('^').trim_end_matches('$');
        let start = if pattern.starts_with('^') { "" } else { "*" };
        let end = if pattern.ends_with('$') { "" } else { "*" };
        let glob = fold(&format!("{start}{}{end}", inner.replace(".*", "*")));
        let hits = text
            .lines()
            .filter(|line| matches(&glob, &fold(line)) != flags.contains('v'));
        let hits: Vec<&str> = hits.collect();
        if flags.contains('c') {
            self.print(1, &format!("{}\n", hits.len()), m);
        } else if !flags.contains('q') {
            let output: String = hits.iter().map(|l| format!("{l}\n")).collect();
            self.print(1, &output, m);
        }
        match hits.is_empty() {
            true => failed + 1,
            false => 0,
        }
    }
}
