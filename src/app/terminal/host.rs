//! The world of the terminal: the simulated cluster, and the editor's files.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use crate::apiserver::openapi::Schema;
use crate::app::{Files, LocalClient, Shared};
use crate::client::{Client, LocalFuture};
use crate::kubectl::{Host, HttpAnswer, HttpCall, HttpFailure};
use crate::network::{self, Origin, Outcome};
use crate::sim::Time;

/// The editor's files while commands run, and what they wrote.
#[derive(Default)]
pub struct Shelf {
    pub files: Shared<Files>,
    /// Names and texts, in order.
    pub written: Vec<(String, String)>,
    pub words: Words,
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
    shelf: Rc<RefCell<Shelf>>,
}

impl PageHost {
    pub fn new(client: LocalClient, shelf: Rc<RefCell<Shelf>>) -> Self {
        PageHost { client, shelf }
    }
}

impl Host for PageHost {
    fn client(&self) -> &dyn Client {
        &self.client
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
        names.extend(shelf.written.iter().map(|(name, _)| name.clone()));
        names.sort();
        names.dedup();
        names
    }

    fn read_file(&self, name: &str) -> Option<String> {
        let shelf = self.shelf.borrow();
        let written = shelf.written.iter().rev().find(|(n, _)| n == name);
        if let Some((_, text)) = written {
            return Some(text.clone());
        }
        let file = shelf.files.list.iter().find(|f| *f.name == *name)?;
        Some(file.text.to_string())
    }

    fn write_file(&self, name: &str, text: &str) {
        let mut shelf = self.shelf.borrow_mut();
        shelf.written.push((name.to_owned(), text.to_owned()));
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
