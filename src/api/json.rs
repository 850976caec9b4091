//! JSON as Go prints it.

use serde_json::Value;

/// JSON as Go's encoder writes it: `<`, `>` and `&` escaped, so that it may stand in HTML.
pub fn go_json(value: &Value) -> String {
    let plain = value.to_string();
    if !plain.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return plain;
    }
    plain
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// What Go's decoder says of a text that is no JSON (`encoding/json` scanner).
pub fn go_syntax_error(text: &[u8], error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    let line = text
        .split(|b| *b == b'\n')
        .nth(error.line().saturating_sub(1));
    let line = line.unwrap_or_default();
    let at = error.column().saturating_sub(1);
    let place = String::from_utf8_lossy(line.get(at..).unwrap_or_default());
    let found = match place.chars().next() {
        Some('\'') => "'\\''".to_owned(),
        Some('"') => "'\"'".to_owned(),
        Some(c) => format!("'{}'", c.escape_default()),
        None => "'\\n'".to_owned(),
    };
    let said = error.to_string();
    let context = [
        ("expected `:`", "after object key"),
        ("expected `,` or `}`", "after object key:value pair"),
        ("expected `,` or `]`", "after array element"),
        (
            "key must be a string",
            "looking for beginning of object key string",
        ),
        ("trailing characters", "after top-level value"),
        ("control character", "in string literal"),
        ("invalid escape", "in string escape code"),
        ("invalid number", "in numeric literal"),
        ("expected ident", "in literal"),
    ];
    let known = context.iter().find(|(words, _)| said.starts_with(words));
    let context = known.map_or("looking for beginning of value", |(_, context)| context);
    format!("invalid character {found} {context}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_errors_are_told_in_gos_words() {
        let rows = [
            ("a", "invalid character 'a' looking for beginning of value"),
            ("", "unexpected end of JSON input"),
            ("{\"a\"", "unexpected end of JSON input"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            (
                "{\"a\":1 2}",
                "invalid character '2' after object key:value pair",
            ),
            ("[1 2]", "invalid character '2' after array element"),
            (
                "{a:1}",
                "invalid character 'a' looking for beginning of object key string",
            ),
            ("{} x", "invalid character 'x' after top-level value"),
        ];
        for (text, expected) in rows {
            let error = serde_json::from_str::<Value>(text).unwrap_err();
            assert_eq!(go_syntax_error(text.as_bytes(), &error), expected, "{text}");
        }
    }
}
