//! Commands about `kubectl` itself: `options`, `completion`, `plugin`, `proxy`.

use super::Command;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::kube::Kube;

pub const OPTIONS: Command = Command {
    path: "options",
    short: "Print the list of flags inherited by all commands",
    help: "",
    flags: &[],
    run: |kube| {
        Box::pin(async move {
            kube.io.out.write(&super::help::options());
            Ok(())
        })
    },
};

pub const ALPHA: Command = Command {
    path: "alpha",
    short: "Commands for features in alpha",
    help: "[flags]
These commands are about features of Kubernetes that are in alpha, and may change or go.

# There are none at present
kubectl alpha",
    flags: &[],
    run: |kube| {
        Box::pin(async move {
            kube.print("No alpha commands are available in this version of kubectl");
            Ok(())
        })
    },
};

pub const COMPLETION: Command = Command {
    path: "completion",
    short: "Output shell completion code for the specified shell (bash, zsh, fish, or powershell)",
    help: "SHELL
Print a script that lets a shell complete what you type. SHELL is bash, zsh, fish or powershell.

# For this bash
source <(kubectl completion bash)",
    flags: &[],
    run: |kube| Box::pin(async move { completion(kube) }),
};

pub const PLUGIN_LIST: Command = Command {
    path: "plugin list",
    short: "List all visible plugin executables on a user's PATH",
    help: "[flags]
# All of them
kubectl plugin list",
    flags: &["name-only=false"],
    run: |_| Box::pin(async move { plain("unable to find any kubectl plugins in your PATH") }),
};

/// This terminal completes by itself; a shell that sources the script needs no more than nothing.
fn completion(kube: &Kube) -> Result<()> {
    match kube.flags.arguments.as_slice() {
        [] => kube.usage("Shell not specified."),
        [shell] => match shell.as_str() {
            "bash" | "zsh" | "fish" | "powershell" => {
                kube.print(&format!(
                    "# {shell} completion for kubectl: this terminal completes commands, kinds and names by itself."
                ));
                Ok(())
            }
            other => kube.usage(&format!("Unsupported shell type \"{other}\".")),
        },
        _ => kube.usage("Too many arguments. Expected only the shell type."),
    }
}
