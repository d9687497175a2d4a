//! Event streams: how fast a change made through one replica reaches 500 streams of the other, and what an idle stream
//! costs in memory.
//!
//! `BENCH_POSTGRES_URL=postgres://…/an_empty_database cargo bench --features jemalloc --bench streams`

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark ends where something is not as it should be"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const SECRET: &str = "a secret of the benchmark of 32 bytes or more";
const PER_VIDEO: usize = 20;

/// A running service; ended with the value.
struct Service {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Service {
    fn start(database: &str) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let child = Command::new(env!("CARGO_BIN_EXE_yourbit-video"))
            .env("DATABASE_URL", database)
            .env("VIDEO_HTTP__LISTEN", &address)
            .env("VIDEO_AUTH__JWT_SECRET", SECRET)
            .env("VIDEO_LOCAL__DIR", folder.path().join("local"))
            .env("VIDEO_LOCAL__MAX_OPEN_UPLOADS_PER_OWNER", "100000")
            .env("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0")
            .env("VIDEO_HTTP__MAX_CONNECTIONS_PER_ADDRESS", "0")
            .env("VIDEO_LOG__FILTER", "error")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let service = Self {
            child,
            address,
            _folder: folder,
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(&service.address).is_err() {
            assert!(Instant::now() < deadline, "the service did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        service
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let body = body.to_string();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            token(),
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    fn rss_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Opens a stream and reads its first event.
    fn follow(&self, url: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {url} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).unwrap();
        let mut reader = BufReader::with_capacity(256, stream);
        next_event(&mut reader);
        reader
    }
}

fn token() -> String {
    let claims = json!({"sub": "bench", "exp": 4_000_000_000_u64});
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

fn next_event(reader: &mut BufReader<TcpStream>) {
    let mut line = String::new();
    while !line.starts_with("data:") && !line.starts_with("data: ") {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the stream ended");
    }
}

fn videos(service: &Service, count: usize) -> Vec<(String, String)> {
    (0..count)
        .map(|_| {
            let video = service.call("POST", "/v1/uploads", &json!({}))["video"].clone();
            let text = |name: &str| video[name].as_str().unwrap().to_owned();
            (text("id"), text("events_url"))
        })
        .collect()
}

/// Changes through `one`, streams at `two`; milliseconds until each stream has the change.
fn latency(one: &Service, two: &Service) {
    let videos = videos(one, 25);
    let (done, arrivals) = mpsc::channel::<Instant>();
    for (_, url) in videos
        .iter()
        .flat_map(|video| std::iter::repeat_n(video, PER_VIDEO))
    {
        let mut reader = two.follow(url);
        let done = done.clone();
        std::thread::Builder::new()
            .stack_size(64 * 1024)
            .spawn(move || {
                for _ in 0..10 {
                    next_event(&mut reader);
                    done.send(Instant::now()).unwrap();
                }
            })
            .unwrap();
    }
    let mut delays = Vec::new();
    for round in 0..10 {
        for (id, _) in &videos {
            let changed = Instant::now();
            one.call(
                "PATCH",
                &format!("/v1/videos/{id}"),
                &json!({"title": round.to_string()}),
            );
            for _ in 0..PER_VIDEO {
                let arrived = arrivals.recv_timeout(Duration::from_secs(10)).unwrap();
                delays.push(arrived.duration_since(changed).as_secs_f64() * 1000.0);
            }
        }
    }
    delays.sort_by(f64::total_cmp);
    let at = |per_mille: usize| delays[(delays.len() - 1) * per_mille / 1000];
    println!(
        "change through one replica to 500 streams of the other: {} arrivals, median {:.1} ms, p99 {:.1} ms, worst {:.1} ms",
        delays.len(),
        at(500),
        at(990),
        at(1000)
    );
}

/// Resident memory of `count` idle streams.
fn memory(service: &Service, count: usize) {
    let videos = videos(service, count / PER_VIDEO);
    let before = service.rss_kib();
    let open: Vec<_> = videos
        .iter()
        .flat_map(|video| std::iter::repeat_n(video, PER_VIDEO))
        .map(|(_, url)| service.follow(url))
        .collect();
    std::thread::sleep(Duration::from_secs(2));
    let after = service.rss_kib();
    let bytes = after.saturating_sub(before) * 1024 / open.len() as u64;
    println!(
        "{} idle streams: {before} KiB before, {after} KiB with them, {bytes} bytes a stream",
        open.len()
    );
}

fn main() {
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let limit = rustix::process::Rlimit {
        current: most,
        maximum: most,
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    if let Ok(url) = std::env::var("BENCH_POSTGRES_URL") {
        let one = Service::start(&url);
        let two = Service::start(&url);
        latency(&one, &two);
        memory(&two, 5000);
    } else {
        println!("BENCH_POSTGRES_URL is not set: no second replica, memory on SQLite only");
        memory(
            &Service::start(&format!("sqlite://{}/bench.db", folder.path().display())),
            5000,
        );
    }
}
