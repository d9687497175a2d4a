//! Wishes to move a video to another provider, under the same id.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How far a move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MoveState)]
pub enum MoveState {
    /// Nothing was done yet.
    Wanted,
    /// The provider that has the video makes the file that is handed over.
    Making,
    /// The new provider fetches and prepares the file; the video plays from the old one.
    Fetching,
    /// The video plays from the new provider, which is asked for the renditions that were there.
    Asking,
    /// The video is where it was wished.
    Done,
    /// It could not be moved. The video is and plays as before.
    Failed,
    /// There was nothing to move, or it may not be moved. The video is and plays as before.
    Skipped,
}

impl MoveState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Wanted,
        Self::Making,
        Self::Fetching,
        Self::Asking,
        Self::Done,
        Self::Failed,
        Self::Skipped,
    ];

    /// The name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Making => "making",
            Self::Fetching => "fetching",
            Self::Asking => "asking",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Returns whether nothing follows it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Skipped)
    }
}

/// The way in which a video changes its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MoveKind)]
pub enum MoveKind {
    /// The new provider fetches the file and encodes it.
    Move,
    /// Back to the provider that had it: by the old file while it is there.
    Undo,
    /// Back to the provider that had it, which fetches and encodes the file anew: the old one is gone.
    MoveBack,
}

impl MoveKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Move, Self::Undo, Self::MoveBack];

    /// The name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Undo => "undo",
            Self::MoveBack => "move_back",
        }
    }
}

/// One wish to move a video: the content of one row of `moves`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// `UUIDv7`.
    pub id: Uuid,
    /// The video, which keeps its id.
    pub video_id: Uuid,
    /// The provider that had the video when the wish was made.
    pub from_provider: String,
    /// The provider that is to have it.
    pub to_provider: String,
    /// The [`MoveKind`].
    pub kind: MoveKind,
    /// Tracks that cannot be handed over are left behind. Else such a video is not moved.
    pub without_tracks: bool,
    /// The [`MoveState`].
    pub state: MoveState,
    /// The reason why it failed or was skipped, as a sentence for people.
    pub reason: Option<String>,
    /// What could not be carried over, a sentence each.
    pub notes: Vec<String>,
    /// The name of the rendition that is handed over.
    pub rendition: Option<String>,
    /// The names of the renditions that were there, to be asked for at the new provider.
    pub renditions: Vec<String>,
    /// The hidden row of the new file.
    pub hidden_id: Option<Uuid>,
    /// The number of files that were begun in vain.
    pub tries: i32,
    /// Time of the next step; `None` once the wish has ended.
    pub next_at: Option<DateTime<Utc>>,
    /// Grows by one with every write.
    pub revision: i64,
    /// Time at which the wish was made.
    pub requested_at: DateTime<Utc>,
    /// Time at which it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Move {
    /// Makes a wish that is due at once.
    pub fn new(
        id: Uuid,
        video_id: Uuid,
        (from, to): (&str, &str),
        kind: MoveKind,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            video_id,
            from_provider: from.to_owned(),
            to_provider: to.to_owned(),
            kind,
            without_tracks: false,
            state: MoveState::Wanted,
            reason: None,
            notes: Vec::new(),
            rendition: None,
            renditions: Vec::new(),
            hidden_id: None,
            tries: 0,
            next_at: Some(now),
            revision: 1,
            requested_at: now,
            finished_at: None,
        }
    }

    /// Ends the wish.
    pub fn finish(&mut self, state: MoveState, reason: Option<String>, now: DateTime<Utc>) {
        self.state = state;
        self.reason = reason;
        self.next_at = None;
        self.finished_at = Some(now);
    }
}
