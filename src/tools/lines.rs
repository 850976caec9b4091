//! `uniq` and `wc`.

use super::options::{has, options};

/// `uniq [-cdu]`.
pub struct Uniq {
    counts: bool,
    repeated: bool,
    single: bool,
}

impl Uniq {
    /// What the words ask for, and the files that they name.
    pub fn parse<S: AsRef<str>>(arguments: &[S]) -> (Uniq, Vec<&str>) {
        let (flags, files) = options(arguments, "");
        let uniq = Uniq {
            counts: has(&flags, 'c'),
            repeated: has(&flags, 'd'),
            single: has(&flags, 'u'),
        };
        (uniq, files)
    }

    /// Each run of equal lines as one.
    pub fn run(&self, text: &str) -> String {
        let mut out = String::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let mut count = 1;
            while lines.next_if_eq(&line).is_some() {
                count += 1;
            }
            if (self.repeated && count == 1) || (self.single && count > 1) {
                continue;
            }
            if self.counts {
                out += &format!("{count:7} ");
            }
            out += line;
            out.push('\n');
        }
        out
    }
}

/// `wc [-lwcm]`.
pub struct Wc {
    wanted: Vec<char>,
}

impl Wc {
    /// What the words ask for, and the files that they name.
    pub fn parse<S: AsRef<str>>(arguments: &[S]) -> (Wc, Vec<&str>) {
        let (flags, files) = options(arguments, "");
        let all = ['l', 'w', 'm', 'c'];
        let wanted: Vec<char> = all.into_iter().filter(|l| has(&flags, *l)).collect();
        let wanted = match wanted.is_empty() {
            true => vec!['l', 'w', 'c'],
            false => wanted,
        };
        (Wc { wanted }, files)
    }

    /// The counts of a text; `name` is the file's, or nothing.
    pub fn run(&self, text: &str, name: &str) -> String {
        let count = |letter: &char| match letter {
            'l' => text.matches('\n').count(),
            'w' => text.split_whitespace().count(),
            'm' => text.chars().count(),
            _ => text.len(),
        };
        let counts: Vec<String> = match self.wanted.as_slice() {
            [one] => vec![count(one).to_string()],
            many => many.iter().map(|l| format!("{:>7}", count(l))).collect(),
        };
        let line = format!("{} {name}", counts.join(" "));
        format!("{}\n", line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_lines() {
        let run = |word: &str| Uniq::parse(&[word]).0.run("a\na\nb\n");
        assert_eq!(run("-"), "a\nb\n");
        assert_eq!(run("-c"), "      2 a\n      1 b\n");
        assert_eq!((run("-d"), run("-u")), ("a\n".to_owned(), "b\n".to_owned()));
    }

    #[test]
    fn counts() {
        let run = |words: &[&str], name| Wc::parse(words).0.run("ä b\nc\n", name);
        assert_eq!(run(&["-l"], ""), "2\n");
        assert_eq!(run(&["-l"], "x"), "2 x\n");
        assert_eq!(
            (run(&["-c"], ""), run(&["-m"], "")),
            ("7\n".to_owned(), "6\n".to_owned())
        );
        assert_eq!(run(&[], ""), "      2       3       7\n");
    }
}
