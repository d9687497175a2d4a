//! The migrations that this program knows.
//!
//! `NNNN_<what>.sql` is for both databases; where they differ there are two files, `NNNN_<what>.postgres.sql` and
//! `NNNN_<what>.sqlite.sql`. One that begins with `-- no-transaction` is a single statement outside a transaction, such
//! as an index on a big table; it is applied after all others, and must be safe to run again.

use std::sync::LazyLock;

use sqlx::migrate::{Migration, Migrator};

use crate::sql::{MigrationFile, migration_files};

/// Every file of the folder, in the order of the numbers.
const FILES: [MigrationFile; 45] = migration_files! {
    "migrations":
    "0001_core",
    "0002_idempotency",
    "0003_leases",
    "0004_outbox",
    "0005_scale",
    "0006_inbox",
    "0007_ids",
    "0008_rate",
    "0009_open_uploads.postgres",
    "0009_open_uploads.sqlite",
    "0010_picture_facts",
    "0011_limits",
    "0012_list",
    "0013_replicas",
    "0014_erasures",
    "0015_unfolded_titles.postgres",
    "0015_unfolded_titles.sqlite",
    "0016_owner_status.postgres",
    "0016_owner_status.sqlite",
    "0017_provider_status.postgres",
    "0017_provider_status.sqlite",
    "0018_outgoing_list.postgres",
    "0018_outgoing_list.sqlite",
    "0019_deleted_of_owner.postgres",
    "0019_deleted_of_owner.sqlite",
    "0020_unattached_events.postgres",
    "0020_unattached_events.sqlite",
    "0021_delete_at.postgres",
    "0021_delete_at.sqlite",
    "0022_reference",
    "0023_reference.postgres",
    "0023_reference.sqlite",
    "0024_renditions",
    "0025_ingest",
    "0026_replacement",
    "0027_replaces.postgres",
    "0027_replaces.sqlite",
    "0028_replacement_due.postgres",
    "0028_replacement_due.sqlite",
    "0029_hidden.postgres",
    "0029_hidden.sqlite",
    "0030_moves",
    "0032_replaces_statistics.postgres",
    "0033_tracks",
    "0034_track_files",
};

static MIGRATIONS: LazyLock<Vec<Migration>> =
    LazyLock::new(|| FILES.map(MigrationFile::to_migration).to_vec());

/// Returns the migrations of one kind of database: those of both, and those with its name behind a dot.
pub(super) fn migrations_for(kind: &'static str) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().filter(move |one| {
        one.description
            .rsplit_once('.')
            .is_none_or(|(_, only)| only == kind)
    })
}

/// Returns a [`Migrator`] that applies those migrations of `kind` that are `chosen`.
// Why missing ones are ignored: a newer release may have applied migrations that this one does not know, and this one
// must still run beside it.
pub(super) fn build_migrator(kind: &'static str, chosen: impl Fn(&Migration) -> bool) -> Migrator {
    let chosen = migrations_for(kind).filter(|one| chosen(one)).cloned();
    let mut migrator = Migrator::with_migrations(chosen.collect());
    migrator.set_ignore_missing(true);
    migrator
}
