//! Which calls need a turn in the provider's rate, and the turns of a whole upload.

use http::Method;
use url::Url;

use super::{Client, rate::Reserved, watched::result_of};
use crate::limits::lend_permit_while;
use crate::provider::{
    Priority,
    action::{Action, Request},
    error::CallError,
};

/// The turns that the steps of an upload have taken together; without any, each step takes its own.
#[derive(Debug, Default)]
pub struct UploadTurns(Vec<(Method, Reserved)>);

impl Client {
    /// Takes a turn for each of `steps` and waits until the first one begins.
    ///
    /// # Errors
    /// The last of them would come too late, or nobody knows when.
    pub(crate) async fn take_turns(
        &self,
        steps: &[Action],
        priority: Priority<'_>,
    ) -> Result<UploadTurns, CallError> {
        let mut wanted: Vec<(&Action, u32)> = Vec::new();
        // A step whose address the provider gives takes its turn when that is known.
        for step in steps
            .iter()
            .filter(|step| self.is_own(step.url().host().as_deref()))
        {
            let bucket = wanted
                .iter_mut()
                .find(|(other, _)| self.rate.share(other.method(), step.method()));
            match bucket {
                Some((_, turns)) => *turns += 1,
                None => wanted.push((step, 1)),
            }
        }
        let mut taken = Vec::new();
        for (step, turns) in wanted {
            let reserved = lend_permit_while(self.wait(step.method(), turns, priority)).await;
            let reserved = reserved.inspect_err(|error| {
                self.meter.ended(&step.label, result_of(error), None);
            })?;
            taken.push((step.method().clone(), reserved));
        }
        Ok(UploadTurns(taken))
    }

    /// Waits for the turn of one request; returns whether it counts in the rate.
    pub(super) async fn turn(
        &self,
        request: &Request,
        priority: Priority<'_>,
        turns: &mut UploadTurns,
    ) -> Result<bool, CallError> {
        let url = Url::parse(&request.url).ok();
        if !self.is_own(url.as_ref().and_then(host_of).as_deref()) {
            return Ok(false);
        }
        let reserved = turns
            .0
            .iter_mut()
            .find(|(method, reserved)| reserved.is_left() && self.rate.share(method, &request.method));
        match reserved {
            Some((_, reserved)) => reserved.next().await?,
            None => self.wait(&request.method, 1, priority).await?.next().await?,
        }
        Ok(true)
    }

    async fn wait(&self, method: &Method, turns: u32, priority: Priority<'_>) -> Result<Reserved, CallError> {
        let kind = match priority {
            Priority::Request(_) => "request",
            Priority::Background => "background",
        };
        let _waiting = self.meter.waiting(kind);
        self.rate.take(method, turns, priority).await
    }

    fn is_own(&self, host: Option<&str>) -> bool {
        match &self.own_host {
            Some(own) => host == Some(own),
            None => host.is_some(),
        }
    }
}

/// Host and port.
pub(crate) fn host_of(url: &Url) -> Option<String> {
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}
