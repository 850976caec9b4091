//! `kubectl kustomize`: prints what `-k` would apply. What is built is in `kubectl/kustomize`.

use super::Command;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::kube::Kube;
use crate::kubectl::kustomize::{Files, build};
use crate::kubectl::printers::yaml;

pub const KUSTOMIZE: Command = Command {
    path: "kustomize",
    short: "Build a kustomization target from a directory or URL",
    help: "DIR [flags]
Print what a kustomization makes of its resources.

# Of this folder
kubectl kustomize

# Of another one
kubectl kustomize overlays/test",
    flags: &[
        "as-current-user=false enable-alpha-plugins=false enable-helm=false -e,env=[]* helm-api-versions=[] helm-command='helm' helm-debug=false helm-kube-version='' load-restrictor='LoadRestrictionsRootOnly' mount=[]* network-name='bridge' network=false -o,output='' .reorder=''",
    ],
    run: |kube| Box::pin(async move { run(kube) }),
};

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
