//! What is wrong with an expression, as cel-go prints it: the place, the line, and a caret below it.

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// In characters.
    pub at: usize,
    pub what: String,
}

impl Issue {
    pub fn new(at: usize, what: String) -> Issue {
        Issue { at, what }
    }
}

/// All of them, in the order of their places.
pub fn text(mut issues: Vec<Issue>, source: &[char]) -> String {
    issues.sort_by_key(|issue| issue.at);
    issues.dedup();
    let shown: Vec<String> = issues.iter().map(|issue| one(issue, source)).collect();
    shown.join("\n")
}

fn one(issue: &Issue, source: &[char]) -> String {
    let at = issue.at.min(source.len());
    let before = source.get(..at).unwrap_or_default();
    let line = before.iter().filter(|c| **c == '\n').count();
    let begin = before.iter().rposition(|c| *c == '\n').map_or(0, |i| i + 1);
    let column = at - begin;
    let words: String = source
        .get(begin..)
        .unwrap_or_default()
        .iter()
        .take_while(|c| **c != '\n')
        .map(|c| if *c == '\t' { ' ' } else { *c })
        .collect();
    format!(
        "ERROR: <input>:{}:{}: {}\n | {words}\n | {}^",
        line + 1,
        column + 1,
        issue.what,
        ".".repeat(column)
    )
}
