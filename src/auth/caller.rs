//! A caller, and what it may do.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::claims::{Claims, LEEWAY_S};
use crate::domain::{ShownStatus, Video};

/// An authenticated caller. Only a valid token makes one.
#[derive(Clone, Debug)]
pub struct Caller {
    sub: String,
    admin: bool,
    play: bool,
    /// Where set, `video:play` reaches no further than these.
    videos: Option<Vec<Uuid>>,
    expiry: DateTime<Utc>,
}

impl Caller {
    /// The scope that plays any video.
    pub const PLAY: &str = "video:play";
    /// The scope that may do everything.
    pub const ADMIN: &str = "video:admin";

    pub(super) fn of(claims: Claims) -> Self {
        let has = |scope: &str| claims.scopes.iter().any(|given| given == scope);
        Self {
            admin: has(Self::ADMIN),
            play: has(Self::PLAY),
            expiry: claims.times.expiry(),
            sub: claims.sub,
            videos: claims.videos,
        }
    }

    /// Until when the token holds, seen from `now`: its `exp`, or the end of the leeway where that has begun.
    pub fn holds_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if now < self.expiry {
            return self.expiry;
        }
        let leeway = Duration::seconds(LEEWAY_S);
        self.expiry.checked_add_signed(leeway).unwrap_or(self.expiry)
    }

    /// The owner of what this caller makes.
    pub fn owner(&self) -> &str {
        &self.sub
    }

    /// May do everything.
    pub fn is_admin(&self) -> bool {
        self.admin
    }

    /// May see and change the video: its owner and admins. Nobody sees a deleted one.
    pub fn may_manage(&self, video: &Video) -> bool {
        video.status != ShownStatus::Deleted && (self.admin || video.owner == self.sub)
    }

    /// May ask for its playback. A video that is being deleted plays for nobody.
    pub fn may_play(&self, video: &Video) -> bool {
        let named = || {
            self.videos
                .as_ref()
                .is_none_or(|videos| videos.contains(&video.id))
        };
        video.status != ShownStatus::Deleting
            && (self.may_manage(video) || (self.play && video.status != ShownStatus::Deleted && named()))
    }
}
