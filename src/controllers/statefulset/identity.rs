//! What makes a pod the one of its ordinal: name, labels, hostname and volumes
//! (`stateful_set_utils.go`).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaimVolumeSource, Pod, PodTemplateSpec, Volume};

use super::sync::Sync;
use crate::api::{Resource, codec};
use crate::controllers::replicaset::pod_from_template;

/// The label that names the revision of a pod.
pub const REVISION_LABEL: &str = "controller-revision-hash";
const POD_NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// `web-3` is the pod 3 of `web`.
fn split(pod: &str) -> Option<(&str, i64)> {
    let (parent, ordinal) = pod.rsplit_once('-')?;
    let digits = !ordinal.is_empty() && ordinal.bytes().all(|b| b.is_ascii_digit());
    let ordinal = ordinal.parse::<i32>().ok().filter(|_| digits)?;
    Some((parent, i64::from(ordinal)))
}

pub fn ordinal_of(pod: &str) -> Option<i64> {
    split(pod).map(|(_, n)| n)
}

/// The set that a pod belongs to by its name; empty for other names.
pub fn parent_of(pod: &str) -> &str {
    split(pod).map_or("", |(parent, _)| parent)
}

/// The name of the claim that a template makes for an ordinal.
pub fn claim_name(template: &str, set: &str, ordinal: i64) -> String {
    format!("{template}-{set}-{ordinal}")
}

/// The template that a revision holds.
fn template_of(revision: &ControllerRevision) -> Option<PodTemplateSpec> {
    let mut value = revision.data.as_ref()?.0["spec"]["template"].clone();
    value.as_object_mut()?.remove("$patch");
    let (template, _) = codec::decode::<PodTemplateSpec>(&value, "v1").ok()?;
    Some(template)
}

fn set_labels(pod: &mut Pod, ordinal: i64) {
    let name = pod.name().to_owned();
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(POD_NAME_LABEL.to_owned(), name);
    labels.insert(POD_INDEX_LABEL.to_owned(), ordinal.to_string());
}

/// Gives the pod the claims of its ordinal; they take the place of volumes of the same names.
fn set_volumes(set: &StatefulSet, pod: &mut Pod, ordinal: i64) {
    let templates = set
        .spec
        .as_ref()
        .and_then(|s| s.volume_claim_templates.as_ref());
    let names: Vec<String> = templates
        .into_iter()
        .flatten()
        .map(|t| t.metadata.name.clone().unwrap_or_default())
        .collect();
    if names.is_empty() {
        return;
    }
    let spec = pod.spec.get_or_insert_default();
    let mut volumes: Vec<Volume> = names
        .iter()
        .map(|name| Volume {
            name: name.clone(),
            persistent_volume_claim: Some(
                PersistentVolumeClaimVolumeSource {
                    claim_name: claim_name(name, set.name(), ordinal),
                    read_only: None,
                }
                .into(),
            ),
            ..Volume::default()
        })
        .collect();
    let others = spec.volumes.take().unwrap_or_default();
    volumes.extend(others.into_iter().filter(|v| !names.contains(&v.name)));
    spec.volumes = Some(volumes);
}

/// Whether a pod has the labels of its name, and the volumes of its ordinal.
pub fn is_right(set: &StatefulSet, pod: &Pod) -> bool {
    let Some((parent, ordinal)) = split(pod.name()) else {
        return false;
    };
    let labels = pod.metadata.labels.as_ref();
    let labelled = labels.and_then(|l| l.get(POD_NAME_LABEL));
    let mut right = pod.clone();
    set_volumes(set, &mut right, ordinal);
    let claims = |pod: &Pod| -> Vec<(String, Option<String>)> {
        let volumes = pod.spec.iter().flat_map(|s| s.volumes.iter().flatten());
        let claim = |v: &Volume| Some(v.persistent_volume_claim.as_ref()?.claim_name.clone());
        let mut claims: Vec<_> = volumes.map(|v| (v.name.clone(), claim(v))).collect();
        claims.sort();
        claims
    };
    parent == set.name()
        && labelled.is_some_and(|l| l == pod.name())
        && claims(&right) == claims(pod)
}

/// Puts labels right that somebody has changed.
pub fn put_right(set: &StatefulSet, pod: &mut Pod) {
    if let Some(ordinal) = ordinal_of(pod.name()) {
        set_labels(pod, ordinal);
        set_volumes(set, pod, ordinal);
    }
}

impl Sync<'_, '_, '_> {
    /// The pod of an ordinal: below the partition it is of the current revision, else of the new
    /// one (newVersionedStatefulSetPod).
    pub fn new_pod(
        &self,
        ordinal: i64,
        current: &Rc<ControllerRevision>,
        update: &Rc<ControllerRevision>,
    ) -> Pod {
        let strategy = self.spec.update_strategy.as_ref();
        let status = self.set.status.as_ref();
        let rolling = strategy.and_then(|s| s.type_.as_deref()) == Some("RollingUpdate");
        let is_current = match strategy.and_then(|s| s.rolling_update.as_ref()) {
            Some(_) => ordinal < self.start() + self.partition(),
            None => {
                let count = status.and_then(|s| s.current_replicas).unwrap_or_default();
                rolling && ordinal < self.start() + i64::from(count)
            }
        };
        let revision = if is_current { current } else { update };
        let template = template_of(revision);
        let template = template.as_ref().unwrap_or(&self.spec.template);
        let mut pod = pod_from_template(&*self.set, Some(template));
        pod.metadata.name = Some(format!("{}-{ordinal}", self.set.name()));
        set_labels(&mut pod, ordinal);
        let labels = pod.metadata.labels.get_or_insert_default();
        labels.insert(REVISION_LABEL.to_owned(), revision.name().to_owned());
        set_volumes(&self.set, &mut pod, ordinal);
        let name = pod.metadata.name.clone();
        let spec = pod.spec.get_or_insert_default();
        spec.hostname = name;
        let service = self.spec.service_name.clone();
        spec.subdomain = service.filter(|s| !s.is_empty());
        pod
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_set_and_ordinal() {
        assert_eq!(split("web-0"), Some(("web", 0)));
        assert_eq!(split("a-b-12"), Some(("a-b", 12)));
        for other in ["web", "web-", "web-x", "web-+1", "web-99999999999"] {
            assert_eq!(split(other), None, "{other}");
        }
    }
}
