//! What is filled in, refused and shown.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use serde_json::{Value, json};

use crate::common::{bare, create, created, get, json_of};

fn refusal(cluster: &mut Cluster, yaml: &str) -> String {
    let response = create(cluster, yaml);
    assert!(!response.is_success(), "{yaml}");
    json_of(response)["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn claim(spec: &str) -> String {
    format!("{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: c}}, spec: {spec}}}")
}

fn volume(spec: &str) -> String {
    format!("{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: v}}, spec: {spec}}}")
}

#[test]
fn claims_are_refused_in_upstreams_words() {
    let mut cluster = bare(0);
    let rows = [
        (
            "{}",
            "[spec.accessModes: Required value: at least 1 access mode is required, spec.resources[storage]: Required value]",
        ),
        (
            "{accessModes: [ReadWriteOncePod, ReadWriteOnce], resources: {requests: {storage: 0}}}",
            "[spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes, spec.resources[storage]: Invalid value: \"0\": must be greater than zero]",
        ),
        (
            "{accessModes: [ReadWriteOnce], volumeMode: File, storageClassName: A_, resources: {requests: {storage: 1Gi}}}",
            "[spec.storageClassName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'), spec.volumeMode: Unsupported value: \"File\": supported values: \"Block\", \"Filesystem\"]",
        ),
        (
            "{accessModes: [ReadWriteOnce], dataSource: {kind: Snapshot, name: s}, resources: {requests: {storage: 1Gi}}}",
            "[spec.dataSource: Invalid value: \"Snapshot\": must be 'PersistentVolumeClaim' when referencing the default apiGroup, spec.dataSourceRef: Invalid value: \"Snapshot\": must be 'PersistentVolumeClaim' when referencing the default apiGroup]",
        ),
    ];
    for (spec, want) in rows {
        let message = refusal(&mut cluster, &claim(spec));
        let want = format!("PersistentVolumeClaim \"c\" is invalid: {want}");
        assert_eq!(message, want);
    }
}

#[test]
fn volumes_are_refused_in_upstreams_words() {
    let mut cluster = bare(0);
    let rows = [
        (
            "{}",
            "[spec.accessModes: Required value, spec.capacity: Required value, spec.capacity: Unsupported value: null: supported values: \"storage\", spec: Required value: must specify a volume type]",
        ),
        (
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, local: {path: /d}}",
            "spec.nodeAffinity: Required value: Local volume requires node affinity",
        ),
        (
            "{accessModes: [Once], capacity: {storage: 1Gi}, hostPath: {path: /a/../b}, nfs: {server: a, path: b}, persistentVolumeReclaimPolicy: Keep}",
            "[spec.accessModes: Unsupported value: \"Once\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\", spec.persistentVolumeReclaimPolicy: Unsupported value: \"Keep\": supported values: \"Delete\", \"Recycle\", \"Retain\", spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..', spec.nfs: Forbidden: may not specify more than 1 volume type]",
        ),
    ];
    for (spec, want) in rows {
        let message = refusal(&mut cluster, &volume(spec));
        let want = format!("PersistentVolume \"v\" is invalid: {want}");
        assert_eq!(message, want);
    }
}

#[test]
fn classes_are_refused_in_upstreams_words() {
    let mut cluster = bare(0);
    let message = refusal(
        &mut cluster,
        "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: s}, reclaimPolicy: Recycle, volumeBindingMode: Later}",
    );
    assert_eq!(
        message,
        "StorageClass.storage.k8s.io \"s\" is invalid: [provisioner: Required value, reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\", volumeBindingMode: Unsupported value: \"Later\": supported values: \"Immediate\", \"WaitForFirstConsumer\"]"
    );
    created(
        &mut cluster,
        "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: s}, provisioner: a.b/c}",
    );
    let path = "/apis/storage.k8s.io/v1/storageclasses/s";
    let mut class = get(&mut cluster, path);
    assert_eq!(class["reclaimPolicy"], "Delete");
    class["provisioner"] = json!("a.b/d");
    class["parameters"] = json!({"a": "b"});
    class["volumeBindingMode"] = json!("WaitForFirstConsumer");
    let put = Request::new(Method::Put, path).with_body(class);
    assert_eq!(
        json_of(cluster.request(&put))["message"],
        "StorageClass.storage.k8s.io \"s\" is invalid: [parameters: Forbidden: updates to parameters are forbidden., provisioner: Forbidden: updates to provisioner are forbidden., volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable]"
    );
}

#[test]
fn a_claim_takes_the_default_class_and_keeps_its_spec() {
    let mut cluster = bare(0);
    for name in ["a", "b"] {
        created(
            &mut cluster,
            &format!(
                "{{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {{name: {name}, annotations: {{storageclass.kubernetes.io/is-default-class: 'true'}}}}, provisioner: x/y}}"
            ),
        );
    }
    let spec = "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1024Mi}}}";
    let made = created(&mut cluster, &claim(spec));
    assert_eq!(made["spec"]["storageClassName"], "a");
    assert_eq!(made["spec"]["volumeMode"], "Filesystem");
    assert_eq!(made["spec"]["resources"]["requests"]["storage"], "1Gi");
    assert_eq!(made["status"], json!({"phase": "Pending"}));
    assert_eq!(
        made["metadata"]["finalizers"],
        json!(["kubernetes.io/pvc-protection"])
    );
    let path = "/api/v1/namespaces/default/persistentvolumeclaims/c";
    let mut put = |change: &dyn Fn(&mut Value)| {
        let mut claim = get(&mut cluster, path);
        change(&mut claim["spec"]);
        let put = Request::new(Method::Put, path).with_body(claim);
        json_of(cluster.request(&put))["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let message = put(&|spec| spec["storageClassName"] = json!("b"));
    assert_eq!(
        message,
        "PersistentVolumeClaim \"c\" is invalid: spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n@@ -10,7 +10,7 @@\n   }\n  },\n  \"VolumeName\": \"\",\n- \"StorageClassName\": \"a\",\n+ \"StorageClassName\": \"b\",\n  \"VolumeMode\": \"Filesystem\",\n  \"DataSource\": null,\n  \"DataSourceRef\": null,\n"
    );
    let message = put(&|spec| spec["resources"]["requests"]["storage"] = json!("2Gi"));
    assert_eq!(
        message,
        "persistentvolumeclaims \"c\" is forbidden: Only bound persistent volume claims can be expanded"
    );
}
