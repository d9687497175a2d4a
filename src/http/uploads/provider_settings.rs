//! The member `provider_settings`: the provider's own settings of one upload, as far as `uploads.allowed_settings` or
//! `ingest.allowed_settings` lets them through.

use serde_json::{Map, Value};

use crate::http::problem::FieldProblem;

/// Returns a problem for every member that no pointer of `allowed` (RFC 6901), the setting `key`, covers.
pub(super) fn check_settings(
    members: &Map<String, Value>,
    (allowed, key): (&[String], &str),
) -> Vec<FieldProblem> {
    let mut refused = Vec::new();
    collect_refused("", members, allowed, &mut refused);
    refused
        .into_iter()
        .map(|pointer| FieldProblem {
            pointer: format!("/provider_settings{pointer}"),
            detail: format!("is not among {key} of this service"),
        })
        .collect()
}

/// Adds to `refused` the pointers below `at` that are not allowed, going down only where an allowed pointer leads
/// deeper.
fn collect_refused(at: &str, members: &Map<String, Value>, allowed: &[String], refused: &mut Vec<String>) {
    for (name, value) in members {
        let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        let leads_on = || {
            allowed
                .iter()
                .any(|known| known.starts_with(&format!("{pointer}/")))
        };
        match value {
            _ if allowed.contains(&pointer) => {}
            Value::Object(inner) if leads_on() => collect_refused(&pointer, inner, allowed, refused),
            _ => refused.push(pointer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_an_allowed_pointer_names_passes() {
        let allowed = ["/a/b".to_owned(), "/c".to_owned()];
        let pointers = |value: Value| {
            let members = value.as_object().unwrap().clone();
            check_settings(&members, (&allowed, "uploads.allowed_settings"))
                .into_iter()
                .map(|problem| problem.pointer)
                .collect::<Vec<_>>()
        };
        assert!(pointers(json!({"a": {"b": {"deep": 1}}, "c": [1]})).is_empty());
        assert_eq!(pointers(json!({"a": {"x": 1}})), ["/provider_settings/a/x"]);
        assert_eq!(pointers(json!({"a": 1})), ["/provider_settings/a"]);
        assert_eq!(
            pointers(json!({"cc": 1, "d": {}})),
            ["/provider_settings/cc", "/provider_settings/d"]
        );
    }
}
