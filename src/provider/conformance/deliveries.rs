//! The webhooks of a map, tried with recorded deliveries.

use bytes::Bytes;
use serde_json::json;

use super::{
    calls::{compare, told},
    cassette::{Cassette, Sample, header_map},
    report::Report,
    sample,
};
use crate::{
    domain::Policy,
    provider::{Captures, Provider},
};

/// Verifies and reads every delivery of the cassette.
pub(super) fn read(provider: &Provider, cassette: &Cassette, report: &mut Report) {
    if !provider.receives_webhooks() {
        let why = "the map has no [webhook]: the provider is only asked";
        return report.finds("webhook", Err(why.to_owned()));
    }
    let before = report.problems.len();
    for delivery in &cassette.webhook {
        if let Err(problem) = one(provider, delivery, report) {
            report
                .problems
                .push(format!("webhook \"{}\": {problem}", delivery.name));
        }
    }
    report.finds(
        "webhook",
        match (cassette.webhook.len(), report.problems.len() - before) {
            (0, _) => Ok("no sample was tried".to_owned()),
            (tried, 0) => Ok(format!("{tried} sample(s) verified and read")),
            (tried, problems) => Err(format!("{tried} sample(s) tried, {problems} problem(s)")),
        },
    );
}

fn one(provider: &Provider, delivery: &Sample, report: &mut Report) -> Result<(), String> {
    let headers = header_map(&delivery.headers)?;
    let check = provider
        .begin_webhook(&headers, delivery.at)
        .map_err(|error| error.to_string())?;
    let body = check
        .finish(Bytes::from(delivery.body.clone()))
        .map_err(|error| error.to_string())?;
    let event = provider.read_event(&body).map_err(|error| error.to_string())?;
    let row = sample::row(provider, Policy::Signed, &Captures::new(), delivery.at);
    let mut read = match provider.translate(body.bytes(), &row, &event.event_id, delivery.at) {
        Ok(translated) => {
            let mut read = told(&translated.observation);
            read["refresh"] = translated.refresh.into();
            read
        }
        Err(_) => json!({}),
    };
    read["ignored"] = event.ignored.into();
    read["event_id"] = event.event_id.into();
    read["event_type"] = event.event_type.into();
    read["video_id"] = json!(event.video_id);
    compare(
        &format!("webhook \"{}\"", delivery.name),
        &delivery.expect,
        &read,
        report,
    );
    Ok(())
}
