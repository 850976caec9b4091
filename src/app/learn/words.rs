//! What is missing for a goal, and what a check has found, as texts of the page.

use crate::api::play::lesson::Amount;
use crate::app::{Text, say};
use crate::lessons::{Finding, Flaw, Missing, Relation, Report, number_word};

/// Why a goal is not met yet.
pub fn missing(why: &Missing) -> Text {
    match why {
        Missing::Early => say!("goal.early"),
        Missing::Unclear => Text::default(),
        Missing::Kind { kind } => say!("goal.kind", kind = kind),
        Missing::Absent { kind, name, fresh } => {
            let what = Text::row([kind.singular.into(), name.into()], &" ".into());
            match fresh {
                true => say!("goal.absent.new", what = what),
                false => say!("goal.absent", what = what),
            }
        }
        Missing::StillThere { kind, name, count } => match count {
            1 => say!("goal.still", kind = kind.singular, name = name),
            count => say!("goal.still.many", n = *count, kind = kind.plural),
        },
        Missing::Count {
            kind, good, want, ..
        } => say!(
            "goal.count",
            n = *good,
            kind = kind.plural,
            want = amount(want)
        ),
        Missing::Of {
            kind,
            good,
            total,
            first,
        } => say!(
            "goal.of",
            good = *good,
            total = *total,
            kind = kind.plural,
            first = missing(first)
        ),
        Missing::Value {
            name,
            path,
            have,
            want,
        } => value(name, path, have.as_deref(), want),
        Missing::Condition {
            name,
            condition,
            have,
            want,
        } => match have {
            Some(have) => say!(
                "goal.condition",
                name = name,
                condition = condition,
                have = have,
                want = want
            ),
            None => say!(
                "goal.condition.unset",
                name = name,
                condition = condition,
                want = want
            ),
        },
        Missing::Log { name, text } => say!("goal.log", name = name, text = text),
        Missing::Event { reason, about } => match about.as_str() {
            "" => say!("goal.event", reason = reason),
            about => say!("goal.event.of", reason = reason, about = about),
        },
        Missing::NoRequests { to } => say!("goal.requests.none", to = to),
        Missing::Requests {
            to,
            ok,
            total,
            want,
        } => say!(
            "goal.requests",
            to = to,
            percent = ok * 100 / (*total).max(1),
            total = *total,
            want = *want
        ),
        Missing::Failures { to, failed, want } => {
            say!("goal.failures", to = to, failed = *failed, want = *want)
        }
        Missing::Held { seconds, want } => {
            say!("goal.held", seconds = *seconds, want = *want)
        }
        Missing::Broken { how } => say!("goal.broken", how = missing(how)),
    }
}

/// What was found at a place of a lesson.
pub fn finding(found: &Finding) -> Text {
    let why = |why: &Option<Missing>| why.as_ref().map(missing).unwrap_or_default();
    let words = match &found.flaw {
        Flaw::Text(text) => text.as_str().into(),
        Flaw::Command {
            line,
            should_fail: false,
            printed,
        } => say!("check.refused", line = line, printed = printed),
        Flaw::Command { line, printed, .. } => {
            say!("check.not-refused", line = line, printed = printed)
        }
        Flaw::AllMetBefore => say!("check.met.all"),
        Flaw::MetBefore => say!("check.met"),
        Flaw::FailsBefore(how) => say!("check.fails", how = why(how)),
        Flaw::MetByWaiting => say!("check.waiting"),
        Flaw::NothingToReplace { file, text } => say!("check.edit", file = file, text = text),
        Flaw::Unmet(how) => say!("check.unmet", how = why(how)),
        Flaw::NeverTogether => say!("check.together"),
        Flaw::NeverThere(name) => say!("check.never-there", name = name),
    };
    match found.path.as_str() {
        "" => words,
        path => Text::row([path.into(), words], &": ".into()),
    }
}

/// What a check has come to: "lesson.yaml: good (create 4 s, crash 12 s)".
pub fn verdict(name: &str, report: &Report) -> Text {
    let steps = report.steps.iter().map(|step| match step.took {
        Some(took) => {
            let tenths = i64::try_from(took.as_millis() / 100).unwrap_or(i64::MAX);
            say!(
                "check.step",
                step = &*step.id,
                seconds = Text::fraction(tenths, 1)
            )
        }
        None if step.goals == 0 => (&*step.id).into(),
        None => say!("check.step.unmet", step = &*step.id),
    });
    let steps = Text::list(steps);
    match report.is_good() {
        true => say!("check.good", name = name, steps = steps),
        false => say!("check.bad", name = name, steps = steps),
    }
}

fn amount(want: &Amount) -> Text {
    match (want.equals, want.at_least, want.at_most) {
        (Some(n), _, _) => Text::from(n),
        (_, Some(n), _) => say!("goal.at-least", want = n),
        (_, _, Some(n)) => say!("goal.at-most", want = n),
        _ => Text::default(),
    }
}

fn value(name: &str, path: &str, have: Option<&str>, want: &Relation) -> Text {
    let field = path.trim_matches(['{', '}']);
    if let (Some(word), Relation::Equal(want) | Relation::AtLeast(want)) = (number_word(path), want)
    {
        let have = have.unwrap_or("0");
        let word = match word {
            "ready" => say!("goal.word.ready"),
            "available" => say!("goal.word.available"),
            "updated" => say!("goal.word.updated"),
            _ => say!("goal.word.current"),
        };
        return say!(
            "goal.replicas",
            name = name,
            have = have,
            want = want,
            word = word
        );
    }
    let have = have.map_or_else(|| say!("goal.unset"), Text::from);
    match want {
        Relation::There => say!("goal.value.there", name = name, field = field),
        Relation::Missing => say!(
            "goal.value.missing",
            name = name,
            field = field,
            have = have
        ),
        Relation::NotEqual(_) => say!("goal.value.still", name = name, field = field, have = have),
        Relation::Equal(want) => is_not(name, field, have, Text::from(want)),
        Relation::Like(want) => is_not(name, field, have, say!("goal.like", want = want)),
        Relation::AtLeast(want) => is_not(name, field, have, say!("goal.at-least", want = want)),
        Relation::AtMost(want) => is_not(name, field, have, say!("goal.at-most", want = want)),
    }
}

fn is_not(name: &str, field: &str, have: Text, want: Text) -> Text {
    say!(
        "goal.value",
        name = name,
        field = field,
        have = have,
        want = want
    )
}
