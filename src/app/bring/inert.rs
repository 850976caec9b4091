//! Documents that a cluster does not know: they are kept in their file and left out when it is
//! applied, so that the rest can be.

use std::rc::Rc;

use serde_json::Value;

use crate::api::{Kind, yaml};
use crate::app::{Text, say};

/// A document that is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub file: Rc<str>,
    pub line: usize,
    /// "ServiceMonitor shop"
    pub object: Rc<str>,
    pub why: Text,
}

/// A text, divided.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorted {
    /// The text with blanks where documents are left out, so that places stay what they were.
    pub text: Rc<str>,
    pub left_out: Vec<LeftOut>,
}

/// Divides a text into what a cluster knows and what it does not. A text of which nothing is known
/// stays whole: the server says best what is wrong with it.
pub fn sort(file: &Rc<str>, text: &Rc<str>, knows: &dyn Fn(&str, &str) -> bool) -> Sorted {
    let whole = |left_out: Vec<LeftOut>| Sorted {
        text: text.clone(),
        left_out,
    };
    let parsed = yaml::parse(text);
    let of = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let defined: Vec<(String, String)> = parsed
        .documents
        .iter()
        .filter(|d| d.value["kind"] == "CustomResourceDefinition")
        .map(|d| {
            (
                of(&d.value["spec"], "group"),
                of(&d.value["spec"]["names"], "kind"),
            )
        })
        .collect();
    let mut left_out = Vec::new();
    let mut blank = Vec::new();
    for document in &parsed.documents {
        let (version, kind) = (
            of(&document.value, "apiVersion"),
            of(&document.value, "kind"),
        );
        let is_list = kind.ends_with("List") && document.value["items"].is_array();
        if version.is_empty() || kind.is_empty() || is_list || knows(&version, &kind) {
            continue;
        }
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let is_defined = defined.iter().any(|(g, k)| g == group && *k == kind);
        let elsewhere = Kind::served()
            .map(Kind::info)
            .find(|info| info.kind == kind);
        let why = match elsewhere {
            _ if is_defined => say!("inert.defined"),
            Some(info) => say!("inert.elsewhere", version = info.api_version()),
            None => say!("inert.unknown", version = &version),
        };
        let name = of(&document.value["metadata"], "name");
        let place = document.spans.value;
        left_out.push(LeftOut {
            file: file.clone(),
            line: place.line.max(1),
            object: format!("{kind} {name}").trim().into(),
            why,
        });
        blank.push(place.start..place.end);
    }
    let known = parsed.documents.len() - left_out.len();
    if left_out.is_empty() || known == 0 {
        return whole(left_out);
    }
    let mut rest = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '\n' | '\r' => rest.push(c),
            _ if blank.iter().any(|range| range.contains(&at)) => rest.push(' '),
            c => rest.push(c),
        }
    }
    // Nothing is left out that could not be cut out cleanly.
    let again = yaml::parse(&rest);
    let same = again.documents.len() == known && again.error.is_some() == parsed.error.is_some();
    match same {
        true => Sorted {
            text: rest.into(),
            left_out,
        },
        false => whole(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(text: &str) -> Sorted {
        let knows = |version: &str, kind: &str| Kind::by_gvk(version, kind).is_some();
        sort(&"a.yaml".into(), &text.into(), &knows)
    }

    const MONITOR: &str = "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata:\n  name: größe\nspec:\n  text: |\n    a\n    b\n";
    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n";

    #[test]
    fn what_is_not_known_is_cut_out_and_the_rest_stays_where_it_was() {
        for text in [
            format!("{MONITOR}---\n{POD}"),
            format!("{POD}---\n{MONITOR}"),
            format!("# a\n---\n{MONITOR}---\n# Source: x\n{POD}---\n{MONITOR}"),
            format!("{{\"apiVersion\":\"x/v1\",\"kind\":\"Y\"}}\n---\n{POD}"),
        ] {
            let found = sorted(&text);
            assert!(!found.left_out.is_empty(), "{text}");
            let documents = yaml::parse(&found.text).documents;
            assert_eq!(documents.len(), 1, "{}", found.text);
            let old = yaml::parse(&text).documents;
            let old = old.iter().find(|d| d.value["kind"] == "Pod").unwrap();
            assert_eq!(documents[0].value, old.value);
            assert_eq!(documents[0].spans.value.line, old.spans.value.line);
        }
    }

    #[test]
    fn each_is_told_with_its_reason() {
        let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: bs.b.c}\nspec:\n  group: b.c\n  names: {kind: B, plural: bs}\n";
        let text = format!(
            "{crd}---\napiVersion: b.c/v1\nkind: B\nmetadata: {{name: b}}\n---\napiVersion: extensions/v1beta1\nkind: Ingress\n---\n{MONITOR}"
        );
        let found = sorted(&text).left_out;
        let why: Vec<String> = found.iter().map(|l| l.why.english()).collect();
        assert_eq!((found[0].line, &*found[0].object), (8, "B b"));
        assert!(
            why[0].contains("gain") && why[1].contains("networking.k8s.io/v1"),
            "{why:?}"
        );
        assert!(why[2].contains("monitoring.coreos.com/v1"), "{why:?}");
    }

    #[test]
    fn what_is_all_known_or_all_unknown_stays_whole() {
        for text in [MONITOR, POD, "", "{{", "a: [\n", "kind: Pod\n"] {
            assert_eq!(&*sorted(text).text, text);
        }
    }
}
