//! Kinds that are asked and not kept: an answer comes back, and nothing is stored. Bindings and component
//! statuses are among them.
//! (`k8s.io/api/authentication/v1`, `k8s.io/api/authorization/v1`, `k8s.io/api/core/v1`)

use super::KindInfo;
use crate::api::strategy::{KindStrategy, Typed};

struct Rules;

impl KindStrategy for Rules {
    type Kind = k8s_openapi::api::rbac::v1::ClusterRole;
}

const fn review(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
    namespaced: bool,
) -> KindInfo {
    KindInfo {
        group,
        version: "v1",
        kind,
        plural,
        singular,
        short_names: &[],
        namespaced,
        categories: &[],
        subresources: &[],
        prefix: plural,
        strategy: &Typed(Rules),
    }
}

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

pub static REVIEWS: &[KindInfo] = &[
    review("", "Binding", "bindings", "binding", true),
    KindInfo {
        short_names: &["cs"],
        ..review(
            "",
            "ComponentStatus",
            "componentstatuses",
            "componentstatus",
            false,
        )
    },
    review(
        AUTHENTICATION,
        "SelfSubjectReview",
        "selfsubjectreviews",
        "selfsubjectreview",
        false,
    ),
    review(
        AUTHENTICATION,
        "TokenReview",
        "tokenreviews",
        "tokenreview",
        false,
    ),
    review(
        AUTHORIZATION,
        "LocalSubjectAccessReview",
        "localsubjectaccessreviews",
        "localsubjectaccessreview",
        true,
    ),
    review(
        AUTHORIZATION,
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
        "selfsubjectaccessreview",
        false,
    ),
    review(
        AUTHORIZATION,
        "SelfSubjectRulesReview",
        "selfsubjectrulesreviews",
        "selfsubjectrulesreview",
        false,
    ),
    review(
        AUTHORIZATION,
        "SubjectAccessReview",
        "subjectaccessreviews",
        "subjectaccessreview",
        false,
    ),
];
