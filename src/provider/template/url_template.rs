//! URL templates: values are percent-encoded, and none of them can choose the host.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Origin, Url};

use super::{
    placeholder::{Place, Placeholder},
    scope::Scope,
    slot::{Part, Slot, check_path_value, constant_text},
    text::Template,
};
use crate::provider::{compile::Constants, error::InvalidField, host::host_of};

/// The characters that are percent-encoded: all but the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes `text`, so that only unreserved characters of RFC 3986 are left.
pub(crate) fn percent_encode(text: &str) -> percent_encoding::PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

/// End of the error of a placeholder that stands in scheme, host or port.
const CHOOSES: &str = "must not choose scheme, host or port; allowed there: literals, vars.*, a whole address that was captured";

/// A compiled URL.
#[derive(Clone, Debug)]
pub(crate) struct UrlTemplate {
    parts: Vec<Part>,
    /// The begin is a URL that the provider gave, instead of one that the map spells.
    captured: bool,
}

impl UrlTemplate {
    /// Compiles `text`. Secrets are not available in a URL, wherever it stands.
    ///
    /// # Errors
    /// The errors of [`Template::compile`]; a value could choose scheme, host or port; `raw` stands at a value of the
    /// request; the literal begin is no http or https URL, or holds a user or password.
    pub(crate) fn compile(text: &str, place: &Place, constants: &Constants) -> Result<Self, String> {
        let place = Place {
            secrets: false,
            ..place.clone()
        };
        let template = Template::compile(text, &place, constants)?;
        for slot in template.slots().filter(|slot| slot.is_raw()) {
            if matches!(
                slot.name,
                Placeholder::Field(_) | Placeholder::SourceUrl | Placeholder::Track(_)
            ) {
                return Err(format!(
                    "{} comes from the request: `raw` is refused",
                    slot.name.spell_out()
                ));
            }
        }
        let parts = template.into_parts();
        let this = Self {
            captured: matches!(parts.first(), Some(Part::Slot(_))),
            parts,
        };
        this.check_start()?;
        Ok(this)
    }

    /// The URL is one that the provider gave, and not one that the map spells: no credentials may go there.
    pub(crate) fn is_captured(&self) -> bool {
        self.captured
    }

    /// Returns host and port, `host:port`; `None` if the provider gives them.
    pub(crate) fn host(&self) -> Option<String> {
        host_of(&Url::parse(&self.literal_start()).ok()?)
    }

    /// Returns the text before the first placeholder.
    fn literal_start(&self) -> String {
        let mut start = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => start.push_str(text),
                Part::Const(value) => start.push_str(&constant_text(value)),
                Part::Slot(_) => break,
            }
        }
        start
    }

    /// Returns the name of the capture that the URL begins with.
    pub(crate) fn captured_name(&self) -> Option<&str> {
        match self.parts.first() {
            Some(Part::Slot(Slot {
                name: Placeholder::Captured(name),
                ..
            })) => Some(name),
            _ => None,
        }
    }

    /// Returns every placeholder, as a [`Slot`].
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.parts.iter().filter_map(Part::as_slot)
    }

    /// Returns the [`Slot`]s before query and fragment.
    pub(crate) fn path_slots(&self) -> impl Iterator<Item = &Slot> {
        let path = self
            .parts
            .iter()
            .take_while(|part| !matches!(part, Part::Text(text) if text.contains(['?', '#'])));
        path.filter_map(Part::as_slot)
    }

    /// Renders the URL. Three guards hold against values: none can be a step in the path, alone or joined to others; a
    /// URL that is captured or has a `raw` value must parse; and what follows a captured URL must not change its
    /// origin.
    ///
    /// # Errors
    /// [`InvalidField`]: a value is missing, or a guard refused it.
    pub(crate) fn render(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        let mut out = String::with_capacity(128);
        let mut start = None;
        // Why: a value can be a step only in the path, so those in the query are not checked for it.
        let mut in_path = true;
        let mut parse = self.captured;
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) => {
                    out.push_str(text);
                    in_path &= !text.contains(['?', '#']);
                }
                Part::Const(value) => out.push_str(&constant_text(value)),
                Part::Slot(slot) => {
                    let text = slot.require_value(scope)?.into_text();
                    if index == 0 {
                        start = Some(web_origin(&text).ok_or_else(|| no_url_error(slot))?);
                        in_path = !text.contains(['?', '#']);
                        out.push_str(&text);
                    } else if slot.is_raw() {
                        parse = true;
                        out.push_str(&text);
                    } else {
                        if in_path {
                            check_path_value(slot, &text)?;
                        }
                        out.reserve(text.len());
                        out.extend(percent_encode(&text));
                    }
                }
            }
        }
        // Why: nothing was added to a URL that the provider gave as a whole, so its path is the provider's business.
        let own = self.captured && self.parts.len() == 1;
        if !own && has_dot_segment(&out) {
            return Err(bad_result());
        }
        if parse {
            // Why: a `raw` value right behind a captured host could prolong it, as in `https://host` and `.evil.example`.
            let end = web_origin(&out).ok_or_else(bad_result)?;
            if start.is_some_and(|start| start != end) {
                return Err(bad_result());
            }
        }
        Ok(out)
    }

    /// Checks the begin: either a whole URL from the provider, or literals and variables that have chosen scheme, host
    /// and port before the first placeholder.
    fn check_start(&self) -> Result<(), String> {
        if let Some(Part::Slot(first)) = self.parts.first() {
            return match first.name {
                Placeholder::Captured(_) | Placeholder::Id(_) => Ok(()),
                _ => Err(format!("{} {CHOOSES}", first.name.spell_out())),
            };
        }
        let start = self.literal_start();
        let url = Url::parse(&start).ok().filter(is_web).ok_or(
            "is no http or https address; scheme, host and port come from literals, vars.* or an address that the \
             provider gave",
        )?;
        let authority = start.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
        if self.slots().next().is_some() && !authority.contains(['/', '?', '#']) {
            return Err(format!("a placeholder {CHOOSES}"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not carry a user or a password".to_owned());
        }
        Ok(())
    }
}

/// The error of a URL that a guard of [`UrlTemplate::render`] refused.
fn bad_result() -> InvalidField {
    InvalidField::new(
        "provider",
        "what the provider gave makes no http or https address",
    )
}

/// The URL is http or https, and has a host.
fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// Returns the origin of an http or https URL; `None` for anything else.
fn web_origin(text: &str) -> Option<Origin> {
    // Why: the parser strips blanks at the ends and drops tabs and line breaks, so it would judge another URL than the
    // one that is sent.
    if text.bytes().any(|byte| byte <= 0x20 || byte == 0x7f) {
        return None;
    }
    Url::parse(text).ok().filter(is_web).map(|url| url.origin())
}

/// The error of a captured URL that is none.
fn no_url_error(slot: &Slot) -> InvalidField {
    InvalidField::new(
        slot.api_field(),
        "the provider gave something that is no http or https address",
    )
}

/// The path holds a segment `.` or `..`.
// Why: [`check_path_value`] judges values alone, but two that are harmless may stand side by side.
fn has_dot_segment(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.split('/')
        .skip(3)
        .any(|segment| matches!(segment, "." | ".."))
}
