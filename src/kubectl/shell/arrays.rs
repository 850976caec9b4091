//! Arrays of the shell, by number or by name.

use std::rc::Rc;

use super::expand::{compute, fields, joined};
use super::lex::{Part, Word, is_name};
use super::state::{Io, Shell};
use super::tilde;

/// An array has at most so many elements.
const MOST: usize = 20_000;
/// And there are at most so many arrays.
const MOST_ARRAYS: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subscript {
    Number(u64),
    Name(String),
}

/// Elements in the order of their subscripts.
#[derive(Clone, Debug, Default)]
pub struct Array {
    /// `declare -A`: subscripts are names.
    pub named: bool,
    entries: Vec<(Subscript, String)>,
}

impl Array {
    pub fn of(values: Vec<String>) -> Array {
        let mut array = Array::default();
        values.into_iter().for_each(|value| array.push(value));
        array
    }

    fn find(&self, at: &Subscript) -> Result<usize, usize> {
        self.entries.binary_search_by(|(own, _)| own.cmp(at))
    }

    pub fn get(&self, at: &Subscript) -> Option<&str> {
        let (_, value) = self.entries.get(self.find(at).ok()?)?;
        Some(value)
    }

    pub fn set(&mut self, at: Subscript, value: String, append: bool) {
        match self.find(&at) {
            Ok(place) => {
                if let Some((_, old)) = self.entries.get_mut(place) {
                    match append {
                        true if old.len() < 4 << 20 => old.push_str(&value),
                        true => {}
                        false => *old = value,
                    }
                }
            }
            Err(place) if self.entries.len() < MOST => self.entries.insert(place, (at, value)),
            Err(_) => {}
        }
    }

    /// Behind the last one.
    pub fn push(&mut self, value: String) {
        let next = self.next();
        self.set(Subscript::Number(next), value, false);
    }

    fn next(&self) -> u64 {
        match self.entries.last() {
            Some((Subscript::Number(last), _)) => last.saturating_add(1),
            _ => 0,
        }
    }

    pub fn remove(&mut self, at: &Subscript) {
        if let Ok(place) = self.find(at) {
            self.entries.remove(place);
        }
    }

    pub fn values(&self) -> Vec<String> {
        self.entries
            .iter()
            .map(|(_, value)| value.clone())
            .collect()
    }

    pub fn keys(&self) -> Vec<String> {
        let name = |at: &Subscript| match at {
            Subscript::Number(number) => number.to_string(),
            Subscript::Name(name) => name.clone(),
        };
        self.entries.iter().map(|(at, _)| name(at)).collect()
    }

    /// As `declare -p` writes it.
    pub fn written(&self) -> String {
        let keys = self.keys();
        let quoted = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
        let pairs = keys.iter().zip(&self.entries);
        let pairs: Vec<String> = pairs
            .map(|(key, (_, value))| format!("[{key}]=\"{}\"", quoted(value)))
            .collect();
        match self.named && !pairs.is_empty() {
            true => format!("({} )", pairs.join(" ")),
            false => format!("({})", pairs.join(" ")),
        }
    }

    /// The element that stands for the whole where no subscript is.
    fn first() -> [Subscript; 2] {
        [Subscript::Number(0), Subscript::Name("0".to_owned())]
    }

    pub fn plain(&self) -> Option<&str> {
        let [number, name] = Array::first();
        self.get(if self.named { &name } else { &number })
    }

    pub fn set_plain(&mut self, value: String, append: bool) {
        let [number, name] = Array::first();
        self.set(if self.named { name } else { number }, value, append);
    }
}

/// `NAME=...`, `NAME+=...`, `NAME[...]=...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub name: String,
    pub index: Option<Word>,
    pub append: bool,
    pub value: Assigned,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assigned {
    Text(Word),
    /// `(a b [k]=c)`
    List(Vec<(Option<Word>, Word)>),
}

/// What stands in brackets at the start of a word, and what stands behind them and an equals sign.
fn bracketed(rest: &str, parts: &[Part]) -> Option<(Word, bool, Word)> {
    let text = |text: &str| Part::Text {
        text: text.to_owned(),
        quoted: false,
    };
    let mut index = Word::new();
    let mut rest = rest;
    let mut parts = parts.iter();
    loop {
        if let Some(end) = rest.find(']') {
            let (inside, behind) = rest.split_at(end);
            let behind = behind.get(1..).unwrap_or_default();
            let (append, value) = match behind.strip_prefix("+=") {
                Some(value) => (true, value),
                None => (false, behind.strip_prefix('=')?),
            };
            index.push(text(inside));
            let mut word = vec![text(value)];
            word.extend(parts.cloned());
            return Some((index, append, word));
        }
        index.push(text(rest));
        loop {
            match parts.next()? {
                Part::Text {
                    text,
                    quoted: false,
                } => {
                    rest = text;
                    break;
                }
                other => index.push(other.clone()),
            }
        }
    }
}

/// The assignment that a word is.
pub fn assignment(word: &Word) -> Option<Assignment> {
    let (first, others) = word.split_first()?;
    let Part::Text {
        text,
        quoted: false,
    } = first
    else {
        return None;
    };
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let (name, rest) = text.split_at(end);
    if !is_name(name) {
        return None;
    }
    let (index, append, value) = match rest.strip_prefix('[') {
        Some(rest) => {
            let (index, append, value) = bracketed(rest, others)?;
            (Some(index), append, value)
        }
        None => {
            let (append, rest) = match rest.strip_prefix("+=") {
                Some(rest) => (true, rest),
                None => (false, rest.strip_prefix('=')?),
            };
            let mut value = vec![Part::Text {
                text: rest.to_owned(),
                quoted: false,
            }];
            value.extend(others.iter().cloned());
            (None, append, value)
        }
    };
    let value = match value.as_slice() {
        [Part::Text { text, .. }, Part::List(words)] if text.is_empty() => {
            let item = |word: &Word| {
                let lead = match word.first() {
                    Some(Part::Text {
                        text,
                        quoted: false,
                    }) => text.strip_prefix('['),
                    _ => None,
                };
                let rest = word.get(1..).unwrap_or_default();
                match lead.and_then(|lead| bracketed(lead, rest)) {
                    Some((index, _, value)) => vec![(Some(index), value)],
                    None => {
                        let words = super::brace::expand(word.clone()).into_iter();
                        words.map(|word| (None, word)).collect()
                    }
                }
            };
            Assigned::List(words.iter().flat_map(item).collect())
        }
        _ => Assigned::Text(value),
    };
    Some(Assignment {
        name: name.to_owned(),
        index,
        append,
        value,
    })
}

/// The subscript that a text is, for an array of this name.
///
/// # Errors
/// What is wrong with it.
pub fn subscript(shell: &Shell, io: &Io, name: &str, text: &str) -> Result<Subscript, String> {
    let array = io.array(name);
    if array.as_ref().is_some_and(|a| a.named) {
        return Ok(Subscript::Name(text.to_owned()));
    }
    let number = compute(shell, io, text)?;
    let from_end = array.map_or(0, |a| a.next());
    let number = match number < 0 {
        true => i64::try_from(from_end).unwrap_or(i64::MAX) + number,
        false => number,
    };
    match u64::try_from(number) {
        Ok(number) => Ok(Subscript::Number(number)),
        Err(_) => Err(format!("{name}: bad array subscript")),
    }
}

/// Does what an assignment says; the text that it gave, if it was one.
///
/// # Errors
/// What is wrong with its words.
pub async fn assign(
    shell: &Rc<Shell>,
    io: &Io,
    assignment: &Assignment,
    integer: bool,
) -> Result<Option<String>, String> {
    let name = &assignment.name;
    match &assignment.value {
        Assigned::Text(word) => {
            let mut value = joined(shell, io, &tilde::in_value(shell, io, word)).await?;
            if integer {
                value = compute(shell, io, &value)?.to_string();
            }
            match &assignment.index {
                Some(index) => {
                    let index = joined(shell, io, index).await?;
                    let at = subscript(shell, io, name, &index)?;
                    io.change_array(name, |array| {
                        array.set(at, value.clone(), assignment.append);
                    });
                }
                None if shell.assigned(io, name, &value) => {}
                None if assignment.append => io.set(format!("{name}+"), value.clone()),
                None => io.set(name.clone(), value.clone()),
            }
            Ok(Some(value))
        }
        Assigned::List(items) => {
            let before = io.array(name);
            let named = before.as_ref().is_some_and(|a| a.named);
            let mut array = match before {
                Some(before) if assignment.append => before,
                _ => Array::default(),
            };
            array.named = named;
            for (index, word) in items {
                match index {
                    Some(index) => {
                        let index = joined(shell, io, index).await?;
                        let value = joined(shell, io, word).await?;
                        let at = match named {
                            true => Subscript::Name(index),
                            false => {
                                let number = compute(shell, io, &index)?;
                                Subscript::Number(u64::try_from(number).unwrap_or(0))
                            }
                        };
                        array.set(at, value, false);
                    }
                    None => {
                        for value in fields(shell, io, std::slice::from_ref(word)).await? {
                            array.push(value);
                        }
                    }
                }
            }
            io.set_array(name, array);
            Ok(None)
        }
    }
}

impl Io {
    /// An array; a plain variable is one of one element.
    pub fn array(&self, name: &str) -> Option<Array> {
        let scope = self.scope.borrow();
        let name = scope.meant(name);
        if let Some((_, array)) = scope.arrays.iter().find(|(n, _)| n == name) {
            return Some(array.clone());
        }
        let value = scope.variables.get(name)?;
        Some(Array::of(vec![value.clone()]))
    }

    pub fn set_array(&self, name: &str, array: Array) {
        let meant = self.scope.borrow().meant(name).to_owned();
        let name = &*meant;
        if self.refuses(name) {
            return;
        }
        let mut scope = self.scope.borrow_mut();
        scope.variables.remove(name);
        if let Some((_, own)) = scope.arrays.iter_mut().find(|(n, _)| n == name) {
            *own = array;
        } else if scope.arrays.len() < MOST_ARRAYS {
            scope.arrays.push((name.to_owned(), array));
        }
    }

    pub fn change_array(&self, name: &str, change: impl FnOnce(&mut Array)) {
        let mut array = self.array(name).unwrap_or_default();
        change(&mut array);
        self.set_array(name, array);
    }

    /// Whether a variable may not be changed; it is said, then.
    pub fn refuses(&self, name: &str) -> bool {
        let refuses = self.scope.borrow().readonly.iter().any(|n| n == name);
        if refuses {
            self.err.line(&format!("sh: {name}: readonly variable"));
        }
        refuses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements() {
        let mut array = Array::of(vec!["x".to_owned(), "y".to_owned()]);
        array.set(Subscript::Number(7), "z".to_owned(), false);
        array.push("w".to_owned());
        array.set(Subscript::Number(0), "!".to_owned(), true);
        assert_eq!(array.keys(), ["0", "1", "7", "8"]);
        assert_eq!(array.values(), ["x!", "y", "z", "w"]);
        array.remove(&Subscript::Number(1));
        assert_eq!(array.plain(), Some("x!"));
        assert_eq!(array.written(), r#"([0]="x!" [7]="z" [8]="w")"#);
    }
}
