//! `grep`.

use super::options::{has, options, value};
use crate::api::pattern::Pattern;

/// `grep [-EFivwxcnoqhl] [-e PATTERN] [-A N] [-B N] [-C N] [-m N] PATTERN`.
pub struct Grep {
    patterns: Vec<Pattern>,
    inverted: bool,
    pub counts: bool,
    pub quiet: bool,
    numbers: bool,
    only: bool,
    before: usize,
    after: usize,
    most: usize,
    at: usize,
    following: usize,
    earlier: Vec<(usize, String)>,
    /// How many lines were found so far.
    pub found: usize,
}

impl Grep {
    /// What the words ask for, and the files that they name.
    ///
    /// # Errors
    /// There is no pattern, or none that can be read.
    pub fn parse<S: AsRef<str>>(arguments: &[S]) -> Result<(Grep, Vec<&str>), String> {
        let (flags, mut files) = options(arguments, "eABCm");
        let number = |letter: char| -> usize {
            let context = value(&flags, 'C').filter(|_| letter != 'm');
            let found = value(&flags, letter).or(context);
            found.and_then(|v| v.parse().ok()).unwrap_or(0)
        };
        let expressions = flags.iter().filter(|(l, _)| *l == 'e').map(|(_, v)| *v);
        let mut expressions: Vec<&str> = expressions.collect();
        if expressions.is_empty() {
            if files.is_empty() {
                return Err("usage: grep [-EFivcnoq] [-e] PATTERN [FILE...]".to_owned());
            }
            expressions.push(files.remove(0));
        }
        let folded = has(&flags, 'i') || has(&flags, 'y');
        let mut patterns = Vec::new();
        for expression in expressions {
            let (word, whole) = (has(&flags, 'w'), has(&flags, 'x'));
            if has(&flags, 'F') && !word && !whole {
                patterns.push(Pattern::literal(expression, folded));
                continue;
            }
            let text = match (word, whole) {
                (true, _) => format!("(^|[^a-zA-Z0-9_]){expression}([^a-zA-Z0-9_]|$)"),
                (_, true) => format!("^({expression})$"),
                _ => expression.to_owned(),
            };
            let extended = has(&flags, 'E') || word || whole;
            let pattern = Pattern::compile(&text, extended, folded);
            patterns.push(pattern.map_err(|message| format!("grep: {message}"))?);
        }
        let grep = Grep {
            patterns,
            inverted: has(&flags, 'v'),
            counts: has(&flags, 'c'),
            quiet: has(&flags, 'q'),
            numbers: has(&flags, 'n'),
            only: has(&flags, 'o'),
            before: number('B'),
            after: number('A'),
            most: number('m'),
            at: 0,
            following: 0,
            earlier: Vec::new(),
            found: 0,
        };
        Ok((grep, files))
    }

    /// Takes in a line without its end; writes what is to be shown. `false` when no more lines are wanted.
    pub fn line(&mut self, line: &str, out: &mut String) -> bool {
        self.at += 1;
        let hit = self.patterns.iter().any(|p| p.is_match(line));
        if hit != self.inverted {
            self.found += 1;
            if self.quiet {
                return false;
            }
            if !self.counts {
                if self.only {
                    self.only_matches(line, out);
                } else {
                    for (at, line) in std::mem::take(&mut self.earlier) {
                        self.show(at, &line, '-', out);
                    }
                    self.show(self.at, line, ':', out);
                }
            }
            self.following = self.after;
            return self.most == 0 || self.found < self.most;
        }
        if self.following > 0 {
            self.following -= 1;
            self.show(self.at, line, '-', out);
        } else if self.before > 0 {
            self.earlier.push((self.at, line.to_owned()));
            if self.earlier.len() > self.before {
                self.earlier.remove(0);
            }
        }
        true
    }

    fn show(&self, at: usize, line: &str, mark: char, out: &mut String) {
        if self.numbers {
            *out += &format!("{at}{mark}");
        }
        *out += line;
        out.push('\n');
    }

    fn only_matches(&self, line: &str, out: &mut String) {
        let chars: Vec<char> = line.chars().collect();
        for pattern in &self.patterns {
            let mut from = 0;
            while let Some(Some((start, end))) =
                pattern.find(&chars, from).and_then(|c| c.first().copied())
            {
                if end > start {
                    out.extend(chars.iter().skip(start).take(end - start));
                    out.push('\n');
                }
                from = end.max(start + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_match() {
        let text = "one\ntwo 2\nThree\nfour 4\n";
        for (words, expected) in [
            (vec!["o"], "one\ntwo 2\nfour 4\n"),
            (vec!["^t"], "two 2\n"),
            (vec!["-i", "^t"], "two 2\nThree\n"),
            (vec!["-v", "o"], "Three\n"),
            (vec!["-E", "one|Three"], "one\nThree\n"),
            (vec!["-n", "four"], "4:four 4\n"),
            (vec!["-o", "[0-9]"], "2\n4\n"),
            (vec!["-x", "one"], "one\n"),
            (vec!["-A1", "one"], "one\ntwo 2\n"),
            (vec!["-m1", "o"], "one\n"),
            (vec!["-e", "one", "-e", "Three"], "one\nThree\n"),
        ] {
            let (mut grep, files) = Grep::parse(&words).expect("a pattern");
            assert!(files.is_empty());
            let mut out = String::new();
            let _ = text.lines().all(|line| grep.line(line, &mut out));
            assert_eq!(out, expected, "{words:?}");
        }
        assert!(Grep::parse::<&str>(&[]).is_err());
    }
}
