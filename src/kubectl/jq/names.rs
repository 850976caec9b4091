//! Names that mean nothing, found before a filter runs.

use std::rc::Rc;

use super::ast::{Ast, Fault, Fold, Piece};
use super::functions::{self, Library};

struct Scope<'l> {
    variables: Vec<Rc<str>>,
    functions: Vec<(Rc<str>, usize)>,
    labels: Vec<Rc<str>>,
    library: &'l Library,
    faults: Vec<Fault>,
}

/// The names that are not known where they stand.
pub fn unknown(ast: &Rc<Ast>, variables: Vec<Rc<str>>, library: &Library) -> Vec<Fault> {
    let mut scope = Scope {
        variables,
        functions: Vec::new(),
        labels: Vec::new(),
        library,
        faults: Vec::new(),
    };
    scope.look(ast);
    scope.faults
}

impl Scope<'_> {
    fn miss(&mut self, message: String, at: usize) {
        // One long list of the same helps nobody.
        if self.faults.len() < 10 {
            self.faults.push(Fault { message, at });
        }
    }

    fn within(&mut self, name: &Rc<str>, ast: &Rc<Ast>) {
        self.variables.push(name.clone());
        self.look(ast);
        self.variables.pop();
    }

    fn look(&mut self, ast: &Rc<Ast>) {
        match &**ast {
            Ast::Identity | Ast::Recurse | Ast::Literal(_) | Ast::Format(_) | Ast::Array(None) => {}
            Ast::Iterate(a) | Ast::Negate(a) | Ast::Array(Some(a)) | Ast::Try(a, None) => {
                self.look(a);
            }
            Ast::Index(a, b)
            | Ast::Pipe(a, b)
            | Ast::Comma(a, b)
            | Ast::Binary(_, a, b)
            | Ast::Logic(_, a, b)
            | Ast::Alternative(a, b)
            | Ast::Try(a, Some(b)) => {
                self.look(a);
                self.look(b);
            }
            Ast::Text(_, pieces) => {
                for piece in pieces.iter() {
                    if let Piece::Filter(ast) = piece {
                        self.look(ast);
                    }
                }
            }
            Ast::Object(entries) => {
                for (key, value) in entries.iter() {
                    self.look(key);
                    self.look(value);
                }
            }
            Ast::If(condition, yes, no) => {
                self.look(condition);
                self.look(yes);
                if let Some(no) = no {
                    self.look(no);
                }
            }
            Ast::Reduce(fold) | Ast::Foreach(fold) => self.fold(fold),
            Ast::Variable(name, at) => {
                if **name != *"ENV" && !self.variables.contains(name) {
                    self.miss(format!("${name} is not defined"), *at);
                }
            }
            Ast::As(source, name, body) => {
                self.look(source);
                self.within(name, body);
            }
            Ast::Call(call) => {
                let count = call.arguments.len();
                let own = self.functions.iter();
                let own = own.rev().any(|(n, c)| *c == count && *n == call.name);
                if !own
                    && self.library.defined(&call.name, count).is_none()
                    && !functions::known(&call.name, count)
                {
                    self.miss(format!("{}/{count} is not defined", call.name), call.at);
                }
                for argument in &call.arguments {
                    self.look(argument);
                }
            }
            Ast::Define(function, rest) => {
                let before = self.functions.len();
                self.functions
                    .push((function.name.clone(), function.parameters.len()));
                for parameter in &function.parameters {
                    self.functions.push((parameter.clone(), 0));
                }
                self.look(&function.body);
                self.functions.truncate(before + 1);
                self.look(rest);
                self.functions.truncate(before);
            }
            Ast::Label(name, body) => {
                self.labels.push(name.clone());
                self.look(body);
                self.labels.pop();
            }
            Ast::Break(name, at) => {
                if !self.labels.contains(name) {
                    self.miss(format!("$*label-{name} is not defined"), *at);
                }
            }
        }
    }

    fn fold(&mut self, fold: &Fold) {
        self.look(&fold.source);
        self.look(&fold.first);
        self.within(&fold.name, &fold.update);
        if let Some(extract) = &fold.extract {
            self.within(&fold.name, extract);
        }
    }
}
