//! What this machine can do at most, now: RSA, and PostgreSQL without anything around it.

use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::Bench;
use crate::table::Table;

pub(crate) async fn run(bench: &Bench, table: &mut Table) {
    let span = bench.span / 3;
    tell_rsa(table, &[rsa(bench)]);
    let (_, rows) = bench.database("limits").await;
    rows.run("create table events (id bigserial primary key, body text not null)")
        .await;
    table.single_rows_per_s = many(&rows.pool, span, 1).await;
    table.fact(
        "limit: one transaction an event, 32 connections",
        format!("{:.0}/s", table.single_rows_per_s),
        "800 bytes each",
    );
    table.batched_rows_per_s = many(&rows.pool, span, 64).await;
    table.fact(
        "limit: 64 rows an insert, 32 connections",
        format!("{:.0} rows/s", table.batched_rows_per_s),
        "800 bytes each",
    );
    table.reads_per_s = reads(&rows.pool, span).await;
    table.fact(
        "limit: point reads, 32 connections",
        format!("{:.0}/s", table.reads_per_s),
        "through sqlx",
    );
}

/// Signatures a second on all cores.
pub(crate) fn rsa(bench: &Bench) -> f64 {
    let span = bench.span / 3;
    let signed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores())
            .map(|_| scope.spawn(|| sign_for(bench.maps.key(), span)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    signed as f64 / span.as_secs_f64()
}

/// The mean of what was measured beside a run: a machine's speed changes within minutes.
pub(crate) fn tell_rsa(table: &mut Table, measured: &[f64]) {
    table.signs_per_s = measured.iter().sum::<f64>() / measured.len() as f64;
    let each: Vec<String> = measured.iter().map(|rate| format!("{rate:.0}")).collect();
    table.fact(
        "limit: RSA-2048 signatures",
        format!("{:.0}/s", table.signs_per_s),
        &format!("aws-lc-rs, {} threads; measured: {}", cores(), each.join(", ")),
    );
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn sign_for(key: &KeyPair, span: Duration) -> usize {
    let random = SystemRandom::new();
    let mut signature = vec![0; key.public_modulus_len()];
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < span {
        key.sign(&RSA_PKCS1_SHA256, &random, b"header.claims", &mut signature)
            .unwrap();
        count += 1;
    }
    count
}

/// Rows a second, `each` of them in one transaction.
async fn many(pool: &PgPool, span: Duration, each: usize) -> f64 {
    let bodies = vec!["x".repeat(800); each];
    let begun = Instant::now();
    let mut writers = JoinSet::new();
    for _ in 0..32 {
        let (pool, bodies) = (pool.clone(), bodies.clone());
        writers.spawn(async move {
            let mut count = 0;
            while begun.elapsed() < span {
                sqlx::query("insert into events (body) select * from unnest($1::text[])")
                    .bind(&bodies)
                    .execute(&pool)
                    .await
                    .unwrap();
                count += bodies.len();
            }
            count
        });
    }
    rate(writers, begun).await
}

async fn reads(pool: &PgPool, span: Duration) -> f64 {
    let begun = Instant::now();
    let mut readers = JoinSet::new();
    for reader in 0_i64..32 {
        let pool = pool.clone();
        readers.spawn(async move {
            let mut count = 0;
            while begun.elapsed() < span {
                let id = (reader * 7919 + i64::try_from(count).unwrap()) % 1000 + 1;
                sqlx::query("select id, body from events where id = $1")
                    .bind(id)
                    .fetch_optional(&pool)
                    .await
                    .unwrap();
                count += 1;
            }
            count
        });
    }
    rate(readers, begun).await
}

async fn rate(mut tasks: JoinSet<usize>, begun: Instant) -> f64 {
    let mut count = 0;
    while let Some(one) = tasks.join_next().await {
        count += one.unwrap();
    }
    count as f64 / begun.elapsed().as_secs_f64()
}
