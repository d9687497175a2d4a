//! Rate permits: the one of a single call, and those that an upload reserves for all its steps.

use http::Method;
use url::Url;

use super::{api::Client, call_observer::error_label, rate::Permits};
use crate::limits::lend_permit_while;
use crate::provider::{
    action::{Action, ActionRequest},
    error::CallError,
    host::host_of,
    priority::Priority,
};

/// The rate permits that an upload has reserved for its steps, one entry a bucket, each with the method of its first
/// step. Where it has none for a step, that step takes its own (`Client::take_with_permits`).
#[derive(Debug, Default)]
pub struct UploadPermits(Vec<(Method, Permits)>);

impl Client {
    /// Reserves a permit for each of `steps`, bucket by bucket, and waits until the first of each bucket begins.
    ///
    /// # Errors
    /// [`CallError::Busy`] where the last permit of a bucket would begin too late, [`CallError::NoLedger`] where the rate is
    /// not known.
    pub(crate) async fn reserve_upload_permits(
        &self,
        steps: &[Action],
        priority: Priority<'_>,
    ) -> Result<UploadPermits, CallError> {
        let mut wanted: Vec<(&Action, u32)> = Vec::new();
        // Why the filter: the host of a step whose URL is a capture is not known yet. Such a step takes its permit when
        // it runs.
        for step in steps
            .iter()
            .filter(|step| self.is_own_host(step.url().host().as_deref()))
        {
            let bucket = wanted
                .iter_mut()
                .find(|(other, _)| self.rate.share_bucket(other.method(), step.method()));
            match bucket {
                Some((_, count)) => *count += 1,
                None => wanted.push((step, 1)),
            }
        }
        let mut reserved = Vec::new();
        for (step, count) in wanted {
            let permits = lend_permit_while(self.acquire(step.method(), count, priority)).await;
            // Why counted here: no call has begun that would count its own end.
            let permits = permits.inspect_err(|error| {
                self.meter.record_call(&step.label, error_label(error), None);
            })?;
            reserved.push((step.method().clone(), permits));
        }
        Ok(UploadPermits(reserved))
    }

    /// Waits for the permit of one request: the next of `reserved` for its bucket, else one of its own. Returns false,
    /// without any wait, for a request that does not count in the rate.
    pub(super) async fn wait_for_permit(
        &self,
        request: &ActionRequest,
        priority: Priority<'_>,
        reserved: &mut UploadPermits,
    ) -> Result<bool, CallError> {
        let url = Url::parse(&request.url).ok();
        if !self.is_own_host(url.as_ref().and_then(host_of).as_deref()) {
            return Ok(false);
        }
        let permits = reserved
            .0
            .iter_mut()
            .find(|(method, permits)| permits.has_left() && self.rate.share_bucket(method, &request.method));
        match permits {
            Some((_, permits)) => permits.use_next().await?,
            None => {
                self.acquire(&request.method, 1, priority)
                    .await?
                    .use_next()
                    .await?;
            }
        }
        Ok(true)
    }

    /// Acquires `count` permits, and shows in the metrics that a call waits meanwhile.
    async fn acquire(
        &self,
        method: &Method,
        count: u32,
        priority: Priority<'_>,
    ) -> Result<Permits, CallError> {
        let kind = match priority {
            Priority::Request(_) => "request",
            Priority::Background => "background",
        };
        let _waiting = self.meter.start_waiting(kind);
        self.rate.acquire(method, count, priority).await
    }
}
