-- Tracks beside the picture and the first sound: subtitles, and further sounds of a file.

create table tracks (
    id text primary key,
    asset_id text not null references assets (id) on delete cascade,
    kind text not null check (kind in ('text', 'audio')),
    source text not null check (source in ('uploaded', 'embedded')),  -- embedded: found in the asset's own file
    stream integer,                             -- the stream's index in the file; only where it is embedded
    language_code text,                         -- BCP 47; null: not known
    name text not null,                         -- what players show
    closed_captions integer not null,           -- 1: the text also tells sounds, for those who do not hear
    channels integer,                           -- of a sound
    status text not null check (status in ('preparing', 'ready', 'errored')),
    error text,                                 -- JSON {type, messages}, only when errored
    passthrough text,                           -- the caller's own text
    bytes integer not null default 0,           -- on the disk, once it is ready
    created_us integer not null
) strict;
create index tracks_of on tracks (asset_id);

-- A ready asset has a row until its embedded tracks are made. Why no kind of `jobs`: the release before this one would refuse
-- to read a kind that it does not know.
create table track_jobs (
    asset_id text primary key references assets (id) on delete cascade,
    origin_s real not null,                     -- the time of the file's clock at which the stream begins
    attempts integer not null default 0,        -- failures of the next track that may pass
    starts integer not null default 0,          -- started and not known to have ended
    due_us integer not null
) strict, without rowid;
create index track_jobs_due on track_jobs (due_us);

-- Text tracks by URL whose file is still to be fetched. The row goes, and the URL with it, once the file is here or will not
-- come.
create table track_fetches (
    track_id text primary key references tracks (id) on delete cascade,
    url text not null,                          -- may hold a secret: never logged, never shown
    tries integer not null default 0,           -- failed
    due_us integer not null                     -- the next try
) strict, without rowid;
create index track_fetches_due on track_fetches (due_us);

-- `files` takes one more kind. SQLite changes no check, so the table is made anew; the release before this one reads no kind
-- that it did not write.
create table files_with_tracks (
    id text not null,                           -- of the upload where it is an original, else of the asset
    kind text not null check (kind in ('original', 'media', 'static', 'images', 'tracks')),
    owner text not null,                        -- '' where nobody is named
    bytes integer not null,
    primary key (id, kind)
) strict, without rowid;
insert into files_with_tracks (id, kind, owner, bytes) select id, kind, owner, bytes from files;
drop table files;
alter table files_with_tracks rename to files;
create index files_owner on files (owner, bytes);
