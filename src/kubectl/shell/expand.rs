//! From words to arguments: variables, command output, splitting, file names.

use std::rc::Rc;

use super::arith::{self, Variables};
use super::arrays::subscript;
use super::dollar::{Index, Operation, Variable};
use super::lex::{Part, Word};
use super::run::run_source;
use super::state::{Io, Shell};
use super::tilde;
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

/// What separates the fields of a text that nobody quoted.
fn separators(io: &Io, shell: &Shell) -> String {
    io.variable(shell, "IFS")
        .unwrap_or_else(|| " \t\n".to_owned())
}

/// The fields of a text, and whether something separates it from what stands before it, and behind it.
pub fn split<'t>(text: &'t str, separators: &str) -> (bool, Vec<&'t str>, bool) {
    let blank = |c: char| c.is_whitespace() && separators.contains(c);
    let hard = |c: char| !c.is_whitespace() && separators.contains(c);
    let trimmed = text.trim_start_matches(blank);
    let leads = trimmed.len() < text.len();
    let mut fields = Vec::new();
    let mut rest = trimmed;
    let mut trails = false;
    while !rest.is_empty() {
        let end = rest.find(|c| blank(c) || hard(c)).unwrap_or(rest.len());
        let (field, behind) = rest.split_at(end);
        fields.push(field);
        // Blanks, and one separator that is none, with the blanks around it.
        let after = behind.trim_start_matches(blank);
        let after = match after.chars().next() {
            Some(c) if hard(c) => after.get(c.len_utf8()..).unwrap_or_default(),
            _ => after,
        };
        trails = after.len() < behind.len();
        rest = after.trim_start_matches(blank);
    }
    (leads, fields, trails)
}

/// The arguments that words stand for.
///
/// # Errors
/// What to say when a variable has to be there and is not.
pub async fn fields(shell: &Rc<Shell>, io: &Io, words: &[Word]) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    let marks = separators(io, shell);
    for word in words {
        let mut current: Option<Field> = None;
        for part in tilde::in_word(shell, io, word).iter() {
            let piece = resolve(shell, io, part).await?;
            if let Some(each) = piece.each {
                for (i, argument) in each.iter().enumerate() {
                    if i > 0 {
                        finish(shell, current.take(), &mut out);
                    }
                    match piece.quoted {
                        true => current
                            .get_or_insert_with(Field::default)
                            .push(argument, true),
                        false => scatter(shell, argument, &marks, &mut current, &mut out),
                    }
                }
                continue;
            }
            let text = piece.text;
            if !piece.splits {
                let field = current.get_or_insert_with(Field::default);
                field.push(&text, piece.quoted);
                continue;
            }
            scatter(shell, &text, &marks, &mut current, &mut out);
        }
        finish(shell, current, &mut out);
        if out.len() > MOST_FIELDS {
            return Err("Argument list too long".to_owned());
        }
    }
    Ok(out)
}

/// Adds a text that is split to the arguments.
fn scatter(
    shell: &Shell,
    text: &str,
    marks: &str,
    current: &mut Option<Field>,
    out: &mut Vec<String>,
) {
    let (leads, pieces, trails) = split(text, marks);
    if leads && current.is_some() {
        finish(shell, current.take(), out);
    }
    let last = pieces.len().saturating_sub(1);
    for (i, piece) in pieces.iter().enumerate() {
        let field = current.get_or_insert_with(Field::default);
        field.push(piece, false);
        // An empty field between two separators is one, too.
        field.quoted |= piece.is_empty();
        if i < last || trails {
            finish(shell, current.take(), out);
        }
    }
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
        for part in tilde::in_word(shell, io, word).iter() {
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
            if let Some(list) = elements(shell, io, variable) {
                return listed(shell, io, variable, list).await;
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
        // Only assignments have those.
        Part::List(_) => (String::new(), true),
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
        let Some((name, index)) = name.strip_suffix(']').and_then(|n| n.split_once('[')) else {
            return self.io.variable(self.shell, name).unwrap_or_default();
        };
        let at = subscript(self.shell, self.io, name, index);
        let array = self.io.array(name);
        let found = array.zip(at.ok());
        found
            .and_then(|(array, at)| array.get(&at).map(str::to_owned))
            .unwrap_or_default()
    }

    fn set(&mut self, name: &str, value: i64) {
        let Some((name, index)) = name.strip_suffix(']').and_then(|n| n.split_once('[')) else {
            return self.io.set(name.to_owned(), value.to_string());
        };
        if let Ok(at) = subscript(self.shell, self.io, name, index) {
            self.io
                .change_array(name, |array| array.set(at, value.to_string(), false));
        }
    }
}

/// # Errors
/// What is wrong with the expression.
pub fn compute(shell: &Shell, io: &Io, text: &str) -> Result<i64, String> {
    arith::evaluate(text, &mut Numbers { shell, io })
}

/// The elements that a variable stands for, where it stands for several.
fn elements(shell: &Shell, io: &Io, variable: &Variable) -> Option<Vec<String>> {
    let name = variable.name.as_str();
    match (&variable.index, name) {
        (None, "@" | "*") => {
            let mut list = io.scope.borrow().arguments.clone();
            if matches!(variable.operation, Some(Operation::Slice { .. })) {
                list.insert(0, io.variable(shell, "0").unwrap_or_default());
            }
            Some(list)
        }
        (Some(Index::All(_)), name) => Some(match (variable.indirect, name.strip_suffix('*')) {
            (true, Some(lead)) => {
                let scope = io.scope.borrow();
                let plain = scope
                    .variables
                    .keys()
                    .chain(scope.arrays.iter().map(|(n, _)| n));
                let mut names: Vec<String> =
                    plain.filter(|n| n.starts_with(lead)).cloned().collect();
                names.sort();
                names
            }
            (true, None) => io.array(name).map_or(Vec::new(), |array| array.keys()),
            (false, _) => io.array(name).map_or(Vec::new(), |array| array.values()),
        }),
        _ => None,
    }
}

/// What is made of several elements.
async fn listed(
    shell: &Rc<Shell>,
    io: &Io,
    variable: &Variable,
    list: Vec<String>,
) -> Result<Piece, String> {
    let star = matches!(variable.index, Some(Index::All(true))) || variable.name == "*";
    let one = |text: String| Piece {
        text,
        quoted: variable.quoted,
        splits: !variable.quoted,
        each: None,
    };
    let mut changed = Vec::new();
    match &variable.operation {
        None => changed = list,
        Some(Operation::Length) => return Ok(one(list.len().to_string())),
        Some(Operation::Slice { from, length }) => {
            let count = i64::try_from(list.len()).unwrap_or(i64::MAX);
            let from = compute(shell, io, &joined(shell, io, from).await?)?;
            let from = if from < 0 { count + from } else { from };
            let to = match length {
                None => count,
                Some(length) => {
                    let length = compute(shell, io, &joined(shell, io, length).await?)?;
                    if length < 0 {
                        return Err(format!("{length}: substring expression < 0"));
                    }
                    from.saturating_add(length)
                }
            };
            if from >= 0 {
                let items = list.into_iter().enumerate();
                let inside = items.filter(|(i, _)| (from..to).contains(&(*i as i64)));
                changed = inside.map(|(_, item)| item).collect();
            }
        }
        Some(operation @ Operation::Default { .. }) => {
            let found = (!list.is_empty()).then(|| list.join(" "));
            let there = found.is_some();
            let text = operate(shell, io, &variable.name, found, operation).await?;
            match (there, operation) {
                (true, Operation::Default { sign, .. }) if *sign != '+' => changed = list,
                _ => return Ok(one(text)),
            }
        }
        Some(operation) => {
            for item in list {
                changed.push(operate(shell, io, &variable.name, Some(item), operation).await?);
            }
        }
    }
    if star && variable.quoted {
        let between = match io.variable(shell, "IFS") {
            Some(own) => own.chars().next().map_or(String::new(), String::from),
            None => " ".to_owned(),
        };
        return Ok(one(changed.join(&between)));
    }
    Ok(Piece {
        text: String::new(),
        quoted: variable.quoted,
        splits: false,
        each: Some(changed),
    })
}

/// A variable's value after what is done with it.
async fn value(shell: &Rc<Shell>, io: &Io, variable: &Variable) -> Result<String, String> {
    let mut name = variable.name.clone();
    let found = match &variable.index {
        Some(Index::One(index)) => {
            let index = joined(shell, io, index).await?;
            let at = subscript(shell, io, &name, &index)?;
            let array = io.array(&name);
            array.and_then(|array| array.get(&at).map(str::to_owned))
        }
        _ => {
            if variable.indirect {
                name = io.variable(shell, &name).unwrap_or_default();
            }
            io.variable(shell, &name)
        }
    };
    match &variable.operation {
        Some(operation) => operate(shell, io, &name, found, operation).await,
        None => there(io, &name, found),
    }
}

/// The value, or nothing; with `set -u` there has to be one.
fn there(io: &Io, name: &str, found: Option<String>) -> Result<String, String> {
    match found {
        Some(value) => Ok(value),
        None if io.scope.borrow().options.nounset => Err(format!("{name}: unbound variable")),
        None => Ok(String::new()),
    }
}

/// What is done with a value.
async fn operate(
    shell: &Rc<Shell>,
    io: &Io,
    name: &str,
    found: Option<String>,
    operation: &Operation,
) -> Result<String, String> {
    let own = |found: Option<String>| there(io, name, found);
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
                    io.set(name.to_owned(), text.clone());
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
        // At the start and at the end there is always nothing.
        return match which {
            '#' => format!("{with}{text}"),
            '%' => format!("{text}{with}"),
            _ => text.to_owned(),
        };
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
