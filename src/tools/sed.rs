//! `sed`: substitution, printing, deleting, inserting and quitting by line, with addresses and blocks.

use super::call::{Call, Output};
use crate::api::pattern::{Captures, Pattern};

enum Address {
    Line(usize),
    Last,
    Match(Pattern),
    /// So many lines behind the first.
    More(usize),
}

enum Action {
    Substitute {
        pattern: Pattern,
        replacement: String,
        every: bool,
        /// Which one of several.
        which: usize,
        print: bool,
    },
    /// Letters for letters.
    Letters(Vec<char>, Vec<char>),
    /// A text before the line, behind it, in its place.
    Before(String),
    Behind(String),
    Change(String),
    Number,
    /// Up to the step that ends the block.
    Open(usize),
    Close,
    Print,
    Delete,
    Quit,
}

struct Step {
    from: Option<Address>,
    to: Option<Address>,
    negated: bool,
    action: Action,
    /// Whether the range has begun, and where.
    inside: bool,
    begun: usize,
}

/// What the words ask for.
pub struct Sed {
    steps: Vec<Step>,
    quiet: bool,
    /// `-i`, and what is put behind the name of a copy.
    pub in_place: Option<String>,
    at: usize,
}

impl Sed {
    /// What the words ask for, and the files that they name; an error comes with its exit code.
    ///
    /// # Errors
    /// What is wrong with the words.
    pub fn parse<'a>(
        arguments: &[&'a str],
        file: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Result<(Sed, Vec<&'a str>), (String, i32)> {
        let (mut quiet, mut extended) = (false, false);
        let mut in_place = None;
        let mut scripts: Vec<String> = Vec::new();
        let mut names = Vec::new();
        let mut words = arguments.iter().copied();
        while let Some(word) = words.next() {
            let letters = match word {
                "--quiet" | "--silent" => "n",
                "--regexp-extended" => "E",
                "--in-place" => "i",
                "--posix" | "--unbuffered" | "--separate" => continue,
                "--expression" => "e",
                word if word.starts_with("--expression=") => {
                    scripts.extend(word.split_once('=').map(|(_, script)| script.to_owned()));
                    continue;
                }
                word => match word.strip_prefix('-').filter(|l| !l.is_empty()) {
                    Some(letters) => letters,
                    None => {
                        names.push(word);
                        continue;
                    }
                },
            };
            for (at, letter) in letters.char_indices() {
                let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
                match letter {
                    'n' => quiet = true,
                    'E' | 'r' => extended = true,
                    's' | 'u' | 'z' => {}
                    'i' => {
                        in_place = Some(rest.to_owned());
                        break;
                    }
                    'e' | 'f' => {
                        let value = match rest {
                            "" => words.next().unwrap_or_default(),
                            rest => rest,
                        };
                        scripts.push(match letter {
                            'e' => value.to_owned(),
                            _ => file(value).ok_or_else(|| {
                                let why = "No such file or directory";
                                (format!("sed: couldn't open file {value}: {why}"), 1)
                            })?,
                        });
                        break;
                    }
                    other => return Err((format!("sed: invalid option -- '{other}'"), 1)),
                }
            }
        }
        if scripts.is_empty() {
            if names.is_empty() {
                return Err(("Usage: sed [-nE] script [file...]".to_owned(), 1));
            }
            scripts.push(names.remove(0).to_owned());
        }
        let mut steps = Vec::new();
        // They are lines of one script.
        if let Err(message) = parse(&scripts.join("\n"), extended, &mut steps) {
            return Err((format!("sed: -e expression #1, char 0: {message}"), 1));
        }
        let sed = Sed {
            steps,
            quiet,
            in_place,
            at: 0,
        };
        Ok((sed, names))
    }

    /// All of a text, from its first line on.
    pub fn run(&mut self, text: &str) -> String {
        self.at = 0;
        for step in &mut self.steps {
            step.inside = false;
        }
        let mut out = String::new();
        let mut lines = text.split_inclusive('\n').peekable();
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
        let at = self.at;
        let (mut text, newline) = match line.strip_suffix('\n') {
            Some(text) => (text.to_owned(), "\n"),
            None => (line, ""),
        };
        let mut deleted = false;
        let mut quits = false;
        let mut behind = String::new();
        let mut skip = 0;
        for (number, step) in self.steps.iter_mut().enumerate() {
            if number < skip {
                continue;
            }
            if !applies(step, at, last, &text) {
                if let Action::Open(end) = step.action {
                    skip = end;
                }
                continue;
            }
            match &step.action {
                Action::Open(_) | Action::Close => {}
                Action::Letters(from, to) => {
                    let letter = |c: char| match from.iter().position(|f| *f == c) {
                        Some(place) => to.get(place).copied().unwrap_or(c),
                        None => c,
                    };
                    text = text.chars().map(letter).collect();
                }
                Action::Before(more) => out.push_str(&format!("{more}\n")),
                Action::Behind(more) => behind.push_str(&format!("{more}\n")),
                Action::Change(more) => {
                    // A range is changed once, at its end.
                    if step.to.is_none() || !step.inside || step.negated {
                        out.push_str(&format!("{more}\n"));
                    }
                    deleted = true;
                    break;
                }
                Action::Number => out.push_str(&format!("{at}\n")),
                Action::Print => out.push_str(&format!("{text}{newline}")),
                Action::Delete => {
                    deleted = true;
                    break;
                }
                Action::Quit => {
                    quits = true;
                    break;
                }
                Action::Substitute {
                    pattern,
                    replacement,
                    every,
                    which,
                    print,
                } => {
                    let changed = substitute(&text, pattern, replacement, *every, *which);
                    if let Some(changed) = changed {
                        text = changed;
                        if *print {
                            out.push_str(&format!("{text}{newline}"));
                        }
                    }
                }
            }
        }
        if !deleted && !self.quiet {
            let newline = match behind.is_empty() {
                true => newline,
                false => "\n",
            };
            out.push_str(&format!("{text}{newline}"));
        }
        out.push_str(&behind);
        quits
    }
}

/// The whole of a run, of texts that are there; the files that `-i` changed come with what was printed.
pub fn sed(call: &mut Call<'_>) -> (Output, Vec<(String, String)>) {
    let words = call.words.clone();
    let parsed = Sed::parse(&words, &mut |name| (call.file)(name).ok());
    let (mut sed, names) = match parsed {
        Ok(parsed) => parsed,
        Err((message, code)) => return (Output::failed(&message, code), Vec::new()),
    };
    let mut output = Output::default();
    let mut changed = Vec::new();
    if sed.in_place.is_none() {
        let text = call.texts(&names, &mut output);
        output.out = sed.run(&text);
        return (output, changed);
    }
    let suffix = sed.in_place.clone().unwrap_or_default();
    for name in names {
        match call.text(name) {
            Ok(text) => {
                changed.push((name.to_owned(), sed.run(&text)));
                if !suffix.is_empty() {
                    changed.push((format!("{name}{suffix}"), text));
                }
            }
            Err(message) => output.complain(&message, 4),
        }
    }
    (output, changed)
}

fn applies(step: &mut Step, at: usize, last: bool, text: &str) -> bool {
    let hits = |address: &Address| match address {
        Address::Line(n) => *n == at,
        Address::Last => last,
        Address::Match(pattern) => pattern.is_match(text),
        Address::More(_) => false,
    };
    let ends = |address: &Address, begun: usize| match address {
        Address::More(lines) => at >= begun + lines,
        Address::Line(n) => at >= *n,
        address => hits(address),
    };
    let selected = match (&step.from, &step.to) {
        (None, _) => true,
        (Some(from), None) => hits(from),
        (Some(from), Some(to)) => {
            if step.inside {
                step.inside = !ends(to, step.begun);
                true
            } else {
                let begins = hits(from);
                let over = match to {
                    Address::Line(n) => *n <= at,
                    Address::More(lines) => *lines == 0,
                    _ => false,
                };
                step.inside = begins && !over && !last;
                step.begun = at;
                begins
            }
        }
    };
    selected != step.negated
}

fn substitute(
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
        if !every && changed || from > chars.len() {
            break;
        }
    }
    out.extend(chars.iter().skip(from));
    changed.then_some(out)
}

fn expand(replacement: &str, text: &[char], captures: &Captures, out: &mut String) {
    let group = |out: &mut String, n: usize| {
        if let Some(Some((start, end))) = captures.get(n) {
            out.extend(text.iter().skip(*start).take(end - start));
        }
    };
    let mut chars = replacement.chars();
    while let Some(c) = chars.next() {
        match c {
            '&' => group(out, 0),
            '\\' => match chars.next() {
                Some(digit) if digit.is_ascii_digit() => {
                    group(out, digit.to_digit(10).unwrap_or(0) as usize);
                }
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
    extended: bool,
}

fn parse(script: &str, extended: bool, steps: &mut Vec<Step>) -> Result<(), String> {
    let mut reader = Reader {
        rest: script,
        extended,
    };
    let mut open = Vec::new();
    loop {
        reader.rest = reader.rest.trim_start_matches([' ', ';', '\n', '\t']);
        if reader.rest.is_empty() {
            return match open.is_empty() {
                true => Ok(()),
                false => Err("unmatched `{'".to_owned()),
            };
        }
        let from = reader.address()?;
        let mut to = None;
        if from.is_some() && reader.take(',') {
            to = Some(match reader.take('+') {
                true => match reader.address()? {
                    Some(Address::Line(lines)) => Address::More(lines),
                    _ => return Err("expected number after +".to_owned()),
                },
                false => reader.address()?.ok_or("unexpected `,'")?,
            });
        }
        reader.rest = reader.rest.trim_start();
        let negated = reader.take('!');
        let action = reader.action()?;
        match action {
            Action::Open(_) => open.push(steps.len()),
            Action::Close => {
                let end = steps.len();
                match open.pop().and_then(|at| steps.get_mut(at)) {
                    Some(step) => step.action = Action::Open(end),
                    None => return Err("unexpected `}'".to_owned()),
                }
            }
            _ => {}
        }
        steps.push(Step {
            from,
            to,
            negated,
            action,
            inside: false,
            begun: 0,
        });
    }
}

impl Reader<'_> {
    fn take(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        if self.take('$') {
            return Ok(Some(Address::Last));
        }
        if self.take('/') {
            let text = self.until('/')?;
            let ignore_case = self.take('I');
            let pattern = Pattern::compile(&text, self.extended, ignore_case)?;
            return Ok(Some(Address::Match(pattern)));
        }
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Ok(None);
        }
        let number = self.rest.get(..digits).and_then(|d| d.parse().ok());
        self.rest = self.rest.get(digits..).unwrap_or_default();
        Ok(number.map(Address::Line))
    }

    /// The text up to an unescaped delimiter.
    fn until(&mut self, delimiter: char) -> Result<String, String> {
        let mut out = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((i, c)) = chars.next() {
            if c == delimiter {
                self.rest = self.rest.get(i + c.len_utf8()..).unwrap_or_default();
                return Ok(out);
            }
            if c == '\\' {
                match chars.next() {
                    Some((_, next)) if next == delimiter => out.push(next),
                    Some((_, next)) => {
                        out.push('\\');
                        out.push(next);
                    }
                    None => out.push('\\'),
                }
                continue;
            }
            out.push(c);
        }
        Err("unterminated `s' command".to_owned())
    }

    /// The text of `a`, `i` or `c`: the rest of the line, or the one below.
    fn line(&mut self) -> String {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        let rest = match rest.strip_prefix('\\') {
            Some(rest) => rest.strip_prefix('\n').unwrap_or(rest),
            None => rest,
        };
        let end = rest.find('\n').unwrap_or(rest.len());
        let (line, rest) = rest.split_at(end);
        self.rest = rest;
        line.to_owned()
    }

    fn action(&mut self) -> Result<Action, String> {
        let mut chars = self.rest.chars();
        let Some(command) = chars.next() else {
            return Err("missing command".to_owned());
        };
        self.rest = chars.as_str();
        match command {
            '{' => Ok(Action::Open(0)),
            '}' => Ok(Action::Close),
            '=' => Ok(Action::Number),
            'a' => Ok(Action::Behind(self.line())),
            'i' => Ok(Action::Before(self.line())),
            'c' => Ok(Action::Change(self.line())),
            'y' => {
                let mut chars = self.rest.chars();
                let delimiter = chars.next().ok_or("unterminated `y' command")?;
                self.rest = chars.as_str();
                let from: Vec<char> = self.until(delimiter)?.chars().collect();
                let to: Vec<char> = self.until(delimiter)?.chars().collect();
                match from.len() == to.len() {
                    true => Ok(Action::Letters(from, to)),
                    false => Err("strings for `y' command are different lengths".to_owned()),
                }
            }
            'p' => Ok(Action::Print),
            'd' => Ok(Action::Delete),
            'q' => Ok(Action::Quit),
            's' => {
                let mut chars = self.rest.chars();
                let delimiter = chars.next().ok_or("unterminated `s' command")?;
                self.rest = chars.as_str();
                let pattern = self.until(delimiter)?;
                let replacement = self.until(delimiter)?;
                let (mut every, mut print, mut ignore_case) = (false, false, false);
                let mut which = 1;
                loop {
                    if self.take('g') {
                        every = true;
                    } else if self.take('p') {
                        print = true;
                    } else if self.take('i') || self.take('I') {
                        ignore_case = true;
                    } else if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
                        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                        let (number, rest) = self.rest.split_at(digits);
                        which = number.parse().unwrap_or(1).max(1);
                        self.rest = rest;
                    } else {
                        break;
                    }
                }
                Ok(Action::Substitute {
                    pattern: Pattern::compile(&pattern, self.extended, ignore_case)?,
                    replacement,
                    every,
                    which,
                    print,
                })
            }
            other => Err(format!("unknown command: `{other}'")),
        }
    }
}
