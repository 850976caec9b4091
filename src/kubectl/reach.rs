//! Whether a run of `kubectl` can speak to its server: flags that name what the client's configuration or
//! its folder does not have, and servers that are not there.
//! Models `k8s.io/client-go/tools/clientcmd/{validation,client_config}.go`.

use super::error::{Failure, Result, plain};
use super::flags::Parsed;
use super::kubeconfig::Kubeconfig;
use super::shell::Shell;
use crate::api::rfc3339::parse_go_duration;

/// Whom the machine asks for names.
const RESOLVER: &str = "127.0.0.53:53";
/// The names in the certificate of the API server.
const SERVER_NAMES: &str = "control-plane, kubernetes, kubernetes.default, kubernetes.default.svc, kubernetes.default.svc.cluster.local, localhost";

/// Refuses a run before its command begins.
pub fn check(shell: &Shell, flags: &Parsed, config: &Kubeconfig) -> Result<()> {
    let profiles = [
        "",
        "none",
        "cpu",
        "heap",
        "goroutine",
        "threadcreate",
        "block",
        "mutex",
        "trace",
    ];
    let profile = flags.global("profile");
    if !profiles.contains(&profile) {
        return plain(format!("unknown profile '{profile}'"));
    }
    let timeout = flags.global("request-timeout");
    if !timeout.is_empty() && timeout.parse::<i64>().is_err() && parse_go_duration(timeout).is_err()
    {
        return plain(
            "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
        );
    }
    entries(shell, flags, config)?;
    server(shell, flags)
}

/// What the configuration says of the cluster and the user.
fn entries(shell: &Shell, flags: &Parsed, config: &Kubeconfig) -> Result<()> {
    let (context, user, cluster) = (
        flags.global("context"),
        flags.global("user"),
        flags.global("cluster"),
    );
    let wanted = if context.is_empty() {
        config.current.as_str()
    } else {
        context
    };
    if !wanted.is_empty() && config.context(wanted).is_none() {
        return plain(format!(
            "Error in configuration: context was not found for specified context: {wanted}"
        ));
    }
    // Who knows of no cluster asks the one that used to be on one's own machine.
    if wanted.is_empty() && cluster.is_empty() && flags.global("server").is_empty() {
        return Err(Failure::Said(
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?"
                .to_owned(),
        ));
    }
    if !user.is_empty() && config.user(user).is_none() {
        return plain(format!("auth info \"{user}\" does not exist"));
    }
    if !cluster.is_empty() && !config.clusters.iter().any(|c| c.0 == cluster) {
        return plain(format!("no server found for cluster \"{cluster}\""));
    }
    let own = config.context(context);
    let user = match user {
        "" => own.map_or("", |c| c.user.as_str()),
        given => given,
    };
    let cluster = match cluster {
        "" => own.map_or("", |c| c.cluster.as_str()),
        given => given,
    };
    let missing = |file: &str| !file.is_empty() && shell.read_file(file).is_none();
    let authority = flags.global("certificate-authority");
    if missing(authority) {
        return plain(format!(
            "unable to read certificate-authority {authority} for {cluster} due to open {authority}: no such file or directory"
        ));
    }
    let mut wrong = Vec::new();
    let entry = config.user(user);
    let client = entry.map(|u| u.client.clone()).unwrap_or_default();
    let is_embedded = !client.embedded.is_empty();
    let has_data = entry.is_some_and(|u| u.certificate) || is_embedded;
    // What is embedded was a file once, and is none now.
    let own = |file: &str| match is_embedded {
        true => String::new(),
        false => file.to_owned(),
    };
    let (certificate, key) = (own(&client.certificate), own(&client.key));
    if !client.certificate.is_empty()
        && client.key.is_empty()
        && flags.global("client-key").is_empty()
    {
        wrong.push(format!(
            "client-key-data or client-key must be specified for {user} to use the clientCert authentication method."
        ));
    }
    for (flag, name, ending, own) in [
        (
            "client-certificate",
            "client-cert",
            ". client-cert-data will override.",
            &certificate,
        ),
        (
            "client-key",
            "client-key",
            "; client-key-data will override",
            &key,
        ),
    ] {
        let file = match flags.global(flag) {
            "" => own.as_str(),
            file => file,
        };
        if !file.is_empty() && has_data {
            wrong.push(format!(
                "{name}-data and {name} are both specified for {user}{ending}"
            ));
        }
        if missing(file) {
            wrong.push(format!(
                "unable to read {name} {file} for {user} due to open {file}: no such file or directory"
            ));
        }
    }
    match wrong.as_slice() {
        [] => {}
        [one] => return plain(format!("Error in configuration: {one}")),
        many => {
            let lines: Vec<String> = many.iter().map(|line| format!("\n* {line}")).collect();
            return plain(format!("Error in configuration: {}", lines.concat()));
        }
    }
    let also = ["as-group", "as-uid", "as-user-extra"];
    if flags.global("as").is_empty() && also.iter().any(|f| flags.given(f)) {
        return plain(format!(
            "requesting uid, groups or user-extra for {user} without impersonating a user"
        ));
    }
    Ok(())
}

/// Whether somebody listens at `--server`; there is one cluster to reach.
fn server(shell: &Shell, flags: &Parsed) -> Result<()> {
    let unreachable = |why: String| -> Result<()> {
        Err(Failure::Said(format!(
            "Unable to connect to the server: {why}"
        )))
    };
    let own = shell.world.host.server();
    let name = flags.global("tls-server-name");
    if !name.is_empty() && !SERVER_NAMES.split(", ").any(|known| known == name) {
        return unreachable(format!(
            "tls: failed to verify certificate: x509: certificate is valid for {SERVER_NAMES}, not {name}"
        ));
    }
    let given = flags.global("server");
    let place = |address: &str| -> String {
        let (scheme, rest) = match address.split_once("://") {
            Some(parts) => parts,
            None => ("http", address),
        };
        let rest = rest.split('/').next().unwrap_or(rest);
        match rest.contains(':') {
            true => rest.to_owned(),
            false if scheme == "https" => format!("{rest}:443"),
            false => format!("{rest}:80"),
        }
    };
    if given.is_empty() || place(given) == place(&own) {
        return Ok(());
    }
    let there = place(given);
    let (host, port) = there.rsplit_once(':').unwrap_or((there.as_str(), "80"));
    let numbers = host.split('.').filter(|p| p.parse::<u8>().is_ok()).count();
    match host {
        "localhost" | "127.0.0.1" => {
            let shown = match port {
                "80" | "443" if !given.contains(&format!(":{port}")) => host.to_owned(),
                _ => there.clone(),
            };
            Err(Failure::Said(format!(
                "The connection to the server {shown} was refused - did you specify the right host or port?"
            )))
        }
        _ if numbers == 4 => unreachable(format!("dial tcp {there}: i/o timeout")),
        _ => unreachable(format!(
            "dial tcp: lookup {host} on {RESOLVER}: no such host"
        )),
    }
}
