//! `kubectl rollout status`: follows a rollout to its end.

use serde_json::Value;

use super::{desired, need_resource, need_rollout, revisions};
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::{int, list, name, text};
use crate::kubectl::kube::Kube;
use crate::kubectl::resources::Target;
use crate::sim::Time;

pub async fn run(kube: &Kube) -> Result<()> {
    need_resource(kube)?;
    if kube.flags.int("revision").is_some_and(|r| r < 0) {
        return plain(format!(
            "revision must be a positive integer: {}",
            kube.flags.text("revision")
        ));
    }
    let deadline = kube.deadline(kube.flags.duration("timeout"));
    let (objects, mut failures) = kube.chosen_objects().await?;
    if objects.is_empty() && failures.is_empty() {
        kube.warn(&format!(
            "No resources found in {} namespace.",
            kube.namespace()
        ));
    }
    for (target, object) in &objects {
        let followed = match need_rollout(kube, target) {
            Ok(()) => follow(kube, target, object, deadline).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = followed {
            failures.push(failure);
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

async fn follow(
    kube: &Kube,
    target: &Target,
    object: &Value,
    deadline: Option<Time>,
) -> Result<()> {
    let revision = kube.flags.int("revision").unwrap_or(0);
    let (mut said, mut done) = status(target.kind.kind, object, revision)?;
    kube.io.out.write(&said);
    if done || !kube.flags.is_or("watch", true) {
        return Ok(());
    }
    let from = text(object, "metadata.resourceVersion").to_owned();
    let mut watch = kube.watch_one(target.kind, &target.namespace, &target.name, &from);
    loop {
        let event = match kube.shell.world.before(deadline, watch.next()).await {
            Some(Some(event)) => event,
            Some(None) => return plain("the server ended the watch"),
            None => return plain("timed out waiting for the condition"),
        };
        match text(&event, "type") {
            "DELETED" => return plain("object has been deleted"),
            "ERROR" => {
                return Err(crate::kubectl::error::of_status(
                    410,
                    event["object"].clone(),
                ));
            }
            "BOOKMARK" => continue,
            _ => {}
        }
        (said, done) = status(target.kind.kind, &event["object"], revision)?;
        kube.io.out.write(&said);
        if done {
            return Ok(());
        }
    }
}

/// Where the rollout stands, and whether it is over.
fn status(kind: &str, object: &Value, wanted: i64) -> Result<(String, bool)> {
    match kind {
        "DaemonSet" => of_daemon_set(object),
        "StatefulSet" => of_stateful_set(object),
        _ => of_deployment(object, wanted),
    }
}

/// A DaemonSet's revision is not looked at.
fn of_daemon_set(set: &Value) -> Result<(String, bool)> {
    let name = name(set);
    if text(set, "spec.updateStrategy.type") != "RollingUpdate" {
        return plain("rollout status is only available for RollingUpdate strategy type");
    }
    let count = |field: &str| int(&set["status"], field).unwrap_or(0);
    if int(set, "metadata.generation").unwrap_or(0) > count("observedGeneration") {
        return Ok((
            "Waiting for daemon set spec update to be observed...\n".to_owned(),
            false,
        ));
    }
    let (desired, updated, available) = (
        count("desiredNumberScheduled"),
        count("updatedNumberScheduled"),
        count("numberAvailable"),
    );
    let waiting =
        |rest: String| format!("Waiting for daemon set \"{name}\" rollout to finish: {rest}...\n");
    Ok(if updated < desired {
        let rest = format!("{updated} out of {desired} new pods have been updated");
        (waiting(rest), false)
    } else if available < desired {
        let rest = format!("{available} of {desired} updated pods are available");
        (waiting(rest), false)
    } else {
        (
            format!("daemon set \"{name}\" successfully rolled out\n"),
            true,
        )
    })
}

/// A StatefulSet's revision is not looked at either.
fn of_stateful_set(set: &Value) -> Result<(String, bool)> {
    if text(set, "spec.updateStrategy.type") != "RollingUpdate" {
        return plain("rollout status is only available for RollingUpdate strategy type");
    }
    let status = &set["status"];
    let count = |field: &str| int(status, field).unwrap_or(0);
    let observed = count("observedGeneration");
    if observed == 0 || int(set, "metadata.generation").unwrap_or(0) > observed {
        let words = "Waiting for statefulset spec update to be observed...\n";
        return Ok((words.to_owned(), false));
    }
    let (replicas, updated) = (desired(set), count("updatedReplicas"));
    let missing = replicas - count("readyReplicas");
    if missing > 0 {
        return Ok((
            format!("Waiting for {missing} pods to be ready...\n"),
            false,
        ));
    }
    let rolling = &set["spec"]["updateStrategy"]["rollingUpdate"];
    if rolling.is_object() {
        let wanted = int(rolling, "partition").map(|p| replicas - p);
        return Ok(match wanted.filter(|wanted| updated < *wanted) {
            Some(wanted) => (
                format!(
                    "Waiting for partitioned roll out to finish: {updated} out of {wanted} new pods have been updated...\n"
                ),
                false,
            ),
            None => (
                format!("partitioned roll out complete: {updated} new pods have been updated...\n"),
                true,
            ),
        });
    }
    let (current, update) = (
        text(status, "currentRevision"),
        text(status, "updateRevision"),
    );
    Ok(match current == update {
        false => (
            format!(
                "waiting for statefulset rolling update to complete {updated} pods at revision {update}...\n"
            ),
            false,
        ),
        true => (
            format!(
                "statefulset rolling update complete {} pods at revision {current}...\n",
                count("currentReplicas")
            ),
            true,
        ),
    })
}

fn of_deployment(deployment: &Value, wanted: i64) -> Result<(String, bool)> {
    let name = name(deployment);
    if wanted > 0 {
        let current = revisions::revision(deployment);
        if current != wanted {
            return Err(Failure::Plain(format!(
                "desired revision ({wanted}) is different from the running revision ({current})"
            )));
        }
    }
    let count = |field: &str| int(&deployment["status"], field).unwrap_or(0);
    let generation = int(deployment, "metadata.generation").unwrap_or(0);
    if generation > count("observedGeneration") {
        return Ok((
            "Waiting for deployment spec update to be observed...\n".to_owned(),
            false,
        ));
    }
    let stuck = list(deployment, "status.conditions").iter().any(|c| {
        text(c, "type") == "Progressing" && text(c, "reason") == "ProgressDeadlineExceeded"
    });
    if stuck {
        return Err(Failure::Plain(format!(
            "deployment \"{name}\" exceeded its progress deadline"
        )));
    }
    let (replicas, updated, available) = (
        count("replicas"),
        count("updatedReplicas"),
        count("availableReplicas"),
    );
    let waiting =
        |rest: String| format!("Waiting for deployment \"{name}\" rollout to finish: {rest}...\n");
    Ok(if updated < desired(deployment) {
        let rest = format!(
            "{updated} out of {} new replicas have been updated",
            desired(deployment)
        );
        (waiting(rest), false)
    } else if replicas > updated {
        let rest = format!(
            "{} old replicas are pending termination",
            replicas - updated
        );
        (waiting(rest), false)
    } else if available < updated {
        let rest = format!("{available} of {updated} updated replicas are available");
        (waiting(rest), false)
    } else {
        (
            format!("deployment \"{name}\" successfully rolled out\n"),
            true,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::status;
    use serde_json::json;

    #[test]
    fn every_stage_of_a_rollout() {
        let deployment = |observed: i64, replicas: i64, updated: i64, available: i64| {
            json!({
                "metadata": {"name": "web", "generation": 2},
                "spec": {"replicas": 3},
                "status": {
                    "observedGeneration": observed, "replicas": replicas,
                    "updatedReplicas": updated, "availableReplicas": available,
                },
            })
        };
        for (object, said, done) in [
            (
                deployment(1, 3, 3, 3),
                "Waiting for deployment spec update to be observed...\n",
                false,
            ),
            (
                deployment(2, 4, 1, 3),
                "Waiting for deployment \"web\" rollout to finish: 1 out of 3 new replicas have been updated...\n",
                false,
            ),
            (
                deployment(2, 4, 3, 4),
                "Waiting for deployment \"web\" rollout to finish: 1 old replicas are pending termination...\n",
                false,
            ),
            (
                deployment(2, 3, 3, 2),
                "Waiting for deployment \"web\" rollout to finish: 2 of 3 updated replicas are available...\n",
                false,
            ),
            (
                deployment(2, 3, 3, 3),
                "deployment \"web\" successfully rolled out\n",
                true,
            ),
        ] {
            assert_eq!(
                status("Deployment", &object, 0),
                Ok((said.to_owned(), done))
            );
        }
    }

    #[test]
    fn every_stage_of_a_daemon_sets_rollout() {
        let set = |observed: i64, updated: i64, available: i64| {
            json!({
                "metadata": {"name": "agent", "generation": 2},
                "spec": {"updateStrategy": {"type": "RollingUpdate"}},
                "status": {
                    "observedGeneration": observed, "desiredNumberScheduled": 3,
                    "updatedNumberScheduled": updated, "numberAvailable": available,
                },
            })
        };
        for (object, said, done) in [
            (
                set(1, 3, 3),
                "Waiting for daemon set spec update to be observed...\n",
                false,
            ),
            (
                set(2, 1, 3),
                "Waiting for daemon set \"agent\" rollout to finish: 1 out of 3 new pods have been updated...\n",
                false,
            ),
            (
                set(2, 3, 2),
                "Waiting for daemon set \"agent\" rollout to finish: 2 of 3 updated pods are available...\n",
                false,
            ),
            (
                set(2, 3, 3),
                "daemon set \"agent\" successfully rolled out\n",
                true,
            ),
        ] {
            let told = status("DaemonSet", &object, 0);
            assert_eq!(told, Ok((said.to_owned(), done)));
        }
        let mut by_hand = set(2, 0, 3);
        by_hand["spec"]["updateStrategy"]["type"] = json!("OnDelete");
        assert!(status("DaemonSet", &by_hand, 0).is_err());
    }
}
