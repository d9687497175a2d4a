//! Tickets that open the file of one track: a provider that fetches the file sends no `Authorization` header.
//!
//! A ticket is `v1.<track>.<exp>.<mac>`: the id of the track, the end in Unix seconds, and the HMAC-SHA256 of both, as unpadded
//! base64url. It opens the file for as long as this service has it, and nothing else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use hmac::Mac;
use uuid::Uuid;

use super::ticket::Tickets;

/// Life of a ticket.
const LIFE: Duration = Duration::hours(1);

impl Tickets {
    /// Makes the ticket of a track's file. `None` without a key.
    pub fn issue_track_ticket(&self, track: Uuid, now: DateTime<Utc>) -> Option<String> {
        let exp = (now + LIFE).timestamp();
        let mac = self.mac_of(&signed_text(track, exp))?;
        Some(format!(
            "v1.{track}.{exp}.{}",
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        ))
    }

    /// Verifies a ticket and returns the track whose file it opens. `None` where the ticket is not valid now.
    pub fn verify_track_ticket(&self, ticket: &str, now: DateTime<Utc>) -> Option<Uuid> {
        let mut parts = ticket.splitn(4, '.');
        let (Some("v1"), Some(track), Some(exp), Some(mac)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let (track, exp) = (Uuid::try_parse(track).ok()?, exp.parse::<i64>().ok()?);
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        // Why: this comparison takes constant time; one that ends at the first wrong byte would let a stranger guess
        // the code byte by byte.
        self.mac_of(&signed_text(track, exp))?.verify_slice(&mac).ok()?;
        (now < DateTime::from_timestamp(exp, 0)?).then_some(track)
    }
}

/// Returns the text whose code a ticket has.
// Why the first word: a code for another purpose under the same key is no ticket of a file.
fn signed_text(track: Uuid, exp: i64) -> String {
    format!("track\0{track}\0{exp}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_opens_one_file_for_an_hour() {
        let tickets = Tickets::new(&[7; 32]).unwrap();
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let (track, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let ticket = tickets.issue_track_ticket(track, now).unwrap();
        assert_eq!(tickets.verify_track_ticket(&ticket, now), Some(track));
        let last = now + LIFE - Duration::seconds(1);
        assert_eq!(tickets.verify_track_ticket(&ticket, last), Some(track));
        assert_eq!(tickets.verify_track_ticket(&ticket, now + LIFE), None);
        let end = (now + LIFE).timestamp();
        for tampered in [
            ticket.replace(&track.to_string(), &other.to_string()),
            ticket.replace(&end.to_string(), &(end + 1).to_string()),
            ticket[..ticket.len() - 1].to_owned(),
            format!("{ticket}A"),
            // The ticket of an event stream, for a video of the same id.
            tickets
                .issue_ticket(track, now)
                .replacen("v1.", &format!("v1.{track}."), 1),
            String::new(),
            "v1...".to_owned(),
        ] {
            assert_eq!(tickets.verify_track_ticket(&tampered, now), None, "{tampered}");
        }
        let others = Tickets::new(&[8; 32]).unwrap();
        assert_eq!(others.verify_track_ticket(&ticket, now), None);
        assert_eq!(Tickets::default().issue_track_ticket(track, now), None);
    }
}
