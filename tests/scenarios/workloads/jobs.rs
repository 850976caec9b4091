//! Jobs: to the end, as often as asked for.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use kubarium::sim::{millis, secs};
use serde_json::{Value, json};

use super::{name, pods, refused, simulated, text};
use crate::common::{bare, create, created, get, json_of};
use crate::controllers::{PODS, condition, delete, edit, events, list};

const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";

/// A job `j` whose pods run a shell line; `extra` goes into its spec.
pub fn job(extra: &str, restart: &str, line: &str) -> String {
    format!(
        "{{apiVersion: batch/v1, kind: Job, metadata: {{name: j}}, spec: {{{extra} \
          template: {{spec: {{restartPolicy: {restart}, containers: \
          [{{name: c, image: busybox, command: [sh, -c, '{line}']}}]}}}}}}}}"
    )
}

fn the_job(cluster: &mut Cluster) -> Value {
    get(cluster, &format!("{JOBS}/j"))
}

fn is_over(job: &Value, type_: &str) -> bool {
    condition(job, type_).starts_with("True")
}

/// Runs on until the job has the condition.
fn until(cluster: &mut Cluster, type_: &str, limit: u64) -> Value {
    for _ in 0..limit * 2 {
        let job = the_job(cluster);
        if is_over(&job, type_) {
            return job;
        }
        cluster.run_for(millis(500));
    }
    panic!("not {type_}: {}", the_job(cluster)["status"]);
}

#[test]
fn as_many_pods_succeed_as_asked_for() {
    let mut cluster = bare(3);
    let object = created(
        &mut cluster,
        &job("completions: 5, parallelism: 2,", "Never", "true"),
    );
    let uid = text(&object, "/metadata/uid").to_owned();
    let label = "batch.kubernetes.io/controller-uid";
    assert_eq!(object["spec"]["selector"]["matchLabels"][label], uid);
    assert_eq!(
        object["spec"]["template"]["metadata"]["labels"]["job-name"],
        "j"
    );
    cluster.run_for(millis(500));
    assert_eq!(the_job(&mut cluster)["status"]["active"], 2);
    let finalizers = &list(&mut cluster, PODS)[0]["metadata"]["finalizers"];
    assert_eq!(finalizers[0], "batch.kubernetes.io/job-tracking");
    let job = until(&mut cluster, "Complete", 60);
    let status = &job["status"];
    assert_eq!(status["succeeded"], 5);
    assert_eq!(status["ready"], 0);
    assert_eq!(status["uncountedTerminatedPods"], json!({}));
    assert_eq!(status["active"], Value::Null);
    let types: Vec<&str> = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| text(c, "/type"))
        .collect();
    assert_eq!(types, ["SuccessCriteriaMet", "Complete"]);
    let all = list(&mut cluster, PODS);
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|p| p["metadata"]["finalizers"].is_null()));
    let told = events(&mut cluster, "Job");
    assert_eq!(
        told.iter()
            .filter(|e| e.starts_with("SuccessfulCreate"))
            .count(),
        5
    );
    assert_eq!(
        told.last().map(String::as_str),
        Some("Completed Job completed")
    );
}

#[test]
fn each_index_is_run_once() {
    let mut cluster = bare(3);
    let extra = "completions: 4, parallelism: 4, completionMode: Indexed,";
    created(&mut cluster, &job(extra, "Never", "true"));
    cluster.run_for(millis(500));
    let pod = list(&mut cluster, PODS).into_iter().nth(2).expect("a pod");
    let index = "batch.kubernetes.io/job-completion-index";
    assert!(name(&pod).starts_with("j-2-"));
    assert_eq!(pod["metadata"]["annotations"][index], "2");
    assert_eq!(pod["metadata"]["labels"][index], "2");
    assert_eq!(pod["spec"]["hostname"], "j-2");
    let env = &pod["spec"]["containers"][0]["env"][0];
    assert_eq!(env["name"], "JOB_COMPLETION_INDEX");
    assert_eq!(
        env["valueFrom"]["fieldRef"]["fieldPath"],
        "metadata.labels['batch.kubernetes.io/job-completion-index']"
    );
    let job = until(&mut cluster, "Complete", 60);
    assert_eq!(job["status"]["completedIndexes"], "0-3");
}

#[test]
fn failures_are_waited_out_until_there_were_too_many() {
    let mut cluster = simulated();
    created(&mut cluster, &job("backoffLimit: 2,", "Never", "exit 3"));
    let begun = cluster.now();
    let job = until(&mut cluster, "Failed", 120);
    // 10 s after the first failure, 20 s after the second.
    let took = cluster.now().since(begun).as_secs();
    assert!((30..70).contains(&took), "{took}");
    assert_eq!(
        condition(&job, "Failed"),
        "True BackoffLimitExceeded: Job has reached the specified backoff limit"
    );
    assert!(is_over(&job, "FailureTarget"));
    assert_eq!(job["status"]["failed"], 3);
    assert_eq!(job["status"]["completionTime"], Value::Null);
    let told = events(&mut cluster, "Job");
    assert_eq!(
        told.last().map(String::as_str),
        Some("BackoffLimitExceeded Job has reached the specified backoff limit")
    );
}

/// Restarts of containers count as well, where they are restarted in place.
#[test]
fn restarts_count_against_the_limit() {
    let mut cluster = simulated();
    created(
        &mut cluster,
        &job("backoffLimit: 1,", "OnFailure", "exit 1"),
    );
    let job = until(&mut cluster, "Failed", 120);
    assert!(condition(&job, "Failed").contains("BackoffLimitExceeded"));
    assert_eq!(pods(&mut cluster), [""; 0]);
}

#[test]
fn a_deadline_ends_a_job() {
    let mut cluster = simulated();
    created(
        &mut cluster,
        &job("activeDeadlineSeconds: 5,", "Never", "sleep 1000"),
    );
    cluster.run_for(secs(3));
    assert_eq!(pods(&mut cluster).len(), 1);
    let job = until(&mut cluster, "Failed", 90);
    assert_eq!(
        condition(&job, "Failed"),
        "True DeadlineExceeded: Job was active longer than specified deadline"
    );
    assert_eq!(pods(&mut cluster), [""; 0]);
}

#[test]
fn a_suspended_job_has_no_pods() {
    let mut cluster = simulated();
    created(&mut cluster, &job("suspend: true,", "Never", "sleep 20"));
    cluster.run_for(secs(5));
    let job = the_job(&mut cluster);
    assert_eq!(
        condition(&job, "Suspended"),
        "True JobSuspended: Job suspended"
    );
    assert_eq!(job["status"]["startTime"], Value::Null);
    assert_eq!(pods(&mut cluster), [""; 0]);
    let path = format!("{JOBS}/j");
    edit(&mut cluster, &path, |j| j["spec"]["suspend"] = json!(false));
    cluster.run_for(secs(5));
    assert_eq!(pods(&mut cluster).len(), 1);
    edit(&mut cluster, &path, |j| j["spec"]["suspend"] = json!(true));
    cluster.run_for(secs(5));
    assert_eq!(pods(&mut cluster), [""; 0]);
    edit(&mut cluster, &path, |j| j["spec"]["suspend"] = json!(false));
    until(&mut cluster, "Complete", 120);
    let told = events(&mut cluster, "Job");
    for words in ["Suspended Job suspended", "Resumed Job resumed"] {
        assert!(told.iter().any(|e| e == words), "{told:?}");
    }
    // A failure that the job asked for itself does not count.
    assert_eq!(the_job(&mut cluster)["status"]["failed"], Value::Null);
}

#[test]
fn exit_codes_decide_by_policy() {
    let policy = |action: &str| {
        format!(
            "backoffLimit: 3, podFailurePolicy: {{rules: [{{action: {action}, \
             onExitCodes: {{operator: In, values: [42]}}}}]}},"
        )
    };
    let mut cluster = simulated();
    created(&mut cluster, &job(&policy("FailJob"), "Never", "exit 42"));
    let job_ = until(&mut cluster, "Failed", 60);
    let told = condition(&job_, "Failed");
    assert!(
        told.starts_with("True PodFailurePolicy: Container c for pod default/j-"),
        "{told}"
    );
    assert!(
        told.ends_with("failed with exit code 42 matching FailJob rule at index 0"),
        "{told}"
    );
    assert_eq!(job_["status"]["failed"], 1);

    let mut cluster = simulated();
    created(&mut cluster, &job(&policy("Ignore"), "Never", "exit 42"));
    cluster.run_for(secs(120));
    let job_ = the_job(&mut cluster);
    assert_eq!(job_["status"]["failed"], Value::Null);
    assert!(!is_over(&job_, "Failed"));
}

#[test]
fn indexes_fail_one_by_one() {
    let mut cluster = simulated();
    let extra = "completions: 3, parallelism: 3, completionMode: Indexed, backoffLimitPerIndex: 1,";
    let line = "test $JOB_COMPLETION_INDEX != 1";
    created(&mut cluster, &job(extra, "Never", line));
    let job_ = until(&mut cluster, "Failed", 120);
    assert_eq!(
        condition(&job_, "Failed"),
        "True FailedIndexes: Job has failed indexes"
    );
    assert_eq!(job_["status"]["completedIndexes"], "0,2");
    assert_eq!(job_["status"]["failedIndexes"], "1");
    assert_eq!(job_["status"]["failed"], 2);
    assert_eq!(job_["spec"]["backoffLimit"], i32::MAX);
    let counts: Vec<String> = list(&mut cluster, PODS)
        .iter()
        .filter(|p| name(p).starts_with("j-1-"))
        .map(|p| {
            text(
                p,
                "/metadata/annotations/batch.kubernetes.io~1job-index-failure-count",
            )
            .to_owned()
        })
        .collect();
    let mut sorted = counts;
    sorted.sort();
    assert_eq!(sorted, ["0", "1"]);
}

#[test]
fn a_few_successes_may_be_enough() {
    let mut cluster = simulated();
    let extra = "completions: 3, parallelism: 3, completionMode: Indexed, \
        successPolicy: {rules: [{succeededIndexes: '0'}]},";
    let line = "if [ $JOB_COMPLETION_INDEX = 0 ]; then exit 0; fi; sleep 1000";
    created(&mut cluster, &job(extra, "Never", line));
    let job_ = until(&mut cluster, "Complete", 120);
    assert_eq!(
        condition(&job_, "SuccessCriteriaMet"),
        "True SuccessPolicy: Matched rules at index 0"
    );
    assert_eq!(job_["status"]["completedIndexes"], "0");
    assert_eq!(job_["status"]["failed"], Value::Null);
}

#[test]
fn a_finished_job_goes_after_its_time() {
    let mut cluster = bare(2);
    created(
        &mut cluster,
        &job("ttlSecondsAfterFinished: 30,", "Never", "true"),
    );
    until(&mut cluster, "Complete", 60);
    cluster.run_for(secs(20));
    assert!(
        cluster
            .request(&Request::get(format!("{JOBS}/j")))
            .is_success()
    );
    cluster.run_for(secs(15));
    let gone = cluster.request(&Request::get(format!("{JOBS}/j")));
    assert!(!gone.is_success());
    assert_eq!(pods(&mut cluster), [""; 0]);
}

/// A pod that somebody deletes counts as failed, and another one takes its place.
#[test]
fn a_deleted_pod_is_replaced() {
    let mut cluster = simulated();
    created(&mut cluster, &job("", "Never", "sleep 60"));
    cluster.run_for(secs(10));
    let first = pods(&mut cluster);
    delete(&mut cluster, &format!("{PODS}/{}", first[0]));
    cluster.run_for(secs(60));
    let second = pods(&mut cluster);
    assert_eq!(second.len(), 1);
    assert_ne!(first, second);
    assert_eq!(the_job(&mut cluster)["status"]["failed"], 1);
    // Nothing holds the pods of a job that is gone.
    delete(&mut cluster, &format!("{JOBS}/j"));
    cluster.run_for(secs(60));
    assert_eq!(list(&mut cluster, PODS).len(), 0);
}

#[test]
fn another_controller_may_look_after_a_job() {
    let mut cluster = bare(2);
    created(
        &mut cluster,
        &job("managedBy: example.com/other,", "Never", "true"),
    );
    cluster.run_for(secs(5));
    assert_eq!(the_job(&mut cluster)["status"], json!({}));
    assert_eq!(pods(&mut cluster), [""; 0]);
}

#[test]
fn wrong_jobs_are_refused_in_upstreams_words() {
    let mut cluster = bare(1);
    for (extra, restart, words) in [
        (
            "maxFailedIndexes: 1,",
            "Never",
            "[spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified, spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode]",
        ),
        (
            "completionMode: Indexed, parallelism: 1,",
            "Never",
            "spec.completions: Required value: when completion mode is Indexed",
        ),
        (
            "completionMode: Odd,",
            "Never",
            "spec.completionMode: Unsupported value: \"Odd\": supported values: \"NonIndexed\", \"Indexed\"",
        ),
        (
            "backoffLimitPerIndex: 1,",
            "Never",
            "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        ),
        (
            "managedBy: other,",
            "Never",
            "spec.managedBy: Invalid value: \"other\": must be a domain-prefixed path (such as \"acme.io/foo\")",
        ),
        (
            "podReplacementPolicy: Never,",
            "Never",
            "spec.podReplacementPolicy: Unsupported value: \"Never\": supported values: \"Failed\", \"TerminatingOrFailed\"",
        ),
        (
            "podFailurePolicy: {rules: [{action: FailJob}]},",
            "Never",
            "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
        ),
        (
            "podFailurePolicy: {rules: [{action: FailIndex, onExitCodes: {operator: In, values: [0, 2, 1]}}]},",
            "OnFailure",
            "[spec.podFailurePolicy.rules[0].action: Invalid value: \"FailIndex\": requires the backoffLimitPerIndex to be set, spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator, spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [0,2,1]: must be ordered, spec.template.spec.restartPolicy: Invalid value: \"OnFailure\": only \"Never\" is supported when podFailurePolicy is specified]",
        ),
        (
            "completions: 2, completionMode: Indexed, successPolicy: {rules: [{succeededIndexes: 0-9}]},",
            "Never",
            "spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"0-9\": error parsing succeededIndexes: too large index: \"9\"",
        ),
        (
            "manualSelector: true,",
            "Never",
            "[spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`]",
        ),
    ] {
        let response = create(&mut cluster, &job(extra, restart, "true"));
        let body = json_of(response);
        let told = text(&body, "/message");
        assert_eq!(
            told,
            format!("Job.batch \"j\" is invalid: {words}"),
            "{extra}"
        );
    }
    created(&mut cluster, &job("completions: 2,", "Never", "true"));
    let path = format!("{JOBS}/j");
    let mut object = the_job(&mut cluster);
    object["spec"]["completions"] = json!(3);
    object["spec"]["completionMode"] = json!("Indexed");
    let told = refused(&mut cluster, Method::Put, &path, object);
    assert!(
        told.contains("spec.completionMode: Invalid value: \"Indexed\": field is immutable"),
        "{told}"
    );
}
