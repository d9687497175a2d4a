//! The rule that every token and signature is bound to one video and to an expiry.

use crate::provider::template::{Id, Placeholder};

/// Checks that a signature made of these [`Placeholder`]s ends some day and is of one video.
///
/// # Errors
/// The text says what is missing. Without an expiry, one signature would open the video for ever; without an id, it
/// would open every video of the provider.
pub(super) fn check_binding<'a>(names: impl Iterator<Item = &'a Placeholder>) -> Result<(), String> {
    let (mut expires, mut video) = (false, false);
    for name in names {
        expires |= matches!(name, Placeholder::Expires);
        video |= matches!(name, Placeholder::Id(Id::Playback | Id::Asset));
    }
    match (expires, video) {
        (true, true) => Ok(()),
        (false, _) => Err("binds no expiry: {expires} must be part of it".to_owned()),
        (true, false) => Err("binds no video: {playback_id} or {asset_id} must be part of it".to_owned()),
    }
}
