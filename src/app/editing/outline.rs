//! Which objects a file declares, and where: so that an object on the stage can lead back to the
//! line that asked for it.

use std::rc::Rc;

use crate::api::yaml::{self, Span};
use crate::api::{Key, Kind};
use crate::app::Files;

/// An object that a text declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    pub kind: Kind,
    pub key: Key,
    /// Its name in the text, else its kind.
    pub span: Span,
}

/// The objects of a text, as far as it can be read.
pub fn declared(text: &str) -> Vec<Declared> {
    let mut found = Vec::new();
    for document in yaml::parse(text).documents {
        let value = &document.value;
        let of = |field: &str| value[field].as_str().unwrap_or_default();
        let Some(kind) = Kind::by_gvk(of("apiVersion"), of("kind")) else {
            continue;
        };
        let meta = |field: &str| value["metadata"][field].as_str().unwrap_or_default();
        let namespace = match (kind.info().namespaced, meta("namespace")) {
            (false, _) => "",
            (true, "") => "default",
            (true, given) => given,
        };
        let place = document
            .spans
            .find("metadata.name")
            .or_else(|| document.spans.find("kind"));
        found.push(Declared {
            kind,
            key: Key::new(namespace, meta("name")),
            span: place.map(|p| p.value).unwrap_or_default(),
        });
    }
    found
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
            .find(|d| d.kind == kind && d.key == *key)?;
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
        let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: Node\nmetadata: {name: n}\n";
        let found = declared(text);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].kind, &*found[0].key.namespace),
            (Pod::KIND, "default")
        );
        assert_eq!((found[1].kind, &*found[1].key.namespace), (Node::KIND, ""));
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
