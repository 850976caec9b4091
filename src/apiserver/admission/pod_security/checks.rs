//! The checks of the two levels (`k8s.io/pod-security-admission/policy`), in its words and its order.

mod baseline;
mod restricted;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::Value;

use super::{Level, Policy};

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    value[field].as_array().into_iter().flatten()
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

/// `"a", "b"`, each once and in order.
fn quoted(mut names: Vec<String>) -> String {
    names.sort();
    names.dedup();
    let names: Vec<String> = names.iter().map(|n| format!("\"{n}\"")).collect();
    names.join(", ")
}

fn plural<'w>(count: usize, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

/// `container "a"` or `containers "a", "b"`.
fn named(names: &[String]) -> String {
    let list: Vec<String> = names.iter().map(|n| format!("\"{n}\"")).collect();
    format!(
        "{} {}",
        plural(names.len(), "container", "containers"),
        list.join(", ")
    )
}

/// All containers of a pod: init containers, containers, ephemeral ones.
fn containers(spec: &Value) -> Vec<&Value> {
    list(spec, "initContainers")
        .chain(list(spec, "containers"))
        .chain(list(spec, "ephemeralContainers"))
        .collect()
}

fn names_of(spec: &Value, bad: impl Fn(&Value) -> bool) -> Vec<String> {
    let all = containers(spec).into_iter().filter(|c| bad(c));
    all.map(|c| text(c, "name").to_owned()).collect()
}

/// What is wrong with a pod: in a few words, and which of its fields are.
pub(super) struct Violation {
    pub reason: String,
    pub detail: String,
}

fn violation(reason: &str, detail: String) -> Option<Violation> {
    Some(Violation {
        reason: reason.to_owned(),
        detail,
    })
}

/// A pod, and the minor version of Kubernetes whose policy it is held to.
struct Subject<'v> {
    pod: &'v Value,
    spec: &'v Value,
    minor: u32,
}

impl Subject<'_> {
    /// Since policies of 1.25 what only Linux has is not asked of pods that say they are for Windows.
    fn is_for_windows(&self) -> bool {
        self.minor >= 25 && self.spec["os"]["name"] == "windows"
    }

    /// Since policies of 1.35 root in a user namespace of its own counts as nobody.
    fn is_in_user_namespace(&self) -> bool {
        self.minor >= 35 && self.spec["hostUsers"] == false
    }
}

/// A check, and the minor versions whose policies of each level have it.
struct Check {
    baseline: Range<u32>,
    restricted: Range<u32>,
    run: fn(&Subject<'_>) -> Option<Violation>,
}

const NEVER: Range<u32> = 0..0;
const ALWAYS: Range<u32> = since(0);

const fn since(minor: u32) -> Range<u32> {
    minor..u32::MAX
}

const fn check(
    baseline: Range<u32>,
    restricted: Range<u32>,
    run: fn(&Subject<'_>) -> Option<Violation>,
) -> Check {
    Check {
        baseline,
        restricted,
        run,
    }
}

/// Those of the lower level first, then those of the higher one; in each by their names. What the higher level
/// checks in another way takes the place of what the lower one does.
const CHECKS: [Check; 20] = [
    check(ALWAYS, ALWAYS, baseline::app_armor),
    check(ALWAYS, 0..22, baseline::baseline_capabilities),
    check(ALWAYS, ALWAYS, baseline::host_namespaces),
    check(ALWAYS, NEVER, baseline::host_paths),
    check(ALWAYS, ALWAYS, baseline::host_ports),
    check(since(34), since(34), baseline::hosts_of_probes),
    check(ALWAYS, ALWAYS, baseline::privileged),
    check(ALWAYS, 0..35, baseline::proc_mount),
    check(ALWAYS, ALWAYS, baseline::selinux),
    check(0..19, 0..19, baseline::seccomp_annotations),
    check(since(19), NEVER, baseline::baseline_seccomp),
    check(ALWAYS, ALWAYS, baseline::sysctls),
    check(ALWAYS, ALWAYS, baseline::host_process),
    check(NEVER, since(8), restricted::privilege_escalation),
    check(NEVER, since(22), restricted::restricted_capabilities),
    check(NEVER, since(35), restricted::restricted_proc_mount),
    check(NEVER, ALWAYS, restricted::volumes),
    check(NEVER, ALWAYS, restricted::run_as_non_root),
    check(NEVER, since(23), restricted::run_as_user),
    check(NEVER, since(19), restricted::restricted_seccomp),
];

/// What the pod asks for beyond the policy, in the words and the order of the checks.
pub(super) fn violations(pod: &Value, policy: &Policy) -> Vec<Violation> {
    let subject = Subject {
        pod,
        spec: &pod["spec"],
        minor: policy.minor(),
    };
    let of_level = |check: &&Check| {
        let versions = match policy.level {
            Level::Privileged => &NEVER,
            Level::Baseline => &check.baseline,
            Level::Restricted => &check.restricted,
        };
        versions.contains(&subject.minor)
    };
    let checks = CHECKS.iter().filter(of_level);
    checks.filter_map(|check| (check.run)(&subject)).collect()
}

/// Who does something forbidden: the pod itself, its containers, or both. Empty where nobody does.
fn setters(spec: &Value, bad: impl Fn(&Value) -> bool) -> String {
    let mut who = Vec::new();
    if bad(spec) {
        who.push("pod".to_owned());
    }
    let inner = names_of(spec, bad);
    if !inner.is_empty() {
        who.push(named(&inner));
    }
    who.join(" and ")
}

/// What the pod and its containers say in a field of their security context, where they say anything.
fn said<'v>(spec: &'v Value, field: &str, part: &str) -> Vec<&'v str> {
    let holders = std::iter::once(spec).chain(containers(spec));
    let values = holders.map(|h| text(&h["securityContext"][field], part));
    values.filter(|v| !v.is_empty()).collect()
}
