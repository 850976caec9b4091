//! Metadata that the API server owns (`k8s.io/apiserver/pkg/registry/rest/meta.go`).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::{Object, Result, Status};
use crate::sim::{Kernel, Rng};

/// The letters of generated names: no vowels, so that no words appear.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// How long the base of a generated name may be, so that the name fits a DNS label.
const MAX_GENERATED_BASE: usize = 58;

/// `length` random letters, as generated names end with.
pub fn random_suffix(rng: &mut Rng, length: usize) -> String {
    (0..length)
        .map(|_| rng.pick(ALPHABET).map_or('x', |b| char::from(*b)))
        .collect()
}

/// A version-4 UUID from the simulation's own randomness.
pub fn random_uid(rng: &mut Rng) -> String {
    let (high, low) = (rng.next_u64(), rng.next_u64());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (low >> 48) & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

/// A name that begins with `base` and ends at random.
pub fn generated_name(kernel: &mut Kernel, base: &str) -> String {
    let end = base
        .char_indices()
        .nth(MAX_GENERATED_BASE)
        .map_or(base.len(), |(i, _)| i);
    let suffix = random_suffix(kernel.rng("apiserver/names"), 5);
    format!("{}{suffix}", &base[..end])
}

/// Fills in what an object gets when it is created: uid and creation time.
pub fn fill_system_fields(kernel: &mut Kernel, object: &mut Object) {
    let now = crate::api::time::api_time(kernel.now);
    let uid = random_uid(kernel.rng("apiserver/uid"));
    let meta = object.meta_mut();
    meta.uid = Some(uid);
    meta.creation_timestamp = Some(now);
    meta.deletion_timestamp = None;
    meta.deletion_grace_period_seconds = None;
    meta.resource_version = None;
    meta.self_link = None;
    meta.generation = None;
}

/// Empty maps and lists of the metadata are as good as none.
pub fn drop_empty(meta: &mut ObjectMeta) {
    fn is_empty(map: &Option<BTreeMap<String, String>>) -> bool {
        map.as_ref().is_some_and(BTreeMap::is_empty)
    }
    if is_empty(&meta.labels) {
        meta.labels = None;
    }
    if is_empty(&meta.annotations) {
        meta.annotations = None;
    }
    if meta.finalizers.as_ref().is_some_and(Vec::is_empty) {
        meta.finalizers = None;
    }
    if meta.owner_references.as_ref().is_some_and(Vec::is_empty) {
        meta.owner_references = None;
    }
    if meta.generate_name.as_deref() == Some("") {
        meta.generate_name = None;
    }
}

/// Checks that the object belongs where the request puts it, and gives it its namespace.
pub fn ensure_namespace(object: &mut Object, namespace: &str) -> Result<()> {
    let info = object.info();
    if !info.namespaced {
        object.meta_mut().namespace = None;
        return Ok(());
    }
    if object.namespace().is_empty() {
        object.meta_mut().namespace = Some(namespace.to_owned());
    } else if !namespace.is_empty() && object.namespace() != namespace {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}
