//! The shell: its words, its flow, its jobs, and the programs beside kubectl.

use super::Bench;

#[test]
fn words_and_what_is_made_of_them() {
    let mut bench = Bench::bare(&[("notes.txt", "one\ntwo\n"), ("k8s/app.yaml", "a: 1\n")]);
    bench.check(
        r#"
$ V=deploy/web.yaml; echo ${V#*/} ${V%.*} ${V##*.} ${#V} ${V/web/db} ${V^^} ${V:0:6}
web.yaml deploy/web yaml 15 deploy/db.yaml DEPLOY/WEB.YAML deploy
$ echo ${X:-none} ${X-unset} ${V:+set} ${X:=now} $X ${!Y}
none unset set now now
$ echo ${NOPE:?is missing}; echo not reached
sh: NOPE: is missing
exit=1
$ echo $((1 + 2 * 3)) $(( (5 - 2) ** 2 )) $((V2=4, V2 * 2)) $V2
7 9 8 4
$ echo {a,b}{1..3} x{,y} {3..1} {01..03} '{a,b}' {a}
a1 a2 a3 b1 b2 b3 x xy 3 2 1 01 02 03 {a,b} {a}
$ echo *.txt k8s/* [mn]*.txt '*.txt' no*such
notes.txt k8s/app.yaml notes.txt *.txt no*such
$ echo $'tab\tend' "a'b" 'a"b'
tab	end a'b a"b
$ cat <<-END
> 	indented $((1+1)) $(echo in)
> 	END
indented 2 in
$ cat <<< "here $X"
here now
$ diff <(echo a) <(echo a) && echo same
same
"#,
    );
}

#[test]
fn flow() {
    let mut bench = Bench::bare(&[("list.txt", "a 1\nb 2\n")]);
    bench.check(
        r#"
$ f() { echo "$# $1 $2"; local x=inner; return 3; }; x=outer; f a 'b c'; echo $? $x
2 a b c
3 outer
$ for i in 1 2 3 4; do if [ $i -eq 2 ]; then continue; fi; [ $i = 4 ] && break; echo $i; done
1
3
$ while read name value; do echo "$value-$name"; done < list.txt
1-a
2-b
$ n=0; until [[ $n -ge 3 ]]; do n=$((n+1)); done; echo $n
3
$ for ((i = 0; i < 3; i++)); do printf '%s.' $i; done; echo
0.1.2.
$ case web.yaml in *.json) echo json;; *.yaml|*.yml) echo yaml;; *) echo other;; esac
yaml
$ [[ abc == a* && ! abc =~ ^(x|y)$ ]] && echo fits
fits
$ [ -f list.txt -a -n "$HOME" ] && [ ! -e nope ] && echo there
there
$ set -- a 'b c' d; for w in "$@"; do echo "<$w>"; done; shift; echo $1 $#
<a>
<b c>
<d>
b c 2
$ (x=sub; echo $x); echo $x
sub
outer
$ sh -c 'set -e; false; echo no'
exit=1
$ sh -c 'set -e; if false; then :; fi; false || echo went on'
went on
$ set -x; echo traced word; set +x
+ echo traced word
traced word
+ set +x
$ if ((n > 2)); then echo more; fi; ((0)); echo $?
more
1
$ { echo out; echo err >&2; } 2>/dev/null | tr a-z A-Z
OUT
$ echo a > f.txt; echo b >> f.txt; cat f.txt; wc -l < f.txt
a
b
2
$ eval 'echo $((2*3))'; command -v kubectl; type f | head -1
6
/usr/bin/kubectl
f is a function
$ f2() { f2; }; f2
sh: functions nest too deeply
exit=1
$ false | true; echo $?; set -o pipefail; false | true; echo $?; set +o pipefail
0
1
"#,
    );
}

#[test]
fn aliases_and_completion_behind_them() {
    let mut bench = Bench::bare(&[]);
    bench.run("kubectl create ns other");
    bench.run("kubectl -n other create cm mine");
    bench.check(
        r#"
$ alias kubectl='kubectl --namespace=other' kg='kubectl get'
$ kg cm mine -o name
configmap/mine
$ alias kg
alias kg='kubectl get'
$ unalias kubectl
$ kg cm mine -o name
Error from server (NotFound): configmaps "mine" not found
exit=1
"#,
    );
    let found = kubarium::kubectl::complete(&bench.session, "kg names", 8);
    assert_eq!(found.words, ["namespaces"]);
}

#[test]
fn jobs_run_beside_what_is_typed() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        r#"
$ sleep 5 && echo woke &
[1] 4301
$ jobs
[1]+  Running                 sleep 5 && echo woke &
$ echo meanwhile; sleep 6
meanwhile
woke
[1]+  Done                    sleep 5 && echo woke
$ sleep 100 &
[1] 4302
$ kill %1; jobs
[1]+  Terminated              sleep 100
$ kill %3
sh: kill: %3: no such job
exit=1
$ (sleep 2; exit 3) & wait $!; echo $?
[1] 4303
3
$ kubectl get ns -w > watched.txt &
[1] 4304
$ sleep 1; kubectl create ns new; sleep 1; tail -1 watched.txt | cut -d' ' -f1; kill $!
namespace/new created
new
[1]+  Terminated              kubectl get ns -w > watched.txt
$ fg
sh: fg: current: no such job
exit=1
"#,
    );
}

#[test]
fn programs() {
    let mut bench = Bench::bare(&[("web.json", "{\"a\": [1, 2], \"b\": \"x\"}\n")]);
    bench.run("kubectl apply -f web.yaml");
    bench.check(
        r#"
$ kubectl get deploy -o json | jq -r '.items[] | "\(.metadata.name) \(.spec.replicas)"'
web 2
$ jq -c .a web.json; jq '.b' web.json; jq -r .b web.json; jq --arg v y '.c = $v' -c web.json
[1,2]
"x"
x
{"a":[1,2],"b":"x","c":"y"}
$ jq .a[ web.json
jq: error: syntax error, unexpected end of file at <top-level>:
.a[
jq: 1 compile error
exit=3
$ yq .spec.replicas web.yaml; yq .metadata web.yaml
2
name: web
$ yq -i '.spec.replicas = 7' web.yaml; grep replicas web.yaml
  replicas: 7
$ printf '%-5s|%3d|%s\n' ab 7 c de 8 f
ab   |  7|c
de   |  8|f
$ printf 'NAME AGE\nweb 5m\nlonger 1d\n' | column -t
NAME    AGE
web     5m
longer  1d
$ echo -n hello | sha256sum
2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824  -
$ mkdir d; cp web.json d/copy.json; mv d/copy.json d/moved.json; ls d; ls
moved.json
d
web.json
web.yaml
$ echo b > x; echo c > y; diff x y
--- x
+++ y
@@ -1 +1 @@
-b
+c
exit=1
$ date -u +%Y-%m-%d; date +%s | wc -c
..-..-..
11
$ seq 3 | tac | paste -sd, ; yes | head -2
3,2,1
y
y
$ timeout 3 sleep 10; echo $?
124
$ time sleep 2
...
real	0m2.000s
user	0m0.000s
sys	0m0.000s
$ env A=1 B=2 | tail -2; A=7 sh -c 'echo $A'
A=1
B=2
7
$ which jq; help jq | head -1
/usr/bin/jq
usage: jq [-rcensS] [--arg NAME VALUE] FILTER [FILE...]
$ xargs -n1 echo got <<< "a b"; find . -name '*.json'
got a
got b
./d/moved.json
./web.json
"#,
    );
}
