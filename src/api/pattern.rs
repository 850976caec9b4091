//! Regular expressions, of the shell and of the schemas of custom resources, matched by
//! backtracking with a bound on the effort.

#[derive(Debug)]
enum Node {
    Char(char),
    Any,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    Start,
    End,
    /// The end, or the line break that ends the text.
    LastEnd,
    /// Between a letter of a word and something else, or not.
    Word(bool),
    /// What a group took, again.
    Again(usize),
    /// A group with its number, and its alternatives.
    Group(usize, Vec<Vec<Node>>),
    /// What stands here, without being taken; or what does not.
    Ahead(bool, Vec<Vec<Node>>),
    /// What stands before this.
    Behind(bool, Vec<Vec<Node>>),
    Repeat {
        node: Box<Node>,
        least: usize,
        most: usize,
        lazy: bool,
    },
}

/// How an expression of Perl's kind is read.
#[derive(Clone, Copy, Default)]
pub struct Syntax {
    pub ignore_case: bool,
    /// A dot is a line break, too.
    pub dot_all: bool,
    /// Blanks and comments in the expression are none of it.
    pub blanks: bool,
}

/// The number of a group that is not counted.
const UNCOUNTED: usize = usize::MAX;

/// A compiled expression.
#[derive(Debug)]
pub struct Pattern {
    alternatives: Vec<Vec<Node>>,
    groups: usize,
    /// The names of the groups, in order.
    names: Vec<Option<String>>,
    ignore_case: bool,
}

/// Where a match and its groups lie, in characters.
pub type Captures = Vec<Option<(usize, usize)>>;

/// A match gives up after this many steps.
const MOST_STEPS: usize = 200_000;
const DEEPEST: usize = 20;

impl Pattern {
    /// Compiles a basic expression, or an extended one, in which `+ ? | ( )` need no backslash.
    pub fn compile(text: &str, extended: bool, ignore_case: bool) -> Result<Pattern, String> {
        let syntax = Syntax {
            ignore_case,
            ..Syntax::default()
        };
        Pattern::read(text, extended, None, syntax)
    }

    /// Compiles an expression as Perl knows them: lazy repetitions, named groups, looks ahead and behind.
    pub fn perl(text: &str, syntax: Syntax) -> Result<Pattern, String> {
        Pattern::read(text, true, Some(syntax), syntax)
    }

    fn read(
        text: &str,
        extended: bool,
        perl: Option<Syntax>,
        syntax: Syntax,
    ) -> Result<Pattern, String> {
        let chars: Vec<char> = text.chars().collect();
        let mut compiler = Compiler {
            chars: &chars,
            at: 0,
            extended,
            perl,
            groups: 0,
            names: Vec::new(),
            ignore_case: syntax.ignore_case,
            depth: 0,
        };
        let alternatives = compiler.alternatives()?;
        if compiler.at < chars.len() {
            return Err("Unmatched ) or \\)".to_owned());
        }
        Ok(Pattern {
            alternatives,
            groups: compiler.groups,
            names: compiler.names,
            ignore_case: compiler.ignore_case,
        })
    }

    /// The names of the groups, in order.
    pub fn names(&self) -> &[Option<String>] {
        &self.names
    }

    /// The text itself, whatever is in it.
    pub fn literal(text: &str, ignore_case: bool) -> Pattern {
        Pattern {
            alternatives: vec![text.chars().map(Node::Char).collect()],
            groups: 0,
            names: Vec::new(),
            ignore_case,
        }
    }

    /// The first match at or after `from`.
    pub fn find(&self, text: &[char], from: usize) -> Option<Captures> {
        let mut steps = 0;
        for start in from..=text.len() {
            let mut matcher = Matcher {
                text,
                ignore_case: self.ignore_case,
                captures: vec![None; self.groups + 1],
                steps: &mut steps,
            };
            let mut end = None;
            for alternative in &self.alternatives {
                let found = matcher.sequence(alternative, start, &mut |_, at| {
                    end = Some(at);
                    true
                });
                if found {
                    break;
                }
            }
            if let Some(end) = end {
                let mut captures = matcher.captures;
                if let Some(whole) = captures.first_mut() {
                    *whole = Some((start, end));
                }
                return Some(captures);
            }
            if steps > MOST_STEPS {
                return None;
            }
        }
        None
    }

    pub fn is_match(&self, line: &str) -> bool {
        let chars: Vec<char> = line.chars().collect();
        self.find(&chars, 0).is_some()
    }
}

struct Compiler<'t> {
    chars: &'t [char],
    at: usize,
    extended: bool,
    perl: Option<Syntax>,
    groups: usize,
    names: Vec<Option<String>>,
    ignore_case: bool,
    depth: usize,
}

impl Compiler<'_> {
    /// The next character, and whether it is an operator rather than itself.
    fn peek(&self) -> Option<(char, bool, usize)> {
        let c = *self.chars.get(self.at)?;
        if c == '\\' {
            let next = *self.chars.get(self.at + 1)?;
            let special = !self.extended && matches!(next, '(' | ')' | '|' | '+' | '?' | '{' | '}');
            return Some((next, special, 2));
        }
        let special = match c {
            '.' | '[' | '*' | '^' | '$' => true,
            '(' | ')' | '|' | '+' | '?' | '{' => self.extended,
            _ => false,
        };
        Some((c, special, 1))
    }

    fn alternatives(&mut self) -> Result<Vec<Vec<Node>>, String> {
        let mut out = vec![Vec::new()];
        while let Some((c, special, width)) = self.peek() {
            if self.perl.is_some_and(|p| p.blanks) && width == 1 {
                if c.is_whitespace() {
                    self.at += 1;
                    continue;
                }
                if c == '#' {
                    let rest = self.chars.iter().skip(self.at);
                    self.at += rest.take_while(|c| **c != '\n').count();
                    continue;
                }
            }
            match (c, special) {
                (')', true) => break,
                ('|', true) => {
                    self.at += width;
                    out.push(Vec::new());
                }
                _ => {
                    let first = out.last().is_none_or(Vec::is_empty);
                    let node = self.node(c, special, width, first)?;
                    let node = self.repeated(node)?;
                    if let Some(last) = out.last_mut() {
                        last.push(node);
                    }
                }
            }
        }
        Ok(out)
    }

    fn node(&mut self, c: char, special: bool, width: usize, first: bool) -> Result<Node, String> {
        self.at += width;
        if !special {
            return Ok(match (c, width) {
                ('s' | 'w' | 'd', 2) => class(false, named(c)),
                ('S' | 'W' | 'D', 2) => class(true, named(c.to_ascii_lowercase())),
                ('n', 2) => Node::Char('\n'),
                ('t', 2) => Node::Char('\t'),
                ('1'..='9', 2) => Node::Again(c as usize - '0' as usize),
                ('b', 2) => Node::Word(true),
                ('B', 2) => Node::Word(false),
                ('<' | '>', 2) => Node::Word(true),
                ('r', 2) if self.perl.is_some() => Node::Char('\r'),
                ('f', 2) if self.perl.is_some() => Node::Char('\u{c}'),
                ('v', 2) if self.perl.is_some() => Node::Char('\u{b}'),
                ('A', 2) if self.perl.is_some() => Node::Start,
                ('z', 2) if self.perl.is_some() => Node::End,
                ('Z', 2) if self.perl.is_some() => Node::LastEnd,
                ('h', 2) if self.perl.is_some() => {
                    class(false, &[('0', '9'), ('a', 'f'), ('A', 'F')])
                }
                ('x', 2) if self.perl.is_some() => {
                    let digits: String = self.chars.iter().skip(self.at).take(2).collect();
                    let code = u8::from_str_radix(&digits, 16)
                        .map_err(|_| "too short escape sequence".to_owned())?;
                    self.at += 2;
                    Node::Char(char::from(code))
                }
                _ => Node::Char(c),
            });
        }
        Ok(match c {
            '.' if self.perl.is_some_and(|p| !p.dot_all) => class(true, &[('\n', '\n')]),
            '.' => Node::Any,
            '^' if first || self.extended => Node::Start,
            '$' if self.perl.is_some() => Node::LastEnd,
            '$' if self.extended || self.ends_here() => Node::End,
            '[' => self.class()?,
            '(' => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err("Regular expression too big".to_owned());
                }
                let look = match self.perl.is_some() {
                    true => self.special_group()?,
                    false => None,
                };
                let number = match look {
                    None if self.chars.get(self.at) == Some(&')') && self.flags_only() => {
                        self.depth -= 1;
                        self.at += 1;
                        return Ok(Node::Group(UNCOUNTED, vec![Vec::new()]));
                    }
                    None if self.uncounted() => UNCOUNTED,
                    None => {
                        self.groups += 1;
                        let name = self.group_name();
                        self.names.push(name);
                        self.groups
                    }
                    Some(_) => UNCOUNTED,
                };
                let inside = self.alternatives()?;
                match self.peek() {
                    Some((')', true, width)) => self.at += width,
                    _ if self.perl.is_some() => {
                        return Err("end pattern with unmatched parenthesis".to_owned());
                    }
                    _ => return Err("Unmatched ( or \\(".to_owned()),
                }
                self.depth -= 1;
                match look {
                    None => Node::Group(number, inside),
                    Some((true, negative)) => Node::Ahead(negative, inside),
                    Some((false, negative)) => Node::Behind(negative, inside),
                }
            }
            '*' if first && self.perl.is_none() => Node::Char('*'),
            '*' | '+' | '?' if self.perl.is_some() => {
                return Err("target of repeat operator is not specified".to_owned());
            }
            '*' | '+' | '?' => return Err("Invalid preceding regular expression".to_owned()),
            c => Node::Char(c),
        })
    }

    fn ahead(&self, text: &str) -> bool {
        let mut chars = self.chars.iter().skip(self.at);
        text.chars().all(|c| chars.next() == Some(&c))
    }

    /// Whether a group looks ahead (or behind), and whether for what is not there.
    fn special_group(&mut self) -> Result<Option<(bool, bool)>, String> {
        let looks = [
            ("?=", true, false),
            ("?!", true, true),
            ("?<=", false, false),
            ("?<!", false, true),
        ];
        for (lead, ahead, negative) in looks {
            if self.ahead(lead) {
                self.at += lead.len();
                return Ok(Some((ahead, negative)));
            }
        }
        Ok(None)
    }

    /// `(?i)`: flags that hold for all of the expression; the parenthesis that closes it is next.
    fn flags_only(&self) -> bool {
        let behind = self.chars.get(..self.at).unwrap_or_default();
        let open = behind.iter().rposition(|c| *c == '(');
        open.is_some_and(|open| behind.get(open + 1) == Some(&'?'))
    }

    /// A group that takes no number: `(?:`, and flags such as `(?i:`.
    fn uncounted(&mut self) -> bool {
        if !self.extended || !self.ahead("?") || self.ahead("?<") || self.ahead("?P<") {
            return false;
        }
        let before = self.at;
        self.at += 1;
        let mut on = true;
        while let Some(c) = self.chars.get(self.at).copied() {
            match c {
                ':' | '>' => {
                    self.at += 1;
                    return true;
                }
                ')' => return true,
                '-' => on = false,
                'i' if self.perl.is_some() => self.ignore_case = on,
                'm' | 's' | 'x' if self.perl.is_some() => {
                    if let Some(perl) = &mut self.perl {
                        match c {
                            'x' => perl.blanks = on,
                            _ => perl.dot_all = on,
                        }
                    }
                }
                _ => break,
            }
            self.at += 1;
        }
        self.at = before;
        false
    }

    /// The name in `(?<name>`.
    fn group_name(&mut self) -> Option<String> {
        self.perl?;
        let lead = ["?<", "?P<"].into_iter().find(|lead| self.ahead(lead))?;
        let begin = self.at + lead.len();
        let rest = self.chars.get(begin..)?;
        let end = rest.iter().position(|c| *c == '>')?;
        self.at = begin + end + 1;
        Some(rest.get(..end)?.iter().collect())
    }

    fn ends_here(&self) -> bool {
        match self.peek() {
            None => true,
            Some((c, special, _)) => special && matches!(c, ')' | '|'),
        }
    }

    fn repeated(&mut self, mut node: Node) -> Result<Node, String> {
        while let Some((c, true, width)) = self.peek() {
            let (least, most) = match c {
                '*' => (0, usize::MAX),
                '+' => (1, usize::MAX),
                '?' => (0, 1),
                '{' if self.perl.is_some() && !self.bounds_ahead() => break,
                '{' => {
                    let rest: String = self.chars.iter().skip(self.at + width).take(12).collect();
                    let end = rest.find('}').ok_or("Unmatched { or \\{")?;
                    let bounds = rest.get(..end).unwrap_or_default().trim_end_matches('\\');
                    let (least, most) = bounds.split_once(',').unwrap_or((bounds, bounds));
                    let bad = |_| "Invalid content of \\{\\}".to_owned();
                    let least: usize = match least {
                        "" if self.perl.is_some() => 0,
                        least => least.parse().map_err(bad)?,
                    };
                    let most = match most {
                        "" => usize::MAX,
                        most => most.parse().map_err(bad)?,
                    };
                    self.at += end + 1;
                    (least, most)
                }
                _ => break,
            };
            self.at += width;
            if least > 255 {
                return Err("Regular expression too big".to_owned());
            }
            let lazy = self.perl.is_some() && self.ahead("?");
            // What gives nothing back is taken as what does.
            let more = lazy || self.perl.is_some() && self.ahead("+");
            self.at += usize::from(more);
            node = Node::Repeat {
                node: Box::new(node),
                least,
                most,
                lazy,
            };
        }
        Ok(node)
    }

    /// Whether a brace begins bounds: otherwise it is itself.
    fn bounds_ahead(&self) -> bool {
        let rest = self.chars.iter().skip(self.at + 1);
        let inside: String = rest.take_while(|c| **c != '}').take(12).collect();
        let plain = inside.chars().all(|c| c.is_ascii_digit() || c == ',');
        plain && inside.chars().any(|c| c.is_ascii_digit())
    }

    fn class(&mut self) -> Result<Node, String> {
        let mut ranges = Vec::new();
        let negated = self.chars.get(self.at) == Some(&'^');
        self.at += usize::from(negated);
        let mut first = true;
        loop {
            let Some(&c) = self.chars.get(self.at) else {
                return Err("Unmatched [, [^, [:, [., or [=".to_owned());
            };
            self.at += 1;
            if c == ']' && !first {
                return Ok(Node::Class { negated, ranges });
            }
            first = false;
            if c == '\\' && self.extended {
                let next = self.chars.get(self.at).copied().unwrap_or(c);
                if self.perl.is_some() && named(next).is_empty() {
                    self.at += 1;
                    let c = match next {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        'f' => '\u{c}',
                        'b' => '\u{8}',
                        next => next,
                    };
                    ranges.push((c, c));
                    continue;
                }
                match named(next) {
                    // Not a class of its own: the character after the backslash, or both.
                    [] if next.is_ascii_punctuation() => {
                        self.at += 1;
                        ranges.push((next, next));
                        ranges.push((c, c));
                    }
                    [] => ranges.push((c, c)),
                    inside => {
                        self.at += 1;
                        ranges.extend_from_slice(inside);
                    }
                }
                continue;
            }
            if c == '[' && self.chars.get(self.at) == Some(&':') {
                let rest: String = self.chars.iter().skip(self.at + 1).take(12).collect();
                let end = rest.find(":]").ok_or("Unmatched [, [^, [:, [., or [=")?;
                let named: &[(char, char)] = match rest.get(..end).unwrap_or_default() {
                    "digit" => &[('0', '9')],
                    "alpha" => &[('a', 'z'), ('A', 'Z')],
                    "alnum" => &[('a', 'z'), ('A', 'Z'), ('0', '9')],
                    "lower" => &[('a', 'z')],
                    "upper" => &[('A', 'Z')],
                    "space" => &[(' ', ' '), ('\t', '\r')],
                    "blank" => &[(' ', ' '), ('\t', '\t')],
                    "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
                    "xdigit" => &[('0', '9'), ('a', 'f'), ('A', 'F')],
                    "cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
                    "print" => &[(' ', '~')],
                    "graph" => &[('!', '~')],
                    "word" => &[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')],
                    _ => return Err("Invalid character class name".to_owned()),
                };
                ranges.extend_from_slice(named);
                self.at += end + 3;
                continue;
            }
            match (self.chars.get(self.at), self.chars.get(self.at + 1)) {
                (Some('-'), Some(&last)) if last != ']' => {
                    ranges.push((c, last));
                    self.at += 2;
                }
                _ => ranges.push((c, c)),
            }
        }
    }
}

/// The characters of `\s`, `\w` and `\d`; none for other letters.
fn named(letter: char) -> &'static [(char, char)] {
    match letter {
        's' => &[(' ', ' '), ('\t', '\t'), ('\n', '\n'), ('\r', '\r')],
        'w' => &[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')],
        'd' => &[('0', '9')],
        _ => &[],
    }
}

fn class(negated: bool, ranges: &[(char, char)]) -> Node {
    Node::Class {
        negated,
        ranges: ranges.to_vec(),
    }
}

struct Matcher<'t> {
    text: &'t [char],
    ignore_case: bool,
    captures: Captures,
    steps: &'t mut usize,
}

type Then<'n, 't> = &'n mut dyn FnMut(&mut Matcher<'t>, usize) -> bool;

impl<'t> Matcher<'t> {
    fn sequence(&mut self, nodes: &[Node], at: usize, then: Then<'_, 't>) -> bool {
        *self.steps += 1;
        if *self.steps > MOST_STEPS {
            return false;
        }
        let Some((first, rest)) = nodes.split_first() else {
            return then(self, at);
        };
        match first {
            Node::Group(number, alternatives) => {
                let before = self.captures.get(*number).copied().flatten();
                for alternative in alternatives {
                    let found = self.sequence(alternative, at, &mut |m, end| {
                        if let Some(capture) = m.captures.get_mut(*number) {
                            *capture = Some((at, end));
                        }
                        m.sequence(rest, end, then)
                    });
                    if found {
                        return true;
                    }
                }
                if let Some(capture) = self.captures.get_mut(*number) {
                    *capture = before;
                }
                false
            }
            Node::Repeat {
                node,
                least,
                most,
                lazy,
            } => match &**node {
                Node::Group(..)
                | Node::Repeat { .. }
                | Node::Again(_)
                | Node::Ahead(..)
                | Node::Behind(..) => {
                    self.repeat_deep(node, (*least, *most, *lazy), rest, at, then, 0)
                }
                single if *lazy => {
                    let mut count = 0;
                    loop {
                        if count >= *least && self.sequence(rest, at + count, then) {
                            return true;
                        }
                        if count == *most || !self.single(single, at + count) {
                            return false;
                        }
                        count += 1;
                    }
                }
                single => {
                    // Single characters need no stack: take as many as there are, then give back.
                    let mut count = 0;
                    while count < *most && self.single(single, at + count) {
                        count += 1;
                    }
                    loop {
                        if count < *least {
                            return false;
                        }
                        if self.sequence(rest, at + count, then) {
                            return true;
                        }
                        if count == 0 {
                            return false;
                        }
                        count -= 1;
                    }
                }
            },
            Node::Start => at == 0 && self.sequence(rest, at, then),
            Node::End => at == self.text.len() && self.sequence(rest, at, then),
            Node::LastEnd => {
                let left = self.text.get(at..).unwrap_or_default();
                matches!(left, [] | ['\n']) && self.sequence(rest, at, then)
            }
            Node::Word(wanted) => {
                let word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() || *c == '_');
                let before = word(at.checked_sub(1).and_then(|at| self.text.get(at)));
                let edge = before != word(self.text.get(at));
                edge == *wanted && self.sequence(rest, at, then)
            }
            Node::Again(number) => {
                let span = self.captures.get(*number).copied().flatten();
                let Some((from, to)) = span else {
                    return false;
                };
                let length = to - from;
                let (Some(again), Some(here)) =
                    (self.text.get(from..to), self.text.get(at..at + length))
                else {
                    return false;
                };
                again == here && self.sequence(rest, at + length, then)
            }
            Node::Ahead(negative, alternatives) => {
                let mut fits = false;
                for alternative in alternatives {
                    fits |= self.sequence(alternative, at, &mut |_, _| true);
                }
                fits != *negative && self.sequence(rest, at, then)
            }
            Node::Behind(negative, alternatives) => {
                let mut fits = false;
                for alternative in alternatives {
                    for from in (0..=at).rev() {
                        fits |= self.sequence(alternative, from, &mut |_, end| end == at);
                        if fits || *self.steps > MOST_STEPS {
                            break;
                        }
                    }
                }
                fits != *negative && self.sequence(rest, at, then)
            }
            single => self.single(single, at) && self.sequence(rest, at + 1, then),
        }
    }

    fn repeat_deep(
        &mut self,
        node: &Node,
        bounds: (usize, usize, bool),
        rest: &[Node],
        at: usize,
        then: Then<'_, 't>,
        count: usize,
    ) -> bool {
        let (least, most, lazy) = bounds;
        if lazy && count >= least && self.sequence(rest, at, then) {
            return true;
        }
        // A group may repeat this often; more would only deepen the stack.
        if count < most.min(200) {
            let once = std::slice::from_ref(node);
            let found = self.sequence(once, at, &mut |m, end| {
                end > at && m.repeat_deep(node, bounds, rest, end, then, count + 1)
            });
            if found {
                return true;
            }
        }
        !lazy && count >= least && self.sequence(rest, at, then)
    }

    fn single(&self, node: &Node, at: usize) -> bool {
        let Some(&c) = self.text.get(at) else {
            return false;
        };
        let fold = |c: char| match self.ignore_case {
            true => c.to_ascii_lowercase(),
            false => c,
        };
        match node {
            Node::Any => true,
            Node::Char(wanted) => fold(c) == fold(*wanted),
            Node::Class { negated, ranges } => {
                let inside = |c: char| ranges.iter().any(|(a, b)| (*a..=*b).contains(&c));
                let found = inside(c)
                    || self.ignore_case
                        && (inside(c.to_ascii_lowercase()) || inside(c.to_ascii_uppercase()));
                found != *negated
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, Syntax};

    #[test]
    fn basic_and_extended() {
        for (pattern, extended, text, expected) in [
            ("a.c", false, "xabcx", true),
            ("^a*b$", false, "aaab", true),
            ("^a*b$", false, "aaabc", false),
            ("a+", false, "a+", true),
            ("a+$", true, "baaa", true),
            ("(ab|cd)+e", true, "abcde", true),
            ("\\(ab\\)*c", false, "ababc", true),
            ("[^0-9]$", false, "12a", true),
            ("[[:digit:]]{2}", true, "a12", true),
            ("^status", false, "  status", false),
            ("\\(a\\)b\\1", false, "aba", true),
            ("\\bfoo\\b", true, "a foo.", true),
            ("\\bfoo\\b", true, "afoo", false),
            ("[[:punct:]]", true, "a.b", true),
        ] {
            let compiled = Pattern::compile(pattern, extended, false).unwrap();
            assert_eq!(compiled.is_match(text), expected, "{pattern} {text}");
        }
        assert!(Pattern::compile("(", true, false).is_err());
        assert!(Pattern::compile("[a", false, false).is_err());
    }

    #[test]
    fn expressions_of_perl() {
        for (pattern, text, expected) in [
            ("a+?", "aaa", Some((0, 1))),
            ("(?:ab)+", "abab", Some((0, 4))),
            ("(?<y>[0-9]{2,})-", "x123-", Some((1, 5))),
            ("foo(?=bar)", "foobar", Some((0, 3))),
            ("foo(?!bar)", "foobar", None),
            ("(?<=\\$)\\d+", "a$12", Some((2, 4))),
            ("(?i)ABC", "xabc", Some((1, 4))),
            ("a.c", "a\nc", None),
            ("a$", "a\n", Some((0, 1))),
            ("x{a}", "x{a}", Some((0, 4))),
            ("[^\\s\\]]+", "ab]", Some((0, 2))),
            ("(a|b)\\1", "abb", Some((1, 3))),
            ("\\x41", "A", Some((0, 1))),
        ] {
            let compiled = Pattern::perl(pattern, Syntax::default()).unwrap();
            let chars: Vec<char> = text.chars().collect();
            let found = compiled.find(&chars, 0).and_then(|spans| spans[0]);
            assert_eq!(found, expected, "{pattern} {text}");
        }
        for pattern in ["(", "*a", "[a", "a)", "\\x"] {
            assert!(
                Pattern::perl(pattern, Syntax::default()).is_err(),
                "{pattern}"
            );
        }
        let named = Pattern::perl("(?<a>x)(?:y)(z)", Syntax::default()).unwrap();
        assert_eq!(named.names(), [Some("a".to_owned()), None]);
    }

    #[test]
    fn a_hard_expression_gives_up() {
        let pattern = Pattern::compile("(a*)*b", true, false).unwrap();
        assert!(!pattern.is_match(&"a".repeat(60)));
    }
}
