//! `curl`, and the `wget` of busybox.

use std::rc::Rc;
use std::time::Duration;

use super::Machine;
use super::network::Plan;
use super::run::{Outcome, Shell};
use crate::api::rfc3339;
use crate::api::url::escaped;
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
    /// `-G`: what is sent goes into the address.
    asks: bool,
    /// wget's `-S`.
    shows_answer: bool,
    /// wget's `-P`.
    folder: String,
    url: String,
    /// An option that there is not.
    unknown: Option<String>,
    version: bool,
    began: Time,
}

/// Letters of curl and of wget that take a value.
const CURL_VALUES: &str = "omHXdwTAuebFxcKECDrtyYzPQU";
const WGET_VALUES: &str = "OTtUPoYwe";
/// Long options that take a value, of both.
const LONG_VALUES: &str = " output max-time header request data data-raw data-binary data-urlencode \
    data-ascii json write-out connect-timeout cacert capath cert cert-type key key-type user-agent user retry \
    retry-delay retry-max-time resolve connect-to cookie cookie-jar referer form form-string range url proxy \
    proxy-user noproxy interface max-redirs max-filesize limit-rate config dns-servers tls-max ciphers \
    unix-socket oauth2-bearer local-port keepalive-time speed-limit speed-time upload-file stderr trace \
    trace-ascii output-dir dump-header time-cond post-data post-file output-document timeout tries quota wait ";
/// Long options of curl that take none.
const LONG_SWITCHES: &str = " silent show-error fail fail-with-body insecure head include verbose remote-name \
    location location-trusted compressed get http1.0 http1.1 http2 http2-prior-knowledge http3 ipv4 ipv6 \
    no-progress-meter progress-bar no-buffer retry-connrefused retry-all-errors globoff path-as-is create-dirs \
    remote-header-name tcp-nodelay tcp-fastopen tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 ssl ssl-reqd parallel next \
    anyauth basic digest negotiate ntlm no-keepalive fail-early raw junk-session-cookies haproxy-protocol \
    http0.9 no-sessionid trace-time disable cert-status use-ascii append list-only remote-time netrc post301 ";
const CURL_SWITCHES: &str = "sSfkIivOLG#46gNjJnlapqRBMVZ0123";
const TRY: &str = "curl: try 'curl --help' or 'curl --manual' for more information";

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
            asks: false,
            shows_answer: false,
            folder: String::new(),
            url: String::new(),
            unknown: None,
            version: false,
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
            "d" | "data" | "data-raw" | "data-binary" | "data-ascii" | "json" | "post-data"
            | "data-urlencode" => {
                let value = match (name, value.split_once('=')) {
                    ("data-urlencode", Some((key, text))) => format!("{key}={}", escaped(text, "")),
                    ("data-urlencode", None) => escaped(value, ""),
                    _ => value.to_owned(),
                };
                // Several are joined.
                if !self.body.is_empty() && name != "json" {
                    self.body.push('&');
                }
                self.body.push_str(&value);
            }
            "post-file" => self.body = format!("@{value}"),
            "P" => self.folder = value.to_owned(),
            "url" => self.url = value.to_owned(),
            "oauth2-bearer" => self.token = value.into(),
            "A" | "user-agent" | "U" => {}
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
            ("G" | "get", true) => self.asks = true,
            ("V" | "version", true) => self.version = true,
            ("spider", false) => self.spider = true,
            ("S" | "server-response", false) => self.shows_answer = true,
            (letter, true) if CURL_SWITCHES.contains(letter) => {}
            (letter, true) if letter.chars().count() == 1 => {
                self.unknown = Some(format!("-{letter}"));
            }
            (long, true) => {
                let plain = long.strip_prefix("no-").unwrap_or(long);
                let known = |name: &str| LONG_SWITCHES.contains(&format!(" {name} "));
                if !known(long) && !known(plain) {
                    self.unknown = Some(format!("--{long}"));
                }
            }
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
                    None if LONG_VALUES.contains(&format!(" {long} ")) => {
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
        let mut url = fetch.read(args);
        if url.is_empty() {
            url = std::mem::take(&mut fetch.url);
        }
        if let Some(option) = &fetch.unknown {
            self.print(2, &format!("curl: option {option}: is unknown\n{TRY}\n"), m);
            return Outcome::Status(2);
        }
        if fetch.version {
            self.print(1, "curl 8.14.1 (x86_64-pc-linux-gnu) libcurl/8.14.1 OpenSSL/3.5.4 zlib/1.3.1\nRelease-Date: 2025-06-04\nProtocols: file http https\nFeatures: IPv6 SSL libz\n", m);
            return Outcome::Status(0);
        }
        if url.is_empty() {
            let text = match curl {
                true => format!("curl: (2) no URL specified\n{TRY}\n"),
                false => "wget: missing URL\n".to_owned(),
            };
            self.print(2, &text, m);
            return Outcome::Status(if curl { 2 } else { 1 });
        }
        fetch.url.clone_from(&url);
        fetch.aim(&url);
        if fetch.asks && !fetch.body.is_empty() {
            let sign = if fetch.path.contains('?') { '&' } else { '?' };
            fetch.path = format!("{}{sign}{}", fetch.path, std::mem::take(&mut fetch.body));
        }
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
        let host = connection(fetch, m);
        let lines_of = |lines: &[(Rc<str>, Rc<str>)]| {
            let lines = lines
                .iter()
                .map(|(name, value)| format!("  {name}: {value}\n"));
            format!(
                "  HTTP/1.1 {status} {}\n{}",
                reason(status),
                lines.collect::<String>()
            )
        };
        let told = match fetch.shows_answer {
            true => lines_of(&headers),
            false => String::new(),
        };
        if status >= 400 && fetch.fails {
            let reason = reason(status);
            return match fetch.curl {
                true => {
                    let text = format!("The requested URL returned error: {status}");
                    self.complains(fetch, 22, &text, m)
                }
                false => {
                    if !fetch.quiet {
                        self.print(2, &format!("Connecting to {host}\n{told}"), m);
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
        let inside = match fetch.folder.trim_end_matches('/') {
            "" => last.to_owned(),
            folder => format!("{folder}/{last}"),
        };
        let last = inside.as_str();
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
                true => format!("Connecting to {host}\n{told}remote file exists\n"),
                false => format!(
                    "Connecting to {host}\n{told}{saving}\n{name:<20} 100% |{stars}| {:>5}  0:00:00 ETA\n{saved}\n",
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
        let type_ = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let type_ = type_.map_or("", |(_, value)| &**value);
        self.write_out(fetch, status, (text.len(), type_, 0), m);
        0
    }

    /// What curl's `-w` asks for; `got` is the size and the type of what came, and the exit code.
    fn write_out(
        &mut self,
        fetch: &Fetch,
        status: u16,
        got: (usize, &str, i32),
        m: &mut dyn Machine,
    ) {
        let Some(format) = &fetch.format else { return };
        let took = m.now().since(fetch.began).as_secs_f64();
        let connected = if status > 0 { took } else { 0.0 };
        let address = match status {
            0 => String::new(),
            _ => addresses(&fetch.host, m),
        };
        let (size, type_, code) = got;
        let value = |name: &str| {
            Some(match name {
                "http_code" | "response_code" => format!("{status:03}"),
                "time_total" => format!("{took:.6}"),
                "time_namelookup" | "time_connect" | "time_appconnect" if !fetch.https => {
                    match name {
                        "time_appconnect" => "0.000000".to_owned(),
                        _ => format!("{:.6}", connected / 2.0),
                    }
                }
                "time_starttransfer" | "time_namelookup" | "time_connect" | "time_appconnect"
                | "time_pretransfer" => format!("{connected:.6}"),
                "time_redirect" => "0.000000".to_owned(),
                "size_download" => size.to_string(),
                "size_upload" => fetch.body.len().to_string(),
                "remote_ip" => address.clone(),
                "remote_port" => fetch.port.to_string(),
                "url" => fetch.url.clone(),
                "url_effective" => {
                    let scheme = if fetch.https { "https" } else { "http" };
                    format!("{scheme}://{}{}", fetch.authority, fetch.path)
                }
                "content_type" => type_.to_owned(),
                "num_redirects" => "0".to_owned(),
                "num_connects" => u8::from(status > 0).to_string(),
                "http_version" => if status > 0 { "1.1" } else { "0" }.to_owned(),
                "method" => fetch.method.clone(),
                "scheme" => if fetch.https { "https" } else { "http" }.to_owned(),
                "exitcode" => code.to_string(),
                "errormsg" | "redirect_url" => String::new(),
                _ => return None,
            })
        };
        let mut text = String::new();
        let mut rest = format.as_str();
        while let Some((before, behind)) = rest.split_once('%') {
            text.push_str(before);
            let named = behind.strip_prefix('{').and_then(|b| b.split_once('}'));
            rest = match (named, behind.strip_prefix('%')) {
                (_, Some(behind)) => {
                    text.push('%');
                    behind
                }
                (Some((name, behind)), _) => {
                    match value(name) {
                        Some(value) => text.push_str(&value),
                        None => {
                            let warning = format!("curl: unknown --write-out variable: '{name}'\n");
                            self.print(2, &warning, m);
                        }
                    }
                    behind
                }
                (None, None) => {
                    text.push('%');
                    behind
                }
            };
        }
        text.push_str(rest);
        let text = text.replace("\\n", "\n").replace("\\t", "\t");
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
            self.write_out(fetch, 0, (0, "", status), m);
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

/// The first address of a host, as far as the machine knows.
fn addresses(host: &str, m: &dyn Machine) -> String {
    let all = m.resolve(host).unwrap_or_default();
    all.into_iter().next().unwrap_or_else(|| host.to_owned())
}

/// Host, address and port, as busybox's wget tells of them.
fn connection(fetch: &Fetch, m: &dyn Machine) -> String {
    let authority = &fetch.authority;
    format!("{authority} ({}:{})", addresses(&fetch.host, m), fetch.port)
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
