//! `[api].auth` and `[api].headers`: the headers that every call to the provider's own API carries.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

use crate::provider::{
    action,
    compile::{Constants, Location},
    error::MapError,
    template::{Place, Scope, Template},
    vocabulary::{AuthTable, Entries, Scalar},
};

/// Returns the header that carries the credentials; `None` where the provider wants none. `at` is the place of `auth`.
pub(super) fn compile_auth(
    declared: AuthTable,
    at: &Location,
    constants: &Constants,
) -> Result<Option<(HeaderName, HeaderValue)>, MapError> {
    match declared {
        AuthTable::None {} => Ok(None),
        AuthTable::Basic(basic) => {
            let user = render_constant(&basic.user, at, "user", constants)?;
            let password = render_constant(&basic.password, at, "password", constants)?;
            // Why both: some providers take a key as the user, with an empty password.
            if user.is_empty() && password.is_empty() {
                return Err(at.error("user", "is empty, and so is the password"));
            }
            let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            Ok(Some((AUTHORIZATION, sensitive_value(at, "user", &text)?)))
        }
        AuthTable::Bearer(bearer) => {
            let token = render_non_empty(&bearer.token, at, "token", constants)?;
            let text = format!("Bearer {token}");
            Ok(Some((AUTHORIZATION, sensitive_value(at, "token", &text)?)))
        }
        AuthTable::Header(header) => {
            let name = &header.name;
            let name = name
                .parse()
                .map_err(|_| at.error("name", format!("`{name}` is no header name")))?;
            let text = render_non_empty(&header.value, at, "value", constants)?;
            Ok(Some((name, sensitive_value(at, "value", &text)?)))
        }
    }
}

/// Compiles `headers` of `[api]`, whose values are constants: variables and secrets are all they may name.
pub(super) fn compile_headers(
    declared: Entries<Scalar>,
    api: &Location,
    constants: &Constants,
) -> Result<HeaderMap, MapError> {
    let mut out = HeaderMap::new();
    for (name, template) in action::compile_headers(declared, api, &Place::for_account(), constants)? {
        let text = template
            .header(&Scope::default())
            .map_err(|error| api.error("headers", error))?;
        let text = sensitive_value(api, "headers", &text)?;
        out.insert(name, text);
    }
    Ok(out)
}

/// Renders the template under `key`, which may be empty.
fn render_constant(
    declared: &str,
    at: &Location,
    key: &str,
    constants: &Constants,
) -> Result<String, MapError> {
    let template =
        Template::compile(declared, &Place::for_account(), constants).map_err(|what| at.error(key, what))?;
    let found = template
        .text(&Scope::default())
        .map_err(|error| at.error(key, error))?;
    // Why here: base64 would hide a stray line break from the header check, and the provider only answers 401.
    if found.contains(char::is_control) {
        let origin = constants.origin_of(declared).unwrap_or_default();
        let what = format!("{origin} has a line break or another control character within it");
        return Err(at.error(key, what.trim_start()));
    }
    Ok(found)
}

/// Renders the template under `key`, which must not be empty.
fn render_non_empty(
    declared: &str,
    at: &Location,
    key: &str,
    constants: &Constants,
) -> Result<String, MapError> {
    let text = render_constant(declared, at, key, constants)?;
    if text.is_empty() {
        Err(at.error(key, "is empty"))
    } else {
        Ok(text)
    }
}

/// Turns `text` into a header value that is masked in debug output.
///
/// # Errors
/// It holds control or non-ASCII characters.
fn sensitive_value(at: &Location, key: &str, text: &str) -> Result<HeaderValue, MapError> {
    let mut value = HeaderValue::from_str(text)
        .ok()
        .filter(|_| text.bytes().all(|byte| (0x20..0x7f).contains(&byte)))
        .ok_or_else(|| at.error(key, "holds characters that no header may hold"))?;
    // Why for every header here: any of them may hold a secret, and the conformance kit prints the others.
    value.set_sensitive(true);
    Ok(value)
}
