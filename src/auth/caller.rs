//! A caller, and what it may do.

use uuid::Uuid;

use super::{Claims, NotBelieved};
use crate::domain::{ShownStatus, Video};

/// An authenticated caller. Only a valid token makes one.
#[derive(Clone, Debug)]
pub struct Caller {
    sub: String,
    admin: bool,
    play: bool,
    /// Where set, `video:play` reaches no further than these.
    videos: Option<Vec<Uuid>>,
}

impl Caller {
    /// The scope that plays any video.
    pub const PLAY: &str = "video:play";
    /// The scope that may do everything.
    pub const ADMIN: &str = "video:admin";

    pub(super) fn of(claims: Claims) -> Result<Self, NotBelieved> {
        if !(1..=128).contains(&claims.sub.chars().count()) || claims.sub.contains('\0') {
            return Err(NotBelieved("The token's sub must have 1 to 128 characters."));
        }
        if claims.videos.as_ref().is_some_and(|videos| videos.len() > 100) {
            return Err(NotBelieved("The token's videos are more than 100."));
        }
        let has = |scope: &str| claims.scope.split(' ').any(|given| given == scope);
        Ok(Self {
            admin: has(Self::ADMIN),
            play: has(Self::PLAY),
            sub: claims.sub,
            videos: claims.videos,
        })
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
