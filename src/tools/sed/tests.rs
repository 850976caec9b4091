//! What the sed of GNU 4.9 prints for the lines one, two, three, four.

use super::*;

/// Words, what is printed, the exit code.
const TABLE: &[(&str, &str, i32)] = &[
    (r"p", "one\none\ntwo\ntwo\nthree\nthree\nfour\nfour\n", 0),
    (r"-n p", "one\ntwo\nthree\nfour\n", 0),
    (r"1!G;h;$!d", "four\nthree\ntwo\none\n", 0),
    (r"N;s/\n/-/", "one-two\nthree-four\n", 0),
    (r"$!N;$!D", "three\nfour\n", 0),
    (r":a;N;$!ba;s/\n/,/g", "one,two,three,four\n", 0),
    (r"-n $!{h;d};H;x;p", "three\nfour\n", 0),
    (r"s/t/T/;t;s/$/!/", "one!\nTwo\nThree\nfour!\n", 0),
    (r"s/t/T/;T;s/$/!/", "one\nTwo!\nThree!\nfour\n", 0),
    (r"N;P;D", "one\ntwo\nthree\nfour\n", 0),
    (r"2{x;p;x}", "one\n\ntwo\nthree\nfour\n", 0),
    (r"/two/b;s/^/>/", ">one\ntwo\n>three\n>four\n", 0),
    (r"-n 2{=;l}", "2\ntwo$\n", 0),
    (r"n;d", "one\nthree\n", 0),
    (r"-n n;p", "two\nfour\n", 0),
    (r"G", "one\n\ntwo\n\nthree\n\nfour\n\n", 0),
    (r"-n H;${x;s/\n/ /g;p}", " one two three four\n", 0),
    (r"1~2d", "two\nfour\n", 0),
    (r"0~2p", "one\ntwo\ntwo\nthree\nfour\nfour\n", 0),
    (r"0,/o/d", "two\nthree\nfour\n", 0),
    (r"1,/o/d", "three\nfour\n", 0),
    (r"2,~2d", "one\n", 0),
    (r"2,+1d", "one\nfour\n", 0),
    (r"/two/,/three/d", "one\nfour\n", 0),
    (r"/two/,1d", "one\nthree\nfour\n", 0),
    (r"3,2p", "one\ntwo\nthree\nthree\nfour\n", 0),
    (r"$d", "one\ntwo\nthree\n", 0),
    (r"2q", "one\ntwo\n", 0),
    (r"2Q", "one\n", 0),
    (r"2q7", "one\ntwo\n", 7),
    (r"-n $=", "4\n", 0),
    (r"s/o/&&/2", "one\ntwo\nthree\nfour\n", 0),
    (r"s/e/E/2g", "one\ntwo\nthreE\nfour\n", 0),
    (r"s/.*/\U&/", "ONE\nTWO\nTHREE\nFOUR\n", 0),
    (
        r"s/\(.\)\(.*\)/\u\1\L\2\E!/",
        "One!\nTwo!\nThree!\nFour!\n",
        0,
    ),
    (r"-E s/(.)(.*)/\2\1/", "neo\nwot\nhreet\nourf\n", 0),
    (r"s,o,/,g", "/ne\ntw/\nthree\nf/ur\n", 0),
    (r"\,two,d", "one\nthree\nfour\n", 0),
    (r"/TWO/Id", "one\nthree\nfour\n", 0),
    (r"s/TWO/x/I", "one\nx\nthree\nfour\n", 0),
    (r"y/eo/\n-/", "-n\n\ntw-\nthr\n\n\nf-ur\n", 0),
    (r"2i\  in", "one\n  in\ntwo\nthree\nfour\n", 0),
    (r"2i in", "one\nin\ntwo\nthree\nfour\n", 0),
    (r"2a one\ntwo", "one\ntwo\none\ntwo\nthree\nfour\n", 0),
    (r"2c new", "one\nnew\nthree\nfour\n", 0),
    (r"2,3c new", "one\nnew\nfour\n", 0),
    (r"2!c new", "new\ntwo\nnew\nnew\n", 0),
    (r"/two/{s//TWO/;p}", "one\nTWO\nTWO\nthree\nfour\n", 0),
    (
        r"s//x/",
        "sed: -e expression #1, char 0: no previous regular expression\n",
        1,
    ),
    (r"2{/two/!d}", "one\ntwo\nthree\nfour\n", 0),
    (r"-n /two/,/three/{//!p;p}", "two\nthree\n", 0),
    (r"z;s/^$/empty/", "empty\nempty\nempty\nempty\n", 0),
    (r"/two/{n;s/^/after /}", "one\ntwo\nafter three\nfour\n", 0),
    (r"$!{$!N};P;D", "one\ntwo\nthree\nfour\n", 0),
    (r"2r none", "one\ntwo\nthree\nfour\n", 0),
    (r"2r f.txt", "one\ntwo\nfile\nthree\nfour\n", 0),
    (r"2w /dev/stdout", "one\ntwo\ntwo\nthree\nfour\n", 0),
    (
        r"s/t/T/w /dev/stdout",
        "one\nTwo\nTwo\nThree\nThree\nfour\n",
        0,
    ),
    (r"# nothing", "one\ntwo\nthree\nfour\n", 0),
    (
        r"p # twice",
        "one\none\ntwo\ntwo\nthree\nthree\nfour\nfour\n",
        0,
    ),
    (r"2{p;}", "one\ntwo\ntwo\nthree\nfour\n", 0),
    (r"{p}", "one\none\ntwo\ntwo\nthree\nthree\nfour\nfour\n", 0),
    (r"x;G;1!h;s/\n.*//", "\none\none\none\n", 0),
    (
        r":x;s/^.\{1,5\}$/ &/;tx",
        "   one\n   two\n three\n  four\n",
        0,
    ),
    (r"s/^[ab]/x/;s/[^o]$/y/", "ony\ntwo\nthrey\nfouy\n", 0),
    (r"-s -n $p", "four\n", 0),
    (r"-z s/\n/,/g", "one,two,three,four,", 0),
    (r"/t/!s/$/./", "one.\ntwo\nthree\nfour.\n", 0),
    (r"b end;p;:end", "one\ntwo\nthree\nfour\n", 0),
    (r"2{h;d};${G}", "one\nthree\nfour\ntwo\n", 0),
    (r"1h;1d;$G", "two\nthree\nfour\none\n", 0),
    (r"s/\bt/T/;s/o\b/O/", "one\nTwO\nThree\nfour\n", 0),
    (
        r"s/[[:lower:]]\+/<&>/",
        "<one>\n<two>\n<three>\n<four>\n",
        0,
    ),
    (
        r"-E s/^(.*)$/[\1]/;s/a|o/X/g",
        "[Xne]\n[twX]\n[three]\n[fXur]\n",
        0,
    ),
    (
        r"k",
        "sed: -e expression #1, char 1: unknown command: `k'\n",
        1,
    ),
    (
        r"s/a",
        "sed: -e expression #1, char 3: unterminated `s' command\n",
        1,
    ),
    (
        r"s/a/b/k",
        "sed: -e expression #1, char 7: unknown option to `s'\n",
        1,
    ),
    (
        r"pp",
        "sed: -e expression #1, char 2: extra characters after command\n",
        1,
    ),
    (r"p;}", "sed: -e expression #1, char 3: unexpected `}'\n", 1),
    (r"{p", "sed: -e expression #1, char 0: unmatched `{'\n", 1),
    (
        r"y/a/bc/",
        "sed: -e expression #1, char 7: strings for `y' command are different lengths\n",
        1,
    ),
    (r"b x", "sed: can't find label for jump to `x'\n", 4),
    (
        r":",
        "sed: -e expression #1, char 1: \":\" lacks a label\n",
        1,
    ),
    (
        r"s/a/b/gg",
        "sed: -e expression #1, char 8: multiple `g' options to `s' command\n",
        1,
    ),
    (r"3,", "sed: -e expression #1, char 2: unexpected `,'\n", 1),
    (
        r"a",
        "sed: -e expression #1, char 1: expected \\ after `a', `c' or `i'\n",
        1,
    ),
    (r"2!", "sed: -e expression #1, char 2: missing command\n", 1),
    (
        r"=p",
        "sed: -e expression #1, char 2: extra characters after command\n",
        1,
    ),
    (
        r"r",
        "sed: -e expression #1, char 1: missing filename in r/R/w/W commands\n",
        1,
    ),
    (
        r"w",
        "sed: -e expression #1, char 1: missing filename in r/R/w/W commands\n",
        1,
    ),
    (
        r"5q;6",
        "sed: -e expression #1, char 4: missing command\n",
        1,
    ),
    (
        r"s/a/b/0",
        "sed: -e expression #1, char 7: number option to `s' command may not be zero\n",
        1,
    ),
    (
        r"0p",
        "sed: -e expression #1, char 2: invalid usage of line address 0\n",
        1,
    ),
    (
        r"1,2,3p",
        "sed: -e expression #1, char 4: unknown command: `,'\n",
        1,
    ),
    (r"1,2=", "1\none\n2\ntwo\nthree\nfour\n", 0),
    (r"2}", "sed: -e expression #1, char 2: unexpected `}'\n", 1),
    (
        r"l 5",
        "one$\none\ntwo$\ntwo\nthre\\\ne$\nthree\nfour$\nfour\n",
        0,
    ),
    (r"s/a/b/ p", "one\ntwo\nthree\nfour\n", 0),
    (r"s/[/o]/x/g", "xne\ntwx\nthree\nfxur\n", 0),
    (r"/[/t]/d", "one\nfour\n", 0),
    (r"s/[^]/]*$/x/", "x\nx\nx\nx\n", 0),
];

#[test]
fn as_the_real_one() {
    let mut wrong = Vec::new();
    for (words, expected, code) in TABLE {
        let mut script = *words;
        let mut all = Vec::new();
        while let Some((flag, rest)) = script.split_once(' ').filter(|(f, _)| f.starts_with('-')) {
            all.push(flag);
            script = rest;
        }
        all.push(script);
        let mut call = Call {
            name: "sed",
            words: all,
            input: "one\ntwo\nthree\nfour\n",
            file: &mut |name| match name {
                "f.txt" => Ok("file\n".to_owned()),
                _ => Err("No such file or directory".to_owned()),
            },
            now: 0,
        };
        let (output, _) = sed(&mut call);
        let text = output.out + &output.err;
        if (text.as_str(), output.code) != (*expected, *code) {
            wrong.push(format!(
                "{words}: {text:?} {}, not {expected:?} {code}",
                output.code
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_written_and_loops_end() {
    let run = |words: &[&str]| {
        let mut call = Call {
            name: "sed",
            words: words.to_vec(),
            input: "a\nb\n",
            file: &mut |_| Ok("x\ny\n".to_owned()),
            now: 0,
        };
        sed(&mut call)
    };
    let (output, files) = run(&["-n", "/a/w out.txt"]);
    assert_eq!(output, Output::default());
    assert_eq!(files, [("out.txt".to_owned(), "a\n".to_owned())]);
    let (_, files) = run(&["-i.bak", "$s/y/z/", "f"]);
    let named = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(files, [named("f", "x\nz\n"), named("f.bak", "x\ny\n")]);
    let (output, _) = run(&[":a;ba"]);
    assert_eq!(output.code, 4);
    let (output, _) = run(&[":a;s/$/x/;ta"]);
    assert_eq!(output.code, 4);
}
