//! The form of an error in the log: the error and its causes, on one line.

use std::error::Error;
use std::fmt;

/// Displays an error and all its causes, separated by colons, on one line.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut error = self.0;
        write!(f, "{}", OneLine(&error.to_string()))?;
        while let Some(cause) = error.source() {
            write!(f, ": {}", OneLine(&cause.to_string()))?;
            error = cause;
        }
        Ok(())
    }
}

/// Displays a text with each run of white space as one blank.
// Why: a line break within an error would end the line of the log.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.0.split_whitespace();
        f.write_str(words.next().unwrap_or_default())?;
        words.try_for_each(|word| write!(f, " {word}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the\nouter")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn every_cause_is_named_on_one_line() {
        let error = Outer(std::io::Error::other("the inner"));
        assert_eq!(Chain(&error).to_string(), "the outer: the inner");
    }
}
