//! Commands that run beside a container's process (`pkg/kubelet/kubelet_pods.go` RunInContainer,
//! `staging/src/k8s.io/kubelet/pkg/cri/streaming`).
//!
//! A command is started, lives in the container for as long as it takes, and leaves its output to
//! be read. Of those that have ended, a container keeps the latest.

use std::rc::Rc;

use super::{Cx, Host, Instance, PodEvent, PodWorker, Run};
use crate::client::wire::Called;
use crate::kubelet::runtime::dialog::{Dialog, Stream};
use crate::kubelet::runtime::files::absolute;
use crate::kubelet::runtime::image::hex64;
use crate::kubelet::runtime::machine::Surroundings;
use crate::kubelet::runtime::shell::{self, Machine, Pause};
use crate::kubelet::runtime::typed::Typed;
use crate::sim::{Time, millis};

/// How many commands a container has beside its process, running or not.
const MOST: usize = 16;
/// How much output of a command is kept, in bytes.
const MOST_OUTPUT: usize = 1 << 20;

/// What is to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecCall {
    pub container: String,
    pub command: Vec<String>,
    pub stdin: String,
    /// More input may come.
    pub open: bool,
    pub tty: bool,
}

/// What a client brings to a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    pub text: String,
    /// That was the end of the input.
    pub ends: bool,
    /// The client is gone.
    pub gone: bool,
}

/// How far a command has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecState {
    pub stdout: String,
    pub stderr: String,
    /// The exit code, once it has ended.
    pub exit: Option<i32>,
}

#[derive(Clone)]
pub(super) struct Exec {
    id: u64,
    dialog: Dialog,
    state: ExecState,
    ended: Option<Time>,
}

impl ExecState {
    fn write(&mut self, stream: Stream, text: &str) {
        let to = match stream {
            Stream::Err => &mut self.stderr,
            _ => &mut self.stdout,
        };
        if to.len() + text.len() <= MOST_OUTPUT {
            to.push_str(text);
        }
    }
}

impl Exec {
    /// The container has died around it.
    pub(super) fn die(&mut self, now: Time) {
        if self.state.exit.is_none() {
            self.state.exit = Some(137);
            self.ended = Some(now);
        }
    }

    /// Lets it do what is due; when to come back.
    fn drive(&mut self, instance: &mut Instance, s: &mut Surroundings<'_>) -> Option<Time> {
        let (state, logs, now) = (&mut self.state, &mut instance.logs, s.now);
        let pause = self.dialog.resume(s, &mut |stream, text| match stream {
            Stream::Log => logs.push(now, text.trim_end_matches('\n')),
            stream => state.write(stream, text),
        });
        let code = match pause {
            Pause::Until(at) => return Some(at),
            Pause::Forever => return None,
            // The program of the image, asked for its version and the like.
            Pause::Exec(_) => 0,
            Pause::Exit(code) => code & 0xff,
        };
        self.state.exit = Some(code);
        self.ended = Some(now);
        None
    }
}

impl PodWorker {
    pub(super) fn container_named(&self, name: &str) -> Option<usize> {
        (0..self.containers.len()).find(|c| self.container_spec(*c).is_some_and(|s| s.name == name))
    }

    /// Starts a command; its number.
    ///
    /// # Errors
    /// The words of the kubelet, or of the runtime.
    pub fn start_exec(
        &mut self,
        call: &ExecCall,
        h: &mut Host<'_>,
        ctx: &mut Cx<'_>,
    ) -> Result<u64, String> {
        let not_found = || {
            format!(
                "unable to upgrade connection: container not found (\"{}\")",
                call.container
            )
        };
        let c = self
            .container_named(&call.container)
            .ok_or_else(not_found)?;
        if !self.is_running(c) {
            return Err(not_found());
        }
        let folder = self.container_spec(c).and_then(|s| s.working_dir.clone());
        let folder = absolute("/", folder.as_deref().unwrap_or("/"));
        let id = self.next_call;
        self.next_call += 1;
        let seed = hex64(format!("exec/{}/{id}", self.uid).as_bytes());
        let words: Vec<Rc<str>> = call.command.iter().map(|w| w.as_str().into()).collect();
        let started = self.in_container(c, h, ctx, |instance, s| {
            check(&words, s).map_err(|detail| {
                format!(
                    "error executing command in container: failed to exec in container: failed to start exec \"{seed}\": OCI runtime exec failed: exec failed: unable to start container process: {detail}"
                )
            })?;
            let typed = (Typed::new(&call.stdin, call.open), call.tty);
            let mut dialog =
                Dialog::new(&words, instance.env(s.hostname), &folder, typed, s.now);
            dialog.set_beside();
            if instance.execs.len() >= MOST {
                let old = instance.execs.iter().position(|e| e.ended.is_some());
                instance.execs.remove(old.unwrap_or(0));
            }
            instance.execs.push(Exec {
                id,
                dialog,
                state: ExecState::default(),
                ended: None,
            });
            Ok(id)
        });
        let id = started.unwrap_or_else(|| Err(not_found()))?;
        self.resume_exec(c, id, h, ctx);
        Ok(id)
    }

    fn exec_of(&mut self, id: u64) -> Option<(usize, &mut Exec)> {
        self.containers.iter_mut().enumerate().find_map(|(c, x)| {
            let execs = &mut x.instance.as_mut()?.execs;
            Some((c, execs.iter_mut().find(|e| e.id == id)?))
        })
    }

    /// How far a command has come; `None` when it is forgotten.
    pub fn exec_state(&self, id: u64) -> Option<&ExecState> {
        let mut instances = self.containers.iter().filter_map(|x| x.instance.as_ref());
        instances.find_map(|i| i.execs.iter().find(|e| e.id == id).map(|e| &e.state))
    }

    /// More input for a command; tells whether it is known.
    pub fn exec_input(
        &mut self,
        id: u64,
        given: &Given,
        h: &mut Host<'_>,
        ctx: &mut Cx<'_>,
    ) -> bool {
        let now = ctx.now();
        let Some((c, exec)) = self.exec_of(id) else {
            return false;
        };
        exec.dialog.give(&given.text, given.ends, now);
        if given.gone {
            exec.dialog.hang_up(now);
        }
        self.resume_exec(c, id, h, ctx);
        true
    }

    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub(super) fn resume_exec(&mut self, c: usize, id: u64, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let now = ctx.now();
        if !self.is_running(c) {
            return;
        }
        let next = self.in_container(c, h, ctx, |instance, s| {
            let at = instance.execs.iter().position(|e| e.id == id)?;
            let mut exec = instance.execs.remove(at);
            let next = match exec.ended {
                Some(_) => None,
                None => exec.drive(instance, s),
            };
            instance.execs.insert(at, exec);
            next
        });
        if let Some(at) = next.flatten() {
            let n = self.containers.get(c).map_or(0, |x| x.attempt);
            let event = PodEvent::Exec { c: c as u16, n, id };
            self.at(ctx, at.max(now + millis(1)), event);
        }
    }

    /// A request that a process of this pod made has ended.
    pub fn called(&mut self, called: &Called, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let now = ctx.now();
        let mut found = None;
        for (c, container) in self.containers.iter_mut().enumerate() {
            let Some(instance) = container
                .instance
                .as_mut()
                .filter(|_| container.run == Run::Running)
            else {
                continue;
            };
            if instance.process.deliver(called.id, &called.ending, now) {
                found = Some((c, None));
                break;
            }
            let waits = |e: &mut Exec| e.dialog.deliver(called.id, &called.ending, now);
            if let Some(at) = instance.execs.iter_mut().position(waits) {
                found = instance.execs.get(at).map(|e| (c, Some(e.id)));
                break;
            }
        }
        match found {
            Some((c, None)) => self.resume(c, h, ctx),
            Some((c, Some(id))) => self.resume_exec(c, id, h, ctx),
            None => return,
        }
        self.report(h, ctx);
    }
}

/// Whether the executable is there.
///
/// # Errors
/// The runtime's words for it.
fn check(words: &[Rc<str>], s: &Surroundings<'_>) -> Result<(), String> {
    let first = words.first().map_or("", |w| &**w);
    let name = shell::base(first);
    let program = &s.content.program;
    let known = program.name == name
        || program.commands.contains_key(name)
        || (!program.no_shell && shell::is_known(name) && !s.lacks(name))
        || !s.content.declared;
    if known || (first.contains('/') && s.read(&absolute("/", first)).is_ok()) {
        return Ok(());
    }
    Err(match first.contains('/') {
        true => format!("exec: \"{first}\": stat {first}: no such file or directory: unknown"),
        false => format!("exec: \"{first}\": executable file not found in $PATH: unknown"),
    })
}
