//! The error of authentication: one sentence for the caller, the exact reason for the log.

/// Most characters of a text of the token that a reason quotes.
const LONGEST_QUOTE: usize = 64;

/// A token or a ticket is refused. `Display` is the reason for the log, and never holds the token or a part of its
/// signature. [`AuthError::detail`] is the sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The request has no header Authorization.
    #[error("no header Authorization")]
    NoHeader,
    /// The request has several headers Authorization; none of them is read.
    #[error("more than one header Authorization")]
    SeveralHeaders,
    /// The header Authorization has another scheme than Bearer.
    #[error("the header Authorization is not Bearer and a token")]
    NotBearer,
    /// The ticket of an event stream is of another video, has expired, or was not made here.
    #[error("the ticket is of another video, expired, or none of ours")]
    Ticket,
    /// The token is not a signed JWT in the compact form.
    #[error("not a signed JWT: {0}")]
    Malformed(&'static str),
    /// The header of the token has `crit`: extensions that must be understood.
    #[error("its header has crit: no extension is understood here")]
    Critical,
    /// The token claims another algorithm than its key has.
    #[error("its algorithm is {given}, the key's is {wanted}")]
    Algorithm {
        /// The token's `alg`.
        given: String,
        /// The algorithm of the secrets or the key.
        wanted: String,
    },
    /// The token's `kid` names no key of the set.
    #[error("auth.jwks has no key {0} (the set is fetched again at most once a minute)")]
    UnknownKey(String),
    /// The token has no `kid`, and the set has not exactly one key that verifies signatures. Holds their number.
    #[error("it has no kid, and auth.jwks has {0} keys that check signatures")]
    NoKeyId(usize),
    /// The token's `kid` names a key of the set that may not verify tokens.
    #[error("key {kid} of auth.jwks is not used: {why}")]
    UnusableKey {
        /// The id of the key.
        kid: String,
        /// The reason.
        why: &'static str,
    },
    /// No key verifies the signature. Holds the name of the keys.
    #[error("its signature does not fit {0}")]
    Signature(&'static str),
    /// The token has no `exp`.
    #[error("it has no exp")]
    NoExpiry,
    /// `exp` has passed, by this many seconds.
    #[error("it has expired {0} s ago")]
    Expired(i64),
    /// `nbf` comes in this many seconds.
    #[error("it is valid in {0} s only (nbf)")]
    NotYet(i64),
    /// `iss` is missing, or another one.
    #[error("its iss is {given}, auth.issuer is {wanted}")]
    Issuer {
        /// The claim of the token, or "missing".
        given: String,
        /// The setting `auth.issuer`.
        wanted: String,
    },
    /// `aud` is missing, or does not name this service.
    #[error("its aud is {given}, auth.audience is {wanted}")]
    Audience {
        /// The claim of the token, or "missing".
        given: String,
        /// The setting `auth.audience`.
        wanted: String,
    },
    /// A claim is missing or cannot be read.
    #[error("its claim {claim} {problem}")]
    Claim {
        /// The name of the claim.
        claim: &'static str,
        /// The end of a sentence that begins with the name.
        problem: &'static str,
    },
}

impl AuthError {
    /// Returns the sentence for the caller of the API. It does not say which check failed, except for what the caller
    /// can mend.
    pub fn detail(&self) -> &'static str {
        match self {
            Self::NoHeader | Self::SeveralHeaders => "Send one header Authorization: Bearer <token>.",
            Self::NotBearer => "Send Authorization: Bearer <token>.",
            Self::Ticket => "The ticket does not open this stream; read the video again.",
            Self::Expired(_) => "The token has expired.",
            Self::NotYet(_) => "The token is not valid yet.",
            Self::Claim { claim: "sub", .. } => "The token's sub must have 1 to 128 characters.",
            Self::Claim { claim: "videos", .. } => "The token's videos must be at most 100 ids.",
            // Why no more: the exact reason would show a stranger which keys and claims are expected.
            _ => "The token is not valid.",
        }
    }

    /// Returns one word for the kind of reason: log lines of refused tokens are limited for each kind by itself
    /// (`LogLimits` in [`telemetry`](crate::telemetry)).
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

/// Returns a text of a token as a reason may show it: in quotes, escaped, and cut to [`LONGEST_QUOTE`].
pub(super) fn quote_text(text: &str) -> String {
    let mut head: String = text.chars().take(LONGEST_QUOTE).collect();
    if head.len() < text.len() {
        head.push('…');
    }
    // Why escaped: a line break in the token would begin another line of the log.
    format!("{head:?}")
}
