//! The service with the built-in provider, as an operator starts it: the real program, its data folder, and ffmpeg.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::process::Child;
use yourbit_video::clock::Clock;
use yourbit_video::config::Environment;

use crate::support::database::TestDatabase;
use crate::support::{Answer, Db, answer, binary, environment, sign};

/// A running service, ended when dropped.
struct Running {
    url: String,
    folder: TempDir,
    env: Environment,
    child: Child,
    client: reqwest::Client,
    _database: Option<TestDatabase>,
}

impl Running {
    async fn start(db: Db, more: &[(&str, &str)]) -> Self {
        let database = TestDatabase::make(db).await;
        let url = database.url.clone();
        let running = Self::on(&url, more).await;
        Self {
            _database: Some(database),
            ..running
        }
    }

    async fn on(database: &str, more: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let address = format!("127.0.0.1:{port}");
        let mut variables = vec![
            ("VIDEO_HTTP__LISTEN", address.as_str()),
            ("VIDEO_PROVIDERS__ENABLED", "local"),
            ("VIDEO_PROVIDERS__DEFAULT", "local"),
            ("VIDEO_LOCAL__MIN_FREE_BYTES", "1"),
            ("VIDEO_HTTP__DRAIN_S", "0"),
            ("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0"),
        ];
        variables.extend_from_slice(more);
        let env = environment(database, "http://127.0.0.1:9", &variables);
        let child = binary::start(folder.path(), &env, &["serve"]);
        let running = Self {
            url: format!("http://{address}"),
            folder,
            env,
            child,
            client: reqwest::Client::new(),
            _database: None,
        };
        running.answers().await;
        running
    }

    async fn answers(&self) {
        for _ in 0..1200 {
            if let Ok(answer) = self.client.get(format!("{}/readyz", self.url)).send().await
                && answer.status() == 200
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the service does not get ready");
    }

    /// Ends it, and says what it wrote.
    async fn end(&mut self) -> String {
        let id = self.child.id().unwrap();
        let pid = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let mut text = String::new();
        let (mut out, mut err) = (
            self.child.stdout.take().unwrap(),
            self.child.stderr.take().unwrap(),
        );
        out.read_to_string(&mut text).await.unwrap();
        err.read_to_string(&mut text).await.unwrap();
        assert!(self.child.wait().await.unwrap().success(), "{text}");
        text
    }

    fn token(owner: &str) -> String {
        sign(&json!({ "sub": owner, "exp": Clock::system().now().timestamp() + 3600 }))
    }

    async fn begin(&self, owner: &str) -> Answer {
        let request = self.client.post(format!("{}/v1/uploads", self.url));
        answer(request.bearer_auth(Self::token(owner)).json(&json!({}))).await
    }

    fn local_dir(&self) -> PathBuf {
        self.folder.path().join("data/local")
    }

    /// A call of the built-in provider's own API, with the credentials of its folder.
    async fn local(&self, path: &str) -> Value {
        let kept = std::fs::read(self.local_dir().join("credentials.json")).unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        let request = self.client.get(format!("{}/local/video/v1{path}", self.url));
        let (user, password) = (kept["token"].as_str().unwrap(), kept["secret"].as_str());
        answer(request.basic_auth(user, password)).await.expect(200)["data"].clone()
    }
}

on_both! {
    async fn the_built_in_provider_knows_owners_by_a_keyed_hash(db: Db) {
        let running = Running::start(db, &[]).await;
        for owner in ["alice", "alice", "bob"] {
            running.begin(owner).await.expect(201);
        }
        let uploads = running.local("/uploads").await;
        let hashes: Vec<&str> = uploads
            .as_array()
            .unwrap()
            .iter()
            .map(|upload| upload["new_asset_settings"]["meta"]["creator_id"].as_str().unwrap())
            .collect();
        let [bob, alice, again] = hashes[..] else { panic!("{uploads}") };
        assert!(alice == again && alice != bob, "{hashes:?}");
        assert!(bob.len() >= 16 && bob.bytes().all(|byte| byte.is_ascii_hexdigit()), "{bob}");
        assert!(!uploads.to_string().contains("alice"), "{uploads}");
    }
}

on_both! {
    async fn forty_racing_uploads_leave_as_many_open_as_allowed(db: Db) {
        let running = Running::start(db, &[("VIDEO_LOCAL__MAX_OPEN_UPLOADS_PER_OWNER", "5")]).await;
        let begun = futures::future::join_all((0..40).map(|_| running.begin("greedy"))).await;
        let open = begun.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(open, 5);
        assert_eq!(running.local("/uploads?limit=100").await.as_array().unwrap().len(), 5);
        running.begin("other").await.expect(201);
    }
}

fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        if std::fs::symlink_metadata(&path).unwrap().mode() & 0o077 != 0 {
            found.push(path.clone());
        }
        if path.is_dir() {
            left.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
    }
    found
}

fn open_up(path: &Path) {
    let mode = if path.is_dir() { 0o755 } else { 0o644 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            open_up(&entry.unwrap().path());
        }
    }
}

/// Whether another user of this machine reads a file; unknown where the tests do not run as root.
fn nobody_reads(file: &Path) -> Option<bool> {
    let mut cat = std::process::Command::new("cat");
    let read = cat.arg(file).uid(65_534).gid(65_534).output().ok()?;
    Some(read.status.success())
}

#[tokio::test]
async fn the_data_folder_is_for_its_user_alone() {
    // Development mode: the secret lies there too.
    let development = [("VIDEO_AUTH__JWT_SECRET", "")];
    let database = "sqlite://data/yourbit-video.db";
    let mut running = Running::on(database, &development).await;
    let data = running.folder.path().join("data");
    for file in [
        "yourbit-video.db",
        "yourbit-video.db-wal",
        "yourbit-video.db-shm",
        "development-secret",
        "local/local.db",
    ] {
        assert!(data.join(file).exists(), "{file}");
    }
    assert_eq!(open_to_others(&data), Vec::<PathBuf>::new());
    running.end().await;

    // As an earlier release left it.
    open_up(running.folder.path());
    let file = data.join("yourbit-video.db");
    if let Some(reads) = nobody_reads(&file) {
        assert!(reads, "the tickets' key is open to everybody");
    }
    running.child = binary::start(running.folder.path(), &running.env, &["serve"]);
    running.answers().await;
    assert_eq!(open_to_others(&data), Vec::<PathBuf>::new());
    if let Some(reads) = nobody_reads(&file) {
        assert!(!reads, "and is not any more");
    }
    running.end().await;
}

#[tokio::test]
async fn a_missing_ffmpeg_is_said_once() {
    let bin = TempDir::new().unwrap();
    let path = [("PATH", bin.path().to_str().unwrap())];
    let mut running = Running::start(Db::Sqlite, &path).await;
    let problem = running
        .begin("alice")
        .await
        .expect_problem(503, "provider_unavailable");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("apt-get install ffmpeg"),
        "{problem}"
    );
    let log = running.end().await;
    assert_eq!(log.matches("needs ffmpeg and ffprobe").count(), 1, "{log}");
}

#[tokio::test]
async fn a_disk_that_is_too_full_is_told_as_it_is() {
    let full = [
        ("VIDEO_LOCAL__MIN_FREE_BYTES", "9000000000000000000"),
        ("VIDEO_HTTP__METRICS_LISTEN", "127.0.0.1:0"),
        ("VIDEO_LOG__FILTER", "info"),
    ];
    let mut running = Running::start(Db::Sqlite, &full).await;
    let problem = running.begin("alice").await.expect_problem(507, "no_room");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("local.min_free_bytes"), "{problem}");
    let ready = answer(running.client.get(format!("{}/readyz", running.url))).await;
    assert_eq!(ready.status, 200, "the service itself does its work");
    let checked = binary::run(running.folder.path(), &running.env, &["check"]).await;
    checked.says(&["fail", "disk of local.dir", "VIDEO_LOCAL__MIN_FREE_BYTES"]);
    for _ in 0..3 {
        running.begin("alice").await.expect(507);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let log = running.end().await;
    assert_eq!(
        log.matches("the disk of local.dir is too full").count(),
        1,
        "{log}"
    );
}

/// Two seconds of video.
fn clip() -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("clip.mp4");
    let made = std::process::Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=10:duration=2",
        ])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"])
        .arg(&file)
        .status();
    assert!(made.unwrap().success());
    std::fs::read(file).unwrap()
}

#[tokio::test]
async fn import_finds_owners_by_their_hash() {
    let mut running = Running::start(Db::Sqlite, &[("VIDEO_LOG__FILTER", "warn")]).await;
    let begun = running.begin("alice").await.expect(201);
    let url = begun["upload"]["url"].as_str().unwrap();
    let sent = running.client.put(url).body(clip()).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    let id = begun["video"]["id"].as_str().unwrap().to_owned();
    for _ in 0..600 {
        let request = running.client.get(format!("{}/v1/videos/{id}", running.url));
        let video = answer(request.bearer_auth(Running::token("alice")))
            .await
            .expect(200);
        if video["status"] == "ready" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    running.end().await;
    // The row is lost, as where an older copy of the database is put back; alice has another video there.
    let url = running.env.get("DATABASE_URL").unwrap().to_owned();
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    for statement in [
        "update videos set id = randomblob(16), provider = 'mux', upload_id = null, asset_id = null",
        "delete from provider_ids",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    pool.close().await;
    let args = [
        "import",
        "--provider",
        "local",
        "--owner-from",
        "/meta/creator_id",
        "--dry-run",
    ];
    let imported = binary::run(running.folder.path(), &running.env, &args).await;
    imported.says(&["would import", "of alice"]);
    assert!(imported.lines("note").is_empty(), "{imported:?}");
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("delete from videos").execute(&pool).await.unwrap();
    pool.close().await;
    let imported = binary::run(running.folder.path(), &running.env, &args).await;
    imported.says(&["note", "1 owners there are keyed hashes"]);
}
