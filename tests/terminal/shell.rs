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
jq: error: syntax error, unexpected end of file (Unix shell quoting issues?) at <top-level>, line 1:
.a[  
jq: 1 compile error
exit=3
$ kubectl get deploy web -o json | jq -c '{name: .metadata.name, image: .spec.template.spec.containers[0].image}'
{"name":"web","image":"nginx:1.25"}
$ echo '{"b": 1.50, "a": {"d": 1, "c": 2}}' | jq .
{
  "b": 1.50,
  "a": {
    "d": 1,
    "c": 2
  }
}
$ echo '{"b": 1, "a": 2}' | jq -S --indent 1 .; echo '{"b": [1]}' | jq --tab .
{
 "a": 2,
 "b": 1
}
{
	"b": [
		1
	]
}
$ echo '1 2 3' | jq -n -c '[inputs]'; echo '1 2 3' | jq -c '[., input]'; echo '1 2' | jq -sc .
[1,2,3]
[1,2]
jq: error (at <stdin>:1): No more inputs
[1,2]
$ printf 'a\nb\n' | jq -R .; printf 'a\nb\n' | jq -Rs .; jq -n '$ENV.X, env.X' -r
"a"
"b"
"a\nb\n"
null
null
$ jq -nc --arg a 1 --argjson b '{"x":2}' --args '[$a, $b.x, $ARGS.positional]' p q
["1",2,["p","q"]]
$ jq -n --slurpfile f web.json '$f[0].b'; jq -n --rawfile f web.json '$f | length'
"x"
24
$ jq .a.b web.json; echo $?; jq -e .c web.json; echo $?
jq: error (at web.json:1): Cannot index array with string "b"
5
null
1
$ echo 'Error from server' | jq .; echo $?; jq . nope.json; echo $?; jq --nope .; echo $?
jq: parse error: Invalid numeric literal at line 1, column 6
5
jq: error: Could not open nope.json: No such file or directory
2
jq: error: Unknown option: --nope
Use jq --help for help with command-line options,
or see the jq manpage, or online docs  at https://jqlang.github.io/jq
2
$ jq -n '"bye\n" | halt_error(3)'; echo $?; jq -n 'now | todate | length'; jq -rj '.b, 1' web.json; echo
bye
3
20
x1
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
$ echo b > x; echo c > y; diff x y; diff -q x y; diff -s x x
1c1
< b
---
> c
Files x and y differ
Files x and x are identical
$ diff -u x y
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
usage: jq [-rcjensRSaC] [--stream] [--seq] [--arg NAME VALUE] [--argjson NAME JSON] [--tab] [--indent N] FILTER [FILE...]
$ xargs -n1 echo got <<< "a b"; find . -name '*.json'
got a
got b
./d/moved.json
./web.json
"#,
    );
}

#[test]
fn arrays_traps_and_what_else_bash_has() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        r##"
$ a=(x y "z w"); a+=(v); echo ${a[0]} ${#a[@]} ${a[-1]} "${!a[@]}"; for i in "${a[@]}"; do echo "<$i>"; done
x 4 v 0 1 2 3
<x>
<y>
<z w>
<v>
$ a[7]=seven; i=7; echo ${a[i]} ${a[@]:1:2} "${a[@]/#/-}"; unset 'a[0]'; echo ${a[@]}; ((a[1]=3, a[1]++)); echo $((a[1] * 2))
seven y z w -x -y -z w -v -seven
y z w v seven
8
$ declare -A m=([one]=1 [two]=2); m[three]=3; echo ${m[two]} ${#m[@]} ${!m[@]}; [[ -v m[one] && ! -v m[x] ]] && echo there
2 3 one three two
there
$ f() { local a=(in); local -A m; m[x]=y; echo ${a[@]} ${!m[@]}; }; f; echo ${a[1]} ${#m[@]}
in x
4 3
$ printf '1 2\n3 4\n' | while read -r -a row; do echo ${row[1]}; done; mapfile -t lines < <(printf 'p\nq\n'); echo ${#lines[@]} ${lines[1]}
2
4
2 q
$ [[ web-7d9f-x2 =~ ^([a-z]+)-(.*)-x ]] && echo ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}
web 7d9f
$ bash -c 'trap "echo bye \$?" EXIT; echo hi; exit 3'; echo $?; (trap 'echo out' EXIT; echo in); trap 'echo failed' ERR; false; trap - ERR; trap
hi
bye 3
3
in
out
failed
$ false | true | false; echo ${PIPESTATUS[@]}; readonly R=1; R=2; echo $R; declare -i n=2+3; echo $n; declare -p n
1 0 1
sh: R: readonly variable
1
5
declare -i n="5"
$ case foo in f*) echo a;;& *o) echo b;& x) echo c;; *) echo d;; esac; s=a,b; IFS=, read x y <<< "$s"; echo $y; IFS=:; v=p:q; for w in $v; do echo $w; done; unset IFS
a
b
c
b
p
q
$ set -- a b c; echo "${@:2}" "${*: -1}" $#; echo $((2#101)) $'\x41\u00e9\101'; ((RANDOM < 32768)) && echo random; read -n1 c <<< xyz; echo $c
b c c 3
5 AéA
random
x
"##,
    );
}

#[test]
fn tools_of_text_are_those_of_containers() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        r##"
$ expr 1 + 2 '*' 3; expr abc : 'a\(.*\)'; expr 1 = 2
7
bc
0
exit=1
$ printf '%-5s|%05.1f|%x|%q|%b\n' ab 3.14159 255 'a b' 'x\ty'; printf -v n '%03d' 7; echo $n; printf '%d\n' abc
ab   |003.1|ff|a\ b|x	y
007
0
sh: printf: abc: invalid number
exit=1
$ seq 0 0.5 1 | paste -sd' '; echo 'the quick brown' | fold -s -w 8; printf 'a\n\nb\n' | nl | cat -A
0.0 0.5 1.0
the$0
quick$0
brown
     1^Ia$
       $
     2^Ib$
$ echo hi | md5sum; echo hi > h; sha1sum h > sums; sha1sum -c sums; echo hi | od -An -tx1
764efa883dda1e11db47671c4a3bbd9e  -
h: OK
 68 69 0a
$ date -u -d '2024-01-31 +1 day' +%F; date -d '@86400' '+%A %j %U'; date -d 'yesterday' +%Y | wc -c; date -d nonsense
2024-02-01
Friday 002 00
5
date: invalid date 'nonsense'
exit=1
$ printf 'a\0b c\0' | xargs -0 -n1 echo; echo a:b:c | cut -d: -f1,3 --output-delimiter=-; echo abc | tail -c 3
a
b c
a-c
bc
"##.replace("$0", " ").as_str(),
    );
}

#[test]
fn awk_is_a_language() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        r##"
$ printf 'NAME S\na Running\nb Pending\n' | awk 'NR>1 && $2=="Running" {print $1}'
a
$ printf 'a 5\nb 7\n' | awk '{s+=$2} END {print s, s/NR}'
12 6
$ printf 'a 1\nb 2\n' | awk 'BEGIN{print "start"} {printf "%s:%d\n", $1, $2} END{print NR}'
start
a:1
b:2
2
$ echo 'a b c' | awk '{$2="X"; print} {for(i=NF;i>0;i--) printf "%s,", $i; print ""}'
a X c
c,X,a,
$ printf 'a\nb\na\n' | awk '{c[$1]++} END{for(k in c) print k, c[k]}' | sort
a 2
b 1
$ echo abc | awk '{print length($0), substr($0,2,2), toupper($0), index($0,"c"), length}'
3 bc ABC 3 3
$ echo a-b-c | awk '{n=split($0,p,"-"); print n, p[2]; gsub(/-/,"+"); print; sub("a","[&]"); print}'
3 b
a+b+c
[a]+b+c
$ echo 'a b' | awk -v x=5 '{print x+1, $1 ~ /a/ ? "yes":"no"; if ($1=="a") {print "A"} else print "B"}'
6 yes
A
$ printf '1\n2\n3\n' | awk 'NR==2{next} {print} END{print "end"}'
1
3
end
$ printf '1\n2\n3\n' | awk 'NR==2{exit 3} {print}'; echo $?
1
3
$ awk 'BEGIN{x=1; while(x<4){printf "%d,", x; x++}; do x--; while(x>0); print x}'
1,2,3,0
$ awk 'BEGIN{printf "%.2f %5s|%-5s|%05d|%x|%c|%e|%g|%%\n", 3.14159, "ab", "cd", 42, 255, 65, 12345.678, 1e-7}'
3.14    ab|cd   |00042|ff|A|1.234568e+04|1e-07|%
$ awk 'BEGIN { OFS="-"; $0="a b c"; $1=$1; print; print 1e3, 0.1+0.2, 7%3, 2^3, 1/3, "a" "b" -1 }'
a-b-c
1000-0.3-1-8-0.333333-a-1
$ echo k=v | awk -F= '{print $1,$2}' OFS=:
k:v
$ echo 'a1b22c' | awk -F'[0-9]+' '{print $1,$2,$3,NF}'
a b c 3
$ awk 'function f(n) { return n<2 ? n : f(n-1)+f(n-2) } BEGIN { print f(10) }'
55
$ awk 'function fill(a, n,  i) { for (i=1;i<=n;i++) a[i]=i*i } BEGIN { fill(sq, 3); print sq[3], length(sq); delete sq[3]; print (3 in sq), (2 in sq) }'
9 3
0 1
$ printf 'a\nb\nc\nd\n' | awk '/b/,/c/' ; printf 'x y\n' | awk '!/z/ && NF==2'
b
c
x y
$ printf 'one\ntwo\n' | awk '{print NR": "$0 > "/dev/stderr"}'
1: one
2: two
$ echo abcabc | awk '{print match($0,/ca/), RSTART, RLENGTH; a["x","y"]=1; if (("x","y") in a) print "in"}'
3 3 2
in
$ awk 'BEGIN{print 1==1.0, "10"<"9", 10<9, "a"<"b", !0, !"", -"3x"}'; echo '10 9' | awk '{print $1<$2, $1<"9"}'
1 1 0 1 1 1 -3
0 1
"##,
    );
}

#[test]
fn text_is_edited_sorted_and_counted() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        r##"
$ printf 'a b\nc d\n' | sed '1i top' ; printf 'a\nb\n' | sed '$a end'; printf 'a\nb\n' | sed '/a/c new'; printf 'a\nb\n' | sed 'y/ab/xy/'
top
a b
c d
a
b
end
new
b
x
y
$ printf '1\n2\n3\n4\n' | sed -n '2,+1p'; printf 'aaa\n' | sed 's/a/x/2'; printf 'a\nb\nc\n' | sed -n '/b/{p;q}'; printf 'a\nb\n' | sed =; printf 'A\n' | sed '/a/Id'
2
3
axa
b
1
a
2
b
$ printf 'b 2\na 10\nc 1\n' | sort -k2 -n; printf 'b 2\na 10\nc 1\n' | sort -k2,2nr | head -1; printf '1Gi\n500Mi\n2K\n' | sort -h; printf 'v1.10\nv1.9\n' | sort -V; printf 'a:3\nb:1\n' | sort -t: -k2
c 1
b 2
a 10
a 10
2K
500Mi
1Gi
v1.9
v1.10
b:1
a:3
$ printf 'a\na\nb\n' | uniq -d; printf 'a\na\nb\n' | uniq -u; printf 'a\na\nb\n' | uniq -c
a
b
      2 a
      1 b
$ echo aabbcc | tr -s a-c; echo 'a1 b2' | tr -dc 'a-z\n'; echo Hello | tr '[:upper:]' '[:lower:]'; echo 'a  b   c' | tr -s ' ' | cut -d' ' -f2; echo 'k=v;x' | tr -c 'a-z\n' _
abc
ab
hello
b
k_v_x
$ seq -s, 3; seq -w 8 10; printf '1\n2\n3\n' | head -n -1
1,2,3
08
09
10
1
2
"##,
    );
}

#[test]
fn homes_menus_references_and_clocks() {
    let mut bench = Bench::bare(&[("notes.txt", "one\n"), ("k8s/app.yaml", "a: 1\n")]);
    bench.check(
        r#"
$ echo ~ ~/x "~" '~'/x a~ ~root/y ~nosuch ~"x" ~/{a,b}; x=~/z:~/w; echo $x; [[ ~ == /root ]] && echo home
/root /root/x ~ ~/x a~ /root/y ~nosuch ~x /root/a /root/b
/root/z:/root/w
home
$ cat ~/notes.txt; ls ~/k8s; echo two >> ~/notes.txt; cat notes.txt; cp ~/notes.txt ~/k8s/; ls k8s
one
app.yaml
one
two
app.yaml
notes.txt
$ select x in one two; do echo "$REPLY: $x"; break; done <<< 2
1) one
2) two
#? 2: two
$ PS3='which? '; set -- a b; select x; do echo "[$x]"; [ -n "$x" ] && break; done <<< $'7\n\n1'
1) a
2) b
which? []
which? 1) a
2) b
which? [a]
$ select x in a; do :; done < /dev/null; echo $?
1) a
which? 
1
$ SECONDS=5; sleep 3; echo $SECONDS
8
$ RANDOM=42; echo $RANDOM $RANDOM $RANDOM
17772 26794 1435
$ f() { local -n out=$1; out=5; }; f answer; echo $answer; declare -n r=list; list=(a b); r+=(c); echo ${r[2]} ${#r[@]} ${list[@]}; unset -n r; echo "$r."
5
c 3 a b c
.
$ read -t 1 x; echo $?
142
$ read -t 0.5 -p 'name? ' x <<< bob; echo $x
bob
$ env -i; env -i A=b C=d env; export Z=1; env -u Z env | grep -c '^Z='; env -i frob
A=b
C=d
0
env: 'frob': No such file or directory
exit=127
$ t=$(mktemp); [ -e $t ] && [[ $t == /tmp/tmp.?????????? ]] && echo made; t=$(mktemp -u /tmp/x.XXXX); [ -e $t ] || echo not made; mktemp x.XX
made
not made
mktemp: too few X's in template 'x.XX'
exit=1
"#,
    );
}

#[test]
fn sed_holds_and_jumps_across_lines_that_come_one_by_one() {
    let mut bench = Bench::bare(&[]);
    bench.check(
        r#"
$ seq 3 | sed '1!G;h;$!d'; seq 4 | sed 'N;s/\n/-/'; seq 3 | sed ':a;N;$!ba;s/\n/,/g'
3
2
1
1-2
3-4
1,2,3
$ seq 3 | sed -n '2w out.txt'; cat out.txt; seq 2 | sed 'N;P;D' ; seq 3 | sed 2q7
2
1
2
1
2
exit=7
$ printf 'a\nb\n' > f; sed -i.bak 's/b/c/;w g' f; cat f f.bak g; sed -s -n '$p' f g nope
a
c
a
b
a
c
c
c
sed: can't read nope: No such file or directory
exit=2
"#,
    );
}

#[test]
fn jq_in_colours_and_in_pieces_and_yq_in_order() {
    let mut bench = Bench::bare(&[("app.yaml", "b: 1\na:\n- x\n- y: 2\n  k: no\n")]);
    bench.check(
        r#"
$ echo '{"a":[1,"x",null],"b":{}}' | jq -C -c . | tr '\033' '^'
^[1;39m{^[0m^[34;1m"a"^[0m^[1;39m:^[0m^[1;39m[^[0;39m1^[0m^[1;39m,^[0;32m"x"^[0m^[1;39m,^[1;30mnull^[0m^[1;39m^[1;39m]^[0m^[1;39m,^[0m^[34;1m"b"^[0m^[1;39m:^[0m^[1;39m{}^[0m^[1;39m^[1;39m}^[0m
$ echo '{"b":1,"a":[1,{"x":[]}],"c":{}} 3 []' | jq -c --stream .
[["b"],1]
[["a",0],1]
[["a",1,"x"],[]]
[["a",1,"x"]]
[["a",1]]
[["c"],{}]
[["c"]]
[[],3]
[[],[]]
$ echo '[1,{"a":2}]' | jq -cn --stream '[inputs]'; echo '[1]' | jq -c --stream -s .
[[[0],1],[[1,"a"],2],[[1,"a"]],[[1]]]
[[[0],1],[[0]]]
$ printf '\0361\n\036[2]\n' | jq --seq -c . | tr '\036' '^'
^1
^[2]
$ yq . app.yaml; yq '.a[1].y' app.yaml; yq -o json -c .a app.yaml | head -1; yq -i '.c = .b | .b = 5' app.yaml; cat app.yaml
b: 1
a:
  - x
  - "y": 2
    k: "no"
2
Error: unknown flag: -c
b: 5
a:
  - x
  - "y": 2
    k: "no"
c: 1
"#,
    );
}

#[test]
fn files_are_searched_and_drawn() {
    let mut bench = Bench::bare(&[
        ("k8s/app.yaml", "kind: Pod\nimage: a\n"),
        ("k8s/base/svc.yaml", "kind: Service\n"),
        ("notes.txt", "image: b\na\nb\nc\nimage: d\n"),
    ]);
    bench.check(
        r#"
$ rm web.yaml; grep -rn image .; grep -r kind k8s; grep -rl kind; grep image notes.txt k8s/app.yaml; grep -h kind k8s/*.yaml
./k8s/app.yaml:2:image: a
./notes.txt:1:image: b
./notes.txt:5:image: d
k8s/app.yaml:kind: Pod
k8s/base/svc.yaml:kind: Service
k8s/app.yaml
k8s/base/svc.yaml
notes.txt:image: b
notes.txt:image: d
k8s/app.yaml:image: a
kind: Pod
$ grep -A1 image notes.txt; grep -c image notes.txt; grep --include='*.yaml' -r image; grep -o --color=auto 'image: .' notes.txt
image: b
a
--
image: d
2
k8s/app.yaml:image: a
image: b
image: d
$ grep x k8s
grep: k8s: Is a directory
exit=2
$ grep x none notes.txt
grep: none: No such file or directory
exit=2
$ grep -q b none notes.txt; echo $?; grep -s x none; echo $?
grep: none: No such file or directory
0
2
$ tree; tree k8s/base | tail -1; tree none
.
├── k8s
│   ├── app.yaml
│   └── base
│       └── svc.yaml
└── notes.txt

2 directories, 3 files
0 directories, 1 file
none  [error opening dir]

0 directories, 0 files
exit=2
$ id; id -u; openssl rand -hex 4 | wc -c; openssl rand -base64 3 | wc -c
uid=0(root) gid=0(root) groups=0(root)
0
9
5
"#,
    );
}

#[test]
fn files_are_listed_as_coreutils_does() {
    let files = [
        ("deploy/a.yaml", "12345"),
        ("deploy/sub/b.yaml", ""),
        (".hidden", "x"),
    ];
    let mut bench = Bench::bare(&files);
    bench.check(
        "\
$ ls
deploy
web.yaml
$ ls -l
total 8
drwxr-xr-x 3 root root 4096 Jan  1 00:00 deploy
-rw-r--r-- 1 root root  .. Jan  1 00:00 web.yaml
$ ls -A | head -1
.hidden
$ ls -lh deploy/a.yaml
-rw-r--r-- 1 root root 5 Jan  1 00:00 deploy/a.yaml
$ ls -R deploy
deploy:
a.yaml
sub

deploy/sub:
b.yaml
$ ls -d deploy web.yaml nope
ls: cannot access 'nope': No such file or directory
deploy
web.yaml
exit=2
$ ls -p web.yaml deploy
web.yaml

deploy:
a.yaml
sub/
$ ls -%
ls: invalid option -- '%'
Try 'ls --help' for more information.
exit=2
$ sudo -i
$ sudo ls -1 deploy
a.yaml
sub
$ sudo
usage: sudo command
exit=1
",
    );
}
