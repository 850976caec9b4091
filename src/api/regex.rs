//! Regular expressions in the syntax of RE2, as Go's `regexp` reads them: what `pattern` in the schema of a
//! custom resource and `matches` in CEL mean.
//!
//! Matching simulates all threads of the program at once, so its time is bounded by the product of text and
//! program; there is no backtracking. Refusals are worded as `regexp/syntax` words them.

mod parse;
mod ranges;

use ranges::Ranges;

/// A program has no more instructions than this.
const LARGEST: usize = 20_000;
/// A search gives up after this many steps.
const MOST_STEPS: usize = 20_000_000;

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
        let node = parse::tree(&chars).map_err(wrapped)?;
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
