//! Applies a manifest: the very command that the terminal would run; and, before anybody has come, the
//! requests of that command.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;

use super::bring::{self, LeftOut};
use super::editing::{applied, apply_command};
use super::terminal::{PageHost, Shelf};
use super::{File, Files, LocalClient, Shared};
use crate::api::yaml;
use crate::apiserver::patch::apply::with_last_applied;
use crate::apiserver::{Method, Request};
use crate::kubectl::{APPLY_MANAGER, Session, Span, Stream, path};

const NOT_FOUND: u16 = 404;
const CREATED: u16 = 201;

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
}

/// The answers to one act of applying.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    pub file: Rc<str>,
    pub lines: Vec<Line>,
    /// Documents that were not sent, for the cluster does not know their kinds.
    pub left_out: Vec<LeftOut>,
}

impl Applied {
    pub fn failed(&self) -> bool {
        self.lines.iter().any(|line| line.tone == Tone::Bad)
    }

    /// The worst tone of its lines.
    pub fn tone(&self) -> Tone {
        let mut tone = Tone::Good;
        for line in &self.lines {
            match line.tone {
                Tone::Bad => return Tone::Bad,
                Tone::Warning => tone = Tone::Warning,
                Tone::Good => {}
            }
        }
        if !self.left_out.is_empty() {
            tone = Tone::Warning;
        }
        tone
    }
}

/// Applies a file to a cluster that has nothing of it yet, by the requests that `kubectl apply` sends then:
/// each object is asked for, and created. The page opens with this, so that nobody waits for kubectl, which
/// comes in the second file of the wasm (docs/adr/0007-the-page-comes-in-two-files.md). Tells whether
/// all was created; the rest is for [`apply`].
pub fn create(file: &File, client: &LocalClient, namespace: &str) -> bool {
    let parsed = yaml::parse(&file.text);
    if parsed.error.is_some() {
        return false;
    }
    let mut documents = parsed.documents.into_iter();
    documents.all(|document| create_one(&document.value, client, namespace).is_some())
}

fn create_one(object: &Value, client: &LocalClient, namespace: &str) -> Option<()> {
    let field = |name: &str| object[name].as_str();
    let kind = client.kind(field("apiVersion")?, field("kind")?)?.info();
    let mut object = object.clone();
    let metadata = object["metadata"].as_object_mut()?;
    let name = metadata.get("name")?.as_str()?.to_owned();
    if kind.namespaced {
        // As kubectl, which writes it into what it remembers.
        metadata.entry("namespace").or_insert(namespace.into());
    }
    let namespace = metadata.get("namespace").and_then(Value::as_str);
    let namespace = namespace.unwrap_or_default().to_owned();
    let (namespace, name) = (namespace.as_str(), name.as_str());
    let live = client.send(&Request::get(path(kind, namespace, name, "")));
    if live.code != NOT_FOUND {
        return None;
    }
    let body = Value::Object(with_last_applied(object.as_object()?));
    let created = client.send(
        &Request::new(Method::Post, path(kind, namespace, "", ""))
            .with_query("fieldManager", APPLY_MANAGER)
            .with_query("fieldValidation", "Strict")
            .with_body(body),
    );
    (created.code == CREATED).then_some(())
}

/// How often the command is polled: the simulated server answers at once.
const TURNS: usize = 10_000;

/// Applies files as `kubectl apply -f FILE -f FILE` does. Unlike there, documents of kinds that the
/// cluster does not know do not keep it from the others: they are left out, and told.
pub fn apply(mut list: Vec<File>, client: LocalClient, namespace: &str) -> Applied {
    let mut left_out = Vec::new();
    for file in &mut list {
        let knows = |version: &str, kind: &str| client.knows(version, kind);
        let sorted = bring::sort(&file.name, &file.text, &knows);
        file.text = sorted.text;
        left_out.extend(sorted.left_out);
    }
    let names: Vec<Rc<str>> = list.iter().map(|f| f.name.clone()).collect();
    let shelf = Shelf {
        files: Shared::new(Files { list, open: 0 }),
        ..Shelf::default()
    };
    let host = PageHost::new(client, Rc::new(RefCell::new(shelf)));
    let mut session = Session::new(Rc::new(host), namespace);
    let mut job = session.start(&apply_command(&names));
    let mut output: Vec<Span> = Vec::new();
    for _ in 0..TURNS {
        let progress = job.poll();
        output.extend(progress.output);
        if progress.exit_code.is_some() {
            break;
        }
    }
    let told = output
        .iter()
        .map(|span| (span.stream == Stream::Err, span.text.as_str()));
    Applied {
        left_out,
        ..applied(&names.join(" -f "), told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Session as PageSession;
    use crate::app::persist::example_files;
    use crate::cluster::Config;
    use crate::sim::{Time, secs};

    /// What a cluster holds after the examples were put into it in some way.
    fn after(put: impl Fn(&File, &LocalClient)) -> Vec<Value> {
        let mut session = PageSession::new(Config::playground(1, 3));
        session.run_until(Time::EPOCH + secs(40));
        for file in &example_files().list {
            put(file, &session.client());
        }
        let timeline = session.timeline();
        let server = timeline.cluster().server();
        let objects =
            crate::api::Kind::all().flat_map(|kind| server.list_objects(kind, Some("default")));
        objects.map(|object| object.to_value()).collect()
    }

    #[test]
    fn the_page_opens_with_what_kubectl_would_have_made() {
        let created = after(|file, client| assert!(create(file, client, "default")));
        let applied = after(|file, client| {
            assert!(!apply(vec![file.clone()], client.clone(), "default").failed());
        });
        for (one, other) in created.iter().zip(&applied) {
            assert_eq!(one, other);
        }
        assert_eq!(created.len(), applied.len());
        assert!(
            created.iter().any(|o| o["kind"] == "Traffic"),
            "{created:?}"
        );
    }
}
