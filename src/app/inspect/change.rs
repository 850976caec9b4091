//! What a write changed, in words.

use crate::app::{Text, say};
use crate::cluster::{Change, ContainerChange, Counted};

use super::containers::State;

/// "replicas 3 → 5; image a became b".
pub fn changes(all: &[Change]) -> Text {
    Text::row(all.iter().map(change), &say!("list.semicolon"))
}

fn change(change: &Change) -> Text {
    match change {
        Change::Deletion { grace } => say!("change.deletion", grace = *grace),
        Change::Image { was, is } => say!("change.image", was = was, is = is),
        Change::Count { what, was, is } => counted(*what, *was, *is),
        Change::Cordoned => say!("change.cordoned"),
        Change::Uncordoned => say!("change.uncordoned"),
        Change::CurrentRevision(name) => say!("change.current", name = name),
        Change::Condition {
            name,
            status,
            reason,
        } => say!(
            "change.condition",
            name = name,
            status = status,
            reason = reason
        ),
        Change::Bound(node) => say!("change.bound", node = node),
        Change::Phase(phase) => say!("change.phase", phase = phase),
        Change::Address(ip) => say!("change.address", ip = ip),
        Change::Container { name, state } => {
            say!("change.container", name = name, state = container(state))
        }
        Change::Ready => say!("change.takes-traffic"),
        Change::NotReady => say!("change.no-traffic"),
    }
}

fn counted(what: Counted, was: i32, is: i32) -> Text {
    match what {
        Counted::Replicas => say!("change.replicas", was = was, is = is),
        Counted::Ready => say!("change.ready", was = was, is = is),
        Counted::Available => say!("change.available", was = was, is = is),
        Counted::Updated => say!("change.updated", was = was, is = is),
        Counted::Active => say!("change.active", was = was, is = is),
        Counted::Succeeded => say!("change.succeeded", was = was, is = is),
        Counted::Failed => say!("change.failed", was = was, is = is),
    }
}

fn container(change: &ContainerChange) -> Text {
    let state = match change {
        ContainerChange::Runs => State::Runs,
        ContainerChange::RunsAgain { restarts } => {
            return say!("change.container.again", n = *restarts);
        }
        ContainerChange::Waits { reason } => State::Waits {
            reason: reason.as_str().into(),
        },
        ContainerChange::Ended { reason, code } => State::Ended {
            reason: reason.as_str().into(),
            code: i64::from(*code),
            lasted: None,
        },
    };
    state.inside()
}
