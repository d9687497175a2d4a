//! Random files: codec, container, frame rate, gaps, tracks, rotation, colours, sizes, layouts of sound. A seed gives the
//! same file again.

use std::{fmt::Write as _, path::PathBuf};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    clips,
    judge::Expected,
    judge_colour::Colour,
    judge_media::Media,
    mixed_codecs::{CONTAINERS, Container, PICTURES},
};

/// One random file.
pub(crate) struct Mixed {
    /// The arguments of ffmpeg that make it.
    pub(crate) command: String,
    pub(crate) file: PathBuf,
    colour: Option<Colour>,
}

impl Mixed {
    /// Makes the file of this seed.
    pub(crate) fn make(seed: u64) -> Self {
        let mut dice = Dice(StdRng::seed_from_u64(seed));
        // Sound alone is a quarter of the containers, and rarer among uploads.
        let container = loop {
            let container = dice.pick(CONTAINERS);
            if !container.pictures.is_empty() || dice.one_in(3) {
                break container;
            }
        };
        let seconds = dice.number(15, 60) / 10.0;
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        let picture = (!container.pictures.is_empty()).then(|| dice.picture(&container, seconds));
        if let Some((input, output, _)) = &picture {
            inputs.push(input.clone());
            outputs.push(output.clone());
        }
        if picture.is_none() || !dice.one_in(4) {
            let (input, output) = dice.sound(&container, seconds, picture.is_some());
            inputs.push(input);
            outputs.push(output);
            if container.ending == "mkv" && dice.one_in(3) {
                // A second sound, longer than all else: it is not used.
                inputs.push("-f lavfi -i sine=frequency=880:duration=12".to_owned());
            }
        }
        for at in 0..inputs.len() {
            outputs.push(format!("-map {at}"));
        }
        let command = format!("{} {}", inputs.join(" "), outputs.join(" "));
        let name = format!("mixed-{seed}.{}", container.ending);
        let mut made = Self {
            file: clips::made(&name, &command),
            command: format!("{command} {name}"),
            colour: picture.map(|(_, _, colour)| colour),
        };
        if matches!(container.ending, "mp4" | "mov") && made.colour.is_some() && dice.one_in(3) {
            let turned = format!("-c copy -metadata:s:v:0 rotate={}", dice.pick(&[90, 180, 270]));
            made.file = clips::made_from(&format!("turned-{name}"), &made.file, &turned);
            made.command = format!("{} && ffmpeg -i {name} {turned} turned-{name}", made.command);
        }
        made
    }

    /// What its stream must be, by what ffprobe says of the file: the length of its packets, its size as shown, whether
    /// there is sound.
    pub(crate) fn expected(&self) -> Result<Expected, String> {
        let media = Media::read(&self.file)?;
        let open_end_s = media.open_end_s();
        let start_s = media.start_s();
        let mut expected = Expected::seconds(media.end_s() - start_s).within(0.25 + open_end_s);
        if let Some(sound) = &media.sound {
            expected = expected.heard(sound.start_s() - start_s, sound.end_s() - start_s);
        }
        let Some(picture) = &media.picture else {
            return Ok(expected);
        };
        if picture.is_full_range_h264() {
            expected = expected.full_range();
        }
        let (width, height) = picture.shown_size();
        let (width, height) = (even(width), even(height));
        let size = if picture.is_turned() {
            (height, width)
        } else {
            (width, height)
        };
        let middle_s = (picture.start_s() - start_s) + 0.3 * (picture.end_s() - picture.start_s());
        let colour = self.colour.ok_or("a picture that was not asked for")?;
        Ok(expected.picture(size.0, size.1).cut().colour(middle_s, colour))
    }
}

/// A side as it is made: whole pixels, then even.
fn even(side: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sides of a few hundred pixels"
    )]
    {
        ((side.round() / 2.0).round() * 2.0) as u32
    }
}

/// Random choices.
struct Dice(StdRng);

impl Dice {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.0.random_range(0..from.len())]
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.0.random_range(0..count) == 0
    }

    fn number(&mut self, from: u32, to: u32) -> f64 {
        f64::from(self.0.random_range(from..=to))
    }

    /// The input and the encoder of a picture, and the colour in its middle.
    fn picture(&mut self, container: &Container, seconds: f64) -> (String, String, Colour) {
        let codec = self.pick(container.pictures);
        let known = PICTURES.iter().find(|(name, _, _)| *name == codec);
        let &(_, encoder, forms) = known.unwrap_or(&PICTURES[0]);
        let form = self.pick(forms);
        let rate = match codec {
            "mpeg1" | "mpeg2" => self.pick(&["24000/1001", "25", "30000/1001", "50"]),
            _ => self.pick(&[
                "1",
                "5",
                "10",
                "25/2",
                "15",
                "24000/1001",
                "25",
                "30",
                "60000/1001",
                "90",
                "120",
            ]),
        };
        let size = self.pick(&[
            "160x90", "90x160", "176x144", "320x240", "322x182", "128x128", "640x360", "64x320",
        ]);
        let channels = [self.number(10, 230), self.number(10, 230), self.number(10, 230)];
        let hex = channels
            .map(|channel| format!("{channel:02X}", channel = byte(channel)))
            .concat();
        let matrix = self.pick(&["bt601", "bt709"]);
        let range = if form.starts_with("yuvj") { "pc" } else { "tv" };
        // Something moves in the corner, so that frames differ.
        let mut graph = format!(
            "color=0x{hex}:size={size}:rate={rate}:duration={seconds},format=rgb24[c];\
             testsrc2=size=32x18:rate={rate}:duration={seconds},format=rgb24[m];[c][m]overlay=0:0:format=rgb"
        );
        if container.holds_gaps {
            match self.0.random_range(0..6) {
                0 => graph.push_str(",select=lt(t\\,0.6)+gt(t\\,1.2)"),
                1 => graph.push_str(",select=lt(mod(n\\,7)\\,4)"),
                2 => graph.push_str(",setpts=if(gt(T\\,0.8)\\,PTS+6/TB\\,PTS)"),
                _ => {}
            }
        }
        if matches!(container.ending, "mp4" | "mov" | "mkv") && self.one_in(4) {
            graph.push_str(self.pick(&[",setsar=4/3", ",setsar=16/15", ",setsar=3/4"]));
        }
        let is_rgb = ["gbr", "rgb", "bgr", "arg"]
            .iter()
            .any(|start| form.starts_with(start));
        // Untagged, what is small is BT.601.
        let (matrix, tags) = if is_tagging(codec, container) && self.one_in(2) {
            (
                matrix,
                format!(
                    "-colorspace {}",
                    if matrix == "bt709" { "bt709" } else { "smpte170m" }
                ),
            )
        } else {
            ("bt601", String::new())
        };
        if is_rgb {
            let _ = write!(graph, ",format={form}");
        } else {
            let _ = write!(
                graph,
                ",scale=out_color_matrix={matrix}:out_range={range},format={form}"
            );
        }
        let late = if container.holds_gaps && self.one_in(6) {
            "-itsoffset 1.5 "
        } else {
            ""
        };
        let tags = if is_rgb { String::new() } else { tags };
        let spacing = match codec {
            "h264" | "mpeg4" | "mpeg2" => format!("-g {}", self.pick(&[1, 12, 50, 250])),
            _ => String::new(),
        };
        let frames = if container.holds_gaps { "-fps_mode vfr" } else { "" };
        (
            format!("{late}-f lavfi -i {graph}"),
            format!("{encoder} {spacing} {frames} {tags}"),
            channels,
        )
    }

    /// The input and the encoder of a sound.
    fn sound(&mut self, container: &Container, seconds: f64, beside_picture: bool) -> (String, String) {
        let codec = self.pick(container.sounds);
        let seconds = if beside_picture && self.one_in(4) {
            (seconds * self.number(5, 18) / 10.0).max(1.0)
        } else {
            seconds
        };
        let rate = match codec {
            "libopus" => 48_000,
            "ac3" | "eac3" | "mp2" => self.pick(&[44_100, 48_000]),
            "mp3" | "aac" if container.ending == "flv" => self.pick(&[22_050, 44_100]),
            "pcm_s16le" | "flac" | "pcm_s24le" => self.pick(&[8_000, 44_100, 48_000, 96_000]),
            _ => self.pick(&[22_050, 44_100, 48_000]),
        };
        let layout = match codec {
            "aac" | "ac3" | "eac3" | "flac" | "pcm_s16le" | "libvorbis" if container.ending != "flv" => {
                self.pick(&["mono", "stereo", "5.1"])
            }
            _ => self.pick(&["mono", "stereo"]),
        };
        // Loud: six channels are mixed down to two, each a share.
        let mut graph = format!("sine=frequency=440:duration={seconds}:sample_rate={rate},volume=4");
        if container.ending == "mkv" && self.one_in(4) {
            graph.push_str(",aselect=lt(t\\,0.5)+gt(t\\,0.9)");
        }
        let late = if container.holds_gaps && beside_picture && self.one_in(6) {
            "-itsoffset 1.2 "
        } else {
            ""
        };
        (
            format!("{late}-f lavfi -i {graph}"),
            format!(
                "-c:a {codec} -ar {rate} -channel_layout {layout} -ac {}",
                channels(layout)
            ),
        )
    }
}

/// Containers and codecs in which a matrix can be named.
fn is_tagging(codec: &str, container: &Container) -> bool {
    matches!(container.ending, "mkv" | "mp4" | "mov") && matches!(codec, "h264" | "hevc" | "vp9" | "prores")
}

fn channels(layout: &str) -> u32 {
    match layout {
        "mono" => 1,
        "stereo" => 2,
        _ => 6,
    }
}

fn byte(channel: f64) -> u8 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "10 to 230"
    )]
    {
        channel as u8
    }
}
