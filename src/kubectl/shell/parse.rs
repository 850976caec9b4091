//! From tokens to a script: lists of pipelines of commands.

use super::SyntaxError;
use super::lex::{Part, Token, Word, is_name, tokens};

/// Commands in order, each with what joins it to the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script(pub Vec<(Joint, Pipeline)>);

/// When a pipeline runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    Always,
    /// After `&&`.
    IfSucceeded,
    /// After `||`.
    IfFailed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// `! command`: success and failure change places.
    pub negated: bool,
    pub commands: Vec<Command>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub body: Body,
    pub redirects: Vec<Redirect>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    Simple {
        assignments: Vec<(String, Word)>,
        words: Vec<Word>,
    },
    /// `( ... )` or `{ ...; }`.
    Group(Script),
    /// Conditions with what follows them, and the `else`.
    If(Vec<(Script, Script)>, Script),
    /// `while`, or `until` when `sense` is false.
    While {
        condition: Script,
        sense: bool,
        body: Script,
    },
    For {
        variable: String,
        words: Vec<Word>,
        body: Script,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// The text is read from a file.
    From(Word),
    /// The text is in the script.
    Here(Word),
    /// Into a file; `descriptor` 0 stands for both streams.
    Into {
        descriptor: u8,
        append: bool,
        file: Word,
    },
    /// `2>&1` and `>&2`.
    Duplicate { descriptor: u8, of: u8 },
}

/// Groups, loops and substitutions nest no deeper.
const DEEPEST: usize = 16;

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// Reads a script.
///
/// # Errors
/// [`SyntaxError::Incomplete`] when more lines could complete it.
pub fn parse(text: &str) -> Result<Script, SyntaxError> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let script = parser.script(&[])?;
    match parser.peek() {
        None => Ok(script),
        Some(_) => Err(parser.unexpected()),
    }
}

const KEYWORDS: [&str; 13] = [
    "if", "then", "elif", "else", "fi", "for", "in", "do", "done", "while", "until", "{", "}",
];

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is_operator(&self, operator: &str) -> bool {
        matches!(self.peek(), Some(Token::Operator(o)) if *o == operator)
    }

    fn take_operator(&mut self, operator: &str) -> bool {
        let found = self.is_operator(operator);
        self.at += usize::from(found);
        found
    }

    /// The keyword that stands here, if one does.
    fn keyword(&self) -> Option<&'static str> {
        let Some(Token::Word(word)) = self.peek() else {
            return None;
        };
        match word.as_slice() {
            [
                Part::Text {
                    text,
                    quoted: false,
                },
            ] => KEYWORDS.iter().find(|k| *k == text).copied(),
            _ => None,
        }
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.keyword() == Some(keyword);
        self.at += usize::from(found);
        found
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<(), SyntaxError> {
        if self.take_keyword(keyword) {
            return Ok(());
        }
        Err(self.unexpected())
    }

    fn unexpected(&self) -> SyntaxError {
        let what = match self.peek() {
            None => {
                return SyntaxError::Incomplete("syntax error: unexpected end of file".to_owned());
            }
            Some(Token::Operator("\n")) => "newline".to_owned(),
            Some(Token::Operator(operator)) => (*operator).to_owned(),
            Some(Token::Redirect { operator, .. }) => (*operator).to_owned(),
            Some(Token::Here(_)) => "<<".to_owned(),
            Some(Token::Word(word)) => match word.first() {
                Some(Part::Text { text, .. }) => text.clone(),
                _ => "$".to_owned(),
            },
        };
        SyntaxError::Wrong(format!("syntax error near unexpected token `{what}'"))
    }

    fn skip_newlines(&mut self) {
        while self.take_operator("\n") {}
    }

    /// Pipelines up to a closing keyword or parenthesis.
    fn script(&mut self, ends: &[&str]) -> Result<Script, SyntaxError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(SyntaxError::Wrong("commands nest too deeply".to_owned()));
        }
        let mut script = Script::default();
        let mut joint = Joint::Always;
        loop {
            self.skip_newlines();
            let at_end = self.peek().is_none()
                || self.is_operator(")")
                || self.keyword().is_some_and(|k| ends.contains(&k));
            if at_end {
                if joint != Joint::Always {
                    return Err(self.unexpected());
                }
                break;
            }
            let pipeline = self.pipeline()?;
            script.0.push((joint, pipeline));
            joint = Joint::Always;
            if self.take_operator("&&") {
                joint = Joint::IfSucceeded;
            } else if self.take_operator("||") {
                joint = Joint::IfFailed;
            } else if self.take_operator(";") || self.take_operator("\n") {
            } else if self.is_operator("&") {
                return Err(SyntaxError::Wrong(
                    "background jobs are not supported: leave out the `&'".to_owned(),
                ));
            } else if self.peek().is_some()
                && !self.is_operator(")")
                && !self.keyword().is_some_and(|k| ends.contains(&k))
            {
                return Err(self.unexpected());
            }
        }
        self.depth -= 1;
        Ok(script)
    }

    fn pipeline(&mut self) -> Result<Pipeline, SyntaxError> {
        let mut negated = false;
        while let Some(Token::Word(word)) = self.peek()
            && let [
                Part::Text {
                    text,
                    quoted: false,
                },
            ] = word.as_slice()
            && text == "!"
        {
            negated = !negated;
            self.at += 1;
        }
        let mut commands = vec![self.command()?];
        while self.take_operator("|") {
            self.skip_newlines();
            commands.push(self.command()?);
        }
        Ok(Pipeline { negated, commands })
    }

    fn command(&mut self) -> Result<Command, SyntaxError> {
        let mut redirects = Vec::new();
        let body = if self.take_operator("(") {
            let script = self.script(&[])?;
            if !self.take_operator(")") {
                return Err(self.unexpected());
            }
            Body::Group(script)
        } else {
            match self.keyword() {
                Some("{") => {
                    self.at += 1;
                    let script = self.script(&["}"])?;
                    self.expect_keyword("}")?;
                    Body::Group(script)
                }
                Some("if") => self.conditional()?,
                Some(keyword @ ("while" | "until")) => {
                    self.at += 1;
                    let condition = self.script(&["do"])?;
                    let body = self.loop_body()?;
                    Body::While {
                        condition,
                        sense: keyword == "while",
                        body,
                    }
                }
                Some("for") => self.for_loop()?,
                Some("in") | None => self.simple(&mut redirects)?,
                Some(_) => return Err(self.unexpected()),
            }
        };
        while self.redirect(&mut redirects)? {}
        Ok(Command { body, redirects })
    }

    fn conditional(&mut self) -> Result<Body, SyntaxError> {
        let mut branches = Vec::new();
        let mut otherwise = Script::default();
        self.expect_keyword("if")?;
        loop {
            let condition = self.script(&["then"])?;
            self.expect_keyword("then")?;
            let body = self.script(&["elif", "else", "fi"])?;
            branches.push((condition, body));
            if self.take_keyword("elif") {
                continue;
            }
            if self.take_keyword("else") {
                otherwise = self.script(&["fi"])?;
            }
            self.expect_keyword("fi")?;
            return Ok(Body::If(branches, otherwise));
        }
    }

    fn for_loop(&mut self) -> Result<Body, SyntaxError> {
        self.expect_keyword("for")?;
        let variable = match self.peek() {
            Some(Token::Word(word)) => match word.as_slice() {
                [Part::Text { text, .. }] if is_name(text) => text.clone(),
                _ => return Err(self.unexpected()),
            },
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        let mut words = Vec::new();
        if self.take_keyword("in") {
            while let Some(Token::Word(word)) = self.peek() {
                words.push(word.clone());
                self.at += 1;
            }
        }
        if !self.take_operator(";") && !self.take_operator("\n") && self.keyword() != Some("do") {
            return Err(self.unexpected());
        }
        self.skip_newlines();
        let body = self.loop_body()?;
        Ok(Body::For {
            variable,
            words,
            body,
        })
    }

    fn loop_body(&mut self) -> Result<Script, SyntaxError> {
        self.expect_keyword("do")?;
        let body = self.script(&["done"])?;
        self.expect_keyword("done")?;
        Ok(body)
    }

    fn simple(&mut self, redirects: &mut Vec<Redirect>) -> Result<Body, SyntaxError> {
        let mut assignments = Vec::new();
        let mut words = Vec::new();
        loop {
            if self.redirect(redirects)? {
                continue;
            }
            let Some(Token::Word(word)) = self.peek() else {
                break;
            };
            match assignment(word).filter(|_| words.is_empty()) {
                Some(assignment) => assignments.push(assignment),
                None => words.push(word.clone()),
            }
            self.at += 1;
        }
        if words.is_empty() && assignments.is_empty() && redirects.is_empty() {
            return Err(self.unexpected());
        }
        Ok(Body::Simple { assignments, words })
    }

    fn redirect(&mut self, redirects: &mut Vec<Redirect>) -> Result<bool, SyntaxError> {
        let (descriptor, operator) = match self.peek() {
            Some(Token::Here(word)) => {
                redirects.push(Redirect::Here(word.clone()));
                self.at += 1;
                return Ok(true);
            }
            Some(Token::Redirect {
                descriptor,
                operator,
            }) => (*descriptor, *operator),
            _ => return Ok(false),
        };
        self.at += 1;
        let Some(Token::Word(target)) = self.peek().cloned() else {
            return Err(self.unexpected());
        };
        self.at += 1;
        redirects.push(match operator {
            "<" => Redirect::From(target),
            ">&" => {
                let of = match target.as_slice() {
                    [Part::Text { text, .. }] => text.parse().ok().filter(|n| (1..=2).contains(n)),
                    _ => None,
                };
                let Some(of) = of else {
                    return Err(SyntaxError::Wrong("bad file descriptor".to_owned()));
                };
                Redirect::Duplicate {
                    descriptor: descriptor.unwrap_or(1),
                    of,
                }
            }
            "&>" => Redirect::Into {
                descriptor: 0,
                append: false,
                file: target,
            },
            operator => Redirect::Into {
                descriptor: descriptor.unwrap_or(1),
                append: operator == ">>",
                file: target,
            },
        });
        Ok(true)
    }
}

/// `NAME=value` at the start of a command.
fn assignment(word: &Word) -> Option<(String, Word)> {
    let Some(Part::Text {
        text,
        quoted: false,
    }) = word.first()
    else {
        return None;
    };
    let (name, value) = text.split_once('=')?;
    if !is_name(name) {
        return None;
    }
    let mut value = vec![Part::Text {
        text: value.to_owned(),
        quoted: false,
    }];
    value.extend(word.iter().skip(1).cloned());
    Some((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::super::is_incomplete;
    use super::*;

    #[test]
    fn what_may_go_on_is_told_from_what_is_wrong() {
        for text in [
            "echo 'a",
            "echo \"a",
            "echo $(ls",
            "cat <<EOF\na",
            "for i in 1 2; do",
            "if true; then echo",
            "a &&",
            "a |",
        ] {
            assert!(is_incomplete(text), "{text}");
        }
        for text in ["a ; ; b", "done", "| a", "a )", "echo ${a b}"] {
            assert!(
                matches!(parse(text), Err(SyntaxError::Wrong(_))),
                "{text}: {:?}",
                parse(text)
            );
        }
    }

    #[test]
    fn joints_and_pipes() {
        let script = parse("a 1 | b && c || d; e # comment").unwrap();
        let joints: Vec<Joint> = script.0.iter().map(|(j, _)| *j).collect();
        assert_eq!(
            joints,
            [
                Joint::Always,
                Joint::IfSucceeded,
                Joint::IfFailed,
                Joint::Always
            ]
        );
        assert_eq!(script.0[0].1.commands.len(), 2);
    }
}
