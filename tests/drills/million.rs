//! Lists of very many videos, on both databases: every filter in both orders.
//!
//! Held of each request: no statement scans the table, and none reads more than a bounded number of rows to throw them
//! away. The plans are the databases' own, of the statements that the service really sends. A search that goes on page by
//! page finds every video that it should, each once.
//!
//! `tests/million` runs it with a million rows, prints the median time of each filter, and holds it to 20 ms; to 100 ms where
//! it looks at a whole window, counts, or has a hundred videos.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::{AssertSqlSafe, Row, SqlitePool};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::cluster::Cluster;
use crate::form;
use crate::rows::Rows;
use crate::scale::whole_plan;
use crate::support::fake_mux::FakeMux;
use crate::support::{Db, TestApp, TestDatabase, maps_without_a_rate, start_of_time};

/// Rows of one window of a list.
const WINDOW: u64 = 10_000;

/// Rows that a statement may read for nothing. PostgreSQL may read a window along the primary key, with the rows of others
/// between its first and its last one, where it takes that to be cheaper.
const MOST_REMOVED: u64 = 3 * WINDOW;

/// A page that looks at a whole window, counts, or has a hundred videos may take this many times as long as another.
const LARGE_TIMES: usize = 5;

/// One title in this many has a needle in it.
const NEEDLE_EVERY: usize = 9_973;

/// The columns of a generated row. Half of the videos are of one owner, a tenth at another provider, a quarter have one
/// external id, fewer than a window have another, one in a hundred is errored, one in a hundred waiting.
const COLUMNS: &str = "id, owner, provider, title, title_folded, title_folded_of, external_id, metadata, playback_policy, \
     quality, status, upload_id, asset_id, reported, gone, delete_requested, cancel_confirmed, ready_at, \
     ready_by_our_clock, facts, captures, steps, unsent, upload_expires_at, check_at, checks, lost, discarded, \
     lease_until_s, version, revision, created_at, updated_at";

/// The facts of a ready video, `{i}` being its number.
const FACTS: &str = r#"{"playback_id":{"v":"playback-{i}","t":1780000000000000,"r":7,"e":"event-{i}"},"duration":{"v":23.86,"t":1780000000000000,"r":7,"e":"event-{i}"},"aspect_ratio":{"v":"16:9","t":1780000000000000,"r":7,"e":"event-{i}"},"width":{"v":1920,"t":1780000000000000,"r":7,"e":"event-{i}"},"height":{"v":1080,"t":1780000000000000,"r":7,"e":"event-{i}"},"tracks":{"v":[{"id":"track-1","type":"video","max_width":1920,"max_height":1080},{"id":"track-2","type":"audio","max_channels":2}],"t":1780000000000000,"r":7,"e":"event-{i}"}}"#;

/// The values of a generated row, from `i`, the status `s`, the title `title`, and what the database says for the id, a
/// time, no and the facts.
fn values(id: &str, time: &str, no: &str, facts: &str) -> String {
    format!(
        "{id}, case when i % 2 = 0 then 'big' else 'owner-' || i % 9973 end, \
         case when i % 10 = 9 then 'other' else 'mux' end, title, lower(title), title, \
         case when i % 4 = 1 then 'shared' when i % 128 = 2 then 'several' else 'external-' || i / 2 end, '{{}}', 'signed', 'basic', s, 'upload-' || i, \
         case when s = 'ready' then 'asset-' || i end, s, {no}, {no}, {no}, case when s = 'ready' then {time} end, {no}, \
         {facts}, '{{}}', 1, '[]', {time}, null, 0, {no}, {no}, 0, 3, 3, {time}, {time}"
    )
}

/// The rows: number, status and title.
const MADE: &str = "select i, case when i % 100 = 3 then 'errored' when i % 100 = 5 then 'waiting' else 'ready' end as s, \
     case when i % {every} = 7 then 'The Needle number ' else 'A film of the holiday number ' end || i as title";

fn made() -> String {
    MADE.replace("{every}", &NEEDLE_EVERY.to_string())
}

/// Videos a second apart, the last one now.
async fn fill(rows: &Rows, count: usize, now: DateTime<Utc>) {
    let (ms, s) = (now.timestamp_millis(), now.timestamp());
    match rows {
        Rows::Postgres(_) => {
            let id = format!(
                "(lpad(to_hex({ms} - ({count} - i) * 1000), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid"
            );
            let facts = format!("replace('{FACTS}', '{{i}}', i::text)::jsonb");
            let values = values(
                &id,
                &format!("to_timestamp({s} - ({count} - i))"),
                "false",
                &facts,
            );
            rows.run("create table kept as select indexdef as def, indexname as name from pg_indexes \
                 where tablename = 'videos' and indexname not like '%_pkey'; \
                 do 'declare n text; begin for n in select name from kept loop execute ''drop index '' || n; end loop; end'")
                .await;
            rows.run(&format!(
                "insert into videos ({COLUMNS}) select {values} from ({} from generate_series(1, {count}) i) as made",
                made()
            ))
            .await;
            rows.run(
                "do 'declare d text; begin for d in select def from kept loop execute d; end loop; end'",
            )
            .await;
            rows.run("vacuum analyze videos").await;
        }
        Rows::Sqlite(_) => {
            let id = format!(
                "unhex(printf('%012x', {ms} - ({count} - i) * 1000) || '70008000' || printf('%012x', i))"
            );
            let time = format!("strftime('%Y-%m-%dT%H:%M:%S+00:00', {s} - ({count} - i), 'unixepoch')");
            let values = values(&id, &time, "0", &format!("replace('{FACTS}', '{{i}}', i)"));
            rows.run(&format!(
                "pragma cache_size = -400000; \
                 insert into videos ({COLUMNS}) with recursive numbers(i) as \
                 (select 1 union all select i + 1 from numbers where i < {count}) select {values} from ({} from numbers)",
                made()
            ))
            .await;
        }
    }
}

/// The statements that this process sends, since they were last taken.
fn statements() -> &'static Mutex<Vec<String>> {
    static STATEMENTS: OnceLock<Mutex<Vec<String>>> = OnceLock::new();
    STATEMENTS.get_or_init(Mutex::default)
}

/// Collects what the driver logs.
struct Collector;

impl<S: tracing::Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut found = Statement::default();
            event.record(&mut found);
            let text = if found.whole.trim().is_empty() {
                found.summary
            } else {
                found.whole
            };
            statements().lock().unwrap().push(text.trim().to_owned());
        }
    }
}

#[derive(Default)]
struct Statement {
    summary: String,
    whole: String,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.whole),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// Where the plans of a request come from.
enum Plans {
    Postgres(Cluster),
    Sqlite(SqlitePool),
}

impl Plans {
    /// Forgets the plans until now; a place from which to take the next ones.
    fn mark(&self) -> usize {
        statements().lock().unwrap().clear();
        match self {
            Self::Postgres(cluster) => cluster.log().len(),
            Self::Sqlite(_) => 0,
        }
    }

    /// The plans of the statements about videos since then, and what is wrong with them.
    async fn take(&self, mark: usize) -> (Vec<String>, Vec<String>) {
        let plans = match self {
            Self::Postgres(cluster) => {
                tokio::time::sleep(Duration::from_millis(30)).await;
                let log = cluster.log().split_off(mark);
                let plans = log.split("plan:\n").skip(1).map(whole_plan);
                plans
                    .filter(|plan| plan.contains("videos"))
                    .map(str::to_owned)
                    .collect()
            }
            Self::Sqlite(pool) => {
                let sent = std::mem::take(&mut *statements().lock().unwrap());
                let mut plans = Vec::new();
                for sql in sent.into_iter().filter(|sql| sql.contains("from videos")) {
                    let explain = AssertSqlSafe(format!("explain query plan {sql}"));
                    let lines = sqlx::query(explain).fetch_all(pool).await.unwrap();
                    let mut plan = format!("{sql}\n");
                    for line in lines {
                        writeln!(plan, "\t{}", line.get::<String, _>("detail")).unwrap();
                    }
                    plans.push(plan);
                }
                plans
            }
        };
        let faults = plans.iter().filter(|plan| scans(plan)).cloned().collect();
        (plans, faults)
    }
}

/// Whether the table is read from end to end, or many rows are read for nothing.
fn scans(plan: &str) -> bool {
    let lines = || plan.lines().map(str::trim);
    let removed = lines().filter_map(|line| line.strip_prefix("Rows Removed by Filter: "));
    // SQLite calls the rows of a subquery by its name too.
    let is_inner = lines().any(|line| line == "CO-ROUTINE videos");
    lines().any(|line| line.contains("Seq Scan on videos") || (line == "SCAN videos" && !is_inner))
        || removed
            .into_iter()
            .any(|count| count.parse::<u64>().unwrap() > MOST_REMOVED)
}

/// The words of a plan that name its ways to the rows.
fn ways(plan: &str) -> BTreeSet<String> {
    let named = |line: &str| {
        let at = line
            .find(" using ")
            .map(|at| at + 7)
            .or_else(|| Some(line.find("INDEX ")? + 6))?;
        line[at..].split_whitespace().next().map(str::to_owned)
    };
    plan.lines().skip(1).filter_map(named).collect()
}

/// Every filter of a list, as a query.
fn filters(count: usize, now: DateTime<Utc>) -> Vec<String> {
    let time = |part: i64| {
        let seconds = i64::try_from(count).unwrap() / 100 * part;
        (now - chrono::Duration::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Secs, true)
    };
    [
        String::new(),
        "status=ready".to_owned(),
        "status=errored".to_owned(),
        "status=preparing".to_owned(),
        "status=errored&status=waiting&status=ready".to_owned(),
        "provider=mux".to_owned(),
        "provider=other".to_owned(),
        "provider=other&status=errored".to_owned(),
        "external_id=shared".to_owned(),
        "external_id=external-77".to_owned(),
        "external_id=several".to_owned(),
        "external_id=several&status=errored".to_owned(),
        "external_id=shared&status=errored".to_owned(),
        "external_id=shared&provider=other&status=waiting".to_owned(),
        "q=NEEDLE".to_owned(),
        "q=nowhere+to+be+found".to_owned(),
        format!("q=playback-{}", count - 7),
        "q=needle&status=errored".to_owned(),
        "q=needle&provider=mux&status=ready".to_owned(),
        "q=needle&provider=other".to_owned(),
        "q=needle&external_id=shared".to_owned(),
        "q=needle&external_id=several".to_owned(),
        format!("created_after={}&created_before={}", time(60), time(40)),
        format!("created_before={}&status=waiting", time(50)),
        format!("created_before={}&q=needle", time(50)),
        "count=true".to_owned(),
        "count=true&provider=mux".to_owned(),
        "limit=100".to_owned(),
    ]
    .to_vec()
}

/// The middle of several times of one request, in milliseconds.
async fn median_ms(app: &TestApp, token: &str, path: &str) -> f64 {
    let mut times = Vec::new();
    for _ in 0..5 {
        // Counts are kept for some seconds: each of these is made.
        app.clock.advance(chrono::Duration::seconds(6));
        let begun = Instant::now();
        app.get(token, path).await.expect(200);
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    times[2]
}

/// One request for a list.
struct Request {
    who: &'static str,
    owner: &'static str,
    scope: &'static str,
    path: String,
    /// What its statements use, and how many videos the page has.
    seen: String,
}

impl Request {
    /// It has a filter without an index, so that rows are looked at one by one; or counts, or a hundred videos.
    fn is_large(&self) -> bool {
        ["q=", "external_id=s", "count=", "limit=100"]
            .iter()
            .any(|part| self.path.contains(part))
    }

    fn token(&self, app: &TestApp) -> String {
        app.token(self.owner, self.scope)
    }
}

/// Every filter in both orders, for an admin, the owner of half of everything and one of few.
fn requests(count: usize) -> Vec<Request> {
    let callers = [
        ("admin", "root", "video:admin"),
        ("big", "big", ""),
        ("small", "owner-77", ""),
    ];
    let mut all = Vec::new();
    for (who, owner, scope) in callers {
        for filter in filters(count, start_of_time()) {
            for order in ["newest", "oldest"] {
                let path = format!("/v1/videos?{filter}&order={order}").replace("?&", "?");
                let seen = String::new();
                all.push(Request {
                    who,
                    owner,
                    scope,
                    path,
                    seen,
                });
            }
        }
    }
    all
}

/// Notes the plans of each request, and holds them.
async fn read_plans(app: &TestApp, plans: &Plans, requests: &mut [Request]) {
    let mut faults = Vec::new();
    for request in requests {
        // Counts are kept for some seconds: each of these is made.
        app.clock.advance(chrono::Duration::seconds(6));
        let token = request.token(app);
        let mark = plans.mark();
        let page = app.get(&token, &request.path).await.expect(200);
        let (seen, bad) = plans.take(mark).await;
        let (who, path) = (request.who, &request.path);
        assert!(!seen.is_empty(), "{who} {path}: no plan");
        faults.extend(bad.iter().map(|plan| format!("{who} {path}\n{plan}")));
        let ways: BTreeSet<String> = seen.iter().flat_map(|plan| ways(plan)).collect();
        let ways = ways.into_iter().collect::<Vec<_>>().join(" ");
        let rows = page["data"].as_array().unwrap().len();
        request.seen = format!("{rows:3} rows  {who:5} {path}  {ways}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// Prints the time of each request, and holds it.
async fn measure(app: &TestApp, requests: &[Request]) {
    let limit_ms = form("DRILL_LIST_MS", 0);
    let (mut faults, mut slowest) = (Vec::new(), 0.0_f64);
    for request in requests {
        let ms = median_ms(app, &request.token(app), &request.path).await;
        slowest = slowest.max(ms);
        println!("{ms:7.1} ms  {}", request.seen);
        let times = if request.is_large() { LARGE_TIMES } else { 1 };
        if limit_ms > 0 && ms > f64::from(u32::try_from(limit_ms * times).unwrap()) {
            faults.push(format!("{} {}: {ms:.1} ms", request.who, request.path));
        }
    }
    println!("the slowest filter takes {slowest:.1} ms");
    assert!(
        faults.is_empty(),
        "more than {limit_ms} ms:\n{}",
        faults.join("\n")
    );
}

/// A search goes on page by page until there is no next one, and finds each video once.
async fn whole_search(app: &TestApp, count: usize) {
    let admin = app.token("root", "video:admin");
    let wanted = (1..=count).filter(|i| i % NEEDLE_EVERY == 7).count();
    for order in ["newest", "oldest"] {
        let (mut found, mut pages, mut empty) = (Vec::new(), 0, 0);
        let mut path = format!("/v1/videos?q=needle&limit=2&order={order}");
        loop {
            let page = app.get(&admin, &path).await.expect(200);
            let data = page["data"].as_array().unwrap();
            found.extend(data.iter().map(|video| video["id"].as_str().unwrap().to_owned()));
            (pages, empty) = (pages + 1, empty + usize::from(data.is_empty()));
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            path = format!("/v1/videos?q=needle&limit=2&order={order}&cursor={cursor}");
        }
        let mut sorted = found.clone();
        sorted.sort();
        sorted.dedup();
        if order == "newest" {
            sorted.reverse();
        }
        assert_eq!(found, sorted, "{order}: in order, each once");
        assert_eq!(found.len(), wanted, "{order}: all of them in {pages} pages");
        assert!(
            pages >= count / usize::try_from(WINDOW).unwrap(),
            "{order}: {pages} pages, {empty} of them empty"
        );
    }
}

async fn drill(db: Db) {
    let count = form("DRILL_LIST_ROWS", 60_000);
    let registry = tracing_subscriber::registry().with(Collector);
    // Set already, where another test of this process came first.
    let _set = tracing::subscriber::set_global_default(registry);
    let (database, plans) = match db {
        Db::Postgres => {
            let cluster = Cluster::start_new();
            let url = cluster.create_database("lists");
            let rows = Rows::of(&url).await;
            for setting in [
                "session_preload_libraries = 'auto_explain'",
                "auto_explain.log_min_duration = 0",
                "auto_explain.log_analyze = on",
                "auto_explain.log_timing = off",
                "maintenance_work_mem = '256MB'",
                "synchronous_commit = off",
            ] {
                rows.run(&format!("alter database lists set {setting}")).await;
            }
            (TestDatabase::at(&url), Plans::Postgres(cluster))
        }
        Db::Sqlite => {
            let database = TestDatabase::make(db).await;
            let options = format!("{}?mode=rwc", database.url);
            let pool = SqlitePool::connect(&options).await.unwrap();
            (database, Plans::Sqlite(pool))
        }
    };
    let database = Arc::new(database);
    // The other provider has the map of the first.
    let maps = maps_without_a_rate();
    let map = |name: &str| maps.path().join(name).with_extension("toml");
    std::fs::copy(map("mux"), map("other")).unwrap();
    let settings = [("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap())];
    let app = TestApp::on(database.clone(), FakeMux::start().await, &settings).await;
    let rows = Rows::of(&database.url).await;
    let begun = Instant::now();
    fill(&rows, count, start_of_time()).await;
    println!("{count} videos on {db:?}, made in {:.0?}", begun.elapsed());
    let mut requests = requests(count);
    read_plans(&app, &plans, &mut requests).await;
    // A new service has connections of its own, which explain nothing.
    if let Db::Postgres = db {
        for name in ["session_preload_libraries", "auto_explain.log_min_duration"] {
            rows.run(&format!("alter database lists reset {name}")).await;
        }
    }
    let app = TestApp::on(database, FakeMux::start().await, &settings).await;
    measure(&app, &requests).await;
    whole_search(&app, count).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_very_many_videos_use_indexes_on_postgres() {
    Box::pin(drill(Db::Postgres)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_very_many_videos_use_indexes_on_sqlite() {
    Box::pin(drill(Db::Sqlite)).await;
}
