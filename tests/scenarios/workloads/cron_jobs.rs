//! CronJobs: jobs by the clock.

use kubarium::apiserver::Method;
use kubarium::cluster::Cluster;
use kubarium::sim::secs;
use serde_json::{Value, json};

use super::{name, simulated, text};
use crate::common::{bare, create, created, get, json_of};
use crate::controllers::{PODS, edit, events, list};

const CRON_JOBS: &str = "/apis/batch/v1/namespaces/default/cronjobs";
const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";

fn cron_job(schedule: &str, extra: &str, line: &str) -> String {
    format!(
        "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: tick}}, \
          spec: {{schedule: '{schedule}', {extra} jobTemplate: {{metadata: {{labels: {{app: tick}}}}, \
          spec: {{template: {{spec: {{restartPolicy: Never, containers: \
          [{{name: c, image: busybox, command: [sh, -c, '{line}']}}]}}}}}}}}}}}}"
    )
}

fn the_cron_job(cluster: &mut Cluster) -> Value {
    get(cluster, &format!("{CRON_JOBS}/tick"))
}

fn jobs(cluster: &mut Cluster) -> Vec<String> {
    list(cluster, JOBS).iter().map(name).collect()
}

/// To the first second of the next minute but a bit.
fn to_next_minute(cluster: &mut Cluster) {
    let past = cluster.now().unix_secs() % 60;
    cluster.run_for(secs((61 - past) as u64));
}

#[test]
fn a_job_is_made_each_minute_and_old_ones_go() {
    let mut cluster = bare(3);
    created(&mut cluster, &cron_job("* * * * *", "", "true"));
    to_next_minute(&mut cluster);
    let minute = cluster.now().unix_secs() / 60;
    assert_eq!(jobs(&mut cluster), [format!("tick-{minute}")]);
    let job = list(&mut cluster, JOBS).remove(0);
    assert_eq!(job["metadata"]["labels"]["app"], "tick");
    assert_eq!(job["metadata"]["ownerReferences"][0]["kind"], "CronJob");
    let at = "/metadata/annotations/batch.kubernetes.io~1cronjob-scheduled-timestamp";
    assert!(text(&job, at).ends_with(":00Z"), "{}", text(&job, at));
    let status = the_cron_job(&mut cluster)["status"].clone();
    assert_eq!(status["active"][0]["name"], format!("tick-{minute}"));
    cluster.run_for(secs(10));
    let status = the_cron_job(&mut cluster)["status"].clone();
    assert_eq!(status["active"], Value::Null);
    assert!(status["lastSuccessfulTime"].is_string());
    cluster.run_for(secs(300));
    assert_eq!(jobs(&mut cluster).len(), 3, "successfulJobsHistoryLimit");
    assert_eq!(list(&mut cluster, PODS).len(), 3);
    let told = events(&mut cluster, "CronJob");
    for words in [
        format!("SuccessfulCreate Created job tick-{minute}"),
        format!("SawCompletedJob Saw completed job: tick-{minute}, condition: Complete"),
        format!("SuccessfulDelete Deleted job tick-{minute}"),
    ] {
        assert!(told.contains(&words), "{words}: {told:?}");
    }
}

#[test]
fn a_run_under_way_is_respected_or_replaced() {
    for (policy, most) in [("Allow", 3), ("Forbid", 1), ("Replace", 1)] {
        let mut cluster = simulated();
        let extra = format!("concurrencyPolicy: {policy},");
        created(&mut cluster, &cron_job("* * * * *", &extra, "sleep 1000"));
        to_next_minute(&mut cluster);
        let first = jobs(&mut cluster);
        cluster.run_for(secs(120));
        let last = jobs(&mut cluster);
        assert_eq!(last.len(), most, "{policy}: {last:?}");
        assert_eq!(policy == "Replace", !last.contains(&first[0]), "{policy}");
        let told = events(&mut cluster, "CronJob");
        let held = "JobAlreadyActive Not starting job because prior execution is running and concurrency policy is Forbid";
        assert_eq!(told.iter().any(|e| e == held), policy == "Forbid");
        // What it deleted itself is not missing.
        assert!(!told.iter().any(|e| e.contains("MissingJob")), "{told:?}");
    }
}

#[test]
fn a_suspended_cron_job_makes_nothing_and_catches_up_once() {
    let mut cluster = bare(2);
    created(
        &mut cluster,
        &cron_job("* * * * *", "suspend: true,", "true"),
    );
    cluster.run_for(secs(200));
    assert_eq!(jobs(&mut cluster), [""; 0]);
    let path = format!("{CRON_JOBS}/tick");
    edit(&mut cluster, &path, |c| c["spec"]["suspend"] = json!(false));
    cluster.run_for(secs(2));
    assert_eq!(jobs(&mut cluster).len(), 1);
}

#[test]
fn too_late_is_missed() {
    let mut cluster = bare(2);
    let extra = "suspend: true, startingDeadlineSeconds: 20,";
    created(&mut cluster, &cron_job("*/10 * * * *", extra, "true"));
    cluster.run_for(secs(700));
    let now = cluster.now().unix_secs();
    assert!(now % 600 > 30, "the run is over by more than the deadline");
    let path = format!("{CRON_JOBS}/tick");
    edit(&mut cluster, &path, |c| c["spec"]["suspend"] = json!(false));
    cluster.run_for(secs(2));
    assert_eq!(jobs(&mut cluster), [""; 0]);
}

#[test]
fn more_than_a_hundred_missed_runs_are_told() {
    let mut cluster = bare(1);
    created(
        &mut cluster,
        &cron_job("* * * * *", "suspend: true,", "true"),
    );
    cluster.run_for(secs(60 * 110));
    let path = format!("{CRON_JOBS}/tick");
    edit(&mut cluster, &path, |c| c["spec"]["suspend"] = json!(false));
    cluster.run_for(secs(2));
    assert_eq!(jobs(&mut cluster).len(), 1);
    let words = "TooManyMissedTimes too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
    assert!(events(&mut cluster, "CronJob").iter().any(|e| e == words));
}

#[test]
fn schedules_and_zones_are_checked() {
    let mut cluster = bare(1);
    for (schedule, extra, words) in [
        (
            "* * * *",
            "",
            "spec.schedule: Invalid value: \"* * * *\": expected exactly 5 fields, found 4: [* * * *]",
        ),
        ("", "", "spec.schedule: Required value"),
        (
            "0 0 * * *",
            "timeZone: Mars/Base,",
            "spec.timeZone: Invalid value: \"Mars/Base\": unknown time zone Mars/Base",
        ),
        (
            "0 0 * * *",
            "timeZone: '',",
            "spec.timeZone: Invalid value: \"\": timeZone must be nil or non-empty string",
        ),
        (
            "0 0 * * *",
            "timeZone: Local,",
            "spec.timeZone: Invalid value: \"Local\": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones",
        ),
        (
            "TZ=UTC 0 0 * * *",
            "",
            "spec.schedule: Invalid value: \"TZ=UTC 0 0 * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
        ),
        (
            "0 0 * * *",
            "failedJobsHistoryLimit: -1,",
            "spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
        ),
    ] {
        let body = json_of(create(&mut cluster, &cron_job(schedule, extra, "true")));
        let told = text(&body, "/message");
        assert_eq!(
            told,
            format!("CronJob.batch \"tick\" is invalid: {words}"),
            "{extra}"
        );
    }
    let mut manifest: Value =
        serde_yaml::from_str(&cron_job("0 9 * * *", "timeZone: Europe/Berlin,", "true")).unwrap();
    manifest["metadata"]["name"] = json!("zone");
    let request = kubarium::apiserver::Request::new(Method::Post, CRON_JOBS).with_body(manifest);
    assert!(cluster.request(&request).is_success());
    cluster.run_for(secs(60 * 60 * 24));
    let job = list(&mut cluster, JOBS).remove(0);
    let at = "/metadata/annotations/batch.kubernetes.io~1cronjob-scheduled-timestamp";
    let at = text(&job, at);
    assert!(at.contains("T09:00:00+0"), "{at}");
}
