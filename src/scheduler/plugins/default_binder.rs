//! DefaultBinder: asks the API server to bind the pod.

use crate::api::Status;
use crate::client::Ctx;
use crate::scheduler::Event;
use crate::scheduler::framework::Plugin;
use crate::scheduler::podinfo::PodInfo;

pub struct DefaultBinder;

impl Plugin for DefaultBinder {
    fn name(&self) -> &'static str {
        "DefaultBinder"
    }

    fn bind(
        &self,
        ctx: &mut Ctx<'_, Event>,
        pod: &PodInfo,
        node: &str,
    ) -> Option<Result<(), Box<Status>>> {
        Some(ctx.bind_pod(&pod.key, &pod.uid, node))
    }
}
