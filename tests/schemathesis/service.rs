//! The real binary, with nothing but what `cargo run` has: SQLite and the built-in provider.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long the start may take.
const DEADLINE: Duration = Duration::from_mins(1);

/// One running service; it ends with the value.
pub(crate) struct Service {
    pub(crate) url: String,
    address: String,
    folder: TempDir,
    child: Option<Child>,
}

impl Service {
    /// Starts it and waits until it takes connections.
    pub(crate) fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let mut service = Self {
            url: format!("http://{address}"),
            address,
            folder: TempDir::new().unwrap(),
            child: None,
        };
        let log = File::create(service.folder().join("log")).unwrap();
        let mut command = service.command();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        service.child = Some(command.spawn().unwrap());
        service.wait();
        service
    }

    /// A token that may do everything.
    pub(crate) fn token(&self) -> String {
        let mut command = self.command();
        command.args(["token", "--sub", "tester", "--scope", "video:play video:admin"]);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// Everything that it wrote.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }

    /// Its folder, for further files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yourbit-video"));
        command
            .current_dir(self.folder())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("VIDEO_HTTP__LISTEN", &self.address)
            .env("VIDEO_AUTH__JWT_SECRET", "a secret for generated requests only")
            // Thousands of uploads without a file are the point here.
            .env("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0")
            // So are those without a token.
            .env("VIDEO_AUTH__FAILURES_PER_MIN", "0")
            .env("VIDEO_LOCAL__MAX_OPEN_UPLOADS_PER_OWNER", "100000")
            // Events for an application that is never there: the outbox fills.
            .env("VIDEO_EVENTS__ENDPOINTS", "http://127.0.0.1:9/")
            .env("VIDEO_EVENTS__ALLOW_PRIVATE", "true")
            .env("VIDEO_EVENTS__SECRETS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .env("VIDEO_LOG__FILTER", "warn")
            .stdin(Stdio::null());
        command
    }

    fn wait(&mut self) {
        let end = Instant::now() + DEADLINE;
        while TcpStream::connect(&self.address).is_err() {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < end,
                "{ended:?}\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
