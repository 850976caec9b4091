//! What travels over the simulated network between the service load balancer and the runtimes.

use std::rc::Rc;
use std::time::Duration;

/// One HTTP exchange on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// To a node: a connection to a pod's (or the host's) address and port, with its request.
    Request(HttpRequest),
    /// Back to whoever sent the request.
    Reply(HttpReply),
    /// From a node: a process of a pod makes a request of its own.
    Call(Call),
    /// Back to the node of that process.
    Called(Called),
}

/// A request that a process in a container makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Unique in the life of the pod; the answer carries it back.
    pub id: u64,
    pub node: Rc<str>,
    /// The uid of the pod.
    pub pod: Rc<str>,
    /// The address of the pod, and where names without a namespace are looked for first.
    pub from: Rc<str>,
    pub namespace: Rc<str>,
    pub ask: Ask,
}

/// What is asked of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// A name or an address.
    pub host: String,
    pub port: u16,
    pub path: String,
    /// `CONNECT` only opens a connection.
    pub method: String,
    /// The `Host` header.
    pub host_header: String,
    /// The bearer token.
    pub token: Rc<str>,
    pub body: Rc<str>,
    /// Without one, until the connection is given up.
    pub timeout: Option<Duration>,
}

/// The end of a [`Call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    pub id: u64,
    pub node: Rc<str>,
    pub pod: Rc<str>,
    /// Who was connected to.
    pub address: Option<Rc<str>>,
    pub ending: Ending,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Answer {
        status: u16,
        headers: Vec<(Rc<str>, Rc<str>)>,
        body: Rc<str>,
    },
    NoSuchName,
    /// No resolver answers.
    NoResolver,
    Refused,
    Reset,
    Unreachable,
    TimedOut,
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
    /// The bearer token.
    pub token: Rc<str>,
    pub body: Rc<str>,
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
