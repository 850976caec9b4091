//! The world of the terminal: the simulated cluster, and the editor's files.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use crate::apiserver::openapi::Schema;
use crate::apiserver::{Request, Response};
use crate::app::{Files, LocalClient, Shared};
use crate::client::{Client, LocalFuture};
use crate::kubectl::{Edited, Host, HttpAnswer, HttpCall, HttpFailure};
use crate::network::{self, Origin, Outcome};
use crate::sim::Time;

/// The editor's files while commands run, and what they wrote.
#[derive(Default)]
pub struct Shelf {
    pub files: Shared<Files>,
    /// What became of files, in order.
    pub changes: Vec<FileChange>,
    /// What a command waits for to be edited.
    pub edit: Option<Edit>,
    pub words: Words,
}

/// What a command did to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileChange {
    Written { name: String, text: String },
    Removed { name: String },
}

/// A file that a command gave to a person to edit.
pub struct Edit {
    pub name: Rc<str>,
    /// Whether the page has been told.
    pub shown: bool,
    pub done: Option<Edited>,
}

/// The schema of the API, which the page loads when a command asks for it first.
#[derive(Default)]
pub enum Words {
    #[default]
    Unasked,
    /// A command waits for it.
    Wanted,
    /// It is under way.
    Loading,
    There(Schema),
    Missing,
}

pub struct PageHost {
    client: LocalClient,
    /// The real API server, where the page shows one.
    real: Option<Rc<dyn Client>>,
    shelf: Rc<RefCell<Shelf>>,
}

impl PageHost {
    pub fn new(client: LocalClient, shelf: Rc<RefCell<Shelf>>) -> Self {
        PageHost {
            client,
            real: None,
            shelf,
        }
    }

    /// Commands go to a real API server.
    pub fn of_real(client: LocalClient, real: Rc<dyn Client>, shelf: Rc<RefCell<Shelf>>) -> Self {
        PageHost {
            real: Some(real),
            ..PageHost::new(client, shelf)
        }
    }
}

impl Host for PageHost {
    fn client(&self) -> &dyn Client {
        match &self.real {
            Some(real) => &**real,
            None => &self.client,
        }
    }

    fn now(&self) -> Time {
        self.client.now()
    }

    fn files(&self) -> Vec<String> {
        let shelf = self.shelf.borrow();
        let mut names: Vec<String> = shelf
            .files
            .list
            .iter()
            .map(|f| f.name.to_string())
            .collect();
        for change in &shelf.changes {
            match change {
                FileChange::Written { name, .. } => names.push(name.clone()),
                FileChange::Removed { name } => names.retain(|n| n != name),
            }
        }
        names.sort();
        names.dedup();
        names
    }

    fn read_file(&self, name: &str) -> Option<String> {
        let shelf = self.shelf.borrow();
        let name = plain(name);
        for change in shelf.changes.iter().rev() {
            match change {
                FileChange::Written { name: n, text } if n == name => return Some(text.clone()),
                FileChange::Removed { name: n } if n == name => return None,
                _ => {}
            }
        }
        let file = shelf.files.list.iter().find(|f| *f.name == *name)?;
        Some(file.text.to_string())
    }

    fn write_file(&self, name: &str, text: &str) {
        let mut shelf = self.shelf.borrow_mut();
        shelf.changes.push(FileChange::Written {
            name: plain(name).to_owned(),
            text: text.to_owned(),
        });
    }

    fn remove_file(&self, name: &str) {
        let mut shelf = self.shelf.borrow_mut();
        shelf.changes.push(FileChange::Removed {
            name: plain(name).to_owned(),
        });
    }

    fn edit<'a>(&'a self, name: &'a str) -> LocalFuture<'a, Edited> {
        let name: Rc<str> = plain(name).into();
        Box::pin(poll_fn(move |_| {
            let there = self.read_file(&name).is_some();
            let edit = &mut self.shelf.borrow_mut().edit;
            match edit {
                Some(open) if open.name == name => {
                    // Whoever closes the file wants nothing of it.
                    let done = match there {
                        true => open.done,
                        false => Some(Edited::Cancelled),
                    };
                    match done {
                        Some(done) => {
                            *edit = None;
                            Poll::Ready(done)
                        }
                        None => Poll::Pending,
                    }
                }
                _ => {
                    *edit = Some(Edit {
                        name: name.clone(),
                        shown: false,
                        done: None,
                    });
                    Poll::Pending
                }
            }
        }))
    }

    fn http<'a>(&'a self, call: HttpCall) -> LocalFuture<'a, Result<HttpAnswer, HttpFailure>> {
        let host = match call.host.contains(':') && !call.host.starts_with('[') {
            true => format!("[{}]", call.host),
            false => call.host.clone(),
        };
        let call = network::HttpCall {
            origin: Origin::Client,
            namespace: "default".to_owned(),
            method: call.method,
            url: format!("http://{host}:{}{}", call.port, call.path),
            headers: call.headers,
            timeout_millis: call
                .timeout
                .map(|t| u64::try_from(t.as_millis()).unwrap_or(u64::MAX)),
        };
        let client = self.client.clone();
        let mut number = None;
        Box::pin(poll_fn(move |_| {
            let number = match number {
                Some(number) => number,
                None => match client.http(&call) {
                    Ok(sent) => *number.insert(sent),
                    Err(_) => return Poll::Ready(Err(HttpFailure::Unresolved)),
                },
            };
            // Polled again after every slice of the simulation.
            client
                .http_result(number)
                .map_or(Poll::Pending, Poll::Ready)
        }))
    }

    fn behind(&self, request: Request) -> Response {
        self.client.send(&request)
    }

    fn schema(&self) -> LocalFuture<'_, Option<Schema>> {
        Box::pin(poll_fn(|_| {
            let words = &mut self.shelf.borrow_mut().words;
            match words {
                Words::Unasked => *words = Words::Wanted,
                Words::Wanted | Words::Loading => {}
                Words::There(schema) => return Poll::Ready(Some(schema.clone())),
                // Whoever asks again may be luckier.
                Words::Missing => {
                    *words = Words::Unasked;
                    return Poll::Ready(None);
                }
            }
            Poll::Pending
        }))
    }

    fn server(&self) -> String {
        "https://127.0.0.1:6443".to_owned()
    }
}

/// A file's name without the folder in which the terminal stands.
fn plain(name: &str) -> &str {
    crate::kubectl::host::plain(name)
}

/// How a request over the network ended, in the words of a client.
pub fn answer(result: &network::HttpResult) -> Result<HttpAnswer, HttpFailure> {
    match result.outcome {
        Outcome::Answered(code) => Ok(HttpAnswer {
            code,
            headers: result
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
            body: result.body.to_string(),
        }),
        Outcome::NameNotFound | Outcome::NameTimeout => Err(HttpFailure::Unresolved),
        Outcome::Refused => Err(HttpFailure::Refused),
        Outcome::Reset => Err(HttpFailure::Reset),
        Outcome::Unreachable | Outcome::Timeout | Outcome::Pending => Err(HttpFailure::TimedOut),
    }
}
