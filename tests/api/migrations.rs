//! The tables keep what earlier releases noted of their migrations: an update of the program finds them applied.

use std::path::Path;

use sha2::{Digest, Sha384};
use sqlx::Connection;

use crate::support::{Db, TestApp};

/// A migration as a database has it: number, description, SHA-384 of the file.
type Noted = (i64, String, String);

/// What release 0.2.1 noted, on both databases; the number 9 is one file for each.
const RELEASED: [(i64, &str, &str); 10] = [
    (
        1,
        "core",
        "a62a5a3d8ecc15c5f95ad7988d6617ae80b76d17c755b2b0f69bfcb4cd0a11a6345c4d26a9348176a2661639049224d2",
    ),
    (
        2,
        "idempotency",
        "cba557718d523c868ed0d30999d53e832ea63b63424bb268102a3681cf5d3d063cf1d8f40dbf3147052fbb5cceea6019",
    ),
    (
        3,
        "leases",
        "1ad38f3d7596b0f690d53d2fc2281789e65e3d5e6015bf7b96e82f7ca9e8f4d049c34852cc09a4c05b57386e4712360f",
    ),
    (
        4,
        "outbox",
        "130fc04c3b4c73ca60d16de51ef5d893a492ac651fd117ee6c6922150ea60ea37b22ed3c5476cc3d6df8afb3e34e11de",
    ),
    (
        5,
        "scale",
        "5a63d51f988aabc8d3fba918cbd13beafd0c4324fbe62ca6f6b77599a3dacc71e69923e038590524037f70283e6f0734",
    ),
    (
        6,
        "inbox",
        "4d2967cab0c6e7dc51a22b1acc7dc7ccf8c6582eafc1f65e5e887c2f1ba0bc930fa379bd6ce80ef2fa2c6464e82a7c9d",
    ),
    (
        7,
        "ids",
        "812445fea393cdd09263a5baf05c305695c683a55789908ff8580c562ea944c3299aae2559944e6d745ce1b69a083173",
    ),
    (
        8,
        "rate",
        "fd859abac00f65eee88713eb715c52725d95321fe2883ae576a1d69bff5e80084b8db688b17aaa97d3a3e60eb46343d8",
    ),
    (
        9,
        "open uploads.postgres",
        "249e7cb752031a12d8e94a398bb92ca986541ae31dcac7c2339afcc509a076be936f6e68247ff414068a2cfbb10ed4d0",
    ),
    (
        9,
        "open uploads.sqlite",
        "3cbda36ff19865dde27d2b2a441abad9603db80b9901420f5a25cefcfeccb88ad448182e71fccb3efa20ca961a77c613",
    ),
];

async fn noted(url: &str) -> Vec<Noted> {
    let postgres =
        "select version, description, encode(checksum, 'hex') from _sqlx_migrations order by version";
    let sqlite = "select version, description, lower(hex(checksum)) from _sqlx_migrations order by version";
    if url.starts_with("sqlite") {
        let mut rows = sqlx::SqliteConnection::connect(url).await.unwrap();
        sqlx::query_as(sqlite).fetch_all(&mut rows).await.unwrap()
    } else {
        let mut rows = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query_as(postgres).fetch_all(&mut rows).await.unwrap()
    }
}

/// The files of a folder that are for one kind of database, as `sqlx` notes them.
fn of_the_folder(folder: &str, kind: &str) -> Vec<Noted> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (version, what) = name.split_once('_').unwrap();
        if what.split_once('.').is_none_or(|(_, only)| only == kind) {
            let text = std::fs::read(&path).unwrap();
            let checksum = hex::encode(Sha384::digest(&text));
            files.push((version.parse().unwrap(), what.replace('_', " "), checksum));
        }
    }
    files.sort();
    files
}

on_both! {
    async fn a_database_has_every_file_of_the_folder_and_what_the_release_before_noted(db: Db) {
        let app = TestApp::start(db).await;
        let kind = if db == Db::Sqlite { "sqlite" } else { "postgres" };
        let noted = noted(&app.database.url).await;
        assert_eq!(noted, of_the_folder("migrations", kind));
        let released = RELEASED
            .into_iter()
            .filter(|(_, what, _)| what.split_once('.').is_none_or(|(_, only)| only == kind))
            .map(|(version, what, checksum)| (version, what.to_owned(), checksum.to_owned()));
        let released: Vec<Noted> = released.collect();
        assert_eq!(released.len(), 9);
        assert_eq!(noted[..released.len()], released);
    }
}
