//! What exists before anyone asks: the namespaces of the system, the API server's own Service,
//! the catalogue of images, and the pods that a cluster runs for itself.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Cluster;
use crate::api::yaml;
use crate::api::{Kind, Object, Resource};
use crate::apiserver::{Caller, WriteOptions};

/// The declared images, by area.
const IMAGES: [&str; 5] = [
    include_str!("../../static/images/system.yaml"),
    include_str!("../../static/images/web.yaml"),
    include_str!("../../static/images/tools.yaml"),
    include_str!("../../static/images/data.yaml"),
    include_str!("../../static/images/teaching.yaml"),
];

const ADDONS: [&str; 3] = [
    include_str!("../../static/manifests/storage.yaml"),
    include_str!("../../static/manifests/kube-proxy.yaml"),
    include_str!("../../static/manifests/coredns.yaml"),
];

/// The static pods of the control plane's node.
pub(super) const CONTROL_PLANE: [&str; 4] = [
    include_str!("../../static/manifests/etcd.yaml"),
    include_str!("../../static/manifests/kube-apiserver.yaml"),
    include_str!("../../static/manifests/kube-controller-manager.yaml"),
    include_str!("../../static/manifests/kube-scheduler.yaml"),
];

/// Images that come with a node, beside those of its static pods.
pub(super) const PRELOADED: [&str; 3] = [
    "registry.k8s.io/kube-proxy:v1.36.2",
    "registry.k8s.io/pause:3.10.2",
    "registry.k8s.io/coredns/coredns:v1.14.2",
];

/// The Service by which pods reach the API server, and what is behind it.
const API_SERVER: &str = include_str!("../../static/manifests/kubernetes.yaml");

impl Cluster {
    pub(super) fn bootstrap(&mut self) {
        self.bootstrap_server();
        if !self.config.bare {
            ADDONS.into_iter().for_each(|text| self.create_all(text));
        }
    }

    /// What an API server makes that finds nothing.
    pub(super) fn bootstrap_server(&mut self) {
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            self.create(Namespace::into_object(Rc::new(Namespace {
                metadata: ObjectMeta {
                    name: Some(name.to_owned()),
                    ..ObjectMeta::default()
                },
                ..Namespace::default()
            })));
        }
        super::roles::each(|object| self.create(object));
        self.server.remember_grants();
        if !self.config.bare {
            let all = [API_SERVER].into_iter().chain(IMAGES);
            all.for_each(|text| self.create_all(text));
        }
    }

    /// Creates the objects of a manifest that is part of the program.
    fn create_all(&mut self, manifest: &str) {
        let parsed = yaml::parse(manifest);
        debug_assert!(parsed.error.is_none(), "{:?}", parsed.error);
        for document in parsed.documents {
            let text = |field: &str| document.value[field].as_str().unwrap_or_default();
            let kind = Kind::by_gvk(text("apiVersion"), text("kind"));
            let decoded = kind.map(|kind| kind.decode(&document.value));
            debug_assert!(
                matches!(&decoded, Some(Ok((_, unknown))) if unknown.is_empty()),
                "{}: {:?}",
                text("kind"),
                decoded.map(|d| d.map(|(_, unknown)| unknown))
            );
            if let Some(Ok((object, _))) = decoded {
                self.create(object);
            }
        }
    }

    fn create(&mut self, object: Object) {
        let caller = Caller::component("kube-apiserver");
        let options = WriteOptions::default();
        let created = self
            .server
            .create_object(&mut self.kernel, &caller, object, &options);
        debug_assert!(
            created.is_ok(),
            "{}",
            created.err().map(|e| e.message).unwrap_or_default()
        );
    }
}
