//! The loaded providers, by name.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::Video;
use crate::provider::{HashKey, Provider};

/// Every loaded [`Provider`]: those that take uploads, and those that only have videos here.
#[derive(Default)]
pub struct ProviderSet {
    by_name: HashMap<String, Arc<Provider>>,
    /// Provider → the reason why it cannot work now, as a sentence for callers.
    out_of_order: BTreeMap<String, String>,
    /// The built-in provider's name, where it runs in this process.
    local: Option<String>,
    /// The key of the filter `hash`, which every map shares.
    hash_key: HashKey,
}

/// No action map of the named provider is loaded: its map was taken out of the settings, or never was in them.
#[derive(Debug, thiserror::Error)]
#[error("no action map of provider \"{0}\" is loaded")]
pub struct NotLoaded(pub String);

/// The provider is loaded but cannot work now. The text is the reason, for callers to read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OutOfOrder(pub String);

impl ProviderSet {
    /// Creates a set of loaded maps. Of two with the same name the later one stays.
    pub fn new(providers: impl IntoIterator<Item = Provider>) -> Self {
        let by_name = providers
            .into_iter()
            .map(|p| (p.name().to_owned(), Arc::new(p)))
            .collect();
        Self {
            by_name,
            ..Self::default()
        }
    }

    /// Sets the key of the filter `hash`.
    #[must_use]
    pub fn with_hash_key(mut self, hash_key: HashKey) -> Self {
        self.hash_key = hash_key;
        self
    }

    /// Marks the provider of this name as the built-in one, and as out of order where there is a reason.
    #[must_use]
    pub fn with_local(mut self, name: &str, out_of_order: Option<&str>) -> Self {
        self.local = Some(name.to_owned());
        if let Some(reason) = out_of_order {
            self.out_of_order.insert(name.to_owned(), reason.to_owned());
        }
        self
    }

    /// Returns the key of the filter `hash`.
    pub fn hash_key(&self) -> &HashKey {
        &self.hash_key
    }

    /// Lets each provider continue the rate and the pause of its namesake in `old`, see [`Provider::continue_from`].
    pub(crate) fn continue_from(&self, old: &Self) {
        for (name, provider) in &self.by_name {
            if let Some(before) = old.by_name(name) {
                provider.continue_from(before);
            }
        }
    }

    /// Iterates over all providers, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.by_name.values()
    }

    /// Returns the provider of this name; `None` where no such map is loaded.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Provider>> {
        self.by_name.get(name)
    }

    /// Returns the provider for a new upload. Whether the settings allow uploads to it is the caller's check.
    ///
    /// # Errors
    /// [`NotLoaded`] where no such map is loaded.
    pub fn for_upload(&self, name: &str) -> Result<Arc<Provider>, NotLoaded> {
        self.by_name
            .get(name)
            .cloned()
            .ok_or_else(|| NotLoaded(name.to_owned()))
    }

    /// Returns the provider that has this video, see [`Video::provider`].
    ///
    /// # Errors
    /// [`NotLoaded`] where its map is not loaded any more.
    pub fn for_video(&self, video: &Video) -> Result<Arc<Provider>, NotLoaded> {
        self.for_upload(&video.provider)
    }

    /// Checks that the provider can work at all; today only the built-in one may lack what it needs.
    ///
    /// # Errors
    /// [`OutOfOrder`] with the reason.
    pub fn check_in_order(&self, name: &str) -> Result<(), OutOfOrder> {
        self.out_of_order
            .get(name)
            .map_or(Ok(()), |reason| Err(OutOfOrder(reason.clone())))
    }

    /// Returns whether the provider of this name is the built-in one and runs in this process.
    pub fn is_local(&self, name: &str) -> bool {
        // Why not the constant name: another process may have the provider's folder.
        self.local.as_deref() == Some(name)
    }
}
