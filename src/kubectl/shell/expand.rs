//! From words to arguments: variables, command output, splitting, file names.

use std::rc::Rc;

use super::lex::{Part, Word};
use super::run::{Io, Shell, run_source};

/// Text that a word became, with what may still be split or matched.
#[derive(Default)]
struct Field {
    text: String,
    /// Whether there was a quote, so that even an empty text is an argument.
    quoted: bool,
    /// Whether an unquoted `*` or `?` stands in the text.
    pattern: bool,
}

/// A command has at most this many arguments.
const MOST_FIELDS: usize = 4096;

/// The arguments that words stand for.
pub async fn fields(shell: &Rc<Shell>, io: &Io, words: &[Word]) -> Vec<String> {
    let mut out = Vec::new();
    for word in words {
        let mut current: Option<Field> = None;
        for part in word {
            let (text, quoted, splits) = resolve(shell, io, part).await;
            if !splits {
                let field = current.get_or_insert_with(Field::default);
                field.quoted |= quoted;
                field.pattern |= !quoted && text.contains(['*', '?']);
                field.text.push_str(&text);
                continue;
            }
            let leads = text.starts_with(char::is_whitespace);
            let trails = text.ends_with(char::is_whitespace);
            let mut pieces = text.split_whitespace().peekable();
            if leads && current.is_some() && pieces.peek().is_some() {
                finish(shell, current.take(), &mut out);
            }
            while let Some(piece) = pieces.next() {
                let field = current.get_or_insert_with(Field::default);
                field.pattern |= piece.contains(['*', '?']);
                field.text.push_str(piece);
                if pieces.peek().is_some() || trails {
                    finish(shell, current.take(), &mut out);
                }
            }
        }
        finish(shell, current, &mut out);
        out.truncate(MOST_FIELDS);
    }
    out
}

/// The text of a word that is not split: an assignment, a here-document, a file name.
pub async fn joined(shell: &Rc<Shell>, io: &Io, word: &Word) -> String {
    let mut out = String::new();
    for part in word {
        out.push_str(&resolve(shell, io, part).await.0);
    }
    out
}

/// A part's text, whether it was quoted, and whether it is split at blanks.
async fn resolve(shell: &Rc<Shell>, io: &Io, part: &Part) -> (String, bool, bool) {
    match part {
        Part::Text { text, quoted } => (text.clone(), *quoted, false),
        Part::Variable {
            name,
            default,
            quoted,
        } => {
            let value = shell.variable(name);
            let value = match (value, default) {
                (Some(value), _) if !value.is_empty() => value,
                (_, Some(default)) => default.clone(),
                (value, None) => value.unwrap_or_default(),
            };
            (value, *quoted, !*quoted)
        }
        Part::Command { source, quoted } => {
            let text = run_source(shell, io, source).await;
            (text.trim_end_matches('\n').to_owned(), *quoted, !*quoted)
        }
    }
}

fn finish(shell: &Shell, field: Option<Field>, out: &mut Vec<String>) {
    let Some(field) = field else { return };
    if field.text.is_empty() && !field.quoted {
        return;
    }
    if field.pattern && !field.quoted {
        let mut files = shell.world.host.files();
        files.retain(|name| matches(&field.text, name));
        if !files.is_empty() {
            files.sort();
            out.extend(files);
            return;
        }
    }
    out.push(field.text);
}

/// Whether a name fits a pattern of `*` and `?`.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where to go back to: the last star, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || name.get(n) == Some(c) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_none_or(|rest| rest.iter().all(|c| *c == '*'))
}
