//! The authenticated caller, and the rules of what it may do.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::claims::{Claims, LEEWAY_S};
use crate::domain::{ShownStatus, Video};

/// An authenticated caller. Only a verified token makes one, so that holding the type is the proof.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The claim `sub`: the owner of what this caller makes.
    sub: String,
    /// Whether the token has the scope [`Caller::ADMIN`].
    admin: bool,
    /// Whether the token has the scope [`Caller::PLAY`].
    play: bool,
    /// The claim `videos`: the only videos of others that [`Caller::PLAY`] opens. `None` is no restriction.
    videos: Option<Vec<Uuid>>,
    /// The claim `exp`.
    expiry: DateTime<Utc>,
}

impl Caller {
    /// The scope that may play any video, or those of the claim `videos`.
    pub const PLAY: &str = "video:play";
    /// The scope that may do everything.
    pub const ADMIN: &str = "video:admin";

    /// Makes the caller of verified [`Claims`].
    pub(super) fn from_claims(claims: Claims) -> Self {
        let has = |scope: &str| claims.scopes.iter().any(|given| given == scope);
        Self {
            admin: has(Self::ADMIN),
            play: has(Self::PLAY),
            expiry: claims.times.expiry(),
            sub: claims.sub,
            videos: claims.videos,
        }
    }

    /// Returns the end of the token seen from `now`: its `exp`, or the end of the leeway (30 s) where `exp` has
    /// passed.
    pub fn holds_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if now < self.expiry {
            return self.expiry;
        }
        let leeway = Duration::seconds(LEEWAY_S);
        self.expiry.checked_add_signed(leeway).unwrap_or(self.expiry)
    }

    /// Returns the owner of what this caller makes: the claim `sub`.
    pub fn owner(&self) -> &str {
        &self.sub
    }

    /// Returns whether the caller has the scope [`Caller::ADMIN`].
    pub fn is_admin(&self) -> bool {
        self.admin
    }

    /// Returns whether the caller may see and change the [`Video`]: its owner and admins may. A deleted one is hidden
    /// from all.
    pub fn may_manage(&self, video: &Video) -> bool {
        video.status != ShownStatus::Deleted && (self.admin || video.owner == self.sub)
    }

    /// Returns whether the caller may get playback of the [`Video`]: its owner, admins, and holders of
    /// [`Caller::PLAY`]. A video that is being deleted does not play.
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
