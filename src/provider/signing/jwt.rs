//! JSON Web Tokens: the templates of their header and claims (`[playback.sign]` with `kind = "jwt"`).
//!
//! A token is `header.claims.signature`. The header has the map's members, `alg` and `typ`; the claims are the common
//! ones, the token's own, and the parameters of a picture, where these stand in claims. Later ones replace earlier
//! ones.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use super::{binding::check_binding, key::SigningKey, secret::render_secret, signer::Signer};
use crate::provider::{
    compile::{Constants, Fault, Location},
    error::{InvalidField, MapError},
    template::{JsonTemplate, Place, Placeholder, Scope},
    vocabulary::{ActionMap, Entries, JwtTable, SignTable, TokenAlgorithm, TomlValue},
};

/// `[playback.sign]` of kind `jwt`, compiled.
pub(crate) struct Jwt {
    algorithm: TokenAlgorithm,
    header: JsonTemplate,
    /// The encoded header, if it holds no placeholder and so is the same in every token.
    constant_header: Option<String>,
    /// The claims of every token.
    claims: JsonTemplate,
    pub(crate) tokens: Vec<TokenTemplate>,
    pub(crate) signer: Signer,
}

/// One entry of `[playback.sign.tokens]`.
pub(crate) struct TokenTemplate {
    /// The name that `{token.<name>}` refers to.
    pub(crate) name: String,
    /// The claims that this token has beside the common ones.
    own_claims: JsonTemplate,
    /// Every placeholder of the token, those of the common header and claims included.
    inputs: Vec<Placeholder>,
}

impl Jwt {
    /// Compiles `[playback.sign]`, and parses the key unless signing is off.
    ///
    /// # Errors
    /// [`MapError`]: a part is malformed, the key cannot be read, or a token binds no expiry or no video.
    pub(crate) fn compile(
        declared: JwtTable,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let place = Place::for_claims();
        let header = compile_object(declared.header, at, "header", &place, constants)?;
        if let Some(reserved) = member_names(&header).find(|key| ["alg", "typ"].contains(key)) {
            return Err(at.error("header", format!("`{reserved}` is added by itself")));
        }
        let claims = compile_object(declared.claims, at, "claims", &place, constants)?;
        let tokens = compile_tokens(declared.tokens, at, (&header, &claims), &place, constants)?;
        let key = render_secret(&declared.key, at, "key", constants)?;
        // Why: while signing is off, the secret is empty and no key.
        let key = if constants.signing_off {
            None
        } else {
            let key = SigningKey::parse(key.expose_secret(), declared.key_format, declared.algorithm);
            let origin = constants.origin_of(&declared.key).unwrap_or_default();
            Some(key.map_err(|what| at.error("key", format!("{origin} {what}")))?)
        };
        let mut this = Self {
            algorithm: declared.algorithm,
            header,
            constant_header: None,
            claims,
            tokens,
            signer: Signer::new(key),
        };
        if this.header.placeholders().is_empty() {
            this.constant_header = this.encode_header(&Scope::default()).ok();
        }
        Ok(this)
    }

    /// Renders the header and encodes it as base64url.
    fn encode_header(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        let mut header = render_object(&self.header, scope)?;
        header.insert("alg".to_owned(), self.algorithm.as_str().into());
        header.insert("typ".to_owned(), "JWT".into());
        Ok(URL_SAFE_NO_PAD.encode(Value::Object(header).to_string()))
    }

    /// Returns the names of all claims that the tokens called `names` hold.
    pub(crate) fn claim_names(&self, names: &BTreeSet<String>) -> BTreeSet<&str> {
        let own = self.tokens.iter().filter(|token| names.contains(&token.name));
        own.flat_map(|token| member_names(&token.own_claims))
            .chain(member_names(&self.claims))
            .collect()
    }

    /// Returns every placeholder of header and claims.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        let own = self
            .tokens
            .iter()
            .flat_map(|token| token.own_claims.placeholders());
        self.header
            .placeholders()
            .into_iter()
            .chain(self.claims.placeholders())
            .chain(own)
    }

    /// Builds the cache key of a token: its name, and the values of everything that header and claims are made of.
    ///
    /// Two tokens with the same key are the same token. The video's id and the expiry are part of every key, because
    /// every token binds both.
    pub(crate) fn cache_key(
        token: &TokenTemplate,
        params: &[(&str, Value)],
        scope: &Scope<'_>,
    ) -> Result<String, InvalidField> {
        let mut key = String::with_capacity(128);
        key.push_str(&token.name);
        for name in &token.inputs {
            // Why: kind and length stand before each value, so that no two lists of values give one key.
            let (kind, text) = match scope.look_up(name)? {
                None => ('-', Cow::Borrowed("")),
                Some(value) => (value.kind_letter(), value.into_text()),
            };
            let _infallible = write!(key, ",{kind}{}:{text}", text.len());
        }
        for (name, value) in params {
            let value = value.to_string();
            let _infallible = write!(key, ";{}:{name}{}:{value}", name.len(), value.len());
        }
        Ok(key)
    }

    /// Renders header and claims in the form that is signed: `base64url.base64url`.
    ///
    /// `params` become claims: those of the caller, and of a picture, if the map puts them there.
    ///
    /// # Errors
    /// [`InvalidField`]: an id that the claims name is not known, or a value does not fit its template.
    pub(crate) fn unsigned_text(
        &self,
        token: &TokenTemplate,
        params: &[(&str, Value)],
        scope: &Scope<'_>,
    ) -> Result<String, InvalidField> {
        let mut claims = render_object(&self.claims, scope)?;
        claims.extend(render_object(&token.own_claims, scope)?);
        claims.extend(
            params
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        // A capacity above what header and claims of usual maps take: the text grows in place.
        let mut out = String::with_capacity(768);
        match &self.constant_header {
            Some(header) => out.push_str(header),
            None => out.push_str(&self.encode_header(scope)?),
        }
        out.push('.');
        URL_SAFE_NO_PAD.encode_string(Value::Object(claims).to_string(), &mut out);
        Ok(out)
    }
}

/// Checks the signing key of a map that something else keeps from being compiled, so that both faults show at once.
///
/// `None` if the key is sound, empty, or not named by a plain `{secrets.…}`; the other faults then stand alone.
pub(crate) fn find_key_fault(map: &ActionMap, constants: &Constants) -> Option<Fault> {
    let Some(SignTable::Jwt(sign)) = &map.playback.sign else {
        return None;
    };
    let name = sign.key.strip_prefix("{secrets.")?.strip_suffix('}')?;
    let key = constants
        .secret(name)
        .filter(|key| !key.expose_secret().is_empty())?;
    let what = SigningKey::parse(key.expose_secret(), sign.key_format, sign.algorithm).err()?;
    let origin = constants.origin_of(&sign.key).unwrap_or_default();
    Some(Fault {
        table: "playback.sign",
        key: "key".to_owned(),
        what: format!("{origin} {what}"),
    })
}

/// Compiles `[playback.sign.tokens]`. Each token must bind an expiry and a video by its claims.
fn compile_tokens(
    declared: Entries<Entries<TomlValue>>,
    at: &Location,
    (header, claims): (&JsonTemplate, &JsonTemplate),
    place: &Place,
    constants: &Constants,
) -> Result<Vec<TokenTemplate>, MapError> {
    let table = at.table("tokens");
    let mut tokens = Vec::new();
    for (name, own_claims) in declared {
        let own_claims = compile_object(own_claims, &table, &name, place, constants)?;
        let names = claims.placeholders().into_iter().chain(own_claims.placeholders());
        check_binding(names).map_err(|what| table.error(&name, what))?;
        let inputs = [header, claims, &own_claims]
            .into_iter()
            .flat_map(|part| part.placeholders());
        let inputs = inputs.cloned().collect();
        tokens.push(TokenTemplate {
            name,
            own_claims,
            inputs,
        });
    }
    if tokens.is_empty() {
        return Err(at.error("tokens", "there must be at least one token"));
    }
    Ok(tokens)
}

/// Compiles the table under `key` as a JSON object.
fn compile_object(
    declared: Entries<TomlValue>,
    at: &Location,
    key: &str,
    place: &Place,
    constants: &Constants,
) -> Result<JsonTemplate, MapError> {
    let table: toml::Table = declared
        .into_iter()
        .map(|(name, value)| (name, value.0))
        .collect();
    JsonTemplate::compile(table.into(), place, constants).map_err(|what| at.error(key, what))
}

/// Returns the keys of an object; none for another value.
fn member_names(object: &JsonTemplate) -> impl Iterator<Item = &str> {
    let entries = match object {
        JsonTemplate::Object(entries) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().map(|(key, _)| key.as_str())
}

/// Renders a table of header members or claims.
///
/// # Errors
/// [`InvalidField`]: an id that it names is not known.
fn render_object(object: &JsonTemplate, scope: &Scope<'_>) -> Result<Map<String, Value>, InvalidField> {
    // Why: a missing value drops its key, and a token without the id would open every video.
    for name in object.placeholders() {
        if let Placeholder::Id(id) = name
            && scope.provider_id(*id).is_none()
        {
            return Err(InvalidField::new(id.as_str(), "is not known"));
        }
    }
    Ok(match object.render(scope)? {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    })
}
