//! Commands in running containers, and requests from inside them.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use kubarium::kubectl::END;
use kubarium::kubectl::headless::{Options, Terminal};
use kubarium::sim::secs;
use serde_json::{Value, json};

use crate::common::{created, json_of, settled};

fn wait(terminal: &mut Terminal, seconds: u64) {
    terminal.desk.borrow_mut().run_for(secs(seconds));
}

/// Text and exit code of a line.
fn run(terminal: &mut Terminal, line: &str) -> (String, i32) {
    let outcome = terminal.run(line);
    assert!(!outcome.interrupted, "{line}: {}", outcome.text);
    (outcome.text, outcome.exit_code)
}

fn applied(terminal: &mut Terminal, yaml: &str) {
    let (text, code) = run(
        terminal,
        &format!("cat <<EOF | kubectl apply -f -\n{yaml}\nEOF"),
    );
    assert_eq!(code, 0, "{text}");
}

#[test]
fn commands_run_in_containers() {
    let mut t = settled(2);
    applied(
        &mut t,
        "{apiVersion: v1, kind: Pod, metadata: {name: two}, spec: {initContainers: [{name: i, image: busybox}], containers: [\
         {name: a, image: busybox, command: [sleep, infinity], env: [{name: WHO, value: you}]}, {name: b, image: nginx}]}}",
    );
    wait(&mut t, 30);
    let cases: [(&str, &str, i32); 14] = [
        (
            "kubectl exec two -c a -- ls / | tr '\\n' ' '",
            "bin dev etc home lib proc root sys tmp usr var ",
            0,
        ),
        (
            "kubectl exec two -- echo hello",
            "Defaulted container \"a\" out of: a, b, i (init)\nhello\n",
            0,
        ),
        (
            "kubectl exec two -c a -- sh -c 'echo $WHO; hostname'",
            "you\ntwo\n",
            0,
        ),
        ("kubectl exec two -c b -- cat /etc/hostname", "two\n", 0),
        (
            "kubectl exec pod/two -c a -- sh -c 'echo -n x > /tmp/f'",
            "",
            0,
        ),
        ("kubectl exec two -c a -- cat /tmp/f", "x", 0),
        (
            "kubectl exec two -c a -- sh -c 'exit 3'",
            "command terminated with exit code 3\n",
            3,
        ),
        (
            "kubectl exec two -c a -- sh -c nosuch",
            "sh: nosuch: not found\ncommand terminated with exit code 127\n",
            127,
        ),
        (
            "echo 'echo one; echo two' | kubectl exec -i two -c a -- sh",
            "one\ntwo\n",
            0,
        ),
        ("echo hi | kubectl exec -i two -c a -- cat", "hi\n", 0),
        (
            "kubectl exec two -c x -- date",
            "error: container x is not valid for pod two out of: a, b, i (init)\n",
            1,
        ),
        (
            "kubectl exec nosuch -- date",
            "Error from server (NotFound): pods \"nosuch\" not found\n",
            1,
        ),
        (
            "kubectl exec two",
            "error: you must specify at least one command for the container\n",
            1,
        ),
        (
            "kubectl exec two date",
            "error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\nSee 'kubectl exec -h' for help and examples\n",
            1,
        ),
    ];
    for (line, text, code) in cases {
        assert_eq!(run(&mut t, line), (text.to_owned(), code), "{line}");
    }
    let (text, code) = run(&mut t, "kubectl exec two -c a -- nosuch -v");
    assert!(
        text.starts_with("error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec \"")
            && text.ends_with("\": OCI runtime exec failed: exec failed: unable to start container process: exec: \"nosuch\": executable file not found in $PATH: unknown\n"),
        "{text}"
    );
    assert_eq!(code, 1);
    let before = t.desk.borrow().now();
    assert_eq!(
        run(&mut t, "kubectl exec two -c a -- sh -c 'sleep 3; echo up'").0,
        "up\n"
    );
    let took = t.desk.borrow().now().since(before);
    assert!((secs(3)..secs(4)).contains(&took), "{took:?}");
}

#[test]
fn there_is_nothing_to_run_in_what_has_ended() {
    let mut t = settled(2);
    applied(
        &mut t,
        "{apiVersion: v1, kind: Pod, metadata: {name: done}, spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}",
    );
    applied(
        &mut t,
        "{apiVersion: v1, kind: Pod, metadata: {name: bad}, spec: {containers: [{name: c, image: 'busybox:nosuch'}]}}",
    );
    wait(&mut t, 30);
    assert_eq!(
        run(&mut t, "kubectl exec done -- date").0,
        "error: cannot exec into a container in a completed pod; current phase is Succeeded\n"
    );
    assert_eq!(
        run(&mut t, "kubectl exec bad -- date").0,
        "error: Internal error occurred: unable to upgrade connection: container not found (\"c\")\n"
    );
}

#[test]
fn a_shell_reads_what_is_typed() {
    let mut t = settled(2);
    applied(
        &mut t,
        "{apiVersion: v1, kind: Pod, metadata: {name: box}, spec: {containers: [{name: c, image: busybox, command: [sleep, infinity]}]}}",
    );
    wait(&mut t, 20);
    let mut job = t.session.start("kubectl exec -it box -- sh");
    let mut text = String::new();
    let mut lines = ["x=7", "cd /tmp", "echo $x; nosuch", "exit 4"].into_iter();
    let mut code = None;
    for _ in 0..200 {
        let progress = job.poll();
        for span in progress.output {
            text.push_str(&span.text);
        }
        code = progress.exit_code;
        if code.is_some() {
            break;
        }
        if text.ends_with("# ")
            && let Some(line) = lines.next()
        {
            text.push_str(&format!("{line}\n"));
            job.type_line(line);
        }
        t.desk.borrow_mut().run_for(kubarium::sim::millis(50));
    }
    assert_eq!(
        text,
        "/ # x=7\n/ # cd /tmp\n/tmp # echo $x; nosuch\n7\nsh: nosuch: not found\n/tmp # exit 4\ncommand terminated with exit code 4\n"
    );
    assert_eq!(code, Some(4));
}

#[test]
fn requests_from_inside_a_container_go_over_the_network() {
    let mut t = settled(2);
    for line in [
        "kubectl create deployment web --image=nginx --replicas=2",
        "kubectl expose deployment web --port=80",
        "kubectl create service clusterip nobody --tcp=80",
        "kubectl run box --image=curlimages/curl --command -- sleep infinity",
    ] {
        assert_eq!(run(&mut t, line).1, 0);
    }
    wait(&mut t, 40);
    for (line, expected) in [
        (
            "kubectl exec box -- wget -qO- http://web | grep -c title",
            "1\n",
        ),
        (
            "kubectl exec box -- sh -c 'wget -qO- web.default.svc.cluster.local | grep h1 | wc -l'",
            "1\n",
        ),
        (
            "kubectl exec box -- sh -c 'x=$(wget -qO- web | grep -c title); echo got $x $(curl -s -o /dev/null -w \"%{http_code}\" web/nosuch)'",
            "got 1 404\n",
        ),
        (
            "kubectl exec box -- sh -c 'for i in 1 2 3; do curl -s web; done | grep -c /title'",
            "3\n",
        ),
        (
            "kubectl exec box -- sh -c 'if nc -z web 80; then echo open; fi'",
            "open\n",
        ),
        (
            "kubectl exec box -- wget -qO- http://nosuch",
            "wget: bad address 'nosuch'\ncommand terminated with exit code 1\n",
        ),
        (
            "kubectl exec box -- curl -s -S http://nobody",
            "curl: (7) Failed to connect to nobody port 80 after ",
        ),
        (
            "kubectl exec box -- curl -m 1 http://10.96.250.250",
            "curl: (28) Connection timed out after ",
        ),
        (
            "kubectl exec box -- nslookup web",
            "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\nName:\tweb.default.svc.cluster.local\nAddress: 10.",
        ),
        (
            "kubectl exec box -- nslookup nosuch",
            "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n** server can't find nosuch: NXDOMAIN\n\ncommand terminated with exit code 1\n",
        ),
    ] {
        let (text, _) = run(&mut t, line);
        assert!(text.starts_with(expected), "{line}: {text}");
    }
    // The pod's own address is in the log of the server.
    let (text, _) = run(&mut t, "kubectl logs -l app=web | grep -c 'GET / HTTP'");
    assert_eq!(text, "6\n");
}

#[test]
fn the_api_is_asked_with_the_token_of_the_pod() {
    let mut t = settled(2);
    assert_eq!(
        run(
            &mut t,
            "kubectl run box --image=curlimages/curl --command -- sleep infinity"
        )
        .1,
        0
    );
    wait(&mut t, 30);
    let script = "T=$(cat /var/run/secrets/kubernetes.io/serviceaccount/token); \
         curl -sk -H \"Authorization: Bearer $T\" https://kubernetes.default.svc/api/v1/namespaces/default/pods";
    let line = format!("kubectl exec box -- sh -c '{script}'");
    let (text, code) = run(&mut t, &line);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("pods is forbidden: User \\\"system:serviceaccount:default:default\\\" cannot list resource"),
        "{text}"
    );
    run(
        &mut t,
        "kubectl create rolebinding see --clusterrole=view --serviceaccount=default:default",
    );
    let (text, _) = run(&mut t, &line);
    assert!(text.contains("\"kind\": \"PodList\""), "{text}");
    let (text, _) = run(
        &mut t,
        "kubectl exec box -- curl -s https://kubernetes.default.svc/version",
    );
    assert_eq!(text, "command terminated with exit code 60\n");
}

#[test]
fn an_init_container_waits_for_a_service() {
    let mut t = settled(2);
    applied(
        &mut t,
        "{apiVersion: v1, kind: Pod, metadata: {name: app}, spec: {initContainers: [{name: wait, image: busybox, \
         command: [sh, -c, 'until nslookup db > /dev/null; do echo waiting; sleep 2; done']}], containers: [{name: c, image: nginx}]}}",
    );
    wait(&mut t, 20);
    let (text, _) = run(&mut t, "kubectl get pod app");
    assert!(text.contains("Init:0/1"), "{text}");
    run(&mut t, "kubectl create service clusterip db --tcp=5432");
    wait(&mut t, 20);
    let (text, _) = run(&mut t, "kubectl get pod app");
    assert!(text.contains("1/1     Running"), "{text}");
}

#[test]
fn a_pod_may_be_run_for_one_command() {
    let mut t = settled(2);
    for line in [
        "kubectl create deployment web --image=nginx",
        "kubectl expose deployment web --port=80",
    ] {
        assert_eq!(run(&mut t, line).1, 0);
    }
    wait(&mut t, 40);
    let run_it = "kubectl run tmp --rm -i --restart=Never --image=busybox -- ";
    assert_eq!(
        run(
            &mut t,
            &format!("{run_it} sh -c 'wget -qO- http://web | grep -c title'")
        ),
        (
            format!("{RECORDED}1\npod \"tmp\" deleted from default namespace\n"),
            0
        )
    );
    wait(&mut t, 40);
    assert_eq!(
        run(&mut t, &format!("{run_it} sh -c 'echo bad; exit 3'")),
        (
            format!(
                "{RECORDED}bad\npod \"tmp\" deleted from default namespace\npod default/tmp terminated (Error)\n"
            ),
            3
        )
    );
    wait(&mut t, 40);
    let (text, code) = run(
        &mut t,
        "echo 'echo in; hostname' | kubectl run box --rm -i --image=busybox -- sh",
    );
    assert_eq!(
        (text, code),
        (
            format!("{RECORDED}in\nbox\npod \"box\" deleted from default namespace\n"),
            0
        )
    );
}

/// What a program says that carries the streams of a real client.
fn ask(cluster: &mut Cluster, method: Method, path: &str, body: Value) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut request = Request::new(method, format!("/api/v1/namespaces/default/pods/{path}"));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        request = request.with_query(name, value);
    }
    if !body.is_null() {
        request = request.with_body(body);
    }
    json_of(cluster.request(&request))
}

fn ticking() -> Cluster {
    let options = Options {
        nodes: 1,
        bare: false,
        seed: 1,
    };
    let mut cluster = options.cluster();
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: box}, spec: {containers: [{name: c, image: busybox, \
         command: [sh, -c, 'while true; do echo tick; sleep 1; done']}, \
         {name: s, image: busybox, stdin: true, tty: true}]}}",
    );
    cluster.run_for(secs(30));
    cluster
}

#[test]
fn a_command_reads_what_is_typed_as_far_as_it_needs_it() {
    let mut cluster = ticking();
    let cluster = &mut cluster;
    let start = "box/exec?container=c&command=cat&stdin=true";
    let started = ask(cluster, Method::Post, start, Value::Null);
    let session = format!("box/exec?session={}", started["session"]);
    let typed = ask(cluster, Method::Post, &session, json!({"stdin": "a\n"}));
    assert_eq!(
        (&typed["stdout"], &typed["exitCode"]),
        (&json!("a\n"), &Value::Null)
    );
    cluster.run_for(secs(5));
    let typed = ask(
        cluster,
        Method::Post,
        &session,
        json!({"stdin": "b", "eof": true}),
    );
    assert_eq!(
        (&typed["stdout"], &typed["exitCode"]),
        (&json!("a\nb"), &json!(0))
    );
    // What reads nothing is done at once, by whatever name it goes.
    for (command, expected) in [
        ("command=echo&command=hi", "hi\n"),
        ("command=cat&command=/etc/hostname", "box\n"),
        ("command=sh&command=-c&command=echo hi | cat", "hi\n"),
        (
            "command=grep&command=-c&command=box&command=/etc/hostname",
            "1\n",
        ),
    ] {
        let start = format!("box/exec?container=c&{command}&stdin=true");
        let started = ask(cluster, Method::Post, &start, Value::Null);
        let session = format!("box/exec?session={}", started["session"]);
        let done = ask(cluster, Method::Get, &session, Value::Null);
        assert_eq!(
            (&done["stdout"], &done["exitCode"]),
            (&json!(expected), &json!(0)),
            "{command}"
        );
    }
    // In a script, what stands before the command that reads is done.
    let script = "command=sh&command=-c&command=echo a; x=$(cat | wc -l); echo $x";
    let start = format!("box/exec?container=c&{script}&stdin=true");
    let started = ask(cluster, Method::Post, &start, Value::Null);
    let session = format!("box/exec?session={}", started["session"]);
    let typed = ask(cluster, Method::Post, &session, json!({"stdin": "1\n2\n"}));
    assert_eq!(
        (&typed["stdout"], &typed["exitCode"]),
        (&json!("a\n"), &Value::Null)
    );
    let typed = ask(
        cluster,
        Method::Post,
        &session,
        json!({"stdin": "", "eof": true}),
    );
    assert_eq!(
        (&typed["stdout"], &typed["exitCode"]),
        (&json!("a\n2\n"), &json!(0))
    );
}

/// Brings input to a session, and tells how far it has come.
fn typed(cluster: &mut Cluster, session: &str, text: &str) -> (String, Value) {
    let state = ask(cluster, Method::Post, session, json!({ "stdin": text }));
    let out = state["stdout"].as_str().unwrap_or_default().to_owned();
    (out, state["exitCode"].clone())
}

fn attached(cluster: &mut Cluster, what: &str) -> String {
    let session = ask(cluster, Method::Post, what, Value::Null);
    let mark = session["session"].as_str().unwrap_or_default().to_owned();
    assert!(mark.starts_with("process."), "{session}");
    format!("box/attach?session={mark}")
}

#[test]
fn the_shell_of_a_container_is_attached_to() {
    let mut cluster = ticking();
    let cluster = &mut cluster;
    let typist = attached(cluster, "box/attach?container=s&stdin=true&tty=true");
    let watcher = attached(cluster, "box/attach?container=s&stdout=true");
    // The prompt stands there already; who only watches has no say.
    let (out, exit) = typed(cluster, &watcher, "echo no\n");
    assert_eq!((out.as_str(), exit), ("/ # ", Value::Null));
    let (out, _) = typed(
        cluster,
        &typist,
        "cd /tmp; read x; echo got $x\nhello\nfor i in 1 2\ndo echo $i\ndone\n",
    );
    assert_eq!(out, "/ # got hello\n/tmp # > > 1\n2\n/tmp # ");
    // Both see the same; it is the process, and no shell beside it.
    let (seen, _) = typed(cluster, &watcher, "");
    assert_eq!(seen, out);
    let (out, _) = typed(cluster, &typist, "cat > f\none\n");
    assert!(out.ends_with("/tmp # "), "{out}");
    ask(cluster, Method::Post, &typist, json!({"eof": true}));
    let (out, exit) = typed(
        cluster,
        &typist,
        "cat f; ps | grep -c ' 1 root .*sh'\nsh\nx=2\nexit\necho $x.\n",
    );
    assert!(
        out.ends_with("/tmp # one\n1\n/tmp # /tmp # /tmp # /tmp # hello.\n/tmp # "),
        "{out:?}"
    );
    assert_eq!(exit, Value::Null);
    // A terminal that loses its client keeps the shell, unless it was meant for one client.
    ask(
        cluster,
        Method::Post,
        &typist,
        json!({"eof": false, "gone": true}),
    );
    let again = attached(cluster, "box/attach?container=s&stdin=true&tty=true");
    assert_eq!(typed(cluster, &again, "").1, Value::Null);
    // With the shell, the container ends, and is restarted.
    let last = "trap 'echo bye' EXIT\nsh\ntrap 'echo inner' EXIT\n";
    let (out, _) = typed(cluster, &again, last);
    assert_eq!(out, "/tmp # /tmp # /tmp # /tmp # ");
    ask(cluster, Method::Post, &again, json!({"eof": true}));
    let (out, exit) = typed(cluster, &again, "exit 3\n");
    assert!(out.ends_with("/tmp # inner\n/tmp # bye\n"), "{out}");
    assert_eq!(exit, json!(0));
    cluster.run_for(secs(5));
    let pod = ask(cluster, Method::Get, "box", Value::Null);
    let statuses = pod["status"]["containerStatuses"].as_array().cloned();
    let statuses = statuses.unwrap_or_default();
    let shell = statuses.iter().find(|s| s["name"] == "s");
    let shell = shell.cloned().unwrap_or_default();
    assert_eq!(shell["restartCount"], 1, "{shell}");
    assert_eq!(shell["lastState"]["terminated"]["exitCode"], 3, "{shell}");
    // Who was attached to the run before sees nothing of this one.
    assert_eq!(
        typed(cluster, &again, "echo lost\n"),
        (String::new(), json!(0))
    );
}

/// Types lines at a command whenever it asks with a prompt, and tells all that was shown, and its exit code.
fn talked(t: &mut Terminal, command: &str, lines: &[&str]) -> (String, Option<i32>) {
    let mut job = t.session.start(command);
    let (mut text, mut lines) = (String::new(), lines.iter());
    for _ in 0..4000 {
        let progress = job.poll();
        for span in progress.output {
            text.push_str(&span.text);
        }
        if progress.exit_code.is_some() {
            return (text, progress.exit_code);
        }
        if (text.ends_with("# ") || text.ends_with("> "))
            && let Some(line) = lines.next()
        {
            if *line != END {
                text.push_str(&format!("{line}\n"));
            }
            job.type_line(line);
        }
        t.desk.borrow_mut().run_for(kubarium::sim::millis(50));
    }
    (text, None)
}

const RECORDED: &str = "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.\nIf you don't see a command prompt, try pressing enter.\n";

#[test]
fn a_pod_ends_with_the_shell_that_it_runs() {
    let mut t = settled(2);
    let command = "kubectl run -it box --image=busybox -- sh";
    let (text, code) = talked(&mut t, command, &["hostname", "exit"]);
    assert_eq!(
        text,
        format!(
            "{RECORDED}/ # hostname\nbox\n/ # exit\nSession ended, resume using 'kubectl attach box -c box -n default -i -t' command when the pod is running\n"
        )
    );
    assert_eq!(code, Some(0));
    wait(&mut t, 5);
    let (text, _) = run(&mut t, "kubectl get pod box --no-headers");
    assert!(text.contains("1/1   Running   1 ("), "{text}");
    assert_eq!(
        run(&mut t, "kubectl logs box -p").0,
        "/ # hostname\nbox\n/ # exit\n"
    );
    let (text, code) = talked(&mut t, "kubectl attach box -it", &[END]);
    assert_eq!(
        text,
        format!(
            "{RECORDED}/ # Session ended, resume using 'kubectl attach box -c box -n default -i -t' command when the pod is running\n"
        )
    );
    assert_eq!(code, Some(0));

    // Where it is not restarted, it is over, and the code comes through.
    let command = "kubectl run -it deb --image=debian --restart=Never";
    let (text, code) = talked(&mut t, command, &["cd", "exit 4"]);
    assert_eq!(
        text,
        format!(
            "{RECORDED}root@deb:/# cd\nroot@deb:~# exit 4\nexit\npod default/deb terminated (Error)\n"
        )
    );
    assert_eq!(code, Some(4));
    let (text, _) = run(&mut t, "kubectl get pod deb --no-headers");
    assert!(text.contains("0/1   Error   0 "), "{text}");

    // Input from a pipe ends: what reads it ends with it, and so does the pod.
    let (text, code) = run(
        &mut t,
        "printf 'one\\ntwo' | kubectl run -i count --image=busybox --restart=Never -- wc -l",
    );
    assert_eq!((text, code), (format!("{RECORDED}1\n"), 0));
    let (text, _) = run(&mut t, "kubectl get pod count --no-headers");
    assert!(text.contains("0/1   Completed   0 "), "{text}");
}

#[test]
fn processes_are_listed_as_the_image_lists_them() {
    let mut t = settled(2);
    applied(
        &mut t,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: small, image: busybox, args: [sleep, infinity]}, \
         {name: full, image: ubuntu, args: [sleep, infinity]}, {name: shell, image: ubuntu, stdin: true}]}}",
    );
    wait(&mut t, 30);
    for (line, expected) in [
        (
            "kubectl exec p -c small -- ps aux",
            "PID   USER     TIME  COMMAND\n    1 root     0:00 sleep infinity\n    9 root     0:00 ps aux\n",
        ),
        (
            "kubectl exec p -c full -- ps",
            "    PID TTY          TIME CMD\n     31 pts/0    00:00:00 ps\n",
        ),
        (
            "kubectl exec p -c full -- bash -c 'ps'",
            "    PID TTY          TIME CMD\n     31 pts/0    00:00:00 bash\n     38 pts/0    00:00:00 ps\n",
        ),
        (
            "kubectl exec p -c full -- ps -e | head -2",
            "    PID TTY          TIME CMD\n      1 ?        00:00:00 sleep\n",
        ),
        (
            "kubectl exec p -c full -- sh -c 'ps aux | grep sleep | head -1' | cut -c1-26",
            "root           1  0.0  0.0\n",
        ),
        (
            "kubectl exec p -c full -- ps -ef | head -2 | cut -c1-34",
            "UID          PID    PPID  C STIME \nroot           1       0  0 00:01 \n",
        ),
        (
            "kubectl exec p -c shell -- ps -e | head -2 | tail -1",
            "      1 ?        00:00:00 bash\n",
        ),
    ] {
        assert_eq!(run(&mut t, line).0, expected, "{line}");
    }
}

#[test]
fn what_a_container_writes_from_now_on_is_attached_to() {
    let mut cluster = ticking();
    let cluster = &mut cluster;
    let started = ask(
        cluster,
        Method::Post,
        "box/attach?container=c&stdout=true",
        Value::Null,
    );
    let mark = started["session"].as_str().unwrap_or_default().to_owned();
    let session = format!("box/attach?session={mark}");
    let now = ask(cluster, Method::Get, &session, Value::Null);
    assert_eq!(
        (&now["stdout"], &now["exitCode"]),
        (&json!(""), &Value::Null)
    );
    cluster.run_for(secs(2));
    let now = ask(cluster, Method::Get, &session, Value::Null);
    assert_eq!(now["stdout"], "tick\ntick\n");
    let rest = ask(
        cluster,
        Method::Get,
        &format!("{session}&stdoutFrom=5"),
        Value::Null,
    );
    assert_eq!(rest["stdout"], "tick\n");

    for nonsense in [
        "log.",
        "log.x.y.z",
        "log.99999999999999999999.1.c",
        "process.1.x.0.1.s",
        "process.1.0.0.1",
        "7777",
    ] {
        let session = format!("box/attach?session={nonsense}");
        let answer = ask(cluster, Method::Get, &session, Value::Null);
        assert_eq!(answer["code"], 400, "{nonsense}: {answer}");
    }
    let gone = json!({"gracePeriodSeconds": 0});
    ask(cluster, Method::Delete, "box", gone);
    let answer = ask(cluster, Method::Get, &session, Value::Null);
    assert_eq!(answer["code"], 404, "{answer}");
}
