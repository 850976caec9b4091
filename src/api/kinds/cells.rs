//! Cells that several kinds' tables have in common.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodTemplateSpec;

pub(super) const NONE: &str = "<none>";

/// The names and the images of a template's containers.
pub(super) fn containers(template: Option<&PodTemplateSpec>) -> (String, String) {
    let all = template
        .and_then(|t| t.spec.as_ref())
        .map(|s| s.containers.as_slice())
        .unwrap_or_default();
    let join = |texts: Vec<&str>| texts.join(",");
    (
        join(all.iter().map(|c| c.name.as_str()).collect()),
        join(
            all.iter()
                .map(|c| c.image.as_deref().unwrap_or_default())
                .collect(),
        ),
    )
}

/// Labels as `a=b,c=d`; `<none>` when there are none.
pub(super) fn labels(labels: Option<&BTreeMap<String, String>>) -> String {
    let pairs: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    or_none(pairs.join(","))
}

pub(super) fn or_none(text: String) -> String {
    if text.is_empty() {
        NONE.to_owned()
    } else {
        text
    }
}

/// The text, or another where there is none.
pub(super) fn or(text: &Option<String>, other: &str) -> String {
    text.clone().unwrap_or_else(|| other.to_owned())
}

/// The text, cut off with three dots when it is wider than `width`.
pub(super) fn cut(text: String, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some(_) => {
            let kept: String = text.chars().take(width - 3).collect();
            format!("{kept}...")
        }
        None => text,
    }
}

/// The first few of a list, and how many there are beside them.
pub(super) struct Shortened {
    list: Vec<String>,
    count: usize,
}

impl Shortened {
    const MAX: usize = 3;

    pub fn new(items: impl Iterator<Item = String>) -> Self {
        let mut list = Vec::new();
        let mut count = 0;
        for item in items {
            count += 1;
            if list.len() < Self::MAX {
                list.push(item);
            }
        }
        Shortened { list, count }
    }

    /// `a,b,c + 2 more...`
    pub fn text(&self) -> String {
        let text = self.list.join(",");
        if self.count > Self::MAX {
            format!("{text} + {} more...", self.count - Self::MAX)
        } else {
            text
        }
    }
}
