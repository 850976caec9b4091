//! The operators that are written as objects (`kind: Operator`): each looks after the objects of
//! one kind, makes others from templates, and works out a status.
//!
//! All share one queue; a key names the operator and the object. Children are applied by
//! server-side apply under the operator's own name, and owned by the object.

mod children;

use std::rc::Rc;

use serde_json::{Value, json};

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::api::play::{Operator, OperatorSpec, template};
use crate::api::{Key, Kind, Object, Result, Status};
use crate::apiserver::EventType;
use crate::apiserver::request::{Method, Request};
use crate::client::{EventRecorder, Involved};
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

use children::{Rendered, fields_differ};

/// The label of what an operator has made.
const MADE_BY: &str = "play.kubarium.dev/operator";

#[derive(Clone)]
struct Known {
    spec: Rc<OperatorSpec>,
    recorder: EventRecorder,
}

#[derive(Clone, Default)]
pub struct OperatorController {
    operators: BTreeMap<Rc<str>, Known>,
    /// What operators have made, by the uid of its owner.
    made: BTreeMap<Rc<str>, BTreeSet<(Kind, Key)>>,
}

/// The key of an object that an operator looks after. An empty object stands for all of them.
fn key_of(operator: &str, namespace: &str, name: &str) -> Key {
    Key::new(namespace, &format!("{operator}|{name}"))
}

/// Group and kind, whatever the version.
fn is_of(spec: &OperatorSpec, group: &str, kind: &str) -> bool {
    let watched = spec.watch.api_version.rsplit_once('/');
    spec.watch.kind == kind && watched.map_or("", |(group, _)| group) == group
}

impl Controller for OperatorController {
    fn name(&self) -> &'static str {
        "operator-controller"
    }

    fn changed(&mut self, change: &Change, _caches: &Caches, triggers: &mut Triggers) {
        if let Some((_, new)) = change.of::<Operator>() {
            let name: Rc<str> = change.object.name().into();
            let Some(operator) = new else {
                self.operators.remove(&name);
                return;
            };
            let known = Known {
                spec: Rc::new(operator.spec.clone()),
                recorder: EventRecorder::new(&name, ""),
            };
            self.operators.insert(name.clone(), known);
            triggers.add(key_of(&name, "", ""));
            return;
        }
        let object = &change.object;
        self.note(object, change.event == EventType::Deleted);
        if self.operators.is_empty() {
            return;
        }
        let info = object.info();
        let owner = object.controller();
        for (name, known) in &self.operators {
            if is_of(&known.spec, info.group, info.kind) {
                triggers.add(key_of(name, object.namespace(), object.name()));
            }
            if let Some(owner) = owner {
                let group = owner.api_version.rsplit_once('/').map_or("", |(g, _)| g);
                if is_of(&known.spec, group, &owner.kind) {
                    triggers.add(key_of(name, object.namespace(), &owner.name));
                }
            }
        }
        // A definition that is served now may be what an operator has waited for.
        if info.kind == "CustomResourceDefinition" {
            for name in self.operators.keys() {
                triggers.add(key_of(name, "", ""));
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let (operator, name) = key.name.as_str().split_once('|').unwrap_or_default();
        let Some(spec) = self.operators.get(operator).map(|known| known.spec.clone()) else {
            return Ok(Next::Change);
        };
        let watch = &spec.watch;
        let found = scope
            .ctx
            .server
            .kind_by_gvk(&watch.api_version, &watch.kind);
        // Until the kind is defined, there is nothing to look after.
        let Some(kind) = found.filter(|_| !spec.paused) else {
            return Ok(Next::Change);
        };
        if name.is_empty() {
            let all = scope.ctx.server.list_objects(kind, None);
            scope.look(all.len());
            for object in all {
                scope.trigger(key_of(operator, object.namespace(), object.name()));
            }
            return Ok(Next::Change);
        }
        let server = &scope.ctx.server;
        let Ok(parent) = server.get_object(kind, &key.namespace, name) else {
            return Ok(Next::Change);
        };
        if parent.is_deleting() {
            return Ok(Next::Change);
        }
        let operator: Rc<str> = operator.into();
        if children::depth(scope.ctx.server, &parent) >= children::DEEPEST {
            // Operators that make what they look after would never end.
            let about = Involved::of_object(&parent);
            let message =
                "Operators build on each other too deeply: nothing is made for this object";
            self.warn(&operator, &about, "TooDeep", message, scope);
            return Ok(Next::Change);
        }
        let done = self.reconcile(&operator, &spec, kind, &parent, scope);
        if let Err(status) = &done {
            let about = Involved::of_object(&parent);
            self.warn(&operator, &about, "ReconcileFailed", &status.message, scope);
        }
        done.map(|()| Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl OperatorController {
    /// Keeps what operators have made, to find it again when it is not wanted any more.
    fn note(&mut self, object: &Object, gone: bool) {
        let labels = object.meta().labels.as_ref();
        if labels.is_none_or(|l| !l.contains_key(MADE_BY)) {
            return;
        }
        let Some(owner) = object.controller() else {
            return;
        };
        let uid: Rc<str> = owner.uid.as_str().into();
        let made = self.made.entry(uid.clone()).or_default();
        let entry = (object.kind(), object.key());
        if !gone {
            made.insert(entry);
            return;
        }
        made.remove(&entry);
        if made.is_empty() {
            self.made.remove(&uid);
        }
    }

    /// Brings the children of an object, and its status, to what the operator says.
    fn reconcile(
        &mut self,
        operator: &Rc<str>,
        spec: &OperatorSpec,
        kind: Kind,
        parent: &Object,
        scope: &mut Scope<'_, '_>,
    ) -> Result<()> {
        let mut context = children::seen(parent);
        let current = self.current(operator, spec, &context, parent, scope);
        context["children"] = current;
        let note = format!("operator {operator}: bring what belongs to it to what it asks for");
        let about = Involved::of_object(parent);
        let subject: Rc<str> = format!("{} {}", kind.info().kind, parent.key()).into();
        let cause = scope.ctx.kernel.record(operator, "sync", subject, 0, &note);
        scope.ctx.kernel.cause = cause;
        let mut wanted: BTreeSet<(Kind, Key)> = BTreeSet::new();
        for child in &spec.children {
            let rendered = Rendered::new(operator, child, parent, &context, scope.ctx.server)
                .map_err(|why| Status::bad_request(format!("child {}: {why}", child.name)))?;
            let Some(rendered) = rendered else { continue };
            let (kind, key) = (rendered.kind, rendered.key.clone());
            wanted.insert((kind, key.clone()));
            scope.look(1);
            let before = scope.ctx.server.get_object(kind, &key.namespace, &key.name);
            if let Ok(before) = &before
                && before.controller().is_some_and(|o| o.uid != parent.uid())
            {
                return Err(Status::bad_request(format!(
                    "{} {key} belongs to somebody else",
                    kind.info().kind
                )));
            }
            let path = children::path_of(kind, &key);
            let mut request = Request::new(Method::Patch, path).with_body(rendered.manifest);
            request.content_type = crate::apiserver::request::APPLY_PATCH;
            request = request
                .with_query("fieldManager", &**operator)
                .with_query("force", "true");
            let written = children::send(scope, operator, request)?;
            let (reason, verb) = match before {
                Err(_) => ("Created", "Created"),
                Ok(before) if before.revision() != children::revision(&written) => {
                    ("Updated", "Updated")
                }
                Ok(_) => continue,
            };
            let message = format!("{verb} {} {}", kind.info().kind, key.name);
            self.tell(operator, &about, (reason, &message), scope);
        }
        self.prune(operator, parent, &wanted, scope)?;
        self.write_status(operator, spec, kind, parent, &mut context, scope)
    }

    fn warn(
        &mut self,
        operator: &Rc<str>,
        about: &Involved,
        reason: &str,
        message: &str,
        scope: &mut Scope<'_, '_>,
    ) {
        if let Some(known) = self.operators.get_mut(operator) {
            known.recorder.warning(scope.ctx, about, reason, message);
        }
    }

    fn tell(
        &mut self,
        operator: &Rc<str>,
        about: &Involved,
        (reason, message): (&str, &str),
        scope: &mut Scope<'_, '_>,
    ) {
        if let Some(known) = self.operators.get_mut(operator) {
            known.recorder.normal(scope.ctx, about, reason, message);
        }
    }

    /// The children that are there, by the operator's name for them.
    fn current(
        &self,
        operator: &str,
        spec: &OperatorSpec,
        context: &Value,
        parent: &Object,
        scope: &mut Scope<'_, '_>,
    ) -> Value {
        let mut all = json!({});
        for child in &spec.children {
            let server = &scope.ctx.server;
            let rendered = Rendered::identity(operator, child, parent, context, server);
            if let Some((kind, key)) = rendered
                && let Ok(object) = server.get_object(kind, &key.namespace, &key.name)
                && object.controller().is_some_and(|o| o.uid == parent.uid())
            {
                all[child.name.as_str()] = children::seen(&object);
            }
        }
        all
    }

    /// Deletes what the operator made once and does not want any more.
    fn prune(
        &mut self,
        operator: &Rc<str>,
        parent: &Object,
        wanted: &BTreeSet<(Kind, Key)>,
        scope: &mut Scope<'_, '_>,
    ) -> Result<()> {
        let made = self.made.get(parent.uid()).cloned().unwrap_or_default();
        for (kind, key) in made.iter().filter(|made| !wanted.contains(made)) {
            let server = &scope.ctx.server;
            let Ok(object) = server.get_object(*kind, &key.namespace, &key.name) else {
                continue;
            };
            let labels = object.meta().labels.as_ref();
            let ours = labels
                .and_then(|l| l.get(MADE_BY))
                .is_some_and(|by| **by == **operator);
            if !ours || object.is_deleting() {
                continue;
            }
            let body =
                json!({"propagationPolicy": "Background", "preconditions": {"uid": object.uid()}});
            let request = Request::new(Method::Delete, children::path_of(*kind, key));
            children::send(scope, operator, request.with_body(body))?;
            let message = format!("Deleted {} {}", kind.info().kind, key.name);
            let about = Involved::of_object(parent);
            self.tell(operator, &about, ("Deleted", &message), scope);
        }
        Ok(())
    }

    /// Works out the status from the children as they are now.
    fn write_status(
        &mut self,
        operator: &Rc<str>,
        spec: &OperatorSpec,
        kind: Kind,
        parent: &Object,
        context: &mut Value,
        scope: &mut Scope<'_, '_>,
    ) -> Result<()> {
        if spec.status.is_null() {
            return Ok(());
        }
        let current = self.current(operator, spec, context, parent, scope);
        context["children"] = current;
        let status = template::render(&spec.status, context).map_err(Status::bad_request)?;
        let status = status.unwrap_or_else(|| json!({}));
        // Fields that lead nowhere now are taken away, and others stay.
        let patch = children::with_nulls(&spec.status, &status);
        if !fields_differ(&context["status"], &patch) {
            return Ok(());
        }
        let mut path = children::path_of(kind, &parent.key());
        if kind.info().has_subresource("status") {
            path.push_str("/status");
        }
        let mut request = Request::new(Method::Patch, path).with_body(json!({ "status": patch }));
        request.content_type = crate::apiserver::request::MERGE_PATCH;
        children::send(scope, operator, request).map(|_| ())
    }
}
