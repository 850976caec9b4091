//! What is wrong with a manifest, and where: the API server's own words, beside the text.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use super::rehearse::Rehearsal;
use crate::api::yaml::{self, Span, SpanMap};
use crate::api::{Kind, Resource};
use crate::apiserver::{Body, Response};
use crate::app::{Text, say};
use crate::cluster::Cluster;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    Error,
}

impl Severity {
    /// As CodeMirror and the style sheet name it.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Something wrong at a place of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    /// Bytes; never beyond the line that it starts in.
    pub start: usize,
    pub end: usize,
    /// Both from 1; the column counts characters.
    pub line: usize,
    pub column: usize,
    pub message: Text,
}

/// All that is wrong with a text, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    pub problems: Vec<Problem>,
    /// How many objects the text declares.
    pub objects: usize,
    /// How many problems were left out.
    pub more: usize,
}

/// The most that is listed: beyond that nobody reads.
const MOST_PROBLEMS: usize = 50;
/// The most objects that are sent to the fork; a text with more is checked up to there.
const MOST_OBJECTS: usize = 200;

/// Reads the text as `kubectl` would and asks a fork of the cluster about every object in it.
pub fn diagnose(text: &str, cluster: &Cluster) -> Diagnosis {
    let parsed = yaml::parse(text);
    let mut notes = Notes {
        text,
        problems: Vec::new(),
    };
    let mut objects = 0;
    let mut rehearsal = Rehearsal::of(cluster);
    for document in &parsed.documents {
        for duplicate in &document.duplicates {
            let message = say!(
                "problems.duplicate",
                path = &duplicate.path,
                line = duplicate.first.line
            );
            notes.add(Severity::Warning, duplicate.second, message);
        }
        for (value, spans) in flattened(&document.value, &document.spans) {
            objects += 1;
            if objects <= MOST_OBJECTS {
                notes.object(value, spans, &mut rehearsal);
            }
        }
    }
    if let Some(error) = parsed.error {
        notes.add(Severity::Error, error.span, error.message);
    }
    let mut problems = notes.problems;
    // Those of a real cluster are heard of late, or never.
    if !cluster.server().any(Namespace::KIND, None) {
        problems.retain(|p| !p.message.english().starts_with("namespaces "));
    }
    problems.sort_by_key(|p| (p.start, std::cmp::Reverse(p.severity)));
    problems.dedup();
    let more = problems.len().saturating_sub(MOST_PROBLEMS);
    problems.truncate(MOST_PROBLEMS);
    Diagnosis {
        problems,
        objects,
        more,
    }
}

/// What a text may be right or wrong by, besides itself: how many namespaces there are, and definitions of kinds.
pub fn ground(cluster: &Cluster) -> (usize, usize) {
    let count = |kind| cluster.server().list_objects(kind, None).len();
    (
        count(Namespace::KIND),
        count(CustomResourceDefinition::KIND),
    )
}

/// The object, or the items of a `List`.
fn flattened<'d>(value: &'d Value, spans: &'d SpanMap) -> Vec<(&'d Value, &'d SpanMap)> {
    match (value["kind"].as_str(), value["items"].as_array()) {
        (Some(kind), Some(items)) if kind.ends_with("List") => items
            .iter()
            .enumerate()
            .map(|(i, item)| (item, spans.nearest(&format!("items[{i}]"))))
            .collect(),
        _ => vec![(value, spans)],
    }
}

struct Notes<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl Notes<'_> {
    fn add(&mut self, severity: Severity, span: Span, message: impl Into<Text>) {
        let start = span.start.min(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        let line_end = start + rest.find(['\n', '\r']).unwrap_or(rest.len());
        self.problems.push(Problem {
            severity,
            start,
            end: span.end.clamp(start, line_end),
            line: span.line.max(1),
            column: span.column.max(1),
            message: message.into(),
        });
    }

    fn error_at(&mut self, spans: &SpanMap, path: &str, message: impl Into<Text>) {
        self.add(Severity::Error, mark_of(spans, path), message);
    }

    fn object(&mut self, value: &Value, spans: &SpanMap, rehearsal: &mut Rehearsal) {
        let (version, name) = (value["apiVersion"].as_str(), value["kind"].as_str());
        if !value.is_object() {
            self.error_at(spans, "", say!("problems.not-object"));
            return;
        }
        let missing: Vec<&str> = [("apiVersion", version), ("kind", name)]
            .into_iter()
            .filter(|(_, given)| given.unwrap_or_default().is_empty())
            .map(|(field, _)| field)
            .collect();
        if !missing.is_empty() {
            let list: Vec<String> = missing.iter().map(|f| format!("{f} not set")).collect();
            let list = match list.as_slice() {
                [one] => one.clone(),
                many => format!("[{}]", many.join(", ")),
            };
            self.error_at(spans, "", format!("error validating data: {list}"));
            return;
        }
        let (version, name) = (version.unwrap_or_default(), name.unwrap_or_default());
        let Some(kind) = rehearsal.kind(version, name) else {
            let place = match rehearsal.serves(version) {
                true => "kind",
                false => "apiVersion",
            };
            let message = format!("no matches for kind \"{name}\" in version \"{version}\"");
            let message = match likely_version(version, name) {
                Some(likely) => say!(
                    "problems.elsewhere",
                    message = message,
                    kind = name,
                    version = likely
                ),
                None => message.into(),
            };
            self.error_at(spans, place, message);
            return;
        };
        let info = kind.info();
        let refused = |reason: &str| {
            format!(
                "{name} in version \"{}\" cannot be handled as a {name}: {reason}",
                info.version
            )
        };
        match kind.decode(value) {
            Err(error) => {
                self.error_at(spans, &error.path, refused(&error.message));
                return;
            }
            Ok((_, unknown)) if !unknown.is_empty() => {
                for path in unknown {
                    let message =
                        refused(&format!("strict decoding error: unknown field \"{path}\""));
                    let span = spans.nearest(&path).mark();
                    self.add(Severity::Error, span, message);
                }
                return;
            }
            Ok(_) => {}
        }
        let response = rehearsal.apply(kind, value);
        for warning in &response.warnings {
            let path = warning.split(':').next().unwrap_or_default();
            let span = match spans.find(path) {
                Some(found) if !path.is_empty() => mark(found),
                _ => mark_of(spans, "kind"),
            };
            self.add(Severity::Warning, span, warning.as_str());
        }
        if !response.is_success() {
            self.refusal(spans, &response);
        }
    }

    /// What a `Status` says, each of its causes at its field.
    fn refusal(&mut self, spans: &SpanMap, response: &Response) {
        let status = match &response.body {
            Body::Json(status) => status,
            _ => &Value::Null,
        };
        let text =
            |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
        let causes = status["details"]["causes"].as_array();
        let mut told = false;
        for cause in causes.into_iter().flatten() {
            let (field, message) = (text(cause, "field"), text(cause, "message"));
            if message.is_empty() {
                continue;
            }
            told = true;
            let message = match field.as_str() {
                "" => message,
                field => format!("{field}: {message}"),
            };
            self.error_at(spans, &field, message);
        }
        if told {
            return;
        }
        let told = text(status, "message");
        // A missing or leaving namespace is named in the manifest; anything else is about the object.
        let about_namespace = status["details"]["kind"] == "namespaces"
            || told.contains("namespace") && spans.find("metadata.namespace").is_some();
        let path = match about_namespace {
            true => "metadata.namespace",
            false => "metadata.name",
        };
        let message = match told.is_empty() {
            true => say!("problems.code", code = response.code),
            false => told.into(),
        };
        self.error_at(spans, path, message);
    }
}

/// Where a kind of this name is, if it is elsewhere.
fn likely_version(version: &str, name: &str) -> Option<String> {
    Kind::all()
        .map(Kind::info)
        .find(|info| info.kind == name && info.api_version() != version)
        .map(crate::api::KindInfo::api_version)
}

fn mark_of(spans: &SpanMap, path: &str) -> Span {
    match spans.find(path) {
        Some(found) => mark(found),
        // What is missing is shown where it should be.
        None => spans.nearest(path).mark(),
    }
}

/// The offending word: a plain value, or the name of what holds more.
fn mark(found: &SpanMap) -> Span {
    if found.children.is_empty() && found.value.start < found.value.end {
        found.value
    } else {
        found.mark()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::{Method, Request};
    use crate::cluster::Config;
    use crate::sim::secs;
    use serde_json::json;

    fn cluster() -> Cluster {
        let mut cluster = Cluster::new(Config::bare(7, 1));
        cluster.run_for(secs(5));
        cluster
    }

    const WEB: &str = "\
# größe 🐟
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: nginx
        image: nginx:1.27
";

    /// Each problem as "line:word: message".
    fn found(text: &str) -> Vec<String> {
        diagnose(text, &cluster())
            .problems
            .iter()
            .map(|p| {
                let word = text.get(p.start..p.end).unwrap();
                format!("{}:{word}: {}", p.line, p.message.english())
            })
            .collect()
    }

    #[test]
    fn a_real_cluster_of_which_no_namespace_is_known_refuses_nothing_for_that() {
        use crate::cluster::Arrival;
        use crate::sim::Time;
        let mut replica = Cluster::replica(Time::EPOCH);
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n";
        let text = format!("{WEB}---\n{pod}");
        assert_eq!(diagnose(&text, &replica).problems, []);
        let before = ground(&replica);
        let (default, _) = Namespace::KIND
            .decode(&serde_json::json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": "default", "uid": "u-1", "resourceVersion": "7"},
            }))
            .unwrap();
        replica.take_in(vec![Arrival::Put(default)]);
        assert_ne!(before, ground(&replica));
        assert_eq!(diagnose(&text, &replica).problems, []);
    }

    #[test]
    fn a_good_manifest_has_no_problems_and_leaves_no_trace() {
        let cluster = cluster();
        let revision = cluster.server().revision();
        let diagnosis = diagnose(WEB, &cluster);
        assert_eq!(diagnosis.problems, []);
        assert_eq!(diagnosis.objects, 1);
        assert_eq!(cluster.server().revision(), revision);
        assert_eq!(diagnose("", &cluster), Diagnosis::default());
        assert_eq!(diagnose("# nothing\n---\n", &cluster), Diagnosis::default());
    }

    #[test]
    fn a_kind_that_a_definition_brings_is_known_and_checked() {
        let mut cluster = cluster();
        let schema = json!({ "type": "object", "properties": { "spec": {
            "type": "object",
            "properties": { "replicas": { "type": "integer", "minimum": 1 } },
        } } });
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": "websites.example.com" },
            "spec": {
                "group": "example.com", "scope": "Namespaced",
                "names": { "kind": "Website", "plural": "websites" },
                "versions": [{ "name": "v1", "served": true, "storage": true,
                    "schema": { "openAPIV3Schema": schema } }],
            },
        });
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let request = Request::new(Method::Post, path).with_body(definition);
        assert!(cluster.request(&request).is_success());
        cluster.run_for(secs(5));
        let blog = "apiVersion: example.com/v1\nkind: Website\nmetadata: {name: blog}\nspec:\n  replicas: 2\n";
        assert_eq!(diagnose(blog, &cluster).problems, []);
        let first = |text: &str| {
            let found = diagnose(text, &cluster).problems;
            found.first().map(|p| (p.line, p.message.english()))
        };
        let (line, message) = first(&blog.replace("2", "0")).expect("a problem");
        assert!(line == 5 && message.contains("spec.replicas"), "{message}");
        let (line, message) = first(&blog.replace("Website", "Websight")).expect("a problem");
        assert!(line == 2 && message.contains("no matches"), "{message}");
    }

    #[test]
    fn what_is_wrong_is_told_at_the_offending_word() {
        for (from, to, want) in [
            (
                "replicas: 3",
                "replicass: 3",
                "7:replicass: Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.replicass\"",
            ),
            (
                "replicas: 3",
                "replicas: three",
                "7:three: Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                "metadata:\n  name: web\n",
                "metadata:\n  labels: {}\n",
                "4:metadata: metadata.name: Required value: name or generateName is required",
            ),
            (
                "kind: Deployment",
                "kind: Deploymnet",
                "3:Deploymnet: no matches for kind \"Deploymnet\" in version \"apps/v1\"",
            ),
            (
                "apps/v1",
                "v1",
                "3:Deployment: no matches for kind \"Deployment\" in version \"v1\"; the kind Deployment is in apps/v1",
            ),
            (
                "  name: web\n",
                "  name: web\n  namespace: nowhere\n",
                "6:nowhere: namespaces \"nowhere\" not found",
            ),
        ] {
            assert_eq!(found(&WEB.replacen(from, to, 1)), [want], "{to}");
        }
    }

    #[test]
    fn text_that_is_not_yaml_is_told_in_go_yamls_words() {
        let problems = found("kind: [a\n");
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].contains("error converting YAML to JSON: yaml:"),
            "{problems:?}"
        );
        assert_eq!(
            found("a: 1\n"),
            ["1:a: 1: error validating data: [apiVersion not set, kind not set]"]
        );
    }

    #[test]
    fn a_name_written_twice_is_a_warning() {
        let text = WEB.replace("  replicas: 3\n", "  replicas: 3\n  replicas: 4\n");
        let diagnosis = diagnose(&text, &cluster());
        assert_eq!(diagnosis.problems.len(), 1);
        assert_eq!(diagnosis.problems[0].severity, Severity::Warning);
        assert_eq!(diagnosis.problems[0].line, 8);
    }

    #[test]
    fn later_objects_stand_on_earlier_ones() {
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n---\n";
        let inside = WEB.replace("name: web\n", "name: web\n  namespace: shop\n");
        assert_eq!(found(&format!("{namespace}{inside}")), [""; 0]);
        assert_eq!(found(&format!("{inside}---\n{namespace}")).len(), 1);
    }

    #[test]
    fn the_items_of_a_list_are_objects() {
        let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Nope\n";
        assert_eq!(
            found(text),
            ["5:Nope: no matches for kind \"Nope\" in version \"v1\""]
        );
    }

    #[test]
    fn nonsense_is_survived() {
        for text in [
            "- 1\n- 2",
            "x",
            "{",
            "\u{0}",
            "a: &a [*a]",
            "kind: 3",
            "---",
            "\"\"",
            "🐟: {",
            "apiVersion: v1\nkind: List\nitems: 3\n",
            "apiVersion: v1\nkind: Pod\nmetadata: []\n",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: 'a/b/../c', namespace: '..'}\n",
        ] {
            for p in diagnose(text, &cluster()).problems {
                assert!(text.get(p.start..p.end).is_some(), "{text:?}: {p:?}");
            }
        }
        let many = "apiVersion: v1\nkind: Nope\n---\n".repeat(300);
        let diagnosis = diagnose(&many, &cluster());
        assert_eq!(diagnosis.problems.len(), MOST_PROBLEMS);
        assert!(diagnosis.more > 0);
    }
}
