//! What travels over the simulated network between the service load balancer and the runtimes.

use std::rc::Rc;

/// One HTTP exchange on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// To a node: a connection to a pod's (or the host's) address and port, with its request.
    Request(HttpRequest),
    /// Back to whoever sent the request.
    Reply(HttpReply),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// Unique in the life of the cluster; the reply carries it back.
    pub id: u64,
    /// The node on which the destination lives: the network routes by pod address.
    pub node: Rc<str>,
    /// The client's address, as the server logs it.
    pub from: Rc<str>,
    pub to: Rc<str>,
    pub port: u16,
    pub method: Rc<str>,
    pub host: Rc<str>,
    pub path: Rc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    pub id: u64,
    pub outcome: Outcome,
}

/// How an exchange ended, as the client's socket sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answer {
        status: u16,
        /// Name and value, in order.
        headers: Vec<(Rc<str>, Rc<str>)>,
        body: Rc<str>,
    },
    /// Nothing listens on the port.
    Refused,
    /// The connection broke: the process died with the request in its hands.
    Reset,
    /// Nobody has the address.
    Unreachable,
}
