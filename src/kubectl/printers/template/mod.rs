//! Go templates over JSON, as `-o go-template` executes them: text, actions, pipelines, variables, `if`, `with`,
//! `range`, `break`, `continue`, `define`, `template`, `block`, and the functions of `text/template` beside the two
//! of kubectl. Errors name the place that Go's own would.
//! Models Go's `text/template` and `k8s.io/cli-runtime/pkg/printers/template.go`.

mod evaluate;
mod functions;
mod lex;
mod parse;
mod printf;

use serde_json::Value;

use parse::{Node, Place};

/// A parsed template.
pub struct Template {
    source: String,
    nodes: Vec<Node>,
    /// What `define` and `block` named.
    named: Vec<(String, Vec<Node>)>,
}

/// What came out of a template, up to the error that ended it.
pub struct Rendered {
    pub text: String,
    pub error: Option<String>,
}

impl Template {
    /// # Errors
    /// In the words of Go's parser.
    pub fn parse(source: &str) -> Result<Template, String> {
        let (nodes, named) = parse::parse(source)?;
        Ok(Template {
            source: source.to_owned(),
            nodes,
            named,
        })
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// Executes the template. `strict` makes it an error to ask a map for what it does not have.
    pub fn render(&self, root: &Value, strict: bool) -> Rendered {
        evaluate::render(self, root, strict)
    }

    /// `output:LINE:COLUMN` of a place: lines from 1, columns in bytes from 0.
    fn location(&self, place: Place) -> String {
        let before = self.source.get(..place).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rfind('\n').map_or(place, |at| place - at - 1);
        format!("output:{line}:{column}")
    }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use serde_json::json;

    #[test]
    fn what_tutorials_write() {
        let object = json!({
            "items": [{"metadata": {"name": "a", "labels": {"x": "1"}}, "n": 1}, {"metadata": {"name": "b"}, "n": 2}],
            "data": {"p": "cQ=="},
            "nothing": null,
        });
        for (template, expected) in [
            ("{{range .items}}{{.metadata.name}} {{end}}", "a b "),
            (
                "{{range $i, $p := .items}}{{$i}}={{$p.metadata.name}};{{end}}",
                "0=a;1=b;",
            ),
            ("{{range $p := .items}}{{$p.n}}{{else}}none{{end}}", "12"),
            ("{{range .nope}}x{{else}}none{{end}}", "none"),
            ("{{range 3}}{{.}}{{end}}", "012"),
            (
                "{{range .items}}{{if eq .n 2}}{{break}}{{end}}{{.n}}{{end}}",
                "1",
            ),
            (
                "{{range .items}}{{if eq .n 1}}{{continue}}{{end}}{{.n}}{{end}}",
                "2",
            ),
            (
                "{{.nope}}{{.nope.more}}{{.nothing}}",
                "<no value><no value><no value>",
            ),
            ("{{len .items}}{{\"\\n\"}}", "2\n"),
            ("{{index .items 0 \"metadata\" \"name\"}}", "a"),
            (
                "{{if eq .kind \"x\"}}yes{{else if .data}}data{{else}}no{{end}}",
                "data",
            ),
            ("{{with .nope}}x{{else with .data}}{{.p}}{{end}}", "cQ=="),
            ("{{with $x := .data}}{{$x.p | base64decode}}{{end}}", "q"),
            ("{{(index .items 1).metadata.name}}", "b"),
            ("a {{- \"b\" -}} c", "abc"),
            ("{{- /* a }} b */ -}} x", "x"),
            ("{{.data}}", "map[p:cQ==]"),
            (
                "{{$x := .data}}{{$x.p}}{{$x = 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}",
                "cQ==2",
            ),
            (
                "{{define \"T\"}}[{{.}}]{{end}}{{template \"T\" .data.p}}{{block \"B\" 1}}<{{.}}>{{end}}",
                "[cQ==]<1>",
            ),
            (
                "{{printf \"%-3s|%3d|%q|%v\" \"a\" 7 \"b\" .nothing}}",
                "a  |  7|\"b\"|<nil>",
            ),
            (
                "{{printf \"%s %d %x %05.1f%% %t\" 1 \"a\" \"hi\" 2.25 true}}",
                "%!s(int64=1) %!d(string=a) 6869 002.2% true",
            ),
            (
                "{{printf \"%d\"}}{{printf \"x\" 1}}{{printf \"%z\" 1}}",
                "%!d(MISSING)x%!(EXTRA int64=1)%!z(int64=1)",
            ),
            (
                "{{print 1 2 \"a\" \"b\" 3}}{{println \"a\" 1}}",
                "1 2ab3a 1\n",
            ),
            (
                "{{html \"<a>\"}}{{js \"it's\"}}{{urlquery \"a b&c\"}}{{slice \"abcd\" 1 3}}",
                "&lt;a&gt;it\\'sa+b%26cbc",
            ),
            (
                "{{and 1 0 .x}}{{or 0 \"b\"}}{{not true}}{{eq 1 2 1}}{{lt 1 2}}{{ge \"b\" \"a\"}}",
                "0bfalsetruetruetrue",
            ),
            ("{{exists .data \"p\"}}{{exists .data \"q\"}}", "truefalse"),
            ("{{.data.p | }}", "cQ=="),
            (
                "{{'a'}} {{0b11}}{{0o17}}{{017}} {{1_000}} {{0x1p4}} {{1e3}} {{2000000.0}} {{.5}}",
                "97 31515 1000 16 1000 2e+06 0.5",
            ),
            (r#"{{"\x41\101\u00e9\U00000042\t|"}}{{`\n`}}"#, "AAéB\t|\\n"),
            (
                r#"{{printf "%q %U %x %X %+v %+d %g" 65 65 -255 -255 5 5 1500000.0}}"#,
                "'A' U+0041 -ff -FF 5 +5 1.5e+06",
            ),
        ] {
            let rendered = Template::parse(template).map(|t| t.render(&object, false));
            let rendered = rendered.map(|r| (r.text, r.error));
            assert_eq!(rendered, Ok((expected.to_owned(), None)), "{template}");
        }
    }

    #[test]
    fn errors_name_their_place() {
        let object = json!({"metadata": {"name": "a"}, "items": [1], "n": 1});
        for (template, expected) in [
            (
                "{{.nope}}",
                "1:2: executing \"output\" at <.nope>: map has no entry for key \"nope\"",
            ),
            (
                "x\n {{.metadata.name.first}}",
                "2:12: executing \"output\" at <.metadata.name.first>: can't evaluate field first in type interface {}",
            ),
            (
                "{{index .metadata 1}}",
                "1:2: executing \"output\" at <index .metadata 1>: error calling index: value has type int; should be string",
            ),
            (
                "{{index .items 4}}",
                "1:2: executing \"output\" at <index .items 4>: error calling index: index out of range: 4",
            ),
            (
                "{{range .metadata.name}}x{{end}}",
                "1:17: executing \"output\" at <.metadata.name>: range can't iterate over a",
            ),
            (
                "{{if gt .n 1.5}}{{end}}",
                "1:5: executing \"output\" at <gt .n 1.5>: error calling gt: incompatible types for comparison",
            ),
            (
                "{{template \"T\"}}",
                "1:11: executing \"output\" at <{{template \"T\"}}>: template \"T\" not defined",
            ),
            (
                "{{len 3}}",
                "1:2: executing \"output\" at <len 3>: error calling len: len of type int",
            ),
            ("{{.metadata.name | base64decode}}", ""),
            (
                "{{nil}}",
                "1:2: executing \"output\" at <nil>: nil is not a command",
            ),
            (
                "{{call .metadata.name}}",
                "1:2: executing \"output\" at <call .metadata.name>: error calling call: non-function .metadata.name of type string",
            ),
            (
                "{{call nil}}",
                "1:2: executing \"output\" at <call nil>: error calling call: call of nil",
            ),
            (
                "{{len nil}}",
                "1:2: executing \"output\" at <len nil>: error calling len: reflect: call of reflect.Value.Type on zero Value",
            ),
            (
                "{{\"aGVsbG\" | base64decode}}",
                "1:13: executing \"output\" at <base64decode>: error calling base64decode: base64 decode failed: illegal base64 data at input byte 4",
            ),
        ] {
            let rendered = Template::parse(template).unwrap().render(&object, true);
            let error = rendered.error.unwrap_or_default();
            let wanted = match expected {
                "" => continue,
                expected => format!("template: output:{expected}"),
            };
            assert_eq!(error, wanted, "{template}");
        }
        for (template, expected) in [
            ("{{", "unclosed action"),
            ("a\n{{.x", "unclosed action"),
            ("{{range .a}}", "unexpected EOF"),
            ("{{end}}", "unexpected {{end}}"),
            ("{{foo}}", "function \"foo\" not defined"),
            ("{{.a.}}", "unexpected <.> in operand"),
            ("{{| .a}}", "unexpected \"|\" in command"),
            ("{{1 | 2}}", "non executable command in pipeline stage 2"),
            ("{{(.a)\"x\"}}", "unexpected \"\\\"x\\\"\" in operand"),
            ("{{.a\"x\"}}", "bad character U+0022 '\"'"),
            ("{{\"a\\qb\"}}", "invalid syntax"),
            ("{{'ab'}}", "malformed character constant: 'ab'"),
            ("{{'a}}", "unterminated character constant"),
            ("{{if}}{{end}}", "missing value for if"),
            ("{{}}", "missing value for command"),
            ("{{(.a}}", "unclosed left paren"),
            ("{{$x}}", "undefined variable \"$x\""),
            ("{{break}}", "{{break}} outside {{range}}"),
            ("{{\"a}}", "unterminated quoted string"),
        ] {
            let error = Template::parse(template).err().unwrap_or_default();
            let line = 1 + template.matches('\n').count();
            assert_eq!(
                error,
                format!("template: output:{line}: {expected}"),
                "{template}"
            );
        }
    }
}
