//! `kustomize build`: objects out of a folder with a `kustomization.yaml`.
//! Models `sigs.k8s.io/kustomize/api` (its builtin plugins and `internal/target`).
//!
//! Divergence: no remote resources, Helm charts or plugins; they are refused by name.

mod generate;
pub use generate::hash as hash_of;
mod names;
mod patch;
mod replace;
mod transform;

use serde_json::{Map, Value};

use super::json::{list, name, text};
use crate::api::yaml;

/// Where files come from.
pub trait Files {
    fn read(&self, name: &str) -> Option<String>;
    fn all(&self) -> Vec<String>;
}

/// An object on its way to the output.
#[derive(Clone, Debug)]
pub struct Resource {
    pub object: Value,
    /// Its earlier names, the first one first.
    pub names: Vec<String>,
    /// The folders that it came through, the outermost first.
    pub layers: Vec<usize>,
    /// A hash of its content is put behind its name.
    pub hashed: bool,
}

impl Resource {
    pub fn kind(&self) -> &str {
        text(&self.object, "kind")
    }

    pub fn group(&self) -> &str {
        let version = text(&self.object, "apiVersion");
        version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Whether this is, or once was, its name.
    pub fn is_called(&self, wanted: &str) -> bool {
        name(&self.object) == wanted || self.names.iter().any(|n| n == wanted)
    }

    /// `Deployment.v1.apps/web.[noNs]`
    pub fn id(&self) -> String {
        id_of(&self.object)
    }
}

pub fn id_of(object: &Value) -> String {
    let version = text(object, "apiVersion");
    let (group, version) = version.split_once('/').unwrap_or(("[noGrp]", version));
    let namespace = match text(object, "metadata.namespace") {
        "" => "[noNs]",
        namespace => namespace,
    };
    format!(
        "{}.{version}.{group}/{}.{namespace}",
        text(object, "kind"),
        name(object)
    )
}

/// Names under which a kustomization is looked for.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const DEEPEST: usize = 20;
const MOST_RESOURCES: usize = 5_000;

pub struct Builder<'f> {
    pub files: &'f dyn Files,
    /// How many folders have been entered.
    entered: usize,
    /// The variables of all of them.
    vars: Vec<Value>,
}

pub type Result<T> = std::result::Result<T, String>;

/// The objects that a folder stands for, in the order in which they are to be applied.
///
/// # Errors
/// What is wrong, in the words of kustomize where it has some.
pub fn build(files: &dyn Files, folder: &str) -> Result<Vec<Value>> {
    let mut builder = Builder {
        files,
        entered: 0,
        vars: Vec::new(),
    };
    let folder = cleaned("", folder);
    let mut resources = builder.folder(&folder, &mut Vec::new(), Vec::new(), false)?;
    for resource in &mut resources {
        generate::add_hash(resource);
    }
    names::fix_references(&mut resources);
    replace::variables(&builder.vars, &mut resources)?;
    resources.sort_by_cached_key(|r| names::order(&r.object));
    Ok(resources.into_iter().map(|r| r.object).collect())
}

/// A path without `.` and `..`, from a folder.
pub fn cleaned(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let whole = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("{folder}/{path}"),
    };
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a kustomization may say, and of what kind each is.
const FIELDS: [(&str, char); 29] = [
    ("apiVersion", 's'),
    ("kind", 's'),
    ("metadata", 'o'),
    ("resources", 'a'),
    ("bases", 'a'),
    ("components", 'a'),
    ("namePrefix", 's'),
    ("nameSuffix", 's'),
    ("namespace", 's'),
    ("commonLabels", 'o'),
    ("labels", 'a'),
    ("commonAnnotations", 'o'),
    ("patches", 'a'),
    ("patchesStrategicMerge", 'a'),
    ("patchesJson6902", 'a'),
    ("images", 'a'),
    ("imageTags", 'a'),
    ("replicas", 'a'),
    ("replacements", 'a'),
    ("vars", 'a'),
    ("configMapGenerator", 'a'),
    ("secretGenerator", 'a'),
    ("generatorOptions", 'o'),
    ("configurations", 'a'),
    ("crds", 'a'),
    ("openapi", 'o'),
    ("buildMetadata", 'a'),
    ("sortOptions", 'o'),
    ("validators", 'a'),
];

const REFUSED: [&str; 5] = [
    "helmCharts",
    "helmGlobals",
    "helmChartInflationGenerator",
    "generators",
    "transformers",
];

impl Builder<'_> {
    fn file_of(&self, folder: &str) -> Result<(String, String)> {
        let mut found: Vec<(String, String)> = FILE_NAMES
            .iter()
            .map(|n| cleaned(folder, n))
            .filter_map(|path| self.files.read(&path).map(|text| (path, text)))
            .collect();
        match (found.pop(), found.is_empty()) {
            (Some(one), true) => Ok(one),
            (Some(_), false) => Err(format!(
                "Found multiple kustomization files under: /root/{folder}"
            )),
            (None, _)
                if folder != "."
                    && !folder.is_empty()
                    && !self
                        .files
                        .all()
                        .iter()
                        .any(|f| f.starts_with(&format!("{}/", folder.trim_end_matches('/')))) =>
            {
                Err(format!(
                    "must build at directory: not a valid directory: evalsymlink failure on '{folder}' : lstat /root/{folder}: no such file or directory"
                ))
            }
            (None, _) => Err(format!(
                "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
                match folder.trim_start_matches("./") {
                    "" | "." => "/root".to_owned(),
                    folder => format!("/root/{}", folder.trim_end_matches('/')),
                }
            )),
        }
    }

    /// What a folder makes of nothing, or a component of what is there.
    fn folder(
        &mut self,
        folder: &str,
        inside: &mut Vec<String>,
        before: Vec<Resource>,
        component: bool,
    ) -> Result<Vec<Resource>> {
        if inside.iter().any(|f| f == folder) {
            return Err(format!(
                "cycle detected: candidate root '/root/{folder}' contains visited root '/root/{folder}'"
            ));
        }
        if inside.len() >= DEEPEST {
            return Err("kustomizations nest too deeply".to_owned());
        }
        self.entered += 1;
        if self.entered > 500 {
            return Err("too many kustomizations".to_owned());
        }
        let layer = self.entered;
        let (path, source) = self.file_of(folder)?;
        let parsed = yaml::parse(&source);
        if let Some(error) = parsed.error {
            return Err(format!("{path}: {}", error.message));
        }
        let kustomization = parsed.documents.into_iter().next();
        let kustomization = kustomization.map_or(Value::Object(Map::new()), |d| d.value);
        check(&kustomization, component)?;
        inside.push(folder.to_owned());
        let mut resources = before;
        let first = resources.len();
        for field in ["resources", "bases"] {
            for entry in strings(&kustomization, field)? {
                let more = self.resource(folder, &entry, inside)?;
                let at = cleaned(folder, &entry);
                let is_file = self.files.read(&at).is_some();
                for resource in more {
                    add(&mut resources, resource).map_err(|error| match is_file {
                        true => error,
                        false => format!(
                            "accumulating resources: accumulation err='accumulating resources from '{entry}': '/root/{at}' must resolve to a file': recursed merging from path '/root/{at}': {error}"
                        ),
                    })?;
                }
            }
        }
        generate::run(self, folder, &kustomization, &mut resources)?;
        for entry in strings(&kustomization, "components")? {
            let at = cleaned(folder, &entry);
            resources = self.folder(&at, inside, resources, true)?;
        }
        inside.pop();
        patch::run(self, folder, &kustomization, &mut resources)?;
        transform::run(&kustomization, &mut resources)?;
        replace::run(self, folder, &kustomization, &mut resources)?;
        self.vars
            .extend(list(&kustomization, "vars").iter().cloned());
        for resource in resources.iter_mut().skip(if component { first } else { 0 }) {
            resource.layers.insert(0, layer);
        }
        Ok(resources)
    }

    /// A file or a folder among the resources.
    fn resource(
        &mut self,
        folder: &str,
        entry: &str,
        inside: &mut Vec<String>,
    ) -> Result<Vec<Resource>> {
        if entry.contains("://") || entry.starts_with("github.com/") || entry.starts_with("git@") {
            return Err(format!(
                "accumulating resources: accumulation err='accumulating resources from '{entry}': URL is a git repository': this cluster reaches no other server"
            ));
        }
        let path = cleaned(folder, entry);
        if let Some(source) = self.files.read(&path) {
            return self.parse(entry, &source);
        }
        let lead = format!("{path}/");
        let is_folder = path.is_empty() || self.files.all().iter().any(|f| f.starts_with(&lead));
        if !is_folder {
            return Err(format!(
                "accumulating resources: accumulation err='accumulating resources from '{entry}': evalsymlink failure on '/root/{path}' : lstat /root/{path}: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/root/{path}' : lstat /root/{path}: no such file or directory"
            ));
        }
        let built = self.folder(&path, inside, Vec::new(), false);
        built.map_err(|error| match error.starts_with("cycle detected") {
            true => error,
            false => format!(
                "accumulating resources: accumulation err='accumulating resources from '{entry}': '/root/{path}' must resolve to a file': recursed accumulation of path '/root/{path}': {error}"
            ),
        })
    }

    /// The objects of a file.
    fn parse(&self, entry: &str, source: &str) -> Result<Vec<Resource>> {
        let parsed = yaml::parse(source);
        if let Some(error) = parsed.error {
            let message = error.message.as_str();
            let message = message
                .strip_prefix("error converting YAML to JSON: ")
                .unwrap_or(message);
            return Err(format!(
                "accumulating resources: accumulation err='accumulating resources from '{entry}': MalformedYAMLError: {message} in File: {entry}'"
            ));
        }
        let mut out = Vec::new();
        for document in parsed.documents {
            let object = document.value;
            let items = match text(&object, "kind").ends_with("List") && object["items"].is_array()
            {
                true => list(&object, "items").to_vec(),
                false => vec![object],
            };
            for object in items {
                if text(&object, "kind").is_empty() {
                    return Err(format!(
                        "accumulating resources: accumulation err='accumulating resources from '{entry}': missing Resource metadata'"
                    ));
                }
                if name(&object).is_empty() && text(&object, "metadata.generateName").is_empty() {
                    return Err(format!(
                        "accumulating resources: accumulation err='accumulating resources from '{entry}': missing metadata.name in object {{{{{} {}}} {{{{ }} map[] map[]}}}}'",
                        text(&object, "apiVersion"),
                        text(&object, "kind"),
                    ));
                }
                if FILE_NAMES.contains(&entry) {
                    continue;
                }
                out.push(resource(object, false));
            }
        }
        Ok(out)
    }
}

pub fn resource(object: Value, hashed: bool) -> Resource {
    Resource {
        names: vec![name(&object).to_owned()],
        object,
        layers: Vec::new(),
        hashed,
    }
}

/// Adds an object that must not be there yet.
pub fn add(resources: &mut Vec<Resource>, new: Resource) -> Result<()> {
    if resources.len() >= MOST_RESOURCES {
        return Err("too many resources".to_owned());
    }
    if resources.iter().any(|r| r.id() == new.id()) {
        return Err(format!(
            "may not add resource with an already registered id: {}",
            new.id()
        ));
    }
    resources.push(new);
    Ok(())
}

/// Refuses what a kustomization may not say.
fn check(kustomization: &Value, component: bool) -> Result<()> {
    let Value::Object(map) = kustomization else {
        return Err("invalid Kustomization: json: cannot unmarshal into Go value of type types.Kustomization".to_owned());
    };
    for (field, value) in map {
        if REFUSED.contains(&field.as_str()) {
            return Err(format!(
                "invalid Kustomization: {field} is not part of this kustomize"
            ));
        }
        let Some((_, kind)) = FIELDS.iter().find(|(f, _)| f == field) else {
            return Err(format!(
                "invalid Kustomization: json: unknown field \"{field}\""
            ));
        };
        let fits = match kind {
            's' => value.is_string(),
            'a' => value.is_array(),
            _ => value.is_object(),
        };
        if !fits && !value.is_null() {
            let wanted = match kind {
                's' => "string",
                'a' => "[]string",
                _ => "map[string]string",
            };
            return Err(format!(
                "invalid Kustomization: json: cannot unmarshal into Go struct field Kustomization.{field} of type {wanted}"
            ));
        }
    }
    let kind = text(kustomization, "kind");
    let wanted = if component {
        "Component"
    } else {
        "Kustomization"
    };
    if !kind.is_empty() && kind != wanted {
        return Err(match component {
            true => format!("expected kind 'Component' for path, got '{kind}'"),
            false => format!("kind should be Kustomization or Component, got {kind}"),
        });
    }
    Ok(())
}

/// The strings of a list.
pub fn strings(value: &Value, field: &str) -> Result<Vec<String>> {
    list(value, field)
        .iter()
        .map(|entry| match entry {
            Value::String(text) => Ok(text.clone()),
            other => Err(format!(
                "invalid Kustomization: json: cannot unmarshal {} into Go struct field Kustomization.{field} of type string",
                if other.is_object() { "object" } else { "number" }
            )),
        })
        .collect()
}
