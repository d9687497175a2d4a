//! The provider's own assets, page by page.

use std::collections::HashSet;

use super::owners::{Named, Owners};
use super::{Tally, is_owner, patiently, title};
use crate::commands::CommandError;
use crate::jobs::adopt::{Adopted, Adopter, Adoption, ForeignIds, NotAdopted, Seen};
use crate::provider::{CallError, Capability, ListedAsset};

/// Pages through everything. What was imported by an earlier, broken run is known and passed by.
pub(super) async fn import(
    adopter: &Adopter<'_>,
    owners: &Owners,
    tally: &mut Tally,
) -> Result<(), CommandError> {
    let provider = adopter.provider;
    if !provider.can(Capability::AssetList) {
        return Err(format!("the map of \"{}\" has no [asset.list]", provider.name()).into());
    }
    let mut mark = Some(provider.first_page());
    let mut met = HashSet::new();
    while let Some(this) = mark {
        let page = patiently(async || {
            let now = adopter.clock.now();
            provider
                .list_assets(&this, adopter.policy, adopter.priority, now)
                .await
        });
        let page = page.await?;
        // Assets that were made meanwhile push others onto the next page; a page of old ones alone is no next page.
        let mut news = page.assets.is_empty();
        for asset in page.assets {
            if met.insert(asset.described.seen.asset_id.clone()) {
                news = true;
                one(adopter, owners, asset, tally).await?;
            }
        }
        if !news {
            return Err("[asset.list] the provider gives the same page again".into());
        }
        mark = page.next;
    }
    Ok(())
}

/// One asset. Only what makes going on pointless is an error here.
async fn one(
    adopter: &Adopter<'_>,
    owners: &Owners,
    asset: ListedAsset,
    tally: &mut Tally,
) -> Result<(), CommandError> {
    let Some(id) = asset.described.seen.asset_id.clone() else {
        tally.skip("an asset", "it has no id");
        return Ok(());
    };
    let what = format!("asset {id}");
    let known = adopter
        .store
        .video_at(adopter.provider.name(), None, Some(&id), None)
        .await?;
    if let Some(known) = known {
        // Whoever has it: videos that this service made itself are in the list too.
        tally.count(&what, Ok(Adopted::Known(known)));
        return Ok(());
    }
    let owner = match owners.of(&asset.raw) {
        Named::Owner(owner) => owner,
        Named::UnknownHash(hash) => {
            tally.hashes += 1;
            hash
        }
        Named::Nobody => String::new(),
    };
    if !is_owner(&owner) {
        tally.skip(&what, "it names no owner of 1 to 128 characters there");
        return Ok(());
    }
    if asset.described.seen.gone {
        tally.skip(&what, "it is gone");
        return Ok(());
    }
    let of = Adoption {
        owner,
        title: asset.title.as_deref().and_then(title),
        created_at: asset.created_at,
    };
    let ended = adopt(adopter, asset, &id, &of).await;
    match ended {
        Err(NotAdopted::Store(error)) => return Err(error.into()),
        Err(NotAdopted::Call(error)) => return Err(error.into()),
        Err(nothing @ (NotAdopted::NothingPlays | NotAdopted::Unknown(_) | NotAdopted::OfAnother(_))) => {
            tally.skip(&what, &nothing.to_string());
        }
        ended => tally.count(&what, ended),
    }
    Ok(())
}

async fn adopt(
    adopter: &Adopter<'_>,
    asset: ListedAsset,
    id: &str,
    of: &Adoption,
) -> Result<Adopted, NotAdopted> {
    let named = asset.described.video_id;
    let mut seen = Seen::from(asset.described);
    if !asset.whole {
        let ids = ForeignIds {
            asset: Some(id.to_owned()),
            ..ForeignIds::default()
        };
        let asked = ask(adopter, &ids).await?;
        // Some providers tell the policy in the list alone.
        if asked.tells_policy() {
            seen.policy = asked.policy;
        }
        seen.observations.extend(asked.observations);
        seen.video_id = named.or(asked.video_id);
    }
    adopter.seen(seen, of).await
}

/// Asks with patience: outages come back as calls, everything else as it is.
pub(super) async fn ask(adopter: &Adopter<'_>, ids: &ForeignIds) -> Result<Seen, NotAdopted> {
    let asked = patiently(async || match adopter.ask(ids).await {
        Err(NotAdopted::Call(error)) => Err(error),
        other => Ok(other),
    });
    let asked: Result<_, CallError> = asked.await;
    asked.map_err(NotAdopted::Call)?
}
