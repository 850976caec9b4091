//! From words to arguments: variables, command output, splitting, file names.

use std::rc::Rc;

use super::arith::{self, Variables};
use super::dollar::{Operation, Variable};
use super::lex::{Part, Word};
use super::run::run_source;
use super::state::{Io, Shell};
use crate::client::LocalFuture;

/// Text that a word became, with what may still be split or matched.
#[derive(Default)]
struct Field {
    text: String,
    /// The text with what was quoted marked as itself.
    pattern: String,
    /// Whether there was a quote, so that even an empty text is an argument.
    quoted: bool,
    /// Whether an unquoted `*`, `?` or `[` stands in the text.
    matches: bool,
}

impl Field {
    fn push(&mut self, text: &str, quoted: bool) {
        self.text.push_str(text);
        self.quoted |= quoted;
        match quoted {
            true => escape(text, &mut self.pattern),
            false => {
                self.matches |= text.contains(['*', '?', '[']);
                self.pattern.push_str(text);
            }
        }
    }
}

/// A command has at most this many arguments.
const MOST_FIELDS: usize = 20_000;
/// And no text grows longer.
const MOST_BYTES: usize = 4 << 20;

/// What stands for itself in a pattern.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
}

/// What a part became.
struct Piece {
    text: String,
    quoted: bool,
    /// It is split at blanks.
    splits: bool,
    /// `"$@"`: the arguments, each a word of its own.
    each: Option<Vec<String>>,
}

/// The arguments that words stand for.
///
/// # Errors
/// What to say when a variable has to be there and is not.
pub async fn fields(shell: &Rc<Shell>, io: &Io, words: &[Word]) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    for word in words {
        let mut current: Option<Field> = None;
        for part in word {
            let piece = resolve(shell, io, part).await?;
            if let Some(each) = piece.each {
                for (i, argument) in each.iter().enumerate() {
                    if i > 0 {
                        finish(shell, current.take(), &mut out);
                    }
                    current
                        .get_or_insert_with(Field::default)
                        .push(argument, true);
                }
                continue;
            }
            let text = piece.text;
            if !piece.splits {
                let field = current.get_or_insert_with(Field::default);
                field.push(&text, piece.quoted);
                continue;
            }
            let leads = text.starts_with(char::is_whitespace);
            let trails = text.ends_with(char::is_whitespace);
            let mut pieces = text.split_whitespace().peekable();
            if leads && current.is_some() {
                finish(shell, current.take(), &mut out);
            }
            while let Some(piece) = pieces.next() {
                let field = current.get_or_insert_with(Field::default);
                field.push(piece, false);
                if pieces.peek().is_some() || trails {
                    finish(shell, current.take(), &mut out);
                }
            }
        }
        finish(shell, current, &mut out);
        if out.len() > MOST_FIELDS {
            return Err("Argument list too long".to_owned());
        }
    }
    Ok(out)
}

/// The text of a word that is not split: an assignment, a here-document, a file name.
///
/// # Errors
/// As [`fields`].
pub async fn joined(shell: &Rc<Shell>, io: &Io, word: &Word) -> Result<String, String> {
    Ok(both(shell, io, word).await?.0)
}

/// The text of a word, and the pattern that it is.
pub fn both<'a>(
    shell: &'a Rc<Shell>,
    io: &'a Io,
    word: &'a Word,
) -> LocalFuture<'a, Result<(String, String), String>> {
    Box::pin(async move {
        let mut field = Field::default();
        for part in word {
            let piece = resolve(shell, io, part).await?;
            let text = match piece.each {
                Some(each) => each.join(" "),
                None => piece.text,
            };
            field.push(&text, piece.quoted);
            if field.text.len() > MOST_BYTES {
                return Err("the text is too long".to_owned());
            }
        }
        Ok((field.text, field.pattern))
    })
}

async fn resolve(shell: &Rc<Shell>, io: &Io, part: &Part) -> Result<Piece, String> {
    let (text, quoted) = match part {
        Part::Text { text, quoted } => {
            return Ok(Piece {
                text: text.clone(),
                quoted: *quoted,
                splits: false,
                each: None,
            });
        }
        Part::Variable(variable) => {
            if variable.name == "@" && variable.quoted && variable.operation.is_none() {
                let each = io.scope.borrow().arguments.clone();
                return Ok(Piece {
                    text: String::new(),
                    quoted: true,
                    splits: false,
                    each: Some(each),
                });
            }
            (value(shell, io, variable).await?, variable.quoted)
        }
        Part::Command { source, quoted } => {
            let text = run_source(shell, io, source).await;
            (text.trim_end_matches('\n').to_owned(), *quoted)
        }
        Part::Arithmetic { source, quoted } => {
            let text = joined(shell, io, source).await?;
            (compute(shell, io, &text)?.to_string(), *quoted)
        }
        Part::Process { source } => {
            let text = run_source(shell, io, source).await;
            let mut state = shell.state.borrow_mut();
            // As many as there are descriptors.
            let number = 63 - state.descriptors.len() % 53;
            let name = format!("/dev/fd/{number}");
            state.descriptors.insert(name.clone(), text);
            (name, true)
        }
    };
    Ok(Piece {
        text,
        quoted,
        splits: !quoted,
        each: None,
    })
}

/// The variables of a shell, for arithmetic.
struct Numbers<'s> {
    shell: &'s Shell,
    io: &'s Io,
}

impl Variables for Numbers<'_> {
    fn get(&self, name: &str) -> String {
        self.io.variable(self.shell, name).unwrap_or_default()
    }

    fn set(&mut self, name: &str, value: i64) {
        self.io.set(name.to_owned(), value.to_string());
    }
}

/// # Errors
/// What is wrong with the expression.
pub fn compute(shell: &Shell, io: &Io, text: &str) -> Result<i64, String> {
    arith::evaluate(text, &mut Numbers { shell, io })
}

/// A variable's value after what is done with it.
async fn value(shell: &Rc<Shell>, io: &Io, variable: &Variable) -> Result<String, String> {
    let mut name = variable.name.clone();
    if variable.indirect {
        name = io.variable(shell, &name).unwrap_or_default();
    }
    let found = io.variable(shell, &name);
    let missing = || match io.scope.borrow().options.nounset {
        true => Err(format!("{name}: unbound variable")),
        false => Ok(String::new()),
    };
    let own = |found: Option<String>| match found {
        Some(value) => Ok(value),
        None => missing(),
    };
    let Some(operation) = &variable.operation else {
        return own(found);
    };
    match operation {
        Operation::Length => Ok(own(found)?.chars().count().to_string()),
        Operation::Default { sign, colon, word } => {
            let there = found.as_ref().is_some_and(|v| !*colon || !v.is_empty());
            match (sign, there) {
                ('+', true) => joined(shell, io, word).await,
                ('+', false) => Ok(String::new()),
                (_, true) => Ok(found.unwrap_or_default()),
                ('=', false) => {
                    let text = joined(shell, io, word).await?;
                    io.set(name.clone(), text.clone());
                    Ok(text)
                }
                ('?', false) => {
                    let text = joined(shell, io, word).await?;
                    Err(match text.as_str() {
                        "" => format!("{name}: parameter null or not set"),
                        text => format!("{name}: {text}"),
                    })
                }
                _ => joined(shell, io, word).await,
            }
        }
        Operation::Trim {
            end,
            longest,
            pattern,
        } => {
            let text = own(found)?;
            let (_, pattern) = both(shell, io, pattern).await?;
            Ok(trim(&text, &pattern, *end, *longest))
        }
        Operation::Replace {
            which,
            pattern,
            with,
        } => {
            let text = own(found)?;
            let (_, pattern) = both(shell, io, pattern).await?;
            let with = joined(shell, io, with).await?;
            Ok(replace(&text, &pattern, &with, *which))
        }
        Operation::Slice { from, length } => {
            let text: Vec<char> = own(found)?.chars().collect();
            let all = i64::try_from(text.len()).unwrap_or(i64::MAX);
            let from = compute(shell, io, &joined(shell, io, from).await?)?;
            let from = if from < 0 { all + from } else { from }.clamp(0, all);
            let to = match length {
                None => all,
                Some(length) => {
                    let length = compute(shell, io, &joined(shell, io, length).await?)?;
                    let to = if length < 0 {
                        all + length
                    } else {
                        from.saturating_add(length)
                    };
                    to.clamp(from, all)
                }
            };
            Ok(text
                .iter()
                .skip(from as usize)
                .take((to - from) as usize)
                .collect())
        }
        Operation::Case { upper, all } => {
            let text = own(found)?;
            let change = |c: char| match upper {
                true => c.to_ascii_uppercase(),
                false => c.to_ascii_lowercase(),
            };
            let chars = text.chars().enumerate();
            Ok(chars
                .map(|(i, c)| if *all || i == 0 { change(c) } else { c })
                .collect())
        }
    }
}

/// Without what fits a pattern at the start, or at the end.
fn trim(text: &str, pattern: &str, end: bool, longest: bool) -> String {
    let mut cuts: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
    cuts.push(text.len());
    // The shortest piece first.
    if end {
        cuts.reverse();
    }
    if longest {
        cuts.reverse();
    }
    for cut in cuts {
        let (head, tail) = text.split_at(cut);
        let (piece, rest) = if end { (tail, head) } else { (head, tail) };
        if matches(pattern, piece) {
            return rest.to_owned();
        }
    }
    text.to_owned()
}

/// What fits a pattern, replaced; the longest piece from where it begins.
fn replace(text: &str, pattern: &str, with: &str, which: char) -> String {
    if pattern.is_empty() {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().take(10_000).collect();
    let piece = |from: usize, to: usize| -> String {
        chars.get(from..to).unwrap_or_default().iter().collect()
    };
    let mut out = String::new();
    let mut at = 0;
    let mut done = false;
    while at < chars.len() {
        let fits = |to: &usize| matches(pattern, &piece(at, *to));
        let found = match (done, which) {
            (true, c) if c != '/' => None,
            (_, '#') if at > 0 => None,
            (_, '%') => Some(chars.len()).filter(fits),
            _ => (at + 1..=chars.len()).rev().find(fits),
        };
        match found {
            Some(to) => {
                out.push_str(with);
                at = to;
                done = true;
            }
            None => {
                out.extend(chars.get(at));
                at += 1;
            }
        }
    }
    out
}

fn finish(shell: &Shell, field: Option<Field>, out: &mut Vec<String>) {
    let Some(field) = field else { return };
    if field.text.is_empty() && !field.quoted {
        return;
    }
    if field.matches {
        let lead = if field.pattern.starts_with("./") {
            "./"
        } else {
            ""
        };
        let pattern = field.pattern.strip_prefix("./").unwrap_or(&field.pattern);
        let levels = pattern.matches('/').count();
        let mut names: Vec<String> = shell
            .world
            .host
            .files()
            .into_iter()
            // A star does not cross from folder to folder; a folder fits by its own name.
            .filter_map(|name| {
                let mut parts: Vec<&str> = name.splitn(levels + 2, '/').collect();
                parts.truncate(levels + 1);
                let name = parts.join("/");
                let same = name.matches('/').count() == levels;
                (same && matches(pattern, &name)).then_some(format!("{lead}{name}"))
            })
            .collect();
        if !names.is_empty() {
            names.sort();
            names.dedup();
            out.extend(names);
            return;
        }
    }
    out.push(field.text);
}

/// Whether a name fits a pattern of `*`, `?` and `[...]`; `\` takes the meaning from what follows.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where to go back to: the last star, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
            continue;
        }
        let fits = name.get(n).and_then(|c| one(&pattern, p, *c));
        match (fits, star) {
            (Some(next), _) => {
                p = next;
                n += 1;
            }
            (None, Some((at, taken))) => {
                star = Some((at, taken + 1));
                p = at + 1;
                n = taken + 1;
            }
            (None, None) => return false,
        }
    }
    pattern
        .get(p..)
        .is_none_or(|rest| rest.iter().all(|c| *c == '*'))
}

/// Where the pattern goes on if a letter fits what stands there.
fn one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match pattern.get(at)? {
        '?' => Some(at + 1),
        '\\' => (pattern.get(at + 1) == Some(&c)).then_some(at + 2),
        '[' => match set(pattern, at, c) {
            Some((true, next)) => Some(next),
            Some((false, _)) => None,
            None => (c == '[').then_some(at + 1),
        },
        own => (*own == c).then_some(at + 1),
    }
}

/// Whether a letter is in the set that begins here, and where the set ends; `None` without an end.
fn set(pattern: &[char], at: usize, c: char) -> Option<(bool, usize)> {
    let mut i = at + 1;
    let negated = matches!(pattern.get(i), Some('!' | '^'));
    i += usize::from(negated);
    let first = i;
    let mut found = false;
    loop {
        let mut low = *pattern.get(i)?;
        if low == ']' && i > first {
            return Some((found != negated, i + 1));
        }
        if low == '\\' {
            i += 1;
            low = *pattern.get(i)?;
        }
        match (pattern.get(i + 1), pattern.get(i + 2)) {
            (Some('-'), Some(high)) if *high != ']' => {
                found |= (low..=*high).contains(&c);
                i += 3;
            }
            _ => {
                found |= low == c;
                i += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, fits) in [
            ("*.yaml", "a.yaml", true),
            ("a?c", "abc", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("[", "[", true),
            ("a*b*c", "aXbYbc", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
        assert_eq!(trim("a/b/c", "*/", false, false), "b/c");
        assert_eq!(trim("a/b/c", "*/", false, true), "c");
        assert_eq!(trim("a.b.c", ".*", true, false), "a.b");
        assert_eq!(trim("a.b.c", ".*", true, true), "a");
        assert_eq!(replace("banana", "a", "o", '/'), "bonono");
        assert_eq!(replace("banana", "a", "o", ' '), "bonana");
        assert_eq!(replace("banana", "ba", "x", '#'), "xnana");
        assert_eq!(replace("banana", "na", "x", '%'), "banax");
    }
}
