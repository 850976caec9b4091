//! `kubectl proxy`: a port of this terminal at which the API answers, with the rights of the kubeconfig.
//! Models `k8s.io/kubectl/pkg/cmd/proxy` and `k8s.io/kubectl/pkg/proxy`.
//!
//! Divergence: there is no unix socket, and a `--keepalive` makes no difference.

use std::future::pending;
use std::rc::Rc;

use super::Command;
use super::port_forward::FIRST_FREE;
use crate::api::pattern::{Pattern, Syntax};
use crate::api::url::unescaped;
use crate::apiserver::request::{APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH};
use crate::apiserver::{Body, Method, Request, Response};
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::flags;
use crate::kubectl::host::HttpCall;
use crate::kubectl::kube::Kube;
use crate::kubectl::shell::Shell;
use crate::kubectl::upstream::{self, Answer};

pub const PROXY: Command = Command {
    path: "proxy",
    short: "Run a proxy to the Kubernetes API server",
    help: "[--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]
Serve the API on a port of this machine, with your rights, for as long as the command runs.

# On port 8001
kubectl proxy --port=8001

# On a free port, with the files of a folder beside it
kubectl proxy --port=0 --www=site

# Below a path of its own: curl localhost:8001/k8s/api/v1/pods
kubectl proxy --api-prefix=/k8s/",
    flags: &[
        "accept-hosts='^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$' accept-paths='^.*' address='127.0.0.1' api-prefix='/' append-server-path=false disable-filter=false keepalive=0s -p,port=8001 reject-methods='^$' reject-paths='^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach' -u,unix-socket='' -P,www-prefix='/static/' -w,www=''",
    ],
    run: |kube| Box::pin(run(kube)),
};

/// A port of the terminal at which the API answers.
#[derive(Clone)]
pub struct Proxy {
    pub port: u16,
    /// Tells proxies apart.
    number: u64,
    /// Below which path the API is, with a slash at both ends.
    api: String,
    /// Below which path files are, and the folder that they are in; that may be empty.
    files: (String, String),
    filter: Option<Rc<Filter>>,
    /// With the rights of whoever started it.
    request: Request,
}

/// What is let through.
struct Filter {
    hosts: Vec<Pattern>,
    paths: Vec<Pattern>,
    not_paths: Vec<Pattern>,
    not_methods: Vec<Pattern>,
}

impl Filter {
    fn of(kube: &Kube) -> Result<Filter> {
        let patterns = |flag: &str| -> Result<Vec<Pattern>> {
            let texts = given(kube, flag).split(',');
            texts
                .map(|text| {
                    Pattern::perl(text, Syntax::default()).map_err(|why| {
                        kube.warn(&format!(
                            "F proxy_server.go:83] Error compiling re: error parsing regexp: {why}: `{text}`"
                        ));
                        Failure::Exit(255)
                    })
                })
                .collect()
        };
        Ok(Filter {
            hosts: patterns("accept-hosts")?,
            paths: patterns("accept-paths")?,
            not_paths: patterns("reject-paths")?,
            not_methods: patterns("reject-methods")?,
        })
    }

    fn accepts(&self, method: &str, path: &str, host: &str) -> bool {
        let any = |patterns: &[Pattern], text: &str| patterns.iter().any(|p| p.is_match(text));
        !any(&self.not_paths, path)
            && !any(&self.not_methods, method)
            && any(&self.hosts, host)
            && any(&self.paths, path)
    }
}

/// The value of a flag, or what it is where none is given.
fn given<'k>(kube: &'k Kube, name: &str) -> &'k str {
    match kube.flags.text(name) {
        "" => {
            let mut stated = flags::read(PROXY.flags).into_iter();
            let default = stated
                .find(|flag| flag.name == name)
                .map(|flag| flag.default);
            default.unwrap_or_default().trim_matches('\'')
        }
        text => text,
    }
}

async fn run(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    let port = given(kube, "port");
    let Ok(number) = port.parse::<u16>() else {
        return plain(format!("listen tcp: address {port}: invalid port"));
    };
    let filter = match flags.is("disable-filter") {
        true => {
            kube.warn(
                "W proxy.go:177] Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious",
            );
            None
        }
        false => Some(Rc::new(Filter::of(kube)?)),
    };
    let within = |flag: &str| {
        let inner = given(kube, flag).trim_matches('/');
        match inner {
            "" => "/".to_owned(),
            inner => format!("/{inner}/"),
        }
    };
    let mut request = kube.request(Method::Get, String::new());
    // The answer is laid out for people who ask with curl.
    request.user_agent = "curl/8.5.0".to_owned();
    let address = given(kube, "address");
    let open = Open::new(kube, address, |own| Proxy {
        port: number,
        number: own,
        api: within("api-prefix"),
        files: (
            within("www-prefix"),
            flags.text("www").trim_end_matches('/').to_owned(),
        ),
        filter,
        request,
    })?;
    let shown = match address {
        "0.0.0.0" | "::" => "[::]".to_owned(),
        address if address.contains(':') => format!("[{address}]"),
        "localhost" => "127.0.0.1".to_owned(),
        address => address.to_owned(),
    };
    kube.print(&format!("Starting to serve on {shown}:{}", open.port));
    pending::<()>().await;
    drop(open);
    Ok(())
}

/// A port that is open until this is dropped.
struct Open {
    shell: Rc<Shell>,
    number: u64,
    port: u16,
}

impl Open {
    fn new(kube: &Kube, address: &str, proxy: impl FnOnce(u64) -> Proxy) -> Result<Open> {
        let shell = kube.shell.clone();
        let mut state = shell.state.borrow_mut();
        state.temporary += 1;
        let mut proxy = proxy(state.temporary);
        if proxy.port == 0 {
            let mut free = (FIRST_FREE..u16::MAX).filter(|port| !state.is_taken(*port));
            proxy.port = free.next().unwrap_or(FIRST_FREE);
        }
        if state.is_taken(proxy.port) {
            return plain(format!(
                "listen tcp {address}:{}: bind: address already in use",
                proxy.port
            ));
        }
        let (number, port) = (proxy.number, proxy.port);
        state.proxies.push(proxy);
        drop(state);
        Ok(Open {
            shell,
            number,
            port,
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut state = self.shell.state.borrow_mut();
        state.proxies.retain(|p| p.number != self.number);
    }
}

impl Proxy {
    /// Answers what somebody asks at the port.
    pub async fn answer(&self, shell: &Shell, call: &HttpCall) -> Answer {
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let (below, folder) = &self.files;
        // The longer of two prefixes that fit goes first.
        let file = path.strip_prefix(below.as_str());
        if let Some(name) = file.filter(|_| !folder.is_empty() && below.len() >= self.api.len()) {
            return match shell.read_file(&format!("{folder}/{name}")) {
                Some(text) => said(200, text),
                None => said(404, "404 page not found\n"),
            };
        }
        let Some(rest) = path.strip_prefix(self.api.as_str()) else {
            return said(404, "404 page not found\n");
        };
        let path = format!("/{rest}");
        let mut headers = call.headers.iter();
        let named = headers.find(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = named.map_or(call.host.as_str(), |(_, value)| value);
        let host = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => host,
        };
        let accepted = |filter: &Rc<Filter>| filter.accepts(&call.method, &path, host);
        if !self.filter.as_ref().is_none_or(accepted) {
            return said(403, "Forbidden\n");
        }
        let mut request = self.request.clone();
        request.method = method(&call.method);
        request.path = path;
        ask(shell, request, query, call).await
    }
}

/// Sends on what somebody asks with curl.
pub async fn ask(shell: &Shell, mut request: Request, query: &str, call: &HttpCall) -> Answer {
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        request = request.with_query(&unescaped(name), unescaped(value));
    }
    let mut types = call.headers.iter();
    let type_ = types.find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if let Some(known) = type_.and_then(|(_, type_)| known_type(type_)) {
        request.content_type = known;
    }
    request.body = match serde_json::from_str(&call.body) {
        Ok(value) => Body::Json(value),
        Err(_) if call.body.is_empty() => Body::Empty,
        Err(_) => Body::Text(call.body.clone()),
    };
    upstream::send(&*shell.world.host, request).await
}

/// What a request calls itself, as a verb of the API.
pub fn method(name: &str) -> Method {
    match name {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => Method::Get,
    }
}

fn known_type(given: &str) -> Option<&'static str> {
    let types = [JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY_PATCH];
    types
        .into_iter()
        .find(|type_| given.trim().starts_with(type_))
}

fn said(code: u16, text: impl Into<String>) -> Answer {
    Answer::from(Response::text(code, text))
}
