//! A terminal's session: what lines share, and how one runs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::host::{Host, World};
use super::io::{Screen, Sink, Span, Stream};
use super::kubeconfig::Kubeconfig;
use super::machine::Machine;
use super::shell::jobs::{self, Jobs};
use super::shell::run_parts::{Io, Scope, State};
use super::shell::{self, Shell};
use crate::client::LocalFuture;
use crate::sim::Time;

/// The most lines that are remembered.
const MOST_HISTORY: usize = 1000;

/// Variables, history and settings of a terminal.
pub struct Session {
    host: Rc<dyn Host>,
    state: Rc<RefCell<State>>,
    scope: Rc<RefCell<Scope>>,
}

/// A line that runs.
pub struct Job {
    shell: Rc<Shell>,
    screen: Rc<Screen>,
    future: Option<LocalFuture<'static, i32>>,
    exit_code: i32,
}

/// How far a job has come since it was last polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub output: Vec<Span>,
    /// The exit code, when the job has ended.
    pub exit_code: Option<i32>,
    /// When the job wants to be polled at the latest, be there an event or not.
    pub wake_at: Option<Time>,
}

impl Session {
    /// A session whose context is the namespace `namespace`.
    pub fn new(host: Rc<dyn Host>, namespace: &str) -> Session {
        let state = State {
            namespace: namespace.to_owned(),
            config: Kubeconfig::new(namespace),
            history: Vec::new(),
            discovered: Vec::new(),
            absent_groups: Vec::new(),
            temporary: 0,
            jobs: Jobs::default(),
            forwards: Vec::new(),
            proxies: Vec::new(),
            writing: Vec::new(),
            node: None,
            descriptors: BTreeMap::new(),
        };
        let mut scope = Scope {
            began: i64::try_from(host.now().0 / 1_000_000_000).unwrap_or(0),
            ..Scope::default()
        };
        for (name, value) in [
            ("HOME", "/root"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("PWD", "/root"),
            ("SHELL", "/bin/bash"),
            ("USER", "root"),
        ] {
            scope.variables.insert(name.to_owned(), value.to_owned());
            scope.exported.push(name.to_owned());
        }
        Session {
            host,
            scope: Rc::new(RefCell::new(scope)),
            state: Rc::new(RefCell::new(state)),
        }
    }

    /// Starts a line (or several, with a here-document). Nothing runs before the first poll.
    pub fn start(&mut self, line: &str) -> Job {
        self.remember(line);
        let screen = Rc::new(Screen::default());
        let shell = self.shell();
        let io = Io {
            input: None,
            out: Sink::Screen(screen.clone(), Stream::Out),
            err: Sink::Screen(screen.clone(), Stream::Err),
            depth: 0,
            env: Rc::default(),
            scope: self.scope.clone(),
            tested: false,
        };
        if matches!(line.trim(), "exit" | "logout")
            && let Some(node) = self.state.borrow_mut().node.take()
        {
            io.out
                .line(&format!("logout\nConnection to {node} closed."));
            return Job {
                shell,
                screen,
                future: None,
                exit_code: 0,
            };
        }
        let script = shell::parse_with(line, &self.scope.borrow().aliases);
        let (future, exit_code) = match script {
            Ok(script) => (Some(shell::run(shell.clone(), io, script)), 0),
            Err(error) => (None, shell::complain(&io, &error)),
        };
        Job {
            shell,
            screen,
            future,
            exit_code,
        }
    }

    /// Where commands run: this terminal, or the node to which somebody has logged in.
    fn place(&self) -> Rc<dyn Host> {
        match &self.state.borrow().node {
            Some(node) => Rc::new(Machine::new(self.host.clone(), node)),
            None => self.host.clone(),
        }
    }

    /// Whether somebody has logged in to a node.
    pub fn is_away(&self) -> bool {
        self.state.borrow().node.is_some()
    }

    /// What stands before a line that is typed.
    pub fn prompt(&self) -> String {
        let state = self.state.borrow();
        match (&state.node, state.namespace.as_str()) {
            (Some(node), _) => format!("root@{node}:~# "),
            (None, "default") => "$ ".to_owned(),
            (None, namespace) => format!("{namespace} $ "),
        }
    }

    /// A view of the session for one job.
    pub(super) fn shell(&self) -> Rc<Shell> {
        Rc::new(Shell {
            world: World::new(self.place()),
            state: self.state.clone(),
        })
    }

    fn remember(&self, line: &str) {
        let mut state = self.state.borrow_mut();
        let line = line.trim();
        if line.is_empty() || state.history.last().is_some_and(|last| last == line) {
            return;
        }
        state.history.push(line.to_owned());
        if state.history.len() > MOST_HISTORY {
            state.history.remove(0);
        }
    }

    pub fn history(&self) -> Vec<String> {
        self.state.borrow().history.clone()
    }

    /// Brings back the history of an earlier session.
    pub fn set_history(&mut self, lines: Vec<String>) {
        self.state.borrow_mut().history = lines;
    }

    pub fn namespace(&self) -> String {
        self.state.borrow().namespace.clone()
    }

    pub fn host(&self) -> &Rc<dyn Host> {
        &self.host
    }

    /// Lets what runs in the background go on; what it printed. When nothing runs in the foreground,
    /// it is told what has ended.
    pub fn poll_jobs(&mut self, idle: bool) -> Progress {
        jobs::poll(&self.state, idle)
    }

    /// Whether anything runs in the background.
    pub fn has_jobs(&self) -> bool {
        self.state.borrow().jobs.is_running()
    }

    /// The exit code of the last command.
    pub fn last_exit(&self) -> i32 {
        self.scope.borrow().last_exit
    }

    /// What the first word of a command stands for.
    pub(super) fn alias(&self, word: &str) -> Option<String> {
        self.scope.borrow().aliases.get(word).cloned()
    }

    /// The names of aliases and functions.
    pub(super) fn own_names(&self) -> Vec<String> {
        let scope = self.scope.borrow();
        let aliases = scope.aliases.keys();
        aliases.chain(scope.functions.keys()).cloned().collect()
    }

    /// The streams of a command that only asks.
    pub(super) fn silent(&self) -> Io {
        Io {
            scope: self.scope.clone(),
            ..Io::none()
        }
    }

    /// Whether a line waits for more: an open quote, a here-document, a loop.
    pub fn is_incomplete(line: &str) -> bool {
        shell::is_incomplete(line)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Jobs hold the session's state, and it holds them.
        let jobs = self.state.borrow_mut().jobs.take();
        drop(jobs);
    }
}

impl Job {
    /// What runs in a shell of its own.
    pub(super) fn of(
        shell: Rc<Shell>,
        screen: Rc<Screen>,
        future: LocalFuture<'static, i32>,
    ) -> Job {
        Job {
            shell,
            screen,
            future: Some(future),
            exit_code: 0,
        }
    }

    /// What runs, so that it can be dropped where that is safe.
    pub(super) fn take(&mut self) -> Option<LocalFuture<'static, i32>> {
        self.future.take()
    }

    /// Lets the job go on as far as it can at this instant.
    pub fn poll(&mut self) -> Progress {
        let mut context = Context::from_waker(Waker::noop());
        self.shell.world.take_alarm();
        if let Some(future) = &mut self.future
            && let Poll::Ready(code) = future.as_mut().poll(&mut context)
        {
            self.exit_code = code;
            self.future = None;
        }
        Progress {
            output: self.screen.take(),
            exit_code: self.future.is_none().then_some(self.exit_code),
            wake_at: self.shell.world.take_alarm(),
        }
    }

    /// Whether what is typed now is for the job, and not for the terminal.
    pub fn reads(&self) -> bool {
        self.shell.world.reads()
    }

    pub fn type_line(&self, line: &str) {
        self.shell.world.type_line(line);
    }

    pub fn is_done(&self) -> bool {
        self.future.is_none()
    }

    /// Ctrl-C: the job ends where it stands.
    pub fn interrupt(&mut self) {
        if self.future.take().is_some() {
            self.exit_code = 130;
        }
    }
}
