//! The real binary as a process that can be killed.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

use crate::cluster::free_port;
use crate::support::environment;

/// How long anything may take that has no reason to take long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Mux's map, without its rate: the drills have no time for it.
fn hasty_map() -> String {
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
}

impl Service {
    /// A replica that does not run yet.
    pub(crate) fn new(database: &str, mux: &str, more: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("mux.toml"), hasty_map()).unwrap();
        // A copy: the build may put another file in its place meanwhile.
        let binary = folder.path().join("yourbit-video");
        std::fs::copy(env!("CARGO_BIN_EXE_yourbit-video"), &binary).unwrap();
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
        }
    }

    /// Starts the process and waits until it answers.
    pub(crate) async fn start(&mut self) {
        self.launch();
        self.wait_until_it_answers().await;
    }

    /// Starts the process.
    pub(crate) fn launch(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .unwrap();
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .envs(self.variables.iter().cloned())
            .current_dir(self.folder.path());
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.child = Some(command.spawn().unwrap());
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
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn assert_no_panic(&self) {
        assert!(!self.log().contains("panicked"), "{}", self.log());
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}
