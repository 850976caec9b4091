//! Something that goes wrong in the simulated world.

use crate::api::play::{
    CONTROLLERS, FAULT_TYPES, Fault as Kind, FaultPods, FaultSpec, PROCESSES, REGISTRY_FAILURES,
    parse_duration,
};

use super::KindInfo;
use crate::api::field::{Errors, Path};
use crate::api::names::{inclusive_range_error, is_dns1123_label, is_dns1123_subdomain};
use crate::api::selector::Selector;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "play.kubarium.dev",
    version: "v1alpha1",
    kind: "Fault",
    plural: "faults",
    singular: "fault",
    short_names: &[],
    namespaced: false,
    categories: &[],
    subresources: &["status"],
    prefix: "play.kubarium.dev/faults",
    strategy: &Typed(Rules),
};

struct Rules;

/// The fields beside the schedule that a type of fault may have, and of those the ones it needs:
/// one of each group that is joined by `|`.
const FIELDS: [(&str, &[&str], &[&str]); 9] = [
    ("NodeCrash", &["nodes"], &["nodes"]),
    ("NetworkCut", &["nodes", "pods", "to"], &["nodes|pods"]),
    (
        "SlowNetwork",
        &["nodes", "pods", "to", "latencyMillis", "lossPerMille"],
        &["nodes|pods", "latencyMillis|lossPerMille"],
    ),
    (
        "RegistryOutage",
        &["nodes", "images", "failure"],
        &["images"],
    ),
    (
        "ContainerCrash",
        &["pods", "container", "exitCode", "every"],
        &["pods"],
    ),
    ("ContainerOOM", &["pods", "container", "every"], &["pods"]),
    (
        "SlowAPI",
        &["components", "nodes", "latencyMillis"],
        &["components", "latencyMillis"],
    ),
    ("Pause", &["components", "nodes"], &["components"]),
    (
        "StuckWatch",
        &["components", "nodes", "resources", "latencyMillis"],
        &["components"],
    ),
];

/// The most that may be asked for.
const MOST_LATENCY: i64 = 600_000;
const MOST_LOSS: i64 = 1000;
/// The least time between two crashes of `every`, in nanoseconds.
const LEAST_EVERY: u64 = 1_000_000_000;

fn given(spec: &FaultSpec) -> [(&'static str, bool); 12] {
    [
        ("nodes", !spec.nodes.is_empty()),
        ("pods", spec.pods.is_some()),
        ("to", spec.to.is_some()),
        ("latencyMillis", spec.latency_millis > 0),
        ("lossPerMille", spec.loss_per_mille > 0),
        ("images", !spec.images.is_empty()),
        ("failure", !spec.failure.is_empty()),
        ("container", !spec.container.is_empty()),
        ("exitCode", spec.exit_code.is_some()),
        ("every", !spec.every.is_empty()),
        ("components", !spec.components.is_empty()),
        ("resources", !spec.resources.is_empty()),
    ]
}

fn pods(pods: Option<&FaultPods>, path: &Path<'_>, errors: &mut Errors) {
    let Some(pods) = pods else { return };
    if !pods.namespace.is_empty() {
        let messages = is_dns1123_label(&pods.namespace);
        errors.invalid_each(&path.child("namespace"), &pods.namespace, messages);
    }
    if let Some(selector) = &pods.selector
        && let Err(error) = Selector::from_api(Some(selector))
    {
        errors.invalid(&path.child("selector"), "", error.to_string());
    }
}

fn nodes(list: &[String], path: &Path<'_>, errors: &mut Errors) {
    for (i, name) in list.iter().enumerate() {
        errors.invalid_each(&path.index(i), name, is_dns1123_subdomain(name));
    }
}

impl KindStrategy for Rules {
    type Kind = Kind;

    fn prepare_for_create(&self, fault: &mut Kind) {
        fault.metadata.generation = Some(1);
        fault.status = Default::default();
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, fault: &Kind) -> Errors {
        let mut errors = Errors::default();
        let root = Path::new("spec");
        let spec = &fault.spec;
        let known = FIELDS.iter().find(|(name, ..)| *name == spec.type_);
        let Some((type_, allowed, needed)) = known else {
            let path = root.child("type");
            match spec.type_.as_str() {
                "" => errors.required(&path, ""),
                other => errors.not_supported(&path, other, &FAULT_TYPES),
            }
            return errors;
        };
        let given = given(spec);
        for (field, is_given) in given {
            if is_given && !allowed.contains(&field) {
                let detail = format!("may not be specified when `type` is {type_}");
                errors.forbidden(&root.child(field), detail);
            }
        }
        for group in *needed {
            let mut fields = group.split('|');
            let is_given = |field: &str| given.iter().any(|(name, is)| *is && *name == field);
            if !fields.clone().any(is_given) {
                let first = fields.next().unwrap_or_default();
                let detail = match fields.next() {
                    Some(other) => format!("`{first}` or `{other}` is needed"),
                    None => String::new(),
                };
                errors.required(&root.child(first), detail);
            }
        }
        for (field, text, least) in [
            ("startAfter", &spec.start_after, 0),
            ("duration", &spec.duration, 1),
            ("every", &spec.every, LEAST_EVERY),
        ] {
            if text.is_empty() {
                continue;
            }
            match parse_duration(text) {
                None => {
                    let detail =
                        "must be a span of time such as 30s, 5m or 1m30s, of a year at most";
                    errors.invalid(&root.child(field), text.as_str(), detail);
                }
                Some(nanos) if nanos < least && least > 1 => {
                    errors.invalid(&root.child(field), text.as_str(), "must be at least 1s");
                }
                Some(0) if least == 1 => {
                    errors.invalid(&root.child(field), text.as_str(), "must be greater than 0");
                }
                Some(_) => {}
            }
        }
        nodes(&spec.nodes, &root.child("nodes"), &mut errors);
        pods(spec.pods.as_ref(), &root.child("pods"), &mut errors);
        if let Some(to) = &spec.to {
            let path = root.child("to");
            nodes(&to.nodes, &path.child("nodes"), &mut errors);
            pods(to.pods.as_ref(), &path.child("pods"), &mut errors);
            if to.nodes.is_empty() && to.pods.is_none() {
                errors.required(&path.child("nodes"), "`nodes` or `pods` is needed");
            }
        }
        for (field, number, most) in [
            (
                "latencyMillis",
                i64::try_from(spec.latency_millis).unwrap_or(i64::MAX),
                MOST_LATENCY,
            ),
            ("lossPerMille", i64::from(spec.loss_per_mille), MOST_LOSS),
        ] {
            if number > most {
                let why = inclusive_range_error(0, most);
                errors.invalid(&root.child(field), number, why);
            }
        }
        if !spec.failure.is_empty() && !REGISTRY_FAILURES.contains(&spec.failure.as_str()) {
            let path = root.child("failure");
            errors.not_supported(&path, spec.failure.as_str(), &REGISTRY_FAILURES);
        }
        if let Some(code) = spec.exit_code
            && !(0..=255).contains(&code)
        {
            let why = inclusive_range_error(0, 255);
            errors.invalid(&root.child("exitCode"), i64::from(code), why);
        }
        components(spec, &root, &mut errors);
        errors
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Type"),
            column("Target"),
            column("Phase"),
            column("Age"),
            wide("Affects"),
        ];
        COLUMNS
    }

    fn row(&self, fault: &Kind, now: Time) -> Vec<String> {
        let or_none = |text: String| match text.is_empty() {
            true => "<none>".to_owned(),
            false => text,
        };
        vec![
            fault.metadata.name.clone().unwrap_or_default(),
            fault.spec.type_.clone(),
            or_none(target(&fault.spec)),
            or_none(fault.status.phase.clone()),
            age(&fault.metadata, now),
            or_none(fault.status.affects.join(",")),
        ]
    }
}

fn components(spec: &FaultSpec, root: &Path<'_>, errors: &mut Errors) {
    let path = root.child("components");
    // A watch belongs to a process: its controllers share it. kube-proxy asks for nothing.
    let controllers = spec.type_ != "StuckWatch";
    let processes = PROCESSES.iter().copied();
    let processes = processes.filter(|p| *p != "kube-proxy" || spec.type_ != "SlowAPI");
    let mut all: Vec<&str> = processes.collect();
    if controllers {
        all.extend(CONTROLLERS);
    }
    for (i, name) in spec.components.iter().enumerate() {
        if !all.contains(&name.as_str()) {
            errors.not_supported(&path.index(i), name.as_str(), &all);
        }
    }
    let of_nodes = spec.components.iter().any(|c| c == "kubelet");
    if !spec.components.is_empty() && !spec.nodes.is_empty() && !of_nodes {
        let detail = "may be specified for the component kubelet only";
        errors.forbidden(&root.child("nodes"), detail);
    }
}

/// On what the fault acts, in a word or two.
fn target(spec: &FaultSpec) -> String {
    let of_pods = |pods: &FaultPods| {
        let namespace = match pods.namespace.as_str() {
            "" => "default",
            name => name,
        };
        let selector = Selector::from_api(pods.selector.as_ref());
        let selector = selector.map(|s| s.to_string()).unwrap_or_default();
        match pods.selector.is_some() && !selector.is_empty() {
            true => format!("{namespace}/{selector}"),
            false => format!("{namespace}/*"),
        }
    };
    let mut parts: Vec<String> = spec.components.clone();
    parts.extend(spec.nodes.iter().cloned());
    parts.extend(spec.images.iter().cloned());
    parts.extend(spec.pods.as_ref().map(of_pods));
    let mut text = parts.join(",");
    if let Some(to) = &spec.to {
        let mut ends: Vec<String> = to.nodes.clone();
        ends.extend(to.pods.as_ref().map(of_pods));
        text.push_str(&format!("->{}", ends.join(",")));
    }
    text
}
