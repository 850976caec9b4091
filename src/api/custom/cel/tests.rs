//! Tables: what expressions are worth, what is refused, what rules say.

use serde_json::{Value as Json, json};

use super::check::compile;
use super::declare::declare;
use super::eval::evaluate;
use super::library::display;
use super::rules::Rules;
use super::value::Value;
use crate::api::field::{Errors, Path};

fn schema() -> Json {
    json!({"type": "object", "properties": {
        "s": {"type": "string"}, "n": {"type": "integer"}, "d": {"type": "number"}, "b": {"type": "boolean"},
        "list": {"type": "array", "items": {"type": "integer"}},
        "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "set2": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "keyed": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer"}}}},
        "keyed2": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer"}}}},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "either": {"x-kubernetes-int-or-string": true},
        "bytes": {"type": "string", "format": "byte"},
        "time": {"type": "string", "format": "date-time"},
        "span": {"type": "string", "format": "duration"},
        "x-dash": {"type": "string"}, "namespace": {"type": "string"}, "none": {"type": "string", "nullable": true},
        "inner": {"type": "object", "properties": {"deep": {"type": "string"}}},
    }})
}

fn object() -> Json {
    json!({
        "apiVersion": "g/v1", "kind": "K", "metadata": {"name": "web"},
        "s": "hello", "n": 3, "d": 1.5, "b": true, "list": [3, 1, 2], "set": ["a", "b"], "set2": ["b", "a"],
        "keyed": [{"k": "x", "v": 1}, {"k": "y", "v": 2}], "keyed2": [{"k": "y", "v": 5}, {"k": "z", "v": 3}],
        "map": {"one": "1", "two": "2"}, "either": "50%", "bytes": "aGk=",
        "time": "2026-11-30T12:34:56Z", "span": "1h30m", "x-dash": "dashed", "namespace": "ns", "none": null,
        "inner": {},
    })
}

/// The value of an expression, or what is wrong with it.
fn eval(source: &str) -> String {
    let schema = schema();
    let decl = declare(&schema, true, "selfType").unwrap();
    let checked = match compile(source, &decl, false) {
        Ok(checked) => checked,
        Err(why) => return format!("refused: {why}"),
    };
    let value = Value::of_json(&object(), &schema, true);
    match evaluate(&checked.expr, &[("self", value)]).0 {
        Ok(value) => display(&value),
        Err(fail) => format!("error: {}", fail.text()),
    }
}

#[track_caller]
fn table(rows: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (source, expected) in rows {
        let found = eval(source);
        if found != *expected {
            wrong.push(format!("{source}\n    is {found}\n    not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn literals_and_operators() {
    table(&[
        ("1 + 2 * 3 - 4 / 2 % 3", "5"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0xFF + 0x1", "256"),
        ("18446744073709551615u", "18446744073709551615"),
        ("1.5e3", "1500"),
        (".5 + 1.0", "1.5"),
        ("--1", "1"),
        ("!!true", "true"),
        (r#"'a\tb\x41\u00e9\U0001F600\101' == "a	bAé😀A""#, "true"),
        (r#"r'\d' + R"\n""#, r"\d\n"),
        ("'''a\n'b''' + \"\"\"c\"\"\"", "a\n'bc"),
        ("b'\\xff\\000a' == b'\\377\\x00a'", "true"),
        ("size(b'é')", "2"),
        ("size('é')", "1"),
        ("[1, 2, 3][1]", "2"),
        ("{'a': 1, 'b': 2}['b']", "2"),
        ("{'a': 1}.a", "1"),
        ("[1, 2] + [3] == [1, 2, 3]", "true"),
        ("2 in [1, 2] && !(3 in [1, 2]) && 'a' in {'a': 1}", "true"),
        ("1 < 2 ? 'yes' : 'no'", "yes"),
        ("true || 1 / 0 == 1", "true"),
        ("1 / 0 == 1 || true", "true"),
        ("false && 1 / 0 == 1", "false"),
        ("1 / 0 == 1 && false", "false"),
        ("1 / 0 == 1 || false", "error: division by zero"),
        ("1 % 0", "error: modulus by zero"),
        ("9223372036854775807 + 1", "error: integer overflow"),
        ("0u - 1u", "error: unsigned integer overflow"),
        ("-9223372036854775807 - 2", "error: integer overflow"),
        ("1 < 1.5 && 2u > 1 && 1.0 <= 1u", "true"),
        ("9007199254740993 > 9007199254740992.0", "true"),
        ("dyn(1) == dyn(1.0) && dyn(1u) == dyn(1)", "true"),
        ("0.0 / 0.0 == 0.0 / 0.0", "false"),
        ("1.0 / 0.0", "+Inf"),
        ("'a' < 'b' && b'a' < b'b' && false < true", "true"),
        ("1 // a comment\n + 1", "2"),
        ("[1, 2,]", "[1, 2]"),
        (
            "a.b",
            "refused: ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n | a.b\n | ^",
        ),
    ]);
}

#[test]
fn fields_of_an_object() {
    table(&[
        (
            "self.s + self.metadata.name + self.kind + self.apiVersion",
            "hellowebKg/v1",
        ),
        ("self.x__dash__dash + self.__namespace__", "dashedns"),
        (
            "has(self.s) && !has(self.none) && !has(self.inner.deep)",
            "true",
        ),
        ("has(self.metadata.generateName)", "false"),
        ("self.inner.deep", "error: no such key: deep"),
        ("self.map['one'] + self.map.two", "12"),
        ("self.map['three']", "error: no such key: three"),
        ("'one' in self.map", "true"),
        ("self.list[5]", "error: index out of bounds: 5"),
        ("self.list[-1]", "error: index out of bounds: -1"),
        ("type(self.either) == string && type(self.n) == int", "true"),
        (
            "type(self.either) == int ? self.either > 5 : self.either.contains('%')",
            "true",
        ),
        ("self.either + 1", "error: no such overload"),
        ("self.n == 3 && self.d == 1.5 && self.b", "true"),
        ("string(self.bytes)", "hi"),
        ("self.time > timestamp('2026-01-01T00:00:00Z')", "true"),
        ("self.span == duration('90m')", "true"),
        ("self.set == self.set2", "true"),
        ("self.set + self.set2 + ['c']", "[a, b, c]"),
        ("dyn(self.keyed) == dyn(self.keyed2)", "false"),
        (
            "(dyn(self.keyed) + dyn(self.keyed2)).map(e, e.k + string(e.v))",
            "[x1, y5, z3]",
        ),
        ("self.list == [3, 1, 2] && self.list != [1, 2, 3]", "true"),
    ]);
}

#[test]
fn macros() {
    table(&[
        ("self.list.all(x, x > 0)", "true"),
        ("self.list.exists(x, x > 2)", "true"),
        ("self.list.exists_one(x, x > 1)", "false"),
        ("self.list.map(x, x * 2)", "[6, 2, 4]"),
        ("self.list.map(x, x > 1, x * 2)", "[6, 4]"),
        ("self.list.filter(x, x != 1)", "[3, 2]"),
        ("self.map.all(k, self.map[k] != '')", "true"),
        ("self.map.filter(k, k.startsWith('t'))", "[two]"),
        ("[1, 0].all(x, 1 / x == 1)", "error: division by zero"),
        ("[0, 2].all(x, 4 / x == 1)", "false"),
        ("[0, 1].exists(x, 1 / x == 1)", "true"),
        ("[].all(x, x > 1)", "true"),
        ("[[1, 2], [3]].all(a, a.all(b, b < 4))", "true"),
        ("self.list.all(i, v, i < 3 && v > 0)", "true"),
        ("self.map.exists(k, v, k == 'two' && v == '2')", "true"),
        ("self.map.existsOne(k, v, v > '0')", "false"),
        ("self.list.transformList(i, v, i + v)", "[3, 2, 4]"),
        ("self.map.transformMap(k, v, v + '!')", "{one: 1!, two: 2!}"),
        (
            "self.map.transformMap(k, v, k == 'one', v + '!')",
            "{one: 1!}",
        ),
        (
            "self.map.transformMapEntry(k, v, {v: k})",
            "{1: one, 2: two}",
        ),
        (
            "['a', 'a'].transformMapEntry(i, v, {v: i})",
            "error: insert failed: key a already exists",
        ),
        ("self.?inner.?deep.orValue('none')", "none"),
        ("self.?s.orValue('none')", "hello"),
        ("self.map[?'three'].hasValue()", "false"),
        ("self.list[?0].value()", "3"),
        ("optional.none().or(optional.of(2)).value()", "2"),
        ("self.?s.optMap(v, v + '!').orValue('')", "hello!"),
        (
            "self.map[?'x'].optFlatMap(v, optional.of(v)).hasValue()",
            "false",
        ),
        ("[?self.?s, ?self.?none, 'b']", "[hello, b]"),
        ("{?'a': self.?s, ?'b': self.?none}", "{a: hello}"),
        ("optional.ofNonZeroValue('').hasValue()", "false"),
        (
            "optional.none().value()",
            "error: optional.none() dereference",
        ),
    ]);
}

#[test]
fn the_library() {
    table(&[
        (
            "'Hello'.lowerAscii() + 'x'.upperAscii() + ' t '.trim()",
            "helloXt",
        ),
        (
            "'tacocat'.charAt(3) + 'tacocat'.substring(4) + 'tacocat'.substring(0, 4)",
            "ocattaco",
        ),
        ("'abc'.charAt(4)", "error: index out of range: 4"),
        ("'abcabc'.indexOf('c', 3)", "5"),
        ("'abcabc'.lastIndexOf('a')", "3"),
        ("'abc'.indexOf('z')", "-1"),
        ("'a,b,c'.split(',', 2)", "[a, b,c]"),
        ("'abc'.split('')", "[a, b, c]"),
        ("['a', 'b'].join('-') + ['a', 'b'].join()", "a-bab"),
        ("'aaa'.replace('a', 'b', 2)", "bba"),
        (
            "'hello'.matches('^h.*o$') && matches('a1', '[0-9]')",
            "true",
        ),
        (
            "'a1b22'.find('[0-9]+') + ':' + 'a1b22'.findAll('[0-9]+').join(',')",
            "1:1,22",
        ),
        (
            "'%s has %d of %.2f, %x %X %b %o %e'.format(['a', 3, 1.5, 255, 255, 5, 8, 1234.5])",
            "a has 3 of 1.50, ff FF 101 10 1.234500e+03",
        ),
        (
            "'%s %s %s'.format([[1, 'a'], {'k': true}, null])",
            "[1, a] {k: true} null",
        ),
        ("strings.quote('a\"b')", "\"a\\\"b\""),
        ("self.list.sum() + self.list.max() - self.list.min()", "8"),
        ("self.list.isSorted()", "false"),
        ("self.list.indexOf(1) + self.list.lastIndexOf(9)", "0"),
        ("[].max()", "error: max called on empty list"),
        (
            "sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])",
            "true",
        ),
        (
            "int('7') + int(7.9) + int(3u) + int(timestamp('1970-01-01T00:00:05Z'))",
            "22",
        ),
        (
            "int('x')",
            "error: type conversion error from 'string' to 'int'",
        ),
        ("int(1e99)", "error: integer overflow"),
        ("uint(-1)", "error: unsigned integer overflow"),
        ("double('1.5') + double(2)", "3.5"),
        ("string(1.0) + string(true) + string(2u)", "1true2"),
        (
            "string(duration('1h')) + string(timestamp('2026-01-01T00:00:00+01:00'))",
            "3600s2025-12-31T23:00:00Z",
        ),
        ("bool('true')", "true"),
        (
            "self.time.getFullYear() + self.time.getMonth() + self.time.getDate() + self.time.getDayOfWeek()",
            "2067",
        ),
        ("self.time.getHours('Europe/Berlin')", "13"),
        ("self.span.getMinutes()", "90"),
        (
            "self.time + duration('1h') - self.time == duration('60m')",
            "true",
        ),
        (
            "timestamp('9999-12-31T23:59:59Z') + duration('1s')",
            "error: timestamp overflow",
        ),
        (
            "url('https://u@example.com:80/a%20b?q=1&q=2').getHost()",
            "example.com:80",
        ),
        (
            "url('https://example.com:80/a%20b?q=1&q=2').getQuery()",
            "{q: [1, 2]}",
        ),
        (
            "url('https://[::1]:80/a b').getHostname()",
            "error: URL parse error during conversion from string: parse \"https://[::1]:80/a b\": invalid URI for request",
        ),
        (
            "url('https://[::1]:80/').getHostname() + url('/x').getEscapedPath()",
            "::1/x",
        ),
        ("isURL('https://a') && !isURL('../rel')", "true"),
        ("ip('10.0.0.1').family() + ip('::1').family()", "10"),
        (
            "isIP('1.2.3.4') && !isIP('01.2.3.4') && !isIP('::ffff:1.2.3.4')",
            "true",
        ),
        ("ip.isCanonical('2001:DB8::1')", "false"),
        (
            "ip('127.0.0.1').isLoopback() && ip('169.254.0.1').isLinkLocalUnicast() && ip('8.8.8.8').isGlobalUnicast()",
            "true",
        ),
        (
            "cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsCIDR('0.0.0.0/0')",
            "true",
        ),
        ("cidr('10.1.2.3/8').masked()", "10.0.0.0/8"),
        (
            "string(cidr('10.0.0.0/8').ip()) + string(cidr('::/0').prefixLength())",
            "10.0.0.00",
        ),
        (
            "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('500m').compareTo(quantity('0.5')) == 0",
            "true",
        ),
        (
            "quantity('50k').add(20).sub(quantity('10')).asInteger()",
            "50010",
        ),
        ("isQuantity('1.3Gi') && !isQuantity('1 Gi')", "true"),
        ("quantity('500m').isInteger()", "false"),
        (
            "semver('1.2.3-rc.1').isLessThan(semver('1.2.3')) && semver('v1.02', true).minor() == 2",
            "true",
        ),
        ("isSemver('1.2') || isSemver('v1.2.3')", "false"),
        ("format.dns1123Label().validate('web').hasValue()", "false"),
        (
            "format.named('dns1123Label').value().validate('Web!').hasValue()",
            "true",
        ),
        ("format.named('nothing').hasValue()", "false"),
    ]);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    table(&[
        (
            "self.nonExisting > 0",
            "refused: ERROR: <input>:1:5: undefined field 'nonExisting'\n | self.nonExisting > 0\n | ....^",
        ),
        (
            "self.n == true",
            "refused: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, bool)'\n | self.n == true\n | .......^",
        ),
        (
            "self.n == 1.0",
            "refused: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, double)'\n | self.n == 1.0\n | .......^",
        ),
        (
            "foo(self.n)",
            "refused: ERROR: <input>:1:4: undeclared reference to 'foo' (in container '')\n | foo(self.n)\n | ...^",
        ),
        (
            "self.s.foo()",
            "refused: ERROR: <input>:1:11: undeclared reference to 'foo' (in container '')\n | self.s.foo()\n | ..........^",
        ),
        (
            "self.s.startsWith(1)",
            "refused: ERROR: <input>:1:18: found no matching overload for 'startsWith' applied to 'string.(int)'\n | self.s.startsWith(1)\n | .................^",
        ),
        (
            "self.n.x",
            "refused: ERROR: <input>:1:7: type 'int' does not support field selection\n | self.n.x\n | ......^",
        ),
        (
            "self.metadata.labels",
            "refused: ERROR: <input>:1:14: undefined field 'labels'\n | self.metadata.labels\n | .............^",
        ),
        (
            "self.n.all(x, true)",
            "refused: ERROR: <input>:1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | self.n.all(x, true)\n | ....^",
        ),
        (
            "self.list.all(x, x)",
            "refused: ERROR: <input>:1:14: found no matching overload for '_&&_' applied to '(bool, int)'\n | self.list.all(x, x)\n | .............^",
        ),
        (
            "self.none == null",
            "refused: ERROR: <input>:1:11: found no matching overload for '_==_' applied to '(string, null)'\n | self.none == null\n | ..........^",
        ),
        (
            "[1, 'a']",
            "refused: ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a']\n | ....^",
        ),
        (
            "a + b",
            "refused: ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n | a + b\n | ^\nERROR: <input>:1:5: undeclared reference to 'b' (in container '')\n | a + b\n | ....^",
        ),
        (
            "1 +\n  true",
            "refused: ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, bool)'\n | 1 +\n | ..^",
        ),
        (
            "self.s.matches('(')",
            "refused: ERROR: <input>:1:16: invalid matches argument\n | self.s.matches('(')\n | ...............^",
        ),
        (
            "duration('1 hour') > duration('1h')",
            "refused: ERROR: <input>:1:10: invalid duration argument\n | duration('1 hour') > duration('1h')\n | .........^",
        ),
        (
            "timestamp('yesterday') < self.time",
            "refused: ERROR: <input>:1:11: invalid timestamp argument\n | timestamp('yesterday') < self.time\n | ..........^",
        ),
        (
            "self.n ? 1 : 2",
            "refused: ERROR: <input>:1:8: found no matching overload for '_?_:_' applied to '(int, int, int)'\n | self.n ? 1 : 2\n | .......^",
        ),
        (
            "self.s +",
            "refused: ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self.s +\n | ........^",
        ),
        (
            "'abc",
            "refused: ERROR: <input>:1:1: Syntax error: token recognition error at: ''abc'\n | 'abc\n | ^",
        ),
        (
            "namespace == 'a'",
            "refused: ERROR: <input>:1:1: reserved identifier: namespace\n | namespace == 'a'\n | ^",
        ),
        (
            "while == 1",
            "refused: ERROR: <input>:1:1: reserved identifier: while\n | while == 1\n | ^",
        ),
        (
            "has(self)",
            "refused: ERROR: <input>:1:4: invalid argument to has() macro\n | has(self)\n | ...^",
        ),
        (
            "self.list.all(x.y, true)",
            "refused: ERROR: <input>:1:16: argument must be a simple name\n | self.list.all(x.y, true)\n | ...............^",
        ),
        (
            "Foo{a: 1}.a",
            "refused: ERROR: <input>:1:4: undeclared reference to 'Foo' (in container '')\n | Foo{a: 1}.a\n | ...^",
        ),
    ]);
    for odd in [
        "((((",
        "[",
        "{",
        "'\\",
        "1..2",
        "a.?",
        "\u{0}",
        "😀",
        "self.",
        "0x",
        "1e",
        "!",
        "-",
        "b'\\u0041'",
    ] {
        assert!(eval(odd).starts_with("refused: "), "{odd}");
    }
    for deep in ["(", "[", "!(", "a(", "1+(", "-(", "{1:", "a?b:", "a["] {
        let text = deep.repeat(3000);
        assert!(eval(&text).starts_with("refused: "), "{deep}");
    }
    let long = vec!["self.n > 0"; 3000].join(" && ");
    assert_eq!(eval(&long), "true");
    let chain = format!("1{}", " + 1".repeat(3000));
    assert!(
        eval(&chain).contains("recursion limit"),
        "{}",
        eval(&chain).len()
    );
}

#[test]
fn an_expensive_expression_is_stopped() {
    let outer = "self.list.all(a, self.list.all(b, self.list.all(c, self.list.all(d, self.list.all(e, self.list.all(f, self.list.all(g, self.list.all(h, self.list.all(i, self.list.all(j, self.list.all(k, self.list.all(l, self.list.all(m, true)))))))))))))";
    assert_eq!(
        eval(outer),
        "error: operation cancelled: actual cost limit exceeded"
    );
}

fn refused(schema: Json) -> Vec<String> {
    let mut errors = Errors::default();
    super::check(&schema, &Path::new("s"), &mut errors);
    errors.0.iter().map(ToString::to_string).collect()
}

/// An object with one field `f`, which has this schema.
fn around(field: Json) -> Json {
    json!({"type": "object", "properties": {"f": field}})
}

#[test]
fn rules_are_looked_at_when_a_definition_is_written() {
    let at = "s.properties[f].x-kubernetes-validations[0]";
    let shown = |rule: &str, rest: &str| format!("{{\"Rule\":\"{rule}\",{rest}}}");
    let plain = "\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null";
    for (field, expected) in [
        (json!({"type": "integer", "x-kubernetes-validations": [{"rule": "self > 0"}]}), vec![]),
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": " "}]}),
            vec![format!("{at}.rule: Required value: rule is not specified")],
        ),
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": "self"}]}),
            vec![format!("{at}.rule: Invalid value: {}: cel expression must evaluate to a bool", shown("self", plain))],
        ),
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": "self <"}]}),
            vec![format!("{at}.rule: Invalid value: {}: compilation failed: ERROR: <input>:1:7: Syntax error: mismatched input '<EOF>' expecting {{'[', '{{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}}\n | self <\n | ......^", shown("self \\u003c", plain))],
        ),
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": "self > 0", "message": " "}]}),
            vec![format!("{at}.message: Invalid value: \" \": message must be non-empty if specified")],
        ),
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": "self > 0\n&& true"}]}),
            vec![format!("{at}.message: Required value: message must be specified if rule contains line breaks")],
        ),
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": "true", "reason": "Because"}]}),
            vec![format!("{at}.reason: Unsupported value: \"Because\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\"")],
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-validations": [{"rule": "true", "fieldPath": ".b"}]}),
            vec![format!("{at}.fieldPath: Invalid value: \".b\": fieldPath must be a valid path")],
        ),
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": "true", "messageExpression": "self"}]}),
            vec![format!("{at}.messageExpression: Invalid value: {}: messageExpression must evaluate to a string", shown("true", "\"Message\":\"\",\"MessageExpression\":\"self\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null"))],
        ),
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": "true", "optionalOldSelf": true}]}),
            vec![format!("{at}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule")],
        ),
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": "!oldSelf.hasValue() || oldSelf.value() <= self", "optionalOldSelf": true}]}),
            vec![],
        ),
        (
            json!({"x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-validations": [{"rule": "true"}]}),
            vec!["s.properties[f].x-kubernetes-validations: Internal error: internal error: failed to retrieve type information for x-kubernetes-validations".to_owned()],
        ),
        (
            json!({"type": "string", "default": "abc", "x-kubernetes-validations": [{"rule": "self.size() < 3"}]}),
            vec!["s.properties[f].default: Invalid value: \"abc\": failed rule: self.size() < 3".to_owned()],
        ),
    ] {
        assert_eq!(refused(around(field.clone())), expected, "{field}");
    }
}

#[test]
fn old_values_are_told_apart_by_names_and_keys() {
    let rule = json!([{"rule": "self == oldSelf"}]);
    let item = json!({"type": "object", "properties": {"k": {"type": "string"}}, "required": ["k"], "x-kubernetes-validations": rule});
    let atomic = around(json!({"type": "array", "maxItems": 5, "items": item}));
    assert_eq!(
        refused(atomic),
        [
            "s.properties[f].items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[f]"
        ]
    );
    let keyed = around(json!({
        "type": "array", "maxItems": 5, "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
    }));
    assert_eq!(refused(keyed), Vec::<String>::new());
    let map = around(
        json!({"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"k": {"type": "string", "x-kubernetes-validations": rule}}}),
    );
    assert_eq!(refused(map).len(), 1);
}

#[test]
fn rules_that_may_cost_too_much_are_refused() {
    let names = |bounds: Json, rule: &str| {
        let mut list = json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-validations": [{"rule": rule}]});
        for (key, value) in bounds.as_object().unwrap() {
            list[key] = value.clone();
        }
        around(list)
    };
    let quadratic = "self.all(a, self.exists_one(b, a == b))";
    let found = refused(names(json!({}), quadratic));
    assert!(found[0].starts_with("s.properties[f].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying"), "{found:?}");
    assert!(found.last().unwrap().starts_with("s: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of"), "{found:?}");
    let bounded = json!({"maxItems": 20, "items": {"type": "string", "maxLength": 63}});
    assert_eq!(refused(names(bounded, quadratic)), Vec::<String>::new());
    assert_eq!(
        refused(names(json!({}), "self.size() < 5")),
        Vec::<String>::new()
    );
    // How long the text of a number gets is not known; format() costs what its template does.
    let said = |message: &str| {
        let rule = json!({"rule": "self.a < self.b", "messageExpression": message});
        refused(around(
            json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "x-kubernetes-validations": [rule]}),
        ))
    };
    assert!(said("'a is ' + string(self.a)")[0].contains(".messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x"));
    assert_eq!(said("'a is %d'.format([self.a])"), Vec::<String>::new());
    // Nor does it matter that a type is hidden.
    let dynamic = json!({"type": "integer", "x-kubernetes-validations": [{"rule": "dyn(self + 1) == dyn(5)"}]});
    assert_eq!(refused(around(dynamic)), Vec::<String>::new());
    // As often as the list may have items.
    let each = |most: Json| {
        let mut list = json!({"type": "array", "items": {"type": "string", "maxLength": 1000, "x-kubernetes-validations": [{"rule": "self.contains('kubernetes')"}]}});
        if most.is_number() {
            list["maxItems"] = most;
        }
        refused(around(list))
    };
    assert_eq!(each(json!(100)), Vec::<String>::new());
    assert!(!each(Json::Null).is_empty());
}

fn broken(field: Json, new: Json, old: Option<Json>) -> (Vec<String>, Vec<String>) {
    let schema = around(field);
    assert_eq!(refused(schema.clone()), Vec::<String>::new());
    let rules = Rules::of(&schema, true).unwrap();
    let new = json!({"f": new});
    let old = old.map(|old| json!({"f": old}));
    let (errors, warnings) = rules.validate(&new, old.as_ref(), &schema);
    let texts =
        |list: Vec<crate::api::field::Error>| list.iter().map(ToString::to_string).collect();
    (texts(errors), texts(warnings))
}

#[test]
fn broken_rules_are_told_as_they_ask_for_it() {
    let rule = |rest: Json| {
        let mut rule = json!({"rule": "self.min <= self.max"});
        for (key, value) in rest.as_object().unwrap() {
            rule[key] = value.clone();
        }
        json!({"type": "object", "properties": {"min": {"type": "integer"}, "max": {"type": "integer"}}, "x-kubernetes-validations": [rule]})
    };
    let object = json!({"min": 5, "max": 3});
    for (rest, expected) in [
        (
            json!({}),
            "f: Invalid value: failed rule: self.min <= self.max",
        ),
        (
            json!({"message": "min above max"}),
            "f: Invalid value: min above max",
        ),
        (
            json!({"messageExpression": "'min %d above max'.format([self.min])"}),
            "f: Invalid value: min 5 above max",
        ),
        (
            json!({"message": "m", "messageExpression": "string(1 / (self.min - 5))"}),
            "f: Invalid value: m",
        ),
        (
            json!({"message": "m", "messageExpression": "' '"}),
            "f: Invalid value: m",
        ),
        (
            json!({"message": "m", "fieldPath": ".max"}),
            "f.max: Invalid value: m",
        ),
        (
            json!({"message": "m", "fieldPath": "['max']", "reason": "FieldValueForbidden"}),
            "f.max: Forbidden: m",
        ),
        (
            json!({"message": "m", "reason": "FieldValueRequired"}),
            "f: Required value: m",
        ),
        (
            json!({"message": "m", "reason": "FieldValueDuplicate"}),
            "f: Duplicate value",
        ),
    ] {
        assert_eq!(
            broken(rule(rest.clone()), object.clone(), None).0,
            [expected],
            "{rest}"
        );
    }
    let missing = broken(rule(json!({})), json!({"min": 1}), None).0;
    assert_eq!(
        missing,
        ["f: Invalid value: no such key: max evaluating rule: self.min <= self.max"]
    );
}

#[test]
fn transitions_are_judged_where_there_was_something() {
    let frozen = json!({"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf", "message": "only up"}]});
    assert_eq!(
        broken(frozen.clone(), json!(1), None).0,
        Vec::<String>::new()
    );
    assert_eq!(
        broken(frozen.clone(), json!(1), Some(json!(2))).0,
        ["f: Invalid value: 1: only up"]
    );
    assert_eq!(
        broken(frozen, json!(3), Some(json!(2))).0,
        Vec::<String>::new()
    );
    let once = json!({"type": "integer", "x-kubernetes-validations": [{"rule": "oldSelf.hasValue() || self == 1", "optionalOldSelf": true, "message": "begins at 1"}]});
    assert_eq!(
        broken(once.clone(), json!(2), None).0,
        ["f: Invalid value: 2: begins at 1"]
    );
    assert_eq!(
        broken(once, json!(2), Some(json!(1))).0,
        Vec::<String>::new()
    );
    let keyed = json!({
        "type": "array", "maxItems": 5, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
        "items": {"type": "object", "required": ["k"],
            "properties": {"k": {"type": "string", "maxLength": 9}, "v": {"type": "integer"}},
            "x-kubernetes-validations": [{"rule": "self.v == oldSelf.v", "message": "v is fixed"}]},
    });
    let old = json!([{"k": "a", "v": 1}, {"k": "b", "v": 2}]);
    let new = json!([{"k": "b", "v": 3}, {"k": "c", "v": 9}, {"k": "a", "v": 1}]);
    assert_eq!(
        broken(keyed, new, Some(old)).0,
        ["f[0]: Invalid value: v is fixed"]
    );
}

#[test]
fn what_is_as_it_was_is_excused() {
    let field = json!({"type": "object",
        "properties": {"a": {"type": "string", "maxLength": 20, "x-kubernetes-validations": [{"rule": "self.size() < 3", "message": "short, please"}]},
            "b": {"type": "string", "maxLength": 20}},
    });
    let said = |value: &str| format!("f.a: Invalid value: \"{value}\": short, please");
    let old = json!({"a": "long", "b": "1"});
    assert_eq!(
        broken(
            field.clone(),
            json!({"a": "long", "b": "2"}),
            Some(old.clone())
        ),
        (vec![], vec![said("long")])
    );
    assert_eq!(
        broken(field, json!({"a": "longer", "b": "1"}), Some(old)),
        (vec![said("longer")], vec![])
    );
}

#[test]
fn rules_stand_at_every_part_of_a_schema() {
    let short = json!([{"rule": "self.size() < 3", "message": "long"}]);
    let map = json!({"type": "object", "maxProperties": 5, "additionalProperties": {"type": "string", "maxLength": 9, "x-kubernetes-validations": short}});
    assert_eq!(
        broken(map, json!({"k": "abc", "l": "a"}), None).0,
        ["f[k]: Invalid value: \"abc\": long"]
    );
    let all_of =
        json!({"type": "string", "maxLength": 9, "allOf": [{"x-kubernetes-validations": short}]});
    assert_eq!(
        broken(all_of, json!("abc"), None).0,
        ["f: Invalid value: \"abc\": long"]
    );
    let odd = json!({"type": "object", "properties": {"3x": {"type": "string", "maxLength": 9, "x-kubernetes-validations": short}}});
    assert_eq!(
        broken(odd, json!({"3x": "abc"}), None).0,
        ["f.3x: Invalid value: \"abc\": long"]
    );
    let nullable = json!({"type": "string", "nullable": true, "maxLength": 9, "x-kubernetes-validations": short});
    assert_eq!(broken(nullable, json!(null), None).0, Vec::<String>::new());
    let embedded = json!({"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true,
        "x-kubernetes-validations": [{"rule": "self.metadata.name.startsWith('a')"}]});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}});
    assert_eq!(
        broken(embedded, pod, None).0,
        ["f: Invalid value: failed rule: self.metadata.name.startsWith('a')"]
    );
    let either = json!({"x-kubernetes-int-or-string": true, "x-kubernetes-validations": [{"rule": "type(self) == int ? self > 0 : self == '50%'"}]});
    assert_eq!(
        broken(either.clone(), json!("50%"), None).0,
        Vec::<String>::new()
    );
    assert_eq!(broken(either, json!(0), None).0.len(), 1);
}
