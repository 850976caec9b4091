//! The commands: what a shell has built in, and the small tools of busybox.

mod conditions;
mod files;
mod filters;
mod listing;
mod looking;
mod owners;
mod sockets;
mod words;
mod xargs;

use std::rc::Rc;
use std::time::Duration;

use owners::id;
use words::{echo, fields_of};

use crate::api::quantity::Quantity;
use crate::api::rfc3339;
use crate::kubelet::runtime::files::{FileError, absolute};
use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::shell::disk::mounts;
use crate::kubelet::runtime::shell::input::Input;
use crate::kubelet::runtime::shell::parse::parse;
use crate::kubelet::runtime::shell::run::{Outcome, Shell};
use crate::tools::awk::awk;
use crate::tools::{self, Call, sed};

/// Words that name something a shell can run in any image that has a shell.
pub fn is_known(name: &str) -> bool {
    const NAMES: &str = " : true false echo printf cat touch rm mkdir rmdir ls stat readlink exit sleep test [ [[ cd pwd \
        export unset set shift read date hostname uname whoami id ps env printenv wc grep head tail tee \
        sort uniq seq expr basename dirname kill killall pkill trap wait return break continue exec eval . source \
        command which type nslookup getent wget curl nc ping mv cp chmod chown chgrp umask ln mktemp nproc sync \
        sh bash ash local readonly use-memory timeout xargs rev tac cut tr yes dd du df mount fallocate \
        awk sed cksum comm expand fold hexdump join md5sum nl od paste sha1sum sha256sum xxd \
        find ip ifconfig top vi less more clear free netstat ss dig host port-open nohup stty ";
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

/// Whether a word asks `tail` to go on.
fn follows(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or_default();
    matches!(word, "--follow" | "--follow=name" | "--follow=descriptor")
        || !letters.starts_with('-') && letters.contains(['f', 'F'])
}

impl Shell {
    /// Runs one command that is no function.
    pub(super) fn command(&mut self, fields: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        let Some((first, args)) = fields.split_first() else {
            return Outcome::Status(0);
        };
        let name = base(first);
        if m.lacks(name) {
            return self.fail(127, &format!("sh: {first}: not found"), m);
        }
        let arg = |i: usize| args.get(i).map_or("", |a| &**a);
        let number = |i: usize, otherwise: i32| args.get(i).map_or(Ok(otherwise), |a| a.parse());
        match name {
            ":" | "true" | "sync" | "stty" | "clear" => Outcome::Status(0),
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
            "xargs" => self.xargs(args),
            "eval" => self.script(&args.join(" ")),
            "sh" | "bash" | "ash" => self.shell(first, args, m),
            "." | "source" => match m.read(&absolute(&self.folder, arg(0))) {
                Ok(text) => self.script(&text),
                Err(_) => self.fail(2, &format!(".: can't open '{}'", arg(0)), m),
            },
            "tail" if args.iter().any(|a| follows(a)) => self.follow(args, m),
            "tail-more" => {
                self.show_more(m);
                Outcome::Status(0)
            }
            "test" | "[" | "[[" => Outcome::Status(self.test(name, args, m)),
            "use-memory" => {
                self.memory = memory_size(arg(0));
                Outcome::Status(0)
            }
            "nslookup" | "getent" | "ping" | "wget" | "curl" | "nc" | "dig" | "host" => {
                self.network(name, args, m)
            }
            "port-open" => {
                let open = m.connects(arg(0), arg(1).parse().unwrap_or(0));
                Outcome::Status(i32::from(!open))
            }
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
            if matches!(&**first, "-i" | "-" | "--ignore-environment") {
                self.variables.clear();
                words = rest;
                continue;
            }
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

    fn shell(&mut self, name: &Rc<str>, args: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        let command = args
            .iter()
            .position(|a| a.starts_with('-') && a.ends_with('c'));
        let file = args.iter().position(|a| !a.starts_with('-'));
        let (script, given): (Rc<str>, &[Rc<str>]) = match (command, file) {
            (Some(at), _) => {
                let rest = args.get(at + 2..).unwrap_or_default();
                (args.get(at + 1).cloned().unwrap_or_default(), rest)
            }
            (None, Some(at)) => {
                let file = args.get(at).map_or("", |file| &**file);
                match m.read(&absolute(&self.folder, file)) {
                    Ok(text) => (text, args.get(at..).unwrap_or_default()),
                    Err(_) => return self.fail(2, &format!("can't open '{file}'"), m),
                }
            }
            (None, None) => (self.input.text().into(), &[]),
        };
        // `$0` is there even when nothing is given.
        let given = match given {
            [] => vec![base(name).into()].into(),
            given => given.into(),
        };
        match self.script(&script) {
            Outcome::Script(command) => Outcome::Inner(command, given),
            other => other,
        }
    }

    pub(super) fn script(&mut self, text: &str) -> Outcome {
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

    /// Runs a tool that the terminal has, too.
    fn shared(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> Option<i32> {
        let now = m.now().0 as i64;
        let folder = self.folder.clone();
        let input = self.input.text().to_owned();
        let mut file = |name: &str| {
            let found = m.read(&absolute(&folder, name));
            found
                .map(|text| text.to_string())
                .map_err(|error| error.text().to_owned())
        };
        let words: Vec<&str> = args.iter().map(|a| &**a).collect();
        let mut call = Call {
            name,
            words,
            input: &input,
            file: &mut file,
            now,
        };
        let mut written = Vec::new();
        let output = match name {
            "awk" => {
                let (output, files) = awk(&mut call);
                written = files;
                output
            }
            "sed" => {
                let (output, files) = sed(&mut call);
                written = files;
                output
            }
            _ => tools::call(call)?,
        };
        self.print(1, &output.out, m);
        self.print(2, &output.err, m);
        let mut code = output.code;
        for (name, text) in written {
            if let Err(error) = m.write(&absolute(&self.folder, &name), &text, false) {
                self.print(2, &format!("{name}: {}\n", error.text()), m);
                code = 4;
            }
        }
        Some(code)
    }

    /// The small tools; `None` when there is no such tool.
    fn tool(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> Option<i32> {
        if matches!(name, "awk" | "sed") || tools::NAMES.contains(&name) {
            return self.shared(name, args, m);
        }
        let (flags, operands) = Shell::flags(args);
        let mut status = 0;
        let text = match name {
            "echo" => echo(args),
            "pwd" => format!("{}\n", self.folder),
            "hostname" => format!("{}\n", m.hostname()),
            "whoami" => return Some(self.whoami(m)),
            "id" => id(&flags, m),
            "ps" => self.processes(&fields_of("ps", args), args, m),
            "nproc" => "4\n".to_owned(),
            "uname" => match flags.contains('a') {
                true => format!("Linux {} 6.12.57 #1 SMP x86_64 GNU/Linux\n", m.hostname()),
                false => "Linux\n".to_owned(),
            },
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
            "cat" | "less" | "more" | "head" | "tail" | "sort" | "uniq" | "wc" | "cut" | "tr" => {
                return Some(self.filter(name, args, m));
            }
            "grep" => return Some(self.grep(args, m)),
            "free" | "netstat" | "ss" => return Some(self.sockets(name, args, m)),
            "find" | "ip" | "ifconfig" | "top" | "vi" | "vim" | "nano" => {
                return Some(self.look(name, args, m));
            }
            "tee" => {
                let text = self.input.text().to_owned();
                for file in &operands {
                    let path = absolute(&self.folder, file);
                    // A file that cannot be written does not stop the output.
                    if let Err(error) = m.write(&path, &text, flags.contains('a')) {
                        let text = format!("tee: {file}: {}\n", error.text());
                        self.print(2, &text, m);
                        status = 1;
                    }
                }
                text
            }
            "which" | "type" => {
                let mut found = String::new();
                for name in &operands {
                    let known = is_known(name) && !m.lacks(name);
                    match known || m.command(name).is_some() || m.is_program(name) {
                        true => found.push_str(&format!("/bin/{name}\n")),
                        false => status = 1,
                    }
                }
                found
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
            "touch" | "mkdir" | "rmdir" | "rm" | "mv" | "cp" | "ln" | "readlink" | "mktemp" => {
                return Some(self.files(name, &flags, &operands, m));
            }
            "ls" => return Some(self.ls(&flags, &operands, m)),
            "stat" => return Some(self.stat(args, m)),
            "chmod" | "chown" | "chgrp" => return Some(self.change_owners(name, args, m)),
            "umask" => return Some(self.umask(&operands, m)),
            "df" => return Some(self.df(&flags, &operands, m)),
            "mount" => mounts(m),
            "dd" => return Some(self.dd(args, m)),
            "du" => return Some(self.du(&flags, &operands, m)),
            "fallocate" => return Some(self.fallocate(args, m)),
            _ => return None,
        };
        self.print(1, &text, m);
        Some(status)
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
