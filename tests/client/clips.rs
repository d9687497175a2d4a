//! Small real videos, made anew for each test.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

/// How long the videos are, in seconds.
const LENGTH_S: u32 = 24;

/// A folder of videos and keys.
pub(crate) struct Clips(TempDir);

impl Clips {
    pub(crate) fn make() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Makes `clip.mp4` with sound, and `bytes` of nothing behind it in a box that players pass over.
    pub(crate) fn upload(&self, bytes: u32) {
        self.run(
            "ffmpeg",
            &format!(
                "-v error -nostdin -y -f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i sine=440 -t {LENGTH_S} \
                 -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p -c:a aac clip.mp4"
            ),
        );
        let mut file = fs::read(self.path("clip.mp4")).unwrap();
        file.extend((bytes + 8).to_be_bytes());
        file.extend(b"free");
        file.resize(file.len() + usize::try_from(bytes).unwrap(), 0);
        fs::write(self.path("clip.mp4"), file).unwrap();
    }

    /// Makes `other.mp4`: upright, and five seconds long.
    pub(crate) fn other(&self) {
        self.run(
            "ffmpeg",
            "-v error -nostdin -y -f lavfi -i testsrc2=size=180x320:rate=25 -f lavfi -i sine=880 -t 5 \
             -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p -c:a aac other.mp4",
        );
    }

    /// Makes the stream `index.m3u8` of `size`, with captions and two audio tracks, and `frame.jpg`.
    pub(crate) fn stream(&self, size: &str) {
        let part = |input: &str, name: &str, codec: &str| {
            format!(
                "-v error -nostdin -y -f lavfi -i {input} -t {LENGTH_S} {codec} -f hls -hls_time 2 -hls_playlist_type vod \
                 -hls_segment_type fmp4 -hls_fmp4_init_filename {name}init.mp4 -hls_segment_filename {name}%d.m4s {name}.m3u8"
            )
        };
        let picture = format!("testsrc2=size={size}:rate=25");
        let h264 = "-c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p";
        self.run("ffmpeg", &part(&picture, "video", h264));
        self.run("ffmpeg", &part("sine=440", "english", "-c:a aac"));
        self.run("ffmpeg", &part("sine=880", "deutsch", "-c:a aac"));
        self.run(
            "ffmpeg",
            &format!("-v error -nostdin -y -f lavfi -i {picture} -frames:v 1 frame.jpg"),
        );
        self.captions();
        let audio = |name: &str, language: &str, file: &str, is_default: &str| {
            format!(
                "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"{name}\",LANGUAGE=\"{language}\",DEFAULT={is_default},\
                 AUTOSELECT=YES,CHANNELS=\"1\",URI=\"{file}.m3u8\"\n"
            )
        };
        let text = format!(
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n{}{}\
             #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"text\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=YES,\
             URI=\"captions.m3u8\"\n\
             #EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS=\"avc1.42c00d,mp4a.40.2\",RESOLUTION={size},AUDIO=\"sound\",\
             SUBTITLES=\"text\"\nvideo.m3u8\n",
            audio("English", "en", "english", "YES"),
            audio("Deutsch", "de", "deutsch", "NO"),
        );
        fs::write(self.path("index.m3u8"), text).unwrap();
    }

    /// Makes the RSA key `private.pem`, and `public.pem`.
    pub(crate) fn keys(&self) {
        self.run("openssl", "genrsa -out private.pem 2048");
        self.run("openssl", "rsa -in private.pem -pubout -out public.pem");
    }

    /// One caption a second, in one file.
    fn captions(&self) {
        let cue = |second: u32| {
            format!(
                "00:00:{second:02}.000 --> 00:00:{:02}.000\ncaption {second}\n\n",
                second + 1
            )
        };
        let cues: String = (0..LENGTH_S).map(cue).collect();
        fs::write(self.path("captions.vtt"), format!("WEBVTT\n\n{cues}")).unwrap();
        let list = format!(
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:{LENGTH_S}\n#EXT-X-PLAYLIST-TYPE:VOD\n\
             #EXTINF:{LENGTH_S},\ncaptions.vtt\n#EXT-X-ENDLIST\n"
        );
        fs::write(self.path("captions.m3u8"), list).unwrap();
    }

    fn run(&self, program: &str, args: &str) {
        let made = Command::new(program)
            .args(args.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .expect("ffmpeg and openssl are installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}
