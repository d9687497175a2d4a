//! Rounding of picture sides.

/// Rounds to whole pixels, at least 1.
pub(crate) fn round_pixels(side: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what fits"
    )]
    {
        side.round().clamp(1.0, 65_536.0) as u32
    }
}
