//! Holds the source tree to its plan: which room may import which, no circles of files, and one third-party crate for
//! input and output a room. The plan in words is `docs/architecture.md`.
//!
//! A room is a folder or file directly below `src`. Imports are read from `use` items and from paths that begin with
//! `crate`, `super` or `self`; tests are left out.

#![expect(clippy::unwrap_used, reason = "in a test a failure is the result")]

mod imports;

use std::collections::{BTreeMap, BTreeSet};

use imports::{circles, read_modules, room_of};

/// Each room, and the rooms that it may import. From the bottom up: a room imports rooms above it in this list alone.
const ROOMS: &[(&str, &[&str])] = &[
    ("address", &[]),
    ("chain", &[]),
    ("private", &[]),
    ("sql", &[]),
    ("clock", &[]),
    ("limits", &[]),
    ("assets", &[]),
    ("subtitles", &[]),
    ("domain", &[]),
    ("config", &["domain", "limits"]),
    ("telemetry", &["chain", "config"]),
    ("auth", &["chain", "clock", "config", "domain"]),
    (
        "local",
        &[
            "address",
            "chain",
            "clock",
            "config",
            "private",
            "sql",
            "subtitles",
            "telemetry",
        ],
    ),
    ("store", &["chain", "config", "domain", "private", "sql"]),
    (
        "provider",
        &["chain", "clock", "config", "domain", "limits", "telemetry"],
    ),
    ("live", &["store"]),
    (
        "state",
        &[
            "auth",
            "clock",
            "config",
            "domain",
            "limits",
            "live",
            "provider",
            "store",
            "telemetry",
        ],
    ),
    (
        "jobs",
        &[
            "address",
            "chain",
            "clock",
            "config",
            "domain",
            "provider",
            "state",
            "store",
            "subtitles",
            "telemetry",
        ],
    ),
    (
        "http",
        &[
            "address",
            "assets",
            "auth",
            "chain",
            "config",
            "domain",
            "jobs",
            "limits",
            "live",
            "provider",
            "state",
            "store",
            "subtitles",
            "telemetry",
        ],
    ),
    ("console", &["assets"]),
    ("client", &["assets"]),
    (
        "app",
        &[
            "auth",
            "chain",
            "client",
            "clock",
            "config",
            "console",
            "domain",
            "http",
            "jobs",
            "local",
            "private",
            "provider",
            "state",
            "store",
            "telemetry",
        ],
    ),
    (
        "commands",
        &[
            "app",
            "auth",
            "chain",
            "clock",
            "config",
            "domain",
            "http",
            "jobs",
            "live",
            "local",
            "private",
            "provider",
            "state",
            "store",
            "telemetry",
        ],
    ),
];

/// Third-party crates that reach the network, the database or secrets, and the rooms that may use them.
const CRATES: &[(&str, &[&str])] = &[
    ("axum", &["http", "local", "console", "client", "assets", "app"]),
    (
        "reqwest",
        &["provider", "auth", "jobs", "local", "commands", "telemetry"],
    ),
    ("sqlx", &["store", "local", "sql"]),
    ("jsonwebtoken", &["auth", "provider", "local"]),
];

#[test]
fn every_room_imports_only_the_rooms_below_it() {
    let mut wrong = Vec::new();
    for module in read_modules() {
        let room = room_of(&module.path);
        let file = module.file.display();
        if room.is_empty() {
            continue;
        }
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!(
                "{file}: the room `{room}` has no place in the plan: give it one in tests/arrows/main.rs and in docs/architecture.md"
            ));
            continue;
        };
        for import in &module.imports {
            let other = room_of(import);
            if other != room && !allowed.contains(&other) {
                wrong.push(format!(
                    "{file} imports `{import}`, but `{room}` may import {}",
                    list(allowed)
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that are not in the plan:\n  {}",
        wrong.join("\n  ")
    );
}

#[test]
fn the_plan_itself_has_no_circle() {
    for (place, (room, allowed)) in ROOMS.iter().enumerate() {
        for import in *allowed {
            let above = ROOMS.iter().take(place).any(|(other, _)| other == import);
            assert!(
                above,
                "ROOMS: `{room}` may import `{import}`, which does not stand above it in the list"
            );
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let modules = read_modules();
    let edges: BTreeMap<&str, BTreeSet<&str>> = modules
        .iter()
        .map(|module| {
            let others = module.imports.iter().map(String::as_str);
            (
                module.path.as_str(),
                others.filter(|other| *other != module.path).collect(),
            )
        })
        .collect();
    let found: Vec<String> = circles(&edges).iter().map(|circle| circle.join(", ")).collect();
    assert!(
        found.is_empty(),
        "files that import each other in a circle (move what they share into a file that imports neither):\n  {}",
        found.join("\n  ")
    );
}

#[test]
fn input_and_output_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for module in read_modules() {
        let room = room_of(&module.path);
        for (name, rooms) in CRATES {
            if module.first_segments.contains(*name) && !rooms.contains(&room) {
                wrong.push(format!(
                    "{} uses `{name}`, which belongs to {}",
                    module.file.display(),
                    list(rooms)
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "crates outside their rooms:\n  {}",
        wrong.join("\n  ")
    );
}

#[test]
fn the_documentation_tells_of_every_room() {
    let text = std::fs::read_to_string("docs/architecture.md").unwrap();
    for (room, _) in ROOMS {
        assert!(
            text.contains(&format!("`{room}`")),
            "docs/architecture.md does not tell of `{room}`"
        );
    }
}

fn list(names: &[&str]) -> String {
    match names {
        [] => "no other room".to_owned(),
        names => names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
