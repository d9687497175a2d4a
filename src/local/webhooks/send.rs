//! One attempt to deliver one webhook.

use std::time::Duration;

use reqwest::{header, redirect};

use super::{envelope, receiver::Receiver};
use crate::local::{app::App, store::PendingEvent};

/// Longest time that a receiver may take; Mux gives up after the same time.
const RECEIVER_TIMEOUT: Duration = Duration::from_secs(5);

/// Builds the client that sends webhooks: no proxy, no redirects, [`RECEIVER_TIMEOUT`].
pub(crate) fn build_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(RECEIVER_TIMEOUT)
        .user_agent("Mux/1.0 (local)")
        .build()
}

/// Posts the event to a receiver once, signed by [`envelope::sign_body`] with the time of this attempt. Returns the
/// status, or `None` when no response came.
pub(crate) async fn send_event(app: &App, receiver: &Receiver, event: &PendingEvent) -> Option<u16> {
    let body = envelope::envelope_body(event);
    let signature = envelope::sign_body(
        app.credentials.webhook_secret(),
        // Why not the provider's time: the receiver compares this one with its own clock.
        app.clock.outside_now().timestamp(),
        &body,
    )?;
    let request = app
        .http
        .post(&receiver.url)
        .header(header::CONTENT_TYPE, "application/json")
        .header("mux-signature", signature)
        .body(body);
    match request.send().await {
        Ok(response) => Some(response.status().as_u16()),
        Err(error) => {
            tracing::debug!(error = %error.without_url(), event.id = %event.id, "webhook got no answer");
            None
        }
    }
}
