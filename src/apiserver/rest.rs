//! The REST surface: from a request to a verb on a kind, and back to JSON.
//!
//! Subresources that a node has to answer (logs, exec) are not known here: whoever composes the
//! cluster answers those.

mod applying;
mod body;
mod component_status;
mod discovery;
mod eviction;
mod health;
mod limits;
mod list;
mod patching;
mod path;
mod replacing;
mod reviews;
mod subresources;
mod table;
mod token;
mod upstream;
mod usage;
mod versions;
mod warnings;
mod watching;

use k8s_openapi::apimachinery::pkg::apis::meta::v1 as api;
use serde_json::{Value, json};

use super::customs::as_asked;
use super::request::{Body, Method, Request, Response};
use super::{ApiServer, Caller, DeleteOptions, Propagation, WriteOptions, meta};
use crate::api::field::{Errors, Path};
use crate::api::status::qualified;
use crate::api::{Kind, Object, Result, Status, codec};
use crate::sim::Kernel;

use body::Decoded;
use path::Target;

pub(super) use subresources::finalize;
pub use upstream::Upstream;
pub use watching::RestWatch;

impl ApiServer {
    /// Answers one request of the REST API.
    pub fn handle(&mut self, kernel: &mut Kernel, request: &Request) -> Response {
        if let Some(status) = limits::refused(request) {
            return Response::from(status);
        }
        self.answer(kernel, request).unwrap_or_else(Response::from)
    }

    fn answer(&mut self, kernel: &mut Kernel, request: &Request) -> Result<Response> {
        let caller = &self.authorized(kernel.now, request)?;
        let parts: Vec<&str> = request.path.split('/').filter(|p| !p.is_empty()).collect();
        if let Some(response) = health::answer(&parts, request) {
            return Ok(response);
        }
        if request.method == Method::Get
            && let Some(response) = discovery::answer(self, &parts, request)
        {
            return Ok(response);
        }
        if let ["play", "etcd", what] = parts.as_slice() {
            return self.etcd(kernel, what, request);
        }
        if let Some(usage) = self.usage(kernel.now, &parts, request) {
            return usage;
        }
        if let Some(review) = self.review(kernel.now, caller, &parts, request) {
            return review;
        }
        if let Some(statuses) = self.component_statuses(&parts, request) {
            return statuses;
        }
        if let ["api", "v1", "namespaces", namespace, "bindings"] = parts.as_slice()
            && request.method == Method::Post
        {
            return self.bind_named(kernel, caller, namespace, request);
        }
        let target = path::parse(self, &parts).ok_or_else(Status::no_such_resource)?;
        let mut response = match target.kind.conversion(target.version) {
            None => self.dispatch(kernel, caller, &target, request)?,
            Some(other) => {
                let request = versions::incoming(&target, other, request);
                let mut response = self.dispatch(kernel, caller, &target, &request)?;
                versions::outgoing(&target, other, &mut response);
                response
            }
        };
        let deprecated = target.kind.info().strategy.deprecation();
        if !deprecated.is_empty() {
            response.warnings.insert(0, deprecated.to_owned());
        }
        response.warnings = warnings::kept(response.warnings);
        Ok(response)
    }

    fn dispatch(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        target: &Target<'_>,
        request: &Request,
    ) -> Result<Response> {
        let Some(name) = target.name else {
            return self.on_collection(kernel, caller, target, request);
        };
        if !target.subresource.is_empty() {
            return self.on_subresource(kernel, caller, target, name, request);
        }
        let (kind, namespace) = (target.kind, target.namespace.unwrap_or_default());
        match request.method {
            Method::Get => {
                let object = as_asked(self.get_object(kind, namespace, name)?, kind);
                Ok(self.shown(kernel, kind, &object, 200, request))
            }
            Method::Put => self.replace(kernel, caller, (target, name), "", request),
            Method::Patch => {
                let mut options = write_options("PatchOptions", "", request)?;
                options.by_view = kind.view().is_some();
                let old = self.get_object(kind, namespace, name).ok();
                let (object, code, warnings) =
                    self.patch_object(kernel, caller, target, name, &options, request)?;
                let response = self.written(kind, code, &object, warnings);
                Ok(self.warned(&object, old.as_ref(), response))
            }
            Method::Delete => {
                let options = delete_options(request)?;
                let (object, gone) =
                    self.delete_object(kernel, caller, kind, namespace, name, &options)?;
                Ok(self.deleted(kind, &as_asked(object, kind), gone))
            }
            Method::Post => Err(not_allowed()),
        }
    }

    fn on_collection(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        target: &Target<'_>,
        request: &Request,
    ) -> Result<Response> {
        match request.method {
            Method::Get => self.list_response(kernel, target, request),
            Method::Post => {
                let info = target.kind.info();
                if info.namespaced && target.namespace.is_none() {
                    return Err(not_allowed());
                }
                let mut options = write_options("CreateOptions", "", request)?;
                options.by_view = target.kind.view().is_some();
                let Decoded {
                    mut object,
                    warnings,
                } = body::decode(self, target.kind, request)?;
                meta::ensure_namespace(&mut object, target.namespace.unwrap_or_default())?;
                let object = self.create_object(kernel, caller, object, &options)?;
                let response = self.written(target.kind, 201, &object, warnings);
                Ok(self.warned(&object, None, response))
            }
            Method::Delete => {
                let options = delete_options(request)?;
                let selection = list::Selection::of(target.kind, request)?;
                let found = self.list_objects(target.kind, target.namespace);
                let mut gone = Vec::new();
                for object in found.iter().filter(|o| selection.matches(o)) {
                    let (kind, namespace, name) =
                        (object.kind(), object.namespace(), object.name());
                    match self.delete_object(kernel, caller, kind, namespace, name, &options) {
                        Ok((object, _)) => gone.push(as_asked(object, target.kind)),
                        Err(status) if status.is_not_found() => {}
                        Err(status) => return Err(status),
                    }
                }
                let value = self.list_value(target.kind, &gone, self.revision());
                Ok(Response::json(200, value))
            }
            Method::Put | Method::Patch => Err(not_allowed()),
        }
    }

    /// The answer with what the kind and the namespace warn of, although the write succeeded;
    /// `old` is what the object was before, if it was.
    fn warned(&self, object: &Object, old: Option<&Object>, mut response: Response) -> Response {
        let strategy = object.info().strategy;
        response.warnings.extend(match old {
            None => strategy.warnings(object),
            Some(old) => strategy.warnings_on_update(object, old),
        });
        response
            .warnings
            .extend(self.security_warnings(object, old));
        response.warnings.extend_from_slice(&self.policy_warnings);
        response
    }

    /// The object as JSON, or as a table of one row when the client asks for that.
    fn shown(
        &self,
        kernel: &Kernel,
        kind: Kind,
        object: &Object,
        code: u16,
        request: &Request,
    ) -> Response {
        let value = if table::is_wanted(request) {
            let revision = object.meta().resource_version.clone().unwrap_or_default();
            let rows = std::slice::from_ref(object);
            table::table(
                object.kind(),
                rows,
                json!({"resourceVersion": revision}),
                kernel.now,
                request,
            )
        } else if table::is_partial(request) {
            table::partial(object)
        } else {
            self.shown_as(kind, object)
        };
        Response::json(code, value)
    }

    /// The object as it was written, in the version that the client asked for.
    pub(in crate::apiserver) fn written(
        &self,
        kind: Kind,
        code: u16,
        object: &Object,
        warnings: Vec<String>,
    ) -> Response {
        let object = as_asked(object.clone(), kind);
        let mut response = Response::json(code, self.shown_as(kind, &object));
        response.warnings = warnings;
        response
    }

    /// What a deletion is answered with: the object while it stays, or for kinds that always return
    /// it; else a `Status`.
    fn deleted(&self, kind: Kind, object: &Object, gone: bool) -> Response {
        const RETURNED: [&str; 4] = ["Namespace", "Pod", "Service", "ServiceAccount"];
        let info = kind.info();
        if !gone || RETURNED.contains(&info.kind) {
            return Response::json(200, self.shown_as(kind, object));
        }
        let mut details = json!({"name": object.name(), "kind": info.plural, "uid": object.uid()});
        if !info.group.is_empty() {
            details["group"] = Value::from(info.group);
        }
        Response::json(200, success(details))
    }
}

fn success(details: Value) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

fn not_allowed() -> Box<Status> {
    Status::method_not_allowed("the server does not allow this method on the requested resource")
}

/// The name in the body has to be that of the URL.
fn check_name(object: &Object, name: &str) -> Result<()> {
    if object.name().is_empty() {
        return Err(Status::bad_request(format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )));
    }
    if object.name() != name {
        return Err(Status::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({name})",
            object.name()
        )));
    }
    Ok(())
}

/// Reads the options that every write has.
fn write_options(kind: &str, subresource: &'static str, request: &Request) -> Result<WriteOptions> {
    const MANAGER_MAX: usize = 128;
    let mut errors = Errors::default();
    let manager = request.query("fieldManager").unwrap_or_default();
    if manager.len() > MANAGER_MAX {
        errors.too_long(&Path::new("fieldManager"), MANAGER_MAX);
    }
    let dry_run = dry_run(request, &mut errors);
    body::Strictness::of(request, &mut errors);
    refuse_options(kind, errors)?;
    Ok(WriteOptions {
        dry_run,
        subresource,
        by_view: false,
    })
}

/// A whole number of the query, as Go reads one.
fn query_number(request: &Request, name: &str) -> Result<Option<i64>> {
    match request.query(name) {
        None | Some("") => Ok(None),
        Some(text) => match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Status::bad_request(format!(
                "strconv.ParseInt: parsing {}: invalid syntax",
                crate::api::field::quote(text)
            ))),
        },
    }
}

/// The flag of a query, as Go reads one.
fn parse_flag(request: &Request, name: &str) -> Result<bool> {
    match request.query(name).unwrap_or_default() {
        "" | "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(false),
        "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(true),
        other => Err(Status::bad_request(format!(
            "strconv.ParseBool: parsing \"{other}\": invalid syntax"
        ))),
    }
}

fn dry_run(request: &Request, errors: &mut Errors) -> bool {
    match request.query("dryRun") {
        None | Some("") => false,
        Some("All") => true,
        Some(other) => {
            let given = format!("[{}]", crate::api::field::quote(other));
            errors.not_supported_raw(&Path::new("dryRun"), &given, &["All"]);
            false
        }
    }
}

/// Options are an API type too: what is wrong with them is told as for any object.
fn invalid_options(kind: &str, collect: impl FnOnce(&mut Errors)) -> Box<Status> {
    let mut errors = Errors::default();
    collect(&mut errors);
    refuse_options(kind, errors)
        .err()
        .unwrap_or_else(not_allowed)
}

fn refuse_options(kind: &str, errors: Errors) -> Result<()> {
    let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
    let text = match texts.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        _ => format!("[{}]", texts.join(", ")),
    };
    let kind = qualified(kind, "meta.k8s.io");
    let text = format!("{kind} \"\" is invalid: {text}");
    Err(Status::new(422, "Invalid", text))
}

/// The options of a deletion: those of the body, or without one those of the query.
fn delete_options(request: &Request) -> Result<DeleteOptions> {
    const KIND: &str = "DeleteOptions";
    let mut given = api::DeleteOptions::default();
    match &request.body {
        Body::Empty | Body::Json(Value::Null) => {
            let text = |name: &str| {
                let text = request.query(name).filter(|text| !text.is_empty());
                text.map(str::to_owned)
            };
            given.propagation_policy = text("propagationPolicy");
            given.dry_run = text("dryRun").map(|given| vec![given]);
            given.grace_period_seconds = query_number(request, "gracePeriodSeconds")?;
            if request.query("orphanDependents").is_some() {
                given.orphan_dependents = Some(parse_flag(request, "orphanDependents")?);
            }
        }
        _ => given = decoded_options(body::object(KIND, request)?)?,
    }
    let mut errors = Errors::default();
    let policy = given.propagation_policy.as_deref();
    let path = Path::new("propagationPolicy");
    if given.orphan_dependents.is_some()
        && let Some(policy) = policy
    {
        let detail = "orphanDependents and deletionPropagation cannot be both set";
        errors.invalid(&path, policy, detail);
    }
    let propagation = match policy {
        None => given.orphan_dependents.map(|orphan| match orphan {
            true => Propagation::Orphan,
            false => Propagation::Background,
        }),
        Some("Foreground") => Some(Propagation::Foreground),
        Some("Orphan") => Some(Propagation::Orphan),
        Some("Background") => Some(Propagation::Background),
        Some(other) => {
            let known = ["Foreground", "Background", "Orphan", "nil"];
            errors.not_supported_raw(&path, &crate::api::field::quote(other), &known);
            None
        }
    };
    let dry_run = given.dry_run.unwrap_or_default();
    if dry_run.iter().any(|given| given != "All") {
        let shown: Vec<String> = dry_run
            .iter()
            .map(|d| crate::api::field::quote(d))
            .collect();
        let shown = format!("[{}]", shown.join(","));
        errors.not_supported_raw(&Path::new("dryRun"), &shown, &["All"]);
    }
    refuse_options(KIND, errors)?;
    let preconditions = given.preconditions.unwrap_or_default();
    Ok(DeleteOptions {
        grace_period_seconds: given.grace_period_seconds,
        propagation,
        uid: preconditions.uid,
        resource_version: preconditions.resource_version,
        dry_run: !dry_run.is_empty(),
    })
}

/// The options in a body. Fields that they do not have are let pass, as upstream does.
fn decoded_options(value: &Value) -> Result<api::DeleteOptions> {
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    let kind = text("kind");
    if !matches!(kind, "" | "DeleteOptions") {
        let version = text("apiVersion");
        let message = format!("no kind \"{kind}\" is registered for version \"{version}\"");
        return Err(Status::new(500, "", message));
    }
    match codec::decode::<api::DeleteOptions>(value, "v1") {
        Ok((options, _)) => Ok(options),
        Err(error) => Err(Status::new(500, "", error.message)),
    }
}
