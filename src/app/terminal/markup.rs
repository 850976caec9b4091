//! Lines of the paper as HTML. The browser's parser makes the elements of a hundred lines in the time that a
//! handful takes when they are made one by one.
//!
//! Whatever a line says, it is text here: see [`escape`].

use super::{Line, Origin};

/// The word that tells those who cannot see colours that a line is an error, and its language.
#[derive(Clone, Copy)]
pub struct ErrorWord<'w> {
    pub word: &'w str,
    pub language: &'w str,
}

/// Appends a line. What names an object is a `k-named` with `data-object="VERSION KIND NAMESPACE NAME"`.
pub fn line(out: &mut String, line: &Line, error: ErrorWord<'_>) {
    let class = match line.origin {
        Origin::Typed => "k-line k-line--typed",
        Origin::Out => "k-line",
        Origin::Err => "k-line k-line--error",
        Origin::Note => "k-line k-line--note",
    };
    out.push_str("<div lang=\"en\" class=\"");
    out.push_str(class);
    out.push_str("\">");
    if line.origin == Origin::Err {
        out.push_str("<span class=\"k-unseen\" lang=\"");
        escape(out, error.language);
        out.push_str("\">");
        escape(out, error.word);
        out.push_str(" </span>");
    }
    if !line.prompt.is_empty() {
        out.push_str("<span class=\"k-prompt\">");
        escape(out, &line.prompt);
        out.push_str("</span>");
    }
    words(out, line);
    if line.text.is_empty() && line.prompt.is_empty() {
        // An empty line is as high as the others, and is there when it is copied.
        out.push('\u{200b}');
    }
    out.push_str("</div>");
}

fn words(out: &mut String, line: &Line) {
    let links = match line.origin {
        Origin::Typed | Origin::Note => Vec::new(),
        Origin::Out | Origin::Err => line.about.links(&line.text),
    };
    let mut from = 0;
    let piece = |from: usize, to: usize| line.text.get(from..to).unwrap_or_default();
    for link in links {
        escape(out, piece(from, link.range.start));
        let info = link.kind.info();
        out.push_str("<span class=\"k-named\" data-object=\"");
        for part in [&*info.api_version(), info.kind, &*link.namespace] {
            escape(out, part);
            out.push(' ');
        }
        escape(out, &link.name);
        out.push_str("\">");
        escape(out, piece(link.range.start, link.range.end));
        out.push_str("</span>");
        from = link.range.end;
    }
    escape(out, piece(from, line.text.len()));
}

/// Appends text as it stands in an element or in an attribute between double quotes.
fn escape(out: &mut String, text: &str) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            // A parser would make it the end of a line.
            b'\r' => "&#13;",
            _ => continue,
        };
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(escaped);
        from = at + 1;
    }
    out.push_str(text.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::terminal::About;

    fn drawn(origin: Origin, command: &str, prompt: &str, text: &str) -> String {
        let drawn = Line {
            number: 1,
            origin,
            text: text.into(),
            prompt: prompt.into(),
            about: About::of(command, "default").into(),
        };
        let mut out = String::new();
        let error = ErrorWord {
            word: "Fehler:",
            language: "de",
        };
        line(&mut out, &drawn, error);
        out
    }

    #[test]
    fn lines_are_elements_and_what_they_say_is_text() {
        let rows = [
            (
                drawn(Origin::Out, "", "", "<img src=x onerror=\"a()\"> & ä\r"),
                "<div lang=\"en\" class=\"k-line\">&lt;img src=x onerror=&quot;a()&quot;&gt; &amp; ä&#13;</div>",
            ),
            (
                drawn(Origin::Out, "", "", ""),
                "<div lang=\"en\" class=\"k-line\">\u{200b}</div>",
            ),
            (
                drawn(Origin::Typed, "", "<b>$ ", "kubectl get pods > x"),
                "<div lang=\"en\" class=\"k-line k-line--typed\"><span class=\"k-prompt\">&lt;b&gt;$ </span>kubectl get pods &gt; x</div>",
            ),
            (
                drawn(Origin::Err, "", "", "pod/a failed"),
                "<div lang=\"en\" class=\"k-line k-line--error\"><span class=\"k-unseen\" lang=\"de\">Fehler: </span><span class=\"k-named\" data-object=\"v1 Pod default a\">pod/a</span> failed</div>",
            ),
            (
                drawn(Origin::Out, "kubectl get po", "", "web-1   1/1"),
                "<div lang=\"en\" class=\"k-line\"><span class=\"k-named\" data-object=\"v1 Pod default web-1\">web-1</span>   1/1</div>",
            ),
        ];
        for (drawn, expected) in rows {
            assert_eq!(drawn, expected);
        }
    }

    #[test]
    fn a_namespace_that_somebody_types_cannot_leave_its_attribute() {
        let command = "kubectl get po -n \"><script>";
        let drawn = drawn(Origin::Out, command, "", "web-1   1/1");
        assert!(!drawn.contains("<script>"), "{drawn}");
    }
}
