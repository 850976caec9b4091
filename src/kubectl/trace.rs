//! What `-v=6` and higher show of each request.
//! Models `k8s.io/client-go/transport/round_trippers.go`.

use super::kube::Kube;
use crate::api::rfc3339::format_time;
use crate::apiserver::{Body, Request, Response};
use crate::sim::Time;

/// The number of the process, which stands in every line.
const PROCESS: u32 = 4242;

/// How a line of the client's log begins: severity, date, time, process, place.
pub fn head(now: Time, severity: char, place: &str) -> String {
    let stamp = format_time(now.0 as i64);
    let part = |from: usize, to: usize| stamp.get(from..to).unwrap_or_default();
    format!(
        "{severity}{}{} {}.{:06} {PROCESS:7} {place}]",
        part(5, 7),
        part(8, 10),
        part(11, 19),
        now.0 / 1000 % 1_000_000
    )
}

fn url(kube: &Kube, request: &Request) -> String {
    let mut url = kube.shell.world.host.server() + &request.path;
    for (i, (name, value)) in request.query.iter().enumerate() {
        url.push(if i == 0 { '?' } else { '&' });
        url.push_str(name);
        url.push('=');
        url.push_str(&crate::api::url::escaped(value, ""));
    }
    url
}

fn body_text(body: &Body) -> String {
    match body {
        Body::Json(value) => crate::api::json::go_json(value),
        Body::Text(text) => text.clone(),
        Body::Empty => String::new(),
    }
}

/// The request as a command line.
fn curl(kube: &Kube, request: &Request) -> String {
    let mut line = format!("curl -v -X{}", request.method.name());
    let mut headers = vec![format!("Accept: {}", accepted(request))];
    if !matches!(request.body, Body::Empty) {
        let kind = match request.content_type {
            "" => "application/json",
            kind => kind,
        };
        headers.push(format!("Content-Type: {kind}"));
    }
    headers.push("User-Agent: kubectl/v1.36.2 (linux/amd64) kubernetes/kubarium".to_owned());
    for header in headers {
        line.push_str(&format!("  -H \"{header}\""));
    }
    line + &format!(" '{}'", url(kube, request))
}

/// How much is to be shown.
pub fn level(kube: &Kube) -> i64 {
    kube.flags.int("v").unwrap_or(0)
}

/// Says where the configuration came from, once.
pub fn begun(kube: &Kube) {
    if level(kube) >= 6 {
        let head = head(kube.now(), 'I', "loader.go:402");
        for file in &kube.loaded.files {
            kube.warn(&format!("{head} Config loaded from file:  {file}"));
        }
    }
}

/// What the client takes: a table, or else the object.
fn accepted(request: &Request) -> String {
    match request.accept {
        "" => "application/json".to_owned(),
        accept if accept.contains("as=Table") => format!("{accept},application/json"),
        accept => accept.to_owned(),
    }
}

/// Shows a request that is about to be sent; what is needed to show its answer.
pub fn sent(kube: &Kube, request: &Request) -> String {
    let verb = request.method.name();
    if level(kube) >= 9 {
        let head = head(kube.now(), 'I', "round_trippers.go:517");
        kube.warn(&format!(
            "{head} \"Request\" curlCommand=<\n\t{}\n >",
            curl(kube, request)
        ));
    }
    let about = format!("verb=\"{verb}\" url=\"{}\"", url(kube, request));
    if level(kube) >= 8 && !matches!(request.body, Body::Empty) {
        let head = head(kube.now(), 'I', "request.go:1285");
        let body = match &request.body {
            // What a command makes, it writes as its types stand.
            Body::Json(value) if super::printers::is_typed(kube) => {
                super::printers::order::json(value, None)
            }
            body => body_text(body),
        };
        kube.warn(&format!("{head} \"Request Body\" body={body}"));
    }
    if level(kube) >= 7 {
        let mut headers = format!("\tAccept: {}\n", accepted(request));
        if !matches!(request.body, Body::Empty) {
            let kind = match request.content_type {
                "" => "application/json",
                kind => kind,
            };
            headers.push_str(&format!("\tContent-Type: {kind}\n"));
        }
        headers.push_str("\tUser-Agent: kubectl/v1.36.2 (linux/amd64) kubernetes/kubarium\n");
        let head = head(kube.now(), 'I', "round_trippers.go:527");
        kube.warn(&format!(
            "{head} \"Request\" {about} headers=<\n{headers} >"
        ));
    }
    about
}

/// The headers of an answer, in order.
fn answered(kube: &Kube, about: &str, length: usize) -> String {
    // Every request has an id of its own; priority levels have theirs for good.
    let id = |salt: u64, text: &str| {
        let half = |salt| crate::sim::hash_bytes(salt, text.as_bytes());
        let (a, b) = (half(salt), half(salt + 1));
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            (b >> 48) & 0xfff,
            b & 0xffff_ffff_ffff
        )
    };
    let now = i64::try_from(kube.now().0).unwrap_or_default();
    let date = crate::api::rfc3339::format_rfc1123(now).replace("+0000", "GMT");
    let audit = id(1, &format!("{about}{now}"));
    let (schema, level) = (id(3, "flow schema"), id(5, "priority level"));
    format!(
        " headers=<\n\tAudit-Id: {audit}\n\tCache-Control: no-cache, private\n\tContent-Length: {length}\n\tContent-Type: application/json\n\tDate: {date}\n\tX-Kubernetes-Pf-Flowschema-Uid: {schema}\n\tX-Kubernetes-Pf-Prioritylevel-Uid: {level}\n >"
    )
}

/// Shows an answer.
pub fn received(kube: &Kube, about: &str, begun: Time, response: &Response) {
    let status = match response.code {
        200 => "200 OK".to_owned(),
        201 => "201 Created".to_owned(),
        code => {
            let words = crate::kubectl::shell::reason(code);
            format!("{code} {words}")
        }
    };
    let took = kube.now().since(begun).as_millis();
    let headers = match level(kube) >= 8 {
        true => answered(kube, about, body_text(&response.body).len()),
        false => String::new(),
    };
    let head = head(kube.now(), 'I', "round_trippers.go:632");
    kube.warn(&format!(
        "{head} \"Response\" {about} status=\"{status}\"{headers} milliseconds={took}"
    ));
    if level(kube) >= 8 {
        let head = self::head(kube.now(), 'I', "request.go:1285");
        let body = body_text(&response.body);
        kube.warn(&format!("{head} \"Response Body\" body={body}"));
    }
}
