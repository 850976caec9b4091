//! Lets a person, or what `KUBE_EDITOR` names, edit a text.
//! Models `k8s.io/kubectl/pkg/cmd/util/editor/editor.go`.

use super::error::{Failure, Result};
use super::kube::Kube;
use super::shell::run_line;

/// A file that lives as long as it is edited; one that is kept stays.
pub struct TempFile<'k> {
    kube: &'k Kube,
    pub name: String,
    kept: bool,
}

impl<'k> TempFile<'k> {
    /// A file of a name of its own, such as `/tmp/kubectl-edit-2834601834.yaml`.
    pub fn new(kube: &'k Kube, extension: &str) -> TempFile<'k> {
        let mut state = kube.shell.state.borrow_mut();
        state.temporary += 1;
        let number = (kube.now().0 / 1000 + 1_000_003 * state.temporary) % 10_000_000_000;
        TempFile {
            kube,
            name: format!("/tmp/kubectl-edit-{number}{extension}"),
            kept: false,
        }
    }

    /// Says where the text stays after a failure.
    pub fn keep(&mut self) {
        self.kept = true;
        let said = crate::api::rfc3339::go_quote(&self.name);
        self.kube
            .warn(&format!("A copy of your changes has been stored to {said}"));
    }

    /// Leaves the file, and says nothing.
    pub fn leave(&mut self) {
        self.kept = true;
    }

    /// The text after it was edited.
    pub async fn edit(&self, text: &str) -> Result<String> {
        let kube = self.kube;
        let host = &kube.shell.world.host;
        host.write_file(&self.name, text);
        let wanted = ["KUBE_EDITOR", "EDITOR"]
            .into_iter()
            .filter_map(|name| kube.io.variable(&kube.shell, name))
            .find(|editor| !editor.trim().is_empty());
        let editor = wanted.unwrap_or_else(|| "vi".to_owned());
        match run_line(&kube.shell, &kube.io, &format!("{editor} {}", self.name)).await {
            0 => {}
            127 => {
                return Err(Failure::Plain(format!(
                    "unable to launch the editor \"{editor}\""
                )));
            }
            _ => {
                return Err(Failure::Plain(format!(
                    "there was a problem with the editor \"{editor}\""
                )));
            }
        }
        Ok(host.read_file(&self.name).unwrap_or_default())
    }
}

impl Drop for TempFile<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.kube.shell.world.host.remove_file(&self.name);
        }
    }
}

/// A text without its comments, as a value if it is one.
pub fn without_comments(text: &str) -> String {
    let parsed = crate::api::yaml::parse(text);
    match (parsed.error, parsed.documents.as_slice()) {
        (None, [document]) => crate::api::json::go_json(&document.value),
        _ => without_comment_lines(text),
    }
}

pub fn without_comment_lines(text: &str) -> String {
    let comment = |line: &str| {
        let line = line.trim();
        line.starts_with('#') && !line.starts_with("#!")
    };
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !comment(line)).collect()
}
