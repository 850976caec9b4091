//! The language of `jq`: filters over JSON values. Paths, pipes, conditions, reductions, functions
//! of one's own, assignments; no modules, no streaming.
//!
//! Divergence: objects keep their keys sorted, as those of the API come.

mod eval;
mod functions;
mod lex;
mod parse;
mod paths;
mod values;

use std::rc::Rc;

use serde_json::Value;

pub use eval::{Env, Stop};
pub use values::compact;

/// What a filter is made of.
#[derive(Clone, Debug)]
pub enum Ast {
    Identity,
    /// `..`
    Recurse,
    /// `TERM[INDEX]` and `TERM.name`
    Index(Rc<Ast>, Rc<Ast>),
    Slice(Rc<Ast>, Option<Rc<Ast>>, Option<Rc<Ast>>),
    /// `TERM[]`
    Iterate(Rc<Ast>),
    Literal(Value),
    /// A string with filters in it, and how what they give is written.
    Text(&'static str, Vec<Piece>),
    /// `@base64`
    Format(&'static str),
    Array(Option<Rc<Ast>>),
    Object(Vec<(Ast, Ast)>),
    Pipe(Rc<Ast>, Rc<Ast>),
    Comma(Rc<Ast>, Rc<Ast>),
    Negate(Rc<Ast>),
    Binary(&'static str, Rc<Ast>, Rc<Ast>),
    /// `=`, `|=`, `+=` and their like.
    Assign(&'static str, Rc<Ast>, Rc<Ast>),
    If(Rc<Ast>, Rc<Ast>, Option<Rc<Ast>>),
    /// `try`, and `?`.
    Try(Rc<Ast>, Option<Rc<Ast>>),
    /// Source, pattern, first value, update.
    Reduce(Rc<Ast>, Pattern, Rc<Ast>, Rc<Ast>),
    Foreach(Rc<Ast>, Pattern, Rc<Ast>, Rc<Ast>, Option<Rc<Ast>>),
    Variable(String),
    As(Rc<Ast>, Pattern, Rc<Ast>),
    Call(String, Vec<Rc<Ast>>),
    Define(Rc<Function>, Rc<Ast>),
    Label(String, Rc<Ast>),
    Break(String),
}

#[derive(Clone, Debug)]
pub enum Piece {
    Text(String),
    Filter(Ast),
}

/// What `as` takes apart.
#[derive(Clone, Debug)]
pub enum Pattern {
    Variable(String),
    Array(Vec<Pattern>),
    Object(Vec<(String, Option<Pattern>)>),
}

#[derive(Debug)]
pub struct Function {
    pub name: String,
    pub parameters: Vec<String>,
    pub body: Ast,
}

/// A filter, read.
pub struct Program {
    ast: Ast,
}

/// A run takes no more steps.
const MOST_STEPS: u64 = 500_000;

impl Program {
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Program, String> {
        Ok(Program {
            ast: parse::parse(text)?,
        })
    }

    /// Hands on each value that the filter makes of one.
    ///
    /// # Errors
    /// What the filter failed with.
    pub fn run(
        &self,
        input: &Value,
        variables: &[(String, Value)],
        out: &mut dyn FnMut(Value) -> Result<(), Stop>,
    ) -> Result<(), String> {
        let mut env = Env::default();
        for (name, value) in variables {
            env = env.with_variable(name, value.clone());
        }
        let mut run = eval::Run::new(MOST_STEPS);
        match run.eval(&self.ast, input, &env, out) {
            Ok(()) | Err(Stop::Break(_)) => Ok(()),
            Err(Stop::Error(value)) => Err(values::message(&value)),
            Err(Stop::Exhausted) => {
                Err("the filter takes too many steps, or too much room".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(filter: &str, input: &str) -> String {
        let program = match Program::parse(filter) {
            Ok(program) => program,
            Err(message) => return format!("parse: {message}"),
        };
        let input: Value = serde_json::from_str(input).unwrap();
        let mut out = Vec::new();
        let result = program.run(&input, &[], &mut |value| {
            out.push(compact(&value));
            Ok(())
        });
        if let Err(message) = result {
            out.push(format!("error: {message}"));
        }
        out.join(" ")
    }

    #[test]
    fn filters_and_what_they_give() {
        let pods = r#"{"items":[{"metadata":{"name":"a","labels":{"app":"x"}},"spec":{"n":3}},{"metadata":{"name":"b"},"spec":{"n":1}}]}"#;
        for (filter, input, expected) in [
            (".items[].metadata.name", pods, r#""a" "b""#),
            (".items | length", pods, "2"),
            (".items[0].metadata.labels[\"app\"]", pods, r#""x""#),
            (".items[-1].metadata.name", pods, r#""b""#),
            (".items[1:] | map(.spec.n)", pods, "[1]"),
            (
                ".items | map(select(.spec.n > 2) | .metadata.name)",
                pods,
                r#"["a"]"#,
            ),
            (
                "[.items[] | {name: .metadata.name, n: .spec.n}] | sort_by(.n) | .[0].name",
                pods,
                r#""b""#,
            ),
            (
                "[.items[] | {(.metadata.name): .spec.n}] | add",
                pods,
                r#"{"a":3,"b":1}"#,
            ),
            (
                ".items[] | \"\\(.metadata.name)=\\(.spec.n)\"",
                pods,
                r#""a=3" "b=1""#,
            ),
            (".items[].metadata.labels.app // \"none\"", pods, r#""x""#),
            ("[.items[].spec.n] | add / length", pods, "2"),
            ("[.items[].spec.n] | min, max", pods, "1 3"),
            ("keys", r#"{"b":1,"a":2}"#, r#"["a","b"]"#),
            ("to_entries", r#"{"a":1}"#, r#"[{"key":"a","value":1}]"#),
            ("with_entries(.value += 1)", r#"{"a":1}"#, r#"{"a":2}"#),
            (".a.b |= . + 1", r#"{"a":{"b":1}}"#, r#"{"a":{"b":2}}"#),
            (".a.c = 5", r#"{"a":{"b":1}}"#, r#"{"a":{"b":1,"c":5}}"#),
            ("del(.a, .b[0])", r#"{"a":1,"b":[1,2]}"#, r#"{"b":[2]}"#),
            (
                "group_by(.k) | map(length)",
                r#"[{"k":1},{"k":2},{"k":1}]"#,
                "[2,1]",
            ),
            ("unique", "[3,1,3]", "[1,3]"),
            ("test(\"^a.c$\")", r#""abc""#, "true"),
            (
                "capture(\"(?<y>[0-9]+)-(?<m>[0-9]+)\")",
                r#""2026-11""#,
                r#"{"m":"11","y":"2026"}"#,
            ),
            ("gsub(\"a\"; \"o\")", r#""banana""#, r#""bonono""#),
            ("split(\",\") | join(\"-\")", r#""a,b""#, r#""a-b""#),
            (
                "if . > 2 then \"big\" elif . == 2 then \"two\" else \"small\" end",
                "2",
                r#""two""#,
            ),
            ("reduce .[] as $x (0; . + $x)", "[1,2,3]", "6"),
            ("[foreach .[] as $x (0; . + $x)]", "[1,2,3]", "[1,3,6]"),
            ("def f(x): x * 2; f(.) + 1", "4", "9"),
            (
                "def fac: if . < 2 then 1 else . * (. - 1 | fac) end; fac",
                "5",
                "120",
            ),
            (".[] as [$a, {b: $c}] | $a + $c", r#"[[1,{"b":2}]]"#, "3"),
            (
                "[limit(2; range(10))], first(range(5;9)), [range(0;10;4)]",
                "null",
                "[0,1] 5 [0,4,8]",
            ),
            ("try error(\"no\") catch .", "null", r#""no""#),
            ("[.[] | tonumber?]", r#"["1","x",2]"#, "[1,2]"),
            ("@base64, (@base64 | @base64d)", r#""hi""#, r#""aGk=" "hi""#),
            (".[] | @tsv", r#"[["a",1,null]]"#, r#""a\t1\t""#),
            ("[paths]", r#"{"a":[1]}"#, r#"[["a"],["a",0]]"#),
            ("[.. | numbers]", r#"{"a":[1,{"b":2}]}"#, "[1,2]"),
            ("any(. > 2), all(. > 0)", "[1,3]", "true true"),
            ("contains({a:[\"x\"]})", r#"{"a":["x","y"],"b":1}"#, "true"),
            (".a?.b?, (.a | type)", r#"{"a":1}"#, r#""number""#),
            (
                "1 as $x | [$x, $x + 1] | flatten | reverse",
                "null",
                "[2,1]",
            ),
            ("10 / 4, 7 % 3, -(2), 1e3, 0.5", "null", "2.5 1 -2 1000 0.5"),
            (
                "\"a\" * 3, ({} | .a += 1), ([1,2,3] - [2])",
                "null",
                r#""aaa" {"a":1} [1,3]"#,
            ),
            ("label $out | 1, break $out, 2", "null", "1"),
            (
                "walk(if type == \"number\" then . + 1 else . end)",
                "[1,[2]]",
                "[2,[3]]",
            ),
            ("map_values(empty)", r#"{"a":1}"#, "{}"),
            (".a.b.c", r#"{"a":null}"#, "null"),
            (".a", "[1]", "error: Cannot index array with \"a\""),
            (
                ".[0]",
                r#"{"a":1}"#,
                "error: Cannot index object with number",
            ),
            (".[]", "1", "error: Cannot iterate over number (1)"),
            (
                "{} + 1",
                "null",
                "error: object ({}) and number (1) cannot be added",
            ),
            ("nope", "null", "error: nope/0 is not defined"),
            ("limit(3; repeat(1))", "null", "null 1 1"),
            (
                "[repeat(.)] | length",
                "[[[[1]]]]",
                "error: the filter takes too many steps, or too much room",
            ),
            ("def f: f; f", "1", "error: the filter nests too deeply"),
        ] {
            assert_eq!(run(filter, input), expected, "{filter}");
        }
        for filter in [
            "{",
            ".a[",
            "if",
            "1 +",
            ".a |",
            "\"",
            "@nope",
            ")",
            "$",
            &"[".repeat(9999),
        ] {
            assert!(Program::parse(filter).is_err(), "{filter}");
        }
    }
}
