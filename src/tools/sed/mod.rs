//! `sed`: its commands with addresses and blocks, a hold space, and jumps.

mod parse;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use super::call::{Call, Output};
use crate::api::pattern::{Captures, Pattern};

enum Address {
    Line(usize),
    Last,
    /// `None` stands for the expression that was used last.
    Match(Option<Rc<Pattern>>),
    /// `first~step`
    Every {
        first: usize,
        step: usize,
    },
    /// So many lines behind the first.
    More(usize),
    /// Up to a line whose number is a multiple.
    Multiple(usize),
}

enum Action {
    Substitute {
        pattern: Option<Rc<Pattern>>,
        replacement: String,
        every: bool,
        /// Which one of several.
        which: usize,
        print: bool,
        file: Option<String>,
    },
    /// Letters for letters.
    Letters(Vec<char>, Vec<char>),
    /// A text before the line, behind it, in its place.
    Before(String),
    Behind(String),
    Change(String),
    /// What a file says, behind the line.
    Read(String),
    Write(String),
    Number,
    /// With what cannot be seen spelt out, in lines of so many letters.
    Plainly(usize),
    /// Up to the step that ends the block.
    Open(usize),
    Close,
    Label(String),
    Jump {
        /// `b`, or `t` and `T`: if something was substituted, or not.
        when: char,
        to: String,
        at: usize,
    },
    /// All of it, or its first line.
    Print {
        all: bool,
    },
    Delete,
    DeleteFirst,
    Next,
    AddNext,
    Hold {
        adds: bool,
    },
    Get {
        adds: bool,
    },
    Exchange,
    Empty,
    Quit {
        shows: bool,
        code: i32,
    },
}

struct Step {
    from: Option<Address>,
    to: Option<Address>,
    negated: bool,
    action: Action,
}

/// Whether the range of a step's addresses has begun, and where.
#[derive(Clone, Copy, Default)]
struct Range {
    inside: bool,
    begun: usize,
}

/// Between one line and the next no more steps are taken.
const MOST_STEPS: usize = 200_000;
/// Nor are more bytes looked at.
const MOST_LOOKED_AT: usize = 20_000_000;
/// And no text grows longer.
const MOST_BYTES: usize = 8 << 20;

/// What the words ask for, and how far it has come.
#[derive(Default)]
pub struct Sed {
    steps: Rc<Vec<Step>>,
    ranges: Vec<Range>,
    quiet: bool,
    /// `-i`, and what is put behind the name of a copy.
    pub in_place: Option<String>,
    /// `-s`: every file has its own lines.
    pub separate: bool,
    /// `-z`: lines end with NUL.
    nul: bool,
    /// What `w` wrote, by file.
    pub written: Vec<(String, String)>,
    /// The exit code, and what was wrong as it ran.
    pub code: i32,
    pub wrong: Option<&'static str>,
    at: usize,
    /// The line, and what was put aside.
    space: String,
    held: String,
    /// How the line that was read last ended.
    newline: &'static str,
    behind: String,
    /// The step that waits for the next line.
    waits: Option<usize>,
    /// Whether something was substituted since the last line, or jump.
    changed: bool,
    /// The expression that was used last.
    last: Option<Rc<Pattern>>,
    /// How much expressions have been held against since the last line.
    looked_at: usize,
}

/// How a cycle ends.
enum Cycle {
    /// The line is shown, unless `-n` says otherwise.
    Shown,
    Dropped,
    /// A step waits for the next line.
    Waits,
    Quits {
        shows: bool,
    },
}

impl Sed {
    /// All of a text, from its first line on.
    pub fn run(&mut self, text: &str) -> String {
        self.at = 0;
        self.waits = None;
        // A range from line 0 has begun before the first line.
        let begun = |step: &Step| Range {
            inside: matches!(step.from, Some(Address::Line(0))),
            begun: 0,
        };
        self.ranges = self.steps.iter().map(begun).collect();
        let mut out = String::new();
        let mut lines = text
            .split_inclusive(if self.nul { '\0' } else { '\n' })
            .peekable();
        while let Some(line) = lines.next() {
            let last = lines.peek().is_none();
            if self.line(line.to_owned(), last, &mut out) {
                break;
            }
        }
        out
    }

    /// Takes a line through the steps; whether that was all.
    pub fn line(&mut self, line: String, last: bool, out: &mut String) -> bool {
        self.at += 1;
        let end = if self.nul { "\0" } else { "\n" };
        let (text, newline) = match line.strip_suffix(end) {
            Some(text) => (text.to_owned(), end),
            None => (line, ""),
        };
        self.newline = newline;
        let from = match self.waits.take() {
            None => {
                self.space = text;
                self.changed = false;
                0
            }
            Some(at) => {
                match self.steps.get(at).map(|s| &s.action) {
                    Some(Action::AddNext) => {
                        let line = text;
                        add_line(&mut self.space, &line);
                    }
                    _ => self.space = text,
                }
                at + 1
            }
        };
        match self.cycle(from, last, out) {
            Cycle::Waits => false,
            Cycle::Dropped => {
                self.flush(out);
                false
            }
            Cycle::Shown => {
                self.show(out);
                false
            }
            Cycle::Quits { shows } => {
                match shows {
                    true => self.show(out),
                    false => self.flush(out),
                }
                true
            }
        }
    }

    /// The end of a cycle that shows the line.
    fn show(&mut self, out: &mut String) {
        if !self.quiet {
            let newline = match self.behind.is_empty() {
                true => self.newline,
                false => "\n",
            };
            out.push_str(&self.space);
            out.push_str(newline);
        }
        self.flush(out);
    }

    /// What `a` and `r` put behind the line.
    fn flush(&mut self, out: &mut String) {
        out.push_str(&std::mem::take(&mut self.behind));
    }

    fn write(&mut self, name: &str, text: &str, out: &mut String) {
        if name == "/dev/stdout" {
            return out.push_str(text);
        }
        if let Some((_, all)) = self.written.iter_mut().find(|(n, _)| n == name)
            && all.len() < MOST_BYTES
        {
            all.push_str(text);
        }
    }

    /// Files that are written are empty at first.
    pub fn open_files(&mut self) {
        for step in self.steps.iter() {
            let name = match &step.action {
                Action::Write(name) => Some(name),
                Action::Substitute { file, .. } => file.as_ref(),
                _ => None,
            };
            let Some(name) = name.filter(|n| *n != "/dev/stdout") else {
                continue;
            };
            if !self.written.iter().any(|(n, _)| n == name) {
                self.written.push((name.clone(), String::new()));
            }
        }
    }

    /// The steps from one on, until the line is done with.
    fn cycle(&mut self, from: usize, last: bool, out: &mut String) -> Cycle {
        let steps = self.steps.clone();
        let mut next = from;
        self.looked_at = 0;
        for _ in 0..MOST_STEPS {
            if self.looked_at > MOST_LOOKED_AT {
                break;
            }
            let number = next;
            next += 1;
            let Some(step) = steps.get(number) else {
                return Cycle::Shown;
            };
            if !self.applies(step, number, last) {
                if let Action::Open(end) = step.action {
                    next = end;
                }
                continue;
            }
            match self.act(&step.action, &mut next, last, out) {
                None => {}
                Some(Cycle::Dropped) if matches!(step.action, Action::Change(_)) => {
                    // A range is changed once, at its end.
                    let open = self.ranges.get(number).is_some_and(|r| r.inside);
                    if let Action::Change(more) = &step.action
                        && (step.to.is_none() || step.negated || !open)
                    {
                        out.push_str(&format!("{more}\n"));
                    }
                    return Cycle::Dropped;
                }
                Some(done) => {
                    if matches!(done, Cycle::Waits) {
                        self.waits = Some(number);
                    }
                    return done;
                }
            }
        }
        self.fails(4, "sed: the script does not end")
    }

    fn fails(&mut self, code: i32, why: &'static str) -> Cycle {
        (self.code, self.wrong) = (code, Some(why));
        Cycle::Quits { shows: false }
    }

    fn act(
        &mut self,
        action: &Action,
        next: &mut usize,
        last: bool,
        out: &mut String,
    ) -> Option<Cycle> {
        let newline = self.newline;
        match action {
            Action::Open(_) | Action::Close | Action::Label(_) => {}
            Action::Letters(from, to) => {
                let letter = |c: char| match from.iter().position(|f| *f == c) {
                    Some(place) => to.get(place).copied().unwrap_or(c),
                    None => c,
                };
                self.space = self.space.chars().map(letter).collect();
            }
            Action::Before(more) => out.push_str(&format!("{more}\n")),
            Action::Behind(more) => self.behind.push_str(&format!("{more}\n")),
            Action::Read(text) => self.behind.push_str(text),
            Action::Change(_) | Action::Delete => return Some(Cycle::Dropped),
            Action::Write(name) => {
                let text = format!("{}\n", self.space);
                self.write(name, &text, out);
            }
            Action::Number => out.push_str(&format!("{}\n", self.at)),
            Action::Plainly(width) => out.push_str(&plainly(&self.space, *width)),
            Action::Print { all: true } => out.push_str(&format!("{}{newline}", self.space)),
            Action::Print { all: false } => {
                let first = self.space.split('\n').next().unwrap_or_default();
                out.push_str(&format!("{first}\n"));
            }
            Action::DeleteFirst => match self.space.split_once('\n') {
                None => return Some(Cycle::Dropped),
                Some((_, rest)) => {
                    self.space = rest.to_owned();
                    self.flush(out);
                    *next = 0;
                }
            },
            Action::Next | Action::AddNext if last => return Some(Cycle::Quits { shows: true }),
            Action::Next => {
                self.show(out);
                return Some(Cycle::Waits);
            }
            Action::AddNext => {
                self.flush(out);
                return Some(Cycle::Waits);
            }
            Action::Hold { adds: false } => self.held.clone_from(&self.space),
            Action::Hold { adds: true } => add_line(&mut self.held, &self.space),
            Action::Get { adds: false } => self.space.clone_from(&self.held),
            Action::Get { adds: true } => add_line(&mut self.space, &self.held),
            Action::Exchange => std::mem::swap(&mut self.space, &mut self.held),
            Action::Empty => self.space.clear(),
            Action::Quit { shows, code } => {
                self.code = *code;
                return Some(Cycle::Quits { shows: *shows });
            }
            Action::Jump { when, at, .. } => {
                let jumps = match when {
                    'b' => true,
                    't' => std::mem::take(&mut self.changed),
                    _ => !std::mem::take(&mut self.changed),
                };
                if jumps {
                    *next = *at;
                }
            }
            Action::Substitute {
                pattern,
                replacement,
                every,
                which,
                print,
                file,
            } => {
                let Some(pattern) = self.used(pattern.as_ref()) else {
                    const NONE: &str =
                        "sed: -e expression #1, char 0: no previous regular expression";
                    return Some(self.fails(1, NONE));
                };
                let changed = substituted(&self.space, &pattern, replacement, *every, *which);
                self.space = changed?;
                self.changed = true;
                if *print {
                    out.push_str(&format!("{}{newline}", self.space));
                }
                if let Some(name) = file {
                    let text = format!("{}\n", self.space);
                    self.write(name, &text, out);
                }
            }
        }
        None
    }

    /// The expression that is meant: an empty one is the last that was used.
    fn used(&mut self, pattern: Option<&Rc<Pattern>>) -> Option<Rc<Pattern>> {
        if let Some(pattern) = pattern {
            self.last = Some(pattern.clone());
        }
        self.looked_at += self.space.len();
        self.last.clone()
    }

    fn hits(&mut self, address: &Address, last: bool) -> bool {
        match address {
            Address::Line(line) => *line == self.at,
            Address::Last => last,
            Address::Match(pattern) => {
                let pattern = self.used(pattern.as_ref());
                pattern.is_some_and(|pattern| pattern.is_match(&self.space))
            }
            Address::Every { first, step: 0 } => *first == self.at,
            Address::Every { first, step } => {
                self.at >= *first && (self.at - first).is_multiple_of(*step)
            }
            Address::More(_) | Address::Multiple(_) => false,
        }
    }

    /// Whether a step is for this line.
    fn applies(&mut self, step: &Step, number: usize, last: bool) -> bool {
        let at = self.at;
        let selected = match (&step.from, &step.to) {
            (None, _) => true,
            (Some(from), None) => self.hits(from, last),
            (Some(from), Some(to)) => {
                let range = self.ranges.get(number).copied().unwrap_or_default();
                let (selected, inside) = match range.inside {
                    true => {
                        let ends = match to {
                            Address::More(lines) => at >= range.begun + lines,
                            Address::Multiple(n) => *n == 0 || at.is_multiple_of(*n),
                            Address::Line(n) => at >= *n,
                            to => self.hits(to, last),
                        };
                        // A last line that is passed already ends the range before this one.
                        let passed = matches!(to, Address::Line(n) if at > *n && *n > 0);
                        match passed {
                            true => (self.hits(from, last), false),
                            false => (true, !ends),
                        }
                    }
                    false => {
                        let begins = self.hits(from, last);
                        let over = match to {
                            Address::Line(n) => *n <= at,
                            Address::More(lines) => *lines == 0,
                            Address::Multiple(n) => *n == 0,
                            _ => false,
                        };
                        (begins, begins && !over)
                    }
                };
                if let Some(own) = self.ranges.get_mut(number) {
                    if inside && !own.inside {
                        own.begun = at;
                    }
                    own.inside = inside && !last;
                }
                selected
            }
        };
        selected != step.negated
    }
}

fn add_line(text: &mut String, line: &str) {
    if text.len() + line.len() < MOST_BYTES {
        text.push('\n');
        text.push_str(line);
    }
}

/// A text with what cannot be seen spelt out; lines that go on end with a backslash.
fn plainly(text: &str, width: usize) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for byte in text.bytes() {
        let piece = match byte {
            b'\\' => "\\\\".to_owned(),
            7 => "\\a".to_owned(),
            8 => "\\b".to_owned(),
            9 => "\\t".to_owned(),
            10 => "\\n".to_owned(),
            11 => "\\v".to_owned(),
            12 => "\\f".to_owned(),
            13 => "\\r".to_owned(),
            32..=126 => char::from(byte).to_string(),
            other => format!("\\{other:03o}"),
        };
        if width > 1 && column + piece.len() > width - 1 {
            out.push_str("\\\n");
            column = 0;
        }
        column += piece.len();
        out.push_str(&piece);
    }
    out.push_str("$\n");
    out
}

/// The whole of a run, of texts that are there; the files that were written come with what was printed.
pub fn sed(call: &mut Call<'_>) -> (Output, Vec<(String, String)>) {
    let words = call.words.clone();
    let parsed = Sed::parse(&words, &mut |name| (call.file)(name).ok());
    let (mut sed, names) = match parsed {
        Ok(parsed) => parsed,
        Err((message, code)) => return (Output::failed(&message, code), Vec::new()),
    };
    let mut output = Output::default();
    let mut changed = Vec::new();
    match (&sed.in_place.clone(), sed.separate && !names.is_empty()) {
        (None, false) => {
            let text = call.texts(&names, &mut output);
            output.out = sed.run(&text);
        }
        (in_place, _) => {
            for name in names {
                let text = match call.text(name) {
                    Ok(text) => text,
                    Err(message) => {
                        output.complain(&message, 4);
                        continue;
                    }
                };
                let new = sed.run(&text);
                let Some(suffix) = in_place else {
                    output.out.push_str(&new);
                    continue;
                };
                changed.push((name.to_owned(), new));
                if !suffix.is_empty() {
                    changed.push((format!("{name}{suffix}"), text));
                }
            }
        }
    }
    changed.append(&mut sed.written);
    if sed.code != 0 {
        output.code = sed.code;
    }
    if let Some(why) = sed.wrong {
        output.complain(why, sed.code);
    }
    (output, changed)
}

fn substituted(
    text: &str,
    pattern: &Pattern,
    replacement: &str,
    every: bool,
    which: usize,
) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut from = 0;
    let mut changed = false;
    let mut count = 0;
    while let Some(captures) = pattern.find(&chars, from) {
        let Some(Some((start, end))) = captures.first().copied() else {
            break;
        };
        out.extend(chars.iter().skip(from).take(start - from));
        count += 1;
        if count < which {
            out.extend(chars.iter().skip(start).take(end - start));
        } else {
            changed = true;
            expand(replacement, &chars, &captures, &mut out);
        }
        from = end;
        if end == start {
            out.extend(chars.get(end));
            from = end + 1;
        }
        if !every && changed || from > chars.len() || out.len() > MOST_BYTES {
            break;
        }
    }
    out.extend(chars.iter().skip(from));
    changed.then_some(out)
}

/// Letters that are written in another case: the next one, and all up to `\E`.
#[derive(Clone, Copy, Default)]
struct Case {
    next: Option<bool>,
    all: Option<bool>,
}

impl Case {
    fn put(&mut self, c: char, out: &mut String) {
        match self.next.take().or(self.all) {
            Some(true) => out.extend(c.to_uppercase()),
            Some(false) => out.extend(c.to_lowercase()),
            None => out.push(c),
        }
    }
}

fn expand(replacement: &str, text: &[char], captures: &Captures, out: &mut String) {
    let mut case = Case::default();
    let group = |out: &mut String, case: &mut Case, n: usize| {
        if let Some(Some((start, end))) = captures.get(n) {
            let taken = text.iter().skip(*start).take(end - start);
            taken.for_each(|c| case.put(*c, out));
        }
    };
    let mut chars = replacement.chars();
    while let Some(c) = chars.next() {
        match c {
            '&' => group(out, &mut case, 0),
            '\\' => match chars.next() {
                Some(digit) if digit.is_ascii_digit() => {
                    let number = digit.to_digit(10).unwrap_or(0) as usize;
                    group(out, &mut case, number);
                }
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(letter @ ('U' | 'L')) => case.all = Some(letter == 'U'),
                Some(letter @ ('u' | 'l')) => case.next = Some(letter == 'u'),
                Some('E') => case = Case::default(),
                Some(other) => case.put(other, out),
                None => out.push('\\'),
            },
            c => case.put(c, out),
        }
    }
}
