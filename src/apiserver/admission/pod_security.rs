//! PodSecurity: what pods of a namespace may ask of their node, by the labels of the namespace.
//!
//! Models `k8s.io/pod-security-admission`: a namespace names a level, and a version of Kubernetes whose idea of the
//! level is meant. What it enforces refuses pods; what it warns of is told, of templates of pods too. There is no log
//! of audits for the third.

mod checks;

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::api::core::v1::{Container, Namespace, Pod};
use serde_json::Value;

use crate::api::field::{Errors, Path};
use crate::api::{Key, Object, Result, Status, codec, controller_of};
use crate::apiserver::ApiServer;
use crate::sim::ordered::{Map, Set};

use checks::{Violation, violations};

const LABEL: &str = "pod-security.kubernetes.io/";
/// The minor version of Kubernetes that this is.
const NEWEST: u32 = 36;
/// So many pods are looked at when a namespace gets another level (`defaultNamespaceMaxPodsToCheck`).
const MOST_CHECKED: usize = 3000;

type Labels = BTreeMap<String, String>;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Privileged,
    Baseline,
    Restricted,
}

/// A level, and the minor version whose idea of it is meant; the latest where there is none.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Policy {
    level: Level,
    version: Option<u32>,
}

impl Policy {
    fn minor(&self) -> u32 {
        self.version.map_or(NEWEST, |minor| minor.min(NEWEST))
    }
}

/// As the labels of a namespace name it: `restricted:latest`.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        })?;
        match self.version {
            Some(minor) => write!(f, ":v1.{minor}"),
            None => f.write_str(":latest"),
        }
    }
}

fn level(text: &str) -> Option<Level> {
    match text {
        "privileged" => Some(Level::Privileged),
        "baseline" => Some(Level::Baseline),
        "restricted" => Some(Level::Restricted),
        _ => None,
    }
}

/// `latest` or `v1.x`.
fn version(text: &str) -> Option<Option<u32>> {
    if text == "latest" {
        return Some(None);
    }
    let minor = text.strip_prefix("v1.")?;
    let digits = minor.bytes().all(|b| b.is_ascii_digit());
    let plain = digits && (minor == "0" || !minor.starts_with('0'));
    plain.then(|| minor.parse().ok().map(Some)).flatten()
}

/// The policy for a mode. A level that nobody knows is the strictest where it is enforced, and none elsewhere; a
/// version that nobody knows is the latest.
fn policy(labels: Option<&Labels>, mode: &str) -> Policy {
    let given = |suffix| labels.and_then(|l| l.get(&format!("{LABEL}{mode}{suffix}")));
    let unknown = match mode {
        "enforce" => Level::Restricted,
        _ => Level::Privileged,
    };
    Policy {
        level: given("").map_or(Level::Privileged, |l| level(l).unwrap_or(unknown)),
        version: given("-version").and_then(|v| version(v).flatten()),
    }
}

/// What is wrong with the labels of a namespace.
fn label_errors(labels: Option<&Labels>) -> Errors {
    let mut errors = Errors::default();
    let metadata = Path::new("metadata");
    let path = metadata.child("labels");
    for mode in ["enforce", "audit", "warn"] {
        let key = format!("{LABEL}{mode}");
        let given = |key: &String| labels.and_then(|l| l.get(key));
        if let Some(text) = given(&key).filter(|l| level(l).is_none()) {
            let detail = "must be one of privileged, baseline, restricted";
            errors.invalid(&path.key(&key), text, detail);
        }
        let key = format!("{key}-version");
        if let Some(text) = given(&key).filter(|v| version(v).is_none()) {
            let detail = "must be \"latest\" or \"v1.x\"";
            errors.invalid(&path.key(&key), text, detail);
        }
    }
    errors
}

/// `reason (detail), reason (detail)`; nothing where nothing is wrong.
fn in_detail(found: &[Violation]) -> Option<String> {
    let words = found.iter().map(|v| format!("{} ({})", v.reason, v.detail));
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join(", "))
}

impl ApiServer {
    fn policy_of(&self, namespace: &str, mode: &str) -> Policy {
        let namespace = self.get::<Namespace>(&Key::new("", namespace));
        policy(
            namespace.as_ref().and_then(|n| n.metadata.labels.as_ref()),
            mode,
        )
    }

    /// Refuses a pod that its namespace does not allow: a new one, or one that gets other programs.
    pub(in crate::apiserver) fn admit_security(
        &self,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<()> {
        let Some(pod) = object.get::<Pod>() else {
            return Ok(());
        };
        if old
            .and_then(Object::get)
            .is_some_and(|old| !is_significant(pod, old))
        {
            return Ok(());
        }
        let enforced = self.policy_of(object.namespace(), "enforce");
        if enforced.level == Level::Privileged {
            return Ok(());
        }
        match in_detail(&violations(&codec::encode(&**pod), &enforced)) {
            None => Ok(()),
            Some(found) => {
                let detail = format!("violates PodSecurity \"{enforced}\": {found}");
                Err(Status::forbidden(object.info(), object.name(), &detail))
            }
        }
    }

    /// The labels of a namespace have to name levels that there are, unless they did not before.
    pub(super) fn admit_levels(&self, object: &Object, old: Option<&Object>) -> Result<()> {
        if object.get::<Namespace>().is_none() {
            return Ok(());
        }
        let errors = label_errors(object.meta().labels.as_ref());
        let before = old.map(|old| label_errors(old.meta().labels.as_ref()));
        if errors.is_empty() || before.as_ref() == Some(&errors) {
            return Ok(());
        }
        Err(Status::invalid(object.info(), object.name(), &errors))
    }

    /// What the client is told of a write that the namespace warns of: of a pod, of a template of pods, or that a
    /// namespace now enforces what pods in it do not keep.
    pub(in crate::apiserver) fn security_warnings(
        &self,
        object: &Object,
        old: Option<&Object>,
    ) -> Vec<String> {
        if let Some(namespace) = object.get::<Namespace>() {
            let old = old.and_then(Object::get::<Namespace>);
            return old.map_or_else(Vec::new, |old| self.existing_pods(namespace, old));
        }
        if let (Some(pod), Some(old)) = (object.get::<Pod>(), old.and_then(Object::get))
            && !is_significant(pod, old)
        {
            return Vec::new();
        }
        let warned = self.policy_of(object.namespace(), "warn");
        if warned.level == Level::Privileged {
            return Vec::new();
        }
        let value = object.to_value();
        let pod = match object.info().kind {
            "Pod" => &value,
            "PodTemplate" => &value["template"],
            "CronJob" => &value["spec"]["jobTemplate"]["spec"]["template"],
            "ReplicationController"
            | "ReplicaSet"
            | "Deployment"
            | "StatefulSet"
            | "DaemonSet"
            | "Job" => &value["spec"]["template"],
            _ => &Value::Null,
        };
        if pod.is_null() {
            return Vec::new();
        }
        let found = in_detail(&violations(pod, &warned));
        let warning = found.map(|found| format!("would violate PodSecurity \"{warned}\": {found}"));
        warning.into_iter().collect()
    }

    /// Pods that are there stay, whatever their namespace comes to enforce; the client is told of them
    /// (EvaluatePodsInNamespace).
    fn existing_pods(&self, namespace: &Namespace, old: &Namespace) -> Vec<String> {
        let enforced = policy(namespace.metadata.labels.as_ref(), "enforce");
        let before = policy(old.metadata.labels.as_ref(), "enforce");
        let relaxed = enforced.version == before.version && enforced.level <= before.level;
        if enforced.level == Level::Privileged || relaxed {
            return Vec::new();
        }
        let name = namespace.metadata.name.as_deref().unwrap_or_default();
        let pods = one_of_each_owner_first(self.list::<Pod>(Some(name)));
        let mut warnings = Vec::new();
        if pods.len() > MOST_CHECKED {
            warnings.push(format!(
                "new PodSecurity enforce level only checked against the first {MOST_CHECKED} of {} existing pods",
                pods.len()
            ));
        }
        let mut found: Map<String, (String, usize)> = Map::default();
        for pod in pods.iter().take(MOST_CHECKED) {
            let reasons = violations(&codec::encode(&**pod), &enforced);
            if reasons.is_empty() {
                continue;
            }
            let reasons: Vec<String> = reasons.into_iter().map(|v| v.reason).collect();
            let pod = pod.metadata.name.clone().unwrap_or_default();
            match found.get_mut(&reasons.join(", ")) {
                None => {
                    found.insert(reasons.join(", "), (pod, 1));
                }
                Some((first, count)) => {
                    if pod < *first {
                        *first = pod;
                    }
                    *count += 1;
                }
            }
        }
        if !found.is_empty() {
            warnings.push(format!(
                "existing pods in namespace \"{name}\" violate the new PodSecurity enforce level \"{enforced}\""
            ));
        }
        let mut of_pods: Vec<String> = found
            .iter()
            .map(|(reasons, (first, count))| match count {
                1 => format!("{first}: {reasons}"),
                2 => format!("{first} (and 1 other pod): {reasons}"),
                _ => format!("{first} (and {} other pods): {reasons}", count - 1),
            })
            .collect();
        of_pods.sort();
        warnings.append(&mut of_pods);
        warnings
    }
}

/// Where not all can be looked at, the first pod of each owner comes before the others (prioritizePods).
fn one_of_each_owner_first<P: AsRef<Pod>>(pods: Vec<P>) -> Vec<P> {
    let mut seen = Set::default();
    let (mut first, mut others) = (Vec::new(), Vec::new());
    for pod in pods {
        let owner = controller_of(&pod.as_ref().metadata).map(|owner| owner.uid.clone());
        match owner.is_some_and(|owner| !seen.insert(owner)) {
            true => others.push(pod),
            false => first.push(pod),
        }
    }
    first.append(&mut others);
    first
}

/// Whether an update of a pod changes what is looked at (isSignificantPodUpdate): a program, for little else can
/// be changed.
fn is_significant(new: &Pod, old: &Pod) -> bool {
    let (Some(new), Some(old)) = (&new.spec, &old.spec) else {
        return true;
    };
    let differ = |new: &[Container], old: &[Container]| {
        new.len() != old.len() || new.iter().zip(old).any(|(new, old)| new.image != old.image)
    };
    let init_before = old.init_containers.as_deref().unwrap_or_default();
    let init_after = new.init_containers.as_deref().unwrap_or_default();
    if differ(&new.containers, &old.containers) || differ(init_after, init_before) {
        return true;
    }
    let before = old.ephemeral_containers.as_deref().unwrap_or_default();
    let after = new.ephemeral_containers.as_deref().unwrap_or_default();
    after.iter().any(|new| {
        let old = before.iter().find(|old| old.name == new.name);
        old.is_none_or(|old| old.image != new.image)
    })
}
