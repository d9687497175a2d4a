//! The real binary as a process that can be killed.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::cluster::free_port;
use crate::support::environment;

/// How long anything may take that has no reason to take long.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// Mux's map, without its rate: the drills have no time for it.
pub(crate) fn hasty_map() -> String {
    let map = include_str!("../../config/providers/mux.toml");
    let rate = map.lines().find(|line| line.starts_with("rate = ")).unwrap();
    map.replacen(rate, "", 1)
}

/// One replica.
pub(crate) struct Service {
    pub(crate) url: String,
    variables: Vec<(String, String)>,
    folder: TempDir,
    binary: PathBuf,
    child: Option<Child>,
    /// Reads what the process writes, until nothing can write any more.
    reader: Option<JoinHandle<()>>,
    log: Arc<Mutex<String>>,
}

impl Service {
    /// A replica that does not run yet.
    pub(crate) fn new(database: &str, mux: &str, more: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("mux.toml"), hasty_map()).unwrap();
        // A link of our own: a build may put another file in its place meanwhile.
        let binary = folder.path().join("yourbit-video");
        let built = env!("CARGO_BIN_EXE_yourbit-video");
        std::fs::hard_link(built, &binary)
            .or_else(|_| std::fs::copy(built, &binary).map(drop))
            .unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        let mut variables = vec![
            ("VIDEO_HTTP__LISTEN", address.as_str()),
            ("VIDEO_PROVIDERS__DIR", folder.path().to_str().unwrap()),
            ("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0"),
            ("VIDEO_LOG__FILTER", "warn"),
            ("VIDEO_LOG__FORMAT", "json"),
        ];
        variables.extend_from_slice(more);
        let env = environment(database, mux, &variables);
        Self {
            url: format!("http://{address}"),
            variables: env
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            folder,
            binary,
            child: None,
            reader: None,
            log: Arc::default(),
        }
    }

    /// Starts the process and waits until it answers.
    pub(crate) async fn start(&mut self) {
        self.launch();
        self.wait_until_it_answers().await;
    }

    /// Starts the process. It is told of failed writes by errors, not by a signal; its words come through a pipe, which
    /// no limit on files stops.
    pub(crate) fn launch(&mut self) {
        let (mut words, stdout) = std::io::pipe().unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$0\""])
            .arg(&self.binary);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.variables.iter().cloned())
            .current_dir(self.folder.path());
        command
            .stdin(Stdio::null())
            .stderr(stdout.try_clone().unwrap())
            .stdout(stdout);
        self.child = Some(command.spawn().unwrap());
        let log = self.log.clone();
        self.reader = Some(std::thread::spawn(move || {
            let mut some = [0_u8; 8192];
            while let Ok(count @ 1..) = words.read(&mut some) {
                log.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&some[..count]));
            }
        }));
    }

    /// Another command of the same program, with the same settings, beside the service.
    pub(crate) fn command(&self, args: &[&str]) -> tokio::process::Child {
        tokio::process::Command::new(&self.binary)
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.variables.iter().cloned())
            .current_dir(self.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// A file of the folder that the process runs in, its map `mux.toml` among them.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(self.child.as_ref().unwrap());
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until the process has ended by itself; whether it ended well.
    pub(crate) async fn ends_well(&mut self) -> bool {
        let mut child = self.child.take().unwrap();
        let end = Instant::now() + DEADLINE;
        loop {
            // Why the reader too: what the process wrote last may not be read yet when it has ended.
            if let Some(status) = child.try_wait().unwrap()
                && self.reader.as_ref().is_none_or(JoinHandle::is_finished)
            {
                return status.success();
            }
            assert!(Instant::now() < end, "the service does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// No file may be written beyond so many bytes; none: all may.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let pid = Pid::from_child(self.child.as_ref().unwrap());
        let maximum = rustix::process::getrlimit(Resource::Fsize).maximum;
        let limit = Rlimit {
            current: bytes.or(maximum),
            maximum,
        };
        prlimit(Some(pid), Resource::Fsize, limit).unwrap();
    }

    /// Waits for the first answer.
    pub(crate) async fn wait_until_it_answers(&mut self) {
        let client = reqwest::Client::new();
        let end = Instant::now() + DEADLINE;
        while client.get(format!("{}/livez", self.url)).send().await.is_err() {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the service ended: {ended:?}\n{}", self.log());
            assert!(
                Instant::now() < end,
                "the service does not answer\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Whether the process that was started last still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// The status that `path` answers with; none where nobody answers.
    pub(crate) async fn status(&self, path: &str) -> Option<u16> {
        let answer = reqwest::get(format!("{}{path}", self.url)).await.ok()?;
        Some(answer.status().as_u16())
    }

    /// Everything that it wrote since the first start.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    #[track_caller]
    pub(crate) fn assert_no_panic(&self) {
        assert!(!self.log().contains("panicked"), "{}", self.log());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}
