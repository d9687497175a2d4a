//! Settings that hold from start to end, because what they describe is opened once: sockets, pools, folders, the log.

use crate::config::Settings;

/// Puts each of the keys back to what holds `now`, and lists those that differ from the `start`.
// Why a macro: the values have many types, and each key is named once.
macro_rules! restore {
    ($new:ident, $start:ident, $now:ident: $($section:ident.$key:ident)*) => {{
        let mut changed = Vec::new();
        $(
            if $new.$section.$key != $start.$section.$key {
                changed.push(concat!(stringify!($section), ".", stringify!($key)));
            }
            $new.$section.$key.clone_from(&$now.$section.$key);
            $new.sources.take_over(concat!(stringify!($section), ".", stringify!($key)), &$now.sources);
        )*
        changed
    }};
}

/// Restores in `new` every setting that only a start can change, and returns the names of those that were changed.
///
/// `start` has the settings as the start read them; `now` has what came of them: a port of 0 there is a real port here.
/// A `http.public_url` that follows from `http.listen` follows the restored address.
pub(super) fn restore_start_only(new: &mut Settings, start: &Settings, now: &Settings) -> Vec<&'static str> {
    // Why before restoring: the restored address would hide that the URL follows from the one in the file.
    let follows = new.http.public_url == format!("http://{}", new.http.listen);
    let changed = restore!(new, start, now:
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
