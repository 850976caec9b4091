//! Which form a client wants, and which form it sends.
//!
//! Models `k8s.io/apiserver/pkg/endpoints/handlers/negotiation`. Protobuf is read, not
//! written: a client that offers JSON beside it gets JSON, one that does not is told what there is.

use kubarium::apiserver::request::{
    ACCEPT_DISCOVERY, ACCEPT_PARTIAL, ACCEPT_PARTIAL_LIST, ACCEPT_TABLE, APPLY_PATCH, JSON_PATCH,
    MERGE_PATCH, STRATEGIC_MERGE_PATCH,
};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Json,
    /// JSON for people: with an indent.
    Pretty,
    Yaml,
    /// Read, never written.
    Protobuf,
}

/// The form of an answer: how it is written, and as what (`Request::accept`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub encoding: Encoding,
    pub accept: &'static str,
}

const JSON: Form = Form {
    encoding: Encoding::Json,
    accept: "",
};

/// The form that fits an `Accept` header best; `None` when none does.
pub fn accepted(header: &str, discovery: bool) -> Option<Form> {
    if header.trim().is_empty() {
        return Some(JSON);
    }
    let mut clauses: Vec<(u32, &str)> = header
        .split(',')
        .map(|clause| (thousandths(clause), clause.trim()))
        .collect();
    // Sorting is stable: of equal weight, the first comes first.
    clauses.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    clauses
        .iter()
        .filter(|(weight, _)| *weight > 0)
        .find_map(|(_, clause)| form(clause, discovery))
}

/// The weight of a clause, `q=0.9`, in thousandths.
fn thousandths(clause: &str) -> u32 {
    let weight = parameter(clause, "q").and_then(|q| q.parse::<f64>().ok());
    weight.map_or(1000, |q| (q.clamp(0.0, 1.0) * 1000.0) as u32)
}

fn parameter<'c>(clause: &'c str, name: &str) -> Option<&'c str> {
    clause.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })
}

fn form(clause: &str, discovery: bool) -> Option<Form> {
    let media = clause.split(';').next().unwrap_or_default().trim();
    let encoding = match media {
        "application/json" | "application/*" | "*/*" | "text/*" | "text/plain" => Encoding::Json,
        "application/yaml" | "application/x-yaml" | "text/yaml" => Encoding::Yaml,
        _ => return None,
    };
    let text = |name| parameter(clause, name).unwrap_or_default();
    let accept = match (text("as"), text("g"), text("v")) {
        ("", _, _) => "",
        ("Table", "meta.k8s.io", "v1") => ACCEPT_TABLE,
        ("PartialObjectMetadata", "meta.k8s.io", "v1") => ACCEPT_PARTIAL,
        ("PartialObjectMetadataList", "meta.k8s.io", "v1") => ACCEPT_PARTIAL_LIST,
        ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") if discovery => ACCEPT_DISCOVERY,
        _ => return None,
    };
    Some(Form { encoding, accept })
}

/// What a client sends, of what it says in `Content-Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    pub encoding: Encoding,
    /// `Request::content_type`.
    pub content_type: &'static str,
}

/// The form of a body; `None` when it is one that nobody here reads.
pub fn sent(header: &str) -> Option<Sent> {
    let media = header.split(';').next().unwrap_or_default().trim();
    let (encoding, content_type) = match media {
        "" | "application/json" => (Encoding::Json, ""),
        "application/yaml" | "application/x-yaml" => (Encoding::Yaml, ""),
        "application/vnd.kubernetes.protobuf" => (Encoding::Protobuf, ""),
        media if media == JSON_PATCH => (Encoding::Json, JSON_PATCH),
        media if media == MERGE_PATCH => (Encoding::Json, MERGE_PATCH),
        media if media == STRATEGIC_MERGE_PATCH => (Encoding::Json, STRATEGIC_MERGE_PATCH),
        media if media == APPLY_PATCH => (Encoding::Yaml, APPLY_PATCH),
        _ => return None,
    };
    Some(Sent {
        encoding,
        content_type,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_is_known_wins() {
        let json = Some(JSON);
        let with = |accept| Some(Form { accept, ..JSON });
        for (header, discovery, expected) in [
            ("", false, json),
            ("*/*", false, json),
            ("application/vnd.kubernetes.protobuf", false, None),
            (
                "application/vnd.kubernetes.protobuf,application/json",
                false,
                json,
            ),
            (
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
                false,
                with(ACCEPT_TABLE),
            ),
            ("application/json;as=Table;v=v9;g=meta.k8s.io", false, None),
            (
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
                true,
                with(ACCEPT_DISCOVERY),
            ),
            (
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
                false,
                json,
            ),
            (
                "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
                false,
                with(ACCEPT_PARTIAL_LIST),
            ),
            (
                "application/json;q=0.1,application/yaml",
                false,
                Some(Form {
                    encoding: Encoding::Yaml,
                    accept: "",
                }),
            ),
            ("application/json;q=0", false, None),
        ] {
            assert_eq!(accepted(header, discovery), expected, "{header}");
        }
    }

    #[test]
    fn bodies_are_json_yaml_or_patches() {
        assert_eq!(
            sent("application/json; charset=utf-8")
                .unwrap()
                .content_type,
            ""
        );
        assert_eq!(sent(MERGE_PATCH).unwrap().content_type, MERGE_PATCH);
        assert_eq!(sent(APPLY_PATCH).unwrap().encoding, Encoding::Yaml);
        assert_eq!(sent("application/cbor"), None);
    }
}
