//! What a shell knows: the session, its variables, the streams of a command.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::arrays::{Array, Subscript};
use super::jobs::Jobs;
use super::parse::{Aliases, Command};
use crate::kubectl::cmd::proxy::Proxy;
use crate::kubectl::host::World;
use crate::kubectl::io::{FileBuffer, Input, Sink};
use crate::kubectl::kubeconfig::Kubeconfig;
use crate::kubectl::network::Forward;

/// What lives as long as a session.
pub struct State {
    /// The namespace of the current context.
    pub namespace: String,
    pub config: Kubeconfig,
    pub history: Vec<String>,
    /// The kinds that the server was last seen to serve beside the built-in ones.
    pub discovered: Vec<&'static crate::api::KindInfo>,
    /// The built-in groups that it was then seen not to serve.
    pub absent_groups: Vec<&'static str>,
    /// How many temporary files there have been.
    pub temporary: u64,
    /// What runs in the background.
    pub jobs: Jobs,
    /// Ports of this terminal that lead into pods.
    pub forwards: Vec<Forward>,
    /// And those at which the API answers.
    pub proxies: Vec<Proxy>,
    /// Files that are being written: their texts so far.
    pub writing: Vec<(String, FileBuffer)>,
    /// The node to which somebody has logged in.
    pub node: Option<String>,
    /// What `<(...)` printed, by name.
    pub descriptors: BTreeMap<String, String>,
}

impl State {
    /// Whether somebody listens at a port of this terminal.
    pub fn is_taken(&self, port: u16) -> bool {
        self.forwards.iter().any(|f| f.port == port) || self.proxies.iter().any(|p| p.port == port)
    }
}

/// What `set` changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `-e`
    pub errexit: bool,
    /// `-u`
    pub nounset: bool,
    /// `-x`
    pub xtrace: bool,
    /// `-o pipefail`
    pub pipefail: bool,
}

/// What a name stood for outside of a function.
#[derive(Clone, Debug)]
pub enum Hidden {
    Nothing,
    Plain(String),
    Array(Array),
}

/// What a shell knows; a subshell has a copy of its own.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub variables: BTreeMap<String, String>,
    /// The names of those that `export` named.
    pub exported: Vec<String>,
    pub functions: BTreeMap<String, Rc<Command>>,
    pub aliases: Aliases,
    pub arguments: Vec<String>,
    pub options: Options,
    pub last_exit: i32,
    /// The exit code of the last command substitution of the command that is being expanded.
    pub substituted: i32,
    /// What `local` has hidden, for each function that runs.
    pub frames: Vec<Vec<(String, Hidden)>>,
    pub arrays: Vec<(String, Array)>,
    /// Names that may not be set again.
    pub readonly: Vec<String>,
    /// Names whose values are computed.
    pub integers: Vec<String>,
    /// What `trap` has set, by signal.
    pub traps: Vec<(String, String)>,
    /// The last of `$RANDOM`; 0 before the first.
    pub random: u64,
    /// When `$SECONDS` was 0, in seconds.
    pub began: i64,
    /// What `declare -n` has made.
    pub references: Vec<Reference>,
}

/// A name that stands for another variable.
#[derive(Clone, Debug)]
pub struct Reference {
    pub name: String,
    pub target: String,
    /// How many functions it is inside of.
    pub depth: usize,
}

/// A variable that stands for another that stands for another: no more.
const MOST_REFERENCES: usize = 8;

impl Scope {
    /// The variable that a name stands for.
    pub fn meant<'n>(&'n self, name: &'n str) -> &'n str {
        let mut name = name;
        for _ in 0..MOST_REFERENCES {
            match self.references.iter().rev().find(|r| r.name == name) {
                Some(reference) if reference.target != name => name = &reference.target,
                _ => break,
            }
        }
        name
    }
}

/// One job's view of the session and the world.
pub struct Shell {
    pub world: World,
    pub state: Rc<RefCell<State>>,
}

impl Shell {
    /// A file's text: one that is being written, a descriptor, or one of the host's.
    pub fn read_file(&self, name: &str) -> Option<String> {
        if name == "/dev/null" {
            return Some(String::new());
        }
        {
            let state = self.state.borrow();
            let plain = crate::kubectl::host::plain(name);
            let open = state.writing.iter().rev().find(|(n, _)| n == plain);
            if let Some((_, buffer)) = open {
                return Some(buffer.borrow().clone());
            }
            if let Some(text) = state.descriptors.get(name) {
                return Some(text.clone());
            }
        }
        self.world.host.read_file(name)
    }
}

/// The three streams of a command, and the shell that runs it.
#[derive(Clone)]
pub struct Io {
    pub input: Input,
    pub out: Sink,
    pub err: Sink,
    /// How many functions and command substitutions this one is inside of.
    pub depth: u8,
    /// What is set for this command only, before variables of the shell.
    pub env: Rc<Vec<(String, String)>>,
    pub scope: Rc<RefCell<Scope>>,
    /// It is a condition: its failure ends nothing.
    pub tested: bool,
}

/// The modulus of the numbers that follow each other in `$RANDOM`.
const MODULUS: u64 = 0x7fff_ffff;

/// The number after another: the minimal standard of Park and Miller, as in bash.
fn after(number: u64) -> u64 {
    let number = if number == 0 { 123_459_876 } else { number };
    number % MODULUS * 16_807 % MODULUS
}

fn seconds(shell: &Shell) -> i64 {
    i64::try_from(shell.world.now().0 / 1_000_000_000).unwrap_or(i64::MAX)
}

/// An element of an array that a reference names.
fn element(scope: &Scope, array: &str, index: &str) -> Option<String> {
    let (_, array) = scope.arrays.iter().find(|(n, _)| n == array)?;
    let at = match (array.named, index.parse()) {
        (false, Ok(number)) => Subscript::Number(number),
        _ => Subscript::Name(index.to_owned()),
    };
    array.get(&at).map(str::to_owned)
}

/// The number of the shell's process, for `$$`.
const PROCESS: &str = "4242";

impl Shell {
    /// Variables that do something when they are set: `RANDOM` and `SECONDS`.
    pub fn assigned(&self, io: &Io, name: &str, value: &str) -> bool {
        let mut scope = io.scope.borrow_mut();
        match name {
            "RANDOM" => {
                let seed: i64 = value.trim().parse().unwrap_or(0);
                let seed = seed.rem_euclid(1 << 32) as u64;
                scope.random = if seed == 0 { 123_459_876 } else { seed };
            }
            "SECONDS" => scope.began = seconds(self) - value.trim().parse().unwrap_or(0),
            _ => return false,
        }
        true
    }
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
            scope: Rc::default(),
            tested: false,
        }
    }

    /// A shell of its own, which knows what this one knows.
    pub fn subshell(&self) -> Io {
        let mut scope = self.scope.borrow().clone();
        // What is trapped is so in the shell that said it.
        scope.traps.clear();
        Io {
            scope: Rc::new(RefCell::new(scope)),
            ..self.clone()
        }
    }

    /// A variable as a command sees it.
    pub fn variable(&self, shell: &Shell, name: &str) -> Option<String> {
        let own = self.env.iter().rev().find(|(n, _)| n == name);
        if let Some((_, value)) = own {
            return Some(value.clone());
        }
        let scope = self.scope.borrow();
        let name = scope.meant(name);
        if let Some((array, index)) = name.strip_suffix(']').and_then(|n| n.split_once('[')) {
            return element(&scope, array, index);
        }
        if let Ok(number) = name.parse::<usize>() {
            return match number.checked_sub(1) {
                None => Some("sh".to_owned()),
                Some(index) => scope.arguments.get(index).cloned(),
            };
        }
        match name {
            "?" => Some(scope.last_exit.to_string()),
            "#" => Some(scope.arguments.len().to_string()),
            "@" => Some(scope.arguments.join(" ")),
            "*" => {
                let between = match scope.variables.get("IFS") {
                    Some(own) => own.chars().next().map_or(String::new(), String::from),
                    None => " ".to_owned(),
                };
                Some(scope.arguments.join(&between))
            }
            "UID" | "EUID" => Some("0".to_owned()),
            "RANDOM" => {
                drop(scope);
                let mut scope = self.scope.borrow_mut();
                if scope.random == 0 {
                    scope.random = (shell.world.now().0 / 1000 % MODULUS) | 1;
                }
                scope.random = after(scope.random);
                Some(((scope.random >> 16 ^ scope.random & 0xffff) & 0x7fff).to_string())
            }
            "SECONDS" => Some((seconds(shell) - scope.began).to_string()),
            "EPOCHSECONDS" => Some(seconds(shell).to_string()),
            "PPID" => Some("1".to_owned()),
            "BASHPID" => Some(PROCESS.to_owned()),
            "$" => Some(PROCESS.to_owned()),
            "!" => shell.state.borrow().jobs.last_process(),
            name => match scope.variables.get(name) {
                Some(value) => Some(value.clone()),
                None => {
                    let mut arrays = scope.arrays.iter();
                    let found = arrays.find(|(n, _)| n == name);
                    found.and_then(|(_, array)| array.plain().map(str::to_owned))
                }
            },
        }
    }

    pub fn set(&self, name: String, value: String) {
        let plain = name.strip_suffix('+').unwrap_or(&name);
        let meant = self.scope.borrow().meant(plain).to_owned();
        if meant != plain {
            let sign = if plain == name { "" } else { "+" };
            return self.set(format!("{meant}{sign}"), value);
        }
        if self.refuses(plain) {
            return;
        }
        let mut scope = self.scope.borrow_mut();
        if let Some((_, array)) = scope.arrays.iter_mut().find(|(n, _)| n == plain) {
            array.set_plain(value, plain != name);
            return;
        }
        match name.strip_suffix('+') {
            Some(name) => {
                let before = scope.variables.entry(name.to_owned()).or_default();
                if before.len() + value.len() <= 4 << 20 {
                    before.push_str(&value);
                }
            }
            None => {
                if scope.variables.len() < 1000 || scope.variables.contains_key(&name) {
                    scope.variables.insert(name, value);
                }
            }
        }
    }
}
