//! The authenticated caller, and the rules of what it may do.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::claims::{Claims, LEEWAY_S};
use super::scope::{Act, Scope};
use super::upload_claim::{QuotaClaim, UploadClaim};
use crate::domain::{ShownStatus, Video};

/// An authenticated caller. Only a verified token makes one, so that holding the type is the proof.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The claim `sub`: the owner of what this caller makes.
    sub: String,
    /// The scopes that count here; that of a token without any is [`Scope::Own`].
    scopes: Vec<Scope>,
    /// The claims that narrow what the scopes permit. Shared, since a caller is cloned for each request.
    narrowed: Arc<Narrowed>,
    /// The claim `exp`.
    expiry: DateTime<Utc>,
}

/// The claims that narrow what a token's scopes permit.
#[derive(Debug)]
struct Narrowed {
    /// `videos`: the only videos of others that [`Scope::Play`] and [`Scope::Read`] open. `None` is no restriction.
    videos: Option<Vec<Uuid>>,
    upload: UploadClaim,
    quota: QuotaClaim,
    /// `jti`.
    token_id: Option<String>,
}

/// The videos that a list may show a caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visible {
    /// Everybody's.
    pub all: bool,
    /// Those of this owner.
    pub owner: Option<String>,
    /// Those with these ids, beside the owner's; `None` where the claim names none.
    pub named: Option<Vec<Uuid>>,
}

impl Caller {
    /// Makes the caller of verified [`Claims`]. With `require_scope` a token without any scope of ours may do nothing.
    pub(super) fn from_claims(claims: Claims, require_scope: bool) -> Self {
        let expiry = claims.times.expiry();
        let scopes = match claims.scopes {
            Some(scopes) => scopes,
            None if require_scope => Vec::new(),
            None => vec![Scope::Own],
        };
        Self {
            sub: claims.sub,
            scopes,
            narrowed: Arc::new(Narrowed {
                videos: claims.videos,
                upload: claims.upload,
                quota: claims.quota,
                token_id: claims.token_id,
            }),
            expiry,
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

    /// Returns the claim `exp`.
    pub const fn expiry(&self) -> DateTime<Utc> {
        self.expiry
    }

    /// Returns the owner of what this caller makes: the claim `sub`.
    pub fn owner(&self) -> &str {
        &self.sub
    }

    /// Returns the scopes that count.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Returns the claim `upload`.
    pub fn upload(&self) -> &UploadClaim {
        &self.narrowed.upload
    }

    /// Returns the claim `quota`.
    pub fn quota(&self) -> QuotaClaim {
        self.narrowed.quota
    }

    /// Returns the claim `jti`.
    pub fn token_id(&self) -> Option<&str> {
        self.narrowed.token_id.as_deref()
    }

    /// Returns whether the caller has the scope [`Scope::Admin`].
    pub fn is_admin(&self) -> bool {
        self.has(Scope::Admin)
    }

    /// Returns whether the caller may do this with any video at all. Where not, it is refused before a video is looked up.
    pub fn may(&self, act: Act) -> bool {
        self.is_admin()
            || act.scopes_for_own().iter().any(|scope| self.has(*scope))
            || act.scope_for_any().is_some_and(|scope| self.has(scope))
    }

    /// Returns whether the caller may do this with the [`Video`]. A deleted one is hidden from all, and one that is being
    /// deleted does not play.
    ///
    /// A hidden row ([`Video::is_hidden`]) is no video for anybody; admins may see it.
    pub fn may_with(&self, act: Act, video: &Video) -> bool {
        if video.is_hidden() {
            return act == Act::See && self.is_admin() && video.status != ShownStatus::Deleted;
        }
        let is_there = match act {
            Act::Play => !matches!(video.status, ShownStatus::Deleted | ShownStatus::Deleting),
            _ => video.status != ShownStatus::Deleted,
        };
        let is_own = || video.owner == self.sub && act.scopes_for_own().iter().any(|scope| self.has(*scope));
        let is_opened = || act.scope_for_any().is_some_and(|scope| self.has(scope)) && self.names(video.id);
        is_there && (self.is_admin() || is_own() || is_opened())
    }

    /// Returns the videos that a list may show.
    pub fn visible(&self) -> Visible {
        let act = Act::See;
        let reads = act.scope_for_any().is_some_and(|scope| self.has(scope));
        let named = self.narrowed.videos.as_ref();
        Visible {
            owner: act
                .scopes_for_own()
                .iter()
                .any(|scope| self.has(*scope))
                .then(|| self.sub.clone()),
            named: named.filter(|_| reads).cloned(),
            all: self.is_admin() || (reads && named.is_none()),
        }
    }

    /// Returns the sentence for a caller that [`Caller::may`] not.
    pub fn refusal(&self, act: Act) -> &'static str {
        // Why, for one release: until 0.5.0 such a token could upload too.
        if act == Act::Upload && self.has(Scope::Play) {
            return "This token plays; to upload it needs video:own.";
        }
        act.refusal()
    }

    fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Returns whether the claim `videos` leaves this video.
    fn names(&self, id: Uuid) -> bool {
        self.narrowed.videos.as_ref().is_none_or(|ids| ids.contains(&id))
    }
}
