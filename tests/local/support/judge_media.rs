//! What ffprobe and ffmpeg read in a file that was served, or in a source: packets, tags, and when there is sound.

use std::{path::Path, process::Command};

use serde::Deserialize;

/// One file's first picture and first sound.
#[derive(Debug)]
pub(crate) struct Media {
    pub(crate) picture: Option<Stream>,
    pub(crate) sound: Option<Stream>,
}

/// One stream, with its packets in the order of their times.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) codec: String,
    output: StreamOutput,
    packets: Vec<Packet>,
}

/// Times in seconds.
#[derive(Debug)]
struct Packet {
    at_s: f64,
    /// 0 where the file does not say it.
    lasts_s: f64,
    is_keyframe: bool,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    streams: Vec<StreamOutput>,
    #[serde(default)]
    packets: Vec<PacketOutput>,
}

#[derive(Clone, Debug, Deserialize)]
struct StreamOutput {
    index: u32,
    codec_type: Option<String>,
    codec_name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    pix_fmt: Option<String>,
    field_order: Option<String>,
    sample_aspect_ratio: Option<String>,
    color_range: Option<String>,
    color_space: Option<String>,
    color_transfer: Option<String>,
    color_primaries: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Clone, Debug, Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Disposition {
    #[serde(default)]
    attached_pic: u32,
}

#[derive(Deserialize)]
struct PacketOutput {
    stream_index: u32,
    pts_time: Option<String>,
    dts_time: Option<String>,
    duration_time: Option<String>,
    #[serde(default)]
    flags: String,
}

impl Media {
    /// Reads a file by ffprobe. A cover is no picture.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let entries = "stream=index,codec_type,codec_name,width,height,pix_fmt,field_order,sample_aspect_ratio,\
                       color_range,color_space,color_transfer,color_primaries:stream_disposition=attached_pic:\
                       stream_side_data=rotation:packet=stream_index,pts_time,dts_time,duration_time,flags";
        let out = Command::new("ffprobe")
            .args(["-v", "error", "-print_format", "json", "-show_entries", entries])
            .arg(file)
            .output()
            .map_err(|error| error.to_string())?;
        if !out.status.success() {
            return Err(format!("ffprobe: {}", String::from_utf8_lossy(&out.stderr)));
        }
        let output: Output = serde_json::from_slice(&out.stdout).map_err(|error| error.to_string())?;
        Ok(Self {
            picture: output.stream("video"),
            sound: output.stream("audio"),
        })
    }

    /// Those that are there, by name.
    pub(crate) fn streams(&self) -> impl Iterator<Item = (&'static str, &Stream)> {
        let both = [("picture", &self.picture), ("sound", &self.sound)];
        both.into_iter()
            .filter_map(|(name, stream)| Some((name, stream.as_ref()?)))
    }

    /// The first packet's time, in seconds.
    pub(crate) fn start_s(&self) -> f64 {
        self.streams()
            .map(|(_, stream)| stream.start_s())
            .fold(f64::INFINITY, f64::min)
    }

    /// By how much the end may be later than [`Media::end_s`].
    pub(crate) fn open_end_s(&self) -> f64 {
        let ends = self
            .streams()
            .map(|(_, stream)| stream.end_s() + stream.open_end_s());
        ends.fold(f64::NEG_INFINITY, f64::max) - self.end_s()
    }

    /// The end of the last packet, in seconds.
    pub(crate) fn end_s(&self) -> f64 {
        self.streams()
            .map(|(_, stream)| stream.end_s())
            .fold(f64::NEG_INFINITY, f64::max)
    }
}

impl Output {
    fn stream(&self, kind: &str) -> Option<Stream> {
        let is_it = |one: &&StreamOutput| {
            one.codec_type.as_deref() == Some(kind) && one.disposition.attached_pic == 0
        };
        let output = self.streams.iter().find(is_it)?;
        let seconds = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
        let mut packets: Vec<Packet> = self
            .packets
            .iter()
            // `D`: outside an edit list, not shown.
            .filter(|packet| packet.stream_index == output.index && !packet.flags.contains('D'))
            .filter_map(|packet| {
                Some(Packet {
                    at_s: seconds(&packet.pts_time).or(seconds(&packet.dts_time))?,
                    lasts_s: seconds(&packet.duration_time).unwrap_or_default(),
                    is_keyframe: packet.flags.contains('K'),
                })
            })
            .collect();
        packets.sort_by(|one, other| one.at_s.total_cmp(&other.at_s));
        (!packets.is_empty()).then(|| Stream {
            codec: output.codec_name.clone().unwrap_or_default(),
            output: output.clone(),
            packets,
        })
    }
}

impl Stream {
    pub(crate) fn start_s(&self) -> f64 {
        self.packets[0].at_s
    }

    /// The end of the last packet, as far as it is known: see [`Stream::open_end_s`].
    pub(crate) fn end_s(&self) -> f64 {
        let ends = self.packets.iter().map(|packet| packet.at_s + packet.lasts_s);
        ends.fold(f64::NEG_INFINITY, f64::max)
    }

    /// By how much the stream may end later: by the last distance of two packets, where the file does not say how long the
    /// last one is.
    pub(crate) fn open_end_s(&self) -> f64 {
        match &self.packets[..] {
            [.., before, last] if last.lasts_s == 0.0 => last.at_s - before.at_s,
            _ => 0.0,
        }
    }

    /// The longest time between the starts of two packets, in seconds.
    pub(crate) fn longest_gap_s(&self) -> f64 {
        let pairs = self.packets.windows(2);
        pairs.map(|pair| pair[1].at_s - pair[0].at_s).fold(0.0, f64::max)
    }

    pub(crate) fn has_keyframe_at(&self, at_s: f64, within_s: f64) -> bool {
        let mut keyframes = self.packets.iter().filter(|packet| packet.is_keyframe);
        keyframes.any(|packet| (packet.at_s - at_s).abs() <= within_s)
    }

    /// Width and height as shown: with square pixels, not yet turned.
    pub(crate) fn shown_size(&self) -> (f64, f64) {
        let size = |side: Option<u32>| f64::from(side.unwrap_or_default());
        let ratio = self.output.sample_aspect_ratio.as_deref().and_then(|text| {
            let (wide, high) = text.split_once(':')?;
            Some(wide.parse::<f64>().ok()? / high.parse::<f64>().ok()?)
        });
        let wide = ratio
            .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
            .unwrap_or(1.0);
        (size(self.output.width) * wide, size(self.output.height))
    }

    /// Returns true for H.264 of full range that says so: players take it as it is.
    pub(crate) fn is_full_range_h264(&self) -> bool {
        self.codec == "h264" && self.output.pix_fmt.as_deref() == Some("yuvj420p")
    }

    /// Returns true where width and height change places.
    pub(crate) fn is_turned(&self) -> bool {
        let mut turns = self.output.side_data_list.iter().filter_map(|data| data.rotation);
        turns
            .next()
            .is_some_and(|degrees| (45.0..135.0).contains(&(degrees.abs() % 180.0)))
    }

    /// What players would not take, or show in wrong colours.
    pub(crate) fn faults(
        &self,
        size: (u32, u32),
        must_be_tagged: bool,
        may_be_full_range: bool,
    ) -> Vec<String> {
        let out = &self.output;
        let mut faults = Vec::new();
        let mut wants = |what: &str, found: Option<&str>, allowed: &[Option<&str>]| {
            if !allowed.contains(&found) {
                faults.push(format!("{what} is {found:?}"));
            }
        };
        // H.264, 8 bit, colour at half size, progressive: what every browser decodes.
        wants("the codec", out.codec_name.as_deref(), &[Some("h264")]);
        // `yuvj420p` is the same of full range.
        let pixels = &[Some("yuv420p"), Some("yuvj420p")][..if may_be_full_range { 2 } else { 1 }];
        wants("the pixel format", out.pix_fmt.as_deref(), pixels);
        wants(
            "the field order",
            out.field_order.as_deref(),
            &[None, Some("progressive"), Some("unknown")],
        );
        wants(
            "the aspect of a pixel",
            out.sample_aspect_ratio.as_deref(),
            &[None, Some("1:1"), Some("0:1")],
        );
        if (out.width, out.height) != (Some(size.0), Some(size.1)) {
            faults.push(format!("the picture is {:?} x {:?}", out.width, out.height));
        }
        if must_be_tagged {
            faults.extend(self.colour_fault(may_be_full_range));
        }
        faults
    }

    /// Untagged, or tagged as what players do not show.
    fn colour_fault(&self, may_be_full_range: bool) -> Option<String> {
        let out = &self.output;
        let narrow = ["bt709", "smpte170m", "bt470bg", "bt470m"];
        let tags = [
            (
                "range",
                &out.color_range,
                &["tv", "pc"][..if may_be_full_range { 2 } else { 1 }],
            ),
            ("matrix", &out.color_space, &narrow[..3]),
            ("transfer", &out.color_transfer, &narrow[..]),
            ("primaries", &out.color_primaries, &narrow[..]),
        ];
        let wrong: Vec<String> = tags
            .into_iter()
            .map(|(name, found, allowed)| (name, found.as_deref().unwrap_or("not said"), allowed))
            .filter(|(_, found, allowed)| !allowed.contains(found))
            .map(|(name, found, _)| format!("{name} {found}"))
            .collect();
        (!wrong.is_empty()).then(|| format!("the colours are tagged: {}", wrong.join(", ")))
    }

    /// The matrix of the colours: as tagged, else BT.709 from 720 lines on, as browsers take it.
    pub(crate) fn matrix(&self) -> String {
        let tag = self.output.color_space.clone().unwrap_or_default();
        match tag.as_str() {
            "" | "unknown" if self.output.height >= Some(720) => "bt709".to_owned(),
            "" | "unknown" => "smpte170m".to_owned(),
            _ => tag,
        }
    }
}

/// Returns how many frames of a file's picture cannot be decoded, in words; `None` where all can be.
pub(crate) fn undecoded_frames(file: &Path) -> Result<Option<String>, String> {
    let entries = "stream=nb_read_packets,nb_read_frames";
    let out = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "v:0",
            "-count_packets",
            "-count_frames",
        ])
        .args(["-print_format", "csv=p=0", "-show_entries", entries])
        .arg(file)
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&out.stdout)
        .trim()
        .trim_matches(',')
        .to_owned();
    let line = text.lines().next().unwrap_or_default();
    match line.split_once(',') {
        Some((frames, packets)) if frames == packets => Ok(None),
        Some((frames, packets)) => Ok(Some(format!("{frames} frames of {packets} packets"))),
        None => Err(format!("ffprobe counts nothing: {text}")),
    }
}

/// Returns when a file's sound is first and last louder than silence, in seconds after its first packet of any stream.
pub(crate) fn heard_between(file: &Path) -> Result<Option<(f64, f64)>, String> {
    const RATE: u32 = 8000;
    // Why `async`: holes become silence, so that a sample's place is its time.
    let out = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(file)
        .args([
            "-map",
            "0:a:0",
            "-af",
            "aresample=async=1:first_pts=0",
            "-ac",
            "1",
        ])
        .args(["-ar", &RATE.to_string(), "-f", "s16le", "pipe:1"])
        .output()
        .map_err(|error| error.to_string())?;
    let samples = out.stdout.chunks_exact(2);
    let is_loud = |sample: &[u8]| i16::from_le_bytes([sample[0], sample[1]]).unsigned_abs() > 600;
    let loud: Vec<u32> = (0_u32..)
        .zip(samples)
        .filter(|(_, sample)| is_loud(sample))
        .map(|(at, _)| at)
        .collect();
    let seconds = |at: u32| f64::from(at) / f64::from(RATE);
    Ok(loud
        .first()
        .zip(loud.last())
        .map(|(first, last)| (seconds(*first), seconds(*last))))
}
