//! From the words of `sed` to steps.

use std::rc::Rc;

use super::{Action, Address, Range, Sed, Step};
use crate::api::pattern::Pattern;

/// A message, and the exit code that goes with it.
type Wrong = (String, i32);

impl Sed {
    /// What the words ask for, and the files that they name; an error comes with its exit code.
    ///
    /// # Errors
    /// What is wrong with the words.
    pub fn parse<'a>(
        arguments: &[&'a str],
        file: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Result<(Sed, Vec<&'a str>), Wrong> {
        let mut sed = Sed::default();
        let mut extended = false;
        let mut scripts: Vec<String> = Vec::new();
        let mut names = Vec::new();
        let mut words = arguments.iter().copied();
        let mut only_names = false;
        while let Some(word) = words.next() {
            let letters = match word {
                word if only_names => {
                    names.push(word);
                    continue;
                }
                "--" => {
                    only_names = true;
                    continue;
                }
                "--quiet" | "--silent" => "n",
                "--regexp-extended" => "E",
                "--in-place" => "i",
                "--separate" => "s",
                "--null-data" => "z",
                "--posix" | "--unbuffered" | "--sandbox" => continue,
                "--expression" => "e",
                "--file" => "f",
                word if word.starts_with("--expression=") => {
                    scripts.extend(word.split_once('=').map(|(_, script)| script.to_owned()));
                    continue;
                }
                word if word.starts_with("--in-place=") => {
                    sed.in_place = word.split_once('=').map(|(_, suffix)| suffix.to_owned());
                    continue;
                }
                word if word.starts_with("--") => {
                    return Err((format!("sed: unrecognized option '{word}'"), 1));
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
                    'n' => sed.quiet = true,
                    'E' | 'r' => extended = true,
                    's' => sed.separate = true,
                    'z' => sed.nul = true,
                    'u' => {}
                    'i' => {
                        sed.in_place = Some(rest.to_owned());
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
                return Err((
                    "Usage: sed [-nEsz] [-i[SUFFIX]] script [file...]".to_owned(),
                    1,
                ));
            }
            scripts.push(names.remove(0).to_owned());
        }
        // They are lines of one script.
        let script = scripts.join("\n");
        let mut reader = Reader {
            rest: &script,
            extended,
            file,
        };
        let mut steps = Vec::new();
        if let Err(message) = reader.steps(&mut steps) {
            // A block that nobody closes is found at the end, which has no place.
            let at = match message.starts_with("unmatched `{'") {
                true => 0,
                false => script.chars().count() - reader.rest.chars().count(),
            };
            let message = format!("sed: -e expression #1, char {at}: {message}");
            return Err((message, 1));
        }
        link(&mut steps)?;
        sed.ranges = steps
            .iter()
            .map(|step| Range {
                inside: matches!(step.from, Some(Address::Line(0))),
                begun: 0,
            })
            .collect();
        sed.steps = Rc::new(steps);
        sed.open_files();
        Ok((sed, names))
    }
}

/// Finds the steps that labels stand before.
fn link(steps: &mut [Step]) -> Result<(), Wrong> {
    let mut labels = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        if let Action::Label(name) = &step.action {
            labels.push((name.clone(), at));
        }
    }
    let end = steps.len();
    for step in steps {
        if let Action::Jump { to, at, .. } = &mut step.action {
            let found = labels.iter().find(|(name, _)| name == to);
            *at = match (to.is_empty(), found) {
                (true, _) => end,
                (false, Some((_, at))) => *at,
                (false, None) => {
                    return Err((format!("sed: can't find label for jump to `{to}'"), 4));
                }
            };
        }
    }
    Ok(())
}

struct Reader<'t, 'f> {
    rest: &'t str,
    extended: bool,
    file: &'f mut dyn FnMut(&str) -> Option<String>,
}

impl Reader<'_, '_> {
    fn steps(&mut self, steps: &mut Vec<Step>) -> Result<(), String> {
        let mut open = Vec::new();
        loop {
            self.rest = self
                .rest
                .trim_start_matches(|c: char| c.is_whitespace() || c == ';');
            if self.rest.starts_with('#') {
                self.line_end();
                continue;
            }
            if self.rest.is_empty() {
                return match open.is_empty() {
                    true => Ok(()),
                    false => Err("unmatched `{'".to_owned()),
                };
            }
            let from = self.address()?;
            let mut to = None;
            self.blanks();
            if from.is_some() && self.take(',') {
                self.blanks();
                let lead = self.rest.chars().next().filter(|c| matches!(c, '+' | '~'));
                if let Some(lead) = lead {
                    self.take(lead);
                }
                to = Some(match (lead, self.address()?) {
                    (Some('+'), Some(Address::Line(lines))) => Address::More(lines),
                    (Some(_), Some(Address::Line(lines))) => Address::Multiple(lines),
                    (None, Some(address)) => address,
                    _ => return Err("unexpected `,'".to_owned()),
                });
            }
            self.blanks();
            let negated = self.take('!');
            self.blanks();
            let action = self.action()?;
            if matches!(from, Some(Address::Line(0))) && !matches!(to, Some(Address::Match(_))) {
                return Err("invalid usage of line address 0".to_owned());
            }
            if matches!(action, Action::Label(_)) && from.is_some() {
                return Err(": doesn't want any addresses".to_owned());
            }
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
            });
        }
    }

    fn take(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// The rest of the line.
    fn line_end(&mut self) -> String {
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        line.to_owned()
    }

    fn number(&mut self) -> Option<usize> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        number.parse().ok()
    }

    /// An expression; an empty one stands for the last that was used.
    fn pattern(&self, text: &str, ignore_case: bool) -> Result<Option<Rc<Pattern>>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let pattern = Pattern::compile(text, self.extended, ignore_case)?;
        Ok(Some(Rc::new(pattern)))
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        if self.take('$') {
            return Ok(Some(Address::Last));
        }
        let delimiter = match self.rest.strip_prefix('\\') {
            Some(rest) => {
                let delimiter = rest.chars().next();
                self.rest = rest;
                delimiter
            }
            None => Some('/').filter(|_| self.rest.starts_with('/')),
        };
        if let Some(delimiter) = delimiter {
            self.take(delimiter);
            let text = self
                .until(delimiter, true)
                .ok_or("unterminated address regex".to_owned())?;
            let ignore_case = self.take('I');
            return Ok(Some(Address::Match(self.pattern(&text, ignore_case)?)));
        }
        let Some(first) = self.number() else {
            return Ok(None);
        };
        if self.take('~') {
            let step = self.number().unwrap_or(0);
            return Ok(Some(Address::Every { first, step }));
        }
        Ok(Some(Address::Line(first)))
    }

    /// The text up to an unescaped delimiter; in an expression one between brackets is a letter.
    fn until(&mut self, delimiter: char, expression: bool) -> Option<String> {
        let mut out = String::new();
        let mut chars = self.rest.char_indices();
        // How many letters between brackets have been seen, from the first on.
        let mut inside: Option<usize> = None;
        while let Some((i, c)) = chars.next() {
            if let Some(seen) = inside {
                out.push(c);
                inside = match c {
                    ']' if seen > 0 => None,
                    '^' if seen == 0 && out.ends_with("[^") => Some(0),
                    _ => Some(seen + 1),
                };
                continue;
            }
            if c == '[' && expression && self.rest.get(i..).is_some_and(|rest| rest.contains(']')) {
                out.push(c);
                inside = Some(0);
                continue;
            }
            if c == delimiter {
                self.rest = self.rest.get(i + c.len_utf8()..).unwrap_or_default();
                return Some(out);
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
        self.rest = "";
        None
    }

    /// The text of `a`, `i` or `c`: the rest of the line, or the ones below.
    fn text(&mut self) -> Result<String, String> {
        self.blanks();
        if self.rest.is_empty() {
            return Err("expected \\ after `a', `c' or `i'".to_owned());
        }
        if let Some(rest) = self.rest.strip_prefix('\\') {
            // What follows keeps its blanks.
            let below = rest.trim_start_matches([' ', '\t']);
            self.rest = below.strip_prefix('\n').unwrap_or(rest);
        }
        let mut out = String::new();
        let mut chars = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '\n' => {
                    end = at;
                    break;
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 't')) => out.push('\t'),
                    Some((_, other)) => out.push(other),
                    None => {}
                },
                c => out.push(c),
            }
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        Ok(out)
    }

    /// Behind a command there is a line break, `;`, `}` or nothing.
    fn end(&mut self, action: Action) -> Result<Action, String> {
        self.blanks();
        match self.rest.chars().next() {
            None | Some(';' | '\n' | '}' | '#') => Ok(action),
            Some(c) => {
                self.take(c);
                Err("extra characters after command".to_owned())
            }
        }
    }

    /// The name behind `b`, `t` or `T`.
    fn label(&mut self) -> String {
        self.blanks();
        let end = self.rest.find([';', '\n', '}']).unwrap_or(self.rest.len());
        let (label, rest) = self.rest.split_at(end);
        self.rest = rest;
        label.trim_end().to_owned()
    }

    fn file_name(&mut self) -> Result<String, String> {
        self.blanks();
        match self.line_end() {
            name if name.is_empty() => Err("missing filename in r/R/w/W commands".to_owned()),
            name => Ok(name),
        }
    }

    fn action(&mut self) -> Result<Action, String> {
        let mut chars = self.rest.chars();
        let Some(command) = chars.next() else {
            return Err("missing command".to_owned());
        };
        if matches!(command, '\n' | ';') {
            return Err("missing command".to_owned());
        }
        self.rest = chars.as_str();
        let simple = match command {
            '{' => return Ok(Action::Open(0)),
            '}' => Action::Close,
            '=' => Action::Number,
            'p' => Action::Print { all: true },
            'P' => Action::Print { all: false },
            'd' => Action::Delete,
            'D' => Action::DeleteFirst,
            'n' => Action::Next,
            'N' => Action::AddNext,
            'h' => Action::Hold { adds: false },
            'H' => Action::Hold { adds: true },
            'g' => Action::Get { adds: false },
            'G' => Action::Get { adds: true },
            'x' => Action::Exchange,
            'z' => Action::Empty,
            'q' | 'Q' => {
                self.blanks();
                let code = self.number().and_then(|n| i32::try_from(n).ok());
                Action::Quit {
                    shows: command == 'q',
                    code: code.unwrap_or(0),
                }
            }
            'l' => {
                self.blanks();
                let width = self.number().unwrap_or(70);
                Action::Plainly(width)
            }
            'a' => return Ok(Action::Behind(self.text()?)),
            'i' => return Ok(Action::Before(self.text()?)),
            'c' => return Ok(Action::Change(self.text()?)),
            ':' => {
                self.blanks();
                let end = self.rest.find([';', '\n']).unwrap_or(self.rest.len());
                let (label, rest) = self.rest.split_at(end);
                if label.trim().is_empty() {
                    return Err("\":\" lacks a label".to_owned());
                }
                self.rest = rest;
                return Ok(Action::Label(label.trim_end().to_owned()));
            }
            'b' | 't' | 'T' => {
                return Ok(Action::Jump {
                    when: command,
                    to: self.label(),
                    at: 0,
                });
            }
            'r' => {
                let name = self.file_name()?;
                return Ok(Action::Read((self.file)(&name).unwrap_or_default()));
            }
            'w' => return Ok(Action::Write(self.file_name()?)),
            'y' => {
                let mut chars = self.rest.chars();
                let delimiter = chars.next().ok_or("unterminated `y' command")?;
                self.rest = chars.as_str();
                let letters = |text: Option<String>| -> Result<Vec<char>, String> {
                    let text = text.ok_or("unterminated `y' command")?;
                    let mut letters = Vec::new();
                    let mut chars = text.chars();
                    while let Some(c) = chars.next() {
                        letters.push(match c {
                            '\\' => match chars.next() {
                                Some('n') => '\n',
                                Some('t') => '\t',
                                Some(other) => other,
                                None => '\\',
                            },
                            c => c,
                        });
                    }
                    Ok(letters)
                };
                let from = letters(self.until(delimiter, false))?;
                let to = letters(self.until(delimiter, false))?;
                match from.len() == to.len() {
                    true => Action::Letters(from, to),
                    false => {
                        return Err("strings for `y' command are different lengths".to_owned());
                    }
                }
            }
            's' => self.substitution()?,
            other => return Err(format!("unknown command: `{other}'")),
        };
        self.end(simple)
    }

    fn substitution(&mut self) -> Result<Action, String> {
        const OPEN: &str = "unterminated `s' command";
        let mut chars = self.rest.chars();
        let delimiter = chars.next().ok_or(OPEN)?;
        self.rest = chars.as_str();
        let pattern = self.until(delimiter, true).ok_or(OPEN)?;
        let replacement = self.until(delimiter, false).ok_or(OPEN)?;
        let (mut every, mut print, mut ignore_case) = (false, false, false);
        let mut which = None;
        let mut file = None;
        loop {
            match self.rest.chars().next() {
                Some('g') => {
                    self.take('g');
                    if std::mem::replace(&mut every, true) {
                        return Err("multiple `g' options to `s' command".to_owned());
                    }
                }
                Some('p') => {
                    self.take('p');
                    if std::mem::replace(&mut print, true) {
                        return Err("multiple `p' options to `s' command".to_owned());
                    }
                }
                Some(c @ ('i' | 'I')) => {
                    self.take(c);
                    ignore_case = true;
                }
                Some('w') => {
                    self.take('w');
                    file = Some(self.file_name()?);
                    break;
                }
                Some(c) if c.is_ascii_digit() => {
                    let number = self.number().unwrap_or(1);
                    if number == 0 {
                        return Err("number option to `s' command may not be zero".to_owned());
                    }
                    if which.replace(number).is_some() {
                        return Err("multiple number options to `s' command".to_owned());
                    }
                }
                Some(' ' | '\t') => self.blanks(),
                None | Some(';' | '\n' | '}' | '#') => break,
                Some(c) => {
                    self.take(c);
                    return Err("unknown option to `s'".to_owned());
                }
            }
        }
        Ok(Action::Substitute {
            pattern: self.pattern(&pattern, ignore_case)?,
            replacement,
            every,
            which: which.unwrap_or(1),
            print,
            file,
        })
    }
}
