//! Recreate: all old pods go before the first new one comes
//! (`k8s.io/kubernetes/pkg/controller/deployment/recreate.go`).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::ReplicaSet;

use super::progress::is_complete;
use super::sync::{Rollout, Sets};
use super::util;
use crate::api::{Resource, Result};
use crate::controllers::controller::{Next, Outcome};
use crate::controllers::pods;

impl Rollout<'_, '_, '_> {
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub fn recreate(&mut self, found: &[Rc<ReplicaSet>]) -> Outcome {
        let mut sets = self.tell_apart(found, false)?;
        let all = sets.all();
        if self.scale_all_down(&sets)? || self.old_pods_run(&sets) {
            return self.sync_rollout_status(&all, sets.new.as_ref());
        }
        if sets.new.is_none() {
            sets = self.tell_apart(found, true)?;
        }
        let Some(new) = sets.new.clone() else {
            return Ok(Next::Change);
        };
        let desired = util::desired(&self.d);
        if util::replicas(&new) != desired {
            self.decide(&format!(
                "scale new ReplicaSet from {} to {desired}: no old pod runs",
                util::replicas(&new)
            ));
        }
        self.scale_set(&new, desired)?;
        if is_complete(&self.d, &self.status()) {
            self.clean_up(&sets.old)?;
        }
        self.sync_rollout_status(&sets.all(), Some(&new))
    }

    fn scale_all_down(&mut self, sets: &Sets) -> Result<bool> {
        let mut any = false;
        for rs in util::active(&sets.old) {
            self.decide(&format!(
                "scale down old ReplicaSet from {} to 0: all are recreated",
                util::replicas(&rs)
            ));
            any |= self.scale_set(&rs, 0)?.0;
        }
        Ok(any)
    }

    /// Whether any pod of an old ReplicaSet may still run, even one that is going.
    fn old_pods_run(&mut self, sets: &Sets) -> bool {
        if util::sum(&sets.old, util::actual) > 0 {
            return true;
        }
        let caches = self.scope.caches;
        let pods = sets
            .old
            .iter()
            .flat_map(|rs| caches.pods.owned_by(rs.uid()));
        let (mut looked, mut run) = (0, false);
        for pod in pods {
            looked += 1;
            run |= !pods::is_terminal(pod);
        }
        self.scope.look(looked);
        run
    }
}
