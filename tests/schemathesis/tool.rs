//! schemathesis in a virtual environment of its own, made where it is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Exact versions: another schemathesis finds other things.
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// A command that is schemathesis.
pub(crate) fn schemathesis() -> Command {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    let installed = folder.join("installed.txt");
    if std::fs::read_to_string(&installed).ok().as_deref() != Some(REQUIREMENTS) {
        install(&folder);
        std::fs::write(installed, REQUIREMENTS).unwrap();
    }
    Command::new(folder.join("bin/schemathesis"))
}

fn install(folder: &Path) {
    let requirements = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis/requirements.txt");
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder));
    let python: PathBuf = folder.join("bin/python");
    run(Command::new(python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(requirements));
}

fn run(command: &mut Command) {
    let done = command
        .output()
        .expect("python3 is needed: tests/run installs it");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
}
