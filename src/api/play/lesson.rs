//! `kind: Lesson`: what a lesson starts from, what it says, and what has to become true.
//!
//! `docs/lessons.md` teaches how one is written. Texts are Markdown where the field says so, else plain.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::is_default;
use super::picture::Picture;

/// A lesson. Of the cluster, as what it starts is a whole cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Lesson {
    pub metadata: ObjectMeta,
    pub spec: LessonSpec,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LessonSpec {
    pub title: String,
    /// How long it takes somebody who does it for the first time.
    pub minutes: u32,
    /// One sentence for the list of lessons.
    pub summary: String,
    /// What to look at in the picture, in words.
    #[serde(skip_serializing_if = "is_default")]
    pub look: String,
    /// And the picture itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
    /// The view of the stage: Nodes, Rollout, Traffic or Ownership.
    #[serde(skip_serializing_if = "is_default")]
    pub view: String,
    #[serde(skip_serializing_if = "is_default")]
    pub start: Start,
    pub steps: Vec<Step>,
    /// What is said at the end (Markdown).
    #[serde(skip_serializing_if = "is_default")]
    pub done: String,
}

/// What a lesson starts from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Start {
    /// Worker nodes; 2 when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub nodes: u32,
    /// What is random follows from it.
    #[serde(skip_serializing_if = "is_default")]
    pub seed: u64,
    /// The files of the editor, by name.
    #[serde(skip_serializing_if = "is_default")]
    pub files: BTreeMap<String, String>,
    /// Commands that are run before the lesson begins.
    #[serde(skip_serializing_if = "is_default")]
    pub run: Vec<String>,
    /// How long to wait after them, at most, until every pod is ready or has ended: "60s" when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub settle: String,
}

/// One thing to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Step {
    /// A short name, by which translations find the step.
    pub id: String,
    pub title: String,
    /// What it is about and what to do (Markdown).
    pub text: String,
    /// The view of the stage, when it is to change.
    #[serde(skip_serializing_if = "is_default")]
    pub view: String,
    /// An object that the inspector is to show: "deploy/web".
    #[serde(skip_serializing_if = "is_default")]
    pub select: String,
    /// A picture of its own, in place of the lesson's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
    /// Files that are added to the editor for this step.
    #[serde(skip_serializing_if = "is_default")]
    pub files: BTreeMap<String, String>,
    /// What is asked before the goals count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predict: Option<Prediction>,
    /// Shown one at a time, on request (Markdown).
    #[serde(skip_serializing_if = "is_default")]
    pub hints: Vec<String>,
    /// The step is done when all of them are met at the same moment.
    #[serde(skip_serializing_if = "is_default")]
    pub goals: Vec<Goal>,
    /// One way to meet them.
    #[serde(skip_serializing_if = "is_default")]
    pub solution: Vec<Act>,
}

/// A question about what will happen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Prediction {
    pub question: String,
    pub choices: Vec<String>,
    /// Which choice is right, counted from 1.
    pub answer: u32,
    /// Why, said after the choice (Markdown).
    pub because: String,
}

/// A condition on the cluster. Exactly one of `object`, `event`, `requests`, `allOf` and `anyOf` is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Goal {
    /// In words; parts of `allOf` and `anyOf` need none.
    #[serde(skip_serializing_if = "is_default")]
    pub text: String,
    /// "deploy/web", or a kind alone: "pods".
    #[serde(skip_serializing_if = "is_default")]
    pub object: String,
    /// "default" when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub namespace: String,
    /// Labels, as `kubectl -l` takes them.
    #[serde(skip_serializing_if = "is_default")]
    pub selector: String,
    /// Only objects that came into being since the step began.
    #[serde(rename = "new", skip_serializing_if = "is_default")]
    pub fresh: bool,
    /// What holds of an object that counts.
    #[serde(skip_serializing_if = "is_default")]
    pub r#where: Vec<Test>,
    /// What the logs of a pod contain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<LogTest>,
    /// How many objects count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Amount>,
    /// There is no such object.
    #[serde(skip_serializing_if = "is_default")]
    pub absent: bool,
    /// Something was recorded since the step began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Happening>,
    /// How requests fare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Requests>,
    #[serde(skip_serializing_if = "is_default")]
    pub all_of: Vec<Goal>,
    #[serde(skip_serializing_if = "is_default")]
    pub any_of: Vec<Goal>,
    /// It has to hold for so long without a break: "10s".
    #[serde(skip_serializing_if = "is_default")]
    pub held: String,
    /// Once met, it stays met.
    #[serde(skip_serializing_if = "is_default")]
    pub once: bool,
    /// It has to hold from the beginning of the step to its end; broken once, the goal has failed.
    #[serde(skip_serializing_if = "is_default")]
    pub throughout: bool,
}

/// A condition on one object: `condition`, or `path` with one comparison or none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Test {
    /// A JSONPath: ".status.readyReplicas". Without a comparison it has to lead to something.
    #[serde(skip_serializing_if = "is_default")]
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_equals: Option<Value>,
    /// A regular expression (POSIX, extended).
    #[serde(skip_serializing_if = "is_default")]
    pub matches: String,
    /// A number or a quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Value>,
    /// The path leads to nothing.
    #[serde(skip_serializing_if = "is_default")]
    pub missing: bool,
    /// As in `kubectl wait --for=condition=`: "Ready", "Available=False".
    #[serde(skip_serializing_if = "is_default")]
    pub condition: String,
}

/// A number of objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Amount {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u32>,
}

/// What the log of a container contains.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LogTest {
    /// The first one when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub container: String,
    pub contains: String,
}

/// An event (`kubectl get events`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Happening {
    pub reason: String,
    /// Whom it is about: "pod", or "pod/web-*"; a star stands for any text.
    #[serde(skip_serializing_if = "is_default")]
    pub about: String,
    /// A part of its message.
    #[serde(skip_serializing_if = "is_default")]
    pub message: String,
}

/// How requests through a Service, or of a Traffic object, end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Requests {
    #[serde(skip_serializing_if = "is_default")]
    pub service: String,
    #[serde(skip_serializing_if = "is_default")]
    pub traffic: String,
    /// At least so many of a hundred succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<u32>,
    /// At least so many fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures: Option<u32>,
    /// Over so much time, all of it within the step: "10s" when absent, two minutes at most.
    #[serde(skip_serializing_if = "is_default")]
    pub over: String,
}

/// A part of a solution; exactly one of `run`, `edit`, `apply` and `wait` is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Act {
    /// A command of the terminal.
    #[serde(skip_serializing_if = "is_default")]
    pub run: String,
    /// The command is refused, and that is right.
    #[serde(skip_serializing_if = "is_default")]
    pub fails: bool,
    /// A file to edit: either `text` becomes its text, or `replace` becomes `with`.
    #[serde(skip_serializing_if = "is_default")]
    pub edit: String,
    #[serde(skip_serializing_if = "is_default")]
    pub text: String,
    #[serde(skip_serializing_if = "is_default")]
    pub replace: String,
    #[serde(skip_serializing_if = "is_default")]
    pub with: String,
    /// A file to apply.
    #[serde(skip_serializing_if = "is_default")]
    pub apply: String,
    /// Lets time pass: "30s".
    #[serde(skip_serializing_if = "is_default")]
    pub wait: String,
}

/// The views of the stage.
pub const VIEWS: [&str; 4] = ["Nodes", "Rollout", "Traffic", "Ownership"];

impl LessonSpec {
    /// The picture of a step, from 0: its own, or the lesson's.
    pub fn picture(&self, step: usize) -> Option<&Picture> {
        let own = self.steps.get(step).and_then(|s| s.picture.as_ref());
        own.or(self.picture.as_ref())
    }

    /// Where the picture of a step is to be seen: its place, or the view that the stage has then.
    pub fn place(&self, step: usize) -> &str {
        let place = self.picture(step).map_or("", |p| &p.place);
        let steps = self.steps.iter().take(step + 1).rev();
        let views = steps.map(|s| s.view.as_str()).chain([self.view.as_str()]);
        let mut given = [place].into_iter().chain(views).filter(|p| !p.is_empty());
        given.next().unwrap_or("Nodes")
    }
}

impl Start {
    pub fn workers(&self) -> u8 {
        match self.nodes {
            0 => 2,
            nodes => u8::try_from(nodes).unwrap_or(u8::MAX),
        }
    }
}
