//! The ladder: the sizes in which a video is offered, never larger than the source.

use serde::{Deserialize, Serialize};

use super::super::pixels::round_pixels;

/// One size of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rung {
    /// Name after the shorter side, as Mux has it: `720p`.
    pub(crate) name: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Peak bit rate of the video, in kbit/s.
    pub(crate) peak_kbps: u32,
}

/// Shorter sides below the top one, in pixels.
const STEPS: [u32; 4] = [1080, 720, 480, 360];

/// Returns the [`Rung`]s for a picture of `width` × `height`, largest first. `tier` bounds the largest: `1080p` by
/// default.
pub(crate) fn build_ladder(width: u32, height: u32, tier: Option<&str>) -> Vec<Rung> {
    let bound = match tier {
        Some("2160p") => 2160,
        Some("1440p") => 1440,
        _ => 1080,
    };
    let (short, long) = (f64::from(width.min(height)), f64::from(width.max(height)));
    // Why the longer side too: a panorama must stay within the tier.
    let fits = (f64::from(bound) / short)
        .min(f64::from(bound) * 16.0 / 9.0 / long)
        .min(1.0);
    let top = short * fits;
    let mut rungs = vec![make_rung(width, height, fits)];
    // Why 0.8: a step that is almost the top one costs time and gains nothing.
    for step in STEPS.into_iter().map(f64::from).filter(|step| *step <= top * 0.8) {
        rungs.push(make_rung(width, height, step / short));
    }
    // Why: the name is the folder of a rendition, so no two rungs may share one.
    rungs.dedup_by(|a, b| a.name == b.name);
    rungs
}

/// Returns the [`Rung`] for the picture scaled by `scale`.
fn make_rung(width: u32, height: u32, scale: f64) -> Rung {
    let (width, height) = (
        round_to_even(f64::from(width) * scale),
        round_to_even(f64::from(height) * scale),
    );
    let short = width.min(height);
    let peak_kbps = match short {
        0..=380 => 900,
        381..=500 => 1600,
        501..=740 => 3200,
        741..=1100 => 5800,
        1101..=1460 => 10_000,
        _ => 18_000,
    };
    Rung {
        name: format!("{short}p"),
        width,
        height,
        peak_kbps,
    }
}

/// Rounds to an even side of at least 16: H.264 with colour at half size wants even sides, and 16 pixels is the least
/// that every decoder takes.
fn round_to_even(side: f64) -> u32 {
    (round_pixels(side / 2.0) * 2).max(16)
}

#[cfg(test)]
mod tests {
    use super::build_ladder;

    fn names(width: u32, height: u32, tier: Option<&str>) -> Vec<String> {
        build_ladder(width, height, tier)
            .iter()
            .map(|r| format!("{}:{}x{}", r.name, r.width, r.height))
            .collect()
    }

    #[test]
    fn nothing_is_scaled_up() {
        assert_eq!(
            names(1280, 720, None),
            ["720p:1280x720", "480p:854x480", "360p:640x360"]
        );
        assert_eq!(names(320, 240, None), ["240p:320x240"]);
        assert_eq!(names(1080, 1920, None)[0], "1080p:1080x1920");
    }

    #[test]
    fn the_tier_bounds_the_top() {
        assert_eq!(names(3840, 2160, None)[0], "1080p:1920x1080");
        assert_eq!(names(3840, 2160, Some("2160p"))[0], "2160p:3840x2160");
    }

    #[test]
    fn odd_sides_become_even() {
        assert_eq!(names(641, 359, None), ["360p:642x360"]);
        assert_eq!(names(3, 2, None), ["16p:16x16"]);
    }

    #[test]
    fn a_panorama_stays_within_the_tier() {
        assert_eq!(names(8000, 400, None)[0], "96p:1920x96");
    }
}
