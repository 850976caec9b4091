//! Which objects a file declares, and where: so that an object on the stage can lead back to the
//! line that asked for it.

use std::rc::Rc;

use serde_json::Value;

use crate::api::yaml::{self, Span};
use crate::api::{Key, Kind};
use crate::app::Files;

/// An object that a text declares.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Declared {
    api_version: String,
    kind: String,
    /// Empty where the text leaves it out.
    namespace: String,
    name: String,
    /// Its name in the text, else its kind.
    span: Span,
}

impl Declared {
    /// Whether it is the object, in whatever version of its group.
    fn is(&self, kind: Kind, key: &Key) -> bool {
        let info = kind.info();
        let group = self.api_version.split_once('/').map_or("", |(g, _)| g);
        let namespace = match (info.namespaced, &*self.namespace) {
            (false, _) => "",
            (true, "") => "default",
            (true, given) => given,
        };
        (group, &*self.kind) == (info.group, info.kind)
            && (namespace, &*self.name) == (&*key.namespace, &*key.name)
    }
}

/// The objects of a text, as far as it can be read.
fn declared(text: &str) -> Vec<Declared> {
    let documents = yaml::parse(text).documents.into_iter();
    documents
        .filter_map(|document| {
            let value = &document.value;
            let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let meta = &value["metadata"];
            let spans = &document.spans;
            let place = spans.find("metadata.name").or_else(|| spans.find("kind"))?;
            Some(Declared {
                api_version: of(&value["apiVersion"]),
                kind: of(&value["kind"]),
                namespace: of(&meta["namespace"]),
                name: of(&meta["name"]),
                span: place.value,
            })
        })
        .collect()
}

/// The file that declares an object, and where in it. The open file comes first.
pub fn place_of(files: &Files, kind: Kind, key: &Key) -> Option<(usize, Rc<str>, Span)> {
    let open = files
        .list
        .iter()
        .enumerate()
        .filter(|(i, _)| *i == files.open);
    let others = files
        .list
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != files.open);
    open.chain(others).find_map(|(i, file)| {
        // Reading YAML costs more than looking for the name.
        if !file.text.contains(&*key.name) {
            return None;
        }
        let found = declared(&file.text)
            .into_iter()
            .find(|declared| declared.is(kind, key))?;
        Some((i, file.name.clone(), found.span))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Resource;
    use crate::app::File;
    use k8s_openapi::api::apps::v1::Deployment;
    use k8s_openapi::api::core::v1::{Node, Pod};

    #[test]
    fn objects_are_found_where_they_are_declared() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: Node\nmetadata: {name: one}\n";
        let found = declared(text);
        assert_eq!(found.len(), 2);
        assert!(found[0].is(Pod::KIND, &Key::new("default", "a")));
        assert!(!found[0].is(Pod::KIND, &Key::new("other", "a")));
        assert!(found[1].is(Node::KIND, &Key::new("", "one")));
        assert_eq!(found[0].span.line, 4);
        let file = |name: &str, text: &str| File {
            name: name.into(),
            text: text.into(),
        };
        let files = Files {
            list: vec![file("x.yaml", text), file("y.yaml", text)],
            open: 1,
        };
        let (index, name, span) = place_of(&files, Pod::KIND, &Key::new("default", "a")).unwrap();
        assert_eq!((index, &*name, span.line), (1, "y.yaml", 4));
        assert_eq!(
            place_of(&files, Deployment::KIND, &Key::new("default", "a")),
            None
        );
    }
}
