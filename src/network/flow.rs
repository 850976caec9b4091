//! Requests on their way, as the page draws them: a bounded record of the latest.

use std::collections::VecDeque;
use std::rc::Rc;

use super::policy::Denial;
use crate::api::Key;
use crate::sim::Time;

/// So many flows are kept.
const KEPT: usize = 1024;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has not.
    Pending,
    /// With an HTTP status.
    Answered(u16),
    /// The name is unknown.
    NameNotFound,
    /// Nobody answered for the name.
    NameTimeout,
    /// Nothing listens there, or the Service has no endpoints.
    Refused,
    /// The connection broke.
    Reset,
    /// Nobody has the address.
    Unreachable,
    /// There was no answer in time.
    Timeout,
}

impl Outcome {
    /// Whether a user would call it a success: an answer below 400.
    pub fn is_success(self) -> bool {
        matches!(self, Outcome::Answered(status) if status < 400)
    }
}

/// Where a request was sent in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The pod, unless it is the node itself.
    pub pod: Option<Key>,
    pub address: Rc<str>,
    pub port: u16,
    pub node: Rc<str>,
}

/// One request from a client through a Service to a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Rising by one from request to request.
    pub id: u64,
    /// Who sent it: the Traffic object, or none for a request from the terminal.
    pub traffic: Option<Key>,
    /// Which of the Traffic's clients, from 0.
    pub client: u32,
    /// The client's address.
    pub from: Rc<str>,
    /// As the URL has it.
    pub host: Rc<str>,
    pub port: u16,
    /// The Service that it went through.
    pub service: Option<Key>,
    /// The address that the client connected to.
    pub address: Option<Rc<str>>,
    pub endpoint: Option<Endpoint>,
    pub started: Time,
    /// When the name was resolved; the start, for an address.
    pub resolved: Time,
    /// When the request reaches its node; absent when it reaches none.
    pub arrives: Option<Time>,
    pub finished: Option<Time>,
    pub outcome: Outcome,
    /// The Ingress whose controller passed it on; the Service and the endpoint are then those
    /// behind it.
    pub ingress: Option<Key>,
    /// The network policies that dropped it: at the endpoint, or, where there is none, at the client.
    pub denial: Option<Denial>,
}

/// The latest flows, by id.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    kept: VecDeque<Flow>,
    next: u64,
}

impl Flows {
    /// The id that the next flow has to have.
    pub fn next_id(&self) -> u64 {
        self.next
    }

    pub fn push(&mut self, flow: Flow) {
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.next = flow.id + 1;
        self.kept.push_back(flow);
    }

    fn place(&self, id: u64) -> Option<usize> {
        let first = self.kept.front()?.id;
        usize::try_from(id.checked_sub(first)?).ok()
    }

    pub fn get(&self, id: u64) -> Option<&Flow> {
        self.kept.get(self.place(id)?)
    }

    pub fn get_mut(&mut self, id: u64) -> Option<&mut Flow> {
        let place = self.place(id)?;
        self.kept.get_mut(place)
    }

    /// The flows from `id` on, oldest first; those forgotten meanwhile are left out.
    pub fn since(&self, id: u64) -> impl Iterator<Item = &Flow> {
        let skip = match (self.kept.front(), self.place(id)) {
            (_, Some(place)) => place,
            // Older than what is kept.
            (Some(_), None) => 0,
            (None, None) => 0,
        };
        self.kept.iter().skip(skip)
    }
}

#[cfg(test)]
pub(super) fn example(id: u64) -> Flow {
    Flow {
        id,
        traffic: None,
        client: 0,
        from: "10.245.0.1".into(),
        host: "web".into(),
        port: 80,
        service: None,
        address: None,
        endpoint: None,
        started: Time::EPOCH,
        resolved: Time::EPOCH,
        arrives: None,
        finished: None,
        outcome: Outcome::Pending,
        ingress: None,
        denial: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_are_kept() {
        let mut flows = Flows::default();
        for _ in 0..KEPT + 10 {
            let id = flows.next_id();
            flows.push(example(id));
        }
        assert!(flows.get(9).is_none());
        assert_eq!(flows.get(10).map(|f| f.id), Some(10));
        assert_eq!(flows.since(0).count(), KEPT);
        let last = KEPT as u64 + 9;
        assert_eq!(flows.since(last).map(|f| f.id).collect::<Vec<_>>(), [last]);
        assert_eq!(flows.since(last + 1).count(), 0);
    }
}
