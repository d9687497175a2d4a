//! What can be said about a request before the provider is asked.

use super::Upload;
use crate::provider::{
    action::Action,
    error::InvalidField,
    subject::Subject,
    template::{Name, Ours, Scope, Slot, Template, UrlTemplate, ValueTables, header_safe, path_safe},
};

impl Upload {
    /// What this provider requires, what it calls our values, and what it takes in headers and addresses.
    pub(crate) fn check(&self, input: &Subject, values: &ValueTables) -> Result<(), InvalidField> {
        let scope = Scope::of(input, values);
        for ours in &self.requires {
            if value_of(*ours, &scope)?.is_none_or(|text| text.is_empty()) {
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
            return Err(InvalidField::new(Ours::ProviderSettings.as_str(), what));
        }
        for ours in values.keys() {
            value_of(*ours, &scope)?;
        }
        let steps = self.steps.iter().flat_map(Action::header_templates);
        for slot in steps
            .chain(self.client.header_templates())
            .flat_map(Template::slots)
        {
            if let Some(text) = given(slot, &scope)? {
                header_safe(slot, &text)?;
            }
        }
        let urls = self.steps.iter().map(Action::url);
        for slot in urls.chain([self.client.url()]).flat_map(UrlTemplate::path_slots) {
            if let Some(text) = given(slot, &scope)? {
                path_safe(slot, &text)?;
            }
        }
        Ok(())
    }
}

impl Upload {
    /// Something of the upload tells the provider this value.
    pub(crate) fn carries(&self, ours: Ours) -> bool {
        let steps = self.steps.iter().flat_map(Action::names);
        let client = self
            .client
            .names()
            .chain(self.compute.iter().flat_map(|(_, digest)| digest.placeholders()));
        steps
            .chain(client)
            .any(|name| matches!(name, Name::Ours(named) if *named == ours))
    }

    /// The settings go along with the first call, which makes the upload, or where the map names them.
    fn carries_settings(&self) -> bool {
        self.steps.first().is_some_and(Action::has_body) || self.carries(Ours::ProviderSettings)
    }
}

fn value_of(ours: Ours, scope: &Scope<'_>) -> Result<Option<String>, InvalidField> {
    let name = Name::Ours(ours);
    let value = scope.value(&name)?;
    Ok(value.map(|value| value.text().into_owned()))
}

/// The text that a value of the request becomes here; `None` for everything else.
fn given(slot: &Slot, scope: &Scope<'_>) -> Result<Option<String>, InvalidField> {
    if !matches!(slot.name, Name::Ours(_)) {
        return Ok(None);
    }
    Ok(Some(slot.need(scope)?.text().into_owned()))
}
