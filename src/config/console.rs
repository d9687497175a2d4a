//! `[console]`: the one script that the page may load from another host.

use url::Url;

use super::fault::Faults;
use super::merged::Merged;
use super::settings::Settings;
use super::urls::is_loopback_url;

/// Checks that the player of [`Console`](super::settings::Console) is one exact script: it has a safe address, and the
/// hash of its content.
pub(super) fn check_console(settings: &Settings, merged: &Merged, faults: &mut Faults) {
    let console = &settings.console;
    let mut refuse = |key: &str, problem: &str| faults.add(merged.origin(key), key, problem);
    if console.hls_js_url.is_empty() {
        return;
    }
    if !is_script_url(&console.hls_js_url) {
        refuse(
            "console.hls_js_url",
            "must be https or a loopback http address, of an exact version of hls.js",
        );
    }
    // Why checked so closely: a browser passes over a hash of a form that it does not know, and runs the script.
    if !is_integrity(&console.hls_js_integrity) {
        refuse(
            "console.hls_js_integrity",
            "must be the Subresource Integrity hash of console.hls_js_url: sha256-, sha384- or sha512- and base64",
        );
    }
}

/// Returns whether the text is an https URL, or an http URL of this machine.
fn is_script_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host())
        || (Url::parse(text).is_ok_and(|url| url.scheme() == "http") && is_loopback_url(text))
}

/// Returns whether the text is a Subresource Integrity hash of full length.
fn is_integrity(text: &str) -> bool {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    // Why these lengths: base64 with padding of 32, 48 and 64 bytes.
    [("sha256-", 44), ("sha384-", 64), ("sha512-", 88)]
        .iter()
        .filter_map(|(prefix, length)| Some((text.strip_prefix(prefix)?, *length)))
        .any(|(hash, length)| hash.len() == length && hash.bytes().all(base64))
}

#[cfg(test)]
mod tests {
    use super::{is_integrity, is_script_url};

    #[test]
    fn scripts_come_safely_or_from_this_machine() {
        assert!(is_script_url(
            "https://cdn.example.com/hls.js@1.7.4/dist/hls.min.js"
        ));
        assert!(is_script_url("http://127.0.0.1:4000/hls.js"));
        assert!(!is_script_url("http://cdn.example.com/hls.js"));
        assert!(!is_script_url("//cdn.example.com/hls.js"));
        assert!(!is_script_url("data:text/javascript,0"));
    }

    #[test]
    fn hashes_are_whole() {
        assert!(is_integrity(&format!("sha384-{}", "A".repeat(64))));
        assert!(!is_integrity(&format!("sha384-{}", "A".repeat(63))));
        assert!(!is_integrity("md5-AAAA"));
        assert!(!is_integrity(""));
    }
}
