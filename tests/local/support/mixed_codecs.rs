//! What random files are made of.

/// Containers, with the pictures and sounds that go into them.
pub(crate) const CONTAINERS: &[Container] = &[
    Container {
        ending: "mp4",
        pictures: &["h264", "hevc", "av1", "mpeg4"],
        sounds: &["aac", "mp3", "ac3", "libopus", "alac"],
        holds_gaps: true,
    },
    Container {
        ending: "mov",
        pictures: &["h264", "hevc", "prores", "mjpeg", "qtrle", "png"],
        sounds: &["aac", "pcm_s16le", "pcm_s24le", "alac"],
        holds_gaps: true,
    },
    Container {
        ending: "mkv",
        pictures: &[
            "h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2", "mjpeg", "ffv1", "theora", "prores",
            "utvideo", "huffyuv",
        ],
        sounds: &[
            "aac",
            "mp3",
            "ac3",
            "eac3",
            "libopus",
            "libvorbis",
            "flac",
            "pcm_s16le",
            "alac",
        ],
        holds_gaps: true,
    },
    Container {
        ending: "webm",
        pictures: &["vp8", "vp9", "av1"],
        sounds: &["libopus", "libvorbis"],
        holds_gaps: true,
    },
    Container {
        ending: "ts",
        pictures: &["h264", "hevc", "mpeg2"],
        sounds: &["aac", "mp2", "ac3"],
        holds_gaps: true,
    },
    Container {
        ending: "avi",
        pictures: &["mpeg4", "mjpeg", "h264", "huffyuv", "msmpeg4"],
        sounds: &["mp3", "pcm_s16le", "ac3"],
        holds_gaps: false,
    },
    Container {
        ending: "flv",
        pictures: &["flv", "h264"],
        sounds: &["mp3", "aac"],
        holds_gaps: true,
    },
    Container {
        ending: "wmv",
        pictures: &["wmv1", "wmv2", "msmpeg4"],
        sounds: &["wmav1", "wmav2"],
        holds_gaps: false,
    },
    Container {
        ending: "mpg",
        pictures: &["mpeg1", "mpeg2"],
        sounds: &["mp2"],
        holds_gaps: false,
    },
    Container {
        ending: "ogv",
        pictures: &["theora"],
        sounds: &["libvorbis", "flac"],
        holds_gaps: false,
    },
    Container {
        ending: "mp3",
        pictures: &[],
        sounds: &["mp3"],
        holds_gaps: false,
    },
    Container {
        ending: "wav",
        pictures: &[],
        sounds: &["pcm_s16le", "pcm_s24le"],
        holds_gaps: false,
    },
    Container {
        ending: "flac",
        pictures: &[],
        sounds: &["flac"],
        holds_gaps: false,
    },
    Container {
        ending: "ogg",
        pictures: &[],
        sounds: &["libvorbis", "libopus", "flac"],
        holds_gaps: false,
    },
    Container {
        ending: "m4a",
        pictures: &[],
        sounds: &["aac", "alac"],
        holds_gaps: false,
    },
];

/// Encoders of pictures: their arguments, and the forms of pixels that they take.
pub(crate) const PICTURES: &[(&str, &str, &[&str])] = &[
    (
        "h264",
        "-c:v libx264 -preset ultrafast",
        &[
            "yuv420p",
            "yuv420p",
            "yuvj420p",
            "yuv422p",
            "yuv444p",
            "yuv420p10le",
        ],
    ),
    (
        "hevc",
        "-c:v libx265 -preset ultrafast -x265-params log-level=none",
        &["yuv420p", "yuv420p10le", "yuv444p"],
    ),
    (
        "vp8",
        "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 1M",
        &["yuv420p"],
    ),
    (
        "vp9",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 1M",
        &["yuv420p", "yuv444p"],
    ),
    ("av1", "-c:v libsvtav1 -preset 12", &["yuv420p", "yuv420p10le"]),
    ("mpeg4", "-c:v mpeg4 -q:v 3", &["yuv420p"]),
    ("msmpeg4", "-c:v msmpeg4 -q:v 3", &["yuv420p"]),
    ("mpeg1", "-c:v mpeg1video -q:v 3", &["yuv420p"]),
    ("mpeg2", "-c:v mpeg2video -q:v 3", &["yuv420p", "yuv422p"]),
    (
        "mjpeg",
        "-c:v mjpeg -q:v 2",
        &["yuvj420p", "yuvj422p", "yuvj444p"],
    ),
    ("theora", "-c:v libtheora -q:v 9", &["yuv420p", "yuv444p"]),
    ("prores", "-c:v prores_ks", &["yuv422p10le", "yuv444p10le"]),
    ("ffv1", "-c:v ffv1", &["yuv420p", "yuv422p10le", "gbrp", "bgra"]),
    ("utvideo", "-c:v utvideo", &["yuv422p", "gbrp"]),
    ("huffyuv", "-c:v huffyuv", &["yuv422p", "rgb24"]),
    ("qtrle", "-c:v qtrle", &["rgb24", "argb"]),
    ("png", "-c:v png", &["rgb24", "rgba"]),
    ("flv", "-c:v flv -q:v 3", &["yuv420p"]),
    ("wmv1", "-c:v wmv1 -q:v 3", &["yuv420p"]),
    ("wmv2", "-c:v wmv2 -q:v 3", &["yuv420p"]),
];

/// A container.
#[derive(Clone, Copy)]
pub(crate) struct Container {
    pub(crate) ending: &'static str,
    pub(crate) pictures: &'static [&'static str],
    pub(crate) sounds: &'static [&'static str],
    /// False where times follow from the number of the frame.
    pub(crate) holds_gaps: bool,
}
