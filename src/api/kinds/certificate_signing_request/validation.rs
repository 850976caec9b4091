//! Models `k8s.io/kubernetes/pkg/apis/certificates/validation/validation.go`, and of
//! `pkg/apis/core/validation/names.go` the names of signers.

use super::{APPROVED, Condition, DENIED, FAILED, Kind, certificate, conditions, of_type};
use crate::api::field::{Errors, Path};
use crate::api::names::{is_dns1123_label, is_dns1123_subdomain};
use crate::api::x509::{Certificate, Request, pem, usages};

/// The signer of old; nothing new may be asked of it.
const LEGACY: &str = "kubernetes.io/legacy-unknown";
const LONGEST_DOMAIN: usize = 253;
/// A domain, a namespace, a name, and what is between them.
const LONGEST_SIGNER: usize = 571;
/// The least duration that may be asked for, in seconds.
const LEAST_SECONDS: i32 = 600;

/// What a write is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Main,
    Status,
    Approval,
}

pub fn create(csr: &Kind) -> Errors {
    let mut errors = Errors::default();
    common(csr, None, &mut errors);
    errors
}

pub fn update(new: &Kind, old: &Kind, part: Part) -> Errors {
    let mut errors = Errors::default();
    common(new, Some(old), &mut errors);
    let path = Path::new("status");
    let count = |csr, condition| of_type(csr, condition).count();
    for condition in [APPROVED, DENIED, FAILED] {
        if count(new, condition) < count(old, condition) {
            let detail = format!("updates may not remove a condition of type \"{condition}\"");
            errors.forbidden(&path.child("conditions"), detail);
        }
    }
    if part != Part::Approval {
        for condition in [APPROVED, DENIED] {
            if count(new, condition) > count(old, condition) {
                let detail = format!("updates may not add a condition of type \"{condition}\"");
                errors.forbidden(&path.child("conditions"), detail);
            }
        }
    }
    if certificate(new) != certificate(old) {
        let detail = match part {
            Part::Status if certificate(old).is_empty() => return errors,
            Part::Status => "updates may not modify existing certificate content",
            _ => "updates may not set certificate content",
        };
        errors.forbidden(&path.child("certificate"), detail);
    }
    errors
}

/// What holds for every request. What was there before may stay.
fn common(csr: &Kind, old: Option<&Kind>, errors: &mut Errors) {
    let path = Path::new("spec");
    let spec = &csr.spec;
    if let Err(message) = Request::parse(&spec.request.0) {
        let path = path.child("request");
        match spec.request.0.is_empty() {
            true => errors.invalid_raw(&path, "null", message),
            false => errors.invalid_json(&path, &spec.request, message),
        }
    }
    let asked = spec.usages.as_deref().unwrap_or_default();
    if asked.is_empty() {
        errors.required(&path.child("usages"), "");
    }
    // The spec never changes: only a new one can be wrong here.
    if old.is_none() {
        let known: Vec<&str> = usages().collect();
        let list = path.child("usages");
        for (i, usage) in asked.iter().enumerate() {
            if !known.contains(&usage.as_str()) {
                errors.not_supported(&list.index(i), usage, &known);
            }
        }
        for (i, usage) in asked.iter().enumerate() {
            if asked.iter().take(i).any(|before| before == usage) {
                errors.duplicate(&list.index(i), usage);
            }
        }
    }
    let signer = spec.signer_name.as_str();
    if old.is_none() && signer == LEGACY {
        let detail = "the legacy signerName is not allowed via this API version";
        errors.invalid(&path.child("signerName"), signer, detail);
    } else {
        signer_name(signer, &path.child("signerName"), errors);
    }
    if let Some(seconds) = spec.expiration_seconds.filter(|s| *s < LEAST_SECONDS) {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.invalid(&path.child("expirationSeconds"), seconds, detail);
    }
    let path = Path::new("status");
    check_conditions(csr, old, &path.child("conditions"), errors);
    let (now, before) = (certificate(csr), old.map(certificate));
    if before != Some(now)
        && let Err(message) = check_certificate(now)
    {
        let detail = message.as_str();
        errors.invalid(&path.child("certificate"), "<certificate data>", detail);
    }
}

fn signer_name(name: &str, path: &Path<'_>, errors: &mut Errors) {
    if name.is_empty() {
        return errors.required(path, "");
    }
    let (domain, rest) = match name.split_once('/') {
        Some((domain, rest)) if !rest.contains('/') => (domain, rest),
        _ => {
            let detail =
                "must be a fully qualified domain and path of the form 'example.com/signer-name'";
            return errors.invalid(path, name, detail);
        }
    };
    if domain.len() > LONGEST_DOMAIN {
        errors.too_long(path, LONGEST_DOMAIN);
    }
    let labels: Vec<&str> = domain.split('.').collect();
    let mut wrong = |labels: &[&str], shown: &str, check: fn(&str) -> Vec<String>| {
        for label in labels {
            let messages = check(label);
            let is_wrong = !messages.is_empty();
            for message in messages {
                let detail = format!("validating label \"{label}\": {message}");
                errors.invalid(path, shown, detail);
            }
            // The first that is wrong is enough.
            if is_wrong {
                return;
            }
        }
    };
    wrong(&labels, domain, is_dns1123_label);
    let parts: Vec<&str> = rest.split('.').collect();
    wrong(&parts, rest, is_dns1123_subdomain);
    if labels.len() < 2 {
        let detail = "should be a domain with at least two segments separated by dots";
        errors.invalid(path, domain, detail);
    }
    if name.len() > LONGEST_SIGNER {
        errors.too_long(path, LONGEST_SIGNER);
    }
}

fn check_conditions(csr: &Kind, old: Option<&Kind>, path: &Path<'_>, errors: &mut Errors) {
    const DECISIONS: [&str; 3] = [APPROVED, DENIED, FAILED];
    let all = conditions(csr);
    let before = old.map(conditions).unwrap_or_default();
    let in_old = |wrong: fn(&[Condition]) -> bool| wrong(before);
    let has = |list: &[Condition], condition: &str| list.iter().any(|c| c.type_ == condition);
    for (i, condition) in all.iter().enumerate() {
        let path = path.index(i);
        let is_nameless = |list: &[Condition]| list.iter().any(|c| c.type_.is_empty());
        if condition.type_.is_empty() && !in_old(is_nameless) {
            errors.required(&path.child("type"), "");
        }
        let is_decision = DECISIONS.contains(&condition.type_.as_str());
        let allowed: &[&str] = match is_decision {
            true => &["True"],
            false => &["True", "False", "Unknown"],
        };
        let status = condition.status.as_str();
        if status.is_empty() {
            errors.required(&path.child("status"), "");
        } else if !allowed.contains(&status) {
            errors.not_supported(&path.child("status"), status, allowed);
        }
        let earlier = all.get(..i).unwrap_or_default();
        let opposite = match condition.type_.as_str() {
            APPROVED => DENIED,
            DENIED => APPROVED,
            _ => "",
        };
        let both = has(before, APPROVED) && has(before, DENIED);
        if !opposite.is_empty() && !both && has(earlier, opposite) {
            let detail = "Approved and Denied conditions are mutually exclusive";
            errors.invalid(&path.child("type"), &condition.type_, detail);
        }
        let twice = |list: &[Condition]| {
            let mut rest = list.iter().enumerate();
            rest.any(|(i, c)| list.iter().take(i).any(|o| o.type_ == c.type_))
        };
        if has(earlier, &condition.type_) && !in_old(twice) {
            errors.duplicate(&path.child("type"), &condition.type_);
        }
    }
}

/// What is wrong with what a signer has issued.
fn check_certificate(text: &[u8]) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(text);
    let (mut rest, mut blocks) = (&*text, 0);
    while let Some(block) = pem::first(rest) {
        if block.label != "CERTIFICATE" {
            let label = block.label;
            return Err(format!(
                "only CERTIFICATE PEM blocks are allowed, found \"{label}\""
            ));
        }
        if block.has_headers {
            return Err("no PEM block headers are permitted".to_owned());
        }
        let whole = pem::written(block.label, &block.content);
        Certificate::parse(whole.as_bytes()).map_err(str::to_owned)?;
        (rest, blocks) = (block.rest, blocks + 1);
    }
    match blocks {
        0 => Err("must contain at least one CERTIFICATE PEM block".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_signers_are_checked() {
        for (name, expected) in [
            ("kubernetes.io/kubelet-serving", ""),
            ("example.com/a.b-c", ""),
            ("", "x: Required value"),
            (
                "plain",
                "x: Invalid value: \"plain\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
            ),
            (
                "a.b/c/d",
                "x: Invalid value: \"a.b/c/d\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
            ),
            (
                "example/a",
                "x: Invalid value: \"example\": should be a domain with at least two segments separated by dots",
            ),
        ] {
            let mut errors = Errors::default();
            signer_name(name, &Path::new("x"), &mut errors);
            let text: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
            assert_eq!(text.join("; "), expected, "{name}");
        }
        let mut errors = Errors::default();
        signer_name("A.b/c_d", &Path::new("x"), &mut errors);
        let text: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(text.len(), 2, "{text:?}");
        assert!(text[0].starts_with("x: Invalid value: \"A.b\": validating label \"A\": "));
        assert!(text[1].starts_with("x: Invalid value: \"c_d\": validating label \"c_d\": "));
    }

    #[test]
    fn certificates_are_checked() {
        let wrong = pem::written("X", &[]);
        for (text, expected) in [
            ("words", "must contain at least one CERTIFICATE PEM block"),
            (
                wrong.as_str(),
                "only CERTIFICATE PEM blocks are allowed, found \"X\"",
            ),
        ] {
            assert_eq!(check_certificate(text.as_bytes()), Err(expected.to_owned()));
        }
        assert_eq!(check_certificate(b""), Ok(()));
    }
}
