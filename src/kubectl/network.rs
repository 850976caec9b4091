//! `curl` over the simulated network: its requests as the network takes them, and their results as
//! `curl` reads them. For hosts that have a simulated cluster.

use super::host::{HttpAnswer, HttpCall, HttpFailure};
use crate::network::{self, HttpResult, Origin, Outcome};

/// A port of the terminal that leads into a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    pub port: u16,
    /// Where it leads: the pod's address and a port.
    pub host: String,
    pub to: u16,
    /// Tells forwards apart.
    pub number: u64,
    /// How many connections have come.
    pub connections: u64,
    /// And how many of them nobody took in the pod.
    pub refused: u64,
}

impl From<&HttpCall> for network::HttpCall {
    fn from(call: &HttpCall) -> Self {
        network::HttpCall {
            origin: Origin::Client,
            namespace: call.namespace.clone(),
            method: call.method.clone(),
            url: format!("http://{}:{}{}", call.host, call.port, call.path),
            headers: call.headers.clone(),
            timeout_millis: call
                .timeout
                .map(|t| u64::try_from(t.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

impl HttpAnswer {
    /// The answer in a result; `None` while there is none.
    pub fn of(result: &HttpResult) -> Option<Result<HttpAnswer, HttpFailure>> {
        let code = match result.outcome {
            Outcome::Pending => return None,
            Outcome::Answered(code) => code,
            Outcome::NameNotFound | Outcome::NameTimeout => {
                return Some(Err(HttpFailure::Unresolved));
            }
            Outcome::Refused => return Some(Err(HttpFailure::Refused)),
            Outcome::Reset => return Some(Err(HttpFailure::Reset)),
            Outcome::Unreachable | Outcome::Timeout => return Some(Err(HttpFailure::TimedOut)),
        };
        let headers = result.headers.iter();
        Some(Ok(HttpAnswer {
            code,
            headers: headers
                .map(|(n, v)| (n.to_string(), v.to_string()))
                .collect(),
            body: result.body.to_string(),
        }))
    }
}
