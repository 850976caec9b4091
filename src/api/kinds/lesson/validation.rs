//! What a lesson has to be before anybody can take it.

use serde_json::Value;

use crate::api::field::{Errors, Path};
use crate::api::jsonpath::Template;
use crate::api::names::{inclusive_range_error, is_dns1123_label};
use crate::api::pattern::Pattern;
use crate::api::play::lesson::{Act, Goal, LessonSpec, Prediction, Start, Step, Test, VIEWS};
use crate::api::quantity::Quantity;
use crate::api::rfc3339::parse_go_duration;
use crate::api::selector::Selector;

const MOST_NODES: u32 = 20;
const MOST_STEPS: usize = 50;
const MOST_GOALS: usize = 20;
/// How deep `allOf` and `anyOf` may lie in each other.
const DEEPEST: usize = 3;
const LONGEST_SECS: i64 = 3600;

pub fn validate(spec: &LessonSpec) -> Errors {
    let mut errors = Errors::default();
    let root = Path::new("spec");
    required(&root.child("title"), &spec.title, &mut errors);
    required(&root.child("summary"), &spec.summary, &mut errors);
    within(&root.child("minutes"), spec.minutes, 1, 120, &mut errors);
    view(&root.child("view"), &spec.view, &mut errors);
    start(&root.child("start"), &spec.start, &mut errors);
    if let Some(picture) = &spec.picture {
        super::picture::validate(&root.child("picture"), picture, &mut errors);
    }
    let steps = root.child("steps");
    if spec.steps.is_empty() {
        errors.required(&steps, "a lesson has at least one step");
    }
    if spec.steps.len() > MOST_STEPS {
        errors.too_many(&steps, spec.steps.len(), MOST_STEPS);
    }
    for (i, one) in spec.steps.iter().take(MOST_STEPS).enumerate() {
        let path = steps.index(i);
        if spec.steps.iter().take(i).any(|other| other.id == one.id) {
            errors.duplicate(&path.child("id"), one.id.as_str());
        }
        step(&path, one, &mut errors);
    }
    errors
}

fn start(path: &Path<'_>, start: &Start, errors: &mut Errors) {
    within(&path.child("nodes"), start.nodes, 0, MOST_NODES, errors);
    duration(&path.child("settle"), &start.settle, errors);
    files(&path.child("files"), start.files.keys(), errors);
    let run = path.child("run");
    for (i, line) in start.run.iter().enumerate() {
        required(&run.index(i), line.trim(), errors);
    }
}

fn step(path: &Path<'_>, step: &Step, errors: &mut Errors) {
    errors.invalid_each(&path.child("id"), &step.id, is_dns1123_label(&step.id));
    required(&path.child("title"), &step.title, errors);
    required(&path.child("text"), &step.text, errors);
    view(&path.child("view"), &step.view, errors);
    if !step.select.is_empty() && !step.select.contains('/') {
        let why = "names an object, as in \"deploy/web\"";
        errors.invalid(&path.child("select"), step.select.as_str(), why);
    }
    files(&path.child("files"), step.files.keys(), errors);
    if let Some(picture) = &step.picture {
        super::picture::validate(&path.child("picture"), picture, errors);
    }
    if let Some(prediction) = &step.predict {
        predict(&path.child("predict"), prediction, errors);
    }
    let hints = path.child("hints");
    for (i, hint) in step.hints.iter().enumerate() {
        required(&hints.index(i), hint, errors);
    }
    goals(&path.child("goals"), &step.goals, 0, errors);
    let solution = path.child("solution");
    if !step.goals.is_empty() && step.goals.iter().all(|goal| goal.throughout) {
        let why = "one goal at least has to come to hold: all are `throughout`";
        errors.required(&path.child("goals"), why);
    }
    if !step.goals.is_empty() && step.solution.is_empty() {
        errors.required(&solution, "a step with goals shows how they are met");
    }
    for (i, act) in step.solution.iter().enumerate() {
        solve(&solution.index(i), act, errors);
    }
}

fn predict(path: &Path<'_>, prediction: &Prediction, errors: &mut Errors) {
    required(&path.child("question"), &prediction.question, errors);
    required(&path.child("because"), &prediction.because, errors);
    let choices = path.child("choices");
    let count = prediction.choices.len();
    if count < 2 {
        errors.required(&choices, "a question has at least two answers");
    }
    for (i, choice) in prediction.choices.iter().enumerate() {
        required(&choices.index(i), choice, errors);
    }
    let most = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    within(&path.child("answer"), prediction.answer, 1, most, errors);
}

fn goals(path: &Path<'_>, list: &[Goal], depth: usize, errors: &mut Errors) {
    if list.len() > MOST_GOALS {
        errors.too_many(path, list.len(), MOST_GOALS);
    }
    for (i, one) in list.iter().take(MOST_GOALS).enumerate() {
        goal(&path.index(i), one, depth, errors);
    }
}

fn goal(path: &Path<'_>, goal: &Goal, depth: usize, errors: &mut Errors) {
    if depth == 0 {
        required(&path.child("text"), &goal.text, errors);
    } else if !goal.text.is_empty() {
        errors.forbidden(&path.child("text"), "only a goal of a step is shown");
    }
    one_of(
        path,
        &[
            ("object", !goal.object.is_empty()),
            ("event", goal.event.is_some()),
            ("requests", goal.requests.is_some()),
            ("allOf", !goal.all_of.is_empty()),
            ("anyOf", !goal.any_of.is_empty()),
        ],
        errors,
    );
    for (name, given) in [
        ("selector", !goal.selector.is_empty()),
        ("new", goal.fresh),
        ("where", !goal.r#where.is_empty()),
        ("logs", goal.logs.is_some()),
        ("absent", goal.absent),
    ] {
        if given && goal.object.is_empty() {
            errors.forbidden(&path.child(name), "belongs to a goal about an `object`");
        }
    }
    if goal.count.is_some() && goal.object.is_empty() && goal.event.is_none() {
        let why = "belongs to a goal about an `object` or an `event`";
        errors.forbidden(&path.child("count"), why);
    }
    if goal.absent && goal.count.is_some() {
        errors.forbidden(&path.child("count"), "may not be given with `absent`");
    }
    if goal.once && goal.throughout {
        errors.forbidden(&path.child("once"), "may not be given with `throughout`");
    }
    if goal.throughout && !goal.held.is_empty() {
        errors.forbidden(&path.child("held"), "may not be given with `throughout`");
    }
    if depth > 0 && (goal.once || goal.throughout || !goal.held.is_empty()) {
        let why = "`held`, `once` and `throughout` are for the goal as a whole";
        errors.forbidden(path, why);
    }
    duration(&path.child("held"), &goal.held, errors);
    if let Err(why) = Selector::parse(&goal.selector) {
        errors.invalid(&path.child("selector"), goal.selector.as_str(), why);
    }
    let tests = path.child("where");
    for (i, one) in goal.r#where.iter().enumerate() {
        test(&tests.index(i), one, errors);
    }
    if let Some(logs) = &goal.logs {
        let path = path.child("logs");
        required(&path.child("contains"), &logs.contains, errors);
    }
    if let Some(count) = &goal.count
        && count.equals.is_none()
        && count.at_least.is_none()
        && count.at_most.is_none()
    {
        let why = "one of equals, atLeast, atMost";
        errors.required(&path.child("count"), why);
    }
    if let Some(event) = &goal.event {
        required(&path.child("event").child("reason"), &event.reason, errors);
    }
    if let Some(requests) = &goal.requests {
        let path = path.child("requests");
        one_of(
            &path,
            &[
                ("service", !requests.service.is_empty()),
                ("traffic", !requests.traffic.is_empty()),
            ],
            errors,
        );
        one_of(
            &path,
            &[
                ("success", requests.success.is_some()),
                ("failures", requests.failures.is_some()),
            ],
            errors,
        );
        let share = requests.success.unwrap_or(100);
        within(&path.child("success"), share, 0, 100, errors);
        duration_to(&path.child("over"), &requests.over, 120, errors);
    }
    if depth + 1 > DEEPEST && !(goal.all_of.is_empty() && goal.any_of.is_empty()) {
        errors.forbidden(path, "goals lie too deep in each other");
        return;
    }
    goals(&path.child("allOf"), &goal.all_of, depth + 1, errors);
    goals(&path.child("anyOf"), &goal.any_of, depth + 1, errors);
}

fn test(path: &Path<'_>, test: &Test, errors: &mut Errors) {
    one_of(
        path,
        &[
            ("path", !test.path.is_empty()),
            ("condition", !test.condition.is_empty()),
        ],
        errors,
    );
    let comparisons = [
        test.equals.is_some(),
        test.not_equals.is_some(),
        !test.matches.is_empty(),
        test.at_least.is_some() || test.at_most.is_some(),
        test.missing,
    ];
    let given = comparisons.iter().filter(|c| **c).count();
    if given > 1 {
        errors.forbidden(path, "one comparison at a time");
    }
    if !test.condition.is_empty() && given > 0 {
        errors.forbidden(path, "a condition is not compared: write \"Ready=False\"");
    }
    if !test.path.is_empty()
        && let Err(why) = Template::relaxed(&test.path)
    {
        errors.invalid(&path.child("path"), test.path.as_str(), why);
    }
    if let Err(why) = Pattern::compile(&test.matches, true, false) {
        errors.invalid(&path.child("matches"), test.matches.as_str(), why);
    }
    for (name, value) in [("equals", &test.equals), ("notEquals", &test.not_equals)] {
        if let Some(Value::Array(_) | Value::Object(_) | Value::Null) = value {
            errors.invalid(&path.child(name), "", "a text, a number or a boolean");
        }
    }
    for (name, value) in [("atLeast", &test.at_least), ("atMost", &test.at_most)] {
        if let Some(value) = value
            && Quantity::from_json(value).is_err()
        {
            let why = "a number or a quantity";
            errors.invalid(&path.child(name), &value.to_string(), why);
        }
    }
}

fn solve(path: &Path<'_>, act: &Act, errors: &mut Errors) {
    one_of(
        path,
        &[
            ("run", !act.run.is_empty()),
            ("edit", !act.edit.is_empty()),
            ("apply", !act.apply.is_empty()),
            ("wait", !act.wait.is_empty()),
        ],
        errors,
    );
    if !act.edit.is_empty() {
        let ways = [
            ("text", !act.text.is_empty()),
            ("replace", !act.replace.is_empty()),
        ];
        one_of(path, &ways, errors);
    }
    if act.fails && act.run.is_empty() && act.apply.is_empty() {
        errors.forbidden(&path.child("fails"), "belongs to `run` and `apply`");
    }
    duration(&path.child("wait"), &act.wait, errors);
}

/// Exactly one of several fields is given.
fn one_of(path: &Path<'_>, fields: &[(&str, bool)], errors: &mut Errors) {
    let given = || fields.iter().filter(|(_, given)| *given);
    if given().count() == 0 {
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        errors.required(path, format!("one of {}", names.join(", ")));
    }
    let mut given = given();
    let first = given.next().map_or("", |(name, _)| name);
    for (name, _) in given {
        let why = format!("may not be given with `{first}`");
        errors.forbidden(&path.child(name), why);
    }
}

fn required(path: &Path<'_>, text: &str, errors: &mut Errors) {
    if text.trim().is_empty() {
        errors.required(path, "");
    }
}

fn within(path: &Path<'_>, number: u32, least: u32, most: u32, errors: &mut Errors) {
    if !(least..=most).contains(&number) {
        let why = inclusive_range_error(i64::from(least), i64::from(most));
        errors.invalid(path, i64::from(number), why);
    }
}

fn view(path: &Path<'_>, view: &str, errors: &mut Errors) {
    if !view.is_empty() && !VIEWS.contains(&view) {
        errors.not_supported(path, view, &VIEWS);
    }
}

fn files<'n>(path: &Path<'_>, names: impl Iterator<Item = &'n String>, errors: &mut Errors) {
    for name in names {
        if name.trim() != name || name.is_empty() || name.starts_with('/') || name.len() > 100 {
            errors.invalid(
                path,
                name.as_str(),
                "a short name of a file, as in \"web.yaml\"",
            );
        }
    }
}

fn duration(path: &Path<'_>, text: &str, errors: &mut Errors) {
    duration_to(path, text, LONGEST_SECS, errors);
}

fn duration_to(path: &Path<'_>, text: &str, most: i64, errors: &mut Errors) {
    if text.is_empty() {
        return;
    }
    match parse_go_duration(text) {
        Ok(nanos) if nanos > 0 && nanos <= most * 1_000_000_000 => {}
        Ok(_) => errors.invalid(
            path,
            text,
            format!("more than nothing, and at most {most}s"),
        ),
        Err(why) => errors.invalid(path, text, why),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::codec::decode;

    fn errors(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut spec = json!({
            "title": "t", "minutes": 3, "summary": "s",
            "steps": [{
                "id": "one", "title": "t", "text": "t",
                "goals": [{"text": "g", "object": "deploy/web"}],
                "solution": [{"run": "kubectl create deploy web --image=nginx"}],
            }],
        });
        change(&mut spec);
        let (spec, unknown): (LessonSpec, _) = decode(&spec, "v1alpha1").expect("decodes");
        assert_eq!(unknown, [""; 0]);
        validate(&spec).0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_wrong_is_found_at_its_field() {
        assert_eq!(errors(|_| {}), [""; 0]);
        let step = "spec.steps[0]";
        type Change = fn(&mut Value);
        let cases: &[(Change, &str)] = &[
            (|s| s["title"] = json!(" "), "spec.title: Required value"),
            (
                |s| s["minutes"] = json!(0),
                "spec.minutes: Invalid value: 0: must be between 1 and 120, inclusive",
            ),
            (
                |s| s["view"] = json!("Pods"),
                "spec.view: Unsupported value: \"Pods\": supported values: \"Nodes\", \"Ownership\", \"Rollout\", \"Traffic\"",
            ),
            (
                |s| s["steps"] = json!([]),
                "spec.steps: Required value: a lesson has at least one step",
            ),
            (
                |s| s["steps"][0]["solution"] = json!([]),
                "spec.steps[0].solution: Required value: a step with goals shows how they are met",
            ),
            (
                |s| {
                    s["steps"][0]["predict"] =
                        json!({"question": "q", "choices": ["a", "b"], "answer": 3, "because": "b"})
                },
                "spec.steps[0].predict.answer: Invalid value: 3: must be between 1 and 2, inclusive",
            ),
            (
                |s| s["steps"][0]["goals"][0]["event"] = json!({"reason": "Killing"}),
                "spec.steps[0].goals[0].event: Forbidden: may not be given with `object`",
            ),
            (
                |s| s["steps"][0]["goals"][0]["held"] = json!("soon"),
                "spec.steps[0].goals[0].held: Invalid value: \"soon\": time: invalid duration \"soon\"",
            ),
            (
                |s| {
                    s["steps"][0]["goals"][0]["where"] =
                        json!([{"path": ".a", "equals": 1, "missing": true}])
                },
                "spec.steps[0].goals[0].where[0]: Forbidden: one comparison at a time",
            ),
            (
                |s| s["steps"][0]["solution"][0] = json!({"edit": "web.yaml"}),
                "spec.steps[0].solution[0]: Required value: one of text, replace",
            ),
        ];
        for (change, expected) in cases {
            assert_eq!(errors(change), [*expected], "{step}");
        }
    }
}
