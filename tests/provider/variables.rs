//! Variables, files and keys that a map cannot be used with.

use crate::{
    broken::{env, full},
    support::load,
};

#[test]
fn variables_that_are_not_set() {
    let mut env = env();
    env.remove("KEY");
    let error = load(&full(), &env).err().unwrap().to_string();
    assert!(
        error.contains("[secrets] key:") && error.contains("KEY"),
        "{error}"
    );
    env.insert("KEY".to_owned(), String::new());
    let error = load(&full(), &env).err().unwrap().to_string();
    assert!(error.contains("[api.auth] token: is empty"), "{error}");
    env.insert("KEY".to_owned(), "k".to_owned());
    env.insert("WEBHOOK".to_owned(), " , ".to_owned());
    let error = load(&full(), &env).err().unwrap().to_string();
    assert!(error.contains("[webhook.verify] secret: is empty"), "{error}");
}

#[test]
fn a_variable_comes_from_a_file_without_its_last_newline() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from-file\n").unwrap();
    let mut env = env();
    env.remove("KEY");
    env.insert("KEY_FILE".to_owned(), file.path().to_string_lossy().into_owned());
    assert!(load(&full(), &env).is_ok());
    env.insert("KEY_FILE".to_owned(), "/nowhere".to_owned());
    assert!(
        load(&full(), &env)
            .err()
            .unwrap()
            .to_string()
            .contains("KEY_FILE cannot be read")
    );
}

#[test]
fn bad_toml_names_its_line() {
    let error = load("[api]\nauth = ", &env()).err().unwrap().to_string();
    assert!(
        error.starts_with("test.toml: line 2:") && !error.contains('\n'),
        "{error}"
    );
}

#[test]
fn a_weak_key() {
    let mut env = env();
    env.insert("SIGN".to_owned(), WEAK.to_owned());
    let error = load(&full(), &env).err().unwrap().to_string();
    assert!(
        error.contains("[playback.sign] key:") && error.contains("2048"),
        "{error}"
    );
}

/// 1024 bits, made for this test.
const WEAK: &str = "-----BEGIN RSA PRIVATE KEY-----
MIICXAIBAAKBgQCbU6RRn03DT02lvvqIg9eavLgMSN5f+75Ttkgtu03eqMSWt2G/
Ij5wBNYHTyf2X7G2iqpyLzk/uHymH5slmraGsLi6BxrFdPG01lYN8yUKRFIfaOKx
WgEBslyDulCLdeut9pS7IvDMW9+ZvGgCkgzzggaWQntTzvEOjpzyfK+uKwIDAQAB
AoGAduuS4usUnnQY/s05A0vtxoq2XrFrkBEtpunoWRsOg2qzGLFOJQgSxbDuLKpt
7jNV3GxOEx4UtrSIuqd4IVJSa5uI2Ge+u2u7nEymZet3a51fFt7GfwsfUh2v7U74
2wgPrCESAe/DXiPJsZWXhQryed+f6SVrlLqgFVGzY//kIAECQQDIZSeiml6CriHL
0WIlY/UzROHI/kE4lFr/Luo83pFgKu4zyqkgDnk4Kg/grT3v4t5RomLceabEbdaO
Opn2TqhtAkEAxm0aTtUe5JhubXF5bUcrKiPU0bOh//af26hRqK3YHwEixwsyp8FG
NHxJX0ZjJsdyKGxRvRWfyO/fQfjt0HXB9wJAB9ZE5YwJ9CxhL/phTzsIhNfFyLmA
zXin0mEAUh8WKl+jby0WziUiwnqKomvEB1SlAyZJnXu4dOgiwu8xxDsxRQJBALro
qKBbZodEArj667uBD2rZZ63EvLOkd35stcbjQrIp2r2NkcCtcVkdPewOHHW555Gm
PvSSuvmG4lF9j14Ono8CQHXVRRMApFh7ySbCZZw/OO/u/4LCtcUzOJWDwpyYpuyB
gCxq1cHlrbf7Rt2o2sY9qq9XXidGiooKW4uQ5UA+M60=
-----END RSA PRIVATE KEY-----
";
