//! What a template says over a value. Models Go's `text/template/exec.go`.

use serde_json::{Map, Value};

use super::functions::{call, is_true};
use super::parse::{Command, Node, Operand, Pipe, Place, What, shown, shown_command};
use super::printf::{Spaces, print, type_of};
use super::{Rendered, Template};

const MOST_BYTES: usize = 8 << 20;
/// How deep templates may call templates.
const DEEPEST: usize = 64;
/// How often loops may go round, all together.
const MOST_TURNS: usize = 1_000_000;

/// Executes a template.
pub fn render(template: &Template, root: &Value, strict: bool) -> Rendered {
    let mut state = State {
        template,
        root: root.clone(),
        variables: Vec::new(),
        out: String::new(),
        at: (0, String::new()),
        strict,
        depth: 0,
        turns: 0,
        name: "output".to_owned(),
    };
    let error = state.nodes(&template.nodes, root).err().map(|message| {
        let (place, about) = &state.at;
        let location = template.location(*place);
        format!(
            "template: {location}: executing \"{}\" at <{about}>: {message}",
            state.name
        )
    });
    Rendered {
        text: state.out,
        error,
    }
}

/// What a node leaves behind: going on, or leaving the loop around it.
enum Flow {
    On,
    Break,
    Continue,
}

struct State<'t> {
    template: &'t Template,
    root: Value,
    variables: Vec<(String, Value)>,
    out: String,
    /// The node that is looked at, and how it is written: what an error is told of.
    at: (Place, String),
    /// Whether a map has to have what it is asked for.
    strict: bool,
    depth: usize,
    turns: usize,
    /// The template that is executed.
    name: String,
}

impl State<'_> {
    /// Whether a turn of a loop, and what it has said, are still in bounds.
    fn bounded(&mut self) -> Result<(), String> {
        self.turns += 1;
        match self.out.len() > MOST_BYTES || self.turns > MOST_TURNS {
            true => Err("the output is too long".to_owned()),
            false => Ok(()),
        }
    }

    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<Flow, String> {
        let declared = self.variables.len();
        for node in nodes {
            match self.node(node, dot)? {
                Flow::On => {}
                other => {
                    self.variables.truncate(declared);
                    return Ok(other);
                }
            }
        }
        self.variables.truncate(declared);
        Ok(Flow::On)
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Result<Flow, String> {
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Print(pipe) => {
                let value = self.pipe(pipe, dot)?;
                self.bounded()?;
                match value {
                    Value::Null => self.out.push_str("<no value>"),
                    value => self.out.push_str(&print(&[value], Spaces::None)),
                }
            }
            Node::Assign {
                name,
                declares,
                pipe,
            } => {
                let value = self.pipe(pipe, dot)?;
                let found = self.variables.iter_mut().rev().find(|(n, _)| n == name);
                match found {
                    Some((_, before)) if !declares => *before = value,
                    _ => self.variables.push((name.clone(), value)),
                }
            }
            Node::If(name, condition, body, otherwise) => {
                let value = self.pipe(condition, dot)?;
                let holds = is_true(&value);
                return self.scoped(name.as_deref(), value, |state, _| {
                    state.nodes(if holds { body } else { otherwise }, dot)
                });
            }
            Node::With(name, condition, body, otherwise) => {
                let value = self.pipe(condition, dot)?;
                let holds = is_true(&value);
                return self.scoped(name.as_deref(), value, |state, value| match holds {
                    true => state.nodes(body, value),
                    false => state.nodes(otherwise, dot),
                });
            }
            Node::Range {
                key,
                value,
                over,
                body,
                otherwise,
            } => {
                let entries = self.entries(over, dot)?;
                if entries.is_empty() {
                    return self.nodes(otherwise, dot);
                }
                for (k, v) in entries {
                    self.bounded()?;
                    let declared = self.variables.len();
                    if let Some(name) = key {
                        self.variables.push((name.clone(), k));
                    }
                    if let Some(name) = value {
                        self.variables.push((name.clone(), v.clone()));
                    }
                    let flow = self.nodes(body, &v)?;
                    self.variables.truncate(declared);
                    if matches!(flow, Flow::Break) {
                        break;
                    }
                }
            }
            Node::Template(name, pipe, place) => {
                let value = match pipe {
                    Some(pipe) => self.pipe(pipe, dot)?,
                    None => Value::Null,
                };
                self.template_of(name, &value, *place)?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn scoped(
        &mut self,
        name: Option<&str>,
        value: Value,
        inside: impl FnOnce(&mut Self, &Value) -> Result<Flow, String>,
    ) -> Result<Flow, String> {
        let declared = self.variables.len();
        if let Some(name) = name {
            self.variables.push((name.to_owned(), value.clone()));
        }
        let flow = inside(self, &value)?;
        self.variables.truncate(declared);
        Ok(flow)
    }

    /// What a `range` goes over.
    fn entries(&mut self, over: &Pipe, dot: &Value) -> Result<Vec<(Value, Value)>, String> {
        Ok(match self.pipe(over, dot)? {
            Value::Array(items) => {
                let numbered = items.into_iter().enumerate();
                numbered.map(|(i, v)| (Value::from(i), v)).collect()
            }
            Value::Object(map) => map
                .into_iter()
                .map(|(k, v)| (Value::String(k), v))
                .collect(),
            Value::Null => Vec::new(),
            Value::Number(n) if n.as_i64().is_some() => {
                let most = n.as_i64().unwrap_or(0).min(MOST_TURNS as i64);
                (0..most).map(|i| (i.into(), i.into())).collect()
            }
            other => {
                let shown = print(&[other], Spaces::None);
                return Err(format!("range can't iterate over {shown}"));
            }
        })
    }

    fn template_of(&mut self, name: &str, dot: &Value, place: Place) -> Result<(), String> {
        let named = &self.template.named;
        let Some((_, nodes)) = named.iter().rev().find(|(n, _)| n == name) else {
            self.at = (place, format!("{{{{template {name:?}}}}}"));
            return Err(format!("template {name:?} not defined"));
        };
        if self.depth > DEEPEST {
            return Err(format!("exceeded maximum template depth ({DEEPEST})"));
        }
        let variables = std::mem::take(&mut self.variables);
        let root = std::mem::replace(&mut self.root, dot.clone());
        let around = std::mem::replace(&mut self.name, name.to_owned());
        self.depth += 1;
        self.nodes(nodes, dot)?;
        self.depth -= 1;
        self.name = around;
        self.root = root;
        self.variables = variables;
        Ok(())
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Result<Value, String> {
        let mut last: Option<Value> = None;
        for command in pipe {
            last = Some(self.command(command, last.take(), dot)?);
        }
        Ok(last.unwrap_or(Value::Null))
    }

    fn command(
        &mut self,
        command: &Command,
        last: Option<Value>,
        dot: &Value,
    ) -> Result<Value, String> {
        let Some((first, rest)) = command.operands.split_first() else {
            return Err("missing value for command".to_owned());
        };
        let What::Function(name) = &first.what else {
            let value = self.operand(first, dot)?;
            if !rest.is_empty() || last.is_some() {
                self.at = (first.place, shown(&first.what));
                return Err(match first.what {
                    What::Literal(..) | What::Dot | What::Group(..) => {
                        format!("can't give argument to non-function {}", shown(&first.what))
                    }
                    _ => {
                        let name = shown(&first.what);
                        let field = name.rsplit('.').next().unwrap_or_default();
                        format!("{field} is not a method but has arguments")
                    }
                });
            }
            if matches!(&first.what, What::Literal(written, _) if written == "nil") {
                self.at = (first.place, shown(&first.what));
                return Err("nil is not a command".to_owned());
            }
            return Ok(value);
        };
        let mut arguments = Vec::new();
        for operand in rest {
            let value = self.operand(operand, dot)?;
            // These look no further than they have to.
            let decided = match name.as_str() {
                "and" => !is_true(&value),
                "or" => is_true(&value),
                _ => false,
            };
            if decided {
                return Ok(value);
            }
            arguments.push(value);
        }
        arguments.extend(last);
        self.at = (command.place, shown_command(command));
        if let ("call", Some(what)) = (name.as_str(), arguments.first()) {
            // No value here is a function.
            let written = rest
                .first()
                .map_or(String::new(), |operand| shown(&operand.what));
            return Err(match what {
                Value::Null => "error calling call: call of nil".to_owned(),
                what => format!(
                    "error calling call: non-function {written} of type {}",
                    type_of(what)
                ),
            });
        }
        call(name, &arguments)
    }

    fn operand(&mut self, operand: &Operand, dot: &Value) -> Result<Value, String> {
        Ok(match &operand.what {
            What::Literal(_, value) => value.clone(),
            What::Dot => dot.clone(),
            What::Field(path) => self.follow(dot, path, operand)?,
            What::Variable(name, path) => {
                let found = self.variables.iter().rev().find(|(n, _)| n == name);
                let value = match found {
                    Some((_, value)) => value.clone(),
                    None => self.root.clone(),
                };
                self.follow(&value, path, operand)?
            }
            What::Function(name) => {
                self.at = (operand.place, name.clone());
                call(name, &[])?
            }
            What::Group(pipe, path) => {
                let value = self.pipe(pipe, dot)?;
                self.follow(&value, path, operand)?
            }
        })
    }

    /// The field of a field of a value.
    fn follow(&mut self, value: &Value, path: &[String], of: &Operand) -> Result<Value, String> {
        if !path.is_empty() {
            self.at = (of.place, shown(&of.what));
        }
        let mut value = value;
        for (i, name) in path.iter().enumerate() {
            value = match value {
                Value::Object(map) => match get(map, name) {
                    Some(found) => found,
                    None if self.strict => {
                        return Err(format!("map has no entry for key {name:?}"));
                    }
                    None => &Value::Null,
                },
                Value::Null if self.strict && i == 0 => {
                    return Err(format!("nil data; no entry for key {name:?}"));
                }
                Value::Null => &Value::Null,
                _ => {
                    return Err(format!(
                        "can't evaluate field {name} in type interface {{}}"
                    ));
                }
            };
        }
        Ok(value.clone())
    }
}

fn get<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    map.get(name)
}
