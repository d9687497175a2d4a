//! Videos that were made elsewhere get a row and an owner: the application's old ones, or any of the provider's.
//!
//! What the provider says of them is joined as everything is, so that events, refreshes and a second adoption change
//! nothing that they would not have changed anyway. The application is not told of the adoption itself.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::Clock;
use crate::domain::{
    CheckTimes, Field, IdentityConflict, Knowledge, Observation, Policy, ShownStatus, Status, Video,
};
use crate::provider::{CallError, Captures, Described, Found, Priority, Provider};
use crate::store::{Edit, Store, StoreError};

/// Everything that adopting takes.
#[derive(Clone, Copy)]
pub struct Adopter<'a> {
    /// Where the rows are written.
    pub store: &'a Store,
    /// Whose assets they are.
    pub provider: &'a Provider,
    /// Where ids and times come from.
    pub clock: &'a Clock,
    /// When the provider is asked about them again.
    pub times: &'a CheckTimes,
    /// The policy of assets of which the provider reports none, and the one that is taken where there are two.
    pub policy: Policy,
    /// Who waits for the turns of its calls.
    pub priority: Priority<'a>,
    /// Write nothing.
    pub dry_run: bool,
}

/// What the application knows of the video.
#[derive(Clone, Debug, Default)]
pub struct Adoption {
    /// Whose it is: 1 to 128 characters.
    pub owner: String,
    /// What it is called, at most 512 characters.
    pub title: Option<String>,
    /// When it was made; none for now.
    pub created_at: Option<DateTime<Utc>>,
}

/// The provider's ids that are known of it, at least one.
#[derive(Clone, Debug, Default)]
pub struct ForeignIds {
    /// Of the upload.
    pub upload: Option<String>,
    /// Of the asset.
    pub asset: Option<String>,
    /// Of its playback.
    pub playback: Option<String>,
}

/// What the provider says of it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// To be joined, in any order.
    pub observations: Vec<Observation>,
    /// The UUID that its events carry as ours.
    pub video_id: Option<Uuid>,
    /// Who may play it.
    pub policy: Policy,
}

/// How it ended well.
#[derive(Debug)]
pub enum Adopted {
    /// There is a row now.
    New(Video),
    /// There was one already, of the same owner.
    Known(Video),
}

/// Why there is no new row.
#[derive(Debug, thiserror::Error)]
pub enum NotAdopted {
    /// The provider does not know the id.
    #[error("the provider knows no such {0}")]
    Unknown(&'static str),
    /// The map has no table for it.
    #[error("the provider's map has no [{0}]")]
    Unsupported(&'static str),
    /// It is somebody else's here.
    #[error("it is video {} of another owner here", .0.id)]
    OfAnother(Box<Video>),
    /// It was deleted here.
    #[error("it was deleted here, as video {}", .0.id)]
    Deleted(Box<Video>),
    /// Its ids contradict each other, or a row.
    #[error("its ids belong to different videos: {0}")]
    Conflict(String),
    /// It has nothing that could be played.
    #[error("it is ready, but has no id that plays with a policy of public or signed")]
    NothingPlays,
    /// The provider refused or failed.
    #[error("{0}")]
    Call(CallError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IdentityConflict> for NotAdopted {
    fn from(conflict: IdentityConflict) -> Self {
        Self::Conflict(format!("another {} than the one known", conflict.0))
    }
}

impl From<Described> for Seen {
    fn from(described: Described) -> Self {
        Self {
            observations: vec![described.seen],
            video_id: described.video_id,
            policy: described.policy,
        }
    }
}

impl Adopter<'_> {
    /// Adopts what has these ids at the provider; asks it only where no row has them.
    ///
    /// # Errors
    /// See [`NotAdopted`].
    pub async fn by_ids(&self, ids: &ForeignIds, of: &Adoption) -> Result<Adopted, NotAdopted> {
        if let Some(known) = self.known(ids, of).await? {
            return Ok(known);
        }
        let seen = self.ask(ids).await?;
        self.seen(seen, of).await
    }

    /// The row that has the upload or the asset already, if there is one.
    ///
    /// # Errors
    /// It is another owner's, or deleted.
    pub async fn known(&self, ids: &ForeignIds, of: &Adoption) -> Result<Option<Adopted>, NotAdopted> {
        let (upload, asset) = (ids.upload.as_deref(), ids.asset.as_deref());
        let known = self
            .store
            .video_at(self.provider.name(), upload, asset, None)
            .await?;
        known.map(|known| known_to(of, known)).transpose()
    }

    /// Adopts what the provider has told of.
    ///
    /// # Errors
    /// See [`NotAdopted`].
    pub async fn seen(&self, seen: Seen, of: &Adoption) -> Result<Adopted, NotAdopted> {
        let video = self.new_video(&seen, of)?;
        // Somebody else may adopt it, or its event find its row, between the look and the insert.
        for _ in 0..2 {
            if let Some(known) = self.row_of(&video, seen.video_id).await? {
                return self.join(known, &seen, of).await;
            }
            if self.dry_run {
                return Ok(Adopted::New(video));
            }
            match self.store.adopt_video(&video, video.updated_at).await {
                Ok(()) => return Ok(Adopted::New(video)),
                Err(StoreError::IdentityTaken) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(NotAdopted::Conflict("our own id of it is taken".to_owned()))
    }

    /// Asks the provider: whose the playback id is, then the asset, or the upload where no asset is known.
    ///
    /// # Errors
    /// See [`NotAdopted`].
    pub async fn ask(&self, ids: &ForeignIds) -> Result<Seen, NotAdopted> {
        let (provider, priority, now) = (self.provider, self.priority, self.clock.now());
        let mut seen = Seen {
            // What we were told of it counts too: the provider must not contradict it.
            observations: vec![Observation {
                seen_at: now,
                upload_id: ids.upload.clone(),
                asset_id: ids.asset.clone(),
                ..Observation::default()
            }],
            video_id: None,
            policy: self.policy,
        };
        if let Some(playback_id) = &ids.playback {
            let found = provider.find_asset(playback_id, seen.policy, priority, now).await;
            seen.add(found, "playback id", "asset.find")?;
        }
        if let (Some(upload_id), None) = (&ids.upload, seen.asset_id()) {
            let found = provider
                .describe_upload(upload_id, seen.policy, priority, now)
                .await;
            seen.add(found, "upload", "upload.get")?;
        }
        if let Some(asset_id) = seen.asset_id() {
            let found = provider
                .describe_asset(&asset_id, seen.policy, priority, now)
                .await;
            seen.add(found, "asset", "asset.get")?;
        }
        Ok(seen)
    }

    async fn row_of(&self, video: &Video, named: Option<Uuid>) -> Result<Option<Video>, StoreError> {
        let (upload, asset) = (video.known.upload_id.as_deref(), video.known.asset_id.as_deref());
        self.store
            .video_at(self.provider.name(), upload, asset, named)
            .await
    }

    /// A row that is there already learns what it lacks.
    async fn join(&self, known: Video, seen: &Seen, of: &Adoption) -> Result<Adopted, NotAdopted> {
        let Adopted::Known(known) = known_to(of, known)? else {
            return Err(NotAdopted::Conflict("its row is gone".to_owned()));
        };
        let told = |id: fn(&Observation) -> Option<&String>| seen.observations.iter().find_map(id);
        let (upload, asset) = (
            told(|seen| seen.upload_id.as_ref()),
            told(|seen| seen.asset_id.as_ref()),
        );
        agree(
            "upload",
            known.known.upload_id.as_deref(),
            upload.map(String::as_str),
        )?;
        agree(
            "asset",
            known.known.asset_id.as_deref(),
            asset.map(String::as_str),
        )?;
        if self.dry_run || (known.known.asset_id.is_some() || asset.is_none()) {
            return Ok(Adopted::Known(known));
        }
        let now = self.clock.now();
        let edit = self.store.edit_video(known.id, now, |video| {
            let before = video.status;
            let needs = self.provider.needs(video.playback_policy);
            for seen in &seen.observations {
                video.observe(seen, needs)?;
            }
            video.reschedule(before, self.times, now);
            Ok::<(), IdentityConflict>(())
        });
        match edit.await {
            Ok(Edit::Done(video)) => Ok(Adopted::Known(*video)),
            Ok(Edit::Missing) => Err(NotAdopted::Conflict("its row is gone".to_owned())),
            Ok(Edit::Refused(conflict)) => Err(conflict.into()),
            Err(taken @ StoreError::IdentityTaken) => Err(NotAdopted::Conflict(taken.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    fn new_video(&self, seen: &Seen, of: &Adoption) -> Result<Video, NotAdopted> {
        let now = self.clock.now();
        let created_at = of.created_at.filter(|at| *at < now && at.timestamp() >= 0);
        let mut video = Video {
            id: Uuid::nil(),
            owner: of.owner.clone(),
            provider: self.provider.name().to_owned(),
            title: of.title.clone(),
            external_id: None,
            metadata: serde_json::Map::new(),
            thumbnail_time: None,
            playback_policy: seen.policy,
            quality: None,
            status: ShownStatus::Created,
            known: Knowledge::default(),
            captures: Captures::new(),
            // No step of an upload is left to be done.
            steps: i32::try_from(self.provider.upload_steps()).unwrap_or(i32::MAX),
            unsent: Vec::new(),
            upload_expires_at: None,
            check_at: None,
            checks: 0,
            missing_since: None,
            version: 1,
            revision: 1,
            created_at: created_at.unwrap_or(now),
            updated_at: now,
        };
        let needs = self.provider.needs(seen.policy);
        for seen in &seen.observations {
            video.observe(seen, needs)?;
        }
        if video.known.gone {
            return Err(NotAdopted::Unknown("asset"));
        }
        if video.known.reported == Status::Ready && video.known.lacks(needs) {
            return Err(NotAdopted::NothingPlays);
        }
        // Events about it carry this id as ours; any other would make them contradict its row.
        video.id = seen.video_id.unwrap_or_else(|| self.id_of(&video, created_at));
        video.check_at = video.next_check(self.times, now);
        Ok(video)
    }

    /// The same id whenever the same asset is adopted, sorting by the time at which it was made.
    fn id_of(&self, video: &Video, created_at: Option<DateTime<Utc>>) -> Uuid {
        let foreign = video.known.asset_id.as_ref().or(video.known.upload_id.as_ref());
        let (Some(foreign), Some(at)) = (foreign, created_at) else {
            return self.clock.new_id();
        };
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
        let hash = Sha256::digest(format!("{}\0{foreign}", video.provider));
        let mut rest = [0; 10];
        rest.copy_from_slice(&hash[..10]);
        uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
    }
}

impl Seen {
    fn asset_id(&self) -> Option<String> {
        self.observations.iter().find_map(|seen| seen.asset_id.clone())
    }

    /// The provider told who may play it.
    pub fn tells_policy(&self) -> bool {
        let fields = self.observations.iter().flat_map(|seen| &seen.fields);
        fields
            .into_iter()
            .any(|(field, _)| *field == Field::PlaybackPolicy)
    }

    fn add(
        &mut self,
        found: Result<Found<Described>, CallError>,
        what: &'static str,
        table: &'static str,
    ) -> Result<(), NotAdopted> {
        match found {
            Ok(Found::Here(described)) => {
                self.observations.push(described.seen);
                self.video_id = self.video_id.or(described.video_id);
                self.policy = described.policy;
                Ok(())
            }
            Ok(Found::Gone) => Err(NotAdopted::Unknown(what)),
            // An id that is none to the provider; refused credentials are another matter.
            Err(CallError::Refused { status, .. }) if ![401, 403].contains(&status) => {
                Err(NotAdopted::Unknown(what))
            }
            Err(CallError::Invalid(invalid)) if invalid.field == "provider" => {
                Err(NotAdopted::Unsupported(table))
            }
            Err(error) => Err(NotAdopted::Call(error)),
        }
    }
}

fn known_to(of: &Adoption, known: Video) -> Result<Adopted, NotAdopted> {
    if known.owner != of.owner {
        return Err(NotAdopted::OfAnother(Box::new(known)));
    }
    if known.known.gone {
        return Err(NotAdopted::Deleted(Box::new(known)));
    }
    Ok(Adopted::Known(known))
}

fn agree(what: &'static str, known: Option<&str>, told: Option<&str>) -> Result<(), IdentityConflict> {
    match (known, told) {
        (Some(known), Some(told)) if known != told => Err(IdentityConflict(what)),
        _ => Ok(()),
    }
}
