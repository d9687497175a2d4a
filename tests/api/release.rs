//! `.ci/release`: what one downloads is whole, and says the truth about itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A program that says this version of itself.
fn program(folder: &Path, version: &str) -> String {
    let file = folder.join("program");
    fs::write(&file, format!("#!/bin/sh\necho yourbit-video {version}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    file.to_str().unwrap().to_owned()
}

fn release(program: &str, out: &Path) -> Output {
    Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/release"))
        .args(["--program", program, "--out", out.to_str().unwrap()])
        .output()
        .unwrap()
}

fn sh(folder: &Path, script: &str) -> String {
    let run = Command::new("sh")
        .args(["-euc", script])
        .current_dir(folder)
        .output();
    let run = run.unwrap();
    assert!(run.status.success(), "{script}: {run:?}");
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn a_release_has_the_program_licenses_pages_and_checksums_that_hold() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let version = env!("CARGO_PKG_VERSION");
    let made = release(&program(folder.path(), version), &out);
    assert!(made.status.success(), "{made:?}");
    sh(
        &out,
        "for sum in *.sha256; do sha256sum --check --quiet \"$sum\"; done",
    );
    let whole = sh(
        &out,
        "mkdir whole && tar -xzf *.tar.gz -C whole && cd whole && find * -type f",
    );
    let top = whole.split('/').next().unwrap();
    assert!(top.starts_with(&format!("yourbit-video-{version}-")), "{top}");
    for name in [
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "README.md",
        "CHANGELOG.md",
        "docs/operations.md",
        "deploy/systemd/yourbit-video.service",
    ] {
        let wanted = format!("{top}/{name}");
        assert!(whole.lines().any(|line| line == wanted), "{wanted} in\n{whole}");
    }
    let said = sh(&out.join("whole").join(top), "./yourbit-video --version");
    assert_eq!(said.trim(), format!("yourbit-video {version}"));
    let licenses = fs::read_to_string(out.join("whole").join(top).join("LICENSES-OF-DEPENDENCIES.txt"));
    let licenses = licenses.unwrap();
    for words in [
        "axum 0.",
        "aws-lc-rs 1.",
        "hls.js 1.",
        "Permission is hereby granted",
        "Apache License",
    ] {
        assert!(licenses.contains(words), "{words}");
    }
    assert!(
        !licenses.contains("proptest "),
        "what only tests need is not in the program"
    );
}

#[test]
fn a_program_of_another_version_is_not_released() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let refused = release(&program(folder.path(), "0.0.1"), &out);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && said.contains("0.0.1") && !out.exists(),
        "{refused:?}"
    );
}
