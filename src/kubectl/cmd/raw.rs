//! `--raw`: a request to a path of the API, and its answer as it came.
//! Models `k8s.io/kubectl/pkg/rawhttp`.

use crate::apiserver::{Body, Method};
use crate::kubectl::error::{Result, plain};
use crate::kubectl::kube::Kube;

/// Sends what a file holds to a path, and prints the answer.
pub async fn send(kube: &Kube, method: Method, address: &str, file: &str) -> Result<()> {
    if !address.starts_with('/') && !address.contains("://") {
        return plain(format!(
            "--raw must be a valid URL path: parse \"{address}\": invalid URI for request"
        ));
    }
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut request = kube.request(method, path.to_owned());
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        request = request.with_query(&unescaped(name), unescaped(value));
    }
    let text = match (file, &kube.io.input) {
        ("", _) => String::new(),
        ("-", Some(pipe)) => pipe.rest().await,
        ("-", None) => String::new(),
        (file, _) => match kube.shell.read_file(file) {
            Some(text) => text,
            None => return plain(format!("open {file}: no such file or directory")),
        },
    };
    // It goes as it is, as JSON; the server says what is wrong with it.
    if !text.is_empty() {
        request.body = match serde_json::from_str(&text) {
            Ok(value) => Body::Json(value),
            Err(_) => Body::Text(text),
        };
    }
    match kube.send(request).await? {
        Body::Json(value) => kube.print(&value.to_string()),
        Body::Text(text) => kube.io.out.write(&text),
        Body::Empty => {}
    }
    Ok(())
}

/// Undoes what a query escapes: `%20`, and `+` for a blank. What is no escape stays as it is.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let mut digit = || ahead.next().and_then(|b| char::from(b).to_digit(16));
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => match (digit(), digit()) {
                (Some(high), Some(low)) => {
                    bytes.push((high * 16 + low) as u8);
                    rest = ahead;
                }
                _ => bytes.push(byte),
            },
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The file that goes with `--raw`; what other flags forbid is refused.
///
/// # Errors
/// In the words of the commands' own checks. `least` is how many files have to be named.
pub fn file(kube: &Kube, least: usize) -> Result<&str> {
    let flags = &kube.flags;
    let files = flags.list("filename");
    if files.len() < least || files.len() > 1 {
        return plain("--raw can only use a single local file or stdin");
    }
    let file = files.first().map_or("", String::as_str);
    if ["http://", "https://"]
        .iter()
        .any(|scheme| file.starts_with(scheme))
    {
        return plain("--raw cannot read from a url");
    }
    if flags.is("recursive") {
        return plain("--raw and --recursive are mutually exclusive");
    }
    if kube.path == "kubectl create" && !flags.text("selector").is_empty() {
        return plain("--raw and --selector (-l) are mutually exclusive");
    }
    if !flags.text("output").is_empty() {
        return plain("--raw and --output are mutually exclusive");
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn queries_are_unescaped() {
        for (given, expected) in [
            ("a%20b+c", "a b c"),
            ("%C3%A9", "é"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("app%3Dweb", "app=web"),
        ] {
            assert_eq!(unescaped(given), expected);
        }
    }
}
