//! `sort`, `uniq` and `wc`.

use super::options::{has, options, value};

/// `sort [-nrufV] [-k FIELD] [-t CHAR]`.
pub struct Sort {
    column: usize,
    separator: Option<char>,
    numeric: bool,
    folded: bool,
    reversed: bool,
    once: bool,
}

impl Sort {
    /// What the words ask for, and the files that they name.
    pub fn parse<S: AsRef<str>>(arguments: &[S]) -> (Sort, Vec<&str>) {
        let (flags, files) = options(arguments, "kt");
        let key = value(&flags, 'k').unwrap_or_default();
        let field = key.split(',').next().unwrap_or_default();
        let field = field.split('.').next().unwrap_or_default();
        let letter = |letter| has(&flags, letter) || key.contains(letter);
        let sort = Sort {
            column: field
                .trim_end_matches(char::is_alphabetic)
                .parse()
                .unwrap_or(0),
            separator: value(&flags, 't').and_then(|t| t.chars().next()),
            numeric: letter('n') || letter('V') || letter('h'),
            folded: letter('f'),
            reversed: letter('r'),
            once: has(&flags, 'u'),
        };
        (sort, files)
    }

    fn key(&self, line: &str) -> String {
        let skip = self.column.saturating_sub(1);
        let key = match (self.column, self.separator) {
            (0, _) => line.to_owned(),
            (_, None) => {
                let fields: Vec<&str> = line.split_whitespace().skip(skip).collect();
                fields.join(" ")
            }
            (_, Some(separator)) => {
                let fields: Vec<&str> = line.split(separator).skip(skip).collect();
                fields.join(&separator.to_string())
            }
        };
        match self.folded {
            true => key.to_lowercase(),
            false => key,
        }
    }

    /// The lines of a text in order.
    pub fn run<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let mut lines: Vec<&str> = text.lines().collect();
        match self.numeric {
            true => lines.sort_by_key(|line| leading_number(&self.key(line))),
            false => lines.sort_by_cached_key(|line| self.key(line)),
        }
        if self.reversed {
            lines.reverse();
        }
        if self.once {
            lines.dedup();
        }
        lines
    }
}

/// The number at the start of a text, in thousandths.
fn leading_number(text: &str) -> i64 {
    let text = text.trim_start();
    let is_part = |(i, c): (usize, char)| c.is_ascii_digit() || c == '.' || (i == 0 && c == '-');
    let end = text.char_indices().find(|at| !is_part(*at));
    let number = text.get(..end.map_or(text.len(), |(i, _)| i));
    let number = number.unwrap_or_default();
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    let whole = whole.parse::<i64>().unwrap_or(0).saturating_mul(1000);
    let part = digits.parse::<i64>().unwrap_or(0);
    match number.starts_with('-') {
        true => whole.saturating_sub(part),
        false => whole.saturating_add(part),
    }
}

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
    fn orders() {
        let text = "b 2\na 10\nC 9.5\na 10\n";
        for (words, expected) in [
            (vec![], "C 9.5|a 10|a 10|b 2"),
            (vec!["-u"], "C 9.5|a 10|b 2"),
            (vec!["-f"], "a 10|a 10|b 2|C 9.5"),
            (vec!["-k2", "-n"], "b 2|C 9.5|a 10|a 10"),
            (vec!["-k", "2nr"], "a 10|a 10|C 9.5|b 2"),
            (vec!["-rk1,1"], "b 2|a 10|a 10|C 9.5"),
            (vec!["-t", ".", "-k2"], "b 2|a 10|a 10|C 9.5"),
        ] {
            assert_eq!(
                Sort::parse(&words).0.run(text).join("|"),
                expected,
                "{words:?}"
            );
        }
    }

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
