//! Scopes, and what each lets its bearer do.

/// A scope of this service. Scopes that do not begin with `video:` are other services' business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything on the videos of the token's `sub`. A token without any scope has it.
    Own,
    /// Begins uploads for `sub`; sees and cancels the videos of `sub`.
    Upload,
    /// Sees any video, or those of the claim `videos`.
    Read,
    /// Plays any video, or those of the claim `videos`.
    Play,
    /// Everything.
    Admin,
}

/// The beginning of every scope that counts here.
pub(super) const PREFIX: &str = "video:";

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [Self::Own, Self::Upload, Self::Read, Self::Play, Self::Admin];

    /// The name in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "video:own",
            Self::Upload => "video:upload",
            Self::Read => "video:read",
            Self::Play => "video:play",
            Self::Admin => "video:admin",
        }
    }

    /// Finds a scope by its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// The kinds of things that callers do. Every operation of the API is one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Begins an upload.
    Upload,
    /// Reads, lists and follows videos.
    See,
    /// Calls an upload off.
    Cancel,
    /// Changes or deletes a video.
    Change,
    /// Gets addresses that play, and pictures.
    Play,
    /// Uses what is below `/v1/admin`.
    Administer,
}

impl Act {
    /// Returns the scopes that permit it on the videos of the token's `sub`, besides [`Scope::Admin`].
    pub const fn scopes_for_own(self) -> &'static [Scope] {
        match self {
            Self::Upload | Self::See | Self::Cancel => &[Scope::Own, Scope::Upload],
            Self::Change | Self::Play => &[Scope::Own],
            Self::Administer => &[],
        }
    }

    /// Returns the scope that permits it on anybody's videos, or on those of the claim `videos`, besides
    /// [`Scope::Admin`].
    pub const fn scope_for_any(self) -> Option<Scope> {
        match self {
            Self::See => Some(Scope::Read),
            Self::Play => Some(Scope::Play),
            Self::Upload | Self::Cancel | Self::Change | Self::Administer => None,
        }
    }

    /// Returns the sentence for a caller without a scope that permits it.
    pub const fn refusal(self) -> &'static str {
        match self {
            Self::Upload => "To begin uploads a token needs video:own or video:upload.",
            Self::See => "To see videos a token needs video:own, video:upload or video:read.",
            Self::Cancel => "To cancel an upload a token needs video:own or video:upload.",
            Self::Change => "To change or delete a video a token needs video:own.",
            Self::Play => "To play a video a token needs video:own or video:play.",
            Self::Administer => "The scope video:admin is needed.",
        }
    }
}
