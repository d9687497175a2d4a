use super::{
    super::super::{
        failure::Failure,
        source::{
            colour::Colour,
            probe::{Audio, Fields, Probe, Video},
            scan::Scan,
            timeline::{Span, Timeline},
        },
    },
    StreamPlan, plan_stream,
};
use crate::local::media::stream::ladder::{Rung, build_ladder};

/// A file that players take as it is: 60 s of 1280 × 720, keyframes every two seconds, AAC.
struct File {
    probe: Probe,
    scan: Scan,
}

fn usual() -> File {
    let video = Video {
        index: 0,
        codec: "h264".into(),
        profile: Some("High".into()),
        level: Some(31),
        width: 1280,
        height: 720,
        is_shown_as_stored: true,
        frame_rate: Some(25.0),
        fields: Fields::Progressive,
        colour: Colour::from_tags(Some("yuv420p"), None, None, (None, None), 720),
        claimed_s: Some(60.0),
    };
    let audio = Audio {
        index: 1,
        codec: "aac".into(),
        profile: Some("LC".into()),
        channels: 2,
        sample_rate: Some(48_000),
        claimed_s: Some(60.0),
    };
    let timeline = Timeline {
        packets: 1500,
        end_s: 60.0,
        last_s: 59.96,
        longest_gap_s: 0.04,
        longest_key_s: 2.0,
        lag_s: 0.08,
        begins_with_key: true,
        ..Timeline::default()
    };
    let sound = Timeline {
        longest_gap_s: 0.0,
        ..timeline.clone()
    };
    File {
        probe: Probe {
            duration_s: Some(60.0),
            is_indexed: true,
            is_matroska: false,
            streams: 2,
            video: Some(video),
            sounds: vec![audio],
            cover: None,
            texts: Vec::new(),
        },
        scan: Scan {
            picture: Some(timeline),
            sound: Some(sound),
            has_open_groups: false,
            is_cut_off: false,
            breaks_off: false,
        },
    }
}

impl File {
    fn video(&mut self) -> &mut Video {
        self.probe.video.as_mut().unwrap()
    }

    fn audio(&mut self) -> &mut Audio {
        &mut self.probe.sounds[0]
    }

    fn picture(&mut self) -> &mut Timeline {
        self.scan.picture.as_mut().unwrap()
    }

    fn sound(&mut self) -> &mut Timeline {
        self.scan.sound.as_mut().unwrap()
    }

    fn plan(&self) -> Result<StreamPlan, String> {
        let rungs: Vec<Rung> = self
            .probe
            .video
            .as_ref()
            .map(|video| build_ladder(video.width, video.height, None))
            .unwrap_or_default();
        let sound = self.probe.sounds.first();
        plan_stream(&self.probe, sound, &self.scan, rungs.first(), false).map_err(|failure| match failure {
            Failure::Input(_, reason) => reason,
            _ => panic!("only the file can be at fault"),
        })
    }
}

/// Whether picture and sound are copied, once the file was changed.
fn copies(change: impl FnOnce(&mut File)) -> (bool, bool) {
    let mut file = usual();
    change(&mut file);
    let plan = file.plan().unwrap();
    (
        plan.picture.unwrap().is_copied,
        plan.sound.is_some_and(|sound| sound.is_copied),
    )
}

#[test]
fn what_players_take_is_copied() {
    assert_eq!(copies(|_| {}), (true, true));
    assert_eq!(copies(|file| file.picture().longest_key_s = 10.0), (true, true));
    assert_eq!(copies(|file| file.audio().codec = "mp3".into()), (true, true));
}

#[test]
fn each_thing_that_players_do_not_take_is_encoded() {
    let changes: [fn(&mut File); 16] = [
        |file| file.video().codec = "hevc".into(),
        |file| file.video().profile = Some("High 10".into()),
        |file| file.video().colour.pixels = Some("yuv422p".into()),
        |file| file.video().fields = Fields::Interlaced,
        |file| file.video().is_shown_as_stored = false,
        // Above the tier.
        |file| (file.video().width, file.video().height) = (3840, 2160),
        |file| file.picture().longest_key_s = 10.5,
        |file| file.picture().longest_gap_s = 1.5,
        |file| file.picture().lag_s = 1.5,
        |file| file.picture().begins_with_key = false,
        |file| file.picture().has_discards = true,
        |file| file.picture().is_torn = true,
        |file| file.scan.has_open_groups = true,
        // The picture begins after the sound, and ends before it.
        |file| file.picture().first_s = 0.5,
        |file| (file.picture().last_s, file.picture().end_s) = (57.0, 57.04),
        // The last frame stands.
        |file| file.picture().last_s = 40.0,
    ];
    for (at, change) in changes.into_iter().enumerate() {
        assert_eq!(copies(change), (false, false), "change {at}");
    }
}

#[test]
fn a_sound_that_players_do_not_take_is_encoded_beside_a_copied_picture() {
    let changes: [fn(&mut File); 8] = [
        |file| file.audio().codec = "opus".into(),
        |file| file.audio().channels = 6,
        |file| file.audio().profile = Some("Main".into()),
        |file| file.audio().sample_rate = Some(96_000),
        |file| file.sound().longest_gap_s = 0.5,
        |file| file.sound().is_torn = true,
        |file| file.sound().first_s = 0.5,
        |file| file.sound().end_s = 50.0,
    ];
    for (at, change) in changes.into_iter().enumerate() {
        assert_eq!(copies(change), (true, false), "change {at}");
    }
}

#[test]
fn the_length_is_that_of_what_is_used() {
    let mut file = usual();
    // A subtitle that is longer than everything else.
    (file.probe.duration_s, file.probe.streams) = (Some(50_000.0), 3);
    assert!((file.plan().unwrap().length_s - 60.0).abs() < 1e-9);
    file.sound().end_s = 75.0;
    let plan = file.plan().unwrap();
    assert!((plan.length_s - 75.0).abs() < 1e-9);
    assert!(
        plan.picture.unwrap().has_gaps,
        "the picture stands while the sound goes on"
    );
}

#[test]
fn the_times_of_a_stream_begin_at_zero() {
    let mut file = usual();
    for part in [file.scan.picture.as_mut(), file.scan.sound.as_mut()] {
        let part = part.unwrap();
        (part.first_s, part.last_s, part.end_s) = (-5.0, 54.96, 55.0);
    }
    let plan = file.plan().unwrap();
    assert_eq!((plan.origin_s, plan.length_s), (-5.0, 60.0));
}

#[test]
fn a_matroska_file_stands_as_long_as_it_says_unless_it_breaks_off() {
    let mut file = usual();
    (file.probe.is_matroska, file.probe.sounds, file.scan.sound) = (true, Vec::new(), None);
    file.video().claimed_s = Some(90.0);
    assert!((file.plan().unwrap().length_s - 90.0).abs() < 1e-9);
    file.scan.breaks_off = true;
    assert_eq!(
        file.plan().unwrap_err(),
        "The file claims 90 seconds and holds 60"
    );
}

#[test]
fn what_is_claimed_and_not_there_is_an_error() {
    let mut file = usual();
    file.video().claimed_s = Some(600.0);
    assert_eq!(
        file.plan().unwrap_err(),
        "The file claims 600 seconds and holds 60"
    );
    let mut file = usual();
    file.scan.is_cut_off = true;
    assert!(file.plan().unwrap_err().contains("cut off"));
    let mut file = usual();
    file.scan.picture = None;
    assert!(file.plan().unwrap_err().contains("no frame"));
    let mut file = usual();
    file.video().claimed_s = Some(50_000.0);
    for part in [file.scan.picture.as_mut(), file.scan.sound.as_mut()] {
        let part = part.unwrap();
        (part.last_s, part.end_s) = (43_199.9, 43_200.0);
    }
    assert_eq!(file.plan().unwrap_err(), "The file is longer than 12 hours");
}

/// The file with a gap in its sound and, if `in_both`, in its picture too, `from_s` to `to_s`; it ends 10 s later.
fn torn(in_both: bool, from_s: f64, to_s: f64) -> File {
    let mut file = usual();
    let gap = Span { from_s, to_s };
    for (part, has_gap) in [(&mut file.scan.picture, in_both), (&mut file.scan.sound, true)] {
        let part = part.as_mut().unwrap();
        (part.last_s, part.end_s) = (to_s + 9.96, to_s + 10.0);
        if has_gap {
            part.gaps = vec![gap];
            part.longest_gap_s = gap.length_s();
        }
    }
    (file.video().claimed_s, file.audio().claimed_s) = (None, None);
    file.probe.duration_s = None;
    file
}

#[test]
fn times_that_jump_are_an_error_and_a_long_still_is_none() {
    assert!(torn(true, 10.0, 3000.0).plan().is_ok());
    let error = torn(true, 10.0, 40_000.0).plan().unwrap_err();
    assert!(
        error.contains("for 666 minutes it has neither picture nor sound"),
        "{error}"
    );
    // Somebody watches in silence.
    assert!(torn(false, 10.0, 40_000.0).plan().is_ok());
}

#[test]
fn a_sound_with_long_gaps_is_split_so_that_silence_takes_no_memory() {
    let parts = |file: File| file.plan().unwrap().sound.unwrap().parts;
    assert!(parts(torn(false, 10.0, 100.0)).is_empty());
    let split = parts(torn(false, 10.0, 500.0));
    let spans: Vec<_> = split.iter().map(|part| (part.from_s, part.to_s)).collect();
    assert_eq!(spans, [(0.0, 500.0), (500.0, 510.0)]);
    let mut late = usual();
    late.sound().first_s = 300.0;
    late.picture().end_s = 400.0;
    late.sound().end_s = 400.0;
    let plan = late.plan().unwrap();
    let sound = plan.sound.unwrap();
    assert!(sound.begins_silent);
    assert_eq!(sound.parts.len(), 2);
}

#[test]
fn of_many_long_gaps_the_longest_are_split() {
    let mut file = torn(false, 10.0, 20_000.0);
    file.sound().gaps = (0..80)
        .map(|at| Span {
            from_s: f64::from(at) * 250.0 + 10.0,
            to_s: f64::from(at) * 250.0 + 140.0 + f64::from(at),
        })
        .collect();
    let parts = file.plan().unwrap().sound.unwrap().parts;
    assert_eq!(parts.len(), 48);
    assert!(
        parts
            .windows(2)
            .all(|pair| (pair[0].to_s - pair[1].from_s).abs() < 1e-9)
    );
}
