//! The signature's header: the formats in which providers write it.

use http::HeaderName;

use crate::provider::{compile::Location, error::MapError, vocabulary::HeaderFormatValue};

/// Most signatures of a header that are checked. A rotation of secrets needs two.
// Why: each costs a comparison per secret, and the header is anybody's to send.
const MAX_SIGNATURES: usize = 16;

/// Format of the signature's header (`format`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HeaderFormat {
    /// The value is the signature.
    Raw,
    /// `t=…,v1=…`.
    Pairs {
        /// Names of the pairs that are signatures.
        signature: Vec<String>,
        /// Name of the pair that is the timestamp, if one must be there.
        timestamp: Option<String>,
    },
    /// `v1,… v1,…`: entries between separators, of which those with the prefix count.
    List { separator: String, prefix: String },
}

/// The parts of one header, in any [`HeaderFormat`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HeaderSignatures<'a> {
    /// At least one, none empty, at most [`MAX_SIGNATURES`].
    pub(crate) signatures: Vec<&'a str>,
    pub(crate) timestamp: Option<&'a str>,
}

impl HeaderFormat {
    /// Compiles `format` of the table at `at`.
    ///
    /// # Errors
    /// [`MapError`]: no pair is a signature, or the separator is empty.
    pub(super) fn compile(declared: HeaderFormatValue, at: &Location) -> Result<Self, MapError> {
        let at = at.table("format");
        match declared {
            HeaderFormatValue::Raw => Ok(Self::Raw),
            HeaderFormatValue::Pairs(pairs) if pairs.signature.is_empty() => Err(at.error(
                "signature",
                "is missing and required: the names of the signatures",
            )),
            HeaderFormatValue::Pairs(pairs) => Ok(Self::Pairs {
                signature: pairs.signature,
                timestamp: pairs.timestamp,
            }),
            HeaderFormatValue::List(list) if list.separator.is_empty() => {
                Err(at.error("separator", "is empty"))
            }
            HeaderFormatValue::List(list) => Ok(Self::List {
                separator: list.separator,
                prefix: list.prefix,
            }),
        }
    }

    /// The header has a timestamp.
    pub(super) fn has_timestamp(&self) -> bool {
        matches!(
            self,
            Self::Pairs {
                timestamp: Some(_),
                ..
            }
        )
    }

    /// Parses a header into [`HeaderSignatures`]. `None` if it has no signature, lacks the timestamp, or has it twice.
    pub(crate) fn parse_header<'a>(&self, text: &'a str) -> Option<HeaderSignatures<'a>> {
        let mut found = HeaderSignatures::default();
        match self {
            Self::Raw => found.signatures.push(text.trim()),
            Self::Pairs { signature, timestamp } => {
                for pair in text.split(',') {
                    let Some((name, value)) = pair.split_once('=') else {
                        continue;
                    };
                    let (name, value) = (name.trim(), value.trim());
                    if timestamp.as_deref() == Some(name) {
                        // Why: with two timestamps it is open which one the provider signed.
                        if found.timestamp.replace(value).is_some() {
                            return None;
                        }
                    } else if signature.iter().any(|known| known == name) {
                        found.signatures.push(value);
                    }
                }
                if timestamp.is_some() && found.timestamp.is_none() {
                    return None;
                }
            }
            Self::List { separator, prefix } => {
                let entries = text
                    .split(separator.as_str())
                    .filter_map(|entry| entry.trim().strip_prefix(prefix.as_str()));
                found.signatures.extend(entries);
            }
        }
        // Why in this order: empty entries must not use up the limit.
        found.signatures.retain(|signature| !signature.is_empty());
        found.signatures.truncate(MAX_SIGNATURES);
        (!found.signatures.is_empty()).then_some(found)
    }
}

/// Parses the name under `header` of the table at `at`.
pub(super) fn parse_header_name(name: &str, at: &Location) -> Result<HeaderName, MapError> {
    name.parse()
        .map_err(|_| at.error("header", format!("`{name}` is no header name")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs_format() -> HeaderFormat {
        HeaderFormat::Pairs {
            signature: vec!["v1".to_owned()],
            timestamp: Some("t".to_owned()),
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "\\PC*") {
            for form in [HeaderFormat::Raw, pairs_format(), HeaderFormat::List { separator: " ".to_owned(), prefix: "v1,".to_owned() }] {
                if let Some(found) = form.parse_header(&text) {
                    prop_assert!(!found.signatures.is_empty() && found.signatures.len() <= MAX_SIGNATURES);
                }
            }
        }

        #[test]
        fn what_was_written_is_found(t in "[0-9]{1,12}", good in prop::collection::vec("[0-9a-f]{2,64}", 1..4)) {
            let mut parts: Vec<String> = good.iter().map(|text| format!("v1={text}")).collect();
            parts.insert(parts.len() / 2, format!("t={t}"));
            parts.push("v0=ff".to_owned());
            let text = parts.join(",");
            let form = pairs_format();
            let found = form.parse_header(&text).unwrap();
            prop_assert_eq!(found.timestamp, Some(t.as_str()));
            prop_assert_eq!(found.signatures, good);
        }
    }

    #[test]
    fn a_list_has_entries_with_a_prefix() {
        let form = HeaderFormat::List {
            separator: " ".to_owned(),
            prefix: "v1,".to_owned(),
        };
        assert_eq!(
            form.parse_header("v1,a= v1a,b v1,c").unwrap().signatures,
            ["a=", "c"]
        );
        assert_eq!(form.parse_header("a b"), None);
    }
}
