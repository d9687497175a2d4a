//! The release binary as a process, with its built-in provider.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{PATIENCE, clips, cost::Meter};

const SECRET: &str = "a secret of the benchmark of 32 bytes or more";
/// Pause between two looks at a video.
const PAUSE: Duration = Duration::from_millis(10);

/// A running service in a folder of its own; ended with the value.
pub(crate) struct Service {
    child: Child,
    address: String,
    _folder: TempDir,
}

/// A video whose file is to come.
pub(crate) struct Video {
    id: String,
    upload_url: String,
}

impl Service {
    /// Starts it and waits until it takes connections.
    pub(crate) fn start() -> Self {
        // Why beside the files: what is compared must lie on one disk.
        let folder = TempDir::new_in(clips::folder()).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let binary = std::env::var("BENCH_BINARY");
        let binary = binary.unwrap_or_else(|_| env!("CARGO_BIN_EXE_yourbit-video").to_owned());
        let child = Command::new(binary)
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .env("VIDEO_HTTP__LISTEN", &address)
            .env("VIDEO_AUTH__JWT_SECRET", SECRET)
            .env("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0")
            .env("VIDEO_LOG__FILTER", "error")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let service = Self {
            child,
            address,
            _folder: folder,
        };
        let begun = Instant::now();
        while TcpStream::connect(&service.address).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "the service did not start"
            );
            sleep(PAUSE);
        }
        service
    }

    /// Makes a public video that waits for its file.
    pub(crate) fn new_video(&self) -> Video {
        let made = self.call("POST", "/v1/uploads", Some(&json!({"playback_policy": "public"})));
        let text = |pointer: &str| made.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        Video {
            id: text("/video/id"),
            upload_url: text("/upload/url"),
        }
    }

    /// Sends the file in one request. Returns what the service takes from its last byte on.
    pub(crate) fn send(&self, video: &Video, file: &Path) -> Meter {
        let path = path_of(&video.upload_url);
        let mut file = File::open(file).unwrap();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = file.metadata().unwrap().len();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).unwrap();
        // Why: the system copies from file to socket by itself, so that the sender costs little.
        std::io::copy(&mut file, &mut stream).unwrap();
        let sent = Meter::start(&self.process());
        let (status, body) = read_answer(stream);
        assert_eq!(status, 200, "{body}");
        sent
    }

    /// Waits until the video is ready.
    pub(crate) fn wait_ready(&self, video: &Video) {
        wait_until(|| {
            let shown = self.show(video);
            assert_ne!(shown["status"], "errored", "{shown}");
            shown["status"] == "ready"
        });
    }

    /// Waits until the playlist has so many sizes.
    pub(crate) fn wait_sizes(&self, video: &Video, sizes: usize) {
        self.wait_ready(video);
        let shown = self.show(video);
        let playlist = path_of(shown["playback_url"].as_str().unwrap());
        wait_until(|| {
            let (status, text) = self.request("GET", playlist, None);
            assert_eq!(status, 200, "{text}");
            text.matches("#EXT-X-STREAM-INF").count() >= sizes
        });
    }

    /// Deletes the video, and waits until nothing is made of it any more.
    pub(crate) fn forget(&self, video: &Video) {
        self.call("DELETE", &format!("/v1/videos/{}", video.id), None);
        wait_until(|| self.request("GET", &format!("/v1/videos/{}", video.id), None).0 == 404);
        wait_until(|| !self.has_children());
    }

    /// Returns the process's name in `/proc`.
    pub(crate) fn process(&self) -> String {
        self.child.id().to_string()
    }

    /// Returns a figure of the process's memory, by its name in `/proc`.
    pub(crate) fn memory_mib(&self, name: &str) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib / 1024.0
    }

    fn show(&self, video: &Video) -> Value {
        self.call("GET", &format!("/v1/videos/{}", video.id), None)
    }

    fn has_children(&self) -> bool {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        threads.flatten().any(|thread| {
            std::fs::read_to_string(thread.path().join("children")).is_ok_and(|list| !list.is_empty())
        })
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, text) = self.request(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            token(),
            body.len()
        )
        .unwrap();
        read_answer(stream)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It is our own child; that it has ended already is as good.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Looks again and again until it is done.
fn wait_until(is_done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_done() {
        assert!(begun.elapsed() < PATIENCE, "it takes too long");
        sleep(PAUSE);
    }
}

/// Returns the path of an address.
fn path_of(address: &str) -> &str {
    let (_, rest) = address.split_once("://").unwrap();
    &rest[rest.find('/').unwrap()..]
}

/// Reads an answer to the end of its connection: status and body.
fn read_answer(mut stream: TcpStream) -> (u16, String) {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

fn token() -> String {
    let claims = json!({"sub": "bench", "exp": 4_000_000_000_u64});
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}
