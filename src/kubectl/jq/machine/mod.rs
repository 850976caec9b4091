//! The machine that runs a filter.
//!
//! A filter gives none, one or many values. What happens to a value that comes is a *continuation*, a
//! chain of frames; where more values may come from is a *fork*. The machine goes forward until a value is
//! through, and then back to the newest fork. Neither nests calls of Rust, so that a filter may recurse as
//! deep as its budget of steps allows.

mod back;
mod eval;
mod give;

use std::cell::RefCell;
use std::rc::Rc;

use super::World;
use super::ast::{Ast, Call, Fold, Piece};
use super::env::Env;
use super::functions::{self, Native};
use super::value::{DEEPEST, Object, Value};

/// A run takes no more steps.
const MOST_STEPS: u64 = 4_000_000;
/// A run makes no more, in bytes or so.
const MOST_ROOM: usize = 192 << 20;
/// Frames, forks and names in one chain.
const MOST_NESTED: u32 = 100_000;
/// The longest path.
const LONGEST_PATH: u32 = 1_000;

/// Where a value was found, while somebody asks for that.
#[derive(Clone, Default)]
enum Place {
    /// Nobody asks.
    #[default]
    Unasked,
    At(Path),
    /// It was not found, but made.
    Lost,
}

#[derive(Clone, Default)]
struct Path(Option<Rc<Link>>);

struct Link {
    key: Value,
    before: Path,
    length: u32,
}

impl Path {
    fn length(&self) -> u32 {
        self.0.as_ref().map_or(0, |link| link.length)
    }

    fn with(&self, key: Value) -> Path {
        Path(Some(Rc::new(Link {
            key,
            before: self.clone(),
            length: self.length() + 1,
        })))
    }

    fn keys(&self) -> Vec<Value> {
        let mut keys = Vec::new();
        let mut at = self;
        while let Some(link) = &at.0 {
            keys.push(link.key.clone());
            at = &link.before;
        }
        keys.reverse();
        keys
    }
}

#[derive(Clone)]
struct Item {
    value: Value,
    place: Place,
}

impl Item {
    fn plain(value: Value) -> Item {
        let place = Place::Unasked;
        Item { value, place }
    }

    fn asked(&self) -> bool {
        !matches!(self.place, Place::Unasked)
    }
}

fn made(value: Value, asked: bool) -> Item {
    let place = match asked {
        true => Place::Lost,
        false => Place::Unasked,
    };
    Item { value, place }
}

type Next = Option<Rc<Then>>;

/// What happens to a value, and to what comes of it.
struct Then {
    frame: Frame,
    next: Next,
    /// Who takes an error.
    handler: Option<Rc<Handler>>,
    depth: u32,
}

impl Drop for Then {
    fn drop(&mut self) {
        // What holds the next link goes while that is held here: link by link, not one inside of the other.
        let mut next = self.loosen();
        while let Some(link) = next {
            match Rc::try_unwrap(link) {
                Ok(mut link) => next = link.loosen(),
                Err(_) => break,
            }
        }
    }
}

impl Then {
    fn loosen(&mut self) -> Next {
        let next = self.next.take();
        self.frame = Frame::Gone;
        self.handler = None;
        next
    }
}

struct Handler {
    /// The forks that stay.
    height: usize,
    catch: Option<(Rc<Ast>, Env, bool)>,
    next: Next,
}

type Cell<T> = Rc<RefCell<T>>;

#[derive(Clone)]
enum Frame {
    Gone,
    Pipe(Rc<Ast>, Env),
    IndexKey(Rc<Ast>, Env, Item),
    IndexTerm(Value),
    Each,
    Text {
        format: &'static str,
        pieces: Rc<[Piece]>,
        left: usize,
        after: String,
        env: Env,
        input: Item,
    },
    Key(Building),
    Entry(Building, Value),
    Collect(Cell<Vec<Value>>),
    Negate(bool),
    Right(&'static str, Rc<Ast>, Env, Item),
    Left(&'static str, Value, bool),
    Logic(bool, Rc<Ast>, Env, Item),
    Truth(bool),
    Alternative(Cell<bool>),
    Passed,
    If(Rc<Ast>, Option<Rc<Ast>>, Env, Item),
    ReduceFirst(Rc<Fold>, Env, Item),
    ReduceNext(Rc<Fold>, Env, Cell<Item>),
    ReduceKeep(Cell<Item>),
    EachFirst(Rc<Fold>, Env, Item),
    EachNext(Rc<Fold>, Env, Cell<Item>),
    EachKeep(Rc<Fold>, Env, Cell<Item>),
    As(Rc<str>, Rc<Ast>, Env, Item),
    Argument(Native, Rc<Call>, Env, Item, Vec<Value>),
    PathEnd(bool),
    Modify(Rc<Call>, Env, Item),
    Modified(usize, Cell<Changing>),
}

#[derive(Clone)]
struct Building {
    entries: Rc<[(Rc<Ast>, Rc<Ast>)]>,
    at: usize,
    object: Object,
    env: Env,
    input: Item,
}

/// An update under way.
struct Changing {
    paths: Vec<Value>,
    at: usize,
    value: Value,
    gone: Vec<Value>,
    call: Rc<Call>,
    env: Env,
    asked: bool,
    next: Next,
}

/// Where more values come from.
enum Fork {
    Eval(Rc<Ast>, Env, Item, Next),
    Items(Item, usize, Next),
    Walk(Vec<Item>, Next),
    Range(f64, f64, f64, bool, Next),
    Inputs(bool, Next),
    Collected(Cell<Vec<Value>>, bool, Next),
    Reduced(Cell<Item>, Next),
    Otherwise(Cell<bool>, Rc<Ast>, Env, Item, Next),
    Unchanged(Cell<Changing>),
}

enum Control {
    Eval(Rc<Ast>, Env, Item, Next),
    Give(Item, Next),
    Back,
    Raise(Value, Next),
}

/// Why a filter stops before its end.
pub enum Stop {
    Error(Value),
    /// The exit code, and what is said.
    Halt(i32, Option<Value>),
    /// It takes too much, in words.
    Spent(&'static str),
}

pub struct Machine<'p> {
    forks: Vec<Fork>,
    steps: u64,
    room: usize,
    library: &'p functions::Library,
    begin: Option<Control>,
}

impl<'p> Machine<'p> {
    pub fn new(
        ast: &Rc<Ast>,
        env: &Env,
        input: Value,
        library: &'p functions::Library,
    ) -> Machine<'p> {
        Machine {
            forks: Vec::new(),
            steps: MOST_STEPS,
            room: MOST_ROOM,
            library,
            begin: Some(Control::Eval(
                ast.clone(),
                env.clone(),
                Item::plain(input),
                None,
            )),
        }
    }

    /// The next value that the filter gives.
    pub fn next(&mut self, world: &mut dyn World) -> Option<Result<Value, Stop>> {
        let mut control = self.begin.take().unwrap_or(Control::Back);
        loop {
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 || self.room == 0 {
                return Some(Err(Stop::Spent(
                    "the filter takes too many steps, or too much room",
                )));
            }
            if self.forks.len() > MOST_NESTED as usize {
                return Some(Err(Stop::Spent("the filter nests too deeply")));
            }
            control = match control {
                Control::Eval(ast, env, input, next) => {
                    let deep = next.as_ref().is_some_and(|n| n.depth > MOST_NESTED);
                    if deep || env.depth() > MOST_NESTED {
                        return Some(Err(Stop::Spent("the filter nests too deeply")));
                    }
                    match self.eval(&ast, env, input, next, world) {
                        Ok(control) => control,
                        Err(stop) => return Some(Err(stop)),
                    }
                }
                Control::Give(item, None) => return Some(Ok(item.value)),
                Control::Give(item, Some(next)) => {
                    if item.value.depth() > DEEPEST {
                        return Some(Err(Stop::Spent("the value nests too deeply")));
                    }
                    match self.give(item, next, world) {
                        Ok(control) => control,
                        Err(stop) => return Some(Err(stop)),
                    }
                }
                Control::Back => self.back(world)?,
                Control::Raise(error, next) => {
                    let handler = next.as_ref().and_then(|n| n.handler.clone());
                    match handler {
                        None => {
                            self.forks.clear();
                            return Some(Err(Stop::Error(error)));
                        }
                        Some(handler) => {
                            self.forks.truncate(handler.height);
                            match &handler.catch {
                                None => Control::Back,
                                Some((ast, env, asked)) => {
                                    let item = made(error, *asked);
                                    let next = handler.next.clone();
                                    Control::Eval(ast.clone(), env.clone(), item, next)
                                }
                            }
                        }
                    }
                }
            };
        }
    }

    fn push(&self, frame: Frame, next: Next) -> Next {
        let handler = next.as_ref().and_then(|n| n.handler.clone());
        let depth = next.as_ref().map_or(0, |n| n.depth + 1);
        Some(Rc::new(Then {
            frame,
            next,
            handler,
            depth,
        }))
    }

    /// Puts a value that was made on its way, and counts it.
    fn make(&mut self, value: Value, asked: bool, next: Next) -> Control {
        self.room = self.room.saturating_sub(value.size());
        Control::Give(made(value, asked), next)
    }

    fn guarded(&self, frame: Frame, handler: Handler, next: Next) -> Next {
        let depth = next.as_ref().map_or(0, |n| n.depth + 1);
        Some(Rc::new(Then {
            frame,
            next,
            handler: Some(Rc::new(handler)),
            depth,
        }))
    }
}

fn take(cell: &Cell<Item>) -> Item {
    std::mem::replace(&mut *cell.borrow_mut(), Item::plain(Value::Null))
}

/// What a message shows of a value: upstream has a buffer of so many bytes for it.
pub fn cut(text: &str, size: usize) -> String {
    if text.len() < size {
        return text.to_owned();
    }
    let mut end = size.saturating_sub(4);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", text.get(..end).unwrap_or_default())
}
