//! The commands: what a shell has built in, and the small tools of busybox.

use std::rc::Rc;
use std::time::Duration;

use super::Machine;
use super::expand::matches;
use super::input::Input;
use super::parse::parse;
use super::run::{Outcome, Shell};
use crate::api::quantity::Quantity;
use crate::api::rfc3339;
use crate::kubelet::runtime::files::{FileError, absolute};

/// Words that name something a shell can run in any image that has a shell.
pub fn is_known(name: &str) -> bool {
    const NAMES: &str = " : true false echo printf cat touch rm mkdir ls exit sleep test [ [[ cd pwd \
        export unset set shift read date hostname uname whoami id ps env printenv wc grep head tail tee \
        sort uniq seq expr basename dirname kill killall pkill trap wait return break continue exec eval . source \
        command which type nslookup getent wget curl nc ping mv cp chmod chown ln mktemp nproc sync \
        sh bash ash local readonly use-memory timeout xargs rev tac cut tr yes dd du fallocate ";
    NAMES.contains(&format!(" {name} "))
}

/// The first word of a command, without its path.
pub fn base(word: &str) -> &str {
    match word.starts_with('/') {
        true => word.rsplit('/').next().unwrap_or(word),
        false => word,
    }
}

/// How long `sleep` sleeps: `None` for ever.
///
/// # Errors
/// The word is no time.
fn sleep_span(word: &str) -> Result<Option<Duration>, ()> {
    if word == "infinity" || word == "inf" {
        return Ok(None);
    }
    let (number, scale) = match word.char_indices().last() {
        Some((i, 's')) => (word.get(..i), 1),
        Some((i, 'm')) => (word.get(..i), 60),
        Some((i, 'h')) => (word.get(..i), 3600),
        Some((i, 'd')) => (word.get(..i), 86_400),
        _ => (Some(word), 1),
    };
    let number = number.unwrap_or_default();
    let seconds = rfc3339::parse_go_duration(&format!("{number}s")).map_err(|_| ())?;
    let nanos = u64::try_from(seconds).map_err(|_| ())?;
    Ok(Some(Duration::from_nanos(nanos.saturating_mul(scale))))
}

impl Shell {
    /// Runs one command that is no function.
    pub(super) fn command(&mut self, fields: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        let Some((first, args)) = fields.split_first() else {
            return Outcome::Status(0);
        };
        let name = base(first);
        let arg = |i: usize| args.get(i).map_or("", |a| &**a);
        let number = |i: usize, otherwise: i32| args.get(i).map_or(Ok(otherwise), |a| a.parse());
        match name {
            ":" | "true" | "chmod" | "chown" | "sync" | "ln" | "stty" => Outcome::Status(0),
            "kill" | "killall" | "pkill" => self.kill(name, args, m),
            "false" => Outcome::Status(1),
            "exit" => Outcome::Exit(number(0, self.status).unwrap_or(2) & 0xff),
            "return" => Outcome::Return(number(0, self.status).unwrap_or(2)),
            "break" => Outcome::Break(arg(0).parse().unwrap_or(1)),
            "continue" => Outcome::Continue(arg(0).parse().unwrap_or(1)),
            "wait" => Outcome::Wait,
            "yes" => Outcome::Forever,
            "sleep" => self.sleep(args, m),
            "exec" | "command" | "nohup" | "env" if !args.is_empty() => self.run_words(args, m),
            "timeout" => self.run_words(args.get(1..).unwrap_or_default(), m),
            "become" => Outcome::Exec(fields.to_vec()),
            "eval" => self.script(&args.join(" ")),
            "sh" | "bash" | "ash" => self.shell(args, m),
            "." | "source" => match m.read(&absolute(&self.folder, arg(0))) {
                Ok(text) => self.script(&text),
                Err(_) => self.fail(2, &format!(".: can't open '{}'", arg(0)), m),
            },
            "tail" if arg(0).starts_with("-f") || arg(0) == "-F" => Outcome::Forever,
            "test" | "[" | "[[" => Outcome::Status(self.test(name, args, m)),
            "use-memory" => {
                self.memory = memory_size(arg(0));
                Outcome::Status(0)
            }
            "nslookup" | "getent" | "ping" | "wget" | "curl" | "nc" => self.network(name, args, m),
            _ => match self.tool(name, args, m) {
                Some(status) => Outcome::Status(status),
                None => self.other(first, fields, m),
            },
        }
    }

    /// A command that is neither built in nor a tool.
    fn other(&mut self, first: &Rc<str>, fields: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        let name = base(first);
        if let Some(script) = m.command(name) {
            self.args = fields.into();
            return self.script(&script);
        }
        if m.is_program(name) {
            return Outcome::Exec(fields.to_vec());
        }
        if first.contains('/')
            && let Ok(script) = m.read(&absolute(&self.folder, first))
        {
            self.args = fields.into();
            return self.script(&script);
        }
        if m.is_undeclared() {
            return Outcome::Status(0);
        }
        self.fail(127, &format!("sh: {first}: not found"), m)
    }

    /// Runs words as a command of their own: `exec`, `env NAME=value`, `timeout`.
    fn run_words(&mut self, words: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        let mut words = words;
        while let Some((first, rest)) = words.split_first() {
            match first.split_once('=') {
                Some((name, value)) if !first.starts_with('-') => {
                    self.variables.insert(name.into(), value.into());
                }
                None if !first.starts_with('-') => {
                    return match base(first) {
                        "exec" | "command" | "env" | "timeout" | "nohup" => {
                            self.fail(126, &format!("{first}: cannot be nested"), m)
                        }
                        _ => self.command(words, m),
                    };
                }
                _ => {}
            }
            words = rest;
        }
        Outcome::Status(0)
    }

    fn shell(&mut self, args: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        let command = args
            .iter()
            .position(|a| a.starts_with('-') && a.ends_with('c'));
        let script: Rc<str> = match (command, args.first()) {
            (Some(at), _) => {
                let script = args.get(at + 1).cloned().unwrap_or_default();
                let rest = args.get(at + 2..).unwrap_or_default();
                // `$0` is there even when nothing is given.
                self.args = match rest.is_empty() {
                    true => vec!["sh".into()].into(),
                    false => rest.into(),
                };
                script
            }
            (None, Some(file)) => match m.read(&absolute(&self.folder, file)) {
                Ok(text) => text,
                Err(_) => return self.fail(2, &format!("can't open '{file}'"), m),
            },
            (None, None) => self.input.text().into(),
        };
        self.script(&script)
    }

    fn script(&mut self, text: &str) -> Outcome {
        match parse(text) {
            Ok(command) => Outcome::Script(command),
            Err(message) => {
                self.complain(&message);
                Outcome::Status(2)
            }
        }
    }

    fn sleep(&mut self, args: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        let mut total = Duration::ZERO;
        for word in args {
            match sleep_span(word) {
                Ok(Some(span)) => total = total.saturating_add(span),
                Ok(None) => return Outcome::Forever,
                Err(()) => return self.fail(1, &format!("sleep: invalid number '{word}'"), m),
            }
        }
        match args.is_empty() {
            true => self.fail(1, "sleep: missing operand", m),
            false => Outcome::Sleep(total),
        }
    }

    fn fail(&mut self, status: i32, message: &str, m: &mut dyn Machine) -> Outcome {
        self.print(2, &format!("{message}\n"), m);
        Outcome::Status(status)
    }

    /// The operands, and the letters of the flags before and among them.
    pub(super) fn flags(args: &[Rc<str>]) -> (String, Vec<&str>) {
        let (mut letters, mut operands) = (String::new(), Vec::new());
        for arg in args {
            match arg.strip_prefix('-').filter(|f| !f.is_empty()) {
                Some(flag) => letters.push_str(flag),
                None => operands.push(&**arg),
            }
        }
        (letters, operands)
    }

    /// The content of the files named, or the input.
    fn input_of(&mut self, name: &str, files: &[&str], m: &mut dyn Machine) -> (String, i32) {
        if files.is_empty() {
            return (self.input.text().to_owned(), 0);
        }
        let (mut text, mut status) = (String::new(), 0);
        for file in files {
            if *file == "-" {
                text.push_str(self.input.text());
                continue;
            }
            match m.read(&absolute(&self.folder, file)) {
                Ok(content) => text.push_str(&content),
                Err(error) => {
                    let message = match error {
                        FileError::IsFolder => format!("{name}: read error: Is a directory\n"),
                        _ => format!("{name}: can't open '{file}': {}\n", error.text()),
                    };
                    self.print(2, &message, m);
                    status = 1;
                }
            }
        }
        (text, status)
    }

    /// The small tools; `None` when there is no such tool.
    fn tool(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> Option<i32> {
        let (flags, operands) = Shell::flags(args);
        let mut status = 0;
        let text = match name {
            "echo" => echo(args),
            "printf" => printf(args),
            "pwd" => format!("{}\n", self.folder),
            "hostname" => format!("{}\n", m.hostname()),
            "whoami" => match m.user().0 {
                0 => "root\n".to_owned(),
                user => {
                    self.print(2, &format!("whoami: unknown uid {user}\n"), m);
                    return Some(1);
                }
            },
            "id" => id(&flags, m),
            "ps" => self.processes(&fields_of("ps", args), m),
            "nproc" => "4\n".to_owned(),
            "uname" => match flags.contains('a') {
                true => format!("Linux {} 6.12.57 #1 SMP x86_64 GNU/Linux\n", m.hostname()),
                false => "Linux\n".to_owned(),
            },
            "date" => date(args, m),
            "env" | "printenv" if operands.is_empty() => {
                let pairs = self.variables.iter();
                pairs
                    .map(|(name, value)| format!("{name}={value}\n"))
                    .collect()
            }
            "printenv" => match operands.first().and_then(|name| self.variables.get(*name)) {
                Some(value) => format!("{value}\n"),
                None => {
                    status = 1;
                    String::new()
                }
            },
            "cat" | "tac" | "head" | "tail" | "sort" | "uniq" | "wc" | "rev" => {
                return Some(self.filter(name, args, m));
            }
            "grep" => return Some(self.grep(&flags, &operands, m)),
            "tee" => {
                let text = self.input.text().to_owned();
                for file in &operands {
                    let path = absolute(&self.folder, file);
                    // A file that cannot be written does not stop the output.
                    let _ = m.write(&path, &text, flags.contains('a'));
                }
                text
            }
            "cut" | "tr" | "xargs" => self.input.text().to_owned(),
            "seq" => seq(&operands),
            "expr" => expr(&operands),
            "basename" => format!(
                "{}\n",
                operands.first()?.trim_end_matches('/').rsplit('/').next()?
            ),
            "dirname" => format!(
                "{}\n",
                operands.first()?.rsplit_once('/').map_or(".", |(d, _)| d)
            ),
            "which" | "type" => {
                let name = *operands.first()?;
                status =
                    i32::from(!is_known(name) && m.command(name).is_none() && !m.is_program(name));
                match status {
                    0 => format!("/bin/{name}\n"),
                    _ => String::new(),
                }
            }
            "read" => return Some(self.read(&operands)),
            "cd" => return Some(self.change_folder(operands.first().copied(), m)),
            "export" | "local" | "readonly" => {
                for operand in &operands {
                    if let Some((name, value)) = operand.split_once('=') {
                        self.variables.insert(name.into(), value.into());
                    }
                }
                String::new()
            }
            "unset" => {
                for operand in &operands {
                    self.variables.remove(*operand);
                }
                String::new()
            }
            "set" => {
                self.exit_on_error = self.exit_on_error || flags.contains('e');
                if args.iter().any(|a| a.starts_with('+') && a.contains('e')) {
                    self.exit_on_error = false;
                }
                if let Some(at) = args.iter().position(|a| **a == *"--") {
                    let words = self.args.first().into_iter().chain(args.get(at + 1..)?);
                    self.args = words.cloned().collect();
                }
                String::new()
            }
            "shift" => {
                let by: usize = operands.first().and_then(|n| n.parse().ok()).unwrap_or(1);
                let rest = self.args.get(by.saturating_add(1)..).unwrap_or_default();
                self.args = self.args.first().into_iter().chain(rest).cloned().collect();
                String::new()
            }
            "trap" => {
                let (action, signals) = args.split_first()?;
                let action = (**action != *"-").then(|| action.clone());
                for signal in signals {
                    match signal.trim_start_matches("SIG") {
                        "TERM" | "15" => self.on_term.clone_from(&action),
                        "EXIT" | "0" => self.on_exit.clone_from(&action),
                        _ => {}
                    }
                }
                String::new()
            }
            "touch" | "mkdir" | "rm" | "ls" | "mv" | "cp" | "mktemp" => {
                return Some(self.files(name, &flags, &operands, m));
            }
            "dd" => return Some(self.dd(args, m)),
            "du" => return Some(self.du(&flags, &operands, m)),
            "fallocate" => return Some(self.fallocate(args, m)),
            _ => return None,
        };
        self.print(1, &text, m);
        Some(status)
    }

    fn files(&mut self, name: &str, flags: &str, operands: &[&str], m: &mut dyn Machine) -> i32 {
        let mut status = 0;
        let folder = self.folder.clone();
        let mut complain = |shell: &mut Shell, m: &mut dyn Machine, text: String| {
            shell.print(2, &text, m);
            status = 1;
        };
        match name {
            "touch" => {
                for file in operands {
                    let path = absolute(&folder, file);
                    if !m.is_folder(&path)
                        && let Err(error) = m.write(&path, "", true)
                    {
                        complain(self, m, format!("touch: {file}: {}\n", error.text()));
                    }
                }
            }
            "mkdir" => {
                for file in operands {
                    m.make_folder(&absolute(&folder, file));
                }
            }
            "rm" => {
                for file in operands {
                    if !m.remove(&absolute(&folder, file)) && !flags.contains('f') {
                        let text =
                            format!("rm: can't remove '{file}': No such file or directory\n");
                        complain(self, m, text);
                    }
                }
            }
            "mktemp" => {
                let path = format!("/tmp/tmp.{:06}", m.random(1_000_000));
                let _ = m.write(&path, "", false);
                self.print(1, &format!("{path}\n"), m);
            }
            "mv" | "cp" => {
                if let [from @ .., to] = operands {
                    for file in from {
                        let source = absolute(&folder, file);
                        let mut target = absolute(&folder, to);
                        if m.is_folder(&target) {
                            let last = source.rsplit('/').next().unwrap_or_default();
                            target = format!("{target}/{last}");
                        }
                        let copied = m.read(&source).and_then(|text| {
                            let more = m.used(&source).saturating_sub(text.len() as u64);
                            match more {
                                0 => m.write(&target, &text, false),
                                more => m.fill(&target, more),
                            }
                        });
                        match copied {
                            Ok(()) if name == "mv" => {
                                m.remove(&source);
                            }
                            Ok(()) => {}
                            Err(error) => {
                                let text =
                                    format!("{name}: can't stat '{file}': {}\n", error.text());
                                complain(self, m, text);
                            }
                        }
                    }
                }
            }
            _ => {
                let here = [folder.as_str()];
                let operands = if operands.is_empty() { &here } else { operands };
                for file in operands {
                    let path = absolute(&folder, file);
                    if m.is_folder(&path) && flags.contains('d') {
                        self.print(1, &format!("{file}\n"), m);
                    } else if m.is_folder(&path) {
                        let names = m.list(&path);
                        let text: String = names.iter().map(|n| format!("{n}\n")).collect();
                        self.print(1, &text, m);
                    } else if m.read(&path).is_ok() {
                        self.print(1, &format!("{file}\n"), m);
                    } else {
                        complain(self, m, format!("ls: {file}: No such file or directory\n"));
                    }
                }
            }
        }
        status
    }

    fn filter(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let mut count = 10usize;
        let mut operands = Vec::new();
        let mut words = args.iter();
        let mut flags = String::new();
        while let Some(word) = words.next() {
            match word.strip_prefix('-').filter(|f| !f.is_empty()) {
                Some("n" | "c") if matches!(name, "head" | "tail") => {
                    count = words.next().and_then(|n| n.parse().ok()).unwrap_or(count);
                }
                Some(flag) => {
                    let digits = flag.trim_start_matches(['n', 'c']);
                    count = digits.parse().unwrap_or(count);
                    flags.push_str(flag);
                }
                None => operands.push(&**word),
            }
        }
        let (text, status) = self.input_of(name, &operands, m);
        let mut lines: Vec<&str> = text.lines().collect();
        match name {
            "cat" => {
                self.print(1, &text, m);
                return status;
            }
            "head" => lines.truncate(count),
            "tail" => lines = lines.split_off(lines.len().saturating_sub(count)),
            "sort" => {
                lines.sort_unstable();
                if flags.contains('u') {
                    lines.dedup();
                }
                if flags.contains('r') {
                    lines.reverse();
                }
            }
            "uniq" => lines.dedup(),
            "tac" => lines.reverse(),
            "wc" => {
                let n = match flags.chars().next() {
                    Some('c' | 'm') => text.len(),
                    Some('w') => text.split_whitespace().count(),
                    _ => lines.len(),
                };
                self.print(1, &format!("{n}\n"), m);
                return status;
            }
            _ => {}
        }
        let output: String = lines.iter().map(|l| format!("{l}\n")).collect();
        self.print(1, &output, m);
        status
    }

    /// Plain texts, `^`, `$` and `.*` only; `-q -v -i -c`.
    fn grep(&mut self, flags: &str, operands: &[&str], m: &mut dyn Machine) -> i32 {
        let Some((pattern, files)) = operands.split_first() else {
            return 2;
        };
        let (text, failed) = self.input_of("grep", files, m);
        let fold = |s: &str| match flags.contains('i') {
            true => s.to_lowercase(),
            false => s.to_owned(),
        };
        let inner = pattern.trim_start_matches('^').trim_end_matches('$');
        let start = if pattern.starts_with('^') { "" } else { "*" };
        let end = if pattern.ends_with('$') { "" } else { "*" };
        let glob = fold(&format!("{start}{}{end}", inner.replace(".*", "*")));
        let hits = text
            .lines()
            .filter(|line| matches(&glob, &fold(line)) != flags.contains('v'));
        let hits: Vec<&str> = hits.collect();
        if flags.contains('c') {
            self.print(1, &format!("{}\n", hits.len()), m);
        } else if !flags.contains('q') {
            let output: String = hits.iter().map(|l| format!("{l}\n")).collect();
            self.print(1, &output, m);
        }
        match hits.is_empty() {
            true => failed + 1,
            false => 0,
        }
    }

    fn read(&mut self, names: &[&str]) -> i32 {
        let input: Rc<str> = self.input.text().into();
        if input.is_empty() {
            return 1;
        }
        let (line, rest) = input.split_once('\n').unwrap_or((&input, ""));
        let mut words = line.trim();
        for (i, name) in names.iter().enumerate() {
            let (value, after) = match i + 1 == names.len() {
                true => (words, ""),
                false => words.split_once(' ').unwrap_or((words, "")),
            };
            self.variables.insert((*name).into(), value.into());
            words = after.trim_start();
        }
        let rest: Rc<str> = rest.into();
        self.input = Input::Text(rest);
        0
    }

    fn change_folder(&mut self, to: Option<&str>, m: &mut dyn Machine) -> i32 {
        let path = absolute(&self.folder, to.unwrap_or("/"));
        if m.is_folder(&path) || matches!(path.as_str(), "/tmp" | "/root" | "/var" | "/etc") {
            self.folder = path;
            return 0;
        }
        let text = format!(
            "cd: can't cd to {}: No such file or directory\n",
            to.unwrap_or("/")
        );
        self.print(2, &text, m);
        2
    }

    /// `test`, `[` and `[[`: 0 when it holds.
    fn test(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let end = match name {
            "[" => "]",
            "[[" => "]]",
            _ => "",
        };
        let mut words: Vec<&str> = args.iter().map(|a| &**a).collect();
        if !end.is_empty() && words.pop() != Some(end) {
            self.print(2, &format!("{name}: missing {end}\n"), m);
            return 2;
        }
        // -o binds weaker than -a.
        let holds = words.split(|w| *w == "-o" || *w == "||").any(|side| {
            side.split(|w| *w == "-a" || *w == "&&")
                .all(|term| self.test_term(term, m))
        });
        i32::from(!holds)
    }

    fn test_term(&self, words: &[&str], m: &dyn Machine) -> bool {
        let path = |word: &str| absolute(&self.folder, word);
        let compare = |a: &str, b: &str| {
            let number = |s: &str| s.trim().parse::<i64>().unwrap_or_default();
            number(a).cmp(&number(b))
        };
        match words {
            ["!", rest @ ..] => match rest {
                ["!", ..] => false,
                rest => !self.test_term(rest, m),
            },
            [word] => !word.is_empty(),
            ["-z", word] => word.is_empty(),
            ["-n", word] => !word.is_empty(),
            ["-e", word] => m.is_folder(&path(word)) || m.read(&path(word)).is_ok(),
            ["-f" | "-r" | "-w" | "-x", word] => m.read(&path(word)).is_ok(),
            ["-s", word] => m.read(&path(word)).is_ok_and(|t| !t.is_empty()),
            ["-d", word] => m.is_folder(&path(word)),
            [a, "=" | "==", b] => a == b || matches(b, a),
            [a, "!=", b] => a != b,
            [a, "-eq", b] => compare(a, b).is_eq(),
            [a, "-ne", b] => compare(a, b).is_ne(),
            [a, "-lt", b] => compare(a, b).is_lt(),
            [a, "-le", b] => compare(a, b).is_le(),
            [a, "-gt", b] => compare(a, b).is_gt(),
            [a, "-ge", b] => compare(a, b).is_ge(),
            _ => false,
        }
    }
}

/// A command line, as `ps` shows it.
fn fields_of(name: &str, args: &[Rc<str>]) -> String {
    let mut text = name.to_owned();
    for arg in args {
        text.push(' ');
        text.push_str(arg);
    }
    text
}

/// `id`, with `-u` and `-g`.
fn id(flags: &str, m: &dyn Machine) -> String {
    let (user, group, groups) = m.user();
    let named = |n: &i64| match n {
        0 => "0(root)".to_owned(),
        n => n.to_string(),
    };
    if flags.contains('u') {
        return format!("{user}\n");
    }
    if flags.contains('g') {
        return format!("{group}\n");
    }
    let groups: Vec<String> = groups.iter().map(named).collect();
    let (user, group) = (named(&user), named(&group));
    format!("uid={user} gid={group} groups={}\n", groups.join(","))
}

/// A size as tools for memory tests write it: `250M`, `1G`, or a quantity.
pub(super) fn memory_size(text: &str) -> Option<u64> {
    let text = match text.strip_suffix(['M', 'G', 'K']) {
        Some(_) => format!("{text}i"),
        None => text.to_owned(),
    };
    let quantity = Quantity::parse(&text).ok()?;
    u64::try_from(quantity.value()).ok()
}

fn echo(args: &[Rc<str>]) -> String {
    let (mut newline, mut escapes, mut words) = (true, false, args);
    while let Some((first, rest)) = words.split_first() {
        match &**first {
            "-n" => newline = false,
            "-e" => escapes = true,
            "-ne" | "-en" => (newline, escapes) = (false, true),
            _ => break,
        }
        words = rest;
    }
    let mut text = words.join(" ");
    if escapes {
        text = unescape(&text);
    }
    if newline {
        text.push('\n');
    }
    text
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('\\') => out.push('\\'),
                Some('r') => out.push('\r'),
                Some(c) => {
                    out.push('\\');
                    out.push(c);
                }
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

/// `%s`, `%d` and `%%`; the format is used again while there are arguments.
fn printf(args: &[Rc<str>]) -> String {
    let Some((format, args)) = args.split_first() else {
        return String::new();
    };
    let format = unescape(format);
    let mut words = args.iter();
    let mut out = String::new();
    loop {
        let mut chars = format.chars();
        let mut used = false;
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('%') | None => out.push('%'),
                Some(_) => {
                    used = true;
                    out.push_str(words.next().map_or("", |w| &**w));
                }
            }
        }
        if !used || words.len() == 0 {
            return out;
        }
    }
}

fn date(args: &[Rc<str>], m: &dyn Machine) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let now = m.now();
    let c = rfc3339::civil(now.0 as i64);
    let day = DAYS.get(usize::from(c.weekday)).copied().unwrap_or("");
    let month = MONTHS
        .get(usize::from(c.month.saturating_sub(1)))
        .copied()
        .unwrap_or("");
    let Some(format) = args.iter().find_map(|a| a.strip_prefix('+')) else {
        return format!(
            "{day} {month} {:2} {:02}:{:02}:{:02} UTC {}\n",
            c.day, c.hour, c.minute, c.second, c.year
        );
    };
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(letter) = chars.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        match chars.next() {
            Some('Y') => out.push_str(&c.year.to_string()),
            Some('m') => out.push_str(&format!("{:02}", c.month)),
            Some('d') => out.push_str(&format!("{:02}", c.day)),
            Some('H') => out.push_str(&format!("{:02}", c.hour)),
            Some('M') => out.push_str(&format!("{:02}", c.minute)),
            Some('S') => out.push_str(&format!("{:02}", c.second)),
            Some('s') => out.push_str(&now.unix_secs().to_string()),
            Some('F') => out.push_str(&format!("{}-{:02}-{:02}", c.year, c.month, c.day)),
            Some('T') => out.push_str(&format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second)),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out.push('\n');
    out
}

/// At most as many numbers as a container would ever count up to here.
const MOST_NUMBERS: i64 = 2000;

fn seq(operands: &[&str]) -> String {
    let number = |s: &&str| s.parse::<i64>().unwrap_or(1);
    let (first, step, last) = match operands {
        [last] => (1, 1, number(last)),
        [first, last] => (number(first), 1, number(last)),
        [first, step, last] => (number(first), number(step), number(last)),
        _ => return String::new(),
    };
    let mut out = String::new();
    for i in 0..MOST_NUMBERS {
        let Some(n) = step.checked_mul(i).and_then(|d| first.checked_add(d)) else {
            break;
        };
        if step == 0 || (step > 0 && n > last) || (step < 0 && n < last) {
            break;
        }
        out.push_str(&format!("{n}\n"));
    }
    out
}

fn expr(operands: &[&str]) -> String {
    let number = |s: &str| s.parse::<i64>().unwrap_or_default();
    let value = match operands {
        [a, "+", b] => number(a).wrapping_add(number(b)),
        [a, "-", b] => number(a).wrapping_sub(number(b)),
        [a, "*", b] => number(a).wrapping_mul(number(b)),
        [a, "/", b] => number(a).checked_div(number(b)).unwrap_or_default(),
        [a, "%", b] => number(a).checked_rem(number(b)).unwrap_or_default(),
        [one] => return format!("{one}\n"),
        _ => return "\n".to_owned(),
    };
    format!("{value}\n")
}
