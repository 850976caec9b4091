//! Attaching to the process of a container (`k8s.io/api/core/v1` Container `stdin`, `stdinOnce` and `tty`,
//! `staging/src/k8s.io/kubelet/pkg/cri/streaming` ServeAttach).

use super::exec::{ExecState, Given};
use super::{Cx, Host, PodWorker, Run};
use crate::kubelet::runtime::process::Attended;

/// One run of a container, and how much it had written when somebody came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub attempt: u32,
    pub out: usize,
    pub err: usize,
}

impl PodWorker {
    fn attended(&self, container: &str) -> Option<(u32, bool, &Attended)> {
        let c = self.container_named(container)?;
        let found = self.containers.get(c)?;
        let attended = found.instance.as_ref()?.process.attended()?;
        Some((found.attempt, found.run == Run::Running, attended))
    }

    /// Attaches to a process that reads what is typed; `None` to any other.
    ///
    /// At a terminal one sees the prompt that stands there already: a real client makes the shell write it
    /// again by telling the size of its window.
    pub fn attach(&self, container: &str, whole: bool) -> Option<Mark> {
        let (attempt, runs, attended) = self.attended(container)?;
        let (out, err) = match (whole, attended.is_terminal()) {
            (true, _) => (0, 0),
            (false, true) => (attended.out().line_start(), 0),
            (false, false) => (attended.out().len(), attended.err().len()),
        };
        runs.then_some(Mark { attempt, out, err })
    }

    /// What was written since then. How the process has ended is none of the stream's business.
    pub fn attached(&self, container: &str, mark: Mark) -> ExecState {
        match self.attended(container) {
            Some((attempt, runs, attended)) if attempt == mark.attempt => ExecState {
                stdout: attended.out().after(mark.out).to_owned(),
                stderr: attended.err().after(mark.err).to_owned(),
                exit: (!runs).then_some(0),
            },
            _ => ExecState {
                exit: Some(0),
                ..ExecState::default()
            },
        }
    }

    /// Somebody types at the process of a container.
    pub fn attached_input(
        &mut self,
        container: &str,
        attempt: u32,
        given: &Given,
        h: &mut Host<'_>,
        ctx: &mut Cx<'_>,
    ) {
        let now = ctx.now();
        let Some(c) = self.container_named(container) else {
            return;
        };
        let once = self
            .container_spec(c)
            .is_some_and(|spec| spec.stdin_once == Some(true));
        let Some(found) = self.containers.get_mut(c) else {
            return;
        };
        if found.attempt != attempt || found.run != Run::Running {
            return;
        }
        let Some(instance) = found.instance.as_mut() else {
            return;
        };
        let logs = &mut instance.logs;
        let Some(attended) = instance.process.attended_mut() else {
            return;
        };
        // Without `stdinOnce`, the input stays open for whoever comes next.
        let ends = given.ends && (once || attended.is_terminal());
        attended.give(&given.text, ends, now, &mut |line| logs.push(now, line));
        if once && given.gone {
            attended.hang_up(now);
        }
        self.resume(c, h, ctx);
        self.report(h, ctx);
    }
}
