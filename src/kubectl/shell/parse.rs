//! From tokens to a script: lists of pipelines of commands.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::SyntaxError;
use super::arrays::{Assignment, assignment};
use super::lex::{Part, Placed, Token, Word, here_word, is_name, plain, tokens};

/// Lists of pipelines, one after the other. Cloning one shares it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script(pub Rc<Vec<Item>>);

/// Pipelines that `&&` and `||` join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub list: Vec<(Joint, Pipeline)>,
    /// It runs beside what follows: `&` stands behind it.
    pub background: bool,
    /// As it was written.
    pub text: String,
}

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
    /// `time command`.
    pub timed: bool,
    pub commands: Vec<Rc<Command>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub body: Body,
    pub redirects: Vec<Redirect>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    Simple {
        assignments: Vec<Assignment>,
        words: Vec<Word>,
    },
    /// `{ ...; }`.
    Group(Script),
    /// `( ... )`: what it sets is forgotten.
    Subshell(Script),
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
        /// `None` for the arguments.
        words: Option<Vec<Word>>,
        body: Script,
    },
    /// `select NAME in WORDS`: a menu, and what is done with each choice.
    Select {
        variable: String,
        /// `None` for the arguments.
        words: Option<Vec<Word>>,
        body: Script,
    },
    /// `for ((begin; condition; step))`.
    Count {
        parts: [Word; 3],
        body: Script,
    },
    /// Patterns with what follows them, and what ends that: `;;`, `;&` or `;;&`.
    Case(Word, Vec<(Vec<Word>, Script, &'static str)>),
    /// `[[ ... ]]`.
    Test(Vec<TestToken>),
    /// `((...))`.
    Arithmetic(Word),
    Function {
        name: String,
        body: Rc<Command>,
    },
}

/// A word or an operator between `[[` and `]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestToken {
    Word(Word),
    Operator(&'static str),
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
    /// `2>&-`.
    Close { descriptor: u8 },
}

pub type Aliases = BTreeMap<String, String>;

/// Groups, loops and substitutions nest no deeper.
const DEEPEST: usize = 32;

/// No line has more tokens once its aliases are expanded.
const MOST_TOKENS: usize = 200_000;

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
    aliases: &'t Aliases,
    /// The aliases whose text ends before this token.
    inside: Vec<(String, usize)>,
}

/// Reads a script.
///
/// # Errors
/// [`SyntaxError::Incomplete`] when more lines could complete it.
pub fn parse(text: &str) -> Result<Script, SyntaxError> {
    parse_with(text, &Aliases::new())
}

/// As [`parse`], with aliases.
pub fn parse_with(text: &str, aliases: &Aliases) -> Result<Script, SyntaxError> {
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        aliases,
        inside: Vec::new(),
    };
    let script = parser.script(&[])?;
    match parser.peek() {
        None => Ok(script),
        Some(_) => Err(parser.unexpected()),
    }
}

const KEYWORDS: [&str; 19] = [
    "if", "then", "elif", "else", "fi", "for", "in", "do", "done", "while", "until", "{", "}",
    "case", "esac", "[[", "function", "time", "select",
];

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|placed| &placed.token)
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
        let text = plain(word)?;
        KEYWORDS.iter().find(|k| **k == text).copied()
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
            Some(Token::Arithmetic(_)) => "((".to_owned(),
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

    fn at_end(&self, ends: &[&str]) -> bool {
        self.peek().is_none()
            || self.is_operator(")")
            || [";;", ";&", ";;&"].iter().any(|o| self.is_operator(o))
            || self.keyword().is_some_and(|k| ends.contains(&k))
    }

    fn deeper(&mut self) -> Result<(), SyntaxError> {
        self.depth += 1;
        match self.depth > DEEPEST {
            true => Err(SyntaxError::Wrong("commands nest too deeply".to_owned())),
            false => Ok(()),
        }
    }

    /// Lists up to a closing keyword or parenthesis.
    fn script(&mut self, ends: &[&str]) -> Result<Script, SyntaxError> {
        self.deeper()?;
        let mut items = Vec::new();
        let mut list = Vec::new();
        let mut joint = Joint::Always;
        let mut start = self.at;
        loop {
            self.skip_newlines();
            if self.at_end(ends) {
                if joint != Joint::Always {
                    return Err(self.unexpected());
                }
                break;
            }
            if list.is_empty() {
                start = self.at;
            }
            let pipeline = self.pipeline()?;
            list.push((joint, pipeline));
            joint = Joint::Always;
            let end = self.at;
            if self.take_operator("&&") {
                joint = Joint::IfSucceeded;
                continue;
            }
            if self.take_operator("||") {
                joint = Joint::IfFailed;
                continue;
            }
            let background = self.take_operator("&");
            if !background
                && !self.take_operator(";")
                && !self.take_operator("\n")
                && !self.at_end(ends)
            {
                return Err(self.unexpected());
            }
            items.push(Item {
                list: std::mem::take(&mut list),
                background,
                text: self.written(start, end),
            });
        }
        if !list.is_empty() {
            let text = self.written(start, self.at);
            items.push(Item {
                list,
                background: false,
                text,
            });
        }
        self.depth -= 1;
        Ok(Script(Rc::new(items)))
    }

    /// The text between two tokens.
    fn written(&self, start: usize, end: usize) -> String {
        let from = self.tokens.get(start).map_or(0, |t| t.start);
        let to = match end.checked_sub(1).and_then(|i| self.tokens.get(i)) {
            Some(last) => last.end,
            None => from,
        };
        self.text.get(from..to).unwrap_or_default().to_owned()
    }

    fn pipeline(&mut self) -> Result<Pipeline, SyntaxError> {
        let (mut negated, mut timed) = (false, false);
        loop {
            if self.take_keyword("time") {
                timed = true;
                continue;
            }
            match self.peek() {
                Some(Token::Word(word)) if plain(word) == Some("!") => {
                    negated = !negated;
                    self.at += 1;
                }
                _ => break,
            }
        }
        let mut commands = vec![Rc::new(self.command()?)];
        while self.take_operator("|") {
            // `|&` pipes both streams.
            if self.take_operator("&")
                && let Some(last) = commands.last_mut()
            {
                let both = Redirect::Duplicate {
                    descriptor: 2,
                    of: 1,
                };
                Rc::make_mut(last).redirects.push(both);
            }
            self.skip_newlines();
            commands.push(Rc::new(self.command()?));
        }
        Ok(Pipeline {
            negated,
            timed,
            commands,
        })
    }

    fn command(&mut self) -> Result<Command, SyntaxError> {
        self.expand_alias()?;
        let mut redirects = Vec::new();
        let body = if self.take_operator("(") {
            let script = self.script(&[])?;
            if !self.take_operator(")") {
                return Err(self.unexpected());
            }
            Body::Subshell(script)
        } else if let Some(Token::Arithmetic(source)) = self.peek() {
            let word = here_word(source, 0)?;
            self.at += 1;
            Body::Arithmetic(word)
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
                Some(keyword @ ("for" | "select")) => self.for_loop(keyword)?,
                Some("case") => self.case()?,
                Some("[[") => self.test()?,
                Some("function") => {
                    self.at += 1;
                    self.function()?
                }
                Some("in") | None => match self.is_function() {
                    true => self.function()?,
                    false => self.simple(&mut redirects)?,
                },
                Some(_) => return Err(self.unexpected()),
            }
        };
        while self.redirect(&mut redirects)? {}
        Ok(Command { body, redirects })
    }

    /// Puts the text of an alias in the place of its name.
    fn expand_alias(&mut self) -> Result<(), SyntaxError> {
        for _ in 0..MOST_TOKENS {
            let Some(Token::Word(word)) = self.peek() else {
                return Ok(());
            };
            let Some(name) = plain(word).map(str::to_owned) else {
                return Ok(());
            };
            let at = self.at;
            self.inside.retain(|(_, end)| *end > at);
            let Some(text) = self.aliases.get(&name) else {
                return Ok(());
            };
            if self.inside.iter().any(|(n, _)| *n == name) {
                return Ok(());
            }
            let place = self.tokens.get(at).map_or((0, 0), |t| (t.start, t.end));
            let mut new = tokens(text)?;
            for placed in &mut new {
                (placed.start, placed.end) = place;
            }
            if self.tokens.len() + new.len() > MOST_TOKENS {
                return Err(SyntaxError::Wrong("the line is too long".to_owned()));
            }
            for (_, end) in &mut self.inside {
                *end = (*end + new.len()).saturating_sub(1);
            }
            self.inside.push((name, at + new.len()));
            self.tokens.splice(at..=at, new);
        }
        Ok(())
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

    fn for_loop(&mut self, keyword: &str) -> Result<Body, SyntaxError> {
        self.expect_keyword(keyword)?;
        let asks = keyword == "select";
        if let Some(Token::Arithmetic(source)) = self.peek().filter(|_| !asks) {
            let mut parts = source.splitn(3, ';').map(|part| here_word(part, 0));
            let mut part = || parts.next().unwrap_or_else(|| Ok(Word::new()));
            let parts = [part()?, part()?, part()?];
            self.at += 1;
            self.take_operator(";");
            self.skip_newlines();
            let body = self.loop_body()?;
            return Ok(Body::Count { parts, body });
        }
        let variable = match self.peek() {
            Some(Token::Word(word)) => match word.as_slice() {
                [Part::Text { text, .. }] if is_name(text) => text.clone(),
                _ => return Err(self.unexpected()),
            },
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        self.skip_newlines();
        let mut words = None;
        if self.take_keyword("in") {
            let mut all = Vec::new();
            while let Some(Token::Word(word)) = self.peek() {
                all.push(word.clone());
                self.at += 1;
            }
            words = Some(all);
        }
        if !self.take_operator(";") && !self.take_operator("\n") && self.keyword() != Some("do") {
            return Err(self.unexpected());
        }
        self.skip_newlines();
        let body = self.loop_body()?;
        Ok(match asks {
            true => Body::Select {
                variable,
                words,
                body,
            },
            false => Body::For {
                variable,
                words,
                body,
            },
        })
    }

    fn loop_body(&mut self) -> Result<Script, SyntaxError> {
        self.expect_keyword("do")?;
        let body = self.script(&["done"])?;
        self.expect_keyword("done")?;
        Ok(body)
    }

    fn case(&mut self) -> Result<Body, SyntaxError> {
        self.expect_keyword("case")?;
        let Some(Token::Word(word)) = self.peek().cloned() else {
            return Err(self.unexpected());
        };
        self.at += 1;
        self.skip_newlines();
        self.expect_keyword("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines();
            if self.take_keyword("esac") {
                return Ok(Body::Case(word, arms));
            }
            self.take_operator("(");
            let mut patterns = Vec::new();
            loop {
                let Some(Token::Word(pattern)) = self.peek().cloned() else {
                    return Err(self.unexpected());
                };
                patterns.push(pattern);
                self.at += 1;
                if !self.take_operator("|") {
                    break;
                }
            }
            if !self.take_operator(")") {
                return Err(self.unexpected());
            }
            let body = self.script(&["esac"])?;
            let ends = [";;", ";&", ";;&"];
            let end = ends.into_iter().find(|end| self.take_operator(end));
            arms.push((patterns, body, end.unwrap_or(";;")));
            if end.is_none() && self.keyword() != Some("esac") {
                return Err(self.unexpected());
            }
        }
    }

    fn test(&mut self) -> Result<Body, SyntaxError> {
        self.expect_keyword("[[")?;
        let mut inside = Vec::new();
        loop {
            let token = match self.peek() {
                Some(Token::Word(word)) if plain(word) == Some("]]") => {
                    self.at += 1;
                    return Ok(Body::Test(inside));
                }
                Some(Token::Word(word)) => TestToken::Word(word.clone()),
                Some(Token::Operator(o @ ("&&" | "||" | "(" | ")"))) => TestToken::Operator(o),
                Some(Token::Redirect {
                    descriptor: None,
                    operator: o @ ("<" | ">"),
                }) => TestToken::Operator(o),
                Some(Token::Operator("\n")) => {
                    self.at += 1;
                    continue;
                }
                _ => return Err(self.unexpected()),
            };
            inside.push(token);
            self.at += 1;
        }
    }

    /// `name ( )`.
    fn is_function(&self) -> bool {
        let operator = |ahead: usize, wanted: &str| {
            let token = self.tokens.get(self.at + ahead).map(|t| &t.token);
            matches!(token, Some(Token::Operator(o)) if *o == wanted)
        };
        let named = match self.peek() {
            Some(Token::Word(word)) => plain(word).is_some_and(is_function_name),
            _ => false,
        };
        named && operator(1, "(") && operator(2, ")")
    }

    fn function(&mut self) -> Result<Body, SyntaxError> {
        let name = match self.peek() {
            Some(Token::Word(word)) => plain(word).filter(|n| is_function_name(n)),
            _ => None,
        };
        let Some(name) = name.map(str::to_owned) else {
            return Err(self.unexpected());
        };
        self.at += 1;
        if self.take_operator("(") && !self.take_operator(")") {
            return Err(self.unexpected());
        }
        self.skip_newlines();
        self.deeper()?;
        let body = Rc::new(self.command()?);
        self.depth -= 1;
        if matches!(body.body, Body::Simple { .. }) {
            return Err(SyntaxError::Wrong(format!(
                "syntax error: the body of `{name}' is no group of commands"
            )));
        }
        Ok(Body::Function { name, body })
    }

    fn simple(&mut self, redirects: &mut Vec<Redirect>) -> Result<Body, SyntaxError> {
        let mut assignments = Vec::new();
        let mut words = Vec::new();
        loop {
            if self.redirect(redirects)? {
                continue;
            }
            if words.is_empty() && !assignments.is_empty() {
                self.expand_alias()?;
            }
            let Some(Token::Word(word)) = self.peek() else {
                break;
            };
            match assignment(word).filter(|_| words.is_empty()) {
                Some(assignment) => assignments.push(assignment),
                // Only what declares variables takes the elements of an array.
                None if word.iter().any(|p| matches!(p, Part::List(_)))
                    && !words.first().and_then(plain).is_some_and(declares) =>
                {
                    return Err(SyntaxError::Wrong(
                        "syntax error near unexpected token `('".to_owned(),
                    ));
                }
                None => words.push(word.clone()),
            }
            self.at += 1;
        }
        if words.is_empty() && assignments.is_empty() && redirects.is_empty() {
            return Err(self.unexpected());
        }
        let words = words.into_iter().flat_map(super::brace::expand).collect();
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
            ">&" | "<&" => {
                let descriptor = descriptor.unwrap_or(u8::from(operator == ">&"));
                match plain(&target) {
                    Some("-") => Redirect::Close { descriptor },
                    Some(text) => match text.parse().ok().filter(|n| (0..=2).contains(n)) {
                        Some(of) => Redirect::Duplicate { descriptor, of },
                        None if operator == ">&"
                            && !text.starts_with(|c: char| c.is_ascii_digit()) =>
                        {
                            Redirect::Into {
                                descriptor: 0,
                                append: false,
                                file: target,
                            }
                        }
                        None => {
                            return Err(SyntaxError::Wrong(format!("{text}: bad file descriptor")));
                        }
                    },
                    None => return Err(SyntaxError::Wrong("bad file descriptor".to_owned())),
                }
            }
            "&>" | "&>>" => Redirect::Into {
                descriptor: 0,
                append: operator == "&>>",
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

fn is_function_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    !text.is_empty() && text.chars().all(fits) && !text.starts_with('-')
}

/// Commands whose arguments are assignments.
pub fn declares(name: &str) -> bool {
    ["declare", "export", "local", "readonly", "typeset"].contains(&name)
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
            "echo ${a:-b",
            "echo $((1+",
            "cat <<EOF\na",
            "for i in 1 2; do",
            "if true; then echo",
            "case x in",
            "case x in a) b",
            "f() {",
            "[[ a ==",
            "a &&",
            "a |",
        ] {
            assert!(is_incomplete(text), "{text}");
        }
        for text in [
            "a ; ; b",
            "done",
            "| a",
            "a )",
            "echo ${a b}",
            "f() echo",
            "&",
            "a & & b",
            "a >&9",
            "esac",
        ] {
            assert!(
                matches!(parse(text), Err(SyntaxError::Wrong(_))),
                "{text}: {:?}",
                parse(text)
            );
        }
    }

    #[test]
    fn joints_and_pipes() {
        let script = parse("a 1 | b && c || d; e & # comment").unwrap();
        let [first, second] = script.0.as_slice() else {
            panic!("{script:?}");
        };
        let joints: Vec<Joint> = first.list.iter().map(|(j, _)| *j).collect();
        assert_eq!(joints, [Joint::Always, Joint::IfSucceeded, Joint::IfFailed]);
        assert_eq!(first.list[0].1.commands.len(), 2);
        assert_eq!(first.text, "a 1 | b && c || d");
        assert_eq!((second.background, second.text.as_str()), (true, "e"));
    }

    #[test]
    fn aliases_stand_for_commands_and_do_not_run_in_circles() {
        let aliases = Aliases::from([
            ("k".to_owned(), "kubectl -n x".to_owned()),
            ("kubectl".to_owned(), "kubectl --as=me".to_owned()),
            ("a".to_owned(), "b".to_owned()),
            ("b".to_owned(), "a".to_owned()),
        ]);
        let words = |text: &str| {
            let script = parse_with(text, &aliases).unwrap();
            match &script.0[0].list[0].1.commands[0].body {
                Body::Simple { words, .. } => words
                    .iter()
                    .map(|w| plain(w).unwrap_or_default().to_owned())
                    .collect::<Vec<_>>()
                    .join(" "),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(words("k get k"), "kubectl --as=me -n x get k");
        assert_eq!(words("kubectl get"), "kubectl --as=me get");
        assert_eq!(words("a 1"), "a 1");
        assert_eq!(words("'k' get"), "k get".replace("k ", " "));
    }
}
