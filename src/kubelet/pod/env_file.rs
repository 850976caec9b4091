//! Files of variables in a volume: what `fileKeyRef` reads (KEP-3721, `pkg/util/env` since v1.35).
//!
//! A line is `NAME='value'`; the value goes on over lines until its quote, and nothing in it is expanded.
//! Blank lines and comments are left out.

/// The value of `key`; empty where the file does not set it, or to nothing.
///
/// # Errors
/// Something before the key, or its own line, is not of that form.
pub fn value(text: &str, key: &str) -> Result<String, String> {
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let wrong = |what: &str| {
            let place = format!("invalid environment variable format at line {number}");
            Err(format!("{place}: {what}"))
        };
        let line = line.trim_start_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return wrong("missing '='");
        };
        match name.trim_end_matches([' ', '\t']) {
            "" => return wrong("empty variable name"),
            trimmed if trimmed != name => return wrong("whitespace before '=' is not allowed"),
            _ => {}
        }
        if value.starts_with([' ', '\t']) {
            // As in a shell, the variable is empty, and what follows is something else.
            if name == key {
                return Ok(String::new());
            }
            continue;
        }
        let Some(mut rest) = value.strip_prefix('\'') else {
            return wrong("value must be enclosed in single quotes");
        };
        let mut whole = String::new();
        let mut last = number;
        let behind = loop {
            if let Some((end, behind)) = rest.split_once('\'') {
                whole.push_str(end);
                break behind;
            }
            whole.push_str(rest);
            whole.push('\n');
            let Some((number_below, below)) = lines.next() else {
                return Err(format!(
                    "invalid environment variable format starting at line {number}: unclosed single quote"
                ));
            };
            (last, rest) = (number_below, below);
        };
        let behind = behind.trim_start_matches([' ', '\t']);
        if !behind.is_empty() && !behind.starts_with('#') {
            return Err(format!(
                "invalid environment variable format at line {last}: unexpected content after closing quote"
            ));
        }
        if name == key {
            return Ok(whole);
        }
    }
    Ok(String::new())
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn values_stand_in_single_quotes() {
        let at = "invalid environment variable format";
        for (text, found) in [
            ("A='1'\nB='2'", Ok("2".to_owned())),
            ("\n  # B='0'\n\tB='2' # two", Ok("2".to_owned())),
            ("B='$A \"x\"\ny'", Ok("$A \"x\"\ny".to_owned())),
            ("B= '2'", Ok(String::new())),
            ("A= 2\nB='2'", Ok("2".to_owned())),
            ("A='1'", Ok(String::new())),
            ("B", Err(format!("{at} at line 1: missing '='"))),
            ("='2'", Err(format!("{at} at line 1: empty variable name"))),
            (
                "\nB ='2'",
                Err(format!(
                    "{at} at line 2: whitespace before '=' is not allowed"
                )),
            ),
            (
                "B=2",
                Err(format!(
                    "{at} at line 1: value must be enclosed in single quotes"
                )),
            ),
            (
                "A='1\n2' 3\nB='2'",
                Err(format!(
                    "{at} at line 2: unexpected content after closing quote"
                )),
            ),
            (
                "A='1\nB=2",
                Err(format!("{at} starting at line 1: unclosed single quote")),
            ),
            // What stands behind the key is not looked at.
            ("B='2'\nwhatever", Ok("2".to_owned())),
        ] {
            assert_eq!(value(text, "B"), found, "{text}");
        }
    }
}
