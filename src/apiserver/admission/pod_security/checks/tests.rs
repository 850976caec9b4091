//! Each check with a pod that it finds fault with, and the version since when it does.

use serde_json::{Value, json};

use super::super::{Level, Policy};
use super::violations;

fn found(pod: &Value, level: Level, version: Option<u32>) -> Vec<String> {
    let policy = Policy { level, version };
    let found = violations(pod, &policy).into_iter();
    found
        .map(|v| format!("{} ({})", v.reason, v.detail))
        .collect()
}

fn pod(spec: Value) -> Value {
    json!({"metadata": {"name": "p"}, "spec": spec})
}

/// A pod of one container whose security context says so.
fn container(context: Value) -> Value {
    pod(json!({"containers": [{"name": "a", "securityContext": context}]}))
}

#[test]
fn what_baseline_forbids() {
    let annotated = json!({
        "metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}},
        "spec": {"containers": [{"name": "a", "securityContext": {"appArmorProfile": {"type": "Unconfined"}}}]}
    });
    let cases = [
        (
            annotated,
            "forbidden AppArmor profiles (container \"a\" and annotation must not set AppArmor profile type to \"Unconfined\", \"container.apparmor.security.beta.kubernetes.io/a=\"unconfined\"\")",
        ),
        (
            pod(
                json!({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}, "containers": []}),
            ),
            "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\")",
        ),
        (
            container(json!({"capabilities": {"add": ["NET_RAW", "CHOWN", "NET_ADMIN"]}})),
            "non-default capabilities (container \"a\" must not include \"NET_ADMIN\", \"NET_RAW\" in securityContext.capabilities.add)",
        ),
        (
            pod(json!({"hostNetwork": true, "hostIPC": true, "containers": []})),
            "host namespaces (hostNetwork=true, hostIPC=true)",
        ),
        (
            pod(json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}], "containers": []})),
            "hostPath volumes (volume \"v\")",
        ),
        (
            pod(
                json!({"containers": [{"name": "a", "ports": [{"hostPort": 80}, {"hostPort": 0}]}, {"name": "b", "ports": [{"hostPort": 81}]}]}),
            ),
            "hostPort (containers \"a\", \"b\" use hostPorts 80, 81)",
        ),
        (
            pod(
                json!({"containers": [{"name": "b", "livenessProbe": {"httpGet": {"host": "x"}}},
                {"name": "a", "lifecycle": {"preStop": {"tcpSocket": {"host": "y"}}}}]}),
            ),
            "probe or lifecycle host (containers \"a\", \"b\" use probe or lifecycle hosts \"x\", \"y\")",
        ),
        (
            container(json!({"privileged": true})),
            "privileged (container \"a\" must not set securityContext.privileged=true)",
        ),
        (
            container(json!({"procMount": "Unmasked"})),
            "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")",
        ),
        (
            pod(
                json!({"securityContext": {"seLinuxOptions": {"type": "foo", "user": "u"}}, "containers": [{"name": "a", "securityContext": {"seLinuxOptions": {"role": "r"}}}]}),
            ),
            "seLinuxOptions (pod and container \"a\" set forbidden securityContext.seLinuxOptions: type \"foo\"; user may not be set; role may not be set)",
        ),
        (
            container(json!({"seLinuxOptions": {"user": "u"}})),
            "seLinuxOptions (container \"a\" set forbidden securityContext.seLinuxOptions: user may not be set)",
        ),
        (
            container(json!({"seccompProfile": {"type": "Unconfined"}})),
            "seccompProfile (container \"a\" must not set securityContext.seccompProfile.type to \"Unconfined\")",
        ),
        (
            pod(
                json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}]}, "containers": []}),
            ),
            "forbidden sysctls (kernel.msgmax)",
        ),
        (
            pod(
                json!({"securityContext": {"windowsOptions": {"hostProcess": true}}, "containers": []}),
            ),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
    ];
    for (pod, words) in cases {
        assert_eq!(found(&pod, Level::Baseline, None), [words], "{pod}");
        assert!(found(&pod, Level::Privileged, None).is_empty(), "{pod}");
    }
}

#[test]
fn what_restricted_asks_for() {
    assert_eq!(
        found(&container(json!({})), Level::Restricted, None),
        [
            "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false)",
            "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"])",
            "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true)",
            "seccompProfile (pod or container \"a\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")",
        ]
    );
    let bad = pod(json!({
        "securityContext": {"runAsNonRoot": false, "runAsUser": 0, "seccompProfile": {"type": "Unconfined"}},
        "volumes": [{"name": "h", "hostPath": {"path": "/"}}, {"name": "n", "nfs": {}}, {"name": "e", "emptyDir": {}}],
        "containers": [{"name": "a", "securityContext": {"allowPrivilegeEscalation": false, "runAsUser": 0,
            "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "CHOWN"]}}}]
    }));
    assert_eq!(
        found(&bad, Level::Restricted, None),
        [
            "unrestricted capabilities (container \"a\" must not include \"CHOWN\" in securityContext.capabilities.add)",
            "restricted volume types (volumes \"h\", \"n\" use restricted volume types \"hostPath\", \"nfs\")",
            "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)",
            "runAsUser=0 (pod and container \"a\" must not set runAsUser=0)",
            "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")",
        ]
    );
}

/// What is found with the policies of one version, and not with those of the one before.
#[test]
fn policies_of_older_versions_ask_for_less_or_more() {
    let reasons = |pod: &Value, level: Level, version: u32| -> Vec<String> {
        let policy = Policy {
            level,
            version: Some(version),
        };
        let found = violations(pod, &policy).into_iter();
        found.map(|v| v.reason).collect()
    };
    let host =
        pod(json!({"containers": [{"name": "a", "startupProbe": {"tcpSocket": {"host": "x"}}}]}));
    assert!(reasons(&host, Level::Baseline, 33).is_empty());
    assert_eq!(
        reasons(&host, Level::Baseline, 34),
        ["probe or lifecycle host"]
    );
    let sysctl = pod(
        json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_fin_timeout"}]}, "containers": []}),
    );
    assert_eq!(reasons(&sysctl, Level::Baseline, 28), ["forbidden sysctls"]);
    assert!(reasons(&sysctl, Level::Baseline, 29).is_empty());
    let engine = container(json!({"seLinuxOptions": {"type": "container_engine_t"}}));
    assert_eq!(reasons(&engine, Level::Baseline, 30), ["seLinuxOptions"]);
    assert!(reasons(&engine, Level::Baseline, 31).is_empty());
    let plain = container(json!({}));
    assert_eq!(
        reasons(&plain, Level::Restricted, 0),
        ["runAsNonRoot != true"]
    );
    assert_eq!(reasons(&plain, Level::Restricted, 22).len(), 4);
    // A version that is not out yet is the newest that is.
    assert_eq!(reasons(&plain, Level::Restricted, 99).len(), 4);
    let annotated = json!({
        "metadata": {"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}},
        "spec": {"containers": []}
    });
    let words = "seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")";
    assert_eq!(found(&annotated, Level::Baseline, Some(18)), [words]);
    assert!(reasons(&annotated, Level::Baseline, 19).is_empty());
}

#[test]
fn windows_and_user_namespaces_are_asked_for_less() {
    let of_windows = |minor| {
        let pod = pod(
            json!({"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": true}, "containers": [{"name": "a"}]}),
        );
        found(&pod, Level::Restricted, Some(minor)).len()
    };
    assert_eq!((of_windows(24), of_windows(25)), (3, 0));
    let root = pod(
        json!({"hostUsers": false, "securityContext": {"runAsUser": 0},
        "containers": [{"name": "a", "securityContext": {"procMount": "Unmasked"}}]}),
    );
    let reasons = |level, minor| {
        let found = found(&root, level, Some(minor));
        let is = |word: &str| found.iter().any(|f| f.starts_with(word));
        (is("procMount"), is("runAsUser"), is("runAsNonRoot"))
    };
    assert_eq!(reasons(Level::Baseline, 34), (true, false, false));
    assert_eq!(reasons(Level::Baseline, 35), (false, false, false));
    assert_eq!(reasons(Level::Restricted, 34), (true, true, true));
    assert_eq!(reasons(Level::Restricted, 35), (true, false, false));
}
