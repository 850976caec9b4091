//! Requests for certificates: kubelets' are approved, what is approved is signed, what is old is deleted
//! (`k8s.io/kubernetes/pkg/controller/certificates`).

mod approve;
mod clean;
mod sign;

use k8s_openapi::api::certificates::v1::CertificateSigningRequest as Csr;

use super::controller::{Change, Triggers};
use crate::api::Resource;
use crate::api::kinds::{APPROVED, DENIED, has_condition};
use crate::api::x509::Request;

pub use approve::Approver;
pub use clean::Cleaner;
pub use sign::Signer;

/// What kubelets show to the API server.
const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
/// What kubelets show to the API server when it calls them.
const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";
/// What people and programs show to the API server.
const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
/// The signer of old, which takes everything.
const LEGACY: &str = "kubernetes.io/legacy-unknown";

/// Asks for every request that changes.
fn follow(change: &Change, triggers: &mut Triggers) {
    if let Some((_, Some(csr))) = change.of::<Csr>() {
        triggers.add(csr.key());
    }
}

fn is_decided(csr: &Csr) -> bool {
    has_condition(csr, APPROVED) || has_condition(csr, DENIED)
}

/// Whether the usages are those, with or without `key encipherment`, which only RSA needs.
fn usages_are(usages: &[String], kind: &str) -> bool {
    let mut rest: Vec<&str> = usages.iter().map(String::as_str).collect();
    rest.sort_unstable();
    rest.dedup();
    rest.retain(|usage| *usage != "key encipherment");
    rest.len() == 2 && rest.contains(&"digital signature") && rest.contains(&kind)
}

/// Whether a request is one of a kubelet for its client certificate, or for its serving certificate
/// (`pkg/apis/certificates/helpers.go`).
///
/// # Errors
/// Why it is none.
fn check_kubelet(request: &Request, usages: &[String], serving: bool) -> Result<(), String> {
    let subject = &request.subject;
    let mut groups = subject.all("O");
    let is_of_node = subject.one("CN").starts_with("system:node:");
    let usage = if serving {
        "server auth"
    } else {
        "client auth"
    };
    let right_usages = usages_are(usages, usage);
    let refusal = match () {
        () if (groups.next(), groups.next()) != (Some("system:nodes"), None) => {
            "subject organization is not system:nodes"
        }
        () if serving && request.dns_names.is_empty() && request.ip_addresses.is_empty() => {
            "DNS or IP subjectAltName is required"
        }
        () if !serving && !request.dns_names.is_empty() => "DNS subjectAltNames are not allowed",
        () if !request.email_addresses.is_empty() => "Email subjectAltNames are not allowed",
        () if !serving && !request.ip_addresses.is_empty() => "IP subjectAltNames are not allowed",
        () if !request.uris.is_empty() => "URI subjectAltNames are not allowed",
        // A client's name is looked at before its usages, a server's after them.
        () if !is_of_node && (!serving || right_usages) => {
            "subject common name does not begin with system:node:"
        }
        () if !right_usages => {
            let wanted = match serving {
                true => "digital signature key encipherment server auth",
                false => "client auth digital signature key encipherment",
            };
            return Err(format!("usages did not match [{wanted}]"));
        }
        () => return Ok(()),
    };
    Err(refusal.to_owned())
}
