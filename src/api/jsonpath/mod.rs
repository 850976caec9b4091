//! JSONPath templates as kubectl reads them: text with `{...}` in it, `range` and `end`, filters.
//! Models `k8s.io/client-go/util/jsonpath`.

mod evaluate;
mod parse;

use serde_json::Value;

use evaluate::{Look, render, walk};
use parse::Parser;

/// A parsed template.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
    nodes: Vec<Node>,
    strict: bool,
}

#[derive(Clone, Debug)]
enum Node {
    Text(String),
    /// What the parser lets pass and the evaluation refuses.
    Wrong(String),
    Path(Vec<Step>),
    Range(Vec<Step>, Vec<Node>),
}

#[derive(Clone, Debug)]
enum Step {
    Field(String),
    /// A text, a number or a truth value: it stands for itself, whatever it is looked for in.
    Literal(Value),
    /// What the parser lets pass and the evaluation refuses.
    Wrong(String),
    /// `*` and `[*]`.
    All,
    /// `..`: the value and everything below it.
    Deep,
    /// `[1]`, `[-1]`, `[1:3:2]`.
    Slice {
        from: Option<i64>,
        to: Option<i64>,
        step: i64,
    },
    Index(i64),
    Union(Vec<Vec<Step>>),
    Filter {
        left: Vec<Step>,
        operator: String,
        right: Option<Vec<Step>>,
    },
}

/// Ranges and filters nest no deeper.
const DEEPEST: usize = 12;
/// No expression finds more values.
const MOST_VALUES: usize = 100_000;

impl Template {
    /// Reads a template; a bare path gets its braces.
    pub fn parse(source: &str) -> Result<Template, String> {
        let mut parser = Parser {
            text: source,
            at: 0,
            depth: 0,
            ended: false,
        };
        let nodes = parser.nodes(false)?;
        Ok(Template {
            source: source.to_owned(),
            nodes,
            strict: false,
        })
    }

    /// Reads what `--sort-by` and `custom-columns` take: `.a.b`, `a.b`, `{.a.b}`.
    pub fn relaxed(path: &str) -> Result<Template, String> {
        let inside = path
            .strip_prefix('{')
            .and_then(|p| p.strip_suffix('}'))
            .unwrap_or(path);
        if path.is_empty() {
            return Template::parse("");
        }
        if inside == "." {
            // Its dot is a name, and gets one of its own.
            return Template::parse("{..}");
        }
        if inside.is_empty() || inside.contains(['{', '}']) {
            return Err("unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'".to_owned());
        }
        let dot = match inside.starts_with(['.', '[', '$', '@']) {
            true => "",
            false => ".",
        };
        Template::parse(&format!("{{{dot}{inside}}}"))
    }

    /// Whether fields that are not there are errors.
    pub fn strict(mut self, strict: bool) -> Template {
        self.strict = strict;
        self
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn render(&self, root: &Value) -> Result<String, String> {
        let mut out = String::new();
        let look = Look {
            strict: self.strict,
        };
        render(&self.nodes, root, look, &mut out)?;
        Ok(out)
    }

    /// The values that the template's paths lead to.
    pub fn find<'v>(&'v self, root: &'v Value) -> Result<Vec<&'v Value>, String> {
        let mut out = Vec::new();
        for node in &self.nodes {
            let look = Look {
                strict: self.strict,
            };
            match node {
                Node::Path(steps) => out.extend(walk(steps, vec![root], look)?),
                Node::Wrong(what) => return Err(what.clone()),
                _ => {}
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use serde_json::json;

    #[test]
    fn paths_ranges_filters() {
        let object = json!({
            "items": [
                {"metadata": {"name": "a", "labels": {"k8s.io/x": "1"}}, "n": 3, "ok": true},
                {"metadata": {"name": "b"}, "n": 5, "ok": false},
            ],
            "kind": "List",
        });
        for (template, expected) in [
            ("{.kind}", "List"),
            ("{.items[*].metadata.name}", "a b"),
            (
                "{.items[0].metadata.name} {.items[-1].metadata.name}{\"\\n\"}",
                "a b\n",
            ),
            (
                "{range .items[*]}{.metadata.name}{\"\\t\"}{.n}{\"\\n\"}{end}",
                "a\t3\nb\t5\n",
            ),
            ("{.items[?(@.n>3)].metadata.name}", "b"),
            ("{.items[?(@.metadata.name==\"a\")].n}", "3"),
            ("{.items[?(@.ok==true)].n}", "3"),
            ("{.items[0].metadata.labels.k8s\\.io/x}", "1"),
            ("{.items[0].metadata.labels['k8s\\.io/x']}", "1"),
            ("{..name}", "a b"),
            ("{.items[0:1].n}", "3"),
            ("{.items[0]['n','ok']}", "3 true"),
            ("{.nope}", ""),
            // One action is one path, blanks or not, and a text in it stands for what was found.
            ("{.items[0] .metadata .name}", "a"),
            ("{.kind \"x\"}{\"x\" \"y\"}{\"x\" .kind}", "xy"),
            ("{$.kind @.kind}{$.kind}{@ .kind}", "ListList"),
            ("{range .items[*]}{$.n}{end}", "35"),
            ("{range .items[*] \"x\"}{@}{end}", "x"),
            // A dot alone is the field without a name.
            ("{.}{ . }{.['kind']}{.kind.}", ""),
            ("{.items[*]['metadata.name', 'n']}", "a b 3 5"),
            ("{.items[].n}", "3"),
            ("{-1}{+2}{1.5}{true}{.5}{false .kind}", "-121.5true"),
            ("{.kind|.items}", ""),
            (
                "{.items[0].metadata}",
                "{\"labels\":{\"k8s.io/x\":\"1\"},\"name\":\"a\"}",
            ),
        ] {
            let rendered = Template::parse(template).unwrap().render(&object);
            assert_eq!(rendered.as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn what_fails_when_it_is_evaluated() {
        let object = json!({"a": [{"b": 1}, {"b": 2}], "m": {"k": "v"}});
        for (template, expected) in [
            ("{end}", "not in range, nothing to end"),
            ("{foo}", "unrecognized identifier foo"),
            ("{.a foo}", "unrecognized identifier foo"),
            ("{.a[?(@.b==x)]}", "unrecognized identifier x"),
            ("{.a[?(@.b=1)]}", "unrecognized filter operator ="),
            ("{.a[0:9]}", "array index out of bounds: index 8, length 2"),
            (
                "{.a[1:0]}",
                "starting index 1 is greater than ending index 0",
            ),
            ("{.a[0:2:0]}", "step must be > 0"),
            ("{.a[::-1]}", "step must be > 0"),
            ("{.m[0]}", "map[string]interface {} is not array or slice"),
            (
                "{.m[?(@.k)]}",
                "map[k:v] is not array or slice and cannot be filtered",
            ),
        ] {
            let rendered = Template::parse(template).unwrap().render(&object);
            assert_eq!(rendered.err().as_deref(), Some(expected), "{template}");
        }
        let strict = Template::parse("{.nope}").unwrap().strict(true);
        assert_eq!(
            strict.render(&object).err().as_deref(),
            Some("nope is not found")
        );
    }

    #[test]
    fn errors() {
        for (template, expected) in [
            ("{.items[}", "unterminated array"),
            ("{.a", "unclosed action"),
            ("{.a[x]}", "invalid array index x"),
            ("{.a[ 0 ]}", "invalid array index  0 "),
            ("{.a\n}", "unclosed action"),
            ("{*}", "unrecognized character in action: U+002A '*'"),
            ("{....a}", "invalid multiple recursive descent"),
            ("{1.2.3}", "cannot parse number 1.2.3"),
            ("{.a[?(@.b==1}", "unterminated filter"),
            ("{'a}", "unterminated quoted string"),
        ] {
            assert_eq!(
                Template::parse(template).err().as_deref(),
                Some(expected),
                "{template}"
            );
        }
    }
}
