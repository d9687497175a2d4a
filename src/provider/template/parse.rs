//! The parser of templates: text → literals, variables, and placeholders that are available where they stand.

use http::HeaderName;

use super::{
    filter::Filter,
    placeholder::{AvailableFields, Id, Place, Placeholder, RenditionPart},
    slot::{Part, Slot},
    track::TrackPart,
    value::TemplateValue,
};
use crate::provider::{compile::Constants, request_field::RequestField, upload_limits::UploadLimit};

/// The error of `{file}` in a template.
const FILE_ALONE: &str =
    "{file} stands alone, as a member of `form` in a [[tracks.add]] with send = \"form\"";

/// Splits `text` into [`Part`]s, literals and placeholders, and resolves each placeholder. `{{` and `}}` are literal
/// braces.
///
/// # Errors
/// A brace stands alone, or a name or filter is not known or not available at `place`.
pub(super) fn parse_parts(text: &str, place: &Place, constants: &Constants) -> Result<Vec<Part>, String> {
    let mut out = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if let Some(doubled) = after.strip_prefix(brace) {
            literal.push_str(brace);
            rest = doubled;
            continue;
        }
        if brace == "}" {
            return Err("a `}` stands alone; a literal brace is written `}}`".to_owned());
        }
        let end = after
            .find('}')
            .ok_or("a `{` is not closed; a literal brace is written `{{`")?;
        if !literal.is_empty() {
            out.push(Part::Text(std::mem::take(&mut literal)));
        }
        out.push(parse_placeholder(&after[..end], place, constants)?);
        rest = &after[end + 1..];
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        out.push(Part::Text(literal));
    }
    Ok(out)
}

/// Parses `name|filter|…`, the text between braces, into a [`Part`].
fn parse_placeholder(text: &str, place: &Place, constants: &Constants) -> Result<Part, String> {
    let mut pieces = text.split('|');
    let name = pieces.next().unwrap_or_default();
    let filters = pieces.map(|filter| Filter::parse(filter, constants));
    let filters = filters.collect::<Result<Vec<_>, _>>()?;
    if let Some(var) = name.strip_prefix("vars.") {
        return resolve_variable(var, &filters, constants);
    }
    let slot = Slot {
        name: resolve_name(name, place, constants)?,
        filters,
    };
    let is_owner = matches!(slot.name, Placeholder::Field(RequestField::Owner));
    let is_hashed = matches!(slot.filters.first(), Some(Filter::Hash(_)));
    // Why: whoever has a token can read it, and an owner's name is nobody else's business.
    if is_owner && place.fields == AvailableFields::Claims && !is_hashed {
        return Err("{owner} is a name, and a claim is no secret; allowed: {owner|hash}".to_owned());
    }
    Ok(Part::Slot(slot))
}

/// Takes the value of a variable through its [`Filter`]s: it is known already.
fn resolve_variable(var: &str, filters: &[Filter], constants: &Constants) -> Result<Part, String> {
    let Some(value) = constants.var(var) else {
        let known: Vec<&str> = constants.var_names().collect();
        return Err(format!(
            "{{vars.{var}}} is not known; [vars] has: {}",
            known.join(", ")
        ));
    };
    let mut val = TemplateValue::from_json(value);
    for filter in filters {
        val = filter.apply(val);
    }
    let val = val.ok_or_else(|| format!("{{vars.{var}}} has a value that its filters cannot work on"))?;
    Ok(Part::Const(val.json()))
}

/// Finds the [`Placeholder`] of a text, and checks that it is available at the [`Place`].
fn resolve_name(name: &str, place: &Place, constants: &Constants) -> Result<Placeholder, String> {
    if let Some(secret) = name.strip_prefix("secrets.") {
        return resolve_secret(secret, place, constants);
    }
    let here = |available: bool, found: Placeholder| {
        if available {
            Ok(found)
        } else {
            Err(unavailable_error(name, place))
        }
    };
    if let Some(ours) = RequestField::parse(name) {
        return here(place.has_field(ours), Placeholder::Field(ours));
    }
    if let Some(limit) = UploadLimit::parse(name) {
        let available = place.fields == AvailableFields::Upload;
        return here(available, Placeholder::Limit(limit, place.limits.get(limit)));
    }
    if let Some(id) = Id::parse(name) {
        return here(place.ids.contains(&id), Placeholder::Id(id));
    }
    if let Some(part) = RenditionPart::parse(name) {
        return here(place.rendition.contains(&part), Placeholder::Rendition(part));
    }
    if let Some(part) = TrackPart::parse(name) {
        return here(place.track.contains(&part), Placeholder::Track(part));
    }
    if let Some(token) = name.strip_prefix("token.") {
        return here(place.tokens.contains(token), Placeholder::Token(token.to_owned()));
    }
    if let Some(header) = name.strip_prefix("header:") {
        let header = header
            .parse::<HeaderName>()
            .map_err(|_| format!("{{{name}}} names no header"))?;
        return here(place.delivery, Placeholder::Header(header));
    }
    match name {
        "source_url" => here(place.source_url, Placeholder::SourceUrl),
        "now" => here(place.times, Placeholder::Now),
        "expires" => here(place.times, Placeholder::Expires),
        "ttl_s" => here(place.times, Placeholder::TtlS),
        "signature" => here(place.signature, Placeholder::Signature),
        "timestamp" => here(place.delivery, Placeholder::Timestamp),
        "body" => here(place.delivery, Placeholder::Body),
        "page" => here(place.paging, Placeholder::Page),
        "file" => Err(FILE_ALONE.to_owned()),
        "cursor" => here(place.paging, Placeholder::Cursor),
        _ if place.captures.contains_key(name) => Ok(Placeholder::Captured(name.to_owned())),
        _ => Err(format!(
            "{{{name}}} is not known here; available: {}",
            place.list_available()
        )),
    }
}

/// Finds a [`Placeholder::Secret`], and checks that the [`Place`] may hold one.
fn resolve_secret(secret: &str, place: &Place, constants: &Constants) -> Result<Placeholder, String> {
    let Some(value) = constants.secret(secret) else {
        let known: Vec<&str> = constants.secret_names().collect();
        return Err(format!(
            "{{secrets.{secret}}} is not known; [secrets] has: {}",
            known.join(", ")
        ));
    };
    if place.secrets {
        Ok(Placeholder::Secret(secret.to_owned(), value.clone()))
    } else {
        Err(format!(
            "{{secrets.{secret}}} must never stand here: a secret would be seen; available: {}",
            place.list_available()
        ))
    }
}

/// The error of a placeholder at a [`Place`] that does not have it.
fn unavailable_error(name: &str, place: &Place) -> String {
    format!(
        "{{{name}}} is not available here; available: {}",
        place.list_available()
    )
}
