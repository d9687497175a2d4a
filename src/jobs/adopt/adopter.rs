//! The adopter: finds the row of a foreign video, or makes one. The steps are numbered in the module above.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::foreign_video::ForeignVideo;
use super::outcome::{Adopted, NotAdopted};
use super::request::{AdoptionDetails, ForeignIds};
use crate::clock::Clock;
use crate::domain::{CheckTimes, IdentityConflict, Observation, Policy, Status, Video};
use crate::provider::{Priority, Provider};
use crate::store::{Edit, Store, StoreError};

/// The database, the provider and the rules for adopting its videos.
#[derive(Clone, Copy)]
pub struct Adopter<'a> {
    /// The database of the rows.
    pub store: &'a Store,
    /// The provider that has the videos.
    pub provider: &'a Provider,
    /// Source of times and ids.
    pub clock: &'a Clock,
    /// Intervals at which the provider is asked about them later.
    pub times: &'a CheckTimes,
    /// The policy of assets for which the provider reports none, and the preferred one where it reports two.
    pub policy: Policy,
    /// Priority of the calls within the provider's rate.
    pub priority: Priority<'a>,
    /// Nothing is written.
    pub dry_run: bool,
}

impl Adopter<'_> {
    /// Adopts the video with these ids. The provider is asked only where no row has them.
    ///
    /// # Errors
    /// See [`NotAdopted`].
    pub async fn adopt_by_ids(&self, ids: &ForeignIds, of: &AdoptionDetails) -> Result<Adopted, NotAdopted> {
        if let Some(known) = self.find_known(ids, of).await? {
            return Ok(known);
        }
        let seen = self.describe(ids).await?;
        self.adopt_described(seen, of).await
    }

    /// Returns the row that has the upload or the asset already; `None` where there is none.
    ///
    /// # Errors
    /// The row is another owner's or deleted, or the database fails.
    pub async fn find_known(
        &self,
        ids: &ForeignIds,
        of: &AdoptionDetails,
    ) -> Result<Option<Adopted>, NotAdopted> {
        let (upload, asset) = (ids.upload.as_deref(), ids.asset.as_deref());
        let known = self
            .store
            .find_video_named(self.provider.name(), upload, asset, None)
            .await?;
        known.map(|known| check_known(of, known)).transpose()
    }

    /// Adopts a video from the provider's answers, without asking it.
    ///
    /// # Errors
    /// See [`NotAdopted`].
    pub async fn adopt_described(
        &self,
        seen: ForeignVideo,
        of: &AdoptionDetails,
    ) -> Result<Adopted, NotAdopted> {
        let video = self.new_video(&seen, of)?;
        // Why twice: another adoption or an event may make the row between the lookup and the insert. The second lookup
        // finds it, except where only the id of ours is taken.
        for _ in 0..2 {
            if let Some(known) = self.find_row(&video, seen.video_id).await? {
                return self.join_known(known, &seen, of).await;
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

    /// Asks the provider: for the asset of the playback id, then for the upload where no asset is known, then for the
    /// asset.
    ///
    /// # Errors
    /// See [`NotAdopted`].
    pub async fn describe(&self, ids: &ForeignIds) -> Result<ForeignVideo, NotAdopted> {
        let (provider, priority, now) = (self.provider, self.priority, self.clock.now());
        let mut seen = ForeignVideo {
            // Why: the given ids are joined too, so that an answer that contradicts them is refused.
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
            seen.add_answer(found, "playback id", "asset.find")?;
        }
        if let (Some(upload_id), None) = (&ids.upload, seen.asset_id()) {
            let found = provider
                .describe_upload(upload_id, seen.policy, priority, now)
                .await;
            seen.add_answer(found, "upload", "upload.get")?;
        }
        if let Some(asset_id) = seen.asset_id() {
            let found = provider
                .describe_asset(&asset_id, seen.policy, priority, now)
                .await;
            seen.add_answer(found, "asset", "asset.get")?;
        }
        Ok(seen)
    }

    /// Finds a row by the ids of `video`, or by `named`, our id as the provider knows it.
    async fn find_row(&self, video: &Video, named: Option<Uuid>) -> Result<Option<Video>, StoreError> {
        let (upload, asset) = (video.known.upload_id.as_deref(), video.known.asset_id.as_deref());
        self.store
            .find_video_named(self.provider.name(), upload, asset, named)
            .await
    }

    /// Joins the answers into a row that is there already, where it lacks the asset.
    async fn join_known(
        &self,
        known: Video,
        seen: &ForeignVideo,
        of: &AdoptionDetails,
    ) -> Result<Adopted, NotAdopted> {
        let Adopted::Known(known) = check_known(of, known)? else {
            return Err(NotAdopted::Conflict("its row is gone".to_owned()));
        };
        let named = |id: fn(&Observation) -> Option<&String>| seen.observations.iter().find_map(id);
        let (upload, asset) = (
            named(|seen| seen.upload_id.as_ref()),
            named(|seen| seen.asset_id.as_ref()),
        );
        check_same(
            "upload",
            known.known.upload_id.as_deref(),
            upload.map(String::as_str),
        )?;
        check_same(
            "asset",
            known.known.asset_id.as_deref(),
            asset.map(String::as_str),
        )?;
        // Why not a row of another map of the account: that map reads the provider's answers in its own way.
        if known.provider != self.provider.name() {
            return Ok(Adopted::Known(known));
        }
        // A row that knows its asset lacks nothing, and answers without an asset add nothing.
        if self.dry_run || (known.known.asset_id.is_some() || asset.is_none()) {
            return Ok(Adopted::Known(known));
        }
        let now = self.clock.now();
        let edit = self.store.edit_asset(known.asset_key(), now, |video| {
            let before = video.status;
            let needs = self.provider.required_ids(video.playback_policy);
            for seen in &seen.observations {
                video.observe(seen, needs)?;
            }
            video.restart_schedule(before, self.times, now);
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

    /// Builds the row of a new video from the answers. Its steps count as done, since no upload is left to be made.
    ///
    /// # Errors
    /// The provider calls the asset deleted, the video plays nowhere, or the answers contradict each other.
    fn new_video(&self, seen: &ForeignVideo, of: &AdoptionDetails) -> Result<Video, NotAdopted> {
        let now = self.clock.now();
        let created_at = of.created_at.filter(|at| *at < now && at.timestamp() >= 0);
        let mut video = Video {
            title: of.title.clone(),
            steps: i32::try_from(self.provider.upload_step_count()).unwrap_or(i32::MAX),
            updated_at: now,
            ..Video::new(
                Uuid::nil(),
                of.owner.clone(),
                self.provider.name().to_owned(),
                seen.policy,
                created_at.unwrap_or(now),
            )
        };
        let needs = self.provider.required_ids(seen.policy);
        for seen in &seen.observations {
            video.observe(seen, needs)?;
        }
        if video.known.gone {
            return Err(NotAdopted::Unknown("asset"));
        }
        if video.known.reported == Status::Ready && video.known.lacks_ids(needs) {
            return Err(NotAdopted::NothingPlays);
        }
        // Why: events about the video carry this id as ours. With another one they would contradict the row.
        let reference = seen.video_id.or(of.reference);
        video.id = of
            .id
            .or(reference)
            .unwrap_or_else(|| self.derive_id(&video, created_at));
        video.reference = reference.filter(|id| *id != video.id);
        video.check_at = video.next_check(self.times, now);
        Ok(video)
    }

    /// Derives the row's id from the provider's id and the time of creation: the same whenever the same asset is
    /// adopted, and sorting by that time (UUIDv7). Without a time of creation the id is a new one.
    fn derive_id(&self, video: &Video, created_at: Option<DateTime<Utc>>) -> Uuid {
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

/// Checks that a row may count as the adopted one.
///
/// # Errors
/// It is another owner's, or deleted.
fn check_known(of: &AdoptionDetails, known: Video) -> Result<Adopted, NotAdopted> {
    if known.owner != of.owner {
        return Err(NotAdopted::OtherOwner(Box::new(known)));
    }
    if known.known.gone {
        return Err(NotAdopted::Deleted(Box::new(known)));
    }
    Ok(Adopted::Known(known))
}

/// Checks that two ids of kind `what` are the same where both are known.
fn check_same(what: &'static str, known: Option<&str>, named: Option<&str>) -> Result<(), IdentityConflict> {
    match (known, named) {
        (Some(known), Some(named)) if known != named => Err(IdentityConflict(what)),
        _ => Ok(()),
    }
}
