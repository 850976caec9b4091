//! Reading selectors.

use super::{BINARY_OPERATORS, Operator, Requirement, key_error};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Error,
    End,
    CloseParenthesis,
    Comma,
    Not,
    DoubleEquals,
    Equals,
    GreaterThan,
    Identifier,
    In,
    LessThan,
    NotEquals,
    NotIn,
    OpenParenthesis,
}

fn keyword(text: &str) -> Option<Token> {
    Some(match text {
        ")" => Token::CloseParenthesis,
        "," => Token::Comma,
        "!" => Token::Not,
        "==" => Token::DoubleEquals,
        "=" => Token::Equals,
        ">" => Token::GreaterThan,
        "in" => Token::In,
        "<" => Token::LessThan,
        "!=" => Token::NotEquals,
        "notin" => Token::NotIn,
        "(" => Token::OpenParenthesis,
        _ => return None,
    })
}

fn is_symbol(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

/// Cuts the text into tokens with their literal; the last one is the end.
pub(super) fn scan(text: &str) -> Vec<(Token, String)> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next().filter(|c| *c != '\0') else {
            tokens.push((Token::End, String::new()));
            return tokens;
        };
        let end = if is_symbol(first) {
            symbol_end(rest)
        } else {
            rest.find(|c: char| is_symbol(c) || matches!(c, ' ' | '\t' | '\r' | '\n' | '\0'))
                .unwrap_or(rest.len())
        };
        let (literal, after) = rest.split_at(end);
        let token = keyword(literal).unwrap_or(if is_symbol(first) {
            Token::Error
        } else {
            Token::Identifier
        });
        tokens.push((token, literal.to_owned()));
        rest = after;
    }
}

/// The longest operator at the start of the text.
fn symbol_end(text: &str) -> usize {
    match text.get(..2) {
        Some("==" | "!=") => 2,
        _ => 1,
    }
}

pub(super) struct Parser {
    pub(super) tokens: Vec<(Token, String)>,
    pub(super) position: usize,
}

impl Parser {
    /// The next token. `values` reads the words `in` and `notin` as identifiers.
    fn peek(&self, values: bool) -> (Token, &str) {
        match self.tokens.get(self.position) {
            Some((Token::In | Token::NotIn, literal)) if values => (Token::Identifier, literal),
            Some((token, literal)) => (*token, literal),
            None => (Token::End, ""),
        }
    }

    fn next(&mut self, values: bool) -> (Token, String) {
        let (token, literal) = self.peek(values);
        let taken = (token, literal.to_owned());
        self.position += 1;
        taken
    }

    pub(super) fn parse(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            let (token, literal) = self.peek(true);
            match token {
                Token::Identifier | Token::Not => {
                    let requirement = self
                        .requirement()
                        .map_err(|e| format!("unable to parse requirement: {e}"))?;
                    requirements.push(requirement);
                    let (token, literal) = self.next(true);
                    match token {
                        Token::End => return Ok(requirements),
                        Token::Comma => {
                            let (after, literal) = self.peek(true);
                            if !matches!(after, Token::Identifier | Token::Not) {
                                return Err(format!(
                                    "found '{literal}', expected: identifier after ','"
                                ));
                            }
                        }
                        _ => {
                            return Err(format!(
                                "found '{literal}', expected: ',' or 'end of string'"
                            ));
                        }
                    }
                }
                Token::End => return Ok(requirements),
                _ => {
                    return Err(format!(
                        "found '{literal}', expected: !, identifier, or 'end of string'"
                    ));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let (mut token, mut literal) = self.next(true);
        let negated = token == Token::Not;
        if negated {
            (token, literal) = self.next(true);
        }
        if token != Token::Identifier {
            return Err(format!("found '{literal}', expected: identifier"));
        }
        if let Some(error) = key_error(&literal, "") {
            return Err(error);
        }
        if negated {
            return Requirement::new(&literal, Operator::DoesNotExist, Vec::new(), "");
        }
        if matches!(self.peek(true).0, Token::End | Token::Comma) {
            return Requirement::new(&literal, Operator::Exists, Vec::new(), "");
        }
        let (token, word) = self.next(false);
        let operator = match token {
            Token::In => Operator::In,
            Token::NotIn => Operator::NotIn,
            Token::Equals => Operator::Equals,
            Token::DoubleEquals => Operator::DoubleEquals,
            Token::NotEquals => Operator::NotEquals,
            Token::GreaterThan => Operator::GreaterThan,
            Token::LessThan => Operator::LessThan,
            _ => return Err(format!("found '{word}', expected: {BINARY_OPERATORS}")),
        };
        let values = match operator {
            Operator::In | Operator::NotIn => self.value_set()?,
            _ => vec![self.exact_value()?],
        };
        Requirement::new(&literal, operator, values, "")
    }

    /// `(a, b)`; an empty place between commas is an empty value.
    fn value_set(&mut self) -> Result<Vec<String>, String> {
        let (token, literal) = self.next(true);
        if token != Token::OpenParenthesis {
            return Err(format!("found '{literal}' expected: '('"));
        }
        let (token, literal) = self.peek(true);
        match token {
            Token::CloseParenthesis => {
                self.position += 1;
                Ok(vec![String::new()])
            }
            Token::Identifier | Token::Comma => {
                let mut values = self.identifiers()?;
                self.position += 1;
                values.sort();
                values.dedup();
                Ok(values)
            }
            _ => Err(format!(
                "found '{literal}', expected: ',', ')' or identifier"
            )),
        }
    }

    /// The values up to, not including, the closing parenthesis.
    fn identifiers(&mut self) -> Result<Vec<String>, String> {
        let mut values = Vec::new();
        loop {
            let (token, literal) = self.next(true);
            match token {
                Token::Identifier => {
                    values.push(literal);
                    let (after, literal) = self.peek(true);
                    match after {
                        Token::Comma => {}
                        Token::CloseParenthesis => return Ok(values),
                        _ => return Err(format!("found '{literal}', expected: ',' or ')'")),
                    }
                }
                Token::Comma => {
                    if values.is_empty() {
                        values.push(String::new());
                    }
                    match self.peek(true).0 {
                        Token::CloseParenthesis => {
                            values.push(String::new());
                            return Ok(values);
                        }
                        Token::Comma => values.push(String::new()),
                        _ => {}
                    }
                }
                _ => return Err(format!("found '{literal}', expected: ',', or identifier")),
            }
        }
    }

    fn exact_value(&mut self) -> Result<String, String> {
        if matches!(self.peek(true).0, Token::End | Token::Comma) {
            return Ok(String::new());
        }
        let (token, literal) = self.next(true);
        if token == Token::Identifier {
            return Ok(literal);
        }
        Err(format!("found '{literal}', expected: identifier"))
    }
}
