//! How ffmpeg and ffprobe are started, seen from inside and from outside.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use rustix::process::{Pid, Signal};
use serde_json::json;
use yourbit_video::clock::Clock;

use crate::support::{
    Provider,
    child::Service,
    clips, eventually,
    watched::{Watched, beyond_limits},
    working_in,
};

const BINARY: &str = env!("CARGO_BIN_EXE_yourbit-video");
/// Limits that nothing in these tests reaches.
const WIDE: &str = "as=8589934592,data=8589934592,cpu=600,fsize=1073741824,nproc=16384,nofile=512,core=0";

/// What holds on this machine: a protection and, where it does not, the reason.
fn report() -> BTreeMap<String, Option<String>> {
    let output = Command::new(BINARY)
        .args(["sandboxed-exec", "--report"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| match line.split_once(": ") {
            None => (line.to_owned(), None),
            Some((name, reason)) => (name.to_owned(), Some(reason.to_owned())),
        })
        .collect()
}

/// A protection holds here; says so, and why it does not.
fn holds(name: &str) -> bool {
    let reason = report().remove(name).expect("it is reported");
    println!("{name}: {}", reason.as_deref().unwrap_or("holds"));
    reason.is_none()
}

/// Runs a program in the sandbox, with these limits in place of the wide ones.
fn sandboxed(limits: &[(&str, u64)], program: &[&str], folder: &Path) -> Output {
    let mut bounds = WIDE.to_owned();
    for (name, limit) in limits {
        let parts = bounds.split(',').map(|part| match part.split_once('=') {
            Some((known, _)) if known == *name => format!("{name}={limit}"),
            _ => part.to_owned(),
        });
        bounds = parts.collect::<Vec<_>>().join(",");
    }
    let mut command = Command::new(BINARY);
    command.args(["sandboxed-exec", "--bounds", &bounds]);
    if report()["namespaces"].is_none() {
        command.arg("--namespaces");
    }
    command
        .arg("--")
        .args(program)
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn each_limit_ends_what_exceeds_it() {
    let folder = tempfile::tempdir().unwrap();
    let endless = sandboxed(
        &[("cpu", 1)],
        &[
            "/bin/sh",
            "-c",
            "i=0; while [ $i -lt 20000000 ]; do i=$((i+1)); done",
        ],
        folder.path(),
    );
    assert_eq!(
        endless.status.signal(),
        Some(Signal::XCPU.as_raw()),
        "{endless:?}"
    );

    let write = ["/bin/dd", "if=/dev/zero", "of=file", "bs=1000", "count=100"];
    let large = sandboxed(&[("fsize", 50_000)], &write, folder.path());
    assert!(!large.status.success());
    assert_eq!(
        std::fs::metadata(folder.path().join("file")).unwrap().len(),
        50_000
    );

    // `dd` takes a buffer of this size at once.
    let take = ["/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"];
    assert!(sandboxed(&[], &take, folder.path()).status.success());
    for limit in ["as", "data"] {
        let hungry = sandboxed(&[(limit, 100 << 20)], &take, folder.path());
        assert!(!hungry.status.success(), "{limit}: {hungry:?}");
    }
}

#[test]
fn a_limit_that_is_missing_or_a_program_that_is_not_there_is_an_end_of_its_own_kind() {
    let of = |args: &[&str]| {
        let output = Command::new(BINARY)
            .arg("sandboxed-exec")
            .args(args)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, words) = of(&["--bounds", WIDE, "--", "/nowhere/ffmpeg"]);
    assert_eq!(code, Some(113), "{words}");
    assert!(words.contains("/nowhere/ffmpeg"), "{words}");
    for wrong in [
        &["--", "/bin/true"][..],
        &["--bounds", "as=1", "--", "/bin/true"],
        &["--bounds", WIDE],
    ] {
        assert_eq!(of(wrong).0, Some(2), "{wrong:?}");
    }
    let help = Command::new(BINARY).arg("--help").output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains("sandboxed-exec"));
}

/// The variable that tells [`inside`] which process is another one.
const OTHER: &str = "LOCAL_TEST_OTHER_PROCESS";

/// Not a test: what is tried from inside the sandbox. Ends at once in an ordinary run.
#[test]
fn inside() {
    let Ok(other) = std::env::var(OTHER) else {
        return;
    };
    let other = Pid::from_raw(other.parse().unwrap()).unwrap();
    let refused = |what: &str, outcome: std::io::Result<()>| {
        let kind = outcome.err().map(|error| error.kind());
        assert_eq!(kind, Some(std::io::ErrorKind::PermissionDenied), "{what}");
    };
    refused("UDP", std::net::UdpSocket::bind("127.0.0.1:0").map(drop));
    refused("TCP", std::net::TcpListener::bind("127.0.0.1:0").map(drop));
    refused(
        "a socket of this machine",
        std::os::unix::net::UnixStream::pair().map(drop),
    );
    refused(
        "a signal",
        rustix::process::test_kill_process(other).map_err(Into::into),
    );
    let limits = rustix::process::Rlimit {
        current: Some(64),
        maximum: Some(64),
    };
    let limited = rustix::process::prlimit(Some(other), rustix::process::Resource::Nofile, limits);
    refused("another's limits", limited.map(drop).map_err(Into::into));
    let again = Command::new("unshare").args(["--user", "true"]).output().unwrap();
    assert!(!again.status.success(), "a namespace");
    assert_eq!(std::thread::spawn(|| 1).join().unwrap(), 1);
    assert!(Command::new("/bin/true").status().unwrap().success());
    rustix::process::getrlimit(rustix::process::Resource::Nofile);
}

/// This must fail when the filter is taken out of `sandbox/enter.rs`.
#[test]
fn what_a_tool_never_needs_is_refused_by_the_kernel() {
    if !holds("seccomp") {
        return;
    }
    let mut other = Command::new("/bin/sleep").arg("60").spawn().unwrap();
    let output = Command::new(BINARY)
        .args(["sandboxed-exec", "--bounds", WIDE, "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "sandbox::inside", "--nocapture"])
        .env(OTHER, other.id().to_string())
        .output()
        .unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Has each kind of call made once.
async fn all_calls(service: &Service, http: &reqwest::Client) {
    let settings =
        json!({ "playback_policies": ["public"], "static_renditions": [{ "resolution": "highest" }] });
    let upload = service
        .api(
            "POST",
            "/uploads",
            Some(json!({ "new_asset_settings": settings })),
        )
        .await;
    let file = std::fs::read(clips::usual()).unwrap();
    let range = format!("bytes 0-{}/{}", file.len() - 1, file.len());
    assert_eq!(service.put(&upload, &range, file).await.unwrap().status(), 200);
    let upload = service
        .api(
            "GET",
            &format!("/uploads/{}", upload["id"].as_str().unwrap()),
            None,
        )
        .await;
    let path = format!("/assets/{}", upload["asset_id"].as_str().unwrap());
    let asset = eventually("all is made", async || {
        let asset = service.api("GET", &path, None).await;
        assert_ne!(asset["status"], "errored", "{asset}");
        (asset["static_renditions"]["files"][0]["status"] == "ready").then_some(asset)
    })
    .await;
    let id = asset["playback_ids"][0]["id"].as_str().unwrap();
    for image in ["thumbnail.jpg", "animated.gif", "animated.webp", "storyboard.jpg"] {
        let answer = http
            .get(format!("{}/{id}/{image}", service.base))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{image}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tool_is_started_with_the_lists_the_limits_and_nothing_else() {
    let (dir, watched) = (tempfile::tempdir().unwrap(), Watched::make());
    let path = std::env::join_paths([watched.folder.path()]).unwrap();
    let service = Service::start_with_path(dir.path(), path.to_str().unwrap()).await;
    all_calls(&service, &reqwest::Client::builder().no_proxy().build().unwrap()).await;
    let started = watched.started();
    let (asking, working): (Vec<_>, Vec<_>) =
        started.iter().partition(|one| !one.get("args").contains(" -i "));
    assert_eq!(asking.len(), 2, "which decoders and filters there are");
    // ffprobe, the scan, the stream, the check of what was copied, highest.mp4, four images.
    assert_eq!(working.len(), 9, "{working:#?}");
    let mut wrong = BTreeSet::new();
    for one in &working {
        let mut wants = |name: &str, fits: fn(&str) -> bool| {
            if !one.option(name).is_some_and(fits) {
                wrong.insert(name.to_owned());
            }
        };
        wants("-protocol_whitelist", |list| list == "file");
        wants("-format_whitelist", |list| list.starts_with("mov,mp4,"));
        wants("-max_pixels", |number| number == "35389440");
        wants("-codec_whitelist", |list| {
            list.split(',').any(|name| name == "h264")
        });
        wants("-codec_whitelist", |list| {
            list.split(',').all(|name| name != "asv1")
        });
        let (_, input) = one.get("args").split_once(" -i ").unwrap();
        assert!(input.starts_with("file:/") && !input.contains(" -i "), "{input}");
    }
    let (namespaces, seccomp) = (holds("namespaces"), holds("seccomp"));
    for one in &started {
        let mut wants = |name: &str, value: &str| {
            if one.get(name) != value {
                wrong.insert(format!("{name} of {}: {}", one.kind(), one.get(name)));
            }
        };
        wants("environment", "");
        wants("NoNewPrivs", "1");
        wants("oom", "1000");
        wants("nice", "5");
        wants("umask", "0077");
        wants("Seccomp", if seccomp { "2" } else { "0" });
        if namespaces {
            wants("CapEff", "0000000000000000");
        }
        for kind in ["user", "net", "ipc", "uts"] {
            let own = std::fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
            if (own.to_str() != Some(one.get(kind))) != namespaces {
                wrong.insert(format!("namespace {kind}"));
            }
        }
        wrong.extend(beyond_limits(one));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// SIGTERM reaches all processes of a service that systemd stops, and ffmpeg then ends as if the file were wrong.
#[tokio::test]
async fn a_transcode_that_a_signal_ends_is_begun_again() {
    let clock = Clock::frozen(Clock::system().now());
    let provider = Provider::start_with(|_| {}, clock.clone()).await;
    let upload = provider.upload(json!({})).await;
    let source = std::fs::read(clips::encoded("long.mp4", "1280x720", 15, 20)).unwrap();
    assert_eq!(provider.put(&upload, source).await.status(), 200);
    let work = provider.dir().join("work");
    // The encode, not the looks before it, which end at once.
    let is_encode = |process: &PathBuf| {
        std::fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim() == "ffmpeg")
            && std::fs::read_to_string(process.join("cmdline")).is_ok_and(|line| line.contains("libx264"))
    };
    let process = eventually("ffmpeg encodes", async || {
        working_in(&work).into_iter().find(is_encode)
    })
    .await;
    eventually("it listens to SIGTERM", async || {
        let status = std::fs::read_to_string(process.join("status")).ok()?;
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
        let caught = u64::from_str_radix(caught.trim(), 16).ok()?;
        (caught & 1 << (Signal::TERM.as_raw() - 1) != 0).then_some(())
    })
    .await;
    let id = process.file_name().unwrap().to_str().unwrap().parse().unwrap();
    rustix::process::kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    eventually("it ends", async || (!process.exists()).then_some(())).await;
    let path = format!("/assets/{}", provider.asset_id(&upload).await);
    eventually("the try is over", async || {
        working_in(&work).is_empty().then_some(())
    })
    .await;
    assert_eq!(provider.data(&path).await["status"], "preparing");
    clock.advance(chrono::Duration::seconds(31));
    assert_eq!(provider.settled(&upload).await["status"], "ready");
}

/// All of `src/local` in which no test is: programs are started by the sandbox alone, input is named by one function.
#[test]
fn no_tool_is_started_past_the_sandbox() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/local")];
    let (mut starting, mut naming) = (Vec::new(), Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if text.contains("Command::new(") {
                starting.push(name.clone());
            }
            if text.contains("\"-i\"") {
                naming.push(name);
            }
        }
    }
    starting.sort();
    assert_eq!(starting, ["enter.rs", "launcher.rs"]);
    assert_eq!(naming, ["input.rs"]);
}

#[test]
fn the_start_says_how_ffmpeg_runs() {
    let folder = tempfile::tempdir().unwrap();
    let start = |path: Option<&str>| {
        let mut command = Command::new(BINARY);
        command
            .current_dir(folder.path())
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.env(
            "PATH",
            path.map_or_else(|| std::env::var("PATH").unwrap(), str::to_owned),
        );
        command
            .env("VIDEO_HTTP__LISTEN", "127.0.0.1:0")
            .env("VIDEO_LOCAL__MIN_FREE_BYTES", "0");
        command
    };
    let checked = start(None).arg("check").output().unwrap();
    let checked = String::from_utf8(checked.stdout).unwrap();
    let line = checked
        .lines()
        .find(|line| line.contains("ffmpeg"))
        .unwrap_or_else(|| panic!("{checked}"));
    assert!(
        line.contains("with limits, no_new_privs, oom_score_adj"),
        "{line}"
    );

    let mut service = start(None).spawn().unwrap();
    let log = std::io::BufReader::new(service.stderr.take().unwrap());
    let mut lines = std::io::BufRead::lines(log).map(Result::unwrap);
    let line = lines.find(|line| line.contains("ffmpeg runs")).unwrap();
    service.kill().unwrap();
    service.wait().unwrap();
    for (name, words) in [
        ("namespaces", "namespaces of its own"),
        ("seccomp", "a seccomp filter"),
    ] {
        let expected = if holds(name) {
            format!(", {words}")
        } else {
            format!("without {words}")
        };
        assert!(line.contains(&expected), "{line}");
    }
}
