//! The real `kubectl` against `kubarium-server`: the one on PATH, or the one that `KUBECTL` names.

mod clients;

use clients::{Kubectl, Server};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: c
        image: nginx:1.25
        ports: [{containerPort: 80}]
";

/// A bare cluster with three nodes, quick enough that nothing waits.
fn bare() -> Option<Kubectl> {
    Kubectl::on(Server::start(&["--bare", "--nodes=3", "--speed=10"]))
}

#[test]
fn a_deployment_lives_its_life() {
    let Some(kubectl) = bare() else { return };
    let web = kubectl.file("web.yaml", WEB);
    let web = web.as_str();
    kubectl.says(
        &["apply", "-f", web, "--dry-run=server"],
        "deployment.apps/web created (server dry run)\n",
    );
    kubectl.says(&["apply", "-f", web], "deployment.apps/web created\n");
    let status = kubectl.ok(&["rollout", "status", "deploy/web", "--timeout=60s"]);
    assert!(
        status.ends_with("deployment \"web\" successfully rolled out\n"),
        "{status}"
    );
    kubectl.says(&["apply", "-f", web], "deployment.apps/web unchanged\n");
    kubectl.says(
        &[
            "wait",
            "--for=condition=Available",
            "deploy/web",
            "--timeout=30s",
        ],
        "deployment.apps/web condition met\n",
    );
    let rows = kubectl.ok(&["get", "deploy,rs,pods", "-o", "wide"]);
    assert!(
        rows.contains("deployment.apps/web   3/3     3            3 "),
        "{rows}"
    );
    assert_eq!(rows.matches("pod/web-").count(), 3, "{rows}");
    kubectl.says(
        &[
            "get",
            "deploy",
            "web",
            "-o",
            "jsonpath={.status.readyReplicas}",
        ],
        "3",
    );

    let (diff, code) = kubectl.runs(&[
        "diff",
        "-f",
        &kubectl.file("four.yaml", &WEB.replace("replicas: 3", "replicas: 4")),
    ]);
    assert_eq!(code, 1, "{diff}");
    assert!(diff.contains("-  replicas: 3\n+  replicas: 4\n"), "{diff}");

    kubectl.says(
        &["set", "image", "deploy/web", "c=nginx:1.26"],
        "deployment.apps/web image updated\n",
    );
    kubectl.ok(&["rollout", "status", "deploy/web", "--timeout=60s"]);
    let history = kubectl.ok(&["rollout", "history", "deploy/web"]);
    assert!(
        history.contains("\n1 ") && history.contains("\n2 "),
        "{history}"
    );
    kubectl.says(
        &["rollout", "undo", "deploy/web"],
        "deployment.apps/web rolled back\n",
    );
    kubectl.says(
        &["scale", "deploy/web", "--replicas=1"],
        "deployment.apps/web scaled\n",
    );
    kubectl.ok(&["rollout", "status", "deploy/web", "--timeout=60s"]);
    kubectl.says(
        &["label", "deploy", "web", "tier=front"],
        "deployment.apps/web labeled\n",
    );
    kubectl.says(
        &[
            "patch",
            "deploy",
            "web",
            "--type=json",
            "-p",
            r#"[{"op":"replace","path":"/spec/replicas","value":2}]"#,
        ],
        "deployment.apps/web patched\n",
    );
    let described = kubectl.ok(&["describe", "deploy", "web"]);
    assert!(
        described.contains("Replicas:               2 desired"),
        "{described}"
    );
    assert!(described.contains("ScalingReplicaSet"), "{described}");
    kubectl.says(&["delete", "-f", web], "deployment.apps \"web\" deleted\n");
}

#[test]
fn wrong_objects_are_refused() {
    let Some(kubectl) = bare() else { return };
    let unknown = kubectl.file("unknown.yaml", &WEB.replace("replicas: 3", "replcas: 3"));
    let (text, code) = kubectl.runs(&["apply", "-f", &unknown]);
    assert_eq!(code, 1);
    assert!(
        text.contains("strict decoding error: unknown field \"spec.replcas\""),
        "{text}"
    );
    let (text, code) = kubectl.runs(&["apply", "-f", &unknown, "--validate=warn"]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("Warning: unknown field \"spec.replcas\"\n"),
        "{text}"
    );
    let (text, code) = kubectl.runs(&["get", "deploy", "nope"]);
    assert_eq!(
        (text.as_str(), code),
        (
            "Error from server (NotFound): deployments.apps \"nope\" not found\n",
            1
        )
    );
    let invalid = kubectl.file("invalid.yaml", &WEB.replace("name: web,", "name: Web_,"));
    let (text, _) = kubectl.runs(&["apply", "-f", &invalid]);
    assert!(
        text.starts_with(
            "The Deployment \"Web_\" is invalid: metadata.name: Invalid value: \"Web_\""
        ),
        "{text}"
    );
}

#[test]
fn what_is_served_is_discovered() {
    let Some(kubectl) = bare() else { return };
    let resources = kubectl.ok(&["api-resources"]);
    assert!(resources.contains("deployments "), "{resources}");
    let verbs = kubectl.ok(&["api-resources", "--api-group=apps", "-o", "wide"]);
    assert!(
        verbs.contains("create,delete,deletecollection,get,list,patch,update,watch"),
        "{verbs}"
    );
    let versions = kubectl.ok(&["api-versions"]);
    assert!(versions.lines().any(|line| line == "apps/v1"), "{versions}");
    let version = kubectl.ok(&["version"]);
    assert!(version.contains("Server Version: v1.36"), "{version}");
    let info = kubectl.ok(&["cluster-info"]);
    assert!(info.contains("is running at "), "{info}");
    kubectl.says(&["get", "--raw", "/readyz"], "ok");
    kubectl.says(&["get", "--raw", "/livez"], "ok");
    let nodes = kubectl.ok(&["get", "nodes", "-o", "name"]);
    assert_eq!(nodes, "node/node-0\nnode/node-1\nnode/node-2\n");
    kubectl.says(&["auth", "can-i", "create", "deployments"], "yes\n");
    let me = kubectl.ok(&["auth", "whoami"]);
    assert!(
        me.contains("kubernetes-admin") && me.contains("system:masters"),
        "{me}"
    );
}

#[test]
fn fields_are_explained() {
    let Some(kubectl) = bare() else { return };
    let strategy = kubectl.ok(&["explain", "deploy.spec.strategy", "--recursive"]);
    assert!(
        strategy.contains("FIELD: strategy <DeploymentStrategy>\n"),
        "{strategy}"
    );
    assert!(
        strategy.contains("\n    maxSurge\t<IntOrString>\n"),
        "{strategy}"
    );
    assert!(
        strategy.contains("\n  enum: Recreate, RollingUpdate\n"),
        "{strategy}"
    );
    let containers = kubectl.ok(&["explain", "pod.spec"]);
    assert!(
        containers.contains("  containers\t<[]Container> -required-\n"),
        "{containers}"
    );
    let (text, code) = kubectl.runs(&["explain", "pod.spec.nope"]);
    assert_eq!(code, 1);
    assert!(
        text.ends_with("error: field \"nope\" does not exist\n"),
        "{text}"
    );
}

#[test]
fn changes_are_watched() {
    let Some(kubectl) = bare() else { return };
    let watch = kubectl.begin(&["get", "cm", "-w", "-o", "name"]);
    watch.wait_for("configmap/kube-root-ca.crt");
    kubectl.ok(&["create", "cm", "seen", "--from-literal=a=b"]);
    watch.wait_for("configmap/seen");
    let gone = kubectl.begin(&["wait", "--for=delete", "cm/seen", "--timeout=60s"]);
    kubectl.server.wait_for_log("watch=true", 2);
    kubectl.says(&["delete", "cm", "seen"], "configmap \"seen\" deleted\n");
    gone.wait_for("configmap/seen condition met");
    let table = kubectl.begin(&["get", "cm", "--watch-only"]);
    // It watches from what it has listed: what is new after that comes.
    kubectl.server.wait_for_log("watch=true", 3);
    kubectl.ok(&["create", "cm", "later"]);
    table.wait_for("later ");
}

#[test]
fn deletion_knows_its_modes() {
    let Some(kubectl) = bare() else { return };
    let web = kubectl.file("web.yaml", WEB);
    for mode in ["background", "foreground", "orphan"] {
        kubectl.ok(&["apply", "-f", &web]);
        kubectl.ok(&["rollout", "status", "deploy/web", "--timeout=60s"]);
        kubectl.says(
            &["delete", "deploy", "web", &format!("--cascade={mode}")],
            "deployment.apps \"web\" deleted\n",
        );
        if mode == "orphan" {
            let left = kubectl.ok(&["get", "rs", "-l", "app=web", "-o", "name"]);
            assert_eq!(left.lines().count(), 1, "{left}");
            kubectl.ok(&["delete", "rs", "-l", "app=web"]);
        }
        kubectl.ok(&[
            "wait",
            "--for=delete",
            "pod",
            "-l",
            "app=web",
            "--timeout=60s",
        ]);
    }
    kubectl.ok(&["run", "lone", "--image=nginx"]);
    let forced = kubectl.ok(&["delete", "pod", "lone", "--force", "--grace-period=0"]);
    assert!(forced.contains("pod \"lone\" force deleted"), "{forced}");
}

#[test]
fn a_node_is_drained() {
    let Some(kubectl) = bare() else { return };
    let web = kubectl.file("web.yaml", WEB);
    kubectl.ok(&["apply", "-f", &web]);
    kubectl.ok(&["rollout", "status", "deploy/web", "--timeout=60s"]);
    let drained = kubectl.ok(&["drain", "node-1", "--timeout=60s"]);
    assert!(
        drained.contains("node/node-1 cordoned") && drained.contains("node/node-1 drained"),
        "{drained}"
    );
    let left = kubectl.ok(&[
        "get",
        "pods",
        "--field-selector=spec.nodeName=node-1",
        "-o",
        "name",
    ]);
    assert_eq!(left, "");
    kubectl.says(&["uncordon", "node-1"], "node/node-1 uncordoned\n");
}

#[test]
fn logs_are_followed() {
    let Some(kubectl) = Kubectl::on(Server::start(&["--nodes=1", "--speed=10"])) else {
        return;
    };
    let args = [
        "--image=busybox",
        "--restart=Never",
        "--",
        "sh",
        "-c",
        "for i in 1 2 3; do echo line $i; sleep 5; done; echo done",
    ];
    kubectl.ok(&[&["run", "talker"], &args[..]].concat());
    kubectl.ok(&[
        "wait",
        "--for=jsonpath={.status.phase}=Running",
        "pod/talker",
        "--timeout=60s",
    ]);
    let log = kubectl.ok(&["logs", "-f", "talker"]);
    assert_eq!(log, "line 1\nline 2\nline 3\ndone\n");
    let tail = kubectl.ok(&["logs", "talker", "--tail=1"]);
    assert_eq!(tail, "done\n");
}

/// A cluster whose containers run, with a pod that waits.
fn with_a_pod() -> Option<Kubectl> {
    let kubectl = Kubectl::on(Server::start(&["--nodes=1", "--speed=10"]))?;
    let sleeps = "while true; do echo tick; sleep 5; done";
    let args = ["run", "box", "--image=busybox", "--", "sh", "-c", sleeps];
    kubectl.ok(&args);
    kubectl.ok(&["wait", "--for=condition=Ready", "pod/box", "--timeout=60s"]);
    Some(kubectl)
}

#[test]
fn commands_run_in_a_container() {
    let Some(kubectl) = with_a_pod() else { return };
    kubectl.says(&["exec", "box", "--", "echo", "a b", "c"], "a b c\n");
    kubectl.ok(&["exec", "box", "--", "sh", "-c", "echo x > /tmp/seen"]);
    kubectl.says(&["exec", "box", "--", "ls", "/tmp"], "seen\n");

    // Streams stay apart, and the exit code comes through.
    let both = "echo out; echo err >&2; exit 3";
    let (out, err, code) = kubectl.fed(&["exec", "box", "--", "sh", "-c", both], "");
    assert_eq!((out.as_str(), code), ("out\n", 3), "{err}");
    assert_eq!(err, "err\ncommand terminated with exit code 3\n");

    // The end of the input is told apart from the end of the connection.
    let (out, err, code) = kubectl.fed(&["exec", "-i", "box", "--", "cat"], "één\ntwo\n");
    assert_eq!((out.as_str(), err.as_str(), code), ("één\ntwo\n", "", 0));
    let (out, _, code) = kubectl.fed(
        &["exec", "-i", "box", "--", "sh"],
        "echo $((6*7))\nexit 4\n",
    );
    assert_eq!((out.as_str(), code), ("42\n", 4));
    let long = "0123456789abcde\n".repeat(8_000);
    let (out, err, code) = kubectl.fed(&["exec", "-i", "box", "--", "wc", "-c"], &long);
    assert_eq!((out.trim(), code), ("128000", 0), "{err}");
    // What reads nothing does not wait for input.
    let (out, _, code) = kubectl.fed(&["exec", "-i", "box", "--", "echo", "hi"], "");
    assert_eq!((out.as_str(), code), ("hi\n", 0));
}

#[test]
fn commands_that_cannot_run_are_refused() {
    let Some(kubectl) = with_a_pod() else { return };
    let (_, err, code) = kubectl.fed(&["exec", "box", "--", "nope"], "");
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("exec: \"nope\": executable file not found in $PATH: unknown"),
        "{err}"
    );
    let (_, err, code) = kubectl.fed(&["exec", "box", "-c", "other", "--", "ls"], "");
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("container other is not valid for pod box"),
        "{err}"
    );
    let (_, err, code) = kubectl.fed(&["exec", "none", "--", "ls"], "");
    assert_eq!(
        (err.as_str(), code),
        ("Error from server (NotFound): pods \"none\" not found\n", 1)
    );
    let (_, err, code) = kubectl.fed(&["exec", "box", "--as=jane", "--", "ls"], "");
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("User \"jane\" cannot"), "{err}");
    let (_, err, code) = kubectl.fed(&["port-forward", "pod/box", "0:80"], "");
    assert_ne!(code, 0, "{err}");
}

#[test]
fn what_a_container_writes_is_attached_to() {
    let Some(kubectl) = with_a_pod() else { return };
    let attached = kubectl.begin(&["attach", "box"]);
    attached.wait_for("tick");
    attached.wait_for("tick");
    let (out, err, code) = kubectl.fed(
        &[
            "run",
            "-i",
            "once",
            "--image=busybox",
            "--restart=Never",
            "--",
            "sh",
        ],
        "echo from $HOSTNAME\nexit\n",
    );
    assert!(out.contains("from once\n"), "{out}{err}{code}");
}

#[test]
fn applying_on_the_server_knows_owners() {
    let Some(kubectl) = bare() else { return };
    let web = kubectl.file("web.yaml", WEB);
    kubectl.says(
        &["apply", "--server-side", "-f", &web],
        "deployment.apps/web serverside-applied\n",
    );
    let four = kubectl.file("four.yaml", &WEB.replace("replicas: 3", "replicas: 4"));
    let (text, code) = kubectl.runs(&[
        "apply",
        "--server-side",
        "--field-manager=other",
        "-f",
        &four,
    ]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("conflict with \"kubectl\": .spec.replicas"),
        "{text}"
    );
    let forced = [
        "apply",
        "--server-side",
        "--field-manager=other",
        "--force-conflicts",
        "-f",
        &four,
    ];
    kubectl.says(&forced, "deployment.apps/web serverside-applied\n");
    kubectl.says(
        &["get", "deploy", "web", "-o", "jsonpath={.spec.replicas}"],
        "4",
    );
    kubectl.ok(&["rollout", "status", "deploy/web", "--timeout=60s"]);
    kubectl.says(
        &["rollout", "pause", "deploy/web"],
        "deployment.apps/web paused\n",
    );
    kubectl.says(
        &["rollout", "resume", "deploy/web"],
        "deployment.apps/web resumed\n",
    );
    kubectl.says(
        &["rollout", "restart", "deploy/web"],
        "deployment.apps/web restarted\n",
    );
    kubectl.ok(&["rollout", "status", "deploy/web", "--timeout=60s"]);
    let (text, code) = kubectl.runs(&["auth", "can-i", "delete", "pods", "--as=jane"]);
    assert_eq!((text.as_str(), code), ("no\n", 1));
}

#[test]
fn accounts_come_in_by_their_tokens_and_strangers_do_not() {
    let Some(kubectl) = bare() else { return };
    kubectl.says(&["create", "sa", "robot"], "serviceaccount/robot created\n");
    let token = kubectl.ok(&["create", "token", "robot"]);
    let config = kubectl.with_token(token.trim());
    let config = config.as_str();
    let (text, code) = kubectl.runs(&["--kubeconfig", config, "get", "pods"]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("User \"system:serviceaccount:default:robot\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\""),
        "{text}"
    );
    let (text, code) = kubectl.runs(&["get", "pods", "--as=jane"]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("User \"jane\" cannot list resource \"pods\""),
        "{text}"
    );
}

#[test]
fn manifests_are_there_from_the_start_and_sigterm_ends_cleanly() {
    let folder = clients::folder("manifests");
    std::fs::write(folder.join("web.yaml"), WEB).unwrap();
    let folder = folder.to_str().unwrap().to_owned();
    let server = Server::start(&["--bare", "--nodes=2", "--manifests", &folder]);
    let Some(kubectl) = Kubectl::on(server) else {
        return;
    };
    let watch = kubectl.begin(&["get", "deploy", "-w"]);
    watch.wait_for("web ");
    let code = kubectl.server.terminate();
    assert_eq!(code, Some(0));
}

#[test]
fn requests_for_certificates_are_decided() {
    let Some(kubectl) = bare() else { return };
    // `/O=dev/CN=jane`, made by openssl.
    let request = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWU1IOENBUUF3SFRFTU1Bb0dBMVVFQ2d3RFpHVjJNUTB3Q3dZRFZRUUREQVJxWVc1bE1Ga3dFd1lIS29aSQp6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVtTVFTdDlaUktkVTVxcVJIbDBoS1RsSzZuRmRsT2UrUFhBcUtTS1dlCnJvNHFuTWllWGZDUXo0TVZBb1h3czlrSjhJOHpzMENGN2dycHU3QzNiRENrREtBQU1Bb0dDQ3FHU000OUJBTUMKQTBrQU1FWUNJUUM0OXpBdnI3Zlg2Q2RmajUrTkZKQVFpY1NndXVmOU1mYzNXR0tqeTMxblV3SWhBSUxyRXNjYQpDS3Rxd0dsTTdEWGd1WHFKK3lEdENteG1yejFHbDdSWXJFaEcKLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";
    let csr = format!(
        "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata:\n  name: jane\n\
         spec:\n  request: {request}\n  signerName: kubernetes.io/kube-apiserver-client\n  usages: [client auth]\n"
    );
    let csr = kubectl.file("csr.yaml", &csr);
    kubectl.ok(&["create", "-f", &csr]);
    kubectl.says(
        &["certificate", "approve", "jane"],
        "certificatesigningrequest.certificates.k8s.io/jane approved\n",
    );
    kubectl.ok(&[
        "wait",
        "--for=jsonpath={.status.certificate}",
        "csr/jane",
        "--timeout=30s",
    ]);
    let described = kubectl.ok(&["describe", "csr", "jane"]);
    for line in [
        "Approved,Issued",
        "Organization:   dev",
        "Common Name:    jane",
    ] {
        assert!(described.contains(line), "{described}");
    }
    let (text, code) = kubectl.runs(&["certificate", "deny", "jane"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("is already Approved"), "{text}");
}

#[test]
fn json_has_an_indent_for_people() {
    let Some(kubectl) = bare() else { return };
    kubectl.says(&["create", "sa", "robot"], "serviceaccount/robot created\n");
    kubectl.ok(&[
        "create",
        "clusterrolebinding",
        "robot",
        "--clusterrole=cluster-admin",
        "--serviceaccount=default:robot",
    ]);
    kubectl.ok(&["create", "cm", "one", "--from-literal=a=b"]);
    let token = kubectl.ok(&["create", "token", "robot"]);
    let curl = |path: &str, more: &[&str]| kubectl.curl(token.trim(), path, more);
    let one = "/api/v1/namespaces/default/configmaps/one";
    let Some(pretty) = curl(one, &[]) else { return };
    let begins = "{\n  \"kind\": \"ConfigMap\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {\n    \"name\": \"one\",\n";
    let ends = "  \"data\": {\n    \"a\": \"b\"\n  }\n}|200";
    assert!(
        pretty.starts_with(begins) && pretty.ends_with(ends),
        "{pretty}"
    );
    for (query, more, is) in [
        ("?pretty=0", &[][..], false),
        ("?pretty=false", &[], false),
        ("?pretty=", &[], true),
        ("?pretty=true", &["-A", "robot/1.0"], true),
        ("?pretty=1", &["-A", "robot/1.0"], true),
        ("", &["-A", "robot/1.0"], false),
        ("", &["-A", "curlew"], true),
        ("", &["-A", "Wget/1.21"], true),
        ("", &["-A", "Mozilla/5.0 (X11)"], true),
        ("", &["-A", "Mozilla/4.0"], false),
        (
            "",
            &["-A", "robot/1.0", "-H", "Accept: application/json;pretty=1"],
            true,
        ),
    ] {
        let text = curl(&format!("{one}{query}"), more).unwrap_or_default();
        let expected = if is {
            begins
        } else {
            "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"one\","
        };
        assert!(text.starts_with(expected), "{query} {more:?}: {text}");
        let last = if is { "}|200" } else { "}\n|200" };
        assert!(text.ends_with(last), "{query} {more:?}: {text}");
    }
    // Lists, refusals and discovery as well; the schema stays as it is.
    for (path, begins, ends) in [
        (
            "/api/v1/configmaps?limit=1",
            "{\n  \"kind\": \"ConfigMapList\",",
            "  ]\n}|200",
        ),
        (
            "/api/v1/configmaps/x/y",
            "{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {},\n",
            "  \"code\": 404\n}|404",
        ),
        (
            "/api/v1",
            "{\n  \"kind\": \"APIResourceList\",",
            "  ]\n}|200",
        ),
        ("/openapi/v3", "{\"paths\":{", "|200"),
    ] {
        let text = curl(path, &[]).unwrap_or_default();
        assert!(
            text.starts_with(begins) && text.ends_with(ends),
            "{path}: {text}"
        );
    }
}

#[test]
fn requests_are_handed_on_to_pods_and_services() {
    let whole = Server::start(&["--nodes=2", "--speed=10"]);
    let Some(kubectl) = Kubectl::on(whole) else {
        return;
    };
    let web = kubectl.file("web.yaml", WEB);
    kubectl.ok(&["apply", "-f", &web]);
    kubectl.ok(&["rollout", "status", "deploy/web", "--timeout=60s"]);
    kubectl.ok(&["expose", "deploy", "web", "--port=80"]);
    kubectl.ok(&["create", "svc", "clusterip", "none", "--tcp=80"]);
    let pod = kubectl.ok(&["get", "pods", "-o", "name"]);
    let pod = pod
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("pod/");
    let base = "/api/v1/namespaces/default";
    let mut page = String::new();
    for _ in 0..50 {
        (page, _) = kubectl.runs(&["get", "--raw", &format!("{base}/services/web:80/proxy/")]);
        if page.contains("Welcome to nginx!") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(page.contains("<title>Welcome to nginx!</title>"), "{page}");
    for path in [
        "services/web/proxy".to_owned(),
        format!("pods/{pod}/proxy/"),
        format!("pods/http:{pod}:80/proxy/"),
    ] {
        let text = kubectl.ok(&["get", "--raw", &format!("{base}/{path}")]);
        assert!(
            text.contains("<title>Welcome to nginx!</title>"),
            "{path}: {text}"
        );
    }
    for (path, refused) in [
        (
            "services/none/proxy/",
            "no endpoints available for service \"none\"",
        ),
        (
            "services/web:81/proxy/",
            "no service port 81 found for service \"web\"",
        ),
        ("services/gone/proxy/", "services \"gone\" not found"),
    ] {
        let (text, code) = kubectl.runs(&["get", "--raw", &format!("{base}/{path}")]);
        assert!(code == 1 && text.contains(refused), "{path}: {text}");
    }
    let (text, _) = kubectl.runs(&["get", "--raw", &format!("{base}/pods/{pod}:81/proxy/")]);
    assert!(
        text.contains("error trying to reach service: dial tcp ")
            && text.contains(":81: connect: connection refused"),
        "{text}"
    );
    kubectl.ok(&["create", "sa", "robot"]);
    let token = kubectl.ok(&["create", "token", "robot"]);
    let refused = kubectl.curl(token.trim(), &format!("{base}/services/web:80/proxy/"), &[]);
    if let Some(refused) = refused {
        assert!(
            refused.contains("cannot get resource \\\"services/proxy\\\" in API group \\\"\\\"")
                && refused.ends_with("}|403"),
            "{refused}"
        );
    }
    kubectl.ok(&[
        "create",
        "clusterrolebinding",
        "robot",
        "--clusterrole=cluster-admin",
        "--serviceaccount=default:robot",
    ]);
    for (path, more, expected) in [
        (
            "services/web/proxy?a=b",
            &["-D", "-"][..],
            "location: /api/v1/namespaces/default/services/web/proxy/?a=b",
        ),
        ("services/web/proxy/nowhere", &["-D", "-"], "|404"),
        ("services/web/proxy/", &["-I"], "server: nginx"),
        ("services/web/proxy/", &["-d", "a=b"], "welcome to nginx"),
    ] {
        let text = kubectl
            .curl(token.trim(), &format!("{base}/{path}"), more)
            .unwrap_or_default();
        assert!(
            text.is_empty() || text.to_lowercase().contains(expected),
            "{path}: {text}"
        );
    }
}
