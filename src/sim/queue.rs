//! The event queue: one total order over everything that will happen.

use std::ops::Bound;

use super::{CauseId, Time};
use crate::sim::ordered::Map as BTreeMap;

/// Which of the events that fall on the same instant go first: lower numbers first.
///
/// Classes exist so that, say, the delivery of a watch event always precedes the work that it
/// triggers, whatever the order in which the two were scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class(pub u8);

/// Names a scheduled event, so that it can be cancelled. Its order is the order of execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    pub at: Time,
    pub class: Class,
    pub seq: u64,
}

/// A priority queue of future events.
///
/// Events are popped in the order (time, class, sequence of scheduling). That order is total, so
/// a run is a function of its inputs. An event cannot be scheduled into the past: it is moved to
/// the present, after the events already waiting there in its class.
#[derive(Clone)]
pub struct EventQueue<E> {
    now: Time,
    next_seq: u64,
    events: BTreeMap<Ticket, (CauseId, E)>,
}

impl<E> EventQueue<E> {
    pub fn new(now: Time) -> Self {
        EventQueue {
            now,
            next_seq: 0,
            events: BTreeMap::new(),
        }
    }

    pub fn now(&self) -> Time {
        self.now
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Schedules `event`; `cause` is handed back when it is popped.
    pub fn push(&mut self, at: Time, class: Class, cause: CauseId, event: E) -> Ticket {
        let ticket = Ticket {
            at: at.max(self.now),
            class,
            seq: self.next_seq,
        };
        self.next_seq += 1;
        self.events.insert(ticket, (cause, event));
        ticket
    }

    /// Forgets a scheduled event; `None` when it has happened already.
    pub fn cancel(&mut self, ticket: Ticket) -> Option<E> {
        self.events.remove(&ticket).map(|(_, event)| event)
    }

    /// When the next event is due.
    pub fn next_at(&self) -> Option<Time> {
        self.events.keys().next().map(|ticket| ticket.at)
    }

    /// Takes the next event if it is due at or before `limit`, and moves the clock to it.
    pub fn pop(&mut self, limit: Time) -> Option<(Ticket, CauseId, E)> {
        let ticket = *self.events.keys().next()?;
        if ticket.at > limit {
            return None;
        }
        assert!(ticket.at >= self.now, "an event lies in the past");
        let (cause, event) = self.events.remove(&ticket)?;
        self.now = ticket.at;
        Some((ticket, cause, event))
    }

    /// Moves the clock to `to`. It never passes a waiting event, and never goes back.
    pub fn advance(&mut self, to: Time) {
        let limit = self.next_at().unwrap_or(Time::MAX);
        self.now = self.now.max(to.min(limit));
    }

    /// The waiting events after `ticket`, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&Ticket, &E)> {
        self.events
            .iter()
            .map(|(ticket, (_, event))| (ticket, event))
    }

    /// Like [`EventQueue::iter`], from `from` on.
    pub fn iter_from(&self, from: Ticket) -> impl Iterator<Item = (&Ticket, &E)> {
        self.events
            .range((Bound::Included(from), Bound::Unbounded))
            .map(|(ticket, (_, event))| (ticket, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::secs;

    fn drain(queue: &mut EventQueue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop(Time::MAX).map(|(_, _, e)| e)).collect()
    }

    #[test]
    fn order_is_time_then_class_then_sequence() {
        let mut queue = EventQueue::new(Time::EPOCH);
        let t = Time::EPOCH + secs(1);
        queue.push(
            t,
            Class(1),
            CauseId::NONE,
            "second, class 1, first scheduled",
        );
        queue.push(
            t,
            Class(1),
            CauseId::NONE,
            "second, class 1, then scheduled",
        );
        queue.push(t, Class(0), CauseId::NONE, "second, class 0");
        queue.push(Time::EPOCH, Class(9), CauseId::NONE, "first");
        assert_eq!(
            drain(&mut queue),
            [
                "first",
                "second, class 0",
                "second, class 1, first scheduled",
                "second, class 1, then scheduled"
            ]
        );
        assert_eq!(queue.now(), t);
    }

    #[test]
    fn the_past_is_the_present_and_cancelled_events_do_not_happen() {
        let mut queue = EventQueue::new(Time::EPOCH);
        let ticket = queue.push(Time(0), Class(0), CauseId::NONE, "late");
        assert_eq!(ticket.at, Time::EPOCH);
        assert_eq!(queue.cancel(ticket), Some("late"));
        assert_eq!(queue.cancel(ticket), None);
        assert!(queue.pop(Time::MAX).is_none());
    }

    #[test]
    fn advancing_stops_at_the_next_event() {
        let mut queue = EventQueue::new(Time::EPOCH);
        queue.push(Time::EPOCH + secs(2), Class(0), CauseId::NONE, "x");
        queue.advance(Time::EPOCH + secs(9));
        assert_eq!(queue.now(), Time::EPOCH + secs(2));
    }
}
