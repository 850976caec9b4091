//! Which requests the objects of `admissionregistration.k8s.io` are about: rules, and selectors of labels
//! (`k8s.io/apiserver/pkg/admission/plugin/policy/matching`, `plugin/webhook/predicates`).

use std::sync::OnceLock;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

use crate::api::custom::{CustomObject, policy};
use crate::api::selector::Selector;
use crate::api::{Kind, Object, Resource, codec};
use crate::apiserver::{ApiServer, Caller};

/// The kinds of what may be put in front of a write.
pub(super) struct Kinds {
    pub mutating: Option<Kind>,
    pub policies: Option<Kind>,
    pub bindings: Option<Kind>,
    pub validating: Option<Kind>,
}

/// They are asked for at every write, so they are looked up once.
pub(super) fn kinds() -> &'static Kinds {
    static KINDS: OnceLock<Kinds> = OnceLock::new();
    let kind = |name| Kind::by_gvk("admissionregistration.k8s.io/v1", name);
    KINDS.get_or_init(|| Kinds {
        mutating: kind(policy::MUTATING),
        policies: kind(policy::POLICY),
        bindings: kind(policy::BINDING),
        validating: kind(policy::VALIDATING),
    })
}

/// A request that is judged.
#[derive(Clone, Copy)]
pub(in crate::apiserver) struct Asked<'r> {
    pub operation: &'static str,
    pub subresource: &'r str,
    pub caller: &'r Caller,
    pub dry_run: bool,
}

pub(super) fn list<'v>(of: &'v Value, name: &str) -> &'v [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text<'v>(of: &'v Value, name: &str) -> &'v str {
    of[name].as_str().unwrap_or_default()
}

pub(super) fn custom(object: &Object) -> Option<&CustomObject> {
    match object {
        Object::Custom(object) => Some(object),
        _ => None,
    }
}

/// A selector of labels; none, and one that says nothing, takes all.
pub(super) fn selects(selector: &Value, object: &Object) -> bool {
    if selector.is_null() {
        return true;
    }
    let decoded = codec::decode::<LabelSelector>(selector, "v1");
    let Ok((selector, _)) = decoded else {
        return false;
    };
    let labels = object.meta().labels.clone().unwrap_or_default();
    Selector::from_api(Some(&selector)).is_ok_and(|s| s.matches(&labels))
}

pub(super) fn has(list: &[Value], wanted: &str) -> bool {
    list.iter().any(|item| item == "*" || item == wanted)
}

/// Whether a rule names the resource, in any of its versions: they are equivalent.
pub(super) fn names_resource(rule: &Value, object: &Object, asked: &Asked<'_>) -> bool {
    let info = object.info();
    let scope = match info.namespaced {
        true => "Namespaced",
        false => "Cluster",
    };
    let resource = |pattern: &str| {
        let (resource, part) = pattern.split_once('/').unwrap_or((pattern, ""));
        ["*", info.plural].contains(&resource) && ["*", asked.subresource].contains(&part)
    };
    let only = list(rule, "resourceNames");
    has(list(rule, "apiGroups"), info.group)
        && has(list(rule, "operations"), asked.operation)
        && list(rule, "resources")
            .iter()
            .filter_map(Value::as_str)
            .any(resource)
        && ["", "*", scope].contains(&text(rule, "scope"))
        && (only.is_empty() || only.iter().any(|name| name == object.name()))
}

/// The kinds that no policy may lock away.
pub(super) fn is_exempt(object: &Object) -> bool {
    object.info().group == "admissionregistration.k8s.io"
}

impl ApiServer {
    /// Whether what a policy, a binding or a webhook matches is this request.
    pub(super) fn is_matched(
        &self,
        matched: &Value,
        asked: &Asked<'_>,
        subject: &Object,
        old: Option<&Object>,
    ) -> bool {
        if matched.is_null() {
            return true;
        }
        // Those of a webhook go by another name.
        let rules = [list(matched, "resourceRules"), list(matched, "rules")].concat();
        let named = |rules: &[Value]| rules.iter().any(|r| names_resource(r, subject, asked));
        if named(list(matched, "excludeResourceRules")) || (!rules.is_empty() && !named(&rules)) {
            return false;
        }
        let labelled = &matched["objectSelector"];
        if !selects(labelled, subject) && !old.is_some_and(|old| selects(labelled, old)) {
            return false;
        }
        let spaces = &matched["namespaceSelector"];
        match self.namespace_of(subject) {
            Some(namespace) => selects(spaces, &namespace),
            None => true,
        }
    }

    /// The namespace that an object is in, or is.
    pub(super) fn namespace_of(&self, subject: &Object) -> Option<Object> {
        if subject.kind() == Namespace::KIND {
            return Some(subject.clone());
        }
        let name = subject.namespace();
        let kind = Kind::by_gvk("v1", "Namespace")?;
        self.get_object(kind, "", name)
            .ok()
            .filter(|_| !name.is_empty())
    }
}
