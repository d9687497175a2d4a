//! What the fake provider has of each video, and the events that it sends about it.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use yourbit_video::clock::Clock;

use crate::support::mux_events::Ids;

/// How a video's life goes at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Ready,
    Errored,
    Deleted,
}

impl Life {
    /// What our row has to show in the end.
    pub(crate) const fn end(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Errored => "errored",
            Self::Deleted => "deleted",
        }
    }
}

/// One video at the provider.
#[derive(Clone, Debug)]
pub(crate) struct AtMux {
    pub(crate) ids: Ids,
    pub(crate) life: Life,
}

impl AtMux {
    /// The asset as the provider has it in the end; none where it is gone.
    pub(crate) fn last_state(&self) -> Option<Value> {
        let at = Clock::system().now();
        match self.life {
            Life::Ready => Some(self.ids.asset_event("ready", "ready", "signed", at)["data"].clone()),
            Life::Errored => Some(self.errored(at)["data"].clone()),
            Life::Deleted => None,
        }
    }

    /// The upload as the provider has it in the end.
    pub(crate) fn upload(&self) -> Value {
        let at = Clock::system().now();
        self.ids.upload_event("asset_created", "asset_created", at)["data"].clone()
    }

    /// The events of its life, in order.
    pub(crate) fn events(&self, now: DateTime<Utc>) -> Vec<Value> {
        let mut events = self.ids.usual("signed", now).to_vec();
        match self.life {
            Life::Ready => {}
            Life::Errored => events[3] = self.errored(now + Duration::seconds(3)),
            Life::Deleted => {
                let at = now + Duration::seconds(4);
                events.push(self.ids.asset_event("deleted", "ready", "signed", at));
            }
        }
        events
    }

    fn errored(&self, at: DateTime<Utc>) -> Value {
        let mut event = self.ids.asset_event("errored", "errored", "signed", at);
        event["data"]["errors"] = json!({"type": "invalid_input", "messages": ["no video in it"]});
        event
    }

    /// An event that tells the asset's last state once more, under an id of its own: event `number` of the drill.
    /// Some are of a kind that our map ignores, some of one that says too little.
    pub(crate) fn once_more(&self, number: u64) -> Value {
        let at = Clock::system().now();
        let kind = match number % 16 {
            0 => "warning",
            1 => "static_renditions.ready",
            _ => "updated",
        };
        let mut event = self.ids.asset_event(kind, self.life.end(), "signed", at);
        if self.life == Life::Errored {
            event["data"] = self.errored(at)["data"].clone();
        }
        event["id"] = json!(format!("once-more-{number}"));
        event
    }
}
