//! `kubectl explain`: the fields of a kind, in the words of the API's schema.
//! Models `k8s.io/kubectl/pkg/cmd/explain` and `k8s.io/kubectl/pkg/explain/v2`.

use serde_json::Value;

use super::Command;
use crate::api::kinds::KindInfo;
use crate::apiserver::openapi::{Schema, reference};
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::kube::Kube;

pub const EXPLAIN: Command = Command {
    path: "explain",
    short: "Get documentation for a resource",
    help: "TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2]
Say what the fields of a kind mean. Fields below are named with dots: TYPE.field.field.

# Pods
kubectl explain pods

# A field, and all that is below it
kubectl explain pods.spec.containers --recursive",
    flags: &["api-version='' -o,output='plaintext' -r,recursive=false"],
    run: |kube| Box::pin(run(kube)),
};

/// Columns that text may fill, before it is indented.
const WIDTH: usize = 76;
/// So many values of an enumeration are listed beside a field.
const MOST_VALUES: usize = 4;

async fn run(kube: &Kube) -> Result<()> {
    let [word] = kube.flags.arguments.as_slice() else {
        return match kube.flags.arguments.is_empty() {
            true => plain(
                "You must specify the type of resource to explain. Use \"kubectl api-resources\" for a complete list of supported resources.",
            ),
            false => plain("We accept only this format: explain RESOURCE"),
        };
    };
    if !matches!(
        kube.flags.text("output"),
        "" | "plaintext" | "plaintext-openapiv2"
    ) {
        return plain(format!(
            "unrecognized format: {}",
            kube.flags.text("output")
        ));
    }
    if word.starts_with('.') || word.contains("..") {
        return plain("invalid jsonpath syntax, first node must be field node");
    }
    let resource = word.split('.').next().unwrap_or_default();
    kube.discover_words(&[resource.to_owned()]).await;
    let info = kind(kube, word)?;
    if word.contains('[') {
        return plain("invalid jsonpath syntax, first node must be field node");
    }
    // Behind the kind may stand its group.
    let whole = format!("{}.{}", info.plural, info.group);
    let rest = match word.strip_prefix(whole.as_str()) {
        Some(rest) if !info.group.is_empty() && (rest.is_empty() || rest.starts_with('.')) => rest,
        _ => word.split_once('.').map_or("", |(_, rest)| rest),
    };
    let path: Vec<&str> = rest.split('.').filter(|p| !p.is_empty()).collect();
    let Some(schema) = kube.shell.world.host.schema().await else {
        return plain("the schema of the API could not be loaded");
    };
    let brought = match schema.of_kind(info) {
        Some(_) => None,
        None => custom(kube, &schema, info).await,
    };
    let Some(definition) = schema.of_kind(info).or(brought.as_ref()) else {
        return plain(format!(
            "GVR ({}, Resource={}) not found in OpenAPI schema",
            info.api_version(),
            info.plural
        ));
    };
    let mut out = String::new();
    if !info.group.is_empty() {
        out.push_str(&format!("GROUP:      {}\n", info.group));
    }
    out.push_str(&format!(
        "KIND:       {}\nVERSION:    {}\n\n",
        info.kind, info.version
    ));
    let explained = Explained {
        schema: &schema,
        recursive: kube.flags.is("recursive"),
    };
    let found = explained.section(definition, &path, &mut out);
    kube.io.out.write(&out);
    if found.is_err() {
        // Whichever of them it was, the last one is named.
        let field = path.last().copied().unwrap_or_default();
        return Err(Failure::Plain(format!("field \"{field}\" does not exist")));
    }
    kube.io.out.write("\n");
    Ok(())
}

/// The schema of a kind that a definition brings, as the server publishes it: with the fields that every
/// object has.
async fn custom(kube: &Kube, schema: &Schema, info: &KindInfo) -> Option<Value> {
    let definitions = kube.kind_of("customresourcedefinitions")?;
    let name = format!("{}.{}", info.plural, info.group);
    let definition = kube.get(definitions, "", &name).await.ok()?;
    let versions = definition["spec"]["versions"].as_array()?;
    let version = versions.iter().find(|v| v["name"] == info.version)?;
    let mut own = version["schema"]["openAPIV3Schema"].clone();
    let usual = schema.of_kind(kube.kind_of("pods")?)?;
    let properties = own.as_object_mut()?.entry("properties");
    let properties = properties.or_insert_with(|| Value::Object(serde_json::Map::new()));
    for field in ["apiVersion", "kind", "metadata"] {
        let usual = usual["properties"][field].clone();
        properties.as_object_mut()?.insert(field.to_owned(), usual);
    }
    Some(own)
}

/// The kind that the first part of a word names, in the version that is asked for.
fn kind(kube: &Kube, word: &str) -> Result<&'static KindInfo> {
    let resource = word.split('.').next().unwrap_or_default();
    let Some(info) = kube.kind_of(resource) else {
        return Err(Failure::Said(format!(
            "the server doesn't have a resource type \"{resource}\""
        )));
    };
    let asked = kube.flags.text("api-version");
    if asked.is_empty() {
        return Ok(info);
    }
    let mut known = kube.kinds().into_iter();
    let found = known.find(|i| i.plural == info.plural && i.api_version() == asked);
    found.ok_or_else(|| {
        let place = match asked.contains('/') {
            true => asked.to_owned(),
            false => format!("/{asked}"),
        };
        let resource = info.plural;
        Failure::Plain(format!(
            "couldn't find resource for \"{place}, Resource={resource}\""
        ))
    })
}

struct Explained<'s> {
    schema: &'s Schema,
    recursive: bool,
}

impl Explained<'_> {
    /// Explains what a path leads to from a schema; the field that does not exist otherwise.
    fn section(
        &self,
        at: &Value,
        path: &[&str],
        out: &mut String,
    ) -> std::result::Result<(), String> {
        let resolved = self.schema.resolve(at);
        let Some((field, rest)) = path.split_first() else {
            out.push_str("DESCRIPTION:\n");
            let text = match self.description(at) {
                text if text.is_empty() => "<empty>".to_owned(),
                text => text,
            };
            out.push_str(&indented(&wrapped(&text, WIDTH), 4));
            out.push('\n');
            let mut fields = String::new();
            self.fields(at, 1, &mut Vec::new(), &mut fields);
            if !fields.is_empty() {
                out.push_str("FIELDS:\n");
                out.push_str(&fields);
            }
            return Ok(());
        };
        if let Some(next) = resolved["properties"].get(*field) {
            if rest.is_empty() {
                out.push_str(&format!("FIELD: {field} <{}>\n", self.type_name(next)));
                if let Some(values) = next["enum"].as_array() {
                    out.push_str("ENUM:");
                    values
                        .iter()
                        .for_each(|value| out.push_str(&format!("\n    {}", value_name(value))));
                    out.push('\n');
                } else {
                    out.push('\n');
                }
                out.push('\n');
            }
            return self.section(next, rest, out);
        }
        for inner in ["items", "additionalProperties"] {
            if resolved[inner].is_object() {
                return self.section(&resolved[inner], path, out);
            }
        }
        match &resolved["allOf"] {
            Value::Array(parts) if !parts.is_empty() => parts
                .iter()
                .try_for_each(|part| self.section(part, path, out)),
            _ => Err((*field).to_owned()),
        }
    }

    /// What is said of a schema, and of what it refers to.
    fn description(&self, at: &Value) -> String {
        let mut out = String::new();
        self.describe(at, 0, &mut out);
        out
    }

    fn describe(&self, at: &Value, depth: usize, out: &mut String) {
        if depth > 8 {
            return;
        }
        if let Some(text) = at["description"].as_str().filter(|t| !t.is_empty()) {
            out.push_str(text);
            out.push('\n');
        }
        for part in parts(at) {
            self.describe(part, depth + 1, out);
        }
        if reference(at).is_some() {
            self.describe(self.schema.resolve(at), depth + 1, out);
        }
    }

    /// The list of fields below a schema; `seen` are the references on the way to it.
    fn fields<'v>(
        &'v self,
        at: &'v Value,
        level: usize,
        seen: &mut Vec<&'v str>,
        out: &mut String,
    ) {
        if let Some(name) = reference(at) {
            if seen.contains(&name) {
                return;
            }
            seen.push(name);
            self.fields_of(self.schema.resolve(at), level, seen, out);
            seen.pop();
            return;
        }
        self.fields_of(at, level, seen, out);
    }

    fn fields_of<'v>(
        &'v self,
        at: &'v Value,
        level: usize,
        seen: &mut Vec<&'v str>,
        out: &mut String,
    ) {
        if let Some(properties) = at["properties"].as_object() {
            let mut names: Vec<&String> = properties.keys().collect();
            names.sort_unstable();
            for name in names {
                let property = &properties[name];
                let required = at["required"]
                    .as_array()
                    .is_some_and(|r| r.iter().any(|n| n.as_str() == Some(name)));
                self.field(name, property, required, level, out);
                if self.recursive {
                    self.fields(property, level + 1, seen, out);
                }
            }
        }
        for part in parts(at) {
            self.fields(part, level, seen, out);
        }
    }

    fn field(&self, name: &str, at: &Value, required: bool, level: usize, out: &mut String) {
        let indent = " ".repeat(level * 2);
        out.push_str(&format!("{indent}{name}\t<{}>", self.type_name(at)));
        if required {
            out.push_str(" -required-");
        }
        if let Some(values) = at["enum"].as_array() {
            let shown: Vec<String> = values.iter().take(MOST_VALUES).map(value_name).collect();
            out.push_str(&format!("\n{indent}enum: {}", shown.join(", ")));
            if values.len() > MOST_VALUES {
                out.push_str(", ....");
            }
        }
        out.push('\n');
        if self.recursive {
            return;
        }
        let text = match at["description"].as_str() {
            None | Some("") => "<no description>",
            Some(text) => text,
        };
        let width = (WIDTH + 2).saturating_sub(level * 2);
        out.push_str(&indented(&wrapped(text, width), level * 2 + 2));
        out.push_str("\n\n");
    }

    /// How the type of a field is called.
    fn type_name(&self, at: &Value) -> String {
        if at["items"].is_object() {
            return format!("[]{}", self.type_name(&at["items"]));
        }
        if at["additionalProperties"].is_object() {
            return format!("map[string]{}", self.type_name(&at["additionalProperties"]));
        }
        if let (Value::Array(parts), true) = (&at["allOf"], at["properties"].is_null())
            && let [only] = parts.as_slice()
        {
            return self.type_name(only);
        }
        if let Some(name) = reference(at) {
            // Types that are a text of some form are called a text.
            let target = self.schema.resolve(at);
            return match target["type"].as_str() {
                Some(plain) if plain != "object" => plain.to_owned(),
                _ => name.rsplit('.').next().unwrap_or("Object").to_owned(),
            };
        }
        match at["type"].as_str() {
            Some(plain) => plain.to_owned(),
            None => "Object".to_owned(),
        }
    }
}

/// Schemas that say more of the same thing.
fn parts(at: &Value) -> impl Iterator<Item = &Value> {
    let single = ["items", "additionalProperties"].into_iter();
    let single = single.map(|name| &at[name]).filter(|v| v.is_object());
    single.chain(at["allOf"].as_array().into_iter().flatten())
}

fn value_name(value: &Value) -> String {
    match value.as_str() {
        Some("") => "\"\"".to_owned(),
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

fn indented(text: &str, by: usize) -> String {
    let indent = " ".repeat(by);
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| format!("{indent}{line}"))
        .collect();
    lines.join("\n")
}

/// Breaks lines at blanks so that none is longer than `width`, unless a word is.
fn wrapped(text: &str, width: usize) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| wrapped_line(line, width))
        .collect();
    lines.join("\n")
}

fn wrapped_line(line: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    let mut rest = line;
    while !rest.is_empty() {
        let word_at = rest
            .find(|c: char| !c.is_whitespace())
            .unwrap_or(rest.len());
        let (blanks, after) = rest.split_at(word_at);
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (word, after) = after.split_at(end);
        rest = after;
        let (gap, length) = (blanks.chars().count(), word.chars().count());
        if word.is_empty() {
            // Blanks at the end.
            if used + gap <= width {
                out.push_str(blanks);
            }
        } else if used + gap + length.min(width.saturating_sub(1)) > width {
            // A word longer than the line begins a new one as soon as it does not fit.
            out.push('\n');
            out.push_str(word);
            used = length;
        } else {
            out.push_str(blanks);
            out.push_str(word);
            used += gap + length;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks() {
        for (text, width, expected) in [
            ("a bb ccc", 4, "a bb\nccc"),
            ("a bb ccc", 3, "a\nbb\nccc"),
            ("see aaaaaaaa b", 6, "see\naaaaaaaa\nb"),
            ("one\n\n - two three", 7, "one\n\n - two\nthree"),
            ("", 5, ""),
        ] {
            assert_eq!(wrapped(text, width), expected, "{text:?}");
        }
        assert_eq!(indented("a\n\nb", 2), "  a\n  \n  b");
    }
}
