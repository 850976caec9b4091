//! What a path of the API names.

use crate::api::Kind;
use crate::apiserver::ApiServer;

/// A collection, an object or a part of one.
pub(super) struct Target<'p> {
    pub kind: Kind,
    /// The version that the client speaks.
    pub version: &'p str,
    pub namespace: Option<&'p str>,
    pub name: Option<&'p str>,
    /// Empty for the object itself.
    pub subresource: &'p str,
}

/// Reads the segments of a path. `None` when it names nothing that is served.
pub(super) fn parse<'p>(server: &ApiServer, parts: &[&'p str]) -> Option<Target<'p>> {
    let (group, version, rest) = match parts {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, plural, tail) = match rest {
        ["namespaces", namespace, plural, tail @ ..]
            if server.kind_by_gvr(group, version, plural).is_some() =>
        {
            (Some(*namespace), *plural, tail)
        }
        [plural, tail @ ..] => (None, *plural, tail),
        [] => return None,
    };
    let kind = server.kind_by_gvr(group, version, plural)?;
    let info = kind.info();
    // Objects of the cluster are in no namespace, and objects of a namespace have one.
    if info.namespaced != namespace.is_some() && (namespace.is_some() || !tail.is_empty()) {
        return None;
    }
    let (name, subresource) = match tail {
        [] => (None, ""),
        [name] => (Some(*name), ""),
        [name, subresource] if info.has_subresource(subresource) => (Some(*name), *subresource),
        // `proxy` has a path of its own behind it.
        [name, "proxy", ..] if info.has_subresource("proxy") => (Some(*name), "proxy"),
        _ => return None,
    };
    Some(Target {
        kind,
        version,
        namespace,
        name,
        subresource,
    })
}
