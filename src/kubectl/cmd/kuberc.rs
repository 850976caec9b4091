//! `kuberc`: one's own defaults of flags and aliases of commands, in a file beside the kubeconfig.
//! Models `k8s.io/kubectl/pkg/kuberc` and `pkg/cmd/kuberc` (KEP-3104).

use serde_json::{Value, json};

use super::Command;
use crate::api::yaml;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::json::{list, scalar, text};
use crate::kubectl::kube::Kube;
use crate::kubectl::shell::Shell;
use crate::kubectl::shell::run_parts::Io;

/// Where the preferences are when nobody says otherwise.
const FILE: &str = "/root/.kube/kuberc";
const API_VERSIONS: [&str; 2] = [
    "kubectl.config.k8s.io/v1beta1",
    "kubectl.config.k8s.io/v1alpha1",
];

pub const VIEW: Command = Command {
    path: "kuberc view",
    short: "Display the current kuberc configuration",
    help: "[flags]
# The preferences that are in use
kubectl kuberc view",
    flags: &["-o,output='yaml'"],
    run: |kube| Box::pin(async move { view(kube) }),
};

pub const SET: Command = Command {
    path: "kuberc set",
    short: "Set values in the kuberc configuration",
    help: "--section (defaults|aliases) --command COMMAND
Give a command defaults for its flags, or make an alias of one.

# Lists are wide
kubectl kuberc set --section defaults --command get --option output=wide

# kubectl getn shows nodes
kubectl kuberc set --section aliases --name getn --command get --prependarg nodes --option output=wide",
    flags: &[
        "appendarg=[]* command='' name='' option=[]* overwrite=false prependarg=[]* section=''",
    ],
    run: |kube| Box::pin(async move { set(kube) }),
};

/// The file that a run reads; `None` when preferences are turned off.
fn file(io: &Io, shell: &Shell, given: Option<&str>) -> Option<String> {
    match given {
        Some("off") => return None,
        Some(file) if !file.is_empty() => return Some(file.to_owned()),
        _ => {}
    }
    if io.variable(shell, "KUBECTL_KUBERC").as_deref() == Some("false") {
        return None;
    }
    match io.variable(shell, "KUBERC").unwrap_or_default() {
        off if off == "off" => None,
        none if none.is_empty() => Some(FILE.to_owned()),
        file => Some(file),
    }
}

/// What a file says; an empty value when there is none.
fn read(shell: &Shell, file: &str) -> Result<Value> {
    let Some(source) = shell.read_file(file) else {
        return Ok(Value::Null);
    };
    let parsed = yaml::parse(&source);
    if let Some(error) = parsed.error {
        return plain(format!("kuberc: {}", error.message));
    }
    let document = parsed.documents.into_iter().next();
    let value = document.map_or(Value::Null, |document| document.value);
    let is_known = API_VERSIONS.contains(&text(&value, "apiVersion"));
    match is_known && text(&value, "kind") == "Preference" || value.is_null() {
        true => Ok(value),
        false => plain(format!(
            "kuberc: no kind \"{}\" is registered for version \"{}\"",
            text(&value, "kind"),
            text(&value, "apiVersion")
        )),
    }
}

/// The words of a run after its preferences: an alias stands for its command, and flags that are not given have
/// the defaults of one's own.
///
/// # Errors
/// When the file cannot be read as preferences.
pub fn applied(shell: &Shell, io: &Io, words: &[String]) -> Result<Vec<String>> {
    let given =
        words
            .iter()
            .enumerate()
            .find_map(|(i, word)| match word.strip_prefix("--kuberc") {
                Some("") => words.get(i + 1).map(String::as_str),
                Some(value) => value.strip_prefix('='),
                None => None,
            });
    let preferences = match file(io, shell, given) {
        Some(file) => read(shell, &file)?,
        None => Value::Null,
    };
    if preferences.is_null() {
        return Ok(words.to_vec());
    }
    let mut words = words.to_vec();
    let mut defaults: Vec<&Value> = Vec::new();
    let first = words.iter().position(|word| !word.starts_with('-'));
    let alias = first.and_then(|at| words.get(at)).and_then(|name| {
        let mut aliases = list(&preferences, "aliases").iter();
        aliases.find(|alias| text(alias, "name") == name)
    });
    if let (Some(at), Some(alias)) = (first, alias)
        && !super::members("").contains(&text(alias, "name"))
    {
        let texts = |field: &str| {
            list(alias, field)
                .iter()
                .map(scalar)
                .collect::<Vec<String>>()
        };
        let command = text(alias, "command").split_whitespace().map(str::to_owned);
        let instead: Vec<String> = command.chain(texts("prependArgs")).collect();
        words.splice(at..=at, instead);
        words.extend(texts("appendArgs"));
        defaults.push(alias);
    }
    let plain: Vec<&str> = words
        .iter()
        .filter(|word| !word.starts_with('-'))
        .map(String::as_str)
        .collect();
    let ours = |entry: &&Value| {
        let path: Vec<&str> = text(entry, "command").split_whitespace().collect();
        !path.is_empty() && plain.starts_with(&path)
    };
    defaults.extend(list(&preferences, "defaults").iter().filter(ours));
    let mut flags: Vec<String> = Vec::new();
    for option in defaults.iter().flat_map(|entry| list(entry, "options")) {
        let (name, value) = (text(option, "name"), scalar(&option["default"]));
        let is_given = |word: &String| {
            let flag = word.strip_prefix("--").unwrap_or_default();
            flag.split('=').next() == Some(name) || is_short(word, &plain, name)
        };
        if !words.iter().chain(&flags).any(is_given) {
            flags.push(format!("--{name}={value}"));
        }
    }
    // What follows `--` is not kubectl's.
    let end = words
        .iter()
        .position(|word| word == "--")
        .unwrap_or(words.len());
    words.splice(end..end, flags);
    Ok(words)
}

/// Whether a word is the short form of a command's flag.
fn is_short(word: &str, plain: &[&str], name: &str) -> bool {
    let Some(letter) = word.strip_prefix('-').and_then(|rest| rest.chars().next()) else {
        return false;
    };
    let mut commands = super::COMMANDS.iter();
    let command = commands.find(|c| {
        let path: Vec<&str> = c.path.split(' ').collect();
        plain.starts_with(&path)
    });
    let own = command.map_or(&[] as &[&str], |c| c.flags);
    crate::kubectl::flags::read(own)
        .iter()
        .any(|flag| flag.name == name && flag.short == Some(letter))
}

fn view(kube: &Kube) -> Result<()> {
    let given = kube.flags.global("kuberc");
    let Some(file) = file(&kube.io, &kube.shell, Some(given)) else {
        return plain("kuberc is disabled");
    };
    let preferences = read(&kube.shell, &file)?;
    if preferences.is_null() {
        return plain(format!("no kuberc file found at {file}"));
    }
    match kube.flags.text("output") {
        "json" => kube
            .io
            .out
            .write(&(crate::kubectl::printers::json(&preferences))),
        "" | "yaml" => kube
            .io
            .out
            .write(&crate::kubectl::printers::yaml(&preferences)),
        other => {
            return plain(format!(
                "unable to match a printer suitable for the output format \"{other}\", allowed formats are: json,yaml"
            ));
        }
    }
    Ok(())
}

fn set(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    let section = flags.text("section");
    if !["defaults", "aliases"].contains(&section) {
        return plain(format!(
            "unknown section \"{section}\", must be one of: defaults, aliases"
        ));
    }
    let command = flags.text("command");
    if command.is_empty() {
        return plain("--command is required");
    }
    let name = flags.text("name");
    if section == "aliases" && name.is_empty() {
        return plain("--name is required when --section=aliases");
    }
    let Some(file) = file(&kube.io, &kube.shell, Some(flags.global("kuberc"))) else {
        return plain("kuberc is disabled");
    };
    let mut options = Vec::new();
    for option in flags.list("option") {
        let Some((name, value)) = option.split_once('=') else {
            return plain(format!(
                "invalid option format \"{option}\", expected flag=value"
            ));
        };
        options.push(json!({"name": name, "default": value}));
    }
    let mut entry = json!({"command": command, "options": options});
    if section == "aliases" {
        entry["name"] = name.into();
        for (flag, field) in [("prependarg", "prependArgs"), ("appendarg", "appendArgs")] {
            if !flags.list(flag).is_empty() {
                entry[field] = json!(flags.list(flag));
            }
        }
    }
    let mut preferences = read(&kube.shell, &file)?;
    if preferences.is_null() {
        preferences = json!({"apiVersion": API_VERSIONS[0], "kind": "Preference"});
    }
    let key = if section == "aliases" {
        "name"
    } else {
        "command"
    };
    let mut entries = list(&preferences, section).to_vec();
    let known = entries
        .iter()
        .position(|e| text(e, key) == text(&entry, key));
    match known {
        Some(_) if !flags.is("overwrite") => {
            return plain(format!(
                "{section} entry for \"{}\" already exists, use --overwrite to replace it",
                text(&entry, key)
            ));
        }
        Some(at) => {
            entries.splice(at..=at, [entry]);
        }
        None => entries.push(entry),
    }
    preferences[section] = Value::Array(entries);
    let text = crate::kubectl::printers::yaml(&preferences);
    kube.shell.world.host.write_file(&file, &text);
    kube.print(&format!("Updated {file}"));
    Ok(())
}
