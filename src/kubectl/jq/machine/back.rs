//! Where more values come from, when one is through.

use super::{Control, Fork, Item, LONGEST_PATH, Machine, Place, made, take};
use crate::kubectl::jq::World;
use crate::kubectl::jq::value::Value;

impl Machine<'_> {
    /// Goes on at the newest fork.
    pub(super) fn back(&mut self, world: &mut dyn World) -> Option<Control> {
        Some(match self.forks.pop()? {
            Fork::Eval(ast, env, input, next) => Control::Eval(ast, env, input, next),
            Fork::Items(item, at, next) => {
                let found = match &item.value {
                    Value::Array(array) => array
                        .items
                        .get(at)
                        .map(|value| (Value::count(at), value.clone())),
                    Value::Object(object) => object
                        .entry(at)
                        .map(|(key, value)| (Value::Text(key.clone()), value.clone())),
                    _ => None,
                };
                let Some((key, value)) = found else {
                    return Some(Control::Back);
                };
                let place = match &item.place {
                    Place::At(path) if path.length() < LONGEST_PATH => Place::At(path.with(key)),
                    _ => Place::Unasked,
                };
                self.forks.push(Fork::Items(item, at + 1, next.clone()));
                Control::Give(Item { value, place }, next)
            }
            Fork::Walk(mut waiting, next) => {
                let Some(item) = waiting.pop() else {
                    return Some(Control::Back);
                };
                let below = |key: Value, value: &Value| Item {
                    value: value.clone(),
                    place: match &item.place {
                        Place::At(path) => Place::At(path.with(key)),
                        other => other.clone(),
                    },
                };
                let first = waiting.len();
                match &item.value {
                    Value::Array(array) => {
                        let items = array.items.iter().enumerate();
                        waiting.extend(items.map(|(i, v)| below(Value::count(i), v)));
                    }
                    Value::Object(object) => {
                        let entries = object.iter();
                        waiting.extend(entries.map(|(k, v)| below(Value::Text(k.clone()), v)));
                    }
                    _ => {}
                }
                if let Some(new) = waiting.get_mut(first..) {
                    new.reverse();
                }
                self.forks.push(Fork::Walk(waiting, next.clone()));
                Control::Give(item, next)
            }
            Fork::Range(at, to, by, asked, next) => {
                let more = (by > 0.0 && at < to) || (by < 0.0 && at > to);
                if !more {
                    return Some(Control::Back);
                }
                self.forks
                    .push(Fork::Range(at + by, to, by, asked, next.clone()));
                Control::Give(made(Value::number(at), asked), next)
            }
            Fork::Inputs(asked, next) => match world.input() {
                None => Control::Back,
                Some(Err(message)) => Control::Raise(Value::text(&message), next),
                Some(Ok(value)) => {
                    self.forks.push(Fork::Inputs(asked, next.clone()));
                    Control::Give(made(value, asked), next)
                }
            },
            Fork::Collected(cell, asked, next) => {
                let items = std::mem::take(&mut *cell.borrow_mut());
                Control::Give(made(Value::array(items), asked), next)
            }
            Fork::Reduced(cell, next) => Control::Give(take(&cell), next),
            Fork::Otherwise(found, ast, env, input, next) => match *found.borrow() {
                true => Control::Back,
                false => Control::Eval(ast, env, input, next),
            },
            Fork::Unchanged(cell) => {
                {
                    let mut changing = cell.borrow_mut();
                    let path = changing.paths.get(changing.at).cloned();
                    changing.gone.extend(path);
                    changing.at += 1;
                }
                self.change(cell)
            }
        })
    }
}
