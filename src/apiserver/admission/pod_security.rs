//! PodSecurity: what pods of a namespace may ask of their node, by the labels of the namespace.
//!
//! Models `k8s.io/pod-security-admission`. Policies of older versions are read as the present ones.

mod checks;

use k8s_openapi::api::core::v1::{Namespace, Pod};

use crate::api::field::{Errors, Path};
use crate::api::{Key, Object, Result, Status, codec};
use crate::apiserver::ApiServer;

use checks::violations;

const LABEL: &str = "pod-security.kubernetes.io/";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Privileged,
    Baseline,
    Restricted,
}

/// A level with its version, as the labels of a namespace name it: `restricted:latest`.
struct Policy {
    level: Level,
    name: String,
}

fn policy(namespace: &Namespace, mode: &str) -> Option<Policy> {
    let labels = namespace.metadata.labels.as_ref()?;
    let given = labels.get(&format!("{LABEL}{mode}"))?.as_str();
    let level = match given {
        "privileged" => Level::Privileged,
        "baseline" => Level::Baseline,
        // A level that nobody knows counts as the strictest one.
        _ => Level::Restricted,
    };
    let word = match level {
        Level::Privileged => "privileged",
        Level::Baseline => "baseline",
        Level::Restricted => "restricted",
    };
    let version = labels.get(&format!("{LABEL}{mode}-version"));
    let version = version.map_or("latest", String::as_str);
    Some(Policy {
        level,
        name: format!("{word}:{version}"),
    })
}

impl ApiServer {
    /// Refuses a new pod that its namespace does not allow.
    pub(super) fn admit_security(&self, object: &Object) -> Result<()> {
        let Some(pod) = object.get::<Pod>() else {
            return Ok(());
        };
        let Some(enforced) = self
            .get::<Namespace>(&Key::new("", object.namespace()))
            .and_then(|n| policy(&n, "enforce"))
        else {
            return Ok(());
        };
        let found = violations(&codec::encode(&**pod), enforced.level);
        if found.is_empty() {
            return Ok(());
        }
        let detail = format!(
            "violates PodSecurity \"{}\": {}",
            enforced.name,
            found.join(", ")
        );
        Err(Status::forbidden(object.info(), object.name(), &detail))
    }

    /// The labels of a namespace have to name levels that there are.
    pub(super) fn admit_levels(&self, object: &Object) -> Result<()> {
        if object.get::<Namespace>().is_none() {
            return Ok(());
        }
        let mut errors = Errors::default();
        let metadata = Path::new("metadata");
        let path = metadata.child("labels");
        let labels = object.meta().labels.as_ref();
        for mode in ["enforce", "audit", "warn"] {
            let key = format!("{LABEL}{mode}");
            let version = format!("{key}-version");
            let given = |key: &String| labels.and_then(|l| l.get(key));
            if let Some(level) = given(&key)
                && !matches!(level.as_str(), "privileged" | "baseline" | "restricted")
            {
                let detail = "must be one of privileged, baseline, restricted";
                errors.invalid(&path.key(&key), level, detail);
            }
            if let Some(text) = given(&version) {
                let minor = text.strip_prefix("v1.").and_then(|m| m.parse::<u32>().ok());
                if text != "latest" && minor.is_none() {
                    let detail = "must be \"latest\" or \"v1.x\"";
                    errors.invalid(&path.key(&version), text, detail);
                }
            }
        }
        match errors.is_empty() {
            true => Ok(()),
            false => Err(Status::invalid(object.info(), object.name(), &errors)),
        }
    }

    /// What the client is told of a pod, or of a template of pods, that the namespace warns of.
    pub(in crate::apiserver) fn security_warning(&self, object: &Object) -> Option<String> {
        let namespace = self.get::<Namespace>(&Key::new("", object.namespace()))?;
        let warned = policy(&namespace, "warn")?;
        if warned.level == Level::Privileged {
            return None;
        }
        let value = object.to_value();
        let pod = match object.info().kind {
            "Pod" => &value,
            "CronJob" => &value["spec"]["jobTemplate"]["spec"]["template"],
            _ => &value["spec"]["template"],
        };
        if !pod["spec"]["containers"].is_array() {
            return None;
        }
        let found = violations(pod, warned.level);
        if found.is_empty() {
            return None;
        }
        Some(format!(
            "would violate PodSecurity \"{}\": {}",
            warned.name,
            found.join(", ")
        ))
    }
}
