//! The release binary as a process, and what it takes.

use std::fs::File;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::Duration as Life;
use tempfile::TempDir;
use yourbit_video::auth::{Grant, issue_token};
use yourbit_video::clock::Clock;

use crate::Bench;
use crate::cluster::free_port;

/// The binary under test: the one that was just built, or `BENCH_BINARY`, to compare with another release.
pub(crate) fn binary() -> String {
    std::env::var("BENCH_BINARY").unwrap_or_else(|_| {
        cfg!(feature = "jemalloc")
            .then(|| env!("CARGO_BIN_EXE_yourbit-video").to_owned())
            .unwrap_or_else(|| {
                panic!("measure what is released: cargo bench --features jemalloc --bench load")
            })
    })
}

/// Signs the webhooks.
pub(crate) const WEBHOOK_SECRET: &str = "a-webhook-secret-of-the-bench";
const JWT_SECRET: &str = "a-secret-of-the-bench-that-is-long-enough";
/// Whose the videos are.
pub(crate) const OWNER: &str = "bench";

/// A running replica.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first answer.
    pub(crate) start: Duration,
    child: Child,
    _folder: TempDir,
}

impl Service {
    /// Starts it with the default settings and waits for its first answer.
    pub(crate) async fn start(bench: &Bench, database: &str, mux_api: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let log = File::create(folder.path().join("log")).unwrap();
        let begun = Instant::now();
        let child = Command::new(binary())
            .env_clear()
            .env("DATABASE_URL", database)
            .env("VIDEO_HTTP__LISTEN", address.to_string())
            .env("VIDEO_AUTH__JWT_SECRET", JWT_SECRET)
            .env("VIDEO_PROVIDERS__DIR", bench.maps.folder())
            .env("VIDEO_PROVIDERS__DEFAULT", "mux")
            .env("VIDEO_PROVIDERS__ENABLED", "mux,three")
            .env("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0")
            .env("VIDEO_LOG__FORMAT", "json")
            .env("VIDEO_CDN_TOKEN", "token")
            .env("VIDEO_CDN_SECRET", "secret")
            .env("VIDEO_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .env("VIDEO_SIGNING_KEY", "key-of-the-bench")
            .env("VIDEO_PRIVATE_KEY", bench.maps.private_key())
            .env("VIDEO_MUX_API", mux_api)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        while !answers(address).await {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{}",
                std::fs::read_to_string(folder.path().join("log")).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Self {
            address,
            start: begun.elapsed(),
            child,
            _folder: folder,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory now, in MiB.
    pub(crate) fn resident_mib(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most that was resident, in MiB.
    pub(crate) fn peak_mib(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib / 1024.0
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It is our own child; that it has ended already is as good.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

async fn answers(address: SocketAddr) -> bool {
    let request = crate::client::request("GET", "/livez", "", b"");
    if tokio::net::TcpStream::connect(address).await.is_err() {
        return false;
    }
    let once = std::iter::once(request);
    let outcome = crate::client::load(&[address], 1, Duration::from_secs(2), once).await;
    outcome.errors == 0 && outcome.count() == 1
}

/// `authorization: …` of the owner of all videos.
pub(crate) fn authorization() -> String {
    let grant = Grant {
        sub: OWNER,
        scope: "",
        issuer: "",
        audience: "",
        ttl: Life::hours(1),
        claims: serde_json::Map::new(),
    };
    let token = issue_token(&JWT_SECRET.into(), &grant, Clock::system().now()).unwrap();
    format!("authorization: Bearer {token}\r\n")
}
