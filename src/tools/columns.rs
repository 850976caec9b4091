//! `cut` and `tr`.

use super::options::{has, options, value};

/// `cut -d CHAR -f LIST [-s]`, `cut -c LIST`.
pub struct Cut {
    ranges: Vec<(usize, usize)>,
    characters: bool,
    separator: char,
    between: String,
    silent: bool,
}

impl Cut {
    /// What the words ask for, and the files that they name.
    ///
    /// # Errors
    /// They do not say what is to be cut out.
    pub fn parse<S: AsRef<str>>(arguments: &[S]) -> Result<(Cut, Vec<&str>), String> {
        let (flags, files) = options(arguments, "bcdf");
        // `--output-delimiter=TEXT`
        let lead = "--output-delimiter=";
        let between = files.iter().find_map(|w| w.strip_prefix(lead));
        let files: Vec<&str> = files
            .iter()
            .copied()
            .filter(|w| !w.starts_with(lead))
            .collect();
        let of_characters = value(&flags, 'c').or(value(&flags, 'b'));
        let Some(ranges) = of_characters.or(value(&flags, 'f')).and_then(ranges) else {
            let text = "cut: you must specify a list of bytes, characters, or fields";
            return Err(text.to_owned());
        };
        let separator = value(&flags, 'd').and_then(|d| d.chars().next());
        let separator = separator.unwrap_or('\t');
        let cut = Cut {
            ranges,
            characters: of_characters.is_some(),
            separator,
            between: between.map_or(separator.to_string(), str::to_owned),
            silent: has(&flags, 's'),
        };
        Ok((cut, files))
    }

    /// What is left of a line; `None` where it is left out.
    pub fn line(&self, line: &str) -> Option<String> {
        let wanted = |n: usize| self.ranges.iter().any(|(a, b)| (*a..=*b).contains(&n));
        if self.characters {
            let chars = line.chars().enumerate();
            let chars = chars.filter(|(i, _)| wanted(i + 1));
            return Some(chars.map(|(_, c)| c).collect());
        }
        if !line.contains(self.separator) {
            return (!self.silent).then(|| line.to_owned());
        }
        let fields = line.split(self.separator).enumerate();
        let fields = fields.filter(|(i, _)| wanted(i + 1)).map(|(_, f)| f);
        let fields: Vec<&str> = fields.collect();
        Some(fields.join(&self.between))
    }
}

/// `1-20`, `3`, `2-`, `-4`, lists of them.
fn ranges(text: &str) -> Option<Vec<(usize, usize)>> {
    text.split(',')
        .map(|range| match range.split_once('-') {
            Some(("", to)) => Some((1, to.parse().ok()?)),
            Some((from, "")) => Some((from.parse().ok()?, usize::MAX)),
            Some((from, to)) => Some((from.parse().ok()?, to.parse().ok()?)),
            None => range.parse().ok().map(|n| (n, n)),
        })
        .collect()
}

/// `tr [-cds] SET [SET]`.
pub struct Tr {
    from: Vec<char>,
    to: Vec<char>,
    inverted: bool,
    deletes: bool,
    squeezes: bool,
}

impl Tr {
    pub fn parse<S: AsRef<str>>(arguments: &[S]) -> Tr {
        let (flags, sets) = options(arguments, "");
        Tr {
            from: sets.first().map(|s| set(s)).unwrap_or_default(),
            to: sets.get(1).map(|s| set(s)).unwrap_or_default(),
            inverted: has(&flags, 'c') || has(&flags, 'C'),
            deletes: has(&flags, 'd'),
            squeezes: has(&flags, 's'),
        }
    }

    pub fn run(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut last = None;
        for c in text.chars() {
            let at = self.from.iter().position(|f| *f == c);
            let hit = at.is_some() != self.inverted;
            if hit && self.deletes {
                continue;
            }
            let written = match (hit, at) {
                (false, _) => c,
                (true, Some(at)) => self.to.get(at).or(self.to.last()).copied().unwrap_or(c),
                (true, None) => self.to.last().copied().unwrap_or(c),
            };
            let squeezed = match self.to.is_empty() {
                true => hit,
                false => self.to.contains(&written),
            };
            if self.squeezes && squeezed && last == Some(written) {
                continue;
            }
            last = Some(written);
            out.push(written);
        }
        out
    }
}

/// A text without its escapes: `\n`, `\033`.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('a') => '\u{7}',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('v') => '\u{b}',
            Some(digit @ '0'..='7') => {
                let mut code = digit.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    if let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) {
                        code = code * 8 + digit;
                        chars.next();
                    }
                }
                char::from_u32(code).unwrap_or('\\')
            }
            Some(other) => other,
            None => '\\',
        });
    }
    out
}

/// The characters of a set: `a-z`, `[:upper:]`, `\n`.
fn set(text: &str) -> Vec<char> {
    let classes = [
        ("[:upper:]", "A-Z"),
        ("[:lower:]", "a-z"),
        ("[:digit:]", "0-9"),
        ("[:alpha:]", "A-Za-z"),
        ("[:alnum:]", "A-Za-z0-9"),
        ("[:space:]", " \\t\\n\\r"),
        ("[:blank:]", " \\t"),
        ("[:punct:]", "!-/:-@[-`{-~"),
    ];
    let mut text = text.to_owned();
    for (class, characters) in classes {
        text = text.replace(class, characters);
    }
    let text = unescaped(&text);
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut rest = chars.as_slice();
    while let Some((first, tail)) = rest.split_first() {
        match tail {
            ['-', last, after @ ..] if last >= first => {
                out.extend(*first..=*last);
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns() {
        for (words, line, expected) in [
            (vec!["-d:", "-f1,3"], "a:b:c", Some("a:c")),
            (vec!["-d", " ", "-f", "2-"], "a b c", Some("b c")),
            (vec!["-f2"], "plain", Some("plain")),
            (vec!["-sf2"], "plain", None),
            (vec!["-c1-2"], "äbc", Some("äb")),
        ] {
            let (cut, _) = Cut::parse(&words).expect("a list");
            assert_eq!(cut.line(line).as_deref(), expected, "{words:?}");
        }
        assert!(Cut::parse(&["-d:"]).is_err());
    }

    #[test]
    fn characters() {
        for (words, text, expected) in [
            (vec!["a-z", "A-Z"], "abc1", "ABC1"),
            (vec!["[:upper:]", "[:lower:]"], "AbC", "abc"),
            (vec!["\\033\\012", "^$"], "\u{1b}[m\n", "^[m$"),
            (vec!["\\\\a", "x_"], "a\\\u{7}", "_x\u{7}"),
            (vec!["-d", "\\n"], "a\nb\n", "ab"),
            (vec!["-dc", "0-9"], "a1b2", "12"),
            (vec!["-s", " "], "a   b", "a b"),
            (vec!["abc", "x"], "aabbc", "xxxxx"),
            (vec!["-s", "a-z", "\\n"], "ab1", "\n1"),
        ] {
            assert_eq!(Tr::parse(&words).run(text), expected, "{words:?}");
        }
    }
}
