//! The checks of the two levels (`k8s.io/pod-security-admission/policy`), in its words and its order.

use serde_json::Value;

use super::Level;

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    value[field].as_array().into_iter().flatten()
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

/// `"a", "b"`, each once and in order.
fn quoted(mut names: Vec<String>) -> String {
    names.sort();
    names.dedup();
    let names: Vec<String> = names.iter().map(|n| format!("\"{n}\"")).collect();
    names.join(", ")
}

fn plural<'w>(count: usize, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

/// `container "a"` or `containers "a", "b"`.
fn named(names: &[String]) -> String {
    let list: Vec<String> = names.iter().map(|n| format!("\"{n}\"")).collect();
    format!(
        "{} {}",
        plural(names.len(), "container", "containers"),
        list.join(", ")
    )
}

/// All containers of a pod: init containers, containers, ephemeral ones.
fn containers(spec: &Value) -> Vec<&Value> {
    list(spec, "initContainers")
        .chain(list(spec, "containers"))
        .chain(list(spec, "ephemeralContainers"))
        .collect()
}

fn names_of(spec: &Value, bad: impl Fn(&Value) -> bool) -> Vec<String> {
    let all = containers(spec).into_iter().filter(|c| bad(c));
    all.map(|c| text(c, "name").to_owned()).collect()
}

/// What the pod asks for beyond the level, in the words and the order of the checks.
pub(super) fn violations(pod: &Value, level: Level) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let spec = &pod["spec"];
    if level == Level::Privileged {
        return found;
    }
    let restricted = level == Level::Restricted;
    // The checks of the lower level come first, but for those that the higher one replaces.
    app_armor(pod, &mut found);
    if !restricted {
        baseline_capabilities(spec, &mut found);
    }
    host_namespaces(spec, &mut found);
    if !restricted {
        host_paths(spec, &mut found);
    }
    host_ports(spec, &mut found);
    let bad = names_of(spec, |c| c["securityContext"]["privileged"] == true);
    if !bad.is_empty() {
        found.push(format!(
            "privileged ({} must not set securityContext.privileged=true)",
            named(&bad)
        ));
    }
    proc_mount(spec, &mut found);
    selinux(spec, &mut found);
    if !restricted {
        seccomp(spec, false, &mut found);
    }
    sysctls(spec, &mut found);
    windows(spec, &mut found);
    if restricted {
        let bad = names_of(spec, |c| {
            c["securityContext"]["allowPrivilegeEscalation"] != Value::Bool(false)
        });
        if !bad.is_empty() {
            found.push(format!(
                "allowPrivilegeEscalation != false ({} must set securityContext.allowPrivilegeEscalation=false)",
                named(&bad)
            ));
        }
        restricted_capabilities(spec, &mut found);
        volumes(spec, &mut found);
        run_as(spec, &mut found);
        seccomp(spec, true, &mut found);
    }
    found
}

fn app_armor(pod: &Value, found: &mut Vec<String>) {
    const KEY: &str = "container.apparmor.security.beta.kubernetes.io/";
    let annotations = pod["metadata"]["annotations"].as_object();
    let bad: Vec<String> = annotations
        .into_iter()
        .flatten()
        .filter(|(key, _)| key.starts_with(KEY))
        .filter_map(|(key, value)| {
            let value = value.as_str()?;
            let fine = matches!(value, "" | "runtime/default") || value.starts_with("localhost/");
            (!fine).then(|| format!("{key}=\"{value}\""))
        })
        .collect();
    if !bad.is_empty() {
        let word = plural(
            bad.len(),
            "forbidden AppArmor profile",
            "forbidden AppArmor profiles",
        );
        found.push(format!("{word} ({})", bad.join(", ")));
    }
}

fn added(container: &Value) -> impl Iterator<Item = &str> {
    list(&container["securityContext"]["capabilities"], "add").filter_map(Value::as_str)
}

fn baseline_capabilities(spec: &Value, found: &mut Vec<String>) {
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
    let forbidden = |name: &&str| !ALLOWED.contains(name);
    let bad = names_of(spec, |c| added(c).any(|a| forbidden(&a)));
    if bad.is_empty() {
        return;
    }
    let all = containers(spec);
    let which = all.iter().flat_map(|c| added(c)).filter(forbidden);
    let which = quoted(which.map(str::to_owned).collect());
    found.push(format!(
        "non-default capabilities ({} must not include {which} in securityContext.capabilities.add)",
        named(&bad)
    ));
}

fn restricted_capabilities(spec: &Value, found: &mut Vec<String>) {
    let keeps =
        |c: &Value| !list(&c["securityContext"]["capabilities"], "drop").any(|d| d == "ALL");
    let keeping = names_of(spec, keeps);
    let forbidden = |name: &&str| *name != "NET_BIND_SERVICE";
    let adding = names_of(spec, |c| added(c).any(|a| forbidden(&a)));
    let mut words = Vec::new();
    if !keeping.is_empty() {
        words.push(format!(
            "{} must set securityContext.capabilities.drop=[\"ALL\"]",
            named(&keeping)
        ));
    }
    if !adding.is_empty() {
        let all = containers(spec);
        let which = all.iter().flat_map(|c| added(c)).filter(forbidden);
        let which = quoted(which.map(str::to_owned).collect());
        words.push(format!(
            "{} must not include {which} in securityContext.capabilities.add",
            named(&adding)
        ));
    }
    if !words.is_empty() {
        found.push(format!("unrestricted capabilities ({})", words.join("; ")));
    }
}

fn host_namespaces(spec: &Value, found: &mut Vec<String>) {
    let shared: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .iter()
        .filter(|field| spec[**field] == true)
        .map(|field| format!("{field}=true"))
        .collect();
    if !shared.is_empty() {
        found.push(format!("host namespaces ({})", shared.join(", ")));
    }
}

fn host_paths(spec: &Value, found: &mut Vec<String>) {
    let mut paths: Vec<String> = list(spec, "volumes")
        .filter(|v| v["hostPath"].is_object())
        .map(|v| text(v, "name").to_owned())
        .collect();
    paths.dedup();
    if !paths.is_empty() {
        let word = plural(paths.len(), "volume", "volumes");
        let names: Vec<String> = paths.iter().map(|n| format!("\"{n}\"")).collect();
        found.push(format!("hostPath volumes ({word} {})", names.join(", ")));
    }
}

fn host_ports(spec: &Value, found: &mut Vec<String>) {
    let mut ports: Vec<u64> = Vec::new();
    let bad = names_of(spec, |c| {
        list(c, "ports").any(|p| p["hostPort"].as_u64().is_some_and(|n| n != 0))
    });
    for container in containers(spec) {
        ports.extend(
            list(container, "ports")
                .filter_map(|p| p["hostPort"].as_u64())
                .filter(|n| *n != 0),
        );
    }
    if !bad.is_empty() {
        ports.sort_unstable();
        ports.dedup();
        let word = plural(ports.len(), "hostPort", "hostPorts");
        let ports: Vec<String> = ports.iter().map(u64::to_string).collect();
        found.push(format!(
            "hostPort ({} {} {word} {})",
            named(&bad),
            plural(bad.len(), "uses", "use"),
            ports.join(", ")
        ));
    }
}

fn volumes(spec: &Value, found: &mut Vec<String>) {
    const ALLOWED: [&str; 9] = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    let (mut names, mut types) = (Vec::new(), Vec::new());
    for volume in list(spec, "volumes") {
        let kinds = volume
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, _)| k.as_str());
        if let Some(type_) = kinds
            .filter(|k| *k != "name")
            .find(|k| !ALLOWED.contains(k))
        {
            names.push(format!("\"{}\"", text(volume, "name")));
            types.push(type_.to_owned());
        }
    }
    if names.is_empty() {
        return;
    }
    types.sort();
    types.dedup();
    let (many, several) = (names.len(), types.len());
    let types: Vec<String> = types.iter().map(|t| format!("\"{t}\"")).collect();
    found.push(format!(
        "restricted volume types ({} {} {} restricted volume {} {})",
        plural(many, "volume", "volumes"),
        names.join(", "),
        plural(many, "uses", "use"),
        plural(several, "type", "types"),
        types.join(", ")
    ));
}

fn proc_mount(spec: &Value, found: &mut Vec<String>) {
    let set = |c: &Value| text(&c["securityContext"], "procMount").to_owned();
    let bad = names_of(spec, |c| !matches!(set(c).as_str(), "" | "Default"));
    if bad.is_empty() {
        return;
    }
    let types: Vec<String> = containers(spec)
        .into_iter()
        .map(set)
        .filter(|t| !matches!(t.as_str(), "" | "Default"))
        .collect();
    found.push(format!(
        "procMount ({} must not set securityContext.procMount to {})",
        named(&bad),
        quoted(types)
    ));
}

/// Containers take what they do not say from the pod.
fn run_as(spec: &Value, found: &mut Vec<String>) {
    let of_pod = &spec["securityContext"]["runAsNonRoot"];
    let own = |c: &Value| c["securityContext"]["runAsNonRoot"].clone();
    let explicit = names_of(spec, |c| own(c) == false);
    let implicit = names_of(spec, |c| own(c).is_null());
    if *of_pod == false || !explicit.is_empty() {
        let mut who = Vec::new();
        if *of_pod == false {
            who.push("pod".to_owned());
        }
        if !explicit.is_empty() {
            who.push(named(&explicit));
        }
        found.push(format!(
            "runAsNonRoot != true ({} must not set securityContext.runAsNonRoot=false)",
            who.join(" and ")
        ));
    } else if *of_pod != true && !implicit.is_empty() {
        found.push(format!(
            "runAsNonRoot != true (pod or {} must set securityContext.runAsNonRoot=true)",
            named(&implicit)
        ));
    }
    let root = |holder: &Value| holder["securityContext"]["runAsUser"] == 0;
    let mut who = Vec::new();
    if root(spec) {
        who.push("pod".to_owned());
    }
    let bad = names_of(spec, root);
    if !bad.is_empty() {
        who.push(named(&bad));
    }
    if !who.is_empty() {
        found.push(format!(
            "runAsUser=0 ({} must not set runAsUser=0)",
            who.join(" and ")
        ));
    }
}

fn seccomp(spec: &Value, restricted: bool, found: &mut Vec<String>) {
    let own =
        |holder: &Value| text(&holder["securityContext"]["seccompProfile"], "type").to_owned();
    let fine = |type_: &str| matches!(type_, "RuntimeDefault" | "Localhost");
    let bad = |type_: &str| !type_.is_empty() && !fine(type_);
    let of_pod = own(spec);
    let explicit = names_of(spec, |c| bad(&own(c)));
    if bad(&of_pod) || !explicit.is_empty() {
        let mut who = Vec::new();
        let mut types = Vec::new();
        if bad(&of_pod) {
            who.push("pod".to_owned());
            types.push(of_pod);
        }
        if !explicit.is_empty() {
            who.push(named(&explicit));
        }
        types.extend(containers(spec).into_iter().map(&own).filter(|t| bad(t)));
        found.push(format!(
            "seccompProfile ({} must not set securityContext.seccompProfile.type to {})",
            who.join(" and "),
            quoted(types)
        ));
        return;
    }
    let silent = names_of(spec, |c| own(c).is_empty());
    if restricted && !fine(&of_pod) && !silent.is_empty() {
        found.push(format!(
            "seccompProfile (pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")",
            named(&silent)
        ));
    }
}

fn selinux(spec: &Value, found: &mut Vec<String>) {
    const TYPES: [&str; 5] = [
        "",
        "container_t",
        "container_init_t",
        "container_kvm_t",
        "container_engine_t",
    ];
    let bad_type = |o: &Value| !TYPES.contains(&text(o, "type"));
    let set = |o: &Value, field: &str| !text(o, field).is_empty();
    let bad = |holder: &Value| {
        let o = &holder["securityContext"]["seLinuxOptions"];
        bad_type(o) || set(o, "user") || set(o, "role")
    };
    let mut who = Vec::new();
    if bad(spec) {
        who.push("pod".to_owned());
    }
    let inner = names_of(spec, bad);
    if !inner.is_empty() {
        who.push(named(&inner));
    }
    if who.is_empty() {
        return;
    }
    let mut all = containers(spec);
    all.push(spec);
    let options: Vec<&Value> = all
        .iter()
        .map(|h| &h["securityContext"]["seLinuxOptions"])
        .collect();
    let types: Vec<String> = options
        .iter()
        .filter(|o| bad_type(o))
        .map(|o| text(o, "type").to_owned())
        .collect();
    let mut words = Vec::new();
    if !types.is_empty() {
        let word = plural(types.len(), "type", "types");
        words.push(format!("{word} {}", quoted(types)));
    }
    for field in ["user", "role"] {
        if options.iter().any(|o| set(o, field)) {
            words.push(format!("{field} may not be set"));
        }
    }
    found.push(format!(
        "seLinuxOptions ({} set forbidden securityContext.seLinuxOptions: {})",
        who.join(" and "),
        words.join("; ")
    ));
}

fn sysctls(spec: &Value, found: &mut Vec<String>) {
    const SAFE: [&str; 11] = [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
    ];
    let bad: Vec<&str> = list(&spec["securityContext"], "sysctls")
        .map(|s| text(s, "name"))
        .filter(|name| !SAFE.contains(name) && *name != "net.ipv4.tcp_wmem")
        .collect();
    if !bad.is_empty() {
        found.push(format!("forbidden sysctls ({})", bad.join(", ")));
    }
}

fn windows(spec: &Value, found: &mut Vec<String>) {
    let bad = |holder: &Value| holder["securityContext"]["windowsOptions"]["hostProcess"] == true;
    let mut who = Vec::new();
    if bad(spec) {
        who.push("pod".to_owned());
    }
    let inner = names_of(spec, bad);
    if !inner.is_empty() {
        who.push(named(&inner));
    }
    if !who.is_empty() {
        found.push(format!(
            "hostProcess ({} must not set securityContext.windowsOptions.hostProcess=true)",
            who.join(" and ")
        ));
    }
}
