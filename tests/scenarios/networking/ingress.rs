//! An ingress controller: nothing before it is installed, then routing by host and path.

use super::{Terminal, answer, applied, run, says, server, service, terminal, wait};

const MANIFEST: &str = "https://raw.githubusercontent.com/kubernetes/ingress-nginx/controller-v1.14.0/deploy/static/provider/cloud/deploy.yaml";

fn shop(t: &mut Terminal) {
    for name in ["shop", "api"] {
        applied(t, &server(name, &format!("app: {name}"), ""));
        applied(t, &service(name, ""));
    }
    applied(t, &service("empty", ""));
    let path = |path: &str, type_: &str, service: &str| {
        format!(
            "{{path: {path}, pathType: {type_}, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}"
        )
    };
    applied(
        t,
        &format!(
            "{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: shop}}, spec: {{ingressClassName: nginx, rules: [{{host: shop.example, http: {{paths: [{}, {}, {}, {}]}}}}]}}}}",
            path("/", "Prefix", "shop"),
            path("/clientip", "Exact", "api"),
            path("/none", "Prefix", "missing"),
            path("/empty", "Prefix", "empty"),
        ),
    );
}

#[test]
fn an_ingress_routes_once_there_is_a_controller() {
    let mut t = terminal(2);
    shop(&mut t);
    wait(&mut t, 90);
    let row = says(&mut t, "kubectl get ingress shop --no-headers");
    assert!(!row.contains("172.18"), "nobody acts on it: {row}");
    assert_eq!(answer(&mut t, "http://shop.example/hostname"), "curl: 6");

    says(&mut t, &format!("kubectl apply -f {MANIFEST}"));
    wait(&mut t, 150);
    let row = says(&mut t, "kubectl get ingress shop --no-headers");
    assert!(row.contains("172.18.255.1"), "{row}");
    let page = says(&mut t, "kubectl describe ingress shop");
    for word in [
        "nginx-ingress-controller",
        "Scheduled for sync",
        "Address:",
        ":8080)",
    ] {
        assert!(page.contains(word), "{word}: {page}");
    }
    let with_host = "-H 'Host: shop.example' http://172.18.255.1";
    assert_eq!(answer(&mut t, &format!("{with_host}/hostname")), "shop");
    let resolve = "--resolve shop.example:80:172.18.255.1 http://shop.example/hostname";
    assert_eq!(answer(&mut t, resolve), "shop");
    assert_eq!(answer(&mut t, "http://shop.example/hostname"), "shop");
    // The pod behind it sees the controller.
    let seen = answer(&mut t, &format!("{with_host}/clientip"));
    let controller = says(
        &mut t,
        "kubectl get pods -n ingress-nginx -o jsonpath={.items[0].status.podIP}",
    );
    assert_eq!(seen, controller);
    let code = |t: &mut Terminal, request: &str| {
        run(
            t,
            &format!("curl -s -o /dev/null -w '%{{http_code}}' {request}"),
        )
        .0
    };
    assert_eq!(code(&mut t, &format!("{with_host}/none")), "503");
    assert_eq!(code(&mut t, &format!("{with_host}/empty")), "503");
    assert_eq!(code(&mut t, "http://172.18.255.1/"), "404");
    let body = answer(&mut t, "http://172.18.255.1/");
    assert!(
        body.contains("404 Not Found") && body.contains("nginx"),
        "{body}"
    );

    // The way is part of the record: through the Ingress to the pod behind it.
    {
        let cluster = t.desk.borrow();
        let flows: Vec<_> = cluster.network().flows_since(0).collect();
        let flow = flows
            .iter()
            .find(|f| f.ingress.is_some())
            .expect("one by the Ingress");
        assert_eq!(flow.service.as_ref().map(|s| &*s.name), Some("shop"));
    }

    // Without the controller's pods there is nobody.
    says(
        &mut t,
        "kubectl scale deployment ingress-nginx-controller -n ingress-nginx --replicas=0",
    );
    wait(&mut t, 30);
    assert!(answer(&mut t, &format!("{with_host}/hostname")).starts_with("curl: "));
}

#[test]
fn a_backend_that_hangs_or_refuses_is_told_in_the_gateways_words() {
    let mut t = terminal(1);
    says(&mut t, &format!("kubectl apply -f {MANIFEST}"));
    shop(&mut t);
    // Nothing listens on the port behind this Service.
    applied(
        &mut t,
        "{apiVersion: v1, kind: Service, metadata: {name: missing}, spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 9}]}}",
    );
    wait(&mut t, 150);
    let get = "-H 'Host: shop.example' http://172.18.255.1";
    let code = |t: &mut Terminal, path: &str| {
        run(
            t,
            &format!("curl -s -o /dev/null -w '%{{http_code}}' {get}{path}"),
        )
        .0
    };
    assert_eq!(code(&mut t, "/none"), "502");
    applied(
        &mut t,
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny}, spec: {podSelector: {matchLabels: {app: shop}}}}",
    );
    wait(&mut t, 1);
    assert_eq!(code(&mut t, "/hostname"), "504");
    assert_eq!(code(&mut t, "/clientip"), "200");
}
