//! What a filter is made of.

use std::rc::Rc;

use super::value::Value;

#[derive(Debug)]
pub enum Ast {
    Identity,
    /// `..`
    Recurse,
    /// `TERM[INDEX]` and `TERM.name`; of a slice the index is an object.
    Index(Rc<Ast>, Rc<Ast>),
    /// `TERM[]`
    Iterate(Rc<Ast>),
    Literal(Value),
    /// A string with filters in it, and how what they give is written.
    Text(&'static str, Rc<[Piece]>),
    /// `@base64`
    Format(&'static str),
    Array(Option<Rc<Ast>>),
    Object(Rc<[(Rc<Ast>, Rc<Ast>)]>),
    Pipe(Rc<Ast>, Rc<Ast>),
    Comma(Rc<Ast>, Rc<Ast>),
    Negate(Rc<Ast>),
    Binary(&'static str, Rc<Ast>, Rc<Ast>),
    /// `and`, and `or` when true.
    Logic(bool, Rc<Ast>, Rc<Ast>),
    /// `//`
    Alternative(Rc<Ast>, Rc<Ast>),
    If(Rc<Ast>, Rc<Ast>, Option<Rc<Ast>>),
    /// `try`, and `?`.
    Try(Rc<Ast>, Option<Rc<Ast>>),
    Reduce(Rc<Fold>),
    Foreach(Rc<Fold>),
    Variable(Rc<str>, usize),
    /// Source, name, body.
    As(Rc<Ast>, Rc<str>, Rc<Ast>),
    Call(Rc<Call>),
    Define(Rc<Function>, Rc<Ast>),
    Label(Rc<str>, Rc<Ast>),
    Break(Rc<str>, usize),
}

#[derive(Debug)]
pub enum Piece {
    Text(String),
    Filter(Rc<Ast>),
}

#[derive(Debug)]
pub struct Call {
    pub name: Rc<str>,
    pub arguments: Vec<Rc<Ast>>,
    /// Where it stands in the text.
    pub at: usize,
}

/// `reduce` and `foreach`.
#[derive(Debug)]
pub struct Fold {
    pub source: Rc<Ast>,
    pub name: Rc<str>,
    pub first: Rc<Ast>,
    pub update: Rc<Ast>,
    pub extract: Option<Rc<Ast>>,
}

#[derive(Debug)]
pub struct Function {
    pub name: Rc<str>,
    pub parameters: Vec<Rc<str>>,
    pub body: Rc<Ast>,
}

/// What is wrong with a filter, and where.
#[derive(Debug)]
pub struct Fault {
    pub message: String,
    pub at: usize,
}

impl Fault {
    pub fn new<T>(message: impl Into<String>, at: usize) -> Result<T, Fault> {
        let message = message.into();
        Err(Fault { message, at })
    }
}

impl Ast {
    pub fn call(name: &str, arguments: Vec<Rc<Ast>>, at: usize) -> Ast {
        let name = Rc::from(name);
        Ast::Call(Rc::new(Call {
            name,
            arguments,
            at,
        }))
    }

    pub fn text(text: &str) -> Rc<Ast> {
        Rc::new(Ast::Literal(Value::text(text)))
    }
}
