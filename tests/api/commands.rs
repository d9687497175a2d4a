//! What a command prints, and where nobody reads it.

use std::process::Command;

use crate::support::SECRET;

/// Runs a command whose output nobody reads, as `head` after its last line.
fn unread(arguments: &[&str]) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let done = Command::new(env!("CARGO_BIN_EXE_yourbit-video"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .env("VIDEO_AUTH__JWT_SECRET", SECRET)
        .stdout(writer)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.is_empty(), "{arguments:?}: {said}");
}

#[test]
fn a_command_ends_quietly_where_nobody_reads_what_it_prints() {
    unread(&["openapi"]);
    unread(&["token", "--sub", "alice"]);
    let cassette = "tests/provider/cassettes/bunny_stream.toml";
    let map = "config/providers/bunny_stream.toml";
    unread(&["provider", "test", map, "--cassette", cassette]);
}

#[test]
fn the_document_is_printed_as_it_is_served() {
    let done = Command::new(env!("CARGO_BIN_EXE_yourbit-video"))
        .arg("openapi")
        .output()
        .unwrap();
    let printed = String::from_utf8(done.stdout).unwrap();
    assert_eq!(printed, yourbit_video::http::openapi_document());
}
