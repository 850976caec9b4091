//! Names of objects in what commands print, so that a click on one selects it.

use std::ops::Range;
use std::rc::Rc;

use crate::api::Kind;

/// What a command's lines are about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// Where objects without a namespace of their own are.
    pub namespace: Rc<str>,
    /// The kind whose table is printed.
    pub table: Option<Kind>,
    /// The first column is the namespace.
    pub all: bool,
}

/// A piece of a line that names an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// In bytes of the line.
    pub range: Range<usize>,
    pub kind: Kind,
    /// Empty for objects of the cluster.
    pub namespace: Rc<str>,
    pub name: Rc<str>,
}

/// Lines are searched for names up to here.
const LONGEST: usize = 400;

impl About {
    /// What the lines of a command are about, as far as its words tell.
    pub fn of(command: &str, namespace: &str) -> About {
        let mut about = About {
            namespace: namespace.into(),
            ..About::default()
        };
        let mut words = command.split_whitespace().peekable();
        let first = words.next();
        if !matches!(first, Some("kubectl" | "k")) || command.contains(['|', ';', '&', '>']) {
            return about;
        }
        let mut plain: Vec<&str> = Vec::new();
        let mut formatted = false;
        while let Some(word) = words.next() {
            match word {
                "-n" | "--namespace" => about.namespace = words.next().unwrap_or(namespace).into(),
                "-A" | "--all-namespaces" => about.all = true,
                "-l" | "--selector" | "--field-selector" | "--sort-by" | "-L" => {
                    words.next();
                }
                "-o" => formatted = words.next() != Some("wide"),
                word => match word
                    .strip_prefix("--namespace=")
                    .or(word.strip_prefix("-n="))
                {
                    Some(own) => about.namespace = own.into(),
                    None if word.starts_with("-o") || word.starts_with("--output=") => {
                        formatted = !word.ends_with("wide");
                    }
                    None if word.starts_with('-') => {}
                    None => plain.push(word),
                },
            }
        }
        if let (["get", kind, ..], false) = (plain.as_slice(), formatted) {
            about.table = kind_of(kind);
        }
        about
    }

    /// The names of objects in a line.
    pub fn links(&self, line: &str) -> Vec<Link> {
        let mut out = Vec::new();
        if line.len() > LONGEST {
            return out;
        }
        let mut words = pieces(line);
        if let Some(kind) = self.table
            && !line.starts_with("NAME")
            && !line.starts_with(' ')
        {
            let mut namespace = self.namespace.clone();
            let mut named = words.next();
            if self.all && kind.info().namespaced {
                namespace = named.map_or("", |(_, word)| word).into();
                named = words.next();
            }
            // Tables of several kinds write the kind before the name: found below.
            if let Some((range, word)) = named.filter(|(_, word)| is_name(word)) {
                out.push(link(range, kind, &namespace, word));
                return out;
            }
        }
        if !line.contains('/') {
            return out;
        }
        for (range, word) in pieces(line) {
            let Some((kind, name)) = word.split_once('/') else {
                continue;
            };
            if let Some(kind) = kind_of(kind).filter(|_| is_name(name)) {
                out.push(link(range, kind, &self.namespace, name));
            }
        }
        out
    }
}

fn link(range: Range<usize>, kind: Kind, namespace: &str, name: &str) -> Link {
    let namespace = if kind.info().namespaced {
        namespace
    } else {
        ""
    };
    Link {
        range,
        kind,
        namespace: namespace.into(),
        name: name.into(),
    }
}

/// The words of a line, and where they stand; quotes and stops are none of theirs.
fn pieces(line: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let marks = |c: char| c.is_whitespace() || "\"'`(),;:".contains(c);
    let mut at = 0;
    line.split(marks).filter_map(move |word| {
        let start = at;
        at += word.len();
        at += line
            .get(at..)
            .and_then(|r| r.chars().next())
            .map_or(0, char::len_utf8);
        let word = word.trim_end_matches('.');
        (!word.is_empty()).then_some((start..start + word.len(), word))
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// The kind that `pods`, `deploy`, `deployment.apps` names.
fn kind_of(word: &str) -> Option<Kind> {
    let (word, group) = match word.split_once('.') {
        Some((word, group)) => (word, Some(group)),
        None => (word, None),
    };
    Kind::all().find(|kind| {
        let info = kind.info();
        let named =
            info.plural == word || info.singular == word || info.short_names.contains(&word);
        named && group.is_none_or(|g| g == info.group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(command: &str, line: &str) -> Vec<String> {
        let links = About::of(command, "default").links(line).into_iter();
        links
            .map(|l| {
                let text = &line[l.range];
                format!("{text}={} {}/{}", l.kind.info().kind, l.namespace, l.name)
            })
            .collect()
    }

    #[test]
    fn names_are_found_in_tables_and_in_sentences() {
        for (command, line, expected) in [
            (
                "kubectl get pods",
                "web-1   1/1     Running   0          5m",
                vec!["web-1=Pod default/web-1"],
            ),
            ("kubectl get pods", "NAME    READY   STATUS", vec![]),
            (
                "kubectl get po -A",
                "kube-system   dns-1   1/1",
                vec!["dns-1=Pod kube-system/dns-1"],
            ),
            (
                "k get deploy -n x -o wide",
                "web   1/1",
                vec!["web=Deployment x/web"],
            ),
            (
                "kubectl get nodes",
                "worker-1   Ready",
                vec!["worker-1=Node /worker-1"],
            ),
            ("kubectl get pods -o yaml", "kind: List", vec![]),
            (
                "kubectl get all",
                "pod/web-1   1/1",
                vec!["pod/web-1=Pod default/web-1"],
            ),
            (
                "kubectl apply -f x",
                "deployment.apps/web created",
                vec!["deployment.apps/web=Deployment default/web"],
            ),
            ("kubectl get pods | head", "web-1   1/1", vec![]),
            ("echo", "see 1/2 and http://x/y, ä/ö", vec![]),
        ] {
            assert_eq!(found(command, line), expected, "{command}: {line}");
        }
    }
}
