//! Names of environment variables: the known ones, and the misspelt ones, which must not pass for unset.

use std::collections::BTreeSet;

use strsim::osa_distance;

use super::environment::Environment;
use super::fault::Faults;
use super::listing::list_settings;

/// Variable that names the settings file.
pub(super) const CONFIG: &str = "VIDEO_CONFIG";

/// Returns the names of all variables that the service itself reads: of settings, of secrets (each also with `_FILE`),
/// both from [`list_settings`], and [`CONFIG`].
pub(crate) fn known_variables() -> Vec<String> {
    let listed = list_settings();
    let settings = listed.settings.into_iter().map(|setting| setting.variable);
    let secrets = listed.secrets.into_iter().map(|secret| secret.variable);
    let secrets = secrets.flat_map(|name| [format!("{name}_FILE"), name]);
    settings.chain(secrets).chain([CONFIG.to_owned()]).collect()
}

/// Refuses, by [`Faults`], each variable that is one underscore or one letter away from a known one that is not set. The
/// secrets that are `named` by endpoints of events are known too. Returns the other `VIDEO_` variables without a known name: an action map reads them, or they are misspelt.
pub(super) fn check_names(env: &Environment, named: &BTreeSet<String>, faults: &mut Faults) -> Vec<String> {
    let mut known = known_variables();
    known.extend(
        named
            .iter()
            .flat_map(|name| [format!("{name}_FILE"), name.clone()]),
    );
    let mut others = Vec::new();
    for (name, value) in env.iter() {
        let of_ours = name.strip_prefix("VIDEO_");
        let is_ours = of_ours.is_some();
        // Why in any case: names of variables distinguish capitals, and `video_auth__jwt_secret` would go unread.
        let looks_so = name
            .get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("VIDEO"));
        // Why: a name with two underscores is a setting by its form; the merge refuses it where it is unknown.
        let was_read =
            of_ours.is_some_and(|rest| rest.contains("__")) || known.iter().any(|known| known == name);
        if !looks_so || was_read || is_of_kubernetes(name, value) {
            continue;
        }
        match known
            .iter()
            // Why only unset ones: where the known one is set too, this is likely a variable of its own.
            .find(|known| is_near(name, known) && !is_set(env, known))
        {
            Some(near) => faults.add(
                name,
                &key_of(near),
                format!("no variable of this name is read: did you mean {near}?"),
            ),
            None if is_ours => others.push(name.to_owned()),
            None => {}
        }
    }
    others
}

/// Returns the key that a variable sets, the inverse of [`variable_of`](super::listing::variable_of); empty for a
/// variable that sets none, such as `DATABASE_URL`.
fn key_of(variable: &str) -> String {
    let plain = variable.strip_suffix("_FILE").unwrap_or(variable);
    match plain.strip_prefix("VIDEO_").filter(|rest| rest.contains("__")) {
        Some(rest) => rest.replace("__", ".").to_lowercase(),
        None => String::new(),
    }
}

/// Returns whether the variable or its `_FILE` form is set.
fn is_set(env: &Environment, variable: &str) -> bool {
    let plain = variable.strip_suffix("_FILE").unwrap_or(variable);
    env.get(plain).is_some() || env.get(&format!("{plain}_FILE")).is_some()
}

/// Returns whether two names differ by at most one letter, swap or run of underscores.
fn is_near(name: &str, known: &str) -> bool {
    osa_distance(&fold_name(name), &fold_name(known)) <= 1
}

/// Returns the name in capitals, with one underscore for each run of separators (`_`, `-`, `.`, `:`).
fn fold_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for char in name.chars() {
        let char = if matches!(char, '-' | '.' | ':') {
            '_'
        } else {
            char.to_ascii_uppercase()
        };
        if char != '_' || !out.ends_with('_') {
            out.push(char);
        }
    }
    out
}

/// Returns whether Kubernetes set the variable: it adds such names to every container for each service, and the name of
/// a service may begin with `video`.
pub(super) fn is_of_kubernetes(name: &str, value: &str) -> bool {
    const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Why these forms: `NAME_SERVICE_HOST`, `NAME_SERVICE_PORT` with or without the name of a port, `NAME_PORT`, and
    // `NAME_PORT_8080_TCP` with or without a last word. Why the value too: `NAME_PORT` with a bare number was set by a
    // person.
    if name.ends_with("_SERVICE_HOST") {
        return true;
    }
    if let Some((_, rest)) = name.split_once("_SERVICE_PORT") {
        return (rest.is_empty() || rest.starts_with('_')) && is_number(value);
    }
    if name.ends_with("_PORT") && value.contains("://") {
        return true;
    }
    name.match_indices("_PORT_").any(|(at, found)| {
        let parts: Vec<&str> = name[at + found.len()..].split('_').collect();
        match parts.as_slice() {
            [port, protocol] | [port, protocol, "PROTO" | "PORT" | "ADDR"] => {
                is_number(port) && PROTOCOLS.contains(protocol)
            }
            _ => false,
        }
    })
}

/// Returns the candidate that is most likely meant by `wanted`: one that contains it at an end, or is at most two
/// letters away (one letter for short names). `None` where none is close.
pub(crate) fn closest_name<'a>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = fold_name(wanted);
    let word = wanted.strip_prefix("VIDEO_").unwrap_or(&wanted);
    let score = |candidate: &str| {
        let candidate = fold_name(candidate);
        let distance = osa_distance(&wanted, &candidate);
        let contains = word.len() > 2
            && (candidate.starts_with(&wanted)
                || wanted.starts_with(&candidate)
                || candidate.ends_with(&format!("_{word}")));
        (contains || distance <= if wanted.len() > 5 { 2 } else { 1 }).then_some(distance)
    };
    candidates
        .into_iter()
        .filter_map(|candidate| Some((score(candidate)?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_one_underscore_or_one_letter() {
        for name in [
            "VIDEO_AUTH_JWT_SECRET",
            "VIDEO_AUTHJWT_SECRET",
            "VIDEO_AUTH_JWT_SECRT",
            "VIDEO_AUTH_JWT_SERCET",
            "video_auth__jwt_secret",
            "VIDEO-AUTH-JWT_SECRET",
            "VIDEO_AUTH.JWT_SECRET",
        ] {
            assert!(is_near(name, "VIDEO_AUTH__JWT_SECRET"), "{name}");
        }
        for name in ["VIDEO_JWT_SECRET", "VIDEO_AUTH_SECRET", "VIDEO_CDN_SECRET"] {
            assert!(!is_near(name, "VIDEO_AUTH__JWT_SECRET"), "{name}");
        }
        assert!(is_near("VIDEO_LOCAL_CHAOS_DROP", "VIDEO_LOCAL__CHAOS__DROP"));
    }

    #[test]
    fn variables_of_kubernetes_are_known() {
        for (name, value) in [
            ("VIDEO_SERVICE_HOST", "10.0.0.1"),
            ("VIDEO_API_SERVICE_PORT", "80"),
            ("VIDEO_SERVICE_PORT_HTTP", "80"),
            ("VIDEO_PORT", "tcp://10.0.0.1:80"),
            ("VIDEO_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("VIDEO_API_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("VIDEO_PORT_53_UDP_PROTO", "udp"),
        ] {
            assert!(is_of_kubernetes(name, value), "{name}");
        }
        for (name, value) in [
            ("VIDEO_PORT", "8080"),
            ("VIDEO_HTTP_PORT", "80"),
            ("VIDEO_PORT_TCP", "x"),
        ] {
            assert!(!is_of_kubernetes(name, value), "{name}");
        }
    }

    #[test]
    fn the_closest_name_is_the_one_that_was_meant() {
        let maps = ["local", "mux", "cloudflare_stream", "api_video", "bunny_stream"];
        for (wanted, found) in [
            ("cloudflare", Some("cloudflare_stream")),
            ("Mux", Some("mux")),
            ("muxx", Some("mux")),
            ("apivideo", Some("api_video")),
            ("vimeo", None),
        ] {
            assert_eq!(closest_name(wanted, maps), found, "{wanted}");
        }
        let known = known_variables();
        let known = || known.iter().map(String::as_str);
        assert_eq!(closest_name("VIDEO_LISTEN", known()), Some("VIDEO_HTTP__LISTEN"));
        assert_eq!(
            closest_name("VIDEO_JWT_SECRET", known()),
            Some("VIDEO_AUTH__JWT_SECRET")
        );
    }
}
