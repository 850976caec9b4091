//! Small changes of objects: the patch between what is there and what it is to become.

use serde_json::Value;

use crate::apiserver::patch::{PatchSchema, diff, merge_patch};
use crate::apiserver::request::{MERGE_PATCH, STRATEGIC_MERGE_PATCH};
use crate::kubectl::error::{Failure, Result};
use crate::kubectl::kube::{DryRun, Kube};
use crate::kubectl::resources::Target;

impl Kube {
    /// The objects that the words or files of a command choose; whole kinds are listed.
    pub async fn chosen_objects(&self) -> Result<(Vec<(Target, Value)>, Vec<Failure>)> {
        self.chosen_of(&self.flags.arguments).await
    }

    /// As [`Kube::chosen_objects`], from some of the words.
    pub async fn chosen_of(
        &self,
        words: &[String],
    ) -> Result<(Vec<(Target, Value)>, Vec<Failure>)> {
        if !self.flags.names_files() {
            let targets = self.chosen(words).await?;
            return Ok(self.objects(&targets).await);
        }
        let (mut manifests, mut failures) = self.manifests().await;
        // Some look at what is in the files alone.
        let is_local = self.flags.is("local")
            || matches!(self.path.as_str(), "kubectl autoscale" | "kubectl expose");
        if is_local {
            let objects = manifests.into_iter().map(|m| {
                let target = Target {
                    kind: m.kind,
                    name: m.name().to_owned(),
                    namespace: m.namespace,
                };
                let mut object = m.object;
                if self.path.starts_with("kubectl set ") {
                    crate::kubectl::cmd::as_typed(&mut object);
                }
                (target, object)
            });
            return Ok((objects.collect(), failures));
        }
        // Most select by the labels that the objects have by now; `scale` never asks before it scales.
        let mut selection = None;
        match self.path.as_str() {
            "kubectl scale" => self.select(&mut manifests)?,
            _ => selection = self.selection()?,
        }
        let targets: Vec<Target> = manifests
            .into_iter()
            .map(|m| Target {
                kind: m.kind,
                name: m.name().to_owned(),
                namespace: m.namespace,
            })
            .collect();
        let (mut objects, more) = self.objects(&targets).await;
        if let Some(selection) = selection {
            objects.retain(|(_, object)| selection.has(object));
        }
        failures.extend(more);
        Ok((objects, failures))
    }

    /// Sends what changed; `None` when nothing did.
    pub async fn send_changes(
        &self,
        target: &Target,
        before: &Value,
        after: Value,
        manager: &str,
    ) -> Result<Option<Value>> {
        let (Value::Object(old), Value::Object(new)) = (before, &after) else {
            return Ok(None);
        };
        let (patch, content_type) = match PatchSchema::of_kind(target.kind.group, target.kind.kind)
        {
            Some(schema) => (
                diff::create_two_way(old, new, schema)
                    .map_err(|e| Failure::Plain(e.message().to_owned()))?,
                STRATEGIC_MERGE_PATCH,
            ),
            None => (merge_patch::create(old, new), MERGE_PATCH),
        };
        if patch.is_empty() {
            return Ok(None);
        }
        if self.dry_run()? == DryRun::Client || self.flags.is("local") {
            return Ok(Some(after));
        }
        let patch = Value::Object(patch);
        let answer = self
            .patch(
                target.kind,
                &target.namespace,
                &target.name,
                content_type,
                patch,
                manager,
            )
            .await?;
        Ok(Some(answer))
    }
}
