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
    /// A group with its number, and its alternatives.
    Group(usize, Vec<Vec<Node>>),
    Repeat {
        node: Box<Node>,
        least: usize,
        most: usize,
    },
}

/// A compiled expression.
#[derive(Debug)]
pub struct Pattern {
    alternatives: Vec<Vec<Node>>,
    groups: usize,
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
        let chars: Vec<char> = text.chars().collect();
        let mut compiler = Compiler {
            chars: &chars,
            at: 0,
            extended,
            groups: 0,
            depth: 0,
        };
        let alternatives = compiler.alternatives()?;
        if compiler.at < chars.len() {
            return Err("Unmatched ) or \\)".to_owned());
        }
        Ok(Pattern {
            alternatives,
            groups: compiler.groups,
            ignore_case,
        })
    }

    /// The text itself, whatever is in it.
    pub fn literal(text: &str, ignore_case: bool) -> Pattern {
        Pattern {
            alternatives: vec![text.chars().map(Node::Char).collect()],
            groups: 0,
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
    groups: usize,
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
                _ => Node::Char(c),
            });
        }
        Ok(match c {
            '.' => Node::Any,
            '^' if first || self.extended => Node::Start,
            '$' if self.extended || self.ends_here() => Node::End,
            '[' => self.class()?,
            '(' => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err("Regular expression too big".to_owned());
                }
                if self.extended && self.chars.get(self.at..self.at + 2) == Some(&['?', ':']) {
                    self.at += 2;
                }
                self.groups += 1;
                let number = self.groups;
                let inside = self.alternatives()?;
                match self.peek() {
                    Some((')', true, width)) => self.at += width,
                    _ => return Err("Unmatched ( or \\(".to_owned()),
                }
                self.depth -= 1;
                Node::Group(number, inside)
            }
            '*' if first => Node::Char('*'),
            '*' | '+' | '?' => return Err("Invalid preceding regular expression".to_owned()),
            c => Node::Char(c),
        })
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
                '{' => {
                    let rest: String = self.chars.iter().skip(self.at + width).take(12).collect();
                    let end = rest.find('}').ok_or("Unmatched { or \\{")?;
                    let bounds = rest.get(..end).unwrap_or_default().trim_end_matches('\\');
                    let (least, most) = bounds.split_once(',').unwrap_or((bounds, bounds));
                    let bad = |_| "Invalid content of \\{\\}".to_owned();
                    let least: usize = least.parse().map_err(bad)?;
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
            node = Node::Repeat {
                node: Box::new(node),
                least,
                most,
            };
        }
        Ok(node)
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
            Node::Repeat { node, least, most } => match &**node {
                Node::Group(..) | Node::Repeat { .. } => {
                    self.repeat_deep(node, *least, *most, rest, at, then, 0)
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
            single => self.single(single, at) && self.sequence(rest, at + 1, then),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn repeat_deep(
        &mut self,
        node: &Node,
        least: usize,
        most: usize,
        rest: &[Node],
        at: usize,
        then: Then<'_, 't>,
        count: usize,
    ) -> bool {
        // A group may repeat this often; more would only deepen the stack.
        if count < most.min(200) {
            let once = std::slice::from_ref(node);
            let found = self.sequence(once, at, &mut |m, end| {
                end > at && m.repeat_deep(node, least, most, rest, end, then, count + 1)
            });
            if found {
                return true;
            }
        }
        count >= least && self.sequence(rest, at, then)
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
    use super::Pattern;

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
        ] {
            let compiled = Pattern::compile(pattern, extended, false).unwrap();
            assert_eq!(compiled.is_match(text), expected, "{pattern} {text}");
        }
        assert!(Pattern::compile("(", true, false).is_err());
        assert!(Pattern::compile("[a", false, false).is_err());
    }

    #[test]
    fn a_hard_expression_gives_up() {
        let pattern = Pattern::compile("(a*)*b", true, false).unwrap();
        assert!(!pattern.is_match(&"a".repeat(60)));
    }
}
