//! What a CEL expression is made of.

/// An expression, with the place in the text that errors point at, in characters.
#[derive(Debug)]
pub struct Expr {
    pub at: usize,
    pub kind: Kind,
}

#[derive(Debug)]
pub enum Kind {
    Literal(Literal),
    Name(String),
    /// `a.b`, `a.?b`, and `has(a.b)`.
    Select {
        of: Box<Expr>,
        field: String,
        test: bool,
        optional: bool,
    },
    /// Operators are functions too, with cel-go's names: `_+_`, `@in`.
    Call {
        function: String,
        target: Option<Box<Expr>>,
        args: Vec<Expr>,
    },
    List(Vec<Item>),
    Map(Vec<(Expr, Item)>),
    /// `Name{field: value}`: there are no such types here.
    Message(String),
    Loop(Box<Loop>),
    /// `optMap` and `optFlatMap`.
    OptMap {
        of: Box<Expr>,
        var: String,
        body: Box<Expr>,
        flat: bool,
    },
}

/// A member of a list or the value of a map; optional ones (`?x`) are left out when empty.
#[derive(Debug)]
pub struct Item {
    pub value: Expr,
    pub optional: bool,
}

#[derive(Clone, Debug)]
pub enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A macro over the members of a list or a map.
#[derive(Debug)]
pub struct Loop {
    pub form: Form,
    pub range: Expr,
    /// One name, or those of key and value.
    pub vars: Vec<String>,
    pub filter: Option<Expr>,
    pub body: Expr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    All,
    Exists,
    ExistsOne,
    /// `map`, and `transformList`.
    Map,
    /// The body is the condition.
    Filter,
    TransformMap,
    /// The body is a map of one entry.
    TransformMapEntry,
}

impl Expr {
    pub fn new(at: usize, kind: Kind) -> Expr {
        Expr { at, kind }
    }

    pub fn call(at: usize, function: &str, args: Vec<Expr>) -> Expr {
        Expr::new(
            at,
            Kind::Call {
                function: function.to_owned(),
                target: None,
                args,
            },
        )
    }

    /// `a.b.c` as one text, if it is nothing but names.
    pub fn qualified(&self) -> Option<String> {
        match &self.kind {
            Kind::Name(name) => Some(name.clone()),
            Kind::Select {
                of,
                field,
                test: false,
                optional: false,
            } => Some(format!("{}.{field}", of.qualified()?)),
            _ => None,
        }
    }
}
