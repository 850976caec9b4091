//! Lessons as somebody takes them.

#[cfg(test)]
mod journeys {
    use std::time::Duration;

    use super::super::*;
    use crate::app::address::Address;
    use crate::app::persist::Saved;
    use crate::app::share::What;
    use crate::app::terminal;
    use crate::app::{App, Effect, Msg, Pane, Speed, Words, say};
    use crate::lessons::Standing;

    const LESSONS: [(&str, &str); 2] = [
        (
            "first-pod",
            include_str!("../../../static/lessons/first-pod/lesson.yaml"),
        ),
        (
            "rolling-update",
            include_str!("../../../static/lessons/rolling-update/lesson.yaml"),
        ),
    ];

    /// Hands the app the files that it wants, as the page does.
    fn load(app: &mut App) -> Vec<Effect> {
        let mut effects = Vec::new();
        loop {
            let (wanted, _) = app.take_wanted();
            if wanted.is_empty() {
                return effects;
            }
            for file in wanted {
                let act = match file {
                    Wanted::Course => Act::Course(Some(
                        include_str!("../../../static/lessons/course.yaml").into(),
                    )),
                    Wanted::Lesson(name) => Act::Texts {
                        lesson: LESSONS
                            .iter()
                            .find(|(lesson, _)| *lesson == &*name)
                            .map(|(_, text)| Rc::from(*text)),
                        name,
                        words: None,
                    },
                };
                effects.extend(app.dispatch(Msg::Learn(act)));
            }
        }
    }

    fn act(app: &mut App, act: Act) -> Vec<Effect> {
        app.dispatch(Msg::Learn(act))
    }

    fn type_line(app: &mut App, line: &str) {
        app.dispatch(Msg::Terminal(terminal::Act::Run(line.into())));
    }

    fn enter(name: &str) -> App {
        let mut app = App::fresh(1);
        act(&mut app, Act::Start(name.into()));
        let effects = load(&mut app);
        assert!(effects.iter().any(|e| matches!(e, Effect::KeepOwn(_))));
        app.dispatch(Msg::SetSpeed(Speed(10_000)));
        app
    }

    fn lesson(app: &App) -> LessonView {
        app.model()
            .learn
            .lesson
            .clone()
            .expect("a lesson is being taken")
    }

    /// Lets frames pass until something holds of the lesson.
    fn until(app: &mut App, holds: impl Fn(&LessonView) -> bool) {
        for _ in 0..3_000 {
            if holds(&lesson(app)) {
                return;
            }
            app.frame(Duration::from_millis(50), &mut || true);
        }
        panic!("never: {:#?}", lesson(app));
    }

    fn standings(app: &App) -> Vec<Standing> {
        lesson(app).goals.iter().map(|g| g.standing).collect()
    }

    #[test]
    fn a_lesson_is_shown_to_its_end_and_the_own_work_comes_back() {
        let mut app = enter("rolling-update");
        assert_eq!(app.model().panes.shown, Pane::Learn);
        let open = app.model().files.current().map(|f| f.name.clone());
        assert_eq!(open.as_deref(), Some("web.yaml"), "what the solution edits");
        for step in 0..lesson(&app).steps {
            assert_eq!(lesson(&app).shown, step);
            act(&mut app, Act::ShowMe);
            until(&mut app, |l| {
                !l.showing && l.goals.iter().all(|g| g.standing == Standing::Met)
            });
            if let Some(predict) = lesson(&app).predict {
                assert!(lesson(&app).asks_first && !lesson(&app).step_done);
                act(&mut app, Act::Choose(predict.right));
            }
            assert!(lesson(&app).step_done);
            act(&mut app, Act::Next);
        }
        assert!(lesson(&app).finished.is_some());
        let web = app
            .model()
            .files
            .list
            .iter()
            .find(|f| &*f.name == "web.yaml");
        assert!(
            web.is_some_and(|f| f.text.contains("nginx:1.28")),
            "the file was edited"
        );
        let effects = act(&mut app, Act::Leave);
        assert!(effects.contains(&Effect::DropLesson));
        assert!(app.model().learn.lesson.is_none());
        assert_eq!(&*app.model().files.list[0].name, "web.yaml");
        assert_eq!(
            app.session().mirror().nodes.len(),
            4,
            "the own cluster has three workers"
        );
        let done = |name: &str| {
            let chapters = app.model().learn.chapters.iter();
            let mut entries = chapters.flat_map(|c| &c.lessons);
            entries.find(|entry| &*entry.name == name).map(|e| e.done)
        };
        assert_eq!(done("rolling-update"), Some(true));
        assert_eq!(done("first-pod"), Some(false));
    }

    #[test]
    fn what_was_typed_counts_and_a_reload_goes_on_where_it_was() {
        let mut app = enter("first-pod");
        type_line(&mut app, "kubectl run hello --image=nginx:1.27");
        until(&mut app, |l| {
            l.goals.iter().all(|g| g.standing == Standing::Met)
        });
        act(&mut app, Act::Choose(0));
        act(&mut app, Act::Next);
        assert_eq!(lesson(&app).shown, 1);
        type_line(
            &mut app,
            "kubectl run worker --image=busybox:1.37 -- sh -c 'sleep 3; exit 1'",
        );
        until(&mut app, |l| l.goals[0].standing == Standing::Met);
        let before = lesson(&app);

        let mut again = App::restore(Saved::read(&app.save()).expect("reads"));
        let mut frames = 0;
        while !again.can_save() && frames < 20_000 {
            again.frame(Duration::ZERO, &mut || false);
            frames += 1;
        }
        again.frame(Duration::ZERO, &mut || false);
        let after = lesson(&again);
        assert_eq!((after.at, &after.goals), (1, &before.goals));
        // What the page had before is where the browser keeps it.
        assert!(act(&mut again, Act::Leave).contains(&Effect::RestoreOwn));
    }

    #[test]
    fn what_is_broken_stays_broken_until_the_step_begins_again() {
        let mut app = enter("rolling-update");
        act(&mut app, Act::ShowMe);
        until(&mut app, |l| l.step_done && !l.showing);
        act(&mut app, Act::Next);
        act(&mut app, Act::Choose(2));
        type_line(&mut app, "kubectl scale deploy/web --replicas=2");
        until(&mut app, |l| l.failed);
        type_line(&mut app, "kubectl scale deploy/web --replicas=4");
        for _ in 0..40 {
            app.frame(Duration::from_millis(50), &mut || true);
        }
        assert!(lesson(&app).failed);
        let mut again = App::restore(Saved::read(&app.save()).expect("reads"));
        while !again.can_save() {
            again.frame(Duration::ZERO, &mut || true);
        }
        assert!(lesson(&again).failed, "a reload forgets nothing");
        act(&mut app, Act::Redo);
        assert!(!lesson(&app).failed, "{:?}", standings(&app));
        act(&mut app, Act::ShowMe);
        until(&mut app, |l| l.step_done);
        act(&mut app, Act::StartOver);
        assert_eq!((lesson(&app).at, lesson(&app).step_done), (0, false));
        let web = app
            .model()
            .files
            .list
            .iter()
            .find(|f| &*f.name == "web.yaml");
        assert!(web.is_some_and(|f| f.text.contains("nginx:1.27")));
    }

    #[test]
    fn the_page_around_hears_of_each_goal_once() {
        let address = Address::read("embed=1&view=terminal&start=play", "");
        let mut app = App::embedded(1, &address);
        app.dispatch(Msg::SetSpeed(Speed(10_000)));
        act(&mut app, Act::Start("first-pod".into()));
        load(&mut app);
        assert_eq!(app.model().transport.speed, Speed(10_000));
        type_line(&mut app, "kubectl apply -f pod.yaml");
        let (words, mut told) = (Words::english(), Vec::new());
        let mut hear = |app: &mut App| told.extend(app.reports(Duration::from_millis(300), &words));
        hear(&mut app);
        until(&mut app, |l| {
            l.goals.iter().all(|g| g.standing == Standing::Met)
        });
        hear(&mut app);
        hear(&mut app);
        let goals = told
            .iter()
            .filter(|text| text.contains("\"type\":\"goal\""));
        let first: Vec<&String> = goals
            .filter(|text| text.contains("The pod hello exists"))
            .collect();
        assert_eq!(first.len(), 1, "{first:?}");
        assert!(
            first[0].contains("\"done\":true") && first[0].contains("\"lesson\":\"first-pod\"")
        );
    }

    #[test]
    fn an_embedded_lesson_waits_for_play() {
        let mut app = App::embedded(1, &Address::read("embed=1&view=split", ""));
        act(&mut app, Act::Start("first-pod".into()));
        load(&mut app);
        assert!(app.model().learn.taking && !app.model().transport.playing);
    }

    #[test]
    fn going_back_in_time_asks_for_the_goals_again() {
        let mut app = enter("first-pod");
        let start = app.model().transport.now;
        app.frame(Duration::from_millis(50), &mut || true);
        type_line(&mut app, "kubectl apply -f pod.yaml");
        until(&mut app, |l| {
            l.goals.iter().all(|g| g.standing == Standing::Met)
        });
        let end = app.model().transport.now;
        app.dispatch(Msg::Play(false));
        app.dispatch(Msg::Seek(start));
        for _ in 0..5 {
            app.frame(Duration::ZERO, &mut || true);
        }
        assert!(standings(&app).iter().all(|s| *s == Standing::NotYet));
        app.dispatch(Msg::Seek(end));
        for _ in 0..5 {
            app.frame(Duration::ZERO, &mut || true);
        }
        assert!(standings(&app).iter().all(|s| *s == Standing::Met));
    }

    #[test]
    fn a_lesson_that_is_written_is_shown_checked_and_tried() {
        let mut app = App::fresh(1);
        act(&mut app, Act::Open(true));
        load(&mut app);
        act(&mut app, Act::Write(true));
        let view = |app: &App| app.model().learn.author.clone().expect("writing");
        assert_eq!(
            (&*view(&app).file, view(&app).steps.len()),
            ("lesson.yaml", 1)
        );
        act(&mut app, Act::Check);
        for _ in 0..10_000 {
            if view(&app).checking.is_none() {
                break;
            }
            app.frame(Duration::ZERO, &mut || false);
        }
        assert_eq!(
            view(&app).findings,
            Some(Vec::new()),
            "{}",
            crate::app::Words::english().say(&view(&app).verdict)
        );
        let file = app.model().files.open;
        let text: Rc<str> = TEMPLATE.replace("equals: 3", "equal: 3").into();
        app.dispatch(Msg::Edit { file, text });
        let problems = view(&app).problems;
        assert!(problems[0].1.contains("unknown field"), "{problems:?}");
        assert!(view(&app).outdated);

        // Applied, it is a lesson of the cluster.
        app.dispatch(Msg::Edit {
            file,
            text: TEMPLATE.into(),
        });
        app.dispatch(Msg::Apply);
        act(&mut app, Act::Write(false));
        assert_eq!(&*app.model().learn.applied[0].name, "my-lesson");
        act(&mut app, Act::Start("my-lesson".into()));
        assert_eq!(lesson(&app).steps, 1);
        assert!(Saved::read(&app.save()).is_ok());
        act(&mut app, Act::Leave);
        assert!(
            app.model()
                .files
                .list
                .iter()
                .any(|f| &*f.name == "lesson.yaml")
        );
    }

    #[test]
    fn a_lesson_that_was_shared_begins_after_a_click_and_gives_the_own_work_back() {
        let mut author = App::fresh(1);
        act(&mut author, Act::Write(true));
        author.dispatch(Msg::Share("https://x.y/".into()));
        author.dispatch(Msg::ShareWhat(What::Lesson));
        let share = author.model().share.clone().expect("shared");
        assert_eq!(share.lesson.as_deref(), Some("lesson.yaml"));
        assert_eq!((share.files, share.what), (1, What::Lesson));

        let mut learner = App::fresh(2);
        let own = learner.model().files.list.clone();
        learner.dispatch(Msg::Received(share.file));
        let offer = learner.model().offer.clone().expect("an offer");
        let title = offer.preview.lesson.clone().map(|(title, _)| title);
        assert_eq!(title.as_deref(), Some("More of the same"));
        assert!(
            learner.lesson().is_none(),
            "nothing happens before the click"
        );
        learner.dispatch(Msg::Accept(true));
        assert_eq!(&*lesson(&learner).title, "More of the same");
        assert_eq!(learner.model().panes.shown, Pane::Learn);
        // It is no lesson of the course, even under the name of one.
        assert!(lesson(&learner).trial);
        act(&mut learner, Act::Leave);
        assert_eq!(learner.model().files.list, own);

        let broken = r#"{"kubarium":1,"files":[["a.yaml","kind: Lesson\n"]],"lesson":true}"#;
        learner.dispatch(Msg::Received(broken.into()));
        learner.dispatch(Msg::Accept(true));
        assert!(learner.lesson().is_none());
        assert!(learner.model().notices.iter().any(|n| n.bad));
        assert_eq!(learner.model().files.list, own);
    }

    #[test]
    fn a_finding_leads_to_its_line() {
        let mut app = App::fresh(1);
        act(&mut app, Act::Write(true));
        let open = app.model().files.open;
        let text: Rc<str> = "# größe\r\nkind: Lesson\r\nspec: {}\r\n".into();
        app.dispatch(Msg::Edit { file: open, text });
        for (line, from, to) in [(1, 0, 9), (2, 11, 23), (3, 25, 33), (99, 35, 35)] {
            act(&mut app, Act::GoTo(line));
            let reveal = app.model().reveal.clone().expect("a place");
            assert_eq!((reveal.file, reveal.start, reveal.end), (open, from, to));
        }
        assert_eq!(app.model().panes.shown, Pane::Editor);
    }

    #[test]
    fn a_picture_leads_to_what_it_is_about() {
        let mut app = enter("first-pod");
        app.dispatch(Msg::Show(crate::app::View::Rollout));
        let english = Words::english();
        let said = |app: &App| english.say(&app.model().spoken.text);
        act(&mut app, Act::Point);
        let pointed = lesson(&app).pointed.expect("pointed");
        assert_eq!(
            (pointed.place, pointed.uid),
            (Place::View(crate::app::View::Nodes), None)
        );
        assert_eq!(app.model().view, crate::app::View::Nodes);
        assert_eq!(app.model().panes.shown, Pane::Stage);
        assert_eq!(
            said(&app),
            "pod/hello is not there yet. It will be here: Nodes."
        );
        type_line(&mut app, "kubectl apply -f pod.yaml");
        until(&mut app, |lesson| {
            lesson.goals.iter().any(|g| g.standing == Standing::Met)
        });
        act(&mut app, Act::Point);
        let again = lesson(&app).pointed.expect("pointed");
        assert!(again.serial > pointed.serial && again.uid.is_some());
        assert_eq!(said(&app), "Pod hello is outlined: Nodes.");

        // A frame that has no such pane offers no way to it.
        assert!(lesson(&app).can_point);
        app.model.embed = Some(crate::app::embed::Embed {
            layout: crate::app::embed::Layout::Terminal,
            api: false,
        });
        app.tell_lesson();
        assert!(!lesson(&app).can_point);
        act(&mut app, Act::Point);
        assert_eq!(lesson(&app).pointed, Some(again));
    }

    #[test]
    fn texts_that_cannot_be_read_or_loaded_end_nothing() {
        let mut app = App::fresh(1);
        act(&mut app, Act::Open(true));
        app.take_wanted();
        act(&mut app, Act::Course(None));
        assert!(app.model().learn.failure.is_some());
        act(&mut app, Act::Open(true));
        assert_eq!(app.take_wanted().0, [Wanted::Course], "it is tried again");
        act(&mut app, Act::Start("nothing".into()));
        act(
            &mut app,
            Act::Texts {
                name: "nothing".into(),
                lesson: None,
                words: None,
            },
        );
        assert_eq!(
            app.model().notices[0].text,
            say!("notice.lesson.load", name = "nothing")
        );
        act(&mut app, Act::Start("bad".into()));
        act(
            &mut app,
            Act::Texts {
                name: "bad".into(),
                lesson: Some("{".into()),
                words: None,
            },
        );
        assert!(app.model().learn.lesson.is_none());
        for odd in [
            Act::Next,
            Act::Back,
            Act::Hint,
            Act::ShowMe,
            Act::Hold,
            Act::Redo,
            Act::StartOver,
            Act::Leave,
            Act::Check,
            Act::Try,
            Act::Choose(7),
            Act::Select("x".into()),
            Act::Remember("{".into()),
        ] {
            act(&mut app, odd);
        }
    }
}
