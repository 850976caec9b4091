//! Every lesson in `static/lessons` holds what it promises: it reads strictly, its goals are not met before
//! its solution and are met after it, its commands exist, and its translation is whole.

use std::fs;
use std::path::{Path, PathBuf};

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
