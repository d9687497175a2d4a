//! `[api].auth` and `[api].headers`: the headers that every call to the provider's own API carries.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

use crate::provider::{
    action,
    compile::{Constants, Reader},
    error::MapError,
    template::{Place, Scope, Template},
};

/// Reads `auth` and returns the header that carries the credentials; `None` where the provider wants none.
pub(super) fn compile_auth(
    api: &mut Reader,
    constants: &Constants,
) -> Result<Option<(HeaderName, HeaderValue)>, MapError> {
    let Some(mut table) = api.table("auth")? else {
        return Err(api.error(
            "auth",
            "is missing and required; allowed kinds: none, basic, bearer, header",
        ));
    };
    let kinds = [("none", 0_u8), ("basic", 1), ("bearer", 2), ("header", 3)];
    let kind = table
        .choice("kind", &kinds)?
        .ok_or_else(|| table.error("kind", "is missing and required"))?;
    let found = match kind {
        0 => None,
        1 => {
            let user = render_constant(&mut table, "user", constants)?;
            let password = render_constant(&mut table, "password", constants)?;
            // Why both: some providers take a key as the user, with an empty password.
            if user.is_empty() && password.is_empty() {
                return Err(table.error("user", "is empty, and so is the password"));
            }
            let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            Some((AUTHORIZATION, sensitive_value(&table, "user", &text)?))
        }
        2 => {
            let token = render_non_empty(&mut table, "token", constants)?;
            Some((
                AUTHORIZATION,
                sensitive_value(&table, "token", &format!("Bearer {token}"))?,
            ))
        }
        _ => {
            let name = table.need_text("name")?;
            let name = name
                .parse()
                .map_err(|_| table.error("name", format!("`{name}` is no header name")))?;
            let text = render_non_empty(&mut table, "value", constants)?;
            Some((name, sensitive_value(&table, "value", &text)?))
        }
    };
    table.finish()?;
    Ok(found)
}

/// Reads `headers`, whose values are constants: variables and secrets are all they may name.
pub(super) fn compile_headers(api: &mut Reader, constants: &Constants) -> Result<HeaderMap, MapError> {
    let mut out = HeaderMap::new();
    for (name, template) in action::compile_headers(api, "headers", &constants_place(), constants)? {
        let text = template
            .header(&Scope::default())
            .map_err(|error| api.error("headers", error))?;
        let text = sensitive_value(api, "headers", &text)?;
        out.insert(name, text);
    }
    Ok(out)
}

/// Placeholders that stand for constants: `vars.*` (everywhere) and `secrets.*`.
fn constants_place() -> Place {
    Place {
        secrets: true,
        ..Place::default()
    }
}

/// Renders the template under `key`, which is required but may be empty.
fn render_constant(table: &mut Reader, key: &'static str, constants: &Constants) -> Result<String, MapError> {
    let text = table.need_text(key)?;
    let template =
        Template::compile(&text, &constants_place(), constants).map_err(|what| table.error(key, what))?;
    let found = template
        .text(&Scope::default())
        .map_err(|error| table.error(key, error))?;
    // Why here: base64 would hide a stray line break from the header check, and the provider only answers 401.
    if found.contains(char::is_control) {
        let origin = constants.origin_of(&text).unwrap_or_default();
        let what = format!("{origin} has a line break or another control character within it");
        return Err(table.error(key, what.trim_start()));
    }
    Ok(found)
}

/// Renders the template under `key`, which must not be empty.
fn render_non_empty(
    table: &mut Reader,
    key: &'static str,
    constants: &Constants,
) -> Result<String, MapError> {
    let text = render_constant(table, key, constants)?;
    if text.is_empty() {
        Err(table.error(key, "is empty"))
    } else {
        Ok(text)
    }
}

/// Turns `text` into a header value that is masked in debug output.
///
/// # Errors
/// It holds control or non-ASCII characters.
fn sensitive_value(table: &Reader, key: &str, text: &str) -> Result<HeaderValue, MapError> {
    let mut value = HeaderValue::from_str(text)
        .ok()
        .filter(|_| text.bytes().all(|byte| (0x20..0x7f).contains(&byte)))
        .ok_or_else(|| table.error(key, "holds characters that no header may hold"))?;
    // Why for every header here: any of them may hold a secret, and the conformance kit prints the others.
    value.set_sensitive(true);
    Ok(value)
}
