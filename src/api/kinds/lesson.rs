//! A lesson: texts, and goals that the cluster has to meet.

mod picture;
mod validation;

use crate::api::play::Lesson as Kind;

use super::KindInfo;
use crate::api::field::Errors;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "play.kubarium.dev",
    version: "v1alpha1",
    kind: "Lesson",
    plural: "lessons",
    singular: "lesson",
    short_names: &[],
    namespaced: false,
    categories: &[],
    subresources: &[],
    prefix: "play.kubarium.dev/lessons",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn prepare_for_create(&self, lesson: &mut Kind) {
        lesson.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn validate(&self, lesson: &Kind) -> Errors {
        validation::validate(&lesson.spec)
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Title"),
            column("Steps"),
            column("Minutes"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, lesson: &Kind, now: Time) -> Vec<String> {
        vec![
            lesson.metadata.name.clone().unwrap_or_default(),
            lesson.spec.title.clone(),
            lesson.spec.steps.len().to_string(),
            lesson.spec.minutes.to_string(),
            age(&lesson.metadata, now),
        ]
    }
}
