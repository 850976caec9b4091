//! What a link would do, said before it does it.

use std::rc::Rc;

use super::{Parcel, Start};
use crate::app::Text;
use crate::app::model::Workers;
use crate::app::view::marks;
use crate::app::words;
use crate::sim::Time;

/// So many acts are listed; the others are counted.
const LISTED: usize = 12;

/// Something that was done in the history of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// "2:07".
    pub at: String,
    /// "Applied deployment web".
    pub text: Text,
}

/// What a person is shown before a link is opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Names, and how many lines each has.
    pub files: Vec<(Rc<str>, usize)>,
    /// Commands that will be typed.
    pub commands: Vec<Rc<str>>,
    pub workers: Workers,
    /// What was done in the cluster, and will be replayed.
    pub acts: Vec<Act>,
    /// How many more there were.
    pub more: usize,
    /// The moment that is shown, and the end of the history: "3:20", "5:00".
    pub moment: Option<(String, String)>,
    /// The title of the lesson that begins, and how many minutes it takes.
    pub lesson: Option<(Rc<str>, u32)>,
}

impl Preview {
    pub fn of(parcel: &Parcel) -> Preview {
        let files = parcel.files.list.iter();
        let mut preview = Preview {
            files: files
                .map(|f| (f.name.clone(), f.text.lines().count()))
                .collect(),
            commands: parcel.run.clone(),
            workers: Workers::default(),
            acts: Vec::new(),
            more: 0,
            moment: None,
            lesson: parcel.lesson().ok().map(|source| {
                let spec = source.spec();
                (spec.title.as_str().into(), spec.minutes)
            }),
        };
        if let Start::New { workers, .. } = parcel.start {
            preview.workers = workers;
        }
        if let Some((timeline, end, now)) = parcel.history() {
            let nodes = &timeline.cluster().config().nodes;
            preview.workers = Workers::new(nodes.iter().filter(|n| !n.control_plane).count());
            let start = timeline.start();
            let clock = |at: Time| words::clock(at.since(start));
            let marks = marks::of_inputs(timeline.inputs());
            preview.more = marks.len().saturating_sub(LISTED);
            preview.acts = marks
                .into_iter()
                .take(LISTED)
                .map(|mark| Act {
                    at: clock(mark.at),
                    text: mark.text,
                })
                .collect();
            preview.moment = Some((clock(now), clock(end)));
        }
        preview
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::{Method, Request};
    use crate::app::link::{content_of, whole_content};
    use crate::app::persist::example_files;
    use crate::app::transport::Speed;
    use crate::cluster::{Config, Timeline};
    use crate::sim::secs;
    use serde_json::json;

    #[test]
    fn a_preview_names_what_will_happen() {
        let mut timeline = Timeline::new(Config::playground(1, 4));
        for number in 0..15 {
            timeline.run_until(timeline.now() + secs(10), usize::MAX);
            let name = format!("c{number}");
            timeline.request(
                &Request::new(Method::Post, "/api/v1/namespaces/default/configmaps").with_body(
                    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}),
                ),
            );
        }
        timeline.seek(timeline.now() - secs(65));
        let mut content = whole_content(&example_files(), &timeline, Speed::NORMAL);
        content["run"] = json!(["kubectl get pods"]);
        let preview = Preview::of(&content_of(&content).unwrap());
        assert_eq!(&*preview.files[0].0, "web.yaml");
        assert!(preview.files[0].1 > 10);
        assert_eq!(preview.commands, ["kubectl get pods".into()]);
        assert_eq!(preview.workers, Workers::new(4));
        assert_eq!((preview.acts.len(), preview.more), (12, 3));
        assert_eq!(preview.acts[0].at, "0:10");
        assert_eq!(preview.acts[0].text.english(), "Applied configmap c0");
        assert_eq!(preview.moment, Some(("1:25".to_owned(), "2:30".to_owned())));
    }

    #[test]
    fn files_alone_need_no_moment() {
        let content = json!({ "files": [["a.yaml", "x\ny\n"]], "nodes": 2 });
        let preview = Preview::of(&content_of(&content).unwrap());
        assert_eq!(preview.files, [("a.yaml".into(), 2)]);
        assert_eq!((preview.moment, preview.workers), (None, Workers::new(2)));
    }
}
