//! `curl`, for requests into the cluster: services by name, address or node port.

use std::time::Duration;

use super::super::state::{Io, Shell};
use super::fail;
use crate::api::rfc3339::parse_go_duration;
use crate::apiserver::Request;
use crate::apiserver::request::Credentials;
use crate::kubectl::cmd::proxy::{self, Proxy};
use crate::kubectl::host::{HttpAnswer, HttpCall, HttpFailure};
use crate::kubectl::upstream::Answer;

pub async fn curl(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut call = HttpCall {
        namespace: shell.state.borrow().namespace.clone(),
        method: "GET".to_owned(),
        host: String::new(),
        port: 80,
        path: "/".to_owned(),
        headers: Vec::new(),
        body: String::new(),
        timeout: None,
    };
    let (mut silent, mut show_errors, mut headers_only, mut headers_too, mut fail_on_error) =
        (false, false, false, false, false);
    let (mut in_address, mut to_file) = (false, false);
    let mut format = String::new();
    let mut output = None;
    let mut url = None;
    // `--resolve host:port:address`
    let mut resolved: Vec<&str> = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--resolve" {
            match words.next() {
                Some(entry) => resolved.push(entry),
                None => return fail(io, "curl: option --resolve: requires parameter", 2),
            }
            continue;
        }
        let Some(letters) = word.strip_prefix('-').filter(|l| !l.is_empty()) else {
            url = Some(word.as_str());
            continue;
        };
        let long = match letters.strip_prefix('-') {
            Some("silent") => "s",
            Some("show-error") => "S",
            Some("head") => "I",
            Some("include") => "i",
            Some("fail") => "f",
            Some("request") => "X",
            Some("header") => "H",
            Some("data" | "data-raw" | "data-binary" | "data-ascii") => "d",
            Some("json") => {
                for name in ["Content-Type", "Accept"] {
                    call.headers
                        .push((name.to_owned(), "application/json".to_owned()));
                }
                "d"
            }
            Some("get") => "G",
            Some("remote-name") => "O",
            Some("user-agent") => "A",
            Some("user") => "u",
            Some("cookie") => "b",
            Some("referer") => "e",
            // What makes no difference on this network.
            Some(
                "retry" | "retry-delay" | "retry-max-time" | "cacert" | "cert" | "key"
                | "max-redirs" | "limit-rate" | "noproxy" | "proxy",
            ) => "E",
            Some(
                "compressed" | "no-progress-meter" | "progress-bar" | "no-buffer" | "ipv4" | "ipv6"
                | "http1.1" | "http2" | "retry-connrefused" | "retry-all-errors" | "globoff",
            ) => "N",
            Some("max-time" | "connect-timeout") => "m",
            Some("write-out") => "w",
            Some("output") => "o",
            Some("verbose") => "v",
            Some("location") => "L",
            Some("insecure") => "k",
            Some(other) => return fail(io, &format!("curl: option --{other}: is unknown"), 2),
            None => letters,
        };
        for (i, letter) in long.char_indices() {
            match letter {
                's' => silent = true,
                'S' => show_errors = true,
                'I' => {
                    headers_only = true;
                    call.method = "HEAD".to_owned();
                }
                'i' | 'v' => headers_too = true,
                'f' => fail_on_error = true,
                'L' | 'k' | 'N' | '#' | '4' | '6' | 'g' => {}
                'G' => in_address = true,
                'O' => to_file = true,
                'X' | 'H' | 'd' | 'm' | 'w' | 'o' | 'A' | 'u' | 'b' | 'e' | 'E' => {
                    let inline = long.get(i + 1..).unwrap_or_default();
                    let value = match inline {
                        "" => words.next().map(String::as_str),
                        inline => Some(inline),
                    };
                    let Some(value) = value else {
                        let text = format!("curl: option -{letter}: requires parameter");
                        return fail(io, &text, 2);
                    };
                    match letter {
                        'X' => call.method = value.to_owned(),
                        'H' => {
                            let (name, text) = value.split_once(':').unwrap_or((value, ""));
                            call.headers
                                .push((name.trim().to_owned(), text.trim().to_owned()));
                        }
                        'A' => call
                            .headers
                            .push(("User-Agent".to_owned(), value.to_owned())),
                        'b' => call.headers.push(("Cookie".to_owned(), value.to_owned())),
                        'u' => {
                            let basic = crate::api::base64::encode(value.as_bytes());
                            let value = format!("Basic {basic}");
                            call.headers.push(("Authorization".to_owned(), value));
                        }
                        'e' | 'E' => {}
                        'd' => {
                            if !call.body.is_empty() {
                                call.body.push('&');
                            }
                            let file = value.strip_prefix('@').map(|name| shell.read_file(name));
                            match file {
                                None => call.body.push_str(value),
                                Some(Some(text)) => call.body.push_str(text.trim_end_matches('\n')),
                                Some(None) => {
                                    return fail(
                                        io,
                                        "curl: option -d: error encountered when reading a file",
                                        26,
                                    );
                                }
                            }
                            if call.method == "GET" {
                                call.method = "POST".to_owned();
                            }
                        }
                        'm' => match parse_go_duration(&format!("{value}s")) {
                            Ok(nanos) => {
                                call.timeout = Some(Duration::from_nanos(nanos.max(0) as u64))
                            }
                            Err(_) => {
                                let text = format!(
                                    "curl: option -m: expected a proper numerical parameter: {value}"
                                );
                                return fail(io, &text, 2);
                            }
                        },
                        'w' => format = value.to_owned(),
                        _ => output = Some(value.to_owned()),
                    }
                    break;
                }
                other => return fail(io, &format!("curl: option -{other}: is unknown"), 2),
            }
        }
    }
    let Some(url) = url else {
        return fail(io, "curl: (2) no URL specified", 2);
    };
    let mut whole = url.to_owned();
    if in_address {
        call.method = if headers_only { "HEAD" } else { "GET" }.to_owned();
        let sign = if url.contains('?') { '&' } else { '?' };
        whole = format!("{url}{sign}{}", std::mem::take(&mut call.body));
    }
    let url = whole.as_str();
    if to_file {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let name = path.trim_end_matches('/').rsplit('/').next();
        output = Some(name.unwrap_or_default().to_owned());
    }
    let begun = shell.world.now();
    let say = |code: i32, http: u16, message: String| {
        if !silent || show_errors {
            io.err.line(&format!("curl: ({code}) {message}"));
        }
        let took = shell.world.now().since(begun);
        io.out
            .write(&filled(&format, http, took, (0, "", code), url));
        code
    };
    let complain = |code: i32, message: String| say(code, 0, message);
    let show = |version: &str, answer: HttpAnswer| {
        if fail_on_error && answer.code >= 400 {
            let message = format!("The requested URL returned error: {}", answer.code);
            return say(22, answer.code, message);
        }
        let mut text = String::new();
        if headers_only || headers_too {
            // The second version has no words for its codes.
            let words = match version {
                "HTTP/2" => "",
                _ => reason(answer.code),
            };
            let first = format!("{version} {} {words}", answer.code);
            text.push_str(first.trim_end());
            text.push('\n');
            let now = i64::try_from(shell.world.now().0).unwrap_or_default();
            let date = crate::api::rfc3339::format_rfc1123(now).replace("+0000", "GMT");
            let dated = answer
                .headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("date"));
            for (name, value) in &answer.headers {
                text.push_str(&format!("{name}: {value}\n"));
                // Servers say when they answered.
                if name.eq_ignore_ascii_case("server") && !dated {
                    text.push_str(&format!("Date: {date}\n"));
                }
            }
            text.push('\n');
        }
        if !headers_only {
            text.push_str(&answer.body);
        }
        match output.as_deref() {
            None | Some("-") => io.out.write(&text),
            Some("/dev/null") => {}
            Some(name) => shell.world.host.write_file(name, &text),
        }
        let took = shell.world.now().since(begun);
        let mut headers = answer.headers.iter();
        let type_ = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let type_ = type_.map_or("", |(_, value)| value.as_str());
        let got = (answer.body.len(), type_, 0);
        io.out.write(&filled(&format, answer.code, took, got, url));
        0
    };
    let server = shell.world.host.server();
    if let Some(rest) = url.strip_prefix(server.as_str())
        && (rest.is_empty() || rest.starts_with(['/', '?']))
    {
        let answer = HttpAnswer::from(ask_api(shell, &call, rest).await);
        return show("HTTP/2", answer);
    }
    if let Err((code, message)) = place(url, &mut call) {
        return complain(code, message);
    }
    let given = resolved.iter().find_map(|entry| {
        let (host, rest) = entry.trim_start_matches('+').split_once(':')?;
        let (port, address) = rest.split_once(':')?;
        let fits = host.eq_ignore_ascii_case(&call.host) || host == "*";
        (fits && port == call.port.to_string()).then(|| address.to_owned())
    });
    if let Some(address) = given {
        let named = |(name, _): &(String, String)| name.eq_ignore_ascii_case("host");
        if !call.headers.iter().any(named) {
            let authority = match call.port {
                80 => call.host.clone(),
                port => format!("{}:{port}", call.host),
            };
            call.headers.push(("Host".to_owned(), authority));
        }
        call.host = address;
    }
    let started = shell.world.now();
    let here = matches!(
        call.host.as_str(),
        "localhost" | "127.0.0.1" | "[::1]" | "0.0.0.0"
    );
    let mut forwarded = None;
    if here {
        let at = |p: &&Proxy| p.port == call.port;
        let proxy = shell.state.borrow().proxies.iter().find(at).cloned();
        if let Some(proxy) = proxy {
            let answer = HttpAnswer::from(proxy.answer(shell, &call).await);
            return show("HTTP/1.1", answer);
        }
        let state = &mut *shell.state.borrow_mut();
        let Some(forward) = state.forwards.iter_mut().find(|f| f.port == call.port) else {
            let (host, port) = (&call.host, call.port);
            return complain(
                7,
                format!(
                    "Failed to connect to {host} port {port} after 0 ms: Could not connect to server"
                ),
            );
        };
        forward.connections += 1;
        forwarded = Some((forward.number, forward.port));
        if !call
            .headers
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case("host"))
        {
            let host = format!("{}:{}", call.host, call.port);
            call.headers.push(("Host".to_owned(), host));
        }
        call.host.clone_from(&forward.host);
        call.port = forward.to;
    }
    let (host, port, timeout) = (call.host.clone(), call.port, call.timeout);
    let deadline = timeout.map(|t| started + t);
    let answer = shell
        .world
        .before(deadline, shell.world.host.http(call))
        .await
        .unwrap_or(Err(HttpFailure::TimedOut));
    let took = shell.world.now().since(started);
    if let (Some((number, port)), Err(HttpFailure::Refused | HttpFailure::Reset)) =
        (forwarded, &answer)
    {
        let state = &mut *shell.state.borrow_mut();
        let forwards = state.forwards.iter_mut();
        for forward in forwards.filter(|f| f.number == number && f.port == port) {
            forward.refused += 1;
        }
        return complain(52, "Empty reply from server".to_owned());
    }
    match answer {
        Ok(answer) => show("HTTP/1.1", answer),
        Err(HttpFailure::Unresolved) => complain(6, format!("Could not resolve host: {host}")),
        Err(HttpFailure::Refused) => complain(
            7,
            format!(
                "Failed to connect to {host} port {port} after {} ms: Could not connect to server",
                took.as_millis()
            ),
        ),
        Err(HttpFailure::Reset) => {
            complain(56, "Recv failure: Connection reset by peer".to_owned())
        }
        Err(HttpFailure::TimedOut) => complain(
            28,
            format!(
                "Operation timed out after {} milliseconds with 0 bytes received",
                took.as_millis()
            ),
        ),
    }
}

/// What `-w` asks for; `got` is the size and the type of what came, and the exit code.
fn filled(format: &str, http: u16, took: Duration, got: (usize, &str, i32), url: &str) -> String {
    let seconds = format!("{}.{:06}", took.as_secs(), took.subsec_micros());
    let (size, type_, code) = got;
    let mut text = String::new();
    let mut rest = format;
    while let Some((before, behind)) = rest.split_once('%') {
        text.push_str(before);
        let Some((name, after)) = behind.strip_prefix('{').and_then(|b| b.split_once('}')) else {
            text.push('%');
            rest = behind.strip_prefix('%').unwrap_or(behind);
            continue;
        };
        rest = after;
        match name {
            "http_code" | "response_code" => text.push_str(&format!("{http:03}")),
            "size_download" => text.push_str(&size.to_string()),
            "content_type" => text.push_str(type_),
            "exitcode" => text.push_str(&code.to_string()),
            "num_redirects" => text.push('0'),
            "url" | "url_effective" => match url.contains("://") {
                true => text.push_str(url),
                false => text.push_str(&format!("http://{url}/")),
            },
            name if name.starts_with("time_") => text.push_str(&seconds),
            _ => {}
        }
    }
    text.push_str(rest);
    text.replace("\\n", "\n").replace("\\t", "\t")
}

/// Asks the API server as a client without a certificate.
async fn ask_api(shell: &Shell, call: &HttpCall, rest: &str) -> Answer {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = if path.is_empty() { "/" } else { path };
    let mut request = Request::new(proxy::method(&call.method), path);
    request.user_agent = "curl/8.5.0".to_owned();
    request.credentials = Credentials::Anonymous;
    for (name, value) in &call.headers {
        if name.eq_ignore_ascii_case("authorization")
            && let Some(token) = value.strip_prefix("Bearer ")
        {
            request.credentials = Credentials::Token(token.trim().to_owned());
        }
    }
    proxy::ask(shell, request, query, call).await
}

/// Reads host, port and path out of a URL.
fn place(url: &str, call: &mut HttpCall) -> Result<(), (i32, String)> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    if scheme != "http" {
        return Err((
            1,
            format!("Protocol \"{scheme}\" not supported: the simulated network speaks http"),
        ));
    }
    let (authority, path) = match rest.find(['/', '?']) {
        Some(i) => rest.split_at(i),
        None => (rest, "/"),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => {
            let bad = || {
                (
                    3,
                    format!(
                        "URL rejected: Port number was not a decimal number between 0 and 65535: {port}"
                    ),
                )
            };
            (host, port.parse().map_err(|_| bad())?)
        }
        None => (authority, 80),
    };
    if host.is_empty() {
        return Err((3, "URL rejected: No host part in the URL".to_owned()));
    }
    call.host = host.to_owned();
    call.port = port;
    call.path = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/{path}"),
    };
    Ok(())
}

/// The words of a status code.
pub fn reason(code: u16) -> &'static str {
    match code {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        409 => "Conflict",
        422 => "Unprocessable Entity",
        403 => "Forbidden",
        404 => "Not Found",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
