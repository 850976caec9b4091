//! The registry of kinds: what is served, under which names, with which rules.
//!
//! A new kind is one file below `kinds/` and one line in the list at the end of this file.
//! Discovery, REST routing, kubectl, tables and the page read this list.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::codec::{self, DecodeError};
use super::custom::{CustomKind, CustomObject};
use super::field::Errors;
use super::object::{Resource, decode_as};
use super::strategy::{OtherVersion, Strategy};

const VERBS: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
const NAMESPACE_VERBS: &[&str] = &[
    "create", "delete", "get", "list", "patch", "update", "watch",
];

/// All kinds that clients can name: those of the registry, and the questions that are not kept.
pub fn served() -> impl Iterator<Item = &'static KindInfo> {
    Kind::served().map(Kind::info).chain(REVIEWS)
}

/// As [`served`], in every version.
pub fn served_versions() -> impl Iterator<Item = &'static KindInfo> + Clone {
    Kind::served().flat_map(Kind::versions).chain(REVIEWS)
}

/// Kinds that are served and that nothing acts upon.
fn inert() -> impl Iterator<Item = Kind> + Clone {
    super::custom::inert::kinds()
        .iter()
        .map(|k| Kind::custom(k))
}

/// A kind: one of the registry, or one that a CustomResourceDefinition brought in.
///
/// Two kinds are the same when their resources are (`crontabs` of `stable.example.com`), however
/// often the definition was changed in between, and in whichever version.
#[derive(Clone, Copy)]
pub struct Kind(Which);

#[derive(Clone, Copy)]
enum Which {
    /// An index into the registry.
    BuiltIn(u16),
    Custom(&'static CustomKind),
}

/// What is known of a kind before any object of it exists.
pub struct KindInfo {
    /// Empty for the core group.
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    pub plural: &'static str,
    pub singular: &'static str,
    pub short_names: &'static [&'static str],
    pub namespaced: bool,
    pub categories: &'static [&'static str],
    /// Names below an object: "status", "scale", "log", ...
    pub subresources: &'static [&'static str],
    /// Where etcd keeps the objects, below `/registry/`: real clusters have a few old names.
    pub prefix: &'static str,
    pub strategy: &'static dyn Strategy,
}

impl fmt::Debug for KindInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.plural, self.group)
    }
}

impl KindInfo {
    /// The kind as somebody means it who leaves its version empty. What a mistake costs is kept for good.
    pub fn at_no_version(&self) -> &'static KindInfo {
        Box::leak(Box::new(KindInfo {
            version: "",
            ..*self
        }))
    }

    /// "apps/v1", or "v1" for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Whether a word names it, as kubectl takes it: "deploy", "deployments.apps", "Deployment".
    pub fn is_called(&self, word: &str) -> bool {
        let (name, group) = word.split_once('.').unwrap_or((word, ""));
        let lower = name.to_ascii_lowercase();
        let fits = self.plural == lower
            || self.singular == lower
            || self.kind.eq_ignore_ascii_case(name)
            || self.short_names.contains(&lower.as_str());
        fits && (group.is_empty() || self.group == group)
    }

    pub fn has_subresource(&self, name: &str) -> bool {
        self.subresources.contains(&name)
    }

    /// What can be done with objects of the kind.
    pub fn verbs(&self) -> &'static [&'static str] {
        match self.group {
            "authentication.k8s.io" | "authorization.k8s.io" => &["create"],
            "" if self.kind == "Binding" => &["create"],
            "" if self.kind == "ComponentStatus" => &["get", "list"],
            "" if self.kind == "Namespace" => NAMESPACE_VERBS,
            _ => VERBS,
        }
    }
}

impl Kind {
    const fn built_in(position: u16) -> Kind {
        Kind(Which::BuiltIn(position))
    }

    pub fn custom(kind: &'static CustomKind) -> Kind {
        Kind(Which::Custom(kind))
    }

    pub fn info(self) -> &'static KindInfo {
        match self.0 {
            Which::BuiltIn(position) => match self.view() {
                Some(view) => view.info,
                None => KINDS[usize::from(position)],
            },
            Which::Custom(kind) => &kind.info,
        }
    }

    /// How the kind is shown, when its objects are those of another kind.
    pub fn view(self) -> Option<&'static View> {
        let Which::BuiltIn(position) = self.0 else {
            return None;
        };
        let index = usize::from(position).checked_sub(KINDS.len())?;
        VIEWS.get(index).copied()
    }

    /// The kind whose objects are stored.
    pub fn stored(self) -> Kind {
        self.view().map_or(self, |view| view.of)
    }

    /// All built-in kinds that are served: those of the registry, views of others, and inert ones.
    pub fn served() -> impl Iterator<Item = Kind> + Clone {
        let typed = (0..KINDS.len() + VIEWS.len()).map(|i| Kind::built_in(i as u16));
        typed.chain(inert())
    }

    /// The definition, for kinds that are not built in.
    pub fn definition(self) -> Option<&'static CustomKind> {
        match self.0 {
            Which::BuiltIn(_) => None,
            Which::Custom(kind) => Some(kind),
        }
    }

    /// All built-in kinds that have objects of their own, in the registry's order, inert ones last.
    pub fn all() -> impl Iterator<Item = Kind> + Clone {
        let typed = (0..KINDS.len()).map(|i| Kind::built_in(i as u16));
        typed.chain(inert())
    }

    /// By `apiVersion` and `kind`, as a manifest names it; in any version that is served.
    pub fn by_gvk(api_version: &str, kind: &str) -> Option<Kind> {
        Kind::served().find(|k| {
            k.info().kind == kind && k.versions().any(|info| info.api_version() == api_version)
        })
    }

    /// The names of a kind in the version that a manifest names.
    pub fn info_by_gvk(api_version: &str, kind: &str) -> Option<&'static KindInfo> {
        let found = Kind::by_gvk(api_version, kind)?;
        found
            .versions()
            .find(|info| info.api_version() == api_version)
    }

    /// By a word, as kubectl takes it: "deploy", "deployments.apps", "Deployment".
    pub fn by_word(word: &str) -> Option<Kind> {
        Kind::all().find(|kind| kind.info().is_called(word))
    }

    /// By group, version and plural, as a URL names it.
    pub fn by_gvr(group: &str, version: &str, plural: &str) -> Option<Kind> {
        Kind::served().find(|k| {
            let info = k.info();
            info.group == group
                && info.plural == plural
                && k.versions().any(|info| info.version == version)
        })
    }

    /// The kind in every version in which it is served, the preferred one first.
    pub fn versions(self) -> impl Iterator<Item = &'static KindInfo> + Clone {
        let others = self.info().strategy.other_versions().iter();
        std::iter::once(self.info()).chain(others.map(|o| o.info))
    }

    /// How to turn objects into a version and back; `None` for the stored one.
    pub fn conversion(self, version: &str) -> Option<&'static OtherVersion> {
        let mut others = self.info().strategy.other_versions().iter();
        others.find(|o| o.info.version == version)
    }

    /// Decodes an object of this kind; returns it with the paths of unknown fields.
    pub fn decode(self, value: &Value) -> Result<(Object, Vec<String>), DecodeError> {
        if let Some(view) = self.view() {
            return view.of.decode(&(view.stored)(value.clone()));
        }
        match self.0 {
            Which::BuiltIn(position) => DECODERS[usize::from(position)](value, self.info().version),
            Which::Custom(kind) => kind.decode(value),
        }
    }

    /// What orders kinds: the registry, then the others by group and plural.
    fn rank(&self) -> (u16, &'static str, &'static str) {
        match self.0 {
            Which::BuiltIn(position) => (position, "", ""),
            Which::Custom(kind) => (u16::MAX, kind.info.group, kind.info.plural),
        }
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        match (self.0, other.0) {
            (Which::BuiltIn(a), Which::BuiltIn(b)) => a == b,
            _ => self.rank() == other.rank(),
        }
    }
}

impl Eq for Kind {}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Kind) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Kind) -> Ordering {
        match (self.0, other.0) {
            (Which::BuiltIn(a), Which::BuiltIn(b)) => a.cmp(&b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().kind)
    }
}

/// A kind whose objects are those of another one, under other names: another version of it, or
/// the same in another group. Its `prefix` is that of the other kind.
pub struct View {
    pub info: &'static KindInfo,
    /// The kind whose objects are stored.
    pub of: Kind,
    /// From the JSON of the stored kind to that of this one.
    pub shown: fn(Value) -> Value,
    /// And back.
    pub stored: fn(Value) -> Value,
    /// What is asked of objects that are written as objects of this kind, beside the rules of the stored one.
    pub rules: fn(&Object, Option<&Object>) -> Errors,
}

/// The rules of the view through which an object of a stored kind is created, or changed.
#[inline(never)] // it waits in the second file of the wasm until somebody writes through a view
pub fn view_rules(object: &Object, old: Option<&Object>) -> Errors {
    let view = VIEWS.iter().find(|view| view.of == object.kind());
    view.map(|view| (view.rules)(object, old))
        .unwrap_or_default()
}

/// The kinds that are views of others.
static VIEWS: &[&View] = &[&event_view::VIEW];

mod cells;
mod event_view;
mod rbac;
mod reviews;
mod workload;

pub use certificate_signing_request::{
    APPROVED, DENIED, FAILED, certificate as issued_certificate,
    conditions as certificate_conditions, has as has_condition, outcome as certificate_outcome,
};
pub use pod::ephemeral::as_container as ephemeral_as_container;
pub(crate) use pod::go_spec::volume_claim;
pub use pod::qos::class as quality_of_service;
pub use pod::resources::{is_extended, is_huge, is_native};
pub use reviews::REVIEWS;
pub use service::validation::addresses as service_address_errors;

type Decoder = fn(&Value, &str) -> Result<(Object, Vec<String>), DecodeError>;

macro_rules! kinds {
    ($($module:ident :: $name:ident, $ty:ty;)*) => {
        $(mod $module;)*

        /// Where a kind stands in the list.
        enum Position {
            $($name,)*
        }

        /// Any object of the API. Cloning it shares the value.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Object {
            $($name(Rc<$ty>),)*
            /// An object of a kind that is not built in.
            Custom(Rc<CustomObject>),
        }

        static KINDS: &[&KindInfo] = &[$(&$module::INFO,)*];
        static DECODERS: &[Decoder] = &[$(decode_as::<$ty>,)*];

        impl Object {
            pub fn kind(&self) -> Kind {
                match self {
                    $(Object::$name(_) => Kind::built_in(Position::$name as u16),)*
                    Object::Custom(o) => Kind::custom(o.kind),
                }
            }

            pub fn meta(&self) -> &ObjectMeta {
                match self {
                    $(Object::$name(o) => &o.metadata,)*
                    Object::Custom(o) => &o.metadata,
                }
            }

            /// The metadata to be changed; copies the object when it is shared.
            pub fn meta_mut(&mut self) -> &mut ObjectMeta {
                match self {
                    $(Object::$name(o) => &mut Rc::make_mut(o).metadata,)*
                    Object::Custom(o) => &mut Rc::make_mut(o).metadata,
                }
            }

            pub(super) fn encode(&self) -> Value {
                match self {
                    $(Object::$name(o) => codec::encode(&**o),)*
                    Object::Custom(o) => o.encode(),
                }
            }

            /// Whether both are the very same value in memory.
            pub fn same(&self, other: &Object) -> bool {
                match (self, other) {
                    $((Object::$name(a), Object::$name(b)) => Rc::ptr_eq(a, b),)*
                    (Object::Custom(a), Object::Custom(b)) => Rc::ptr_eq(a, b),
                    _ => false,
                }
            }
        }

        $(impl Resource for $ty {
            const KIND: Kind = Kind::built_in(Position::$name as u16);

            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }
            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
            fn into_object(this: Rc<Self>) -> Object {
                Object::$name(this)
            }
            fn from_object(object: &Object) -> Option<&Rc<Self>> {
                match object {
                    Object::$name(o) => Some(o),
                    _ => None,
                }
            }
            fn from_object_mut(object: &mut Object) -> Option<&mut Rc<Self>> {
                match object {
                    Object::$name(o) => Some(o),
                    _ => None,
                }
            }
        })*
    };
}

kinds! {
    config_map::ConfigMap, k8s_openapi::api::core::v1::ConfigMap;
    endpoints::Endpoints, k8s_openapi::api::core::v1::Endpoints;
    event::Event, k8s_openapi::api::core::v1::Event;
    namespace::Namespace, k8s_openapi::api::core::v1::Namespace;
    node::Node, k8s_openapi::api::core::v1::Node;
    pod::Pod, k8s_openapi::api::core::v1::Pod;
    secret::Secret, k8s_openapi::api::core::v1::Secret;
    service_account::ServiceAccount, k8s_openapi::api::core::v1::ServiceAccount;
    service::Service, k8s_openapi::api::core::v1::Service;
    deployment::Deployment, k8s_openapi::api::apps::v1::Deployment;
    replica_set::ReplicaSet, k8s_openapi::api::apps::v1::ReplicaSet;
    lease::Lease, k8s_openapi::api::coordination::v1::Lease;
    endpoint_slice::EndpointSlice, k8s_openapi::api::discovery::v1::EndpointSlice;
    image::Image, super::play::Image;
    traffic::Traffic, super::play::Traffic;
    daemon_set::DaemonSet, k8s_openapi::api::apps::v1::DaemonSet;
    controller_revision::ControllerRevision, k8s_openapi::api::apps::v1::ControllerRevision;
    priority_class::PriorityClass, k8s_openapi::api::scheduling::v1::PriorityClass;
    persistent_volume::PersistentVolume, k8s_openapi::api::core::v1::PersistentVolume;
    persistent_volume_claim::PersistentVolumeClaim, k8s_openapi::api::core::v1::PersistentVolumeClaim;
    custom_resource_definition::CustomResourceDefinition, k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
    storage_class::StorageClass, k8s_openapi::api::storage::v1::StorageClass;
    ingress::Ingress, k8s_openapi::api::networking::v1::Ingress;
    ingress_class::IngressClass, k8s_openapi::api::networking::v1::IngressClass;
    network_policy::NetworkPolicy, k8s_openapi::api::networking::v1::NetworkPolicy;
    runtime_class::RuntimeClass, k8s_openapi::api::node::v1::RuntimeClass;
    resource_quota::ResourceQuota, k8s_openapi::api::core::v1::ResourceQuota;
    pod_disruption_budget::PodDisruptionBudget, k8s_openapi::api::policy::v1::PodDisruptionBudget;
    horizontal_pod_autoscaler::HorizontalPodAutoscaler, k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
    limit_range::LimitRange, k8s_openapi::api::core::v1::LimitRange;
    role::Role, k8s_openapi::api::rbac::v1::Role;
    role_binding::RoleBinding, k8s_openapi::api::rbac::v1::RoleBinding;
    cluster_role::ClusterRole, k8s_openapi::api::rbac::v1::ClusterRole;
    cluster_role_binding::ClusterRoleBinding, k8s_openapi::api::rbac::v1::ClusterRoleBinding;
    stateful_set::StatefulSet, k8s_openapi::api::apps::v1::StatefulSet;
    job::Job, k8s_openapi::api::batch::v1::Job;
    cron_job::CronJob, k8s_openapi::api::batch::v1::CronJob;
    replication_controller::ReplicationController, k8s_openapi::api::core::v1::ReplicationController;
    pod_template::PodTemplate, k8s_openapi::api::core::v1::PodTemplate;
    lesson::Lesson, super::play::Lesson;
    fault::Fault, super::play::Fault;
    operator::Operator, super::play::Operator;
    certificate_signing_request::CertificateSigningRequest, k8s_openapi::api::certificates::v1::CertificateSigningRequest;
}
