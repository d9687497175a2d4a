//! A video: the owner's request, and everything known of it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    deadlines::MISSING_FOR,
    facts::{FactGroup, Field},
    knowledge::{AskedFor, IdentityConflict, Knowledge, NeededIds, Observation},
    renditions::RenditionRequests,
    replacement::Replacement,
    source_url::SourceUrl,
    status::{Policy, ShownStatus},
    tracks::{AskedTrack, AskedTracks},
};

/// The provider and the id under which it knows a video.
///
/// Knowledge of an asset (an event, an answer, a capture, the result of a deletion) belongs to the row that has this key
/// when the knowledge is written. Callers alone address a row by [`Video::id`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetKey {
    /// Name of the provider.
    pub provider: String,
    /// [`Video::reference`].
    pub reference: Uuid,
}

/// One video: the content of one row of `videos`. An [`Observation`] changes what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Video {
    /// `UUIDv7`.
    pub id: Uuid,
    /// `sub` of the caller who made it.
    pub owner: String,
    /// Name of the provider that has the video.
    pub provider: String,
    /// The id under which the provider knows the video, where that is not [`Video::id`]: see [`Video::asset_key`].
    pub reference: Option<Uuid>,
    /// At most 512 characters.
    pub title: Option<String>,
    /// The application's own id, at most 128 characters; not unique.
    pub external_id: Option<String>,
    /// The application's own data, at most 4 KiB.
    pub metadata: Map<String, Value>,
    /// Position of the frame that stands for the video, in seconds.
    pub thumbnail_time: Option<f64>,
    /// The video that this row belongs to; `None` for a row that callers see. See [`Replacement`].
    pub replaces: Option<Uuid>,
    /// Of a hidden row: the time at which it exchanged its asset with the video's last.
    pub exchanged_at: Option<DateTime<Utc>>,
    /// Of a hidden row: the time at which that exchange was undone.
    pub undone_at: Option<DateTime<Utc>>,
    /// Of a hidden row: the [`Video::version`] of it that the video's [`Video::replacement`] shows.
    pub shown_version: i64,
    /// The state of the video's replacement; `None` without one.
    pub replacement: Option<Replacement>,
    /// Time from which the video plays no more, and is deleted; `None` for never.
    pub delete_at: Option<DateTime<Utc>>,
    /// The requested policy. A provider that reports another one makes the video [`Errored`](ShownStatus::Errored).
    pub playback_policy: Policy,
    /// The requested quality, in this service's words.
    pub quality: Option<String>,
    /// The largest file in bytes that the upload could have, as it was when it began; `None` for no limit.
    pub max_bytes: Option<i64>,
    /// The longest duration in seconds that the video may have, as it was when the upload began; `None` for no limit.
    pub max_duration_s: Option<i64>,
    /// The size of the file in bytes, as the caller told before the upload.
    pub file_size: Option<i64>,
    /// The status that callers see. [`Video::observe`] and [`Video::note_missing`] derive it from `known`.
    pub status: ShownStatus,
    /// Everything reported of the video: the [`Knowledge`].
    pub known: Knowledge,
    /// The captures of the upload's steps, by the map's names.
    pub captures: Map<String, Value>,
    /// Number of the upload's or the ingest's steps that are done.
    pub steps: i32,
    /// The address that the provider fetches the video from, until it has answered.
    pub source_url: Option<SourceUrl>,
    /// The provider fetches the video from an address; else a client uploads it.
    pub is_ingest: bool,
    /// What a step takes is not there yet, and is asked for until then; `None` where no step waits.
    pub step_until: Option<DateTime<Utc>>,
    /// Names of the members whose change the provider has not received yet.
    pub unsent: Vec<String>,
    /// What callers asked of the video's files, as far as the provider has not shown it; `None` where nothing is open.
    pub renditions_asked: Option<RenditionRequests>,
    /// The tracks that callers asked for, as long as the provider has them; `None` where there are none.
    pub tracks_asked: Option<AskedTracks>,
    /// End of the upload URL.
    pub upload_expires_at: Option<DateTime<Utc>>,
    /// Time of the next query to the provider; `None` for never. See [`Video::next_check`].
    pub check_at: Option<DateTime<Utc>>,
    /// Number of queries to the provider since the status changed last; see [`Video::restart_schedule`].
    pub checks: i32,
    /// Time of the first of the latest "not found" answers, without another answer since; see [`Video::note_missing`].
    pub missing_since: Option<DateTime<Utc>>,
    /// Grows by one with every visible change.
    pub version: i64,
    /// Grows by one with every write.
    pub revision: i64,
    /// Time at which the row was made.
    pub created_at: DateTime<Utc>,
    /// Time of the last visible change.
    pub updated_at: DateTime<Utc>,
}

impl Video {
    /// Makes a video of which nothing is known yet: [`ShownStatus::Created`], at its first version.
    pub fn new(id: Uuid, owner: String, provider: String, policy: Policy, created_at: DateTime<Utc>) -> Self {
        Self {
            id,
            owner,
            provider,
            reference: None,
            title: None,
            external_id: None,
            metadata: Map::new(),
            thumbnail_time: None,
            replaces: None,
            exchanged_at: None,
            undone_at: None,
            shown_version: 0,
            replacement: None,
            delete_at: None,
            playback_policy: policy,
            quality: None,
            max_bytes: None,
            max_duration_s: None,
            file_size: None,
            status: ShownStatus::Created,
            known: Knowledge::default(),
            captures: Map::new(),
            steps: 0,
            source_url: None,
            is_ingest: false,
            step_until: None,
            unsent: Vec::new(),
            renditions_asked: None,
            tracks_asked: None,
            upload_expires_at: None,
            check_at: None,
            checks: 0,
            missing_since: None,
            version: 1,
            revision: 1,
            created_at,
            updated_at: created_at,
        }
    }

    /// Returns the id under which the provider knows the video: the one that travelled to it.
    pub fn reference(&self) -> Uuid {
        self.reference.unwrap_or(self.id)
    }

    /// Returns what tells the video's asset apart from all others, whichever row has it.
    pub fn asset_key(&self) -> AssetKey {
        AssetKey {
            provider: self.provider.clone(),
            reference: self.reference(),
        }
    }

    /// Returns whether the row has this asset.
    pub fn has_asset(&self, key: &AssetKey) -> bool {
        self.reference() == key.reference && self.provider == key.provider
    }

    /// Joins an observation ([`Knowledge::join`]) and derives the shown status.
    ///
    /// # Errors
    /// [`IdentityConflict`]: the observation names another upload or asset; the video is unchanged then.
    pub fn observe(&mut self, seen: &Observation, needs: NeededIds) -> Result<(), IdentityConflict> {
        self.known.join(seen)?;
        self.status = self.known.shown_status(self.asked_for(), needs);
        Ok(())
    }

    /// Records whether the provider called the asset missing, and derives the shown status. `None` if the provider was
    /// not queried about it.
    ///
    /// After [`MISSING_FOR`] of "not found" the video is lost; a single answer that finds it undoes that.
    pub fn note_missing(&mut self, missing: Option<bool>, needs: NeededIds, now: DateTime<Utc>) {
        match missing {
            Some(true) => {
                let since = *self.missing_since.get_or_insert(now);
                self.known.lost |= now - since >= MISSING_FOR;
            }
            Some(false) => {
                self.missing_since = None;
                self.known.lost = false;
            }
            None => {}
        }
        self.status = self.known.shown_status(self.asked_for(), needs);
    }

    /// Returns what the upload asked for, as far as the shown status depends on it.
    pub const fn asked_for(&self) -> AskedFor {
        AskedFor {
            policy: self.playback_policy,
            max_duration_s: self.max_duration_s,
            is_being_replaced: self.replacement.is_some(),
        }
    }

    /// The video is longer than its upload was allowed to be; see [`Knowledge::too_long`].
    pub fn is_too_long(&self) -> bool {
        self.known.too_long(self.asked_for())
    }

    /// The video was reported ready, but something that it needs to be played is not known: the provider is to be asked.
    pub fn lacks_answer(&self, needs: NeededIds) -> bool {
        self.known.is_incomplete(needs) || self.known.lacks_duration(self.asked_for())
    }

    /// The provider's asset is deleted without the owner's asking, because the video must never be played.
    pub fn is_to_be_discarded(&self) -> bool {
        self.status == ShownStatus::Errored && self.is_too_long() && !self.known.gone
    }

    /// The time of [`Video::delete_at`] has come: the video plays no more, whether its deletion has begun or not.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.delete_at.is_some_and(|end| end <= now)
    }

    /// Forgets where the video came from, and that a step waits, once neither is needed any more.
    pub fn forget_source(&mut self) {
        match self.status {
            ShownStatus::Created => {}
            // Why the wait stays: what was begun may appear still, and is to be deleted.
            ShownStatus::Deleting | ShownStatus::Cancelled => self.source_url = None,
            _ => (self.source_url, self.step_until) = (None, None),
        }
    }

    /// Callers would see no difference between the two videos.
    pub fn looks_like(&self, other: &Self) -> bool {
        self.visible_state() == other.visible_state()
    }

    /// Returns everything that callers see, except version and times of change.
    fn visible_state(&self) -> impl PartialEq + '_ {
        let known = &self.known;
        let shown = |field: &Field| field.group() != FactGroup::File;
        let facts: Vec<_> = Field::ALL
            .into_iter()
            .filter(shown)
            .map(|field| {
                let value = known.fact(field).map(|fact| &fact.value);
                // Why: an empty list of files looks like none that was reported.
                value.filter(|value| value.as_array().is_none_or(|items| !items.is_empty()))
            })
            .collect();
        let asked: Vec<_> = self
            .renditions_asked
            .iter()
            .flat_map(RenditionRequests::as_slice)
            .map(|asked| (&asked.name, asked.action, asked.is_refused()))
            .collect();
        let shown_track = |track: &'_ AskedTrack| (track.id, track.action, track.is_refused());
        let tracks: Vec<_> = self.asked_tracks().iter().map(shown_track).collect();
        let words = (
            &self.title,
            &self.external_id,
            &self.metadata,
            &self.thumbnail_time,
            &self.delete_at,
        );
        (
            self.status,
            known.lost,
            self.is_too_long(),
            words,
            &self.replacement,
            &known.upload_id,
            &known.asset_id,
            known.ready_at(),
            facts,
            asked,
            tracks,
        )
    }
}
