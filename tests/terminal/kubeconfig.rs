//! The configuration of kubectl in files of one's own: `--kubeconfig`, and the variable `KUBECONFIG`.

use super::Bench;

#[test]
fn a_file_says_whom_to_ask_and_as_whom() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ kubectl config view --raw > admin.conf
$ kubectl --kubeconfig=admin.conf config current-context
kubarium
$ kubectl --kubeconfig admin.conf get ns default --no-headers
default   Active   ..
$ kubectl create sa robot
serviceaccount/robot created
$ kubectl config set-cluster lab --server=https://1.2.3.4 --kubeconfig=robot.conf
Cluster \"lab\" set.
$ kubectl config set-credentials robot --token=$(kubectl create token robot) --kubeconfig=robot.conf
User \"robot\" set.
$ kubectl config set-context lab --cluster=lab --user=robot --namespace=shop --kubeconfig=robot.conf
Context \"lab\" created.
$ kubectl --kubeconfig=robot.conf get pods
The connection to the server localhost:8080 was refused - did you specify the right host or port?
exit=1
$ kubectl --kubeconfig=robot.conf config use-context lab
Switched to context \"lab\".
$ kubectl --kubeconfig=robot.conf get pods
Error from server (Forbidden): pods is forbidden: User \"system:serviceaccount:default:robot\" cannot list resource \"pods\" in API group \"\" in the namespace \"shop\"
exit=1
$ kubectl --kubeconfig=robot.conf config view
apiVersion: v1
clusters:
- cluster:
    server: https://1.2.3.4
  name: lab
contexts:
- context:
    cluster: lab
    namespace: shop
    user: robot
  name: lab
current-context: lab
kind: Config
users:
- name: robot
  user:
    token: REDACTED
$ kubectl config delete-user nobody --kubeconfig=robot.conf
error: cannot delete user nobody, not in robot.conf
exit=1
",
    );
}

#[test]
fn several_files_are_one_configuration() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ kubectl config view --raw > admin.conf
$ kubectl config set-credentials robot --token=$(kubectl create token default) --kubeconfig=robot.conf
User \"robot\" set.
$ kubectl config set-context lab --cluster=kubarium --user=robot --kubeconfig=robot.conf
Context \"lab\" created.
$ kubectl config use-context lab --kubeconfig=robot.conf
Switched to context \"lab\".
$ export KUBECONFIG=robot.conf:admin.conf:nope
$ kubectl config get-contexts
CURRENT   NAME       CLUSTER    AUTHINFO           NAMESPACE
          kubarium   kubarium   kubernetes-admin   
*         lab        kubarium   robot              
$ kubectl auth whoami -o jsonpath={.status.userInfo.username}
system:serviceaccount:default:default
$ kubectl --context=kubarium auth whoami -o jsonpath={.status.userInfo.username}
kubernetes-admin
$ kubectl config use-context kubarium
Switched to context \"kubarium\".
$ grep current robot.conf
current-context: kubarium
$ kubectl config set-context kubarium --namespace=kube-system
Context \"kubarium\" modified.
$ grep -c kube-system robot.conf; grep -c kube-system admin.conf
0
1
$ KUBECONFIG=/root/.kube/config kubectl config get-contexts -o name
kubarium
$ kubectl --kubeconfig=nope get pods
error: stat nope: no such file or directory
exit=1
$ echo 'kind: Pod' > pod.conf; kubectl --kubeconfig=pod.conf get pods
error: error loading config file \"pod.conf\": no kind \"Pod\" is registered for version \"\" in scheme \"pkg/runtime/scheme.go:110\"
exit=1
",
    );
}

/// Defaults and aliases of one's own.
#[test]
fn preferences_change_what_is_typed() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ kubectl kuberc view
error: no kuberc file found at /root/.kube/kuberc
exit=1
$ kubectl kuberc set --section=defaults --command=get --option=output=name
Updated /root/.kube/kuberc
$ kubectl kuberc set --section=defaults --command=get --option=output=yaml
error: defaults entry for \"get\" already exists, use --overwrite to replace it
exit=1
$ kubectl kuberc set --section=aliases --name=spaces --command=get --prependarg=ns --option=no-headers=true
Updated /root/.kube/kuberc
$ kubectl kuberc view
aliases:
- command: get
  name: spaces
  options:
  - default: \"true\"
    name: no-headers
  prependArgs:
  - ns
apiVersion: kubectl.config.k8s.io/v1beta1
defaults:
- command: get
  options:
  - default: name
    name: output
kind: Preference
$ kubectl get ns default
namespace/default
$ kubectl get ns default -o jsonpath={.kind}
Namespace
$ kubectl spaces default
namespace/default
$ kubectl spaces default -o wide
default   Active   ..
$ KUBECTL_KUBERC=false kubectl get ns default --no-headers
default   Active   ..
$ kubectl get --kuberc=off ns default --no-headers
default   Active   ..
$ echo 'kind: Pod' > other; KUBERC=other kubectl get ns
error: kuberc: no kind \"Pod\" is registered for version \"\"
exit=1
",
    );
}
