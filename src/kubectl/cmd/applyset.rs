//! `kubectl apply --applyset`: an object says which others are applied together, and `--prune` removes those that
//! are no longer among them. Alpha: `KUBECTL_APPLYSET=true` lets it in.
//! Models `k8s.io/kubectl/pkg/cmd/apply/applyset.go` and `applyset_pruner.go` (KEP-3659).

use serde_json::{Value, json};

use super::prune::{is_among, places_of, remove};
use crate::api::base64;
use crate::api::kinds::KindInfo;
use crate::apiserver::request::APPLY_PATCH;
use crate::apiserver::{Method, Request};
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::{annotation, place};
use crate::kubectl::kube::{DryRun, Kube, path};
use crate::kubectl::manifests::Manifest;

const TOOLING: &str = "applyset.kubernetes.io/tooling";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
const GROUP_KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const GROUP_RESOURCES: &str = "applyset.kubernetes.io/contains-group-resources";
const ID: &str = "applyset.kubernetes.io/id";
const PART_OF: &str = "applyset.kubernetes.io/part-of";
const PARENT_TYPE: &str = "applyset.kubernetes.io/is-parent-type";
const MANAGER: &str = "kubectl-applyset";

/// The objects that are applied together.
pub struct ApplySet {
    /// The object that tells of them.
    info: &'static KindInfo,
    name: String,
    namespace: String,
    id: String,
    /// What it has told of so far.
    group_kinds: Vec<String>,
    namespaces: Vec<String>,
}

/// The set that `--applyset` names; refuses flags that do not go with it.
pub async fn of(kube: &Kube) -> Result<Option<ApplySet>> {
    let flags = &kube.flags;
    if !flags.given("applyset") {
        return Ok(None);
    }
    let allowed = kube.io.variable(&kube.shell, "KUBECTL_APPLYSET");
    if allowed.as_deref() != Some("true") {
        let message = "error: unknown flag: --applyset\nSee 'kubectl apply --help' for usage.";
        return Err(Failure::Said(message.to_owned()));
    }
    let given = flags.text("applyset");
    if given.is_empty() {
        return Ok(None);
    }
    let set = parse(kube, given).await.map_err(|f| {
        Failure::Plain(format!(
            "invalid parent reference \"{given}\": {}",
            f.message()
        ))
    })?;
    if !flags.is("prune") {
        return plain("--applyset requires --prune");
    }
    if !permitted(kube, set.info).await {
        return plain(format!(
            "resource \"{}\" is not permitted as an ApplySet parent",
            resource(set.info)
        ));
    }
    for (flag, given) in [
        ("all", flags.is("all")),
        ("selector", !flags.text("selector").is_empty()),
        ("prune-allowlist", !flags.list("prune-allowlist").is_empty()),
    ] {
        if given {
            return plain(format!("--{flag} is incompatible with --applyset"));
        }
    }
    Ok(Some(set))
}

/// `apps/v1, Resource=deployments`
fn resource(info: &KindInfo) -> String {
    let version = match info.group {
        "" => format!("/{}", info.version),
        group => format!("{group}/{}", info.version),
    };
    format!("{version}, Resource={}", info.plural)
}

async fn parse(kube: &Kube, given: &str) -> Result<ApplySet> {
    let (type_, name) = given.split_once('/').unwrap_or(("secrets", given));
    if name.is_empty() {
        return plain("name cannot be blank");
    }
    kube.discover_words(&[type_.to_owned()]).await;
    let Some(info) = kube.kind_of(type_) else {
        return plain(format!("no matches for /, Resource={type_}"));
    };
    let namespace = match info.namespaced {
        true => kube.namespace(),
        false => String::new(),
    };
    let words = format!("{name}.{namespace}.{}.{}", info.kind, info.group);
    let digest = crate::tools::sha256::bytes(words.as_bytes());
    Ok(ApplySet {
        info,
        name: name.to_owned(),
        namespace,
        id: format!("applyset-{}-v1", base64::encode_url(&digest)),
        group_kinds: Vec::new(),
        namespaces: Vec::new(),
    })
}

/// Secrets, config maps, and kinds whose definitions say that they may be one.
async fn permitted(kube: &Kube, info: &KindInfo) -> bool {
    if info.group.is_empty() && matches!(info.plural, "secrets" | "configmaps") {
        return true;
    }
    let Some(definitions) = kube.kind_of("customresourcedefinitions") else {
        return false;
    };
    let name = format!("{}.{}", info.plural, info.group);
    match kube.get(definitions, "", &name).await {
        Ok(definition) => definition["metadata"]["labels"][PARENT_TYPE] == "true",
        Err(_) => false,
    }
}

fn sorted(list: impl Iterator<Item = String>) -> Vec<String> {
    let mut list: Vec<String> = list.filter(|word| !word.is_empty()).collect();
    list.sort();
    list.dedup();
    list
}

/// `Deployment.apps`
fn group_kind(info: &KindInfo) -> String {
    match info.group {
        "" => info.kind.to_owned(),
        group => format!("{}.{group}", info.kind),
    }
}

impl ApplySet {
    fn shown(&self) -> String {
        format!("{}.{}/{}", self.info.plural, self.info.group, self.name)
    }

    /// Marks what is to be applied, and lets the parent tell of it beforehand.
    pub async fn begin(&mut self, kube: &Kube, manifests: &mut [Manifest]) -> Result<()> {
        for manifest in manifests.iter_mut() {
            let labels = place(&mut manifest.object, &["metadata", "labels"]);
            if labels[PART_OF].is_string() {
                return plain(format!(
                    "ApplySet label \"{PART_OF}\" already set in input data"
                ));
            }
            labels[PART_OF] = Value::from(self.id.as_str());
        }
        self.fetch(kube).await?;
        let (kinds, namespaces) = self.of_manifests(manifests);
        let kinds = sorted(kinds.into_iter().chain(self.group_kinds.iter().cloned()));
        let all = namespaces
            .into_iter()
            .chain(self.namespaces.iter().cloned());
        self.update(kube, &kinds, &sorted(all)).await
    }

    /// What the parent tells of.
    async fn fetch(&mut self, kube: &Kube) -> Result<()> {
        let parent = match kube.get(self.info, &self.namespace, &self.name).await {
            Ok(parent) => parent,
            Err(failure) if failure.is_not_found() && self.info.group.is_empty() => return Ok(()),
            Err(failure) if failure.is_not_found() => {
                return plain("custom resource ApplySet parents cannot be created automatically");
            }
            Err(failure) => return Err(failure),
        };
        let shown = self.shown();
        let Some(tooling) = annotation(&parent, TOOLING) else {
            return plain(format!(
                "ApplySet parent object \"{shown}\" already exists and is missing required annotation \"{TOOLING}\""
            ));
        };
        let tool = tooling.split('/').next().unwrap_or_default();
        if tool != "kubectl" {
            return plain(format!(
                "ApplySet parent object \"{shown}\" already exists and is managed by tooling \"{tool}\" instead of \"kubectl\""
            ));
        }
        match parent["metadata"]["labels"][ID].as_str() {
            None => {
                return plain(format!(
                    "ApplySet parent object \"{shown}\" exists and does not have required label {ID}"
                ));
            }
            Some(id) if id != self.id => {
                return plain(format!(
                    "ApplySet parent object \"{shown}\" exists and has incorrect value for label \"{ID}\" (got: {id}, want: {})",
                    self.id
                ));
            }
            Some(_) => {}
        }
        let listed = |name: &str| -> Vec<String> {
            let list = annotation(&parent, name).unwrap_or_default();
            sorted(list.split(',').map(str::to_owned))
        };
        if annotation(&parent, GROUP_KINDS).is_none()
            && annotation(&parent, GROUP_RESOURCES).is_none()
        {
            return plain(format!(
                "parsing ApplySet annotation on \"{shown}\": kubectl requires the \"{GROUP_KINDS}\" annotation to be set on all ApplySet parent objects"
            ));
        }
        self.group_kinds = listed(GROUP_KINDS);
        self.namespaces = listed(NAMESPACES);
        Ok(())
    }

    /// Kinds, and the namespaces beside the parent's own.
    fn of_manifests(&self, manifests: &[Manifest]) -> (Vec<String>, Vec<String>) {
        let kinds = sorted(manifests.iter().map(|m| group_kind(m.kind)));
        let namespaces = manifests.iter().filter(|m| m.kind.namespaced);
        let namespaces = namespaces.map(|m| m.namespace.clone());
        (kinds, sorted(namespaces.filter(|n| *n != self.namespace)))
    }

    async fn update(&self, kube: &Kube, kinds: &[String], namespaces: &[String]) -> Result<()> {
        let dry_run = kube.dry_run()?;
        if dry_run == DryRun::Client {
            return Ok(());
        }
        let mut metadata = json!({
            "name": self.name,
            "annotations": {
                TOOLING: format!("kubectl/{}", super::info::VERSION),
                GROUP_KINDS: kinds.join(","),
                NAMESPACES: namespaces.join(","),
            },
            "labels": {ID: self.id},
        });
        if !self.namespace.is_empty() {
            metadata["namespace"] = Value::from(self.namespace.as_str());
        }
        let body = json!({
            "apiVersion": self.info.api_version(), "kind": self.info.kind, "metadata": metadata,
        });
        let at = path(self.info, &self.namespace, &self.name, "");
        let mut request = kube
            .request(Method::Patch, at)
            .with_query("fieldManager", MANAGER)
            .with_query("fieldValidation", "Strict")
            .with_body(body);
        if dry_run == DryRun::Server {
            request = request.with_query("dryRun", "All");
        }
        let request = Request {
            content_type: APPLY_PATCH,
            ..request
        };
        kube.json(request).await.map(|_| ())
    }

    /// Removes what belongs to the set and was not applied, and lets the parent tell of the rest.
    pub async fn end(&self, kube: &Kube, manifests: &[Manifest], applied: &[String]) -> Result<()> {
        let (kinds, namespaces) = self.of_manifests(manifests);
        let all = kinds.iter().chain(&self.group_kinds).cloned();
        let mut places = vec![self.namespace.clone()];
        places.extend(sorted(namespaces.iter().chain(&self.namespaces).cloned()));
        for group_kind in sorted(all) {
            let (kind, group) = group_kind.split_once('.').unwrap_or((&group_kind, ""));
            let known = kube.kinds();
            let found = known.iter().find(|i| i.kind == kind && i.group == group);
            let Some(info) = found.copied() else {
                return plain(format!(
                    "no matches for kind \"{kind}\" in group \"{group}\""
                ));
            };
            for place in places_of(info, &places) {
                let selector = format!("{PART_OF}={}", self.id);
                for object in kube
                    .list(info, place, &[("labelSelector", selector)])
                    .await?
                {
                    if !is_among(applied, &object) {
                        remove(kube, info, &object).await?;
                    }
                }
            }
        }
        self.update(kube, &kinds, &namespaces).await
    }
}
