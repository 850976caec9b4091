//! How `kubectl` says that something went wrong, and with which exit code.
//! Models `k8s.io/kubectl/pkg/cmd/util/helpers.go` (`checkErr`, `StandardErrorMessage`).

use serde_json::{Value, json};

use super::json::{int, list, text};
use crate::api::rfc3339::go_quote;

/// Why a command failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// Said by kubectl itself.
    Plain(String),
    /// Said by kubectl itself, without `error: ` before it.
    Said(String),
    /// Said by the API server: a `v1.Status`, whose message may have been put into context.
    Status(Box<Value>),
    Many(Vec<Failure>),
    /// Everything is said; only the exit code is left.
    Exit(i32),
}

pub type Result<T> = std::result::Result<T, Failure>;

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure::Plain(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Failure::Plain(message.to_owned())
    }
}

/// Fails with kubectl's own words.
pub fn plain<T>(message: impl Into<String>) -> Result<T> {
    Err(Failure::Plain(message.into()))
}

/// Several failures as one; `None` when there are none.
pub fn all(mut failures: Vec<Failure>) -> Option<Failure> {
    match failures.len() {
        0 => None,
        1 => failures.pop(),
        _ => Some(Failure::Many(failures)),
    }
}

impl Failure {
    pub fn reason(&self) -> &str {
        match self {
            Failure::Status(status) => text(status, "reason"),
            _ => "",
        }
    }

    pub fn is_not_found(&self) -> bool {
        self.reason() == "NotFound"
    }

    pub fn is_conflict(&self) -> bool {
        self.reason() == "Conflict"
    }

    /// The bare message, without a prefix.
    pub fn message(&self) -> String {
        match self {
            Failure::Plain(message) | Failure::Said(message) => message.clone(),
            Failure::Status(status) => text(status, "message").to_owned(),
            Failure::Many(failures) => {
                let messages: Vec<String> = failures.iter().map(Failure::message).collect();
                format!("[{}]", messages.join(", "))
            }
            Failure::Exit(_) => String::new(),
        }
    }

    /// Puts the message into context: `error when creating "f.yaml": ...`.
    pub fn when(self, context: impl std::fmt::Display) -> Failure {
        match self {
            Failure::Plain(message) => Failure::Plain(format!("{context} {message}")),
            Failure::Status(mut status) => {
                status["message"] = Value::from(format!("{context} {}", text(&status, "message")));
                Failure::Status(status)
            }
            other => other,
        }
    }

    /// `error when VERB "SOURCE": ...`; without a source there is no context.
    pub fn when_doing(self, verb: &str, source: &str) -> Failure {
        match source {
            "" => self,
            source => self.when(format!("error when {verb} \"{source}\":")),
        }
    }

    /// What stands on the terminal, and the exit code.
    pub fn report(&self) -> (String, i32) {
        let said = match self {
            Failure::Exit(code) => return (String::new(), *code),
            Failure::Many(failures) => {
                let lines: Vec<String> = failures.iter().map(Failure::line).collect();
                return (lines.join("\n") + "\n", 1);
            }
            Failure::Status(status) if text(status, "reason") == "Invalid" => invalid(status),
            Failure::Status(status) => from_server(status),
            Failure::Said(message) => message.clone(),
            Failure::Plain(message)
                if ["error: ", "Error in configuration: "]
                    .iter()
                    .any(|lead| message.starts_with(lead)) =>
            {
                message.clone()
            }
            Failure::Plain(message) => format!("error: {message}"),
        };
        match said.ends_with('\n') {
            true => (said, 1),
            false => (said + "\n", 1),
        }
    }

    /// The failure as one of several.
    fn line(&self) -> String {
        match self {
            Failure::Status(status) => from_server(status),
            other => other.message(),
        }
    }
}

fn from_server(status: &Value) -> String {
    let message = text(status, "message");
    match text(status, "reason") {
        "Unauthorized" => {
            format!("error: You must be logged in to the server ({message})")
        }
        "ConnectionRefused" => {
            let server = message.strip_prefix("dial tcp ").unwrap_or(message);
            let server = server.split(": connect").next().unwrap_or(server);
            format!(
                "The connection to the server {server} was refused - did you specify the right host or port?"
            )
        }
        "" => format!("Error from server: {message}"),
        reason => format!("Error from server ({reason}): {message}"),
    }
}

/// An object that breaks rules: each rule on a line of its own.
fn invalid(status: &Value) -> String {
    let details = &status["details"];
    let (kind, name) = (text(details, "kind"), text(details, "name"));
    let causes = list(details, "causes");
    let said = match (kind, name) {
        ("", "") if causes.is_empty() => {
            return format!("The request is invalid: {}", text(status, "message"));
        }
        ("", "") => "The request is invalid".to_owned(),
        _ => format!("The {kind} \"{name}\" is invalid"),
    };
    let mut lines: Vec<String> = Vec::new();
    for cause in causes {
        let line = format!("{}: {}", text(cause, "field"), text(cause, "message"));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    match lines.as_slice() {
        [] => said,
        [one] => format!("{said}: {one}"),
        many => {
            let list: Vec<String> = many.iter().map(|line| format!("* {line}\n")).collect();
            format!("{said}: \n{}", list.concat())
        }
    }
}

/// The failure that an answer of the server stands for.
/// The failure of an answer that is no `Status`: what stands behind a `proxy` answers in its own words.
/// Models `k8s.io/apimachinery/pkg/api/errors` (`NewGenericServerResponse`).
pub fn of_text(code: u16, text: &str) -> Failure {
    let (reason, message) = match code {
        401 => (
            "Unauthorized",
            "the server has asked for the client to provide credentials",
        ),
        403 => ("Forbidden", text.trim_end()),
        404 => (
            "NotFound",
            "the server could not find the requested resource",
        ),
        405 => (
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        ),
        409 => ("Conflict", "the server reported a conflict"),
        429 => (
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
        ),
        503 => (
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
        ),
        504 => (
            "Timeout",
            "the server was unable to return a response in the time allotted, but may still be processing the request",
        ),
        500.. => {
            let message = format!(
                "an error on the server ({}) has prevented the request from succeeding",
                go_quote(text.trim_end())
            );
            return generic(code, "InternalError", &message);
        }
        code => {
            let message = format!(
                "the server responded with the status code {code} but did not return more information"
            );
            return generic(code, "", &message);
        }
    };
    generic(code, reason, message)
}

fn generic(code: u16, reason: &str, message: &str) -> Failure {
    Failure::Status(Box::new(json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "reason": reason, "message": message, "code": code,
    })))
}

pub fn of_status(code: u16, body: Value) -> Failure {
    if text(&body, "kind") == "Status" {
        return Failure::Status(Box::new(body));
    }
    let code = int(&body, "code").unwrap_or(i64::from(code));
    Failure::Plain(format!(
        "an error on the server ({code}) has prevented the request from succeeding"
    ))
}
