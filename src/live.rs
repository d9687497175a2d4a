//! Event streams of this process, and the changes of videos that reach them.
//!
//! | file | contents |
//! |---|---|
//! | `hub` | [`Hub`]: the open streams by video, and the newest version of each |
//! | `stream_shares` | the open streams by owner, and whose oldest gives way when there is no room |
//! | `relay` | [`run`]: the tasks that bring changes to the hub, of this process and of other replicas |

mod hub;
mod relay;
mod stream_shares;

pub use self::hub::{Full, Hub, Subscription};
pub use self::relay::run;
