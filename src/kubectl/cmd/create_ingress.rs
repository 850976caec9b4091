//! `kubectl create ingress`: rules from texts such as `host/path*=service:port,tls=secret`.
//! Models `k8s.io/kubectl/pkg/cmd/create/create_ingress.go`.

use serde_json::{Value, json};

use super::generate::{COMMON, MANAGER, known, make, only_name};
use super::{Command, OUTPUT};
use crate::kubectl::error::{Result, plain};
use crate::kubectl::kube::Kube;

pub const INGRESS: Command = Command {
    path: "create ingress",
    short: "Create an ingress with the specified name",
    help: r#"NAME --rule=host/path=service:port[,tls[=secret]]
# All paths of a host
kubectl create ingress web --class=nginx --rule="shop.example/*=web:80"

# One path, with a certificate
kubectl create ingress api --rule="shop.example/api=api:8080,tls=shop-cert""#,
    flags: &[
        OUTPUT,
        COMMON,
        "annotation=[]* class='' default-backend='' rule=[]*",
    ],
    run: |kube| Box::pin(run(kube)),
};

/// One rule, taken apart.
struct Rule<'r> {
    host: &'r str,
    /// With its leading slash, and perhaps a star at its end.
    path: &'r str,
    service: &'r str,
    /// The secret; empty for the default certificate.
    tls: Option<&'r str>,
}

fn is_word(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    !text.is_empty() && text.bytes().all(fine)
}

/// Takes a rule apart, if it has the form of one.
fn parse(text: &str) -> Option<Rule<'_>> {
    let mut parts = text.split(',');
    let rule = parts.next().unwrap_or_default();
    // More than one word behind the rule is none.
    let tls = parts.next().filter(|_| parts.next().is_none());
    let slash = rule.find('/')?;
    let (host, rest) = rule.split_at(slash);
    let (path, service) = rest.split_once('=')?;
    let of_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'*' | b'-' | b'.');
    let (name, port) = service.split_once(':')?;
    // Nothing holds what stands behind the port to a form.
    let port = port.split(':').next().unwrap_or_default();
    let service = service.get(..name.len() + 1 + port.len())?;
    let begins = port.starts_with(|c: char| is_word(c.encode_utf8(&mut [0; 4])));
    if !host.bytes().all(of_host) || path.contains('\n') || !is_word(name) || !begins {
        return None;
    }
    let tls = tls.map(|tls| tls.split('=').nth(1).unwrap_or_default());
    Some(Rule {
        host,
        path,
        service,
        tls,
    })
}

fn backend(service: &str) -> Value {
    let (name, port) = service.split_once(':').unwrap_or((service, ""));
    let port = match port.parse::<i32>() {
        Ok(number) => json!({"number": number}),
        Err(_) => json!({"name": port}),
    };
    json!({"service": {"name": name, "port": port}})
}

async fn run(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let flags = &kube.flags;
    let texts = flags.list("rule");
    let default = flags.text("default-backend");
    if default.is_empty() && texts.is_empty() {
        return plain(
            "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
        );
    }
    let mut rules = Vec::new();
    for text in texts {
        let Some(rule) = parse(text) else {
            return plain(format!(
                "rule {text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
            ));
        };
        rules.push(rule);
    }
    let mut annotations = serde_json::Map::new();
    for annotation in flags.list("annotation") {
        let Some((key, value)) = annotation.split_once('=') else {
            return plain(format!(
                "annotation {annotation} is invalid and should be in format key=[value]"
            ));
        };
        annotations.insert(key.to_owned(), value.into());
    }
    if !default.is_empty() && default.split(':').count() != 2 {
        return plain("default-backend should be in format servicename:serviceport");
    }
    let mut spec = json!({});
    if !default.is_empty() {
        spec["defaultBackend"] = backend(default);
    }
    if !flags.text("class").is_empty() {
        spec["ingressClassName"] = flags.text("class").into();
    }
    let of_hosts = by_host(&rules);
    if !of_hosts.is_empty() {
        spec["rules"] = of_hosts.into();
    }
    let tls = certificates(&rules);
    if !tls.is_empty() {
        spec["tls"] = tls.into();
    }
    let mut object = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name},
        "spec": spec,
        "status": {"loadBalancer": {}},
    });
    if !annotations.is_empty() {
        object["metadata"]["annotations"] = annotations.into();
    }
    let kind = known("networking.k8s.io/v1", "Ingress")?;
    let lead = "failed to create ingress:";
    make(kube, kind, object, MANAGER, lead, "created").await
}

/// The rules, those of one host together.
fn by_host(rules: &[Rule<'_>]) -> Vec<Value> {
    let mut hosts: Vec<&str> = Vec::new();
    let mut out: Vec<Value> = Vec::new();
    for rule in rules {
        let (path, type_) = match rule.path.strip_suffix('*') {
            Some(path) => (path, "Prefix"),
            None => (rule.path, "Exact"),
        };
        let entry = json!({"path": path, "pathType": type_, "backend": backend(rule.service)});
        let known = hosts.iter().position(|h| *h == rule.host);
        let list = known
            .and_then(|i| out.get_mut(i))
            .and_then(|r| r["http"]["paths"].as_array_mut());
        if let Some(paths) = list {
            paths.push(entry);
            continue;
        }
        hosts.push(rule.host);
        let mut one = json!({"http": {"paths": [entry]}});
        if !rule.host.is_empty() {
            one["host"] = rule.host.into();
        }
        out.push(one);
    }
    out
}

/// The hosts by the secret of their certificate; each host once.
fn certificates(rules: &[Rule<'_>]) -> Vec<Value> {
    let mut seen: Vec<&str> = Vec::new();
    let mut secrets: Vec<&str> = Vec::new();
    let mut out: Vec<Value> = Vec::new();
    for rule in rules {
        let Some(secret) = rule.tls else { continue };
        if seen.contains(&rule.host) {
            continue;
        }
        seen.push(rule.host);
        if let Some(known) = secrets.iter().position(|s| *s == secret) {
            if let Some(hosts) = out.get_mut(known).and_then(|t| t["hosts"].as_array_mut()) {
                hosts.push(rule.host.into());
            }
            continue;
        }
        let mut one = json!({});
        if !rule.host.is_empty() {
            one["hosts"] = json!([rule.host]);
        }
        if !secret.is_empty() {
            one["secretName"] = secret.into();
        }
        if one.as_object().is_some_and(|o| !o.is_empty()) {
            secrets.push(secret);
            out.push(one);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_taken_apart() {
        for bad in ["a=b:80", "/=b", "/=b:", "a b/=b:80", "/=b:!"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
        let rule = parse("foo.com/bar*=svc:http,tls=cert").expect("a rule");
        assert_eq!((rule.host, rule.path), ("foo.com", "/bar*"));
        assert_eq!((rule.service, rule.tls), ("svc:http", Some("cert")));
        assert_eq!(parse("/=svc:80,tls").and_then(|r| r.tls), Some(""));
        // kubectl reads no further than it has to.
        assert_eq!(parse("/=svc:80,ssl").and_then(|r| r.tls), Some(""));
        assert_eq!(parse("/=svc:80, tls=x").and_then(|r| r.tls), Some("x"));
        assert_eq!(parse("/=svc:80,tls=x,y").map(|r| r.tls), Some(None));
        assert_eq!(parse("/=svc:80:90").map(|r| r.service), Some("svc:80"));
    }

    #[test]
    fn hosts_and_secrets_are_put_together() {
        let rules: Vec<Rule<'_>> = ["a.b/=s:80,tls=x", "a.b/c*=t:http", "d.e/=s:80,tls=x"]
            .iter()
            .filter_map(|r| parse(r))
            .collect();
        let hosts = by_host(&rules);
        assert_eq!(hosts.len(), 2);
        assert_eq!(hosts[0]["http"]["paths"][1]["pathType"], "Prefix");
        assert_eq!(
            certificates(&rules),
            [json!({"hosts": ["a.b", "d.e"], "secretName": "x"})]
        );
    }
}
