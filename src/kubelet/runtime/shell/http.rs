//! `curl`, and the `wget` of busybox.

use std::rc::Rc;
use std::time::Duration;

use super::Machine;
use super::network::Plan;
use super::run::{Outcome, Shell};
use crate::api::rfc3339;
use crate::client::wire::{Ask, Ending};
use crate::kubelet::runtime::files::absolute;
use crate::sim::{Time, secs};

/// A request as the command line asks for it.
pub struct Fetch {
    curl: bool,
    https: bool,
    /// Certificates are not checked, or against a bundle that is there.
    trusts: bool,
    host: String,
    port: u16,
    authority: String,
    path: String,
    method: String,
    token: Rc<str>,
    host_header: String,
    body: String,
    timeout: Option<Duration>,
    quiet: bool,
    shows_errors: bool,
    fails: bool,
    spider: bool,
    head: bool,
    with_headers: bool,
    verbose: bool,
    target: Option<String>,
    format: Option<String>,
    /// `host:port:address`
    resolved: Vec<String>,
    began: Time,
}

/// Letters of curl and of wget that take a value.
const CURL_VALUES: &str = "omHXdwTAuebFxcK";
const WGET_VALUES: &str = "OTtUPoY";
const LONG_VALUES: [&str; 16] = [
    "output",
    "max-time",
    "header",
    "request",
    "data",
    "data-raw",
    "data-binary",
    "json",
    "write-out",
    "connect-timeout",
    "cacert",
    "user-agent",
    "user",
    "retry",
    "retry-delay",
    "resolve",
];

impl Fetch {
    fn new(curl: bool, now: Time) -> Fetch {
        Fetch {
            curl,
            https: false,
            trusts: false,
            host: String::new(),
            port: 80,
            authority: String::new(),
            path: "/".to_owned(),
            method: String::new(),
            token: "".into(),
            host_header: String::new(),
            body: String::new(),
            timeout: None,
            quiet: false,
            shows_errors: false,
            fails: !curl,
            spider: false,
            head: false,
            with_headers: false,
            verbose: false,
            target: None,
            format: None,
            resolved: Vec::new(),
            began: now,
        }
    }

    fn option(&mut self, name: &str, value: &str) {
        let seconds = || {
            let nanos = rfc3339::parse_go_duration(&format!("{value}s")).unwrap_or_default();
            Some(Duration::from_nanos(nanos.max(1).unsigned_abs()))
        };
        match name {
            "o" | "output" | "O" | "output-document" => self.target = Some(value.to_owned()),
            "m" | "max-time" | "connect-timeout" | "T" | "timeout" => self.timeout = seconds(),
            "X" | "request" => self.method = value.to_owned(),
            "d" | "data" | "data-raw" | "data-binary" | "json" | "post-data" => {
                self.body = value.to_owned();
            }
            "w" | "write-out" => self.format = Some(value.to_owned()),
            "cacert" => self.trusts = true,
            "resolve" => self.resolved.push(value.to_owned()),
            "H" | "header" => {
                let (name, value) = value.split_once(':').unwrap_or((value, ""));
                let value = value.trim();
                match name.to_ascii_lowercase().as_str() {
                    "authorization" => {
                        self.token = value.strip_prefix("Bearer ").unwrap_or(value).into();
                    }
                    "host" => self.host_header = value.to_owned(),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// A flag without a value.
    fn switch(&mut self, name: &str) {
        match (name, self.curl) {
            ("s" | "silent", true) | ("q" | "quiet", false) => self.quiet = true,
            ("S" | "show-error", true) => self.shows_errors = true,
            ("f" | "fail", true) => self.fails = true,
            ("k" | "insecure", true) | ("no-check-certificate", false) => self.trusts = true,
            ("I" | "head", true) => self.head = true,
            ("i" | "include", true) => self.with_headers = true,
            ("v" | "verbose", true) => self.verbose = true,
            ("O" | "remote-name", true) => self.target = Some(String::new()),
            ("spider", false) => self.spider = true,
            _ => {}
        }
    }

    /// Reads the words; returns the URL.
    fn read(&mut self, args: &[Rc<str>]) -> String {
        let values = if self.curl { CURL_VALUES } else { WGET_VALUES };
        let mut url = String::new();
        let mut words = args.iter();
        while let Some(word) = words.next() {
            if let Some(long) = word.strip_prefix("--") {
                match long.split_once('=') {
                    Some((name, value)) => self.option(name, value),
                    None if LONG_VALUES.contains(&long) => {
                        let value = words.next().cloned().unwrap_or_default();
                        self.option(long, &value);
                    }
                    None => self.switch(long),
                }
                continue;
            }
            let Some(letters) = word.strip_prefix('-').filter(|l| !l.is_empty()) else {
                url = word.to_string();
                continue;
            };
            for (i, letter) in letters.char_indices() {
                let name = letter.to_string();
                if !values.contains(letter) {
                    self.switch(&name);
                    continue;
                }
                let rest = letters.get(i + letter.len_utf8()..).unwrap_or_default();
                let value = match rest.is_empty() {
                    true => words.next().cloned().unwrap_or_default(),
                    false => rest.into(),
                };
                self.option(&name, &value);
                break;
            }
        }
        url
    }

    fn aim(&mut self, url: &str) {
        let rest = match url.split_once("://") {
            Some((scheme, rest)) => {
                self.https = scheme.eq_ignore_ascii_case("https");
                rest
            }
            None => url,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
        self.authority = authority.to_owned();
        let otherwise = if self.https { 443 } else { 80 };
        let (host, port) = match authority.strip_prefix('[').and_then(|a| a.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        self.host = host.to_owned();
        self.port = port.map_or(otherwise, |p| p.parse().unwrap_or(otherwise));
        let tail = tail.split('#').next().unwrap_or_default();
        self.path = match tail.starts_with('/') {
            true => tail.to_owned(),
            false => format!("/{tail}"),
        };
    }
}

impl Shell {
    pub(super) fn fetch(&mut self, curl: bool, args: &[Rc<str>], m: &mut dyn Machine) -> Outcome {
        let mut fetch = Fetch::new(curl, m.now());
        let url = fetch.read(args);
        if url.is_empty() {
            let text = match curl {
                true => "curl: (2) no URL specified\n",
                false => "wget: missing URL\n",
            };
            self.print(2, text, m);
            return Outcome::Status(if curl { 2 } else { 1 });
        }
        fetch.aim(&url);
        if let Some(file) = fetch.body.strip_prefix('@') {
            let text = m.read(&absolute(&self.folder, file));
            fetch.body = text.map(|t| t.to_string()).unwrap_or_default();
        }
        if fetch.method.is_empty() {
            let method = match (fetch.body.is_empty(), fetch.head || fetch.spider) {
                (false, _) => "POST",
                (true, true) => "HEAD",
                (true, false) => "GET",
            };
            fetch.method = method.to_owned();
        }
        if fetch.host_header.is_empty() {
            fetch.host_header.clone_from(&fetch.authority);
        }
        let start = format!("{}:{}:", fetch.host, fetch.port);
        let given = fetch.resolved.iter().find_map(|r| r.strip_prefix(&start));
        let ask = Ask {
            host: given.unwrap_or(&fetch.host).to_owned(),
            port: fetch.port,
            path: fetch.path.clone(),
            method: fetch.method.clone(),
            host_header: fetch.host_header.clone(),
            token: fetch.token.clone(),
            body: fetch.body.as_str().into(),
            timeout: fetch.timeout,
        };
        self.ask(Plan::Fetch(Box::new(fetch)), ask, m)
    }

    pub(super) fn fetched(&mut self, fetch: &Fetch, ending: Ending, m: &mut dyn Machine) -> i32 {
        let (status, headers, body) = match ending {
            Ending::Answer {
                status,
                headers,
                body,
            } => (status, headers, body),
            ending => return self.not_fetched(fetch, &ending, m),
        };
        if fetch.https && !speaks_tls(&headers) {
            return self.complains(
                fetch,
                35,
                "TLS connect error: error:0A0000C6:SSL routines::packet length too long",
                m,
            );
        }
        if fetch.https && fetch.curl && !fetch.trusts {
            return self.complains(
                fetch,
                60,
                "SSL certificate problem: unable to get local issuer certificate",
                m,
            );
        }
        let host = fetch.authority.clone();
        if status >= 400 && fetch.fails {
            let reason = reason(status);
            return match fetch.curl {
                true => {
                    let text = format!("The requested URL returned error: {status}");
                    self.complains(fetch, 22, &text, m)
                }
                false => {
                    if !fetch.quiet {
                        self.print(2, &format!("Connecting to {host}\n"), m);
                    }
                    let text = format!("server returned error: HTTP/1.1 {status} {reason}");
                    self.complains(fetch, 1, &text, m)
                }
            };
        }
        let mut lines = format!("HTTP/1.1 {status} {}\r\n", reason(status));
        for (name, value) in &headers {
            lines.push_str(&format!("{name}: {value}\r\n"));
        }
        lines.push_str("\r\n");
        let mut text = String::new();
        if fetch.head || fetch.with_headers {
            text.push_str(&lines);
        }
        if !fetch.head && !fetch.spider {
            text.push_str(&body);
        }
        if fetch.curl && fetch.verbose {
            let said = format!(
                "* Connected to {} port {}\n> {} {} HTTP/1.1\n> Host: {}\n> User-Agent: curl/8.14.1\n> Accept: */*\n> \n{}",
                fetch.host,
                fetch.port,
                fetch.method,
                fetch.path,
                fetch.host_header,
                lines
                    .lines()
                    .map(|l| format!("< {l}\n"))
                    .collect::<String>()
            );
            self.print(2, &said, m);
        }
        let last = fetch.path.split('?').next().unwrap_or_default();
        let last = last.rsplit('/').next().unwrap_or_default();
        let last = if last.is_empty() { "index.html" } else { last };
        let target = match (&fetch.target, fetch.curl) {
            (Some(name), _) if name.is_empty() => Some(last),
            (Some(name), _) => Some(name.as_str()).filter(|n| *n != "-"),
            (None, true) => None,
            (None, false) => Some(last),
        };
        if !fetch.curl && !fetch.quiet {
            let name = target.unwrap_or("-");
            let (saving, saved) = match target {
                Some(name) => (format!("saving to '{name}'"), format!("'{name}' saved")),
                None => (
                    "writing to stdout".to_owned(),
                    "written to stdout".to_owned(),
                ),
            };
            let stars = "*".repeat(32);
            let said = match fetch.spider {
                true => format!("Connecting to {host}\nremote file exists\n"),
                false => format!(
                    "Connecting to {host}\n{saving}\n{name:<20} 100% |{stars}| {:>5}  0:00:00 ETA\n{saved}\n",
                    body.len()
                ),
            };
            self.print(2, &said, m);
        }
        match target {
            _ if fetch.spider => {}
            None => self.print(1, &text, m),
            Some("/dev/null") => {}
            Some(name) => {
                let path = absolute(&self.folder, name);
                if let Err(error) = m.write(&path, &text, false) {
                    let text = format!("can't open '{name}': {}", error.text());
                    return self.complains(fetch, if fetch.curl { 23 } else { 1 }, &text, m);
                }
            }
        }
        self.write_out(fetch, status, m);
        0
    }

    /// What curl's `-w` asks for.
    fn write_out(&mut self, fetch: &Fetch, status: u16, m: &mut dyn Machine) {
        let Some(format) = &fetch.format else { return };
        let took = m.now().since(fetch.began);
        let text = format
            .replace("%{http_code}", &format!("{status:03}"))
            .replace("%{response_code}", &format!("{status:03}"))
            .replace("%{time_total}", &format!("{:.6}", took.as_secs_f64()))
            .replace("\\n", "\n")
            .replace("\\t", "\t");
        self.print(1, &text, m);
    }

    fn not_fetched(&mut self, fetch: &Fetch, ending: &Ending, m: &mut dyn Machine) -> i32 {
        let (host, port) = (&fetch.host, fetch.port);
        let took = m.now().since(fetch.began);
        let millis = took.as_millis();
        let (code, text) = match (ending, fetch.curl) {
            (Ending::NoSuchName, true) => (6, format!("Could not resolve host: {host}")),
            (Ending::NoResolver, true) => (
                28,
                format!("Resolving timed out after {millis} milliseconds"),
            ),
            (Ending::NoSuchName | Ending::NoResolver, false) => {
                (1, format!("bad address '{}'", fetch.authority))
            }
            (Ending::Refused, true) => (
                7,
                format!(
                    "Failed to connect to {host} port {port} after {millis} ms: Could not connect to server"
                ),
            ),
            (Ending::Refused, false) => (
                1,
                format!("can't connect to remote host ({host}): Connection refused"),
            ),
            (Ending::Reset, true) => (56, "Recv failure: Connection reset by peer".to_owned()),
            (Ending::Reset, false) => (
                1,
                "error getting response: Connection reset by peer".to_owned(),
            ),
            (Ending::Unreachable, true) => (
                7,
                format!(
                    "Failed to connect to {host} port {port} after {millis} ms: No route to host"
                ),
            ),
            (Ending::Unreachable, false) => (
                1,
                format!("can't connect to remote host ({host}): Host is unreachable"),
            ),
            (_, true) if took < secs(120) => (
                28,
                format!("Connection timed out after {millis} milliseconds"),
            ),
            (_, true) => (
                28,
                format!(
                    "Failed to connect to {host} port {port} after {millis} ms: Could not connect to server"
                ),
            ),
            (_, false) => (1, "download timed out".to_owned()),
        };
        let status = self.complains(fetch, code, &text, m);
        if fetch.curl {
            self.write_out(fetch, 0, m);
        }
        status
    }

    fn complains(&mut self, fetch: &Fetch, code: i32, text: &str, m: &mut dyn Machine) -> i32 {
        match fetch.curl {
            true if fetch.quiet && !fetch.shows_errors => {}
            true => self.print(2, &format!("curl: ({code}) {text}\n"), m),
            // busybox has its errors even when it is quiet.
            false => self.print(2, &format!("wget: {text}\n"), m),
        }
        if fetch.curl { code } else { 1 }
    }
}

/// Of what runs in the cluster only the API server does.
fn speaks_tls(headers: &[(Rc<str>, Rc<str>)]) -> bool {
    headers
        .iter()
        .any(|(name, value)| &**name == "Server" && value.starts_with("kube-apiserver"))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}
