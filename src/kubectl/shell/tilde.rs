//! `~`: somebody's home, at the start of a word.

use std::borrow::Cow;

use super::lex::{Part, Word};
use super::state::{Io, Shell};

/// The folder that a tilde and what is behind it stand for.
fn home(shell: &Shell, io: &Io, prefix: &str) -> Option<String> {
    match prefix {
        "~" => Some(
            io.variable(shell, "HOME")
                .unwrap_or_else(|| "/root".to_owned()),
        ),
        "~+" => io.variable(shell, "PWD"),
        "~-" => io.variable(shell, "OLDPWD"),
        // Who has an account on this machine.
        "~root" => Some("/root".to_owned()),
        "~nobody" => Some("/nonexistent".to_owned()),
        "~daemon" => Some("/usr/sbin".to_owned()),
        _ => None,
    }
}

fn text(text: &str, quoted: bool) -> Part {
    Part::Text {
        text: text.to_owned(),
        quoted,
    }
}

/// A text that begins with a tilde, as the folder and what follows it. `more` says whether other
/// parts of the word follow: then the name behind the tilde has to end before them.
fn expanded(shell: &Shell, io: &Io, word: &str, more: bool) -> Option<(String, String)> {
    if !word.starts_with('~') {
        return None;
    }
    let end = match word.find('/') {
        Some(end) => end,
        None if more => return None,
        None => word.len(),
    };
    let (prefix, rest) = word.split_at(end);
    Some((home(shell, io, prefix)?, rest.to_owned()))
}

/// A word whose tilde is expanded. What it becomes is neither split nor matched.
pub fn in_word<'w>(shell: &Shell, io: &Io, word: &'w Word) -> Cow<'w, Word> {
    let Some((
        Part::Text {
            text: first,
            quoted: false,
        },
        others,
    )) = word.split_first()
    else {
        return Cow::Borrowed(word);
    };
    let Some((folder, rest)) = expanded(shell, io, first, !others.is_empty()) else {
        return Cow::Borrowed(word);
    };
    let mut parts = vec![text(&folder, true)];
    if !rest.is_empty() {
        parts.push(text(&rest, false));
    }
    parts.extend(others.iter().cloned());
    Cow::Owned(parts)
}

/// As [`in_word`], for what is assigned: tildes behind colons, too.
pub fn in_value<'w>(shell: &Shell, io: &Io, word: &'w Word) -> Cow<'w, Word> {
    let later =
        |part: &Part| matches!(part, Part::Text { text, quoted: false } if text.contains(":~"));
    if !word.iter().any(later) {
        return in_word(shell, io, word);
    }
    let mut parts = Word::new();
    for (i, part) in word.iter().enumerate() {
        let more = i + 1 < word.len();
        let Part::Text {
            text: whole,
            quoted: false,
        } = part
        else {
            parts.push(part.clone());
            continue;
        };
        let mut pieces = whole.split(':').peekable();
        let mut first = true;
        while let Some(piece) = pieces.next() {
            if !first {
                parts.push(text(":", false));
            }
            // The first piece of a part that is not the first begins no word.
            let may = !first || i == 0;
            first = false;
            let more = more && pieces.peek().is_none();
            match expanded(shell, io, piece, more).filter(|_| may) {
                Some((folder, rest)) => {
                    parts.push(text(&folder, true));
                    parts.push(text(&rest, false));
                }
                None => parts.push(text(piece, false)),
            }
        }
    }
    Cow::Owned(parts)
}
