//! Files and folders.

use crate::kubelet::runtime::files::absolute;
use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::shell::run::Shell;

impl Shell {
    pub(super) fn files(
        &mut self,
        name: &str,
        flags: &str,
        operands: &[&str],
        m: &mut dyn Machine,
    ) -> i32 {
        let mut status = 0;
        let folder = self.folder.clone();
        let mut complain = |shell: &mut Shell, m: &mut dyn Machine, text: String| {
            shell.print(2, &text, m);
            status = 1;
        };
        match name {
            "touch" => {
                for file in operands {
                    let path = absolute(&folder, file);
                    if !m.is_folder(&path)
                        && let Err(error) = m.write(&path, "", true)
                    {
                        complain(self, m, format!("touch: {file}: {}\n", error.text()));
                    }
                }
            }
            "mkdir" => {
                for file in operands {
                    m.make_folder(&absolute(&folder, file));
                }
            }
            "rm" => {
                for file in operands {
                    if !m.remove(&absolute(&folder, file)) && !flags.contains('f') {
                        let text =
                            format!("rm: can't remove '{file}': No such file or directory\n");
                        complain(self, m, text);
                    }
                }
            }
            "mktemp" => {
                let path = format!("/tmp/tmp.{:06}", m.random(1_000_000));
                let _ = m.write(&path, "", false);
                self.print(1, &format!("{path}\n"), m);
            }
            "mv" | "cp" => {
                if let [from @ .., to] = operands {
                    for file in from {
                        let source = absolute(&folder, file);
                        let mut target = absolute(&folder, to);
                        if m.is_folder(&target) {
                            let last = source.rsplit('/').next().unwrap_or_default();
                            target = format!("{target}/{last}");
                        }
                        let copied = m.read(&source).and_then(|text| {
                            let more = m.used(&source).saturating_sub(text.len() as u64);
                            match more {
                                0 => m.write(&target, &text, false),
                                more => m.fill(&target, more),
                            }
                        });
                        match copied {
                            Ok(()) if name == "mv" => {
                                m.remove(&source);
                            }
                            Ok(()) => {}
                            Err(error) => {
                                let text =
                                    format!("{name}: can't stat '{file}': {}\n", error.text());
                                complain(self, m, text);
                            }
                        }
                    }
                }
            }
            _ => {
                let here = [folder.as_str()];
                let operands = if operands.is_empty() { &here } else { operands };
                for file in operands {
                    let path = absolute(&folder, file);
                    if m.is_folder(&path) && flags.contains('d') {
                        self.print(1, &format!("{file}\n"), m);
                    } else if m.is_folder(&path) {
                        let names = m.list(&path);
                        let text: String = names.iter().map(|n| format!("{n}\n")).collect();
                        self.print(1, &text, m);
                    } else if m.read(&path).is_ok() {
                        self.print(1, &format!("{file}\n"), m);
                    } else {
                        complain(self, m, format!("ls: {file}: No such file or directory\n"));
                    }
                }
            }
        }
        status
    }

    pub(super) fn change_folder(&mut self, to: Option<&str>, m: &mut dyn Machine) -> i32 {
        let path = absolute(&self.folder, to.unwrap_or("/"));
        if m.is_folder(&path) || matches!(path.as_str(), "/tmp" | "/root" | "/var" | "/etc") {
            self.folder = path;
            return 0;
        }
        let text = format!(
            "cd: can't cd to {}: No such file or directory\n",
            to.unwrap_or("/")
        );
        self.print(2, &text, m);
        2
    }
}
