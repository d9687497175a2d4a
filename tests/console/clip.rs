//! Small real videos, made anew for each test.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

/// What fills the middle of the picture, second by second: so that a frame tells when it is.
pub(crate) const COLOURS: [&str; 12] = [
    "#ff0000", "#00ff00", "#0000ff", "#ffff00", "#ff00ff", "#00ffff", "#ffffff", "#000000", "#808080",
    "#ff8000", "#800080", "#804020",
];

/// A folder with `clip.mp4`: twelve seconds with sound.
pub(crate) struct Clips(TempDir);

impl Clips {
    pub(crate) fn make() -> Self {
        let clips = Self(TempDir::new().unwrap());
        let boxes: Vec<String> = COLOURS
            .iter()
            .enumerate()
            .map(|(second, colour)| {
                let colour = colour.replace('#', "0x");
                let end = second + 1;
                format!("drawbox=x=160:y=90:w=320:h=180:color={colour}:t=fill:enable='gte(t,{second})*lt(t,{end})'")
            })
            .collect();
        let picture = format!("testsrc2=size=640x360:rate=25,{}", boxes.join(","));
        clips.ffmpeg(&format!(
            "-f lavfi -i {picture} -f lavfi -i sine=440 -t 12 -c:v libx264 -preset ultrafast -b:v 1500k -g 50 \
             -pix_fmt yuv420p -c:a aac clip.mp4"
        ));
        clips
    }

    /// `tall.mp4` (9:16), `four.mp4` (4:3) and `sound.m4a`: three seconds each.
    pub(crate) fn forms(&self) {
        for (name, size) in [("tall", "360x640"), ("four", "640x480")] {
            self.ffmpeg(&format!(
                "-f lavfi -i testsrc2=size={size}:rate=25 -f lavfi -i sine=440 -t 3 -c:v libx264 -preset ultrafast -g 50 \
                 -pix_fmt yuv420p -c:a aac {name}.mp4"
            ));
        }
        self.ffmpeg("-f lavfi -i sine=440 -t 3 -c:a aac sound.m4a");
    }

    /// `index.m3u8` with its segments, and `frame.jpg`: what a provider would serve.
    pub(crate) fn stream(&self) {
        self.ffmpeg(
            "-i clip.mp4 -c copy -f hls -hls_time 4 -hls_playlist_type vod -hls_segment_filename part%d.ts index.m3u8",
        );
        self.ffmpeg("-i clip.mp4 -frames:v 1 frame.jpg");
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// The clip with `bytes` of nothing behind it, in a box that players pass over.
    pub(crate) fn padded(&self, name: &str, bytes: u32) -> String {
        let mut file = fs::read(self.path("clip.mp4")).unwrap();
        file.extend((bytes + 8).to_be_bytes());
        file.extend(b"free");
        file.resize(file.len() + usize::try_from(bytes).unwrap(), 0);
        fs::write(self.path(name), file).unwrap();
        self.path(name)
    }

    fn ffmpeg(&self, args: &str) {
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-y"])
            .args(args.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .expect("ffmpeg is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}
