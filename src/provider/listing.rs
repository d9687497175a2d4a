//! What the provider has that nobody here asked for: its assets page by page, or one by an id of the provider's.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Found, Priority, Provider,
    asset::{List, Next},
    client::{Answer, Sent},
    error::CallError,
    report::{self, Fields, StatusRule},
    source::{Given, Source},
    subject::Subject,
    template::Scope,
    upload::Ask,
};
use crate::domain::{AnswerTime, Field, Observation, Policy, Status};

/// What a provider says of something that has no row.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// To be joined.
    pub seen: Observation,
    /// The UUID that stands where our own id would: events about it will name it too.
    pub video_id: Option<Uuid>,
    /// The policy that is reported; where none is, the one that was preferred.
    pub policy: Policy,
}

/// One asset of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedAsset {
    /// What the list says of it.
    pub described: Described,
    /// The list says how it stands; else it is to be asked for.
    pub whole: bool,
    /// What it is called there.
    pub title: Option<String>,
    /// When it was made there.
    pub created_at: Option<DateTime<Utc>>,
    /// The asset as the provider wrote it.
    pub raw: Value,
}

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssetPage {
    /// In the provider's order.
    pub assets: Vec<ListedAsset>,
    /// The page after it, if there may be one.
    pub next: Option<PageMark>,
}

/// Which page of a list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageMark {
    pub(super) page: i64,
    cursor: Option<String>,
}

impl Provider {
    /// Where a list begins.
    pub fn first_page(&self) -> PageMark {
        let page = match self.map.asset.list.as_ref().map(|list| &list.next) {
            Some(Next::Page { first }) => *first,
            _ => 0,
        };
        PageMark { page, cursor: None }
    }

    /// One page of the provider's assets. Of an asset that can be played in several ways, `preferred` is taken.
    ///
    /// # Errors
    /// The map has no list, or the call failed.
    pub async fn list_assets(
        &self,
        mark: &PageMark,
        preferred: Policy,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<AssetPage, CallError> {
        let list = self.map.asset.list.as_ref();
        let list = list.ok_or_else(|| CallError::unsupported("asset.list"))?;
        let stranger = Subject::stranger(preferred, now);
        let scope = Scope {
            page: mark.page,
            cursor: mark.cursor.as_deref(),
            ..Scope::of(&stranger, &self.map.values)
        };
        match self.map.client.run(&list.action, &scope, priority, now).await? {
            Sent::Done(answer) => self.read_page(list, &answer, mark, &stranger),
            // There is no such page.
            Sent::Gone | Sent::TooLate => Ok(AssetPage::default()),
        }
    }

    /// What an answer says of a page. `stranger` has the preferred policy, and our time.
    pub(super) fn read_page(
        &self,
        list: &List,
        answer: &Answer,
        mark: &PageMark,
        stranger: &Subject,
    ) -> Result<AssetPage, CallError> {
        let items = items(list, answer.body.as_ref())?;
        Ok(AssetPage {
            next: list.next.after(mark, answer.given(), items.is_empty())?,
            assets: items
                .iter()
                .map(|item| self.listed(list, item, stranger, answer.time))
                .collect(),
        })
    }

    /// The asset that a playback id belongs to.
    ///
    /// # Errors
    /// The map cannot find it, or the call failed.
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
            ..Subject::stranger(preferred, now)
        };
        let Sent::Done(answer) = self.run(&find.action, &subject, priority, now).await? else {
            return Ok(Found::Gone);
        };
        let described = self.read_found(&find.fields, &answer, &subject);
        if described.seen.asset_id.is_none() {
            return Err(CallError::outage(
                "[asset.find] fields.asset_id: the answer does not have it",
            ));
        }
        Ok(Found::Here(described))
    }

    /// What an answer of `[asset.find]` says.
    pub(super) fn read_found(&self, fields: &Fields, answer: &Answer, subject: &Subject) -> Described {
        self.describe(fields, None, answer.given(), subject, answer.time)
    }

    /// The upload with this id.
    ///
    /// # Errors
    /// The map cannot ask, or the call failed.
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
            ..Subject::stranger(preferred, now)
        };
        self.describe_by(ask, subject, priority).await
    }

    /// The asset with this id.
    ///
    /// # Errors
    /// The map cannot ask, or the call failed.
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
            ..Subject::stranger(preferred, now)
        };
        self.describe_by(ask, subject, priority).await
    }

    async fn describe_by(
        &self,
        ask: &Ask,
        subject: Subject,
        priority: Priority<'_>,
    ) -> Result<Found<Described>, CallError> {
        let Sent::Done(answer) = self.run(&ask.action, &subject, priority, subject.now).await? else {
            return Ok(Found::Gone);
        };
        let status = Some(&ask.status);
        let mut described = self.describe(&ask.fields, status, answer.given(), &subject, answer.time);
        // What was asked for by its id has that id, whether the answer repeats it or not.
        described.seen.upload_id = described.seen.upload_id.or(subject.upload_id);
        described.seen.asset_id = described.seen.asset_id.or(subject.asset_id);
        Ok(Found::Here(described))
    }

    fn listed(&self, list: &List, item: &Value, stranger: &Subject, time: AnswerTime) -> ListedAsset {
        let given = Given {
            json: Some(item),
            ..Given::default()
        };
        let scope = Scope::of(stranger, &self.map.values);
        let find = |source: &Option<Source>| source.as_ref().and_then(|source| source.find(given, &scope));
        ListedAsset {
            described: self.describe(&list.fields, list.status.as_ref(), given, stranger, time),
            whole: list.status.is_some(),
            title: find(&list.title).as_ref().and_then(report::words),
            created_at: list
                .created_at
                .as_ref()
                .and_then(|source| source.find_time(given, &scope)),
            raw: item.clone(),
        }
    }

    /// Reads a report with the policy in mind that it turns out to tell of: pointers may choose by the policy.
    fn describe(
        &self,
        fields: &Fields,
        status: Option<&StatusRule>,
        given: Given<'_>,
        subject: &Subject,
        time: AnswerTime,
    ) -> Described {
        let read = |subject: &Subject| {
            let scope = Scope::of(subject, &self.map.values);
            let mut seen = Observation::answered(time, subject.now);
            report::tell(fields, given, &scope, &mut seen);
            if let Some(says) = status.and_then(|rule| rule.find(given, &scope)) {
                says.tell(&mut seen);
            }
            seen
        };
        let first = read(subject);
        let reported = policy_in(&first).unwrap_or(subject.playback_policy);
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
            video_id: report::ids(fields, given).video,
            policy: reported,
        }
    }
}

impl Described {
    /// As templates see it, where it is ready and plays by a signed address.
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
            ..Subject::stranger(Policy::Signed, now)
        })
    }
}

impl Next {
    fn after(&self, mark: &PageMark, given: Given<'_>, empty: bool) -> Result<Option<PageMark>, CallError> {
        match self {
            Self::Page { .. } if !empty => Ok(Some(PageMark {
                page: mark.page + 1,
                cursor: None,
            })),
            Self::None | Self::Page { .. } => Ok(None),
            Self::Cursor(source) => {
                let cursor = source.find_text(given, &Scope::default());
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

impl Subject {
    /// Something that has no row here.
    pub(super) fn stranger(policy: Policy, now: DateTime<Utc>) -> Self {
        Self {
            video_id: Uuid::nil(),
            owner: String::new(),
            title: None,
            external_id: None,
            metadata: Value::Object(serde_json::Map::new()),
            playback_policy: policy,
            quality: None,
            thumbnail_time: None,
            upload_id: None,
            asset_id: None,
            playback_id: None,
            captures: super::Captures::new(),
            filename: None,
            content_type: None,
            file_size: None,
            cors_origin: None,
            provider_settings: Value::Null,
            now,
            expires: now,
        }
    }
}

fn items<'v>(list: &List, body: Option<&'v Value>) -> Result<&'v [Value], CallError> {
    let found = body.and_then(|body| list.items.get(body, &Scope::default()));
    match found {
        Some(Value::Array(items)) => Ok(items),
        Some(Value::Null) => Ok(&[]),
        _ => Err(CallError::outage(
            "[asset.list] items: the answer has no list there",
        )),
    }
}

fn policy_in(seen: &Observation) -> Option<Policy> {
    let found = seen
        .fields
        .iter()
        .find(|(field, _)| *field == Field::PlaybackPolicy);
    found.and_then(|(_, value)| report::policy_of(value.as_str()?))
}
