//! The import of the provider's own assets, page by page.

use std::collections::HashSet;

use super::fields::{clean_title, is_owner};
use super::owners::{AssetOwner, Owners};
use super::retry::retry_outages;
use super::tally::Tally;
use crate::commands::error::CommandError;
use crate::jobs::adopt::{Adopted, Adopter, AdoptionDetails, ForeignIds, ForeignVideo, NotAdopted};
use crate::provider::{CallError, Capability, ListedAsset};

/// Imports all assets, page by page. Assets of an earlier run that broke off are known, and passed over.
///
/// # Errors
/// The map has no list, the provider gives the same page again, or a call or the database failed.
pub(super) async fn import_assets(
    adopter: &Adopter<'_>,
    owners: &Owners,
    tally: &mut Tally,
) -> Result<(), CommandError> {
    let provider = adopter.provider;
    if !provider.supports(Capability::AssetList) {
        return Err(format!("the map of \"{}\" has no [asset.list]", provider.name()).into());
    }
    let mut next_page = Some(provider.first_page());
    let mut seen_ids = HashSet::new();
    while let Some(current) = next_page {
        let page = retry_outages(async || {
            let now = adopter.clock.now();
            provider
                .list_assets(&current, adopter.policy, adopter.priority, now)
                .await
        });
        let page = page.await?;
        // Why: assets that are made during the import push others onto the next page, so some may come twice. A page
        // with old ones alone shows that the provider does not page at all.
        let mut has_new = page.assets.is_empty();
        for asset in page.assets {
            if seen_ids.insert(asset.video.observation.asset_id.clone()) {
                has_new = true;
                import_asset(adopter, owners, asset, tally).await?;
            }
        }
        if !has_new {
            return Err("[asset.list] the provider gives the same page again".into());
        }
        next_page = page.next;
    }
    Ok(())
}

/// Imports one asset and adds the result to the [`Tally`].
///
/// # Errors
/// Only those that make it pointless to go on: the database or the provider failed.
async fn import_asset(
    adopter: &Adopter<'_>,
    owners: &Owners,
    asset: ListedAsset,
    tally: &mut Tally,
) -> Result<(), CommandError> {
    let Some(id) = asset.video.observation.asset_id.clone() else {
        tally.skip("an asset", "it has no id");
        return Ok(());
    };
    let what = format!("asset {id}");
    // Why first: a known asset then costs no call to the provider, so an import that is run again is quick.
    let known = adopter
        .store
        .find_video_named(adopter.provider.name(), None, Some(&id), None)
        .await?;
    if let Some(known) = known {
        // Why any owner counts: the list also has the videos that this service made itself.
        tally.count_result(&what, Ok(Adopted::Known(known)));
        return Ok(());
    }
    let owner = match owners.owner_of(&asset.raw) {
        AssetOwner::Named(owner) => owner,
        AssetOwner::UnknownHash(hash) => {
            tally.hashes += 1;
            hash
        }
        AssetOwner::Missing => String::new(),
    };
    if !is_owner(&owner) {
        tally.skip(&what, "it names no owner of 1 to 128 characters there");
        return Ok(());
    }
    if asset.video.observation.gone {
        tally.skip(&what, "it is gone");
        return Ok(());
    }
    let adoption = AdoptionDetails {
        owner,
        title: asset.title.as_deref().and_then(clean_title),
        created_at: asset.created_at,
        ..AdoptionDetails::default()
    };
    let result = adopt_asset(adopter, asset, &id, &adoption).await;
    match result {
        Err(NotAdopted::Store(error)) => return Err(error.into()),
        Err(NotAdopted::Call(error)) => return Err(error.into()),
        Err(nothing @ (NotAdopted::NothingPlays | NotAdopted::Unknown(_) | NotAdopted::OtherOwner(_))) => {
            tally.skip(&what, &nothing.to_string());
        }
        result => tally.count_result(&what, result),
    }
    Ok(())
}

/// Adopts an asset. A list that does not show whole assets makes a lookup necessary.
async fn adopt_asset(
    adopter: &Adopter<'_>,
    asset: ListedAsset,
    id: &str,
    adoption: &AdoptionDetails,
) -> Result<Adopted, NotAdopted> {
    let named = asset.video.video_id;
    let mut seen = ForeignVideo::from(asset.video);
    if !asset.has_status {
        let ids = ForeignIds {
            asset: Some(id.to_owned()),
            ..ForeignIds::default()
        };
        let found = look_up(adopter, &ids).await?;
        // Why: some providers give the policy in the list alone.
        if found.reports_policy() {
            seen.policy = found.policy;
        }
        seen.observations.extend(found.observations);
        seen.video_id = named.or(found.video_id);
    }
    adopter.adopt_described(seen, adoption).await
}

/// Looks up an item at its provider, with retries after outages ([`retry_outages`]).
pub(super) async fn look_up(adopter: &Adopter<'_>, ids: &ForeignIds) -> Result<ForeignVideo, NotAdopted> {
    let found = retry_outages(async || match adopter.describe(ids).await {
        Err(NotAdopted::Call(error)) => Err(error),
        other => Ok(other),
    });
    let found: Result<_, CallError> = found.await;
    found.map_err(NotAdopted::Call)?
}
