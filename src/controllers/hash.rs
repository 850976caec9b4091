//! The pod-template-hash: names a template by its content
//! (`k8s.io/kubernetes/pkg/controller/controller_utils.go` ComputeHash).
//!
//! Divergence: upstream hashes Go's own print of the template, so the letters differ from a real
//! cluster's; here the JSON with sorted keys is hashed.

use k8s_openapi::api::core::v1::PodTemplateSpec;

use crate::api::codec;

/// FNV-1 and FNV-1a differ in the order of the two steps; Go's `fnv.New32a` is the latter.
fn fnv32a(bytes: impl IntoIterator<Item = u8>) -> u32 {
    bytes.into_iter().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Letters that form no words (`k8s.io/apimachinery/pkg/util/rand` SafeEncodeString).
pub fn safe_encode(text: &str) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    text.bytes()
        .filter_map(|b| ALPHABET.get(usize::from(b) % ALPHABET.len()))
        .map(|b| char::from(*b))
        .collect()
}

/// The hash of a template. `collisions` makes another hash of the same template.
pub fn compute(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    of_text(&codec::encode(template).to_string(), collisions)
}

/// The hash of a text, as [`compute`] makes it.
pub fn of_text(text: &str, collisions: Option<i32>) -> String {
    let salt = collisions.map(|n| (n as u32).to_le_bytes());
    let salt = salt.into_iter().flatten().chain(
        // Upstream writes eight bytes of which four are the counter.
        [0u8; 4]
            .into_iter()
            .take(if collisions.is_some() { 4 } else { 0 }),
    );
    safe_encode(&fnv32a(text.bytes().chain(salt)).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    #[test]
    fn hashes_are_those_of_fnv_and_collisions_change_them() {
        assert_eq!(fnv32a(*b""), 0x811c_9dc5);
        assert_eq!(fnv32a(*b"foobar"), 0xbf9c_f968);
        assert_eq!(safe_encode("0123456789"), "456789bcdf");
        let template = PodTemplateSpec {
            metadata: Some(ObjectMeta {
                labels: Some([("app".to_owned(), "web".to_owned())].into()),
                ..ObjectMeta::default()
            }),
            spec: None,
        };
        let plain = compute(&template, None);
        assert_eq!(plain, compute(&template.clone(), None));
        assert_ne!(plain, compute(&template, Some(0)));
        assert_ne!(compute(&template, Some(1)), compute(&template, Some(2)));
    }
}
