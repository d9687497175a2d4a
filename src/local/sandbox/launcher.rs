//! The service's side: starts tools in the sandbox, and knows which protections hold here.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::Command;

use super::{bounds::Bounds, protocol::SUBCOMMAND};

/// Longest time of the trial at start.
const TRIAL: Duration = Duration::from_secs(10);

/// The way in which tools are started here; made by [`Sandbox::try_out`].
#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    /// The service's own binary; `None` on systems without a sandbox.
    launcher: Option<PathBuf>,
    /// True where the kernel allows namespaces.
    namespaces: bool,
    /// The sentence part of [`Sandbox::describe`].
    about: String,
}

impl Sandbox {
    /// Enters the sandbox once, to find out what the kernel allows. `folder` is the folder in which tools will work.
    ///
    /// # Errors
    /// One line: a mandatory protection was refused, or `launcher` is not this program.
    pub(crate) async fn try_out(launcher: &Path, folder: &Path) -> Result<Self, String> {
        if cfg!(not(target_os = "linux")) {
            return Ok(Self {
                launcher: None,
                namespaces: false,
                about: "without a sandbox, which only Linux has".into(),
            });
        }
        let trial = Command::new(launcher)
            .args([SUBCOMMAND, "--report"])
            .current_dir(folder)
            .env_clear()
            .stdin(Stdio::null())
            // Why: a trial that takes too long is ended with its future.
            .kill_on_drop(true)
            .output();
        let failed = |why: &str| format!("{}: {}", launcher.display(), why.trim());
        let output = match tokio::time::timeout(TRIAL, trial).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(failed(&error.to_string())),
            Err(_) => return Err(failed("no answer within 10 s")),
        };
        if !output.status.success() {
            return Err(failed(&String::from_utf8_lossy(&output.stderr)));
        }
        let report = String::from_utf8_lossy(&output.stdout);
        let of = |name| parse_outcome(&report, name);
        let (namespaces, seccomp) = (of("namespaces"), of("seccomp"));
        // Why: another program may exit well and print anything.
        if let (None, _) | (_, None) = (&namespaces, &seccomp) {
            return Err(failed("this is another program"));
        }
        let parts = [
            (
                "namespaces of its own (user, network, IPC, host name)",
                namespaces,
            ),
            ("a seccomp filter", seccomp),
        ];
        Ok(Self {
            launcher: Some(launcher.to_owned()),
            namespaces: matches!(of("namespaces"), Some(Ok(()))),
            about: describe_parts(parts),
        })
    }

    /// Returns the protections as text: `with …; without …: reason`.
    pub(crate) fn describe(&self) -> &str {
        &self.about
    }

    /// Returns a command that starts `program` within [`Bounds`].
    ///
    /// `is_ours` tells that all input files belong to this user. Namespaces are left out for the superuser's tool
    /// with other files: inside them it can only open files that are the superuser's.
    pub(crate) fn command(&self, program: &Path, bounds: Bounds, is_ours: bool) -> Command {
        let Some(launcher) = &self.launcher else {
            return Command::new(program);
        };
        let mut command = Command::new(launcher);
        command.args([SUBCOMMAND, "--bounds", &bounds.to_string()]);
        if self.namespaces && (is_ours || !rustix::process::geteuid().is_root()) {
            command.arg("--namespaces");
        }
        command.arg("--").arg(program);
        command
    }
}

/// Returns the report's line on one protection: `None` without a line, the reason where it does not hold.
fn parse_outcome(report: &str, name: &str) -> Option<Result<(), String>> {
    report.lines().find_map(|line| match line.strip_prefix(name)? {
        "" => Some(Ok(())),
        reason => Some(Err(reason.strip_prefix(": ")?.to_owned())),
    })
}

/// Returns the text of [`Sandbox::describe`].
fn describe_parts(parts: [(&str, Option<Result<(), String>>); 2]) -> String {
    let mut with = vec!["limits", "no_new_privs", "oom_score_adj"];
    let mut without = Vec::new();
    for (name, outcome) in parts {
        match outcome {
            Some(Err(reason)) => without.push(format!("{name}: {reason}")),
            _ => with.push(name),
        }
    }
    let with = format!("with {}", with.join(", "));
    if without.is_empty() {
        return with;
    }
    format!("{with}; without {}", without.join("; without "))
}

#[cfg(test)]
mod tests {
    use super::{describe_parts, parse_outcome};

    #[test]
    fn the_start_says_what_holds_and_what_does_not() {
        let report = "namespaces: Operation not permitted (os error 1)\nseccomp\n";
        let parts = ["namespaces", "seccomp"].map(|name| (name, parse_outcome(report, name)));
        assert_eq!(
            describe_parts(parts),
            "with limits, no_new_privs, oom_score_adj, seccomp; \
             without namespaces: Operation not permitted (os error 1)"
        );
        assert_eq!(parse_outcome("running 0 tests\n", "seccomp"), None);
    }
}
