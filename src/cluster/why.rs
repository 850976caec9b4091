//! Why an object is as it is: its own changes, and the chain of causes that led to the first.

use std::rc::Rc;

use super::Cluster;
use super::difference::{Change, difference};
use crate::api::Kind;
use crate::apiserver::storage_key;
use crate::sim::{Cause, CauseId, Time};

/// One step of the explanation, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub at: Time,
    /// The component or the client program that acted.
    pub actor: Rc<str>,
    /// "request", "create", "update", "update status", "delete", "sync", "schedule", ...
    pub verb: &'static str,
    /// The key in the store, or what else was acted on.
    pub subject: Rc<str>,
    /// The revision that was written; zero when nothing was.
    pub revision: u64,
    /// What the component noted about it, in its own words; may be empty.
    pub note: Rc<str>,
    /// What a write meant.
    pub changes: Vec<Change>,
    /// Whether the step is about the object itself, and not about what led to it.
    pub own: bool,
}

/// At most so many own changes are told: the first ones and the last ones.
const MOST_STEPS: usize = 40;

impl Cluster {
    /// The story of an object: from the request that began it to its present state.
    ///
    /// Empty when nothing is known any more (the log of causes is bounded).
    pub fn why(&self, kind: Kind, namespace: &str, name: &str) -> Vec<Step> {
        let key = storage_key(kind, namespace, name);
        let own: Vec<(CauseId, &Cause)> = self
            .kernel
            .causes
            .iter()
            .filter(|(_, cause)| cause.subject == key)
            .collect();
        // An object of the same name may have lived before: begin with the last creation.
        let first = own
            .iter()
            .rposition(|(_, cause)| cause.verb == "create")
            .unwrap_or_default();
        let own = own.get(first..).unwrap_or_default();
        let Some((id, _)) = own.first() else {
            return Vec::new();
        };
        let mut steps: Vec<Step> = self
            .kernel
            .causes
            .chain(*id)
            .skip(1)
            .map(|(_, cause)| self.tell(cause, false))
            .collect();
        steps.reverse();
        let skipped = own.len().saturating_sub(MOST_STEPS);
        for (i, (_, cause)) in own.iter().enumerate() {
            if i >= MOST_STEPS / 2 && i < MOST_STEPS / 2 + skipped {
                continue;
            }
            steps.push(self.tell(cause, true));
        }
        steps
    }

    /// The chain that led to one revision, oldest first.
    pub fn why_revision(&self, revision: u64) -> Vec<Step> {
        let Some((id, _)) = self
            .kernel
            .causes
            .iter()
            .find(|(_, c)| c.revision == revision)
        else {
            return Vec::new();
        };
        let mut steps: Vec<Step> = self
            .kernel
            .causes
            .chain(id)
            .map(|(_, cause)| self.tell(cause, false))
            .collect();
        steps.reverse();
        steps
    }

    /// The kind, namespace and name that a key in the store stands for.
    pub fn object_of_key(&self, key: &str) -> Option<(Kind, String, String)> {
        object_of_key(self.server.kinds(), key)
    }

    fn tell(&self, cause: &Cause, own: bool) -> Step {
        let changes = if cause.note.is_empty() && cause.revision > 0 {
            self.server
                .change(cause.revision)
                .map(|(before, after)| difference(before.as_ref(), after.as_ref()))
                .unwrap_or_default()
        } else {
            Vec::new()
        };
        Step {
            at: cause.at,
            actor: cause.actor.clone(),
            verb: cause.verb,
            subject: cause.subject.clone(),
            revision: cause.revision,
            note: cause.note.clone(),
            changes,
            own,
        }
    }
}

/// The kind, namespace and name that a key in the store stands for. Of a kind with several versions it is one.
fn object_of_key(
    mut kinds: impl Iterator<Item = Kind>,
    key: &str,
) -> Option<(Kind, String, String)> {
    let rest = key.strip_prefix("/registry/")?;
    let kind = kinds.find(|kind| {
        let prefix = kind.info().prefix;
        rest.strip_prefix(prefix)
            .is_some_and(|tail| tail.starts_with('/'))
    })?;
    let tail = rest.get(kind.info().prefix.len() + 1..)?;
    match tail.split_once('/') {
        Some((namespace, name)) => Some((kind, namespace.to_owned(), name.to_owned())),
        None => Some((kind, String::new(), tail.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Resource;
    use k8s_openapi::api::core::v1::Pod;

    #[test]
    fn keys_name_objects() {
        let (kind, namespace, name) =
            object_of_key(Kind::all(), "/registry/services/specs/shop/web").expect("a service");
        assert_eq!(
            (kind.info().kind, &*namespace, &*name),
            ("Service", "shop", "web")
        );
        let (kind, namespace, name) =
            object_of_key(Kind::all(), "/registry/minions/worker-1").expect("a node");
        assert_eq!(
            (kind.info().kind, &*namespace, &*name),
            ("Node", "", "worker-1")
        );
        assert!(object_of_key(Kind::all(), "/registry/nothing/x").is_none());
        assert_eq!(
            storage_key(Pod::KIND, "a", "b").as_ref(),
            "/registry/pods/a/b"
        );
    }
}
