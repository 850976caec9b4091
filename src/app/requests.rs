//! The requests that reached the API server: those of a person, and what components wrote.

use std::collections::VecDeque;
use std::rc::Rc;

use serde_json::Value;

use super::history::History;
use super::inspect::{Link, PAGE_AGENT};
use crate::apiserver::{Body, Request, Response};
use crate::cluster::Cluster;
use crate::sim::Time;

/// How many requests of people are remembered.
const KEPT: usize = 300;

/// One request with its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    serial: u64,
    at: Time,
    method: &'static str,
    path: Rc<str>,
    code: u16,
    answer: Rc<str>,
    agent: Rc<str>,
    /// The revision of the store after it.
    revision: u64,
}

/// What people have asked, oldest first.
#[derive(Clone, Debug, Default)]
pub struct RequestLog {
    logged: VecDeque<Logged>,
    next: u64,
}

impl RequestLog {
    /// Takes in a request that was answered at `at`; `revision` is the store's after it. What the
    /// page asks for its own sake is left out, and what does not go through the API server.
    pub fn note(&mut self, at: Time, request: &Request, response: &Response, revision: u64) {
        if request.user_agent == PAGE_AGENT || request.path.starts_with("/play/") {
            return;
        }
        self.next += 1;
        self.logged.push_back(Logged {
            serial: self.next,
            at,
            method: request.method.name(),
            path: path_of(request).into(),
            code: response.code,
            answer: answer(response).into(),
            agent: request.user_agent.as_str().into(),
            revision,
        });
        while self.logged.len() > KEPT {
            self.logged.pop_front();
        }
    }

    /// Counts on with every request: tells whether there is anything new.
    pub fn serial(&self) -> u64 {
        self.next
    }
}

/// The path with what of the query tells requests apart.
fn path_of(request: &Request) -> String {
    const TELLING: [&str; 8] = [
        "watch",
        "dryRun",
        "labelSelector",
        "fieldSelector",
        "limit",
        "container",
        "propagationPolicy",
        "gracePeriodSeconds",
    ];
    let query: Vec<String> = request
        .query
        .iter()
        .filter(|(name, _)| TELLING.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    match query.is_empty() {
        true => request.path.clone(),
        false => format!("{}?{}", request.path, query.join("&")),
    }
}

/// "200 OK", "404 NotFound".
fn answer(response: &Response) -> String {
    let reason = match &response.body {
        Body::Json(Value::Object(status)) if !response.is_success() => status
            .get("reason")
            .and_then(Value::as_str)
            .unwrap_or_default(),
        _ => match response.code {
            200 => "OK",
            201 => "Created",
            202 => "Accepted",
            _ => "",
        },
    };
    format!("{} {reason}", response.code).trim_end().to_owned()
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRow {
    /// Tells rows apart; the same row keeps it.
    pub id: Rc<str>,
    pub at: Time,
    pub who: Rc<str>,
    pub verb: Rc<str>,
    /// A path, or what was written.
    pub what: Rc<str>,
    pub answer: Rc<str>,
    pub bad: bool,
    pub revision: u64,
    pub link: Option<Link>,
    /// A write of a component.
    pub component: bool,
}

/// The latest, newest first: requests of people, and with `components` what components wrote too.
pub fn requests(
    log: &RequestLog,
    history: &History,
    cluster: &Cluster,
    components: bool,
    most: usize,
) -> Vec<RequestRow> {
    let mut rows: Vec<RequestRow> = log.logged.iter().rev().map(of_person).collect();
    if components {
        let own = |revision: u64| {
            log.logged
                .iter()
                .any(|l| l.revision == revision && l.method != "GET")
        };
        let written = history
            .writes(cluster.server().revision())
            .filter(|write| !own(write.revision))
            .take(most);
        rows.extend(written.map(|write| {
            let cause = cluster.kernel().causes.get(write.cause);
            let link = cause
                .and_then(|c| cluster.object_of_key(&c.subject))
                .map(|(kind, namespace, name)| Link::to(cluster, kind, &namespace, &name));
            RequestRow {
                id: format!("w{}", write.revision).into(),
                at: write.at,
                who: write.actor.clone(),
                verb: cause.map_or(write.verb, |c| c.verb).into(),
                what: format!("{} {}", write.kind, write.name).into(),
                answer: "".into(),
                bad: false,
                revision: write.revision,
                link,
                component: true,
            }
        }));
        // Of one instant, the later write is on top; sorting is stable.
        rows.sort_by_key(|row| std::cmp::Reverse((row.at, row.revision)));
    }
    rows.truncate(most);
    rows
}

fn of_person(logged: &Logged) -> RequestRow {
    RequestRow {
        id: format!("r{}", logged.serial).into(),
        at: logged.at,
        who: logged.agent.clone(),
        verb: logged.method.into(),
        what: logged.path.clone(),
        answer: logged.answer.clone(),
        bad: logged.code >= 400,
        revision: logged.revision,
        link: None,
        component: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Status;
    use crate::cluster::Config;

    #[test]
    fn what_people_asked_is_listed_newest_first() {
        let cluster = Cluster::new(Config::bare(1, 1));
        let mut log = RequestLog::default();
        let ok = Response::json(200, Value::Null);
        let get = Request::get("/api/v1/pods")
            .with_query("limit", "500")
            .with_query("fieldManager", "x");
        log.note(Time(1), &get, &ok, 5);
        let refused = Status::bad_request("no").into();
        log.note(Time(2), &Request::get("/apis"), &refused, 5);
        let mut own = Request::get("/api/v1/nodes");
        own.user_agent = PAGE_AGENT.to_owned();
        log.note(Time(3), &own, &ok, 5);
        let rows = requests(&log, &History::default(), &cluster, true, 10);
        let told: Vec<String> = rows
            .iter()
            .map(|r| format!("{} {} {} {}", r.verb, r.what, r.answer, r.bad))
            .collect();
        assert_eq!(
            told,
            [
                "GET /apis 400 BadRequest true",
                "GET /api/v1/pods?limit=500 200 OK false"
            ]
        );
        for _ in 0..1000 {
            log.note(Time(4), &get, &ok, 6);
        }
        assert_eq!(log.logged.len(), KEPT);
        assert_eq!(
            requests(&log, &History::default(), &cluster, false, 7).len(),
            7
        );
    }
}
