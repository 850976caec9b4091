//! What the level `restricted` asks for beyond `baseline`: to give up what a program does not need.

use serde_json::Value;

use super::baseline::{SECCOMP, adding, baseline_seccomp, is_safe_seccomp, seccomp_type};
use super::{
    Subject, Violation, containers, list, named, names_of, plural, quoted, setters, text, violation,
};

pub(super) fn privilege_escalation(subject: &Subject<'_>) -> Option<Violation> {
    let bad = names_of(subject.spec, |c| {
        c["securityContext"]["allowPrivilegeEscalation"] != Value::Bool(false)
    });
    if bad.is_empty() || subject.is_for_windows() {
        return None;
    }
    violation(
        "allowPrivilegeEscalation != false",
        format!(
            "{} must set securityContext.allowPrivilegeEscalation=false",
            named(&bad)
        ),
    )
}

pub(super) fn restricted_capabilities(subject: &Subject<'_>) -> Option<Violation> {
    if subject.is_for_windows() {
        return None;
    }
    let keeps =
        |c: &Value| !list(&c["securityContext"]["capabilities"], "drop").any(|d| d == "ALL");
    let keeping = names_of(subject.spec, keeps);
    let keeping = (!keeping.is_empty()).then(|| {
        let who = named(&keeping);
        format!("{who} must set securityContext.capabilities.drop=[\"ALL\"]")
    });
    let words = [keeping, adding(subject.spec, &["NET_BIND_SERVICE"])];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() {
        return None;
    }
    violation("unrestricted capabilities", words.join("; "))
}

pub(super) fn volumes(subject: &Subject<'_>) -> Option<Violation> {
    const ALLOWED: [&str; 9] = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    let (mut names, mut types) = (Vec::new(), Vec::new());
    for volume in list(subject.spec, "volumes") {
        let fields = volume.as_object().into_iter().flatten();
        let mut sources = fields.map(|(k, _)| k.as_str()).filter(|k| *k != "name");
        if let Some(source) = sources.find(|k| !ALLOWED.contains(k)) {
            names.push(format!("\"{}\"", text(volume, "name")));
            types.push(source.to_owned());
        }
    }
    if names.is_empty() {
        return None;
    }
    types.sort();
    types.dedup();
    let (many, several) = (names.len(), types.len());
    violation(
        "restricted volume types",
        format!(
            "{} {} {} restricted volume {} {}",
            plural(many, "volume", "volumes"),
            names.join(", "),
            plural(many, "uses", "use"),
            plural(several, "type", "types"),
            quoted(types)
        ),
    )
}

pub(super) fn restricted_proc_mount(subject: &Subject<'_>) -> Option<Violation> {
    let set = |c: &Value| text(&c["securityContext"], "procMount").to_owned();
    let masked = |t: &str| matches!(t, "" | "Default");
    let bad = names_of(subject.spec, |c| !masked(&set(c)));
    if bad.is_empty() {
        return None;
    }
    let types = containers(subject.spec).into_iter().map(set);
    let types = types.filter(|t| !masked(t)).collect();
    violation(
        "procMount",
        format!(
            "{} must not set securityContext.procMount to {}",
            named(&bad),
            quoted(types)
        ),
    )
}

/// Containers take what they do not say from the pod.
pub(super) fn run_as_non_root(subject: &Subject<'_>) -> Option<Violation> {
    const REASON: &str = "runAsNonRoot != true";
    if subject.is_in_user_namespace() {
        return None;
    }
    let own = |h: &Value| h["securityContext"]["runAsNonRoot"].clone();
    let explicit = setters(subject.spec, |h| own(h) == false);
    if !explicit.is_empty() {
        let detail = format!("{explicit} must not set securityContext.runAsNonRoot=false");
        return violation(REASON, detail);
    }
    let implicit = names_of(subject.spec, |c| own(c).is_null());
    if own(subject.spec) == true || implicit.is_empty() {
        return None;
    }
    let who = named(&implicit);
    let detail = format!("pod or {who} must set securityContext.runAsNonRoot=true");
    violation(REASON, detail)
}

pub(super) fn run_as_user(subject: &Subject<'_>) -> Option<Violation> {
    let who = setters(subject.spec, |h| h["securityContext"]["runAsUser"] == 0);
    if who.is_empty() || subject.is_in_user_namespace() {
        return None;
    }
    violation("runAsUser=0", format!("{who} must not set runAsUser=0"))
}

pub(super) fn restricted_seccomp(subject: &Subject<'_>) -> Option<Violation> {
    if subject.is_for_windows() {
        return None;
    }
    if let Some(bad) = baseline_seccomp(subject) {
        return Some(bad);
    }
    let silent = names_of(subject.spec, |c| seccomp_type(c).is_empty());
    if is_safe_seccomp(seccomp_type(subject.spec)) || silent.is_empty() {
        return None;
    }
    violation(
        SECCOMP,
        format!(
            "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
            named(&silent)
        ),
    )
}
