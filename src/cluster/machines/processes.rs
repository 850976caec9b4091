//! The processes of a machine, for `ps`.

use serde_json::{Value, json};

use crate::cluster::Cluster;

/// The kubelet's command line, as kubeadm writes it.
const KUBELET: &str = "/usr/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml";

impl Cluster {
    /// `[pid, ppid, started in ns, command]`, by pid.
    pub(super) fn processes(&self, i: usize) -> Vec<Value> {
        let Some(part) = self.kubelets.get(i) else {
            return Vec::new();
        };
        let start = self.config.start.0;
        let mut all = vec![
            json!([1, 0, start, "/sbin/init"]),
            json!([312, 1, start, "/lib/systemd/systemd-journald"]),
            json!([701, 1, start, "/usr/bin/containerd"]),
            json!([733, 1, start, "sshd: /usr/sbin/sshd -D"]),
        ];
        let name = self.config.nodes.get(i).map_or("", |n| n.name.as_str());
        if !self.machines.stopped.iter().any(|(n, _)| **n == *name) {
            let mut begun = self.machines.started.iter();
            let begun = begun
                .find(|(n, _)| **n == *name)
                .map_or(start, |(_, at)| at.0);
            all.push(json!([1042, 1, begun, KUBELET]));
        }
        let mut pid = 1500;
        for pod in part.component.seen().iter().filter(|pod| pod.ready) {
            let shim = pid;
            let id = &pod.id;
            let command = format!(
                "/usr/bin/containerd-shim-runc-v2 -namespace k8s.io -id {id} -address /run/containerd/containerd.sock"
            );
            all.push(json!([shim, 1, pod.created.0, command]));
            all.push(json!([shim + 21, shim, pod.created.0, "/pause"]));
            pid += 40;
            for container in pod.containers.iter().filter(|c| c.ended.is_none()) {
                let command = match container.command.as_str() {
                    // What the image starts by itself.
                    "" => format!("[{}]", container.name),
                    command => command.to_owned(),
                };
                all.push(json!([pid, shim, container.started.0, command]));
                pid += 13;
            }
        }
        all
    }
}
