//! Calls to the real API, read only: they tell whether it is there and accepts our credentials.

use chrono::{DateTime, Utc};
use http::Method;

use super::{report::Report, sample::sample_row};
use crate::{
    domain::Policy,
    provider::{error::CallError, loaded::Provider, priority::Priority, subject::Captures, template::Scope},
};

/// Looks up an upload and an asset that cannot exist. Any answer but 401 and 403, "not found" above all, shows that the
/// credentials are accepted.
pub(super) async fn try_live(provider: &Provider, now: DateTime<Utc>, report: &mut Report) {
    let row = sample_row(provider, Policy::Public, &Captures::new(), now);
    let scope = Scope::for_input(&row, &provider.map.values);
    let asks = provider.map.asset.get.iter().chain(&provider.map.upload.get);
    let mut asked = 0;
    // Why GET alone: a trial must not change anything at the provider.
    for ask in asks.filter(|ask| *ask.action.method() == Method::GET) {
        asked += 1;
        let label = &ask.action.label;
        match provider
            .map
            .client
            .run(&ask.action, &scope, Priority::Request(""), now)
            .await
        {
            Ok(_) => report
                .notes
                .push(format!("live [{label}]: answered, the credentials are taken")),
            Err(CallError::Refused { status, .. }) if ![401, 403].contains(&status) => {
                report
                    .notes
                    .push(format!("live [{label}]: answered {status} to an id that is none"));
            }
            Err(error) => report.problems.push(format!("live [{label}]: {error}")),
        }
    }
    if asked == 0 {
        report
            .notes
            .push("live: the map has no call that only reads".to_owned());
    }
}
