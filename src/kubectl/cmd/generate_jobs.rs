//! `kubectl create job` and `create cronjob`. Models
//! `k8s.io/kubectl/pkg/cmd/create/{create_job,create_cronjob}.go`.

use serde_json::{Value, json};

use super::generate::{COMMON, MANAGER, known, make};
use super::{Command, OUTPUT};
use crate::kubectl::error::{Result, plain};
use crate::kubectl::json::{name, text};
use crate::kubectl::kube::Kube;

pub const JOB: Command = Command {
    path: "create job",
    short: "Create a job with the specified name",
    help: "NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]
# Run a command once
kubectl create job once --image=busybox -- date

# Run the template of a cron job now
kubectl create job now --from=cronjob/report",
    flags: &[OUTPUT, COMMON, "from='' image=''"],
    run: |kube| Box::pin(job(kube)),
};

pub const CRON_JOB: Command = Command {
    path: "create cronjob",
    short: "Create a cron job with the specified name",
    help: "NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [flags]
# A job at each full hour
kubectl create cronjob report --image=busybox --schedule='0 * * * *' -- date",
    flags: &[OUTPUT, COMMON, "image='' restart='' schedule=''"],
    run: |kube| Box::pin(cron_job(kube)),
};

/// The one name, and the command behind `--`.
fn name_and_command(kube: &Kube) -> Result<(String, &[String])> {
    let words = &kube.flags.arguments;
    let (names, command) = words.split_at(kube.flags.dash.unwrap_or(words.len()));
    match names {
        [name] => Ok((name.clone(), command)),
        names => kube.usage(&format!(
            "exactly one NAME is required, got {}",
            names.len()
        )),
    }
}

fn pod(name: &str, image: &str, command: &[String], restart: &str) -> Value {
    let mut container = json!({"name": name, "image": image, "resources": {}});
    if !command.is_empty() {
        container["command"] = json!(command);
    }
    json!({"metadata": {}, "spec": {"containers": [container], "restartPolicy": restart}})
}

async fn job(kube: &Kube) -> Result<()> {
    let (job_name, command) = name_and_command(kube)?;
    let (image, from) = (kube.flags.text("image"), kube.flags.text("from"));
    if image.is_empty() == from.is_empty() {
        return plain("either --image or --from must be specified");
    }
    if !command.is_empty() && !from.is_empty() {
        return plain("cannot specify --from and command");
    }
    let mut object = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job_name},
    });
    if from.is_empty() {
        object["spec"] = json!({"template": pod(&job_name, image, command, "Never")});
    } else {
        let targets = kube.targets(&[from.to_owned()]).await?.targets;
        let [target] = targets.as_slice() else {
            return plain("from must be an existing cronjob");
        };
        let source = kube
            .get(target.kind, &target.namespace, &target.name)
            .await?;
        if target.kind.kind != "CronJob" {
            let (group, kind) = (target.kind.version, target.kind.kind);
            return plain(format!("unknown object type *{group}.{kind}"));
        }
        from_cron_job(&source, &mut object);
    }
    let kind = known("batch/v1", "Job")?;
    let lead = "failed to create job:";
    make(kube, kind, object, MANAGER, lead, "created").await
}

/// Fills a job with the template of a CronJob, which owns it.
fn from_cron_job(cron_job: &Value, job: &mut Value) {
    let template = &cron_job["spec"]["jobTemplate"];
    let meta = &template["metadata"];
    let mut annotations = json!({"cronjob.kubernetes.io/instantiate": "manual"});
    for (key, value) in meta["annotations"].as_object().into_iter().flatten() {
        annotations[key] = value.clone();
    }
    job["metadata"]["annotations"] = annotations;
    if meta["labels"].is_object() {
        job["metadata"]["labels"] = meta["labels"].clone();
    }
    job["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": name(cron_job),
        "uid": text(cron_job, "metadata.uid"),
        "controller": true,
    }]);
    job["spec"] = template["spec"].clone();
}

async fn cron_job(kube: &Kube) -> Result<()> {
    let (job_name, command) = name_and_command(kube)?;
    let missing: Vec<String> = ["image", "schedule"]
        .iter()
        .filter(|f| !kube.flags.given(f))
        .map(|f| format!("\"{f}\""))
        .collect();
    if !missing.is_empty() {
        return plain(format!("required flag(s) {} not set", missing.join(", ")));
    }
    let (image, schedule) = (kube.flags.text("image"), kube.flags.text("schedule"));
    for (flag, value) in [("image", image), ("schedule", schedule)] {
        if value.is_empty() {
            return plain(format!("--{flag} must be specified"));
        }
    }
    let restart = match kube.flags.text("restart") {
        "" => "OnFailure",
        given => given,
    };
    let template = pod(&job_name, image, command, restart);
    let object = json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": job_name},
        "spec": {
            "schedule": schedule,
            "jobTemplate": {"metadata": {"name": job_name}, "spec": {"template": template}},
        },
    });
    let kind = known("batch/v1", "CronJob")?;
    let lead = "failed to create cronjob:";
    make(kube, kind, object, MANAGER, lead, "created").await
}
