//! The files by which a container knows names: `/etc/resolv.conf` and `/etc/hosts`
//! (`pkg/kubelet/network/dns`, `ensureHostsFile`).

use k8s_openapi::api::core::v1::PodSpec;

pub const DOMAIN: &str = "cluster.local";
/// The resolver of the machines.
const UPSTREAM: &str = "172.18.0.1";

/// `cluster` is the address of the cluster's DNS, if it has one.
pub fn resolv_conf(spec: &PodSpec, namespace: &str, cluster: Option<&str>) -> String {
    let (mut servers, mut searches, mut options) = (Vec::new(), Vec::new(), Vec::new());
    let host = spec.host_network == Some(true);
    match (spec.dns_policy.as_deref(), cluster) {
        (Some("None"), _) => {}
        (Some("ClusterFirst") | None, Some(server)) if !host => servers.push(server.to_owned()),
        (Some("ClusterFirstWithHostNet"), Some(server)) => servers.push(server.to_owned()),
        _ => servers.push(UPSTREAM.to_owned()),
    }
    if !servers.is_empty() && cluster == servers.first().map(String::as_str) {
        for prefix in [
            format!("{namespace}.svc."),
            "svc.".to_owned(),
            String::new(),
        ] {
            searches.push(format!("{prefix}{DOMAIN}"));
        }
        options.push("ndots:5".to_owned());
    }
    if let Some(config) = &spec.dns_config {
        servers.extend(config.nameservers.iter().flatten().cloned());
        searches.extend(config.searches.iter().flatten().cloned());
        for option in config.options.iter().flatten() {
            let name = option.name.as_deref().unwrap_or_default();
            options.retain(|o| o.split(':').next() != Some(name));
            options.push(match option.value.as_deref() {
                Some(value) if !value.is_empty() => format!("{name}:{value}"),
                _ => name.to_owned(),
            });
        }
    }
    servers.dedup();
    let mut text = String::new();
    if !searches.is_empty() {
        text.push_str(&format!("search {}\n", searches.join(" ")));
    }
    for server in servers {
        text.push_str(&format!("nameserver {server}\n"));
    }
    if !options.is_empty() {
        text.push_str(&format!("options {}\n", options.join(" ")));
    }
    text
}

pub fn hosts_file(spec: &PodSpec, namespace: &str, address: &str, hostname: &str) -> String {
    let mut text = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n".to_owned();
    // A name that the pod gives itself stands for the whole.
    let subdomain = spec.subdomain.as_deref().filter(|s| !s.is_empty());
    let subdomain = subdomain.filter(|_| spec.hostname_override.is_none());
    let hostname = match (subdomain, spec.set_hostname_as_fqdn) {
        (Some(_), Some(true)) => hostname.split('.').next().unwrap_or(hostname),
        _ => hostname,
    };
    match subdomain {
        Some(subdomain) => text.push_str(&format!(
            "{address}\t{hostname}.{subdomain}.{namespace}.svc.{DOMAIN}\t{hostname}\n"
        )),
        None => text.push_str(&format!("{address}\t{hostname}\n")),
    }
    let aliases = spec.host_aliases.as_deref().unwrap_or_default();
    if !aliases.is_empty() {
        text.push_str("\n# Entries added by HostAliases.\n");
    }
    for alias in aliases {
        let names = alias.hostnames.as_deref().unwrap_or_default();
        text.push_str(&format!("{}\t{}\n", alias.ip, names.join("\t")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{PodDNSConfig, PodDNSConfigOption};

    fn spec(policy: &str) -> PodSpec {
        PodSpec {
            dns_policy: Some(policy.to_owned()),
            ..PodSpec::default()
        }
    }

    #[test]
    fn the_policy_says_whom_to_ask() {
        let server = Some("10.96.0.10");
        let cluster = "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n";
        assert_eq!(resolv_conf(&spec("ClusterFirst"), "shop", server), cluster);
        let machine = "nameserver 172.18.0.1\n";
        assert_eq!(resolv_conf(&spec("Default"), "shop", server), machine);
        let mut host = spec("ClusterFirst");
        host.host_network = Some(true);
        assert_eq!(resolv_conf(&host, "shop", server), machine);
        host.dns_policy = Some("ClusterFirstWithHostNet".to_owned());
        assert_eq!(resolv_conf(&host, "shop", server), cluster);
        let mut own = spec("None");
        let config = PodDNSConfig {
            nameservers: Some(vec!["192.0.2.1".to_owned()]),
            searches: Some(vec!["example.com".to_owned()]),
            options: Some(vec![PodDNSConfigOption {
                name: Some("ndots".to_owned()),
                value: Some("2".to_owned()),
            }]),
        };
        own.dns_config = Some(config.into());
        assert_eq!(
            resolv_conf(&own, "shop", server),
            "search example.com\nnameserver 192.0.2.1\noptions ndots:2\n"
        );
    }
}
