//! Tickets that open the event stream of one video: a browser's `EventSource` sends no `Authorization` header, so the
//! address itself has to carry the proof.
//!
//! A ticket is `v1.<exp>.<mac>`: the end in Unix seconds, and the HMAC-SHA256 of video and end, as unpadded base64url.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// Tickets end at multiples of this many seconds.
// Why: a video's `events_url` holds the ticket and its `ETag` covers the end; both so stay the same for hours.
const STEP_S: i64 = 12 * 3600;

/// Makes and verifies tickets. All replicas share the key, which is in the database. Without a key no ticket is valid.
#[derive(Default)]
pub struct Tickets(OnceLock<Hmac<Sha256>>);

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tickets")
    }
}

impl Tickets {
    /// Makes tickets with a key of 32 random bytes. `None` where HMAC does not take the key.
    pub fn new(key: &[u8]) -> Option<Self> {
        let tickets = Self::default();
        tickets.set_key(key).then_some(tickets)
    }

    /// Sets the key, unless one is set: the first one stays. Returns false where HMAC does not take the key.
    pub fn set_key(&self, key: &[u8]) -> bool {
        Hmac::new_from_slice(key).is_ok_and(|mac| {
            self.0.get_or_init(|| mac);
            true
        })
    }

    /// Returns whether the key is set.
    pub fn has_key(&self) -> bool {
        self.0.get().is_some()
    }

    /// Returns the end of a ticket that is made at `now`, in Unix seconds: the first multiple of 12 h that is at least
    /// 12 h away.
    pub fn next_end(now: DateTime<Utc>) -> i64 {
        (now.timestamp() + 2 * STEP_S - 1).div_euclid(STEP_S) * STEP_S
    }

    /// Makes the ticket of a video, `v1.<exp>.<mac>`. Without a key it is empty, and opens nothing.
    pub fn issue_ticket(&self, video: Uuid, now: DateTime<Utc>) -> String {
        let exp = Self::next_end(now);
        let Some(mac) = self.compute_mac(video, exp) else {
            return String::new();
        };
        format!("v1.{exp}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    /// Verifies a ticket for a video and returns its end. `None` where the ticket is not valid for this video now.
    pub fn verify_ticket(&self, ticket: &str, video: Uuid, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut parts = ticket.splitn(3, '.');
        let (Some("v1"), Some(exp), Some(mac)) = (parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        let (exp, mac) = (exp.parse::<i64>().ok()?, URL_SAFE_NO_PAD.decode(mac).ok()?);
        // Why: this comparison takes constant time; one that ends at the first wrong byte would let a stranger guess
        // the code byte by byte.
        self.compute_mac(video, exp)?.verify_slice(&mac).ok()?;
        let end = DateTime::from_timestamp(exp, 0)?;
        (now < end).then_some(end)
    }

    /// Returns the HMAC of a ticket, before it is finished. `None` without a key.
    fn compute_mac(&self, video: Uuid, exp: i64) -> Option<Hmac<Sha256>> {
        // Why the first word: a code for another purpose under the same key would be no ticket.
        self.mac_of(&format!("events\0{video}\0{exp}"))
    }

    /// Returns the HMAC of a text, before it is finished. `None` without a key.
    pub(super) fn mac_of(&self, text: &str) -> Option<Hmac<Sha256>> {
        // Why a clone: it has the key set up already.
        let mut mac = self.0.get()?.clone();
        mac.update(text.as_bytes());
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_ticket_ends_on_a_boundary_at_least_twelve_hours_away() {
        for now in [0, 1, STEP_S - 1, STEP_S, STEP_S + 1, 1_780_000_000] {
            let end = Tickets::next_end(at(now));
            assert_eq!(end % STEP_S, 0);
            assert!((STEP_S..2 * STEP_S).contains(&(end - now)), "{now} {end}");
        }
    }

    #[test]
    fn a_ticket_opens_one_video_until_its_end() {
        let tickets = Tickets::new(&[7; 32]).unwrap();
        let (video, now) = (Uuid::from_u128(1), at(1_780_000_000));
        let ticket = tickets.issue_ticket(video, now);
        assert_eq!(
            tickets.verify_ticket(&ticket, video, now),
            Some(at(Tickets::next_end(now)))
        );
        assert_eq!(tickets.verify_ticket(&ticket, Uuid::from_u128(2), now), None);
        assert_eq!(
            tickets.verify_ticket(&ticket, video, at(Tickets::next_end(now))),
            None
        );
        assert_eq!(
            tickets.verify_ticket(&ticket.replace("v1.1", "v1.2"), video, now),
            None
        );
        assert_eq!(
            Tickets::new(&[8; 32]).unwrap().verify_ticket(&ticket, video, now),
            None
        );
        for bad in ["", "v1", "v1.x.y", "v2.1.a"] {
            assert_eq!(tickets.verify_ticket(bad, video, now), None);
        }
    }
}
