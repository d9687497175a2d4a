//! The check of a request for an upload, before the row is written and the provider is called.

use super::section::Upload;
use crate::provider::{
    action::Action,
    error::InvalidField,
    request_field::RequestField,
    subject::TemplateInput,
    template::{
        Placeholder, Scope, Slot, Template, UrlTemplate, ValueTables, check_header_value, check_path_value,
    },
};

impl Upload {
    /// Checks that the request has every required field, that `[values]` has a word for each of its values, that the
    /// map can carry its `provider_settings`, and that its values fit into headers and paths.
    ///
    /// # Errors
    /// [`InvalidField`]: names the first field that does not fit.
    pub(crate) fn check_request(
        &self,
        input: &TemplateInput,
        values: &ValueTables,
    ) -> Result<(), InvalidField> {
        let scope = Scope::for_input(input, values);
        for ours in &self.requires {
            if field_text(*ours, &scope)?.is_none_or(|text| text.is_empty()) {
                return Err(InvalidField::new(ours.as_str(), "is required by this provider"));
            }
        }
        if input
            .provider_settings
            .as_object()
            .is_some_and(|members| !members.is_empty())
            && !self.carries_settings()
        {
            let what = "cannot be sent to this provider: no call of its map can carry them";
            return Err(InvalidField::new(RequestField::ProviderSettings.as_str(), what));
        }
        // Why every table: a value without a word is refused now, and not by the step that would send it.
        for ours in values.keys() {
            field_text(*ours, &scope)?;
        }
        for slot in self
            .steps
            .iter()
            .flat_map(Action::slots)
            .chain(self.client.slots())
        {
            if slot.has_words() {
                slot.filtered_value(&scope)?;
            }
        }
        let steps = self.steps.iter().flat_map(Action::header_templates);
        for slot in steps
            .chain(self.client.header_templates())
            .flat_map(Template::slots)
        {
            if let Some(text) = text_from_request(slot, &scope)? {
                check_header_value(slot, &text)?;
            }
        }
        let urls = self.steps.iter().map(Action::url);
        for slot in urls.chain([self.client.url()]).flat_map(UrlTemplate::path_slots) {
            if let Some(text) = text_from_request(slot, &scope)? {
                check_path_value(slot, &text)?;
            }
        }
        Ok(())
    }

    /// Some part of the upload sends this field ([`RequestField`]) to the provider.
    pub(crate) fn sends_field(&self, ours: RequestField) -> bool {
        let steps = self.steps.iter().flat_map(Action::names);
        let client = self
            .client
            .placeholders()
            .chain(self.compute.iter().flat_map(|(_, digest)| digest.placeholders()));
        steps
            .chain(client)
            .any(|name| matches!(name, Placeholder::Field(named) if *named == ours))
    }

    /// The caller's `provider_settings` reach the provider: in the body of the first call, or where the map names them.
    fn carries_settings(&self) -> bool {
        self.steps.first().is_some_and(Action::has_body) || self.sends_field(RequestField::ProviderSettings)
    }
}

/// Returns the text of a field ([`RequestField`]), in the provider's word; `None` if it is missing.
fn field_text(ours: RequestField, scope: &Scope<'_>) -> Result<Option<String>, InvalidField> {
    let name = Placeholder::Field(ours);
    let value = scope.look_up(&name)?;
    Ok(value.map(|value| value.into_text().into_owned()))
}

/// Returns the text that a field of the request becomes in this [`Slot`]; `None` if the slot holds anything else.
fn text_from_request(slot: &Slot, scope: &Scope<'_>) -> Result<Option<String>, InvalidField> {
    if !matches!(slot.name, Placeholder::Field(_)) {
        return Ok(None);
    }
    Ok(Some(slot.require_value(scope)?.into_text().into_owned()))
}
