//! The calls of a map: what they would send, and what they read from recorded answers.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::{
    cassette::{Cassette, Recorded, header_map},
    report::Report,
    sample,
};
use crate::{
    domain::{Observation, Policy},
    provider::{
        AssetPage, CallError, Captures, Described, Provider, Subject,
        action::Action,
        client::{Received, Sent},
        report,
        template::Scope,
        upload::Ask,
    },
};

/// Tries the steps of an upload; what they take stands in for what is missing later.
pub(super) fn upload(
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
    let input = sample::upload(provider, policy, now);
    let found = provider.check_upload(&input).map_err(|error| error.to_string());
    let mut captures = Captures::new();
    for step in &provider.map.upload.steps {
        let scope = Scope {
            captures: Some(&captures),
            ..Scope::of(&input, &provider.map.values)
        };
        show(provider, step, &scope, report);
        let mut taken = made_up(provider, step);
        for recorded in cassette
            .answer
            .iter()
            .filter(|recorded| recorded.action == step.label)
        {
            match take(provider, step, recorded, &scope, now) {
                Ok(read) => {
                    compare(
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
    let told = found.and_then(|()| {
        provider
            .upload_client(&input, &captures)
            .map_err(|error| error.to_string())
    });
    if let Ok(told) = &told {
        report.shown.push(format!(
            "the client is told: {}",
            serde_json::to_string(told).unwrap_or_default()
        ));
    }
    let steps = provider.upload_steps();
    report.finds(
        "upload",
        told.map(|told| format!("{steps} call(s), then {}", json!(told.protocol))),
    );
    captures
}

/// Tries every other call that a map can have.
pub(super) fn others(
    provider: &Provider,
    cassette: &Cassette,
    captures: &Captures,
    now: DateTime<Utc>,
    report: &mut Report,
) {
    let row = sample::row(provider, Policy::Signed, captures, now);
    let scope = Scope::of(&row, &provider.map.values);
    let (upload, asset) = (&provider.map.upload, &provider.map.asset);
    for ask in upload.get.iter().chain(&asset.get) {
        show(provider, &ask.action, &scope, report);
        for recorded in cassette
            .answer
            .iter()
            .filter(|recorded| recorded.action == ask.action.label)
        {
            match observe(provider, ask, recorded, &row, now) {
                Ok(seen) => compare(&recorded.action, &recorded.expect, &told(&seen), report),
                Err(error) => report.problems.push(format!("{}: {error}", recorded.action)),
            }
        }
    }
    elsewhere(provider, cassette, now, report);
    let updates = asset.updates.iter().map(|update| &update.action);
    for action in upload.cancel.iter().chain(&asset.delete).chain(updates) {
        show(provider, action, &scope, report);
    }
}

/// Tries what finds assets that were made elsewhere.
fn elsewhere(provider: &Provider, cassette: &Cassette, now: DateTime<Utc>, report: &mut Report) {
    let stranger = Subject {
        playback_id: Some("sample-playback_id".to_owned()),
        ..Subject::stranger(Policy::Signed, now)
    };
    let first = provider.first_page();
    let scope = Scope {
        page: first.page,
        ..Scope::of(&stranger, &provider.map.values)
    };
    let asset = &provider.map.asset;
    let list = asset.list.as_ref().map(|list| &list.action);
    for action in list
        .into_iter()
        .chain(asset.find.as_ref().map(|find| &find.action))
    {
        show(provider, action, &scope, report);
        for recorded in cassette
            .answer
            .iter()
            .filter(|recorded| recorded.action == action.label)
        {
            let read = answer(provider, action, recorded, &scope, now).and_then(|sent| {
                match (sent, &asset.list, &asset.find) {
                    (Sent::Done(answer), Some(list), _) if action.label == list.action.label => provider
                        .read_page(list, &answer, &first, &stranger)
                        .map(|page| listed(&page)),
                    (Sent::Done(answer), _, Some(find)) => {
                        Ok(described(&provider.read_found(&find.fields, &answer, &stranger)))
                    }
                    _ => Ok(json!({"gone": true})),
                }
            });
            match read {
                Ok(read) => compare(&recorded.action, &recorded.expect, &read, report),
                Err(error) => report.problems.push(format!("{}: {error}", recorded.action)),
            }
        }
    }
}

/// A page: how many assets it has, and what it says of the first.
fn listed(page: &AssetPage) -> Value {
    let Some(first) = page.assets.first() else {
        return json!({"count": 0, "more": page.next.is_some()});
    };
    let mut out = described(&first.described);
    out["count"] = page.assets.len().into();
    out["more"] = page.next.is_some().into();
    out["title"] = json!(first.title);
    out["created_at"] = json!(first.created_at);
    out
}

fn described(found: &Described) -> Value {
    let mut out = told(&found.seen);
    out["video_id"] = json!(found.video_id);
    out["policy"] = json!(found.policy);
    out
}

/// What an observation says, by the map's names.
pub(super) fn told(seen: &Observation) -> Value {
    let mut out = json!({
        "status": seen.status, "gone": seen.gone, "upload_id": seen.upload_id, "asset_id": seen.asset_id,
    });
    for (field, value) in &seen.fields {
        out[field.as_str()] = value.clone();
    }
    out
}

/// Notes every value that is not what the cassette expects.
pub(super) fn compare(what: &str, expect: &BTreeMap<String, Value>, read: &Value, report: &mut Report) {
    for (name, wanted) in expect {
        let found = read.get(name).unwrap_or(&Value::Null);
        let equal = found == wanted || (found.is_number() && found.as_f64() == wanted.as_f64());
        if !equal {
            report.problems.push(format!(
                "{what}: {name} is {found}, and the cassette expects {wanted}"
            ));
        }
    }
}

/// Shows a request with its secrets masked.
fn show(provider: &Provider, action: &Action, scope: &Scope<'_>, report: &mut Report) {
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

/// Captures that nobody recorded: an address where the client is sent to one, a word elsewhere.
fn made_up(provider: &Provider, step: &Action) -> Captures {
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

fn answer(
    provider: &Provider,
    action: &Action,
    recorded: &Recorded,
    scope: &Scope<'_>,
    now: DateTime<Utc>,
) -> Result<Sent, CallError> {
    let request = action.request(scope)?;
    let received = Received {
        status: StatusCode::from_u16(recorded.status).map_err(|_| CallError::outage("its status is none"))?,
        headers: header_map(&recorded.headers).map_err(CallError::outage)?,
        url: Url::parse(&request.url).map_err(|_| CallError::outage("the map makes no address of it"))?,
        body: Ok(recorded.body.clone().into_bytes()),
        asked_at: now,
        took: Duration::ZERO,
    };
    provider.map.client.receive(action, received, now)
}

fn take(
    provider: &Provider,
    step: &Action,
    recorded: &Recorded,
    scope: &Scope<'_>,
    now: DateTime<Utc>,
) -> Result<Captures, CallError> {
    match answer(provider, step, recorded, scope, now)? {
        Sent::Done(answer) => answer.take(step, scope),
        Sent::Gone | Sent::TooLate => Ok(Captures::new()),
    }
}

fn observe(
    provider: &Provider,
    ask: &Ask,
    recorded: &Recorded,
    row: &Subject,
    now: DateTime<Utc>,
) -> Result<Observation, CallError> {
    let scope = Scope::of(row, &provider.map.values);
    let mut seen = Observation::default();
    if let Sent::Done(answer) = answer(provider, &ask.action, recorded, &scope, now)? {
        report::tell(&ask.fields, answer.given(), &scope, &mut seen);
        if let Some(says) = ask.status.find(answer.given(), &scope) {
            says.tell(&mut seen);
        }
    }
    Ok(seen)
}
