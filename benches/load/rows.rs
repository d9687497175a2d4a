//! Rows made and read past the service.

use std::ops::Range;
use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};
use sqlx::{AssertSqlSafe, PgPool};

use crate::service::binary;

/// The driver's own connections to one database.
pub(crate) struct Rows {
    pub(crate) pool: PgPool,
}

/// The id of generated video number `index`: sorts by its making, as ours do.
pub(crate) fn video_id(index: u64) -> String {
    format!("00000000-0000-7000-8000-{index:012x}")
}

/// The upload id of a generated video, as [`Rows::seed`] gives it.
pub(crate) fn upload_id(index: u64) -> String {
    let hash = digest(&SHA256, index.to_string().as_bytes());
    format!("upload-{}", hex::encode(hash))
}

impl Rows {
    pub(crate) async fn connected(url: &str) -> Self {
        let options = sqlx::postgres::PgPoolOptions::new().max_connections(40);
        let pool = options.connect(url).await.unwrap();
        Self { pool }
    }

    pub(crate) async fn migrated(url: &str) -> Self {
        let done = Command::new(binary())
            .arg("migrate")
            .env_clear()
            .env("DATABASE_URL", url)
            .status();
        assert!(done.unwrap().success(), "the tables are not there");
        Self::connected(url).await
    }

    /// These videos of `provider`: waiting for their file, or ready to be played.
    pub(crate) async fn seed(&self, provider: &str, numbers: Range<u64>, ready: bool) {
        let (status, asset, facts) = if ready {
            ("ready", "'asset-' || md5(i::text)", READY_FACTS)
        } else {
            ("waiting", "null", "'{}'")
        };
        self.run(&format!(
            "insert into videos (id, owner, provider, title, metadata, playback_policy, quality, status, upload_id, \
             asset_id, reported, gone, delete_requested, cancel_confirmed, ready_at, ready_by_our_clock, facts, captures, \
             steps, unsent, upload_expires_at, check_at, checks, lost, lease_until_s, version, revision, created_at, updated_at) \
             select ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'bench', '{provider}', 'Video ' || i, \
             '{{}}', 'signed', 'basic', '{status}', 'upload-' || encode(sha256(i::text::bytea), 'hex'), {asset}, '{status}', false, false, false, \
             {ready_at}, false, ({facts})::jsonb, '{{}}', 1, '[]', now() + interval '1 hour', now() + interval '1 hour', 0, \
             false, 0, 1, 1, now(), now() from generate_series({first}, {last}) i",
            ready_at = if ready { "now()" } else { "null" },
            first = numbers.start,
            last = numbers.end - 1,
        ))
        .await;
        self.know_ids(numbers.start).await;
        self.run("vacuum analyze videos").await;
    }

    /// The ids of generated videos from number `first` on.
    async fn know_ids(&self, first: u64) {
        let first = video_id(first);
        self.run(&format!(
            "insert into provider_ids (provider, kind, id, video_id) \
             select provider, 'upload', upload_id, id from videos where id >= '{first}' and id < '01000000-0000-0000-0000-000000000000' \
             union all select provider, 'asset', asset_id, id from videos \
             where id >= '{first}' and id < '01000000-0000-0000-0000-000000000000' and asset_id is not null"
        ))
        .await;
    }

    /// So many videos, ready, and four events of each, applied a day ago. Rows first, then their indexes: that is many
    /// times faster.
    pub(crate) async fn grow(&self, videos: u64) {
        self.run(
            "create table dropped as select indexdef as def, indexname as name from pg_indexes \
             where tablename in ('videos', 'webhook_events') and indexname not like '%_pkey'; \
             alter table provider_ids drop constraint provider_ids_pkey; \
             do 'declare n text; begin for n in select name from dropped loop execute ''drop index '' || n; end loop; end'",
        )
        .await;
        for first in (0..videos).step_by(500_000) {
            let last = videos.min(first + 500_000) - 1;
            self.run(&format!("{OLD_VIDEOS} generate_series({first}, {last}) i"))
                .await;
            let (first, last) = (4 * first, 4 * last + 3);
            self.run(&format!(
                "{OLD_EVENTS} generate_series({first}, {last}) i) as made"
            ))
            .await;
        }
        for kind in ["upload", "asset"] {
            self.run(&format!(
                "insert into provider_ids (provider, kind, id, video_id) select provider, '{kind}', {kind}_id, id from videos"
            ))
            .await;
        }
        self.run(
            "set maintenance_work_mem = '512MB'; alter table provider_ids add primary key (id, kind, provider); \
             do 'declare d text; begin for d in select def from dropped loop execute d; end loop; end'; \
             reset maintenance_work_mem; drop table dropped",
        )
        .await;
        self.run("vacuum analyze videos").await;
        self.run("vacuum analyze webhook_events").await;
        self.run("vacuum analyze provider_ids").await;
    }

    pub(crate) async fn run(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// With `BENCH_STATEMENTS` set: what PostgreSQL says of its own time, statement by statement.
    pub(crate) async fn print_statements(&self) {
        if std::env::var_os("BENCH_STATEMENTS").is_none() {
            return;
        }
        self.run("create extension if not exists pg_stat_statements")
            .await;
        let dearest: Vec<(i64, f64, i64, String)> = sqlx::query_as(
            "select calls, total_exec_time, rows, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) \
             from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database()) \
             order by total_exec_time desc limit 12",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        for (calls, exec_ms, rows, query) in dearest {
            eprintln!("    {calls} calls, {rows} rows: {exec_ms:.0} ms: {query}");
        }
    }

    /// One number.
    pub(crate) async fn number(&self, sql: &str) -> f64 {
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }
}

const OLD_VIDEOS: &str = "insert into videos (id, owner, provider, title, metadata, playback_policy, quality, status, \
    upload_id, asset_id, reported, gone, delete_requested, cancel_confirmed, ready_at, ready_by_our_clock, facts, captures, \
    steps, unsent, upload_expires_at, checks, lost, lease_until_s, version, revision, created_at, updated_at) \
    select ('01800000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'owner-' || i % 10000, 'mux', 'Video ' || i, \
    '{}', 'signed', 'basic', 'ready', 'upload-' || md5('old' || i), 'asset-' || md5('old' || i), 'ready', false, false, false, \
    now(), false, jsonb_build_object('playback_id', jsonb_build_object('v', 'playback-' || i, 't', 1, 'r', 6, 'e', 'event-' || i)), \
    '{}', 1, '[]', now() - interval '1 day', 0, false, 0, 4, 4, now(), now() from";

const OLD_EVENTS: &str = "insert into webhook_events (id, provider, event_id, id_is_hash, type, occurred_at, received_at, \
    receipts, video_ref, upload_id, asset_id, state, attempts, video_id, body) \
    select (lpad(to_hex((extract(epoch from now() - interval '1 day') * 1000)::bigint), 12, '0') || '70008001' || \
    lpad(to_hex(i), 12, '0'))::uuid, 'mux', 'event-' || md5('old' || i), false, \
    'video.asset.ready', now(), now() - interval '1 day', 1, v, null, 'asset-' || md5('old' || i / 4), 'applied', 0, v, '\\x7b7d' \
    from (select i, ('01800000-0000-7000-8000-' || lpad(to_hex(i / 4), 12, '0'))::uuid as v from";

const READY_FACTS: &str = "jsonb_build_object(\
    'playback_id', jsonb_build_object('v', 'playback-' || md5(i::text), 't', 1, 'r', 6, 'e', 'event-' || i), \
    'playback_policy', jsonb_build_object('v', 'signed', 't', 1, 'r', 6, 'e', 'event-' || i), \
    'duration', jsonb_build_object('v', 23.857167, 't', 1, 'r', 6, 'e', 'event-' || i), \
    'aspect_ratio', jsonb_build_object('v', '16:9', 't', 1, 'r', 6, 'e', 'event-' || i), \
    'width', jsonb_build_object('v', 1920, 't', 1, 'r', 6, 'e', 'event-' || i), \
    'height', jsonb_build_object('v', 1080, 't', 1, 'r', 6, 'e', 'event-' || i))";
