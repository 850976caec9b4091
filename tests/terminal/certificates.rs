//! Certificates, as a person asks for them and decides.

use super::Bench;

/// A request of `/O=dev/CN=jane`, made by openssl.
const JANE: &str = "\
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: jane}
spec:
  request: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWU1IOENBUUF3SFRFTU1Bb0dBMVVFQ2d3RFpHVjJNUTB3Q3dZRFZRUUREQVJxWVc1bE1Ga3dFd1lIS29aSQp6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVtTVFTdDlaUktkVTVxcVJIbDBoS1RsSzZuRmRsT2UrUFhBcUtTS1dlCnJvNHFuTWllWGZDUXo0TVZBb1h3czlrSjhJOHpzMENGN2dycHU3QzNiRENrREtBQU1Bb0dDQ3FHU000OUJBTUMKQTBrQU1FWUNJUUM0OXpBdnI3Zlg2Q2RmajUrTkZKQVFpY1NndXVmOU1mYzNXR0tqeTMxblV3SWhBSUxyRXNjYQpDS3Rxd0dsTTdEWGd1WHFKK3lEdENteG1yejFHbDdSWXJFaEcKLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==
  signerName: kubernetes.io/kube-apiserver-client
  expirationSeconds: 86400
  usages: [client auth]
";

#[test]
fn a_request_is_approved_and_another_denied() {
    let joe = JANE.replace("name: jane", "name: joe");
    let mut bench = Bench::bare(&[("jane.yaml", JANE), ("joe.yaml", &joe)]);
    bench.check(
        "\
$ kubectl create -f jane.yaml -f joe.yaml
certificatesigningrequest.certificates.k8s.io/jane created
certificatesigningrequest.certificates.k8s.io/joe created
$ kubectl get csr
NAME   AGE   SIGNERNAME                            REQUESTOR          REQUESTEDDURATION   CONDITION
jane   0s    kubernetes.io/kube-apiserver-client   kubernetes-admin   24h                 Pending
joe    0s    kubernetes.io/kube-apiserver-client   kubernetes-admin   24h                 Pending
$ kubectl certificate approve jane
certificatesigningrequest.certificates.k8s.io/jane approved
$ kubectl certificate deny -f joe.yaml
certificatesigningrequest.certificates.k8s.io/joe denied
$ sleep 1; kubectl get csr --no-headers
jane   1s    kubernetes.io/kube-apiserver-client   kubernetes-admin   24h   Approved,Issued
joe    1s    kubernetes.io/kube-apiserver-client   kubernetes-admin   24h   Denied
$ kubectl certificate approve joe
error: certificate signing request \"joe\" is already Denied
exit=1
$ kubectl certificate approve jane $(kubectl get csr jane -o name)
certificatesigningrequest.certificates.k8s.io/jane approved
certificatesigningrequest.certificates.k8s.io/jane approved
$ kubectl certificate approve
error: one or more CSRs must be specified as <name> or -f <filename>
exit=1
$ kubectl certificate approve nobody
Error from server (NotFound): certificatesigningrequests.certificates.k8s.io \"nobody\" not found
exit=1
$ kubectl get csr jane -o jsonpath='{.status.certificate}' | base64 -d | head -1
-----BEGIN CERTIFICATE-----
$ kubectl describe csr jane
Name:                jane
Labels:              <none>
Annotations:         <none>
CreationTimestamp:   ..
Requesting User:     kubernetes-admin
Signer:              kubernetes.io/kube-apiserver-client
Requested Duration:  24h
Status:              Approved,Issued
Subject:
         Common Name:    jane
         Serial Number:  
         Organization:   dev
Events:  <none>
",
    );
}

#[test]
fn a_person_gets_a_certificate_and_works_with_it() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        "\
$ openssl genrsa -out jane.key 2048; head -1 jane.key
-----BEGIN PRIVATE KEY-----
$ openssl req -new -key jane.key -subj '/O=dev/CN=jane' -out jane.csr
$ openssl req -in jane.csr -noout -subject
subject=O = dev, CN = jane
$ cat <<EOF | kubectl create -f -
> apiVersion: certificates.k8s.io/v1
> kind: CertificateSigningRequest
> metadata:
>   name: jane
> spec:
>   request: $(base64 -w0 jane.csr)
>   signerName: kubernetes.io/kube-apiserver-client
>   expirationSeconds: 3600
>   usages: [client auth]
> EOF
certificatesigningrequest.certificates.k8s.io/jane created
$ kubectl certificate approve jane; sleep 1
certificatesigningrequest.certificates.k8s.io/jane approved
$ kubectl get csr jane -o jsonpath='{.status.certificate}' | base64 -d > jane.crt
$ openssl x509 -in jane.crt -noout -subject -issuer -enddate
subject=O = dev, CN = jane
issuer=CN = kubernetes
notAfter=Jan  1 01:00:.. 2026 GMT
$ kubectl config set-credentials jane --client-certificate=jane.crt --client-key=jane.key
User \"jane\" set.
$ kubectl config set-context jane --cluster=kubarium --user=jane
Context \"jane\" created.
$ kubectl --context=jane auth whoami -o jsonpath='{.status.userInfo.username} {.status.userInfo.groups}'
jane [\"dev\",\"system:authenticated\"]
$ kubectl --context=jane get pods
Error from server (Forbidden): pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"
exit=1
$ kubectl create rolebinding dev --clusterrole=view --group=dev
rolebinding.rbac.authorization.k8s.io/dev created
$ kubectl --context=jane get pods
No resources found in default namespace.
$ sleep 3600; kubectl --context=jane get pods
error: You must be logged in to the server (Unauthorized)
exit=1
$ mv jane.crt away.crt; kubectl --context=jane get pods
Error in configuration: unable to read client-cert jane.crt for jane due to open jane.crt: no such file or directory
exit=1
$ openssl req -new -key away.crt -subj /CN=x
Could not read private key
exit=1
",
    );
}
