//! What the server serves beside the built-in kinds: asked whenever a command names something
//! that is not built in. The real kubectl asks when its cache does not know a name, and may go by
//! an old cache when it does.
//! Models `k8s.io/client-go/discovery` and its REST mapper.

use serde_json::Value;

use super::error::Result;
use super::json::{flag, list, text};
use super::kube::Kube;
use crate::api::Kind;
use crate::api::kinds::{KindInfo, served_versions};
use crate::api::strategy::{NO_RULES, Strategy};
use crate::apiserver::Method;

/// The kinds that are not built in, and the groups that are and that this server does not serve.
type Found = (Vec<&'static KindInfo>, Vec<&'static str>);

async fn groups(kube: &Kube) -> Result<Found> {
    let groups = kube
        .json(kube.request(Method::Get, "/apis".to_owned()))
        .await?;
    let mut found = Vec::new();
    let mut absent: Vec<&str> = served_versions().map(|i| i.group).collect();
    absent.retain(|g| {
        !g.is_empty()
            && list(&groups, "groups")
                .iter()
                .all(|s| text(s, "name") != *g)
    });
    absent.dedup();
    for group in list(&groups, "groups") {
        let name = text(group, "name");
        if Kind::all().any(|k| k.info().group == name) {
            continue;
        }
        for version in list(group, "versions") {
            let path = format!("/apis/{}", text(version, "groupVersion"));
            let resources = kube.json(kube.request(Method::Get, path)).await?;
            for resource in list(&resources, "resources") {
                if !text(resource, "name").contains('/') {
                    found.push(known(kube, name, text(version, "version"), resource));
                }
            }
        }
    }
    Ok((found, absent))
}

/// The kind that a resource of the discovery document describes. Each is remembered for good, and
/// found again as long as it stays the same.
fn known(kube: &Kube, group: &str, version: &str, resource: &Value) -> &'static KindInfo {
    let short_names = texts(resource, "shortNames");
    let categories = texts(resource, "categories");
    let same = |info: &&'static KindInfo| {
        info.group == group
            && info.version == version
            && info.kind == text(resource, "kind")
            && info.plural == text(resource, "name")
            && info.singular == text(resource, "singularName")
            && info.namespaced == flag(resource, "namespaced")
            && info.short_names == short_names
            && info.categories == categories
    };
    if let Some(info) = kube
        .shell
        .state
        .borrow()
        .discovered
        .iter()
        .find(|i| same(i))
    {
        return info;
    }
    let leak_all = |texts: Vec<&str>| -> &'static [&'static str] {
        let texts: Vec<&'static str> = texts.into_iter().map(leak).collect();
        Box::leak(texts.into_boxed_slice())
    };
    let strategy: &'static dyn Strategy = &NO_RULES;
    Box::leak(Box::new(KindInfo {
        group: leak(group),
        version: leak(version),
        kind: leak(text(resource, "kind")),
        plural: leak(text(resource, "name")),
        singular: leak(text(resource, "singularName")),
        short_names: leak_all(short_names),
        namespaced: flag(resource, "namespaced"),
        categories: leak_all(categories),
        subresources: &[],
        prefix: "",
        strategy,
    }))
}

fn is_built_in(word: &str) -> bool {
    let mut kinds = served_versions();
    word.is_empty()
        || super::resources::named(kinds.clone(), word).is_some()
        || kinds.any(|i| i.categories.contains(&word))
}

fn texts<'v>(value: &'v Value, field: &str) -> Vec<&'v str> {
    list(value, field)
        .iter()
        .filter_map(Value::as_str)
        .collect()
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

impl Kube {
    /// Asks for the groups, and for the kinds of those that are not built in.
    pub async fn discover(&self) {
        // Without an answer, the built-in kinds are known.
        let Ok((found, absent)) = groups(self).await else {
            return;
        };
        let mut state = self.shell.state.borrow_mut();
        state.discovered = found;
        state.absent_groups = absent;
    }

    /// Asks the server when a word such as `ct,pods` or `ct/mine` names more than built-in kinds.
    pub async fn discover_words(&self, words: &[String]) {
        let kinds = |word: &String| -> Vec<String> {
            let kinds = word
                .split_once('/')
                .map_or(word.as_str(), |(kinds, _)| kinds);
            kinds.split(',').map(str::to_owned).collect()
        };
        let slashed = words.iter().any(|w| w.contains('/'));
        let count = if slashed { words.len() } else { 1 };
        let mut named = words.iter().take(count).flat_map(kinds);
        if named.any(|word| !is_built_in(&word)) {
            self.discover().await;
        }
    }

    /// Every kind that is known to be served, in each of its versions, the preferred one first.
    pub fn kinds(&self) -> Vec<&'static KindInfo> {
        let state = self.shell.state.borrow();
        let mut kinds: Vec<&'static KindInfo> = served_versions().collect();
        kinds.retain(|i| !state.absent_groups.contains(&i.group));
        kinds.extend(state.discovered.iter().copied());
        kinds
    }

    pub fn kind_by_gvk(&self, api_version: &str, kind: &str) -> Option<&'static KindInfo> {
        let kinds = self.kinds().into_iter();
        kinds
            .into_iter()
            .find(|i| i.kind == kind && i.api_version() == api_version)
    }
}
