//! Sets of characters as ranges.

pub(super) type Ranges = Vec<(char, char)>;

pub(super) const LAST: char = char::MAX;

/// The characters of `\d`, `\s` and `\w`.
pub(super) fn named(letter: char) -> &'static [(char, char)] {
    match letter {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')],
        _ => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
    }
}

pub(super) fn posix(name: &str) -> Option<&'static [(char, char)]> {
    Some(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\u{7f}')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}

/// All other characters.
pub(super) fn negated(ranges: &[(char, char)]) -> Ranges {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let mut out = Vec::new();
    let mut from = Some('\0');
    for (a, b) in sorted {
        let Some(start) = from else { break };
        if start < a
            && let Some(before) = previous(a)
        {
            out.push((start, before));
        }
        from = next(b).map(|after| after.max(start));
    }
    if let Some(start) = from {
        out.push((start, LAST));
    }
    out
}

fn next(c: char) -> Option<char> {
    let mut range = c..=LAST;
    range.next();
    range.next()
}

fn previous(c: char) -> Option<char> {
    let mut range = '\0'..=c;
    range.next_back();
    range.next_back()
}

/// Adds the other case of every letter.
pub(super) fn fold(ranges: &mut Ranges) {
    let mut more = Vec::new();
    for (a, b) in ranges.iter() {
        // Large ranges hold both cases already.
        for c in (*a..=*b).take(3000) {
            let mut add = |other: char| {
                if other != c {
                    more.push((other, other));
                }
            };
            c.to_lowercase().for_each(&mut add);
            c.to_uppercase().for_each(&mut add);
        }
    }
    ranges.append(&mut more);
}
