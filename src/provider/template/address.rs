//! Addresses: values are percent-encoded, and none of them can choose the host.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Origin, Url};

use super::{Name, Part, Place, Scope, Slot, Template, const_text};
use crate::provider::{client::host_of, compile::Constants, error::InvalidField};

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `text`, percent-encoded to RFC 3986 unreserved.
pub(crate) fn encode(text: &str) -> percent_encoding::PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

const CHOOSES: &str = "must not choose scheme, host or port; allowed there: literals, vars.*, a whole address that was captured";

/// A compiled address.
#[derive(Clone, Debug)]
pub(crate) struct UrlTemplate {
    parts: Vec<Part>,
    /// Begins with an address that the provider gave.
    captured: bool,
}

impl UrlTemplate {
    pub(crate) fn compile(text: &str, place: &Place, constants: &Constants) -> Result<Self, String> {
        let place = Place {
            secrets: false,
            ..place.clone()
        };
        let template = Template::compile(text, &place, constants)?;
        for slot in template.slots().filter(|slot| slot.is_raw()) {
            if matches!(slot.name, Name::Ours(_)) {
                return Err(format!(
                    "{} comes from the request: `raw` is refused",
                    super::describe(&slot.name)
                ));
            }
        }
        let this = Self {
            captured: matches!(template.parts().first(), Some(Part::Slot(_))),
            parts: template.parts().to_vec(),
        };
        this.check_start()?;
        Ok(this)
    }

    /// It goes to an address that the provider gave, not to one that the map spells.
    pub(crate) fn is_captured(&self) -> bool {
        self.captured
    }

    /// Host and port, where the map spells them.
    pub(crate) fn host(&self) -> Option<String> {
        let mut start = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => start.push_str(text),
                Part::Const(value) => start.push_str(&const_text(value)),
                Part::Slot(_) => break,
            }
        }
        host_of(&Url::parse(&start).ok()?)
    }

    /// The capture that it begins with.
    pub(crate) fn captured_name(&self) -> Option<&str> {
        match self.parts.first() {
            Some(Part::Slot(Slot {
                name: Name::Captured(name),
                ..
            })) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.parts.iter().filter_map(|part| match part {
            Part::Slot(slot) => Some(slot),
            Part::Text(_) | Part::Const(_) => None,
        })
    }

    /// The placeholders before the query.
    pub(crate) fn path_slots(&self) -> impl Iterator<Item = &Slot> {
        let path = self
            .parts
            .iter()
            .take_while(|part| !matches!(part, Part::Text(text) if text.contains(['?', '#'])));
        path.filter_map(|part| match part {
            Part::Slot(slot) => Some(slot),
            Part::Text(_) | Part::Const(_) => None,
        })
    }

    /// The address with every value filled in.
    pub(crate) fn render(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        let mut out = String::with_capacity(128);
        let mut start = None;
        let mut in_path = true;
        let mut parse = self.captured;
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) => {
                    out.push_str(text);
                    in_path &= !text.contains(['?', '#']);
                }
                Part::Const(value) => out.push_str(&const_text(value)),
                Part::Slot(slot) => {
                    let text = slot.need(scope)?.text();
                    if index == 0 {
                        start = Some(origin(&text).ok_or_else(|| not_an_address(slot))?);
                        in_path = !text.contains(['?', '#']);
                        out.push_str(&text);
                    } else if slot.is_raw() {
                        parse = true;
                        out.push_str(&text);
                    } else {
                        if in_path {
                            path_safe(slot, &text)?;
                        }
                        out.reserve(text.len());
                        out.extend(encode(&text));
                    }
                }
            }
        }
        // An address that is the provider's own from beginning to end is the provider's own business.
        let own = self.captured && self.parts.len() == 1;
        if !own && has_dot_segment(&out) {
            return Err(unfit());
        }
        if parse {
            let end = origin(&out).ok_or_else(unfit)?;
            if start.is_some_and(|start| start != end) {
                return Err(unfit());
            }
        }
        Ok(out)
    }

    /// Where only literals and variables can choose the host, they must have done so before the first placeholder.
    fn check_start(&self) -> Result<(), String> {
        if let Some(Part::Slot(first)) = self.parts.first() {
            return match first.name {
                Name::Captured(_) | Name::Id(_) => Ok(()),
                _ => Err(format!("{} {CHOOSES}", super::describe(&first.name))),
            };
        }
        let mut lead = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => lead.push_str(text),
                Part::Const(value) => lead.push_str(&const_text(value)),
                Part::Slot(_) => break,
            }
        }
        let url = Url::parse(&lead).ok().filter(is_web).ok_or(
            "is no http or https address; scheme, host and port come from literals, vars.* or an address that the \
             provider gave",
        )?;
        let authority = lead.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
        if self.slots().next().is_some() && !authority.contains(['/', '?', '#']) {
            return Err(format!("a placeholder {CHOOSES}"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not carry a user or a password".to_owned());
        }
        Ok(())
    }
}

fn unfit() -> InvalidField {
    InvalidField::new(
        "provider",
        "what the provider gave makes no http or https address",
    )
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

fn origin(text: &str) -> Option<Origin> {
    if text.bytes().any(|byte| byte <= 0x20 || byte == 0x7f) {
        return None;
    }
    Url::parse(text).ok().filter(is_web).map(|url| url.origin())
}

fn not_an_address(slot: &Slot) -> InvalidField {
    InvalidField::new(
        slot.field(),
        "the provider gave something that is no http or https address",
    )
}

/// Refuses a value that would be a step in the path instead of a name in it.
pub(crate) fn path_safe(slot: &Slot, text: &str) -> Result<(), InvalidField> {
    if matches!(text, "" | "." | "..") {
        return Err(InvalidField::new(
            slot.field(),
            "cannot stand in an address: it is empty, `.` or `..`",
        ));
    }
    Ok(())
}

/// Pieces that are harmless alone must not add up to a step upwards.
fn has_dot_segment(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.split('/')
        .skip(3)
        .any(|segment| matches!(segment, "." | ".."))
}
