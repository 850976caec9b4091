//! ImageLocality: nodes that have the pod's images already score higher.

use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{CycleState, MAX_NODE_SCORE, Plugin, Points};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;

const MEGABYTE: i64 = 1024 * 1024;
/// Below this an image on a node is worth nothing.
const MIN_THRESHOLD: i64 = 23 * MEGABYTE;
/// From this on, per container, it is worth everything.
const MAX_CONTAINER_THRESHOLD: i64 = 1000 * MEGABYTE;

pub struct ImageLocality;

/// With the tag that is meant when none is written.
fn normalized(image: &str) -> String {
    let tagged = match (image.rfind(':'), image.rfind('/')) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(colon), Some(slash)) => colon > slash,
    };
    if tagged {
        image.to_owned()
    } else {
        format!("{image}:latest")
    }
}

fn priority(sum: i64, containers: i64) -> i64 {
    let most = MAX_CONTAINER_THRESHOLD.saturating_mul(containers);
    if most <= MIN_THRESHOLD {
        return 0;
    }
    let sum = sum.clamp(MIN_THRESHOLD, most);
    MAX_NODE_SCORE * (sum - MIN_THRESHOLD) / (most - MIN_THRESHOLD)
}

impl Plugin for ImageLocality {
    fn name(&self) -> &'static str {
        "ImageLocality"
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    /// The sizes of the images that are there, each weighed with the share of nodes that have
    /// it: what is everywhere draws pods nowhere in particular, what is rare draws few.
    fn score(
        &self,
        _state: &CycleState,
        cache: &SchedulerCache,
        pod: &PodInfo,
        node: &NodeInfo,
    ) -> i64 {
        let Some(spec) = pod.spec() else {
            return 0;
        };
        let init = spec.init_containers.iter().flatten();
        let containers: Vec<_> = init.chain(&spec.containers).collect();
        let volumes = spec.volumes.iter().flatten();
        // Images of volumes count (kubernetes#130231), and do not raise the most that can be had (kubernetes#138952).
        let images = containers
            .iter()
            .map(|container| container.image.as_deref())
            .chain(volumes.map(|volume| volume.image.as_ref()?.reference.as_deref()));
        let mut sum: i64 = 0;
        for image in images.flatten() {
            if let Some((size, nodes)) = cache.image_on(&normalized(image), node.slot) {
                let total = cache.node_count().max(1) as i128;
                sum = sum.saturating_add((i128::from(size) * nodes as i128 / total) as i64);
            }
        }
        priority(sum, containers.len() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_a_tag_mean_latest() {
        for (image, name) in [
            ("nginx", "nginx:latest"),
            ("nginx:1", "nginx:1"),
            ("host:5000/nginx", "host:5000/nginx:latest"),
            ("a/b@sha256:00", "a/b@sha256:00"),
        ] {
            assert_eq!(normalized(image), name);
        }
    }

    #[test]
    fn size_counts_between_the_thresholds() {
        assert_eq!(priority(0, 1), 0);
        assert_eq!(priority(22 * MEGABYTE, 1), 0);
        assert_eq!(priority(1000 * MEGABYTE, 1), 100);
        assert_eq!(priority(1000 * MEGABYTE, 2), 49);
        assert_eq!(priority(0, 0), 0);
    }
}
