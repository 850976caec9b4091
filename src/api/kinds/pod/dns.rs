//! The rules of name resolution in a pod.

use k8s_openapi::api::core::v1::{PodDNSConfig, PodSpec};

use crate::api::field::{Errors, Path};
use crate::api::names::{is_dns1123_subdomain, is_valid_ip};

const NAMESERVERS_MAX: usize = 3;
const SEARCHES_MAX: usize = 32;
const SEARCH_CHARACTERS_MAX: usize = 2048;

pub(super) fn validate(spec: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let config = spec.dns_config.as_ref();
    if spec.dns_policy.as_deref() == Some("None") {
        match config {
            None => {
                let detail = "must provide `dnsConfig` when `dnsPolicy` is None";
                errors.required(path, detail);
                return;
            }
            Some(config) if config.nameservers.as_ref().is_none_or(Vec::is_empty) => {
                let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
                errors.required(&path.child("nameservers"), detail);
                return;
            }
            Some(_) => {}
        }
    }
    if let Some(config) = config {
        given(config, path, errors);
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
fn given(config: &PodDNSConfig, path: &Path<'_>, errors: &mut Errors) {
    let nameservers = config.nameservers.as_deref().unwrap_or_default();
    let path_of_servers = path.child("nameservers");
    if nameservers.len() > NAMESERVERS_MAX {
        let detail = format!("must not have more than {NAMESERVERS_MAX} nameservers");
        errors.invalid_json(&path_of_servers, &nameservers, &detail);
    }
    for (i, address) in nameservers.iter().enumerate() {
        errors.invalid_each(&path_of_servers.index(i), address, is_valid_ip(address));
    }
    let searches = config.searches.as_deref().unwrap_or_default();
    let path_of_searches = path.child("searches");
    if searches.len() > SEARCHES_MAX {
        let detail = format!("must not have more than {SEARCHES_MAX} search paths");
        errors.invalid_json(&path_of_searches, &searches, &detail);
    }
    let characters = searches.join(" ").len();
    if characters > SEARCH_CHARACTERS_MAX {
        let detail = format!(
            "must not have more than {SEARCH_CHARACTERS_MAX} characters (including spaces) in the search list"
        );
        errors.invalid_json(&path_of_searches, &searches, &detail);
    }
    for (i, search) in searches.iter().enumerate() {
        if search == "." {
            continue;
        }
        let name = search.strip_suffix('.').unwrap_or(search);
        // Names of services may have underscores.
        let probe = name.replace('_', "a");
        errors.invalid_each(
            &path_of_searches.index(i),
            name,
            is_dns1123_subdomain(&probe),
        );
    }
    let options = path.child("options");
    for (i, option) in config.options.iter().flatten().enumerate() {
        if option.name.as_deref().unwrap_or_default().is_empty() {
            errors.required(&options.index(i), "must not be empty");
        }
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
pub(super) fn host_aliases(spec: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    for (i, alias) in spec.host_aliases.iter().flatten().enumerate() {
        let path = path.index(i);
        errors.invalid_each(&path.child("ip"), &alias.ip, is_valid_ip(&alias.ip));
        let path = path.child("hostnames");
        for (i, name) in alias.hostnames.iter().flatten().enumerate() {
            errors.invalid_each(&path.index(i), name, is_dns1123_subdomain(name));
        }
    }
}
