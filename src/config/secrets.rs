//! Secrets: from a variable, or from the file that a variable names.

use super::environment::Environment;
use super::fault::ConfigError;
use super::text::{quotes_problem, trimmed};

/// Returns the value of `name`, or the content of the file that `<name>_FILE` names, without white space at both ends.
/// `None` where neither is set. `look_up` returns the value of a variable.
///
/// # Errors
/// `(variable, problem)`, where both are set, the file cannot be read, or quotes stand around the whole value. The
/// problem never shows the value.
pub fn read_value(
    look_up: &dyn Fn(&str) -> Option<String>,
    name: &str,
) -> Result<Option<String>, (String, String)> {
    let file_name = format!("{name}_FILE");
    let (origin, text) = match (look_up(name), look_up(&file_name)) {
        (Some(_), Some(_)) => {
            let problem =
                format!("is set, and so is {file_name}: set either {name} or {file_name}, not both");
            return Err((name.to_owned(), problem));
        }
        (Some(value), None) => (name.to_owned(), value),
        (None, Some(path)) => {
            let path = trimmed(&path);
            match std::fs::read_to_string(path) {
                Ok(text) => (file_name, text),
                Err(error) => return Err((file_name, format!("cannot be read (\"{path}\"): {error}"))),
            }
        }
        (None, None) => return Ok(None),
    };
    // Why: most editors and tools end a file with a line break.
    let text = trimmed(&text);
    match quotes_problem(text) {
        Some(problem) => Err((origin, problem.to_owned())),
        None => Ok(Some(text.to_owned())),
    }
}

/// Returns the secret `name` of the environment, by [`read_value`].
///
/// # Errors
/// The ones of [`read_value`].
pub fn read_secret(env: &Environment, name: &str) -> Result<Option<String>, ConfigError> {
    read_value(&|name| env.get(name).map(str::to_owned), name)
        .map_err(|(origin, problem)| ConfigError::new(origin, "", problem))
}
