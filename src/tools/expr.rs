//! `expr`: arithmetic, comparisons and texts, word by word.

use super::call::{Call, Output};
use crate::api::pattern::Pattern;

const DEEPEST: usize = 32;

/// Operators of two sides, weakest first.
const LEVELS: [&[&str]; 6] = [
    &["|"],
    &["&"],
    &["=", "==", "!=", "<", "<=", ">", ">="],
    &["+", "-"],
    &["*", "/", "%"],
    &[":"],
];

struct Reader<'w> {
    words: &'w [&'w str],
    at: usize,
    depth: usize,
}

pub fn expr(call: &mut Call<'_>) -> Output {
    let mut reader = Reader {
        words: &call.words,
        at: 0,
        depth: 0,
    };
    let result = match reader.words.is_empty() {
        true => Err("missing operand".to_owned()),
        false => reader
            .level(0)
            .and_then(|value| match reader.words.get(reader.at) {
                None => Ok(value),
                Some(word) => Err(format!("syntax error: unexpected argument '{word}'")),
            }),
    };
    match result {
        Ok(value) => Output {
            code: i32::from(!truth(&value)),
            ..Output::of(value + "\n")
        },
        Err(message) => Output::failed(&format!("expr: {message}"), 2),
    }
}

fn truth(value: &str) -> bool {
    !value.is_empty() && value.parse::<i64>() != Ok(0)
}

impl<'w> Reader<'w> {
    fn next(&mut self) -> Result<&'w str, String> {
        let word = self.words.get(self.at).copied();
        self.at += 1;
        word.ok_or_else(|| {
            let last = self.words.last().copied().unwrap_or_default();
            format!("syntax error: missing argument after '{last}'")
        })
    }

    fn level(&mut self, level: usize) -> Result<String, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.primary();
        };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.words.get(self.at).copied()
            && operators.contains(&operator)
        {
            self.at += 1;
            let right = self.level(level + 1)?;
            left = apply(operator, left, &right)?;
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<String, String> {
        let word = self.next()?;
        let more = self.at < self.words.len();
        match word {
            "(" => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err("expression nests too deeply".to_owned());
                }
                let value = self.level(0)?;
                self.depth -= 1;
                match self.next()? {
                    ")" => Ok(value),
                    other => Err(format!("syntax error: expecting ')' instead of '{other}'")),
                }
            }
            "length" if more => Ok(self.next()?.chars().count().to_string()),
            "match" if more => {
                let text = self.next()?.to_owned();
                fits(&text, self.next()?)
            }
            "index" if more => {
                let text = self.next()?;
                let letters = self.next()?;
                let at = text.chars().position(|c| letters.contains(c));
                Ok(at.map_or(0, |at| at + 1).to_string())
            }
            "substr" if more => {
                let text = self.next()?;
                let from = self.next()?.parse::<usize>().unwrap_or(0);
                let length = self.next()?.parse::<usize>().unwrap_or(0);
                let begin = from.checked_sub(1);
                let chars = begin.map(|begin| text.chars().skip(begin).take(length));
                Ok(chars.map_or(String::new(), Iterator::collect))
            }
            "+" if more => Ok(self.next()?.to_owned()),
            word => Ok(word.to_owned()),
        }
    }
}

/// How much of a text fits an expression from its start on, or what its group took.
fn fits(text: &str, expression: &str) -> Result<String, String> {
    let pattern = Pattern::compile(&format!("^{expression}"), false, false)?;
    let chars: Vec<char> = text.chars().collect();
    let found = pattern.find(&chars, 0);
    let groups = expression.contains("\\(");
    Ok(match found.as_deref() {
        Some([_, Some((from, to)), ..]) => {
            chars.get(*from..*to).unwrap_or_default().iter().collect()
        }
        Some([Some((from, to)), ..]) if !groups => (to - from).to_string(),
        _ if groups => String::new(),
        _ => "0".to_owned(),
    })
}

fn apply(operator: &str, left: String, right: &str) -> Result<String, String> {
    match operator {
        "|" => {
            return Ok(match (truth(&left), truth(right)) {
                (true, _) => left,
                (false, true) => right.to_owned(),
                (false, false) => "0".to_owned(),
            });
        }
        "&" => {
            return Ok(match truth(&left) && truth(right) {
                true => left,
                false => "0".to_owned(),
            });
        }
        ":" => return fits(&left, right),
        _ => {}
    }
    let numbers = left.parse::<i64>().ok().zip(right.parse::<i64>().ok());
    let order = match numbers {
        Some((a, b)) => a.cmp(&b),
        None => left.as_str().cmp(right),
    };
    let holds = match operator {
        "=" | "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        operator => {
            let Some((a, b)) = numbers else {
                return Err("non-integer argument".to_owned());
            };
            let value = match operator {
                "+" => a.checked_add(b),
                "-" => a.checked_sub(b),
                "*" => a.checked_mul(b),
                _ if b == 0 => return Err("division by zero".to_owned()),
                "/" => a.checked_div(b),
                _ => a.checked_rem(b),
            };
            return match value {
                Some(value) => Ok(value.to_string()),
                None => Err(format!("{operator}: Numerical result out of range")),
            };
        }
    };
    Ok(i32::from(holds).to_string())
}
