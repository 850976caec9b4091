//! Going through what was typed before, as a shell does.

/// A place in the history while a line is being edited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recall {
    /// Counted from the newest, from 1; 0 is the line that is being typed.
    back: usize,
    /// What was being typed when the search began.
    draft: String,
}

impl Recall {
    /// The line before; `None` at the oldest.
    pub fn older(&mut self, history: &[String], current: &str) -> Option<String> {
        let line = history.iter().rev().nth(self.back)?;
        if self.back == 0 {
            current.clone_into(&mut self.draft);
        }
        self.back += 1;
        Some(line.clone())
    }

    /// The line after; at the newest what was being typed; `None` when that is shown already.
    pub fn newer(&mut self, history: &[String]) -> Option<String> {
        match self.back {
            0 => None,
            1 => {
                self.back = 0;
                Some(std::mem::take(&mut self.draft))
            }
            back => {
                self.back = back - 1;
                history.iter().rev().nth(back - 2).cloned()
            }
        }
    }

    /// The newest line that holds `needle`, before the one that was found last.
    pub fn search(history: &[String], needle: &str, skip: usize) -> Option<String> {
        if needle.is_empty() {
            return None;
        }
        history
            .iter()
            .rev()
            .filter(|line| line.contains(needle))
            .nth(skip)
            .cloned()
    }

    pub fn reset(&mut self) {
        *self = Recall::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_being_typed_is_there_after_the_search() {
        let history = ["a".to_owned(), "b".to_owned()];
        let mut recall = Recall::default();
        assert_eq!(recall.newer(&history), None);
        assert_eq!(recall.older(&history, "draft").as_deref(), Some("b"));
        assert_eq!(recall.older(&history, "b").as_deref(), Some("a"));
        assert_eq!(recall.older(&history, "a"), None);
        assert_eq!(recall.newer(&history).as_deref(), Some("b"));
        assert_eq!(recall.newer(&history).as_deref(), Some("draft"));
        assert_eq!(recall.newer(&history), None);
        assert_eq!(recall.older(&[], "x"), None);
    }

    #[test]
    fn searching_goes_back_in_time() {
        let history = ["get pods", "get svc", "scale"].map(str::to_owned);
        assert_eq!(
            Recall::search(&history, "get", 0).as_deref(),
            Some("get svc")
        );
        assert_eq!(
            Recall::search(&history, "get", 1).as_deref(),
            Some("get pods")
        );
        assert_eq!(Recall::search(&history, "get", 2), None);
        assert_eq!(Recall::search(&history, "", 0), None);
    }
}
