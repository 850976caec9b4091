//! Files in containers: what is there, whose it is, and who may change it.

use std::collections::BTreeMap;

use kubarium::kubectl::headless::{Options, Terminal};
use kubarium::sim::secs;

/// A terminal beside a cluster in which the pods of a manifest run.
fn with(yaml: &str) -> Terminal {
    let options = Options {
        nodes: 1,
        bare: false,
        seed: 1,
    };
    let mut terminal = Terminal::new(options.cluster(), BTreeMap::new(), "default");
    let outcome = terminal.run(&format!("cat <<EOF | kubectl apply -f -\n{yaml}\nEOF"));
    assert_eq!(outcome.exit_code, 0, "{}", outcome.text);
    terminal.desk.borrow_mut().run_for(secs(40));
    terminal
}

/// Runs lines in the first container of the pod `p`; each has to print what stands beside it.
fn prints(terminal: &mut Terminal, cases: &[(&str, &str)]) {
    for (script, expected) in cases {
        let quoted = script.replace('\'', "'\\''");
        let outcome = terminal.run(&format!("kubectl exec p -- sh -c '{{ {quoted}; }} 2>&1'"));
        assert_eq!(outcome.text, *expected, "{script}");
    }
}

/// The pod of "Configure a Security Context for a Pod or Container".
#[test]
fn a_volume_belongs_to_the_group_of_the_pod() {
    let mut terminal = with(
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {securityContext: {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, \
         supplementalGroups: [4000]}, volumes: [{name: v, emptyDir: {}}], containers: [{name: c, image: 'busybox:1.28', \
         command: [sh, -c, sleep 1h], volumeMounts: [{name: v, mountPath: /data/demo}]}]}}",
    );
    prints(
        &mut terminal,
        &[
            ("id", "uid=1000 gid=3000 groups=3000,2000,4000\n"),
            (
                "cd /data && stat -c '%a %u:%g %F' demo",
                "2777 0:2000 directory\n",
            ),
            (
                "cd /data/demo; echo hello > testfile; stat -c '%A %u:%g %s' testfile; cat testfile",
                "-rw-r--r-- 1000:2000 6\nhello\n",
            ),
            (
                "ls -ln /data | tail -n 1 | cut -c 1-40",
                "drwxrwsrwx    2 0        2000          4\n",
            ),
            ("touch /x; echo $?", "touch: /x: Permission denied\n1\n"),
            (
                "echo x > /etc/x || echo no",
                "sh: can't create /etc/x: Permission denied\nno\n",
            ),
            ("touch /tmp/mine; stat -c %u:%g /tmp/mine", "1000:3000\n"),
            (
                "cd /data/demo; chmod 600 testfile; ls -l testfile | cut -d ' ' -f 1",
                "-rw-------\n",
            ),
            (
                "chown 5 /data/demo/testfile; echo $?",
                "chown: /data/demo/testfile: Operation not permitted\n1\n",
            ),
            (
                "ls /root; cat /etc/passwd | head -n 1",
                "ls: can't open '/root': Permission denied\nroot:x:0:0:root:/root:/bin/sh\n",
            ),
            ("whoami || umask", "whoami: unknown uid 1000\n0022\n"),
            (
                "head -n 1 /proc/1/status; ls -l /data/demo/none",
                "Name:\tsh\nls: /data/demo/none: No such file or directory\ncommand terminated with exit code 1\n",
            ),
        ],
    );
}

#[test]
fn what_objects_show_has_the_modes_that_the_volume_says() {
    let mut terminal = with(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: one, b: two}\n---\n\
         {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {volumes: [{name: v, secret: {secretName: s, defaultMode: 0400, \
         items: [{key: a, path: a}, {key: b, path: deep/b, mode: 0444}]}}], containers: [{name: c, image: busybox, \
         command: [sleep, infinity], volumeMounts: [{name: v, mountPath: /etc/s}]}]}}",
    );
    prints(
        &mut terminal,
        &[
            (
                "stat -L -c '%a %n' /etc/s/a /etc/s/deep/b",
                "400 /etc/s/a\n444 /etc/s/deep/b\n",
            ),
            (
                "echo x > /etc/s/a; echo $?",
                "sh: can't create /etc/s/a: Read-only file system\n1\n",
            ),
            (
                "rm /etc/s/a || rm -r /etc/s/..data/deep",
                "rm: can't remove '/etc/s/a': Read-only file system\nrm: can't remove '/etc/s/..data/deep/b': Read-only file system\ncommand terminated with exit code 1\n",
            ),
            (
                "mount | grep /etc/s",
                "tmpfs on /etc/s type tmpfs (ro,relatime)\n",
            ),
        ],
    );
}

#[test]
fn folders_links_and_the_tools_for_them() {
    let mut terminal = with(
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: 'nginx:1.27'}]}}",
    );
    prints(
        &mut terminal,
        &[
            (
                "cd /tmp; mkdir a; mkdir a; mkdir -p a/b/c; ls -R a",
                "mkdir: can't create directory 'a': File exists\na:\nb\n\na/b:\nc\n\na/b/c:\n",
            ),
            (
                "cd /tmp/a; echo 1 > b/one; cp b two; cp -r b two; ls two",
                "cp: omitting directory 'b'\nc\none\n",
            ),
            (
                "cd /tmp/a; mv two three; ls; rm three; rm -r three; ls",
                "b\nthree\nrm: 'three' is a directory\nb\n",
            ),
            (
                "cd /tmp/a; ln -s b/one link; cat link; readlink link; echo 2 > link; cat b/one; ls -l link | tail -c 14",
                "1\nb/one\n2\nlink -> b/one\n",
            ),
            (
                "cd /tmp/a; rmdir b; rmdir none; rm link b/one; rmdir b/c b; ls",
                "rmdir: 'b': Directory not empty\nrmdir: 'none': No such file or directory\n",
            ),
            (
                "echo x > /nope/x; cd /nope; cd /etc/passwd; echo $?",
                "sh: can't create /nope/x: nonexistent directory\ncd: can't cd to /nope: No such file or directory\ncd: can't cd to /etc/passwd: Not a directory\n2\n",
            ),
            (
                "grep ^PRETTY /etc/os-release; whoami; id -un",
                "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nroot\nroot\n",
            ),
            (
                "cd /tmp; umask 077; touch t; stat -c %a t; chmod u+x,g=r t; stat -c '%a %U' t; chown nobody:1 t; stat -c '%u %g' t",
                "600\n740 root\n65534 1\n",
            ),
            (
                "df -h / | tail -n 1 | tr -s ' ' | cut -d ' ' -f 1,6",
                "overlay /\n",
            ),
            (
                "rm /proc/uptime",
                "rm: can't remove '/proc/uptime': Operation not permitted\ncommand terminated with exit code 1\n",
            ),
        ],
    );
}

/// What used to pass text through as it was.
#[test]
fn text_is_cut_sorted_and_counted() {
    let mut terminal = with(
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: busybox, command: [sleep, infinity]}]}}",
    );
    prints(
        &mut terminal,
        &[
            (
                "printf 'b 2\\na 10\\na 9\\n' | sort -k2 -n | cut -d ' ' -f 1 | uniq -c",
                "      1 b\n      2 a\n",
            ),
            (
                "echo a,b | tr ',' '\\n' | xargs -I{} echo item {}",
                "item a\nitem b\n",
            ),
            ("echo 1 2 3 | xargs -n 2 echo n", "n 1 2\nn 3\n"),
            (
                "echo abc | grep -o '[bc]' | tail -n 1; echo x > /tmp/f; wc -l /tmp/f; wc -c < /tmp/f",
                "c\n1 /tmp/f\n2\n",
            ),
            (
                "echo abc | grep -E 'x|c' && echo abc | grep -q x || echo none",
                "abc\nnone\n",
            ),
        ],
    );
}
