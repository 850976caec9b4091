//! As whom a container's process runs (`pkg/kubelet/kuberuntime/security_context.go`).

use std::rc::Rc;

use super::PodWorker;
use crate::kubelet::runtime::machine::Identity;
use crate::kubelet::runtime::standard;

impl PodWorker {
    /// Whether the container may run as the user that it would run as.
    ///
    /// # Errors
    /// The message of the container's error state.
    pub(super) fn check_user(&self, c: usize) -> Result<(), String> {
        let Some(spec) = self.container_spec(c) else {
            return Ok(());
        };
        let own = spec.security_context.as_ref();
        let pod = self.pod.spec.as_ref();
        let pod = pod.and_then(|s| s.security_context.as_ref());
        let non_root = own.and_then(|s| s.run_as_non_root);
        if non_root.or(pod.and_then(|s| s.run_as_non_root)) != Some(true) {
            return Ok(());
        }
        let user = own.and_then(|s| s.run_as_user);
        let user = user.or(pod.and_then(|s| s.run_as_user));
        let of = format!(
            "(pod: \"{}_{}({})\", container: {})",
            self.key.name, self.key.namespace, self.uid, spec.name
        );
        match user {
            Some(0) => Err(format!("container's runAsUser breaks non-root policy {of}")),
            Some(_) => Ok(()),
            None if self.image_user(c) == 0 => Err(format!(
                "container has runAsNonRoot and image will run as root {of}"
            )),
            None => Ok(()),
        }
    }

    fn image_user(&self, c: usize) -> i64 {
        let image = self.containers.get(c).and_then(|x| x.image.as_ref());
        image.map_or(0, |i| i.content.program.user)
    }

    /// The user, the groups, and what the process may write.
    pub(super) fn identity(&self, c: usize, command: &[String]) -> Identity {
        let spec = self.container_spec(c);
        let own = spec.and_then(|s| s.security_context.as_ref());
        let pod = self.pod.spec.as_ref();
        let pod = pod.and_then(|s| s.security_context.as_ref());
        let user = own.and_then(|s| s.run_as_user);
        let user = user.or(pod.and_then(|s| s.run_as_user));
        let group = own.and_then(|s| s.run_as_group);
        let group = group.or(pod.and_then(|s| s.run_as_group));
        let group = group.unwrap_or(0);
        let mut groups = vec![group];
        groups.extend(pod.and_then(|s| s.fs_group));
        groups.extend(
            pod.iter()
                .flat_map(|s| s.supplemental_groups.iter().flatten()),
        );
        groups.dedup();
        let image = self.containers.get(c).and_then(|x| x.image.as_ref());
        let name = spec.and_then(|s| s.image.clone()).unwrap_or_default();
        let program = image.map(|i| match i.content.program.script.trim() {
            // The shell that is the program of many an image.
            "exit 0" => standard::shell(&name).to_owned(),
            _ => i.content.program.name.clone(),
        });
        let title: Rc<str> = match command.is_empty() {
            true => program.unwrap_or_default().into(),
            false => command.join(" ").into(),
        };
        Identity {
            user: user.unwrap_or_else(|| self.image_user(c)),
            group,
            groups,
            read_only: own.and_then(|s| s.read_only_root_filesystem) == Some(true),
            title,
        }
    }
}
