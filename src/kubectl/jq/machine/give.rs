//! What happens to a value that a filter gave.

use std::cell::RefCell;
use std::rc::Rc;

use super::{
    Cell, Changing, Control, Fork, Frame, Item, LONGEST_PATH, Machine, Next, Place, Stop, Then,
    cut, made, take,
};
use crate::kubectl::jq::ast::Ast;
use crate::kubectl::jq::value::Value;
use crate::kubectl::jq::{World, arithmetic, formats, json, paths};

impl Machine<'_> {
    /// The values inside of one.
    pub(super) fn each(&mut self, item: Item, next: Next) -> Control {
        if let Place::Lost = item.place {
            let shown = cut(&json::compact(&item.value), 30);
            let message =
                format!("Invalid path expression near attempt to iterate through {shown}");
            return Control::Raise(Value::text(&message), next);
        }
        match &item.value {
            Value::Array(_) | Value::Object(_) => {
                self.forks.push(Fork::Items(item, 0, next));
                Control::Back
            }
            other => {
                let message = format!("Cannot iterate over {}", other.described());
                Control::Raise(Value::text(&message), next)
            }
        }
    }

    pub(super) fn index(&mut self, item: Item, key: Value, next: Next) -> Control {
        let place = match item.place {
            Place::Unasked => Place::Unasked,
            Place::At(path) if path.length() < LONGEST_PATH => Place::At(path.with(key.clone())),
            Place::At(_) => return Control::Raise(Value::text("Path too long"), next),
            Place::Lost => {
                let key = cut(&json::compact(&key), 15);
                let shown = cut(&json::compact(&item.value), 30);
                let message = format!(
                    "Invalid path expression near attempt to access element {key} of {shown}"
                );
                return Control::Raise(Value::text(&message), next);
            }
        };
        match paths::index(&item.value, &key) {
            Ok(value) => Control::Give(Item { value, place }, next),
            Err(error) => Control::Raise(error, next),
        }
    }

    pub(super) fn give(
        &mut self,
        item: Item,
        link: Rc<Then>,
        world: &mut dyn World,
    ) -> Result<Control, Stop> {
        let (frame, next) = match Rc::try_unwrap(link) {
            Ok(mut link) => (
                std::mem::replace(&mut link.frame, Frame::Gone),
                link.next.take(),
            ),
            Err(link) => (link.frame.clone(), link.next.clone()),
        };
        Ok(match frame {
            Frame::Gone => Control::Back,
            Frame::Pipe(ast, env) => Control::Eval(ast, env, item, next),
            Frame::IndexKey(term, env, input) => {
                let next = self.push(Frame::IndexTerm(item.value), next);
                Control::Eval(term, env, input, next)
            }
            Frame::IndexTerm(key) => self.index(item, key, next),
            Frame::Each => self.each(item, next),
            Frame::Text {
                format,
                pieces,
                left,
                after,
                env,
                input,
            } => match formats::format(format, &item.value) {
                Ok(text) => self.text(format, pieces, left, text + &after, env, input, next),
                Err(error) => Control::Raise(error, next),
            },
            Frame::Key(building) => self.entry(building, item.value, next),
            Frame::Entry(mut building, key) => {
                if let Value::Text(key) = key {
                    building.object.set(key, item.value);
                }
                building.at += 1;
                self.object(building, next)
            }
            Frame::Collect(cell) => {
                self.room = self.room.saturating_sub(24);
                cell.borrow_mut().push(item.value);
                Control::Back
            }
            Frame::Negate(asked) => match &item.value {
                Value::Number(number) => {
                    Control::Give(made(Value::number(-number.value), asked), next)
                }
                other => {
                    let message = format!("{} cannot be negated", other.described());
                    Control::Raise(Value::text(&message), next)
                }
            },
            Frame::Right(operator, left, env, input) => {
                let frame = Frame::Left(operator, item.value, input.asked());
                let next = self.push(frame, next);
                Control::Eval(left, env, Item::plain(input.value), next)
            }
            Frame::Left(operator, right, asked) => {
                let before = item.value.size();
                match arithmetic::apply(operator, item.value, &right) {
                    Ok(value) => {
                        // A list grows in its place.
                        let grown = value.size().saturating_sub(before).max(24);
                        self.room = self.room.saturating_sub(grown);
                        let copied = value.as_str().map_or(0, str::len);
                        self.steps = self.steps.saturating_sub(copied as u64 >> 12);
                        Control::Give(made(value, asked), next)
                    }
                    Err(error) => Control::Raise(error, next),
                }
            }
            Frame::Logic(or, right, env, input) => match item.value.truthy() == or {
                true => Control::Give(made(Value::Bool(or), input.asked()), next),
                false => {
                    let next = self.push(Frame::Truth(input.asked()), next);
                    Control::Eval(right, env, Item::plain(input.value), next)
                }
            },
            Frame::Truth(asked) => {
                let value = Value::Bool(item.value.truthy());
                Control::Give(made(value, asked), next)
            }
            Frame::Alternative(found) => match item.value.truthy() {
                true => {
                    *found.borrow_mut() = true;
                    Control::Give(item, next)
                }
                false => Control::Back,
            },
            Frame::Passed => Control::Give(item, next),
            Frame::If(yes, no, env, input) => match (item.value.truthy(), no) {
                (true, _) => Control::Eval(yes, env, input, next),
                (false, Some(no)) => Control::Eval(no, env, input, next),
                (false, None) => Control::Give(input, next),
            },
            Frame::ReduceFirst(fold, env, input) => {
                let cell = Rc::new(RefCell::new(item));
                self.forks.push(Fork::Reduced(cell.clone(), next.clone()));
                let source = fold.source.clone();
                let next = self.push(Frame::ReduceNext(fold, env.clone(), cell), next);
                Control::Eval(source, env, Item::plain(input.value), next)
            }
            Frame::ReduceNext(fold, env, cell) => {
                let state = take(&cell);
                let env = env.with_variable(&fold.name, item.value);
                let next = self.push(Frame::ReduceKeep(cell), next);
                Control::Eval(fold.update.clone(), env, state, next)
            }
            Frame::ReduceKeep(cell) => {
                *cell.borrow_mut() = item;
                Control::Back
            }
            Frame::EachFirst(fold, env, input) => {
                let cell = Rc::new(RefCell::new(item));
                let source = fold.source.clone();
                let next = self.push(Frame::EachNext(fold, env.clone(), cell), next);
                Control::Eval(source, env, Item::plain(input.value), next)
            }
            Frame::EachNext(fold, env, cell) => {
                let state = take(&cell);
                let env = env.with_variable(&fold.name, item.value);
                let update = fold.update.clone();
                let next = self.push(Frame::EachKeep(fold, env.clone(), cell), next);
                Control::Eval(update, env, state, next)
            }
            Frame::EachKeep(fold, env, cell) => {
                *cell.borrow_mut() = item.clone();
                match &fold.extract {
                    Some(extract) => Control::Eval(extract.clone(), env, item, next),
                    None => Control::Give(item, next),
                }
            }
            Frame::As(name, body, env, input) => {
                let env = env.with_variable(&name, item.value);
                Control::Eval(body, env, input, next)
            }
            Frame::Argument(native, call, env, input, mut values) => {
                values.push(item.value);
                self.argument(native, call, env, input, values, next, world)?
            }
            Frame::PathEnd(asked) => match item.place {
                Place::At(path) => {
                    let keys = Value::array(path.keys());
                    self.make(keys, asked, next)
                }
                _ => {
                    let shown = cut(&json::compact(&item.value), 30);
                    let message = format!("Invalid path expression with result {shown}");
                    Control::Raise(Value::text(&message), next)
                }
            },
            Frame::Modify(call, env, input) => {
                let paths = item.value.items().unwrap_or_default().to_vec();
                let asked = input.asked();
                let changing = Changing {
                    paths,
                    at: 0,
                    value: input.value,
                    gone: Vec::new(),
                    call,
                    env,
                    asked,
                    next,
                };
                self.change(Rc::new(RefCell::new(changing)))
            }
            Frame::Modified(height, cell) => {
                // The first value counts.
                self.forks.truncate(height);
                let changed = {
                    let mut changing = cell.borrow_mut();
                    let path = changing.paths.get(changing.at).cloned();
                    let value = std::mem::replace(&mut changing.value, Value::Null);
                    let keys = path.as_ref().and_then(Value::items).unwrap_or_default();
                    changing.at += 1;
                    paths::set(value, keys, item.value).map(|value| changing.value = value)
                };
                self.room = self.room.saturating_sub(64);
                match changed {
                    Ok(()) => self.change(cell),
                    Err(error) => Control::Raise(error, next),
                }
            }
        })
    }

    /// Updates the next place, or is done.
    pub(super) fn change(&mut self, cell: Cell<Changing>) -> Control {
        let (old, update, env, next) = {
            let mut changing = cell.borrow_mut();
            let next = changing.next.clone();
            let Some(path) = changing.paths.get(changing.at) else {
                let value = std::mem::replace(&mut changing.value, Value::Null);
                let gone = std::mem::take(&mut changing.gone);
                return match paths::delete(value, gone) {
                    Ok(value) => Control::Give(made(value, changing.asked), next),
                    Err(error) => Control::Raise(error, next),
                };
            };
            let old = paths::get(&changing.value, path.items().unwrap_or_default());
            let update = changing.call.arguments.get(1).cloned();
            (old, update, changing.env.clone(), next)
        };
        let old = match old {
            Ok(old) => old,
            Err(error) => return Control::Raise(error, next),
        };
        let height = self.forks.len();
        self.forks.push(Fork::Unchanged(cell.clone()));
        let next = self.push(Frame::Modified(height, cell), next);
        let update = update.unwrap_or_else(|| Rc::new(Ast::Identity));
        Control::Eval(update, env, Item::plain(old), next)
    }
}
