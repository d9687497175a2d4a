//! The program, running, and the scripts that use it.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A service in development mode on a port of its own, with an empty database. It ends with the test.
pub(crate) struct Service {
    port: u16,
    settings: Vec<(String, String)>,
    folder: TempDir,
    child: Child,
}

impl Service {
    /// Starts it with further settings and waits until it listens.
    pub(crate) fn start(more: &[(&str, &str)]) -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_port());
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
        let log = File::create(folder.path().join("log")).unwrap();
        let child = program(&settings)
            .current_dir(folder.path())
            .stdout(log.try_clone().unwrap())
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

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// A token for `user`, made by the program itself.
    pub(crate) fn token(&self, user: &str) -> String {
        let made = program(&self.settings)
            .current_dir(self.folder.path())
            .args(["token", "--sub", user])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }

    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_mins(1);
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
            println!(
                "{}",
                fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
            );
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

/// Runs one script of `node/` to its end; fails with what it printed.
pub(crate) fn run(script: &str, env: &[(&str, &str)]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests/client/node");
    assert!(
        folder.join("node_modules").is_dir(),
        "run npm ci in {} first, as tests/run does",
        folder.display()
    );
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let pictures = scratch.parent().unwrap().join("client-screenshots");
    fs::create_dir_all(&pictures).unwrap();
    let outcome = Command::new("node")
        .arg(script)
        .current_dir(&folder)
        .env("PACKAGE", root.join("src/client/package"))
        .env("SCREENSHOTS", pictures)
        .env("SCRATCH", scratch)
        .envs(env.iter().copied())
        .output()
        .expect("node is installed");
    println!("{}", String::from_utf8_lossy(&outcome.stdout));
    assert!(
        outcome.status.success(),
        "{script}\n{}",
        String::from_utf8_lossy(&outcome.stderr)
    );
}
