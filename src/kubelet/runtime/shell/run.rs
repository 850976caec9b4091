//! Running a parsed script, in steps, with an explicit stack.

use std::rc::Rc;
use std::time::Duration;

use super::calls::Calls;
use super::input::Input;
use super::lex::{Part, Word};
use super::network::Plan;
use super::parse::{Command, Redirect, parse};
use super::{MOST_STEPS, Machine};
use crate::client::wire::Ending;
use crate::kubelet::runtime::files::absolute;
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Time, secs};

/// How deep command substitutions, pipelines and functions nest.
const MOST_DEPTH: usize = 20;
const MOST_FRAMES: usize = 400;
/// How much one substitution or pipeline stage can print.
const MOST_OUTPUT: usize = 64 << 10;
const MOST_JOBS: usize = 16;

/// Why a script does not run at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// It goes on then.
    Until(Time),
    /// It waits for something that does not come by itself.
    Forever,
    Exit(i32),
    /// It becomes the program of the image, with these words.
    Exec(Vec<Rc<str>>),
}

/// Where a descriptor leads.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sink {
    /// The container's log.
    Log,
    /// The output or the errors of a command that is run beside the container's process.
    Stream(u8),
    /// A command substitution or the next stage of a pipeline.
    Capture,
    Null,
    File(Rc<str>),
}

#[derive(Clone)]
pub(super) enum Frame {
    Run(Rc<Command>),
    /// The rest of a list, from this command on.
    List(Rc<Command>, usize),
    And(Rc<Command>),
    Or(Rc<Command>),
    Not,
    /// The condition of this arm has been run.
    If(Rc<Command>, usize),
    /// The loop's condition has been run.
    Condition(Rc<Command>),
    /// The loop's body has been run.
    Body(Rc<Command>),
    For(Rc<Command>, Rc<[Rc<str>]>, usize),
    /// Descriptors and input go back to what they were.
    Restore([Sink; 2], Input),
    /// The end of a function.
    Return(Rc<[Rc<str>]>),
    /// The rest of a pipeline, from this stage on.
    Stage(Rc<[Rc<Command>]>, usize),
    /// A command that waited for the end of the input.
    Words(Rc<[Rc<str>]>),
    /// A request is under way; what to do with its answer.
    Answer(Rc<Plan>),
}

/// A shell at some point of a script.
#[derive(Clone)]
pub struct Shell {
    pub(super) frames: Vec<Frame>,
    pub(super) variables: BTreeMap<Rc<str>, Rc<str>>,
    functions: BTreeMap<Rc<str>, Rc<Command>>,
    /// `$0`, `$1`, ...
    pub(super) args: Rc<[Rc<str>]>,
    pub(super) status: i32,
    pub(super) folder: String,
    pub(super) began: Time,
    pub(super) on_term: Option<Rc<str>>,
    pub(super) on_exit: Option<Rc<str>>,
    pub(super) exit_on_error: bool,
    pub(super) sinks: [Sink; 2],
    pub(super) input: Input,
    pub(super) captured: String,
    /// The last line of output, while it has no end.
    line: String,
    /// Lines for the log since the last run.
    lines: Vec<String>,
    /// Output and errors since the last call, in order, when they go to no log.
    streams: Vec<(u8, String)>,
    /// The script has asked to end.
    exiting: bool,
    pub(super) calls: Calls,
    /// Set by an error that ends the script.
    pub(super) abort: Option<i32>,
    pub(super) nesting: usize,
    /// How many steps are left before the shell is made to wait.
    pub(super) budget: usize,
    /// Time that commands inside a substitution slept.
    pub(super) slept: Duration,
    pub(super) wake: Time,
    waits: bool,
    signalled: bool,
    pub(super) jobs: Vec<Shell>,
    /// The number of its latest job, and its own where it is a job.
    pub(super) forked: u32,
    pub(super) job: u32,
    /// It runs beside the container's process.
    pub(super) beside: bool,
    /// What the script says it has in memory, in bytes (`use-memory`).
    pub(super) memory: Option<u64>,
}

/// What a command came to.
pub(super) enum Outcome {
    Status(i32),
    Sleep(Duration),
    Forever,
    Wait,
    Exit(i32),
    Exec(Vec<Rc<str>>),
    /// A script to run in place of the command.
    Script(Rc<Command>),
    Call(Rc<Command>, Rc<[Rc<str>]>),
    Break(usize),
    Continue(usize),
    Return(i32),
    /// A request was made.
    Asked(Box<Plan>),
}

impl Shell {
    /// A shell that is about to run `script`.
    ///
    /// # Errors
    /// A syntax error.
    pub fn new(
        script: &str,
        args: Vec<Rc<str>>,
        variables: BTreeMap<Rc<str>, Rc<str>>,
        folder: &str,
        now: Time,
    ) -> Result<Shell, String> {
        let command = parse(script)?;
        Ok(Shell::of(command, args, variables, folder, now))
    }

    /// A shell that is about to run one command, given as words.
    pub fn of_words(
        words: &[Rc<str>],
        variables: BTreeMap<Rc<str>, Rc<str>>,
        folder: &str,
        now: Time,
    ) -> Shell {
        let quoted = |text: &Rc<str>| Word {
            parts: vec![Part::Text(text.clone())],
            quoted: true,
        };
        let command = Rc::new(Command::Simple {
            assignments: Vec::new(),
            words: words.iter().map(quoted).collect(),
        });
        Shell::of(command, words.to_vec(), variables, folder, now)
    }

    fn of(
        command: Rc<Command>,
        args: Vec<Rc<str>>,
        variables: BTreeMap<Rc<str>, Rc<str>>,
        folder: &str,
        now: Time,
    ) -> Shell {
        Shell {
            frames: vec![Frame::Run(command)],
            variables,
            functions: BTreeMap::new(),
            args: args.into(),
            status: 0,
            folder: folder.to_owned(),
            began: now,
            on_term: None,
            on_exit: None,
            exit_on_error: false,
            sinks: [Sink::Log, Sink::Log],
            input: Input::Nothing,
            captured: String::new(),
            line: String::new(),
            lines: Vec::new(),
            streams: Vec::new(),
            exiting: false,
            calls: Calls::default(),
            abort: None,
            nesting: 0,
            budget: MOST_STEPS,
            slept: Duration::ZERO,
            wake: now,
            waits: false,
            signalled: false,
            jobs: Vec::new(),
            forked: 0,
            job: 0,
            beside: false,
            memory: None,
        }
    }

    /// The lines that were written to the log since the last call.
    pub fn take_lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// Lets output and errors go to streams of their own.
    pub fn detach(&mut self, input: Input) {
        self.beside = true;
        self.sinks = [Sink::Stream(1), Sink::Stream(2)];
        self.input = input;
    }

    /// It is no process of the container itself: a probe, or a hook.
    pub fn set_beside(&mut self) {
        self.beside = true;
    }

    /// What was written to the streams since the last call: descriptor and text.
    pub fn take_streams(&mut self) -> Vec<(u8, String)> {
        std::mem::take(&mut self.streams)
    }

    /// Whether the script has asked to end, and not only come to its end.
    pub fn is_exiting(&self) -> bool {
        self.exiting
    }

    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// A line that is typed into the shell, to run next.
    pub fn feed(&mut self, line: &str, now: Time) {
        match parse(line) {
            Ok(command) => self.frames.push(Frame::Run(command)),
            Err(message) => {
                self.status = 2;
                self.complain(&message);
            }
        }
        self.wake = now;
    }

    /// What another shell has written, as this one's.
    pub(super) fn take_text(&mut self, other: &mut Shell) {
        self.lines.append(&mut other.lines);
        for (fd, text) in std::mem::take(&mut other.streams) {
            self.stream(fd, &text);
        }
    }

    pub fn memory(&self) -> Option<u64> {
        self.memory
    }

    /// Whether it does something about SIGTERM.
    pub fn traps_term(&self) -> bool {
        self.on_term.is_some()
    }

    /// SIGTERM. As the first process of a container, a shell without a trap ignores it. Tells
    /// whether the shell reacts now.
    pub fn terminate(&mut self, now: Time) -> bool {
        if self.on_term.is_none() {
            return false;
        }
        self.signalled = true;
        // A trap runs when the command in the foreground has ended; `wait` ends at once.
        if self.waits {
            self.waits = false;
            self.wake = now;
            return true;
        }
        false
    }

    /// Runs what is due, and says how it goes on.
    pub fn resume(&mut self, m: &mut dyn Machine) -> Pause {
        let now = m.now();
        self.budget = MOST_STEPS;
        let mut jobs = std::mem::take(&mut self.jobs);
        let mut kept = Vec::new();
        for mut job in jobs.drain(..) {
            job.budget = MOST_STEPS / MOST_JOBS;
            let ended = job.wake <= now && matches!(job.go_on(m), Pause::Exit(_) | Pause::Exec(_));
            self.take_text(&mut job);
            if !ended {
                kept.push(job);
            }
        }
        self.jobs = kept;
        if self.waits && self.jobs.is_empty() {
            self.waits = false;
            self.wake = now;
        }
        if self.wake <= now && !self.waits {
            match self.go_on(m) {
                pause @ (Pause::Exit(_) | Pause::Exec(_)) => return pause,
                Pause::Until(_) | Pause::Forever => {}
            }
        }
        let own = if self.waits { Time::MAX } else { self.wake };
        let next = self.jobs.iter().map(|j| j.wake).fold(own, Time::min);
        match next {
            Time::MAX => Pause::Forever,
            at => Pause::Until(at),
        }
    }

    /// Runs up to the next pause, and remembers when it ends.
    fn go_on(&mut self, m: &mut dyn Machine) -> Pause {
        if self.signalled
            && let Some(trap) = self.on_term.take()
        {
            self.signalled = false;
            if let Ok(command) = parse(&trap) {
                self.frames.push(Frame::Run(command));
            }
        }
        let pause = self.run(m);
        if let Pause::Exit(code) = pause {
            if let Some(trap) = self.on_exit.take()
                && let Ok(command) = parse(&trap)
            {
                self.frames = vec![Frame::Run(command)];
                let _ = self.run(m);
            }
            if !self.line.is_empty() {
                self.end_line();
            }
            return Pause::Exit(code);
        }
        self.wake = match &pause {
            Pause::Until(at) => *at,
            _ => Time::MAX,
        };
        pause
    }

    pub(super) fn run(&mut self, m: &mut dyn Machine) -> Pause {
        if self.is_held(m) {
            return Pause::Forever;
        }
        while self.budget > 0 {
            self.budget -= 1;
            if let Some(code) = self.abort.take() {
                return Pause::Exit(code);
            }
            let Some(frame) = self.frames.pop() else {
                return Pause::Exit(self.status);
            };
            if let Some(pause) = self.step(frame, m) {
                return pause;
            }
            if self.frames.len() > MOST_FRAMES {
                self.complain("nested too deeply");
                return Pause::Exit(2);
            }
        }
        Pause::Until(m.now() + secs(1))
    }

    fn step(&mut self, frame: Frame, m: &mut dyn Machine) -> Option<Pause> {
        match frame {
            Frame::Run(command) => return self.begin(&command, m),
            Frame::List(list, next) => {
                if let Command::List(commands) = &*list
                    && let Some(command) = commands.get(next)
                {
                    let command = command.clone();
                    self.frames.push(Frame::List(list, next + 1));
                    self.frames.push(Frame::Run(command));
                }
            }
            Frame::And(right) if self.status == 0 => self.frames.push(Frame::Run(right)),
            Frame::Or(right) if self.status != 0 => self.frames.push(Frame::Run(right)),
            Frame::And(_) | Frame::Or(_) => {}
            Frame::Not => self.status = i32::from(self.status == 0),
            Frame::If(command, arm) => self.after_condition(&command, arm),
            Frame::Condition(command) => {
                if let Command::Loop { until, body, .. } = &*command {
                    let body = body.clone();
                    if (self.status == 0) != *until {
                        self.frames.push(Frame::Body(command));
                        self.frames.push(Frame::Run(body));
                    } else {
                        self.status = 0;
                    }
                }
            }
            Frame::Body(command) => self.frames.push(Frame::Run(command)),
            Frame::For(command, values, next) => {
                if let Command::For { name, body, .. } = &*command
                    && let Some(value) = values.get(next)
                {
                    self.variables.insert(name.clone(), value.clone());
                    let body = body.clone();
                    self.frames.push(Frame::For(command, values, next + 1));
                    self.frames.push(Frame::Run(body));
                }
            }
            Frame::Restore(sinks, input) => {
                self.sinks = sinks;
                self.input = input;
            }
            Frame::Return(args) => self.args = args,
            Frame::Words(fields) => return self.command_of(fields, m),
            Frame::Stage(stages, next) => return self.stage(stages, next, m),
            Frame::Answer(plan) => {
                let ending = self.calls.ending.take();
                let ending = ending.unwrap_or(Ending::TimedOut);
                self.status = self.answered(&plan, ending, m);
                return self.checked();
            }
        }
        None
    }

    fn begin(&mut self, command: &Rc<Command>, m: &mut dyn Machine) -> Option<Pause> {
        self.begin_expansion();
        match &**command {
            Command::Simple { assignments, words } => {
                let fields = self.expand_all(words, m);
                let mut values = Vec::new();
                for (name, word) in assignments {
                    let value = self.expand_one(word, m);
                    values.push((name, value));
                }
                if self.has_to_wait() {
                    return self.expand_again(command);
                }
                for (name, value) in values {
                    self.variables.insert(name.clone(), value.into());
                }
                if fields.is_empty() {
                    self.status = 0;
                    return None;
                }
                let outcome = match self.functions.get(&*fields[0]) {
                    Some(body) => Outcome::Call(body.clone(), fields.into()),
                    None => return self.command_of(fields.into(), m),
                };
                return self.finish(outcome, m);
            }
            Command::Pipeline(stages) => {
                self.calls.staged = None;
                return self.stage(stages.clone().into(), 0, m);
            }
            Command::Not(inner) => {
                self.frames.push(Frame::Not);
                self.frames.push(Frame::Run(inner.clone()));
            }
            Command::And(left, right) => {
                self.frames.push(Frame::And(right.clone()));
                self.frames.push(Frame::Run(left.clone()));
            }
            Command::Or(left, right) => {
                self.frames.push(Frame::Or(right.clone()));
                self.frames.push(Frame::Run(left.clone()));
            }
            Command::List(_) => self.frames.push(Frame::List(command.clone(), 0)),
            Command::Background(inner) => self.background(inner, m),
            Command::If { arms, .. } => {
                if let Some((condition, _)) = arms.first() {
                    self.frames.push(Frame::If(command.clone(), 0));
                    self.frames.push(Frame::Run(condition.clone()));
                }
            }
            Command::Loop { condition, .. } => {
                self.frames.push(Frame::Condition(command.clone()));
                self.frames.push(Frame::Run(condition.clone()));
            }
            Command::For { words, .. } => {
                let values = self.expand_all(words, m).into();
                if self.has_to_wait() {
                    return self.expand_again(command);
                }
                self.status = 0;
                self.frames.push(Frame::For(command.clone(), values, 0));
            }
            Command::Case { word, arms } => {
                let value = self.expand_one(word, m);
                if self.has_to_wait() {
                    return self.expand_again(command);
                }
                self.status = 0;
                for (patterns, body) in arms {
                    let fits = patterns.iter().any(|p| {
                        let pattern = self.expand_one(p, m);
                        super::expand::matches(&pattern, &value)
                    });
                    if fits {
                        self.frames.push(Frame::Run(body.clone()));
                        break;
                    }
                }
            }
            Command::Function(name, body) => {
                self.functions.insert(name.clone(), body.clone());
                self.status = 0;
            }
            Command::Redirected(inner, redirects) => {
                let restore = Frame::Restore(self.sinks.clone(), self.input.clone());
                self.frames.push(restore);
                let redirected = self.redirect(redirects, m);
                if self.has_to_wait() {
                    if let Some(restore) = self.frames.pop() {
                        self.unwind(restore);
                    }
                    return self.expand_again(command);
                }
                match redirected {
                    Ok(()) => self.frames.push(Frame::Run(inner.clone())),
                    Err(message) => {
                        self.complain(&message);
                        self.status = 1;
                    }
                }
            }
        }
        None
    }

    /// A command in words, which are expanded.
    fn command_of(&mut self, fields: Rc<[Rc<str>]>, m: &mut dyn Machine) -> Option<Pause> {
        if self.input == Input::Open && super::input::reads(&fields) {
            self.calls.reads = true;
            self.frames.push(Frame::Words(fields));
            return Some(Pause::Forever);
        }
        let outcome = self.command(&fields, m);
        self.finish(outcome, m)
    }

    /// A substitution has to wait: the command is begun again when it has ended.
    fn expand_again(&mut self, command: &Rc<Command>) -> Option<Pause> {
        self.frames.push(Frame::Run(command.clone()));
        Some(Pause::Forever)
    }

    fn after_condition(&mut self, command: &Rc<Command>, arm: usize) {
        let Command::If { arms, otherwise } = &**command else {
            return;
        };
        if self.status == 0 {
            if let Some((_, body)) = arms.get(arm) {
                self.frames.push(Frame::Run(body.clone()));
            }
        } else if let Some((condition, _)) = arms.get(arm + 1) {
            self.frames.push(Frame::If(command.clone(), arm + 1));
            self.frames.push(Frame::Run(condition.clone()));
        } else {
            self.status = 0;
            self.frames
                .extend(otherwise.iter().map(|c| Frame::Run(c.clone())));
        }
    }

    fn finish(&mut self, outcome: Outcome, m: &mut dyn Machine) -> Option<Pause> {
        match outcome {
            Outcome::Status(status) => {
                self.status = status;
                return self.checked();
            }
            Outcome::Sleep(span) => {
                self.status = 0;
                if self.sinks[0] == Sink::Capture {
                    self.slept += span;
                } else {
                    return Some(Pause::Until(m.now() + span));
                }
            }
            Outcome::Forever => return Some(Pause::Forever),
            Outcome::Wait => {
                self.status = 0;
                if !self.jobs.is_empty() {
                    self.waits = true;
                    return Some(Pause::Forever);
                }
            }
            Outcome::Exit(code) => {
                self.exiting = true;
                return Some(Pause::Exit(code));
            }
            Outcome::Asked(plan) => {
                self.frames.push(Frame::Answer(Rc::new(*plan)));
                return Some(Pause::Forever);
            }
            Outcome::Exec(words) => return Some(Pause::Exec(words)),
            Outcome::Script(command) => self.frames.push(Frame::Run(command)),
            Outcome::Call(body, args) => {
                let old = std::mem::replace(&mut self.args, args);
                self.frames.push(Frame::Return(old));
                self.frames.push(Frame::Run(body));
            }
            Outcome::Break(levels) => self.leave_loops(levels, false),
            Outcome::Continue(levels) => self.leave_loops(levels, true),
            Outcome::Return(status) => {
                self.status = status;
                while let Some(frame) = self.frames.pop() {
                    let ends = matches!(frame, Frame::Return(_));
                    self.unwind(frame);
                    if ends {
                        break;
                    }
                }
            }
        }
        None
    }

    /// With `set -e`, a command that fails ends the script.
    fn checked(&self) -> Option<Pause> {
        let ends = self.status != 0 && self.exit_on_error && !self.is_tested();
        ends.then_some(Pause::Exit(self.status))
    }

    /// Whether the command that has just failed is a condition.
    fn is_tested(&self) -> bool {
        self.frames.iter().any(|f| {
            matches!(
                f,
                Frame::And(_) | Frame::Or(_) | Frame::Not | Frame::If(..) | Frame::Condition(_)
            )
        })
    }

    /// `break` and `continue` out of so many loops.
    fn leave_loops(&mut self, levels: usize, again: bool) {
        self.status = 0;
        let mut left = levels.max(1);
        while let Some(frame) = self.frames.pop() {
            if matches!(frame, Frame::Body(_) | Frame::For(..)) {
                left -= 1;
                if left == 0 {
                    if again {
                        self.frames.push(frame);
                    }
                    return;
                }
            }
            self.unwind(frame);
        }
    }

    fn unwind(&mut self, frame: Frame) {
        match frame {
            Frame::Restore(sinks, input) => {
                self.sinks = sinks;
                self.input = input;
            }
            Frame::Return(args) => self.args = args,
            _ => {}
        }
    }

    fn redirect(&mut self, redirects: &[Redirect], m: &mut dyn Machine) -> Result<(), String> {
        for redirect in redirects {
            match redirect {
                Redirect::Output(fd, target, append) => {
                    let name = self.expand_one(target, m);
                    let path = absolute(&self.folder, &name);
                    let sink = match path.as_str() {
                        "/dev/null" => Sink::Null,
                        "/dev/stdout" if matches!(self.sinks[0], Sink::Stream(_)) => {
                            Sink::Stream(1)
                        }
                        "/dev/stderr" if matches!(self.sinks[0], Sink::Stream(_)) => {
                            Sink::Stream(2)
                        }
                        "/dev/stdout" | "/dev/stderr" | "/proc/1/fd/1" | "/proc/1/fd/2" => {
                            Sink::Log
                        }
                        path => {
                            m.write(path, "", *append)
                                .map_err(|e| format!("can't create {path}: {}", e.text()))?;
                            Sink::File(path.into())
                        }
                    };
                    match fd {
                        b'&' => self.sinks = [sink.clone(), sink],
                        2 => self.sinks[1] = sink,
                        _ => self.sinks[0] = sink,
                    }
                }
                Redirect::Duplicate(2, 1) => self.sinks[1] = self.sinks[0].clone(),
                Redirect::Duplicate(1, 2) => self.sinks[0] = self.sinks[1].clone(),
                Redirect::Duplicate(..) => {}
                Redirect::Input(source) => {
                    let name = self.expand_one(source, m);
                    let path = absolute(&self.folder, &name);
                    let text = match path.as_str() {
                        "/dev/null" => Rc::from(""),
                        path => m
                            .read(path)
                            .map_err(|e| format!("can't open {path}: {}", e.text()))?,
                    };
                    self.input = Input::Text(text);
                }
                Redirect::Text(word) => {
                    let mut text = self.expand_one(word, m);
                    if !text.ends_with('\n') {
                        text.push('\n');
                    }
                    self.input = Input::Text(text.into());
                }
            }
        }
        Ok(())
    }

    /// The stages one after the other; the output of each is the input of the next.
    fn stage(
        &mut self,
        stages: Rc<[Rc<Command>]>,
        next: usize,
        m: &mut dyn Machine,
    ) -> Option<Pause> {
        let input = match self.calls.staged.take() {
            Some(output) => Input::Text(output.into()),
            None => self.input.clone(),
        };
        let stage = stages.get(next)?.clone();
        if next + 1 < stages.len() {
            self.frames.push(Frame::Stage(stages, next + 1));
            match self.run_inside(&stage, input, true, m) {
                Some((output, _)) => self.calls.staged = Some(output),
                None => return Some(Pause::Forever),
            }
            return None;
        }
        let pause = std::mem::take(&mut self.slept);
        self.frames
            .push(Frame::Restore(self.sinks.clone(), self.input.clone()));
        self.frames.push(Frame::Run(stage));
        self.input = input;
        if self.sinks[0] == Sink::Capture {
            self.slept = pause;
        } else if pause > Duration::ZERO {
            return Some(Pause::Until(m.now() + pause));
        }
        None
    }

    /// `$(...)`.
    pub(super) fn substitute(&mut self, script: &str, m: &mut dyn Machine) -> String {
        if self.calls.blocked {
            return String::new();
        }
        if let Some((output, status)) = self.known() {
            self.status = status;
            return output.to_string();
        }
        match parse(script) {
            Ok(command) => {
                let input = self.input.clone();
                let Some((output, status)) = self.run_inside(&command, input, false, m) else {
                    self.calls.blocked = true;
                    return String::new();
                };
                self.learn(&output, status);
                self.status = status;
                output
            }
            Err(message) => {
                self.complain(&message);
                self.abort = Some(2);
                String::new()
            }
        }
    }

    /// Runs a command to its end in a copy of this shell, and returns its output and status;
    /// `None` when it has to wait for an answer.
    fn run_inside(
        &mut self,
        command: &Rc<Command>,
        input: Input,
        is_stage: bool,
        m: &mut dyn Machine,
    ) -> Option<(String, i32)> {
        if self.nesting >= MOST_DEPTH {
            self.complain("nested too deeply");
            self.abort = Some(2);
            return Some((String::new(), 2));
        }
        let mut inner = self.copy();
        inner.frames = vec![Frame::Run(command.clone())];
        inner.sinks = [Sink::Capture, self.sinks[1].clone()];
        inner.input = input;
        inner.nesting = self.nesting + 1;
        let status = match inner.run(m) {
            Pause::Exit(code) => code,
            _ => 0,
        };
        self.budget = inner.budget;
        self.take_text(&mut inner);
        if inner.is_waiting() {
            self.calls.child = Some(Box::new(inner));
            self.calls.is_stage = is_stage;
            return None;
        }
        self.slept += inner.slept;
        Some((inner.captured, status))
    }

    /// A copy without output, jobs and traps.
    fn copy(&self) -> Shell {
        Shell {
            frames: Vec::new(),
            lines: Vec::new(),
            line: String::new(),
            captured: String::new(),
            jobs: Vec::new(),
            on_term: None,
            on_exit: None,
            slept: Duration::ZERO,
            abort: None,
            waits: false,
            streams: Vec::new(),
            calls: Calls::default(),
            ..self.clone()
        }
    }

    fn background(&mut self, command: &Rc<Command>, m: &mut dyn Machine) {
        self.status = 0;
        if self.jobs.len() >= MOST_JOBS {
            return self.complain("can't fork: Resource temporarily unavailable");
        }
        let mut job = self.copy();
        job.frames = vec![Frame::Run(command.clone())];
        job.nesting += 1;
        if job.nesting >= MOST_DEPTH {
            return self.complain("can't fork: Resource temporarily unavailable");
        }
        self.forked = self.forked.max(6) + 1;
        job.job = self.forked;
        job.wake = m.now();
        let ended = matches!(job.go_on(m), Pause::Exit(_) | Pause::Exec(_));
        self.budget = job.budget;
        self.take_text(&mut job);
        if !ended {
            self.jobs.push(job);
        }
    }

    /// Writes to a descriptor: 1 or 2.
    pub(super) fn print(&mut self, fd: usize, text: &str, m: &mut dyn Machine) {
        let sink = self.sinks.get(fd.saturating_sub(1)).cloned();
        match sink {
            Some(Sink::Capture) if self.captured.len() < MOST_OUTPUT => {
                self.captured.push_str(text)
            }
            Some(Sink::File(path)) => {
                if let Err(error) = m.write(&path, text, true) {
                    self.log(&format!("write error: {}\n", error.text()));
                }
            }
            Some(Sink::Log) => self.log(text),
            Some(Sink::Stream(fd)) => self.stream(fd, text),
            _ => {}
        }
    }

    fn stream(&mut self, fd: u8, text: &str) {
        let held: usize = self.streams.iter().map(|(_, text)| text.len()).sum();
        if held > 16 * MOST_OUTPUT {
            return;
        }
        match self.streams.last_mut() {
            Some((last, held)) if *last == fd => held.push_str(text),
            _ => self.streams.push((fd, text.to_owned())),
        }
    }

    fn log(&mut self, text: &str) {
        let mut rest = text;
        while let Some((line, after)) = rest.split_once('\n') {
            self.line.push_str(line);
            self.end_line();
            rest = after;
        }
        self.line.push_str(rest);
        if self.line.len() > MOST_OUTPUT {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if self.lines.len() < MOST_STEPS {
            self.lines.push(line);
        }
    }

    /// An error message of the shell itself.
    pub(super) fn complain(&mut self, message: &str) {
        let text = format!("sh: {message}\n");
        if let Sink::Stream(fd) = self.sinks[1] {
            self.stream(fd, &text);
        } else if self.sinks[1] == Sink::Log {
            self.log(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::FetchError;
    use super::*;
    use crate::kubelet::runtime::files::{FileError, Files};
    use crate::sim::millis;

    struct Box {
        now: Time,
        files: Files,
    }

    impl Machine for Box {
        fn now(&self) -> Time {
            self.now
        }
        fn read(&self, path: &str) -> Result<Rc<str>, FileError> {
            self.files.read(path)
        }
        fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), FileError> {
            self.files.write(path, text, append)
        }
        fn fill(&mut self, path: &str, bytes: u64) -> Result<(), FileError> {
            self.files.fill(path, bytes)
        }
        fn used(&self, path: &str) -> u64 {
            self.files.used(path)
        }
        fn remove(&mut self, path: &str) -> bool {
            self.files.remove(path)
        }
        fn is_folder(&self, path: &str) -> bool {
            path == "/tmp" || self.files.is_folder(path)
        }
        fn make_folder(&mut self, path: &str) {
            self.files.make_folder(path);
        }
        fn list(&self, path: &str) -> Vec<String> {
            self.files.list(path)
        }
        fn user(&self) -> (i64, i64, Vec<i64>) {
            (0, 0, vec![0])
        }
        fn processes(&self) -> Rc<[super::super::Seen]> {
            Rc::new([super::super::Seen {
                pid: 1,
                user: 0,
                title: "sh".into(),
            }])
        }
        fn own_pid(&self) -> u32 {
            1
        }
        fn signal(&mut self, _: u32, _: u8) {}
        fn hostname(&self) -> String {
            "box".to_owned()
        }
        fn resolve(&self, host: &str) -> Option<Vec<String>> {
            (host == "mydb").then(|| vec!["10.96.0.7".to_owned()])
        }
        fn fetch(&mut self, _: &str, _: u16, path: &str) -> Result<(u16, String), FetchError> {
            match path {
                "/" => Ok((200, "hi\n".to_owned())),
                _ => Ok((404, String::new())),
            }
        }
        fn call(&mut self, _: crate::client::wire::Ask) -> Option<u64> {
            None
        }
        fn resolver(&self) -> String {
            "10.96.0.10".to_owned()
        }
        fn is_own(&self, _: &str) -> bool {
            true
        }
        fn connects(&mut self, _: &str, port: u16) -> bool {
            port == 80
        }
        fn command(&self, _: &str) -> Option<Rc<str>> {
            None
        }
        fn is_program(&self, name: &str) -> bool {
            name == "nginx"
        }
        fn is_undeclared(&self) -> bool {
            false
        }
        fn random(&mut self, bound: u64) -> u64 {
            bound / 2
        }
    }

    /// Runs a script to its end or for so many pauses; output, how it ended, and the time taken.
    fn run(script: &str, pauses: usize) -> (String, Pause, Duration) {
        let mut machine = Box {
            now: Time::EPOCH,
            files: Files::default(),
        };
        let mut shell = match Shell::new(script, Vec::new(), BTreeMap::new(), "/", Time::EPOCH) {
            Ok(shell) => shell,
            Err(message) => return (message, Pause::Exit(2), Duration::ZERO),
        };
        let mut output = Vec::new();
        let mut pause = Pause::Forever;
        for _ in 0..=pauses {
            pause = shell.resume(&mut machine);
            output.append(&mut shell.take_lines());
            match pause {
                Pause::Until(at) => machine.now = at,
                _ => break,
            }
        }
        (output.join("|"), pause, machine.now.since(Time::EPOCH))
    }

    fn output(script: &str) -> String {
        let (output, pause, _) = run(script, 50);
        assert!(matches!(pause, Pause::Exit(_)), "{script}: {pause:?}");
        output
    }

    #[test]
    fn scripts_print_what_a_shell_prints() {
        for (script, expected) in [
            ("echo a b   c; echo 'd  e' \"f  g\"", "a b c|d  e f  g"),
            ("x=1; y=$x$x; echo ${y}2 ${z:-none} ${#y}", "112 none 2"),
            ("false && echo no || echo yes; true && echo and", "yes|and"),
            ("if [ 3 -gt 2 ]; then echo more; else echo less; fi", "more"),
            (
                "for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done",
                "1|3",
            ),
            (
                "i=0; while [ $i -lt 3 ]; do i=$((i + 1)); done; echo $i",
                "3",
            ),
            ("echo $(echo inner) `echo back`", "inner back"),
            (
                "echo a > /tmp/f; echo b >> /tmp/f; cat /tmp/f; cat < /tmp/f | wc -l",
                "a|b|2",
            ),
            (
                "cat /nope || echo $?",
                "cat: can't open '/nope': No such file or directory|1",
            ),
            ("cat /nope 2>/dev/null; echo $?", "1"),
            (
                "case abc in a*) echo begins;; *) echo other;; esac",
                "begins",
            ),
            ("f() { echo \"f $1\"; return 3; }; f x; echo $?", "f x|3"),
            ("printf '%s-%s\\n' a b; echo -n c; echo d", "a-b|cd"),
            ("set -e; false; echo unreachable", ""),
            ("set -e; if false; then :; fi; false || echo fine", "fine"),
            ("echo one two | { read a b; echo $b $a; }", "two one"),
            (
                "p=/a/b.txt; echo ${p##*/} ${p%.txt} $(basename $p)",
                "b.txt /a/b b.txt",
            ),
            ("cat <<END\nx=$((1+2*3))\nEND", "x=7"),
            (
                "until nslookup mydb > /dev/null; do sleep 2; done; echo found",
                "found",
            ),
            ("nosuchcommand; echo $?", "sh: nosuchcommand: not found|127"),
            (
                "wget -qO- localhost; curl -s -o /dev/null -w '%{http_code}' http://localhost/x",
                "hi|404",
            ),
            (
                "[ -f /x ] || touch /x; [ -f /x ] && echo there; rm /x; ls /x",
                "there|ls: /x: No such file or directory",
            ),
            ("! true; echo $?; echo \"$HOME\" | grep -c x", "1|0"),
            ("sh -c 'echo $0 $1' a b", "a b"),
            ("echo >&2 err", "err"),
            (
                "f() { for a in \"$@\"; do echo \"<$a>\"; done; }; f 'a b' c",
                "<a b>|<c>",
            ),
        ] {
            assert_eq!(output(script), expected, "{script}");
        }
    }

    #[test]
    fn sleeping_takes_time() {
        assert_eq!(run("sleep 2; sleep 0.5; exit 4", 9).1, Pause::Exit(4));
        assert_eq!(run("sleep 2; sleep 0.5", 9).2, millis(2500));
        assert_eq!(run("sleep 1m | cat; sleep $(echo 1)", 9).2, secs(61));
        assert_eq!(run("sleep 1 & sleep 3 & wait; echo done", 9).2, secs(3));
        assert_eq!(run("sleep infinity", 9).1, Pause::Forever);
        assert_eq!(run("tail -f /dev/null", 9).1, Pause::Forever);
        let (_, pause, _) = run("exec nginx -g 'daemon off;'", 9);
        assert!(matches!(pause, Pause::Exec(words) if &*words[0] == "nginx"));
    }

    #[test]
    fn nothing_runs_for_ever() {
        // Virtual time passes, a step at a time.
        assert_eq!(run("while true; do :; done", 3).2, secs(4));
        let (_, pause, _) = run("f() { f; }; f", 3);
        assert!(matches!(pause, Pause::Exit(2) | Pause::Until(_)));
        run("f() { $(f); }; f", 3);
        run("x=aaaaaaaaaa; while true; do x=$x$x; done", 2);
        run("while true; do echo x; done | cat", 2);
        run("while true; do sleep 9 & done", 2);
        run("eval $(echo eval eval eval); f() { f | f; }; f", 2);
    }

    #[test]
    fn traps_catch_sigterm() {
        let script = "trap 'echo bye; exit 5' TERM; sleep 100 & wait";
        let mut machine = Box {
            now: Time::EPOCH,
            files: Files::default(),
        };
        let shell = Shell::new(script, Vec::new(), BTreeMap::new(), "/", Time::EPOCH);
        let mut shell = shell.expect("it parses");
        shell.resume(&mut machine);
        assert!(shell.terminate(Time::EPOCH));
        assert_eq!(shell.resume(&mut machine), Pause::Exit(5));
        assert_eq!(shell.take_lines(), ["bye"]);
        let plain = Shell::new("sleep 9", Vec::new(), BTreeMap::new(), "/", Time::EPOCH);
        assert!(!plain.expect("it parses").terminate(Time::EPOCH));
    }
}
