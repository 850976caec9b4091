//! What already the level `baseline` forbids: the known ways out of a container.

use serde_json::Value;

use super::restricted::restricted_proc_mount;
use super::{
    Subject, Violation, containers, list, named, names_of, plural, quoted, said, setters, text,
    violation,
};

pub(super) fn app_armor(subject: &Subject<'_>) -> Option<Violation> {
    const KEY: &str = "container.apparmor.security.beta.kubernetes.io/";
    let own = |h: &Value| text(&h["securityContext"]["appArmorProfile"], "type").to_owned();
    let bad = |t: &str| !matches!(t, "" | "RuntimeDefault" | "Localhost");
    let who = setters(subject.spec, |h| bad(&own(h)));
    let types = said(subject.spec, "appArmorProfile", "type");
    let mut types: Vec<String> = types
        .into_iter()
        .filter(|t| bad(t))
        .map(str::to_owned)
        .collect();
    types.sort();
    types.dedup();
    let annotations = subject.pod["metadata"]["annotations"].as_object();
    let mut keys: Vec<String> = annotations
        .into_iter()
        .flatten()
        .filter(|(key, _)| key.starts_with(KEY))
        .filter_map(|(key, value)| {
            let value = value.as_str()?;
            let fine = matches!(value, "" | "runtime/default") || value.starts_with("localhost/");
            (!fine).then(|| format!("{key}=\"{value}\""))
        })
        .collect();
    keys.sort();
    let mut who: Vec<String> = Some(who).filter(|w| !w.is_empty()).into_iter().collect();
    if !keys.is_empty() {
        who.push(plural(keys.len(), "annotation", "annotations").to_owned());
    }
    if who.is_empty() {
        return None;
    }
    types.append(&mut keys);
    let types: Vec<String> = types.iter().map(|t| format!("\"{t}\"")).collect();
    let (one, many) = ("forbidden AppArmor profile", "forbidden AppArmor profiles");
    violation(
        plural(types.len(), one, many),
        format!(
            "{} must not set AppArmor profile type to {}",
            who.join(" and "),
            types.join(", ")
        ),
    )
}

pub(super) fn privileged(subject: &Subject<'_>) -> Option<Violation> {
    let bad = names_of(subject.spec, |c| c["securityContext"]["privileged"] == true);
    if bad.is_empty() {
        return None;
    }
    let detail = format!(
        "{} must not set securityContext.privileged=true",
        named(&bad)
    );
    violation("privileged", detail)
}

fn added(container: &Value) -> impl Iterator<Item = &str> {
    list(&container["securityContext"]["capabilities"], "add").filter_map(Value::as_str)
}

/// The containers that add a capability which is not allowed, and those capabilities.
pub(super) fn adding(spec: &Value, allowed: &[&str]) -> Option<String> {
    let forbidden = |name: &&str| !allowed.contains(name);
    let bad = names_of(spec, |c| added(c).any(|a| forbidden(&a)));
    if bad.is_empty() {
        return None;
    }
    let all = containers(spec);
    let which = all.iter().flat_map(|c| added(c)).filter(forbidden);
    Some(format!(
        "{} must not include {} in securityContext.capabilities.add",
        named(&bad),
        quoted(which.map(str::to_owned).collect())
    ))
}

pub(super) fn baseline_capabilities(subject: &Subject<'_>) -> Option<Violation> {
    const ALLOWED: [&str; 13] = [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ];
    violation("non-default capabilities", adding(subject.spec, &ALLOWED)?)
}

pub(super) fn host_namespaces(subject: &Subject<'_>) -> Option<Violation> {
    let shared: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .iter()
        .filter(|field| subject.spec[**field] == true)
        .map(|field| format!("{field}=true"))
        .collect();
    if shared.is_empty() {
        return None;
    }
    violation("host namespaces", shared.join(", "))
}

pub(super) fn host_paths(subject: &Subject<'_>) -> Option<Violation> {
    let mut paths: Vec<String> = list(subject.spec, "volumes")
        .filter(|v| v["hostPath"].is_object())
        .map(|v| text(v, "name").to_owned())
        .collect();
    paths.dedup();
    if paths.is_empty() {
        return None;
    }
    let word = plural(paths.len(), "volume", "volumes");
    let names: Vec<String> = paths.iter().map(|n| format!("\"{n}\"")).collect();
    violation("hostPath volumes", format!("{word} {}", names.join(", ")))
}

pub(super) fn host_ports(subject: &Subject<'_>) -> Option<Violation> {
    let taken = |c: &Value| -> Vec<u64> {
        let ports = list(c, "ports").filter_map(|p| p["hostPort"].as_u64());
        ports.filter(|n| *n != 0).collect()
    };
    let bad = names_of(subject.spec, |c| !taken(c).is_empty());
    if bad.is_empty() {
        return None;
    }
    let all = containers(subject.spec);
    let mut ports: Vec<u64> = all.into_iter().flat_map(taken).collect();
    ports.sort_unstable();
    ports.dedup();
    let word = plural(ports.len(), "hostPort", "hostPorts");
    let ports: Vec<String> = ports.iter().map(u64::to_string).collect();
    violation(
        "hostPort",
        format!(
            "{} {} {word} {}",
            named(&bad),
            plural(bad.len(), "uses", "use"),
            ports.join(", ")
        ),
    )
}

/// A probe or a hook may not make the kubelet ask another host than the pod.
pub(super) fn hosts_of_probes(subject: &Subject<'_>) -> Option<Violation> {
    let hosts = |c: &Value| -> Vec<String> {
        let probes = ["livenessProbe", "readinessProbe", "startupProbe"].map(|p| c[p].clone());
        let hooks = ["postStart", "preStop"].map(|h| c["lifecycle"][h].clone());
        let handlers = probes.into_iter().chain(hooks);
        let hosts = handlers.flat_map(|h| {
            ["httpGet", "tcpSocket"].map(|action| text(&h[action], "host").to_owned())
        });
        hosts.filter(|h| !h.is_empty()).collect()
    };
    let mut bad = names_of(subject.spec, |c| !hosts(c).is_empty());
    if bad.is_empty() {
        return None;
    }
    bad.sort();
    bad.dedup();
    let all = containers(subject.spec);
    let mut hosts: Vec<String> = all.into_iter().flat_map(hosts).collect();
    hosts.sort();
    hosts.dedup();
    let (one, many) = ("probe or lifecycle host", "probe or lifecycle hosts");
    violation(
        one,
        format!(
            "{} {} {} {}",
            named(&bad),
            plural(bad.len(), "uses", "use"),
            plural(hosts.len(), one, many),
            quoted(hosts)
        ),
    )
}

pub(super) fn proc_mount(subject: &Subject<'_>) -> Option<Violation> {
    match subject.is_in_user_namespace() {
        true => None,
        false => restricted_proc_mount(subject),
    }
}

pub(super) const SECCOMP: &str = "seccompProfile";

pub(super) fn seccomp_annotations(subject: &Subject<'_>) -> Option<Violation> {
    const OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
    const OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
    let containers = containers(subject.spec).into_iter();
    let containers = containers.map(|c| format!("{OF_CONTAINER}{}", text(c, "name")));
    let mut bad: Vec<String> = std::iter::once(OF_POD.to_owned())
        .chain(containers)
        .filter_map(|key| {
            let value = subject.pod["metadata"]["annotations"][&key].as_str()?;
            let fine = matches!(value, "runtime/default" | "docker/default")
                || value.starts_with("localhost/");
            (!fine).then(|| format!("{key}=\"{value}\""))
        })
        .collect();
    if bad.is_empty() {
        return None;
    }
    bad.sort();
    bad.dedup();
    let word = plural(bad.len(), "annotation", "annotations");
    violation(SECCOMP, format!("forbidden {word} {}", bad.join(", ")))
}

pub(super) fn is_safe_seccomp(type_: &str) -> bool {
    matches!(type_, "RuntimeDefault" | "Localhost")
}

pub(super) fn seccomp_type(holder: &Value) -> &str {
    text(&holder["securityContext"][SECCOMP], "type")
}

pub(super) fn baseline_seccomp(subject: &Subject<'_>) -> Option<Violation> {
    let bad = |type_: &str| !type_.is_empty() && !is_safe_seccomp(type_);
    let who = setters(subject.spec, |h| bad(seccomp_type(h)));
    if who.is_empty() {
        return None;
    }
    let types = said(subject.spec, SECCOMP, "type").into_iter();
    let types = types.filter(|t| bad(t)).map(str::to_owned).collect();
    violation(
        SECCOMP,
        format!(
            "{who} must not set securityContext.seccompProfile.type to {}",
            quoted(types)
        ),
    )
}

pub(super) fn selinux(subject: &Subject<'_>) -> Option<Violation> {
    const FIELD: &str = "seLinuxOptions";
    const TYPES: [&str; 3] = ["container_t", "container_init_t", "container_kvm_t"];
    let bad_type = |t: &str| {
        let engine = subject.minor >= 31 && t == "container_engine_t";
        !t.is_empty() && !engine && !TYPES.contains(&t)
    };
    let who = setters(subject.spec, |holder| {
        let options = &holder["securityContext"][FIELD];
        let set = |part: &str| !text(options, part).is_empty();
        bad_type(text(options, "type")) || set("user") || set("role")
    });
    if who.is_empty() {
        return None;
    }
    let mut types: Vec<String> = said(subject.spec, FIELD, "type")
        .into_iter()
        .filter(|t| bad_type(t))
        .map(str::to_owned)
        .collect();
    types.sort();
    types.dedup();
    let mut words = Vec::new();
    if !types.is_empty() {
        let word = plural(types.len(), "type", "types");
        words.push(format!("{word} {}", quoted(types)));
    }
    for part in ["user", "role"] {
        if !said(subject.spec, FIELD, part).is_empty() {
            words.push(format!("{part} may not be set"));
        }
    }
    violation(
        FIELD,
        format!(
            "{who} set forbidden securityContext.seLinuxOptions: {}",
            words.join("; ")
        ),
    )
}

pub(super) fn sysctls(subject: &Subject<'_>) -> Option<Violation> {
    /// Each with the first version whose policies take it for safe.
    const SAFE: [(&str, u32); 12] = [
        ("kernel.shm_rmid_forced", 0),
        ("net.ipv4.ip_local_port_range", 0),
        ("net.ipv4.tcp_syncookies", 0),
        ("net.ipv4.ping_group_range", 0),
        ("net.ipv4.ip_unprivileged_port_start", 0),
        ("net.ipv4.ip_local_reserved_ports", 27),
        ("net.ipv4.tcp_keepalive_time", 29),
        ("net.ipv4.tcp_fin_timeout", 29),
        ("net.ipv4.tcp_keepalive_intvl", 29),
        ("net.ipv4.tcp_keepalive_probes", 29),
        ("net.ipv4.tcp_rmem", 32),
        ("net.ipv4.tcp_wmem", 32),
    ];
    let is_safe = |name: &str| {
        let mut safe = SAFE.iter();
        safe.any(|(safe, since)| *safe == name && *since <= subject.minor)
    };
    let bad: Vec<&str> = list(&subject.spec["securityContext"], "sysctls")
        .map(|s| text(s, "name"))
        .filter(|name| !is_safe(name))
        .collect();
    if bad.is_empty() {
        return None;
    }
    violation("forbidden sysctls", bad.join(", "))
}

pub(super) fn host_process(subject: &Subject<'_>) -> Option<Violation> {
    let who = setters(subject.spec, |h| {
        h["securityContext"]["windowsOptions"]["hostProcess"] == true
    });
    if who.is_empty() {
        return None;
    }
    violation(
        "hostProcess",
        format!("{who} must not set securityContext.windowsOptions.hostProcess=true"),
    )
}
