//! The colours of a picture over its time, and of images.

use std::{path::Path, process::Command};

/// Red, green, blue; 0 to 255.
pub(crate) type Colour = [f64; 3];

/// Colours of a [`Timeline`] a second.
const COLOURS_PER_S: f64 = 4.0;
/// Side of the square in the middle of the picture that a [`Timeline`] looks at, in pixels.
const SQUARE: usize = 16;

/// The colour in the middle of the picture, four times a second.
#[derive(Debug)]
pub(crate) struct Timeline {
    colours: Vec<Colour>,
    /// What ffmpeg wrote meanwhile: nothing, where every frame could be decoded.
    pub(crate) complaint: String,
}

impl Timeline {
    /// Decodes a file of limited range whose colours have that [`Stream::matrix`](super::judge_media::Stream::matrix). Frames stand until the next one.
    pub(crate) fn read(file: &Path, size: (u32, u32), matrix: &str) -> Result<Self, String> {
        // Why without a conversion to RGB by ffmpeg: what it does with tags differs from version to version.
        let (x, y) = (
            size.0.saturating_sub(16) / 4 * 2,
            size.1.saturating_sub(16) / 4 * 2,
        );
        let filter =
            format!("fps={COLOURS_PER_S}:eof_action=pass,crop={SQUARE}:{SQUARE}:{x}:{y},format=yuv420p");
        let out = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-i"])
            .arg(file)
            .args(["-map", "0:v:0", "-vf", &filter, "-f", "rawvideo", "pipe:1"])
            .output()
            .map_err(|error| error.to_string())?;
        let frame = SQUARE * SQUARE * 3 / 2;
        let colours: Vec<Colour> = out
            .stdout
            .chunks_exact(frame)
            .map(|frame| mean_colour(frame, matrix))
            .collect();
        if colours.is_empty() {
            return Err(format!("no frame: {}", String::from_utf8_lossy(&out.stderr)));
        }
        Ok(Self {
            colours,
            complaint: String::from_utf8_lossy(&out.stderr).trim().to_owned(),
        })
    }

    /// The colour at `time_s` after the first frame; the last one for later times.
    pub(crate) fn at(&self, time_s: f64) -> Colour {
        let last = self.colours.len() - 1;
        let at =
            (0..last).find(|at| f64::from(u32::try_from(*at).unwrap_or(u32::MAX)) / COLOURS_PER_S >= time_s);
        self.colours[at.unwrap_or(last)]
    }
}

/// The mean of a frame in 4:2:0 of limited range, as RGB.
fn mean_colour(frame: &[u8], matrix: &str) -> Colour {
    let mean = |bytes: &[u8]| {
        let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
        f64::from(sum) / f64::from(u32::try_from(bytes.len()).unwrap_or(1))
    };
    let pixels = SQUARE * SQUARE;
    let (luma, rest) = frame.split_at(pixels);
    let (blue, red) = rest.split_at(pixels / 4);
    // ITU-R BT.709 and BT.601: the shares of red and of blue in the luma.
    let (of_red, of_blue) = if matrix == "bt709" {
        (0.2126, 0.0722)
    } else {
        (0.299, 0.114)
    };
    let luma = (mean(luma) - 16.0) / 219.0;
    let (blue, red) = ((mean(blue) - 128.0) / 224.0, (mean(red) - 128.0) / 224.0);
    let r = luma + 2.0 * (1.0 - of_red) * red;
    let b = luma + 2.0 * (1.0 - of_blue) * blue;
    let g = (luma - of_red * r - of_blue * b) / (1.0 - of_red - of_blue);
    [r, g, b].map(|channel| (channel * 255.0).clamp(0.0, 255.0))
}

/// The mean colour of a square of an image file (any format), whose upper left corner is at `(x, y)`; of a moving one
/// after so many fifths of a second.
pub(crate) fn image_colour(bytes: &[u8], fifths: usize, (x, y): (u64, u64)) -> Result<Colour, String> {
    let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    std::fs::write(file.path(), bytes).map_err(|error| error.to_string())?;
    // Why by time: a GIF has no second frame where nothing changes.
    let filter =
        format!("fps=5:eof_action=pass,select=gte(n\\,{fifths}),format=rgb24,crop=8:8:{x}:{y}:exact=1");
    let out = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(file.path())
        .args(["-vf", &filter, "-frames:v", "1", "-f", "rawvideo", "pipe:1"])
        .output()
        .map_err(|error| error.to_string())?;
    if out.stdout.len() != 8 * 8 * 3 {
        return Err(format!(
            "no frame {fifths}: {}",
            String::from_utf8_lossy(&out.stderr)
        ));
    }
    let mean = |channel: usize| {
        let values = out.stdout.chunks_exact(3).map(|pixel| f64::from(pixel[channel]));
        values.sum::<f64>() / 64.0
    };
    Ok([mean(0), mean(1), mean(2)])
}
