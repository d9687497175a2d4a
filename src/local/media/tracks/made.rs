//! What the work on a track has made.

use std::path::PathBuf;

use crate::local::{
    media::failure::{Failure, Fault},
    store::Track,
};

/// The files of a track in the folder of its attempt.
#[derive(Clone, Debug)]
pub(crate) struct MadeFiles {
    /// A WebVTT file, or the folder of a sound. It is flushed.
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

/// A track whose work has ended.
#[derive(Clone, Debug)]
pub(crate) struct MadeTrack {
    pub(crate) track: Track,
    /// The files, or the reason why it cannot be made.
    pub(crate) made: Result<MadeFiles, String>,
}

/// Returns the reason of a failure that speaks of the track. All others are failures of the attempt.
pub(super) fn reason_of(failure: Failure) -> Result<String, Failure> {
    match failure {
        Failure::Input(fault, reason) => {
            tracing::info!(reason, fault = fault.as_str(), "a track cannot be made");
            Ok(reason)
        }
        Failure::TimedOut => Ok("The track took too long to make".to_owned()),
        other => Err(other),
    }
}

/// Makes the failure of a text that cannot be used.
pub(super) fn unusable(reason: &str) -> Failure {
    Failure::from_input(Fault::Corrupt, reason)
}
