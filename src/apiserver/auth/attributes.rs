//! What a request is about, as rules of authorisation name it: read from method and path alone,
//! whether the resource exists or not (`k8s.io/apiserver/pkg/endpoints/request/requestinfo.go`).

use super::caller::Caller;
use super::forbidden;
use crate::api::Status;
use crate::apiserver::request::{Method, Request};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::apiserver) struct Attributes<'a> {
    pub verb: &'a str,
    pub namespace: &'a str,
    pub group: &'a str,
    /// Empty for a path that is no resource.
    pub resource: &'a str,
    pub subresource: &'a str,
    pub name: &'a str,
    pub path: &'a str,
    /// The field selector of those who ask for many.
    pub fields: &'a str,
}

/// What a namespace has below its name that is no resource of its own.
const OF_NAMESPACES: [&str; 2] = ["status", "finalize"];

impl<'a> Attributes<'a> {
    pub fn of(request: &'a Request) -> Attributes<'a> {
        let method = match request.method {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Patch => "patch",
            Method::Delete => "delete",
        };
        let plain = Attributes {
            verb: method,
            path: &request.path,
            ..Attributes::default()
        };
        let parts: Vec<&str> = request.path.split('/').filter(|p| !p.is_empty()).collect();
        let (group, rest) = match parts.as_slice() {
            ["api", _, rest @ ..] if !rest.is_empty() => ("", rest),
            ["apis", group, _, rest @ ..] if !rest.is_empty() => (*group, rest),
            _ => return plain,
        };
        let mut of = Attributes {
            verb: match method {
                "post" => "create",
                "put" => "update",
                other => other,
            },
            group,
            ..plain
        };
        let mut rest = rest;
        if let ["watch", tail @ ..] = rest
            && !tail.is_empty()
        {
            of.verb = "watch";
            rest = tail;
        }
        if let ["namespaces", namespace, tail @ ..] = rest {
            of.namespace = namespace;
            if tail.first().is_some_and(|t| !OF_NAMESPACES.contains(t)) {
                rest = tail;
            }
        }
        let part = |i: usize| rest.get(i).copied().unwrap_or_default();
        (of.resource, of.name, of.subresource) = (part(0), part(1), part(2));
        if of.name.is_empty() {
            of.verb = match of.verb {
                "get" if watches(request) => "watch",
                "get" => "list",
                "delete" => "deletecollection",
                verb => verb,
            };
            if matches!(of.verb, "list" | "watch" | "deletecollection") {
                of.fields = request.query("fieldSelector").unwrap_or_default();
                of.name = named(of.fields);
            }
        }
        of
    }

    pub fn is_resource(&self) -> bool {
        !self.resource.is_empty()
    }

    /// `pods/log`: the resource as rules name it.
    pub fn full_resource(&self) -> String {
        match self.subresource {
            "" => self.resource.to_owned(),
            subresource => format!("{}/{subresource}", self.resource),
        }
    }

    /// The refusal (`k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go`).
    pub fn forbidden(&self, caller: &Caller, reason: &str) -> Box<Status> {
        let user = crate::api::rfc3339::go_quote(&caller.user);
        let mut detail = if self.is_resource() {
            let place = match self.namespace {
                "" => "at the cluster scope".to_owned(),
                namespace => format!("in the namespace \"{namespace}\""),
            };
            format!(
                "User {user} cannot {} resource \"{}\" in API group \"{}\" {place}",
                self.verb,
                self.full_resource(),
                self.group
            )
        } else {
            format!("User {user} cannot {} path \"{}\"", self.verb, self.path)
        };
        detail = detail
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        if !reason.is_empty() {
            detail = format!("{detail}: {reason}");
        }
        forbidden(self.resource, self.group, self.name, &detail)
    }
}

/// The one name that a field selector asks for.
fn named(fields: &str) -> &str {
    let mut terms = fields.split(',');
    let name = terms.find_map(|term| term.strip_prefix("metadata.name="));
    let name = name.map(|name| name.strip_prefix('=').unwrap_or(name));
    let name = name.filter(|n| !matches!(*n, "." | "..") && !n.contains(['/', '%', '\\']));
    name.unwrap_or_default()
}

fn watches(request: &Request) -> bool {
    matches!(request.query("watch"), Some("true" | "1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_verbs_on_resources() {
        let read = |method: Method, path: &str| {
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            let mut request = Request::new(method, path);
            for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
                request = request.with_query(name, value);
            }
            let of = Attributes::of(&request);
            [
                of.verb,
                of.group,
                of.namespace,
                &of.full_resource(),
                of.name,
            ]
            .join(" ")
        };
        for (method, path, expected) in [
            (Method::Get, "/api/v1/pods", "list   pods "),
            (Method::Get, "/api/v1/pods?watch=1", "watch   pods "),
            (
                Method::Get,
                "/api/v1/pods?fieldSelector=metadata.name=a",
                "list   pods a",
            ),
            (
                Method::Get,
                "/api/v1/pods?fieldSelector=spec.nodeName=n,metadata.name==a",
                "list   pods a",
            ),
            (
                Method::Get,
                "/api/v1/pods?fieldSelector=metadata.name!=a",
                "list   pods ",
            ),
            (Method::Get, "/api/v1/namespaces", "list   namespaces "),
            (Method::Get, "/api/v1/namespaces/a", "get  a namespaces a"),
            (
                Method::Put,
                "/api/v1/namespaces/a/finalize",
                "update  a namespaces/finalize a",
            ),
            (
                Method::Get,
                "/api/v1/namespaces/a/pods/b/log",
                "get  a pods/log b",
            ),
            (
                Method::Delete,
                "/apis/apps/v1/namespaces/a/deployments",
                "deletecollection apps a deployments ",
            ),
            (Method::Post, "/apis/foo/v1/bars", "create foo  bars "),
            (Method::Get, "/apis/apps/v1", "get    "),
            (Method::Post, "/version", "post    "),
        ] {
            assert_eq!(read(method, path), expected, "{path}");
        }
    }
}
