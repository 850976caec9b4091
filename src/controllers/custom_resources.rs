//! Definitions of custom resources: their names are accepted or refused, they are established,
//! and when they go, their objects go first.
//!
//! Models three controllers of `k8s.io/apiextensions-apiserver/pkg/controller`: `status` (names),
//! `establish` and `finalizer`.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionCondition, CustomResourceDefinitionNames,
};

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::api::custom::condition;
use crate::api::time::api_time;
use crate::api::{Key, Resource};
use crate::apiserver::{DeleteOptions, WriteOptions};
use crate::sim::Time;

/// What holds a definition until its objects are gone.
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";
/// How often it is looked whether the objects are gone.
const POLL: Duration = Duration::from_secs(5);

#[derive(Clone, Default)]
pub struct CustomResourceController;

impl Controller for CustomResourceController {
    fn name(&self) -> &'static str {
        "customresourcedefinition-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        let Some((before, after)) = change.of::<CustomResourceDefinition>() else {
            return;
        };
        if let Some(definition) = after {
            triggers.add(definition.key());
        } else if let Some(gone) = before {
            // Its names are free for the others of the group.
            let others = caches.definitions.iter();
            for other in others.filter(|d| d.spec.group == gone.spec.group) {
                triggers.add(other.key());
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(definition) = scope.caches.definitions.get(key).cloned() else {
            return Ok(Next::Change);
        };
        if definition.metadata.deletion_timestamp.is_some() {
            return clean_up(&definition, scope);
        }
        let now = scope.now();
        let names = judge(&definition, scope.caches);
        let mut wanted = (*definition).clone();
        let status = wanted.status.get_or_insert_default();
        status.accepted_names = Some(names.accepted);
        let accepted = names.verdict.status == "True";
        set_condition(&mut wanted, names.verdict, now);
        if condition(&definition, "NamesAccepted") && accepted {
            let known = (
                "True",
                "InitialNamesAccepted",
                "the initial names have been accepted",
            );
            set_condition(&mut wanted, verdict("Established", known), now);
        } else if !condition(&definition, "Established") {
            let known = match accepted {
                true => (
                    "False",
                    "Installing",
                    "the initial names have been accepted",
                ),
                false => ("False", "NotAccepted", "not all names are accepted"),
            };
            set_condition(&mut wanted, verdict("Established", known), now);
        }
        if wanted.status != definition.status {
            let status = wanted.status;
            scope.ctx.patch::<CustomResourceDefinition>(
                key,
                &WriteOptions::STATUS,
                |definition| {
                    definition.status = status;
                },
            )?;
        }
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

struct Judged {
    accepted: CustomResourceDefinitionNames,
    verdict: CustomResourceDefinitionCondition,
}

/// Which of the names a definition gets: those that no other of its group has taken.
fn judge(definition: &CustomResourceDefinition, caches: &Caches) -> Judged {
    let (mut resources, mut kinds): (Vec<&str>, Vec<&str>) = Default::default();
    let others = caches.definitions.iter();
    for other in others {
        if other.spec.group != definition.spec.group || other.name() == definition.name() {
            continue;
        }
        let Some(names) = other
            .status
            .as_ref()
            .and_then(|s| s.accepted_names.as_ref())
        else {
            continue;
        };
        resources.push(&names.plural);
        resources.extend(names.singular.as_deref());
        resources.extend(names.short_names.iter().flatten().map(String::as_str));
        kinds.push(&names.kind);
        kinds.extend(names.list_kind.as_deref());
    }
    let wanted = &definition.spec.names;
    let mut accepted = definition
        .status
        .as_ref()
        .and_then(|s| s.accepted_names.clone())
        .unwrap_or_default();
    let in_use = |name: &str| format!("\"{name}\" is already in use");
    let mut refused: Option<(&str, String)> = None;
    let singular = wanted.singular.as_deref().unwrap_or_default();
    let list_kind = wanted.list_kind.as_deref().unwrap_or_default();
    if resources.contains(&&*wanted.plural) {
        refused = Some(("PluralConflict", in_use(&wanted.plural)));
    } else {
        accepted.plural.clone_from(&wanted.plural);
    }
    if resources.contains(&singular) {
        refused = Some(("SingularConflict", in_use(singular)));
    } else {
        accepted.singular.clone_from(&wanted.singular);
    }
    let short = wanted.short_names.iter().flatten();
    let taken: Vec<String> = short
        .filter(|name| resources.contains(&name.as_str()))
        .map(|name| in_use(name))
        .collect();
    match taken.len() {
        0 => accepted.short_names.clone_from(&wanted.short_names),
        1 => refused = Some(("ShortNamesConflict", taken.concat())),
        _ => refused = Some(("ShortNamesConflict", format!("[{}]", taken.join(", ")))),
    }
    if kinds.contains(&&*wanted.kind) {
        refused = Some(("KindConflict", in_use(&wanted.kind)));
    } else {
        accepted.kind.clone_from(&wanted.kind);
    }
    if kinds.contains(&list_kind) {
        refused = Some(("ListKindConflict", in_use(list_kind)));
    } else {
        accepted.list_kind.clone_from(&wanted.list_kind);
    }
    accepted.categories.clone_from(&wanted.categories);
    let verdict = match &refused {
        None => verdict(
            "NamesAccepted",
            ("True", "NoConflicts", "no conflicts found"),
        ),
        Some((reason, message)) => verdict("NamesAccepted", ("False", reason, message)),
    };
    Judged { accepted, verdict }
}

/// A condition of this type: status, reason and message.
fn verdict(type_: &str, words: (&str, &str, &str)) -> CustomResourceDefinitionCondition {
    let (status, reason, message) = words;
    CustomResourceDefinitionCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        ..Default::default()
    }
}

fn set_condition(
    definition: &mut CustomResourceDefinition,
    mut wanted: CustomResourceDefinitionCondition,
    now: Time,
) {
    let status = definition.status.get_or_insert_default();
    let conditions = status.conditions.get_or_insert_default();
    let place = conditions.iter_mut().find(|c| c.type_ == wanted.type_);
    wanted.last_transition_time = Some(api_time(now));
    match place {
        None => conditions.push(wanted),
        Some(place) => {
            if place.status == wanted.status {
                wanted
                    .last_transition_time
                    .clone_from(&place.last_transition_time);
            }
            *place = wanted;
        }
    }
}

/// Deletes the objects of a definition that is going, and lets it go when none is left.
fn clean_up(definition: &CustomResourceDefinition, scope: &mut Scope<'_, '_>) -> Outcome {
    let finalizers = definition
        .metadata
        .finalizers
        .as_deref()
        .unwrap_or_default();
    if !finalizers.iter().any(|f| f == CLEANUP) {
        return Ok(Next::Change);
    }
    let key = definition.key();
    if let Some(kind) = scope.ctx.server.kind_of_definition(definition.name()) {
        let objects = scope.ctx.server.list_objects(kind, None);
        scope.look(objects.len());
        for object in objects.iter().filter(|o| !o.is_deleting()) {
            let key = Key::new(object.namespace(), object.name());
            let deleted = scope.ctx.delete_any(kind, &key, &DeleteOptions::default());
            if let Err(status) = deleted
                && !status.is_not_found()
            {
                return Err(status);
            }
        }
        if scope.ctx.server.any(kind, None) {
            let words = (
                "True",
                "InstanceDeletionInProgress",
                "CustomResource deletion is in progress",
            );
            terminating(&key, words, scope)?;
            return Ok(Next::After(POLL, "objects of the definition are left"));
        }
    }
    let words = (
        "False",
        "InstanceDeletionCompleted",
        "removed all instances",
    );
    terminating(&key, words, scope)?;
    scope
        .ctx
        .patch::<CustomResourceDefinition>(&key, &WriteOptions::default(), |definition| {
            let finalizers = definition.metadata.finalizers.get_or_insert_default();
            finalizers.retain(|f| f != CLEANUP);
        })?;
    Ok(Next::Change)
}

fn terminating(
    key: &Key,
    words: (&str, &str, &str),
    scope: &mut Scope<'_, '_>,
) -> Result<(), Box<crate::api::Status>> {
    let now = scope.now();
    scope
        .ctx
        .patch::<CustomResourceDefinition>(key, &WriteOptions::STATUS, |definition| {
            set_condition(definition, verdict("Terminating", words), now);
        })?;
    Ok(())
}
