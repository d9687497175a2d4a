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
        outcome::Found,
        priority::Priority,
        report::{self, Fields, StatusRule},
        source::{Given, Source},
        subject::Subject,
        template::Scope,
        upload::Ask,
    },
};

/// The provider's report about a video that has no row here.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// The status, ids and facts, to be joined into the row that is made for it.
    pub seen: Observation,
    /// The UUID where our uploads carry our own id (`fields.video_id`). Later events about this video name it too.
    pub video_id: Option<Uuid>,
    /// The policy that the provider reports; the preferred one where it reports none.
    pub policy: Policy,
}

/// One asset of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedAsset {
    /// The report that the list itself gives.
    pub described: Described,
    /// True where the list tells the status; false where [`Provider::describe_asset`] must look the asset up.
    pub whole: bool,
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
    pub next: Option<PageMark>,
}

/// The position of one page in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageMark {
    /// The value of `{page}`. Counts every page, also in lists that go by cursor.
    pub(in crate::provider) page: i64,
    /// The value of `{cursor}`, read from the page before; `None` on the first page.
    cursor: Option<String>,
}

impl Provider {
    /// Returns the position of the first page.
    pub fn first_page(&self) -> PageMark {
        let page = match self.map.asset.list.as_ref().map(|list| &list.next) {
            Some(NextPage::Numbered { first }) => *first,
            _ => 0,
        };
        PageMark { page, cursor: None }
    }

    /// Fetches one page of the provider's assets by `[asset.list]`. Of an asset with playback ids of several policies,
    /// the one of the `preferred` policy is taken.
    ///
    /// # Errors
    /// The map has no `[asset.list]`, or the call failed.
    pub async fn list_assets(
        &self,
        mark: &PageMark,
        preferred: Policy,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<AssetPage, CallError> {
        let list = self.map.asset.list.as_ref();
        let list = list.ok_or_else(|| CallError::unsupported("asset.list"))?;
        let input = Subject::without_row(preferred, now);
        let scope = Scope {
            page: mark.page,
            cursor: mark.cursor.as_deref(),
            ..Scope::of(&input, &self.map.values)
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
        mark: &PageMark,
        input: &Subject,
    ) -> Result<AssetPage, CallError> {
        let items = find_items(list, response.body.as_ref())?;
        Ok(AssetPage {
            next: list
                .next
                .page_after(mark, response.as_input(), items.is_empty())?,
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
    ) -> Result<Found<Described>, CallError> {
        let find = self.map.asset.find.as_ref();
        let find = find.ok_or_else(|| CallError::unsupported("asset.find"))?;
        let subject = Subject {
            playback_id: Some(playback_id.to_owned()),
            ..Subject::without_row(preferred, now)
        };
        let CallOutcome::Done(response) = self.run_action(&find.action, &subject, priority, now).await?
        else {
            return Ok(Found::Gone);
        };
        let described = self.read_found_asset(&find.fields, &response, &subject);
        if described.seen.asset_id.is_none() {
            return Err(CallError::outage(
                "[asset.find] fields.asset_id: the answer does not have it",
            ));
        }
        Ok(Found::Here(described))
    }

    /// Reads a response to `[asset.find]`, which tells no status.
    pub(in crate::provider) fn read_found_asset(
        &self,
        fields: &Fields,
        response: &ProviderResponse,
        subject: &Subject,
    ) -> Described {
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
    ) -> Result<Found<Described>, CallError> {
        let ask = self.map.upload.get.as_ref();
        let ask = ask.ok_or_else(|| CallError::unsupported("upload.get"))?;
        let subject = Subject {
            upload_id: Some(upload_id.to_owned()),
            ..Subject::without_row(preferred, now)
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
    ) -> Result<Found<Described>, CallError> {
        let ask = self.map.asset.get.as_ref();
        let ask = ask.ok_or_else(|| CallError::unsupported("asset.get"))?;
        let subject = Subject {
            asset_id: Some(asset_id.to_owned()),
            ..Subject::without_row(preferred, now)
        };
        self.describe_by(ask, subject, priority).await
    }

    /// Makes the call of `ask` and reads its response with status and fields.
    async fn describe_by(
        &self,
        ask: &Ask,
        subject: Subject,
        priority: Priority<'_>,
    ) -> Result<Found<Described>, CallError> {
        let outcome = self
            .run_action(&ask.action, &subject, priority, subject.now)
            .await?;
        let CallOutcome::Done(response) = outcome else {
            return Ok(Found::Gone);
        };
        let status = Some(&ask.status);
        let input = response.as_input();
        let mut described = self.read_remote_video(&ask.fields, status, input, &subject, response.time);
        // Why: a lookup by id is about that id, whether the response repeats it or not.
        described.seen.upload_id = described.seen.upload_id.or(subject.upload_id);
        described.seen.asset_id = described.seen.asset_id.or(subject.asset_id);
        Ok(Found::Here(described))
    }

    /// Reads one element of a list.
    fn read_listed_asset(
        &self,
        list: &AssetList,
        item: &Value,
        subject: &Subject,
        time: AnswerTime,
    ) -> ListedAsset {
        let input = Given {
            json: Some(item),
            ..Given::default()
        };
        let scope = Scope::of(subject, &self.map.values);
        let find = |source: &Option<Source>| {
            source
                .as_ref()
                .and_then(|source| source.find_value(input, &scope))
        };
        ListedAsset {
            described: self.read_remote_video(&list.fields, list.status.as_ref(), input, subject, time),
            whole: list.status.is_some(),
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
        fields: &Fields,
        status: Option<&StatusRule>,
        input: Given<'_>,
        subject: &Subject,
        time: AnswerTime,
    ) -> Described {
        let read = |subject: &Subject| {
            let scope = Scope::of(subject, &self.map.values);
            let mut seen = Observation::answered(time, subject.now);
            report::read_report(fields, input, &scope, &mut seen);
            if let Some(claim) = status.and_then(|rule| rule.find(input, &scope)) {
                claim.tell(&mut seen);
            }
            seen
        };
        let first = read(subject);
        let reported = reported_policy(&first).unwrap_or(subject.playback_policy);
        // Why twice: a pointer may choose by the policy, as `/playback_ids/[policy={playback_policy}]/id` does.
        let seen = if reported == subject.playback_policy {
            first
        } else {
            read(&Subject {
                playback_policy: reported,
                ..subject.clone()
            })
        };
        Described {
            seen,
            video_id: report::ids(fields, input).video,
            policy: reported,
        }
    }
}

impl Described {
    /// Returns the input of templates for this video where it is ready and has the `signed` policy; `None` for any
    /// other.
    pub fn plays_signed(self, now: DateTime<Utc>) -> Option<Subject> {
        let ready = self.seen.status == Some(Status::Ready) && self.policy == Policy::Signed;
        let playback_id = self
            .seen
            .fields
            .iter()
            .find(|(field, _)| *field == Field::PlaybackId);
        let playback_id = playback_id
            .and_then(|(_, value)| value.as_str())
            .map(str::to_owned);
        ready.then(|| Subject {
            upload_id: self.seen.upload_id,
            asset_id: self.seen.asset_id,
            playback_id,
            ..Subject::without_row(Policy::Signed, now)
        })
    }
}

impl NextPage {
    /// Returns the position of the page after `mark`, whose response is `input`; `None` where that was the last.
    ///
    /// # Errors
    /// The provider repeats its cursor: the list would never end.
    fn page_after(
        &self,
        mark: &PageMark,
        input: Given<'_>,
        empty: bool,
    ) -> Result<Option<PageMark>, CallError> {
        match self {
            Self::Numbered { .. } if !empty => Ok(Some(PageMark {
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
                Ok(cursor.map(|cursor| PageMark {
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
