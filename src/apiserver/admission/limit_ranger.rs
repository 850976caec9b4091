//! LimitRanger: fills in what containers did not ask for, and refuses what is too little or too much.
//!
//! Models `k8s.io/kubernetes/plugin/pkg/admission/limitranger/admission.go`. Only new objects are
//! looked at.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, LimitRange, LimitRangeItem, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use crate::api::pod_resources::{self, Amounts};
use crate::api::quantity::{Quantity, QuantityExt};
use crate::api::{Object, Result, Status, quota};
use crate::apiserver::ApiServer;

const ANNOTATION: &str = "kubernetes.io/limit-ranger";
/// The largest number that still fits when it is counted in thousandths.
const MILLI_MAX: i64 = i64::MAX / 1000;

type List = BTreeMap<String, ApiQuantity>;

impl ApiServer {
    /// Gives the containers of a new pod the defaults of the namespace.
    pub(super) fn default_limits(&self, object: &mut Object) {
        let ranges = self.list::<LimitRange>(Some(object.namespace()));
        for range in &ranges {
            if let Some(pod) = object.edit::<Pod>() {
                fill(range, pod);
            }
        }
    }

    /// Refuses what is outside the limits of the namespace.
    pub(in crate::apiserver) fn admit_limits(&self, object: &Object) -> Result<()> {
        let is_pod = object.get::<Pod>().is_some();
        if !is_pod && object.info().kind != "PersistentVolumeClaim" {
            return Ok(());
        }
        for range in self.list::<LimitRange>(Some(object.namespace())) {
            let items = range.spec.iter().flat_map(|s| &s.limits);
            let mut found = Vec::new();
            for item in items {
                match object.get::<Pod>() {
                    Some(pod) => of_pod(item, pod, &mut found),
                    None if item.type_ == "PersistentVolumeClaim" => {
                        of_claim(item, object, &mut found);
                    }
                    None => {}
                }
            }
            if !found.is_empty() {
                let detail = aggregate(&found);
                return Err(Status::forbidden(object.info(), object.name(), &detail));
            }
        }
        Ok(())
    }
}

/// Several errors as one: each once, in brackets.
fn aggregate(found: &[String]) -> String {
    let mut distinct: Vec<&str> = Vec::new();
    for text in found {
        if !distinct.contains(&text.as_str()) {
            distinct.push(text);
        }
    }
    match distinct.as_slice() {
        [one] => (*one).to_owned(),
        many => format!("[{}]", many.join(", ")),
    }
}

fn fill(range: &LimitRange, pod: &mut Pod) {
    let (mut limits, mut requests) = (List::new(), List::new());
    for item in range.spec.iter().flat_map(|s| &s.limits) {
        if item.type_ == "Container" {
            limits.extend(item.default.clone().unwrap_or_default());
            requests.extend(item.default_request.clone().unwrap_or_default());
        }
    }
    let Some(spec) = &mut pod.spec else { return };
    let mut notes = Vec::new();
    for container in &mut spec.containers {
        fill_container(container, "container", &limits, &requests, &mut notes);
    }
    for container in spec.init_containers.iter_mut().flatten() {
        fill_container(container, "init container", &limits, &requests, &mut notes);
    }
    if !notes.is_empty() {
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        let annotations = pod.metadata.annotations.get_or_insert_default();
        annotations.insert(ANNOTATION.to_owned(), note);
    }
}

fn fill_container(
    container: &mut Container,
    word: &str,
    limits: &List,
    requests: &List,
    notes: &mut Vec<String>,
) {
    let given = container.resources.get_or_insert_default();
    let set_limits = missing(&mut given.limits, limits);
    let set_requests = missing(&mut given.requests, requests);
    for (names, what) in [(set_requests, "request"), (set_limits, "limit")] {
        if !names.is_empty() {
            let names = names.join(", ");
            notes.push(format!("{names} {what} for {word} {}", container.name));
        }
    }
}

/// Adds the defaults that are missing; returns their names.
fn missing(list: &mut Option<List>, defaults: &List) -> Vec<String> {
    let mut set = Vec::new();
    for (name, amount) in defaults {
        if !list.as_ref().is_some_and(|l| l.contains_key(name)) {
            let list = list.get_or_insert_default();
            list.insert(name.clone(), amount.clone());
            set.push(name.clone());
        }
    }
    set
}

fn of_pod(item: &LimitRangeItem, pod: &Pod, found: &mut Vec<String>) {
    let Some(spec) = &pod.spec else { return };
    match item.type_.as_str() {
        "Container" => {
            let init = spec.init_containers.iter().flatten();
            for container in spec.containers.iter().chain(init) {
                let given = container.resources.as_ref();
                let requests = quota::amounts(given.and_then(|r| r.requests.as_ref()));
                let limits = quota::amounts(given.and_then(|r| r.limits.as_ref()));
                within(item, &requests, &limits, found);
            }
        }
        "Pod" => {
            let requests = pod_resources::requests(spec);
            within(item, &requests, &pod_resources::limits(spec), found);
        }
        _ => {}
    }
}

fn within(item: &LimitRangeItem, requests: &Amounts, limits: &Amounts, found: &mut Vec<String>) {
    let type_ = &item.type_;
    for (name, least) in item.min.iter().flatten() {
        at_least(type_, name, &least.amount(), requests, limits, found);
    }
    for (name, most) in item.max.iter().flatten() {
        let most = most.amount();
        let lead = format!("maximum {name} usage per {type_} is {most}");
        match limits.get(name) {
            None => found.push(format!("{lead}.  No limit is specified")),
            Some(limit) if *limit > most => found.push(format!("{lead}, but limit is {limit}")),
            Some(_) => {
                if let Some(request) = requests.get(name).filter(|r| **r > most) {
                    found.push(format!("{lead}, but request is {request}"));
                }
            }
        }
    }
    for (name, ratio) in item.max_limit_request_ratio.iter().flatten() {
        let ratio = ratio.amount();
        let (request, limit) = (requests.get(name), limits.get(name));
        ratio_within(type_, name, &ratio, request, limit, found);
    }
}

fn at_least(
    type_: &str,
    name: &str,
    least: &Quantity,
    requests: &Amounts,
    limits: &Amounts,
    found: &mut Vec<String>,
) {
    let lead = format!("minimum {name} usage per {type_} is {least}");
    match requests.get(name) {
        None => found.push(format!("{lead}.  No request is specified")),
        Some(request) if request < least => found.push(format!("{lead}, but request is {request}")),
        Some(_) => {
            if let Some(limit) = limits.get(name).filter(|l| *l < least) {
                found.push(format!("{lead}, but limit is {limit}"));
            }
        }
    }
}

fn ratio_within(
    type_: &str,
    name: &str,
    most: &Quantity,
    request: Option<&Quantity>,
    limit: Option<&Quantity>,
    found: &mut Vec<String>,
) {
    let lead = format!("{name} max limit to request ratio per {type_} is {most}");
    let Some(request) = request.filter(|r| !r.is_zero()) else {
        found.push(format!(
            "{lead}, but no request is specified or request is 0"
        ));
        return;
    };
    let Some(limit) = limit.filter(|l| !l.is_zero()) else {
        found.push(format!("{lead}, but no limit is specified or limit is 0"));
        return;
    };
    let milli = [request, limit, most]
        .iter()
        .all(|q| q.value() <= MILLI_MAX);
    let count = |q: &Quantity| if milli { q.milli_value() } else { q.value() };
    // The rule is decided in integers; only the words have a fraction.
    let (request, limit) = (i128::from(count(request)), i128::from(count(limit)));
    if limit * 1000 > i128::from(most.milli_value()) * request {
        let ratio = limit as f64 / request as f64;
        found.push(format!("{lead}, but provided ratio is {ratio:.6}"));
    }
}

fn of_claim(item: &LimitRangeItem, claim: &Object, found: &mut Vec<String>) {
    let value = claim.to_value();
    let mut requests = Amounts::new();
    for (name, amount) in value["spec"]["resources"]["requests"]
        .as_object()
        .into_iter()
        .flatten()
    {
        if let Ok(amount) = Quantity::from_json(amount) {
            requests.insert(name.clone(), amount);
        }
    }
    for (name, least) in item.min.iter().flatten() {
        at_least(
            &item.type_,
            name,
            &least.amount(),
            &requests,
            &Amounts::new(),
            found,
        );
    }
    for (name, most) in item.max.iter().flatten() {
        let most = most.amount();
        let lead = format!("maximum {name} usage per {} is {most}", item.type_);
        match requests.get(name) {
            None => found.push(format!("{lead}.  No request is specified")),
            Some(request) if *request > most => {
                found.push(format!("{lead}, but request is {request}"));
            }
            Some(_) => {}
        }
    }
}
