//! What a component may do while it handles an event.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use super::wire::Packet;
use super::world::World;
use crate::api::{Key, Kind, Object, Resource, Result, Status};
use crate::apiserver::{
    ApiServer, Caller, DeleteOptions, Latency, WatchRequest, WatcherId, Wish, WriteOptions,
};
use crate::sim::{CauseId, Kernel, Rng, Time};

/// What a component asked for while it handled an event; the cluster schedules it.
#[derive(Clone)]
pub struct Outbox<E> {
    pub events: Vec<(Time, CauseId, E)>,
    pub packets: Vec<(Time, CauseId, Packet)>,
}

impl<E> Default for Outbox<E> {
    fn default() -> Self {
        Outbox {
            events: Vec::new(),
            packets: Vec::new(),
        }
    }
}

/// Access to the API server under the component's own identity, to time, chance and the queue.
pub struct Ctx<'a, E> {
    pub kernel: &'a mut Kernel,
    pub server: &'a mut ApiServer,
    pub caller: &'a Caller,
    /// Whom watch events are delivered to; opaque.
    pub subscriber: u32,
    pub latency: Latency,
    pub out: &'a mut Outbox<E>,
    /// What is wrong around the component.
    pub world: &'a World,
    /// Requests to the API server do not arrive.
    pub offline: bool,
    /// How many requests were sent.
    pub calls: u32,
}

impl<'a, E> Ctx<'a, E> {
    pub fn now(&self) -> Time {
        self.kernel.now
    }

    /// The random stream called `name`; begin it with the component's own name.
    pub fn rng(&mut self, name: &str) -> &mut Rng {
        self.kernel.rng(name)
    }

    /// Schedules `event` for this component; its cause is what is handled now.
    pub fn after(&mut self, delay: Duration, event: E) {
        let at = self.kernel.now + delay;
        self.out.events.push((at, self.kernel.cause, event));
    }

    pub fn at(&mut self, at: Time, event: E) {
        self.out.events.push((at, self.kernel.cause, event));
    }

    /// Sends a packet over the simulated network; it arrives after `delay`.
    pub fn transmit(&mut self, delay: Duration, packet: Packet) {
        let at = self.kernel.now + delay;
        self.out.packets.push((at, self.kernel.cause, packet));
    }

    /// Starts a watch; events arrive at [`super::Component::watched`].
    pub fn watch<T: Resource>(&mut self) -> WatcherId {
        self.watch_where(T::KIND, None)
    }

    /// As [`Ctx::watch`], for a kind that has no type.
    pub fn watch_kind(&mut self, kind: crate::api::Kind) -> WatcherId {
        self.watch_where(kind, None)
    }

    /// Watches the pods of one node.
    pub fn watch_pods_of(&mut self, node: &str) -> WatcherId {
        self.watch_where(Pod::KIND, Some(node.into()))
    }

    fn watch_where(&mut self, kind: crate::api::Kind, node: Option<Rc<str>>) -> WatcherId {
        let request = WatchRequest {
            kind,
            node,
            subscriber: self.subscriber,
            latency: self.latency,
        };
        self.server.watch(self.kernel, request)
    }

    /// Reads past the cache: a quorum read. `None` when the object does not exist.
    pub fn get<T: Resource>(&self, key: &Key) -> Option<Rc<T>> {
        self.server.get(key)
    }

    /// Lists past the cache.
    pub fn list<T: Resource>(&self, namespace: Option<&str>) -> Vec<Rc<T>> {
        self.server.list(namespace)
    }

    /// Counts a request, and asks whether it may be made.
    ///
    /// # Errors
    /// It does not arrive, or is refused.
    fn ask(&mut self, wish: &Wish<'_>) -> Result<()> {
        self.call()?;
        self.server.ask(self.kernel, self.caller, wish)
    }

    /// As [`Ctx::ask`], for an object.
    fn ask_for<T: Resource>(
        &mut self,
        verb: &'static str,
        part: &'static str,
        object: &T,
    ) -> Result<()> {
        self.ask(&Wish {
            verb,
            kind: T::KIND,
            part,
            namespace: object.namespace(),
            name: object.name(),
        })
    }

    /// Counts a request.
    ///
    /// # Errors
    /// It does not arrive.
    fn call(&mut self) -> Result<()> {
        self.calls += 1;
        if self.offline {
            let message = "dial tcp 10.96.0.1:443: i/o timeout";
            return Err(Status::new(504, "Timeout", message));
        }
        Ok(())
    }

    pub fn create<T: Resource>(&mut self, object: T) -> Result<Rc<T>> {
        self.ask_for("create", "", &object)?;
        let object = T::into_object(Rc::new(object));
        self.server
            .create_object(self.kernel, self.caller, object, &WriteOptions::default())
            .map(typed)
    }

    /// Replaces the object; refused with a conflict when its `resourceVersion` is stale.
    pub fn update<T: Resource>(&mut self, object: T) -> Result<Rc<T>> {
        self.ask_for("update", "", &object)?;
        let object = T::into_object(Rc::new(object));
        self.server
            .update_object(self.kernel, self.caller, object, &WriteOptions::default())
            .map(typed)
    }

    /// Replaces the object's status; refused with a conflict when its revision is stale.
    pub fn update_status<T: Resource>(&mut self, object: T) -> Result<Rc<T>> {
        self.ask_for("update", "status", &object)?;
        let object = T::into_object(Rc::new(object));
        self.server
            .update_object(self.kernel, self.caller, object, &WriteOptions::STATUS)
            .map(typed)
    }

    /// Replaces the part of the object that a subresource is about.
    pub fn update_part<T: Resource>(&mut self, object: T, part: &'static str) -> Result<Rc<T>> {
        self.ask_for("update", part, &object)?;
        let object = T::into_object(Rc::new(object));
        let options = WriteOptions {
            subresource: part,
            ..WriteOptions::default()
        };
        self.server
            .update_object(self.kernel, self.caller, object, &options)
            .map(typed)
    }

    /// Whether somebody may do something: what a SubjectAccessReview answers. The resource may have a
    /// subresource behind a slash.
    pub fn may(
        &mut self,
        subject: (&str, &[String]),
        verb: &str,
        group: &str,
        resource: &str,
    ) -> Result<bool> {
        self.call()?;
        Ok(self.server.permits(subject, verb, group, resource))
    }

    /// Reads the newest version, changes it, and writes it back: what a patch does. Returns
    /// `None` when the object does not exist.
    pub fn patch<T: Resource>(
        &mut self,
        key: &Key,
        options: &WriteOptions,
        change: impl FnOnce(&mut T),
    ) -> Result<Option<Rc<T>>> {
        self.ask(&wish::<T>("patch", options.subresource, key))?;
        let Some(current) = self.server.get::<T>(key) else {
            return Ok(None);
        };
        let mut object = (*current).clone();
        change(&mut object);
        let object = T::into_object(Rc::new(object));
        let written = self
            .server
            .update_object(self.kernel, self.caller, object, options)?;
        Ok(Some(typed(written)))
    }

    /// Binds a pod to a node; `uid` names the pod that is meant, empty for any.
    pub fn bind_pod(&mut self, key: &Key, uid: &str, node: &str) -> Result<()> {
        self.ask(&wish::<Pod>("create", "binding", key))?;
        self.server
            .bind_pod(self.kernel, self.caller, key, uid, node)
            .map(|_| ())
    }

    pub fn delete<T: Resource>(&mut self, key: &Key, options: &DeleteOptions) -> Result<()> {
        self.ask(&wish::<T>("delete", "", key))?;
        let (namespace, name) = (&*key.namespace, &*key.name);
        self.server
            .delete_object(self.kernel, self.caller, T::KIND, namespace, name, options)
            .map(|_| ())
    }
}

fn wish<'k, T: Resource>(verb: &'static str, part: &'static str, key: &'k Key) -> Wish<'k> {
    Wish {
        verb,
        kind: T::KIND,
        part,
        namespace: &key.namespace,
        name: &key.name,
    }
}

/// The same for objects whose type is not known.
impl<E> Ctx<'_, E> {
    pub fn update_any(&mut self, object: Object) -> Result<()> {
        self.ask(&Wish {
            verb: "update",
            kind: object.kind(),
            part: "",
            namespace: object.namespace(),
            name: object.name(),
        })?;
        self.server
            .update_object(self.kernel, self.caller, object, &WriteOptions::default())
            .map(|_| ())
    }

    pub fn delete_any(&mut self, kind: Kind, key: &Key, options: &DeleteOptions) -> Result<()> {
        let (namespace, name) = (&*key.namespace, &*key.name);
        self.ask(&Wish {
            verb: "delete",
            kind,
            part: "",
            namespace,
            name,
        })?;
        self.server
            .delete_object(self.kernel, self.caller, kind, namespace, name, options)
            .map(|_| ())
    }
}

/// An object that was written as `T` comes back as `T`.
fn typed<T: Resource>(object: Object) -> Rc<T> {
    object.get::<T>().cloned().unwrap_or_default()
}
