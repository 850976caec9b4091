//! What names mean where a filter stands: the newest first.

use std::rc::Rc;

use super::ast::{Ast, Function};
use super::value::Value;

#[derive(Clone, Default)]
pub struct Env(Option<Rc<Frame>>);

struct Frame {
    entry: Entry,
    before: Env,
    depth: u32,
}

enum Entry {
    Variable(Rc<str>, Value),
    /// A definition: its body sees what stood before it, and itself.
    Function(Rc<Function>),
    /// A parameter: a filter, and where it was written.
    Filter(Rc<str>, Rc<Ast>, Env),
    /// How much may go on elsewhere from where a label stands.
    Label(Rc<str>, usize),
}

/// What a name without a dollar means.
pub enum Called {
    /// A parameter: run it where it was written.
    Filter(Rc<Ast>, Env),
    /// A definition, and where its body stands.
    Function(Rc<Function>, Env),
}

impl Env {
    fn with(&self, entry: Entry) -> Env {
        let inner = match &entry {
            Entry::Filter(_, _, env) => env.depth(),
            _ => 0,
        };
        let depth = self.depth().max(inner).saturating_add(1);
        let before = self.clone();
        Env(Some(Rc::new(Frame {
            entry,
            before,
            depth,
        })))
    }

    /// How long the chain behind it is.
    pub fn depth(&self) -> u32 {
        self.0.as_ref().map_or(0, |frame| frame.depth)
    }

    pub fn with_variable(&self, name: &Rc<str>, value: Value) -> Env {
        self.with(Entry::Variable(name.clone(), value))
    }

    pub fn with_label(&self, name: &Rc<str>, height: usize) -> Env {
        self.with(Entry::Label(name.clone(), height))
    }

    pub fn define(&self, function: &Rc<Function>) -> Env {
        self.with(Entry::Function(function.clone()))
    }

    /// Where the body of a function runs: its parameters are what it was called with.
    pub fn enter(&self, function: &Function, arguments: &[Rc<Ast>], caller: &Env) -> Env {
        let mut env = self.clone();
        for (name, ast) in function.parameters.iter().zip(arguments) {
            env = env.with(Entry::Filter(name.clone(), ast.clone(), caller.clone()));
        }
        env
    }

    fn find<T>(&self, wanted: impl Fn(&Env, &Frame) -> Option<T>) -> Option<T> {
        let mut at = self;
        while let Some(frame) = &at.0 {
            if let Some(found) = wanted(at, frame) {
                return Some(found);
            }
            at = &frame.before;
        }
        None
    }

    pub fn variable(&self, name: &str) -> Option<Value> {
        self.find(|_, frame| match &frame.entry {
            Entry::Variable(n, value) if **n == *name => Some(value.clone()),
            _ => None,
        })
    }

    pub fn label(&self, name: &str) -> Option<usize> {
        self.find(|_, frame| match &frame.entry {
            Entry::Label(n, height) if **n == *name => Some(*height),
            _ => None,
        })
    }

    pub fn called(&self, name: &str, count: usize) -> Option<Called> {
        self.find(|here, frame| match &frame.entry {
            Entry::Filter(n, ast, env) if count == 0 && **n == *name => {
                Some(Called::Filter(ast.clone(), env.clone()))
            }
            Entry::Function(f) if f.parameters.len() == count && *f.name == *name => {
                Some(Called::Function(f.clone(), here.clone()))
            }
            _ => None,
        })
    }
}

// A chain may be long: what is in it goes link by link, not one inside of the other.
impl Drop for Frame {
    fn drop(&mut self) {
        let mut waiting = Vec::new();
        self.loosen(&mut waiting);
        while let Some(frame) = waiting.pop() {
            if let Ok(mut frame) = Rc::try_unwrap(frame) {
                frame.loosen(&mut waiting);
            }
        }
    }
}

impl Frame {
    fn loosen(&mut self, waiting: &mut Vec<Rc<Frame>>) {
        waiting.extend(self.before.0.take());
        if let Entry::Filter(_, _, env) = &mut self.entry {
            waiting.extend(env.0.take());
        }
    }
}
