//! The functions that are there without being defined: those that filters define (`library.rs`), and
//! those of values alone.

mod collections;
mod library;
mod math;
mod regex;
mod strings;
mod time;

use super::World;
use super::arithmetic::Failed;
use super::machine::Stop;
use super::value::Value;

pub use library::Library;

pub type Plain = fn(Value, &[Value]) -> Failed<Value>;
pub type Outside = fn(Value, &[Value], &mut dyn World) -> Result<Value, Stop>;

/// A function of the input and the values of its arguments.
#[derive(Clone, Copy)]
pub enum Native {
    Plain(Plain),
    /// It asks, or tells, what is around the filter.
    Outside(Outside),
    /// `getpath`: what it gives has a place.
    Getpath,
    Range,
}

/// Those that the machine itself knows.
const OWN: [(&str, usize); 6] = [
    ("empty", 0),
    ("error", 0),
    ("not", 0),
    ("inputs", 0),
    ("path", 1),
    ("_modify", 2),
];

/// A list of functions: name, number of arguments, what it does.
type List = &'static [(&'static str, usize, Plain)];

const LISTS: [List; 5] = [
    collections::LIST,
    math::LIST,
    regex::LIST,
    strings::LIST,
    time::LIST,
];

const OUTSIDE: &[(&str, usize, Outside)] = &[
    ("now", 0, |_, _, world| Ok(Value::number(world.now()))),
    ("env", 0, |_, _, world| Ok(world.environment())),
    ("input", 0, |_, _, world| match world.input() {
        None => Err(Stop::Error(Value::text("No more inputs"))),
        Some(Err(message)) => Err(Stop::Error(Value::text(&message))),
        Some(Ok(value)) => Ok(value),
    }),
    ("input_filename", 0, |_, _, world| {
        Ok(world.file().map_or(Value::Null, |name| Value::text(&name)))
    }),
    ("input_line_number", 0, |_, _, world| {
        Ok(Value::count(world.line()))
    }),
    ("debug", 0, |input, _, world| {
        let said = Value::array(vec![Value::text("DEBUG:"), input.clone()]);
        world.say(&(super::json::compact(&said) + "\n"));
        Ok(input)
    }),
    ("stderr", 0, |input, _, world| {
        world.say(&super::json::compact(&input));
        Ok(input)
    }),
    ("halt", 0, |_, _, _| Err(Stop::Halt(0, None))),
    ("halt_error", 0, |input, _, _| {
        Err(Stop::Halt(5, Some(input)))
    }),
    ("halt_error", 1, |input, arguments, _| match arguments {
        [Value::Number(code)] => Err(Stop::Halt(code.value as i32, Some(input))),
        _ => Err(Stop::Error(Value::text("halt_error/1: number required"))),
    }),
    ("builtins", 0, |_, _, _| Ok(builtins())),
];

pub fn native(name: &str, count: usize) -> Option<Native> {
    match (name, count) {
        ("getpath", 1) => return Some(Native::Getpath),
        ("range", 1..=3) => return Some(Native::Range),
        _ => {}
    }
    let plain = LISTS.iter().copied().flatten();
    let mut plain = plain.filter(|(n, c, _)| *n == name && *c == count);
    if let Some((_, _, function)) = plain.next() {
        return Some(Native::Plain(*function));
    }
    let mut outside = OUTSIDE.iter().filter(|(n, c, _)| *n == name && *c == count);
    outside.next().map(|(_, _, f)| Native::Outside(*f))
}

/// Whether there is such a function.
pub fn known(name: &str, count: usize) -> bool {
    OWN.contains(&(name, count)) || native(name, count).is_some()
}

fn builtins() -> Value {
    let plain = LISTS.iter().copied().flatten().map(|(n, c, _)| (*n, *c));
    let outside = OUTSIDE.iter().map(|(n, c, _)| (*n, *c));
    let own = OWN.iter().copied();
    let defined = Library::new();
    let shown = |(name, count): (&str, usize)| Value::text(&format!("{name}/{count}"));
    let all = plain.chain(outside).chain(own).chain(defined.names());
    let seen = all.filter(|(name, _)| !name.starts_with('_'));
    Value::array(seen.map(shown).collect())
}

fn fail<T>(message: &str) -> Failed<T> {
    Err(Value::text(message))
}

/// What the argument at a place is.
fn argument(arguments: &[Value], at: usize) -> &Value {
    arguments.get(at).unwrap_or(&Value::Null)
}

fn array<'v>(value: &'v Value, what: &str) -> Failed<&'v [Value]> {
    match value.items() {
        Some(items) => Ok(items),
        None => fail(&format!(
            "{} cannot be {what}, as it is not an array",
            value.described()
        )),
    }
}

/// What is inside of a list, or of an object.
fn inside(value: &Value) -> Failed<Vec<Value>> {
    match value {
        Value::Array(array) => Ok(array.items.clone()),
        Value::Object(object) => Ok(object.iter().map(|(_, v)| v.clone()).collect()),
        other => fail(&format!("Cannot iterate over {}", other.described())),
    }
}
