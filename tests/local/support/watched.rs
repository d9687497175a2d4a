//! Programs in place of ffmpeg and ffprobe that tell how they were started.

use std::{
    collections::BTreeMap,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{Arc, Mutex},
};

/// What one tool was started with, as it sees itself.
#[derive(Debug)]
pub(crate) struct Started(BTreeMap<String, String>);

impl Started {
    fn read(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once('|'));
        Self(
            pairs
                .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
                .collect(),
        )
    }

    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("{name}: {self:?}"))
    }

    /// What it was started for.
    pub(crate) fn kind(&self) -> &'static str {
        let args = self.get("args");
        let kinds = [
            ("-f hls", "stream"),
            ("-frames:a", "check"),
            ("framecrc", "scan"),
            ("-c copy", "file"),
            ("-decoders", "list"),
            ("-filters", "list"),
            ("ffprobe", "probe"),
        ];
        kinds
            .into_iter()
            .find(|(word, _)| args.contains(word))
            .map_or("image", |(_, kind)| kind)
    }

    /// The value of an option that comes before the input.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        let (before, _) = self.get("args").split_once(" -i ")?;
        let (_, value) = before.split_once(&format!(" {name} "))?;
        value.split(' ').next()
    }

    /// Soft and hard limit.
    #[track_caller]
    pub(crate) fn limit(&self, name: &str) -> (u64, u64) {
        let mut words = self
            .get(name)
            .split_whitespace()
            .map(|word| word.parse().unwrap_or(u64::MAX));
        (words.next().unwrap(), words.next().unwrap())
    }
}

/// Programs in place of ffmpeg and ffprobe that tell how they were started, and then become the real ones.
pub(crate) struct Watched {
    pub(crate) folder: tempfile::TempDir,
    told: Arc<Mutex<String>>,
}

impl Watched {
    pub(crate) fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        )
        .unwrap();
        // Open for both, so that it never ends.
        let mut reader = std::fs::File::options()
            .read(true)
            .write(true)
            .open(&pipe)
            .unwrap();
        let told = Arc::new(Mutex::new(String::new()));
        let all = told.clone();
        std::thread::spawn(move || {
            let mut piece = vec![0; 4096];
            while let Ok(length) = reader.read(&mut piece) {
                all.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&piece[..length]));
            }
        });
        let pipe = pipe.display();
        for name in ["ffmpeg", "ffprobe"] {
            let real = real(name);
            let real = real.display();
            // A moment first: the service makes the process nice once it has started it.
            let script = format!(
                "#!/bin/sh\nPATH=/usr/bin:/bin\nsleep 0.2\n{{ echo \"===\"; echo \"args|{name} $*\"; echo \"environment|$(tr '\\0' ' ' </proc/$$/environ)\"\n\
                 sed -n 's/^\\(Max .\\{{21\\}}\\) /\\1|/p' /proc/$$/limits; sed -n 's/:\\t/|/p' /proc/$$/status\n\
                 echo \"oom|$(cat /proc/$$/oom_score_adj)\"; echo \"nice|$(cut -d' ' -f19 /proc/$$/stat)\"; echo \"umask|$(umask)\"\n\
                 for n in user net ipc uts; do echo \"$n|$(readlink /proc/$$/ns/$n)\"; done; echo \"---\"; }} >{pipe}\n\
                 exec {real} \"$@\"\n"
            );
            let file = folder.path().join(name);
            std::fs::write(&file, script).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder, told }
    }

    /// All that were started so far.
    pub(crate) fn started(&self) -> Vec<Started> {
        let told = self.told.lock().unwrap();
        let whole = told.split("===\n").filter(|text| text.ends_with("---\n"));
        whole.map(Started::read).collect()
    }
}

fn real(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap()
}

/// The limits that are not as they should be.
pub(crate) fn beyond_limits(one: &Started) -> Vec<String> {
    let gib = 1 << 30;
    let (memory, cpu_s, file) = match one.kind() {
        // Ten seconds a second of video, and two minutes; for each thread.
        "stream" => (6 * gib, 170..=8 * 200, 2 * gib),
        "file" => (2 * gib, 3600..=3600, 64 * gib),
        "list" => (2 * gib, 30..=30, 0),
        "probe" => (2 * gib, 60..=60, 0),
        "scan" => (2 * gib, 3600..=3600, 0),
        "check" => (3 * gib, 120..=120, 0),
        _ => (3 * gib, 60..=60, gib),
    };
    let both = |number: u64| number..=number;
    let mut wrong = Vec::new();
    for (name, soft, slack) in [
        ("Max address space", both(memory), 0),
        ("Max data size", 1..=memory, 0),
        ("Max cpu time", cpu_s, 5),
        ("Max file size", both(file), 0),
        ("Max processes", both(16_384), 0),
        ("Max open files", both(512), 0),
        ("Max core file size", both(0), 0),
    ] {
        let (found, hard) = one.limit(name);
        if !soft.contains(&found) || hard != found.saturating_add(slack) {
            wrong.push(format!("{name} of {}: {found}, {hard}", one.kind()));
        }
    }
    wrong
}
