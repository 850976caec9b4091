//! Running a script: one future per job, polled by the host.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use super::arrays::{Array, Assigned, Assignment, assign, assignment};
use super::expand::{both, compute, fields, joined, matches};
use super::parse::{Body, Command, Item, Joint, Pipeline, Script, TestToken, declares, parse_with};
use super::redirect::apply;
use super::state::{Hidden, Io, Scope, Shell};
use super::{SyntaxError, builtins, cond, special};
use crate::client::LocalFuture;
use crate::kubectl::io::{Input, Pipe, Sink};

/// Functions and substitutions nest no deeper.
const DEEPEST: u8 = 20;

/// The exit code of a command that the reader of its output stopped.
const BROKEN_PIPE: i32 = 141;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub code: i32,
    pub flow: Flow,
}

/// What is to happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    GoOn,
    /// Out of so many loops.
    Break(u32),
    Continue(u32),
    /// Out of the function.
    Return,
    /// Out of the shell.
    Exit,
}

impl Ended {
    pub fn with(code: i32) -> Ended {
        Ended {
            code,
            flow: Flow::GoOn,
        }
    }

    /// Says what is wrong and leaves the shell.
    fn fatal(io: &Io, message: &str) -> Ended {
        io.err.line(&format!("sh: {message}"));
        Ended {
            code: 1,
            flow: Flow::Exit,
        }
    }
}

/// Runs a script to its end; its exit code.
pub fn run(shell: Rc<Shell>, io: Io, script: Script) -> LocalFuture<'static, i32> {
    Box::pin(async move {
        let ended = script_of(shell.clone(), io.clone(), script).await;
        match ended.flow {
            Flow::Exit => leave(&shell, &io, ended.code).await,
            _ => ended.code,
        }
    })
}

pub fn script_of(shell: Rc<Shell>, io: Io, script: Script) -> LocalFuture<'static, Ended> {
    Box::pin(async move {
        let mut ended = Ended::with(0);
        for item in script.0.iter() {
            if item.background {
                let code = super::jobs::start(&shell, &io, item);
                io.scope.borrow_mut().last_exit = code;
                ended = Ended::with(code);
                continue;
            }
            ended = list(&shell, &io, item).await;
            if ended.flow != Flow::GoOn {
                break;
            }
        }
        ended
    })
}

/// What is to happen as a shell ends (`trap ... EXIT`); its exit code.
pub async fn leave(shell: &Rc<Shell>, io: &Io, code: i32) -> i32 {
    trapped(shell, io, "EXIT", code, true).await.unwrap_or(code)
}

/// Runs what is trapped; the exit code if it left the shell.
async fn trapped(shell: &Rc<Shell>, io: &Io, signal: &str, code: i32, once: bool) -> Option<i32> {
    let command = {
        let mut scope = io.scope.borrow_mut();
        let at = scope.traps.iter().position(|(s, _)| s == signal)?;
        scope.last_exit = code;
        match once {
            true => scope.traps.remove(at).1,
            false => scope
                .traps
                .get(at)
                .map(|(_, c)| c.clone())
                .unwrap_or_default(),
        }
    };
    let inner = Io {
        tested: true,
        ..io.clone()
    };
    let ended = Box::pin(ended_of(shell, &inner, &command)).await;
    (ended.flow == Flow::Exit).then_some(ended.code)
}

async fn list(shell: &Rc<Shell>, io: &Io, item: &Item) -> Ended {
    let mut ended = Ended::with(0);
    let last = item.list.len().saturating_sub(1);
    for (i, (joint, pipeline)) in item.list.iter().enumerate() {
        let runs = match joint {
            Joint::Always => true,
            Joint::IfSucceeded => ended.code == 0,
            Joint::IfFailed => ended.code != 0,
        };
        if !runs {
            continue;
        }
        let tested = io.tested || i < last || pipeline.negated;
        let inner = Io {
            tested,
            ..io.clone()
        };
        let begun = shell.world.now();
        ended = run_pipeline(shell, &inner, pipeline).await;
        if pipeline.timed {
            let took = shell.world.now().since(begun);
            let (minutes, rest) = (took.as_secs() / 60, took.as_secs() % 60);
            io.err.write(&format!(
                "\nreal\t{minutes}m{rest}.{:03}s\nuser\t0m0.000s\nsys\t0m0.000s\n",
                took.subsec_millis()
            ));
        }
        io.scope.borrow_mut().last_exit = ended.code;
        if ended.flow != Flow::GoOn {
            return ended;
        }
        if ended.code == 0 || tested {
            continue;
        }
        if let Some(code) = trapped(shell, io, "ERR", ended.code, false).await {
            return Ended {
                code,
                flow: Flow::Exit,
            };
        }
        io.scope.borrow_mut().last_exit = ended.code;
        if io.scope.borrow().options.errexit {
            ended.flow = Flow::Exit;
            return ended;
        }
    }
    ended
}

/// What a script prints: command substitution.
pub async fn run_source(shell: &Rc<Shell>, io: &Io, source: &str) -> String {
    let pipe = Rc::new(Pipe::default());
    let mut inner = io.subshell();
    inner.out = Sink::Pipe(pipe.clone());
    inner.tested = false;
    let code = run_line(shell, &inner, source).await;
    let code = leave(shell, &inner, code).await;
    io.scope.borrow_mut().substituted = code;
    pipe.take()
}

/// Runs a script in the place of a command; its exit code.
pub async fn run_line(shell: &Rc<Shell>, io: &Io, source: &str) -> i32 {
    ended_of(shell, io, source).await.code
}

/// As [`run_line`], with what is to happen next.
pub async fn ended_of(shell: &Rc<Shell>, io: &Io, source: &str) -> Ended {
    if io.depth >= DEEPEST {
        return Ended::fatal(io, "commands nest too deeply");
    }
    let inner = Io {
        depth: io.depth + 1,
        ..io.clone()
    };
    let script = parse_with(source, &io.scope.borrow().aliases);
    match script {
        Ok(script) => script_of(shell.clone(), inner, script).await,
        Err(error) => Ended::with(complain(io, &error)),
    }
}

async fn run_pipeline(shell: &Rc<Shell>, io: &Io, pipeline: &Pipeline) -> Ended {
    let last = pipeline.commands.len().saturating_sub(1);
    let mut ended = if last == 0 {
        match pipeline.commands.first() {
            Some(command) => run_command(shell.clone(), io.clone(), command.clone()).await,
            None => Ended::with(0),
        }
    } else {
        let mut stages = Vec::new();
        let mut input = io.input.clone();
        for (i, command) in pipeline.commands.iter().enumerate() {
            let mut stage = io.subshell();
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
        let pipefail = io.scope.borrow().options.pipefail;
        let codes = run_stages(stages).await;
        let mut failed = codes.iter().rev().copied();
        let code = match pipefail {
            true => failed.find(|c| *c != 0).unwrap_or(0),
            false => failed.next().unwrap_or(0),
        };
        let codes = codes.iter().map(i32::to_string).collect();
        io.set_array("PIPESTATUS", Array::of(codes));
        Ended::with(code)
    };
    if last == 0 {
        io.set_array("PIPESTATUS", Array::of(vec![ended.code.to_string()]));
    }
    if pipeline.negated {
        ended.code = i32::from(ended.code == 0);
    }
    ended
}

/// One command of a pipeline.
struct Stage {
    input: Input,
    output: Input,
    future: Option<LocalFuture<'static, Ended>>,
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

/// Runs the commands of a pipeline side by side; their exit codes.
async fn run_stages(mut stages: Vec<Stage>) -> Vec<i32> {
    poll_fn(move |cx| {
        loop {
            let mut progress = false;
            for stage in &mut stages {
                let Some(future) = &mut stage.future else {
                    continue;
                };
                let broken = |stage: &Stage| stage.output.as_ref().is_some_and(|p| p.is_broken());
                if let Poll::Ready(ended) = future.as_mut().poll(cx) {
                    stage.end(ended.code);
                    progress = true;
                } else if broken(stage) {
                    stage.end(BROKEN_PIPE);
                    progress = true;
                }
            }
            if stages.iter().all(|s| s.future.is_none()) {
                return Poll::Ready(stages.iter().map(|s| s.code).collect());
            }
            if !progress {
                return Poll::Pending;
            }
        }
    })
    .await
}

fn run_command(
    shell: Rc<Shell>,
    io: Io,
    command: Rc<Command>,
) -> Pin<Box<dyn Future<Output = Ended>>> {
    Box::pin(async move {
        let mut io = io;
        let mut files = Vec::new();
        for redirect in &command.redirects {
            if let Err(message) = apply(&shell, &mut io, redirect, &mut files).await {
                io.err.line(&message);
                return Ended::with(1);
            }
        }
        run_body(&shell, io, &command.body).await
    })
}

/// Whether a loop ends with what its body ended with, and with what it then ends itself.
fn leaves(ended: Ended) -> Option<Ended> {
    let out = |flow| {
        Some(Ended {
            code: ended.code,
            flow,
        })
    };
    match ended.flow {
        Flow::GoOn | Flow::Continue(0..=1) => None,
        Flow::Break(0..=1) => out(Flow::GoOn),
        Flow::Break(n) => out(Flow::Break(n - 1)),
        Flow::Continue(n) => out(Flow::Continue(n - 1)),
        flow => out(flow),
    }
}

async fn run_body(shell: &Rc<Shell>, io: Io, body: &Body) -> Ended {
    match body {
        Body::Group(script) => script_of(shell.clone(), io, script.clone()).await,
        Body::Subshell(script) => {
            let inner = io.subshell();
            let ended = script_of(shell.clone(), inner.clone(), script.clone()).await;
            Ended::with(leave(shell, &inner, ended.code).await)
        }
        Body::If(branches, otherwise) => {
            let condition = Io {
                tested: true,
                ..io.clone()
            };
            for (test, body) in branches {
                let ended = script_of(shell.clone(), condition.clone(), test.clone()).await;
                if ended.flow != Flow::GoOn {
                    return ended;
                }
                if ended.code == 0 {
                    return script_of(shell.clone(), io, body.clone()).await;
                }
            }
            script_of(shell.clone(), io, otherwise.clone()).await
        }
        Body::While {
            condition,
            sense,
            body,
        } => {
            let tested = Io {
                tested: true,
                ..io.clone()
            };
            let mut code = 0;
            loop {
                let test = script_of(shell.clone(), tested.clone(), condition.clone()).await;
                if test.flow != Flow::GoOn {
                    return test;
                }
                if (test.code == 0) != *sense {
                    return Ended::with(code);
                }
                let ended = script_of(shell.clone(), io.clone(), body.clone()).await;
                if let Some(out) = leaves(ended) {
                    return out;
                }
                code = ended.code;
                shell.world.breathe().await;
            }
        }
        Body::For {
            variable,
            words,
            body,
        } => {
            let values = match values_of(shell, &io, words.as_deref()).await {
                Ok(values) => values,
                Err(message) => return Ended::fatal(&io, &message),
            };
            let mut code = 0;
            for value in values {
                io.set(variable.clone(), value);
                let ended = script_of(shell.clone(), io.clone(), body.clone()).await;
                if let Some(out) = leaves(ended) {
                    return out;
                }
                code = ended.code;
                shell.world.breathe().await;
            }
            Ended::with(code)
        }
        Body::Select {
            variable,
            words,
            body,
        } => {
            let values = match values_of(shell, &io, words.as_deref()).await {
                Ok(values) => values,
                Err(message) => return Ended::fatal(&io, &message),
            };
            select(shell, io, variable, &values, body).await
        }
        Body::Count { parts, body } => {
            let [begin, condition, step] = parts;
            if let Err(message) = number(shell, &io, begin).await {
                return Ended::fatal(&io, &message);
            }
            let mut code = 0;
            loop {
                match number(shell, &io, condition).await {
                    Ok(None | Some(1..) | Some(..=-1)) => {}
                    Ok(Some(0)) => return Ended::with(code),
                    Err(message) => return Ended::fatal(&io, &message),
                }
                let ended = script_of(shell.clone(), io.clone(), body.clone()).await;
                if let Some(out) = leaves(ended) {
                    return out;
                }
                code = ended.code;
                if let Err(message) = number(shell, &io, step).await {
                    return Ended::fatal(&io, &message);
                }
                shell.world.breathe().await;
            }
        }
        Body::Case(word, arms) => {
            let text = match joined(shell, &io, word).await {
                Ok(text) => text,
                Err(message) => return Ended::fatal(&io, &message),
            };
            let mut ended = Ended::with(0);
            // Behind `;&` the next body runs without being asked.
            let mut falls = false;
            for (patterns, body, end) in arms {
                let mut fits = falls;
                for pattern in patterns {
                    match both(shell, &io, pattern).await {
                        Ok((_, pattern)) => fits |= matches(&pattern, &text),
                        Err(message) => return Ended::fatal(&io, &message),
                    }
                }
                if !fits {
                    continue;
                }
                ended = script_of(shell.clone(), io.clone(), body.clone()).await;
                if ended.flow != Flow::GoOn || *end == ";;" {
                    break;
                }
                falls = *end == ";&";
            }
            ended
        }
        Body::Test(tokens) => {
            let mut words = Vec::new();
            for token in tokens {
                words.push(match token {
                    TestToken::Operator(operator) => cond::Word::Operator((*operator).to_owned()),
                    TestToken::Word(word) => match both(shell, &io, word).await {
                        Ok((text, pattern)) => cond::Word::Text(text, pattern),
                        Err(message) => return Ended::fatal(&io, &message),
                    },
                });
            }
            match cond::holds(shell, &io, &words, true) {
                Ok(holds) => Ended::with(i32::from(!holds)),
                Err(message) => {
                    io.err.line(&format!("sh: [[: {message}"));
                    Ended::with(2)
                }
            }
        }
        Body::Arithmetic(word) => match number(shell, &io, word).await {
            Ok(value) => Ended::with(i32::from(value.unwrap_or(0) == 0)),
            Err(message) => {
                io.err.line(&format!("sh: (({message}"));
                Ended::with(1)
            }
        },
        Body::Function { name, body } => {
            let mut scope = io.scope.borrow_mut();
            if scope.functions.len() < 1000 {
                scope.functions.insert(name.clone(), body.clone());
            }
            Ended::with(0)
        }
        Body::Simple { assignments, words } => simple(shell, io, assignments, words).await,
    }
}

/// The words that a loop goes through.
async fn values_of(
    shell: &Rc<Shell>,
    io: &Io,
    words: Option<&[super::lex::Word]>,
) -> Result<Vec<String>, String> {
    match words {
        Some(words) => {
            let words = words.iter().cloned().flat_map(super::brace::expand);
            fields(shell, io, &words.collect::<Vec<_>>()).await
        }
        None => Ok(io.scope.borrow().arguments.clone()),
    }
}

/// Shows a menu, and runs the body for each choice, until it leaves or the input ends.
async fn select(
    shell: &Rc<Shell>,
    io: Io,
    variable: &str,
    values: &[String],
    body: &Script,
) -> Ended {
    if values.is_empty() {
        return Ended::with(0);
    }
    let mut shows = true;
    loop {
        if shows {
            io.err.write(&super::menu::menu(values));
        }
        let prompt = io.variable(shell, "PS3").filter(|p| !p.is_empty());
        io.err.write(prompt.as_deref().unwrap_or("#? "));
        let Some(line) = special::line(shell, &io).await else {
            io.out.line("");
            return Ended::with(1);
        };
        let line = line.trim().to_owned();
        io.set("REPLY".to_owned(), line.clone());
        if line.is_empty() {
            shows = true;
            shell.world.breathe().await;
            continue;
        }
        let number = line.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let chosen = number.and_then(|at| values.get(at));
        io.set(variable.to_owned(), chosen.cloned().unwrap_or_default());
        let ended = script_of(shell.clone(), io.clone(), body.clone()).await;
        if let Some(out) = leaves(ended) {
            return out;
        }
        // A body that empties the reply has the menu shown again.
        shows = io
            .variable(shell, "REPLY")
            .is_none_or(|reply| reply.is_empty());
        shell.world.breathe().await;
    }
}

/// The value of an expression; `None` when there is none.
async fn number(
    shell: &Rc<Shell>,
    io: &Io,
    word: &super::lex::Word,
) -> Result<Option<i64>, String> {
    let text = joined(shell, io, word).await?;
    match text.trim() {
        "" => Ok(None),
        text => compute(shell, io, text).map(Some),
    }
}

async fn simple(
    shell: &Rc<Shell>,
    io: Io,
    assignments: &[Assignment],
    words: &[super::lex::Word],
) -> Ended {
    io.scope.borrow_mut().substituted = 0;
    if words
        .first()
        .and_then(super::lex::plain)
        .is_some_and(declares)
    {
        return declared(shell, io, words).await;
    }
    let words = match fields(shell, &io, words).await {
        Ok(words) => words,
        Err(message) => return Ended::fatal(&io, &message),
    };
    let mut values = Vec::new();
    for assignment in assignments {
        let result = match (&assignment.value, &assignment.index) {
            (Assigned::Text(word), None) if !words.is_empty() => {
                let value = joined(shell, &io, word).await;
                value.map(|value| values.push((assignment.name.clone(), value)))
            }
            _ => {
                let integer = io.scope.borrow().integers.contains(&assignment.name);
                assign(shell, &io, assignment, integer).await.map(|_| ())
            }
        };
        if let Err(message) = result {
            return Ended::fatal(&io, &message);
        }
    }
    if io.scope.borrow().options.xtrace {
        let mut line = String::from("+");
        for (name, value) in &values {
            line.push_str(&format!(" {name}={value}"));
        }
        for word in &words {
            line.push(' ');
            line.push_str(&special::quoted(word));
        }
        io.err.line(&line);
    }
    let Some((name, arguments)) = words.split_first() else {
        // The exit code of an assignment is that of its last command substitution.
        return Ended::with(io.scope.borrow().substituted);
    };
    let mut io = io;
    if !values.is_empty() {
        let mut env = (*io.env).clone();
        env.extend(values);
        io.env = Rc::new(env);
    }
    run_named(shell, io, name, arguments, true).await
}

/// `declare`, `local`, `export` and their like: what looks like an assignment is one.
async fn declared(shell: &Rc<Shell>, io: Io, words: &[super::lex::Word]) -> Ended {
    let mut arguments = Vec::new();
    let mut assignments = Vec::new();
    for word in words.iter().skip(1) {
        match assignment(word) {
            Some(assignment) => {
                arguments.push(assignment.name.clone());
                assignments.push(assignment);
            }
            None => match fields(shell, &io, std::slice::from_ref(word)).await {
                Ok(fields) => arguments.extend(fields),
                Err(message) => return Ended::fatal(&io, &message),
            },
        }
    }
    let who = words
        .first()
        .and_then(super::lex::plain)
        .unwrap_or_default();
    match special::declare(shell, &io, who, &arguments, &assignments).await {
        Ok(code) => Ended::with(code),
        Err(message) => Ended::fatal(&io, &message),
    }
}

/// Runs a command by name: what only the shell can do, a function, a program.
pub fn run_named<'a>(
    shell: &'a Rc<Shell>,
    io: Io,
    name: &'a str,
    arguments: &'a [String],
    functions: bool,
) -> LocalFuture<'a, Ended> {
    Box::pin(async move {
        let function = io.scope.borrow().functions.get(name).cloned();
        if let Some(body) = function.filter(|_| functions) {
            return call(shell, io, body, arguments).await;
        }
        if let Some(ended) = special::run(shell, &io, name, arguments).await {
            return ended;
        }
        Ended::with(builtins::run(shell, io, name, arguments).await)
    })
}

/// What a function changes until it ends, however it ends.
struct Frame {
    scope: Rc<RefCell<Scope>>,
    arguments: Vec<String>,
}

impl Drop for Frame {
    fn drop(&mut self) {
        let mut scope = self.scope.borrow_mut();
        scope.arguments = std::mem::take(&mut self.arguments);
        let depth = scope.frames.len();
        scope.references.retain(|r| r.depth < depth);
        for (name, value) in scope.frames.pop().unwrap_or_default().into_iter().rev() {
            scope.variables.remove(&name);
            scope.arrays.retain(|(n, _)| *n != name);
            match value {
                Hidden::Plain(value) => {
                    scope.variables.insert(name, value);
                }
                Hidden::Array(array) => scope.arrays.push((name, array)),
                Hidden::Nothing => {}
            }
        }
    }
}

async fn call(shell: &Rc<Shell>, io: Io, body: Rc<Command>, arguments: &[String]) -> Ended {
    if io.depth >= DEEPEST {
        return Ended::fatal(&io, "functions nest too deeply");
    }
    shell.world.breathe().await;
    let inner = Io {
        depth: io.depth + 1,
        ..io
    };
    let frame = {
        let mut scope = inner.scope.borrow_mut();
        scope.frames.push(Vec::new());
        Frame {
            scope: inner.scope.clone(),
            arguments: std::mem::replace(&mut scope.arguments, arguments.to_vec()),
        }
    };
    let mut ended = run_command(shell.clone(), inner, body).await;
    drop(frame);
    if ended.flow == Flow::Return {
        ended.flow = Flow::GoOn;
    }
    ended
}

/// What a syntax error prints.
pub fn complain(io: &Io, error: &SyntaxError) -> i32 {
    io.err.line(&format!("sh: {}", error.message()));
    2
}
