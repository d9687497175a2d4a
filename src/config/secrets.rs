//! Secrets from the environment, and how they stay out of logs.

use super::{ConfigError, Environment};

/// The secret `name`, or the content of the file that `<name>_FILE` names, without its last newline.
///
/// # Errors
/// Both are set, or the file cannot be read.
pub fn read_secret(env: &Environment, name: &str) -> Result<Option<String>, ConfigError> {
    let file_name = format!("{name}_FILE");
    match (env.get(name), env.get(&file_name)) {
        (Some(_), Some(_)) => Err(ConfigError::new(
            name,
            "",
            format!("set either {name} or {file_name}, not both"),
        )),
        (Some(value), None) => Ok(Some(value.to_owned())),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            Ok(mut text) => {
                if text.ends_with('\n') {
                    text.pop();
                }
                Ok(Some(text))
            }
            Err(error) => Err(ConfigError::new(
                &file_name,
                "",
                format!("cannot read {path}: {error}"),
            )),
        },
        (None, None) => Ok(None),
    }
}

/// A database URL without its password and query.
pub(super) fn mask_url(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else {
        return if url.is_empty() {
            String::new()
        } else {
            "(not a URL)".to_owned()
        };
    };
    if parsed.password().is_some() && parsed.set_password(Some("***")).is_err() {
        return "(masked)".to_owned();
    }
    parsed.set_query(None);
    parsed.to_string()
}
