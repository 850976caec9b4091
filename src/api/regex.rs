//! Regular expressions in the syntax of RE2, as Go's `regexp` reads them: what `pattern` in the schema of a
//! custom resource and `matches` in CEL mean.
//!
//! Matching simulates all threads of the program at once, so its time is bounded by the product of text and
//! program; there is no backtracking. Refusals are worded as `regexp/syntax` words them.

/// Groups nest no deeper than this.
const DEEPEST: usize = 60;
/// A program has no more instructions than this.
const LARGEST: usize = 20_000;
/// RE2's own bound of `{n,m}`.
const MOST_REPEATS: usize = 1000;
/// A search gives up after this many steps.
const MOST_STEPS: usize = 20_000_000;
const LAST: char = char::MAX;

type Ranges = Vec<(char, char)>;

enum Node {
    Empty,
    Class(Ranges),
    Look(Look),
    All(Vec<Node>),
    Any(Vec<Node>),
    Repeat {
        node: Box<Node>,
        least: usize,
        most: Option<usize>,
        greedy: bool,
    },
}

#[derive(Clone, Copy, PartialEq)]
enum Look {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    Word,
    NotWord,
}

enum Step {
    Class(Ranges),
    Look(Look),
    /// Goes on at the first, or else at the second.
    Split(usize, usize),
    Jump(usize),
    Match,
}

/// A compiled expression.
pub struct Regex {
    steps: Vec<Step>,
}

impl Regex {
    /// Compiles an expression.
    ///
    /// # Errors
    /// In the words of Go: ``error parsing regexp: missing closing ): `(a` ``.
    pub fn parse(text: &str) -> Result<Regex, String> {
        let chars: Vec<char> = text.chars().collect();
        let mut parser = Parser {
            chars: &chars,
            at: 0,
            flags: Flags::default(),
            depth: 0,
        };
        let node = parser.alternatives().map_err(wrapped)?;
        if parser.at < chars.len() {
            return Err(wrapped(format!("unexpected ): `{text}`")));
        }
        let mut steps = Vec::new();
        emit(&node, &mut steps).map_err(|()| wrapped(format!("expression too large: `{text}`")))?;
        steps.push(Step::Match);
        Ok(Regex { steps })
    }

    pub fn is_match(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.find(&chars, 0).is_some()
    }

    /// The leftmost match at or after `from`, in characters.
    pub fn find(&self, text: &[char], from: usize) -> Option<(usize, usize)> {
        let mut search = Search {
            steps: &self.steps,
            text,
            seen: vec![usize::MAX; self.steps.len()],
            stack: Vec::new(),
            spent: 0,
        };
        let mut threads: Vec<(usize, usize)> = Vec::new();
        let mut found = None;
        for at in from..=text.len() {
            let mut next = Vec::new();
            if found.is_none() {
                // A search that begins here comes after all that began before.
                threads.push((0, at));
            } else if threads.is_empty() {
                break;
            }
            // Threads stand at steps that were not yet followed at this place.
            let mut ready = Vec::new();
            for (step, start) in threads {
                search.follow(step, start, at, &mut ready);
            }
            for (step, start) in ready {
                match search.steps.get(step) {
                    Some(Step::Match) => {
                        found = Some((start, at));
                        break;
                    }
                    Some(Step::Class(ranges))
                        if text.get(at).is_some_and(|c| inside(ranges, *c)) =>
                    {
                        next.push((step + 1, start));
                    }
                    _ => {}
                }
            }
            if search.spent > MOST_STEPS {
                return found;
            }
            threads = next;
        }
        found
    }
}

fn wrapped(what: String) -> String {
    format!("error parsing regexp: {what}")
}

fn inside(ranges: &Ranges, c: char) -> bool {
    ranges.iter().any(|(a, b)| (*a..=*b).contains(&c))
}

struct Search<'p> {
    steps: &'p [Step],
    text: &'p [char],
    seen: Vec<usize>,
    stack: Vec<usize>,
    spent: usize,
}

impl Search<'_> {
    /// Adds the steps that consume a character, or match, and can be reached from `step`, in order of preference.
    fn follow(&mut self, step: usize, start: usize, at: usize, out: &mut Vec<(usize, usize)>) {
        self.stack.push(step);
        while let Some(step) = self.stack.pop() {
            self.spent += 1;
            match self.seen.get_mut(step) {
                Some(seen) if *seen != at => *seen = at,
                _ => continue,
            }
            match self.steps.get(step) {
                Some(Step::Jump(to)) => self.stack.push(*to),
                Some(Step::Split(first, second)) => {
                    self.stack.push(*second);
                    self.stack.push(*first);
                }
                Some(Step::Look(look)) if holds(*look, self.text, at) => {
                    self.stack.push(step + 1);
                }
                Some(Step::Class(_) | Step::Match) => out.push((step, start)),
                Some(Step::Look(_)) | None => {}
            }
        }
    }
}

fn holds(look: Look, text: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|i| text.get(i));
    let after = text.get(at);
    let word = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_');
    match look {
        Look::TextStart => at == 0,
        Look::TextEnd => at == text.len(),
        Look::LineStart => before.is_none_or(|c| *c == '\n'),
        Look::LineEnd => after.is_none_or(|c| *c == '\n'),
        Look::Word => word(before) != word(after),
        Look::NotWord => word(before) == word(after),
    }
}

fn emit(node: &Node, steps: &mut Vec<Step>) -> Result<(), ()> {
    if steps.len() > LARGEST {
        return Err(());
    }
    match node {
        Node::Empty => {}
        Node::Class(ranges) => steps.push(Step::Class(ranges.clone())),
        Node::Look(look) => steps.push(Step::Look(*look)),
        Node::All(nodes) => {
            for node in nodes {
                emit(node, steps)?;
            }
        }
        Node::Any(nodes) => {
            let mut ends = Vec::new();
            for (i, node) in nodes.iter().enumerate() {
                if i + 1 == nodes.len() {
                    emit(node, steps)?;
                    break;
                }
                let split = steps.len();
                steps.push(Step::Match);
                emit(node, steps)?;
                ends.push(steps.len());
                steps.push(Step::Match);
                let past = steps.len();
                set(steps, split, Step::Split(split + 1, past));
            }
            let end = steps.len();
            for at in ends {
                set(steps, at, Step::Jump(end));
            }
        }
        Node::Repeat {
            node,
            least,
            most,
            greedy,
        } => {
            for _ in 0..*least {
                emit(node, steps)?;
            }
            let fork = |into: usize, past: usize| match greedy {
                true => Step::Split(into, past),
                false => Step::Split(past, into),
            };
            match most {
                None => {
                    let split = steps.len();
                    steps.push(Step::Match);
                    emit(node, steps)?;
                    steps.push(Step::Jump(split));
                    let past = steps.len();
                    set(steps, split, fork(split + 1, past));
                }
                Some(most) => {
                    let mut splits = Vec::new();
                    for _ in *least..*most {
                        splits.push(steps.len());
                        steps.push(Step::Match);
                        emit(node, steps)?;
                    }
                    let end = steps.len();
                    for at in splits {
                        set(steps, at, fork(at + 1, end));
                    }
                }
            }
        }
    }
    Ok(())
}

fn set(steps: &mut [Step], at: usize, step: Step) {
    if let Some(place) = steps.get_mut(at) {
        *place = step;
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

/// The characters of `\d`, `\s` and `\w`.
fn named(letter: char) -> &'static [(char, char)] {
    match letter {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')],
        _ => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
    }
}

fn posix(name: &str) -> Option<&'static [(char, char)]> {
    Some(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\u{7f}')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}

/// All other characters.
fn negated(ranges: &[(char, char)]) -> Ranges {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let mut out = Vec::new();
    let mut from = Some('\0');
    for (a, b) in sorted {
        let Some(start) = from else { break };
        if start < a
            && let Some(before) = previous(a)
        {
            out.push((start, before));
        }
        from = next(b).map(|after| after.max(start));
    }
    if let Some(start) = from {
        out.push((start, LAST));
    }
    out
}

fn next(c: char) -> Option<char> {
    let mut range = c..=LAST;
    range.next();
    range.next()
}

fn previous(c: char) -> Option<char> {
    let mut range = '\0'..=c;
    range.next_back();
    range.next_back()
}

/// Adds the other case of every letter.
fn fold(ranges: &mut Ranges) {
    let mut more = Vec::new();
    for (a, b) in ranges.iter() {
        // Large ranges hold both cases already.
        for c in (*a..=*b).take(3000) {
            let mut add = |other: char| {
                if other != c {
                    more.push((other, other));
                }
            };
            c.to_lowercase().for_each(&mut add);
            c.to_uppercase().for_each(&mut add);
        }
    }
    ranges.append(&mut more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_match_as_re2_does() {
        for (pattern, text, expected) in [
            (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-b", true),
            (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-", false),
            (r"^\S+( \S+){4}$", "* * * * *", true),
            (r"^\S+( \S+){4}$", "* * * *", false),
            (r"\bfoo\b", "a foo b", true),
            (r"\bfoo\b", "afoo", false),
            (r"(?i)^HeLLo$", "hEllO", true),
            (r"^a.c$", "a\nc", false),
            (r"(?s)^a.c$", "a\nc", true),
            (r"(?m)^b$", "a\nb\nc", true),
            (r"^(?:\d{1,3}\.){3}\d{1,3}$", "10.0.0.255", true),
            (r"^[^/]+$", "a/b", false),
            (r"^\p{L}+$", "großÉ", true),
            (r"^[[:alpha:]]+$", "abc1", false),
            (r"^\Qa.b\E$", "a.b", true),
            (r"", "", true),
            (r"a|b|", "", true),
            (
                r"^(a*)*$",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
                false,
            ),
            (r"^x{2,3}$", "xxxx", false),
            (r"a{,3}", "a{,3}", true),
            (r"^[\w.-]+@[\w.-]+\.\w+$", "a.b@c.de", true),
            (r"^v[0-9]+((alpha|beta)[0-9]+)?$", "v1beta1", true),
        ] {
            let regex = Regex::parse(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
            assert_eq!(regex.is_match(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_leftmost_match_is_found_and_the_first_branch_preferred() {
        for (pattern, text, expected) in [
            ("a+", "baaa", Some((1, 4))),
            ("a+?", "baaa", Some((1, 2))),
            ("a|ab", "xab", Some((1, 2))),
            ("ab|a", "xab", Some((1, 3))),
            ("z", "abc", None),
            ("x*", "abc", Some((0, 0))),
        ] {
            let chars: Vec<char> = text.chars().collect();
            assert_eq!(
                Regex::parse(pattern).unwrap().find(&chars, 0),
                expected,
                "{pattern}"
            );
        }
    }

    #[test]
    fn refusals_are_worded_as_go_words_them() {
        for (pattern, expected) in [
            ("(a", "error parsing regexp: missing closing ): `(a`"),
            ("a)", "error parsing regexp: unexpected ): `a)`"),
            ("[a", "error parsing regexp: missing closing ]: `[a`"),
            (
                "*a",
                "error parsing regexp: missing argument to repetition operator: `*`",
            ),
            (
                "a**",
                "error parsing regexp: invalid nested repetition operator: `**`",
            ),
            (
                "(?=a)",
                "error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
            ),
            (
                "(?!a)",
                "error parsing regexp: invalid or unsupported Perl syntax: `(?!`",
            ),
            (
                r"\q",
                r"error parsing regexp: invalid escape sequence: `\q`",
            ),
            (
                r"(a)\1",
                r"error parsing regexp: invalid escape sequence: `\1`",
            ),
            (
                "[z-a]",
                "error parsing regexp: invalid character class range: `z-a`",
            ),
            (
                "a{1001}",
                "error parsing regexp: invalid repeat count: `{1001}`",
            ),
            (
                "a\\",
                "error parsing regexp: trailing backslash at end of expression: ``",
            ),
        ] {
            assert_eq!(
                Regex::parse(pattern).err().as_deref(),
                Some(expected),
                "{pattern}"
            );
        }
        assert!(Regex::parse(&"(".repeat(500)).is_err());
        assert!(Regex::parse("((a{1000}){1000}){1000}").is_err());
    }
}
