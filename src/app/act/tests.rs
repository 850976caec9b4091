//! The page as somebody uses it, without a browser.

use super::*;
use crate::api::Resource;
use crate::app::real::{Heard, Real};
use crate::app::transport::Speed;
use crate::app::{Tone, inspect};
use crate::client::Client;
use k8s_openapi::api::core::v1::ConfigMap;

fn run(app: &mut App, frames: u32) {
    for _ in 0..frames {
        app.frame(Duration::from_millis(100), &mut || true);
    }
}

#[test]
fn the_page_opens_on_a_running_cluster_with_the_examples_applied() {
    let mut app = App::fresh(1);
    run(&mut app, 5);
    let mirror = app.session().mirror();
    assert_eq!(mirror.deployments.in_namespace("default").count(), 1);
    assert_eq!(mirror.traffics.len(), 1);
    assert!(app.model().notices.is_empty());
    assert!(!app.model().scene.marks.is_empty());
}

#[test]
fn a_refused_manifest_is_answered_in_the_servers_words() {
    let mut app = App::fresh(1);
    let text: Rc<str> = "apiVersion: v1\nkind: Nonsense\n".into();
    app.dispatch(Msg::Edit { file: 0, text });
    app.dispatch(Msg::Apply);
    assert!(app.model().applied.failed());
    assert!(app.model().applied.lines[0].text.contains("Nonsense"));
}

#[test]
fn what_the_cluster_does_not_know_is_left_out_and_said_and_the_rest_is_applied() {
    let mut app = App::fresh(1);
    let text: Rc<str> = "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata:\n  name: m\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: extra\nspec:\n  ports:\n  - port: 80\n".into();
    app.dispatch(Msg::Edit {
        file: 0,
        text: text.clone(),
    });
    app.dispatch(Msg::Apply);
    let applied = &app.model().applied;
    assert_eq!(&*applied.lines[0].text, "service/extra created");
    assert_eq!(applied.lines.len(), 1);
    assert_eq!(&*applied.left_out[0].object, "ServiceMonitor m");
    assert_eq!(applied.tone(), Tone::Warning);
    assert_eq!(app.model().files.list[0].text, text);
}

#[test]
fn what_is_brought_is_applied_in_an_order_that_works() {
    let mut app = App::fresh(1);
    let files = [
        (
            "a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: shop}\n",
        ),
        (
            "b.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
        ),
    ];
    let mut parcel = bring::Parcel::default();
    for (name, text) in files {
        parcel.files.push((name.into(), text.as_bytes().into()));
    }
    app.dispatch(Msg::Bring(parcel));
    app.dispatch(Msg::Settle(bring::Answer::Apply));
    let lines: Vec<&str> = app.model().applied.lines.iter().map(|l| &*l.text).collect();
    assert_eq!(
        lines,
        ["namespace/shop created", "configmap/settings created"]
    );
    assert_eq!(&*app.model().applied.file, "b.yaml -f a.yaml");
}

#[test]
fn a_rollout_is_told_in_words_and_not_over_and_over() {
    let mut app = App::fresh(1);
    run(&mut app, 20);
    let text = app.model().files.list[0]
        .text
        .replace("nginx:1.28", "nginx:1.29");
    let text: Rc<str> = text.into();
    app.dispatch(Msg::Edit { file: 0, text });
    app.dispatch(Msg::Apply);
    let (mut said, mut serial) = (Vec::new(), app.model().spoken.serial);
    for _ in 0..600 {
        run(&mut app, 1);
        if app.model().spoken.serial != serial {
            serial = app.model().spoken.serial;
            said.push(app.model().spoken.text.english());
        }
    }
    assert!(
        said.iter().any(|s| s == "web: 3 of 3 ready, revision 2"),
        "{said:?}"
    );
    // A minute of the wall clock holds forty times a second and a half; a rollout needs fewer.
    assert!((2..20).contains(&said.len()), "{said:?}");
}

#[test]
fn a_long_name_hides_no_pod() {
    let mut app = App::fresh(1);
    // The names of its pods are cut, so that they do not begin with that of their ReplicaSet.
    let name = "a".repeat(63);
    let text: Rc<str> = app.model().files.list[0]
        .text
        .replace("name: web", &format!("name: {name}"))
        .into();
    app.dispatch(Msg::Edit { file: 0, text });
    app.dispatch(Msg::Apply);
    app.dispatch(Msg::Show(View::Rollout));
    run(&mut app, 200);
    let scene = &app.model().scene;
    let mut workloads = scene.rollout.workloads.iter();
    let workload = workloads
        .find(|w| *w.key.name == *name)
        .expect("a workload");
    let shorts: Vec<&str> = workload.sets[0].tiles.iter().map(|t| &*t.short).collect();
    assert_eq!(shorts.len(), 3);
    assert!(shorts.iter().all(|short| short.len() == 5), "{shorts:?}");
}

#[test]
fn what_is_applied_already_has_no_problems() {
    let app = App::fresh(1);
    let session = app.session();
    for file in &app.model().files.list {
        let found = crate::app::editing::diagnose(&file.text, session.timeline().cluster());
        assert_eq!(found.problems, [], "{}", file.name);
    }
}

#[test]
fn what_is_saved_comes_back() {
    let mut app = App::fresh(3);
    run(&mut app, 10);
    app.dispatch(Msg::SetSpeed(Speed(2000)));
    let text = app.save();
    let mut again = App::restore(Saved::read(&text).unwrap());
    assert!(!again.can_save());
    let mut frames = 0;
    while !again.can_save() && frames < 10_000 {
        again.frame(Duration::ZERO, &mut || false);
        frames += 1;
    }
    assert_eq!(again.save(), app.save());
    assert_eq!(again.model().scene.revision, app.model().scene.revision);
    assert_eq!(
        again.model().scene.nodes.tiles.len(),
        app.model().scene.nodes.tiles.len()
    );
}

#[test]
fn reset_starts_over_and_keeps_how_the_page_looks() {
    let mut app = App::fresh(1);
    app.dispatch(Msg::Show(View::Ownership));
    app.dispatch(Msg::NewFile);
    app.dispatch(Msg::Ask(crate::app::model::Question::Reset));
    let effects = app.dispatch(Msg::Answer(true));
    assert_eq!(effects, [Effect::Save]);
    assert_eq!(app.model().view, View::Ownership);
    assert_eq!(app.model().files.list.len(), 2);
    assert_eq!(app.session().timeline().cluster().config().seed, 2);
}

#[test]
fn a_cluster_has_the_nodes_that_were_asked_for_and_keeps_them() {
    let mut app = App::of(1, Workers::new(7));
    assert_eq!(app.session().mirror().nodes.len(), 8);
    let mut again = App::restore(Saved::read(&app.save()).unwrap());
    while !again.can_save() {
        again.frame(Duration::ZERO, &mut || true);
    }
    assert_eq!(again.session().mirror().nodes.len(), 8);
    assert_eq!(again.model().workers, Workers::new(7));
    // The next cluster has what was asked for when the reset was confirmed.
    app.dispatch(Msg::Ask(crate::app::model::Question::Reset));
    app.dispatch(Msg::SetWorkers(Workers::new(2)));
    app.dispatch(Msg::Answer(true));
    assert_eq!(app.session().mirror().nodes.len(), 3);
    assert_eq!(app.model().workers, Workers::new(2));
    // A wish that was not confirmed is forgotten.
    app.dispatch(Msg::Ask(crate::app::model::Question::Reset));
    app.dispatch(Msg::SetWorkers(Workers::new(50)));
    app.dispatch(Msg::Answer(false));
    app.dispatch(Msg::Ask(crate::app::model::Question::Reset));
    app.dispatch(Msg::Answer(true));
    assert_eq!(app.session().mirror().nodes.len(), 3);
}

/// What drawing costs in some minutes in which nobody does anything, among so many pods.
fn work_of_idle_minutes(pods: u32, view: View) -> Work {
    let mut app = App::of(1, Workers::new(8));
    app.dispatch(Msg::Show(view));
    let scale = format!("kubectl scale deployment web --replicas={pods}");
    app.dispatch(Msg::Terminal(Act::Run(scale.into())));
    app.dispatch(Msg::SetSpeed(Speed(10_000)));
    run(&mut app, 120);
    let ready = app.model().scene.nodes.totals.get("ready").copied();
    assert_eq!(ready, Some(pods), "all pods are ready");
    let before = app.work();
    assert!(before.pods > u64::from(pods) && before.pictures > 0);
    // Long enough for the kubelets to write that their nodes are well.
    let from = app.model().transport.now;
    run(&mut app, 400);
    assert!(app.model().transport.now.since(from) > secs(390));
    let after = app.work();
    Work {
        pods: after.pods - before.pods,
        pictures: after.pictures - before.pictures,
        layouts: after.layouts - before.layouts,
    }
}

#[test]
fn frames_of_an_idle_cluster_look_at_no_pod() {
    for view in View::ALL {
        let few = work_of_idle_minutes(5, view);
        assert_eq!(few, Work::default(), "{view:?}");
        assert_eq!(work_of_idle_minutes(120, view), few, "{view:?}");
    }
}

#[test]
fn nodes_are_laid_out_anew_when_one_comes_back_to_them() {
    let mut app = App::of(1, Workers::new(3));
    app.dispatch(Msg::Show(View::Traffic));
    let scale = "kubectl scale deployment web --replicas=20";
    app.dispatch(Msg::Terminal(Act::Run(scale.into())));
    run(&mut app, 100);
    app.dispatch(Msg::Play(false));
    app.dispatch(Msg::Show(View::Nodes));
    let scene = &app.model().scene;
    assert_eq!(scene.nodes_layout.spots.len(), scene.nodes.tiles.len());
}

#[test]
fn many_tiles_are_all_there_after_some_frames() {
    let mut app = App::of(1, Workers::new(8));
    let scale = "kubectl scale deployment web --replicas=150";
    app.dispatch(Msg::Terminal(Act::Run(scale.into())));
    run(&mut app, 200);
    app.dispatch(Msg::Play(false));
    app.dispatch(Msg::Show(View::Rollout));
    app.dispatch(Msg::Show(View::Nodes));
    let late = |app: &App| {
        let spots = &app.model().scene.nodes_layout.spots;
        spots.iter().filter(|s| s.late).count()
    };
    let mut before = late(&app);
    assert!(before > 100, "{before}");
    while before > 0 {
        assert!(app.frame(Duration::from_millis(16), &mut || true));
        assert!(late(&app) < before);
        before = late(&app);
    }
    run(&mut app, 2);
    assert!(app.is_still());
}

#[test]
fn there_is_no_hurry_where_nothing_comes() {
    // More than the nodes hold; and more than a quota lets in.
    for (first, waiting) in [
        ("kubectl get nodes", 41..200),
        ("kubectl create quota few --hard=pods=10", 0..1),
    ] {
        let mut app = App::of(1, Workers::new(1));
        app.dispatch(Msg::Terminal(Act::Run(first.into())));
        run(&mut app, 5);
        let scale = "kubectl scale deployment web --replicas=200";
        app.dispatch(Msg::Terminal(Act::Run(scale.into())));
        run(&mut app, 3);
        app.dispatch(Msg::SetSpeed(Speed(10_000)));
        run(&mut app, 60);
        let scene = &app.model().scene;
        let pending = scene
            .nodes
            .totals
            .get("pending")
            .copied()
            .unwrap_or_default();
        assert!(waiting.contains(&pending), "{first}: {pending}");
        assert_eq!(scene.nodes.unrest(), 0, "{first}");
        assert!(!scene.nodes_layout.hurried);
    }
}

#[test]
fn an_address_that_asks_for_other_nodes_takes_nothing_away() {
    let mut app = App::of(1, Workers::new(2));
    app.wish_for(Workers::new(2));
    assert!(app.model().notices.is_empty());
    app.wish_for(Workers::new(20));
    assert_eq!(app.session().mirror().nodes.len(), 3);
    assert!(
        app.model().notices[0]
            .text
            .english()
            .contains("20 worker nodes")
    );
    app.dispatch(Msg::Ask(crate::app::model::Question::Reset));
    assert_eq!(app.model().next_workers, Workers::new(20));
}

#[test]
fn a_frame_without_news_changes_nothing_that_is_drawn() {
    let mut app = App::fresh(1);
    run(&mut app, 3);
    app.dispatch(Msg::Play(false));
    app.frame(Duration::ZERO, &mut || true);
    let before = app.model().clone();
    assert!(!app.frame(Duration::ZERO, &mut || true));
    assert_eq!(*app.model(), before);
}

#[test]
fn a_real_cluster_is_shown_as_it_is_told_and_not_changed() {
    let mut elsewhere = Session::new(Config::bare(3, 1));
    elsewhere.run_until(Time::EPOCH + secs(20));
    let client: Rc<dyn Client> = Rc::new(elsewhere.client());
    let real = Real::of_version(r#"{"major":"1","gitVersion":"v1.36.2"}"#).unwrap();
    let now = Time(1_900_000_000_000_000_000);
    let mut app = App::real(real, client, now, persist::example_files());
    let node = r#"{"metadata":{"name":"far","uid":"n"},"status":{"allocatable":{"cpu":"4","memory":"8Gi"},"conditions":[{"type":"Ready","status":"True"}]}}"#;
    let pod = r#"{"metadata":{"name":"p","namespace":"default","uid":"p"},"spec":{"nodeName":"far","containers":[{"name":"c","image":"i"}]},"status":{"phase":"Running"}}"#;
    for (lane, item) in [(1, node), (0, pod)] {
        assert!(app.ask_real(lane).is_some_and(|ask| !ask.watch));
        let text = format!(r#"{{"metadata":{{"resourceVersion":"9"}},"items":[{item}]}}"#);
        app.dispatch(Msg::Heard {
            lane,
            heard: Heard::List(text.into()),
            now,
        });
    }
    run(&mut app, 3);
    assert_eq!(app.model().scene.nodes.tiles.len(), 1);
    assert!(!app.can_save());
    app.dispatch(Msg::Terminal(Act::Run("kubectl create namespace x".into())));
    app.dispatch(Msg::Terminal(Act::Run("kubectl get nodes".into())));
    run(&mut app, 5);
    let screen = &app.model().terminal.screen;
    let lines = screen
        .blocks(true)
        .flat_map(|b| b.lines.iter())
        .chain(screen.tail().iter());
    let text: Vec<String> = lines.map(|l| l.text.to_string()).collect();
    let text = text.join("\n");
    assert!(
        text.contains("Forbidden") && !text.contains("created"),
        "{text}"
    );
    assert!(text.contains("NAME"), "{text}");
    // Time goes on with the wall clock, whoever presses what.
    app.dispatch(Msg::TogglePlay);
    app.dispatch(Msg::Ask(crate::app::model::Question::Reset));
    assert!(app.model().transport.playing && app.model().question.is_none());
}

#[test]
fn objects_of_defined_kinds_are_found_linked_and_explained_like_any_others() {
    let mut app = App::fresh(1);
    let definition: Rc<str> = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: sites.example.com}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {plural: sites, singular: site, kind: Site}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}\n".into();
    app.dispatch(Msg::Edit {
        file: 0,
        text: definition,
    });
    app.dispatch(Msg::Apply);
    run(&mut app, 20);
    let site = "apiVersion: example.com/v1\nkind: Site\nmetadata:\n  name: docs\n";
    app.dispatch(Msg::Edit {
        file: 0,
        text: site.into(),
    });
    app.dispatch(Msg::Apply);
    assert!(!app.model().applied.failed());
    run(&mut app, 5);

    // As a click on its name in the terminal does.
    let named = Named {
        api_version: "example.com/v1".into(),
        kind: "Site".into(),
        namespace: "default".into(),
        name: "docs".into(),
    };
    app.dispatch(Msg::Find(named.clone()));
    let selection = app.model().selection.clone().expect("it is selected");
    assert_eq!(
        (selection.kind.info().kind, &*selection.key.name),
        ("Site", "docs")
    );

    let uid = selection.uid.to_string();
    let told: Rc<str> = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: owned\n  ownerReferences:\n  - {{apiVersion: example.com/v1, kind: Site, name: docs, uid: {uid}, controller: true}}\n---\napiVersion: v1\nkind: Event\nmetadata: {{name: docs.1}}\nreason: Built\ntype: Normal\nmessage: built\ninvolvedObject: {{apiVersion: example.com/v1, kind: Site, namespace: default, name: docs, uid: {uid}}}\n"
    )
    .into();
    app.dispatch(Msg::NewFile);
    let file = app.model().files.open;
    app.dispatch(Msg::Edit { file, text: told });
    app.dispatch(Msg::Apply);
    assert!(!app.model().applied.failed(), "{:?}", app.model().applied);
    run(&mut app, 5);

    let session = app.session();
    let timeline = session.timeline();
    let sources = inspect::Sources::of(&timeline, session.mirror());
    let about = inspect::events_of(&sources, selection.kind, &selection.key, &selection.uid);
    let link = about.first().and_then(|e| e.link.clone());
    assert_eq!(link.map(|l| l.kind), Some(selection.kind));

    let cluster = timeline.cluster();
    let owned = cluster
        .server()
        .get_object(ConfigMap::KIND, "default", "owned")
        .expect("it is there");
    let summary = inspect::summary(cluster, session.mirror(), &owned);
    let owner = summary.facts.iter().find_map(|fact| fact.link.clone());
    assert_eq!(owner.map(|l| l.kind), Some(selection.kind));

    let story = inspect::story(cluster, &app.model().files, &selection);
    let subject = story.last().and_then(|beat| beat.subject.clone());
    assert_eq!(subject.map(|s| s.kind), Some(selection.kind));
    let origin = story.iter().find_map(|beat| beat.origin.clone());
    assert_eq!(origin.map(|o| o.line), Some(4));
    drop(timeline);

    app.dispatch(Msg::Find(Named {
        kind: "Nothing".into(),
        ..named
    }));
    assert_eq!(app.model().notices.len(), 1);
}

#[test]
fn a_service_that_is_asked_stands_before_others() {
    let mut app = App::fresh(1);
    run(&mut app, 5);
    let text =
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: apart\nspec:\n  ports:\n  - port: 80\n";
    app.dispatch(Msg::Edit {
        file: 0,
        text: text.into(),
    });
    app.dispatch(Msg::Apply);
    app.dispatch(Msg::Show(View::Traffic));
    run(&mut app, 5);
    let services = &app.model().scene.traffic.services;
    let names: Vec<&str> = services.iter().map(|hub| &*hub.key.name).collect();
    assert_eq!(names, ["web", "apart"]);
}

#[test]
fn letters_of_revisions_survive_a_reload_and_a_link() {
    let letters = |app: &App| -> Vec<char> {
        let tiles = app.model().scene.nodes.tiles.iter();
        let mut letters: Vec<char> = tiles
            .filter(|t| !t.system)
            .filter_map(|t| t.revision.map(|r| r.letter()))
            .collect();
        letters.dedup();
        letters
    };
    let mut app = App::fresh(1);
    run(&mut app, 100);
    let other = app.model().files.list[0]
        .text
        .replace("nginx:1.28", "nginx:1.29");
    app.dispatch(Msg::Edit {
        file: 0,
        text: other.into(),
    });
    app.dispatch(Msg::Apply);
    run(&mut app, 900);
    assert_eq!(letters(&app), ['B']);

    let mut again = App::restore(Saved::read(&app.save()).unwrap());
    run(&mut again, 5);
    assert_eq!(letters(&again), ['B']);
}

#[test]
fn letters_of_workloads_made_in_one_second_survive_a_reload() {
    let letters = |app: &App| -> Vec<(Rc<str>, char)> {
        let tiles = app.model().scene.nodes.tiles.iter();
        let own = tiles.filter(|t| &*t.workload == "aa" || &*t.workload == "zz");
        own.filter_map(|t| Some((t.workload.clone(), t.revision?.letter())))
            .collect()
    };
    let deployment = |name: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{own: {name}}}}}\n  template:\n    metadata: {{labels: {{own: {name}, app: shop}}}}\n    spec: {{containers: [{{name: a, image: nginx}}]}}\n"
        )
    };
    let mut app = App::fresh(1);
    run(&mut app, 100);
    // The last by name is the first that is made.
    app.dispatch(Msg::Edit {
        file: 0,
        text: format!("{}---\n{}", deployment("zz"), deployment("aa")).into(),
    });
    app.dispatch(Msg::Apply);
    run(&mut app, 300);
    let expected = [("aa".into(), 'B'), ("zz".into(), 'A')];
    assert_eq!(letters(&app), expected);
    let mut again = App::restore(Saved::read(&app.save()).unwrap());
    run(&mut again, 5);
    assert_eq!(letters(&again), expected);
}
