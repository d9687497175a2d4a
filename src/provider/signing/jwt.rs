//! JSON Web Tokens: what stands in them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use super::{
    check_binding,
    digest::secret,
    key::{ALGORITHMS, Algorithm, KEY_FORMATS, KeyFormat, SigningKey},
    signer::Signer,
};
use crate::provider::{
    compile::{Constants, Fault, Reader},
    error::{InvalidField, MapError},
    template::{JsonTemplate, Name, Place, Scope},
};

/// `[playback.sign]` of kind `jwt`, compiled.
pub(crate) struct Jwt {
    algorithm: Algorithm,
    header: JsonTemplate,
    /// The header of every token, encoded, where nothing of it depends on the video.
    same_header: Option<String>,
    claims: JsonTemplate,
    pub(crate) tokens: Vec<TokenTemplate>,
    pub(crate) signer: Signer,
}

/// One token: the common claims and its own.
pub(crate) struct TokenTemplate {
    pub(crate) name: String,
    own: JsonTemplate,
    /// Every placeholder of it, the common header and claims included.
    inputs: Vec<Name>,
}

impl Jwt {
    pub(crate) fn compile(at: &mut Reader, place: &Place, constants: &Constants) -> Result<Self, MapError> {
        let algorithm = at.choice("algorithm", &ALGORITHMS)?;
        let algorithm = algorithm.ok_or_else(|| {
            let all = ALGORITHMS.map(|(name, _)| name).join(", ");
            at.error("algorithm", format!("is missing and required; allowed: {all}"))
        })?;
        let origin = at
            .peek("key")
            .and_then(|key| constants.origin_of(key.as_str()?))
            .unwrap_or_default();
        let key = secret(at, "key", constants)?.ok_or_else(|| at.error("key", "is missing and required"))?;
        let format = at.choice("key_format", &KEY_FORMATS)?.unwrap_or(KeyFormat::Pem);
        let key = if constants.signing_off {
            None
        } else {
            let key = SigningKey::parse(key.expose_secret(), format, algorithm);
            Some(key.map_err(|what| at.error("key", format!("{origin} {what}")))?)
        };
        let place = Place {
            secrets: false,
            ..place.clone()
        };
        let header = object(at, "header", &place, constants)?;
        if let Some(taken) = keys(&header).find(|key| ["alg", "typ"].contains(key)) {
            return Err(at.error("header", format!("`{taken}` is added by itself")));
        }
        let claims = object(at, "claims", &place, constants)?;
        let tokens = tokens(at, (&header, &claims), &place, constants)?;
        let mut this = Self {
            algorithm,
            header,
            same_header: None,
            claims,
            tokens,
            signer: Signer::new(key),
        };
        if this.header.names().is_empty() {
            this.same_header = this.encoded_header(&Scope::default()).ok();
        }
        Ok(this)
    }

    fn encoded_header(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        let mut header = rendered(&self.header, scope)?;
        header.insert("alg".to_owned(), self.algorithm.as_str().into());
        header.insert("typ".to_owned(), "JWT".into());
        Ok(URL_SAFE_NO_PAD.encode(Value::Object(header).to_string()))
    }

    /// The claims that stand in the tokens called `names`.
    pub(crate) fn claim_names(&self, names: &BTreeSet<String>) -> BTreeSet<&str> {
        let own = self.tokens.iter().filter(|token| names.contains(&token.name));
        own.flat_map(|token| keys(&token.own))
            .chain(keys(&self.claims))
            .collect()
    }

    /// Every placeholder of header and claims.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        let own = self.tokens.iter().flat_map(|token| token.own.names());
        self.header
            .names()
            .into_iter()
            .chain(self.claims.names())
            .chain(own)
    }

    /// What a token is known by: its name, and the values of everything that its header and claims are made of. Two
    /// tokens with one key are the same token.
    pub(crate) fn key(
        token: &TokenTemplate,
        params: &[(&str, u64)],
        scope: &Scope<'_>,
    ) -> Result<String, InvalidField> {
        let mut key = String::with_capacity(128);
        key.push_str(&token.name);
        for name in &token.inputs {
            // With kind and length, so that no two lists of values read alike.
            let (kind, text) = match scope.value(name)? {
                None => ('-', Cow::Borrowed("")),
                Some(value) => (value.kind(), value.text()),
            };
            let _infallible = write!(key, ",{kind}{}:{text}", text.len());
        }
        for (name, value) in params {
            let _infallible = write!(key, ";{}:{name}{value}", name.len());
        }
        Ok(key)
    }

    /// Header and claims in the form that is signed: `base64url.base64url`.
    pub(crate) fn unsigned(
        &self,
        token: &TokenTemplate,
        params: &[(&str, u64)],
        scope: &Scope<'_>,
    ) -> Result<String, InvalidField> {
        let mut claims = rendered(&self.claims, scope)?;
        claims.extend(rendered(&token.own, scope)?);
        claims.extend(
            params
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value))),
        );
        let mut out = String::with_capacity(768);
        match &self.same_header {
            Some(header) => out.push_str(header),
            None => out.push_str(&self.encoded_header(scope)?),
        }
        out.push('.');
        URL_SAFE_NO_PAD.encode_string(Value::Object(claims).to_string(), &mut out);
        Ok(out)
    }
}

/// What is wrong with the key that signs tokens, where something else keeps the map from being compiled: so that both
/// are told at once.
pub(crate) fn key_fault(root: &Reader, constants: &Constants) -> Option<Fault> {
    let (_, sign) = root.peek_all().find(|(path, _)| path == "playback.sign")?;
    let text = |key: &str| sign.get(key)?.as_str();
    let template = text("key")?;
    let name = template.strip_prefix("{secrets.")?.strip_suffix('}')?;
    let key = constants
        .secret(name)
        .filter(|key| !key.expose_secret().is_empty())?;
    let find = |format: &str| KEY_FORMATS.iter().find(|(name, _)| *name == format);
    let (_, format) = find(text("key_format").unwrap_or("pem"))?;
    let (_, algorithm) = ALGORITHMS
        .iter()
        .find(|(name, _)| Some(*name) == text("algorithm"))?;
    let what = SigningKey::parse(key.expose_secret(), *format, *algorithm).err()?;
    let origin = constants.origin_of(template).unwrap_or_default();
    Some(Fault {
        table: "playback.sign",
        key: "key".to_owned(),
        what: format!("{origin} {what}"),
    })
}

fn tokens(
    at: &mut Reader,
    (header, claims): (&JsonTemplate, &JsonTemplate),
    place: &Place,
    constants: &Constants,
) -> Result<Vec<TokenTemplate>, MapError> {
    let mut table = at
        .table("tokens")?
        .ok_or_else(|| at.error("tokens", "is missing and required"))?;
    let mut tokens = Vec::new();
    for (name, value) in table.entries() {
        if !value.is_table() {
            return Err(table.wrong(&name, "a table of claims", &value));
        }
        let own = JsonTemplate::compile(value, place, constants).map_err(|what| table.error(&name, what))?;
        let names = claims.names().into_iter().chain(own.names());
        check_binding(names).map_err(|what| table.error(&name, what))?;
        let inputs = [header, claims, &own].into_iter().flat_map(|part| part.names());
        let inputs = inputs.cloned().collect();
        tokens.push(TokenTemplate { name, own, inputs });
    }
    if tokens.is_empty() {
        return Err(at.error("tokens", "there must be at least one token"));
    }
    Ok(tokens)
}

fn object(
    at: &mut Reader,
    key: &'static str,
    place: &Place,
    constants: &Constants,
) -> Result<JsonTemplate, MapError> {
    match at.take(key) {
        None => Ok(JsonTemplate::Object(Vec::new())),
        Some(value) if value.is_table() => {
            JsonTemplate::compile(value, place, constants).map_err(|what| at.error(key, what))
        }
        Some(other) => Err(at.wrong(key, "a table", &other)),
    }
}

fn keys(object: &JsonTemplate) -> impl Iterator<Item = &str> {
    let entries = match object {
        JsonTemplate::Object(entries) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().map(|(key, _)| key.as_str())
}

/// An id that the claims name and nobody knows is an error: a token without it would be for every video.
fn rendered(object: &JsonTemplate, scope: &Scope<'_>) -> Result<Map<String, Value>, InvalidField> {
    for name in object.names() {
        if let Name::Id(id) = name
            && scope.id(*id).is_none()
        {
            return Err(InvalidField::new(id.as_str(), "is not known"));
        }
    }
    Ok(match object.render(scope)? {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    })
}
