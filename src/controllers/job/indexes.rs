//! Completion indexes, as sorted intervals: `0,2-5,9` (`indexed_job_utils.go`).

use std::rc::Rc;

use k8s_openapi::api::core::v1::{
    Container, EnvVar, EnvVarSource, ObjectFieldSelector, Pod, PodTemplateSpec,
};

pub const INDEX: &str = "batch.kubernetes.io/job-completion-index";
const VARIABLE: &str = "JOB_COMPLETION_INDEX";
/// How long the generated part of a name may begin.
const LONGEST_PREFIX: usize = 58;

/// Both ends are part of an interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexes(Vec<(i64, i64)>);

impl Indexes {
    /// Reads what the status says; indexes from `completions` on do not count.
    pub fn parse(text: &str, completions: i64) -> Indexes {
        let mut all = Indexes::default();
        for part in text.split(',').filter(|p| !p.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            if let (Ok(first), Ok(last)) = (first.parse::<i64>(), last.parse::<i64>())
                && first < completions
            {
                all.push(first, last.min(completions - 1));
            }
        }
        all
    }

    /// Adds an interval that begins behind the beginning of the last one.
    fn push(&mut self, first: i64, last: i64) {
        match self.0.last_mut() {
            Some((_, end)) if first <= *end + 1 => *end = (*end).max(last),
            _ => self.0.push((first, last)),
        }
    }

    pub fn with(&self, others: impl IntoIterator<Item = i64>) -> Indexes {
        self.merged(&Indexes(others.into_iter().map(|i| (i, i)).collect()))
    }

    pub fn merged(&self, others: &Indexes) -> Indexes {
        let mut intervals: Vec<(i64, i64)> = self.0.iter().chain(&others.0).copied().collect();
        intervals.sort_unstable();
        let mut all = Indexes::default();
        for (first, last) in intervals {
            all.push(first, last);
        }
        all
    }

    pub fn total(&self) -> i64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    pub fn has(&self, index: i64) -> bool {
        self.0
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&index))
    }

    /// The first `count` indexes below `completions` that are not among these.
    pub fn missing(&self, count: usize, completions: i64) -> Vec<i64> {
        let mut found = Vec::new();
        let mut next = 0;
        for (first, last) in self.0.iter().chain(&[(completions, completions)]) {
            while next < *first && next < completions && found.len() < count {
                found.push(next);
                next += 1;
            }
            next = next.max(last + 1);
        }
        found
    }

    /// How many of `wanted` are among these.
    pub fn shared(&self, wanted: &Indexes) -> i64 {
        let mut count = 0;
        for (a, b) in &self.0 {
            for (x, y) in &wanted.0 {
                count += ((*b).min(*y) - (*a).max(*x) + 1).max(0);
            }
        }
        count
    }
}

impl std::fmt::Display for Indexes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, (first, last)) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first},{last}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

/// The index of a pod, if it has one.
pub fn index_of(pod: &Pod) -> Option<i64> {
    let text = pod.metadata.annotations.as_ref()?.get(INDEX)?;
    text.parse::<i64>().ok().filter(|n| *n >= 0)
}

/// Sorted and each once.
pub fn indexes_of<'p>(pods: impl Iterator<Item = &'p Rc<Pod>>) -> Vec<i64> {
    let mut indexes: Vec<i64> = pods.filter_map(|p| index_of(p)).collect();
    indexes.sort_unstable();
    indexes.dedup();
    indexes
}

/// Makes the pod of a template the one of an index.
pub fn give_index(template: &mut PodTemplateSpec, job: &str, index: i64) {
    let meta = template.metadata.get_or_insert_default();
    for map in [&mut meta.annotations, &mut meta.labels] {
        map.get_or_insert_default()
            .insert(INDEX.to_owned(), index.to_string());
    }
    let spec = template.spec.get_or_insert_default();
    spec.hostname = Some(format!("{job}-{index}"));
    for container in spec.init_containers.iter_mut().flatten() {
        add_variable(container);
    }
    spec.containers.iter_mut().for_each(add_variable);
}

fn add_variable(container: &mut Container) {
    let env = container.env.get_or_insert_default();
    if env.iter().any(|v| v.name == VARIABLE) {
        return;
    }
    let source = EnvVarSource {
        field_ref: Some(ObjectFieldSelector {
            field_path: format!("metadata.labels['{INDEX}']"),
            api_version: None,
        }),
        ..EnvVarSource::default()
    };
    env.push(EnvVar {
        name: VARIABLE.to_owned(),
        value_from: Some(source.into()),
        ..EnvVar::default()
    });
}

/// What the name of an index's pod begins with.
pub fn name_prefix(job: &str, index: i64) -> String {
    let end = format!("-{index}-");
    let job = match job.len() + end.len() > LONGEST_PREFIX {
        true => job.get(..LONGEST_PREFIX - end.len()).unwrap_or(job),
        false => job,
    };
    format!("{job}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_written_in_short() {
        for text in ["", "0", "0,1", "0-2", "0,2-5,9", "3,4,7"] {
            assert_eq!(Indexes::parse(text, 10).to_string(), text);
        }
        assert_eq!(Indexes::parse("0-3,8", 3).to_string(), "0-2");
        let some = Indexes::parse("0,2-4", 10);
        assert_eq!(some.with([1, 7]).to_string(), "0-4,7");
        assert_eq!(some.total(), 4);
        assert!(some.has(3) && !some.has(1));
        assert_eq!(some.missing(3, 10), [1, 5, 6]);
        assert_eq!(some.missing(9, 6), [1, 5]);
        assert_eq!(some.shared(&Indexes::parse("1-3,9", 10)), 2);
    }

    #[test]
    fn long_names_leave_room_for_the_index() {
        assert_eq!(name_prefix("pi", 3), "pi-3-");
        let long = "a".repeat(60);
        assert_eq!(name_prefix(&long, 12).len(), 58);
        assert!(name_prefix(&long, 12).ends_with("-12-"));
    }
}
