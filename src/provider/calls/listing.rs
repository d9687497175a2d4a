//! Videos that exist at the provider without a row here: all assets page by page, or one by an id of the provider's.
//!
//! Every method reads a [`RemoteVideo`]. The import and the adoption of videos make a row for it and join its
//! observation. Nothing of our own is known of such a video, so templates see [`TemplateInput::without_row`].

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    domain::{AnswerTime, Field, Observation, Policy, Status},
    provider::{
        asset::{AssetList, NextPage},
        client::{CallOutcome, ProviderResponse},
        error::CallError,
        loaded::Provider,
        outcome::Lookup,
        priority::Priority,
        report::{self, FieldSources, StatusRule},
        source::{Source, SourceInput},
        subject::TemplateInput,
        template::Scope,
        upload::ReportAction,
    },
};

/// The provider's report about a video that has no row here.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteVideo {
    /// The status, ids and facts, to be joined into the row that is made for it.
    pub observation: Observation,
    /// The UUID where our uploads carry our own id (`fields.video_id`). Later events about this video name it too.
    pub video_id: Option<Uuid>,
    /// The policy that the provider reports; the preferred one where it reports none.
    pub policy: Policy,
}

/// One asset of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedAsset {
    /// The report that the list itself gives.
    pub video: RemoteVideo,
    /// True where the list tells the status; false where [`Provider::describe_asset`] must look the asset up.
    pub has_status: bool,
    /// The title at the provider, where the map has a source for it.
    pub title: Option<String>,
    /// The time of its creation at the provider, where the map has a source for it.
    pub created_at: Option<DateTime<Utc>>,
    /// The list's element, unchanged.
    pub raw: Value,
}

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssetPage {
    /// The assets in the provider's order.
    pub assets: Vec<ListedAsset>,
    /// The next page, which may turn out empty; `None` after the last one.
    pub next: Option<PageCursor>,
}

/// The position of one page in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageCursor {
    /// The value of `{page}`. Counts every page, also in lists that go by cursor.
    pub(in crate::provider) page: i64,
    /// The value of `{cursor}`, read from the page before; `None` on the first page.
    cursor: Option<String>,
}

impl Provider {
    /// Returns the position of the first page.
    pub fn first_page(&self) -> PageCursor {
        let page = match self.map.asset.list.as_ref().map(|list| &list.next) {
            Some(NextPage::Numbered { first }) => *first,
            _ => 0,
        };
        PageCursor { page, cursor: None }
    }

    /// Fetches one page of the provider's assets by `[asset.list]`. Of an asset with playback ids of several policies,
    /// the one of the `preferred` policy is taken.
    ///
    /// # Errors
    /// The map has no `[asset.list]`, or the call failed.
    pub async fn list_assets(
        &self,
        mark: &PageCursor,
        preferred: Policy,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<AssetPage, CallError> {
        let list = self.map.asset.list.as_ref();
        let list = list.ok_or_else(|| CallError::unsupported("asset.list"))?;
        let input = TemplateInput::without_row(preferred, now);
        let scope = Scope {
            page: mark.page,
            cursor: mark.cursor.as_deref(),
            ..Scope::for_input(&input, &self.map.values)
        };
        match self.map.client.run(&list.action, &scope, priority, now).await? {
            CallOutcome::Done(response) => self.read_page(list, &response, mark, &input),
            // Why empty: some providers answer "not found" to a page behind the last one.
            CallOutcome::Gone | CallOutcome::TooLate => Ok(AssetPage::default()),
        }
    }

    /// Reads a response to `[asset.list]` as the page at `mark`. `input` carries the preferred policy and our time.
    pub(in crate::provider) fn read_page(
        &self,
        list: &AssetList,
        response: &ProviderResponse,
        mark: &PageCursor,
        input: &TemplateInput,
    ) -> Result<AssetPage, CallError> {
        let items = find_items(list, response.body.as_ref())?;
        Ok(AssetPage {
            next: list.next.page_after(mark, response.as_input(), items.last())?,
            assets: items
                .iter()
                .map(|item| self.read_listed_asset(list, item, input, response.time))
                .collect(),
        })
    }

    /// Finds the asset that a playback id belongs to, by `[asset.find]`.
    ///
    /// # Errors
    /// The map has no `[asset.find]`, the call failed, or its response names no asset id.
    pub async fn find_asset(
        &self,
        playback_id: &str,
        preferred: Policy,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Lookup<RemoteVideo>, CallError> {
        let find = self.map.asset.find.as_ref();
        let find = find.ok_or_else(|| CallError::unsupported("asset.find"))?;
        let subject = TemplateInput {
            playback_id: Some(playback_id.to_owned()),
            ..TemplateInput::without_row(preferred, now)
        };
        let CallOutcome::Done(response) = self.run_action(&find.action, &subject, priority, now).await?
        else {
            return Ok(Lookup::Gone);
        };
        let described = self.read_found_asset(&find.fields, &response, &subject);
        if described.observation.asset_id.is_none() {
            return Err(CallError::outage(
                "[asset.find] fields.asset_id: the answer does not have it",
            ));
        }
        Ok(Lookup::Found(described))
    }

    /// Reads a response to `[asset.find]`, which tells no status.
    pub(in crate::provider) fn read_found_asset(
        &self,
        fields: &FieldSources,
        response: &ProviderResponse,
        subject: &TemplateInput,
    ) -> RemoteVideo {
        self.read_remote_video(fields, None, response.as_input(), subject, response.time)
    }

    /// Looks up an upload that has no row here, by its id and `[upload.get]`.
    ///
    /// # Errors
    /// The map has no `[upload.get]`, or the call failed.
    pub async fn describe_upload(
        &self,
        upload_id: &str,
        preferred: Policy,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Lookup<RemoteVideo>, CallError> {
        let ask = self.map.upload.get.as_ref();
        let ask = ask.ok_or_else(|| CallError::unsupported("upload.get"))?;
        let subject = TemplateInput {
            upload_id: Some(upload_id.to_owned()),
            ..TemplateInput::without_row(preferred, now)
        };
        self.describe_by(ask, subject, priority).await
    }

    /// Looks up an asset that has no row here, by its id and `[asset.get]`.
    ///
    /// # Errors
    /// The map has no `[asset.get]`, or the call failed.
    pub async fn describe_asset(
        &self,
        asset_id: &str,
        preferred: Policy,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Lookup<RemoteVideo>, CallError> {
        let ask = self.map.asset.get.as_ref();
        let ask = ask.ok_or_else(|| CallError::unsupported("asset.get"))?;
        let subject = TemplateInput {
            asset_id: Some(asset_id.to_owned()),
            ..TemplateInput::without_row(preferred, now)
        };
        self.describe_by(ask, subject, priority).await
    }

    /// Makes the call of `ask` and reads its response with status and fields.
    async fn describe_by(
        &self,
        ask: &ReportAction,
        subject: TemplateInput,
        priority: Priority<'_>,
    ) -> Result<Lookup<RemoteVideo>, CallError> {
        let outcome = self
            .run_action(&ask.action, &subject, priority, subject.now)
            .await?;
        let CallOutcome::Done(response) = outcome else {
            return Ok(Lookup::Gone);
        };
        let status = Some(&ask.status);
        let input = response.as_input();
        let mut described = self.read_remote_video(&ask.fields, status, input, &subject, response.time);
        // Why: a lookup by id is about that id, whether the response repeats it or not.
        described.observation.upload_id = described.observation.upload_id.or(subject.upload_id);
        described.observation.asset_id = described.observation.asset_id.or(subject.asset_id);
        Ok(Lookup::Found(described))
    }

    /// Reads one element of a list.
    fn read_listed_asset(
        &self,
        list: &AssetList,
        item: &Value,
        subject: &TemplateInput,
        time: AnswerTime,
    ) -> ListedAsset {
        let input = SourceInput {
            json: Some(item),
            ..SourceInput::default()
        };
        let scope = Scope::for_input(subject, &self.map.values);
        let find = |source: &Option<Source>| {
            source
                .as_ref()
                .and_then(|source| source.find_value(input, &scope))
        };
        ListedAsset {
            video: self.read_remote_video(&list.fields, list.status.as_ref(), input, subject, time),
            has_status: list.status.is_some(),
            title: find(&list.title).as_ref().and_then(report::clean_text),
            created_at: list
                .created_at
                .as_ref()
                .and_then(|source| source.find_time(input, &scope)),
            raw: item.clone(),
        }
    }

    /// Reads a report once with the policy of `subject`, and again where it reports another one.
    fn read_remote_video(
        &self,
        fields: &FieldSources,
        status: Option<&StatusRule>,
        input: SourceInput<'_>,
        subject: &TemplateInput,
        time: AnswerTime,
    ) -> RemoteVideo {
        let read = |subject: &TemplateInput| {
            let scope = Scope::for_input(subject, &self.map.values);
            let mut seen = Observation::from_answer(time, subject.now);
            report::read_report(fields, input, &scope, &mut seen);
            if let Some(json) = input.json {
                self.map.renditions.read_listed(json, &mut seen);
                if let Some(tracks) = &self.map.tracks {
                    tracks.read_event(json, &mut seen);
                }
            }
            if let Some(claim) = status.and_then(|rule| rule.find(input, &scope)) {
                claim.apply_to(&mut seen);
            }
            seen
        };
        let first = read(subject);
        let reported = reported_policy(&first).unwrap_or(subject.playback_policy);
        // Why twice: a pointer may choose by the policy, as `/playback_ids/[policy={playback_policy}]/id` does.
        let seen = if reported == subject.playback_policy {
            first
        } else {
            read(&TemplateInput {
                playback_policy: reported,
                ..subject.clone()
            })
        };
        RemoteVideo {
            observation: seen,
            video_id: report::read_ids(fields, input).video,
            policy: reported,
        }
    }
}

impl RemoteVideo {
    /// Returns the input of templates for this video where it is ready and has the `signed` policy; `None` for any
    /// other.
    pub fn into_signed_input(self, now: DateTime<Utc>) -> Option<TemplateInput> {
        let ready = self.observation.status == Some(Status::Ready) && self.policy == Policy::Signed;
        let playback_id = self
            .observation
            .fields
            .iter()
            .find(|(field, _)| *field == Field::PlaybackId);
        let playback_id = playback_id
            .and_then(|(_, value)| value.as_str())
            .map(str::to_owned);
        ready.then(|| TemplateInput {
            upload_id: self.observation.upload_id,
            asset_id: self.observation.asset_id,
            playback_id,
            ..TemplateInput::without_row(Policy::Signed, now)
        })
    }
}

impl NextPage {
    /// Returns the position of the page after `mark`, whose response is `input`; `None` where that was the last.
    ///
    /// # Errors
    /// The provider repeats its cursor, so that the list would never end, or its last element lacks the cursor.
    fn page_after(
        &self,
        mark: &PageCursor,
        input: SourceInput<'_>,
        last: Option<&Value>,
    ) -> Result<Option<PageCursor>, CallError> {
        match self {
            Self::Numbered { .. } if last.is_some() => Ok(Some(PageCursor {
                page: mark.page + 1,
                cursor: None,
            })),
            Self::Never | Self::Numbered { .. } => Ok(None),
            Self::Cursor(source) => {
                let cursor = source.find_text(input, &Scope::default());
                if cursor.is_some() && cursor == mark.cursor {
                    return Err(CallError::outage(
                        "[asset.list] next.cursor: the provider gives the same one again",
                    ));
                }
                Ok(cursor.map(|cursor| PageCursor {
                    page: mark.page + 1,
                    cursor: Some(cursor),
                }))
            }
            Self::Last(source) => {
                let Some(last) = last else { return Ok(None) };
                let input = SourceInput {
                    json: Some(last),
                    ..SourceInput::default()
                };
                let cursor = source.find_text(input, &Scope::default());
                // Why an error: without it the rest of the list would be left out in silence.
                let cursor = cursor.ok_or_else(|| {
                    CallError::outage("[asset.list] next.last: the last element does not have it")
                })?;
                // Why: a provider that counts the time itself in gives the last element once more, for ever.
                let is_end = mark.cursor.as_ref() == Some(&cursor);
                Ok((!is_end).then_some(PageCursor {
                    page: mark.page + 1,
                    cursor: Some(cursor),
                }))
            }
        }
    }
}

/// Returns the array that `[asset.list].items` points to; null counts as empty.
fn find_items<'v>(list: &AssetList, body: Option<&'v Value>) -> Result<&'v [Value], CallError> {
    let found = body.and_then(|body| list.items.get(body, &Scope::default()));
    match found {
        Some(Value::Array(items)) => Ok(items),
        Some(Value::Null) => Ok(&[]),
        _ => Err(CallError::outage(
            "[asset.list] items: the answer has no list there",
        )),
    }
}

/// Returns the policy that an observation reports, if it reports one.
fn reported_policy(seen: &Observation) -> Option<Policy> {
    let found = seen
        .fields
        .iter()
        .find(|(field, _)| *field == Field::PlaybackPolicy);
    found.and_then(|(_, value)| report::parse_policy(value.as_str()?))
}
