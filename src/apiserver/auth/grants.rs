//! Whether the components of the control plane may do what they do.
//!
//! Divergence: a component is refused what the roles that the cluster began with granted it and the present
//! ones do not. What no first role granted it (the controllers of our own, other verbs than the real ones'),
//! it may; and what it reads is not asked for.

use std::collections::VecDeque;
use std::rc::Rc;

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};

use super::caller::NODES;
use super::rbac::is_subject;
use super::rules::allows;
use super::{Attributes, Caller};
use crate::api::{Kind, Object, Resource, Result};
use crate::apiserver::ApiServer;
use crate::apiserver::store::{Place, Range};
use crate::sim::ordered::Set;
use crate::sim::{Kernel, Time};

const GROUP: &str = "rbac.authorization.k8s.io";
/// So many refusals are remembered.
const MOST_REFUSALS: usize = 200;

/// What a component asks for.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    pub verb: &'static str,
    pub kind: Kind,
    /// The subresource, or nothing.
    pub part: &'static str,
    pub namespace: &'a str,
    pub name: &'a str,
}

/// A component was refused something.
#[derive(Clone)]
pub struct Refused {
    pub at: Time,
    /// The component, as managers of fields are called.
    pub component: Rc<str>,
    pub kind: Kind,
    pub message: String,
}

/// The user, the verb, the resource and its part.
type Known = (Rc<str>, &'static str, &'static str, &'static str);

/// What components were granted at first, and what is known of their rights.
#[derive(Clone, Default)]
pub(in crate::apiserver) struct Grants {
    /// The bindings of cluster roles that the cluster began with, and the roles.
    first: Rc<Vec<(Rc<ClusterRoleBinding>, Rc<ClusterRole>)>>,
    /// What is allowed in all namespaces, by the present roles. Shared with checkpoints.
    allowed: Rc<Set<Known>>,
    refused: Rc<VecDeque<Refused>>,
}

impl Grants {
    /// Takes in that an object has changed: what was known of rights may be over.
    pub fn note(&mut self, object: &Object) {
        if object.info().group == GROUP && !self.allowed.is_empty() {
            self.allowed = Rc::default();
        }
    }

    fn at_first(&self, caller: &Caller, of: &Attributes<'_>) -> bool {
        self.first.iter().any(|(binding, role)| {
            let mut subjects = binding.subjects.iter().flatten();
            subjects.any(|s| is_subject(s, caller, ""))
                && role.rules.iter().flatten().any(|rule| allows(rule, of))
        })
    }
}

impl ApiServer {
    /// From now on components are refused what they have now and lose.
    pub fn remember_grants(&mut self) {
        let all = Range::new(ClusterRoleBinding::KIND, None);
        let bindings = self.whole(&all).filter_map(|object| {
            let binding = object.get::<ClusterRoleBinding>()?.clone();
            let place = Place::new(ClusterRole::KIND, "", &binding.role_ref.name);
            let role = self
                .store
                .get(&place)?
                .whole()?
                .get::<ClusterRole>()?
                .clone();
            Some((binding, role))
        });
        self.grants.first = Rc::new(bindings.collect());
    }

    /// Whether a component may do what it is about to do.
    ///
    /// # Errors
    /// 403, where a role that it had at first is gone.
    pub fn ask(&mut self, kernel: &Kernel, caller: &Caller, wish: &Wish<'_>) -> Result<()> {
        // What nodes need is written into the server, and what the server itself does is not asked for.
        if self.grants.first.is_empty() || caller.is_in(NODES) || caller.is_master() {
            return Ok(());
        }
        let info = wish.kind.info();
        let known = (caller.user.clone(), wish.verb, info.plural, wish.part);
        if self.grants.allowed.contains(&known) {
            return Ok(());
        }
        let of = Attributes {
            verb: wish.verb,
            group: info.group,
            resource: info.plural,
            subresource: wish.part,
            name: wish.name,
            ..Attributes::default()
        };
        // A patch and an update lead to the same; which one a component sends is not always what the real one
        // does.
        let other = match wish.verb {
            "patch" => "update",
            "update" => "patch",
            verb => verb,
        };
        let either = [of, Attributes { verb: other, ..of }];
        let everywhere = either.iter().any(|of| self.decide(caller, of).allowed)
            || !either.iter().any(|of| self.grants.at_first(caller, of));
        if everywhere {
            Rc::make_mut(&mut self.grants.allowed).insert(known);
            return Ok(());
        }
        self.in_namespace(kernel, caller, wish, either)
    }

    /// As [`ApiServer::ask`], where nothing is allowed in all namespaces.
    #[inline(never)]
    fn in_namespace(
        &mut self,
        kernel: &Kernel,
        caller: &Caller,
        wish: &Wish<'_>,
        either: [Attributes<'_>; 2],
    ) -> Result<()> {
        let namespace = wish.namespace;
        let [of, other] = either.map(|of| Attributes { namespace, ..of });
        let decision = self.decide(caller, &of);
        if decision.allowed || self.decide(caller, &other).allowed {
            return Ok(());
        }
        let status = of.forbidden(caller, &decision.reason);
        let refused = Rc::make_mut(&mut self.grants.refused);
        refused.push_back(Refused {
            at: kernel.now,
            component: caller.manager.clone(),
            kind: wish.kind,
            message: status.message.clone(),
        });
        if refused.len() > MOST_REFUSALS {
            refused.pop_front();
        }
        Err(status)
    }

    /// What a component was refused, oldest first.
    pub fn refusals(&self, component: &str) -> impl Iterator<Item = &Refused> {
        let all = self.grants.refused.iter();
        all.filter(move |refused| &*refused.component == component)
    }
}
