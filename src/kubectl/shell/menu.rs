//! The menu of `select`.

/// What a line holds.
const WIDTH: usize = 80;
/// Where tabs lead.
const TAB: usize = 8;

/// Numbers and words, in as many columns as fit, down and then to the right.
pub fn menu(words: &[String]) -> String {
    let count = words.len();
    let digits = |number: usize| number.to_string().len();
    let length = |word: &String| word.chars().count();
    let longest = words.iter().map(length).max().unwrap_or(0);
    let column = longest + digits(count) + 4;
    let columns = (WIDTH / column).max(1);
    let mut rows = count.div_ceil(columns);
    // One row is a column instead.
    if rows == 1 {
        rows = count;
    }
    let mut out = String::new();
    for row in 0..rows {
        let mut at = 0;
        for (place, (number, word)) in (1..).zip(words).skip(row).step_by(rows.max(1)).enumerate() {
            if place > 0 {
                // Up to the next column, by tabs where they lead far enough.
                let to = place * column;
                while at < to {
                    if to / TAB > at / TAB {
                        out.push('\t');
                        at += TAB - at % TAB;
                    } else {
                        out.push(' ');
                        at += 1;
                    }
                }
            }
            let width = digits(if place == 0 { rows } else { count });
            out.push_str(&format!("{number:width$}) {word}"));
            at += width + 2 + length(word);
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(menu(&words("a bb c")), "1) a\n2) bb\n3) c\n");
        let many: Vec<String> = (1..=30).map(|n| format!("name-{n}")).collect();
        let text = menu(&many);
        assert!(text.starts_with(MANY), "{text:?}");
        assert_eq!(text.lines().count(), 5);
    }

    /// What bash 5.2 shows.
    const MANY: &str = "\
1) name-1     6) name-6\t  11) name-11  16) name-16  21) name-21\t 26) name-26
2) name-2     7) name-7\t  12) name-12  17) name-17  22) name-22\t 27) name-27
";
}
