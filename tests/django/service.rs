//! The service, with its built-in provider and events to the application.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::Secrets;
use crate::django::wait_for;

/// A running service; ends with the value.
pub(crate) struct Service {
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts it on `port`, for an application on `app`.
    pub(crate) fn start(folder: &Path, port: u16, app: u16, secrets: &Secrets) -> Self {
        let log = folder.join("service.log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_yourbit-video"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VIDEO_")) {
            command.env_remove(name);
        }
        let app = format!("http://127.0.0.1:{app}");
        let database = format!("sqlite://{}", folder.join("video.db").display());
        let child = command
            .env("DATABASE_URL", database)
            .env("VIDEO_HTTP__LISTEN", format!("127.0.0.1:{port}"))
            .env("VIDEO_LOCAL__DIR", folder.join("local"))
            .env("VIDEO_LOCAL__MIN_FREE_BYTES", "0")
            .env("VIDEO_AUTH__JWT_SECRET", &secrets.tokens)
            .env("VIDEO_UPLOADS__CORS_ORIGINS", &app)
            .env("VIDEO_EVENTS__SECRETS", &secrets.events)
            .env("VIDEO_EVENTS__ENDPOINTS", format!("{app}/video-events"))
            .env("VIDEO_EVENTS__ALLOW_PRIVATE", "true")
            .current_dir(folder)
            .stdout(File::create(folder.join("service.out")).unwrap())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut service = Self { child, log };
        wait_for(port, &mut service.child, "the service");
        service
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("{}", std::fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}
