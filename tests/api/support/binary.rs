//! The program itself, as an operator types it.

use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, Command};
use yourbit_video::config::Environment;

/// What it said, and whether it ended well.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) well: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The lines of the output that begin with `word`.
    pub(crate) fn lines(&self, word: &str) -> Vec<&str> {
        self.out.lines().filter(|line| line.starts_with(word)).collect()
    }

    /// Panics unless there is exactly one such line that has all of these words.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) {
        let found = self
            .out
            .lines()
            .filter(|line| words.iter().all(|word| line.contains(word)));
        assert_eq!(found.count(), 1, "{words:?}\n{}\n{}", self.out, self.err);
    }
}

/// The program in `folder`, with nothing but this environment.
pub(crate) fn start(folder: &Path, env: &Environment, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_yourbit-video"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .envs(env.iter())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// The same, to its end.
pub(crate) async fn run(folder: &Path, env: &Environment, args: &[&str]) -> Ended {
    let output = start(folder, env, args).wait_with_output().await.unwrap();
    Ended {
        well: output.status.success(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
