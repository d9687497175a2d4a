//! The provider's answers about a video that is to be adopted.

use uuid::Uuid;

use super::outcome::NotAdopted;
use crate::domain::{Field, Observation, Policy};
use crate::provider::{CallError, Lookup, RemoteVideo};

/// A video as its provider describes it.
#[derive(Clone, Debug)]
pub struct ForeignVideo {
    /// To be joined with [`Video::observe`](crate::domain::Video::observe), in any order.
    pub observations: Vec<Observation>,
    /// The UUID that the provider's events will carry as our id of it.
    pub video_id: Option<Uuid>,
    /// The policy by which it plays.
    pub policy: Policy,
}

impl From<RemoteVideo> for ForeignVideo {
    fn from(described: RemoteVideo) -> Self {
        Self {
            observations: vec![described.observation],
            video_id: described.video_id,
            policy: described.policy,
        }
    }
}

impl ForeignVideo {
    /// Returns the first asset id that an answer names.
    pub(super) fn asset_id(&self) -> Option<String> {
        self.observations.iter().find_map(|seen| seen.asset_id.clone())
    }

    /// Returns whether the provider reported a policy.
    pub fn reports_policy(&self) -> bool {
        let fields = self.observations.iter().flat_map(|seen| &seen.fields);
        fields
            .into_iter()
            .any(|(field, _)| *field == Field::PlaybackPolicy)
    }

    /// Adds the answer to a question about the id of kind `what`, for which the map needs `table`.
    ///
    /// # Errors
    /// The provider does not know the id, the map has no such table, or the call failed, see [`NotAdopted`].
    pub(super) fn add_answer(
        &mut self,
        found: Result<Lookup<RemoteVideo>, CallError>,
        what: &'static str,
        table: &'static str,
    ) -> Result<(), NotAdopted> {
        match found {
            Ok(Lookup::Found(described)) => {
                self.observations.push(described.observation);
                self.video_id = self.video_id.or(described.video_id);
                self.policy = described.policy;
                Ok(())
            }
            Ok(Lookup::Gone) => Err(NotAdopted::Unknown(what)),
            // Why not 401 and 403: they refuse our credentials. Other refusals say that the text is no id of the
            // provider's.
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
