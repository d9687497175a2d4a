//! Calls to the real API, read only: they tell whether it is there and accepts our credentials, and what it answers.

use chrono::{DateTime, Utc};
use http::Method;

use super::{report::Report, sample::sample_row};
use crate::{
    domain::{Field, Policy},
    provider::{
        action::Action,
        client::{CallOutcome, RawResponse},
        error::CallError,
        loaded::Provider,
        subject::{Captures, TemplateInput},
        template::{Id, Placeholder, Scope},
    },
};

/// Ids of a video that is at the provider.
#[derive(Clone, Debug, Default)]
pub struct RemoteIds {
    /// The upload's id.
    pub upload_id: Option<String>,
    /// The asset's id.
    pub asset_id: Option<String>,
    /// The playback id.
    pub playback_id: Option<String>,
}

/// One answer of the real API.
pub(super) struct LiveAnswer {
    /// The action that it answers.
    pub(super) action: String,
    /// The HTTP status; `None` where no answer came.
    pub(super) status: Option<u16>,
    /// The body as text.
    pub(super) body: String,
    /// The answer as the map reads it.
    pub(super) outcome: Result<CallOutcome, CallError>,
}

/// The parts that every live call needs.
struct LiveTrial<'a> {
    provider: &'a Provider,
    now: DateTime<Utc>,
    answers: Vec<LiveAnswer>,
}

/// Makes every call that only reads, with GET alone:
///
/// 1. `[check.credentials]` and `[check.signing_key]`.
/// 2. The first page of `[asset.list]`. The ids of its first asset stand in for those of `ids` that are `None`.
/// 3. `[asset.get]`, `[upload.get]` and `[asset.find]` about these ids, as far as they are known.
/// 4. `[asset.get]` and `[upload.get]` about ids that cannot exist.
pub(super) async fn fetch_live_answers(
    provider: &Provider,
    ids: &RemoteIds,
    now: DateTime<Utc>,
) -> Vec<LiveAnswer> {
    let mut trial = LiveTrial {
        provider,
        now,
        answers: Vec::new(),
    };
    let map = &provider.map;
    let signing_key = map.check.signing_key.iter().filter(|_| provider.has_signing());
    for check in map.check.credentials.iter().chain(signing_key) {
        trial.fetch(check, &Scope::default()).await;
    }
    let mut ids = ids.clone();
    trial.list_first_page(&mut ids).await;
    let known = TemplateInput {
        upload_id: ids.upload_id,
        asset_id: ids.asset_id,
        playback_id: ids.playback_id,
        ..TemplateInput::without_row(Policy::Signed, now)
    };
    let gets: Vec<&Action> = map
        .asset
        .get
        .iter()
        .chain(&map.upload.get)
        .map(|get| &get.action)
        .collect();
    let find = map.asset.find.as_ref().map(|find| &find.action);
    for action in gets.iter().copied().chain(find) {
        if has_ids(action, &known) {
            trial.fetch(action, &Scope::for_input(&known, &map.values)).await;
        }
    }
    let row = sample_row(provider, Policy::Public, &Captures::new(), now);
    for action in gets {
        trial.fetch(action, &Scope::for_input(&row, &map.values)).await;
    }
    trial.answers
}

impl LiveTrial<'_> {
    /// Makes one call, where it is a GET, and keeps its answer.
    async fn fetch(&mut self, action: &Action, scope: &Scope<'_>) {
        // Why GET alone: a trial must not change anything at the provider.
        if *action.method() != Method::GET {
            return;
        }
        let client = &self.provider.map.client;
        let answer = match client.fetch(action, scope, self.now).await {
            Err(error) | Ok(RawResponse { body: Err(error), .. }) => LiveAnswer {
                action: action.label.clone(),
                status: None,
                body: String::new(),
                outcome: Err(error),
            },
            Ok(raw) => LiveAnswer {
                action: action.label.clone(),
                status: Some(raw.status.as_u16()),
                body: raw.body.as_ref().map_or_else(
                    |_| String::new(),
                    |body| String::from_utf8_lossy(body).into_owned(),
                ),
                outcome: client.classify_response(action, raw, self.now),
            },
        };
        self.answers.push(answer);
    }

    /// Fetches the first page of `[asset.list]`, and fills the missing ids with those of its first asset.
    async fn list_first_page(&mut self, ids: &mut RemoteIds) {
        let Some(list) = &self.provider.map.asset.list else {
            return;
        };
        let input = TemplateInput::without_row(Policy::Signed, self.now);
        let first = self.provider.first_page();
        let scope = Scope {
            page: first.page,
            ..Scope::for_input(&input, &self.provider.map.values)
        };
        self.fetch(&list.action, &scope).await;
        let answer = self
            .answers
            .last()
            .filter(|answer| answer.action == list.action.label);
        let outcome = answer.map(|answer| &answer.outcome);
        let Some(Ok(CallOutcome::Done(response))) = outcome else {
            return;
        };
        let page = self.provider.read_page(list, response, &first, &input);
        let Some(found) = page.ok().and_then(|page| page.assets.into_iter().next()) else {
            return;
        };
        let seen = found.video.observation;
        let playback_id = seen
            .fields
            .iter()
            .find(|(field, _)| *field == Field::PlaybackId)
            .and_then(|(_, value)| value.as_str());
        ids.playback_id = ids.playback_id.take().or(playback_id.map(str::to_owned));
        ids.asset_id = ids.asset_id.take().or(seen.asset_id);
        ids.upload_id = ids.upload_id.take().or(seen.upload_id);
    }
}

/// Returns true where every id that the action names is known.
fn has_ids(action: &Action, input: &TemplateInput) -> bool {
    action.names().into_iter().all(|name| match name {
        Placeholder::Id(Id::Upload) => input.upload_id.is_some(),
        Placeholder::Id(Id::Asset) => input.asset_id.is_some(),
        Placeholder::Id(Id::Playback) => input.playback_id.is_some(),
        _ => true,
    })
}

/// Adds the answers of the real API to the report. Any answer but 401 and 403, "not found" above all, shows that the
/// credentials are accepted.
pub(super) async fn try_live(provider: &Provider, now: DateTime<Utc>, report: &mut Report) {
    let answers = fetch_live_answers(provider, &RemoteIds::default(), now).await;
    if answers.is_empty() {
        report
            .notes
            .push("live: the map has no call that only reads".to_owned());
    }
    for LiveAnswer {
        action,
        status,
        outcome,
        ..
    } in answers
    {
        match (outcome, status) {
            (Ok(_), Some(status)) => report.notes.push(format!("live [{action}]: answered {status}")),
            (Err(CallError::Refused { status, .. }), _) if ![401, 403].contains(&status) => {
                report.notes.push(format!("live [{action}]: answered {status}"));
            }
            (Err(error), _) => report.problems.push(format!("live [{action}]: {error}")),
            (Ok(_), None) => {}
        }
    }
}
