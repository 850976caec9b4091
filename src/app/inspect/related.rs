//! Objects that belong together: owned, selected, or running on the same node.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;

use super::Link;
use crate::api::{Object, Resource};
use crate::app::Text;
use crate::app::view::Phase;
use crate::app::view::pod::{phase, status_text};

/// Objects under a heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub heading: Text,
    pub items: Vec<Item>,
    /// How many are not listed.
    pub more: usize,
    /// What is said when there is none.
    pub empty: Text,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub link: Link,
    /// The shape of a pod.
    pub phase: Option<Phase>,
    pub words: Text,
}

/// Longer lists are not read.
const MOST_ITEMS: usize = 60;

impl Group {
    pub fn new(heading: Text, empty: Text, items: impl Iterator<Item = Item>) -> Self {
        let mut items: Vec<Item> = items.collect();
        let more = items.len().saturating_sub(MOST_ITEMS);
        items.truncate(MOST_ITEMS);
        Group {
            heading,
            items,
            more,
            empty,
        }
    }

    pub fn pods<'p>(heading: Text, empty: Text, pods: impl Iterator<Item = &'p Rc<Pod>>) -> Self {
        Group::new(heading, empty, pods.map(pod_item))
    }
}

pub fn item(object: &Object, words: impl Into<Text>) -> Item {
    Item {
        link: Link::of(object),
        phase: None,
        words: words.into(),
    }
}

pub fn pod_item(pod: &Rc<Pod>) -> Item {
    Item {
        link: Link::of(&Pod::into_object(pod.clone())),
        phase: Some(phase(pod)),
        words: status_text(pod).into(),
    }
}
