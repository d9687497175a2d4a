//! PostgreSQL behind PgBouncer in transaction mode: its connections are everybody's.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, Row};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};
use yourbit_video::clock::Clock;

use crate::cluster::{Cluster, free_port};
use crate::form;
use crate::kill::{begin_videos, caller_token, check};
use crate::load::Load;
use crate::mux::{AtMux, Life};
use crate::outage::wait_for;
use crate::rows::Rows;
use crate::service::{DEADLINE, Service};
use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::Ids;
use crate::support::{Answer, answer};

/// Server connections of the pooler: fewer than the service's own.
const SERVERS: usize = 4;

/// A PgBouncer with its shortest configuration.
struct Pooler {
    _folder: TempDir,
    port: u16,
    child: Child,
}

impl Pooler {
    /// In front of the database at `url`, whose role is `postgres`.
    async fn start(url: &str, mode: &str, servers: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let (server, port) = (url::Url::parse(url).unwrap(), free_port());
        let name = server.path().trim_start_matches('/');
        let file = folder.path().join("pgbouncer.ini");
        let ini = format!(
            "[databases]\n{name} = host=127.0.0.1 port={} dbname={name} user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = {mode}\ndefault_pool_size = {servers}\nmax_client_conn = 200\nlogfile = /dev/null\n",
            server.port().unwrap()
        );
        std::fs::write(&file, ini).unwrap();
        let child = Self::command(folder.path(), &file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pooler = Self {
            _folder: folder,
            port,
            child,
        };
        let end = Instant::now() + DEADLINE;
        while connect(&pooler.url(url)).await.is_err() {
            assert!(Instant::now() < end, "the pooler does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        pooler
    }

    /// It refuses to run as root.
    fn command(folder: &Path, file: &Path) -> Command {
        let mut command = if rustix::process::geteuid().is_root() {
            let readable = Command::new("chmod").args(["-R", "a+rX"]).arg(folder).status();
            assert!(readable.unwrap().success());
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "/usr/sbin/pgbouncer"]);
            command
        } else {
            Command::new("/usr/sbin/pgbouncer")
        };
        command.arg(file).current_dir("/");
        command
    }

    /// The same database, through the pooler.
    fn url(&self, server: &str) -> String {
        let mut url = url::Url::parse(server).unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.into()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // `runuser` passes the signal on to the pooler, which ends at once.
        let _gone = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        );
        let _ended = self.child.wait();
    }
}

/// As a driver connects that sends nothing which PgBouncer does not know.
async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
    let options: PgConnectOptions = url.parse().unwrap();
    options.extra_float_digits(None).connect().await
}

/// What another application finds on each of the pooler's server connections.
async fn assert_untouched(url: &str) {
    let mut held = Vec::new();
    for _ in 0..SERVERS {
        let mut connection = connect(url).await.unwrap();
        sqlx::raw_sql("begin").execute(&mut connection).await.unwrap();
        held.push(connection);
    }
    for connection in &mut held {
        let found = sqlx::raw_sql(
            "select current_setting('enable_seqscan'), current_setting('plan_cache_mode'), \
             current_setting('synchronous_commit'), current_setting('lock_timeout'), \
             (select count(*) from pg_prepared_statements)::text, \
             (select count(*) from pg_listening_channels())::text, \
             (select count(*) from pg_locks where locktype = 'advisory')::text",
        );
        let row = found.fetch_one(connection).await.unwrap();
        let found: Vec<String> = (0..7).map(|place| row.get(place)).collect();
        assert_eq!(found, ["on", "auto", "on", "0", "0", "0", "0"]);
    }
}

async fn call(service: &Service, method: http::Method, path: &str) -> Answer {
    let request = reqwest::Client::new().request(method, format!("{}{path}", service.url));
    answer(request.bearer_auth(caller_token()).json(&json!({}))).await
}

/// A stream at one replica tells what a webhook at the other one changed.
async fn assert_live(replicas: &[Service; 2], mux: &FakeMux) {
    let begun = call(&replicas[0], http::Method::POST, "/v1/uploads")
        .await
        .expect(201);
    let video = AtMux {
        ids: Ids::of(&begun["video"]),
        life: Life::Ready,
    };
    let now = Clock::system().now();
    video.live_at(mux, now);
    let url = format!(
        "{}{}",
        replicas[0].url,
        begun["video"]["events_url"].as_str().unwrap()
    );
    let mut stream = reqwest::get(url).await.unwrap();
    let mut text = String::new();
    for event in video.events(now) {
        crate::full::webhook(&replicas[1], &event).await.expect(200);
    }
    let read = async {
        while let Some(bytes) = stream.chunk().await.unwrap() {
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
    };
    timeout(Duration::from_secs(5), read)
        .await
        .expect("the stream ends with the video's last status");
    assert!(text.contains("\"ready\""), "{text}");
    let path = format!("/v1/videos/{}/playback", video.ids.video);
    let playback = call(&replicas[0], http::Method::GET, &path).await.expect(200);
    assert!(playback["tokens"]["playback"].is_string());
}

/// How many webhooks a service acknowledges in the same time.
async fn acknowledged(name: &str, services: &[&str], videos: &[AtMux], rows: &Rows) -> u64 {
    let load = Load::start(services, videos.to_vec());
    let ms = u64::try_from(form("DRILL_LOAD_MS", 400)).unwrap() * 4;
    tokio::time::sleep(Duration::from_millis(ms)).await;
    let count = load.answers_2xx();
    check(name, &load.finish().await, videos, rows).await;
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_right_through_a_transaction_pooler_with_a_direct_url() {
    let cluster = Cluster::start_new();
    let direct = cluster.create_database("drill");
    let pooler = Pooler::start(&direct, "transaction", SERVERS).await;
    let pooled = pooler.url(&direct);
    let mux = FakeMux::start().await;
    let with_direct = [("VIDEO_DATABASE__DIRECT_URL", direct.as_str())];
    let mut replicas = [0, 1].map(|_| Service::new(&pooled, &mux.url, &with_direct));
    replicas.iter_mut().for_each(Service::launch);
    for replica in &mut replicas {
        replica.wait_until_it_answers().await;
        wait_for(replica, "/readyz", 200).await;
    }
    let videos = begin_videos(&replicas[0], &mux).await;
    let rows = Rows::of(&direct).await;
    let urls = [replicas[0].url.as_str(), replicas[1].url.as_str()];
    let through = acknowledged("through a transaction pooler", &urls, &videos, &rows).await;
    assert_live(&replicas, &mux).await;
    assert_untouched(&pooled).await;
    for replica in &replicas {
        replica.assert_no_panic();
        assert!(!replica.log().contains("ERROR"), "{}", replica.log());
    }

    let other = cluster.create_database("direct");
    let mut replicas = [0, 1].map(|_| Service::new(&other, &mux.url, &[]));
    for replica in &mut replicas {
        replica.start().await;
    }
    let videos = begin_videos(&replicas[0], &mux).await;
    let rows = Rows::of(&other).await;
    let urls = [replicas[0].url.as_str(), replicas[1].url.as_str()];
    let straight = acknowledged("without a pooler", &urls, &videos, &rows).await;
    println!("webhooks acknowledged in the same time: {through} through the pooler, {straight} without");
}

#[tokio::test]
async fn without_a_direct_url_the_start_says_what_to_set() {
    let cluster = Cluster::start_new();
    let direct = cluster.create_database("drill");
    let pooler = Pooler::start(&direct, "transaction", SERVERS).await;
    let pooled = pooler.url(&direct);
    for (more, key) in [
        (vec![], "database.url"),
        (
            vec![("VIDEO_DATABASE__DIRECT_URL", pooled.clone())],
            "database.url",
        ),
        (
            vec![(
                "VIDEO_DATABASE__DIRECT_URL",
                pooled.replace("127.0.0.1", "localhost"),
            )],
            "database.direct_url",
        ),
    ] {
        let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut service = Service::new(&pooled, "http://127.0.0.1:9", &more);
        service.launch();
        assert!(!service.ends_well().await);
        let log = service.log();
        assert_eq!(log.trim_end().lines().count(), 1, "{log}");
        assert!(log.contains(key) && log.contains("pooler"), "{log}");
        assert!(
            log.contains("VIDEO_DATABASE__DIRECT_URL") == (key == "database.url"),
            "{log}"
        );
    }
    let other = cluster.create_database("other");
    let more = [("VIDEO_DATABASE__DIRECT_URL", other.as_str())];
    let mut service = Service::new(&pooled, "http://127.0.0.1:9", &more);
    service.launch();
    assert!(!service.ends_well().await);
    assert!(
        service.log().contains("database.direct_url: "),
        "{}",
        service.log()
    );
    assert!(service.log().contains("another database"), "{}", service.log());
    // In session mode a connection is the client's own.
    let pooler = Pooler::start(&direct, "session", 30).await;
    let few = [("VIDEO_DATABASE__MAX_CONNECTIONS", "1")];
    let mut service = Service::new(&pooler.url(&direct), "http://127.0.0.1:9", &few);
    service.start().await;
    wait_for(&service, "/readyz", 200).await;
}
