//! The help of `kubectl`: its commands by group, and a page for each command.
//! Models `k8s.io/kubectl/pkg/cmd/cmd.go` (the groups) and `k8s.io/kubectl/pkg/util/templates`.

use super::{COMMANDS, Command, members};
use crate::kubectl::flags::{Flag, GLOBAL, Value};

/// The groups of commands, in the order in which `kubectl` lists them.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Basic Commands (Beginner):",
        &["create", "expose", "run", "set"],
    ),
    (
        "Basic Commands (Intermediate):",
        &["explain", "get", "edit", "delete"],
    ),
    ("Deploy Commands:", &["rollout", "scale", "autoscale"]),
    (
        "Cluster Management Commands:",
        &[
            "certificate",
            "cluster-info",
            "top",
            "cordon",
            "uncordon",
            "drain",
            "taint",
        ],
    ),
    (
        "Troubleshooting and Debugging Commands:",
        &[
            "describe",
            "logs",
            "attach",
            "exec",
            "port-forward",
            "proxy",
            "cp",
            "auth",
            "debug",
            "events",
        ],
    ),
    (
        "Advanced Commands:",
        &["diff", "apply", "patch", "replace", "wait", "kustomize"],
    ),
    ("Settings Commands:", &["label", "annotate", "completion"]),
    (
        "Other Commands:",
        &[
            "api-resources",
            "api-versions",
            "config",
            "plugin",
            "version",
        ],
    ),
];

/// What words do that only lead to other commands.
fn of_group(word: &str) -> &'static str {
    match word {
        "set" => "Set specific features on objects",
        "rollout" => "Manage the rollout of a resource",
        "top" => "Display resource (CPU/memory) usage",
        "auth" => "Inspect authorization",
        "config" => "Modify kubeconfig files",
        "plugin" => "Provides utilities for interacting with plugins",
        "create secret" => "Create a secret using a specified subcommand",
        "create service" => "Create a service using a specified subcommand",
        "certificate" => "Modify certificate resources",
        _ => "",
    }
}

fn short_of(path: &str) -> &'static str {
    match COMMANDS.iter().find(|c| c.path == path) {
        Some(command) => command.short,
        None => of_group(path),
    }
}

/// `kubectl help get pods` asks for what `kubectl get --help` says.
pub fn asked_for(arguments: &[String]) -> Vec<String> {
    match arguments.split_first() {
        Some((first, [])) if first == "help" => Vec::new(),
        Some((first, rest)) if first == "help" => {
            let mut words = rest.to_vec();
            words.push("--help".to_owned());
            words
        }
        _ => arguments.to_vec(),
    }
}

/// The commands of a group, or of all of `kubectl`.
pub fn overview(group: &str) -> String {
    let mut text = String::new();
    let line = |path: &str, word: &str| format!("  {word:<15} {}\n", short_of(path));
    if group.is_empty() {
        text.push_str("kubectl controls the Kubernetes cluster manager.\n\n Find more information at: https://kubernetes.io/docs/reference/kubectl/\n\n");
        let all = members("");
        for (title, words) in GROUPS {
            text.push_str(&format!("{title}\n"));
            for word in words.iter().filter(|w| all.contains(w)) {
                text.push_str(&line(word, word));
            }
            text.push('\n');
        }
        text.push_str("Usage:\n  kubectl [flags] [options]\n\n");
    } else {
        text.push_str(&format!("{}.\n\nAvailable Commands:\n", short_of(group)));
        for word in members(group) {
            text.push_str(&line(&format!("{group} {word}"), word));
        }
        text.push_str(&format!(
            "\nUsage:\n  kubectl {group} [flags] [options]\n\n"
        ));
    }
    let command = match group {
        "" => "kubectl <command>".to_owned(),
        group => format!("kubectl {group} <command>"),
    };
    text.push_str(&format!(
        "Use \"{command} --help\" for more information about a given command.\nUse \"kubectl options\" for a list of global command-line options (applies to all commands).\n"
    ));
    text
}

fn of_flag(flag: &Flag) -> String {
    let short = flag.short.map_or("    ".to_owned(), |s| format!("-{s}, "));
    let value = match flag.value {
        Value::Bool => "=false",
        Value::Text => "=''",
        Value::Int => "=0",
        Value::Duration => "=0s",
        Value::List | Value::Repeated => "=[]",
        Value::Optional(default) => return format!("    {short}--{}='{default}'\n", flag.name),
    };
    format!("    {short}--{}{value}\n", flag.name)
}

/// The flags of every command.
pub fn options() -> String {
    let mut text = "The following options can be passed to any command:\n\n".to_owned();
    text.extend(GLOBAL.iter().filter(|f| f.name != "help").map(of_flag));
    text
}

/// Lines that show a command at work.
fn examples(path: &str) -> &'static [&'static str] {
    match path {
        "get" => &[
            "kubectl get pods -o wide",
            "kubectl get deploy/web -o yaml",
            "kubectl get rs,services",
        ],
        "create" => &[
            "kubectl create -f pod.yaml",
            "cat pod.yaml | kubectl create -f -",
        ],
        "create deployment" => &["kubectl create deployment web --image=nginx --replicas=3"],
        "create configmap" => &["kubectl create configmap settings --from-literal=mode=fast"],
        "create secret generic" => {
            &["kubectl create secret generic login --from-literal=user=anna"]
        }
        "create secret tls" => &["kubectl create secret tls site --cert=site.crt --key=site.key"],
        "run" => &[
            "kubectl run web --image=nginx",
            "kubectl run once --image=busybox --restart=Never -- date",
        ],
        "expose" => &["kubectl expose deployment web --port=80 --target-port=8080"],
        "delete" => &[
            "kubectl delete -f pod.yaml",
            "kubectl delete pod,service -l app=web",
        ],
        "apply" => &[
            "kubectl apply -f web.yaml",
            "kubectl apply --server-side -f web.yaml",
        ],
        "describe" => &[
            "kubectl describe node worker-1",
            "kubectl describe pods -l app=web",
        ],
        "logs" => &["kubectl logs web", "kubectl logs -f deploy/web --tail=20"],
        "scale" => &["kubectl scale --replicas=3 deploy/web"],
        "autoscale" => &["kubectl autoscale deploy web --min=2 --max=10 --cpu=80%"],
        "rollout status" => &["kubectl rollout status deploy/web"],
        "rollout undo" => &["kubectl rollout undo deploy/web --to-revision=3"],
        "rollout history" => &["kubectl rollout history deploy/web --revision=2"],
        "rollout restart" => &["kubectl rollout restart deploy/web"],
        "set image" => &["kubectl set image deploy/web web=nginx:1.28"],
        "set env" => &["kubectl set env deploy/web MODE=fast OLD-"],
        "set selector" => &["kubectl set selector svc/web app=web,tier=front"],
        "label" => &[
            "kubectl label pods web tier=front",
            "kubectl label pods web tier-",
        ],
        "annotate" => &["kubectl annotate pods web note='look here'"],
        "taint" => &[
            "kubectl taint nodes worker-1 gpu=yes:NoSchedule",
            "kubectl taint nodes worker-1 gpu-",
        ],
        "drain" => &["kubectl drain worker-1 --ignore-daemonsets"],
        "cordon" => &["kubectl cordon worker-1"],
        "uncordon" => &["kubectl uncordon worker-1"],
        "patch" => &["kubectl patch deploy web -p '{\"spec\":{\"replicas\":2}}'"],
        "wait" => &["kubectl wait --for=condition=Ready pod/web --timeout=60s"],
        "explain" => &["kubectl explain pods.spec.containers"],
        "auth can-i" => &[
            "kubectl auth can-i create pods",
            "kubectl auth can-i --list",
        ],
        _ => &[],
    }
}

/// The page of one command.
pub fn of(command: &Command) -> String {
    let mut text = format!("{}.\n", command.short.trim_end_matches('.'));
    let examples = examples(command.path);
    if !examples.is_empty() {
        text.push_str("\nExamples:\n");
        text.extend(examples.iter().map(|line| format!("  {line}\n")));
    }
    let below = members(command.path);
    if !below.is_empty() {
        text.push_str("\nAvailable Commands:\n");
        for word in below {
            let short = short_of(&format!("{} {word}", command.path));
            text.push_str(&format!("  {word:<15} {short}\n"));
        }
    }
    text.push_str("\nOptions:\n");
    text.extend(command.flags.iter().flat_map(|f| f.iter()).map(of_flag));
    text.push_str(&format!(
        "\nUsage:\n  kubectl {} [flags] [options]\n\nUse \"kubectl options\" for a list of global command-line options (applies to all commands).\n",
        command.path
    ));
    text
}
