//! Files of a volume of which one would be written over the other, or into it.
//!
//! Models `warningsForOverlappingVirtualPaths` in `k8s.io/kubernetes/pkg/api/pod/warnings.go`.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Volume, VolumeProjection};

use crate::api::field::quote;

/// A path, and what it comes from: empty where the volume has one source.
#[derive(Clone, PartialEq)]
struct File {
    path: String,
    source: String,
}

impl File {
    fn shown(&self) -> String {
        match self.source.as_str() {
            "" => quote(&self.path),
            source => format!("{} ({source})", quote(&self.path)),
        }
    }

    fn meets(&self, other: &File) -> bool {
        let (a, b) = (format!("{}/", self.path), format!("{}/", other.path));
        !self.path.is_empty() && !other.path.is_empty() && (a.starts_with(&b) || b.starts_with(&a))
    }
}

/// More warnings than a client will ever hear of.
const ENOUGH: usize = 1000;

/// Longer paths are none for Linux.
const PATH_MAX: usize = 4096;

/// Paths, each ended by a slash.
#[derive(Default)]
struct Paths(BTreeSet<String>);

impl Paths {
    /// Takes one in; tells whether it is one of them, or lies above or below one.
    fn meet(&mut self, path: &str) -> bool {
        if path.is_empty() || path.len() > PATH_MAX {
            return false;
        }
        let path = format!("{path}/");
        let mut above = path.match_indices('/').map(|(end, _)| path.get(..=end));
        let met = above.any(|folder| folder.is_some_and(|f| self.0.contains(f))) || {
            let next = self.0.range(path.clone()..).next();
            next.is_some_and(|next| next.starts_with(&path))
        };
        self.0.insert(path);
        met
    }
}

fn files<'p>(paths: impl Iterator<Item = &'p String>, source: &str) -> Vec<File> {
    paths
        .map(|path| File {
            path: path.trim_end_matches('/').to_owned(),
            source: source.to_owned(),
        })
        .collect()
}

pub(super) fn find(volumes: &[Volume], found: &mut Vec<String>) {
    for volume in volumes {
        let name = quote(&volume.name);
        let mut look = |what: String, files: Vec<File>| {
            let mut paths = Paths::default();
            for (i, file) in files.iter().enumerate() {
                if !paths.meet(&file.path) || found.len() >= ENOUGH {
                    continue;
                }
                let earlier = files.iter().take(i).filter(|other| file.meets(other));
                for other in earlier {
                    let (file, other) = (file.shown(), other.shown());
                    found.push(format!(
                        "volume {name} ({what}): overlapping paths: {file} with {other}"
                    ));
                }
            }
        };
        if let Some(map) = &volume.config_map {
            let paths = map.items.iter().flatten().map(|item| &item.path);
            look(format!("ConfigMap {}", quote(&map.name)), files(paths, ""));
        }
        if let Some(secret) = &volume.secret {
            let paths = secret.items.iter().flatten().map(|item| &item.path);
            let of = quote(secret.secret_name.as_deref().unwrap_or_default());
            look(format!("Secret {of}"), files(paths, ""));
        }
        if let Some(downward) = &volume.downward_api {
            let paths = downward.items.iter().flatten().map(|item| &item.path);
            look("DownwardAPI".to_owned(), files(paths, ""));
        }
        if let Some(projected) = &volume.projected {
            let sources = projected.sources.as_deref().unwrap_or_default();
            let all = sources.iter().flat_map(projection).collect();
            look("Projected".to_owned(), all);
            for _ in sources
                .iter()
                .filter(|s| **s == VolumeProjection::default())
            {
                found.push(format!("volume {name} (Projected) has no sources provided"));
            }
        }
    }
}

fn projection(source: &VolumeProjection) -> Vec<File> {
    if let Some(map) = source.config_map.as_ref().filter(|m| m.items.is_some()) {
        let paths = map.items.iter().flatten().map(|item| &item.path);
        return files(paths, &format!("ConfigMap {}", quote(&map.name)));
    }
    if let Some(secret) = source.secret.as_ref().filter(|s| s.items.is_some()) {
        let paths = secret.items.iter().flatten().map(|item| &item.path);
        return files(paths, &format!("Secret {}", quote(&secret.name)));
    }
    if let Some(downward) = source.downward_api.as_ref().filter(|d| d.items.is_some()) {
        let paths = downward.items.iter().flatten().map(|item| &item.path);
        return files(paths, "DownwardAPI");
    }
    match &source.service_account_token {
        Some(token) => files(std::iter::once(&token.path), "ServiceAccountToken"),
        None => Vec::new(),
    }
}
