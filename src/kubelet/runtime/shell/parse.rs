//! From tokens to a tree of commands.

use std::rc::Rc;

use super::lex::{self, Token, Word, lex};

/// How deep commands nest.
const MOST_DEPTH: usize = 40;
/// How many `&&` and `||` follow each other.
const MOST_CHAIN: usize = 200;

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Simple {
        assignments: Vec<(Rc<str>, Word)>,
        words: Vec<Word>,
    },
    Pipeline(Vec<Rc<Command>>),
    Not(Rc<Command>),
    And(Rc<Command>, Rc<Command>),
    Or(Rc<Command>, Rc<Command>),
    List(Vec<Rc<Command>>),
    /// `( ... )`
    Subshell(Rc<Command>),
    Background(Rc<Command>),
    If {
        arms: Vec<(Rc<Command>, Rc<Command>)>,
        otherwise: Option<Rc<Command>>,
    },
    Loop {
        until: bool,
        condition: Rc<Command>,
        body: Rc<Command>,
    },
    For {
        name: Rc<str>,
        words: Vec<Word>,
        body: Rc<Command>,
    },
    Case {
        word: Word,
        arms: Vec<(Vec<Word>, Rc<Command>)>,
    },
    Function(Rc<str>, Rc<Command>),
    Redirected(Rc<Command>, Vec<Redirect>),
}

/// Where a command's input comes from, or its output goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Redirect {
    /// Descriptor, target, whether to append.
    Output(u8, Word, bool),
    /// `2>&1`: the first goes where the second goes.
    Duplicate(u8, u8),
    Input(Word),
    /// The text of a here-document or here-string, and whether to expand it.
    Text(Word),
}

/// Reads a whole script.
///
/// # Errors
/// A syntax error, as a shell reports it.
pub fn parse(script: &str) -> Result<Rc<Command>, String> {
    let tokens = lex(script)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
    };
    let list = parser.list(&[])?;
    match parser.peek() {
        None => Ok(list),
        Some(token) => Err(unexpected(token)),
    }
}

/// Whether the end of what was typed is missing, so that a shell asks for more (`PS2`).
pub fn wants_more(script: &str) -> bool {
    match parse(script) {
        Ok(_) => lex::is_unended(script),
        Err(why) => {
            let of_end = ["unexpected end of file", "unterminated", "missing '"];
            of_end.iter().any(|words| why.contains(words))
        }
    }
}

fn unexpected(token: &Token) -> String {
    let text = match token {
        Token::Word(word) => word.plain().unwrap_or("word").to_owned(),
        Token::Operator("\n") => "newline".to_owned(),
        Token::Operator(op) | Token::Redirect(_, op) => (*op).to_owned(),
        Token::HereDocument(..) => "<<".to_owned(),
    };
    format!("syntax error: unexpected \"{text}\"")
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
}

type Parsed = Result<Rc<Command>, String>;

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn operator(&mut self, op: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Operator(o)) if *o == op);
        self.at += usize::from(found);
        found
    }

    fn is_reserved(&self, words: &[&str]) -> bool {
        match self.peek() {
            Some(Token::Word(word)) => word.plain().is_some_and(|w| words.contains(&w)),
            Some(Token::Operator(op)) => words.contains(op),
            _ => false,
        }
    }

    fn reserved(&mut self, word: &str) -> bool {
        let found = self.is_reserved(&[word]);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.reserved(word) {
            return Ok(());
        }
        Err(match self.peek() {
            Some(token) => format!("{} (expecting \"{word}\")", unexpected(token)),
            None => format!("syntax error: unexpected end of file (expecting \"{word}\")"),
        })
    }

    fn skip_newlines(&mut self) {
        while self.operator("\n") {}
    }

    /// Commands up to one of `ends`, which stays.
    fn list(&mut self, ends: &[&str]) -> Parsed {
        let mut commands = Vec::new();
        loop {
            while self.operator("\n") || (commands.is_empty() && self.operator(";")) {}
            if self.peek().is_none() || self.is_reserved(ends) {
                break;
            }
            let command = self.and_or()?;
            if self.operator("&") {
                commands.push(Rc::new(Command::Background(command)));
            } else {
                commands.push(command);
                if !self.operator(";") && !matches!(self.peek(), Some(Token::Operator("\n"))) {
                    break;
                }
            }
        }
        Ok(match commands.as_slice() {
            [one] => one.clone(),
            _ => Rc::new(Command::List(commands)),
        })
    }

    fn and_or(&mut self) -> Parsed {
        let mut left = self.pipeline()?;
        // Each one nests the tree deeper, and dropping a tree is recursive.
        for _ in 0..MOST_CHAIN {
            if self.operator("&&") {
                self.skip_newlines();
                left = Rc::new(Command::And(left, self.pipeline()?));
            } else if self.operator("||") {
                self.skip_newlines();
                left = Rc::new(Command::Or(left, self.pipeline()?));
            } else {
                return Ok(left);
            }
        }
        Err("syntax error: too many conditions in a row".to_owned())
    }

    fn pipeline(&mut self) -> Parsed {
        let not = self.reserved("!");
        let mut stages = vec![self.command()?];
        while self.operator("|") {
            self.skip_newlines();
            stages.push(self.command()?);
        }
        let command = match stages.as_slice() {
            [one] => one.clone(),
            _ => Rc::new(Command::Pipeline(stages)),
        };
        Ok(if not {
            Rc::new(Command::Not(command))
        } else {
            command
        })
    }

    fn command(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err("syntax error: nested too deeply".to_owned());
        }
        let command = self.compound_or_simple();
        self.depth -= 1;
        command
    }

    fn compound_or_simple(&mut self) -> Parsed {
        let command = if self.reserved("if") {
            self.if_command()?
        } else if self.reserved("while") {
            self.loop_command(false)?
        } else if self.reserved("until") {
            self.loop_command(true)?
        } else if self.reserved("for") {
            self.for_command()?
        } else if self.reserved("case") {
            self.case_command()?
        } else if self.reserved("{") {
            let list = self.list(&["}"])?;
            self.expect("}")?;
            list
        } else if self.operator("(") {
            let list = self.list(&[")"])?;
            self.expect(")")?;
            Rc::new(Command::Subshell(list))
        } else {
            return self.simple();
        };
        let mut redirects = Vec::new();
        while let Some(redirect) = self.redirect()? {
            redirects.push(redirect);
        }
        Ok(redirected(command, redirects))
    }

    fn if_command(&mut self) -> Parsed {
        let mut arms = Vec::new();
        loop {
            let condition = self.list(&["then"])?;
            self.expect("then")?;
            arms.push((condition, self.list(&["elif", "else", "fi"])?));
            if !self.reserved("elif") {
                break;
            }
        }
        let otherwise = match self.reserved("else") {
            true => Some(self.list(&["fi"])?),
            false => None,
        };
        self.expect("fi")?;
        Ok(Rc::new(Command::If { arms, otherwise }))
    }

    fn loop_command(&mut self, until: bool) -> Parsed {
        let condition = self.list(&["do"])?;
        let body = self.body()?;
        Ok(Rc::new(Command::Loop {
            until,
            condition,
            body,
        }))
    }

    fn body(&mut self) -> Parsed {
        self.expect("do")?;
        let body = self.list(&["done"])?;
        self.expect("done")?;
        Ok(body)
    }

    fn for_command(&mut self) -> Parsed {
        let name = self.name()?;
        self.skip_newlines();
        let mut words = Vec::new();
        if self.reserved("in") {
            while let Some(Token::Word(word)) = self.peek() {
                words.push(word.clone());
                self.at += 1;
            }
        }
        self.operator(";");
        self.skip_newlines();
        let body = self.body()?;
        Ok(Rc::new(Command::For { name, words, body }))
    }

    fn case_command(&mut self) -> Parsed {
        let word = self.word()?;
        self.skip_newlines();
        self.expect("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines();
            if self.reserved("esac") {
                return Ok(Rc::new(Command::Case { word, arms }));
            }
            self.operator("(");
            let mut patterns = vec![self.word()?];
            while self.operator("|") {
                patterns.push(self.word()?);
            }
            self.expect(")")?;
            let body = self.list(&[";;", "esac"])?;
            self.operator(";;");
            arms.push((patterns, body));
        }
    }

    fn word(&mut self) -> Result<Word, String> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            Some(token) => Err(unexpected(token)),
            None => Err("syntax error: unexpected end of file".to_owned()),
        }
    }

    fn name(&mut self) -> Result<Rc<str>, String> {
        let word = self.word()?;
        let name = word.plain().filter(|n| is_name(n));
        name.map(Rc::from)
            .ok_or_else(|| "syntax error: bad variable name".to_owned())
    }

    fn redirect(&mut self) -> Result<Option<Redirect>, String> {
        let redirect = match self.peek() {
            Some(Token::HereDocument(text, expand)) => {
                let text = Redirect::Text(here_document(text, *expand)?);
                self.at += 1;
                text
            }
            Some(Token::Redirect(fd, op)) => {
                let (fd, op) = (*fd, *op);
                self.at += 1;
                let target = self.word()?;
                match op {
                    "<" => Redirect::Input(target),
                    "<<<" => Redirect::Text(target),
                    ">&" => {
                        let to = target.plain().and_then(|t| t.parse().ok());
                        Redirect::Duplicate(fd, to.ok_or("syntax error: bad file descriptor")?)
                    }
                    op => Redirect::Output(fd, target, op == ">>"),
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(redirect))
    }

    fn simple(&mut self) -> Parsed {
        let (mut assignments, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            let Some(Token::Word(word)) = self.peek() else {
                break;
            };
            let word = word.clone();
            self.at += 1;
            match assignment(&word).filter(|_| words.is_empty()) {
                Some(assignment) => assignments.push(assignment),
                None => words.push(word),
            }
        }
        if let [word] = words.as_slice()
            && self.operator("(")
        {
            let name: Rc<str> = word.plain().unwrap_or_default().into();
            self.expect(")")?;
            self.skip_newlines();
            return Ok(Rc::new(Command::Function(name, self.command()?)));
        }
        if words.is_empty() && assignments.is_empty() && redirects.is_empty() {
            return Err(match self.peek() {
                Some(token) => unexpected(token),
                None => "syntax error: unexpected end of file".to_owned(),
            });
        }
        let command = Rc::new(Command::Simple { assignments, words });
        Ok(redirected(command, redirects))
    }
}

fn redirected(command: Rc<Command>, redirects: Vec<Redirect>) -> Rc<Command> {
    match redirects.is_empty() {
        true => command,
        false => Rc::new(Command::Redirected(command, redirects)),
    }
}

fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(word) && text.chars().all(|c| word(c) || c.is_ascii_digit())
}

/// `NAME=value` as the first part of a word.
fn assignment(word: &Word) -> Option<(Rc<str>, Word)> {
    let Some(super::lex::Part::Text(first)) = word.parts.first() else {
        return None;
    };
    let (name, rest) = first.split_once('=')?;
    if !is_name(name) {
        return None;
    }
    let mut value = word.clone();
    if let Some(first) = value.parts.first_mut() {
        *first = super::lex::Part::Text(rest.into());
    }
    value.quoted = true;
    Some((name.into(), value))
}

/// The text of a here-document, as one quoted word.
fn here_document(text: &str, expand: bool) -> Result<Word, String> {
    let plain = || Word {
        parts: vec![super::lex::Part::Text(text.into())],
        quoted: true,
    };
    if !expand {
        return Ok(plain());
    }
    let tokens = lex(&format!("\"{}\"", text.replace('"', "\\\"")))?;
    Ok(match tokens.into_iter().next() {
        Some(Token::Word(word)) => word,
        _ => plain(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_tutorials_parse() {
        for script in [
            "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600",
            "while true; do echo hi >> /data/out; sleep 5; done",
            "until nslookup mydb; do echo waiting; sleep 2; done;",
            "if [ -f /a ]; then cat /a; elif true; then :; else exit 1; fi",
            "for i in 1 2 $X; do echo $i; done | grep 1 > f 2>&1",
            "case $1 in a|b) echo x;; *) echo y; esac",
            "f() { echo in f; }\nf && { a; b; } || (c; d) & wait",
            "i=0; while [ $i -lt 3 ]; do i=$((i+1)); done",
            "trap 'exit 0' TERM; sleep infinity & wait $!",
            "",
        ] {
            assert!(parse(script).is_ok(), "{script}: {:?}", parse(script));
        }
    }

    #[test]
    fn syntax_errors_are_told() {
        let error = |script: &str| parse(script).unwrap_err();
        assert!(error("while true; do").contains("expecting \"done\""));
        assert_eq!(error("a && ;"), "syntax error: unexpected \";\"");
        assert!(error("fi ) x").contains("unexpected"));
        assert!(error(&"(".repeat(10_000)).contains("nested too deeply"));
        assert!(error(&"! (".repeat(10_000)).contains("nested too deeply"));
    }
}
