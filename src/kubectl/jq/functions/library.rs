//! Functions that are filters themselves.

use std::rc::Rc;

use super::super::ast::Function;
use super::super::parse;

const TEXT: &str = r#"
def map(f): [.[] | f];
def select(f): if f then . else empty end;
def map_values(f): .[] |= f;
def error(f): f | error;
def recurse: ..;
def recurse(f): def r: ., (f | r); r;
def recurse(f; g): def r: ., (f | select(g) | r); r;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def scalars: select(type | . != "array" and . != "object");
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def first: .[0];
def last: .[-1];
def nth($n): .[$n];
def first(f): label $out | (f | ., break $out);
def last(f): reduce f as $x (null; $x);
def limit($n; f): if $n > 0 then label $out | foreach f as $x (0; . + 1; $x, if . >= $n then break $out else empty end) elif $n == 0 then empty else f end;
def skip($n; f): if $n > 0 then foreach f as $x ($n; . - 1; if . < 0 then $x else empty end) elif $n == 0 then f else error("Invalid arguments") end;
def nth($n; f): if $n < 0 then error("Out of bounds negative array index") else last(limit($n + 1; f)) end;
def isempty(f): label $out | (f | false, break $out), true;
def until(f; g): def r: if f then . else (g | r) end; r;
def while(f; g): def r: if f then ., (g | r) else empty end; r;
def repeat(f): def r: ., (f | r); r;
def any(f; g): isempty(first(f | g | select(.))) | not;
def all(f; g): isempty(first(f | g | select(. | not)));
def any(f): any(.[]; f);
def all(f): all(.[]; f);
def any: any(.[]; .);
def all: all(.[]; .);
def in(f): . as $x | f | has($x);
def inside(f): . as $x | f | contains($x);
def IN(f): any(f == .; .);
def IN(f; g): any(f == g; .);
def INDEX(f; g): reduce f as $row ({}; .[$row | g | tostring] |= $row);
def INDEX(f): INDEX(.[]; f);
def add(f): reduce f as $x (null; . + $x);
def sort_by(f): _sort_by(map([f]));
def group_by(f): _group_by(map([f]));
def unique_by(f): _unique_by(map([f]));
def min_by(f): _min_by(map([f]));
def max_by(f): _max_by(map([f]));
def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def with_entries(f): to_entries | map(f) | from_entries;
def walk(f): def w: if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w;
def _assign(f; $x): reduce path(f) as $p (.; setpath($p; $x));
def del(f): delpaths([path(f)]);
def toarray: if type == "array" then . else [.] end;
def paths: path(..) | select(length > 0);
def paths(f): path(.. | select(f)) | select(length > 0);
def leaf_paths: paths(scalars);
def pick(f): . as $in | reduce path(f) as $p (null; setpath($p; $in | getpath($p)));
def debug(f): (f | debug | empty), .;
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $rest | [$x] + $rest end;
def combinations(n): . as $in | [range(n) | $in] | combinations;
def tostream: path(def r: (.[]? | r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def fromstream(f): foreach f as $e ({}; (if .done then {} else . end) | if ($e | length) == 2 then .x |= setpath($e[0]; $e[1]) | .done = ($e[0] | length == 0) else .done = ($e[0] | length == 1) end; if .done then .x else empty end);
def truncate_stream(f): . as $n | null | f | . as $e | if ($e[0] | length) > $n then setpath([0]; $e[0][$n:]) else empty end;
def match($re; $flags): _match($re; $flags; false)[];
def match($re): ($re | _expression) as $e | match($e[0]; $e[1]);
def test($re; $flags): _match($re; $flags; true);
def test($re): ($re | _expression) as $e | test($e[0]; $e[1]);
def capture($re; $flags): match($re; $flags) | _captures;
def capture($re): match($re) | _captures;
def scan($re; $flags): match($re; "g" + $flags) | if (.captures | length) > 0 then [.captures[].string] else .string end;
def scan($re): scan($re; null);
def splits($re; $flags): split($re; $flags)[];
def splits($re): splits($re; null);
def sub($re; f; $flags): . as $in | [match($re; $flags) | {offset, length, new: [_captures | f]}] | _put($in)[];
def sub($re; f): sub($re; f; "");
def gsub($re; f; $flags): sub($re; f; $flags + "g");
def gsub($re; f): sub($re; f; "g");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def todate: todateiso8601;
def date: todate;
def dateadd(u; n): . + n;
def datesub(u; n): . - n;
def abs: if type == "number" and . < 0 then -. elif type == "number" then . else error("\(type) (\(tojson)) has no absolute value") end;
def get_search_list: [];
"#;

/// They are read once for a run.
pub struct Library(Vec<Rc<Function>>);

impl Library {
    pub fn new() -> Library {
        let mut functions = parse::definitions(TEXT).unwrap_or_default();
        let key = |f: &Rc<Function>| (f.name.clone(), f.parameters.len());
        functions.sort_by_key(key);
        Library(functions)
    }

    pub fn defined(&self, name: &str, count: usize) -> Option<Rc<Function>> {
        let order = |f: &Rc<Function>| (&*f.name, f.parameters.len()).cmp(&(name, count));
        let at = self.0.binary_search_by(order).ok()?;
        self.0.get(at).cloned()
    }

    /// Names, and how many arguments they take.
    pub fn names(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.iter().map(|f| (&*f.name, f.parameters.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Library, TEXT};

    #[test]
    fn all_of_them_are_read() {
        let library = Library::new();
        assert_eq!(
            library.0.len(),
            TEXT.lines().filter(|l| !l.is_empty()).count()
        );
        for pair in library.0.windows(2) {
            let [a, b] = pair else { continue };
            let key = |f: &super::Function| (f.name.clone(), f.parameters.len());
            assert!(key(a) < key(b), "{} is there twice", a.name);
        }
    }
}
