//! schemathesis and openapi-spec-validator in a virtual environment of their own, made where it is missing.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Exact versions: another schemathesis finds other things.
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// A command of one of the two.
pub(crate) fn tool(name: &str) -> Command {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tmp.join("schemathesis");
    let installed = folder.join("installed.txt");
    // One test makes it, the others wait.
    let turn = File::create(tmp.join("schemathesis.lock")).unwrap();
    turn.lock().unwrap();
    if std::fs::read_to_string(&installed).ok().as_deref() != Some(REQUIREMENTS) {
        install(&folder);
        std::fs::write(installed, REQUIREMENTS).unwrap();
    }
    Command::new(folder.join("bin").join(name))
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
