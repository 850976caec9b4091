//! The identity of the processes in a pod.

use k8s_openapi::api::core::v1::ServiceAccount as Kind;

use super::KindInfo;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    short_names: &["sa"],
    namespaced: true,
    categories: &[],
    subresources: &["token"],
    prefix: "serviceaccounts",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[column("Name"), column("Age")];
        COLUMNS
    }

    fn row(&self, account: &Kind, now: Time) -> Vec<String> {
        vec![
            account.metadata.name.clone().unwrap_or_default(),
            age(&account.metadata, now),
        ]
    }
}
