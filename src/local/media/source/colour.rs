//! The colours of a picture: its matrix, range, primaries and transfer, by ffmpeg's names.

/// Lines from which an untagged picture is taken for BT.709, as players do.
const HD_LINES: u32 = 720;

/// The colours of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Colour {
    /// The pixel format by ffmpeg's name: `yuv420p`.
    pub(crate) pixels: Option<String>,
    /// True for RGB of any kind. Its matrix is chosen by us.
    pub(crate) is_rgb: bool,
    /// True when black is 0 and white is the largest value, in a picture that is not RGB.
    pub(crate) is_full_range: bool,
    pub(crate) matrix: Matrix,
    /// The transfer of high dynamic range, if it is one.
    pub(crate) hdr: Option<Hdr>,
}

/// The matrix between RGB and the stored values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matrix {
    Bt709,
    /// BT.601 with the primaries of 525 lines (NTSC).
    Bt601Lines525,
    /// BT.601 with the primaries of 625 lines (PAL).
    Bt601Lines625,
    Bt2020,
}

/// The transfers of high dynamic range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hdr {
    /// SMPTE ST 2084, perceptual quantizer.
    Pq,
    /// ARIB STD-B67, hybrid log-gamma.
    Hlg,
}

impl Colour {
    /// Reads ffprobe's words. `lines` is the stored height; it decides about a picture without a matrix.
    pub(crate) fn from_tags(
        pixels: Option<&str>,
        range: Option<&str>,
        matrix: Option<&str>,
        (primaries, transfer): (Option<&str>, Option<&str>),
        lines: u32,
    ) -> Self {
        let format = pixels.unwrap_or_default();
        let is_rgb = matrix == Some("gbr")
            || [
                "rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb", "x2bgr",
            ]
            .iter()
            .any(|start| format.starts_with(start));
        let hdr = match transfer {
            Some("smpte2084") => Some(Hdr::Pq),
            Some("arib-std-b67") => Some(Hdr::Hlg),
            _ => None,
        };
        let matrix = match matrix {
            _ if is_rgb => Matrix::Bt709,
            Some("bt709") => Matrix::Bt709,
            Some("bt470bg") if primaries != Some("smpte170m") => Matrix::Bt601Lines625,
            Some("bt470bg" | "smpte170m" | "smpte240m" | "fcc") => Matrix::Bt601Lines525,
            Some("bt2020nc" | "bt2020c") => Matrix::Bt2020,
            _ if hdr.is_some() || primaries == Some("bt2020") => Matrix::Bt2020,
            _ if lines >= HD_LINES => Matrix::Bt709,
            _ if matches!(lines, 288 | 576) => Matrix::Bt601Lines625,
            _ => Matrix::Bt601Lines525,
        };
        Self {
            is_full_range: !is_rgb && (range == Some("pc") || format.starts_with("yuvj")),
            pixels: pixels.map(str::to_owned),
            is_rgb,
            matrix,
            hdr,
        }
    }
}

impl Matrix {
    /// Returns the names of matrix, primaries and transfer that a picture with this matrix is tagged with.
    pub(crate) fn tags(self) -> (&'static str, &'static str, &'static str) {
        match self {
            // Why the same: wide colours are brought down to BT.709; see `stream::picture`.
            Self::Bt709 | Self::Bt2020 => ("bt709", "bt709", "bt709"),
            Self::Bt601Lines525 => ("smpte170m", "smpte170m", "smpte170m"),
            Self::Bt601Lines625 => ("bt470bg", "bt470bg", "smpte170m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Colour, Hdr, Matrix};

    fn matrix(pixels: &str, matrix: Option<&str>, lines: u32) -> Matrix {
        Colour::from_tags(Some(pixels), None, matrix, (None, None), lines).matrix
    }

    #[test]
    fn a_picture_without_a_matrix_is_taken_as_players_take_it() {
        assert_eq!(matrix("yuv420p", None, 1080), Matrix::Bt709);
        assert_eq!(matrix("yuv420p", None, 480), Matrix::Bt601Lines525);
        assert_eq!(matrix("yuv420p", None, 576), Matrix::Bt601Lines625);
        assert_eq!(matrix("yuv420p", Some("bt709"), 360), Matrix::Bt709);
        assert_eq!(matrix("gbrp", Some("gbr"), 360), Matrix::Bt709);
    }

    #[test]
    fn range_and_transfer_are_read() {
        let of =
            |pixels, range, transfer| Colour::from_tags(Some(pixels), range, None, (None, transfer), 1080);
        assert!(of("yuvj420p", None, None).is_full_range);
        assert!(of("yuv420p", Some("pc"), None).is_full_range);
        assert!(!of("rgb24", Some("pc"), None).is_full_range);
        let hdr = of("yuv420p10le", Some("tv"), Some("smpte2084"));
        assert_eq!((hdr.hdr, hdr.matrix), (Some(Hdr::Pq), Matrix::Bt2020));
    }
}
