//! [`Accounts`]: which maps share an account at their provider.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The accounts that several maps share. Every other map has an account of its own, of the map's name. Cheap to clone.
///
/// A video keeps the name of its map. What the provider knows by account (ids, webhooks, its rate) is found by all names
/// of the account.
#[derive(Clone, Debug, Default)]
pub struct Accounts(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    /// Map → account, for maps whose account is another map's.
    account_of: BTreeMap<String, String>,
    /// Account → the names of its maps, its own first; for accounts with several.
    maps_of: BTreeMap<String, Vec<String>>,
}

impl Accounts {
    /// Collects the accounts of maps: pairs of a map's name and its account.
    pub fn from_maps<'a>(maps: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let (mut account_of, mut maps_of) = (BTreeMap::new(), BTreeMap::new());
        for (map, account) in maps.into_iter().filter(|(map, account)| map != account) {
            account_of.insert(map.to_owned(), account.to_owned());
            let names = maps_of
                .entry(account.to_owned())
                .or_insert_with(|| vec![account.to_owned()]);
            names.push(map.to_owned());
        }
        if account_of.is_empty() {
            return Self::default();
        }
        for names in maps_of.values_mut() {
            names[1..].sort_unstable();
        }
        Self(Some(Arc::new(Shared { account_of, maps_of })))
    }

    /// Returns the name of the map's account.
    pub fn account_of<'a>(&'a self, map: &'a str) -> &'a str {
        let shared = self.0.as_ref();
        shared
            .and_then(|shared| shared.account_of.get(map))
            .map_or(map, String::as_str)
    }

    /// Returns the names of all maps that share the map's account, the account's own first; never none.
    pub fn maps_beside<'a>(&'a self, map: &'a str) -> Vec<&'a str> {
        let account = self.account_of(map);
        let shared = self.0.as_ref();
        match shared.and_then(|shared| shared.maps_of.get(account)) {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => vec![account],
        }
    }

    /// Iterates over the accounts that several maps share: the names of their maps.
    pub fn shared(&self) -> impl Iterator<Item = &[String]> {
        let shared = self.0.iter();
        shared.flat_map(|shared| shared.maps_of.values().map(Vec::as_slice))
    }
}
