//! Taking away what was made here: manifests that a real cluster takes, the files of the editor, and
//! the shape of the cluster for `kind` (Kubernetes in Docker).
//!
//! What was made by people is told from the rest by the API itself: no controller owns it, and one of
//! its field managers is no component.

mod clean;
mod tar;

use serde_json::Value;

use crate::api::{Kind, KindInfo, yaml};
use crate::apiserver::{Body, Request};
use crate::cluster::Cluster;
use crate::sim::ordered::Set;

use super::inspect::PAGE_AGENT;
use super::model::{File, Files};
use super::text::{Text, say};
use super::{Words, bring};

/// The group of what only this cluster has.
const PLAY: &str = "play.kubarium.dev";

/// Who writes for the cluster itself.
const COMPONENTS: [&str; 9] = [
    "apiserver",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubeadm",
    "kubelet",
    "coredns",
    "faults",
];

/// Kinds whose objects stand for what is not taken along.
const LEFT_OUT: [&str; 7] = [
    "ComponentStatus",
    "ControllerRevision",
    "CSINode",
    "Event",
    "Lease",
    "Node",
    "PodMetrics",
];

/// In which order kinds are applied, so that what an object needs is there before it; kinds that are
/// not named come after these, custom ones last.
const ORDER: [&str; 32] = [
    "CustomResourceDefinition",
    "Namespace",
    "PriorityClass",
    "StorageClass",
    "RuntimeClass",
    "IngressClass",
    "ResourceQuota",
    "LimitRange",
    "ServiceAccount",
    "ClusterRole",
    "Role",
    "ClusterRoleBinding",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "Endpoints",
    "EndpointSlice",
    "PodTemplate",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "DaemonSet",
    "Deployment",
    "StatefulSet",
    "Job",
    "CronJob",
    "HorizontalPodAutoscaler",
];

/// When a kind is to be applied, among others.
pub fn rank(api_version: &str, kind: &str) -> usize {
    match ORDER.iter().position(|k| *k == kind) {
        Some(place) => place,
        None if Kind::by_gvk(api_version, kind).is_some() => ORDER.len(),
        None => ORDER.len() + 1,
    }
}

/// What can be taken away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Export {
    /// In the order in which they can be applied.
    pub objects: Vec<Value>,
    /// Objects that no other cluster knows: images, traffic, faults, lessons.
    pub own: Vec<Value>,
    pub files: Vec<File>,
    /// The nodes: whether it is of the control plane, and the labels that people gave it.
    pub nodes: Vec<(bool, Vec<(String, String)>)>,
}

impl Export {
    /// Gathers what people have made in a cluster. Nothing is changed: it is read as any client would
    /// read it.
    pub fn of(cluster: &Cluster, files: &Files) -> Export {
        let mut fork = cluster.clone();
        let given = at_the_start(cluster);
        let mut export = Export {
            files: files.list.clone(),
            ..Export::default()
        };
        let kinds: Vec<Kind> = cluster.server().kinds().collect();
        let mut pruner = clean::Pruner::default();
        for kind in kinds {
            let info = kind.info();
            let stored = kind.definition().is_none_or(|d| d.stored);
            if !stored || !info.verbs().contains(&"list") {
                continue;
            }
            for object in list(&mut fork, info) {
                if info.kind == "Node" && info.group.is_empty() {
                    export.nodes.push(node(&object));
                }
                let place = place(info, &object);
                if LEFT_OUT.contains(&info.kind)
                    || given.contains(&place)
                    || !is_made_by_people(&object)
                {
                    continue;
                }
                let clean = pruner.clean(kind, object);
                match info.group {
                    PLAY => export.own.push(clean),
                    _ => export.objects.push(clean),
                }
            }
        }
        let rank = |object: &Value| {
            let text = |field: &str| object[field].as_str().unwrap_or_default();
            rank(text("apiVersion"), text("kind"))
        };
        // Within a kind the order of the lists: by namespace and name.
        export.objects.sort_by_key(rank);
        export
    }

    /// How many nodes: of the control plane, and workers.
    pub fn node_counts(&self) -> (usize, usize) {
        let planes = self.nodes.iter().filter(|(plane, _)| *plane).count();
        (planes, self.nodes.len() - planes)
    }

    /// All objects as one text for `kubectl apply -f`.
    pub fn yaml(&self, w: &Words) -> String {
        let mut text = comment(&w.say(&say!("export.head", n = self.objects.len())));
        if !self.own.is_empty() {
            text.push_str(&comment(
                &w.say(&say!("export.head.own", n = self.own.len())),
            ));
        }
        text.push_str(&documents(&self.objects));
        text
    }

    /// A configuration for `kind create cluster --config`: as many nodes.
    pub fn kind_config(&self, w: &Words) -> String {
        let mut text = comment(&w.say(&say!("export.kind.head")));
        let version = "kind.x-k8s.io/v1alpha4";
        text.push_str(&format!(
            "kind: {}\napiVersion: {version}\nnodes:\n",
            "Cluster"
        ));
        let (planes, _) = self.node_counts();
        if planes == 0 {
            text.push_str("- role: control-plane\n");
        }
        let mut nodes: Vec<_> = self.nodes.iter().collect();
        nodes.sort_by_key(|(plane, _)| !plane);
        for (plane, labels) in nodes {
            let role = if *plane { "control-plane" } else { "worker" };
            text.push_str(&format!("- role: {role}\n"));
            if !labels.is_empty() {
                text.push_str("  labels:\n");
            }
            for (name, value) in labels {
                let pair = yaml::to_yaml(&serde_json::json!({ name: value }));
                text.push_str("    ");
                text.push_str(&pair);
            }
        }
        text
    }

    /// Everything as a tar archive; `now` is the time of its files, in seconds since 1970.
    pub fn archive(&self, w: &Words, now: u64) -> Vec<u8> {
        let mut archive = tar::Archive::new(now);
        archive.add("kubarium/README.txt", &self.read_me(w));
        archive.add("kubarium/cluster.yaml", &self.yaml(w));
        archive.add("kubarium/kind.yaml", &self.kind_config(w));
        if !self.own.is_empty() {
            let mut text = comment(&w.say(&say!("export.own.head")));
            text.push_str(&documents(&self.own));
            archive.add("kubarium/kubarium-only.yaml", &text);
        }
        let mut names = Vec::new();
        for file in &self.files {
            let name = bring::free_name(&bring::plain_name(&file.name), &names);
            archive.add(&format!("kubarium/files/{name}"), &file.text);
            names.push(name);
        }
        archive.finish()
    }

    fn read_me(&self, w: &Words) -> String {
        let lines: [Text; 4] = [
            say!("export.readme", n = self.objects.len()),
            say!("export.readme.kind"),
            say!("export.readme.files", n = self.files.len()),
            match self.own.len() {
                0 => Text::default(),
                n => say!("export.readme.own", n = n),
            },
        ];
        let mut text = String::from("Kubarium\n");
        for line in lines.iter().filter(|line| !line.is_empty()) {
            text.push('\n');
            text.push_str(&w.say(line));
            text.push('\n');
        }
        text
    }
}

fn comment(text: &str) -> String {
    text.lines().map(|line| format!("# {line}\n")).collect()
}

fn documents(objects: &[Value]) -> String {
    let mut text = String::new();
    for (i, object) in objects.iter().enumerate() {
        if i > 0 {
            text.push_str("---\n");
        }
        text.push_str(&yaml::to_yaml(object));
    }
    text
}

/// What a cluster of this configuration has before anybody has done anything.
fn at_the_start(cluster: &Cluster) -> Set<String> {
    let mut fresh = Cluster::new(cluster.config().clone());
    let mut places = Set::new();
    for kind in Kind::all() {
        let info = kind.info();
        if info.verbs().contains(&"list") {
            places.extend(list(&mut fresh, info).iter().map(|o| place(info, o)));
        }
    }
    places
}

fn place(info: &KindInfo, object: &Value) -> String {
    let meta = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    format!(
        "{}.{}/{}/{}",
        info.plural,
        info.group,
        meta("namespace"),
        meta("name")
    )
}

fn list(cluster: &mut Cluster, info: &KindInfo) -> Vec<Value> {
    let path = match info.group {
        "" => format!("/api/{}/{}", info.version, info.plural),
        group => format!("/apis/{group}/{}/{}", info.version, info.plural),
    };
    let mut request = Request::get(path);
    request.user_agent = PAGE_AGENT.to_owned();
    let Body::Json(mut answer) = cluster.request(&request).body else {
        return Vec::new();
    };
    let Value::Array(mut items) = answer["items"].take() else {
        return Vec::new();
    };
    for item in &mut items {
        // The items of a list do not say what they are.
        if item.is_object() {
            item["apiVersion"] = info.api_version().into();
            item["kind"] = info.kind.into();
        }
    }
    items
}

/// Whether a person, or a program that is none of the cluster's, wrote any of it.
fn is_made_by_people(object: &Value) -> bool {
    let meta = &object["metadata"];
    let items = |field: &str| {
        meta[field]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    let owned = items("ownerReferences")
        .iter()
        .any(|o| o["controller"] == true);
    let leaving = !meta["deletionTimestamp"].is_null();
    !owned
        && !leaving
        && items("managedFields").iter().any(|entry| {
            let manager = entry["manager"].as_str().unwrap_or_default();
            entry["subresource"].as_str().unwrap_or_default().is_empty()
                && !COMPONENTS.contains(&manager)
                // Each kubelet writes in the name of its node.
                && !manager.starts_with("node:")
        })
}

fn node(object: &Value) -> (bool, Vec<(String, String)>) {
    let labels = object["metadata"]["labels"].as_object();
    let plane = labels.is_some_and(|l| l.contains_key("node-role.kubernetes.io/control-plane"));
    let own = labels.into_iter().flatten().filter(|(name, _)| {
        let domain = name.split_once('/').map_or("", |(domain, _)| domain);
        !domain.ends_with("kubernetes.io") && !domain.ends_with("k8s.io")
    });
    let own =
        own.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
    (plane, own.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::act::App;
    use crate::app::terminal::Act;
    use crate::app::{Msg, Workers};
    use std::time::Duration;

    fn run(app: &mut App, command: &str) {
        app.dispatch(Msg::Terminal(Act::Run(command.into())));
        for _ in 0..40 {
            app.frame(Duration::from_millis(100), &mut || true);
        }
    }

    fn export(app: &App) -> Export {
        Export::of(app.session().timeline().cluster(), &app.model().files)
    }

    fn names(objects: &[Value]) -> Vec<String> {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let name = |o: &Value| format!("{} {}", text(&o["kind"]), text(&o["metadata"]["name"]));
        objects.iter().map(name).collect()
    }

    #[test]
    fn what_people_made_is_taken_and_what_the_cluster_made_is_not() {
        let mut app = App::of(1, Workers::new(2));
        run(&mut app, "kubectl create namespace shop");
        run(
            &mut app,
            "kubectl create configmap settings --from-literal=a=b -n shop",
        );
        run(&mut app, "kubectl run lone --image=nginx:1.28");
        run(&mut app, "kubectl scale deployment web --replicas=4");
        run(&mut app, "kubectl label node worker-1 disk=ssd");
        let export = export(&app);
        let found = names(&export.objects);
        assert_eq!(
            found,
            [
                "Namespace shop",
                "ConfigMap settings",
                "Service web",
                "Pod lone",
                "Deployment web"
            ]
        );
        assert_eq!(names(&export.own).len(), 1, "the traffic of the examples");
        assert_eq!(export.node_counts(), (1, 2));
        let config = export.kind_config(&Words::english());
        assert!(
            config.contains("- role: worker\n  labels:\n    disk: ssd\n"),
            "{config}"
        );
        let parsed = yaml::parse(&config);
        assert_eq!(
            parsed.documents[0].value["nodes"].as_array().unwrap().len(),
            3
        );
    }

    #[test]
    fn what_is_taken_is_as_it_was_written() {
        let mut app = App::of(1, Workers::new(2));
        run(&mut app, "kubectl run lone --image=nginx:1.28");
        let text = export(&app).yaml(&Words::english());
        for gone in [
            "status:",
            "uid:",
            "resourceVersion",
            "managedFields",
            "creationTimestamp",
            "last-applied",
            "clusterIP",
            "nodeName",
            "kube-api-access",
            "deployment.kubernetes.io/revision",
            "terminationMessagePath",
            "namespace: default",
            "generation",
        ] {
            assert!(!text.contains(gone), "{gone}:\n{text}");
        }
        assert!(text.contains("image: nginx:1.28") && text.contains("periodSeconds: 2"));
    }

    #[test]
    fn another_cluster_takes_what_was_taken() {
        let mut app = App::of(1, Workers::new(2));
        run(&mut app, "kubectl create namespace shop");
        run(
            &mut app,
            "kubectl create deployment cart --image=nginx:1.28 -n shop",
        );
        run(
            &mut app,
            "kubectl expose deployment cart --port=80 --type=NodePort -n shop",
        );
        run(
            &mut app,
            "kubectl create job once --image=busybox:1.36 -- true",
        );
        run(&mut app, "kubectl run lone --image=nginx:1.28");
        let first = export(&app);
        let mut other = App::of(9, Workers::new(2));
        let text: std::rc::Rc<str> = first.yaml(&Words::english()).into();
        other.dispatch(Msg::Edit { file: 0, text });
        other.dispatch(Msg::Apply);
        assert!(
            !other.model().applied.failed(),
            "{:?}",
            other.model().applied
        );
        run(&mut other, "true");
        let second = export(&other);
        assert_eq!(first.objects, second.objects);
    }

    #[test]
    fn the_archive_holds_the_files_under_names_that_do_no_harm() {
        let mut app = App::of(1, Workers::new(1));
        app.dispatch(Msg::WriteFile {
            name: "../../etc/passwd".into(),
            text: "x".into(),
        });
        let bytes = export(&app).archive(&Words::english(), 1_700_000_000);
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(bytes.len() % 512, 0);
        for name in [
            "README.txt",
            "cluster.yaml",
            "kind.yaml",
            "kubarium-only.yaml",
            "files/web.yaml",
        ] {
            assert!(text.contains(&format!("kubarium/{name}")), "{name}");
        }
        assert!(!text.contains("../"));
    }
}
