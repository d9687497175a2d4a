//! The provider's tables keep what earlier releases noted of their migrations.

use sqlx::Connection;

use crate::support::Provider;

/// What release 0.2.1 noted: table, number, description, SHA-384 of the file.
const RELEASED: [(&str, i64, &str, &str); 2] = [
    (
        "_sqlx_migrations",
        1,
        "tables",
        "9660b4849c6322312a39950a90d5498191422780cd36794650a03d7c48390bac3972b57f0ce7bb35a7ca3c58a7025efd",
    ),
    (
        "_local_migrations",
        2,
        "owners",
        "8e1734d2af548c64ff9d9c9c5c0cc5a26badc3efe046960f3aa7f5e4c0f187c7313c2bf951e79ac91ab348dbc4a0b7ed",
    ),
];

#[tokio::test]
async fn an_update_finds_the_migrations_of_the_release_before_applied() {
    let provider = Provider::start().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(provider.dir().join("local.db"))
        .read_only(true);
    let mut rows = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let noted: Vec<(String, i64, String, String)> = sqlx::query_as(
        "select '_sqlx_migrations', version, description, lower(hex(checksum)) from _sqlx_migrations \
         union all select '_local_migrations', version, description, lower(hex(checksum)) from _local_migrations \
         order by 2",
    )
    .fetch_all(&mut rows)
    .await
    .unwrap();
    let released: Vec<(String, i64, String, String)> = RELEASED
        .into_iter()
        .map(|(table, version, what, checksum)| (table.into(), version, what.into(), checksum.into()))
        .collect();
    assert_eq!(noted[..released.len()], released);
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/local/migrations")).unwrap();
    assert_eq!(
        noted.len(),
        files.count(),
        "a file of the folder is not in the list"
    );
}
