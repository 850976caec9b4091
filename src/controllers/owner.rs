//! Whose an object is, by the cache of the owners' kind.

use std::rc::Rc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::controller::Triggers;
use crate::api::{Key, Resource, controller_of};
use crate::client::Cache;

/// The object of kind `O` that controls another, if it exists and is the one that is meant.
pub fn owner_of<'c, O: Resource>(meta: &ObjectMeta, owners: &'c Cache<O>) -> Option<&'c Rc<O>> {
    let owner = controller_of(meta).filter(|o| o.kind == O::KIND.info().kind)?;
    let key = Key::new(meta.namespace.as_deref().unwrap_or_default(), &owner.name);
    let found = owners.get(&key)?;
    (found.uid() == owner.uid).then_some(found)
}

/// What the controllers of pods share: the owner of old, the owner of now, and for an orphan whoever
/// `selects` it are to be synced. Returns the key of the present owner.
pub fn owned_changed<O: Resource>(
    old: Option<&ObjectMeta>,
    new: Option<&ObjectMeta>,
    owners: &Cache<O>,
    triggers: &mut Triggers,
    selects: &dyn Fn(&O) -> bool,
) -> Option<Key> {
    let owner = |meta: &ObjectMeta| owner_of(meta, owners).map(|o| o.key());
    let (before, now) = (old.and_then(owner), new.and_then(owner));
    if before != now
        && let Some(before) = &before
    {
        triggers.add(before.clone());
    }
    let Some(meta) = new else {
        return before;
    };
    if let Some(now) = &now {
        triggers.add(now.clone());
        return Some(now.clone());
    }
    let labels_changed = old.is_none_or(|o| o.labels != meta.labels);
    let lost_owner = old.is_some_and(|o| controller_of(o).is_some());
    if controller_of(meta).is_none() && (labels_changed || lost_owner) {
        let namespace = meta.namespace.as_deref().unwrap_or_default();
        for owner in owners.in_namespace(namespace).filter(|o| selects(o)) {
            triggers.add(owner.key());
        }
    }
    None
}
