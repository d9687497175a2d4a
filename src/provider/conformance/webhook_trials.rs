//! Trials of `[webhook]` with recorded deliveries.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    call_trials::{compare_values, observation_json, parse_body},
    cassette::{Cassette, RecordedDelivery, parse_headers},
    report::{ReadEvent, Report},
    sample::sample_row,
};
use crate::{
    domain::Policy,
    provider::{loaded::Provider, subject::Captures},
};

/// Verifies and reads every delivery of the cassette.
pub(super) fn try_webhooks(provider: &Provider, cassette: &Cassette, report: &mut Report) {
    if provider.map.webhook.is_none() {
        let why = "the map has no [webhook]: the provider is only asked";
        return report.add_finding("webhook", Err(why.to_owned()));
    }
    // Why counted from here: the report holds problems of the calls already.
    let before = report.problems.len();
    for delivery in &cassette.webhook {
        let about = format!("webhook \"{}\"", delivery.name);
        let read = match try_delivery(provider, delivery) {
            Ok(read) => {
                compare_values(&about, &delivery.expect, &read, report);
                read
            }
            // Why: a cassette may show that what is old or forged does not get in.
            Err(_) if delivery.expect.get("refused") == Some(&Value::Bool(true)) => json!({"refused": true}),
            Err(problem) => {
                report.problems.push(format!("{about}: {problem}"));
                Value::Null
            }
        };
        report.webhooks.push(ReadEvent {
            name: delivery.name.clone(),
            body: parse_body(&delivery.body),
            read,
        });
    }
    report.add_finding(
        "webhook",
        match (cassette.webhook.len(), report.problems.len() - before) {
            (0, _) => Ok("no sample was tried".to_owned()),
            (tried, 0) => Ok(format!("{tried} sample(s) verified and read")),
            (tried, problems) => Err(format!("{tried} sample(s) tried, {problems} problem(s)")),
        },
    );
}

/// Verifies one delivery, and returns what the map reads from it.
///
/// # Errors
/// It does not verify, or is no JSON. An event that the map ignores is read as no observation.
fn try_delivery(provider: &Provider, delivery: &RecordedDelivery) -> Result<Value, String> {
    let headers = parse_headers(&delivery.headers)?;
    let check = provider
        .begin_webhook(&headers, delivery.at)
        .map_err(|error| error.to_string())?;
    let body = check
        .check_body(Bytes::from(delivery.body.clone()))
        .map_err(|error| error.to_string())?;
    let event = provider.read_event(&body).map_err(|error| error.to_string())?;
    let row = sample_row(provider, Policy::Signed, &Captures::new(), delivery.at);
    let mut read = match provider.translate_event(body.bytes(), &row, &event.event_id, delivery.at) {
        Ok(translated) => {
            let mut read = observation_json(&translated.observation);
            read["refresh"] = translated.refresh.into();
            read
        }
        Err(_) => json!({}),
    };
    read["ignored"] = event.ignored.into();
    read["refused"] = false.into();
    read["event_id"] = event.event_id.into();
    read["event_type"] = event.event_type.into();
    read["video_id"] = json!(event.video_id);
    Ok(read)
}
