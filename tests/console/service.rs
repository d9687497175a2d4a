//! The program, running, and the scripts that look at it.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A service on a port of its own, with an empty database. It ends with the test.
pub(crate) struct Service {
    port: u16,
    settings: Vec<(String, String)>,
    folder: TempDir,
    child: Child,
}

/// What it writes to standard output, and to the log.
const STREAMS: [&str; 2] = ["out", "log"];

impl Service {
    /// Starts it with further settings and waits until it listens.
    pub(crate) fn start(more: &[(&str, &str)]) -> Self {
        Self::start_on(free_port(), more)
    }

    /// The same, on this port.
    pub(crate) fn start_on(port: u16, more: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut settings = vec![
            (
                "DATABASE_URL".to_owned(),
                format!("sqlite://{}", path("db/video.db")),
            ),
            ("VIDEO_HTTP__LISTEN".to_owned(), format!("127.0.0.1:{port}")),
            ("VIDEO_LOCAL__DIR".to_owned(), path("local")),
            ("VIDEO_LOCAL__MIN_FREE_BYTES".to_owned(), "0".to_owned()),
        ];
        settings.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        let [out, log] = STREAMS.map(|name| File::create(folder.path().join(name)).unwrap());
        let child = program(&settings)
            .current_dir(folder.path())
            .stdout(out)
            .stderr(log)
            .spawn()
            .unwrap();
        let mut service = Self {
            port,
            settings,
            folder,
            child,
        };
        service.wait();
        service
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The link to the page that it prints, in development mode. It listens a moment before.
    fn link(&self) -> Option<String> {
        if self
            .settings
            .iter()
            .any(|(name, _)| name.starts_with("VIDEO_AUTH__"))
        {
            return None;
        }
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let printed = fs::read_to_string(self.folder.path().join("out")).unwrap();
            if let Some((link, _)) = printed.split_once('\n') {
                return Some(link.to_owned());
            }
            assert!(Instant::now() < end, "no link is printed");
            sleep(Duration::from_millis(20));
        }
    }

    /// A token for `user`, made by the program itself.
    pub(crate) fn token(&self, user: &str) -> String {
        self.token_with(user, &[])
    }

    /// The same with further options of the command.
    pub(crate) fn token_with(&self, user: &str, options: &[&str]) -> String {
        let made = program(&self.settings)
            .current_dir(self.folder.path())
            .args(["token", "--sub", user])
            .args(options)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }

    /// Runs a script against it: `URL` is where it is, `PAGE` the address that opens the page.
    pub(crate) fn run(&self, script: &str, env: &[(&str, &str)]) {
        let url = self.url();
        let page = self.link().unwrap_or_else(|| url.clone());
        let all = [("URL", url.as_str()), ("PAGE", page.as_str())];
        node(
            script,
            &all.into_iter().chain(env.iter().copied()).collect::<Vec<_>>(),
        );
    }

    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < end,
                "the service does not start"
            );
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            for name in STREAMS {
                println!(
                    "{}",
                    fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
                );
            }
        }
    }
}

/// The program with these settings and no others.
fn program(settings: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yourbit-video"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VIDEO_")) {
        command.env_remove(name);
    }
    command.envs(settings.iter().map(|(k, v)| (k, v)));
    command
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Where the scripts and what they need lie.
pub(crate) fn script_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console/node")
}

/// Runs one script to its end; fails with what it printed.
fn node(script: &str, env: &[(&str, &str)]) {
    let folder = script_folder();
    assert!(
        folder.join("node_modules").is_dir(),
        "run npm ci in {} first, as tests/run does",
        folder.display()
    );
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let pictures = target.join("console-screenshots");
    fs::create_dir_all(&pictures).unwrap();
    let outcome = Command::new("node")
        .arg(script)
        .current_dir(&folder)
        .envs(env.iter().copied())
        .env("SCREENSHOTS", pictures)
        .output()
        .expect("node is installed");
    println!("{}", String::from_utf8_lossy(&outcome.stdout));
    assert!(
        outcome.status.success(),
        "{script}\n{}",
        String::from_utf8_lossy(&outcome.stderr)
    );
}
