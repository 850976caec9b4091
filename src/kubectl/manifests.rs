//! Objects out of files: what `-f` names, split into documents, checked as far as kubectl checks.
//! Models `k8s.io/cli-runtime/pkg/resource/visitor.go`.

use serde_json::Value;

use super::error::{Failure, Result, plain};
use super::json::{entries, list, name, namespace, text};
use super::kube::Kube;
use super::validation;
use crate::api::codec::go_time;
use crate::api::kinds::KindInfo;
use crate::api::selector::Selector;
use crate::api::{Kind, yaml};

/// An object of a file.
#[derive(Clone)]
pub struct Manifest {
    pub object: Value,
    pub kind: &'static KindInfo,
    pub namespace: String,
    /// The file, as messages name it.
    pub source: String,
}

impl Manifest {
    pub fn name(&self) -> &str {
        name(&self.object)
    }
}

/// A label selector that goes over objects one by one, as no server is asked for a list.
pub struct Selection(Selector);

impl Selection {
    pub fn has(&self, object: &Value) -> bool {
        let labels = entries(object, "metadata.labels");
        let labels = labels.map(|(k, v)| (k.to_owned(), v.as_str().unwrap_or_default().to_owned()));
        self.0.matches(&labels.collect())
    }
}

impl Kube {
    /// The objects of the files that `-f` names, with what is wrong with others.
    pub async fn manifests(&self) -> (Vec<Manifest>, Vec<Failure>) {
        let mut manifests = Vec::new();
        let mut failures = Vec::new();
        let folder = self.flags.text("kustomize");
        if !folder.is_empty() {
            let done = match super::cmd::kustomized(self, folder) {
                Ok(text) => self.read(folder, &text, &mut manifests).await,
                Err(failure) => Err(failure),
            };
            failures.extend(done.err());
        }
        for file in self.flags.list("filename") {
            match self.sources(file).await {
                Ok(sources) => {
                    for (source, text) in sources {
                        if let Err(failure) = self.read(&source, &text, &mut manifests).await {
                            failures.push(failure);
                        }
                    }
                }
                Err(failure) => {
                    failures.push(failure);
                    break;
                }
            }
        }
        (manifests, failures)
    }

    /// As [`Kube::manifests`], for commands that look at each object and list at the end what went wrong: that is
    /// told without `error: ` before it, unless there is no such file.
    pub async fn visited(&self) -> (Vec<Manifest>, Vec<Failure>) {
        let (manifests, failures) = self.manifests().await;
        (manifests, failures.into_iter().map(said).collect())
    }

    /// What `-l` selects among objects that files name; `None` without it.
    #[inline(never)]
    pub fn selection(&self) -> Result<Option<Selection>> {
        match self.flags.text("selector") {
            "" => Ok(None),
            text => match Selector::parse(text) {
                Ok(selector) => Ok(Some(Selection(selector))),
                Err(why) => plain(format!(
                    "the provided selector \"{text}\" is not valid: {why}"
                )),
            },
        }
    }

    /// Leaves those that `-l` selects by the labels that they have in their files.
    pub fn select(&self, manifests: &mut Vec<Manifest>) -> Result<()> {
        if let Some(selection) = self.selection()? {
            manifests.retain(|m| selection.has(&m.object));
        }
        Ok(())
    }

    /// Names and texts of what a `-f` names: a file, a folder, the input.
    async fn sources(&self, file: &str) -> Result<Vec<(String, String)>> {
        let host = &self.shell.world.host;
        if file == "-" {
            let text = match &self.io.input {
                Some(pipe) => pipe.rest().await,
                None => String::new(),
            };
            return Ok(vec![("STDIN".to_owned(), text)]);
        }
        if file.starts_with("http://") || file.starts_with("https://") {
            if let Some(text) = addon(file) {
                return Ok(vec![(file.to_owned(), text.to_owned())]);
            }
            return plain(format!(
                "unable to read URL \"{file}\": the cluster lives in this page and reaches no other server"
            ));
        }
        let plain_name = super::host::plain(file).trim_end_matches('/');
        let lead = match plain_name {
            "" | "." | "/root" => String::new(),
            name => format!("{name}/"),
        };
        let is_file = !file.ends_with('/') && self.shell.read_file(plain_name).is_some();
        let mut inside = host.files().into_iter();
        if !is_file && (lead.is_empty() || inside.any(|f| f.starts_with(&lead))) {
            let deep = self.flags.is("recursive");
            let manifest = |n: &String| {
                [".yaml", ".yml", ".json"]
                    .iter()
                    .any(|suffix| n.ends_with(suffix))
            };
            let here = |n: &String| {
                n.strip_prefix(&lead)
                    .is_some_and(|rest| !rest.starts_with('/') && (deep || !rest.contains('/')))
            };
            let names: Vec<String> = host
                .files()
                .into_iter()
                .filter(|n| here(n) && manifest(n))
                .collect();
            if names.is_empty() {
                return plain(format!(
                    "error reading [{file}]: recognized file extensions are [.json .yaml .yml]"
                ));
            }
            let texts = names
                .into_iter()
                .map(|n| (n.clone(), self.shell.read_file(&n).unwrap_or_default()));
            return Ok(texts.collect());
        }
        match self
            .shell
            .read_file(file.strip_prefix("./").unwrap_or(file))
        {
            Some(text) => Ok(vec![(file.to_owned(), text)]),
            None => plain(format!("the path \"{file}\" does not exist")),
        }
    }

    pub async fn read(&self, source: &str, text: &str, out: &mut Vec<Manifest>) -> Result<()> {
        let parsed = yaml::parse(text);
        let strange = |object: &Value| {
            let (version, kind) = (
                super::json::text(object, "apiVersion"),
                super::json::text(object, "kind"),
            );
            Kind::by_gvk(version, kind).is_none()
        };
        let any_strange = |document: &Value| match list(document, "items") {
            [] => strange(document),
            items => items.iter().any(strange),
        };
        if parsed.documents.iter().any(|d| any_strange(&d.value)) {
            self.discover().await;
        }
        for document in parsed.documents {
            let document = document.value;
            if document.is_null() {
                continue;
            }
            self.validate(source, &document).await?;
            check_decoding(source, &document)?;
            self.flatten(source, document, out)?;
        }
        match parsed.error {
            Some(error) => plain(format!("error parsing {source}: {}", error.message)),
            None => Ok(()),
        }
    }

    /// The check that kubectl makes itself although the server validates fields: that there is a
    /// kind to send the object to. No server takes a `List`, so that one is checked with all in it.
    async fn validate(&self, source: &str, document: &Value) -> Result<()> {
        if !self.flags.defines("validate")
            || matches!(self.flags.text("validate"), "false" | "ignore")
        {
            return Ok(());
        }
        let mut wrong = validation::kind_errors(document);
        let list = (text(document, "apiVersion"), text(document, "kind")) == ("v1", "List");
        if list && wrong.is_empty() && self.flags.text("validate") != "warn" {
            let schema = self.shell.world.host.schema().await;
            wrong = validation::list_errors(schema.as_ref(), document);
        }
        match validation::aggregate(wrong) {
            None => Ok(()),
            Some(message) => plain(format!(
                "error validating \"{source}\": error validating data: {message}; if you choose to ignore these errors, turn validation off with --validate=false"
            )),
        }
    }

    fn flatten(&self, source: &str, object: Value, out: &mut Vec<Manifest>) -> Result<()> {
        if text(&object, "kind").ends_with("List") && object["items"].is_array() {
            let of = text(&object, "kind").trim_end_matches("List").to_owned();
            let api_version = text(&object, "apiVersion").to_owned();
            for item in list(&object, "items") {
                let mut item = item.clone();
                if !of.is_empty() && item.is_object() && item["kind"].is_null() {
                    item["kind"] = Value::from(of.as_str());
                    item["apiVersion"] = Value::from(api_version.as_str());
                }
                check_kind(source, &item)?;
                check_metadata(source, &item)?;
                out.push(self.manifest(source, item)?);
            }
            return Ok(());
        }
        out.push(self.manifest(source, object)?);
        Ok(())
    }

    /// A kind of the core group, of which a manifest does not say the version. The mapper takes the preferred one, and
    /// the client asks for what the manifest says: a path without a version, where there is nothing.
    #[inline(never)]
    fn without_version(&self, kind: &str) -> Option<&'static KindInfo> {
        let mut kinds = self.kinds().into_iter();
        let info = kinds.find(|i| i.group.is_empty() && i.kind == kind)?;
        Some(info.at_no_version())
    }

    /// Whether the command reads files as the types that the client was built with, so that no other kind will do,
    /// be it one that a definition brings.
    fn wants_types(&self) -> bool {
        let path = self.path.strip_prefix("kubectl ").unwrap_or_default();
        path == "expose" || path.starts_with("set ") || path.starts_with("rollout ")
    }

    fn manifest(&self, source: &str, mut object: Value) -> Result<Manifest> {
        let (api_version, kind) = (text(&object, "apiVersion"), text(&object, "kind"));
        if self.wants_types() && Kind::by_gvk(api_version, kind).is_none() {
            return no_type(source, api_version, kind, &object);
        }
        let known = self.kind_by_gvk(api_version, kind).or_else(|| {
            // The mapper also knows kinds in lower case.
            self.kind_of(kind).filter(|info| {
                info.api_version() == api_version && info.kind.to_ascii_lowercase() == kind
            })
        });
        let known = known.or_else(|| match api_version {
            "" => self.without_version(kind),
            _ => None,
        });
        let Some(known) = known else {
            return plain(format!(
                "resource mapping not found for name: \"{}\" namespace: \"{}\" from \"{source}\": no matches for kind \"{kind}\" in version \"{api_version}\"\nensure CRDs are installed first",
                name(&object),
                namespace(&object),
            ));
        };
        let mut place = String::new();
        if known.namespaced {
            place = match namespace(&object) {
                "" => self.namespace(),
                own => own.to_owned(),
            };
            let wanted = self.flags.text("namespace");
            if !wanted.is_empty() && wanted != place {
                return plain(format!(
                    "the namespace from the provided object \"{place}\" does not match the namespace \"{wanted}\". You must pass '--namespace={place}' to perform this operation."
                ));
            }
            // What stays here stays as it was written.
            if !self.flags.is("local") {
                object["metadata"]["namespace"] = Value::from(place.as_str());
            }
        }
        Ok(Manifest {
            object,
            kind: known,
            namespace: place,
            source: source.to_owned(),
        })
    }
}

/// What is wrong with a file, told without `error: ` before it, unless there is no such file.
pub fn said(failure: Failure) -> Failure {
    match failure {
        Failure::Plain(message) if !is_of_file(&message) => Failure::Said(message),
        failure => failure,
    }
}

/// What a client says of an object for which it has no type (`runtime.Scheme`).
#[inline(never)]
fn no_type<T>(source: &str, api_version: &str, kind: &str, object: &Value) -> Result<T> {
    plain(match api_version {
        "" => format!(
            "unable to decode \"{source}\": Object 'apiVersion' is missing in '{}'",
            crate::api::json::go_json(object)
        ),
        _ => format!(
            "unable to decode \"{source}\": no kind \"{kind}\" is registered for version \"{api_version}\" in scheme \"pkg/scheme/scheme.go:28\""
        ),
    })
}

/// Whether a message is about a file that cannot be read, and not about what is in it.
pub fn is_of_file(message: &str) -> bool {
    const BEGINNINGS: [&str; 3] = ["the path \"", "error reading [", "unable to read URL "];
    BEGINNINGS
        .iter()
        .any(|beginning| message.starts_with(beginning))
}

/// The one manifest on the web that every introduction to Ingresses asks for is part of the program.
fn addon(url: &str) -> Option<&'static str> {
    let rest = url.strip_prefix("https://raw.githubusercontent.com/kubernetes/ingress-nginx/")?;
    rest.ends_with("/deploy.yaml")
        .then_some(include_str!("../../static/addons/ingress-nginx.yaml"))
}

/// What decoding a document says of one that is no object, of no kind, or no list of objects
/// (`unstructured.UnstructuredJSONScheme`).
fn check_decoding(source: &str, document: &Value) -> Result<()> {
    let wrong = |value: &Value, wanted: &str| -> Result<()> {
        plain(format!(
            "unable to decode \"{source}\": json: cannot unmarshal {} into Go {wanted}",
            go_type(value, false)
        ))
    };
    if !document.is_object() {
        return wrong(document, "value of type unstructured.detector");
    }
    let items = &document["items"];
    if !items.is_null() && !items.is_array() {
        return wrong(
            items,
            "struct field decodeList.items of type []json.RawMessage",
        );
    }
    check_kind(source, document)?;
    check_metadata(source, document)
}

fn check_kind(source: &str, object: &Value) -> Result<()> {
    match text(object, "kind") {
        "" => plain(format!(
            "unable to decode \"{source}\": Object 'Kind' is missing in '{}'",
            crate::api::json::go_json(object)
        )),
        _ => Ok(()),
    }
}

/// What decoding `ObjectMeta` says of wrong types; other fields are left to the server.
fn check_metadata(source: &str, object: &Value) -> Result<()> {
    let wrong = |value: &Value, path: &str, wanted: &str| -> Result<()> {
        plain(format!(
            "unable to decode \"{source}\": json: cannot unmarshal {} into Go struct field {path} of type {wanted}",
            go_type(value, wanted.starts_with("int"))
        ))
    };
    let metadata = match &object["metadata"] {
        Value::Null => return Ok(()),
        Value::Object(metadata) => metadata,
        other => return wrong(other, "metadataOnlyObject.metadata", "v1.ObjectMeta"),
    };
    for (field, value) in metadata {
        let path = format!("ObjectMeta.metadata.{field}");
        match (field.as_str(), value) {
            (_, Value::Null) => {}
            ("name" | "generateName" | "namespace" | "selfLink" | "uid" | "resourceVersion", v) => {
                let wanted = if field == "uid" {
                    "types.UID"
                } else {
                    "string"
                };
                if !v.is_string() {
                    return wrong(v, &path, wanted);
                }
            }
            ("generation" | "deletionGracePeriodSeconds", v) if !v.is_i64() => {
                return wrong(v, &path, "int64");
            }
            ("labels" | "annotations", Value::Object(map)) => {
                if let Some(bad) = map.values().find(|v| !v.is_string() && !v.is_null()) {
                    return wrong(bad, &path, "string");
                }
            }
            ("labels" | "annotations", v) => return wrong(v, &path, "map[string]string"),
            ("creationTimestamp" | "deletionTimestamp", Value::String(text)) => {
                if let Some(why) = go_time::time_error(text, go_time::SECONDS) {
                    return plain(format!("unable to decode \"{source}\": {why}"));
                }
            }
            ("creationTimestamp" | "deletionTimestamp", v) => return wrong(v, &path, "string"),
            ("finalizers", Value::Array(items)) => {
                if let Some(bad) = items.iter().find(|v| !v.is_string()) {
                    return wrong(bad, &path, "string");
                }
            }
            ("finalizers", v) => return wrong(v, &path, "[]string"),
            ("ownerReferences", Value::Array(owners)) => {
                for (field, value) in owners.iter().filter_map(Value::as_object).flatten() {
                    let (wanted, fits) = match field.as_str() {
                        "controller" | "blockOwnerDeletion" => ("bool", value.is_boolean()),
                        "uid" => ("types.UID", value.is_string()),
                        "apiVersion" | "kind" | "name" => ("string", value.is_string()),
                        _ => continue,
                    };
                    if !fits && !value.is_null() {
                        let path = format!("OwnerReference.metadata.ownerReferences.{field}");
                        return wrong(value, &path, wanted);
                    }
                }
            }
            ("ownerReferences", v) if !v.is_array() => {
                return wrong(v, &path, "[]v1.OwnerReference");
            }
            _ => {}
        }
    }
    Ok(())
}

/// A value as Go names it; of a number that is no integer, where one is wanted, also which.
fn go_type(value: &Value, wants_integer: bool) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(n) if wants_integer => format!("number {n}"),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
    }
}
