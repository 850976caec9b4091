//! `kubectl certificate approve` and `deny`. Models `k8s.io/kubectl/pkg/cmd/certificates`.

use serde_json::{Value, json};

use super::{Command, FILES, OUTPUT};
use crate::api::rfc3339::format_time;
use crate::apiserver::Method;
use crate::kubectl::error::{Result, all, plain};
use crate::kubectl::json::{list, name, text};
use crate::kubectl::kube::{Kube, path};
use crate::kubectl::printers::done;
use crate::kubectl::resources::Target;

pub const APPROVE: Command = Command {
    path: "certificate approve",
    short: "Approve a certificate signing request",
    help: "(-f FILENAME | NAME)
Approve a certificate signing request. A signer then issues a certificate with the attributes that were asked for.

Whoever gets it may be able to act as the identity that it names: look at what is asked for before you approve it.

# Approve one
kubectl certificate approve csr-sqgzp",
    flags: &[OUTPUT, FILES, "force=false"],
    run: |kube| Box::pin(decide(kube, &APPROVAL)),
};
pub const DENY: Command = Command {
    path: "certificate deny",
    short: "Deny a certificate signing request",
    help: "(-f FILENAME | NAME)
Deny a certificate signing request: no signer issues a certificate.

# Deny one
kubectl certificate deny csr-sqgzp",
    flags: &[OUTPUT, FILES, "force=false"],
    run: |kube| Box::pin(decide(kube, &DENIAL)),
};

/// How often a change is tried again that came too late.
const TRIES: usize = 10;

/// A decision, and its words.
struct Decision {
    condition: &'static str,
    opposite: &'static str,
    reason: &'static str,
    message: &'static str,
    done: &'static str,
}

static APPROVAL: Decision = Decision {
    condition: "Approved",
    opposite: "Denied",
    reason: "KubectlApprove",
    message: "This CSR was approved by kubectl certificate approve.",
    done: "approved",
};
static DENIAL: Decision = Decision {
    condition: "Denied",
    opposite: "Approved",
    reason: "KubectlDeny",
    message: "This CSR was denied by kubectl certificate deny.",
    done: "denied",
};

async fn decide(kube: &Kube, decision: &Decision) -> Result<()> {
    let names = &kube.flags.arguments;
    if names.is_empty() && !kube.flags.names_files() {
        return plain("one or more CSRs must be specified as <name> or -f <filename>");
    }
    let words: Vec<String> = names
        .iter()
        .map(|name| match name.contains('/') {
            true => name.clone(),
            false => format!("certificatesigningrequests/{name}"),
        })
        .collect();
    let (objects, mut failures) = kube.chosen_of(&words).await?;
    if objects.is_empty() && failures.is_empty() {
        kube.print("No resources found");
    }
    for (target, object) in objects {
        match decided(kube, &target, object, decision).await {
            Ok(object) => done(kube, target.kind, &object, decision.done)?,
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Writes the decision down; the request as it was before.
async fn decided(
    kube: &Kube,
    target: &Target,
    object: Value,
    decision: &Decision,
) -> Result<Value> {
    let kind = target.kind;
    if (kind.group, kind.kind) != ("certificates.k8s.io", "CertificateSigningRequest") {
        return plain(format!(
            "can only handle CertificateSigningRequest.certificates.k8s.io objects, got {}.{}",
            kind.kind, kind.group
        ));
    }
    for tried in 0.. {
        let mut csr = kube.get(kind, "", &target.name).await?;
        let has = |condition| {
            let mut all = list(&csr, "status.conditions").iter();
            all.any(|c| text(c, "type") == condition)
        };
        if has(decision.opposite) {
            return plain(format!(
                "certificate signing request \"{}\" is already {}",
                name(&csr),
                decision.opposite
            ));
        }
        let is_decided = has(decision.condition);
        if is_decided && !kube.flags.is("force") {
            break;
        }
        if !is_decided {
            let condition = json!({
                "type": decision.condition, "status": "True", "reason": decision.reason,
                "message": decision.message, "lastUpdateTime": format_time(kube.now().0 as i64),
                "lastTransitionTime": null,
            });
            match csr["status"]["conditions"].as_array_mut() {
                Some(conditions) => conditions.push(condition),
                None => csr["status"]["conditions"] = json!([condition]),
            }
        }
        let place = path(kind, "", &target.name, "approval");
        let request = kube.change(Method::Put, place, "kubectl")?.with_body(csr);
        match kube.json(request).await {
            Err(failure) if failure.reason() == "Conflict" && tried < TRIES => {}
            Err(failure) => return Err(failure),
            Ok(_) => break,
        }
    }
    Ok(object)
}
