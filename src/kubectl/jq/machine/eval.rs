//! What a filter does when a value comes to it.

use std::cell::RefCell;
use std::rc::Rc;

use super::{
    Building, Control, Fork, Frame, Handler, Item, LONGEST_PATH, Machine, Next, Path, Place, Stop,
    made,
};
use crate::kubectl::jq::ast::{Ast, Call, Piece};
use crate::kubectl::jq::env::{Called, Env};
use crate::kubectl::jq::functions::{self, Native};
use crate::kubectl::jq::value::{Object, Value};
use crate::kubectl::jq::{World, formats, paths};

impl Machine<'_> {
    pub(super) fn eval(
        &mut self,
        ast: &Ast,
        env: Env,
        input: Item,
        next: Next,
        world: &mut dyn World,
    ) -> Result<Control, Stop> {
        let asked = input.asked();
        Ok(match ast {
            Ast::Identity => Control::Give(input, next),
            Ast::Recurse => {
                self.forks.push(Fork::Walk(vec![input], next));
                Control::Back
            }
            Ast::Literal(value) => Control::Give(made(value.clone(), asked), next),
            Ast::Index(term, key) => match &**key {
                Ast::Literal(key) => {
                    let next = self.push(Frame::IndexTerm(key.clone()), next);
                    Control::Eval(term.clone(), env, input, next)
                }
                _ => {
                    let plain = Item::plain(input.value.clone());
                    let frame = Frame::IndexKey(term.clone(), env.clone(), input);
                    let next = self.push(frame, next);
                    Control::Eval(key.clone(), env, plain, next)
                }
            },
            Ast::Iterate(term) => {
                let next = self.push(Frame::Each, next);
                Control::Eval(term.clone(), env, input, next)
            }
            Ast::Text(format, pieces) => {
                let left = pieces.len();
                self.text(
                    format,
                    pieces.clone(),
                    left,
                    String::new(),
                    env,
                    input,
                    next,
                )
            }
            Ast::Format(format) => match formats::format(format, &input.value) {
                Ok(text) => self.make(Value::text(&text), asked, next),
                Err(error) => Control::Raise(error, next),
            },
            Ast::Array(None) => Control::Give(made(Value::array(Vec::new()), asked), next),
            Ast::Array(Some(inner)) => {
                let cell = Rc::new(RefCell::new(Vec::new()));
                let fork = Fork::Collected(cell.clone(), asked, next.clone());
                self.forks.push(fork);
                let next = self.push(Frame::Collect(cell), next);
                Control::Eval(inner.clone(), env, Item::plain(input.value), next)
            }
            Ast::Object(entries) => {
                let building = Building {
                    entries: entries.clone(),
                    at: 0,
                    object: Object::default(),
                    env,
                    input,
                };
                self.object(building, next)
            }
            Ast::Pipe(left, right) => {
                let next = self.push(Frame::Pipe(right.clone(), env.clone()), next);
                Control::Eval(left.clone(), env, input, next)
            }
            Ast::Comma(left, right) => {
                let other = Fork::Eval(right.clone(), env.clone(), input.clone(), next.clone());
                self.forks.push(other);
                Control::Eval(left.clone(), env, input, next)
            }
            Ast::Negate(inner) => {
                let next = self.push(Frame::Negate(asked), next);
                Control::Eval(inner.clone(), env, Item::plain(input.value), next)
            }
            Ast::Binary(operator, left, right) => {
                let plain = Item::plain(input.value.clone());
                let frame = Frame::Right(operator, left.clone(), env.clone(), input);
                let next = self.push(frame, next);
                Control::Eval(right.clone(), env, plain, next)
            }
            Ast::Logic(or, left, right) => {
                let plain = Item::plain(input.value.clone());
                let frame = Frame::Logic(*or, right.clone(), env.clone(), input);
                let next = self.push(frame, next);
                Control::Eval(left.clone(), env, plain, next)
            }
            Ast::Alternative(left, right) => {
                let found = Rc::new(RefCell::new(false));
                let (other, here) = (env.clone(), input.clone());
                let fork = Fork::Otherwise(found.clone(), right.clone(), other, here, next.clone());
                self.forks.push(fork);
                let handler = Handler {
                    height: self.forks.len(),
                    catch: None,
                    next: next.clone(),
                };
                let next = self.guarded(Frame::Alternative(found), handler, next);
                Control::Eval(left.clone(), env, input, next)
            }
            Ast::If(condition, yes, no) => {
                let plain = Item::plain(input.value.clone());
                let frame = Frame::If(yes.clone(), no.clone(), env.clone(), input);
                let next = self.push(frame, next);
                Control::Eval(condition.clone(), env, plain, next)
            }
            Ast::Try(body, caught) => {
                let catch = caught
                    .as_ref()
                    .map(|caught| (caught.clone(), env.clone(), asked));
                let handler = Handler {
                    height: self.forks.len(),
                    catch,
                    next: next.clone(),
                };
                let next = self.guarded(Frame::Passed, handler, next);
                Control::Eval(body.clone(), env, input, next)
            }
            Ast::Reduce(fold) => {
                let frame = Frame::ReduceFirst(fold.clone(), env.clone(), input.clone());
                let next = self.push(frame, next);
                Control::Eval(fold.first.clone(), env, input, next)
            }
            Ast::Foreach(fold) => {
                let frame = Frame::EachFirst(fold.clone(), env.clone(), input.clone());
                let next = self.push(frame, next);
                Control::Eval(fold.first.clone(), env, input, next)
            }
            Ast::Variable(name, _) => match env.variable(name) {
                Some(value) => Control::Give(made(value, asked), next),
                None => match &**name {
                    "ENV" => Control::Give(made(world.environment(), asked), next),
                    name => Control::Raise(Value::text(&format!("${name} is not defined")), next),
                },
            },
            Ast::As(source, name, body) => {
                let plain = Item::plain(input.value.clone());
                let frame = Frame::As(name.clone(), body.clone(), env.clone(), input);
                let next = self.push(frame, next);
                Control::Eval(source.clone(), env, plain, next)
            }
            Ast::Define(function, rest) => {
                Control::Eval(rest.clone(), env.define(function), input, next)
            }
            Ast::Label(name, body) => {
                let env = env.with_label(name, self.forks.len());
                Control::Eval(body.clone(), env, input, next)
            }
            Ast::Break(name, _) => match env.label(name) {
                Some(height) => {
                    self.forks.truncate(height);
                    Control::Back
                }
                None => Control::Raise(Value::text("break"), next),
            },
            Ast::Call(call) => return self.call(call, env, input, next, world),
        })
    }

    pub(super) fn call(
        &mut self,
        call: &Rc<Call>,
        env: Env,
        input: Item,
        next: Next,
        world: &mut dyn World,
    ) -> Result<Control, Stop> {
        let count = call.arguments.len();
        match env.called(&call.name, count) {
            Some(Called::Filter(ast, env)) => return Ok(Control::Eval(ast, env, input, next)),
            Some(Called::Function(function, place)) => {
                let inner = place.enter(&function, &call.arguments, &env);
                return Ok(Control::Eval(function.body.clone(), inner, input, next));
            }
            None => {}
        }
        if let Some(function) = self.library.defined(&call.name, count) {
            let inner = Env::default().enter(&function, &call.arguments, &env);
            // It may call itself: the library is there everywhere.
            return Ok(Control::Eval(function.body.clone(), inner, input, next));
        }
        let asked = input.asked();
        let argument = call.arguments.first();
        Ok(match (&*call.name, argument) {
            ("empty", None) => Control::Back,
            ("error", None) => Control::Raise(input.value, next),
            ("not", None) => {
                let value = Value::Bool(!input.value.truthy());
                Control::Give(made(value, asked), next)
            }
            ("inputs", None) => {
                self.forks.push(Fork::Inputs(asked, next));
                Control::Back
            }
            ("path", Some(inner)) => {
                let next = self.push(Frame::PathEnd(asked), next);
                let place = Place::At(Path::default());
                let value = input.value;
                Control::Eval(inner.clone(), env, Item { value, place }, next)
            }
            ("_modify", Some(inner)) => {
                // The paths come first, all of them.
                let value = input.value.clone();
                let next = self.push(Frame::Modify(call.clone(), env.clone(), input), next);
                let all = Ast::Array(Some(Rc::new(Ast::call("path", vec![inner.clone()], 0))));
                Control::Eval(Rc::new(all), env, Item::plain(value), next)
            }
            _ => {
                let Some(native) = functions::native(&call.name, count) else {
                    let message = format!("{}/{count} is not defined", call.name);
                    return Ok(Control::Raise(Value::text(&message), next));
                };
                self.argument(native, call.clone(), env, input, Vec::new(), next, world)?
            }
        })
    }

    /// Works out the next argument, or calls the function that has them all.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn argument(
        &mut self,
        native: Native,
        call: Rc<Call>,
        env: Env,
        input: Item,
        values: Vec<Value>,
        next: Next,
        world: &mut dyn World,
    ) -> Result<Control, Stop> {
        if let Some(ast) = call.arguments.get(values.len()).cloned() {
            let plain = Item::plain(input.value.clone());
            let frame = Frame::Argument(native, call, env.clone(), input, values);
            let next = self.push(frame, next);
            return Ok(Control::Eval(ast, env, plain, next));
        }
        let asked = input.asked();
        let before = input.value.size();
        let result = match native {
            Native::Plain(function) => function(input.value, &values),
            Native::Outside(function) => match function(input.value, &values, world) {
                Err(Stop::Error(error)) => Err(error),
                Ok(value) => Ok(value),
                Err(stop) => return Err(stop),
            },
            Native::Getpath => {
                let path = values.into_iter().next().unwrap_or(Value::Null);
                return Ok(self.get_path(input, &path, next));
            }
            Native::Range => {
                let bounds: Vec<f64> = values.iter().filter_map(Value::as_f64).collect();
                let (from, to, by) = match (bounds.as_slice(), values.len()) {
                    ([to], 1) => (0.0, *to, 1.0),
                    ([from, to], 2) => (*from, *to, 1.0),
                    ([from, to, by], 3) => (*from, *to, *by),
                    _ => {
                        let message = Value::text("Range bounds must be numeric");
                        return Ok(Control::Raise(message, next));
                    }
                };
                self.forks.push(Fork::Range(from, to, by, asked, next));
                return Ok(Control::Back);
            }
        };
        Ok(match result {
            Ok(value) => {
                self.grow(before, &value);
                Control::Give(made(value, asked), next)
            }
            Err(error) => Control::Raise(error, next),
        })
    }

    /// Counts what became of a value: what is changed in its place costs what it grew by, and time.
    pub(super) fn grow(&mut self, before: usize, value: &Value) {
        let size = value.size();
        let grown = size.saturating_sub(before).max(24);
        self.room = self.room.saturating_sub(grown);
        self.steps = self.steps.saturating_sub(size as u64 >> 12);
    }

    pub(super) fn get_path(&mut self, input: Item, path: &Value, next: Next) -> Control {
        let Some(keys) = path.items() else {
            let message = Value::text("Path must be specified as an array");
            return Control::Raise(message, next);
        };
        let value = match paths::get(&input.value, keys) {
            Ok(value) => value,
            Err(error) => return Control::Raise(error, next),
        };
        let place = match input.place {
            Place::At(mut path) => {
                for key in keys {
                    path = path.with(key.clone());
                }
                if path.length() > LONGEST_PATH {
                    return Control::Raise(Value::text("Path too long"), next);
                }
                Place::At(path)
            }
            other => other,
        };
        Control::Give(Item { value, place }, next)
    }

    /// Works backwards through the pieces of a text: what stands last changes slowest.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn text(
        &mut self,
        format: &'static str,
        pieces: Rc<[Piece]>,
        mut left: usize,
        mut after: String,
        env: Env,
        input: Item,
        next: Next,
    ) -> Control {
        while left > 0 {
            left -= 1;
            match pieces.get(left) {
                Some(Piece::Text(text)) => after.insert_str(0, text),
                Some(Piece::Filter(ast)) => {
                    let ast = ast.clone();
                    let plain = Item::plain(input.value.clone());
                    let frame = Frame::Text {
                        format,
                        pieces,
                        left,
                        after,
                        env: env.clone(),
                        input,
                    };
                    let next = self.push(frame, next);
                    return Control::Eval(ast, env, plain, next);
                }
                None => {}
            }
        }
        self.make(Value::text(&after), input.asked(), next)
    }

    pub(super) fn object(&mut self, building: Building, next: Next) -> Control {
        let Some((key, _)) = building.entries.get(building.at) else {
            let asked = building.input.asked();
            return self.make(Value::object(building.object), asked, next);
        };
        let (key, env) = (key.clone(), building.env.clone());
        let plain = Item::plain(building.input.value.clone());
        if let Ast::Literal(key) = &*key {
            return self.entry(building, key.clone(), next);
        }
        let next = self.push(Frame::Key(building), next);
        Control::Eval(key, env, plain, next)
    }

    /// The key is there, the value is next.
    pub(super) fn entry(&mut self, building: Building, key: Value, next: Next) -> Control {
        if !matches!(key, Value::Text(_)) {
            let message = format!("Cannot use {} as object key", key.described());
            return Control::Raise(Value::text(&message), next);
        }
        let Some((_, value)) = building.entries.get(building.at) else {
            return Control::Back;
        };
        let (value, env) = (value.clone(), building.env.clone());
        let plain = Item::plain(building.input.value.clone());
        let next = self.push(Frame::Entry(building, key), next);
        Control::Eval(value, env, plain, next)
    }
}
