use sqlx::{Connection, PgConnection, Row};

use super::*;
use crate::config::Database;
use crate::domain::Ledger;

const SECOND: i64 = 1_000_000;

/// A database with our tables.
async fn store(url: String) -> Store {
    let settings = Database {
        url,
        direct_url: String::new(),
        max_connections: 8,
        migrate_on_start: true,
        require_postgres: false,
    };
    let store = Store::connect(&settings).await.unwrap();
    store.migrate().await.unwrap();
    store
}

async fn both(folder: &std::path::Path) -> [Store; 2] {
    let server = std::env::var("TEST_POSTGRES_URL").expect("start the tests by tests/run");
    let name = format!("test_{}", hex::encode(rand::random::<[u8; 8]>()));
    let mut connection = PgConnection::connect(&format!("{server}/postgres"))
        .await
        .unwrap();
    sqlx::query(AssertSqlSafe(format!("create database {name}")))
        .execute(&mut connection)
        .await
        .unwrap();
    [
        store(format!("sqlite://{}/test.db", folder.display())).await,
        store(format!("{server}/{name}")).await,
    ]
}

/// The statement with this time in place of the database's.
fn frozen(pool: &Pool, background: bool, now_us: i64) -> String {
    let dialect = pool.dialect();
    let sql = dialect.take_turns(background);
    assert!(sql.contains(dialect.clock_us));
    sql.replace(dialect.clock_us, &format!("{now_us}"))
}

/// A linear congruential generator: the same histories in every run.
fn roll(seed: &mut u64, most: i64) -> i64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    i64::try_from(*seed >> 33).unwrap() % most
}

#[tokio::test]
async fn the_statement_computes_what_the_ledger_does() {
    let folder = tempfile::tempdir().unwrap();
    for store in both(folder.path()).await {
        let mut seed = 11;
        for (per_s, burst) in [(1.0, 5.0), (3.0, 1.0), (0.2, 2.5), (100.0, 40.0)] {
            let pace = Pace::new(per_s, burst, 15.0);
            let bucket = format!("test/{per_s}");
            store.rate_turns().insert_bucket(&bucket).await.unwrap();
            let (mut ledger, mut now) = (Ledger::default(), 1_780_000_000 * SECOND);
            for step in 0..200 {
                now += match roll(&mut seed, 20) {
                    0 => -3600 * SECOND,
                    1 => 3600 * SECOND,
                    _ => roll(&mut seed, 2 * pace.interval_us),
                };
                if roll(&mut seed, 25) == 0 {
                    let pause = roll(&mut seed, 20 * SECOND);
                    let dialect = store.dialect();
                    let sql = dialect.pause_turns().replace(dialect.clock_us, &format!("{now}"));
                    on_pool!(&store.writer, |pool| {
                        sqlx::query(AssertSqlSafe(sql))
                            .bind(&bucket)
                            .bind(pause)
                            .execute(pool)
                            .await
                            .map(drop)
                    })
                    .unwrap();
                    ledger.pause(pause, now);
                }
                let request = PermitRequest {
                    permits: u32::try_from(1 + roll(&mut seed, 3)).unwrap(),
                    background: roll(&mut seed, 2) == 0,
                    patience_us: roll(&mut seed, 16 * SECOND),
                };
                let sql = frozen(&store.writer, request.background, now);
                let told: i64 = on_pool!(&store.writer, |pool| {
                    sqlx::query_scalar(AssertSqlSafe(sql))
                        .bind(&bucket)
                        .bind(pace.interval_us)
                        .bind(pace.burst_us)
                        .bind(pace.ahead_us)
                        .bind(i64::from(request.permits) * pace.interval_us)
                        .bind(request.patience_us)
                        .fetch_one(pool)
                        .await
                })
                .unwrap();
                let told = if told >= 0 {
                    PermitOutcome::Taken(told)
                } else {
                    PermitOutcome::NotTaken(-told)
                };
                assert_eq!(
                    told,
                    ledger.take_permits(&pace, &request, now),
                    "{} step {step}",
                    store.kind()
                );
                let columns = "select next_us, background_us, requests_us, paused_us from provider_turns where bucket = $1";
                let kept = on_pool!(&store.writer, |pool| {
                    sqlx::query(columns)
                        .bind(&bucket)
                        .fetch_one(pool)
                        .await
                        .map(|row| Ledger {
                            next_us: row.get(0),
                            background_us: row.get(1),
                            requests_us: row.get(2),
                            paused_us: row.get(3),
                        })
                })
                .unwrap();
                assert_eq!(kept, ledger, "{} step {step}", store.kind());
            }
        }
    }
}

#[tokio::test]
async fn racers_take_each_turn_once_and_are_told_to_wait_by_the_databases_clock() {
    let folder = tempfile::tempdir().unwrap();
    for store in both(folder.path()).await {
        let pace = Pace::new(1.0, 5.0, 15.0);
        let request = PermitRequest {
            permits: 1,
            background: false,
            patience_us: 15 * SECOND,
        };
        let asked: Vec<_> = (0..30)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    store
                        .rate_turns()
                        .take_turns("race", &pace, &request)
                        .await
                        .unwrap()
                })
            })
            .collect();
        let (mut waits, mut refused) = (Vec::new(), 0);
        for answer in asked {
            match answer.await.unwrap() {
                PermitOutcome::Taken(wait) => waits.push(wait),
                PermitOutcome::NotTaken(again) => {
                    assert!(again > 15 * SECOND && again <= 16 * SECOND, "{again}");
                    refused += 1;
                }
            }
        }
        waits.sort_unstable();
        assert_eq!((waits.len(), refused), (20, 10), "{}: {waits:?}", store.kind());
        assert_eq!(waits.iter().filter(|wait| **wait == 0).count(), 5);
        for (second, wait) in waits[5..].iter().enumerate() {
            let due = i64::try_from(second + 1).unwrap() * SECOND;
            assert!((due - 2 * SECOND..=due).contains(wait), "{wait} of {due}");
        }
    }
}

#[tokio::test]
async fn a_pause_is_seen_by_every_process() {
    let folder = tempfile::tempdir().unwrap();
    for store in both(folder.path()).await {
        assert_eq!(store.rate_turns().paused_for_us("mux/POST").await.unwrap(), 0);
        store
            .rate_turns()
            .pause_bucket("mux/POST", 20 * SECOND)
            .await
            .unwrap();
        store
            .rate_turns()
            .pause_bucket("mux/POST", 2 * SECOND)
            .await
            .unwrap();
        let left = store.rate_turns().paused_for_us("mux/POST").await.unwrap();
        assert!(left > 15 * SECOND && left <= 20 * SECOND, "{left}");
        let pace = Pace::new(1.0, 5.0, 15.0);
        let request = PermitRequest {
            permits: 1,
            background: true,
            patience_us: 30 * SECOND,
        };
        let answer = store
            .rate_turns()
            .take_turns("mux/POST", &pace, &request)
            .await
            .unwrap();
        assert!(
            matches!(answer, PermitOutcome::Taken(wait) if wait > 15 * SECOND),
            "{answer:?}"
        );
    }
}

/// The setting ends with the statement, and a turn is not waited for until it is on disk.
#[tokio::test]
async fn on_postgresql_a_turn_is_not_flushed_and_everything_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let [_, store] = both(folder.path()).await;
    let pace = Pace::new(1000.0, 1000.0, 15.0);
    let request = PermitRequest {
        permits: 1,
        background: false,
        patience_us: SECOND,
    };
    let Pool::Postgres(pool) = &store.writer else {
        unreachable!()
    };
    let mut connection = pool.acquire().await.unwrap();
    // Whatever the server's own default is.
    sqlx::query("set synchronous_commit = local")
        .execute(&mut *connection)
        .await
        .unwrap();
    store.rate_turns().insert_bucket("b").await.unwrap();
    let sql = store.dialect().take_turns(false).replace(
        "returning told_us",
        "returning current_setting('synchronous_commit')",
    );
    let within: String = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind("b")
        .bind(pace.interval_us)
        .bind(pace.burst_us)
        .bind(pace.ahead_us)
        .bind(pace.interval_us)
        .bind(request.patience_us)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    let after: String = sqlx::query_scalar("select current_setting('synchronous_commit')")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert_eq!((within.as_str(), after.as_str()), ("off", "local"));
}
