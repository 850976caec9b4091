//! Registries that cannot be reached, or do not want to serve: the runtime's words for it
//! (containerd's `core/remotes/docker`).

use std::time::Duration;

use super::runtime::image::{Reference, glob};
use crate::client::world::World;
use crate::sim::secs;

/// How long the runtime tries to connect.
const DIAL: Duration = secs(30);

const TIMEOUT: &str = "i/o timeout";

/// The error of a pull, when the registry of an image is out of reach for a node.
pub fn outage(world: &World, node: &str, reference: &Reference) -> Option<String> {
    let failure = match world.cut.contains(node) {
        true => "NoSuchHost",
        false => {
            let names = [reference.name.as_str(), reference.familiar.as_str()];
            let mut all = world.outages.iter();
            let found = all.find(|outage| {
                let here = outage.nodes.is_empty() || outage.nodes.iter().any(|n| **n == *node);
                let mut patterns = outage.images.iter();
                here && patterns.any(|p| names.iter().any(|name| glob(p, name)))
            })?;
            &*found.failure
        }
    };
    Some(error(reference, failure))
}

/// How long a pull takes to come to this end, beside the time of a request.
pub fn patience(error: Option<&String>) -> Duration {
    match error {
        Some(error) if error.ends_with(TIMEOUT) => DIAL,
        _ => Duration::ZERO,
    }
}

fn error(reference: &Reference, failure: &str) -> String {
    let full = reference.full();
    let (host, path) = reference.name.split_once('/').unwrap_or(("", ""));
    let host = match host {
        "docker.io" => "registry-1.docker.io",
        host => host,
    };
    let what = reference.digest.as_deref().unwrap_or(&reference.tag);
    let url = format!("https://{host}/v2/{path}/manifests/{what}");
    let detail = match failure {
        "NoSuchHost" => {
            format!("failed to do request: Head \"{url}\": dial tcp: lookup {host}: no such host")
        }
        "ServiceUnavailable" => {
            format!("unexpected status from HEAD request to {url}: 503 Service Unavailable")
        }
        "TooManyRequests" => {
            let why = match host {
                "registry-1.docker.io" => {
                    "\ntoomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
                }
                _ => "",
            };
            format!("unexpected status from HEAD request to {url}: 429 Too Many Requests{why}")
        }
        _ => format!("failed to do request: Head \"{url}\": dial tcp: lookup {host}: {TIMEOUT}"),
    };
    format!(
        "failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {detail}"
    )
}
