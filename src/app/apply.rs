//! Applies a manifest: each document becomes a request, and each answer a line.

use std::rc::Rc;

use serde::Deserialize;
use serde_json::Value;

use crate::api::Kind;
use crate::apiserver::{Body, Method, Request, Response};

/// How an answer is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Warning,
    Bad,
}

/// One line of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub tone: Tone,
    pub text: Rc<str>,
    /// Line and column of the file, from 1, where the cause of an error stands.
    pub at: Option<(u32, u32)>,
}

/// The answers to one act of applying.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    pub file: Rc<str>,
    pub lines: Vec<Line>,
}

impl Applied {
    pub fn failed(&self) -> bool {
        self.lines.iter().any(|line| line.tone == Tone::Bad)
    }
}

/// Applies every document of `text`; stops at the first that is not YAML.
pub fn apply(file: &str, text: &str, send: &mut dyn FnMut(&Request) -> Response) -> Applied {
    let mut lines = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        match Value::deserialize(document) {
            Ok(Value::Null) => {}
            Ok(value) => lines.extend(apply_one(value, send)),
            Err(error) => {
                let at = error
                    .location()
                    .map(|l| (l.line() as u32, l.column() as u32));
                lines.push(Line {
                    tone: Tone::Bad,
                    text: format!("error: error parsing {file}: {error}").into(),
                    at,
                });
                break;
            }
        }
    }
    if lines.is_empty() {
        lines.push(bad("error: no objects passed to apply".to_owned()));
    }
    Applied {
        file: file.into(),
        lines,
    }
}

fn bad(text: String) -> Line {
    Line {
        tone: Tone::Bad,
        text: text.into(),
        at: None,
    }
}

fn apply_one(mut value: Value, send: &mut dyn FnMut(&Request) -> Response) -> Vec<Line> {
    let (version, kind) = (value["apiVersion"].as_str(), value["kind"].as_str());
    let Some(found) = Kind::by_gvk(version.unwrap_or_default(), kind.unwrap_or_default()) else {
        return vec![bad(format!(
            "error: resource mapping not found: no matches for kind \"{}\" in version \"{}\"",
            kind.unwrap_or_default(),
            version.unwrap_or_default()
        ))];
    };
    let info = found.info();
    let root = match info.group {
        "" => format!("/api/{}", info.version),
        group => format!("/apis/{group}/{}", info.version),
    };
    let collection = if info.namespaced {
        let namespace = value["metadata"]["namespace"].as_str().unwrap_or("default");
        format!("{root}/namespaces/{namespace}/{}", info.plural)
    } else {
        format!("{root}/{}", info.plural)
    };
    let name = value["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let path = format!("{collection}/{name}");
    let before = send(&Request::get(path.clone()));
    let (request, word) = match before.body {
        Body::Json(old) if before.code == 200 => {
            value["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
            (
                Request::new(Method::Put, path).with_body(value),
                "configured",
            )
        }
        _ => (
            Request::new(Method::Post, collection).with_body(value),
            "created",
        ),
    };
    let response = send(&request);
    let mut lines: Vec<Line> = response
        .warnings
        .iter()
        .map(|warning| Line {
            tone: Tone::Warning,
            text: format!("Warning: {warning}").into(),
            at: None,
        })
        .collect();
    if response.is_success() {
        let group = if info.group.is_empty() { "" } else { "." };
        lines.push(Line {
            tone: Tone::Good,
            text: format!("{}{group}{}/{name} {word}", info.singular, info.group).into(),
            at: None,
        });
    } else {
        let message = match &response.body {
            Body::Json(status) => status["message"].as_str().unwrap_or_default(),
            Body::Text(text) => text,
            Body::Empty => "",
        };
        lines.push(bad(format!("Error from server: {message}")));
    }
    lines
}
