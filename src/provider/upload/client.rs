//! `[upload.client]`: the description of an upload that the client gets.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::HeaderName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::provider::{
    action::compile_headers,
    compile::{Constants, Location},
    error::{InvalidField, MapError},
    protocol::Protocol,
    template::{Place, Placeholder, Scope, Slot, Template, UrlTemplate},
    vocabulary::{ChunkTable, ClientTable, Entries, Scalar},
};

/// Sizes of pieces in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = UploadChunk)]
pub struct Chunk {
    /// Smallest piece but for the last.
    pub min: u64,
    /// Every piece but the last is a multiple of it.
    pub multiple: u64,
    /// Size for a client without a reason for another.
    pub default: u64,
    /// Largest piece.
    pub max: u64,
}

/// Description of an upload for the client: serialises as `upload` of `POST /v1/uploads`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Upload)]
pub struct UploadDescriptor {
    /// Protocol by which the file is sent.
    pub protocol: Protocol,
    /// The HTTP method of the first request.
    pub method: String,
    /// Target of the first request. It opens the upload to anybody who has it.
    pub url: String,
    /// Sent with every request.
    pub headers: BTreeMap<String, String>,
    /// Other fields of the form.
    pub form_fields: BTreeMap<String, String>,
    /// The form's field that holds the file; null without a form.
    pub file_field: Option<String>,
    /// tus metadata, not yet in base64; an empty value is a flag.
    pub tus_metadata: BTreeMap<String, String>,
    /// Sizes of pieces; null where the file goes as a whole or any size will do.
    pub chunk: Option<Chunk>,
    /// Largest file; null where no limit is known.
    pub max_bytes: Option<u64>,
    /// End of the URL.
    pub expires_at: DateTime<Utc>,
}

/// `[upload.client]`, compiled: the templates of an [`UploadDescriptor`].
pub(crate) struct ClientSide {
    protocol: Protocol,
    url: UrlTemplate,
    /// Headers: name, name as the map spells it, value.
    headers: Vec<(HeaderName, String, Template)>,
    form_fields: Vec<(String, Template)>,
    /// `None` without a form.
    file_field: Option<String>,
    tus_metadata: Vec<(String, Template)>,
    chunk: Option<Chunk>,
}

impl ClientSide {
    /// Compiles the table.
    ///
    /// # Errors
    /// [`MapError`]: a part is malformed, or does not belong to the protocol.
    pub(super) fn compile(
        declared: ClientTable,
        at: &Location,
        place: &Place,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let protocol = declared.protocol;
        let url =
            UrlTemplate::compile(&declared.url, place, constants).map_err(|what| at.error("url", what))?;
        // Why: a parsed name is lower-case, and people compare the names with the provider's documentation.
        let spelled: Vec<String> = declared.headers.0.iter().map(|(name, _)| name.clone()).collect();
        let headers = compile_headers(declared.headers, at, place, constants)?
            .into_iter()
            .zip(spelled)
            .map(|((name, template), spelled)| (name, spelled, template))
            .collect();
        if declared.file_field.is_some() && !protocol.is_form() {
            return Err(at.error(
                "file_field",
                "belongs to post_form and post_form_content_range only",
            ));
        }
        let file_field = declared.file_field.unwrap_or_else(|| "file".to_owned());
        let compile_texts = |declared: Entries<Scalar>, key: &str, allowed: bool| {
            if !allowed && !declared.0.is_empty() {
                return Err(at.error(key, "does not belong to this protocol"));
            }
            compile_texts(declared, &at.table(key), place, constants)
        };
        Ok(Self {
            protocol,
            url,
            headers,
            form_fields: compile_texts(declared.form_fields, "form_fields", protocol.is_form())?,
            file_field: protocol.is_form().then_some(file_field),
            tus_metadata: compile_texts(
                declared.tus_metadata,
                "tus_metadata",
                protocol == Protocol::TusCreate,
            )?,
            chunk: declared
                .chunk
                .map(|chunk| compile_chunk(chunk, &at.table("chunk")))
                .transpose()?,
        })
    }

    /// Returns the [`Protocol`].
    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Returns the [`UrlTemplate`] of the client's first request.
    pub(crate) fn url(&self) -> &UrlTemplate {
        &self.url
    }

    /// Returns the [`Template`]s of the header values.
    pub(crate) fn header_templates(&self) -> impl Iterator<Item = &Template> {
        self.headers.iter().map(|(_, _, template)| template)
    }

    /// Returns every [`Placeholder`] in the templates.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.slots().map(|slot| &slot.name)
    }

    /// Returns every placeholder in the templates, as a [`Slot`].
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        let fields = self.form_fields.iter().chain(&self.tus_metadata);
        let texts = self
            .header_templates()
            .chain(fields.map(|(_, template)| template));
        self.url.slots().chain(texts.flat_map(Template::slots))
    }

    /// Renders the [`UploadDescriptor`]; the compiled `[upload]` calls it, once its computed values are in the scope.
    ///
    /// # Errors
    /// [`InvalidField`]: a value is missing, or is no URL or header value.
    pub(super) fn describe(
        &self,
        scope: &Scope<'_>,
        max_bytes: Option<u64>,
        expires_at: DateTime<Utc>,
    ) -> Result<UploadDescriptor, InvalidField> {
        let mut headers = BTreeMap::new();
        for (_, spelled, template) in &self.headers {
            headers.insert(spelled.clone(), template.header(scope)?);
        }
        Ok(UploadDescriptor {
            protocol: self.protocol,
            method: self.protocol.method().to_owned(),
            url: self.url.render(scope)?,
            headers,
            form_fields: render_texts(&self.form_fields, scope)?,
            file_field: self.file_field.clone(),
            tus_metadata: render_texts(&self.tus_metadata, scope)?,
            chunk: self.chunk,
            max_bytes,
            expires_at,
        })
    }
}

/// Compiles a table of [`Template`]s.
fn compile_texts(
    declared: Entries<Scalar>,
    at: &Location,
    place: &Place,
    constants: &Constants,
) -> Result<Vec<(String, Template)>, MapError> {
    let compile = |(name, text): (String, Scalar)| {
        let template = Template::compile(&text.0, place, constants).map_err(|what| at.error(&name, what))?;
        Ok((name, template))
    };
    declared.into_iter().map(compile).collect()
}

/// Compiles `chunk` into a [`Chunk`]. A size that is left out follows from the smaller ones.
fn compile_chunk(declared: ChunkTable, at: &Location) -> Result<Chunk, MapError> {
    let multiple = declared.multiple.unwrap_or(1);
    let min = declared.min.unwrap_or(multiple);
    let default = declared.default.unwrap_or(min);
    let max = declared.max.unwrap_or(default);
    if multiple == 0 || min == 0 || min > default || default > max || !default.is_multiple_of(multiple) {
        let what = "must hold 0 < min <= default <= max, and default a multiple of `multiple`";
        return Err(at.error("default", what));
    }
    Ok(Chunk {
        min,
        multiple,
        default,
        max,
    })
}

/// Renders every [`Template`] of a table.
fn render_texts(
    from: &[(String, Template)],
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, String>, InvalidField> {
    from.iter()
        .map(|(name, template)| Ok((name.clone(), template.text(scope)?)))
        .collect()
}
