//! How objects are printed: `-o yaml|json|name|jsonpath=...|go-template=...|custom-columns=...`.

pub mod columns;
mod kyaml;
pub mod order;
pub mod table;
mod template;

use serde_json::Value;

use super::error::{Failure, Result};
use super::json::{name, text};
use super::kube::Kube;
use super::resources::{label, qualified_kind};
use crate::api::jsonpath;
use crate::api::rfc3339::go_quote;

/// A format other than a table.
pub enum Format {
    Yaml,
    Kyaml,
    Json,
    Name,
    JsonPath {
        template: jsonpath::Template,
        as_json: bool,
    },
    /// And whether it is an error to ask for what is not there.
    Template(template::Template, bool),
    Columns(columns::Columns),
}

/// Formats that take a template.
const TEMPLATES: &[&str] = &[
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "go-template",
    "go-template-file",
    "template",
    "templatefile",
    "custom-columns",
    "custom-columns-file",
];

/// The format of `-o`; `None` for tables (`wide` and nothing).
///
/// # Errors
/// The words of kubectl for a format that it does not know, or that is written wrongly.
pub fn format(kube: &Kube, tables: bool) -> Result<Option<Format>> {
    let output = kube.flags.text("output");
    // With --template, -o names the format alone; otherwise the template follows `=`.
    let given = kube.flags.text("template");
    let (name, argument) = match output.split_once('=') {
        _ if !given.is_empty() => (output, Some(given)),
        Some((name, argument)) if TEMPLATES.contains(&name) => (name, Some(argument)),
        _ => (output, None),
    };
    let name = match (name, &argument) {
        ("", Some(_)) => "go-template",
        (name, _) => name,
    };
    // A template that is empty was not given.
    let argument = argument.filter(|text| !text.is_empty()).map(str::to_owned);
    let strict = !kube.flags.is_or("allow-missing-template-keys", true);
    Ok(Some(match (name, argument) {
        ("", _) => return Ok(None),
        ("wide", _) if tables => return Ok(None),
        ("yaml", _) => Format::Yaml,
        ("kyaml", _) => Format::Kyaml,
        ("json", _) => Format::Json,
        ("name", _) => Format::Name,
        (
            "jsonpath"
            | "jsonpath-as-json"
            | "go-template"
            | "template"
            | "custom-columns"
            | "custom-columns-file",
            None,
        ) => {
            let example = match name {
                "custom-columns" | "custom-columns-file" => {
                    return Err(
                        "custom-columns format specified but no custom columns given".into(),
                    );
                }
                _ => "template format specified but no template given",
            };
            return Err(example.into());
        }
        ("jsonpath" | "jsonpath-as-json", Some(source)) => Format::JsonPath {
            template: jsonpath::Template::parse(&source)
                .map_err(|e| Failure::Plain(format!("error parsing jsonpath {source}, {e}")))?
                .strict(strict),
            as_json: name == "jsonpath-as-json",
        },
        (
            "jsonpath-file" | "go-template-file" | "templatefile" | "custom-columns-file",
            Some(file),
        ) => {
            let source = kube.shell.read_file(&file).ok_or_else(|| {
                let flag = match name {
                    "custom-columns-file" => "template",
                    _ => "--template",
                };
                Failure::Plain(format!(
                    "error reading {flag} {file}, open {file}: no such file or directory\n"
                ))
            })?;
            match name {
                "jsonpath-file" => Format::JsonPath {
                    template: jsonpath::Template::parse(&source).map_err(|e| {
                        Failure::Plain(format!("error parsing jsonpath {source}, {e}"))
                    })?,
                    as_json: false,
                },
                "custom-columns-file" => Format::Columns(columns::Columns::parse_file(&source)?),
                _ => template_of(&source, strict)?,
            }
        }
        ("go-template" | "template", Some(source)) => template_of(&source, strict)?,
        ("custom-columns", Some(spec)) => Format::Columns(columns::Columns::parse(&spec)?),
        (_, _) => return Err(no_match(output, tables)),
    }))
}

fn template_of(source: &str, strict: bool) -> Result<Format> {
    let template = template::Template::parse(source)
        .map_err(|e| Failure::Plain(format!("error parsing template {source}, {e}")))?;
    Ok(Format::Template(template, strict))
}

fn no_match(output: &str, tables: bool) -> Failure {
    let mut allowed = vec![
        "custom-columns",
        "custom-columns-file",
        "go-template",
        "go-template-file",
        "json",
        "jsonpath",
        "jsonpath-as-json",
        "jsonpath-file",
        "kyaml",
        "name",
        "template",
        "templatefile",
        "wide",
        "yaml",
    ];
    if !tables {
        allowed.retain(|f| !matches!(*f, "custom-columns" | "custom-columns-file" | "wide"));
    }
    Failure::Plain(format!(
        "unable to match a printer suitable for the output format \"{output}\", allowed formats are: {}",
        allowed.join(",")
    ))
}

impl Format {
    /// Prints one object. Lists are objects too.
    pub fn print(&self, kube: &Kube, object: &Value) -> Result<()> {
        let out = &kube.io.out;
        match self {
            Format::Yaml => out.write(&yaml(&without_managed_fields(kube, object))),
            Format::Kyaml => out.write(&kyaml::text(&without_managed_fields(kube, object))),
            Format::Json if is_typed(kube) => {
                let object = without_managed_fields(kube, object);
                out.write(&(order::json(&object, Some(4)) + "\n"));
            }
            Format::Json => out.write(&json(&without_managed_fields(kube, object))),
            Format::Name => names(object, &mut |name| out.line(name)),
            Format::JsonPath { template, as_json } => {
                let text = match as_json {
                    true => template
                        .find(object)
                        .map(|found| json(&Value::Array(found.into_iter().cloned().collect()))),
                    false => template.render(object),
                };
                out.write(&text.map_err(|e| jsonpath_failure(&e, template, object))?);
            }
            Format::Template(template, strict) => {
                let rendered = template.render(object, *strict);
                out.write(&rendered.text);
                if let Some(error) = rendered.error {
                    return Err(template_failure(kube, &error, template, object));
                }
            }
            Format::Columns(columns) => {
                let (text, wrong) = columns.render(object, kube.flags.is("no-headers"));
                out.write(&text);
                if let Some(wrong) = wrong {
                    return Err(Failure::Plain(wrong));
                }
            }
        }
        Ok(())
    }
}

/// Whether a command prints objects that it has made, or has read into types of its own.
pub fn is_typed(kube: &Kube) -> bool {
    const COMMANDS: [&str; 7] = [
        "create ",
        "run",
        "expose",
        "autoscale",
        "set ",
        "rollout ",
        "auth whoami",
    ];
    let path = kube.path.strip_prefix("kubectl ").unwrap_or(&kube.path);
    COMMANDS.iter().any(|command| path.starts_with(command))
}

/// Shows what a template was executed on, as the real one does.
fn template_failure(
    kube: &Kube,
    error: &str,
    template: &template::Template,
    object: &Value,
) -> Failure {
    let source = template.source();
    kube.io.out.write(&format!(
        "Error executing template: {error}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{source}\n\traw data was:\n\t\t{}\n\tobject given to template engine was:\n\t\t{}\n\n",
        crate::api::json::go_json(object),
        crate::api::json::go_display(object, 0),
    ));
    Failure::Plain(format!(
        "error executing template {}: {error}",
        go_quote(source)
    ))
}

fn jsonpath_failure(error: &str, template: &jsonpath::Template, object: &Value) -> Failure {
    Failure::Plain(format!(
        "error executing jsonpath {}: Error executing template: {error}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{}\n\tobject given to jsonpath engine was:\n\t\t{}\n\n\n",
        go_quote(template.source()),
        template.source(),
        crate::api::json::go_source(object),
    ))
}

fn names(object: &Value, print: &mut dyn FnMut(&str)) {
    if let Some(items) = object["items"].as_array() {
        items.iter().for_each(|item| names(item, print));
        return;
    }
    let kind = text(object, "kind").to_ascii_lowercase();
    match text(object, "apiVersion").split_once('/') {
        Some((group, _)) => print(&format!("{kind}.{group}/{}", name(object))),
        None => print(&format!("{kind}/{}", name(object))),
    }
}

fn without_managed_fields(kube: &Kube, object: &Value) -> Value {
    match kube.flags.is("show-managed-fields") {
        true => object.clone(),
        false => unmanaged(object, true),
    }
}

/// A copy without the owners of fields, which are more than half of many an object; `listed` if it may be a
/// list of such.
fn unmanaged(object: &Value, listed: bool) -> Value {
    let Value::Object(fields) = object else {
        return object.clone();
    };
    let copied = fields.iter().map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("metadata", Value::Object(metadata)) => {
                let kept = metadata.iter().filter(|(name, _)| *name != "managedFields");
                Value::Object(kept.map(|(k, v)| (k.clone(), v.clone())).collect())
            }
            ("items", Value::Array(items)) if listed => {
                Value::Array(items.iter().map(|i| unmanaged(i, false)).collect())
            }
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(copied.collect())
}

/// YAML as kubectl prints it.
pub fn yaml(value: &Value) -> String {
    crate::api::yaml::to_yaml(value)
}

/// JSON as kubectl prints it: four blanks of indent.
pub fn json(value: &Value) -> String {
    order::as_it_stands(value, 4) + "\n"
}

/// Prints what became of an object: `deployment.apps/web created`, or the object itself with `-o`.
pub fn done(
    kube: &Kube,
    kind: &crate::api::kinds::KindInfo,
    object: &Value,
    operation: &str,
) -> Result<()> {
    let suffix = kube.dry_run()?.suffix();
    match format(kube, false)? {
        None => kube.print(&format!(
            "{} {operation}{suffix}",
            label(kind, name(object))
        )),
        Some(Format::Name) => kube.print(&label(kind, name(object))),
        Some(format) => format.print(kube, object)?,
    }
    Ok(())
}

/// As [`done`], for commands that do not say that nothing was done in truth.
pub fn done_without_suffix(
    kube: &Kube,
    kind: &crate::api::kinds::KindInfo,
    object: &Value,
    operation: &str,
) -> Result<()> {
    match format(kube, false)? {
        None => kube.print(&format!("{} {operation}", label(kind, name(object)))),
        Some(_) => done(kube, kind, object, operation)?,
    }
    Ok(())
}

/// As [`done`], for operations whose word follows a quoted name: `pod "web" deleted from default namespace`.
pub fn deleted(
    kube: &Kube,
    kind: &crate::api::kinds::KindInfo,
    namespace: &str,
    name: &str,
    operation: &str,
) -> Result<()> {
    if kube.flags.text("output") == "name" {
        kube.print(&label(kind, name));
        return Ok(());
    }
    let suffix = kube.dry_run()?.suffix();
    let place = match namespace {
        "" => String::new(),
        namespace => format!(" from {namespace} namespace"),
    };
    kube.print(&format!(
        "{} \"{name}\" {operation}{place}{suffix}",
        qualified_kind(kind)
    ));
    Ok(())
}
