//! Trials of a map's calls: the requests that they would send, and the values that they read from recorded responses.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::{
    cassette::{Cassette, RecordedResponse, parse_headers},
    report::Report,
    sample::{sample_row, sample_upload},
};
use crate::{
    domain::{Observation, Policy},
    provider::{
        action::Action,
        calls::{AssetPage, RemoteVideo},
        client::{CallOutcome, RawResponse},
        error::CallError,
        loaded::Provider,
        report,
        subject::{Captures, TemplateInput},
        template::Scope,
        upload::ReportAction,
    },
};

/// Tries the steps of an upload and returns its captures, which later trials use. A capture that no recorded response
/// gives is made up.
pub(super) fn try_upload(
    provider: &Provider,
    cassette: &Cassette,
    now: DateTime<Utc>,
    report: &mut Report,
) -> Captures {
    let policy = if provider.can_play(Policy::Signed) {
        Policy::Signed
    } else {
        Policy::Public
    };
    let input = sample_upload(provider, policy, now);
    let found = provider.check_upload(&input).map_err(|error| error.to_string());
    let ids = provider
        .map
        .upload
        .make_ids(&Scope::for_input(&input, &provider.map.values));
    let mut captures = ids.unwrap_or_default();
    for step in &provider.map.upload.steps {
        let scope = Scope {
            captures: Some(&captures),
            ..Scope::for_input(&input, &provider.map.values)
        };
        show_request(provider, step, &scope, report);
        let mut taken = made_up_captures(provider, step);
        for recorded in cassette
            .answer
            .iter()
            .filter(|recorded| recorded.action == step.label)
        {
            match take_recorded(provider, step, recorded, &scope, now) {
                Ok(read) => {
                    compare_values(
                        &recorded.action,
                        &recorded.expect,
                        &Value::Object(read.clone()),
                        report,
                    );
                    taken.extend(read);
                }
                Err(error) => report.problems.push(format!("{}: {error}", recorded.action)),
            }
        }
        captures.extend(taken);
    }
    let descriptor = found.and_then(|()| {
        provider
            .upload_descriptor(&input, &captures)
            .map_err(|error| error.to_string())
    });
    if let Ok(descriptor) = &descriptor {
        report.shown.push(format!(
            "the client is told: {}",
            serde_json::to_string(descriptor).unwrap_or_default()
        ));
    }
    let steps = provider.map.upload.steps.len();
    report.add_finding(
        "upload",
        descriptor.map(|descriptor| format!("{steps} call(s), then {}", json!(descriptor.protocol))),
    );
    captures
}

/// Tries every call but those that make an upload.
pub(super) fn try_other_calls(
    provider: &Provider,
    cassette: &Cassette,
    captures: &Captures,
    now: DateTime<Utc>,
    report: &mut Report,
) {
    let row = sample_row(provider, Policy::Signed, captures, now);
    let scope = Scope::for_input(&row, &provider.map.values);
    let (upload, asset) = (&provider.map.upload, &provider.map.asset);
    for ask in upload.get.iter().chain(&asset.get) {
        show_request(provider, &ask.action, &scope, report);
        for recorded in cassette
            .answer
            .iter()
            .filter(|recorded| recorded.action == ask.action.label)
        {
            match observe_recorded(provider, ask, recorded, &row, now) {
                Ok(seen) => compare_values(
                    &recorded.action,
                    &recorded.expect,
                    &observation_json(&seen),
                    report,
                ),
                Err(error) => report.problems.push(format!("{}: {error}", recorded.action)),
            }
        }
    }
    try_remote_lookups(provider, cassette, now, report);
    let updates = asset.updates.iter().map(|update| &update.action);
    for action in upload.cancel.iter().chain(&asset.delete).chain(updates) {
        show_request(provider, action, &scope, report);
    }
}

/// Tries `[asset.list]` and `[asset.find]`, the calls that find assets made elsewhere.
fn try_remote_lookups(provider: &Provider, cassette: &Cassette, now: DateTime<Utc>, report: &mut Report) {
    let input = TemplateInput {
        playback_id: Some("sample-playback_id".to_owned()),
        ..TemplateInput::without_row(Policy::Signed, now)
    };
    let first = provider.first_page();
    let scope = Scope {
        page: first.page,
        ..Scope::for_input(&input, &provider.map.values)
    };
    let asset = &provider.map.asset;
    let list = asset.list.as_ref().map(|list| &list.action);
    for action in list
        .into_iter()
        .chain(asset.find.as_ref().map(|find| &find.action))
    {
        show_request(provider, action, &scope, report);
        for recorded in cassette
            .answer
            .iter()
            .filter(|recorded| recorded.action == action.label)
        {
            let read =
                classify_recorded(provider, action, recorded, &scope, now).and_then(|outcome| {
                    match (outcome, &asset.list, &asset.find) {
                        (CallOutcome::Done(response), Some(list), _) if action.label == list.action.label => {
                            provider
                                .read_page(list, &response, &first, &input)
                                .map(|page| page_json(&page))
                        }
                        (CallOutcome::Done(response), _, Some(find)) => {
                            let found = provider.read_found_asset(&find.fields, &response, &input);
                            Ok(remote_video_json(&found))
                        }
                        _ => Ok(json!({"gone": true})),
                    }
                });
            match read {
                Ok(read) => compare_values(&recorded.action, &recorded.expect, &read, report),
                Err(error) => report.problems.push(format!("{}: {error}", recorded.action)),
            }
        }
    }
}

/// Returns a page as JSON: the number of its assets, and the report about the first.
fn page_json(page: &AssetPage) -> Value {
    let Some(first) = page.assets.first() else {
        return json!({"count": 0, "more": page.next.is_some()});
    };
    let mut out = remote_video_json(&first.video);
    out["count"] = page.assets.len().into();
    out["more"] = page.next.is_some().into();
    out["title"] = json!(first.title);
    out["created_at"] = json!(first.created_at);
    out
}

/// Returns a video without a row as JSON, by the map's names.
fn remote_video_json(found: &RemoteVideo) -> Value {
    let mut out = observation_json(&found.observation);
    out["video_id"] = json!(found.video_id);
    out["policy"] = json!(found.policy);
    out
}

/// Returns an observation as JSON, by the map's names.
pub(super) fn observation_json(seen: &Observation) -> Value {
    let mut out = json!({
        "status": seen.status, "gone": seen.gone, "upload_id": seen.upload_id, "asset_id": seen.asset_id,
    });
    for (field, value) in &seen.fields {
        out[field.as_str()] = value.clone();
    }
    out
}

/// Adds a problem for every value that differs from what the cassette expects. Numbers compare by value.
pub(super) fn compare_values(
    what: &str,
    expect: &BTreeMap<String, Value>,
    read: &Value,
    report: &mut Report,
) {
    for (name, wanted) in expect {
        let found = read.get(name).unwrap_or(&Value::Null);
        // Why by value: TOML writes `10` where the provider's JSON has `10.0`.
        let equal = found == wanted || (found.is_number() && found.as_f64() == wanted.as_f64());
        if !equal {
            report.problems.push(format!(
                "{what}: {name} is {found}, and the cassette expects {wanted}"
            ));
        }
    }
}

/// Adds a request to the report, with its secrets masked.
fn show_request(provider: &Provider, action: &Action, scope: &Scope<'_>, report: &mut Report) {
    let masked = Scope {
        masked: true,
        ..*scope
    };
    let request = match action.request(&masked) {
        Ok(request) => request,
        Err(error) => {
            return report
                .shown
                .push(format!("[{}] cannot be shown: {error}", action.label));
        }
    };
    report
        .shown
        .push(format!("[{}] {} {}", action.label, request.method, request.url));
    for (name, value) in &provider.map.client.headers_of(&request) {
        let text = if value.is_sensitive() {
            "***"
        } else {
            value.to_str().unwrap_or("?")
        };
        report.shown.push(format!("    {name}: {text}"));
    }
    if let Some(body) = request.body {
        report.shown.push(format!("    {body}"));
    }
}

/// Makes captures up for a step: a URL where the client's URL begins with the capture, a word elsewhere.
fn made_up_captures(provider: &Provider, step: &Action) -> Captures {
    let start = provider.map.upload.client.url().captured_name();
    let value = |name: &str| {
        if start == Some(name) {
            format!("https://upload.example/sample-{name}")
        } else {
            format!("sample-{name}")
        }
    };
    step.captures()
        .into_keys()
        .map(|name| (name.clone(), value(&name).into()))
        .collect()
}

/// Classifies a recorded response as if it had come over the wire.
fn classify_recorded(
    provider: &Provider,
    action: &Action,
    recorded: &RecordedResponse,
    scope: &Scope<'_>,
    now: DateTime<Utc>,
) -> Result<CallOutcome, CallError> {
    let request = action.request(scope)?;
    let raw = RawResponse {
        status: StatusCode::from_u16(recorded.status).map_err(|_| CallError::outage("its status is none"))?,
        headers: parse_headers(&recorded.headers).map_err(CallError::outage)?,
        url: Url::parse(&request.url).map_err(|_| CallError::outage("the map makes no address of it"))?,
        body: Ok(recorded.body.clone().into_bytes()),
        sent_at: now,
        took: Duration::ZERO,
    };
    provider.map.client.classify_response(action, raw, now)
}

/// Takes a step's captures from a recorded response.
fn take_recorded(
    provider: &Provider,
    step: &Action,
    recorded: &RecordedResponse,
    scope: &Scope<'_>,
    now: DateTime<Utc>,
) -> Result<Captures, CallError> {
    match classify_recorded(provider, step, recorded, scope, now)? {
        CallOutcome::Done(response) => response.take_captures(step, scope),
        CallOutcome::Gone | CallOutcome::TooLate => Ok(Captures::new()),
    }
}

/// Reads a recorded response as an observation.
fn observe_recorded(
    provider: &Provider,
    ask: &ReportAction,
    recorded: &RecordedResponse,
    row: &TemplateInput,
    now: DateTime<Utc>,
) -> Result<Observation, CallError> {
    let scope = Scope::for_input(row, &provider.map.values);
    let mut seen = Observation::default();
    let outcome = classify_recorded(provider, &ask.action, recorded, &scope, now)?;
    if let CallOutcome::Done(response) = outcome {
        report::read_report(&ask.fields, response.as_input(), &scope, &mut seen);
        if let Some(claim) = ask.status.find(response.as_input(), &scope) {
            claim.apply_to(&mut seen);
        }
    }
    Ok(seen)
}
