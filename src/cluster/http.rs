//! Single HTTP requests into the cluster, as the terminal's curl makes them.

use std::rc::Rc;

use super::{Cluster, Event, Shared};
use crate::api::url::UrlError;
use crate::network::{HttpCall, HttpResult};
use crate::sim::CauseId;

impl Cluster {
    /// Sends a request at this instant; [`Cluster::http_result`] has its result once the
    /// simulation has run far enough.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn http(&mut self, call: &HttpCall) -> Result<u64, UrlError> {
        self.kernel.now = self.queue.now();
        self.kernel.cause = CauseId::NONE;
        let actor: Rc<str> = "curl".into();
        let subject: Rc<str> = format!("{} {}", call.method, call.url).into();
        self.kernel.cause = self.kernel.record(&actor, "request", subject, 0, "");
        let mut number = Err(UrlError::NoHost);
        self.network.act(
            Shared {
                kernel: &mut self.kernel,
                server: &mut self.server,
                queue: &mut self.queue,
                world: &self.world,
            },
            Event::Network,
            |network, ctx| number = network.http(call, ctx),
        );
        self.settle();
        number
    }

    /// How a request ended; `None` while it is under way.
    pub fn http_result(&self, number: u64) -> Option<&HttpResult> {
        self.network.component.http_result(number)
    }
}
