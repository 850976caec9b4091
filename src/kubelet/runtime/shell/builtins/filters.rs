//! What reads text and prints some of it.

use std::rc::Rc;

use crate::kubelet::runtime::files::absolute;
use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::shell::run::{Outcome, Shell};
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

    /// `tail -f`: the end of files, and what is added to them, looked for every second.
    pub(super) fn follow(&mut self, args: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        let retries = args
            .iter()
            .any(|a| a.starts_with("-F") || **a == *"--follow=name");
        let (count, bytes, files) = counted(args);
        let files: Vec<&str> = files.into_iter().filter(|f| !f.starts_with("--")).collect();
        self.followed.clear();
        let mut opened = false;
        for file in files.iter().filter(|f| **f != "/dev/null") {
            let path = absolute(&self.folder, file);
            match m.read(&path) {
                Ok(text) => {
                    opened = true;
                    self.print(1, &end_of(&text, "tail", count, bytes), m);
                    self.followed.push((path, text.len()));
                }
                Err(error) => {
                    let text = format!("tail: can't open '{file}': {}\n", error.text());
                    self.print(2, &text, m);
                    if retries {
                        self.followed.push((path, 0));
                    }
                }
            }
        }
        match (self.followed.is_empty(), files.contains(&"/dev/null")) {
            // Nothing is ever added to that, nor to input that has ended.
            (true, true) => Outcome::Forever,
            (true, false) if files.is_empty() => Outcome::Forever,
            (true, false) => {
                self.print(2, "tail: no files\n", m);
                Outcome::Status(1)
            }
            (false, _) if !opened && !retries => Outcome::Status(1),
            (false, _) => self.script("while :; do sleep 1; tail-more; done"),
        }
    }

    /// What has been added to the files that are followed.
    pub(super) fn show_more(&mut self, m: &mut dyn Machine) {
        let mut followed = std::mem::take(&mut self.followed);
        for (path, seen) in &mut followed {
            let Ok(text) = m.read(path) else { continue };
            // One that has become shorter begins anew.
            let from = if text.len() < *seen { 0 } else { *seen };
            *seen = text.len();
            let new = text.get(from..).unwrap_or_default();
            if !new.is_empty() {
                self.print(1, new, m);
            }
        }
        self.followed = followed;
    }

    pub(super) fn grep(&mut self, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let (mut grep, files) = match Grep::parse(args) {
            Ok(parsed) => parsed,
            Err(message) => {
                self.print(2, &format!("{message}\n"), m);
                return 2;
            }
        };
        if files.is_empty() && !grep.recursive {
            let text = self.input.text().to_owned();
            let (out, found) = grep.files(&[("(standard input)".to_owned(), text)], false);
            self.print(1, &out, m);
            return i32::from(!found);
        }
        let files = if files.is_empty() { vec!["."] } else { files };
        let (mut texts, mut failed) = (Vec::new(), false);
        for file in &files {
            let path = absolute(&self.folder, file);
            if *file == "-" {
                texts.push(((*file).to_owned(), self.input.text().to_owned()));
                continue;
            }
            if grep.recursive && m.is_folder(&path) {
                gather(m, &path, file, 0, &grep, &mut texts);
                continue;
            }
            match m.read(&path) {
                Ok(text) => texts.push(((*file).to_owned(), text.to_string())),
                Err(error) => {
                    failed = true;
                    if !grep.silent {
                        let text = format!("grep: {file}: {}\n", error.text());
                        self.print(2, &text, m);
                    }
                }
            }
        }
        let (out, found) = grep.files(&texts, files.len() > 1 || grep.recursive);
        self.print(1, &out, m);
        match (found, failed) {
            (true, _) if grep.quiet => 0,
            (_, true) => 2,
            (found, false) => i32::from(!found),
        }
    }
}

/// `grep -r` goes no deeper, and takes no more files.
const DEEPEST: usize = 20;
const MOST_FILES: usize = 2_000;

/// The files in a folder and below; links are not followed.
fn gather(
    m: &dyn Machine,
    path: &str,
    shown: &str,
    depth: usize,
    grep: &Grep,
    texts: &mut Vec<(String, String)>,
) {
    for name in m.list(path).unwrap_or_default() {
        let below = |base: &str| format!("{}/{name}", base.trim_end_matches('/'));
        let (path, shown) = (below(path), below(shown));
        if m.link(&path).is_some() || texts.len() >= MOST_FILES {
            continue;
        }
        if m.is_folder(&path) {
            if depth < DEEPEST {
                gather(m, &path, &shown, depth + 1, grep, texts);
            }
        } else if grep.takes(&shown)
            && let Ok(text) = m.read(&path)
        {
            texts.push((shown, text.to_string()));
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
