//! The decoders that may run: those of codecs that people upload, out of the several hundred that ffmpeg has.
//!
//! Every decoder is code that reads hostile bytes, and the rare ones are reviewed least. A codec is listed where
//! cameras, phones, screen recorders, editors, browsers or the video sites of the last twenty years write it. Not
//! listed, among others: ASV1/2, Snow, ZMBV, Cinepak, Indeo, Sorenson Video, the codecs of games, and images that a
//! cover never has.

use std::collections::{BTreeMap, BTreeSet};

/// Codecs of pictures and sound, by ffmpeg's names.
const LISTED: &[&str] = &[
    // Phones, browsers, the web.
    "h264",
    "hevc",
    "vp8",
    "vp9",
    "av1",
    "theora",
    "aac",
    "aac_latm",
    "mp3",
    "opus",
    "vorbis",
    "flac",
    "alac",
    // Cameras, discs, broadcasts, old phones.
    "mpeg4",
    "mpeg1video",
    "mpeg2video",
    "mjpeg",
    "dvvideo",
    "h263",
    "mp1",
    "mp2",
    "ac3",
    "eac3",
    "dts",
    "truehd",
    "mlp",
    "amr_nb",
    "amr_wb",
    "adpcm_ima_wav",
    "adpcm_ima_qt",
    "adpcm_ms",
    // Flash and Windows Media: archives of old sites.
    "flv1",
    "vp6",
    "vp6a",
    "vp6f",
    "adpcm_swf",
    "nellymoser",
    "speex",
    "msmpeg4v1",
    "msmpeg4v2",
    "msmpeg4v3",
    "wmv1",
    "wmv2",
    "wmv3",
    "vc1",
    "wmav1",
    "wmav2",
    "wmapro",
    "wmalossless",
    // Editors and screen recorders.
    "prores",
    "dnxhd",
    "cfhd",
    "ffv1",
    "huffyuv",
    "ffvhuff",
    "utvideo",
    "qtrle",
    "png",
    "rawvideo",
    "v210",
    // Covers, beside MJPEG and PNG.
    "bmp",
    "gif",
    "webp",
];
/// The prefix of the some forty codecs of uncompressed sound.
const LISTED_PREFIX: &str = "pcm_";
/// Name endings of decoders that hand the bytes to a device's driver. They never run.
const DEVICE_SUFFIXES: &[&str] = &[
    "_cuvid",
    "_qsv",
    "_v4l2m2m",
    "_mediacodec",
    "_mmal",
    "_rkmpp",
    "_amf",
    "_vaapi",
    "_vdpau",
    "_vulkan",
];
/// Codecs without which most uploads fail.
const USUAL: &[&str] = &["h264", "hevc", "vp8", "vp9", "av1", "aac", "mp3", "opus"];

/// The listed decoders that this build of ffmpeg has.
#[derive(Clone, Debug)]
pub(crate) struct Decoders {
    /// Decoder names, by codec.
    by_codec: BTreeMap<String, Vec<String>>,
}

impl Decoders {
    /// Reads the output of `ffmpeg -decoders`; `None` when it has no listed decoder.
    pub(crate) fn parse_listing(printed: &str) -> Option<Self> {
        let (_, lines) = printed.split_once(" ------")?;
        let mut by_codec = BTreeMap::<String, Vec<String>>::new();
        for line in lines.lines() {
            // ` V....D libaom-av1           libaom AV1 (codec av1)`
            let mut words = line.split_whitespace();
            let (Some(kind), Some(name)) = (words.next(), words.next()) else {
                continue;
            };
            let codec = line
                .rsplit_once("(codec ")
                .and_then(|(_, codec)| codec.trim_end().strip_suffix(')'))
                .unwrap_or(name);
            let is_listed = LISTED.contains(&codec) || codec.starts_with(LISTED_PREFIX);
            let is_of_device = DEVICE_SUFFIXES.iter().any(|ending| name.ends_with(ending));
            if kind.starts_with(['V', 'A']) && is_listed && !is_of_device {
                by_codec
                    .entry(codec.to_owned())
                    .or_default()
                    .push(name.to_owned());
            }
        }
        (!by_codec.is_empty()).then_some(Self { by_codec })
    }

    /// Returns true when a file with this codec can be played.
    pub(crate) fn has_codec(&self, codec: &str) -> bool {
        self.by_codec.contains_key(codec)
    }

    /// Returns the decoders as `-codec_whitelist` takes them: names with commas.
    pub(crate) fn whitelist(&self) -> String {
        let names: BTreeSet<&str> = self.by_codec.values().flatten().map(String::as_str).collect();
        names.into_iter().collect::<Vec<_>>().join(",")
    }

    /// Returns the codecs of [`USUAL`] that this build cannot decode.
    pub(crate) fn missing_usual(&self) -> Vec<&'static str> {
        USUAL
            .iter()
            .copied()
            .filter(|codec| !self.has_codec(codec))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Decoders;

    const PRINTED: &str = "Decoders:\n V..... = Video\n ------\n V....D asv1                 ASUS V1\n \
        V..... libdav1d             dav1d AV1 decoder by VideoLAN (codec av1)\n \
        V....D h264                 H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10\n \
        V..... h264_cuvid           Nvidia CUVID H264 decoder (codec h264)\n \
        A....D mp3float             MP3 (MPEG audio layer 3) (codec mp3)\n \
        A....D pcm_s16le            PCM signed 16-bit little-endian\n \
        S..... srt                  SubRip subtitle (codec subrip)\n";

    #[test]
    fn decoders_are_listed_by_their_codec() {
        let decoders = Decoders::parse_listing(PRINTED).unwrap();
        assert_eq!(decoders.whitelist(), "h264,libdav1d,mp3float,pcm_s16le");
        assert!(decoders.has_codec("mp3") && !decoders.has_codec("asv1"));
        assert_eq!(decoders.missing_usual(), ["hevc", "vp8", "vp9", "aac", "opus"]);
    }

    #[test]
    fn a_build_without_a_listed_decoder_is_no_ffmpeg() {
        assert!(Decoders::parse_listing("").is_none());
        assert!(Decoders::parse_listing(" ------\n V....D asv1   ASUS V1\n").is_none());
    }
}
