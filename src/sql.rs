//! What the macros of `sqlx` would write: embedded migrations, rows read by column name, enumerations stored as text.
//!
//! Why by hand: those macros build both database drivers and TLS a second time, for the compiler itself.

use std::borrow::Cow;

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType};

/// One file of a folder of migrations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MigrationFile {
    version: i64,
    /// The name of the file after its number, without `.sql`.
    what: &'static str,
    sql: &'static str,
}

impl MigrationFile {
    /// Makes the entry of `NNNN_<what>.sql`, from the name without `.sql` and the text.
    ///
    /// # Panics
    /// The name begins with no number and underscore. [`migration_files!`] calls this in a constant: it is an error of
    /// the build.
    pub(crate) const fn new(name: &'static str, sql: &'static str) -> Self {
        let bytes = name.as_bytes();
        let (mut version, mut at) = (0, 0);
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            version = version * 10 + (bytes[at] - b'0') as i64;
            at += 1;
        }
        assert!(
            version > 0 && at < bytes.len() && bytes[at] == b'_',
            "a migration's name is NNNN_<what>"
        );
        let (_, what) = name.split_at(at + 1);
        Self { version, what, sql }
    }

    /// Returns the migration as `sqlx` reads it from a folder: same description, same checksum (SHA-384 of the text).
    // Why the same: a database that an earlier release migrated holds both, and a checksum that differs is refused.
    pub(crate) fn to_migration(self) -> Migration {
        Migration::new(
            self.version,
            Cow::Owned(self.what.replace('_', " ")),
            MigrationType::Simple,
            SqlStr::from_static(self.sql),
            self.sql.starts_with("-- no-transaction"),
        )
    }
}

/// Embeds files of a folder as an array of [`MigrationFile`]s: the folder below the manifest, and the names without
/// `.sql`, in the order of their numbers.
macro_rules! migration_files {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        [$($crate::sql::MigrationFile::new(
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $folder, "/", $name, ".sql")),
        )),+]
    };
}
pub(crate) use migration_files;

/// Implements [`FromRow`](sqlx::FromRow) for the rows of some drivers: each member is read from the column of its name,
/// or from the one named after `=`. Members in `else` have no column and get the value given.
macro_rules! row_by_name {
    ($type:ident from $($row:ty),+; $members:tt) => {
        row_by_name!($type from $($row),+; $members else {});
    };
    ($type:ident from $($row:ty),+; $members:tt else $others:tt) => {
        $(row_by_name!(@one $type, $row, $members $others);)+
    };
    (
        @one $type:ident, $row:ty,
        { $($member:ident $(= $column:literal)?),+ $(,)? } { $($other:ident: $value:expr),* }
    ) => {
        impl sqlx::FromRow<'_, $row> for $type {
            fn from_row(row: &$row) -> Result<Self, sqlx::Error> {
                use sqlx::Row;
                Ok(Self {
                    $($member: row.try_get(row_by_name!(@column $member $($column)?))?,)+
                    $($other: $value,)*
                })
            }
        }
    };
    (@column $member:ident) => { stringify!($member) };
    (@column $member:ident $column:literal) => { $column };
}
pub(crate) use row_by_name;

/// Stores an enumeration with `ALL` and `as_str` in a text column.
macro_rules! stored_as_text {
    ($($type:ty),+) => {$(
        impl<DB: sqlx::Database> sqlx::Type<DB> for $type
        where
            str: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <str as sqlx::Type<DB>>::type_info()
            }

            fn compatible(info: &DB::TypeInfo) -> bool {
                <str as sqlx::Type<DB>>::compatible(info)
            }
        }

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $type
        where
            &'r str: sqlx::Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                let text = <&str as sqlx::Decode<'r, DB>>::decode(value)?;
                Self::ALL
                    .into_iter()
                    .find(|one| one.as_str() == text)
                    .ok_or_else(|| format!("invalid value {text:?} for {}", stringify!($type)).into())
            }
        }
    )+};
}
pub(crate) use stored_as_text;
