//! What the fake provider has of each video, and the events that it sends about it.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::Ids;

/// How a video's life goes at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Life {
    Ready,
    Errored,
    /// Deleted at the provider, past us.
    Deleted,
    /// Its owner deletes it through us.
    OwnerDeletes,
    /// Called off before the file came.
    Cancelled,
    /// Nobody uploaded: the provider sends no event of that.
    TimedOut,
}

impl Life {
    pub(crate) const ALL: [Self; 6] = [
        Self::Ready,
        Self::Errored,
        Self::Deleted,
        Self::OwnerDeletes,
        Self::Cancelled,
        Self::TimedOut,
    ];

    /// What our row has to show in the end.
    pub(crate) const fn end(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Errored => "errored",
            Self::Deleted | Self::OwnerDeletes => "deleted",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "expired",
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
    /// The provider answers with the video's last state from now on.
    pub(crate) fn live_at(&self, mux: &FakeMux, now: DateTime<Utc>) {
        let status = match self.life {
            Life::Cancelled => "cancelled",
            Life::TimedOut => "timed_out",
            _ => "asset_created",
        };
        mux.know(&self.ids.upload_event("asset_created", status, now)["data"]);
        match self.life {
            Life::Ready | Life::OwnerDeletes => {
                mux.know(&self.ids.asset_event("ready", "ready", "signed", now)["data"]);
            }
            Life::Errored => mux.know(&self.errored(now)["data"]),
            Life::Deleted | Life::Cancelled | Life::TimedOut => {}
        }
    }

    /// The events of its life, in order.
    pub(crate) fn events(&self, now: DateTime<Utc>) -> Vec<Value> {
        let at = |seconds| now + Duration::seconds(seconds);
        let mut events = self.ids.usual("signed", now).to_vec();
        match self.life {
            Life::Ready | Life::OwnerDeletes => {}
            Life::Errored => events[3] = self.errored(at(3)),
            Life::Deleted => events.push(self.ids.asset_event("deleted", "ready", "signed", at(4))),
            Life::Cancelled => {
                events.truncate(1);
                events.push(self.ids.upload_event("cancelled", "cancelled", at(1)));
            }
            Life::TimedOut => events.truncate(1),
        }
        events
    }

    fn errored(&self, at: DateTime<Utc>) -> Value {
        let mut event = self.ids.asset_event("errored", "errored", "signed", at);
        event["data"]["errors"] = json!({"type": "invalid_input", "messages": ["no video in it"]});
        event
    }

    /// An event that tells the asset's last state once more, under an id of its own. Some are of a kind that our map
    /// ignores, some of one that says too little.
    pub(crate) fn once_more(&self, number: u64, at: DateTime<Utc>) -> Value {
        let kind = match number % 16 {
            0 => "warning",
            1 => "static_renditions.ready",
            _ => "updated",
        };
        let mut event = self.ids.asset_event(kind, "ready", "signed", at);
        if self.life == Life::Errored {
            event["data"] = self.errored(at)["data"].clone();
        }
        event["id"] = json!(format!("once-more-{number}-of-{}", self.ids.upload));
        event
    }
}
