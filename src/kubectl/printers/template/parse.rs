//! Nodes out of tokens.

use serde_json::Value;

use super::functions::FUNCTIONS;
pub use super::lex::Place;
use super::lex::{Failed, Piece, Token, number_of, pieces};
use crate::api::rfc3339::go_quote;

pub enum Node {
    Text(String),
    Print(Pipe),
    /// `{{$x := ...}}`, or `{{$x = ...}}` for one that is there.
    Assign {
        name: String,
        declares: bool,
        pipe: Pipe,
    },
    /// The variable that is declared for the body, if one is.
    If(Option<String>, Pipe, Vec<Node>, Vec<Node>),
    With(Option<String>, Pipe, Vec<Node>, Vec<Node>),
    Range {
        key: Option<String>,
        value: Option<String>,
        over: Pipe,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Template(String, Option<Pipe>, Place),
    Break,
    Continue,
}

/// Commands, each of which gets the result of the one before as its last argument.
pub type Pipe = Vec<Command>;

pub struct Command {
    pub operands: Vec<Operand>,
    pub place: Place,
}

pub struct Operand {
    pub what: What,
    pub place: Place,
}

pub enum What {
    Literal(String, Value),
    Dot,
    /// `.a.b`, relative to the dot.
    Field(Vec<String>),
    /// `$`, `$x.a`.
    Variable(String, Vec<String>),
    Function(String),
    Group(Pipe, Vec<String>),
}

/// As Go writes a node in its errors.
pub fn shown(what: &What) -> String {
    let path = |path: &[String]| {
        path.iter()
            .map(|name| format!(".{name}"))
            .collect::<String>()
    };
    match what {
        What::Literal(written, _) => written.clone(),
        What::Dot => ".".to_owned(),
        What::Field(names) => path(names),
        What::Variable(name, names) => format!("${name}{}", path(names)),
        What::Function(name) => name.clone(),
        What::Group(pipe, names) => format!("({}){}", shown_pipe(pipe), path(names)),
    }
}

pub fn shown_command(command: &Command) -> String {
    let words: Vec<String> = command.operands.iter().map(|o| shown(&o.what)).collect();
    words.join(" ")
}

pub fn shown_pipe(pipe: &Pipe) -> String {
    let commands: Vec<String> = pipe.iter().map(shown_command).collect();
    commands.join(" | ")
}

const DEEPEST: usize = 16;

type Named = Vec<(String, Vec<Node>)>;

/// The nodes of a template, and those of the templates that it defines.
pub fn parse(source: &str) -> Result<(Vec<Node>, Named), String> {
    whole(source).map_err(|(message, place)| {
        let before = source.get(..place).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        format!("template: output:{line}: {message}")
    })
}

fn whole(source: &str) -> Result<(Vec<Node>, Named), Failed> {
    let mut parser = Parser {
        pieces: pieces(source)?.into_iter(),
        depth: 0,
        ranges: 0,
        variables: vec![String::new()],
        named: Vec::new(),
        end: source.len(),
    };
    let (nodes, end) = parser.nodes()?;
    match end {
        None => Ok((nodes, parser.named)),
        Some(end) => Err((format!("unexpected {{{{{}}}}}", end.word), end.place)),
    }
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    depth: usize,
    /// How many loops are open.
    ranges: usize,
    /// The variables that are declared; the first is `$`.
    variables: Vec<String>,
    named: Named,
    /// The length of the source.
    end: Place,
}

/// The word that ended a block, with what followed it.
struct End {
    word: String,
    rest: Vec<(Token, Place)>,
    place: Place,
}

type Tokens<'t> = &'t [(Token, Place)];

impl Parser {
    fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, Failed>) -> Result<T, Failed> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(("blocks nest too deeply".to_owned(), self.end));
        }
        let done = f(self);
        self.depth -= 1;
        done
    }

    /// Nodes up to `end` or `else`; variables that are declared among them end there, too.
    fn nodes(&mut self) -> Result<(Vec<Node>, Option<End>), Failed> {
        self.deeper(|parser| {
            let declared = parser.variables.len();
            let mut nodes = Vec::new();
            let mut end = None;
            while let Some(piece) = parser.pieces.next() {
                let (tokens, behind) = match piece {
                    Piece::Text(text) => {
                        nodes.push(Node::Text(text));
                        continue;
                    }
                    Piece::Action(tokens, behind) => (tokens, behind),
                };
                let tokens = trimmed(&tokens);
                let place = tokens.first().map_or(behind, |(_, place)| *place);
                if let Some((Token::Word(word), _)) = tokens.first()
                    && ["end", "else"].contains(&word.as_str())
                {
                    let rest = trimmed(tokens.get(1..).unwrap_or_default()).to_vec();
                    end = Some(End {
                        word: word.clone(),
                        rest,
                        place,
                    });
                    break;
                }
                nodes.extend(parser.node(tokens, place)?);
            }
            parser.variables.truncate(declared);
            Ok((nodes, end))
        })
    }

    /// The node of an action; `None` for a definition.
    fn node(&mut self, tokens: Tokens<'_>, place: Place) -> Result<Option<Node>, Failed> {
        let (word, rest) = match tokens.split_first() {
            Some(((Token::Word(word), _), rest)) => (word.as_str(), trimmed(rest)),
            _ => ("", tokens),
        };
        let unexpected = |word: &str| (format!("unexpected {{{{{word}}}}}"), place);
        Ok(Some(match word {
            "if" | "with" => self.branch(word, rest, place)?,
            "range" => self.range(rest, place)?,
            "break" | "continue" => {
                if self.ranges == 0 {
                    return Err((format!("{{{{{word}}}}} outside {{{{range}}}}"), place));
                }
                match word {
                    "break" => Node::Break,
                    _ => Node::Continue,
                }
            }
            "template" | "define" | "block" => {
                let Some(((Token::Text(_, name), at), rest)) = rest.split_first() else {
                    return Err((format!("unexpected <{word}> in {word} clause"), place));
                };
                let (name, rest) = (name.clone(), trimmed(rest));
                let pipe = match (word, rest.is_empty()) {
                    ("define", true) | ("template", true) => None,
                    ("define", false) => return Err(unexpected("define clause")),
                    _ => Some(self.pipe(rest, &format!("{word} clause"), place)?),
                };
                if word == "template" {
                    return Ok(Some(Node::Template(name, pipe, *at)));
                }
                // A template sees its own dot and nothing of what is around it.
                let around = std::mem::replace(&mut self.variables, vec![String::new()]);
                let ranges = std::mem::take(&mut self.ranges);
                let (body, end) = self.nodes()?;
                self.variables = around;
                self.ranges = ranges;
                match end {
                    Some(end) if end.word == "end" => {}
                    Some(end) => return Err(unexpected(&end.word)),
                    None => return Err(("unexpected EOF".to_owned(), self.end)),
                }
                self.named.push((name.clone(), body));
                match word {
                    "define" => return Ok(None),
                    _ => Node::Template(name, pipe, *at),
                }
            }
            _ => match declaration(tokens) {
                Some((name, symbol, rest)) => {
                    let declares = symbol == ":=";
                    if !declares && !self.variables.contains(&name) {
                        return Err((format!("undefined variable \"${name}\""), place));
                    }
                    let pipe = self.pipe(rest, "command", place)?;
                    self.variables.push(name.clone());
                    Node::Assign {
                        name,
                        declares,
                        pipe,
                    }
                }
                None => Node::Print(self.pipe(tokens, "command", place)?),
            },
        }))
    }

    /// A body with its `else`, up to `end`.
    fn block(&mut self) -> Result<(Vec<Node>, Vec<Node>), Failed> {
        let (body, end) = self.nodes()?;
        let eof = ("unexpected EOF".to_owned(), self.end);
        match end {
            Some(end) if end.word == "else" => {
                if let Some(((Token::Word(word), place), rest)) = end.rest.split_first()
                    && (word == "if" || word == "with")
                {
                    // `else if` closes with the same `end`.
                    let node = self.branch(word, trimmed(rest), *place)?;
                    return Ok((body, vec![node]));
                }
                let (otherwise, end) = self.nodes()?;
                match end {
                    Some(end) if end.word == "end" => Ok((body, otherwise)),
                    Some(end) => Err((format!("unexpected {{{{{}}}}}", end.word), end.place)),
                    None => Err(eof),
                }
            }
            Some(_) => Ok((body, Vec::new())),
            None => Err(eof),
        }
    }

    fn branch(&mut self, word: &str, tokens: Tokens<'_>, place: Place) -> Result<Node, Failed> {
        self.deeper(|parser| {
            let declared = parser.variables.len();
            let (name, rest) = match declaration(tokens) {
                Some((name, ":=", rest)) => (Some(name), rest),
                _ => (None, tokens),
            };
            let condition = parser.pipe(rest, word, place)?;
            parser.variables.extend(name.clone());
            let (body, otherwise) = parser.block()?;
            parser.variables.truncate(declared);
            Ok(match word {
                "with" => Node::With(name, condition, body, otherwise),
                _ => Node::If(name, condition, body, otherwise),
            })
        })
    }

    fn range(&mut self, tokens: Tokens<'_>, place: Place) -> Result<Node, Failed> {
        let declared = self.variables.len();
        let solid: Vec<&(Token, Place)> = tokens.iter().filter(|t| t.0 != Token::Blank).collect();
        let (key, value, rest) = match solid.as_slice() {
            [
                (Token::Variable(key), _),
                (Token::Symbol(","), _),
                (Token::Variable(value), _),
                (Token::Symbol(":=" | "="), at),
                ..,
            ] => (Some(key.clone()), Some(value.clone()), after(tokens, *at)),
            [
                (Token::Variable(value), _),
                (Token::Symbol(":=" | "="), at),
                ..,
            ] => (None, Some(value.clone()), after(tokens, *at)),
            _ => (None, None, tokens),
        };
        let over = self.pipe(rest, "range", place)?;
        self.variables.extend(key.clone());
        self.variables.extend(value.clone());
        self.ranges += 1;
        let (body, otherwise) = self.block()?;
        self.ranges -= 1;
        self.variables.truncate(declared);
        Ok(Node::Range {
            key,
            value,
            over,
            body,
            otherwise,
        })
    }

    /// The commands of an action; `context` names what they are missing from.
    fn pipe(&self, tokens: Tokens<'_>, context: &str, place: Place) -> Result<Pipe, Failed> {
        let mut rest = tokens;
        let pipe = self.commands(&mut rest, 0, place)?;
        if let Some((_, place)) = rest.first() {
            return Err(("unexpected right paren".to_owned(), *place));
        }
        match pipe.is_empty() {
            true => Err((format!("missing value for {context}"), place)),
            false => Ok(pipe),
        }
    }

    /// Commands up to a closing parenthesis.
    fn commands(
        &self,
        tokens: &mut Tokens<'_>,
        depth: usize,
        place: Place,
    ) -> Result<Pipe, Failed> {
        if depth > DEEPEST {
            return Err(("expressions nest too deeply".to_owned(), place));
        }
        let mut pipe: Pipe = Vec::new();
        let mut operands: Vec<Operand> = Vec::new();
        let mut begin = None;
        // Behind the last bar nothing has to stand; a later command begins with something that can be called.
        let ended = |pipe: &mut Pipe,
                     operands: &mut Vec<Operand>,
                     begin: &mut Option<Place>|
         -> Result<(), Failed> {
            let Some(place) = begin.take() else {
                return Ok(());
            };
            let operands = std::mem::take(operands);
            let calls = !matches!(
                operands.first().map(|first| &first.what),
                Some(What::Literal(..) | What::Dot)
            );
            pipe.push(Command { operands, place });
            match calls || pipe.len() == 1 {
                true => Ok(()),
                false => Err((
                    format!("non executable command in pipeline stage {}", pipe.len()),
                    place,
                )),
            }
        };
        // Whether a field that comes now belongs to the operand before it.
        let mut joined = false;
        while let Some(((token, at), rest)) = tokens.split_first() {
            let at = *at;
            if *token == Token::Symbol(")") {
                if depth == 0 {
                    break;
                }
                *tokens = rest;
                ended(&mut pipe, &mut operands, &mut begin)?;
                return match pipe.is_empty() {
                    true => Err(("missing value for parenthesized pipeline".to_owned(), place)),
                    false => Ok(pipe),
                };
            }
            *tokens = rest;
            let what = match token {
                Token::Blank => {
                    joined = false;
                    continue;
                }
                Token::Symbol("|") if operands.is_empty() => {
                    return Err(("unexpected \"|\" in command".to_owned(), at));
                }
                Token::Symbol("|") => {
                    ended(&mut pipe, &mut operands, &mut begin)?;
                    joined = false;
                    continue;
                }
                Token::Symbol("(") if !joined => {
                    What::Group(self.commands(tokens, depth + 1, at)?, Vec::new())
                }
                Token::Symbol(symbol) => {
                    return Err((format!("unexpected {symbol:?} in operand"), at));
                }
                Token::Field(name) if joined && !name.is_empty() => {
                    if let Some(last) = operands.last_mut() {
                        // Go's node of a chain stands where the chain begins: at what follows the first part.
                        if !last.is_chain() {
                            last.place = at;
                        }
                        match &mut last.what {
                            What::Field(path) | What::Variable(_, path) | What::Group(_, path) => {
                                path.push(name.clone());
                            }
                            _ => {
                                return Err((
                                    format!(
                                        "unexpected . after term {}",
                                        go_quote(&shown(&last.what))
                                    ),
                                    at,
                                ));
                            }
                        }
                    }
                    continue;
                }
                // Between two operands stands a blank.
                token if joined => {
                    return Err((format!("unexpected {} in operand", told(token)), at));
                }
                Token::Field(name) if name.is_empty() => What::Dot,
                Token::Field(name) => What::Field(vec![name.clone()]),
                Token::Variable(name) => {
                    if !self.variables.contains(name) {
                        return Err((format!("undefined variable \"${name}\""), at));
                    }
                    What::Variable(name.clone(), Vec::new())
                }
                Token::Text(written, meaning) => {
                    What::Literal(written.clone(), Value::String(meaning.clone()))
                }
                Token::Number(written) => {
                    let value = number(written)
                        .ok_or_else(|| (format!("bad number syntax: {written:?}"), at))?;
                    What::Literal(written.clone(), value)
                }
                Token::Word(word) => match word.as_str() {
                    "true" | "false" => What::Literal(word.clone(), Value::Bool(word == "true")),
                    "nil" => What::Literal(word.clone(), Value::Null),
                    word if FUNCTIONS.contains(&word) => What::Function(word.to_owned()),
                    word => return Err((format!("function \"{word}\" not defined"), at)),
                },
            };
            joined = true;
            begin.get_or_insert(at);
            operands.push(Operand { what, place: at });
        }
        if depth > 0 {
            return Err(("unclosed left paren".to_owned(), self.end));
        }
        ended(&mut pipe, &mut operands, &mut begin)?;
        Ok(pipe)
    }
}

/// A token as Go's parser tells of it: keywords in angles, long ones in part.
fn told(token: &Token) -> String {
    let written = match token {
        Token::Field(name) if name.is_empty() => return "<.>".to_owned(),
        Token::Word(word) if word == "nil" => return "<nil>".to_owned(),
        Token::Field(name) => format!(".{name}"),
        Token::Variable(name) => format!("${name}"),
        Token::Text(written, _) | Token::Number(written) | Token::Word(written) => written.clone(),
        Token::Symbol(symbol) => (*symbol).to_owned(),
        Token::Blank => " ".to_owned(),
    };
    match written.char_indices().nth(10) {
        Some((end, _)) => format!("{}...", go_quote(written.get(..end).unwrap_or_default())),
        None => go_quote(&written),
    }
}

impl Operand {
    /// Whether it has more than one part already.
    fn is_chain(&self) -> bool {
        match &self.what {
            What::Field(path) => path.len() > 1,
            What::Variable(_, path) | What::Group(_, path) => !path.is_empty(),
            _ => false,
        }
    }
}

/// `$x := ...`: the name, the symbol, and what follows it.
fn declaration(tokens: Tokens<'_>) -> Option<(String, &'static str, Tokens<'_>)> {
    let mut solid = tokens.iter().filter(|t| t.0 != Token::Blank);
    match (solid.next(), solid.next()) {
        (Some((Token::Variable(name), _)), Some((Token::Symbol(symbol @ (":=" | "=")), at))) => {
            Some((name.clone(), symbol, after(tokens, *at)))
        }
        _ => None,
    }
}

/// The tokens behind the one at a place.
fn after(tokens: Tokens<'_>, place: Place) -> Tokens<'_> {
    let behind = tokens.iter().position(|(_, at)| *at > place);
    trimmed(
        tokens
            .get(behind.unwrap_or(tokens.len())..)
            .unwrap_or_default(),
    )
}

/// Without the blanks at the start and the end.
fn trimmed(tokens: Tokens<'_>) -> Tokens<'_> {
    let mut tokens = tokens;
    while let [(Token::Blank, _), rest @ ..] = tokens {
        tokens = rest;
    }
    while let [rest @ .., (Token::Blank, _)] = tokens {
        tokens = rest;
    }
    tokens
}

/// Go's numbers, which may be written to several bases, or as a character.
fn number(written: &str) -> Option<Value> {
    if let Some(number) = number_of(written) {
        return Some(number.into());
    }
    let plain = written.replace('_', "");
    let (negative, unsigned) = match plain.strip_prefix(['+', '-']) {
        Some(rest) => (plain.starts_with('-'), rest),
        None => (false, plain.as_str()),
    };
    let prefix = unsigned.get(..2).map(str::to_ascii_lowercase);
    let based = match prefix.as_deref() {
        Some("0x") => Some(16),
        Some("0o") => Some(8),
        Some("0b") => Some(2),
        _ => None,
    };
    let signed = |whole: i64| Value::from(if negative { -whole } else { whole });
    if let Some(radix) = based {
        let digits = unsigned.get(2..)?;
        return match i64::from_str_radix(digits, radix) {
            Ok(whole) => Some(signed(whole)),
            Err(_) => hexadecimal(digits).map(|n| if negative { -n } else { n }.into()),
        };
    }
    let octal = unsigned.len() > 1 && unsigned.starts_with('0');
    match (octal, unsigned.bytes().all(|b| b.is_ascii_digit())) {
        (true, true) => i64::from_str_radix(unsigned, 8).ok().map(signed),
        (false, true) => unsigned.parse().ok().map(signed),
        _ => serde_json::Number::from_f64(plain.parse().ok()?).map(Value::Number),
    }
}

/// `1.8p4`: digits to the base 16, and how often they are doubled.
fn hexadecimal(digits: &str) -> Option<f64> {
    let (mantissa, power) = digits.split_once(['p', 'P'])?;
    let power: i32 = power
        .parse()
        .ok()
        .filter(|power: &i32| power.abs() < 1000)?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = u64::from_str_radix(&format!("{whole}{part}"), 16).ok()?;
    let power = power - 4 * i32::try_from(part.len()).ok()?;
    let mut number = all as f64;
    for _ in 0..power.abs() {
        number = if power < 0 {
            number / 2.0
        } else {
            number * 2.0
        };
    }
    number.is_finite().then_some(number)
}
