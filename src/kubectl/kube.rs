//! One run of `kubectl`: its flags, its streams, its requests.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::error::{Failure, Result, of_status};
use super::flags::Parsed;
use super::kubeconfig::{Kubeconfig, Loaded};
use super::shell::Shell;
use super::shell::run_parts::Io;
use super::trace;
use crate::api::kinds::KindInfo;
use crate::apiserver::{Body, Method, Request};
use crate::client::Watch;
use crate::sim::Time;
use crate::sim::ordered::Set as BTreeSet;

pub struct Kube {
    pub shell: Rc<Shell>,
    pub io: Io,
    pub flags: Parsed,
    /// The configuration, and the files that it comes from.
    pub loaded: Loaded,
    /// `kubectl rollout status`: the words that lead to the command.
    pub path: String,
    /// Warnings that were already shown.
    warned: RefCell<BTreeSet<String>>,
}

/// Whether changes are made, only asked for, or only worked out here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DryRun {
    None,
    Client,
    Server,
}

impl DryRun {
    /// What follows the word of the operation.
    pub fn suffix(self) -> &'static str {
        match self {
            DryRun::None => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        }
    }
}

impl Kube {
    pub fn new(shell: &Rc<Shell>, io: Io, path: String, flags: Parsed, loaded: Loaded) -> Kube {
        Kube {
            shell: shell.clone(),
            io,
            flags,
            loaded,
            path,
            warned: RefCell::default(),
        }
    }

    /// The namespace that objects without one belong to.
    pub fn namespace(&self) -> String {
        match self.flags.text("namespace") {
            "" => match self.flags.global("context") {
                "" if self.loaded.is_own() => self.shell.state.borrow().namespace.clone(),
                name => {
                    let context = self.loaded.config.context(name);
                    let own = context.map_or("", |c| &c.namespace);
                    if own.is_empty() { "default" } else { own }.to_owned()
                }
            },
            namespace => namespace.to_owned(),
        }
    }

    /// Whether the namespace was named on the command line.
    pub fn namespace_given(&self) -> bool {
        !self.flags.text("namespace").is_empty()
    }

    /// How many warnings the server gave.
    pub fn warnings(&self) -> usize {
        self.warned.borrow().len()
    }

    pub fn now(&self) -> Time {
        self.shell.world.now()
    }

    /// How long ago, or how far ahead, a moment given as RFC 3339 is.
    pub fn age(&self, stamp: &str) -> String {
        match crate::api::rfc3339::parse_time(stamp) {
            Some(then) => crate::api::rfc3339::human_duration((self.now().0 as i64) - then),
            None => "<unknown>".to_owned(),
        }
    }

    pub fn print(&self, line: &str) {
        self.io.out.line(line);
    }

    pub fn warn(&self, line: &str) {
        self.io.err.line(line);
    }

    /// `error: MESSAGE` with a hint at the help.
    pub fn usage<T>(&self, message: &str) -> Result<T> {
        Err(Failure::Plain(format!(
            "{message}\nSee '{} -h' for help and examples",
            self.path
        )))
    }

    pub fn dry_run(&self) -> Result<DryRun> {
        match self.flags.text("dry-run") {
            "" | "none" => Ok(DryRun::None),
            "client" => Ok(DryRun::Client),
            "server" => Ok(DryRun::Server),
            "unchanged" => {
                self.deprecated(
                    "--dry-run is deprecated and can be replaced with --dry-run=client.",
                );
                Ok(DryRun::Client)
            }
            given if go_bool(given).is_some() => {
                let (meant, strategy) = match go_bool(given) {
                    Some(true) => ("client", DryRun::Client),
                    _ => ("none", DryRun::None),
                };
                self.deprecated(&format!(
                    "--dry-run={given} is deprecated (boolean value) and can be replaced with --dry-run={meant}."
                ));
                Ok(strategy)
            }
            other => Err(Failure::Plain(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }

    /// A warning in the client's log, once.
    fn deprecated(&self, message: &str) {
        if self.warned.borrow_mut().insert(message.to_owned()) {
            let head = trace::head(self.now(), 'W', "helpers.go:703");
            self.warn(&format!("{head} {message}"));
        }
    }

    /// Prints the command's help, then fails: what the real `config` does with wrong arguments.
    pub fn with_help<T>(&self, message: &str) -> Result<T> {
        let path = self.path.strip_prefix("kubectl ").unwrap_or(&self.path);
        self.io.out.write(&super::cmd::help_of(path));
        Err(Failure::Plain(message.to_owned()))
    }

    /// A request in the name of this run.
    pub fn request(&self, method: Method, path: String) -> Request {
        let mut request = Request::new(method, path);
        let config = &self.loaded.config;
        let user = user_name(config, &self.flags);
        let read = |file: &str| self.shell.world.host.read_file(file);
        request.credentials = config.credentials(user, self.flags.global("token"), read);
        request.impersonate = self.flags.text("as").to_owned();
        let also = &mut request.impersonate_also;
        also.groups = self.flags.list("as-group").to_vec();
        also.uid = self.flags.text("as-uid").to_owned();
        for pair in self.flags.list("as-user-extra") {
            if let Some((key, value)) = pair.split_once('=') {
                also.extra.push((key.to_owned(), value.to_owned()));
            }
        }
        request
    }

    /// A request that changes something, under the name of a field manager.
    pub fn change(&self, method: Method, path: String, manager: &str) -> Result<Request> {
        let given = self.flags.text("field-manager");
        let manager = if given.is_empty() { manager } else { given };
        let mut request = self
            .request(method, path)
            .with_query("fieldManager", manager);
        if self.dry_run()? == DryRun::Server {
            request = request.with_query("dryRun", "All");
        }
        Ok(request)
    }

    pub async fn send(&self, request: Request) -> Result<Body> {
        let shown = (trace::level(self) >= 6).then(|| (trace::sent(self, &request), self.now()));
        let response = self.shell.world.host.client().request(request).await;
        if let Some((about, begun)) = shown {
            trace::received(self, &about, begun, &response);
        }
        for warning in &response.warnings {
            if self.warned.borrow_mut().insert(warning.clone()) {
                self.warn(&format!("Warning: {warning}"));
            }
        }
        if response.is_success() {
            return Ok(response.body);
        }
        Err(match response.body {
            Body::Json(value) => of_status(response.code, value),
            Body::Text(text) => Failure::Plain(text),
            Body::Empty => of_status(response.code, Value::Null),
        })
    }

    /// The JSON of an answer.
    pub async fn json(&self, request: Request) -> Result<Value> {
        match self.send(request).await? {
            Body::Json(value) => Ok(value),
            Body::Text(text) => Ok(Value::String(text)),
            Body::Empty => Ok(Value::Null),
        }
    }

    pub async fn get(&self, kind: &KindInfo, namespace: &str, name: &str) -> Result<Value> {
        if name.is_empty() {
            return Err("resource name may not be empty".into());
        }
        match self
            .json(self.request(Method::Get, path(kind, namespace, name, "")))
            .await
        {
            Err(failure) => Err(self.or_namespace(failure, namespace).await),
            found => found,
        }
    }

    /// What is not found in a namespace that is not there either: that is said of the namespace.
    pub async fn or_namespace(&self, failure: Failure, namespace: &str) -> Failure {
        if !failure.is_not_found() || matches!(namespace, "" | "default") {
            return failure;
        }
        let place = format!("/api/v1/namespaces/{namespace}");
        match self.json(self.request(Method::Get, place)).await {
            Err(missing) if missing.is_not_found() => missing,
            _ => failure,
        }
    }

    /// The items of a list.
    pub async fn list(
        &self,
        kind: &KindInfo,
        namespace: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<Value>> {
        let mut request = self.request(Method::Get, path(kind, namespace, "", ""));
        for (name, value) in query.iter().filter(|(_, v)| !v.is_empty()) {
            request = request.with_query(name, value.as_str());
        }
        let mut list = self.json(request).await?;
        let api_version = kind.api_version();
        let mut items = match list["items"].take() {
            Value::Array(items) => items,
            _ => Vec::new(),
        };
        // Servers leave these out of the items of typed lists.
        for item in &mut items {
            if item["kind"].is_null() {
                item["kind"] = Value::from(kind.kind);
                item["apiVersion"] = Value::from(api_version.as_str());
            }
        }
        Ok(items)
    }

    /// Sends a patch of a media type.
    pub async fn patch(
        &self,
        kind: &KindInfo,
        namespace: &str,
        name: &str,
        content_type: &'static str,
        patch: Value,
        manager: &str,
    ) -> Result<Value> {
        let mut request = self
            .change(Method::Patch, path(kind, namespace, name, ""), manager)?
            .with_body(patch);
        request.content_type = content_type;
        self.json(request).await
    }

    /// Watches one object.
    pub fn watch_one(
        &self,
        kind: &KindInfo,
        namespace: &str,
        name: &str,
        revision: &str,
    ) -> Box<dyn Watch> {
        let mut request = self
            .request(Method::Get, path(kind, namespace, "", ""))
            .with_query("watch", "true")
            .with_query("fieldSelector", format!("metadata.name={name}"));
        if !revision.is_empty() {
            request = request.with_query("resourceVersion", revision);
        }
        self.shell.world.host.client().watch(request)
    }

    /// The instant at which a request that begins now is given up; zero is never.
    pub fn request_timeout(&self) -> Option<Time> {
        let text = self.flags.global("request-timeout");
        let nanos = match text.parse::<i64>() {
            Ok(seconds) => seconds.saturating_mul(1_000_000_000),
            Err(_) => crate::api::rfc3339::parse_go_duration(text).unwrap_or(0),
        };
        let nanos = u64::try_from(nanos).ok().filter(|n| *n > 0)?;
        Some(self.now() + Duration::from_nanos(nanos))
    }

    /// The instant at which a `--timeout` ends.
    pub fn deadline(&self, timeout: Option<Duration>) -> Option<Time> {
        timeout.map(|t| self.now() + t)
    }
}

/// A boolean as Go's `strconv.ParseBool` reads it.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The user of the context, unless the flags name another.
fn user_name<'c>(config: &'c Kubeconfig, flags: &'c Parsed) -> &'c str {
    match flags.global("user") {
        "" => config
            .context(flags.global("context"))
            .map_or("", |c| c.user.as_str()),
        user => user,
    }
}

/// The field manager of `kubectl apply`.
pub const APPLY_MANAGER: &str = "kubectl-client-side-apply";

/// The path of a collection, an object or a subresource.
pub fn path(kind: &KindInfo, namespace: &str, name: &str, subresource: &str) -> String {
    let mut path = match kind.group {
        "" if kind.version.is_empty() => "/api".to_owned(),
        "" => format!("/api/{}", kind.version),
        group => format!("/apis/{group}/{}", kind.version),
    };
    if kind.namespaced && !namespace.is_empty() {
        path.push_str(&format!("/namespaces/{namespace}"));
    }
    for part in [kind.plural, name, subresource] {
        if !part.is_empty() {
            path.push('/');
            path.push_str(part);
        }
    }
    path
}
