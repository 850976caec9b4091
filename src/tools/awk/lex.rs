//! Cutting programs into tokens.

use std::rc::Rc;

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Number(f64),
    Text(Rc<str>),
    Pattern(Rc<str>),
    Name(Rc<str>),
    /// A name with a parenthesis right behind it.
    Called(Rc<str>),
    Sign(&'static str),
    Newline,
    End,
}

pub const KEYWORDS: [&str; 16] = [
    "BEGIN", "END", "if", "else", "while", "for", "do", "break", "continue", "next", "exit",
    "return", "delete", "in", "print", "printf",
];

const SIGNS: [&str; 41] = [
    "**=", "&&", "||", "==", "!=", "<=", ">=", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=",
    "!~", ">>", "**", "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!",
    "<", ">", "|", "?", ":", "~", "$", "=",
];

/// Cuts a program into tokens.
pub fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let chars: Vec<char> = source.chars().collect();
    let mut out: Vec<Token> = Vec::new();
    let mut at = 0;
    let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        match c {
            ' ' | '\t' | '\r' => at += 1,
            '\n' => {
                out.push(Token::Newline);
                at += 1;
            }
            '\\' if next == Some('\n') => at += 2,
            '#' => at += chars.iter().skip(at).take_while(|c| **c != '\n').count(),
            '"' => {
                let (text, end) = quoted(&chars, at + 1, '"')?;
                out.push(Token::Text(text.into()));
                at = end;
            }
            '/' if begins_pattern(out.last()) => {
                let (text, end) = quoted(&chars, at + 1, '/')?;
                out.push(Token::Pattern(text.into()));
                at = end;
            }
            c if c.is_ascii_digit() || c == '.' && next.is_some_and(|n| n.is_ascii_digit()) => {
                let from = at;
                let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
                while digit(at) || chars.get(at) == Some(&'.') {
                    at += 1;
                }
                if matches!(chars.get(at), Some('e' | 'E')) {
                    let sign = usize::from(matches!(chars.get(at + 1), Some('+' | '-')));
                    if digit(at + 1 + sign) {
                        at += 1 + sign;
                        while digit(at) {
                            at += 1;
                        }
                    }
                }
                let text: String = chars.get(from..at).unwrap_or_default().iter().collect();
                out.push(Token::Number(text.parse().unwrap_or(0.0)));
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let name: String = chars.iter().skip(at).take_while(|c| is_name(c)).collect();
                at += name.len();
                let called = chars.get(at) == Some(&'(') && !KEYWORDS.contains(&name.as_str());
                out.push(match called {
                    true => Token::Called(name.into()),
                    false => Token::Name(name.into()),
                });
            }
            c => {
                let rest: String = chars.iter().skip(at).take(3).collect();
                let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) else {
                    return Err(format!("syntax error at or near {c}"));
                };
                at += sign.len();
                out.push(Token::Sign(match *sign {
                    "**" => "^",
                    "**=" => "^=",
                    sign => sign,
                }));
            }
        }
    }
    Ok(out)
}

/// A slash divides behind a value, and begins a pattern elsewhere.
fn begins_pattern(before: Option<&Token>) -> bool {
    match before {
        None | Some(Token::Newline | Token::End) => true,
        Some(Token::Number(_) | Token::Text(_) | Token::Pattern(_) | Token::Called(_)) => false,
        Some(Token::Name(name)) => KEYWORDS.contains(&&**name),
        Some(Token::Sign(sign)) => !matches!(*sign, ")" | "]" | "$" | "++" | "--"),
    }
}

/// What stands up to a quote, its escapes read; of a pattern, only that of the slash.
fn quoted(chars: &[char], mut at: usize, quote: char) -> Result<(String, usize), String> {
    let mut text = String::new();
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            c if c == quote => return Ok((text, at)),
            '\n' => break,
            '\\' => {
                let Some(&escaped) = chars.get(at) else {
                    break;
                };
                at += 1;
                match (quote, escaped) {
                    ('/', '/') => text.push('/'),
                    ('/', other) => text.extend(['\\', other]),
                    (_, 'n') => text.push('\n'),
                    (_, 't') => text.push('\t'),
                    (_, 'r') => text.push('\r'),
                    (_, '\\' | '"' | '/') => text.push(escaped),
                    (_, '\n') => {}
                    (_, '0'..='7') => {
                        let mut code = escaped.to_digit(8).unwrap_or(0);
                        for _ in 0..2 {
                            let Some(digit) = chars.get(at).and_then(|c| c.to_digit(8)) else {
                                break;
                            };
                            code = code * 8 + digit;
                            at += 1;
                        }
                        text.extend(char::from_u32(code));
                    }
                    // Others stay: they mean something in a pattern.
                    (_, other) => text.extend(['\\', other]),
                }
            }
            c => text.push(c),
        }
    }
    Err(match quote {
        '/' => "regular expression is not ended".to_owned(),
        _ => "string is not ended".to_owned(),
    })
}
