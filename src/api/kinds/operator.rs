//! A controller that is written as an object.

use serde_json::Value;

use super::KindInfo;
use crate::api::field::{Errors, Path};
use crate::api::names::is_dns1123_label;
use crate::api::play::{MOST_CHILDREN, Operator as Kind, template};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::sim::Time;
use crate::sim::ordered::Set as BTreeSet;

pub const INFO: KindInfo = KindInfo {
    group: "play.kubarium.dev",
    version: "v1alpha1",
    kind: "Operator",
    plural: "operators",
    singular: "operator",
    short_names: &[],
    namespaced: false,
    categories: &[],
    subresources: &[],
    prefix: "play.kubarium.dev/operators",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn prepare_for_create(&self, operator: &mut Kind) {
        operator.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn validate(&self, operator: &Kind) -> Errors {
        let mut errors = Errors::default();
        let root = Path::new("spec");
        let spec = &operator.spec;
        let watch = root.child("watch");
        for (field, text) in [
            ("apiVersion", &spec.watch.api_version),
            ("kind", &spec.watch.kind),
        ] {
            if text.is_empty() {
                errors.required(&watch.child(field), "");
            }
        }
        let children = root.child("children");
        if spec.children.len() > MOST_CHILDREN {
            errors.too_many(&children, spec.children.len(), MOST_CHILDREN);
        }
        let mut names = BTreeSet::new();
        for (i, child) in spec.children.iter().enumerate() {
            let path = children.index(i);
            let name = path.child("name");
            match child.name.as_str() {
                "" => errors.required(&name, ""),
                text => errors.invalid_each(&name, text, is_dns1123_label(text)),
            }
            if !names.insert(child.name.as_str()) {
                errors.duplicate(&name, &child.name);
            }
            let when = Value::String(child.when.clone());
            template::check(&when, &path.child("when"), &mut errors);
            let path = path.child("template");
            if !child.template.is_object() {
                errors.required(&path, "has to be a manifest");
                continue;
            }
            let meta = &child.template["metadata"];
            for (field, value) in [
                ("apiVersion", &child.template["apiVersion"]),
                ("kind", &child.template["kind"]),
                ("metadata.name", &meta["name"]),
            ] {
                if value.as_str().unwrap_or_default().is_empty() {
                    let mut parts = field.split('.');
                    let first = path.child(parts.next().unwrap_or_default());
                    match parts.next() {
                        Some(second) => errors.required(&first.child(second), ""),
                        None => errors.required(&first, ""),
                    }
                }
            }
            template::check(&child.template, &path, &mut errors);
        }
        let status = root.child("status");
        if !spec.status.is_null() && !spec.status.is_object() {
            errors.invalid(
                &status,
                spec.status.to_string().as_str(),
                "has to be an object",
            );
        }
        template::check(&spec.status, &status, &mut errors);
        errors
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Watches"),
            column("Children"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, operator: &Kind, now: Time) -> Vec<String> {
        let spec = &operator.spec;
        let kinds: Vec<&str> = spec
            .children
            .iter()
            .map(|c| c.template["kind"].as_str().unwrap_or("?"))
            .collect();
        let group = spec
            .watch
            .api_version
            .split_once('/')
            .map(|(group, _)| group);
        let watches = match group {
            Some(group) => format!("{}.{group}", spec.watch.kind),
            None => spec.watch.kind.clone(),
        };
        vec![
            operator.metadata.name.clone().unwrap_or_default(),
            watches,
            match kinds.is_empty() {
                true => "<none>".to_owned(),
                false => kinds.join(","),
            },
            age(&operator.metadata, now),
        ]
    }
}
