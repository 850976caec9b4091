//! Bringing files in: dropped, chosen or pasted. What is read, under which name, and what is not
//! taken and why.
//!
//! A text stays one file, whatever it holds, also what `helm template` prints: one *Apply* applies it.
//! A file of one's own is never replaced without being asked for.

mod inert;

use std::rc::Rc;

use crate::api::yaml;

use super::export::rank;
use super::model::{Effect, File, Files, Model, Pane};
use super::persist;
use super::session::Progress;
use super::shared::Shared;
use super::text::{Text, say};

pub use inert::{LeftOut, Sorted, sort};

/// How many files come in at once.
pub const MOST_FILES: usize = 100;
/// The largest file, in bytes.
pub const LARGEST_FILE: u64 = 1 << 20;
/// How much text the editor holds in all, in bytes: what a browser keeps until the next visit, with
/// room for the history beside it.
pub const MOST_TEXT: usize = persist::LARGEST * 3 / 4;
/// How the names of shared files end.
const SHARED: &str = ".kubarium.json";
/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// A file that is offered, before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// With the folders that lead to it from what was dropped; empty for pasted text.
    pub path: Rc<str>,
    /// Bytes.
    pub size: u64,
}

/// A file that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub name: Rc<str>,
    pub why: Text,
}

/// Which of the files that are offered are to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sifted {
    /// Their places in the list.
    pub read: Vec<usize>,
    pub refused: Vec<Refused>,
    /// How many files of folders are no manifests by their names.
    pub skipped: usize,
}

/// Files that were read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parcel {
    /// Paths and contents.
    pub files: Vec<(Rc<str>, Rc<[u8]>)>,
    pub refused: Vec<Refused>,
    pub skipped: usize,
}

/// A file that is in the editor now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    pub name: Rc<str>,
    /// How many objects it declares.
    pub objects: usize,
    /// What this cluster does not know of it.
    pub unknown: Vec<Rc<str>>,
    pub note: Note,
}

impl Added {
    /// Whether all of it can be applied.
    pub fn is_well(&self) -> bool {
        let whole = matches!(self.note, Note::None | Note::Same);
        whole && self.objects > 0 && self.unknown.is_empty()
    }
}

/// What is to be said of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    None,
    /// The very same file was there.
    Same,
    /// It is a template of Helm's, and no manifest yet.
    Template,
    /// It cannot be read to its end.
    Broken,
}

/// What came of the last parcel. It stays until it is put away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brought {
    pub added: Vec<Added>,
    /// Files whose names are taken by others: whoever brought them decides.
    pub clashes: Vec<File>,
    pub refused: Vec<Refused>,
    pub skipped: usize,
}

impl Brought {
    pub fn is_empty(&self) -> bool {
        *self == Brought::default()
    }

    /// The files that hold objects, in an order that applies: definitions and namespaces first.
    pub fn to_apply(&self, files: &Files) -> Vec<Rc<str>> {
        let mut names: Vec<(usize, Rc<str>)> = Vec::new();
        for added in self.added.iter().filter(|a| a.objects > 0) {
            let file = files.list.iter().find(|f| f.name == added.name);
            let Some(file) = file else { continue };
            let ranks = yaml::parse(&file.text)
                .documents
                .into_iter()
                .map(|document| {
                    let text = |field: &str| {
                        document.value[field]
                            .as_str()
                            .unwrap_or_default()
                            .to_owned()
                    };
                    rank(&text("apiVersion"), &text("kind"))
                });
            names.push((ranks.min().unwrap_or(usize::MAX), added.name.clone()));
        }
        names.sort();
        names.into_iter().map(|(_, name)| name).collect()
    }
}

/// What is done with files whose names are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The new ones take the place of the old.
    Replace,
    /// The new ones get other names.
    KeepBoth,
    /// All that has come is applied.
    Apply,
    /// The report is put away; files that wait for an answer are left out.
    Close,
}

/// Decides by names and sizes what to read.
pub fn sift(found: &[Found]) -> Sifted {
    let mut sifted = Sifted::default();
    for (i, file) in found.iter().enumerate() {
        let in_folder = file.path.contains('/');
        if in_folder && !is_manifest(&file.path) {
            sifted.skipped += 1;
            continue;
        }
        let why = if file.size > LARGEST_FILE {
            say!(
                "bring.large",
                size = bytes(file.size),
                most = bytes(LARGEST_FILE)
            )
        } else if sifted.read.len() >= MOST_FILES {
            say!("bring.many", n = MOST_FILES)
        } else {
            sifted.read.push(i);
            continue;
        };
        let name = file.path.clone();
        sifted.refused.push(Refused { name, why });
    }
    sifted
}

fn bytes(size: u64) -> Text {
    super::words::bytes(i64::try_from(size).unwrap_or(i64::MAX))
}

fn is_manifest(path: &str) -> bool {
    let ending = path
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    matches!(ending.as_deref(), Some("yaml" | "yml" | "json"))
}

/// Takes files into the editor. `knows` says whether the cluster serves a kind, by `apiVersion` and
/// `kind`.
pub fn take(model: &mut Model, parcel: Parcel, knows: &dyn Fn(&str, &str) -> bool) -> Vec<Effect> {
    let mut brought = Brought {
        refused: parcel.refused,
        skipped: parcel.skipped,
        ..Brought::default()
    };
    let paths: Vec<Rc<str>> = parcel.files.iter().map(|(path, _)| path.clone()).collect();
    let mut files = (*model.files).clone();
    let mut total: usize = files.list.iter().map(|f| f.text.len()).sum();
    let mut last = None;
    for (path, content) in parcel.files {
        let text = match text_of(&content) {
            Ok(text) => text,
            Err(why) => {
                brought.refused.push(Refused { name: path, why });
                continue;
            }
        };
        total += text.len();
        if total > MOST_TEXT {
            total -= text.len();
            let why = say!("bring.full", most = bytes(MOST_TEXT as u64));
            brought.refused.push(Refused { name: path, why });
            continue;
        }
        let pasted = path.is_empty();
        let name: Rc<str> = match pasted {
            true => name_of_content(&text).into(),
            false => short_name(&path, &paths).into(),
        };
        let there = files.list.iter().position(|f| f.name == name);
        match there {
            Some(i) if files.list.get(i).is_some_and(|f| *f.text == *text) => {
                let added = describe(&name, &text, knows);
                brought.added.push(Added {
                    note: Note::Same,
                    ..added
                });
                last = Some(i);
                continue;
            }
            // What is pasted has no name of its own: it cannot be meant to replace anything.
            Some(_) if !pasted => {
                brought.clashes.push(File {
                    name,
                    text: text.into(),
                });
                continue;
            }
            _ => {}
        }
        let taken: Vec<String> = files.list.iter().map(|f| f.name.to_string()).collect();
        let name: Rc<str> = free_name(&name, &taken).into();
        brought.added.push(describe(&name, &text, knows));
        last = Some(files.list.len());
        files.list.push(File {
            name,
            text: text.into(),
        });
    }
    // The report says of a broken file that its problems stand under the text.
    let broken = brought.added.iter().find(|a| a.note == Note::Broken);
    let broken = broken.and_then(|a| files.list.iter().position(|f| f.name == a.name));
    if let Some(open) = broken.or(last) {
        files.open = open;
    }
    model.files = Shared::new(files);
    tell(model, brought)
}

/// What is in a file that the page itself has saved to be shared, if a parcel is one.
pub fn shared(parcel: &Parcel) -> Option<Rc<str>> {
    let [(path, content)] = parcel.files.as_slice() else {
        return None;
    };
    let text = std::str::from_utf8(content).ok()?;
    path.ends_with(SHARED).then(|| text.into())
}

/// Does what was answered.
pub fn settle(
    model: &mut Model,
    answer: Answer,
    knows: &dyn Fn(&str, &str) -> bool,
) -> Vec<Effect> {
    let mut brought = (*model.brought).clone();
    match answer {
        Answer::Close => {
            model.brought = Shared::default();
            return Vec::new();
        }
        Answer::Apply if matches!(model.transport.progress, Progress::Restoring(_)) => {
            model.notify(false, say!("notice.restoring.apply"));
            return Vec::new();
        }
        Answer::Apply => {
            let names = brought.to_apply(&model.files);
            model.brought = Shared::default();
            return vec![Effect::ApplyAll(names), Effect::Save];
        }
        Answer::Replace | Answer::KeepBoth => {}
    }
    let files = model.files.edit();
    for file in std::mem::take(&mut brought.clashes) {
        let there = files.list.iter().position(|f| f.name == file.name);
        let (name, place) = match there {
            Some(i) if answer == Answer::Replace => (file.name.clone(), i),
            _ => {
                let taken: Vec<String> = files.list.iter().map(|f| f.name.to_string()).collect();
                (free_name(&file.name, &taken).into(), files.list.len())
            }
        };
        brought.added.push(describe(&name, &file.text, knows));
        let file = File {
            name,
            text: file.text,
        };
        match files.list.get_mut(place) {
            Some(old) => *old = file,
            None => files.list.push(file),
        }
        files.open = place;
    }
    tell(model, brought)
}

fn tell(model: &mut Model, brought: Brought) -> Vec<Effect> {
    let mut said = vec![say!("bring.said", n = brought.added.len())];
    if !brought.clashes.is_empty() {
        said.push(say!("bring.clash", n = brought.clashes.len()));
    }
    if !brought.refused.is_empty() {
        said.push(say!("bring.refused", n = brought.refused.len()));
    }
    model.say(Text::sentences(said));
    model.panes.shown = Pane::Editor;
    model.brought = Shared::new(brought);
    vec![Effect::Save]
}

/// The text of a file.
///
/// # Errors
/// What it is instead.
fn text_of(content: &[u8]) -> Result<String, Text> {
    match content {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(say!("bring.utf16")),
        [0x1f, 0x8b, ..] | [b'P', b'K', 3 | 5, ..] => return Err(say!("bring.archive")),
        _ => {}
    }
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let text = String::from_utf8(content.to_vec()).map_err(|_| say!("bring.binary"))?;
    let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    match text.chars().any(strange) {
        true => Err(say!("bring.binary")),
        false => Ok(text),
    }
}

fn describe(name: &Rc<str>, text: &str, knows: &dyn Fn(&str, &str) -> bool) -> Added {
    let parsed = yaml::parse(text);
    let mut objects = 0;
    let mut unknown: Vec<Rc<str>> = Vec::new();
    for document in &parsed.documents {
        let items = document.value["items"].as_array().filter(|_| {
            document.value["kind"]
                .as_str()
                .is_some_and(|k| k.ends_with("List"))
        });
        let items = match items {
            Some(items) => items.iter().collect(),
            None => vec![&document.value],
        };
        for object in items {
            let text = |field: &str| object[field].as_str().unwrap_or_default();
            let (version, kind) = (text("apiVersion"), text("kind"));
            objects += 1;
            if !kind.is_empty() && !knows(version, kind) && unknown.iter().all(|k| **k != *kind) {
                unknown.push(kind.into());
            }
        }
    }
    let note = match parsed.error {
        Some(_) if text.contains("{{") => Note::Template,
        Some(_) => Note::Broken,
        None => Note::None,
    };
    Added {
        name: name.clone(),
        objects,
        unknown,
        note,
    }
}

/// The last part of a path, with as many folders before it as tell it from the others that come.
fn short_name(path: &str, all: &[Rc<str>]) -> String {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    for count in 1..parts.len() {
        let tail = parts
            .get(parts.len() - count..)
            .unwrap_or_default()
            .join("/");
        let ending = format!("/{tail}");
        let same = all
            .iter()
            .filter(|p| ***p == *tail || p.ends_with(&ending))
            .count();
        if same <= 1 {
            return plain_name(&tail);
        }
    }
    plain_name(path)
}

/// A name for a file in the one folder that there is: no slashes, nothing that a shell stumbles over.
pub fn plain_name(path: &str) -> String {
    let mut name = String::new();
    for c in path
        .trim_matches(['/', ' ', '.'])
        .chars()
        .take(LONGEST_NAME)
    {
        match c {
            '/' | '\\' => name.push('-'),
            c if c.is_control() || matches!(c, '"' | '\'' | ':' | '*' | '?' | '<' | '>' | '|') => {
                name.push('_')
            }
            c => name.push(c),
        }
    }
    let name = name.replace("..", "_");
    match name.is_empty() {
        true => "manifest.yaml".to_owned(),
        false => name,
    }
}

/// The name, or the first of `web-2.yaml`, `web-3.yaml`, ... that is free.
pub fn free_name(name: &str, taken: &[String]) -> String {
    if !taken.iter().any(|t| t == name) {
        return name.to_owned();
    }
    let (stem, ending) = match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    };
    let mut n = 2_usize;
    loop {
        let other = format!("{stem}-{n}{ending}");
        if !taken.contains(&other) {
            return other;
        }
        n += 1;
    }
}

/// What a pasted text is about: the chart that `helm template` names, else its first object.
fn name_of_content(text: &str) -> String {
    let source = text
        .lines()
        .find_map(|line| line.strip_prefix("# Source: "));
    if let Some((chart, _)) = source.and_then(|s| s.trim().split_once('/')) {
        return plain_name(&format!("{chart}.yaml"));
    }
    let first = yaml::parse(text).documents.into_iter().next();
    let value = first.map(|d| d.value).unwrap_or_default();
    let name = value["metadata"]["name"]
        .as_str()
        .or_else(|| value["kind"].as_str());
    match name {
        Some(name) if !name.is_empty() => plain_name(&format!("{}.yaml", name.to_lowercase())),
        _ => "pasted.yaml".to_owned(),
    }
}

/// Whether a pasted text is one or several manifests, as far as a glance tells.
pub fn looks_like_manifests(text: &str) -> bool {
    let has = |word: &str| {
        text.lines().any(|line| {
            let line = line.trim_start_matches(['-', ' ', '{', '"']);
            line.strip_prefix(word)
                .is_some_and(|rest| rest.trim_start_matches('"').starts_with(':'))
        }) || text.contains(&format!("\"{word}\""))
    };
    has("apiVersion") && has("kind")
}

#[cfg(test)]
mod tests {
    use super::super::persist::example_files;
    use super::*;
    use crate::api::Kind;

    fn known(version: &str, kind: &str) -> bool {
        Kind::by_gvk(version, kind).is_some()
    }

    fn parcel(files: &[(&str, &[u8])]) -> Parcel {
        let files = files
            .iter()
            .map(|(path, content)| ((*path).into(), (*content).into()));
        Parcel {
            files: files.collect(),
            ..Parcel::default()
        }
    }

    fn names(model: &Model) -> Vec<&str> {
        model.files.list.iter().map(|f| &*f.name).collect()
    }

    fn bring(files: &[(&str, &[u8])]) -> Model {
        let mut model = Model::new(example_files());
        let _ = take(&mut model, parcel(files), &known);
        model
    }

    const POD: &[u8] = b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";

    #[test]
    fn names_are_as_short_as_they_can_be() {
        let model = bring(&[
            ("chart/a/deploy.yaml", POD),
            ("chart/b/deploy.yaml", POD),
            ("chart/b/other.yaml", POD),
        ]);
        assert_eq!(
            names(&model)[2..],
            ["a-deploy.yaml", "b-deploy.yaml", "other.yaml"]
        );
        assert_eq!(model.files.open, 4);
        assert_eq!(model.panes.shown, Pane::Editor);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_shown_and_is_not_called_good() {
        let model = bring(&[
            ("bad.yaml", b"apiVersion: v1\nkind: Pod\n  metadata: [\n"),
            ("template.yaml", b"kind: {{ .Values.kind }}\n"),
            ("notes.yaml", b"# nothing yet\n"),
            ("pod.yaml", POD),
        ]);
        let well: Vec<bool> = model.brought.added.iter().map(Added::is_well).collect();
        assert_eq!(well, [false, false, false, true]);
        assert_eq!(&*model.files.list[model.files.open].name, "bad.yaml");
    }

    #[test]
    fn nothing_of_ones_own_is_replaced_without_an_answer() {
        let model = bring(&[("web.yaml", POD), ("new.yaml", POD)]);
        assert_eq!(model.files.list[0], example_files().list[0]);
        assert_eq!(model.brought.clashes.len(), 1);
        let mut replaced = model.clone();
        let _ = settle(&mut replaced, Answer::Replace, &known);
        assert_eq!(replaced.files.list[0].text.as_bytes(), POD);
        let mut both = model.clone();
        let _ = settle(&mut both, Answer::KeepBoth, &known);
        assert_eq!(
            names(&both),
            ["web.yaml", "traffic.yaml", "new.yaml", "web-2.yaml"]
        );
        assert!(both.brought.clashes.is_empty());
        let mut closed = model;
        let _ = settle(&mut closed, Answer::Close, &known);
        assert_eq!(closed.files.list[0], example_files().list[0]);
        assert!(closed.brought.is_empty());
    }

    #[test]
    fn the_same_file_is_there_already() {
        let text = example_files().list[0].text.clone();
        let model = bring(&[("web.yaml", text.as_bytes())]);
        assert_eq!(model.files.list.len(), 2);
        assert_eq!(model.brought.added[0].note, Note::Same);
    }

    #[test]
    fn what_is_no_text_is_refused_in_words() {
        let model = bring(&[
            ("a.png", b"\x89PNG\0\0"),
            ("b.tgz", b"\x1f\x8b\x08"),
            ("c.yaml", b"\xff\xfea\0"),
            ("d.yaml", b"\xef\xbb\xbfkind: Pod\n"),
        ]);
        let why: Vec<String> = model
            .brought
            .refused
            .iter()
            .map(|r| r.why.english())
            .collect();
        assert_eq!(why.len(), 3);
        assert!(why[1].contains("npack"), "{why:?}");
        assert_eq!(&*model.files.list[2].text, "kind: Pod\n");
    }

    #[test]
    fn sizes_and_numbers_are_bounded() {
        let mut found: Vec<Found> = (0..MOST_FILES + 2)
            .map(|i| Found {
                path: format!("d/{i}.yaml").into(),
                size: 10,
            })
            .collect();
        found.push(Found {
            path: "d/logo.png".into(),
            size: 10,
        });
        found.push(Found {
            path: "big.yaml".into(),
            size: LARGEST_FILE + 1,
        });
        let sifted = sift(&found);
        assert_eq!(
            (sifted.read.len(), sifted.refused.len(), sifted.skipped),
            (MOST_FILES, 3, 1)
        );
        let long = vec![b'#'; LARGEST_FILE as usize];
        let model = bring(&[("a.yaml", &long), ("b.yaml", &long)]);
        assert_eq!(model.files.list.len(), 3);
        assert_eq!(model.brought.refused.len(), 1);
    }

    #[test]
    fn a_paste_is_named_after_what_it_holds() {
        let helm = b"---\n# Source: shop/templates/a.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: b\n";
        let model = bring(&[("", helm), ("", POD), ("", b"x"), ("", helm)]);
        assert_eq!(names(&model)[2..], ["shop.yaml", "a.yaml", "pasted.yaml"]);
        assert!(looks_like_manifests(std::str::from_utf8(helm).unwrap()));
        assert!(looks_like_manifests(
            "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}"
        ));
        assert!(!looks_like_manifests("kubectl get pods"));
    }

    #[test]
    fn what_nobody_knows_is_named_and_kept() {
        let text = b"apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: m}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n";
        let model = bring(&[
            ("z.yaml", text),
            ("a.yaml", POD),
            ("t.yaml", b"a: {{ .Values.b }}\nb\n"),
        ]);
        let added = &model.brought.added;
        assert_eq!(
            (added[0].objects, &*added[0].unknown[0]),
            (2, "ServiceMonitor")
        );
        assert_eq!(added[2].note, Note::Template);
        let order = model.brought.to_apply(&model.files);
        assert_eq!(order, ["z.yaml".into(), Rc::<str>::from("a.yaml")]);
    }
}
