//! ValidatingAdmissionPolicy: rules in CEL that requests have to keep, written as objects
//! (`k8s.io/apiserver/pkg/admission/plugin/policy/validating`, KEP-3488).
//!
//! Divergence: `authorizer` is not known, nothing is audited, subresources but `ephemeralcontainers` and `resize`
//! are not looked at, and a variable that fails counts as one that is not there.

use serde_json::{Value, json};

use super::matching::{Asked, custom, is_exempt, kinds, list, selects, text};
use crate::api::custom::cel::{Came, Given, Program, Wanted};
use crate::api::custom::policy::names;
use crate::api::status::Cause;
use crate::api::{Kind, Object, Result, Status};
use crate::apiserver::ApiServer;

/// How long a message may be that an expression makes, in bytes.
const LONGEST: usize = 5 * 1024;

/// A rule that a request breaks.
struct Broken {
    policy: String,
    binding: String,
    message: String,
    reason: &'static str,
    actions: Vec<String>,
}

impl ApiServer {
    /// Asks the policies that are bound to a request.
    ///
    /// # Errors
    /// The first rule that it breaks, where the binding denies.
    pub(in crate::apiserver) fn admit_policies(
        &mut self,
        asked: Asked<'_>,
        object: Option<&Object>,
        old: Option<&Object>,
    ) -> Result<()> {
        self.policy_warnings.clear();
        match kinds().bindings.filter(|kind| self.any(*kind, None)) {
            Some(bindings) => self.ask_policies(bindings, asked, object, old),
            None => Ok(()),
        }
    }

    #[inline(never)] // it waits in the second file of the wasm until there is a policy
    fn ask_policies(
        &mut self,
        bindings: Kind,
        asked: Asked<'_>,
        object: Option<&Object>,
        old: Option<&Object>,
    ) -> Result<()> {
        let Some(subject) = object.or(old).filter(|subject| !is_exempt(subject)) else {
            return Ok(());
        };
        let mut all = Vec::new();
        for binding in self.list_objects(bindings, None) {
            all.extend(self.broken(&binding, &asked, object, old));
        }
        let mut denied = None;
        for broken in all {
            let rule = format!(
                "ValidatingAdmissionPolicy '{}' with binding '{}'",
                broken.policy, broken.binding
            );
            if broken.actions.iter().any(|a| a == "Warn") {
                let message = &broken.message;
                self.policy_warnings
                    .push(format!("Validation failed for {rule}: {message}"));
            }
            if denied.is_none() && broken.actions.iter().any(|a| a == "Deny") {
                let message = format!("{rule} denied request: {}", broken.message);
                denied = Some((message, broken.reason));
            }
        }
        let Some((message, reason)) = denied else {
            return Ok(());
        };
        let name = super::requested_name(subject);
        let mut status = Status::forbidden(subject.info(), name, &message);
        (status.code, status.reason) = match reason {
            "Unauthorized" => (401, "Unauthorized"),
            "Forbidden" => (403, "Forbidden"),
            "RequestEntityTooLarge" => (413, "RequestEntityTooLarge"),
            _ => (422, "Invalid"),
        };
        status.causes.push(Cause {
            reason: String::new(),
            message,
            field: String::new(),
        });
        Err(status)
    }

    /// The rules of a bound policy that a request breaks.
    fn broken(
        &self,
        binding: &Object,
        asked: &Asked<'_>,
        object: Option<&Object>,
        old: Option<&Object>,
    ) -> Vec<Broken> {
        let Some((bound, subject)) = custom(binding).zip(object.or(old)) else {
            return Vec::new();
        };
        let name = bound.at("spec.policyName").as_str().unwrap_or_default();
        let policy = kinds()
            .policies
            .and_then(|k| self.get_object(k, "", name).ok());
        let Some(policy) = policy.as_ref().and_then(custom) else {
            return Vec::new();
        };
        let spec = policy.fields.get("spec").unwrap_or(&Value::Null);
        if !self.is_matched(&spec["matchConstraints"], asked, subject, old)
            || !self.is_matched(bound.at("spec.matchResources"), asked, subject, old)
        {
            return Vec::new();
        }
        let actions = bound.at("spec.validationActions").as_array();
        let actions: Vec<String> = actions
            .into_iter()
            .flatten()
            .filter_map(|a| a.as_str().map(str::to_owned))
            .collect();
        let broken = |message: String, reason: &'static str| Broken {
            policy: name.to_owned(),
            binding: binding.name().to_owned(),
            message,
            reason,
            actions: actions.clone(),
        };
        let failed = |message: String| match text(spec, "failurePolicy") {
            "Ignore" => Vec::new(),
            _ => vec![broken(message, "Invalid")],
        };
        let parameters = match self.parameters(spec, bound.at("spec.paramRef"), subject) {
            Ok(found) => found,
            Err(message) => return failed(message),
        };
        let value =
            |object: Option<&Object>| Given::of(&object.map_or(Value::Null, Object::to_value));
        let fixed = [
            ("object", value(object)),
            ("oldObject", value(old)),
            (
                "request",
                Given::of(&request(asked, subject, object.is_some())),
            ),
            (
                "namespaceObject",
                value(self.namespace_of(subject).as_ref()),
            ),
        ];
        let mut all = Vec::new();
        for parameter in &parameters {
            let mut given: Vec<(&str, &Given)> = fixed.iter().map(|(n, v)| (*n, v)).collect();
            given.push(("params", parameter));
            match judged(spec, &given) {
                Ok(messages) => all.extend(messages.into_iter().map(|(m, r)| broken(m, r))),
                Err(message) => all.extend(failed(message)),
            }
        }
        all
    }

    /// The objects that the rules are told of as `params`: one that is null where the policy knows none.
    ///
    /// # Errors
    /// They are missing.
    fn parameters(
        &self,
        spec: &Value,
        reference: &Value,
        subject: &Object,
    ) -> std::result::Result<Vec<Given>, String> {
        let none = || vec![Given::of(&Value::Null)];
        let wanted = &spec["paramKind"];
        if !wanted.is_object() || reference.is_null() {
            return Ok(none());
        }
        let (version, kind) = (text(wanted, "apiVersion"), text(wanted, "kind"));
        let Some(kind) = Kind::by_gvk(version, kind) else {
            return Err(format!(
                "failed to configure policy: failed to find resource referenced by paramKind: '{version}, Kind={kind}'"
            ));
        };
        let namespace = match (kind.info().namespaced, text(reference, "namespace")) {
            (false, _) => "",
            (true, "") => subject.namespace(),
            (true, named) => named,
        };
        if kind.info().namespaced && namespace.is_empty() {
            return Err("failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources".to_owned());
        }
        let found: Vec<Object> = match text(reference, "name") {
            "" => {
                let all = self.list_objects(kind, (!namespace.is_empty()).then_some(namespace));
                let selector = &reference["selector"];
                all.into_iter().filter(|o| selects(selector, o)).collect()
            }
            name => self.get_object(kind, namespace, name).into_iter().collect(),
        };
        match (found.is_empty(), text(reference, "parameterNotFoundAction")) {
            (true, "Deny") => Err("failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction".to_owned()),
            (true, _) => Ok(Vec::new()),
            (false, _) => Ok(found.iter().map(|o| Given::of(&o.to_value())).collect()),
        }
    }
}

/// What the rules are told of the request (`admissionv1.AdmissionRequest`).
pub(super) fn request(asked: &Asked<'_>, subject: &Object, has_object: bool) -> Value {
    let info = subject.info();
    let (group, version) = (info.group, info.version);
    let kind = json!({"group": group, "version": version, "kind": info.kind});
    let resource = json!({"group": group, "version": version, "resource": info.plural});
    let caller = asked.caller;
    let extra: serde_json::Map<String, Value> = caller
        .extra
        .iter()
        .map(|(name, values)| (name.to_string(), json!(values)))
        .collect();
    let groups: Vec<&str> = caller.groups.iter().map(|g| &**g).collect();
    let mut user = json!({"username": &*caller.user, "groups": groups});
    if !caller.uid.is_empty() {
        user["uid"] = json!(&*caller.uid);
    }
    if !extra.is_empty() {
        user["extra"] = Value::Object(extra);
    }
    let name = match has_object && asked.operation == "CREATE" {
        true => subject.meta().name.clone().unwrap_or_default(),
        false => subject.name().to_owned(),
    };
    let mut request = json!({
        "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
        "operation": asked.operation, "userInfo": user, "name": name, "dryRun": asked.dry_run,
    });
    if !subject.namespace().is_empty() {
        request["namespace"] = json!(subject.namespace());
    }
    if !asked.subresource.is_empty() {
        request["subResource"] = json!(asked.subresource);
        request["requestSubResource"] = json!(asked.subresource);
    }
    request
}

/// The messages and reasons of the rules of a policy that do not hold.
///
/// # Errors
/// Why that cannot be said.
fn judged(
    spec: &Value,
    given: &[(&str, &Given)],
) -> std::result::Result<Vec<(String, &'static str)>, String> {
    let known = names(spec);
    let asks = |source: &str, wanted: Wanted, given: &[(&str, &Given)]| {
        let wrong = |why: String| format!("expression '{source}' resulted in error: {why}");
        let program = Program::new(source, &known, wanted).map_err(wrong)?;
        program.run(given).map_err(wrong)
    };
    for condition in list(spec, "matchConditions") {
        if asks(text(condition, "expression"), Wanted::Bool, given)? != Came::Bool(true) {
            return Ok(Vec::new());
        }
    }
    let mut worked_out: Vec<(String, Given)> = Vec::new();
    for variable in list(spec, "variables") {
        let so_far = Given::group(&worked_out);
        let mut given = given.to_vec();
        given.push(("variables", &so_far));
        let program = Program::new(text(variable, "expression"), &known, Wanted::Any)?;
        if let Ok(value) = program.value(&given) {
            worked_out.push((text(variable, "name").to_owned(), value));
        }
    }
    let variables = Given::group(&worked_out);
    let mut given = given.to_vec();
    given.push(("variables", &variables));
    let mut broken = Vec::new();
    let mut failed = None;
    for validation in list(spec, "validations") {
        let source = text(validation, "expression").trim();
        match asks(source, Wanted::Bool, &given) {
            Ok(Came::Bool(true)) => continue,
            Ok(_) => {}
            Err(why) => {
                failed.get_or_insert(why);
                continue;
            }
        }
        let said = match text(validation, "messageExpression") {
            "" => None,
            source => asks(source, Wanted::Text, &given).ok(),
        };
        let message = match said {
            Some(Came::Text(said)) if fits(&said) => said.trim().to_owned(),
            _ => match text(validation, "message").trim() {
                "" => format!("failed expression: {source}"),
                message => message.to_owned(),
            },
        };
        let reason = match text(validation, "reason") {
            "Unauthorized" => "Unauthorized",
            "Forbidden" => "Forbidden",
            "RequestEntityTooLarge" => "RequestEntityTooLarge",
            _ => "Invalid",
        };
        broken.push((message, reason));
    }
    match failed {
        Some(why) if broken.is_empty() => Err(why),
        _ => Ok(broken),
    }
}

fn fits(message: &str) -> bool {
    let message = message.trim();
    !message.is_empty() && message.len() <= LONGEST && !message.contains('\n')
}
