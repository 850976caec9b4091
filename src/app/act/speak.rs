//! What has changed, in words: for those who listen instead of looking.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::App;
use crate::api::Resource;
use crate::app::mirror::Mirror;
use crate::app::text::{Text, say};
use crate::app::view::marks::MarkKind;

/// How often, by the wall clock, changes are put into words.
const SAY_EVERY: Duration = Duration::from_millis(1500);
/// At most so many workloads are told one by one.
const MOST_TOLD: usize = 3;

impl App {
    /// Says what has changed, at a pace that can be listened to.
    pub(super) fn put_into_words(&mut self) {
        if self.silence < SAY_EVERY {
            return;
        }
        let marks = self.model.scene.marks.clone();
        let mut news: Vec<Text> = marks
            .iter()
            .skip(self.marks_said)
            .filter(|mark| mark.kind >= MarkKind::Failed)
            .map(|mark| mark.text.clone())
            .collect();
        self.marks_said = marks.len();
        // One workload is told by its name; of many, and of pods that no Deployment has, the sum.
        let changed = self.tell_deployments();
        let summary = self.model.scene.nodes.summary();
        match changed.len() {
            1..=MOST_TOLD => news.extend(changed),
            0 if summary == self.said => {}
            _ => news.push(summary.clone()),
        }
        if news.is_empty() {
            return;
        }
        self.silence = Duration::ZERO;
        self.said = summary;
        self.model.say(Text::sentences(news));
    }

    /// The words about every Deployment that has changed since they were asked for last.
    fn tell_deployments(&mut self) -> Vec<Text> {
        let before = std::mem::take(&mut self.told);
        let mut news = Vec::new();
        let mirror = self.session.mirror();
        for deployment in mirror.deployments.iter() {
            if deployment.namespace() == "kube-system" {
                continue;
            }
            let words = deployment_words(mirror, deployment);
            if before.get(deployment.uid()) != Some(&words) {
                news.push(words.clone());
            }
            self.told.insert(deployment.uid().into(), words);
        }
        news
    }
}

/// How far a Deployment has come with its newest revision: "web: 3 of 3 ready, revision 2".
fn deployment_words(mirror: &Mirror, deployment: &Deployment) -> Text {
    let revision_of = |meta: &ObjectMeta| -> Option<String> {
        let annotations = meta.annotations.as_ref();
        annotations
            .and_then(|a| a.get("deployment.kubernetes.io/revision"))
            .cloned()
    };
    let revision = revision_of(&deployment.metadata);
    let newest = mirror
        .replica_sets
        .owned_by(deployment.uid())
        .find(|set| revision.is_some() && revision_of(&set.metadata) == revision);
    let status = newest.and_then(|set| set.status.as_ref());
    say!(
        "spoken.deployment",
        name = deployment.name(),
        ready = status.and_then(|s| s.ready_replicas).unwrap_or_default(),
        desired = deployment
            .spec
            .as_ref()
            .and_then(|s| s.replicas)
            .unwrap_or(1),
        revision = revision.as_deref().unwrap_or("0")
    )
}
