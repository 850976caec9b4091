//! How much of what there is to warn of a client hears.
//!
//! Models `WithWarningRecorder` in `k8s.io/apiserver/pkg/endpoints/filters/warning.go`.

use std::collections::BTreeSet;

/// All warnings together, in characters; where they are more, each is cut to [`ITEM`], and those that come when it
/// is full are left out.
const TOTAL: usize = 4096;
const ITEM: usize = 256;

/// What of the warnings becomes headers: each once, and no more than fits.
pub(super) fn kept(given: Vec<String>) -> Vec<String> {
    if given.is_empty() {
        return given;
    }
    let mut recorded = BTreeSet::new();
    let mut kept: Vec<String> = Vec::new();
    let (mut written, mut cuts) = (0, false);
    for mut text in given {
        if cuts && written >= TOTAL {
            break;
        }
        // A header is one line.
        if text.is_empty() || text.chars().any(char::is_control) || !recorded.insert(text.clone()) {
            continue;
        }
        if cuts {
            cut(&mut text);
        }
        written += length(&text);
        kept.push(text);
        if !cuts && written > TOTAL {
            cuts = true;
            kept.iter_mut().for_each(cut);
            written = kept.iter().map(|text| length(text)).sum();
        }
    }
    kept
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(ITEM) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_once_and_in_one_line() {
        let given = ["a", "b", "a", "", "two\nlines"].map(str::to_owned);
        assert_eq!(kept(given.to_vec()), ["a", "b"]);
    }

    #[test]
    fn what_is_too_much_is_cut_and_then_left_out() {
        let long = |n: usize| format!("{n:03}{}", "ä".repeat(497));
        let eight: Vec<String> = (0..8).map(long).collect();
        assert_eq!(kept(eight.clone()), eight, "4,000 characters fit");
        let found = kept((0..40).map(long).collect());
        assert_eq!(found.len(), 16);
        assert!(found.iter().all(|text| text.chars().count() == 256));
        // What is short enough is not cut.
        let mut mixed: Vec<String> = (0..9).map(long).collect();
        mixed.push("short".to_owned());
        assert_eq!(kept(mixed).last().map(String::as_str), Some("short"));
    }
}
