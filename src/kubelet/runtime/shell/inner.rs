//! What runs inside of a script: stages of pipelines, substitutions, jobs in the background, and commands
//! whose descriptors lead elsewhere.

use std::rc::Rc;
use std::time::Duration;

use super::Machine;
use super::input::Input;
use super::parse::{Command, Redirect, parse};
use super::run::{Frame, Outer, Pause, Shell, Sink};
use crate::kubelet::runtime::files::{FileError, absolute};

/// How deep command substitutions, pipelines and functions nest.
const MOST_DEPTH: usize = 20;
pub(super) const MOST_JOBS: usize = 16;

impl Shell {
    pub(super) fn redirect(
        &mut self,
        redirects: &[Redirect],
        m: &mut dyn Machine,
    ) -> Result<(), String> {
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
                            m.write(path, "", *append).map_err(|e| match e {
                                FileError::Missing => {
                                    format!("can't create {path}: nonexistent directory")
                                }
                                e => format!("can't create {path}: {}", e.text()),
                            })?;
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
                        path => m.read(path).map_err(|e| match e {
                            FileError::Missing => format!("can't open {name}: no such file"),
                            e => format!("can't open {name}: {}", e.text()),
                        })?,
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

    /// Begins what keeps its variables, its folder and its end to itself.
    pub(super) fn enter_inner(&mut self, m: &mut dyn Machine) {
        let outer = Outer {
            variables: self.variables.clone(),
            functions: self.functions.clone(),
            args: self.args.clone(),
            folder: self.folder.clone(),
            mask: self.mask,
            on_exit: self.on_exit.take(),
            exit_on_error: self.exit_on_error,
            ended: None,
        };
        self.frames.push(Frame::Inner(Box::new(outer)));
        m.set_mask(self.mask);
    }

    /// It has come to its end: its trap is run, and then all is as before.
    pub(super) fn end_inner(&mut self, mut outer: Box<Outer>) -> Option<Pause> {
        // It is run once, even if it sets itself anew.
        let trap = self.on_exit.take().filter(|_| outer.ended.is_none());
        let trap = trap.and_then(|trap| parse(&trap).ok());
        match trap {
            Some(command) => {
                outer.ended = Some(self.status);
                self.frames.push(Frame::Inner(outer));
                self.frames.push(Frame::Run(command));
                None
            }
            None => {
                self.restore(*outer);
                self.checked()
            }
        }
    }

    /// `exit`, or an error that ends a script: it ends the innermost subshell. Tells how it goes on when there is
    /// none.
    pub(super) fn leave_inner(&mut self, code: i32, m: &mut dyn Machine) -> Option<Pause> {
        if !self.frames.iter().any(|f| matches!(f, Frame::Inner(_))) {
            return Some(Pause::Exit(code));
        }
        while let Some(frame) = self.frames.pop() {
            if let Frame::Inner(mut outer) = frame {
                // The trap may say otherwise.
                outer.ended = outer.ended.map(|_| code & 0xff);
                self.frames.push(Frame::Inner(outer));
                break;
            }
            self.unwind(frame);
        }
        self.set_status(code & 0xff);
        self.take_back_exit();
        m.set_mask(self.mask);
        None
    }

    pub(super) fn restore(&mut self, outer: Outer) {
        self.variables = outer.variables;
        self.functions = outer.functions;
        self.args = outer.args;
        self.folder = outer.folder;
        self.mask = outer.mask;
        self.on_exit = outer.on_exit;
        self.exit_on_error = outer.exit_on_error;
        if let Some(code) = outer.ended {
            self.status = code;
        }
    }

    /// The stages one after the other; the output of each is the input of the next.
    pub(super) fn stage(
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
        if stages.len() > 1 {
            self.enter_inner(m);
        }
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
    pub(super) fn run_inside(
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

    pub(super) fn background(&mut self, command: &Rc<Command>, m: &mut dyn Machine) {
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
}
