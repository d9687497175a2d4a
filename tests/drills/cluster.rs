//! A throw-away PostgreSQL that keeps what it commits: it can be killed and started again.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A port that nobody has now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// One cluster with `fsync` on; gone with the value.
pub(crate) struct Cluster {
    folder: TempDir,
    bin: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes and starts it.
    pub(crate) fn start_new() -> Self {
        let folder = TempDir::new().unwrap();
        let cluster = Self {
            bin: binaries(),
            port: free_port(),
            folder,
        };
        run(Command::new("chmod").arg("755").arg(cluster.folder.path()));
        for name in ["data", "run"] {
            std::fs::create_dir(cluster.path(name)).unwrap();
            if is_root() {
                run(Command::new("chown").arg("postgres").arg(cluster.path(name)));
            }
        }
        let mut initdb = cluster.command("initdb");
        run(initdb
            .args([
                "-U",
                "postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-sync",
                "-D",
            ])
            .arg(cluster.path("data")));
        cluster.start();
        cluster
    }

    /// Starts the server and waits until it answers.
    pub(crate) fn start(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=on -c synchronous_commit=on -c max_connections=300",
            self.port,
            self.path("run").display()
        );
        let mut start = self.command("pg_ctl");
        start
            .arg("-D")
            .arg(self.path("data"))
            .arg("-w")
            .arg("-l")
            .arg(self.path("run").join("log"));
        run(start.arg("-o").arg(options).arg("start"));
    }

    /// As a crash would: nothing is finished, nothing is said.
    pub(crate) fn crash(&self) {
        run(&mut self.stop_command());
    }

    /// An empty database.
    pub(crate) fn create_database(&self, name: &str) -> String {
        let mut create = self.command("createdb");
        run(create
            .args(["-h", "127.0.0.1", "-U", "postgres", "-p"])
            .arg(self.port.to_string())
            .arg(name));
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// What the server wrote so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("run").join("log")).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn stop_command(&self) -> Command {
        let mut stop = self.command("pg_ctl");
        stop.arg("-D")
            .arg(self.path("data"))
            .args(["-w", "-m", "immediate", "stop"]);
        stop
    }

    fn command(&self, name: &str) -> Command {
        let program = self.bin.join(name);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command
            .args(["-u", "postgres", "--"])
            .arg(program)
            .current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Not running is as good as stopped.
        let _stopped = self
            .stop_command()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

#[track_caller]
fn run(command: &mut Command) {
    // pg_ctl's server keeps inherited pipes open for ever: nothing is captured.
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(
        status.as_ref().is_ok_and(std::process::ExitStatus::success),
        "{command:?}: {status:?}"
    );
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The newest server that is installed, as in tests/run.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| number(path));
    newest.map_or_else(PathBuf::new, |path| path.join("bin"))
}
