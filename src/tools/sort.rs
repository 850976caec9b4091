//! `sort`: by whole lines or by keys, in several orders.

use std::cmp::Ordering;

use super::options::options;

/// A place in a line: a field, and a character of it; 0 for its end.
#[derive(Clone, Copy)]
struct Place {
    field: usize,
    letter: usize,
}

/// How a part of lines is compared.
struct Key {
    from: Place,
    to: Option<Place>,
    /// The letters of its options.
    how: String,
}

/// `2`, `2.3`, `2nr`
fn place(text: &str) -> Option<(Place, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (field, rest) = text.split_at(digits(text));
    let (letter, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(digits(rest)),
        None => ("", rest),
    };
    let place = Place {
        field: field.parse().ok()?,
        letter: letter.parse().unwrap_or(0),
    };
    Some((place, rest))
}

fn key(text: &str) -> Option<Key> {
    let (from, to) = text
        .split_once(',')
        .map_or((text, None), |(f, t)| (f, Some(t)));
    let (from, how) = place(from)?;
    let mut how = how.to_owned();
    let to = match to {
        Some(to) => {
            let (to, more) = place(to)?;
            how.push_str(more);
            Some(to)
        }
        None => None,
    };
    let known = how.chars().all(|c| "nrhVfbgid".contains(c));
    (from.field > 0 && known).then_some(Key { from, to, how })
}

/// Where a field begins and ends; blanks before it are part of it.
fn field(line: &str, separator: Option<char>, number: usize) -> (usize, usize) {
    let mut start = 0;
    let mut at = 1;
    loop {
        let rest = line.get(start..).unwrap_or_default();
        let end = match separator {
            Some(separator) => rest.find(separator).unwrap_or(rest.len()),
            None => {
                let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                let word = rest.get(blanks..).unwrap_or_default();
                blanks + word.find([' ', '\t']).unwrap_or(word.len())
            }
        };
        if at == number {
            return (start, start + end);
        }
        if start + end >= line.len() {
            return (line.len(), line.len());
        }
        start += end + separator.map_or(0, char::len_utf8);
        at += 1;
    }
}

fn part<'l>(line: &'l str, key: &Key, separator: Option<char>) -> &'l str {
    let step = |from: usize, letters: usize| {
        let rest = line.get(from..).unwrap_or_default();
        let skipped: usize = rest.chars().take(letters).map(char::len_utf8).sum();
        from + skipped
    };
    let (start, _) = field(line, separator, key.from.field);
    let start = step(start, key.from.letter.saturating_sub(1));
    let end = match key.to {
        None => line.len(),
        Some(to) => {
            let (from, end) = field(line, separator, to.field);
            match to.letter {
                0 => end,
                letter => step(from, letter).min(end),
            }
        }
    };
    line.get(start..end.max(start)).unwrap_or_default()
}

/// The number that a text begins with, and what is behind it.
fn number(text: &str) -> (f64, &str) {
    let text = text.trim_start();
    let sign = usize::from(text.starts_with('-'));
    let rest = text.get(sign..).unwrap_or_default();
    let length = rest
        .bytes()
        .take_while(|b| b.is_ascii_digit() || *b == b'.')
        .count();
    let (digits, behind) = text.split_at(sign + length);
    (digits.parse().unwrap_or(0.0), behind)
}

/// A size as people write it: first by its letter, then by its number.
fn size(text: &str) -> (usize, f64) {
    let (number, behind) = number(text);
    let letter = behind
        .chars()
        .next()
        .map_or(' ', |c| c.to_ascii_uppercase());
    let power = " KMGTPEZY".find(letter).unwrap_or(0);
    match number == 0.0 {
        true => (0, 0.0),
        false => (power, number),
    }
}

/// Numbers inside of texts count as numbers: `v1.9` before `v1.10`.
fn version(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let text = |s: &str| s.bytes().take_while(|c| !c.is_ascii_digit()).count();
        let (left, a_rest) = a.split_at(text(a));
        let (right, b_rest) = b.split_at(text(b));
        let order = left.cmp(right);
        if order.is_ne() || (a_rest.is_empty() && b_rest.is_empty()) {
            return order;
        }
        let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
        let (left, a_next) = a_rest.split_at(digits(a_rest));
        let (right, b_next) = b_rest.split_at(digits(b_rest));
        let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
        let order = left.len().cmp(&right.len()).then_with(|| left.cmp(right));
        if order.is_ne() {
            return order;
        }
        (a, b) = (a_next, b_next);
    }
}

fn compare(a: &str, b: &str, how: &str) -> Ordering {
    let order = if how.contains('n') || how.contains('g') {
        number(a).0.total_cmp(&number(b).0)
    } else if how.contains('h') {
        let (a, b) = (size(a), size(b));
        let sign = |n: f64| if n < 0.0 { -1 } else { i32::from(n > 0.0) };
        sign(a.1)
            .cmp(&sign(b.1))
            .then_with(|| a.0.cmp(&b.0))
            .then_with(|| a.1.total_cmp(&b.1))
    } else {
        let trimmed = |text: &str| match how.contains('b') {
            true => text.trim_start().to_owned(),
            false => text.to_owned(),
        };
        let (a, b) = (trimmed(a), trimmed(b));
        match (how.contains('V'), how.contains('f')) {
            (true, _) => version(&a, &b),
            (_, true) => a.to_uppercase().cmp(&b.to_uppercase()),
            _ => a.cmp(&b),
        }
    };
    match how.contains('r') {
        true => order.reverse(),
        false => order,
    }
}

/// `sort [-nrhVfbus] [-k FIELD[,FIELD]] [-t CHAR]`.
pub struct Sort {
    keys: Vec<Key>,
    separator: Option<char>,
    how: String,
    /// What orders everything, and keys that say nothing of their own.
    global: String,
}

impl Sort {
    /// What the words ask for, and the files that they name.
    pub fn parse<S: AsRef<str>>(arguments: &[S]) -> (Sort, Vec<&str>) {
        let (flags, mut files) = options(arguments, "kt");
        let mut keys = Vec::new();
        let (mut how, mut separator) = (String::new(), None);
        for (letter, value) in &flags {
            match letter {
                'k' => keys.extend(key(value)),
                't' => {
                    separator = match *value {
                        "\\t" => Some('\t'),
                        value => value.chars().next(),
                    };
                }
                letter => how.push(*letter),
            }
        }
        files.retain(|word| {
            let letter = match *word {
                "--reverse" => 'r',
                "--numeric-sort" => 'n',
                "--human-numeric-sort" => 'h',
                "--version-sort" => 'V',
                "--ignore-case" => 'f',
                "--unique" => 'u',
                "--stable" => 's',
                word => {
                    let Some(value) = word.strip_prefix("--key=") else {
                        return true;
                    };
                    keys.extend(key(value));
                    return false;
                }
            };
            how.push(letter);
            false
        });
        let global: String = how.chars().filter(|c| "nrhVfbg".contains(*c)).collect();
        for key in &mut keys {
            if key.how.is_empty() {
                key.how.clone_from(&global);
            }
        }
        let sort = Sort {
            keys,
            separator,
            how,
            global,
        };
        (sort, files)
    }

    fn by_keys(&self, a: &str, b: &str) -> Ordering {
        let part = |line, key| part(line, key, self.separator);
        match self.keys.is_empty() {
            true => compare(a, b, &self.global),
            false => self
                .keys
                .iter()
                .map(|key| compare(part(a, key), part(b, key), &key.how))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal),
        }
    }

    /// The lines of a text in order.
    pub fn run<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let mut lines: Vec<&str> = text.lines().collect();
        let plain = self.how.contains('u') || self.how.contains('s');
        lines.sort_by(|a, b| {
            // Of equal ones, the whole lines decide.
            self.by_keys(a, b)
                .then_with(|| match (plain, self.how.contains('r')) {
                    (true, _) => Ordering::Equal,
                    (false, true) => b.cmp(a),
                    (false, false) => a.cmp(b),
                })
        });
        if self.how.contains('u') {
            lines.dedup_by(|a, b| self.by_keys(a, b).is_eq());
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders() {
        let text = "b 2\na 10\nC 9.5\na 10\n";
        for (words, text, expected) in [
            (vec![], text, "C 9.5|a 10|a 10|b 2"),
            (vec!["-u"], text, "C 9.5|a 10|b 2"),
            (vec!["-f"], text, "a 10|a 10|b 2|C 9.5"),
            (vec!["-k2", "-n"], text, "b 2|C 9.5|a 10|a 10"),
            (vec!["-k", "2nr"], text, "a 10|a 10|C 9.5|b 2"),
            (vec!["-k2,2nr", "--unique"], text, "a 10|C 9.5|b 2"),
            (vec!["-rk1,1"], text, "b 2|a 10|a 10|C 9.5"),
            (vec!["-t", ".", "-k2"], text, "a 10|a 10|b 2|C 9.5"),
            (vec!["-h"], "1Gi\n500Mi\n2K\n3\n", "3|2K|500Mi|1Gi"),
            (vec!["-V"], "v1.10\nv1.9\nv1\n", "v1|v1.9|v1.10"),
            (vec!["-n"], "b\n-1\n2.5\n10\n", "-1|b|2.5|10"),
            (vec!["-k1.2,1.2"], "ab\nba\n", "ba|ab"),
            (vec!["-k1,1", "-k2n"], "x 10\na 3\nx 9\n", "a 3|x 9|x 10"),
        ] {
            assert_eq!(
                Sort::parse(&words).0.run(text).join("|"),
                expected,
                "{words:?}"
            );
        }
        assert!(key("x").is_none() && key("0").is_none());
    }
}
