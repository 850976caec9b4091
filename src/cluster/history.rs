//! A history as JSON: what a reload, a link or a bug report has to carry.

use serde_json::{Map, Value, json};

use super::{Config, Input, NodeConfig, Recorded, Timeline};
use crate::api::names::is_dns1123_subdomain;
use crate::apiserver::request::{
    ACCEPT_TABLE, APPLY_PATCH, Certificate, Credentials, Impersonation, JSON_PATCH, MERGE_PATCH,
    STRATEGIC_MERGE_PATCH,
};
use crate::apiserver::{Body, Latency, Method, Request};
use crate::kubelet::Runtime;
use crate::network::{HttpCall, Origin};
use crate::sim::Time;

/// The version of the format. Older ones stay readable.
const VERSION: u64 = 1;

/// The most nodes that a history may ask for.
const MOST_NODES: usize = 250;

/// The largest machine: a million CPUs, and a pebibyte.
const MOST_CPU_MILLIS: u64 = 1_000_000_000;
const MOST_MEMORY_BYTES: u64 = 1 << 50;
/// The slowest watch, in nanoseconds: a minute.
const SLOWEST_WATCH: u64 = 60_000_000_000;
/// The latest instant of a history: the year 2200.
const LATEST: Time = Time(7_258_118_400_000_000_000);

/// Writes a timeline's history: the configuration, the inputs, and the instant shown.
pub fn save(timeline: &Timeline) -> Value {
    json!({
        "version": VERSION,
        "config": config_value(timeline.cluster().config()),
        "inputs": timeline.inputs().iter().map(recorded_value).collect::<Vec<_>>(),
        "now": timeline.now().0,
        "end": timeline.end().0,
    })
}

/// Reads what [`save`] wrote: the timeline at its start, and the instants to seek to (the end of
/// the history first, then what was shown).
///
/// # Errors
/// What is wrong with the text, in words for people.
pub fn load(value: &Value) -> Result<(Timeline, Time, Time), String> {
    match value["version"].as_u64() {
        Some(VERSION) => {}
        Some(other) => return Err(format!("it was made by a newer Kubarium (format {other})")),
        None => return Err("it is not a Kubarium history".to_owned()),
    }
    let config = config_of(&value["config"])?;
    let inputs = value["inputs"]
        .as_array()
        .into_iter()
        .flatten()
        .map(recorded_of)
        .collect::<Result<Vec<_>, _>>()?;
    if !inputs.is_sorted_by_key(|r| (r.at, r.after)) {
        return Err("its inputs are not in order".to_owned());
    }
    let now = Time(
        value["now"]
            .as_u64()
            .ok_or("it does not say which moment it shows")?,
    );
    let end = Time(value["end"].as_u64().unwrap_or(now.0)).max(now);
    if end > LATEST || config.start > LATEST {
        return Err("its times lie too far in the future".to_owned());
    }
    Ok((Timeline::with_inputs(config, inputs), end, now))
}

fn config_value(config: &Config) -> Value {
    let nodes: Vec<Value> = config
        .nodes
        .iter()
        .map(|n| {
            json!({
                "name": n.name, "controlPlane": n.control_plane, "index": n.index,
                "cpuMillis": n.cpu_millis, "memoryBytes": n.memory_bytes,
                "fake": n.runtime == Runtime::Fake,
            })
        })
        .collect();
    json!({
        "seed": config.seed, "start": config.start.0, "bare": config.bare, "nodes": nodes,
        "latency": [config.watch_latency.least_nanos, config.watch_latency.most_nanos],
    })
}

fn config_of(value: &Value) -> Result<Config, String> {
    let number = |v: &Value, what: &str| v.as_u64().ok_or_else(|| format!("{what} is missing"));
    let nodes = value["nodes"].as_array().ok_or("its nodes are missing")?;
    if nodes.len() > MOST_NODES {
        return Err(format!("it has more than {MOST_NODES} nodes"));
    }
    let nodes = nodes
        .iter()
        .map(|n| {
            Ok(NodeConfig {
                name: n["name"].as_str().ok_or("a node has no name")?.to_owned(),
                control_plane: n["controlPlane"].as_bool().unwrap_or_default(),
                index: u8::try_from(number(&n["index"], "a node's index")?)
                    .map_err(|_| "a node's index is too large")?,
                cpu_millis: number(&n["cpuMillis"], "a node's CPU")?,
                memory_bytes: number(&n["memoryBytes"], "a node's memory")?,
                runtime: match n["fake"].as_bool() {
                    Some(true) => Runtime::Fake,
                    _ => Runtime::Simulated,
                },
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    check_nodes(&nodes)?;
    let latency = |i: usize| number(&value["latency"][i], "the latency");
    let (least, most) = (latency(0)?, latency(1)?);
    if least > most || most > SLOWEST_WATCH {
        return Err("its latency is out of range".to_owned());
    }
    Ok(Config {
        seed: number(&value["seed"], "the seed")?,
        start: Time(number(&value["start"], "the start")?),
        nodes,
        bare: value["bare"].as_bool().unwrap_or_default(),
        watch_latency: Latency {
            least_nanos: least,
            most_nanos: most,
        },
    })
}

/// A history may come from anyone: nodes that could not be are refused.
fn check_nodes(nodes: &[NodeConfig]) -> Result<(), String> {
    for (i, node) in nodes.iter().enumerate() {
        let name = &node.name;
        if !is_dns1123_subdomain(name).is_empty() {
            return Err(format!("no node can have the name {name:?}"));
        }
        if node.cpu_millis > MOST_CPU_MILLIS || node.memory_bytes > MOST_MEMORY_BYTES {
            return Err(format!("the node {name:?} is too large"));
        }
        let others = nodes.iter().take(i);
        if others.clone().any(|n| n.name == *name) {
            return Err(format!("two nodes have the name {name:?}"));
        }
        if others.clone().any(|n| n.index == node.index) {
            return Err(format!("the node {name:?} is where another one is"));
        }
    }
    Ok(())
}

fn recorded_value(recorded: &Recorded) -> Value {
    json!({"at": recorded.at.0, "after": recorded.after, "input": input_value(&recorded.input)})
}

fn recorded_of(value: &Value) -> Result<Recorded, String> {
    Ok(Recorded {
        at: Time(value["at"].as_u64().ok_or("an input has no time")?),
        after: value["after"].as_u64().ok_or("an input has no place")?,
        input: input_of(&value["input"])?,
    })
}

fn input_value(input: &Input) -> Value {
    match input {
        Input::Request(request) => json!({"request": request_value(request)}),
        Input::Http(call) => json!({"http": call_value(call)}),
    }
}

fn input_of(value: &Value) -> Result<Input, String> {
    match (value.get("request"), value.get("http")) {
        (Some(request), _) => Ok(Input::Request(request_of(request)?)),
        (None, Some(call)) => Ok(Input::Http(call_of(call))),
        (None, None) => Err("an input is of an unknown kind".to_owned()),
    }
}

fn call_value(call: &HttpCall) -> Value {
    let node = match &call.origin {
        Origin::Client => None,
        Origin::Node(node) => Some(node),
    };
    json!({
        "node": node, "namespace": call.namespace, "method": call.method, "url": call.url,
        "headers": call.headers, "timeoutMillis": call.timeout_millis,
    })
}

fn call_of(value: &Value) -> HttpCall {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let headers = value["headers"].as_array().into_iter().flatten();
    HttpCall {
        origin: match value["node"].as_str() {
            Some(node) => Origin::Node(node.to_owned()),
            None => Origin::Client,
        },
        namespace: text(&value["namespace"]),
        method: text(&value["method"]),
        url: text(&value["url"]),
        headers: headers.map(|h| (text(&h[0]), text(&h[1]))).collect(),
        timeout_millis: value["timeoutMillis"].as_u64(),
    }
}

fn request_value(request: &Request) -> Value {
    let mut map = Map::new();
    map.insert("method".into(), request.method.name().into());
    map.insert("path".into(), request.path.as_str().into());
    if !request.query.is_empty() {
        map.insert("query".into(), json!(request.query));
    }
    match &request.body {
        Body::Empty => {}
        Body::Json(body) => drop(map.insert("json".into(), body.clone())),
        Body::Text(text) => drop(map.insert("text".into(), text.as_str().into())),
    }
    for (name, text) in [
        ("contentType", request.content_type),
        ("accept", request.accept),
        ("impersonate", &request.impersonate),
        ("userAgent", &request.user_agent),
    ] {
        if !text.is_empty() {
            map.insert(name.into(), text.into());
        }
    }
    match &request.credentials {
        Credentials::Admin => {}
        Credentials::Anonymous => drop(map.insert("anonymous".into(), true.into())),
        Credentials::Token(token) => drop(map.insert("token".into(), token.as_str().into())),
        Credentials::Shown(text) => drop(map.insert("shown".into(), text.as_str().into())),
        Credentials::Certificate(c) => {
            let parts = json!([c.user, c.groups, c.fingerprint]);
            map.insert("certificate".into(), parts);
        }
    }
    let also = &request.impersonate_also;
    if *also != Impersonation::default() {
        let parts = json!([also.groups, also.uid, also.extra]);
        map.insert("impersonateAlso".into(), parts);
    }
    Value::Object(map)
}

fn request_of(value: &Value) -> Result<Request, String> {
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    let known = |name: &str, all: &[&'static str]| -> Result<&'static str, String> {
        let found = all.iter().find(|known| **known == text(name));
        found
            .copied()
            .ok_or_else(|| format!("a request has an unknown {name}"))
    };
    let methods = [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];
    let method = methods
        .into_iter()
        .find(|m| m.name() == text("method"))
        .ok_or("a request has an unknown method")?;
    let mut request = Request::new(method, text("path"));
    for pair in value["query"].as_array().into_iter().flatten() {
        if let (Some(name), Some(value)) = (pair[0].as_str(), pair[1].as_str()) {
            request = request.with_query(name, value);
        }
    }
    if let Some(body) = value.get("json") {
        request.body = Body::Json(body.clone());
    } else if let Some(body) = value["text"].as_str() {
        request.body = Body::Text(body.to_owned());
    }
    request.content_type = known(
        "contentType",
        &[
            "",
            "application/json",
            JSON_PATCH,
            MERGE_PATCH,
            STRATEGIC_MERGE_PATCH,
            APPLY_PATCH,
        ],
    )?;
    request.accept = known("accept", &["", "application/json", ACCEPT_TABLE])?;
    request.impersonate = text("impersonate").to_owned();
    let one = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let many = |v: &Value| v.as_array().into_iter().flatten().map(one).collect();
    if value["anonymous"] == true {
        request.credentials = Credentials::Anonymous;
    } else if let Some(token) = value["token"].as_str() {
        request.credentials = Credentials::Token(token.to_owned());
    } else if let Some(text) = value["shown"].as_str() {
        request.credentials = Credentials::Shown(text.to_owned());
    } else if let Some(parts) = value.get("certificate") {
        request.credentials = Credentials::Certificate(Box::new(Certificate {
            user: one(&parts[0]),
            groups: many(&parts[1]),
            fingerprint: one(&parts[2]),
        }));
    }
    if let Some(parts) = value.get("impersonateAlso") {
        let extra = parts[2].as_array().into_iter().flatten();
        request.impersonate_also = Impersonation {
            groups: many(&parts[0]),
            uid: one(&parts[1]),
            extra: extra.map(|e| (one(&e[0]), one(&e[1]))).collect(),
        };
    }
    request.user_agent = text("userAgent").to_owned();
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::secs;

    #[test]
    fn a_history_survives_being_written_down() {
        let mut timeline = Timeline::new(Config::bare(9, 2));
        timeline.run_until(timeline.now() + secs(1), usize::MAX);
        let mut request = Request::new(Method::Post, "/api/v1/namespaces/default/configmaps")
            .with_body(json!({"metadata": {"name": "c"}}))
            .with_query("fieldManager", "me");
        request.content_type = "application/json";
        timeline.request(&request);
        timeline.run_until(timeline.now() + secs(5), usize::MAX);
        let (mut loaded, end, now) = load(&save(&timeline)).expect("readable");
        assert_eq!(loaded.inputs(), timeline.inputs());
        loaded.run_until(end, usize::MAX);
        loaded.seek(now);
        let hash = |t: &Timeline| t.cluster().kernel().trace.hash();
        assert_eq!(
            (loaded.now(), hash(&loaded)),
            (timeline.now(), hash(&timeline))
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_words() {
        let good = save(&Timeline::new(Config::bare(1, 1)));
        let broken = |edit: fn(&mut Value)| {
            let mut value = good.clone();
            edit(&mut value);
            load(&value).err().unwrap_or_default()
        };
        assert_eq!(
            load(&Value::Null).err().unwrap_or_default(),
            "it is not a Kubarium history"
        );
        assert_eq!(
            broken(|v| v["version"] = 2.into()),
            "it was made by a newer Kubarium (format 2)"
        );
        assert_eq!(
            broken(|v| v["config"]["seed"] = Value::Null),
            "the seed is missing"
        );
        assert_eq!(
            broken(|v| v["inputs"] = json!([{"at": 1}])),
            "an input has no place"
        );
        let unknown = |v: &mut Value| v["inputs"] = json!([{"at": 1, "after": 0, "input": {}}]);
        assert_eq!(broken(unknown), "an input is of an unknown kind");
    }
}
