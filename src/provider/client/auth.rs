//! `[api].auth` and `[api].headers`: what every call to the provider carries.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

use crate::provider::{
    action,
    compile::{Constants, Reader},
    error::MapError,
    template::{Place, Scope, Template},
};

/// Reads `auth`: the header that carries it, `None` where the provider wants none.
pub(crate) fn auth(
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
            let user = constant(&mut table, "user", constants)?;
            let password = constant(&mut table, "password", constants)?;
            if user.is_empty() && password.is_empty() {
                return Err(table.error("user", "is empty, and so is the password"));
            }
            let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            Some((AUTHORIZATION, value(&table, "user", &text)?))
        }
        2 => {
            let token = filled(&mut table, "token", constants)?;
            Some((AUTHORIZATION, value(&table, "token", &format!("Bearer {token}"))?))
        }
        _ => {
            let name = table.need_text("name")?;
            let name = name
                .parse()
                .map_err(|_| table.error("name", format!("`{name}` is no header name")))?;
            let text = filled(&mut table, "value", constants)?;
            Some((name, value(&table, "value", &text)?))
        }
    };
    table.finish()?;
    Ok(found)
}

/// Reads `headers`: constants all of them.
pub(crate) fn headers(api: &mut Reader, constants: &Constants) -> Result<HeaderMap, MapError> {
    let mut out = HeaderMap::new();
    for (name, template) in action::headers(api, "headers", &place(), constants)? {
        let text = template
            .header(&Scope::default())
            .map_err(|error| api.error("headers", error))?;
        let text = value(api, "headers", &text)?;
        out.insert(name, text);
    }
    Ok(out)
}

fn place() -> Place {
    Place {
        secrets: true,
        ..Place::default()
    }
}

fn constant(table: &mut Reader, key: &'static str, constants: &Constants) -> Result<String, MapError> {
    let text = table.need_text(key)?;
    let template = Template::compile(&text, &place(), constants).map_err(|what| table.error(key, what))?;
    let found = template
        .text(&Scope::default())
        .map_err(|error| table.error(key, error))?;
    // The base64 of basic auth would hide it from us, and the provider only says that it is wrong.
    if found.contains(char::is_control) {
        let origin = constants.origin_of(&text).unwrap_or_default();
        let what = format!("{origin} has a line break or another control character within it");
        return Err(table.error(key, what.trim_start()));
    }
    Ok(found)
}

fn filled(table: &mut Reader, key: &'static str, constants: &Constants) -> Result<String, MapError> {
    let text = constant(table, key, constants)?;
    if text.is_empty() {
        Err(table.error(key, "is empty"))
    } else {
        Ok(text)
    }
}

fn value(table: &Reader, key: &str, text: &str) -> Result<HeaderValue, MapError> {
    let mut value = HeaderValue::from_str(text)
        .ok()
        .filter(|_| text.bytes().all(|byte| (0x20..0x7f).contains(&byte)))
        .ok_or_else(|| table.error(key, "holds characters that no header may hold"))?;
    value.set_sensitive(true);
    Ok(value)
}
