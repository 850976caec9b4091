//! Long answers are compressed for whoever takes that
//! (`k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/writers.go`).

use std::io::Write;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use axum::http::{HeaderMap, HeaderValue, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body::Body as _;

/// Shorter answers go as they are, in bytes.
const LEAST: u64 = 128 * 1024;
/// An answer is known as a whole, so this bounds nothing; it only has to be said.
const MOST: usize = usize::MAX;

/// Whether the client takes answers in gzip.
pub fn is_taken(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let mut clauses = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    clauses.any(|clause| {
        let (name, weight) = clause.split_once(';').unwrap_or((clause, ""));
        let weight = weight.trim().strip_prefix("q=").map(str::trim);
        let refused = weight.is_some_and(|q| q.parse::<f64>().is_ok_and(|q| q <= 0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// Compresses an answer that is there as a whole and long; others go through.
pub async fn compressed(response: Response<Body>) -> Response<Body> {
    let long = response.body().size_hint().exact() > Some(LEAST);
    if !long || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MOST).await else {
        return Response::from_parts(head, Body::empty());
    };
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(&bytes).and_then(|()| encoder.finish());
    let Ok(packed) = packed else {
        return Response::from_parts(head, Body::from(bytes));
    };
    head.headers.remove(CONTENT_LENGTH);
    head.headers
        .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers
        .append(VARY, HeaderValue::from_static("Accept-Encoding"));
    Response::from_parts(head, Body::from(packed))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_header_says_who_takes_gzip() {
        for (header, taken) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0, br", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(header));
            assert_eq!(is_taken(&headers), taken, "{header:?}");
        }
        assert!(!is_taken(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn long_answers_are_compressed_and_short_ones_are_not() {
        let text = "kubarium ".repeat(20_000);
        let packed = compressed(Response::new(Body::from(text.clone()))).await;
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        let bytes = axum::body::to_bytes(packed.into_body(), MOST)
            .await
            .unwrap();
        assert!(bytes.len() < text.len() / 10);
        let mut read = String::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut read)
            .unwrap();
        assert_eq!(read, text);

        let short = compressed(Response::new(Body::from("a".repeat(1000)))).await;
        assert!(!short.headers().contains_key(CONTENT_ENCODING));
    }
}
