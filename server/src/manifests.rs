//! A cluster to start with: the manifests of a folder, applied before anybody is let in.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kubarium::cluster::Cluster;
use kubarium::kubectl::headless::Terminal;

/// Applies them in the order of their names, as `kubectl apply` does, and gives back the cluster.
pub fn apply(cluster: Cluster, folder: &Path) -> io::Result<Cluster> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(|error| {
            let message = format!("--manifests {}: {error}", folder.display());
            io::Error::new(error.kind(), message)
        })?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    let mut files = BTreeMap::new();
    for path in paths {
        let manifest = path
            .extension()
            .is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
        if let Some(name) = path.file_name().and_then(|n| n.to_str())
            && manifest
        {
            files.insert(name.to_owned(), fs::read_to_string(&path)?);
        }
    }
    let names: Vec<String> = files.keys().cloned().collect();
    let mut terminal = Terminal::new(cluster, files, "default");
    for name in names {
        let outcome = terminal.run(&format!("kubectl apply -f '{name}'"));
        eprint!("{}", outcome.text);
    }
    let cluster = terminal.desk.borrow().clone();
    Ok(cluster)
}
