//! Pod templates, and what pods and templates share: selectors, tolerations, spreading.

use serde_json::Value;

use super::container::containers;
use super::page::{Page, selector};
use super::volume::volumes;
use crate::kubectl::json::{int, list, text};

/// Writes a pod template.
pub fn pod_template(template: &Value, page: &mut Page) {
    let spec = &template["spec"];
    page.line(0, "Pod Template:");
    page.map("  Labels", &template["metadata"]["labels"]);
    let annotations = &template["metadata"]["annotations"];
    if annotations.as_object().is_some_and(|m| !m.is_empty()) {
        page.annotations("  Annotations", annotations);
    }
    page.pair_if("  Service Account", text(spec, "serviceAccountName"));
    let init = list(spec, "initContainers");
    if !init.is_empty() {
        containers("Init Containers", init, &[], None, "  ", page);
    }
    containers(
        "Containers",
        list(spec, "containers"),
        &[],
        None,
        "  ",
        page,
    );
    volumes(list(spec, "volumes"), "  ", page);
    spreading(spec, "  ", page);
    page.pair_if("  Priority Class Name", text(spec, "priorityClassName"));
    page.map("  Node-Selectors", &spec["nodeSelector"]);
    tolerations("  Tolerations", list(spec, "tolerations"), page);
}

pub fn tolerations(title: &str, tolerations: &[Value], page: &mut Page) {
    page.start(0, &format!("{title}:\t"));
    if tolerations.is_empty() {
        page.line(0, "<none>");
        return;
    }
    let mut sorted: Vec<&Value> = tolerations.iter().collect();
    sorted.sort_by(|a, b| text(a, "key").cmp(text(b, "key")));
    for (i, toleration) in sorted.into_iter().enumerate() {
        let (key, value, effect) = (
            text(toleration, "key"),
            text(toleration, "value"),
            text(toleration, "effect"),
        );
        let mut line = key.to_owned();
        if !value.is_empty() {
            line.push_str(&format!("={value}"));
        }
        if !effect.is_empty() {
            line.push_str(&format!(":{effect}"));
        }
        if text(toleration, "operator") == "Exists" && value.is_empty() {
            line.push_str(match key.is_empty() && effect.is_empty() {
                true => "op=Exists",
                false => " op=Exists",
            });
        }
        if let Some(seconds) = int(toleration, "tolerationSeconds") {
            line.push_str(&format!(" for {seconds}s"));
        }
        let lead = if i == 0 { "" } else { "\t" };
        page.line(0, &format!("{lead}{line}"));
    }
}

pub fn spreading(spec: &Value, space: &str, page: &mut Page) {
    let constraints = list(spec, "topologySpreadConstraints");
    if constraints.is_empty() {
        return;
    }
    let mut sorted: Vec<&Value> = constraints.iter().collect();
    sorted.sort_by(|a, b| text(a, "topologyKey").cmp(text(b, "topologyKey")));
    page.start(0, &format!("{space}Topology Spread Constraints:\t"));
    for (i, constraint) in sorted.into_iter().enumerate() {
        let lead = if i == 0 { "" } else { "\t" };
        let mut line = format!(
            "{lead}{}:{} when max skew {} is exceeded",
            text(constraint, "topologyKey"),
            text(constraint, "whenUnsatisfiable"),
            int(constraint, "maxSkew").unwrap_or(0)
        );
        if constraint["labelSelector"].is_object() {
            line.push_str(&format!(
                " for selector {}",
                selector(&constraint["labelSelector"])
            ));
        }
        page.line(0, &line);
    }
}
