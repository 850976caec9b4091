//! What runs in a container: a declared server, or a shell.

use std::rc::Rc;
use std::time::Duration;

use super::dialog::{Dialog, Stream};
use super::image::Content;
use super::machine::Surroundings;
use super::shell::{self, Machine, Pause, Shell};
use super::standard;
use super::typed::Typed;
use crate::api::play::{HttpAnswer, Program};
use crate::api::quantity::Quantity;
use crate::client::wire::Ending;
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Time, millis};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    pub code: i32,
    pub out_of_memory: bool,
}

impl Exit {
    pub const KILLED: Exit = Exit {
        code: 137,
        out_of_memory: false,
    };
    pub const OUT_OF_MEMORY: Exit = Exit {
        code: 137,
        out_of_memory: true,
    };

    pub fn with(code: i32) -> Exit {
        Exit {
            code,
            out_of_memory: false,
        }
    }
}

/// Of programs that do not say, and of a shell.
const MEMORY: u64 = 16 << 20;
const SHELL_MEMORY: u64 = 1 << 20;

/// What a process needs to start.
pub struct Start<'s> {
    pub content: &'s Content,
    /// The name of the image.
    pub image: &'s str,
    pub command: &'s [String],
    pub args: &'s [String],
    pub env: BTreeMap<Rc<str>, Rc<str>>,
    pub folder: &'s str,
    /// Somebody may type into it, and at a terminal.
    pub stdin: bool,
    pub tty: bool,
    /// What an undeclared server listens on.
    pub ports: &'s [u16],
    /// In bytes.
    pub memory_limit: Option<u64>,
    pub now: Time,
}

/// A declared program that runs.
#[derive(Clone, Debug)]
pub struct Server {
    pub program: Rc<Program>,
    declared: bool,
    ports: Vec<u16>,
    started: Time,
    listening: Time,
    /// When it ends by itself, or has been told to.
    ends: Option<(Time, Exit)>,
    draining: bool,
    /// What it uses when it begins to listen, and how much more with each second.
    memory: (u64, u64),
}

#[derive(Clone)]
enum Running {
    Server(Server),
    Shell(Box<Shell>),
    /// A shell that reads what is typed.
    Attended(Box<Attended>),
}

/// A process that somebody may attach to.
#[derive(Clone)]
pub struct Attended {
    dialog: Dialog,
    tty: bool,
    out: Written,
    err: Written,
    /// The line of the log that has no end yet.
    line: String,
}

/// What was written to a stream, of which the latest part is kept.
#[derive(Clone, Default)]
pub struct Written {
    kept: String,
    dropped: usize,
}

/// How much of a stream is kept for whoever attaches, in bytes.
const MOST_KEPT: usize = 256 << 10;

impl Written {
    fn push(&mut self, text: &str) {
        self.kept.push_str(text);
        if self.kept.len() > MOST_KEPT {
            let end = (self.kept.len() - MOST_KEPT / 2..).find(|i| self.kept.is_char_boundary(*i));
            let end = end.unwrap_or(self.kept.len());
            self.kept.drain(..end);
            self.dropped += end;
        }
    }

    /// How many bytes have been written.
    pub fn len(&self) -> usize {
        self.dropped + self.kept.len()
    }

    /// Where the line begins that has no end yet.
    pub fn line_start(&self) -> usize {
        self.dropped + self.kept.rfind('\n').map_or(0, |end| end + 1)
    }

    /// What was written after so many bytes, as far as it is kept.
    pub fn after(&self, bytes: usize) -> &str {
        let from = bytes.saturating_sub(self.dropped);
        self.kept.get(from..).unwrap_or_default()
    }
}

impl Attended {
    pub fn out(&self) -> &Written {
        &self.out
    }

    pub fn err(&self) -> &Written {
        &self.err
    }

    pub fn is_terminal(&self) -> bool {
        self.tty
    }

    /// Somebody types, and whether that is the end of it.
    pub fn give(&mut self, text: &str, ends: bool, now: Time, log: &mut dyn FnMut(&str)) {
        // A terminal shows what is typed, and the log is what it shows.
        if self.tty {
            logged(&mut self.line, text, log);
        }
        self.dialog.give(text, ends, now);
    }

    pub fn hang_up(&mut self, now: Time) {
        self.dialog.hang_up(now);
    }

    fn resume(&mut self, s: &mut Surroundings<'_>, log: &mut dyn FnMut(&str)) -> Pause {
        let (out, err, line) = (&mut self.out, &mut self.err, &mut self.line);
        let pause = self.dialog.resume(s, &mut |stream, text| {
            match stream {
                Stream::Err => err.push(text),
                Stream::Out | Stream::Log => out.push(text),
            }
            logged(line, text, log);
        });
        if matches!(pause, Pause::Exit(_)) && !self.line.is_empty() {
            log(&std::mem::take(&mut self.line));
        }
        pause
    }
}

/// Hands the whole lines on, and keeps the rest.
fn logged(begun: &mut String, text: &str, log: &mut dyn FnMut(&str)) {
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n') {
        begun.push_str(line);
        log(&std::mem::take(begun));
        rest = after;
    }
    begun.push_str(rest);
    if begun.len() > MOST_KEPT {
        log(&std::mem::take(begun));
    }
}

/// The first process of a container.
#[derive(Clone)]
pub struct Process {
    running: Running,
    content: Content,
    ports: Vec<u16>,
    memory_limit: Option<u64>,
    /// A signal has ended it.
    killed: Option<Exit>,
}

/// What a container's words name.
enum Entry {
    Program,
    Words(Vec<Rc<str>>),
    Script(String, Vec<Rc<str>>),
}

/// An answer of a server.
pub struct Answer {
    pub status: u16,
    pub body: String,
    pub latency: Duration,
}

/// What happens when a container starts.
///
/// # Errors
/// The executable does not exist: the runtime's words for it.
pub fn start(start: Start<'_>) -> Result<(Process, Vec<String>), String> {
    let program = &start.content.program;
    let mut entry = entry(start.content, start.image, start.command, start.args)?;
    // The shell that is the program of many an image.
    if start.stdin && matches!(entry, Entry::Program) && program.script.trim() == "exit 0" {
        entry = Entry::Words(vec![standard::shell(start.image).into()]);
    }
    let mut logs = Vec::new();
    let running = match entry {
        Entry::Program => {
            let missing = program
                .requires_env
                .iter()
                .find(|(name, _)| !start.env.contains_key(&***name));
            let words: Vec<Rc<str>> = start.args.iter().map(|a| a.as_str().into()).collect();
            match missing {
                Some((_, line)) => {
                    logs.push(line.clone());
                    Running::Server(Server::failing(start.content, start.now))
                }
                None if !program.script.is_empty() => {
                    let mut args: Vec<Rc<str>> = vec![program.name.as_str().into()];
                    args.extend(words);
                    shell(&program.script, args, &start)?
                }
                None => {
                    logs.clone_from(&program.logs);
                    Running::Server(Server::new(&start))
                }
            }
        }
        Entry::Words(words) if start.stdin => {
            let typed = (Typed::new("", true), start.tty);
            let dialog = Dialog::new(&words, start.env, start.folder, typed, start.now);
            Running::Attended(Box::new(Attended {
                dialog,
                tty: start.tty,
                out: Written::default(),
                err: Written::default(),
                line: String::new(),
            }))
        }
        Entry::Words(words) => {
            let shell = Shell::of_words(&words, start.env, start.folder, start.now);
            Running::Shell(Box::new(shell))
        }
        Entry::Script(script, words) => shell(&script, words, &start)?,
    };
    let process = Process {
        running,
        content: start.content.clone(),
        ports: start.ports.to_vec(),
        memory_limit: start.memory_limit,
        killed: None,
    };
    Ok((process, logs))
}

fn shell(script: &str, args: Vec<Rc<str>>, start: &Start<'_>) -> Result<Running, String> {
    Shell::new(script, args, start.env.clone(), start.folder, start.now)
        .map(|s| Running::Shell(Box::new(s)))
}

/// Finds what is to run: `command` replaces the entrypoint, `args` its arguments.
fn entry(
    content: &Content,
    image: &str,
    command: &[String],
    args: &[String],
) -> Result<Entry, String> {
    let program = &content.program;
    let words: Vec<Rc<str>> = command
        .iter()
        .chain(args)
        .map(|w| w.as_str().into())
        .collect();
    let Some(first) = words.first() else {
        return Ok(Entry::Program);
    };
    let own_arguments = command.is_empty() && (program.entrypoint || first.starts_with('-'));
    let name = shell::base(first);
    if own_arguments || name == program.name {
        return Ok(Entry::Program);
    }
    if let Some(script) = program.commands.get(name) {
        return Ok(Entry::Script(script.clone(), words));
    }
    let lacks = content.declared && standard::lacks(image, name);
    if !program.no_shell && shell::is_known(name) && !lacks {
        return Ok(Entry::Words(words));
    }
    if let Some(script) = program.files.get(&**first) {
        return Ok(Entry::Script(script.clone(), words));
    }
    if !content.declared {
        return Ok(Entry::Program);
    }
    let detail = match first.contains('/') {
        true => format!("exec: \"{first}\": stat {first}: no such file or directory"),
        false => format!("exec: \"{first}\": executable file not found in $PATH"),
    };
    Err(format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: {detail}"
    ))
}

impl Process {
    /// Runs what is due now. Returns when to come back, or how it ended.
    pub fn resume(
        &mut self,
        s: &mut Surroundings<'_>,
        log: &mut dyn FnMut(&str),
    ) -> Result<Time, Exit> {
        let now = s.now();
        if let Some(exit) = self.killed {
            return Err(exit);
        }
        match &mut self.running {
            Running::Server(server) => match server.ends {
                Some((at, exit)) if at <= now => Err(exit),
                Some((at, _)) => Ok(at),
                None => Ok(Time::MAX),
            },
            Running::Shell(_) | Running::Attended(_) => {
                let pause = match &mut self.running {
                    Running::Attended(attended) => attended.resume(s, log),
                    Running::Shell(shell) => {
                        let pause = shell.resume(s);
                        shell.take_lines().iter().for_each(|line| log(line));
                        pause
                    }
                    Running::Server(_) => Pause::Forever,
                };
                let memory = self.shell().and_then(Shell::memory);
                let over = |limit: u64| memory.is_some_and(|m| m > limit);
                if self.memory_limit.is_some_and(over) {
                    return Err(Exit::OUT_OF_MEMORY);
                }
                match pause {
                    Pause::Until(at) => Ok(at),
                    Pause::Forever => Ok(Time::MAX),
                    Pause::Exit(code) => Err(Exit::with(code & 0xff)),
                    Pause::Exec(words) => {
                        if let Some(program) = became(&self.content.program, &words) {
                            self.content.program = Rc::new(program);
                        }
                        for line in &self.content.program.logs {
                            log(line);
                        }
                        let server = Server::of(&self.content, &self.ports, self.memory_limit, now);
                        let ends = server.ends.map_or(Time::MAX, |(at, _)| at);
                        self.running = Running::Server(server);
                        Ok(ends)
                    }
                }
            }
        }
    }

    /// Memory in use in bytes, and how much more with each second.
    pub fn memory(&self, now: Time) -> (u64, u64) {
        match &self.running {
            Running::Server(server) => server.memory(now),
            Running::Shell(_) | Running::Attended(_) => {
                let memory = self.shell().and_then(Shell::memory);
                (memory.unwrap_or(SHELL_MEMORY), 0)
            }
        }
    }

    /// Another memory limit. Returns when to come back.
    pub fn limit_memory(&mut self, limit: Option<u64>) -> Option<Time> {
        self.memory_limit = limit;
        let Running::Server(server) = &mut self.running else {
            return None;
        };
        if server.draining {
            return None;
        }
        let fresh = Server::of(&self.content, &self.ports, limit, server.started);
        server.ends = fresh.ends;
        server.ends.map(|(at, _)| at)
    }

    /// A signal. The first process of a container gets only those that it does something about.
    /// Returns when to come back, or `None` when it takes no notice.
    pub fn signal(
        &mut self,
        signal: u8,
        first: bool,
        now: Time,
        log: &mut dyn FnMut(&str),
    ) -> Option<Time> {
        use shell::{HUP, INT, QUIT, TERM, USR1, USR2, is_harmless};
        let handled = match &self.running {
            // Servers end in order, and read their configuration or open their logs anew.
            Running::Server(_) => matches!(signal, HUP | INT | QUIT | TERM | USR1 | USR2),
            Running::Shell(_) | Running::Attended(_) => {
                signal == TERM && self.shell().is_some_and(Shell::traps_term)
            }
        };
        match handled {
            true if matches!(signal, HUP | USR1 | USR2) => None,
            true => self.terminate(now, log),
            false if first || is_harmless(signal) => None,
            false => {
                self.killed = Some(Exit::with(128 + i32::from(signal)));
                Some(now)
            }
        }
    }

    /// SIGTERM. Returns when to come back, or `None` when it takes no notice.
    fn terminate(&mut self, now: Time, log: &mut dyn FnMut(&str)) -> Option<Time> {
        match &mut self.running {
            Running::Server(server) => {
                if server.program.ignores_sigterm {
                    return None;
                }
                for line in &server.program.stop_logs {
                    log(line);
                }
                server.draining = true;
                let at = now + millis(server.program.drain_millis);
                if server.ends.is_none_or(|(ends, _)| at < ends) {
                    server.ends = Some((at, Exit::with(0)));
                }
                server.ends.map(|(at, _)| at)
            }
            Running::Shell(shell) => shell.terminate(now).then_some(now),
            Running::Attended(attended) => {
                let shell = attended.dialog.shell_mut();
                shell.terminate(now).then_some(now)
            }
        }
    }

    /// The ending of a request that the process has made; tells whether it waited for it.
    pub fn deliver(&mut self, id: u64, ending: &Ending, now: Time) -> bool {
        match &mut self.running {
            Running::Server(_) => false,
            Running::Shell(shell) => shell.deliver(id, ending, now),
            Running::Attended(attended) => attended.dialog.deliver(id, ending, now),
        }
    }

    /// The server that takes connections on a port now.
    pub fn listener(&self, port: u16, now: Time) -> Option<&Server> {
        match &self.running {
            Running::Server(server) if server.listens(port, now) => Some(server),
            _ => None,
        }
    }

    pub fn server(&self) -> Option<&Server> {
        match &self.running {
            Running::Server(server) => Some(server),
            Running::Shell(_) | Running::Attended(_) => None,
        }
    }

    fn shell(&self) -> Option<&Shell> {
        match &self.running {
            Running::Server(_) => None,
            Running::Shell(shell) => Some(shell),
            Running::Attended(attended) => Some(attended.dialog.shell()),
        }
    }

    /// What one who attaches to the process sees and types at, where it reads.
    pub fn attended(&self) -> Option<&Attended> {
        match &self.running {
            Running::Attended(attended) => Some(attended),
            Running::Server(_) | Running::Shell(_) => None,
        }
    }

    pub fn attended_mut(&mut self) -> Option<&mut Attended> {
        match &mut self.running {
            Running::Attended(attended) => Some(attended),
            Running::Server(_) | Running::Shell(_) => None,
        }
    }
}

/// What `become` turns a script into: another program of the image, or a server that is told
/// where to listen and what to say.
fn became(program: &Program, words: &[Rc<str>]) -> Option<Program> {
    let (first, rest) = words.split_first()?;
    if &**first != "become" {
        return None;
    }
    let name = rest.first().map_or("", |n| &**n);
    let mut mode = program.modes.get(name).cloned().unwrap_or_default();
    if mode.name.is_empty() {
        mode.name = name.to_owned();
    }
    let mut ports = Vec::new();
    for pair in rest.get(1..).unwrap_or_default().chunks(2) {
        let [flag, value] = pair else { break };
        match &**flag {
            "--port" => ports.extend(value.parse::<i32>()),
            "--body" => {
                mode.http = vec![HttpAnswer {
                    path: "/".to_owned(),
                    status: 200,
                    body: value.to_string(),
                    ..HttpAnswer::default()
                }];
            }
            "--root" => mode.document_root = value.to_string(),
            _ => {}
        }
    }
    if !ports.is_empty() {
        mode.ports = ports;
    }
    Some(mode)
}

fn bytes(quantity: Option<&k8s_openapi::apimachinery::pkg::api::resource::Quantity>) -> u64 {
    quantity
        .and_then(|q| Quantity::parse(&q.0).ok())
        .map_or(0, |q| q.value().max(0).unsigned_abs())
}

impl Server {
    fn new(start: &Start<'_>) -> Server {
        Server::of(start.content, start.ports, start.memory_limit, start.now)
    }

    fn of(content: &Content, ports: &[u16], limit: Option<u64>, now: Time) -> Server {
        let program = content.program.clone();
        let listening = now + millis(program.startup_millis);
        let exits = program
            .exit_after_millis
            .map(|after| (now + millis(after), Exit::with(program.exit_code)));
        let dies = limit
            .and_then(|limit| out_of_memory_after(&program, limit))
            .map(|after| (listening + after, Exit::OUT_OF_MEMORY));
        let ends = match (exits, dies) {
            (Some(exits), Some(dies)) if dies.0 < exits.0 => Some(dies),
            (Some(exits), _) => Some(exits),
            (None, dies) => dies,
        };
        let declared = program.ports.iter();
        let declared = declared.filter_map(|p| u16::try_from(*p).ok());
        Server {
            ports: match content.declared {
                true => declared.collect(),
                false => ports.to_vec(),
            },
            declared: content.declared,
            memory: (
                program.memory.as_ref().map_or(MEMORY, |q| bytes(Some(q))),
                bytes(program.memory_growth_per_second.as_ref()),
            ),
            program,
            started: now,
            listening,
            ends,
            draining: false,
        }
    }

    /// A program that gives up at once.
    fn failing(content: &Content, now: Time) -> Server {
        let mut server = Server::of(content, &[], None, now);
        server.listening = Time::MAX;
        server.ends = Some((now + millis(50), Exit::with(1)));
        server
    }

    fn memory(&self, now: Time) -> (u64, u64) {
        let (base, growth) = self.memory;
        let age = now.since(self.listening.min(now)).as_secs();
        (base.saturating_add(growth.saturating_mul(age)), growth)
    }

    pub fn listens(&self, port: u16, now: Time) -> bool {
        let accepts = !self.draining || self.program.accepts_while_draining;
        accepts && now >= self.listening && self.ports.contains(&port)
    }

    /// The ports on which it listens now.
    pub fn listening(&self, now: Time) -> impl Iterator<Item = u16> {
        self.ports
            .iter()
            .copied()
            .filter(move |port| self.listens(*port, now))
    }

    /// The name of its program.
    pub fn name(&self) -> &str {
        &self.program.name
    }

    /// The answer to a request, or `None` when the program does not speak HTTP.
    pub fn answer(
        &self,
        path: &str,
        hostname: &str,
        file: Option<Rc<str>>,
        now: Time,
    ) -> Option<Answer> {
        let latency = millis(self.program.latency_millis);
        let bare = path.split('?').next().unwrap_or_default();
        let fill = |text: &str| {
            let mut text = text.replace("{hostname}", hostname).replace("{path}", path);
            if text.contains("{now}") {
                let nanos = i64::try_from(now.0).unwrap_or_default();
                text = text.replace("{now}", &crate::api::rfc3339::format_time(nanos));
            }
            // `{query:name}`: a parameter of the request.
            while let Some((before, after)) = text.split_once("{query:")
                && let Some((name, after)) = after.split_once('}')
            {
                let query = path.split_once('?').map_or("", |(_, q)| q);
                let mut pairs = query.split('&').filter_map(|p| p.split_once('='));
                let value = pairs.find(|(n, _)| *n == name).map_or("", |(_, v)| v);
                text = format!("{before}{}{after}", value.replace("{query:", ""));
            }
            text
        };
        let answer = |status: u16, body: String| {
            Some(Answer {
                status,
                body,
                latency,
            })
        };
        if let Some(file) = file {
            return answer(200, file.to_string());
        }
        if !self.declared {
            return answer(200, format!("{hostname}\n"));
        }
        let age = now.since(self.started);
        let holds = |a: &&HttpAnswer| {
            let begun = millis(a.from_millis) <= age;
            let over = a.until_millis.is_some_and(|until| millis(until) <= age);
            begun && !over && is_below(bare, &a.path)
        };
        // Of equally long paths the first counts.
        let best = self.program.http.iter().filter(holds).rev();
        let best = best.max_by_key(|a| a.path.len());
        match best {
            Some(a) => answer(if a.status == 0 { 200 } else { a.status }, fill(&a.body)),
            None if self.program.http.is_empty() && self.program.document_root.is_empty() => None,
            None => answer(
                404,
                "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n</body>\r\n</html>\r\n".to_owned(),
            ),
        }
    }

    /// The file that a path names below the document root.
    pub fn document(&self, path: &str) -> Option<String> {
        let root = &self.program.document_root;
        let bare = path.split('?').next().unwrap_or_default();
        let index = if bare.ends_with('/') {
            "index.html"
        } else {
            ""
        };
        (!root.is_empty()).then(|| super::files::absolute(root, &format!("{root}{bare}{index}")))
    }
}

/// Whether a path is `prefix` or lies below it. A prefix that ends with `$` is the path itself.
fn is_below(path: &str, prefix: &str) -> bool {
    if let Some(exact) = prefix.strip_suffix('$') {
        return path == exact;
    }
    match path.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

/// How long after it listens a program grows over its limit.
fn out_of_memory_after(program: &Program, limit: u64) -> Option<Duration> {
    let base = bytes(program.memory.as_ref());
    if base > limit {
        return Some(millis(300));
    }
    let growth = bytes(program.memory_growth_per_second.as_ref());
    let nanos = u128::from(limit - base) * 1_000_000_000;
    let nanos = nanos.checked_div(u128::from(growth))?;
    Some(Duration::from_nanos(u64::try_from(nanos).ok()?) + millis(1))
}
