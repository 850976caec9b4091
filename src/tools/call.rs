//! How a tool is called that needs no more than its words, a text and files.

/// What a tool is called with.
pub struct Call<'c> {
    pub name: &'c str,
    pub words: Vec<&'c str>,
    /// What is read where no file is named.
    pub input: &'c str,
    /// Reads a file; an error says why it cannot be.
    pub file: &'c mut dyn FnMut(&str) -> Result<String, String>,
    /// Nanoseconds since the epoch.
    pub now: i64,
}

/// What a tool prints, and its exit code.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    pub out: String,
    pub err: String,
    pub code: i32,
}

impl Output {
    pub fn of(out: String) -> Output {
        Output {
            out,
            ..Output::default()
        }
    }

    /// Says why it failed.
    pub fn failed(message: &str, code: i32) -> Output {
        Output {
            err: format!("{message}\n"),
            code,
            ..Output::default()
        }
    }

    pub fn complain(&mut self, message: &str, code: i32) {
        self.err.push_str(message);
        self.err.push('\n');
        self.code = code;
    }
}

impl Call<'_> {
    /// The text of a file; `-` is the input.
    pub fn text(&mut self, name: &str) -> Result<String, String> {
        match name {
            "-" => Ok(self.input.to_owned()),
            name => (self.file)(name).map_err(|why| format!("{}: {name}: {why}", self.name)),
        }
    }

    /// The texts of files, one behind the other, or the input.
    pub fn texts(&mut self, names: &[&str], output: &mut Output) -> String {
        if names.is_empty() {
            return self.input.to_owned();
        }
        let mut all = String::new();
        for name in names {
            match self.text(name) {
                Ok(text) => all.push_str(&text),
                Err(message) => output.complain(&message, 1),
            }
        }
        all
    }
}

/// Those that this module has.
pub const NAMES: [&str; 21] = [
    "basename",
    "cksum",
    "comm",
    "date",
    "dirname",
    "expand",
    "expr",
    "fold",
    "hexdump",
    "join",
    "md5sum",
    "nl",
    "od",
    "paste",
    "printf",
    "rev",
    "seq",
    "sha1sum",
    "sha256sum",
    "tac",
    "xxd",
];

/// Calls a tool by its name; `None` when there is none.
pub fn call(mut call: Call<'_>) -> Option<Output> {
    let call = &mut call;
    Some(match call.name {
        "basename" => super::names::basename(call),
        "dirname" => super::names::dirname(call),
        "date" => super::date::date(call),
        "expr" => super::expr::expr(call),
        "printf" => super::print::printf(call),
        "seq" => super::seq::seq(call),
        "cksum" | "md5sum" | "sha1sum" | "sha256sum" => super::digest::sums(call),
        "hexdump" | "od" | "xxd" => super::dump::dump(call),
        "comm" => super::pairs::comm(call),
        "join" => super::pairs::join(call),
        "paste" => super::pairs::paste(call),
        "expand" => super::shape::expand(call),
        "fold" => super::shape::fold(call),
        "nl" => super::shape::nl(call),
        "rev" => super::shape::rev(call),
        "tac" => super::shape::tac(call),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Call, NAMES, Output, call};

    fn run(line: &str, input: &str) -> Output {
        let mut words = line.split(' ').map(|w| w.trim_matches('"'));
        let name = words.next().unwrap();
        let mut file = |name: &str| match name {
            "a" => Ok("a\nb\n".to_owned()),
            "b" => Ok("b\nc\n".to_owned()),
            "x" => Ok("1 x\n2 y\n".to_owned()),
            "y" => Ok("1 p\n2 q\n3 r\n".to_owned()),
            _ => Err("No such file or directory".to_owned()),
        };
        call(Call {
            name,
            words: words
                .map(|w| match w {
                    "NL" => "\n",
                    w => w,
                })
                .collect(),
            input,
            file: &mut file,
            now: 1_425_599_621_000_000_000,
        })
        .unwrap()
    }

    /// What GNU's tools print.
    #[test]
    fn as_the_tools_of_gnu() {
        for (line, input, expected) in [
            ("basename /a/b.txt .txt", "", "b\n"),
            ("basename -a a/b c/d", "", "b\nd\n"),
            ("basename -s .txt a.txt", "", "a\n"),
            ("dirname /a/b", "", "/a\n"),
            ("dirname /a", "", "/\n"),
            ("dirname a", "", ".\n"),
            ("expr 1 + 2 * 3", "", "7\n"),
            ("expr ( 1 + 2 ) * 3", "", "9\n"),
            ("expr abc : a\\(.*\\)", "", "bc\n"),
            ("expr length hello", "", "5\n"),
            ("expr substr hello 2 3", "", "ell\n"),
            ("expr index hello l", "", "3\n"),
            ("expr 5 > 3", "", "1\n"),
            ("expr 7 / 2", "", "3\n"),
            ("seq 3", "", "1\n2\n3\n"),
            ("seq -s, 3", "", "1,2,3\n"),
            ("seq -w 8 10", "", "08\n09\n10\n"),
            ("seq 0 0.5 1", "", "0.0\n0.5\n1.0\n"),
            ("seq 3 -1 1", "", "3\n2\n1\n"),
            ("seq -f %03g 2", "", "001\n002\n"),
            ("fold -w 8", "the quick brown\n", "the quic\nk brown\n"),
            ("fold -s -w 8", "the quick brown\n", "the \nquick \nbrown\n"),
            ("expand", "a\tb\n", "a       b\n"),
            ("expand -t 4", "a\tb\n", "a   b\n"),
            ("md5sum", "hi\n", "764efa883dda1e11db47671c4a3bbd9e  -\n"),
            (
                "sha1sum",
                "hi\n",
                "55ca6286e3e4f4fba5d0448333fa99fc5a404a73  -\n",
            ),
            (
                "sha256sum",
                "hello",
                "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824  -\n",
            ),
            ("cksum", "hi\n", "1479881546 3\n"),
            ("comm a b", "", "a\n\t\tb\n\tc\n"),
            ("comm -12 a b", "", "b\n"),
            ("join x y", "", "1 x p\n2 y q\n"),
            ("join -a2 x y", "", "1 x p\n2 y q\n3 r\n"),
            ("paste a b", "", "a\tb\nb\tc\n"),
            ("paste -d, a b", "", "a,b\nb,c\n"),
            ("paste -sd+ a", "", "a+b\n"),
            ("paste - -", "1\n2\n3\n4\n", "1\t2\n3\t4\n"),
            ("rev", "abc\nde\n", "cba\ned\n"),
            ("tac", "a\nb\n", "b\na\n"),
            ("nl", "a\n\nc\n", "     1\ta\n       \n     2\tc\n"),
            ("nl -ba -v5 -w2 -s:", "a\n", " 5:a\n"),
            ("od -An -tx1", "ab", " 61 62\n"),
            ("od -c", "ab\n", "0000000   a   b  \\n\n0000003\n"),
            (
                "xxd",
                "ab\n",
                "00000000: 6162 0a                                  ab.\n",
            ),
            (
                "hexdump -C",
                "ab\n",
                "00000000  61 62 0a                                          |ab.|\n00000003\n",
            ),
            (
                "printf %5s|%-5s|%05d|%x a b 42 255",
                "",
                "    a|b    |00042|ff",
            ),
            (
                "printf %+d|%#x|%#o|%c|%% 5 255 8 xyz",
                "",
                "+5|0xff|010|x|%",
            ),
            (
                "printf %.2f|%e|%g|%G 3.14159 12345.678 0.0001 1e10",
                "",
                "3.14|1.234568e+04|0.0001|1E+10",
            ),
            ("printf %*d|%-*d| 5 42 5 42", "", "   42|42   |"),
            ("printf %.3s|%10.2s| abcdef abcdef", "", "abc|        ab|"),
            ("printf %s, a b c", "", "a,b,c,"),
            ("printf %b|%q x\\ty a;b", "", "x\ty|a\\;b"),
            ("printf a\\x41\\101\\n", "", "aAA\n"),
            ("printf %d,%d 0x1f 010", "", "31,8"),
            ("printf %d 'A", "", "65"),
            ("date -d 2024-01-02 +%F", "", "2024-01-02\n"),
            ("date -d @0", "", "Thu Jan  1 00:00:00 UTC 1970\n"),
            ("date -d 2024-01-01T03:04:05Z +%s", "", "1704078245\n"),
            ("date +%F", "", "2015-03-05\n"),
            ("date -d yesterday +%F", "", "2015-03-04\n"),
            ("date -d @0 -Iseconds", "", "1970-01-01T00:00:00+00:00\n"),
        ] {
            let output = run(line, input);
            assert_eq!(
                (output.out.as_str(), output.err.as_str()),
                (expected, ""),
                "{line}"
            );
        }
        for (line, expected, code) in [
            (
                "expr 1 +",
                "expr: syntax error: missing argument after '+'\n",
                2,
            ),
            ("expr a + 1", "expr: non-integer argument\n", 2),
            ("expr 1 / 0", "expr: division by zero\n", 2),
            ("fold nope", "fold: nope: No such file or directory\n", 1),
            ("printf %d abc", "printf: abc: invalid number\n", 1),
            ("date -d nonsense", "date: invalid date 'nonsense'\n", 1),
            ("seq x", "seq: invalid floating point argument: 'x'\n", 1),
        ] {
            let output = run(line, "");
            assert_eq!(
                (output.err.as_str(), output.code),
                (expected, code),
                "{line}"
            );
        }
        for name in NAMES {
            let _ = run(name, "");
        }
    }
}
