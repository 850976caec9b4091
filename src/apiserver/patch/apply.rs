//! The patch of `kubectl apply`: from the configuration applied last, the one to apply now, and the
//! live object. The configuration applied last is kept in an annotation.
//!
//! Models `k8s.io/kubectl/pkg/util/apply.go` and `pkg/cmd/apply/patcher.go`.

use super::{Object, PatchError, PatchSchema, diff, merge_patch};
use crate::api::json::go_json;
use serde_json::Value;

/// The annotation that holds the configuration applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A patch with the format the server has to be told.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// `application/strategic-merge-patch+json`
    Strategic(Object),
    /// `application/merge-patch+json`
    Merge(Object),
}

impl Patch {
    /// The members of the patch.
    pub fn object(&self) -> &Object {
        match self {
            Patch::Strategic(patch) | Patch::Merge(patch) => patch,
        }
    }

    /// True when there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.object().is_empty()
    }
}

/// The text that the annotation holds after this configuration was applied: the object without the
/// annotation itself, with a line break at the end.
pub fn last_applied_text(configuration: &Object) -> String {
    let mut object = configuration.clone();
    annotations(&mut object).remove(LAST_APPLIED);
    let mut text = go_json(&Value::Object(object));
    text.push('\n');
    text
}

/// The configuration with its own text in the annotation: what `kubectl apply` creates or patches to.
pub fn with_last_applied(configuration: &Object) -> Object {
    let text = last_applied_text(configuration);
    let mut object = configuration.clone();
    annotations(&mut object).insert(LAST_APPLIED.to_owned(), Value::String(text));
    object
}

/// The configuration applied last, from the annotation of a live object; `None` when there is no
/// annotation or it cannot be read.
pub fn last_applied(live: &Object) -> Option<Object> {
    let text = live
        .get("metadata")?
        .get("annotations")?
        .get(LAST_APPLIED)?
        .as_str()?;
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// The patch from the live object to the configuration. `schema` is that of the kind, `None` for
/// custom resources. `modified` is made by [`with_last_applied`].
///
/// # Errors
/// An element of a merging list without its key, or a patch that would change apiVersion, kind or
/// name.
pub fn create_patch(
    modified: &Object,
    live: &Object,
    schema: Option<PatchSchema>,
) -> Result<Patch, PatchError> {
    let original = last_applied(live).unwrap_or_default();
    let patch = match schema {
        Some(schema) => {
            Patch::Strategic(diff::create_three_way(&original, modified, live, schema)?)
        }
        None => Patch::Merge(merge_patch::create_three_way(&original, modified, live)),
    };
    let changes = patch.object();
    let renames = changes
        .get("metadata")
        .is_some_and(|metadata| metadata.get("name").is_some());
    if renames || changes.contains_key("apiVersion") || changes.contains_key("kind") {
        return Err(PatchError::Malformed(
            "at least one of apiVersion, kind and name was changed".to_owned(),
        ));
    }
    Ok(patch)
}

fn annotations(object: &mut Object) -> &mut Object {
    member(member(object, "metadata"), "annotations")
}

/// The object of this name, made when it is not there or is no object.
fn member<'a>(object: &'a mut Object, name: &str) -> &'a mut Object {
    let slot = object.entry(name).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Object::new());
    }
    match slot {
        Value::Object(map) => map,
        _ => unreachable!("it was made an object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    fn deployment(replicas: Value) -> Object {
        object(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {"replicas": replicas},
        }))
    }

    #[test]
    fn the_annotation_holds_the_configuration() {
        let object = object(json!({"metadata": {"name": "a<b>&c"}, "kind": "K"}));
        assert_eq!(
            last_applied_text(&object),
            "{\"kind\":\"K\",\"metadata\":{\"annotations\":{},\"name\":\"a\\u003cb\\u003e\\u0026c\"}}\n"
        );
        let once = with_last_applied(&object);
        assert_eq!(
            with_last_applied(&once),
            once,
            "the annotation does not hold itself"
        );
        let mut with_empty_annotations = object.clone();
        annotations(&mut with_empty_annotations);
        assert_eq!(last_applied(&once), Some(with_empty_annotations));
        assert_eq!(last_applied(&object), None);
    }

    #[test]
    fn applying_again_changes_nothing() {
        let live = with_last_applied(&deployment(json!(3)));
        let schema = PatchSchema::of_kind("apps", "Deployment");
        let patch = create_patch(&live, &live, schema).unwrap();
        assert!(patch.is_empty(), "{patch:?}");
        let changed = with_last_applied(&deployment(json!(4)));
        let patch = create_patch(&changed, &live, schema).unwrap();
        assert_eq!(patch.object().get("spec"), Some(&json!({"replicas": 4})));
        assert!(
            patch.object()["metadata"]["annotations"]
                .get(LAST_APPLIED)
                .is_some()
        );
    }

    #[test]
    fn custom_resources_take_a_merge_patch() {
        let live = with_last_applied(&deployment(json!([1])));
        let changed = with_last_applied(&deployment(json!([2])));
        let patch = create_patch(&changed, &live, None).unwrap();
        assert!(matches!(&patch, Patch::Merge(p) if p["spec"] == json!({"replicas": [2]})));
    }

    #[test]
    fn the_name_stays() {
        let live = with_last_applied(&deployment(json!(1)));
        let mut other = deployment(json!(1));
        other.insert("kind".into(), json!("DaemonSet"));
        let error = create_patch(&with_last_applied(&other), &live, None).unwrap_err();
        assert_eq!(
            error.message(),
            "at least one of apiVersion, kind and name was changed"
        );
    }

    #[test]
    fn odd_metadata_does_not_break_anything() {
        for odd in [
            json!({"metadata": 1}),
            json!({"metadata": {"annotations": []}}),
            json!({}),
        ] {
            let applied = with_last_applied(&object(odd));
            assert!(last_applied(&applied).is_some());
        }
    }
}
