//! Arguments: flags anywhere, words in order, and nothing left over.

use std::collections::VecDeque;

use crate::failure::{Failure, Result};

pub struct Args(VecDeque<String>);

impl Args {
    pub fn from_env() -> Self {
        Self(std::env::args().skip(1).collect())
    }

    /// Takes the next argument that is not a flag.
    pub fn word(&mut self) -> Option<String> {
        let at = self.0.iter().position(|arg| !arg.starts_with('-'))?;
        self.0.remove(at)
    }

    /// Takes a flag that stands alone; says whether it was there.
    pub fn flag(&mut self, name: &str) -> bool {
        match self.0.iter().position(|arg| arg == name) {
            Some(at) => self.0.remove(at).is_some(),
            None => false,
        }
    }

    /// Takes the value of `--name value` or `--name=value`.
    pub fn value(&mut self, name: &str) -> Result<Option<String>> {
        let assigned = format!("{name}=");
        if let Some(at) = self.0.iter().position(|arg| arg.starts_with(&assigned)) {
            return Ok(self
                .0
                .remove(at)
                .map(|arg| arg[assigned.len()..].to_owned()));
        }
        let Some(at) = self.0.iter().position(|arg| arg == name) else {
            return Ok(None);
        };
        self.0.remove(at);
        match self.0.remove(at) {
            Some(value) => Ok(Some(value)),
            None => Err(Failure::new(format!("{name} needs a value"))),
        }
    }

    /// Refuses what nobody took.
    pub fn finish(self) -> Result {
        match self.0.front() {
            None => Ok(()),
            Some(arg) => Err(Failure::new(format!(
                "unexpected argument {arg:?}; see `cargo xtask help`"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn flags_stand_anywhere_and_words_keep_their_order() {
        let mut args = args("--dev test browser rollout");
        assert_eq!(args.word().as_deref(), Some("test"));
        assert!(args.flag("--dev"));
        assert!(!args.flag("--dev"));
        assert_eq!(args.word().as_deref(), Some("browser"));
        assert_eq!(args.word().as_deref(), Some("rollout"));
        assert!(args.finish().is_ok());
    }

    #[test]
    fn values_come_in_both_spellings() {
        assert_eq!(
            args("--port 81").value("--port").unwrap().as_deref(),
            Some("81")
        );
        assert_eq!(
            args("--port=82").value("--port").unwrap().as_deref(),
            Some("82")
        );
        assert_eq!(args("").value("--port").unwrap(), None);
        assert!(args("--port").value("--port").is_err());
    }

    #[test]
    fn what_nobody_took_is_refused() {
        let refused = args("--prot 81").finish().unwrap_err().to_string();
        assert!(refused.contains("--prot"), "{refused}");
    }
}
