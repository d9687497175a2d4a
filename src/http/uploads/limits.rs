//! The limits of one upload: of the token's claims, the settings and the provider's map the strictest counts.

use crate::auth::{Caller, UploadClaim};
use crate::config::Settings;
use crate::domain::matches_content_pattern;
use crate::http::problem::FieldProblem;
use crate::provider::UploadLimits;
use crate::store::Quota;

/// A limit and who set it, for the refusal.
type Sourced = (u64, String);

/// The limits of one upload before it is known which of them it meets.
#[derive(Clone, Debug, Default)]
pub(super) struct SourcedLimits {
    max_bytes: Option<Sourced>,
    max_duration_s: Option<Sourced>,
    /// Why `file_size` must be told; `None` where it need not.
    size_needed_for: Option<&'static str>,
}

impl SourcedLimits {
    /// Takes the strictest of each limit. `map` are the provider's own, `provider` is its name.
    pub(super) fn strictest(settings: &Settings, caller: &Caller, provider: &str, map: UploadLimits) -> Self {
        let (uploads, claim) = (&settings.uploads, caller.upload());
        let own = |number: u64| (number > 0).then_some(number);
        let of_map = format!("of provider \"{provider}\"");
        let pick = |key: &str, claimed: Option<u64>, set: u64, mapped: Option<u64>| {
            [
                (claimed, format!("of the token: its claim upload.{key}")),
                (own(set), format!("of this service: uploads.{key}")),
                (mapped, of_map.clone()),
            ]
            .into_iter()
            .filter_map(|(limit, by)| limit.map(|limit| (limit, by)))
            .min_by_key(|(limit, _)| *limit)
        };
        let limits_bytes = claim.max_bytes.is_some() || uploads.max_bytes > 0;
        let counts_bytes = caller.quota().bytes.is_some() || settings.quota.bytes > 0;
        Self {
            max_bytes: pick("max_bytes", claim.max_bytes, uploads.max_bytes, map.max_bytes),
            max_duration_s: pick(
                "max_duration_s",
                claim.max_duration_s,
                uploads.max_duration_s,
                map.max_duration_s,
            ),
            size_needed_for: match (limits_bytes, counts_bytes) {
                (true, _) => Some("is required: the size of files is limited here"),
                (false, true) => Some("is required: the bytes that an owner keeps are counted here"),
                (false, false) => None,
            },
        }
    }

    /// Returns the limits without their sources.
    pub(super) fn limits(&self) -> UploadLimits {
        UploadLimits {
            max_bytes: self.max_bytes.as_ref().map(|(limit, _)| *limit),
            max_duration_s: self.max_duration_s.as_ref().map(|(limit, _)| *limit),
        }
    }

    /// Checks the size that the caller tells. The refusal names the limit.
    pub(super) fn check_size(&self, file_size: Option<u64>) -> Option<FieldProblem> {
        let detail = match (file_size, &self.max_bytes, self.size_needed_for) {
            (Some(size), Some((limit, by)), _) if size > *limit => {
                format!("must be at most {limit} bytes, the limit {by}")
            }
            (None, _, Some(why)) => why.to_owned(),
            _ => return None,
        };
        Some(FieldProblem::new("file_size", detail))
    }
}

/// Checks the file's media type against `uploads.content_types` and the claim `upload.content_types`, each of which it must
/// fit. The type is `content_type`, else the one that the ending of `filename` stands for.
pub(super) fn check_content_type(
    content_type: Option<&str>,
    filename: Option<&str>,
    settings: &Settings,
    claim: &UploadClaim,
) -> Option<FieldProblem> {
    let lists = [&settings.uploads.content_types, &claim.content_types];
    let lists = lists.into_iter().filter(|list| !list.is_empty());
    // Why the ending only without a type: the caller knows better than a name.
    let by_name = || mime_guess::from_path(filename?).first_raw();
    let told = content_type.or_else(by_name);
    for list in lists {
        let allowed = list.join(", ");
        let Some(told) = told else {
            let detail = format!(
                "is required, or a filename with a known ending: the types of files are limited to {allowed}"
            );
            return Some(FieldProblem::new("content_type", detail));
        };
        if !list.iter().any(|pattern| matches_content_pattern(pattern, told)) {
            let member = if content_type.is_some() {
                "content_type"
            } else {
                "filename"
            };
            let shown: String = told.chars().take(128).collect();
            let detail = format!("is of the type {shown}; allowed: {allowed}");
            return Some(FieldProblem::new(member, detail));
        }
    }
    None
}

/// Returns the media types that both lists leave, as patterns; empty for any. Of two patterns the narrower counts.
pub(super) fn allowed_content_types(settings: &Settings, claim: &UploadClaim) -> Vec<String> {
    let (set, claimed) = (&settings.uploads.content_types, &claim.content_types);
    if set.is_empty() || claimed.is_empty() {
        return set.iter().chain(claimed).cloned().collect();
    }
    // Why a pattern counts as a type here: `video/*` fits `*/*`, and nothing narrower than itself.
    let narrower = |one: &String, other: &String| matches_content_pattern(other, one).then(|| one.clone());
    let mut both: Vec<String> = Vec::new();
    for one in set {
        for other in claimed {
            let common = narrower(one, other).or_else(|| narrower(other, one));
            both.extend(common.filter(|pattern| !both.contains(pattern)));
        }
    }
    both
}

/// Returns what the owner may keep at most: of the settings and the token's claim the strictest.
pub(crate) fn quota_of(settings: &Settings, caller: &Caller) -> Quota {
    let (set, claimed) = (settings.quota, caller.quota());
    let strictest =
        |set: u64, claimed: Option<u64>| claimed.into_iter().chain((set > 0).then_some(set)).min();
    Quota {
        videos: strictest(set.videos, claimed.videos),
        minutes: strictest(set.minutes, claimed.minutes),
        bytes: strictest(set.bytes, claimed.bytes),
    }
}
