//! Options of one letter.

/// Options of one letter, with their values, and the other words; `valued` names the letters that take a value.
pub fn options<'a, S: AsRef<str>>(
    arguments: &'a [S],
    valued: &str,
) -> (Vec<(char, &'a str)>, Vec<&'a str>) {
    let mut flags = Vec::new();
    let mut rest = Vec::new();
    let mut words = arguments.iter().map(AsRef::as_ref);
    while let Some(word) = words.next() {
        let letters = match word.strip_prefix('-') {
            Some(letters) if !letters.is_empty() && !letters.starts_with('-') => letters,
            _ if word == "--" => {
                rest.extend(words.by_ref());
                break;
            }
            _ => {
                rest.push(word);
                continue;
            }
        };
        for (i, letter) in letters.char_indices() {
            if !valued.contains(letter) {
                flags.push((letter, ""));
                continue;
            }
            let inline = letters.get(i + letter.len_utf8()..).unwrap_or_default();
            let value = match inline {
                "" => words.next().unwrap_or_default(),
                inline => inline,
            };
            flags.push((letter, value));
            break;
        }
    }
    (flags, rest)
}

pub(super) fn has(flags: &[(char, &str)], letter: char) -> bool {
    flags.iter().any(|(l, _)| *l == letter)
}

pub(super) fn value<'a>(flags: &[(char, &'a str)], letter: char) -> Option<&'a str> {
    flags.iter().find(|(l, _)| *l == letter).map(|(_, v)| *v)
}
