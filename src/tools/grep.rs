//! `grep`, of a text or of many files.

use super::options::{has, options, value};
use crate::api::pattern::Pattern;

/// `grep [-EFPivwxcnoqshHlLrR] [-e PATTERN] [-A N] [-B N] [-C N] [-m N] PATTERN`.
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
    /// How many lines were found so far, of this file.
    pub found: usize,
    /// `-l`: the names of files with such lines; `-L`: of those without.
    lists: bool,
    lists_others: bool,
    /// `-r`: folders are gone through.
    pub recursive: bool,
    /// `-s`: nothing is said of files that cannot be read.
    pub silent: bool,
    /// `-H` and `-h`: whether lines come with the names of their files.
    names: Option<bool>,
    includes: Vec<String>,
    excludes: Vec<String>,
    /// What stands before each line, and which line was shown last.
    name: Option<String>,
    shown: Option<usize>,
}

/// Long options, as letters.
const LONG: [(&str, &str); 20] = [
    ("--extended-regexp", "-E"),
    ("--fixed-strings", "-F"),
    ("--perl-regexp", "-P"),
    ("--ignore-case", "-i"),
    ("--invert-match", "-v"),
    ("--word-regexp", "-w"),
    ("--line-regexp", "-x"),
    ("--count", "-c"),
    ("--line-number", "-n"),
    ("--only-matching", "-o"),
    ("--quiet", "-q"),
    ("--silent", "-q"),
    ("--no-messages", "-s"),
    ("--no-filename", "-h"),
    ("--with-filename", "-H"),
    ("--files-with-matches", "-l"),
    ("--files-without-match", "-L"),
    ("--recursive", "-r"),
    ("--text", "-a"),
    ("--line-buffered", "-u"),
];
/// Long options with a value, as letters.
const VALUED: [(&str, char); 5] = [
    ("--regexp=", 'e'),
    ("--after-context=", 'A'),
    ("--before-context=", 'B'),
    ("--context=", 'C'),
    ("--max-count=", 'm'),
];

impl Grep {
    /// What the words ask for, and the files that they name.
    ///
    /// # Errors
    /// There is no pattern, or none that can be read.
    pub fn parse<S: AsRef<str>>(arguments: &[S]) -> Result<(Grep, Vec<&str>), String> {
        let (mut includes, mut excludes) = (Vec::new(), Vec::new());
        let mut words: Vec<&str> = Vec::new();
        let mut long: Vec<(char, &str)> = Vec::new();
        let mut plain = false;
        for word in arguments.iter().map(AsRef::as_ref) {
            plain |= word == "--";
            if plain || !word.starts_with("--") {
                words.push(word);
            } else if let Some((_, short)) = LONG.iter().find(|(l, _)| *l == word) {
                words.push(*short);
            } else if let Some((letter, value)) = VALUED
                .iter()
                .find_map(|(l, letter)| Some((*letter, word.strip_prefix(l)?)))
            {
                long.push((letter, value));
            } else if let Some(glob) = word.strip_prefix("--include=") {
                includes.push(glob.to_owned());
            } else if let Some(glob) = word.strip_prefix("--exclude=") {
                excludes.push(glob.to_owned());
            } else if !word.starts_with("--color") && !word.starts_with("--exclude-dir") {
                return Err(format!("grep: unrecognized option '{word}'"));
            }
        }
        let (mut flags, mut files) = options_of(&words);
        flags.extend(long);
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
            lists: has(&flags, 'l'),
            lists_others: has(&flags, 'L'),
            recursive: has(&flags, 'r') || has(&flags, 'R'),
            silent: has(&flags, 's'),
            names: match (has(&flags, 'H'), has(&flags, 'h')) {
                (_, true) => Some(false),
                (true, _) => Some(true),
                _ => None,
            },
            includes,
            excludes,
            name: None,
            shown: None,
        };
        Ok((grep, files))
    }

    /// Whether a file that was come across in a folder is looked into.
    pub fn takes(&self, name: &str) -> bool {
        let base = name.rsplit('/').next().unwrap_or(name);
        let fits = |globs: &[String]| globs.iter().any(|glob| matches_glob(glob, base));
        (self.includes.is_empty() || fits(&self.includes)) && !fits(&self.excludes)
    }

    /// Goes through files; what is shown, and whether something was found. `many`: there may be several.
    pub fn files(&mut self, texts: &[(String, String)], many: bool) -> (String, bool) {
        let named = self.names.unwrap_or(many);
        let (mut out, mut any) = (String::new(), false);
        for (name, text) in texts {
            (self.at, self.found, self.following) = (0, 0, 0);
            self.earlier.clear();
            self.name = named.then(|| name.clone());
            let _ = text.lines().all(|line| self.line(line, &mut out));
            any |= self.found > 0;
            if self.lists && self.found > 0 || self.lists_others && self.found == 0 {
                out += &format!("{name}\n");
            } else if self.counts && !self.lists {
                out += &self.count();
            }
            if self.quiet && any {
                break;
            }
        }
        (out, any)
    }

    /// What `-c` shows of a file.
    pub fn count(&self) -> String {
        match &self.name {
            Some(name) => format!("{name}:{}\n", self.found),
            None => format!("{}\n", self.found),
        }
    }

    /// Takes in a line without its end; writes what is to be shown. `false` when no more lines are wanted.
    pub fn line(&mut self, line: &str, out: &mut String) -> bool {
        self.at += 1;
        let hit = self.patterns.iter().any(|p| p.is_match(line));
        if hit != self.inverted {
            self.found += 1;
            if self.quiet || self.lists || self.lists_others {
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

    fn show(&mut self, at: usize, line: &str, mark: char, out: &mut String) {
        // Lines that do not follow each other are set apart.
        let follows = self.shown.is_none_or(|shown| shown + 1 == at);
        if self.before + self.after > 0 && !follows {
            out.push_str("--\n");
        }
        self.shown = Some(at);
        if let Some(name) = &self.name {
            *out += &format!("{name}{mark}");
        }
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
                    if let Some(name) = &self.name {
                        *out += &format!("{name}:");
                    }
                    if self.numbers {
                        *out += &format!("{}:", self.at);
                    }
                    out.extend(chars.iter().skip(start).take(end - start));
                    out.push('\n');
                }
                from = end.max(start + 1);
            }
        }
    }
}

fn options_of<'a>(words: &[&'a str]) -> (Vec<(char, &'a str)>, Vec<&'a str>) {
    let (flags, rest) = options(words, "eABCmd");
    // The words outlive the list of them.
    let own = |text: &str| words.iter().find_map(|w| w.ends_with(text).then_some(*w));
    let whole = |text: &str| -> &'a str {
        let word = own(text).unwrap_or_default();
        word.get(word.len() - text.len()..).unwrap_or_default()
    };
    let flags = flags
        .into_iter()
        .map(|(letter, value)| (letter, whole(value)));
    (flags.collect(), rest.into_iter().map(whole).collect())
}

/// Whether a name fits a pattern of `*` and `?`.
fn matches_glob(glob: &str, name: &str) -> bool {
    let mut text = String::from("^");
    for c in glob.chars() {
        match c {
            '*' => text.push_str(".*"),
            '?' => text.push('.'),
            '.' | '[' | ']' | '\\' | '^' | '$' => {
                text.push('\\');
                text.push(c);
            }
            c => text.push(c),
        }
    }
    text.push('$');
    Pattern::compile(&text, false, false).is_ok_and(|p| p.is_match(name))
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

    #[test]
    fn many_files() {
        let texts = [("g1", "a\nb\na\nc\nd\ne\na\n"), ("dir/f.yaml", "file\n")];
        let texts = texts.map(|(name, text)| (name.to_owned(), text.to_owned()));
        for (words, expected) in [
            (vec!["-n", "a"], "g1:1:a\ng1:3:a\ng1:7:a\n"),
            (vec!["-c", "a"], "g1:3\ndir/f.yaml:0\n"),
            (vec!["-l", "[af]"], "g1\ndir/f.yaml\n"),
            (vec!["-L", "a"], "dir/f.yaml\n"),
            (vec!["-h", "--color=auto", "f"], "file\n"),
            (vec!["-A1", "-h", "a"], "a\nb\na\nc\n--\na\n"),
            (vec!["-on", "[abf]i"], "dir/f.yaml:1:fi\n"),
            (vec!["--max-count=1", "a"], "g1:a\n"),
            (vec!["-q", "a"], ""),
        ] {
            let (mut grep, _) = Grep::parse(&words).expect("a pattern");
            let (out, _) = grep.files(&texts, true);
            assert_eq!(out, expected, "{words:?}");
        }
        let (mut grep, _) = Grep::parse(&["-B1", "e"]).expect("a pattern");
        assert_eq!(
            grep.files(&texts, true).0,
            "g1-d\ng1:e\n--\ndir/f.yaml:file\n"
        );
        let (grep, _) = Grep::parse(&["-r", "--include=*.yaml", "a"]).expect("a pattern");
        assert!(grep.takes("dir/f.yaml") && !grep.takes("g1"));
        assert!(Grep::parse(&["--frob", "a"]).is_err());
    }
}
