//! Whether the server is well, and which version it is.

use serde_json::json;

use crate::apiserver::request::{Method, Request, Response};

/// The version of Kubernetes whose behaviour this is.
pub(super) const VERSION: &str = "v1.36.2";

/// What a server checks before it calls itself ready, in the order in which it reports.
const CHECKS: &[&str] = &[
    "ping",
    "log",
    "informer-sync",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/peer-endpoint-reconciler-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/storage-readiness",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kubernetes-service-cidr-controller",
    "poststarthook/aggregator-reload-proxy-client-cert",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-wait-for-first-sync",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
];

pub(super) fn answer(parts: &[&str], request: &Request) -> Option<Response> {
    if request.method != Method::Get {
        return None;
    }
    match parts {
        ["version"] => Some(Response::json(
            200,
            json!({
                "major": "1", "minor": "36", "gitVersion": VERSION, "gitCommit": "",
                "gitTreeState": "clean", "buildDate": "", "goVersion": "", "compiler": "rustc",
                "platform": "wasm/simulated",
            }),
        )),
        [name @ ("healthz" | "livez" | "readyz")] => Some(Response::text(
            200,
            report(name, request.query("verbose").is_some()),
        )),
        ["healthz" | "livez" | "readyz", check @ ..] if CHECKS.contains(&&*check.join("/")) => {
            Some(Response::text(200, "ok"))
        }
        _ => None,
    }
}

fn report(name: &str, verbose: bool) -> String {
    if !verbose {
        return "ok".to_owned();
    }
    // Only readiness waits for informers, and ends when the server shuts down.
    let of_readiness = |check: &str| name == "readyz" || check != "informer-sync";
    let mut text = String::new();
    for check in CHECKS.iter().filter(|c| of_readiness(c)) {
        text.push_str(&format!("[+]{check} ok\n"));
    }
    if name == "readyz" {
        text.push_str("[+]shutdown ok\n");
    }
    text.push_str(&format!("{name} check passed\n"));
    text
}
