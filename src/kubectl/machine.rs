//! A node as the world of commands: its files, its name; everything else is the terminal's.

use std::rc::Rc;

use serde_json::{Value, json};

use super::host::{Edited, Host, HttpAnswer, HttpCall, HttpFailure};
use crate::apiserver::openapi::Schema;
use crate::apiserver::{Body, Method, Request, Response};
use crate::client::{Client, LocalFuture};
use crate::sim::Time;

/// Logged in to a node.
pub struct Machine {
    inner: Rc<dyn Host>,
    node: String,
}

/// Asks a node; what is refused is told in its words.
pub fn ask(host: &dyn Host, node: &str, what: &str) -> Result<Value, String> {
    let path = match what {
        "" => format!("/play/nodes/{node}"),
        what => format!("/play/nodes/{node}/{what}"),
    };
    answer(host.behind(Request::get(path)))
}

/// Changes something on a node.
pub fn tell(host: &dyn Host, node: &str, what: &str, body: Value) -> Result<Value, String> {
    let path = format!("/play/nodes/{node}/{what}");
    let mut request = Request::new(Method::Post, path).with_body(body);
    request.user_agent = "ssh".to_owned();
    answer(host.behind(request))
}

fn answer(response: Response) -> Result<Value, String> {
    let success = response.is_success();
    match response.body {
        Body::Json(value) if success => Ok(value),
        Body::Json(value) => Err(value["message"].as_str().unwrap_or("no answer").to_owned()),
        Body::Text(text) => Err(text),
        Body::Empty => Err("no answer".to_owned()),
    }
}

impl Machine {
    pub fn new(inner: Rc<dyn Host>, node: &str) -> Machine {
        Machine {
            inner,
            node: node.to_owned(),
        }
    }

    fn all(&self) -> Vec<(String, String)> {
        let Ok(answer) = ask(&*self.inner, &self.node, "files") else {
            return Vec::new();
        };
        let files = answer["files"].as_array().into_iter().flatten();
        files
            .filter_map(|f| Some((f[0].as_str()?.to_owned(), f[1].as_str()?.to_owned())))
            .collect()
    }

    fn write(&self, name: &str, text: Option<&str>) {
        let body = json!({"path": absolute(name), "text": text});
        // A full disk takes no more; programs find out when they read.
        let _ = tell(&*self.inner, &self.node, "files", body);
    }
}

/// The path of a name, as seen from `/root`.
fn absolute(name: &str) -> String {
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = match name.strip_prefix("~/") {
        Some(rest) => format!("/root/{rest}"),
        None if name.starts_with('/') => name.to_owned(),
        None => format!("/root/{name}"),
    };
    name.replace("//", "/")
}

impl Host for Machine {
    fn client(&self) -> &dyn Client {
        self.inner.client()
    }

    fn now(&self) -> Time {
        self.inner.now()
    }

    fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (path, _) in self.all() {
            if let Some(own) = path.strip_prefix("/root/") {
                names.push(own.to_owned());
            }
            names.push(path);
        }
        names.sort();
        names
    }

    fn read_file(&self, name: &str) -> Option<String> {
        let path = absolute(name);
        let found = self.all().into_iter().find(|(p, _)| *p == path);
        found.map(|(_, text)| text)
    }

    fn write_file(&self, name: &str, text: &str) {
        self.write(name, Some(text));
    }

    fn remove_file(&self, name: &str) {
        self.write(name, None);
    }

    /// The editor is the terminal's: it gets a copy, which is written back.
    fn edit<'a>(&'a self, name: &'a str) -> LocalFuture<'a, Edited> {
        Box::pin(async move {
            let base = name.rsplit('/').next().unwrap_or(name);
            let copy = format!("{}-{base}", self.node);
            let text = self.read_file(name).unwrap_or_default();
            self.inner.write_file(&copy, &text);
            let edited = self.inner.edit(&copy).await;
            if edited == Edited::Saved
                && let Some(text) = self.inner.read_file(&copy)
            {
                self.write_file(name, &text);
            }
            self.inner.remove_file(&copy);
            edited
        })
    }

    fn http<'a>(&'a self, call: HttpCall) -> LocalFuture<'a, Result<HttpAnswer, HttpFailure>> {
        self.inner.http(call)
    }

    fn behind(&self, request: Request) -> Response {
        self.inner.behind(request)
    }

    fn schema(&self) -> LocalFuture<'_, Option<Schema>> {
        self.inner.schema()
    }

    fn server(&self) -> String {
        self.inner.server()
    }

    fn machine(&self) -> Option<String> {
        Some(self.node.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_seen_from_the_home_folder() {
        for (name, path) in [
            ("/etc/hosts", "/etc/hosts"),
            ("a.yaml", "/root/a.yaml"),
            ("./a.yaml", "/root/a.yaml"),
            ("~/a", "/root/a"),
            ("/etc//hosts", "/etc/hosts"),
        ] {
            assert_eq!(absolute(name), path, "{name}");
        }
    }
}
