//! The program as a process, its log read as it comes.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use yourbit_video::clock::Clock;

use super::fake_mux::FakeMux;
use super::mux_events::signature;
use super::{Answer, WEBHOOK_SECRET, answer, environment, sign};

/// The caller's span of [`Program::upload`] and [`Program::event`].
pub(crate) const CALLER: &str = "00f067aa0ba902b7";
/// The trace of [`Program::event`].
pub(crate) const OTHER_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// The program as a process.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) log: Arc<Mutex<String>>,
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
}

impl Program {
    pub(crate) async fn start(database: &str, mux: &FakeMux, more: &[(&str, &str)]) -> Self {
        let mut settings = vec![("VIDEO_LOG__FORMAT", "json"), ("VIDEO_HTTP__DRAIN_S", "0")];
        settings.extend_from_slice(more);
        let env = environment(database, &mux.url, &settings);
        let (mut words, theirs) = std::io::pipe().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_yourbit-video"))
            .env_clear()
            .envs(env.iter())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(theirs)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let kept = log.clone();
        std::thread::spawn(move || {
            let mut some = [0_u8; 8192];
            while let Ok(count @ 1..) = words.read(&mut some) {
                kept.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&some[..count]));
            }
        });
        let mut program = Self {
            child,
            log,
            url: String::new(),
            client: reqwest::Client::new(),
        };
        program.url = program
            .wait_for(async |program| {
                let line = program
                    .lines()
                    .into_iter()
                    .find(|line| line["listen"].is_string())?;
                Some(format!("http://{}", line["listen"].as_str()?))
            })
            .await;
        program
    }

    /// Tries until there is something, for twenty seconds.
    pub(crate) async fn wait_for<T>(&self, look: impl AsyncFn(&Self) -> Option<T>) -> T {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(found) = look(self).await {
                return found;
            }
            assert!(Instant::now() < end, "{}", self.log.lock().unwrap());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The log's lines that are whole.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let log = self.log.lock().unwrap();
        log.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// The line of the first request of this route.
    pub(crate) async fn line(&self, route: &str) -> Value {
        self.wait_for(async |program| program.lines().into_iter().find(|line| line["route"] == route))
            .await
    }

    pub(crate) fn token() -> String {
        let now = Clock::system().now().timestamp();
        sign(&json!({"sub": "alice", "exp": now + 600}))
    }

    pub(crate) async fn upload(&self, trace: &str) -> Answer {
        let request = self.client.post(format!("{}/v1/uploads", self.url));
        answer(
            request
                .bearer_auth(Self::token())
                .header("traceparent", format!("00-{trace}-{CALLER}-01")),
        )
        .await
    }

    pub(crate) async fn event(&self, event: &Value) -> Answer {
        let body = serde_json::to_vec(event).unwrap();
        let at = Clock::system().now().timestamp();
        let request = self.client.post(format!("{}/v1/webhooks/mux", self.url));
        let request = request
            .header("mux-signature", signature(WEBHOOK_SECRET, at, &body))
            .header("traceparent", format!("00-{OTHER_TRACE}-{CALLER}-01"));
        answer(request.body(body)).await
    }

    pub(crate) async fn status(&self, video: &Value) -> Value {
        let path = format!("{}/v1/videos/{}", self.url, video["id"].as_str().unwrap());
        answer(self.client.get(path).bearer_auth(Self::token()))
            .await
            .expect(200)["status"]
            .clone()
    }

    /// SIGTERM, and its end.
    pub(crate) async fn stop(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "it does not stop");
            sleep(Duration::from_millis(20)).await;
        };
        assert!(status.success(), "{status}\n{}", self.log.lock().unwrap());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}
