//! `kubectl kustomize`: prints what `-k` would apply. What is built is in `kubectl/kustomize`.

use super::Command;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::flags::{Flag, Value as F, flag, short};
use crate::kubectl::kube::Kube;
use crate::kubectl::kustomize::{Files, build};
use crate::kubectl::printers::yaml;

pub const KUSTOMIZE: Command = Command {
    path: "kustomize",
    short: "Build a kustomization target from a directory or URL",
    flags: &[FLAGS],
    run: |kube| Box::pin(async move { run(kube) }),
};

const FLAGS: &[Flag] = &[
    flag("as-current-user", F::Bool),
    flag("enable-alpha-plugins", F::Bool),
    flag("enable-helm", F::Bool),
    short("env", 'e', F::Repeated),
    flag("helm-command", F::Text),
    flag("load-restrictor", F::Text),
    flag("mount", F::Repeated),
    flag("network", F::Bool),
    flag("network-name", F::Text),
    short("output", 'o', F::Text),
    flag("reorder", F::Text),
];

impl Files for Kube {
    fn read(&self, name: &str) -> Option<String> {
        self.shell.read_file(name)
    }

    fn all(&self) -> Vec<String> {
        self.shell.world.host.files()
    }
}

/// The objects of a folder as one text.
pub fn text_of(kube: &Kube, folder: &str) -> Result<String> {
    let objects = build(kube, folder).map_err(Failure::Plain)?;
    let texts: Vec<String> = objects.iter().map(yaml).collect();
    Ok(texts.join("---\n"))
}

fn run(kube: &Kube) -> Result<()> {
    let folder = match kube.flags.arguments.as_slice() {
        [] => ".",
        [folder] => folder,
        _ => return plain("specify one path to kustomization.yaml"),
    };
    let text = text_of(kube, folder)?;
    match kube.flags.text("output") {
        "" => kube.io.out.write(&text),
        file => kube.shell.world.host.write_file(file, &text),
    }
    Ok(())
}
