//! Which resources a command's words name: `pods`, `deploy/web`, `svc,ep`, `all`.
//! Models `k8s.io/cli-runtime/pkg/resource/builder.go` and the REST mapper's rules for names.

use super::error::{Failure, Result, plain};
use super::kube::Kube;
use crate::api::kinds::KindInfo;
use crate::api::rfc3339::go_quote;

/// What a word names: a whole kind, or one object.
#[derive(Clone)]
pub struct Target {
    pub kind: &'static KindInfo,
    /// Empty for kinds without namespaces, and for all namespaces.
    pub namespace: String,
    /// Empty for the whole kind.
    pub name: String,
}

/// The kind of a word among some: its plural, singular, short name or kind, with or without
/// version and group.
pub fn named(
    kinds: impl Iterator<Item = &'static KindInfo> + Clone,
    word: &str,
) -> Option<&'static KindInfo> {
    // Short names are looked up as they are written.
    let short = |info: &KindInfo, word: &str| info.short_names.contains(&word);
    let named = |info: &KindInfo, word: &str| {
        info.plural.eq_ignore_ascii_case(word)
            || info.singular.eq_ignore_ascii_case(word)
            || short(info, word)
            || info.kind.eq_ignore_ascii_case(word)
    };
    let all = || kinds.clone();
    if let Some((resource, rest)) = word.split_once('.') {
        // A version alone is read as a group.
        let Some((version, group)) = rest.split_once('.') else {
            let groups = |i: &KindInfo| [i.group, i.group.split('.').next().unwrap_or_default()];
            return all()
                .find(|i| named(i, resource) && !rest.is_empty() && groups(i).contains(&rest));
        };
        // A short name stands for the kind, whatever version is written behind it.
        let exact = all().find(|i| {
            named(i, resource) && !short(i, resource) && i.version == version && i.group == group
        });
        return exact.or_else(|| {
            all().find(|i| {
                let groups = [i.group, i.group.split('.').next().unwrap_or_default()];
                let versioned = short(i, resource) && i.group == group;
                named(i, resource) && (groups.contains(&rest) || versioned)
            })
        });
    }
    all().find(|i| named(i, word))
}

impl Kube {
    /// The kind of a word among those that are known to be served.
    pub fn kind_of(&self, word: &str) -> Option<&'static KindInfo> {
        named(self.kinds().into_iter(), word)
    }

    /// The kinds of a word: those of a category such as `all`, or one.
    pub fn kinds_of(&self, word: &str) -> Result<Vec<&'static KindInfo>> {
        let mut kinds: Vec<&'static KindInfo> = Vec::new();
        for part in word.split(',') {
            if part.is_empty() {
                return plain("the server doesn't have a resource type \"\"");
            }
            let mut members: Vec<&'static KindInfo> = self
                .kinds()
                .into_iter()
                .filter(|i| i.categories.contains(&part))
                .collect();
            // The order of discovery.
            members.sort_by_key(|i| (i.group, i.plural));
            // Of several versions, the preferred one comes first.
            members.dedup_by_key(|i| (i.group, i.plural));
            let before = kinds.len();
            kinds.extend(members);
            if kinds.len() == before {
                match self.kind_of(part) {
                    Some(kind) => kinds.push(kind),
                    None => {
                        return plain(format!(
                            "the server doesn't have a resource type \"{}\"",
                            part.split('.').next().unwrap_or(part)
                        ));
                    }
                }
            }
        }
        // A kind that is named twice, or that a category brings too, is looked at once.
        let mut unique: Vec<&'static KindInfo> = Vec::new();
        for kind in kinds {
            if !unique
                .iter()
                .any(|k| (k.group, k.version, k.plural) == (kind.group, kind.version, kind.plural))
            {
                unique.push(kind);
            }
        }
        Ok(unique)
    }
}

/// The targets of a command, and whether its words named a single object.
pub struct Targets {
    pub targets: Vec<Target>,
    pub single: bool,
}

impl Kube {
    fn scope(&self, kind: &KindInfo) -> String {
        match kind.namespaced && !self.flags.is("all-namespaces") {
            true => self.namespace(),
            false => String::new(),
        }
    }

    /// Reads `TYPE[,TYPE] [NAME ...]` or `TYPE/NAME ...`.
    pub async fn targets(&self, words: &[String]) -> Result<Targets> {
        self.discover_words(words).await;
        let mut targets = Vec::new();
        // What expose selects are the pods of the new Service.
        let selects = !self.path.ends_with("expose") && !self.flags.text("selector").is_empty();
        let selects = selects || !self.flags.text("field-selector").is_empty();
        let slashed = words.iter().filter(|w| w.contains('/')).count();
        if slashed > 0 {
            if slashed != words.len() {
                return plain(
                    "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
                );
            }
            if selects {
                return plain(
                    "selectors and the all flag cannot be used when passing resource/name arguments",
                );
            }
            for word in words {
                let mut parts = word.split('/');
                let (Some(kind), Some(name), None) = (parts.next(), parts.next(), parts.next())
                else {
                    return plain(
                        "arguments in resource/name form may not have more than one slash",
                    );
                };
                if kind.is_empty() || name.is_empty() || self.kinds_of(kind)?.len() != 1 {
                    return plain(
                        "arguments in resource/name form must have a single resource and name",
                    );
                }
                for kind in self.kinds_of(kind)? {
                    targets.push(self.target(kind, name)?);
                }
            }
            let single = targets.len() == 1;
            return Ok(Targets { targets, single });
        }
        let Some((kinds, names)) = words.split_first() else {
            return plain(NOTHING_NAMED);
        };
        if kinds.trim_matches(',').is_empty() {
            return plain("the server doesn't have a resource type \"\"");
        }
        if kinds.ends_with(',') && !names.is_empty() {
            return plain("arguments in resource/name form must have a single resource and name");
        }
        let one_word = !kinds.contains(',');
        let kinds = self.kinds_of(kinds)?;
        if one_word && kinds.len() > 1 && !names.is_empty() {
            return plain("you must specify only one resource");
        }
        let selects = selects || self.flags.is("all") && self.path == "kubectl delete";
        if !names.is_empty() && selects {
            return plain("name cannot be provided when a selector is specified");
        }
        for kind in &kinds {
            if names.is_empty() {
                targets.push(Target {
                    kind,
                    namespace: self.scope(kind),
                    name: String::new(),
                });
            }
            for name in names {
                targets.push(self.target(kind, name)?);
            }
        }
        let single = names.len() == 1 && kinds.len() == 1;
        Ok(Targets { targets, single })
    }

    fn target(&self, kind: &'static KindInfo, name: &str) -> Result<Target> {
        if self.flags.is("all-namespaces") && kind.namespaced {
            return plain("a resource cannot be retrieved by name across all namespaces");
        }
        Ok(Target {
            kind,
            namespace: self.scope(kind),
            name: name.to_owned(),
        })
    }

    /// As [`Kube::targets`], for commands that act on objects: a name, a selector or `--all` is
    /// needed.
    pub async fn chosen(&self, words: &[String]) -> Result<Vec<Target>> {
        let targets = self.targets(words).await?.targets;
        let selects = !self.flags.text("selector").is_empty()
            || !self.flags.text("field-selector").is_empty()
            || self.flags.is("all")
            || self.path.starts_with("kubectl rollout ");
        if !selects && targets.iter().any(|t| t.name.is_empty()) {
            return plain("resource(s) were provided, but no name was specified");
        }
        Ok(targets)
    }

    /// The objects of targets, whole kinds listed.
    pub async fn objects(
        &self,
        targets: &[Target],
    ) -> (Vec<(Target, serde_json::Value)>, Vec<Failure>) {
        let mut objects = Vec::new();
        let mut failures = Vec::new();
        for target in targets {
            if !target.name.is_empty() {
                match self.get(target.kind, &target.namespace, &target.name).await {
                    Ok(object) => objects.push((target.clone(), object)),
                    Err(failure) => failures.push(failure),
                }
                continue;
            }
            let query = [
                ("labelSelector", self.flags.text("selector").to_owned()),
                (
                    "fieldSelector",
                    self.flags.text("field-selector").to_owned(),
                ),
            ];
            match self.list(target.kind, &target.namespace, &query).await {
                Ok(items) => objects.extend(items.into_iter().map(|item| {
                    let target = Target {
                        kind: target.kind,
                        namespace: super::json::namespace(&item).to_owned(),
                        name: super::json::name(&item).to_owned(),
                    };
                    (target, item)
                })),
                Err(failure) => failures.push(self.of_list(target, failure)),
            }
        }
        (objects, failures)
    }

    /// Says of a refused list what was to be listed.
    pub fn of_list(&self, target: &Target, failure: Failure) -> Failure {
        if !target.name.is_empty() || !matches!(failure.reason(), "BadRequest" | "NotFound") {
            return failure;
        }
        let kind = target.kind;
        let resource = format!("{}/{}, Resource={}", kind.group, kind.version, kind.plural);
        let (labels, fields) = (
            self.flags.text("selector"),
            self.flags.text("field-selector"),
        );
        if labels.is_empty() && fields.is_empty() {
            return failure.when(format!("Unable to list \"{resource}\":"));
        }
        failure.when(format!(
            "Unable to find \"{resource}\" that match label selector {}, field selector {}:",
            go_quote(labels),
            go_quote(fields)
        ))
    }
}

/// What the builder of kubectl says when nothing is named.
pub const NOTHING_NAMED: &str = "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";

/// `deployment.apps`: how messages name a kind.
pub fn qualified_kind(kind: &KindInfo) -> String {
    let name = kind.kind.to_ascii_lowercase();
    match kind.group {
        "" => name,
        group => format!("{name}.{group}"),
    }
}

/// `deployment.apps/web`: how messages name an object.
pub fn label(kind: &KindInfo, name: &str) -> String {
    let name = if name.is_empty() { "<unknown>" } else { name };
    format!("{}/{name}", qualified_kind(kind))
}
