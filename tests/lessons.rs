//! Every lesson in `static/lessons` holds what it promises: it reads strictly, its goals are not met before
//! its solution and are met after it, its commands exist, and its translation is whole.

use std::fs;
use std::path::{Path, PathBuf};

use kubarium::api::play::picture::Picture;
use kubarium::lessons::source::Source;
use kubarium::lessons::{Check, Course, Report};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("static/lessons")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn course() -> Course {
    Course::read(&read(&folder().join("course.yaml"))).expect("course.yaml")
}

/// The folders of lessons, by name.
fn lessons() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("static/lessons");
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.path().join("lesson.yaml").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn check(name: &str) -> Report {
    match Source::read(&read(&folder().join(name).join("lesson.yaml"))) {
        Ok(source) => {
            assert_eq!(
                source.lesson.metadata.name.as_deref(),
                Some(name),
                "metadata.name"
            );
            Check::run(source)
        }
        Err(problems) => Check::refused(problems),
    }
}

#[test]
fn lessons_hold_what_they_promise() {
    let mut bad = Vec::new();
    for name in lessons() {
        let report = check(&name);
        println!("{}", report.line(&name));
        for finding in &report.findings {
            println!("  lesson.yaml:{finding}");
        }
        if !report.is_good() {
            bad.push(name);
        }
    }
    assert!(
        bad.is_empty(),
        "lessons that do not hold: {}",
        bad.join(", ")
    );
}

#[test]
fn translations_are_whole() {
    let mut bad = 0;
    for name in lessons() {
        let folder = folder().join(&name);
        let words = read(&folder.join("zh-CN.yaml"));
        let lesson = read(&folder.join("lesson.yaml"));
        // What is wrong with the lesson itself is told by the other test.
        if let Err((_, problems)) = Source::translated(&lesson, Some(&words)) {
            for problem in problems {
                bad += 1;
                println!("{name}/zh-CN.yaml:{}: {}", problem.line, problem.message);
            }
        }
    }
    assert_eq!(bad, 0, "texts are missing or too many");
}

/// What a learner is to look at is drawn, in every language, and leads to a place in the page.
#[test]
fn every_lesson_has_a_picture() {
    for name in lessons() {
        let folder = folder().join(&name);
        let text = read(&folder.join("lesson.yaml"));
        let words = read(&folder.join("zh-CN.yaml"));
        let spoken = [None, Some(words.as_str())].map(|words| {
            let source = Source::translated(&text, words)
                .unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
            let picture = source.spec().picture.clone();
            picture.unwrap_or_else(|| panic!("{name}: no picture"))
        });
        let [english, chinese] = &spoken;
        assert_ne!(english.alt, chinese.alt, "{name}: alt");
        assert!(
            chinese
                .alt
                .chars()
                .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
            "{name}: {}",
            chinese.alt
        );
        for picture in &spoken {
            let words = picture.alt.chars().count();
            assert!(words >= 20, "{name}: alt says too little: {}", picture.alt);
        }
        let shape = |picture: &Picture| {
            let mut parts = Vec::new();
            picture.each(&mut |part| parts.push((part.part.clone(), part.look)));
            parts
        };
        assert_eq!(shape(english), shape(chinese), "{name}");
    }
}

#[test]
fn the_course_lists_every_lesson_once() {
    let course = course();
    let mut listed: Vec<&str> = course.lessons().collect();
    listed.sort_unstable();
    assert_eq!(listed, lessons());
    for chapter in &course.chapters {
        assert!(chapter.has_title("zh-CN"), "{}", chapter.title("en"));
    }
}
