//! A lesson's text: reading it strictly, and putting a translation over it.

use std::rc::Rc;

use serde_json::Value;

use crate::api::play::Lesson;
use crate::api::play::lesson::LessonSpec;
use crate::api::yaml::{self, SpanMap};
use crate::api::{Kind, Object, Resource};

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1; 0 when it is about the text as a whole.
    pub line: usize,
    pub message: String,
}

/// A lesson with the places of its fields.
#[derive(Clone, Debug)]
pub struct Source {
    pub lesson: Rc<Lesson>,
    pub spans: SpanMap,
}

impl Source {
    /// Reads a lesson strictly: fields that do not exist, keys written twice and values that do not fit are
    /// errors.
    ///
    /// # Errors
    /// All that is wrong with the text.
    pub fn read(text: &str) -> Result<Source, Vec<Problem>> {
        Source::translated(text, None).map_err(|(problems, _)| problems)
    }

    /// Reads a lesson and puts a translation over its texts.
    ///
    /// # Errors
    /// What is wrong with the lesson, and what is wrong with the translation.
    pub fn translated(
        text: &str,
        translation: Option<&str>,
    ) -> Result<Source, (Vec<Problem>, Vec<Problem>)> {
        let (mut value, spans) = document(text).map_err(|problems| (problems, Vec::new()))?;
        let lesson = decode(&value, &spans).map_err(|problems| (problems, Vec::new()))?;
        let Some(translation) = translation else {
            return Ok(Source { lesson, spans });
        };
        let wrong = |problems| (Vec::new(), problems);
        let (words, places) = document(translation).map_err(wrong)?;
        let mut overlay = Overlay {
            places: &places,
            problems: Vec::new(),
        };
        overlay.lesson(&mut value["spec"], &words);
        if !overlay.problems.is_empty() {
            return Err(wrong(overlay.problems));
        }
        let lesson = decode(&value, &places).map_err(wrong)?;
        Ok(Source { lesson, spans })
    }

    /// A lesson that was applied; of its text nothing is known.
    pub fn of(lesson: Rc<Lesson>) -> Source {
        let spans = SpanMap::default();
        Source { lesson, spans }
    }

    pub fn spec(&self) -> &LessonSpec {
        &self.lesson.spec
    }

    /// The line of a field, or of what would contain it.
    pub fn line(&self, path: &str) -> usize {
        line(&self.spans, path)
    }
}

fn line(spans: &SpanMap, path: &str) -> usize {
    spans.nearest(path).mark().line.max(1)
}

/// The only document of a text.
fn document(text: &str) -> Result<(Value, SpanMap), Vec<Problem>> {
    let parsed = yaml::parse(text);
    let mut problems = Vec::new();
    if let Some(error) = &parsed.error {
        problems.push(Problem {
            line: error.span.line,
            message: said_of_yaml(&error.message),
        });
    }
    let mut documents = parsed.documents.into_iter();
    let first = documents.next();
    for document in documents {
        problems.push(Problem {
            line: document.spans.value.line,
            message: "a lesson is one document".to_owned(),
        });
    }
    let Some(document) = first else {
        if problems.is_empty() {
            let message = "the text is empty".to_owned();
            problems.push(Problem { line: 0, message });
        }
        return Err(problems);
    };
    for duplicate in &document.duplicates {
        problems.push(Problem {
            line: duplicate.second.line,
            message: format!("{}: the key is written twice", duplicate.path),
        });
    }
    match problems.is_empty() {
        true => Ok((document.value, document.spans)),
        false => Err(problems),
    }
}

fn decode(value: &Value, spans: &SpanMap) -> Result<Rc<Lesson>, Vec<Problem>> {
    let problem = |path: &str, message: String| Problem {
        line: line(spans, path),
        message,
    };
    let named = Kind::by_gvk(
        value["apiVersion"].as_str().unwrap_or_default(),
        value["kind"].as_str().unwrap_or_default(),
    );
    if named != Some(Lesson::KIND) {
        let info = Lesson::KIND.info();
        let expected = format!("apiVersion: {}, kind: {}", info.api_version(), info.kind);
        return Err(vec![problem(
            "kind",
            format!("this is no lesson: {expected}"),
        )]);
    }
    let (object, unknown) = Lesson::KIND.decode(value).map_err(|e| {
        let said = said_of_type(&e.message).unwrap_or_else(|| e.message.clone());
        vec![problem(&e.path, format!("{}: {said}", e.path))]
    })?;
    let mut problems: Vec<Problem> = unknown
        .iter()
        .map(|path| problem(path, format!("unknown field \"{path}\"")))
        .collect();
    if object.name().is_empty() {
        problems.push(problem(
            "metadata",
            "metadata.name: Required value".to_owned(),
        ));
    }
    let errors = object.info().strategy.validate(&object);
    problems.extend(errors.0.iter().map(|e| problem(&e.field, e.to_string())));
    match (problems.is_empty(), object) {
        (true, Object::Lesson(lesson)) => Ok(lesson),
        _ => Err(problems),
    }
}

/// What the API server says of a value of the wrong type, in words for who writes a text: it names Go's types.
fn said_of_type(message: &str) -> Option<String> {
    let (found, rest) = message
        .strip_prefix("json: cannot unmarshal ")?
        .split_once(" into Go ")?;
    let (_, wanted) = rest.rsplit_once(" of type ")?;
    let kind = found.split(' ').next().unwrap_or_default();
    let is = match kind {
        "object" => "fields",
        "array" => "a list",
        "string" => "text",
        "number" => "a number",
        "bool" => "true or false",
        _ => return None,
    };
    let should_be = match wanted {
        "string" => "text",
        "[]string" => "a list of texts",
        "bool" => "true or false",
        list if list.starts_with("[]") => "a list",
        number if number.starts_with("uint") || number.starts_with("int") => "a whole number",
        _ => "fields",
    };
    let advice = match (kind, should_be) {
        ("object", "text" | "a list of texts") => ". A text with \": \" in it stands in quotes",
        ("bool" | "number", "text" | "a list of texts") => {
            ". Words like Yes, No and 10 are text in quotes only"
        }
        ("string", "a list of texts") => ": each begins with \"- \"",
        ("string", "a whole number") => ", without quotes",
        _ => "",
    };
    Some(format!("this is {is}, and should be {should_be}{advice}"))
}

/// What is wrong with the YAML, without the line, which is told anyway, and with the mistake that it most often is.
fn said_of_yaml(message: &str) -> String {
    let message = message
        .strip_prefix("error converting YAML to JSON: ")
        .unwrap_or(message);
    let message = message.strip_prefix("yaml: ").unwrap_or(message);
    let bare = message
        .strip_prefix("line ")
        .and_then(|rest| rest.split_once(": "))
        .filter(|(line, _)| line.bytes().all(|b| b.is_ascii_digit()));
    let message = bare.map_or(message, |(_, rest)| rest);
    let advice = match message {
        "mapping values are not allowed in this context" => {
            ". A text with \": \" in it stands in quotes, or below \"|\""
        }
        "found character that cannot start any token"
        | "did not find expected alphabetic or numeric character" => {
            ". A text that begins with a backtick, @, %, & or * stands in quotes"
        }
        "did not find expected key" => {
            ". Is a line above it indented otherwise, or does a text go on behind its closing quote?"
        }
        anchor if anchor.starts_with("unknown anchor") => {
            ". A text that begins with * stands in quotes"
        }
        _ => "",
    };
    format!("{message}{advice}")
}

/// A translation over the texts of a lesson: the same keys, none missing and none too many.
struct Overlay<'p> {
    places: &'p SpanMap,
    problems: Vec<Problem>,
}

const TEXTS: [&str; 4] = ["title", "summary", "look", "done"];

impl Overlay<'_> {
    fn wrong(&mut self, path: &str, what: &str) {
        self.problems.push(Problem {
            line: line(self.places, path),
            message: format!("{path}: {what}"),
        });
    }

    fn lesson(&mut self, spec: &mut Value, words: &Value) {
        self.fields(spec, words, "", &TEXTS, &["picture", "steps"]);
        self.picture(&mut spec["picture"], &words["picture"], "picture");
        let empty = Vec::new();
        let ids: Vec<String> = spec["steps"]
            .as_array()
            .unwrap_or(&empty)
            .iter()
            .map(|step| step["id"].as_str().unwrap_or_default().to_owned())
            .collect();
        for id in words["steps"]
            .as_object()
            .into_iter()
            .flat_map(|s| s.keys())
        {
            if !ids.contains(id) {
                self.wrong(&format!("steps.{id}"), "the lesson has no such step");
            }
        }
        for (i, id) in ids.iter().enumerate() {
            let path = format!("steps.{id}");
            let words = &words["steps"][id.as_str()];
            if words.is_null() {
                self.wrong(&path, "is missing");
                continue;
            }
            let step = &mut spec["steps"][i];
            let more = ["hints", "predict", "goals", "picture"];
            self.fields(step, words, &path, &["title", "text"], &more);
            let picture = format!("{path}.picture");
            self.picture(&mut step["picture"], &words["picture"], &picture);
            self.list(
                &mut step["hints"],
                &words["hints"],
                &format!("{path}.hints"),
            );
            let goals = format!("{path}.goals");
            let mut texts: Vec<Value> = step["goals"]
                .as_array()
                .unwrap_or(&empty)
                .iter()
                .map(|goal| goal["text"].clone())
                .collect();
            let mut list = match texts.is_empty() {
                true => Value::Null,
                false => Value::Array(std::mem::take(&mut texts)),
            };
            self.list(&mut list, &words["goals"], &goals);
            for (n, text) in list.as_array().unwrap_or(&empty).iter().enumerate() {
                step["goals"][n]["text"] = text.clone();
            }
            let path = format!("{path}.predict");
            match (step["predict"].is_object(), words["predict"].is_object()) {
                (true, true) => {
                    let (predict, words) = (&mut step["predict"], &words["predict"]);
                    self.fields(
                        predict,
                        words,
                        &path,
                        &["question", "because"],
                        &["choices"],
                    );
                    let choices = format!("{path}.choices");
                    self.list(&mut predict["choices"], &words["choices"], &choices);
                }
                (true, false) => self.wrong(&path, "is missing"),
                (false, true) => self.wrong(&path, "the step has none"),
                (false, false) => {}
            }
        }
    }

    /// A picture: its `alt`, and the words in it in the order in which they are written there.
    fn picture(&mut self, picture: &mut Value, words: &Value, path: &str) {
        match (picture.is_object(), words.is_object()) {
            (true, true) => {}
            (true, false) => return self.wrong(path, "is missing"),
            (false, false) => return,
            (false, true) => return self.wrong(path, "there is none in the lesson"),
        }
        self.fields(picture, words, path, &["alt"], &["words"]);
        let mut texts = Vec::new();
        words_of(&mut picture["rows"], &mut texts);
        let mut list = match texts.is_empty() {
            true => Value::Null,
            false => texts.iter().map(|text| (**text).clone()).collect(),
        };
        self.list(&mut list, &words["words"], &format!("{path}.words"));
        for (text, new) in texts.into_iter().zip(list.as_array().into_iter().flatten()) {
            *text = new.clone();
        }
    }

    /// Replaces the texts of an object; `more` are the keys that are looked at elsewhere.
    fn fields(
        &mut self,
        object: &mut Value,
        words: &Value,
        at: &str,
        texts: &[&str],
        more: &[&str],
    ) {
        let path = |key: &str| match at {
            "" => key.to_owned(),
            at => format!("{at}.{key}"),
        };
        for key in words.as_object().into_iter().flat_map(|o| o.keys()) {
            if !texts.contains(&key.as_str()) && !more.contains(&key.as_str()) {
                self.wrong(&path(key), "there is no such text");
            }
        }
        for key in texts {
            match (object[*key].is_string(), words[*key].as_str()) {
                (true, Some(text)) if !text.trim().is_empty() => object[*key] = Value::from(text),
                (true, _) => self.wrong(&path(key), "is missing"),
                (false, Some(_)) => self.wrong(&path(key), "the lesson has no such text"),
                (false, None) => {}
            }
        }
    }

    /// Replaces a list of texts by one of the same length.
    fn list(&mut self, list: &mut Value, words: &Value, path: &str) {
        let have = list.as_array().map_or(0, Vec::len);
        let given: Vec<&str> = words
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if have != given.len() {
            let what = format!("has {} texts, the lesson has {have}", given.len());
            return self.wrong(path, &what);
        }
        for (i, text) in given.into_iter().enumerate() {
            list[i] = Value::from(text);
        }
    }
}

/// The words in the rows or parts of a picture: of each row `title`, `ceiling` and `floor`, of each part `name`
/// and `note`, and then those of what is inside.
fn words_of<'v>(list: &'v mut Value, out: &mut Vec<&'v mut Value>) {
    const WORDS: [&str; 5] = ["title", "ceiling", "floor", "name", "note"];
    for one in list.as_array_mut().into_iter().flatten() {
        let Some(fields) = one.as_object_mut() else {
            continue;
        };
        let mut texts: Vec<Option<&'v mut Value>> = WORDS.iter().map(|_| None).collect();
        let mut inside = None;
        for (key, value) in fields {
            if let Some(place) = WORDS.iter().position(|word| word == key)
                && let Some(text) = texts.get_mut(place)
                && value.is_string()
            {
                *text = Some(value);
            } else if key == "parts" {
                inside = Some(value);
            }
        }
        out.extend(texts.into_iter().flatten());
        if let Some(inside) = inside {
            words_of(inside, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LESSON: &str = "\
apiVersion: play.kubarium.dev/v1alpha1
kind: Lesson
metadata:
  name: one
spec:
  title: One
  minutes: 1
  summary: S
  picture:
    alt: Two pods.
    rows:
    - parts:
      - {note: holds both, parts: [{note: first, part: pod/a, name: one}], part: node/n, look: true}
      floor: at least one
  steps:
  - id: a
    title: A
    text: Do it.
    hints: [Try.]
    predict: {question: Q, choices: [p, q], answer: 2, because: B}
    goals:
    - text: It is there
      object: deploy/web
    solution:
    - run: kubectl create deploy web --image=nginx
";

    const WORDS: &str = "\
title: 一
summary: 总
picture: {alt: 两个 Pod。, words: [至少一个, 都在这里, 一, 第一]}
steps:
  a:
    title: 甲
    text: 做吧。
    hints: [试试。]
    predict: {question: 问, choices: [是, 否], because: 因}
    goals: [它在那里]
";

    fn words_with(from: &str, to: &str) -> Vec<String> {
        let words = WORDS.replace(from, to);
        let (_, problems) = Source::translated(LESSON, Some(&words)).expect_err("wrong");
        let texts = problems
            .iter()
            .map(|p| format!("{}: {}", p.line, p.message));
        texts.collect()
    }

    #[test]
    fn a_translation_replaces_the_texts_and_nothing_else() {
        let source = Source::translated(LESSON, Some(WORDS)).expect("fits");
        let step = &source.spec().steps[0];
        assert_eq!(
            (source.spec().title.as_str(), step.text.as_str()),
            ("一", "做吧。")
        );
        assert_eq!(step.goals[0].text, "它在那里");
        assert_eq!(step.goals[0].object, "deploy/web");
        assert_eq!(step.predict.as_ref().map(|p| p.answer), Some(2));
        let picture = source.spec().picture.as_ref().expect("a picture");
        assert_eq!(
            (&*picture.alt, &*picture.rows[0].floor),
            ("两个 Pod。", "至少一个")
        );
        let mut parts = Vec::new();
        picture.each(&mut |part| parts.push((&*part.part, &*part.name, &*part.note)));
        assert_eq!(parts, [("node/n", "", "都在这里"), ("pod/a", "一", "第一")]);
    }

    #[test]
    fn what_a_translation_lacks_or_has_too_much_is_found() {
        for (from, to, expected) in [
            ("summary: 总\n", "", "1: summary: is missing"),
            (
                "title: 一\n",
                "title: 一\nnote: x\n",
                "2: note: there is no such text",
            ),
            (
                "title: 一\n",
                "title: 一\ndone: x\n",
                "2: done: the lesson has no such text",
            ),
            (
                "  a:\n",
                "  b:\n",
                "5: steps.b: the lesson has no such step",
            ),
            (
                "hints: [试试。]",
                "hints: []",
                "8: steps.a.hints: has 0 texts, the lesson has 1",
            ),
            (
                "words: [至少一个, 都在这里, 一, 第一]",
                "words: [至少一个]",
                "3: picture.words: has 1 texts, the lesson has 4",
            ),
            (
                "picture: {alt: 两个 Pod。, words: [至少一个, 都在这里, 一, 第一]}\n",
                "",
                "1: picture: is missing",
            ),
            (
                "choices: [是, 否]",
                "choices: [是]",
                "9: steps.a.predict.choices: has 1 texts, the lesson has 2",
            ),
        ] {
            let found = words_with(from, to);
            assert_eq!(found.first().map(String::as_str), Some(expected), "{to}");
        }
    }

    #[test]
    fn a_lesson_is_read_strictly_and_errors_have_lines() {
        for (from, to, expected) in [
            (
                "title: One",
                "titel: One",
                "6: unknown field \"spec.titel\"",
            ),
            (
                "kind: Lesson",
                "kind: Pod",
                "2: this is no lesson: apiVersion: play.kubarium.dev/v1alpha1, kind: Lesson",
            ),
            (
                "object: deploy/web",
                "object: deploy/web\n      object: x",
                "24: spec.steps[0].goals[0].object: the key is written twice",
            ),
            (
                "answer: 2",
                "answer: 3",
                "20: spec.steps[0].predict.answer: Invalid value: 3: must be between 1 and 2, inclusive",
            ),
            (
                "name: one",
                "labels: {}",
                "3: metadata.name: Required value",
            ),
        ] {
            let problems = Source::read(&LESSON.replace(from, to)).expect_err("wrong");
            let texts: Vec<String> = problems
                .iter()
                .map(|p| format!("{}: {}", p.line, p.message))
                .collect();
            assert!(texts.iter().any(|t| t == expected), "{texts:?}");
        }
    }

    #[test]
    fn slips_in_yaml_are_told_in_words_for_who_writes() {
        for (from, to, expected) in [
            (
                "summary: S",
                "summary: S: and more",
                "8: mapping values are not allowed in this context. A text with \": \" in it stands in quotes, \
                 or below \"|\"",
            ),
            (
                "hints: [Try.]",
                "hints: [`kubectl`]",
                "19: found character that cannot start any token. A text that begins with a backtick, @, %, & or * \
                 stands in quotes",
            ),
            (
                "hints: [Try.]",
                "hints:\n    - Try: this.",
                "20: spec.steps[0].hints[0]: this is fields, and should be text. A text with \": \" in it stands in \
                 quotes",
            ),
            (
                "choices: [p, q]",
                "choices: [Yes, No]",
                "20: spec.steps[0].predict.choices[0]: this is true or false, and should be text. Words like Yes, \
                 No and 10 are text in quotes only",
            ),
            (
                "answer: 2",
                "answer: q",
                "20: spec.steps[0].predict.answer: this is text, and should be a whole number, without quotes",
            ),
            (
                "hints: [Try.]",
                "hints: Try.",
                "19: spec.steps[0].hints: this is text, and should be a list of texts: each begins with \"- \"",
            ),
            (
                "- run: kubectl create",
                "- kubectl create",
                "25: spec.steps[0].solution[0]: this is text, and should be fields",
            ),
        ] {
            let problems = Source::read(&LESSON.replace(from, to)).expect_err("wrong");
            let texts: Vec<String> = problems
                .iter()
                .map(|p| format!("{}: {}", p.line, p.message))
                .collect();
            assert_eq!(texts, [expected]);
        }
    }
}
