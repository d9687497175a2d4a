//! A start at a terminal, and its end: the first line, colours, Ctrl-C.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;
use yourbit_video::config::Environment;

use crate::support::{SECRET, binary};

/// Longer than a start or an end without a drain takes, and much shorter than the drain.
const SOON: Duration = Duration::from_mins(1);

/// A service that would wait for ten minutes after SIGTERM, and its log.
async fn serve(folder: &Path) -> (Child, Lines<BufReader<ChildStderr>>) {
    let env: Environment = [
        ("VIDEO_AUTH__JWT_SECRET", SECRET),
        ("VIDEO_HTTP__LISTEN", "localhost:0"),
        ("VIDEO_HTTP__DRAIN_S", "300"),
        ("VIDEO_LOG__FORMAT", "json"),
    ]
    .into_iter()
    .collect();
    let mut child = binary::start(folder, &env, &[]);
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = line(&mut log, "").await;
    for path in ["data/yourbit-video.db", "data/local"] {
        let full = folder.canonicalize().unwrap().join(path);
        assert!(
            first.contains(full.to_str().unwrap()),
            "{path} is not in the first line: {first}"
        );
    }
    assert!(first.contains("the database is new"), "{first}");
    line(&mut log, "Yourbit Video serves").await;
    (child, log)
}

/// The next line that has these words.
async fn line(log: &mut Lines<BufReader<ChildStderr>>, words: &str) -> String {
    timeout(SOON, async {
        loop {
            let line = log.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("it ended without \"{words}\""));
            if line.contains(words) {
                return line;
            }
        }
    })
    .await
    .unwrap_or_else(|_| panic!("\"{words}\" is not said"))
}

fn send(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

#[tokio::test]
async fn ctrl_c_waits_for_no_traffic_to_be_led_elsewhere() {
    let folder = TempDir::new().unwrap();
    let (mut child, mut log) = serve(folder.path()).await;
    send(&child, Signal::INT);
    line(&mut log, "Ctrl-C again").await;
    let ended = timeout(SOON, child.wait()).await.expect("it drains").unwrap();
    assert!(ended.success(), "{ended}");
}

#[tokio::test]
async fn a_process_that_ends_gives_its_leases_back() {
    let folder = TempDir::new().unwrap();
    let (mut child, mut log) = serve(folder.path()).await;
    let database = folder.path().join("data/yourbit-video.db");
    let leases = async || {
        let options = SqliteConnectOptions::new().filename(&database).read_only(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let names = sqlx::query_scalar("select name from leases order by name");
        let names: Vec<String> = names.fetch_all(&mut connection).await.unwrap();
        names
    };
    timeout(SOON, async {
        while !leases().await.contains(&"reconcile".to_owned()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the reconciler takes its lease");
    send(&child, Signal::INT);
    line(&mut log, "Ctrl-C again").await;
    timeout(SOON, child.wait()).await.expect("it drains").unwrap();
    assert_eq!(leases().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_second_signal_ends_a_drain_at_once() {
    let folder = TempDir::new().unwrap();
    let (mut child, mut log) = serve(folder.path()).await;
    send(&child, Signal::TERM);
    let said = line(&mut log, "stopping").await;
    assert!(said.contains("\"drain_s\":300"), "{said}");
    assert!(child.try_wait().unwrap().is_none(), "SIGTERM does not drain");
    send(&child, Signal::INT);
    timeout(SOON, child.wait()).await.expect("it drains").unwrap();
}

/// What the program says on a terminal of its own; `None` where there is no `script` to make one.
async fn on_a_terminal(folder: &Path, more: &[(&str, &str)]) -> Option<String> {
    // The address is taken, so that it ends by itself after its first line.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let program = env!("CARGO_BIN_EXE_yourbit-video");
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command"])
        .arg(format!("{program} serve"))
        .arg("/dev/null")
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("TERM", "xterm")
        .env("VIDEO_HTTP__LISTEN", taken.local_addr().unwrap().to_string())
        .envs(more.iter().copied())
        .stdin(std::process::Stdio::null());
    let output = timeout(SOON, command.output()).await.unwrap().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("yourbit-video.db") && said.contains("cannot listen"),
        "{said}"
    );
    Some(said)
}

#[tokio::test]
async fn no_color_is_honoured_on_a_terminal() {
    let folder = TempDir::new().unwrap();
    let Some(coloured) = on_a_terminal(folder.path(), &[]).await else {
        eprintln!("there is no script(1): nothing was tried on a terminal");
        return;
    };
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let plain = on_a_terminal(folder.path(), &[("NO_COLOR", "1")]).await.unwrap();
    assert!(!plain.contains('\u{1b}'), "{plain}");
    // Where nobody sees them there are none either.
    let piped = binary::run(folder.path(), &Environment::default(), &["serve", "--help"]).await;
    assert!(!format!("{piped:?}").contains("\\u{1b}"), "{piped:?}");
}
