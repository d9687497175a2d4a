//! The loaded providers, by name.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::{Accounts, Video};
use crate::provider::{HashKey, Provider};

/// Every loaded [`Provider`]: those that take uploads, and those that only have videos here.
#[derive(Default)]
pub struct ProviderSet {
    by_name: HashMap<String, Arc<Provider>>,
    /// The accounts that several of them share.
    accounts: Accounts,
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
        let by_name: HashMap<String, Arc<Provider>> = providers
            .into_iter()
            .map(|p| (p.name().to_owned(), Arc::new(p)))
            .collect();
        let accounts = Accounts::from_maps(by_name.values().map(|one| (one.name(), one.account())));
        let set = Self {
            by_name,
            accounts,
            ..Self::default()
        };
        set.share_rates();
        set
    }

    /// Lets the maps of each account share its queue and its pause: those of the map that has the account for its own.
    fn share_rates(&self) {
        for provider in self.by_name.values().filter(|one| !one.has_own_account()) {
            if let Some(owner) = self.by_name(provider.account()) {
                provider.continue_from(owner);
            }
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
            // The name is that of an account too: other maps may share it.
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
        // Why again: a map may share the account only since the reload.
        self.share_rates();
    }

    /// Returns the accounts that several maps share.
    pub const fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Iterates over the loaded maps that share the account of the map `name`, the account's own first.
    pub fn beside<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Arc<Provider>> {
        let names = self.accounts.maps_beside(name).into_iter();
        names.filter_map(|name| self.by_name(name))
    }

    /// Returns the type of an event of the account `name` for metrics: a type that one of its maps knows, else `other`.
    ///
    /// Why: the set of label values must not grow with what a sender writes.
    pub fn known_event_type<'a>(&'a self, name: &'a str, event_type: &str) -> &'a str {
        let mut known = self
            .beside(name)
            .map(|provider| provider.known_event_type(event_type));
        known.find(|known| *known != "other").unwrap_or("other")
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
            .get(self.accounts.account_of(name))
            .map_or(Ok(()), |reason| Err(OutOfOrder(reason.clone())))
    }

    /// Returns whether the provider behind the map of this name is the built-in one and runs in this process.
    pub fn is_local(&self, name: &str) -> bool {
        // Why not the constant name: another process may have the provider's folder.
        self.local.as_deref() == Some(self.accounts.account_of(name))
    }
}
