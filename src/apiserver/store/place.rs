use crate::api::{Kind, Name};

/// Where an object is kept: what `/registry/pods/default/web` is to an etcd, in parts, so that
/// finding it needs no text. The order within a kind is that of the texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    kind: Kind,
    /// The namespace with the `/` after it, as that decides between "a" and "a-b"; empty for
    /// objects of the cluster.
    folder: Name,
    name: Name,
}

impl Place {
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        Place {
            kind: kind.stored(),
            folder: folder(kind, namespace),
            name: Name::new(name),
        }
    }

    /// The place that [`Place::path`] names, below a range.
    pub fn at(range: &Range, path: &str) -> Self {
        let (folder, name) = match (&range.folder, path.rfind('/')) {
            (Some(folder), _) => (folder.clone(), path),
            (None, Some(slash)) => {
                let (folder, name) = path.split_at(slash + 1);
                (Name::new(folder), name)
            }
            (None, None) => (Name::default(), path),
        };
        Place {
            kind: range.kind,
            folder,
            name: Name::new(name),
        }
    }

    /// Namespace and name: what follows the kind in the key of an etcd.
    pub fn path(&self) -> String {
        format!("{}{}", self.folder, self.name)
    }

    /// The key in an etcd: `/registry/pods/default/web`.
    pub fn key(&self) -> std::rc::Rc<str> {
        let prefix = self.kind.info().prefix;
        let (folder, name) = (self.folder.as_str(), self.name.as_str());
        ["/registry/", prefix, "/", folder, name].concat().into()
    }
}

fn folder(kind: Kind, namespace: &str) -> Name {
    if namespace.is_empty() || !kind.info().namespaced {
        return Name::default();
    }
    let mut folder = String::with_capacity(namespace.len() + 1);
    folder.push_str(namespace);
    folder.push('/');
    Name::new(&folder)
}

/// The objects of a kind, or those in one namespace.
#[derive(Clone, Debug)]
pub struct Range {
    kind: Kind,
    folder: Option<Name>,
}

impl Range {
    pub fn new(kind: Kind, namespace: Option<&str>) -> Self {
        Range {
            kind: kind.stored(),
            folder: namespace.map(|namespace| folder(kind, namespace)),
        }
    }

    /// Before the first.
    pub(super) fn start(&self) -> Place {
        Place {
            kind: self.kind,
            folder: self.folder.clone().unwrap_or_default(),
            name: Name::default(),
        }
    }

    pub fn contains(&self, place: &Place) -> bool {
        self.kind == place.kind && self.folder.as_ref().is_none_or(|f| *f == place.folder)
    }

    /// The name, behind the namespace if the range is of all.
    pub fn path_of(&self, place: &Place) -> String {
        match self.folder {
            Some(_) => place.name.to_string(),
            None => place.path(),
        }
    }
}
