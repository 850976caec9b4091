//! The grammar of expressions: from their text to a tree.

use super::ranges::{LAST, Ranges, fold, named, negated, posix};
use super::{Look, Node};

/// Groups nest no deeper than this.
const DEEPEST: usize = 60;
/// RE2's own bound of `{n,m}`.
const MOST_REPEATS: usize = 1000;

/// The tree of an expression.
pub(super) fn tree(chars: &[char]) -> Result<Node, String> {
    let mut parser = Parser {
        chars,
        at: 0,
        flags: Flags::default(),
        depth: 0,
    };
    let node = parser.alternatives()?;
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(format!("unexpected ): `{}`", parser.rest(0))),
    }
}

#[derive(Clone, Copy, Default)]
struct Flags {
    ignore_case: bool,
    many_lines: bool,
    dot_all: bool,
    ungreedy: bool,
}

struct Parser<'t> {
    chars: &'t [char],
    at: usize,
    flags: Flags,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn text(&self, from: usize, to: usize) -> String {
        let to = to.min(self.chars.len());
        self.chars
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .collect()
    }

    fn rest(&self, from: usize) -> String {
        self.text(from, self.chars.len())
    }

    fn alternatives(&mut self) -> Result<Node, String> {
        let mut branches = vec![self.sequence()?];
        while self.peek() == Some('|') {
            self.at += 1;
            branches.push(self.sequence()?);
        }
        Ok(match branches.len() {
            1 => branches.pop().unwrap_or(Node::Empty),
            _ => Node::Any(branches),
        })
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        // Where the last repetition began, while nothing came after it.
        let mut repeated: Option<usize> = None;
        while let Some(c) = self.peek() {
            let begin = self.at;
            match c {
                '|' | ')' => break,
                '*' | '+' | '?' => {
                    let bounds = match c {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.at += 1;
                    self.repeat(&mut nodes, bounds, begin, &mut repeated)?;
                    continue;
                }
                '{' => {
                    if let Some(bounds) = self.bounds()? {
                        self.repeat(&mut nodes, bounds, begin, &mut repeated)?;
                        continue;
                    }
                    self.at += 1;
                    nodes.push(self.literal('{'));
                }
                '(' => nodes.push(self.group()?),
                _ => nodes.push(self.single()?),
            }
            repeated = None;
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.pop().unwrap_or(Node::Empty),
            _ => Node::All(nodes),
        })
    }

    fn repeat(
        &mut self,
        nodes: &mut Vec<Node>,
        (least, most): (usize, Option<usize>),
        begin: usize,
        repeated: &mut Option<usize>,
    ) -> Result<(), String> {
        let mut greedy = !self.flags.ungreedy;
        if self.peek() == Some('?') {
            self.at += 1;
            greedy = !greedy;
        }
        if let Some(first) = *repeated {
            let both = self.text(first, self.at);
            return Err(format!("invalid nested repetition operator: `{both}`"));
        }
        let Some(node) = nodes.pop() else {
            let operator = self.text(begin, self.at);
            return Err(format!(
                "missing argument to repetition operator: `{operator}`"
            ));
        };
        *repeated = Some(begin);
        nodes.push(Node::Repeat {
            node: Box::new(node),
            least,
            most,
            greedy,
        });
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}`; nothing where the brace is itself.
    fn bounds(&mut self) -> Result<Option<(usize, Option<usize>)>, String> {
        let end = (self.at + 1..self.chars.len().min(self.at + 14))
            .find(|i| self.chars.get(*i) == Some(&'}'));
        let Some(end) = end else {
            return Ok(None);
        };
        let inside = self.text(self.at + 1, end);
        let (least, most) = match inside.split_once(',') {
            Some((least, "")) => (least, None),
            Some((least, most)) => (least, Some(most)),
            None => (&*inside, Some(&*inside)),
        };
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(least) || !most.is_none_or(digits) {
            return Ok(None);
        }
        let number = |t: &str| t.parse::<usize>().unwrap_or(usize::MAX);
        let (least, most) = (number(least), most.map(number));
        if least > MOST_REPEATS || most.is_some_and(|m| m > MOST_REPEATS || m < least) {
            return Err(format!("invalid repeat count: `{{{inside}}}`"));
        }
        self.at = end + 1;
        Ok(Some((least, most)))
    }

    fn group(&mut self) -> Result<Node, String> {
        let begin = self.at;
        self.at += 1;
        let outer = self.flags;
        if self.peek() == Some('?') {
            let named = self.text(begin, begin + 4) == "(?P<";
            let short = self.text(begin, begin + 3) == "(?<"
                && !matches!(self.chars.get(begin + 3), Some('=' | '!'));
            if named || short {
                let end = self.chars.iter().skip(begin).position(|c| *c == '>');
                let Some(end) = end else {
                    let rest = self.rest(begin);
                    return Err(format!("invalid named capture: `{rest}`"));
                };
                let name = self.text(begin + if named { 4 } else { 3 }, begin + end);
                if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                    let whole = self.text(begin, begin + end + 1);
                    return Err(format!("invalid named capture: `{whole}`"));
                }
                self.at = begin + end + 1;
            } else if !self.flags(begin)? {
                return Ok(Node::Empty);
            }
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("expression nests too deeply: `{}`", self.rest(0)));
        }
        let node = self.alternatives()?;
        if self.peek() != Some(')') {
            return Err(format!("missing closing ): `{}`", self.rest(0)));
        }
        self.at += 1;
        self.depth -= 1;
        self.flags = outer;
        Ok(node)
    }

    /// Reads `?flags:` or `?flags)`; whether a group follows.
    fn flags(&mut self, begin: usize) -> Result<bool, String> {
        self.at += 1;
        let mut on = true;
        let mut flags = self.flags;
        loop {
            let c = self.peek();
            self.at += 1;
            match c {
                Some('i') => flags.ignore_case = on,
                Some('m') => flags.many_lines = on,
                Some('s') => flags.dot_all = on,
                Some('U') => flags.ungreedy = on,
                Some('-') if on => on = false,
                Some(end @ (':' | ')')) => {
                    self.flags = flags;
                    return Ok(end == ':');
                }
                _ => {
                    let whole = self.text(begin, self.at);
                    return Err(format!("invalid or unsupported Perl syntax: `{whole}`"));
                }
            }
        }
    }

    fn literal(&self, c: char) -> Node {
        let mut ranges = vec![(c, c)];
        if self.flags.ignore_case {
            fold(&mut ranges);
        }
        Node::Class(ranges)
    }

    fn single(&mut self) -> Result<Node, String> {
        let Some(c) = self.peek() else {
            return Ok(Node::Empty);
        };
        self.at += 1;
        Ok(match c {
            '.' if self.flags.dot_all => Node::Class(vec![('\0', LAST)]),
            '.' => Node::Class(negated(&[('\n', '\n')])),
            '^' if self.flags.many_lines => Node::Look(Look::LineStart),
            '^' => Node::Look(Look::TextStart),
            '$' if self.flags.many_lines => Node::Look(Look::LineEnd),
            '$' => Node::Look(Look::TextEnd),
            '[' => self.class()?,
            '\\' => match self.peek() {
                Some('b') => self.look(Look::Word),
                Some('B') => self.look(Look::NotWord),
                Some('A') => self.look(Look::TextStart),
                Some('z') => self.look(Look::TextEnd),
                Some('Q') => {
                    self.at += 1;
                    let mut nodes = Vec::new();
                    while let Some(c) = self.peek() {
                        if self.text(self.at, self.at + 2) == "\\E" {
                            self.at += 2;
                            break;
                        }
                        self.at += 1;
                        nodes.push(self.literal(c));
                    }
                    Node::All(nodes)
                }
                _ => {
                    let mut ranges = self.escape()?;
                    if self.flags.ignore_case {
                        fold(&mut ranges);
                    }
                    Node::Class(ranges)
                }
            },
            c => self.literal(c),
        })
    }

    fn look(&mut self, look: Look) -> Node {
        self.at += 1;
        Node::Look(look)
    }

    /// What follows a backslash, inside a class or outside.
    fn escape(&mut self) -> Result<Ranges, String> {
        let begin = self.at - 1;
        let Some(c) = self.peek() else {
            return Err("trailing backslash at end of expression: ``".to_owned());
        };
        self.at += 1;
        let one = |c: char| Ok(vec![(c, c)]);
        match c {
            'a' => one('\u{7}'),
            'f' => one('\u{c}'),
            'n' => one('\n'),
            'r' => one('\r'),
            't' => one('\t'),
            'v' => one('\u{b}'),
            'd' | 's' | 'w' => Ok(named(c).to_vec()),
            'D' | 'S' | 'W' => Ok(negated(named(c.to_ascii_lowercase()))),
            'p' | 'P' => self.property(c == 'P', begin),
            'x' => {
                let digits = if self.peek() == Some('{') {
                    let end = self.chars.iter().skip(self.at).position(|c| *c == '}');
                    let end = self.at + end.unwrap_or(0);
                    let digits = self.text(self.at + 1, end);
                    self.at = end + 1;
                    digits
                } else {
                    let digits = self.text(self.at, self.at + 2);
                    self.at += 2;
                    digits
                };
                match u32::from_str_radix(&digits, 16)
                    .ok()
                    .and_then(char::from_u32)
                {
                    Some(c) => one(c),
                    None => {
                        let whole = self.text(begin, self.at);
                        Err(format!("invalid escape sequence: `{whole}`"))
                    }
                }
            }
            '0'..='7' if c == '0' || matches!(self.peek(), Some('0'..='7')) => {
                let mut value = c as u32 - '0' as u32;
                for _ in 0..2 {
                    match self.peek() {
                        Some(d @ '0'..='7') => {
                            value = value * 8 + (d as u32 - '0' as u32);
                            self.at += 1;
                        }
                        _ => break,
                    }
                }
                one(char::from_u32(value).unwrap_or('\0'))
            }
            c if !c.is_ascii_alphanumeric() && c.is_ascii() => one(c),
            _ => {
                let whole = self.text(begin, self.at);
                Err(format!("invalid escape sequence: `{whole}`"))
            }
        }
    }

    /// `\p{L}` and its like: the categories that the standard library can tell apart.
    fn property(&mut self, negative: bool, begin: usize) -> Result<Ranges, String> {
        let mut name: String = match self.peek() {
            Some('{') => {
                let end = self.chars.iter().skip(self.at).position(|c| *c == '}');
                let end = self.at + end.unwrap_or(0);
                let name = self.text(self.at + 1, end);
                self.at = end + 1;
                name
            }
            Some(c) => {
                self.at += 1;
                c.to_string()
            }
            None => String::new(),
        };
        let mut negative = negative;
        if let Some(rest) = name.strip_prefix('^') {
            negative = !negative;
            name = rest.to_owned();
        }
        let test: fn(char) -> bool = match &*name {
            "L" | "Letter" => char::is_alphabetic,
            "Lu" | "Upper" => char::is_uppercase,
            "Ll" | "Lower" => char::is_lowercase,
            "N" | "Nd" | "Nl" => char::is_numeric,
            "Z" | "Zs" => |c| c.is_whitespace() && !c.is_control(),
            "C" | "Cc" => char::is_control,
            "Any" => |_| true,
            _ => {
                let whole = self.text(begin, self.at);
                return Err(format!("invalid character class range: `{whole}`"));
            }
        };
        let mut ranges: Ranges = Vec::new();
        for c in ('\0'..=LAST).filter(|c| test(*c) != negative) {
            match ranges.last_mut() {
                Some((_, end)) if *end as u32 + 1 == c as u32 => *end = c,
                _ => ranges.push((c, c)),
            }
        }
        Ok(ranges)
    }

    fn class(&mut self) -> Result<Node, String> {
        let begin = self.at - 1;
        let negative = self.peek() == Some('^');
        self.at += usize::from(negative);
        let mut ranges: Ranges = Vec::new();
        let mut first = true;
        loop {
            let from = self.at;
            let Some(c) = self.peek() else {
                return Err(format!("missing closing ]: `{}`", self.rest(begin)));
            };
            if c == ']' && !first {
                self.at += 1;
                break;
            }
            first = false;
            if c == '[' && self.chars.get(self.at + 1) == Some(&':') {
                let rest = self.text(self.at + 2, self.at + 12);
                if let Some(end) = rest.find(":]") {
                    let name = rest.get(..end).unwrap_or_default();
                    let (inverse, bare) = match name.strip_prefix('^') {
                        Some(bare) => (true, bare),
                        None => (false, name),
                    };
                    let Some(class) = posix(bare) else {
                        return Err(format!("invalid character class range: `[:{name}:]`"));
                    };
                    match inverse {
                        true => ranges.extend(negated(class)),
                        false => ranges.extend_from_slice(class),
                    }
                    self.at += 4 + name.chars().count();
                    continue;
                }
            }
            let low = self.member()?;
            let range =
                self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|c| *c != ']');
            match (&*low, range) {
                ([(a, b)], true) if a == b => {
                    self.at += 1;
                    let high = self.member()?;
                    match &*high {
                        [(c, d)] if c == d && c >= a => ranges.push((*a, *c)),
                        _ => {
                            let whole = self.text(from, self.at);
                            return Err(format!("invalid character class range: `{whole}`"));
                        }
                    }
                }
                _ => ranges.extend(low),
            }
        }
        if self.flags.ignore_case {
            fold(&mut ranges);
        }
        Ok(Node::Class(match negative {
            true => negated(&ranges),
            false => ranges,
        }))
    }

    fn member(&mut self) -> Result<Ranges, String> {
        let Some(c) = self.peek() else {
            return Ok(Vec::new());
        };
        self.at += 1;
        match c {
            '\\' => self.escape(),
            c => Ok(vec![(c, c)]),
        }
    }
}
