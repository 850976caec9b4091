//! Why an object is as it is: the chain of causes as sentences, each with what it leads to.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;

use super::change::changes;
use super::{Decision, Link, decision};
use crate::api::{Key, Resource};
use crate::app::editing::place_of;
use crate::app::{Files, Selection};
use crate::app::{Text, say};
use crate::cluster::{Cluster, Step};
use crate::sim::Time;

/// What kind of thing happened; names the mark beside the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeatKind {
    /// A person, or a program of theirs, asked for it.
    Asked,
    /// A component looked at what there is and made up its mind.
    Decided,
    Created,
    Changed,
    Deleted,
    /// Time was up.
    Timer,
}

impl BeatKind {
    /// Names the mark in the style sheet.
    pub fn name(self) -> &'static str {
        match self {
            BeatKind::Asked => "asked",
            BeatKind::Decided => "decided",
            BeatKind::Created => "created",
            BeatKind::Changed => "changed",
            BeatKind::Deleted => "deleted",
            BeatKind::Timer => "timer",
        }
    }
}

/// Where in the editor's files something was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    pub file: usize,
    pub name: Rc<str>,
    /// From 1.
    pub line: usize,
    /// Bytes.
    pub start: usize,
    pub end: usize,
}

/// Stands for the subject of a sentence, which is a link: an object replacement character.
pub const SUBJECT: &str = "\u{fffc}";

/// One sentence of the story: "`who` `did` `subject`: `detail`".
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    pub at: Time,
    pub kind: BeatKind,
    pub who: Text,
    /// A verb in the past: "created"; [`SUBJECT`] stands where the subject belongs.
    pub did: Text,
    pub subject: Option<Link>,
    /// What else there is to say; may be empty.
    pub detail: Text,
    /// The revision that was written; zero when nothing was.
    pub revision: u64,
    /// About the object itself, and not about what led to it.
    pub own: bool,
    pub origin: Option<Origin>,
    pub decision: Option<Rc<Decision>>,
}

/// The story of an object, oldest first. Empty when nothing is known any more.
pub fn story(cluster: &Cluster, files: &Files, selection: &Selection) -> Vec<Beat> {
    let key = &selection.key;
    let steps = cluster.why(selection.kind, &key.namespace, &key.name);
    let mut beats: Vec<Beat> = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let next = steps.get(i + 1);
        let mut beat = tell(cluster, step);
        if step.verb == "request" {
            // The request names a collection; what it led to names the object.
            beat.subject = next.and_then(|n| subject_of(cluster, &n.subject));
            beat.origin = beat.subject.as_ref().and_then(|s| origin(files, s));
        }
        beats.push(beat);
    }
    if selection.kind == Pod::KIND
        && let Some(decision) = decision(cluster, &selection.uid)
    {
        explain(&mut beats, decision);
    }
    merge(beats)
}

/// Puts the scheduler's decision beside the step that it is about; at its time when there is none.
fn explain(beats: &mut Vec<Beat>, decision: Decision) {
    let step = beats
        .iter_mut()
        .rev()
        .find(|b| b.own && b.kind == BeatKind::Decided && b.who == SCHEDULER.into());
    let decision = Rc::new(decision);
    if let Some(beat) = step {
        beat.decision = Some(decision);
        return;
    }
    let place = beats
        .iter()
        .position(|b| b.at > decision.at)
        .unwrap_or(beats.len());
    let did = match decision.chosen {
        Some(_) => say!("why.chose"),
        None => say!("why.found-none"),
    };
    beats.insert(
        place,
        Beat {
            at: decision.at,
            kind: BeatKind::Decided,
            who: SCHEDULER.into(),
            did,
            subject: None,
            detail: (&decision.message).into(),
            revision: 0,
            own: true,
            origin: None,
            decision: Some(decision),
        },
    );
}

const SCHEDULER: &str = "kube-scheduler";

fn origin(files: &Files, subject: &Link) -> Option<Origin> {
    let (file, name, span) = place_of(files, subject.kind, &subject.key)?;
    Some(Origin {
        file,
        name,
        line: span.line,
        start: span.start,
        end: span.end,
    })
}

fn tell(cluster: &Cluster, step: &Step) -> Beat {
    let (kind, did): (BeatKind, Text) = match step.verb {
        "request" => (BeatKind::Asked, say!("why.requested", subject = SUBJECT)),
        "create" => (BeatKind::Created, say!("why.created", subject = SUBJECT)),
        "delete" => (BeatKind::Deleted, say!("why.deleted", subject = SUBJECT)),
        "bind" => (BeatKind::Changed, say!("why.bound", subject = SUBJECT)),
        "schedule" => (BeatKind::Decided, say!("why.scheduled", subject = SUBJECT)),
        "sync" => (BeatKind::Decided, say!("why.synced", subject = SUBJECT)),
        "timer" => (BeatKind::Timer, say!("why.timer", subject = SUBJECT)),
        "retry" => (BeatKind::Timer, say!("why.retried", subject = SUBJECT)),
        "update status" => (BeatKind::Changed, say!("why.reported", subject = SUBJECT)),
        "update" | "patch" | "apply" => (BeatKind::Changed, say!("why.changed", subject = SUBJECT)),
        other => (
            BeatKind::Changed,
            say!("why.other", verb = other, subject = SUBJECT),
        ),
    };
    let subject = subject_of(cluster, &step.subject);
    let mut detail = match step.note.is_empty() {
        true => changes(&step.changes),
        false => (&step.note).into(),
    };
    if step.verb == "request" {
        detail = (&step.subject).into();
    } else if subject.is_none() {
        detail = match detail.is_empty() {
            true => (&step.subject).into(),
            false => say!("why.about", subject = &step.subject, detail = detail),
        };
    }
    Beat {
        at: step.at,
        kind,
        who: actor(&step.actor),
        did,
        subject,
        detail,
        revision: step.revision,
        own: step.own,
        origin: None,
        decision: None,
    }
}

/// Who acted, as people call it.
fn actor(name: &Rc<str>) -> Text {
    if let Some(node) = name
        .strip_prefix("node:")
        .or_else(|| name.strip_prefix("system:node:"))
    {
        return say!("why.who.kubelet", node = node);
    }
    match &**name {
        "kubectl" | "kubectl-client-side-apply" => say!("why.who.you"),
        "" => say!("why.who.someone"),
        _ => name.into(),
    }
}

/// The object that a step is about: a key of the store, or "Deployment default/web".
fn subject_of(cluster: &Cluster, subject: &str) -> Option<Link> {
    if let Some((kind, namespace, name)) = cluster.object_of_key(subject) {
        return Some(Link::to(cluster, kind, &namespace, &name));
    }
    let (kind, key) = subject.split_once(' ')?;
    let kind = cluster.server().kinds().find(|k| k.info().kind == kind)?;
    let key = match key.split_once('/') {
        Some((namespace, name)) => Key::new(namespace, name),
        None => Key::new("", key),
    };
    Some(Link::to(cluster, kind, &key.namespace, &key.name))
}

/// Takes out what says nothing: writes without a visible difference that others follow.
fn merge(beats: Vec<Beat>) -> Vec<Beat> {
    let last = beats.len().saturating_sub(1);
    let mut out: Vec<Beat> = Vec::new();
    for (i, beat) in beats.into_iter().enumerate() {
        let says_nothing = beat.own
            && beat.kind == BeatKind::Changed
            && beat.detail.is_empty()
            && beat.decision.is_none();
        if says_nothing && i != last {
            continue;
        }
        // The controller writes what it has just decided: one name is enough.
        out.push(beat);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::yaml;
    use crate::apiserver::{Method, Request};
    use crate::app::persist::example_files;
    use crate::cluster::Config;
    use crate::sim::secs;

    #[test]
    fn a_pod_leads_back_to_the_line_that_asked_for_it() {
        let mut cluster = Cluster::new(Config::playground(1, 3));
        cluster.run_for(secs(40));
        let files = example_files();
        let text = &files.list[0].text;
        let value = yaml::parse(text).documents[0].value.clone();
        let path = "/apis/apps/v1/namespaces/default/deployments";
        let request = Request::new(Method::Post, path).with_body(value);
        assert!(cluster.request(&request).is_success());
        cluster.run_for(secs(5));
        let pods = cluster.server().list_objects(Pod::KIND, Some("default"));
        let selection = Link::of(&pods[0]).selection();
        let beats = story(&cluster, &files, &selection);
        let told: Vec<String> = beats
            .iter()
            .map(|b| {
                let subject = b.subject.as_ref().map_or("", |s| s.kind.info().kind);
                format!(
                    "{} {}",
                    b.who.english(),
                    b.did.english().replace(SUBJECT, subject)
                )
            })
            .collect();
        let expected = [
            "You, with kubectl, asked the API server for Deployment",
            "You, with kubectl, created Deployment",
            "deployment-controller looked at Deployment",
            "kube-controller-manager created ReplicaSet",
            "replicaset-controller looked at ReplicaSet",
            "kube-controller-manager created Pod",
            "kube-scheduler looked for a node for Pod",
        ];
        assert_eq!(
            told.get(..expected.len()),
            Some(&expected.map(str::to_owned)[..])
        );
        let origin = beats[0].origin.clone().unwrap();
        assert_eq!(
            (&*origin.name, text.get(origin.start..origin.end)),
            ("web.yaml", Some("web"))
        );
        let decision = beats.iter().find_map(|b| b.decision.clone()).unwrap();
        assert!(decision.chosen.is_some());
        assert_eq!(decision.candidates.iter().filter(|c| c.chosen).count(), 1);
        assert!(decision.candidates[0].chosen);
        let refused: Vec<&str> = decision
            .refused
            .iter()
            .flat_map(|r| &r.nodes)
            .map(|n| &**n)
            .collect();
        assert_eq!(refused, ["control-plane"]);
        // A stranger's pod has no story, and asking for it is no error.
        let nobody = Selection {
            key: Key::new("default", "nobody"),
            uid: "".into(),
            ..selection
        };
        assert_eq!(story(&cluster, &files, &nobody), []);
    }
}
