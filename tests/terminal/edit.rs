//! `kubectl edit`, `apply edit-last-applied`, `create --edit`.

use super::Bench;

#[test]
fn an_editor_that_is_a_script_changes_an_object() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ kubectl apply -f web.yaml
deployment.apps/web created
$ KUBE_EDITOR='sed -i s/nginx:1.25/nginx:1.27/' kubectl edit deploy web
deployment.apps/web edited
$ kubectl get deploy web -o jsonpath='{.spec.template.spec.containers[0].image}'
nginx:1.27
$ EDITOR='sed -i s/replicas:.*/replicas:\\ 3/'
$ kubectl edit deploy/web --output-patch
Patch: {\"spec\":{\"replicas\":3}}
deployment.apps/web edited
$ KUBE_EDITOR=true kubectl edit deploy web
Edit cancelled, no changes made.
$ KUBE_EDITOR='sed -i d' kubectl edit deploy web
Edit cancelled, saved file was empty.
$ KUBE_EDITOR=frob kubectl edit deploy web
sh: frob: command not found
error: unable to launch the editor \"frob\"
exit=1
$ KUBE_EDITOR=false kubectl edit deploy web
error: there was a problem with the editor \"false\"
exit=1
$ KUBE_EDITOR= EDITOR= kubectl edit deploy web
vi: there is no editor here; sed -i changes files, too
error: there was a problem with the editor \"vi\"
exit=1
$ kubectl edit deploy nope
Error from server (NotFound): deployments.apps \"nope\" not found
exit=1
$ ls
web.yaml
",
    );
}

#[test]
fn what_is_refused_is_shown_above_the_text() {
    let mut bench = Bench::bare(&[]);
    bench.run("kubectl apply -f web.yaml");
    bench.check(
        "\
$ KUBE_EDITOR='sed -i s/^..replicas:.*/\\ \\ replicas:\\ -1/' kubectl edit deploy web
error: deployments.apps \"web\" is invalid
A copy of your changes has been stored to \"/tmp/kubectl-edit-...yaml\"
error: Edit cancelled, no valid changes were saved.
exit=1
$ cat /tmp/kubectl-edit-*.yaml | head -9
# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
# deployments.apps \"web\" was not valid:
# * spec.replicas: Invalid value: -1: must be greater than or equal to 0
#
apiVersion: apps/v1
kind: Deployment
$ rm /tmp/kubectl-edit-*.yaml
$ KUBE_EDITOR='sed -i s/replicas:.*/replicas:\\ [/' kubectl edit deploy web
error: deployments.apps \"web\" is invalid
...
error: Edit cancelled, no valid changes were saved.
exit=1
$ sed -n 5,7p /tmp/kubectl-edit-*.yaml
# deployments.apps \"web\" was not valid:
# * <nil>: Invalid value: \"The edited file failed validation\": yaml: line ..: did not find ..
#
$ rm /tmp/kubectl-edit-*.yaml
$ KUBE_EDITOR='sed -i s/name:\\ web/name:\\ other/' kubectl edit deploy web
A copy of your changes has been stored to \"/tmp/kubectl-edit-...yaml\"
error: At least one of apiVersion, kind and name was changed
exit=1
",
    );
}

#[test]
fn several_objects_are_one_list() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ kubectl create cm a --from-literal=k=old
configmap/a created
$ kubectl create cm b --from-literal=k=old
configmap/b created
$ KUBE_EDITOR='sed -i s/old/new/' kubectl edit cm/a cm/b
configmap/a edited
configmap/b edited
$ KUBE_EDITOR='cat' kubectl edit cm a -o json | head -3
Edit cancelled, no changes made.
{
    \"apiVersion\": \"v1\",
    \"data\": {
",
    );
}

#[test]
fn objects_are_edited_before_they_are_created_and_what_was_applied_can_be() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ KUBE_EDITOR='sed -i s/replicas:.*/replicas:\\ 4/' kubectl create -f web.yaml --edit --save-config
deployment.apps/web created
$ kubectl get deploy web -o jsonpath='{.spec.replicas}'
4
$ KUBE_EDITOR='sed -i s/replicas:.*/replicas:\\ 5/' kubectl apply edit-last-applied deploy/web
deployment.apps/web edited
$ kubectl apply view-last-applied deploy web | grep replicas
  replicas: 5
$ KUBE_EDITOR=true kubectl apply edit-last-applied deploy/web
Edit cancelled, no changes made.
",
    );
}
