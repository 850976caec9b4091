use super::*;

struct Nothing(String);

impl World for Nothing {
    fn now(&self) -> f64 {
        1_425_599_621.0
    }

    fn environment(&self) -> Value {
        Value::record([("HOME", Value::text("/root"))])
    }

    fn input(&mut self) -> Option<Result<Value, String>> {
        None
    }

    fn file(&self) -> Option<String> {
        None
    }

    fn line(&self) -> usize {
        0
    }

    fn say(&mut self, text: &str) {
        self.0.push_str(text);
    }
}

/// As `jq -c FILTER` prints it, errors among the rest, and the exit code.
fn printed(filter: &str, input: &str) -> String {
    let program = match Program::parse(filter, &[]) {
        Ok(program) => program,
        Err(message) => return format!("{message}\nrc=3\n"),
    };
    let mut out = String::new();
    let input = json::parse(input).unwrap();
    let result = program.run(input, &mut Nothing(String::new()), &mut |value, _| {
        out += &(json::compact(&value) + "\n");
    });
    let code = match result {
        Ok(()) => 0,
        Err(Stop::Error(error)) => match words(&error) {
            Some(words) => {
                out += &format!("jq: error (at <unknown>){words}\n");
                5
            }
            None => 0,
        },
        Err(Stop::Spent(why)) => {
            out += &format!("{why}\n");
            5
        }
        Err(Stop::Halt(code, _)) => code,
    };
    out + &format!("rc={code}\n")
}

/// `transcript.txt` holds what jq 1.6 printed with `-nc`, of what 1.7 does alike.
#[test]
fn as_jq_itself_prints() {
    let mut count = 0;
    for block in include_str!("transcript.txt").split("\n== ") {
        let (filter, expected) = block.split_once('\n').unwrap();
        let filter = filter.trim_start_matches("== ");
        let expected = expected.trim_end();
        assert_eq!(printed(filter, "null").trim_end(), expected, "{filter}");
        count += 1;
    }
    assert!(count > 300, "{count}");
}

#[test]
fn what_differs_since_1_7() {
    for (filter, expected) in [
        ("[1, 1.000, 1.0, 100e-2]", "[1,1.000,1.0,1.00]"),
        (
            "100000000000000000000, (. // 100000000000000000000) + 0",
            "100000000000000000000\n1e+20",
        ),
        ("[1,2,3] | .[] |= empty", "[]"),
        (
            "\"aXbX\" | [gsub(\"X\"; \"1\", \"2\")]",
            r#"["a1b1","a2b2"]"#,
        ),
        ("{a: 1 + 2}", r#"{"a":3}"#),
        ("{a: {b: [5]}} | .a.[\"b\"].[0]", "5"),
        ("if . then 1 end", "null"),
        ("[limit(4; 1 | repeat(. * 2))]", "[1,2,4,8]"),
        ("{a: 1, b: {c: 2, d: 3}} | pick(.b.c)", r#"{"b":{"c":2}}"#),
        ("[1, 2] | add(.[])", "3"),
        ("\" x \" | trim, ltrim, rtrim", "\"x\"\n\"x \"\n\" x\""),
        ("try error(null) catch .", "null"),
        ("error(null)", ""),
        ("env.HOME, $ENV.HOME", "\"/root\"\n\"/root\""),
        ("now | todate", "\"2015-03-05T23:53:41Z\""),
        ("input", "jq: error (at <unknown>): No more inputs"),
        ("1, halt, 2", "1"),
        ("[[1, {b: 2}]] | .[] as [$a, {b: $c}] | $a + $c", "3"),
        ("[[3]] | .[] as {a: $a} ?// [$a] | [$a]", "[3]"),
        (
            "{k: \"x\", x: 5} | . as {k: $k, (.k): $v} | [$k, $v]",
            r#"["x",5]"#,
        ),
        ("{b: 1, a: {d: 1, c: 2}}", r#"{"b":1,"a":{"d":1,"c":2}}"#),
        (
            "{b: 1, a: 2} | keys, keys_unsorted, to_entries[0].key",
            "[\"a\",\"b\"]\n[\"b\",\"a\"]\n\"b\"",
        ),
        (
            "\"a.b\" | [match(\"(?<x>[a-z])(?=\\\\.)\").captures[].name]",
            r#"["x"]"#,
        ),
        ("[1, 2, 3] as [$a] | $a", "1"),
        (
            "def f($n): if $n == 0 then 0 else f($n - 1) end; f(3000)",
            "0",
        ),
        ("reduce range(20000) as $i ([]; . + [$i]) | length", "20000"),
        ("[.[]?, 1] | first, last", "1\n1"),
    ] {
        let found = printed(filter, "null");
        let found = found
            .rsplit_once("rc=")
            .map_or("", |(text, _)| text.trim_end());
        assert_eq!(found, expected, "{filter}");
    }
}

#[test]
fn what_takes_too_much_ends() {
    for filter in [
        "def f: f; f",
        "def f: 1 + f; f",
        "def f: [f]; f",
        "def f: try f; f",
        "def f(g): f(g | g); f(.)",
        "last(repeat(1))",
        "[range(1e9)]",
        "reduce range(1e9) as $i (0; . + 1)",
        "reduce range(1e6) as $i (null; [.])",
        "reduce range(1e6) as $i (null; {a: .})",
        "[recurse(.)]",
        "\"x\" | until(false; . + .)",
        "\"x\" * 1e9",
        ".[1e9] = 1",
        "last(path(recurse(.a)))",
        "[range(1e6)] | map([range(1000)])",
        "\"\\([range(3e5)] | tojson)\" | until(false; . + \"x\")",
    ] {
        let found = printed(filter, "null");
        assert!(found.ends_with("rc=5\n"), "{filter}: {found:.200}");
    }
    for filter in [
        "[".repeat(9999),
        "1+".repeat(9999) + "1",
        "(".repeat(99) + "1",
        ".a".repeat(9999),
        "-".repeat(9999),
        "\"\\(".repeat(99),
        "1,".repeat(9999) + "1",
        "1|".repeat(9999) + "1",
    ] {
        assert!(Program::parse(&filter, &[]).is_err());
    }
}

#[test]
fn what_is_wrong_with_a_text() {
    for (text, expected) in [
        (
            "{\"a\":1",
            "Unfinished JSON term at EOF at line 2, column 0",
        ),
        ("{a:1}", "Invalid numeric literal at line 1, column 3"),
        (
            "[1,2,]",
            "Expected another array element at line 1, column 6",
        ),
        ("nope", "Invalid numeric literal at line 2, column 0"),
        (
            "{\"a\" 1}",
            "Expected separator between values at line 1, column 7",
        ),
        ("\"abc", "Unfinished string at EOF at line 2, column 0"),
        (
            "[1 2]",
            "Expected separator between values at line 1, column 5",
        ),
        ("tru", "Invalid literal at line 2, column 0"),
        ("1.2.3", "Invalid numeric literal at line 2, column 0"),
        ("]", "Unmatched ']' at line 1, column 1"),
        (
            "{\"a\":1,}",
            "Expected another key-value pair at line 1, column 8",
        ),
        ("\"\\x\"", "Invalid escape at line 1, column 4"),
        (
            "{\"a\":[1}",
            "Objects must consist of key:value pairs at line 1, column 8",
        ),
        ("{\"a\":1]", "Unmatched ']' at line 1, column 7"),
        (":", "Expected string key before ':' at line 1, column 1"),
        ("{1:2}", "Object keys must be strings at line 1, column 3"),
        ("[,]", "Expected value before ',' at line 1, column 2"),
        (
            "Error from server",
            "Invalid numeric literal at line 1, column 6",
        ),
        ("-", "Invalid numeric literal at line 2, column 0"),
    ] {
        let text = format!("{text}\n");
        let mut reader = json::Reader::new(&text);
        let found = std::iter::from_fn(|| reader.read()).find_map(Result::err);
        assert_eq!(found.as_deref(), Some(expected), "{text}");
    }
    let mut reader = json::Reader::new("1 \"a\"[2]{}");
    let all: Vec<String> = std::iter::from_fn(|| reader.read())
        .map(|value| json::compact(&value.unwrap()))
        .collect();
    assert_eq!(all, ["1", "\"a\"", "[2]", "{}"]);
}
