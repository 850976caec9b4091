//! Where an ingress controller sends a request: the routing of ingress-nginx.
//!
//! A cluster has no such controller until somebody installs one, as in reality. Every pod of the
//! image `ingress-nginx/controller` is one; it serves the Ingresses of the classes whose
//! controller is `k8s.io/ingress-nginx`. Models `internal/ingress/controller` of that project:
//! a server for each host, wildcards for one label, then an exact path, then the longest prefix.
//!
//! Divergence: of regular expressions only the endings that the project's examples use are
//! understood, `(/|$)(.*)`, `/(.*)` and `(.*)`, and only where there is a `rewrite-target`; of
//! annotations `ssl-redirect`, `force-ssl-redirect` and `rewrite-target`.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, Ingress, IngressServiceBackend, IngressSpec,
};

use super::objects::Objects;
use super::rules::{Backend, backends};
use crate::api::{Key, Resource};

/// What a class of ours names as its controller.
pub const CONTROLLER: &str = "k8s.io/ingress-nginx";
const OLD_CLASS: &str = "kubernetes.io/ingress.class";
const ANNOTATIONS: &str = "nginx.ingress.kubernetes.io/";
/// The class that the annotation means.
const CLASS: &str = "nginx";

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To the endpoints of a Service, which may be none, with this path.
    Forward {
        ingress: Key,
        service: Key,
        backends: Vec<Backend>,
        path: String,
    },
    /// The controller answers itself.
    Status(u16),
    /// To the same place over TLS.
    Redirect(String),
}

/// Whether a pod is an ingress controller.
pub fn is_controller(pod: &Pod) -> bool {
    let spec = pod.spec.as_ref();
    let images = spec
        .into_iter()
        .flat_map(|s| s.containers.iter())
        .filter_map(|c| c.image.as_deref());
    images
        .map(|image| image.split(['@', ':']).next().unwrap_or_default())
        .any(|name| name.ends_with("ingress-nginx/controller"))
}

fn is_ours(objects: &Objects, ingress: &Ingress) -> bool {
    let spec = ingress.spec.as_ref();
    match spec.and_then(|s| s.ingress_class_name.as_deref()) {
        Some(class) => objects
            .classes
            .get(&Key::new("", class))
            .and_then(|c| c.spec.as_ref()?.controller.as_deref())
            .is_some_and(|controller| controller == CONTROLLER),
        None => {
            let annotations = ingress.metadata.annotations.as_ref();
            annotations
                .and_then(|a| a.get(OLD_CLASS))
                .is_some_and(|class| class == CLASS)
        }
    }
}

/// A path of a server, as it is compared.
struct Location<'i> {
    ingress: &'i Rc<Ingress>,
    path: &'i HTTPIngressPath,
    /// How good the match is: exact before the longest.
    rank: (bool, usize),
}

/// Decides about a request for a host and a path.
pub fn route(objects: &Objects, host: &str, path: &str) -> Verdict {
    let host = host.to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default();
    let mut ours: Vec<&Rc<Ingress>> = objects
        .ingresses
        .iter()
        .filter(|i| is_ours(objects, i))
        .collect();
    // The oldest has the first word where two say the same.
    ours.sort_by_cached_key(|i| (i.metadata.creation_timestamp.as_ref().map(|t| t.0), i.key()));
    let server = server_for(&ours, host);
    let plain = path.split('?').next().unwrap_or_default();
    let mut best: Option<Location<'_>> = None;
    let mut default = None;
    for ingress in &ours {
        let Some(spec) = ingress.spec.as_ref() else {
            continue;
        };
        let rules = spec.rules.as_deref().unwrap_or_default();
        let here = |h: &Option<String>| lower(h) == server;
        let mine = rules.iter().filter(|r| here(&r.host));
        let mut serves = rules.is_empty() && server.is_empty();
        for rule in mine {
            serves = true;
            for path in rule.http.iter().flat_map(|h| h.paths.iter()) {
                let rank = rank(ingress, path, plain);
                if let Some(rank) = rank
                    && best.as_ref().is_none_or(|b| rank > b.rank)
                {
                    best = Some(Location {
                        ingress,
                        path,
                        rank,
                    });
                }
            }
        }
        if serves && default.is_none() {
            let backend = spec.default_backend.as_ref();
            default = backend.map(|b| (*ingress, b));
        }
    }
    let query = path.get(plain.len()..).unwrap_or_default();
    match (best, default) {
        (Some(found), _) => {
            if redirects(found.ingress, host) {
                return Verdict::Redirect(format!("https://{host}{path}"));
            }
            let service = found.path.backend.service.as_ref();
            let path = rewritten(found.ingress, found.path, plain) + query;
            forward(objects, found.ingress, service, path)
        }
        (None, Some((ingress, backend))) => {
            let service = backend.service.as_ref();
            forward(objects, ingress, service, path.to_owned())
        }
        (None, None) => Verdict::Status(404),
    }
}

fn lower(host: &Option<String>) -> String {
    host.as_deref().unwrap_or_default().to_ascii_lowercase()
}

/// The server that takes a host: of that name, of a wildcard for its first label, or the one for
/// everything else, whose name is empty.
fn server_for(ours: &[&Rc<Ingress>], host: &str) -> String {
    let wildcard = host.split_once('.').map(|(_, rest)| format!("*.{rest}"));
    let mut found = String::new();
    for ingress in ours {
        let rules = ingress.spec.as_ref().and_then(|s| s.rules.as_ref());
        for rule in rules.into_iter().flatten() {
            let name = lower(&rule.host);
            if name == host {
                return name;
            }
            if wildcard.as_ref() == Some(&name) {
                found = name;
            }
        }
    }
    found
}

/// How well a path fits; `None` when it does not.
fn rank(ingress: &Ingress, rule: &HTTPIngressPath, path: &str) -> Option<(bool, usize)> {
    let wanted = rule.path.as_deref().unwrap_or("/");
    if annotation(ingress, "rewrite-target").is_some() {
        // Regular expressions: without case, from the beginning, the longer before the shorter.
        let (literal, ending) = split(wanted);
        rest(literal, ending, path)?;
        return Some((false, wanted.len()));
    }
    let trimmed = wanted.trim_end_matches('/');
    let fits = match rule.path_type.as_str() {
        "Exact" => return (path == wanted).then_some((true, wanted.len())),
        // Element by element: /foo is no prefix of /foobar.
        "Prefix" => path
            .strip_prefix(trimmed)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        _ => path.starts_with(wanted),
    };
    fits.then_some((false, wanted.len()))
}

fn annotation<'i>(ingress: &'i Ingress, name: &str) -> Option<&'i str> {
    let annotations = ingress.metadata.annotations.as_ref()?;
    let value = annotations.get(&format!("{ANNOTATIONS}{name}"))?;
    Some(value)
}

/// How an expression ends, behind what is meant literally.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Nothing: anything may follow.
    Open,
    /// `(/|$)(.*)`: the second group is what follows the slash.
    Slashed,
    /// `/(.*)`, `(.*)`: the first group is what follows.
    Rest,
}

fn split(expression: &str) -> (&str, Ending) {
    if let Some(literal) = expression.strip_suffix("(/|$)(.*)") {
        (literal, Ending::Slashed)
    } else if let Some(literal) = expression.strip_suffix("(.*)") {
        (literal, Ending::Rest)
    } else {
        (expression, Ending::Open)
    }
}

/// What a path has behind the literal part of an expression that it matches.
fn rest<'p>(literal: &str, ending: Ending, path: &'p str) -> Option<&'p str> {
    let head = path.get(..literal.len())?;
    let rest = path.get(literal.len()..)?;
    let fits = ending != Ending::Slashed || rest.is_empty() || rest.starts_with('/');
    (fits && head.eq_ignore_ascii_case(literal)).then_some(rest)
}

fn rewritten(ingress: &Ingress, rule: &HTTPIngressPath, path: &str) -> String {
    let Some(target) = annotation(ingress, "rewrite-target") else {
        return path.to_owned();
    };
    let (literal, ending) = split(rule.path.as_deref().unwrap_or("/"));
    let rest = rest(literal, ending, path).unwrap_or_default();
    let after_slash = rest.strip_prefix('/').unwrap_or(rest);
    let (first, second) = match ending {
        Ending::Open => ("", ""),
        Ending::Slashed if rest.is_empty() => ("", ""),
        Ending::Slashed => ("/", after_slash),
        Ending::Rest => (rest, ""),
    };
    let path = target.replace("$1", first).replace("$2", second);
    match path.starts_with('/') {
        true => path,
        false => format!("/{path}"),
    }
}

/// Whether the host is served over TLS, to where plain requests are then sent.
fn redirects(ingress: &Ingress, host: &str) -> bool {
    if annotation(ingress, "force-ssl-redirect") == Some("true") {
        return true;
    }
    let tls = ingress
        .spec
        .as_ref()
        .and_then(|s: &IngressSpec| s.tls.as_ref());
    let mut hosts = tls
        .into_iter()
        .flatten()
        .flat_map(|t| t.hosts.iter().flatten());
    annotation(ingress, "ssl-redirect") != Some("false")
        && hosts.any(|h| h.eq_ignore_ascii_case(host))
}

/// The endpoints behind a backend; a Service that is not there has none.
fn forward(
    objects: &Objects,
    ingress: &Ingress,
    backend: Option<&IngressServiceBackend>,
    path: String,
) -> Verdict {
    let Some(backend) = backend else {
        // A resource: nobody here knows what to do with one.
        return Verdict::Status(404);
    };
    let namespace = ingress.namespace();
    let key = Key::new(namespace, &backend.name);
    let service = objects.services.get(&key);
    let name = service.and_then(|s| port_name(s, backend));
    let Some(name) = name else {
        return Verdict::Status(503);
    };
    let slices: Vec<_> = objects.slices_of(&key).collect();
    let mut backends = backends(name, "TCP", namespace, &slices);
    backends.retain(|b| b.ready);
    Verdict::Forward {
        ingress: ingress.key(),
        service: key,
        backends,
        path,
    }
}

/// The name of the Service's port that a backend means.
fn port_name<'s>(service: &'s Service, backend: &IngressServiceBackend) -> Option<&'s str> {
    let port = backend.port.as_ref()?;
    let ports = service.spec.as_ref()?.ports.as_deref().unwrap_or_default();
    let found = ports.iter().find(|p| match (&port.name, port.number) {
        (Some(name), _) => p.name.as_ref() == Some(name),
        (None, number) => Some(p.port) == number,
    })?;
    Some(found.name.as_deref().unwrap_or_default())
}

/// The page that nginx shows with a status of its own.
pub fn page(status: u16) -> String {
    let words = match status {
        308 => "308 Permanent Redirect",
        400 => "400 Bad Request",
        404 => "404 Not Found",
        502 => "502 Bad Gateway",
        503 => "503 Service Temporarily Unavailable",
        504 => "504 Gateway Time-out",
        _ => "500 Internal Server Error",
    };
    format!(
        "<html>\n<head><title>{words}</title></head>\n<body>\n<center><h1>{words}</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Object;
    use crate::apiserver::{EventType, WatchEvent};
    use crate::network::testing::{object, service, slice};
    use crate::sim::CauseId;
    use k8s_openapi::api::networking::v1::IngressClass;

    fn add(objects: &mut Objects, object: Object) {
        objects.apply(&WatchEvent {
            event: EventType::Added,
            object,
            revision: 1,
            cause: CauseId::NONE,
        });
    }

    /// Services `a` and `b` with an endpoint, `empty` without; the Ingresses of the test.
    fn cluster(ingresses: &[&str]) -> Objects {
        let mut objects = Objects::default();
        let class = object::<IngressClass>(
            "{metadata: {name: nginx}, spec: {controller: k8s.io/ingress-nginx}}",
        );
        add(&mut objects, Resource::into_object(class));
        for name in ["a", "b", "empty"] {
            let service = service(&format!(
                "{{metadata: {{name: {name}, namespace: d}}, spec: {{clusterIP: 10.96.0.1, ports: [{{name: http, port: 80}}]}}}}"
            ));
            add(&mut objects, Resource::into_object(service));
            if name != "empty" {
                let slice = slice(&format!(
                    "{{metadata: {{name: {name}-1, namespace: d, labels: {{kubernetes.io/service-name: {name}}}}}, addressType: IPv4, ports: [{{name: http, port: 8080}}], endpoints: [{{addresses: [10.1.0.1]}}]}}"
                ));
                add(&mut objects, Resource::into_object(slice));
            }
        }
        for (i, rest) in ingresses.iter().enumerate() {
            let ingress =
                object::<Ingress>(&format!("{{metadata: {{name: i{i}, namespace: d, {rest}}}"));
            add(&mut objects, Resource::into_object(ingress));
        }
        objects
    }

    fn path(path: &str, type_: &str, service: &str) -> String {
        format!(
            "{{path: '{path}', pathType: {type_}, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}"
        )
    }

    /// "a /path", "404", "empty".
    fn ends(objects: &Objects, host: &str, path: &str) -> String {
        match route(objects, host, path) {
            Verdict::Forward {
                service,
                backends,
                path,
                ..
            } => match backends.is_empty() {
                true => service.name.to_string(),
                false => format!("{} {path}", service.name),
            },
            Verdict::Status(status) => status.to_string(),
            Verdict::Redirect(to) => to,
        }
    }

    #[test]
    fn hosts_and_paths_lead_to_services() {
        let shop = format!(
            "}}, spec: {{ingressClassName: nginx, rules: [{{host: shop.example, http: {{paths: [{}, {}, {}, {}, {}]}}}}, {{host: '*.wild.example', http: {{paths: [{}]}}}}]}}",
            path("/", "Prefix", "a"),
            path("/api", "Prefix", "b"),
            path("/api/only", "Exact", "a"),
            path("/im", "ImplementationSpecific", "b"),
            path("/none", "Prefix", "missing"),
            path("/", "Prefix", "b"),
        );
        let empty = format!(
            "}}, spec: {{ingressClassName: nginx, rules: [{{host: empty.example, http: {{paths: [{}]}}}}]}}",
            path("/", "Prefix", "empty")
        );
        let foreign = format!(
            "}}, spec: {{ingressClassName: traefik, rules: [{{host: foreign.example, http: {{paths: [{}]}}}}]}}",
            path("/", "Prefix", "a")
        );
        let objects = cluster(&[&shop, &empty, &foreign]);
        let cases = [
            ("shop.example", "/", "a /"),
            ("SHOP.example:80", "/x?y=1", "a /x?y=1"),
            ("shop.example", "/api", "b /api"),
            ("shop.example", "/api/", "b /api/"),
            ("shop.example", "/api/v1", "b /api/v1"),
            ("shop.example", "/apis", "a /apis"),
            ("shop.example", "/api/only", "a /api/only"),
            ("shop.example", "/api/only/", "b /api/only/"),
            ("shop.example", "/image", "b /image"),
            ("shop.example", "/none", "503"),
            ("x.wild.example", "/", "b /"),
            ("x.y.wild.example", "/", "404"),
            ("wild.example", "/", "404"),
            ("empty.example", "/", "empty"),
            ("foreign.example", "/", "404"),
            ("172.18.255.1", "/", "404"),
        ];
        for (host, path, expected) in cases {
            assert_eq!(ends(&objects, host, path), expected, "{host}{path}");
        }
    }

    #[test]
    fn default_backends_take_what_is_left() {
        let backend = "{service: {name: b, port: {name: http}}}";
        let all = format!("}}, spec: {{ingressClassName: nginx, defaultBackend: {backend}}}");
        let own = format!(
            "}}, spec: {{ingressClassName: nginx, defaultBackend: {{service: {{name: a, port: {{number: 80}}}}}}, rules: [{{host: own.example, http: {{paths: [{}]}}}}]}}",
            path("/b", "Prefix", "b")
        );
        let objects = cluster(&[&all, &own]);
        assert_eq!(ends(&objects, "anything", "/"), "b /");
        assert_eq!(ends(&objects, "own.example", "/b"), "b /b");
        assert_eq!(ends(&objects, "own.example", "/other"), "a /other");
    }

    #[test]
    fn annotations_rewrite_and_redirect() {
        let rewrite = |target: &str, from: &str| {
            format!(
                "annotations: {{nginx.ingress.kubernetes.io/rewrite-target: {target}}}}}, spec: {{ingressClassName: nginx, rules: [{{http: {{paths: [{}]}}}}]}}",
                path(from, "ImplementationSpecific", "a")
            )
        };
        let cases = [
            ("/", "/app", "/app/x", "a /"),
            ("/$2", "/app(/|$)(.*)", "/app", "a /"),
            ("/$2", "/app(/|$)(.*)", "/app/x/y", "a /x/y"),
            ("/$2", "/app(/|$)(.*)", "/apple", "404"),
            ("/$1", "/app/(.*)", "/app/x", "a /x"),
        ];
        for (target, from, path, expected) in cases {
            let objects = cluster(&[&rewrite(target, from)]);
            assert_eq!(
                ends(&objects, "h", path),
                expected,
                "{target} {from} {path}"
            );
        }
        let tls = format!(
            "}}, spec: {{ingressClassName: nginx, tls: [{{hosts: [s.example], secretName: t}}], rules: [{{host: s.example, http: {{paths: [{}]}}}}]}}",
            path("/", "Prefix", "a")
        );
        let objects = cluster(&[&tls]);
        assert_eq!(ends(&objects, "s.example", "/x"), "https://s.example/x");
    }
}
