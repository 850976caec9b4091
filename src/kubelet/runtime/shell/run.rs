//! Running a parsed script, in steps, with an explicit stack.

use std::rc::Rc;
use std::time::Duration;

use super::calls::Calls;
use super::inner::MOST_JOBS;
use super::input::Input;
use super::lex::{Part, Word};
use super::network::Plan;
use super::parse::{Command, parse};
use super::{MOST_STEPS, Machine};
use crate::client::wire::Ending;
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Time, secs};

const MOST_FRAMES: usize = 400;

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
    /// The output or the errors of what somebody looks at.
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
    /// The end of a subshell, or of a script that another shell runs: what was before.
    Inner(Box<Outer>),
    /// The end of a function.
    Return(Rc<[Rc<str>]>),
    /// The rest of a pipeline, from this stage on.
    Stage(Rc<[Rc<Command>]>, usize),
    /// A command that waited for its input.
    Words(Rc<[Rc<str>]>),
    /// A request is under way; what to do with its answer.
    Answer(Rc<Plan>),
}

/// What a subshell keeps to itself.
#[derive(Clone)]
pub(super) struct Outer {
    pub(super) variables: BTreeMap<Rc<str>, Rc<str>>,
    pub(super) functions: BTreeMap<Rc<str>, Rc<Command>>,
    pub(super) args: Rc<[Rc<str>]>,
    pub(super) folder: String,
    pub(super) mask: u16,
    pub(super) on_exit: Option<Rc<str>>,
    pub(super) exit_on_error: bool,
    /// How it has ended, while its trap runs.
    pub(super) ended: Option<i32>,
}

/// A shell at some point of a script.
#[derive(Clone)]
pub struct Shell {
    pub(super) frames: Vec<Frame>,
    pub(super) variables: BTreeMap<Rc<str>, Rc<str>>,
    pub(super) functions: BTreeMap<Rc<str>, Rc<Command>>,
    /// `$0`, `$1`, ...
    pub(super) args: Rc<[Rc<str>]>,
    pub(super) status: i32,
    pub(super) folder: String,
    /// What is taken from the mode of new files (`umask`).
    pub(super) mask: u16,
    pub(super) began: Time,
    pub(super) on_term: Option<Rc<str>>,
    pub(super) on_exit: Option<Rc<str>>,
    pub(super) exit_on_error: bool,
    pub(super) sinks: [Sink; 2],
    pub(super) input: Input,
    pub(super) captured: String,
    /// The last line of output, while it has no end.
    pub(super) line: String,
    /// Lines for the log since the last run.
    pub(super) lines: Vec<String>,
    /// Output and errors since the last call, in order, when they go to no log.
    pub(super) streams: Vec<(u8, String)>,
    /// The script has asked to end.
    exiting: bool,
    /// More of the script may be typed when it has come to its end.
    goes_on: bool,
    pub(super) calls: Calls,
    /// Set by an error that ends the script.
    pub(super) abort: Option<i32>,
    pub(super) nesting: usize,
    /// How many steps are left before the shell is made to wait.
    pub(super) budget: usize,
    /// Time that commands inside a substitution slept.
    pub(super) slept: Duration,
    pub(super) wake: Time,
    pub(super) waits: bool,
    signalled: bool,
    pub(super) jobs: Vec<Shell>,
    /// The number of its latest job, and its own where it is a job.
    pub(super) forked: u32,
    pub(super) job: u32,
    /// It runs beside the container's process.
    pub(super) beside: bool,
    /// What the script says it has in memory, in bytes (`use-memory`).
    pub(super) memory: Option<u64>,
    /// The files that `tail -f` follows, and how much of each it has shown.
    pub(super) followed: Vec<(String, usize)>,
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
    /// A script for a shell of its own, with its arguments.
    Inner(Rc<Command>, Rc<[Rc<str>]>),
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
            mask: 0o022,
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
            goes_on: false,
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
            followed: Vec::new(),
        }
    }

    /// The lines that were written to the log since the last call.
    pub fn take_lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// Lets output and errors go to streams of their own.
    pub fn lead_to_streams(&mut self, input: Input) {
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

    /// What asked to end was a part of the script.
    pub(super) fn take_back_exit(&mut self) {
        self.exiting = false;
    }

    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// What `~` stands for.
    pub fn home(&self) -> Option<&str> {
        self.variables.get("HOME").map(|home| &**home)
    }

    pub fn status(&self) -> i32 {
        self.status
    }

    pub fn set_status(&mut self, status: i32) {
        self.status = status;
    }

    /// A shell that is started in this one.
    pub fn nested(&self) -> Shell {
        let mut inner = self.copy();
        inner.functions = BTreeMap::new();
        inner.exit_on_error = false;
        inner.goes_on = true;
        inner
    }

    /// Its script is typed, line by line.
    pub fn set_goes_on(&mut self) {
        self.goes_on = true;
    }

    /// Nothing more is typed.
    pub fn end(&mut self, now: Time) {
        self.exiting = true;
        self.wake = now;
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
        m.set_mask(self.mask);
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
    pub(super) fn go_on(&mut self, m: &mut dyn Machine) -> Pause {
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
            if self.goes_on && !self.exiting {
                return pause;
            }
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
                match self.leave_inner(code, m) {
                    Some(pause) => return pause,
                    None => continue,
                }
            }
            let Some(frame) = self.frames.pop() else {
                return Pause::Exit(self.status);
            };
            match self.step(frame, m) {
                None => {}
                Some(Pause::Exit(code)) => {
                    if let Some(pause) = self.leave_inner(code, m) {
                        return pause;
                    }
                }
                Some(pause) => return pause,
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
            Frame::Inner(outer) => return self.end_inner(outer),
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
                    // Of an assignment it is that of the last substitution.
                    if !self.has_substituted() {
                        self.status = 0;
                    }
                    return self.checked();
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
            Command::Subshell(inner) => {
                self.enter_inner(m);
                self.frames.push(Frame::Run(inner.clone()));
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
        if self.input == Input::Typed
            && let Some(wants) = super::input::wants(&fields)
        {
            return self.read_typed(wants, fields, m);
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

    pub(super) fn finish(&mut self, outcome: Outcome, m: &mut dyn Machine) -> Option<Pause> {
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
            Outcome::Inner(command, args) => {
                // The last command of a script takes the place of its shell.
                if self.goes_on || !self.frames.is_empty() {
                    self.enter_inner(m);
                    self.functions = BTreeMap::new();
                    self.exit_on_error = false;
                }
                self.args = args;
                self.frames.push(Frame::Run(command));
            }
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
                    if matches!(frame, Frame::Inner(_)) {
                        self.frames.push(frame);
                        break;
                    }
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
    pub(super) fn checked(&self) -> Option<Pause> {
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
            if matches!(frame, Frame::Inner(_)) {
                self.frames.push(frame);
                return;
            }
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

    pub(super) fn unwind(&mut self, frame: Frame) {
        match frame {
            Frame::Restore(sinks, input) => {
                self.sinks = sinks;
                self.input = input;
            }
            Frame::Return(args) => self.args = args,
            Frame::Inner(outer) => self.restore(*outer),
            _ => {}
        }
    }

    /// A copy without output, jobs and traps.
    pub(super) fn copy(&self) -> Shell {
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
            goes_on: false,
            calls: Calls::default(),
            ..self.clone()
        }
    }
}
