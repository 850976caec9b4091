//! Lists: selected, in chunks, at the revision that the client asks for.
//!
//! Models `k8s.io/apiserver/pkg/storage/etcd3/store.go` GetList and
//! `k8s.io/apiserver/pkg/storage/continue.go`.

use serde_json::{Map, Value, json};

use super::path::Target;
use super::table;
use crate::api::base64;
use crate::api::field::{Errors, Path, quote};
use crate::api::json::with;
use crate::api::selector::{FieldSelector, Selector};
use crate::api::status::Cause;
use crate::api::{Kind, Object, Result, Status};
use crate::apiserver::ApiServer;
use crate::apiserver::customs::as_asked;
use crate::apiserver::request::{Request, Response};
use crate::apiserver::store::{Place, Range};
use crate::sim::Kernel;

/// Which objects of a kind a request is about.
#[derive(Clone)]
pub(super) struct Selection {
    labels: Selector,
    fields: FieldSelector,
}

impl Selection {
    pub fn of(kind: Kind, request: &Request) -> Result<Self> {
        let text = |name| request.query(name).unwrap_or_default();
        let labels = Selector::parse(text("labelSelector")).map_err(Status::bad_request)?;
        let fields = FieldSelector::parse(text("fieldSelector")).map_err(Status::bad_request)?;
        let strategy = kind.info().strategy;
        for requirement in &fields.requirements {
            let field = requirement.field.as_str();
            if !matches!(field, "metadata.name" | "metadata.namespace")
                && !strategy.selectable().contains(&field)
            {
                return Err(unknown_field(kind, field));
            }
        }
        Ok(Selection { labels, fields })
    }

    pub fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }

    pub fn matches(&self, object: &Object) -> bool {
        if !self.labels.is_everything() {
            let fits = match &object.meta().labels {
                Some(labels) => self.labels.matches(labels),
                None => self.labels.matches(&Default::default()),
            };
            if !fits {
                return false;
            }
        }
        self.fields.matches(|field| match field {
            "metadata.name" => Some(object.name().to_owned()),
            "metadata.namespace" => Some(object.namespace().to_owned()),
            other => object.info().strategy.field(object, other),
        })
    }
}

/// Kinds with fields of their own name the refused one; others name what they have.
fn unknown_field(kind: Kind, field: &str) -> Box<Status> {
    if kind.info().strategy.selectable().is_empty() {
        return Status::bad_request(format!(
            "\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        ));
    }
    Status::bad_request(format!("field label not supported: {field}"))
}

/// Where the next chunk begins, as the client carries it around.
struct Continue {
    /// The revision that is listed; -1 for whatever is the newest.
    revision: i64,
    /// The key after which it goes on, without the prefix of the collection.
    start: String,
}

impl Continue {
    fn parse(token: &str) -> Result<Self> {
        let refused = |detail: &str| {
            Status::bad_request(format!(
                "invalid continue token: continue key is not valid: {detail}"
            ))
        };
        let bytes = base64::decode_url(token).ok_or_else(|| {
            let known = |b: &u8| base64::URL.contains(b);
            let at = token
                .bytes()
                .position(|b| !known(&b))
                .unwrap_or(token.len());
            refused(&format!("illegal base64 data at input byte {at}"))
        })?;
        let value = serde_json::from_slice::<Value>(&bytes).ok();
        let parsed = value.as_ref().and_then(|value| {
            Some(Continue {
                revision: value["rv"].as_i64()?,
                start: value["start"].as_str()?.trim_end_matches('\0').to_owned(),
            })
        });
        parsed.ok_or_else(|| refused("incorrect encoded start key (version meta.k8s.io/v1)"))
    }

    fn text(&self) -> String {
        let token = json!({
            "v": "meta.k8s.io/v1", "rv": self.revision, "start": format!("{}\0", self.start),
        });
        base64::encode_url(token.to_string().as_bytes())
    }
}

/// A chunk of a list.
struct Chunk {
    items: Vec<Object>,
    metadata: Map<String, Value>,
}

impl ApiServer {
    pub(super) fn list_response(
        &self,
        kernel: &Kernel,
        target: &Target<'_>,
        request: &Request,
    ) -> Result<Response> {
        let selection = Selection::of(target.kind, request)?;
        let chunk = self.chunk(target, &selection, request)?;
        let metadata = Value::Object(chunk.metadata);
        let value = if table::is_wanted(request) {
            table::table(target.kind, &chunk.items, metadata, kernel.now, request)
        } else if table::is_partial(request) {
            table::partial_list(&chunk.items, metadata)
        } else {
            let mut value = self.list_value(target.kind, &chunk.items, 0);
            value["metadata"] = metadata;
            value
        };
        Ok(Response::json(200, value))
    }

    fn chunk(
        &self,
        target: &Target<'_>,
        selection: &Selection,
        request: &Request,
    ) -> Result<Chunk> {
        let range = Range::new(target.kind, target.namespace);
        let limit = super::query_number(request, "limit")?.unwrap_or_default();
        // Less than one is as good as no limit.
        let limit = usize::try_from(limit).unwrap_or_default();
        super::query_number(request, "timeoutSeconds")?;
        let token = match request.query("continue") {
            None | Some("") => None,
            Some(token) => Some(Continue::parse(token)?),
        };
        check_options(request)?;
        let revision = match &token {
            Some(token) => {
                if !matches!(request.query("resourceVersion"), None | Some("" | "0")) {
                    return Err(Status::bad_request(
                        "specifying resource version is not allowed when using continue",
                    ));
                }
                u64::try_from(token.revision).unwrap_or(self.store.revision())
            }
            None => self.revision_asked(request)?,
        };
        let mut items = Vec::new();
        let mut rest = 0;
        let mut last = None;
        let mut take = |place: &Place, object: Object| {
            if !selection.matches(&object) {
                return;
            }
            if limit > 0 && items.len() >= limit {
                rest += 1;
                return;
            }
            last = Some(place.clone());
            items.push(as_asked(object, target.kind));
        };
        let after = token.as_ref().map(|t| Place::at(&range, &t.start));
        if revision == self.store.revision() {
            for (place, stored) in self.store.range_after(&range, after) {
                take(place, stored.object());
            }
        } else {
            let then = self.store.range_at(&range, revision);
            let then = then.map_err(|_| too_old(token.as_ref()))?;
            for (place, stored) in &then {
                if after.as_ref().is_none_or(|after| place > after) {
                    take(place, stored.object());
                }
            }
        }
        let mut metadata = Map::new();
        metadata.insert("resourceVersion".into(), revision.to_string().into());
        if let (Some(last), true) = (last, rest > 0) {
            let start = range.path_of(&last);
            metadata.insert(
                "continue".into(),
                Continue {
                    revision: i64::try_from(revision).unwrap_or_default(),
                    start,
                }
                .text()
                .into(),
            );
            if selection.is_everything() {
                metadata.insert("remainingItemCount".into(), rest.into());
            }
        }
        Ok(Chunk { items, metadata })
    }

    /// The revision at which to list: the newest, unless an older one is asked for exactly.
    fn revision_asked(&self, request: &Request) -> Result<u64> {
        let current = self.store.revision();
        let text = request.query("resourceVersion").unwrap_or_default();
        let exact = request.query("resourceVersionMatch") == Some("Exact");
        if text.is_empty() {
            return Ok(current);
        }
        let asked: u64 = text.parse().map_err(|_| invalid_revision(text))?;
        if asked > current {
            return Err(too_new(asked, current));
        }
        // With a limit, an old revision is meant exactly.
        let limited = request
            .query("limit")
            .is_some_and(|l| !matches!(l, "" | "0"));
        let exact = exact || (limited && request.query("resourceVersionMatch").is_none());
        Ok(if exact && asked > 0 { asked } else { current })
    }
}

fn invalid_revision(text: &str) -> Box<Status> {
    super::invalid_options("ListOptions", |errors| {
        let detail = format!("strconv.ParseUint: parsing \"{text}\": invalid syntax");
        errors.invalid(&Path::new("resourceVersion"), text, detail);
    })
}

/// The revision is gone. Who was in the middle of a list gets a token with which it can go on,
/// in the present.
fn too_old(token: Option<&Continue>) -> Box<Status> {
    let Some(token) = token else {
        return Status::expired("The resourceVersion for the provided list is too old.");
    };
    let mut status = Status::expired(
        "The provided continue parameter is too old to display a consistent list result. \
         You can start a new list without the continue parameter, or use the continue token in \
         this response to retrieve the remainder of the results. Continuing with the provided \
         token results in an inconsistent list - objects that were created, modified, or deleted \
         between the time the first chunk was returned and now may show up in the list.",
    );
    let present = Continue {
        revision: -1,
        start: token.start.clone(),
    };
    status.continue_token = present.text();
    status
}

/// A revision that is yet to come.
pub(super) fn too_new(asked: u64, current: u64) -> Box<Status> {
    let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
    let mut status = Status::new(504, "Timeout", message);
    status.retry_after_seconds = 1;
    status.causes.push(Cause {
        reason: "ResourceVersionTooLarge".to_owned(),
        message: "Too large resource version".to_owned(),
        field: String::new(),
    });
    status
}

/// What the options of a list or watch may not say together
/// (`k8s.io/apimachinery/pkg/apis/meta/internalversion/validation`).
pub(super) fn check_options(request: &Request) -> Result<()> {
    let text = |name: &str| request.query(name).unwrap_or_default();
    let watches = matches!(text("watch"), "true" | "1");
    let initial = text("sendInitialEvents");
    let path = Path::new("resourceVersionMatch");
    let match_ = text("resourceVersionMatch");
    let refused = |path: &Path, detail: &str| {
        let detail = detail.to_owned();
        let path = *path;
        Err(super::invalid_options("ListOptions", move |errors| {
            errors.forbidden(&path, detail);
        }))
    };
    if !initial.is_empty() {
        if !watches {
            let path = Path::new("sendInitialEvents");
            return refused(&path, "sendInitialEvents is forbidden for list");
        }
        if match_ != "NotOlderThan" {
            let detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            return refused(&path, detail);
        }
        return Ok(());
    }
    if match_.is_empty() {
        return Ok(());
    }
    if watches {
        let detail =
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        return refused(&path, detail);
    }
    if text("resourceVersion").is_empty() {
        let detail = "resourceVersionMatch is forbidden unless resourceVersion is provided";
        return refused(&path, detail);
    }
    if !text("continue").is_empty() {
        return refused(
            &path,
            "resourceVersionMatch is forbidden when continue is provided",
        );
    }
    if !matches!(match_, "Exact" | "NotOlderThan") {
        return Err(super::invalid_options(
            "ListOptions",
            |errors: &mut Errors| {
                let known = ["Exact", "NotOlderThan", ""];
                errors.not_supported_raw(&path, &quote(match_), &known);
            },
        ));
    }
    if match_ == "Exact" && text("resourceVersion") == "0" {
        let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
        return refused(&path, detail);
    }
    Ok(())
}

impl ApiServer {
    pub(super) fn list_value(&self, kind: Kind, items: &[Object], revision: u64) -> Value {
        let info = kind.info();
        let items: Vec<Value> = items.iter().map(|o| self.shown_as(kind, o)).collect();
        let list = json!({
            "apiVersion": info.api_version(),
            "kind": format!("{}List", info.kind),
            "metadata": {"resourceVersion": revision.to_string()},
        });
        with(list, "items", Value::Array(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back() {
        for start in ["", "a", "ns/pod", "ns/pöd"] {
            let token = Continue {
                revision: 7,
                start: start.to_owned(),
            };
            let read = Continue::parse(&token.text()).expect("own token");
            assert_eq!((read.revision, read.start.as_str()), (7, start));
        }
        assert!(Continue::parse("nonsense!").is_err());
        assert!(Continue::parse("AAAA").is_err());
    }
}
