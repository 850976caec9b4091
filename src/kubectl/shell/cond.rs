//! Conditions: `test`, `[ ... ]` and `[[ ... ]]`.

use super::arrays::{Array, subscript};
use super::expand::matches;
use super::state::{Io, Shell};
use crate::api::pattern::Pattern;

/// A word of a condition, expanded.
pub enum Word {
    /// The text, and as a pattern: what was quoted means itself.
    Text(String, String),
    Operator(String),
}

struct Reader<'t> {
    words: &'t [Word],
    at: usize,
    shell: &'t Shell,
    io: &'t Io,
    /// `[[`: what stands right of `==` is a pattern.
    patterns: bool,
    depth: usize,
}

/// Whether a condition holds.
///
/// # Errors
/// What is wrong with it.
pub fn holds(shell: &Shell, io: &Io, words: &[Word], patterns: bool) -> Result<bool, String> {
    if words.is_empty() {
        return Ok(false);
    }
    let mut reader = Reader {
        words,
        at: 0,
        shell,
        io,
        patterns,
        depth: 0,
    };
    let value = reader.or()?;
    match reader.words.get(reader.at) {
        None => Ok(value),
        Some(word) => Err(format!("{}: unexpected operator", word.text())),
    }
}

/// The words of `test` and `[`: operators are words that look like one.
pub fn words_of(arguments: &[String]) -> Vec<Word> {
    arguments
        .iter()
        .map(|text| match text.as_str() {
            "(" | ")" | "!" | "-a" | "-o" | "<" | ">" if arguments.len() > 1 => {
                Word::Operator(text.clone())
            }
            text => Word::Text(text.to_owned(), text.to_owned()),
        })
        .collect()
}

const BINARY: [&str; 13] = [
    "=", "==", "!=", "=~", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-ef",
];

impl Word {
    fn text(&self) -> &str {
        match self {
            Word::Text(text, _) | Word::Operator(text) => text,
        }
    }

    fn is_operator(&self, wanted: &[&str]) -> bool {
        matches!(self, Word::Operator(o) if wanted.contains(&o.as_str()))
    }
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<&'t Word> {
        self.words.get(self.at)
    }

    fn take(&mut self, wanted: &[&str]) -> bool {
        let found = self.peek().is_some_and(|w| w.is_operator(wanted));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<bool, String> {
        self.depth += 1;
        if self.depth > 32 {
            return Err("conditions nest too deeply".to_owned());
        }
        let mut value = self.and()?;
        while self.take(&["||", "-o"]) {
            value |= self.and()?;
        }
        self.depth -= 1;
        Ok(value)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut value = self.not()?;
        while self.take(&["&&", "-a"]) {
            value &= self.not()?;
        }
        Ok(value)
    }

    fn not(&mut self) -> Result<bool, String> {
        let mut negated = false;
        loop {
            let bang = match self.peek() {
                Some(Word::Operator(o)) => o == "!",
                Some(Word::Text(text, _)) => self.patterns && text == "!",
                None => false,
            };
            if !bang || self.binary_follows() {
                break;
            }
            negated = !negated;
            self.at += 1;
        }
        Ok(self.primary()? != negated)
    }

    /// Whether the word behind this one stands between two operands.
    fn binary_follows(&self) -> bool {
        self.words
            .get(self.at + 1)
            .is_some_and(|w| BINARY.contains(&w.text()))
            && self.words.len() > self.at + 2
    }

    fn primary(&mut self) -> Result<bool, String> {
        if !self.binary_follows() && self.take(&["("]) {
            let value = self.or()?;
            return match self.take(&[")"]) {
                true => Ok(value),
                false => Err("`)' expected".to_owned()),
            };
        }
        let Some(first) = self.peek() else {
            return Err("argument expected".to_owned());
        };
        self.at += 1;
        if let (Some(operator), Some(right)) =
            (self.words.get(self.at), self.words.get(self.at + 1))
            && BINARY.contains(&operator.text())
        {
            self.at += 2;
            return self.binary(first.text(), operator.text(), right);
        }
        let letter = first.text();
        let unary = letter.len() == 2 && letter.starts_with('-');
        match self.peek() {
            Some(operand) if unary && !operand.is_operator(&["&&", "||", "-a", "-o", ")"]) => {
                self.at += 1;
                self.unary(letter, operand.text())
            }
            _ => Ok(!first.text().is_empty()),
        }
    }

    fn unary(&self, operator: &str, operand: &str) -> Result<bool, String> {
        let file = || self.shell.read_file(operand);
        let folder = || {
            let lead = format!("{}/", operand.trim_end_matches('/'));
            matches!(operand, "." | "/")
                || self
                    .shell
                    .world
                    .host
                    .files()
                    .iter()
                    .any(|f| f.starts_with(&lead))
        };
        Ok(match operator {
            "-n" => !operand.is_empty(),
            "-z" => operand.is_empty(),
            "-f" | "-r" | "-w" => file().is_some(),
            "-e" => file().is_some() || folder(),
            "-d" => folder(),
            "-s" => file().is_some_and(|text| !text.is_empty()),
            "-v" => match operand.strip_suffix(']').and_then(|n| n.split_once('[')) {
                None => self.io.variable(self.shell, operand).is_some(),
                Some((name, index)) => {
                    let at = subscript(self.shell, self.io, name, index)?;
                    let array = self.io.array(name);
                    array.is_some_and(|array| array.get(&at).is_some())
                }
            },
            "-t" => self.io.input.is_none(),
            "-x" | "-L" | "-h" => false,
            other => return Err(format!("{other}: unary operator expected")),
        })
    }

    /// `=~`: what was taken is left in `BASH_REMATCH`. What was quoted means itself.
    fn fits(&self, left: &str, right: &Word) -> Result<bool, String> {
        let expression = match right {
            Word::Text(text, pattern) if text == pattern => text.clone(),
            // A backslash before what is special in patterns of files is one here, too.
            Word::Text(_, pattern) => pattern.clone(),
            Word::Operator(text) => text.clone(),
        };
        let chars: Vec<char> = left.chars().collect();
        let found = Pattern::compile(&expression, true, false)?.find(&chars, 0);
        let piece = |span: &Option<(usize, usize)>| -> String {
            let (from, to) = span.unwrap_or((0, 0));
            chars.get(from..to).unwrap_or_default().iter().collect()
        };
        let groups = found.iter().flatten().map(piece).collect();
        self.io.set_array("BASH_REMATCH", Array::of(groups));
        Ok(found.is_some())
    }

    fn binary(&self, left: &str, operator: &str, right: &Word) -> Result<bool, String> {
        let equal = || match right {
            Word::Text(_, pattern) if self.patterns => matches(pattern, left),
            right => right.text() == left,
        };
        let number = |text: &str| {
            let found = text.trim().parse::<i64>();
            found.map_err(|_| format!("{text}: integer expression expected"))
        };
        let right_text = right.text();
        Ok(match operator {
            "=" | "==" => equal(),
            "!=" => !equal(),
            "=~" => return self.fits(left, right),
            "<" => left < right_text,
            ">" => left > right_text,
            "-ef" => left == right_text,
            "-eq" => number(left)? == number(right_text)?,
            "-ne" => number(left)? != number(right_text)?,
            "-lt" => number(left)? < number(right_text)?,
            "-le" => number(left)? <= number(right_text)?,
            "-gt" => number(left)? > number(right_text)?,
            _ => number(left)? >= number(right_text)?,
        })
    }
}
