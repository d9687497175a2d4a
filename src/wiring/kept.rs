//! Settings that hold from start to end: what they are for is opened once.

use crate::config::Settings;

/// Sets each of the keys in `new` to what holds `now`, and names those that somebody changed since the `start`.
macro_rules! keep {
    ($new:ident, $start:ident, $now:ident: $($section:ident.$key:ident)*) => {{
        let mut changed = Vec::new();
        $(
            if $new.$section.$key != $start.$section.$key {
                changed.push(concat!(stringify!($section), ".", stringify!($key)));
            }
            $new.$section.$key.clone_from(&$now.$section.$key);
        )*
        changed
    }};
}

/// Keeps what only a start can change, and names what was meant to change. `start` is what the start was told, `now`
/// what came of it: a port of 0 is some port now.
pub(super) fn keep(new: &mut Settings, start: &Settings, now: &Settings) -> Vec<&'static str> {
    let follows = new.http.public_url == format!("http://{}", new.http.listen);
    let changed = keep!(new, start, now:
        http.listen http.metrics_listen
        database.url database.direct_url database.max_connections database.migrate_on_start database.require_postgres
        local.dir local.public_url local.max_bytes local.min_free_bytes local.max_open_uploads_per_owner local.max_bytes_per_owner
        local.jobs
        local.chaos
        log.format log.filter
    );
    if follows {
        new.http.public_url = format!("http://{}", now.http.listen);
    }
    changed
}
