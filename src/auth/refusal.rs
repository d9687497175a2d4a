//! Why a token is refused: one sentence for its caller, the reason for the log.

/// Longest part of a text of the token that a reason repeats, in characters.
const LONGEST_SHOWN: usize = 64;

/// A token, or a ticket, is not believed. `Display` is the reason for the log: it never holds the token or a part of
/// its signature. [`NotBelieved::detail`] is what the caller is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    /// There is no header Authorization.
    #[error("no header Authorization")]
    NoHeader,
    /// There are several: none of them is believed.
    #[error("more than one header Authorization")]
    SeveralHeaders,
    /// The header has another scheme than Bearer.
    #[error("the header Authorization is not Bearer and a token")]
    NotBearer,
    /// A ticket of an event stream: of another video, expired, or none at all.
    #[error("the ticket is of another video, expired, or none of ours")]
    Ticket,
    /// It is not a signed JWT in the compact form.
    #[error("not a signed JWT: {0}")]
    Malformed(&'static str),
    /// Its header names extensions that must be understood.
    #[error("its header has crit: no extension is understood here")]
    Critical,
    /// Its algorithm is not the one of the key.
    #[error("its algorithm is {given}, the key's is {wanted}")]
    Algorithm {
        /// As the token's header says.
        given: String,
        /// What the secrets or the key want.
        wanted: String,
    },
    /// Its `kid` names no key of the set.
    #[error("auth.jwks has no key {0} (the set is fetched again at most once a minute)")]
    UnknownKey(String),
    /// It has no `kid`, and the set has not exactly one key that checks signatures.
    #[error("it has no kid, and auth.jwks has {0} keys that check signatures")]
    NoKeyId(usize),
    /// Its key is in the set and is none that may check a token.
    #[error("key {kid} of auth.jwks is not used: {why}")]
    UnusableKey {
        /// The key's id.
        kid: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The signature fits none of the keys.
    #[error("its signature does not fit {0}")]
    Signature(&'static str),
    /// There is no `exp`.
    #[error("it has no exp")]
    NoExpiry,
    /// `exp` has passed.
    #[error("it has expired {0} s ago")]
    Expired(i64),
    /// `nbf` is still to come.
    #[error("it is valid in {0} s only (nbf)")]
    NotYet(i64),
    /// `iss` is missing, or another one.
    #[error("its iss is {given}, auth.issuer is {wanted}")]
    Issuer {
        /// The token's, or "missing".
        given: String,
        /// The setting.
        wanted: String,
    },
    /// `aud` is missing, or does not name us.
    #[error("its aud is {given}, auth.audience is {wanted}")]
    Audience {
        /// The token's, or "missing".
        given: String,
        /// The setting.
        wanted: String,
    },
    /// A claim is missing or cannot be read.
    #[error("its claim {claim} {problem}")]
    Claim {
        /// The claim's name.
        claim: &'static str,
        /// What it must be.
        problem: &'static str,
    },
}

impl NotBelieved {
    /// The sentence that the caller is told.
    pub fn detail(&self) -> &'static str {
        match self {
            Self::NoHeader | Self::SeveralHeaders => "Send one header Authorization: Bearer <token>.",
            Self::NotBearer => "Send Authorization: Bearer <token>.",
            Self::Ticket => "The ticket does not open this stream; read the video again.",
            Self::Expired(_) => "The token has expired.",
            Self::NotYet(_) => "The token is not valid yet.",
            Self::Claim { claim: "sub", .. } => "The token's sub must have 1 to 128 characters.",
            Self::Claim { claim: "videos", .. } => "The token's videos must be at most 100 ids.",
            _ => "The token is not valid.",
        }
    }

    /// One word for the kind of reason: what the log tells apart when it leaves lines out.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoHeader => "no_header",
            Self::SeveralHeaders => "several_headers",
            Self::NotBearer => "not_bearer",
            Self::Ticket => "ticket",
            Self::Malformed(_) => "malformed",
            Self::Critical => "crit",
            Self::Algorithm { .. } => "algorithm",
            Self::UnknownKey(_) => "unknown_key",
            Self::NoKeyId(_) => "no_kid",
            Self::UnusableKey { .. } => "unusable_key",
            Self::Signature(_) => "signature",
            Self::NoExpiry => "no_exp",
            Self::Expired(_) => "expired",
            Self::NotYet(_) => "not_yet",
            Self::Issuer { .. } => "issuer",
            Self::Audience { .. } => "audience",
            Self::Claim { claim, .. } => claim,
        }
    }
}

/// A text of a token as a reason may show it: in quotes, escaped, cut.
pub(super) fn shown(text: &str) -> String {
    let mut head: String = text.chars().take(LONGEST_SHOWN).collect();
    if head.len() < text.len() {
        head.push('…');
    }
    format!("{head:?}")
}
