//! The marks of the scrubber: what people did, read from the requests they made, and what failed.

use serde_json::Value;

use crate::apiserver::{Body, Method, Request};
use crate::app::{Text, say};
use crate::cluster::{Input, Recorded};
use crate::sim::Time;

/// Something worth finding again.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub at: Time,
    pub kind: MarkKind,
    /// A word or two: "Applied deployment web".
    pub text: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    Applied,
    Scaled,
    Deleted,
    Failed,
    NodeLost,
    NodeBack,
}

impl MarkKind {
    /// Names the mark's look.
    pub fn name(self) -> &'static str {
        match self {
            MarkKind::Applied => "applied",
            MarkKind::Scaled => "scaled",
            MarkKind::Deleted => "deleted",
            MarkKind::Failed => "failed",
            MarkKind::NodeLost => "node-lost",
            MarkKind::NodeBack => "node-back",
        }
    }
}

/// What people did. Acts of one instant and kind (the objects of one file) share a mark.
pub fn of_inputs(inputs: &[Recorded]) -> Vec<Mark> {
    let mut deeds: Vec<Deed> = Vec::new();
    for Recorded { at, input, .. } in inputs {
        let Input::Request(request) = input else {
            continue;
        };
        let Some((kind, verb, object)) = describe(request) else {
            continue;
        };
        match deeds.last_mut() {
            Some(last) if last.at == *at && last.kind == kind => {
                if !last.objects.contains(&object) {
                    last.objects.push(object);
                }
            }
            _ => deeds.push(Deed {
                at: *at,
                kind,
                verb,
                objects: vec![object],
            }),
        }
    }
    deeds.into_iter().map(Deed::mark).collect()
}

/// What somebody did to some objects at an instant.
struct Deed {
    at: Time,
    kind: MarkKind,
    verb: Verb,
    objects: Vec<String>,
}

#[derive(Clone, Copy)]
enum Verb {
    Applied,
    Changed,
    Scaled,
    Deleted,
    Evicted,
}

impl Deed {
    fn mark(self) -> Mark {
        let what = Text::list(self.objects.into_iter().map(Text::from));
        Mark {
            at: self.at,
            kind: self.kind,
            text: match self.verb {
                Verb::Applied => say!("mark.applied", what = what),
                Verb::Changed => say!("mark.changed", what = what),
                Verb::Scaled => say!("mark.scaled", what = what),
                Verb::Deleted => say!("mark.deleted", what = what),
                Verb::Evicted => say!("mark.evicted", what = what),
            },
        }
    }
}

fn describe(request: &Request) -> Option<(MarkKind, Verb, String)> {
    if request.query("dryRun").is_some() {
        return None;
    }
    let parts: Vec<&str> = request.path.split('/').filter(|p| !p.is_empty()).collect();
    let rest = match parts.as_slice() {
        ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
        _ => return None,
    };
    let (plural, name, subresource) = match rest {
        ["namespaces", _, plural, tail @ ..] => (*plural, tail.first(), tail.get(1)),
        [plural, tail @ ..] => (*plural, tail.first(), tail.get(1)),
        [] => return None,
    };
    let body = match &request.body {
        Body::Json(value) => value,
        _ => &Value::Null,
    };
    let name = match name {
        Some(name) => *name,
        None => body["metadata"]["name"].as_str().unwrap_or_default(),
    };
    let object = format!("{} {name}", singular(plural)).trim().to_owned();
    let (kind, verb) = match request.method {
        // A fault is something that fails, and its end a recovery.
        Method::Post if plural == "faults" => (MarkKind::Failed, Verb::Applied),
        Method::Delete if plural == "faults" => (MarkKind::NodeBack, Verb::Deleted),
        Method::Delete => (MarkKind::Deleted, Verb::Deleted),
        Method::Get => return None,
        _ if subresource == Some(&"eviction") => (MarkKind::Deleted, Verb::Evicted),
        Method::Patch | Method::Put if scales(subresource.copied(), body) => {
            (MarkKind::Scaled, Verb::Scaled)
        }
        Method::Post => (MarkKind::Applied, Verb::Applied),
        Method::Patch | Method::Put => (MarkKind::Applied, Verb::Changed),
    };
    Some((kind, verb, object))
}

/// Whether a write changes the number of replicas and nothing else.
fn scales(subresource: Option<&str>, body: &Value) -> bool {
    if subresource == Some("scale") {
        return true;
    }
    let only = |value: &Value, key: &str| {
        value
            .as_object()
            .is_some_and(|map| map.len() == 1 && map.contains_key(key))
    };
    only(body, "spec") && only(&body["spec"], "replicas")
}

fn singular(plural: &str) -> &str {
    crate::api::Kind::all()
        .map(crate::api::Kind::info)
        .find(|info| info.plural == plural)
        .map_or(plural, |info| info.singular)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(requests: Vec<Request>) -> Vec<String> {
        let inputs: Vec<Recorded> = requests
            .into_iter()
            .map(|r| Recorded {
                at: Time::EPOCH,
                after: 0,
                input: Input::Request(r),
            })
            .collect();
        of_inputs(&inputs)
            .into_iter()
            .map(|m| format!("{}: {}", m.kind.name(), m.text.english()))
            .collect()
    }

    #[test]
    fn acts_are_named_and_those_of_one_file_share_a_mark() {
        let apps = "/apis/apps/v1/namespaces/default/deployments";
        assert_eq!(
            texts(vec![
                Request::new(Method::Post, apps)
                    .with_body(json!({ "metadata": { "name": "web" } })),
                Request::new(Method::Post, "/api/v1/namespaces/default/services")
                    .with_body(json!({ "metadata": { "name": "web" } })),
                Request::new(Method::Patch, format!("{apps}/web/scale"))
                    .with_body(json!({ "spec": { "replicas": 5 } })),
                Request::new(Method::Delete, "/api/v1/namespaces/default/pods/web-1"),
            ]),
            [
                "applied: Applied deployment web, service web",
                "scaled: Scaled deployment web",
                "deleted: Deleted pod web-1",
            ]
        );
    }

    #[test]
    fn a_dry_run_leaves_no_mark() {
        let dry = Request::new(Method::Post, "/api/v1/namespaces/default/pods")
            .with_query("dryRun", "All");
        assert!(texts(vec![dry, Request::new(Method::Post, "/nonsense")]).is_empty());
    }
}
