//! Tables of what is read and written, and of what is refused.

use super::*;
use serde_json::json;

/// The values of the documents, or the message.
fn read(text: &str) -> Result<Vec<Value>, String> {
    let parsed = parse(text);
    match parsed.error {
        Some(error) => Err(error.message),
        None => Ok(parsed.documents.into_iter().map(|d| d.value).collect()),
    }
}

fn one(text: &str) -> Value {
    let mut values = read(text).unwrap_or_else(|e| panic!("{text:?}: {e}"));
    assert_eq!(values.len(), 1, "{text:?}");
    values.remove(0)
}

#[test]
fn structures() {
    let rows = [
        ("a: b\n", json!({"a": "b"})),
        ("a: b", json!({"a": "b"})),
        (
            "a:\n  b: 1\n  c:\n  - x\n  - w: 2\n    z: 3\n",
            json!({"a": {"b": 1, "c": ["x", {"w": 2, "z": 3}]}}),
        ),
        ("- - a\n  - b\n- c\n", json!([["a", "b"], "c"])),
        ("a:\n- b\nc: d\n", json!({"a": ["b"], "c": "d"})),
        ("a:\nb:\n", json!({"a": null, "b": null})),
        ("-\n- a\n-\n", json!([null, "a", null])),
        (
            "{a: 1, b: [x, z], c: {d: e}, }\n",
            json!({"a": 1, "b": ["x", "z"], "c": {"d": "e"}}),
        ),
        (
            "{\"apiVersion\": \"v1\", \"metadata\": {\"name\": \"j\",}}\n",
            json!({"apiVersion": "v1", "metadata": {"name": "j"}}),
        ),
        ("a: {b, c: }\n", json!({"a": {"b": null, "c": null}})),
        ("a: [b: c, d]\n", json!({"a": [{"b": "c"}, "d"]})),
        ("a: [http://x:80/y]\n", json!({"a": ["http://x:80/y"]})),
        // A flow collection may go on at any column.
        (
            "spec: {\na: b,\nc: [\nd\n]\n}\n",
            json!({"spec": {"a": "b", "c": ["d"]}}),
        ),
        (
            "spec: {\n\t\"a\": \"b\"\n\t}\n",
            json!({"spec": {"a": "b"}}),
        ),
        ("a:\tb\n", json!({"a": "b"})),
        ("a: b # c\n# d\ne: f#g\n", json!({"a": "b", "e": "f#g"})),
        ("? a\n: b\n", json!({"a": "b"})),
        (
            "a: |\n  x\n    y\n\n  z\nb: c\n",
            json!({"a": "x\n  y\n\nz\n", "b": "c"}),
        ),
        ("a: |-\n  x\n", json!({"a": "x"})),
        ("a: |+\n  x\n\nb: c\n", json!({"a": "x\n\n", "b": "c"})),
        ("a: |2\n    x\n", json!({"a": "  x\n"})),
        ("a: >\n  x\n  y\n\n  z\n", json!({"a": "x y\nz\n"})),
        ("a: >-\n  x\n   y\n  z\n", json!({"a": "x\n y\nz"})),
        ("- |\n x\n- z\n", json!(["x\n", "z"])),
        ("a: b\n  c\n\n  d\n", json!({"a": "b c\nd"})),
        ("a: 'it''s'\n", json!({"a": "it's"})),
        (
            "a: \"x\n  y\\\n  z\\tw\\u00e9\\x41\"\n",
            json!({"a": "x yz\twéA"}),
        ),
        ("a: \"x\ny\"\n", json!({"a": "x y"})),
        ("\"a b\": 'c'\n", json!({"a b": "c"})),
        ("a: b\r\nc: |\r\n  d\r\n", json!({"a": "b", "c": "d\n"})),
        ("a: nginx:1.25\n", json!({"a": "nginx:1.25"})),
        (
            "command: [sh, -c, 'echo hi']\n",
            json!({"command": ["sh", "-c", "echo hi"]}),
        ),
        ("%YAML 1.1\n---\na: b\n", Value::Null),
        ("\u{feff}a: b\n", json!({"a": "b"})),
        ("a: b\n...\nwhat: ever: [\n", json!({"a": "b"})),
        ("hello\n", json!("hello")),
    ];
    for (text, want) in rows {
        if want.is_null() {
            // The separator cuts the directive off before anything is parsed.
            assert_eq!(
                read(text).unwrap_err(),
                "error converting YAML to JSON: yaml: line 1: did not find expected <document start>"
            );
        } else {
            assert_eq!(one(text), want, "{text:?}");
        }
    }
}

#[test]
fn scalars() {
    let rows = [
        (
            "a: y\nb: 'y'\nc: \"no\"\nd: off\n",
            json!({"a": true, "b": "y", "c": "no", "d": false}),
        ),
        (
            "a: 0644\nb: 0x1f\nc: 1_000\nd: 0o17\ne: 0b11\n",
            json!({"a": 420, "b": 31, "c": 1000, "d": 15, "e": 3}),
        ),
        (
            "a: 1.0\nb: 1.5\nc: 1e3\nd: 08\n",
            json!({"a": 1, "b": 1.5, "c": 1000, "d": 8}),
        ),
        (
            "a: ~\nb: null\nc:\nd: ''\n",
            json!({"a": null, "b": null, "c": null, "d": ""}),
        ),
        (
            "a: 2026-11-20\nb: 2026-11-20T17:43:29Z\n",
            json!({"a": "2026-11-20", "b": "2026-11-20T17:43:29Z"}),
        ),
        (
            "a: !!str 1\nb: !!int '1'\nc: !!float 1\nd: !!binary aGVsbG8=\ne: !x y\nf: !!str\n",
            json!({"a": "1", "b": 1, "c": 1, "d": "hello", "e": "y", "f": ""}),
        ),
        (
            "1: a\ntrue: b\n1.5: c\nyes: d\n2026-11-20: e\n",
            json!({"1": "a", "true": "d", "1.5": "c", "2026-11-20": "e"}),
        ),
        (
            "a: 18446744073709551615\n",
            json!({"a": 18_446_744_073_709_551_615u64}),
        ),
    ];
    for (text, want) in rows {
        assert_eq!(one(text), want, "{text:?}");
    }
}

#[test]
fn anchors_and_merge_keys() {
    let rows = [
        (
            "a: &x {b: 1}\nc: *x\n",
            json!({"a": {"b": 1}, "c": {"b": 1}}),
        ),
        ("a: &k v\n*k : w\n", json!({"a": "v", "v": "w"})),
        ("a: &x 1\nb: &x 2\nc: *x\n", json!({"a": 1, "b": 2, "c": 2})),
        (
            "metadata: &m\n  name: mk\ndata:\n  <<: *m\n  x: val\n",
            json!({"metadata": {"name": "mk"}, "data": {"name": "mk", "x": "val"}}),
        ),
        (
            "a: &a {x: 1, w: 1}\nb: &b {w: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\n",
            json!({"a": {"x": 1, "w": 1}, "b": {"w": 2, "z": 2}, "c": {"x": 3, "w": 1, "z": 2}}),
        ),
        (
            "a: &a {x: 1}\nc:\n  x: 3\n  <<: *a\n",
            json!({"a": {"x": 1}, "c": {"x": 1}}),
        ),
        (
            "c: {<<: {x: 1}, '<<': 2}\n",
            json!({"c": {"x": 1, "<<": 2}}),
        ),
    ];
    for (text, want) in rows {
        assert_eq!(one(text), want, "{text:?}");
    }
}

#[test]
fn documents() {
    let rows = [
        ("", json!([])),
        ("# nothing\n", json!([])),
        ("null\n", json!([])),
        ("---\n---\na: 1\n---\n\n---\n# c\n---\n", json!([{"a": 1}])),
        (
            "a: 1\n---\nb: 2\n--- # x\nc: 3\n",
            json!([{"a": 1}, {"b": 2}, {"c": 3}]),
        ),
        ("a: 1\n---\n{\"b\": 2}\n", json!([{"a": 1}, {"b": 2}])),
        (
            "{\"a\": 1}\n{\"b\": 2}{\"c\": 3}\n",
            json!([{"a": 1}, {"b": 2}, {"c": 3}]),
        ),
        ("{\"a\": 1}\n---\nb: 2\n", json!([{"a": 1}, {"b": 2}])),
        ("\n{\"a\": \"\\ud83d\\ude00\"}\n", json!([{"a": "😀"}])),
    ];
    for (text, want) in rows {
        assert_eq!(read(text).map(Value::Array), Ok(want), "{text:?}");
    }
    let parsed = parse("a: 1\n---\nb: [\n---\nc: 3\n");
    assert_eq!(
        parsed.documents.len(),
        1,
        "what stands before the error is there"
    );
    let error = parsed.error.unwrap();
    assert_eq!(
        error.message,
        "error converting YAML to JSON: yaml: line 1: did not find expected node content"
    );
    assert_eq!((error.span.start, error.span.line), (14, 4));
    assert_eq!(
        read("a: 1\n--- b\n").unwrap_err(),
        "invalid Yaml document separator: b"
    );
}

#[test]
fn refused_in_the_words_of_go_yaml() {
    let rows = [
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: t\n",
            "line 4: found character that cannot start any token",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: t\n",
            "line 3: did not find expected ',' or '}'",
        ),
        (
            "a: 1\nb: [1, 2\n",
            "line 2: did not find expected ',' or ']'",
        ),
        ("a: b\u{1}\n", "control characters are not allowed"),
        (
            "a: b: c\n",
            "mapping values are not allowed in this context",
        ),
        (
            "x: y\na: b: c\n",
            "line 2: mapping values are not allowed in this context",
        ),
        (
            "metadata:\n  name: x\n   labels: y\n",
            "line 3: mapping values are not allowed in this context",
        ),
        (
            "metadata:\n  name: x\n labels: y\n",
            "line 2: did not find expected key",
        ),
        ("a: b\nfoo\nc: d\n", "line 3: could not find expected ':'"),
        ("a: b\nfoo\n", "line 3: could not find expected ':'"),
        (
            "a: b\nname: \"abc\n",
            "line 3: found unexpected end of stream",
        ),
        (
            "a: - b\n",
            "block sequence entries are not allowed in this context",
        ),
        (
            "x: y\na: - b\n",
            "line 2: block sequence entries are not allowed in this context",
        ),
        (
            "a:\n- *.x.com\n",
            "line 2: did not find expected alphabetic or numeric character",
        ),
        ("a: *x\n", "unknown anchor 'x' referenced"),
        (
            "x: y\na: \"\\q\"\n",
            "line 2: found unknown escape character",
        ),
        (
            "x: y\na: \"\\xzz\"\n",
            "line 2: did not find expected hexdecimal number",
        ),
        (
            "x: y\na: @foo\n",
            "line 2: found character that cannot start any token",
        ),
        (
            "x: y\na: `b`\n",
            "line 2: found character that cannot start any token",
        ),
        (
            "x: y\na: %b\n",
            "line 2: found character that cannot start any token",
        ),
        ("x: y\na: \"b\" c\n", "line 1: did not find expected key"),
        ("x: y\na: 'it's'\n", "line 1: did not find expected key"),
        (
            "a:\n  - b\n  c: d\n",
            "line 2: did not find expected '-' indicator",
        ),
        ("a:\n  c: d\n  - b\n", "line 2: did not find expected key"),
        ("a: b\n}\n", "line 1: did not find expected key"),
        (
            "a: b\n\tc: d\n",
            "line 2: found a tab character that violates indentation",
        ),
        (
            "a: |\n\tx\n",
            "line 2: found a tab character where an indentation space is expected",
        ),
        (
            "x: y\na: |x\n",
            "line 2: did not find expected comment or line break",
        ),
        (
            "x: y\na: |0\n",
            "line 2: found an indentation indicator equal to 0",
        ),
        ("x: y\na: !q!b c\n", "line 1: found undefined tag handle"),
        ("a: ]\n", "did not find expected node content"),
        (": a\n", "did not find expected key"),
        (
            "spec: {\n\ta: b\n\t}\n",
            "line 3: found a tab character that violates indentation",
        ),
        ("a:\n  ? b\n c: d\n", "line 2: did not find expected key"),
        ("a: {b: c d: e}\n", "did not find expected ',' or '}'"),
        (
            "name: {{ .Values.x }}\n",
            "invalid map key: map[interface {}]interface {}{\".Values.x\":interface {}(nil)}",
        ),
        ("a: !!int b\n", "cannot decode !!str `b` as a !!int"),
        (
            "a: !!binary '*'\n",
            "!!binary value contains invalid base64 data",
        ),
        ("a: &x [*x]\n", "anchor 'x' value contains itself"),
        (
            "a: {<<: 1}\n",
            "map merge requires map or sequence of maps as the value",
        ),
    ];
    for (text, want) in rows {
        let want = format!("error converting YAML to JSON: yaml: {want}");
        assert_eq!(read(text), Err(want), "{text:?}");
    }
    let as_json = [
        (
            "{{- if .x }}\nname: x\n",
            "json: offset 2: invalid character '{' looking for beginning of object key string",
        ),
        ("{\"a\": 1", "unexpected EOF"),
        (
            "{\"a\": 1}\n{\"b\" 2}",
            "json: offset 15: invalid character '2' after object key",
        ),
        (
            "{\"a\": 1}\n{}\n{\"b\" 2}",
            "invalid character '2' after object key",
        ),
        (
            "{\"a\": 1}\nb: ]\n",
            "json: offset 10: invalid character 'b' looking for beginning of value",
        ),
    ];
    for (text, want) in as_json {
        assert_eq!(read(text), Err(want.to_owned()), "{text:?}");
    }
    let without_yaml = [
        ("a: .inf\n", "json: unsupported value: +Inf"),
        (
            "~: x\n",
            "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"x\"",
        ),
    ];
    for (text, want) in without_yaml {
        assert_eq!(
            read(text),
            Err(format!("error converting YAML to JSON: {want}")),
            "{text:?}"
        );
    }
}

#[test]
fn limits() {
    let deep = "[".repeat(5000);
    assert_eq!(
        read(&deep).unwrap_err(),
        "error converting YAML to JSON: yaml: exceeded max depth of 120"
    );
    let deep: String = (0..2000)
        .map(|i| format!("{}a:\n", " ".repeat(i)))
        .collect();
    assert!(
        read(&deep)
            .unwrap_err()
            .contains("exceeded max depth of 120")
    );
    let deep = "- ".repeat(5000);
    assert!(
        read(&deep)
            .unwrap_err()
            .contains("exceeded max depth of 120")
    );
    let deep = "{\"a\":".repeat(110) + "1" + &"}".repeat(110);
    assert_eq!(read(&deep).map(|d| d.len()), Ok(1));
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in ["b", "c", "d", "e", "f", "g", "h"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f", "g"])
    {
        let ten = vec![format!("*{of}"); 10].join(", ");
        bomb.push_str(&format!("{name}: &{name} [{ten}]\n"));
    }
    assert!(
        read(&bomb)
            .unwrap_err()
            .contains("document contains excessive aliasing")
    );
    let large = " ".repeat(MAX_BYTES + 1);
    assert!(
        read(&large)
            .unwrap_err()
            .starts_with("Request entity too large")
    );
}

#[test]
fn places_of_fields() {
    let text = "# first\napiVersion: v1\n---\nspec:\n  containers:\n  - name: c\n    image: nginx:1.25\nmetadata:\n  labels:\n    app.kubernetes.io/name: é\n    x: y\n";
    let parsed = parse(text);
    let spans = &parsed.documents[1].spans;
    let at = |path: &str| {
        let found = spans.find(path).unwrap_or_else(|| panic!("{path}"));
        let cut = |span: Span| &text[span.start..span.end];
        (
            found.key.map(cut),
            cut(found.value),
            found.mark().line,
            found.mark().column,
        )
    };
    assert_eq!(
        at("spec.containers[0].image"),
        (Some("image"), "nginx:1.25", 7, 5)
    );
    assert_eq!(
        at("spec.containers[0]"),
        (None, "name: c\n    image: nginx:1.25", 6, 5)
    );
    for path in [
        "metadata.labels[app.kubernetes.io/name]",
        "metadata.labels.app.kubernetes.io/name",
        "metadata.labels[\"app.kubernetes.io/name\"]",
    ] {
        assert_eq!(at(path), (Some("app.kubernetes.io/name"), "é", 10, 5));
    }
    assert!(spans.find("spec.containers[1]").is_none());
    assert_eq!(
        spans.nearest("spec.containers[0].ports[0].name"),
        spans.find("spec.containers[0]").unwrap()
    );
    let paths: Vec<String> = spans.paths().into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        [
            "metadata",
            "metadata.labels",
            "metadata.labels[app.kubernetes.io/name]",
            "metadata.labels[x]",
            "spec",
            "spec.containers",
            "spec.containers[0]",
            "spec.containers[0].image",
            "spec.containers[0].name",
        ]
    );
    assert_eq!(
        spans.path_at(text.find("nginx").unwrap()),
        "spec.containers[0].image"
    );
    assert_eq!(
        spans.path_at(text.find("labels").unwrap()),
        "metadata.labels"
    );
    let json = parse("{\"spec\": {\"replicas\": 3}}");
    let replicas = json.documents[0].spans.find("spec.replicas").unwrap();
    assert_eq!((replicas.value.start, replicas.value.end), (22, 23));
}

#[test]
fn keys_written_twice() {
    let parsed = parse("kind: A\nspec:\n  a: 1\n  b: 2\n  a: 3\nkind: B\n");
    let document = &parsed.documents[0];
    assert_eq!(
        document.value,
        json!({"kind": "B", "spec": {"a": 3, "b": 2}})
    );
    let lines: Vec<_> = document
        .duplicates
        .iter()
        .map(|d| (d.path.as_str(), d.first.line, d.second.line))
        .collect();
    assert_eq!(lines, [("spec.a", 3, 5), ("kind", 1, 6)]);
}

#[test]
fn writing() {
    let rows = [
        (
            json!({"a": "true", "b": "1", "c": "", "d": "y", "e": "~"}),
            "a: \"true\"\nb: \"1\"\nc: \"\"\nd: \"y\"\ne: \"~\"\n",
        ),
        (
            json!({"a": true, "b": 1, "c": null, "d": 1.5, "e": {}, "f": []}),
            "a: true\nb: 1\nc: null\nd: 1.5\ne: {}\nf: []\n",
        ),
        (
            json!({"t": "2026-11-20T17:43:29Z", "o": "0644", "x": "1:30"}),
            "o: \"0644\"\nt: \"2026-11-20T17:43:29Z\"\nx: \"1:30\"\n",
        ),
        (
            json!({"a": " x", "b": "x ", "c": "a: b", "d": "a #b", "e": "- a", "f": "-a", "g": "a:b", "h": "#a"}),
            "a: ' x'\nb: 'x '\nc: 'a: b'\nd: 'a #b'\ne: '- a'\nf: -a\ng: a:b\nh: '#a'\n",
        ),
        (
            json!({"a": "it's", "b": "'x'", "c": "*", "d": "@x", "e": "{x", "f": "a, b", "g": "x:"}),
            "a: it's\nb: '''x'''\nc: '*'\nd: '@x'\ne: '{x'\nf: a, b\ng: 'x:'\n",
        ),
        (
            json!({"a": "x\ty", "b": "\u{1}", "c": "😀", "d": "é", "e": "a\\b\"\t"}),
            "a: \"x\\ty\"\nb: \"\\x01\"\nc: \"\\U0001F600\"\nd: é\ne: \"a\\\\b\\\"\\t\"\n",
        ),
        (
            json!({"a": "x\ny\n", "b": "x\ny", "c": "x\n\n", "d": " x\ny\n", "e": "x \ny\n", "f": "a\n\nb\n"}),
            "a: |\n  x\n  y\nb: |-\n  x\n  y\nc: |+\n  x\n\nd: |2\n   x\n  y\ne: \"x \\ny\\n\"\nf: |\n  a\n\n  b\n",
        ),
        (
            json!({"l": [{"a": 1, "b": [1, [2, 3]]}, "x", {}, []]}),
            "l:\n- a: 1\n  b:\n  - 1\n  - - 2\n    - 3\n- x\n- {}\n- []\n",
        ),
        (
            json!([{"a": {"b": "x\ny\n"}}]),
            "- a:\n    b: |\n      x\n      y\n",
        ),
        (json!("x"), "x\n"),
        (
            json!({"a10": 1, "a2": 1, "a": 1, "B": 1, "1": 1, ".": 1, "a-b": 1}),
            "\".\": 1\n\"1\": 1\nB: 1\na: 1\na-b: 1\na2: 1\na10: 1\n",
        ),
        (
            json!({"k:{\"type\":\"Ready\"}": {".": {}}, "f:x": {}}),
            "f:x: {}\nk:{\"type\":\"Ready\"}:\n  .: {}\n",
        ),
        (json!({"a": "x\ry"}), "a: \"x\\ry\"\n"),
        (
            json!({"long": "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu. preemption: 0/3 nodes are available"}),
            "long: '0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane:\n  }, 2 Insufficient cpu. preemption: 0/3 nodes are available'\n",
        ),
        (
            json!({"long": "word ".repeat(30).trim()}),
            "long: word word word word word word word word word word word word word word word word\n  word word word word word word word word word word word word word word\n",
        ),
    ];
    for (value, want) in rows {
        let want = want.replacen("\".\": 1\n", ".: 1\n", 1);
        assert_eq!(to_yaml(&value), want);
        assert_eq!(one(&want), value, "{want}");
    }
    let long_key = "k".repeat(129);
    assert_eq!(
        to_yaml(&json!({long_key.clone(): "v"})),
        format!("? {long_key}\n: v\n")
    );
}

#[test]
fn what_kubectl_printed_is_written_the_same() {
    for text in [
        include_str!("../../../tests/golden/yaml/deployment.yaml"),
        include_str!("../../../tests/golden/yaml/managed_fields.yaml"),
        include_str!("../../../tests/golden/yaml/job.yaml"),
        include_str!("../../../tests/golden/yaml/statefulset.yaml"),
        include_str!("../../../tests/golden/yaml/daemonset.yaml"),
    ] {
        assert_eq!(to_yaml(&one(text)), text);
    }
}

/// Every text is read to an end, and what is written is read back.
#[test]
fn mangled_manifests_never_panic() {
    let seeds = [
        include_str!("../../../tests/golden/yaml/deployment.yaml"),
        "a: &x {b: [1, 'two', \"three\\n\"], <<: *x}\n? |\n  k\n: >-\n  v\n--- # c\n- !!int 1\n- *x\n",
        "{\"a\": [1, 2, {\"b\": null}], \"c\": \"\\u00e9\"}\n",
        "%TAG ! tag:x,1:\n---\n!a b: c\n...\n",
    ];
    let pieces = [
        ":", "-", "\t", " ", "\n", "{", "}", "[", "]", ",", "&a", "*a", "!", "|", ">", "'", "\"",
        "\\", "#", "%", "?", "---\n", "...\n", "é", "\u{85}", "\u{2028}", "\0", "\r", "<<: ", "- ",
        "  ",
    ];
    let mut state = 7u64;
    let mut next = |bound: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % bound
    };
    for round in 0..4000 {
        let mut text: Vec<char> = seeds[next(seeds.len())].chars().collect();
        for _ in 0..=next(6) {
            let at = next(text.len() + 1);
            match next(3) {
                0 => {
                    let end = (at + next(20)).min(text.len());
                    text.drain(at..end);
                }
                _ => {
                    let piece = pieces[next(pieces.len())];
                    text.splice(at..at, piece.chars());
                }
            }
        }
        let text: String = text.into_iter().collect();
        let parsed = parse(&text);
        for document in &parsed.documents {
            let written = to_yaml(&document.value);
            let back = parse(&written);
            assert_eq!(
                back.documents.first().map(|d| &d.value),
                Some(&document.value),
                "round {round}: {text:?} -> {written:?} {:?}",
                back.error
            );
            for (path, spans) in document.spans.paths() {
                assert!(
                    text.get(spans.value.start..spans.value.end).is_some(),
                    "{path}"
                );
            }
        }
        if let Some(error) = &parsed.error {
            assert!(
                error.span.start <= text.len()
                    && text.get(error.span.start..error.span.end).is_some(),
                "round {round}: {text:?} {error:?}"
            );
        }
    }
}

#[test]
fn a_key_that_would_merge_is_quoted() {
    let value = serde_json::json!({"<<": {"a": 1}, "b": "<<"});
    let text = to_yaml(&value);
    assert_eq!(text, "\"<<\":\n  a: 1\nb: <<\n");
    let parsed = parse(&text);
    assert!(parsed.error.is_none());
    assert_eq!(parsed.documents[0].value, value);
}
