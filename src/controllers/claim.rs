//! Adoption and release: a controller takes what its selector matches and nobody owns, and lets
//! go of what it owns and no longer matches
//! (`k8s.io/kubernetes/pkg/controller/controller_ref_manager.go`).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::controller::Scope;
use crate::api::selector::Selector;
use crate::api::{Resource, Result, Status, controller_of, controller_ref};
use crate::apiserver::WriteOptions;

/// The labels of an object, for a selector.
pub fn matches<T: Resource>(selector: &Selector, object: &T) -> bool {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    selector.matches(object.meta().labels.as_ref().unwrap_or(&NONE))
}

/// Of `objects`, those that `owner` controls now, having adopted and released as needed.
///
/// # Errors
/// The first write that failed; the rest was still tried.
pub fn claim<O: Resource, T: Resource>(
    scope: &mut Scope<'_, '_>,
    owner: &O,
    selector: &Selector,
    objects: impl IntoIterator<Item = Rc<T>>,
) -> Result<Vec<Rc<T>>> {
    let mut claimed = Vec::new();
    let mut failure = None;
    for object in objects {
        match claim_one(scope, owner, selector, object) {
            Ok(Some(object)) => claimed.push(object),
            Ok(None) => {}
            Err(status) => failure = failure.or(Some(status)),
        }
    }
    failure.map_or(Ok(claimed), Err)
}

fn claim_one<O: Resource, T: Resource>(
    scope: &mut Scope<'_, '_>,
    owner: &O,
    selector: &Selector,
    object: Rc<T>,
) -> Result<Option<Rc<T>>> {
    let owner_is_going = owner.meta().deletion_timestamp.is_some();
    match controller_of(object.meta()) {
        Some(controller) if controller.uid != owner.uid() => Ok(None),
        Some(_) if matches(selector, &*object) => Ok(Some(object)),
        Some(_) if owner_is_going => Ok(None),
        Some(_) => release(scope, owner, &object).map(|()| None),
        None if owner_is_going || !matches(selector, &*object) => Ok(None),
        None if object.meta().deletion_timestamp.is_some() => Ok(None),
        None if object.namespace() != owner.namespace() => Ok(None),
        None => adopt(scope, owner, &object),
    }
}

/// Makes `owner` the controller of `object`; asks the server first whether `owner` still lives,
/// since the cache may be behind.
fn adopt<O: Resource, T: Resource>(
    scope: &mut Scope<'_, '_>,
    owner: &O,
    object: &Rc<T>,
) -> Result<Option<Rc<T>>> {
    let alive = scope
        .ctx
        .get::<O>(&owner.key())
        .is_some_and(|o| o.uid() == owner.uid() && o.meta().deletion_timestamp.is_none());
    if !alive {
        let detail = format!("original {} {} is gone", O::KIND.info().kind, owner.key());
        return Err(Status::conflict(O::KIND.info(), owner.name(), &detail));
    }
    let note = format!(
        "{} adopts {} {}",
        owner.name(),
        T::KIND.info().singular,
        object.name()
    );
    scope.decide(O::KIND.info().kind, &owner.key(), &note);
    let uid = object.uid().to_owned();
    let reference = controller_ref(owner);
    if scope
        .ctx
        .get::<T>(&object.key())
        .is_none_or(|o| o.uid() != uid)
    {
        return Ok(None);
    }
    scope
        .ctx
        .patch::<T>(&object.key(), &WriteOptions::default(), |o| {
            let owners = o.meta_mut().owner_references.get_or_insert_default();
            if !owners.iter().any(|r| r.controller == Some(true)) {
                owners.retain(|r| r.uid != reference.uid);
                owners.push(reference);
            }
        })
}

fn release<O: Resource, T: Resource>(
    scope: &mut Scope<'_, '_>,
    owner: &O,
    object: &Rc<T>,
) -> Result<()> {
    let note = format!(
        "{} releases {} {}",
        owner.name(),
        T::KIND.info().singular,
        object.name()
    );
    scope.decide(O::KIND.info().kind, &owner.key(), &note);
    let (uid, owner_uid) = (object.uid().to_owned(), owner.uid().to_owned());
    if scope
        .ctx
        .get::<T>(&object.key())
        .is_none_or(|o| o.uid() != uid)
    {
        return Ok(());
    }
    let released = scope
        .ctx
        .patch::<T>(&object.key(), &WriteOptions::default(), |o| {
            if let Some(owners) = &mut o.meta_mut().owner_references {
                owners.retain(|r| r.uid != owner_uid);
            }
            if o.meta()
                .owner_references
                .as_ref()
                .is_some_and(Vec::is_empty)
            {
                o.meta_mut().owner_references = None;
            }
        });
    match released {
        Err(status) if status.is_not_found() || status.reason == "Invalid" => Ok(()),
        other => other.map(|_| ()),
    }
}
