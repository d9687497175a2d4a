//! What a database still holds: the bytes of SQLite's files, a dump of PostgreSQL.

use std::path::PathBuf;
use std::process::Command;

/// Returns those of the words that a database holds anywhere, as text or as bytes.
pub(crate) fn words_left<'a>(url: &str, words: &[&'a str]) -> Vec<&'a str> {
    let all = match url.strip_prefix("sqlite://") {
        Some(file) => sqlite_bytes(file),
        None => postgres_dump(url),
    };
    let holds = |word: &str| {
        let bytes = word.as_bytes();
        !bytes.is_empty() && all.windows(bytes.len()).any(|window| window == bytes)
    };
    // Why hex too: a dump writes bytes so.
    let left = words
        .iter()
        .copied()
        .filter(|word| holds(word) || holds(&hex::encode(word)));
    left.collect()
}

/// The file, and the log of its writes.
fn sqlite_bytes(file: &str) -> Vec<u8> {
    let mut all = std::fs::read(file).unwrap();
    all.extend(std::fs::read(format!("{file}-wal")).unwrap_or_default());
    all
}

fn postgres_dump(url: &str) -> Vec<u8> {
    let dump = Command::new(pg_dump()).arg("--dbname").arg(url).output().unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    dump.stdout
}

/// The newest that is installed.
fn pg_dump() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(number);
    newest.map_or_else(|| PathBuf::from("pg_dump"), |path| path.join("bin/pg_dump"))
}
