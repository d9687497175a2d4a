//! Replacing a video: another asset takes its place, and its id stays.
//!
//! The new asset belongs to a second row, which callers do not see ([`Video::is_hidden`]). When it is ready the two rows
//! exchange their assets ([`exchange_assets`]). The hidden row has the old one from then on, until it is deleted.
//!
//! A row is an address of callers with an asset in it. What belongs to which is decided here, once: the address keeps id,
//! owner, the caller's members, the times of its life and its counters; everything else goes with the asset.

use chrono::{DateTime, Utc};

use super::{
    failure::Failure,
    knowledge::{Knowledge, NeededIds},
    replacement::{ExchangeTerms, Replacement},
    status::ShownStatus,
    video::Video,
};

impl Replacement {
    /// Returns the state of the hidden row.
    pub fn of(hidden: &Video) -> Self {
        let is_gone = hidden.status == ShownStatus::Deleted;
        Self {
            video_id: hidden.id,
            provider: hidden.provider.clone(),
            status: if is_gone {
                ShownStatus::Errored
            } else {
                hidden.status
            },
            error: if is_gone {
                Some(Failure::lost())
            } else {
                hidden.failure()
            },
        }
    }
}

impl Video {
    /// Returns whether callers do not see the row: it has an asset that is to come, or one that was put aside.
    pub const fn is_hidden(&self) -> bool {
        self.replaces.is_some()
    }

    /// Returns whether the hidden row may still take its video's place.
    pub const fn is_open_replacement(&self) -> bool {
        self.replaces.is_some() && self.exchanged_at.is_none() && !self.known.delete_requested
    }

    /// Returns whether the exchange may be made, as far as the hidden row tells: it is ready, and not to be deleted.
    pub fn may_take_place(&self, now: DateTime<Utc>) -> bool {
        self.is_open_replacement()
            && self.status == ShownStatus::Ready
            && self.missing_since.is_none()
            && !self.is_over(now)
    }

    /// Returns whether the exchange of the hidden row may be undone: it was made last, and the asset is still there.
    pub fn may_be_put_back(&self, now: DateTime<Utc>) -> bool {
        self.exchanged_at.is_some()
            && self.undone_at.is_none()
            && !self.known.delete_requested
            && !self.known.gone
            && !self.is_over(now)
    }

    /// Returns whether the video is on its way out: its deletion was requested, it is gone, or its time has come.
    pub fn is_ending(&self, now: DateTime<Utc>) -> bool {
        self.known.delete_requested || self.status == ShownStatus::Deleted || self.is_over(now)
    }

    /// Returns whether no further change is expected but a deletion: the status is final, and no other asset is to take
    /// this one's place.
    pub const fn is_final(&self) -> bool {
        self.status.is_final() && self.replacement.is_none()
    }

    /// Shows a replacement, another state of it, or none any more.
    pub fn set_replacement(&mut self, replacement: Option<Replacement>) {
        self.replacement = replacement;
        self.derive_status_if_gone();
    }

    /// Requests the deletion of the hidden row's asset, at once. One that is gone already stays as it is.
    pub fn give_up(&mut self, now: DateTime<Utc>) {
        if self.known.delete_requested {
            return;
        }
        self.known.delete_requested = true;
        self.status = self.known.shown_status(self.asked_for(), NeededIds::default());
        self.checks = 0;
        self.check_at = (self.status == ShownStatus::Deleting).then_some(now);
    }

    // Why only then: of an asset that is gone the status depends on no ids, and so on no map.
    fn derive_status_if_gone(&mut self) {
        if self.known.gone {
            self.status = self.known.shown_status(self.asked_for(), NeededIds::default());
        }
    }
}

/// Exchanges the assets of a video and of a hidden row of it. Returns both rows as they are then, in this order.
///
/// Revisions grow and are never exchanged: a write that was planned before fails on either row. The exchange needs no map.
pub fn exchange_assets(video: &Video, hidden: &Video, terms: &ExchangeTerms) -> (Video, Video) {
    let mut shown = with_asset_of(video, hidden);
    shown.replacement = None;
    shown.unsent.clone_from(&terms.unsent);
    if !shown.unsent.is_empty() {
        shown.check_at = Some(terms.now);
    }
    let mut aside = with_asset_of(hidden, video);
    aside.unsent.clear();
    aside.exchanged_at = Some(terms.now);
    aside.undone_at = terms.is_undo.then_some(terms.now);
    aside.delete_at = Some(terms.keep_until);
    for row in [&mut shown, &mut aside] {
        row.derive_status_if_gone();
        row.version += 1;
        row.revision += 1;
        row.updated_at = terms.now;
    }
    (shown, aside)
}

/// Returns `row` with the asset of `other`.
// Why the asset's part is the one that is not listed: a new member of `Video` is knowledge of an asset, as a rule.
fn with_asset_of(row: &Video, other: &Video) -> Video {
    let reference = other.reference();
    Video {
        id: row.id,
        owner: row.owner.clone(),
        reference: (reference != row.id).then_some(reference),
        title: row.title.clone(),
        external_id: row.external_id.clone(),
        metadata: row.metadata.clone(),
        thumbnail_time: row.thumbnail_time,
        replaces: row.replaces,
        exchanged_at: row.exchanged_at,
        undone_at: row.undone_at,
        shown_version: row.shown_version,
        replacement: row.replacement.clone(),
        delete_at: row.delete_at,
        version: row.version,
        revision: row.revision,
        created_at: row.created_at,
        updated_at: row.updated_at,
        known: Knowledge {
            delete_requested: row.known.delete_requested,
            ..other.known.clone()
        },
        ..other.clone()
    }
}
