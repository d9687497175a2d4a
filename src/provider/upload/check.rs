//! The check of a request for an upload, before the row is written and the provider is called.

use super::section::Upload;
use crate::provider::{
    action::Action,
    error::InvalidField,
    request_field::RequestField,
    steps::{FilledIn, check_request, check_tracks, field_text},
    subject::TemplateInput,
    template::{Placeholder, Scope, ValueTables},
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
        check_tracks(input, self.most_tracks)?;
        let mut filled_in = FilledIn::from_steps(&self.steps);
        filled_in.slots.extend(self.client.slots());
        filled_in.headers.extend(self.client.header_templates());
        filled_in.urls.push(self.client.url());
        filled_in.carries_settings |= self.sends_field(RequestField::ProviderSettings);
        check_request(&filled_in, input, values)
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
}
