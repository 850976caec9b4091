//! The types of CEL, how they fit one another, and the signatures of functions.
//!
//! Models `checker/types.go` and `checker/mapping.go` of cel-go.

use std::rc::Rc;

use super::declare::Decl;

#[derive(Clone)]
pub enum Type {
    /// Of what is wrong already: fits everything, so that one mistake is told once.
    Error,
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Duration,
    Timestamp,
    List(Rc<Type>),
    Map(Rc<Type>, Rc<Type>),
    Optional(Rc<Type>),
    /// The type of a type.
    Meta(Rc<Type>),
    /// A type of a library, by its name.
    Named(&'static str),
    /// An object of a schema.
    Object(Rc<Decl>),
    /// A parameter of a signature, or what is not known yet.
    Var(usize),
}

impl Type {
    pub fn list(of: Type) -> Type {
        Type::List(Rc::new(of))
    }

    pub fn map(key: Type, value: Type) -> Type {
        Type::Map(Rc::new(key), Rc::new(value))
    }

    pub fn optional(of: Type) -> Type {
        Type::Optional(Rc::new(of))
    }

    pub fn is_open(&self) -> bool {
        matches!(self, Type::Dyn | Type::Error)
    }

    /// As messages name it (`FormatCELType`).
    pub fn name(&self) -> String {
        match self {
            Type::Error => "!error!".to_owned(),
            Type::Dyn => "dyn".to_owned(),
            Type::Null => "null".to_owned(),
            Type::Bool => "bool".to_owned(),
            Type::Int => "int".to_owned(),
            Type::Uint => "uint".to_owned(),
            Type::Double => "double".to_owned(),
            Type::Text => "string".to_owned(),
            Type::Bytes => "bytes".to_owned(),
            Type::Duration => "google.protobuf.Duration".to_owned(),
            Type::Timestamp => "google.protobuf.Timestamp".to_owned(),
            Type::List(of) => format!("list({})", of.name()),
            Type::Map(key, value) => format!("map({}, {})", key.name(), value.name()),
            Type::Optional(of) => format!("optional_type({})", of.name()),
            Type::Meta(of) => format!("type({})", of.name()),
            Type::Named(name) => (*name).to_owned(),
            Type::Object(decl) => decl.name.clone(),
            Type::Var(_) => "dyn".to_owned(),
        }
    }
}

/// Reads the types of the table of functions: `list(A)`, `map(string,B)`.
pub fn parse(text: &str) -> Type {
    let (head, inside) = match text.split_once('(') {
        Some((head, rest)) => (head, rest.strip_suffix(')').unwrap_or(rest)),
        None => (text, ""),
    };
    match head {
        "null" => Type::Null,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::Text,
        "bytes" => Type::Bytes,
        "duration" => Type::Duration,
        "timestamp" => Type::Timestamp,
        "A" => Type::Var(0),
        "B" => Type::Var(1),
        "list" => Type::list(parse(inside)),
        "optional" => Type::optional(parse(inside)),
        "type" => Type::Meta(Rc::new(parse(inside))),
        "map" => match inside.split_once(',') {
            Some((key, value)) => Type::map(parse(key), parse(value)),
            None => Type::Error,
        },
        "url" => Type::Named("kubernetes.URL"),
        "quantity" => Type::Named("kubernetes.Quantity"),
        "semver" => Type::Named("kubernetes.Semver"),
        "format" => Type::Named("kubernetes.NamedFormat"),
        "ip" => Type::Named("net.IP"),
        "cidr" => Type::Named("net.CIDR"),
        _ => Type::Dyn,
    }
}

/// The type that a name stands for: `type(self) == int`.
pub fn named(name: &str) -> Option<Type> {
    Some(match name {
        "null_type" => Type::Null,
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        "type" => Type::Meta(Rc::new(Type::Dyn)),
        "optional_type" => Type::optional(Type::Dyn),
        "google.protobuf.Duration" => Type::Duration,
        "google.protobuf.Timestamp" => Type::Timestamp,
        "kubernetes.URL" => parse("url"),
        "kubernetes.Quantity" => parse("quantity"),
        "kubernetes.Semver" => parse("semver"),
        "kubernetes.NamedFormat" => parse("format"),
        "net.IP" => parse("ip"),
        "net.CIDR" => parse("cidr"),
        "bool" | "int" | "uint" | "double" | "string" | "bytes" => parse(name),
        _ => return None,
    })
}

/// What is known of the unknown types.
#[derive(Default)]
pub struct Known {
    vars: Vec<Option<Type>>,
    /// What was known before each thing that was learnt.
    log: Vec<(usize, Option<Type>)>,
}

impl Known {
    /// A new unknown type.
    pub fn fresh(&mut self) -> Type {
        self.vars.push(None);
        Type::Var(self.vars.len() - 1)
    }

    fn of(&self, var: usize) -> Option<&Type> {
        self.vars.get(var).and_then(Option::as_ref)
    }

    fn set(&mut self, var: usize, type_: Type) {
        if let Some(place) = self.vars.get_mut(var) {
            let before = place.replace(type_);
            self.log.push((var, before));
        }
    }

    /// The type with all that is known put in; what is not known becomes `dyn` when `last`.
    pub fn resolve(&self, type_: &Type, last: bool) -> Type {
        let below = |t: &Type| Rc::new(self.resolve(t, last));
        match type_ {
            Type::Var(var) => match self.of(*var) {
                Some(known) => self.resolve(known, last),
                None if last => Type::Dyn,
                None => type_.clone(),
            },
            Type::List(of) => Type::List(below(of)),
            Type::Map(key, value) => Type::Map(below(key), below(value)),
            Type::Optional(of) => Type::Optional(below(of)),
            Type::Meta(of) => Type::Meta(below(of)),
            other => other.clone(),
        }
    }

    /// A signature's type with its parameters replaced by unknown types of its own.
    pub fn instance(&self, type_: &Type, vars: &[Type]) -> Type {
        let below = |t: &Type| Rc::new(self.instance(t, vars));
        match type_ {
            Type::Var(var) => vars.get(*var).cloned().unwrap_or(Type::Dyn),
            Type::List(of) => Type::List(below(of)),
            Type::Map(key, value) => Type::Map(below(key), below(value)),
            Type::Optional(of) => Type::Optional(below(of)),
            Type::Meta(of) => Type::Meta(below(of)),
            other => other.clone(),
        }
    }

    fn occurs(&self, var: usize, type_: &Type) -> bool {
        match type_ {
            Type::Var(other) if *other == var => true,
            Type::Var(other) => self.of(*other).is_some_and(|t| self.occurs(var, t)),
            Type::List(of) | Type::Optional(of) | Type::Meta(of) => self.occurs(var, of),
            Type::Map(key, value) => self.occurs(var, key) || self.occurs(var, value),
            _ => false,
        }
    }

    /// Whether the variable can stand for the type: (whether it can, whether it was known).
    fn stands_for(&mut self, type_: &Type, var: usize) -> (bool, bool) {
        if matches!(type_, Type::Var(other) if *other == var) {
            return (true, true);
        }
        if let Some(known) = self.of(var).cloned() {
            if !self.fits(type_, &known) {
                return (false, true);
            }
            // The more general of the two remains.
            let general = match (type_, &known) {
                (t, _) if t.is_open() => type_.clone(),
                _ => known,
            };
            if !self.occurs(var, &general) {
                self.set(var, general);
            }
            return (true, true);
        }
        if self.occurs(var, type_) {
            return (false, false);
        }
        self.set(var, type_.clone());
        (true, false)
    }

    /// Whether a value of the type `given` can stand where `wanted` is asked for.
    pub fn fits(&mut self, wanted: &Type, given: &Type) -> bool {
        if let Type::Var(var) = given {
            let (fits, known) = self.stands_for(wanted, *var);
            if fits || known {
                return fits;
            }
        }
        if let Type::Var(var) = wanted {
            return self.stands_for(given, *var).0;
        }
        if wanted.is_open() || given.is_open() {
            return true;
        }
        match (wanted, given) {
            (Type::Null, other) | (other, Type::Null) => nullable(other),
            (Type::Bool, Type::Bool)
            | (Type::Int, Type::Int)
            | (Type::Uint, Type::Uint)
            | (Type::Double, Type::Double)
            | (Type::Text, Type::Text)
            | (Type::Bytes, Type::Bytes)
            | (Type::Duration, Type::Duration)
            | (Type::Timestamp, Type::Timestamp)
            | (Type::Meta(_), Type::Meta(_)) => true,
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => {
                self.fits(a, b)
            }
            (Type::Map(a, x), Type::Map(b, y)) => self.fits(a, b) && self.fits(x, y),
            (Type::Named(a), Type::Named(b)) => a == b,
            (Type::Object(a), Type::Object(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Tries to match the parameters of a signature; what was learnt is forgotten when they do not fit.
    pub fn attempt(&mut self, params: &[Type], given: &[Type]) -> Option<[Type; 2]> {
        let (vars, log) = (self.vars.len(), self.log.len());
        let own = [self.fresh(), self.fresh()];
        let fit = params.len() == given.len()
            && params.iter().zip(given).all(|(param, given)| {
                let param = self.instance(param, &own);
                self.fits(&param, given)
            });
        if fit {
            return Some(own);
        }
        while self.log.len() > log
            && let Some((var, before)) = self.log.pop()
        {
            if let Some(place) = self.vars.get_mut(var) {
                *place = before;
            }
        }
        self.vars.truncate(vars);
        None
    }
}

fn nullable(type_: &Type) -> bool {
    matches!(
        type_,
        Type::Null | Type::Duration | Type::Timestamp | Type::Object(_) | Type::Named(_)
    )
}
