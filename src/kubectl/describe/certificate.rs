//! Requests for certificates.

use serde_json::Value;

use super::events;
use super::page::{Page, flat_labels, time};
use crate::api::base64;
use crate::api::kinds::certificate_outcome;
use crate::api::x509::Request;
use crate::kubectl::json::{int, list, name, text};
use crate::kubectl::kube::Kube;

pub async fn describe(kube: &Kube, csr: &Value, page: &mut Page) {
    let encoded = text(csr, "spec.request");
    let request = Request::parse(&base64::decode(encoded).unwrap_or_default());
    let request = match request {
        Ok(request) => request,
        Err(message) => return page.line(0, &format!("Error parsing CSR: {message}")),
    };
    let types: Vec<&str> = list(csr, "status.conditions")
        .iter()
        .map(|c| text(c, "type"))
        .collect();
    page.pair("Name", name(csr));
    let meta = &csr["metadata"];
    page.pair("Labels", &flat_labels(&meta["labels"]));
    page.pair("Annotations", &flat_labels(&meta["annotations"]));
    page.pair(
        "CreationTimestamp",
        &time(text(csr, "metadata.creationTimestamp")),
    );
    page.pair("Requesting User", text(csr, "spec.username"));
    page.pair_if("Signer", text(csr, "spec.signerName"));
    if let Some(seconds) = int(csr, "spec.expirationSeconds") {
        let nanos = seconds.saturating_mul(1_000_000_000);
        let duration = crate::api::rfc3339::human_duration(nanos);
        page.pair("Requested Duration", &duration);
    }
    let issued = !text(csr, "status.certificate").is_empty();
    page.pair("Status", &certificate_outcome(&types, issued));
    let subject = &request.subject;
    page.line(0, "Subject:");
    page.line(0, &format!("\tCommon Name:\t{}", subject.one("CN")));
    page.line(
        0,
        &format!("\tSerial Number:\t{}", subject.one("SERIALNUMBER")),
    );
    for (title, attribute) in [
        ("Organization", "O"),
        ("Organizational Unit", "OU"),
        ("Country", "C"),
        ("Locality", "L"),
        ("Province", "ST"),
        ("StreetAddress", "STREET"),
        ("PostalCode", "POSTALCODE"),
    ] {
        let values: Vec<&str> = subject.all(attribute).collect();
        several(title, &values, page);
    }
    let lists = [
        ("DNS Names", &request.dns_names),
        ("Email Addresses", &request.email_addresses),
        ("URIs", &request.uris),
        ("IP Addresses", &request.ip_addresses),
    ];
    if lists.iter().any(|(_, list)| !list.is_empty()) {
        page.line(0, "Subject Alternative Names:");
        for (title, list) in lists {
            let values: Vec<&str> = list.iter().map(String::as_str).collect();
            several(title, &values, page);
        }
    }
    events::write(kube, csr, page).await;
}

/// A list, a line for each value.
fn several(title: &str, values: &[&str], page: &mut Page) {
    if !values.is_empty() {
        page.line(0, &format!("\t{title}:\t{}", values.join("\n\t\t")));
    }
}
