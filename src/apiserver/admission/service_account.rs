//! ServiceAccount: every pod has an identity, and its token where processes look for it.
//!
//! Models `k8s.io/kubernetes/plugin/pkg/admission/serviceaccount/admission.go`.
//!
//! Divergence: a real server waits a moment for the account `default` of a new namespace; here a
//! request is atomic, so that account counts as present.

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{
    ConfigMapProjection, Container, DownwardAPIProjection, DownwardAPIVolumeFile, KeyToPath,
    ObjectFieldSelector, Pod, PodSpec, ProjectedVolumeSource, ServiceAccount,
    ServiceAccountTokenProjection, Volume, VolumeMount, VolumeProjection,
};

use super::requested_name;
use crate::api::{Key, Object, Result, Status};
use crate::apiserver::{ApiServer, meta};
use crate::sim::Kernel;

const DEFAULT: &str = "default";
const VOLUME_PREFIX: &str = "kube-api-access-";
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// An hour, and seven seconds by which these tokens are told from others.
const TOKEN_SECONDS: i64 = 3607;
/// Static pods are mirrored as they are.
const MIRROR: &str = "kubernetes.io/config.mirror";

impl ApiServer {
    pub(super) fn admit_service_account(
        &self,
        kernel: &mut Kernel,
        object: &mut Object,
    ) -> Result<()> {
        let annotations = object.meta().annotations.as_ref();
        if annotations.is_some_and(|a| a.contains_key(MIRROR)) {
            return Ok(());
        }
        let spec = object.get::<Pod>().and_then(|p| p.spec.as_ref());
        let name = match spec.and_then(|s| s.service_account_name.as_deref()) {
            None | Some("") => DEFAULT.to_owned(),
            Some(name) => name.to_owned(),
        };
        let account = self.get::<ServiceAccount>(&Key::new(object.namespace(), &name));
        if account.is_none() && name != DEFAULT {
            let detail = format!(
                "error looking up service account {}/{name}: serviceaccount \"{name}\" not found",
                object.namespace()
            );
            let pod = requested_name(object).to_owned();
            return Err(Status::forbidden(object.info(), &pod, &detail));
        }
        let Some(spec) = object.edit::<Pod>().and_then(|p| p.spec.as_mut()) else {
            return Ok(());
        };
        spec.service_account = Some(name.clone());
        spec.service_account_name = Some(name);
        let account = account.as_deref();
        let automount = spec
            .automount_service_account_token
            .or_else(|| account.and_then(|a| a.automount_service_account_token))
            .unwrap_or(true);
        if automount {
            mount_token(kernel, spec, self.token_source.clone());
        }
        if spec.image_pull_secrets.is_none() {
            spec.image_pull_secrets = account.and_then(|a| a.image_pull_secrets.clone());
        }
        Ok(())
    }
}

fn mount_token(kernel: &mut Kernel, spec: &mut PodSpec, source: Shared<ProjectedVolumeSource>) {
    let needs = |c: &Container| {
        let mut mounts = c.volume_mounts.iter().flatten();
        !mounts.any(|m| m.mount_path == MOUNT_PATH)
    };
    let init = spec.init_containers.as_deref().unwrap_or_default();
    if !init.iter().chain(&spec.containers).any(needs) {
        return;
    }
    let existing = spec
        .volumes
        .iter()
        .flatten()
        .find(|v| v.name.starts_with(VOLUME_PREFIX) && v.projected.as_ref() == Some(&source));
    let name = match existing {
        Some(volume) => volume.name.clone(),
        None => {
            let rng = kernel.rng("apiserver/names");
            let name = format!("{VOLUME_PREFIX}{}", meta::random_suffix(rng, 5));
            spec.volumes.get_or_insert_default().push(Volume {
                name: name.clone(),
                projected: Some(source),
                ..Volume::default()
            });
            name
        }
    };
    let all = spec
        .init_containers
        .iter_mut()
        .flatten()
        .chain(&mut spec.containers);
    for container in all.filter(|c| needs(c)) {
        let mounts = container.volume_mounts.get_or_insert_default();
        mounts.push(VolumeMount {
            name: name.clone(),
            read_only: Some(true),
            mount_path: MOUNT_PATH.to_owned(),
            ..VolumeMount::default()
        });
    }
}

/// The token, the certificate of the server, and the namespace.
pub fn token_source() -> Shared<ProjectedVolumeSource> {
    let file = |name: &str| name.to_owned();
    let token = ServiceAccountTokenProjection {
        expiration_seconds: Some(TOKEN_SECONDS),
        path: file("token"),
        ..ServiceAccountTokenProjection::default()
    };
    let certificate = ConfigMapProjection {
        name: "kube-root-ca.crt".to_owned(),
        items: Some(vec![KeyToPath {
            key: file("ca.crt"),
            path: file("ca.crt"),
            mode: None,
        }]),
        optional: None,
    };
    let namespace = DownwardAPIProjection {
        items: Some(vec![DownwardAPIVolumeFile {
            path: file("namespace"),
            field_ref: Some(ObjectFieldSelector {
                api_version: Some("v1".to_owned()),
                field_path: "metadata.namespace".to_owned(),
            }),
            ..DownwardAPIVolumeFile::default()
        }]),
    };
    let source = VolumeProjection::default;
    let volume = ProjectedVolumeSource {
        default_mode: Some(0o644),
        sources: Some(vec![
            VolumeProjection {
                service_account_token: Some(token.into()),
                ..source()
            },
            VolumeProjection {
                config_map: Some(certificate.into()),
                ..source()
            },
            VolumeProjection {
                downward_api: Some(namespace.into()),
                ..source()
            },
        ]),
    };
    volume.into()
}
