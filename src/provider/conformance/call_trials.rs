//! Trials of a map's calls: the requests that they would send, and the values that they read from recorded responses.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::{
    cassette::{Cassette, RecordedResponse, parse_headers},
    report::{ReadAnswer, Report, SampleCall},
    sample::{sample_row, sample_upload},
};
use crate::{
    domain::{Observation, Policy, SourceUrl, Status},
    provider::{
        action::Action,
        calls::{AssetPage, RemoteVideo},
        client::{CallOutcome, ProviderResponse, RawResponse},
        error::CallError,
        loaded::Provider,
        report,
        subject::{Captures, TemplateInput},
        template::{Scope, TrackParts},
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
    let with_ids = TemplateInput {
        captures: ids.unwrap_or_default(),
        ..input.clone()
    };
    let mut trial = CallTrial {
        provider,
        cassette,
        now,
        report,
    };
    let captures = trial.try_steps(&provider.map.upload.steps, &with_ids);
    let descriptor = found.and_then(|()| {
        provider
            .upload_descriptor(&input, &captures)
            .map_err(|error| error.to_string())
    });
    if let Ok(descriptor) = &descriptor {
        report.client = serde_json::to_value(descriptor).ok();
    }
    let steps = provider.map.upload.steps.len();
    report.add_finding(
        "upload",
        descriptor.map(|descriptor| format!("{steps} call(s), then {}", json!(descriptor.protocol))),
    );
    captures
}

/// Tries the steps of an ingest, where the map has some.
pub(super) fn try_ingest(provider: &Provider, cassette: &Cassette, now: DateTime<Utc>, report: &mut Report) {
    let Some(ingest) = &provider.map.ingest else {
        return;
    };
    let policy = if provider.can_play(Policy::Signed) {
        Policy::Signed
    } else {
        Policy::Public
    };
    let input = TemplateInput {
        source_url: Some(SourceUrl::new("https://files.example/sample.mp4")),
        ..sample_upload(provider, policy, now)
    };
    let found = provider.check_ingest(&input).map_err(|error| error.to_string());
    let mut trial = CallTrial {
        provider,
        cassette,
        now,
        report,
    };
    trial.try_steps(&ingest.steps, &input);
    let steps = ingest.steps.len();
    report.add_finding(
        "ingest",
        found.map(|()| format!("{steps} call(s), from an address")),
    );
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
    let mut trial = CallTrial {
        provider,
        cassette,
        now,
        report,
    };
    let asks = upload.get.iter().map(|ask| (ask, false));
    for (ask, is_asset) in asks.chain(asset.get.iter().map(|ask| (ask, true))) {
        trial.try_call(&ask.action, &scope, |response| {
            let mut seen = Observation::default();
            report::read_report(&ask.fields, response.as_input(), &scope, &mut seen);
            let tracks = provider.map.tracks.as_ref().filter(|_| is_asset);
            if let Some((table, body)) = tracks.zip(response.body.as_ref()) {
                table.read_asset(body, &mut seen);
            }
            if let Some(claim) = ask.status.find(response.as_input(), &scope) {
                claim.apply_to(&mut seen);
            }
            Ok(observation_json(&seen))
        });
    }
    trial.try_remote_lookups();
    let updates = asset.updates.iter().map(|update| &update.action);
    for action in upload.cancel.iter().chain(&asset.delete).chain(updates) {
        trial.try_call(action, &scope, |_| Ok(json!({})));
    }
    trial.try_file_calls(&row);
    trial.try_track_calls(&row);
    for steps in provider.map.playback.fetch_steps() {
        trial.try_steps(steps, &row);
    }
    let check = &provider.map.check;
    for action in check.credentials.iter().chain(&check.signing_key) {
        trial.try_call(action, &Scope::default(), |_| Ok(json!({})));
    }
}

/// The parts that the trial of each call needs.
pub(super) struct CallTrial<'a> {
    pub(super) provider: &'a Provider,
    cassette: &'a Cassette,
    now: DateTime<Utc>,
    report: &'a mut Report,
}

impl CallTrial<'_> {
    /// Tries calls that each see the captures of those before, and returns all captures.
    fn try_steps(&mut self, steps: &[Action], input: &TemplateInput) -> Captures {
        self.try_steps_about(steps, input, TrackParts::default())
    }

    /// Tries calls about a track that each see the captures of those before, and returns all captures.
    pub(super) fn try_steps_about(
        &mut self,
        steps: &[Action],
        input: &TemplateInput,
        track: TrackParts<'_>,
    ) -> Captures {
        let mut captures = input.captures.clone();
        for step in steps {
            let scope = Scope {
                captures: Some(&captures),
                track,
                ..Scope::for_input(input, &self.provider.map.values)
            };
            let mut taken = made_up_captures(self.provider, step);
            self.try_call(step, &scope, |response| {
                let read = response.take_captures(step, &scope)?;
                taken.extend(read.clone());
                Ok(Value::Object(read))
            });
            captures.extend(taken);
        }
        captures
    }

    /// Tries `[asset.list]` and `[asset.find]`, the calls that find assets made elsewhere.
    fn try_remote_lookups(&mut self) {
        let provider = self.provider;
        let input = TemplateInput {
            playback_id: Some("sample-playback_id".to_owned()),
            ..TemplateInput::without_row(Policy::Signed, self.now)
        };
        let first = provider.first_page();
        let scope = Scope {
            page: first.page,
            ..Scope::for_input(&input, &provider.map.values)
        };
        if let Some(list) = &provider.map.asset.list {
            self.try_call(&list.action, &scope, |response| {
                let page = provider.read_page(list, response, &first, &input)?;
                Ok(page_json(&page))
            });
        }
        if let Some(find) = &provider.map.asset.find {
            self.try_call(&find.action, &scope, |response| {
                let found = provider.read_found_asset(&find.fields, response, &input);
                Ok(remote_video_json(&found))
            });
        }
    }

    /// Adds one call to the report, and compares what `read` takes from each of its recorded responses with what the
    /// cassette expects. Of a status that the map lists, `gone` or `too_late` is read.
    pub(super) fn try_call(
        &mut self,
        action: &Action,
        scope: &Scope<'_>,
        mut read: impl FnMut(&ProviderResponse) -> Result<Value, CallError>,
    ) {
        show_request(self.provider, action, scope, self.report);
        for recorded in &self.cassette.answer {
            if recorded.action != action.label {
                continue;
            }
            let outcome = classify_recorded(self.provider, action, recorded, scope, self.now);
            let found = outcome.and_then(|outcome| match &outcome {
                CallOutcome::Done(response) => read(response),
                CallOutcome::Gone => Ok(json!({"gone": true})),
                CallOutcome::TooLate => Ok(json!({"too_late": true})),
            });
            let (read, problem) = match found {
                Ok(read) => (read, None),
                Err(error) => (Value::Null, Some(format!("{}: {error}", recorded.action))),
            };
            match problem {
                None => compare_values(&recorded.action, &recorded.expect, &read, self.report),
                Some(problem) => self.report.problems.push(problem),
            }
            self.report.answers.push(ReadAnswer {
                action: recorded.action.clone(),
                status: recorded.status,
                body: parse_body(&recorded.body),
                read,
            });
        }
    }
}

/// Returns a recorded body as JSON where it is JSON, else as its text.
pub(super) fn parse_body(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|_| body.into())
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
    // Why: maps say of an asset that is gone that it is `deleted`.
    let status = if seen.gone {
        Some("deleted")
    } else {
        seen.status.map(Status::as_str)
    };
    let mut out = json!({
        "status": status, "gone": seen.gone, "upload_id": seen.upload_id, "asset_id": seen.asset_id,
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
                .notes
                .push(format!("[{}] cannot be shown: {error}", action.label));
        }
    };
    let headers = provider.map.client.headers_of(&request);
    let headers = headers.iter().map(|(name, value)| {
        let text = if value.is_sensitive() {
            "***"
        } else {
            value.to_str().unwrap_or("?")
        };
        (name.to_string(), text.to_owned())
    });
    report.calls.push(SampleCall {
        action: action.label.clone(),
        method: request.method.to_string(),
        url: request.url,
        headers: headers.collect(),
        body: request.body.map(|body| body.to_shown()),
    });
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
        source_url: request.source_url,
    };
    provider.map.client.classify_response(action, raw, now)
}
