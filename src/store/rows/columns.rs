//! One declaration a table: the columns, and how their values are read and written.
//!
//! [`table!`] takes one line a column: its name, its Rust type, the value that is written, and who changes it
//! ([`Written`]). Column lists, `set` clauses, `unnest(…)` lists and all binds come from that line, so that no
//! statement counts its parameters by hand. [`ColumnValue`] says, once a Rust type, how a value of it is stored.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::postgres::{PgHasArrayType, PgTypeInfo};
use sqlx::query_builder::Separated;
use sqlx::types::Json;
use sqlx::{Postgres, QueryBuilder, Sqlite};
use uuid::Uuid;

use crate::domain::{
    AskedTracks, EventState, Facts, OutgoingState, Policy, RenditionRequests, Replacement, ShownStatus,
    SourceUrl, Status,
};
use crate::sql::stored_as_text;

/// The writer of a column after its row is inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Written {
    /// None: the column is written with its row, once.
    Once,
    /// Callers of the API, and the steps of an upload.
    Edited,
    /// Reports of the provider, and with them everything else that writes.
    Observed,
}

/// The columns that a statement writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Columns {
    /// Every column, for an insert.
    All,
    /// Every column that changes after the insert.
    Changing,
    /// The columns that a report of the provider changes.
    // Why: most writes are of webhooks, and a third of the columns is a third of their parameters.
    Observed,
}

impl Columns {
    /// Returns whether a column that is [`Written`] so is one of these.
    pub(in crate::store) const fn include(self, written: Written) -> bool {
        match self {
            Self::All => true,
            Self::Changing => !matches!(written, Written::Once),
            Self::Observed => matches!(written, Written::Observed),
        }
    }
}

/// A Rust type that one column holds.
pub(in crate::store) trait ColumnValue: Sized {
    /// The value as it is decoded from a row.
    type Read;
    /// The value as it is bound, alone or as an element of an array.
    type Write<'a>
    where
        Self: 'a;
    /// PostgreSQL's type of an array of such values.
    const ARRAY: &'static str;

    /// Turns a decoded value into the domain's.
    ///
    /// # Errors
    /// The value is one that no release writes; the text names it.
    fn read(read: Self::Read) -> Result<Self, String>;

    /// Returns the value to bind.
    fn write(&self) -> Self::Write<'_>;
}

macro_rules! copied {
    ($($type:ty: $array:literal),*) => {$(
        impl ColumnValue for $type {
            type Read = Self;
            type Write<'a> = Self;
            const ARRAY: &'static str = $array;

            fn read(read: Self) -> Result<Self, String> {
                Ok(read)
            }

            fn write(&self) -> Self {
                *self
            }
        }
    )*};
}
copied!(
    bool: "boolean[]", i32: "integer[]", i64: "bigint[]", f64: "double precision[]", Uuid: "uuid[]",
    DateTime<Utc>: "timestamptz[]"
);

macro_rules! json {
    ($($type:ty),*) => {$(
        impl ColumnValue for $type {
            type Read = Json<Self>;
            type Write<'a> = Json<&'a Self>;
            const ARRAY: &'static str = "jsonb[]";

            fn read(read: Json<Self>) -> Result<Self, String> {
                Ok(read.0)
            }

            fn write(&self) -> Json<&Self> {
                Json(self)
            }
        }
    )*};
}
json!(Map<String, Value>, Facts, Vec<String>, Replacement, RenditionRequests, AskedTracks);

stored_as_text!(Policy, ShownStatus, EventState, OutgoingState);

/// Enumerations that are stored as text.
macro_rules! named {
    ($($type:ty),*) => {$(
        impl ColumnValue for $type {
            type Read = Self;
            type Write<'a> = &'static str;
            const ARRAY: &'static str = "text[]";

            fn read(read: Self) -> Result<Self, String> {
                Ok(read)
            }

            fn write(&self) -> &'static str {
                self.as_str()
            }
        }
    )*};
}
named!(Policy, ShownStatus, EventState);

/// One statement of the inbox returns the states of a batch as an array.
impl PgHasArrayType for EventState {
    fn array_type_info() -> PgTypeInfo {
        <String as PgHasArrayType>::array_type_info()
    }
}

impl ColumnValue for Status {
    type Read = String;
    type Write<'a> = &'static str;
    const ARRAY: &'static str = "text[]";

    fn read(read: String) -> Result<Self, String> {
        read.parse().map_err(|_| format!("status \"{read}\""))
    }

    fn write(&self) -> &'static str {
        self.as_str()
    }
}

impl ColumnValue for String {
    type Read = Self;
    type Write<'a> = &'a str;
    const ARRAY: &'static str = "text[]";

    fn read(read: Self) -> Result<Self, String> {
        Ok(read)
    }

    fn write(&self) -> &str {
        self
    }
}

impl ColumnValue for SourceUrl {
    type Read = String;
    type Write<'a> = &'a str;
    const ARRAY: &'static str = "text[]";

    fn read(read: String) -> Result<Self, String> {
        Ok(Self::new(read))
    }

    fn write(&self) -> &str {
        self.expose()
    }
}

/// A text that is made of another column as the row is written.
pub(in crate::store) struct Derived(String);

impl ColumnValue for Derived {
    type Read = String;
    type Write<'a> = String;
    const ARRAY: &'static str = "text[]";

    fn read(read: String) -> Result<Self, String> {
        Ok(Self(read))
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

/// Raw bytes.
impl ColumnValue for Vec<u8> {
    type Read = Self;
    type Write<'a> = &'a [u8];
    const ARRAY: &'static str = "bytea[]";

    fn read(read: Self) -> Result<Self, String> {
        Ok(read)
    }

    fn write(&self) -> &[u8] {
        self
    }
}

/// A column that may be null.
impl<T: ColumnValue> ColumnValue for Option<T> {
    type Read = Option<T::Read>;
    type Write<'a>
        = Option<T::Write<'a>>
    where
        T: 'a;
    const ARRAY: &'static str = T::ARRAY;

    fn read(read: Self::Read) -> Result<Self, String> {
        read.map(T::read).transpose()
    }

    fn write(&self) -> Self::Write<'_> {
        self.as_ref().map(T::write)
    }
}

/// A table as its statements see it; implemented by [`table!`].
pub(in crate::store) trait Table {
    /// One row to be written.
    type Row<'r>;
    /// Every column that is written, as `column, column, …`.
    const NAMES: &'static str;
    /// Every column that is read: [`Self::NAMES`] without those that are only written, and with the table before the first
    /// column, whose name a join has twice.
    const COLUMNS: &'static str;

    /// Returns `column = new.column, …`, for `update … from (…) as new`.
    fn assignments(columns: Columns) -> String;

    /// Pushes `unnest($n::type[]) as column, …`: one array a column, with one value a row.
    // Why: one prepared statement serves every number of rows. Why a list of expressions: it costs PostgreSQL half of
    // what a table function of as many arrays does.
    fn push_arrays(query: &mut QueryBuilder<Postgres>, columns: Columns, rows: &[&Self::Row<'_>]);

    /// Pushes `?, ?, …`: the values of one row, every column.
    fn push_values(list: &mut Separated<'_, Sqlite, &'static str>, row: &Self::Row<'_>);

    /// Pushes `column = ?, …` with the values of one row.
    fn push_assignments(query: &mut QueryBuilder<Sqlite>, columns: Columns, row: &Self::Row<'_>);
}

/// Declares the columns of a table, see the module. A line is `column: type = |row| value, written;`, where `value` is
/// what is bound for the column: the type's [`ColumnValue::Write`]. Lines in `found by { … }` are columns that are only
/// written: rows are found by them, and no reader of rows needs them.
macro_rules! table {
    (@names $first:tt $($column:tt)*) => {
        concat!(stringify!($first), $(", ", stringify!($column)),*)
    };
    (
        $(#[$doc:meta])*
        $name:ident is $table:literal, of<$lifetime:lifetime> $row:ty
            $(, found by { $($key:tt: $key_type:ty = |$from:ident| $made:expr, $when:ident;)* })?;
        $($column:tt: $type:ty = |$in:ident| $value:expr, $written:ident;)*
    ) => {
        table! {
            @declare
            $(#[$doc])*
            $name is $table, of<$lifetime> $row;
            concat!($table, ".", table!(@names $($column)*));
            $($column: $type = |$in| $value, $written;)*
            $($($key: $key_type = |$from| $made, $when;)*)?
        }
    };
    (
        @declare
        $(#[$doc:meta])*
        $name:ident is $table:literal, of<$lifetime:lifetime> $row:ty;
        $read:expr;
        $($column:tt: $type:ty = |$in:ident| $value:expr, $written:ident;)*
    ) => {
        $(#[$doc])*
        pub(in crate::store) struct $name;

        impl $crate::store::rows::Table for $name {
            type Row<$lifetime> = $row;
            const NAMES: &'static str = table!(@names $($column)*);
            const COLUMNS: &'static str = $read;

            fn assignments(columns: $crate::store::rows::Columns) -> String {
                let mut list = Vec::new();
                $(if columns.include($crate::store::rows::Written::$written) {
                    list.push(concat!(stringify!($column), " = new.", stringify!($column)));
                })*
                list.join(", ")
            }

            fn push_arrays(
                query: &mut sqlx::QueryBuilder<sqlx::Postgres>,
                columns: $crate::store::rows::Columns,
                rows: &[&Self::Row<'_>],
            ) {
                use $crate::store::rows::ColumnValue;
                let mut list = query.separated(", ");
                $(if columns.include($crate::store::rows::Written::$written) {
                    let values: Vec<<$type as ColumnValue>::Write<'_>> =
                        rows.iter().map(|$in| $value).collect();
                    list.push("unnest(")
                        .push_bind_unseparated(values)
                        .push_unseparated("::")
                        .push_unseparated(<$type as ColumnValue>::ARRAY)
                        .push_unseparated(concat!(") as ", stringify!($column)));
                })*
            }

            fn push_values(
                list: &mut sqlx::query_builder::Separated<'_, sqlx::Sqlite, &'static str>,
                row: &Self::Row<'_>,
            ) {
                $({
                    let $in = row;
                    list.push_bind($value);
                })*
            }

            fn push_assignments(
                query: &mut sqlx::QueryBuilder<sqlx::Sqlite>,
                columns: $crate::store::rows::Columns,
                row: &Self::Row<'_>,
            ) {
                let mut list = query.separated(", ");
                $(if columns.include($crate::store::rows::Written::$written) {
                    let $in = row;
                    list.push(concat!(stringify!($column), " = ")).push_bind_unseparated($value);
                })*
            }
        }
    };
}
pub(in crate::store) use table;
