//! Running a script: one future per job, polled by the host.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use super::expand::{fields, joined};
use super::parse::{Body, Command, Joint, Pipeline, Redirect, Script, parse};
use super::{SyntaxError, builtins};
use crate::client::LocalFuture;
use crate::kubectl::host::World;
use crate::kubectl::io::{FileBuffer, Input, Pipe, Sink};
use crate::kubectl::kubeconfig::Kubeconfig;

/// What lives as long as a session: variables and settings.
#[derive(Clone, Debug)]
pub struct State {
    pub variables: BTreeMap<String, String>,
    /// The namespace of the current context.
    pub namespace: String,
    pub config: Kubeconfig,
    pub history: Vec<String>,
    /// The kinds that the server was last seen to serve beside the built-in ones.
    pub discovered: Vec<&'static crate::api::KindInfo>,
    /// The built-in groups that it was then seen not to serve.
    pub absent_groups: Vec<&'static str>,
    pub last_exit: i32,
    /// The exit code of the last command substitution of the command that is being expanded.
    pub substituted: i32,
    /// How many temporary files there have been.
    pub temporary: u64,
}

/// One job's view of the session and the world.
pub struct Shell {
    pub world: World,
    pub state: Rc<RefCell<State>>,
}

impl Shell {
    pub fn variable(&self, name: &str) -> Option<String> {
        let state = self.state.borrow();
        match name {
            "?" => Some(state.last_exit.to_string()),
            name => state.variables.get(name).cloned(),
        }
    }

    fn set(&self, name: String, value: String) {
        let mut state = self.state.borrow_mut();
        if state.variables.len() < 1000 || state.variables.contains_key(&name) {
            state.variables.insert(name, value);
        }
    }
}

/// The three streams of a command.
#[derive(Clone)]
pub struct Io {
    pub input: Input,
    pub out: Sink,
    pub err: Sink,
    /// How many command substitutions this one is inside of.
    pub depth: u8,
    /// What is set for this command only, before variables of the session.
    pub env: Rc<Vec<(String, String)>>,
}

impl Io {
    /// Streams that lead nowhere.
    pub fn none() -> Io {
        Io {
            input: None,
            out: Sink::Nowhere,
            err: Sink::Nowhere,
            depth: 0,
            env: Rc::default(),
        }
    }

    /// A variable as a command sees it.
    pub fn variable(&self, shell: &Shell, name: &str) -> Option<String> {
        let own = self.env.iter().rev().find(|(n, _)| n == name);
        own.map(|(_, value)| value.clone())
            .or_else(|| shell.variable(name))
    }
}

const DEEPEST: u8 = 8;

/// The exit code of a command that the reader of its output stopped.
const BROKEN_PIPE: i32 = 141;

/// Runs a script to its end; its exit code.
pub fn run(shell: Rc<Shell>, io: Io, script: Script) -> LocalFuture<'static, i32> {
    Box::pin(async move {
        let mut code = 0;
        for (joint, pipeline) in &script.0 {
            let runs = match joint {
                Joint::Always => true,
                Joint::IfSucceeded => code == 0,
                Joint::IfFailed => code != 0,
            };
            if runs {
                code = run_pipeline(&shell, &io, pipeline).await;
                shell.state.borrow_mut().last_exit = code;
            }
        }
        code
    })
}

/// What a script prints: command substitution.
pub async fn run_source(shell: &Rc<Shell>, io: &Io, source: &str) -> String {
    let script = match parse(source) {
        Ok(script) => script,
        Err(error) => {
            io.err.line(&format!("sh: {}", error.message()));
            return String::new();
        }
    };
    if io.depth >= DEEPEST {
        io.err.line("sh: commands nest too deeply");
        return String::new();
    }
    let pipe = Rc::new(Pipe::default());
    let inner = Io {
        out: Sink::Pipe(pipe.clone()),
        depth: io.depth + 1,
        ..io.clone()
    };
    let before = shell.state.borrow().last_exit;
    let code = run(shell.clone(), inner, script).await;
    let mut state = shell.state.borrow_mut();
    state.last_exit = before;
    state.substituted = code;
    pipe.take()
}

/// Runs a script in the place of a command; its exit code.
pub async fn run_line(shell: &Rc<Shell>, io: &Io, source: &str) -> i32 {
    if io.depth >= DEEPEST {
        io.err.line("sh: commands nest too deeply");
        return 1;
    }
    let inner = Io {
        depth: io.depth + 1,
        ..io.clone()
    };
    match parse(source) {
        Ok(script) => run(shell.clone(), inner, script).await,
        Err(error) => complain(io, &error),
    }
}

async fn run_pipeline(shell: &Rc<Shell>, io: &Io, pipeline: &Pipeline) -> i32 {
    let last = pipeline.commands.len().saturating_sub(1);
    let code = if last == 0 {
        match pipeline.commands.first() {
            Some(command) => run_command(shell.clone(), io.clone(), command.clone()).await,
            None => 0,
        }
    } else {
        let mut stages = Vec::new();
        let mut input = io.input.clone();
        for (i, command) in pipeline.commands.iter().enumerate() {
            let mut stage = io.clone();
            stage.input = input.clone();
            let output = (i < last).then(|| Rc::new(Pipe::default()));
            if let Some(pipe) = &output {
                stage.out = Sink::Pipe(pipe.clone());
            }
            stages.push(Stage {
                input: if i > 0 { input } else { None },
                output: output.clone(),
                future: Some(run_command(shell.clone(), stage, command.clone())),
                code: 0,
            });
            input = output;
        }
        run_stages(stages).await
    };
    match pipeline.negated {
        true => i32::from(code == 0),
        false => code,
    }
}

/// One command of a pipeline.
struct Stage {
    input: Input,
    output: Input,
    future: Option<LocalFuture<'static, i32>>,
    code: i32,
}

impl Stage {
    fn end(&mut self, code: i32) {
        self.code = code;
        self.future = None;
        if let Some(pipe) = &self.output {
            pipe.close();
        }
        if let Some(pipe) = &self.input {
            pipe.abandon();
        }
    }
}

/// Runs the commands of a pipeline side by side; the exit code of the last one.
async fn run_stages(mut stages: Vec<Stage>) -> i32 {
    poll_fn(move |cx| {
        loop {
            let mut progress = false;
            for stage in &mut stages {
                let Some(future) = &mut stage.future else {
                    continue;
                };
                let broken = |stage: &Stage| stage.output.as_ref().is_some_and(|p| p.is_broken());
                if let Poll::Ready(code) = future.as_mut().poll(cx) {
                    stage.end(code);
                    progress = true;
                } else if broken(stage) {
                    stage.end(BROKEN_PIPE);
                    progress = true;
                }
            }
            if stages.iter().all(|s| s.future.is_none()) {
                return Poll::Ready(stages.last().map_or(0, |s| s.code));
            }
            if !progress {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// A file that a command writes, saved as it grows and when the command ends or is dropped.
struct Writing {
    shell: Rc<Shell>,
    name: String,
    buffer: FileBuffer,
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.shell
            .world
            .host
            .write_file(&self.name, &self.buffer.borrow());
    }
}

fn run_command(shell: Rc<Shell>, io: Io, command: Command) -> Pin<Box<dyn Future<Output = i32>>> {
    Box::pin(async move {
        let mut io = io;
        let mut files = Vec::new();
        for redirect in &command.redirects {
            if let Err(message) = apply(&shell, &mut io, redirect, &mut files).await {
                io.err.line(&message);
                return 1;
            }
        }
        run_body(&shell, io, command.body).await
    })
}

async fn apply(
    shell: &Rc<Shell>,
    io: &mut Io,
    redirect: &Redirect,
    files: &mut Vec<Writing>,
) -> Result<(), String> {
    match redirect {
        Redirect::From(word) => {
            let name = joined(shell, io, word).await;
            let text = shell
                .world
                .host
                .read_file(&name)
                .ok_or_else(|| format!("sh: {name}: No such file or directory"))?;
            io.input = Some(Pipe::of(&text));
        }
        Redirect::Here(word) => {
            let text = joined(shell, io, word).await;
            io.input = Some(Pipe::of(&text));
        }
        Redirect::Into {
            descriptor,
            append,
            file,
        } => {
            let name = joined(shell, io, file).await;
            let sink = match name.as_str() {
                "/dev/null" => Sink::Nowhere,
                "/dev/stdout" => io.out.clone(),
                "/dev/stderr" => io.err.clone(),
                "" => return Err("sh: : No such file or directory".to_owned()),
                name => {
                    let before = match append {
                        true => shell.world.host.read_file(name).unwrap_or_default(),
                        false => String::new(),
                    };
                    let buffer: FileBuffer = Rc::new(RefCell::new(before));
                    files.push(Writing {
                        shell: shell.clone(),
                        name: name.to_owned(),
                        buffer: buffer.clone(),
                    });
                    Sink::File(buffer)
                }
            };
            match descriptor {
                0 => {
                    io.out = sink.clone();
                    io.err = sink;
                }
                2 => io.err = sink,
                _ => io.out = sink,
            }
        }
        Redirect::Duplicate { descriptor, of } => match (descriptor, of) {
            (2, 1) => io.err = io.out.clone(),
            (1, 2) => io.out = io.err.clone(),
            _ => {}
        },
    }
    Ok(())
}

async fn run_body(shell: &Rc<Shell>, io: Io, body: Body) -> i32 {
    match body {
        Body::Group(script) => run(shell.clone(), io, script).await,
        Body::If(branches, otherwise) => {
            for (condition, body) in branches {
                if run(shell.clone(), io.clone(), condition).await == 0 {
                    return run(shell.clone(), io, body).await;
                }
            }
            run(shell.clone(), io, otherwise).await
        }
        Body::While {
            condition,
            sense,
            body,
        } => {
            let mut code = 0;
            loop {
                let holds = run(shell.clone(), io.clone(), condition.clone()).await == 0;
                if holds != sense {
                    return code;
                }
                code = run(shell.clone(), io.clone(), body.clone()).await;
                shell.world.breathe().await;
            }
        }
        Body::For {
            variable,
            words,
            body,
        } => {
            let mut code = 0;
            for value in fields(shell, &io, &words).await {
                shell.set(variable.clone(), value);
                code = run(shell.clone(), io.clone(), body.clone()).await;
                shell.world.breathe().await;
            }
            code
        }
        Body::Simple { assignments, words } => {
            shell.state.borrow_mut().substituted = 0;
            let mut values = Vec::new();
            for (name, word) in assignments {
                values.push((name, joined(shell, &io, &word).await));
            }
            let words = fields(shell, &io, &words).await;
            let Some((name, arguments)) = words.split_first() else {
                for (name, value) in values {
                    shell.set(name, value);
                }
                // The exit code of an assignment is that of its last command substitution.
                return shell.state.borrow().substituted;
            };
            let mut io = io;
            if !values.is_empty() {
                let mut env = (*io.env).clone();
                env.extend(values);
                io.env = Rc::new(env);
            }
            builtins::run(shell, io, name, arguments).await
        }
    }
}

/// What a syntax error prints.
pub fn complain(io: &Io, error: &SyntaxError) -> i32 {
    io.err.line(&format!("sh: {}", error.message()));
    2
}
