//! The schema out of the types: `k8s-openapi` knows it, with the words of the API's documentation.
//!
//! What it does not know is added: kinds (`x-kubernetes-group-version-kind`), how lists merge (the table of
//! strategic merge patches), the values of enumerations, and the form of types that are a number or a
//! text.

use std::collections::BTreeSet;
use std::rc::Rc;

use k8s_openapi::api::{
    admissionregistration, apps, authentication, authorization, autoscaling, batch, certificates,
    coordination, core, discovery, events, flowcontrol, networking, node, policy, rbac, resource,
    scheduling, storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions;
use k8s_openapi::apimachinery::pkg::apis::meta;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration;
use k8s_openapi::schemars::generate::SchemaSettings;
use k8s_openapi::schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::enums::{ENUMS, Enum};
use super::{Schema, definition_name, reference};
use crate::apiserver::patch::PatchSchema;

type Add = fn(&mut SchemaGenerator);

fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}

/// A kind: its group, version and name, and its type.
type Root = (&'static str, &'static str, &'static str, Add);

const ROOTS: &[Root] = &[
    (
        "admissionregistration.k8s.io",
        "v1",
        "MutatingAdmissionPolicy",
        add::<admissionregistration::v1::MutatingAdmissionPolicy>,
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "MutatingAdmissionPolicyBinding",
        add::<admissionregistration::v1::MutatingAdmissionPolicyBinding>,
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "MutatingWebhookConfiguration",
        add::<admissionregistration::v1::MutatingWebhookConfiguration>,
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingAdmissionPolicy",
        add::<admissionregistration::v1::ValidatingAdmissionPolicy>,
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingAdmissionPolicyBinding",
        add::<admissionregistration::v1::ValidatingAdmissionPolicyBinding>,
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingWebhookConfiguration",
        add::<admissionregistration::v1::ValidatingWebhookConfiguration>,
    ),
    (
        "apiregistration.k8s.io",
        "v1",
        "APIService",
        add::<apiregistration::v1::APIService>,
    ),
    (
        "flowcontrol.apiserver.k8s.io",
        "v1",
        "FlowSchema",
        add::<flowcontrol::v1::FlowSchema>,
    ),
    (
        "flowcontrol.apiserver.k8s.io",
        "v1",
        "PriorityLevelConfiguration",
        add::<flowcontrol::v1::PriorityLevelConfiguration>,
    ),
    (
        "networking.k8s.io",
        "v1",
        "IPAddress",
        add::<networking::v1::IPAddress>,
    ),
    (
        "networking.k8s.io",
        "v1",
        "ServiceCIDR",
        add::<networking::v1::ServiceCIDR>,
    ),
    (
        "resource.k8s.io",
        "v1",
        "DeviceClass",
        add::<resource::v1::DeviceClass>,
    ),
    (
        "resource.k8s.io",
        "v1",
        "ResourceClaim",
        add::<resource::v1::ResourceClaim>,
    ),
    (
        "resource.k8s.io",
        "v1",
        "ResourceClaimTemplate",
        add::<resource::v1::ResourceClaimTemplate>,
    ),
    (
        "resource.k8s.io",
        "v1",
        "ResourceSlice",
        add::<resource::v1::ResourceSlice>,
    ),
    (
        "storage.k8s.io",
        "v1",
        "CSIStorageCapacity",
        add::<storage::v1::CSIStorageCapacity>,
    ),
    (
        "storage.k8s.io",
        "v1",
        "VolumeAttributesClass",
        add::<storage::v1::VolumeAttributesClass>,
    ),
    (
        "",
        "v1",
        "ComponentStatus",
        add::<core::v1::ComponentStatus>,
    ),
    ("", "v1", "Binding", add::<core::v1::Binding>),
    ("", "v1", "ConfigMap", add::<core::v1::ConfigMap>),
    ("", "v1", "Endpoints", add::<core::v1::Endpoints>),
    ("", "v1", "Event", add::<core::v1::Event>),
    ("", "v1", "LimitRange", add::<core::v1::LimitRange>),
    ("", "v1", "Namespace", add::<core::v1::Namespace>),
    ("", "v1", "Node", add::<core::v1::Node>),
    (
        "",
        "v1",
        "PersistentVolume",
        add::<core::v1::PersistentVolume>,
    ),
    (
        "",
        "v1",
        "PersistentVolumeClaim",
        add::<core::v1::PersistentVolumeClaim>,
    ),
    ("", "v1", "Pod", add::<core::v1::Pod>),
    ("", "v1", "PodTemplate", add::<core::v1::PodTemplate>),
    (
        "",
        "v1",
        "ReplicationController",
        add::<core::v1::ReplicationController>,
    ),
    ("", "v1", "ResourceQuota", add::<core::v1::ResourceQuota>),
    ("", "v1", "Secret", add::<core::v1::Secret>),
    ("", "v1", "Service", add::<core::v1::Service>),
    ("", "v1", "ServiceAccount", add::<core::v1::ServiceAccount>),
    (
        "apps",
        "v1",
        "ControllerRevision",
        add::<apps::v1::ControllerRevision>,
    ),
    ("apps", "v1", "DaemonSet", add::<apps::v1::DaemonSet>),
    ("apps", "v1", "Deployment", add::<apps::v1::Deployment>),
    ("apps", "v1", "ReplicaSet", add::<apps::v1::ReplicaSet>),
    ("apps", "v1", "StatefulSet", add::<apps::v1::StatefulSet>),
    (
        "autoscaling",
        "v1",
        "HorizontalPodAutoscaler",
        add::<autoscaling::v1::HorizontalPodAutoscaler>,
    ),
    ("autoscaling", "v1", "Scale", add::<autoscaling::v1::Scale>),
    (
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        add::<autoscaling::v2::HorizontalPodAutoscaler>,
    ),
    ("batch", "v1", "CronJob", add::<batch::v1::CronJob>),
    ("batch", "v1", "Job", add::<batch::v1::Job>),
    ("policy", "v1", "Eviction", add::<policy::v1::Eviction>),
    (
        "policy",
        "v1",
        "PodDisruptionBudget",
        add::<policy::v1::PodDisruptionBudget>,
    ),
    (
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        add::<apiextensions::v1::CustomResourceDefinition>,
    ),
    (
        "authentication.k8s.io",
        "v1",
        "SelfSubjectReview",
        add::<authentication::v1::SelfSubjectReview>,
    ),
    (
        "authentication.k8s.io",
        "v1",
        "TokenRequest",
        add::<authentication::v1::TokenRequest>,
    ),
    (
        "authentication.k8s.io",
        "v1",
        "TokenReview",
        add::<authentication::v1::TokenReview>,
    ),
    (
        "authorization.k8s.io",
        "v1",
        "LocalSubjectAccessReview",
        add::<authorization::v1::LocalSubjectAccessReview>,
    ),
    (
        "authorization.k8s.io",
        "v1",
        "SelfSubjectAccessReview",
        add::<authorization::v1::SelfSubjectAccessReview>,
    ),
    (
        "authorization.k8s.io",
        "v1",
        "SelfSubjectRulesReview",
        add::<authorization::v1::SelfSubjectRulesReview>,
    ),
    (
        "authorization.k8s.io",
        "v1",
        "SubjectAccessReview",
        add::<authorization::v1::SubjectAccessReview>,
    ),
    (
        "certificates.k8s.io",
        "v1",
        "CertificateSigningRequest",
        add::<certificates::v1::CertificateSigningRequest>,
    ),
    (
        "coordination.k8s.io",
        "v1",
        "Lease",
        add::<coordination::v1::Lease>,
    ),
    (
        "discovery.k8s.io",
        "v1",
        "EndpointSlice",
        add::<discovery::v1::EndpointSlice>,
    ),
    ("events.k8s.io", "v1", "Event", add::<events::v1::Event>),
    (
        "networking.k8s.io",
        "v1",
        "Ingress",
        add::<networking::v1::Ingress>,
    ),
    (
        "networking.k8s.io",
        "v1",
        "IngressClass",
        add::<networking::v1::IngressClass>,
    ),
    (
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        add::<networking::v1::NetworkPolicy>,
    ),
    (
        "node.k8s.io",
        "v1",
        "RuntimeClass",
        add::<node::v1::RuntimeClass>,
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRole",
        add::<rbac::v1::ClusterRole>,
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRoleBinding",
        add::<rbac::v1::ClusterRoleBinding>,
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "Role",
        add::<rbac::v1::Role>,
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "RoleBinding",
        add::<rbac::v1::RoleBinding>,
    ),
    (
        "scheduling.k8s.io",
        "v1",
        "PriorityClass",
        add::<scheduling::v1::PriorityClass>,
    ),
    (
        "storage.k8s.io",
        "v1",
        "CSIDriver",
        add::<storage::v1::CSIDriver>,
    ),
    (
        "storage.k8s.io",
        "v1",
        "CSINode",
        add::<storage::v1::CSINode>,
    ),
    (
        "storage.k8s.io",
        "v1",
        "StorageClass",
        add::<storage::v1::StorageClass>,
    ),
    (
        "storage.k8s.io",
        "v1",
        "VolumeAttachment",
        add::<storage::v1::VolumeAttachment>,
    ),
];

impl Schema {
    /// The schema of Kubernetes' own kinds.
    pub fn built_in() -> Schema {
        let mut generator = SchemaSettings::openapi3().into_generator();
        for (.., add) in ROOTS {
            add(&mut generator);
        }
        add::<meta::v1::DeleteOptions>(&mut generator);
        let mut definitions = generator.take_definitions(true);
        for (name, definition) in &mut definitions {
            two_forms(name, definition);
        }
        for (group, version, kind, _) in ROOTS {
            let name = definition_name(group, version, kind);
            if let Some(definition) = definitions.get_mut(&name) {
                definition["x-kubernetes-group-version-kind"] =
                    json!([{"group": group, "version": version, "kind": kind}]);
                // These types always have it; an object may leave it out.
                if let Some(required) = definition["required"].as_array_mut() {
                    required.retain(|field| field != "metadata");
                }
            }
            if let Some(patch) = PatchSchema::of_kind(group, kind) {
                say_how_it_merges(&mut definitions, &name, patch, &mut BTreeSet::new());
            }
        }
        for of in ENUMS {
            name_values(&mut definitions, of);
        }
        Schema {
            definitions: Rc::new(definitions),
        }
    }
}

/// A number or a text: the forms in which the API says so.
fn two_forms(name: &str, definition: &mut Value) {
    let Value::Object(fields) = definition else {
        return;
    };
    if fields.remove("x-kubernetes-int-or-string").is_none() {
        return;
    }
    let other = match name.ends_with(".Quantity") {
        true => "number",
        false => "integer",
    };
    if other == "integer" {
        fields.insert("format".to_owned(), "int-or-string".into());
    }
    let forms = json!([{"type": other}, {"type": "string"}]);
    fields.insert("oneOf".to_owned(), forms);
}

/// The definition below a property: of the object, or of the elements of the list or map.
fn below(property: &Value) -> Option<&str> {
    reference(property)
        .or_else(|| reference(&property["allOf"][0]))
        .or_else(|| below_list(&property["items"]))
        .or_else(|| below_list(&property["additionalProperties"]))
}

fn below_list(items: &Value) -> Option<&str> {
    (!items.is_null()).then(|| below(items)).flatten()
}

/// Writes down how the lists of a type merge, and those of the types below it.
fn say_how_it_merges(
    definitions: &mut Map<String, Value>,
    name: &str,
    patch: PatchSchema,
    seen: &mut BTreeSet<(String, String)>,
) {
    if patch == PatchSchema::UNTAGGED || !seen.insert((name.to_owned(), format!("{patch:?}"))) {
        return;
    }
    let Some(Value::Object(properties)) = definitions.get_mut(name).map(|d| &mut d["properties"])
    else {
        return;
    };
    let mut next = Vec::new();
    for (field, property) in properties.iter_mut() {
        let how = patch.field(field);
        let strategies: Vec<&str> = [
            (how.merge, "merge"),
            (how.replace, "replace"),
            (how.retain_keys, "retainKeys"),
        ]
        .into_iter()
        .filter_map(|(holds, word)| holds.then_some(word))
        .collect();
        if !strategies.is_empty() {
            property["x-kubernetes-patch-strategy"] = strategies.join(",").into();
        }
        if !how.merge_key.is_empty() {
            property["x-kubernetes-patch-merge-key"] = how.merge_key.into();
        }
        if how.merge && property["type"] == "array" {
            let keys = match (field.as_str(), how.merge_key) {
                ("ports", "containerPort" | "port") => vec![how.merge_key, "protocol"],
                ("topologySpreadConstraints", key) => vec![key, "whenUnsatisfiable"],
                (_, "") => Vec::new(),
                (_, key) => vec![key],
            };
            if keys.is_empty() {
                property["x-kubernetes-list-type"] = "set".into();
            } else {
                property["x-kubernetes-list-type"] = "map".into();
                property["x-kubernetes-list-map-keys"] = json!(keys);
            }
        }
        if let Some(name) = below(property) {
            next.push((name.to_owned(), how.schema));
        }
    }
    for (name, patch) in next {
        say_how_it_merges(definitions, &name, patch, seen);
    }
}

/// Adds the values that a field may have, as the API's own documents do.
fn name_values(definitions: &mut Map<String, Value>, (name, field, values): &Enum) {
    // Of kinds that are not served there is no definition.
    let Some(property) = definitions
        .get_mut(*name)
        .and_then(|d| d["properties"].get_mut(*field))
    else {
        return;
    };
    let mut text = property["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    text.push_str("\n\nPossible enum values:");
    for (value, meaning) in *values {
        text.push_str(&format!("\n - `\"{value}\"`{meaning}"));
    }
    property["description"] = text.into();
    property["enum"] = values.iter().map(|(value, _)| *value).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::served_versions;

    #[test]
    fn the_schema_knows_the_kinds_that_are_served() {
        let schema = Schema::built_in();
        for info in served_versions() {
            let ours = info.group.ends_with("kubarium.dev");
            let strange = info.group == "metrics.k8s.io";
            let found = schema.of_kind(info).is_some();
            assert!(found || ours || strange, "{} {}", info.group, info.kind);
        }
        let containers =
            &schema.definition("io.k8s.api.core.v1.PodSpec").unwrap()["properties"]["containers"];
        assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
        assert_eq!(containers["x-kubernetes-list-map-keys"], json!(["name"]));
        let text = schema.to_text();
        assert_eq!(Schema::parse(&text), Some(schema));
    }

    #[test]
    fn values_are_listed_with_their_meaning() {
        let schema = Schema::built_in();
        let describe = |type_: &str, field: &str| {
            let definition = schema.definition(&format!("io.k8s.api.{type_}")).unwrap();
            let text = &definition["properties"][field]["description"];
            text.as_str().unwrap().to_owned()
        };
        // Nothing in the list: `npm ci` did not run in `meanings/`; the build said why.
        let text = describe("core.v1.ServiceSpec", "sessionAffinity");
        assert!(
            text.contains("Possible enum values:\n - `\"ClientIP\"` is "),
            "{text}"
        );
        assert!(text.contains("\n - `\"None\"` - no "), "{text}");
        // The API's documents have no meaning for these.
        let text = describe("core.v1.PodSpec", "restartPolicy");
        assert!(
            text.ends_with("\n - `\"Always\"`\n - `\"Never\"`\n - `\"OnFailure\"`"),
            "{text}"
        );
        let rule = schema.definition("io.k8s.api.admissionregistration.v1.RuleWithOperations");
        assert_eq!(
            rule.unwrap()["properties"]["scope"]["enum"],
            json!(["*", "Cluster", "Namespaced"])
        );
    }

    #[test]
    fn documents_name_kinds_and_refer_to_what_is_in_them() {
        let schema = Schema::built_in();
        let document = schema.answer("/openapi/v3/apis/apps/v1").unwrap();
        let crate::apiserver::Body::Json(document) = document.body else {
            panic!("no JSON");
        };
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let text = document.to_string();
        for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
        let patch =
            &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
        assert_eq!(
            patch["x-kubernetes-group-version-kind"]["kind"],
            "Deployment"
        );
        assert!(schema.answer("/openapi/v3/apis/none/v1").is_none());
        assert!(schema.answer("/openapi/v2").is_some());
    }
}
